/*
 * test_account.c: two keys of a user and the user's token share one window and one quota, to
 * the call, from several processes: in one ledger, and when it was made anew in the midst of
 * it, and whoever is killed with a call in hand.
 *
 * It is the whole way of a call that counts: the meter, the ledger and the database, in a
 * home of its own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "fixture.h"
#include "gate/journal.h"
#include "gate/ledger_file.h"
#include "gate/meter.h"
#include "store/calls.h"
#include "store/users.h"

enum {
    WAYS = 3,   /* to call as the user: a key, another, a token */
    CREW = 6,   /* processes, two for each way */
    TRIES = 20, /* of each */
    LIMIT = 60, /* of CREW * TRIES */
};

static const char ann[] = "annannannann";
static const char *const keys[WAYS] = {"keykeykeyAAA", "keykeykeyBBB", ann};
static const char other[] = "keykeykeyZZZ"; /* nobody's, with calls of its own */

/* What the processes tell. */
struct board {
    int admitted, refused, wrong;
};

static struct home home;
static struct board *board;
static struct reason why;

static void done(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

static void key_put(const char *id, const char *owner)
{
    struct key_row row = {.models = "*", .tier = "standard", .scopes = KEY_SCOPE_PREDICT};

    text_copy(row.id, sizeof(row.id), id);
    text_copy(row.owner.id, sizeof(row.owner.id), owner);
    done(key_row_insert(home.db, &row, &why));
}

static int setup(void **state)
{
    struct user_row user = {.active = true, .models = "*", .tier = "standard"};

    (void)state;
    board =
        mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(board != MAP_FAILED);
    fixture_open(&home);
    text_copy(user.id, sizeof(user.id), ann);
    text_copy(user.username, sizeof(user.username), "ann@example.org");
    done(user_row_insert(home.db, &user, "!", &why));
    key_put(keys[0], ann);
    key_put(keys[1], ann);
    key_put(other, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    munmap(board, sizeof(*board));
    return 0;
}

/* ---- calls ---- */

static struct limits limits;

static struct caller caller_of(const char *key)
{
    bool owned = strcmp(key, other) != 0;
    struct caller caller = {.way = key == ann ? CALLER_TOKEN : CALLER_KEY, .limits = &limits};

    text_copy(caller.account, sizeof(caller.account), owned ? ann : key);
    caller.epoch = epoch_read(home.epoch);
    return caller;
}

static struct call_row call_of(const char *key)
{
    struct call_row call = {.route = "predict"};

    text_copy(call.key, sizeof(call.key), key);
    if (strcmp(key, other) != 0)
        text_copy(call.user, sizeof(call.user), ann);
    return call;
}

/* As long as somebody else is at it, it is asked again. */
static enum result admit(struct meter *meter, const char *key)
{
    struct caller caller = caller_of(key);
    struct call_row call = call_of(key);
    enum result result = RESULT_BUSY;
    struct ledger_verdict verdict;

    while (result == RESULT_BUSY)
        result = meter_admit(meter, &caller, &call, 1, &verdict, &why);
    return result;
}

static void settle(struct meter *meter)
{
    const struct ledger_end end = {.duration_us = 5, .rows = 1, .status = 200};

    done(meter_settle(meter, &end, &why));
    meter_tend(meter);
}

/* ---- processes ---- */

/* One of the crew; the fatal one is killed with its call of this number in hand. */
static void member(const char *key, int fatal)
{
    struct meter *meter = NULL;
    struct home own = home;

    if (home_open(&own, DB_WORKER, &why) != RESULT_OK ||
        meter_open(&own, &meter, &why) != RESULT_OK)
        _exit(1);
    for (int i = 0; i < TRIES; i++) {
        enum result result = admit(meter, key);

        if (result == RESULT_OK)
            __atomic_add_fetch(&board->admitted, 1, __ATOMIC_SEQ_CST);
        else if (result == RESULT_DENIED)
            __atomic_add_fetch(&board->refused, 1, __ATOMIC_SEQ_CST);
        else
            __atomic_add_fetch(&board->wrong, 1, __ATOMIC_SEQ_CST);
        if (result == RESULT_OK && i == fatal)
            raise(SIGKILL);
        if (result == RESULT_OK)
            settle(meter);
        usleep(500);
    }
    meter_close(meter);
    home_close(&own);
    _exit(0);
}

/* All at once; with kills, one of each way is killed early. */
static void crew_run(bool kills)
{
    pid_t pids[CREW];

    memset(board, 0, sizeof(*board));
    for (int i = 0; i < CREW; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            member(keys[i % WAYS], kills && i < WAYS ? i + 1 : -1);
    }
    for (int i = 0; i < CREW; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(kills && i < WAYS ? WIFSIGNALED(status) : status == 0);
    }
    assert_int_equal(board->wrong, 0);
}

/* ---- what there is ---- */

static int64_t rows_of(const char *sql)
{
    char command[256];
    FILE *out;
    long long number = -1;

    text_print(command, sizeof(command), "sqlite3 forestgate.db \"SELECT %s\"", sql);
    out = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_int_equal(fscanf(out, "%lld", &number), 1);
    pclose(out);
    return number;
}

/* Every way is refused now, and the key without owner is not. */
static void assert_spent(struct meter *meter)
{
    for (int i = 0; i < WAYS; i++)
        assert_int_equal(admit(meter, keys[i]), RESULT_DENIED);
    assert_int_equal(admit(meter, other), RESULT_OK);
    settle(meter);
}

/* As a new start of the machine finds it: made anew, with the windows from the log. */
static void ledger_age(void)
{
    FILE *file = fopen(HOME_LEDGER, "r+");

    assert_int_equal(fseek(file, offsetof(struct ledger_header, boot), SEEK_SET), 0);
    assert_int_equal(fwrite("another", 1, 7, file), 7);
    assert_int_equal(fclose(file), 0);
}

static void assert_spent_here_and_anew(void)
{
    struct meter *meter;

    done(meter_open(&home, &meter, &why));
    assert_spent(meter);
    meter_close(meter);
    ledger_age();
    done(meter_open(&home, &meter, &why));
    assert_spent(meter);
    meter_close(meter);
    assert_int_equal(unlink(HOME_LEDGER), 0);
    done(meter_open(&home, &meter, &why));
    assert_spent(meter);
    limits.items[0].count++; /* and one is one, whoever has it */
    assert_int_equal(admit(meter, keys[1]), RESULT_OK);
    settle(meter);
    assert_spent(meter);
    meter_close(meter);
}

static void one_window_and_one_quota(const char *text)
{
    done(limits_parse(text, &limits, &why));
    crew_run(false);
    assert_int_equal(board->admitted, LIMIT);
    assert_int_equal(board->refused, CREW * TRIES - LIMIT);
    assert_spent_here_and_anew();
    assert_int_equal(rows_of("count(*) FROM call WHERE user = 'annannannann'"), LIMIT + 1);
    assert_true(rows_of("count(DISTINCT key) FROM call WHERE user IS NOT NULL") == WAYS);
    assert_int_equal(rows_of("sum(charged) FROM usage WHERE key != 'keykeykeyZZZ'"), LIMIT + 1);
}

static void no_key_and_no_token_of_a_user_is_one_too_many_in_a_window(void **state)
{
    (void)state;
    one_window_and_one_quota("60/1h");
}

static void no_key_and_no_token_of_a_user_is_one_too_many_in_a_day(void **state)
{
    (void)state;
    one_window_and_one_quota("60/day");
}

/* Calls of the dead stay in the window; the quotas have their charge back. */
static void calls_of_the_killed_stay_in_the_one_window_of_their_user(void **state)
{
    (void)state;
    done(limits_parse("60/1h,1000/day", &limits, &why));
    crew_run(true);
    assert_int_equal(board->admitted, LIMIT);
    assert_spent_here_and_anew();
    assert_int_equal(rows_of("count(*) FROM call WHERE user = 'annannannann'"), LIMIT + 1);
    assert_int_equal(rows_of("count(*) FROM call WHERE status = 500"), WAYS);
    assert_int_equal(rows_of("sum(charged) FROM usage WHERE key != 'keykeykeyZZZ'"),
                     LIMIT + 1 - WAYS);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(no_key_and_no_token_of_a_user_is_one_too_many_in_a_window),
        EACH(no_key_and_no_token_of_a_user_is_one_too_many_in_a_day),
        EACH(calls_of_the_killed_stay_in_the_one_window_of_their_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
