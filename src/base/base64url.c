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
    unsigned count = 0;
    uint32_t bits = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | from[i];
        for (count += 8; count >= 6; *out++ = alphabet[(bits >> count) & 63])
            count -= 6;
    }
    if (count > 0)
        *out = alphabet[(bits << (6 - count)) & 63];
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
    unsigned count = 0;
    uint32_t bits = 0;

    *got = 0;
    if (len % 4 == 1 || BASE64URL_BYTES(len) > room)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint32_t value = value_of(text[i]);

        if (value == 64)
            return false;
        bits = bits << 6 | value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *to++ = (uint8_t)(bits >> count);
        }
    }
    if ((bits & ((1u << count) - 1)) != 0)
        return false; /* another text would be the same bytes */
    *got = BASE64URL_BYTES(len);
    return true;
}
