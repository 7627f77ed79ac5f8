/*
 * queue_help.h: the queue with a clock that the test sets, and with a place before each of its
 * steps at which a process can be killed.
 */
#ifndef TESTS_QUEUE_HELP_H
#define TESTS_QUEUE_HELP_H

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

#include "base/clock.h"
#include "base/file.h"
#include "gate/queue_inner.h"

/* The boot clock; it stands still unless the test moves it. */
static int64_t fake_boot_ns = INT64_C(1000000000000);

/* The process dies before its n-th step, if that is not 0. */
static long die_at, steps_made;

static void step(void)
{
    if (++steps_made == die_at) {
        kill(getpid(), SIGKILL);
        pause();
    }
}

/* The pids of this test's runners are not to be killed by each other where they are one. */
static bool killing_allowed;
static int killed;

static bool test_kill(struct seats *seats, int64_t token)
{
    killed++;
    return killing_allowed && seats_kill(seats, token);
}

#define clock_boot_ns()         ((uint64_t)fake_boot_ns)
#define db_begin(...)           (step(), db_begin(__VA_ARGS__))
#define db_commit(...)          (step(), db_commit(__VA_ARGS__))
#define job_row_insert(...)     (step(), job_row_insert(__VA_ARGS__))
#define job_row_end(...)        (step(), job_row_end(__VA_ARGS__))
#define job_row_retry(...)      (step(), job_row_retry(__VA_ARGS__))
#define job_rows_claim(...)     (step(), job_rows_claim(__VA_ARGS__))
#define job_row_delete(...)     (step(), job_row_delete(__VA_ARGS__))
#define job_rows_hand_back(...) (step(), job_rows_hand_back(__VA_ARGS__))
#define seats_hold(...)         (step(), seats_hold(__VA_ARGS__))
#define seats_take(...)         (step(), seats_take(__VA_ARGS__))
#define seats_clear(...)        (step(), seats_clear(__VA_ARGS__))
#define seats_ring(...)         (step(), seats_ring(__VA_ARGS__))
#define linkat(...)             (step(), linkat(__VA_ARGS__))
#define unlink(...)             (step(), unlink(__VA_ARGS__))
#define unlinkat(...)           (step(), unlinkat(__VA_ARGS__))
#define seats_kill(...)         test_kill(__VA_ARGS__)

#include "gate/queue.c"
#define second_ns work_second_ns
#include "gate/queue_work.c"
#undef second_ns
#include "gate/queue_tend.c"

#undef unlink
#undef seats_kill

#endif
