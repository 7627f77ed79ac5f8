/*
 * v2_data.c: the elements of tensors: flat or nested JSON, or bytes.
 */
#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "http/v2.h"

enum {
    LENGTH_BYTES = 4 /* before each element of BYTES */
};

/* The elements of one tensor while they are read. */
struct elements {
    struct v2_request *request;
    const struct v2_tensor *tensor;
    struct reply *reply;
    uint64_t seen;
    unsigned depth;               /* of the arrays that are open */
    uint64_t counts[V2_DIMS + 2]; /* of what those have, by their depth */
    bool nested;
};

static void refuse_element(const struct elements *elements, const char *allowed)
{
    char shown[V2_NAME_SHOWN];

    reply_refuse(elements->reply, REPLY_MALFORMED,
                 "element %" PRIu64 " of input '%s' is not of its datatype %s: allowed is %s.",
                 elements->seen, v2_tensor_name(elements->request, elements->tensor, shown),
                 v2_type_name(elements->tensor->type), allowed);
}

static void refuse_shape(const struct elements *elements)
{
    char shown[V2_NAME_SHOWN], shape[V2_SHAPE_SHOWN];

    v2_shape_print(shape, elements->tensor->dims, elements->tensor->n_dims);
    reply_refuse(elements->reply, REPLY_MALFORMED,
                 "the data of input '%s' is neither a flat array of %" PRIu64
                 " elements nor arrays of the shape %s",
                 v2_tensor_name(elements->request, elements->tensor, shown),
                 elements->tensor->elements, shape);
}

/*
 * The next element of JSON: its token, JSON_END behind the last, JSON_BAD with the refusal
 * written for what does not have the shape.  It was read as JSON before.
 */
static enum json_token element_next(struct elements *elements)
{
    const struct v2_tensor *tensor = elements->tensor;
    enum json_token token;

    for (;;) {
        token = json_next(&elements->request->reader);
        if (token == JSON_END)
            return JSON_END;
        if (token == JSON_ARRAY && elements->depth < V2_DIMS) {
            elements->counts[elements->depth]++;
            elements->counts[++elements->depth] = 0;
            if (elements->depth == 1)
                continue;
            if (elements->depth <= tensor->n_dims &&
                (elements->nested || elements->seen == 0)) {
                elements->nested = true;
                continue;
            }
        } else if (token == JSON_ARRAY_END) {
            unsigned depth = elements->depth--;
            uint64_t wanted =
                elements->nested ? (uint64_t)tensor->dims[depth - 1] : tensor->elements;

            if (elements->counts[depth] == wanted &&
                (depth > 1 || elements->seen == tensor->elements))
                continue;
        } else if (token != JSON_ARRAY && token != JSON_BAD &&
                   elements->seen < tensor->elements &&
                   elements->depth == (elements->nested ? tensor->n_dims : 1)) {
            elements->counts[elements->depth]++;
            return token;
        }
        refuse_shape(elements);
        return JSON_BAD;
    }
}

static void elements_start(struct elements *elements)
{
    json_reader_start(&elements->request->reader, elements->tensor->data,
                      elements->tensor->len);
}

/* ---- numbers ---- */

static bool element_take(struct elements *elements, enum json_token token, double *out)
{
    const enum v2_type type = elements->tensor->type;
    const char *allowed;
    double number = 0;

    v2_type_take(type, 0, &number, &allowed);
    if (type == V2_BOOL && (token == JSON_TRUE || token == JSON_FALSE))
        *out = token == JSON_TRUE;
    else if ((type == V2_FP32 || type == V2_FP64) && token == JSON_NULL)
        *out = NAN;
    else if (token != JSON_NUMBER ||
             !v2_type_take(type, json_number(&elements->request->reader), out, &allowed)) {
        refuse_element(elements, allowed);
        return false;
    }
    elements->seen++;
    return true;
}

/* As many numbers as come one behind the other. */
static bool elements_take(struct elements *elements, double *out)
{
    const enum v2_type type = elements->tensor->type;
    double *at = out + elements->seen;
    size_t got = json_numbers(&elements->request->reader, at,
                              (size_t)(elements->tensor->elements - elements->seen));
    const char *allowed;

    elements->counts[elements->depth] += got;
    for (size_t i = 0; i < got; i++, elements->seen++)
        if (type != V2_FP64 && !v2_type_take(type, at[i], &at[i], &allowed)) {
            refuse_element(elements, allowed);
            return false;
        }
    return true;
}

