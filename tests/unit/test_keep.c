/*
 * test_keep.c: what is kept of predictions: on its way, at rest, told the truth of, and gone.
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "keep_help.h"

enum {
    A_LOT = 300 /* rows in one request that make more than a lot */
};

/* ---- what is not kept ---- */

static void nothing_is_kept_of_a_model_without_the_setting(void **state)
{
    (void)state;
    help_share(0, 0);
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 0);
}

static void an_answer_that_was_not_given_is_not_kept(void **state)
{
    (void)state;
    help_answer("ann", "one", 1, 3, false);
    help_answer("ann", "two", 7, 1, true);
    help_answer("ann", "three", 1, 1, false);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 1);
    assert_true(help_rows.first[0] == help_value(7));
}

static void a_share_is_drawn_by_the_request_id_and_the_same_in_a_replay(void **state)
{
    bool first[1000];
    int kept = 0;
    char id[32];

    (void)state;
    help_share(1000, 0); /* 10% */
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "request-%d", i);
        first[i] = registry_keeps(help_model(), id);
        kept += first[i];
    }
    assert_in_range(kept, 60, 140);
    help_share(2000, 0);
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof(id), "request-%d", i);
        if (first[i])
            assert_true(registry_keeps(help_model(), id));
    }
}

static void the_setting_is_of_a_model_that_is_there(void **state)
{
    struct model_row row;

    (void)state;
    assert_int_equal(registry_keep_set(&home, "none", 1, 1, &row, &why), RESULT_INVALID);
}

/* ---- what is ---- */

static void what_is_kept_is_read_again(void **state)
{
    struct keep_read read;
    struct keep_totals totals;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_answer("bob", "two", 5, 20000, true); /* more than one part, and than one lot */
    keeper_flush(keeper);
    assert_int_equal(help_read_all(&read), 20001);
    assert_int_equal(read.damaged, 0);
    assert_true(help_rows.first[0] == help_value(1));
    for (int i = 0; i < 20000; i++)
        assert_true(help_rows.first[1 + i] == help_value(5 + i));
    totals = help_totals();
    assert_int_equal(totals.requests, 2);
    assert_int_equal(totals.rows, 20001);
    assert_int_equal(totals.lost + totals.damaged, 0);
}

static void of_a_large_request_the_first_rows_are_kept(void **state)
{
    const struct keep_about about = {"ann", "one", NULL};
    struct keep_found found;
    int64_t rows;

    (void)state;
    help_answer("ann", "one", 0, 90000, true);
    keeper_flush(keeper);
    rows = help_read_all(NULL);
    assert_in_range(rows, KEEP_REQUEST_BYTES / 64 / 2, 89999);
    assert_true(help_rows.first[rows - 1] == help_value(rows - 1));
    assert_int_equal(keep_find(&home, &about, &found, &why), RESULT_OK);
    assert_int_equal(found.rows, 90000);
    assert_int_equal(found.kept, rows);
}

static bool file_has(const char *path, const void *bytes, size_t len)
{
    size_t size;
    char *all = help_bytes(path, &size);
    bool has = all != NULL && memmem(all, size, bytes, len) != NULL;

    free(all);
    return has;
}

static void no_value_stands_in_a_file_of_the_home(void **state)
{
    const double value = help_value(4711), truth = 2;
    const struct keep_about about = {"ann", "a-request-of-ann", NULL};
    struct keep_found found;
    int64_t known;
    char path[64];

    (void)state;
    help_answer("ann", "a-request-of-ann", 4711, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_file(path), 1);
    assert_false(file_has(path, &value, sizeof(value)));
    assert_int_equal(keep_find(&home, &about, &found, &why), RESULT_OK);
    assert_int_equal(keep_truth_set(&home, &found, 0, &truth, 1, &known, &why), RESULT_OK);
    assert_true(file_has("work.db", "a-request-of-ann", 16) ||
                file_has("work.db-wal", "a-request-of-ann", 16)); /* so this test can fail */
    assert_false(file_has("work.db", &value, sizeof(value)));
    assert_false(file_has("work.db-wal", &value, sizeof(value)));
}

