/*
 * handle_explain.c: rows in, what each feature adds to their answers out.
 *
 * Of a classification with a margin for each class the one that is predicted is explained,
 * or with "classes": "all" each of them; of values, and of several targets, all.  One row's
 * contributions stand under the features' names, those of many in lists in the features'
 * order.
 */
#include <stdlib.h>

#include "base/json_write.h"
#include "forest/explain.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/predict.h"
#include "http/sealed.h"

enum {
    EXPLAINED_ALONE = 4 /* how many times INPUT_EXPLAINED_MAX the only row of a call may take */
};

/* One call. */
struct explaining {
    const struct image *image;
    const struct input_rows *rows;
    struct predictor predictor;
    uint32_t features, outputs;
    uint32_t count; /* outputs explained for each row */
    double *margins, *answers, *out;
    uint32_t *which; /* NULL: all outputs */
};

/* Whether a class of each row's is chosen of several that have margins. */
static bool chooses(const struct explaining *at)
{
    return image_n_targets(at->image) == 1 && image_n_classes(at->image) > 0 &&
           at->outputs > 1 && !at->rows->all_classes;
}

/* One row may take longer than many together. */
static bool is_quick(const struct explaining *at)
{
    uint64_t cost = explain_cost(at->image, !chooses(at));
    size_t n = at->rows->count;

    return cost <= (uint64_t)INPUT_EXPLAINED_MAX * (n > 1 ? 1 : EXPLAINED_ALONE) / n;
}

/* How many numbers an answer may have; with a name at each there may be fewer. */
static size_t outputs_max(const struct input_rows *rows)
{
    return rows->frame != NULL ? INPUT_OUTPUTS_MAX / INPUT_LABELLED : INPUT_OUTPUTS_MAX;
}

static enum result explaining_alloc(struct explaining *at, struct reason *why)
{
    const size_t n = at->rows->count;

    if (predictor_open(&at->predictor, at->image) != RESULT_OK)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    at->features = image_n_features(at->image);
    at->outputs = image_n_outputs(at->image);
    at->count = chooses(at) ? 1 : at->outputs;
    if (!is_quick(at))
        return reason_set(why, RESULT_TOO_BIG, "it would take too long: ask for fewer %s",
                          n > 1 ? "rows at once" : "classes");
    if (n * at->count * ((size_t)at->features + 1) > outputs_max(at->rows))
        return reason_set(why, RESULT_TOO_BIG,
                          "the answer would have over %u numbers: ask for fewer rows at once",
                          (unsigned)outputs_max(at->rows));
    at->margins = reallocarray(NULL, n, at->outputs * sizeof(*at->margins));
    at->answers = reallocarray(NULL, n, predictor_width(&at->predictor) * sizeof(*at->answers));
    at->out = reallocarray(NULL, n * at->count, ((size_t)at->features + 1) * sizeof(*at->out));
    if (chooses(at))
        at->which = reallocarray(NULL, n, sizeof(*at->which));
    if (at->margins == NULL || at->answers == NULL || at->out == NULL ||
        (chooses(at) && at->which == NULL))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    return RESULT_OK;
}

static void explaining_free(struct explaining *at)
{
    predictor_close(&at->predictor);
    free(at->margins);
    free(at->answers);
    free(at->out);
    free(at->which);
}

static enum result explain(struct explaining *at, struct reason *why)
{
    const struct input_rows *rows = at->rows;
    const struct explain_rows what = {rows->values, rows->count, at->margins, at->which};
    const uint32_t width = predictor_width(&at->predictor);
    struct explain *explain = NULL;
    enum result result;

    predictor_rows(&at->predictor, rows->values, rows->count, at->margins, at->answers);
    for (size_t i = 0; at->which != NULL && i < rows->count; i++)
        at->which[i] = predictor_class(&at->predictor, at->margins + i * at->outputs,
                                       at->answers + i * width, 0);
    result = explain_new(at->image, &explain, why);
    if (result == RESULT_OK)
        result = explain_rows(explain, &what, at->out, why);
    explain_free(explain);
    return result;
}

static const double *phi_of(const struct explaining *at, size_t row, uint32_t k)
{
    return at->out + (row * at->count + k) * ((size_t)at->features + 1);
}

static uint32_t output_of(const struct explaining *at, size_t row, uint32_t k)
{
    return at->which != NULL ? at->which[row] : k;
}

/* The target that an output is of. */
static uint32_t target_of(const struct explaining *at, uint32_t output)
{
    const struct output *all = &at->predictor.output;
    uint32_t t = 0;

    while (t + 1 < all->n_targets && output >= output_margins_begin(all, t + 1))
        t++;
    return t;
}

/* Whether outputs speak for classes. */
static bool has_class(const struct explaining *at, uint32_t output)
{
    return image_task(at->image) == SPEC_CLASSIFY &&
           at->predictor.output.classes[target_of(at, output)] > 0;
}

/* Which class an output speaks for; the one margin of two classes speaks for the second. */
static uint32_t class_of(const struct explaining *at, uint32_t output)
{
    const struct output *all = &at->predictor.output;
    uint32_t t = target_of(at, output);

    return output_margins(all, t) == 1 ? 1 : output - output_margins_begin(all, t);
}