static bool numbers_of_json(struct elements *elements, double *out)
{
    enum json_token token;

    elements_start(elements);
    while ((token = element_next(elements)) != JSON_END)
        if (token == JSON_BAD || !element_take(elements, token, out + elements->seen) ||
            !elements_take(elements, out))
            return false;
    return true;
}

static void refuse_size(const struct elements *elements, uint64_t wanted)
{
    char shown[V2_NAME_SHOWN];

    reply_refuse(elements->reply, REPLY_MALFORMED,
                 "unexpected total byte size %zu for input '%s', expecting %" PRIu64,
                 elements->tensor->len,
                 v2_tensor_name(elements->request, elements->tensor, shown), wanted);
}

bool v2_size_check(struct v2_request *request, const struct v2_tensor *tensor,
                   struct reply *reply)
{
    const struct elements elements = {.request = request, .tensor = tensor, .reply = reply};
    size_t size = v2_type_size(tensor->type);

    if (tensor->len % size == 0 && tensor->len / size == tensor->elements)
        return true;
    refuse_size(&elements, tensor->elements * size);
    return false;
}

bool v2_numbers(struct v2_request *request, const struct v2_tensor *tensor, double *out,
                struct reply *reply)
{
    struct elements elements = {.request = request, .tensor = tensor, .reply = reply};

    if (tensor->binary_size < 0)
        return numbers_of_json(&elements, out);
    return v2_size_check(request, tensor, reply) &&
           v2_numbers_part(request, tensor, 0, (size_t)tensor->elements, out, reply);
}

bool v2_numbers_part(struct v2_request *request, const struct v2_tensor *tensor, size_t from,
                     size_t n, double *out, struct reply *reply)
{
    struct elements elements = {.request = request, .tensor = tensor, .reply = reply};
    size_t got =
        v2_type_decode(tensor->type, tensor->data + from * v2_type_size(tensor->type), n, out);

    elements.seen = from + got;
    if (got == n)
        return true;
    refuse_element(&elements, tensor->type == V2_BOOL
                                  ? "0 or 1"
                                  : "a whole number that a float64 holds, up to 2^53 - 1");
    return false;
}

/* ---- texts ---- */

typedef bool text_each(void *arg, size_t k, const char *text, size_t len);

static bool texts_of_json(struct elements *elements, text_each *each, void *arg)
{
    enum json_token token;
    const char *text;
    size_t len;

    elements_start(elements);
    while ((token = element_next(elements)) != JSON_END) {
        if (token == JSON_BAD)
            return false;
        if (token != JSON_STRING && token != JSON_NULL) {
            refuse_element(elements, "a string");
            return false;
        }
        text = token == JSON_STRING ? json_text(&elements->request->reader, &len) : NULL;
        if (!each(arg, (size_t)elements->seen, text, text != NULL ? len : 0))
            return false;
        elements->seen++;
    }
    return true;
}

static bool texts_of_bytes(struct elements *elements, text_each *each, void *arg)
{
    const char *at = elements->tensor->data;
    size_t left = elements->tensor->len;
    uint32_t bits;
    size_t len;

    for (; elements->seen < elements->tensor->elements; elements->seen++) {
        if (left < LENGTH_BYTES)
            break;
        memcpy(&bits, at, LENGTH_BYTES);
        len = le32toh(bits);
        if (len > left - LENGTH_BYTES)
            break;
        at += LENGTH_BYTES;
        if (!utf8_valid(at, len)) {
            refuse_element(elements, "text in UTF-8");
            return false;
        }
        if (!each(arg, (size_t)elements->seen, at, len))
            return false;
        at += len;
        left -= LENGTH_BYTES + len;
    }
    if (elements->seen == elements->tensor->elements && left == 0)
        return true;
    reply_refuse(elements->reply, REPLY_MALFORMED,
                 "the bytes of a BYTES input must be %" PRIu64
                 " elements, each with its length in 4 bytes before it",
                 elements->tensor->elements);
    return false;
}

bool v2_texts(struct v2_request *request, const struct v2_tensor *tensor, text_each *each,
              void *arg, struct reply *reply)
{
    struct elements elements = {.request = request, .tensor = tensor, .reply = reply};

    return tensor->binary_size < 0 ? texts_of_json(&elements, each, arg)
                                   : texts_of_bytes(&elements, each, arg);
}
