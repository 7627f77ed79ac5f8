/*
 * v2_rows.c: tensors as rows of a model's features, each value checked by its schema.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/schema.h"
#include "forest/text_model.h"
#include "http/input.h"
#include "http/v2.h"

enum {
    FAULTS_MAX = 20,
    ALLOWED_MAX = 512,
    FIELD_MAX = 80
};

/*
 * One request on its way to rows.  The bounds are for one quick question of many values, whose
 * answer needs no look at each feature's rules; where it is no, each value is looked at.
 */
struct v2_rows {
    struct service *service;
    struct v2_request *request;
    const struct model *model;
    const struct image *image;
    struct schema schema;
    struct text_scratch *scratch;
    struct reply *reply;
    const struct v2_tensor *tensor; /* the column that is read, */
    size_t at;                      /* and which of the inputs it is */
    size_t numbers; /* of the walk or in the answer, whichever are more, to a row */
    uint32_t width;
    uint32_t feature; /* of a column */
    bool column;
    unsigned faults;
    size_t count;
    double *values;          /* all of them; NULL where they are had from the tensor */
    struct v2_tensor packed; /* that one: binary, of all features */
    double *low, *high;      /* what each feature takes, NULL: more has to be asked */
};

enum v2_type v2_type_of(const struct image *image)
{
    return image_spec(image)->compare == SPEC_COMPARE_F32 && !image_has_lines(image) ? V2_FP32
                                                                                     : V2_FP64;
}

/* ---- values ---- */

/* Notes a value that the model does not take.  False: that is enough. */
static bool fault(struct v2_rows *filling, size_t k, uint32_t feature, const char *problem)
{
    char field[FIELD_MAX], allowed[ALLOWED_MAX], text[ALLOWED_MAX], name[V2_NAME_SHOWN / 2];
    const char *feature_name = image_feature_name(filling->image, feature);

    utf8_quote(name, sizeof(name), feature_name, strlen(feature_name));
    text_print(field, sizeof(field), "inputs[%zu].data[%zu]", filling->at, k);
    text_print(text, sizeof(text), "%s (feature %s)", problem, name);
    schema_print_allowed(&filling->schema, feature, allowed, sizeof(allowed));
    reply_fault(filling->reply, field, text, allowed);
    return ++filling->faults < FAULTS_MAX;
}

/* One number, which is element k, in its place; false where no more is to be looked at. */
static bool value_check(struct v2_rows *filling, size_t k, uint32_t feature, double *value)
{
    enum schema_fault found = isnan(*value)
                                  ? schema_take_missing(&filling->schema, feature, value)
                                  : schema_take_code(&filling->schema, feature, *value, value);

    return found == SCHEMA_FITS || fault(filling, k, feature, schema_fault_text(found));
}

/* Whether a value has more to be than within bounds. */
static bool is_particular(const struct schema_feature *feature)
{
    return feature->named || feature->type == IMAGE_INTEGER || feature->type == IMAGE_BOOLEAN;
}

/* The bounds, where they say all.  False with the refusal written, for want of memory. */
static bool bounds_make(struct v2_rows *filling)
{
    for (uint32_t i = 0; i < filling->width; i++)
        if (is_particular(&filling->schema.features[i]))
            return true;
    filling->low = reallocarray(NULL, filling->width, 2 * sizeof(double));
    if (filling->low == NULL) {
        reply_refuse_memory(filling->reply);
        return false;
    }
    filling->high = filling->low + filling->width;
    for (uint32_t i = 0; i < filling->width; i++) {
        filling->low[i] = filling->schema.features[i].low;
        filling->high[i] = filling->schema.features[i].high;
    }
    return true;
}

/* The quick question, which is no for NaN. */
static bool row_fits(const struct v2_rows *filling, const double *values)
{
    const double *low = filling->low, *high = filling->high;
    unsigned good = 1;

    if (low == NULL)
        return schema_takes_all(&filling->schema, 0, values, filling->width);
    for (uint32_t i = 0; i < filling->width; i++)
        good &= (unsigned)(values[i] >= low[i]) & (unsigned)(values[i] <= high[i]);
    return good != 0;
}

/* Rows from one on; false with the refusal written. */
static bool rows_check(struct v2_rows *filling, size_t from, size_t n, double *values)
{
    const uint32_t width = filling->width;

    for (size_t row = 0; row < n; row++, values += width) {
        if (row_fits(filling, values))
            continue;
        for (uint32_t i = 0; i < width; i++)
            if (!value_check(filling, (from + row) * width + i, i, &values[i]))
                return false;
    }
    return filling->faults == 0;
}

