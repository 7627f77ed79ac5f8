/*
 * test_queue.c: jobs: what is refused, who has them, who notices a death, and that each ends.
 */
#include "queue_help.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <sqlite3.h>

#include "fixture.h"

enum {
    JOBS_IN_STORM = 3000,
    RUNNERS_IN_STORM = 3,
    KILLS = 120,
    LARGE = JOB_INLINE_MAX + 1000
};

static struct home home;   /* of who asks, and of one runner */
static struct home second; /* of another one: a process would have its own */
static struct queue *queue;
static struct reason why;

static void good(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

static void worker_home(struct home *own)
{
    *own = (struct home){.config = home.config, .origin = -1};
    good(home_open(own, DB_WORKER, &why));
}

static int setup(void **state)
{
    (void)state;
    killing_allowed = false;
    killed = 0;
    die_at = 0;
    fixture_open(&home);
    home_close(&home);
    good(home_open(&home, DB_WORKER, &why));
    worker_home(&second);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    queue_close(queue);
    queue = NULL;
    home_close(&second);
    fixture_close(&home);
    return 0;
}

static struct job_row row_of(const char *account)
{
    struct job_row row = {.body_bytes = 4};

    strcpy(row.account, account);
    strcpy(row.key, "key");
    strcpy(row.request_id, "request");
    strcpy(row.model, "iris");
    return row;
}

static struct job_row submit(const char *account)
{
    struct job_row row = row_of(account);

    good(queue_submit(&home, &row, "body", 4, -1, NULL, &why));
    return row;
}

/* A file without a name in jobs/. */
static int file_of(char byte, size_t len)
{
    char bytes[1000];
    int fd;

    good(queue_file_make(&fd, &why));
    memset(bytes, byte, sizeof(bytes));
    for (; len > 0; len -= len < sizeof(bytes) ? len : sizeof(bytes))
        assert_true(write(fd, bytes, len < sizeof(bytes) ? len : sizeof(bytes)) > 0);
    return fd;
}

static struct job_row submit_file(const char *account)
{
    struct job_row row = row_of(account);
    int fd = file_of('b', LARGE);

    row.body_bytes = LARGE;
    good(queue_submit(&home, &row, NULL, 0, fd, NULL, &why));
    close(fd);
    return row;
}

static struct job_row get(const char *uuid)
{
    struct job_row row;

    good(queue_get(&home, NULL, uuid, &row, &why));
    return row;
}

static bool exists(const char *uuid, const char *ending)
{
    char name[QUEUE_NAME_MAX];

    snprintf(name, sizeof(name), HOME_JOBS "/%s%s", uuid, ending);
    return access(name, F_OK) == 0;
}

static size_t files(void)
{
    DIR *dir = opendir(HOME_JOBS);
    size_t count = 0;

    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void seconds_pass(int64_t seconds)
{
    fake_boot_ns += seconds * 1000000000;
}

static void complete(struct queue *of, struct queue_job *job, const char *result)
{
    job->row.status = JOB_COMPLETED;
    job->row.code = 200;
    job->row.version = 1;
    queue_end(of, job, result, strlen(result), -1);
}

static void result_is(const char *uuid, const char *text)
{
    struct job_row row = get(uuid);
    struct buf out = {0};
    int fd;

    assert_int_equal(row.status, JOB_COMPLETED);
    good(queue_result(&home, &row, &out, &fd, &why));
    assert_int_equal(fd, -1);
    assert_int_equal(out.len, strlen(text));
    assert_memory_equal(out.data, text, out.len);
    buf_free(&out);
}

/* ---- who asks ---- */

static void what_is_no_uuid_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5",
                                        "0190A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
                                        "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b",
                                        "0190a1b2-c3d4-7e5f-ca9b-0c1d2e3f4a5b",
                                        "0190a1b2xc3d4-7e5f-8a9b-0c1d2e3f4a5b",
                                        "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b0",
                                        "../../../../../../../../../etc/passwd"};
    char uuid[JOB_UUID_LEN + 1], later[JOB_UUID_LEN + 1];
    struct job_row row;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(queue_uuid_valid(wrong[i], strlen(wrong[i])));
        assert_int_equal(queue_get(&home, NULL, wrong[i], &row, &why), RESULT_MISSING);
    }
    queue_uuid(uuid, INT64_C(1645557742000000)); /* the example of RFC 9562, A.6 */
    assert_memory_equal(uuid, "017f22e2-79b0-7", 15);
    assert_true(queue_uuid_valid(uuid, strlen(uuid)));
    queue_uuid(later, INT64_C(1645557742001000));
    assert_true(strcmp(uuid, later) < 0);
}

