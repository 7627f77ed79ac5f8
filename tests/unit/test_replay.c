/*
 * test_replay.c: answers that may be asked for again: what is no key first, then who has one
 * in flight, what is kept, and how all of it ends.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/file.h"
#include "fixture.h"
#include "gate/queue.h"
#include "gate/replay.h"

static const char ann[] = "0123456789ab", bob[] = "ba9876543210";
static const uint8_t one[REPLAY_DIGEST_BYTES] = "the digest of all that is asked",
                     two[REPLAY_DIGEST_BYTES] = {2};

static struct home home;
static struct replay *replay;
static struct replay_row row;
static struct buf body;
static struct reason why;
static int fd;

static void ok(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s: %s", result_text(result), why.text);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    ok(replay_new(&home, &replay, &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    replay_free(replay);
    buf_free(&body);
    fixture_close(&home);
    return 0;
}

/* What a key is found to be. */
static enum replay_found begin(const char *account, const char *key, const uint8_t *asked)
{
    const struct replay_request request = {account, key, asked};
    enum replay_found found = REPLAY_FOUND__MAX;

    buf_clear(&body, SIZE_MAX);
    ok(replay_begin(replay, &request, &row, &body, &fd, &found, &why));
    return found;
}

static enum result end(const char *text, int file)
{
    row.status = 200;
    row.version = 3;
    strcpy(row.model, "iris");
    strcpy(row.type, "text/plain");
    strcpy(row.headers, "Vary: Accept\r\n");
    return replay_end(replay, &row, text, strlen(text), file, &why);
}

static void keep(const char *account, const char *key, const char *text)
{
    assert_int_equal(begin(account, key, one), REPLAY_NEW);
    ok(end(text, -1));
}

static void is_kept(const char *account, const char *key, const char *text)
{
    assert_int_equal(begin(account, key, one), REPLAY_KEPT);
    assert_int_equal(row.status, 200);
    assert_int_equal(row.version, 3);
    assert_string_equal(row.model, "iris");
    assert_string_equal(row.type, "text/plain");
    assert_string_equal(row.headers, "Vary: Accept\r\n");
    assert_int_equal(row.bytes, strlen(text));
    assert_string_equal(body.data, text);
    assert_int_equal(fd, -1);
}

