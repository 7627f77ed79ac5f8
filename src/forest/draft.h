/*
 * draft.h: a forest in memory, before it is an image: what training and importers make,
 * and what writes it as a file.
 *
 * It is the one form into which every source is translated, exactly or not at all.
 */
#ifndef FOREST_DRAFT_H
#define FOREST_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/image.h"
#include "forest/spec.h"

/*
 * One node, node 0 being the root.  Every node that can be reached from the root is the
 * child of exactly one; others are left out of the image.
 *
 * A split without a set sends a value left when value <= threshold, in the precision of
 * spec.compare; `value < t` is written as <= nextafterf(t, -INFINITY), `value > t` by
 * changing the children.  A split with a set sends left the values whose category is in
 * it.  NaN goes left where nan_left is set, else right, at either kind.
 */
struct draft_node {
    double threshold; /* finite, or an infinity; with SPEC_COMPARE_F32 a float32 */
    double cover;     /* weight of the training rows that came here; 0 if not known */
    uint32_t column;
    uint32_t left, right; /* 0 and 0 mark a leaf */
    uint32_t leaf;        /* of a leaf: its row in the tree's leaves */
    uint32_t id;          /* of a leaf: what its library calls it */
    uint32_t set;         /* 0, or 1 + a number of the tree's sets */
    bool nan_left;
};

/* Categories 32 w + b where bit b of words[w] is set. */
struct draft_set {
    uint32_t *words;
    uint32_t n_words;
};

/*
 * A leaf that is a linear function: constant + the sum of weight[i] * the value of
 * feature[i] (not column), in order, in float64, a value of |value| <= 1e-35f being 0;
 * where one of those values is NaN, the leaf's number in the tree's leaves instead.
 */
struct draft_linear {
    double constant;
    double *weights;
    uint32_t *features;
    uint32_t n;
};

struct draft_tree {
    struct draft_node *nodes;
    uint32_t n_nodes;
    double *leaves; /* n_leaves rows of `width` numbers */
    uint32_t n_leaves;
    uint32_t width; /* spec.n_outputs: adds to all outputs; 1: to `output` alone */
    uint32_t output;
    struct draft_set *sets;
    uint32_t n_sets;
    struct draft_linear *linear; /* n_leaves, or NULL */
};

/*
 * What the trees look at: a feature's value, as it is or mended.  Most forests have one
 * column for each feature, kept as it is.
 */
enum draft_mend {
    DRAFT_KEEP = 1,
    DRAFT_TINY_TO_ZERO = 2,   /* |value| <= 1e-35f becomes 0 */
    DRAFT_NAN_TO_ZERO = 3,    /* that, and NaN becomes 0 */
    DRAFT_ZERO_TO_NAN = 4,    /* that, and 0 becomes NaN */
    DRAFT_UNKNOWN_TO_NAN = 5, /* what is no category of the feature's becomes NaN */
    DRAFT_MEND__MAX
};

struct draft_column {
    uint32_t feature;
    enum draft_mend mend;
};

struct draft_feature {
    char *name;
    enum image_type type;
    double min, max; /* as training saw it; min > max if that is not known */
    double importance;
    bool missing;  /* whether a value may be missing (NaN) */
    char **values; /* IMAGE_CATEGORY: n_values names; the value of name i is i */
    uint32_t n_values;
};

/* What is predicted. */
struct draft_target {
    char *name;         /* NULL if the source has none */
    char **labels;      /* n_classes */
    uint32_t n_classes; /* 0 for a value */
};

/* Every pointer is the draft's own, from malloc; facts.source alone is a constant. */
struct draft {
    struct spec spec;
    uint32_t n_features, n_columns, n_targets, n_trees;
    struct draft_feature *features;
    struct draft_column *columns;
    struct draft_target *targets;
    struct draft_tree *trees;
    double *base;       /* spec.n_outputs */
    double *thresholds; /* of the classes of the first target, or NULL; see output.h */
    struct image_facts facts;
    void *text; /* the block of text_model.h, of a text model; else NULL */
    size_t text_len;
    void *baseline; /* the block of baseline.h, or NULL */
    size_t baseline_len;
};

/* Frees all that the draft holds (not the struct itself), also when half filled. */
void draft_free(struct draft *draft);

/* Makes one column, kept as it is, for each of the n_features. */
enum result draft_columns_make(struct draft *draft);

/*
 * Whether the draft is what this header and spec.h say: counts within the bounds of
 * image.h; names and labels there, UTF-8, each its own; columns, targets and spec of one
 * mind; and of each tree that what can be reached from its root is a tree, with every
 * number in its range.  Time and memory are linear in the draft, whatever its shape.
 * RESULT_MALFORMED with the place ("tree 3, node 7: ..."), RESULT_TOO_BIG, RESULT_NOMEM.
 */
enum result draft_check(const struct draft *draft, struct reason *why);

/* Most splits on a way to a leaf, of a draft that draft_check() takes.  RESULT_NOMEM. */
enum result draft_depth(const struct draft *draft, uint32_t *depth);

/*
 * Makes the bytes of the image, which the caller frees.  RESULT_OK: they are proved, so
 * what this makes opens.  RESULT_TOO_BIG, RESULT_MALFORMED: the draft is not one that
 * an image can hold (the reason names tree and node); RESULT_NOMEM; RESULT_FAILED.
 */
enum result draft_pack(const struct draft *draft, void **bytes, size_t *len,
                       struct reason *why);

/*
 * Writes the image, all or nothing (file_write_atomic), with mode 0644.  RESULT_FULL,
 * RESULT_DENIED, RESULT_IO or what draft_pack() says; what was at path is then untouched.
 */
enum result draft_write(const struct draft *draft, const char *path, struct reason *why);

#endif
