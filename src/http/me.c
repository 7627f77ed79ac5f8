/*
 * me.c: what callers are told of themselves.
 */
#include "http/me.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gate/meter.h"
#include "http/form.h"
#include "http/route.h"
#include "http/show.h"

enum {
    SUMS_FIRST = 256
};

#define DAY_US INT64_C(86400000000)

void me_refuse_gone(struct reply *reply)
{
    reply_refuse(reply, REPLY_UNAUTHORIZED,
                 "The API key or access token is missing or not valid.");
}

bool me_user_read(struct service *service, const struct request *request, struct user_row *row,
                  struct reply *reply)
{
    struct reason why;
    enum result result = user_row_get(service->home.db, request->caller.user, row, &why);

    if (result == RESULT_MISSING)
        me_refuse_gone(reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

/* ---- keys ---- */

/* A list of keys while it is written. */
struct key_list {
    struct service *service;
    struct json_writer *writer;
    int64_t now;
    bool revoked; /* those too */
    enum result result;
    struct reason *why;
};

static void key_add(void *arg, const struct key_row *row)
{
    struct key_list *list = arg;
    struct key_more more;

    if (list->result != RESULT_OK || (row->revoked_at != 0 && !list->revoked))
        return;
    list->result = key_more_get(list->service->home.db, row->id, &more, list->why);
    if (list->result == RESULT_OK)
        show_key(list->writer, row, &more, list->now);
}

static enum result key_of_caller(struct key_list *list, const struct caller *caller)
{
    struct key_row row;
    enum result result;

    if (caller->key_id[0] == '\0')
        return RESULT_OK;
    result = key_row_get(list->service->home.db, caller->key_id, &row, list->why);
    if (result == RESULT_OK)
        key_add(list, &row);
    return result;
}

enum result me_keys_write(struct service *service, const struct request *request, bool revoked,
                          struct json_writer *writer, struct reason *why)
{
    struct key_list list = {.service = service,
                            .writer = writer,
                            .now = request->wall_us / 1000000,
                            .revoked = revoked,
                            .why = why};
    enum result result;

    json_write_key(writer, "keys");
    json_write_array(writer);
    if (request->caller.user[0] != '\0')
        result = key_row_list_of(service->home.db, request->caller.user, key_add, &list, why);
    else
        result = key_of_caller(&list, &request->caller);
    json_write_array_end(writer);
    return result == RESULT_OK ? list.result : result;
}

/* ---- limits ---- */

enum result me_limits_write(struct service *service, const struct caller *caller,
                            struct json_writer *writer, struct reason *why)
{
    struct ledger_verdict verdict = {.count = 0};
    enum result result = RESULT_OK;

    if (!caller->shadow)
        result = meter_look(service->meter, caller, &verdict, why);
    if (result == RESULT_OK)
        show_standings(writer, "limits", &verdict);
    return result;
}

/* ---- sums ---- */

struct call_filter me_calls(const struct caller *caller)
{
    if (caller->user[0] != '\0')
        return (struct call_filter){.user = caller->user};
    return (struct call_filter){.key = caller->account};
}

int64_t me_time(const struct request *request, const char *name, int64_t days_ago)
{
    const struct form_value *value = form_value(request->query, name);
    int64_t time = value->given ? value->integer : request->wall_us - days_ago * DAY_US;

    return time != 0 ? time : 1;
}

/*
 * Sums while they are added up: in no order, some perhaps of one day and model or key.  What
 * they are not of is empty in all of them.
 */
struct sums {
    enum me_usage_by by;
    struct usage_row *rows;
    size_t count, room;
    bool no_memory;
};

static int by_day_and_what(const void *a, const void *b)
{
    const struct usage_row *one = a, *other = b;
    int order;

    if (one->day != other->day)
        return one->day < other->day ? -1 : 1;
    order = strcmp(one->model, other->model);
    return order != 0 ? order : strcmp(one->key, other->key);
}

/* Puts them in order and makes one of those that are of the same. */
static void sums_settle(struct sums *sums)
{
    size_t kept = 0;

    if (sums->count == 0)
        return;
    qsort(sums->rows, sums->count, sizeof(*sums->rows), by_day_and_what);
    for (size_t i = 1; i < sums->count; i++) {
        struct usage_row *sum = &sums->rows[kept];
        const struct usage_row *row = &sums->rows[i];

        if (by_day_and_what(sum, row) != 0) {
            sums->rows[++kept] = *row;
            continue;
        }
        usage_row_sum(sum, row);
    }
    sums->count = kept + 1;
}

/* Room for one more: by settling, or if that gains little by growing. */
static bool sums_make_room(struct sums *sums)
{
    size_t room = sums->room != 0 ? sums->room * 2 : SUMS_FIRST;
    struct usage_row *rows;

    if (sums->count < sums->room)
        return true;
    sums_settle(sums);
    if (sums->room != 0 && sums->count <= sums->room / 2)
        return true;
    rows = reallocarray(sums->rows, room, sizeof(*rows));
    if (rows == NULL)
        return false;
    sums->rows = rows;
    sums->room = room;
    return true;
}

static void sums_add(void *arg, const struct usage_row *row)
{
    struct sums *sums = arg;
    struct usage_row *sum;

    if (sums->no_memory || !sums_make_room(sums)) {
        sums->no_memory = true;
        return;
    }
    sum = &sums->rows[sums->count++];
    *sum = *row;
    if (sums->by == ME_USAGE_BY_KEY)
        sum->model[0] = '\0';
    else
        sum->key[0] = '\0';
}

enum result me_usage_write(struct service *service, const struct call_filter *filter,
                           enum me_usage_by by, struct json_writer *writer, struct reason *why)
{
    struct sums sums = {.by = by};
    enum result result = usage_row_list(service->home.db, filter, sums_add, &sums, why);

    if (result == RESULT_OK && sums.no_memory)
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    sums_settle(&sums);
    json_write_key(writer, "usage");
    json_write_array(writer);
    for (size_t i = 0; i < sums.count; i++)
        show_usage(writer, &sums.rows[i]);
    json_write_array_end(writer);
    free(sums.rows);
    return result;
}

/* ---- refusals ---- */

void me_refuse(const struct request *request, struct reply *reply, enum result result,
               const char *field, const struct reason *why)
{
    char allowed[256];

    form_print_allowed_of(request->route->form, field, allowed, sizeof(allowed));
    if (allowed[0] != '\0' && (result == RESULT_INVALID || result == RESULT_TOO_BIG)) {
        reply_fault(reply, field, why->text, allowed);
    } else if (result == RESULT_EXISTS) {
        reply_refuse(reply, REPLY_CONFLICT, "%s.", why->text);
    } else {
        reply_refuse_result(reply, result, why);
    }
}
