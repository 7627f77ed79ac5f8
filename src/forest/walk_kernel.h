/*
 * walk_kernel.h: what a kernel of the walk is given, and what it has to do: to find the
 * leaves.  walk.c prepares rows and adds the numbers.
 *
 * A row is a float for each column: the value as the trees compare it, rounded to the
 * nearest (SPEC_COMPARE_F32) or down (SPEC_COMPARE_F64).  Rounding down keeps the order,
 * so a rounded value that is not equal to a rounded threshold decides as the exact ones
 * do; where they are equal, and the row has some value that is no float32 (`inexact`),
 * only the exact ones tell.
 */
#ifndef FOREST_WALK_KERNEL_H
#define FOREST_WALK_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "forest/layout.h"

enum {
    WALK_TREES = 512,         /* most trees at once, of one row */
    WALK_ROWS = 128,          /* most rows at once, of one tree */
    WALK_COLUMNS = 4096,      /* of a row that is prepared at all */
    WALK_BLOCK_COLUMNS = 256, /* of a block of rows */
    WALK_PAD = 128,           /* values are there up to a multiple of this, zeros at last */
};

struct walk_row {
    const double *features;
    const float *values;
    bool inexact;
    bool careful; /* it has a NaN, or is inexact, or the image has sets */
    bool far;     /* the image is larger than the caches */
};

struct walk_block {
    const double *features; /* n rows */
    const float *values;    /* WALK_ROWS rows, `stride` apart */
    const float *columns;   /* the same, column after column, WALK_ROWS apart */
    uint32_t n, stride;
    bool inexact, careful;
};

struct walk_kernel {
    const char *name;
    bool (*runs)(void);
    /* The leaves of a row in n <= WALK_TREES trees, from tree `first` on. */
    void (*one)(const struct image *image, const struct walk_row *row, uint32_t first,
                uint32_t n, uint32_t *leaves);
    /* The leaves of a block's rows in one tree; leaves has room for WALK_ROWS. */
    void (*many)(const struct image *image, const struct walk_block *block, uint32_t tree,
                 uint32_t *leaves);
};

extern const struct walk_kernel walk_portable;
#if defined(__x86_64__)
#define WALK_X86 1
extern const struct walk_kernel walk_avx2;
extern const struct walk_kernel walk_avx512;
#endif

/* The bits that are left of a tile's exits by going right at each place: see walk_lanes.h. */
extern const uint16_t walk_kept[LAYOUT_SPLITS];

/* The tile that a number with LAYOUT_TILE set stands for. */
static inline const struct layout_tile *walk_tile(const struct image *image, uint32_t next)
{
    return &image->tiles[next & ~LAYOUT_TILE];
}

static inline void walk_prefetch(const struct layout_tile *tile)
{
    __builtin_prefetch(tile);
    __builtin_prefetch((const char *)tile + sizeof(*tile) / 2);
}

#endif
