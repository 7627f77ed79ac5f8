/*
 * progress_file.h: the progress of work that reads a file from its begin to its end, wherever
 * in the house it is read: by how far it has been read.
 */
#ifndef CMD_PROGRESS_FILE_H
#define CMD_PROGRESS_FILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cmd/progress.h"

struct progress_file {
    struct progress progress;
    pthread_t thread;
    bool watched; /* there is a thread */
    atomic_bool ended;
    dev_t device; /* the file, */
    ino_t inode;
    uint64_t size;
};

/*
 * From now on a thread looks, several times a second, how far this process has read the file,
 * and draws that.  Where nothing can be drawn there is no thread, nor for what is no regular
 * file.  progress_file_end() in any case.
 */
void progress_file_start(struct progress_file *file, const char *label, const char *path);
void progress_file_end(struct progress_file *file);

#endif
