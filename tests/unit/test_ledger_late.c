/*
 * test_ledger_late.c: limits that come when newer ones have been seen.
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

#include "gate/ledger.h"

#define START_NS UINT64_C(1000000000000000000)
#define START_US INT64_C(1700000000000000)

static char path[64];
static struct ledger *ledger;
static struct ledger_verdict verdict;
static struct reason why;
static uint64_t seconds; /* since the start */

static uint64_t instant(void)
{
    return START_NS + seconds * 1000000000;
}

static int64_t wall_us(void)
{
    return START_US + (int64_t)seconds * 1000000;
}

static enum result drained(void *arg, int64_t *seq, struct reason *reason)
{
    (void)arg;
    (void)reason;
    *seq = 0;
    return RESULT_OK;
}

static int setup(void **state)
{
    static const struct ledger_clock clock = {instant, wall_us};
    static const struct ledger_database database = {.drained = drained};
    static const struct ledger_size size = {.bytes = 65536, .journal = 2048, .addresses = 8};

    (void)state;
    seconds = 0;
    strcpy(path, "/tmp/forestgate-ledger.XXXXXX");
    close(mkstemp(path));
    if (ledger_open(path, &size, &database, &ledger, &why) != RESULT_OK)
        return 1;
    ledger_set_clock(ledger, &clock);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    unlink(path);
    return 0;
}

/* One whole call; of a key of which the database knows nothing. */
static enum result serve(unsigned key, const char *text, uint64_t epoch)
{
    const struct ledger_known known = {.up_to = 0};
    const struct ledger_end end = {.status = 200};
    struct ledger_account account = {.epoch = epoch};
    struct call_row call = {.route = "predict"};
    struct ledger_need need;
    struct limits limits;
    enum result result;
    int64_t seq;

    assert_int_equal(limits_parse(text, &limits, &why), RESULT_OK);
    snprintf(call.key, sizeof(call.key), "k%011u", key);
    account.key = call.key;
    account.limits = &limits;
    result = ledger_admit(ledger, &account, &call, 1, &verdict, &need, &why);
    if (result == RESULT_MISSING) {
        result = ledger_know(ledger, &account, &need, &known, &why);
        if (result != RESULT_OK)
            return result;
        result = ledger_admit(ledger, &account, &call, 1, &verdict, &need, &why);
    }
    if (result == RESULT_OK)
        assert_int_equal(ledger_settle(ledger, &end, &seq, &why), RESULT_OK);
    return result;
}

/* Changed and changed back, and only one who is late has seen what was in between. */
static void limits_that_were_changed_back_do_not_give_way_to_those_in_between(void **state)
{
    (void)state;
    assert_int_equal(serve(1, "2/60s", 2), RESULT_OK);
    assert_int_equal(serve(1, "2/60s", 6), RESULT_OK);
    assert_int_equal(serve(1, "9/60s", 4), RESULT_DENIED);
    assert_int_equal(verdict.standings[0].limit.count, 2);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(limits_that_were_changed_back_do_not_give_way_to_those_in_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
