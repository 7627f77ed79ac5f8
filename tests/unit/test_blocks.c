/*
 * test_blocks.c: blocks come out in their order for any number of threads, and a failure
 * of any step ends the work and is told.
 */
#include "forest_help.h"

#include <limits.h>
#include <sched.h>

#include "forest/blocks.h"

struct block {
    unsigned number, worked;
};

struct line {
    unsigned filled, emptied;         /* so far */
    unsigned end;                     /* fill() has nothing more after so many */
    unsigned fill_fails, empty_fails; /* at that number; UINT_MAX never */
};

static enum result fill(void *arg, void *item, struct reason *why)
{
    struct line *line = arg;
    struct block *block = item;

    if (line->filled == line->fill_fails)
        return reason_set(why, RESULT_INVALID, "cannot fill %u", line->filled);
    if (line->filled == line->end)
        return RESULT_MISSING;
    *block = (struct block){.number = line->filled++};
    return RESULT_OK;
}

/* Takes longer for some blocks, so that others overtake them. */
static void work(void *arg, void *item)
{
    struct block *block = item;

    (void)arg;
    for (unsigned i = 0; i < block->number % 7 * 20; i++)
        sched_yield();
    block->worked = block->number + 1;
}

static enum result empty(void *arg, void *item, struct reason *why)
{
    struct line *line = arg;
    struct block *block = item;

    if (line->emptied == line->empty_fails)
        return reason_set(why, RESULT_FULL, "cannot empty %u", line->emptied);
    assert_int_equal(block->number, line->emptied);
    assert_int_equal(block->worked, block->number + 1);
    line->emptied++;
    return RESULT_OK;
}

static enum result run(struct line *line, unsigned threads, struct reason *why)
{
    struct block blocks[16];
    void *items[16];
    size_t i, n = threads > 1 ? (size_t)2 * threads : 1;
    struct blocks_plan plan = {line, threads, items, n, fill, work, empty};

    assert_true(n <= 16);
    for (i = 0; i < n; i++)
        items[i] = &blocks[i];
    return blocks_run(&plan, why);
}

static void ends_when_a_block_cannot_be_emptied(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct line line = {.end = 100, .fill_fails = UINT_MAX, .empty_fails = 10};
        struct reason why;

        assert_int_equal(run(&line, threads, &why), RESULT_FULL);
        assert_string_equal(why.text, "cannot empty 10");
        assert_int_equal(line.emptied, 10);
        assert_true(line.filled < 100);
    }
}

static void empties_what_came_before_a_fault_and_then_tells_it(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++)
        for (unsigned fault = 0; fault < 20; fault++) {
            struct line line = {.end = 100, .fill_fails = fault, .empty_fails = UINT_MAX};
            struct reason why;

            assert_int_equal(run(&line, threads, &why), RESULT_INVALID);
            assert_int_equal(line.emptied, fault);
        }
}

static void keeps_the_order_for_any_number_of_threads(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++)
        for (unsigned end = 0; end < 40; end++) {
            struct line line = {.end = end, .fill_fails = UINT_MAX, .empty_fails = UINT_MAX};
            struct reason why;

            assert_int_equal(run(&line, threads, &why), RESULT_OK);
            assert_int_equal(line.emptied, end);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_when_a_block_cannot_be_emptied),
        cmocka_unit_test(empties_what_came_before_a_fault_and_then_tells_it),
        cmocka_unit_test(keeps_the_order_for_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
