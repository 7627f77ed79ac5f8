/*
 * fuzz_json.c: the JSON reader against json-c, against itself and against the writer.
 *
 * The first byte says how a stream is split, and whether spaces come first that fill the
 * reader's window up to the middle of the body; the rest is the body.  Five things hold:
 *
 * - In memory and in pieces there are the same tokens, or the same fault at the same byte.
 * - What ours takes, json-c takes (strict, UTF-8 checked) with the same values.
 * - What json-c takes and ours refuses, is refused for a reason that is listed here.
 * - Numbers that are taken many at once are the same tokens.
 * - What was read and written with our writer reads as the same again, and so it does by
 *   json-c.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_write.h"

/* A body that comes in pieces. */
struct pieces {
    const char *at;
    size_t left;
    size_t size;
};

static ssize_t fill_piece(void *context, char *to, size_t room)
{
    struct pieces *pieces = context;
    size_t len = pieces->size < room ? pieces->size : room;

    if (len > pieces->left)
        len = pieces->left;
    memcpy(to, pieces->at, len);
    pieces->at += len;
    pieces->left -= len;
    return (ssize_t)len;
}

/* Numbers that were taken many at once, as trace() writes them one by one. */
static void trace_numbers(struct json_reader *reader, struct buf *out)
{
    double numbers[7];
    size_t count = json_numbers(reader, numbers, 7);

    CHECK(count <= 7);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%d %u ", JSON_NUMBER, json_depth(reader));
        buf_put(out, &numbers[i], sizeof(numbers[i]));
    }
}

/* Everything that a reader tells, in bytes to compare. */
static enum json_token trace(struct json_reader *reader, struct buf *out, bool offsets,
                             bool at_once)
{
    enum json_token token;
    const char *text;
    double number;
    size_t len;

    do {
        token = json_next(reader);
        buf_printf(out, "%d %u ", token, json_depth(reader));
        if (offsets)
            buf_printf(out, "%zu ", json_offset(reader));
        if (token == JSON_KEY || token == JSON_STRING) {
            text = json_text(reader, &len);
            buf_put_u64(out, len);
            buf_put(out, text, len);
        } else if (token == JSON_NUMBER) {
            number = json_number(reader);
            buf_put(out, &number, sizeof(number));
        } else if (token == JSON_BAD) {
            buf_printf(out, "%d %s", json_result(reader), json_problem(reader));
        }
        if (at_once)
            trace_numbers(reader, out);
    } while (token != JSON_END && token != JSON_BAD);
    return token;
}

static void copy_value(struct json_reader *reader, enum json_token token,
                       struct json_writer *writer)
{
    const char *text;
    size_t len;

    text = json_text(reader, &len);
    switch (token) {
    case JSON_OBJECT:
        json_write_object(writer);
        break;
    case JSON_OBJECT_END:
        json_write_object_end(writer);
        break;
    case JSON_ARRAY:
        json_write_array(writer);
        break;
    case JSON_ARRAY_END:
        json_write_array_end(writer);
        break;
    case JSON_KEY:
        json_write_key_n(writer, text, len);
        break;
    case JSON_STRING:
        json_write_string_n(writer, text, len);
        break;
    case JSON_NUMBER:
        json_write_double(writer, json_number(reader));
        break;
    case JSON_NULL:
        json_write_null(writer);
        break;
    default:
        json_write_bool(writer, token == JSON_TRUE);
        break;
    }
}

/* json-c cuts whole numbers to 64 bits; nearer than that they must agree. */
static void compare_number(const struct json_reader *reader, struct json_object *other)
{
    int64_t integer;
    double number = json_number(reader), value = json_object_get_double(other);

    if (json_object_is_type(other, json_type_double)) {
        CHECK(memcmp(&number, &value, sizeof(value)) == 0);
        return;
    }
    CHECK(json_object_is_type(other, json_type_int));
    if (json_integer(reader, &integer))
        CHECK(json_object_get_int64(other) == integer);
    else
        CHECK(number >= 9223372036854775808.0 || number <= -9223372036854775808.0);
}

static void compare_value(struct json_reader *reader, enum json_token token,
                          struct json_object *other);

/* json-c's keys end at a NUL, so one with a NUL in it cannot be looked up. */
static bool keys_have_nul(struct json_reader *reader, const char *body, size_t body_len)
{
    enum json_token token;
    const char *text;
    size_t len;

    json_reader_start(reader, body, body_len);
    while ((token = json_next(reader)) != JSON_END) {
        text = json_text(reader, &len);
        if (token == JSON_KEY && memchr(text, '\0', len) != NULL)
            return true;
    }
    return false;
}

static void compare_object(struct json_reader *reader, struct json_object *other)
{
    struct json_object *member;
    size_t count = 0, len;
    const char *text;
    char *key;

    CHECK(json_object_is_type(other, json_type_object));
    while (json_next(reader) == JSON_KEY) {
        text = json_text(reader, &len);
        count++;
        key = strndup(text, len);
        CHECK(json_object_object_get_ex(other, key, &member));
        free(key);
        compare_value(reader, json_next(reader), member);
    }
    CHECK((int)count == json_object_object_length(other));
}

static void compare_array(struct json_reader *reader, struct json_object *other)
{
    enum json_token token;
    size_t count = 0;

    CHECK(json_object_is_type(other, json_type_array));
    while ((token = json_next(reader)) != JSON_ARRAY_END) {
        CHECK(count < json_object_array_length(other));
        compare_value(reader, token, json_object_array_get_idx(other, count++));
    }
    CHECK(count == json_object_array_length(other));
}

