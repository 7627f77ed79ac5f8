/*
 * handle_auth.c: becoming a user, logging in, going on and logging out.
 *
 * What was tried and how it went is told in one way, whoever it was: an unknown user and a
 * wrong password have the same answer to the byte, but for the request's id and time.
 */
#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/login.h"
#include "gate/password.h"
#include "gate/throttle.h"
#include "gate/token.h"
#include "gate/user.h"
#include "http/handlers.h"
#include "http/route.h"
#include "http/show.h"

enum {
    WAITING_MAX = 1000, /* accounts that were made here and never let in */
    WAITING_RETRY_S = 3600,
    LOGIN_TEXT_MAX = 1024 /* characters of what no login can be longer than */
};

/* What was tried too often, and is named to the client as a policy. */
static void refuse_early(struct reply *reply, const char *policy, const char *what,
                         int64_t wait_s)
{
    struct json_writer writer;

    reply_refuse(reply, REPLY_LIMITED, "%s Try again in %lld s.", what, (long long)wait_s);
    writer = json_writer_on(&reply->policies);
    json_write_string(&writer, policy);
    reply_retry_after(reply, wait_s);
}

/* ---- registration ---- */

static const struct form_field create_fields[] = {
    {"username", FORM_TEXT, .required = true, .min = 3, .max = USER_USERNAME_MAX,
     .help = "An e-mail address, which is the name to log in by"},
    {"first_name", FORM_TEXT, .required = true, .min = 1, .max = 100, .help = "First name"},
    {"last_name", FORM_TEXT, .required = true, .min = 1, .max = 100, .help = "Last name"},
    {"country", FORM_TEXT, .nullable = true, .max = 64, .help = "Country, if you like"},
    {"password", FORM_SECRET, .required = true, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
     .help = "A password that is none of the commonest; any characters"},
    {"invitation", FORM_SECRET, .nullable = true, .max = 128,
     .help = "An invitation, which makes the account active at once"},
};

const struct form form_create = {"Registration", create_fields,
                                 sizeof(create_fields) / sizeof(create_fields[0]), false};

static const char *text_of(const struct request *request, const char *name)
{
    return form_value(request->form, name)->text;
}

/* Whether the address has not made too many by now. */
static bool may_register_from(struct service *service, const struct request *request,
                              struct throttle_attempt *attempt, struct reply *reply)
{
    int64_t wait_s;
    struct reason why;
    enum result result =
        throttle_register(&service->home, &request->from, attempt, &wait_s, &why);

    if (result == RESULT_DENIED)
        refuse_early(reply, "registration", "Too many accounts were made from this address.",
                     wait_s);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

/* Whether accounts may be made without an invitation now.  False with the refusal written. */
static bool may_register(struct service *service, const struct request *request,
                         struct throttle_attempt *attempt, struct reply *reply)
{
    int64_t waiting = 0;
    enum result result;
    struct reason why;

    if (service->home.config.registration != CONFIG_REGISTRATION_OPEN) {
        reply_refuse(reply, REPLY_FORBIDDEN,
                     service->home.config.registration == CONFIG_REGISTRATION_CLOSED
                         ? "Registration is closed here: an administrator makes accounts."
                         : "Registration here needs an invitation from an administrator.");
        return false;
    }
    result = user_waiting(service->home.db, &waiting, &why);
    if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
    } else if (waiting >= WAITING_MAX) {
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "Too many accounts wait for an administrator. Try again later.");
        buf_clear(&reply->headers, 0);
        reply_retry_after(reply, WAITING_RETRY_S);
    }
    return result == RESULT_OK && waiting < WAITING_MAX &&
           may_register_from(service, request, attempt, reply);
}

/* Too many passwords at once: nothing was counted, and it may be tried again. */
static void refuse_busy(struct reply *reply)
{
    reply_refuse(reply, REPLY_UNAVAILABLE,
                 "Too many passwords are looked at just now. Try again.");
}

/* What is wrong with a part that is not in the form is no fault of whoever filled it in. */
static void refuse_create(struct reply *reply, enum result result, enum user_part part,
                          const struct reason *why)
{
    const char *field = part < USER_PART__MAX ? user_part_name(part) : "password";
    char allowed[256];

    form_print_allowed_of(&form_create, field, allowed, sizeof(allowed));
    if (allowed[0] != '\0' && (result == RESULT_INVALID || result == RESULT_TOO_BIG)) {
        reply_fault(reply, field, why->text, allowed);
    } else if (result == RESULT_EXISTS) {
        reply_refuse(reply, REPLY_CONFLICT, "There is an account of this username already.");
    } else if (result == RESULT_DENIED) {
        reply_refuse(reply, REPLY_FORBIDDEN,
                     "This invitation does not hold: it was used, has ended, is for somebody "
                     "else, or never was one.");
    } else if (result == RESULT_BUSY) {
        refuse_busy(reply);
    } else {
        reply_refuse_result(reply, result, why);
    }
}

