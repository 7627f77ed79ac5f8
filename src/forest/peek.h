/*
 * peek.h: one node of an image's trees at a time, for what explains and draws them.
 */
#ifndef FOREST_PEEK_H
#define FOREST_PEEK_H

#include "forest/exact.h"
#include "forest/layout.h"
#include "forest/tree.h"

struct peek {
    bool split;
    bool nan_left;
    uint32_t column, feature;
    double threshold;
    const uint32_t *words; /* of a split by category, else NULL */
    uint32_t n_words;
    uint64_t left, right;  /* places of the children */
    double cover;          /* weight of the training rows that came here */
    const double *outputs; /* of a leaf; NULL where it has the one number alone */
    double number;
};

/* The place of the root of tree t. */
static inline uint64_t peek_root(const struct image *image, uint32_t t)
{
    return tree_root(image, t);
}

static inline void peek_node(const struct image *image, uint32_t t, uint64_t place,
                             struct peek *out)
{
    struct tree_node node;

    tree_read(image, place, &node);
    *out = (struct peek){.split = !node.leaf,
                         .nan_left = node.nan_left,
                         .column = node.column,
                         .feature = node.feature,
                         .threshold = node.threshold,
                         .words = node.words,
                         .n_words = node.n_words,
                         .left = node.left,
                         .right = node.right,
                         .cover = node.cover};
    if (node.leaf && image->model->leaf_format == LAYOUT_LEAVES_ROWS)
        out->outputs = image->rows + ((const uint32_t *)image->leaves)[node.number];
    else if (node.leaf)
        tree_values(image, t, node.number, &out->number);
}

/* The numbers of a leaf, which last as long as the node. */
static inline const double *peek_outputs(const struct peek *node)
{
    return node->outputs != NULL ? node->outputs : &node->number;
}

/* A column's value as it is compared. */
static inline double peek_value(const struct image *image, uint32_t column, const double *row)
{
    const double value = exact_value(image, column, row);

    return image->spec.compare == SPEC_COMPARE_F32 ? (double)(float)value : value;
}

/* Which way a row goes at the split of that place. */
static inline bool peek_goes_left(const struct image *image, uint64_t place, const double *row)
{
    struct tree_node node;

    tree_read(image, place, &node);
    return tree_step(image, place, row) == node.left;
}

/* How many numbers the tree's leaves have, and the first output that they are added to. */
static inline uint32_t peek_width(const struct image *image, uint32_t t)
{
    return tree_width(image, t);
}

static inline uint32_t peek_output(const struct image *image, uint32_t t)
{
    return tree_output(image, t);
}

/* The name of a feature's category, or NULL. */
static inline const char *peek_category(const struct image *image, uint32_t feature,
                                        uint32_t code)
{
    return code < image_feature_n_values(image, feature)
               ? image_feature_value(image, feature, code)
               : NULL;
}

/* Whether a leaf's numbers are the shares of the classes. */
static inline bool peek_fractions(const struct image *image)
{
    return image->spec.transform == SPEC_FRACTIONS;
}

#endif
