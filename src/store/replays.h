/*
 * replays.h: the rows of answers that may be asked for again, in work.db.
 *
 *     (none) --insert--> claimed --end--> kept --claim--> claimed
 *                         |    ^
 *                         +----+ claimed anew: who had it is gone, or does not hold it any more
 *
 * A row belongs to one key of one account, of which it has a digest.  While its answer is made
 * it has the token of a seat (gate/seats.h); gate/replay.h has the rules, here are the rows
 * alone.  A body of more than REPLAY_INLINE_MAX bytes is a file, whose name follows from the
 * row's number.
 */
#ifndef STORE_REPLAYS_H
#define STORE_REPLAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/models.h"

enum {
    REPLAY_DIGEST_BYTES = 32,
    REPLAY_TYPE_MAX = 127,
    REPLAY_HEADERS_MAX = 1023,
    REPLAY_INLINE_MAX = 64 << 10,
};

struct replay_row {
    int64_t id;
    char account[KEY_ID_LEN + 1];
    uint8_t digest[REPLAY_DIGEST_BYTES];
    uint8_t fingerprint[REPLAY_DIGEST_BYTES];
    int64_t claim; /* 0: it has ended */
    int64_t at_us; /* when it was claimed */

    /* The answer, once it has ended. */
    int64_t status;
    char model[MODEL_NAME_MAX + 1]; /* that was asked, or empty */
    int64_t version;
    char type[REPLAY_TYPE_MAX + 1];
    char headers[REPLAY_HEADERS_MAX + 1]; /* lines with their ends, or empty */
    int64_t bytes;
    bool in_file;
};

/*
 * The row of a key; RESULT_MISSING without one.  Its body is appended, unless that is in a
 * file or body is NULL.
 */
enum result replay_row_find(struct db *db, const char *account,
                            const uint8_t digest[REPLAY_DIGEST_BYTES], struct replay_row *row,
                            struct buf *body, struct reason *why);

/* Adds one that is claimed, and sets its id; or claims the one of this id anew. */
enum result replay_row_insert(struct db *db, struct replay_row *row, struct reason *why);
enum result replay_row_claim(struct db *db, const struct replay_row *row, struct reason *why);

/*
 * Keeps the answer of a row under its claim: RESULT_MISSING if it has another by now.  The
 * body is in the file if the row says so, and then NULL.
 */
enum result replay_row_end(struct db *db, const struct replay_row *row, const void *body,
                           size_t len, struct reason *why);

/* Calls each for rows that were claimed before a time, oldest first: id, claim, in_file, at_us.
 */
enum result replay_row_old(struct db *db, int64_t before_us, int64_t most,
                           bool (*each)(void *arg, const struct replay_row *row), void *arg,
                           struct reason *why);

/* Whether there is one of this number. */
enum result replay_row_is(struct db *db, int64_t id, bool *is, struct reason *why);

/* Deletes one, if it was not claimed anew. */
enum result replay_row_delete(struct db *db, const struct replay_row *row, struct reason *why);

/* Empties all of an account's and has them be old. */
enum result replay_row_forget(struct db *db, const char *account, struct reason *why);

/* What an account's rows take, and when its oldest was claimed: 0 where there is none. */
enum result replay_row_total(struct db *db, const char *account, int64_t *bytes,
                             struct reason *why);
enum result replay_row_oldest(struct db *db, const char *account, int64_t *at_us,
                              struct reason *why);

#endif
