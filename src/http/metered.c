/*
 * metered.c: a call that counts.
 */
#include "http/metered.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/meter.h"
#include "http/limit.h"
#include "http/route.h"

void metered_call(const struct request *request, struct call_row *call)
{
    const struct caller *caller = &request->caller;
    bool by_key = caller->way == CALLER_KEY;

    memset(call, 0, sizeof(*call));
    text_copy(call->request_id, sizeof(call->request_id), request->id);
    text_copy(call->key, sizeof(call->key), by_key ? caller->key_id : caller->account);
    text_copy(call->user, sizeof(call->user), by_key ? caller->user : caller->account);
    text_copy(call->route, sizeof(call->route), request->route->operation);
    text_copy(call->address, sizeof(call->address), request->address);
}

/* Whether it went well; else the refusal is written. */
static bool went_well(const struct request *request, enum result result,
                      const struct reason *why, struct reply *reply)
{
    if (result == RESULT_DENIED)
        limit_refuse(request, reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, why);
    return result == RESULT_OK;
}

static bool admit(struct service *service, struct request *request, int64_t charge,
                  struct reply *reply)
{
    struct call_row call;
    enum result result;
    struct reason why;

    metered_call(request, &call);
    result =
        meter_admit(service->meter, &request->caller, &call, charge, &request->verdict, &why);
    request->metered = result == RESULT_OK;
    return went_well(request, result, &why, reply);
}

bool metered_begin(struct service *service, struct request *request, struct reply *reply)
{
    return admit(service, request, 1, reply);
}

bool metered_begin_free(struct service *service, struct request *request, struct reply *reply)
{
    return admit(service, request, 0, reply);
}

bool metered_pay(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    enum result result =
        meter_charge(service->meter, &request->caller, 1, &request->verdict, &why);

    return went_well(request, result, &why, reply);
}

bool metered_rows(struct service *service, struct request *request, const struct model *model,
                  size_t rows, struct reply *reply)
{
    enum result result;
    struct reason why;

    request->model = model;
    result = meter_charge_rows(service->meter, &request->caller, (int64_t)request->rows,
                               (int64_t)rows, &request->verdict, &why);
    request->rows = rows;
    return went_well(request, result, &why, reply);
}

/* What is left, with the charge of a call that failed given back. */
static void look_again(struct service *service, struct request *request)
{
    struct ledger_verdict verdict;
    struct reason why;

    if (meter_look(service->meter, &request->caller, &verdict, &why) == RESULT_OK)
        request->verdict = verdict;
}

void metered_end(struct service *service, struct request *request, struct reply *reply)
{
    struct ledger_end end = {
        .duration_us = (int64_t)((clock_mono_ns() - request->start_ns) / 1000),
        .status = reply_code(reply->status),
        .free = request->replayed.yes,
        .model = request->replayed.model,
        .version = request->replayed.version,
    };
    struct reason why;
    enum result result;

    if (request->model != NULL) {
        end.model = request->model->row.name;
        end.version = request->model->row.version;
        end.rows = reply_is_good(reply->status) ? (int64_t)request->rows : 0;
    }
    result = meter_settle(service->meter, &end, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    if ((!reply_is_good(reply->status) || end.free) && request->verdict.count > 0)
        look_again(service, request);
}
