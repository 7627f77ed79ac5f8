/*
 * queue_work.c: jobs, for those who work them off; queue_tend.c has what is due beside that.
 *
 * A runner claims some jobs of one account, then some of the next.  What has ended is stored
 * together with the next claim, in one transaction: so an idle runner's single job is stored at
 * once, and a thousand small ones cost a few commits.  How many are claimed follows from how
 * long the last ones took, so that nobody's job waits long behind the others of its claim.
 */
#include "gate/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/queue_inner.h"

enum {
    ACCOUNTS_AT_ONCE = 256 /* that are looked at in one transaction */
};

static const int64_t ms_ns = 1000000, second_ns = 1000000000;
static const int64_t claim_ns = 5000000; /* work that is claimed at once, about */
static const int64_t flush_ns = 5000000; /* how long what has ended waits for more */

/* ---- the time ---- */

/*
 * What is due is told by the boot clock.  Where even that stands still (a virtual machine whose
 * clock is broken, a test) the time that this process has waited passes all the same: so every
 * delay ends.
 */
int64_t queue_now_ns(struct queue *queue)
{
    int64_t now = (int64_t)clock_boot_ns() + queue->waited_ns;

    if (now > queue->now_ns)
        queue->now_ns = now;
    return queue->now_ns;
}

static void time_pass(struct queue *queue, int64_t before, int64_t waited_ns)
{
    int64_t now = queue_now_ns(queue);

    if (now - before < waited_ns)
        queue->waited_ns += waited_ns - (now - before);
}

/* ---- what has ended ---- */

static void ended_free(struct queue_ended *ended)
{
    buf_free(&ended->result);
    if (ended->result_fd >= 0)
        close(ended->result_fd);
    ended->result_fd = -1;
}

void queue_ended_drop(struct queue *queue)
{
    for (size_t i = 0; i < queue->n_ended; i++)
        ended_free(&queue->ended[i]);
    queue->n_ended = 0;
}

/* Turns an end that could not be stored into an attempt that failed. */
static void ended_fail(struct queue *queue, struct queue_ended *ended, const char *reason)
{
    ended_free(ended);
    queue_row_fail(queue, &ended->row, reason, QUEUE_CODE_LATER);
}

enum result queue_result_fits(struct queue *queue, const struct job_row *row, int64_t bytes,
                              struct reason *why)
{
    int64_t limit = queue->home->config.job_bytes_limit;
    struct job_total own;
    enum result result;

    if (bytes <= row->body_bytes)
        return RESULT_OK;
    result = job_total_get(queue->db, row->account, &own, why);
    if (result == RESULT_OK && own.bytes - row->body_bytes + bytes > limit)
        result = reason_set(why, RESULT_DENIED,
                            "with its result all jobs and results would have more than %lld "
                            "bytes",
                            (long long)limit);
    return result;
}

/* A result for which the account has no room left is dropped, and its job has failed. */
static enum result ended_fit(struct queue *queue, struct queue_ended *ended, struct reason *why)
{
    struct job_row *row = &ended->row;
    enum result result = queue_result_fits(queue, row, row->result_bytes, why);

    if (result != RESULT_DENIED)
        return result;
    ended_free(ended);
    row->status = JOB_FAILED;
    row->code = QUEUE_CODE_FULL;
    row->result_try = row->result_bytes = 0;
    row->label[0] = '\0';
    row->has_score = false;
    text_print(row->reason, sizeof(row->reason), "%s", why->text);
    return RESULT_OK;
}

/* Stores one, within a transaction.  What is this process's no more is fine, and is let be. */
static enum result ended_store(struct queue *queue, struct queue_ended *ended,
                               struct reason *why)
{
    const struct job_row *row = &ended->row;
    char name[QUEUE_NAME_MAX];
    enum result result = RESULT_OK;

    if (row->status == JOB_COMPLETED)
        result = ended_fit(queue, ended, why);
    if (result != RESULT_OK)
        return result;
    if (row->status == JOB_PENDING)
        result = job_row_retry(queue->db, queue->claim, row, why);
    else
        result = job_row_end(queue->db, queue->claim, row, ended->result.data,
                             ended->result.len, why);
    if (result == RESULT_OK && row->result_try > 0) {
        queue_result_name(row, row->result_try, name);
        result = queue_file_name(queue->home, ended->result_fd, name, why);
    }
    ended->stored = result == RESULT_OK;
    return result == RESULT_MISSING ? RESULT_OK : result;
}

