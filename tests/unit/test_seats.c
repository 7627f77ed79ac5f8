/*
 * test_seats.c: who has something in hand, whether that one lives, and the bell.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/seats.h"

static char path[64];
static struct seats *seats;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/forestgate-seats.XXXXXX");
    close(mkstemp(path));
    return seats_open(path, &seats, &why) == RESULT_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    seats_close(seats);
    unlink(path);
    return 0;
}

/* A process that has a seat, and what it has in hand; it waits to be killed. */
struct sitter {
    pid_t pid;
    int64_t token;
};

static struct sitter sitter_start(enum seat_kind kind, int64_t holds)
{
    struct sitter sitter;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    sitter.pid = fork();
    assert_true(sitter.pid >= 0);
    if (sitter.pid == 0) {
        struct seats *own;

        if (seats_open(path, &own, &why) != RESULT_OK ||
            seats_take(own, kind, &why) != RESULT_OK)
            _exit(1);
        seats_hold(own, holds);
        sitter.token = seats_token(own);
        if (write(ends[1], &sitter.token, sizeof(sitter.token)) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &sitter.token, sizeof(sitter.token)), sizeof(sitter.token));
    close(ends[0]);
    return sitter;
}

static void sitter_kill(const struct sitter *sitter)
{
    kill(sitter->pid, SIGKILL);
    assert_int_equal(waitpid(sitter->pid, NULL, 0), sitter->pid);
}

static void a_file_of_another_size_is_refused(void **state)
{
    char other[] = "/tmp/forestgate-seats.XXXXXX";
    struct seats *none;
    int fd = mkstemp(other);

    (void)state;
    assert_int_equal(write(fd, "seats", 5), 5);
    close(fd);
    assert_int_equal(seats_open(other, &none, &why), RESULT_MALFORMED);
    assert_null(none);
    unlink(other);
}

static void more_than_there_are_seats_are_refused(void **state)
{
    static struct seats *others[SEATS_MAX];
    struct seat_view view;

    (void)state;
    for (int i = 0; i < SEATS_MAX; i++) {
        assert_int_equal(seats_open(path, &others[i], &why), RESULT_OK);
        assert_int_equal(seats_take(others[i], SEAT_WORKER, &why), RESULT_OK);
    }
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_FULL);
    assert_true(seats_find(others[0], seats_token(others[SEATS_MAX - 1]), &view));
    seats_close(others[7]);
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    for (int i = 0; i < SEATS_MAX; i++)
        if (i != 7)
            seats_close(others[i]);
}

static void a_dead_process_shows_by_its_lock(void **state)
{
    struct sitter sitter = sitter_start(SEAT_RUNNER, 42);
    struct seat_view view;

    (void)state;
    assert_true(seats_find(seats, sitter.token, &view));
    assert_true(view.lives);
    assert_int_equal(view.holds, 42);
    sitter_kill(&sitter);
    assert_true(seats_find(seats, sitter.token, &view));
    assert_false(view.lives);
    assert_int_equal(view.holds, 42);
    assert_int_equal(view.kind, SEAT_RUNNER);
}

static void a_process_that_stands_still_lives(void **state)
{
    struct sitter sitter = sitter_start(SEAT_RUNNER, 1);
    struct seat_view view;

    (void)state;
    kill(sitter.pid, SIGSTOP);
    assert_int_equal(waitpid(sitter.pid, NULL, WUNTRACED), sitter.pid);
    assert_true(seats_find(seats, sitter.token, &view));
    assert_true(view.lives);
    sitter_kill(&sitter);
}

static void a_process_that_stands_still_can_be_killed(void **state)
{
    struct sitter sitter = sitter_start(SEAT_RUNNER, 1);
    int status;

    (void)state;
    kill(sitter.pid, SIGSTOP);
    assert_int_equal(waitpid(sitter.pid, NULL, WUNTRACED), sitter.pid);
    assert_true(seats_kill(seats, sitter.token));
    assert_int_equal(waitpid(sitter.pid, &status, 0), sitter.pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_false(seats_kill(seats, sitter.token));
}

static void nobody_kills_for_a_seat_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    assert_false(seats_kill(seats, seats_token(seats))); /* its own */
    assert_false(seats_kill(seats, 12345));
}

static void the_seat_of_a_dead_runner_is_kept_until_it_was_looked_at(void **state)
{
    struct sitter sitter = sitter_start(SEAT_RUNNER, 3);
    struct seat_view view;

    (void)state;
    sitter_kill(&sitter);
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    assert_true(seats_find(seats, sitter.token, &view));
    seats_clear(seats, sitter.token);
    assert_false(seats_find(seats, sitter.token, &view));
}

