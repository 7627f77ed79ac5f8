/*
 * test_throttle.c: logins: who has to wait, for how long, and who never has to.
 *
 * A clock is shifted by shifting the times of what is counted the other way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "fixture.h"
#include "gate/throttle.h"

enum {
    FREE_HERE = 3,
    FREE_ADDRESS = 10,
    FREE_ELSEWHERE = 20,
    FREE_ACCOUNTS = 100,
    HOUR_S = 3600
};

static const char user_id[] = "0123456789ab";
static const char name[] = "ann@example.org";

static struct home home;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

static struct addr address(const char *text)
{
    struct addr from;

    assert_true(addr_parse(text, strlen(text), &from));
    return from;
}

/* The n-th of very many addresses, each of a customer of its own. */
static struct addr address_at(unsigned n)
{
    char text[32];

    snprintf(text, sizeof(text), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
    return address(text);
}

static struct throttle_attempt attempt;

/* Seconds to wait, 0 if it was let through, and then it counts. */
static int64_t tried(const char *username, const char *id, struct addr from)
{
    int64_t wait_s = -1;
    enum result result = throttle_try(&home, username, id, &from, &attempt, &wait_s, &why);

    if (result != RESULT_OK && result != RESULT_DENIED)
        fail_msg("%s", why.text);
    assert_int_equal(result == RESULT_DENIED, wait_s > 0);
    return wait_s;
}

static void right(const char *id, struct addr from)
{
    assert_int_equal(throttle_right(&home, &attempt, id, &from, &why), RESULT_OK);
}

static void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void sql(const char *format, ...)
{
    sqlite3 *db = NULL;
    char *text;
    va_list args;

    va_start(args, format);
    text = sqlite3_vmprintf(format, args);
    va_end(args);
    assert_int_equal(sqlite3_open(HOME_DATABASE, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
    sqlite3_free(text);
}

/* It is so many seconds later. */
static void pass(int64_t seconds)
{
    sql("UPDATE attempt SET last_us = last_us - %lld, until_us = until_us - %lld",
        (long long)seconds * 1000000, (long long)seconds * 1000000);
}

static int64_t rows(void)
{
    int64_t count;

    assert_int_equal(attempt_rows_count(home.db, &count, &why), RESULT_OK);
    return count;
}

/* Fails so often, waiting where one has to; returns the wait after the last one. */
static int64_t fail_times(int times, const char *username, const char *id, struct addr from)
{
    int64_t wait;

    for (int i = 0; i < times; i++) {
        wait = tried(username, id, from);
        if (wait > 0) {
            pass(wait);
            assert_int_equal(tried(username, id, from), 0);
        }
    }
    return tried(username, id, from);
}

static void
the_fourth_failure_of_an_account_from_an_address_waits_and_each_waits_longer(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    for (int i = 0; i < FREE_HERE; i++)
        assert_int_equal(tried(name, user_id, from), 0);
    for (int64_t wait = 1; wait <= 512; wait *= 2) {
        assert_int_equal(tried(name, user_id, from), wait);
        pass(wait);
        assert_int_equal(tried(name, user_id, from), 0);
    }
    assert_int_equal(tried(name, user_id, from), 900);
}

static void who_does_not_wait_long_enough_is_refused_and_does_not_make_it_longer(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    assert_int_equal(fail_times(8, name, user_id, from), 32);
    pass(31);
    for (int i = 0; i < 50; i++)
        assert_int_equal(tried(name, user_id, from), 1);
    pass(1);
    assert_int_equal(tried(name, user_id, from), 0);
}

static void an_unknown_username_is_counted_as_a_known_one(void **state)
{
    struct addr known = address("192.0.2.1"), unknown = address("192.0.2.2");

    (void)state;
    for (int i = 0; i < 9; i++) {
        int64_t wait = tried(name, user_id, known);

        assert_int_equal(tried("nobody@example.org", "", unknown), wait);
        pass(wait);
    }
}

static void an_address_that_tries_many_accounts_waits(void **state)
{
    struct addr from = address("192.0.2.1");
    char other[32];

    (void)state;
    for (int i = 0; i < FREE_ADDRESS; i++) {
        snprintf(other, sizeof(other), "user%d@example.org", i);
        assert_int_equal(tried(other, "", from), 0);
    }
    assert_int_equal(tried("another@example.org", "", from), 1);
    assert_int_equal(tried("another@example.org", "", address("192.0.2.2")), 0);
}

static void addresses_of_one_ipv6_customer_are_one(void **state)
{
    char text[48], other[32];

    (void)state;
    for (int i = 0; i < FREE_ADDRESS; i++) {
        snprintf(text, sizeof(text), "2001:db8:1:2:%x::1", i + 1);
        snprintf(other, sizeof(other), "user%d@example.org", i);
        assert_int_equal(tried(other, "", address(text)), 0);
    }
    assert_int_equal(tried("another@example.org", "", address("2001:db8:1:2:ffff::1")), 1);
    assert_int_equal(tried("another@example.org", "", address("2001:db8:1:3::1")), 0);
}

static void an_own_account_that_logs_in_does_not_free_an_address_to_guess_others(void **state)
{
    struct addr from = address("192.0.2.1");
    char other[32];

    (void)state;
    for (int i = 0; i < FREE_ADDRESS; i++) {
        snprintf(other, sizeof(other), "user%d@example.org", i);
        assert_int_equal(tried(other, "", from), 0);
        if (i < FREE_ADDRESS - 1) {
            assert_int_equal(tried(name, user_id, from), 0);
            right(user_id, from);
        }
    }
    assert_int_equal(tried("another@example.org", "", from), 1);
}

static void an_account_that_is_tried_from_everywhere_waits_at_most_a_minute(void **state)
{
    unsigned at = 0;

    (void)state;
    for (; at < FREE_ELSEWHERE; at++)
        assert_int_equal(tried(name, user_id, address_at(at)), 0);
    for (int64_t wait = 1; wait <= 32; wait *= 2) {
        assert_int_equal(tried(name, user_id, address_at(++at)), wait);
        pass(wait);
        assert_int_equal(tried(name, user_id, address_at(at)), 0);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(tried(name, user_id, address_at(++at)), 60);
        pass(60);
        assert_int_equal(tried(name, user_id, address_at(at)), 0);
    }
}

static void what_others_fail_does_not_slow_down_an_owner_at_a_known_address(void **state)
{
    struct addr own = address("192.0.2.1");

    (void)state;
    assert_int_equal(tried(name, user_id, own), 0);
    right(user_id, own);
    for (unsigned at = 0; at < FREE_ELSEWHERE; at++)
        assert_int_equal(tried(name, user_id, address_at(at)), 0);
    assert_true(tried(name, user_id, address_at(1000)) > 0);
    for (int i = 0; i < FREE_HERE; i++)
        assert_int_equal(tried(name, user_id, own), 0);
}

static void an_address_that_another_user_knows_is_none_of_this_one(void **state)
{
    struct addr shared = address("192.0.2.1");

    (void)state;
    assert_int_equal(tried("bob@example.org", "ba9876543210", shared), 0);
    right("ba9876543210", shared);
    for (unsigned at = 0; at < FREE_ELSEWHERE; at++)
        assert_int_equal(tried(name, user_id, address_at(at)), 0);
    assert_int_equal(tried(name, user_id, shared), 1);
}

static void an_address_is_known_no_longer_than_90_days(void **state)
{
    struct addr own = address("192.0.2.1");

    (void)state;
    assert_int_equal(tried(name, user_id, own), 0);
    right(user_id, own);
    for (unsigned at = 0; at < FREE_ELSEWHERE; at++)
        assert_int_equal(tried(name, user_id, address_at(at)), 0);
    sql("UPDATE known SET last_at = last_at - 91 * 86400");
    assert_int_equal(tried(name, user_id, own), 1);
}

static void a_count_halves_with_each_hour(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    assert_int_equal(fail_times(8, name, user_id, from), 32);
    pass(HOUR_S); /* 4 are left, and the next makes 5 */
    assert_int_equal(tried(name, user_id, from), 0);
    assert_int_equal(tried(name, user_id, from), 4);
    pass(4 * HOUR_S); /* none is left */
    for (int i = 0; i < FREE_HERE; i++)
        assert_int_equal(tried(name, user_id, from), 0);
    assert_int_equal(tried(name, user_id, from), 1);
}

static void failures_now_and_then_at_a_shared_address_never_wait_long(void **state)
{
    struct addr office = address("192.0.2.1");
    char other[32];
    int64_t longest = 0;

    (void)state;
    for (int i = 0; i < 200; i++) { /* one in each quarter of an hour */
        int64_t wait;

        snprintf(other, sizeof(other), "user%d@example.org", i);
        wait = tried(other, "", office);
        longest = wait > longest ? wait : longest;
        pass(wait + 15 * 60);
    }
    assert_int_equal(longest, 0);
}

static void a_right_password_begins_anew_for_the_account_here(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < FREE_HERE - 1; i++)
            assert_int_equal(tried(name, user_id, from), 0);
        assert_int_equal(tried(name, user_id, from), 0);
        right(user_id, from);
        pass(2 * HOUR_S); /* for the address, of which 2 remain each time */
    }
}

static void many_that_log_in_from_one_address_at_once_do_not_wait_afterwards(void **state)
{
    enum {
        MANY = FREE_ADDRESS
    };
    struct addr office = address("192.0.2.1");
    struct throttle_attempt attempts[MANY];
    char other[32];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        snprintf(other, sizeof(other), "user%d@example.org", i);
        assert_int_equal(tried(other, user_id, office), 0);
        attempts[i] = attempt;
    }
    for (int i = 0; i < MANY; i++) {
        attempt = attempts[i];
        right(user_id, office);
    }
    for (int i = 0; i < FREE_ADDRESS; i++) {
        snprintf(other, sizeof(other), "user%d@example.org", i);
        assert_int_equal(tried(other, user_id, office), 0);
    }
}

