/*
 * ranks.h: a feature's values replaced by their rank among its distinct values.
 *
 * Training compares ranks alone, which are small, evenly spread and integers; the
 * distinct values come back when a split's threshold is written down.
 */
#ifndef FOREST_RANKS_H
#define FOREST_RANKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/table.h"

struct ranks {
    float *distinct; /* n_distinct values, ascending */
    uint32_t n_distinct;
    uint16_t *narrow; /* a rank for each row: here if all fit in 16 bits, */
    uint32_t *wide;   /* else here; the other is NULL */
};

/*
 * The ranks of every feature, in an array to be given back with ranks_free().
 * RESULT_OK or RESULT_NOMEM.
 */
enum result ranks_make(const struct table *table, struct ranks **out);
void ranks_free(struct ranks *ranks, uint32_t n_features);

/* The rank of one row. */
static inline uint32_t ranks_at(const struct ranks *ranks, uint32_t row)
{
    return ranks->narrow != NULL ? ranks->narrow[row] : ranks->wide[row];
}

/*
 * The threshold between two ranks of which the left is lower: the largest float32 that
 * is not above the midpoint of their values.
 */
float ranks_threshold(const struct ranks *ranks, uint32_t left, uint32_t right);

#endif
