/*
 * test_prefer.c: what the header Prefer prefers: what is nothing first.
 */
#include "front_help.h"

#include "http/prefer.h"

static void what_is_no_such_header_prefers_nothing(void **state)
{
    static const char *const values[] = {
        "",
        " , ,, \t",
        "=",
        "respond-async respond-async",
        "respond-async;=",
        "respond-async; \"",
        "respond-async, \"",
        "respond-async, x=\"",
        "respond-async, x=\"\\",
        "respond-async, x=\"\\\"",
        "respond-async, x=\"\x01\"",
        "respond-async, x=\"a\"b",
        "respond-async, x=",
        "respond-async/1",
        "respond-async\x80",
        "\"respond-async\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (prefer_async(values[i]))
            fail_msg("%s", values[i]);
}

static void another_preference_is_passed_over(void **state)
{
    static const char *const values[] = {
        "wait=10",
        "respond-asynchronous",
        "respond-asyn",
        "xrespond-async",
        "x=respond-async",
        "x=\"respond-async\"",
        "x=\", respond-async\"",
        "x=\"\\\", respond-async\"",
        "x;respond-async",
        "x; a=b ;respond-async=c",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (prefer_async(values[i]))
            fail_msg("%s", values[i]);
}

static void one_with_a_value_is_another_and_the_first_of_two_is_taken(void **state)
{
    (void)state;
    assert_false(prefer_async("respond-async=1"));
    assert_false(prefer_async("respond-async = \"x\""));
    assert_false(prefer_async("respond-async=no, respond-async"));
    assert_true(prefer_async("respond-async, respond-async=no"));
}

static void it_is_found_wherever_it_stands_in_either_case(void **state)
{
    static const char *const values[] = {
        "respond-async",
        "Respond-ASYNC",
        " \trespond-async\t ",
        ",,respond-async,,",
        "respond-async, wait=10",
        "wait=10,respond-async",
        "wait=10;x;;y=\"a;b\" , respond-async",
        "respond-async;",
        "respond-async ; a = \"\xc3\xa4\" ;",
        "respond-async=\"\"",
        "x = \"a, \\\"b\\\\\", respond-async",
        "!#$%&'*+-.^_`|~=!, respond-async",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (!prefer_async(values[i]))
            fail_msg("%s", values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_such_header_prefers_nothing),
        cmocka_unit_test(another_preference_is_passed_over),
        cmocka_unit_test(one_with_a_value_is_another_and_the_first_of_two_is_taken),
        cmocka_unit_test(it_is_found_wherever_it_stands_in_either_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
