/*
 * test_ledger_change.c: limits that change lose no call and bring none too many.
 */
#include "ledger_calls.h"

/* ---- limits that change ---- */

static void a_lowered_limit_counts_what_went_before_and_a_raised_one_too(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        serve(alice, "5/60s,10/day");
    epoch += 2;
    refuse(alice, "3/60s,10/day");
    epoch += 2;
    help_pass(HELP_SECOND);
    serve(alice, "8/60s,10/day");
    assert_int_equal(verdict.standings[0].remaining, 2);
    assert_int_equal(verdict.standings[1].remaining, 4);
    epoch += 2;
    refuse(alice, "8/60s,6/day");
    assert_int_equal(verdict.exceeded, 2);
    epoch += 2;
    refuse(alice, "8/60s,3/day,5/month");
    assert_int_equal(verdict.exceeded, 6);
}

static void a_limit_raised_back_does_not_forget_what_the_lower_one_had_no_room_for(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        serve(alice, "5/60s");
    epoch += 2;
    refuse(alice, "2/60s");
    epoch += 2;
    refuse(alice, "5/60s");
    help_pass(61 * HELP_SECOND);
    remaining_is(alice, "5/60s", 0, 5);
}

static void a_new_window_counts_what_went_before_it(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        serve(alice, "5/10s");
        help_pass(HELP_SECOND);
    }
    drain();
    epoch += 2;
    refuse(alice, "5/10s,5/60s");
    assert_int_equal(verdict.exceeded, 3);
    assert_int_equal(verdict.retry_s, 56);
    epoch += 2;
    help_pass(6 * HELP_SECOND);
    remaining_is(alice, "5/10s,6/60s,8/1h", 1, 1);
    remaining_is(alice, "5/10s,6/60s,8/1h", 2, 3);
}

static void limits_of_an_older_epoch_do_not_come_back(void **state)
{
    (void)state;
    epoch = 10;
    for (int i = 0; i < 3; i++)
        serve(alice, "3/60s");
    epoch = 8;
    refuse(alice, "100/60s");
    refuse(alice, "");
    assert_int_equal(verdict.standings[0].limit.count, 3);
    epoch = 10;
    refuse(alice, "3/60s");
    admit(bob, "9/60s,3/day", 1);
    epoch = 8;
    assert_int_equal(charge(bob, "", 3), RESULT_DENIED);
    settle(200);
    epoch = 12;
    serve(alice, "100/60s");
    epoch = 10;
    serve(alice, "3/60s");
}

static void what_a_late_one_knows_does_not_bring_its_limits_back(void **state)
{
    struct ledger_known known = {.up_to = 2, .day_charged = 2, .month_charged = 2};

    (void)state;
    serve(alice, "5/60s");
    epoch = 6;
    serve(alice, "");
    drain();
    epoch = 4;
    need.day = call_day(help->wall_us);
    need.month = clock_month_of(need.day);
    need.history = false;
    assert_int_equal(know(alice, "5/60s", &known), RESULT_OK);
    sound();
    epoch = 8;
    remaining_is(alice, "5/60s", 0, 3);
}

static void calls_made_without_limits_count_when_there_are_limits_again(void **state)
{
    (void)state;
    serve(alice, "5/60s,9/day");
    epoch += 2;
    serve(alice, "");
    admit(alice, "", 1);
    assert_int_equal(charge(alice, "", 3), RESULT_OK);
    epoch += 2;
    admit_of(other, alice, "5/60s,9/day", 1);
    assert_int_equal(verdict.standings[0].remaining, 1);
    assert_int_equal(verdict.standings[1].remaining, 2);
    settle_of(other, 200);
    assert_int_equal(charge(alice, "", 2), RESULT_OK); /* admitted without, it is not judged */
    settle(200);
    remaining_is(alice, "5/60s,9/day", 1, 0);
}

static void a_key_that_lost_its_limits_is_not_judged_by_them(void **state)
{
    (void)state;
    admit(alice, "1/60s,1/day", 1);
    settle(200);
    epoch += 2;
    admit(alice, "", 1);
    assert_int_equal(charge(alice, "", 100), RESULT_OK);
    assert_int_equal(verdict.count, 0);
    settle(200);
}

static void limits_may_change_while_a_call_is_in_hand(void **state)
{
    (void)state;
    admit(alice, "5/60s,9/day", 2);
    epoch += 2;
    admit_of(other, alice, "8/60s,5/1h,12/day", 1);
    assert_int_equal(verdict.standings[0].remaining, 6);
    settle_of(other, 200);
    settle(500);
    remaining_is(alice, "8/60s,5/1h,12/day", 2, 11);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_lowered_limit_counts_what_went_before_and_a_raised_one_too),
        EACH(a_limit_raised_back_does_not_forget_what_the_lower_one_had_no_room_for),
        EACH(a_new_window_counts_what_went_before_it),
        EACH(limits_of_an_older_epoch_do_not_come_back),
        EACH(what_a_late_one_knows_does_not_bring_its_limits_back),
        EACH(calls_made_without_limits_count_when_there_are_limits_again),
        EACH(a_key_that_lost_its_limits_is_not_judged_by_them),
        EACH(limits_may_change_while_a_call_is_in_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
