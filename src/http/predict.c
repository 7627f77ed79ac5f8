/*
 * predict.c: predictions of the rows of a JSON body, as JSON.
 *
 * One row ("features") is answered with single values, many ("instances") with one list
 * for each kind of value, in the order of the rows.
 */
#include "http/predict.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/text.h"
#include "forest/walk.h"

enum {
    NUMBERS_ON_STACK = 64
};

/* Where the numbers of an answer are: on the stack for most single rows. */
struct numbers {
    double few[NUMBERS_ON_STACK];
    double *many;
    uint32_t *leaves;
};

/* Predicts the rows; false for want of memory. */
static bool rows_predict(const struct input_rows *rows, const struct predictor *predictor,
                         struct numbers *numbers, struct answer *answer)
{
    size_t margins = rows->count * predictor_margins(predictor);
    size_t answers = rows->count * predictor_width(predictor);
    const struct image *image = predictor->image;
    double *at = numbers->few;

    if (margins + answers > NUMBERS_ON_STACK)
        at = numbers->many = malloc((margins + answers) * sizeof(*at));
    if ((rows->outputs & INPUT_LEAVES) != 0)
        numbers->leaves = calloc(rows->count, image_n_trees(image) * sizeof(uint32_t));
    if (at == NULL || ((rows->outputs & INPUT_LEAVES) != 0 && numbers->leaves == NULL))
        return false;
    predictor_rows(predictor, rows->values, rows->count, at, at + margins);
    if (numbers->leaves != NULL)
        walk_leaves(image, rows->values, rows->count, numbers->leaves);
    *answer = (struct answer){
        predictor, at, at + margins, numbers->leaves, rows->count, rows->outputs, rows->frame};
    return true;
}

static void answer_write(struct reply *reply, const struct input_rows *rows,
                         const struct answer *answer)
{
    struct json_writer writer = json_writer_on(&reply->body);

    if (rows->frame != NULL) {
        answer_framed(&writer, answer);
        return;
    }
    json_write_object(&writer);
    if (rows->single)
        answer_single(&writer, answer);
    else
        answer_many(&writer, answer);
    answer_end(&writer, rows);
}

bool predict_answer(const struct input_rows *rows,
                    void (*look)(void *arg, const struct answer *answer), void *arg,
                    struct reply *reply)
{
    struct numbers numbers = {.many = NULL};
    struct predictor predictor;
    struct answer answer;
    bool done;

    done = predictor_open(&predictor, rows->model->image) == RESULT_OK &&
           rows_predict(rows, &predictor, &numbers, &answer);
    if (done) {
        if (look != NULL)
            look(arg, &answer);
        answer_write(reply, rows, &answer);
    } else {
        reply_refuse_memory(reply);
    }
    predictor_close(&predictor);
    free(numbers.leaves);
    free(numbers.many);
    return done;
}

void predict_head(const struct model *model, struct reply *reply)
{
    char text[MODEL_NAME_MAX + 32];

    text_print(text, sizeof(text), "%s; version=%" PRId64, model->row.name,
               (int64_t)model->row.version);
    reply_header(reply, "Forestgate-Model", text);
}
