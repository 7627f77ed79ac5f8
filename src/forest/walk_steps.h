/*
 * walk_steps.h: steps of the walk that several kernels take, each compiled for its own
 * processor: the kernel's file says for which (STEPS_TARGET), and how many bytes its vectors
 * have (STEPS_BYTES), before it includes this.
 *
 * One row: all trees take a step down before any takes the next, so that no tree waits
 * for another and the processor has hundreds of independent steps to choose from; those
 * that have come to a leaf leave the list without a branch.
 *
 * Many rows: a tile of one tree for all rows at once, one split after another: rows are in
 * the lanes of a vector, and each has a word with a bit for each exit.  Who goes right at
 * a split loses the exits on its left; at last the lowest bit that is left is the exit
 * (the idea is QuickScorer's; Lucchese and others, SIGIR 2015).  No row waits for a load that
 * depends on another.
 */
#ifndef FOREST_WALK_STEPS_H
#define FOREST_WALK_STEPS_H

#include <string.h>

#include "forest/exact.h"
#include "forest/walk_kernel.h"

#define STEPS static inline __attribute__((always_inline)) STEPS_TARGET

/* The exit of a tile for values alone: no set, no doubt. */
STEPS unsigned steps_exit(const struct layout_tile *tile, const float *values)
{
    unsigned place = 0, level;

#pragma GCC unroll 4
    for (level = 0; level < LAYOUT_LEVELS; level++)
        place = 2 * place + 1 + !(values[tile->column[place]] <= tile->threshold[place]);
    return place - LAYOUT_SPLITS;
}

/* The same where a value may be NaN, and exactly where there is a set or a doubt. */
STEPS unsigned steps_exit_careful(const struct image *image, const struct layout_tile *tile,
                                  const float *values, const double *features, bool inexact)
{
    unsigned place = 0, level;

    if (inexact || tile->by_set != 0)
        return exact_exit(image, tile, features);
    for (level = 0; level < LAYOUT_LEVELS; level++) {
        const float value = values[tile->column[place]];
        const bool left = value <= tile->threshold[place] ||
                          (isnan(value) && (tile->nan_left >> place & 1) != 0);

        place = 2 * place + 1 + !left;
    }
    return place - LAYOUT_SPLITS;
}

STEPS unsigned steps_row_exit(const struct image *image, const struct layout_tile *tile,
                              const struct walk_row *row, bool careful)
{
    return careful ? steps_exit_careful(image, tile, row->values, row->features, row->inexact)
                   : steps_exit(tile, row->values);
}

/* One row, by scalar steps. */
STEPS void steps_one(const struct image *image, const struct walk_row *row, uint32_t first,
                     uint32_t n, uint32_t *leaves, bool careful)
{
    uint16_t list[WALK_TREES + 1];
    uint32_t listed = 0, kept, i;

    for (i = 0; i < n; i++) {
        const struct layout_tile *tile = &image->tiles[first + i];
        const uint32_t next = exact_next(tile, steps_row_exit(image, tile, row, careful));

        leaves[i] = next;
        list[listed] = (uint16_t)i;
        listed += next >> 31;
        if (row->far)
            walk_prefetch(walk_tile(image, next | LAYOUT_TILE));
    }
    for (; listed != 0; listed = kept)
        for (kept = 0, i = 0; i < listed; i++) {
            const uint32_t who = list[i]; /* NOLINT: filled so far */
            const struct layout_tile *tile = walk_tile(image, leaves[who]);
            const uint32_t next = exact_next(tile, steps_row_exit(image, tile, row, careful));

            leaves[who] = next;
            list[kept] = (uint16_t)who;
            kept += next >> 31;
            if (row->far)
                walk_prefetch(walk_tile(image, next | LAYOUT_TILE));
        }
}

/* The rows of a block that are at tiles still, one by one, down to their leaves. */
STEPS void steps_rest(const struct image *image, const struct walk_block *block,
                      uint32_t *leaves, bool careful)
{
    uint16_t list[WALK_ROWS + 1];
    uint32_t listed = 0, kept, i;

    for (i = 0; i < block->n; i++) {
        list[listed] = (uint16_t)i;
        listed += leaves[i] >> 31;
    }
    for (; listed != 0; listed = kept)
        for (kept = 0, i = 0; i < listed; i++) {
            const uint32_t who = list[i]; /* NOLINT: filled so far */
            const struct layout_tile *tile = walk_tile(image, leaves[who]);
            const float *values = block->values + (size_t)who * block->stride;
            const double *features = block->features + (size_t)who * image->model->n_features;
            const unsigned e =
                careful ? steps_exit_careful(image, tile, values, features, block->inexact)
                        : steps_exit(tile, values);

            leaves[who] = exact_next(tile, e);
            list[kept] = (uint16_t)who;
            kept += leaves[who] >> 31;
        }
}

/* ---- rows in lanes ---- */

typedef float steps_f __attribute__((vector_size(STEPS_BYTES)));
typedef int32_t steps_i __attribute__((vector_size(STEPS_BYTES)));

