/*
 * handle_me.c: what users see of themselves and may change: names, password, sessions.
 *
 * Everything else that is said of a user (role, models, tier, whether active) is not in the
 * forms, so that who sends it is refused (422) and nothing is passed over in silence.
 */
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "gate/login.h"
#include "gate/password.h"
#include "gate/session.h"
#include "gate/user.h"
#include "http/handlers.h"
#include "http/me.h"
#include "http/route.h"
#include "http/show.h"

enum {
    OLD_PASSWORD_MAX = 1024 /* characters of what no password can be longer than */
};

static const struct form_field profile_fields[] = {
    {"first_name", FORM_TEXT, .min = 1, .max = 100, .help = "First name"},
    {"last_name", FORM_TEXT, .min = 1, .max = 100, .help = "Last name"},
    {"country", FORM_TEXT, .nullable = true, .max = 64, .help = "Country; null for none"},
};

const struct form form_profile = {"Profile", profile_fields,
                                  sizeof(profile_fields) / sizeof(profile_fields[0]), false};

static const struct form_field password_fields[] = {
    {"password", FORM_SECRET, .required = true, .max = OLD_PASSWORD_MAX,
     .help = "The password as it is"},
    {"new_password", FORM_SECRET, .required = true, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
     .help = "A password that is none of the commonest; any characters"},
};

const struct form form_password = {"PasswordChange", password_fields,
                                   sizeof(password_fields) / sizeof(password_fields[0]), false};

/* ---- the profile ---- */

void handle_me(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct user_row row;

    if (me_user_read(service, request, &row, reply))
        show_user(&writer, &row);
}

/* What is wanted of a text; null makes it empty. */
static const char *wished(const struct request *request, const char *name)
{
    const struct form_value *value = form_value(request->form, name);

    return value->null ? "" : value->text;
}

void handle_me_set(struct service *service, struct request *request, struct reply *reply)
{
    const struct user_wish wish = {{
        [USER_PART_FIRST_NAME] = wished(request, "first_name"),
        [USER_PART_LAST_NAME] = wished(request, "last_name"),
        [USER_PART_COUNTRY] = wished(request, "country"),
    }};
    struct json_writer writer = json_writer_on(&reply->body);
    enum user_part part = USER_PART__MAX;
    struct user_row row;
    enum result result;
    struct reason why;

    result = user_set(&service->home, request->caller.user, &wish, false, &row, &part, &why);
    if (result == RESULT_OK)
        show_user(&writer, &row);
    else
        me_refuse(request, reply, result, part < USER_PART__MAX ? user_part_name(part) : "",
                  &why);
}

/* ---- the password ---- */

/*
 * Whether the old password is right, under the throttle of logins.  False with the refusal
 * written: not 401, by which clients would take their token for void.
 */
static bool password_prove(struct service *service, const struct request *request,
                           const struct user_row *row, struct reply *reply)
{
    const struct form_value *password = form_value(request->form, "password");
    struct login_try tried = {.username = row->username,
                              .password = password->text,
                              .password_len = password->len,
                              .from = request->from,
                              .proof_alone = true};
    struct login_done done;
    enum result result;
    struct reason why;

    text_copy(tried.address, sizeof(tried.address), request->address);
    result = login_password(&service->home, &tried, &done, &why);
    if (result == RESULT_OK && done.verdict == LOGIN_RIGHT)
        return true;
    if (result == RESULT_BUSY) {
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "Too many passwords are looked at just now. Try again.");
    } else if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
    } else if (done.verdict == LOGIN_EARLY) {
        reply_refuse(reply, REPLY_LIMITED,
                     "Too many wrong passwords: nobody has looked at this one. Try again "
                     "later.");
        reply_retry_after(reply, done.wait_s);
    } else {
        reply_refuse(reply, REPLY_FORBIDDEN, "The password as it is (password) is not right.");
    }
    return false;
}

void handle_me_password(struct service *service, struct request *request, struct reply *reply)
{
    const struct form_value *new = form_value(request->form, "new_password");
    struct user_row row;
    enum result result;
    struct reason why;

    if (!me_user_read(service, request, &row, reply) ||
        !password_prove(service, request, &row, reply))
        return;
    result = user_password_change(&service->home, row.id, new->text, new->len,
                                  request->caller.session, &why);
    if (result == RESULT_MISSING)
        me_refuse_gone(reply);
    else if (result != RESULT_OK)
        me_refuse(request, reply, result, "new_password", &why);
}

/* ---- sessions ---- */

/* A user's sessions while they are listed, or looked through for one. */
struct session_list {
    const struct request *request;
    struct json_writer *writer;
    const char *wanted; /* the id, or the beginning of it that is shown */
    char found[SESSION_ID_LEN + 1];
};

static void session_add(void *arg, const struct session_row *row)
{
    struct session_list *list = arg;

    if (row->expires_at > list->request->wall_us / 1000000)
        show_session(list->writer, row, strcmp(row->id, list->request->caller.session) == 0);
}

void handle_me_sessions(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct session_list list = {.request = request, .writer = &writer};
    enum result result;
    struct reason why;

    json_write_object(&writer);
    json_write_key(&writer, "sessions");
    json_write_array(&writer);
    result = session_row_list(service->home.db, request->caller.user, session_add, &list, &why);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

static void session_match(void *arg, const struct session_row *row)
{
    struct session_list *list = arg;

    if (strncmp(row->id, list->wanted, SHOW_SESSION_LEN) == 0 &&
        (list->wanted[SHOW_SESSION_LEN] == '\0' || strcmp(row->id, list->wanted) == 0))
        text_copy(list->found, sizeof(list->found), row->id);
}

void handle_me_session_end(struct service *service, struct request *request,
                           struct reply *reply)
{
    size_t len;
    struct session_list list = {.request = request,
                                .wanted = request_variable(request, "id", &len)};
    enum result result = RESULT_OK;
    struct reason why;

    if (len >= SHOW_SESSION_LEN)
        result = session_row_list(service->home.db, request->caller.user, session_match, &list,
                                  &why);
    if (result == RESULT_OK && list.found[0] != '\0')
        result = session_end(&service->home, list.found, &why);
    else if (result == RESULT_OK)
        result = RESULT_MISSING;
    if (result == RESULT_MISSING)
        reply_refuse(reply, REPLY_NOT_FOUND, "There is no such session.");
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}
