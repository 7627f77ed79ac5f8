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
    char user[USER_ID_LEN + 1]; /* of the account, if it is a user's of this home */
    char request_id[CALL_REQUEST_ID_MAX + 1];
    char job_uuid[JOB_UUID_LEN + 1];
    char model[MODEL_NAME_MAX + 1];
    int64_t version;
    int64_t of_rows;                                      /* that the request had in all */
    int64_t first, rows;                                  /* which are in this part */
    uint32_t n_features, n_margins, n_answers, n_targets; /* numbers in a row */
    int64_t known;                                        /* rows whose truth was told */
};

#endif
