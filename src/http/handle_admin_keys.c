/*
 * handle_admin_keys.c: administration: API keys.
 *
 * A key is answered once, when it is made or gets a new secret, and never again.
 */
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/key.h"
#include "gate/meter.h"
#include "gate/user.h"
#include "http/admin.h"
#include "http/handle_admin.h"
#include "http/show.h"

enum {
    US = 1000000,
    USER_TEXT_MAX = USER_USERNAME_MAX
};

static const char *const states[] = {"active", "expired", "revoked", NULL};
static const char *const scopes[] = {"predict", "jobs", "read", "admin", "metrics", NULL};

static const struct form_field list_fields[] = {
    {"search", FORM_TEXT, .max = ADMIN_SEARCH_MAX,
     .help = "Part of a name or an id, in any case"},
    {"user", FORM_TEXT, .min = 1, .max = USER_TEXT_MAX,
     .help = "Of this user alone: an e-mail address or an id"},
    {"state", FORM_TEXT, .choices = states, .help = "Of this state alone"},
    ADMIN_LIMIT_FIELD,
    ADMIN_OFFSET_FIELD,
};

const struct form form_admin_keys = {"AdminKeyQuery", list_fields,
                                     sizeof(list_fields) / sizeof(list_fields[0]), false};

/* What is said of a new key and of one that is there alike. */
#define KEY_FIELDS                                                                            \
    {"tier", FORM_TEXT, .help = "The tier whose limits it has; a user's key has the user's"}, \
        {"models", FORM_WORDS, .help = "The models that it may use; * is all"},               \
        {"scopes", FORM_WORDS, .choices = scopes, .help = "What it is for"},                  \
        {"addresses", FORM_WORDS,                                                             \
         .help = "Ranges that it may come from, 10.0.0.0/8; none: from anywhere"},            \
        {"rates", FORM_WORDS, .help = "In the place of the tier's rates: 100/60s"},           \
        {"quotas", FORM_WORDS, .help = "In the place of the tier's quotas: 1000/day"},        \
        {"expires", FORM_TEXT, .nullable = true, .max = 16,                                   \
         .help = "How long from now it holds: 30d; never or null"},                           \
    {                                                                                         \
        "metadata", FORM_OBJECT, .help = "An object of your own, of up to 4 KB"               \
    }

static const struct form_field create_fields[] = {
    {"name", FORM_TEXT, .required = true, .min = 1, .max = KEY_NAME_MAX,
     .help = "What the key is for"},
    {"user", FORM_TEXT, .nullable = true, .max = USER_TEXT_MAX,
     .help = "Whose it is: an e-mail address or an id; null for nobody"},
    KEY_FIELDS,
};

const struct form form_admin_key_create = {
    "AdminNewKey", create_fields, sizeof(create_fields) / sizeof(create_fields[0]), false};

static const struct form_field set_fields[] = {
    {"name", FORM_TEXT, .min = 1, .max = KEY_NAME_MAX, .help = "What the key is for"},
    KEY_FIELDS,
};

const struct form form_admin_key_set = {"AdminKeyChange", set_fields,
                                        sizeof(set_fields) / sizeof(set_fields[0]), false};

static const struct form_field rotate_fields[] = {
    {"overlap", FORM_TEXT, .max = 16,
     .help = "How long the secret before holds too, 1h; 0s if nothing is said"},
};

const struct form form_admin_key_rotate = {
    "AdminKeyRotation", rotate_fields, sizeof(rotate_fields) / sizeof(rotate_fields[0]), false};

static int64_t now_of(const struct request *request)
{
    return request->wall_us / US;
}

/* ---- lists ---- */

/* The list while it is written; result is of what is read beside the rows. */
struct listing {
    struct json_writer writer;
    struct db *db;
    int64_t now;
    enum result result;
    struct reason *why;
};

static void list_row(void *arg, const struct key_row *row)
{
    struct listing *list = arg;
    struct key_more more;

    if (list->result == RESULT_OK)
        list->result = key_more_get(list->db, row->id, &more, list->why);
    if (list->result == RESULT_OK)
        show_key(&list->writer, row, &more, list->now);
}

static enum result list_write(struct service *service, const struct key_filter *filter,
                              const struct admin_page *page, struct reply *reply,
                              struct reason *why)
{
    struct listing list = {.writer = json_writer_on(&reply->body),
                           .db = service->home.db,
                           .now = filter->now,
                           .why = why};
    int64_t total = 0;
    enum result result;

    json_write_object(&list.writer);
    json_write_key(&list.writer, "keys");
    json_write_array(&list.writer);
    result = key_row_find(service->home.db, filter, list_row, &list, &total, why);
    json_write_array_end(&list.writer);
    admin_page_write(&list.writer, page, total);
    json_write_object_end(&list.writer);
    return result == RESULT_OK ? list.result : result;
}

/* A user that there is not has no keys. */
static enum result owner_find(struct service *service, const char *name, struct user_row *user,
                              struct reason *why)
{
    enum result result = RESULT_OK;

    memset(user, 0, sizeof(*user));
    if (name != NULL)
        result = user_find(&service->home, name, user, why);
    if (result == RESULT_MISSING) {
        text_copy(user->id, sizeof(user->id), "-");
        result = RESULT_OK;
    }
    return result;
}

