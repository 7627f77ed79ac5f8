/*
 * queue.c: jobs, for those who ask for them; queue_work.c has those who work.
 *
 * A file gets its name within the transaction of the row that names it, and loses it after the
 * one that names it no more: so a crash leaves a file without a row, which is swept away, and
 * never a row without its file.
 */
#include "gate/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/audit_change.h"
#include "gate/queue_inner.h"
#include "store/hooks.h"

enum {
    FORGET_AT_ONCE = 500,   /* jobs in one transaction: others wait for no more than that */
    RESERVE_PART = 20,      /* of a file system, what jobs leave free, */
    RESERVE_MOST_MB = 1024, /* but no more than that */
    LINK_MAX_NAME = 32      /* "/proc/self/fd/1" */
};

static const int64_t mega = 1 << 20;

void queue_uuid(char out[JOB_UUID_LEN + 1], int64_t now_us)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t ms = (uint64_t)(now_us / 1000);
    uint8_t bytes[16];
    size_t at = 0;

    secret_random(bytes, sizeof(bytes));
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f));
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[bytes[i] >> 4];
        out[at++] = digits[bytes[i] & 0x0f];
    }
    out[at] = '\0';
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool queue_uuid_valid(const char *text, size_t len)
{
    bool valid = len == JOB_UUID_LEN;

    for (size_t i = 0; valid && i < len; i++)
        valid = i == 8 || i == 13 || i == 18 || i == 23 ? text[i] == '-' : is_hex(text[i]);
    return valid && text[14] == '7' && strchr("89ab", text[19]) != NULL;
}

void queue_body_name(const struct job_row *row, char out[QUEUE_NAME_MAX])
{
    snprintf(out, QUEUE_NAME_MAX, HOME_JOBS "/%s.in", row->uuid);
}

void queue_result_name(const struct job_row *row, int64_t attempt, char out[QUEUE_NAME_MAX])
{
    snprintf(out, QUEUE_NAME_MAX, HOME_JOBS "/%s.%d.out", row->uuid, (int)attempt);
}

void queue_body_remove(const struct job_row *row)
{
    char name[QUEUE_NAME_MAX];

    if (!row->body_in_file)
        return;
    queue_body_name(row, name);
    unlink(name);
}

void queue_files_remove(const struct job_row *row)
{
    char name[QUEUE_NAME_MAX];

    queue_body_remove(row);
    if (row->result_try > 0) {
        queue_result_name(row, row->result_try, name);
        unlink(name);
    }
}

int64_t queue_kept_since_us(const struct home *home)
{
    return clock_wall_us() - home->config.job_retention * 1000000;
}

/* ---- files ---- */

enum result queue_file_make(int *fd, struct reason *why)
{
    return file_nameless(HOME_JOBS, fd, why);
}

enum result queue_file_settle(const struct home *home, int fd, struct reason *why)
{
    if (home->config.durability == CONFIG_DURABILITY_POWER && fdatasync(fd) != 0)
        return reason_errno(why, "the file of a job");
    return RESULT_OK;
}

enum result queue_file_name(struct home *home, int fd, const char *name, struct reason *why)
{
    char link[LINK_MAX_NAME];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (unlink(name) != 0 && errno != ENOENT)
        return reason_errno(why, "%s", name);
    if (linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0)
        return errno == ENOSPC || errno == EDQUOT ? reason_errno(why, "%s", name)
                                                  : file_copy_atomic(fd, name, 0600, why);
    if (home->config.durability == CONFIG_DURABILITY_POWER)
        return file_sync_parent(name, why);
    return RESULT_OK;
}

/* ---- taking a job ---- */

enum result queue_room(int64_t bytes, struct reason *why)
{
    struct statvfs fs;
    int64_t size, room, reserve;

    if (statvfs(HOME_JOBS, &fs) != 0)
        return reason_errno(why, HOME_JOBS);
    size = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
    room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    reserve = size / RESERVE_PART;
    if (reserve > RESERVE_MOST_MB * mega)
        reserve = RESERVE_MOST_MB * mega;
    if (room - reserve < bytes)
        return reason_set(why, RESULT_FULL, "there is no room for more jobs");
    return RESULT_OK;
}