/* One text, a category's name. */
static bool category_take(void *arg, size_t k, const char *text, size_t len)
{
    struct v2_rows *filling = arg;
    uint32_t feature = filling->column ? filling->feature : (uint32_t)(k % filling->width);
    double *value = filling->values + (filling->column ? k * filling->width + feature : k);
    enum schema_fault found =
        text == NULL ? schema_take_missing(&filling->schema, feature, value)
                     : schema_take_text(&filling->schema, feature, text, len, value);

    if (found == SCHEMA_FITS)
        return true;
    *value = 0;
    return fault(filling, k, feature,
                 found == SCHEMA_KIND ? "a text where the feature has numbers"
                                      : schema_fault_text(found));
}

/* ---- room ---- */

/* How many rows there are, if that may be.  False with the refusal written. */
static bool count_take(struct v2_rows *filling, uint64_t count)
{
    size_t limit = input_rows_limit(filling->service, filling->image, filling->numbers,
                                    filling->service->body.len);
    char problem[FIELD_MAX];

    if (count == 0) {
        reply_refuse(filling->reply, REPLY_MALFORMED, "The inputs have no rows.");
        return false;
    }
    if (count > limit) {
        text_print(problem, sizeof(problem), "over the limit of %zu rows", limit);
        reply_fault(filling->reply, "inputs", problem, "fewer rows at once");
        return false;
    }
    filling->count = (size_t)count;
    return true;
}

/* Room for so many rows.  False with the refusal written. */
static bool room_make(struct v2_rows *filling, uint64_t count)
{
    if (!count_take(filling, count))
        return false;
    filling->values = reallocarray(NULL, filling->count, filling->width * sizeof(double));
    if (filling->values == NULL)
        reply_refuse_memory(filling->reply);
    return filling->values != NULL;
}

/* ---- one tensor of all features ---- */

static bool is_feature(const struct v2_rows *filling, const struct v2_tensor *tensor)
{
    return image_feature_find(filling->image, filling->request->store.data + tensor->name,
                              tensor->name_len) >= 0;
}

/* How many rows a tensor of all features has; -1: it is none. */
static int64_t matrix_rows(const struct v2_rows *filling, const struct v2_tensor *tensor)
{
    if (tensor->n_dims == 2 && tensor->dims[1] == filling->width)
        return tensor->dims[0];
    if (tensor->n_dims == 1 && filling->width == 1)
        return tensor->dims[0];
    if (tensor->n_dims == 1 && tensor->dims[0] == filling->width &&
        !is_feature(filling, tensor))
        return 1;
    return -1;
}

static bool matrix_read(struct v2_rows *filling, const struct v2_tensor *tensor, int64_t count)
{
    if (tensor->binary_size >= 0 && tensor->type != V2_BYTES) {
        filling->packed = *tensor;
        return count_take(filling, (uint64_t)count) && bounds_make(filling) &&
               v2_size_check(filling->request, tensor, filling->reply);
    }
    if (!room_make(filling, (uint64_t)count))
        return false;
    if (tensor->type == V2_BYTES)
        return v2_texts(filling->request, tensor, category_take, filling, filling->reply) &&
               filling->faults == 0;
    return bounds_make(filling) &&
           v2_numbers(filling->request, tensor, filling->values, filling->reply) &&
           rows_check(filling, 0, filling->count, filling->values);
}

static void refuse_shape(const struct v2_rows *filling, const struct v2_tensor *tensor,
                         const char *expected)
{
    char shown[V2_NAME_SHOWN], shape[V2_SHAPE_SHOWN];

    v2_shape_print(shape, tensor->dims, tensor->n_dims);
    reply_refuse(filling->reply, REPLY_MALFORMED,
                 "unexpected shape for input '%s' for model '%s'. Expected %s, got %s",
                 v2_tensor_name(filling->request, tensor, shown), filling->model->row.name,
                 expected, shape);
}

/* ---- a tensor for each feature ---- */

/* The rows of a column; -1: it is none, which was refused. */
static int64_t column_rows(const struct v2_rows *filling, const struct v2_tensor *tensor)
{
    if (tensor->n_dims == 1 || (tensor->n_dims == 2 && tensor->dims[1] == 1))
        return tensor->dims[0];
    refuse_shape(filling, tensor, "[-1] or [-1,1]");
    return -1;
}

