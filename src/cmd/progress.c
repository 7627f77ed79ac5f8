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

void progress_draw(struct progress *progress, uint64_t done, uint64_t total)
{
    uint64_t now = clock_mono_ns();
    double left;
    int filled;

    if (!progress->shown || total == 0 || now - progress->drawn_ns < redraw_ns)
        return;
    progress->drawn_ns = now;
    filled = (int)(done * WIDTH / total);
    left = done == 0 ? 0
                     : (double)(now - progress->start_ns) * 1e-9 * (double)(total - done) /
                           (double)done;
    fprintf(stderr, "\r%s [", progress->label);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %llu of %llu %s, %.0f s left \033[K", (unsigned long long)done,
            (unsigned long long)total, progress->unit, left);
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
