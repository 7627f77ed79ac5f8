/*
 * test_ledger_processes.c: many processes on one key, at random, some of them killed.
 *
 *     test_ledger_processes [SECONDS [SEED]]     for each part; from which seed on
 */
#include "ledger_crew_run.h"

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
