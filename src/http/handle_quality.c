/*
 * handle_quality.c: how good a model has been: to a caller, on what was asked for that account,
 * and to administrators on all.
 */
#include <string.h>

#include "gate/judge.h"
#include "http/call_list.h"
#include "http/handlers.h"
#include "http/slot.h"

enum {
    ROWS_MOST = 1000000 /* that a worker reads for one answer: some seconds */
};

static const char *const by_choices[] = {"version", "day", "week", NULL};

static const struct form_field quality_fields[] = {
    {"version", FORM_INTEGER, .min = 1, .max = INT64_C(1) << 53, .help = "Of this one alone"},
    {"since", FORM_TIME, .help = "From then on"},
    {"until", FORM_TIME, .help = "Before then"},
    {"by", FORM_TEXT, .choices = by_choices,
     .help = "How figures are parted: by version alone, or by its days or weeks too"},
};

const struct form form_quality = {"QualityQuery", quality_fields,
                                  sizeof(quality_fields) / sizeof(quality_fields[0]), false};

void handle_quality(struct service *service, struct request *request, struct reply *reply)
{
    const struct model *model =
        registry_find(service->registry, request->name, request->name_len);
    const char *by_text = form_value(request->query, "by")->text;
    struct json_writer writer = json_writer_on(&reply->body);
    enum judge_by by = JUDGE_BY_VERSION;
    struct keep_filter filter = {
        .version = form_value(request->query, "version")->integer,
        .account = request->caller.admin ? NULL : request->caller.account,
        .since_us = call_list_time(request, "since"),
        .until_us = call_list_time(request, "until"),
    };
    struct judge judge = {.n_parts = 0};
    enum result result = RESULT_OK;
    struct reason why;

    if (model == NULL) {
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such model. GET /models lists the ones that there are.");
        return;
    }
    if (!slot_take(service, request, "figures are made", reply))
        return;
    filter.model = model->row.name;
    if (by_text != NULL)
        result = judge_by_read(by_text, &by, &why);
    keeper_flush(service->keeper); /* what was asked just now counts */
    if (result == RESULT_OK)
        result = judge_read(&service->home, &filter, by, ROWS_MOST, &judge, &why);
    if (result == RESULT_OK)
        judge_write(&writer, &judge);
    else if (result == RESULT_TOO_BIG)
        reply_fault(reply, "since", "there are too many versions, days or weeks",
                    "at most 400 of them together");
    else
        reply_refuse_result(reply, result, &why);
    judge_free(&judge);
}
