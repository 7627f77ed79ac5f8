/*
 * test_ledger_crash.c: the ledger under kill -9 at every step.
 *
 * The ledger's own sources are taken in with LEDGER_STEP() at each place where a death
 * makes a difference.  For each thing that a process does, a child does it on a real file
 * and is killed at its first step, its second, and so on until it gets through; each time
 * another process takes over and everything must be right.  Then the same with whoever
 * takes over killed at each of its steps, and a third that has to put it right.
 */
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_step(void);
#define LEDGER_STEP() test_step()

/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "gate/ledger_file.c"
#include "gate/ledger_open.c"
#include "gate/ledger.c"
#include "gate/ledger_address.c"
#include "gate/ledger_slots.c"
/* NOLINTEND(bugprone-suspicious-include) */

enum {
    ROWS_MAX = 256,
    NEVER = 1 << 30
};

/* After any real time since a start of the machine, which a new ledger is made at. */
#define START_NS UINT64_C(1000000000000000000)
#define START_US INT64_C(1700000000000000)

/* What all processes share: the steps until the kill, the clock, the database. */
struct world {
    int steps_left;
    uint64_t instant;
    int64_t drained;
    size_t rows;
    struct call_row database[ROWS_MAX];
};

static struct world *world;
static char path[64], start_path[80];
static pid_t tester;

/* Two rates and two quotas; the other has one rate more, for which rings are taken anew. */
static struct limits limits, other_limits;

/* In a child no test can fail: it says so and ends. */
static void give_up(const char *what, const struct reason *why)
{
    print_error("%s: %s\n", what, why->text);
    if (getpid() != tester)
        _exit(2);
    fail();
}

static void test_step(void)
{
    if (world != NULL && world->steps_left > 0 && --world->steps_left == 0)
        kill(getpid(), SIGKILL);
}

static uint64_t instant(void)
{
    return world->instant;
}

static int64_t wall_us(void)
{
    return START_US + (int64_t)((world->instant - START_NS) / 1000);
}

/* ---- the database ---- */

static enum result on_drained(void *arg, int64_t *seq, struct reason *why)
{
    (void)arg;
    (void)why;
    *seq = world->drained;
    return RESULT_OK;
}

static enum result on_rescue(void *arg, const struct call_row *calls, size_t count,
                             struct reason *why)
{
    (void)arg;
    (void)why;
    for (size_t i = 0; i < count; i++)
        world->database[world->rows++] = calls[i];
    world->drained = calls[count - 1].seq;
    return RESULT_OK;
}

static struct ledger *open_ledger(void)
{
    static const struct ledger_size size = {1 << 16, 16, LEDGER_WAYS};
    static const struct ledger_database database = {on_drained, on_rescue, NULL};
    static const struct ledger_clock clock = {instant, wall_us};
    struct ledger *ledger = NULL;
    struct reason why;

    if (ledger_open(path, &size, &database, &ledger, &why) != RESULT_OK)
        give_up(__func__, &why);
    ledger_set_clock(ledger, &clock);
    return ledger;
}

/* ---- what processes do ---- */

static struct ledger_account account_of(const char *key, bool other)
{
    return (struct ledger_account){key, other ? &other_limits : &limits, false, other ? 4 : 2};
}

static void know_key(struct ledger *ledger, const struct ledger_account *account,
                     const struct ledger_need *need)
{
    struct ledger_known known = {.up_to = world->drained};
    int64_t starts[ROWS_MAX];
    struct reason why;

    for (size_t i = world->rows; i-- > 0;) {
        const struct call_row *row = &world->database[i];
        int64_t day = call_day(row->started_us);

        if (strcmp(row->account, account->key) != 0)
            continue;
        known.day_charged += day == need->day ? row->charged : 0;
        known.month_charged +=
            day >= need->month.first && day <= need->month.last ? row->charged : 0;
        starts[known.start_count++] = row->started_us;
    }
    known.starts = starts;
    if (ledger_know(ledger, account, need, &known, &why) != RESULT_OK)
        give_up(__func__, &why);
}

static void admit_call(struct ledger *ledger, const char *key, bool other)
{
    struct ledger_account account = account_of(key, other);
    struct ledger_verdict verdict;
    struct ledger_need need;
    struct call_row call = {.seq = 0};
    enum result result = RESULT_MISSING;
    struct reason why = {"unknown again and again"};

    text_copy(call.key, sizeof(call.key), key);
    for (int i = 0; result == RESULT_MISSING && i < 3; i++) {
        result = ledger_admit(ledger, &account, &call, 1, &verdict, &need, &why);
        if (result == RESULT_MISSING)
            know_key(ledger, &account, &need);
    }
    if (result != RESULT_OK)
        give_up(key, &why);
}

