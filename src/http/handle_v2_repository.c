/*
 * handle_v2_repository.c: the repository of models and the statistics, as Triton's extensions
 * of the Open Inference Protocol have them.
 *
 * To unload a model is to withdraw it, and to load it to have it serve again: both are changes
 * like any others, in the audit trail and at once for every worker.  Statistics are what the
 * call log has summed up, so they are the same whichever worker is asked.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json_write.h"
#include "base/num.h"
#include "gate/meter.h"
#include "gate/registry.h"
#include "http/admin.h"
#include "http/handlers.h"
#include "http/path_model.h"
#include "http/v2.h"
#include "store/calls.h"

static const struct form_field index_fields[] = {
    {"ready", FORM_BOOL, .nullable = true, .help = "Those alone that answer"},
};

const struct form form_v2_index = {"V2Index", index_fields,
                                   sizeof(index_fields) / sizeof(index_fields[0]), false};

static const struct form_field change_fields[] = {
    {"parameters", FORM_OBJECT, .nullable = true,
     .help = "Of an unload unload_dependents, which changes nothing here; else none"},
};

const struct form form_v2_change = {"V2Change", change_fields,
                                    sizeof(change_fields) / sizeof(change_fields[0]), false};

/* A list of versions while it is written. */
struct listing {
    struct service *service;
    const struct request *request;
    struct json_writer writer;
    int64_t version; /* 0: of all */
    bool ready_only, found;
    enum result result;
    struct reason why;
};

static void name_write(struct json_writer *writer, const struct model_row *row)
{
    char version[NUM_DOUBLE_MAX];

    num_print_i64(version, row->version);
    json_member_string(writer, "name", row->name);
    json_member_string(writer, "version", version);
}

/* ---- the index ---- */

/* Why a version does not answer; NULL: it does. */
static const char *unavailable(struct service *service, const struct model_row *row)
{
    const struct model *model;
    struct reason why;

    if (row->state == MODEL_WITHDRAWN)
        return "unloaded";
    if (row->state == MODEL_RETIRED)
        return "retired";
    if (registry_version(service->registry, row->name, strlen(row->name), row->version, &model,
                         &why) != RESULT_OK ||
        model->image == NULL)
        return "its image cannot be used";
    return NULL;
}

static void index_row(void *arg, const struct model_row *row)
{
    struct listing *list = arg;
    const char *reason = unavailable(list->service, row);

    if (reason != NULL && list->ready_only)
        return;
    json_write_object(&list->writer);
    name_write(&list->writer, row);
    json_member_string(&list->writer, "state", reason == NULL ? "READY" : "UNAVAILABLE");
    json_member_string(&list->writer, "reason", reason == NULL ? "" : reason);
    json_write_object_end(&list->writer);
}