static void an_attempt_that_nobody_has_looked_at_leaves_nothing(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(tried(name, user_id, from), 0);
        assert_int_equal(throttle_withdraw(&home, &attempt, &why), RESULT_OK);
    }
    assert_int_equal(rows(), 0);
    for (int i = 0; i < FREE_HERE; i++)
        assert_int_equal(tried(name, user_id, from), 0);
    assert_int_equal(tried(name, user_id, from), 1);
}

static void counts_are_kept_when_the_home_is_opened_anew(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    for (int i = 0; i < FREE_HERE; i++)
        assert_int_equal(tried(name, user_id, from), 0);
    home_close(&home);
    assert_int_equal(home_open(&home, DB_CLI, &why), RESULT_OK);
    assert_int_equal(tried(name, user_id, from), 1);
}

/* How many attempts many processes at once are let through. */
static int crowd(struct addr from)
{
    enum {
        PROCESSES = 8,
        TRIES = 10
    };
    pid_t children[PROCESSES];
    int let = 0;

    home_close(&home); /* SQLite does not go over a fork() */
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            int own = 0;

            if (home_open(&home, DB_CLI, &why) != RESULT_OK)
                _exit(255);
            for (int j = 0; j < TRIES; j++)
                own += tried(name, user_id, from) == 0;
            _exit(own);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= TRIES);
        let += WEXITSTATUS(status);
    }
    assert_int_equal(home_open(&home, DB_CLI, &why), RESULT_OK);
    return let;
}

