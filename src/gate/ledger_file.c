/*
 * ledger_file.c: the ledger's locks, and how what a dead process has left is undone.
 */
#include "gate/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCKS_AT ((off_t)1 << 40)

enum {
    WAIT_NS = 250000000, /* for the lock: a holder may have been stopped */
    SPINS = 200,
};

bool ledger_byte_lock(const struct ledger *ledger, int byte, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = LOCKS_AT + byte, .l_len = 1};

    return fcntl(ledger->fd, F_OFD_SETLK, &lock) == 0;
}

/* Whether another process has the byte. */
static bool byte_is_locked(const struct ledger *ledger, int byte)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKS_AT + byte, .l_len = 1};

    return fcntl(ledger->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* ---- the lock, and what a dead holder has left ---- */

void ledger_begin(struct ledger *ledger, uint32_t slot, uint32_t seat, int64_t seq)
{
    struct ledger_header *header = ledger->header;
    struct ledger_undo *undo = &header->undo;

    undo->slot = slot;
    undo->seat = seat;
    if (slot != LEDGER_NONE)
        undo->slot_was = ledger->slots[slot];
    if (seat != LEDGER_NONE) {
        undo->seat_state = ledger->seats[seat].state;
        undo->seat_charged = ledger->seats[seat].charged;
    }
    undo->seq = seq;
    if (seq != 0)
        undo->record_was = *ledger_record_at(ledger, seq);
    undo->last = header->last;
    undo->open = header->open;
    LEDGER_STEP();
    undo->valid = 1;
    LEDGER_STEP();
}

void ledger_commit(struct ledger *ledger)
{
    LEDGER_STEP();
    ledger->header->undo.valid = 0;
    LEDGER_STEP();
}

void ledger_undo(struct ledger *ledger)
{
    struct ledger_header *header = ledger->header;
    const struct ledger_undo *undo = &header->undo;

    if (!undo->valid)
        return;
    if (undo->slot != LEDGER_NONE)
        ledger->slots[undo->slot] = undo->slot_was;
    LEDGER_STEP();
    if (undo->seat != LEDGER_NONE) {
        ledger->seats[undo->seat].state = undo->seat_state;
        ledger->seats[undo->seat].charged = undo->seat_charged;
    }
    LEDGER_STEP();
    if (undo->seq != 0)
        *ledger_record_at(ledger, undo->seq) = undo->record_was;
    LEDGER_STEP();
    header->last = undo->last;
    header->open = undo->open;
    ledger_commit(ledger);
}

void ledger_index_begin(struct ledger *ledger)
{
    ledger->header->rebuild++;
    LEDGER_STEP();
}

void ledger_index_end(struct ledger *ledger)
{
    LEDGER_STEP();
    ledger->header->rebuild--;
    LEDGER_STEP();
}

static void recover(struct ledger *ledger)
{
    ledger_undo(ledger);
    if (ledger->header->rebuild) {
        ledger_index_rebuild(ledger);
        LEDGER_STEP();
        ledger->header->rebuild = 0;
    }
}

/* First without a system call: the lock is held for a few hundred nanoseconds. */
static int mutex_take(pthread_mutex_t *mutex)
{
    struct timespec until;
    int error = EBUSY;

    for (int i = 0; i < SPINS && error == EBUSY; i++)
        error = pthread_mutex_trylock(mutex);
    if (error != EBUSY)
        return error;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
}

enum result ledger_lock(struct ledger *ledger, struct reason *why)
{
    struct ledger_header *header = ledger->header;
    int error = mutex_take(&header->mutex);
    uint64_t now;

    if (error == EOWNERDEAD) {
        recover(ledger);
        error = pthread_mutex_consistent(&header->mutex);
    }
    if (error != 0)
        return reason_set(why, RESULT_BUSY, "the ledger's lock was not to be had: %s",
                          strerror(error));
    LEDGER_STEP();
    now = ledger_instant(ledger);
    if (now > header->now)
        header->now = now;
    return RESULT_OK;
}

void ledger_unlock(struct ledger *ledger)
{
    LEDGER_STEP();
    pthread_mutex_unlock(&ledger->header->mutex);
}

/* ---- seats ---- */

enum result ledger_sit(struct ledger *ledger, struct reason *why)
{
    enum result result;
    uint32_t seat = 0;

    while (seat < LEDGER_SEATS && !ledger_seat_seize(ledger, seat))
        seat++;
    if (seat == LEDGER_SEATS)
        return reason_set(why, RESULT_FULL,
                          "the ledger has no seat for one process more than %d", LEDGER_SEATS);
    LEDGER_STEP();
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK) {
        ledger_seat_leave(ledger, seat);
        return result;
    }
    if (ledger->header->seats_high <= seat)
        ledger->header->seats_high = seat + 1;
    ledger_unlock(ledger);
    ledger->seat = seat; /* only now: a seat that nobody looks at is not to be used */
    return RESULT_OK;
}

bool ledger_seat_seize(struct ledger *ledger, uint32_t seat)
{
    return ledger_byte_lock(ledger, LEDGER_LOCK_SEATS + (int)seat, F_WRLCK);
}

void ledger_seat_leave(struct ledger *ledger, uint32_t seat)
{
    ledger_byte_lock(ledger, LEDGER_LOCK_SEATS + (int)seat, F_UNLCK);
}

enum result ledger_drain_lock(struct ledger *ledger, struct reason *why)
{
    if (ledger_byte_lock(ledger, LEDGER_LOCK_DRAIN, F_WRLCK))
        return RESULT_OK;
    return reason_set(why, RESULT_BUSY, "another process brings the journal into the database");
}

bool ledger_drain_is_locked(const struct ledger *ledger)
{
    return byte_is_locked(ledger, LEDGER_LOCK_DRAIN);
}

void ledger_drain_unlock(struct ledger *ledger)
{
    ledger_byte_lock(ledger, LEDGER_LOCK_DRAIN, F_UNLCK);
}
