/*
 * walk.c: from rows to predictions.
 *
 * The compare is scikit-learn's: the value is rounded to float32 (to nearest, as numpy
 * casts) and goes left when it is <= the threshold.  Its threshold is a float64, ours
 * the largest float32 that is not above it; since no float32 lies between the two, both
 * tell every float32 apart alike.
 *
 * One step down one tree waits for the node, then the value, then the compare.  The
 * steps of different trees do not wait for each other, so ABREAST trees go down
 * together; one that has come to its leaf stays there until all have.
 */
#include "forest/walk.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "forest/layout.h"

enum {
    ABREAST = 8
};

bool walk_value_fits(double value)
{
    return isfinite((float)value);
}

size_t walk_argmax(const double *values, size_t n)
{
    size_t i, best = 0;

    for (i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

/* How links are read, and the row at hand. */
struct way {
    const double *row;
    unsigned bits; /* of a link: the feature's */
    uint32_t mask;
};

/* One step down a tree from *at; a leaf, whose link is 0, is not left.  Returns the link. */
static inline uint32_t step(const struct way *way, const struct layout_node *tree,
                            const struct layout_node **at)
{
    const struct layout_node *node = *at;
    uint32_t right = !((float)way->row[node->link & way->mask] <= node->threshold);
    const struct layout_node *next = tree + (size_t)(node->link >> way->bits) * 2 + right;

    *at = node->link != 0 ? next : node;
    return node->link;
}

/* Goes down ABREAST trees from tree t on; leaves[] takes the row of outputs of each. */
static inline void descend(const struct image *image, const struct way *way, uint32_t t,
                           uint32_t *leaves)
{
    const struct layout_node *trees[ABREAST], *at[ABREAST];
    uint32_t links;
    unsigned i;

    for (i = 0; i < ABREAST; i++) {
        trees[i] = image->nodes + image->trees[t + i].begin;
        at[i] = trees[i] + 1;
    }
    do {
        links = 0;
#pragma GCC unroll 8 /* or the trees would be kept in memory, not in registers */
        for (i = 0; i < ABREAST; i++)
            links |= step(way, trees[i], &at[i]);
    } while (links != 0);
    for (i = 0; i < ABREAST; i++)
        leaves[i] = at[i]->leaf;
}

/* The same for one tree, of those that are left over. */
static inline uint32_t descend_alone(const struct image *image, const struct way *way,
                                     uint32_t t)
{
    const struct layout_node *tree = image->nodes + image->trees[t].begin;
    const struct layout_node *at = tree + 1;

    while (step(way, tree, &at) != 0)
        ;
    return at->leaf;
}

/* Adds the outputs of a leaf. */
static inline void add_leaf(const struct image *image, uint32_t leaf, double *out)
{
    const uint32_t n = image->model->n_outputs;
    const double *outputs = image->leaves + (size_t)leaf * n;
    uint32_t k;

    for (k = 0; k < n; k++)
        out[k] += outputs[k];
}

static void predict_row(const struct image *image, const double *row, double *out)
{
    const struct layout_model *model = image->model;
    const struct way way = {row, model->feature_bits, (UINT32_C(1) << model->feature_bits) - 1};
    uint32_t leaves[ABREAST], t, i, k;

    memset(out, 0, model->n_outputs * sizeof(*out));
    for (t = 0; t + ABREAST <= model->n_trees; t += ABREAST) {
        descend(image, &way, t, leaves);
        for (i = 0; i < ABREAST; i++)
            add_leaf(image, leaves[i], out);
    }
    for (; t < model->n_trees; t++)
        add_leaf(image, descend_alone(image, &way, t), out);
    for (k = 0; k < model->n_outputs; k++)
        out[k] /= model->n_trees;
}

void walk_predict(const struct image *image, const double *rows, size_t n, double *out)
{
    size_t i;

    for (i = 0; i < n; i++)
        predict_row(image, rows + i * image->model->n_features,
                    out + i * image->model->n_outputs);
}

void walk_leaves(const struct image *image, const double *rows, size_t n, uint32_t *out)
{
    const struct layout_model *model = image->model;

    for (size_t i = 0; i < n; i++) {
        const struct way way = {rows + i * model->n_features, model->feature_bits,
                                (UINT32_C(1) << model->feature_bits) - 1};

        for (uint32_t t = 0; t < model->n_trees; t++) {
            const struct layout_node *tree = image->nodes + image->trees[t].begin;
            const struct layout_node *at = tree + 1;

            while (step(&way, tree, &at) != 0)
                ;
            *out++ = (uint32_t)(at - tree);
        }
    }
}