/* On a slow machine the first waits may end while they run: as many as there are seconds. */
static void many_processes_at_once_get_no_more_free_attempts_than_there_are(void **state)
{
    uint64_t start = clock_mono_ns();
    int let;

    (void)state;
    let = crowd(address("192.0.2.1"));
    assert_in_range(let, FREE_HERE, FREE_HERE + (clock_mono_ns() - start) / 1000000000);
}

static void after_a_wait_one_of_many_processes_gets_through(void **state)
{
    struct addr from = address("192.0.2.1");
    int64_t wait;

    (void)state;
    wait = fail_times(9, name, user_id, from);
    assert_int_equal(wait, 64);
    assert_int_equal(crowd(from), 0);
    pass(wait);
    assert_int_equal(crowd(from), 1);
}

static void a_clock_that_is_set_back_by_days_locks_nobody_out(void **state)
{
    struct addr from = address("192.0.2.1");

    (void)state;
    assert_int_equal(fail_times(10, name, user_id, from), 128);
    pass(-3 * 86400);
    assert_int_equal(tried(name, user_id, from), 0);
    assert_in_range(tried(name, user_id, from), 1, 900);
}

static void old_counts_are_deleted_along_the_way(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 30; at++)
        assert_int_equal(tried("somebody@example.org", "", address_at(at)) > 0, at >= 20);
    assert_true(rows() >= 40);
    pass(13 * HOUR_S);
    assert_int_equal(tried(name, user_id, address("192.0.2.1")), 0);
    assert_int_equal(rows(), 3);
}

