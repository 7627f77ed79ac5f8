/*
 * cmd_user.c: forestgate user: create, list, show, set, passwd, delete, invite.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "cmd/password_ask.h"
#include "cmd/user_show.h"
#include "gate/password.h"
#include "gate/user.h"
#include "http/show.h"

/* The options that say what a user is to be; the username is an operand. */
static const char *const parts[USER_PART__MAX] = {
    [USER_PART_FIRST_NAME] = "--first-name",
    [USER_PART_LAST_NAME] = "--last-name",
    [USER_PART_COUNTRY] = "--country",
    [USER_PART_ROLE] = "--role",
    [USER_PART_ACTIVE] = "--active",
    [USER_PART_MODELS] = "--models",
    [USER_PART_TIER] = "--tier",
};

/* yes and no, as a person says them. */
static enum result active_read(const char **text, struct reason *why)
{
    if (*text == NULL)
        return RESULT_OK;
    if (strcmp(*text, "yes") != 0 && strcmp(*text, "no") != 0)
        return reason_set(why, RESULT_INVALID,
                          "--active: \"%.40s\" is not allowed; allowed: yes or no", *text);
    *text = **text == 'y' ? "true" : "false";
    return RESULT_OK;
}

/* What a command that has no such option leaves out is in none of its tables. */
static enum result wish_read(const struct option_set *set, bool is_new, struct user_wish *wish,
                             struct reason *why)
{
    enum result result = RESULT_OK;
    enum user_part part;

    memset(wish, 0, sizeof(*wish));
    for (size_t i = 0; i < USER_PART__MAX; i++)
        if (parts[i] != NULL && !(is_new && i == USER_PART_ACTIVE))
            wish->parts[i] = option_value_at(set, parts[i], 0);
    if (is_new) {
        wish->parts[USER_PART_USERNAME] = set->operands[0];
        wish->parts[USER_PART_ACTIVE] = option_given(set, "--inactive") ? "false" : "true";
    } else {
        result = active_read(&wish->parts[USER_PART_ACTIVE], why);
    }
    return result == RESULT_OK ? user_wish_check(NULL, wish, &part, why) : result;
}

/* The id alone, or the object. */
static int print_user(const struct option_set *set, const struct user_row *row)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json"))
        show_user(&writer, row);
    else
        buf_puts(&text, row->id);
    return cli_print(&text);
}

static enum result created(const struct option_set *set, struct home *home,
                           const struct user_wish *wish, const struct password_asked *password,
                           struct user_row *row, struct reason *why)
{
    enum user_part part;

    if (option_given(set, "--password-hash-stdin"))
        return user_bring(home, wish, password->text, row, &part, why);
    return user_create(home, wish, password->text, password->len, row, &part, why);
}

static int run_create(const struct option_set *set)
{
    bool hash = option_given(set, "--password-hash-stdin");
    bool plain = option_given(set, "--password-stdin");
    struct password_asked password = {.len = 0};
    struct user_wish wish;
    enum result result;
    struct user_row row;
    struct reason why;
    struct home home;

    result = wish_read(set, true, &wish, &why);
    if (result == RESULT_OK && hash && plain)
        result = reason_set(&why, RESULT_INVALID,
                            "--password-stdin and --password-hash-stdin are one too many");
    if (result == RESULT_OK)
        result = password_ask(plain || hash, &password, &why);
    if (result != RESULT_OK) {
        secret_wipe(&password, sizeof(password));
        return cli_misuse(&why);
    }
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = created(set, &home, &wish, &password, &row, &why);
    secret_wipe(&password, sizeof(password));
    return cli_home_end(&home, result == RESULT_OK ? print_user(set, &row) : cli_fail(&why));
}

static void list_row(void *arg, const struct user_row *row)
{
    struct cli_list *list = arg;

    if (list->json)
        show_user(&list->writer, row);
    else
        user_show_line(&list->text, row);
    cli_list_flush(list);
}

static enum result filter_read(const struct option_set *set, char lower[256],
                               struct user_filter *filter, struct reason *why)
{
    const char *search = option_value(set, "--search"), *role = option_value(set, "--role");
    enum user_role found = USER_ROLE__MAX;

    *filter = (struct user_filter){.role = -1, .active = -1, .limit = -1};
    if (role != NULL && !user_role_parse(role, &found))
        return reason_set(why, RESULT_INVALID,
                          "--role: \"%.40s\" is not allowed; allowed: user or admin", role);
    if (role != NULL)
        filter->role = (int)found;
    if (search == NULL)
        return RESULT_OK;
    if (!text_copy_lower(lower, 256, search))
        return reason_set(why, RESULT_INVALID, "--search: that is too long");
    filter->search = lower;
    return RESULT_OK;
}

