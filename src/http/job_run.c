/*
 * job_run.c: one job, from its body to its result, as far as it is JSON; job_file.c has those
 * that are files of rows.
 *
 * The rooms of a request do the work (input, predict), with what a worker would have of it:
 * so a job is answered as its request would have been, by the version that its request would
 * have been answered by.
 */
#include "http/job_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "gate/keep.h"
#include "http/body.h"
#include "http/handlers.h"
#include "http/job_inner.h"
#include "http/predict.h"
#include "http/route.h"

enum {
    BODY_KEPT = 64 << 10
};

static const uint64_t keep_ns = 1000000000; /* between two looks at what is kept */

/* What the rooms look at of the route that would have been asked. */
static const struct route predict_route = {.body = ROUTE_BODY_PREDICT,
                                           .defers = ROUTE_DEFERS_ALWAYS};

enum result job_room_open(const struct home *entered, const volatile sig_atomic_t *stop,
                          struct job_room **out, struct reason *why)
{
    struct job_room *room = calloc(1, sizeof(*room));
    struct service *service;
    enum result result;

    *out = NULL;
    if (room == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for jobs");
    service = &room->service;
    service->home = *entered;
    room->stop = stop;
    result = home_open(&service->home, DB_WORKER, why);
    if (result == RESULT_OK)
        result = registry_new(&service->home, &service->registry, why);
    if (result == RESULT_OK)
        result = shadow_new(&service->home, &service->shadow, why);
    if (result == RESULT_OK)
        result = keeper_new(&service->home, &service->keeper, why);
    if (result == RESULT_OK)
        result = input_new(&service->input, why);
    if (result == RESULT_OK)
        result = queue_open(&service->home, &room->queue, why);
    if (result == RESULT_OK)
        *out = room;
    else
        job_room_close(room);
    return result;
}

void job_room_close(struct job_room *room)
{
    if (room == NULL)
        return;
    queue_close(room->queue);
    input_free(room->service.input);
    keeper_free(room->service.keeper);
    shadow_free(room->service.shadow);
    registry_free(room->service.registry);
    home_close(&room->service.home);
    buf_free(&room->service.body);
    spool_free(&room->service.large);
    reply_free(&room->service.reply);
    free(room);
}

struct queue *job_room_queue(struct job_room *room)
{
    return room->queue;
}

struct home *job_room_home(struct job_room *room)
{
    return &room->service.home;
}

void job_room_ring(const struct job_room *room)
{
    if (room->service.home.seats != NULL)
        seats_ring(room->service.home.seats);
}

void job_room_tend(struct job_room *room)
{
    shadow_tend(room->service.shadow);
    keeper_tend(room->service.keeper);
    queue_tend(room->queue);
    if (clock_mono_ns() >= room->keep_due) {
        keep_tend(&room->service.home);
        room->keep_due = clock_mono_ns() + keep_ns;
    }
}

/* A job that comes ends it. */
void job_room_idle(struct job_room *room)
{
    struct home *home = &room->service.home;
    uint32_t bell = seats_bell(home->seats);

    keeper_flush(room->service.keeper);
    while (*room->stop == 0 && seats_bell(home->seats) == bell && keep_tend(home) == RESULT_OK)
        seats_beat(home->seats); /* there may be a gigabyte of it */
}

/* ---- what became of it ---- */

bool job_keep_begin(struct job_room *room, const struct job_row *row, const struct model *model)
{
    const struct keeper_of of = {row->account, row->request_id, row->uuid, row->created_us};

    return keeper_begin(room->service.keeper, model, &of);
}

void job_refuse(struct job_room *room, struct queue_job *job, int64_t code, const char *reason)
{
    struct job_row *row = &job->row;

    row->status = JOB_FAILED;
    row->code = code;
    row->label[0] = '\0';
    row->has_score = false;
    text_print(row->reason, sizeof(row->reason), "%s", reason);
    queue_end(room->queue, job, NULL, 0, -1);
}

void job_complete(struct job_row *row, const struct model *model, int64_t rows)
{
    row->status = JOB_COMPLETED;
    row->code = reply_code(REPLY_OK);
    row->version = model->row.version;
    row->rows = row->rows_done = rows;
    row->reason[0] = '\0';
}

/* A refusal: of what may pass the job waits for another attempt, of anything else it fails. */
static void refuse(struct job_room *room, struct queue_job *job, const struct reply *reply)
{
    if (reply->status == REPLY_UNAVAILABLE || reply->status == REPLY_INTERNAL)
        queue_fail(room->queue, job, reply->detail);
    else
        job_refuse(room, job, reply_code(reply->status), reply->detail);
}

/*
 * The label of a single row and its score: the label's probability, where the model has such,
 * else what it answers with; of a regression the value.
 */
void job_note_single(struct job_row *row, const struct predictor *predictor,
                     const double *margins, const double *answers)
{
    const struct output *output = &predictor->output;
    uint32_t class = 0;

    if (output->n_targets > 1)
        return;
    if (output->classes[0] > 0) {
        class = predictor_class(predictor, margins, answers, 0);
        text_print(row->label, sizeof(row->label), "%s",
                   predictor_label(predictor, margins, answers, 0));
    }
    row->has_score = output->classes[0] == 0 || output_has_probabilities(output);
    if (output->spec->task == SPEC_ANOMALY) {
        row->has_score = true;
        class = 0;
    }
    row->score = row->has_score ? answers[class] : 0;
}

/* ---- the body ---- */

/* The body of a job whose body is in a file; false if it could not be read now. */
static bool body_load(struct queue_job *job)
{
    size_t left = (size_t)job->row.body_bytes;
    ssize_t got = 1;
    char *room;

    if (job->fd < 0)
        return true;
    room = buf_reserve(&job->body, left);
    for (off_t at = 0; room != NULL && left > 0 && got > 0; left -= (size_t)got, at += got) {
        got = pread(job->fd, room, left, at);
        if (got > 0) {
            buf_advance(&job->body, (size_t)got);
            room += got;
        }
    }
    return room != NULL && left == 0;
}

/* ---- JSON ---- */

/* A request such as the one that asked for it. */
static void request_make(struct request *request, const struct queue_job *job)
{
    const struct job_row *row = &job->row;

    memset(request, 0, sizeof(*request));
    request->method = REQUEST_POST;
    request->route = &predict_route;
    request->name = row->model;
    request->name_len = strlen(row->model);
    text_copy(request->id, sizeof(request->id), row->request_id);
    text_copy(request->caller.account, sizeof(request->caller.account), row->account);
    request->caller.models = row->model; /* it was looked at when the job was taken */
    request->wall_us = row->created_us;
    request->body = &job->body;
    request->image_fd = request->slot = -1;
}

/* The body where input_read() looks for one of its size; false if it could not be read now. */
static bool body_take(struct service *service, struct request *request, struct queue_job *job)
{
    int fd;

    if (job->fd < 0 || job->row.body_bytes < BODY_LARGE)
        return body_load(job);
    fd = dup(job->fd);
    if (fd < 0)
        return false;
    spool_adopt(&service->large, fd);
    request->large = &service->large;
    return true;
}

/* What is noted of the numbers of an answer. */
struct noted {
    struct job_room *room;
    struct queue_job *job;
    const struct input_rows *rows;
    bool handed_back; /* it is another's, or this process is to stop */
};

static void look(void *arg, const struct answer *answer)
{
    const struct noted *noted = arg;
    const struct input_rows *rows = noted->rows;

    if (rows->count == 1)
        job_note_single(&noted->job->row, answer->predictor, answer->margins, answer->answers);
    shadow_note(noted->room->service.shadow, rows->model, rows->values, rows->count,
                answer->predictor, answer->margins, answer->answers);
    if (job_keep_begin(noted->room, &noted->job->row, rows->model))
        keeper_rows(noted->room->service.keeper, answer->predictor, rows->values, rows->count,
                    answer->margins, answer->answers);
}

/* Between the blocks of a large one, as between those of a file. */
static bool go_on(void *arg, uint64_t rows_done)
{
    struct noted *noted = arg;
    struct job_room *room = noted->room;
    struct reason why;
    enum result result = queue_progress(room->queue, noted->job, (int64_t)noted->rows->count,
                                        (int64_t)rows_done, &why);

    noted->handed_back = result != RESULT_OK || *room->stop != 0;
    return !noted->handed_back;
}

/* The rows as the route predicts them: those of a large body in blocks, into the spool. */
static void predict(struct noted *noted, struct request *request, struct input_rows *rows)
{
    struct service *service = &noted->room->service;
    const struct large_job large = {noted->job->row.uuid, go_on, noted};
    struct reply *reply = &service->reply;

    if (!input_read(service, request, reply, rows))
        return;
    if (rows->in_blocks)
        handle_predict_large(service, request, reply, rows, &large);
    else
        predict_answer(rows, look, noted, reply);
    reply_settle(reply);
}

/* Ends a job that went well, whose result is in the reply's body or in its spool. */
static void complete(struct job_room *room, struct queue_job *job,
                     const struct input_rows *rows)
{
    struct reply *reply = &room->service.reply;
    const struct buf *text = reply->spooled ? &reply->spool.memory : &reply->body;
    struct reason why;
    int fd = -1;

    if (reply->spooled && (spool_file(&reply->spool, &fd, &why) != RESULT_OK ||
                           (fd >= 0 && (fd = dup(fd)) < 0))) {
        queue_fail(room->queue, job, "its result could not be written");
        return;
    }
    job_complete(&job->row, rows->model, (int64_t)rows->count);
    queue_end(room->queue, job, text->data, text->len, fd);
}

static void json_run(struct job_room *room, struct queue_job *job)
{
    struct service *service = &room->service;
    struct reply *reply = &service->reply;
    struct input_rows rows = {.count = 0};
    struct noted noted = {.room = room, .job = job, .rows = &rows};
    struct request request;
    bool good;

    request_make(&request, job);
    if (!body_take(service, &request, job)) {
        queue_fail(room->queue, job, "its body could not be read");
        return;
    }
    reply_start(reply);
    predict(&noted, &request, &rows);
    good = reply_is_good(reply->status) && !noted.handed_back;
    if (noted.handed_back)
        queue_return(room->queue, job);
    else if (good)
        complete(room, job, &rows);
    else
        refuse(room, job, reply);
    spool_start(&service->large);
    shadow_compare(service->shadow, good);
    keeper_end(service->keeper, good);
    input_release(service->input);
    reply_start(reply);
}

void job_run(struct job_room *room, struct queue_job *job)
{
    struct registry *registry = room->service.registry;
    const char *name = job->row.model;
    char reason[MODEL_NAME_MAX + 64];
    struct reason why;

    if (registry_refresh(registry, &why) != RESULT_OK) {
        queue_fail(room->queue, job, "the models could not be looked up");
    } else if (registry_find(registry, name, strlen(name)) == NULL) {
        text_print(reason, sizeof(reason), "the model %s is there no more", name);
        job_refuse(room, job, reply_code(REPLY_NOT_FOUND), reason);
    } else if (job->row.kind == JOB_JSON) {
        json_run(room, job);
    } else {
        job_file_run(room, job);
    }
}