static void settle_call(struct ledger *ledger, int64_t status)
{
    struct ledger_end end = {
        .duration_us = 7, .version = 1, .rows = 1, .status = status, .model = "iris"};
    struct reason why;
    int64_t seq;

    if (ledger_settle(ledger, &end, &seq, &why) != RESULT_OK)
        give_up(__func__, &why);
}

static void drain_all(struct ledger *ledger)
{
    int64_t from, last = 0;
    struct reason why;

    if (ledger_drain_lock(ledger, &why) != RESULT_OK ||
        ledger_pending(ledger, &from, &last, &why) != RESULT_OK)
        give_up(__func__, &why);
    test_step();
    if (last > world->drained) { /* a transaction: it has happened or it has not */
        for (int64_t seq = world->drained + 1; seq <= last; seq++)
            world->database[world->rows++] = *ledger_call(ledger, seq);
        world->drained = last;
    }
    test_step();
    if (ledger_drained(ledger, world->drained, &why) != RESULT_OK)
        give_up(__func__, &why);
    ledger_drain_unlock(ledger);
}

static void call_whole(struct ledger *ledger, const char *key, int64_t status)
{
    admit_call(ledger, key, false);
    settle_call(ledger, status);
}

/* Keys without calls in their windows in all slots but the first, so that one has to go. */
static void fill(struct ledger *ledger)
{
    char key[KEY_ID_LEN + 1];

    for (int i = 0; i < (int)ledger->header->layout.slots - 1; i++) {
        text_print(key, sizeof(key), "filler%06d", i);
        call_whole(ledger, key, 200);
        drain_all(ledger);
    }
    world->rows = 0; /* of no interest, and much */
    world->instant += 3601 * UINT64_C(1000000000);
    call_whole(ledger, "known0000000", 200);
}

/* ---- what must be right ---- */

static int units_taken(const struct ledger *ledger)
{
    int taken = 0;

    for (uint32_t unit = 0; unit < ledger->header->layout.units; unit++)
        taken += unit_is_taken(ledger, unit);
    return taken;
}

static void check_index(struct ledger *ledger)
{
    const struct ledger_header *header = ledger->header;
    uint32_t used = 0, chained = 0, spare = 0;
    int units = 0;

    for (uint32_t i = 0; i < header->slots_high; i++) {
        struct ledger_slot *slot = &ledger->slots[i];

        if (slot->state != LEDGER_SLOT_USED)
            continue;
        used++;
        assert_int_equal(ledger_slot_find(ledger, slot->key), i);
        for (uint32_t k = 0; k < slot->windows; k++) {
            units += (int)units_of(&slot->window[k]);
            for (uint32_t unit = 0; unit < units_of(&slot->window[k]); unit++)
                assert_true(unit_is_taken(ledger, slot->rings[k] + unit));
        }
    }
    for (uint32_t i = 0; i < header->layout.heads; i++)
        for (uint32_t at = ledger->heads[i]; at != LEDGER_NONE; at = ledger->slots[at].next)
            chained++;
    for (uint32_t at = header->free_slot; at != LEDGER_NONE; at = ledger->slots[at].next) {
        assert_int_equal(ledger->slots[at].state, LEDGER_SLOT_FREE);
        spare++;
    }
    assert_int_equal(chained, used);
    assert_int_equal(used + spare, header->slots_high);
    assert_int_equal(units_taken(ledger), units); /* so no two rings share one */
}

struct tally {
    int64_t calls, charged;
};

/* What a key has had: in the database, in the journal behind it, in hand. */
static struct tally tally_of(const struct ledger *ledger, const char *key)
{
    struct tally tally = {0, 0};

    for (size_t i = 0; i < world->rows; i++)
        if (strcmp(world->database[i].account, key) == 0) {
            tally.calls++;
            tally.charged += world->database[i].charged;
        }
    for (int64_t seq = world->drained + 1; seq <= ledger->header->last; seq++)
        if (strcmp(ledger_call(ledger, seq)->account, key) == 0) {
            tally.calls++;
            tally.charged += ledger_call(ledger, seq)->charged;
        }
    for (uint32_t i = 0; i < LEDGER_SEATS; i++)
        if (ledger->seats[i].state == LEDGER_SEAT_OPEN &&
            strcmp(ledger->seats[i].call.account, key) == 0) {
            tally.calls++;
            tally.charged += ledger->seats[i].charged;
        }
    return tally;
}

