/*
 * help.c: what --help prints: examples first.
 */
#include "cmd/help.h"

#include <string.h>

#include "base/text.h"
#include "cmd/nouns.h"

enum {
    HEAD_COLUMNS = 26
};

void help_usage_print(char out[HELP_USAGE_MAX], const struct cli_command *command)
{
    text_print(out, HELP_USAGE_MAX, "%s%s%s%s%s", command->noun,
               command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "",
               command->operands[0] != '\0' ? " " : "", command->operands);
}

static void usage_line_print(FILE *to, const struct cli_command *command)
{
    char usage[HELP_USAGE_MAX];

    help_usage_print(usage, command);
    fprintf(to, "  %-28s %s\n", usage, command->summary);
}

static const char ending[] = "\nEach takes --help.  forestgate(1) is the manual.\n";

void help_all_print(FILE *to)
{
    fputs("forestgate: a locked, metered gate in front of tree-ensemble models\n\n"
          "  forestgate init --home var\n"
          "  forestgate model train --csv iris.csv --target species -o iris.fgm\n"
          "  forestgate model publish iris iris.fgm --home var\n"
          "  forestgate key create --name me --home var\n",
          to);
    for (size_t i = 0; i < nouns_count; i++) {
        if (nouns[i].heading != NULL)
            fprintf(to, "\n%s\n", nouns[i].heading);
        for (const struct cli_command *command = nouns[i].commands; command->noun != NULL;
             command++)
            usage_line_print(to, command);
    }
    fputs(ending, to);
}

/* The first of the examples of a command: a line, and those that go on with it. */
static void first_example_print(FILE *to, const struct cli_command *command)
{
    const char *at = command->examples;
    size_t len = strcspn(at, "\n");

    while (len > 0 && at[len] == '\n' && at[len - 1] == '\\')
        len += 1 + strcspn(at + len + 1, "\n");
    fprintf(to, "%.*s\n", (int)len, at);
}

void help_noun_print(FILE *to, const struct cli_command *commands)
{
    for (const struct cli_command *command = commands; command->noun != NULL; command++)
        first_example_print(to, command);
    fputc('\n', to);
    for (const struct cli_command *command = commands; command->noun != NULL; command++)
        usage_line_print(to, command);
    fputs(ending, to);
}

static void option_print(FILE *to, const struct option_row *row)
{
    char head[128];

    text_print(head, sizeof(head), "%s %s", row->name, row->value != NULL ? row->value : "");
    if (strlen(head) > HEAD_COLUMNS)
        fprintf(to, "  %s\n  %*s", head, HEAD_COLUMNS, "");
    else
        fprintf(to, "  %-*s", HEAD_COLUMNS, head);
    fprintf(to, " %s", row->help);
    if (row->fallback != NULL)
        fprintf(to, " (%s)", row->fallback);
    fputc('\n', to);
}

/* What every command takes stands below what this one alone does. */
void help_command_print(FILE *to, const struct cli_command *command)
{
    static const struct option_row common[] = {CLI_COMMON_OPTIONS};
    const struct option_row *row = command->options;
    char usage[HELP_USAGE_MAX];

    help_usage_print(usage, command);
    fprintf(to, "%s\nforestgate %s [options]: %s\n\n", command->examples, usage,
            command->summary);
    for (; strcmp(row->name, common[0].name) != 0; row++)
        option_print(to, row);
    if (row != command->options)
        fputc('\n', to);
    for (; row->name != NULL; row++)
        option_print(to, row);
}
