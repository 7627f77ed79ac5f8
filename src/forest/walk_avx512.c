/*
 * walk_avx512.c: the walk for x86-64-v4.
 *
 * One row of up to 128 columns lies in registers: 32 columns in two, and one instruction
 * picks the values for all splits of a tile out of them; one more compares them.  The
 * outcomes of a level of all trees are kept, then the exits of 32 tiles are found at once,
 * then each tree goes on: three passes, in none of which a step waits for another.
 */
#include "forest/walk_kernel.h"

#if WALK_X86

#include <immintrin.h>

#define STEPS_TARGET                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi,bmi2,popcnt," \
                          "lzcnt,fma")))
#define STEPS_BYTES 64
#include "forest/walk_steps.h"

enum {
    REGISTERS = 8, /* at most, of 16 columns each */
    EXITS_AT_ONCE = 32,
    LANE_TILES = 24 /* of a tree whose tiles are all gone through in lanes */
};

static bool runs(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
}

struct registers {
    __m512 r[REGISTERS];
};

/* The first n registers of a row's values. */
STEPS struct registers load(const float *values, unsigned n)
{
    struct registers row;
    unsigned i;

#pragma GCC unroll 8
    for (i = 0; i < REGISTERS; i++)
        if (i < n)
            row.r[i] = _mm512_loadu_ps(values + (size_t)i * 16);
    return row;
}

/* The values for the splits of a tile. */
STEPS __m512 pick(const struct registers *row, const struct layout_tile *tile, unsigned n)
{
    __m256i columns;
    __m512i which;
    __m512 values, others;

    /* The last lane is `present`: any value, against NaN. */
    memcpy(&columns, tile->column, sizeof(uint16_t) * LAYOUT_SPLITS + sizeof(tile->present));
    which = _mm512_cvtepu16_epi32(columns);
    values = _mm512_permutex2var_ps(row->r[0], which, row->r[1]);
    if (n <= 2)
        return values;
    others = _mm512_permutex2var_ps(row->r[2], which, row->r[3]);
    values = _mm512_mask_blend_ps(_mm512_test_epi32_mask(which, _mm512_set1_epi32(32)), values,
                                  others);
    if (n <= 4)
        return values;
    others = _mm512_mask_blend_ps(_mm512_test_epi32_mask(which, _mm512_set1_epi32(32)),
                                  _mm512_permutex2var_ps(row->r[4], which, row->r[5]),
                                  _mm512_permutex2var_ps(row->r[6], which, row->r[7]));
    return _mm512_mask_blend_ps(_mm512_test_epi32_mask(which, _mm512_set1_epi32(64)), values,
                                others);
}

/* The outcomes that send a row out of a tile by an exit. */
STEPS unsigned outcomes_of(unsigned e)
{
    unsigned place = LAYOUT_SPLITS + e, right = 0;

    for (; place != 0; place = (place - 1) / 2)
        right |= (unsigned)(place % 2 == 0) << (place - 1) / 2;
    return right;
}

/* Which way a row goes at each place of a tile: a bit is set for right. */
STEPS __mmask16 outcomes(const struct image *image, const struct layout_tile *tile,
                         const struct registers *row, unsigned n, const double *features,
                         bool inexact, bool careful)
{
    const __m512 values = pick(row, tile, n);
    const __m512 thresholds = _mm512_loadu_ps(tile->threshold);
    __mmask16 right = _mm512_cmp_ps_mask(values, thresholds, _CMP_NLE_UQ), doubt;

    if (!careful)
        return right;
    right &= (__mmask16) ~(tile->nan_left & _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q));
    doubt = inexact ? _mm512_cmp_ps_mask(values, thresholds, _CMP_EQ_OQ) : 0;
    if ((tile->by_set | doubt) != 0)
        right = (__mmask16)outcomes_of(exact_exit(image, tile, features));
    return right;
}

/* The exits of n tiles, from their outcomes; reads and writes up to a multiple of 32. */
STEPS void find_exits(const uint16_t *outcomes_in, uint16_t *exits, uint32_t n)
{
    const __m512i one = _mm512_set1_epi16(1);
    uint32_t i;
    unsigned level;

    for (i = 0; i < n; i += EXITS_AT_ONCE) {
        const __m512i right = _mm512_loadu_si512(outcomes_in + i);
        __m512i place = _mm512_add_epi16(_mm512_and_si512(right, one), one);

        for (level = 1; level < LAYOUT_LEVELS; level++)
            place = _mm512_add_epi16(
                _mm512_add_epi16(place, place),
                _mm512_add_epi16(one, _mm512_and_si512(_mm512_srlv_epi16(right, place), one)));
        _mm512_storeu_si512(exits + i,
                            _mm512_sub_epi16(place, _mm512_set1_epi16(LAYOUT_SPLITS)));
    }
}

