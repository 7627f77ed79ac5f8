/*
 * handle_admin_calls.c: administration: the call log, the sums over it, and the audit trail.
 *
 * What is read is what had ended when it was asked for: the ledger's journal is brought in
 * before, if that can be in a moment.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/audit.h"
#include "gate/meter.h"
#include "gate/user.h"
#include "http/admin.h"
#include "http/call_export.h"
#include "http/call_list.h"
#include "http/handle_admin.h"
#include "http/show.h"
#include "http/slot.h"
#include "store/audits.h"
#include "store/calls.h"

enum {
    USAGE_DAYS = 31, /* if nobody says */
    USAGE_DAYS_MAX = 366,
    USER_TEXT_MAX = USER_USERNAME_MAX,
};

#define SINCE_UNTIL_FIELDS                                                                 \
    {"since", FORM_TIME, .help = "From this time on, included; RFC 3339 or a date (UTC)"}, \
    {                                                                                      \
        "until", FORM_TIME, .help = "Up to this time, not included"                        \
    }

static const struct form_field calls_fields[] = {
    CALL_LIST_FIELDS,
    CALL_EXPORT_FIELD,
    {"user", FORM_TEXT, .min = 1, .max = USER_TEXT_MAX,
     .help = "By this user: an e-mail address, or an id, also of one who was deleted"},
    {"request_id", FORM_TEXT, .min = 1, .max = CALL_REQUEST_ID_MAX, .help = "With this id"},
};

const struct form form_admin_calls = {"AdminCallQuery", calls_fields,
                                      sizeof(calls_fields) / sizeof(calls_fields[0]), false};

static const struct form_field usage_fields[] = {
    {"key", FORM_TEXT, .min = KEY_ID_LEN, .max = KEY_ID_LEN, .help = "By this key, its id"},
    {"user", FORM_TEXT, .min = 1, .max = USER_TEXT_MAX,
     .help = "By this user: an e-mail address, or an id, also of one who was deleted"},
    {"model", FORM_TEXT, .min = 1, .max = MODEL_NAME_MAX, .help = "To this model"},
    SINCE_UNTIL_FIELDS,
    ADMIN_LIMIT_FIELD,
    ADMIN_OFFSET_FIELD,
};

const struct form form_admin_usage = {"AdminUsageQuery", usage_fields,
                                      sizeof(usage_fields) / sizeof(usage_fields[0]), false};

static const struct form_field audit_fields[] = {
    {"actor", FORM_TEXT, .min = 1, .max = AUDIT_ACTOR_MAX,
     .help = "Who did it: user:ID, key:ID, cli:NAME"},
    {"target", FORM_TEXT, .min = 1, .max = AUDIT_TARGET_MAX,
     .help = "What it was done to: user:ID, key:ID, tier:NAME, model:NAME"},
    {"action", FORM_TEXT, .min = 1, .max = AUDIT_ACTION_MAX,
     .help = "What was done: key.create, or key for all that begins so"},
    SINCE_UNTIL_FIELDS,
    ADMIN_LIMIT_FIELD,
    ADMIN_BEFORE_FIELD,
};

const struct form form_admin_audit = {"AdminAuditQuery", audit_fields,
                                      sizeof(audit_fields) / sizeof(audit_fields[0]), false};

/*
 * Whose calls are asked for: *filter's user is the row's or the query's own text, since of a
 * user who was deleted no other name is left than the id.
 */
static enum result whose(struct service *service, const struct request *request,
                         struct call_filter *filter, struct user_row *user, struct reason *why)
{
    enum result result;