void handle_v2_index(struct service *service, struct request *request, struct reply *reply)
{
    struct listing list = {.service = service,
                           .request = request,
                           .writer = json_writer_on(&reply->body),
                           .ready_only = form_value(request->form, "ready")->truth};
    struct reason why;
    enum result result;

    json_write_array(&list.writer);
    result = model_version_list(service->home.db, index_row, &list, &why);
    json_write_array_end(&list.writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- load and unload ---- */

/* What a change came to: clients look for 200 alone, and for nothing in the body. */
static void change_end(const struct request *request, const char *what, enum result result,
                       const struct reason *why, struct reply *reply)
{
    const char *name = request_variable(request, "name", NULL);

    if (result == RESULT_OK)
        buf_puts(&reply->body, "{}");
    else if (result == RESULT_INVALID)
        reply_refuse(reply, REPLY_NOT_FOUND, "failed to %s '%s', no such model is published",
                     what, name);
    else if (result == RESULT_MALFORMED || result == RESULT_MISSING)
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "failed to %s '%s', its image is not as it was published", what, name);
    else
        reply_refuse_result(reply, result, why);
}

/* Nothing that would make it another model is taken: images are published. */
static bool has_parameters(const struct request *request)
{
    const struct form_value *parameters = form_value(request->form, "parameters");

    return parameters->text != NULL && strcmp(parameters->text, "{}") != 0;
}

void handle_v2_load(struct service *service, struct request *request, struct reply *reply)
{
    const char *name = request_variable(request, "name", NULL);
    struct registry_done done;
    enum result result;
    struct reason why;

    if (has_parameters(request)) {
        reply_refuse(reply, REPLY_MALFORMED,
                     "failed to load '%s', neither a config nor files are taken: publish an "
                     "image",
                     name);
        return;
    }
    result = registry_restore(&service->home, name, &done, &why);
    change_end(request, "load", result, &why, reply);
}

void handle_v2_unload(struct service *service, struct request *request, struct reply *reply)
{
    struct registry_done done;
    enum result result;
    struct reason why;

    result =
        registry_withdraw(&service->home, request_variable(request, "name", NULL), &done, &why);
    change_end(request, "unload", result, &why, reply);
}

/* ---- statistics ---- */

static void duration_write(struct json_writer *writer, const char *key, int64_t count,
                           int64_t us)
{
    json_write_key(writer, key);
    json_write_object(writer);
    json_member_i64(writer, "count", count);
    json_member_i64(writer, "ns", us * 1000);
    json_write_object_end(writer);
}

/* What is not parted here is 0; it is all in success and fail. */
static void tally_write(struct json_writer *writer, const struct tally_row *tally)
{
    static const char *const parts[] = {"queue",          "compute_input", "compute_infer",
                                        "compute_output", "cache_hit",     "cache_miss"};
    int64_t good = tally->calls - tally->failed;

    json_member_i64(writer, "last_inference", tally->last_us / 1000);
    json_member_i64(writer, "inference_count", tally->rows);
    json_member_i64(writer, "execution_count", good);
    json_write_key(writer, "inference_stats");
    json_write_object(writer);
    duration_write(writer, "success", good, tally->duration_us - tally->failed_us);
    duration_write(writer, "fail", tally->failed, tally->failed_us);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        duration_write(writer, parts[i], 0, 0);
    json_write_object_end(writer);
    json_write_key(writer, "batch_stats");
    json_write_array(writer);
    json_write_array_end(writer);
}

/* Whether a version is one of those that are asked for. */
static bool is_wanted(const struct listing *list, const struct model_row *row)
{
    const struct request *request = list->request;

    if (request->name == NULL)
        return key_models_have(request->caller.models, row->name, strlen(row->name));
    return strlen(row->name) == request->name_len &&
           memcmp(row->name, request->name, request->name_len) == 0 &&
           (list->version == 0 || list->version == row->version);
}

static void stats_row(void *arg, const struct model_row *row)
{
    struct listing *list = arg;
    struct tally_row tally;

    if (list->result != RESULT_OK || !is_wanted(list, row))
        return;
    memcpy(tally.model, row->name, sizeof(tally.model));
    tally.version = row->version;
    list->found = true;
    list->result = tally_row_get(list->service->home.db, &tally, &list->why);
    json_write_object(&list->writer);
    name_write(&list->writer, row);
    tally_write(&list->writer, &tally);
    json_write_object_end(&list->writer);
}

/* A model that is withdrawn is not there, as for all other routes. */
static bool is_served(const struct service *service, const struct request *request,
                      struct listing *list)
{
    if (request->name == NULL)
        return true;
    return registry_find(service->registry, request->name, request->name_len) != NULL &&
           path_model_version(request, &list->version);
}

void handle_v2_stats(struct service *service, struct request *request, struct reply *reply)
{
    struct listing list = {
        .service = service, .request = request, .writer = json_writer_on(&reply->body)};
    enum result result = RESULT_OK;
    struct reason why;

    if (is_served(service, request, &list)) {
        meter_bring_in(service->meter, &why); /* what has ended by now, if it can be */
        json_write_object(&list.writer);
        json_write_key(&list.writer, "model_stats");
        json_write_array(&list.writer);
        result = model_version_list(service->home.db, stats_row, &list, &why);
        json_write_array_end(&list.writer);
        json_write_object_end(&list.writer);
    }
    if (result == RESULT_OK && list.result != RESULT_OK)
        reply_refuse_result(reply, list.result, &list.why);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else if (request->name != NULL && !list.found)
        v2_refuse_unknown(request, reply);
}
