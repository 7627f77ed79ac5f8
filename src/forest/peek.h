/*
 * peek.h: the trees of an image, node by node, until tree.h is there; then this goes.
 */
#ifndef FOREST_PEEK_H
#define FOREST_PEEK_H

#if __has_include("forest/tree.h")

#include "forest/tree.h"

#define peek_missing image_feature_missing

static inline double peek_base(const struct image *image, uint32_t output)
{
    return image_base(image)[output];
}

static inline const struct spec *peek_spec(const struct image *image)
{
    return image_spec(image);
}

static inline const char *peek_category(const struct image *image, uint32_t feature,
                                        uint32_t code)
{
    return code < image_feature_n_values(image, feature)
               ? image_feature_value(image, feature, code)
               : NULL;
}

static inline double peek_known(const struct image *image, uint32_t feature)
{
    return image_feature_n_values(image, feature);
}

#else

#include "forest/draft.h"
#include "forest/layout.h"

typedef uint64_t tree_place;

struct tree_node {
    bool leaf;
    double cover;
    tree_place left, right;
    uint32_t column, feature;
    enum draft_mend mend;
    double threshold;
    bool nan_left;
    bool by_set;
    const uint32_t *words;
    uint32_t n_words;
    uint32_t number;
    uint32_t id;
};

static inline uint32_t peek_tree(const struct image *image, tree_place place)
{
    uint32_t low = 0, high = image->model->n_trees, mid;

    while (high - low > 1) {
        mid = low + (high - low) / 2;
        if (image->trees[mid].begin <= place)
            low = mid;
        else
            high = mid;
    }
    return low;
}

static inline tree_place tree_root(const struct image *image, uint32_t t)
{
    return image->trees[t].begin + 1;
}

static inline void tree_read(const struct image *image, tree_place place, struct tree_node *out)
{
    const struct layout_node *node = &image->nodes[place];
    const unsigned bits = image->model->feature_bits;

    *out = (struct tree_node){.leaf = node->link == 0, .cover = image->covers[place]};
    if (out->leaf) {
        out->number = node->leaf;
        return;
    }
    out->column = out->feature = node->link & ((UINT32_C(1) << bits) - 1);
    out->mend = DRAFT_KEEP;
    out->threshold = (double)node->threshold;
    out->left =
        image->trees[peek_tree(image, place)].begin + (uint64_t)(node->link >> bits) * 2;
    out->right = out->left + 1;
}

static inline tree_place tree_step(const struct image *image, tree_place place,
                                   const double *row)
{
    struct tree_node node;

    tree_read(image, place, &node);
    return (double)(float)row[node.feature] <= node.threshold ? node.left : node.right;
}

static inline uint32_t tree_width(const struct image *image, uint32_t t)
{
    (void)t;
    return image->model->n_outputs;
}

static inline uint32_t tree_output(const struct image *image, uint32_t t)
{
    (void)image;
    (void)t;
    return 0;
}

static inline void tree_values(const struct image *image, uint32_t t, uint32_t leaf,
                               double *out)
{
    (void)t;
    for (uint32_t k = 0; k < image->model->n_outputs; k++)
        out[k] = image->leaves[(size_t)leaf * image->model->n_outputs + k];
}

static inline bool peek_missing(const struct image *image, uint32_t feature)
{
    (void)image;
    (void)feature;
    return false;
}

static inline double peek_base(const struct image *image, uint32_t output)
{
    (void)image;
    (void)output;
    return 0;
}

static inline const struct spec *peek_spec(const struct image *image)
{
    static struct spec spec = {.compare = SPEC_COMPARE_F32,
                               .sum = SPEC_SUM_F64,
                               .fold = SPEC_FOLD_MEAN,
                               .category = SPEC_CATEGORY_SIGN};

    spec.transform = image->model->n_classes > 0 ? SPEC_FRACTIONS : SPEC_IDENTITY;
    spec.divisor = image->model->n_trees;
    spec.n_outputs = image->model->n_outputs;
    return &spec;
}

static inline const char *peek_category(const struct image *image, uint32_t feature,
                                        uint32_t code)
{
    (void)image;
    (void)feature;
    (void)code;
    return NULL;
}

static inline double peek_known(const struct image *image, uint32_t feature)
{
    (void)image;
    (void)feature;
    return 0;
}

static inline bool tree_is_line(const struct image *image, uint32_t leaf)
{
    (void)image;
    (void)leaf;
    return false;
}

#endif

/* Whether a leaf's numbers are the shares of the classes. */
static inline bool peek_fractions(const struct image *image)
{
    return peek_spec(image)->transform == SPEC_FRACTIONS && image_n_classes(image) > 1 &&
           image_n_classes(image) == image_n_outputs(image);
}

#endif
