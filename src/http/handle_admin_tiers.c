/*
 * handle_admin_tiers.c: administration: tiers.
 *
 * A tier is put as a whole, so that of two who change it at once one wins and nothing is
 * mixed; and its limits have to be said, so that nobody takes them away by leaving them out.
 */
#include <string.h>

#include "base/text.h"
#include "gate/limits.h"
#include "gate/tier.h"
#include "http/admin.h"
#include "http/handle_admin.h"

static const char *const prices[] = {"call", "row", NULL};

static const struct form_field tier_fields[] = {
    {"limits", FORM_WORDS,
     .help = "Rates and quotas, 100/60s,10000/day; none: no limits.  Or rates and quotas"},
    {"rates", FORM_WORDS, .help = "So often in any such time: 100/60s"},
    {"quotas", FORM_WORDS, .help = "So much a day or month, by UTC: 10000/day"},
    {"price", FORM_TEXT, .choices = prices,
     .help = "What a call costs of the quotas: call, which is one and what it is if nothing is "
             "said, or row, its rows"},
    {"shadow", FORM_BOOL, .help = "Count and report the limits, but refuse nothing"},
};

const struct form form_admin_tier = {"AdminTier", tier_fields,
                                     sizeof(tier_fields) / sizeof(tier_fields[0]), false};

static void tier_write(struct json_writer *writer, const struct tier_row *row)
{
    json_member_string(writer, "name", row->name);
    json_member_string(writer, "limits", row->limits);
    json_member_string(writer, "price", tier_price_name(row->price));
    json_member_bool(writer, "shadow", row->shadow);
}

/* The page of a list while it is written. */
struct listing {
    struct json_writer writer;
    struct admin_page page;
    int64_t count; /* so far */
};

static void list_row(void *arg, const struct tier_row *row)
{
    struct listing *list = arg;
    int64_t at = list->count++;

    if (at < list->page.offset || at - list->page.offset >= list->page.limit)
        return;
    json_write_object(&list->writer);
    tier_write(&list->writer, row);
    json_member_i64(&list->writer, "keys", row->keys);
    json_write_object_end(&list->writer);
}

void handle_admin_tiers(struct service *service, struct request *request, struct reply *reply)
{
    struct listing list = {json_writer_on(&reply->body), admin_page_of(request), 0};
    struct json_writer *writer = &list.writer;
    enum result result;
    struct reason why;

    json_write_object(writer);
    json_write_key(writer, "tiers");
    json_write_array(writer);
    result = tier_row_list(service->home.db, list_row, &list, &why);
    json_write_array_end(writer);
    admin_page_write(writer, &list.page, list.count);
    json_write_object_end(writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* The limits that a form says.  False with the refusal written. */
static bool limits_read(const struct form_data *form, struct limits *limits,
                        struct reply *reply)
{
    static const char *const parts[LIMITS_PART__MAX] = {
        [LIMITS_RATES] = "rates", [LIMITS_QUOTAS] = "quotas"};
    const char *all = admin_text(form, "limits"), *text;
    struct reason why;

    memset(limits, 0, sizeof(*limits));
    if (all != NULL && limits_parse(all, limits, &why) != RESULT_OK) {
        admin_fault(reply, &form_admin_tier, "limits", &why);
        return false;
    }
    for (enum limits_part part = 0; part < LIMITS_PART__MAX; part++) {
        text = admin_text(form, parts[part]);
        if (text == NULL)
            continue;
        if (all != NULL) {
            reply_fault(reply, parts[part], "it is given beside limits", "one of the two");
            return false;
        }
        if (limits_replace(limits, part, text, &why) != RESULT_OK) {
            admin_fault(reply, &form_admin_tier, parts[part], &why);
            return false;
        }
    }
    return true;
}

/* The tier that a form says.  False with the refusal written. */
static bool tier_read(const struct request *request, struct tier_row *row, struct reply *reply)
{
    const char *name = request_variable(request, "name", NULL);
    const char *price = admin_text(request->form, "price");
    struct limits limits;
    struct reason why;

    memset(row, 0, sizeof(*row));
    if (!tier_name_valid(name)) {
        tier_name_refuse(name, &why);
        admin_fault(reply, &form_admin_tier, "name", &why);
        return false;
    }
    text_copy(row->name, sizeof(row->name), name);
    row->shadow = admin_truth(request->form, "shadow") > 0;
    if (price != NULL)
        tier_price_parse(price, &row->price);
    if (!limits_read(request->form, &limits, reply))
        return false;
    limits_print(row->limits, &limits);
    return true;
}

/* Whether the form says what the limits are, if only that there are none. */
static bool limits_said(const struct form_data *form)
{
    return form_value(form, "limits")->given || form_value(form, "rates")->given ||
           form_value(form, "quotas")->given;
}

void handle_admin_tier_set(struct service *service, struct request *request,
                           struct reply *reply)
{
    const struct admin_asked asked = {"tier", &form_admin_tier, "name"};
    struct json_writer writer = json_writer_on(&reply->body);
    struct tier_row row, before;
    enum result result, found;
    struct reason why;

    if (!limits_said(request->form)) {
        reply_fault(reply, "limits", "it is missing",
                    "rates and quotas such as 100/60s,10000/day; empty for no limits");
        return;
    }
    if (!tier_read(request, &row, reply))
        return;
    found = tier_row_get(service->home.db, row.name, &before, NULL);
    result = tier_set(&service->home, &row, &why);
    if (result != RESULT_OK) {
        admin_refuse(reply, &asked, result, &why);
        return;
    }
    if (found == RESULT_MISSING)
        reply->status = REPLY_CREATED;
    json_write_object(&writer);
    tier_write(&writer, &row);
    json_write_object_end(&writer);
}

void handle_admin_tier_delete(struct service *service, struct request *request,
                              struct reply *reply)
{
    const char *name = request_variable(request, "name", NULL);
    const struct admin_asked asked = {.what = "tier"};
    struct tier_row row;
    struct reason why;
    enum result result = tier_row_get(service->home.db, name, &row, &why);

    if (result == RESULT_OK || result == RESULT_MALFORMED) /* one that is damaged may go */
        result = tier_delete(&service->home, name, &why);
    if (result == RESULT_EXISTS)
        reply_refuse(reply, REPLY_CONFLICT,
                     "Users or keys are of this tier: give them another one first.");
    else if (result != RESULT_OK)
        admin_refuse(reply, &asked, result, &why);
}
