/*
 * handle_admin_users.c: administration: people.
 *
 * Every verb is the gate's, which looks at the row within the change, has its row in the
 * audit trail, and counts in every worker before the answer is out.
 */
#include <string.h>

#include "gate/password.h"
#include "gate/session.h"
#include "gate/user.h"
#include "http/admin.h"
#include "http/handle_admin.h"
#include "http/show.h"

static const char *const roles[] = {"user", "admin", NULL};

static const struct form_field list_fields[] = {
    {"search", FORM_TEXT, .max = ADMIN_SEARCH_MAX,
     .help = "Part of a username, a name or an id, in any case"},
    {"role", FORM_TEXT, .choices = roles, .help = "Of this role alone"},
    {"is_active", FORM_BOOL, .help = "Only who is active, or who is not"},
    ADMIN_LIMIT_FIELD,
    ADMIN_OFFSET_FIELD,
};

const struct form form_admin_users = {"AdminUserQuery", list_fields,
                                      sizeof(list_fields) / sizeof(list_fields[0]), false};

/* What is said of a new user and of one that is there alike. */
#define USER_FIELDS                                                                            \
    {"first_name", FORM_TEXT, .max = 100, .help = "First name"},                               \
        {"last_name", FORM_TEXT, .max = 100, .help = "Last name"},                             \
        {"country", FORM_TEXT, .nullable = true, .max = 64, .help = "Country; null for none"}, \
        {"role", FORM_TEXT, .choices = roles, .help = "user, or admin, who administers"},      \
        {"models", FORM_WORDS, .help = "The models for this user: names, or * for all"},       \
    {                                                                                          \
        "tier", FORM_TEXT, .help = "The tier whose limits all calls of this user count by"     \
    }

static const struct form_field create_fields[] = {
    {"username", FORM_TEXT, .required = true, .min = 3, .max = USER_USERNAME_MAX,
     .help = "An e-mail address, which is the name to log in by"},
    {"password", FORM_SECRET, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
     .help = "A password; without one the answer has an invitation, for the user to choose "
             "names and a password by"},
    {"expires", FORM_TEXT, .max = 16, .help = "Without a password: how long that holds, 7d"},
    USER_FIELDS,
};

const struct form form_admin_user_create = {
    "AdminNewUser", create_fields, sizeof(create_fields) / sizeof(create_fields[0]), false};

static const struct form_field set_fields[] = {
    {"is_active", FORM_BOOL, .help = "Who is not active may nothing, and is logged out"},
    USER_FIELDS,
};

const struct form form_admin_user_set = {"AdminUserChange", set_fields,
                                         sizeof(set_fields) / sizeof(set_fields[0]), false};

static const struct form_field password_fields[] = {
    {"new_password", FORM_SECRET, .required = true, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
     .help = "A password that is none of the commonest; any characters"},
};

const struct form form_admin_password = {"AdminNewPassword", password_fields,
                                         sizeof(password_fields) / sizeof(password_fields[0]),
                                         false};

/* ---- lists ---- */

static void list_row(void *arg, const struct user_row *row)
{
    show_user(arg, row);
}

void handle_admin_users(struct service *service, struct request *request, struct reply *reply)
{
    const struct admin_page page = admin_page_of(request);
    struct json_writer writer = json_writer_on(&reply->body);
    char search[ADMIN_SEARCH_MAX * 4 + 1];
    const char *role = admin_text(request->query, "role");
    struct user_filter filter = {
        .search = admin_search(request, search),
        .role = -1,
        .active = admin_truth(request->query, "is_active"),
        .limit = page.limit,
        .offset = page.offset,
    };
    enum user_role wanted;
    int64_t total = 0;
    enum result result;
    struct reason why;

    if (role != NULL && user_role_parse(role, &wanted))
        filter.role = (int)wanted;
    json_write_object(&writer);
    json_write_key(&writer, "users");
    json_write_array(&writer);
    result = user_row_list(service->home.db, &filter, list_row, &writer, &total, &why);
    json_write_array_end(&writer);
    admin_page_write(&writer, &page, total);
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

void handle_admin_user(struct service *service, struct request *request, struct reply *reply)
{
    const struct admin_asked asked = {.what = "user"};
    struct json_writer writer = json_writer_on(&reply->body);
    struct user_row row;
    struct reason why;
    enum result result =
        user_row_get(service->home.db, request_variable(request, "id", NULL), &row, &why);

    if (result == RESULT_OK)
        show_user(&writer, &row);
    else
        admin_refuse(reply, &asked, result, &why);
}

/* ---- changes ---- */

/* What a form says of a user; a country that is null is none.  False if it says nothing. */
static bool wish_read(const struct form_data *form, struct user_wish *wish)
{
    static const enum user_part texts[] = {
        USER_PART_USERNAME, USER_PART_FIRST_NAME, USER_PART_LAST_NAME, USER_PART_COUNTRY,
        USER_PART_ROLE,     USER_PART_MODELS,     USER_PART_TIER};
    int active = admin_truth(form, user_part_name(USER_PART_ACTIVE));
    bool any = active >= 0;

    memset(wish, 0, sizeof(*wish));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct form_value *value = form_value(form, user_part_name(texts[i]));

        wish->parts[texts[i]] = value->null ? "" : value->text;
        any = any || wish->parts[texts[i]] != NULL;
    }
    if (active >= 0)
        wish->parts[USER_PART_ACTIVE] = active != 0 ? "true" : "false";
    return any;
}

