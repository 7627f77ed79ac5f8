/*
 * jobs.h: the rows of jobs, in work.db.
 *
 *     waiting --claim--> running --end--> completed, failed
 *        ^                  |
 *        +---hand back------+       (waiting or running) --cancel--> cancelled
 *
 * A claim is the number of the runner that has the job in work; whoever ends a job says its
 * claim, and is refused if the job is no longer under it.  So a result is stored once, however
 * many have worked for it.  gate/queue.h has the rules; here are the rows alone.
 *
 * Bodies and results of more than JOB_INLINE_MAX bytes are files of the home, whose names
 * follow from the row: see gate/queue.h.
 */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/result.h"
#include "store/calls.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/models.h"

enum {
    JOB_UUID_LEN = 36, /* 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b: RFC 9562, version 7 */
    JOB_LABEL_MAX = 255,
    JOB_REASON_MAX = 511,
    JOB_TRACE_MAX = 568,
    JOB_URL_MAX = 1023,
    JOB_OUTPUT_MAX = 15,
    JOB_INLINE_MAX = 64 << 10,
};

enum job_status {
    JOB_PENDING,
    JOB_PROCESSING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATUS__MAX
};

/* "pending" and so on. */
const char *job_status_name(enum job_status status);

/* As what the rows came, and the result goes. */
enum job_kind {
    JOB_JSON, /* a body of POST /predict, and what that answers */
    JOB_CSV,
    JOB_NPY,
    JOB_KIND__MAX
};

/* One job.  Texts that do not apply are empty, and NULL in the database. */
struct job_row {
    int64_t id; /* in the order in which they came; given by job_row_insert() */
    char uuid[JOB_UUID_LEN + 1];
    char account[KEY_ID_LEN + 1]; /* whose it is: see struct caller */
    char key[KEY_ID_LEN + 1];     /* that asked for it, as in the call log */
    char user[CALL_USER_MAX + 1];
    char request_id[CALL_REQUEST_ID_MAX + 1];
    char address[ADDR_TEXT_MAX];
    char model[MODEL_NAME_MAX + 1];
    int64_t version; /* that answered; 0 before */
    enum job_kind kind;
    enum job_kind result_kind;
    char output[JOB_OUTPUT_MAX + 1]; /* of CSV and NPY: "label" and so on */
    char url[JOB_URL_MAX + 1];       /* that is told of its end */
    enum job_status status;
    int64_t attempts;   /* that were begun and came to an end, of whatever kind */
    int64_t due_ns;     /* by clock_boot_ns(): not before that; 0 at once */
    int64_t claim;      /* of a job in work; else 0 */
    int64_t body_bytes; /* of what is predicted */
    bool body_in_file;  /* and not in the row */
    int64_t result_bytes;
    int64_t result_try; /* the result is in a file, named by the attempt that made it; or 0 */
    int64_t rows, rows_done;                  /* 0 where that is not known */
    int64_t created_us, started_us, ended_us; /* 0: not yet */
    int64_t code;                             /* the HTTP status that it would have had */
    char label[JOB_LABEL_MAX + 1];            /* of a single row */
    double score;
    bool has_score;
    char reason[JOB_REASON_MAX + 1]; /* of one that failed, or of the last attempt that did */
    char trace[JOB_TRACE_MAX + 1];   /* traceparent, and behind a blank tracestate; written with
                                        a new job, and read with what is told of it */
};

/*
 * Adds a job; row->id is set.  body is what is predicted, unless row->body_in_file.
 * RESULT_EXISTS if there is one of this uuid.
 */
enum result job_row_insert(struct db *db, struct job_row *row, const void *body, size_t len,
                           struct reason *why);

/* RESULT_MISSING without one of this uuid. */
enum result job_row_get(struct db *db, const char *uuid, struct job_row *row,
                        struct reason *why);

/* Appends what is in the row; nothing where it is in a file, or no longer there. */
enum result job_body_get(struct db *db, int64_t id, struct buf *out, struct reason *why);
enum result job_result_get(struct db *db, int64_t id, struct buf *out, struct reason *why);

/* What to list, newest first; what is NULL, zero or JOB_STATUS__MAX is left open. */
struct job_filter {
    const char *account, *model;
    enum job_status status;
    int64_t before_id, limit;
};

