/*
 * test_window.c: a sliding window against the list of all instants that it let through.
 *
 * Every case is made from one number, which a failure tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/window.h"

enum {
    HISTORY_MAX = 40000,
    GUARD = 8,
};

#define GUARD_WORD UINT64_C(0xfeedfacecafebeef)

/* A window, its ring, and the truth about it. */
struct subject {
    struct window window;
    uint64_t ring[WINDOW_CELLS_MAX + GUARD];
    uint64_t at[HISTORY_MAX]; /* every call that was counted, oldest first */
    size_t count, oldest;     /* those before oldest have left every window to come */
    uint64_t now, seed, state;
};

static struct subject subject, other;

static uint64_t random_next(struct subject *s)
{
    uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t below(struct subject *s, uint64_t bound)
{
    return random_next(s) % bound;
}

/* A ring holds what was there before it: anything. */
static void ring_soil(struct subject *s, uint32_t cells)
{
    for (size_t i = 0; i < cells; i++)
        s->ring[i] = random_next(s);
    for (size_t i = cells; i < cells + GUARD; i++)
        s->ring[i] = GUARD_WORD;
}

static void make(struct subject *s, uint64_t seed, uint32_t limit, uint64_t span,
                 uint32_t cells_max)
{
    s->seed = s->state = seed;
    s->count = s->oldest = 0;
    s->now = 1000000000000 + below(s, 1000);
    window_make(&s->window, limit, span, cells_max);
    assert_in_range(s->window.cells, 2, cells_max);
    ring_soil(s, s->window.cells);
}

static uint64_t count_at(const struct subject *s, uint64_t now)
{
    uint64_t count = 0;

    for (size_t i = s->count; i-- > 0 && now - s->at[i] <= s->window.span;)
        count++;
    return count;
}

static void note(struct subject *s, uint64_t at, uint64_t count)
{
    assert_true(s->count + count <= HISTORY_MAX);
    for (; count > 0; count--)
        s->at[s->count++] = at;
}

static uint32_t some_limit(struct subject *s)
{
    static const uint32_t edges[] = {999, 1000, 1001, 1500, 1999, 2000, 2001, 3000, 5000, 5001};

    if (below(s, 40) == 0)
        return edges[below(s, sizeof(edges) / sizeof(edges[0]))];
    return 1 + (uint32_t)below(s, 12);
}

static uint64_t some_span(struct subject *s)
{
    static const uint64_t spans[] = {1, 2, 7, 100, 1000, 1000000000, 60000000000};

    return spans[below(s, sizeof(spans) / sizeof(spans[0]))];
}

/* To an edge of the call that a full window waits for, or of one of those next to it. */
static void step_to_edge(struct subject *s)
{
    uint64_t back = s->window.limit - 1 + below(s, 3), edge;

    if (back >= s->count)
        return;
    edge = s->at[s->count - 1 - back] + s->window.span + below(s, 3) - 1;
    if (edge > s->now)
        s->now = edge;
}

/*
 * On to the next arrival: bursts, a long while now and then, and when the window is full an
 * exact edge.
 */
static void step(struct subject *s)
{
    uint64_t span = s->window.span, limit = s->window.limit;

    if (below(s, 3 * limit) == 0)
        s->now += below(s, 2 * span + 2);
    else if (below(s, 8) == 0)
        s->now += below(s, 2 * span / limit + 2);
    else if (below(s, 16) == 0)
        s->now += 1 + below(s, 3);
    else if (below(s, 4) == 0 && window_remaining(&s->window, s->now) == 0)
        step_to_edge(s);
}

static void check_guard(const struct subject *s)
{
    for (size_t i = s->window.cells; i < s->window.cells + (size_t)GUARD; i++)
        if (s->ring[i] != GUARD_WORD)
            fail_msg("seed %llu: written behind the ring", (unsigned long long)s->seed);
}

/* What a window of this stride may say that there is room for. */
static void check_remaining(const struct subject *s, uint64_t slack)
{
    uint64_t count = count_at(s, s->now), limit = s->window.limit;
    uint64_t room = count < limit ? limit - count : 0;
    uint64_t said = window_remaining(&s->window, s->now);

    if (said > room || said + slack < room)
        fail_msg("seed %llu, limit %llu, stride %u, call %zu: %llu remain, it says %llu",
                 (unsigned long long)s->seed, (unsigned long long)limit, s->window.stride,
                 s->count, (unsigned long long)room, (unsigned long long)said);
}

/* Who waits as long as told is let through, and a nanosecond before was not. */
static void check_wait(const struct subject *s)
{
    uint64_t wait = window_wait(&s->window, s->ring, s->now);
    struct window later = s->window;

    if ((wait == 0) != (window_remaining(&s->window, s->now) > 0))
        fail_msg("seed %llu: it says to wait %llu", (unsigned long long)s->seed,
                 (unsigned long long)wait);
    if (wait == 0)
        return;
    window_expire(&later, s->ring, s->now + wait - 1);
    if (window_remaining(&later, s->now + wait - 1) > 0)
        fail_msg("seed %llu: a wait of %llu is too long", (unsigned long long)s->seed,
                 (unsigned long long)wait);
    window_expire(&later, s->ring, s->now + wait);
    if (window_remaining(&later, s->now + wait) == 0)
        fail_msg("seed %llu: a wait of %llu is too short", (unsigned long long)s->seed,
                 (unsigned long long)wait);
}

/* More remain after this long, and not before. */
static void check_next(const struct subject *s)
{
    uint64_t next = window_next(&s->window, s->ring, s->now);
    uint64_t count = window_count(&s->window, s->now);
    struct window later = s->window;

    if ((next == 0) != (count == 0))
        fail_msg("seed %llu: %llu are in it, the next leaves in %llu",
                 (unsigned long long)s->seed, (unsigned long long)count,
                 (unsigned long long)next);
    if (next == 0)
        return;
    window_expire(&later, s->ring, s->now + next - 1);
    assert_int_equal(window_count(&later, s->now + next - 1), count);
    window_expire(&later, s->ring, s->now + next);
    assert_true(window_count(&later, s->now + next) < count);
}

/* One arrival.  Slack is how many may be refused too early. */
static void arrive(struct subject *s, uint64_t slack, bool shadow)
{
    window_expire(&s->window, s->ring, s->now);
    check_remaining(s, slack);
    check_wait(s);
    check_next(s);
    if (window_remaining(&s->window, s->now) > 0 || shadow) {
        window_add(&s->window, s->ring, s->now);
        note(s, s->now, 1);
    }
    check_guard(s);
}

/* The list itself, judged once more and in another way. */
static void check_every_window(const struct subject *s)
{
    size_t limit = s->window.limit;

    for (size_t i = 0; i + limit < s->count; i++)
        if (s->at[i + limit] - s->at[i] <= s->window.span)
            fail_msg("seed %llu: %zu calls in %llu ns", (unsigned long long)s->seed, limit + 1,
                     (unsigned long long)(s->at[i + limit] - s->at[i]));
}

static void no_window_has_more_than_its_limit_and_nobody_under_it_is_refused(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6000; seed++) {
        uint32_t limit;

        subject.state = seed;
        limit = some_limit(&subject);
        make(&subject, seed, limit, some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = 0; i < (limit < 100 ? 150 : limit + 500); i++) {
            step(&subject);
            arrive(&subject, subject.window.stride - 1, false);
        }
        check_every_window(&subject);
    }
}

