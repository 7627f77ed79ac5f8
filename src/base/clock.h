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
    CLOCK_RFC3339_MAX = 32,
    CLOCK_DATE_MAX = 11
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

/* The same in whole seconds. */
int64_t clock_wall_s(void);

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

/* The same with microseconds: 2026-01-31T12:00:00.000000Z. */
size_t clock_rfc3339_us(char out[CLOCK_RFC3339_MAX], int64_t wall_us);

/* Writes a day since 1970-01-01 as 2026-01-31; "-" for one that is not of years 0 to 9999. */
void clock_date(char out[CLOCK_DATE_MAX], int64_t day);

/*
 * Reads a date, which is its midnight UTC, or a date and time as RFC 3339 has it: with Z or
 * an offset, perhaps with a fraction of a second, of which six digits count; T may be a
 * space, and 23:59:60 UTC is the second after it.  In UTC it is of the years 0 to 9999.  False,
 * with *wall_us as it was, for anything else.
 */
bool clock_rfc3339_parse(const char *text, int64_t *wall_us);

/*
 * Reads a duration: a whole number with one unit of s, m, h, d or w (30d, 12h).
 * False if it is not one or over 100 years; seconds holds 0 then.
 */
bool clock_duration_parse(const char *text, int64_t *seconds);

#endif
