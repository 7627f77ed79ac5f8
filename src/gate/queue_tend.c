/*
 * queue_tend.c: what is due in the queue beside its jobs: those of the dead and the hung are
 * given to others, what has expired is deleted, and files that no row names are swept away.
 *
 * Who is dead is told by the lock of its seat, and who is hung by its beat: see watch.h.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "gate/queue_inner.h"
#include "gate/replay.h"

enum {
    CLAIMS_AT_ONCE = 64,
    EXPIRED_AT_ONCE = 250,
    SWEPT_AT_ONCE = 200, /* names that are looked at */
};

static const int64_t second_ns = 1000000000;
static const int64_t again_ns = 50000000; /* where more is to be deleted */
static const int64_t sweep_ns = 600 * 1000000000LL;
static const int64_t stray_us = 86400 * 1000000LL;

/* ---- the dead and the hung ---- */

/* The claims that are looked at. */
struct claims {
    int64_t claims[CLAIMS_AT_ONCE];
    size_t count;
};

static void claim_note(void *arg, int64_t claim)
{
    struct claims *claims = arg;

    for (size_t i = 0; i < claims->count; i++)
        if (claims->claims[i] == claim)
            return;
    if (claims->count < CLAIMS_AT_ONCE)
        claims->claims[claims->count++] = claim;
}

/* A runner that died keeps its seat until somebody has looked at what it had in hand. */
static void seat_note(void *arg, const struct seat_view *view)
{
    if (view->kind == SEAT_RUNNER && !view->lives)
        claim_note(arg, view->token);
}

/* What it had in hand has used up an attempt. */
static enum result attempt_count(struct queue *queue, const struct seat_view *view,
                                 const char *reason, struct job_row *row, struct reason *why)
{
    enum result result;

    memset(row, 0, sizeof(*row));
    if (view->holds == 0)
        return RESULT_OK;
    result = job_row_held(queue->db, view->holds, view->token, row, why);
    if (result == RESULT_MISSING)
        return RESULT_OK;
    if (result != RESULT_OK)
        return result;
    row->attempts++;
    queue_row_fail(queue, row, reason, QUEUE_CODE_FAULT);
    if (row->status == JOB_PENDING)
        return job_row_retry(queue->db, view->token, row, why);
    return job_row_end(queue->db, view->token, row, NULL, 0, why);
}

/* Gives to others what a process had that is dead or taken for that. */
static enum result bury(struct queue *queue, const struct seat_view *view, const char *reason,
                        struct reason *why)
{
    struct job_row row;
    enum result result = db_begin(queue->db, why);

    if (result != RESULT_OK)
        return result;
    result = attempt_count(queue, view, reason, &row, why);
    if (result == RESULT_OK)
        result = job_rows_hand_back(queue->db, view->token, 0, why);
    if (result == RESULT_OK)
        result = db_commit(queue->db, why);
    else
        db_rollback(queue->db);
    if (result != RESULT_OK)
        return result;
    if (row.status == JOB_FAILED)
        queue_body_remove(&row);
    seats_clear(queue->seats, view->token);
    seats_ring(queue->seats);
    return RESULT_OK;
}

static enum result claim_check(struct queue *queue, int64_t claim, struct reason *why)
{
    const int64_t lease_ns = queue->home->config.job_lease * second_ns;
    struct seat_view view = {.token = claim};
    bool found = seats_find(queue->seats, claim, &view);

    if (!found)
        view = (struct seat_view){.token = claim}; /* nothing tells what it had in hand */
    if (!found || !view.lives)
        return bury(queue, &view, "the runner died while it worked at it", why);
    if (watch_still_ns(queue->watch, &view) < lease_ns)
        return RESULT_OK;
    log_message("a runner stood still for %lld s: its jobs are given to others%s",
                (long long)queue->home->config.job_lease,
                seats_kill(queue->seats, claim) ? ", and it is ended" : "");
    return bury(queue, &view, "the runner stood still while it worked at it", why);
}

enum result queue_bury(struct queue *queue, struct reason *why)
{
    struct claims claims = {.count = 0};
    enum result result = job_claims_list(queue->db, claim_note, &claims, why);

    watch_begin(queue->watch, queue_now_ns(queue));
    seats_each(queue->seats, seat_note, &claims);
    for (size_t i = 0; result == RESULT_OK && i < claims.count; i++)
        if (claims.claims[i] != queue->claim)
            result = claim_check(queue, claims.claims[i], why);
    watch_end(queue->watch);
    return result;
}

/* ---- what has expired ---- */

struct expired {
    struct job_row rows[EXPIRED_AT_ONCE];
    size_t count;
};

static void expired_note(void *arg, const struct job_row *row)
{
    struct expired *expired = arg;

    if (expired->count < EXPIRED_AT_ONCE)
        expired->rows[expired->count++] = *row;
}

static enum result expired_delete(struct queue *queue, const struct expired *expired,
                                  struct reason *why)
{
    enum result result = db_begin(queue->db, why);

    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; result == RESULT_OK && i < expired->count; i++) {
        queue_files_remove(&expired->rows[i]);
        result = job_row_delete(queue->db, expired->rows[i].id, why);
    }
    if (result == RESULT_OK)
        result = db_commit(queue->db, why);
    else
        db_rollback(queue->db);
    return result;
}

