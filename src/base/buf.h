/*
 * buf.h: a growing byte buffer with a sticky error.
 *
 * Writers append without looking and check once at the end: after a failed
 * allocation, or past the limit, every further append does nothing and
 * buf_failed() stays true until buf_clear().  One that is secret leaves nothing of what it held
 * in memory that it gives up.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *data; /* len bytes, and a NUL behind them whenever data is not NULL */
    size_t len;
    size_t cap;   /* bytes allocated */
    size_t limit; /* most bytes that it may hold; 0 is no limit */
    bool failed;
    bool secret;
};

/* Every append below keeps a NUL behind the bytes. */
void buf_put(struct buf *buf, const void *bytes, size_t len);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Inline, so that the length of a constant is one. */
static inline void buf_puts(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

/* An unsigned number in decimal, without printf. */
void buf_put_u64(struct buf *buf, uint64_t value);

/* Microseconds as seconds with six decimals. */
void buf_put_seconds(struct buf *buf, uint64_t us);

/*
 * Room for len more bytes: a pointer to write them to, followed by
 * buf_advance() with how many were written; NULL when it could not be had.
 */
char *buf_reserve(struct buf *buf, size_t len);
void buf_advance(struct buf *buf, size_t len);

bool buf_failed(const struct buf *buf);

/* Empties it and forgets the error; gives memory back if it holds over keep bytes. */
void buf_clear(struct buf *buf, size_t keep);

/* Frees the memory; the buffer is as new, its limit kept, and whether it is secret. */
void buf_free(struct buf *buf);

#endif
