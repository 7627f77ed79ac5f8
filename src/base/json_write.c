/*
 * json_write.c: JSON onto a buffer.
 *
 * Invariant: whatever texts come in, what goes out is valid UTF-8 without a raw control
 * character or line end.
 */
#include "base/json_write.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"

struct json_writer json_writer_on(struct buf *buf)
{
    return (struct json_writer){.buf = buf};
}

/* A value, and the comma before it; in one piece, as most time goes into the calls. */
static void value(struct json_writer *writer, const char *text, size_t len)
{
    size_t comma = writer->comma;
    char *out = buf_reserve(writer->buf, comma + len);

    writer->comma = true;
    if (out == NULL)
        return;
    out[0] = ',';
    memcpy(out + comma, text, len);
    buf_advance(writer->buf, comma + len);
}

void json_write_object(struct json_writer *writer)
{
    value(writer, "{", 1);
    writer->comma = false;
}

void json_write_object_end(struct json_writer *writer)
{
    buf_putc(writer->buf, '}');
    writer->comma = true;
}

void json_write_array(struct json_writer *writer)
{
    value(writer, "[", 1);
    writer->comma = false;
}

void json_write_array_end(struct json_writer *writer)
{
    buf_putc(writer->buf, ']');
    writer->comma = true;
}

/* ASCII that needs no escape. */
static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* The escape of an ASCII character; returns its length, at most 6. */
static size_t escape_ascii(char *out, unsigned char c)
{
    static const char codes[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *code = c != 0 ? strchr(codes, c) : NULL;

    out[0] = '\\';
    if (code != NULL) {
        out[1] = names[code - codes];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = "0123456789abcdef"[c >> 4];
    out[5] = "0123456789abcdef"[c & 0xf];
    return 6;
}

/* Appends one character that is not plain, and returns how many bytes of the text it took. */
static size_t put_special(struct buf *buf, const char *text, size_t len)
{
    char escape[6];
    uint32_t code;
    size_t used = utf8_decode(text, len, &code);

    if (used == 0) {
        buf_put(buf, "\xef\xbf\xbd", 3);
        return 1;
    }
    if (code < 0x80)
        buf_put(buf, escape, escape_ascii(escape, (unsigned char)code));
    else if (code == 0x2028 || code == 0x2029)
        buf_put(buf, code == 0x2028 ? "\\u2028" : "\\u2029", 6);
    else
        buf_put(buf, text, used);
    return used;
}

static size_t plain_prefix(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && is_plain(text[i]))
        i++;
    return i;
}

/* A text of which the first bytes are plain, but not all. */
static void put_escaped(struct json_writer *writer, const char *text, size_t len, size_t plain)
{
    struct buf *buf = writer->buf;
    size_t i = 0;

    value(writer, "\"", 1);
    for (;;) {
        buf_put(buf, text + i, plain);
        i += plain;
        if (i == len)
            break;
        i += put_special(buf, text + i, len - i);
        plain = plain_prefix(text + i, len - i);
    }
    buf_putc(buf, '"');
}

void json_write_string_n(struct json_writer *writer, const char *text, size_t len)
{
    size_t comma = writer->comma, plain = plain_prefix(text, len);
    char *out;

    if (plain != len) {
        put_escaped(writer, text, len, plain);
        return;
    }
    writer->comma = true;
    out = buf_reserve(writer->buf, comma + len + 2);
    if (out == NULL)
        return;
    out[0] = ',';
    out[comma] = '"';
    if (len != 0)
        memcpy(out + comma + 1, text, len);
    out[comma + 1 + len] = '"';
    buf_advance(writer->buf, comma + len + 2);
}

void json_write_key_n(struct json_writer *writer, const char *key, size_t len)
{
    json_write_string_n(writer, key, len);
    buf_putc(writer->buf, ':');
    writer->comma = false;
}

void json_write_key(struct json_writer *writer, const char *key)
{
    json_write_key_n(writer, key, strlen(key));
}

void json_write_string(struct json_writer *writer, const char *text)
{
    if (text == NULL)
        json_write_null(writer);
    else
        json_write_string_n(writer, text, strlen(text));
}

void json_write_double(struct json_writer *writer, double number)
{
    char text[NUM_DOUBLE_MAX];
    size_t len = num_print_double(text, number);

    if (isfinite(number))
        value(writer, text, len);
    else
        json_write_null(writer);
}

void json_write_float(struct json_writer *writer, float number)
{
    char text[NUM_FLOAT_MAX];
    size_t len = num_print_float(text, number);

    if (isfinite(number))
        value(writer, text, len);
    else
        json_write_null(writer);
}

void json_write_u64(struct json_writer *writer, uint64_t number)
{
    char text[NUM_DOUBLE_MAX];
    size_t len = num_print_u64(text, number);

    value(writer, text, len);
}

void json_write_i64(struct json_writer *writer, int64_t number)
{
    char text[NUM_DOUBLE_MAX];
    size_t len = num_print_i64(text, number);

    value(writer, text, len);
}

void json_write_bool(struct json_writer *writer, bool truth)
{
    if (truth)
        value(writer, "true", 4);
    else
        value(writer, "false", 5);
}

void json_write_null(struct json_writer *writer)
{
    value(writer, "null", 4);
}

void json_member_string(struct json_writer *writer, const char *key, const char *text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

void json_member_double(struct json_writer *writer, const char *key, double number)
{
    json_write_key(writer, key);
    json_write_double(writer, number);
}

void json_member_u64(struct json_writer *writer, const char *key, uint64_t number)
{
    json_write_key(writer, key);
    json_write_u64(writer, number);
}

void json_member_i64(struct json_writer *writer, const char *key, int64_t number)
{
    json_write_key(writer, key);
    json_write_i64(writer, number);
}

void json_member_bool(struct json_writer *writer, const char *key, bool truth)
{
    json_write_key(writer, key);
    json_write_bool(writer, truth);
}

void json_write_raw(struct json_writer *writer, const char *json, size_t len)
{
    value(writer, json, len);
}