void handle_create(struct service *service, struct request *request, struct reply *reply)
{
    const struct form_value *password = form_value(request->form, "password");
    const struct form_value *invitation = form_value(request->form, "invitation");
    struct user_wish wish = {{
        [USER_PART_USERNAME] = text_of(request, "username"),
        [USER_PART_FIRST_NAME] = text_of(request, "first_name"),
        [USER_PART_LAST_NAME] = text_of(request, "last_name"),
        [USER_PART_COUNTRY] = text_of(request, "country"),
    }};
    bool invited = invitation->text != NULL && invitation->len > 0;
    enum user_part part = USER_PART__MAX;
    struct throttle_attempt attempt = {.count = 0};
    struct json_writer writer;
    struct user_row row;
    enum result result;
    struct reason why;

    if (!invited && !may_register(service, request, &attempt, reply))
        return;
    if (invited) {
        result = invitation_accept(&service->home, invitation->text, invitation->len, &wish,
                                   password->text, password->len, &row, &part, &why);
    } else {
        wish.parts[USER_PART_ACTIVE] = "false";
        result = user_create(&service->home, &wish, password->text, password->len, &row, &part,
                             &why);
    }
    if (result == RESULT_BUSY && attempt.count > 0 &&
        throttle_withdraw(&service->home, &attempt, NULL) != RESULT_OK)
        log_message("a registration that nobody has looked at stays counted");
    if (result != RESULT_OK) {
        refuse_create(reply, result, part, &why);
        return;
    }
    writer = json_writer_on(&reply->body);
    show_user(&writer, &row);
}

/* ---- logging in ---- */

static const struct form_field token_fields[] = {
    {"grant_type", FORM_TEXT, .max = 64, .help = "password, which none is too; refresh_token"},
    {"username", FORM_TEXT, .max = LOGIN_TEXT_MAX, .help = "With password: the e-mail address"},
    {"password", FORM_SECRET, .max = LOGIN_TEXT_MAX, .help = "With password: the password"},
    {"refresh_token", FORM_SECRET, .max = SESSION_REFRESH_MAX,
     .help = "With refresh_token: the one that was answered last, which holds once"},
    {"scope", FORM_TEXT, .nullable = true, .help = "Passed over"},
    {"client_id", FORM_TEXT, .nullable = true, .help = "Passed over"},
    {"client_secret", FORM_SECRET, .nullable = true, .help = "Passed over"},
};

const struct form form_token = {"TokenRequest", token_fields,
                                sizeof(token_fields) / sizeof(token_fields[0]), true};

static const struct form_field login_fields[] = {
    {"username", FORM_TEXT, .required = true, .max = LOGIN_TEXT_MAX,
     .help = "The e-mail address"},
    {"password", FORM_SECRET, .required = true, .max = LOGIN_TEXT_MAX, .help = "The password"},
};

const struct form form_login = {"Login", login_fields,
                                sizeof(login_fields) / sizeof(login_fields[0]), false};

/* Writes a session's tokens; token_name is what the access token is called. */
static void tokens_write(struct service *service, const struct request *request,
                         const struct session_row *session, const char *refresh,
                         const char *token_name, struct reply *reply)
{
    int64_t now = request->wall_us / 1000000, lifetime = tokens_lifetime(service->tokens);
    int64_t left = session->expires_at - now;
    struct buf token = {0};
    struct json_writer writer;
    struct reason why;
    enum result result =
        token_issue(service->tokens, session->user, session->id, now, &token, &why);

    if (result == RESULT_OK && buf_failed(&token))
        result = reason_set(&why, RESULT_NOMEM, "no memory for a token");
    if (result != RESULT_OK) {
        reply_refuse_result(reply, result, &why);
    } else {
        writer = json_writer_on(&reply->body);
        json_write_object(&writer);
        json_member_string(&writer, token_name, token.data);
        json_member_string(&writer, "token_type", "bearer");
        json_member_u64(&writer, "expires_in", (uint64_t)(lifetime < left ? lifetime : left));
        json_member_string(&writer, "refresh_token", refresh);
        json_write_object_end(&writer);
        reply_header(reply, "Pragma", "no-cache"); /* RFC 6749, section 5.1 */
    }
    secret_buf_free(&token);
}

