/*
 * handle_admin_models.c: administration: the versions of models.
 *
 * What is served changes through gate/registry.h alone, which has every worker go over at
 * once.  An image comes as bytes that are in a file without a name by now; it is proved
 * before the home's lock is asked for, so that what is none keeps nobody waiting.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "gate/keep.h"
#include "gate/registry.h"
#include "http/admin.h"
#include "http/handle_admin.h"
#include "http/show.h"

enum {
    VERSION_TEXT = 24,
    SHARE_MAX = 7
};

static const char *const places[] = {"serving", "canary", "shadow", NULL};
static const char *const bys[] = {"request", "key", NULL};

static const struct form_field list_fields[] = {
    {"name", FORM_TEXT, .min = 1, .max = MODEL_NAME_MAX, .help = "Of this model alone"},
    ADMIN_LIMIT_FIELD,
    ADMIN_OFFSET_FIELD,
};

const struct form form_admin_models = {"AdminVersionQuery", list_fields,
                                       sizeof(list_fields) / sizeof(list_fields[0]), false};

#define PLACE_FIELDS                                                                       \
    {"as", FORM_TEXT, .choices = places,                                                   \
     .help = "What it is to do: serving, which it is if nothing is said, canary, shadow"}, \
        {"share", FORM_TEXT, .max = SHARE_MAX,                                             \
         .help = "Of a canary: how many of the calls it answers, 10%"},                    \
    {                                                                                      \
        "by", FORM_TEXT,                                                                   \
            .choices = bys,                                                                \
            .help = "Of a canary: whether its share is drawn by request or by key"         \
    }

static const struct form_field publish_fields[] = {PLACE_FIELDS};

const struct form form_admin_publish = {"AdminPublication", publish_fields,
                                        sizeof(publish_fields) / sizeof(publish_fields[0]),
                                        false};

static const struct form_field promote_fields[] = {
    {"version", FORM_INTEGER, .min = 1, .max = INT64_C(1) << 53,
     .help = "Which; the canary or the shadow if nothing is said and there is one of the two"},
    PLACE_FIELDS,
};

const struct form form_admin_promote = {"AdminPromotion", promote_fields,
                                        sizeof(promote_fields) / sizeof(promote_fields[0]),
                                        false};

static const struct form_field rollback_fields[] = {
    {"to", FORM_INTEGER, .nullable = true, .min = 1, .max = INT64_C(1) << 53,
     .help = "The version that is to serve; the one that did before if nothing is said, or "
             "with a canary the end of that"},
};

const struct form form_admin_rollback = {"AdminRollback", rollback_fields,
                                         sizeof(rollback_fields) / sizeof(rollback_fields[0]),
                                         false};

static const struct form_field retire_fields[] = {
    {"version", FORM_INTEGER, .nullable = true, .min = 1, .max = INT64_C(1) << 53,
     .help = "The canary or the shadow; both if nothing is said"},
};

const struct form form_admin_retire = {"AdminRetirement", retire_fields,
                                       sizeof(retire_fields) / sizeof(retire_fields[0]), false};

static const struct form_field keep_fields[] = {
    {"rate", FORM_TEXT, .required = true, .nullable = true, .max = SHARE_MAX,
     .help = "How many of the requests are kept, 10%; off or null: none any more"},
    {"days", FORM_INTEGER, .min = 1, .max = KEEP_DAYS_MAX,
     .help = "For how long; as it was if nothing is said, and 30 at first"},
};

const struct form form_admin_keep = {"AdminKeep", keep_fields,
                                     sizeof(keep_fields) / sizeof(keep_fields[0]), false};

/* ---- lists ---- */

/* The page of versions while it is written, those of a model in its object. */
struct listing {
    struct json_writer writer;
    struct admin_page page;
    const char *only;
    int64_t count;                  /* so far */
    char model[MODEL_NAME_MAX + 1]; /* whose object is open; empty for none */
};

static void state_write(struct json_writer *writer, const struct model_row *row)
{
    char share[REGISTRY_SHARE_TEXT];

    registry_share_print(share, row->share);
    json_member_i64(writer, "version", row->version);
    json_member_string(writer, "state", model_state_name(row->state));
    json_member_string(writer, "share", row->state == MODEL_CANARY ? share : NULL);
    json_member_string(writer, "by",
                       row->state != MODEL_CANARY ? NULL
                       : row->by_key              ? "key"
                                                  : "request");
    json_member_string(writer, "sha256", row->sha256);
    show_time(writer, "published_at", row->published_at);
}

static void model_end(struct listing *list)
{
    if (list->model[0] == '\0')
        return;
    json_write_array_end(&list->writer);
    json_write_object_end(&list->writer);
}

