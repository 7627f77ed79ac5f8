/*
 * handle_predict.c: rows in, predictions out.
 */
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/predict.h"
#include "http/sealed.h"

/* What the shadow of the model that is asked is to be compared with. */
struct shadowed {
    struct shadow *shadow;
    const struct input_rows *rows;
};

static void look(void *arg, const struct answer *answer)
{
    const struct shadowed *shadowed = arg;
    const struct input_rows *rows = shadowed->rows;

    shadow_note(shadowed->shadow, rows->model, rows->values, rows->count, answer->predictor,
                answer->margins, answer->answers);
}

void handle_predict(struct service *service, struct request *request, struct reply *reply)
{
    struct input_rows rows;
    struct shadowed shadowed = {service->shadow, &rows};

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
    if (predict_answer(&rows, look, &shadowed, reply))
        sealed_answer(service, request, reply);
}
