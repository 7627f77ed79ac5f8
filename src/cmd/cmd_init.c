/*
 * cmd_init.c: forestgate init.
 */

#include <stdio.h>
#include <sys/stat.h>

#include "cmd/cli.h"

/* A directory that root made before stays root's, which no worker will enter. */
static void tell_of_root(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_uid == 0)
        fprintf(
            stderr,
            "forestgate: the home %s belongs to root, and a worker never runs as root: give "
            "it to another user with: chown -R www-data: %s\n",
            path, path);
}

static int run_init(const struct option_set *set)
{
    const char *path = cli_home_path(set);
    struct buf text = {0};
    enum result result;
    struct reason why;
    struct home home;

    result = home_make_directory(path, option_value(set, "--user"), &why);
    if (result == RESULT_OK) {
        result = home_enter(&home, path, DB_CLI, &why);
        if (result == RESULT_OK)
            result = home_make(&why);
        home_leave(&home);
    }
    if (result != RESULT_OK)
        return cli_fail(&why);
    tell_of_root(path);
    if (option_given(set, "--json")) {
        struct json_writer writer = json_writer_on(&text);

        json_write_object(&writer);
        json_member_string(&writer, "home", path);
        json_write_object_end(&writer);
    } else {
        buf_printf(&text, "the home is ready: %s", path);
    }
    return cli_print(&text);
}

static const struct option_row init_options[] = {
    {"--user", "NAME", "whose a new home is, if root makes it: who the workers run as",
     "www-data"},
    CLI_COMMON_OPTIONS,
};

const struct cli_command cmd_init_commands[] = {
    {"init", NULL, "", 0, init_options, run_init, "make a home, or complete and upgrade one",
     "  forestgate init --home var\n"},
    {0},
};