static void compare_value(struct json_reader *reader, enum json_token token,
                          struct json_object *other)
{
    const char *text;
    size_t len;

    switch (token) {
    case JSON_OBJECT:
        compare_object(reader, other);
        break;
    case JSON_ARRAY:
        compare_array(reader, other);
        break;
    case JSON_STRING:
        text = json_text(reader, &len);
        CHECK(json_object_is_type(other, json_type_string));
        CHECK(len == (size_t)json_object_get_string_len(other));
        CHECK(memcmp(text, json_object_get_string(other), len) == 0);
        break;
    case JSON_NUMBER:
        compare_number(reader, other);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        CHECK(json_object_is_type(other, json_type_boolean));
        CHECK(json_object_get_boolean(other) == (token == JSON_TRUE));
        break;
    default:
        CHECK(token == JSON_NULL && other == NULL);
        break;
    }
}

/* What json-c 0.16 takes, strict or not.  The body has a NUL behind it. */
static bool may_differ(const char *body, size_t len, const char *problem)
{
    static const char *const reasons[] = {
        "repeated key",              /* it keeps the last */
        "a number that is too",      /* infinity, and no bound */
        "a string that is too long", /* no bound */
        "invalid UTF-8",             /* it takes overlong forms and surrogates */
        "a control character",       /* it takes them in keys */
        "not a number",              /* it takes leading zeros; fuzz_num.c judges these */
        "a key is due, not \"'\"",   /* it takes them in single quotes */
        "a bad escape",              /* half a surrogate pair becomes U+FFFD */
    };
    size_t i;

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strncmp(problem, reasons[i], strlen(reasons[i])) == 0)
            return true;
    }
    return memchr(body, '\0', len) != NULL || strstr(body, "NaN") != NULL ||
           strstr(body, "Infinity") != NULL;
}

static void check_json_c(struct json_reader *reader, const char *body, size_t len, bool taken)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
    struct json_object *other;
    bool also;

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    other = json_tokener_parse_ex(tokener, body, (int)len + 1); /* with the NUL behind it */
    also = json_tokener_get_error(tokener) == json_tokener_success;
    if (taken) {
        CHECK(also);
        if (!keys_have_nul(reader, body, len)) {
            json_reader_start(reader, body, len);
            compare_value(reader, json_next(reader), other);
            CHECK(json_next(reader) == JSON_END);
        }
    } else if (also && !may_differ(body, len, json_problem(reader))) {
        fprintf(stderr, "only json-c takes it: %s\n", json_problem(reader));
        abort();
    }
    json_object_put(other);
    json_tokener_free(tokener);
}

/* Reads, writes, reads again: the same, but for where it stands, and the same to json-c. */
static void check_writer(struct json_reader *reader, const char *body, size_t len)
{
    struct buf first = {0}, second = {0}, written = {0};
    struct json_writer writer = json_writer_on(&written);
    enum json_token token;

    json_reader_start(reader, body, len);
    while ((token = json_next(reader)) != JSON_END)
        copy_value(reader, token, &writer);
    json_reader_start(reader, body, len);
    trace(reader, &first, false, false);
    json_reader_start(reader, written.data, written.len);
    CHECK(trace(reader, &second, false, false) == JSON_END);
    CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    check_json_c(reader, written.data, written.len, true);
    buf_free(&first);
    buf_free(&second);
    buf_free(&written);
}

/* Numbers taken many at once are the same tokens, in memory and in pieces. */
static void check_at_once(struct json_reader *reader, const char *body, size_t len,
                          size_t piece)
{
    struct buf single = {0}, many = {0}, pieced = {0};
    struct pieces pieces = {body, len, piece};

    json_reader_start(reader, body, len);
    trace(reader, &single, false, false);
    json_reader_start(reader, body, len);
    trace(reader, &many, false, true);
    json_reader_start_stream(reader, fill_piece, &pieces);
    trace(reader, &pieced, false, true);
    CHECK(single.len == many.len && memcmp(single.data, many.data, single.len) == 0);
    CHECK(single.len == pieced.len && memcmp(single.data, pieced.data, single.len) == 0);
    buf_free(&single);
    buf_free(&many);
    buf_free(&pieced);
}

static void check_body(const char *body, size_t len, size_t piece)
{
    static struct json_reader reader;
    struct buf whole = {0}, split = {0};
    struct pieces pieces = {body, len, piece};
    enum json_token last;

    reader.string_max = 64; /* small, so that the bound is met */
    json_reader_start_stream(&reader, fill_piece, &pieces);
    trace(&reader, &split, true, false);
    json_reader_start(&reader, body, len);
    last = trace(&reader, &whole, true, false);
    CHECK(whole.len == split.len && memcmp(whole.data, split.data, whole.len) == 0);
    CHECK((last == JSON_END) == (json_result(&reader) == RESULT_OK));
    check_json_c(&reader, body, len, last == JSON_END);
    check_at_once(&reader, body, len, piece);
    if (last == JSON_END)
        check_writer(&reader, body, len);
    buf_free(&whole);
    buf_free(&split);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum {
        WINDOW = 16 << 10
    };
    size_t spaces;
    char *body;

    if (size == 0 || size > WINDOW)
        return 0;
    spaces = data[0] >= 0xe0 ? WINDOW - size / 2 : 0;
    body = malloc(spaces + size); /* no more, so that reading past the end shows */
    CHECK(body != NULL);
    memset(body, ' ', spaces);
    memcpy(body + spaces, data + 1, size - 1);
    body[spaces + size - 1] = '\0';
    check_body(body, spaces + size - 1, 1 + data[0] % 0x20);
    free(body);
    return 0;
}
