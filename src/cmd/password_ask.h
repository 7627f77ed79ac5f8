/*
 * password_ask.h: a password from a person or a program, never from the command line, which
 * every process list shows.
 */
#ifndef CMD_PASSWORD_ASK_H
#define CMD_PASSWORD_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

enum {
    PASSWORD_ASK_MAX = 4096
};

/* The caller wipes it. */
struct password_asked {
    char text[PASSWORD_ASK_MAX + 1]; /* a NUL behind it */
    size_t len;
};

/*
 * All of standard input, without a newline at its end; or else, asked for twice on the
 * terminal, a line that is not shown.  RESULT_INVALID where there is no terminal, or the two
 * differ, or nothing was given.
 */
enum result password_ask(bool from_stdin, struct password_asked *out, struct reason *why);

#endif