static void check_slots(struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->header->slots_high; i++) {
        struct ledger_slot *slot = &ledger->slots[i];
        struct tally tally;

        if (slot->state != LEDGER_SLOT_USED || strncmp(slot->key, "filler", 6) == 0)
            continue;
        tally = tally_of(ledger, slot->key);
        for (uint32_t k = 0; k < slot->windows; k++)
            assert_int_equal(window_count(&slot->window[k], ledger->header->now), tally.calls);
        if (!is_of_now(slot, call_day(wall_us())))
            continue; /* it will be asked for */
        assert_int_equal(slot->day_charged, tally.charged);
        assert_int_equal(slot->month_charged, tally.charged);
    }
}

static void check_journal(const struct ledger *ledger)
{
    const struct ledger_header *header = ledger->header;

    assert_true(header->drained <= world->drained);
    assert_true(world->drained <= header->last);
    for (int64_t seq = header->drained + 1; seq <= header->last; seq++) {
        const struct ledger_record *record = ledger_record_at(ledger, seq);

        assert_int_equal(record->call.seq, seq);
        assert_int_equal(record->check, ledger_record_check(&record->call));
    }
}

static void check_all(struct ledger *ledger)
{
    uint32_t open = 0;

    for (uint32_t i = 0; i < LEDGER_SEATS; i++)
        open += ledger->seats[i].state == LEDGER_SEAT_OPEN;
    assert_int_equal(ledger->header->open, open);
    assert_int_equal(ledger->header->undo.valid, 0);
    assert_int_equal(ledger->header->rebuild, 0);
    check_index(ledger);
    check_slots(ledger);
    check_journal(ledger);
}

/* Takes over from the dead: nothing blocks, and all is right before and after. */
static void take_over(bool check)
{
    struct ledger *ledger = open_ledger();
    struct reason why;

    if (ledger_lock(ledger, &why) != RESULT_OK)
        give_up(__func__, &why);
    if (check)
        check_all(ledger);
    ledger_unlock(ledger);
    if (ledger_bury(ledger, 0, &why) != RESULT_OK)
        give_up(__func__, &why);
    if (check) {
        assert_int_equal(ledger->header->open, 0);
        check_all(ledger);
        call_whole(ledger, "known0000000", 200); /* and it goes on */
        call_whole(ledger, "after0000000", 422);
        drain_all(ledger);
        check_all(ledger);
    }
    ledger_close(ledger);
}

/* ---- the runs ---- */

struct scenario {
    const char *name;
    void (*before)(struct ledger *ledger); /* by one who lives, whose file is kept */
    void (*begin)(struct ledger *ledger);  /* by the one who is killed, before it counts */
    void (*act)(struct ledger *ledger);    /* NULL: opening it is all */
    bool long_one;                         /* whose parts are others: not killed twice */
};

static void copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat st;

    assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
    for (off_t left = st.st_size; left > 0;) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)left);

        assert_true(sent > 0);
        left -= sent;
    }
    close(in);
    close(out);
}

/* A child that does it and is killed at step k; true if it got through before. */
static bool killed_run(const struct scenario *scenario, int k)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct ledger *ledger;

        if (scenario->act == NULL)
            world->steps_left = k;
        ledger = open_ledger();
        if (scenario->act != NULL) {
            if (scenario->begin != NULL)
                scenario->begin(ledger);
            world->steps_left = k;
            scenario->act(ledger);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    world->steps_left = 0;
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return true;
    }
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return false;
}

/* One who takes over and is killed at its step j; true if it got through. */
static bool killed_taker(int j)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        world->steps_left = j;
        take_over(false);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    world->steps_left = 0;
    return WIFEXITED(status);
}

static void prepare(const struct scenario *scenario, struct world *kept)
{
    memset(world, 0, sizeof(*world));
    world->instant = START_NS;
    unlink(path);
    if (scenario->act != NULL || scenario->before != NULL) {
        struct ledger *ledger = open_ledger();

        if (scenario->before != NULL)
            scenario->before(ledger);
        ledger_close(ledger);
        copy_file(path, start_path);
    }
    *kept = *world;
}

static void restore(const struct scenario *scenario, const struct world *kept)
{
    *world = *kept;
    unlink(path);
    if (scenario->act != NULL || scenario->before != NULL)
        copy_file(start_path, path);
}

static void run(const struct scenario *scenario, bool twice)
{
    struct world kept;
    int k = 1, takers = 0;

    prepare(scenario, &kept);
    for (bool through = false; !through; k++) {
        bool taken = !twice;

        restore(scenario, &kept);
        through = killed_run(scenario, k);
        take_over(true);
        for (int j = 1; !taken && !through; j++, takers++) {
            restore(scenario, &kept);
            killed_run(scenario, k);
            taken = killed_taker(j);
            take_over(true);
        }
    }
    print_message("# %s: killed at %d steps, %d times again\n", scenario->name, k - 2, takers);
    assert_true(k > 3); /* else nothing was tried */
}

