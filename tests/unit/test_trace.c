/*
 * test_trace.c: the headers traceparent and tracestate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/trace.h"

#define ID     "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define GOOD   "00-" ID "-" PARENT "-01"

static struct trace trace;

static void what_is_no_traceparent_is_passed_over(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" ID "-" PARENT,
        "00-" ID "-" PARENT "-",
        "00-" ID "-" PARENT "-0",
        "00-" ID "-" PARENT "-011",
        "00-" ID "-" PARENT "-01-",
        "00-" ID "-" PARENT "-01-x",
        "00-" ID "-" PARENT "-01 ",
        " " GOOD,
        "00-" ID "-" PARENT "-0G",
        "00-" ID "-" PARENT "-0A",
        "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
        "00-" ID "-B7AD6B7169203331-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00_" ID "-" PARENT "-01",
        "00-" ID "_" PARENT "-01",
        "00-" ID "-" PARENT "_01",
        "00-0af7651916cd43dd8448eb211c80319-" PARENT "-01",
        "00-" ID "0-" PARENT "-01",
        "ff-" ID "-" PARENT "-01",
        "FF-" ID "-" PARENT "-01",
        "0-" ID "-" PARENT "-01",
        "000-" ID "-" PARENT "-01",
        "0x-" ID "-" PARENT "-01",
        "cc-" ID "-" PARENT "-01.more",
        "cc-" ID "-" PARENT "-0",
        GOOD "," GOOD,
        "00-" ID "-" PARENT "-01\r\nX: y",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (trace_parse(bad[i], &trace))
            fail_msg("it was taken: %s", bad[i]);
        trace_read(&trace, bad[i], "a=1", false);
        assert_false(trace.given);
    }
    assert_false(trace_parse(NULL, &trace));
}

static void a_good_one_is_gone_on_with_under_a_span_of_our_own(void **state)
{
    char text[TRACE_TEXT_LEN + 1], before[TRACE_SPAN_LEN + 1] = "";

    (void)state;
    for (int i = 0; i < 2; i++) {
        trace_read(&trace, GOOD, "congo=t61rcWkgMzE", false);
        assert_true(trace.given);
        assert_string_equal(trace.id, ID);
        assert_string_equal(trace.parent, PARENT);
        assert_string_equal(trace.state, "congo=t61rcWkgMzE");
        assert_int_equal(strspn(trace.span, "0123456789abcdef"), TRACE_SPAN_LEN);
        assert_string_not_equal(trace.span, before);
        strcpy(before, trace.span);
        trace_print(&trace, text);
        assert_int_equal(strlen(text), TRACE_TEXT_LEN);
        assert_int_equal(strncmp(text, "00-" ID "-", 36), 0);
        assert_int_equal(strncmp(text + 36, trace.span, TRACE_SPAN_LEN), 0);
        assert_string_equal(text + 52, "-01");
    }
}

static void a_later_version_is_read_as_far_as_it_is_known(void **state)
{
    static const char *const later[] = {"01-" ID "-" PARENT "-01", "cc-" ID "-" PARENT "-01-",
                                        "cc-" ID "-" PARENT "-01-what-the-future-will-be"};
    char text[TRACE_TEXT_LEN + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        trace_read(&trace, later[i], NULL, false);
        assert_true(trace.given);
        assert_string_equal(trace.id, ID);
        trace_print(&trace, text);
        assert_int_equal(strncmp(text, "00-", 3), 0);
    }
}

static void flags_that_are_not_known_are_not_handed_on(void **state)
{
    static const struct {
        const char *came, *goes;
    } flags[] = {{"00", "00"}, {"01", "01"}, {"02", "02"},
                 {"03", "03"}, {"ff", "03"}, {"fc", "00"}};
    char text[TRACE_TEXT_LEN + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        snprintf(text, sizeof(text), "00-%s-%s-%s", ID, PARENT, flags[i].came);
        trace_read(&trace, text, NULL, false);
        trace_print(&trace, text);
        assert_string_equal(text + 53, flags[i].goes);
    }
}

static void a_state_that_could_be_a_header_of_its_own_or_is_too_long_is_dropped(void **state)
{
    char text[TRACE_STATE_MAX + 2], carried[TRACE_CARRIED_MAX + 1];

    (void)state;
    assert_false(trace_state_is_fit(""));
    assert_false(trace_state_is_fit("a=1\r\nX: y"));
    assert_false(trace_state_is_fit("a=\x7f"));
    assert_false(trace_state_is_fit("a=\xc3\xa4"));
    assert_true(trace_state_is_fit("a=1, b@c=2\t,"));
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(trace_state_is_fit(text));
    trace_read(&trace, GOOD, text, false);
    assert_null(trace.state);
    trace_carry(&trace, carried);
    assert_int_equal(strlen(carried), TRACE_TEXT_LEN);
    text[TRACE_STATE_MAX] = '\0';
    trace_read(&trace, GOOD, text, false);
    trace_carry(&trace, carried);
    assert_int_equal(strlen(carried), TRACE_CARRIED_MAX);
    assert_string_equal(carried + TRACE_TEXT_LEN + 1, text);
}

static void a_trace_is_begun_only_where_that_is_wanted(void **state)
{
    char text[TRACE_TEXT_LEN + 1];
    struct trace again;

    (void)state;
    trace_read(&trace, NULL, "a=1", false);
    assert_false(trace.given);
    trace_read(&trace, "nonsense", "a=1", true);
    assert_true(trace.given);
    assert_string_equal(trace.parent, "");
    assert_null(trace.state);
    trace_print(&trace, text);
    assert_true(trace_parse(text, &again));
    assert_string_equal(again.id, trace.id);
    assert_string_equal(again.parent, trace.span);
    assert_int_equal(again.flags, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_traceparent_is_passed_over),
        cmocka_unit_test(a_good_one_is_gone_on_with_under_a_span_of_our_own),
        cmocka_unit_test(a_later_version_is_read_as_far_as_it_is_known),
        cmocka_unit_test(flags_that_are_not_known_are_not_handed_on),
        cmocka_unit_test(a_state_that_could_be_a_header_of_its_own_or_is_too_long_is_dropped),
        cmocka_unit_test(a_trace_is_begun_only_where_that_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
