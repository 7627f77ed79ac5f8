/*
 * queue.h: jobs: predictions that are taken now, made later and fetched then.
 *
 * A job that was taken is in work.db before the answer says so.  A runner (forestgate work)
 * claims some, works them off one by one, and stores each result under its claim, so that it is
 * stored once.  Whoever dies has its jobs handed to others: the one that it worked at has used
 * up an attempt, the others have not.  After QUEUE_ATTEMPTS attempts a job has failed.  A
 * runner that lives and whose beat stands still for `job_lease` is taken for hung, and the same
 * is done; what it stores when it goes on after all is refused.
 *
 * Accounts take turns, so nobody waits for the million jobs of another.
 *
 * Large bodies and results are files of the home:
 *
 *     jobs/UUID.in       what is predicted, until the job has ended
 *     jobs/UUID.N.out    the result that attempt N made, if the row says N
 *
 * What no row names is swept away.
 */
#ifndef GATE_QUEUE_H
#define GATE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "gate/home.h"
#include "store/jobs.h"

enum {
    QUEUE_NAME_MAX = 64,       /* of a file's name, its NUL included */
    QUEUE_JOBS_MAX = 20000000, /* of all accounts together, those that have ended too */
    QUEUE_ATTEMPTS = 5,
    QUEUE_DELAY_FIRST_S = 1, /* before the second attempt; each further one four times it */
    QUEUE_DELAY_MAX_S = 600,
};

/* A new UUID, version 7 (RFC 9562, section 5.7), in lower case. */
void queue_uuid(char out[JOB_UUID_LEN + 1], int64_t now_us);

/* Whether a text is one, in lower case. */
bool queue_uuid_valid(const char *text, size_t len);

/* The names of a job's files, from the home. */
void queue_body_name(const struct job_row *row, char out[QUEUE_NAME_MAX]);
void queue_result_name(const struct job_row *row, int64_t attempt, char out[QUEUE_NAME_MAX]);

/* Makes a file without a name in jobs/, for a body or a result. */
enum result queue_file_make(int *fd, struct reason *why);

/*
 * Whether so many bytes may be written there: jobs leave a part of the disk free, so that calls
 * can still be counted and users changed when there is no room for more jobs.  RESULT_FULL.
 */
enum result queue_room(int64_t bytes, struct reason *why);

/* ---- for those who ask for jobs ---- */

/*
 * Takes a job, and wakes a runner.  Given are account, key, user, request_id, address, model,
 * kind, result_kind, output, url, body_bytes, rows; the rest is set here.  The body is `body`,
 * or if fd is not -1 an open file without a name in jobs/, which gets one.
 *
 * RESULT_DENIED: the account has as many jobs or bytes as it may (job_limit, job_bytes_limit);
 * or who asks may no more: home->may_change is asked once more, under the lock.
 * RESULT_FULL: all accounts together have, or the disk is nearly full.
 *
 * With `also`, which may be NULL, more is done to work.db in the same transaction, once the row
 * says all that it will: so there is neither without the other.  Its result is that of the
 * whole, if it is not RESULT_OK.
 */
struct queue_also {
    enum result (*run)(void *arg, const struct job_row *row, struct reason *why);
    void *arg;
};

enum result queue_submit(struct home *home, struct job_row *row, const void *body, size_t len,
                         int fd, const struct queue_also *also, struct reason *why);

/* What an account has as much of as it may. */
enum queue_limit {
    QUEUE_LIMIT_NONE,
    QUEUE_LIMIT_JOBS,
    QUEUE_LIMIT_BYTES,
};

/*
 * Whether a job with a body of so many bytes would be taken now: so that nobody sends a large
 * one in vain, and to tell which limit it was.  As queue_submit().
 */
enum result queue_check(struct home *home, const char *account, int64_t bytes,
                        enum queue_limit *over, struct reason *why);

/*
 * A job as this account sees it: RESULT_MISSING for another's, as for none; account NULL is an
 * administrator.  One that has expired is none.
 */
enum result queue_get(struct home *home, const char *account, const char *uuid,
                      struct job_row *row, struct reason *why);

/*
 * The result of a job that has one: appended to out, or if it is in a file opened, *fd, for
 * reading; else *fd is -1.  RESULT_MISSING if there is none.
 */
