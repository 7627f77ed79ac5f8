/*
 * cmd_invitation.c: forestgate invitation: list, revoke.  They are made by user invite.
 */
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "gate/user.h"
#include "http/show.h"

static void list_row(void *arg, const struct invitation_row *row)
{
    struct cli_list *list = arg;
    char expires[20];

    if (list->json) {
        json_write_object(&list->writer);
        show_invitation_members(&list->writer, row);
        json_write_object_end(&list->writer);
    } else {
        cli_time_print(expires, row->expires_at);
        buf_printf(&list->text, "\n%-12s  %-5s  %-12s  %-16s  %-30s  %s", row->id,
                   user_role_name(row->role), row->tier, expires,
                   row->username[0] != '\0' ? row->username : "-",
                   row->models[0] != '\0' ? row->models : "-");
    }
    cli_list_flush(list);
}

static int run_list(const struct option_set *set)
{
    struct cli_list list;
    enum result result;
    struct reason why;
    struct home home;

    cli_list_start(&list, set,
                   "ID            ROLE   TIER          EXPIRES           FOR"
                   "                             MODELS");
    list.hint = "there is no invitation; make one with: forestgate user invite";
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = invitation_row_list(home.db, list_row, &list, &why);
    return cli_home_end(&home, cli_list_end(&list, result, &why));
}

static int run_revoke(const struct option_set *set)
{
    const char *id = set->operands[0];
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;
    struct home home;
    int status;

    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK &&
        !ask_meant(set, &status, "end invitation %.40s, at once and for good", id))
        return cli_home_end(&home, status);
    if (result == RESULT_OK)
        result = invitation_revoke(&home, id, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "id", id);
        json_member_bool(&writer, "revoked", true);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "invitation %s makes no account any more", id);
    }
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

static const struct option_row revoke_options[] = {ASK_OPTIONS, CLI_COMMON_OPTIONS};

const struct cli_command cmd_invitation_commands[] = {
    {"invitation", "list", "", 0, plain_options, run_list, "list the invitations",
     "  forestgate invitation list\n"},
    {"invitation", "revoke", "ID", 1, revoke_options, run_revoke, "end an invitation, at once",
     "  forestgate invitation revoke 4hT0aYb2Zq9c\n"},
    {0},
};
