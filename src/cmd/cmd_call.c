/*
 * cmd_call.c: forestgate call: list, stats.
 *
 * Rows go through as they are read, so memory does not grow with them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cmd/chart.h"
#include "cmd/cli.h"
#include "cmd/field_list.h"
#include "cmd/time_option.h"
#include "gate/key.h"
#include "store/calls.h"
#include "store/users.h"

static const char call_list_hint[] =
    "there is no such call; forestgate key create --name NAME makes a key for one";

#define CALL_AT(member) offsetof(struct call_row, member)

/* For people: what is looked for first, and what may be long last. */
static const struct field call_columns[] = {
    {"started_at", FIELD_TIME, -27, CALL_AT(started_us)},
    {"ms", FIELD_MS, 8, CALL_AT(duration_us)},
    {"status", FIELD_NUMBER, 6, CALL_AT(status)},
    {"key", FIELD_TEXT, -KEY_ID_LEN, CALL_AT(key)},
    {"user", FIELD_TEXT, -8, CALL_AT(user)},
    {"model", FIELD_TEXT, -12, CALL_AT(model)},
    {"version", FIELD_SERIAL, 7, CALL_AT(version)},
    {"route", FIELD_TEXT, -10, CALL_AT(route)},
    {"rows", FIELD_NUMBER, 6, CALL_AT(rows)},
    {"charged", FIELD_NUMBER, 7, CALL_AT(charged)},
    {"over", FIELD_TEXT, -5, CALL_AT(over)},
    {"address", FIELD_TEXT, -15, CALL_AT(address)},
    {"request_id", FIELD_TEXT, -32, CALL_AT(request_id)},
    {0},
};

/* A sum as it is printed. */
struct stat_row {
    struct usage_row sum;
    int64_t mean_us;
};

#define STAT_AT(member) offsetof(struct stat_row, sum.member)

#define STAT_KEY                                     \
    {                                                \
        "key", FIELD_TEXT, -KEY_ID_LEN, STAT_AT(key) \
    }
#define STAT_DAY                            \
    {                                       \
        "day", FIELD_DAY, -10, STAT_AT(day) \
    }
#define STAT_MODEL                               \
    {                                            \
        "model", FIELD_TEXT, -16, STAT_AT(model) \
    }
#define STAT_SUMS                                                                           \
    {"calls", FIELD_NUMBER, 10, STAT_AT(calls)}, {"rows", FIELD_NUMBER, 10, STAT_AT(rows)}, \
        {"charged", FIELD_NUMBER, 10, STAT_AT(charged)},                                    \
        {"failed", FIELD_NUMBER, 8, STAT_AT(failed)},                                       \
        {"over", FIELD_NUMBER, 8, STAT_AT(over)},                                           \
        {"mean_ms", FIELD_MS, 9, offsetof(struct stat_row, mean_us)},                       \
    {                                                                                       \
        0                                                                                   \
    }

static const struct field stat_fields[] = {STAT_KEY, STAT_DAY, STAT_MODEL, STAT_SUMS};
static const struct field stat_fields_by_key[] = {STAT_KEY, STAT_SUMS};
static const struct field stat_fields_by_model[] = {STAT_MODEL, STAT_SUMS};
static const struct field stat_fields_by_day[] = {STAT_DAY, STAT_SUMS};

static int by_nothing(const struct usage_row *a, const struct usage_row *b)
{
    int order = strcmp(a->key, b->key);

    if (order == 0)
        order = (a->day > b->day) - (a->day < b->day);
    return order != 0 ? order : strcmp(a->model, b->model);
}

static int by_key(const struct usage_row *a, const struct usage_row *b)
{
    return strcmp(a->key, b->key);
}

static int by_model(const struct usage_row *a, const struct usage_row *b)
{
    return strcmp(a->model, b->model);
}

static int by_day(const struct usage_row *a, const struct usage_row *b)
{
    return (a->day > b->day) - (a->day < b->day);
}

/* What --by may be: what is then one row, and whether such rows come one after the other. */
static const struct stat_by {
    const char *name;
    const struct field *fields;
    int (*order)(const struct usage_row *a, const struct usage_row *b);
    bool together;
} stat_bys[] = {
    {"", stat_fields, by_nothing, true},
    {"key", stat_fields_by_key, by_key, true},
    {"model", stat_fields_by_model, by_model, false},
    {"day", stat_fields_by_day, by_day, false},
};

/* A status, all of a hundred (4xx), or a range (400-499). */
static enum result status_read(const struct option_set *set, struct call_filter *filter,
                               struct reason *why)
{
    const char *text = option_value(set, "--status"), *dash;
    uint64_t min = 0, max = 0;
    size_t len;

