/*
 * throttle.h: how often a login may be tried, for all workers and over restarts.
 *
 * What fails is counted in the database, by digests, for an account from an address, for an
 * address, and for an account from addresses that it has never logged in from.  Each may fail
 * some times for nothing, and then has to wait, twice as long each time up to a bound; a count
 * halves with every hour.  An attempt is counted before the password is looked at, so that
 * many at once gain nothing, and taken back if it was right.
 *
 * Nobody is locked out by others: an address that a user has logged in from is not slowed down
 * by what others do to the account, and anyone else waits at most a minute for that.
 */
#ifndef GATE_THROTTLE_H
#define GATE_THROTTLE_H

#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "gate/home.h"
#include "store/sessions.h"

/* What is counted, in this order; all but the last for every attempt. */
enum throttle_subject {
    THROTTLE_ACCOUNT_HERE,      /* an account from an address */
    THROTTLE_ADDRESS,           /* an address, whatever account */
    THROTTLE_ACCOUNT_ELSEWHERE, /* an account from addresses that it does not know */
    THROTTLE_SUBJECT__MAX
};

/* An attempt that was let through. */
struct throttle_attempt {
    uint8_t subjects[THROTTLE_SUBJECT__MAX][ATTEMPT_SUBJECT_BYTES];
    int64_t until_us[THROTTLE_SUBJECT__MAX]; /* that it has set for them */
    unsigned count;
};

/*
 * Whether somebody may try to log in as this username now, be there such a user or not;
 * username is in the one form that the database has it in, and user_id is empty if there is
 * none.  RESULT_DENIED: *wait_s says after how many seconds, at least 1, it will be let
 * through.  Else it counts as failed until throttle_right() or throttle_withdraw().
 */
enum result throttle_try(struct home *home, const char *username, const char *user_id,
                         const struct addr *from, struct throttle_attempt *attempt,
                         int64_t *wait_s, struct reason *why);

/*
 * It was right: its counts are taken back, those of the account from here all of them, and
 * the address is the user's from now on.
 */
enum result throttle_right(struct home *home, const struct throttle_attempt *attempt,
                           const char *user_id, const struct addr *from, struct reason *why);

/*
 * Whether somebody may make an account from there now: 100 an hour, and then as above.  Counted
 * from the return on, until throttle_withdraw().  RESULT_DENIED as throttle_try().
 */
enum result throttle_register(struct home *home, const struct addr *from,
                              struct throttle_attempt *attempt, int64_t *wait_s,
                              struct reason *why);

/* Nobody has looked at it: it is as if it had not been made. */
enum result throttle_withdraw(struct home *home, const struct throttle_attempt *attempt,
                              struct reason *why);

#endif
