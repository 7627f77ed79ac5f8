/*
 * ledger_crew_log.h: the log of a run is held against the limits.
 *
 * That is exact, since no two instants are alike: a rate has to have let a call through if
 * and only if fewer than N were let through in the W before.
 */
#ifndef TESTS_LEDGER_CREW_LOG_H
#define TESTS_LEDGER_CREW_LOG_H

#include "ledger_crew.h"

/* ---- the log against the limits ---- */

/* Instants of all that were admitted, in their order. */
struct history {
    uint64_t at[ROWS];
    size_t count;
};

static int by_instant(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static struct moment *moment_of(const struct call_row *row)
{
    return &board->moment[row->started_us & ((1 << SHIFT_BITS) - 1)];
}

/* How many were admitted in the span that ends at an instant, which is not in it. */
static size_t admitted_in(const struct history *history, uint64_t end, uint64_t span)
{
    size_t count = 0;

    for (size_t i = 0; i < history->count; i++)
        count += history->at[i] < end && end - history->at[i] <= span;
    return count;
}

static bool has_died(const struct moment *at)
{
    return !at->admitted || !at->settled;
}

/* Each call that anybody knows of is there once, and as it ended. */
static void check_rows(const struct plan *plan, struct history *history, struct tally *tally)
{
    static bool seen[MOMENTS];
    uint64_t unfinished = 0;

    memset(seen, 0, sizeof(seen));
    history->count = 0;
    for (int64_t i = 1; i <= board->up_to; i++) {
        const struct call_row *row = &board->rows[i];
        struct moment *at = moment_of(row);
        bool buried = row->status == 500 && row->charged == 0 && has_died(at);

        assert_int_equal(row->seq, i);
        assert_false(seen[at - board->moment]);
        assert_false(at->refused);
        seen[at - board->moment] = true;
        history->at[history->count++] = at->instant;
        unfinished += has_died(at);
        tally->buried += buried;
        if (buried)
            continue;
        assert_true(at->admitted);
        assert_true(row->status == at->status || (at->amending && row->status == 503));
        if (!at->amending)
            assert_int_equal(row->charged, row->status < 400 ? at->asked : 0);
    }
    for (uint32_t i = 0; i < board->moments; i++)
        if (board->moment[i].admitted && !seen[i])
            fail_msg("seed %llu: the call of moment %u is lost", (unsigned long long)plan->seed,
                     i);
    if (!plan->dies && !plan->killed)
        assert_int_equal(unfinished, 0);
    qsort(history->at, history->count, sizeof(history->at[0]), by_instant);
}

/* Never more than N in any W. */
static void check_rates(const struct plan *plan, const struct history *history)
{
    const struct limits *limits = &plan->limits[0];

    for (size_t k = 0; k < limits->count && limits->items[k].kind == LIMIT_RATE; k++) {
        uint64_t span = (uint64_t)limits->items[k].seconds * LEDGER_SECOND_NS;
        size_t n = (size_t)limits->items[k].count;

        if (plan->limits[1].items[k].count > (int64_t)n)
            n = (size_t)plan->limits[1].items[k].count;
        for (size_t i = 0; i + n < history->count; i++)
            if (history->at[i + n] - history->at[i] <= span)
                fail_msg("seed %llu: %zu calls and one more in %lld s",
                         (unsigned long long)plan->seed, n,
                         (long long)limits->items[k].seconds);
    }
}

static int64_t charged_in(int64_t first, int64_t last, uint64_t before, bool asked)
{
    int64_t sum = 0;

    for (int64_t i = 1; i <= board->up_to; i++) {
        int64_t day = call_day(board->rows[i].started_us);
        const struct moment *at = moment_of(&board->rows[i]);

        if (day >= first && day <= last && at->instant < before)
            sum += asked ? at->asking : board->rows[i].charged;
    }
    return sum;
}

static void period_of(const struct limit *limit, int64_t day, int64_t *first, int64_t *last)
{
    struct clock_month month = clock_month_of(day);

    *first = limit->kind == LIMIT_DAY ? day : month.first;
    *last = limit->kind == LIMIT_DAY ? day : month.last;
}

/* No day and no month was charged more than its quota. */
static void check_quotas(const struct plan *plan)
{
    for (size_t k = 0; k < plan->limits[0].count; k++) {
        const struct limit *limit = &plan->limits[0].items[k],
                           *other = &plan->limits[1].items[k];
        int64_t most = limit->count > other->count ? limit->count : other->count, first, last;

        if (limit->kind == LIMIT_RATE)
            continue;
        for (int64_t i = 1; i <= board->up_to; i++) {
            period_of(limit, call_day(board->rows[i].started_us), &first, &last);
            assert_true(charged_in(first, last, UINT64_MAX, false) <= most);
        }
    }
}

/*
 * Whether a quota had to refuse.  Of one process what was charged before is known; of many
 * only how much it may have been, before anything was given back.
 */
static void check_quota_refusal(const struct plan *plan, const struct limit *limit,
                                const struct moment *at, bool refused)
{
    int64_t first, last, charged;

    period_of(limit, call_day(at->wall_us), &first, &last);
    charged = charged_in(first, last, at->instant, plan->crew > 1);
    if (refused && charged + at->asked <= limit->count)
        fail_msg("seed %llu: refused with %lld of %lld charged", (unsigned long long)plan->seed,
                 (long long)charged, (long long)limit->count);
    if (!refused && plan->crew == 1 && charged + at->asked > limit->count)
        fail_msg("seed %llu: not refused with %lld of %lld charged",
                 (unsigned long long)plan->seed, (long long)charged, (long long)limit->count);
}

static void check_rate_refusal(const struct plan *plan, const struct history *history,
                               const struct limit *limit, const struct moment *at, bool refused)
{
    size_t count =
        admitted_in(history, at->instant, (uint64_t)limit->seconds * LEDGER_SECOND_NS);

    if (refused != (count >= (size_t)limit->count))
        fail_msg("seed %llu: %s at moment %d with %zu of %lld in the window",
                 (unsigned long long)plan->seed, refused ? "refused" : "not refused",
                 (int)(at - board->moment), count, (long long)limit->count);
}

/* A limit that refused had no room, one beside it that did not had some. */
static void check_refusals(const struct plan *plan, const struct history *history,
                           struct tally *tally)
{
    const struct limits *limits = &plan->limits[0];

    for (uint32_t i = 0; i < board->moments; i++) {
        const struct moment *at = &board->moment[i];

        if (!at->refused)
            continue;
        tally->refusals++;
        assert_int_not_equal(at->exceeded, 0);
        for (size_t k = 0; !plan->changes && k < limits->count; k++)
            if (limits->items[k].kind == LIMIT_RATE)
                check_rate_refusal(plan, history, &limits->items[k], at, at->exceeded >> k & 1);
            else
                check_quota_refusal(plan, &limits->items[k], at, at->exceeded >> k & 1);
    }
}

/*
 * What the ledger says at the end is what the log says: so a refusal has counted nowhere,
 * and a call everywhere.
 */
static void check_standings(struct ledger *ledger, const struct plan *plan,
                            const struct history *history)
{
    struct ledger_account account = account_now(plan);
    enum result result = RESULT_MISSING;
    struct ledger_verdict verdict;
    struct ledger_known known;
    struct ledger_need need;

    while ((result = ledger_look(ledger, &account, &verdict, &need, NULL)) == RESULT_MISSING) {
        database_know(&known, &need);
        assert_int_equal(ledger_know(ledger, &account, &need, &known, NULL), RESULT_OK);
    }
    assert_int_equal(result, RESULT_OK);
    assert_int_equal(verdict.count, account.limits->count);
    for (size_t k = 0; k < verdict.count; k++) {
        const struct limit *limit = &account.limits->items[k];
        int64_t used, first, last;

        period_of(limit, call_day(board->moment[moment].wall_us), &first, &last);
        used = limit->kind == LIMIT_RATE
                   ? (int64_t)admitted_in(history, instant,
                                          (uint64_t)limit->seconds * LEDGER_SECOND_NS)
                   : charged_in(first, last, UINT64_MAX, false);
        if (used > limit->count && plan->changes)
            used = limit->count; /* under the others there was room for more */
        if (verdict.standings[k].remaining != limit->count - used &&
            !(plan->changes && limit->kind == LIMIT_RATE))
            fail_msg("seed %llu: limit %zu leaves %lld of %lld where %lld were used",
                     (unsigned long long)plan->seed, k,
                     (long long)verdict.standings[k].remaining, (long long)limit->count,
                     (long long)used);
    }
}

static void check_all(struct ledger *ledger, const struct plan *plan, struct tally *tally)
{
    static struct history history;
    struct ledger_state state;

    assert_int_equal(drain(ledger), RESULT_OK);
    ledger_state(ledger, &state);
    assert_int_equal(state.open, 0);
    assert_int_equal(state.last, board->up_to);
    assert_int_equal(state.drained, board->up_to);
    check_rows(plan, &history, tally);
    check_rates(plan, &history);
    check_quotas(plan);
    check_refusals(plan, &history, tally);
    check_standings(ledger, plan, &history);
    tally->calls += history.count;
}

#endif
