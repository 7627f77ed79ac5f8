/*
 * nouns.h: all the commands, as help and completion have them.
 */
#ifndef CMD_NOUNS_H
#define CMD_NOUNS_H

#include <stddef.h>

#include "cmd/cli.h"

/* A noun's commands, the heading of those that it begins, and whether people see it. */
struct noun {
    const char *heading; /* or NULL: with the one before */
    const struct cli_command *commands;
};

extern const struct noun nouns[];
extern const size_t nouns_count;

/* The commands of a noun, or NULL. */
const struct cli_command *noun_find(const char *noun);

/* The command of a noun with this verb, or NULL. */
const struct cli_command *noun_verb(const struct cli_command *commands, const char *verb);

/* What somebody may have meant by what is no noun; NULL where nothing is near. */
const char *noun_near(const char *typed);

/*
 * The same of a verb: what others call so (ls, rm, new), or what is spelt nearly so.
 */
const char *noun_verb_near(const struct cli_command *commands, const char *typed);

#endif
