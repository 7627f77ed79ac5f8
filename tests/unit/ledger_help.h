/*
 * ledger_help.h: a ledger with clocks that the test sets and a database that is an array.
 *
 * All that the truth depends on stands in memory that children share: so what one process
 * did before it was killed is seen by the next.  The database's commit is one store.
 */
#ifndef TESTS_LEDGER_HELP_H
#define TESTS_LEDGER_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/ledger.h"

#define HELP_SECOND UINT64_C(1000000000)
#define HELP_DAY_US INT64_C(86400000000)

enum {
    HELP_CALLS = 4096,
    HELP_TRIES = 6,
};

/* The database, and the clocks. */
struct help {
    uint64_t instant;
    int64_t wall_us;
    int64_t base;  /* the number of the last call before the first here */
    size_t count;  /* of calls that are committed */
    size_t begun;  /* and of those that are written, but not committed */
    bool refusing; /* to take any */
    struct call_row calls[HELP_CALLS];
};

static struct help *help;

static uint64_t help_instant(void)
{
    return help->instant;
}

static int64_t help_wall(void)
{
    return help->wall_us;
}

static const struct ledger_clock help_clock = {help_instant, help_wall};

/* Time goes by, for both clocks. */
static inline void help_pass(uint64_t ns)
{
    help->instant += ns;
    help->wall_us += (int64_t)(ns / 1000);
}

static inline void help_make(void)
{
    if (help == NULL)
        help = mmap(NULL, sizeof(*help), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                    0);
    assert_true(help != MAP_FAILED);
    help->count = help->begun = 0;
    help->base = 0;
    help->refusing = false;
    help->instant = clock_boot_ns() + HELP_SECOND;
    help->wall_us = INT64_C(1753444800000000); /* 2025-07-25T12:00:00Z */
}

/* A name for a file in memory, if there is room for such: thousands are made. */
static inline void help_path(char path[64])
{
    strcpy(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm/forestgate-ledger.XXXXXX"
                                               : "/tmp/forestgate-ledger.XXXXXX");
    close(mkstemp(path));
}

static inline int64_t help_drained_number(void)
{
    return help->count > 0 ? help->calls[help->count - 1].seq : help->base;
}

static inline void help_take(const struct call_row *call)
{
    if (help->begun == HELP_CALLS)
        abort();
    help->calls[help->begun++] = *call;
}

static inline void help_commit(void)
{
    __atomic_store_n(&help->count, help->begun, __ATOMIC_SEQ_CST);
}

static enum result help_drained(void *arg, int64_t *seq, struct reason *why)
{
    (void)arg;
    (void)why;
    *seq = help_drained_number();
    return RESULT_OK;
}

static enum result help_rescue(void *arg, const struct call_row *calls, size_t count,
                               struct reason *why)
{
    (void)arg;
    if (help->refusing)
        return reason_set(why, RESULT_FULL, "the database is full");
    help->begun = help->count;
    for (size_t i = 0; i < count; i++)
        help_take(&calls[i]);
    help_commit();
    return RESULT_OK;
}

static const struct ledger_database help_database = {help_drained, help_rescue, NULL};

/* As gate/journal.c does it, but for waiting: the calls that have ended, once. */
static inline enum result help_drain(struct ledger *ledger, struct reason *why)
{
    int64_t from, last;
    enum result result = ledger_drain_lock(ledger, why);

    if (result != RESULT_OK)
        return result;
    result = ledger_pending(ledger, &from, &last, why);
    help->begun = help->count;
    if (result == RESULT_OK) {
        for (int64_t seq = help_drained_number() + 1; seq <= last; seq++)
            help_take(ledger_call(ledger, seq));
        help_commit();
        result = ledger_drained(ledger, last, why);
    }
    ledger_drain_unlock(ledger);
    return result;
}

/* What the database knows of a key: starts has room for all calls. */
static inline void help_known(const char *key, const struct ledger_need *need,
                              struct ledger_known *known, int64_t *starts)
{
    *known = (struct ledger_known){.up_to = help_drained_number(), .starts = starts};
    for (size_t i = help->count; i-- > 0;) {
        const struct call_row *call = &help->calls[i];
        int64_t day = call_day(call->started_us);

        if (strcmp(call->account, key) != 0)
            continue;
        if (day == need->day)
            known->day_charged += call->charged;
        if (day >= need->month.first && day <= need->month.last)
            known->month_charged += call->charged;
        if (need->history && call->started_us > need->after_us)
            starts[known->start_count++] = call->started_us;
    }
}

static inline struct limits help_limits(const char *text)
{
    struct reason why = {{0}};
    struct limits limits;

    if (limits_parse(text, &limits, &why) != RESULT_OK)
        fail_msg("%s: %s", text, why.text);
    return limits;
}

static inline struct call_row help_call(const char *key, const char *request_id)
{
    struct call_row call;

    memset(&call, 0, sizeof(call));
    strcpy(call.key, key);
    strcpy(call.request_id, request_id);
    strcpy(call.route, "predict");
    return call;
}

static inline enum result help_know(struct ledger *ledger, const struct ledger_account *account,
                                    const struct ledger_need *need, struct reason *why)
{
    static int64_t starts[HELP_CALLS];
    struct ledger_known known;

    help_known(account->key, need, &known, starts);
    return ledger_know(ledger, account, need, &known, why);
}

/* As gate/meter.c does it: asks the database for what is not known. */
static inline enum result help_admit(struct ledger *ledger,
                                     const struct ledger_account *account,
                                     const struct call_row *call, int64_t charge,
                                     struct ledger_verdict *verdict, struct reason *why)
{
    enum result result = RESULT_MISSING;
    struct ledger_need need;

    for (int i = 0; i < HELP_TRIES && result == RESULT_MISSING; i++) {
        result = ledger_admit(ledger, account, call, charge, verdict, &need, why);
        if (result != RESULT_MISSING)
            return result;
        result = help_know(ledger, account, &need, why);
        if (result == RESULT_OK)
            result = RESULT_MISSING;
    }
    return result;
}

#endif
