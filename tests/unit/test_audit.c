/*
 * test_audit.c: the audit trail: what shows of an attack on it, what is no fault, and that it
 * is whole whoever changes what at once, or is killed.
 */
#include "audit_help.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gate/registry.h"

/* How often the process has asked for bytes to be on the disk; the engine asks here too. */
static int synced;

int fdatasync(int fd)
{
    synced++;
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    synced++;
    return (int)syscall(SYS_fsync, fd);
}

/* ---- attacks ---- */

static void a_column_that_was_changed_shows(void **state)
{
    static const char *const changes[] = {
        "at_us = at_us + 1",
        "at_us = -at_us",
        "actor = 'cli:eve'",
        "actor = ''",
        "actor = actor || ' '",
        "actor = actor || char(0) || 'x'",
        "actor = actor || char(0)",
        "actor = actor || hex(zeroblob(100))",
        "address = '192.0.2.8'",
        "address = ''",
        "request_id = 'r-2'",
        "action = 'tier.delete'",
        "target = 'tier:x'",
        "before = '{\"limits\":\"\"}'",
        "before = ''",
        "after = '{}'",
        "after = hex(zeroblob(5000))",
        "mac = zeroblob(32)",
        "mac = zeroblob(31)",
        "mac = CAST(mac || x'00' AS BLOB)",
        "mac = (SELECT mac FROM kept WHERE seq = 1)",
        /* the same bytes, parted elsewhere */
        "actor = 'cli:ann', address = 'a' || address",
        "action = 'tier.se', target = 't' || target",
        "before = after, after = before",
        "address = request_id, request_id = address",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        for (int seq = 1; seq <= ROWS; seq += ROWS - 2) {
            if (seq == 1 && strstr(changes[i], "kept") != NULL)
                continue;
            sql("UPDATE audit SET %s WHERE seq = %d", changes[i], seq);
            assert_wrong(seq, changes[i]);
            put_back();
        }
    assert_whole(ROWS);
}

static void rows_that_were_removed_show(void **state)
{
    (void)state;
    sql("DELETE FROM audit WHERE seq = 1");
    assert_wrong(2, "the first was removed");
    put_back();
    sql("DELETE FROM audit WHERE seq = 3");
    assert_wrong(4, "one in the middle was removed");
    put_back();
    sql("DELETE FROM audit WHERE seq IN (2, 3)");
    assert_wrong(4, "two in the middle were removed");
    sql("UPDATE audit SET seq = 2 WHERE seq = 4");
    assert_wrong(2, "the gap was closed");
    put_back();
    sql("DELETE FROM audit WHERE seq = 1; UPDATE audit SET seq = seq - 1");
    assert_wrong(1, "all moved up");
    put_back();
    sql("DELETE FROM audit WHERE seq = 4");
    assert_lost(1);
    sql("DELETE FROM audit WHERE seq > 1");
    assert_lost(3);
    sql("DELETE FROM audit");
    assert_lost(4);
    put_back();
    assert_whole(ROWS);
}

static void rows_that_were_swapped_or_put_in_show(void **state)
{
    (void)state;
    sql("UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;"
        "UPDATE audit SET seq = 3 WHERE seq = 99");
    assert_wrong(2, "two were swapped");
    put_back();
    sql("INSERT INTO audit SELECT seq + 1, at_us, actor, address, request_id, action, target,"
        " before, after, mac FROM kept WHERE seq = 4");
    assert_wrong(5, "one was added at the end");
    put_back();
    sql("INSERT INTO audit SELECT 0, at_us, actor, address, request_id, action, target,"
        " before, after, mac FROM kept WHERE seq = 1");
    assert_string_not_equal(prove().problem, "");
    put_back();
    sql("INSERT INTO audit SELECT -9, at_us, actor, address, request_id, action, target,"
        " before, after, mac FROM kept WHERE seq = 1");
    assert_wrong(-9, "one was added at the beginning");
    put_back();
    sql("DELETE FROM audit WHERE seq > 2; INSERT INTO audit SELECT seq + 1, at_us, actor,"
        " address, request_id, action, target, before, after, mac FROM kept WHERE seq > 1");
    assert_wrong(3, "one was put in in the middle");
    put_back();
    assert_whole(ROWS);
}

/* Rows that a home with another secret has written. */
static void rows_of_another_home_show(void **state)
{
    static const uint8_t secret[SECRET_BYTES] = {1, 2, 3};
    struct secret_mac *own = home.audit_mac, *key = NULL, *other = NULL;

    (void)state;
    done(secret_mac_new(secret, sizeof(secret), &key, &why));
    done(audit_mac_new(key, &other, &why));
    home.audit_mac = other;
    assert_wrong(1, "all are another's");
    more(); /* and audit.head is not for it to move */
    home.audit_mac = own;
    assert_wrong(ROWS + 1, "the last is another's");
    secret_mac_free(key);
    secret_mac_free(other);
}

static void the_table_takes_no_update_and_no_delete(void **state)
{
    (void)state;
    assert_int_not_equal(sql_try("UPDATE audit SET actor = 'x'"), SQLITE_OK);
    assert_int_not_equal(sql_try("UPDATE audit SET actor = 'x' WHERE seq = 1"), SQLITE_OK);
    assert_int_not_equal(sql_try("DELETE FROM audit"), SQLITE_OK);
    assert_int_not_equal(sql_try("DELETE FROM audit WHERE seq = 1"), SQLITE_OK);
    assert_whole(1);
}

static int setup_one(void **state)
{
    setup_empty(state);
    more();
    return 0;
}

/* ---- audit.head ---- */

static void head_get(struct buf *out)
{
    done(file_read(HOME_AUDIT_HEAD, 1024, out, &why));
}

static void head_put(const void *bytes, size_t len)
{
    done(file_write_atomic(HOME_AUDIT_HEAD, bytes, len, 0600, &why));
}

static void a_head_that_is_lost_or_was_changed_shows(void **state)
{
    struct buf head = {0};

    (void)state;
    head_get(&head);
    for (size_t i = 0; i < head.len; i++) {
        head.data[i] ^= 1;
        head_put(head.data, head.len);
        assert_string_not_equal(prove().problem, "");
        head.data[i] ^= 1;
    }
    for (size_t len = 0; len < head.len; len += 13) {
        head_put(head.data, len);
        assert_string_not_equal(prove().problem, "");
    }
    buf_putc(&head, '\0');
    head_put(head.data, head.len);
    assert_string_not_equal(prove().problem, "");
    head_put(head.data, head.len - 1);
    assert_whole(ROWS);
    assert_int_equal(unlink(HOME_AUDIT_HEAD), 0);
    assert_string_not_equal(prove().problem, "");
    more(); /* which makes no new one */
    assert_int_not_equal(access(HOME_AUDIT_HEAD, F_OK), 0);
    assert_int_equal(home_make(&why), RESULT_EXISTS); /* nor does init */
    assert_non_null(strstr(why.text, "audit accept"));
    buf_free(&head);
}

static void a_head_that_is_behind_is_no_fault(void **state)
{
    struct buf head = {0};

    (void)state;
    head_get(&head);
    more();
    more();
    head_put(head.data, head.len);
    assert_whole(ROWS + 2);
    more(); /* and is brought up by the next change */
    sql("DELETE FROM audit WHERE seq = %d", ROWS + 3);
    assert_lost(1);
    buf_free(&head);
}

/* A backup put back, and changes since: as many as were lost do not hide the loss. */
static void rows_that_take_the_place_of_lost_ones_do_not_hide_them(void **state)
{
    int64_t seq;

    (void)state;
    sql("DELETE FROM audit WHERE seq > 2");
    assert_lost(2);
    for (int i = 0; i < 5; i++) {
        more();
        assert_string_not_equal(prove().problem, "");
    }
    done(audit_accept(&home, &seq, &why));
    assert_int_equal(seq, 8);
    assert_whole(8);
    assert_string_equal(last().action, "audit.accept");
    assert_string_equal(last().before, "{\"head\":4}");
    assert_string_equal(last().after, "{\"head\":7}");
    more();
    assert_whole(9);
    sql("DELETE FROM audit WHERE seq = 9");
    assert_lost(1);
}

static void an_end_that_is_accepted_is_one_and_is_on_record(void **state)
{
    int64_t seq;

    (void)state;
    assert_int_equal(unlink(HOME_AUDIT_HEAD), 0);
    done(audit_accept(&home, &seq, &why));
    assert_int_equal(seq, ROWS + 1);
    assert_whole(ROWS + 1);
    assert_string_equal(last().before, "{\"head\":null}");
    assert_string_equal(last().actor, "cli:anna");
    sql("UPDATE audit SET actor = 'x' WHERE seq = 2");
    done(audit_accept(&home, &seq, &why));
    assert_wrong(2, "the end was accepted; the middle is as it was");
}

/* ---- adding ---- */

static void a_row_in_a_transaction_that_may_be_lost_is_refused(void **state)
{
    const struct audit_note note = {"a.b", "c", "d", NULL, NULL};

    (void)state;
    assert_int_equal(audit_add(&home, &note, &why), RESULT_FAILED);
    done(db_begin(home.db, &why));
    assert_int_equal(audit_add(&home, &note, &why), RESULT_FAILED);
    db_rollback(home.db);
    done(db_begin_lasting(home.db, &why));
    done(audit_add(&home, &note, &why));
    done(db_commit(home.db, &why));
    assert_int_equal(audit_add(&home, &note, &why), RESULT_FAILED);
    audit_settle(&home);
    assert_whole(ROWS + 1);
    assert_string_equal(last().before, "{}");
    assert_string_equal(last().after, "{}");
    sql("DELETE FROM audit WHERE seq = %d", ROWS + 1);
    assert_lost(1);
}

static void what_does_not_fit_in_a_row_is_refused(void **state)
{
    char longer[AUDIT_CHANGE_MAX + 2] = "";
    struct audit_note note = {"a.b", "c", "d", NULL, NULL};

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    done(db_begin_lasting(home.db, &why));
    note.before = longer;
    assert_int_equal(audit_add(&home, &note, &why), RESULT_TOO_BIG);
    note.before = longer + 1;
    done(audit_add(&home, &note, &why));
    note.target_id = longer;
    assert_int_equal(audit_add(&home, &note, &why), RESULT_TOO_BIG);
    note.target_id = "d";
    note.action = longer;
    assert_int_equal(audit_add(&home, &note, &why), RESULT_TOO_BIG);
    done(db_commit(home.db, &why));
    audit_settle(&home);
    assert_whole(ROWS + 1);
}

static void a_change_that_is_taken_back_leaves_no_row(void **state)
{
    const struct audit_note note = {"a.b", "c", "d", NULL, NULL};

    (void)state;
    done(home_change_begin(&home, &why));
    done(audit_add(&home, &note, &why));
    assert_int_equal(home_change_end(&home, RESULT_INVALID, &why), RESULT_INVALID);
    assert_whole(ROWS);
    done(db_begin_lasting(home.db, &why));
    done(audit_add(&home, &note, &why));
    db_rollback(home.db);
    audit_settle(&home); /* of what was never there */
    assert_whole(ROWS);
    more();
    assert_whole(ROWS + 1);
}

static void several_rows_of_one_change_are_a_chain(void **state)
{
    const struct audit_note note = {"a.b", "c", "d", NULL, NULL};

    (void)state;
    done(home_change_begin(&home, &why));
    for (int i = 0; i < 3; i++)
        done(audit_add(&home, &note, &why));
    done(home_change_end(&home, RESULT_OK, &why));
    assert_whole(ROWS + 3);
    sql("DELETE FROM audit WHERE seq > %d", ROWS);
    assert_lost(3);
}

/* Fail closed would mean here that a damaged row lets nobody revoke a key any more. */
static void a_damaged_last_row_stops_no_change(void **state)
{
    (void)state;
    sql("UPDATE audit SET actor = hex(zeroblob(100)), mac = x'00' WHERE seq = %d", ROWS);
    more();
    assert_int_equal(last().seq, ROWS + 1);
    assert_wrong(ROWS, "a row was damaged");
}

static void an_actor_that_nobody_set_is_unknown(void **state)
{
    struct audit_row row;

    (void)state;
    assert_string_equal(last().actor, "cli:anna");
    assert_string_equal(last().address, "192.0.2.7");
    assert_string_equal(last().request_id, "r-1");
    memset(&home.actor, 0, sizeof(home.actor));
    more();
    row = last();
    assert_string_equal(row.actor, "unknown");
    assert_string_equal(row.address, "");
    assert_string_equal(row.request_id, "");
}

/* ---- several processes ---- */

/* A worker, or a CLI, that changes things until it has done so or is killed. */
static pid_t change_in_child(enum db_role role, const char *name, int changes)
{
    struct tier_row row = {.limits = "5/60s", .price = TIER_PRICE_CALL};
    struct home own = home; /* the settings, and that it was entered */
    pid_t child = fork();
    int failed = 0;

    assert_true(child >= 0);
    if (child != 0)
        return child;
    own.db = NULL;
    own.epoch = NULL;
    own.key_mac = own.audit_mac = NULL;
    failed = home_open(&own, role, &why) != RESULT_OK;
    snprintf(row.name, sizeof(row.name), "%s", name);
    snprintf(own.actor.name, sizeof(own.actor.name), "cli:%s", name);
    for (int i = 0; !failed && i != changes; i++) {
        snprintf(row.limits, sizeof(row.limits), "%d/60s", i + 1);
        failed = tier_set(&own, &row, &why) != RESULT_OK;
    }
    _exit(failed);
}

/* The home is closed while children have it: SQLite's locks are a process's. */
static void close_while_forking(void)
{
    home_close(&home);
}

static void open_again(void)
{
    done(home_open(&home, DB_CLI, &why));
}

static void wait_for(pid_t child, bool killed)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (killed)
        assert_true(WIFSIGNALED(status));
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void two_that_change_at_once_make_one_trail(void **state)
{
    enum {
        CHANGES = 40
    };
    pid_t one, two;

    (void)state;
    close_while_forking();
    one = change_in_child(DB_CLI, "one", CHANGES);
    two = change_in_child(DB_CLI, "two", CHANGES);
    wait_for(one, false);
    wait_for(two, false);
    open_again();
    assert_whole(2 * CHANGES);
    keep();
    sql("DELETE FROM audit WHERE seq = %d", 2 * CHANGES); /* the head is at the end */
    assert_lost(1);
}

static void a_kill_in_the_middle_of_changes_leaves_a_trail_that_is_whole(void **state)
{
    struct timespec moment = {0};
    struct audit_proof proof = {0};
    pid_t one, two;

    (void)state;
    /* As long again where nobody has come to do anything yet. */
    for (long round = 0; round < 24 || (proof.rows <= 24 && round < 1000); round++) {
        close_while_forking();
        one = change_in_child(round % 2 == 0 ? DB_WORKER : DB_CLI, "one", -1);
        two = change_in_child(DB_CLI, "two", -1);
        moment.tv_nsec = (15 + round % 24) * 1000000 + round % 24 * 137000;
        nanosleep(&moment, NULL);
        kill(one, SIGKILL);
        wait_for(one, true);
        kill(two, SIGKILL);
        wait_for(two, true);
        open_again();
        proof = prove();
        assert_whole(proof.rows);
    }
    assert_true(proof.rows > 24); /* or it was killed before it did anything */
    more();
    assert_whole(proof.rows + 1);
}

/* ---- workers ---- */

static int setup_worker(void **state)
{
    setup_empty(state);
    home_close(&home);
    done(home_open(&home, DB_WORKER, &why));
    return 0;
}

static void plain_change(const char *name)
{
    struct tier_row row = {.price = TIER_PRICE_CALL};

    snprintf(row.name, sizeof(row.name), "%s", name);
    done(db_begin(home.db, &why));
    assert_false(db_is_lasting(home.db));
    done(tier_row_set(home.db, &row, &why));
    done(db_commit(home.db, &why));
}

static void a_change_by_a_worker_counts_and_is_on_the_disk(void **state)
{
    uint64_t epoch = epoch_read(home.epoch);
    int before;

    (void)state;
    plain_change("a"); /* which begins the WAL */
    before = synced;
    plain_change("b");
    assert_int_equal(synced, before); /* as the rows of calls are */
    assert_int_equal(epoch_read(home.epoch), epoch);
    more();
    assert_true(synced > before);
    assert_true(epoch_read(home.epoch) > epoch);
    assert_true(epoch_is_settled(epoch_read(home.epoch)));
    before = synced;
    plain_change("c");
    assert_int_equal(synced, before);
    done(home_change_begin(&home, &why));
    assert_true(db_is_lasting(home.db));
    home_change_end(&home, RESULT_INVALID, &why);
    assert_false(db_is_lasting(home.db));
    plain_change("d");
    assert_int_equal(synced, before);
    assert_whole(1);
}

static void a_worker_waits_for_the_database_only_so_long(void **state)
{
    struct tier_row row = {.name = "gold", .price = TIER_PRICE_CALL};
    uint64_t epoch = epoch_read(home.epoch);
    sqlite3 *other = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(HOME_DATABASE, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(tier_set(&home, &row, &why), RESULT_BUSY);
    assert_int_equal(epoch_read(home.epoch), epoch);
    sqlite3_close(other);
    assert_false(db_is_lasting(home.db));
    done(tier_set(&home, &row, &why));
    assert_whole(1);
}

static void a_worker_waits_for_the_homes_lock_only_so_long(void **state)
{
    const struct registry_place serving = {.state = MODEL_SERVING};
    struct registry_done told;
    int lock, image;

    (void)state;
    fixture_image("made.fgm", 1);
    image = open("made.fgm", O_RDONLY | O_CLOEXEC);
    done(home_lock(DB_CLI, &lock, &why));
    assert_int_equal(registry_publish(&home, "iris", image, "made.fgm", &serving, &told, &why),
                     RESULT_BUSY);
    home_unlock(lock);
    done(registry_publish(&home, "iris", image, "made.fgm", &serving, &told, &why));
    done(home_lock(DB_CLI, &lock, &why));
    assert_int_equal(registry_retire(&home, "iris", 0, &told, &why), RESULT_BUSY);
    home_unlock(lock);
    close(image);
    assert_whole(1);
}

/* Somebody who holds the head's lock holds up no change; the head is behind then. */
static void a_head_that_is_locked_stops_no_change(void **state)
{
    int fd = open(HOME_AUDIT_HEAD, O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(flock(fd, LOCK_EX), 0);
    more();
    close(fd);
    assert_whole(1);
    more();
    assert_whole(2);
}

#define WITH_ROWS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define BY_WORKER(test) cmocka_unit_test_setup_teardown(test, setup_worker, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROWS(a_column_that_was_changed_shows),
        WITH_ROWS(rows_that_were_removed_show),
        WITH_ROWS(rows_that_were_swapped_or_put_in_show),
        WITH_ROWS(rows_of_another_home_show),
        cmocka_unit_test_setup_teardown(the_table_takes_no_update_and_no_delete, setup_one,
                                        teardown),
        WITH_ROWS(a_head_that_is_lost_or_was_changed_shows),
        WITH_ROWS(rows_that_take_the_place_of_lost_ones_do_not_hide_them),
        WITH_ROWS(a_row_in_a_transaction_that_may_be_lost_is_refused),
        WITH_ROWS(what_does_not_fit_in_a_row_is_refused),
        WITH_ROWS(a_change_that_is_taken_back_leaves_no_row),
        BY_WORKER(a_worker_waits_for_the_database_only_so_long),
        BY_WORKER(a_worker_waits_for_the_homes_lock_only_so_long),
        WITH_ROWS(a_head_that_is_behind_is_no_fault),
        WITH_ROWS(an_end_that_is_accepted_is_one_and_is_on_record),
        WITH_ROWS(several_rows_of_one_change_are_a_chain),
        WITH_ROWS(a_damaged_last_row_stops_no_change),
        WITH_ROWS(an_actor_that_nobody_set_is_unknown),
        FROM_EMPTY(two_that_change_at_once_make_one_trail),
        FROM_EMPTY(a_kill_in_the_middle_of_changes_leaves_a_trail_that_is_whole),
        BY_WORKER(a_change_by_a_worker_counts_and_is_on_the_disk),
        BY_WORKER(a_head_that_is_locked_stops_no_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
