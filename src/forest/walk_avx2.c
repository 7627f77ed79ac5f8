/*
 * walk_avx2.c: the walk for x86-64-v3.
 *
 * One row of up to 32 columns lies in four registers, and the values for the fifteen
 * splits of a tile are picked out of them: gather instructions take longer.  The
 * outcomes of all splits are a word, from which the exit is read in two steps.
 */
#include "forest/walk_kernel.h"

#if WALK_X86

#include <immintrin.h>

#define STEPS_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt,fma")))
#define STEPS_BYTES  32
#include "forest/walk_steps.h"

enum {
    REGISTER_COLUMNS = 32,
    LANE_TILES = 10 /* of a tree whose tiles are all gone through in lanes */
};

static bool runs(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

/* Eight values of a row of 32, by the low five bits of each column. */
STEPS __m256 pick(const __m256 row[4], __m256i columns)
{
    const __m256 bit3 = _mm256_castsi256_ps(_mm256_slli_epi32(columns, 28));
    const __m256 bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(columns, 27));
    const __m256 low = _mm256_blendv_ps(_mm256_permutevar8x32_ps(row[0], columns),
                                        _mm256_permutevar8x32_ps(row[1], columns), bit3);
    const __m256 high = _mm256_blendv_ps(_mm256_permutevar8x32_ps(row[2], columns),
                                         _mm256_permutevar8x32_ps(row[3], columns), bit3);

    return _mm256_blendv_ps(low, high, bit4);
}

/* Which way a row goes at half of a tile's places: a bit is set for right. */
STEPS unsigned half(const struct layout_tile *tile, const __m256 row[4], unsigned from)
{
    __m128i columns;
    __m256 values;

    /* The last lane of the second half is `present`: any value, against NaN. */
    memcpy(&columns, (const char *)tile->column + from * sizeof(tile->column[0]),
           sizeof(columns));
    values = pick(row, _mm256_cvtepu16_epi32(columns));
    return (unsigned)_mm256_movemask_ps(
        _mm256_cmp_ps(values, _mm256_loadu_ps(tile->threshold + from), _CMP_NLE_UQ));
}

/* The place among the last eight, from the outcomes of the first seven. */
static const uint8_t third[128] = {
/* clang-format off */
#define PLACE(m) (((m) & 1) == 0 ? (((m) & 2) == 0 ? 7 + ((m) >> 3 & 1) : 9 + ((m) >> 4 & 1)) \
                               : (((m) & 4) == 0 ? 11 + ((m) >> 5 & 1) : 13 + ((m) >> 6 & 1)))
#define PLACES4(m) PLACE(m), PLACE((m) + 1), PLACE((m) + 2), PLACE((m) + 3)
#define PLACES16(m) PLACES4(m), PLACES4((m) + 4), PLACES4((m) + 8), PLACES4((m) + 12)
    PLACES16(0), PLACES16(16), PLACES16(32), PLACES16(48),
    PLACES16(64), PLACES16(80), PLACES16(96), PLACES16(112),
    /* clang-format on */
};

STEPS uint32_t step(const struct layout_tile *tile, const __m256 row[4])
{
    const unsigned right = half(tile, row, 0) | half(tile, row, 8) << 8;
    const unsigned place = third[right & 127];

    return exact_next(tile, 2 * place + 1 + (right >> place & 1) - LAYOUT_SPLITS);
}

STEPS_TARGET static void one_in_registers(const struct image *image, const struct walk_row *row,
                                          uint32_t first, uint32_t n, uint32_t *leaves)
{
    const __m256 values[4] = {_mm256_loadu_ps(row->values), _mm256_loadu_ps(row->values + 8),
                              _mm256_loadu_ps(row->values + 16),
                              _mm256_loadu_ps(row->values + 24)};
    uint16_t list[WALK_TREES + 1];
    uint32_t listed = 0, kept, i;

    for (i = 0; i < n; i++) {
        const uint32_t next = step(&image->tiles[first + i], values);

        leaves[i] = next;
        list[listed] = (uint16_t)i;
        listed += next >> 31;
        if (row->far)
            walk_prefetch(walk_tile(image, next | LAYOUT_TILE));
    }
    for (; listed != 0; listed = kept)
        for (kept = 0, i = 0; i < listed; i++) {
            const uint32_t who = list[i]; /* NOLINT: filled so far */
            const uint32_t next = step(walk_tile(image, leaves[who]), values);

            leaves[who] = next;
            list[kept] = (uint16_t)who;
            kept += next >> 31;
            if (row->far)
                walk_prefetch(walk_tile(image, next | LAYOUT_TILE));
        }
}