static void more_jobs_than_an_account_may_have_are_refused(void **state)
{
    struct job_row row = row_of("a");

    (void)state;
    home.config.job_limit = 2;
    submit("a");
    submit("a");
    assert_int_equal(queue_submit(&home, &row, "body", 4, -1, NULL, &why), RESULT_DENIED);
    submit("b");
}

static void more_bytes_than_an_account_may_have_are_refused(void **state)
{
    struct job_row row = row_of("a");

    (void)state;
    home.config.job_bytes_limit = 7;
    submit("a");
    assert_int_equal(queue_submit(&home, &row, "body", 4, -1, NULL, &why), RESULT_DENIED);
    submit("b");
}

static void a_body_that_is_refused_leaves_no_file(void **state)
{
    struct job_row row = row_of("a");
    int fd = file_of('x', LARGE);

    (void)state;
    home.config.job_limit = 1;
    submit("a");
    row.body_bytes = LARGE;
    assert_int_equal(queue_submit(&home, &row, NULL, 0, fd, NULL, &why), RESULT_DENIED);
    close(fd);
    assert_int_equal(files(), 0);
}

static void anothers_job_is_as_none(void **state)
{
    struct job_row row = submit("a"), read;

    (void)state;
    assert_int_equal(queue_get(&home, "b", row.uuid, &read, &why), RESULT_MISSING);
    assert_int_equal(queue_cancel(&home, "b", row.uuid, &why), RESULT_MISSING);
    good(queue_get(&home, "a", row.uuid, &read, &why));
    good(queue_get(&home, NULL, row.uuid, &read, &why));
    assert_int_equal(read.status, JOB_PENDING);
}

static void a_job_that_has_not_ended_well_has_no_result(void **state)
{
    struct job_row row = submit("a");
    struct buf out = {0};
    int fd;

    (void)state;
    assert_int_equal(queue_result(&home, &row, &out, &fd, &why), RESULT_MISSING);
    good(queue_cancel(&home, "a", row.uuid, &why));
    row = get(row.uuid);
    assert_int_equal(queue_result(&home, &row, &out, &fd, &why), RESULT_MISSING);
}

static void cancelling_takes_the_body_away(void **state)
{
    struct job_row row = submit_file("a");

    (void)state;
    assert_true(exists(row.uuid, ".in"));
    good(queue_cancel(&home, "a", row.uuid, &why));
    assert_false(exists(row.uuid, ".in"));
    good(queue_cancel(&home, "a", row.uuid, &why)); /* again is fine */
}

static void a_job_that_has_ended_is_not_cancelled(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    complete(queue, &job, "yes");
    good(queue_flush(queue, &why));
    assert_int_equal(queue_cancel(&home, "a", row.uuid, &why), RESULT_EXISTS);
    result_is(row.uuid, "yes");
}

static void what_is_forgotten_is_as_none_and_leaves_no_file(void **state)
{
    struct job_row row = submit_file("a"), other = submit("b"), read;

    (void)state;
    for (int i = 0; i < FORGET_AT_ONCE + 10; i++)
        submit("a");
    good(queue_forget(&home, "a", &why));
    assert_int_equal(files(), 0);
    assert_int_equal(queue_get(&home, NULL, row.uuid, &read, &why), RESULT_MISSING);
    assert_int_equal(get(other.uuid).status, JOB_PENDING);
}

/* ---- who works ---- */

