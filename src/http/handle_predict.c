/*
 * handle_predict.c: rows in, predictions out.
 */
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/predict.h"
#include "http/sealed.h"

/* What is done with the numbers of an answer beside answering with them. */
struct looked {
    struct service *service;
    const struct request *request;
    const struct input_rows *rows;
};

/* They are compared with the shadow's, and kept if the model's setting says so. */
static void look(void *arg, const struct answer *answer)
{
    const struct looked *looked = arg;
    const struct request *request = looked->request;
    const struct input_rows *rows = looked->rows;
    const struct keeper_of of = {request->caller.account, request->id, "", request->wall_us};

    shadow_note(looked->service->shadow, rows->model, rows->values, rows->count,
                answer->predictor, answer->margins, answer->answers);
    if (keeper_begin(looked->service->keeper, rows->model, &of))
        keeper_rows(looked->service->keeper, answer->predictor, rows->values, rows->count,
                    answer->margins, answer->answers);
}

void handle_predict(struct service *service, struct request *request, struct reply *reply)
{
    struct input_rows rows;
    struct looked looked = {service, request, &rows};

    if (request->later) {
        handle_job_create(service, request, reply);
        return;
    }
    if (request->file.type != NULL) {
        handle_bulk(service, request, reply);
        return;
    }
    if (!input_read(service, request, reply, &rows))
        return;
    if (!metered_rows(service, request, rows.model, rows.count, reply))
        return;
    if (rows.in_blocks) {
        handle_predict_large(service, request, reply, &rows, NULL);
        return;
    }
    if (rows.frame != NULL)
        predict_head(rows.model, reply);
    if (predict_answer(&rows, look, &looked, reply))
        sealed_answer(service, request, reply);
}
