/*
 * test_accept.c: what a client would have, as RFC 9110 weighs it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/accept.h"

static void assert_weight(const char *accept, const char *type, double weight)
{
    if (accept_weight(accept, type) != weight)
        fail_msg("%s in %s weighs %g", type, accept != NULL ? accept : "none",
                 accept_weight(accept, type));
}

static void what_is_refused_or_not_named_weighs_nothing(void **state)
{
    (void)state;
    assert_weight("text/csv;q=0", "text/csv", 0);
    assert_weight("text/csv;q=-1", "text/csv", 0);
    assert_weight("text/csv;q=", "text/csv", 0);
    assert_weight("text/csv;q=much", "text/csv", 0);
    assert_weight("text/csv;q=nan", "text/csv", 0);
    assert_weight("text/csvx, text/cs, xtext/csv", "text/csv", 0);
    assert_weight("application/*", "text/csv", 0);
    assert_weight("*/*, text/csv;q=0", "text/csv", 0);
    assert_weight("*/*, text/*;q=0", "text/csv", 0);
}

static void where_nothing_is_said_all_weigh_the_same(void **state)
{
    (void)state;
    assert_weight(NULL, "text/csv", 1);
    assert_weight("", "text/csv", 1);
    assert_weight(" , ", "text/csv", 1);
    assert_weight("*/*", "text/csv", 1);
}

static void the_closest_range_gives_the_weight(void **state)
{
    (void)state;
    assert_weight("text/csv;q=0.2, text/*;q=0.5, */*", "text/csv", 0.2);
    assert_weight("*/*, text/*;q=0.5", "text/csv", 0.5);
    assert_weight("*/*;q=0.1", "text/csv", 0.1);
    assert_weight("TEXT/CSV; charset=utf-8; Q=0.25 ,text/html", "text/csv", 0.25);
}

static void no_weight_is_above_one(void **state)
{
    (void)state;
    assert_weight("text/csv;q=2", "text/csv", 1);
    assert_weight("text/csv;q=1e300;x=y", "text/csv", 1);
    assert_weight("text/csv;q=inf, text/html;q=1.000", "text/html", 1);
}

static void only_the_type_itself_is_named(void **state)
{
    (void)state;
    assert_true(accept_named(NULL, "application/jose") == 0);
    assert_true(accept_named("*/*, application/*", "application/jose") == 0);
    assert_true(accept_named("application/jose;q=0.5", "application/jose") == 0.5);
    assert_true(accept_named("application/jose;q=0", "application/jose") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_or_not_named_weighs_nothing),
        cmocka_unit_test(where_nothing_is_said_all_weigh_the_same),
        cmocka_unit_test(the_closest_range_gives_the_weight),
        cmocka_unit_test(no_weight_is_above_one),
        cmocka_unit_test(only_the_type_itself_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