static bool column_read(struct v2_rows *filling, double *room)
{
    const struct v2_tensor *tensor = filling->tensor;
    const uint32_t width = filling->width;
    double *values = filling->values + filling->feature;

    if (tensor->type == V2_BYTES)
        return v2_texts(filling->request, tensor, category_take, filling, filling->reply);
    if (!v2_numbers(filling->request, tensor, room, filling->reply))
        return false;
    for (size_t row = 0; row < filling->count; row++) {
        values[row * width] = room[row];
        if (!value_check(filling, row, filling->feature, &values[row * width]))
            return false;
    }
    return true;
}

/* Which feature a tensor is of, and that it is so once and of as many rows as the first. */
static bool column_find(struct v2_rows *filling, bool *seen)
{
    const struct v2_tensor *tensor = filling->tensor;
    int feature = image_feature_find(
        filling->image, filling->request->store.data + tensor->name, tensor->name_len);
    char shown[V2_NAME_SHOWN], expected[V2_SHAPE_SHOWN];
    int64_t rows;

    v2_tensor_name(filling->request, tensor, shown);
    if (feature < 0) {
        reply_refuse(filling->reply, REPLY_MALFORMED,
                     "unexpected inference input '%s' for model '%s'", shown,
                     filling->model->row.name);
        return false;
    }
    if (seen[feature]) {
        reply_refuse(filling->reply, REPLY_MALFORMED, "input '%s' is given twice", shown);
        return false;
    }
    rows = column_rows(filling, tensor);
    if (rows < 0)
        return false;
    if (filling->values != NULL && (uint64_t)rows != filling->count) {
        text_print(expected, sizeof(expected), "[%zu]", filling->count);
        refuse_shape(filling, tensor, expected);
        return false;
    }
    seen[feature] = true;
    filling->feature = (uint32_t)feature;
    return filling->values != NULL || room_make(filling, (uint64_t)rows);
}

/* The features that no tensor is of: missing, if they may be. */
static bool unnamed_fill(struct v2_rows *filling, const bool *seen)
{
    char shown[V2_NAME_SHOWN / 2];

    for (uint32_t i = 0; i < filling->width; i++) {
        const char *name = image_feature_name(filling->image, i);
        double missing;

        if (seen[i])
            continue;
        if (schema_take_missing(&filling->schema, i, &missing) != SCHEMA_FITS) {
            utf8_quote(shown, sizeof(shown), name, strlen(name));
            reply_refuse(filling->reply, REPLY_MALFORMED,
                         "expected %u inputs but got %zu inputs for model '%s'; the required "
                         "input '%s' is missing",
                         (unsigned)filling->width, filling->request->n_inputs,
                         filling->model->row.name, shown);
            return false;
        }
        for (size_t row = 0; row < filling->count; row++)
            filling->values[row * filling->width + i] = missing;
    }
    return true;
}

static bool columns_read(struct v2_rows *filling)
{
    const struct v2_request *request = filling->request;
    bool *seen = calloc(filling->width, sizeof(*seen));
    double *room = NULL;
    bool good = seen != NULL;

    filling->column = true;
    for (filling->at = 0; good && filling->at < request->n_inputs; filling->at++) {
        filling->tensor = &request->inputs[filling->at];
        good = column_find(filling, seen);
        if (good && room == NULL)
            room = reallocarray(NULL, filling->count, sizeof(*room));
        if (good && room == NULL)
            reply_refuse_memory(filling->reply);
        good = good && room != NULL && column_read(filling, room);
    }
    if (seen == NULL)
        reply_refuse_memory(filling->reply);
    good = good && filling->faults == 0 && unnamed_fill(filling, seen);
    free(seen);
    free(room);
    return good;
}

static bool features_read(struct v2_rows *filling)
{
    const struct v2_tensor *tensor = &filling->request->inputs[0];
    char expected[V2_SHAPE_SHOWN];
    int64_t rows;

    if (filling->request->n_inputs > 1)
        return columns_read(filling);
    rows = matrix_rows(filling, tensor);
    if (rows >= 0)
        return matrix_read(filling, tensor, rows);
    if (is_feature(filling, tensor))
        return columns_read(filling);
    text_print(expected, sizeof(expected), "[-1,%u]", (unsigned)filling->width);
    refuse_shape(filling, tensor, expected);
    return false;
}

/* ---- texts ---- */

static bool text_take(void *arg, size_t k, const char *text, size_t len)
{
    struct v2_rows *filling = arg;
    enum text_fault found;
    char field[FIELD_MAX];

    text_print(field, sizeof(field), "inputs[%zu].data[%zu]", filling->at, k);
    found = text != NULL ? text_check(&text, &len, NULL) : TEXT_NO_WORD;
    if (found == TEXT_FITS) {
        text_features(image_text(filling->image), filling->scratch, text, len,
                      filling->values + k * filling->width);
        return true;
    }
    reply_fault(filling->reply, field, text_fault_says(found),
                "a string of 10 to 5000 characters, of which one is a letter or digit");
    return ++filling->faults < FAULTS_MAX;
}