/* *more: there may be more of it. */
static enum result expire(struct queue *queue, bool *more, struct reason *why)
{
    struct expired *expired = malloc(sizeof(*expired));
    enum result result;

    *more = false;
    if (expired == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for jobs");
    expired->count = 0;
    result = job_rows_expired(queue->db, queue_kept_since_us(queue->home), EXPIRED_AT_ONCE,
                              expired_note, expired, why);
    if (result == RESULT_OK && expired->count > 0)
        result = expired_delete(queue, expired, why);
    *more = result == RESULT_OK && expired->count == EXPIRED_AT_ONCE;
    free(expired);
    return result;
}

/* ---- files without a row ---- */

/* What a file of jobs/ is by its name. */
struct job_file {
    char uuid[JOB_UUID_LEN + 1];
    bool is_body;
    uint64_t attempt; /* of a result */
};

static bool job_file_parse(const char *name, struct job_file *file)
{
    size_t len = strlen(name);
    const char *rest = name + JOB_UUID_LEN, *end;

    if (len <= JOB_UUID_LEN || !queue_uuid_valid(name, JOB_UUID_LEN))
        return false;
    memcpy(file->uuid, name, JOB_UUID_LEN);
    file->uuid[JOB_UUID_LEN] = '\0';
    file->is_body = strcmp(rest, ".in") == 0;
    if (file->is_body)
        return true;
    end = strrchr(rest, '.');
    return rest[0] == '.' && end > rest && strcmp(end, ".out") == 0 &&
           num_parse_u64(rest + 1, (size_t)(end - rest - 1), &file->attempt);
}

/* Whether its row names it.  Where that cannot be found out it is kept. */
static bool is_named(struct queue *queue, const struct job_file *file)
{
    struct job_row row;
    struct reason why;
    enum result result = job_row_get(queue->db, file->uuid, &row, &why);

    if (result != RESULT_OK)
        return result != RESULT_MISSING;
    if (file->is_body)
        return row.body_in_file && row.status < JOB_COMPLETED;
    return row.status == JOB_COMPLETED && row.result_try == (int64_t)file->attempt;
}

/* Looked at again under the lock under which files are named: see queue_file_name(). */
static void unnamed_remove(struct queue *queue, DIR *dir, const char *name,
                           const struct job_file *file)
{
    struct reason why;

    if (is_named(queue, file) || db_begin(queue->db, &why) != RESULT_OK)
        return;
    if (!is_named(queue, file))
        unlinkat(dirfd(dir), name, 0);
    db_rollback(queue->db);
}

/*
 * Temporary names of those who died while they wrote, file_nameless()'s among them: nobody
 * writes for a day.
 */
static void stranger_remove(DIR *dir, const char *name)
{
    int64_t modified_us;
    struct stat st;

    if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return;
    modified_us = (int64_t)st.st_mtim.tv_sec * 1000000;
    if (modified_us < clock_wall_us() - stray_us)
        unlinkat(dirfd(dir), name, 0);
}

/* The next names of jobs/; from its start again when it was gone through a while ago. */
static void sweep(struct queue *queue)
{
    int64_t now = queue_now_ns(queue);
    struct job_file file;
    struct dirent *entry = NULL;
    struct reason why;

    if (queue->sweeping == NULL && now < queue->sweep_due_ns)
        return;
    if (queue->sweeping == NULL)
        queue->sweeping = opendir(HOME_JOBS);
    queue->sweep_due_ns = now + sweep_ns;
    for (int i = 0; queue->sweeping != NULL && i < SWEPT_AT_ONCE; i++) {
        entry = readdir(queue->sweeping);
        if (entry == NULL) {
            queue_tend_close(queue);
        } else if (job_file_parse(entry->d_name, &file)) {
            unnamed_remove(queue, queue->sweeping, entry->d_name, &file);
        } else if (replay_file_is(entry->d_name)) {
            replay_file_sweep(queue->home, entry->d_name, &why);
        } else {
            stranger_remove(queue->sweeping, entry->d_name);
        }
    }
}

void queue_tend_close(struct queue *queue)
{
    if (queue->sweeping != NULL)
        closedir(queue->sweeping);
    queue->sweeping = NULL;
}

void queue_tend(struct queue *queue)
{
    int64_t now = queue_now_ns(queue);
    enum result result;
    struct reason why;
    bool more = false;

    if (now < queue->tend_due_ns)
        return;
    result = queue_bury(queue, &why);
    if (result == RESULT_OK)
        result = expire(queue, &more, &why);
    if (result == RESULT_OK)
        result = replay_expire(queue->home, EXPIRED_AT_ONCE, &why);
    if (result == RESULT_OK)
        sweep(queue);
    else if (result != RESULT_BUSY)
        queue_complain(queue, &why);
    queue->tend_due_ns = now + (more ? again_ns : second_ns);
}
