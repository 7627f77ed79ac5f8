/*
 * handle_v2_infer.c: POST /v2/models/M/infer: tensors in, tensors out, by the same rows, the
 * same counting and the same walk as POST /predict.
 */
#include <stdlib.h>

#include "forest/bulk.h"
#include "http/handlers.h"
#include "http/metered.h"
#include "http/v2.h"

/* One inference on its way. */
struct infer {
    struct service *service;
    struct request *request;
    const struct model *model;
    struct v2_request asked;
    struct v2_rows *rows;
    struct predictor predictor;
    double *margins, *answers;
    double *room; /* of a block of rows */
    bool keeps;
};

/*
 * The answers to rows from one on: the first are compared with the shadow's, and all are kept
 * if the model's setting says so.
 */
static void look(struct infer *infer, const double *values, size_t from, size_t n)
{
    const double *margins = infer->margins + from * predictor_margins(&infer->predictor);
    const double *answers = infer->answers + from * predictor_width(&infer->predictor);

    if (from == 0)
        shadow_note(infer->service->shadow, infer->model, values, n, &infer->predictor, margins,
                    answers);
    if (infer->keeps)
        keeper_rows(infer->service->keeper, &infer->predictor, values, n, margins, answers);
}

/* Room for the answers, and for a block of rows.  False with the refusal written. */
static bool room_make(struct infer *infer, size_t count, size_t block, struct reply *reply)
{
    const struct predictor *predictor = &infer->predictor;
    size_t margins = count * predictor_margins(predictor);

    infer->margins =
        reallocarray(NULL, margins + count * predictor_width(predictor), sizeof(double));
    infer->room =
        reallocarray(NULL, block, image_n_features(infer->model->image) * sizeof(double));
    if (infer->margins == NULL || infer->room == NULL) {
        reply_refuse_memory(reply);
        return false;
    }
    infer->answers = infer->margins + margins;
    return true;
}

/* Block by block, so that rows are looked at where the walk finds them next. */
static bool predict(struct infer *infer, struct reply *reply)
{
    const struct predictor *predictor = &infer->predictor;
    const struct request *request = infer->request;
    const struct keeper_of of = {request->caller.account, request->id, "", request->wall_us};
    size_t count = v2_rows_count(infer->rows), block = bulk_rows_at_once(predictor, 0), n;
    const double *values;

    if (block > count)
        block = count;
    if (!room_make(infer, count, block, reply))
        return false;
    infer->keeps = keeper_begin(infer->service->keeper, infer->model, &of);
    for (size_t from = 0; from < count; from += n) {
        n = count - from < block ? count - from : block;
        values = v2_rows_get(infer->rows, from, n, infer->room);
        if (values == NULL)
            return false;
        predictor_rows(predictor, values, n,
                       infer->margins + from * predictor_margins(predictor),
                       infer->answers + from * predictor_width(predictor));
        look(infer, values, from, n);
    }
    return true;
}

static bool run(struct infer *infer, struct reply *reply)
{
    const char *header = fcgi_param(infer->service->fcgi, FCGI_JSON_LENGTH);

    if (fcgi_param_doubled(infer->service->fcgi, FCGI_JSON_LENGTH))
        header = "twice"; /* which is no length */
    if (predictor_open(&infer->predictor, infer->model->image) != RESULT_OK) {
        reply_refuse_memory(reply);
        return false;
    }
    if (!v2_request_read(&infer->asked, &infer->service->body, header, reply) ||
        !v2_answer_check(&infer->asked, infer->model, &infer->predictor, reply))
        return false;
    infer->rows = v2_rows_read(infer->service, &infer->asked, infer->model,
                               v2_answer_numbers(&infer->asked, &infer->predictor), reply);
    return infer->rows != NULL &&
           metered_rows(infer->service, infer->request, infer->model,
                        v2_rows_count(infer->rows), reply) &&
           predict(infer, reply);
}

void handle_v2_infer(struct service *service, struct request *request, struct reply *reply)
{
    struct infer infer = {.service = service, .request = request};

    infer.model = v2_model(service, request, reply);
    if (infer.model == NULL)
        return;
    request->judged_by = infer.model;
    request->model = infer.model; /* of a call that is refused, too */
    if (run(&infer, reply))
        v2_answer_write(&infer.asked, infer.model, &infer.predictor, infer.margins,
                        infer.answers, v2_rows_count(infer.rows), reply);
    v2_rows_free(infer.rows);
    predictor_close(&infer.predictor);
    v2_request_free(&infer.asked);
    free(infer.margins);
    free(infer.room);
}
