/*
 * handle_jobs.c: jobs, to those whose they are: what became of them, their results, their end.
 *
 * A job is its account's, and administrators see all.  To anyone else it is what a job is that
 * never was, and so is an id that is none: one answer, from one place (refuse_missing()).
 *
 * Of an account's credentials one that may not use a job's model has no more of it than it
 * would have of a prediction: so a key for one model tells nothing of another, and a right that
 * is withdrawn ends with what was made by it.
 */
#include <string.h>
#include <unistd.h>

#include "base/json_write.h"
#include "gate/key.h"
#include "gate/queue.h"
#include "http/accept.h"
#include "http/admin.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/handlers.h"
#include "http/sealed.h"
#include "http/show_job.h"
#include "http/slot.h"

enum {
    US = 1000000,
    POLL_PENDING_S = 1, /* when to look again */
    POLL_LONG_S = 5,
    POLL_LONG_AFTER_S = 10, /* where it has been in work for that long */
    LOOKED_AT = 50000,      /* jobs, for one page of them */
    SEALED_MAX = 64 << 20,  /* bytes of a result that is sealed */
    LARGE = 1 << 20,        /* of one that keeps a worker while it is read */
};

static const char json_type[] = "application/json";

/* ---- one of them ---- */

static void refuse_missing(struct reply *reply)
{
    reply_refuse(reply, REPLY_NOT_FOUND, "There is no such job.");
}

/* Whose jobs a caller sees: NULL is everybody's. */
static const char *whose(const struct request *request)
{
    return request->caller.admin ? NULL : request->caller.account;
}

/* The models whose jobs a caller sees: NULL is all of them. */
static const char *which(const struct request *request)
{
    return request->caller.admin ? NULL : request->caller.models;
}

/* The job of the path, if the caller may see it.  False with the refusal written. */
static bool job_find(struct service *service, const struct request *request,
                     struct job_row *row, struct reply *reply)
{
    size_t len;
    const char *uuid = request_variable(request, "id", &len);
    enum result result = RESULT_MISSING;
    struct reason why;

    if (queue_uuid_valid(uuid, len))
        result = queue_get(&service->home, whose(request), uuid, row, &why);
    if (result == RESULT_MISSING)
        refuse_missing(reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK &&
           (which(request) == NULL ||
            auth_may_use(request, row->model, strlen(row->model), reply));
}

static struct show_job show_as(const struct service *service, const struct request *request)
{
    return (struct show_job){.request = request,
                             .now_us = request->wall_us,
                             .retention_s = service->home.config.job_retention,
                             .account = request->caller.admin};
}

static bool has_ended(const struct job_row *row)
{
    return row->status != JOB_PENDING && row->status != JOB_PROCESSING;
}

/* When to look again at one that has not ended. */
static void poll_hint(struct reply *reply, const struct request *request,
                      const struct job_row *row)
{
    int64_t since_us = row->started_us != 0 ? row->started_us : row->created_us;
    bool is_long = request->wall_us - since_us > (int64_t)POLL_LONG_AFTER_S * US;

    if (!has_ended(row))
        reply_retry_after(reply, is_long ? POLL_LONG_S : POLL_PENDING_S);
}

/* ---- its result ---- */

/*
 * Whether the client can have a result as it wants it: files of rows are not sealed, nor is
 * what would take much memory for that.  False with the refusal written.
 */
static bool can_be_had(const struct service *service, const struct job_row *row,
                       struct reply *reply)
{
    const char *accept = fcgi_param(service->fcgi, FCGI_ACCEPT);
    const char *file = row->result_kind == JOB_CSV ? body_csv : body_npy;
    bool sealed;

