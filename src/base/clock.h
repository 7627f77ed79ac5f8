/*
 * clock.h: the two clocks, and times and durations as text.
 *
 * Durations are measured with the monotonic clock; what is stored or shown is wall
 * time in microseconds since 1970 UTC.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLOCK_RFC3339_MAX = 32
};

/* Nanoseconds of a clock that never goes back; its zero means nothing. */
uint64_t clock_mono_ns(void);

/*
 * Nanoseconds since the machine was started, its sleep included: one clock for all of its
 * processes, which no one can set.
 */
uint64_t clock_boot_ns(void);

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_us(void);

/* A UTC month in which a day lies; days are counted from 1970-01-01, also before it. */
struct clock_month {
    int64_t first, last; /* its days, both included */
};

struct clock_month clock_month_of(int64_t day);

/*
 * Writes wall time as RFC 3339 in UTC with milliseconds, 2026-01-31T12:00:00.000Z, and
 * returns its length.  Years 0 to 9999.
 */
size_t clock_rfc3339(char out[CLOCK_RFC3339_MAX], int64_t wall_us);

/*
 * Reads a duration: a whole number with one unit of s, m, h, d or w (30d, 12h).
 * False if it is not one or over 100 years; seconds holds 0 then.
 */
bool clock_duration_parse(const char *text, int64_t *seconds);

#endif
