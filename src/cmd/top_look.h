/*
 * top_look.h: what a home's workers do just now, as forestgate top has it.
 *
 * Only what they have written is looked at, without a lock that they take: the ledger's journal
 * (gate/ledger_peek.h) for calls, the counters (gate/counters.h) for answers and workers, the
 * database for names, work.db for jobs.
 */
#ifndef CMD_TOP_LOOK_H
#define CMD_TOP_LOOK_H

#include "cmd/top_draw.h"
#include "cmd/top_sum.h"
#include "gate/counters.h"
#include "gate/home.h"
#include "gate/ledger_peek.h"
#include "store/jobs.h"

/* Begins as {0}, with home (open), interval_ms and what the view has of wishes. */
struct top {
    struct home *home;
    int64_t interval_ms;
    struct top_sums sums;
    struct ledger_peek peek;
    struct counters *counters; /* NULL: there are none */
    struct top_answers answers, before;
    struct job_total jobs;
    struct top_view view;
};

/* Looks, and has all of it in the view.  RESULT_MISSING: the home is gone. */
enum result top_look(struct top *top, struct reason *why);
void top_close(struct top *top);

/*
 * A key by its name and a part of its id, a user who came with a token by the username; for the
 * view, with the top as arg.
 */
void top_name(void *arg, enum top_by by, const char *id, char out[TOP_NAME_MAX + 1]);

#endif
