/*
 * test_queue.c: jobs: what is refused, who has them, how they are worked off and deleted;
 * test_queue_deaths.c has what becomes of those whose runner died or stands still.
 */
#include "queue_home.h"

#include <sys/resource.h>
#include <time.h>

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

static void a_result_that_an_account_has_no_room_for_fails_its_job(void **state)
{
    struct job_row one = submit("a"), next = submit("a"), other = submit("b"), ended;
    struct queue_job job;

    (void)state;
    home.config.job_bytes_limit = 12;
    good(queue_open(&home, &queue, &why));
    for (int i = 0; i < 3; i++) {
        good(queue_next(queue, &job, &why));
        complete(queue, &job, "12345678"); /* with the other's body it is as much as may be */
    }
    good(queue_flush(queue, &why));
    result_is(one.uuid, "12345678");
    result_is(other.uuid, "12345678");
    ended = get(next.uuid);
    assert_int_equal(ended.status, JOB_FAILED);
    assert_int_equal(ended.code, 429);
    assert_int_equal(ended.result_bytes, 0);
    assert_non_null(strstr(ended.reason, "12 bytes"));
}

static void a_large_result_that_an_account_has_no_room_for_leaves_no_file(void **state)
{
    struct job_row row = submit("a");
    struct queue_job job;

    (void)state;
    home.config.job_bytes_limit = LARGE - 1;
    good(queue_open(&home, &queue, &why));
    good(queue_next(queue, &job, &why));
    assert_int_equal(queue_result_fits(queue, &job.row, LARGE, &why), RESULT_DENIED);
    good(queue_result_fits(queue, &job.row, LARGE - 1, &why));
    job.row.status = JOB_COMPLETED;
    queue_end(queue, &job, NULL, 0, file_of('r', LARGE));
    good(queue_flush(queue, &why));
    assert_int_equal(get(row.uuid).status, JOB_FAILED);
    assert_int_equal(files(), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_uuid_is_refused),
        TEST(more_jobs_than_an_account_may_have_are_refused),
        TEST(more_bytes_than_an_account_may_have_are_refused),
        TEST(a_result_that_an_account_has_no_room_for_fails_its_job),
        TEST(a_large_result_that_an_account_has_no_room_for_leaves_no_file),
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
        TEST(what_has_expired_is_deleted_with_its_files),
        TEST(files_that_no_row_names_are_swept_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