STEPS_TARGET static void one(const struct image *image, const struct walk_row *row,
                             uint32_t first, uint32_t n, uint32_t *leaves)
{
    if (row->careful)
        steps_one(image, row, first, n, leaves, true);
    else if (image->model->n_columns <= REGISTER_COLUMNS)
        one_in_registers(image, row, first, n, leaves);
    else
        steps_one(image, row, first, n, leaves, false);
}

/* What the exits of a tile lead to, for each lane. */
STEPS __m256i lead(const struct layout_tile *tile, __m256i exits)
{
    const __m256i tile_flag = _mm256_set1_epi32(LAYOUT_NEXT_TILE);
    __m128i bytes;
    __m256i low, high, next, leads_to_tile;

    memcpy(&bytes, tile->next, sizeof(bytes));
    low = _mm256_cvtepu8_epi32(bytes);
    high = _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8));
    next = _mm256_blendv_epi8(_mm256_permutevar8x32_epi32(low, exits),
                              _mm256_permutevar8x32_epi32(high, exits),
                              _mm256_cmpgt_epi32(exits, _mm256_set1_epi32(7)));
    leads_to_tile = _mm256_cmpeq_epi32(_mm256_and_si256(next, tile_flag), tile_flag);
    return _mm256_add_epi32(next, _mm256_blendv_epi8(_mm256_set1_epi32((int)tile->base[0]),
                                                     _mm256_set1_epi32((int)tile->base[1]),
                                                     leads_to_tile));
}

/* A group's rows through a tile: those that are there go on from it. */
STEPS void lanes_tile(const struct image *image, const struct walk_block *block,
                      uint32_t number, uint32_t from, uint32_t *leaves)
{
    const __m256i here = _mm256_set1_epi32((int)(LAYOUT_TILE | number));
    const struct layout_tile *tile = &image->tiles[number];
    steps_i exits[STEPS_VECTORS], doubts[STEPS_VECTORS];
    __m256i at[STEPS_VECTORS], some = _mm256_setzero_si256();
    unsigned j;

    for (j = 0; j < STEPS_VECTORS; j++) {
        at[j] = _mm256_loadu_si256((const void *)(leaves + from + (size_t)j * STEPS_LANES));
        some = _mm256_or_si256(some, _mm256_cmpeq_epi32(at[j], here));
    }
    if (_mm256_testz_si256(some, some))
        return;
    steps_take(image, block, tile, from, false, exits, doubts);
    for (j = 0; j < STEPS_VECTORS; j++) {
        const __m256i next = lead(tile, (__m256i)steps_lowest(exits[j]));

        at[j] = _mm256_blendv_epi8(at[j], next, _mm256_cmpeq_epi32(at[j], here));
        _mm256_storeu_si256((void *)(leaves + from + (size_t)j * STEPS_LANES), at[j]);
    }
}

STEPS_TARGET static void many(const struct image *image, const struct walk_block *block,
                              uint32_t tree, uint32_t *leaves)
{
    const uint32_t begin = image->trees[tree].tiles, end = layout_tiles_end(image, tree);
    uint32_t from, i;

    if (block->careful) {
        steps_first(image, block, tree, leaves, true);
        steps_rest(image, block, leaves, true);
        return;
    }
    for (i = 0; i < WALK_ROWS; i++)
        leaves[i] = LAYOUT_TILE | tree;
    for (from = 0; from < block->n; from += STEPS_GROUP) {
        lanes_tile(image, block, tree, from, leaves);
        for (i = begin; i < end && end - begin <= LANE_TILES; i++)
            lanes_tile(image, block, i, from, leaves);
    }
    if (end - begin > LANE_TILES)
        steps_rest(image, block, leaves, false);
}

const struct walk_kernel walk_avx2 = {"x86-64-v3", runs, one, many};

#endif