static enum result check_limits(const struct home *home, struct db *db, const char *account,
                                int64_t bytes, enum queue_limit *over, struct reason *why)
{
    const struct config *config = &home->config;
    struct job_total own, all;
    enum result result = job_total_get(db, account, &own, why);

    *over = QUEUE_LIMIT_NONE;
    if (result == RESULT_OK)
        result = job_total_get(db, NULL, &all, why);
    if (result != RESULT_OK)
        return result;
    if (own.open >= config->job_limit)
        *over = QUEUE_LIMIT_JOBS;
    else if (own.bytes + bytes > config->job_bytes_limit)
        *over = QUEUE_LIMIT_BYTES;
    if (*over == QUEUE_LIMIT_JOBS)
        return reason_set(why, RESULT_DENIED,
                          "%lld jobs wait or are in work, which is as many as may",
                          (long long)own.open);
    if (*over == QUEUE_LIMIT_BYTES)
        return reason_set(why, RESULT_DENIED,
                          "the bodies and results of your jobs would have more than %lld bytes "
                          "together",
                          (long long)config->job_bytes_limit);
    if (all.jobs >= QUEUE_JOBS_MAX)
        return reason_set(why, RESULT_FULL, "there is no room for more jobs");
    return RESULT_OK;
}

enum result queue_check(struct home *home, const char *account, int64_t bytes,
                        enum queue_limit *over, struct reason *why)
{
    struct db *db;
    enum result result = home_work(home, &db, why);

    *over = QUEUE_LIMIT_NONE;
    if (result == RESULT_OK)
        result = queue_room(bytes, why);
    if (result == RESULT_OK)
        result = check_limits(home, db, account, bytes, over, why);
    return result;
}

/*
 * Whether who asks still may, under the lock: after queue_forget() nobody adds a job for the
 * one who is gone, however long the body of it took to come.
 */
static enum result check_asker(const struct home *home, struct reason *why)
{
    return home->may_change.ask != NULL ? home->may_change.ask(home->may_change.arg, why)
                                        : RESULT_OK;
}

/* The file is named last: if the commit fails it is without a row. */
static enum result insert(struct home *home, struct db *db, struct job_row *row,
                          const void *body, size_t len, int fd, const struct queue_also *also,
                          struct reason *why)
{
    char name[QUEUE_NAME_MAX];
    enum queue_limit over;
    enum result result = db_begin(db, why);

    if (result != RESULT_OK)
        return result;
    queue_body_name(row, name);
    result = check_limits(home, db, row->account, row->body_bytes, &over, why);
    if (result == RESULT_OK)
        result = check_asker(home, why);
    if (result == RESULT_OK)
        result = job_row_insert(db, row, body, len, why);
    if (result == RESULT_OK && also != NULL)
        result = also->run(also->arg, row, why);
    if (result == RESULT_OK && fd >= 0)
        result = queue_file_name(home, fd, name, why);
    if (result == RESULT_OK)
        result = db_commit(db, why);
    else
        db_rollback(db);
    if (result != RESULT_OK && fd >= 0)
        unlink(name);
    return result;
}

enum result queue_submit(struct home *home, struct job_row *row, const void *body, size_t len,
                         int fd, const struct queue_also *also, struct reason *why)
{
    struct seats *seats;
    struct db *db;
    enum result result = home_work(home, &db, why);

    if (result == RESULT_OK)
        result = home_seats(home, &seats, why);
    if (result == RESULT_OK)
        result = queue_room(row->body_bytes, why);
    if (result == RESULT_OK && fd >= 0)
        result = queue_file_settle(home, fd, why);
    if (result != RESULT_OK)
        return result;
    row->created_us = clock_wall_us();
    queue_uuid(row->uuid, row->created_us);
    row->body_in_file = fd >= 0;
    row->status = JOB_PENDING;
    row->version = row->attempts = row->due_ns = row->claim = 0;
    row->started_us = row->ended_us = row->code = 0;
    row->result_bytes = row->result_try = row->rows_done = 0;
    row->label[0] = row->reason[0] = '\0';
    row->has_score = false;
    result = insert(home, db, row, body, len, fd, also, why);
    if (result == RESULT_OK)
        seats_ring(seats);
    return result;
}

/* ---- asking for it ---- */

static enum result missing(struct reason *why)
{
    return reason_set(why, RESULT_MISSING, "there is no such job");
}

enum result queue_get(struct home *home, const char *account, const char *uuid,
                      struct job_row *row, struct reason *why)
{
    struct db *db;
    enum result result;

    if (!queue_uuid_valid(uuid, strnlen(uuid, JOB_UUID_LEN + 1)))
        return missing(why);
    result = home_work(home, &db, why);
    if (result == RESULT_OK)
        result = job_row_get(db, uuid, row, why);
    if (result != RESULT_OK)
        return result;
    if (account != NULL && strcmp(account, row->account) != 0)
        return missing(why);
    if (row->status >= JOB_COMPLETED && row->ended_us < queue_kept_since_us(home))
        return missing(why);
    return RESULT_OK;
}

enum result queue_result(struct home *home, const struct job_row *row, struct buf *out, int *fd,
                         struct reason *why)
{
    char name[QUEUE_NAME_MAX];
    struct db *db;
    enum result result;

