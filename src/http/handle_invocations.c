/*
 * handle_invocations.c: what clients of MLflow's scoring server, and of SageMaker, look for
 * beside predictions, which are handle_predict()'s.
 */
#include "http/handlers.h"
#include "http/input.h"
#include "http/protocol.h"

static const char plain[] = "text/plain; charset=utf-8";

static const struct form_field invocations_fields[] = {
    {"output", FORM_TEXT, .choices = protocol_outputs,
     .help =
         "What is answered for each row, if the body does not say it; prediction if nothing "
         "is said"},
};

const struct form form_invocations = {
    "InvocationsQuery", invocations_fields,
    sizeof(invocations_fields) / sizeof(invocations_fields[0]), false};

/* Well if the default model can be asked, as they both want it told. */
void handle_ping(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    enum result result = registry_refresh(service->registry, &why);
    const struct model *model;

    (void)request;
    if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
        return;
    }
    model = registry_default(service->registry);
    if (model == NULL)
        input_refuse_default(service, reply);
    else if (model->image == NULL)
        reply_refuse(reply, REPLY_UNAVAILABLE, "The default model cannot be served now.");
    else
        buf_putc(&reply->body, '\n');
    if (reply_is_good(reply->status))
        reply->type = plain;
}

void handle_version(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    (void)request;
    buf_puts(&reply->body, FORESTGATE_VERSION);
    reply->type = plain;
}
