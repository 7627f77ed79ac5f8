/*
 * explain.h: why a forest answers what it answers: for each row and output what each
 * feature adds to the margin, by exact TreeSHAP (see shap.h).
 *
 * The contributions of a row and its bias, which is what the forest answers for nobody in
 * particular (the mean of the leaves by the training rows that came to them), sum to the
 * margin.  Where the library that trained the forest adds in float32 its own margin is a
 * little off the sum of its leaves; the bias has that difference.
 */
#ifndef FOREST_EXPLAIN_H
#define FOREST_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/image.h"

struct explain;

/*
 * All memory that explaining the image takes: it does not grow with trees or rows.  The
 * image is to outlive it.  RESULT_INVALID: the forest is of a kind that has no such
 * explanation, which the reason names (the least or greatest of the trees); RESULT_TOO_BIG: its
 * trees are too deep; RESULT_NOMEM.
 */
enum result explain_new(const struct image *image, struct explain **out, struct reason *why);
void explain_free(struct explain *explain);

/* Whether the image is of a kind that has explanations, and tells what they are made from. */
bool explain_can(const struct image *image);

/*
 * How long explaining a row takes, one of its outputs or all of them: by the nodes that are
 * gone through, where one output of a tree of up to 8 features is 1 for each.  At least 1.
 */
uint64_t explain_cost(const struct image *image, bool all);

/*
 * What to explain.  margins is n x n_outputs, what walk.h gives for the rows.  which is NULL
 * for all outputs, else it has the one output of each row that is meant.
 */
struct explain_rows {
    const double *rows; /* n x n_features */
    size_t n;
    const double *margins;
    const uint32_t *which;
};

/*
 * Explains them: for each row and, without which, for each output, out takes n_features
 * contributions and the bias.  RESULT_INVALID: the image does not tell how many training
 * rows came to its nodes, or has linear leaves; RESULT_TOO_BIG: a leaf depends on more than
 * SHAP_MAX_PLAYERS features.
 */
enum result explain_rows(struct explain *explain, const struct explain_rows *what, double *out,
                         struct reason *why);

#endif