static enum result all_store(struct queue *queue, struct reason *why)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < queue->n_ended; i++)
        result = ended_store(queue, &queue->ended[i], why);
    return result;
}

/* After the commit: of what is stored the body's file goes; all are done with. */
static void all_settle(struct queue *queue)
{
    for (size_t i = 0; i < queue->n_ended; i++) {
        struct queue_ended *ended = &queue->ended[i];

        if (ended->stored && ended->row.status != JOB_PENDING)
            queue_body_remove(&ended->row);
    }
    queue_ended_drop(queue);
    queue->flushed_ns = queue_now_ns(queue);
}

/*
 * After a transaction that failed: a result's file that could not get its name, for want of
 * room, is given up, and its job tried again later.  The others are kept for the next time.
 */
static void all_keep(struct queue *queue, enum result result, const struct reason *why)
{
    if (result == RESULT_BUSY || result == RESULT_NOMEM)
        return;
    for (size_t i = 0; i < queue->n_ended; i++)
        if (queue->ended[i].result_fd >= 0)
            ended_fail(queue, &queue->ended[i], why->text);
}

enum result queue_flush(struct queue *queue, struct reason *why)
{
    enum result result;

    if (queue->n_ended == 0)
        return RESULT_OK;
    result = db_begin(queue->db, why);
    if (result != RESULT_OK)
        return result;
    result = all_store(queue, why);
    if (result == RESULT_OK)
        result = db_commit(queue->db, why);
    else
        db_rollback(queue->db);
    if (result == RESULT_OK)
        all_settle(queue);
    else
        all_keep(queue, result, why);
    return result;
}

/* ---- claims ---- */

static void job_free(struct queue_job *job)
{
    buf_free(&job->body);
    if (job->fd >= 0)
        close(job->fd);
    job->fd = -1;
}

void queue_ready_drop(struct queue *queue)
{
    for (; queue->next_ready < queue->n_ready; queue->next_ready++)
        job_free(&queue->ready[queue->next_ready]);
    queue->n_ready = queue->next_ready = 0;
}

static void claimed_note(void *arg, const struct job_row *row, const void *body, size_t len)
{
    struct queue *queue = arg;
    struct queue_job *job;

    if (queue->n_ready == QUEUE_CLAIM_MAX)
        return;
    job = &queue->ready[queue->n_ready++];
    *job = (struct queue_job){.row = *row, .fd = -1};
    if (len > 0)
        buf_put(&job->body, body, len);
    if (buf_failed(&job->body))
        queue->no_memory = true;
}

/* UPDATE ... RETURNING gives rows in no order. */
static int older_first(const void *a, const void *b)
{
    const struct queue_job *one = a, *other = b;

    return (one->row.id > other->row.id) - (one->row.id < other->row.id);
}

static int64_t claim_most(const struct queue *queue)
{
    int64_t most = queue->average_ns > 0 ? claim_ns / queue->average_ns : QUEUE_CLAIM_MAX;

    if (most < 1)
        return 1;
    return most < QUEUE_CLAIM_MAX ? most : QUEUE_CLAIM_MAX;
}

/* Of the accounts behind the last one that had its turn the first that has work that is due. */
static enum result accounts_claim(struct queue *queue, int64_t now_ns, struct reason *why)
{
    enum result result;
    int wraps = 0;

    for (int i = 0; i < ACCOUNTS_AT_ONCE && queue->n_ready == 0 && wraps < 2; i++) {
        result = job_account_next(queue->db, queue->turn, queue->turn, why);
        if (result != RESULT_OK)
            return result;
        if (queue->turn[0] == '\0')
            wraps++;
        else
            result =
                job_rows_claim(queue->db, queue->turn, queue->claim, now_ns, clock_wall_us(),
                               claim_most(queue), claimed_note, queue, why);
        if (result == RESULT_OK && queue->no_memory)
            result = reason_set(why, RESULT_NOMEM, "no memory for jobs");
        if (result != RESULT_OK)
            return result;
    }
    queue->found_none = wraps == 2;
    return RESULT_OK;
}