/* Past the verbs. */
static void sql(const char *text)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(HOME_WORK, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int64_t count(const char *text)
{
    sqlite3_stmt *statement;
    int64_t number;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(HOME_WORK, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

/*
 * Another process of the home that begins a key and has it in flight, as it says by a byte;
 * then it does what it is told by another: 'x' dies, 'g' lets go and lives, 'e' ends it.
 */
struct other {
    pid_t pid;
    int from, to;
};

static void other_run(int from, int to, const char *key)
{
    const struct replay_request request = {ann, key, one};
    struct home mine = {.config = home.config};
    enum replay_found found = REPLAY_KEPT;
    char told;

    if (home_open(&mine, DB_WORKER, &why) != RESULT_OK ||
        replay_new(&mine, &replay, &why) != RESULT_OK ||
        replay_begin(replay, &request, &row, &body, &fd, &found, &why) != RESULT_OK)
        _exit(1);
    told = found == REPLAY_NEW ? 'n' : 'o';
    while (write(to, &told, 1) == 1 && read(from, &told, 1) == 1) {
        if (told == 'x')
            raise(SIGKILL);
        if (told == 'g')
            replay_let_go(replay);
        if (told == 'e')
            told = end("theirs", -1) == RESULT_OK ? 'k' : 'f';
    }
    _exit(0);
}

static char other_says(const struct other *other)
{
    char said = '?';

    assert_int_equal(read(other->from, &said, 1), 1);
    return said;
}

static struct other other_start(const char *key)
{
    int there[2], back[2];
    struct other other;

    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    /* Nothing of a database is carried over a fork. */
    replay_free(replay);
    home_close(&home);
    other.pid = fork();
    assert_true(other.pid >= 0);
    if (other.pid == 0) {
        close(there[1]);
        close(back[0]);
        other_run(there[0], back[1], key);
    }
    close(there[0]);
    close(back[1]);
    other.from = back[0];
    other.to = there[1];
    ok(home_open(&home, DB_CLI, &why));
    ok(replay_new(&home, &replay, &why));
    assert_int_equal(other_says(&other), 'n');
    return other;
}

static void other_tell(const struct other *other, char what)
{
    assert_int_equal(write(other->to, &what, 1), 1);
}

static void other_end(const struct other *other)
{
    close(other->to);
    close(other->from);
    waitpid(other->pid, NULL, 0);
}

/* ---- the header ---- */

static void what_is_no_key_is_refused(void **state)
{
    static const char *const bad[] = {
        "",       " ",        "\"\"",         "\"",          "\"a",        "a\"",   "a b",
        "a,b",    "a\\b",     "\"a\" b",      "\"a\",\"b\"", "\"a\";q=1",  "\"a\\", "\"a\\b\"",
        "\"\t\"", "\"\x7f\"", "\"\xc3\xa4\"", "\xc3\xa4",    "\"a\"\"b\"", "?1 ?0", ":YQ==: x",
    };
    char key[REPLAY_KEY_MAX + 1], text[REPLAY_KEY_MAX + 8];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (replay_key_read(bad[i], key))
            fail_msg("taken: %s", bad[i]);
    memset(text, 'k', sizeof(text));
    text[REPLAY_KEY_MAX + 1] = '\0';
    assert_false(replay_key_read(text, key));
    text[0] = text[REPLAY_KEY_MAX + 2] = '"';
    text[REPLAY_KEY_MAX + 1] = 'k';
    text[REPLAY_KEY_MAX + 3] = '\0';
    assert_false(replay_key_read(text, key));
}

static void a_string_and_the_same_characters_bare_are_one_key(void **state)
{
    static const struct {
        const char *text, *key;
    } rows[] = {
        {"a", "a"},
        {"\"a\"", "a"},
        {" \"a\" ", "a"},
        {"\"a b,c\"", "a b,c"},
        {"\"a\\\"b\\\\c\"", "a\"b\\c"},
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
    };
    char key[REPLAY_KEY_MAX + 1], longest[REPLAY_KEY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(replay_key_read(rows[i].text, key));
        assert_string_equal(key, rows[i].key);
    }
    memset(longest, 'k', REPLAY_KEY_MAX);
    longest[REPLAY_KEY_MAX] = '\0';
    assert_true(replay_key_read(longest, key));
    assert_string_equal(key, longest);
}

/* ---- in flight ---- */

static void a_key_in_flight_is_found_so_by_another_process_until_that_one_dies(void **state)
{
    struct other other = other_start("key");

    (void)state;
    assert_int_equal(begin(ann, "key", one), REPLAY_IN_FLIGHT);
    assert_int_equal(begin(ann, "key", two), REPLAY_OTHER);
    assert_int_equal(begin(bob, "key", two), REPLAY_NEW);
    replay_let_go(replay);
    other_tell(&other, 'x');
    waitpid(other.pid, NULL, 0);
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
    ok(end("ours", -1));
    assert_int_equal(begin(ann, "key", two), REPLAY_KEPT);
    other_end(&other);
}

static void a_key_that_was_let_go_is_free_though_its_process_lives(void **state)
{
    struct other other = other_start("key");

    (void)state;
    other_tell(&other, 'g');
    assert_int_equal(other_says(&other), 'g');
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
    ok(end("ours", -1));
    other_end(&other);
}

static void who_lost_a_key_to_another_keeps_nothing_under_it(void **state)
{
    struct other other = other_start("key");

    (void)state;
    sql("UPDATE replay SET claim = claim - 1"); /* as if it had been taken for dead */
    other_tell(&other, 'e');
    assert_int_equal(other_says(&other), 'f');
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
    other_end(&other);
}

static void an_answer_that_another_process_kept_is_found(void **state)
{
    struct other other = other_start("key");

    (void)state;
    other_tell(&other, 'e');
    assert_int_equal(other_says(&other), 'k');
    is_kept(ann, "key", "theirs");
    other_end(&other);
    is_kept(ann, "key", "theirs");
}

static void nothing_is_kept_without_a_key_in_flight(void **state)
{
    (void)state;
    assert_int_equal(end("nothing", -1), RESULT_FAILED);
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    replay_let_go(replay);
    assert_int_equal(end("nothing", -1), RESULT_FAILED);
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
}

static void who_cannot_be_noted_takes_nothing(void **state)
{
    const struct replay_request request = {ann, "key", one};
    enum replay_found found;
    sqlite3 *db;

    (void)state;
    home.role = DB_WORKER;
    assert_int_equal(sqlite3_open(HOME_WORK, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(replay_begin(replay, &request, &row, &body, &fd, &found, &why),
                     RESULT_BUSY);
    assert_int_equal(end("nothing", -1), RESULT_FAILED);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
}

/* ---- what is kept ---- */

static void a_kept_answer_is_of_one_account_one_key_and_one_request(void **state)
{
    (void)state;
    keep(ann, "key", "the answer");
    is_kept(ann, "key", "the answer");
    assert_int_equal(begin(ann, "key", two), REPLAY_OTHER);
    assert_int_equal(body.len, 0);
    assert_int_equal(begin(ann, "keys", one), REPLAY_NEW);
    replay_let_go(replay);
    assert_int_equal(begin(bob, "key", one), REPLAY_NEW);
    replay_let_go(replay);
    is_kept(ann, "key", "the answer");
}

static void whether_one_is_kept_can_be_asked_without_the_request(void **state)
{
    bool kept = true;

    (void)state;
    ok(replay_is_kept(replay, ann, "key", &kept, &why));
    assert_false(kept);
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    ok(replay_is_kept(replay, ann, "key", &kept, &why));
    assert_false(kept);
    ok(end("the answer", -1));
    ok(replay_is_kept(replay, ann, "key", &kept, &why));
    assert_true(kept);
    ok(replay_is_kept(replay, bob, "key", &kept, &why));
    assert_false(kept);
}

static void neither_key_nor_request_is_in_the_database(void **state)
{
    struct buf file = {0};

    (void)state;
    keep(ann, "a-key-of-ann", "the answer");
    home_close(&home);
    ok(file_read(HOME_WORK, SIZE_MAX, &file, &why));
    assert_non_null(memmem(file.data, file.len, "the answer", 10));
    assert_null(memmem(file.data, file.len, "a-key-of-ann", 12));
    assert_null(memmem(file.data, file.len, one, sizeof(one)));
    buf_free(&file);
    ok(home_open(&home, DB_CLI, &why));
}

static int file_of(const char *text)
{
    int file;

    ok(file_nameless(HOME_JOBS, &file, &why));
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    return file;
}

static void a_large_answer_is_a_file_until_it_expires(void **state)
{
    char text[16] = {0};
    int file = file_of("a large one");

    (void)state;
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    ok(end("a large one", file));
    close(file);
    assert_int_equal(begin(ann, "key", one), REPLAY_KEPT);
    assert_true(fd >= 0 && row.in_file);
    assert_int_equal(read(fd, text, sizeof(text) - 1), 11);
    assert_string_equal(text, "a large one");
    close(fd);
    assert_int_equal(access(HOME_JOBS "/1.kept", F_OK), 0);
    sql("UPDATE replay SET at_us = 5");
    ok(replay_expire(&home, 10, &why));
    assert_int_equal(access(HOME_JOBS "/1.kept", F_OK), -1);
    assert_int_equal(count("SELECT count(*) FROM replay"), 0);
}

static void a_file_whose_key_is_taken_anew_goes(void **state)
{
    int file = file_of("a large one");

    (void)state;
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    ok(end("a large one", file));
    close(file);
    sql("UPDATE replay SET at_us = 5");
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
    assert_int_equal(access(HOME_JOBS "/1.kept", F_OK), -1);
    ok(end("small", -1));
    assert_int_equal(begin(ann, "key", two), REPLAY_KEPT);
    assert_string_equal(body.data, "small");
}

static void a_file_without_a_row_is_swept_and_no_other(void **state)
{
    int file = file_of("a large one");

    (void)state;
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    ok(end("a large one", file));
    close(file);
    assert_int_equal(symlink("nowhere", HOME_JOBS "/2.kept"), 0);
    assert_true(replay_file_is("2.kept"));
    assert_false(replay_file_is(".kept"));
    assert_false(replay_file_is("x.kept"));
    assert_false(replay_file_is("2.keep"));
    ok(replay_file_sweep(&home, "1.kept", &why));
    ok(replay_file_sweep(&home, "2.kept", &why));
    assert_int_equal(access(HOME_JOBS "/1.kept", F_OK), 0);
    assert_int_equal(unlink(HOME_JOBS "/2.kept"), -1);
}

/* ---- with what was asked for ---- */

static bool refusing;

static enum result also(void *arg, const struct job_row *job, struct reason *reason)
{
    enum result result;

    (void)arg;
    row.status = 202;
    strcpy(row.type, "application/json");
    result = replay_end_within(replay, &row, job->uuid, JOB_UUID_LEN, reason);
    return refusing ? reason_set(reason, RESULT_IO, "not today") : result;
}

static enum result submit(struct job_row *job)
{
    const struct queue_also with = {also, NULL};

    memset(job, 0, sizeof(*job));
    strcpy(job->account, ann);
    strcpy(job->key, ann);
    strcpy(job->request_id, "request");
    strcpy(job->model, "iris");
    job->body_bytes = 4;
    return queue_submit(&home, job, "body", 4, -1, &with, &why);
}

static void a_job_and_the_answer_that_names_it_are_there_both_or_neither(void **state)
{
    struct job_row job;

    (void)state;
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    refusing = true;
    assert_int_equal(submit(&job), RESULT_IO);
    assert_int_equal(count("SELECT count(*) FROM job"), 0);
    replay_let_go(replay);
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    refusing = false;
    ok(submit(&job));
    replay_let_go(replay);
    assert_int_equal(count("SELECT count(*) FROM job"), 1);
    assert_int_equal(begin(ann, "key", one), REPLAY_KEPT);
    assert_int_equal(row.status, 202);
    assert_string_equal(body.data, job.uuid);
}

static void a_job_is_not_made_for_a_key_that_another_has_by_now(void **state)
{
    struct job_row job;

    (void)state;
    assert_int_equal(begin(ann, "key", one), REPLAY_NEW);
    sql("UPDATE replay SET claim = claim - 1");
    assert_int_equal(submit(&job), RESULT_MISSING);
    assert_int_equal(count("SELECT count(*) FROM job"), 0);
}

/* ---- how it ends ---- */

static void an_expired_answer_is_none_and_some_are_deleted_at_a_time(void **state)
{
    char key[16];

    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof(key), "key-%d", i);
        keep(ann, key, "an answer");
    }
    sql("UPDATE replay SET at_us = at_us - 86401000000 WHERE id <= 4");
    assert_int_equal(begin(ann, "key-1", two), REPLAY_NEW); /* it is of now again */
    ok(end("another", -1));
    ok(replay_expire(&home, 2, &why));
    assert_int_equal(count("SELECT count(*) FROM replay"), 3);
    ok(replay_expire(&home, 2, &why));
    ok(replay_expire(&home, 2, &why));
    assert_int_equal(count("SELECT count(*) FROM replay"), 2);
    is_kept(ann, "key-4", "an answer");
}

static void what_is_in_flight_for_long_is_not_deleted(void **state)
{
    struct other other = other_start("key");

    (void)state;
    sql("UPDATE replay SET at_us = 5");
    ok(replay_expire(&home, 10, &why));
    assert_int_equal(count("SELECT count(*) FROM replay"), 1);
    other_tell(&other, 'x');
    waitpid(other.pid, NULL, 0);
    ok(replay_expire(&home, 10, &why));
    assert_int_equal(count("SELECT count(*) FROM replay"), 0);
    other_end(&other);
}

static void an_account_that_is_forgotten_has_no_answers(void **state)
{
    (void)state;
    keep(ann, "key", "of ann");
    keep(bob, "key", "of bob");
    ok(replay_forget(&home, ann, &why));
    assert_int_equal(count("SELECT count(*) FROM replay WHERE body IS NOT NULL"), 1);
    assert_int_equal(begin(ann, "key", two), REPLAY_NEW);
    replay_let_go(replay);
    is_kept(bob, "key", "of bob");
}

static void who_has_as_much_as_may_be_is_told_from_when_on_there_is_room(void **state)
{
    const struct replay_request request = {ann, "third", one};
    enum replay_found found;

    (void)state;
    keep(ann, "first", "the first");
    keep(ann, "second", "the second");
    assert_int_equal(count("SELECT bytes FROM replay_total"), 2 * 512 + 9 + 10);
    sql("UPDATE replay SET at_us = 3600000000 WHERE id = 1");
    home.config.idempotency_bytes_limit = 1024;
    home.config.idempotency_retention = clock_wall_us() / 1000000;
    assert_int_equal(replay_begin(replay, &request, &row, &body, &fd, &found, &why),
                     RESULT_DENIED);
    assert_int_equal(row.at_us, 3600000000 + home.config.idempotency_retention * 1000000);
    is_kept(ann, "second", "the second");
    assert_int_equal(begin(bob, "third", one), REPLAY_NEW);
    replay_let_go(replay);
    sql("DELETE FROM replay WHERE id = 1");
    assert_int_equal(begin(ann, "third", one), REPLAY_NEW);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_string_and_the_same_characters_bare_are_one_key),
        EACH(a_key_in_flight_is_found_so_by_another_process_until_that_one_dies),
        EACH(a_key_that_was_let_go_is_free_though_its_process_lives),
        EACH(who_lost_a_key_to_another_keeps_nothing_under_it),
        EACH(an_answer_that_another_process_kept_is_found),
        EACH(nothing_is_kept_without_a_key_in_flight),
        EACH(who_cannot_be_noted_takes_nothing),
        EACH(a_kept_answer_is_of_one_account_one_key_and_one_request),
        EACH(whether_one_is_kept_can_be_asked_without_the_request),
        EACH(neither_key_nor_request_is_in_the_database),
        EACH(a_large_answer_is_a_file_until_it_expires),
        EACH(a_file_whose_key_is_taken_anew_goes),
        EACH(a_file_without_a_row_is_swept_and_no_other),
        EACH(a_job_and_the_answer_that_names_it_are_there_both_or_neither),
        EACH(a_job_is_not_made_for_a_key_that_another_has_by_now),
        EACH(an_expired_answer_is_none_and_some_are_deleted_at_a_time),
        EACH(what_is_in_flight_for_long_is_not_deleted),
        EACH(an_account_that_is_forgotten_has_no_answers),
        EACH(who_has_as_much_as_may_be_is_told_from_when_on_there_is_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
