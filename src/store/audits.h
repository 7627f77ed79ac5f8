/*
 * audits.h: the rows of the audit trail.  They are added to and never changed.
 */
#ifndef STORE_AUDITS_H
#define STORE_AUDITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "store/db.h"

enum {
    AUDIT_ACTOR_MAX = 63,
    AUDIT_REQUEST_ID_MAX = 64,
    AUDIT_ACTION_MAX = 31,
    AUDIT_TARGET_MAX = 127,
    AUDIT_CHANGE_MAX = 4095,
    AUDIT_MAC_BYTES = 32,
};

/* One change: what is not known is empty.  One that is damaged is read nevertheless. */
struct audit_row {
    int64_t seq; /* 1, 2, ... without a gap */
    int64_t at_us;
    char actor[AUDIT_ACTOR_MAX + 1];           /* "user:ID", "key:ID", "cli:NAME" */
    char address[ADDR_TEXT_MAX];               /* of the client */
    char request_id[AUDIT_REQUEST_ID_MAX + 1]; /* of the request */
    char action[AUDIT_ACTION_MAX + 1];         /* "user.update" */
    char target[AUDIT_TARGET_MAX + 1];         /* "user:ID" */
    char before[AUDIT_CHANGE_MAX + 1];         /* JSON objects of what the action changed */
    char after[AUDIT_CHANGE_MAX + 1];
    uint8_t mac[AUDIT_MAC_BYTES]; /* see gate/audit.h */
    bool damaged; /* read: a column holds what no row can have, and is left out here */
};

/* The last row; RESULT_MISSING if there is none yet. */
enum result audit_row_last(struct db *db, struct audit_row *row, struct reason *why);

/* The row of this number; RESULT_MISSING if there is none. */
enum result audit_row_get(struct db *db, int64_t seq, struct audit_row *row,
                          struct reason *why);

enum result audit_row_insert(struct db *db, const struct audit_row *row, struct reason *why);

/* Which to list; what is NULL or zero is left open. */
struct audit_filter {
    const char *actor, *target;
    const char *action;         /* "user.update", or "user" for all of user */
    int64_t since_us, until_us; /* since included, until not */
    int64_t before_seq;         /* only rows of a lower one */
    int64_t limit;
};

/* Calls each for the rows that fit, newest first. */
enum result audit_row_list(struct db *db, const struct audit_filter *filter,
                           void (*each)(void *arg, const struct audit_row *row), void *arg,
                           struct reason *why);

/* Calls each for every row, oldest first, until it returns false. */
enum result audit_row_walk(struct db *db, bool (*each)(void *arg, const struct audit_row *row),
                           void *arg, struct reason *why);

#endif
