/*
 * v2_request.c: the JSON of a request for inference: what its tensors are, not yet their
 * elements, which may stand before their type and shape.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/utf8.h"
#include "forest/image.h"
#include "http/v2.h"

_Static_assert((int)V2_INPUTS >= (int)IMAGE_MAX_FEATURES, "one input for each feature");

/* One request while it is read. */
struct reading {
    struct v2_request *request;
    struct json_reader *reader;
    const char *json;
    struct reply *reply;
    bool refused;                /* with the refusal written */
    int8_t binary[V2_NAME__MAX]; /* what an output says; -1: nothing */
};

static void refuse(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of several faults the first is told. */
static void refuse(struct reading *reading, const char *format, ...)
{
    char text[384];
    va_list args;

    if (reading->refused)
        return;
    va_start(args, format);
    text_print_list(text, sizeof(text), format, args);
    va_end(args);
    reply_refuse(reading->reply, REPLY_MALFORMED, "%s", text);
    reading->refused = true;
}

/* ---- small values ---- */

/* A whole number that is next; false where it is none, which was refused, and JSON_BAD. */
static bool integer_read(struct reading *reading, const char *what, int64_t *out)
{
    enum json_token token = json_next(reading->reader);

    if (token == JSON_NUMBER && json_integer(reading->reader, out) && *out >= 0)
        return true;
    if (token == JSON_BAD)
        return false;
    refuse(reading, "%s must be a whole number of 0 or more.", what);
    return json_skip_rest(reading->reader, token);
}

static bool truth_read(struct reading *reading, const char *what, bool *out)
{
    enum json_token token = json_next(reading->reader);

    *out = token == JSON_TRUE;
    if (token == JSON_BAD)
        return false;
    if (token != JSON_TRUE && token != JSON_FALSE)
        refuse(reading, "%s must be true or false.", what);
    return json_skip_rest(reading->reader, token);
}

/* A string that is next, with its bytes; NULL with the refusal, or at JSON_BAD. */
static const char *text_read(struct reading *reading, const char *what, size_t *len)
{
    enum json_token token = json_next(reading->reader);

    if (token == JSON_STRING)
        return json_text(reading->reader, len);
    if (token != JSON_BAD) {
        refuse(reading, "%s must be a string.", what);
        json_skip_rest(reading->reader, token);
    }
    return NULL;
}

static bool is_bad(const struct reading *reading)
{
    return json_result(reading->reader) != RESULT_OK;
}

/*
 * Goes through the members of an object that is next, calling read for each, its key just
 * read; what it does not know it skips.  null is an object without any.
 */
static bool members_read(struct reading *reading, const char *what,
                         bool (*read)(struct reading *reading, void *arg), void *arg)
{
    enum json_token token = json_next(reading->reader);

    if (token == JSON_NULL)
        return true;
    if (token != JSON_OBJECT) {
        if (token != JSON_BAD)
            refuse(reading, "%s must be an object.", what);
        return token != JSON_BAD && json_skip_rest(reading->reader, token);
    }
    while ((token = json_next(reading->reader)) == JSON_KEY)
        if (!read(reading, arg))
            return false;
    return token != JSON_BAD;
}

/* What is left of an array, a token of whose was just read. */
static bool array_skip(struct reading *reading, enum json_token token)
{
    if (token == JSON_ARRAY_END)
        return true;
    return json_skip_rest(reading->reader, token) &&
           json_skip_rest(reading->reader, JSON_ARRAY);
}

/* The same of a list of objects; begin() makes room for each, and NULL skips it. */
static bool list_read(struct reading *reading, const char *what,
                      void *(*begin)(struct reading *reading),
                      bool (*read)(struct reading *reading, void *arg))
{
    enum json_token token = json_next(reading->reader);
    void *arg;

    if (token == JSON_NULL)
        return true;
    if (token != JSON_ARRAY) {
        if (token != JSON_BAD)
            refuse(reading, "%s must be an array of objects.", what);
        return token != JSON_BAD && json_skip_rest(reading->reader, token);
    }
    while ((token = json_next(reading->reader)) == JSON_OBJECT) {
        arg = begin(reading);
        while (arg != NULL && json_next(reading->reader) == JSON_KEY)
            if (!read(reading, arg))
                return false;
        if (arg == NULL && !json_skip_rest(reading->reader, JSON_OBJECT))
            return false;
    }
    if (token == JSON_BAD || token == JSON_ARRAY_END)
        return token == JSON_ARRAY_END;
    refuse(reading, "%s must be an array of objects.", what);
    return array_skip(reading, token);
}

/* ---- inputs ---- */

static void *tensor_begin(struct reading *reading)
{
    struct v2_request *request = reading->request;
    size_t cap = request->inputs_cap == 0 ? 4 : request->inputs_cap * 2;
    struct v2_tensor *more;

    if (request->n_inputs == V2_INPUTS) {
        refuse(reading, "There are more inputs than any model has.");
        return NULL;
    }
    if (request->n_inputs == request->inputs_cap) {
        more = reallocarray(request->inputs, cap, sizeof(*more));
        if (more == NULL) {
            reply_refuse_memory(reading->reply);
            reading->refused = true;
            return NULL;
        }
        request->inputs = more;
        request->inputs_cap = cap;
    }
    more = &request->inputs[request->n_inputs++];
    *more = (struct v2_tensor){.type = V2_TYPE__MAX, .binary_size = -1, .n_dims = SIZE_MAX};
    return more;
}

static bool shape_read(struct reading *reading, struct v2_tensor *tensor)
{
    enum json_token token = json_next(reading->reader);
    int64_t dim = 0;

    tensor->n_dims = 0;
    tensor->elements = 1;
    if (token != JSON_ARRAY) {
        if (token != JSON_BAD)
            refuse(reading, "shape must be an array of whole numbers.");
        return token != JSON_BAD && json_skip_rest(reading->reader, token);
    }
    while ((token = json_next(reading->reader)) == JSON_NUMBER) {
        if (!json_integer(reading->reader, &dim) || dim < 0 ||
            __builtin_mul_overflow(tensor->elements, (uint64_t)dim, &tensor->elements)) {
            refuse(reading, "shape must be an array of whole numbers of 0 or more.");
            dim = 0;
        }
        if (tensor->n_dims < V2_DIMS)
            tensor->dims[tensor->n_dims] = dim;
        tensor->n_dims++;
    }
    if (token == JSON_ARRAY_END || token == JSON_BAD)
        return token == JSON_ARRAY_END;
    refuse(reading, "shape must be an array of whole numbers.");
    return array_skip(reading, token);
}

static bool datatype_read(struct reading *reading, struct v2_tensor *tensor)
{
    char shown[V2_NAME_SHOWN];
    const char *text;
    size_t len;

    text = text_read(reading, "datatype", &len);
    if (text == NULL)
        return !is_bad(reading);
    tensor->type = v2_type_find(text, len);
    if (tensor->type == V2_TYPE__MAX) {
        utf8_quote(shown, sizeof(shown), text, len);
        refuse(reading,
               "'%s' is not a datatype; there are BOOL, UINT8, UINT16, UINT32, UINT64, "
               "INT8, INT16, INT32, INT64, FP16, FP32, FP64 and BYTES.",
               shown);
    }
    return true;
}

/* "data": where it stands; its elements are read when type and shape are known. */
static bool data_find(struct reading *reading, struct v2_tensor *tensor)
{
    enum json_token token = json_next(reading->reader);
    size_t begin;

    if (token == JSON_BAD)
        return false;
    begin = json_offset(reading->reader);
    if (token == JSON_NULL) /* of who has sent it as bytes */
        return true;
    if (token != JSON_ARRAY)
        refuse(reading, "data must be an array.");
    if (!json_skip_rest(reading->reader, token))
        return false;
    tensor->data = reading->json + begin;
    tensor->len = json_offset(reading->reader) + 1 - begin;
    return true;
}

/* MLServer's hint of what the elements are; two of them would mean other values. */
static bool content_type_read(struct reading *reading)
{
    const char *text;
    size_t len;

    text = text_read(reading, "content_type", &len);
    if (text != NULL &&
        (json_text_is(reading->reader, "base64") || json_text_is(reading->reader, "datetime")))
        refuse(reading, "The content_type '%s' is not taken here; there are np, pd and str.",
               json_text_is(reading->reader, "base64") ? "base64" : "datetime");
    return !is_bad(reading);
}

static bool is_shared_memory(const struct json_reader *reader)
{
    return json_text_is(reader, "shared_memory_region") ||
           json_text_is(reader, "shared_memory_byte_size") ||
           json_text_is(reader, "shared_memory_offset");
}

static bool input_parameter(struct reading *reading, void *arg)
{
    struct v2_tensor *tensor = arg;

    if (json_text_is(reading->reader, "binary_data_size"))
        return integer_read(reading, "binary_data_size", &tensor->binary_size);
    if (json_text_is(reading->reader, "content_type"))
        return content_type_read(reading);
    if (is_shared_memory(reading->reader))
        refuse(reading, "Shared memory is not supported.");
    return json_skip(reading->reader);
}

static bool input_member(struct reading *reading, void *arg)
{
    struct v2_tensor *tensor = arg;
    const char *text;

    if (json_text_is(reading->reader, "name")) {
        text = text_read(reading, "The name of an input", &tensor->name_len);
        tensor->name = reading->request->store.len;
        if (text != NULL)
            buf_put(&reading->request->store, text, tensor->name_len);
        return !is_bad(reading);
    }
    if (json_text_is(reading->reader, "shape"))
        return shape_read(reading, tensor);
    if (json_text_is(reading->reader, "datatype"))
        return datatype_read(reading, tensor);
    if (json_text_is(reading->reader, "data"))
        return data_find(reading, tensor);
    if (json_text_is(reading->reader, "parameters"))
        return members_read(reading, "parameters", input_parameter, tensor);
    return json_skip(reading->reader);
}

/* ---- outputs ---- */

static void *asked_begin(struct reading *reading)
{
    struct v2_request *request = reading->request;

    if (request->n_outputs == V2_NAME__MAX) {
        refuse(reading, "There are more outputs than the two that any model has.");
        return NULL;
    }
    reading->binary[request->n_outputs] = -1;
    request->outputs[request->n_outputs] = (struct v2_asked){.name = V2_NAME__MAX};
    return &request->outputs[request->n_outputs++];
}

static bool output_parameter(struct reading *reading, void *arg)
{
    struct v2_asked *asked = arg;
    bool truth;

    if (json_text_is(reading->reader, "binary_data")) {
        if (!truth_read(reading, "binary_data", &truth))
            return false;
        reading->binary[asked - reading->request->outputs] = truth ? 1 : 0;
        return true;
    }
    if (json_text_is(reading->reader, "classification"))
        return integer_read(reading, "classification", &asked->classes);
    if (is_shared_memory(reading->reader))
        refuse(reading, "Shared memory is not supported.");
    return json_skip(reading->reader);
}

static bool output_name_read(struct reading *reading, struct v2_asked *asked)
{
    char shown[V2_NAME_SHOWN];
    const char *text;
    size_t len;

    text = text_read(reading, "The name of an output", &len);
    if (text == NULL)
        return !is_bad(reading);
    if (json_text_is(reading->reader, "predict"))
        asked->name = V2_PREDICT;
    else if (json_text_is(reading->reader, "predict_proba"))
        asked->name = V2_PROBA;
    utf8_quote(shown, sizeof(shown), text, len);
    if (asked->name == V2_NAME__MAX)
        refuse(reading, "unexpected inference output '%s'; there are predict and predict_proba",
               shown);
    return true;
}

static bool output_member(struct reading *reading, void *arg)
{
    struct v2_asked *asked = arg;

    if (json_text_is(reading->reader, "name"))
        return output_name_read(reading, asked);
    if (json_text_is(reading->reader, "parameters"))
        return members_read(reading, "parameters", output_parameter, asked);
    return json_skip(reading->reader);
}

/* ---- the whole ---- */

static bool parameter(struct reading *reading, void *arg)
{
    struct v2_request *request = arg;

    if (json_text_is(reading->reader, "binary_data_output"))
        return truth_read(reading, "binary_data_output", &request->binary_output);
    if (json_text_is(reading->reader, "content_type"))
        return content_type_read(reading);
    return json_skip(reading->reader);
}

static bool id_read(struct reading *reading)
{
    enum json_token token = json_next(reading->reader);
    const char *text;
    size_t len;

    if (token == JSON_STRING) {
        text = json_text(reading->reader, &len);
        buf_put(&reading->request->id, text, len);
        reading->request->has_id = true;
    } else if (token != JSON_NULL && token != JSON_BAD) {
        refuse(reading, "id must be a string.");
    }
    return token != JSON_BAD && json_skip_rest(reading->reader, token);
}

static bool member(struct reading *reading, void *arg)
{
    if (json_text_is(reading->reader, "id"))
        return id_read(reading);
    if (json_text_is(reading->reader, "parameters"))
        return members_read(reading, "parameters", parameter, arg);
    if (json_text_is(reading->reader, "inputs"))
        return list_read(reading, "inputs", tensor_begin, input_member);
    if (json_text_is(reading->reader, "outputs"))
        return list_read(reading, "outputs", asked_begin, output_member);
    return json_skip(reading->reader);
}

/* Where the bytes of the tensors stand that have some. */
static bool bytes_share(struct reading *reading, const char *bytes, size_t len)
{
    struct v2_request *request = reading->request;
    char shown[V2_NAME_SHOWN];

    for (size_t i = 0; i < request->n_inputs; i++) {
        struct v2_tensor *tensor = &request->inputs[i];

        if (tensor->binary_size < 0)
            continue;
        if (tensor->data != NULL) {
            refuse(reading, "input '%s' has data and binary_data_size; one of the two is meant",
                   v2_tensor_name(request, tensor, shown));
            return false;
        }
        if ((uint64_t)tensor->binary_size > len) {
            refuse(reading,
                   "unexpected additional input data for input '%s': binary_data_size is over "
                   "the bytes that are behind the JSON",
                   v2_tensor_name(request, tensor, shown));
            return false;
        }
        tensor->data = bytes;
        tensor->len = (size_t)tensor->binary_size;
        bytes += tensor->len;
        len -= tensor->len;
    }
    if (len > 0)
        refuse(reading,
               "unexpected additional input data: %zu bytes behind the JSON belong to "
               "no input; Inference-Header-Content-Length says how long the JSON is",
               len);
    return !reading->refused;
}

/* What each tensor has to have. */
static bool inputs_check(struct reading *reading)
{
    struct v2_request *request = reading->request;
    char shown[V2_NAME_SHOWN];

    if (request->n_inputs == 0)
        refuse(reading, "inputs must have a tensor at least.");
    for (size_t i = 0; i < request->n_inputs && !reading->refused; i++) {
        const struct v2_tensor *tensor = &request->inputs[i];
        const char *lacks = NULL;

        if (tensor->name_len == 0)
            lacks = "name";
        else if (tensor->n_dims == SIZE_MAX)
            lacks = "shape";
        else if (tensor->type == V2_TYPE__MAX)
            lacks = "datatype";
        else if (tensor->data == NULL)
            lacks = "data";
        if (lacks != NULL)
            refuse(reading, "input %zu%s%s%s has no %s.", i, tensor->name_len > 0 ? ", '" : "",
                   tensor->name_len > 0 ? v2_tensor_name(request, tensor, shown) : "",
                   tensor->name_len > 0 ? "'," : "", lacks);
    }
    return !reading->refused;
}

/* Each output once, and in the form that it or the request says. */
static bool outputs_check(struct reading *reading)
{
    struct v2_request *request = reading->request;

    for (size_t i = 0; i < request->n_outputs; i++) {
        struct v2_asked *asked = &request->outputs[i];

        if (asked->name == V2_NAME__MAX)
            refuse(reading, "output %zu has no name.", i);
        if (i > 0 && asked->name == request->outputs[0].name)
            refuse(reading, "an output is asked for twice.");
        asked->binary = reading->binary[i] < 0 ? request->binary_output : reading->binary[i];
    }
    if (request->n_outputs == 0)
        request->outputs[request->n_outputs++] =
            (struct v2_asked){.name = V2_PREDICT, .binary = request->binary_output};
    return !reading->refused;
}

static bool json_read(struct reading *reading, size_t len)
{
    struct json_reader *reader = reading->reader;
    enum json_token token;
    bool good = true;

    reader->nan_is_null = true; /* as Triton reads it, of its client and of Python's json */
    json_reader_start(reader, reading->json, len);
    token = json_next(reader);
    if (token == JSON_OBJECT)
        while (good && json_next(reader) == JSON_KEY)
            good = member(reading, reading->request);
    else if (token != JSON_BAD) {
        refuse(reading, "The body must be an object.");
        good = json_skip_rest(reader, token);
    }
    if (!is_bad(reading) && good)
        json_next(reader); /* nothing may be behind it */
    if (json_result(reader) == RESULT_NOMEM || buf_failed(&reading->request->store) ||
        buf_failed(&reading->request->id))
        reply_refuse_memory(reading->reply); /* nor are names there to be told */
    else if (!is_bad(reading))
        return !reading->refused;
    else
        reply_refuse(reading->reply, REPLY_MALFORMED,
                     "The body is not JSON that is taken here: %s.", json_problem(reader));
    return false;
}

bool v2_request_read(struct v2_request *request, const struct buf *body, const char *header,
                     struct reply *reply)
{
    const char *bytes = body->data != NULL ? body->data : "";
    struct reading reading = {
        .request = request, .reader = &request->reader, .json = bytes, .reply = reply};
    uint64_t json_len = body->len;

    if (header != NULL && header[0] != '\0' &&
        (!num_parse_u64(header, strlen(header), &json_len) || json_len > body->len)) {
        reply_refuse(reply, REPLY_MALFORMED,
                     "Inference-Header-Content-Length must be the length of the JSON that the "
                     "body begins with.");
        return false;
    }
    request->raw = header != NULL && header[0] != '\0' && json_len == 0;
    if (request->raw) {
        request->outputs[request->n_outputs++] =
            (struct v2_asked){.name = V2_PREDICT, .binary = true};
        return true;
    }
    return json_read(&reading, (size_t)json_len) &&
           bytes_share(&reading, bytes + json_len, body->len - (size_t)json_len) &&
           inputs_check(&reading) && outputs_check(&reading);
}

void v2_request_free(struct v2_request *request)
{
    json_reader_free(&request->reader);
    buf_free(&request->store);
    buf_free(&request->id);
    free(request->inputs);
    request->inputs = NULL;
}

const char *v2_tensor_name(const struct v2_request *request, const struct v2_tensor *tensor,
                           char shown[V2_NAME_SHOWN])
{
    if (tensor->name_len == 0) /* of a body that is one tensor */
        shown[0] = '\0';
    else
        utf8_quote(shown, V2_NAME_SHOWN / 2, request->store.data + tensor->name,
                   tensor->name_len);
    return shown;
}

void v2_shape_print(char out[V2_SHAPE_SHOWN], const int64_t *dims, size_t n)
{
    size_t len = (size_t)snprintf(out, V2_SHAPE_SHOWN, "[");

    for (size_t i = 0; i < n && i < V2_DIMS; i++)
        len += (size_t)snprintf(out + len, V2_SHAPE_SHOWN - len, "%s%" PRId64,
                                i == 0 ? "" : ",", dims[i]);
    snprintf(out + len, V2_SHAPE_SHOWN - len, n > V2_DIMS ? ",...]" : "]");
}
