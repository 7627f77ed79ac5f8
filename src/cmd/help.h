/*
 * help.h: what --help prints: examples first.
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdio.h>

#include "cmd/cli.h"

enum {
    HELP_USAGE_MAX = 80
};

/* Noun, verb and operands, as many as there are. */
void help_usage_print(char out[HELP_USAGE_MAX], const struct cli_command *command);

/* All commands, those of a noun, and one with its options. */
void help_all_print(FILE *to);
void help_noun_print(FILE *to, const struct cli_command *commands);
void help_command_print(FILE *to, const struct cli_command *command);

#endif
