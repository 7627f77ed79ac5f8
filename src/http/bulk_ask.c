/*
 * bulk_ask.c: what a request with a file of rows asks for.
 */
#include "http/bulk_ask.h"

#include <string.h>

#include "base/text.h"
#include "http/accept.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/body_file.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/path_model.h"
#include "http/protocol.h"
#include "http/route.h"
#include "http/sealed.h"

enum {
    NAME_MAX_CHARS = MODEL_NAME_MAX
};

static const char *const outputs[] = {"label", "probability", "margin", "leaf", "value", NULL};

static const struct form_field bulk_fields[] = {
    {"model", FORM_TEXT, .min = 1, .max = NAME_MAX_CHARS,
     .help = "The model that is asked, where the body is a file of rows; where the path names "
             "one, that "
             "or nothing"},
    {"output", FORM_TEXT, .choices = outputs,
     .help = "What is answered for each row of a file; label if nothing is said"},
};

const struct form form_bulk = {"BulkQuery", bulk_fields,
                               sizeof(bulk_fields) / sizeof(bulk_fields[0]), false};

/* A name that the query gives, which has no more characters than a model's, and the problem. */
static void model_fault(struct reply *reply, const char *before, const char *name,
                        const char *after, const char *allowed)
{
    char text[4 * NAME_MAX_CHARS + 96];

    text_print(text, sizeof(text), "%s\"%s\"%s", before, name, after);
    reply_fault(reply, "model", text, allowed);
}

/* The model by the path, the query, or neither; NULL with the refusal written. */
static const struct model *model_find(struct service *service, struct request *request,
                                      struct reply *reply)
{
    const struct form_value *named = form_value(request->query, "model");
    const char *name = request->name != NULL ? request->name : named->text;
    size_t len = request->name != NULL ? request->name_len : named->len;
    const struct model *model;

    if (request->name != NULL && named->given &&
        (named->len != len || memcmp(named->text, name, len) != 0)) {
        model_fault(reply, "", named->text, " is not the model of this path",
                    "the name in the path, or nothing");
        return NULL;
    }
    if (name != NULL && request->name == NULL && !auth_may_use(request, name, len, reply))
        return NULL;
    model = name != NULL ? registry_find(service->registry, name, len)
                         : registry_default(service->registry);
    if (model == NULL && request->name != NULL)
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such model. GET /models lists the ones that there are.");
    else if (model == NULL && name != NULL)
        model_fault(reply, "there is no model ", name, "", "a name that GET /models lists");
    else if (model == NULL)
        input_refuse_default(service, reply);
    if (model == NULL ||
        !auth_may_use(request, model->row.name, strlen(model->row.name), reply))
        return NULL;
    model = registry_choose(model, request->caller.account, request->id);
    request->judged_by = model;
    return path_model_serves(model, reply) ? model : NULL;
}

/* Whether an answer that is not sealed will do, of that type or CSV; else it is refused. */
static bool may_be_open(const struct service *service, struct reply *reply, const char *type)
{
    if (!sealed_is_wanted(service, body_csv) || !sealed_is_wanted(service, type))
        return true;
    reply_fault(reply, "Accept", "the answer to a file of rows is not sealed",
                "text/csv or application/x-npy; or application/json with a body of JSON");
    return false;
}

/* What is answered for each row.  False with the refusal written. */
static bool kind_find(const struct request *request, struct bulk_ask *ask, struct reply *reply)
{
    const struct form_value *named = form_value(request->query, "output");
    struct columns columns = {COLUMNS_LABEL, &ask->predictor};
    struct reason why;
    enum result result = RESULT_OK;

    ask->output = named->given ? named->text : "label";
    if (named->given)
        result = columns_kind_read(named->text, &columns.kind, &why);
    if (result == RESULT_OK)
        result = columns_check(&columns, &why);
    ask->kind = columns.kind;
    if (result != RESULT_OK)
        reply_fault(reply, "output", why.text, "an output that the model has");
    return result == RESULT_OK;
}

/*
 * The type of the answer: what the client would rather have, and of what is the same to it, or
 * where it would have neither, the type that came.
 */
static bool type_find(const struct service *service, const struct request *request,
                      struct bulk_ask *ask, struct reply *reply)
{
    const char *accept = fcgi_param(service->fcgi, FCGI_ACCEPT);
    const char *same = request->file.type, *other = same == body_csv ? body_npy : body_csv;
    const char *type =
        accept_weight(accept, other) > accept_weight(accept, same) ? other : same;

    ask->npy = type == body_npy;
    return may_be_open(service, reply, body_npy);
}

/* What another server's protocol answers: JSON, or CSV for who would rather have that. */
static bool frame_find(const struct service *service, const struct request *request,
                       struct bulk_ask *ask, struct reply *reply)
{
    const struct protocol *protocol = request->route->protocol;
    const struct form_value *named = form_value(request->query, "output");
    const char *accept = fcgi_param(service->fcgi, FCGI_ACCEPT);
    const struct image *image = ask->model->image;

    ask->framed = true;
    ask->frame.key = protocol->members[0].answered;
    ask->frame.item = image_text(image) != NULL ? protocol->texts : protocol->item;
    if (named->given)
        protocol_output(named->text, named->len, &ask->frame.item);
    ask->kind = ask->frame.item == ANSWER_LEAVES ? COLUMNS_LEAF : COLUMNS_LABEL;
    ask->lines = accept_weight(accept, body_csv) > accept_weight(accept, "application/json");
    if (!answer_has(image, ask->frame.item)) {
        reply_fault(reply, "output", "the model has no such output",
                    "an output that the model has");
        return false;
    }
    return may_be_open(service, reply, "application/json");
}

bool bulk_ask_read(struct service *service, struct request *request, struct reply *reply,
                   struct bulk_ask *ask)
{
    memset(ask, 0, sizeof(*ask));
    ask->model = model_find(service, request, reply);
    if (ask->model == NULL)
        return false;
    if (predictor_open(&ask->predictor, ask->model->image) != RESULT_OK) {
        reply_refuse_memory(reply);
        return false;
    }
    if (request->route->protocol != NULL
            ? !frame_find(service, request, ask, reply)
            : !kind_find(request, ask, reply) || !type_find(service, request, ask, reply))
        return false;
    return body_file_slot(service, request, reply);
}

void bulk_ask_close(struct bulk_ask *ask)
{
    predictor_close(&ask->predictor);
}

void bulk_ask_refuse(const struct request *request, struct reply *reply,
                     const struct rows_fault *fault, enum result result,
                     const struct reason *why)
{
    const char *form = request->file.type == body_csv ? "CSV" : "an array of NumPy's";

    if (result == RESULT_INVALID && fault->field[0] != '\0')
        reply_fault(reply, fault->field, fault->problem, fault->allowed);
    else if (result == RESULT_INVALID)
        reply_fault(reply, "", why->text, "rows as the model has its features");
    else if (result == RESULT_MALFORMED || result == RESULT_TOO_BIG)
        reply_refuse(reply, REPLY_MALFORMED, "The body is not %s that is taken here: %s.", form,
                     why->text);
    else if (result == RESULT_NOMEM)
        reply_refuse_memory(reply);
    else
        reply_refuse_result(reply, result, why);
}
