/*
 * slots.h: work of which only a few processes of a home may do some at once, so that it
 * never takes all workers: slots are locks on the bytes of a file of the home, which the kernel
 * gives back when their holder dies.
 */
#ifndef GATE_SLOTS_H
#define GATE_SLOTS_H

#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"

/*
 * Takes one of so many slots, but of workers always leaves one; it is free again when *slot is
 * closed.  A person's command needs none, since it takes nobody's turn: then *slot is -1.
 * RESULT_BUSY: all are taken, with that as the reason; *slot is -1 after any failure.
 */
enum result slots_take(const struct home *home, const char *file, int64_t slots,
                       const char *busy, int *slot, struct reason *why);
void slots_give(int slot);

#endif
