/*
 * cmd_key.c: forestgate key: create, list, show, set, rotate, revoke.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "cmd/key_show.h"
#include "cmd/key_usage.h"
#include "gate/key.h"
#include "gate/user.h"

/* The options that say what a key is to be. */
static const struct {
    const char *option;
    bool repeats;
} parts[KEY_PART__MAX] = {
    [KEY_PART_OWNER] = {"--user", false},      [KEY_PART_NAME] = {"--name", false},
    [KEY_PART_MODELS] = {"--models", false},   [KEY_PART_TIER] = {"--tier", false},
    [KEY_PART_SCOPES] = {"--scopes", false},   [KEY_PART_ADDRESSES] = {"--addresses", true},
    [KEY_PART_RATES] = {"--rate", true},       [KEY_PART_QUOTAS] = {"--quota", true},
    [KEY_PART_EXPIRES] = {"--expires", false}, [KEY_PART_METADATA] = {"--metadata", false},
};

/* What the command line wishes, and the texts that were put together for it. */
struct wish {
    struct key_wish key;
    struct buf joined[KEY_PART__MAX];
};

/* From a part on: whose a key is cannot be said of one that is there. */
static enum result wish_read(const struct option_set *set, enum key_part first,
                             struct wish *wish, struct reason *why)
{
    memset(wish, 0, sizeof(*wish));
    for (enum key_part i = first; i < KEY_PART__MAX; i++) {
        wish->key.parts[i] = parts[i].repeats
                                 ? cli_option_join(set, parts[i].option, &wish->joined[i])
                                 : option_value_at(set, parts[i].option, 0);
        if (buf_failed(&wish->joined[i]))
            return reason_set(why, RESULT_NOMEM, "out of memory");
    }
    return key_wish_check(&wish->key, why);
}

static void wish_free(struct wish *wish)
{
    for (size_t i = 0; i < KEY_PART__MAX; i++)
        buf_free(&wish->joined[i]);
}

/*
 * Prints a new key, alone or in its object.  What cannot be read of it any more is left
 * out: the key is shown in any case, since it cannot be later.
 */
static int print_new(const struct option_set *set, struct home *home, const char *key,
                     const struct key_row *row)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    struct key_more more;

    if (option_given(set, "--json")) {
        bool read = key_more_get(home->db, row->id, &more, NULL) == RESULT_OK;

        json_write_object(&writer);
        key_show_json(&writer, row, read ? &more : NULL);
        json_member_string(&writer, "key", key);
        json_write_object_end(&writer);
    } else {
        buf_puts(&text, key);
        cli_note("The key is shown this once; keep it. It goes in the X-API-Key header.\n");
    }
    return cli_print(&text);
}

static int run_create(const struct option_set *set)
{
    char key[KEY_TEXT_LEN + 1];
    enum result result;
    struct key_row row;
    struct reason why;
    struct home home;
    struct wish wish;
    int status;

    if (option_value(set, "--name") == NULL) {
        reason_set(&why, RESULT_INVALID, "--name is needed: what the key is for");
        return cli_misuse(&why);
    }
    if (wish_read(set, KEY_PART_OWNER, &wish, &why) != RESULT_OK) {
        wish_free(&wish);
        return cli_misuse(&why);
    }
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_create(&home, &wish.key, key, &row, NULL, &why);
    status = result == RESULT_OK ? print_new(set, &home, key, &row) : cli_fail(&why);
    secret_wipe(key, sizeof(key));
    cli_home_close(&home);
    wish_free(&wish);
    return status;
}

/* The list of keys while it is made; result is of what is read beside the rows. */
struct listing {
    struct cli_list list;
    struct db *db;
    enum result result;
    struct reason *why;
};

static void list_row(void *arg, const struct key_row *row)
{
    struct listing *listing = arg;
    struct cli_list *list = &listing->list;
    struct key_more more;

    if (listing->result == RESULT_OK)
        listing->result = key_more_get(listing->db, row->id, &more, listing->why);
    if (listing->result != RESULT_OK)
        return;
    if (!list->json) {
        key_show_line(&list->text, row, &more);
        return;
    }
    json_write_object(&list->writer);
    key_show_json(&list->writer, row, &more);
    json_write_object_end(&list->writer);
}

/* All keys, or those of one user. */
static enum result keys_read(const struct option_set *set, struct home *home,
                             struct listing *listing, struct reason *why)
{
    const char *name = option_value(set, "--user");
    struct user_row user;
    enum result result;