    *fd = -1;
    if (row->status != JOB_COMPLETED)
        return reason_set(why, RESULT_MISSING, "the job has no result");
    if (row->result_try > 0) {
        queue_result_name(row, row->result_try, name);
        *fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (*fd >= 0)
            return RESULT_OK;
        return errno == ENOENT ? missing(why) : reason_errno(why, "%s", name);
    }
    result = home_work(home, &db, why);
    if (result == RESULT_OK)
        result = job_result_get(db, row->id, out, why);
    return result;
}

enum result queue_cancel(struct home *home, const char *account, const char *uuid,
                         struct reason *why)
{
    struct job_row row = {.status = JOB_PENDING};
    struct db *db;
    enum result result = queue_get(home, account, uuid, &row, why);

    if (result == RESULT_OK)
        result = home_work(home, &db, why);
    if (result != RESULT_OK || row.status == JOB_CANCELLED)
        return result;
    result = job_row_cancel(db, uuid, clock_wall_us(), why);
    if (result == RESULT_OK) {
        queue_files_remove(&row);
    } else if (result == RESULT_MISSING) { /* it has ended, perhaps since it was looked at */
        result = queue_get(home, account, uuid, &row, why);
        if (result == RESULT_OK && row.status != JOB_CANCELLED)
            result = reason_set(why, RESULT_EXISTS, "the job has ended: it is %s",
                                job_status_name(row.status));
    }
    return result;
}

/* The trail's row, which the cancelling itself follows. */
static enum result cancel_note(struct home *home, const struct job_row *row, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);

    audit_about_text(&change, "account", row->account);
    audit_about_text(&change, "model", row->model);
    audit_change_text(&change, "status", job_status_name(row->status),
                      job_status_name(JOB_CANCELLED));
    return audit_change_add(home, &change, "job.cancel", "job", row->uuid, why);
}

/*
 * The two databases cannot be changed in one step.  The trail is committed last: a crash in
 * between leaves a job that was cancelled and is not in the trail, and never one in the trail
 * that runs on.
 */
enum result queue_cancel_any(struct home *home, const char *uuid, struct reason *why)
{
    struct job_row row = {.status = JOB_PENDING};
    enum result result = queue_get(home, NULL, uuid, &row, why);

    if (result == RESULT_OK && row.status >= JOB_COMPLETED)
        return reason_set(why, RESULT_EXISTS, "the job has ended: it is %s",
                          job_status_name(row.status));
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result != RESULT_OK)
        return result;
    result = cancel_note(home, &row, why);
    if (result == RESULT_OK)
        result = queue_cancel(home, NULL, uuid, why);
    return home_change_end(home, result, why);
}

/* A home that was not completed since there are jobs has none. */
static bool has_jobs(void)
{
    return access(HOME_WORK, F_OK) == 0;
}

enum result queue_forget_check(struct home *home, struct reason *why)
{
    struct db *db;
    enum result result;

    if (!has_jobs())
        return RESULT_OK;
    result = home_work(home, &db, why);
    if (result == RESULT_OK)
        result = db_begin(db, why);
    if (result == RESULT_OK)
        db_rollback(db);
    return result;
}

/* Of one step of queue_forget(), the jobs that have files. */
struct forgotten {
    int64_t last; /* the highest number of a job */
    size_t jobs, files;
    struct job_row with_files[FORGET_AT_ONCE];
};

static void forgotten_note(void *arg, const struct job_row *row)
{
    struct forgotten *forgotten = arg;

    forgotten->jobs++;
    if (row->id > forgotten->last)
        forgotten->last = row->id;
    if (row->body_in_file || row->result_try > 0)
        forgotten->with_files[forgotten->files++] = *row;
}

/* In steps, so that nobody waits for the million jobs of another. */
enum result queue_forget(struct home *home, const char *account, struct reason *why)
{
    struct forgotten *forgotten;
    struct db *db = NULL;
    enum result result;

    if (!has_jobs())
        return RESULT_OK;
    forgotten = calloc(1, sizeof(*forgotten));
    if (forgotten == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for jobs");
    result = home_work(home, &db, why);
    for (bool more = true; result == RESULT_OK && more; more = forgotten->jobs > 0) {
        forgotten->jobs = forgotten->files = 0;
        result = job_rows_forget(db, account, forgotten->last, FORGET_AT_ONCE, forgotten_note,
                                 forgotten, why);
        for (size_t i = 0; result == RESULT_OK && i < forgotten->files; i++)
            queue_files_remove(&forgotten->with_files[i]);
    }
    if (result == RESULT_OK)
        result = hook_rows_forget(db, account, why);
    free(forgotten);
    return result;
}
