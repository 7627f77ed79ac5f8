/*
 * test_chart.c: the bars of a count a day.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "cmd/chart.h"

static struct chart chart;
static struct buf text;

/* The terminal of whoever runs the tests has no say. */
static int setup(void **state)
{
    (void)state;
    memset(&chart, 0, sizeof(chart));
    setenv("COLUMNS", "40", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&text);
    return 0;
}

static const char *drawn(void)
{
    buf_free(&text);
    chart_draw(&chart, &text);
    return text.data != NULL ? text.data : "";
}

static size_t lines(void)
{
    size_t count = 0;

    for (const char *at = drawn(); *at != '\0'; at++)
        count += *at == '\n';
    return count;
}

/* Of the widest line, in characters. */
static size_t widest(void)
{
    size_t width = 0, most = 0;

    for (const char *at = drawn(); *at != '\0'; at++) {
        width = *at == '\n' ? 0 : width + ((*at & 0xc0) != 0x80);
        most = width > most ? width : most;
    }
    return most;
}

static void a_chart_of_nothing_is_nothing(void **state)
{
    (void)state;
    assert_string_equal(drawn(), "");
}

static void a_day_that_is_no_date_is_left_out(void **state)
{
    (void)state;
    chart_add(&chart, INT64_MIN, 1);
    chart_add(&chart, INT64_MAX, 1);
    chart_add(&chart, 2932897, 1);
    chart_add(&chart, -719529, 1);
    assert_string_equal(drawn(), "");
}

static void days_without_a_count_are_shown(void **state)
{
    (void)state;
    chart_add(&chart, 2, 4);
    chart_add(&chart, 0, 16);
    chart_add(&chart, 2, 4);
    setenv("COLUMNS", "19", 1);
    assert_string_equal(drawn(), "\n1970-01-01  16 ████"
                                 "\n1970-01-02   0"
                                 "\n1970-01-03   8 ██");
}

static void bars_end_in_eighths_and_are_never_less_than_one(void **state)
{
    (void)state;
    chart_add(&chart, 0, 1000);
    chart_add(&chart, 1, 1);
    chart_add(&chart, 2, 875);
    setenv("COLUMNS", "18", 1);
    assert_string_equal(drawn(), "\n1970-01-01  1000 █"
                                 "\n1970-01-02     1 ▏"
                                 "\n1970-01-03   875 ▉");
}

static void bars_are_of_number_signs_where_nobody_speaks_utf8(void **state)
{
    (void)state;
    chart_add(&chart, 0, 8);
    chart_add(&chart, 1, 4);
    chart_add(&chart, 2, 1);
    setenv("COLUMNS", "18", 1);
    setenv("LC_ALL", "C", 1);
    assert_string_equal(drawn(), "\n1970-01-01  8 ####\n1970-01-02  4 ##\n1970-01-03  1 #");
    setenv("LC_ALL", "", 1);
    setenv("LC_CTYPE", "POSIX", 1);
    setenv("LANG", "en_US.UTF-8", 1);
    assert_non_null(strchr(drawn(), '#'));
    setenv("LC_CTYPE", "de_DE.utf8", 1);
    assert_null(strchr(drawn(), '#'));
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    unsetenv("LANG");
    assert_non_null(strchr(drawn(), '#'));
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const char *const widths[] = {"1", "9", "10", "11", "12", "31", "32", "33", "80"};

    (void)state;
    chart_add(&chart, 0, INT64_MAX);
    chart_add(&chart, 1, 1);
    chart_add(&chart, 2, INT64_MAX - 1);
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        setenv("COLUMNS", widths[i], 1);
        setenv("LC_ALL", i % 2 ? "C" : "C.UTF-8", 1);
        assert_true(widest() <= (size_t)atoi(widths[i]));
        assert_int_equal(utf8_valid_prefix(text.data, text.len), text.len);
    }
    assert_int_equal(widest(), 80);
}

static void junk_in_columns_is_eighty(void **state)
{
    static const char *const junk[] = {"", "0", "-1", "x", "80 ", "99999999999999999999"};

    (void)state;
    chart_add(&chart, 0, 7);
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        setenv("COLUMNS", junk[i], 1);
        assert_int_equal(widest(), 80);
    }
    setenv("COLUMNS", "18446744073709551615", 1);
    assert_int_equal(widest(), 1000);
}

static void of_more_days_than_fit_the_last_are_shown(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 1000; day++)
        chart_add(&chart, day, day);
    assert_int_equal(lines(), CHART_DAYS);
    assert_non_null(strstr(drawn(), "\n1972-09-26  999 "));
    chart_add(&chart, 0, 5); /* long ago */
    assert_int_equal(lines(), CHART_DAYS);
    chart_add(&chart, 999 + CHART_DAYS, 1);
    assert_int_equal(lines(), CHART_DAYS);
    assert_null(strstr(drawn(), "999 "));
    chart_add(&chart, 20000, 1);
    chart_add(&chart, 19998, 1);
    assert_int_equal(lines(), CHART_DAYS);
    chart_add(&chart, -20000, 1);
    assert_int_equal(lines(), CHART_DAYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chart_of_nothing_is_nothing),
        TEST(a_day_that_is_no_date_is_left_out),
        TEST(days_without_a_count_are_shown),
        TEST(bars_end_in_eighths_and_are_never_less_than_one),
        TEST(bars_are_of_number_signs_where_nobody_speaks_utf8),
        TEST(no_line_is_wider_than_the_terminal),
        TEST(junk_in_columns_is_eighty),
        TEST(of_more_days_than_fit_the_last_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
