/*
 * handle_job_create.c: a prediction that is taken now and made later: POST /jobs, and the
 * routes of predictions where the client would rather have it so (Prefer: respond-async).
 *
 * What is taken was checked as a prediction's body is, so that nothing waits in the queue which
 * could not be answered now; and it was charged, so a job that is worked off costs nothing
 * more.  The answer says that the job is in the database.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/text.h"
#include "gate/hook.h"
#include "gate/queue.h"
#include "http/admin.h"
#include "http/body.h"
#include "http/body_file.h"
#include "http/bulk_ask.h"
#include "http/handlers.h"
#include "http/idempotency.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/route.h"
#include "http/show_job.h"

enum {
    CHARGE_STEP = 4096, /* rows */
    FULL_RETRY_S = 10,  /* when some of an account's jobs may have ended */
};

_Static_assert((int)TRACE_CARRIED_MAX <= (int)JOB_TRACE_MAX, "a job has room for its trace");

/* Who asks for it, and about what, as the call log will have it; the row is zeroed else. */
static void row_fill(const struct request *request, const struct model *model,
                     struct job_row *row)
{
    struct call_row call;

    metered_call(request, &call);
    text_copy(row->account, sizeof(row->account), request->caller.account);
    text_copy(row->key, sizeof(row->key), call.key);
    text_copy(row->user, sizeof(row->user), call.user);
    text_copy(row->request_id, sizeof(row->request_id), call.request_id);
    text_copy(row->address, sizeof(row->address), call.address);
    text_copy(row->model, sizeof(row->model), model->row.name);
    row->rows = (int64_t)request->rows;
    if (request->trace.given)
        trace_carry(&request->trace, row->trace);
}

/*
 * The refusal of an account that has as many jobs as it may, in the form in which limits are
 * refused; nobody knows when that ends, so it is tried again soon.
 */
static void refuse_many(const struct service *service, enum queue_limit over,
                        struct reply *reply)
{
    const struct config *config = &service->home.config;
    struct json_writer writer;

    if (over == QUEUE_LIMIT_JOBS)
        reply_refuse(reply, REPLY_LIMITED,
                     "The limit of %" PRId64 " jobs that wait or are in work is reached. Try "
                     "again when some have ended.",
                     config->job_limit);
    else
        reply_refuse(reply, REPLY_LIMITED,
                     "The limit of %" PRId64 " bytes of jobs and results is reached. Try again "
                     "when some have expired.",
                     config->job_bytes_limit);
    reply->cause = COUNTER_REFUSED_JOBS;
    writer = json_writer_on(&reply->policies);
    json_write_string(&writer, over == QUEUE_LIMIT_JOBS ? "jobs" : "job-bytes");
    reply_retry_after(reply, FULL_RETRY_S);
}

static void answer(const struct request *request, const struct job_row *row,
                   struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    char time[CLOCK_RFC3339_MAX], path[SHOW_JOB_LINK_MAX];

    clock_rfc3339_us(time, row->created_us);
    json_write_object(&writer);
    json_member_string(&writer, "job_uuid", row->uuid);
    json_member_string(&writer, "status", job_status_name(row->status));
    json_member_string(&writer, "model", row->model);
    json_member_string(&writer, "created_at", time);
    show_job_links(&writer, request, row);
    json_write_object_end(&writer);
    reply->status = REPLY_ACCEPTED;
    request_link(request, path, sizeof(path), "/jobs/%s", row->uuid);
    reply_header(reply, "Location", path);
    reply_retry_after(reply, 1);
    if (request->route->defers == ROUTE_DEFERS_PREFERRED)
        reply_header(reply, "Preference-Applied", "respond-async");
}

/* A job that is put into the queue. */
struct submitting {
    struct request *request;
    struct reply *reply;
};

/* What is answered, which is kept together with the job where it has an Idempotency-Key. */
static enum result answer_also(void *arg, const struct job_row *row, struct reason *why)
{
    const struct submitting *submitting = arg;

    answer(submitting->request, row, submitting->reply);
    return idempotency_keep(submitting->request, submitting->reply, why);
}

/* Puts it into the queue with its body, which is in memory or in a file, and answers. */
static void submit(struct service *service, struct request *request, struct job_row *row,
                   struct spool *body, struct reply *reply)
{
    struct submitting submitting = {request, reply};
    const struct queue_also also = {answer_also, &submitting};
    enum queue_limit over;
    struct reason why, again;
    enum result result = spool_end(body, &why);
    int fd = -1;

    row->body_bytes = (int64_t)spool_len(body);
    if (result == RESULT_OK)
        result = spool_file(body, &fd, &why);
    if (result == RESULT_OK)
        result = queue_submit(&service->home, row, body->memory.data, body->memory.len, fd,
                              &also, &why);
    if (result == RESULT_DENIED) {
        queue_check(&service->home, row->account, row->body_bytes, &over, &again);
        refuse_many(service, over, reply);
    } else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- of JSON ---- */

/* Who is to be told of its end, if callers may say so.  False with the refusal written. */
static bool url_take(struct service *service, const struct buf *url, struct job_row *row,
                     struct reply *reply)
{
    struct reason why;
    enum result result = RESULT_OK;

