/*
 * queue_inner.h: what the parts of the queue share: who asks (queue.c), who works
 * (queue_work.c), and what is due beside that (queue_tend.c).
 */
#ifndef GATE_QUEUE_INNER_H
#define GATE_QUEUE_INNER_H

#include <dirent.h>

#include "gate/queue.h"
#include "gate/watch.h"

/*
 * Gives an open file without a name the name, in the place of whatever had it.  Within the
 * transaction that commits the row that names it: who sweeps looks under the same lock, and so
 * never takes the file of a row that is on its way.  A file system that has no such files is
 * given a copy.
 */
enum result queue_file_name(struct home *home, int fd, const char *name, struct reason *why);

/* Has what is in the file outlast what the row that will name it does: before the transaction.
 */
enum result queue_file_settle(const struct home *home, int fd, struct reason *why);

/* Removes the files that a row may have; or its body's. */
void queue_files_remove(const struct job_row *row);
void queue_body_remove(const struct job_row *row);

/* The oldest end, in wall time, of a job that is still kept. */
int64_t queue_kept_since_us(const struct home *home);

/* ---- a runner ---- */

enum {
    QUEUE_CLAIM_MAX = 64,
    QUEUE_CODE_FAULT = 500, /* what a job that failed would have been answered */
    QUEUE_CODE_LATER = 503,
};

/* What became of a job, before it is stored. */
struct queue_ended {
    struct job_row row; /* as it will be; JOB_PENDING: it waits again */
    struct buf result;
    int result_fd;
    bool stored; /* in the transaction at hand: it was still this process's */
};

struct queue {
    struct home *home;
    struct db *db;
    struct seats *seats;
    int64_t claim; /* the token of this process's seat; 0: it has none */
    uint32_t bell; /* as it was before work was looked for */

    int64_t waited_ns, now_ns; /* see queue_now_ns() */
    int64_t begun_ns, told_ns; /* the job in hand: since when, and when that was last told */
    int64_t average_ns;        /* that a job takes */
    int64_t flushed_ns;
    int64_t complained_ns;

    char turn[KEY_ID_LEN + 1]; /* the account that had the last turn */
    bool no_memory;            /* for what was claimed */
    bool found_none;           /* of all accounts */
    size_t next_ready, n_ready, n_ended;
    struct queue_job ready[QUEUE_CLAIM_MAX];
    struct queue_ended ended[QUEUE_CLAIM_MAX];

    int64_t tend_due_ns, sweep_due_ns;
    DIR *sweeping;
    struct watch *watch; /* of the other runners */
};

int64_t queue_now_ns(struct queue *queue);

/*
 * Has a job whose attempts are counted wait for the next one, or fail if that was the last.
 * What the attempt had found out of a result is forgotten.
 */
void queue_row_fail(struct queue *queue, struct job_row *row, const char *reason, int64_t code);

/* Frees what is claimed and not begun, and what has ended and is not stored. */
void queue_ready_drop(struct queue *queue);
void queue_ended_drop(struct queue *queue);

/* Gives to others what the dead and the hung have. */
enum result queue_bury(struct queue *queue, struct reason *why);
void queue_tend_close(struct queue *queue);

/* Says what is wrong, once a minute. */
void queue_complain(struct queue *queue, const struct reason *why);

#endif
