/*
 * test_ledger_address.c: how often an address may ask, in a room that is bounded.
 */
#include "ledger_check.h"
#include "ledger_help.h"

#include "base/addr.h"
#include "base/rate.h"

static char path[64];
static struct ledger *ledger;
static struct ledger_verdict verdict;
static struct reason why;

static int setup_of(uint32_t addresses)
{
    const struct ledger_size size = {.bytes = 65536, .journal = 64, .addresses = addresses};

    help_make();
    help_path(path);
    if (ledger_open(path, &size, &help_database, &ledger, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    ledger_set_clock(ledger, &help_clock);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_of(64);
}

static int setup_of_one_set(void **state)
{
    (void)state;
    return setup_of(LEDGER_WAYS);
}

static int setup_of_many_sets(void **state)
{
    (void)state;
    return setup_of(512);
}

static int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    unlink(path);
    return 0;
}

static enum result ask_of(enum ledger_watch watch, const char *text, const char *rate_text)
{
    struct addr address;
    struct rate rate;

    assert_true(addr_parse(text, strlen(text), &address));
    assert_true(rate_parse(rate_text, &rate));
    return ledger_address(ledger, watch, &address, &rate, &verdict, &why);
}

static enum result ask(const char *text)
{
    return ask_of(LEDGER_WATCH_ALL, text, "3/10s");
}

static void exhaust(const char *text)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(text), RESULT_OK);
    assert_int_equal(ask(text), RESULT_DENIED);
}

static void an_address_over_its_rate_is_refused_until_the_time_that_it_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask("192.0.2.1"), RESULT_OK);
        assert_int_equal(verdict.standings[0].remaining, 2 - i);
        help_pass(HELP_SECOND);
    }
    assert_int_equal(ask("192.0.2.1"), RESULT_DENIED);
    assert_int_equal(verdict.exceeded, 1);
    assert_int_equal(verdict.count, 1);
    assert_int_equal(verdict.retry_s, 8);
    help_pass(7 * HELP_SECOND);
    assert_int_equal(ask("192.0.2.1"), RESULT_DENIED);
    help_pass(verdict.retry_s * HELP_SECOND);
    assert_int_equal(ask("192.0.2.1"), RESULT_OK);
}

static void refused_requests_do_not_keep_an_address_out(void **state)
{
    (void)state;
    exhaust("192.0.2.1");
    for (int i = 0; i < 50; i++) {
        help_pass(HELP_SECOND / 5);
        assert_int_equal(ask("192.0.2.1"), RESULT_DENIED);
    }
    help_pass(1);
    assert_int_equal(ask("192.0.2.1"), RESULT_OK);
}

static void addresses_of_ipv4_count_apart_however_they_are_written(void **state)
{
    (void)state;
    exhaust("192.0.2.1");
    assert_int_equal(ask("::ffff:192.0.2.1"), RESULT_DENIED);
    assert_int_equal(ask("::ffff:c000:201"), RESULT_DENIED);
    assert_int_equal(ask("192.0.2.2"), RESULT_OK);
    assert_int_equal(ask("::c000:201"), RESULT_OK);
}

static void addresses_of_one_ipv6_network_count_as_one(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        char text[ADDR_TEXT_MAX];

        snprintf(text, sizeof(text), "2001:db8:0:1::%x", i * 7 + 1);
        assert_int_equal(ask(text), RESULT_OK);
    }
    assert_int_equal(ask("2001:db8:0:1:ffff:ffff:ffff:ffff"), RESULT_DENIED);
    assert_int_equal(ask("2001:db8:0:2::1"), RESULT_OK);
    assert_int_equal(ask("2001:db8:1:1::1"), RESULT_OK);
}

static void what_an_address_is_counted_for_does_not_mix(void **state)
{
    (void)state;
    exhaust("192.0.2.1");
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_of(LEDGER_WATCH_STRANGERS, "192.0.2.1", "3/10s"), RESULT_OK);
    assert_int_equal(ask_of(LEDGER_WATCH_STRANGERS, "192.0.2.1", "3/10s"), RESULT_DENIED);
}

static void another_rate_counts_anew_and_the_old_one_stays_while_it_is_asked_for(void **state)
{
    (void)state;
    exhaust("192.0.2.1");
    assert_int_equal(ask_of(LEDGER_WATCH_ALL, "192.0.2.1", "5/10s"), RESULT_OK);
    assert_int_equal(verdict.standings[0].remaining, 4);
    assert_int_equal(ask("192.0.2.1"), RESULT_DENIED);
}

