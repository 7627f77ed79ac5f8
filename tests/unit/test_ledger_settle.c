/*
 * test_ledger_settle.c: how calls end: charged, given back, taken back, buried, drained.
 */
#include "ledger_calls.h"

/* ---- what is given back ---- */

static void what_fails_is_given_back_to_the_quotas_and_not_to_the_rate(void **state)
{
    static const char limits[] = "99/60s,99/day,99/month";
    static const struct {
        int64_t status, charged;
    } rows[] = {{200, 3}, {202, 3}, {399, 3}, {400, 0}, {422, 0}, {499, 0}, {500, 0}, {503, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t seq, left;

        remaining_is(alice, limits, 1, 99 - 3 * (int64_t)(i < 3 ? i : 3));
        left = verdict.standings[0].remaining;
        admit(alice, limits, 1);
        assert_int_equal(charge(alice, limits, 2), RESULT_OK);
        seq = settle(rows[i].status);
        assert_int_equal(ledger_call(ledger, seq)->charged, rows[i].charged);
        assert_int_equal(ledger_call(ledger, seq)->status, rows[i].status);
        remaining_is(alice, limits, 0, left - 1);
    }
    remaining_is(alice, limits, 2, 90);
}

static void what_is_free_is_a_row_without_a_charge_and_counts_in_the_rate(void **state)
{
    static const char limits[] = "99/60s,99/day,99/month";
    struct ledger_end end = {.status = 200, .free = true, .rows = 3};
    int64_t seq;

    (void)state;
    admit(alice, limits, 1);
    assert_int_equal(charge(alice, limits, 2), RESULT_OK);
    remaining_is(alice, limits, 1, 96);
    assert_int_equal(ledger_settle(ledger, &end, &seq, &why), RESULT_OK);
    sound();
    assert_int_equal(ledger_call(ledger, seq)->charged, 0);
    assert_int_equal(ledger_call(ledger, seq)->status, 200);
    remaining_is(alice, limits, 0, 98);
    remaining_is(alice, limits, 1, 99);
    remaining_is(alice, limits, 2, 99);
}

static void what_was_let_in_without_a_charge_can_be_charged_later_or_be_refused(void **state)
{
    static const char limits[] = "99/60s,1/day";

    (void)state;
    admit(alice, limits, 1);
    settle(200);
    admit(alice, limits, 0);
    assert_int_equal(charge(alice, limits, 1), RESULT_DENIED);
    settle(429);
    remaining_is(alice, limits, 0, 97);
    remaining_is(alice, limits, 1, 0);
}

static void a_call_is_of_the_day_that_it_began_on_also_when_it_is_given_back(void **state)
{
    static const char limits[] = "10/day,20/month";

    (void)state;
    pass_to("2025-07-30T23:59:59Z");
    admit(alice, limits, 4);
    admit_of(other, alice, limits, 5);
    help_pass(2 * HELP_SECOND);
    remaining_is(alice, limits, 0, 10); /* a new day; the month has them still */
    remaining_is(alice, limits, 1, 11);
    assert_int_equal(charge(alice, limits, 1), RESULT_BUSY);
    settle(500);
    remaining_is(alice, limits, 0, 10);
    remaining_is(alice, limits, 1, 15);
    settle_of(other, 200);
    remaining_is(alice, limits, 1, 15);
}

static void a_call_of_the_month_before_is_given_back_to_nothing_of_this_one(void **state)
{
    static const char limits[] = "10/day,20/month";

    (void)state;
    pass_to("2025-07-31T23:59:59Z");
    admit(alice, limits, 4);
    help_pass(2 * HELP_SECOND);
    remaining_is(alice, limits, 1, 20);
    settle(422);
    remaining_is(alice, limits, 0, 10);
    remaining_is(alice, limits, 1, 20);
}

static void a_row_has_all_that_was_said_of_its_call(void **state)
{
    struct ledger_end end = {
        .duration_us = 77, .version = 3, .rows = 12, .status = 200, .model = "iris"};
    struct limits limits = help_limits("5/60s,90/day");
    struct ledger_account account = {alice, &limits, false, epoch};
    struct call_row call = help_call(alice, "the-request");
    int64_t seq;

    (void)state;
    strcpy(call.user, "ann");
    strcpy(call.address, "192.0.2.1");
    assert_int_equal(help_admit(ledger, &account, &call, 1, &verdict, &why), RESULT_OK);
    assert_int_equal(charge(alice, "5/60s,90/day", 11), RESULT_OK);
    assert_int_equal(ledger_settle(ledger, &end, &seq, &why), RESULT_OK);
    call.seq = 1;
    call.started_us = help->wall_us;
    call.duration_us = 77;
    call.version = 3;
    call.rows = call.charged = 12;
    call.status = 200;
    strcpy(call.model, "iris");
    strcpy(call.account, alice);
    assert_int_equal(seq, 1);
    assert_memory_equal(ledger_call(ledger, 1), &call, sizeof(call));
}

/* ---- taking back ---- */

static enum result amend(int64_t seq)
{
    enum result result;

    assert_int_equal(ledger_drain_lock(ledger, &why), RESULT_OK);
    result = ledger_amend(ledger, seq, 503, &why);
    ledger_drain_unlock(ledger);
    sound();
    return result;
}

static void a_call_that_is_taken_back_is_not_charged(void **state)
{
    static const char limits[] = "9/60s,10/day,20/month";
    int64_t seq;

    (void)state;
    admit(alice, limits, 4);
    settle(200);
    admit(alice, limits, 3);
    seq = settle(200);
    admit_of(other, alice, limits, 2);
    assert_int_equal(amend(seq), RESULT_OK);
    assert_int_equal(ledger_call(ledger, seq)->status, 503);
    assert_int_equal(ledger_call(ledger, seq)->charged, 0);
    assert_int_equal(amend(seq), RESULT_OK); /* twice is once */
    remaining_is(alice, limits, 0, 6);
    remaining_is(alice, limits, 1, 4);
    settle_of(other, 200);
    remaining_is(alice, limits, 2, 14);
    drain();
    assert_int_equal(help->calls[1].status, 503);
}

static void a_call_that_the_journal_does_not_have_is_not_taken_back(void **state)
{
    (void)state;
    serve(alice, "");
    assert_int_equal(amend(2), RESULT_MISSING);
    drain();
    assert_int_equal(amend(1), RESULT_MISSING);
}

static void a_call_of_a_day_before_is_taken_back_from_its_month(void **state)
{
    int64_t seq;

    (void)state;
    admit(alice, "10/day,20/month", 4);
    seq = settle(200);
    help_pass(86400 * HELP_SECOND);
    remaining_is(alice, "10/day,20/month", 1, 16);
    assert_int_equal(amend(seq), RESULT_OK);
    remaining_is(alice, "10/day,20/month", 0, 10);
    remaining_is(alice, "10/day,20/month", 1, 20);
}

/* ---- the dead, and those who drain ---- */

static void the_call_of_a_process_that_died_is_settled_as_failed_and_not_charged(void **state)
{
    (void)state;
    admit_of(other, alice, "9/60s,9/day", 4);
    help_pass(HELP_SECOND);
    assert_int_equal(ledger_bury(ledger, 0, &why), RESULT_OK);
    assert_int_equal(ledger->header->open, 1); /* it lives */
    ledger_close(other);
    other = NULL;
    assert_int_equal(ledger_bury(ledger, 2 * HELP_SECOND, &why), RESULT_OK);
    assert_int_equal(ledger->header->open, 1); /* not for long enough */
    assert_int_equal(ledger_bury(ledger, HELP_SECOND, &why), RESULT_OK);
    sound();
    assert_int_equal(ledger->header->open, 0);
    assert_int_equal(ledger_call(ledger, 1)->status, 500);
    assert_int_equal(ledger_call(ledger, 1)->charged, 0);
    assert_int_equal(ledger_call(ledger, 1)->duration_us, 1000000);
    remaining_is(alice, "9/60s,9/day", 0, 8);
    remaining_is(alice, "9/60s,9/day", 1, 9);
}

static void who_takes_the_seat_of_a_dead_one_settles_its_call_first(void **state)
{
    (void)state;
    admit_of(other, alice, "9/60s,9/day", 4);
    ledger_close(other);
    other = NULL;
    serve(alice, "9/60s,9/day");
    assert_int_equal(ledger->seat, 0);
    assert_int_equal(ledger_call(ledger, 1)->status, 500);
    assert_int_equal(ledger_call(ledger, 2)->status, 200);
}

static void one_drains_at_a_time_and_the_state_says_how_far(void **state)
{
    struct ledger_state now;
    int64_t from, last;

    (void)state;
    serve(alice, "");
    serve(alice, "");
    assert_int_equal(ledger_drain_lock(ledger, &why), RESULT_OK);
    assert_true(ledger_drain_is_locked(other));
    assert_int_equal(ledger_drain_lock(other, &why), RESULT_BUSY);
    assert_int_equal(ledger_pending(ledger, &from, &last, &why), RESULT_OK);
    assert_int_equal(from, 0);
    assert_int_equal(last, 2);
    assert_int_equal(ledger_drained(ledger, LEDGER_DRAIN_REFUSED, &why), RESULT_OK);
    ledger_state(other, &now);
    assert_int_equal(now.drained, 0);
    assert_int_equal(now.drained_at, 0);
    assert_true(now.refused_at == ledger_instant(ledger));
    assert_int_equal(ledger_drained(ledger, 2, &why), RESULT_OK);
    help->base = 2;
    assert_int_equal(ledger_drained(ledger, 1, &why), RESULT_OK); /* it does not go back */
    ledger_drain_unlock(ledger);
    assert_false(ledger_drain_is_locked(other));
    ledger_state(other, &now);
    assert_int_equal(now.last, 2);
    assert_int_equal(now.drained, 2);
    assert_int_equal(now.refused_at, 0);
    assert_true(now.drained_at == ledger_instant(ledger));
    sound();
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(what_fails_is_given_back_to_the_quotas_and_not_to_the_rate),
        EACH(what_is_free_is_a_row_without_a_charge_and_counts_in_the_rate),
        EACH(what_was_let_in_without_a_charge_can_be_charged_later_or_be_refused),
        EACH(a_call_is_of_the_day_that_it_began_on_also_when_it_is_given_back),
        EACH(a_call_of_the_month_before_is_given_back_to_nothing_of_this_one),
        EACH(a_row_has_all_that_was_said_of_its_call),
        EACH(a_call_that_is_taken_back_is_not_charged),
        EACH(a_call_that_the_journal_does_not_have_is_not_taken_back),
        EACH(a_call_of_a_day_before_is_taken_back_from_its_month),
        EACH(the_call_of_a_process_that_died_is_settled_as_failed_and_not_charged),
        EACH(who_takes_the_seat_of_a_dead_one_settles_its_call_first),
        EACH(one_drains_at_a_time_and_the_state_says_how_far),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
