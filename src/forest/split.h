/*
 * split.h: the best split of one node's rows by one feature.
 *
 * For classes the best split lowers the Gini impurity most, for values the variance.
 * Both come to the greatest between-children sum of squares, which is what is scored.
 */
#ifndef FOREST_SPLIT_H
#define FOREST_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/ranks.h"

/*
 * A row in a tree's bag.  load is what a sort key carries along: for classes the class
 * in the high and the weight (how often the row was drawn) in the low 16 bits, for
 * values the row again.  A weight over 65,535 would take more rows than that, and of n
 * draws out of n as many for one row do not happen (less than once in 65,535!).
 */
struct sample {
    uint32_t row;
    uint32_t load;
};

static inline uint32_t sample_class(uint32_t load)
{
    return load >> 16;
}

static inline uint32_t sample_weight(uint32_t load)
{
    return load & 0xffff;
}

/* The rows of a node and what is known of them all. */
struct node_rows {
    struct sample *samples;
    size_t n;
    uint64_t weight;        /* sum of the weights */
    const uint64_t *counts; /* classes: the weight in each class */
    double sum;             /* values: weighted sum of what the splitter's values are */
};

/* The best split found: between two ranks of a feature. */
struct split {
    uint32_t feature;
    uint32_t left, right; /* rank: the greatest that goes left, the least that goes right */
    double score;
};

/* One thread's room for scoring splits. */
struct splitter {
    uint32_t n_classes;      /* 0: values */
    size_t min_leaf;         /* rows that a child must have */
    const uint32_t *weights; /* values: the weight of each row, */
    const double *values;    /* and its value times its weight, less the mean */
    uint64_t *keys, *spare;  /* of one feature, for sorting */
    uint32_t *counts;
    uint64_t *left; /* classes: the weight in each class so far */
};

/* Room for nodes of up to n rows; what is not owned is left NULL. */
enum result splitter_open(struct splitter *splitter, size_t n, uint32_t n_classes,
                          size_t min_leaf);
void splitter_close(struct splitter *splitter);

/*
 * Tries one feature: if it has a split that leaves min_leaf rows or more on both sides,
 * and one of those scores over best->score, best becomes that.
 */
void splitter_try(struct splitter *splitter, const struct node_rows *node, uint32_t feature,
                  const struct ranks *ranks, struct split *best);

#endif
