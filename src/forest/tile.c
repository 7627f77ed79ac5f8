/*
 * tile.c: from the trees of a draft to tiles.
 *
 * How a tree is cut decides how many tiles a row looks at and how many lines of cache the
 * tree takes.  For each split the height of the tile that begins there is chosen from the
 * leaves up: first the fewest tiles on a way down, then the fewest tiles.  So a tree of
 * depth 6 has 2 levels and then 4, which are 5 tiles, not 4 and then 2, which are 17.
 *
 * The tiles below one tile stand side by side, and behind them all that is below the
 * first, then all below the second: the lower half of a way down is in few pages.
 *
 * No function calls itself: a tree may be as deep as it has nodes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/pack.h"

#define NONE UINT32_MAX

enum {
    PLACES = LAYOUT_SPLITS + LAYOUT_EXITS
};

/*
 * What is below a node, told for each level of a tile that begins above it: of the tiles
 * that begin [k] levels below the node their number and all that hang from them, and how
 * many tiles there are on the longest way down.
 */
struct below {
    uint32_t tiles[LAYOUT_LEVELS], levels[LAYOUT_LEVELS];
};

/* The nodes of one tree while it is cut. */
struct cutter {
    struct packer *packer;
    const struct draft_tree *tree;
    uint32_t *order;     /* the nodes, each behind its parent, level by level */
    struct below *below; /* in that order */
    uint8_t *heights;    /* by node */
};

/* The nodes at the places of one tile, the exits among them. */
struct places {
    uint32_t nodes[PLACES];
    uint16_t present;
};

static bool is_leaf(const struct draft_tree *tree, uint32_t node)
{
    return tree->nodes[node].left == 0 && tree->nodes[node].right == 0;
}

static unsigned level_of(unsigned place)
{
    return place == 0 ? 0 : place < 3 ? 1 : place < 7 ? 2 : 3;
}

/* Puts a node and what is below it on a tile.  What ends early leaves by its last exit. */
static void place_nodes(const struct draft_tree *tree, uint32_t node, uint32_t height,
                        struct places *out)
{
    unsigned p;

    out->present = 0;
    out->nodes[0] = node;
    for (p = 0; p < LAYOUT_SPLITS; p++) {
        const uint32_t at = out->nodes[p];

        if (at != NONE && level_of(p) < height && !is_leaf(tree, at)) {
            out->present |= (uint16_t)(1U << p);
            out->nodes[2 * p + 1] = tree->nodes[at].left;
            out->nodes[2 * p + 2] = tree->nodes[at].right;
        } else {
            out->nodes[2 * p + 1] = NONE;
            out->nodes[2 * p + 2] = at;
        }
    }
}

/*
 * Chooses the height of a tile that begins at a split, what is below its two children being
 * known, and tells what is below the split.
 */
static uint8_t choose_height(const struct below *left, const struct below *right,
                             struct below *out)
{
    uint32_t best_levels = NONE, best_tiles = NONE;
    unsigned k;
    uint8_t height = 0;

    for (k = 0; k < LAYOUT_LEVELS; k++) {
        const uint32_t tiles = left->tiles[k] + right->tiles[k];
        const uint32_t levels =
            left->levels[k] > right->levels[k] ? left->levels[k] : right->levels[k];

        if (levels < best_levels || (levels == best_levels && tiles <= best_tiles)) {
            best_levels = levels;
            best_tiles = tiles;
            height = (uint8_t)(k + 1);
        }
        if (k + 1 < LAYOUT_LEVELS) {
            out->tiles[k + 1] = tiles;
            out->levels[k + 1] = levels;
        }
    }
    out->levels[0] = best_levels + 1;
    out->tiles[0] = best_tiles + 1;
    return height;
}

/* Puts the nodes in order, and says how many there are, and the depth. */
static uint32_t put_in_order(struct cutter *cutter, uint32_t *depth)
{
    const struct draft_tree *tree = cutter->tree;
    uint32_t n = 1, i, level_end = 1;

    cutter->order[0] = 0;
    *depth = 0;
    for (i = 0; i < n; i++) {
        const uint32_t at = cutter->order[i];
        const struct draft_node *node = &tree->nodes[at];

        if (i == level_end) {
            level_end = n;
            ++*depth;
        }
        if (is_leaf(tree, at)) {
            if (tree->linear != NULL)
                cutter->packer->model.n_terms += tree->linear[node->leaf].n;
            cutter->heights[at] = 0;
            continue;
        }
        cutter->order[n++] = node->left;
        cutter->order[n++] = node->right;
        cutter->heights[at] = 1;
    }
    return n;
}

