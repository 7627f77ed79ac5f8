/*
 * progress.c: a bar with the rate and the time left, on a terminal only.
 */
#include "cmd/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/terminal.h"

enum {
    BAR_MOST = 30,
    BAR_LEAST = 8,
    EIGHTHS = 8,
    PART_MAX = 80,
};

static const uint64_t redraw_ns = 100000000;

void progress_start(struct progress *progress, const char *label, const char *unit)
{
    progress->label = label;
    progress->unit = unit;
    progress->start_ns = clock_mono_ns();
    progress->drawn_ns = progress->start_ns; /* what ends at once draws nothing */
    progress->shown = terminal_draws(STDERR_FILENO) && !terminal_is_quiet();
}

/* ---- the line ---- */

/* "42", or of bytes "4.2 MB". */
static void amount_print(char out[PART_MAX], double amount, const char *unit)
{
    static const char *const sizes[] = {"B", "kB", "MB", "GB", "TB"};
    size_t at = 0;

    if (strcmp(unit, "bytes") != 0) {
        text_print(out, PART_MAX, "%.0f", amount);
        return;
    }
    for (; amount >= 1000 && at + 1 < sizeof(sizes) / sizeof(sizes[0]); at++)
        amount /= 1000;
    text_print(out, PART_MAX, at == 0 ? "%.0f %s" : "%.1f %s", amount, sizes[at]);
}

static void time_print(char out[PART_MAX], double seconds)
{
    const uint64_t whole = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 1000000000;

    if (whole < 60)
        text_print(out, PART_MAX, ", %llu s left", (unsigned long long)whole);
    else if (whole < 3600)
        text_print(out, PART_MAX, ", %llu min %02llu s left", (unsigned long long)whole / 60,
                   (unsigned long long)whole % 60);
    else
        text_print(out, PART_MAX, ", %llu h %02llu min left", (unsigned long long)whole / 3600,
                   (unsigned long long)whole / 60 % 60);
}

/* The texts of a line, each empty where there is nothing to say. */
struct parts {
    char count[PART_MAX], rate[PART_MAX], left[PART_MAX];
};

static void parts_make(struct parts *parts, const char *unit,
                       const struct progress_state *state)
{
    const bool bytes = strcmp(unit, "bytes") == 0, whole = state->count == state->done;
    char count[PART_MAX], of[PART_MAX];

    memset(parts, 0, sizeof(*parts));
    amount_print(count, (double)state->count, unit);
    amount_print(of, (double)state->total, unit);
    if (state->total > 0 && whole)
        text_print(parts->count, PART_MAX, " %s of %s%s%s", count, of, bytes ? "" : " ",
                   bytes ? "" : unit);
    else
        text_print(parts->count, PART_MAX, " %s%s%s", count, bytes ? "" : " ",
                   bytes ? "" : unit);
    if (state->seconds <= 0 || state->count == 0)
        return;
    amount_print(count, (double)state->count / state->seconds, unit);
    text_print(parts->rate, PART_MAX, ", %s a second", count);
    if (state->total > 0 && state->done > 0 && state->done <= state->total)
        time_print(parts->left,
                   state->seconds * (double)(state->total - state->done) / (double)state->done);
}

static void bar_put(struct buf *out, const struct progress_state *state, size_t columns,
                    bool utf8)
{
    const double share =
        state->done >= state->total ? 1 : (double)state->done / (double)state->total;
    size_t eighths = (size_t)(share * (double)(columns * EIGHTHS)), filled;

    if (!utf8)
        eighths = eighths / EIGHTHS * EIGHTHS;
    buf_putc(out, ' ');
    terminal_bar_put(out, eighths, utf8);
    filled = (eighths + EIGHTHS - 1) / EIGHTHS;
    for (; filled < columns; filled++)
        buf_putc(out, '.');
}

void progress_line_put(struct buf *out, const char *label, const char *unit,
                       const struct progress_state *state, size_t width, bool utf8)
{
    size_t label_len = strlen(label), texts, bar = state->total > 0 ? BAR_MOST : 0;
    struct parts parts;

    parts_make(&parts, unit, state);
    for (;;) {
        texts = label_len + strlen(parts.count) + strlen(parts.rate) + strlen(parts.left);
        if (texts + (bar > 0 ? bar + 1 : 0) <= width)
            break;
        if (bar > BAR_LEAST)
            bar--;
        else if (parts.rate[0] != '\0')
            parts.rate[0] = '\0';
        else if (bar > 0)
            bar = 0;
        else if (parts.left[0] != '\0')
            parts.left[0] = '\0';
        else if (parts.count[0] != '\0')
            parts.count[0] = '\0';
        else
            break;
    }
    buf_put(out, label, label_len < width ? label_len : width);
    if (bar > 0)
        bar_put(out, state, bar, utf8);
    buf_puts(out, parts.count);
    buf_puts(out, parts.rate);
    buf_puts(out, parts.left);
}

/* ---- drawing it ---- */

/* The last column stays free: some terminals go to the next line there. */
static void line_draw(struct progress *progress, const struct progress_state *state)
{
    size_t columns = terminal_width(STDERR_FILENO), lines;
    struct buf line = {0};

    terminal_size(STDERR_FILENO, &columns, &lines);
    buf_putc(&line, '\r');
    progress_line_put(&line, progress->label, progress->unit, state,
                      columns > 1 ? columns - 1 : 1, terminal_speaks_utf8());
    buf_puts(&line, "\033[K");
    if (!buf_failed(&line))
        fwrite(line.data, 1, line.len, stderr);
    fflush(stderr);
    buf_free(&line);
}

void progress_draw_rate(struct progress *progress, uint64_t done, uint64_t total,
                        uint64_t count)
{
    const uint64_t now = progress->shown ? clock_mono_ns() : 0;
    const struct progress_state state = {done, total, count,
                                         (double)(now - progress->start_ns) * 1e-9};

    if (!progress->shown || now - progress->drawn_ns < redraw_ns)
        return;
    progress->drawn_ns = now;
    line_draw(progress, &state);
}

void progress_draw(struct progress *progress, uint64_t done, uint64_t total)
{
    if (total > 0)
        progress_draw_rate(progress, done, total, done);
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->drawn_ns != progress->start_ns)
        fputs("\r\033[K", stderr);
}
