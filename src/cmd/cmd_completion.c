/*
 * cmd_completion.c: forestgate completion: a script by which a shell completes what is typed.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/cli.h"
#include "cmd/completion_texts.h"

static const struct {
    const char *shell, *script;
} scripts[] = {
    {"bash", completion_bash},
    {"zsh", completion_zsh},
    {"fish", completion_fish},
};

static int run_completion(const struct option_set *set)
{
    struct reason why;

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
        if (strcmp(scripts[i].shell, set->operands[0]) == 0) {
            fputs(scripts[i].script, stdout);
            return CLI_DONE;
        }
    reason_set(&why, RESULT_INVALID, "\"%.40s\" is not allowed; allowed: bash, zsh or fish",
               set->operands[0]);
    return cli_misuse(&why);
}

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

const struct cli_command cmd_completion_commands[] = {
    {"completion", NULL, "SHELL", 1, plain_options, run_completion,
     "print a script that completes commands and names",
     "  source <(forestgate completion bash)\n"
     "  forestgate completion zsh > ~/.zfunc/_forestgate\n"
     "  forestgate completion fish > ~/.config/fish/completions/forestgate.fish\n"},
    {0},
};