static void model_begin(struct listing *list, const struct model_row *row)
{
    if (strcmp(list->model, row->name) == 0)
        return;
    model_end(list);
    snprintf(list->model, sizeof(list->model), "%s", row->name);
    json_write_object(&list->writer);
    json_member_string(&list->writer, "name", row->name);
    show_keep(&list->writer, row);
    json_write_key(&list->writer, "versions");
    json_write_array(&list->writer);
}

static void list_row(void *arg, const struct model_row *row)
{
    struct listing *list = arg;
    int64_t at;

    if (list->only != NULL && strcmp(list->only, row->name) != 0)
        return;
    at = list->count++;
    if (at < list->page.offset || at - list->page.offset >= list->page.limit)
        return;
    model_begin(list, row);
    json_write_object(&list->writer);
    state_write(&list->writer, row);
    json_write_object_end(&list->writer);
}

void handle_admin_models(struct service *service, struct request *request, struct reply *reply)
{
    struct listing list = {.writer = json_writer_on(&reply->body),
                           .page = admin_page_of(request),
                           .only = admin_text(request->query, "name")};
    enum result result;
    struct reason why;

    json_write_object(&list.writer);
    json_write_key(&list.writer, "models");
    json_write_array(&list.writer);
    result = model_version_list(service->home.db, list_row, &list, &why);
    model_end(&list);
    json_write_array_end(&list.writer);
    admin_page_write(&list.writer, &list.page, list.count);
    json_write_object_end(&list.writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- what is asked ---- */

/* The place that a form or a query says.  False with the refusal written. */
static bool place_read(const struct form_data *form, struct registry_place *place,
                       struct reply *reply)
{
    const char *as = admin_text(form, "as"), *share = admin_text(form, "share");
    const char *by = admin_text(form, "by");
    const char *beside = share != NULL ? "share" : by != NULL ? "by" : NULL;

    *place = (struct registry_place){.state = MODEL_SERVING};
    for (enum model_state state = 0; as != NULL && state < MODEL_RETIRED; state++)
        if (strcmp(as, model_state_name(state)) == 0)
            place->state = state;
    if (place->state != MODEL_CANARY && beside != NULL) {
        reply_fault(reply, beside, "it is of a canary alone", "none, unless as is canary");
        return false;
    }
    if (place->state == MODEL_CANARY &&
        (share == NULL || !registry_share_parse(share, &place->share) ||
         place->share == MODEL_SHARE_ALL)) {
        reply_fault(reply, "share", share == NULL ? "it is missing" : "it is no share",
                    "more than 0% and less than 100%, with two decimals at most: 10%");
        return false;
    }
    if (by != NULL)
        place->by = strcmp(by, "key") == 0 ? REGISTRY_BY_KEY : REGISTRY_BY_REQUEST;
    return true;
}

/* Looks for a model and one of its versions. */
struct search {
    const char *name;
    int64_t version;
    bool model, found;
};

static void search_row(void *arg, const struct model_row *row)
{
    struct search *search = arg;

    if (strcmp(row->name, search->name) != 0)
        return;
    search->model = true;
    search->found = search->found || row->version == search->version;
}

/* Whether there is the model of the path.  False with the refusal written. */
static bool model_find(struct service *service, struct search *search, struct reply *reply)
{
    struct reason why;
    enum result result = model_version_list(service->home.db, search_row, search, &why);

    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else if (!search->model)
        admin_refuse_missing(reply, "model");
    return result == RESULT_OK && search->model;
}

/* The same, and whether it has the version that a field names, if it does. */
static bool version_find(struct service *service, const struct request *request,
                         const char *field, struct search *search, struct reply *reply)
{
    search->name = request_variable(request, "name", NULL);
    search->version = admin_integer(request->form, field, 0);
    if (!model_find(service, search, reply))
        return false;
    if (search->version == 0 || search->found)
        return true;
    reply_fault(reply, field, "there is no such version", "one that GET /admin/models lists");
    return false;
}

/* ---- what came of it ---- */

static void number_or_null(struct json_writer *writer, const char *key, int64_t version)
{
    json_write_key(writer, key);
    if (version != 0)
        json_write_i64(writer, version);
    else
        json_write_null(writer);
}

static void done_write(const struct registry_done *done, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);

    json_write_object(&writer);
    json_member_string(&writer, "name", done->row.name);
    state_write(&writer, &done->row);
    number_or_null(&writer, "serving", done->serving);
    number_or_null(&writer, "canary_retired", done->canary_ended);
    number_or_null(&writer, "shadow_retired", done->shadow_ended);
    json_write_object_end(&writer);
}

/* What was not done, since the versions are not so that it could be: 409. */
static void answer(enum result result, const struct registry_done *done,
                   const struct reason *why, struct reply *reply)
{
    const struct admin_asked asked = {.what = "model"};

    if (result == RESULT_OK)
        done_write(done, reply);
    else
        admin_refuse(reply, &asked, result, why);
}

/* ---- publishing ---- */

/* Whether the body is an image.  False with the refusal written. */
static bool body_prove(const struct request *request, struct reply *reply)
{
    static const char name[] = "the body: "; /* begins the reason, and is said by the field */
    struct image *image = NULL;
    struct reason why = {""};
    enum result result = image_open_fd(request->image_fd, "the body", &image, &why);
    size_t begin = strncmp(why.text, name, sizeof(name) - 1) == 0 ? sizeof(name) - 1 : 0;

    image_close(image);
    if (result == RESULT_MALFORMED || result == RESULT_INVALID || result == RESULT_TOO_BIG ||
        result == RESULT_MISSING)
        reply_fault(reply, "body", why.text + begin,
                    "an image, as forestgate model train makes it");
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

void handle_admin_publish(struct service *service, struct request *request, struct reply *reply)
{
    const char *name = request_variable(request, "name", NULL);
    const struct admin_asked asked = {"model", &form_admin_publish, "as"};
    struct registry_place place;
    struct registry_done done;
    char version[VERSION_TEXT];
    enum result result;
    struct reason why;

    if (!registry_name_valid(name)) {
        reply_fault(reply, "name", "it cannot be a model's name",
                    "1 to 64 of a-z 0-9 . _ - and no sign first");
        return;
    }
    if (!place_read(request->query, &place, reply) || !body_prove(request, reply))
        return;
    result = registry_publish(&service->home, name, request->image_fd, "the body", &place,
                              &done, &why);
    if (result == RESULT_OK) {
        snprintf(version, sizeof(version), "%" PRId64, done.row.version);
        admin_location(reply, "versions", version);
        done_write(&done, reply);
    } else {
        admin_refuse(reply, &asked, result, &why);
    }
}

/* ---- what becomes of versions ---- */

void handle_admin_promote(struct service *service, struct request *request, struct reply *reply)
{
    struct search search = {.found = false};
    struct registry_place place;
    struct registry_done done;
    enum result result;
    struct reason why;

    if (!version_find(service, request, "version", &search, reply) ||
        !place_read(request->form, &place, reply))
        return;
    result = registry_promote(&service->home, search.name, search.version, &place, &done, &why);
    answer(result, &done, &why, reply);
}

void handle_admin_rollback(struct service *service, struct request *request,
                           struct reply *reply)
{
    struct search search = {.found = false};
    struct registry_done done;
    enum result result;
    struct reason why;

    if (!version_find(service, request, "to", &search, reply))
        return;
    result = registry_rollback(&service->home, search.name, search.version, &done, &why);
    answer(result, &done, &why, reply);
}

void handle_admin_retire(struct service *service, struct request *request, struct reply *reply)
{
    struct search search = {.found = false};
    struct registry_done done;
    enum result result;
    struct reason why;

    if (!version_find(service, request, "version", &search, reply))
        return;
    result = registry_retire(&service->home, search.name, search.version, &done, &why);
    answer(result, &done, &why, reply);
}

/* ---- what is kept ---- */

void handle_admin_keep(struct service *service, struct request *request, struct reply *reply)
{
    const struct admin_asked asked = {"model", &form_admin_keep, "rate"};
    struct search search = {.name = request_variable(request, "name", NULL)};
    struct json_writer writer = json_writer_on(&reply->body);
    const char *rate = admin_text(request->form, "rate");
    int64_t share = 0;
    struct model_row row;
    enum result result;
    struct reason why;

    if (!model_find(service, &search, reply))
        return;
    if (rate != NULL && strcmp(rate, "off") != 0 && !registry_share_parse(rate, &share)) {
        reply_fault(reply, "rate", "it is no share",
                    "0.01% to 100%, such as 10%; off or null: nothing is kept");
        return;
    }
    result = registry_keep_set(&service->home, search.name, share,
                               admin_integer(request->form, "days", 0), &row, &why);
    if (result != RESULT_OK) {
        admin_refuse(reply, &asked, result, &why);
        return;
    }
    json_write_object(&writer);
    json_member_string(&writer, "name", row.name);
    show_keep(&writer, &row);
    json_write_object_end(&writer);
}

static void deleted(void *arg, int64_t version)
{
    (void)arg;
    (void)version;
}

void handle_admin_version_delete(struct service *service, struct request *request,
                                 struct reply *reply)
{
    const struct admin_asked asked = {.what = "version of this model"};
    struct search search = {.name = request_variable(request, "name", NULL)};
    const char *version;
    enum result result;
    struct reason why;
    size_t len;

    version = request_variable(request, "version", &len);
    if (!num_parse_i64(version, len, &search.version) || search.version <= 0)
        search.version = 0;
    if (!model_find(service, &search, reply))
        return;
    if (!search.found) {
        admin_refuse_missing(reply, asked.what);
        return;
    }
    result =
        registry_delete(&service->home, search.name, search.version, 0, deleted, NULL, &why);
    if (result != RESULT_OK)
        admin_refuse(reply, &asked, result, &why);
}
