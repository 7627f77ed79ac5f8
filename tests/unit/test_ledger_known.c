/*
 * test_ledger_known.c: what of a key the ledger asks the database, and which keys give way.
 */
#include "ledger_calls.h"

static const char carol[] = "carol0000000"; /* a user, who calls by alice and bob */

/* ---- what the database is asked ---- */

static enum result admit_once(const char *key, const char *limits_text)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};
    struct call_row call = help_call(key, "once");

    return ledger_admit(ledger, &account, &call, 1, &verdict, &need, &why);
}

static void a_key_that_is_new_is_not_counted_before_its_usage_is_known(void **state)
{
    struct ledger_known known = {.day_charged = 40, .month_charged = 90};

    (void)state;
    assert_int_equal(admit_once(alice, "5/60s,50/day,100/month"), RESULT_MISSING);
    assert_int_equal(need.day, call_day(help->wall_us));
    assert_int_equal(need.month.last - need.month.first, 30);
    assert_true(need.history);
    assert_true(need.after_us < help->wall_us - 60000000);
    assert_int_equal(know(alice, "5/60s,50/day,100/month", &known), RESULT_OK);
    assert_int_equal(admit_once(alice, "5/60s,50/day,100/month"), RESULT_OK);
    assert_int_equal(verdict.standings[0].remaining, 4);
    assert_int_equal(verdict.standings[1].remaining, 9);
    assert_int_equal(verdict.standings[2].remaining, 9);
}

static void a_key_without_limits_asks_nothing_of_the_database(void **state)
{
    (void)state;
    assert_int_equal(admit_once(alice, ""), RESULT_OK);
    assert_int_equal(verdict.count, 0);
    assert_int_equal(charge(alice, "", 1000000), RESULT_OK);
    assert_int_equal(ledger_call(ledger, settle(200))->charged, 1000001);
    assert_int_equal(ledger->header->slots_high, 0);
}

static void history_is_asked_for_while_windows_may_have_what_the_ledger_has_not(void **state)
{
    (void)state;
    help_pass(58 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "5/60s"), RESULT_MISSING);
    assert_true(need.history); /* the ledger is younger than the window */
    epoch += 2;
    help_pass(30 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "5/60s"), RESULT_MISSING);
    assert_true(need.history); /* limits changed less than a window ago */
    help_pass(61 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "5/60s"), RESULT_MISSING);
    assert_false(need.history);
    assert_int_equal(admit_once(bob, "5/1h"), RESULT_MISSING);
    assert_true(need.history);
}

static void history_fills_a_window_as_if_the_calls_had_come_here(void **state)
{
    int64_t starts[3];
    struct ledger_known known = {.starts = starts, .start_count = 3};

    (void)state;
    starts[0] = help->wall_us - 10000000;
    starts[1] = help->wall_us - 20000000;
    starts[2] = help->wall_us - 50000000;
    assert_int_equal(admit_once(alice, "3/60s"), RESULT_MISSING);
    assert_int_equal(know(alice, "3/60s", &known), RESULT_OK);
    assert_int_equal(admit_once(alice, "3/60s"), RESULT_DENIED);
    assert_int_equal(verdict.retry_s, 11); /* 60 s after the oldest and a little */
    help_pass(10 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "3/60s"), RESULT_DENIED);
    help_pass(1001); /* and the microsecond that the log leaves open */
    assert_int_equal(admit_once(alice, "3/60s"), RESULT_OK);
}

static void calls_from_before_the_boot_leave_the_window_in_their_time(void **state)
{
    int64_t start = help->wall_us - INT64_C(300) * 86400 * 1000000;
    struct ledger_known known = {.starts = &start, .start_count = 1};

    (void)state;
    assert_int_equal(admit_once(alice, "1/43w"), RESULT_MISSING);
    assert_int_equal(know(alice, "1/43w", &known), RESULT_OK);
    assert_int_equal(admit_once(alice, "1/43w"), RESULT_DENIED);
    assert_int_equal(verdict.retry_s, 86400 + 1);
}

static void where_there_was_more_history_than_told_the_window_is_full(void **state)
{
    int64_t starts[2];
    struct ledger_known known = {.starts = starts, .start_count = 2, .cut = true};

    (void)state;
    starts[0] = help->wall_us - 10000000;
    starts[1] = help->wall_us - 20000000;
    assert_int_equal(admit_once(alice, "9/60s"), RESULT_MISSING);
    assert_int_equal(know(alice, "9/60s", &known), RESULT_OK);
    assert_int_equal(admit_once(alice, "9/60s"), RESULT_DENIED);
    assert_int_equal(verdict.retry_s, 41);
    help_pass(41 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "9/60s"), RESULT_OK);
    assert_int_equal(verdict.standings[0].remaining, 7);
}

