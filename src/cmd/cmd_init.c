/*
 * cmd_init.c: forestgate init: a home is made, completed, upgraded, and given new secrets.
 */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "cmd/ask.h"
#include "cmd/cli.h"
#include "cmd/terminal.h"
#include "gate/audit.h"
#include "gate/home_place.h"
#include "gate/hook.h"
#include "gate/seal.h"
#include "gate/user.h"

/* A directory that root made before stays root's, which no worker will enter. */
static void tell_of_root(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_uid == 0)
        cli_note(
            "forestgate: the home %s belongs to root, and a worker never runs as root: give "
            "it to another user with: chown -R www-data: %s\n",
            path, path);
}

static enum result rotate_seal(const struct config *config, struct reason *why)
{
    (void)config;
    return seal_file_rotate(HOME_SEAL_KEYS, why);
}

static enum result rotate_token(const struct config *config, struct reason *why)
{
    if (config->token_key[0] != '\0')
        return reason_set(why, RESULT_INVALID,
                          "tokens are signed with %s (token_key): replace that file, which "
                          "every worker sees within a second",
                          config->token_key);
    return secret_file_replace(HOME_TOKEN_SECRET, why);
}

static enum result rotate_webhook(const struct config *config, struct reason *why)
{
    (void)config;
    return hook_secret_rotate(why);
}

/* What can be rotated. */
static const struct rotation {
    const char *name;
    enum result (*rotate)(const struct config *config, struct reason *why);
    const char *would, *done;
} rotations[] = {
    {"seal", rotate_seal, "what the old ones sealed still opens",
     "there is a new sealing key, and what the old ones sealed still opens"},
    {"token", rotate_token, "every access token that was issued ends",
     "there is a new token secret, and every access token is void"},
    {"webhook", rotate_webhook, "who checks signatures has to take it within a day",
     "there are new webhook secrets, and for a day webhooks are signed by the old ones, too"},
};

static const struct rotation *rotation_find(const char *name)
{
    for (size_t i = 0; i < sizeof(rotations) / sizeof(rotations[0]); i++)
        if (strcmp(rotations[i].name, name) == 0)
            return &rotations[i];
    return NULL;
}

/* In the home that was entered; the epoch moves behind it, so that every worker looks. */
static enum result rotate(struct home *home, const struct rotation *rotation,
                          struct reason *why)
{
    const struct audit_note note = {
        .action = "secret.rotate", .target_kind = "secret", .target_id = rotation->name};
    enum result result;
    int lock;

    cli_actor_set(home);
    result = home_lock(DB_CLI, &lock, why);
    if (result != RESULT_OK)
        return result;
    result = home_load_config(home, environ, why);
    if (result == RESULT_OK)
        result = home_open(home, DB_CLI, why);
    if (result == RESULT_OK)
        result = home_change_begin(home, why);
    if (result == RESULT_OK) {
        result = audit_add(home, &note, why);
        if (result == RESULT_OK)
            result = rotation->rotate(&home->config, why);
        result = home_change_end(home, result, why);
    }
    home_close(home);
    home_unlock(lock);
    return result;
}

/* Only a home that is there already can be given a new secret. */
static enum result make_or_rotate(const struct option_set *set, const char *path,
                                  const struct rotation *rotation, struct reason *why)
{
    enum result result = home_place_check(path, why);
    struct home home;

    if (result == RESULT_OK && rotation == NULL)
        result = home_make_directory(path, option_value(set, "--user"), why);
    if (result != RESULT_OK)
        return result;
    result = home_enter(&home, path, DB_CLI, why);
    if (result == RESULT_OK && rotation != NULL && home_part_missing() != NULL)
        result = reason_set(why, RESULT_MISSING,
                            "the home has no %s: complete it with forestgate init, and the "
                            "same --home",
                            home_part_missing());
    if (result == RESULT_OK)
        result = rotation != NULL ? rotate(&home, rotation, why) : home_make(why);
    home_leave(&home);
    return result;
}

/*
 * The way in for the first administrator, who has none yet: an invitation that stands behind
 * the # of a link, where neither a server nor its log sees it.
 */
struct setup {
    bool wanted; /* there is no administrator */
    char text[INVITATION_TEXT_LEN + 1];
};

static enum result setup_create(struct home *home, struct setup *setup, struct reason *why)
{
    const struct invitation_wish wish = {
        .role = "admin", .models = "*", .seconds = INVITATION_SECONDS_SETUP, .setup = true};
    struct invitation_row row;
    enum result result = invitation_create(home, &wish, setup->text, &row, why);

