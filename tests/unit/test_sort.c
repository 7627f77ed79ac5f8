/*
 * test_sort.c: keys come out by rank, and in their order within one, however the ranks
 * are spread; thresholds lie where float32 can tell their two sides apart.
 */
#include "forest_help.h"

#include <float.h>
#include <math.h>

#include "forest/ranks.h"
#include "forest/sort.h"

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Ranks of several kinds: even, few, uneven, in two heaps far apart. */
static uint32_t rank_of_kind(struct rng *rng, int kind, size_t n)
{
    switch (kind) {
    case 0:
        return rng_below(rng, (uint32_t)(4 * n + 1));
    case 1:
        return 7 + rng_below(rng, 3);
    case 2:
        return (uint32_t)exp(22 * help_uniform(rng));
    case 3:
        return rng_below(rng, 2) != 0 ? rng_below(rng, 40) : UINT32_MAX - rng_below(rng, 40);
    default:
        return 5;
    }
}

static void check_sort(struct rng *rng, int kind, size_t n)
{
    uint64_t *keys = calloc(n + 1, sizeof(*keys)), *spare = calloc(n + 1, sizeof(*keys));
    uint64_t *expected = calloc(n + 1, sizeof(*keys));
    uint32_t *counts = calloc(SORT_COUNTS(n), sizeof(*counts));
    uint32_t low = UINT32_MAX, high = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        uint32_t rank = rank_of_kind(rng, kind, n);

        low = rank < low ? rank : low;
        high = rank > high ? rank : high;
        keys[i] = expected[i] = (uint64_t)rank << 32 | i; /* so that order shows */
    }
    qsort(expected, n, sizeof(*expected), compare_keys);
    assert_memory_equal(sort_keys(keys, spare, counts, n, low, high), expected,
                        n * sizeof(*expected));
    free(keys);
    free(spare);
    free(expected);
    free(counts);
}

static void sorts_ranks_of_every_spread(void **state)
{
    struct rng rng = {1};
    size_t n;
    int kind;

    (void)state;
    for (kind = 0; kind <= 4; kind++) {
        for (n = 1; n < 100; n++)
            check_sort(&rng, kind, n);
        for (n = 100; n < 30000; n *= 3)
            check_sort(&rng, kind, n);
    }
}

/* One column as a table. */
static struct ranks *rank_values(const float *values, size_t n)
{
    struct table_column column = {.values = (float *)values};
    struct table table = {.n_rows = n, .n_features = 1, .columns = &column};
    struct ranks *ranks = NULL;

    assert_int_equal(ranks_make(&table, &ranks), RESULT_OK);
    return ranks;
}

static void ranks_values_by_their_order(void **state)
{
    float values[] = {3, -1.5F, 0, 3, -FLT_MAX, 1e-45F, 0, FLT_MAX, -1e-45F};
    static const uint32_t expected[] = {5, 1, 3, 5, 0, 4, 3, 6, 2};
    struct ranks *ranks = rank_values(values, 9);
    uint32_t i;

    (void)state;
    assert_int_equal(ranks->n_distinct, 7);
    for (i = 0; i < 9; i++) {
        assert_int_equal(ranks_at(ranks, i), expected[i]);
        assert_true(ranks->distinct[expected[i]] <= values[i] &&
                    ranks->distinct[expected[i]] >= values[i]);
    }
    ranks_free(ranks, 1);
}

static void ranks_more_values_than_16_bits_hold(void **state)
{
    const uint32_t n = 70000;
    float *values = malloc(n * sizeof(*values));
    struct ranks *ranks;
    uint32_t i;

    (void)state;
    for (i = 0; i < n; i++)
        values[i] = (float)(n - i);
    ranks = rank_values(values, n);
    assert_int_equal(ranks->n_distinct, n);
    assert_null(ranks->narrow);
    for (i = 0; i < n; i++)
        assert_int_equal(ranks_at(ranks, i), n - 1 - i);
    ranks_free(ranks, 1);
    free(values);
}

static void puts_thresholds_where_scikit_learn_compares(void **state)
{
    float values[] = {1, 3, 0x1p24F, 0x1.000002p24F, -FLT_MAX, FLT_MAX, 0, 1e-45F};
    struct ranks *ranks = rank_values(values, 8); /* -max 0 tiny 1 3 2^24 2^24+2 max */

    (void)state;
    assert_true(ranks_threshold(ranks, 3, 4) == 2);
    /* The midpoint 16777217 is no float32: the one below it. */
    assert_true(ranks_threshold(ranks, 5, 6) == 0x1p24F);
    assert_true(ranks_threshold(ranks, 1, 2) == 0);
    assert_true(ranks_threshold(ranks, 0, 7) == 0); /* no overflow on the way */
    assert_true(ranks_threshold(ranks, 6, 7) < FLT_MAX);
    ranks_free(ranks, 1);
}

static void tells_neighbours_apart_by_any_threshold(void **state)
{
    struct rng rng = {2};
    int i;

    (void)state;
    for (i = 0; i < 100000; i++) {
        uint32_t bits = (uint32_t)rng_next(&rng);
        float values[2];
        struct ranks ranks = {.distinct = values, .n_distinct = 2};
        double middle;
        float t;

        memcpy(&values[0], &bits, sizeof(bits));
        if (!isfinite(values[0]) || !isfinite(nextafterf(values[0], INFINITY)))
            continue;
        values[1] = nextafterf(values[0], INFINITY);
        if (i % 2 != 0)
            values[1] = values[1] < 0 ? -values[1] : values[1] * 1.5F;
        if (!isfinite(values[1]))
            continue;
        t = ranks_threshold(&ranks, 0, 1);
        middle = (double)values[0] / 2 + (double)values[1] / 2;
        assert_true(values[0] <= t && t < values[1] && (double)t <= middle);
        assert_true((double)nextafterf(t, INFINITY) > middle);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_ranks_of_every_spread),
        cmocka_unit_test(ranks_values_by_their_order),
        cmocka_unit_test(ranks_more_values_than_16_bits_hold),
        cmocka_unit_test(puts_thresholds_where_scikit_learn_compares),
        cmocka_unit_test(tells_neighbours_apart_by_any_threshold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
