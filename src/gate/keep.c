/*
 * keep.c: what is kept, as a whole: its sums, its end.
 */
#include "gate/keep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/audit_change.h"
#include "gate/keep_inner.h"

enum {
    TEND_BYTES = 256 << 10, /* brought in, */
    TEND_PARTS = 256,       /* and deleted, at a time */
    GONE_PARTS = 1000,      /* the same where somebody waits until all are */
};

static const int64_t day_us = INT64_C(86400000000);
static const int64_t minute_us = 60000000;

int64_t keep_files_bytes(void)
{
    DIR *directory = opendir(HOME_KEPT);
    const struct dirent *entry;
    int64_t bytes = 0;
    struct stat st;

    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
            bytes += st.st_size;
    if (directory != NULL)
        closedir(directory);
    return bytes;
}

enum result keep_totals(struct home *home, const char *model, struct keep_totals *out,
                        struct reason *why)
{
    struct kept_total total = {0};
    struct db *work;
    enum result result = home_work(home, &work, why);

    if (result == RESULT_OK)
        result = kept_total_get(work, model, &total, why);
    *out = (struct keep_totals){
        .requests = total.requests,
        .rows = total.rows,
        .bytes = total.bytes,
        .true_requests = total.known_requests,
        .lost = total.lost,
        .damaged = total.damaged,
        .waiting = keep_files_bytes(),
    };
    return result;
}

/* The days of a model; 0 if there is none of this name. */
struct days {
    const char *model;
    int64_t days;
};

static void days_take(void *arg, const struct model_row *row)
{
    struct days *days = arg;

    if (strcmp(days->model, row->name) == 0)
        days->days = row->keep_days;
}

/* Deletes what is too old of one model. */
static enum result model_expire(struct home *home, struct db *work, const char *model,
                                int64_t most, int64_t *deleted, struct reason *why)
{
    struct days days = {model, 0};
    enum result result = model_row_list(home->db, days_take, &days, why);
    int64_t before = days.days > 0 ? clock_wall_us() - days.days * day_us : INT64_MAX;

    if (result == RESULT_OK)
        result = kept_rows_expire(work, model, before, most, deleted, why);
    return result;
}

enum result keep_expire(struct home *home, int64_t most, int64_t *deleted, struct reason *why)
{
    char model[MODEL_NAME_MAX + 1] = "", next[MODEL_NAME_MAX + 1];
    int64_t one = 0;
    struct db *work;
    enum result result = home_work(home, &work, why);

    *deleted = 0;
    while (result == RESULT_OK && *deleted < most &&
           (result = kept_model_next(work, model, next, why)) == RESULT_OK && next[0] != '\0') {
        text_copy(model, sizeof(model), next);
        result = model_expire(home, work, model, most - *deleted, &one, why);
        *deleted += result == RESULT_OK ? one : 0;
    }
    return result;
}

enum result keep_tend(struct home *home)
{
    int64_t left = TEND_BYTES, deleted = 0;
    struct reason why;
    enum result result = keep_bring_waiting(home, &left, 0, &why);

    if (result == RESULT_OK)
        result = keep_expire(home, TEND_PARTS, &deleted, &why);
    if (result != RESULT_OK && result != RESULT_BUSY)
        log_message("what is kept cannot be brought in: %s", why.text);
    if (result == RESULT_OK && left > 0 && deleted < TEND_PARTS)
        result = RESULT_MISSING;
    return result;
}

/*
 * In steps, so that nobody waits long for the lock: that the account is gone is said first, and
 * nothing comes in behind.
 */
enum result keep_forget(struct home *home, const char *account, struct reason *why)
{
    struct db *work;
    int64_t deleted = 1;
    enum result result = home_work(home, &work, why);

    if (result == RESULT_OK)
        result = kept_gone_set(work, account, clock_wall_us() + minute_us, why);
    while (result == RESULT_OK && deleted > 0)
        result = kept_rows_forget(work, account, GONE_PARTS, &deleted, why);
    return result;
}

/* Whoever deletes rows is in the trail. */
static enum result delete_audit(struct home *home, const char *model, int64_t version,
                                struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_GONE);
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    audit_about_number(&change, "version", version);
    result = audit_change_add(home, &change, "model.forget", "model", model, why);
    return home_change_end(home, result, why);
}

enum result keep_delete(struct home *home, const char *model, int64_t version,
                        struct reason *why)
{
    struct db *work = NULL;
    int64_t deleted = 1;
    enum result result = keep_bring(home, 0, why);

    if (result == RESULT_OK)
        result = home_work(home, &work, why);
    if (result == RESULT_OK)
        result = delete_audit(home, model, version, why);
    while (result == RESULT_OK && version == 0 && deleted > 0)
        result = kept_rows_expire(work, model, INT64_MAX, GONE_PARTS, &deleted, why);
    if (result == RESULT_OK)
        result = kept_rows_delete(work, model, version, why);
    return result;
}
