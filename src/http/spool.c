/*
 * spool.c: bytes that are written now and read when they are whole.
 *
 * The file is in the home, on the disk where there is room for answers if anywhere; /tmp is
 * memory on many machines.
 */
#include "http/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "gate/home.h"

enum {
    LOOK_STEP = 4 << 20 /* the disk is looked at once for so many bytes */
};

static const char answer[] = "an answer";

static bool has_failed(struct spool *spool)
{
    if (spool->result == RESULT_OK && buf_failed(&spool->memory))
        spool->result = reason_set(&spool->why, RESULT_NOMEM, "out of memory");
    return spool->result != RESULT_OK;
}

void spool_fail(struct spool *spool, enum result result, const struct reason *why)
{
    if (has_failed(spool) || result == RESULT_OK)
        return;
    spool->result = result;
    spool->why = *why;
}

void spool_start(struct spool *spool)
{
    if (spool->in_file)
        close(spool->fd);
    spool->in_file = false;
    spool->fd = -1;
    spool->len = spool->filed = spool->looked = 0;
    spool->result = RESULT_OK;
    buf_clear(&spool->memory, SPOOL_MEMORY);
}

void spool_free(struct spool *spool)
{
    spool_start(spool);
    buf_free(&spool->memory);
}

/* Whether the disk has room for what comes next and the reserve behind it. */
static enum result look(struct spool *spool, struct reason *why)
{
    uint64_t upto = spool->filed + spool->memory.len + LOOK_STEP;
    struct statvfs disk;

    if (fstatvfs(spool->fd, &disk) != 0)
        return reason_errno(why, "the room on the disk of " HOME_JOBS);
    if (disk.f_bavail < (upto - spool->filed + SPOOL_RESERVE) / disk.f_frsize)
        return reason_set(why, RESULT_FULL, "the disk of " HOME_JOBS " is almost full");
    spool->looked = upto;
    return RESULT_OK;
}

/* A home that was made before there were such answers has no directory for them yet. */
static enum result file_open(int *fd, struct reason *why)
{
    enum result result = file_nameless(HOME_JOBS, fd, why);

    if (result == RESULT_MISSING && file_make_dir(HOME_JOBS, 0700, why) == RESULT_OK)
        result = file_nameless(HOME_JOBS, fd, why);
    return result;
}

/* Brings what is in memory into the file, which is made at the first time. */
static void file_out(struct spool *spool)
{
    struct buf *memory = &spool->memory;
    struct reason why;

    if (has_failed(spool))
        return;
    if (!spool->in_file) {
        spool->result = file_open(&spool->fd, &spool->why);
        spool->in_file = spool->result == RESULT_OK;
    }
    if (spool->result == RESULT_OK && spool->filed + memory->len > spool->looked)
        spool_fail(spool, look(spool, &why), &why);
    if (spool->result == RESULT_OK)
        spool_fail(spool,
                   file_put_at(spool->fd, memory->data, memory->len, (int64_t)spool->filed,
                               answer, &why),
                   &why);
    spool->filed += memory->len;
    buf_clear(memory, SPOOL_MEMORY);
}

void spool_put(struct spool *spool, const void *bytes, size_t len)
{
    const char *from = bytes;
    size_t step;

    while (len > 0 && !has_failed(spool)) {
        step = SPOOL_MEMORY - spool->memory.len;
        if (step > len)
            step = len;
        buf_put(&spool->memory, from, step);
        spool->len += step;
        from += step;
        len -= step;
        if (len > 0)
            file_out(spool);
    }
}

void spool_take(struct spool *spool, struct buf *from)
{
    struct reason why;

    if (buf_failed(from))
        spool_fail(spool, reason_set(&why, RESULT_NOMEM, "out of memory"), &why);
    else
        spool_put(spool, from->data, from->len);
    buf_clear(from, SIZE_MAX);
}

static bool append_piece(void *arg, const char *bytes, size_t len)
{
    struct spool *spool = arg;

    spool_put(spool, bytes, len);
    return spool->result == RESULT_OK;
}

void spool_append(struct spool *spool, struct spool *from)
{
    struct reason why;
    enum result result = spool_end(from, &why);

    if (result == RESULT_OK)
        result = spool_each(from, append_piece, spool, &why);
    spool_fail(spool, result, &why);
}

void spool_put_at(struct spool *spool, uint64_t at, const void *bytes, size_t len)
{
    size_t in_file = 0;
    struct reason why;

    if (at > spool->len || len > spool->len - at)
        spool_fail(spool, reason_set(&why, RESULT_FAILED, "a write past the end of an answer"),
                   &why);
    if (has_failed(spool))
        return;
    if (at < spool->filed) {
        in_file = len < spool->filed - at ? len : (size_t)(spool->filed - at);
        spool_fail(spool, file_put_at(spool->fd, bytes, in_file, (int64_t)at, answer, &why),
                   &why);
    }
    if (len > in_file)
        memcpy(spool->memory.data + (at + in_file - spool->filed),
               (const char *)bytes + in_file, len - in_file);
}

void spool_adopt(struct spool *spool, int fd)
{
    struct stat st;

    spool_start(spool);
    spool->fd = fd;
    spool->in_file = true;
    if (fstat(fd, &st) != 0)
        spool->result = reason_errno(&spool->why, "an answer in a file");
    else
        spool->len = spool->filed = (uint64_t)st.st_size;
}

enum result spool_end(struct spool *spool, struct reason *why)
{
    if (!has_failed(spool))
        return RESULT_OK;
    return reason_set(why, spool->result, "%s", spool->why.text);
}

enum result spool_file(struct spool *spool, int *fd, struct reason *why)
{
    if (spool->in_file && spool->memory.len > 0)
        file_out(spool);
    *fd = spool->in_file ? spool->fd : -1;
    return spool_end(spool, why);
}

uint64_t spool_len(const struct spool *spool)
{
    return spool->len;
}

ssize_t spool_read(const struct spool *spool, uint64_t at, char *to, size_t room)
{
    size_t had = 0, step;
    ssize_t got;

    while (had < room && at + had < spool->filed) {
        step = room - had < spool->filed - at - had ? room - had
                                                    : (size_t)(spool->filed - at - had);
        got = pread(spool->fd, to + had, step, (off_t)(at + had));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        had += (size_t)got;
    }
    if (had < room && at + had < spool->len) {
        step =
            room - had < spool->len - at - had ? room - had : (size_t)(spool->len - at - had);
        memcpy(to + had, spool->memory.data + (at + had - spool->filed), step);
        had += step;
    }
    return (ssize_t)had;
}

enum result spool_each(const struct spool *spool,
                       bool (*take)(void *arg, const char *bytes, size_t len), void *arg,
                       struct reason *why)
{
    enum result result = RESULT_OK;
    bool more = true;
    char *piece;
    ssize_t got;

    if (!spool->in_file) {
        if (spool->memory.len > 0)
            take(arg, spool->memory.data, spool->memory.len);
        return RESULT_OK;
    }
    piece = malloc(SPOOL_MEMORY);
    if (piece == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    for (uint64_t at = 0; result == RESULT_OK && more && at < spool->len; at += (uint64_t)got) {
        got = spool_read(spool, at, piece, SPOOL_MEMORY);
        if (got <= 0)
            result = reason_set(why, RESULT_IO, "the file of an answer cannot be read");
        else
            more = take(arg, piece, (size_t)got);
    }
    free(piece);
    return result;
}
