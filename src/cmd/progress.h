/*
 * progress.h: a bar with the time left, on a terminal only.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label; /* what is going on: "training" */
    const char *unit;  /* what is counted: "trees" */
    uint64_t start_ns, drawn_ns;
    bool shown; /* standard error is a terminal */
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

#endif
