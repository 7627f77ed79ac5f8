/*
 * ledger_model_explore.h: all that can happen to the model, and what must hold in it.
 *
 * A state is all of the ledger's memory that is in use, the database, the locks, and where
 * each process is; from each state everything that can happen next is tried, once for each
 * state.
 */
#ifndef TESTS_LEDGER_MODEL_EXPLORE_H
#define TESTS_LEDGER_MODEL_EXPLORE_H

#include "ledger_model_steps.h"

/* ---- states ---- */

struct region {
    void *at;
    size_t len;
};

static struct region regions[10];
static size_t region_count, state_len;

static void region_add(void *at, size_t len)
{
    regions[region_count++] = (struct region){at, len};
    state_len += len;
}

static void regions_make(const struct ledger *ledger)
{
    region_count = state_len = 0;
    region_add(&model, sizeof(model));
    region_add(ledger->header, sizeof(*ledger->header));
    region_add(ledger->seats, KEPT_SEATS * sizeof(*ledger->seats));
    region_add(ledger->heads, ledger->header->layout.heads * sizeof(*ledger->heads));
    region_add(ledger->slots, KEPT_SLOTS * sizeof(*ledger->slots));
    region_add(ledger->journal, ledger->header->layout.journal * sizeof(*ledger->journal));
    region_add(ledger->taken, 8);
    region_add(ledger->rings, KEPT_RINGS * sizeof(*ledger->rings));
    region_add(help, offsetof(struct help, calls) + ROWS * sizeof(help->calls[0]));
}

/* What has no meaning any more makes no other state. */
static void state_tidy(void)
{
    struct ledger_undo *undo = &ledgers[0]->header->undo;

    if (!undo->valid)
        memset(undo, 0, sizeof(*undo));
    for (size_t i = help->count; i < ROWS; i++)
        memset(&help->calls[i], 0, sizeof(help->calls[i]));
    help->begun = help->count;
}

static void state_save(char *to)
{
    for (size_t i = 0; i < region_count; i++) {
        memcpy(to, regions[i].at, regions[i].len);
        to += regions[i].len;
    }
}

static void state_restore(const char *from)
{
    for (size_t i = 0; i < region_count; i++) {
        memcpy(regions[i].at, from, regions[i].len);
        from += regions[i].len;
    }
    for (int i = 0; i < part_count; i++) {
        ledgers[i]->seat = model.processes[i].seat;
        ledgers[i]->in_hand = model.processes[i].in_hand;
    }
}

/* Two hashes of it: so many states that two are alike by chance do not occur. */
struct name {
    uint64_t a, b;
};

static struct name state_name(const char *state)
{
    uint64_t lanes[4] = {1, 2, 3, 4}, words[4];

    for (size_t i = 0; i < state_len; i += sizeof(words)) { /* zeros are behind it */
        memcpy(words, state + i, sizeof(words));
        for (int k = 0; k < 4; k++) {
            lanes[k] = (lanes[k] ^ words[k]) * UINT64_C(0xc6a4a7935bd1e995);
            lanes[k] ^= lanes[k] >> 47;
        }
    }
    for (int k = 0; k < 3; k++)
        lanes[k + 1] += (lanes[k] ^ lanes[k] >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (struct name){(lanes[0] ^ lanes[2] >> 7) | 1,
                         lanes[3] ^ lanes[1] << 9}; /* none is 0 */
}

/* The states that have been seen, and how many ways lead on from each to an end. */
struct seen {
    struct name name;
    double ways;
};

static struct seen *seen;
static size_t seen_count;

static struct seen *seen_find(struct name name)
{
    size_t at = name.b & (STATES_MAX - 1);

