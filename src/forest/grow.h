/*
 * grow.h: one tree, grown on a bag of rows.
 */
#ifndef FOREST_GROW_H
#define FOREST_GROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/ranks.h"
#include "forest/rng.h"
#include "forest/table.h"

/* What all trees of a forest share; read only while they grow. */
struct grow_plan {
    const struct table *table;
    const struct ranks *ranks;
    uint32_t max_features, max_depth, min_samples_leaf; /* as they hold: no 0 for a default */
    double mean;                                        /* of the target values */
};

struct grower;

/* One thread's room to grow trees in. */
enum result grower_open(const struct grow_plan *plan, struct grower **out);
void grower_close(struct grower *grower);

/*
 * Grows the tree of that random stream.  importances (n_features) takes the share of
 * the tree's lowering of impurity that each feature did, all 0 for a single leaf;
 * bag (GROW_BAG_BYTES) a bit for each row, set if the row was drawn.
 * RESULT_OK: tree is filled and the caller's to free; RESULT_NOMEM.
 */
enum result grower_grow(struct grower *grower, struct rng rng, struct draft_tree *tree,
                        double *importances, uint8_t *bag);

#define GROW_BAG_BYTES(n_rows) (((n_rows) + 7) / 8)

static inline bool grow_bag_has(const uint8_t *bag, size_t row)
{
    return (bag[row / 8] >> row % 8 & 1) != 0;
}

#endif
