/*
 * json_write.h: JSON onto a buffer, always valid UTF-8 and on one line.
 *
 * Commas and colons come by themselves.  There is no error to check but the buffer's
 * own, once at the end: buf_failed().  What is not checked: that ends match their
 * beginnings, and that keys stand in objects only.
 *
 *     struct json_writer writer = json_writer_on(&buf);
 *     json_write_object(&writer);
 *     json_write_key(&writer, "prediction");
 *     json_write_u64(&writer, 0);
 *     json_write_object_end(&writer);
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct json_writer {
    struct buf *buf;
    bool comma; /* one is due before the next value or key */
};

/* A writer that appends to the buffer. */
struct json_writer json_writer_on(struct buf *buf);

void json_write_object(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);

/*
 * Texts.  Quotes, backslashes, controls (DEL too) and U+2028 and U+2029 are escaped,
 * and each invalid byte is replaced by U+FFFD.  A NULL string is written as null.
 */
void json_write_key(struct json_writer *writer, const char *key);
void json_write_key_n(struct json_writer *writer, const char *key, size_t len);
void json_write_string(struct json_writer *writer, const char *text);
void json_write_string_n(struct json_writer *writer, const char *text, size_t len);

/* The shortest that reads back to the same bits; null when not finite. */
void json_write_double(struct json_writer *writer, double number);
void json_write_float(struct json_writer *writer, float number);

void json_write_u64(struct json_writer *writer, uint64_t number);
void json_write_i64(struct json_writer *writer, int64_t number);
void json_write_bool(struct json_writer *writer, bool truth);
void json_write_null(struct json_writer *writer);

/* A key and its value in one, as most members of most objects are written. */
void json_member_string(struct json_writer *writer, const char *key, const char *text);
void json_member_double(struct json_writer *writer, const char *key, double number);
void json_member_u64(struct json_writer *writer, const char *key, uint64_t number);
void json_member_i64(struct json_writer *writer, const char *key, int64_t number);
void json_member_bool(struct json_writer *writer, const char *key, bool truth);

/* A value that is JSON already, written as it is. */
void json_write_raw(struct json_writer *writer, const char *json, size_t len);

#endif