static void a_call_of_the_future_is_taken_for_one_of_now(void **state)
{
    int64_t start = help->wall_us + 1000 * INT64_C(1000000);
    struct ledger_known known = {.starts = &start, .start_count = 1};

    (void)state;
    assert_int_equal(admit_once(alice, "1/60s"), RESULT_MISSING);
    assert_int_equal(know(alice, "1/60s", &known), RESULT_OK);
    assert_int_equal(admit_once(alice, "1/60s"), RESULT_DENIED);
    assert_int_equal(verdict.retry_s, 61);
}

/* Serves keys of this limit until one finds no room; returns how many there were. */
static unsigned fill(const char *limits, unsigned from)
{
    char key[KEY_ID_LEN + 1];
    enum result result = RESULT_OK;

    for (unsigned i = from; i < 10000; i++) {
        key_of(key, i);
        result = try_of(ledger, key, limits, 1);
        if (result == RESULT_FULL)
            return i - from;
        assert_int_equal(result, RESULT_OK);
        settle(200);
        drain();
    }
    fail_msg("there was room for all");
    return 0;
}

static void calls_that_the_database_does_not_have_yet_are_added_to_what_it_says(void **state)
{
    static const char limits[] = "9/60s,20/day";

    (void)state;
    admit(alice, limits, 2);
    settle(200);
    admit(alice, limits, 4);
    settle(500);
    admit_of(other, alice, limits, 5);
    help_pass(61 * HELP_SECOND);
    fill("2/60s", 0);
    assert_int_equal(ledger_slot_find(ledger, alice), LEDGER_NONE); /* it has given way */
    help_pass(61 * HELP_SECOND);
    remaining_is(alice, limits, 1, 20 - 2 - 5);
    admit(alice, limits, 3);
    settle(200);
    settle_of(other, 422);
    remaining_is(alice, limits, 1, 20 - 2 - 3);
}

/* As it is for who asks while much goes on: the calls after the number that it was told. */
static void what_was_read_before_calls_ended_counts_them_too(void **state)
{
    static const char limits[] = "9/60s,20/day";
    struct ledger_known known = {.up_to = 0};

    (void)state;
    assert_int_equal(admit_once(alice, limits), RESULT_MISSING);
    admit(alice, limits, 2);
    settle(200);
    admit(alice, limits, 4);
    settle(500);
    admit_of(other, alice, limits, 5);
    drain();
    epoch += 2;
    assert_int_equal(know(alice, "9/50s,20/day", &known), RESULT_OK);
    sound();
    remaining_is(alice, "9/50s,20/day", 0, 9 - 3);
    remaining_is(alice, "9/50s,20/day", 1, 20 - 2 - 5);
}

static void what_was_read_too_long_ago_is_read_anew(void **state)
{
    struct ledger_known known = {.up_to = 0};

    (void)state;
    assert_int_equal(admit_once(alice, "9/day"), RESULT_MISSING);
    for (uint32_t i = 0; i < size.journal; i++) {
        serve(bob, "");
        if (i % 8 == 0)
            drain();
    }
    assert_int_equal(know(alice, "9/day", &known), RESULT_MISSING);
    known.up_to = 1;
    assert_int_equal(know(alice, "9/day", &known), RESULT_OK);
}

static void what_was_read_without_history_does_not_do_after_limits_have_changed(void **state)
{
    struct ledger_known known = {.up_to = 0};

    (void)state;
    help_pass(100 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "9/60s"), RESULT_MISSING);
    help_pass(100 * HELP_SECOND);
    assert_int_equal(admit_once(alice, "9/60s"), RESULT_MISSING);
    assert_false(need.history);
    epoch += 2; /* somebody else's change */
    assert_int_equal(admit_once(bob, ""), RESULT_OK);
    assert_int_equal(know(alice, "9/60s", &known), RESULT_MISSING);
    assert_int_equal(ledger_slot_find(ledger, alice), LEDGER_NONE);
}

/* ---- when there is no room ---- */

static void a_key_for_which_there_is_no_room_is_refused_and_none_in_use_gives_way(void **state)
{
    unsigned keys;

    (void)state;
    keys = fill("2/60s", 0);
    assert_int_equal(keys, ledger->header->layout.slots);
    for (unsigned i = 0; i < keys; i++) {
        char key[KEY_ID_LEN + 1];

        key_of(key, i);
        serve(key, "2/60s");
        refuse(key, "2/60s");
        drain();
    }
}