    if (text == NULL)
        return RESULT_OK;
    len = strlen(text);
    dash = memchr(text, '-', len);
    if (len == 3 && strcmp(text + 1, "xx") == 0 && num_parse_u64(text, 1, &min)) {
        min *= 100;
        max = min + 99;
    } else if (dash != NULL) {
        if (!num_parse_u64(text, (size_t)(dash - text), &min) ||
            !num_parse_u64(dash + 1, strlen(dash + 1), &max))
            min = 0;
    } else if (num_parse_u64(text, len, &min)) {
        max = min;
    }
    if (min < 100 || max > 599 || min > max)
        return reason_set(why, RESULT_INVALID,
                          "--status: \"%.40s\" is not allowed; allowed: a status (429), all of "
                          "a hundred (4xx), or a range (400-499), from 100 to 599",
                          text);
    filter->status_min = (int64_t)min;
    filter->status_max = (int64_t)max;
    return RESULT_OK;
}

/* What list and stats have in common. */
static enum result filter_read(const struct option_set *set, struct call_filter *filter,
                               char key[KEY_ID_LEN + 1], struct reason *why)
{
    const char *text = option_value(set, "--key");
    enum result result = RESULT_OK;

    memset(filter, 0, sizeof(*filter));
    filter->model = option_value(set, "--model");
    filter->user = option_value(set, "--user");
    if (text != NULL) {
        result = key_id_read(text, key, why);
        filter->key = key;
    }
    if (result == RESULT_OK)
        result = time_option_read(set, "--since", &filter->since_us, why);
    if (result == RESULT_OK)
        result = time_option_read(set, "--until", &filter->until_us, why);
    return result;
}

static enum result list_filter_read(const struct option_set *set, struct call_filter *filter,
                                    char key[KEY_ID_LEN + 1], struct reason *why)
{
    unsigned long long limit = 0;
    enum result result;

    result = filter_read(set, filter, key, why);
    if (result == RESULT_OK)
        result = status_read(set, filter, why);
    if (result == RESULT_OK)
        result = option_u64(set, "--limit", 0, INT64_MAX, &limit, why);
    filter->request_id = option_value(set, "--request-id");
    filter->limit = (int64_t)limit;
    return result;
}

/* A user who was named by the username, which is an address, is looked for by the id. */
static enum result user_find(struct home *home, struct call_filter *filter,
                             struct user_row *user, struct reason *why)
{
    enum result result;

    if (filter->user == NULL || strchr(filter->user, '@') == NULL)
        return RESULT_OK;
    result = user_row_find(home->db, filter->user, user, why);
    filter->user = user->id;
    return result;
}

static bool list_row(void *arg, const struct call_row *row)
{
    return field_list_add(arg, row);
}

static int run_list(const struct option_set *set)
{
    char key[KEY_ID_LEN + 1];
    struct call_filter filter;
    struct field_list list;
    struct user_row user;
    enum result result;
    struct reason why;
    struct home home;

    if (list_filter_read(set, &filter, key, &why) != RESULT_OK ||
        field_list_start(&list, set, call_columns, call_row_fields, &why) != RESULT_OK)
        return cli_misuse(&why);
    list.list.hint = call_list_hint;
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = cli_calls_bring_in(&home, &why);
    if (result == RESULT_OK)
        result = user_find(&home, &filter, &user, &why);
    if (result == RESULT_OK)
        result = call_row_list(home.db, &filter, list_row, &list, &why);
    return cli_home_end(&home, field_list_end(&list, result, &why));
}

/* Sums while they are added up: in order, or the one at hand where they come in order. */
struct stats {
    const struct stat_by *by;
    struct stat_row *rows;
    size_t count, room;
    bool no_memory;
    struct field_list list;
    struct chart chart;
};

/* --by; *by stays as it is where it is not given. */
static enum result by_read(const struct option_set *set, const struct stat_by **by,
                           struct reason *why)
{
    const char *text = option_value(set, "--by");

    if (text == NULL)
        return RESULT_OK;
    for (size_t i = 1; i < sizeof(stat_bys) / sizeof(stat_bys[0]); i++)
        if (strcmp(stat_bys[i].name, text) == 0) {
            *by = &stat_bys[i];
            return RESULT_OK;
        }
    return reason_set(why, RESULT_INVALID,
                      "--by: \"%.40s\" is not allowed; allowed: key, model or day", text);
}

/* Prints the sums and forgets them. */
static void stats_print(struct stats *stats)
{
    for (size_t i = 0; i < stats->count; i++) {
        struct stat_row *row = &stats->rows[i];

        row->mean_us = row->sum.calls != 0 ? row->sum.duration_us / row->sum.calls : 0;
        field_list_add(&stats->list, row);
    }
    stats->count = 0;
}

/* Room for one more sum, at a place of its own. */
static struct usage_row *sum_new(struct stats *stats, size_t at)
{
    size_t room = stats->room != 0 ? stats->room * 2 : 64;
    struct stat_row *rows;

