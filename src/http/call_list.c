/*
 * call_list.c: a list of calls, by a query, a page at a time.
 */
#include "http/call_list.h"

#include <string.h>

#include "gate/meter.h"
#include "http/show.h"

enum {
    LIMIT_DEFAULT = 50,
    LOOKED_AT = 500000,       /* calls, for one page of them */
    TOTALS_LOOKED_AT = 200000 /* calls, for what they come to */
};

/* "429" or "4xx".  False if it is neither. */
static bool status_read(const char *text, struct call_filter *filter)
{
    bool class = text[1] == 'x' && text[2] == 'x';

    if (text[0] < '1' || text[0] > '5')
        return false;
    filter->status_min = (int64_t)(text[0] - '0') * 100;
    filter->status_max = filter->status_min + 99;
    if (class)
        return true;
    if (text[1] < '0' || text[1] > '9' || text[2] < '0' || text[2] > '9')
        return false;
    filter->status_min += (text[1] - '0') * 10 + (text[2] - '0');
    filter->status_max = filter->status_min;
    return true;
}

int64_t call_list_time(const struct request *request, const char *name)
{
    const struct form_value *value = form_value(request->query, name);

    return value->given && value->integer == 0 ? 1 : value->integer;
}

bool call_list_filter(const struct request *request, struct call_filter *filter,
                      struct reply *reply)
{
    const struct form_value *limit = form_value(request->query, "limit");
    const struct form_value *status = form_value(request->query, "status");

    filter->limit = limit->given ? limit->integer : LIMIT_DEFAULT;
    filter->before_seq = form_value(request->query, "before")->integer;
    filter->model = form_value(request->query, "model")->text;
    filter->key = form_value(request->query, "key")->text;
    filter->request_id = form_value(request->query, "request_id")->text;
    filter->since_us = call_list_time(request, "since");
    filter->until_us = call_list_time(request, "until");
    if (!status->given || status_read(status->text, filter))
        return true;
    reply_fault(reply, "status", "it is no status", "one from 100 to 599, or 1xx to 5xx");
    return false;
}

/* A page while it is written. */
struct page {
    struct json_writer *writer;
    int64_t left;
    int64_t last; /* of what was written */
    bool more;    /* than fits the page */
};

static bool page_add(void *arg, const struct call_row *row)
{
    struct page *page = arg;

    page->more = page->left == 0;
    if (page->more)
        return false;
    show_call(page->writer, row);
    page->last = row->seq;
    page->left--;
    return true;
}

/*
 * Whether every call that is looked at fits: all, or those of one key or user, which an index
 * finds.  Else none may fit for long.
 */
static bool all_fit(const struct call_filter *filter)
{
    return filter->model == NULL && filter->request_id == NULL && filter->status_min == 0 &&
           filter->until_us == 0 && (filter->key == NULL || filter->user == NULL);
}

/*
 * Has a filter look at the numbers below its cursor, or all, and where not all fit down to a
 * bound.  *lowest is that of the log.
 */
static enum result window_set(struct service *service, struct call_filter *filter,
                              int64_t *lowest, struct reason *why)
{
    int64_t highest;
    enum result result = call_seqs(service->home.db, lowest, &highest, why);

    if (filter->before_seq == 0 || filter->before_seq > highest)
        filter->before_seq = highest + 1;
    filter->from_seq = *lowest;
    if (!all_fit(filter) && filter->before_seq - LOOKED_AT > *lowest)
        filter->from_seq = filter->before_seq - LOOKED_AT;
    return result;
}

enum result call_list_write(struct service *service, const struct call_filter *filter,
                            struct json_writer *writer, struct reason *why)
{
    struct page page = {.writer = writer, .left = filter->limit};
    struct call_filter some = *filter;
    int64_t lowest, next;
    enum result result;

    some.limit++;
    meter_bring_in(service->meter, why); /* which tells of what it cannot do */
    json_write_key(writer, "calls");
    json_write_array(writer);
    result = window_set(service, &some, &lowest, why);
    if (result == RESULT_OK)
        result = call_row_list(service->home.db, &some, page_add, &page, why);
    json_write_array_end(writer);
    next = page.more ? page.last : some.from_seq;
    json_write_key(writer, "next");
    if (next > lowest)
        json_write_i64(writer, next);
    else
        json_write_null(writer);
    return result;
}

static void totals_add(void *arg, const struct usage_row *row)
{
    usage_row_sum(arg, row);
}

/*
 * Whether the sums that are kept by day, key and model are those of the filter.  A call log
 * whose oldest calls are gone has more in its sums, and that is what is asked for then: what
 * it came to.
 */
static bool sums_fit(const struct call_filter *filter)
{
    return filter->status_min == 0 && filter->request_id == NULL &&
           filter->since_us % CALL_DAY_US == 0 && filter->until_us % CALL_DAY_US == 0;
}

/* Totals while they are added up, call by call. */
struct totals {
    const struct call_filter *filter;
    struct usage_row sum;
    int64_t looked_at;
};

static bool is_or_any(const char *wanted, const char *text)
{
    return wanted == NULL || strcmp(wanted, text) == 0;
}

static bool totals_add_call(void *arg, const struct call_row *row)
{
    struct totals *totals = arg;
    const struct call_filter *filter = totals->filter;

    if (++totals->looked_at > TOTALS_LOOKED_AT)
        return false;
    if (!is_or_any(filter->key, row->key) || !is_or_any(filter->model, row->model) ||
        !is_or_any(filter->request_id, row->request_id) ||
        (filter->status_min != 0 &&
         (row->status < filter->status_min || row->status > filter->status_max)))
        return true;
    totals->sum.calls++;
    totals->sum.rows += row->rows;
    totals->sum.charged += row->charged;
    totals->sum.failed += row->status >= 400;
    totals->sum.duration_us += row->duration_us;
    return true;
}

/* One by one, with as much of the filter as an index finds. */
static enum result totals_count(struct service *service, const struct call_filter *filter,
                                struct totals *totals, struct reason *why)
{
    const struct call_filter some = {
        .user = filter->user,
        .key = filter->user == NULL ? filter->key : NULL,
        .since_us = filter->since_us,
        .until_us = filter->until_us,
    };

    totals->filter = filter;
    return call_row_list(service->home.db, &some, totals_add_call, totals, why);
}

enum result call_list_totals(struct service *service, const struct call_filter *filter,
                             struct json_writer *writer, struct reason *why)
{
    struct totals totals = {.looked_at = 0};
    enum result result;

    if (sums_fit(filter))
        result = usage_row_list(service->home.db, filter, totals_add, &totals.sum, why);
    else
        result = totals_count(service, filter, &totals, why);
    if (totals.looked_at <= TOTALS_LOOKED_AT) {
        show_totals(writer, &totals.sum);
    } else {
        json_write_key(writer, "totals");
        json_write_null(writer);
    }
    return result;
}
