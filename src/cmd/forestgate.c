/*
 * forestgate.c: the command line program: a noun, then a verb.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/names.h"
#include "cmd/cli.h"
#include "cmd/complete.h"
#include "cmd/help.h"
#include "cmd/nouns.h"
#include "cmd/terminal.h"

/* What is wanted of the terminal has to be known before the first message. */
static enum result wishes_take(const struct option_set *set, struct reason *why)
{
    bool with = option_given(set, "--color"), without = option_given(set, "--no-color");

    if (with && without)
        return reason_set(why, RESULT_INVALID,
                          "--color and --no-color are given; allowed: one of them");
    terminal_want(option_given(set, "--quiet"), with      ? TERMINAL_COLOURS_ON
                                                : without ? TERMINAL_COLOURS_OFF
                                                          : TERMINAL_COLOURS_ASK);
    return RESULT_OK;
}

/* How it is asked rightly, with the first line of the examples. */
static int usage_tell(const struct cli_command *command)
{
    const char *example = command->examples + strspn(command->examples, " ");
    char usage[HELP_USAGE_MAX];
    struct reason why;

    help_usage_print(usage, command);
    reason_set(&why, RESULT_INVALID, "usage: forestgate %s [options], such as: %.*s", usage,
               (int)strcspn(example, "\n\\"), example);
    return cli_misuse(&why);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct option_set set;
    struct reason why;

    for (int i = 0; i < argc; i++)
        if (option_is(argv[i], "--help")) {
            help_command_print(stdout, command);
            return CLI_DONE;
        }
    if (option_parse(argc, argv, command->options, &set, &why) != RESULT_OK ||
        wishes_take(&set, &why) != RESULT_OK)
        return cli_misuse(&why);
    if (set.operand_count > command->operand_count ||
        (set.operand_count < command->operand_count && command->operands[0] != '['))
        return usage_tell(command);
    return command->run(&set);
}

/* One line, so that what is wrong is not lost above a list. */
static int verb_missing(const struct cli_command *commands, const char *verb)
{
    const char *noun = commands[0].noun, *meant = noun_verb_near(commands, verb);
    struct buf verbs = {0};
    struct reason why;

    for (const struct cli_command *command = commands; command->noun != NULL; command++)
        buf_printf(&verbs, "%s%s", verbs.len > 0 ? ", " : "", command->verb);
    if (meant != NULL)
        reason_set(&why, RESULT_INVALID,
                   "%s has no verb \"%.80s\"; did you mean: forestgate %s %s", noun, verb, noun,
                   meant);
    else
        reason_set(&why, RESULT_INVALID,
                   "%s has no verb \"%.80s\"; it has: %s; see: forestgate %s --help", noun,
                   verb, buf_failed(&verbs) ? "" : verbs.data, noun);
    buf_free(&verbs);
    return cli_misuse(&why);
}

static int run_noun(const struct cli_command *commands, int argc, char **argv)
{
    const struct cli_command *command;

    if (commands[0].verb == NULL)
        return run(&commands[0], argc, argv);
    if (argc == 0) {
        help_noun_print(stderr, commands);
        return CLI_USAGE;
    }
    if (option_is(argv[0], "--help")) {
        help_noun_print(stdout, commands);
        return CLI_DONE;
    }
    command = noun_verb(commands, argv[0]);
    return command != NULL ? run(command, argc - 1, argv + 1) : verb_missing(commands, argv[0]);
}

