/*
 * handle_v2_infer.c: POST /v2/models/M/infer: tensors in, tensors out, by the same rows, the
 * same counting and the same walk as POST /predict.
 */
#include <stdlib.h>

#include "http/handlers.h"
#include "http/metered.h"
#include "http/v2.h"

/* One inference on its way. */
struct infer {
    struct service *service;
    struct request *request;
    const struct model *model;
    struct v2_request asked;
    struct v2_rows rows;
    struct predictor predictor;
    double *margins, *answers;
};

/* The answer is compared with the shadow's, and kept if the model's setting says so. */
static void look(const struct infer *infer)
{
    const struct request *request = infer->request;
    const struct keeper_of of = {request->caller.account, request->id, "", request->wall_us};
    struct service *service = infer->service;

    shadow_note(service->shadow, infer->model, infer->rows.values, infer->rows.count,
                &infer->predictor, infer->margins, infer->answers);
    if (keeper_begin(service->keeper, infer->model, &of))
        keeper_rows(service->keeper, &infer->predictor, infer->rows.values, infer->rows.count,
                    infer->margins, infer->answers);
}

static bool predict(struct infer *infer, struct reply *reply)
{
    const struct predictor *predictor = &infer->predictor;
    size_t margins = infer->rows.count * predictor_margins(predictor);
    size_t answers = infer->rows.count * predictor_width(predictor);

    infer->margins = reallocarray(NULL, margins + answers, sizeof(double));
    if (infer->margins == NULL) {
        reply_refuse_memory(reply);
        return false;
    }
    infer->answers = infer->margins + margins;
    predictor_rows(predictor, infer->rows.values, infer->rows.count, infer->margins,
                   infer->answers);
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
    return v2_request_read(&infer->asked, &infer->service->body, header, reply) &&
           v2_answer_check(&infer->asked, infer->model, &infer->predictor, reply) &&
           v2_rows_read(infer->service, &infer->asked, infer->model, &infer->rows, reply) &&
           metered_rows(infer->service, infer->request, infer->model, infer->rows.count,
                        reply) &&
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
    if (run(&infer, reply)) {
        look(&infer);
        v2_answer_write(&infer.asked, infer.model, &infer.predictor, infer.margins,
                        infer.answers, infer.rows.count, reply);
    }
    predictor_close(&infer.predictor);
    v2_request_free(&infer.asked);
    free(infer.rows.values);
    free(infer.margins);
}
