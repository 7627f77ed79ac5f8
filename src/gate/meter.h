/*
 * meter.h: what a request sees of all that counts: it is admitted, charged, settled.
 *
 * No call is admitted unless the database took a write a moment ago: calls that it would
 * not take are not served either.  Between those writes they are safe in the ledger, also
 * from kill -9; with durability = power a call is answered only once it is on the disk.
 */
#ifndef GATE_METER_H
#define GATE_METER_H

#include "gate/caller.h"
#include "gate/home.h"
#include "gate/ledger.h"

struct meter;

enum result meter_open(struct home *home, struct meter **out, struct reason *why);

/* Brings what is left into the database, as far as it can, and closes. */
void meter_close(struct meter *meter);

/*
 * Takes a call in hand, charged so much: one, or nothing if that may not be owed. RESULT_DENIED
 * with the verdict: over a limit.  Any other result: nobody can say whether it may be, so it
 * may not.
 */
enum result meter_admit(struct meter *meter, const struct caller *caller,
                        const struct call_row *call, int64_t charge,
                        struct ledger_verdict *verdict, struct reason *why);

/* Charges the call in hand so much more.  As meter_admit(). */
enum result meter_charge(struct meter *meter, const struct caller *caller, int64_t more,
                         struct ledger_verdict *verdict, struct reason *why);

/*
 * Where a call costs its rows: charges what is above one, or above the rows that it was charged
 * before, since rows may come step by step.  As meter_admit().
 */
enum result meter_charge_rows(struct meter *meter, const struct caller *caller, int64_t before,
                              int64_t rows, struct ledger_verdict *verdict, struct reason *why);

/*
 * Ends the call in hand.  After a failure it is not to be answered as it ended, and counts
 * as failed; if meter_is_stuck() then, this process cannot go on.
 */
enum result meter_settle(struct meter *meter, const struct ledger_end *end, struct reason *why);
bool meter_is_stuck(const struct meter *meter);

/* Counts a request of an address.  RESULT_DENIED with the verdict: over the rate. */
enum result meter_address(struct meter *meter, enum ledger_watch watch,
                          const struct addr *address, const struct rate *rate,
                          struct ledger_verdict *verdict, struct reason *why);

/* How a key's limits stand, with nothing counted. */
enum result meter_look(struct meter *meter, const struct caller *caller,
                       struct ledger_verdict *verdict, struct reason *why);

/*
 * Whether the database takes a write, which is tried; waits a quarter of a second for another
 * who is at it.  RESULT_BUSY: that one still is.
 */
enum result meter_write_check(struct meter *meter, struct reason *why);

/* How full the ledger is, and how it stands with the database. */
void meter_state(const struct meter *meter, struct ledger_state *out);

/* Between requests: brings into the database what is due, if this process is the one. */
void meter_tend(struct meter *meter);

/* Brings in all that has ended, for a request that reads the log.  Waits a quarter second. */
enum result meter_bring_in(struct meter *meter, struct reason *why);

/* Whether the ledger's file was taken away under it.  One system call. */
bool meter_is_orphan(const struct meter *meter);

#endif
