/*
 * ask.h: whether something is meant that cannot be taken back.
 */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <stdbool.h>

#include "cmd/cli.h"

/* What a command takes that asks. */
#define ASK_OPTIONS                                                        \
    {"--yes", NULL, "do not ask on a terminal whether it is meant", NULL}, \
    {                                                                      \
        "--dry-run", NULL, "tell what would be done, and do nothing", NULL \
    }

/*
 * Whether to go on with what the sentence says, which begins with a small letter: "end key
 * ...". It is asked where standard input and error are a terminal, unless --yes is given;
 * elsewhere it is meant, since nobody could answer.  With --dry-run it is only told, or printed
 * as an object. If not, *status is the command's.
 */
bool ask_meant(const struct option_set *set, int *status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
