/*
 * test_ledger.c: which calls are let through, and what those are told that are not.
 */
#include "ledger_calls.h"

/* ---- over a limit ---- */

static void a_call_over_a_rate_is_refused_until_the_time_that_it_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        serve(alice, "5/60s");
        assert_int_equal(verdict.standings[0].remaining, 4 - i);
        help_pass(HELP_SECOND);
    }
    refuse(alice, "5/60s");
    assert_int_equal(verdict.exceeded, 1);
    assert_int_equal(verdict.retry_s, 56); /* the first went 5 s ago; both ends of 60 s count */
    assert_int_equal(verdict.standings[0].remaining, 0);
    help_pass(55 * HELP_SECOND);
    refuse(alice, "5/60s");
    assert_int_equal(verdict.retry_s, 1);
    help_pass(verdict.retry_s * HELP_SECOND);
    serve(alice, "5/60s");
    refuse(alice, "5/60s");
}

static void a_call_over_the_quota_of_a_day_is_refused_until_midnight(void **state)
{
    (void)state;
    pass_to("2025-07-26T23:59:58.400Z");
    for (int i = 0; i < 3; i++)
        serve(alice, "3/day");
    refuse(alice, "3/day");
    assert_int_equal(verdict.retry_s, 2);
    assert_int_equal(verdict.standings[0].window_s, 86400);
    assert_int_equal(verdict.standings[0].reset_s, 2);
    help_pass(HELP_SECOND);
    refuse(alice, "3/day");
    assert_int_equal(verdict.retry_s, 1);
    help_pass(HELP_SECOND);
    serve(alice, "3/day");
    assert_int_equal(verdict.standings[0].remaining, 2);
}

static void a_call_over_the_quota_of_a_month_is_refused_until_the_first(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        serve(alice, "3/month");
        help_pass(86400 * HELP_SECOND);
    }
    refuse(alice, "3/month");
    pass_to("2025-07-31T23:59:59Z");
    refuse(alice, "3/month");
    assert_int_equal(verdict.retry_s, 1);
    assert_int_equal(verdict.standings[0].window_s, 31 * 86400);
    help_pass(HELP_SECOND);
    serve(alice, "3/month");
    assert_int_equal(verdict.standings[0].window_s, 31 * 86400);
}

static void the_longest_wait_of_all_limits_that_refuse_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        serve(alice, "2/10s,2/60s,2/day,100/month");
    refuse(alice, "2/10s,2/60s,2/day,100/month");
    assert_int_equal(verdict.exceeded, 7);
    assert_int_equal(verdict.retry_s, 12 * 3600);
    assert_int_equal(verdict.count, 4);
    assert_int_equal(verdict.standings[3].remaining, 98);
}

static void the_wait_of_a_long_window_is_not_cut_by_a_midnight_before_it(void **state)
{
    (void)state;
    pass_to("2025-07-26T23:59:58Z");
    serve(alice, "1/1h,1/day");
    refuse(alice, "1/1h,1/day");
    assert_int_equal(verdict.retry_s, 3601);
}

/* Each limit is the one that refuses, once; the others must not have been touched. */
static void a_refusal_by_one_limit_leaves_all_others_as_they_were(void **state)
{
    static const char *const limits[] = {
        "3/10s,9/60s,9/day,9/month", "9/10s,3/60s,9/day,9/month", "9/10s,9/60s,3/day,9/month",
        "9/10s,9/60s,9/day,3/month"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char key[KEY_ID_LEN + 1];
        struct ledger_verdict before;

        key_of(key, (unsigned)i);
        for (int k = 0; k < 3; k++)
            serve(key, limits[i]);
        assert_int_equal(look(key, limits[i]), RESULT_OK);
        before = verdict;
        for (int k = 0; k < 50; k++) {
            refuse(key, limits[i]);
            assert_int_equal(verdict.exceeded, 1U << i);
        }
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(verdict.standings[k].remaining, k == i ? 0 : 6);
            assert_int_equal(verdict.standings[k].remaining, before.standings[k].remaining);
        }
    }
}

static void a_call_of_more_than_what_is_left_is_refused_whole(void **state)
{
    (void)state;
    admit(alice, "9/60s,10/day,100/month", 6);
    settle(200);
    assert_int_equal(try_of(ledger, alice, "9/60s,10/day,100/month", 5), RESULT_DENIED);
    assert_int_equal(verdict.exceeded, 2);
    assert_false(verdict.never);
    remaining_is(alice, "9/60s,10/day,100/month", 0, 8);
    remaining_is(alice, "9/60s,10/day,100/month", 1, 4);
    remaining_is(alice, "9/60s,10/day,100/month", 2, 94);
    admit(alice, "9/60s,10/day,100/month", 4);
    settle(200);
    assert_int_equal(try_of(ledger, alice, "9/60s,10/day,100/month", 11), RESULT_DENIED);
    assert_true(verdict.never);
}