static void keys_whose_windows_are_empty_give_way_and_come_back_with_their_quotas(void **state)
{
    unsigned keys;

    (void)state;
    keys = fill("2/60s,3/day", 0);
    help_pass(61 * HELP_SECOND);
    assert_int_equal(fill("2/60s,3/day", 10000 - 2 * keys), keys);
    help_pass(61 * HELP_SECOND);
    for (unsigned i = 0; i < keys; i++) {
        char key[KEY_ID_LEN + 1];

        key_of(key, i);
        serve(key, "2/60s,3/day");
        assert_int_equal(verdict.standings[0].remaining, 1);
        assert_int_equal(verdict.standings[1].remaining, 1);
        drain();
    }
}

static void a_window_for_which_there_is_no_room_is_refused_and_the_old_limits_stay(void **state)
{
    (void)state;
    serve(alice, "2/60s");
    assert_in_range(fill("1900/60s", 0), 1, 3);
    epoch += 2;
    assert_int_equal(try_of(ledger, alice, "1900/60s", 1), RESULT_FULL);
    assert_non_null(strstr(why.text, "raise ledger_size"));
    assert_int_equal(try_of(ledger, alice, "5/10s,1900/60s", 1), RESULT_FULL);
    help_pass(61 * HELP_SECOND);
    serve(alice, "1900/60s");
}

/* A call with this key that counts for carol. */
static enum result try_for_carol(struct ledger *by, const char *key, const char *limits_text)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {carol, &limits, shadow, epoch};
    struct call_row call = help_call(key, "of-carol");
    enum result result = help_admit(by, &account, &call, 1, &verdict, &why);

    sound();
    return result;
}

/* In the database, in the journal, in hand: whatever key it was that the account called by. */
static void calls_count_for_their_account_wherever_they_are(void **state)
{
    (void)state;
    assert_int_equal(try_for_carol(ledger, alice, "4/60s"), RESULT_OK);
    settle(200);
    drain();
    assert_int_equal(try_for_carol(ledger, bob, "4/60s"), RESULT_OK);
    settle(200);
    assert_int_equal(try_for_carol(other, alice, "4/60s"), RESULT_OK);
    epoch += 2; /* a window and quotas that have to be read */
    remaining_is(carol, "4/90s,4/day,9/month", 0, 1);
    remaining_is(carol, "4/90s,4/day,9/month", 1, 1);
    assert_int_equal(try_for_carol(ledger, carol, "4/90s,4/day,9/month"), RESULT_OK);
    assert_int_equal(try_for_carol(ledger, bob, "4/90s,4/day,9/month"), RESULT_BUSY);
    settle(200);
    assert_int_equal(try_for_carol(ledger, bob, "4/90s,4/day,9/month"), RESULT_DENIED);
    settle_of(other, 500); /* the day has it back, the window keeps it */
    remaining_is(carol, "4/90s,4/day,9/month", 0, 0);
    remaining_is(carol, "4/90s,4/day,9/month", 1, 1);
    assert_int_equal(ledger_drain_lock(ledger, &why), RESULT_OK);
    assert_int_equal(ledger_amend(ledger, 2, 503, &why), RESULT_OK); /* bob's */
    ledger_drain_unlock(ledger);
    sound();
    remaining_is(carol, "4/90s,4/day,9/month", 1, 2);
    serve(alice, "4/90s,4/day,9/month"); /* for itself: it is another account */
    assert_string_equal(ledger_call(ledger, 5)->account, alice);
    assert_string_equal(ledger_call(ledger, 3)->account, carol);
    assert_string_equal(ledger_call(ledger, 3)->key, carol);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(calls_count_for_their_account_wherever_they_are),
        EACH(a_key_that_is_new_is_not_counted_before_its_usage_is_known),
        EACH(a_key_without_limits_asks_nothing_of_the_database),
        EACH(history_is_asked_for_while_windows_may_have_what_the_ledger_has_not),
        EACH(history_fills_a_window_as_if_the_calls_had_come_here),
        EACH(calls_from_before_the_boot_leave_the_window_in_their_time),
        EACH(where_there_was_more_history_than_told_the_window_is_full),
        EACH(a_call_of_the_future_is_taken_for_one_of_now),
        EACH(calls_that_the_database_does_not_have_yet_are_added_to_what_it_says),
        EACH(what_was_read_before_calls_ended_counts_them_too),
        EACH(what_was_read_too_long_ago_is_read_anew),
        EACH(what_was_read_without_history_does_not_do_after_limits_have_changed),
        EACH(a_key_for_which_there_is_no_room_is_refused_and_none_in_use_gives_way),
        EACH(keys_whose_windows_are_empty_give_way_and_come_back_with_their_quotas),
        EACH(a_window_for_which_there_is_no_room_is_refused_and_the_old_limits_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