static void refuse(struct reply *reply, const struct form *form, const char *field,
                   enum result result, const struct reason *why)
{
    const struct admin_asked asked = {"user", form, field};

    if (result == RESULT_BUSY)
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "Too many passwords or changes are at work just now. Try again.");
    else
        admin_refuse(reply, &asked, result, why);
}

static const char *field_of(enum user_part part)
{
    return part < USER_PART__MAX ? user_part_name(part) : "password";
}

void handle_admin_user_create(struct service *service, struct request *request,
                              struct reply *reply)
{
    const struct form_value *password = form_value(request->form, "password");
    struct json_writer writer = json_writer_on(&reply->body);
    enum user_part part = USER_PART__MAX;
    struct user_wish wish;
    struct user_row row;
    enum result result;
    struct reason why;

    if (password->text == NULL) {
        handle_admin_invite(service, request, reply);
        return;
    }
    if (form_value(request->form, "expires")->given) {
        reply_fault(reply, "expires", "it is of an invitation", "only without a password");
        return;
    }
    wish_read(request->form, &wish);
    wish.parts[USER_PART_ACTIVE] = "true";
    result =
        user_create(&service->home, &wish, password->text, password->len, &row, &part, &why);
    if (result == RESULT_OK) {
        admin_location(reply, "users", row.id);
        show_user(&writer, &row);
    } else {
        refuse(reply, &form_admin_user_create, field_of(part), result, &why);
    }
}

void handle_admin_user_set(struct service *service, struct request *request,
                           struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    enum user_part part = USER_PART__MAX;
    struct user_wish wish;
    struct user_row row;
    enum result result;
    struct reason why;

    if (!wish_read(request->form, &wish)) { /* nothing is said: nothing is changed */
        handle_admin_user(service, request, reply);
        return;
    }
    result = user_set(&service->home, request_variable(request, "id", NULL), &wish, false, &row,
                      &part, &why);
    if (result == RESULT_OK)
        show_user(&writer, &row);
    else
        refuse(reply, &form_admin_user_set, field_of(part), result, &why);
}

void handle_admin_user_delete(struct service *service, struct request *request,
                              struct reply *reply)
{
    struct reason why;
    enum result result =
        user_delete(&service->home, request_variable(request, "id", NULL), false, &why);

    if (result != RESULT_OK)
        refuse(reply, NULL, NULL, result, &why);
}

void handle_admin_user_password(struct service *service, struct request *request,
                                struct reply *reply)
{
    const struct form_value *password = form_value(request->form, "new_password");
    struct reason why;
    enum result result =
        user_password_change(&service->home, request_variable(request, "id", NULL),
                             password->text, password->len, NULL, &why);

    if (result != RESULT_OK)
        refuse(reply, &form_admin_password, "new_password", result, &why);
}

void handle_admin_user_logout(struct service *service, struct request *request,
                              struct reply *reply)
{
    const char *id = request_variable(request, "id", NULL);
    struct user_row row;
    struct reason why;
    enum result result = user_row_get(service->home.db, id, &row, &why);

    if (result == RESULT_OK)
        result = session_end_all(&service->home, id, &why);
    if (result != RESULT_OK)
        refuse(reply, NULL, NULL, result, &why);
}
