/*
 * test_ledger_life.c: whole lives of a small ledger, drawn at random, against a list of all
 * calls.
 *
 * Several processes, more keys than there is room for, limits that change, deaths, drains,
 * days that end, and now and then a new start of the machine.  Each admission and each
 * refusal is held against the list, each limit for itself; after each step all that must
 * hold of a ledger is checked.  Every life is made from one number, which a failure tells.
 */
#include "ledger_check.h"
#include "ledger_help.h"

#include <fcntl.h>

enum {
    KEYS = 70,
    CREW = 3,
    STEPS = 700,
#ifdef __SANITIZE_ADDRESS__
    LIVES = 40, /* each takes some ten times as long */
#else
    LIVES = 150,
#endif
    KEPT = STEPS + 1,
    QUICK_NS = 20000000, /* most calls take less than that */
};

/* Longer than any window, and than a dead one's call waits for who settles it. */
#define LONG_NS (300 * HELP_SECOND)

struct call_made {
    unsigned key;
    uint64_t instant;
};

static struct {
    uint64_t seed, state;
    bool jumps; /* somebody sets the wall clock */
    uint64_t epoch;
    struct {
        const char *limits;
        uint64_t unsure_until; /* windows may remember less exactly what they lost */
    } keys[KEYS];
    struct call_made made[KEPT];
    size_t count;
    struct {
        struct ledger *ledger;
        unsigned key; /* of the call in hand */
        uint64_t since;
    } crew[CREW];
} life;

static struct {
    uint64_t admitted, refused, full, deaths, remade;
} tally;

static char path[64];
static struct ledger_verdict verdict;
static struct reason why;

static const struct ledger_size size = {.bytes = 65536, .journal = 32, .addresses = 8};

static const char *const some_limits[] = {"3/2s",
                                          "2/1s,6/10s,30/day,90/month",
                                          "5/10s,20/day",
                                          "4/day",
                                          "9/3s,12/60s",
                                          "1500/60s",
                                          "1/1s,2/2s,3/4s,4/8s,7/month",
                                          "",
                                          "2/10s"};

static uint64_t draw(uint64_t bound)
{
    uint64_t z = life.state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % bound;
}

static const char *draw_limits(void)
{
    return some_limits[draw(sizeof(some_limits) / sizeof(some_limits[0]))];
}

static void key_name(char out[KEY_ID_LEN + 1], unsigned key)
{
    snprintf(out, KEY_ID_LEN + 1, "k%011u", key);
}

static void crew_open(int i)
{
    if (ledger_open(path, &size, &help_database, &life.crew[i].ledger, &why) != RESULT_OK)
        fail_msg("seed %llu: %s", (unsigned long long)life.seed, why.text);
    ledger_set_clock(life.crew[i].ledger, &help_clock);
}

/* ---- what the list says ---- */

static uint64_t calls_within(unsigned key, uint64_t span)
{
    uint64_t count = 0;

    for (size_t i = life.count; i-- > 0;)
        count += life.made[i].key == key && help->instant - life.made[i].instant <= span;
    return count;
}

/*
 * Whether a limit must refuse (1), must not (0), or may (-1): a window that was filled from
 * the log takes calls for younger by a microsecond, and by as much as others took longer.
 */
static int must_refuse(const struct ledger *ledger, unsigned key, const struct limit *limit,
                       int64_t charge)
{
    uint64_t span = (uint64_t)limit->seconds * HELP_SECOND;
    int64_t day = call_day(help->wall_us), charged;
    struct clock_month month = clock_month_of(day);
    char name[KEY_ID_LEN + 1];

    key_name(name, key);
    if (limit->kind == LIMIT_RATE) {
        if (calls_within(key, span) >= (uint64_t)limit->count)
            return 1;
        if (life.jumps || help->instant < life.keys[key].unsure_until)
            return -1;
        return calls_within(key, span + QUICK_NS + 3000) < (uint64_t)limit->count ? 0 : -1;
    }
    charged = limit->kind == LIMIT_DAY ? check_charged(ledger, name, day, day)
                                       : check_charged(ledger, name, month.first, month.last);
    return charged + charge > limit->count;
}

