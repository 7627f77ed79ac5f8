/*
 * top_sum.c: what the calls of a short while come to.
 *
 * The journal is bounded, and so are the calls.  Groups are kept by name while they are added
 * to, so that the one of a call is found by halving; times are worked out for all of them in
 * one walk over the calls in the order of their durations.
 */
#include "cmd/top_sum.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct top_sample {
    int64_t duration_us;
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

/* Where a name is among groups that are in its order, or would be. */
static size_t place_of(const struct top_groups *groups, const char *name, bool *found)
{
    size_t low = 0, high = groups->count, middle;
    int order;

    *found = false;
    while (low < high) {
        middle = low + (high - low) / 2;
        order = strcmp(name, groups->items[middle].name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The group of a name, as it is or new; NULL without memory. */
static struct top_group *group_of(struct top_groups *groups, const char *name)
{
    bool found;
    size_t at = place_of(groups, name, &found);
    struct top_group *items;

    if (found)
        return &groups->items[at];
    if (groups->count == groups->room) {
        items = grown(groups->items, &groups->room, sizeof(*items));
        if (items == NULL)
            return NULL;
        groups->items = items;
    }
    memmove(&groups->items[at + 1], &groups->items[at],
            (groups->count - at) * sizeof(*groups->items));
    memset(&groups->items[at], 0, sizeof(*groups->items));
    text_copy(groups->items[at].name, sizeof(groups->items[at].name), name);
    groups->count++;
    return &groups->items[at];
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
    struct top_group *group;

    if (sample == NULL) {
        sums->no_memory = true;
        return;
    }
    sample->duration_us = call->duration_us;
    for (size_t i = 0; i < TOP_BY__MAX; i++) {
        text_copy(sample->names[i], sizeof(sample->names[i]),
                  names[i][0] != '\0' ? names[i] : "-");
        group = group_of(&sums->by[i], sample->names[i]);
        if (group == NULL) {
            sums->no_memory = true;
            return;
        }
        group->calls++;
        group->rows += call->rows;
        group->failed += call->status >= 400;
    }
    totals_add(sums, call);
}

/* ---- times ---- */

static int by_duration(const void *a, const void *b)
{
    const struct top_sample *x = a, *y = b;

    return (x->duration_us > y->duration_us) - (x->duration_us < y->duration_us);
}

/* Whether the seen-th of so many is the first with this share at or below it. */
static bool is_at(int64_t seen, int64_t calls, int64_t per_cent)
{
    return seen == (calls * per_cent + 99) / 100;
}

static void time_take(struct top_times *times, int64_t seen, int64_t calls, int64_t us)
{
    if (is_at(seen, calls, 50))
        times->p50_us = us;
    if (is_at(seen, calls, 90))
        times->p90_us = us;
    if (is_at(seen, calls, 99))
        times->p99_us = us;
    times->most_us = us;
}

/* In the order of their durations; seen counts how many of each group's calls have gone by. */
static void walk(struct top_sums *sums, int64_t *seen[TOP_BY__MAX])
{
    for (size_t i = 0; i < sums->sample_count; i++) {
        const struct top_sample *sample = &sums->samples[i];

        time_take(&sums->times, (int64_t)i + 1, (int64_t)sums->sample_count,
                  sample->duration_us);
        for (size_t by = 0; by < TOP_BY__MAX; by++) {
            bool found;
            size_t at = place_of(&sums->by[by], sample->names[by], &found);
            struct top_group *group = &sums->by[by].items[at];

            time_take(&group->times, ++seen[by][at], group->calls, sample->duration_us);
        }
    }
}

enum result top_sums_end(struct top_sums *sums)
{
    int64_t *seen[TOP_BY__MAX] = {NULL};

    for (size_t by = 0; by < TOP_BY__MAX; by++) {
        seen[by] = calloc(sums->by[by].count + 1, sizeof(*seen[by]));
        sums->no_memory = sums->no_memory || seen[by] == NULL;
    }
    if (!sums->no_memory && sums->sample_count > 0) {
        qsort(sums->samples, sums->sample_count, sizeof(*sums->samples), by_duration);
        walk(sums, seen);
    }
    for (size_t by = 0; by < TOP_BY__MAX; by++)
        free(seen[by]);
    return sums->no_memory ? RESULT_NOMEM : RESULT_OK;
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