    if (row->result_kind == JOB_JSON)
        sealed = row->result_bytes > SEALED_MAX && sealed_is_wanted(service, json_type);
    else
        sealed = accept_named(accept, file) == 0 && sealed_is_wanted(service, file);
    if (sealed)
        reply_fault(reply, "Accept", "a result of this kind or size is not sealed",
                    show_job_type(row));
    return !sealed;
}

/* Of large ones a few are sent at once.  False with the refusal written. */
static bool has_slot(struct service *service, struct request *request,
                     const struct job_row *row, struct reply *reply)
{
    return row->result_bytes < LARGE ||
           slot_take(service, request, "large results are sent", reply);
}

/*
 * The result: appended to a buffer or opened as a file, *fd, else -1.  RESULT_MISSING where
 * there is none; else as queue_result().
 */
static enum result result_open(struct service *service, const struct job_row *row,
                               struct buf *out, int *fd, struct reason *why)
{
    *fd = -1;
    if (!show_job_has_result(row))
        return reason_set(why, RESULT_MISSING, "the job has no result");
    return queue_result(&service->home, row, out, fd, why);
}

/* A whole file behind what a spool has. */
static void spool_put_file(struct spool *spool, int fd)
{
    struct spool file = {.fd = -1};

    spool_start(&file);
    spool_adopt(&file, fd);
    spool_append(spool, &file);
    spool_free(&file);
}

/*
 * The member "result" and the end of the object, whose beginning is in the reply's body; of a
 * result that is a file all of it goes by the spool.
 */
static void result_member(struct reply *reply, struct json_writer *writer,
                          const struct buf *text, int fd)
{
    struct spool *spool;

    json_write_key(writer, "result");
    if (fd < 0 && text->len > 0) {
        json_write_raw(writer, text->data, text->len);
        json_write_object_end(writer);
    } else if (fd < 0) {
        json_write_null(writer);
        json_write_object_end(writer);
    } else {
        spool = reply_spool(reply, json_type);
        spool_take(spool, &reply->body);
        spool_put_file(spool, fd);
        spool_put(spool, "}", 1);
    }
}

void handle_job(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct show_job with = show_as(service, request);
    struct buf text = {0};
    enum result result = RESULT_MISSING;
    struct job_row row;
    struct reason why;
    int fd = -1;

    if (!job_find(service, request, &row, reply))
        return;
    if (row.result_kind == JOB_JSON &&
        (!can_be_had(service, &row, reply) || !has_slot(service, request, &row, reply)))
        return;
    if (row.result_kind == JOB_JSON)
        result = result_open(service, &row, &text, &fd, &why);
    json_write_object(&writer);
    show_job_members(&writer, &row, &with);
    result_member(reply, &writer, &text, fd);
    if (result != RESULT_OK && result != RESULT_MISSING)
        reply_refuse_result(reply, result, &why);
    else if (buf_failed(&text))
        reply_refuse_memory(reply);
    else
        poll_hint(reply, request, &row);
    sealed_answer(service, request, reply);
    buf_free(&text);
}

/* Why there is no result: to its owner, who knows that there is the job. */
static void refuse_result(struct reply *reply, const struct request *request,
                          const struct job_row *row)
{
    if (row->status == JOB_COMPLETED)
        reply_refuse(reply, REPLY_NOT_FOUND, "The file of this job's result is gone.");
    else
        reply_refuse(reply, REPLY_NOT_FOUND, "This job is %s: it has no result%s.",
                     job_status_name(row->status), has_ended(row) ? "" : " yet");
    poll_hint(reply, request, row);
}

void handle_job_result(struct service *service, struct request *request, struct reply *reply)
{
    enum result result;
    struct job_row row;
    struct reason why;
    int fd;

    if (!job_find(service, request, &row, reply) || !can_be_had(service, &row, reply) ||
        !has_slot(service, request, &row, reply))
        return;
    result = result_open(service, &row, &reply->body, &fd, &why);
    if (result == RESULT_MISSING) {
        refuse_result(reply, request, &row);
    } else if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
    } else {
        reply->type = show_job_type(&row);
        if (fd >= 0)
            spool_adopt(reply_spool(reply, reply->type), fd);
        if (row.result_kind == JOB_JSON)
            sealed_answer(service, request, reply);
    }
}

/* Of another's job it is administration, and told in the audit trail. */
static enum result job_cancel(struct service *service, const struct request *request,
                              const struct job_row *row, struct reason *why)
{
    if (strcmp(row->account, request->caller.account) == 0)
        return queue_cancel(&service->home, row->account, row->uuid, why);
    if (row->status == JOB_CANCELLED)
        return RESULT_OK;
    return queue_cancel_any(&service->home, row->uuid, why);
}

