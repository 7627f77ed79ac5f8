/*
 * sort.c: sorting of ranked keys in linear time.
 *
 * Ranks are spread rather evenly by their making, so n keys are dealt into about n
 * buckets by where their rank lies between the lowest and the highest, and what is
 * left out of order within a bucket is put right by one insertion pass.  When one
 * bucket takes too much, the spread is uneven and a radix sort does it; when one rank
 * does (the zeros of a sparse column), its keys are set aside first.  Comparisons of
 * random keys would cost a mispredicted branch each; this has few.
 */
#include "forest/sort.h"

#include <stdbool.h>
#include <string.h>

enum {
    FEW = 12,     /* up to here insertion alone is the quickest */
    CROWDED = 16, /* most keys in a bucket that insertion is asked to sort */
    MANY = 64,    /* from here on a rank that has much of the keys is worth looking for */
};

static uint32_t rank_of(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

static void sort_by_insertion(uint64_t *keys, size_t n)
{
    size_t i, j;

    for (i = 1; i < n; i++) {
        uint64_t key = keys[i];

        for (j = i; j > 0 && rank_of(keys[j - 1]) > rank_of(key); j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

/* Turns counts into where each bucket begins; returns the fullest one's count. */
static uint32_t begin_buckets(uint32_t *counts, size_t buckets)
{
    uint32_t sum = 0, most = 0;
    size_t i;

    for (i = 0; i < buckets; i++) {
        uint32_t count = counts[i];

        counts[i] = sum;
        sum += count;
        most = count > most ? count : most;
    }
    return most;
}

/* Least significant digit first, of 4 bits for few keys and 8 for many. */
static uint64_t *sort_by_radix(uint64_t *keys, uint64_t *spare, uint32_t *counts, size_t n,
                               uint32_t low, uint32_t high)
{
    const unsigned bits = n < 256 ? 4 : 8;
    const uint32_t mask = (UINT32_C(1) << bits) - 1;
    unsigned shift;
    size_t i;

    for (shift = 0; shift < 32 && (high - low) >> shift != 0; shift += bits) {
        uint64_t *swap = keys;

        memset(counts, 0, ((size_t)mask + 1) * sizeof(*counts));
        for (i = 0; i < n; i++)
            counts[(rank_of(keys[i]) - low) >> shift & mask]++;
        begin_buckets(counts, (size_t)mask + 1);
        for (i = 0; i < n; i++)
            spare[counts[(rank_of(keys[i]) - low) >> shift & mask]++] = keys[i];
        keys = spare;
        spare = swap;
    }
    return keys;
}

/* A bucket for each key, or for each rank if there are fewer; then keys are in order. */
static uint64_t *sort_by_dealing(uint64_t *keys, uint64_t *spare, uint32_t *counts, size_t n,
                                 uint32_t low, uint32_t high)
{
    const uint64_t range = (uint64_t)high - low + 1;
    const size_t buckets = range < n ? (size_t)range : n;
    const uint64_t scale = ((uint64_t)buckets << 32) / range;
    uint32_t most;
    size_t i;

    memset(counts, 0, buckets * sizeof(*counts));
    for (i = 0; i < n; i++)
        counts[((rank_of(keys[i]) - low) * scale) >> 32]++;
    most = begin_buckets(counts, buckets);
    if (most > CROWDED && buckets < range)
        return sort_by_radix(keys, spare, counts, n, low, high);
    for (i = 0; i < n; i++)
        spare[counts[((rank_of(keys[i]) - low) * scale) >> 32]++] = keys[i];
    if (buckets < range)
        sort_by_insertion(spare, n);
    return spare;
}

static uint64_t *sort_some(uint64_t *keys, uint64_t *spare, uint32_t *counts, size_t n,
                           uint32_t low, uint32_t high)
{
    if (n > FEW)
        return sort_by_dealing(keys, spare, counts, n, low, high);
    sort_by_insertion(keys, n);
    return keys;
}

/* Sets the keys of one rank aside, sorts the others, and puts them back between. */
static uint64_t *sort_around(uint64_t *keys, uint64_t *spare, uint32_t *counts, size_t n,
                             uint32_t low, uint32_t high, uint32_t rank)
{
    size_t i, aside = 0, others = 0, below = 0;
    uint64_t *sorted;

    for (i = 0; i < n; i++) {
        uint64_t key = keys[i];
        bool equal = rank_of(key) == rank;

        spare[aside] = key;
        keys[others] = key;
        aside += equal;
        others += !equal;
        below += rank_of(key) < rank;
    }
    sorted = sort_some(keys, spare + aside, counts, others, low, high);
    if (sorted != keys)
        memcpy(keys, sorted, others * sizeof(*keys));
    memmove(keys + below + aside, keys + below, (others - below) * sizeof(*keys));
    memcpy(keys + below, spare, aside * sizeof(*keys));
    return keys;
}

/* Whether two of three keys have one rank, which then has much of them all. */
static bool find_crowd(const uint64_t *keys, size_t n, uint32_t *rank)
{
    uint32_t a = rank_of(keys[n / 4]), b = rank_of(keys[n / 2]), c = rank_of(keys[n - n / 4]);

    *rank = a == b ? a : c;
    return a == b || b == c || a == c;
}

uint64_t *sort_keys(uint64_t *keys, uint64_t *spare, uint32_t *counts, size_t n, uint32_t low,
                    uint32_t high)
{
    uint32_t rank;

    if (n >= MANY && find_crowd(keys, n, &rank))
        return sort_around(keys, spare, counts, n, low, high, rank);
    return sort_some(keys, spare, counts, n, low, high);
}
