/*
 * buf.c: a growing byte buffer with a sticky error.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUF_FIRST = 256
};

/* realloc() would leave the old bytes where they were. */
static char *move_secret(struct buf *buf, size_t cap)
{
    char *data = malloc(cap);

    if (data == NULL || buf->data == NULL)
        return data;
    memcpy(data, buf->data, buf->len + 1);
    explicit_bzero(buf->data, buf->cap);
    free(buf->data);
    return data;
}

/* Out of line, so that the way of every append is short. */
__attribute__((noinline, cold)) static bool grow(struct buf *buf, size_t extra)
{
    size_t need, cap;
    char *data;

    if (buf->failed)
        return false;
    if (extra >= SIZE_MAX / 2 - buf->len ||
        (buf->limit != 0 && buf->len + extra > buf->limit)) {
        buf->failed = true;
        return false;
    }
    need = buf->len + extra + 1;
    if (need <= buf->cap)
        return true;
    cap = buf->cap != 0 ? buf->cap : BUF_FIRST;
    while (cap < need)
        cap *= 2;
    data = buf->secret ? move_secret(buf, cap) : realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

/* Room for so many bytes more and the NUL behind them. */
static bool has_room(struct buf *buf, size_t extra)
{
    if (extra < buf->cap - buf->len && buf->limit == 0 && !buf->failed)
        return true;
    return grow(buf, extra);
}

char *buf_reserve(struct buf *buf, size_t len)
{
    return has_room(buf, len) ? buf->data + buf->len : NULL;
}

void buf_advance(struct buf *buf, size_t len)
{
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_put(struct buf *buf, const void *bytes, size_t len)
{
    if (!has_room(buf, len))
        return;
    if (len != 0)
        memcpy(buf->data + buf->len, bytes, len);
    buf_advance(buf, len);
}

void buf_putc(struct buf *buf, char c)
{
    if (!has_room(buf, 1))
        return;
    buf->data[buf->len] = c;
    buf_advance(buf, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    if (!has_room(buf, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf_advance(buf, (size_t)len);
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buf_put(buf, digits + at, sizeof(digits) - at);
}

void buf_put_seconds(struct buf *buf, uint64_t us)
{
    char fraction[] = ".000000";

    buf_put_u64(buf, us / 1000000);
    us %= 1000000;
    for (size_t i = sizeof(fraction) - 1; us != 0; us /= 10)
        fraction[--i] = (char)('0' + us % 10);
    buf_put(buf, fraction, sizeof(fraction) - 1);
}

bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

void buf_clear(struct buf *buf, size_t keep)
{
    if (buf->cap > keep) {
        buf_free(buf);
        return;
    }
    if (buf->secret && buf->data != NULL)
        explicit_bzero(buf->data, buf->len);
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
    if (buf->secret && buf->data != NULL)
        explicit_bzero(buf->data, buf->cap);
    free(buf->data);
    buf->data = NULL;
    buf->len = 0;
    buf->cap = 0;
    buf->failed = false;
}
