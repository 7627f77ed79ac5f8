/*
 * progress.c: a bar with the time left, on a terminal only.
 */
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    WIDTH = 30
};

static const uint64_t redraw_ns = 100000000;

void progress_start(struct progress *progress, const char *label, const char *unit)
{
    progress->label = label;
    progress->unit = unit;
    progress->start_ns = clock_mono_ns();
    progress->drawn_ns = 0;
    progress->shown = isatty(STDERR_FILENO) == 1;
}

/* Whether it is time to draw; *now is when. */
static bool is_due(struct progress *progress, uint64_t *now)
{
    *now = clock_mono_ns();
    if (!progress->shown || *now - progress->drawn_ns < redraw_ns)
        return false;
    progress->drawn_ns = *now;
    return true;
}

static void draw_bar(uint64_t done, uint64_t total)
{
    int filled = done >= total ? WIDTH : (int)((double)done / (double)total * WIDTH);

    fputc('[', stderr);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fputs("] ", stderr);
}

static double seconds_left(double seconds, uint64_t done, uint64_t total)
{
    return done == 0 || done > total ? 0 : seconds * (double)(total - done) / (double)done;
}

void progress_draw(struct progress *progress, uint64_t done, uint64_t total)
{
    uint64_t now;

    if (total == 0 || !is_due(progress, &now))
        return;
    fprintf(stderr, "\r%s ", progress->label);
    draw_bar(done, total);
    fprintf(stderr, "%llu of %llu %s, %.0f s left \033[K", (unsigned long long)done,
            (unsigned long long)total, progress->unit,
            seconds_left((double)(now - progress->start_ns) * 1e-9, done, total));
    fflush(stderr);
}

void progress_draw_rate(struct progress *progress, uint64_t done, uint64_t total,
                        uint64_t count)
{
    double seconds;
    uint64_t now;

    if (!is_due(progress, &now))
        return;
    seconds = (double)(now - progress->start_ns) * 1e-9;
    fprintf(stderr, "\r%s ", progress->label);
    if (total > 0)
        draw_bar(done, total);
    fprintf(stderr, "%llu %s, %.0f a second", (unsigned long long)count, progress->unit,
            (double)count / seconds);
    if (total > 0)
        fprintf(stderr, ", %.0f s left", seconds_left(seconds, done, total));
    fputs(" \033[K", stderr);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
