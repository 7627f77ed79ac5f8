/*
 * handle_predict.c: rows in, predictions out.
 */
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/predict.h"
#include "http/sealed.h"

/* What is looked at of the numbers of an answer, and for whom. */
struct asked {
    struct service *service;
    const struct request *request;
    const struct input_rows *rows;
};

/* Has the rows be kept, if the model's setting says so, once the answer is out. */
static void rows_keep(const struct asked *asked, const struct answer *answer)
{
    const struct request *request = asked->request;
    const struct input_rows *rows = asked->rows;
    struct keeper *keeper = asked->service->keeper;
    const struct keeper_of of = {request->caller.account, request->id, "", request->wall_us};

    if (keeper_begin(keeper, rows->model, &of))
        keeper_rows(keeper, answer->predictor, rows->values, rows->count, answer->margins,
                    answer->answers);
}

/* Also for the shadow of the model that is asked. */
static void look(void *arg, const struct answer *answer)
{
    const struct asked *asked = arg;
    const struct input_rows *rows = asked->rows;

    shadow_note(asked->service->shadow, rows->model, rows->values, rows->count,
                answer->predictor, answer->margins, answer->answers);
    rows_keep(asked, answer);
}

void handle_predict(struct service *service, struct request *request, struct reply *reply)
{
    struct input_rows rows;
    struct asked asked = {service, request, &rows};

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
    if (predict_answer(&rows, look, &asked, reply))
        sealed_answer(service, request, reply);
}