/* Stores what has ended and claims more, in one transaction. */
static enum result turn_over(struct queue *queue, int64_t now_ns, struct reason *why)
{
    enum result result = db_begin(queue->db, why);

    if (result != RESULT_OK)
        return result;
    queue->no_memory = false;
    result = all_store(queue, why);
    if (result == RESULT_OK)
        result = accounts_claim(queue, now_ns, why);
    if (result == RESULT_OK)
        result = db_commit(queue->db, why);
    else
        db_rollback(queue->db);
    if (result == RESULT_OK) {
        all_settle(queue);
        qsort(queue->ready, queue->n_ready, sizeof(*queue->ready), older_first);
    } else {
        queue_ready_drop(queue);
        all_keep(queue, result, why);
    }
    return result;
}

/*
 * Whether anything is due.  Asked without the write lock, so that who has nothing to do is in
 * nobody's way.
 */
static enum result is_due(struct queue *queue, int64_t now_ns, bool *due, struct reason *why)
{
    int64_t next;
    enum result result = job_due_next(queue->db, &next, why);

    *due = result == RESULT_OK && next <= now_ns;
    return result;
}

static enum result claim_more(struct queue *queue, struct reason *why)
{
    int64_t now_ns = queue_now_ns(queue);
    enum result result;
    bool due;

    queue_ready_drop(queue);
    do {
        result = is_due(queue, now_ns, &due, why);
        if (result == RESULT_OK && !due)
            return queue_flush(queue, why);
        if (result == RESULT_OK)
            result = turn_over(queue, now_ns, why);
    } while (result == RESULT_OK && queue->n_ready == 0 && !queue->found_none);
    return result;
}

/* ---- jobs in hand ---- */

/*
 * Whether the seat is still this process's.  If not, it was taken for hung, and has nothing in
 * hand any more.
 */
static enum result seat_keep(struct queue *queue, struct reason *why)
{
    enum result result;

    if (queue->claim != 0 && !seats_is_lost(queue->seats))
        return RESULT_OK;
    if (queue->claim != 0)
        log_message("this runner stood still, and others have its jobs");
    queue_ready_drop(queue);
    queue_ended_drop(queue);
    queue->claim = 0;
    result = seats_take(queue->seats, SEAT_RUNNER, why);
    if (result == RESULT_OK)
        queue->claim = seats_token(queue->seats);
    return result;
}

/* Its file, if the body is in one.  False: it has no body, and has failed for that. */
static bool body_open(struct queue *queue, struct queue_job *job)
{
    char name[QUEUE_NAME_MAX];

    if (!job->row.body_in_file)
        return true;
    queue_body_name(&job->row, name);
    job->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (job->fd >= 0)
        return true;
    if (errno != ENOENT) {
        queue_fail(queue, job, strerror(errno));
        return false;
    }
    job->row.status = JOB_FAILED;
    job->row.code = QUEUE_CODE_FAULT;
    text_copy(job->row.reason, sizeof(job->row.reason), "the file of its body is gone");
    queue_end(queue, job, NULL, 0, -1);
    return false;
}

/*
 * A job that may take long has no others behind it in this process: they go back to the queue,
 * with what has ended stored.  Where that cannot be done now they wait.
 */
static void hand_back_others(struct queue *queue, const struct queue_job *job)
{
    bool is_long = job->row.kind != JOB_JSON || job->row.body_in_file;
    struct reason why;

    if (!is_long)
        return;
    if (queue_flush(queue, &why) != RESULT_OK || queue->next_ready == queue->n_ready)
        return;
    if (job_rows_hand_back(queue->db, queue->claim, job->row.id, &why) != RESULT_OK)
        return;
    queue_ready_drop(queue);
    seats_ring(queue->seats);
}

enum result queue_next(struct queue *queue, struct queue_job *job, struct reason *why)
{
    enum result result;