    setup->wanted = result == RESULT_OK;
    return result == RESULT_EXISTS ? RESULT_OK : result;
}

/* With settings that may be wrong still, of which it needs none. */
static enum result setup_make(const char *path, struct setup *setup, struct reason *why)
{
    struct home home;
    enum result result = home_enter(&home, path, DB_CLI, why);

    cli_actor_set(&home);
    config_defaults(&home.config);
    if (result == RESULT_OK)
        result = home_open(&home, DB_CLI, why);
    if (result == RESULT_OK)
        result = setup_create(&home, setup, why);
    home_close(&home);
    home_leave(&home);
    return result;
}

/* Of the characters of a URL, without what would end its path. */
static enum result url_check(const char *url, struct reason *why)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~:/[]@!$&'()*+,;=%";

    if ((strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) &&
        url[strspn(url, characters)] == '\0' && strlen(url) <= 200)
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID,
                      "--url: \"%.40s\" is not allowed; allowed: where the service is, such as "
                      "https://api.example.org",
                      url);
}

static void setup_link(struct buf *text, const char *url, const struct setup *setup)
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    buf_printf(text, "%.*s/setup#%s", (int)len, url, setup->text);
}

static int print_made(const struct option_set *set, const char *path, const struct setup *setup)
{
    struct buf text = {0}, link = {0};
    struct json_writer writer = json_writer_on(&text);
    int status;

    if (setup->wanted)
        setup_link(&link, option_value(set, "--url"), setup);
    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "home", path);
        if (setup->wanted)
            json_member_string(&writer, "setup", link.data);
        json_write_object_end(&writer);
    } else {
        if (!terminal_is_quiet())
            buf_printf(&text, "the home is ready: %s", path);
        if (setup->wanted)
            buf_printf(&text, "%ssetup link: %s", text.len > 0 ? "\n" : "", link.data);
    }
    status = text.len > 0 || buf_failed(&text) ? cli_print(&text) : CLI_DONE;
    secret_buf_free(&link);
    return status;
}

static int print_rotated(const struct option_set *set, const char *path,
                         const struct rotation *rotation)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "home", path);
        json_member_string(&writer, "rotated", rotation->name);
        json_write_object_end(&writer);
    } else {
        buf_puts(&text, rotation->done);
    }
    return cli_tell(set, &text);
}

static int run_init(const struct option_set *set)
{
    const char *path = cli_home_path(set), *what = option_value(set, "--rotate");
    const struct rotation *rotation = what != NULL ? rotation_find(what) : NULL;
    struct setup setup = {.wanted = false};
    enum result result;
    struct reason why;
    int status;

    if (what != NULL && rotation == NULL) {
        reason_set(&why, RESULT_INVALID,
                   "--rotate: \"%.40s\" is not allowed; allowed: seal, token or webhook", what);
        return cli_misuse(&why);
    }
    if (url_check(option_value(set, "--url"), &why) != RESULT_OK)
        return cli_misuse(&why);
    if (rotation == NULL && option_given(set, "--dry-run")) {
        reason_set(&why, RESULT_INVALID, "--dry-run goes with --rotate");
        return cli_misuse(&why);
    }
    if (rotation != NULL &&
        !ask_meant(set, &status, "give the home %s a new secret: %s", path, rotation->would))
        return status;
    result = make_or_rotate(set, path, rotation, &why);
    if (result == RESULT_OK && rotation == NULL)
        result = setup_make(path, &setup, &why);
    if (result != RESULT_OK)
        return cli_fail(&why);
    tell_of_root(path);
    status =
        rotation != NULL ? print_rotated(set, path, rotation) : print_made(set, path, &setup);
    tell_of_root(path);
    secret_wipe(&setup, sizeof(setup));
    return status;
}

static const struct option_row init_options[] = {
    {"--user", "NAME", "whose a new home is, if root makes it: who the workers run as",
     "www-data"},
    {"--url", "URL", "where the service is, for the setup link", "http://127.0.0.1:8080"},
    {"--rotate", "seal|token|webhook", "give the home this secret anew instead", NULL},
    ASK_OPTIONS,
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_init_commands[] = {
    {"init", NULL, "", 0, init_options, run_init, "make a home, or complete and upgrade one",
     "  forestgate init --home var\n"
     "  forestgate init --home var --rotate seal\n"},
    {0},
};