/* The one answer for all that does not log in; OAuth has a word of its own for it. */
static void refuse_grant(struct request *request, struct reply *reply, const char *detail)
{
    request->refused_credential = true;
    reply_refuse(reply, REPLY_UNAUTHORIZED, "%s", detail);
    if (request->route->body == ROUTE_BODY_OAUTH)
        reply_error_word(reply, "invalid_grant");
}

static void login(struct service *service, struct request *request, const char *token_name,
                  struct reply *reply)
{
    const struct form_value *password = form_value(request->form, "password");
    struct login_try tried = {.username = text_of(request, "username"),
                              .password = password->text,
                              .password_len = password->len,
                              .from = request->from};
    struct login_done done;
    enum result result;
    struct reason why;

    text_copy(tried.address, sizeof(tried.address), request->address);
    result = login_password(&service->home, &tried, &done, &why);
    if (result == RESULT_BUSY)
        refuse_busy(reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else if (done.verdict == LOGIN_EARLY)
        refuse_early(reply, "login", "Too many logins have failed.", done.wait_s);
    else if (done.verdict == LOGIN_INACTIVE)
        reply_refuse(reply, REPLY_FORBIDDEN,
                     "This account is not active: an administrator has to let it in.");
    else if (done.verdict == LOGIN_WRONG)
        refuse_grant(request, reply, "The username or the password is not right.");
    else
        tokens_write(service, request, &done.session, done.refresh, token_name, reply);
    secret_wipe(done.refresh, sizeof(done.refresh));
}

void handle_login(struct service *service, struct request *request, struct reply *reply)
{
    login(service, request, "token", reply);
}

static void refresh(struct service *service, struct request *request, struct reply *reply)
{
    const struct form_value *token = form_value(request->form, "refresh_token");
    char next[SESSION_REFRESH_MAX + 1];
    struct session_row session;
    enum result result;
    struct reason why;

    result = session_refresh(&service->home, token->text, token->len, &session, next, &why);
    if (result == RESULT_OK)
        tokens_write(service, request, &session, next, "access_token", reply);
    else if (result == RESULT_DENIED)
        refuse_grant(request, reply, "The refresh token does not hold.");
    else
        reply_refuse_result(reply, result, &why);
    secret_wipe(next, sizeof(next));
}

static void refuse_request(struct reply *reply, const char *missing)
{
    reply_refuse(reply, REPLY_MALFORMED, "%s is missing.", missing);
    reply_error_word(reply, "invalid_request");
}

void handle_token(struct service *service, struct request *request, struct reply *reply)
{
    const char *grant = text_of(request, "grant_type");

    if (grant == NULL || grant[0] == '\0')
        grant = "password"; /* as several clients send it */
    if (strcmp(grant, "refresh_token") == 0) {
        if (text_of(request, "refresh_token") == NULL)
            refuse_request(reply, "refresh_token");
        else
            refresh(service, request, reply);
    } else if (strcmp(grant, "password") != 0) {
        reply_refuse(reply, REPLY_MALFORMED,
                     "This grant_type is not taken; allowed: password, refresh_token.");
        reply_error_word(reply, "unsupported_grant_type");
    } else if (text_of(request, "username") == NULL) {
        refuse_request(reply, "username");
    } else if (text_of(request, "password") == NULL) {
        refuse_request(reply, "password");
    } else {
        login(service, request, "access_token", reply);
    }
}

/* ---- logging out ---- */

static const struct form_field logout_fields[] = {
    {"everywhere", FORM_BOOL, .help = "Ends all of the user's sessions, not this one alone"},
};

const struct form form_logout = {"Logout", logout_fields,
                                 sizeof(logout_fields) / sizeof(logout_fields[0]), false};

void handle_logout(struct service *service, struct request *request, struct reply *reply)
{
    bool everywhere = form_value(request->form, "everywhere")->truth;
    struct reason why;
    enum result result = everywhere
                             ? session_end_all(&service->home, request->caller.user, &why)
                             : session_end(&service->home, request->caller.session, &why);

    if (result != RESULT_OK && result != RESULT_MISSING) /* another has ended it: all is well */
        reply_refuse_result(reply, result, &why);
}
