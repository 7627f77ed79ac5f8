/*
 * ledger_model.h: processes at one ledger that are only played, with the kernel's part.
 *
 * The ledger's own sources are taken in; only the kernel's part is played here: the mutex
 * that tells of its holder's death, and the locks on bytes that end with their process.
 */
#ifndef TESTS_LEDGER_MODEL_H
#define TESTS_LEDGER_MODEL_H

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flock;
static void model_step(void);
static int model_take(const pthread_mutex_t *mutex);
static int model_release(const pthread_mutex_t *mutex);
static int model_fcntl(int fd, int command, struct flock *lock);

/* NOLINTBEGIN(bugprone-suspicious-include,bugprone-reserved-identifier) */
#define LEDGER_STEP()                              \
    do {                                           \
        atomic_signal_fence(memory_order_seq_cst); \
        model_step();                              \
    } while (0)
#define pthread_mutex_trylock(mutex)                 model_take(mutex)
#define pthread_mutex_clocklock(mutex, clock, until) ((void)(until), model_take(mutex))
#define pthread_mutex_unlock(mutex)                  model_release(mutex)
#define pthread_mutex_consistent(mutex)              0
#define fcntl                                        model_fcntl
#include "gate/ledger_file.c"
#include "gate/ledger.c"
#include "gate/ledger_slots.c"
#undef fcntl
/* NOLINTEND(bugprone-suspicious-include,bugprone-reserved-identifier) */

#include "ledger_check.h"

enum {
    PROCESSES = 5,
    LOCKS = 16,
    STARTS = 16,
    ROWS = 4, /* in the database, at most */
    KEPT_SEATS = PROCESSES + 1,
    KEPT_SLOTS = 4,
    KEPT_RINGS = 16 * LEDGER_UNIT_CELLS,
    STATES_MAX = 1 << 22,
};

/* Where a process is in what it does. */
enum at {
    AT_ADMIT,
    AT_READ,
    AT_KNOW,
    AT_CHARGE,
    AT_SETTLE,
    AT_DRAIN_LOCK,
    AT_DRAIN_PENDING,
    AT_DRAIN_COMMIT,
    AT_DRAIN_TELL,
    AT_DRAIN_UNLOCK,
    AT_BACK_LOCK, /* taking back */
    AT_BACK_TELL,
    AT_BACK_AMEND,
    AT_BACK_UNLOCK,
    AT_BURY,
    AT_END
};

/* What a process is there for. */
struct part {
    const char *limits; /* NULL: those that most have, */
    uint64_t epoch;     /* 0: under the epoch of most */
    enum at begin;
    int64_t more, status; /* of its call: what is charged on top; how it ends, if not well */
    bool takes_back, unasked; /* and the database does not answer */
    int rounds;               /* of draining and burying */
};

struct process {
    enum at at;
    bool dead;
    bool admitted, settled, amended; /* it has been told so */
    int rounds;
    uint32_t seat;
    bool in_hand;
    int64_t seq, last;
    struct ledger_need need;
    struct ledger_known known;
    int64_t starts[STARTS];
};

/* All but the ledger and the database. */
struct model {
    struct process processes[PROCESSES];
    struct {
        int fd;
        off_t byte;
    } locks[LOCKS];
    int lock_count;
    bool taken, holder_died;
    int deaths;
};

static struct model model;
static struct ledger *ledgers[PROCESSES + 1]; /* the last is of who looks at the end */
static const struct part *parts;
static int part_count, deaths_max;
static bool gaps;
static char path[64];
static jmp_buf death;
static int steps_left;

/* ---- the kernel's part ---- */

static void gap_here(void);

static void model_step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        longjmp(death, 1);
}

static int model_take(const pthread_mutex_t *mutex)
{
    (void)mutex;
    gap_here();
    if (model.taken && !model.holder_died)
        fail_msg("somebody waits for the lock for ever");
    model.taken = true;
    if (!model.holder_died)
        return 0;
    model.holder_died = false;
    return EOWNERDEAD;
}

static int model_release(const pthread_mutex_t *mutex)
{
    (void)mutex;
    model.taken = false;
    return 0;
}

static int lock_find(off_t byte)
{
    for (int i = 0; i < model.lock_count; i++)
        if (model.locks[i].byte == byte)
            return i;
    return -1;
}

static void lock_remove(int i)
{
    model.locks[i] = model.locks[--model.lock_count];
    memset(&model.locks[model.lock_count], 0, sizeof(model.locks[0]));
}

/* Reading locks are not told apart: nobody makes the file anew here. */
static int model_fcntl(int fd, int command, struct flock *lock)
{
    bool others;
    int i;

    gap_here();
    i = lock_find(lock->l_start);
    others = i >= 0 && model.locks[i].fd != fd;
    if (command == F_OFD_GETLK) {
        lock->l_type = others ? F_WRLCK : F_UNLCK;
        return 0;
    }
    if (lock->l_type == F_UNLCK && i >= 0 && !others)
        lock_remove(i);
    if (lock->l_type != F_WRLCK)
        return 0;
    if (others) {
        errno = EAGAIN;
        return -1;
    }
    if (i < 0) {
        assert_true(model.lock_count < LOCKS);
        model.locks[model.lock_count].fd = fd;
        model.locks[model.lock_count++].byte = lock->l_start;
    }
    return 0;
}

/* Its locks end with it; if it held the mutex, the next one is told. */
static void die(int number)
{
    for (int i = model.lock_count; i-- > 0;)
        if (model.locks[i].fd == ledgers[number]->fd)
            lock_remove(i);
    model.holder_died = model.taken;
    model.processes[number].dead = true;
    model.deaths++;
}

#endif
