/*
 * test_counters.c: requests that many processes count, who are killed while they do.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/counters.h"

enum {
    PROCESSES = 4,
    ROUNDS = 20,
    NAMES = 40,
    MS_NS = 1000000
};

static char path[64];
static struct counters *counters;
static struct reason why;

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/forestgate-counters.XXXXXX");
    close(mkstemp(path));
    return counters_open(path, &counters, &why) == RESULT_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    counters_close(counters);
    unlink(path);
    return 0;
}

/* The answers of a status that a series has. */
static uint64_t answers(size_t series, unsigned wanted)
{
    uint64_t count, sum = 0;
    unsigned status;

    for (size_t i = 0; counters_status(counters, series, i, &status, &count); i++)
        sum += status == wanted ? count : 0;
    return sum;
}

static uint64_t all_of(size_t series)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum += counters_bucket(counters, series, i);
    return sum;
}

static void nothing_is_counted_without_counters(void **state)
{
    unsigned workers = 9, busy = 9;

    (void)state;
    counters_add(NULL, COUNTER_STARTS);
    counters_request(NULL, 0, 200, 1);
    counters_busy(NULL, true);
    counters_workers(NULL, &workers, &busy);
    assert_int_equal(workers + busy, 0);
    assert_int_equal(counters_series(NULL, "GET /"), 0);
    assert_int_equal(counters_value(NULL, COUNTER_STARTS), 0);
    assert_null(counters_series_name(NULL, 0));
    assert_false(counters_is_orphan(NULL));
    counters_close(NULL);
}

static void what_is_not_the_file_is_made_anew_and_who_has_it_is_told(void **state)
{
    static const char *const texts[] = {"", "x", "fgcnt"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct counters *again;
        FILE *file;

        counters_add(counters, COUNTER_STARTS);
        unlink(path);
        file = fopen(path, "w");
        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        assert_int_equal(counters_open(path, &again, &why), RESULT_OK);
        assert_int_equal(counters_value(again, COUNTER_STARTS), 0);
        assert_true(counters_is_orphan(counters));
        assert_false(counters_is_orphan(again));
        counters_close(counters);
        counters = again;
    }
}

static void a_bit_of_another_layout_is_made_anew(void **state)
{
    struct counters *again;
    FILE *file = fopen(path, "r+");

    (void)state;
    counters_add(counters, COUNTER_STARTS);
    assert_non_null(file);
    fseek(file, 7, SEEK_SET);
    fputc(2, file);
    fclose(file);
    assert_int_equal(counters_open(path, &again, &why), RESULT_OK);
    assert_int_equal(counters_value(again, COUNTER_STARTS), 0);
    counters_close(again);
}

static void every_status_has_its_own_number_and_strange_ones_stay_in_their_class(void **state)
{
    static const unsigned statuses[] = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
                                        409, 413, 415, 422, 429, 431, 451, 500, 503, 511};
    size_t series = counters_series(counters, "GET /");

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        counters_request(counters, series, statuses[i], 1);
        assert_int_equal(answers(series, statuses[i]), 1);
    }
    counters_request(counters, series, 299, 1);
    assert_int_equal(answers(series, 215), 1);
    counters_request(counters, series, 100, 1);
    assert_int_equal(answers(series, 200), 2);
    counters_request(counters, series, 999, 1);
    assert_int_equal(answers(series, 511), 2);
    assert_int_equal(all_of(series), sizeof(statuses) / sizeof(statuses[0]) + 3);
}

static void a_duration_is_in_the_first_bucket_that_it_is_not_over(void **state)
{
    size_t series = counters_series(counters, "GET /");

    (void)state;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        uint64_t ns = (uint64_t)histogram_bounds[i].us * 1000;

        assert_int_equal(histogram_bucket(ns), i);
        assert_int_equal(histogram_bucket(ns + 1), i + 1);
        assert_true(strtod(histogram_bounds[i].seconds, NULL) * 1e9 == (double)ns);
    }
    assert_int_equal(histogram_bucket(0), 0);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BOUNDS);
    counters_request(counters, series, 200, 3 * MS_NS);
    counters_request(counters, series, 200, 4 * MS_NS);
    assert_int_equal(counters_bucket(counters, series, histogram_bucket(4 * MS_NS)), 2);
    assert_int_equal(counters_sum_ns(counters, series), 7 * MS_NS);
}

