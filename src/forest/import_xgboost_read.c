/*
 * import_xgboost_read.c: tokens of XGBoost's model files: what both syntaxes share, and
 * JSON.
 *
 * base/json.h is not used here: XGBoost writes NaN and Infinity, reads numbers as float32,
 * and a file may have hundreds of millions of them.
 */
#include "forest/import_xgboost.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/utf8.h"
#include "forest/import.h"

/* ---- bytes ---- */

static bool fill(struct xgb_reader *reader)
{
    if (reader->result != RESULT_OK)
        return false;
    reader->passed += reader->end;
    reader->at = 0;
    reader->end = fread(reader->window, 1, sizeof(reader->window), reader->file);
    if (reader->end == 0 && ferror(reader->file))
        reader->result = reason_errno(reader->why, "%s", reader->name);
    return reader->end != 0;
}

int xgb_peek(struct xgb_reader *reader)
{
    if (reader->at == reader->end && !fill(reader))
        return -1;
    return reader->window[reader->at];
}

int xgb_take(struct xgb_reader *reader)
{
    const int c = xgb_peek(reader);

    if (c >= 0)
        reader->at++;
    return c;
}

bool xgb_take_bytes(struct xgb_reader *reader, void *to, size_t n)
{
    unsigned char *out = to;
    size_t have;

    while (n != 0) {
        if (xgb_peek(reader) < 0)
            return false;
        have = reader->end - reader->at;
        have = have < n ? have : n;
        memcpy(out, reader->window + reader->at, have);
        reader->at += have;
        out += have;
        n -= have;
    }
    return true;
}

/* ---- refusals ---- */

/* "learner.gradient_booster.model.trees[3].split_conditions[17]" */
static void path_print(const struct xgb_reader *reader, struct buf *path)
{
    char key[2 * XGB_MEMBER_SHOWN];
    unsigned i;

    for (i = 0; i < reader->depth; i++) {
        const struct xgb_frame *frame = &reader->frames[i];

        if (frame->object && frame->key[0] != '\0') {
            utf8_quote(key, sizeof(key), frame->key, strlen(frame->key));
            buf_printf(path, "%s%s", path->len != 0 ? "." : "", key);
        } else if (!frame->object && frame->index != 0) {
            buf_printf(path, "[%llu]", (unsigned long long)frame->index - 1);
        }
    }
}

void xgb_refuse(struct xgb_reader *reader, enum result result, const char *format, ...)
{
    const uint64_t byte = reader->passed + reader->at;
    struct buf path = {.limit = 240};
    char fault[160];
    va_list args;

    if (reader->result != RESULT_OK)
        return;
    va_start(args, format);
    text_print_list(fault, sizeof(fault), format, args);
    va_end(args);
    path_print(reader, &path);
    reader->result =
        reason_set(reader->why, result, "%s: byte %llu, %s: %s", reader->name,
                   (unsigned long long)byte, path.len != 0 ? path.data : "at the top", fault);
    buf_free(&path);
}

enum xgb_token xgb_bad(struct xgb_reader *reader, const char *what)
{
    xgb_refuse(reader, RESULT_MALFORMED, "%s", what);
    return XGB_BAD;
}

/* ---- frames ---- */

enum xgb_token xgb_push(struct xgb_reader *reader, bool object)
{
    struct xgb_frame *frame;

    if (reader->depth == XGB_DEPTH_MAX)
        return xgb_bad(reader, "too deep");
    frame = &reader->frames[reader->depth++];
    memset(frame, 0, sizeof(*frame));
    frame->object = object;
    return object ? XGB_OBJECT : XGB_ARRAY;
}

enum xgb_token xgb_pop(struct xgb_reader *reader)
{
    return reader->frames[--reader->depth].object ? XGB_OBJECT_END : XGB_ARRAY_END;
}

/* ---- JSON ---- */

static int skip_space(struct xgb_reader *reader)
{
    int c;

    while ((c = xgb_peek(reader)) == ' ' || c == '\n' || c == '\t' || c == '\r')
        reader->at++;
    return c;
}

