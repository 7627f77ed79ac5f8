/*
 * rng.h: the random numbers of training: SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast
 * splittable pseudorandom number generators", 2014), the same on every machine.
 *
 * Each tree has a stream of its own, told by the forest's seed and the tree's number
 * alone, so that it does not matter which thread grows which tree.
 */
#ifndef FOREST_RNG_H
#define FOREST_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The stream of one tree: a place in the sequence that both numbers are mixed into. */
static inline struct rng rng_stream(uint64_t seed, uint64_t tree)
{
    struct rng rng = {seed};

    rng.state = rng_next(&rng) ^ tree;
    rng.state = rng_next(&rng);
    return rng;
}

/*
 * A number under bound (1 to 2^32 - 1), by the high half of a product; the bias is
 * under bound / 2^32 (D. Lemire, "Fast random integer generation in an interval", 2019).
 */
static inline uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    return (uint32_t)(((rng_next(rng) >> 32) * bound) >> 32);
}

#endif