static void names_there_is_no_room_for_are_counted_together(void **state)
{
    char name[COUNTERS_NAME_MAX + 2], long_name[COUNTERS_NAME_MAX + 2];

    (void)state;
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(counters_series(counters, long_name), 0);
    for (int i = 1; i < COUNTERS_SERIES_MAX; i++) {
        snprintf(name, sizeof(name), "GET /%d", i);
        assert_int_equal(counters_series(counters, name), i);
    }
    assert_int_equal(counters_series(counters, "GET /one more"), 0);
    assert_int_equal(counters_series(counters, "GET /7"), 7);
    assert_string_equal(counters_series_name(counters, 7), "GET /7");
    assert_string_equal(counters_series_name(counters, 0), "");
    assert_null(counters_series_name(counters, COUNTERS_SERIES_MAX));
}

/* A worker that starts in the place of one that died has a lock that came last. */
static void workers_are_counted_in_whatever_order_they_took_their_places(void **state)
{
    struct counters *others[5];
    unsigned workers, busy;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(counters_open(path, &others[i], &why), RESULT_OK);
    for (size_t i = 0; i < 5; i += 2) {
        counters_close(others[i]);
        assert_int_equal(counters_open(path, &others[i], &why), RESULT_OK);
        counters_busy(others[i], true);
        counters_workers(counters, &workers, &busy);
        assert_int_equal(workers, 6);
        assert_int_equal(busy, i / 2 + 1);
    }
    counters_close(others[4]);
    counters_close(others[0]);
    counters_workers(counters, &workers, &busy);
    assert_int_equal(workers, 4);
    assert_int_equal(busy, 1);
    for (size_t i = 1; i < 4; i++)
        counters_close(others[i]);
}

/* What the children have done, as they say themselves: after each step, so never too much. */
static _Atomic uint64_t *done;

static void child(int number)
{
    struct counters *own;
    char name[32];

    if (counters_open(path, &own, &why) != RESULT_OK)
        _exit(1);
    counters_busy(own, true);
    for (unsigned i = 0;; i++) {
        size_t series;

        snprintf(name, sizeof(name), "GET /%u", i % NAMES);
        series = counters_series(own, name);
        counters_request(own, series, 200, i % 5000 * 1000);
        counters_add(own, COUNTER_REFUSED_RATE);
        atomic_fetch_add(&done[number], 1);
    }
}

/*
 * A child was killed at most between two adds of one request: what is there is what the
 * children say, and no more than one for each that was killed.
 */
static void kill_9_takes_nothing_back_and_adds_nothing(void **state)
{
    uint64_t told = 0, counted = 0, statuses = 0, killed = (uint64_t)PROCESSES * ROUNDS;
    unsigned workers, busy;

    (void)state;
    done = mmap(NULL, sizeof(*done) * PROCESSES, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(done != MAP_FAILED);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pids[PROCESSES];
        uint64_t before = 0, now;

        for (int i = 0; i < PROCESSES; i++) {
            before += atomic_load(&done[i]);
            pids[i] = fork();
            assert_true(pids[i] >= 0);
            if (pids[i] == 0)
                child(i);
        }
        do {
            now = 0;
            for (int i = 0; i < PROCESSES; i++)
                now += atomic_load(&done[i]);
            assert_int_equal(waitpid(pids[0], NULL, WNOHANG), 0); /* they count still */
        } while (now < before + 1000);
        for (int i = 0; i < PROCESSES; i++) {
            kill(pids[i], SIGKILL);
            waitpid(pids[i], NULL, 0);
        }
    }
    counters_workers(counters, &workers, &busy);
    assert_int_equal(workers, 1); /* the dead have no place, and are not busy */
    assert_int_equal(busy, 0);
    for (int i = 0; i < PROCESSES; i++)
        told += atomic_load(&done[i]);
    for (size_t i = 1; counters_series_name(counters, i) != NULL; i++) {
        assert_true(i <= NAMES); /* none was made twice */
        counted += all_of(i);
        statuses += answers(i, 200);
    }
    assert_in_range(counted, told, told + killed);
    assert_in_range(statuses, told, counted);
    assert_in_range(counters_value(counters, COUNTER_REFUSED_RATE), told, statuses);
    munmap(done, sizeof(*done) * PROCESSES);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(nothing_is_counted_without_counters),
        EACH(what_is_not_the_file_is_made_anew_and_who_has_it_is_told),
        EACH(a_bit_of_another_layout_is_made_anew),
        EACH(every_status_has_its_own_number_and_strange_ones_stay_in_their_class),
        EACH(a_duration_is_in_the_first_bucket_that_it_is_not_over),
        EACH(names_there_is_no_room_for_are_counted_together),
        EACH(workers_are_counted_in_whatever_order_they_took_their_places),
        EACH(kill_9_takes_nothing_back_and_adds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
