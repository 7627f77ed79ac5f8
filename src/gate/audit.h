/*
 * audit.h: the audit trail: who changed what, from where and when.
 *
 * A row is written in the transaction of the change that it tells of, so there is neither
 * without the other.  Each carries an HMAC-SHA-256, under a key that is derived from the
 * home's secret, over its own columns and the digest of the row before: a row that was
 * changed, left out, put in or moved shows.  Rows that are missing at the end show by the
 * file audit.head, which has the number and digest of the last row that was committed.
 *
 * Nothing personal and nothing secret is in it, since it can never be taken out again:
 * people are named by their ids, and of names and passwords only that they changed.
 */
#ifndef GATE_AUDIT_H
#define GATE_AUDIT_H

#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"
#include "store/audits.h"

/* What a row says beside who and when; before and after are JSON objects or NULL for {}. */
struct audit_note {
    const char *action;                  /* "key.create" */
    const char *target_kind, *target_id; /* "key", "4hT0aYb2Zq9c" */
    const char *before, *after;
};

/*
 * Adds a row for home->actor.  Between home_change_begin() and home_change_end(), or the
 * transaction of another kind, whose end then calls audit_settle() after its commit.
 */
enum result audit_add(struct home *home, const struct audit_note *note, struct reason *why);

/* Puts the last row that was added into audit.head, after the commit; once it has failed only
 * a log message tells. */
void audit_settle(struct home *home);

/* What proving the trail has found. */
struct audit_proof {
    int64_t rows;
    int64_t wrong;     /* the number of the first row that does not fit, or 0 */
    int64_t lost;      /* how many rows are missing at the end */
    char problem[256]; /* what is wrong with it, in words; empty for nothing */
};

/* Reads the whole trail and proves it.  Not RESULT_OK if it could not be read. */
enum result audit_prove(struct home *home, struct audit_proof *proof, struct reason *why);

#endif