static void check_verdict(const struct limits *limits, const int *must, enum result result)
{
    for (size_t i = 0; i < limits->count; i++)
        if (must[i] >= 0 && must[i] != (int)(verdict.exceeded >> i & 1))
            fail_msg("seed %llu, call %zu: limit %zu %s", (unsigned long long)life.seed,
                     life.count, i, must[i] ? "has let one too many through" : "has refused");
    assert_int_equal(result == RESULT_DENIED, verdict.exceeded != 0);
}

/* ---- what happens ---- */

static void sound(void)
{
    const char *wrong = check_all(life.crew[0].ledger);

    if (wrong != NULL)
        fail_msg("seed %llu, call %zu: %s", (unsigned long long)life.seed, life.count, wrong);
}

static void settle(int i, int64_t status)
{
    const struct ledger_end end = {.rows = 1, .status = status};
    int64_t seq;

    if (help->instant - life.crew[i].since > QUICK_NS)
        life.keys[life.crew[i].key].unsure_until = help->instant + LONG_NS;
    if (ledger_settle(life.crew[i].ledger, &end, &seq, &why) != RESULT_OK)
        fail_msg("seed %llu: %s", (unsigned long long)life.seed, why.text);
}

static void drain(int i)
{
    if (help_drain(life.crew[i].ledger, &why) != RESULT_OK)
        fail_msg("seed %llu: %s", (unsigned long long)life.seed, why.text);
}

static void bury(int i)
{
    if (ledger_bury(life.crew[i].ledger, 0, &why) != RESULT_OK)
        fail_msg("seed %llu: %s", (unsigned long long)life.seed, why.text);
}

static void admit(int i)
{
    unsigned key = (unsigned)(draw(3) == 0 ? draw(KEYS) : draw(4));
    struct limits limits = help_limits(life.keys[key].limits);
    struct ledger *ledger = life.crew[i].ledger;
    char name[KEY_ID_LEN + 1], request_id[32];
    struct ledger_account account = {name, &limits, false, life.epoch};
    int64_t charge = 1 + (int64_t)draw(2);
    struct call_row call;
    enum result result;
    int must[LIMITS_MAX];

    key_name(name, key);
    snprintf(request_id, sizeof(request_id), "call-%zu", life.count);
    call = help_call(name, request_id);
    if (ledger->seat == LEDGER_NONE)
        bury(i); /* or it would settle the call of one whose seat it takes */
    for (size_t k = 0; k < limits.count; k++)
        must[k] = must_refuse(ledger, key, &limits.items[k], charge);
    result = help_admit(ledger, &account, &call, charge, &verdict, &why);
    if (result == RESULT_FULL) {
        tally.full++;
        drain(i);
        return;
    }
    if (result != RESULT_OK && result != RESULT_DENIED)
        fail_msg("seed %llu: %s", (unsigned long long)life.seed, why.text);
    check_verdict(&limits, must, result);
    tally.refused += result == RESULT_DENIED;
    if (result == RESULT_DENIED)
        return;
    tally.admitted++;
    life.crew[i].key = key;
    life.crew[i].since = help->instant;
    life.made[life.count++] = (struct call_made){key, help->instant};
}

/* The call in hand goes on: it ends, or is charged, or its process dies. */
static void go_on(int i)
{
    static const int64_t statuses[] = {200, 200, 200, 200, 422, 503};
    struct limits limits = help_limits(life.keys[life.crew[i].key].limits);
    char name[KEY_ID_LEN + 1];
    struct ledger_account account = {name, &limits, false, life.epoch};
    enum result result;

    key_name(name, life.crew[i].key);
    if (draw(40) == 0) {
        tally.deaths++;
        life.keys[life.crew[i].key].unsure_until = help->instant + LONG_NS;
        ledger_close(life.crew[i].ledger);
        crew_open(i);
        if (draw(2) == 0)
            bury(i);
    } else if (draw(5) == 0) {
        result =
            ledger_charge(life.crew[i].ledger, &account, 1 + (int64_t)draw(3), &verdict, &why);
        if (result != RESULT_OK && result != RESULT_DENIED && result != RESULT_BUSY)
            fail_msg("seed %llu: %s", (unsigned long long)life.seed, why.text);
    } else {
        settle(i, statuses[draw(6)]);
    }
}

