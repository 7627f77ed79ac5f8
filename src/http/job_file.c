/*
 * job_file.c: one job whose body is CSV or an array: a file of rows in, a file of predictions
 * out, block by block.
 *
 * Between blocks it is told how far the job is, and found out whether it was cancelled or this
 * process is to stop; then it is handed back, and begins anew elsewhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "forest/bulk.h"
#include "http/job_inner.h"

/* One such job on its way. */
struct work {
    struct job_room *room;
    struct queue_job *job;
    const struct model *model;
    struct predictor predictor;
    struct buf head; /* the result, or what its file does not have yet */
    int fd;          /* of a result that is too large for a row, else -1 */
    int64_t put;     /* bytes of it */
    int64_t looked;  /* up to which there was room when the disk was looked at */
    bool handed_back;
};

/* ---- the result ---- */

static const char what[] = "the result";

/* What came together so far goes into a file. */
static enum result head_spill(struct work *work, struct reason *why)
{
    enum result result = queue_file_make(&work->fd, why);

    if (result == RESULT_OK)
        result = file_put_at(work->fd, work->head.data, work->head.len, 0, what, why);
    return result;
}

static enum result put(void *arg, const void *bytes, size_t len, struct reason *why)
{
    enum {
        LOOK_EVERY = 16 << 20
    };
    struct work *work = arg;
    int64_t at = work->put, limit = work->room->service.home.config.job_bytes_limit;
    enum result result = RESULT_OK;

    work->put += (int64_t)len;
    if (work->put > limit)
        return reason_set(why, RESULT_INVALID,
                          "the result would have more than %" PRId64 " bytes", limit);
    if (work->fd < 0 && work->put <= JOB_INLINE_MAX) {
        buf_put(&work->head, bytes, len);
        return buf_failed(&work->head) ? reason_set(why, RESULT_NOMEM, "no memory") : RESULT_OK;
    }
    if (work->put > work->looked) {
        work->looked = work->put + LOOK_EVERY;
        result = queue_room(LOOK_EVERY, why);
        if (result == RESULT_OK)
            result = queue_result_fits(work->room->queue, &work->job->row, work->put, why);
    }
    if (result == RESULT_OK && work->fd < 0)
        result = head_spill(work, why);
    if (result == RESULT_OK)
        result = file_put_at(work->fd, bytes, len, at, what, why);
    return result;
}

static enum result put_head(void *arg, const void *bytes, size_t len, struct reason *why)
{
    struct work *work = arg;

    if (work->fd >= 0)
        return file_put_at(work->fd, bytes, len, 0, what, why);
    if (len > work->head.len)
        return reason_set(why, RESULT_FAILED, "the head of a result is not there yet");
    memcpy(work->head.data, bytes, len);
    return RESULT_OK;
}

/* ---- between blocks ---- */

static enum result go_on(void *arg, const struct bulk_state *state, struct reason *why)
{
    struct work *work = arg;
    /* CSV does not say how many rows it has; they were counted when the job was taken. */
    int64_t rows = state->total != 0 ? (int64_t)state->total : work->job->row.rows;
    enum result result =
        queue_progress(work->room->queue, work->job, rows, (int64_t)state->written, why);

    if (result == RESULT_OK && *work->room->stop != 0)
        result = reason_set(why, RESULT_BUSY, "it was stopped");
    work->handed_back = result != RESULT_OK;
    return result;
}

/* Of a file of a single row its label and score; of more there are none. */
static enum result look(void *arg, const struct bulk_block *block, struct reason *why)
{
    struct work *work = arg;
    struct job_row *row = &work->job->row;

    (void)why;
    keeper_rows(work->room->service.keeper, &work->predictor, block->values, block->rows,
                block->margins, block->answers);
    if (block->rows == 1 && row->rows_done == 0 && row->label[0] == '\0' && !row->has_score) {
        job_note_single(row, &work->predictor, block->margins, block->answers);
    } else {
        row->label[0] = '\0';
        row->has_score = false;
    }
    return RESULT_OK;
}