/*
 * Puts the nodes in order, counts them, and chooses all heights, from the last node to the
 * first: the children of the split that is next are the two that come before those of the
 * split before it.  Returns the depth.
 */
static uint32_t survey(struct cutter *cutter, uint64_t *splits)
{
    uint32_t depth, n = put_in_order(cutter, &depth), i = n, children = n;

    *splits = n / 2;
    while (i-- > 0) {
        const uint32_t at = cutter->order[i];

        if (cutter->heights[at] == 0) {
            cutter->below[i] = (struct below){{0}, {0}};
            continue;
        }
        children -= 2;
        cutter->heights[at] = choose_height(&cutter->below[children],
                                            &cutter->below[children + 1], &cutter->below[i]);
    }
    return depth;
}

/* Room for n more tiles. */
static enum result reserve_cuts(struct packer *packer, size_t n)
{
    size_t want = packer->model.n_tiles + n, size = packer->cuts_size;
    struct pack_cut *cuts;

    if (want <= size)
        return RESULT_OK;
    while (size < want)
        size = size == 0 ? 1024 : size + size / 2;
    cuts = realloc(packer->cuts, size * sizeof(*cuts));
    if (cuts == NULL)
        return RESULT_NOMEM;
    packer->cuts = cuts;
    packer->cuts_size = size;
    return RESULT_OK;
}

/*
 * Gives all tiles of a tree their numbers.  order, which is done with, is the stack of
 * those whose turn will come: there are never more than the tree has nodes.
 */
static void number_tiles(struct cutter *cutter, uint32_t t)
{
    struct packer *packer = cutter->packer;
    uint32_t *stack = cutter->order, height = 0, p;
    struct places places;

    packer->cuts[t] = (struct pack_cut){0, 0, 0};
    stack[height++] = t;
    while (height != 0) {
        struct pack_cut *cut = &packer->cuts[stack[--height]];
        const bool leaf = is_leaf(cutter->tree, cut->node);
        const uint32_t first = packer->model.n_tiles;

        cut->height = leaf ? 0 : cutter->heights[cut->node];
        cut->tiles = first;
        place_nodes(cutter->tree, cut->node, cut->height, &places);
        for (p = LAYOUT_SPLITS; p < PLACES; p++)
            if (places.nodes[p] != NONE && !is_leaf(cutter->tree, places.nodes[p]))
                packer->cuts[packer->model.n_tiles++].node = places.nodes[p];
        for (p = packer->model.n_tiles; p > first; p--)
            stack[height++] = p - 1;
    }
}

static void cutter_free(struct cutter *cutter)
{
    free(cutter->order);
    free(cutter->below);
    free(cutter->heights);
}

/* Room for the largest tree, which serves for all. */
static enum result cutter_make(struct cutter *cutter)
{
    const struct draft *draft = cutter->packer->draft;
    size_t n = 0;
    uint32_t t;

    for (t = 0; t < draft->n_trees; t++)
        n = draft->trees[t].n_nodes > n ? draft->trees[t].n_nodes : n;
    cutter->order = malloc((n + 1) * sizeof(*cutter->order));
    cutter->below = calloc(n + 1, sizeof(*cutter->below));
    cutter->heights = malloc(n + 1);
    return cutter->order == NULL || cutter->below == NULL || cutter->heights == NULL
               ? RESULT_NOMEM
               : RESULT_OK;
}

static enum result cut_tree(struct cutter *cutter, uint32_t t, struct reason *why)
{
    struct packer *packer = cutter->packer;
    struct layout_model *model = &packer->model;
    const struct draft_tree *tree = &packer->draft->trees[t];
    struct layout_tree *out = &packer->trees[t];
    uint64_t splits, sets = tree->n_sets;
    size_t below;
    enum result result;
    uint32_t i;