    if (buf_failed(url)) {
        reply_refuse_memory(reply);
        return false;
    }
    if (url->len == 0)
        return true;
    text_print(row->url, sizeof(row->url), "%.*s", (int)url->len, url->data);
    if (url->len > JOB_URL_MAX)
        result = reason_set(&why, RESULT_INVALID, "it has more than %d bytes", JOB_URL_MAX);
    else if (strlen(row->url) != url->len)
        result = reason_set(&why, RESULT_INVALID, "it has a character that no URL has");
    else
        result = hook_caller_url_check(&service->home.config, row->url, &why);
    if (result != RESULT_OK)
        reply_fault(reply, "webhook_url", why.text,
                    "a URL of http or https that may be called, where a setting allows it");
    return result == RESULT_OK;
}

static void take_json(struct service *service, struct request *request, struct reply *reply)
{
    struct spool small = {.fd = -1}, *body = request->large != NULL ? &service->large : &small;
    struct input_rows rows;
    struct job_row row = {.url = ""};

    if (!input_read(service, request, reply, &rows) ||
        !url_take(service, rows.url, &row, reply) ||
        !metered_rows(service, request, rows.model, rows.count, reply))
        return;
    row_fill(request, rows.model, &row);
    row.kind = row.result_kind = JOB_JSON;
    if (body == &small)
        spool_put(body, service->body.data, service->body.len);
    submit(service, request, &row, body, reply);
    spool_free(&small);
}

/* ---- of a file of rows ---- */

/* One that is read: every row is looked at, charged and forgotten, and the bytes are kept. */
struct job_file {
    struct service *service;
    struct request *request;
    struct reply *reply;
    struct bulk_ask ask;
    struct rows_fault fault;
    struct spool copy;
    bool refused; /* the refusal is written */
};

/* Charges the rows so far. */
static enum result charge(struct job_file *file, uint64_t count, struct reason *why)
{
    file->refused =
        !metered_rows(file->service, file->request, file->ask.model, count, file->reply);
    return file->refused ? reason_set(why, RESULT_DENIED, "refused") : RESULT_OK;
}

/* All rows of a stream, of which one has to be there at least. */
static enum result rows_look(struct job_file *file, struct rows *rows, struct reason *why)
{
    double *row = calloc(image_n_features(file->ask.predictor.image), sizeof(*row));
    enum result result = RESULT_OK;
    uint64_t count = 0;

    if (row == NULL)
        result = reason_set(why, RESULT_NOMEM, "no memory for a row");
    while (result == RESULT_OK) {
        result = rows_next(rows, row, why);
        if (result == RESULT_OK && ++count % CHARGE_STEP == 0)
            result = charge(file, count, why);
    }
    free(row);
    return result == RESULT_MISSING ? charge(file, count, why) : result;
}

/* Reads the body to its end.  False with the refusal written. */
static bool rows_read(struct job_file *file)
{
    struct rows *rows = NULL;
    struct body_file body;
    enum result result, copied;
    struct reason why, copy_why;

    if (!body_file_open(file->service, file->request, &body, file->reply))
        return false;
    body.copy = &file->copy;
    result = rows_open(body.file, "body", file->ask.predictor.image, &file->fault, &rows, &why);
    if (result == RESULT_OK)
        result = rows_look(file, rows, &why);
    rows_close(rows);
    copied = spool_end(&file->copy, &copy_why);
    if (copied != RESULT_OK)
        reply_refuse_result(file->reply, copied, &copy_why);
    else if (!file->refused && result != RESULT_OK && !body_file_refuse(&body, file->reply))
        bulk_ask_refuse(file->request, file->reply, &file->fault, result, &why);
    body_file_close(&body);
    return result == RESULT_OK && copied == RESULT_OK;
}

/* Whether there is room for as much as is announced, before it comes. */
static bool has_room(struct service *service, const struct request *request,
                     struct reply *reply)
{
    int64_t bytes = request->file.length > 0 ? request->file.length : 0;
    enum queue_limit over;
    struct reason why;
    enum result result =
        queue_check(&service->home, request->caller.account, bytes, &over, &why);

    if (result == RESULT_DENIED)
        refuse_many(service, over, reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

static void take_file(struct service *service, struct request *request, struct reply *reply)
{
    struct job_file file = {
        .service = service, .request = request, .reply = reply, .copy = {.fd = -1}};
    struct job_row row = {.url = ""};

    spool_start(&file.copy);
    if (bulk_ask_read(service, request, reply, &file.ask) &&
        has_room(service, request, reply) && rows_read(&file)) {
        row_fill(request, file.ask.model, &row);
        row.kind = request->file.type == body_csv ? JOB_CSV : JOB_NPY;
        row.result_kind = file.ask.npy ? JOB_NPY : JOB_CSV;
        text_copy(row.output, sizeof(row.output), file.ask.output);
        submit(service, request, &row, &file.copy, reply);
    }
    bulk_ask_close(&file.ask);
    spool_free(&file.copy);
}

void handle_job_create(struct service *service, struct request *request, struct reply *reply)
{
    if (request->file.type != NULL)
        take_file(service, request, reply);
    else
        take_json(service, request, reply);
}