/* ---- on the way ---- */

static void the_file_of_one_who_lives_stays(void **state)
{
    char path[64];

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 1);
    assert_int_equal(help_file(path), 1);
    help_answer("ann", "two", 2, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 2);
    help_keeper_dies();
    assert_int_equal(help_read_all(NULL), 2);
    assert_int_equal(help_file(path), 0);
}

static void a_lot_that_is_cut_off_was_never_whole(void **state)
{
    size_t len, first;
    char path[64], *bytes;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_file(path), 1);
    free(help_bytes(path, &first));
    help_answer("ann", "two", 2, 1, true);
    help_keeper_dies();
    bytes = help_bytes(path, &len);
    for (size_t cut = first; cut < len; cut += 7) {
        help_write(path, bytes, cut);
        assert_int_equal(help_read_all(NULL), 1);
        assert_int_equal(help_totals().damaged, 0);
        assert_int_equal(help_file(path), 0);
        snprintf(why.text, sizeof(why.text), "%s", path);
        if (cut + 7 < len) { /* anew, with nothing brought in */
            assert_int_equal(keep_delete(&home, "shapes", 0, &why), RESULT_OK);
        }
    }
    free(bytes);
}

static void the_end_of_a_lot_that_is_being_written_is_waited_for(void **state)
{
    size_t len, first;
    char path[64], *bytes;
    int fd;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_file(path), 1);
    free(help_bytes(path, &first));
    help_answer("ann", "two", 2, 1, true);
    help_keeper_dies();
    bytes = help_bytes(path, &len);
    help_write(path, bytes, len - 5);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0); /* somebody writes */
    assert_int_equal(help_read_all(NULL), 1);
    assert_int_equal(pwrite(fd, bytes + len - 5, 5, (off_t)(len - 5)), 5);
    assert_int_equal(help_read_all(NULL), 2);
    close(fd);
    free(bytes);
}

static void what_was_tampered_with_is_refused_and_the_rest_is_not(void **state)
{
    size_t len;
    char path[64], *bytes;

    (void)state;
    for (int i = 0; i < 3; i++) {
        help_answer("ann", "one", i, 1, true);
        keeper_flush(keeper);
    }
    assert_int_equal(help_file(path), 1);
    help_keeper_dies();
    bytes = help_bytes(path, &len);
    assert_int_equal(len % 3, 0);
    bytes[len / 2] ^= 1;
    help_write(path, bytes, len);
    assert_int_equal(help_read_all(NULL), 2);
    assert_true(help_rows.first[0] == help_value(0) && help_rows.first[1] == help_value(2));
    assert_int_equal(help_totals().damaged, 1);
    assert_int_equal(help_file(path), 0);
    free(bytes);
}

static void every_byte_of_a_lot_counts(void **state)
{
    size_t len;
    char path[64], copy[64], *bytes;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_keeper_dies();
    assert_int_equal(help_file(path), 1);
    bytes = help_bytes(path, &len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x40;
        help_write(path, bytes, len);
        assert_int_equal(help_read_all(NULL), 0);
        assert_int_equal(help_file(copy), 0);
        bytes[i] ^= 0x40;
    }
    help_write(path, bytes, len);
    assert_int_equal(help_read_all(NULL), 1);
    free(bytes);
}

static void a_lot_that_stands_there_twice_counts_once(void **state)
{
    size_t len;
    char path[64], *bytes, *twice;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_keeper_dies();
    assert_int_equal(help_file(path), 1);
    bytes = help_bytes(path, &len);
    twice = malloc(2 * len);
    memcpy(twice, bytes, len);
    memcpy(twice + len, bytes, len);
    help_write(path, twice, 2 * len);
    help_write("kept/00112233445566778899aabbccddeeff.lots", bytes, len);
    assert_int_equal(help_read_all(NULL), 1);
    assert_int_equal(help_totals().damaged, 2);
    free(bytes);
    free(twice);
}