    queue->bell = seats_bell(queue->seats);
    seats_beat(queue->seats);
    result = seat_keep(queue, why);
    while (result == RESULT_OK) {
        if (queue->next_ready == queue->n_ready) {
            result = claim_more(queue, why);
            if (result == RESULT_OK && queue->n_ready == 0)
                result = RESULT_MISSING;
            continue;
        }
        *job = queue->ready[queue->next_ready++];
        hand_back_others(queue, job);
        seats_hold(queue->seats, job->row.id);
        queue->begun_ns = queue_now_ns(queue);
        queue->told_ns = queue->begun_ns;
        if (body_open(queue, job))
            return RESULT_OK;
    }
    return result;
}

/* A moving average over about eight jobs. */
static void time_note(struct queue *queue)
{
    int64_t took = queue_now_ns(queue) - queue->begun_ns;

    queue->average_ns += (took - queue->average_ns) / 8;
}

/* Notes what became of the job in hand, whose row is as it will be. */
static struct queue_ended *ended_note(struct queue *queue, struct queue_job *job)
{
    struct queue_ended *ended = &queue->ended[queue->n_ended++];

    *ended = (struct queue_ended){.row = job->row, .result_fd = -1};
    job_free(job);
    time_note(queue);
    return ended;
}

/*
 * The job is in hand no more once that is noted.  At most a claim's jobs are kept: the next is
 * claimed with them stored.
 */
static void ended_settle(struct queue *queue)
{
    struct reason why;

    seats_hold(queue->seats, 0);
    seats_beat(queue->seats);
    if (queue->next_ready < queue->n_ready &&
        queue_now_ns(queue) - queue->flushed_ns > flush_ns &&
        queue_flush(queue, &why) != RESULT_OK)
        queue_complain(queue, &why);
}

/* What is too large for a row goes into a file; *fd is the caller's, whatever happened. */
static enum result result_spill(const void *bytes, size_t len, int *fd, struct reason *why)
{
    enum result result = queue_file_make(fd, why);

    return result == RESULT_OK ? file_put_at(*fd, bytes, len, 0, "the result", why) : result;
}

/* Notes an end: with the bytes of its result, or a file of it. */
static void end_note(struct queue *queue, struct queue_job *job, const void *result, size_t len,
                     int fd)
{
    struct queue_ended *ended = ended_note(queue, job);
    struct job_row *row = &ended->row;

    row->attempts++;
    row->ended_us = clock_wall_us();
    row->result_bytes = fd >= 0 ? (int64_t)lseek(fd, 0, SEEK_END) : (int64_t)len;
    row->result_try = fd >= 0 ? row->attempts : 0;
    ended->result_fd = fd;
    if (fd < 0 && len > 0)
        buf_put(&ended->result, result, len);
    if (buf_failed(&ended->result))
        ended_fail(queue, ended, "no memory for the result");
    ended_settle(queue);
}

