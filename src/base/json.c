/*
 * json.c: a strict pull reader of JSON (RFC 8259).
 *
 * There is one window of bytes, [window, end), and one place in it.  A body in memory is
 * its own window.  A stream's window is refilled by more() alone, which keeps the bytes
 * of the token at hand together, so that no other code knows where the stream was split.
 *
 * Invariants: reader->token is the start of the token at hand, or of what is being
 * looked at; every pointer into the window is in the reader, or does not live across
 * more().  Nesting is a counter and an array, never recursion.  The first fault stays.
 */
#include "base/json.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/secret.h"
#include "base/utf8.h"

/* What may come next, beside spaces. */
enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* behind [ */
    EXPECT_KEY_OR_END,   /* behind { */
    EXPECT_COLON,
    EXPECT_COMMA, /* behind a value: or an end; at depth 0 the body's end */
};

enum {
    WINDOW_FIRST = 16 << 10, /* over JSON_NUMBER_MAX, so that only strings outgrow it */
    KEEP = 64 << 10,         /* bytes of each kind that are kept for the next body */
    ESCAPED_MAX = 6,         /* bytes as which one can be written: \u0000 */
};

static size_t string_max(const struct json_reader *reader)
{
    return reader->string_max != 0 ? reader->string_max : JSON_STRING_DEFAULT;
}

static size_t offset_of(const struct json_reader *reader, const char *where)
{
    return reader->passed + (size_t)(where - reader->window);
}

static enum json_token fault(struct json_reader *reader, enum result result, const char *where,
                             const char *what)
{
    if (reader->result == RESULT_OK) {
        reader->result = result;
        snprintf(reader->problem, sizeof(reader->problem), "%s at byte %zu", what,
                 offset_of(reader, where));
    }
    return JSON_BAD;
}

static enum json_token fault_malformed(struct json_reader *reader, const char *where,
                                       const char *what)
{
    return fault(reader, RESULT_MALFORMED, where, what);
}

static void fault_long(struct json_reader *reader)
{
    fault(reader, RESULT_TOO_BIG, reader->token, "a string that is too long");
}

/* At reader->at there is something else than what is due, or nothing more. */
static enum json_token fault_expected(struct json_reader *reader, const char *due)
{
    char what[96], found[16];

    if (reader->at == reader->end) {
        if (offset_of(reader, reader->at) == 0)
            return fault_malformed(reader, reader->at, "the body is empty: it ends");
        snprintf(what, sizeof(what), "%s is missing: the body ends", due);
    } else {
        utf8_quote(found, sizeof(found), reader->at, 1);
        snprintf(what, sizeof(what), "%s is due, not \"%s\",", due, found);
    }
    return fault_malformed(reader, reader->at, what);
}

/*
 * Room behind the bytes that are kept, by moving them to the window's start or, if they
 * fill it, making it larger; find_quote() sees to it that this has an end.
 */
static bool make_room(struct json_reader *reader)
{
    size_t kept = (size_t)(reader->end - reader->token);
    size_t done = (size_t)(reader->at - reader->token);
    char *store = reader->store;

    if (kept == reader->store_cap) {
        /* kept is store_cap, which a stream's start made: not 0 */
        store = realloc(store, 2 * kept); // NOLINT(clang-analyzer-optin.portability.UnixAPI)
        if (store == NULL) {
            fault(reader, RESULT_NOMEM, reader->token, "no memory for a string");
            return false;
        }
        reader->store = store;
        reader->store_cap = 2 * kept;
    } else {
        reader->passed = offset_of(reader, reader->token);
        memmove(store, reader->token, kept);
    }
    reader->window = reader->token = store;
    reader->at = store + done;
    reader->end = store + kept;
    return true;
}

/*
 * More bytes behind reader->end, if they are to be had: false at the end of the body
 * and after a fault.  Those from reader->token on are kept, at a new place.
 */
