/*
 * answer.c: predictions as members of a JSON object.
 *
 * Each kind of value is a function that writes it for one row; one table has their names.
 */
#include "http/answer.h"

#include <stdlib.h>

#include "base/csv.h"
#include "http/input.h"

enum {
    CLASSES_FEW = 64 /* whose order has room on the stack */
};

/* Writes a value of row i. */
typedef void value_write(struct json_writer *writer, const struct answer *answer, size_t i);

static const double *margins_of(const struct answer *answer, size_t i)
{
    return answer->margins + i * predictor_margins(answer->predictor);
}

static const double *answers_of(const struct answer *answer, size_t i)
{
    return answer->answers + i * predictor_width(answer->predictor);
}

static uint32_t n_targets(const struct answer *answer)
{
    return answer->predictor->output.n_targets;
}

static void list_begin(struct json_writer *writer, const struct answer *answer)
{
    if (n_targets(answer) > 1)
        json_write_array(writer);
}

static void list_end(struct json_writer *writer, const struct answer *answer)
{
    if (n_targets(answer) > 1)
        json_write_array_end(writer);
}

static void prediction_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    const struct predictor *predictor = answer->predictor;
    const double *answers = answers_of(answer, i);

    list_begin(writer, answer);
    for (uint32_t t = 0; t < n_targets(answer); t++)
        if (predictor->output.classes[t] == 0)
            json_write_double(writer, answers[output_begin(&predictor->output, t)]);
        else
            json_write_u64(writer,
                           predictor_class(predictor, margins_of(answer, i), answers, t));
    list_end(writer, answer);
}

static void label_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    list_begin(writer, answer);
    for (uint32_t t = 0; t < n_targets(answer); t++)
        json_write_string(writer, predictor_label(answer->predictor, margins_of(answer, i),
                                                  answers_of(answer, i), t));
    list_end(writer, answer);
}

static void numbers_write(struct json_writer *writer, const double *numbers, uint32_t n)
{
    json_write_array(writer);
    for (uint32_t k = 0; k < n; k++)
        json_write_double(writer, numbers[k]);
    json_write_array_end(writer);
}

static void probabilities_write(struct json_writer *writer, const struct answer *answer,
                                size_t i)
{
    const struct output *output = &answer->predictor->output;
    const double *answers = answers_of(answer, i);

    list_begin(writer, answer);
    for (uint32_t t = 0; t < n_targets(answer); t++) {
        numbers_write(writer, answers, output_count(output, t));
        answers += output_count(output, t);
    }
    list_end(writer, answer);
}

static bool takes_texts(const struct answer *answer)
{
    return image_text(answer->predictor->image) != NULL;
}

static void score_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    const double *answers = answers_of(answer, i);
    size_t at = 0;

    if (takes_texts(answer))
        at = predictor_class(answer->predictor, margins_of(answer, i), answers, 0);
    json_write_double(writer, answers[at]);
}

static void margin_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    uint32_t n = predictor_margins(answer->predictor);

    if (n == 1)
        json_write_double(writer, margins_of(answer, i)[0]);
    else
        numbers_write(writer, margins_of(answer, i), n);
}

static void leaves_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    uint32_t n = image_n_trees(answer->predictor->image);

    json_write_array(writer);
    for (uint32_t t = 0; t < n; t++)
        json_write_u64(writer, answer->leaves[i * n + t]);
    json_write_array_end(writer);
}

/* Of one target: its classes with their probabilities. */
static void pairs_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    const struct image *image = answer->predictor->image;

    json_write_array(writer);
    for (uint32_t k = 0; k < answer->predictor->output.classes[0]; k++) {
        json_write_array(writer);
        json_write_string(writer, image_class_label(image, k));
        json_write_double(writer, answers_of(answer, i)[k]);
        json_write_array_end(writer);
    }
    json_write_array_end(writer);
}

