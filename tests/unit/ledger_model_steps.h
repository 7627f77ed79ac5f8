/*
 * ledger_model_steps.h: what the processes of the model do, step by step, and in the gaps.
 *
 * What is outside the lock is done in steps of its own: to read the database and to tell the
 * ledger are two, to drain is five.  A verb that takes the lock more than once, or locks
 * bytes, has gaps, in which up to two things happen where a cast says so.
 */
#ifndef TESTS_LEDGER_MODEL_STEPS_H
#define TESTS_LEDGER_MODEL_STEPS_H

#include "ledger_model.h"

/* ---- what processes do ---- */

static const char key[] = "thekey000000";

static struct ledger_account account_of(const struct part *part, struct limits *limits)
{
    *limits = help_limits(part->limits != NULL ? part->limits : "7/60s,90/day,99/month");
    return (struct ledger_account){key, limits, false, part->epoch > 0 ? part->epoch : 2};
}

static int64_t status_of(const struct part *part)
{
    return part->status > 0 ? part->status : 200;
}

static enum at step_admit(int number, struct process *process)
{
    struct limits limits;
    struct ledger_account account = account_of(&parts[number], &limits);
    struct ledger_verdict verdict;
    char request_id[16];
    struct call_row call;
    struct reason why = {{0}};
    enum result result;

    snprintf(request_id, sizeof(request_id), "r%d", number);
    call = help_call(key, request_id);
    result = ledger_admit(ledgers[number], &account, &call, 1, &verdict, &process->need, &why);
    if (result == RESULT_MISSING)
        return AT_READ;
    if (result != RESULT_OK)
        fail_msg("process %d is refused: %s", number, why.text);
    process->admitted = true;
    return parts[number].more > 0 ? AT_CHARGE : AT_SETTLE;
}

static enum at step_read(struct process *process)
{
    help_known(key, &process->need, &process->known, process->starts);
    process->known.starts = NULL; /* it is elsewhere in each state */
    return AT_KNOW;
}

static enum at step_know(int number, struct process *process)
{
    struct limits limits;
    struct ledger_account account = account_of(&parts[number], &limits);
    struct ledger_known known = process->known;
    struct reason why = {{0}};
    enum result result;

    known.starts = process->starts;
    result = ledger_know(ledgers[number], &account, &process->need, &known, &why);
    if (result != RESULT_OK && result != RESULT_MISSING)
        fail_msg("process %d knows, and: %s", number, why.text);
    memset(&process->need, 0, sizeof(process->need));
    memset(&process->known, 0, sizeof(process->known));
    memset(process->starts, 0, sizeof(process->starts));
    return parts[number].begin == AT_READ ? AT_END : AT_ADMIT;
}

static enum at step_charge(int number)
{
    struct limits limits;
    struct ledger_account account = account_of(&parts[number], &limits);
    struct ledger_verdict verdict;
    struct reason why = {{0}};

    if (ledger_charge(ledgers[number], &account, parts[number].more, &verdict, &why) !=
        RESULT_OK)
        fail_msg("process %d cannot charge: %s", number, why.text);
    return AT_SETTLE;
}

static enum at step_settle(int number, struct process *process)
{
    const struct ledger_end end = {.rows = 1, .status = status_of(&parts[number])};
    struct reason why = {{0}};

    if (ledger_settle(ledgers[number], &end, &process->seq, &why) != RESULT_OK)
        fail_msg("process %d cannot settle: %s", number, why.text);
    process->settled = true;
    return parts[number].takes_back ? AT_BACK_LOCK : AT_END;
}

static void commit(const struct ledger *ledger, int64_t last)
{
    for (int64_t seq = help_drained_number() + 1; seq <= last; seq++) {
        if (ledger_call(ledger, seq)->seq != seq)
            fail_msg("where call %lld should be is %lld", (long long)seq,
                     (long long)ledger_call(ledger, seq)->seq);
        help_take(ledger_call(ledger, seq));
    }
    help_commit();
    assert_true(help->count <= ROWS);
}

static enum at step_drain(int number, struct process *process)
{
    struct ledger *ledger = ledgers[number];
    enum result result = RESULT_OK;
    int64_t from;

    if (process->at == AT_DRAIN_LOCK)
        result = ledger_drain_lock(ledger, NULL);
    else if (process->at == AT_DRAIN_PENDING)
        result = ledger_pending(ledger, &from, &process->last, NULL);
    else if (process->at == AT_DRAIN_COMMIT)
        commit(ledger, process->last);
    else if (process->at == AT_DRAIN_TELL)
        result = ledger_drained(ledger, process->last, NULL);
    else
        ledger_drain_unlock(ledger);
    assert_int_equal(result, RESULT_OK);
    if (process->at != AT_DRAIN_UNLOCK)
        return process->at + 1;
    process->last = 0;
    return ++process->rounds < parts[number].rounds ? AT_DRAIN_LOCK : AT_END;
}