void handle_admin_keys(struct service *service, struct request *request, struct reply *reply)
{
    const char *state = admin_text(request->query, "state");
    const struct admin_page page = admin_page_of(request);
    char search[ADMIN_SEARCH_MAX * 4 + 1];
    struct key_filter filter = {.search = admin_search(request, search),
                                .state = -1,
                                .now = now_of(request),
                                .limit = page.limit,
                                .offset = page.offset};
    struct user_row owner;
    enum result result;
    struct reason why;

    for (int i = 0; state != NULL && i < KEY_STATE__MAX; i++)
        if (strcmp(state, key_state_name((enum key_state)i)) == 0)
            filter.state = i;
    result = owner_find(service, admin_text(request->query, "user"), &owner, &why);
    if (owner.id[0] != '\0')
        filter.user = owner.id;
    meter_bring_in(service->meter, &why); /* for when each was used last, if it can be */
    if (result == RESULT_OK)
        result = list_write(service, &filter, &page, reply, &why);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

/* ---- one key ---- */

static enum result shown_read(struct service *service, const char *id, struct key_row *row,
                              struct key_more *more, struct reason *why)
{
    enum result result = key_row_get(service->home.db, id, row, why);

    if (result == RESULT_OK)
        result = key_more_get(service->home.db, row->id, more, why);
    return result;
}

void handle_admin_key(struct service *service, struct request *request, struct reply *reply)
{
    const struct admin_asked asked = {.what = "key"};
    struct json_writer writer = json_writer_on(&reply->body);
    struct key_more more;
    struct key_row row;
    enum result result;
    struct reason why;

    meter_bring_in(service->meter, &why);
    result = shown_read(service, request_variable(request, "id", NULL), &row, &more, &why);
    if (result == RESULT_OK)
        show_key(&writer, &row, &more, now_of(request));
    else
        admin_refuse(reply, &asked, result, &why);
}

/*
 * A key that is new or has a new secret, which is answered this once, whatever can be read
 * of the rest by now.
 */
static void show_new(struct service *service, const struct request *request, const char *id,
                     const char *text, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct key_more more;
    struct key_row row;

    json_write_object(&writer);
    if (shown_read(service, id, &row, &more, NULL) == RESULT_OK)
        show_key_members(&writer, &row, &more, now_of(request));
    else
        json_member_string(&writer, "id", id);
    json_member_string(&writer, "key", text);
    json_write_object_end(&writer);
}

/* ---- changes ---- */

/* What a form says of a key.  False if it says nothing. */
static bool wish_read(const struct form_data *form, struct key_wish *wish)
{
    bool any = false;

    for (enum key_part part = 0; part < KEY_PART__MAX; part++) {
        wish->parts[part] = admin_text(form, key_part_name(part));
        any = any || wish->parts[part] != NULL;
    }
    if (form_value(form, key_part_name(KEY_PART_EXPIRES))->null) {
        wish->parts[KEY_PART_EXPIRES] = "never";
        any = true;
    }
    return any;
}

static void refuse(struct reply *reply, const struct form *form, enum key_part part,
                   enum result result, const struct reason *why)
{
    struct admin_asked asked = {"key", form, NULL};

    if (part < KEY_PART__MAX)
        asked.field = key_part_name(part);
    admin_refuse(reply, &asked, result, why);
}

void handle_admin_key_create(struct service *service, struct request *request,
                             struct reply *reply)
{
    enum key_part part = KEY_PART__MAX;
    char text[KEY_TEXT_LEN + 1];
    struct key_wish wish;
    enum result result;
    struct key_row row;
    struct reason why;

    wish_read(request->form, &wish);
    result = key_create(&service->home, &wish, text, &row, &part, &why);
    if (result == RESULT_OK) {
        admin_location(reply, "keys", row.id);
        show_new(service, request, row.id, text, reply);
    } else {
        refuse(reply, &form_admin_key_create, part, result, &why);
    }
    secret_wipe(text, sizeof(text));
}

void handle_admin_key_set(struct service *service, struct request *request, struct reply *reply)
{
    enum key_part part = KEY_PART__MAX;
    enum result result = RESULT_OK;
    struct key_wish wish;
    struct key_row row;
    struct reason why;

    if (wish_read(request->form, &wish))
        result = key_set(&service->home, request_variable(request, "id", NULL), &wish, &row,
                         &part, &why);
    if (result == RESULT_OK)
        handle_admin_key(service, request, reply);
    else
        refuse(reply, &form_admin_key_set, part, result, &why);
}

void handle_admin_key_revoke(struct service *service, struct request *request,
                             struct reply *reply)
{
    const char *id = request_variable(request, "id", NULL);
    struct key_row row;
    struct reason why;
    enum result result = key_revoke(&service->home, id, &why);

    if (result == RESULT_MISSING) /* one that is revoked already is as it was wanted */
        result = key_row_get(service->home.db, id, &row, &why);
    if (result != RESULT_OK)
        refuse(reply, NULL, KEY_PART__MAX, result, &why);
}

void handle_admin_key_rotate(struct service *service, struct request *request,
                             struct reply *reply)
{
    const char *overlap = admin_text(request->form, "overlap");
    const char *id = request_variable(request, "id", NULL);
    char text[KEY_TEXT_LEN + 1];
    int64_t seconds = 0;
    enum result result;
    struct key_row row;
    struct reason why;
    bool older_ended;

    if (overlap != NULL && !clock_duration_parse(overlap, &seconds)) {
        reply_fault(reply, "overlap", "it is no time",
                    "a whole number with s, m, h, d or w behind it, such as 1h");
        return;
    }
    result = key_rotate(&service->home, id, seconds, text, &row, &older_ended, &why);
    if (result == RESULT_OK)
        show_new(service, request, id, text, reply);
    else
        refuse(reply, &form_admin_key_rotate, KEY_PART__MAX, result, &why);
    secret_wipe(text, sizeof(text));
}
