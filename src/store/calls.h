/*
 * calls.h: the call log, and the sums that are kept of it.
 *
 * A row's seq is the number that the ledger gave the call when it ended.  Rows, sums and
 * the highest number so far are written in one transaction, so that a drain that is done
 * over after a crash finds what it has done already.  Of a day and a key, the sum of
 * charged over usage equals the sum of charged over its rows in call, always.
 */
#ifndef STORE_CALLS_H
#define STORE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/field.h"
#include "base/result.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/models.h"

enum {
    CALL_REQUEST_ID_MAX = 64,
    CALL_ROUTE_MAX = 31,
    CALL_USER_MAX = 31,
    CALL_OVER_MAX = 15,
};

/*
 * One metered call.  It has no pointers: the ledger keeps it in shared memory until it is
 * in the database.  Texts that do not apply are empty, and NULL in the database.
 */
struct call_row {
    int64_t seq;
    int64_t started_us;  /* wall time at which the request began, since 1970 UTC */
    int64_t duration_us; /* until its answer was made */
    int64_t version;     /* of the model; 0 for none */
    int64_t rows;        /* that were predicted */
    int64_t charged;     /* to the quotas: the price, or 0 where it was given back */
    int64_t status;      /* HTTP's; of a call whose worker died, 500 */
    char request_id[CALL_REQUEST_ID_MAX + 1];
    char key[KEY_ID_LEN + 1]; /* of a call by token, the user's id */
    char user[CALL_USER_MAX + 1];
    char account[KEY_ID_LEN + 1]; /* the ledger's, for which it counts; not in the database */
    char model[MODEL_NAME_MAX + 1];
    char route[CALL_ROUTE_MAX + 1]; /* "predict": the operation's name in /openapi.json */
    char address[ADDR_TEXT_MAX];
    char over[CALL_OVER_MAX + 1]; /* the shadow limit that it went over, if any */
};

/* What a list of them has of each, outside of the API's JSON: request_id, started_at, ... */
extern const struct field call_row_fields[];

#define CALL_DAY_US INT64_C(86400000000)

/* The UTC day of a time in microseconds, counted from 1970-01-01; also before it. */
int64_t call_day(int64_t wall_us);

/* RESULT_EXISTS if there is a call of this seq. */
enum result call_row_insert(struct db *db, const struct call_row *row, struct reason *why);

/*
 * The highest seq whose call is in the database; within a transaction, to be raised.
 * RESULT_INVALID for a lower one than is set.
 */
enum result call_drained_get(struct db *db, int64_t *seq, struct reason *why);
enum result call_drained_set(struct db *db, int64_t seq, struct reason *why);

/*
 * Writes the number as it is, within a transaction, so that its commit shows that the
 * database can be written, and has it on the disk where commits are to be.  Setting it to
 * what it is would not: SQLite writes no page that stays the same.
 */
enum result call_drained_rewrite(struct db *db, int64_t seq, struct reason *why);

/* Sums over the calls of one key to one model on one day. */
struct usage_row {
    char key[KEY_ID_LEN + 1];
    char model[MODEL_NAME_MAX + 1]; /* empty where the call had come to none */
    int64_t day;                    /* call_day() of started_us */
    int64_t calls, rows, charged;
    int64_t failed; /* calls with a status of 400 and above */
    int64_t over;   /* calls that went over a shadow limit */
    int64_t duration_us;
    int64_t last_us; /* the latest started_us */
};

/* Sums over the calls that a version of a model was to answer, since it was published. */
struct tally_row {
    char model[MODEL_NAME_MAX + 1];
    int64_t version;
    int64_t calls, rows;
    int64_t failed;                 /* calls with a status of 400 and above */
    int64_t duration_us, failed_us; /* of all calls, and of those */
    int64_t last_us;                /* the latest started_us; 0: there is none */
};

/* The sums of the version that the row names, of those of served.h; zero without a call. */
enum result tally_row_get(struct db *db, struct tally_row *row, struct reason *why);

/* Adds the numbers of a row that are shown to a sum: calls, rows, charged, failed, duration_us.
 */
void usage_row_sum(struct usage_row *sum, const struct usage_row *row);

/* Adds these sums to those that are there. */
enum result usage_row_add(struct db *db, const struct usage_row *row, struct reason *why);

/*
 * Notes that no call of this day has a number below seq; the lowest that was noted holds.
 * Every day that calls began on has to be noted, or they are not found by their time.
 */
enum result call_day_note(struct db *db, int64_t day, int64_t seq, struct reason *why);

/*
 * What an account was charged from one day to another, both included: a key, or a user's id
 * and all keys of that user.
 */
enum result usage_charged(struct db *db, const char *account, int64_t first_day,
                          int64_t last_day, int64_t *charged, struct reason *why);

/*
 * When an account's latest calls began, newest first, at most count of those that began after
 * after_us and whose seq is at most up_to: wall times in microseconds; *got says how many.
 */
enum result call_starts(struct db *db, const char *account, int64_t after_us, int64_t up_to,
                        int64_t *starts, size_t count, size_t *got, struct reason *why);

/* What to list; what is NULL or zero is left open. */
struct call_filter {
    const char *key, *user, *model, *request_id; /* user: the id */
    int64_t status_min, status_max;              /* both included */
    int64_t since_us, until_us;                  /* since included, until not */
    int64_t from_seq, before_seq;                /* of the numbers, the same */
    int64_t limit;
};

/*
 * Calls each for the calls that fit, newest first, until it returns false.  No lock is held
 * while it works; it may take as long as it likes.
 */
enum result call_row_list(struct db *db, const struct call_filter *filter,
                          bool (*each)(void *arg, const struct call_row *row), void *arg,
                          struct reason *why);

/*
 * A number that no call since then is below: the place to begin looking for them.  INT64_MAX
 * if there is none.
 */
enum result call_seq_since(struct db *db, int64_t since_us, int64_t *seq, struct reason *why);

/* The lowest and the highest number in the log, both 0 if it is empty. */
enum result call_seqs(struct db *db, int64_t *lowest, int64_t *highest, struct reason *why);

/*
 * Calls each for the sums that fit, by key, day and model.  Of the filter key, user, model
 * and time apply; a sum fits if any of its day lies within the time, and a user's are those
 * of the user's keys and of the calls by token.
 */
enum result usage_row_list(struct db *db, const struct call_filter *filter,
                           void (*each)(void *arg, const struct usage_row *row), void *arg,
                           struct reason *why);

/*
 * Deletes, from the lowest number on, at most `most` calls that began before before_us, up
 * to the first that did not; sums stay.  *deleted says how many.
 */
enum result call_rows_expire(struct db *db, int64_t before_us, int64_t most, int64_t *deleted,
                             struct reason *why);

#endif
