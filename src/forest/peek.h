/*
 * peek.h: one node of an image's trees at a time, for what explains and draws them.
 */
#ifndef FOREST_PEEK_H
#define FOREST_PEEK_H

#include "forest/layout.h"

struct peek {
    bool split;
    bool nan_left;
    uint32_t column, feature;
    double threshold;
    const uint32_t *words; /* of a split by category */
    uint32_t n_words;
    uint64_t left, right;  /* places of the children */
    double cover;          /* weight of the training rows that came here */
    const double *outputs; /* of a leaf */
};

/* The place of the root of tree t. */
static inline uint64_t peek_root(const struct image *image, uint32_t t)
{
    return image->trees[t].begin + 1;
}

static inline void peek_node(const struct image *image, uint32_t t, uint64_t place,
                             struct peek *out)
{
    const struct layout_node *node = &image->nodes[place];
    const unsigned bits = image->model->feature_bits;

    *out = (struct peek){.split = node->link != 0, .cover = image->covers[place]};
    if (out->split) {
        out->column = out->feature = node->link & ((UINT32_C(1) << bits) - 1);
        out->threshold = (double)node->threshold;
        out->left = image->trees[t].begin + (uint64_t)(node->link >> bits) * 2;
        out->right = out->left + 1;
    } else {
        out->outputs = image->leaves + (size_t)node->leaf * image->model->n_outputs;
    }
}

/* A column's value as it is compared. */
static inline double peek_value(const struct image *image, uint32_t column, const double *row)
{
    (void)image;
    return (double)(float)row[column];
}

/* Which way a row goes at a split. */
static inline bool peek_goes_left(const struct image *image, const struct peek *node,
                                  const double *row)
{
    return peek_value(image, node->column, row) <= node->threshold;
}

/* How many numbers the tree's leaves have, and the first output that they are added to. */
static inline uint32_t peek_width(const struct image *image, uint32_t t)
{
    (void)t;
    return image->model->n_outputs;
}

static inline uint32_t peek_output(const struct image *image, uint32_t t)
{
    (void)image;
    (void)t;
    return 0;
}

/* The name of a feature's category, or NULL. */
static inline const char *peek_category(const struct image *image, uint32_t feature,
                                        uint32_t code)
{
    (void)image;
    (void)feature;
    (void)code;
    return NULL;
}

/* Whether a leaf's numbers are the shares of the classes. */
static inline bool peek_fractions(const struct image *image)
{
    return image->model->n_classes > 0;
}

#endif
