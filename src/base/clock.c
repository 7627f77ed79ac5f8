/*
 * clock.c: the two clocks, and times and durations as text.
 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/num.h"

static const int64_t second_us = 1000000, day_s = 86400;
static const int64_t century_s = (int64_t)100 * 366 * 86400;

/* 0000-01-01 and 9999-12-31, since 1970-01-01. */
static const int64_t day_first = -719528, day_last = 2932896;

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

int64_t clock_wall_s(void)
{
    return clock_wall_us() / 1000000;
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

static size_t print_time(char out[CLOCK_RFC3339_MAX], int64_t wall_us, unsigned decimals)
{
    int64_t us = wall_us % second_us;
    time_t second = wall_us / second_us;
    struct tm tm;
    char *at = out;

    if (us < 0) { /* before 1970 too the fraction counts forward */
        us += second_us;
        second--;
    }
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
    at = digits(at, (unsigned)(decimals == 3 ? us / 1000 : us), decimals);
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

size_t clock_rfc3339(char out[CLOCK_RFC3339_MAX], int64_t wall_us)
{
    return print_time(out, wall_us, 3);
}

size_t clock_rfc3339_us(char out[CLOCK_RFC3339_MAX], int64_t wall_us)
{
    return print_time(out, wall_us, 6);
}

void clock_date(char out[CLOCK_DATE_MAX], int64_t day)
{
    char time[CLOCK_RFC3339_MAX] = "-";
    size_t len = 1;

    if (day >= day_first && day <= day_last) {
        clock_rfc3339(time, day * day_s * second_us);
        len = CLOCK_DATE_MAX - 1;
    }
    memcpy(out, time, len);
    out[len] = '\0';
}

/* Reads so many digits and goes behind them. */
static bool digits_read(const char **at, unsigned count, int *value)
{
    *value = 0;
    for (; count > 0; count--, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

/* Two digits up to a most, behind a character that has to be there. */
static bool part_read(const char **at, char before, int most, int *value)
{
    if (**at != before)
        return false;
    ++*at;
    return digits_read(at, 2, value) && *value <= most;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

/* A date as a day since 1970-01-01; years begin in March here, so that a leap day is last. */
static int64_t day_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date_read(const char **at, int64_t *day)
{
    int year, month, of_month;

    if (!digits_read(at, 4, &year) || !part_read(at, '-', 12, &month) || month == 0 ||
        !part_read(at, '-', month_days(year, month), &of_month) || of_month == 0)
        return false;
    *day = day_of(year, month, of_month);
    return true;
}

/* The digits behind a second's point; those past the sixth are passed over. */
static bool fraction_read(const char **at, int64_t *us)
{
    int64_t unit = second_us / 10;

    *us = 0;
    if (**at != '.')
        return true;
    for (++*at; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
        *us += (**at - '0') * unit;
    return (*at)[-1] != '.';
}

/* Z, or +01:00, as seconds. */
static bool offset_read(const char **at, int *offset)
{
    char sign = **at;
    int hours, minutes;

    *offset = 0;
    if (sign == 'Z' || sign == 'z') {
        ++*at;
        return true;
    }
    if ((sign != '+' && sign != '-') || !part_read(at, sign, 23, &hours) ||
        !part_read(at, ':', 59, &minutes))
        return false;
    *offset = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
    return true;
}

bool clock_rfc3339_parse(const char *text, int64_t *wall_us)
{
    int hour, minute, second, offset, of_day;
    const char *at = text;
    int64_t day, us, seconds;

    if (!date_read(&at, &day))
        return false;
    if (*at == '\0') {
        *wall_us = day * day_s * second_us;
        return true;
    }
    if (strchr("Tt ", *at) == NULL || !part_read(&at, *at, 23, &hour) ||
        !part_read(&at, ':', 59, &minute) || !part_read(&at, ':', 60, &second) ||
        !fraction_read(&at, &us) || !offset_read(&at, &offset) || *at != '\0')
        return false;
    of_day = (hour * 60 + minute) * 60 + second - offset;
    seconds = day * day_s + of_day;
    if (second == 60 && seconds % day_s != 0)
        return false;
    /* An offset leads out of the years that can be written. */
    if (seconds < day_of(0, 1, 1) * day_s || seconds >= day_of(10000, 1, 1) * day_s)
        return false;
    *wall_us = seconds * second_us + us;
    return true;
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