void queue_end(struct queue *queue, struct queue_job *job, const void *result, size_t len,
               int result_fd)
{
    enum result settled = RESULT_OK;
    struct reason why = {.text = ""};
    int fd = result_fd;

    if (fd < 0 && len > JOB_INLINE_MAX)
        settled = result_spill(result, len, &fd, &why);
    if (settled == RESULT_OK && fd >= 0)
        settled = queue_file_settle(queue->home, fd, &why);
    if (settled == RESULT_OK) {
        end_note(queue, job, result, len, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    queue_fail(queue, job, why.text);
}

void queue_row_fail(struct queue *queue, struct job_row *row, const char *reason, int64_t code)
{
    int64_t delay_s = QUEUE_DELAY_FIRST_S;

    text_print(row->reason, sizeof(row->reason), "%s", reason);
    row->result_try = row->result_bytes = 0;
    row->label[0] = '\0';
    row->has_score = false;
    if (row->attempts >= QUEUE_ATTEMPTS) {
        row->status = JOB_FAILED;
        row->code = code;
        row->ended_us = clock_wall_us();
        return;
    }
    for (int64_t i = 1; i < row->attempts && delay_s < QUEUE_DELAY_MAX_S; i++)
        delay_s *= 4;
    if (delay_s > QUEUE_DELAY_MAX_S)
        delay_s = QUEUE_DELAY_MAX_S;
    row->status = JOB_PENDING;
    row->due_ns = queue_now_ns(queue) + delay_s * second_ns;
}

void queue_fail(struct queue *queue, struct queue_job *job, const char *reason)
{
    struct queue_ended *ended = ended_note(queue, job);

    ended->row.attempts++;
    queue_row_fail(queue, &ended->row, reason, QUEUE_CODE_LATER);
    ended_settle(queue);
}

void queue_return(struct queue *queue, struct queue_job *job)
{
    struct queue_ended *ended = ended_note(queue, job);

    ended->row.status = JOB_PENDING;
    ended_settle(queue);
}

enum result queue_progress(struct queue *queue, struct queue_job *job, int64_t rows,
                           int64_t rows_done, struct reason *why)
{
    int64_t now = queue_now_ns(queue);
    enum result result;

    seats_beat(queue->seats);
    if (seats_is_lost(queue->seats))
        return reason_set(why, RESULT_MISSING, "the job is in work here no more");
    job->row.rows = rows;
    job->row.rows_done = rows_done;
    if (now - queue->told_ns < second_ns)
        return RESULT_OK;
    queue->told_ns = now;
    queue_tend(queue);
    result = job_row_progress(queue->db, job->row.id, queue->claim, rows, rows_done, why);
    return result == RESULT_MISSING ? result : RESULT_OK; /* it can be told the next time */
}

/* ---- the runner ---- */

void queue_complain(struct queue *queue, const struct reason *why)
{
    int64_t now = queue_now_ns(queue);

    if (queue->complained_ns == 0 || now - queue->complained_ns > 60 * second_ns) {
        log_message("the queue of jobs: %s", why->text);
        queue->complained_ns = now;
    }
}

enum result queue_open(struct home *home, struct queue **out, struct reason *why)
{
    struct queue *queue = calloc(1, sizeof(*queue));
    enum result result;

    *out = NULL;
    if (queue == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for jobs");
    queue->home = home;
    result = watch_new(&queue->watch, why);
    if (result == RESULT_OK)
        result = home_work(home, &queue->db, why);
    if (result == RESULT_OK)
        result = home_seats(home, &queue->seats, why);
    if (result == RESULT_OK)
        result = queue_bury(queue, why); /* first: the dead may have all the seats */
    if (result == RESULT_OK)
        result =
            job_due_mend(queue->db, queue_now_ns(queue) + QUEUE_DELAY_MAX_S * second_ns, why);
    if (result == RESULT_OK)
        result = seat_keep(queue, why);
    if (result == RESULT_OK)
        *out = queue;
    else
        queue_close(queue);
    return result;
}

void queue_close(struct queue *queue)
{
    struct reason why;

    if (queue == NULL)
        return;
    if (queue->claim != 0 && !seats_is_lost(queue->seats)) {
        if (queue_flush(queue, &why) != RESULT_OK)
            queue_complain(queue, &why);
        if (queue->next_ready < queue->n_ready &&
            job_rows_hand_back(queue->db, queue->claim, 0, &why) == RESULT_OK)
            seats_ring(queue->seats);
    }
    queue_ready_drop(queue);
    queue_ended_drop(queue);
    queue_tend_close(queue);
    watch_free(queue->watch);
    free(queue);
}

void queue_wait(struct queue *queue, int timeout_ms)
{
    int64_t before = queue_now_ns(queue), next, left;
    struct reason why;

    if (queue_flush(queue, &why) != RESULT_OK)
        queue_complain(queue, &why);
    if (job_due_next(queue->db, &next, &why) == RESULT_OK && queue->n_ended == 0) {
        left = next - before;
        if (left < timeout_ms * ms_ns)
            timeout_ms = left > 0 ? (int)(left / ms_ns) + 1 : 1;
    }
    seats_beat(queue->seats);
    if (!seats_wait(queue->seats, queue->bell, timeout_ms))
        time_pass(queue, before, timeout_ms * ms_ns);
    seats_beat(queue->seats);
}

enum result queue_is_drained(struct queue *queue, int64_t seconds, bool *drained,
                             struct reason *why)
{
    int64_t next;
    enum result result = queue_flush(queue, why);

    *drained = false;
    if (result == RESULT_OK)
        result = job_due_next(queue->db, &next, why);
    if (result == RESULT_OK)
        *drained = next > queue_now_ns(queue) + seconds * second_ns;
    return result;
}

bool queue_is_orphan(struct queue *queue)
{
    return home_is_orphan(queue->home);
}
