/*
 * handle_me_keys.c: users' own keys: listed, made, rotated, revoked.
 *
 * A key of somebody else has the very answer of one that never was.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/key.h"
#include "http/handlers.h"
#include "http/me.h"
#include "http/route.h"
#include "http/show.h"

static const char *const scope_words[] = {"predict", "jobs", "read", "admin", "metrics", NULL};

static const struct form_field key_fields[] = {
    {"name", FORM_TEXT, .required = true, .min = 1, .max = KEY_NAME_MAX,
     .help = "What the key is for"},
    {"models", FORM_WORDS, .nullable = true, .max = KEY_MODELS_MAX,
     .help = "Models of the user's own; all of them by default"},
    {"scopes", FORM_WORDS, .nullable = true, .choices = scope_words,
     .help = "predict, jobs and read by default; admin is for administrators"},
    {"addresses", FORM_WORDS, .nullable = true, .max = KEY_ADDRESSES_MAX,
     .help = "Ranges that it may come from, such as 10.0.0.0/8; from anywhere by default"},
    {"expires", FORM_TEXT, .nullable = true, .min = 1, .max = 32,
     .help = "After how long it ends: 30d, 12h; never by default"},
    {"metadata", FORM_OBJECT, .nullable = true, .help = "What else is to be kept with it"},
};

const struct form form_my_key = {"NewKey", key_fields,
                                 sizeof(key_fields) / sizeof(key_fields[0]), false};

static const struct form_field rotate_fields[] = {
    {"overlap", FORM_TEXT, .nullable = true, .min = 1, .max = 32,
     .help = "How long the secret before holds too, such as 1h; 0s by default"},
};

const struct form form_rotate = {"Rotation", rotate_fields,
                                 sizeof(rotate_fields) / sizeof(rotate_fields[0]), false};

static const struct form_field list_fields[] = {
    {"revoked", FORM_BOOL, .help = "With those that are revoked; without them by default"},
};

const struct form form_my_keys = {"KeyQuery", list_fields,
                                  sizeof(list_fields) / sizeof(list_fields[0]), false};

void handle_me_keys(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    bool revoked = form_value(request->query, "revoked")->truth;
    enum result result;
    struct reason why;

    json_write_object(&writer);
    result = me_keys_write(service, request, revoked, &writer, &why);
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- one key ---- */

static void refuse_missing(struct reply *reply)
{
    reply_refuse(reply, REPLY_NOT_FOUND, "You have no such key.");
}

/* The caller's own key that the path names.  False with the refusal written. */
static bool key_read(struct service *service, const struct request *request,
                     struct key_row *row, struct reply *reply)
{
    struct reason why;
    enum result result =
        key_row_get(service->home.db, request_variable(request, "id", NULL), row, &why);

    if (result == RESULT_OK && strcmp(row->owner.id, request->caller.user) == 0)
        return true;
    if (result == RESULT_OK || result == RESULT_MISSING)
        refuse_missing(reply);
    else
        reply_refuse_result(reply, result, &why);
    return false;
}

/* The answer: a key as it is, with its text where it is new. */
static void key_write(struct service *service, const char *id, const char *text,
                      struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct key_more more;
    struct key_row row;
    enum result result;
    struct reason why;

    result = key_row_get(service->home.db, id, &row, &why);
    if (result == RESULT_OK)
        result = key_more_get(service->home.db, id, &more, &why);
    if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
        return;
    }
    json_write_object(&writer);
    if (text != NULL)
        json_member_string(&writer, "key", text);
    show_key_members(&writer, &row, &more, clock_wall_s());
    json_write_object_end(&writer);
}

void handle_me_key(struct service *service, struct request *request, struct reply *reply)
{
    struct key_row row;

    if (key_read(service, request, &row, reply))
        key_write(service, row.id, NULL, reply);
}

void handle_me_key_revoke(struct service *service, struct request *request, struct reply *reply)
{
    struct key_row row;
    enum result result;
    struct reason why;

    if (!key_read(service, request, &row, reply) || row.revoked_at != 0)
        return;
    result = key_revoke(&service->home, row.id, &why);
    if (result != RESULT_OK && result != RESULT_MISSING) /* which is that it is revoked now */
        reply_refuse_result(reply, result, &why);
}

