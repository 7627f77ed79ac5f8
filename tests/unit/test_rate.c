/*
 * test_rate.c: so many in so long, as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rate.h"

static void what_is_no_rate_is_refused_and_leaves_the_value(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "5",
                                      "5/",
                                      "/60s",
                                      "5/60",
                                      "5/s",
                                      "0/60s",
                                      "-1/60s",
                                      "+1/60s",
                                      "1.5/60s",
                                      "5/0s",
                                      "5/-1s",
                                      "5/60 s",
                                      " 5/60s",
                                      "5/60s ",
                                      "5 /60s",
                                      "5//60s",
                                      "5/60s/60s",
                                      "5/60S",
                                      "5/1y",
                                      "5/1month",
                                      "5/day",
                                      "1000000001/1s",
                                      "5/31622401s",
                                      "5/367d",
                                      "5/53w",
                                      "5/99999999999999999999s",
                                      "99999999999999999999/1s"};
    struct rate rate = {7, 9};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (rate_parse(bad[i], &rate))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_true(rate.count == 7 && rate.seconds == 9);
    }
}

static void a_rate_is_read_and_written_in_the_largest_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t count, seconds;
        const char *written;
    } good[] = {
        {"5/60s", 5, 60, "5/60s"},
        {"5/1m", 5, 60, "5/60s"},
        {"1/1s", 1, 1, "1/1s"},
        {"100/2m", 100, 120, "100/120s"},
        {"100/3m", 100, 180, "100/3m"},
        {"100/121s", 100, 121, "100/121s"},
        {"100/1h", 100, 3600, "100/1h"},
        {"100/90m", 100, 5400, "100/90m"},
        {"7/24h", 7, 86400, "7/1d"},
        {"7/7d", 7, 604800, "7/1w"},
        {"7/10d", 7, 864000, "7/10d"},
        {"007/0060s", 7, 60, "7/60s"},
        {"1000000000/366d", 1000000000, 31622400, "1000000000/366d"},
        {"1000000000/31622399s", 1000000000, 31622399, "1000000000/31622399s"},
    };
    char out[RATE_TEXT_MAX];
    struct rate rate;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!rate_parse(good[i].text, &rate))
            fail_msg("\"%s\" was refused", good[i].text);
        assert_int_equal(rate.count, good[i].count);
        assert_int_equal(rate.seconds, good[i].seconds);
        rate_print(out, &rate);
        assert_string_equal(out, good[i].written);
    }
}

static void every_window_that_is_written_reads_back(void **state)
{
    char out[RATE_TEXT_MAX];
    struct rate rate, back;

    (void)state;
    for (int64_t seconds = 1; seconds <= RATE_SECONDS_MAX;
         seconds += seconds < 700000 ? 1 : 997) {
        rate = (struct rate){3, seconds};
        rate_print(out, &rate);
        if (!rate_parse(out, &back) || back.seconds != seconds || back.count != 3)
            fail_msg("%s is not %ld seconds", out, (long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_rate_is_refused_and_leaves_the_value),
        cmocka_unit_test(a_rate_is_read_and_written_in_the_largest_unit),
        cmocka_unit_test(every_window_that_is_written_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
