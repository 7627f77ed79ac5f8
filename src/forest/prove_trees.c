/*
 * prove_trees.c: the proof that the trees of an image are trees, and stay within it.
 *
 * The tiles of a tree are looked at in their order.  Every tile but the first must have
 * been led to by one before it, once, so there is no cycle and nothing is apart; leaves
 * and splits are numbered as they come, so each has one place.  After that the walk may
 * follow what it finds.
 */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forest/layout.h"

/* The proof under way. */
struct proof {
    const struct image *image;
    const char *name;
    struct reason *why;
    uint32_t *levels; /* of each tile: 1 + the splits above it; 0 while nothing leads to it */
    uint32_t tree, tile;
    uint32_t end;         /* one past the tree's last tile */
    uint32_t leaf, split; /* the numbers of the next */
    uint32_t depth;       /* of the tree, so far */
    uint64_t term;        /* the number of the next line's first */
};

static enum result refuse(const struct proof *proof, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum result refuse(const struct proof *proof, const char *format, ...)
{
    char fault[256];
    va_list args;

    va_start(args, format);
    vsnprintf(fault, sizeof(fault), format, args);
    va_end(args);
    return reason_set(proof->why, RESULT_MALFORMED, "%s: %s", proof->name, fault);
}

static enum result refuse_tile(const struct proof *proof, const char *fault)
{
    return refuse(proof, "tree %u, tile %u: %s", proof->tree, proof->tile, fault);
}

static enum result refuse_split(const struct proof *proof, unsigned place, const char *fault)
{
    return refuse(proof, "tree %u, tile %u, split %u: %s", proof->tree, proof->tile, place,
                  fault);
}

static unsigned level_of(unsigned place)
{
    unsigned level = 0;

    for (; place != 0; place = (place - 1) / 2)
        level++;
    return level;
}

static enum result prove_set_split(const struct proof *proof, const struct layout_tile *tile,
                                   unsigned place)
{
    uint32_t set;

    memcpy(&set, &tile->threshold[place], sizeof(set));
    return set < proof->image->model->n_sets
               ? RESULT_OK
               : refuse_split(proof, place, "its set is not there");
}

/* The greatest float32 that is not above the exact threshold stands in the tile. */
static bool is_rounded_down(float rounded, double exact)
{
    return (double)rounded <= exact &&
           (rounded > FLT_MAX || (double)nextafterf(rounded, INFINITY) > exact);
}

static enum result prove_split(const struct proof *proof, const struct layout_tile *tile,
                               unsigned place, uint32_t number)
{
    const struct layout_model *model = proof->image->model;

    if (tile->column[place] >= model->n_columns)
        return refuse_split(proof, place, "its column is not there");
    if ((tile->by_set >> place & 1) != 0)
        return prove_set_split(proof, tile, place);
    if (isnan(tile->threshold[place]))
        return refuse_split(proof, place, "its threshold is not a number");
    if (model->compare == SPEC_COMPARE_F64 &&
        !is_rounded_down(tile->threshold[place], proof->image->exact[number]))
        return refuse_split(proof, place, "its exact threshold is another");
    return RESULT_OK;
}

/* A place without a split has the one form that sends every value right. */
static bool is_empty_place(const struct layout_tile *tile, unsigned place)
{
    return isnan(tile->threshold[place]) && tile->column[place] == 0;
}

static enum result prove_splits(struct proof *proof, const struct layout_tile *tile)
{
    enum result result;
    unsigned p;

    if (tile->splits != proof->split)
        return refuse_tile(proof, "its splits are not those behind the ones before");
    if (tile->present >> LAYOUT_SPLITS != 0 || !isnan(tile->threshold[LAYOUT_SPLITS]) ||
        (tile->nan_left & ~tile->present) != 0 || (tile->by_set & ~tile->present) != 0)
        return refuse_tile(proof, "splits that are not there");
    for (p = 0; p < LAYOUT_SPLITS; p++) {
        if ((tile->present >> p & 1) == 0) {
            if (!is_empty_place(tile, p))
                return refuse_split(proof, p, "a place without a split is not empty");
            continue;
        }
        if (p != 0 && (tile->present >> (p - 1) / 2 & 1) == 0)
            return refuse_split(proof, p, "no split leads to it");
        if (proof->split >= proof->image->model->n_splits)
            return refuse_tile(proof, "more splits than there are");
        if ((result = prove_split(proof, tile, p, proof->split)) != RESULT_OK)
            return result;
        proof->split++;
    }
    return RESULT_OK;
}

/* What leads out of a tile at a place: the exits below it, which have to be alike. */
static enum result prove_exit(struct proof *proof, const struct layout_tile *tile,
                              unsigned place, uint32_t *tiles, uint32_t *leaves)
{
    const uint32_t level = proof->levels[proof->tile] - 1 + level_of(place);
    unsigned first = place, last = place, e, next;
    uint32_t child;

    while (first < LAYOUT_SPLITS) {
        first = 2 * first + 1;
        last = 2 * last + 2;
    }
    next = tile->next[first - LAYOUT_SPLITS];
    for (e = first; e <= last; e++)
        if (tile->next[e - LAYOUT_SPLITS] != next)
            return refuse_tile(proof, "the exits below one leaf are not alike");
    if ((next & LAYOUT_NEXT_TILE) == 0) {
        proof->depth = level > proof->depth ? level : proof->depth;
        return next == (*leaves)++ ? RESULT_OK
                                   : refuse_tile(proof, "its leaves are not in order");
    }
    if (next != (LAYOUT_NEXT_TILE | (*tiles)++))
        return refuse_tile(proof, "its tiles are not in order");
    child = tile->base[1] + next;
    if ((child & LAYOUT_TILE) == 0)
        return refuse_tile(proof, "a tile below it is none");
    child &= ~LAYOUT_TILE;
    if (child <= proof->tile || child < proof->image->trees[proof->tree].tiles ||
        child >= proof->end)
        return refuse_tile(proof, "a tile below it is not behind it in its tree");
    if (proof->levels[child] != 0)
        return refuse_tile(proof, "a tile below it is below another too");
    proof->levels[child] = 1 + level;
    return RESULT_OK;
}

/* Whether that place is where a way ends: no split, below a split or at the very top. */
static bool is_end(const struct layout_tile *tile, unsigned place)
{
    const bool there = place < LAYOUT_SPLITS && (tile->present >> place & 1) != 0;

    return !there && (place == 0 || (tile->present >> (place - 1) / 2 & 1) != 0);
}

/* Ends from left to right: by the first exit below each. */
static enum result prove_exits(struct proof *proof, const struct layout_tile *tile)
{
    uint32_t tiles = 0, leaves = 0;
    enum result result;
    unsigned e;

    if (tile->base[0] != proof->leaf)
        return refuse_tile(proof, "its leaves are not those behind the ones before");
    for (e = LAYOUT_SPLITS; e < LAYOUT_SPLITS + LAYOUT_EXITS; e++) {
        unsigned place = e;

        /* Up, while this exit is the first below. */
        while (!is_end(tile, place) && place % 2 == 1)
            place = (place - 1) / 2;
        if (!is_end(tile, place))
            continue;
        if ((result = prove_exit(proof, tile, place, &tiles, &leaves)) != RESULT_OK)
            return result;
    }
    if (tiles == 0 && tile->base[1] != 0)
        return refuse_tile(proof, "tiles that no exit leads to");
    if (leaves > proof->image->model->n_leaves - proof->leaf)
        return refuse_tile(proof, "more leaves than there are");
    proof->leaf += leaves;
    return RESULT_OK;
}

static enum result prove_tile(struct proof *proof, uint32_t number)
{
    const struct layout_tile *tile = &proof->image->tiles[number];
    enum result result;

    proof->tile = number;
    if (proof->levels[number] == 0)
        return refuse_tile(proof, "no tile leads to it");
    if (number >= proof->image->model->n_trees && (tile->present & 1) == 0)
        return refuse_tile(proof, "it has no split");
    result = prove_splits(proof, tile);
    return result == RESULT_OK ? prove_exits(proof, tile) : result;
}

/*
 * Leaf numbers of trees that add to one output, or rows, must be whole.  Each line has terms of
 * its own, so that what a row costs is bounded by the file.
 */
static enum result prove_leaf(struct proof *proof, uint32_t leaf)
{
    const struct image *image = proof->image;
    const struct layout_model *model = image->model;
    const uint32_t width = image->trees[proof->tree].width;
    const struct layout_line *line = image->lines != NULL ? &image->lines[leaf] : NULL;

    if (model->leaf_format == LAYOUT_LEAVES_ROWS &&
        ((const uint32_t *)image->leaves)[leaf] + (uint64_t)width > model->n_rows)
        return refuse(proof, "tree %u, leaf %u: its numbers are not there", proof->tree, leaf);
    if (line != NULL && line->there != 0 &&
        (line->there != 1 || width != 1 || model->leaf_format == LAYOUT_LEAVES_F32 ||
         !isfinite(line->constant) || line->terms != proof->term ||
         line->n_terms > model->n_terms - line->terms))
        return refuse(proof, "tree %u, leaf %u: its line is not right", proof->tree, leaf);
    if (line != NULL && line->there != 0)
        proof->term += line->n_terms;
    return RESULT_OK;
}

static enum result prove_tree(struct proof *proof, uint32_t t)
{
    const struct image *image = proof->image;
    const struct layout_tree *tree = &image->trees[t];
    const uint32_t first = proof->leaf, n_outputs = image->model->n_outputs;
    enum result result;
    uint32_t i;

    proof->tree = t;
    proof->end = layout_tiles_end(image, t);
    proof->depth = 0;
    if (tree->tiles > proof->end || proof->end > image->model->n_tiles ||
        (t == 0 && tree->tiles != image->model->n_trees))
        return refuse(proof, "tree %u is not within the tiles", t);
    if ((tree->width != 1 && tree->width != n_outputs) ||
        tree->output > n_outputs - tree->width ||
        (tree->width != 1 && image->model->leaf_format != LAYOUT_LEAVES_ROWS))
        return refuse(proof, "tree %u: its outputs are not right", t);
    proof->levels[t] = 1;
    result = prove_tile(proof, t);
    for (i = tree->tiles; i < proof->end && result == RESULT_OK; i++)
        result = prove_tile(proof, i);
    for (i = first; i < proof->leaf && result == RESULT_OK; i++)
        result = prove_leaf(proof, i);
    if (result == RESULT_OK && proof->depth != tree->depth)
        result = refuse(proof, "tree %u: %u deep, not %u", t, proof->depth, tree->depth);
    return result;
}

static enum result prove_sets(const struct proof *proof)
{
    const struct image *image = proof->image;
    uint32_t i;

    for (i = 0; i < image->model->n_sets; i++)
        if (image->sets[i].words > image->model->n_words ||
            image->sets[i].n_words > image->model->n_words - image->sets[i].words)
            return refuse(proof, "set %u is not within the words", i);
    return RESULT_OK;
}

static double number_at(const void *numbers, bool f32, uint64_t i)
{
    return f32 ? (double)((const float *)numbers)[i] : ((const double *)numbers)[i];
}

static enum result prove_finite(const struct proof *proof, const char *what,
                                const void *numbers, bool f32, uint64_t n)
{
    uint64_t i;

    for (i = 0; i < n; i++)
        if (!isfinite(number_at(numbers, f32, i)))
            return refuse(proof, "%s %llu is not finite", what, (unsigned long long)i);
    return RESULT_OK;
}

static enum result prove_numbers(const struct proof *proof)
{
    const struct image *image = proof->image;
    const struct layout_model *model = image->model;
    const bool covers_f32 = model->cover_format == LAYOUT_COVERS_F32;
    const uint64_t n_nodes = (uint64_t)model->n_splits + model->n_leaves;
    enum result result = RESULT_OK;
    uint64_t i;

    if (model->leaf_format != LAYOUT_LEAVES_ROWS)
        result = prove_finite(proof, "leaf", image->leaves,
                              model->leaf_format == LAYOUT_LEAVES_F32, model->n_leaves);
    if (result == RESULT_OK)
        result = prove_finite(proof, "number", image->rows, false, model->n_rows);
    for (i = 0; i < model->n_terms && result == RESULT_OK; i++)
        if (!isfinite(image->terms[i].weight) || image->terms[i].feature >= model->n_features)
            result = refuse(proof, "term %llu is not right", (unsigned long long)i);
    for (i = 0; image->covers != NULL && i < n_nodes && result == RESULT_OK; i++) {
        double cover = number_at(image->covers, covers_f32, i);

        if (!isfinite(cover) || cover < 0)
            result = refuse(proof, "cover %llu is not right", (unsigned long long)i);
    }
    return result;
}

enum result prove_trees(const struct image *image, const char *name, struct reason *why)
{
    struct proof proof = {.image = image, .name = name, .why = why};
    enum result result = RESULT_OK;
    uint32_t t, depth = 0;

    if (image->model->n_tiles < image->model->n_trees)
        return refuse(&proof, "has fewer tiles than trees");
    proof.levels = calloc(image->model->n_tiles, sizeof(*proof.levels));
    if (proof.levels == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: no memory to prove its trees", name);
    for (t = 0; t < image->model->n_trees && result == RESULT_OK; t++) {
        result = prove_tree(&proof, t);
        depth = proof.depth > depth ? proof.depth : depth;
    }
    free(proof.levels);
    if (result == RESULT_OK && depth != image->model->depth)
        result = refuse(&proof, "is %u deep, its header says %u", depth, image->model->depth);
    if (result == RESULT_OK &&
        (proof.leaf != image->model->n_leaves || proof.split != image->model->n_splits))
        result = refuse(&proof, "has more leaves or splits than its trees");
    if (result == RESULT_OK)
        result = prove_sets(&proof);
    return result == RESULT_OK ? prove_numbers(&proof) : result;
}
