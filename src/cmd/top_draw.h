/*
 * top_draw.h: what forestgate top shows, as lines that fit a terminal.
 */
#ifndef CMD_TOP_DRAW_H
#define CMD_TOP_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cmd/top_sum.h"
#include "gate/ledger_peek.h"

/* How many answers there were of each status, since they are counted. */
struct top_answers {
    uint64_t at_ns; /* when it was read, by clock_mono_ns(); 0: it was not */
    uint64_t all;
    uint64_t statuses[TOP_STATUS_MAX];
};

/* All that there is to show. */
struct top_view {
    const char *home;
    const struct top_sums *sums;
    const struct ledger_peek *peek;
    const struct top_answers *answers, *before; /* now, and at the look before */
    double window_s, recent_s; /* what the sums are over, and their last moments */
    int64_t jobs_open, jobs;   /* that have not ended, and all */
    size_t columns, lines;
    /* What people call it, or the name itself. */
    void (*name)(void *arg, enum top_by by, const char *id, char out[TOP_NAME_MAX + 1]);
    void *arg;
    unsigned workers, busy; /* that live, and that have a request in hand */
    enum top_by by;
    enum top_sort sort;
    bool has_ledger, has_counters, has_jobs;
    bool keys_work; /* they can be pressed */
    bool utf8;
};

/* Appends at most so many lines, none wider than that, each with a newline. */
void top_draw(const struct top_view *view, struct buf *out);

/* Appends at most so many characters of a text in UTF-8, none that a terminal would obey. */
void top_text_put(struct buf *out, const char *text, size_t columns);

/*
 * Appends counts as one character each, the newest last, as many as there is room for: blocks
 * of an eighth to a whole, or " .:-=+*#@".  What is not zero is seen.
 */
void top_spark_put(struct buf *out, const int64_t *newest_first, size_t count, size_t columns,
                   bool utf8);

#endif
