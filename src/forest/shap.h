/*
 * shap.h: what each feature adds to what one tree says of one row: exact Shapley values,
 * "path-dependent" (a feature that is not known sends a row both ways, in the shares in
 * which the training rows went; Lundberg and others, arXiv 1802.03888).
 *
 * A leaf with the value v is reached, while only the features of a set S are known, with
 * the weight of the product of o_f (1 where the row goes that way at all splits on f, else
 * 0) over f in S and of w_f (the product of f's shares on the way) over the others.  The
 * Shapley value of such a game is
 *
 *     phi_f = v (o_f - w_f) x integral over t in (0, 1) of the product over the others g
 *             of (w_g (1 - t) + o_g t)
 *
 * whose integrand is a polynomial: Gauss and Legendre's rule of ceil(d / 2) points is
 * exact for a way with d features.  The products are kept for all points at once while
 * the tree is gone through once, so a row costs (nodes x points), and all factors lie in
 * [0, 1], so nothing overflows or cancels however deep the tree is (the quadrature is due
 * to Wettenstein, Mitchell and Yu, arXiv 2605.04497).
 */
#ifndef FOREST_SHAP_H
#define FOREST_SHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/spec.h"

enum {
    SHAP_WIDTH = 8,         /* most outputs of a leaf at once */
    SHAP_MAX_PLAYERS = 256, /* most different features on the way to a leaf */
    SHAP_MAX_BYTES = 64 << 20,
};

/* Vectors of the rule for trees that deep on so many features: what a node takes grows so. */
uint32_t shap_blocks(uint32_t levels, uint32_t n_features);

/*
 * One node of a tree, whose nodes come in preorder: a split, all nodes of its left side,
 * all of its right.
 */
struct shap_node {
    double share;          /* of its parent's training rows, in [0, 1]; the root's is 1 */
    double threshold;      /* of a split without words: left when value <= threshold */
    double known;          /* of DRAFT_UNKNOWN_TO_NAN: how many categories there are */
    const double *leaf;    /* of a leaf: its outputs; NULL for a split */
    const uint32_t *words; /* of a split by category: bit b of words[w] is 32 w + b */
    uint32_t n_words;
    uint32_t feature;
    uint32_t level; /* splits above it */
    uint8_t mend;   /* enum draft_mend: what is done to the value before */
    bool nan_left;
};

struct shap;

/*
 * For trees whose leaves are at most `levels` splits deep, over n_features features, that
 * compare as the spec says.
 * RESULT_TOO_BIG where that takes more than SHAP_MAX_BYTES, RESULT_NOMEM.
 */
enum result shap_new(uint32_t levels, uint32_t n_features, const struct spec *spec,
                     struct shap **out, struct reason *why);
void shap_free(struct shap *shap);

/* Begins a tree of which at most so many different features are on the way to a leaf. */
void shap_begin(struct shap *shap, uint32_t players);

/*
 * What is asked of a row of values, one for each feature.  To phi[k * stride + f] is added what
 * feature f adds to output first + k of the leaves, for each k < width, which is SHAP_WIDTH at
 * most.
 */
struct shap_row {
    const double *values;
    uint32_t first, width;
    double *phi;
    size_t stride;
};

/* Goes on through the tree with its next n nodes, for the row that it was begun with. */
void shap_add(struct shap *shap, const struct shap_node *nodes, size_t n,
              const struct shap_row *row);

#endif