static int run_list(const struct option_set *set)
{
    struct user_filter filter;
    struct cli_list list;
    enum result result;
    struct reason why;
    struct home home;
    char lower[256];
    int64_t total;

    if (filter_read(set, lower, &filter, &why) != RESULT_OK)
        return cli_misuse(&why);
    cli_list_start(&list, set, user_show_head);
    list.hint = "there is no such user; make one with: forestgate user create EMAIL";
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_row_list(home.db, &filter, list_row, &list, &total, &why);
    return cli_home_end(&home, cli_list_end(&list, result, &why));
}

static int run_show(const struct option_set *set)
{
    struct buf text = {0};
    enum result result;
    struct user_row row;
    struct reason why;
    struct home home;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_find(&home, set->operands[0], &row, &why);
    if (result == RESULT_OK)
        result = option_given(set, "--json") ? user_show_json(&home, &row, &text, &why)
                                             : user_show_text(&home, &row, &text, &why);
    return cli_home_end(&home, cli_answer(&text, result, &why));
}

/* What was done to a user, as a sentence or as the object, or why it could not be done. */
static int print_done(const struct option_set *set, const struct user_row *row,
                      const char *done, enum result result, const struct reason *why)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (result == RESULT_OK && option_given(set, "--json"))
        show_user(&writer, row);
    else if (result == RESULT_OK)
        buf_printf(&text, "user %s %s", row->id, done);
    return cli_told(set, &text, result, why);
}

static enum result change_check(const struct user_wish *wish, struct reason *why)
{
    for (size_t i = 0; i < USER_PART__MAX; i++)
        if (wish->parts[i] != NULL)
            return RESULT_OK;
    return reason_set(why, RESULT_INVALID,
                      "there is nothing to change; give --role, --models, --tier, --active, "
                      "--first-name, --last-name or --country");
}

static int run_set(const struct option_set *set)
{
    struct user_wish wish;
    enum user_part part;
    enum result result;
    struct user_row row;
    struct reason why;
    struct home home;

    result = wish_read(set, false, &wish, &why);
    if (result == RESULT_OK)
        result = change_check(&wish, &why);
    if (result != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_find(&home, set->operands[0], &row, &why);
    if (result == RESULT_OK) {
        char id[USER_ID_LEN + 1];

        memcpy(id, row.id, sizeof(id));
        result = user_set(&home, id, &wish, option_given(set, "--force"), &row, &part, &why);
    }
    return cli_home_end(
        &home, print_done(set, &row, "is changed: every worker goes by it", result, &why));
}

static int run_passwd(const struct option_set *set)
{
    struct password_asked password = {.len = 0};
    enum result result;
    struct user_row row;
    struct reason why;
    struct home home;

    result = password_ask(option_given(set, "--password-stdin"), &password, &why);
    if (result != RESULT_OK) {
        secret_wipe(&password, sizeof(password));
        return cli_misuse(&why);
    }
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_find(&home, set->operands[0], &row, &why);
    if (result == RESULT_OK)
        result = user_password_change(&home, row.id, password.text, password.len, NULL, &why);
    secret_wipe(&password, sizeof(password));
    return cli_home_end(
        &home, print_done(set, &row, "has another password and is logged out", result, &why));
}

static int run_delete(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct user_row row;
    struct reason why;
    struct home home;
    int64_t keys = 0;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = user_find(&home, set->operands[0], &row, &why);
    if (result == RESULT_OK)
        result = key_count_of(home.db, row.id, &keys, &why);
    if (result == RESULT_OK &&
        !ask_meant(set, &status, "delete user %s, with %" PRId64 " key%s and all sessions",
                   row.username, keys, keys == 1 ? "" : "s"))
        return cli_home_end(&home, status);
    if (result == RESULT_OK)
        result = user_delete(&home, row.id, option_given(set, "--force"), &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "id", row.id);
        json_member_bool(&writer, "deleted", true);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "user %s is deleted, and no worker admits a key of it any more",
                   row.id);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

static int print_invitation(const struct option_set *set, const char *invitation,
                            const struct invitation_row *row)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        show_invitation_members(&writer, row);
        json_member_string(&writer, "invitation", invitation);
        json_write_object_end(&writer);
    } else {
        buf_puts(&text, invitation);
        cli_note(
            "The invitation is shown this once, and makes one account: by the page /setup of "
            "the service, as ADDRESS/setup#INVITATION.\n");
    }
    return cli_print(&text);
}

