/*
 * replay.h: answers that may be asked for again, by a key that the client made up.
 *
 * A client that does not know whether its request was served sends it again under the same
 * key, and is given the answer that there was: nothing is done twice, nor charged.
 *
 *     begin --> new --> the request is served --> end: kept, for `idempotency_retention`
 *       |        |
 *       |        +-- let go, or its process dies: the key is as if it had never been used
 *       +-- kept: the same answer      +-- other: the key was used for something else
 *       +-- in flight: another process makes the answer just now
 *
 * A key is one account's, so two accounts may use the same.  What it was used for is told by a
 * fingerprint of the request.  Of both there are keyed digests, and neither text in the
 * database.
 *
 * Who has a key in flight is noted in the row by the token of a seat, and that it is at it
 * still in the seat: so a process that dies has its key free at once, whatever the clocks say,
 * and so has one that gives up, be the database out of reach by then.
 *
 * An answer of more than REPLAY_INLINE_MAX bytes is the file jobs/ID.kept, by its row's
 * number.
 */
#ifndef GATE_REPLAY_H
#define GATE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "gate/home.h"
#include "store/replays.h"

enum {
    REPLAY_KEY_MAX = 255,       /* characters of a client's key */
    REPLAY_BYTES_MAX = 64 << 20 /* of an answer that can be kept */
};

/*
 * Takes the value of a header Idempotency-Key: one String of structured fields (RFC 9651,
 * section 3.3.3) without parameters, or the same characters bare, without quotes, commas,
 * backslashes and blanks; 1 to REPLAY_KEY_MAX of them.  False: it is none.
 */
bool replay_key_read(const char *text, char out[REPLAY_KEY_MAX + 1]);

/* What a process needs for this; home outlives it. */
struct replay;

enum result replay_new(struct home *home, struct replay **out, struct reason *why);

/* Lets go of what it has in flight. */
void replay_free(struct replay *replay);

/* Who asks under which key, and the SHA-256 of all that is asked. */
struct replay_request {
    const char *account;
    const char *key;
    const uint8_t *asked; /* REPLAY_DIGEST_BYTES */
};

enum replay_found {
    REPLAY_NEW,       /* it is in flight here now: replay_end() or replay_let_go() follows */
    REPLAY_KEPT,      /* the row has the answer */
    REPLAY_OTHER,     /* the key was used for another request */
    REPLAY_IN_FLIGHT, /* another process is at it */
    REPLAY_FOUND__MAX
};

/*
 * Looks what a key is, and takes it if it is free.  Of a kept answer the body is appended, or
 * *fd is an open file of it for the caller to close; else *fd is -1.
 *
 * RESULT_DENIED: the kept answers of the account take all the bytes that they may
 * (idempotency_bytes_limit); after row->at_us, in microseconds, the oldest of them is gone.
 * Any other result: nothing can be said, and nothing was taken.
 */
enum result replay_begin(struct replay *replay, const struct replay_request *request,
                         struct replay_row *row, struct buf *body, int *fd,
                         enum replay_found *found, struct reason *why);

/*
 * Keeps the answer of the key in flight, which is over with that.  Given of row are status,
 * model, version, type and headers; the body is `body`, or if fd is not -1 an open file
 * without a name in jobs/, which gets one.  After a failure nothing is kept and the key still
 * in flight.
 */
enum result replay_end(struct replay *replay, struct replay_row *row, const void *body,
                       size_t len, int fd, struct reason *why);

/*
 * The same of an answer in memory, within a transaction of work.db that is under way: it is
 * kept once that is committed.  The key stays in flight until replay_let_go(), which has to
 * follow the commit.
 */
enum result replay_end_within(struct replay *replay, struct replay_row *row, const void *body,
                              size_t len, struct reason *why);

/* The key in flight is free again, if there is one. */
void replay_let_go(struct replay *replay);

/* Whether an answer is kept for a key, be it of this request or another. */
enum result replay_is_kept(struct replay *replay, const char *account, const char *key,
                           bool *kept, struct reason *why);

/*
 * Deletes some of what is older than idempotency_retention, `most` at the most; takes no lock
 * where there is nothing.
 */
enum result replay_expire(struct home *home, int64_t most, struct reason *why);

/*
 * Of a name in jobs/: whether it is that of an answer's file; and removes the file if no row
 * has it, as after work.db was lost.
 */
bool replay_file_is(const char *name);
enum result replay_file_sweep(struct home *home, const char *name, struct reason *why);

/* Has all answers of an account be gone; their rows and files are deleted when they expire. */
enum result replay_forget(struct home *home, const char *account, struct reason *why);

#endif