static void pass(void)
{
    static const uint64_t whiles[] = {0,         1,          1000000,    300000000,
                                      999999999, 1000000000, 3000000000, 20000000000};

    bool in_hand = false;

    for (int i = 0; i < CREW; i++)
        in_hand |= life.crew[i].ledger->in_hand;
    help_pass(whiles[draw(in_hand && draw(30) > 0 ? 3 : 8)]);
    if (!in_hand && draw(40) == 0)
        help_pass(draw(40) * 3600 * HELP_SECOND);
    if (life.jumps && draw(15) == 0)
        help->wall_us += ((int64_t)draw(5) - 2) * HELP_DAY_US;
}

/* Somebody gives a key other limits; where the clock is set, only other counts. */
static void change(void)
{
    unsigned key = (unsigned)draw(KEYS);

    if (life.jumps)
        return;
    life.epoch += 2;
    life.keys[key].limits = draw_limits();
    life.keys[key].unsure_until = help->instant + LONG_NS;
}

/* All end, and the machine is started anew: the file is of an earlier start then. */
static void restart(void)
{
    int fd;

    for (int i = 0; i < CREW; i++) {
        if (life.crew[i].ledger->in_hand)
            life.keys[life.crew[i].key].unsure_until = help->instant + LONG_NS;
        ledger_close(life.crew[i].ledger);
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "another", 8, offsetof(struct ledger_header, boot)), 8);
    close(fd);
    for (int i = 0; i < CREW; i++)
        crew_open(i);
    tally.remade++;
}

static void step(void)
{
    int i = (int)draw(CREW);
    uint64_t what = draw(100);

    pass();
    if (what < 6)
        drain(i);
    else if (what < 9)
        change();
    else if (what < 11)
        bury(i);
    else if (what < 12 && !life.jumps && draw(4) == 0)
        restart();
    else if (life.crew[i].ledger->in_hand)
        go_on(i);
    else if (life.count < KEPT)
        admit(i);
    sound();
}

static void live(uint64_t seed, bool jumps)
{
    memset(&life, 0, sizeof(life));
    life.seed = life.state = seed;
    life.jumps = jumps;
    life.epoch = 2;
    help_make();
    unlink(path);
    for (unsigned key = 0; key < KEYS; key++)
        life.keys[key].limits = draw_limits();
    for (int i = 0; i < CREW; i++)
        crew_open(i);
    if (draw(2) == 0) /* the ledger is older than any window, or not */
        help_pass(1000 * HELP_SECOND);
    for (int i = 0; i < STEPS; i++)
        step();
    for (int i = 0; i < CREW; i++)
        ledger_close(life.crew[i].ledger);
}

static void tell(void)
{
    print_message("# %llu calls, %llu refused, %llu without room, %llu deaths, %llu restarts\n",
                  (unsigned long long)tally.admitted, (unsigned long long)tally.refused,
                  (unsigned long long)tally.full, (unsigned long long)tally.deaths,
                  (unsigned long long)tally.remade);
    assert_true(tally.admitted > 0 && tally.refused > 0 && tally.deaths > 0);
    memset(&tally, 0, sizeof(tally));
}

static void every_call_of_many_keys_is_admitted_or_refused_as_the_list_has_it(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        live(seed, false);
    tell();
}

static void while_the_wall_clock_is_set_never_is_one_too_many_admitted(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        live(seed, true);
    tell();
}

static int setup(void **state)
{
    (void)state;
    help_path(path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_many_keys_is_admitted_or_refused_as_the_list_has_it),
        cmocka_unit_test(while_the_wall_clock_is_set_never_is_one_too_many_admitted),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
