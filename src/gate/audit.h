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

#include "base/json_write.h"
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
 * Adds a row for home->actor.  Between home_change_begin() and home_change_end(), or in a
 * transaction that db_begin_lasting() began, whose maker calls audit_settle() after its
 * commit; RESULT_FAILED in another one.  RESULT_TOO_BIG for what does not fit in a row.
 */
enum result audit_add(struct home *home, const struct audit_note *note, struct reason *why);

/*
 * Puts the last row that was added into audit.head, after the commit; without one, or after
 * a rollback, it does nothing.  If it fails only a log message tells.
 */
void audit_settle(struct home *home);

/* What proving the trail has found. */
struct audit_proof {
    int64_t rows;
    int64_t wrong;     /* the number of the first row that does not fit; then no more is read */
    int64_t lost;      /* how many rows at least are missing, or were, at the end */
    char problem[256]; /* what is wrong, audit.head included; empty: the trail is proved */
};

/* Reads the whole trail and proves it.  Not RESULT_OK if it could not be read. */
enum result audit_prove(struct home *home, struct audit_proof *proof, struct reason *why);

/* The same as an object. */
void audit_proof_write(struct json_writer *writer, const struct audit_proof *proof);

/*
 * Takes the end of the trail as it is, where rows were lost for a reason that is known: adds
 * a row that says so, *seq, and has audit.head name it.
 */
enum result audit_accept(struct home *home, int64_t *seq, struct reason *why);

/*
 * Makes audit.head in the home that was entered if it is not there; RESULT_EXISTS if there
 * are rows already, whose end nobody knows then.
 */
enum result audit_head_make(const char *path, struct reason *why);

/* The digests of the trail, under a key that is derived from the one of the keys. */
enum result audit_mac_new(struct secret_mac *key_mac, struct secret_mac **out,
                          struct reason *why);

/* The same of a home that was entered and is not open. */
enum result audit_mac_read(struct secret_mac **out, struct reason *why);

#endif
