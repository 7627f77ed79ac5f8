/*
 * walk.h: the prediction of a forest for rows of numbers.
 *
 * No allocation, no I/O, no errors: the image is proved, the rows are the caller's
 * to check with walk_value_fits().
 */
#ifndef FOREST_WALK_H
#define FOREST_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forest/image.h"

/*
 * Whether a value may be given to the walk: finite, and not past the largest float32
 * once rounded to one (scikit-learn refuses the others too: "value too large for
 * dtype('float32')").  Others are safe to give, but their prediction means nothing.
 */
bool walk_value_fits(double value);

/*
 * rows is n x n_features, row after row; out is n x n_outputs and is filled with the
 * class fractions averaged over the trees (they sum to 1), or for a regression with the
 * mean of the trees' values.  The sum runs over the trees in their order, then is
 * divided by their number, in float64, as scikit-learn's does with one job.
 */
void walk_predict(const struct image *image, const double *rows, size_t n, double *out);

/* The leaves of n rows, one a tree for each: what the model's library calls them. */
void walk_leaves(const struct image *image, const double *rows, size_t n, uint32_t *out);

/* The first greatest of n >= 1 numbers, as numpy's argmax: the class of a row of out. */
size_t walk_argmax(const double *values, size_t n);

#endif
