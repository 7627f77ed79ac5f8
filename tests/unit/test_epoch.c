/*
 * test_epoch.c: two makers of changes whose ends come in any order, or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/epoch.h"

static char path[64];
static struct epoch *a, *b, *worker;

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/forestgate-epoch.XXXXXX");
    close(mkstemp(path));
    unlink(path);
    return epoch_make(path, NULL) != RESULT_OK ||
           epoch_open(path, true, &a, NULL) != RESULT_OK ||
           epoch_open(path, true, &b, NULL) != RESULT_OK ||
           epoch_open(path, false, &worker, NULL) != RESULT_OK;
}

static int teardown(void **state)
{
    (void)state;
    epoch_close(a);
    epoch_close(b);
    epoch_close(worker);
    unlink(path);
    return 0;
}

static bool settled(void)
{
    return epoch_is_settled(epoch_read(worker));
}

static void an_end_does_not_settle_a_change_that_another_has_begun(void **state)
{
    (void)state;
    epoch_begin(a);
    epoch_begin(b); /* a has committed, and not ended yet */
    epoch_end(a);
    assert_false(settled());
    epoch_end(b);
    assert_true(settled());
}

static void an_end_that_comes_late_does_not_put_the_number_back(void **state)
{
    uint64_t number;

    (void)state;
    epoch_begin(a);
    epoch_begin(b);
    epoch_end(b);
    epoch_begin(b);
    epoch_end(b);
    number = epoch_read(worker);
    epoch_end(a);
    assert_int_equal(epoch_read(worker), number);
    assert_true(settled());
}

static void a_maker_that_dies_leaves_it_unsettled_until_the_next_change(void **state)
{
    (void)state;
    epoch_begin(a);
    assert_false(settled());
    epoch_begin(b);
    epoch_end(b);
    assert_true(settled());
}

static void no_number_comes_twice(void **state)
{
    uint64_t last = epoch_read(worker), now;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        epoch_begin(i % 3 == 0 ? a : b);
        now = epoch_read(worker);
        assert_true(now > last);
        last = now;
        if (i % 5 != 0) { /* every fifth maker dies */
            epoch_end(i % 3 == 0 ? a : b);
            now = epoch_read(worker);
            assert_true(now > last);
            last = now;
        }
    }
}

static void a_file_that_was_replaced_is_an_orphan(void **state)
{
    (void)state;
    assert_false(epoch_is_orphan(worker));
    unlink(path);
    assert_true(epoch_is_orphan(worker));
    assert_int_equal(epoch_make(path, NULL), RESULT_OK);
    assert_true(epoch_is_orphan(worker));
}

static void a_file_of_another_length_is_refused(void **state)
{
    struct epoch *broken = NULL;
    struct reason why = {{0}};

    (void)state;
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(epoch_open(path, false, &broken, &why), RESULT_MALFORMED);
    assert_null(broken);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_file_of_another_length_is_refused),
        EACH(an_end_does_not_settle_a_change_that_another_has_begun),
        EACH(an_end_that_comes_late_does_not_put_the_number_back),
        EACH(a_maker_that_dies_leaves_it_unsettled_until_the_next_change),
        EACH(no_number_comes_twice),
        EACH(a_file_that_was_replaced_is_an_orphan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