static void above_a_thousand_under_a_thousandth_is_refused_too_early(void **state)
{
    (void)state;
    for (uint64_t limit = 1; limit <= 1000000000; limit += 1 + limit / 50) {
        struct window window;

        window_make(&window, (uint32_t)limit, 1000, WINDOW_CELLS_MAX);
        assert_in_range(window.cells, 2, WINDOW_CELLS_MAX);
        if (limit <= WINDOW_EXACT && window.stride != 1)
            fail_msg("of a limit of %llu not every instant is kept", (unsigned long long)limit);
        if ((window.stride - 1) * UINT64_C(1000) >= limit && limit > WINDOW_EXACT)
            fail_msg("of a limit of %llu one call in %u is kept", (unsigned long long)limit,
                     window.stride);
        window_make(&window, (uint32_t)limit, 1000, 128);
        assert_in_range(window.cells, 2, 128);
    }
}

static void a_small_ring_admits_no_more_either(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        uint32_t limit, cells;

        subject.state = seed;
        limit = 1 + (uint32_t)below(&subject, seed % 10 == 0 ? 3000 : 60);
        cells = 2 + (uint32_t)below(&subject, 20);
        make(&subject, seed, limit, some_span(&subject), cells);
        for (size_t i = 0; i < 200 + limit; i++) {
            step(&subject);
            arrive(&subject, subject.window.stride - 1, false);
        }
        check_every_window(&subject);
    }
}