    if (name == NULL)
        return key_row_list(home->db, list_row, listing, why);
    result = user_find(home, name, &user, why);
    if (result == RESULT_OK)
        result = key_row_list_of(home->db, user.id, list_row, listing, why);
    return result;
}

static int run_list(const struct option_set *set)
{
    struct listing listing = {.result = RESULT_OK};
    enum result result;
    struct reason why;
    struct home home;

    cli_list_start(&listing.list, set, key_show_head);
    listing.list.hint =
        "there is no such key; make one with: forestgate key create --name NAME";
    result = cli_home_open(set, &home, &why);
    listing.db = home.db;
    listing.why = &why;
    if (result == RESULT_OK)
        result = cli_calls_bring_in(&home, &why);
    if (result == RESULT_OK)
        result = keys_read(set, &home, &listing, &why);
    if (result == RESULT_OK)
        result = listing.result;
    return cli_home_end(&home, cli_list_end(&listing.list, result, &why));
}

static enum result shown_read(struct home *home, const char *id, struct key_shown *key,
                              struct reason *why)
{
    enum result result = key_row_get(home->db, id, &key->row, why);

    if (result == RESULT_OK)
        result = key_more_get(home->db, id, &key->more, why);
    return result;
}

static void shown_print(const struct option_set *set, const struct key_shown *key,
                        const struct key_usage *usage, struct buf *text)
{
    struct json_writer writer = json_writer_on(text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        key_show_json(&writer, &key->row, &key->more);
        key_usage_json(&writer, usage);
        json_write_object_end(&writer);
    } else {
        key_show_text(text, key);
        key_usage_text(text, usage);
    }
}

