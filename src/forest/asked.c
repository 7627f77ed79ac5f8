/* asked.c: how often a forest asks for each feature. */
#include "forest/asked.h"

#include <stdlib.h>

#include "forest/tree.h"

/* Adds the splits of a tree, each by its cover or as one. */
static void tree_add(const struct image *image, uint32_t tree, bool by_cover, uint64_t *stack,
                     double *values)
{
    size_t depth = 1;
    struct tree_node node;

    stack[0] = tree_root(image, tree);
    while (depth > 0) {
        tree_read(image, stack[--depth], &node);
        if (node.leaf)
            continue;
        values[node.feature] += by_cover ? node.cover : 1;
        stack[depth++] = node.right;
        stack[depth++] = node.left;
    }
}

static double forest_add(const struct image *image, bool by_cover, uint64_t *stack,
                         double *values)
{
    double sum = 0;
    uint32_t i;

    for (i = 0; i < image_n_features(image); i++)
        values[i] = 0;
    for (i = 0; i < image_n_trees(image); i++)
        tree_add(image, i, by_cover, stack, values);
    for (i = 0; i < image_n_features(image); i++)
        sum += values[i];
    for (i = 0; i < image_n_features(image) && sum > 0; i++)
        values[i] /= sum;
    return sum;
}

bool asked_features(const struct image *image, double *values)
{
    uint64_t *stack = calloc((size_t)image_depth(image) + 2, sizeof(*stack));
    bool by_cover = stack != NULL && forest_add(image, true, stack, values) > 0;

    if (stack != NULL && !by_cover)
        forest_add(image, false, stack, values);
    free(stack);
    return by_cover;
}
