/*
 * key_usage.c: what a key has used, and what its limits leave it now.
 */
#include "cmd/key_usage.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cli.h"
#include "gate/key.h"
#include "gate/meter.h"
#include "http/show.h"
#include "store/calls.h"

enum {
    DAYS_SHOWN = 30
};

static void on_usage(void *arg, const struct usage_row *row)
{
    chart_add(arg, row->day, row->calls);
}

/* The keys of a user count together. */
static const char *account_of(const struct key_row *row)
{
    return row->owner.id[0] != '\0' ? row->owner.id : row->id;
}

static enum result sums_read(struct home *home, const struct key_row *row,
                             struct key_usage *usage, struct reason *why)
{
    const char *account = account_of(row);
    int64_t today = call_day(clock_wall_us());
    struct clock_month month = clock_month_of(today);
    struct call_filter filter = {.key = row->id,
                                 .since_us = (today - DAYS_SHOWN + 1) * CALL_DAY_US};
    enum result result;

    result = usage_charged(home->db, account, today, today, &usage->day_charged, why);
    if (result == RESULT_OK)
        result = usage_charged(home->db, account, month.first, month.last,
                               &usage->month_charged, why);
    if (result == RESULT_OK)
        result = usage_row_list(home->db, &filter, on_usage, &usage->chart, why);
    return result;
}

static enum result limits_look(struct home *home, const struct key_row *row, uint64_t epoch,
                               struct key_usage *usage, struct reason *why)
{
    struct caller caller = {.shadow = row->of_tier.shadow, .epoch = epoch};
    struct meter *meter = NULL;
    struct limits limits;
    enum result result = key_limits(row, &limits, why);

    if (result != RESULT_OK)
        return result;
    memcpy(caller.account, account_of(row), sizeof(caller.account));
    caller.limits = &limits;
    result = meter_open(home, &meter, why);
    if (result == RESULT_OK)
        result = meter_look(meter, &caller, &usage->verdict, why);
    meter_close(meter);
    usage->counted = result == RESULT_OK;
    return result;
}

enum result key_usage_read(struct home *home, const char *id, struct key_usage *usage,
                           struct reason *why)
{
    enum result result = cli_calls_bring_in(home, why);
    uint64_t epoch = epoch_read(home->epoch); /* before the database: see epoch.h */
    struct key_row row;

    memset(&row, 0, sizeof(row));
    memset(usage, 0, sizeof(*usage));
    if (result == RESULT_OK)
        result = key_row_get(home->db, id, &row, why);
    if (result == RESULT_OK)
        result = sums_read(home, &row, usage, why);
    if (result == RESULT_OK && row.revoked_at == 0)
        result = limits_look(home, &row, epoch, usage, why);
    return result;
}

void key_usage_json(struct json_writer *writer, const struct key_usage *usage)
{
    static const struct ledger_verdict nothing;

    json_write_key(writer, "usage");
    json_write_object(writer);
    json_member_i64(writer, "day", usage->day_charged);
    json_member_i64(writer, "month", usage->month_charged);
    show_standings(writer, "limits", usage->counted ? &usage->verdict : &nothing);
    json_write_object_end(writer);
}

void key_usage_text(struct buf *text, const struct key_usage *usage)
{
    char name[LIMIT_NAME_MAX];

    buf_printf(text, "\nused       %" PRId64 " today, %" PRId64 " this month (UTC)",
               usage->day_charged, usage->month_charged);
    for (size_t i = 0; usage->counted && i < usage->verdict.count; i++) {
        const struct ledger_standing *standing = &usage->verdict.standings[i];

        limit_name(name, &standing->limit);
        buf_printf(text, "\nleft       %" PRId64 " of %" PRId64 " in %s", standing->remaining,
                   standing->limit.count, name);
        if (standing->remaining < standing->limit.count)
            buf_printf(text, ", more in %" PRId64 " s", standing->reset_s);
    }
    if (usage->chart.any) {
        buf_puts(text, "\n\ncalls per day");
        chart_draw(&usage->chart, text);
    }
}
