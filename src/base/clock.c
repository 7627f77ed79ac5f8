/*
 * clock.c: the two clocks, and times and durations as text.
 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/num.h"

static const int64_t century_s = (int64_t)100 * 366 * 86400;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_boot_ns(void)
{
    return clock_ns(CLOCK_BOOTTIME);
}

int64_t clock_wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct clock_month clock_month_of(int64_t day)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct clock_month month;
    time_t second = day * 86400;
    int length, year;
    struct tm tm;

    gmtime_r(&second, &tm);
    year = tm.tm_year + 1900;
    length = lengths[tm.tm_mon];
    if (tm.tm_mon == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        length++;
    month.first = day - (tm.tm_mday - 1);
    month.last = month.first + length - 1;
    return month;
}

static char *digits(char *at, unsigned value, unsigned count)
{
    for (unsigned i = count; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

size_t clock_rfc3339(char out[CLOCK_RFC3339_MAX], int64_t wall_us)
{
    time_t second = wall_us / 1000000;
    unsigned ms = (unsigned)(wall_us % 1000000 / 1000);
    struct tm tm;
    char *at = out;

    gmtime_r(&second, &tm);
    at = digits(at, (unsigned)tm.tm_year + 1900, 4);
    *at++ = '-';
    at = digits(at, (unsigned)tm.tm_mon + 1, 2);
    *at++ = '-';
    at = digits(at, (unsigned)tm.tm_mday, 2);
    *at++ = 'T';
    at = digits(at, (unsigned)tm.tm_hour, 2);
    *at++ = ':';
    at = digits(at, (unsigned)tm.tm_min, 2);
    *at++ = ':';
    at = digits(at, (unsigned)tm.tm_sec, 2);
    *at++ = '.';
    at = digits(at, ms, 3);
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

static int64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

bool clock_duration_parse(const char *text, int64_t *seconds)
{
    size_t len = strlen(text);
    int64_t unit;
    uint64_t count;

    *seconds = 0;
    if (len < 2)
        return false;
    unit = unit_seconds(text[len - 1]);
    if (unit == 0 || !num_parse_u64(text, len - 1, &count))
        return false;
    if (count > (uint64_t)(century_s / unit))
        return false;
    *seconds = (int64_t)count * unit;
    return true;
}
