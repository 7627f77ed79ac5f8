/*
 * test_ledger_interleave.c: all orders in which processes can do what they do, with deaths
 * between and within their steps.
 *
 * Here are the casts: who takes part, and how many may die.  Time stands still, so that all
 * calls are in the windows and every count is known.
 */
#include "ledger_model_explore.h"

/* ---- the casts ---- */

enum {
    YOUNG = 0, /* the ledger is, so that history is asked for */
    OLD = 1,
    GAPS = 2,
    LARGE = 4 /* too much for the sanitizers, which have seen the code in the others */
};

#ifdef __SANITIZE_ADDRESS__
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static void cast(const char *name, const struct part *those, int count, int deaths, int how)
{
    const struct ledger_size size = {.bytes = 1, .journal = 8, .addresses = LEDGER_WAYS};
    double ways;

    if (is_sanitized && (how & LARGE))
        return;
    help_make();
    help_path(path);
    memset(&model, 0, sizeof(model));
    memset(seen, 0, STATES_MAX * sizeof(*seen));
    memset(&tally, 0, sizeof(tally));
    seen_count = 0;
    parts = those;
    part_count = count;
    deaths_max = deaths;
    gaps = (how & GAPS) != 0;
    for (int i = 0; i <= PROCESSES; i++) {
        struct reason why = {{0}};

        if (ledger_open(path, &size, &help_database, &ledgers[i], &why) != RESULT_OK)
            fail_msg("%s", why.text);
        ledger_set_clock(ledgers[i], &help_clock);
    }
    if (how & OLD) {
        ledgers[0]->header->epoch = 2;
        help_pass(10000 * HELP_SECOND);
    }
    for (int i = 0; i < count; i++) {
        model.processes[i].at = those[i].begin;
        model.processes[i].seat = LEDGER_NONE;
        model.processes[i].need.day = call_day(help->wall_us);
        model.processes[i].need.month = clock_month_of(call_day(help->wall_us));
        model.processes[i].need.history = true;
    }
    regions_make(ledgers[0]);
    ways = explore(0);
    print_message("# %s: %zu states, %zu steps, %zu of them deaths within a verb, %zu with "
                  "others in a gap, %zu ends, %.3g orders\n",
                  name, seen_count, tally.steps, tally.deaths_in_steps, tally.gaps, tally.ends,
                  ways);
    for (int i = 0; i <= PROCESSES; i++)
        ledger_close(ledgers[i]);
    unlink(path);
}

#define DRAINER(times)                            \
    {                                             \
        .begin = AT_DRAIN_LOCK, .rounds = (times) \
    }
#define CALLER(...)                    \
    {                                  \
        .begin = AT_ADMIT, __VA_ARGS__ \
    }
#define KNOWER           \
    {                    \
        .begin = AT_READ \
    }
#define BURIER                        \
    {                                 \
        .begin = AT_BURY, .rounds = 1 \
    }
#define CAST(name, deaths, how, ...)                                      \
    do {                                                                  \
        static const struct part those[] = {__VA_ARGS__};                 \
        cast(name, those, sizeof(those) / sizeof(those[0]), deaths, how); \
    } while (0)

static void a_call_its_drain_and_what_is_known_come_in_any_order(void **state)
{
    (void)state;
    CAST("calls, drain, know, bury, no death", 0, YOUNG, CALLER(.more = 2),
         CALLER(.status = 422), DRAINER(2), KNOWER, BURIER);
    CAST("calls, drain, know, bury, one death", 1, YOUNG | LARGE, CALLER(.more = 2),
         CALLER(.status = 422), DRAINER(1), KNOWER, BURIER);
    CAST("a call, drain, bury, two deaths", 2, YOUNG, CALLER(.more = 2), DRAINER(1), BURIER);
    CAST("a call, drain, know, two deaths", 2, YOUNG, CALLER(.status = 422), DRAINER(1),
         KNOWER);
    CAST("two calls of an old ledger, drain, one death", 1, OLD, CALLER(.more = 2),
         CALLER(.status = 500), DRAINER(2));
    CAST("two calls, two deaths", 2, YOUNG, CALLER(.more = 1), CALLER(.status = 422));
}

