/*
 * base64url.c: bytes as text that may stand in a URL or a header.
 */
#include "base/base64url.h"

#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of a character and 64 for none of the alphabet, without a look at a table. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : 64;
}

void base64url_write(char *out, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    size_t put = 0;

    for (size_t i = 0; i < len; i += 3) {
        size_t here = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)from[i] << 16;

        if (here > 1)
            bits |= (uint32_t)from[i + 1] << 8;
        if (here > 2)
            bits |= from[i + 2];
        for (size_t k = 0; k <= here; k++)
            out[put++] = alphabet[(bits >> (18 - 6 * k)) & 63];
    }
}

void base64url_put(struct buf *out, const void *bytes, size_t len)
{
    size_t chars = len < SIZE_MAX / 8 ? BASE64URL_LEN(len) : SIZE_MAX;
    char *room = buf_reserve(out, chars);

    if (room == NULL)
        return;
    base64url_write(room, bytes, len);
    buf_advance(out, chars);
}

bool base64url_read(const char *text, size_t len, void *out, size_t room, size_t *got)
{
    uint8_t *to = out;
    size_t bytes = BASE64URL_BYTES(len), put = 0;

    *got = 0;
    if (len % 4 == 1 || bytes > room)
        return false;
    for (size_t i = 0; i < len; i += 4) {
        size_t here = len - i < 4 ? len - i : 4;
        uint32_t bits = 0, value;

        for (size_t k = 0; k < 4; k++) {
            value = k < here ? value_of(text[i + k]) : 0;
            if (value == 64)
                return false;
            bits = bits << 6 | value;
        }
        if ((here == 2 && (bits & 0xffff) != 0) || (here == 3 && (bits & 0xff) != 0))
            return false; /* another text would be the same bytes */
        for (size_t k = 0; k + 1 < here; k++)
            to[put++] = (uint8_t)(bits >> (16 - 8 * k));
    }
    *got = put;
    return true;
}