/* ---- a new key ---- */

/* Whether all of a list of models are the caller's.  False with the refusal written. */
static bool models_are_own(const struct request *request, const char *models,
                           struct reply *reply)
{
    const char *own = request->caller.models;
    size_t len;

    if (models == NULL || strcmp(models, "*") == 0)
        return true;
    for (;; models += len + 1) {
        len = strcspn(models, ",");
        if (!key_models_have(own, models, len)) {
            reply_fault(reply, "models", "one of them is none of yours",
                        own[0] != '\0' ? own : "none");
            return false;
        }
        if (models[len] == '\0')
            return true;
    }
}

/* Whether the caller may give these scopes.  False with the refusal written. */
static bool scopes_are_own(const struct request *request, const char *words,
                           struct reply *reply)
{
    unsigned scopes = 0;

    if (words == NULL || !key_scopes_parse(words, &scopes) ||
        (scopes & (KEY_SCOPE_ADMIN | KEY_SCOPE_METRICS)) == 0 || request->caller.admin)
        return true;
    reply_fault(reply, "scopes", "admin and metrics are for administrators",
                "predict, jobs, read");
    return false;
}

static void refuse_key(const struct request *request, struct reply *reply, enum result result,
                       enum key_part part, const struct reason *why)
{
    me_refuse(request, reply, result, part < KEY_PART__MAX ? key_part_name(part) : "", why);
}

static void location_add(const struct request *request, struct reply *reply, const char *id)
{
    char location[REQUEST_MOUNT_MAX + 64];

    request_link(request, location, sizeof(location), "/users/me/keys/%s", id);
    reply_header(reply, "Location", location);
}

void handle_me_key_create(struct service *service, struct request *request, struct reply *reply)
{
    const struct form_data *form = request->form;
    const struct key_wish wish = {{
        [KEY_PART_OWNER] = request->caller.user,
        [KEY_PART_NAME] = form_value(form, "name")->text,
        [KEY_PART_MODELS] = form_value(form, "models")->text,
        [KEY_PART_SCOPES] = form_value(form, "scopes")->text,
        [KEY_PART_ADDRESSES] = form_value(form, "addresses")->text,
        [KEY_PART_EXPIRES] = form_value(form, "expires")->text,
        [KEY_PART_METADATA] = form_value(form, "metadata")->text,
    }};
    enum key_part part = KEY_PART__MAX;
    char text[KEY_TEXT_LEN + 1] = "";
    struct key_row row;
    enum result result;
    struct reason why;

    if (!models_are_own(request, wish.parts[KEY_PART_MODELS], reply) ||
        !scopes_are_own(request, wish.parts[KEY_PART_SCOPES], reply))
        return;
    result = key_create(&service->home, &wish, text, &row, &part, &why);
    if (result == RESULT_OK) {
        location_add(request, reply, row.id);
        key_write(service, row.id, text, reply);
    } else {
        refuse_key(request, reply, result, part, &why);
    }
    secret_wipe(text, sizeof(text));
}

/* ---- a new secret ---- */

/* Reads how long the secret before is to hold.  False with the refusal written. */
static bool overlap_read(const struct request *request, int64_t *seconds, struct reply *reply)
{
    const char *text = form_value(request->form, "overlap")->text;

    *seconds = 0;
    if (text == NULL || clock_duration_parse(text, seconds))
        return true;
    reply_fault(reply, "overlap", "it is no duration",
                "a number with s, m, h, d or w behind it, such as 1h");
    return false;
}

void handle_me_key_rotate(struct service *service, struct request *request, struct reply *reply)
{
    char text[KEY_TEXT_LEN + 1] = "";
    bool older_ended;
    int64_t overlap;
    struct key_row row;
    enum result result;
    struct reason why;

    if (!key_read(service, request, &row, reply) || !overlap_read(request, &overlap, reply))
        return;
    result = key_rotate(&service->home, row.id, overlap, text, &row, &older_ended, &why);
    if (result == RESULT_OK)
        key_write(service, row.id, text, reply);
    else if (result == RESULT_INVALID)
        reply_refuse(reply, REPLY_CONFLICT,
                     "A key that is revoked or expired is not rotated: make another.");
    else
        reply_refuse_result(reply, result, &why);
    secret_wipe(text, sizeof(text));
}
