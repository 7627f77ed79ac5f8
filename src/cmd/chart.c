/*
 * chart.c: a count a day as bars on a terminal.
 *
 * The counts stand in a ring by their day, so that memory is fixed however many days
 * come, and in whatever order.
 */
#include "cmd/chart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"

enum {
    WIDTH_DEFAULT = 80,
    WIDTH_MAX = 1000,
    EIGHTHS = 8,
};

static int64_t *slot(struct chart *chart, int64_t day)
{
    return &chart->counts[(day % CHART_DAYS + CHART_DAYS) % CHART_DAYS];
}

void chart_add(struct chart *chart, int64_t day, int64_t count)
{
    char date[CLOCK_DATE_MAX];

    clock_date(date, day);
    if (strcmp(date, "-") == 0)
        return;
    if (!chart->any) {
        chart->any = true;
        chart->first = chart->last = day;
    }
    if (day - chart->last >= CHART_DAYS)
        memset(chart->counts, 0, sizeof(chart->counts));
    for (; chart->last < day && day - chart->last < CHART_DAYS; chart->last++)
        *slot(chart, chart->last + 1) = 0;
    if (chart->last < day)
        chart->last = day;
    if (day <= chart->last - CHART_DAYS)
        return;
    *slot(chart, day) += count;
    if (day < chart->first)
        chart->first = day;
    if (chart->first <= chart->last - CHART_DAYS)
        chart->first = chart->last - CHART_DAYS + 1;
}

static size_t width_of_terminal(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t width;

    if (columns != NULL && num_parse_u64(columns, strlen(columns), &width) && width > 0)
        return width < WIDTH_MAX ? (size_t)width : WIDTH_MAX;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
    return WIDTH_DEFAULT;
}

/* The first of the three that is set decides (locale(7)). */
static bool speaks_utf8(void)
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

/* A bar of so many eighths: U+2588 for a whole character, U+2589 to U+258F for 7/8 to 1/8. */
static void bar_blocks(struct buf *text, size_t eighths)
{
    char block[3] = "\xe2\x96";
    size_t part;

    for (; eighths > 0; eighths -= part) {
        part = eighths < EIGHTHS ? eighths : EIGHTHS;
        block[2] = (char)(0x90 - part);
        buf_put(text, block, sizeof(block));
    }
}

static void bar_plain(struct buf *text, size_t eighths)
{
    for (size_t left = (eighths + EIGHTHS / 2) / EIGHTHS; left > 0; left--)
        buf_putc(text, '#');
}

/* What is not zero has a bar, be it the smallest. */
static size_t eighths_of(int64_t count, int64_t most, size_t columns, bool blocks)
{
    size_t least = blocks ? 1 : EIGHTHS, eighths;

    if (count <= 0 || columns == 0)
        return 0;
    eighths = (size_t)((double)count / (double)most * (double)(columns * EIGHTHS) + 0.5);
    if (eighths > columns * EIGHTHS)
        eighths = columns * EIGHTHS;
    return eighths > least ? eighths : least;
}

static void line_draw(struct buf *text, const char *head, size_t width, int64_t count,
                      int64_t most)
{
    size_t len = strlen(head), columns = len + 1 < width ? width - len - 1 : 0;
    bool blocks = speaks_utf8();
    size_t eighths = eighths_of(count, most, columns, blocks);

    buf_putc(text, '\n');
    buf_put(text, head, len < width ? len : width);
    if (eighths == 0)
        return;
    buf_putc(text, ' ');
    if (blocks)
        bar_blocks(text, eighths);
    else
        bar_plain(text, eighths);
}

void chart_draw(const struct chart *chart, struct buf *text)
{
    char date[CLOCK_DATE_MAX], number[NUM_DOUBLE_MAX], head[64];
    struct chart counts = *chart;
    size_t width = width_of_terminal();
    int64_t most = 0;
    int digits;

    for (size_t i = 0; i < CHART_DAYS; i++)
        if (counts.counts[i] > most)
            most = counts.counts[i];
    digits = (int)num_print_i64(number, most);
    for (int64_t day = counts.first; counts.any && day <= counts.last; day++) {
        clock_date(date, day);
        num_print_i64(number, *slot(&counts, day));
        snprintf(head, sizeof(head), "%s  %*s", date, digits, number);
        line_draw(text, head, width, *slot(&counts, day), most);
    }
}
