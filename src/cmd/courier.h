/*
 * courier.h: the process that sends webhooks, beside the runners, so that none of those ever
 * waits for a receiver.
 *
 * One at a time sends, whoever holds the lock of the file `courier`; the others wait to take
 * its place.  What is to be told stands in work.db (store/hooks.h), and an attempt is noted
 * there before it is made: so what a courier had in hand when it was killed is told again by
 * the next, and an end that kills couriers is not tried for ever.
 *
 * At most COURIER_AT_ONCE are under way, COURIER_PER_TURN of one account and COURIER_PER_HOST
 * to one host; accounts take turns.  So who is slow holds up nobody but itself.
 */
#ifndef CMD_COURIER_H
#define CMD_COURIER_H

#include <stdbool.h>

#include "base/result.h"
#include "gate/home.h"

enum {
    COURIER_AT_ONCE = 16,
    COURIER_PER_TURN = 4,
    COURIER_PER_HOST = 2,
};

/*
 * Sends what is due in a home that was opened in this process, until courier_stop(); with
 * drain until nothing is due any more.  What is under way then is waited for.  RESULT_MISSING
 * if the home was removed or replaced.
 */
enum result courier_run(struct home *home, bool drain, struct reason *why);

/* Has it end; for a signal handler. */
void courier_stop(void);

#endif
