/*
 * test_queue_deaths.c: who notices that a runner died or stands still, and that each job ends
 * once, whoever is killed when.
 */
#include "queue_home.h"

#include <sys/mman.h>

#include <sqlite3.h>

enum {
    JOBS_IN_STORM = 3000,
    RUNNERS_IN_STORM = 3,
    KILLS = 120,
};

/* ---- who notices a death ---- */

/* A runner that has so many jobs claimed and one of them in hand, in a process of its own. */
static pid_t runner_start(void)
{
    int ends[2];
    char byte = 0;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        struct queue_job job;
        struct home own;

        worker_home(&own);
        if (queue_open(&own, &queue, &why) != RESULT_OK ||
            queue_next(queue, &job, &why) != RESULT_OK || write(ends[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void runner_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void the_dead_lose_one_attempt_of_the_job_in_hand_alone(void **state)
{
    struct job_row in_hand = submit("a"), behind = submit("a");
    struct queue_job job;
    pid_t pid = runner_start();

    (void)state;
    good(queue_open(&home, &queue, &why));
    queue_tend(queue);
    assert_int_equal(queue_next(queue, &job, &why), RESULT_MISSING); /* it lives */
    runner_kill(pid);
    seconds_pass(1);
    queue_tend(queue);
    assert_int_equal(get(in_hand.uuid).attempts, 1);
    assert_int_equal(get(in_hand.uuid).status, JOB_PENDING);
    assert_string_equal(get(in_hand.uuid).reason, "the runner died while it worked at it");
    assert_int_equal(get(behind.uuid).attempts, 0);
    good(queue_next(queue, &job, &why));
    assert_string_equal(job.row.uuid, behind.uuid);
    complete(queue, &job, "yes");
    seconds_pass(1);
    good(queue_next(queue, &job, &why));
    assert_string_equal(job.row.uuid, in_hand.uuid);
    complete(queue, &job, "yes");
}

static void a_job_that_kills_its_runners_fails(void **state)
{
    struct job_row row = submit("a");

    (void)state;
    for (int i = 0; i < QUEUE_ATTEMPTS; i++) {
        runner_kill(runner_start());
        good(queue_open(&home, &queue, &why)); /* which looks for the dead first */
        queue_close(queue);
        queue = NULL;
        home_close(&home);
        good(home_open(&home, DB_WORKER, &why));
        seconds_pass(1000);
    }
    row = get(row.uuid);
    assert_int_equal(row.status, JOB_FAILED);
    assert_int_equal(row.attempts, QUEUE_ATTEMPTS);
    assert_int_equal(row.code, 500);
}

static void who_stands_still_for_the_lease_is_killed_and_loses_its_jobs(void **state)
{
    struct job_row row = submit("a");
    pid_t pid;
    int status;

    (void)state;
    killing_allowed = true;
    home.config.job_lease = 5;
    pid = runner_start();
    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    good(queue_open(&home, &queue, &why));
    tend_for(queue, 4);
    assert_int_equal(get(row.uuid).status, JOB_PROCESSING);
    tend_for(queue, 3);
    assert_int_equal(get(row.uuid).status, JOB_PENDING);
    assert_int_equal(get(row.uuid).attempts, 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void who_goes_on_after_all_stores_nothing(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job, again;
    struct queue *hung;

    (void)state;
    home.config.job_lease = 5;
    good(queue_open(&second, &hung, &why));
    good(queue_next(hung, &job, &why));
    good(queue_open(&home, &queue, &why));
    tend_for(queue, 7);
    assert_int_equal(killed, 1);
    seconds_pass(1);
    good(queue_next(queue, &again, &why));
    assert_string_equal(again.row.uuid, row.uuid);
    assert_int_equal(queue_progress(hung, &job, 0, 0, &why), RESULT_MISSING);
    complete(hung, &job, "of the hung");
    queue_flush(hung, &why);
    assert_int_equal(get(row.uuid).status, JOB_PROCESSING);
    complete(queue, &again, "of the other");
    good(queue_flush(queue, &why));
    result_is(row.uuid, "of the other");
    assert_int_equal(queue_next(hung, &job, &why), RESULT_MISSING); /* with a new seat */
    submit("a");
    good(queue_next(hung, &job, &why));
    complete(hung, &job, "yes");
    queue_close(hung);
}

static void who_beats_is_not_taken_for_hung(void **state)
{
    struct job_row row = submit_file("a");
    struct queue_job job;
    struct queue *slow;

    (void)state;
    home.config.job_lease = 5;
    good(queue_open(&second, &slow, &why));
    good(queue_next(slow, &job, &why));
    good(queue_open(&home, &queue, &why));
    for (int i = 0; i < 10; i++) {
        tend_for(queue, 4);
        good(queue_progress(slow, &job, 0, i, &why));
    }
    assert_int_equal(get(row.uuid).status, JOB_PROCESSING);
    assert_int_equal(killed, 0);
    queue_return(slow, &job);
    queue_close(slow);
}

/* The one who watches slept, as did all: nobody stood still while others went on. */
static void a_machine_that_slept_takes_nobody_for_hung(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job;
    struct queue *other;

    (void)state;
    home.config.job_lease = 5;
    good(queue_open(&second, &other, &why));
    good(queue_next(other, &job, &why));
    good(queue_open(&home, &queue, &why));
    tend_for(queue, 2);
    seconds_pass(8 * 3600);
    queue_tend(queue);
    assert_int_equal(killed, 0);
    assert_int_equal(get(row.uuid).status, JOB_PROCESSING);
    complete(other, &job, "yes");
    queue_close(other);
}

/* ---- deaths at every step, and at random ---- */

/* Every change of a job to completed is counted by the database itself. */
static void ends_count(void)
{
    sqlite3 *handle;

    assert_int_equal(sqlite3_open(HOME_WORK, &handle), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(handle,
                     "CREATE TABLE ended (id INTEGER);"
                     "CREATE TRIGGER ended_note AFTER UPDATE OF status ON job"
                     " WHEN new.status >= 2 BEGIN INSERT INTO ended VALUES (new.id); END",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(handle);
}

static long number_of(const char *sql)
{
    sqlite3_stmt *statement;
    sqlite3 *handle;
    long number;

    assert_int_equal(sqlite3_open(HOME_WORK, &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 30000);
    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return number;
}

/* Works off what is there: a small result, and of a file a large one. */
static void work_off(struct queue *of, bool until_empty)
{
    static char result[LARGE + 1];
    struct queue_job job;
    bool drained = false;
    enum result next;

    memset(result, 'r', LARGE);
    while (!drained) {
        queue_tend(of);
        next = queue_next(of, &job, &why);
        if (next == RESULT_OK) {
            complete(of, &job, job.row.body_in_file ? result : job.row.uuid);
            continue;
        }
        if (until_empty && next == RESULT_MISSING)
            queue_is_drained(of, 100000, &drained, &why);
        if (!drained)
            queue_wait(of, 20);
    }
}

/* One process takes two jobs and works them off; it dies before its n-th step.  False: it had
 * fewer. */
static bool die_before(long n)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct job_row small = row_of("a"), large = row_of("b");
        struct home own;
        int fd;

        worker_home(&own);
        fd = file_of('b', LARGE);
        large.body_bytes = LARGE;
        die_at = n;
        steps_made = 0;
        if (queue_submit(&own, &small, "body", 4, -1, NULL, &why) != RESULT_OK ||
            queue_submit(&own, &large, NULL, 0, fd, NULL, &why) != RESULT_OK ||
            queue_open(&own, &queue, &why) != RESULT_OK)
            _exit(2);
        work_off(queue, true);
        queue_close(queue);
        _exit(steps_made >= n ? 3 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fail_msg("the process ended with %d", WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

static void who_dies_at_any_step_loses_no_job_and_has_none_done_twice(void **state)
{
    long n = 0;

    (void)state;
    ends_count();
    while (die_before(++n)) {
        seconds_pass(1);
        good(queue_open(&home, &queue, &why));
        work_off(queue, true);
        seconds_pass(700); /* files that no row names are looked for again */
        queue_tend(queue);
        queue_close(queue);
        queue = NULL;
        assert_int_equal(number_of("SELECT count(*) FROM job WHERE status <> 2"), 0);
        assert_int_equal(number_of("SELECT count(*) - count(DISTINCT id) FROM ended"), 0);
        assert_int_equal(number_of("SELECT count(*) FROM job WHERE status = 2 AND result_bytes"
                                   " <> CASE account WHEN 'a' THEN 36 ELSE 66536 END"),
                         0);
        assert_int_equal(files(), number_of("SELECT count(*) FROM job WHERE result_try > 0"));
    }
    assert_true(n > 20);
}

static pid_t storm_runner(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct home own;

        srand((unsigned)getpid());
        worker_home(&own);
        while (queue_open(&own, &queue, &why) != RESULT_OK)
            usleep(1000);
        work_off(queue, false);
    }
    assert_true(pid > 0);
    return pid;
}

/* Takes jobs and counts in shared memory those of which it was told that they are taken. */
static pid_t storm_client(int *told)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct home own;

        worker_home(&own);
        for (int i = 0; i < JOBS_IN_STORM;) {
            struct job_row row = row_of(i % 3 == 0 ? "a" : "b");
            bool large = i % 100 == 0;
            int fd = large ? file_of('b', LARGE) : -1;

            row.body_bytes = large ? LARGE : 4;
            if (queue_submit(&own, &row, "body", 4, fd, NULL, &why) == RESULT_OK) {
                i++;
                ++*told;
            }
            if (fd >= 0)
                close(fd);
        }
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

/* Kills a runner at random, and has another in its place; once in a while one stands still. */
static void storm_strike(pid_t runners[RUNNERS_IN_STORM])
{
    int i = rand() % RUNNERS_IN_STORM;

    usleep((useconds_t)(rand() % 30000));
    if (rand() % 8 == 0) {
        kill(runners[i], SIGSTOP);
        usleep(20000);
        kill(runners[i], SIGCONT);
        return;
    }
    runner_kill(runners[i]);
    runners[i] = storm_runner();
}

static void who_dies_at_random_loses_no_job_and_has_none_done_twice(void **state)
{
    pid_t runners[RUNNERS_IN_STORM], client;
    int *told =
        mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    ends_count();
    for (int i = 0; i < RUNNERS_IN_STORM; i++)
        runners[i] = storm_runner();
    client = storm_client(told);
    for (int i = 0; i < KILLS; i++)
        storm_strike(runners);
    assert_int_equal(waitpid(client, NULL, 0), client);
    for (int i = 0; i < RUNNERS_IN_STORM; i++)
        runner_kill(runners[i]);
    good(queue_open(&home, &queue, &why));
    work_off(queue, true);
    assert_int_equal(*told, JOBS_IN_STORM);
    assert_int_equal(number_of("SELECT count(*) FROM job"), *told);
    assert_int_equal(number_of("SELECT count(*) FROM job WHERE status = 2"), *told);
    assert_int_equal(number_of("SELECT count(*) FROM ended"), *told);
    assert_int_equal(number_of("SELECT count(*) FROM job WHERE result_try = 0 AND"
                               " CAST(result AS TEXT) <> uuid"),
                     0);
    assert_int_equal(number_of("SELECT open FROM job_total WHERE account = ''"), 0);
    seconds_pass(700);
    queue_tend(queue);
    assert_int_equal(files(), number_of("SELECT count(*) FROM job WHERE result_try > 0"));
    munmap(told, sizeof(*told));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_dead_lose_one_attempt_of_the_job_in_hand_alone),
        TEST(a_job_that_kills_its_runners_fails),
        TEST(who_stands_still_for_the_lease_is_killed_and_loses_its_jobs),
        TEST(who_goes_on_after_all_stores_nothing),
        TEST(who_beats_is_not_taken_for_hung),
        TEST(a_machine_that_slept_takes_nobody_for_hung),
        TEST(who_dies_at_any_step_loses_no_job_and_has_none_done_twice),
        TEST(who_dies_at_random_loses_no_job_and_has_none_done_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
