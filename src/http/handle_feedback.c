/*
 * handle_feedback.c: what was true of a prediction, told later; and the rows that are kept, to
 * administrators.
 *
 * A request is its account's, and administrators tell of all.  What is not kept and what is
 * another's is the same 404.  A credential that may not use the model says nothing of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "gate/image_file.h"
#include "gate/keep.h"
#include "gate/keep_csv.h"
#include "http/admin.h"
#include "http/auth.h"
#include "http/feedback.h"
#include "http/handle_admin.h"
#include "http/handlers.h"
#include "http/slot.h"

/* ---- which request ---- */

static bool request_find(struct service *service, const struct request *request,
                         const struct feedback *feedback, struct keep_found *found,
                         struct reply *reply)
{
    const struct keep_about about = {
        .account = request->caller.admin ? NULL : request->caller.account,
        .request_id = feedback->has_request_id ? feedback->request_id : NULL,
        .job_uuid = feedback->has_job_uuid ? feedback->job_uuid : NULL,
    };
    enum result result;
    struct reason why;

    keeper_flush(service->keeper); /* it may have been just now */
    result = keep_find(&service->home, &about, found, &why);
    if (result == RESULT_MISSING)
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "Nothing is kept of such a request. What was asked within the last second "
                     "may not be there yet.");
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK &&
           (request->caller.admin ||
            auth_may_use(request, found->row.model, strlen(found->row.model), reply));
}

/* The image that answered: the truth is told in its classes.  NULL with the refusal written. */
static struct image *image_find(struct service *service, const struct keep_found *found,
                                struct reply *reply)
{
    const struct kept_row *kept = &found->row;
    struct image *image = NULL;
    struct model_row row;
    struct reason why;
    enum result result =
        registry_version_get(&service->home, kept->model, kept->version, &row, &why);

    if (result == RESULT_INVALID) {
        reply_refuse(reply, REPLY_CONFLICT,
                     "The version that answered is deleted, so nobody knows its classes.");
        return NULL;
    }
    if (result == RESULT_OK)
        result = image_file_serve(&row, &image, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    if (image != NULL && image_n_targets(image) != found->row.n_targets) {
        image_close(image);
        image = NULL;
        reply_refuse(reply, REPLY_CONFLICT, "The model is not the one that answered.");
    }
    return image;
}

static void answer(struct reply *reply, const struct keep_found *found, int64_t known)
{
    struct json_writer writer = json_writer_on(&reply->body);
    const struct kept_row *row = &found->row;

    json_write_object(&writer);
    json_member_string(&writer, "request_id", row->request_id);
    json_member_string(&writer, "job_uuid", row->job_uuid[0] != '\0' ? row->job_uuid : NULL);
    json_member_string(&writer, "model", row->model);
    json_member_i64(&writer, "version", row->version);
    json_member_i64(&writer, "rows", found->rows);
    json_member_i64(&writer, "kept", found->kept);
    json_member_i64(&writer, "with_truth", known);
    json_write_object_end(&writer);
}

static void tell(struct service *service, const struct request *request,
                 const struct feedback *feedback, struct reply *reply)
{
    struct feedback_rows rows = {.truth = NULL};
    struct keep_found found;
    struct image *image = NULL;
    enum result result;
    struct reason why;
    int64_t known;

    if (request_find(service, request, feedback, &found, reply))
        image = image_find(service, &found, reply);
    if (image != NULL && feedback_take(feedback, image, found.rows, &rows, reply)) {
        result = keep_truth_set(&service->home, &found, rows.first, rows.truth, rows.count,
                                &known, &why);
        if (result == RESULT_OK)
            answer(reply, &found, known);
        else if (result == RESULT_MISSING)
            reply_refuse(reply, REPLY_NOT_FOUND, "Nothing is kept of such a request.");
        else
            reply_refuse_result(reply, result, &why);
    }
    free(rows.truth);
    image_close(image);
}

void handle_feedback(struct service *service, struct request *request, struct reply *reply)
{
    const struct buf *body = &service->body;
    struct feedback feedback = {.row = 0};

    if (feedback_read(&feedback, body->data != NULL ? body->data : "", body->len, reply))
        tell(service, request, &feedback, reply);
    feedback_free(&feedback);
}

/* ---- what is kept ---- */

static const char *const columns[] = {"all", "training", NULL};

static const struct form_field kept_fields[] = {
    {"columns", FORM_TEXT, .choices = columns,
     .help = "all, or for training: the features and the truth, where it is known"},
    {"version", FORM_INTEGER, .min = 1, .max = INT64_C(1) << 53, .help = "Of this one alone"},
    {"since", FORM_TIME, .help = "From then on"},
    {"until", FORM_TIME, .help = "Before then"},
    {"with_truth", FORM_BOOL, .help = "Rows alone whose truth is known"},
};

const struct form form_admin_kept = {"AdminKeptQuery", kept_fields,
                                     sizeof(kept_fields) / sizeof(kept_fields[0]), false};

static enum result put(void *arg, const void *bytes, size_t len, struct reason *why)
{
    spool_put(arg, bytes, len);
    return spool_end(arg, why);
}

void handle_admin_kept(struct service *service, struct request *request, struct reply *reply)
{
    const struct admin_asked asked = {"model", &form_admin_kept, "version"};
    const char *kind_text = admin_text(request->query, "columns");
    const struct keep_filter filter = {
        .model = request_variable(request, "name", NULL),
        .version = admin_integer(request->query, "version", 0),
        .since_us = admin_integer(request->query, "since", 0),
        .until_us = admin_integer(request->query, "until", 0),
        .with_truth = admin_truth(request->query, "with_truth") == 1,
    };
    enum keep_csv_kind kind = KEEP_CSV_ALL;
    struct keep_csv_done done;
    enum result result;
    struct reason why;

    result = registry_has(&service->home, filter.model, &why);
    if (result == RESULT_INVALID) {
        admin_refuse_missing(reply, asked.what);
        return;
    }
    if (!slot_take(service, request, "large answers are made", reply))
        return;
    if (kind_text != NULL && result == RESULT_OK)
        result = keep_csv_kind_read(kind_text, &kind, &why);
    keeper_flush(service->keeper);
    if (result == RESULT_OK)
        result = keep_csv_write(&service->home, &filter, kind, put,
                                reply_spool(reply, "text/csv; charset=utf-8"), &done, &why);
    if (result != RESULT_OK)
        admin_refuse(reply, &asked, result, &why);
}