static void there_are_never_more_than_100000_counts(void **state)
{
    (void)state;
    sql("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 100010)"
        " INSERT INTO attempt SELECT randomblob(16), 1, %lld + i, 0 FROM n",
        (long long)clock_wall_us() - 1000000);
    assert_int_equal(tried(name, user_id, address("192.0.2.1")), 0);
    assert_int_equal(rows(), 100000);
    for (int i = 1; i < FREE_HERE; i++)
        assert_int_equal(tried(name, user_id, address("192.0.2.1")), 0);
    assert_int_equal(tried(name, user_id, address("192.0.2.1")), 1);
}

static void neither_names_nor_addresses_are_kept(void **state)
{
    char command[128];

    (void)state;
    assert_int_equal(tried(name, user_id, address("203.0.113.77")), 0);
    right(user_id, address("203.0.113.77"));
    assert_int_equal(tried(name, user_id, address("203.0.113.77")), 0);
    snprintf(command, sizeof(command), "grep -aq -e ann@example -e 203.0.113.77 %s*",
             HOME_DATABASE);
    assert_int_equal(WEXITSTATUS(system(command)), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct throttle_attempt last_registered;

static int64_t registered(struct addr from)
{
    int64_t wait_s = -1;
    enum result result = throttle_register(&home, &from, &last_registered, &wait_s, &why);

    if (result != RESULT_OK && result != RESULT_DENIED)
        fail_msg("%s", why.text);
    assert_int_equal(result == RESULT_DENIED, wait_s > 0);
    return wait_s;
}

static void who_makes_accounts_without_end_waits_and_nobody_else(void **state)
{
    (void)state;
    for (int i = 0; i < FREE_ACCOUNTS + 7; i++) {
        assert_int_equal(registered(address_at(1)), 0);
        sql("UPDATE attempt SET until_us = 0 WHERE failures < %d", FREE_ACCOUNTS + 7);
    }
    assert_in_range(registered(address_at(1)), 100, 128);
    assert_int_equal(registered(address_at(2)), 0);
    assert_int_equal(tried(name, user_id, address_at(1)), 0);
    pass(8 * HOUR_S);
    assert_int_equal(registered(address_at(1)), 0);
}

static void a_registration_that_nobody_has_looked_at_leaves_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < FREE_ACCOUNTS + 50; i++) {
        assert_int_equal(registered(address_at(1)), 0);
        assert_int_equal(throttle_withdraw(&home, &last_registered, &why), RESULT_OK);
    }
    assert_int_equal(rows(), 0);
    for (int i = 0; i < 7; i++)
        assert_int_equal(registered(address_at(1)), 0);
    assert_int_equal(throttle_withdraw(&home, &last_registered, &why), RESULT_OK);
    assert_int_equal(rows(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_fourth_failure_of_an_account_from_an_address_waits_and_each_waits_longer),
        TEST(who_does_not_wait_long_enough_is_refused_and_does_not_make_it_longer),
        TEST(an_unknown_username_is_counted_as_a_known_one),
        TEST(an_address_that_tries_many_accounts_waits),
        TEST(addresses_of_one_ipv6_customer_are_one),
        TEST(an_own_account_that_logs_in_does_not_free_an_address_to_guess_others),
        TEST(an_account_that_is_tried_from_everywhere_waits_at_most_a_minute),
        TEST(what_others_fail_does_not_slow_down_an_owner_at_a_known_address),
        TEST(an_address_that_another_user_knows_is_none_of_this_one),
        TEST(an_address_is_known_no_longer_than_90_days),
        TEST(a_count_halves_with_each_hour),
        TEST(failures_now_and_then_at_a_shared_address_never_wait_long),
        TEST(a_right_password_begins_anew_for_the_account_here),
        TEST(many_that_log_in_from_one_address_at_once_do_not_wait_afterwards),
        TEST(an_attempt_that_nobody_has_looked_at_leaves_nothing),
        TEST(counts_are_kept_when_the_home_is_opened_anew),
        TEST(many_processes_at_once_get_no_more_free_attempts_than_there_are),
        TEST(after_a_wait_one_of_many_processes_gets_through),
        TEST(a_clock_that_is_set_back_by_days_locks_nobody_out),
        TEST(old_counts_are_deleted_along_the_way),
        TEST(there_are_never_more_than_100000_counts),
        TEST(neither_names_nor_addresses_are_kept),
        TEST(who_makes_accounts_without_end_waits_and_nobody_else),
        TEST(a_registration_that_nobody_has_looked_at_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
