/*
 * ledger_peek.h: the latest calls, for who only looks on.
 *
 * The file is read and not mapped, without any lock, so that no worker waits for it, and none
 * that starts finds it in use.  The journal keeps calls that are in the database already until
 * their place is taken by later ones: that is how far back one sees.
 */
#ifndef GATE_LEDGER_PEEK_H
#define GATE_LEDGER_PEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/calls.h"

struct ledger_peek {
    int64_t last;     /* the number of the latest call that has ended */
    int64_t waiting;  /* calls that are not in the database yet */
    uint32_t journal; /* room for those */
    uint32_t open;    /* calls in hand */
    bool cut;         /* there were more since then, which have been written over */
    int64_t reach_us; /* the end of the oldest call that was seen; 0: there was none */
};

/* When a call ended: wall time in microseconds. */
static inline int64_t ledger_peek_end(const struct call_row *call)
{
    return call->started_us + call->duration_us;
}

/*
 * Calls each for the calls that ended after a wall time, the latest first.  RESULT_MISSING:
 * there is no ledger yet, or none that this program reads.
 */
enum result ledger_peek(const char *path, int64_t after_us, struct ledger_peek *out,
                        void (*each)(void *arg, const struct call_row *call), void *arg,
                        struct reason *why);

#endif
