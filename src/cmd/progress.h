/*
 * progress.h: a bar with the rate and the time left, on a terminal only.
 *
 *     training ████████████▌................. 42 of 100 trees, 9 a second, 6 s left
 *
 * It stands on standard error and is taken away at the end.  There is none where that is no
 * terminal or a dumb one, nor with --quiet, nor for what is done within a moment.  It goes
 * along with the window, and what does not fit a narrow one is left out.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
    const char *label; /* what is going on: "training" */
    const char *unit;  /* what is counted: "trees"; of "bytes" the size is told as such */
    uint64_t start_ns, drawn_ns;
    bool shown; /* standard error is a terminal that can be drawn on */
};

/* How far something is. */
struct progress_state {
    uint64_t done, total; /* total 0: not known, so there is no bar and no time left */
    uint64_t count;       /* of the unit, where done is measured in something else */
    double seconds;       /* since it began */
};

void progress_start(struct progress *progress, const char *label, const char *unit);

/* Draws the bar, ten times a second at most. */
void progress_draw(struct progress *progress, uint64_t done, uint64_t total);

/*
 * The same where what is done is measured in one thing (bytes, say) and what is told is
 * another: how many of the unit there were, and how many a second.  total 0 is not known:
 * then there is no bar.
 */
void progress_draw_rate(struct progress *progress, uint64_t done, uint64_t total,
                        uint64_t count);

/* Takes the bar away. */
void progress_end(struct progress *progress);

/*
 * Appends the line as it is drawn, at most width characters of it: where not all of it fits,
 * the bar shrinks first, then goes the rate, then the bar, then the time left, then the count,
 * and then the label is cut.
 */
void progress_line_put(struct buf *out, const char *label, const char *unit,
                       const struct progress_state *state, size_t width, bool utf8);

#endif
