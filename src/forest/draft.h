/*
 * draft.h: a forest in memory, before it is an image: what training makes (and
 * importers will), and what writes it as a file.
 */
#ifndef FOREST_DRAFT_H
#define FOREST_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/image.h"

/*
 * One node.  The children of a split are left (an odd number) and left + 1; a value goes
 * left when (float)value <= threshold.  Node 0 is the root; a child's number is above
 * its parent's, and every node but the root is the child of exactly one.
 */
struct draft_node {
    float threshold;
    uint32_t feature;
    uint32_t left; /* 0 marks a leaf */
    uint32_t leaf; /* of a leaf: its row in the tree's leaves */
    double cover;  /* weight of the training rows that came here */
};

struct draft_tree {
    struct draft_node *nodes;
    uint32_t n_nodes;
    uint32_t depth; /* most splits on a way to a leaf */
    double *leaves; /* n_leaves rows of n_outputs numbers */
    uint32_t n_leaves;
};

struct draft_feature {
    char *name;
    enum image_type type;
    double min, max; /* as training saw it */
    double importance;
};

/* Every pointer is the draft's own, from malloc; facts.source alone is a constant. */
struct draft {
    enum image_task task;
    uint32_t n_features, n_classes, n_outputs, n_trees;
    struct draft_feature *features;
    char **classes; /* n_classes labels */
    struct draft_tree *trees;
    struct image_facts facts;
};

/* Frees all that the draft holds (not the struct itself), also when half filled. */
void draft_free(struct draft *draft);

/*
 * Makes the bytes of the image, which the caller frees.  RESULT_OK: they are proved, so
 * what this makes opens.  RESULT_TOO_BIG, RESULT_MALFORMED: the draft is not one that
 * an image can hold; RESULT_NOMEM; RESULT_FAILED.
 */
enum result draft_pack(const struct draft *draft, void **bytes, size_t *len,
                       struct reason *why);

/*
 * Writes the image, all or nothing (file_write_atomic), with mode 0644.  RESULT_FULL,
 * RESULT_DENIED, RESULT_IO or what draft_pack() says; what was at path is then untouched.
 */
enum result draft_write(const struct draft *draft, const char *path, struct reason *why);

#endif