/* To take a call back needs what the database says, which a dead one may not have told. */
static enum at step_back(int number, struct process *process)
{
    struct ledger *ledger = ledgers[number];
    enum result result = RESULT_OK;

    if (process->at == AT_BACK_LOCK)
        result = ledger_drain_lock(ledger, NULL);
    else if (process->at == AT_BACK_TELL)
        result = parts[number].unasked ? RESULT_OK
                                       : ledger_drained(ledger, help_drained_number(), NULL);
    else if (process->at == AT_BACK_AMEND)
        result = ledger_amend(ledger, process->seq, 503, NULL);
    else
        ledger_drain_unlock(ledger);
    if (process->at == AT_BACK_AMEND) {
        process->amended = result == RESULT_OK;
        if (process->amended != (process->seq > help_drained_number()) &&
            !parts[number].unasked)
            fail_msg("call %lld is taken back: %d, and the database has %lld",
                     (long long)process->seq, process->amended,
                     (long long)help_drained_number());
    } else {
        assert_int_equal(result, RESULT_OK);
    }
    return process->at == AT_BACK_UNLOCK ? AT_END : process->at + 1;
}

static enum at step_bury(int number, struct process *process)
{
    assert_int_equal(ledger_bury(ledgers[number], 0, NULL), RESULT_OK);
    return ++process->rounds < parts[number].rounds ? AT_BURY : AT_END;
}

/* Whether it has a next step, and is not waiting for another that drains. */
static bool can_go(int number)
{
    const struct process *process = &model.processes[number];

    if (process->dead || process->at == AT_END)
        return false;
    return (process->at != AT_DRAIN_LOCK && process->at != AT_BACK_LOCK) ||
           !ledger_drain_is_locked(ledgers[number]);
}

static void go(int number)
{
    struct process *process = &model.processes[number];
    enum at next = AT_END;

    if (process->at == AT_ADMIT)
        next = step_admit(number, process);
    else if (process->at == AT_READ)
        next = step_read(process);
    else if (process->at == AT_KNOW)
        next = step_know(number, process);
    else if (process->at == AT_CHARGE)
        next = step_charge(number);
    else if (process->at == AT_SETTLE)
        next = step_settle(number, process);
    else if (process->at >= AT_DRAIN_LOCK && process->at <= AT_DRAIN_UNLOCK)
        next = step_drain(number, process);
    else if (process->at >= AT_BACK_LOCK && process->at <= AT_BACK_UNLOCK)
        next = step_back(number, process);
    else if (process->at == AT_BURY)
        next = step_bury(number, process);
    process->at = next;
    process->seat = ledgers[number]->seat;
    process->in_hand = ledgers[number]->in_hand;
}

/* ---- what happens in the gaps of a step ---- */

enum {
    NOTHING = -1,
    EVENTS = 2 * PROCESSES /* each goes on, or dies */
};

static struct {
    int until;     /* how many gaps more until the one */
    int events[2]; /* that happen in it */
    bool is_void;  /* one of them could not happen */
} gap;

static bool event_happens(int event)
{
    int number = event / 2;

    if (event % 2 == 0) {
        if (!can_go(number))
            return false;
        go(number);
        return true;
    }
    if (model.processes[number].dead || model.processes[number].at == AT_END ||
        model.deaths == deaths_max)
        return false;
    die(number);
    return true;
}

/* Before whatever is not under the lock. */
static void gap_here(void)
{
    if (gap.until == 0 || (model.taken && !model.holder_died) || --gap.until > 0)
        return;
    for (int i = 0; i < 2; i++)
        if (gap.events[i] != NOTHING && !event_happens(gap.events[i]))
            gap.is_void = true;
}

/* Its next step, with up to two events in its gap; false: it has not so many. */
static bool go_with_gap(int number, int which, int first, int second)
{
    gap.until = which;
    gap.events[0] = first;
    gap.events[1] = second;
    gap.is_void = false;
    go(number);
    if (gap.until == 0)
        return true;
    gap.until = 0;
    return false;
}

/* Its next step, up to the k-th place to die in it; false: it is dead.  k of 0: never. */
static bool go_until(int number, int k)
{
    steps_left = k;
    if (setjmp(death) != 0) {
        steps_left = 0;
        die(number);
        return false;
    }
    go(number);
    steps_left = 0;
    return true;
}

#endif
