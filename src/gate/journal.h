/*
 * journal.h: how calls get from the ledger's journal into the database.
 *
 * Whoever has time does it, one at a time: all that have ended in one transaction, with the
 * sums over them and the number of the last.  Who does it over after a crash finds that
 * number and begins behind it, so that no call is there twice.
 */
#ifndef GATE_JOURNAL_H
#define GATE_JOURNAL_H

#include "base/result.h"
#include "gate/home.h"
#include "gate/ledger.h"

/* Opens the ledger of a home that is open. */
enum result journal_open(struct home *home, struct ledger **out, struct reason *why);

/* How much is done, and how long another is waited for who is at it. */
enum journal_mode {
    JOURNAL_TRY,   /* RESULT_BUSY at once; calls of the dead once they are a second old */
    JOURNAL_NOW,   /* waits a quarter of a second */
    JOURNAL_WHOLE, /* waits five seconds, settles the calls of all who have died, and with
                      nothing to bring leaves the database alone */
};

/*
 * Brings into the database what has ended.  With nothing to bring it is written to all the
 * same, so that RESULT_OK says that it can be.  After a failure nothing is lost and nothing
 * changed, and the ledger says since when.
 */
enum result journal_drain(struct home *home, struct ledger *ledger, enum journal_mode mode,
                          struct reason *why);

/*
 * Takes a call that was settled back, before it gets into the database: see ledger_amend().
 * Waits five seconds for whoever drains.  RESULT_MISSING: it is there already.
 */
enum result journal_take_back(struct home *home, struct ledger *ledger, int64_t seq,
                              int64_t status, struct reason *why);

/* The whole of it for a program that only reads the log: opens, drains, closes. */
enum result journal_bring_in(struct home *home, struct reason *why);

#endif