static bool texts_read(struct v2_rows *filling)
{
    const struct v2_tensor *tensor = &filling->request->inputs[0];
    char shown[V2_NAME_SHOWN];

    if (filling->request->n_inputs > 1 || tensor->type != V2_BYTES) {
        reply_refuse(filling->reply, REPLY_MALFORMED,
                     "inference input '%s' data-type is '%s', but model '%s' expects one "
                     "input of 'BYTES', a text in each row",
                     v2_tensor_name(filling->request, tensor, shown),
                     v2_type_name(tensor->type), filling->model->row.name);
        return false;
    }
    if (tensor->n_dims != 1 && !(tensor->n_dims == 2 && tensor->dims[1] == 1)) {
        refuse_shape(filling, tensor, "[-1] or [-1,1]");
        return false;
    }
    filling->scratch = text_scratch_new();
    if (filling->scratch == NULL) {
        reply_refuse_memory(filling->reply);
        return false;
    }
    return room_make(filling, (uint64_t)tensor->dims[0]) &&
           v2_texts(filling->request, tensor, text_take, filling, filling->reply) &&
           filling->faults == 0;
}

/* ---- a body that is one tensor ---- */

static bool raw_read(struct v2_rows *filling)
{
    const struct buf *body = &filling->service->body;
    const bool texts = image_text(filling->image) != NULL;
    struct v2_tensor tensor = {
        .type = v2_type_of(filling->image),
        .n_dims = 2,
        .dims = {0, filling->width},
        .data = body->data,
        .len = body->len,
        .binary_size = (int64_t)body->len,
    };
    size_t row = v2_type_size(tensor.type) * filling->width;

    if (texts && utf8_valid(body->data != NULL ? body->data : "", body->len)) {
        filling->scratch = text_scratch_new();
        if (filling->scratch == NULL)
            reply_refuse_memory(filling->reply);
        return filling->scratch != NULL && room_make(filling, 1) &&
               text_take(filling, 0, body->data, body->len) && filling->faults == 0;
    }
    if (texts || body->len == 0 || body->len % row != 0) {
        reply_refuse(filling->reply, REPLY_MALFORMED,
                     texts
                         ? "the body must be one text in UTF-8"
                         : "unexpected total byte size %zu of the body, expecting rows of %zu "
                           "bytes: %u elements of %s",
                     body->len, row, (unsigned)filling->width, v2_type_name(tensor.type));
        return false;
    }
    tensor.dims[0] = (int64_t)(body->len / row);
    tensor.elements = (uint64_t)tensor.dims[0] * filling->width;
    return matrix_read(filling, &tensor, tensor.dims[0]);
}

struct v2_rows *v2_rows_read(struct service *service, struct v2_request *request,
                             const struct model *model, size_t numbers, struct reply *reply)
{
    struct v2_rows *filling = calloc(1, sizeof(*filling));
    bool good = false;

    if (filling == NULL) {
        reply_refuse_memory(reply);
        return NULL;
    }
    filling->service = service;
    filling->request = request;
    filling->model = model;
    filling->image = model->image;
    filling->reply = reply;
    filling->width = image_n_features(model->image);
    filling->numbers = image_n_outputs(model->image);
    if (filling->numbers < numbers)
        filling->numbers = numbers;
    if (schema_read(&filling->schema, model->image) != RESULT_OK)
        reply_refuse_memory(reply);
    else if (request->raw)
        good = raw_read(filling);
    else if (image_text(model->image) != NULL)
        good = texts_read(filling);
    else
        good = features_read(filling);
    if (good)
        return filling;
    v2_rows_free(filling);
    return NULL;
}

void v2_rows_free(struct v2_rows *filling)
{
    if (filling == NULL)
        return;
    schema_free(&filling->schema);
    text_scratch_free(filling->scratch);
    free(filling->values);
    free(filling->low);
    free(filling);
}

size_t v2_rows_count(const struct v2_rows *filling)
{
    return filling->count;
}

const double *v2_rows_get(struct v2_rows *filling, size_t from, size_t n, double *room)
{
    const size_t width = filling->width;

    if (filling->values != NULL)
        return filling->values + from * width;
    if (v2_numbers_part(filling->request, &filling->packed, from * width, n * width, room,
                        filling->reply) &&
        rows_check(filling, from, n, room))
        return room;
    return NULL;
}
