/*
 * v2_answer.c: answers as tensors: a JSON object, and behind it the bytes of those outputs that
 * are asked for as bytes.
 */
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/num.h"
#include "http/input.h"
#include "http/v2.h"

static const char octets[] = "application/octet-stream";

static const char *const output_names[V2_NAME__MAX] = {
    [V2_PREDICT] = "predict",
    [V2_PROBA] = "predict_proba",
};

/* The answer while it is written. */
struct answering {
    const struct predictor *predictor;
    const double *margins, *answers;
    size_t rows;
    uint32_t width; /* numbers in a row of answers */
    struct json_writer writer;
    struct buf bytes; /* of the outputs, one behind the other */
};

static bool has_classes(const struct predictor *predictor)
{
    return predictor->output.spec->task != SPEC_REGRESS;
}

/* What is wrong with what is asked of an output, or NULL. */
static const char *lacks(const struct v2_asked *asked, const struct predictor *predictor)
{
    bool probabilities = has_classes(predictor) && output_has_probabilities(&predictor->output);

    if (asked->name == V2_PROBA && !probabilities)
        return "it has no probabilities";
    if (asked->classes == 0)
        return NULL;
    if (!probabilities)
        return "it has no classes with probabilities, as classification needs";
    if (predictor->output.n_targets > 1)
        return "it has several targets, and classification is of one";
    return NULL;
}

bool v2_answer_check(const struct v2_request *request, const struct model *model,
                     const struct predictor *predictor, struct reply *reply)
{
    for (size_t i = 0; i < request->n_outputs; i++) {
        const struct v2_asked *asked = &request->outputs[i];
        const char *why = lacks(asked, predictor);

        if (why == NULL)
            continue;
        reply_refuse(reply, REPLY_MALFORMED,
                     "unexpected inference output '%s' for model '%s': %s",
                     output_names[asked->name], model->row.name, why);
        return false;
    }
    return true;
}

/* ---- bytes ---- */

static void put_u64(struct buf *out, uint64_t bits)
{
    bits = htole64(bits);
    buf_put(out, &bits, sizeof(bits));
}

static void put_double(struct buf *out, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    put_u64(out, bits);
}

static void put_text(struct buf *out, const char *text, size_t len)
{
    uint32_t bits = htole32((uint32_t)len);

    buf_put(out, &bits, sizeof(bits));
    buf_put(out, text, len);
}

/* ---- what is answered ---- */

static uint32_t n_targets(const struct answering *answering)
{
    return answering->predictor->output.n_targets;
}

static void class_put(struct answering *answering, size_t row, uint32_t target, bool binary)
{
    const struct predictor *predictor = answering->predictor;
    uint32_t index =
        predictor_class(predictor, answering->margins + row * predictor_margins(predictor),
                        answering->answers + row * answering->width, target);

    if (binary)
        put_u64(&answering->bytes, index);
    else
        json_write_u64(&answering->writer, index);
}

static void number_put(struct answering *answering, double number, bool binary)
{
    if (binary)
        put_double(&answering->bytes, number);
    else
        json_write_double(&answering->writer, number);
}

/* The class's index or the value, of each target. */
static void predictions_put(struct answering *answering, bool binary)
{
    const struct output *output = &answering->predictor->output;

    for (size_t row = 0; row < answering->rows; row++)
        for (uint32_t t = 0; t < output->n_targets; t++)
            if (output->classes[t] == 0)
                number_put(answering,
                           answering->answers[row * answering->width + output_begin(output, t)],
                           binary);
            else
                class_put(answering, row, t, binary);
}

static void probabilities_put(struct answering *answering, bool binary)
{
    for (size_t i = 0; i < answering->rows * answering->width; i++)
        number_put(answering, answering->answers[i], binary);
}

/* "0.97:0:setosa", made in a buffer that is kept for the next one. */
static void class_text_put(struct answering *answering, struct buf *text, double p,
                           uint32_t index, bool binary)
{
    const char *label = image_class_label(answering->predictor->image, index);
    char number[NUM_DOUBLE_MAX];

    num_print_double(number, p);
    buf_clear(text, SIZE_MAX);
    buf_puts(text, number);
    buf_putc(text, ':');
    buf_put_u64(text, index);
    buf_putc(text, ':');
    buf_puts(text, label);
    if (buf_failed(text))
        answering->bytes.failed = true;
    else if (binary)
        put_text(&answering->bytes, text->data, text->len);
    else
        json_write_string_n(&answering->writer, text->data, text->len);
}