static void nothing_is_due_in_an_empty_queue(void **state)
{
    struct queue_job job;
    bool drained;

    (void)state;
    good(queue_open(&home, &queue, &why));
    assert_int_equal(queue_next(queue, &job, &why), RESULT_MISSING);
    good(queue_is_drained(queue, 60, &drained, &why));
    assert_true(drained);
}

static void a_job_is_worked_off_once(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job;
    struct queue *other;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_open(&second, &other, &why));
    good(queue_next(queue, &job, &why));
    assert_string_equal(job.row.uuid, row.uuid);
    assert_int_equal(job.body.len, 4);
    assert_int_equal(get(row.uuid).status, JOB_PROCESSING);
    struct queue_job none;
    assert_int_equal(queue_next(other, &none, &why), RESULT_MISSING);
    complete(queue, &job, "{\"prediction\":1}");
    assert_int_equal(queue_next(queue, &job, &why), RESULT_MISSING); /* which stores it */
    result_is(row.uuid, "{\"prediction\":1}");
    assert_int_equal(get(row.uuid).attempts, 1);
    queue_close(other);
}

static void large_bodies_and_results_are_files(void **state)
{
    struct job_row row = submit_file("a");
    struct queue_job job;
    struct buf out = {0};
    struct stat st;
    char *result = calloc(1, LARGE + 1);
    int fd;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    assert_true(job.fd >= 0);
    assert_int_equal(fstat(job.fd, &st), 0);
    assert_int_equal(st.st_size, LARGE);
    memset(result, 'r', LARGE);
    complete(queue, &job, result);
    good(queue_flush(queue, &why));
    row = get(row.uuid);
    assert_int_equal(row.result_bytes, LARGE);
    assert_int_equal(row.result_try, 1);
    assert_false(exists(row.uuid, ".in"));
    good(queue_result(&home, &row, &out, &fd, &why));
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, LARGE);
    close(fd);
    free(result);
}

static void a_body_whose_file_is_gone_fails_the_job(void **state)
{
    struct job_row row = submit_file("a"), after = submit("a");
    char name[QUEUE_NAME_MAX];
    struct queue_job job;

    (void)state;
    queue_body_name(&row, name);
    assert_int_equal(unlink(name), 0);
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    assert_string_equal(job.row.uuid, after.uuid);
    complete(queue, &job, "yes");
    good(queue_flush(queue, &why));
    assert_int_equal(get(row.uuid).status, JOB_FAILED);
    assert_string_equal(get(row.uuid).reason, "the file of its body is gone");
}

static void a_job_is_tried_again_after_growing_delays_and_then_fails(void **state)
{
    static const int64_t delays[] = {1, 4, 16, 64};
    struct job_row row = submit("a");
    struct queue_job job;

    (void)state;
    good(queue_open(&home, &queue, &why));
    for (int i = 0; i < QUEUE_ATTEMPTS; i++) {
        good(queue_next(queue, &job, &why));
        strcpy(job.row.label, "half way");
        job.row.has_score = true;
        queue_fail(queue, &job, "not now");
        good(queue_flush(queue, &why));
        if (i == QUEUE_ATTEMPTS - 1)
            break;
        assert_int_equal(get(row.uuid).status, JOB_PENDING);
        assert_int_equal(get(row.uuid).attempts, i + 1);
        assert_int_equal(get(row.uuid).due_ns - fake_boot_ns, delays[i] * 1000000000);
        seconds_pass(delays[i]);
        fake_boot_ns--;
        assert_int_equal(queue_next(queue, &job, &why), RESULT_MISSING);
        fake_boot_ns++;
    }
    row = get(row.uuid);
    assert_int_equal(row.status, JOB_FAILED);
    assert_int_equal(row.attempts, QUEUE_ATTEMPTS);
    assert_int_equal(row.code, 503);
    assert_string_equal(row.reason, "not now");
    assert_string_equal(row.label, ""); /* nobody takes it for a result */
    assert_false(row.has_score);
    assert_int_equal(queue_next(queue, &job, &why), RESULT_MISSING);
}

