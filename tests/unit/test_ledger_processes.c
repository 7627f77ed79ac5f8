/*
 * test_ledger_processes.c: many processes on one key, at random, some of them killed.
 *
 * A run has its own ledger and its own time.  Instants come from a clock in shared memory
 * that moves on at each look, so that no two are alike; the wall clock stands somewhere
 * else by hours and days whenever a process likes.  The low bits of a wall time are the
 * number of that look at it (a moment), and each row of the log has the wall time of its
 * admission: so the log alone tells the instant of every call, also of those whose process
 * was killed before it could tell anybody.
 *
 * At the end the log is held against the limits.  That is exact, since no two instants are
 * alike: a rate has to have let a call through if and only if fewer than N were let through
 * in the W before.
 *
 *     test_ledger_processes [SECONDS [SEED]]     for each part; from which seed on
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void step(void);
#define LEDGER_STEP() step()
#include "gate/ledger_file.c"
#include "gate/ledger_slots.c"
/* After those: in this order no name is there twice. */
#include "gate/ledger.c"

enum {
    MOMENTS = 16384,
    ROWS = 2048,
    CREW = 8,
    JOURNAL = 32,
    SHIFT_BITS = 20, /* of a wall time: those that are the moment's number */
    BLOCKED_S = 30,  /* no process takes so long unless it is blocked */
    PART_S = 2,      /* each test runs for so many seconds */
};

#define WALL_0 (INT64_C(1795000000) << SHIFT_BITS) /* some time in 2029 */

/* One look at the wall clock, and what became of it. */
struct moment {
    uint64_t instant;
    int64_t wall_us;
    int64_t asked;  /* charge that was asked for, all in all */
    int64_t asking; /* and would be if a ledger_charge() went through */
    int status;     /* that the call is to end with; 0: the look was no admission */
    bool admitted, refused, settled, amending;
    unsigned exceeded;
};

/* What the processes of a run share; rows and up_to are its database. */
struct board {
    uint64_t clock, epoch;
    int64_t shift, up_to;
    uint32_t moments;
    struct moment moment[MOMENTS];
    struct call_row rows[ROWS + 1]; /* by their numbers */
};

/* What is drawn for a run. */
struct plan {
    uint64_t seed;
    int crew, calls;
    uint64_t stride;         /* the most that the clock moves on at a look */
    struct limits limits[2]; /* by the epoch, which moves on if they may change */
    bool changes, dies, killed;
};

struct tally {
    uint64_t runs, calls, refusals, deaths, buried;
};

static uint64_t part_s = PART_S, first_seed;
static struct board *board;
static char path[64];
static const char key[KEY_ID_LEN + 1] = "processes000";

/* ---- this process ---- */

static uint64_t chance_state;
static uint32_t moment; /* of the last look */
static uint64_t instant;
static int64_t charging; /* what the call that is to be admitted costs */
static uint64_t stride, steps, die_at;

static uint64_t chance(uint64_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (chance_state * UINT64_C(0x2545f4914f6cdd1d) >> 20) % below;
}

