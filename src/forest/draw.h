/*
 * draw.h: pictures of a forest, as SVG: one of its trees, and what its features matter.
 */
#ifndef FOREST_DRAW_H
#define FOREST_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "forest/image.h"

enum {
    DRAW_MAX_DEPTH = 12
};

struct draw_tree {
    const char *name;  /* of the model, for the heading */
    uint32_t tree;     /* counted from 0 */
    uint32_t depth;    /* what is deeper is drawn as "...", but for the row's way */
    const double *row; /* whose way is lit, or NULL */
};

/*
 * Appends the picture.  RESULT_INVALID: there is no such tree; RESULT_TOO_BIG: so much
 * that it is no picture any more; RESULT_NOMEM.
 */
enum result draw_tree(const struct image *image, const struct draw_tree *what, struct buf *out,
                      struct reason *why);

/* How much each feature matters, and by what measure. */
struct draw_bars {
    const char *name;
    const char *measure;  /* for the line below the heading */
    const double *values; /* of the features, 0 or more */
    uint32_t most;        /* bars; 0: one for each feature */
    bool shares;          /* the values sum to 1: told as percentages */
};

enum result draw_bars(const struct image *image, const struct draw_bars *what, struct buf *out,
                      struct reason *why);

#endif