static void lots_of_another_home_do_not_open(void **state)
{
    size_t len;
    char path[64], *bytes;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_keeper_dies();
    assert_int_equal(help_file(path), 1);
    bytes = help_bytes(path, &len);
    help_teardown(NULL);
    help_setup(NULL);
    help_write(path, bytes, len);
    assert_int_equal(help_read_all(NULL), 0);
    assert_int_equal(help_totals().damaged, 1);
    free(bytes);
}

static void rows_that_were_tampered_with_in_the_database_are_passed_over(void **state)
{
    struct keep_read read;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_answer("bob", "two", 2, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(&read), 2);
    assert_int_equal(system("sqlite3 work.db \"UPDATE kept SET version = 9 WHERE id = 1\""), 0);
    assert_int_equal(help_read_all(&read), 1);
    assert_int_equal(read.damaged, 1);
    assert_string_equal(help_rows.last_id, "two");
}

/* ---- whoever dies ---- */

static void a_file_that_is_read_and_still_there_is_not_read_again(void **state)
{
    size_t len;
    char path[64], *bytes;
    int fd;

    (void)state;
    help_answer("ann", "one", 1, A_LOT, true);
    help_keeper_dies();
    assert_int_equal(help_file(path), 1);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0); /* so that it is not removed yet */
    bytes = help_bytes(path, &len);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(help_read_all(NULL), A_LOT);
        assert_int_equal(help_file(path), 1);
    }
    close(fd);
    assert_int_equal(help_read_all(NULL), A_LOT);
    assert_int_equal(help_file(path), 0);
    free(bytes);
}

/* Brings in until it is killed, or done. */
static pid_t bring_begin(void)
{
    pid_t child = fork();

    if (child == 0) {
        home.work = NULL; /* the parent's connection is not to be touched here */
        for (;;)
            if (keep_bring(&home, 1, NULL) != RESULT_OK)
                usleep(50);
    }
    return child;
}

static void whoever_is_killed_while_bringing_in_loses_no_row_and_doubles_none(void **state)
{
    int64_t rows = 0;
    pid_t child;

    (void)state;
    assert_int_equal(help_read_all(NULL), 0);
    db_close(home.work); /* no connection over fork() */
    home.work = NULL;
    for (int round = 0; round < 60; round++) {
        child = bring_begin();
        assert_true(child > 0);
        for (int i = 0; i < 40; i++, rows++) {
            help_answer("ann", "one", rows, 1, true);
            keeper_flush(keeper);
        }
        usleep((useconds_t)(round * 37 % 2000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (round % 7 == 0) {
            help_keeper_dies();
            assert_int_equal(keeper_new(&home, &keeper, &why), RESULT_OK);
        }
        db_close(home.work); /* the keeper may have looked how much there is */
        home.work = NULL;
    }
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), rows);
    for (int64_t i = 0; i < rows; i++)
        assert_true(help_rows.first[i] == help_value(i));
    assert_int_equal(help_totals().rows, rows);
    assert_int_equal(help_totals().damaged, 0);
}

static void a_job_that_is_worked_at_twice_is_kept_once(void **state)
{
    (void)state;
    help_job = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    help_answer("ann", "one", 1, 20000, true);
    help_answer("ann", "one", 1, 20000, true);
    help_job = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c";
    help_answer("ann", "one", 1, 1, true);
    help_job = "";
    help_answer("ann", "one", 1, 1, true);
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 20003);
    assert_int_equal(help_totals().rows, 20003);
    assert_int_equal(help_totals().requests, 4);
}

/* ---- bounds ---- */

static void over_the_limit_nothing_is_kept_and_it_is_counted(void **state)
{
    (void)state;
    home.config.keep_limit = 1;
    help_answer("ann", "one", 1, 5, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 5); /* it was empty when it was looked at */
    help_keeper_dies();
    assert_int_equal(keeper_new(&home, &keeper, &why), RESULT_OK);
    help_answer("ann", "two", 1, 7, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 5);
    assert_int_equal(help_totals().lost, 7);
}