    while (seen[at].name.a != 0 && (seen[at].name.a != name.a || seen[at].name.b != name.b))
        at = (at + 1) & (STATES_MAX - 1);
    return &seen[at];
}

/* ---- what must hold ---- */

static int64_t calls_of_key(const struct ledger *ledger)
{
    int64_t calls = (int64_t)help->count + ledger->header->last - help_drained_number();

    for (uint32_t i = 0; i < KEPT_SEATS; i++)
        calls += ledger->seats[i].state == LEDGER_SEAT_OPEN;
    return calls;
}

/* In each state but those in which the next one has to put right what a dead one left. */
static void check_state(void)
{
    const struct ledger *ledger = ledgers[0];
    const char *wrong = check_all(ledger);
    uint32_t at = ledger_slot_find(ledger, key);

    if (wrong != NULL)
        fail_msg("%s", wrong);
    assert_true(ledger->header->slots_high <= KEPT_SLOTS);
    assert_true(ledger->header->seats_high <= KEPT_SEATS);
    for (int i = 0; at != LEDGER_NONE && i < part_count; i++)
        if (model.processes[i].admitted && ledger->slots[at].epoch < parts[i].epoch &&
            help_limits(parts[i].limits).count > 0) /* those without may have no slot */
            fail_msg("limits of epoch %llu came back over those of process %d",
                     (unsigned long long)ledger->slots[at].epoch, i);
    for (uint32_t i = 0; at != LEDGER_NONE && i < ledger->slots[at].windows; i++) {
        int64_t count =
            (int64_t)window_count(&ledger->slots[at].window[i], ledger->header->now);

        assert_true(ledger->slots[at].rings[i] * LEDGER_UNIT_CELLS + 16 <= KEPT_RINGS);
        if (count != calls_of_key(ledger))
            fail_msg("window %u has %lld of %lld calls", i, (long long)count,
                     (long long)calls_of_key(ledger));
    }
}

static const struct call_row *row_of(int number)
{
    const struct call_row *row = NULL;
    char request_id[16];

    snprintf(request_id, sizeof(request_id), "r%d", number);
    for (size_t i = 0; i < help->count; i++)
        if (strcmp(help->calls[i].request_id, request_id) == 0) {
            if (row != NULL)
                fail_msg("the call of process %d is there twice", number);
            row = &help->calls[i];
        }
    return row;
}

/* Another comes, settles what the dead have left and drains: then all is in the database. */
static void check_end(void)
{
    struct ledger *ledger = ledgers[PROCESSES];
    struct reason why = {{0}};

    ledger->seat = LEDGER_NONE;
    if (ledger_bury(ledger, 0, &why) != RESULT_OK || help_drain(ledger, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    check_state();
    assert_int_equal(ledger->header->open, 0);
    for (int i = 0; i < part_count; i++) {
        const struct process *process = &model.processes[i];
        const struct call_row *row = row_of(i);
        int64_t status = status_of(&parts[i]);

        if (row == NULL && process->admitted)
            fail_msg("the call of process %d is lost", i);
        if (row == NULL)
            continue;
        if (!process->settled && row->status != 500 && row->status != status)
            fail_msg("process %d died, and its status is %lld", i, (long long)row->status);
        if (process->settled && !process->amended && row->status != status &&
            !(parts[i].takes_back && process->dead && row->status == 503))
            fail_msg("process %d settled, and its status is %lld", i, (long long)row->status);
        if (process->amended && row->status != 503 && !parts[i].unasked)
            fail_msg("process %d took back, and its status is %lld", i, (long long)row->status);
        if (row->charged != (row->status < 400 ? 1 + parts[i].more : 0))
            fail_msg("process %d is charged %lld with status %lld", i, (long long)row->charged,
                     (long long)row->status);
    }
}

/* ---- all that can happen ---- */

static struct {
    size_t steps, ends, deaths_in_steps, gaps;
} tally;

static double explore(int depth);

/* After one thing has happened: what it leads to. */
static double lead_on(int depth)
{
    state_tidy();
    tally.steps++;
    return explore(depth + 1);
}

/* One process goes on while one or two things happen in each of the gaps of its step. */
static double explore_gaps(int number, const char *state, int depth)
{
    double ways = 0;

    for (int which = 1;; which++)
        for (int first = 0; first < 2 * part_count; first++)
            for (int second = NOTHING; second < 2 * part_count; second++) {
                if (first / 2 == number || (second != NOTHING && second / 2 == number))
                    continue;
                state_restore(state);
                if (!go_with_gap(number, which, first, second))
                    return ways;
                if (gap.is_void)
                    continue;
                tally.gaps++;
                ways += lead_on(depth);
            }
}

/* One process goes on, or dies where it is, or at any place in its next step. */
static double explore_process(int number, const char *state, int depth)
{
    double ways = 0;

    state_restore(state);
    if (model.processes[number].dead || model.processes[number].at == AT_END)
        return 0;
    if (model.deaths < deaths_max) {
        die(number);
        ways += lead_on(depth);
        state_restore(state);
    }
    if (!can_go(number))
        return ways;
    go_until(number, 0);
    ways += lead_on(depth);
    state_restore(state);
    for (int k = 1; model.deaths < deaths_max && !go_until(number, k); k++) {
        tally.deaths_in_steps++;
        ways += lead_on(depth);
        state_restore(state);
    }
    return gaps ? ways + explore_gaps(number, state, depth) : ways;
}

static double explore(int depth)
{
    static char states[64][65536];
    double ways = 0;
    bool any = false;
    struct seen *entry;
    struct name name;

    assert_true(depth < 64 && state_len + sizeof(uint64_t[4]) <= sizeof(states[0]));
    state_save(states[depth]);
    name = state_name(states[depth]);
    entry = seen_find(name);
    if (entry->name.a != 0)
        return entry->ways;
    if (++seen_count > STATES_MAX / 4 * 3)
        fail_msg("too many states");
    entry->name = name;
    if (!model.holder_died)
        check_state();
    for (int i = 0; i < part_count; i++)
        any |= can_go(i);
    if (!any) {
        tally.ends++;
        check_end();
        ways = 1;
    }
    for (int i = 0; any && i < part_count; i++)
        ways += explore_process(i, states[depth], depth);
    seen_find(name)->ways = ways;
    return ways;
}

#endif
