/*
 * test_ledger.c: what is counted, charged, refused and given back.
 *
 * After every verb all that the ledger says is compared with all calls that there were.
 */
#include "ledger_check.h"
#include "ledger_help.h"

#include "base/clock.h"

static const char alice[] = "alice0000000", bob[] = "bob000000000";

static char path[64];
static struct ledger *ledger, *other;
static struct ledger_verdict verdict;
static struct ledger_need need;
static struct reason why;
static uint64_t epoch;
static bool shadow;
static unsigned requests;

static const struct ledger_size size = {.bytes = 65536, .journal = 64, .addresses = 8};

static struct ledger *open_one(const struct ledger_size *of)
{
    struct ledger *one = NULL;

    if (ledger_open(path, of, &help_database, &one, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    ledger_set_clock(one, &help_clock);
    return one;
}

static int setup(void **state)
{
    (void)state;
    help_make();
    help_path(path);
    ledger = open_one(&size);
    other = open_one(&size);
    epoch = 2;
    shadow = false;
    requests = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    ledger_close(other);
    unlink(path);
    return 0;
}

static void sound(void)
{
    const char *wrong = check_all(ledger);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

/* Time goes by to a wall time, the way clocks go. */
static void pass_to(const char *when)
{
    int64_t wall_us;

    assert_true(clock_rfc3339_parse(when, &wall_us));
    assert_true(wall_us >= help->wall_us);
    help_pass((uint64_t)(wall_us - help->wall_us) * 1000);
}

/* Somebody sets the clock of the machine. */
static void set_wall(const char *when)
{
    assert_true(clock_rfc3339_parse(when, &help->wall_us));
}

static void key_of(char out[KEY_ID_LEN + 1], unsigned number)
{
    snprintf(out, KEY_ID_LEN + 1, "k%011u", number);
}

static enum result try_of(struct ledger *by, const char *key, const char *limits_text,
                          int64_t charge)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};
    char request_id[32];
    struct call_row call;
    enum result result;

    snprintf(request_id, sizeof(request_id), "request-%u", ++requests);
    call = help_call(key, request_id);
    result = help_admit(by, &account, &call, charge, &verdict, &why);
    sound();
    return result;
}

static void admit_of(struct ledger *by, const char *key, const char *limits, int64_t charge)
{
    if (try_of(by, key, limits, charge) != RESULT_OK)
        fail_msg("request %u was refused: %s", requests, why.text);
}

static int64_t settle_of(struct ledger *by, int64_t status)
{
    struct ledger_end end = {.duration_us = 5, .rows = 1, .status = status, .model = "iris"};
    int64_t seq = 0;

    if (ledger_settle(by, &end, &seq, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    sound();
    return seq;
}

static void admit(const char *key, const char *limits, int64_t charge)
{
    admit_of(ledger, key, limits, charge);
}

static int64_t settle(int64_t status)
{
    return settle_of(ledger, status);
}

/* One call from its beginning to its good end. */
static void serve(const char *key, const char *limits)
{
    admit(key, limits, 1);
    settle(200);
}

static void refuse(const char *key, const char *limits)
{
    if (try_of(ledger, key, limits, 1) != RESULT_DENIED)
        fail_msg("request %u was not refused", requests);
    assert_int_not_equal(verdict.exceeded, 0);
    assert_true(verdict.retry_s > 0);
}

static enum result charge(const char *key, const char *limits_text, int64_t more)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};
    enum result result = ledger_charge(ledger, &account, more, &verdict, &why);

    sound();
    return result;
}

static enum result look(const char *key, const char *limits_text)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};
    enum result result = RESULT_MISSING;

    for (int i = 0; i < HELP_TRIES && result == RESULT_MISSING; i++) {
        result = ledger_look(ledger, &account, &verdict, &need, &why);
        if (result == RESULT_MISSING && help_know(ledger, &account, &need, &why) != RESULT_OK)
            fail_msg("%s", why.text);
    }
    sound();
    return result;
}

static void remaining_is(const char *key, const char *limits, size_t i, int64_t remaining)
{
    assert_int_equal(look(key, limits), RESULT_OK);
    assert_int_equal(verdict.standings[i].remaining, remaining);
}

static void drain(void)
{
    if (help_drain(ledger, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    sound();
}

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
    assert_int_equal(seq, 1);
    assert_memory_equal(ledger_call(ledger, 1), &call, sizeof(call));
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

/* ---- what the database is asked ---- */

static enum result admit_once(const char *key, const char *limits_text)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};
    struct call_row call = help_call(key, "once");

    return ledger_admit(ledger, &account, &call, 1, &verdict, &need, &why);
}

static enum result know(const char *key, const char *limits_text,
                        const struct ledger_known *known)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};

    return ledger_know(ledger, &account, &need, known, &why);
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

/* ---- looking, and taking back ---- */

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
        EACH(what_fails_is_given_back_to_the_quotas_and_not_to_the_rate),
        EACH(a_call_is_of_the_day_that_it_began_on_also_when_it_is_given_back),
        EACH(a_call_of_the_month_before_is_given_back_to_nothing_of_this_one),
        EACH(a_row_has_all_that_was_said_of_its_call),
        EACH(a_day_and_a_month_end_where_the_calendar_has_it),
        EACH(a_clock_that_is_set_finds_each_day_as_it_was_left),
        EACH(a_boot_clock_that_seems_to_go_back_does_not_open_a_window),
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
        EACH(a_lowered_limit_counts_what_went_before_and_a_raised_one_too),
        EACH(a_limit_raised_back_does_not_forget_what_the_lower_one_had_no_room_for),
        EACH(a_new_window_counts_what_went_before_it),
        EACH(limits_of_an_older_epoch_do_not_come_back),
        EACH(calls_made_without_limits_count_when_there_are_limits_again),
        EACH(a_key_that_lost_its_limits_is_not_judged_by_them),
        EACH(limits_may_change_while_a_call_is_in_hand),
        EACH(a_limit_in_shadow_lets_through_and_is_named),
        EACH(a_charge_in_shadow_is_made_and_named),
        EACH(a_key_for_which_there_is_no_room_is_refused_and_none_in_use_gives_way),
        EACH(keys_whose_windows_are_empty_give_way_and_come_back_with_their_quotas),
        EACH(a_window_for_which_there_is_no_room_is_refused_and_the_old_limits_stay),
        EACH(looking_counts_nothing),
        EACH(a_call_that_is_taken_back_is_not_charged),
        EACH(a_call_that_the_journal_does_not_have_is_not_taken_back),
        EACH(a_call_of_a_day_before_is_taken_back_from_its_month),
        EACH(the_call_of_a_process_that_died_is_settled_as_failed_and_not_charged),
        EACH(who_takes_the_seat_of_a_dead_one_settles_its_call_first),
        EACH(one_drains_at_a_time_and_the_state_says_how_far),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