static void classes_put(struct answering *answering, int64_t most, bool binary)
{
    const uint32_t width = answering->width;
    uint32_t *order = reallocarray(NULL, width, sizeof(*order));
    struct buf text = {0};

    if (order == NULL) {
        answering->bytes.failed = true;
        return;
    }
    for (size_t row = 0; row < answering->rows; row++) {
        const double *answers = answering->answers + row * width;

        output_rank(answers, width, order);
        for (int64_t k = 0; k < most; k++)
            class_text_put(answering, &text, answers[order[k]], order[k], binary);
    }
    buf_free(&text);
    free(order);
}

/* ---- outputs ---- */

/* How many classes of a row are told, of so many. */
static int64_t classes_told(const struct v2_asked *asked, uint32_t width)
{
    return asked->classes < width ? asked->classes : width;
}

size_t v2_answer_numbers(const struct v2_request *request, const struct predictor *predictor)
{
    const uint32_t width = predictor_width(predictor);
    size_t numbers = 0;

    for (size_t i = 0; i < request->n_outputs; i++) {
        const struct v2_asked *asked = &request->outputs[i];

        if (asked->classes > 0)
            numbers += (size_t)classes_told(asked, width) * INPUT_LABELLED;
        else
            numbers += asked->name == V2_PROBA ? width : predictor->output.n_targets;
    }
    return numbers;
}

static void shape_write(struct answering *answering, const struct v2_asked *asked)
{
    struct json_writer *writer = &answering->writer;

    json_write_key(writer, "shape");
    json_write_array(writer);
    json_write_u64(writer, answering->rows);
    if (asked->classes > 0)
        json_write_i64(writer, classes_told(asked, answering->width));
    else if (asked->name == V2_PROBA)
        json_write_u64(writer, answering->width);
    else if (n_targets(answering) > 1)
        json_write_u64(writer, n_targets(answering));
    json_write_array_end(writer);
}

static void data_put(struct answering *answering, const struct v2_asked *asked)
{
    if (asked->classes > 0)
        classes_put(answering, classes_told(asked, answering->width), asked->binary);
    else if (asked->name == V2_PROBA)
        probabilities_put(answering, asked->binary);
    else
        predictions_put(answering, asked->binary);
}

static enum v2_type type_of(const struct answering *answering, const struct v2_asked *asked)
{
    if (asked->classes > 0)
        return V2_BYTES;
    return asked->name == V2_PREDICT && answering->predictor->output.classes[0] > 0 ? V2_INT64
                                                                                    : V2_FP64;
}

static void output_write(struct answering *answering, const struct v2_asked *asked)
{
    struct json_writer *writer = &answering->writer;
    size_t before = answering->bytes.len;

    json_write_object(writer);
    json_member_string(writer, "name", output_names[asked->name]);
    json_member_string(writer, "datatype", v2_type_name(type_of(answering, asked)));
    shape_write(answering, asked);
    if (asked->binary) {
        data_put(answering, asked);
        json_write_key(writer, "parameters");
        json_write_object(writer);
        json_member_u64(writer, "binary_data_size", answering->bytes.len - before);
        json_write_object_end(writer);
    } else {
        json_write_key(writer, "data");
        json_write_array(writer);
        data_put(answering, asked);
        json_write_array_end(writer);
    }
    json_write_object_end(writer);
}

static void version_write(struct json_writer *writer, const struct model *model)
{
    char version[NUM_DOUBLE_MAX];

    num_print_i64(version, model->row.version);
    json_member_string(writer, "model_name", model->row.name);
    json_member_string(writer, "model_version", version);
}

/* The bytes go behind the JSON, whose length is in a header. */
static void bytes_append(struct answering *answering, struct reply *reply)
{
    char length[NUM_DOUBLE_MAX];

    num_print_u64(length, reply->body.len);
    reply_header(reply, "Inference-Header-Content-Length", length);
    reply->type = octets;
    buf_put(&reply->body, answering->bytes.data, answering->bytes.len);
}

void v2_answer_write(const struct v2_request *request, const struct model *model,
                     const struct predictor *predictor, const double *margins,
                     const double *answers, size_t rows, struct reply *reply)
{
    struct answering answering = {
        .predictor = predictor,
        .margins = margins,
        .answers = answers,
        .rows = rows,
        .width = predictor_width(predictor),
        .writer = json_writer_on(&reply->body),
    };
    struct json_writer *writer = &answering.writer;
    bool binary = false;

    json_write_object(writer);
    if (request->has_id) {
        json_write_key(writer, "id");
        json_write_string_n(writer, request->id.data != NULL ? request->id.data : "",
                            request->id.len);
    }
    version_write(writer, model);
    json_write_key(writer, "outputs");
    json_write_array(writer);
    for (size_t i = 0; i < request->n_outputs; i++) {
        output_write(&answering, &request->outputs[i]);
        binary = binary || request->outputs[i].binary;
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
    if (buf_failed(&answering.bytes))
        reply_refuse_memory(reply);
    else if (binary)
        bytes_append(&answering, reply);
    buf_free(&answering.bytes);
}