static void a_charge_over_the_quota_is_refused_whole_and_says_if_waiting_helps(void **state)
{
    static const char limits[] = "9/60s,10/day,15/month";

    (void)state;
    admit(alice, limits, 1);
    assert_int_equal(charge(alice, limits, 9), RESULT_OK);
    assert_int_equal(verdict.standings[1].remaining, 0);
    settle(200);
    help_pass(86400 * HELP_SECOND);
    admit(alice, limits, 1);
    assert_int_equal(charge(alice, limits, 5), RESULT_DENIED); /* of the month 4 are left */
    assert_int_equal(verdict.exceeded, 4);
    assert_false(verdict.never);
    assert_int_equal(charge(alice, limits, 10), RESULT_DENIED); /* 11 are over a day's */
    assert_int_equal(verdict.exceeded, 6);
    assert_true(verdict.never);
    assert_int_equal(charge(alice, limits, 4), RESULT_OK);
    settle(200);
    remaining_is(alice, limits, 1, 5);
    remaining_is(alice, limits, 2, 0);
}

static void a_charge_is_not_held_against_the_rate(void **state)
{
    (void)state;
    admit(alice, "1/60s,10/day", 1);
    assert_int_equal(charge(alice, "1/60s,10/day", 5), RESULT_OK);
    assert_int_equal(verdict.exceeded, 0);
    settle(200);
}

static void a_second_call_of_one_process_is_refused_while_one_is_in_hand(void **state)
{
    struct ledger_end end = {.status = 200};
    int64_t seq;

    (void)state;
    assert_int_equal(ledger_settle(ledger, &end, &seq, &why), RESULT_FAILED);
    assert_int_equal(charge(alice, "5/60s", 1), RESULT_FAILED);
    admit(alice, "5/60s", 1);
    assert_int_equal(try_of(ledger, alice, "5/60s", 1), RESULT_BUSY);
    admit_of(other, alice, "5/60s", 1);
    settle_of(other, 200);
    settle(200);
    assert_int_equal(ledger_settle(ledger, &end, &seq, &why), RESULT_FAILED);
    remaining_is(alice, "5/60s", 0, 3);
}

static void a_full_journal_refuses_calls_until_it_is_drained(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < size.journal - 2; i++)
        serve(alice, "");
    admit(alice, "", 1);
    assert_int_equal(try_of(other, alice, "", 1), RESULT_FULL);
    settle(200);
    assert_int_equal(try_of(other, alice, "", 1), RESULT_FULL);
    assert_int_equal(try_of(other, bob, "5/60s", 1), RESULT_FULL);
    remaining_is(bob, "5/60s", 0, 5); /* one may ask all the same */
    drain();
    assert_int_equal(help->count, size.journal - 1);
    serve(alice, "");
}

/* ---- the edges of days and months ---- */

static void a_day_and_a_month_end_where_the_calendar_has_it(void **state)
{
    static const struct {
        const char *last, *first; /* instants on both sides of a midnight */
        bool month;               /* ends with it */
        int64_t month_days;       /* of the one after it */
    } edges[] = {
        {"2025-07-25T23:59:59.999Z", "2025-07-26T00:00:00Z", false, 31},
        {"2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", true, 31},
        {"2027-02-28T23:59:59.999Z", "2027-03-01T00:00:00Z", true, 31},
        {"2028-02-28T23:59:59.999Z", "2028-02-29T00:00:00Z", false, 29},
        {"2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00Z", true, 31},
        {"2028-03-31T23:59:59.999Z", "2028-04-01T00:00:00Z", true, 30},
        {"2028-12-31T23:59:59.999Z", "2029-01-01T00:00:00Z", true, 31},
        {"2099-12-31T23:59:59.999Z", "2100-01-01T00:00:00Z", true, 31},
        {"2100-02-28T23:59:59.999Z", "2100-03-01T00:00:00Z", true, 31},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        pass_to(edges[i].last);
        serve(alice, "5/day,9/month");
        serve(alice, "5/day,9/month");
        assert_int_equal(verdict.standings[0].remaining, 3);
        assert_int_equal(verdict.standings[0].reset_s, 1);
        pass_to(edges[i].first);
        assert_int_equal(look(alice, "5/day,9/month"), RESULT_OK);
        assert_int_equal(verdict.standings[0].remaining, 5);
        assert_int_equal(verdict.standings[0].reset_s, 86400);
        if (verdict.standings[1].remaining != (edges[i].month ? 9 : 7))
            fail_msg("%s: %lld of the month remain", edges[i].first,
                     (long long)verdict.standings[1].remaining);
        assert_int_equal(verdict.standings[1].window_s, edges[i].month_days * 86400);
        drain();
    }
}

