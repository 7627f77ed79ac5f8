/*
 * seats.h: the processes that have something of the home in hand for longer than a moment: a
 * runner its jobs, a worker an answer that somebody may ask for again.
 *
 * Each takes a seat in one small file that all map, and what it has in hand is noted in the
 * database under the seat's token, a random number that no seat gets twice.  Whether the
 * process lives is told by a lock on a byte of that file, which the kernel gives back when it
 * dies, however it dies; whether it goes on is told by its beat, a counter.  So nobody's death
 * is told by a clock, which could be set, or stand still, or run in another machine's time.
 *
 * The file also has the bell: who adds work rings it, and who waits for work wakes, at the
 * price of one system call for each.
 */
#ifndef GATE_SEATS_H
#define GATE_SEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum {
    SEATS_MAX = 512
};

enum seat_kind {
    SEAT_RUNNER,
    SEAT_WORKER,
    SEAT_KIND__MAX
};

struct seats;

/*
 * Maps the file, which is made where it is missing.  After fork(): the locks are of the open
 * file, which a child would share.
 */
enum result seats_open(const char *path, struct seats **out, struct reason *why);

/* Gives the seat back, if one was taken, and closes. */
void seats_close(struct seats *seats);

/*
 * Takes a seat for this process, with a new token; one that it has is given back first.
 * RESULT_FULL: all are taken.  The seat of a runner that died is kept for seats_gone() until
 * seats_clear(); a dead worker's is free.
 */
enum result seats_take(struct seats *seats, enum seat_kind kind, struct reason *why);

/* The token of this process's seat, at least 1; 0 without one. */
int64_t seats_token(const struct seats *seats);

/* What the process works at just now, so that whoever finds it dead knows; 0: nothing. */
void seats_hold(struct seats *seats, int64_t what);

/* It goes on. */
void seats_beat(struct seats *seats);

/* How somebody's seat is seen by others. */
struct seat_view {
    int64_t token;
    enum seat_kind kind;
    bool lives;
    int64_t holds;  /* see seats_hold() */
    uint64_t beats; /* it goes on while this changes */
};

/* Whether the seat of this token is taken, by a process that lives or has died. */
bool seats_find(struct seats *seats, int64_t token, struct seat_view *view);

/* Calls each for every seat that is taken, this process's too. */
void seats_each(struct seats *seats, void (*each)(void *arg, const struct seat_view *view),
                void *arg);

/*
 * Frees the seat of a process that has died, or that stands still, once what it had was given
 * to others.  A process that finds its token gone (seats_is_lost()) has nothing in hand any
 * more, and takes another seat.
 */
void seats_clear(struct seats *seats, int64_t token);
bool seats_is_lost(const struct seats *seats);

/*
 * Kills the process of a seat that stands still, which may have stopped with a lock of the
 * database in its hand.  False if it cannot be reached from here: it runs in another system's
 * or container's numbers of processes, is another user's, or has died.
 */
bool seats_kill(struct seats *seats, int64_t token);

/*
 * The bell.  Read it before looking for work; if there is none, wait with what was read: a
 * bell that was rung in between ends the wait at once.  False: nobody rang for so long.  A
 * signal handler may ring.
 */
uint32_t seats_bell(const struct seats *seats);
void seats_ring(struct seats *seats);
bool seats_wait(struct seats *seats, uint32_t bell, int timeout_ms);

/* Whether the file was removed or replaced under it.  One system call. */
bool seats_is_orphan(const struct seats *seats);

#endif
