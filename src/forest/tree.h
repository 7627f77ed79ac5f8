/*
 * tree.h: the trees of an image, node by node, for who explains or draws them.
 *
 * A place names one node of the image; it is the caller's to keep and to compare, and
 * nothing is allocated.  Every place that these functions give is one of a node.
 */
#ifndef FOREST_TREE_H
#define FOREST_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "forest/draft.h"
#include "forest/image.h"

typedef uint64_t tree_place;

/* A split or a leaf.  What a split compares is as in draft.h. */
struct tree_node {
    bool leaf;
    double cover; /* 0 where covers are not known */
    /* of a split */
    tree_place left, right;
    uint32_t column, feature;
    enum draft_mend mend;
    double threshold; /* of a split by a set: 0 */
    bool nan_left;
    bool by_set;
    const uint32_t
        *words; /* of the set, never NULL: category 32 w + b where bit b of words[w] is set */
    uint32_t n_words;
    /* of a leaf */
    uint32_t number; /* of the image's leaves: the next tree's are behind this one's */
    uint32_t id;     /* what the model's library calls it */
};

/* The root of tree t. */
tree_place tree_root(const struct image *image, uint32_t t);

void tree_read(const struct image *image, tree_place place, struct tree_node *out);

/*
 * The child of a split that a row of n_features values goes to, exactly as the walk
 * decides it.
 */
tree_place tree_step(const struct image *image, tree_place place, const double *row);

/* Numbers of a leaf of tree t: 1, which is added to tree_output(), or n_outputs. */
uint32_t tree_width(const struct image *image, uint32_t t);
uint32_t tree_output(const struct image *image, uint32_t t);
uint32_t tree_depth(const struct image *image, uint32_t t); /* most splits on a way */

/*
 * Fills out with the tree_width() numbers of the leaf of that number.  A linear leaf's are
 * those that it has where one of its features is missing; see tree_line().
 */
void tree_values(const struct image *image, uint32_t t, uint32_t leaf, double *out);

/* Whether the leaf is a linear function; then what it is of that row. */
bool tree_is_line(const struct image *image, uint32_t leaf);
double tree_line(const struct image *image, uint32_t leaf, const double *row);

/* Whether covers are known at all. */
bool tree_has_covers(const struct image *image);

#endif
