/*
 * handle_admin_invitations.c: administration: invitations, by which people become users with
 * rights that were chosen for them.
 */
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "gate/user.h"
#include "http/admin.h"
#include "http/handle_admin.h"
#include "http/route.h"
#include "http/show.h"

enum {
    INVITATION_SECONDS = 7 * 86400 /* if nobody says */
};

static const char *const roles[] = {"user", "admin", NULL};

static const struct form_field invite_fields[] = {
    {"username", FORM_TEXT, .nullable = true, .min = 3, .max = USER_USERNAME_MAX,
     .help = "Whom it is for; null for whoever has it"},
    {"role", FORM_TEXT, .choices = roles, .help = "user, or admin, who administers"},
    {"models", FORM_WORDS, .help = "The models for this user: names, or * for all"},
    {"tier", FORM_TEXT, .help = "The tier whose limits all calls of this user count by"},
    {"expires", FORM_TEXT, .max = 16, .help = "How long it holds; 7d if nothing is said"},
};

const struct form form_admin_invite = {"AdminNewInvitation", invite_fields,
                                       sizeof(invite_fields) / sizeof(invite_fields[0]), false};

/* How long it is to hold.  False with the refusal written. */
static bool seconds_read(const struct request *request, int64_t *seconds, struct reply *reply)
{
    const char *text = admin_text(request->form, "expires");

    *seconds = INVITATION_SECONDS;
    if (text == NULL ||
        (clock_duration_parse(text, seconds) && *seconds >= INVITATION_SECONDS_MIN &&
         *seconds <= INVITATION_SECONDS_MAX))
        return true;
    reply_fault(reply, "expires", "it is no time that an invitation holds",
                "from 1m to 365d: a whole number with s, m, h, d or w behind it, such as 7d");
    return false;
}

/* Whether the rights are such as a user can have.  False with the refusal written. */
static bool rights_check(struct service *service, const struct request *request,
                         const struct invitation_wish *wish, struct reply *reply)
{
    const struct user_wish rights = {{
        [USER_PART_USERNAME] = wish->username,
        [USER_PART_ROLE] = wish->role,
        [USER_PART_MODELS] = wish->models,
        [USER_PART_TIER] = wish->tier,
    }};
    struct admin_asked asked = {"user", request->route->form, NULL};
    enum user_part part = USER_PART__MAX;
    struct reason why;
    enum result result = user_wish_check(&service->home, &rights, &part, &why);

    if (result == RESULT_OK)
        return true;
    asked.field = part < USER_PART__MAX ? user_part_name(part) : NULL;
    admin_refuse(reply, &asked, result, &why);
    return false;
}

/* Of a form of its own, or one of a user without a password. */
void handle_admin_invite(struct service *service, struct request *request, struct reply *reply)
{
    const struct admin_asked asked = {"user", request->route->form, NULL};
    struct json_writer writer = json_writer_on(&reply->body);
    struct invitation_wish wish = {
        .username = admin_text(request->form, "username"),
        .role = admin_text(request->form, "role"),
        .models = admin_text(request->form, "models"),
        .tier = admin_text(request->form, "tier"),
    };
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;
    enum result result;
    struct reason why;

    if (!seconds_read(request, &wish.seconds, reply) ||
        !rights_check(service, request, &wish, reply))
        return;
    result = invitation_create(&service->home, &wish, text, &row, &why);
    if (result == RESULT_OK) {
        json_write_object(&writer);
        show_invitation_members(&writer, &row);
        json_member_string(&writer, "invitation", text);
        json_write_object_end(&writer);
    } else {
        admin_refuse(reply, &asked, result, &why);
    }
    secret_wipe(text, sizeof(text));
}

/* The page of a list while it is written. */
struct listing {
    struct json_writer writer;
    struct admin_page page;
    int64_t count; /* so far */
};

static void list_row(void *arg, const struct invitation_row *row)
{
    struct listing *list = arg;
    int64_t at = list->count++;

    if (at < list->page.offset || at - list->page.offset >= list->page.limit)
        return;
    json_write_object(&list->writer);
    show_invitation_members(&list->writer, row);
    json_write_object_end(&list->writer);
}

void handle_admin_invitations(struct service *service, struct request *request,
                              struct reply *reply)
{
    struct listing list = {json_writer_on(&reply->body), admin_page_of(request), 0};
    struct json_writer *writer = &list.writer;
    enum result result;
    struct reason why;

    json_write_object(writer);
    json_write_key(writer, "invitations");
    json_write_array(writer);
    result = invitation_row_list(service->home.db, list_row, &list, &why);
    json_write_array_end(writer);
    admin_page_write(writer, &list.page, list.count);
    json_write_object_end(writer);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}

void handle_admin_invitation_revoke(struct service *service, struct request *request,
                                    struct reply *reply)
{
    const struct admin_asked asked = {.what = "invitation"};
    struct reason why;
    enum result result =
        invitation_revoke(&service->home, request_variable(request, "id", NULL), &why);

    if (result != RESULT_OK)
        admin_refuse(reply, &asked, result, &why);
}
