/*
 * ledger_calls.h: two processes at one ledger, and their calls in a line each.
 *
 * After every verb all that the ledger says is compared with all calls that there were.
 */
#ifndef TESTS_LEDGER_CALLS_H
#define TESTS_LEDGER_CALLS_H

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

static inline struct ledger *open_one(const struct ledger_size *of)
{
    struct ledger *one = NULL;

    if (ledger_open(path, of, &help_database, &one, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    ledger_set_clock(one, &help_clock);
    return one;
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    ledger_close(other);
    unlink(path);
    return 0;
}

static inline void sound(void)
{
    const char *wrong = check_all(ledger);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

/* Time goes by to a wall time, the way clocks go. */
static inline void pass_to(const char *when)
{
    int64_t wall_us;

    assert_true(clock_rfc3339_parse(when, &wall_us));
    assert_true(wall_us >= help->wall_us);
    help_pass((uint64_t)(wall_us - help->wall_us) * 1000);
}

/* Somebody sets the clock of the machine. */
static inline void set_wall(const char *when)
{
    assert_true(clock_rfc3339_parse(when, &help->wall_us));
}

static inline void key_of(char out[KEY_ID_LEN + 1], unsigned number)
{
    snprintf(out, KEY_ID_LEN + 1, "k%011u", number);
}

static inline enum result try_of(struct ledger *by, const char *key, const char *limits_text,
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

static inline void admit_of(struct ledger *by, const char *key, const char *limits,
                            int64_t charge)
{
    if (try_of(by, key, limits, charge) != RESULT_OK)
        fail_msg("request %u was refused: %s", requests, why.text);
}

static inline int64_t settle_of(struct ledger *by, int64_t status)
{
    struct ledger_end end = {.duration_us = 5, .rows = 1, .status = status, .model = "iris"};
    int64_t seq = 0;

    if (ledger_settle(by, &end, &seq, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    sound();
    return seq;
}

static inline void admit(const char *key, const char *limits, int64_t charge)
{
    admit_of(ledger, key, limits, charge);
}

static inline int64_t settle(int64_t status)
{
    return settle_of(ledger, status);
}

/* One call from its beginning to its good end. */
static inline void serve(const char *key, const char *limits)
{
    admit(key, limits, 1);
    settle(200);
}

static inline void refuse(const char *key, const char *limits)
{
    if (try_of(ledger, key, limits, 1) != RESULT_DENIED)
        fail_msg("request %u was not refused", requests);
    assert_int_not_equal(verdict.exceeded, 0);
    assert_true(verdict.retry_s > 0);
}

static inline enum result charge(const char *key, const char *limits_text, int64_t more)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};
    enum result result = ledger_charge(ledger, &account, more, &verdict, &why);

    sound();
    return result;
}

static inline enum result look(const char *key, const char *limits_text)
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

static inline void remaining_is(const char *key, const char *limits, size_t i,
                                int64_t remaining)
{
    assert_int_equal(look(key, limits), RESULT_OK);
    assert_int_equal(verdict.standings[i].remaining, remaining);
}

static inline void drain(void)
{
    if (help_drain(ledger, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    sound();
}

static inline enum result know(const char *key, const char *limits_text,
                               const struct ledger_known *known)
{
    struct limits limits = help_limits(limits_text);
    struct ledger_account account = {key, &limits, shadow, epoch};

    return ledger_know(ledger, &account, &need, known, &why);
}

#endif
