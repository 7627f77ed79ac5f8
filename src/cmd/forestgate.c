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

static const struct cli_command *const nouns[] = {
    cmd_init_commands,       cmd_key_commands,    cmd_tier_commands,    cmd_user_commands,
    cmd_invitation_commands, cmd_model_commands,  cmd_predict_commands, cmd_call_commands,
    cmd_job_commands,        cmd_work_commands,   cmd_audit_commands,   cmd_backup_commands,
    cmd_config_commands,     cmd_doctor_commands, cmd_front_commands,
};

enum {
    NOUNS = sizeof(nouns) / sizeof(nouns[0])
};

enum {
    USAGE_MAX = 80
};

/* Noun, verb and operands, as many as there are. */
static void usage_print(char out[USAGE_MAX], const struct cli_command *command)
{
    snprintf(out, USAGE_MAX, "%s%s%s%s%s", command->noun, command->verb != NULL ? " " : "",
             command->verb != NULL ? command->verb : "",
             command->operands[0] != '\0' ? " " : "", command->operands);
}

static void print_usage_line(FILE *to, const struct cli_command *command)
{
    char usage[USAGE_MAX];

    usage_print(usage, command);
    fprintf(to, "  %-28s %s\n", usage, command->summary);
}

static void print_overview(FILE *to)
{
    fputs("forestgate: a locked, metered gate in front of tree-ensemble models\n\n"
          "  forestgate init --home var\n"
          "  forestgate model train --csv iris.csv --target species -o iris.fgm\n"
          "  forestgate model publish iris iris.fgm --home var\n"
          "  forestgate key create --name me --home var\n\n",
          to);
    for (size_t i = 0; i < NOUNS; i++)
        for (const struct cli_command *command = nouns[i]; command->noun != NULL; command++)
            print_usage_line(to, command);
    fputs("\nEach takes --help.\n", to);
}

static void print_noun(FILE *to, const struct cli_command *commands)
{
    for (; commands->noun != NULL; commands++)
        print_usage_line(to, commands);
    fputs("\nEach takes --help.\n", to);
}

static void print_help(const struct cli_command *command)
{
    char head[64], usage[USAGE_MAX];

    usage_print(usage, command);
    printf("%s\nforestgate %s [options]: %s\n\n", command->examples, usage, command->summary);
    for (const struct option_row *row = command->options; row->name != NULL; row++) {
        snprintf(head, sizeof(head), "%s %s", row->name, row->value != NULL ? row->value : "");
        printf("  %-26s %s", head, row->help);
        if (row->fallback != NULL)
            printf(" (%s)", row->fallback);
        putchar('\n');
    }
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    char usage[USAGE_MAX];
    struct option_set set;
    struct reason why;

    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            print_help(command);
            return CLI_DONE;
        }
    if (option_parse(argc, argv, command->options, &set, &why) != RESULT_OK)
        return cli_misuse(&why);
    if (set.operand_count > command->operand_count ||
        (set.operand_count < command->operand_count && command->operands[0] != '[')) {
        usage_print(usage, command);
        reason_set(&why, RESULT_INVALID, "usage: forestgate %s [options]; see --help", usage);
        return cli_misuse(&why);
    }
    return command->run(&set);
}

static const struct cli_command *noun_find(const char *noun)
{
    for (size_t i = 0; i < NOUNS; i++)
        if (strcmp(nouns[i][0].noun, noun) == 0)
            return nouns[i];
    return NULL;
}

static int run_noun(const struct cli_command *commands, int argc, char **argv)
{
    if (commands[0].verb == NULL)
        return run(&commands[0], argc, argv);
    if (argc > 0 && strcmp(argv[0], "--help") == 0) {
        print_noun(stdout, commands);
        return CLI_DONE;
    }
    for (const struct cli_command *command = commands; argc > 0 && command->noun != NULL;
         command++)
        if (strcmp(command->verb, argv[0]) == 0)
            return run(command, argc - 1, argv + 1);
    if (argc > 0)
        fprintf(stderr, "forestgate: %s has no verb \"%s\"; it has:\n", commands[0].noun,
                argv[0]);
    print_noun(stderr, commands);
    return CLI_USAGE;
}

/*
 * Options may come before the noun: they are moved behind it, with their values, so
 * that every command reads them in one place.
 */
static int leading_options(int argc, char **argv)
{
    static const struct option_row common[] = {CLI_COMMON_OPTIONS};
    int i = 1;

    while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--help") != 0) {
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

static int run_words(int argc, char **argv)
{
    const struct cli_command *commands;
    int leading;

    leading = leading_options(argc, argv);
    if (leading > 0 && leading <= 64 && 1 + leading < argc)
        move_behind(argc, argv, leading);
    if (argc < 2) {
        print_overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_overview(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("forestgate " FORESTGATE_VERSION);
        return CLI_DONE;
    }
    commands = noun_find(argv[1]);
    if (commands == NULL) {
        fprintf(stderr, "forestgate: there is no command \"%s\"\n\n", argv[1]);
        print_overview(stderr);
        return CLI_USAGE;
    }
    return run_noun(commands, argc - 2, argv + 2);
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
