/*
 * train.h: random forests (Breiman 2001), grown as scikit-learn grows its own.
 *
 * Each tree is grown on a bootstrap sample with CART's best split by Gini impurity
 * (classes) or variance (regression), over a fresh random subset of the features at
 * each split.  The draft depends on the table, the options and the seed alone, not
 * on the number of threads.
 */
#ifndef FOREST_TRAIN_H
#define FOREST_TRAIN_H

#include <stdint.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/oob.h"
#include "forest/table.h"

struct train_options {
    uint32_t trees; /* 1 or more */
    uint64_t seed;
    uint32_t max_features; /* tried at a split; 0: sqrt(n) for classes, all for regression */
    uint32_t max_depth;    /* 0 is no bound */
    uint32_t min_samples_leaf; /* distinct rows in a leaf, 1 or more */
    unsigned threads;          /* 0: one for each processor */
    /* Called after each tree, by one thread at a time but any of them; NULL for none. */
    void (*progress)(void *arg, unsigned done, unsigned total);
    void *arg;
    struct oob_sample *sample; /* filled for a baseline, to be freed by the caller; or NULL */
};

/* 100 trees, seed 42, and scikit-learn's defaults for the rest. */
extern const struct train_options train_defaults;

/*
 * Grows the forest.  RESULT_OK: *out is filled, to be given back with draft_free().
 * RESULT_INVALID: an option out of its bounds, named; RESULT_NOMEM.
 */
enum result train_forest(const struct table *table, const struct train_options *options,
                         struct draft *out, struct reason *why);

#endif
