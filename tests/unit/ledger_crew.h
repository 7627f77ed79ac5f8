/*
 * ledger_crew.h: one process of many at a ledger: its calls, its clocks, its death.
 *
 * A run has its own ledger and its own time.  Instants come from a clock in shared memory
 * that moves on at each look, so that no two are alike; the wall clock stands somewhere
 * else by hours and days whenever a process likes.  The low bits of a wall time are the
 * number of that look at it (a moment), and each row of the log has the wall time of its
 * admission: so the log alone tells the instant of every call, also of those whose process
 * was killed before it could tell anybody.
 */
#ifndef TESTS_LEDGER_CREW_H
#define TESTS_LEDGER_CREW_H

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
    PATIENCE_S = 60, /* and for so many more if nothing was seen in them */
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

#endif