static void a_limit_in_shadow_counts_all_and_is_right_when_it_is_one_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        uint32_t limit;

        subject.state = seed;
        limit = some_limit(&subject);
        make(&subject, seed, limit, some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = 0; i < (limit < 100 ? 150 : limit + 300); i++) {
            step(&subject);
            arrive(&subject, subject.window.stride - 1, below(&subject, 2) == 0);
        }
    }
}

/* ---- other limits ---- */

/* Goes on under another limit; the list is the same. */
static void carry(struct subject *s, uint32_t limit)
{
    struct window was = s->window;

    memcpy(other.ring, s->ring, sizeof(s->ring));
    window_make(&s->window, limit, was.span, WINDOW_CELLS_MAX);
    ring_soil(s, s->window.cells);
    window_carry(&s->window, s->ring, &was, other.ring, s->now);
    check_guard(s);
}

/*
 * How many may be refused too early after a change: those that share a cell, and all while
 * some are remembered by their number and their last instant alone.
 */
static uint64_t slack_after_carry(const struct subject *s, uint64_t strides)
{
    bool any_lost = s->window.lost > 0 && s->now - s->window.lost_at <= s->window.span;

    return any_lost ? s->window.limit : strides;
}

static void a_limit_changed_at_will_never_lets_through_more_than_the_one_in_force(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6000; seed++) {
        uint64_t strides = 0;

        subject.state = seed;
        make(&subject, seed, some_limit(&subject), some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = 0; i < 200; i++) {
            if (below(&subject, 20) == 0)
                carry(&subject, some_limit(&subject));
            strides += subject.window.stride - 1;
            step(&subject);
            arrive(&subject, slack_after_carry(&subject, strides), false);
        }
    }
}

static void a_raised_limit_lets_through_all_that_it_allows_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        uint32_t limit;

        subject.state = seed;
        limit = 1 + (uint32_t)below(&subject, 12);
        make(&subject, seed, limit, some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = 0; i < 150; i++) {
            if (below(&subject, 30) == 0)
                carry(&subject, limit += (uint32_t)below(&subject, 5));
            step(&subject);
            arrive(&subject, 0, false);
        }
        assert_int_equal(subject.window.lost, 0);
    }
}

static void a_lowered_limit_refuses_until_enough_have_left_and_no_longer(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        uint32_t limit;

        subject.state = seed;
        limit = 12 + (uint32_t)below(&subject, 12);
        make(&subject, seed, limit, some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = 0; i < 150; i++) {
            if (below(&subject, 30) == 0 && limit > 5)
                carry(&subject, limit -= (uint32_t)below(&subject, 5));
            step(&subject);
            arrive(&subject, 0, false);
        }
    }
}

