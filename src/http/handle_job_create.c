/*
 * handle_job_create.c: a prediction that is taken now and made later: POST /jobs, and the
 * routes of predictions where the client would rather have it so (Prefer: respond-async).
 *
 * What is taken was checked as a prediction's body is, so that nothing waits in the queue which
 * could not be answered now; and it was charged, so a job that is worked off costs nothing
 * more.  The answer says that the job is in the database.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/text.h"
#include "gate/queue.h"
#include "http/admin.h"
#include "http/handlers.h"
#include "http/input.h"
#include "http/metered.h"
#include "http/route.h"
#include "http/show_job.h"

enum {
    FULL_RETRY_S = 10, /* when some of an account's jobs may have ended */
};

/* Who asks for it, and about what, as the call log will have it. */
static void row_fill(const struct request *request, const struct model *model,
                     struct job_row *row)
{
    struct call_row call;

    memset(row, 0, sizeof(*row));
    metered_call(request, &call);
    text_copy(row->account, sizeof(row->account), request->caller.account);
    text_copy(row->key, sizeof(row->key), call.key);
    text_copy(row->user, sizeof(row->user), call.user);
    text_copy(row->request_id, sizeof(row->request_id), call.request_id);
    text_copy(row->address, sizeof(row->address), call.address);
    text_copy(row->model, sizeof(row->model), model->row.name);
    row->rows = (int64_t)request->rows;
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
    writer = json_writer_on(&reply->policies);
    json_write_string(&writer, over == QUEUE_LIMIT_JOBS ? "jobs" : "job-bytes");
    reply_retry_after(reply, FULL_RETRY_S);
}

/* The path of a job from the request's own, so that it holds wherever the service is. */
static const char *collection_of(const struct request *request)
{
    return request->name != NULL ? "../../jobs" : "jobs";
}

static void answer(const struct request *request, const struct job_row *row,
                   struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339_us(time, row->created_us);
    json_write_object(&writer);
    json_member_string(&writer, "job_uuid", row->uuid);
    json_member_string(&writer, "status", job_status_name(row->status));
    json_member_string(&writer, "model", row->model);
    json_member_string(&writer, "created_at", time);
    show_job_links(&writer, row);
    json_write_object_end(&writer);
    reply->status = REPLY_ACCEPTED;
    admin_location(reply, collection_of(request), row->uuid);
    reply_retry_after(reply, 1);
    if (request->route->defers == ROUTE_DEFERS_PREFERRED)
        reply_header(reply, "Preference-Applied", "respond-async");
}

/* Puts it into the queue, and answers. */
static void submit(struct service *service, struct request *request, struct job_row *row,
                   int fd, struct reply *reply)
{
    const struct buf *body = &service->body;
    enum queue_limit over;
    struct reason why, again;
    enum result result = queue_submit(&service->home, row, body->data, body->len, fd, &why);

    if (result == RESULT_DENIED) {
        queue_check(&service->home, row->account, row->body_bytes, &over, &again);
        refuse_many(service, over, reply);
    } else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else
        answer(request, row, reply);
}

void handle_job_create(struct service *service, struct request *request, struct reply *reply)
{
    struct input_rows rows;
    struct job_row row;

    if (!input_read(service, request, reply, &rows))
        return;
    if (!metered_rows(service, request, rows.model, rows.count, reply))
        return;
    row_fill(request, rows.model, &row);
    row.kind = row.result_kind = JOB_JSON;
    row.body_bytes = (int64_t)service->body.len;
    submit(service, request, &row, -1, reply);
}