/* The clock stands still; what is waited passes all the same. */
static void delays_end_where_the_clock_stands_still(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job;
    int waits = 0;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    queue_fail(queue, &job, "not now");
    while (queue_next(queue, &job, &why) == RESULT_MISSING && waits++ < 100)
        queue_wait(queue, 100);
    assert_string_equal(job.row.uuid, row.uuid);
    complete(queue, &job, "yes");
    good(queue_flush(queue, &why));
    result_is(row.uuid, "yes");
}

static void a_job_that_is_handed_back_was_not_begun(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    queue_return(queue, &job);
    queue_close(queue);
    queue = NULL;
    assert_int_equal(get(row.uuid).status, JOB_PENDING);
    assert_int_equal(get(row.uuid).attempts, 0);
}

static void who_stops_hands_back_what_is_claimed(void **state)
{
    struct job_row rows[5];
    struct queue_job job;

    (void)state;
    for (int i = 0; i < 5; i++)
        rows[i] = submit("a");
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    assert_int_equal(get(rows[4].uuid).status, JOB_PROCESSING);
    complete(queue, &job, "yes");
    queue_close(queue);
    queue = NULL;
    result_is(rows[0].uuid, "yes");
    for (int i = 1; i < 5; i++) {
        assert_int_equal(get(rows[i].uuid).status, JOB_PENDING);
        assert_int_equal(get(rows[i].uuid).attempts, 0);
    }
}

static void a_long_job_has_no_others_behind_it(void **state)
{
    struct job_row large = submit_file("a"), small = submit("a");
    struct queue_job job;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    assert_string_equal(job.row.uuid, large.uuid);
    assert_int_equal(get(small.uuid).status, JOB_PENDING);
    queue_return(queue, &job);
}

static void accounts_take_turns(void **state)
{
    struct job_row few;
    struct queue_job job;
    int before = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        submit("a");
    few = submit("b");
    good(queue_open(&home, &queue, &why));
    for (;;) {
        good(queue_next(queue, &job, &why));
        if (strcmp(job.row.uuid, few.uuid) == 0)
            break;
        complete(queue, &job, "yes");
        before++;
    }
    complete(queue, &job, "yes");
    assert_true(before <= QUEUE_CLAIM_MAX);
}

static void a_job_that_is_cancelled_in_work_is_given_up(void **state)
{
    struct job_row row = submit_file("a");
    struct queue_job job;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    good(queue_progress(queue, &job, 100, 10, &why));
    good(queue_cancel(&home, "a", row.uuid, &why));
    seconds_pass(2);
    assert_int_equal(queue_progress(queue, &job, 100, 20, &why), RESULT_MISSING);
    complete(queue, &job, "late");
    good(queue_flush(queue, &why));
    assert_int_equal(get(row.uuid).status, JOB_CANCELLED);
    assert_int_equal(files(), 0);
}

static void progress_is_told_and_seldom_written(void **state)
{
    struct job_row row = submit_file("a");
    struct queue_job job;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    good(queue_progress(queue, &job, 100, 10, &why));
    assert_int_equal(get(row.uuid).rows_done, 0);
    seconds_pass(1);
    good(queue_progress(queue, &job, 100, 20, &why));
    assert_int_equal(get(row.uuid).rows, 100);
    assert_int_equal(get(row.uuid).rows_done, 20);
    queue_return(queue, &job);
    good(queue_flush(queue, &why));
    assert_int_equal(get(row.uuid).rows_done, 0);
}

static void a_result_that_does_not_fit_on_the_disk_is_tried_again(void **state)
{
    struct rlimit limit, small;
    struct job_row row = submit("a"), after = submit("a");
    char *result = calloc(1, 8 * LARGE + 1);
    struct queue_job job;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 6 * LARGE;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    memset(result, 'r', 8 * LARGE);
    complete(queue, &job, result);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    good(queue_next(queue, &job, &why));
    assert_string_equal(job.row.uuid, after.uuid);
    complete(queue, &job, "yes");
    good(queue_flush(queue, &why));
    assert_int_equal(get(row.uuid).status, JOB_PENDING);
    assert_int_equal(get(row.uuid).attempts, 1);
    assert_non_null(strstr(get(row.uuid).reason, "could not be written"));
    assert_int_equal(files(), 0);
    result_is(after.uuid, "yes");
    free(result);
}

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

