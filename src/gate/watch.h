/*
 * watch.h: which of the runners that live stand still.
 *
 * A runner beats all the time, idle or not.  Who sees its beat stand still for job_lease of its
 * own time takes it for hung: so no clocks of two processes are compared.  Of that time a long
 * gap between two looks counts as a short one: a machine that slept, or a process that was
 * itself stopped, has seen nothing of what the others did.
 */
#ifndef GATE_WATCH_H
#define GATE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"
#include "gate/seats.h"

struct watch;

enum result watch_new(struct watch **out, struct reason *why);
void watch_free(struct watch *watch);

/*
 * A round of looks: begun at a time of any clock that does not go back; then each seat is
 * looked at, which is the nanoseconds that its beat has stood still; and ended, by which those
 * that were not looked at are forgotten.
 */
void watch_begin(struct watch *watch, int64_t now_ns);
int64_t watch_still_ns(struct watch *watch, const struct seat_view *view);
void watch_end(struct watch *watch);

/*
 * All of it for a master, which has no jobs itself: kills every runner of the home that stands
 * still for so many seconds, for it may have stopped with a lock of the database in its hand,
 * and there may be no other runner to see it.
 */
void watch_runners(struct watch *watch, struct seats *seats, int64_t lease_s, int64_t now_ns);

#endif
