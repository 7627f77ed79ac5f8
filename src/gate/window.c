/*
 * window.c: a sliding window: never more than N calls in any W nanoseconds.
 */
#include "gate/window.h"

#include <string.h>

static uint64_t cell_of(const struct window *window, uint64_t number)
{
    return number / window->stride % window->cells;
}

/* Whether an instant is out of the window: both ends belong to it. */
static bool is_over(const struct window *window, uint64_t at, uint64_t now)
{
    return now > at && now - at > window->span;
}

/* When a call of this instant has left the window, from now. */
static uint64_t leaves_in(const struct window *window, uint64_t at, uint64_t now)
{
    uint64_t over = at + window->span + 1;

    return over > now ? over - now : 0;
}

/* As many cells as hold the limit's calls wherever in a cell they begin. */
static uint32_t cells_for(uint32_t limit, uint32_t stride)
{
    return (limit + stride - 1) / stride + 1;
}

void window_make(struct window *window, uint32_t limit, uint64_t span, uint32_t cells_max)
{
    uint32_t stride = limit / WINDOW_EXACT;

    if (stride == 0)
        stride = 1;
    if (cells_for(limit, stride) > cells_max)
        stride = (limit + cells_max - 2) / (cells_max - 1);
    memset(window, 0, sizeof(*window));
    window->limit = limit;
    window->span = span;
    window->stride = stride;
    window->cells = cells_for(limit, stride);
}

void window_expire(struct window *window, const uint64_t *ring, uint64_t now)
{
    while (window->tail < window->n) {
        uint64_t next = (window->tail / window->stride + 1) * window->stride;

        if (!is_over(window, ring[cell_of(window, window->tail)], now))
            break;
        window->tail = next < window->n ? next : window->n;
    }
}

uint64_t window_count(const struct window *window, uint64_t now)
{
    uint64_t count = window->n - window->tail;

    if (window->lost > 0 && !is_over(window, window->lost_at, now))
        count += window->lost;
    return count;
}

uint64_t window_remaining(const struct window *window, uint64_t now)
{
    uint64_t count = window_count(window, now);

    return count < window->limit ? window->limit - count : 0;
}

/* Puts calls that the ring has no room for with those that are lost to it. */
static void lose(struct window *window, uint64_t at, uint64_t count)
{
    window->lost += count;
    if (at > window->lost_at)
        window->lost_at = at;
}

void window_add_many(struct window *window, uint64_t *ring, uint64_t at, uint64_t count)
{
    if (count > window->limit) {
        lose(window, at, count - window->limit);
        count = window->limit;
    }
    while (count > 0) {
        uint64_t room = window->stride - window->n % window->stride;
        uint64_t step = count < room ? count : room;

        ring[cell_of(window, window->n)] = at;
        window->n += step;
        count -= step;
    }
    if (window->n - window->tail > window->limit) {
        uint64_t tail = window->n - window->limit;

        lose(window, ring[cell_of(window, tail - 1)], tail - window->tail);
        window->tail = tail;
    }
}

void window_add(struct window *window, uint64_t *ring, uint64_t now)
{
    ring[cell_of(window, window->n)] = now;
    if (window->n - window->tail == window->limit)
        window->tail++;
    window->n++;
}

uint64_t window_wait(const struct window *window, const uint64_t *ring, uint64_t now)
{
    if (window_count(window, now) < window->limit)
        return 0;
    if (window->n - window->tail < window->limit)
        return leaves_in(window, window->lost_at, now);
    return leaves_in(window, ring[cell_of(window, window->n - window->limit)], now);
}

uint64_t window_next(const struct window *window, const uint64_t *ring, uint64_t now)
{
    if (window->lost > 0 && !is_over(window, window->lost_at, now))
        return leaves_in(window, window->lost_at, now);
    if (window->tail == window->n)
        return 0;
    return leaves_in(window, ring[cell_of(window, window->tail)], now);
}

void window_carry(struct window *to, uint64_t *to_ring, const struct window *from,
                  const uint64_t *from_ring, uint64_t now)
{
    to->lost = from->lost;
    to->lost_at = from->lost_at;
    if (from->lost > 0 && is_over(from, from->lost_at, now))
        to->lost = 0;
    for (uint64_t at = from->tail; at < from->n;) {
        uint64_t next = (at / from->stride + 1) * from->stride;

        if (next > from->n)
            next = from->n;
        window_add_many(to, to_ring, from_ring[cell_of(from, at)], next - at);
        at = next;
    }
}
