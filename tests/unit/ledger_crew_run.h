/*
 * ledger_crew_run.h: runs of many processes: drawn, begun, killed, waited for, checked.
 */
#ifndef TESTS_LEDGER_CREW_RUN_H
#define TESTS_LEDGER_CREW_RUN_H

#include "ledger_crew_log.h"

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

/* Whether there was something to see. */
static bool tally_shows(const struct tally *tally, bool deaths)
{
    return tally->refusals > 0 && (!deaths || (tally->deaths > 0 && tally->buried > 0));
}

/* Runs of one kind, until its time is over, and on a slow machine until they show something. */
static void part(int crew, bool changes, bool dies, bool killed)
{
    uint64_t until = clock_boot_ns() + part_s * LEDGER_SECOND_NS,
             last = until + (uint64_t)PATIENCE_S * LEDGER_SECOND_NS;
    struct tally tally = {0};

    for (uint64_t i = first_seed;
         clock_boot_ns() < (tally_shows(&tally, dies || killed) ? until : last); i++) {
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
    assert_true(tally_shows(&tally, dies || killed));
}

#endif