static void tend_for(struct queue *of, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        seconds_pass(1);
        queue_tend(of);
    }
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

/* ---- what is deleted ---- */

static void what_has_expired_is_deleted_with_its_files(void **state)
{
    struct job_row row = submit_file("a"), kept = submit("a"), read;
    struct queue_job job;
    struct db *db;

    (void)state;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    job.row.status = JOB_COMPLETED;
    queue_end(queue, &job, NULL, 0, file_of('r', LARGE));
    good(queue_flush(queue, &why));
    assert_true(exists(row.uuid, ".1.out"));
    home.config.job_retention = -1000;
    assert_int_equal(queue_get(&home, NULL, row.uuid, &read, &why), RESULT_MISSING);
    tend_for(queue, 2);
    assert_int_equal(files(), 0);
    good(home_work(&home, &db, &why));
    assert_int_equal(job_row_get(db, row.uuid, &read, &why), RESULT_MISSING);
    good(job_row_get(db, kept.uuid, &read, &why));
}

static void touch(const char *name, int64_t age_s)
{
    struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
    int fd = open(name, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void files_that_no_row_names_are_swept_away(void **state)
{
    struct job_row row = submit_file("a");
    char stray[QUEUE_NAME_MAX];

    (void)state;
    touch(HOME_JOBS "/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.in", 0);
    touch(HOME_JOBS "/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.3.out", 0);
    queue_result_name(&row, 2, stray);
    touch(stray, 0);
    touch(HOME_JOBS "/made.abcdef", 100000);
    touch(HOME_JOBS "/made.ghijkl", 100);
    touch(HOME_JOBS "/.unnamed.abcdef", 100000);
    good(queue_open(&home, &queue, &why));
    queue_tend(queue);
    assert_true(exists(row.uuid, ".in"));
    assert_int_equal(access(HOME_JOBS "/made.ghijkl", F_OK), 0);
    assert_int_equal(access(HOME_JOBS "/.unnamed.abcdef", F_OK), -1);
    assert_int_equal(files(), 2);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_uuid_is_refused),
        TEST(more_jobs_than_an_account_may_have_are_refused),
        TEST(more_bytes_than_an_account_may_have_are_refused),
        TEST(a_body_that_is_refused_leaves_no_file),
        TEST(anothers_job_is_as_none),
        TEST(a_job_that_has_not_ended_well_has_no_result),
        TEST(cancelling_takes_the_body_away),
        TEST(a_job_that_has_ended_is_not_cancelled),
        TEST(what_is_forgotten_is_as_none_and_leaves_no_file),
        TEST(nothing_is_due_in_an_empty_queue),
        TEST(a_job_is_worked_off_once),
        TEST(large_bodies_and_results_are_files),
        TEST(a_body_whose_file_is_gone_fails_the_job),
        TEST(a_job_is_tried_again_after_growing_delays_and_then_fails),
        TEST(delays_end_where_the_clock_stands_still),
        TEST(a_job_that_is_handed_back_was_not_begun),
        TEST(who_stops_hands_back_what_is_claimed),
        TEST(a_long_job_has_no_others_behind_it),
        TEST(accounts_take_turns),
        TEST(a_job_that_is_cancelled_in_work_is_given_up),
        TEST(progress_is_told_and_seldom_written),
        TEST(a_result_that_does_not_fit_on_the_disk_is_tried_again),
        TEST(the_dead_lose_one_attempt_of_the_job_in_hand_alone),
        TEST(a_job_that_kills_its_runners_fails),
        TEST(who_stands_still_for_the_lease_is_killed_and_loses_its_jobs),
        TEST(who_goes_on_after_all_stores_nothing),
        TEST(who_beats_is_not_taken_for_hung),
        TEST(a_machine_that_slept_takes_nobody_for_hung),
        TEST(what_has_expired_is_deleted_with_its_files),
        TEST(files_that_no_row_names_are_swept_away),
        TEST(who_dies_at_any_step_loses_no_job_and_has_none_done_twice),
        TEST(who_dies_at_random_loses_no_job_and_has_none_done_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
