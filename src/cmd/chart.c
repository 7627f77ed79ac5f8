/*
 * chart.c: a count a day as bars on a terminal.
 *
 * The counts stand in a ring by their day, so that memory is fixed however many days
 * come, and in whatever order.
 */
#include "cmd/chart.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cmd/terminal.h"

enum {
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
    bool blocks = terminal_speaks_utf8();
    size_t eighths = eighths_of(count, most, columns, blocks);

    buf_putc(text, '\n');
    buf_put(text, head, len < width ? len : width);
    if (eighths == 0)
        return;
    buf_putc(text, ' ');
    terminal_bar_put(text, eighths, blocks);
}

void chart_draw(const struct chart *chart, struct buf *text)
{
    char date[CLOCK_DATE_MAX], number[NUM_DOUBLE_MAX], head[64];
    struct chart counts = *chart;
    size_t width = terminal_width(STDOUT_FILENO);
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
