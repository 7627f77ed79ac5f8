/*
 * walk_portable.c: the walk in C alone, for every machine; the vectors are the compiler's,
 * of 16 bytes, which SSE2 and NEON have.
 */
#define STEPS_TARGET
#define STEPS_BYTES 16
#include "forest/walk_steps.h"

const uint16_t walk_kept[LAYOUT_SPLITS] = {
    0xff00, 0xfff0, 0xf0ff, 0xfffc, 0xffcf, 0xfcff, 0xcfff, 0xfffe,
    0xfffb, 0xffef, 0xffbf, 0xfeff, 0xfbff, 0xefff, 0xbfff,
};

static bool runs(void)
{
    return true;
}

static void one(const struct image *image, const struct walk_row *row, uint32_t first,
                uint32_t n, uint32_t *leaves)
{
    if (row->careful)
        steps_one(image, row, first, n, leaves, true);
    else
        steps_one(image, row, first, n, leaves, false);
}

static void many(const struct image *image, const struct walk_block *block, uint32_t tree,
                 uint32_t *leaves)
{
    if (block->careful) {
        steps_first(image, block, tree, leaves, true);
        steps_rest(image, block, leaves, true);
    } else {
        steps_first(image, block, tree, leaves, false);
        steps_rest(image, block, leaves, false);
    }
}

const struct walk_kernel walk_portable = {"portable", runs, one, many};