enum {
    STEPS_LANES = STEPS_BYTES / 4,
    STEPS_VECTORS = 8, /* of a group of rows, which stay in registers */
    STEPS_GROUP = STEPS_LANES * STEPS_VECTORS
};

STEPS steps_f steps_load(const float *from)
{
    steps_f vector;

    memcpy(&vector, from, sizeof(vector));
    return vector;
}

STEPS void steps_store(uint32_t *to, steps_i vector)
{
    memcpy(to, &vector, sizeof(vector));
}

/* Rows that go left by a set, as lanes of ones; rows behind the block's go right. */
STEPS void steps_by_set(const struct image *image, const struct walk_block *block,
                        const struct layout_tile *tile, unsigned place, uint32_t from,
                        steps_i left[STEPS_VECTORS])
{
    int32_t lanes[STEPS_GROUP];
    uint32_t i;

    for (i = 0; i < STEPS_GROUP; i++)
        lanes[i] =
            from + i < block->n && !exact_right(image, tile, place,
                                                block->features + (size_t)(from + i) *
                                                                      image->model->n_features)
                ? -1
                : 0;
    memcpy(left, lanes, sizeof(lanes));
}

/* Takes exits from the rows of a group: a tile's, by all its splits. */
STEPS void steps_take(const struct image *image, const struct walk_block *block,
                      const struct layout_tile *tile, uint32_t from, bool careful,
                      steps_i exits[STEPS_VECTORS], steps_i doubts[STEPS_VECTORS])
{
    unsigned present, place, j;

    for (j = 0; j < STEPS_VECTORS; j++)
        doubts[j] = exits[j] = (steps_i){0};
    for (j = 0; j < STEPS_VECTORS; j++)
        exits[j] += 0xffff;
    for (present = tile->present; present != 0; present &= present - 1) {
        const float *column;
        steps_f threshold = {0};
        steps_i kept = {0}, left[STEPS_VECTORS];

        place = (unsigned)__builtin_ctz(present);
        column = block->columns + (size_t)tile->column[place] * WALK_ROWS + from;
        threshold += tile->threshold[place];
        kept += walk_kept[place];
        if (!careful) {
#pragma GCC unroll 8
            for (j = 0; j < STEPS_VECTORS; j++)
                exits[j] &=
                    (steps_i)(steps_load(column + (size_t)j * STEPS_LANES) <= threshold) | kept;
            continue;
        }
        if ((tile->by_set >> place & 1) != 0) {
            steps_by_set(image, block, tile, place, from, left);
        } else {
            for (j = 0; j < STEPS_VECTORS; j++) {
                const steps_f value = steps_load(column + (size_t)j * STEPS_LANES);

                left[j] = (steps_i)(value <= threshold);
                doubts[j] |= (steps_i)(value == threshold);
                if ((tile->nan_left >> place & 1) != 0)
                    left[j] |= (steps_i)(value != value); /* NOLINT: of NaN */
            }
        }
        for (j = 0; j < STEPS_VECTORS; j++)
            exits[j] &= left[j] | kept;
    }
}

/* The number of the lowest bit: a power of two as a float has it in its exponent. */
STEPS steps_i steps_lowest(steps_i bits)
{
    const steps_f power = __builtin_convertvector(bits & -bits, steps_f);

    return ((steps_i)power >> 23) - 127;
}

/* Decides anew, exactly, for the rows of a group that are in doubt. */
STEPS void steps_settle(const struct image *image, const struct walk_block *block,
                        const struct layout_tile *tile, uint32_t from,
                        const steps_i doubts[STEPS_VECTORS], uint32_t *exits)
{
    int32_t lanes[STEPS_GROUP];
    uint32_t i;

    memcpy(lanes, doubts, sizeof(lanes));
    for (i = 0; i < STEPS_GROUP && from + i < block->n; i++)
        if (lanes[i] != 0)
            exits[i] = exact_exit(
                image, tile, block->features + (size_t)(from + i) * image->model->n_features);
}

/* The exits of a group's rows at a tile. */
STEPS void steps_exits(const struct image *image, const struct walk_block *block,
                       const struct layout_tile *tile, uint32_t from, bool careful,
                       uint32_t out[STEPS_GROUP])
{
    steps_i exits[STEPS_VECTORS], doubts[STEPS_VECTORS];
    unsigned j;

    steps_take(image, block, tile, from, careful, exits, doubts);
    for (j = 0; j < STEPS_VECTORS; j++)
        steps_store(out + (size_t)j * STEPS_LANES, steps_lowest(exits[j]));
    if (careful && block->inexact)
        steps_settle(image, block, tile, from, doubts, out);
}

/* A block's rows through the first tile of a tree. */
STEPS void steps_first(const struct image *image, const struct walk_block *block, uint32_t tree,
                       uint32_t *leaves, bool careful)
{
    const struct layout_tile *tile = &image->tiles[tree];
    uint32_t exits[STEPS_GROUP], from, i;

    for (from = 0; from < block->n; from += STEPS_GROUP) {
        steps_exits(image, block, tile, from, careful, exits);
        for (i = 0; i < STEPS_GROUP; i++)
            leaves[from + i] = exact_next(tile, exits[i]);
    }
}

#endif
