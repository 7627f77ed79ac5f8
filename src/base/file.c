/*
 * file.c: whole files, read bounded and written so that a crash leaves the old or the
 * new one, never a part.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum {
    READ_STEP = 65536,
    COPY_STEP = 4 << 20 /* what is written at once can lie in huge pages, from 2 MB on */
};

enum result file_read(const char *path, size_t max, struct buf *out, struct reason *why)
{
    enum result result = RESULT_OK;
    size_t before = out->len;
    ssize_t got = 1;
    char *room;
    int fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return reason_errno(why, "%s", path);
    while (result == RESULT_OK && got > 0) {
        room = buf_reserve(out, READ_STEP);
        if (room == NULL) {
            result = reason_set(why, RESULT_NOMEM, "%s: out of memory", path);
            break;
        }
        got = read(fd, room, READ_STEP);
        if (got < 0)
            result = reason_errno(why, "%s", path);
        else
            buf_advance(out, (size_t)got);
        if (out->len - before > max)
            result = reason_set(why, RESULT_TOO_BIG, "%s: over %zu bytes", path, max);
    }
    close(fd);
    return result;
}

/* Where the bytes of a new file come from: memory, or another file. */
struct source {
    const char *bytes;
    size_t len;
    int fd;
};

static enum result write_all(int fd, const char *bytes, size_t len, const char *path,
                             struct reason *why)
{
    ssize_t put;

    while (len > 0) {
        put = write(fd, bytes, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return reason_errno(why, "%s", path);
        bytes += put;
        len -= (size_t)put;
    }
    return RESULT_OK;
}

static enum result copy_all(int fd, int from, const char *path, struct reason *why)
{
    enum result result = RESULT_OK;
    off_t at = 0;
    ssize_t got;
    char *step;

    step = malloc(COPY_STEP);
    if (step == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", path);
    while (result == RESULT_OK && (got = pread(from, step, COPY_STEP, at)) != 0) {
        if (got < 0) {
            result = reason_errno(why, "reading for %s", path);
            break;
        }
        result = write_all(fd, step, (size_t)got, path, why);
        at += got;
    }
    free(step);
    return result;
}

struct file_stamp file_stamp_take(const char *path)
{
    struct file_stamp stamp = {0};
    struct stat st;

    if (stat(path, &st) == 0)
        stamp = (struct file_stamp){.device = st.st_dev,
                                    .inode = st.st_ino,
                                    .size = st.st_size,
                                    .modified = st.st_mtim,
                                    .changed = st.st_ctim};
    return stamp;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

bool file_is_special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static enum result write_source(const struct source *source, int fd, const char *path,
                                struct reason *why)
{
    return source->fd < 0 ? write_all(fd, source->bytes, source->len, path, why)
                          : copy_all(fd, source->fd, path, why);
}

static enum result write_special(const struct source *source, const char *path,
                                 struct reason *why)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    enum result result;

    if (fd < 0)
        return reason_errno(why, "%s", path);
    result = write_source(source, fd, path, why);
    if (close(fd) != 0 && result == RESULT_OK)
        result = reason_errno(why, "%s", path);
    return result;
}

static enum result write_named(const struct source *source, const char *path, mode_t mode,
                               struct reason *why)
{
    char temp[PATH_MAX];
    enum result result;
    int fd;

    if (file_is_special(path))
        return write_special(source, path, why);
    if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= (int)sizeof(temp))
        return reason_set(why, RESULT_TOO_BIG, "%s: the path is too long", path);
    fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return reason_errno(why, "%s", path);
    result = write_source(source, fd, path, why);
    if (result == RESULT_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        result = reason_errno(why, "%s", path);
    if (close(fd) != 0 && result == RESULT_OK)
        result = reason_errno(why, "%s", path);
    if (result == RESULT_OK && rename(temp, path) != 0)
        result = reason_errno(why, "%s", path);
    if (result != RESULT_OK) {
        unlink(temp);
        return result;
    }
    return file_sync_parent(path, why);
}

enum result file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode,
                              struct reason *why)
{
    struct source source = {.bytes = bytes, .len = len, .fd = -1};

    return write_named(&source, path, mode, why);
}

enum result file_copy_atomic(int from, const char *path, mode_t mode, struct reason *why)
{
    struct source source = {.fd = from};

    return write_named(&source, path, mode, why);
}

enum result file_nameless(const char *directory, int *fd, struct reason *why)
{
    char name[PATH_MAX];

