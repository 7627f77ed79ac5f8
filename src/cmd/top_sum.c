/*
 * top_sum.c: what the calls of a short while come to.
 *
 * The journal is bounded, and so are the calls.  They are gathered, and put in order once for
 * each thing that they are grouped by: then those of a group stand together, the shortest
 * first.
 */
#include "cmd/top_sum.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct top_sample {
    int64_t duration_us, rows, failed;
    char names[TOP_BY__MAX][TOP_NAME_MAX + 1];
};

static const char *const by_names[TOP_BY__MAX] = {
    [TOP_BY_KEY] = "key", [TOP_BY_MODEL] = "model", [TOP_BY_ROUTE] = "route"};

static const char *const sort_names[TOP_SORT__MAX] = {
    [TOP_SORT_CALLS] = "calls", [TOP_SORT_ROWS] = "rows", [TOP_SORT_FAILED] = "failed",
    [TOP_SORT_P99] = "p99",     [TOP_SORT_NAME] = "name",
};

const char *top_by_name(enum top_by by)
{
    return by_names[by];
}

const char *top_sort_name(enum top_sort sort)
{
    return sort_names[sort];
}

/* Twice the room, or NULL. */
static void *grown(void *items, size_t *room, size_t size)
{
    size_t more = *room != 0 ? *room * 2 : 64;

    items = reallocarray(items, more, size);
    if (items != NULL)
        *room = more;
    return items;
}

static struct top_sample *sample_new(struct top_sums *sums)
{
    struct top_sample *samples;

    if (sums->sample_count == sums->sample_room) {
        samples = grown(sums->samples, &sums->sample_room, sizeof(*samples));
        if (samples == NULL)
            return NULL;
        sums->samples = samples;
    }
    return &sums->samples[sums->sample_count++];
}

static void totals_add(struct top_sums *sums, const struct call_row *call)
{
    const int64_t ended = call->started_us + call->duration_us;
    const int64_t ago = (sums->now_us - ended) / 1000000;

    sums->calls++;
    sums->rows += call->rows;
    sums->failed += call->status >= 400;
    sums->recent += ended > sums->recent_us;
    if (call->status >= 0 && call->status < TOP_STATUS_MAX)
        sums->statuses[call->status]++;
    if (ago < TOP_SECONDS)
        sums->seconds[ago > 0 ? ago : 0]++;
}

void top_sums_add(void *arg, const struct call_row *call)
{
    const char *const names[TOP_BY__MAX] = {
        [TOP_BY_KEY] = call->key, [TOP_BY_MODEL] = call->model, [TOP_BY_ROUTE] = call->route};
    struct top_sums *sums = arg;
    struct top_sample *sample = sample_new(sums);

    if (sample == NULL) {
        sums->no_memory = true;
        return;
    }
    sample->duration_us = call->duration_us;
    sample->rows = call->rows;
    sample->failed = call->status >= 400;
    for (size_t by = 0; by < TOP_BY__MAX; by++)
        text_copy(sample->names[by], sizeof(sample->names[by]),
                  names[by][0] != '\0' ? names[by] : "-");
    totals_add(sums, call);
}

/* ---- groups and times ---- */

static int by_duration(const void *a, const void *b)
{
    const struct top_sample *x = a, *y = b;

    return (x->duration_us > y->duration_us) - (x->duration_us < y->duration_us);
}

static int by_group(const void *a, const void *b, void *arg)
{
    const struct top_sample *x = a, *y = b;
    const enum top_by by = *(const enum top_by *)arg;
    int order = strcmp(x->names[by], y->names[by]);

    return order != 0 ? order : by_duration(a, b);
}

/* The duration that such a share of the calls is at or below. */
static int64_t time_at(const struct top_sample *samples, size_t count, size_t per_cent)
{
    return samples[(count * per_cent + 99) / 100 - 1].duration_us;
}

/* Of one sample at least, which are in order. */
static struct top_times times_of(const struct top_sample *samples, size_t count)
{
    return (struct top_times){.p50_us = time_at(samples, count, 50),
                              .p90_us = time_at(samples, count, 90),
                              .p99_us = time_at(samples, count, 99),
                              .most_us = time_at(samples, count, 100)};
}

/* The group of these samples, which have one name; false without memory. */
static bool group_add(struct top_groups *groups, enum top_by by,
                      const struct top_sample *samples, size_t count)
{
    struct top_group *items = groups->items, *group;

    if (groups->count == groups->room) {
        items = grown(items, &groups->room, sizeof(*items));
        if (items == NULL)
            return false;
        groups->items = items;
    }
    group = &items[groups->count++];
    *group = (struct top_group){.calls = (int64_t)count, .times = times_of(samples, count)};
    text_copy(group->name, sizeof(group->name), samples[0].names[by]);
    for (size_t i = 0; i < count; i++) {
        group->rows += samples[i].rows;
        group->failed += samples[i].failed;
    }
    return true;
}

static bool groups_make(struct top_sums *sums, enum top_by by)
{
    const struct top_sample *samples = sums->samples;
    bool good = true;

    qsort_r(sums->samples, sums->sample_count, sizeof(*samples), by_group, &by);
    for (size_t i = 0, end; good && i < sums->sample_count; i = end) {
        for (end = i + 1; end < sums->sample_count &&
                          strcmp(samples[end].names[by], samples[i].names[by]) == 0;)
            end++;
        good = group_add(&sums->by[by], by, samples + i, end - i);
    }
    return good;
}

enum result top_sums_end(struct top_sums *sums)
{
    bool good = !sums->no_memory;

    if (sums->sample_count == 0)
        return good ? RESULT_OK : RESULT_NOMEM;
    for (enum top_by by = 0; good && by < TOP_BY__MAX; by++)
        good = groups_make(sums, by);
    qsort(sums->samples, sums->sample_count, sizeof(*sums->samples), by_duration);
    sums->times = times_of(sums->samples, sums->sample_count);
    return good ? RESULT_OK : RESULT_NOMEM;
}

void top_sums_free(struct top_sums *sums)
{
    for (size_t by = 0; by < TOP_BY__MAX; by++)
        free(sums->by[by].items);
    free(sums->samples);
    memset(sums, 0, sizeof(*sums));
}

/* ---- order ---- */

static int larger(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct top_group *)a)->name, ((const struct top_group *)b)->name);
}

#define ORDER(function, member)                       \
    static int function(const void *a, const void *b) \
    {                                                 \
        const struct top_group *x = a, *y = b;        \
        int order = larger(x->member, y->member);     \
                                                      \
        return order != 0 ? order : by_name(a, b);    \
    }

ORDER(by_calls, calls)
ORDER(by_rows, rows)
ORDER(by_failed, failed)
ORDER(by_p99, times.p99_us)

void top_groups_sort(struct top_groups *groups, enum top_sort sort)
{
    static int (*const orders[TOP_SORT__MAX])(const void *a, const void *b) = {
        [TOP_SORT_CALLS] = by_calls, [TOP_SORT_ROWS] = by_rows, [TOP_SORT_FAILED] = by_failed,
        [TOP_SORT_P99] = by_p99,     [TOP_SORT_NAME] = by_name,
    };

    if (groups->count > 1)
        qsort(groups->items, groups->count, sizeof(*groups->items), orders[sort]);
}
