/*
 * import_xgboost_ubjson.c: tokens of UBJSON (draft 12) as XGBoost writes it.
 *
 * Numbers are big-endian.  A name is its length, behind the sign of an integer, and its
 * bytes; arrays may have one type and a count ("[$d#L"), a count alone ("[#L") or an end.
 * What XGBoost does not write either (no-ops, counted objects, numbers of any precision)
 * is refused.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "forest/import.h"
#include "forest/import_xgboost.h"

/* A big-endian number of n bytes. */
static bool take_big_endian(struct xgb_reader *reader, size_t n, uint64_t *out)
{
    unsigned char bytes[8];
    size_t i;

    if (!xgb_take_bytes(reader, bytes, n)) {
        xgb_bad(reader, "the file ends too early");
        return false;
    }
    for (*out = 0, i = 0; i < n; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

/* Bytes of a number of that sign; 0 for what is none. */
static size_t size_of(int type)
{
    switch (type) {
    case 'i':
    case 'U':
    case 'C':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static int64_t signed_of(uint64_t bits, int type)
{
    switch (type) {
    case 'i':
    case 'C':
        return (int8_t)bits;
    case 'I':
        return (int16_t)bits;
    case 'l':
        return (int32_t)bits;
    default:
        return (int64_t)bits;
    }
}

static enum xgb_token take_number(struct xgb_reader *reader, int type)
{
    uint64_t bits;
    uint32_t word;
    double wide;

    if (!take_big_endian(reader, size_of(type), &bits))
        return XGB_BAD;
    if (type == 'd') {
        word = (uint32_t)bits;
        memcpy(&reader->real, &word, sizeof(word));
        return XGB_REAL;
    }
    if (type == 'D') {
        memcpy(&wide, &bits, sizeof(wide));
        reader->real = (float)wide;
        return XGB_REAL;
    }
    reader->integer = signed_of(bits, type);
    reader->real = (float)reader->integer;
    return XGB_INTEGER;
}

/* The sign of an integer, and a count of that kind that is not negative. */
static bool take_count(struct xgb_reader *reader, uint64_t *out)
{
    const int type = xgb_take(reader);

    if (type < 0 || strchr("iUIlL", type) == NULL || take_number(reader, type) == XGB_BAD ||
        reader->integer < 0) {
        xgb_bad(reader, "no count");
        return false;
    }
    *out = (uint64_t)reader->integer;
    return true;
}

/* In pieces, so that a length that is not true costs no memory. */
static bool take_text(struct xgb_reader *reader)
{
    char piece[4096];
    uint64_t left;
    size_t n;

    buf_clear(&reader->text, XGB_WINDOW);
    buf_put(&reader->text, "", 0);
    if (!take_count(reader, &left))
        return false;
    if (left > IMPORT_MAX_TEXT) {
        xgb_refuse(reader, RESULT_TOO_BIG, "a text of over %d bytes", IMPORT_MAX_TEXT);
        return false;
    }
    for (; left != 0; left -= n) {
        n = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        if (!xgb_take_bytes(reader, piece, n)) {
            xgb_bad(reader, "the file ends in a text");
            return false;
        }
        buf_put(&reader->text, piece, n);
    }
    if (buf_failed(&reader->text))
        xgb_refuse(reader, RESULT_NOMEM, "out of memory");
    return !buf_failed(&reader->text);
}

static enum xgb_token take_array(struct xgb_reader *reader)
{
    struct xgb_frame *frame;
    int type = 0;

    if (xgb_push(reader, false) == XGB_BAD)
        return XGB_BAD;
    frame = &reader->frames[reader->depth - 1];
    if (xgb_peek(reader) == '$') {
        xgb_take(reader);
        type = xgb_take(reader);
        if (size_of(type) == 0)
            return xgb_bad(reader, "an array of a type that XGBoost does not write");
        if (xgb_peek(reader) != '#')
            return xgb_bad(reader, "an array with a type and no count");
    }
    frame->type = (char)type;
    if (xgb_peek(reader) != '#')
        return XGB_ARRAY;
    xgb_take(reader);
    frame->counted = true;
    return take_count(reader, &frame->left) ? XGB_ARRAY : XGB_BAD;
}

static enum xgb_token take_value(struct xgb_reader *reader)
{
    const int type = xgb_take(reader);

    switch (type) {
    case '{':
        return xgb_push(reader, true);
    case '[':
        return take_array(reader);
    case 'S':
        return take_text(reader) ? XGB_STRING : XGB_BAD;
    case 'T':
        return XGB_TRUE;
    case 'F':
        return XGB_FALSE;
    case 'Z':
        return XGB_NULL;
    default:
        if (size_of(type) != 0)
            return take_number(reader, type);
        return xgb_bad(reader, type < 0 ? "the file ends too early"
                                        : "no value of UBJSON that XGBoost writes");
    }
}

static enum xgb_token array_next(struct xgb_reader *reader, struct xgb_frame *frame)
{
    if (frame->counted && frame->left == 0)
        return xgb_pop(reader);
    if (!frame->counted && xgb_peek(reader) == ']') {
        xgb_take(reader);
        return xgb_pop(reader);
    }
    frame->left--;
    frame->index++;
    return frame->type != 0 ? take_number(reader, frame->type) : take_value(reader);
}

enum xgb_token xgb_ubjson_next(struct xgb_reader *reader)
{
    struct xgb_frame *frame = &reader->frames[reader->depth - 1];

    if (!frame->object)
        return array_next(reader, frame);
    if (frame->state == XGB_VALUE) {
        frame->state = XGB_FIRST;
        return take_value(reader);
    }
    if (xgb_peek(reader) == '}') {
        xgb_take(reader);
        return xgb_pop(reader);
    }
    if (!take_text(reader))
        return XGB_BAD;
    text_copy(frame->key, sizeof(frame->key), reader->text.data);
    frame->state = XGB_VALUE;
    return XGB_KEY;
}
