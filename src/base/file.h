/*
 * file.h: whole files, read bounded and written so that a crash leaves the old or the
 * new one, never a part.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/result.h"

/* Appends a whole file of at most max bytes to the buffer; RESULT_TOO_BIG if larger. */
enum result file_read(const char *path, size_t max, struct buf *out, struct reason *why);

/* What a file was when it was looked at; taken before it is read, never after. */
struct file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

/* All zero if there is no such file, and different from that if there is. */
struct file_stamp file_stamp_take(const char *path);

/* Whether it is the same file, unchanged. */
bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b);

/*
 * Whether there is something at path that is written into and not replaced: a device, a
 * pipe, a socket (/dev/null, /dev/stdout).
 */
bool file_is_special(const char *path);

/*
 * Writes a file under a temporary name in its directory, syncs it, gives it its name
 * and syncs the directory.  On failure the temporary file is removed and what was at
 * path is untouched.  What is special is written into as it is.
 */
enum result file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode,
                              struct reason *why);

/* The same with the bytes of an open file, from its start to its end. */
enum result file_copy_atomic(int from, const char *path, mode_t mode, struct reason *why);

/*
 * Opens a new file in a directory, to be read and written, that has no name or has lost it
 * before the first byte: whatever ends the process leaves nothing.
 */
enum result file_nameless(const char *directory, int *fd, struct reason *why);

/* Writes all of it into an open file, from a place on.  `what` is for the
 * reason. */
enum result file_put_at(int fd, const void *bytes, size_t len, int64_t at, const char *what,
                        struct reason *why);

/*
 * Makes a directory (and not its parents) and syncs the one that it is in; a directory
 * that exists is left as it is.
 */
enum result file_make_dir(const char *path, mode_t mode, struct reason *why);

/*
 * RESULT_DENIED for a directory in which somebody else than this user and root could put
 * another file in the place of one: it is his, or its mode lets him, or everybody may do so
 * with one that it lies in, as far up as one may look.
 */
enum result file_dir_own(const char *path, struct reason *why);

enum {
    FILE_LOCK_FOREVER = -1
};

/*
 * Takes the lock of an open file (flock(2)) that only one has, until it is closed.  Waits at
 * most so many milliseconds: RESULT_BUSY.  name is for the reason.
 */
enum result file_lock(int fd, int wait_ms, const char *name, struct reason *why);

/* Syncs the directory that holds path, so that a rename in it lasts. */
enum result file_sync_parent(const char *path, struct reason *why);

#endif
