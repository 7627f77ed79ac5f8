/*
 * spool.h: bytes that are written now and read when they are whole: few of them in memory,
 * many in a file of the home that has no name.
 *
 * So an answer whose length and status are known last (a row may be at fault, a quota may be
 * used up, the disk may be full) is answered all the same as one, and memory does not grow
 * with it.  Whatever ends the process leaves nothing.
 *
 * The error is sticky: who writes does not look, and spool_end() says at the end how it went.
 * A disk on which less than SPOOL_RESERVE bytes would be left is full, since the ledger and the
 * database have to go on writing.
 */
#ifndef HTTP_SPOOL_H
#define HTTP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    SPOOL_MEMORY = 64 << 10, /* bytes that are in memory at most */
    SPOOL_RESERVE = 64 << 20
};

/* Zeroed before the first spool_start(); the members are its own. */
struct spool {
    struct buf memory; /* all of it, or what the file does not have yet */
    bool in_file;
    int fd;
    uint64_t len;    /* of all */
    uint64_t filed;  /* of it that is in the file */
    uint64_t looked; /* up to which there was room when the disk was looked at */
    enum result result;
    struct reason why;
};

/* Makes it empty and forgets its failure; what it had is gone, its file too. */
void spool_start(struct spool *spool);
void spool_free(struct spool *spool);

/* Appends. */
void spool_put(struct spool *spool, const void *bytes, size_t len);

/* Appends what a buffer has, its failure too, and empties the buffer. */
void spool_take(struct spool *spool, struct buf *from);

/* Appends all of another one, which stays as it is; its failure too. */
void spool_append(struct spool *spool, struct spool *from);

/*
 * Writes over bytes that are there already, such as a head that is known last; what is past
 * the end is a failure (RESULT_FAILED).
 */
void spool_put_at(struct spool *spool, uint64_t at, const void *bytes, size_t len);

/*
 * Makes it the bytes of an open file, from the start to the end, in the place of what it had;
 * nothing can be written to it then.  The file is closed by it, also after a failure.
 */
void spool_adopt(struct spool *spool, int fd);

/* Fails it from outside, if it has not failed yet. */
void spool_fail(struct spool *spool, enum result result, const struct reason *why);

/*
 * How it went: RESULT_OK: all of it can be read now.  RESULT_FULL: the disk is, or would be
 * within its reserve; RESULT_IO, RESULT_NOMEM and so on, the first that there was.  May be
 * asked at any time, and be written on after it.
 */
enum result spool_end(struct spool *spool, struct reason *why);

/*
 * After spool_end() was RESULT_OK: the file that has all of it, *fd, which stays the spool's;
 * or -1 where there is little, which is in memory then.
 */
enum result spool_file(struct spool *spool, int *fd, struct reason *why);

/* How many bytes were written. */
uint64_t spool_len(const struct spool *spool);

/*
 * Reads from a place on, after spool_end() was RESULT_OK: how many bytes, fewer than there is
 * room for at the end alone; -1 after a failure of the disk.
 */
ssize_t spool_read(const struct spool *spool, uint64_t at, char *to, size_t room);

/*
 * Hands out all of it in pieces, after spool_end() was RESULT_OK, as often as is liked.  It
 * ends early where take() says false, and that is no failure.
 */
enum result spool_each(const struct spool *spool,
                       bool (*take)(void *arg, const char *bytes, size_t len), void *arg,
                       struct reason *why);

#endif