static bool take_word(struct xgb_reader *reader, const char *word)
{
    for (; *word != '\0'; word++)
        if (xgb_take(reader) != *word)
            return false;
    return true;
}

static int hex_digits(struct xgb_reader *reader)
{
    int i, c, code = 0;

    for (i = 0; i < 4; i++) {
        c = xgb_take(reader);
        if (c >= '0' && c <= '9')
            code = code * 16 + c - '0';
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            code = code * 16 + (c | 32) - 'a' + 10;
        else
            return -1;
    }
    return code;
}

/* What stands behind \u: one character, or a pair of surrogates. */
static bool take_unicode(struct xgb_reader *reader)
{
    int code = hex_digits(reader), low;
    char utf8[4];

    if (code >= 0xd800 && code < 0xdc00) {
        if (!take_word(reader, "\\u") || (low = hex_digits(reader)) < 0xdc00 || low > 0xdfff)
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) {
        return false;
    }
    buf_put(&reader->text, utf8, utf8_encode(utf8, (uint32_t)code));
    return true;
}

static bool take_escape(struct xgb_reader *reader)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const int c = xgb_take(reader);
    const char *at = c > 0 ? strchr(from, c) : NULL;

    if (c == 'u')
        return take_unicode(reader);
    if (at == NULL)
        return false;
    buf_putc(&reader->text, to[at - from]);
    return true;
}

/* Behind the opening quote. */
static bool take_string(struct xgb_reader *reader)
{
    int c;

    buf_clear(&reader->text, XGB_WINDOW);
    buf_put(&reader->text, "", 0);
    while ((c = xgb_take(reader)) != '"') {
        if (c < 0x20) {
            xgb_bad(reader,
                    c < 0 ? "the file ends in a text" : "a control character in a text");
            return false;
        }
        if (c != '\\') {
            buf_putc(&reader->text, (char)c);
        } else if (!take_escape(reader)) {
            xgb_bad(reader, "no escape of JSON's");
            return false;
        }
        if (buf_failed(&reader->text)) {
            xgb_refuse(reader, RESULT_TOO_BIG, "a text of over %d bytes", IMPORT_MAX_TEXT);
            return false;
        }
    }
    return true;
}

/* Rounded once, as strtof() does; over the greatest float it is an infinity, as there. */
static bool parse_float(const char *text, size_t len, float *out)
{
    double wide;

    if (num_parse_float(text, len, out))
        return true;
    if (!num_parse_double_loose(text, len, &wide))
        return false;
    *out = text[0] == '-' ? -INFINITY : INFINITY;
    return true;
}

static enum xgb_token take_number(struct xgb_reader *reader)
{
    char text[XGB_NUMBER_MAX];
    size_t len = 0;
    bool whole = true;
    int c;

    while ((c = xgb_peek(reader)) > 0 && strchr("+-0123456789.eE", c) != NULL) {
        if (len == sizeof(text))
            return xgb_bad(reader, "a number of too many digits");
        whole = whole && c != '.' && c != 'e' && c != 'E';
        text[len++] = (char)c;
        reader->at++;
    }
    if (c == 'I' && len <= 1) {
        reader->real = len == 1 && text[0] == '-' ? -INFINITY : INFINITY;
        return take_word(reader, "Infinity") ? XGB_REAL : xgb_bad(reader, "no number");
    }
    if (!parse_float(text, len, &reader->real))
        return xgb_bad(reader, "no number");
    if (whole && num_parse_i64(text, len, &reader->integer))
        return XGB_INTEGER;
    return XGB_REAL;
}

static enum xgb_token take_literal(struct xgb_reader *reader, const char *word,
                                   enum xgb_token token)
{
    return take_word(reader, word) ? token : xgb_bad(reader, "no value of JSON's");
}

