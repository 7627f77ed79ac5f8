/*
 * terminal.c: what the terminal can show, and what the user wants of it.
 */
#include "cmd/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"

enum {
    WIDTH_DEFAULT = 80,
    WIDTH_MAX = 1000,
    EIGHTHS = 8,
};

/* Of the process, as its terminal is. */
static struct {
    bool quiet;
    enum terminal_colours colours;
} wanted;

static const char *const styles[TERMINAL_STYLE__MAX] = {
    [TERMINAL_PLAIN] = "\033[0m",    [TERMINAL_GOOD] = "\033[32m",
    [TERMINAL_WARNING] = "\033[33m", [TERMINAL_BAD] = "\033[31m",
    [TERMINAL_STRONG] = "\033[1m",
};

void terminal_want(bool quiet, enum terminal_colours colours)
{
    wanted.quiet = quiet;
    wanted.colours = colours;
}

bool terminal_is_quiet(void)
{
    return wanted.quiet;
}

/* What a variable says; "" where it is not set. */
static const char *said(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

bool terminal_draws(int fd)
{
    const char *term = said("TERM");

    return isatty(fd) == 1 && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static bool has_colours(int fd)
{
    if (wanted.colours != TERMINAL_COLOURS_ASK)
        return wanted.colours == TERMINAL_COLOURS_ON;
    return said("NO_COLOR")[0] == '\0' && terminal_draws(fd);
}

const char *terminal_style(int fd, enum terminal_style style)
{
    return has_colours(fd) ? styles[style] : "";
}

void terminal_put(struct buf *out, int fd, enum terminal_style style, const char *text)
{
    const bool plain = style == TERMINAL_PLAIN;

    buf_printf(out, "%s%s%s", plain ? "" : terminal_style(fd, style), text,
               plain ? "" : terminal_style(fd, TERMINAL_PLAIN));
}

bool terminal_size(int fd, size_t *columns, size_t *lines)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return false;
    *columns = size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
    *lines = size.ws_row;
    return true;
}

size_t terminal_width(int fd)
{
    const char *columns = getenv("COLUMNS");
    size_t wide, lines;
    uint64_t width;

    if (columns != NULL && num_parse_u64(columns, strlen(columns), &width) && width > 0)
        return width < WIDTH_MAX ? (size_t)width : WIDTH_MAX;
    return terminal_size(fd, &wide, &lines) ? wide : WIDTH_DEFAULT;
}

bool terminal_speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            break;
    }
    return value != NULL &&
           (strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL);
}

/* U+2588 is a whole character, U+2589 to U+258F are 7/8 to 1/8 of one. */
void terminal_bar_put(struct buf *out, size_t eighths, bool utf8)
{
    char block[3] = "\xe2\x96";
    size_t part;

    for (size_t left = (eighths + EIGHTHS / 2) / EIGHTHS; !utf8 && left > 0; left--)
        buf_putc(out, '#');
    for (; utf8 && eighths > 0; eighths -= part) {
        part = eighths < EIGHTHS ? eighths : EIGHTHS;
        block[2] = (char)(0x90 - part);
        buf_put(out, block, sizeof(block));
    }
}
