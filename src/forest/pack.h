/*
 * pack.h: what pack.c and tile.c share while they make an image of a draft.
 */
#ifndef FOREST_PACK_H
#define FOREST_PACK_H

#include "base/buf.h"
#include "forest/draft.h"
#include "forest/layout.h"

/* A tile to be: which node is its first, and how many of its levels are used. */
struct pack_cut {
    uint32_t node;
    uint32_t tiles; /* the first of the tiles below it, if there are any */
    uint32_t height;
};

struct packer {
    const struct draft *draft;
    struct layout_model model;
    uint64_t lengths[LAYOUT__MAX], offsets[LAYOUT__MAX];
    struct buf texts, labels; /* labels: struct layout_text */
    struct layout_feature *features;
    struct layout_target *targets;
    struct layout_text source;
    uint32_t *index; /* the features by name */

    struct pack_cut *cuts; /* of all tiles, by their number */
    size_t cuts_size;
    struct layout_tree *trees;
    bool lines; /* some leaf is a linear function */

    double *rows;    /* the different rows of outputs, model.n_rows numbers */
    uint32_t *shelf; /* hash table of rows + 1, 0 is free; shelf_size is a power of two */
    size_t shelf_size;

    uint8_t *bytes;
};

static inline void *pack_part(const struct packer *packer, enum layout_part part)
{
    return packer->bytes + packer->offsets[part];
}

/*
 * Cuts all trees into tiles and counts what they hold.  RESULT_TOO_BIG, RESULT_NOMEM; the
 * draft is checked.
 */
enum result pack_cut_trees(struct packer *packer, struct reason *why);

/* Fills the trees' sections, once they have their places. */
enum result pack_fill_trees(struct packer *packer);

/* Where in the rows these numbers begin; they are added if they are not there. */
uint32_t pack_row(struct packer *packer, const double *row, uint32_t n);

enum result pack_too_big(struct reason *why, const char *what);

#endif