/* One row; n registers of it, a constant. */
STEPS void one_in_registers(const struct image *image, const struct walk_row *row,
                            uint32_t first, uint32_t n_trees, uint32_t *leaves, unsigned n,
                            bool careful)
{
    const struct registers values = load(row->values, n);
    const struct layout_tile *firsts = &image->tiles[first];
    uint16_t right[WALK_TREES + EXITS_AT_ONCE], exits[WALK_TREES + EXITS_AT_ONCE];
    uint16_t list[WALK_TREES + 1];
    uint32_t listed = 0, kept, i;

    for (i = 0; i < n_trees; i++)
        right[i] =
            outcomes(image, &firsts[i], &values, n, row->features, row->inexact, careful);
    find_exits(right, exits, n_trees);
    for (i = 0; i < n_trees; i++) {
        const uint32_t next = exact_next(&firsts[i], exits[i]);

        leaves[i] = next;
        list[listed] = (uint16_t)i;
        listed += next >> 31;
        if (row->far)
            walk_prefetch(walk_tile(image, next | LAYOUT_TILE));
    }
    for (; listed != 0; listed = kept) {
        for (i = 0; i < listed; i++) {
            const uint32_t who = list[i]; /* NOLINT: filled so far */

            right[i] = outcomes(image, walk_tile(image, leaves[who]), &values, n, row->features,
                                row->inexact, careful);
        }
        find_exits(right, exits, listed);
        for (kept = 0, i = 0; i < listed; i++) {
            const uint32_t who = list[i];
            const uint32_t next = exact_next(walk_tile(image, leaves[who]), exits[i]);

            leaves[who] = next;
            list[kept] = (uint16_t)who;
            kept += next >> 31;
            if (row->far)
                walk_prefetch(walk_tile(image, next | LAYOUT_TILE));
        }
    }
}

/* A function each, so that the registers of a row are as many as it needs. */
#define ONE(name, n, careful)                                                            \
    STEPS_TARGET static void name(const struct image *image, const struct walk_row *row, \
                                  uint32_t first, uint32_t trees, uint32_t *leaves)      \
    {                                                                                    \
        one_in_registers(image, row, first, trees, leaves, n, careful);                  \
    }

ONE(one_32, 2, false)
ONE(one_64, 4, false)
ONE(one_128, 8, false)
ONE(careful_32, 2, true)
ONE(careful_64, 4, true)
ONE(careful_128, 8, true)

STEPS_TARGET static void one(const struct image *image, const struct walk_row *row,
                             uint32_t first, uint32_t n, uint32_t *leaves)
{
    const uint32_t columns = image->model->n_columns;

    if (columns <= 32)
        (row->careful ? careful_32 : one_32)(image, row, first, n, leaves);
    else if (columns <= 64)
        (row->careful ? careful_64 : one_64)(image, row, first, n, leaves);
    else if (columns <= 128)
        (row->careful ? careful_128 : one_128)(image, row, first, n, leaves);
    else if (row->careful)
        steps_one(image, row, first, n, leaves, true);
    else
        steps_one(image, row, first, n, leaves, false);
}

/* ---- many rows ---- */

/* The rows of a block that are at tiles still; as one_in_registers(), for one tree. */
STEPS void rest_in_registers(const struct image *image, const struct walk_block *block,
                             uint32_t *leaves, unsigned n, bool careful)
{
    uint16_t right[WALK_ROWS + EXITS_AT_ONCE], exits[WALK_ROWS + EXITS_AT_ONCE];
    uint16_t list[WALK_ROWS + 1];
    uint32_t listed = 0, kept, i;

    for (i = 0; i < block->n; i++) {
        list[listed] = (uint16_t)i;
        listed += leaves[i] >> 31;
    }
    for (; listed != 0; listed = kept) {
        for (i = 0; i < listed; i++) {
            const size_t who = list[i]; /* NOLINT: filled so far */
            const struct registers row = load(block->values + who * block->stride, n);

            right[i] = outcomes(image, walk_tile(image, leaves[who]), &row, n,
                                block->features + who * image->model->n_features,
                                block->inexact, careful);
        }
        find_exits(right, exits, listed);
        for (kept = 0, i = 0; i < listed; i++) {
            const uint32_t who = list[i];

            leaves[who] = exact_next(walk_tile(image, leaves[who]), exits[i]);
            list[kept] = (uint16_t)who;
            kept += leaves[who] >> 31;
        }
    }
}