static void without_a_rate_nothing_is_counted(void **state)
{
    const struct rate none = {.count = 0};
    struct addr address = {{0}};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            ledger_address(ledger, LEDGER_WATCH_ALL, &address, &none, &verdict, &why),
            RESULT_OK);
    assert_int_equal(verdict.count, 0);
    for (uint32_t i = 0; i < ledger->header->layout.watched; i++)
        assert_int_equal(ledger->watched[i].used, 0);
}

static void the_address_that_was_quiet_for_longest_gives_way(void **state)
{
    char text[ADDR_TEXT_MAX];

    (void)state;
    for (int i = 0; i < LEDGER_WAYS; i++) {
        snprintf(text, sizeof(text), "192.0.2.%d", i);
        exhaust(text);
        help_pass(1000);
    }
    assert_int_equal(ask("192.0.2.0"), RESULT_DENIED); /* it is not the quietest any more */
    assert_int_equal(ask("198.51.100.1"), RESULT_OK);
    for (int i = 0; i < LEDGER_WAYS; i++) {
        if (i == 1)
            continue;
        snprintf(text, sizeof(text), "192.0.2.%d", i);
        assert_int_equal(ask(text), RESULT_DENIED);
    }
    assert_int_equal(ask("192.0.2.1"), RESULT_OK); /* it was, and has been forgotten */
}

/* In one set they would push each other out, nine of them already. */
static void addresses_of_one_network_do_not_share_a_place(void **state)
{
    static const char *const networks[][2] = {
        {"203.0.113.", ""}, {"203.", ".113.7"}, {"2001:db8:0:", "::1"}};
    char text[ADDR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        uint32_t used = 0;

        for (int k = 0; k < 250; k++) {
            snprintf(text, sizeof(text), "%s%d%s", networks[i][0], k, networks[i][1]);
            assert_int_equal(ask_of(LEDGER_WATCH_ALL, text, "1/10s"), RESULT_OK);
        }
        for (uint32_t k = 0; k < ledger->header->layout.watched; k++)
            used += ledger->watched[k].used != 0;
        assert_true(used > 200); /* of 512 places, by chance */
        memset(ledger->watched, 0, ledger->header->layout.watched * sizeof(*ledger->watched));
    }
}

static void a_hundred_thousand_addresses_take_no_more_room_and_no_time(void **state)
{
    uint64_t begin = clock_mono_ns(), took;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        char text[ADDR_TEXT_MAX];

        snprintf(text, sizeof(text), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
        assert_int_equal(ask_of(LEDGER_WATCH_STRANGERS, text, "1000000000/1h"), RESULT_OK);
        help_pass(1000);
    }
    took = clock_mono_ns() - begin;
    if (took > 5 * HELP_SECOND)
        fail_msg("it took %llu ns", (unsigned long long)took);
}

/* Against a list of all that were let through. */
static void no_window_of_an_address_has_more_than_its_rate(void **state)
{
    static uint64_t let[4][10000];
    size_t counts[4] = {0};
    unsigned seed = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        unsigned who = (seed = seed * 1103515245 + 12345) >> 16 & 3;
        char text[ADDR_TEXT_MAX];
        size_t inside = 0;

        help_pass(((seed >> 18) % 5) * HELP_SECOND / 2);
        snprintf(text, sizeof(text), "10.0.0.%u", who);
        while (inside < counts[who] &&
               help->instant - let[who][counts[who] - 1 - inside] <= 10 * HELP_SECOND)
            inside++;
        if (ask(text) == RESULT_OK) {
            if (inside >= 3)
                fail_msg("step %d: %zu were in the window", i, inside);
            let[who][counts[who]++] = help->instant;
        } else if (inside < 3) {
            fail_msg("step %d: refused with %zu in the window", i, inside);
        }
    }
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(an_address_over_its_rate_is_refused_until_the_time_that_it_is_told),
        EACH(refused_requests_do_not_keep_an_address_out),
        EACH(addresses_of_ipv4_count_apart_however_they_are_written),
        EACH(addresses_of_one_ipv6_network_count_as_one),
        EACH(what_an_address_is_counted_for_does_not_mix),
        EACH(another_rate_counts_anew_and_the_old_one_stays_while_it_is_asked_for),
        EACH(without_a_rate_nothing_is_counted),
        cmocka_unit_test_setup_teardown(the_address_that_was_quiet_for_longest_gives_way,
                                        setup_of_one_set, teardown),
        cmocka_unit_test_setup_teardown(addresses_of_one_network_do_not_share_a_place,
                                        setup_of_many_sets, teardown),
        EACH(a_hundred_thousand_addresses_take_no_more_room_and_no_time),
        EACH(no_window_of_an_address_has_more_than_its_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