void handle_job_cancel(struct service *service, struct request *request, struct reply *reply)
{
    enum result result;
    struct job_row row;
    struct reason why;

    if (!job_find(service, request, &row, reply))
        return;
    result = job_cancel(service, request, &row, &why);
    if (result == RESULT_EXISTS)
        reply_refuse(reply, REPLY_CONFLICT, "This job has ended, and cannot be cancelled.");
    else if (result == RESULT_MISSING)
        refuse_missing(reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- all of them ---- */

static const char *const status_words[] = {"pending", "processing", "completed",
                                           "failed",  "cancelled",  NULL};

static const struct form_field jobs_fields[] = {
    ADMIN_LIMIT_FIELD,
    {"before", FORM_TEXT, .min = JOB_UUID_LEN, .max = JOB_UUID_LEN,
     .help = "Go on behind the page whose member next was this"},
    {"status", FORM_TEXT, .choices = status_words, .help = "Of this status alone"},
    {"model", FORM_TEXT, .min = 1, .max = MODEL_NAME_MAX, .help = "Of this model alone"},
    {"all", FORM_BOOL, .help = "true: everybody's, to an administrator"},
};

const struct form form_jobs = {"JobQuery", jobs_fields,
                               sizeof(jobs_fields) / sizeof(jobs_fields[0]), false};

/*
 * A page while it is written.  What does not fit is passed over here and not by the database,
 * so that nobody has a worker look through a million jobs for the few that do.
 */
struct page {
    struct json_writer *writer;
    struct show_job with;
    const char *model, *status; /* NULL: any */
    const char *models;         /* that the caller may use; NULL: all */
    int64_t left, looked;
    bool more;                   /* than what was looked at */
    char last[JOB_UUID_LEN + 1]; /* that was looked at */
};

static bool fits(const struct page *page, const struct job_row *row)
{
    int64_t retention_us = page->with.retention_s * US;

    if (has_ended(row) && page->with.now_us - row->ended_us >= retention_us)
        return false; /* it has expired, and is there until somebody sweeps */
    if (page->models != NULL && !key_models_have(page->models, row->model, strlen(row->model)))
        return false;
    return (page->model == NULL || strcmp(page->model, row->model) == 0) &&
           (page->status == NULL || strcmp(page->status, job_status_name(row->status)) == 0);
}

static bool page_add(void *arg, const struct job_row *row)
{
    struct page *page = arg;
    bool does_fit = fits(page, row);

    page->more = (page->left == 0 && does_fit) || page->looked == LOOKED_AT;
    if (page->more)
        return false;
    page->looked++;
    memcpy(page->last, row->uuid, sizeof(page->last));
    if (!does_fit)
        return true;
    json_write_object(page->writer);
    show_job_members(page->writer, row, &page->with);
    json_write_object_end(page->writer);
    page->left--;
    return true;
}

/*
 * The job behind which the page begins: one that the caller sees.  False with the refusal
 * written.
 */
static bool cursor_read(struct service *service, const struct request *request,
                        int64_t *before_id, struct reply *reply)
{
    const struct form_value *before = form_value(request->query, "before");
    enum result result = RESULT_MISSING;
    struct job_row row = {.id = 0};
    struct reason why;

    *before_id = 0;
    if (!before->given)
        return true;
    if (queue_uuid_valid(before->text, before->len))
        result = queue_get(&service->home, whose(request), before->text, &row, &why);
    if (result == RESULT_OK)
        *before_id = row.id;
    else if (result == RESULT_MISSING)
        reply_fault(reply, "before", "there is no such job, or no more", "the member next");
    else
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

static enum result list_write(struct service *service, struct page *page,
                              const struct job_filter *filter, struct reason *why)
{
    int64_t limit = page->left;
    struct db *work;
    enum result result = home_work(&service->home, &work, why);

    json_write_object(page->writer);
    json_write_key(page->writer, "jobs");
    json_write_array(page->writer);
    if (result == RESULT_OK)
        result = job_row_list(work, filter, page_add, page, why);
    json_write_array_end(page->writer);
    json_member_i64(page->writer, "limit", limit);
    json_member_string(page->writer, "next", page->more ? page->last : NULL);
    json_write_object_end(page->writer);
    return result;
}

void handle_jobs(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    bool all = admin_truth(request->query, "all") == 1;
    struct page page = {.writer = &writer,
                        .with = show_as(service, request),
                        .model = admin_text(request->query, "model"),
                        .status = admin_text(request->query, "status"),
                        .models = which(request),
                        .left = admin_integer(request->query, "limit", ADMIN_LIMIT)};
    struct job_filter filter = {.account = all ? NULL : request->caller.account,
                                .status = JOB_STATUS__MAX};
    enum result result;
    struct reason why;

    if (all && !request->caller.admin) {
        reply_refuse(reply, REPLY_FORBIDDEN, "Everybody's jobs are an administrator's to see.");
        return;
    }
    if (!cursor_read(service, request, &filter.before_id, reply))
        return;
    result = list_write(service, &page, &filter, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}
