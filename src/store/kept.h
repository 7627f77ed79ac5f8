/*
 * kept.h: the rows of predictions that are kept, in work.db.
 *
 * One row is a part of one request: some of the rows that it asked about, sealed together.  A
 * request of many rows has several.  gate/keep.h has the rules; what is sealed, and how, is its
 * affair.
 */
#ifndef STORE_KEPT_H
#define STORE_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "store/calls.h"
#include "store/db.h"
#include "store/jobs.h"
#include "store/keys.h"
#include "store/models.h"

enum {
    KEPT_FILE_MAX = 63, /* characters of a file's name */
};

/* A part of a request.  Texts that do not apply are empty, and NULL in the database. */
struct kept_row {
    int64_t id;    /* in the order in which they were brought in */
    int64_t at_us; /* when it was asked; with account and request id the same in all parts */
    char account[KEY_ID_LEN + 1];
    char request_id[CALL_REQUEST_ID_MAX + 1];
    char job_uuid[JOB_UUID_LEN + 1];
    char model[MODEL_NAME_MAX + 1];
    int64_t version;
    int64_t of_rows;                                      /* that the request had in all */
    int64_t first, rows;                                  /* which are in this part */
    uint32_t n_features, n_margins, n_answers, n_targets; /* numbers in a row */
    int64_t known;                                        /* rows whose truth was told */
};

/*
 * Adds one, with its numbers as they are sealed; row->id is set.  A job may be worked at twice,
 * and is kept once: RESULT_EXISTS.
 */
enum result kept_row_insert(struct db *db, struct kept_row *row, const void *sealed, size_t len,
                            struct reason *why);

/* What is read of one: its bytes stay in place within the callback. */
struct kept_part {
    struct kept_row row;
    const void *sealed, *truth; /* truth is NULL where there is none */
    size_t sealed_len, truth_len;
};

/* Which are read; as struct keep_filter of gate/keep.h, but truth is told of parts. */
struct kept_filter {
    const char *model;
    int64_t version;
    const char *account;
    int64_t since_us, until_us;
    bool with_truth;
};

/* False ends the reading, which then is RESULT_OK all the same. */
enum result kept_row_list(struct db *db, const struct kept_filter *filter,
                          bool (*each)(void *arg, const struct kept_part *part), void *arg,
                          struct reason *why);

/*
 * The newest request of this id, or of this job, the other being NULL: its first part;
 * account NULL: of any.  RESULT_MISSING.
 */
enum result kept_row_find(struct db *db, const char *account, const char *request_id,
                          const char *job_uuid, struct kept_row *row, struct reason *why);

/* Calls each for the parts of the request that a row is the first part of, in order. */
enum result kept_part_list(struct db *db, const struct kept_row *first,
                           bool (*each)(void *arg, const struct kept_part *part), void *arg,
                           struct reason *why);

/* Notes the truth of a part, and of how many of its rows it is known. */
enum result kept_truth_set(struct db *db, int64_t id, const void *truth, size_t len,
                           int64_t known, struct reason *why);

/* Deletes so many parts of a model at most that are older; *deleted says how many. */
enum result kept_rows_expire(struct db *db, const char *model, int64_t before_us, int64_t most,
                             int64_t *deleted, struct reason *why);

/* The next model behind this one, by name, of which something is kept; "" for none. */
enum result kept_model_next(struct db *db, const char *after, char model[MODEL_NAME_MAX + 1],
                            struct reason *why);

/* Has what an account asked up to a time be none when it comes in. */
enum result kept_gone_set(struct db *db, const char *account, int64_t until_us,
                          struct reason *why);

/*
 * Deletes some of an account, `most` at the most, and tells how many; or all of a model's
 * version, 0 for all, with its sums and those of no model.
 */
enum result kept_rows_forget(struct db *db, const char *account, int64_t most, int64_t *deleted,
                             struct reason *why);
enum result kept_rows_delete(struct db *db, const char *model, int64_t version,
                             struct reason *why);

/* Up to when what an account asked is forgotten; INT64_MIN if it is not. */
enum result kept_forgotten(struct db *db, const char *account, int64_t *until_us,
                           struct reason *why);

/* Sums of a model; NULL is all. */
struct kept_total {
    int64_t requests, rows, bytes, known_requests, lost, damaged;
};

enum result kept_total_get(struct db *db, const char *model, struct kept_total *total,
                           struct reason *why);

/* Adds to them, for rows that were inserted; those that are deleted are taken off by itself. */
enum result kept_total_add(struct db *db, const char *model, const struct kept_total *total,
                           struct reason *why);

/* How far a file of lots was read; 0 of one that is not known. */
enum result kept_file_get(struct db *db, const char *name, int64_t *offset, int64_t *number,
                          struct reason *why);
enum result kept_file_set(struct db *db, const char *name, int64_t offset, int64_t number,
                          struct reason *why);
enum result kept_file_forget(struct db *db, const char *name, struct reason *why);

#endif
