/*
 * option.h: the command line: nouns, verbs, options and operands.
 */
#ifndef CMD_OPTION_H
#define CMD_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

enum {
    OPTION_ROWS_MAX = 32,
    OPTION_OPERANDS_MAX = 4,
    OPTION_REPEATS_MAX = 16,
};

/*
 * One option of a command; a table of them ends with a NULL name.  One whose value ends in
 * "..." may be given several times; one whose value is two words takes two, and
 * option_value_at() gives the second.  A value of small letters with | between them is one of
 * these words; what another one stands for, complete.c knows.
 */
struct option_row {
    const char *name;  /* "--csv" */
    const char *value; /* what follows it, for help: "FILE"; NULL for a flag */
    const char *help;
    const char *fallback; /* if it is not given; NULL for none */
};

/* What was given. */
struct option_set {
    const struct option_row *rows;
    const char *values[OPTION_ROWS_MAX]; /* by row; for a flag its name */
    const char *operands[OPTION_OPERANDS_MAX];
    size_t operand_count;
    struct {
        size_t row;
        const char *value;
    } repeats[OPTION_REPEATS_MAX]; /* all but the first of each, in their order */
    size_t repeat_count;
};

/*
 * Reads the arguments behind noun and verb by a table of at most OPTION_ROWS_MAX rows.  An
 * option's value may follow it or be joined to it with =; "--" ends the options.  -h, -q and -y
 * are
 * --help, --quiet and --yes.  RESULT_INVALID for what the table does not have, with what may
 * have been meant.
 */
enum result option_parse(int argc, char **argv, const struct option_row *rows,
                         struct option_set *set, struct reason *why);

/* The value of an option, or its fallback, or NULL. */
const char *option_value(const struct option_set *set, const char *name);

/* Whether an argument is this option, or short for it. */
bool option_is(const char *argument, const char *name);

bool option_given(const struct option_set *set, const char *name);

/* What an option was given the first time (0), the second, ...; NULL past the last. */
const char *option_value_at(const struct option_set *set, const char *name, size_t i);

/*
 * A whole number within bounds.  RESULT_INVALID with what is allowed; an option that was
 * not given and has no fallback leaves *out as it is.
 */
enum result option_u64(const struct option_set *set, const char *name, unsigned long long min,
                       unsigned long long max, unsigned long long *out, struct reason *why);

#endif
