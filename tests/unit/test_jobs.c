/*
 * test_jobs.c: the rows of jobs: under whose claim, in what order, at what cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "fixture.h"
#include "gate/queue.h"
#include "store/jobs.h"
#include "store/sql.h"

enum {
    MANY = 200000,
    FEW = 10,
    CLAIMED_MAX = 64
};

static struct home home;
static struct db *db;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    return home_work(&home, &db, &why) == RESULT_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

static void good(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s", why.text);
}

static struct job_row add(const char *account)
{
    struct job_row row = {.body_bytes = 4, .created_us = 1795000000000000};

    queue_uuid(row.uuid, row.created_us);
    strcpy(row.account, account);
    strcpy(row.key, "key");
    strcpy(row.request_id, "request");
    strcpy(row.model, "iris");
    good(job_row_insert(db, &row, "body", 4, &why));
    return row;
}

/* What was claimed. */
static struct claimed {
    int64_t ids[CLAIMED_MAX];
    size_t count;
} claimed;

static int ascending(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static void claimed_note(void *arg, const struct job_row *row, const void *body, size_t len)
{
    (void)arg;
    assert_int_equal(row->status, JOB_PROCESSING);
    assert_int_equal(len, 4);
    assert_memory_equal(body, "body", 4);
    claimed.ids[claimed.count++] = row->id;
}

static size_t claim(const char *account, int64_t by, int64_t now_ns, int64_t most)
{
    claimed.count = 0;
    good(db_begin(db, &why));
    good(job_rows_claim(db, account, by, now_ns, 5, most, claimed_note, NULL, &why));
    good(db_commit(db, &why));
    qsort(claimed.ids, claimed.count, sizeof(claimed.ids[0]), ascending);
    return claimed.count;
}

static struct job_row get(const char *uuid)
{
    struct job_row row;

    good(job_row_get(db, uuid, &row, &why));
    return row;
}

static void end(struct job_row *row, enum job_status status)
{
    row->status = status;
    row->attempts++;
    row->ended_us = 100;
    row->result_bytes = 3;
}

static void a_uuid_that_is_there_is_refused(void **state)
{
    struct job_row row = add("a"), again = row;

    (void)state;
    assert_int_equal(job_row_insert(db, &again, "body", 4, &why), RESULT_EXISTS);
}

static void a_job_that_is_not_there_is_missing(void **state)
{
    struct job_row row;

    (void)state;
    assert_int_equal(job_row_get(db, "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", &row, &why),
                     RESULT_MISSING);
    assert_int_equal(job_row_cancel(db, "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", 1, &why),
                     RESULT_MISSING);
}

static void an_end_under_another_claim_is_refused(void **state)
{
    struct job_row row = add("a");
    struct buf result = {0};

    (void)state;
    assert_int_equal(claim("a", 7, 0, 10), 1);
    end(&row, JOB_COMPLETED);
    assert_int_equal(job_row_end(db, 8, &row, "bad", 3, &why), RESULT_MISSING);
    good(job_row_end(db, 7, &row, "yes", 3, &why));
    assert_int_equal(job_row_end(db, 7, &row, "bad", 3, &why), RESULT_MISSING);
    good(job_result_get(db, row.id, &result, &why));
    assert_int_equal(result.len, 3);
    assert_memory_equal(result.data, "yes", 3);
    buf_free(&result);
}

static void a_job_that_was_cancelled_is_not_ended_and_not_tried_again(void **state)
{
    struct job_row row = add("a");

    (void)state;
    assert_int_equal(claim("a", 7, 0, 10), 1);
    good(job_row_cancel(db, row.uuid, 1, &why));
    end(&row, JOB_COMPLETED);
    assert_int_equal(job_row_end(db, 7, &row, "yes", 3, &why), RESULT_MISSING);
    assert_int_equal(job_row_retry(db, 7, &row, &why), RESULT_MISSING);
    assert_int_equal(job_row_progress(db, row.id, 7, 1, 1, &why), RESULT_MISSING);
    assert_int_equal(job_row_cancel(db, row.uuid, 1, &why), RESULT_MISSING);
    assert_int_equal(claim("a", 7, INT64_MAX, 10), 0);
    assert_int_equal(get(row.uuid).status, JOB_CANCELLED);
}

static void a_row_that_is_damaged_is_told(void **state)
{
    struct job_row row = add("a");
    sqlite3 *handle;

    (void)state;
    assert_int_equal(sqlite3_open(HOME_WORK, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "UPDATE job SET status = 9", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(handle);
    assert_int_equal(job_row_get(db, row.uuid, &row, &why), RESULT_MALFORMED);
}

static void what_was_given_is_read_again(void **state)
{
    struct job_row row = add("account"), read;
    struct buf body = {0};

    (void)state;
    read = get(row.uuid);
    assert_int_equal(read.id, row.id);
    assert_string_equal(read.account, "account");
    assert_string_equal(read.model, "iris");
    assert_int_equal(read.status, JOB_PENDING);
    assert_false(read.has_score);
    good(job_body_get(db, row.id, &body, &why));
    assert_int_equal(body.len, 4);
    buf_free(&body);
}

static void the_oldest_that_are_due_are_claimed(void **state)
{
    struct job_row rows[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        rows[i] = add("a");
    assert_int_equal(claim("a", 7, 0, 1), 1);
    assert_int_equal(claimed.ids[0], rows[0].id);
    rows[0].attempts = 1;
    rows[0].due_ns = 1000;
    good(job_row_retry(db, 7, &rows[0], &why));
    assert_int_equal(claim("a", 7, 999, 2), 2);
    assert_int_equal(claimed.ids[0], rows[1].id);
    assert_int_equal(claimed.ids[1], rows[2].id);
    assert_int_equal(claim("a", 7, 1000, 10), 2);
    assert_int_equal(claimed.ids[0], rows[0].id);
    assert_int_equal(claimed.ids[1], rows[3].id);
    assert_int_equal(claim("a", 7, INT64_MAX, 10), 0);
}

static void accounts_come_in_turn(void **state)
{
    char account[KEY_ID_LEN + 1];

    (void)state;
    add("b");
    add("a");
    add("b");
    good(job_account_next(db, "", account, &why));
    assert_string_equal(account, "a");
    good(job_account_next(db, "a", account, &why));
    assert_string_equal(account, "b");
    good(job_account_next(db, "b", account, &why));
    assert_string_equal(account, "");
    assert_int_equal(claim("a", 1, 0, 9), 1);
    good(job_account_next(db, "", account, &why));
    assert_string_equal(account, "b");
}

static void all_but_one_are_handed_back(void **state)
{
    struct job_row one = add("a"), other = add("a");

    (void)state;
    assert_int_equal(claim("a", 7, 0, 10), 2);
    good(job_rows_hand_back(db, 8, 0, &why));
    assert_int_equal(get(one.uuid).status, JOB_PROCESSING);
    good(job_rows_hand_back(db, 7, one.id, &why));
    assert_int_equal(get(one.uuid).status, JOB_PROCESSING);
    assert_int_equal(get(other.uuid).status, JOB_PENDING);
    assert_int_equal(get(other.uuid).attempts, 0);
}

static void claims_note(void *arg, int64_t by)
{
    *(int64_t *)arg = *(int64_t *)arg * 10 + by;
}

static void the_claims_in_work_are_told_once_each(void **state)
{
    int64_t told = 0;

    (void)state;
    add("a");
    add("a");
    add("b");
    claim("a", 3, 0, 10);
    claim("b", 4, 0, 10);
    good(job_claims_list(db, claims_note, &told, &why));
    assert_int_equal(told, 34);
}

static void what_is_due_later_than_can_be_is_due_at_once(void **state)
{
    struct job_row row = add("a");
    int64_t due;

    (void)state;
    good(job_due_next(db, &due, &why));
    assert_int_equal(due, 0);
    claim("a", 7, 0, 1);
    good(job_due_next(db, &due, &why));
    assert_true(due == INT64_MAX);
    row.due_ns = 5000;
    good(job_row_retry(db, 7, &row, &why));
    good(job_due_mend(db, 5000, &why));
    good(job_due_next(db, &due, &why));
    assert_int_equal(due, 5000);
    good(job_due_mend(db, 4999, &why));
    good(job_due_next(db, &due, &why));
    assert_int_equal(due, 0);
}

static void totals_follow_every_change(void **state)
{
    struct job_row one = add("a"), other = add("b");
    struct job_total total;

    (void)state;
    good(job_total_get(db, "a", &total, &why));
    assert_int_equal(total.jobs, 1);
    assert_int_equal(total.open, 1);
    assert_int_equal(total.bytes, 4);
    claim("a", 7, 0, 1);
    end(&one, JOB_COMPLETED);
    good(job_row_end(db, 7, &one, "yes", 3, &why));
    good(job_total_get(db, "a", &total, &why));
    assert_int_equal(total.open, 0);
    assert_int_equal(total.bytes, 3);
    good(job_row_cancel(db, other.uuid, 1, &why));
    good(job_total_get(db, NULL, &total, &why));
    assert_int_equal(total.jobs, 2);
    assert_int_equal(total.open, 0);
    assert_int_equal(total.bytes, 3);
    good(job_row_delete(db, one.id, &why));
    good(job_total_get(db, "a", &total, &why));
    assert_int_equal(total.jobs, 0);
    good(job_total_get(db, NULL, &total, &why));
    assert_int_equal(total.jobs, 1);
}

static void count_each(void *arg, const struct job_row *row)
{
    (void)row;
    ++*(int *)arg;
}

static void what_is_forgotten_is_empty_and_expires(void **state)
{
    struct job_row row = add("a"), done = add("a"), others = add("b");
    struct buf result = {0};
    int count = 0;

    (void)state;
    claim("a", 7, 0, 1);
    end(&row, JOB_COMPLETED);
    good(job_row_end(db, 7, &row, "yes", 3, &why));
    good(job_rows_forget(db, "a", 0, 1, count_each, &count, &why));
    assert_int_equal(count, 1);
    good(job_rows_forget(db, "a", row.id, 10, count_each, &count, &why));
    assert_int_equal(count, 2);
    assert_int_equal(get(done.uuid).status, JOB_CANCELLED);
    assert_int_equal(get(others.uuid).status, JOB_PENDING);
    good(job_result_get(db, row.id, &result, &why));
    assert_int_equal(result.len, 0);
    count = 0;
    good(job_rows_expired(db, 1, 10, count_each, &count, &why));
    assert_int_equal(count, 2);
    buf_free(&result);
}

static bool list_note(void *arg, const struct job_row *row)
{
    int64_t *last = arg;

    assert_true(*last == 0 || row->id < *last);
    *last = row->id;
    claimed.ids[claimed.count++] = row->id;
    return claimed.count < CLAIMED_MAX;
}

static size_t list(const struct job_filter *filter)
{
    int64_t last = 0;

    claimed.count = 0;
    good(job_row_list(db, filter, list_note, &last, &why));
    return claimed.count;
}

static void lists_are_newest_first_and_of_what_was_asked(void **state)
{
    struct job_filter filter = {.status = JOB_STATUS__MAX};
    struct job_row rows[3] = {add("a"), add("b"), add("a")};

    (void)state;
    assert_int_equal(list(&filter), 3);
    filter.account = "a";
    assert_int_equal(list(&filter), 2);
    filter.before_id = rows[2].id;
    assert_int_equal(list(&filter), 1);
    assert_int_equal(claimed.ids[0], rows[0].id);
    filter = (struct job_filter){.status = JOB_PROCESSING};
    assert_int_equal(list(&filter), 0);
    claim("b", 7, 0, 1);
    assert_int_equal(list(&filter), 1);
    filter = (struct job_filter){.status = JOB_STATUS__MAX, .model = "none"};
    assert_int_equal(list(&filter), 0);
    filter = (struct job_filter){.status = JOB_STATUS__MAX, .limit = 2};
    assert_int_equal(list(&filter), 2);
}

/* ---- what it costs ---- */

static int plan_line(void *arg, int columns, char **values, char **names)
{
    const char *detail = values[columns - 1];
    enum sql sql = *(enum sql *)arg;

    (void)names;
    if (strncmp(detail, "SCAN", 4) == 0 && strstr(detail, "INDEX") == NULL &&
        strcmp(detail, "SCAN CONSTANT ROW") != 0)
        fail_msg("statement %d: %s", (int)sql, detail);
    if (strstr(detail, "TEMP B-TREE") != NULL)
        fail_msg("statement %d: %s", (int)sql, detail);
    return 0;
}

static void every_statement_finds_its_rows_by_an_index(void **state)
{
    char text[4096];
    sqlite3 *handle;

    (void)state;
    assert_int_equal(sqlite3_open(HOME_WORK, &handle), SQLITE_OK);
    for (enum sql sql = SQL_JOB_INSERT; sql <= SQL_JOB_TOTAL; sql++) {
        snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql_row_of(sql)->text);
        if (sqlite3_exec(handle, text, plan_line, &sql, NULL) != SQLITE_OK)
            fail_msg("statement %d: %s", (int)sql, sqlite3_errmsg(handle));
    }
    sqlite3_close(handle);
}

/* So many jobs of one account, made by the database itself. */
static void fill(sqlite3 *handle, long count)
{
    char text[640];

    snprintf(text, sizeof(text),
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %ld)"
             " INSERT INTO job (uuid, account, key, request_id, model, kind, result_kind,"
             " body_bytes, body_in_file, created_us, body)"
             " SELECT hex(randomblob(18)), 'million', 'k', 'r', 'm', 0, 0, 4, 0, 1, x'626f6479'"
             " FROM n",
             count);
    if (sqlite3_exec(handle, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(handle));
}

/* Steps of the engine's machine for a statement with these numbers bound. */
static int steps(sqlite3 *handle, enum sql sql, const char *account_at, int64_t number)
{
    sqlite3_stmt *statement;
    int count;

    assert_int_equal(sqlite3_prepare_v2(handle, sql_row_of(sql)->text, -1, &statement, NULL),
                     SQLITE_OK);
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++)
        if (account_at[i - 1] == 'a')
            sqlite3_bind_text(statement, i, "million", -1, SQLITE_STATIC);
        else
            sqlite3_bind_int64(statement, i, account_at[i - 1] == 'n' ? number : 0);
    while (sqlite3_step(statement) == SQLITE_ROW)
        ;
    count = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
    sqlite3_finalize(statement);
    return count;
}

/* Of what a runner does all the time: what it costs now. */
static int working_steps(sqlite3 *handle)
{
    int sum = 0;

    assert_int_equal(sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    sum += steps(handle, SQL_JOB_DUE_NEXT, "", 0);
    sum += steps(handle, SQL_JOB_ACCOUNT_NEXT, "0", 0);
    sum += steps(handle, SQL_JOB_CLAIM, "00a0n", 8);
    sum += steps(handle, SQL_JOB_CLAIMS, "", 0);
    sum += steps(handle, SQL_JOB_HAND_BACK, "00", 0);
    sum += steps(handle, SQL_JOB_EXPIRED, "nn", 8);
    sum += steps(handle, SQL_JOB_TOTAL, "a", 0);
    assert_int_equal(sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    return sum;
}

static void many_jobs_cost_what_few_do(void **state)
{
    sqlite3 *handle;
    int few, many;

    (void)state;
    assert_int_equal(sqlite3_open(HOME_WORK, &handle), SQLITE_OK);
    fill(handle, FEW);
    few = working_steps(handle);
    fill(handle, MANY);
    many = working_steps(handle);
    assert_true(few > 0);
    if (many > few + few / 10)
        fail_msg("%d steps with %d jobs, %d with %d", few, FEW, many, MANY);
    sqlite3_close(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_uuid_that_is_there_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_job_that_is_not_there_is_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_under_another_claim_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_job_that_was_cancelled_is_not_ended_and_not_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_damaged_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_given_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_that_are_due_are_claimed, setup, teardown),
        cmocka_unit_test_setup_teardown(accounts_come_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(all_but_one_are_handed_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_claims_in_work_are_told_once_each, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_due_later_than_can_be_is_due_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(totals_follow_every_change, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_forgotten_is_empty_and_expires, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lists_are_newest_first_and_of_what_was_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_statement_finds_its_rows_by_an_index, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_jobs_cost_what_few_do, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