    filter->user = admin_text(request->query, "user");
    if (filter->user == NULL)
        return RESULT_OK;
    result = user_find(&service->home, filter->user, user, why);
    if (result == RESULT_OK)
        filter->user = user->id;
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* ---- calls ---- */

void handle_admin_calls(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct call_filter filter = {.limit = 0};
    struct user_row user;
    enum result result;
    struct reason why;

    if (!call_list_filter(request, &filter, reply))
        return;
    result = whose(service, request, &filter, &user, &why);
    if (result == RESULT_OK && call_export_is_wanted(service, request)) {
        call_export(service, request, &filter, false, reply);
        return;
    }
    json_write_object(&writer);
    if (result == RESULT_OK)
        result = call_list_write(service, &filter, &writer, &why);
    json_member_i64(&writer, "limit", filter.limit);
    if (result == RESULT_OK)
        result = call_list_totals(service, &filter, &writer, &why);
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- usage ---- */

struct usage_listing {
    struct json_writer writer;
    struct admin_page page;
    int64_t count; /* so far */
    struct usage_row totals;
};

static void usage_add(void *arg, const struct usage_row *row)
{
    struct usage_listing *list = arg;
    int64_t at = list->count++;

    usage_row_sum(&list->totals, row);
    if (at >= list->page.offset && at - list->page.offset < list->page.limit)
        show_usage(&list->writer, row);
}

/* The days that are summed up: the last 31 if nobody says, and never more than a year's. */
static bool days_set(const struct request *request, struct call_filter *filter,
                     struct reply *reply)
{
    int64_t until = filter->until_us != 0 ? filter->until_us : request->wall_us;

    if (filter->since_us == 0)
        filter->since_us = (call_day(until) - USAGE_DAYS + 1) * CALL_DAY_US;
    if (call_day(until) - call_day(filter->since_us) <= USAGE_DAYS_MAX)
        return true;
    reply_fault(reply, "since", "it is too long before until", "at most 366 days before it");
    return false;
}

/* What is asked for.  False with the refusal written. */
static bool usage_filter(struct service *service, const struct request *request,
                         struct call_filter *filter, struct user_row *user, struct reply *reply)
{
    enum result result;
    struct reason why;

    *filter = (struct call_filter){
        .key = admin_text(request->query, "key"),
        .model = admin_text(request->query, "model"),
        .since_us = call_list_time(request, "since"),
        .until_us = call_list_time(request, "until"),
    };
    result = whose(service, request, filter, user, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK && days_set(request, filter, reply);
}

void handle_admin_usage(struct service *service, struct request *request, struct reply *reply)
{
    struct usage_listing list = {.writer = json_writer_on(&reply->body),
                                 .page = admin_page_of(request)};
    struct call_filter filter;
    struct user_row user;
    enum result result;
    struct reason why;

    if (!usage_filter(service, request, &filter, &user, reply))
        return;
    meter_bring_in(service->meter, &why); /* as far as it can be in a moment */
    json_write_object(&list.writer);
    json_write_key(&list.writer, "usage");
    json_write_array(&list.writer);
    result = usage_row_list(service->home.db, &filter, usage_add, &list, &why);
    json_write_array_end(&list.writer);
    show_totals(&list.writer, &list.totals);
    show_time(&list.writer, "since", filter.since_us / 1000000);
    show_time(&list.writer, "until", filter.until_us / 1000000);
    admin_page_write(&list.writer, &list.page, list.count);
    json_write_object_end(&list.writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- the audit trail ---- */

struct audit_listing {
    struct json_writer writer;
    struct db *db;
    int64_t count, last;
};

/* The username of who did something, as long as there is that user. */
static void actor_write(struct audit_listing *list, const char *actor)
{
    static const char kind[] = "user:";
    struct user_row user = {.username = ""};

    if (strncmp(actor, kind, sizeof(kind) - 1) == 0)
        user_row_get(list->db, actor + sizeof(kind) - 1, &user, NULL);
    show_text(&list->writer, "actor", actor);
    show_text(&list->writer, "actor_name", user.username);
}

static void change_write(struct json_writer *writer, const char *key, const char *change)
{
    json_write_key(writer, key);
    if (change[0] == '{')
        json_write_raw(writer, change, strlen(change));
    else
        json_write_null(writer);
}

static void audit_add_row(void *arg, const struct audit_row *row)
{
    struct audit_listing *list = arg;
    struct json_writer *writer = &list->writer;
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339_us(time, row->at_us);
    json_write_object(writer);
    json_member_i64(writer, "seq", row->seq);
    json_member_string(writer, "at", time);
    actor_write(list, row->actor);
    json_member_string(writer, "action", row->action);
    json_member_string(writer, "target", row->target);
    change_write(writer, "before", row->before);
    change_write(writer, "after", row->after);
    show_text(writer, "address", row->address);
    show_text(writer, "request_id", row->request_id);
    json_write_object_end(writer);
    list->count++;
    list->last = row->seq;
}

void handle_admin_audit(struct service *service, struct request *request, struct reply *reply)
{
    struct audit_listing list = {.writer = json_writer_on(&reply->body),
                                 .db = service->home.db};
    const struct audit_filter filter = {
        .actor = admin_text(request->query, "actor"),
        .target = admin_text(request->query, "target"),
        .action = admin_text(request->query, "action"),
        .since_us = call_list_time(request, "since"),
        .until_us = call_list_time(request, "until"),
        .before_seq = admin_integer(request->query, "before", 0),
        .limit = admin_integer(request->query, "limit", ADMIN_LIMIT),
    };
    enum result result;
    struct reason why;

    json_write_object(&list.writer);
    json_write_key(&list.writer, "audit");
    json_write_array(&list.writer);
    result = audit_row_list(service->home.db, &filter, audit_add_row, &list, &why);
    json_write_array_end(&list.writer);
    json_member_i64(&list.writer, "limit", filter.limit);
    json_write_key(&list.writer, "next");
    if (list.count == filter.limit && list.last > 1)
        json_write_i64(&list.writer, list.last);
    else
        json_write_null(&list.writer);
    json_write_object_end(&list.writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* The whole trail is read, so a slot is taken, as for what keeps a worker long. */
void handle_admin_audit_check(struct service *service, struct request *request,
                              struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct audit_proof proof;
    enum result result;
    struct reason why;

    if (!slot_take(service, request, "proofs are made", reply))
        return;
    result = audit_prove(&service->home, &proof, &why);
    if (result == RESULT_OK)
        audit_proof_write(&writer, &proof);
    else
        reply_refuse_result(reply, result, &why);
}