STEPS_TARGET static void rest(const struct image *image, const struct walk_block *block,
                              uint32_t *leaves)
{
    const uint32_t columns = image->model->n_columns;

    if (block->careful && columns <= 32)
        rest_in_registers(image, block, leaves, 2, true);
    else if (block->careful)
        steps_rest(image, block, leaves, true);
    else if (columns <= 32)
        rest_in_registers(image, block, leaves, 2, false);
    else if (columns <= 64)
        rest_in_registers(image, block, leaves, 4, false);
    else if (columns <= 128)
        rest_in_registers(image, block, leaves, 8, false);
    else
        steps_rest(image, block, leaves, false);
}

/* What the exits of a tile lead to, for each lane. */
STEPS __m512i lead(const struct layout_tile *tile, __m512i exits)
{
    __m128i bytes;
    __m512i next;
    __mmask16 tiles;

    memcpy(&bytes, tile->next, sizeof(bytes));
    next = _mm512_cvtepu8_epi32(bytes);
    tiles = _mm512_test_epi32_mask(next, _mm512_set1_epi32(LAYOUT_NEXT_TILE));
    next = _mm512_add_epi32(
        next, _mm512_mask_blend_epi32(tiles, _mm512_set1_epi32((int)tile->base[0]),
                                      _mm512_set1_epi32((int)tile->base[1])));
    return _mm512_permutexvar_epi32(exits, next);
}

/* The block's rows, which are one group, through a tile: those that are there go on. */
STEPS void lanes_tile(const struct image *image, const struct walk_block *block,
                      uint32_t number, bool careful, __m512i at[STEPS_VECTORS])
{
    const __m512i here = _mm512_set1_epi32((int)(LAYOUT_TILE | number));
    const struct layout_tile *tile = &image->tiles[number];
    steps_i exits[STEPS_VECTORS], doubts[STEPS_VECTORS];
    __mmask16 there[STEPS_VECTORS], some = 0;
    uint32_t settled[STEPS_GROUP];
    unsigned j;

#pragma GCC unroll 8
    for (j = 0; j < STEPS_VECTORS; j++)
        some |= there[j] = _mm512_cmpeq_epi32_mask(at[j], here);
    if (some == 0)
        return;
    steps_take(image, block, tile, 0, careful, exits, doubts);
    for (j = 0; j < STEPS_VECTORS; j++)
        exits[j] = steps_lowest(exits[j]);
    if (careful && block->inexact) {
        memcpy(settled, exits, sizeof(settled));
        steps_settle(image, block, tile, 0, doubts, settled);
        memcpy(exits, settled, sizeof(settled));
    }
#pragma GCC unroll 8
    for (j = 0; j < STEPS_VECTORS; j++)
        at[j] = _mm512_mask_mov_epi32(at[j], there[j], lead(tile, (__m512i)exits[j]));
}

STEPS void many_in_lanes(const struct image *image, const struct walk_block *block,
                         uint32_t tree, uint32_t *leaves, bool careful)
{
    const uint32_t begin = image->trees[tree].tiles, end = layout_tiles_end(image, tree);
    __m512i at[STEPS_VECTORS];
    uint32_t i;
    unsigned j;

    for (j = 0; j < STEPS_VECTORS; j++)
        at[j] = _mm512_set1_epi32((int)(LAYOUT_TILE | tree));
    lanes_tile(image, block, tree, careful, at);
    for (i = begin; i < end && end - begin <= LANE_TILES; i++)
        lanes_tile(image, block, i, careful, at);
    for (j = 0; j < STEPS_VECTORS; j++)
        _mm512_storeu_si512(leaves + (size_t)j * STEPS_LANES, at[j]);
    if (end - begin > LANE_TILES)
        rest(image, block, leaves);
}

STEPS_TARGET static void many(const struct image *image, const struct walk_block *block,
                              uint32_t tree, uint32_t *leaves)
{
    if (block->careful)
        many_in_lanes(image, block, tree, leaves, true);
    else
        many_in_lanes(image, block, tree, leaves, false);
}

_Static_assert((int)STEPS_GROUP == (int)WALK_ROWS, "a block is one group");

const struct walk_kernel walk_avx512 = {"x86-64-v4", runs, one, many};

#endif