/* The same, the likeliest first. */
static void scored_write(struct json_writer *writer, const struct answer *answer, size_t i)
{
    const uint32_t n = answer->predictor->output.classes[0];
    const double *answers = answers_of(answer, i);
    uint32_t few[CLASSES_FEW], *order = few;

    if (n > CLASSES_FEW)
        order = reallocarray(NULL, n, sizeof(*order));
    if (order == NULL) {
        writer->buf->failed = true;
        return;
    }
    output_rank(answers, n, order);
    json_write_array(writer);
    for (uint32_t k = 0; k < n; k++) {
        json_write_object(writer);
        json_member_string(writer, "label",
                           image_class_label(answer->predictor->image, order[k]));
        json_member_double(writer, "score", answers[order[k]]);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    if (order != few)
        free(order);
}

static const struct {
    const char *single, *many;
    value_write *write;
} members[ANSWER_ITEM__MAX] = {
    [ANSWER_PREDICTION] = {"prediction", "predictions", prediction_write},
    [ANSWER_LABEL] = {"label", "labels", label_write},
    [ANSWER_PROBABILITIES] = {"probabilities", "probabilities", probabilities_write},
    [ANSWER_SCORE] = {"score", "scores", score_write},
    [ANSWER_MARGIN] = {"margin", "margins", margin_write},
    [ANSWER_LEAVES] = {"leaves", "leaves", leaves_write},
    [ANSWER_PAIRS] = {NULL, NULL, pairs_write},
    [ANSWER_SCORED] = {NULL, NULL, scored_write},
};

/* Whether it is asked for, and there. */
static bool has_member(const struct answer *answer, enum answer_item member)
{
    const struct output *output = &answer->predictor->output;

    if (answer->frame != NULL)
        return member == answer->frame->item;
    switch (member) {
    case ANSWER_PAIRS:
    case ANSWER_SCORED:
        return false;
    case ANSWER_LABEL:
        return (answer->outputs & INPUT_LABEL) != 0 && output->spec->task != SPEC_REGRESS;
    case ANSWER_PROBABILITIES:
        return (answer->outputs & INPUT_PROBABILITIES) != 0 && output_has_probabilities(output);
    case ANSWER_SCORE:
        return output->spec->task == SPEC_ANOMALY || takes_texts(answer);
    case ANSWER_MARGIN:
        return (answer->outputs & INPUT_MARGIN) != 0;
    case ANSWER_LEAVES:
        return (answer->outputs & INPUT_LEAVES) != 0 && answer->leaves != NULL;
    default:
        return true;
    }
}

bool answer_has(const struct image *image, enum answer_item item)
{
    const struct output output = {.spec = image_spec(image)};

    switch (item) {
    case ANSWER_LABEL:
        return image_task(image) != SPEC_REGRESS;
    case ANSWER_PROBABILITIES:
        return output_has_probabilities(&output);
    case ANSWER_PAIRS:
    case ANSWER_SCORED:
        return output_has_probabilities(&output) && image_n_targets(image) == 1;
    default:
        return true;
    }
}

static void targets_write(struct json_writer *writer, const struct answer *answer)
{
    const struct image *image = answer->predictor->image;

    if (n_targets(answer) == 1 || image_target_name(image, 0) == NULL)
        return;
    json_write_key(writer, "targets");
    json_write_array(writer);
    for (uint32_t t = 0; t < n_targets(answer); t++)
        json_write_string(writer, image_target_name(image, t));
    json_write_array_end(writer);
}

void answer_single(struct json_writer *writer, const struct answer *answer)
{
    for (int m = 0; m < ANSWER_ITEM__MAX; m++) {
        if (!has_member(answer, (enum answer_item)m))
            continue;
        json_write_key(writer, members[m].single);
        members[m].write(writer, answer, 0);
    }
    targets_write(writer, answer);
}

void answer_many(struct json_writer *writer, const struct answer *answer)
{
    for (int m = 0; m < ANSWER_ITEM__MAX; m++) {
        if (!has_member(answer, (enum answer_item)m))
            continue;
        json_write_key(writer, members[m].many);
        json_write_array(writer);
        for (size_t i = 0; i < answer->count; i++)
            members[m].write(writer, answer, i);
        json_write_array_end(writer);
    }
    targets_write(writer, answer);
}

/* ---- in a frame ---- */

static void frame_begin(struct json_writer *writer, const struct answer_frame *frame)
{
    if (frame->key == NULL)
        return;
    json_write_object(writer);
    json_write_key(writer, frame->key);
}

static void frame_end(struct json_writer *writer, const struct answer_frame *frame)
{
    if (frame->key != NULL)
        json_write_object_end(writer);
}

void answer_values(struct json_writer *writer, const struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        members[answer->frame->item].write(writer, answer, i);
}

void answer_framed(struct json_writer *writer, const struct answer *answer)
{
    frame_begin(writer, answer->frame);
    json_write_array(writer);
    answer_values(writer, answer);
    json_write_array_end(writer);
    frame_end(writer, answer->frame);
}

/* A row's labels as cells. */
static void labels_line(struct buf *text, const struct answer *answer, size_t i)
{
    for (uint32_t t = 0; t < n_targets(answer); t++) {
        if (t > 0)
            buf_putc(text, ',');
        csv_cell_put(text, predictor_label(answer->predictor, margins_of(answer, i),
                                           answers_of(answer, i), t));
    }
}

/* A row's numbers are a line of CSV but for the brackets of their lists. */
static void numbers_line(struct buf *text, struct buf *json, const struct answer *answer,
                         size_t i)
{
    struct json_writer writer = json_writer_on(json);

    buf_clear(json, SIZE_MAX);
    members[answer->frame->item].write(&writer, answer, i);
    for (size_t at = 0; at < json->len; at++)
        if (json->data[at] != '[' && json->data[at] != ']')
            buf_putc(text, json->data[at]);
    if (buf_failed(json))
        text->failed = true;
}

void answer_lines(struct buf *text, const struct answer *answer)
{
    struct buf json = {0};

    for (size_t i = 0; i < answer->count; i++) {
        if (answer->frame->item == ANSWER_LABEL && answer->predictor->output.classes[0] > 0)
            labels_line(text, answer, i);
        else
            numbers_line(text, &json, answer, i);
        buf_putc(text, '\n');
    }
    buf_free(&json);
}

/* ---- of rows in blocks ---- */

struct answer_lists {
    struct {
        bool begun;
        struct json_writer writer; /* on text */
        struct buf text;           /* of a block */
        struct spool spool;
    } of[ANSWER_ITEM__MAX];
};

struct answer_lists *answer_lists_new(void)
{
    struct answer_lists *lists = calloc(1, sizeof(*lists));

    for (int m = 0; lists != NULL && m < ANSWER_ITEM__MAX; m++)
        spool_start(&lists->of[m].spool);
    return lists;
}

void answer_lists_free(struct answer_lists *lists)
{
    for (int m = 0; lists != NULL && m < ANSWER_ITEM__MAX; m++) {
        buf_free(&lists->of[m].text);
        spool_free(&lists->of[m].spool);
    }
    free(lists);
}

static void list_put(struct answer_lists *lists, enum answer_item m,
                     const struct answer *answer)
{
    struct json_writer *writer = &lists->of[m].writer;

    if (!lists->of[m].begun) {
        *writer = json_writer_on(&lists->of[m].text);
        json_write_array(writer);
    }
    lists->of[m].begun = true;
    for (size_t i = 0; i < answer->count; i++)
        members[m].write(writer, answer, i);
    spool_take(&lists->of[m].spool, &lists->of[m].text);
}

void answer_lists_put(struct answer_lists *lists, const struct answer *answer)
{
    for (int m = 0; m < ANSWER_ITEM__MAX; m++)
        if (has_member(answer, (enum answer_item)m))
            list_put(lists, (enum answer_item)m, answer);
}

uint64_t answer_lists_len(const struct answer_lists *lists)
{
    uint64_t len = 0;

    for (int m = 0; m < ANSWER_ITEM__MAX; m++)
        len += spool_len(&lists->of[m].spool);
    return len;
}

void answer_lists_end(struct answer_lists *lists, const struct answer *answer,
                      const struct input_rows *rows, struct spool *out)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (answer->frame == NULL)
        json_write_object(&writer);
    else
        frame_begin(&writer, answer->frame);
    for (int m = 0; m < ANSWER_ITEM__MAX; m++) {
        if (!lists->of[m].begun)
            continue;
        json_write_array_end(&lists->of[m].writer);
        spool_take(&lists->of[m].spool, &lists->of[m].text);
        if (answer->frame == NULL)
            json_write_key(&writer, members[m].many);
        json_write_raw(&writer, "", 0); /* the value, which is already written elsewhere */
        spool_take(out, &text);
        spool_append(out, &lists->of[m].spool);
        spool_start(&lists->of[m].spool); /* its room on the disk is wanted */
    }
    if (answer->frame == NULL) {
        targets_write(&writer, answer);
        answer_end(&writer, rows);
    } else {
        frame_end(&writer, answer->frame);
    }
    spool_take(out, &text);
    buf_free(&text);
}

void answer_end(struct json_writer *writer, const struct input_rows *rows)
{
    if (rows->warnings->len != 0) {
        json_write_key(writer, "warnings");
        json_write_array(writer);
        json_write_raw(writer, rows->warnings->data, rows->warnings->len);
        json_write_array_end(writer);
    }
    json_member_string(writer, "model", rows->model->row.name);
    json_member_i64(writer, "version", rows->model->row.version);
    json_write_object_end(writer);
}
