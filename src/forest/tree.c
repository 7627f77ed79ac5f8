/*
 * tree.c: the trees of an image, node by node.
 *
 * A place is LEAF + the number of a leaf, or a tile's number and a place in the tile.
 */
#include "forest/tree.h"

#include <string.h>

#include "forest/exact.h"
#include "forest/layout.h"

#define LEAF (UINT64_C(1) << 63)

enum {
    PLACE_BITS = 4
};

static const uint32_t no_words[1];

/* The node at a place of a tile, or what that leads to if there is no split. */
static tree_place place_at(const struct image *image, uint32_t number, unsigned place)
{
    const struct layout_tile *tile = &image->tiles[number];
    uint32_t next;

    if (place < LAYOUT_SPLITS && (tile->present >> place & 1) != 0)
        return (tree_place)number << PLACE_BITS | place;
    while (place < LAYOUT_SPLITS)
        place = 2 * place + 2;
    next = exact_next(tile, place - LAYOUT_SPLITS);
    if ((next & LAYOUT_TILE) != 0)
        return (tree_place)(next & ~LAYOUT_TILE) << PLACE_BITS;
    return LEAF | next;
}

tree_place tree_root(const struct image *image, uint32_t t)
{
    return place_at(image, t, 0);
}

static double cover_at(const struct image *image, uint64_t i)
{
    if (image->covers == NULL)
        return 0;
    if (image->model->cover_format == LAYOUT_COVERS_F32)
        return (double)((const float *)image->covers)[i];
    return ((const double *)image->covers)[i];
}

static void read_leaf(const struct image *image, uint32_t number, struct tree_node *out)
{
    out->leaf = true;
    out->number = number;
    out->id = image->ids[number];
    out->cover = cover_at(image, (uint64_t)image->model->n_splits + number);
}

static void read_test(const struct image *image, const struct layout_tile *tile, unsigned place,
                      struct tree_node *out)
{
    uint32_t set;

    out->by_set = (tile->by_set >> place & 1) != 0;
    if (out->by_set) {
        memcpy(&set, &tile->threshold[place], sizeof(set));
        if (image->sets[set].n_words != 0)
            out->words = image->words + image->sets[set].words;
        else
            out->words = no_words;
        out->n_words = image->sets[set].n_words;
    } else if (image->spec.compare == SPEC_COMPARE_F64) {
        out->threshold = image->exact[exact_split(tile, place)];
    } else {
        out->threshold = (double)tile->threshold[place];
    }
}

void tree_read(const struct image *image, tree_place place, struct tree_node *out)
{
    const uint32_t number = (uint32_t)(place >> PLACE_BITS);
    const unsigned at = place & LAYOUT_RANK;
    const struct layout_tile *tile;

    memset(out, 0, sizeof(*out));
    if ((place & LEAF) != 0) {
        read_leaf(image, (uint32_t)place, out);
        return;
    }
    tile = &image->tiles[number];
    out->left = place_at(image, number, 2 * at + 1);
    out->right = place_at(image, number, 2 * at + 2);
    out->column = tile->column[at];
    out->feature = image->columns[out->column].feature;
    out->mend = (enum draft_mend)image->columns[out->column].mend;
    out->nan_left = (tile->nan_left >> at & 1) != 0;
    out->cover = cover_at(image, exact_split(tile, at));
    read_test(image, tile, at, out);
}

tree_place tree_step(const struct image *image, tree_place place, const double *row)
{
    const uint32_t number = (uint32_t)(place >> PLACE_BITS);
    const unsigned at = place & LAYOUT_RANK;

    return place_at(image, number,
                    2 * at + 1 + exact_right(image, &image->tiles[number], at, row));
}

uint32_t tree_width(const struct image *image, uint32_t t)
{
    return image->trees[t].width;
}

uint32_t tree_output(const struct image *image, uint32_t t)
{
    return image->trees[t].output;
}

uint32_t tree_depth(const struct image *image, uint32_t t)
{
    return image->trees[t].depth;
}

void tree_values(const struct image *image, uint32_t t, uint32_t leaf, double *out)
{
    if (image->model->leaf_format == LAYOUT_LEAVES_F32)
        out[0] = (double)((const float *)image->leaves)[leaf];
    else if (image->model->leaf_format == LAYOUT_LEAVES_F64)
        out[0] = ((const double *)image->leaves)[leaf];
    else
        memcpy(out, image->rows + ((const uint32_t *)image->leaves)[leaf],
               image->trees[t].width * sizeof(*out));
}

bool tree_is_line(const struct image *image, uint32_t leaf)
{
    return image->lines != NULL && image->lines[leaf].there != 0;
}

double tree_line(const struct image *image, uint32_t leaf, const double *row)
{
    double number;

    if (image->model->leaf_format == LAYOUT_LEAVES_ROWS)
        number = image->rows[((const uint32_t *)image->leaves)[leaf]];
    else
        number = ((const double *)image->leaves)[leaf];
    return exact_line(image, &image->lines[leaf], row, number);
}

bool tree_has_covers(const struct image *image)
{
    return image->covers != NULL;
}