    cutter->tree = tree;
    out->depth = survey(cutter, &splits);
    out->tiles = model->n_tiles;
    out->output = tree->width == 1 ? tree->output : 0;
    out->width = tree->width;
    below = is_leaf(tree, 0) ? 0 : cutter->below[0].tiles[0] - (size_t)1;
    if (model->n_tiles + below >= LAYOUT_TILE - LAYOUT_NEXT_TILE ||
        model->n_leaves + splits + 1 >= LAYOUT_TILE || model->n_sets + sets >= LAYOUT_TILE)
        return pack_too_big(why, "nodes");
    if ((result = reserve_cuts(packer, below)) != RESULT_OK)
        return result;
    number_tiles(cutter, t);
    model->n_splits += (uint32_t)splits;
    model->n_leaves += (uint32_t)splits + 1;
    model->n_sets += tree->n_sets;
    for (i = 0; i < tree->n_sets; i++)
        model->n_words += tree->sets[i].n_words;
    packer->lines = packer->lines || tree->linear != NULL;
    model->depth = out->depth > model->depth ? out->depth : model->depth;
    return RESULT_OK;
}

enum result pack_cut_trees(struct packer *packer, struct reason *why)
{
    const uint32_t n_trees = packer->draft->n_trees;
    struct cutter cutter = {.packer = packer};
    enum result result = RESULT_NOMEM;
    uint32_t t;

    packer->trees = calloc(n_trees, sizeof(*packer->trees));
    if (packer->trees == NULL || cutter_make(&cutter) != RESULT_OK)
        goto out;
    result = reserve_cuts(packer, n_trees);
    packer->model.n_tiles = n_trees;
    for (t = 0; t < n_trees && result == RESULT_OK; t++)
        result = cut_tree(&cutter, t, why);
out:
    cutter_free(&cutter);
    return result;
}

/* ---- the second time: into the image ---- */

/* What the next split, leaf, set ... will be. */
struct filler {
    struct packer *packer;
    const struct draft_tree *tree;
    uint32_t split, leaf, set; /* set: the first of the tree's */
    uint64_t word, term;
};

static void fill_cover(const struct packer *packer, uint64_t i, double cover)
{
    float *floats = pack_part(packer, LAYOUT_COVERS);
    double *doubles = pack_part(packer, LAYOUT_COVERS);

    if (packer->model.cover_format == LAYOUT_COVERS_F32)
        floats[i] = (float)cover;
    else if (packer->model.cover_format == LAYOUT_COVERS_F64)
        doubles[i] = cover;
}

/* The greatest float32 that is not above it. */
static float round_down(double value)
{
    float rounded = (float)value;

    return (double)rounded > value ? nextafterf(rounded, -INFINITY) : rounded;
}

static void fill_split(struct filler *filler, const struct draft_node *node, unsigned place,
                       struct layout_tile *tile)
{
    struct packer *packer = filler->packer;
    double *exact = pack_part(packer, LAYOUT_EXACT);
    const uint16_t bit = (uint16_t)(1U << place);

    tile->column[place] = (uint16_t)node->column;
    if (node->nan_left)
        tile->nan_left |= bit;
    if (node->set != 0) {
        uint32_t number = filler->set + node->set - 1;

        tile->by_set |= bit;
        memcpy(&tile->threshold[place], &number, sizeof(number));
    } else {
        tile->threshold[place] = round_down(node->threshold);
    }
    if (packer->model.compare == SPEC_COMPARE_F64)
        exact[filler->split] = node->set != 0 ? 0 : node->threshold;
    fill_cover(packer, filler->split, node->cover);
    filler->split++;
}

static void fill_line(struct filler *filler, const struct draft_linear *linear)
{
    struct layout_line *line = pack_part(filler->packer, LAYOUT_LINES);
    struct layout_term *terms = pack_part(filler->packer, LAYOUT_TERMS);
    uint32_t i;

    line[filler->leaf] = (struct layout_line){linear->constant, filler->term, linear->n, 1};
    for (i = 0; i < linear->n; i++) {
        terms[filler->term + i].weight = linear->weights[i];
        terms[filler->term + i].feature = linear->features[i];
    }
    filler->term += linear->n;
}

