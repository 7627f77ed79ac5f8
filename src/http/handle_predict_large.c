/*
 * handle_predict_large.c: a large body of JSON: rows in, predictions out, block by block.
 *
 * All of the body was looked at before, so each row fits and is charged; it is read again, and
 * each list of the answer is written to a spool.  So memory stays as it is however many rows
 * come, and the answer is the one that a small body gets.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "forest/bulk.h"
#include "forest/walk.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/predict.h"
#include "http/sealed.h"

struct large_call {
    struct service *service;
    struct reply *reply;
    const struct input_rows *rows;
    struct predictor predictor;
    double *margins, *answers; /* of a block */
    uint32_t *leaves;          /* where they are asked for */
    struct answer answer;      /* the last block */
    struct answer_lists *lists;
    struct keeper_of of;
    const struct large_job *job; /* or NULL */
    uint64_t done;               /* rows */
    bool noted;                  /* the first rows, for the shadow and who keeps rows */
};

/* Predicts a block. */
static bool block_take(void *arg, const double *values, size_t rows)
{
    struct large_call *call = arg;
    const struct predictor *predictor = &call->predictor;

    predictor_rows(predictor, values, rows, call->margins, call->answers);
    if (call->leaves != NULL)
        walk_leaves(predictor->image, values, rows, call->leaves);
    if (!call->noted) {
        shadow_note(call->service->shadow, call->rows->model, values, rows, predictor,
                    call->margins, call->answers);
        keeper_begin(call->service->keeper, call->rows->model, &call->of);
    }
    call->noted = true;
    keeper_rows(call->service->keeper, predictor, values, rows, call->margins, call->answers);
    call->answer =
        (struct answer){predictor, call->margins,       call->answers,    call->leaves,
                        rows,      call->rows->outputs, call->rows->frame};
    answer_lists_put(call->lists, &call->answer);
    call->done += rows;
    if (call->job != NULL && !call->job->go_on(call->job->arg, call->done))
        return false;
    if (answer_lists_len(call->lists) <= (uint64_t)call->service->home.config.bulk_answer_limit)
        return true;
    reply_fault(call->reply, "instances", "the answer would be over the limit of its bytes",
                "fewer rows at once, or fewer outputs");
    return false;
}

/* Room for so many rows; false for want of memory. */
static bool room_make(struct large_call *call, size_t rows)
{
    const struct predictor *predictor = &call->predictor;
    const bool leaves = (call->rows->outputs & INPUT_LEAVES) != 0;

    call->margins = reallocarray(NULL, rows, predictor_margins(predictor) * sizeof(double));
    call->answers = reallocarray(NULL, rows, predictor_width(predictor) * sizeof(double));
    if (leaves)
        call->leaves =
            reallocarray(NULL, rows, image_n_trees(predictor->image) * sizeof(uint32_t));
    call->lists = answer_lists_new();
    return call->margins != NULL && call->answers != NULL && call->lists != NULL &&
           (!leaves || call->leaves != NULL);
}

void handle_predict_large(struct service *service, struct request *request, struct reply *reply,
                          const struct input_rows *rows, const struct large_job *job)
{
    struct large_call call = {
        .service = service,
        .reply = reply,
        .rows = rows,
        .of = {request->caller.account, request->id, job != NULL ? job->uuid : "",
               request->wall_us},
        .job = job,
    };
    const struct image *image = rows->model->image;
    size_t at_once = 0;
    bool room = predictor_open(&call.predictor, image) == RESULT_OK;

    if (room) {
        at_once = bulk_rows_at_once(
            &call.predictor, (rows->outputs & INPUT_LEAVES) != 0 ? image_n_trees(image) : 0);
        room = room_make(&call, at_once);
    }
    if (!room) {
        reply_refuse_memory(reply);
    } else if (input_blocks(service, request, reply, at_once, block_take, &call)) {
        answer_lists_end(call.lists, &call.answer, rows, reply_spool(reply, reply->type));
        if (rows->frame != NULL)
            predict_head(rows->model, reply);
        sealed_answer(service, request, reply);
    }
    answer_lists_free(call.lists);
    predictor_close(&call.predictor);
    free(call.margins);
    free(call.answers);
    free(call.leaves);
}
