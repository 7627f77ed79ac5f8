/*
 * walk.h: the prediction of a forest for rows of numbers.
 *
 * No allocation, no I/O, no errors: the image is proved, and rows may hold any numbers,
 * NaN (a missing value) and infinities among them.
 *
 * There are several kernels, in portable C and for what some processors have beside it;
 * the best that runs here is taken.  All give the same bits.
 */
#ifndef FOREST_WALK_H
#define FOREST_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forest/image.h"

/*
 * Whether a value may be given to a forest of scikit-learn's: finite, and not past the
 * largest float32 once rounded to one ("value too large for dtype('float32')").
 */
bool walk_value_fits(double value);

/*
 * rows is n x n_features, row after row; out is n x n_outputs and is filled with the
 * margins: what the image's spec makes of the leaves' numbers, added in the order of the
 * trees, before any transform.  (For a classification by fractions, the fractions
 * averaged over the trees; for a regression its value.)
 */
void walk_predict(const struct image *image, const double *rows, size_t n, double *out);

/* ids is n x n_trees, and is filled with what the model's library calls the leaves. */
void walk_leaves(const struct image *image, const double *rows, size_t n, uint32_t *ids);

/* The first greatest of n >= 1 numbers, as numpy's argmax: the class of a row of out. */
size_t walk_argmax(const double *values, size_t n);

/*
 * The kernels, best first; NULL behind the last that there is.  walk_use() has all walks
 * of the process take that one from then on; false if it does not run here.  For tests
 * and measurements.
 */
const char *walk_kernel_name(unsigned i);
bool walk_use(const char *name);
const char *walk_used(void);

#endif
