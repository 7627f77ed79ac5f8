/*
 * epoch.h: one counter, shared by every process of a home, that tells whether what a
 * worker remembers of keys, tiers and models still holds.
 *
 * Even: nothing is being changed; a worker that read the database under this number may
 * go on using what it read for as long as the number stays.  Odd: a change is under
 * way, or its maker died in it; a worker asks the database each time.  The maker sets
 * it, under the database's write lock and before it changes a row, to an odd number that
 * was never there; after its commit, outside the lock, and before it answers, to the even
 * number behind that, but only if the odd one is still its own: else a later maker has
 * begun, who will settle it.  So no number comes twice, after the answer no worker uses
 * what was true before, and looking costs one load from shared memory.
 */
#ifndef GATE_EPOCH_H
#define GATE_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct epoch;

/* Makes the file if it is not there. */
enum result epoch_make(const char *path, struct reason *why);

/* Maps the file; change is whether this process will make changes. */
enum result epoch_open(const char *path, bool change, struct epoch **out, struct reason *why);
void epoch_close(struct epoch *epoch);

/* The number now.  Read it before the database, never after. */
uint64_t epoch_read(const struct epoch *epoch);

/* Whether what was read under this number may be remembered. */
bool epoch_is_settled(uint64_t number);

/* Around a change: begun under the database's write lock, ended after the commit. */
void epoch_begin(struct epoch *epoch);
void epoch_end(struct epoch *epoch);

/*
 * Whether the file was removed or replaced while it was mapped: then changes are told
 * where nobody here looks, and a worker has to end.  One system call.
 */
bool epoch_is_orphan(const struct epoch *epoch);

#endif