static void a_clock_that_is_set_finds_each_day_as_it_was_left(void **state)
{
    static const char limits[] = "3/60s,5/day,9/month";

    (void)state;
    set_wall("2025-07-31T12:00:00Z");
    serve(alice, limits);
    serve(alice, limits);
    set_wall("2025-08-01T12:00:00Z"); /* a day ahead, by somebody's hand: no time went by */
    serve(alice, limits);
    assert_int_equal(verdict.standings[1].remaining, 4);
    assert_int_equal(verdict.standings[2].remaining, 8);
    refuse(alice, limits);
    assert_int_equal(verdict.exceeded, 1);
    drain();
    set_wall("2025-07-31T12:00:00Z"); /* and back */
    refuse(alice, limits);
    assert_int_equal(verdict.exceeded, 1);
    help_pass(61 * HELP_SECOND);
    serve(alice, limits);
    assert_int_equal(verdict.standings[1].remaining, 2);
    assert_int_equal(verdict.standings[2].remaining, 6);
    set_wall("2035-01-01T00:00:00Z");
    serve(alice, limits);
    assert_int_equal(verdict.standings[2].remaining, 8);
    set_wall("1999-12-31T23:00:00Z");
    serve(alice, limits);
    assert_int_equal(verdict.standings[2].remaining, 8);
    refuse(alice, limits);
}

static void a_boot_clock_that_seems_to_go_back_does_not_open_a_window(void **state)
{
    (void)state;
    help_pass(100 * HELP_SECOND);
    for (int i = 0; i < 3; i++)
        serve(alice, "3/60s");
    help->instant -= 90 * HELP_SECOND; /* read by one processor before, used by it after */
    refuse(alice, "3/60s");
    help_pass(89 * HELP_SECOND);
    refuse(alice, "3/60s");
    help_pass(62 * HELP_SECOND);
    serve(alice, "3/60s");
}

/* ---- shadow ---- */

static void a_limit_in_shadow_lets_through_and_is_named(void **state)
{
    static const char limits[] = "2/60s,3/day";
    int64_t seq;

    (void)state;
    shadow = true;
    serve(alice, limits);
    serve(alice, limits);
    admit(alice, limits, 1);
    assert_int_equal(verdict.exceeded, 1);
    assert_true(verdict.retry_s > 0);
    seq = settle(200);
    assert_string_equal(ledger_call(ledger, seq)->over, "60s");
    assert_int_equal(ledger_call(ledger, seq)->charged, 1);
    help_pass(61 * HELP_SECOND);
    admit(alice, limits, 1);
    assert_int_equal(verdict.exceeded, 2);
    seq = settle(200);
    assert_string_equal(ledger_call(ledger, seq)->over, "day");
    shadow = false;
    refuse(alice, limits);
    assert_int_equal(verdict.standings[1].remaining, 0);
}

static void a_charge_in_shadow_is_made_and_named(void **state)
{
    int64_t seq;

    (void)state;
    shadow = true;
    admit(alice, "9/60s,5/day", 1);
    assert_int_equal(verdict.exceeded, 0);
    assert_int_equal(charge(alice, "9/60s,5/day", 10), RESULT_OK);
    assert_int_equal(verdict.exceeded, 2);
    seq = settle(200);
    assert_string_equal(ledger_call(ledger, seq)->over, "day");
    assert_int_equal(ledger_call(ledger, seq)->charged, 11);
    admit(bob, "9/60s,5/day", 1);
    seq = settle(200);
    assert_string_equal(ledger_call(ledger, seq)->over, "");
}

/* ---- looking ---- */

static void looking_counts_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        remaining_is(alice, "3/60s,3/day", 0, 3);
    assert_int_equal(verdict.exceeded, 0);
    for (int i = 0; i < 3; i++)
        serve(alice, "3/60s,3/day");
    for (int i = 0; i < 20; i++)
        remaining_is(alice, "3/60s,3/day", 1, 0);
    assert_int_equal(verdict.exceeded, 3);
    assert_int_equal(look(bob, ""), RESULT_OK);
    assert_int_equal(verdict.count, 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_call_over_a_rate_is_refused_until_the_time_that_it_is_told),
        EACH(a_call_over_the_quota_of_a_day_is_refused_until_midnight),
        EACH(a_call_over_the_quota_of_a_month_is_refused_until_the_first),
        EACH(the_longest_wait_of_all_limits_that_refuse_is_told),
        EACH(the_wait_of_a_long_window_is_not_cut_by_a_midnight_before_it),
        EACH(a_refusal_by_one_limit_leaves_all_others_as_they_were),
        EACH(a_call_of_more_than_what_is_left_is_refused_whole),
        EACH(a_charge_over_the_quota_is_refused_whole_and_says_if_waiting_helps),
        EACH(a_charge_is_not_held_against_the_rate),
        EACH(a_second_call_of_one_process_is_refused_while_one_is_in_hand),
        EACH(a_full_journal_refuses_calls_until_it_is_drained),
        EACH(a_day_and_a_month_end_where_the_calendar_has_it),
        EACH(a_clock_that_is_set_finds_each_day_as_it_was_left),
        EACH(a_boot_clock_that_seems_to_go_back_does_not_open_a_window),
        EACH(a_limit_in_shadow_lets_through_and_is_named),
        EACH(a_charge_in_shadow_is_made_and_named),
        EACH(looking_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