enum result job_row_list(struct db *db, const struct job_filter *filter,
                         bool (*each)(void *arg, const struct job_row *row), void *arg,
                         struct reason *why);

/* ---- for those who work; each but the first within a transaction of the caller's ---- */

/*
 * The first account behind `after`, in the order of their names, that has jobs waiting;
 * empty if none is behind it.
 */
enum result job_account_next(struct db *db, const char *after, char account[KEY_ID_LEN + 1],
                             struct reason *why);

/*
 * Claims at most `most` jobs of an account that are due, oldest first, and calls each with the
 * row and its body.  RESULT_OK also if there are none.
 */
enum result job_rows_claim(struct db *db, const char *account, int64_t claim, int64_t now_ns,
                           int64_t now_us, int64_t most,
                           void (*each)(void *arg, const struct job_row *row, const void *body,
                                        size_t len),
                           void *arg, struct reason *why);

/* When the next job that waits is due, by clock_boot_ns(); INT64_MAX if none waits. */
enum result job_due_next(struct db *db, int64_t *due_ns, struct reason *why);

/* Makes due what is due later than any delay can be: the machine was started anew. */
enum result job_due_mend(struct db *db, int64_t latest_ns, struct reason *why);

/* Calls each for each claim under which jobs are in work.  No transaction is needed. */
enum result job_claims_list(struct db *db, void (*each)(void *arg, int64_t claim), void *arg,
                            struct reason *why);

/* All that is in work under a claim waits again, but for one job (0: none but). */
enum result job_rows_hand_back(struct db *db, int64_t claim, int64_t but, struct reason *why);

/* Reads a job if it is still in work under this claim; RESULT_MISSING if it is not. */
enum result job_row_held(struct db *db, int64_t id, int64_t claim, struct job_row *row,
                         struct reason *why);

/*
 * Ends a job that is held, as row says: status, attempts, code, version, rows, ended_us, label,
 * score, reason and where the result is, which is given here where it is not in a file.  Its
 * body is dropped.  RESULT_MISSING if it is not under this claim any more.
 */
enum result job_row_end(struct db *db, int64_t claim, const struct job_row *row,
                        const void *result, size_t len, struct reason *why);

/* Has it wait again: due_ns, attempts and reason as in row.  As job_row_end(). */
enum result job_row_retry(struct db *db, int64_t claim, const struct job_row *row,
                          struct reason *why);

/* Notes how far it is.  RESULT_MISSING: it is not under this claim any more. */
enum result job_row_progress(struct db *db, int64_t id, int64_t claim, int64_t rows,
                             int64_t rows_done, struct reason *why);

/* ---- for those who ask ---- */

/* Cancels what has not ended; RESULT_MISSING if there is none of this uuid that has not. */
enum result job_row_cancel(struct db *db, const char *uuid, int64_t now_us, struct reason *why);

/*
 * Cancels and empties at most `most` jobs of an account whose numbers are above after, lowest
 * first, so that they expire at once; and calls each with what they are then.
 */
enum result job_rows_forget(struct db *db, const char *account, int64_t after, int64_t most,
                            void (*each)(void *arg, const struct job_row *row), void *arg,
                            struct reason *why);

/*
 * Calls each for at most `most` jobs that ended before before_us, oldest first; and deletes
 * one.  The files are the caller's affair, before the row is deleted.
 */
enum result job_rows_expired(struct db *db, int64_t before_us, int64_t most,
                             void (*each)(void *arg, const struct job_row *row), void *arg,
                             struct reason *why);
enum result job_row_delete(struct db *db, int64_t id, struct reason *why);

/* What an account has; kept by the database itself as rows come and go, so cheap to ask. */
struct job_total {
    int64_t jobs;  /* rows, of whatever status */
    int64_t open;  /* that have not ended */
    int64_t bytes; /* of bodies and results */
};

/* NULL: of all accounts. */
enum result job_total_get(struct db *db, const char *account, struct job_total *total,
                          struct reason *why);

/* How many are in work just now. */
enum result job_running(struct db *db, int64_t *jobs, struct reason *why);

/* Jobs of a model that ever ended so, and their rows. */
struct job_ends {
    char model[MODEL_NAME_MAX + 1];
    enum job_status status;
    int64_t jobs, rows;
};

enum result job_ends_list(struct db *db, void (*each)(void *arg, const struct job_ends *ends),
                          void *arg, struct reason *why);

#endif
