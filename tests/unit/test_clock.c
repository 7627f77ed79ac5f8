/*
 * test_clock.c: times as text, and texts as times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static void what_is_no_time_is_refused_and_changes_nothing(void **state)
{
    static const char *const junk[] = {
        "",
        " ",
        "2026",
        "2026-11",
        "2026-11-",
        "2026-1-1",
        "26-11-21",
        "02026-11-21",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-01-32",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-11-21T",
        "2026-11-21Z",
        "2026-11-21T10:00Z",
        "2026-11-21T10:00:00",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00.5",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:60:00Z",
        "2026-11-21T10:00:61Z",
        "2026-11-21T10:00:60Z",
        "2026-11-21T10:00:00ZZ",
        "2026-11-21T10:00:00Z ",
        " 2026-11-21",
        "2026-11-21T10:00:00+1:00",
        "2026-11-21T10:00:00+24:00",
        "2026-11-21T10:00:00+01:60",
        "2026-11-21T10:00:00+0100",
        "2026-11-21T10:00:00+01",
        "2026-11-21T10:00:00,5Z",
        "2026-11-21_10:00:00Z",
        "+026-11-21",
        "-026-11-21",
        "2026/11/21",
        "20261121",
        "2026-W47-6",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00+00:01",
        "now",
        "1700000000",
    };
    int64_t us = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
        if (clock_rfc3339_parse(junk[i], &us) || us != 42)
            fail_msg("\"%s\" was taken as %lld", junk[i], (long long)us);
}

static void a_time_is_read_to_the_microsecond_and_with_its_offset(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } times[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00.000001z", 1},
        {"1970-01-01 00:00:00.1234567890123456789012345678901234567890Z", 123456},
        {"1970-01-01T00:00:00.9999999Z", 999999},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1970-01-01T00:00:00+23:59", INT64_C(-86340000000)},
        {"1969-12-31T23:59:59.5-00:00", -500000},
        {"2026-11-21T10:00:00Z", INT64_C(1795255200000000)},
        {"2026-11-21T12:30:00+02:30", INT64_C(1795255200000000)},
        {"2026-11-21T00:00:00-10:00", INT64_C(1795255200000000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000000)}, /* a leap second */
        {"2017-01-01T00:59:60+01:00", INT64_C(1483228800000000)},
        {"2000-02-29", INT64_C(951782400000000)},
        {"0000-01-01", INT64_C(-62167219200000000)},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
    };
    int64_t us;

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (!clock_rfc3339_parse(times[i].text, &us) || us != times[i].us)
            fail_msg("\"%s\" was read as %lld", times[i].text, (long long)us);
}

/* Every day of 800 years, and a time in it, there and back. */
static void what_is_written_is_read_back(void **state)
{
    char text[CLOCK_RFC3339_MAX], date[CLOCK_DATE_MAX];
    int64_t us, back;

    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        us = day * INT64_C(86400000000) + (day % 86400 + 86400) % 86400 * 1000001 % 86400000000;
        assert_int_equal(clock_rfc3339_us(text, us), 27);
        if (!clock_rfc3339_parse(text, &back) || back != us)
            fail_msg("%lld is %s, and back %lld", (long long)us, text, (long long)back);
        clock_date(date, day);
        assert_memory_equal(date, text, 10);
        assert_true(clock_rfc3339_parse(date, &back));
        assert_int_equal(back, day * INT64_C(86400000000));
    }
}

static void times_before_1970_count_forward(void **state)
{
    char text[CLOCK_RFC3339_MAX];

    (void)state;
    clock_rfc3339(text, -1);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_rfc3339_us(text, -1000000);
    assert_string_equal(text, "1969-12-31T23:59:59.000000Z");
    clock_rfc3339_us(text, INT64_MIN);
    clock_rfc3339_us(text, INT64_MAX);
}

static void a_day_that_is_no_date_is_a_dash(void **state)
{
    char date[CLOCK_DATE_MAX];

    (void)state;
    clock_date(date, INT64_MIN);
    assert_string_equal(date, "-");
    clock_date(date, 2932897);
    assert_string_equal(date, "-");
    clock_date(date, 2932896);
    assert_string_equal(date, "9999-12-31");
    clock_date(date, -719528);
    assert_string_equal(date, "0000-01-01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_time_is_refused_and_changes_nothing),
        cmocka_unit_test(a_time_is_read_to_the_microsecond_and_with_its_offset),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(times_before_1970_count_forward),
        cmocka_unit_test(a_day_that_is_no_date_is_a_dash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
