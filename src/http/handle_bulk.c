/*
 * handle_bulk.c: a file of rows in, a file of predictions out.
 *
 * The body is read, predicted and written to the spool block by block, so memory stays as it
 * is however many rows come; and it is answered when all of it was read, so that whatever is
 * wrong with the last row is a refusal like any other, with nothing charged.  Rows are charged
 * before they are predicted: nobody has more done than a quota has room for.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "forest/bulk.h"
#include "gate/slots.h"
#include "http/accept.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/body_file.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/sealed.h"

enum {
    SMALL = 256 << 10, /* bytes of a body that is as soon read as one of JSON */
    NAME_MAX_CHARS = MODEL_NAME_MAX
};

static const char *const outputs[] = {"label", "probability", "margin", "leaf", "value", NULL};

static const struct form_field bulk_fields[] = {
    {"model", FORM_TEXT, .min = 1, .max = NAME_MAX_CHARS,
     .help = "The model that is asked; where the path names one, that or nothing"},
    {"output", FORM_TEXT, .choices = outputs,
     .help = "What is answered for each row; label if nothing is said"},
};

const struct form form_bulk = {"BulkQuery", bulk_fields,
                               sizeof(bulk_fields) / sizeof(bulk_fields[0]), false};

/* One such request on its way. */
struct bulk_call {
    struct service *service;
    struct request *request;
    struct reply *reply;
    const struct model *model;
    struct predictor predictor;
    enum columns_kind kind;
    bool npy; /* is answered */
    struct spool *spool;
    struct rows_fault fault;
    bool noted;   /* the first rows, for the shadow */
    bool refused; /* the refusal is written */
};

/* ---- what is asked ---- */

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
    if (model->image == NULL)
        reply_refuse(reply, REPLY_UNAVAILABLE, "The model %s cannot be served now.",
                     model->row.name);
    return model->image != NULL ? model : NULL;
}

/* What is answered for each row.  False with the refusal written. */
static bool kind_find(struct bulk_call *call)
{
    const struct form_value *named = form_value(call->request->query, "output");
    struct columns columns = {COLUMNS_LABEL, &call->predictor};
    struct reason why;
    enum result result = RESULT_OK;

    if (named->given)
        result = columns_kind_read(named->text, &columns.kind, &why);
    if (result == RESULT_OK)
        result = columns_check(&columns, &why);
    call->kind = columns.kind;
    if (result != RESULT_OK)
        reply_fault(call->reply, "output", why.text, "an output that the model has");
    return result == RESULT_OK;
}

/*
 * The type of the answer: what the client would rather have, and of what is the same to it, or
 * where it would have neither, the type that came.
 */
static bool type_find(struct bulk_call *call)
{
    const char *accept = fcgi_param(call->service->fcgi, FCGI_ACCEPT);
    const char *same = call->request->file.type,
               *other = same == body_csv ? body_npy : body_csv;
    const char *type =
        accept_weight(accept, other) > accept_weight(accept, same) ? other : same;

    call->npy = type == body_npy;
    if (!sealed_is_wanted(call->service, body_csv) ||
        !sealed_is_wanted(call->service, body_npy))
        return true;
    reply_fault(call->reply, "Accept", "the answer to a file of rows is not sealed",
                "text/csv or application/x-npy; or application/json with a body of JSON");
    return false;
}

/* ---- what the work calls ---- */

static enum result go_on(void *arg, const struct bulk_state *state, struct reason *why)
{
    struct bulk_call *call = arg;

    call->refused =
        !metered_rows(call->service, call->request, call->model, state->read, call->reply);
    return call->refused ? reason_set(why, RESULT_DENIED, "refused") : RESULT_OK;
}

/* The shadow is asked about the first rows. */
static enum result look(void *arg, const struct bulk_block *block, struct reason *why)
{
    struct bulk_call *call = arg;

    (void)why;
    if (!call->noted)
        shadow_note(call->service->shadow, call->model, block->values, block->rows,
                    &call->predictor, block->margins, block->answers);
    call->noted = true;
    return RESULT_OK;
}

static enum result put(void *arg, const void *bytes, size_t len, struct reason *why)
{
    struct bulk_call *call = arg;
    int64_t limit = call->service->home.config.bulk_answer_limit;

    if (spool_len(call->spool) + len > (uint64_t)limit) {
        reply_fault(call->reply, "", "the answer would be over the limit of its bytes",
                    "fewer rows at once, or another output");
        call->refused = true;
        return reason_set(why, RESULT_DENIED, "refused");
    }
    spool_put(call->spool, bytes, len);
    return spool_end(call->spool, why);
}

static enum result put_head(void *arg, const void *bytes, size_t len, struct reason *why)
{
    struct bulk_call *call = arg;

    spool_put_at(call->spool, 0, bytes, len);
    return spool_end(call->spool, why);
}

/* ---- all of it ---- */

/* What came of it, where it is neither the body's length nor refused already. */
static void refuse(struct bulk_call *call, enum result result, const struct reason *why)
{
    struct reply *reply = call->reply;
    const char *form = call->request->file.type == body_csv ? "CSV" : "an array of NumPy's";

    if (result == RESULT_INVALID && call->fault.field[0] != '\0')
        reply_fault(reply, call->fault.field, call->fault.problem, call->fault.allowed);
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

static void head_write(struct bulk_call *call)
{
    const struct model_row *row = &call->model->row;
    char text[NAME_MAX_CHARS + 32];

    text_print(text, sizeof(text), "%s; version=%" PRId64, row->name, (int64_t)row->version);
    reply_header(call->reply, "Forestgate-Model", text);
    reply_header(call->reply, "Vary", "Accept");
}

static void run(struct bulk_call *call)
{
    struct bulk_plan plan = {
        .name = "body",
        .predictor = &call->predictor,
        .kind = call->kind,
        .npy = call->npy,
        .threads = 1,
        .fault = &call->fault,
        .arg = call,
        .go_on = go_on,
        .look = look,
        .put = put,
        .put_head = put_head,
    };
    struct body_file body;
    enum result result;
    struct reason why;
    uint64_t rows;

    if (!body_file_open(call->service, call->request, &body, call->reply))
        return;
    plan.in = body.file;
    call->spool = reply_spool(call->reply, call->npy ? body_npy : "text/csv; charset=utf-8");
    result = bulk_run(&plan, &rows, &why);
    if (!call->refused && result != RESULT_OK && !body_file_refuse(&body, call->reply))
        refuse(call, result, &why);
    body_file_close(&body);
    if (result == RESULT_OK)
        head_write(call);
}

/* A slot for a body that may be long.  False with the refusal written. */
static bool slot_take(struct service *service, struct request *request, struct reply *reply)
{
    enum result result = RESULT_OK;
    struct reason why;

    if (request->file.length < 0 || request->file.length > SMALL)
        result = slots_take(&service->home, HOME_BULK, service->home.config.bulk_requests,
                            "too many files of rows are read just now", &request->slot, &why);
    if (result == RESULT_BUSY)
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "Too many files of rows are read just now. Try again.");
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

void handle_bulk(struct service *service, struct request *request, struct reply *reply)
{
    struct bulk_call call = {.service = service, .request = request, .reply = reply};

    call.model = model_find(service, request, reply);
    if (call.model == NULL)
        return;
    if (predictor_open(&call.predictor, call.model->image) != RESULT_OK)
        reply_refuse_memory(reply);
    else if (kind_find(&call) && type_find(&call) && slot_take(service, request, reply))
        run(&call);
    predictor_close(&call.predictor);
}
