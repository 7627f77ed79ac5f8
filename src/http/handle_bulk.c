/*
 * handle_bulk.c: a file of rows in, a file of predictions out; or a list of them, as clients of
 * other model servers read it.
 *
 * The body is read, predicted and written to the spool block by block, so memory stays as it
 * is however many rows come; and it is answered when all of it was read, so that whatever is
 * wrong with the last row is a refusal like any other, with nothing charged.  Rows are charged
 * before they are predicted: nobody has more done than a quota has room for.
 */
#include <stdlib.h>
#include <string.h>

#include "forest/bulk.h"
#include "http/body.h"
#include "http/body_file.h"
#include "http/bulk_ask.h"
#include "http/handlers.h"
#include "http/metered.h"
#include "http/predict.h"

/* One such request on its way. */
struct bulk_call {
    struct service *service;
    struct request *request;
    struct reply *reply;
    struct bulk_ask ask;
    struct spool *spool;
    struct rows_fault fault;
    bool noted;   /* the first rows, for the shadow */
    bool printed; /* the first values of a list */
    bool refused; /* the refusal is written */
};

/* ---- what the work calls ---- */

static enum result go_on(void *arg, const struct bulk_state *state, struct reason *why)
{
    struct bulk_call *call = arg;

    call->refused =
        !metered_rows(call->service, call->request, call->ask.model, state->read, call->reply);
    return call->refused ? reason_set(why, RESULT_DENIED, "refused") : RESULT_OK;
}

/* What the model's setting keeps; the shadow is asked about the first rows. */
static enum result look(void *arg, const struct bulk_block *block, struct reason *why)
{
    struct bulk_call *call = arg;

    (void)why;
    keeper_rows(call->service->keeper, &call->ask.predictor, block->values, block->rows,
                block->margins, block->answers);
    if (!call->noted)
        shadow_note(call->service->shadow, call->ask.model, block->values, block->rows,
                    &call->ask.predictor, block->margins, block->answers);
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

/* The frame of a protocol's answer, around its list, or nothing around lines. */
static void frame_put(struct bulk_call *call, const char *text)
{
    if (call->ask.framed && !call->ask.lines)
        spool_put(call->spool, text, strlen(text));
}

/* Rows as a protocol has them; all are printed by one thread, one block behind the other. */
static void print(void *arg, const struct bulk_block *block, struct buf *text)
{
    struct bulk_call *call = arg;
    const struct answer answer = {.predictor = &call->ask.predictor,
                                  .margins = block->margins,
                                  .answers = block->answers,
                                  .leaves = block->leaves,
                                  .count = block->rows,
                                  .frame = &call->ask.frame};
    struct json_writer writer = json_writer_on(text);

    if (call->ask.lines) {
        answer_lines(text, &answer);
        return;
    }
    writer.comma = call->printed;
    answer_values(&writer, &answer);
    call->printed = true;
}

static const char *type_of(const struct bulk_ask *ask)
{
    if (ask->framed && !ask->lines)
        return "application/json";
    return ask->npy ? body_npy : "text/csv; charset=utf-8";
}

static void run(struct bulk_call *call)
{
    struct bulk_plan plan = {
        .name = "body",
        .predictor = &call->ask.predictor,
        .kind = call->ask.kind,
        .npy = call->ask.npy,
        .print = call->ask.framed ? print : NULL,
        .threads = 1,
        .fault = &call->fault,
        .arg = call,
        .go_on = go_on,
        .look = look,
        .put = put,
        .put_head = put_head,
    };
    const struct request *request = call->request;
    const struct keeper_of of = {request->caller.account, request->id, "", request->wall_us};
    struct body_file body;
    enum result result;
    struct reason why;
    uint64_t rows;

    if (!body_file_open(call->service, call->request, &body, call->reply))
        return;
    keeper_begin(call->service->keeper, call->ask.model, &of);
    plan.in = body.file;
    call->spool = reply_spool(call->reply, type_of(&call->ask));
    frame_put(call, "{\"predictions\":[");
    result = bulk_run(&plan, &rows, &why);
    if (!call->refused && result != RESULT_OK && !body_file_refuse(&body, call->reply))
        bulk_ask_refuse(call->request, call->reply, &call->fault, result, &why);
    body_file_close(&body);
    if (result != RESULT_OK)
        return;
    frame_put(call, "]}");
    predict_head(call->ask.model, call->reply);
    reply_header(call->reply, "Vary", "Accept");
}

void handle_bulk(struct service *service, struct request *request, struct reply *reply)
{
    struct bulk_call call = {.service = service, .request = request, .reply = reply};

    if (bulk_ask_read(service, request, reply, &call.ask))
        run(&call);
    bulk_ask_close(&call.ask);
}
