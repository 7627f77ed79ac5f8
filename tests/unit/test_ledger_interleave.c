/*
 * test_ledger_interleave.c: all orders in which processes can do what they do, with deaths
 * between and within their steps.
 *
 * The ledger's own sources are taken in; only the kernel's part is played here: the mutex
 * that tells of its holder's death, and the locks on bytes that end with their process.
 * What is outside the lock is done in steps of its own: to read the database and to tell the
 * ledger are two, to drain is five.  A verb that takes the lock more than once, or locks
 * bytes, has gaps, in which up to two things happen where a cast says so.  A state is all of
 * the ledger's memory that is in use, the database, the locks, and where each process is; from
 * each state everything that can happen next is tried, once for each state.  Time stands still,
 * so that all calls are in the windows and every count is known.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flock;
static void model_step(void);
static int model_take(const pthread_mutex_t *mutex);
static int model_release(const pthread_mutex_t *mutex);
static int model_fcntl(int fd, int command, struct flock *lock);

/* NOLINTBEGIN(bugprone-suspicious-include,bugprone-reserved-identifier) */
#define LEDGER_STEP()                              \
    do {                                           \
        atomic_signal_fence(memory_order_seq_cst); \
        model_step();                              \
    } while (0)
#define pthread_mutex_trylock(mutex)                 model_take(mutex)
#define pthread_mutex_clocklock(mutex, clock, until) ((void)(until), model_take(mutex))
#define pthread_mutex_unlock(mutex)                  model_release(mutex)
#define pthread_mutex_consistent(mutex)              0
#define fcntl                                        model_fcntl
#include "gate/ledger_file.c"
#include "gate/ledger.c"
#include "gate/ledger_slots.c"
#undef fcntl
/* NOLINTEND(bugprone-suspicious-include,bugprone-reserved-identifier) */

#include "ledger_check.h"

enum {
    PROCESSES = 5,
    LOCKS = 16,
    STARTS = 16,
    ROWS = 4, /* in the database, at most */
    KEPT_SEATS = PROCESSES + 1,
    KEPT_SLOTS = 4,
    KEPT_RINGS = 16 * LEDGER_UNIT_CELLS,
    STATES_MAX = 1 << 22,
};

/* Where a process is in what it does. */
enum at {
    AT_ADMIT,
    AT_READ,
    AT_KNOW,
    AT_CHARGE,
    AT_SETTLE,
    AT_DRAIN_LOCK,
    AT_DRAIN_PENDING,
    AT_DRAIN_COMMIT,
    AT_DRAIN_TELL,
    AT_DRAIN_UNLOCK,
    AT_BACK_LOCK, /* taking back */
    AT_BACK_TELL,
    AT_BACK_AMEND,
    AT_BACK_UNLOCK,
    AT_BURY,
    AT_END
};

/* What a process is there for. */
struct part {
    const char *limits; /* NULL: those that most have, */
    uint64_t epoch;     /* 0: under the epoch of most */
    enum at begin;
    int64_t more, status; /* of its call: what is charged on top; how it ends, if not well */
    bool takes_back, unasked; /* and the database does not answer */
    int rounds;               /* of draining and burying */
};

struct process {
    enum at at;
    bool dead;
    bool admitted, settled, amended; /* it has been told so */
    int rounds;
    uint32_t seat;
    bool in_hand;
    int64_t seq, last;
    struct ledger_need need;
    struct ledger_known known;
    int64_t starts[STARTS];
};

/* All but the ledger and the database. */
struct model {
    struct process processes[PROCESSES];
    struct {
        int fd;
        off_t byte;
    } locks[LOCKS];
    int lock_count;
    bool taken, holder_died;
    int deaths;
};

static struct model model;
static struct ledger *ledgers[PROCESSES + 1]; /* the last is of who looks at the end */
static const struct part *parts;
static int part_count, deaths_max;
static bool gaps;
static char path[64];
static jmp_buf death;
static int steps_left;

/* ---- the kernel's part ---- */

static void gap_here(void);

static void model_step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        longjmp(death, 1);
}

static int model_take(const pthread_mutex_t *mutex)
{
    (void)mutex;
    gap_here();
    if (model.taken && !model.holder_died)
        fail_msg("somebody waits for the lock for ever");
    model.taken = true;
    if (!model.holder_died)
        return 0;
    model.holder_died = false;
    return EOWNERDEAD;
}

static int model_release(const pthread_mutex_t *mutex)
{
    (void)mutex;
    model.taken = false;
    return 0;
}

static int lock_find(off_t byte)
{
    for (int i = 0; i < model.lock_count; i++)
        if (model.locks[i].byte == byte)
            return i;
    return -1;
}

static void lock_remove(int i)
{
    model.locks[i] = model.locks[--model.lock_count];
    memset(&model.locks[model.lock_count], 0, sizeof(model.locks[0]));
}

/* Reading locks are not told apart: nobody makes the file anew here. */
static int model_fcntl(int fd, int command, struct flock *lock)
{
    bool others;
    int i;

    gap_here();
    i = lock_find(lock->l_start);
    others = i >= 0 && model.locks[i].fd != fd;
    if (command == F_OFD_GETLK) {
        lock->l_type = others ? F_WRLCK : F_UNLCK;
        return 0;
    }
    if (lock->l_type == F_UNLCK && i >= 0 && !others)
        lock_remove(i);
    if (lock->l_type != F_WRLCK)
        return 0;
    if (others) {
        errno = EAGAIN;
        return -1;
    }
    if (i < 0) {
        assert_true(model.lock_count < LOCKS);
        model.locks[model.lock_count].fd = fd;
        model.locks[model.lock_count++].byte = lock->l_start;
    }
    return 0;
}

/* Its locks end with it; if it held the mutex, the next one is told. */
static void die(int number)
{
    for (int i = model.lock_count; i-- > 0;)
        if (model.locks[i].fd == ledgers[number]->fd)
            lock_remove(i);
    model.holder_died = model.taken;
    model.processes[number].dead = true;
    model.deaths++;
}

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