/* "list keys" is meant as "key list"; else it is the noun that is misspelt. */
static int noun_missing(const char *typed, const char *next)
{
    const char *meant = noun_near(typed), *noun = next != NULL ? noun_near(next) : NULL;
    struct buf known = {0};
    struct reason why;

    for (size_t i = 0; i < nouns_count; i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", nouns[i].commands[0].noun);
    if (typed[0] == '-')
        reason_set(&why, RESULT_INVALID,
                   "there is no command behind %.80s; see: forestgate --help", typed);
    else if (noun != NULL && noun_verb(noun_find(noun), typed) != NULL)
        reason_set(&why, RESULT_INVALID,
                   "there is no command \"%.80s\"; did you mean: forestgate %s %s", typed, noun,
                   typed);
    else if (meant != NULL)
        reason_set(&why, RESULT_INVALID,
                   "there is no command \"%.80s\"; did you mean: forestgate %s", typed, meant);
    else
        reason_set(&why, RESULT_INVALID,
                   "there is no command \"%.80s\"; there are: %s; see: forestgate --help",
                   typed, buf_failed(&known) ? "" : known.data);
    buf_free(&known);
    return cli_misuse(&why);
}

/*
 * Options may come before the noun: they are moved behind it, with their values, so
 * that every command reads them in one place.
 */
static int leading_options(int argc, char **argv)
{
    static const struct option_row common[] = {CLI_COMMON_OPTIONS};
    int i = 1;

    while (i < argc && argv[i][0] == '-' && !option_is(argv[i], "--help")) {
        bool takes_value = strcmp(argv[i], common[0].name) == 0;

        i += takes_value ? 2 : 1;
    }
    return i - 1;
}

static void move_behind(int argc, char **argv, int leading)
{
    char *moved[64];

    for (int i = 0; i < leading; i++)
        moved[i] = argv[1 + i];
    memmove(argv + 1, argv + 1 + leading, (size_t)(argc - 1 - leading) * sizeof(*argv));
    for (int i = 0; i < leading; i++)
        argv[argc - leading + i] = moved[i];
}

/* help NOUN [VERB], as some type it. */
static int run_help(int argc, char **argv)
{
    const struct cli_command *commands = noun_find(argv[0]), *command;

    if (strcmp(argv[0], "help") == 0 || option_is(argv[0], "--help")) {
        help_all_print(stdout);
        return CLI_DONE;
    }
    if (commands == NULL)
        return noun_missing(argv[0], argc > 1 ? argv[1] : NULL);
    if (commands[0].verb == NULL || argc < 2) {
        if (commands[0].verb == NULL)
            help_command_print(stdout, commands);
        else
            help_noun_print(stdout, commands);
        return CLI_DONE;
    }
    command = noun_verb(commands, argv[1]);
    if (command == NULL)
        return verb_missing(commands, argv[1]);
    help_command_print(stdout, command);
    return CLI_DONE;
}

/* What the scripts of forestgate completion ask. */
static int run_words_asked(int argc, char **argv)
{
    struct buf text = {0};

    complete_words(&text, argc, argv);
    if (!buf_failed(&text) && text.len > 0)
        fwrite(text.data, 1, text.len, stdout);
    buf_free(&text);
    return CLI_DONE;
}

static int run_words(int argc, char **argv)
{
    const struct cli_command *commands;
    int leading;

    leading = leading_options(argc, argv);
    if (leading > 0 && leading <= 64 && 1 + leading < argc)
        move_behind(argc, argv, leading);
    if (argc < 2) {
        help_all_print(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2)
        return run_help(argc - 2, argv + 2);
    if (option_is(argv[1], "--help") || strcmp(argv[1], "help") == 0) {
        help_all_print(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        puts("forestgate " FORESTGATE_VERSION);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "completion") == 0 && argc > 2 && strcmp(argv[2], "--words") == 0)
        return run_words_asked(argc - 3, argv + 3);
    commands = noun_find(argv[1]);
    return commands != NULL ? run_noun(commands, argc - 2, argv + 2)
                            : noun_missing(argv[1], argc > 2 ? argv[2] : NULL);
}

int main(int argc, char **argv)
{
    const struct rlimit none = {0, 0};
    int status;

    names_prepare();
    signal(SIGXFSZ, SIG_IGN);      /* a file at its limit is an error of write() */
    setrlimit(RLIMIT_CORE, &none); /* passwords and keys come by here */
    status = run_words(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_DONE) {
        perror("forestgate: standard output");
        status = CLI_FAILED;
    }
    return status;
}