static int run_show(const struct option_set *set)
{
    struct buf text = {0};
    char id[KEY_ID_LEN + 1];
    struct key_usage usage;
    struct key_shown key;
    enum result result;
    struct reason why;
    struct home home;

    if (key_id_read(set->operands[0], id, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_usage_read(&home, id, &usage, &why);
    if (result == RESULT_OK)
        result = shown_read(&home, id, &key, &why);
    if (result == RESULT_OK)
        shown_print(set, &key, &usage, &text);
    return cli_home_end(&home, cli_answer(&text, result, &why));
}

/* Some option that changes the key must be there. */
static enum result change_check(const struct key_wish *wish, struct reason *why)
{
    for (size_t i = 0; i < KEY_PART__MAX; i++)
        if (wish->parts[i] != NULL)
            return RESULT_OK;
    return reason_set(why, RESULT_INVALID,
                      "there is nothing to change; give --name, --tier, --models, --scopes, "
                      "--addresses, --rate, --quota, --expires or --metadata");
}

static int print_changed(const struct option_set *set, struct home *home, const char *id)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    struct key_shown key;
    struct reason why;

    if (!option_given(set, "--json")) {
        buf_printf(&text, "key %s is changed: every worker goes by it", id);
        return cli_tell(set, &text);
    }
    if (shown_read(home, id, &key, &why) != RESULT_OK)
        return cli_fail(&why);
    json_write_object(&writer);
    key_show_json(&writer, &key.row, &key.more);
    json_write_object_end(&writer);
    return cli_print(&text);
}

static int run_set(const struct option_set *set)
{
    char id[KEY_ID_LEN + 1];
    enum result result;
    struct key_row row;
    struct reason why;
    struct home home;
    struct wish wish;
    int status;

    result = wish_read(set, KEY_PART_NAME, &wish, &why);
    if (result == RESULT_OK)
        result = change_check(&wish.key, &why);
    if (result == RESULT_OK)
        result = key_id_read(set->operands[0], id, &why);
    if (result != RESULT_OK) {
        wish_free(&wish);
        return cli_misuse(&why);
    }
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_set(&home, id, &wish.key, &row, NULL, &why);
    status = result == RESULT_OK ? print_changed(set, &home, id) : cli_fail(&why);
    cli_home_close(&home);
    wish_free(&wish);
    return status;
}

static enum result overlap_read(const struct option_set *set, int64_t *overlap,
                                struct reason *why)
{
    const char *text = option_value(set, "--overlap");

    if (clock_duration_parse(text, overlap))
        return RESULT_OK;
    return reason_set(
        why, RESULT_INVALID,
        "--overlap: \"%.40s\" is not allowed; allowed: a number with s, m, h, d or "
        "w behind it, such as 1h",
        text);
}

static void tell_of_old(const struct key_row *row, bool older_ended)
{
    char until[20];

    cli_time_print(until, row->before_until);
    if (older_ended)
        cli_note("The secret before the last one was still good, and has ended now.\n");
    if (row->before_until != 0)
        cli_note("The secret that it replaces holds until %s UTC.\n", until);
    else
        cli_note("The secret that it replaces has ended now.\n");
}

static int run_rotate(const struct option_set *set)
{
    char key[KEY_TEXT_LEN + 1], id[KEY_ID_LEN + 1];
    bool older_ended = false;
    enum result result;
    struct key_row row;
    struct reason why;
    struct home home;
    int64_t overlap;
    int status;

    if (key_id_read(set->operands[0], id, &why) != RESULT_OK ||
        overlap_read(set, &overlap, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_rotate(&home, id, overlap, key, &row, &older_ended, &why);
    if (result == RESULT_OK) {
        status = print_new(set, &home, key, &row);
        tell_of_old(&row, older_ended);
    } else {
        status = cli_fail(&why);
    }
    secret_wipe(key, sizeof(key));
    cli_home_close(&home);
    return status;
}

static int run_revoke(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    char id[KEY_ID_LEN + 1];
    struct key_row row;
    int status;
    enum result result;
    struct reason why;
    struct home home;

    if (key_id_read(set->operands[0], id, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = key_row_get(home.db, id, &row, &why);
    if (result == RESULT_OK && row.revoked_at == 0 &&
        !ask_meant(set, &status, "end key %s (%s), at once and for good", id, row.name))
        return cli_home_end(&home, status);
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
    return cli_home_end(&home, cli_told(set, &text, result, &why));
}

/* The same of a new key and of one that is changed, but for what is so if nothing is said. */
#define PART_OPTIONS(models, tier, scopes)                                                     \
    {"--name", "NAME", "what the key is for", NULL},                                           \
        {"--tier", "TIER", "the tier whose limits it has", tier},                              \
        {"--models", "A,B", "the models that it may use; * is all", models},                   \
        {"--scopes", "A,B", "what it is for, of predict, jobs, read, admin, metrics", scopes}, \
        {"--addresses", "CIDR...", "where it may come from; empty is anywhere", NULL},         \
        {"--rate", "N/TIME...", "so often in any such time, for the tier's rates", NULL},      \
        {"--quota", "N/PERIOD...", "so much a day or month, for the tier's", NULL},            \
        {"--expires", "TIME", "how long it holds from now, such as 30d; or never", NULL},      \
    {                                                                                          \
        "--metadata", "OBJECT", "a JSON object of your own, of up to 4 KB", NULL               \
    }

static const struct option_row create_options[] = {
    {"--user", "USER", "whose it is, by e-mail address or id; it has that one's tier", NULL},
    PART_OPTIONS(KEY_DEFAULT_MODELS, KEY_DEFAULT_TIER, KEY_DEFAULT_SCOPES),
    CLI_COMMON_OPTIONS,
};

static const struct option_row set_options[] = {
    PART_OPTIONS(NULL, NULL, NULL),
    CLI_COMMON_OPTIONS,
};

static const struct option_row rotate_options[] = {
    {"--overlap", "TIME", "how long the secret before holds too, such as 1h", "0s"},
    CLI_COMMON_OPTIONS,
};

static const struct option_row list_options[] = {
    {"--user", "USER", "only the keys of this user, by e-mail address or id", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

static const struct option_row revoke_options[] = {ASK_OPTIONS, CLI_COMMON_OPTIONS};

const struct cli_command cmd_key_commands[] = {
    {"key", "create", "", 0, create_options, run_create, "make a key; it is shown once",
     "  forestgate key create --name partner --models iris --expires 30d\n"
     "  forestgate key create --name lab --tier free --addresses 10.0.0.0/8\n"},
    {"key", "list", "", 0, list_options, run_list, "list the keys", "  forestgate key list\n"},
    {"key", "show", "ID", 1, plain_options, run_show, "show one key",
     "  forestgate key show 4hT0aYb2Zq9c\n"},
    {"key", "set", "ID", 1, set_options, run_set, "change what is given of a key",
     "  forestgate key set 4hT0aYb2Zq9c --tier premium --expires never\n"
     "  forestgate key set 4hT0aYb2Zq9c --rate 5/60s --quota 1000/day\n"},
    {"key", "rotate", "ID", 1, rotate_options, run_rotate,
     "give a key a new secret; it is shown once",
     "  forestgate key rotate 4hT0aYb2Zq9c --overlap 1h\n"},
    {"key", "revoke", "ID", 1, revoke_options, run_revoke, "end a key, at once",
     "  forestgate key revoke 4hT0aYb2Zq9c\n"},
    {0},
};
