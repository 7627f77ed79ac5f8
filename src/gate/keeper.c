/*
 * keeper.c: what a process that answers keeps of its answers.
 *
 * The request at hand stands behind those that are to be written, and is cut off again if it
 * was not answered well.
 */
#include "gate/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/keep_inner.h"
#include "gate/keep_lot.h"

enum {
    LOSSES = 8, /* models whose rows that were not kept are counted at a time */
    BUF_KEPT = KEEP_LOT_BYTES * 2,
    DISK_LEFT_BYTES = 64 << 20,
};

static const uint64_t write_ns = 100000000;  /* between two writes of less than a lot */
static const uint64_t look_ns = 1000000000;  /* between two looks how much is kept */
static const uint64_t retry_ns = 1000000000; /* after a write that failed */

struct loss {
    char model[MODEL_NAME_MAX + 1];
    int64_t rows;
};

struct keeper {
    struct home *home;
    struct keep_box *box;
    struct buf gathered; /* entries */
    size_t ready;        /* so many bytes of them are of requests that have ended well */
    uint64_t written;    /* when some were written last */

    bool keeps; /* of the request at hand: */
    struct kept_row row;
    int64_t row_count; /* that it has, kept or not */

    int fd; /* the file, of this name; -1: none yet */
    uint8_t salt[KEEP_SALT_BYTES];
    uint32_t number; /* of the next lot, */
    off_t size;      /* which begins there */
    struct buf lot;

    uint64_t looked, due; /* not before that is it written */
    int64_t brought;      /* bytes in the database, when it was looked at */
    bool full, refused;   /* over keep_limit; a failure was logged */
    bool wrote;           /* something that may not be brought in yet */
    struct loss losses[LOSSES];
    size_t loss_count;
};

enum result keeper_new(struct home *home, struct keeper **out, struct reason *why)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for what is kept");
    (*out)->home = home;
    (*out)->fd = -1;
    return keep_box_new(home, &(*out)->box, why);
}

/* Counts rows that are not kept; of more models than there is room for they are all one's. */
static void lose(struct keeper *keeper, const char *model, int64_t rows)
{
    size_t i = 0;

    while (i < keeper->loss_count && strcmp(keeper->losses[i].model, model) != 0)
        i++;
    if (i == LOSSES)
        i--;
    if (i == keeper->loss_count) {
        text_copy(keeper->losses[i].model, sizeof(keeper->losses[i].model), model);
        keeper->losses[i].rows = 0;
        keeper->loss_count++;
    }
    keeper->losses[i].rows += rows;
}

bool keeper_begin(struct keeper *keeper, const struct model *model, const struct keeper_of *of)
{
    struct kept_row *row = &keeper->row;

    keeper->keeps = false;
    if (model->row.keep_share == 0 || !registry_keeps(model, of->request_id) ||
        image_text(model->image) != NULL)
        return false;
    memset(row, 0, sizeof(*row));
    row->at_us = of->at_us;
    row->version = model->row.version;
    text_copy(row->model, sizeof(row->model), model->row.name);
    text_copy(row->account, sizeof(row->account), of->account);
    text_copy(row->request_id, sizeof(row->request_id), of->request_id);
    text_copy(row->job_uuid, sizeof(row->job_uuid), of->job_uuid);
    keeper->row_count = 0;
    keeper->keeps = true;
    return true;
}

/* How many of n rows of so many bytes are kept of the request at hand. */
static size_t rows_kept(const struct keeper *keeper, size_t n, size_t bytes)
{
    size_t used = keeper->gathered.len - keeper->ready;
    size_t left = used < KEEP_REQUEST_BYTES ? (KEEP_REQUEST_BYTES - used) / bytes : 0;

    /* Once some were passed over, so are all behind them: the first rows are kept. */
    if (bytes > KEEP_ENTRY_MAX / 2 || keeper->row.first + keeper->row.rows < keeper->row_count)
        return 0;
    return n < left ? n : left;
}