static int run_invite(const struct option_set *set)
{
    struct invitation_wish wish = {
        .username = set->operand_count > 0 ? set->operands[0] : NULL,
        .role = option_value_at(set, "--role", 0),
        .models = option_value_at(set, "--models", 0),
        .tier = option_value_at(set, "--tier", 0),
    };
    const struct user_wish user = {
        {[USER_PART_USERNAME] = wish.username, [USER_PART_ROLE] = wish.role}};
    char text[INVITATION_TEXT_LEN + 1];
    struct invitation_row row;
    enum user_part part;
    enum result result;
    struct reason why;
    struct home home;
    int status;

    result = user_wish_check(NULL, &user, &part, &why);
    if (result == RESULT_OK &&
        (!clock_duration_parse(option_value(set, "--expires"), &wish.seconds) ||
         wish.seconds < INVITATION_SECONDS_MIN || wish.seconds > INVITATION_SECONDS_MAX))
        result = reason_set(&why, RESULT_INVALID,
                            "--expires: \"%.40s\" is not allowed; allowed: from 1m to 365d",
                            option_value(set, "--expires"));
    if (result != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = invitation_create(&home, &wish, text, &row, &why);
    status = result == RESULT_OK ? print_invitation(set, text, &row) : cli_fail(&why);
    secret_wipe(text, sizeof(text));
    cli_home_close(&home);
    return status;
}

#define RIGHTS_OPTIONS(role, tier)                                                    \
    {"--role", "user|admin", "what the user may do", role},                           \
        {"--models", "A,B", "the models that the user may use; * is all", NULL},      \
    {                                                                                 \
        "--tier", "TIER", "the tier whose limits all of the user's calls share", tier \
    }

#define PERSON_OPTIONS                                    \
    {"--first-name", "NAME", "the first name", NULL},     \
        {"--last-name", "NAME", "the last name", NULL},   \
    {                                                     \
        "--country", "NAME", "the country, perhaps", NULL \
    }

static const struct option_row create_options[] = {
    RIGHTS_OPTIONS("user", USER_DEFAULT_TIER),
    PERSON_OPTIONS,
    {"--inactive", NULL, "the user may nothing until that is changed", NULL},
    {"--password-stdin", NULL, "read the password from standard input", NULL},
    {"--password-hash-stdin", NULL, "read a hash of it, of bcrypt or yescrypt, instead", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row list_options[] = {
    {"--search", "TEXT", "only users with this in username, names or id", NULL},
    {"--role", "user|admin", "only users of this role", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row set_options[] = {
    RIGHTS_OPTIONS(NULL, NULL),
    PERSON_OPTIONS,
    {"--active", "yes|no", "whether the user may do anything", NULL},
    {"--force", NULL, "even if no active administrator is left", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row passwd_options[] = {
    {"--password-stdin", NULL, "read the password from standard input", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row delete_options[] = {
    ASK_OPTIONS,
    {"--force", NULL, "even if no active administrator is left", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row invite_options[] = {
    RIGHTS_OPTIONS("user", USER_DEFAULT_TIER),
    {"--expires", "TIME", "how long it holds, from 1m to 365d", "7d"},
    CLI_COMMON_OPTIONS,
};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

const struct cli_command cmd_user_commands[] = {
    {"user", "create", "EMAIL", 1, create_options, run_create, "make a user, active at once",
     "  forestgate user create ann@example.org --models iris --first-name Ann\n"
     "  pass show forestgate | forestgate user create me@example.org --role admin "
     "--password-stdin\n"},
    {"user", "list", "", 0, list_options, run_list, "list the users",
     "  forestgate user list --role admin\n"},
    {"user", "show", "EMAIL|ID", 1, plain_options, run_show,
     "show one user, with keys, sessions and use", "  forestgate user show ann@example.org\n"},
    {"user", "set", "EMAIL|ID", 1, set_options, run_set, "change what is given of a user",
     "  forestgate user set ann@example.org --active no\n"
     "  forestgate user set ann@example.org --models iris,wine --tier premium\n"},
    {"user", "passwd", "EMAIL|ID", 1, passwd_options, run_passwd,
     "give a user another password", "  forestgate user passwd ann@example.org\n"},
    {"user", "delete", "EMAIL|ID", 1, delete_options, run_delete,
     "delete a user, with keys and sessions", "  forestgate user delete ann@example.org\n"},
    {"user", "invite", "[EMAIL]", 1, invite_options, run_invite,
     "make an invitation to an account",
     "  forestgate user invite bob@example.org "
     "--models iris\n"},
    {0},
};