static void a_disk_that_is_full_loses_rows_and_nothing_else(void **state)
{
    struct rlimit before, none;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 1);
    getrlimit(RLIMIT_FSIZE, &before);
    none = (struct rlimit){700, before.rlim_max}; /* in the midst of the second lot */
    setrlimit(RLIMIT_FSIZE, &none);
    help_answer("ann", "two", 1, 3, true);
    help_answer("ann", "three", 1, 30, true);
    keeper_flush(keeper);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(help_read_all(NULL), 1);
    usleep(1100000); /* what failed is not tried at once */
    help_answer("ann", "four", 4, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 2);
    assert_int_equal(help_totals().lost, 33);
    assert_int_equal(help_totals().damaged, 0);
}

/* ---- the truth ---- */

static enum result tell(const char *account, const char *id, int64_t first, const double *truth,
                        int64_t n, int64_t *known)
{
    const struct keep_about about = {account, id, NULL};
    struct keep_found found;
    enum result result = keep_find(&home, &about, &found, &why);

    if (result == RESULT_OK)
        result = keep_truth_set(&home, &found, first, truth, n, known, &why);
    return result;
}

static void the_truth_of_anothers_request_cannot_be_told(void **state)
{
    const double truth = 1;
    int64_t known;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    keeper_flush(keeper);
    assert_int_equal(tell("bob", "one", 0, &truth, 1, &known), RESULT_MISSING);
    assert_int_equal(tell("ann", "two", 0, &truth, 1, &known), RESULT_MISSING);
    assert_int_equal(tell("ann", "one", 0, &truth, 1, &known), RESULT_OK);
    assert_int_equal(tell(NULL, "one", 0, &truth, 1, &known), RESULT_OK);
}

static void the_truth_is_read_with_its_row_and_the_last_one_holds(void **state)
{
    const double first[] = {0, NAN, 2}, again = 1;
    int64_t known;

    (void)state;
    help_answer("ann", "one", 1, 3, true);
    keeper_flush(keeper);
    assert_int_equal(tell("ann", "one", 0, first, 3, &known), RESULT_OK);
    assert_int_equal(known, 2);
    assert_int_equal(help_read_all(NULL), 3);
    assert_int_equal(help_rows.true_rows, 2);
    assert_int_equal(tell("ann", "one", 1, &again, 1, &known), RESULT_OK);
    assert_int_equal(known, 3);
    help_read_all(NULL);
    assert_true(help_rows.truth[0] == 0 && help_rows.truth[1] == 1 && help_rows.truth[2] == 2);
    assert_int_equal(help_totals().true_requests, 1);
}

static void of_a_request_in_several_parts_all_are_told(void **state)
{
    static double truth[20000];
    int64_t known;

    (void)state;
    for (int i = 0; i < 20000; i++)
        truth[i] = i % 3;
    help_answer("ann", "one", 0, 20000, true);
    keeper_flush(keeper);
    assert_int_equal(tell("ann", "one", 0, truth, 20000, &known), RESULT_OK);
    assert_int_equal(known, 20000);
    help_read_all(NULL);
    for (int i = 0; i < 20000; i++)
        assert_true(help_rows.truth[i] == i % 3);
}

static void of_requests_of_one_id_the_newest_is_told(void **state)
{
    const double truth = 2;
    int64_t known;

    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_answer("ann", "one", 2, 1, true);
    help_answer("bob", "one", 3, 1, true);
    keeper_flush(keeper);
    assert_int_equal(tell("ann", "one", 0, &truth, 1, &known), RESULT_OK);
    help_read_all(NULL);
    assert_true(isnan(help_rows.truth[0]));
    assert_true(help_rows.truth[1] == 2);
    assert_true(isnan(help_rows.truth[2]));
}

/* ---- the end ---- */

static void what_was_an_accounts_goes_with_it_and_what_comes_in_later_too(void **state)
{
    (void)state;
    help_answer("ann", "one", 1, 1, true);
    help_answer("bob", "two", 2, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 2);
    for (int i = 0; i < 2500; i++) /* over some steps */
        help_answer("ann", "many", i, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 2502);
    help_answer("ann", "three", 3, 1, true);
    assert_int_equal(keep_forget(&home, "ann", &why), RESULT_OK);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 1);
    assert_string_equal(help_rows.last_id, "two");
    assert_int_equal(help_totals().rows, 1);
}

