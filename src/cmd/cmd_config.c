/*
 * cmd_config.c: forestgate config: the settings, as their table has them.
 */
#include <unistd.h>

#include "base/config.h"
#include "cmd/cli.h"
#include "gate/token.h"

static int run_example(const struct option_set *set)
{
    struct buf text = {0};

    (void)set;
    config_print_example(&text);
    if (text.len > 0)
        text.len--; /* the newline, which is printed */
    return cli_print(&text);
}

static int run_manual(const struct option_set *set)
{
    struct buf text = {0};

    (void)set;
    config_print_mdoc(&text);
    if (text.len > 0)
        text.len--;
    return cli_print(&text);
}

/* What the settings say of tokens goes together, and the keys that they name can be used. */
static enum result check_tokens(const struct home *home, struct reason *why)
{
    struct tokens *tokens = NULL;
    enum result result = tokens_open(&home->config, &tokens, why);

    tokens_close(tokens);
    return result;
}

static int run_check(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result;
    struct reason why;
    struct home home;

    result = home_enter(&home, cli_home_path(set), DB_CLI, &why);
    if (result == RESULT_OK)
        result = home_load_config(&home, environ, &why);
    if (result == RESULT_OK)
        result = check_tokens(&home, &why);
    home_leave(&home);
    if (result != RESULT_OK)
        return cli_fail(&why);
    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "state", "good");
        json_write_object_end(&writer);
    } else {
        buf_puts(&text, "the settings are good");
    }
    return cli_tell(set, &text);
}

static const struct option_row config_options[] = {CLI_COMMON_OPTIONS};

const struct cli_command cmd_config_commands[] = {
    {"config", "check", "", 0, config_options, run_check,
     "check the home's settings and the environment's",
     "  forestgate config check --home var\n"},
    {"config", "example", "", 0, config_options, run_example,
     "print an example forestgate.conf", "  forestgate config example > forestgate.conf\n"},
    {"config", "manual", "", 0, config_options, run_manual,
     "print the settings for the manual page, as mdoc",
     "  forestgate config manual >> forestgate.conf.5\n"},
    {0},
};
