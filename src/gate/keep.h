/*
 * keep.h: predictions that are kept, by a setting of each model, to be compared with the truth
 * once it is known, and to train on.
 *
 * A request is kept with all its rows or not at all: which ones is drawn by a hash of the
 * request id, so that a replay is kept as the first was.  What is kept goes three steps:
 *
 *     a worker's memory      for half a second at most, or until 64 KB have gathered: keeper.h
 *     kept/ID.lots           appended to by one process, sealed lot by lot: keep_lot.h
 *     work.db, table kept    sealed request by request, found by the request's id
 *
 * keep_bring() does the last step, once for each lot, whatever dies in the midst of it: how far
 * a file was read is noted in the transaction that adds its rows.  A worker that is killed
 * takes what is in its memory with it, and a power cut may take more: these are rows to judge a
 * model by, and no bill.  Nothing here ever refuses a prediction.
 *
 * Values, answers and truths are sealed with AES-256-GCM under keys that are derived from the
 * home's secret.  What does not open is passed over and counted: see struct keep_totals.
 */
#ifndef GATE_KEEP_H
#define GATE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"
#include "store/kept.h"

enum {
    KEEP_REQUEST_BYTES = 4 << 20, /* of one request at most: its first rows */
    KEEP_DAYS = 30,               /* if nobody says */
    KEEP_DAYS_MAX = 3650,
};

/* A row that was kept.  All that it points to is valid within the callback. */
struct keep_row {
    int64_t at_us; /* when it was asked, microseconds since 1970 */
    const char *model;
    int64_t version;        /* that answered */
    const char *account;    /* whose call it was */
    const char *request_id; /* the answer's X-Request-ID */
    const char *job_uuid;   /* "" where no job was */
    int64_t row;            /* of the request, from 0 */

    /*
     * As predictor_rows() takes and gives them: NaN is a missing feature.  The counts are those
     * of the version's image, and have to be compared with it before it is asked about them.
     */
    const double *features, *margins, *answers;
    uint32_t n_features, n_margins, n_answers;

    /*
     * The class's index or the value of each target; NaN for a target whose truth is not known.
     * NULL: nobody has told.
     */
    const double *truth;
    uint32_t n_targets;
};

/* False ends the reading, which then is RESULT_OK all the same. */
typedef bool keep_each(void *arg, const struct keep_row *row);

/* What is asked for. */
struct keep_filter {
    const char *model;
    int64_t version;            /* 0: all */
    const char *account;        /* NULL: all, for administrators */
    int64_t since_us, until_us; /* since_us <= at_us < until_us; until_us 0 is no bound */
    bool with_truth;            /* only rows of which some truth is known */
};

/* How much was read. */
struct keep_read {
    int64_t rows;
    int64_t damaged; /* requests that did not open, and were passed over */
};

/*
 * Calls each for every row that fits, in the order in which the requests came in, as of one
 * moment.  It brings in first what can be brought in at once.  `read` may be NULL.  Memory does
 * not grow with the rows.
 */
enum result keep_rows(struct home *home, const struct keep_filter *filter, keep_each *each,
                      void *arg, struct keep_read *read, struct reason *why);

/* Sums over what is kept of a model; model NULL: of all. */
struct keep_totals {
    int64_t requests, rows, bytes;
    int64_t true_requests; /* whose truth was told */
    int64_t lost;          /* rows that were not kept: over keep_limit, or the disk was full */
    int64_t waiting;       /* bytes in files, of all models: they are not brought in yet */
    int64_t damaged;       /* lots or requests that did not open when they were brought in */
};

enum result keep_totals(struct home *home, const char *model, struct keep_totals *out,
                        struct reason *why);

/*
 * Brings lots into the database, at most so many bytes of them (0: all that are there), in
 * transactions of some hundred requests.  RESULT_BUSY where another process is at it, which is
 * waited for no longer than for the database.
 */
enum result keep_bring(struct home *home, int64_t most, struct reason *why);

/*
 * Deletes what is older than its model's days, or of a model that is no more, at most so many
 * requests; *deleted says how many were.
 */
enum result keep_expire(struct home *home, int64_t most, int64_t *deleted, struct reason *why);

/*
 * What is due without a request, for runners and for workers that have nothing to do: brings in
 * a little and deletes a little.  RESULT_OK: there is more to do; RESULT_MISSING: there is not;
 * RESULT_BUSY: another process is at it.
 */
enum result keep_tend(struct home *home);

/*
 * Deletes all that is kept of an account; of a model, or one version of it.  With version 0 it
 * is all of the model, and nothing is told any more of what was lost or damaged.
 */
enum result keep_forget(struct home *home, const char *account, struct reason *why);
enum result keep_delete(struct home *home, const char *model, int64_t version,
                        struct reason *why);

/* ---- the truth ---- */

/* Which request: the newest of the account that has this id. */
struct keep_about {
    const char *account;    /* NULL: any, for administrators */
    const char *request_id; /* this or */
    const char *job_uuid;   /* this, the other NULL */
};

/* What is known of a kept request without opening it. */
struct keep_found {
    struct kept_row row; /* its first part */
    int64_t rows;        /* that the request had */
    int64_t kept;        /* that are kept of them: the first ones */
};

/* RESULT_MISSING: it is not kept, or not this account's. */
enum result keep_find(struct home *home, const struct keep_about *about,
                      struct keep_found *found, struct reason *why);

/*
 * Notes the truth of a request's rows `first` to `first` + n - 1: n times row.n_targets
 * numbers, as in struct keep_row.  In the place of what was told before; rows that are not kept
 * are let pass.  *known says of how many rows the truth is known now.
 */
enum result keep_truth_set(struct home *home, const struct keep_found *found, int64_t first,
                           const double *truth, int64_t n, int64_t *known, struct reason *why);

#endif