static void chance_begin(uint64_t seed)
{
    chance_state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void step(void)
{
    if (++steps == die_at)
        raise(SIGKILL);
    if (stride != 0 && chance(64) == 0)
        sched_yield();
}

static uint64_t test_instant(void)
{
    instant = __atomic_add_fetch(&board->clock, 1 + chance(stride), __ATOMIC_SEQ_CST);
    return instant;
}

static int64_t test_wall(void)
{
    moment = __atomic_fetch_add(&board->moments, 1, __ATOMIC_SEQ_CST);
    if (moment >= MOMENTS)
        exit(9);
    board->moment[moment].instant = instant;
    board->moment[moment].asking = charging;
    board->moment[moment].wall_us =
        WALL_0 + __atomic_load_n(&board->shift, __ATOMIC_SEQ_CST) + moment;
    return board->moment[moment].wall_us;
}

/* Has the clock stand at a moment's window's very end or just behind it. */
static void clock_jump(const struct limits *limits)
{
    uint32_t count = __atomic_load_n(&board->moments, __ATOMIC_SEQ_CST);
    uint64_t now = __atomic_load_n(&board->clock, __ATOMIC_SEQ_CST), to;

    if (count == 0 || limits->items[0].kind != LIMIT_RATE)
        return;
    to = board->moment[chance(count)].instant +
         (uint64_t)limits->items[0].seconds * LEDGER_SECOND_NS - 1 + chance(2);
    while (to > now && !__atomic_compare_exchange_n(&board->clock, &now, to, false,
                                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
}

/* Sets the wall clock: by hours, or days, this way or that. */
static void wall_step(void)
{
    int64_t hours = (int64_t)chance(25) - 12;

    if (chance(3) == 0)
        hours *= 48;
    __atomic_store_n(&board->shift, hours * 3600000000 / (1 << SHIFT_BITS) * (1 << SHIFT_BITS),
                     __ATOMIC_SEQ_CST);
}

/* ---- the database ---- */

static enum result on_drained(void *arg, int64_t *seq, struct reason *why)
{
    (void)arg;
    (void)why;
    *seq = board->up_to;
    return RESULT_OK;
}

static enum result on_rescue(void *arg, const struct call_row *calls, size_t count,
                             struct reason *why)
{
    (void)arg;
    (void)why;
    for (size_t i = 0; i < count; i++)
        board->rows[calls[i].seq] = calls[i];
    board->up_to = calls[count - 1].seq;
    return RESULT_OK;
}

static void database_know(struct ledger_known *known, const struct ledger_need *need)
{
    memset(known, 0, sizeof(*known));
    known->up_to = __atomic_load_n(&board->up_to, __ATOMIC_SEQ_CST);
    for (int64_t i = 1; i <= known->up_to; i++) {
        int64_t day = call_day(board->rows[i].started_us);

        if (day == need->day)
            known->day_charged += board->rows[i].charged;
        if (day >= need->month.first && day <= need->month.last)
            known->month_charged += board->rows[i].charged;
    }
}

/* Under the drain's lock; whoever dies in it leaves rows that are written once more. */
static enum result drain_all(struct ledger *ledger)
{
    int64_t from, last;
    enum result result = ledger_bury(ledger, 0, NULL);

    if (result == RESULT_OK)
        result = ledger_pending(ledger, &from, &last, NULL);
    if (result != RESULT_OK)
        return result;
    for (int64_t seq = board->up_to + 1; seq <= last; seq++) {
        if (seq > ROWS)
            exit(8);
        step();
        board->rows[seq] = *ledger_call(ledger, seq);
    }
    step();
    __atomic_store_n(&board->up_to, last, __ATOMIC_SEQ_CST);
    step();
    return ledger_drained(ledger, last, NULL);
}

static enum result drain(struct ledger *ledger)
{
    enum result result = ledger_drain_lock(ledger, NULL);

    if (result != RESULT_OK)
        return result;
    result = drain_all(ledger);
    ledger_drain_unlock(ledger);
    return result;
}

/* ---- calls ---- */

static struct ledger_account account_now(const struct plan *plan)
{
    uint64_t epoch = __atomic_load_n(&board->epoch, __ATOMIC_SEQ_CST);

    return (struct ledger_account){key, &plan->limits[epoch % 2], false, epoch};
}

/*
 * As long as it takes, which is until the alarm if something is wrong: tells what the
 * database has, makes room, waits for the lock.
 */
static enum result admit_one(struct ledger *ledger, const struct plan *plan, int64_t charge,
                             struct ledger_verdict *verdict)
{
    struct call_row call = {.route = "predict"};
    enum result result = RESULT_BUSY;

    memcpy(call.key, key, sizeof(key));
    while (result != RESULT_OK && result != RESULT_DENIED) {
        struct ledger_account account = account_now(plan);
        struct ledger_known known;
        struct ledger_need need;

        result = ledger_admit(ledger, &account, &call, charge, verdict, &need, NULL);
        if (result == RESULT_MISSING) {
            database_know(&known, &need);
            ledger_know(ledger, &account, &need, &known, NULL);
        } else if (result == RESULT_FULL && drain(ledger) != RESULT_OK) {
            usleep(50); /* another drains */
        }
    }
    return result;
}

/* Takes back a call, as journal_take_back() does, if it is not in the database yet. */
static void amend_one(struct ledger *ledger, int64_t seq, struct moment *at)
{
    if (ledger_drain_lock(ledger, NULL) != RESULT_OK)
        return;
    at->amending = true;
    if (seq > board->up_to && ledger_amend(ledger, seq, 503, NULL) == RESULT_OK)
        at->status = 503;
    ledger_drain_unlock(ledger);
}

static void settle_one(struct ledger *ledger, struct moment *at)
{
    struct ledger_end end = {.duration_us = 1, .rows = 1, .status = at->status};
    enum result result = RESULT_BUSY;
    int64_t seq = 0;

    while (result != RESULT_OK)
        result = ledger_settle(ledger, &end, &seq, NULL);
    at->settled = true;
    if (chance(8) == 0)
        amend_one(ledger, seq, at);
}

static void call_make(struct ledger *ledger, const struct plan *plan)
{
    static const int statuses[] = {200, 200, 200, 404, 500};
    int64_t charge = chance(4) == 0 ? 1 + (int64_t)chance(4) : 1;
    struct ledger_account account = account_now(plan);
    struct ledger_verdict verdict;
    enum result result;
    struct moment *at;

    charging = charge; /* the log does not tell it of a call whose process dies */
    result = admit_one(ledger, plan, charge, &verdict);
    at = &board->moment[moment];
    at->asked = charge;
    at->exceeded = verdict.exceeded;
    at->refused = result == RESULT_DENIED;
    if (result != RESULT_OK)
        return;
    at->status = statuses[chance(5)];
    at->admitted = true;
    if (chance(4) == 0) {
        int64_t more = 1 + (int64_t)chance(5);

        at->asking = charge + more;
        if (ledger_charge(ledger, &account, more, &verdict, NULL) == RESULT_OK)
            at->asked = at->asking;
    }
    for (uint64_t i = chance(3); i > 0; i--)
        sched_yield();
    settle_one(ledger, at);
}

static void member(const struct plan *plan, int number, int calls)
{
    const struct ledger_clock clock = {test_instant, test_wall};
    const struct ledger_database database = {on_drained, on_rescue, NULL};
    const struct ledger_size size = {1, JOURNAL, LEDGER_WAYS};
    struct ledger *ledger = NULL;
    struct reason why = {{0}};

    alarm(BLOCKED_S);
    chance_begin(plan->seed * 64 + (uint64_t)number);
    stride = plan->stride;
    steps = 0;
    die_at = plan->dies && number > 0 && number < CREW && chance(2) == 0
                 ? 1 + chance((uint64_t)plan->calls * 24)
                 : 0;
    if (ledger_open(path, &size, &database, &ledger, &why) != RESULT_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(5);
    }
    ledger_set_clock(ledger, &clock);
    for (int i = 0; i < calls; i++) {
        if (chance(8) == 0)
            drain(ledger);
        if (chance(8) == 0)
            clock_jump(&plan->limits[0]);
        if (chance(32) == 0)
            wall_step();
        if (plan->changes && chance(16) == 0)
            __atomic_add_fetch(&board->epoch, 1, __ATOMIC_SEQ_CST);
        call_make(ledger, plan);
    }
    ledger_close(ledger);
    _exit(0);
}

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

/* ---- runs ---- */

static void limits_draw(struct limits *a, struct limits *b)
{
    int64_t seconds = 0, rates = (int64_t)chance(4), kinds = (int64_t)chance(4);

    memset(a, 0, sizeof(*a));
    if (rates == 0 && kinds == 0)
        rates = 1;
    for (int64_t i = 0; i < rates; i++) {
        seconds += 1 + (int64_t)chance(10);
        a->items[a->count++] = (struct limit){LIMIT_RATE, 1 + (int64_t)chance(40), seconds};
    }
    if (kinds & 1)
        a->items[a->count++] = (struct limit){LIMIT_DAY, 1 + (int64_t)chance(80), 0};
    if (kinds & 2)
        a->items[a->count++] = (struct limit){LIMIT_MONTH, 1 + (int64_t)chance(160), 0};
    *b = *a;
    for (size_t i = 0; i < b->count; i++)
        b->items[i].count = 1 + (int64_t)chance(40);
}

static void plan_draw(struct plan *plan, uint64_t seed, int crew)
{
    chance_begin(seed);
    plan->seed = seed;
    plan->crew = crew > 0 ? crew : 2 + (int)chance(CREW - 1);
    plan->calls = 10 + (int)chance(50);
    plan->stride = chance(4) == 0 ? 1 : UINT64_C(1) << chance(32);
    limits_draw(&plan->limits[0], &plan->limits[1]);
}

static pid_t member_start(const struct plan *plan, int number)
{
    pid_t pid = fork();

    if (pid == 0)
        member(plan, number, number < CREW ? plan->calls : plan->calls / 4);
    assert_true(pid > 0);
    return pid;
}

/* Kills some of them whenever it happens to be. */
static void crew_kill(const struct plan *plan, const pid_t *pids)
{
    for (int i = 1; i < plan->crew; i++) {
        usleep((useconds_t)chance(300));
        if (chance(2) == 0)
            kill(pids[i], SIGKILL);
    }
}

/* Ends those who are left: they would be in the way of the next run. */
static void crew_end(const pid_t *pids)
{
    for (int i = 0; i < 2 * CREW; i++)
        if (pids[i] > 0)
            kill(pids[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
}

/* Who was killed has one come after it, who may sit down in its place. */
static void crew_wait(const struct plan *plan, pid_t *pids, struct tally *tally)
{
    int status;
    pid_t pid;

    while ((pid = wait(&status)) > 0) {
        int i = 0;

        while (pids[i] != pid)
            i++;
        pids[i] = 0;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && i < CREW) {
            tally->deaths++;
            pids[CREW + i] = member_start(plan, CREW + i);
        } else if (status != 0) {
            crew_end(pids);
            fail_msg("seed %llu: a process ended with status %#x%s",
                     (unsigned long long)plan->seed, (unsigned)status,
                     WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ": blocked" : "");
        }
    }
}

static void crew_run(const struct plan *plan, struct tally *tally)
{
    pid_t pids[2 * CREW] = {0};

    for (int i = 0; i < plan->crew; i++)
        pids[i] = member_start(plan, i);
    if (plan->killed)
        crew_kill(plan, pids);
    crew_wait(plan, pids, tally);
}

static void run(const struct plan *plan, struct tally *tally)
{
    const struct ledger_clock clock = {test_instant, test_wall};
    const struct ledger_database database = {on_drained, on_rescue, NULL};
    const struct ledger_size size = {1, JOURNAL, LEDGER_WAYS};
    struct ledger *ledger = NULL;
    struct reason why = {{0}};

    unlink(path);
    memset(board, 0, offsetof(struct board, rows));
    if (ledger_open(path, &size, &database, &ledger, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    board->clock = ledger->header->now;
    board->epoch = 2;
    crew_run(plan, tally);
    stride = 1;
    ledger_set_clock(ledger, &clock);
    check_all(ledger, plan, tally);
    stride = 0;
    ledger_close(ledger);
    tally->runs++;
}

/* Runs of one kind, until its time is over. */
static void part(int crew, bool changes, bool dies, bool killed)
{
    uint64_t until = clock_boot_ns() + part_s * UINT64_C(1000000000);
    struct tally tally = {0};

    for (uint64_t i = first_seed; clock_boot_ns() < until; i++) {
        struct plan plan;

        plan_draw(&plan, i, crew);
        plan.changes = changes;
        plan.dies = dies;
        plan.killed = killed;
        run(&plan, &tally);
    }
    print_message("%llu runs: %llu calls, %llu refused, %llu processes killed, %llu calls "
                  "of theirs settled by others\n",
                  (unsigned long long)tally.runs, (unsigned long long)tally.calls,
                  (unsigned long long)tally.refusals, (unsigned long long)tally.deaths,
                  (unsigned long long)tally.buried);
    assert_true(tally.refusals > 0);
    if (dies || killed)
        assert_true(tally.deaths > 0 && tally.buried > 0);
}

static void one_process_is_refused_only_where_a_limit_is_reached(void **state)
{
    (void)state;
    part(1, false, false, false);
}

static void many_never_make_one_too_many(void **state)
{
    (void)state;
    part(0, false, false, false);
}

static void limits_that_change_never_let_more_through_than_the_wider(void **state)
{
    (void)state;
    part(0, true, false, false);
}

static void processes_that_die_at_any_step_change_nothing(void **state)
{
    (void)state;
    part(0, false, true, false);
}

static void processes_killed_from_outside_change_nothing(void **state)
{
    (void)state;
    part(0, false, false, true);
}

/* One who is killed with a call in hand, and nobody comes before the file is made anew. */
static void a_ledger_of_another_size_takes_the_calls_of_the_dead_along(void **state)
{
    const struct ledger_database database = {on_drained, on_rescue, NULL};
    const struct ledger_size size = {1, JOURNAL, LEDGER_WAYS}, other = {1, 2 * JOURNAL, 8};
    const struct ledger_account account = {key, &(struct limits){0}, false, 1};
    struct call_row call = {.route = "predict"};
    struct ledger *ledger = NULL;
    struct ledger_verdict verdict;
    struct ledger_need need;
    pid_t pid;

    (void)state;
    unlink(path);
    board->up_to = 0;
    memcpy(call.key, key, sizeof(key));
    pid = fork();
    if (pid == 0) {
        if (ledger_open(path, &size, &database, &ledger, NULL) == RESULT_OK &&
            ledger_admit(ledger, &account, &call, 1, &verdict, &need, NULL) == RESULT_OK)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(ledger_open(path, &other, &database, &ledger, NULL), RESULT_OK);
    assert_int_equal(board->up_to, 1);
    assert_int_equal(board->rows[1].status, 500);
    assert_int_equal(board->rows[1].charged, 0);
    assert_string_equal(board->rows[1].key, key);
    assert_int_equal(ledger->header->layout.journal, 2 * JOURNAL);
    ledger_close(ledger);
}

/* Clocks of a process that is put aside for ten milliseconds before each look at one. */
static uint64_t slow_instant(void)
{
    return board->clock += 10000000;
}

static int64_t slow_wall(void)
{
    return WALL_0 + (int64_t)(slow_instant() / 1000);
}

/* The window of a ledger that was lost is filled from the log, by wall times. */
static void what_the_log_says_is_taken_for_no_older_than_it_is(void **state)
{
    const struct ledger_clock clock = {slow_instant, slow_wall};
    const struct ledger_database database = {on_drained, on_rescue, NULL};
    const struct ledger_size size = {1, JOURNAL, LEDGER_WAYS};
    const struct limits limits = {1, {{LIMIT_RATE, 1, 1}}};
    const struct ledger_account account = {key, &limits, false, 1};
    const struct call_row call = {.key = "processes000", .route = "predict"};
    struct ledger_known known = {.up_to = 0};
    struct ledger *ledger = NULL;
    struct ledger_verdict verdict;
    struct ledger_need need;
    enum result result = RESULT_DENIED;
    int64_t start;
    uint64_t first;

    (void)state;
    unlink(path);
    board->up_to = 0;
    assert_int_equal(ledger_open(path, &size, &database, &ledger, NULL), RESULT_OK);
    ledger_set_clock(ledger, &clock);
    board->clock = ledger->header->now;
    first = board->clock; /* a call at this instant, of which only the log knows */
    start = WALL_0 + (int64_t)(first / 1000);
    while (result != RESULT_OK) {
        result = ledger_admit(ledger, &account, &call, 1, &verdict, &need, NULL);
        if (result != RESULT_MISSING)
            continue;
        known.starts = &start;
        known.start_count = 1;
        assert_int_equal(ledger_know(ledger, &account, &need, &known, NULL), RESULT_OK);
    }
    assert_true(ledger->seats[ledger->seat].since - first > LEDGER_SECOND_NS);
    ledger_close(ledger);
}

static int setup(void **state)
{
    (void)state;
    board =
        mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(path, sizeof(path), "%s/forestgate-ledger.%d",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    return board == MAP_FAILED;
}

static int teardown(void **state)
{
    (void)state;
    munmap(board, sizeof(*board));
    unlink(path);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_of_another_size_takes_the_calls_of_the_dead_along),
        cmocka_unit_test(what_the_log_says_is_taken_for_no_older_than_it_is),
        cmocka_unit_test(one_process_is_refused_only_where_a_limit_is_reached),
        cmocka_unit_test(many_never_make_one_too_many),
        cmocka_unit_test(limits_that_change_never_let_more_through_than_the_wider),
        cmocka_unit_test(processes_that_die_at_any_step_change_nothing),
        cmocka_unit_test(processes_killed_from_outside_change_nothing),
    };

    if (argc > 1)
        part_s = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, setup, teardown);
}