static void fill_leaf(struct filler *filler, const struct draft_node *node)
{
    struct packer *packer = filler->packer;
    const struct draft_tree *tree = filler->tree;
    const double *row = tree->leaves + (size_t)node->leaf * tree->width;
    float *floats = pack_part(packer, LAYOUT_LEAVES);
    double *doubles = pack_part(packer, LAYOUT_LEAVES);
    uint32_t *begins = pack_part(packer, LAYOUT_LEAVES);
    uint32_t *ids = pack_part(packer, LAYOUT_IDS);

    if (packer->model.leaf_format == LAYOUT_LEAVES_F32)
        floats[filler->leaf] = (float)row[0];
    else if (packer->model.leaf_format == LAYOUT_LEAVES_F64)
        doubles[filler->leaf] = row[0];
    else
        begins[filler->leaf] = pack_row(packer, row, tree->width);
    ids[filler->leaf] = node->id;
    if (tree->linear != NULL)
        fill_line(filler, &tree->linear[node->leaf]);
    fill_cover(packer, (uint64_t)packer->model.n_splits + filler->leaf, node->cover);
    filler->leaf++;
}

static void fill_exits(struct filler *filler, const struct pack_cut *cut,
                       const struct places *places, struct layout_tile *tile)
{
    uint8_t tiles = 0, leaves = 0, next = 0;
    unsigned e;

    tile->base[0] = filler->leaf;
    for (e = 0; e < LAYOUT_EXITS; e++) {
        const uint32_t node = places->nodes[LAYOUT_SPLITS + e];

        if (node == NONE)
            continue;
        if (is_leaf(filler->tree, node)) {
            tile->next[e] = leaves++;
            fill_leaf(filler, &filler->tree->nodes[node]);
        } else {
            tile->next[e] = (uint8_t)(LAYOUT_NEXT_TILE | tiles++);
        }
    }
    if (tiles != 0)
        tile->base[1] = LAYOUT_TILE + cut->tiles - LAYOUT_NEXT_TILE;
    for (e = LAYOUT_EXITS; e-- > 0;)
        if (places->nodes[LAYOUT_SPLITS + e] == NONE)
            tile->next[e] = next;
        else
            next = tile->next[e];
}

static void fill_tile(struct filler *filler, uint32_t number)
{
    struct packer *packer = filler->packer;
    const struct pack_cut *cut = &packer->cuts[number];
    struct layout_tile *tile = (struct layout_tile *)pack_part(packer, LAYOUT_TILES) + number;
    struct places places;
    unsigned p;

    place_nodes(filler->tree, cut->node, cut->height, &places);
    for (p = 0; p < LAYOUT_EXITS; p++)
        tile->threshold[p] = NAN;
    tile->present = places.present;
    tile->splits = filler->split;
    for (p = 0; p < LAYOUT_SPLITS; p++)
        if ((places.present >> p & 1) != 0)
            fill_split(filler, &filler->tree->nodes[places.nodes[p]], p, tile);
    fill_exits(filler, cut, &places, tile);
}

static void fill_sets(struct filler *filler)
{
    struct layout_set *sets = pack_part(filler->packer, LAYOUT_SETS);
    uint32_t *words = pack_part(filler->packer, LAYOUT_WORDS), i;

    for (i = 0; i < filler->tree->n_sets; i++) {
        const struct draft_set *set = &filler->tree->sets[i];

        sets[filler->set + i].words = filler->word;
        sets[filler->set + i].n_words = set->n_words;
        if (set->n_words != 0)
            memcpy(words + filler->word, set->words, set->n_words * sizeof(*words));
        filler->word += set->n_words;
    }
}

enum result pack_fill_trees(struct packer *packer)
{
    const uint32_t n_trees = packer->draft->n_trees;
    struct filler filler = {.packer = packer};
    uint32_t t, i, end;

    memcpy(pack_part(packer, LAYOUT_TREES), packer->trees, n_trees * sizeof(*packer->trees));
    for (t = 0; t < n_trees; t++) {
        filler.tree = &packer->draft->trees[t];
        fill_sets(&filler);
        fill_tile(&filler, t);
        end = t + 1 < n_trees ? packer->trees[t + 1].tiles : packer->model.n_tiles;
        for (i = packer->trees[t].tiles; i < end; i++)
            fill_tile(&filler, i);
        filler.set += filler.tree->n_sets;
    }
    return filler.leaf == packer->model.n_leaves && filler.split == packer->model.n_splits
               ? RESULT_OK
               : RESULT_FAILED;
}