static enum xgb_token json_value(struct xgb_reader *reader, int c)
{
    switch (c) {
    case '{':
        reader->at++;
        return xgb_push(reader, true);
    case '[':
        reader->at++;
        return xgb_push(reader, false);
    case '"':
        reader->at++;
        return take_string(reader) ? XGB_STRING : XGB_BAD;
    case 't':
        return take_literal(reader, "true", XGB_TRUE);
    case 'f':
        return take_literal(reader, "false", XGB_FALSE);
    case 'n':
        return take_literal(reader, "null", XGB_NULL);
    case 'N':
        reader->real = NAN;
        return take_literal(reader, "NaN", XGB_REAL);
    case -1:
        return xgb_bad(reader, "the file ends too early");
    default:
        return take_number(reader);
    }
}

static enum xgb_token json_key(struct xgb_reader *reader, int c)
{
    struct xgb_frame *frame = &reader->frames[reader->depth - 1];

    if (c != '"')
        return xgb_bad(reader, c < 0 ? "the file ends too early" : "no member's name");
    reader->at++;
    if (!take_string(reader))
        return XGB_BAD;
    if (skip_space(reader) != ':')
        return xgb_bad(reader, "no colon behind a member's name");
    reader->at++;
    text_copy(frame->key, sizeof(frame->key), reader->text.data);
    frame->state = XGB_VALUE;
    return XGB_KEY;
}

enum xgb_token xgb_json_next(struct xgb_reader *reader)
{
    struct xgb_frame *frame = &reader->frames[reader->depth - 1];
    int c = skip_space(reader);

    if (frame->state != XGB_VALUE && c == (frame->object ? '}' : ']')) {
        reader->at++;
        return xgb_pop(reader);
    }
    if (frame->state == XGB_AFTER) {
        if (c != ',')
            return xgb_bad(reader, c < 0 ? "the file ends too early" : "no comma");
        reader->at++;
        c = skip_space(reader);
    }
    if (frame->object && frame->state != XGB_VALUE)
        return json_key(reader, c);
    frame->state = XGB_AFTER;
    frame->index++;
    return json_value(reader, c);
}

/* ---- tokens ---- */

void xgb_reader_start(struct xgb_reader *reader, FILE *file, const char *name,
                      struct reason *why)
{
    reader->file = file;
    reader->name = name;
    reader->why = why;
    reader->text.limit = IMPORT_MAX_TEXT;
}

void xgb_reader_free(struct xgb_reader *reader)
{
    buf_free(&reader->text);
}

/* The one object that the file is.  In UBJSON the length of a name is what comes next. */
static enum xgb_token first_token(struct xgb_reader *reader)
{
    reader->begun = true;
    if (skip_space(reader) != '{')
        return xgb_bad(reader, "neither JSON nor UBJSON of XGBoost's");
    reader->at++;
    reader->ubjson = xgb_peek(reader) == 'L';
    return xgb_push(reader, true);
}

static enum xgb_token last_token(struct xgb_reader *reader)
{
    if ((reader->ubjson ? xgb_peek(reader) : skip_space(reader)) >= 0)
        return xgb_bad(reader, "something stands behind the model");
    return XGB_END;
}

enum xgb_token xgb_next(struct xgb_reader *reader)
{
    enum xgb_token token = XGB_BAD;

    if (reader->result != RESULT_OK)
        return XGB_BAD;
    if (reader->depth != 0)
        token = reader->ubjson ? xgb_ubjson_next(reader) : xgb_json_next(reader);
    else
        token = reader->begun ? last_token(reader) : first_token(reader);
    return reader->result == RESULT_OK ? token : XGB_BAD;
}

void xgb_skip_rest(struct xgb_reader *reader, enum xgb_token first)
{
    const unsigned depth = reader->depth;

    if (first != XGB_OBJECT && first != XGB_ARRAY)
        return;
    while (reader->depth >= depth && reader->result == RESULT_OK)
        xgb_next(reader);
}

void xgb_skip(struct xgb_reader *reader)
{
    xgb_skip_rest(reader, xgb_next(reader));
}

bool xgb_enter(struct xgb_reader *reader, enum xgb_token first)
{
    if (xgb_next(reader) == first)
        return true;
    xgb_bad(reader, first == XGB_OBJECT ? "not an object" : "not an array");
    return false;
}

