/*
 * terminal.h: what the terminal can show, and what the user wants of it.
 *
 * Colour stands only where it says something that is also said in words, and only on a
 * terminal: not with NO_COLOR, --no-color or a TERM that is dumb or not set; --color has it
 * everywhere.
 */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum terminal_colours {
    TERMINAL_COLOURS_ASK, /* by terminal and environment */
    TERMINAL_COLOURS_ON,
    TERMINAL_COLOURS_OFF,
};

enum terminal_style {
    TERMINAL_PLAIN,
    TERMINAL_GOOD,
    TERMINAL_WARNING,
    TERMINAL_BAD,
    TERMINAL_STRONG,
    TERMINAL_STYLE__MAX
};

/* What the command line wants; before that messages are told and colours are asked for. */
void terminal_want(bool quiet, enum terminal_colours colours);

/* Whether messages are left out: errors and data never are. */
bool terminal_is_quiet(void);

/* Whether a line can be drawn over: fd is a terminal, and a clever one. */
bool terminal_draws(int fd);

/* What begins a style on fd, "" where there is no colour; TERMINAL_PLAIN ends one. */
const char *terminal_style(int fd, enum terminal_style style);

/* Appends a text in a style that ends behind it. */
void terminal_put(struct buf *out, int fd, enum terminal_style style, const char *text);

/* How wide lines on fd may be: as COLUMNS says, or the terminal, or 80. */
size_t terminal_width(int fd);

/* What the terminal is by now, which may change with its window; false where that is not told.
 */
bool terminal_size(int fd, size_t *columns, size_t *lines);

/* Whether the environment speaks UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is set. */
bool terminal_speaks_utf8(void);

/*
 * Appends a bar of so many eighths of a character: U+2588 and its parts in UTF-8, else whole #,
 * rounded.
 */
void terminal_bar_put(struct buf *out, size_t eighths, bool utf8);

#endif