enum result queue_result(struct home *home, const struct job_row *row, struct buf *out, int *fd,
                         struct reason *why);

/* RESULT_EXISTS if it has ended; fine if it was cancelled before.  As queue_get(). */
enum result queue_cancel(struct home *home, const char *account, const char *uuid,
                         struct reason *why);

/*
 * The same by an administrator, of anybody's job, told in the audit trail.  RESULT_EXISTS also
 * where it was cancelled before.
 */
enum result queue_cancel_any(struct home *home, const char *uuid, struct reason *why);

/*
 * Whether queue_forget() could be done now, by which somebody asks before the account itself is
 * deleted: the two are not one transaction.
 */
enum result queue_forget_check(struct home *home, struct reason *why);

/*
 * Ends all jobs of an account, empties them, and has what is left of them deleted.  Once the
 * account may no more, or a request on its way could add one: see queue_submit().
 */
enum result queue_forget(struct home *home, const char *account, struct reason *why);

/* ---- for runners ---- */

struct queue;

/* Takes a seat.  home outlives it. */
enum result queue_open(struct home *home, struct queue **out, struct reason *why);

/* Stores what has ended, and hands back what is claimed and not begun. */
void queue_close(struct queue *queue);

/* A job to work at, with its body, or an open file of it. */
struct queue_job {
    struct job_row row;
    struct buf body;
    int fd; /* -1: it is in body */
};

/*
 * The next job to work at; RESULT_MISSING if none is due.  Claims several at a time, and stores
 * what has ended before with the claim of more: see queue_flush().  RESULT_BUSY, RESULT_FULL
 * and the like: that could not be done now, and nothing is lost; wait, and try again.
 */
enum result queue_next(struct queue *queue, struct queue_job *job, struct reason *why);

/*
 * What became of the job that queue_next() gave; one of these follows each.  It is noted here
 * and stored by queue_flush(), which these call if the last one is long ago: somebody may have
 * cancelled the job meanwhile or have it now, and then what was made is thrown away.
 *
 * queue_end(): as job->row says, status, version, code, rows, label, score and reason; with
 * its result, whose bytes are copied, or result_fd, an open file without a name in jobs/, whose
 * owner the queue becomes; else -1.
 */
void queue_end(struct queue *queue, struct queue_job *job, const void *result, size_t len,
               int result_fd);

/*
 * Whether a result of so many bytes may stand in the place of the job's body, as far as its
 * account has room left (job_bytes_limit).  RESULT_DENIED if not: queue_end() makes such a job
 * one that has failed, so this is for who would not make all of it in vain.
 */
enum result queue_result_fits(struct queue *queue, const struct job_row *row, int64_t bytes,
                              struct reason *why);

/* The attempt failed for a reason that may pass: it waits, or has failed if it was the last. */
void queue_fail(struct queue *queue, struct queue_job *job, const char *reason);

/* The attempt was not ended, since this process is to stop: it waits again, as if not begun. */
void queue_return(struct queue *queue, struct queue_job *job);

/*
 * Tells how far a long one is, and that this process goes on; to be called often, writes
 * seldom.  RESULT_MISSING: it is not this process's any more, so stop and queue_return() it.
 */
enum result queue_progress(struct queue *queue, struct queue_job *job, int64_t rows,
                           int64_t rows_done, struct reason *why);

/*
 * Stores what is to be stored.  After a failure it is kept, and stored with the next one that
 * succeeds.
 */
enum result queue_flush(struct queue *queue, struct reason *why);

/*
 * What is due without a job, some at a time: gives the jobs of the dead and the hung to others,
 * deletes what has expired (job_retention) and files that no row names.
 */
void queue_tend(struct queue *queue);

/* Waits until there may be something to do, at most so long.  A signal ends it. */
void queue_wait(struct queue *queue, int timeout_ms);

/* Whether nothing waits that is due within so many seconds, for --drain. */
enum result queue_is_drained(struct queue *queue, int64_t seconds, bool *drained,
                             struct reason *why);

/* Whether a file of the home was removed or replaced under it. */
bool queue_is_orphan(struct queue *queue);

#endif