void keeper_rows(struct keeper *keeper, const struct predictor *predictor,
                 const double *features, size_t n, const double *margins, const double *answers)
{
    struct kept_row *row = &keeper->row;
    size_t bytes, kept, step;

    if (!keeper->keeps)
        return;
    row->n_features = image_n_features(predictor->image);
    row->n_margins = predictor_margins(predictor);
    row->n_answers = predictor_width(predictor);
    row->n_targets = image_n_targets(predictor->image);
    bytes = ((size_t)row->n_features + row->n_margins + row->n_answers) * sizeof(double);
    kept = rows_kept(keeper, n, bytes);
    keeper->row_count += (int64_t)n;
    for (; kept > 0; kept -= step) {
        step = KEEP_LOT_BYTES / bytes > 0 ? KEEP_LOT_BYTES / bytes : 1;
        step = step < kept ? step : kept;
        row->first += row->rows;
        row->rows = (int64_t)step;
        keep_entry_put(&keeper->gathered, &(struct keep_entry){.row = *row}, features, margins,
                       answers);
        features += step * row->n_features;
        margins += step * row->n_margins;
        answers += step * row->n_answers;
    }
}

/* Whether there is so little room that the calls' own log may be in need of it. */
static bool disk_is_nearly_full(void)
{
    struct statvfs disk;

    return statvfs(".", &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < (uint64_t)DISK_LEFT_BYTES;
}

/* Whether as much is kept as may be; what cannot be found out is as it was. */
static bool is_full(struct keeper *keeper, uint64_t now)
{
    struct kept_total total;
    struct db *work;

    if (keeper->looked != 0 && now - keeper->looked < look_ns)
        return keeper->full;
    keeper->looked = now;
    if (home_work(keeper->home, &work, NULL) == RESULT_OK &&
        kept_total_get(work, NULL, &total, NULL) == RESULT_OK)
        keeper->brought = total.bytes;
    keeper->full = keep_files_bytes() + keeper->brought >= keeper->home->config.keep_limit ||
                   disk_is_nearly_full();
    return keeper->full;
}

static void file_close(struct keeper *keeper)
{
    if (keeper->fd >= 0)
        close(keeper->fd);
    keeper->fd = -1;
}

/*
 * Whoever brings in takes a file without a lock for that of a dead process, and may remove it
 * before it is locked here: then it is begun anew.
 */
static enum result file_begin(struct keeper *keeper, struct reason *why)
{
    char path[KEEP_PATH_MAX];
    struct stat st;

    if (mkdir(KEEP_DIRECTORY, 0700) != 0 && errno != EEXIST)
        return reason_errno(why, "%s", KEEP_DIRECTORY);
    do {
        file_close(keeper);
        secret_random(keeper->salt, sizeof(keeper->salt));
        keep_lot_path(keeper->salt, path);
        keeper->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (keeper->fd < 0)
            return reason_errno(why, "%s", path);
        if (flock(keeper->fd, LOCK_EX) != 0 || fstat(keeper->fd, &st) != 0) {
            reason_errno(why, "%s", path);
            file_close(keeper);
            return RESULT_IO;
        }
    } while (st.st_nlink == 0);
    keeper->number = 0;
    keeper->size = 0;
    return RESULT_OK;
}

/* Writes one lot in one piece, or nothing of it as far as anybody sees who reads. */
static enum result lot_write(struct keeper *keeper, const void *entries, size_t len,
                             struct reason *why)
{
    enum result result = RESULT_OK;
    ssize_t put;

    if (keeper->fd < 0 || keeper->size >= KEEP_FILE_BYTES)
        result = file_begin(keeper, why);
    if (result != RESULT_OK)
        return result;
    buf_clear(&keeper->lot, BUF_KEPT);
    if (!keep_lot_put(&keeper->lot, keeper->box, keeper->salt, keeper->number, entries, len))
        result = reason_set(why, RESULT_NOMEM, "what is kept could not be sealed");
    keeper->number++; /* in any case: a number is used once */
    if (result != RESULT_OK)
        return result;
    put = write(keeper->fd, keeper->lot.data, keeper->lot.len);
    if (put == (ssize_t)keeper->lot.len) {
        keeper->size += put;
        keeper->wrote = true;
        return RESULT_OK;
    }
    result = put < 0 ? reason_errno(why, "writing what is kept")
                     : reason_set(why, RESULT_FULL, "the disk is full");
    if (ftruncate(keeper->fd, keeper->size) != 0)
        file_close(keeper); /* what was cut off is its end */
    return result;
}

/* Counts the rows of the entries that end there as lost. */
static void entries_lose(struct keeper *keeper, size_t from, size_t end)
{
    const uint8_t *at = (const uint8_t *)keeper->gathered.data + from;
    struct keep_entry entry;
    size_t left = end - from;

    while (keep_entry_next(&at, &left, &entry) == RESULT_OK)
        lose(keeper, entry.row.model, entry.row.rows);
}

/* What was lost is an entry like others; what it takes is not much. */
static void losses_put(struct keeper *keeper, struct buf *out)
{
    for (size_t i = 0; i < keeper->loss_count; i++) {
        struct keep_entry entry = {.lost = true, .row.rows = keeper->losses[i].rows};

        text_copy(entry.row.model, sizeof(entry.row.model), keeper->losses[i].model);
        keep_entry_put(out, &entry, NULL, NULL, NULL);
    }
}

static void losses_write(struct keeper *keeper, struct reason *why)
{
    struct buf out = {0};

    losses_put(keeper, &out);
    if (!buf_failed(&out) && out.len > 0 &&
        lot_write(keeper, out.data, out.len, why) == RESULT_OK)
        keeper->loss_count = 0;
    buf_free(&out);
}

/* The entries that make up the next lot: as many as come to KEEP_LOT_BYTES, or one more. */
static size_t lot_end(const struct keeper *keeper, size_t from)
{
    size_t end = from;

    while (end < keeper->ready && end - from < KEEP_LOT_BYTES)
        end += keep_entry_len(&keeper->gathered, end);
    return end;
}

static void note_failure(struct keeper *keeper, enum result result, const struct reason *why,
                         uint64_t now)
{
    if (result != RESULT_OK && !keeper->refused)
        log_message("predictions are not kept: %s", why->text);
    keeper->refused = result != RESULT_OK;
    keeper->due = result != RESULT_OK ? now + retry_ns : 0;
}

/* Writes what is ready, or loses it. */
static void settle(struct keeper *keeper, uint64_t now)
{
    enum result result = RESULT_OK;
    struct reason why;
    size_t from = 0, end;

    for (; from < keeper->ready; from = end) {
        end = lot_end(keeper, from);
        if (now < keeper->due || is_full(keeper, now)) {
            entries_lose(keeper, from, end);
            continue;
        }
        result = lot_write(keeper, keeper->gathered.data + from, end - from, &why);
        if (result != RESULT_OK)
            entries_lose(keeper, from, end);
        note_failure(keeper, result, &why, now);
    }
    if (keeper->loss_count > 0 && now >= keeper->due)
        losses_write(keeper, &why);
    keeper->ready = 0;
    keeper->written = now;
    buf_clear(&keeper->gathered, BUF_KEPT);
    if (keeper->size >= KEEP_FILE_BYTES)
        file_close(keeper);
}

void keeper_end(struct keeper *keeper, bool given)
{
    if (!keeper->keeps)
        return;
    keeper->keeps = false;
    if (given && buf_failed(&keeper->gathered))
        lose(keeper, keeper->row.model, keeper->row_count);
    if (!given || buf_failed(&keeper->gathered)) {
        keeper->gathered.len = keeper->ready;
        keeper->gathered.failed = false;
        return;
    }
    keep_entries_set_rows(&keeper->gathered, keeper->ready, keeper->row_count);
    keeper->ready = keeper->gathered.len;
    if (keeper->ready >= KEEP_LOT_BYTES)
        settle(keeper, clock_mono_ns());
}

void keeper_tend(struct keeper *keeper)
{
    uint64_t now;

    if (keeper->ready == 0)
        return;
    now = clock_mono_ns();
    if (now - keeper->written >= write_ns)
        settle(keeper, now);
}

void keeper_flush(struct keeper *keeper)
{
    if (keeper->ready > 0 || keeper->loss_count > 0)
        settle(keeper, clock_mono_ns());
}

void keeper_idle(struct keeper *keeper)
{
    keeper_flush(keeper);
    if (keeper->wrote)
        keeper->wrote = keep_tend(keeper->home) != RESULT_MISSING;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    keeper->due = 0;
    keeper_flush(keeper);
    file_close(keeper);
    keep_box_free(keeper->box);
    buf_free(&keeper->gathered);
    buf_free(&keeper->lot);
    free(keeper);
}
