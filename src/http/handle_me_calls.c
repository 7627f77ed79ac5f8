/*
 * handle_me_calls.c: users' calls, and what they came to.
 */
#include <string.h>

#include "base/json_write.h"
#include "gate/meter.h"
#include "http/call_export.h"
#include "http/call_list.h"
#include "http/handlers.h"
#include "http/me.h"
#include "http/route.h"

enum {
    USAGE_DAYS = 31,     /* back from now, if nothing is said */
    USAGE_DAYS_MAX = 366 /* at once */
};

static const struct form_field calls_fields[] = {CALL_LIST_FIELDS, CALL_EXPORT_FIELD};

const struct form form_my_calls = {"CallQuery", calls_fields,
                                   sizeof(calls_fields) / sizeof(calls_fields[0]), false};

static const char *const by_words[] = {
    [ME_USAGE_BY_MODEL] = "model", [ME_USAGE_BY_KEY] = "key", NULL};

static const struct form_field usage_fields[] = {
    {"by", FORM_TEXT, .choices = by_words,
     .help = "What a day's sums are of: each model over all keys, as by default, or each key"},
    {"model", FORM_TEXT, .min = 1, .max = MODEL_NAME_MAX, .help = "Of this model alone"},
    {"key", FORM_TEXT, .min = 1, .max = KEY_ID_LEN,
     .help = "By this key alone, its id; or the user's id, for calls without a key"},
    {"since", FORM_TIME, .help = "From that day (UTC) on; by default a month back"},
    {"until", FORM_TIME, .help = "Before then; by default now"},
};

const struct form form_my_usage = {"UsageQuery", usage_fields,
                                   sizeof(usage_fields) / sizeof(usage_fields[0]), false};

void handle_me_calls(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct call_filter filter = me_calls(&request->caller);
    enum result result;
    struct reason why;

    if (!call_list_filter(request, &filter, reply))
        return;
    if (call_export_is_wanted(service, request)) {
        call_export(service, request, &filter, true, reply);
        return;
    }
    json_write_object(&writer);
    result = call_list_write(service, &filter, &writer, &why);
    if (result == RESULT_OK)
        result = call_list_totals(service, &filter, &writer, &why);
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

static enum me_usage_by usage_by(const struct request *request)
{
    const char *text = form_value(request->query, "by")->text;

    return text != NULL && strcmp(text, by_words[ME_USAGE_BY_KEY]) == 0 ? ME_USAGE_BY_KEY
                                                                        : ME_USAGE_BY_MODEL;
}

void handle_me_usage(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct call_filter filter = me_calls(&request->caller);
    enum result result;
    struct reason why;

    filter.model = form_value(request->query, "model")->text;
    filter.key = form_value(request->query, "key")->text;
    filter.since_us = me_time(request, "since", USAGE_DAYS);
    filter.until_us = me_time(request, "until", 0);
    if (call_day(filter.until_us) - call_day(filter.since_us) > USAGE_DAYS_MAX) {
        reply_fault(reply, "since", "it is too long before until",
                    "at most 366 days before it");
        return;
    }
    meter_bring_in(service->meter, &why); /* as far as it can be in a moment */
    json_write_object(&writer);
    result = me_usage_write(service, &filter, usage_by(request), &writer, &why);
    if (result == RESULT_OK)
        result = me_limits_write(service, &request->caller, &writer, &why);
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}
