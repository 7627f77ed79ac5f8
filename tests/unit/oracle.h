/*
 * oracle.h: what a draft's forest answers, by the definition in draft.h and spec.h: one
 * node at a time, one row at a time, nothing clever.  What the walk is held against.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include "forest/draft.h"

/* Fills out with the spec.n_outputs margins of a row of n_features values. */
void oracle_margins(const struct draft *draft, const double *row, double *out);

/* Fills ids with the leaf's id in each tree. */
void oracle_leaves(const struct draft *draft, const double *row, uint32_t *ids);

/* Which way a row goes at a split of a tree. */
bool oracle_goes_left(const struct draft *draft, const struct draft_tree *tree,
                      const struct draft_node *node, const double *row);

/* Most splits on a way from the root to a leaf. */
uint32_t oracle_depth(const struct draft_tree *tree);

#endif