    *fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0 && errno != ENOENT) { /* the file system may have no such files */
        text_print(name, sizeof(name), "%s/.unnamed.XXXXXX", directory);
        *fd = mkostemp(name, O_CLOEXEC);
        if (*fd >= 0)
            unlink(name);
    }
    return *fd >= 0 ? RESULT_OK : reason_errno(why, "a file in %s", directory);
}

enum result file_put_at(int fd, const void *bytes, size_t len, int64_t at, const char *what,
                        struct reason *why)
{
    const char *from = bytes;
    ssize_t put;

    while (len > 0) {
        put = pwrite(fd, from, len, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return reason_errno(why, "%s could not be written", what);
        from += put;
        at += put;
        len -= (size_t)put;
    }
    return RESULT_OK;
}

enum result file_make_dir(const char *path, mode_t mode, struct reason *why)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return file_sync_parent(path, why);
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return RESULT_OK;
    if (errno == EEXIST)
        errno = ENOTDIR;
    return reason_errno(why, "%s", path);
}

/* A group that is not root's may be the user's own: that is for root to say. */
static const char *dir_fault(const struct stat *st, bool above)
{
    if (!above && st->st_uid != 0 && st->st_uid != geteuid())
        return "belongs to another user";
    if ((st->st_mode & S_IWOTH) != 0 && !(above && (st->st_mode & S_ISVTX) != 0))
        return "may be changed by every user";
    if (!above && (st->st_mode & S_IWGRP) != 0 && geteuid() == 0 && st->st_gid != 0)
        return "may be changed by a group";
    return NULL;
}

/* The real name of what lies so many directories above another, if it can be had. */
static void name_above(const char *path, int levels, char out[PATH_MAX])
{
    char name[PATH_MAX];

    text_copy(name, sizeof(name), path);
    for (; levels > 0 && strlen(name) + sizeof("/..") <= sizeof(name); levels--)
        memcpy(name + strlen(name), "/..", sizeof("/.."));
    if (realpath(name, out) == NULL)
        text_copy(out, PATH_MAX, name);
}

enum result file_dir_own(const char *path, struct reason *why)
{
    int at = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), up, level = 0;
    char whole[PATH_MAX], name[PATH_MAX];
    const char *fault = NULL;
    struct stat st, above = {0};
    bool top = false;

    if (at < 0 || fstat(at, &st) != 0)
        return reason_errno(why, "%s", path);
    fault = dir_fault(&st, false);
    for (; fault == NULL && !top; level++) {
        up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        top = up < 0 || fstat(up, &above) != 0 ||
              (above.st_dev == st.st_dev && above.st_ino == st.st_ino);
        close(at);
        at = up;
        st = above;
        fault = top ? NULL : dir_fault(&st, true);
    }
    if (at >= 0)
        close(at);
    if (fault == NULL)
        return RESULT_OK;
    name_above(path, 0, whole);
    name_above(path, level, name);
    return reason_set(why, RESULT_DENIED,
                      "%s %s, who could put other files in the place of those in %s: mend "
                      "that, or take a directory of your own",
                      name, fault, whole);
}

enum result file_sync_parent(const char *path, struct reason *why)
{
    char parent[PATH_MAX];
    enum result result = RESULT_OK;
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    int fd;

    if (len >= sizeof(parent))
        return reason_set(why, RESULT_TOO_BIG, "%s: the path is too long", path);
    memcpy(parent, path, len);
    parent[len] = '\0';
    if (len == 0)
        text_copy(parent, sizeof(parent), slash == NULL ? "." : "/");
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return reason_errno(why, "%s", parent);
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system that has no such sync */
        result = reason_errno(why, "%s", parent);
    close(fd);
    return result;
}

/* The system can wait for ever or not at all; so it is asked each millisecond. */
enum result file_lock(int fd, int wait_ms, const char *name, struct reason *why)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    int how = wait_ms == FILE_LOCK_FOREVER ? LOCK_EX : LOCK_EX | LOCK_NB;
    int status;

    while ((status = flock(fd, how)) != 0 &&
           (errno == EINTR || (errno == EWOULDBLOCK && wait_ms-- > 0)))
        if (errno == EWOULDBLOCK)
            nanosleep(&moment, NULL);
    if (status == 0)
        return RESULT_OK;
    if (errno == EWOULDBLOCK)
        return reason_set(why, RESULT_BUSY, "%s is locked by another process", name);
    return reason_errno(why, "locking %s", name);
}
