/*
 * progress_file.c: the progress of work that reads a file from its begin to its end.
 *
 * Nothing that reads knows of it: the thread finds the descriptor by the file that it is of,
 * and asks for its place, which changes nothing.
 */
#include "cmd/progress_file.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

static const struct timespec pause_between = {.tv_nsec = 50000000};

/* How far a descriptor of the file has been read; -1 where it is of another. */
static off_t place_of(const struct progress_file *file, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || st.st_dev != file->device || st.st_ino != file->inode)
        return -1;
    return lseek(fd, 0, SEEK_CUR);
}

/* The furthest place of all descriptors of it; 0 where there is none. */
static uint64_t place_find(const struct progress_file *file)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    off_t most = 0, place;
    uint64_t fd;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (!num_parse_u64(entry->d_name, strlen(entry->d_name), &fd) || fd > INT_MAX)
            continue;
        place = place_of(file, (int)fd);
        most = place > most ? place : most;
    }
    if (directory != NULL)
        closedir(directory);
    return (uint64_t)most;
}

static void *watch(void *arg)
{
    struct progress_file *file = arg;
    uint64_t place;

    while (!atomic_load(&file->ended)) {
        nanosleep(&pause_between, NULL);
        place = place_find(file);
        if (place > 0 && !atomic_load(&file->ended))
            progress_draw(&file->progress, place < file->size ? place : file->size, file->size);
    }
    return NULL;
}

void progress_file_start(struct progress_file *file, const char *label, const char *path)
{
    struct stat st;

    memset(file, 0, sizeof(*file));
    progress_start(&file->progress, label, "bytes");
    if (!file->progress.shown || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size == 0)
        return;
    file->device = st.st_dev;
    file->inode = st.st_ino;
    file->size = (uint64_t)st.st_size;
    file->watched = pthread_create(&file->thread, NULL, watch, file) == 0;
}

void progress_file_end(struct progress_file *file)
{
    atomic_store(&file->ended, true);
    if (file->watched)
        pthread_join(file->thread, NULL);
    file->watched = false;
    progress_end(&file->progress);
}
