/*
 * v2.h: the Open Inference Protocol, version 2: tensors of a request, as rows of a model, and
 * answers as tensors.
 *
 * Sources: kserve/open-inference-protocol, specification/protocol/inference_rest.md; Triton's
 * extensions binary_tensor_data and classification (triton-inference-server/server,
 * docs/protocol).  What is wrong with tensors is a 400 with a sentence in Triton's words where
 * it has some; what is wrong with a value for the model is a 422, as everywhere.
 */
#ifndef HTTP_V2_H
#define HTTP_V2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "forest/predictor.h"
#include "http/reply.h"
#include "http/request.h"

/* ---- v2_type.c ---- */

enum v2_type {
    V2_BOOL,
    V2_UINT8,
    V2_UINT16,
    V2_UINT32,
    V2_UINT64,
    V2_INT8,
    V2_INT16,
    V2_INT32,
    V2_INT64,
    V2_FP16,
    V2_FP32,
    V2_FP64,
    V2_BYTES,
    V2_TYPE__MAX
};

const char *v2_type_name(enum v2_type type);

/* Bytes of an element; 0 of V2_BYTES, whose elements say their own. */
size_t v2_type_size(enum v2_type type);

/* V2_TYPE__MAX if there is none of this name. */
enum v2_type v2_type_find(const char *name, size_t len);

/*
 * The numbers of n elements, as they stand in a binary tensor: little-endian, one behind the
 * other.  Returns how many are ones: fewer than n where the next is none (a BOOL of neither 0
 * nor 1, an integer that no float64 holds).
 */
size_t v2_type_decode(enum v2_type type, const char *bytes, size_t n, double *out);

/*
 * A number of JSON as an element of a type.  False: it is none, for *allowed says what is.
 * A float32 is rounded to it.
 */
bool v2_type_take(enum v2_type type, double number, double *out, const char **allowed);

/* ---- v2_request.c ---- */

enum {
    V2_DIMS = 4,         /* of a shape that is kept; what has more fits no model */
    V2_INPUTS = 65536,   /* IMAGE_MAX_FEATURES */
    V2_NAME_SHOWN = 200, /* bytes of a client's word in a sentence, with its NUL */
    V2_SHAPE_SHOWN = 96
};

/* The outputs of every model. */
enum v2_name {
    V2_PREDICT, /* the class's index, INT64, or the value, FP64; of several targets of each */
    V2_PROBA,   /* FP64, one for each class */
    V2_NAME__MAX
};

/* A tensor of a request.  Texts and data point into the body or into the request's store. */
struct v2_tensor {
    size_t name, name_len; /* in the store */
    enum v2_type type;
    int64_t dims[V2_DIMS];
    size_t n_dims;
    uint64_t elements; /* the product of the dims */
    const char *data;  /* JSON, or bytes where binary; NULL: there is none */
    size_t len;
    int64_t binary_size; /* announced; -1: it is in the JSON */
};

/* What is asked of an output. */
struct v2_asked {
    enum v2_name name;
    bool binary;
    int64_t classes; /* of the classification extension; 0: not asked */
};

/* Zeroed before v2_request_read(). */
struct v2_request {
    struct json_reader reader;
    struct buf store; /* names */
    bool has_id, raw;
    struct buf id;
    struct v2_tensor *inputs;
    size_t n_inputs, inputs_cap;
    struct v2_asked outputs[V2_NAME__MAX];
    size_t n_outputs;
    bool binary_output; /* where an output does not say */
};

/*
 * Reads a body, whose first json_len bytes are the JSON; with json_len 0 and raw set all of it
 * is one tensor.  What is not asked is "predict".  False with the refusal written: 400.
 */
bool v2_request_read(struct v2_request *request, const struct buf *body, const char *header,
                     struct reply *reply);
void v2_request_free(struct v2_request *request);

const char *v2_tensor_name(const struct v2_request *request, const struct v2_tensor *tensor,
                           char shown[V2_NAME_SHOWN]);

/* "[2,4]" */
void v2_shape_print(char out[V2_SHAPE_SHOWN], const int64_t *dims, size_t n);

/* ---- v2_data.c ---- */

/* Whether a binary tensor has as many bytes as its shape says.  False with the 400 written. */
bool v2_size_check(struct v2_request *request, const struct v2_tensor *tensor,
                   struct reply *reply);

/* Some elements of such a tensor of numbers.  False with the refusal written: 400. */
bool v2_numbers_part(struct v2_request *request, const struct v2_tensor *tensor, size_t from,
                     size_t n, double *out, struct reply *reply);

/*
 * The elements of a tensor of numbers, all of them; null is NaN.  False with the refusal
 * written: 400.
 */
bool v2_numbers(struct v2_request *request, const struct v2_tensor *tensor, double *out,
                struct reply *reply);

/*
 * Calls each for the elements of a tensor of texts, with NULL for null, until it returns false.
 * False with the refusal written, 400, or where each() returned so.
 */
bool v2_texts(struct v2_request *request, const struct v2_tensor *tensor,
              bool (*each)(void *arg, size_t k, const char *text, size_t len), void *arg,
              struct reply *reply);

/* ---- v2_rows.c ---- */

/* Rows of a model's features: how many there are, and how they are to be had. */
struct v2_rows;

/*
 * The tensors as rows: one of all features, or one for each feature by its name.  Of a binary
 * tensor of all features the values are looked at when they are given out.  The answer to each
 * row has so many numbers, by which there may be fewer of them.  NULL with the
 * refusal written: 400 for tensors that are not the model's, 422 for values, 503.  The request,
 * its body and the reply stay in place until v2_rows_free().
 */
struct v2_rows *v2_rows_read(struct service *service, struct v2_request *request,
                             const struct model *model, size_t numbers, struct reply *reply);
void v2_rows_free(struct v2_rows *filling);

size_t v2_rows_count(const struct v2_rows *filling);

/*
 * Rows from one on, checked: in room for n of them, or elsewhere.  NULL with the refusal
 * written.
 */
const double *v2_rows_get(struct v2_rows *filling, size_t from, size_t n, double *room);

/* The type that the model's numbers are compared in: what a raw tensor has. */
enum v2_type v2_type_of(const struct image *image);

/* ---- v2_answer.c ---- */

/* Whether the model has what is asked.  False with the refusal written: 400. */
bool v2_answer_check(const struct v2_request *request, const struct model *model,
                     const struct predictor *predictor, struct reply *reply);

/* Numbers in the answer to one row; a label beside one counts as INPUT_LABELLED has it. */
size_t v2_answer_numbers(const struct v2_request *request, const struct predictor *predictor);

/* Writes the answer, JSON and perhaps bytes behind it. */
void v2_answer_write(const struct v2_request *request, const struct model *model,
                     const struct predictor *predictor, const double *margins,
                     const double *answers, size_t rows, struct reply *reply);

/* ---- handle_v2.c ---- */

/* No such model, or no such version of it.  The words are those that clients look for. */
void v2_refuse_unknown(const struct request *request, struct reply *reply);

/*
 * The model that the path names, in the version that it names or NULL for the one that serves.
 * NULL with the refusal written: 404, 503.
 */
const struct model *v2_model(struct service *service, const struct request *request,
                             struct reply *reply);

#endif
