/*
 * top_draw.c: what forestgate top shows, as lines that fit a terminal.
 */
#include "cmd/top_draw.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/terminal.h"

enum {
    NAME_LEAST = 14,
    NAME_MOST = 40,
    CELL_MAX = 24,
    LEVELS = 8,
};

void top_text_put(struct buf *out, const char *text, size_t columns)
{
    for (size_t at = 0; *text != '\0'; text++) {
        const bool begins = (*text & 0xc0) != 0x80;

        if (begins && at++ == columns)
            return;
        buf_putc(out, (char)((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text));
    }
}

void top_spark_put(struct buf *out, const int64_t *newest_first, size_t count, size_t columns,
                   bool utf8)
{
    static const char plain[] = " .:-=+*#@";
    size_t shown = count < columns ? count : columns;
    int64_t most = 1;

    for (size_t i = 0; i < shown; i++)
        most = newest_first[i] > most ? newest_first[i] : most;
    for (size_t i = shown; i > 0; i--) {
        const int64_t value = newest_first[i - 1];
        const int64_t level = value <= 0 ? 0 : (value * LEVELS + most - 1) / most;

        if (utf8 && level > 0)
            buf_put(out, (const char[]){'\xe2', '\x96', (char)(0x80 + level)}, 3);
        else
            buf_putc(out, (char)(utf8 ? ' ' : plain[level]));
    }
}

/* ---- lines ---- */

/* What is left of the frame. */
struct frame {
    const struct top_view *view;
    struct buf *out;
    size_t left;
};

/* Appends a line, cut to the width, in a style; the buffer is empty then. */
static void line_end(struct frame *frame, struct buf *line, enum terminal_style style)
{
    struct buf cut = {0};

    if (frame->left > 0) {
        frame->left--;
        top_text_put(&cut, line->data != NULL ? line->data : "", frame->view->columns);
        if (buf_failed(&cut) || buf_failed(line))
            cut.len = 0;
        if (cut.len > 0)
            terminal_put(frame->out, STDOUT_FILENO, style, cut.data);
        buf_putc(frame->out, '\n');
    }
    buf_free(&cut);
    buf_clear(line, SIZE_MAX);
}

static void rate_print(char out[CELL_MAX], double rate)
{
    text_print(out, CELL_MAX, rate < 10 ? "%.2f" : rate < 100 ? "%.1f" : "%.0f", rate);
}

static void ms_print(char out[CELL_MAX], int64_t us)
{
    const double ms = (double)us / 1000;

    text_print(out, CELL_MAX, ms < 10 ? "%.2f" : ms < 100 ? "%.1f" : "%.0f", ms);
}

static double per_second(const struct top_view *view, int64_t count)
{
    return view->window_s > 0 ? (double)count / view->window_s : 0;
}

static void head_put(struct frame *frame, struct buf *line)
{
    const struct top_view *view = frame->view;
    char time[CLOCK_RFC3339_MAX];

    clock_rfc3339(time, view->sums->now_us);
    buf_printf(line, "forestgate top  %.8s UTC  %s", time + 11, view->home);
    line_end(frame, line, TERMINAL_STRONG);
}

static void calls_put(struct frame *frame, struct buf *line)
{
    const struct top_view *view = frame->view;
    const struct ledger_peek *peek = view->peek;
    char now[CELL_MAX], mean[CELL_MAX], rows[CELL_MAX];

    rate_print(now, view->recent_s > 0 ? (double)view->sums->recent / view->recent_s : 0);
    rate_print(mean, per_second(view, view->sums->calls));
    rate_print(rows, per_second(view, view->sums->rows));
    buf_printf(line, "calls   %s/s now, %s/s in %.0f s; %s rows/s", now, mean, view->window_s,
               rows);
    line_end(frame, line, TERMINAL_PLAIN);
    buf_printf(line, "now     %u in hand, %" PRId64 " of %u to be logged", (unsigned)peek->open,
               peek->waiting, (unsigned)peek->journal);
    if (view->has_counters)
        buf_printf(line, "; %u worker%s, %u busy", view->workers, view->workers == 1 ? "" : "s",
                   view->busy);
    line_end(frame, line, TERMINAL_PLAIN);
}

/* "200 97.1%  422 2.9%": each status that there was. */
static void statuses_put(struct frame *frame, struct buf *line)
{
    const struct top_sums *sums = frame->view->sums;
    enum terminal_style style = TERMINAL_PLAIN;

    buf_puts(line, "status ");
    for (size_t status = 0; status < TOP_STATUS_MAX; status++) {
        if (sums->statuses[status] == 0)
            continue;
        buf_printf(line, " %zu %.1f%% ", status,
                   100.0 * (double)sums->statuses[status] / (double)sums->calls);
        if (status >= 500)
            style = TERMINAL_BAD;
    }
    if (sums->calls == 0)
        buf_puts(line, " -");
    line_end(frame, line, style);
}

/* How much more there is than there was; counters never go back. */
static uint64_t more(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

/* What was answered to all that came, also what is no call: refusals, pages, lists. */
static void answers_put(struct frame *frame, struct buf *line)
{
    const struct top_answers *now = frame->view->answers, *before = frame->view->before;
    const double seconds = (double)more(now->at_ns, before->at_ns) * 1e-9;
    char rate[CELL_MAX];

    if (!frame->view->has_counters || before->at_ns == 0 || seconds <= 0)
        return;
    rate_print(rate, (double)more(now->all, before->all) / seconds);
    buf_printf(line, "answers %s/s", rate);
    for (size_t status = 0; status < TOP_STATUS_MAX; status++) {
        const uint64_t count = more(now->statuses[status], before->statuses[status]);

        rate_print(rate, (double)count / seconds);
        if (count > 0)
            buf_printf(line, ", %zu %s/s", status, rate);
    }
    line_end(frame, line, TERMINAL_PLAIN);
}

static void times_put(struct frame *frame, struct buf *line)
{
    const struct top_times *times = &frame->view->sums->times;
    char p50[CELL_MAX], p90[CELL_MAX], p99[CELL_MAX], most[CELL_MAX];

    ms_print(p50, times->p50_us);
    ms_print(p90, times->p90_us);
    ms_print(p99, times->p99_us);
    ms_print(most, times->most_us);
    if (frame->view->sums->calls > 0)
        buf_printf(line, "time    p50 %s ms, p90 %s ms, p99 %s ms, at most %s ms", p50, p90,
                   p99, most);
    else
        buf_puts(line, "time    -");
    line_end(frame, line, TERMINAL_PLAIN);
}

static void jobs_put(struct frame *frame, struct buf *line)
{
    const struct top_view *view = frame->view;

    if (!view->has_jobs)
        return;
    buf_printf(line, "jobs    %" PRId64 " to be done, %" PRId64 " in all", view->jobs_open,
               view->jobs);
    line_end(frame, line, TERMINAL_PLAIN);
}

static void spark_line_put(struct frame *frame, struct buf *line)
{
    static const char head[] = "minute  ";
    const size_t wide = frame->view->columns;

    if (wide <= sizeof(head) + 4)
        return;
    buf_puts(line, head);
    top_spark_put(line, frame->view->sums->seconds, TOP_SECONDS, wide - sizeof(head),
                  frame->view->utf8);
    line_end(frame, line, TERMINAL_PLAIN);
}

/* ---- the table ---- */

enum column {
    COLUMN_CALLS,
    COLUMN_ROWS,
    COLUMN_FAILED,
    COLUMN_P50,
    COLUMN_P99,
    COLUMN__MAX
};

/* The order in which they go where there is no room for all: the last stays. */
static const struct {
    const char *head;
    size_t width;
    int goes;
} columns[COLUMN__MAX] = {
    [COLUMN_CALLS] = {"CALLS/S", 9, 5}, [COLUMN_ROWS] = {"ROWS/S", 9, 1},
    [COLUMN_FAILED] = {"FAILED", 8, 3}, [COLUMN_P50] = {"P50 MS", 8, 2},
    [COLUMN_P99] = {"P99 MS", 8, 4},
};

struct table {
    bool shown[COLUMN__MAX];
    size_t name;
};

static void table_lay_out(struct table *table, size_t width)
{
    size_t used = 0;

    for (size_t i = 0; i < COLUMN__MAX; i++) {
        table->shown[i] = true;
        used += columns[i].width;
    }
    for (int goes = 1; goes <= COLUMN__MAX && used + NAME_LEAST > width; goes++)
        for (size_t i = 0; i < COLUMN__MAX; i++)
            if (columns[i].goes == goes) {
                table->shown[i] = false;
                used -= columns[i].width;
            }
    table->name = width > used + NAME_LEAST ? width - used : NAME_LEAST;
    if (table->name > NAME_MOST)
        table->name = NAME_MOST;
}

static void name_put(struct buf *line, const char *name, size_t columns_wide)
{
    size_t shown = 0;

    top_text_put(line, name, columns_wide);
    for (const char *at = name; *at != '\0'; at++)
        shown += (*at & 0xc0) != 0x80;
    for (; shown < columns_wide; shown++)
        buf_putc(line, ' ');
}

static void cell_print(char out[CELL_MAX], const struct top_view *view,
                       const struct top_group *group, size_t column)
{
    switch ((enum column)column) {
    case COLUMN_CALLS:
        rate_print(out, per_second(view, group->calls));
        break;
    case COLUMN_ROWS:
        rate_print(out, per_second(view, group->rows));
        break;
    case COLUMN_FAILED:
        text_print(out, CELL_MAX, "%" PRId64, group->failed);
        break;
    case COLUMN_P50:
        ms_print(out, group->times.p50_us);
        break;
    case COLUMN_P99:
        ms_print(out, group->times.p99_us);
        break;
    case COLUMN__MAX:
        break;
    }
}

static void group_put(struct frame *frame, struct buf *line, const struct table *table,
                      const struct top_group *group)
{
    const struct top_view *view = frame->view;
    char name[TOP_NAME_MAX + 1], cell[CELL_MAX] = "";

    view->name(view->arg, view->by, group->name, name);
    name_put(line, name, table->name);
    for (size_t i = 0; i < COLUMN__MAX; i++) {
        if (!table->shown[i])
            continue;
        cell_print(cell, view, group, i);
        buf_printf(line, "%*s", (int)columns[i].width, cell);
    }
    line_end(frame, line, group->failed > 0 ? TERMINAL_WARNING : TERMINAL_PLAIN);
}

static void table_put(struct frame *frame, struct buf *line, size_t below)
{
    const struct top_view *view = frame->view;
    const struct top_groups *groups = &view->sums->by[view->by];
    static const char *const heads[TOP_BY__MAX] = {
        [TOP_BY_KEY] = "KEY", [TOP_BY_MODEL] = "MODEL", [TOP_BY_ROUTE] = "ROUTE"};
    struct table table;

    table_lay_out(&table, view->columns);
    name_put(line, heads[view->by], table.name);
    for (size_t i = 0; i < COLUMN__MAX; i++)
        if (table.shown[i])
            buf_printf(line, "%*s", (int)columns[i].width, columns[i].head);
    line_end(frame, line, TERMINAL_STRONG);
    for (size_t i = 0; i < groups->count && frame->left > below; i++)
        group_put(frame, line, &table, &groups->items[i]);
    if (groups->count == 0 && frame->left > below) {
        buf_puts(line, view->has_ledger ? "no call ended within the last minute"
                                        : "no worker has taken a call in this home yet");
        line_end(frame, line, TERMINAL_PLAIN);
    }
}

static void foot_put(struct frame *frame, struct buf *line)
{
    if (!frame->view->keys_work || frame->left == 0)
        return;
    while (frame->left > 1)
        line_end(frame, line, TERMINAL_PLAIN);
    buf_printf(line, "q quits  s sort: %s  k keys  m models  r routes",
               top_sort_name(frame->view->sort));
    line_end(frame, line, TERMINAL_STRONG);
}

void top_draw(const struct top_view *view, struct buf *out)
{
    struct frame frame = {.view = view, .out = out, .left = view->lines};
    struct buf line = {0};

    head_put(&frame, &line);
    calls_put(&frame, &line);
    statuses_put(&frame, &line);
    times_put(&frame, &line);
    answers_put(&frame, &line);
    jobs_put(&frame, &line);
    spark_line_put(&frame, &line);
    line_end(&frame, &line, TERMINAL_PLAIN);
    table_put(&frame, &line, view->keys_work ? 1 : 0);
    foot_put(&frame, &line);
    buf_free(&line);
}