/* ---- all of it ---- */

/* What would be refused, and what is tried again, as POST /predict does. */
static void refuse(struct work *work, enum result result, const struct reason *why)
{
    enum reply_status status = REPLY_UNPROCESSABLE;

    switch (result) {
    case RESULT_MALFORMED:
    case RESULT_TOO_BIG:
        status = REPLY_MALFORMED;
        break;
    case RESULT_INVALID:
        break;
    case RESULT_DENIED:
        status = REPLY_LIMITED;
        break;
    default:
        queue_fail(work->room->queue, work->job, why->text);
        return;
    }
    job_refuse(work->room, work->job, reply_code(status), why->text);
}

/* Ends the job as the work on it did. */
static void end(struct work *work, enum result result, uint64_t rows, const struct reason *why)
{
    struct job_row *row = &work->job->row;
    int fd = work->fd;

    if (work->handed_back) {
        queue_return(work->room->queue, work->job);
    } else if (result != RESULT_OK) {
        refuse(work, result, why);
    } else {
        if (rows != 1) {
            row->label[0] = '\0';
            row->has_score = false;
        }
        job_complete(row, work->model, (int64_t)rows);
        work->fd = -1;
        queue_end(work->room->queue, work->job, work->head.data, fd < 0 ? work->head.len : 0,
                  fd);
    }
}

/* What is written of each row. */
static enum result kind_find(const struct work *work, enum columns_kind *kind,
                             struct reason *why)
{
    struct columns columns = {COLUMNS_LABEL, &work->predictor};
    const char *output = work->job->row.output;
    enum result result = RESULT_OK;

    if (output[0] != '\0')
        result = columns_kind_read(output, &columns.kind, why);
    if (result == RESULT_OK)
        result = columns_check(&columns, why);
    *kind = columns.kind;
    return result;
}

static enum result run(struct work *work, uint64_t *rows, struct reason *why)
{
    const struct queue_job *job = work->job;
    struct bulk_plan plan = {
        .name = "body",
        .predictor = &work->predictor,
        .npy = job->row.result_kind == JOB_NPY,
        .threads = 1,
        .arg = work,
        .go_on = go_on,
        .look = look,
        .put = put,
        .put_head = put_head,
    };
    enum result result = kind_find(work, &plan.kind, why);
    int fd;

    if (result != RESULT_OK)
        return result;
    if (job->fd < 0 && job->body.len == 0)
        return reason_set(why, RESULT_INVALID, "the body is empty");
    if (job->fd < 0) {
        plan.in = fmemopen(job->body.data, job->body.len, "r");
    } else if ((fd = dup(job->fd)) >= 0) {
        plan.in = fdopen(fd, "r");
        if (plan.in == NULL)
            close(fd);
    }
    if (plan.in == NULL)
        return reason_errno(why, "its body");
    job_keep_begin(work->room, &job->row, work->model);
    result = bulk_run(&plan, rows, why);
    keeper_end(work->room->service.keeper, result == RESULT_OK);
    fclose(plan.in);
    return result;
}

void job_file_run(struct job_room *room, struct queue_job *job)
{
    struct work work = {.room = room, .job = job, .fd = -1};
    struct registry *registry = room->service.registry;
    const struct job_row *row = &job->row;
    enum result result;
    struct reason why;
    uint64_t rows = 0;

    work.model = registry_choose(registry_find(registry, row->model, strlen(row->model)),
                                 row->account, row->request_id);
    if (work.model->image == NULL) {
        queue_fail(room->queue, job, "the model cannot be served now");
        return;
    }
    result = predictor_open(&work.predictor, work.model->image);
    if (result == RESULT_OK)
        result = run(&work, &rows, &why);
    else
        reason_set(&why, result, "no memory");
    end(&work, result, rows, &why);
    predictor_close(&work.predictor);
    buf_free(&work.head);
    if (work.fd >= 0)
        close(work.fd);
}