static void
what_is_lost_when_a_limit_falls_and_rises_is_found_again_after_one_span(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        make(&subject, seed, 10, 1000, WINDOW_CELLS_MAX);
        for (size_t i = 0; i < 20; i++) {
            step(&subject);
            arrive(&subject, 0, false);
        }
        carry(&subject, 3);
        carry(&subject, 10);
        for (size_t i = 0; i < 20; i++) {
            step(&subject);
            arrive(&subject, 10, false);
        }
        subject.now += 1001;
        for (size_t i = 0; i < 40; i++) {
            arrive(&subject, 0, false);
            step(&subject);
        }
    }
}

static void what_was_lost_and_has_left_is_not_counted_with_what_is_lost_later(void **state)
{
    static uint64_t rings[2][WINDOW_CELLS_MAX];
    struct window ten, three, one;

    (void)state;
    window_make(&ten, 10, 100, WINDOW_CELLS_MAX);
    window_add_many(&ten, rings[0], 0, 10);
    window_make(&three, 3, 100, WINDOW_CELLS_MAX);
    window_carry(&three, rings[1], &ten, rings[0], 0);
    assert_int_equal(window_count(&three, 100), 10);
    window_expire(&three, rings[1], 101);
    assert_int_equal(window_count(&three, 101), 0);
    window_add_many(&three, rings[1], 101, 3);
    window_make(&one, 1, 100, WINDOW_CELLS_MAX);
    window_carry(&one, rings[0], &three, rings[1], 101);
    assert_int_equal(window_count(&one, 101), 3);
    window_make(&ten, 10, 100, WINDOW_CELLS_MAX);
    window_carry(&ten, rings[1], &one, rings[0], 101);
    assert_int_equal(window_remaining(&ten, 101), 7);
}

/* ---- what happened before ---- */

static void history_counts_like_calls_that_came_one_by_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        uint32_t limit;
        uint64_t strides;

        subject.state = seed;
        limit = some_limit(&subject);
        make(&subject, seed, limit, some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = below(&subject, 12); i-- > 0;) {
            uint64_t many = 1 + below(&subject, below(&subject, 4) == 0 ? 3 * limit : 3);

            if (below(&subject, 3) > 0)
                many = 1;
            if (subject.count + many > HISTORY_MAX / 2)
                break;
            step(&subject);
            window_add_many(&subject.window, subject.ring, subject.now, many);
            note(&subject, subject.now, many);
            check_guard(&subject);
        }
        strides = subject.window.stride - 1;
        for (size_t i = 0; i < 60; i++) {
            arrive(&subject, slack_after_carry(&subject, strides), false);
            step(&subject);
        }
    }
}

static void history_up_to_the_limit_leaves_exactly_the_rest(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        uint32_t limit;

        subject.state = seed;
        limit = 1 + (uint32_t)below(&subject, 12);
        make(&subject, seed, limit, some_span(&subject), WINDOW_CELLS_MAX);
        for (size_t i = below(&subject, 40); i-- > 0;) {
            window_add_many(&subject.window, subject.ring, subject.now, 1);
            note(&subject, subject.now, 1);
            step(&subject);
        }
        for (size_t i = 0; i < 60; i++) {
            arrive(&subject, 0, false);
            step(&subject);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_has_more_than_its_limit_and_nobody_under_it_is_refused),
        cmocka_unit_test(a_small_ring_admits_no_more_either),
        cmocka_unit_test(above_a_thousand_under_a_thousandth_is_refused_too_early),
        cmocka_unit_test(a_limit_changed_at_will_never_lets_through_more_than_the_one_in_force),
        cmocka_unit_test(a_lowered_limit_refuses_until_enough_have_left_and_no_longer),
        cmocka_unit_test(a_raised_limit_lets_through_all_that_it_allows_at_once),
        cmocka_unit_test(
            what_is_lost_when_a_limit_falls_and_rises_is_found_again_after_one_span),
        cmocka_unit_test(what_was_lost_and_has_left_is_not_counted_with_what_is_lost_later),
        cmocka_unit_test(a_limit_in_shadow_counts_all_and_is_right_when_it_is_one_again),
        cmocka_unit_test(history_counts_like_calls_that_came_one_by_one),
        cmocka_unit_test(history_up_to_the_limit_leaves_exactly_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
