/*
 * form_pairs.c: a form sent urlencoded, in a body or as the query of a URL.
 */
#include <string.h>

#include "base/num.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "http/form_inner.h"

enum {
    NAME_SHOWN_MAX = 96
};

/* Pairs that are read. */
struct reading {
    struct form_data *data;
    bool lenient;    /* passes over what it does not know, and what has no value */
    uint32_t seen;   /* bits of the fields that came */
    struct buf pair; /* the one at hand, decoded: name and value */
    size_t name_len;
};

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Appends a name or a value, decoded.  Returns what is wrong with it, or NULL. */
static const char *decode(struct buf *out, const char *text, size_t len)
{
    size_t start = out->len;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%') {
            int high = i + 1 < len ? hex_of(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_of(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return "a % that two hexadecimal digits do not follow";
            buf_putc(out, (char)(high << 4 | low));
            i += 2;
        } else if (text[i] == '+') {
            buf_putc(out, ' ');
        } else {
            buf_putc(out, text[i]);
        }
    }
    if (!buf_failed(out) && !utf8_valid(out->data + start, out->len - start))
        return "it is not UTF-8";
    return NULL;
}

static void value_take(struct form_data *data, int i, const char *text, size_t len)
{
    int64_t integer = 0;
    double number;
    bool whole;

    switch (data->form->fields[i].type) {
    case FORM_BOOL:
        if (len == 4 && memcmp(text, "true", 4) == 0)
            form_take_truth(data, i, true);
        else if (len == 5 && memcmp(text, "false", 5) == 0)
            form_take_truth(data, i, false);
        else
            form_fault_field(data, i, "it is neither true nor false");
        break;
    case FORM_INTEGER:
    case FORM_NUMBER:
        whole = num_parse_i64(text, len, &integer);
        number = (double)integer;
        if (!whole && !num_parse_double(text, len, &number))
            form_fault_field(data, i, "it is no number");
        else
            form_take_number(data, i, whole ? &integer : NULL, number);
        break;
    case FORM_OBJECT:
        form_take_object(data, i, text, len);
        break;
    default:
        form_take_text(data, i, text, len);
    }
}

static enum result pair_take(struct reading *at, struct reason *why)
{
    const char *name = at->pair.data, *value = name + at->name_len;
    size_t len = at->pair.len - at->name_len;
    int i = form_find(at->data->form, name, at->name_len);
    char shown[NAME_SHOWN_MAX];

    if (i == FORM_NONE) {
        if (!at->lenient)
            form_fault_unknown(at->data, name, at->name_len);
        return RESULT_OK;
    }
    if ((at->seen & 1U << i) != 0) {
        utf8_quote(shown, sizeof(shown), name, at->name_len);
        return reason_set(why, RESULT_MALFORMED, "repeated name \"%s\"", shown);
    }
    at->seen |= 1U << i;
    if (len > 0 || !at->lenient)
        value_take(at->data, i, value, len);
    return RESULT_OK;
}

/* One pair as it came. */
static enum result pair_read(struct reading *at, const char *text, size_t len,
                             struct reason *why)
{
    const char *equals = memchr(text, '=', len);
    size_t name = equals != NULL ? (size_t)(equals - text) : len;
    const char *problem;

    if (len == 0)
        return RESULT_OK;
    buf_clear(&at->pair, SIZE_MAX);
    problem = decode(&at->pair, text, name);
    at->name_len = at->pair.len;
    if (problem == NULL && equals != NULL)
        problem = decode(&at->pair, equals + 1, len - name - 1);
    if (problem != NULL)
        return reason_set(why, RESULT_MALFORMED, "%s", problem);
    if (buf_failed(&at->pair) || at->pair.data == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    return pair_take(at, why);
}

/* Room for the longest pair is there from the start on: no copy is left behind. */
static enum result pairs_read(struct form_data *data, const struct form *form, const char *text,
                              size_t len, bool lenient, struct reason *why)
{
    struct reading at = {.data = data, .lenient = lenient};
    const char *end = text + len, *next;
    enum result result = RESULT_OK;

    form_start(data, form, len);
    if (buf_reserve(&at.pair, len + 1) == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    while (text < end && result == RESULT_OK) {
        next = memchr(text, '&', (size_t)(end - text));
        if (next == NULL)
            next = end;
        result = pair_read(&at, text, (size_t)(next - text), why);
        text = next < end ? next + 1 : end;
    }
    secret_wipe(at.pair.data, at.pair.cap);
    buf_free(&at.pair);
    return result == RESULT_OK ? form_end(data, why) : result;
}

enum result form_read_urlencoded(struct form_data *data, const struct form *form,
                                 const char *text, size_t len, struct reason *why)
{
    return pairs_read(data, form, text, len, form->oauth, why);
}

enum result form_read_query(struct form_data *data, const struct form *form, const char *text,
                            size_t len, struct reason *why)
{
    return pairs_read(data, form, text, len, false, why);
}
