/*
 * ranks.c: the ranks of a table's values.
 */
#include "forest/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/sort.h"

enum {
    NARROW_MAX = 65536
};

/* What one column needs while it is ranked. */
struct work {
    uint64_t *keys, *spare;
    uint32_t *counts;
};

/* A float's bits such that their order as unsigned integers is the floats' order. */
static uint32_t ordered_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return (bits & UINT32_C(0x80000000)) != 0 ? ~bits : bits | UINT32_C(0x80000000);
}

/* The column's keys in order: the value's bits, then the row. */
static const uint64_t *sort_column(const float *values, size_t n, struct work *work)
{
    uint32_t low = UINT32_MAX, high = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        uint32_t bits = ordered_bits(values[i]);

        low = bits < low ? bits : low;
        high = bits > high ? bits : high;
        work->keys[i] = (uint64_t)bits << 32 | i;
    }
    return sort_keys(work->keys, work->spare, work->counts, n, low, high);
}

static uint32_t count_distinct(const uint64_t *keys, size_t n)
{
    uint32_t distinct = 1;
    size_t i;

    for (i = 1; i < n; i++)
        distinct += keys[i] >> 32 != keys[i - 1] >> 32;
    return distinct;
}

static enum result rank_column(const float *values, size_t n, struct work *work,
                               struct ranks *out)
{
    const uint64_t *keys = sort_column(values, n, work);
    uint32_t rank = 0;
    size_t i;

    out->n_distinct = count_distinct(keys, n);
    out->distinct = malloc(out->n_distinct * sizeof(*out->distinct));
    if (out->n_distinct <= NARROW_MAX)
        out->narrow = malloc(n * sizeof(*out->narrow));
    else
        out->wide = malloc(n * sizeof(*out->wide));
    if (out->distinct == NULL || (out->narrow == NULL && out->wide == NULL))
        return RESULT_NOMEM;
    for (i = 0; i < n; i++) {
        uint32_t row = (uint32_t)keys[i];

        rank += i > 0 && keys[i] >> 32 != keys[i - 1] >> 32;
        out->distinct[rank] = values[row];
        if (out->narrow != NULL)
            out->narrow[row] = (uint16_t)rank;
        else
            out->wide[row] = rank;
    }
    return RESULT_OK;
}

enum result ranks_make(const struct table *table, struct ranks **out)
{
    size_t n = table->n_rows;
    struct ranks *ranks = calloc(table->n_features, sizeof(*ranks));
    struct work work = {malloc(n * sizeof(*work.keys)), malloc(n * sizeof(*work.spare)),
                        malloc(SORT_COUNTS(n) * sizeof(*work.counts))};
    enum result result = RESULT_NOMEM;
    uint32_t i;

    if (ranks == NULL || work.keys == NULL || work.spare == NULL || work.counts == NULL)
        goto out;
    for (i = 0; i < table->n_features; i++)
        if ((result = rank_column(table->columns[i].values, n, &work, &ranks[i])) != RESULT_OK)
            goto out;
    *out = ranks;
    ranks = NULL;
out:
    ranks_free(ranks, table->n_features);
    free(work.keys);
    free(work.spare);
    free(work.counts);
    return result;
}

void ranks_free(struct ranks *ranks, uint32_t n_features)
{
    uint32_t i;

    if (ranks == NULL)
        return;
    for (i = 0; i < n_features; i++) {
        free(ranks[i].distinct);
        free(ranks[i].narrow);
        free(ranks[i].wide);
    }
    free(ranks);
}

float ranks_threshold(const struct ranks *ranks, uint32_t left, uint32_t right)
{
    double a = ranks->distinct[left], b = ranks->distinct[right];
    double middle = a / 2 + b / 2;
    float threshold = (float)middle;

    /*
     * scikit-learn compares a float32 with the float64 midpoint.  No float32 lies
     * between the largest float32 that is not above it and the midpoint, so comparing
     * with that one tells every float32 apart in the same way.  It is never below a,
     * and always under b, as the midpoint is.
     */
    if ((double)threshold > middle)
        threshold = nextafterf(threshold, -INFINITY);
    return threshold;
}
