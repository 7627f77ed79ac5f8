/*
 * utf8.c: UTF-8 by the table of RFC 3629, section 4.
 *
 * Invariant: never reads at or past text + len.
 */
#include "base/utf8.h"

#include <string.h>

/* Bytes before the first that is not ASCII, by eights while there are eight. */
static size_t ascii_prefix(const char *text, size_t len)
{
    uint64_t bytes;
    size_t i = 0;

    for (; len - i >= sizeof(bytes); i += sizeof(bytes)) {
        memcpy(&bytes, text + i, sizeof(bytes));
        if ((bytes & 0x8080808080808080) != 0)
            break;
    }
    while (i < len && (unsigned char)text[i] < 0x80)
        i++;
    return i;
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * How many bytes the valid character at the start of the text takes; 0 for none.  The
 * second byte's bounds keep out overlong forms, surrogates and what is too large.
 */
static size_t length(const char *text, size_t len)
{
    unsigned char first, second;

    if (len == 0)
        return 0;
    first = (unsigned char)text[0];
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || len < 2 || !is_tail(text[1]))
        return 0;
    if (first < 0xe0)
        return 2;
    second = (unsigned char)text[1];
    if (len < 3 || !is_tail(text[2]) || (first == 0xe0 && second < 0xa0) ||
        (first == 0xed && second > 0x9f))
        return 0;
    if (first < 0xf0)
        return 3;
    if (len < 4 || !is_tail(text[3]) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
        return 0;
    return 4;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
    size_t i = 0, step;

    while (i < len) {
        if ((unsigned char)text[i] < 0x80) {
            i += ascii_prefix(text + i, len - i);
            continue;
        }
        step = length(text + i, len - i);
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

bool utf8_valid(const char *text, size_t len)
{
    return utf8_valid_prefix(text, len) == len;
}

size_t utf8_decode(const char *text, size_t len, uint32_t *code)
{
    /* Bits of the first byte that belong to the character, by length. */
    static const unsigned char kept[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t bytes = length(text, len), i;
    uint32_t sum;

    if (bytes == 0)
        return 0;
    sum = (unsigned char)text[0] & kept[bytes];
    for (i = 1; i < bytes; i++)
        sum = sum << 6 | ((unsigned char)text[i] & 0x3f);
    *code = sum;
    return bytes;
}

size_t utf8_encode(char out[4], uint32_t code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        code = 0xfffd;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Hidden are controls, soft hyphen, marks of direction, line ends, joiners, tags. */
bool utf8_is_shown(uint32_t code)
{
    static const uint32_t hidden[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff},
        {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };
    size_t i;

    for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (code >= hidden[i][0] && code <= hidden[i][1])
            return false;
    }
    return true;
}

static size_t put_hex(char *out, const char *prefix, uint32_t value, int digits)
{
    size_t len = strlen(prefix);

    memcpy(out, prefix, len);
    while (digits-- > 0)
        out[len++] = "0123456789abcdef"[value >> (4 * digits) & 0xf];
    return len;
}

/* One character quoted, at most 12 bytes; *used is how many bytes it took. */
static size_t quote_one(char *out, const char *text, size_t len, size_t *used)
{
    uint32_t code = 0;
    size_t written;

    *used = utf8_decode(text, len, &code);
    if (*used == 0) {
        *used = 1;
        return put_hex(out, "\\x", (unsigned char)text[0], 2);
    }
    if (code == '"' || code == '\\') {
        out[0] = '\\';
        out[1] = (char)code;
        return 2;
    }
    if (utf8_is_shown(code)) {
        memcpy(out, text, *used);
        return *used;
    }
    if (code < 0x10000)
        return put_hex(out, "\\u", code, 4);
    code -= 0x10000;
    written = put_hex(out, "\\u", 0xd800 | code >> 10, 4);
    return written + put_hex(out + written, "\\u", 0xdc00 | (code & 0x3ff), 4);
}

size_t utf8_quote(char *out, size_t size, const char *text, size_t len)
{
    char one[12];
    size_t at = 0, cut = 0, i = 0, used, written;

    while (i < len) {
        written = quote_one(one, text + i, len - i, &used);
        if (at + written >= size) { /* back to where "..." still fits */
            memcpy(out + cut, "...", 4);
            return cut + 3;
        }
        memcpy(out + at, one, written);
        at += written;
        i += used;
        if (at + 4 <= size)
            cut = at;
    }
    out[at] = '\0';
    return at;
}