static void the_seat_of_a_dead_worker_is_anybodys(void **state)
{
    struct sitter sitter = sitter_start(SEAT_WORKER, 3);
    struct seat_view view;

    (void)state;
    sitter_kill(&sitter);
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    assert_false(seats_find(seats, sitter.token, &view));
    assert_int_not_equal(seats_token(seats), sitter.token);
}

static void whose_seat_was_cleared_finds_it_lost(void **state)
{
    struct seats *other;
    int64_t before;

    (void)state;
    assert_int_equal(seats_open(path, &other, &why), RESULT_OK);
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    before = seats_token(seats);
    assert_false(seats_is_lost(seats));
    seats_clear(other, before);
    assert_true(seats_is_lost(seats));
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    assert_false(seats_is_lost(seats));
    assert_int_not_equal(seats_token(seats), before);
    seats_close(other);
}

static void a_seat_that_is_given_back_is_nobodys(void **state)
{
    struct seats *other;
    struct seat_view view;
    int64_t token;

    (void)state;
    assert_int_equal(seats_open(path, &other, &why), RESULT_OK);
    assert_int_equal(seats_take(other, SEAT_RUNNER, &why), RESULT_OK);
    token = seats_token(other);
    assert_true(seats_find(seats, token, &view));
    seats_close(other);
    assert_false(seats_find(seats, token, &view));
}

static void a_beat_is_seen_by_others(void **state)
{
    struct seats *other;
    struct seat_view before, after;

    (void)state;
    assert_int_equal(seats_open(path, &other, &why), RESULT_OK);
    assert_int_equal(seats_take(other, SEAT_RUNNER, &why), RESULT_OK);
    assert_true(seats_find(seats, seats_token(other), &before));
    assert_true(seats_find(seats, seats_token(other), &after));
    assert_int_equal(before.beats, after.beats);
    seats_beat(other);
    assert_true(seats_find(seats, seats_token(other), &after));
    assert_int_not_equal(before.beats, after.beats);
    seats_close(other);
}

static void a_bell_that_rang_before_the_wait_ends_it_at_once(void **state)
{
    uint32_t bell = seats_bell(seats);

    (void)state;
    seats_ring(seats);
    assert_true(seats_wait(seats, bell, 600000));
}

static void a_bell_that_nobody_rings_lets_the_wait_end(void **state)
{
    (void)state;
    assert_false(seats_wait(seats, seats_bell(seats), 10));
}

static void a_bell_wakes_another_process(void **state)
{
    uint32_t bell = seats_bell(seats);
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        struct seats *own;

        alarm(60);
        if (seats_open(path, &own, &why) != RESULT_OK)
            _exit(2);
        _exit(seats_wait(own, bell, 50000) ? 0 : 1);
    }
    seats_ring(seats);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_file_that_was_removed_is_an_orphan(void **state)
{
    (void)state;
    assert_false(seats_is_orphan(seats));
    unlink(path);
    assert_true(seats_is_orphan(seats));
}

static void seen(void *arg, const struct seat_view *view)
{
    int64_t *sum = arg;

    *sum += view->holds;
}

static void all_that_are_taken_are_told(void **state)
{
    struct sitter one = sitter_start(SEAT_RUNNER, 100), other = sitter_start(SEAT_WORKER, 20);
    int64_t sum = 0;

    (void)state;
    assert_int_equal(seats_take(seats, SEAT_RUNNER, &why), RESULT_OK);
    seats_hold(seats, 3);
    seats_each(seats, seen, &sum);
    assert_int_equal(sum, 123);
    sitter_kill(&one);
    sitter_kill(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_of_another_size_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_there_are_seats_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_process_shows_by_its_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_that_stands_still_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_that_stands_still_can_be_killed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nobody_kills_for_a_seat_that_is_not_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            the_seat_of_a_dead_runner_is_kept_until_it_was_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(the_seat_of_a_dead_worker_is_anybodys, setup, teardown),
        cmocka_unit_test_setup_teardown(whose_seat_was_cleared_finds_it_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_seat_that_is_given_back_is_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_beat_is_seen_by_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bell_that_rang_before_the_wait_ends_it_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bell_that_nobody_rings_lets_the_wait_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bell_wakes_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_was_removed_is_an_orphan, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_are_taken_are_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
