/*
 * hooks.h: the rows of what has to be told of jobs that ended, in work.db.
 *
 *     waiting --begin--> under way --end--> told, given up
 *        ^                   |
 *        +--retry, recover---+
 *
 * The database itself adds a row for each that is to be told, in the transaction that ends the
 * job: so no end is told that did not happen, and none is forgotten that did.  The row has all
 * that is told, since the job may expire before.  Ended rows are deleted with their job.
 * gate/hook.h has the rules; here are the rows alone.
 */
#ifndef STORE_HOOKS_H
#define STORE_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"
#include "store/jobs.h"

enum {
    HOOK_PROBLEM_MAX = 127,
    HOOK_TURN_MAX = KEY_ID_LEN
};

enum hook_state {
    HOOK_WAITING,
    HOOK_UNDER_WAY,
    HOOK_TOLD,
    HOOK_GIVEN_UP,
    HOOK_STATE__MAX
};

/* "waiting", "under way", "told", "given up". */
const char *hook_state_name(enum hook_state state);

struct hook_row {
    int64_t id;
    int64_t job; /* the id of its row, if that is still there */
    char uuid[JOB_UUID_LEN + 1];
    char account[KEY_ID_LEN + 1];
    char model[MODEL_NAME_MAX + 1];
    int64_t version; /* 0: none */
    enum job_status status;
    int64_t code, rows;
    char label[JOB_LABEL_MAX + 1];
    double score;
    bool has_score;
    char reason[JOB_REASON_MAX + 1];
    int64_t created_us, ended_us;
    char url[JOB_URL_MAX + 1]; /* empty: the operator's, which is a setting */
    enum hook_state state;
    int64_t attempts;                   /* that were begun */
    int64_t due_ns;                     /* by clock_boot_ns() */
    int64_t answer;                     /* the status of the last answer; 0: none came */
    char problem[HOOK_PROBLEM_MAX + 1]; /* of the last attempt, if it failed */
    int64_t told_us;                    /* 0: not yet */
    char trace[JOB_TRACE_MAX + 1];      /* the job's */
};

/* Whether the operator is to be told of every job from now on; RESULT_OK also if it was so. */
enum result hook_operator_set(struct db *db, bool wanted, struct reason *why);

/* When the next is due; INT64_MAX if none waits. */
enum result hook_due_next(struct db *db, int64_t *due_ns, struct reason *why);

/* The first behind `after`, in the order of their names, for whom something waits; or empty. */
enum result hook_turn_next(struct db *db, const char *after, char turn[HOOK_TURN_MAX + 1],
                           struct reason *why);

/* Calls each for the first few of a turn that are due. */
enum result hook_rows_due(struct db *db, const char *turn, int64_t now_ns, int64_t most,
                          void (*each)(void *arg, const struct hook_row *row), void *arg,
                          struct reason *why);

/* Notes that an attempt begins.  RESULT_MISSING: it waits no more. */
enum result hook_row_begin(struct db *db, int64_t id, struct reason *why);

/* It failed: has it wait until row->due_ns; answer and problem as in row. */
enum result hook_row_retry(struct db *db, const struct hook_row *row, struct reason *why);

/* It ended as row says: state, answer, problem, told_us. */
enum result hook_row_end(struct db *db, const struct hook_row *row, struct reason *why);

/* All that is under way waits again, until due_ns: who had it is dead. */
enum result hook_rows_recover(struct db *db, int64_t due_ns, struct reason *why);

/* Makes due what is due later than any delay can be: the machine was started anew. */
enum result hook_due_mend(struct db *db, int64_t latest_ns, struct reason *why);

/* What is to be told of a job, or was. */
enum result hook_rows_of_job(struct db *db, int64_t job,
                             void (*each)(void *arg, const struct hook_row *row), void *arg,
                             struct reason *why);

/* Nothing more goes to URLs that an account has named, and no result of it to the operator. */
enum result hook_rows_forget(struct db *db, const char *account, struct reason *why);

#endif