    if (stats->count == stats->room) {
        rows = reallocarray(stats->rows, room, sizeof(*rows));
        if (rows == NULL) {
            stats->no_memory = true;
            return NULL;
        }
        stats->rows = rows;
        stats->room = room;
    }
    memmove(&stats->rows[at + 1], &stats->rows[at], (stats->count - at) * sizeof(*stats->rows));
    memset(&stats->rows[at], 0, sizeof(*stats->rows));
    stats->count++;
    return &stats->rows[at].sum;
}

/* The sum that a row belongs to, as it is or new; NULL without memory. */
static struct usage_row *sum_of(struct stats *stats, const struct usage_row *row)
{
    size_t low = 0, high = stats->count, middle;
    struct usage_row *sum;
    int order;

    while (low < high) {
        middle = low + (high - low) / 2;
        order = stats->by->order(row, &stats->rows[middle].sum);
        if (order == 0)
            return &stats->rows[middle].sum;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    sum = sum_new(stats, low);
    if (sum != NULL) {
        memcpy(sum->key, row->key, sizeof(sum->key));
        memcpy(sum->model, row->model, sizeof(sum->model));
        sum->day = row->day;
    }
    return sum;
}

static void stats_add(void *arg, const struct usage_row *row)
{
    struct stats *stats = arg;
    struct usage_row *sum;

    chart_add(&stats->chart, row->day, row->calls);
    if (stats->by->together && stats->count > 0 &&
        stats->by->order(row, &stats->rows[0].sum) != 0)
        stats_print(stats);
    sum = sum_of(stats, row);
    if (sum == NULL)
        return;
    sum->calls += row->calls;
    sum->rows += row->rows;
    sum->charged += row->charged;
    sum->failed += row->failed;
    sum->over += row->over;
    sum->duration_us += row->duration_us;
}

static enum result stats_read(struct stats *stats, struct home *home,
                              const struct call_filter *filter, struct reason *why)
{
    enum result result;

    result = cli_calls_bring_in(home, why);
    if (result == RESULT_OK)
        result = usage_row_list(home->db, filter, stats_add, stats, why);
    if (result == RESULT_OK && stats->no_memory)
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    if (result != RESULT_OK)
        return result;
    stats_print(stats);
    if (field_list_is_table(&stats->list) && stats->chart.any) {
        buf_puts(&stats->list.list.text, "\n\ncalls per day");
        chart_draw(&stats->chart, &stats->list.list.text);
    }
    return RESULT_OK;
}

static int run_stats(const struct option_set *set)
{
    struct stats stats = {.by = &stat_bys[0]};
    struct user_row user;
    char key[KEY_ID_LEN + 1];
    struct call_filter filter;
    enum result result;
    struct reason why;
    struct home home;
    int status;

    if (filter_read(set, &filter, key, &why) != RESULT_OK ||
        by_read(set, &stats.by, &why) != RESULT_OK ||
        field_list_start(&stats.list, set, stats.by->fields, stats.by->fields, &why) !=
            RESULT_OK)
        return cli_misuse(&why);
    stats.list.list.hint = call_list_hint;
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_find(&home, &filter, &user, &why);
    if (result == RESULT_OK)
        result = stats_read(&stats, &home, &filter, &why);
    status = field_list_end(&stats.list, result, &why);
    cli_home_close(&home);
    free(stats.rows);
    return status;
}

#define FILTER_OPTIONS                                                                   \
    {"--key", "ID", "of this key alone", NULL},                                          \
        {"--user", "USER", "of this user alone: an id or a username", NULL},             \
        {"--model", "NAME", "to this model alone", NULL},                                \
        {"--since", "TIME", "from then on: 2026-11-21, or a time, or how long ago: 30d", \
         NULL},                                                                          \
        {"--until", "TIME", "before then", NULL},                                        \
    {                                                                                    \
        "--csv", NULL, "print CSV", NULL                                                 \
    }

static const struct option_row list_options[] = {
    {"--request-id", "ID", "of this request alone", NULL},
    {"--status", "S", "of this status alone: 429, 4xx or 400-499", NULL},
    {"--limit", "N", "how many, the newest; 0 is all", "50"},
    FILTER_OPTIONS,
    CLI_COMMON_OPTIONS,
};

static const struct option_row stats_options[] = {
    {"--by", "key|model|day", "sum over the others", NULL},
    FILTER_OPTIONS,
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_call_commands[] = {
    {"call", "list", "", 0, list_options, run_list, "list the calls, newest first",
     "  forestgate call list --key 4hT0aYb2Zq9c --status 4xx --since 1h\n"
     "  forestgate call list --since 2026-11-01 --until 2026-12-01 --limit 0 --csv\n"},
    {"call", "stats", "", 0, stats_options, run_stats, "sum the calls up by day",
     "  forestgate call stats --since 30d\n"
     "  forestgate call stats --by key --json\n"},
    {0},
};
