/*
 * test_limits.c: lists of rates and quotas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/limits.h"

static struct reason why;

static struct limits parsed(const char *text)
{
    struct limits limits;

    if (limits_parse(text, &limits, &why) != RESULT_OK)
        fail_msg("%s: %s", text, why.text);
    return limits;
}

static void assert_printed(const struct limits *limits, const char *expected)
{
    char out[LIMITS_TEXT_MAX];

    limits_print(out, limits);
    assert_string_equal(out, expected);
}

static void what_are_no_limits_is_refused_with_the_item(void **state)
{
    static const struct {
        const char *text, *told;
    } bad[] = {
        {"x", "\"x\""},
        {"5/60s,x", "\"x\""},
        {"5/60s, 100/day", "\" 100/day\""},
        {",", "\"\""},
        {"5/60s,", "ends in a comma"},
        {",5/60s", "\"\""},
        {"5/60s,,1/day", "\"\""},
        {"0/day", "\"0/day\""},
        {"-1/day", "\"-1/day\""},
        {"1000000001/month", "\"1000000001/month\""},
        {"5/Day", "\"5/Day\""},
        {"5/days", "\"5/days\""},
        {"5/da", "\"5/da\""},
        {"5/", "\"5/\""},
        {"day", "\"day\""},
        {"5/week", "\"5/week\""},
        {"5/year", "\"5/year\""},
        {"5/60s;1/day", "\"5/60s;1/day\""},
        {"5/60s\n", "\"5/60s\n\""},
    };
    struct limits limits;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (limits_parse(bad[i].text, &limits, &why) != RESULT_INVALID)
            fail_msg("\"%s\" was taken", bad[i].text);
        if (strstr(why.text, bad[i].told) == NULL)
            fail_msg("\"%s\": %s", bad[i].text, why.text);
    }
}

static void two_limits_of_one_window_are_refused(void **state)
{
    static const char *const bad[] = {"5/60s,6/60s", "5/60s,6/1m", "5/1h,1/1s,6/60m",
                                      "5/day,5/day", "5/month,7/day,6/month"};
    struct limits limits;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (limits_parse(bad[i], &limits, &why) != RESULT_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(strstr(why.text, "two limits"));
    }
}

static void more_than_four_rates_are_refused(void **state)
{
    struct limits limits;

    (void)state;
    assert_int_equal(limits_parse("1/1s,2/2s,3/3s,4/4s,5/day,6/month", &limits, &why),
                     RESULT_OK);
    assert_int_equal(limits.count, LIMITS_MAX);
    assert_int_equal(limits_parse("1/1s,2/2s,3/3s,4/4s,5/5s", &limits, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "4 rates"));
}

static void a_text_of_a_megabyte_is_refused(void **state)
{
    size_t len = 1 << 20;
    char *text = malloc(len + 1);
    struct limits limits;

    (void)state;
    assert_non_null(text);
    for (const char *c = "0,/s"; *c != '\0'; c++) {
        memset(text, *c, len);
        text[len] = '\0';
        assert_int_equal(limits_parse(text, &limits, &why), RESULT_INVALID);
        assert_true(strlen(why.text) < sizeof(why.text) - 1);
    }
    free(text);
}

static void rates_come_first_and_the_shortest_of_them_first(void **state)
{
    struct limits limits = parsed("2000/month,100/1h,1/1d,100/day,5/60s");

    (void)state;
    assert_printed(&limits, "5/60s,100/1h,1/1d,100/day,2000/month");
    assert_int_equal(limits.items[0].kind, LIMIT_RATE);
    assert_int_equal(limits.items[0].seconds, 60);
    assert_int_equal(limits.items[3].kind, LIMIT_DAY);
    assert_int_equal(limits.items[4].kind, LIMIT_MONTH);
    assert_int_equal(limits.items[4].count, 2000);
    limits = parsed("");
    assert_int_equal(limits.count, 0);
    assert_printed(&limits, "");
}

static void the_longest_list_fits_and_reads_back(void **state)
{
    static const char longest[] =
        "1000000000/31622396s,1000000000/31622397s,1000000000/31622398s,1000000000/31622399s,"
        "1000000000/day,1000000000/month";
    struct limits limits = parsed(longest);

    (void)state;
    assert_printed(&limits, longest);
}

static void of_one_list_the_names_differ(void **state)
{
    struct limits limits = parsed("5/24h,5/day");
    char a[LIMIT_NAME_MAX], b[LIMIT_NAME_MAX];

    (void)state;
    limit_name(a, &limits.items[0]);
    limit_name(b, &limits.items[1]);
    assert_string_equal(a, "1d");
    assert_string_equal(b, "day");
}

static void a_part_takes_no_items_of_the_other(void **state)
{
    struct limits limits = parsed("5/60s,100/day");

    (void)state;
    assert_int_equal(limits_replace(&limits, LIMITS_RATES, "6/day", &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "the rate \"6/day\""));
    assert_int_equal(limits_replace(&limits, LIMITS_QUOTAS, "6/1s", &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "the quota \"6/1s\""));
    assert_int_equal(limits_replace(&limits, LIMITS_RATES, "6/1s,7/1s", &why), RESULT_INVALID);
    assert_printed(&limits, "5/60s,100/day");
}

static void a_part_is_replaced_as_a_whole_and_the_other_stays(void **state)
{
    struct limits limits = parsed("5/60s,6/1h,100/day,200/month");

    (void)state;
    assert_int_equal(limits_replace(&limits, LIMITS_RATES, "7/1s", &why), RESULT_OK);
    assert_printed(&limits, "7/1s,100/day,200/month");
    assert_int_equal(limits_replace(&limits, LIMITS_QUOTAS, "9/month", &why), RESULT_OK);
    assert_printed(&limits, "7/1s,9/month");
    assert_int_equal(limits_replace(&limits, LIMITS_RATES, "", &why), RESULT_OK);
    assert_printed(&limits, "9/month");
    assert_int_equal(limits_replace(&limits, LIMITS_QUOTAS, "", &why), RESULT_OK);
    assert_printed(&limits, "");
}

static void own_limits_take_the_place_of_a_tiers(void **state)
{
    static const struct {
        const char *tier, *own, *merged;
    } cases[] = {
        {"5/60s,100/day", "", "5/60s,100/day"},
        {"5/60s,100/day", "7/1s", "7/1s,100/day"},
        {"5/60s,6/1h,100/day", "7/1s", "7/1s,100/day"},
        {"5/60s,100/day", "9/day", "5/60s,9/day"},
        {"5/60s,100/day", "9/month", "5/60s,100/day,9/month"},
        {"5/60s,100/day,200/month", "1/1s,2/2s,3/3s,4/4s,5/day,6/month",
         "1/1s,2/2s,3/3s,4/4s,5/day,6/month"},
        {"1/1s,2/2s,3/3s,4/4s,5/day,6/month", "9/1h,8/day", "9/1h,8/day,6/month"},
        {"", "7/1s", "7/1s"},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct limits tier = parsed(cases[i].tier), own = parsed(cases[i].own);

        limits_override(&tier, &own);
        assert_printed(&tier, cases[i].merged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_are_no_limits_is_refused_with_the_item),
        cmocka_unit_test(two_limits_of_one_window_are_refused),
        cmocka_unit_test(more_than_four_rates_are_refused),
        cmocka_unit_test(a_text_of_a_megabyte_is_refused),
        cmocka_unit_test(rates_come_first_and_the_shortest_of_them_first),
        cmocka_unit_test(the_longest_list_fits_and_reads_back),
        cmocka_unit_test(of_one_list_the_names_differ),
        cmocka_unit_test(a_part_takes_no_items_of_the_other),
        cmocka_unit_test(a_part_is_replaced_as_a_whole_and_the_other_stays),
        cmocka_unit_test(own_limits_take_the_place_of_a_tiers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
