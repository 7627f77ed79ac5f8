/*
 * chart.h: a count a day as bars on a terminal.
 *
 *     2026-11-19  1204 ███████▍
 *     2026-11-20     0
 *     2026-11-21  4817 █████████████████████████████▋
 *
 * The bars have eighths of a character where the environment speaks UTF-8 (LC_ALL, LC_CTYPE
 * or LANG), else they are of whole #.  The lines are as wide as COLUMNS says or else the
 * terminal on standard output, or 80, and never wider.
 */
#ifndef CMD_CHART_H
#define CMD_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    CHART_DAYS = 366
};

/* The last so many days up to the latest that something was added to; begins as {0}. */
struct chart {
    bool any;
    int64_t first, last; /* days since 1970-01-01 */
    int64_t counts[CHART_DAYS];
};

/* Adds to the count of a day, in any order; what is no date of years 0 to 9999 is left out. */
void chart_add(struct chart *chart, int64_t day, int64_t count);

/*
 * Appends a line for each day from the first to the last, those without a count too, each
 * behind a newline; nothing where nothing was added.
 */
void chart_draw(const struct chart *chart, struct buf *text);

#endif
