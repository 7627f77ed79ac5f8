/*
 * top_sum.h: what the calls of a short while come to: rates, times and outcomes, in all and for
 * each key, model and route.
 */
#ifndef CMD_TOP_SUM_H
#define CMD_TOP_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "store/calls.h"

enum {
    TOP_SECONDS = 60, /* that are looked back */
    TOP_NAME_MAX = 64,
    TOP_STATUS_MAX = 600,
};

enum top_by {
    TOP_BY_KEY,
    TOP_BY_MODEL,
    TOP_BY_ROUTE,
    TOP_BY__MAX
};

enum top_sort {
    TOP_SORT_CALLS,
    TOP_SORT_ROWS,
    TOP_SORT_FAILED,
    TOP_SORT_P99,
    TOP_SORT_NAME,
    TOP_SORT__MAX
};

/* Durations of which one half, nine tenths, 99 of 100 and all are no longer. */
struct top_times {
    int64_t p50_us, p90_us, p99_us, most_us;
};

/* The calls that have one name. */
struct top_group {
    char name[TOP_NAME_MAX + 1]; /* a key's id, a model, a route; "-" for none */
    int64_t calls, rows, failed; /* failed: a status of 400 and above */
    struct top_times times;
};

struct top_groups {
    struct top_group *items;
    size_t count, room;
};

struct top_sample;

/* Begins as {0}. */
struct top_sums {
    int64_t now_us, recent_us; /* now; and since when a call is one of the last moments */
    int64_t calls, rows, failed, recent;
    int64_t statuses[TOP_STATUS_MAX];
    int64_t seconds[TOP_SECONDS]; /* calls that ended so many whole seconds ago */
    struct top_times times;
    struct top_groups by[TOP_BY__MAX];
    struct top_sample *samples;
    size_t sample_count, sample_room;
    bool no_memory;
};

/* Takes a call in; to be called for each, with the sums as arg. */
void top_sums_add(void *arg, const struct call_row *call);

/* Makes the groups, by name, and works the times out, once all are in.  RESULT_NOMEM. */
enum result top_sums_end(struct top_sums *sums);

void top_sums_free(struct top_sums *sums);

/* Sorts the groups: the largest first, by name from a on; what is equal by name. */
void top_groups_sort(struct top_groups *groups, enum top_sort sort);

const char *top_by_name(enum top_by by);
const char *top_sort_name(enum top_sort sort);

#endif
