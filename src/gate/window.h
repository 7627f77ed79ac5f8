/*
 * window.h: a sliding window: never more than N calls in any W nanoseconds.
 *
 * Admitted calls are numbered from 0.  Of every `stride` calls that follow one another the
 * ring keeps one instant, that of the last: so a call may be taken for younger than it
 * is, never for older, and no more than N are ever let through.  Up to N = 1000 the stride
 * is 1, every instant is kept and a caller at N or under is never refused; above, at most
 * stride - 1 calls, under 0.1% of N, may be refused too early.
 *
 * All that is kept is this struct and its ring, in whatever memory, with no pointer in it.
 * An instant is written before the call is counted: whoever dies in between has changed
 * nothing but, where the stride is over 1, the age of calls that are in the same cell.
 */
#ifndef GATE_WINDOW_H
#define GATE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WINDOW_EXACT = 1000,                 /* up to here every instant is kept */
    WINDOW_CELLS_MAX = 2 * WINDOW_EXACT, /* of a ring, whatever N */
};

struct window {
    uint64_t n;       /* how many were admitted; the number of the next */
    uint64_t tail;    /* the number of the first that is in the window still */
    uint64_t lost;    /* how many more the ring had no room for when it was made smaller; */
    uint64_t lost_at; /* the instant of the last of them */
    uint64_t span;    /* W, in nanoseconds */
    uint32_t limit;   /* N */
    uint32_t stride;
    uint32_t cells; /* of the ring */
};

/*
 * Makes an empty window for a limit, its ring of at most cells_max cells
 * (WINDOW_CELLS_MAX is always enough for the promise above).
 */
void window_make(struct window *window, uint32_t limit, uint64_t span, uint32_t cells_max);

/* Forgets what has left the window; an instant is never before the one of the last call. */
void window_expire(struct window *window, const uint64_t *ring, uint64_t now);

/* How many are in it.  What follows is as of the last window_expire(). */
uint64_t window_count(const struct window *window, uint64_t now);

/* How many more it would let through. */
uint64_t window_remaining(const struct window *window, uint64_t now);

/* Counts one call.  Where the window is full, which only a shadow limit does, the oldest goes.
 */
void window_add(struct window *window, uint64_t *ring, uint64_t now);

/* Nanoseconds until one more is let through, 0 if it is now; */
uint64_t window_wait(const struct window *window, const uint64_t *ring, uint64_t now);

/* and until the next of the calls in it leaves it; 0 if it is empty. */
uint64_t window_next(const struct window *window, const uint64_t *ring, uint64_t now);

/* Carries the calls of a window over into an empty one of the same span and another limit. */
void window_carry(struct window *to, uint64_t *to_ring, const struct window *from,
                  const uint64_t *from_ring, uint64_t now);

/* Counts calls that were at an instant, before any that come later; for window_carry() and
 * history. */
void window_add_many(struct window *window, uint64_t *ring, uint64_t at, uint64_t count);

#endif
