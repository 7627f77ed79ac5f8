/*
 * json.h: the one reader of request bodies and of other programs' JSON files: strict
 * (RFC 8259), bounded and streaming.  Writing is in base/json_write.h.
 *
 * The caller pulls one token after the other:
 *
 *     struct json_reader reader = {0};
 *     json_reader_start(&reader, body, len);
 *     while ((token = json_next(&reader)) != JSON_END) {
 *         if (token == JSON_BAD)
 *             return json_result(&reader);
 *         ...
 *     }
 *     json_reader_free(&reader);
 *
 * Refused beside what the grammar refuses: bytes before or behind the one value (a
 * byte order mark too), invalid UTF-8, escapes of half a surrogate pair, numbers that
 * round to infinity, a key that is repeated in its object (compared unescaped), and
 * whatever is over a bound, here or in json_keys.h.  Numbers that are too small become 0.
 *
 * Memory is bounded whatever comes: nothing is kept but the keys of objects still
 * open, one string and, for a stream, one window.  A reader that is kept and started
 * again allocates nothing for ordinary bodies, and gives back what an unusual one took.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json_keys.h"
#include "base/result.h"

#define JSON_DEPTH_MAX      64u         /* objects and arrays open at once */
#define JSON_NUMBER_MAX     1024u       /* characters of a number */
#define JSON_STRING_DEFAULT (64u << 10) /* bytes of an unescaped string or key */
#define JSON_PROBLEM_MAX    192u

enum json_token {
    JSON_OBJECT, /* { */
    JSON_OBJECT_END,
    JSON_ARRAY, /* [ */
    JSON_ARRAY_END,
    JSON_KEY, /* a member's name; its value's tokens come next */
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END, /* the one value is over and nothing is behind it; comes again if asked */
    JSON_BAD, /* refused; comes again if asked, nothing more is read */
    JSON_TOKEN__MAX
};

/*
 * Where a stream's bytes come from: writes 1 to room bytes to `to` and returns how
 * many; 0 at the end, after which it is not called again; -1 when it failed.
 */
typedef ssize_t (*json_fill)(void *context, char *to, size_t room);

/* An object or array that is open. */
struct json_frame {
    struct json_scope keys; /* only an object's */
    bool object;
};

/*
 * Zeroed before the first start; then what comes before the empty line may be set, which holds
 * for every start after it, and the rest is the reader's own.
 */
struct json_reader {
    size_t string_max; /* 0 is JSON_STRING_DEFAULT */
    bool nan_is_null;  /* NaN, as Python writes what is missing, is read as null */

    const char *at;    /* the next byte */
    const char *end;   /* behind the last byte that is here */
    const char *token; /* where the token begins; bytes from here on are kept */
    const char *text;
    size_t text_len;
    double number;
    int expect;     /* what may come next */
    unsigned depth; /* frames in use */
    enum result result;

    const char *window; /* where the bytes that are here begin, */
    size_t passed;      /* and how many came before them */
    json_fill fill;     /* NULL: all bytes are here */
    void *context;
    char *store; /* a stream's window, and its size */
    size_t store_cap;
    char *scratch; /* a string with escapes, unescaped */
    size_t scratch_cap;

    struct json_keys keys;

    struct json_frame frames[JSON_DEPTH_MAX];
    char problem[JSON_PROBLEM_MAX];
};

/* Begins a body that is in memory; it is not changed, and must stay until the end. */
void json_reader_start(struct json_reader *reader, const char *data, size_t len);

/* Begins a body that comes in pieces; where they are split makes no difference. */
void json_reader_start_stream(struct json_reader *reader, json_fill fill, void *context);

/* The next token. */
enum json_token json_next(struct json_reader *reader);

/*
 * After JSON_KEY or JSON_STRING its unescaped UTF-8, after JSON_NUMBER the number as
 * it was written; valid until the next json_next().  No NUL is behind it, and one may
 * be in it (from \u0000), so the length counts.
 */
const char *json_text(const struct json_reader *reader, size_t *len);

/* Overwrites the reader's own copy of a string that was a secret, whose text is then lost. */
void json_text_wipe(struct json_reader *reader);

/* Whether the key or string is exactly this C string. */
bool json_text_is(const struct json_reader *reader, const char *text);

/* After JSON_NUMBER its value, the double nearest to what was written; -0 keeps its sign. */
double json_number(const struct json_reader *reader);

/*
 * In an array, behind its [ or one of its values: takes numbers that are next, at most
 * `room`, as json_next() and json_number() would one by one, and returns how many; the
 * next token is then what comes behind them.  It may stop before any number that is of
 * an unusual form: json_next() goes on from there.  0 anywhere else.
 */
size_t json_numbers(struct json_reader *reader, double *out, size_t room);

/*
 * After JSON_NUMBER: whether it was written without fraction and exponent and fits,
 * and then the exact value in *out.
 */
bool json_integer(const struct json_reader *reader, int64_t *out);

/*
 * Goes past the one value that is next (after JSON_KEY, or in an array), checking all
 * of it.  False after JSON_BAD, and when no value was next but an end, which is then
 * read too.
 */
bool json_skip(struct json_reader *reader);

/*
 * The same for a value whose first token was just read: goes to the end of an object
 * or array, and does nothing for any other value.
 */
bool json_skip_rest(struct json_reader *reader, enum json_token first);

/* Objects and arrays that are open, the one just begun with JSON_OBJECT included. */
unsigned json_depth(const struct json_reader *reader);

/* Where the token begins, in bytes from the start of the body, from 0. */
size_t json_offset(const struct json_reader *reader);

/*
 * After JSON_BAD what is wrong and where, one line such as
 *     repeated key "features" at byte 12
 * with what the client sent escaped and cut (utf8_quote()); "" before.
 */
const char *json_problem(const struct json_reader *reader);

/*
 * After JSON_BAD: RESULT_MALFORMED (too deep and too large a number count as that),
 * RESULT_TOO_BIG (a number, string or key too long, or too many keys), RESULT_NOMEM
 * or RESULT_IO (from fill); RESULT_OK before.
 */
enum result json_result(const struct json_reader *reader);

/* Frees the memory; the reader is as zeroed, what was set kept. */
void json_reader_free(struct json_reader *reader);

#endif