bool xgb_more(struct xgb_reader *reader)
{
    const struct xgb_frame *frame = &reader->frames[reader->depth - 1];
    bool more = frame->left != 0;

    if (reader->result != RESULT_OK)
        return false;
    if (!reader->ubjson)
        more = skip_space(reader) != ']';
    else if (!frame->counted)
        more = xgb_peek(reader) != ']';
    if (!more)
        xgb_next(reader);
    return more && reader->result == RESULT_OK;
}

bool xgb_read_integer(struct xgb_reader *reader, int64_t min, int64_t max, int64_t *out)
{
    enum xgb_token token = xgb_next(reader);

    if (token == XGB_TRUE || token == XGB_FALSE) {
        reader->integer = token == XGB_TRUE;
    } else if (token != XGB_INTEGER) {
        xgb_bad(reader, "not a whole number");
        return false;
    }
    if (reader->integer < min || reader->integer > max) {
        xgb_refuse(reader, RESULT_MALFORMED, "%lld is out of its range",
                   (long long)reader->integer);
        return false;
    }
    *out = reader->integer;
    return true;
}

bool xgb_read_text(struct xgb_reader *reader)
{
    if (xgb_next(reader) != XGB_STRING) {
        xgb_bad(reader, "not a text");
        return false;
    }
    if (strlen(reader->text.data) == reader->text.len)
        return true;
    xgb_bad(reader, "a text with a NUL in it");
    return false;
}

/* Makes room for one element more; NULL, with the refusal, if it cannot be had. */
static void *grow(struct xgb_reader *reader, void *values, size_t n, size_t *room, size_t size)
{
    void *more;

    if (n < *room)
        return values;
    more = n >= IMPORT_MAX_NODES ? NULL : realloc(values, (*room * 2 + 64) * size);
    if (more == NULL)
        xgb_refuse(reader, n >= IMPORT_MAX_NODES ? RESULT_TOO_BIG : RESULT_NOMEM,
                   "too many numbers in one array");
    else
        *room = *room * 2 + 64;
    return more;
}

bool xgb_read_floats(struct xgb_reader *reader, struct xgb_floats *out)
{
    enum xgb_token token;
    float *values;

    out->n = 0;
    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    while ((token = xgb_next(reader)) == XGB_REAL || token == XGB_INTEGER) {
        values = grow(reader, out->values, out->n, &out->room, sizeof(*values));
        if (values == NULL)
            return false;
        out->values = values;
        values[out->n++] = reader->real;
    }
    if (token != XGB_ARRAY_END)
        xgb_bad(reader, "not a number");
    return token == XGB_ARRAY_END;
}

bool xgb_read_integers(struct xgb_reader *reader, struct xgb_integers *out)
{
    enum xgb_token token;
    int64_t *values;

    out->n = 0;
    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    while ((token = xgb_next(reader)) == XGB_INTEGER || token == XGB_TRUE ||
           token == XGB_FALSE) {
        values = grow(reader, out->values, out->n, &out->room, sizeof(*values));
        if (values == NULL)
            return false;
        out->values = values;
        values[out->n++] = token == XGB_INTEGER ? reader->integer : token == XGB_TRUE;
    }
    if (token != XGB_ARRAY_END)
        xgb_bad(reader, "not a whole number");
    return token == XGB_ARRAY_END;
}

bool xgb_read_object(struct xgb_reader *reader, const struct xgb_member *members, void *arg)
{
    enum xgb_token token;
    uint32_t seen = 0;
    size_t i;

    if (!xgb_enter(reader, XGB_OBJECT))
        return false;
    while ((token = xgb_next(reader)) == XGB_KEY) {
        for (i = 0; members[i].name != NULL; i++)
            if (strcmp(members[i].name, reader->text.data) == 0)
                break;
        if (members[i].name == NULL) {
            xgb_skip(reader);
            continue;
        }
        if ((seen & UINT32_C(1) << i) != 0)
            xgb_bad(reader, "this member is there twice");
        seen |= UINT32_C(1) << i;
        if (reader->result != RESULT_OK || !members[i].read(reader, arg))
            return false;
    }
    return token == XGB_OBJECT_END;
}