/* The members that tell one output of a row. */
static void row_members(struct json_writer *writer, const struct explaining *at, size_t row,
                        uint32_t k)
{
    const double *phi = phi_of(at, row, k);
    const uint32_t output = output_of(at, row, k);

    if (at->predictor.output.n_targets > 1)
        json_member_u64(writer, "target", target_of(at, output));
    if (has_class(at, output))
        json_member_u64(writer, "class", class_of(at, output));
    json_member_double(writer, "margin", at->margins[row * at->outputs + output]);
    json_member_double(writer, "bias", phi[at->features]);
    json_write_key(writer, "contributions");
    json_write_object(writer);
    for (uint32_t f = 0; f < at->features; f++)
        json_member_double(writer, image_feature_name(at->image, f), phi[f]);
    json_write_object_end(writer);
}

static void single_write(struct json_writer *writer, const struct explaining *at)
{
    if (at->count == 1) {
        row_members(writer, at, 0, 0);
        return;
    }
    json_write_key(writer, "explanations");
    json_write_array(writer);
    for (uint32_t k = 0; k < at->count; k++) {
        json_write_object(writer);
        row_members(writer, at, 0, k);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

/* What is told of one output of one row, in the lists of many. */
enum column {
    COLUMN_CLASS,
    COLUMN_MARGIN,
    COLUMN_BIAS,
    COLUMN_CONTRIBUTIONS
};

static void cell_write(struct json_writer *writer, const struct explaining *at,
                       enum column column, size_t row, uint32_t k)
{
    const double *phi = phi_of(at, row, k);

    switch (column) {
    case COLUMN_CLASS:
        json_write_u64(writer, class_of(at, output_of(at, row, k)));
        break;
    case COLUMN_MARGIN:
        json_write_double(writer, at->margins[row * at->outputs + output_of(at, row, k)]);
        break;
    case COLUMN_BIAS:
        json_write_double(writer, phi[at->features]);
        break;
    default:
        json_write_array(writer);
        for (uint32_t f = 0; f < at->features; f++)
            json_write_double(writer, phi[f]);
        json_write_array_end(writer);
    }
}

/* A list with an entry for each row; with several outputs each entry is a list of them. */
static void column_write(struct json_writer *writer, const struct explaining *at,
                         const char *key, enum column column)
{
    json_write_key(writer, key);
    json_write_array(writer);
    for (size_t row = 0; row < at->rows->count; row++) {
        if (at->count > 1)
            json_write_array(writer);
        for (uint32_t k = 0; k < at->count; k++)
            cell_write(writer, at, column, row, k);
        if (at->count > 1)
            json_write_array_end(writer);
    }
    json_write_array_end(writer);
}

static void many_write(struct json_writer *writer, const struct explaining *at)
{
    json_write_key(writer, "features");
    json_write_array(writer);
    for (uint32_t f = 0; f < at->features; f++)
        json_write_string(writer, image_feature_name(at->image, f));
    json_write_array_end(writer);
    if (has_class(at, 0))
        column_write(writer, at, "classes", COLUMN_CLASS);
    column_write(writer, at, "margins", COLUMN_MARGIN);
    column_write(writer, at, "biases", COLUMN_BIAS);
    column_write(writer, at, "contributions", COLUMN_CONTRIBUTIONS);
}

/*
 * As another server's protocol has it: for each row an object, or where several outputs are
 * explained a list of such.
 */
static void framed_write(struct json_writer *writer, const struct explaining *at,
                         const struct answer *answer)
{
    json_write_object(writer);
    json_write_key(writer, answer->frame->key);
    json_write_array(writer);
    answer_values(writer, answer);
    json_write_array_end(writer);
    json_write_key(writer, "explanations");
    json_write_array(writer);
    for (size_t row = 0; row < at->rows->count; row++) {
        if (at->count > 1)
            json_write_array(writer);
        for (uint32_t k = 0; k < at->count; k++) {
            json_write_object(writer);
            row_members(writer, at, row, k);
            json_write_object_end(writer);
        }
        if (at->count > 1)
            json_write_array_end(writer);
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
}

static void explanation_write(const struct explaining *at, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    const struct input_rows *rows = at->rows;
    const struct answer answer = {.predictor = &at->predictor,
                                  .margins = at->margins,
                                  .answers = at->answers,
                                  .count = rows->count,
                                  .outputs = INPUT_LABEL | INPUT_PROBABILITIES,
                                  .frame = rows->frame};

    if (rows->frame != NULL) {
        framed_write(&writer, at, &answer);
        predict_head(rows->model, reply);
        return;
    }
    json_write_object(&writer);
    if (rows->single) {
        answer_single(&writer, &answer);
        single_write(&writer, at);
    } else {
        answer_many(&writer, &answer);
        many_write(&writer, at);
    }
    answer_end(&writer, rows);
}

static void refuse(const struct input_rows *rows, enum result result, const struct reason *why,
                   struct reply *reply)
{
    if (result == RESULT_NOMEM)
        reply_refuse_memory(reply);
    else
        reply_refuse(reply, REPLY_UNPROCESSABLE, "The model %s cannot be explained: %s.",
                     rows->model->row.name, why->text);
}

void handle_explain(struct service *service, struct request *request, struct reply *reply)
{
    struct explaining at = {.rows = NULL};
    struct input_rows rows;
    enum result result;
    struct reason why;

    if (!input_read(service, request, reply, &rows))
        return;
    if (!metered_rows(service, request, rows.model, rows.count, reply))
        return;
    at.image = rows.model->image;
    at.rows = &rows;
    result = explaining_alloc(&at, &why);
    if (result == RESULT_OK)
        result = explain(&at, &why);
    if (result == RESULT_OK)
        explanation_write(&at, reply);
    else
        refuse(&rows, result, &why, reply);
    sealed_answer(service, request, reply);
    explaining_free(&at);
}