/* ---- the scenarios ---- */

static void before_known(struct ledger *ledger)
{
    call_whole(ledger, "known0000000", 200);
    call_whole(ledger, "known0000000", 422);
    drain_all(ledger);
    call_whole(ledger, "known0000000", 200);
}

static void admit_known(struct ledger *ledger)
{
    admit_call(ledger, "known0000000", false);
}

static void admit_fresh(struct ledger *ledger)
{
    admit_call(ledger, "fresh0000000", false);
}

static void admit_other(struct ledger *ledger)
{
    admit_call(ledger, "known0000000", true);
}

static void charge_known(struct ledger *ledger)
{
    struct ledger_account account = account_of("known0000000", false);
    struct ledger_verdict verdict;

    assert_int_equal(ledger_charge(ledger, &account, 3, &verdict, NULL), RESULT_OK);
}

static void settle_good(struct ledger *ledger)
{
    settle_call(ledger, 200);
}

static void settle_bad(struct ledger *ledger)
{
    settle_call(ledger, 422);
}

static void amend_last(struct ledger *ledger)
{
    if (ledger_drain_lock(ledger, NULL) == RESULT_OK)
        ledger_amend(ledger, ledger->header->last, 503, NULL);
}

static void ask_address(struct ledger *ledger)
{
    static const struct rate rate = {3, 60};
    struct addr address = {{0x20, 1, 0xd, 0xb8}};
    struct ledger_verdict verdict;

    for (int i = 0; i < 2 * LEDGER_WAYS; i++, address.bytes[7]++)
        assert_int_equal(
            ledger_address(ledger, LEDGER_WATCH_ALL, &address, &rate, &verdict, NULL),
            RESULT_OK);
}

/* A process that died with a call in hand, for another to settle. */
static void before_dead(struct ledger *ledger)
{
    pid_t child;

    before_known(ledger);
    child = fork();
    if (child == 0) {
        ledger = open_ledger();
        admit_known(ledger);
        charge_known(ledger);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void bury_dead(struct ledger *ledger)
{
    assert_int_equal(ledger_bury(ledger, 0, NULL), RESULT_OK);
}

/* As an earlier start of the machine would have left it. */
static void before_boot(struct ledger *ledger)
{
    before_known(ledger);
    text_copy(ledger->header->boot, sizeof(ledger->header->boot), "another");
}

static const struct scenario scenarios[] = {
    {"a ledger is made", NULL, NULL, NULL, false},
    {"one of an earlier start is made anew", before_boot, NULL, NULL, false},
    {"a call of a key that is known", before_known, NULL, admit_known, false},
    {"a call of a key that is not", before_known, NULL, admit_fresh, false},
    {"a call for which another key has to go", fill, NULL, admit_fresh, false},
    {"a call under limits that changed", before_known, NULL, admit_other, false},
    {"the same where other keys have to go", fill, NULL, admit_other, true},
    {"a further charge", before_known, admit_known, charge_known, false},
    {"the end of a call", before_known, admit_known, settle_good, false},
    {"the end of a call that is given back", before_known, admit_known, settle_bad, false},
    {"the call of one who died", before_dead, NULL, bury_dead, false},
    {"a call that is taken back", before_known, NULL, amend_last, false},
    {"addresses", before_known, NULL, ask_address, false},
    {"a drain", before_known, NULL, drain_all, false},
};

static void killed_at_every_step_everything_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        run(&scenarios[i], false);
}

static void killed_again_in_putting_it_right_everything_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (!scenarios[i].long_one)
            run(&scenarios[i], true);
}

static int setup(void **state)
{
    char directory[] = "/tmp/forestgate-test.XXXXXX";

    (void)state;
    world =
        mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (world == MAP_FAILED || mkdtemp(directory) == NULL)
        return -1;
    text_print(path, sizeof(path), "%s/ledger", directory);
    text_print(start_path, sizeof(start_path), "%s/start", directory);
    return limits_parse("20/60s,30/1h,1000/day,5000/month", &limits, NULL) == RESULT_OK &&
                   limits_parse("15/60s,900/1h,40/2h,1000/day", &other_limits, NULL) ==
                       RESULT_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(start_path);
    *strrchr(path, '/') = '\0';
    return rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_step_everything_is_right),
        cmocka_unit_test(killed_again_in_putting_it_right_everything_is_right),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