static void what_is_older_than_its_days_is_deleted_some_at_a_time(void **state)
{
    int64_t deleted;

    (void)state;
    help_at_us -= INT64_C(86400000000) * 10;
    for (int i = 0; i < 5; i++)
        help_answer("ann", "one", i, 1, true);
    help_at_us += INT64_C(86400000000) * 10;
    help_answer("ann", "two", 9, 1, true);
    keeper_flush(keeper);
    assert_int_equal(help_read_all(NULL), 6);
    assert_int_equal(keep_expire(&home, 3, &deleted, &why), RESULT_OK);
    assert_int_equal(deleted, 0);
    help_share(MODEL_SHARE_ALL, 5);
    assert_int_equal(keep_expire(&home, 3, &deleted, &why), RESULT_OK);
    assert_int_equal(deleted, 3);
    assert_int_equal(keep_expire(&home, 3, &deleted, &why), RESULT_OK);
    assert_int_equal(deleted, 2);
    assert_int_equal(help_read_all(NULL), 1);
    assert_string_equal(help_rows.last_id, "two");
    assert_int_equal(help_totals().requests, 1);
}

static void after_all_is_deleted_the_sums_are_nothing(void **state)
{
    const double truth = 0;
    struct keep_totals totals;
    int64_t known;

    (void)state;
    help_answer("ann", "one", 1, 20000, true);
    for (int i = 0; i < 2500; i++)
        help_answer("ann", "many", i, 1, true);
    keeper_flush(keeper);
    assert_int_equal(tell("ann", "one", 3, &truth, 1, &known), RESULT_OK);
    assert_int_equal(keep_delete(&home, "shapes", 0, &why), RESULT_OK);
    totals = help_totals();
    assert_int_equal(totals.requests, 0);
    assert_int_equal(totals.rows, 0);
    assert_int_equal(totals.bytes, 0);
    assert_int_equal(totals.true_requests, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_kept_of_a_model_without_the_setting),
        TEST(an_answer_that_was_not_given_is_not_kept),
        TEST(a_share_is_drawn_by_the_request_id_and_the_same_in_a_replay),
        TEST(the_setting_is_of_a_model_that_is_there),
        TEST(what_is_kept_is_read_again),
        TEST(of_a_large_request_the_first_rows_are_kept),
        TEST(no_value_stands_in_a_file_of_the_home),
        TEST(the_file_of_one_who_lives_stays),
        TEST(a_lot_that_is_cut_off_was_never_whole),
        TEST(the_end_of_a_lot_that_is_being_written_is_waited_for),
        TEST(what_was_tampered_with_is_refused_and_the_rest_is_not),
        TEST(every_byte_of_a_lot_counts),
        TEST(a_lot_that_stands_there_twice_counts_once),
        TEST(lots_of_another_home_do_not_open),
        TEST(rows_that_were_tampered_with_in_the_database_are_passed_over),
        TEST(a_file_that_is_read_and_still_there_is_not_read_again),
        TEST(whoever_is_killed_while_bringing_in_loses_no_row_and_doubles_none),
        TEST(a_job_that_is_worked_at_twice_is_kept_once),
        TEST(over_the_limit_nothing_is_kept_and_it_is_counted),
        TEST(a_disk_that_is_full_loses_rows_and_nothing_else),
        TEST(the_truth_of_anothers_request_cannot_be_told),
        TEST(the_truth_is_read_with_its_row_and_the_last_one_holds),
        TEST(of_a_request_in_several_parts_all_are_told),
        TEST(of_requests_of_one_id_the_newest_is_told),
        TEST(what_was_an_accounts_goes_with_it_and_what_comes_in_later_too),
        TEST(what_is_older_than_its_days_is_deleted_some_at_a_time),
        TEST(after_all_is_deleted_the_sums_are_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
