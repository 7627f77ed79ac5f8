/*
 * json_help.h: what the tests of the JSON reader share: a reader, and whether it takes a
 * body or refuses it.
 */
#ifndef JSON_HELP_H
#define JSON_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A text with its length, so that it may hold a NUL. */
#define TEXT(text) text, sizeof(text) - 1

static struct json_reader reader;

struct text {
    const char *bytes;
    size_t len;
};

/* Reads to the end, or to what is wrong. */
static inline enum json_token help_read(const char *body, size_t len)
{
    enum json_token token;

    json_reader_start(&reader, body, len);
    do {
        token = json_next(&reader);
    } while (token != JSON_END && token != JSON_BAD);
    return token;
}

static inline void help_taken(const char *body, size_t len)
{
    if (help_read(body, len) != JSON_END)
        fail_msg("refused: %s: %s", body, json_problem(&reader));
    assert_int_equal(json_result(&reader), RESULT_OK);
    assert_string_equal(json_problem(&reader), "");
}

static inline void help_refused(const char *body, size_t len, enum result result)
{
    size_t i;

    if (help_read(body, len) != JSON_BAD)
        fail_msg("taken: %.200s", body);
    assert_int_equal(json_result(&reader), result);
    assert_true(strlen(json_problem(&reader)) > 0);
    for (i = 0; json_problem(&reader)[i] != '\0'; i++)
        assert_true((unsigned char)json_problem(&reader)[i] >= 0x20);
    assert_int_equal(json_next(&reader), JSON_BAD); /* and stays so */
}

/* Members of an object, "k<n>" each from first on; `nested` is the value of the middle one. */
static inline void help_put_members(struct buf *out, int first, int count, const char *nested)
{
    int i;

    for (i = first; i < first + count; i++)
        buf_printf(out, "%s\"k%d\":%s", i != first ? "," : "", i,
                   i == first + count / 2 ? nested : "0");
}

static inline void help_put_times(struct buf *out, const char *text, size_t times)
{
    while (times-- > 0)
        buf_puts(out, text);
}

static inline int help_free_reader(void **state)
{
    (void)state;
    json_reader_free(&reader);
    return 0;
}

#endif