static void what_happens_in_the_gaps_of_a_verb_loses_no_call(void **state)
{
    (void)state;
    CAST("the seat of a dead one, one death", 1, YOUNG | GAPS, CALLER(.status = 422),
         CALLER(.more = 2), BURIER);
    CAST("the seat of a dead one, two deaths", 2, YOUNG | GAPS, CALLER(.more = 1),
         CALLER(.more = 0), BURIER);
    CAST("two who bury, two deaths", 2, YOUNG | GAPS, CALLER(.more = 1), BURIER, BURIER);
    CAST("a call, drain, bury, two deaths", 2, OLD | GAPS, CALLER(.more = 1), DRAINER(1),
         BURIER);
}

static void two_who_drain_in_any_order_bring_each_call_once(void **state)
{
    (void)state;
    CAST("two drains, one death", 1, YOUNG | LARGE, CALLER(.more = 0), CALLER(.more = 0),
         DRAINER(2), DRAINER(1));
    CAST("two drains, two deaths", 2, YOUNG, CALLER(.more = 0), DRAINER(2), DRAINER(1));
}

static void limits_that_change_in_between_lose_no_call(void **state)
{
    (void)state;
    CAST("limits change, one death", 1, YOUNG | LARGE, CALLER(.more = 2),
         CALLER(.limits = "9/60s,9/1h,90/day", .epoch = 4), DRAINER(1), KNOWER);
    CAST("limits change, two deaths", 2, YOUNG, CALLER(.more = 2),
         CALLER(.limits = "9/60s,9/1h,90/day", .epoch = 4));
    CAST("limits go and come back, no death", 0, OLD | LARGE, CALLER(.more = 1),
         CALLER(.limits = "", .epoch = 4, .more = 2),
         CALLER(.limits = "9/60s,90/day", .epoch = 6), DRAINER(1));
    CAST("limits go and come back, one death", 1, OLD, CALLER(.status = 422),
         CALLER(.limits = "", .epoch = 4),
         CALLER(.limits = "9/60s,90/day", .epoch = 6, .more = 1));
    CAST("limits come back, drain, one death", 1, OLD,
         CALLER(.limits = "", .epoch = 4, .more = 2),
         CALLER(.limits = "9/60s,90/day", .epoch = 6), DRAINER(1));
}

static void a_call_that_is_taken_back_is_in_the_log_as_that_or_was_there_before(void **state)
{
    (void)state;
    CAST("taken back, drain, one death", 1, YOUNG | LARGE, CALLER(.takes_back = true),
         CALLER(.more = 0), DRAINER(1), KNOWER);
    CAST("taken back, drain, two deaths", 2, YOUNG, CALLER(.takes_back = true), DRAINER(1));
    CAST("taken back unasked, one death", 1, YOUNG,
         CALLER(.takes_back = true, .unasked = true, .more = 2), DRAINER(2));
    CAST("two taken back, one death", 1, YOUNG, CALLER(.takes_back = true, .more = 2),
         CALLER(.takes_back = true), DRAINER(1));
}

static int setup(void **state)
{
    (void)state;
    seen = calloc(STATES_MAX, sizeof(*seen));
    return seen == NULL;
}

static int teardown(void **state)
{
    (void)state;
    free(seen);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_its_drain_and_what_is_known_come_in_any_order),
        cmocka_unit_test(what_happens_in_the_gaps_of_a_verb_loses_no_call),
        cmocka_unit_test(two_who_drain_in_any_order_bring_each_call_once),
        cmocka_unit_test(limits_that_change_in_between_lose_no_call),
        cmocka_unit_test(a_call_that_is_taken_back_is_in_the_log_as_that_or_was_there_before),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