static bool more(struct json_reader *reader)
{
    size_t room;
    ssize_t got;

    if (reader->fill == NULL)
        return false;
    if (reader->end == reader->store + reader->store_cap && !make_room(reader))
        return false;
    room = (size_t)(reader->store + reader->store_cap - reader->end);
    got = reader->fill(reader->context, reader->store + reader->store_cap - room, room);
    if (got <= 0 || (size_t)got > room) {
        reader->fill = NULL;
        if (got != 0)
            fault(reader, RESULT_IO, reader->end, "the body could not be read on");
        return false;
    }
    reader->end += got;
    return true;
}

static bool is_space(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static int peek_far(struct json_reader *reader)
{
    do {
        while (reader->at != reader->end && is_space(*reader->at))
            reader->at++;
        reader->token = reader->at;
        if (reader->at != reader->end)
            return (unsigned char)*reader->at;
    } while (more(reader));
    return -1;
}

/* Past spaces: the byte that is next, which a token then begins with; -1 at the end. */
static inline int peek(struct json_reader *reader)
{
    if (reader->at == reader->end || is_space(*reader->at))
        return peek_far(reader);
    reader->token = reader->at;
    return (unsigned char)*reader->at;
}

/* Whether a byte of the word is zero, as the lowest set top bit; higher ones may be wrong. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

/*
 * Past a string's plain bytes: to a quote, backslash or control character, or to the
 * end.  Top bits of bytes that are not ASCII are added to *high.
 */
static const char *scan_plain(const char *at, const char *end, uint64_t *high)
{
    uint64_t word, stops;
    unsigned char c;

    for (; end - at >= (ptrdiff_t)sizeof(word); at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        word = le64toh(word);
        *high |= word & 0x8080808080808080;
        stops = zero_bytes(word ^ 0x2222222222222222) | zero_bytes(word ^ 0x5c5c5c5c5c5c5c5c) |
                ((word - 0x2020202020202020) & ~word & 0x8080808080808080);
        if (stops != 0)
            return at + __builtin_ctzll(stops) / 8;
    }
    for (; at != end; at++) {
        c = (unsigned char)*at;
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        *high |= c & 0x80;
    }
    return at;
}

/* To the quote that ends the string whose first one is the token.  False after a fault. */
static bool find_quote(struct json_reader *reader, bool *escaped, uint64_t *high)
{
    reader->at = reader->token + 1;
    for (;;) {
        reader->at = scan_plain(reader->at, reader->end, high);
        if ((size_t)(reader->at - reader->token - 1) / ESCAPED_MAX > string_max(reader)) {
            fault_long(reader);
            return false;
        }
        if (reader->at != reader->end) {
            if (*reader->at == '"')
                return true;
            if (*reader->at != '\\') {
                fault_malformed(reader, reader->at, "a control character in a string");
                return false;
            }
            *escaped = true;
            reader->at++;
            if (reader->at != reader->end || more(reader)) {
                /* A quote or backslash behind a backslash ends nothing. */
                *high |= (unsigned char)*reader->at++ & 0x80;
                continue;
            }
        } else if (more(reader)) {
            continue;
        }
        fault_malformed(reader, reader->token, "a string without an end");
        return false;
    }
}

/* Four hexadecimal digits, or -1. */
static long read_hex(const char *at, const char *end)
{
    long sum = 0;
    int i;
    char c;

    if (end - at < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        c = at[i];
        if (c >= '0' && c <= '9')
            sum = sum * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            sum = sum * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            sum = sum * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return sum;
}

/*
 * The character that is escaped behind a backslash, and past it; NULL when it is none
 * or half of a surrogate pair.
 */
static const char *read_escape(const char *at, const char *end, uint32_t *code)
{
    static const char names[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
    const char *name;
    long first, second;

    if (*at != 'u') {
        name = memchr(names, *at, sizeof(names) - 1);
        if (name == NULL)
            return NULL;
        *code = (unsigned char)codes[name - names];
        return at + 1;
    }
    first = read_hex(at + 1, end);
    if (first < 0 || (first >= 0xdc00 && first <= 0xdfff))
        return NULL;
    *code = (uint32_t)first;
    if (first < 0xd800 || first > 0xdfff)
        return at + 5;
    if (end - at < 11 || at[5] != '\\' || at[6] != 'u')
        return NULL;
    second = read_hex(at + 7, end);
    if (second < 0xdc00 || second > 0xdfff)
        return NULL;
    *code = 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
    return at + 11;
}

static bool scratch_reserve(struct json_reader *reader, size_t len)
{
    char *scratch;

    if (len <= reader->scratch_cap)
        return true;
    len += len / 2;
    scratch = realloc(reader->scratch, len);
    if (scratch == NULL) {
        fault(reader, RESULT_NOMEM, reader->token, "no memory for a string");
        return false;
    }
    reader->scratch = scratch;
    reader->scratch_cap = len;
    return true;
}

/* Sets the text to the unescaped bytes.  False after a fault. */
static bool unescape(struct json_reader *reader, const char *at, const char *end)
{
    size_t room = (size_t)(end - at), len;
    const char *plain;
    uint32_t code;
    char bytes[4];

    if (room > string_max(reader))
        room = string_max(reader);
    if (!scratch_reserve(reader, room))
        return false;
    reader->text = reader->scratch;
    reader->text_len = 0;
    while (at != end) {
        plain = at;
        if (*at != '\\') {
            at = memchr(at, '\\', (size_t)(end - at));
            at = at != NULL ? at : end;
            len = (size_t)(at - plain);
        } else {
            at = read_escape(plain + 1, end, &code);
            if (at == NULL) {
                fault_malformed(reader, plain, "a bad escape in a string");
                return false;
            }
            len = utf8_encode(bytes, code);
            plain = bytes;
        }
        if (len > room - reader->text_len) {
            fault_long(reader);
            return false;
        }
        memcpy(reader->scratch + reader->text_len, plain, len);
        reader->text_len += len;
    }
    return true;
}

/* The string that the token begins, for a value or a key.  False after a fault. */
static bool read_string(struct json_reader *reader)
{
    bool escaped = false;
    uint64_t high = 0;
    const char *raw;
    size_t len, valid;

    if (!find_quote(reader, &escaped, &high))
        return false;
    raw = reader->token + 1;
    len = (size_t)(reader->at - raw);
    valid = high != 0 ? utf8_valid_prefix(raw, len) : len;
    if (valid != len) {
        fault_malformed(reader, raw + valid, "invalid UTF-8 in a string");
        return false;
    }
    reader->text = raw;
    reader->text_len = len;
    if (escaped && !unescape(reader, raw, raw + len))
        return false;
    if (reader->text_len > string_max(reader)) {
        fault_long(reader);
        return false;
    }
    reader->at++;
    return true;
}

static enum json_token fault_key(struct json_reader *reader, enum result result)
{
    char what[128], key[96];

    if (result == RESULT_TOO_BIG)
        return fault(reader, result, reader->token, "too many keys in open objects");
    if (result != RESULT_EXISTS)
        return fault(reader, result, reader->token, "no memory for a key");
    utf8_quote(key, sizeof(key), reader->text, reader->text_len);
    snprintf(what, sizeof(what), "repeated key \"%s\"", key);
    return fault_malformed(reader, reader->token, what);
}

static enum json_token read_key(struct json_reader *reader, int c)
{
    struct json_frame *frame = &reader->frames[reader->depth - 1];
    enum result result;

    if (c != '"')
        return fault_expected(reader, "a key");
    if (!read_string(reader))
        return JSON_BAD;
    result = json_keys_add(&reader->keys, &frame->keys, reader->text, reader->text_len);
    if (result != RESULT_OK)
        return fault_key(reader, result);
    reader->expect = EXPECT_COLON;
    return JSON_KEY;
}

/* Whether the byte behind a number shows that it was none. */
static bool runs_on(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '.' || c == '+' || c == '-' || c == '_';
}

static enum json_token read_number(struct json_reader *reader)
{
    size_t here, used;
    enum result result;

    do { /* again if what the window lacks could belong to it */
        here = (size_t)(reader->end - reader->at);
        if (here > JSON_NUMBER_MAX + 1)
            here = JSON_NUMBER_MAX + 1;
        result = num_scan_double(reader->at, here, &used, &reader->number);
    } while (used == here && here <= JSON_NUMBER_MAX && more(reader));
    if (reader->result != RESULT_OK)
        return JSON_BAD;
    if (used > JSON_NUMBER_MAX)
        return fault(reader, RESULT_TOO_BIG, reader->at, "a number that is too long");
    if (result == RESULT_TOO_BIG)
        return fault_malformed(reader, reader->at, "a number that is too large");
    if (result != RESULT_OK || (used != here && runs_on(reader->at[used])))
        return fault_malformed(reader, reader->at, "not a number in JSON's form");
    reader->text = reader->at;
    reader->text_len = used;
    reader->at += used;
    reader->expect = EXPECT_COMMA;
    return JSON_NUMBER;
}

static enum json_token read_literal(struct json_reader *reader, const char *word,
                                    enum json_token token)
{
    size_t len = strlen(word), i;

    for (i = 0; i < len; i++) {
        if (reader->at == reader->end && !more(reader))
            break;
        if (*reader->at != word[i])
            break;
        reader->at++;
    }
    if (i != len) {
        reader->at = reader->token;
        return fault_expected(reader, "a value");
    }
    reader->expect = EXPECT_COMMA;
    return token;
}

static enum json_token open_frame(struct json_reader *reader, bool object)
{
    if (reader->depth == JSON_DEPTH_MAX)
        return fault_malformed(reader, reader->at, "nested too deep");
    reader->frames[reader->depth++] =
        (struct json_frame){json_keys_open(&reader->keys), object};
    reader->at++;
    reader->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token close_frame(struct json_reader *reader)
{
    const struct json_frame *frame = &reader->frames[--reader->depth];

    if (frame->object)
        json_keys_close(&reader->keys, frame->keys);
    reader->at++;
    reader->expect = EXPECT_COMMA;
    return frame->object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

/* The value that begins with the byte. */
static enum json_token read_value(struct json_reader *reader, int c)
{
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(reader);
    switch (c) {
    case '"':
        reader->expect = EXPECT_COMMA;
        return read_string(reader) ? JSON_STRING : JSON_BAD;
    case '[':
        return open_frame(reader, false);
    case '{':
        return open_frame(reader, true);
    case 't':
        return read_literal(reader, "true", JSON_TRUE);
    case 'f':
        return read_literal(reader, "false", JSON_FALSE);
    case 'n':
        return read_literal(reader, "null", JSON_NULL);
    case 'N':
        if (reader->nan_is_null)
            return read_literal(reader, "NaN", JSON_NULL);
        break;
    }
    return fault_expected(reader, "a value");
}

/* Behind a value: the next of its object or array, or an end. */
static enum json_token read_on(struct json_reader *reader, int c)
{
    bool object;

    if (reader->depth == 0) {
        if (c >= 0)
            return fault_malformed(reader, reader->at, "something behind the value");
        return reader->result == RESULT_OK ? JSON_END : JSON_BAD;
    }
    object = reader->frames[reader->depth - 1].object;
    if (c == ',') {
        reader->at++;
        c = peek(reader);
        return object ? read_key(reader, c) : read_value(reader, c);
    }
    if (c == (object ? '}' : ']'))
        return close_frame(reader);
    return fault_expected(reader, object ? "',' or '}'" : "',' or ']'");
}

enum json_token json_next(struct json_reader *reader)
{
    int c;

    if (reader->result != RESULT_OK)
        return JSON_BAD;
    c = peek(reader);
    switch ((enum expect)reader->expect) {
    case EXPECT_COLON:
        if (c != ':')
            return fault_expected(reader, "':'");
        reader->at++;
        return read_value(reader, peek(reader));
    case EXPECT_VALUE:
        return read_value(reader, c);
    case EXPECT_VALUE_OR_END:
        return c == ']' ? close_frame(reader) : read_value(reader, c);
    case EXPECT_KEY_OR_END:
        return c == '}' ? close_frame(reader) : read_key(reader, c);
    case EXPECT_COMMA:
        break;
    }
    return read_on(reader, c);
}

static void start(struct json_reader *reader, const char *data, size_t len)
{
    if (reader->store_cap > KEEP) {
        free(reader->store);
        reader->store = NULL;
        reader->store_cap = 0;
    }
    if (reader->scratch_cap > KEEP) {
        free(reader->scratch);
        reader->scratch = NULL;
        reader->scratch_cap = 0;
    }
    json_keys_clear(&reader->keys, KEEP);
    reader->window = reader->at = reader->token = data;
    reader->end = data + len;
    reader->text = data;
    reader->text_len = 0;
    reader->passed = 0;
    reader->depth = 0;
    reader->expect = EXPECT_VALUE;
    reader->fill = NULL;
    reader->result = RESULT_OK;
    reader->problem[0] = '\0';
}

void json_reader_start(struct json_reader *reader, const char *data, size_t len)
{
    start(reader, len != 0 ? data : "", len);
}

void json_reader_start_stream(struct json_reader *reader, json_fill fill, void *context)
{
    start(reader, "", 0);
    if (reader->store == NULL) {
        reader->store = malloc(WINDOW_FIRST);
        if (reader->store == NULL) {
            fault(reader, RESULT_NOMEM, reader->at, "no memory for a window");
            return;
        }
        reader->store_cap = WINDOW_FIRST;
    }
    reader->window = reader->at = reader->end = reader->token = reader->store;
    reader->fill = fill;
    reader->context = context;
}

const char *json_text(const struct json_reader *reader, size_t *len)
{
    *len = reader->text_len;
    return reader->text;
}

void json_text_wipe(struct json_reader *reader)
{
    if (reader->scratch != NULL)
        secret_wipe(reader->scratch, reader->scratch_cap);
    reader->text_len = 0;
}

bool json_text_is(const struct json_reader *reader, const char *text)
{
    size_t len = strlen(text);

    return reader->text_len == len && memcmp(reader->text, text, len) == 0;
}

double json_number(const struct json_reader *reader)
{
    return reader->number;
}

size_t json_numbers(struct json_reader *reader, double *out, size_t room)
{
    const char *at = reader->at;
    size_t used, count;

    if (reader->result != RESULT_OK || reader->depth == 0 ||
        reader->frames[reader->depth - 1].object)
        return 0;
    if (reader->expect == EXPECT_COMMA) {
        if (reader->end - at < 3 || *at != ',')
            return 0;
        at += at[1] == ' ' ? 2 : 1;
    } else if (reader->expect != EXPECT_VALUE_OR_END) {
        return 0;
    }
    count = num_scan_list(at, (size_t)(reader->end - at), &used, out, room);
    if (count != 0) {
        reader->at = reader->token = at + used;
        reader->expect = EXPECT_COMMA;
    }
    return count;
}

bool json_integer(const struct json_reader *reader, int64_t *out)
{
    return num_parse_i64(reader->text, reader->text_len, out);
}

bool json_skip_rest(struct json_reader *reader, enum json_token first)
{
    unsigned outside = reader->depth - 1;
    enum json_token token;

    switch (first) {
    case JSON_STRING:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return true;
    case JSON_OBJECT:
    case JSON_ARRAY:
        do {
            token = json_next(reader);
        } while (token != JSON_BAD && reader->depth != outside);
        return token != JSON_BAD;
    default:
        return false;
    }
}

bool json_skip(struct json_reader *reader)
{
    return json_skip_rest(reader, json_next(reader));
}

unsigned json_depth(const struct json_reader *reader)
{
    return reader->depth;
}

size_t json_offset(const struct json_reader *reader)
{
    return offset_of(reader, reader->token);
}

const char *json_problem(const struct json_reader *reader)
{
    return reader->problem;
}

enum result json_result(const struct json_reader *reader)
{
    return reader->result;
}

void json_reader_free(struct json_reader *reader)
{
    const struct json_reader set = {.string_max = reader->string_max,
                                    .nan_is_null = reader->nan_is_null};

    free(reader->store);
    free(reader->scratch);
    json_keys_free(&reader->keys);
    *reader = set;
}
