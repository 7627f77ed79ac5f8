/*
 * cmd_key.c: forestgate key: create, list, show, revoke.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cli.h"
#include "gate/key.h"

static const char *state_name(const struct key_row *row)
{
    return key_state_name(key_state_at(row, clock_wall_us() / 1000000));
}

/* All that may be shown of a key: never its secret, never its hash. */
static void row_write(struct json_writer *writer, const struct key_row *row)
{
    json_member_string(writer, "id", row->id);
    json_member_string(writer, "name", row->name);
    json_member_string(writer, "state", state_name(row));
    json_member_string(writer, "models", row->models);
    cli_json_time(writer, "created_at", row->created_at);
    cli_json_time(writer, "expires_at", row->expires_at);
    cli_json_time(writer, "revoked_at", row->revoked_at);
}

/* --expires as a time: a duration from now; 0 without one. */
static enum result expiry_read(const struct option_set *set, int64_t *expires_at,
                               struct reason *why)
{
    const char *text = option_value(set, "--expires");
    int64_t seconds;

    *expires_at = 0;
    if (text == NULL)
        return RESULT_OK;
    if (!clock_duration_parse(text, &seconds) || seconds == 0)
        return reason_set(
            why, RESULT_INVALID,
            "--expires: \"%.40s\" is not allowed; allowed: a number with s, m, h, d "
            "or w behind it, such as 30d",
            text);
    *expires_at = clock_wall_us() / 1000000 + seconds;
    return RESULT_OK;
}

static int print_created(const struct option_set *set, const char *key,
                         const struct key_row *row)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        row_write(&writer, row);
        json_member_string(&writer, "key", key);
        json_write_object_end(&writer);
    } else {
        buf_puts(&text, key);
        fputs("The key is shown this once; keep it. It goes in the X-API-Key header.\n",
              stderr);
    }
    return cli_print(&text);
}

static int run_create(const struct option_set *set)
{
    const char *name = option_value(set, "--name");
    char key[KEY_TEXT_LEN + 1];
    enum result result;
    struct key_row row;
    struct reason why;
    struct home home;
    int64_t expires_at;
    int status;

    if (name == NULL) {
        reason_set(&why, RESULT_INVALID, "--name is needed: what the key is for");
        return cli_misuse(&why);
    }
    if (expiry_read(set, &expires_at, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result =
            key_create(&home, name, option_value(set, "--models"), expires_at, key, &row, &why);
    status = result == RESULT_OK ? print_created(set, key, &row) : cli_fail(&why);
    secret_wipe(key, sizeof(key));
    cli_home_close(&home);
    return status;
}

static void list_row(void *arg, const struct key_row *row)
{
    struct cli_list *list = arg;
    char created[20], expires[20];

    if (list->json) {
        json_write_object(&list->writer);
        row_write(&list->writer, row);
        json_write_object_end(&list->writer);
        return;
    }
    cli_time_print(created, row->created_at);
    cli_time_print(expires, row->expires_at);
    buf_printf(&list->text, "\n%-12s  %-8s  %-16s  %-16s  %-20s  %s", row->id, state_name(row),
               created, expires, row->name, row->models);
}

static int run_list(const struct option_set *set)
{
    struct cli_list list;
    enum result result;
    struct reason why;
    struct home home;
    int status;

    cli_list_start(&list, set,
                   "ID            STATE     CREATED           EXPIRES           NAME           "
                   "       MODELS");
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_row_list(home.db, list_row, &list, &why);
    status = cli_list_end(&list, result, &why);
    cli_home_close(&home);
    return status;
}

static void show_text(struct buf *text, const struct key_row *row)
{
    char created[20], expires[20], revoked[20];

    cli_time_print(created, row->created_at);
    cli_time_print(expires, row->expires_at);
    cli_time_print(revoked, row->revoked_at);
    buf_printf(text,
               "id       %s\nname     %s\nstate    %s\nmodels   %s\ncreated  %s\nexpires  "
               "%s\nrevoked  %s",
               row->id, row->name, state_name(row), row->models, created, expires, revoked);
}

static int run_show(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    char id[KEY_ID_LEN + 1];
    enum result result;
    struct key_row row;
    struct reason why;
    struct home home;
    int status;

    if (key_id_read(set->operands[0], id, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_row_get(home.db, id, &row, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        row_write(&writer, &row);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        show_text(&text, &row);
    }
    status = result == RESULT_OK ? cli_print(&text) : cli_fail(&why);
    cli_home_close(&home);
    return status;
}

static int run_revoke(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    char id[KEY_ID_LEN + 1];
    enum result result;
    struct reason why;
    struct home home;
    int status;

    if (key_id_read(set->operands[0], id, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_revoke(&home, id, &why);
    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "id", id);
        json_member_string(&writer, "state", "revoked");
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_printf(&text, "key %s is revoked: no worker admits it any more", id);
    }
    status = result == RESULT_OK ? cli_print(&text) : cli_fail(&why);
    cli_home_close(&home);
    return status;
}

static const struct option_row create_options[] = {
    {"--name", "NAME", "what the key is for", NULL},
    {"--models", "A,B", "the models that it may use; * is all", "*"},
    {"--expires", "TIME", "how long it holds, such as 30d; for ever if not given", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

const struct cli_command cmd_key_commands[] = {
    {"key", "create", "", 0, create_options, run_create, "make a key; it is shown once",
     "  forestgate key create --name partner --models iris --expires 30d\n"},
    {"key", "list", "", 0, plain_options, run_list, "list the keys", "  forestgate key list\n"},
    {"key", "show", "ID", 1, plain_options, run_show, "show one key",
     "  forestgate key show 4hT0aYb2Zq9c\n"},
    {"key", "revoke", "ID", 1, plain_options, run_revoke, "end a key, at once",
     "  forestgate key revoke 4hT0aYb2Zq9c\n"},
    {0},
};
