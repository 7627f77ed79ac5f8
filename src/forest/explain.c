/*
 * explain.c: an image's trees, one after another, through shap.c.
 *
 * A tree is made into a list of its nodes in preorder once for a block of rows.  A tree
 * that does not fit into the list is read in pieces, for each row anew, so that memory is
 * bounded for any forest; what that costs is little beside the explanation.
 */
#include "forest/explain.h"

#include <stdlib.h>
#include <string.h>

#include "forest/peek.h"
#include "forest/shap.h"

enum {
    PIECE = 2048,             /* nodes at once */
    BLOCK_ROWS = 64,          /* rows at once */
    BLOCK_VALUES = 32 * 1024, /* or so many values, but one row at least */
};

/* A node that is still to be read. */
struct pending {
    uint64_t place;
    uint32_t level;
    double share;  /* of its parent's rows */
    double weight; /* of the tree's rows */
};

struct explain {
    const struct image *image;
    struct shap *shap;
    struct shap_node *nodes; /* a piece, */
    double *numbers;         /* and the one number of each leaf that has one */
    double *values;          /* a block of rows by column */
    size_t block;            /* rows in one */
    double *means;           /* of the outputs */
    bool rounded;            /* margins are float32 */

    /* of the tree at hand */
    uint32_t tree;
    struct pending *stack;
    uint32_t depth;            /* of the stack */
    uint32_t *way, *uses;      /* features of the splits above; how often each is there */
    uint32_t length;           /* of the way */
    uint32_t players, most;    /* different features on it, and the most so far */
    bool counting;             /* its leaves into the means */
    bool any_split, any_cover; /* of all trees so far */
};

static enum result explain_alloc(struct explain *explain, struct reason *why)
{
    const struct image *image = explain->image;
    const size_t depth = (size_t)image_depth(image) + 2, columns = image_n_columns(image);

    explain->block = BLOCK_VALUES / columns;
    if (explain->block == 0)
        explain->block = 1;
    if (explain->block > BLOCK_ROWS)
        explain->block = BLOCK_ROWS;
    explain->nodes = calloc(PIECE, sizeof(*explain->nodes));
    explain->numbers = calloc(PIECE, sizeof(*explain->numbers));
    explain->values = calloc(explain->block * columns, sizeof(*explain->values));
    explain->means = calloc(image_n_outputs(image), sizeof(*explain->means));
    explain->stack = calloc(depth, sizeof(*explain->stack));
    explain->way = calloc(depth, sizeof(*explain->way));
    explain->uses = calloc(image_n_features(image), sizeof(*explain->uses));
    if (explain->nodes == NULL || explain->numbers == NULL || explain->values == NULL ||
        explain->means == NULL || explain->stack == NULL || explain->way == NULL ||
        explain->uses == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    return RESULT_OK;
}

/* Whether the forest adds the numbers of its leaves, and nothing else. */
static enum result check_kind(const struct image *image, struct reason *why)
{
    const enum spec_fold fold = image_spec(image)->fold;

    if (fold == SPEC_FOLD_MIN || fold == SPEC_FOLD_MAX)
        return reason_set(
            why, RESULT_INVALID,
            "its answer is the least or the greatest of its trees, of which there "
            "is no such explanation");
    if (image_has_lines(image))
        return reason_set(why, RESULT_INVALID,
                          "its leaves are linear functions, of which there is no such "
                          "explanation");
    return RESULT_OK;
}

enum result explain_new(const struct image *image, struct explain **out, struct reason *why)
{
    struct explain *explain;
    enum result result = check_kind(image, why);

    *out = NULL;
    if (result != RESULT_OK)
        return result;
    explain = calloc(1, sizeof(*explain));
    if (explain == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    explain->image = image;
    explain->rounded = image_spec(image)->sum == SPEC_SUM_F32;
    result = shap_new(image_depth(image), image_n_features(image), image->spec.category,
                      &explain->shap, why);
    if (result == RESULT_OK)
        result = explain_alloc(explain, why);
    if (result == RESULT_OK)
        *out = explain;
    else
        explain_free(explain);
    return result;
}

void explain_free(struct explain *explain)
{
    if (explain == NULL)
        return;
    shap_free(explain->shap);
    free(explain->nodes);
    free(explain->numbers);
    free(explain->values);
    free(explain->means);
    free(explain->stack);
    free(explain->way);
    free(explain->uses);
    free(explain);
}

/* Begins to read a tree; counting is whether its leaves go into the means. */
static void tree_begin(struct explain *explain, uint32_t tree, bool counting)
{
    explain->counting = counting;
    explain->tree = tree;
    while (explain->length > 0)
        explain->uses[explain->way[--explain->length]] = 0;
    explain->players = explain->most = 0;
    explain->depth = 1;
    explain->stack[0] =
        (struct pending){.place = peek_root(explain->image, tree), .share = 1, .weight = 1};
}

/* Keeps count of the different features above the node that is read, and of its own. */
static void way_follow(struct explain *explain, uint32_t level, const struct peek *node)
{
    while (explain->length > level)
        if (--explain->uses[explain->way[--explain->length]] == 0)
            explain->players--;
    if (!node->split)
        return;
    explain->way[explain->length++] = node->feature;
    if (explain->uses[node->feature]++ == 0)
        explain->players++;
    if (explain->players > explain->most)
        explain->most = explain->players;
}

/* Where no training row came both ways are taken to be as frequent. */
static void children_push(struct explain *explain, const struct pending *from,
                          const struct peek *node)
{
    const uint64_t places[2] = {node->right, node->left};
    double covers[2], sum, share;
    struct peek child;
    unsigned i;

    for (i = 0; i < 2; i++) {
        peek_node(explain->image, explain->tree, places[i], &child);
        covers[i] = child.cover;
    }
    sum = covers[0] + covers[1];
    explain->any_split = true;
    explain->any_cover = explain->any_cover || sum > 0;
    for (i = 0; i < 2; i++) {
        share = sum > 0 ? covers[i] / sum : 0.5;
        explain->stack[explain->depth++] = (struct pending){
            .place = places[i],
            .level = from->level + 1,
            .share = share,
            .weight = from->weight * share,
        };
    }
}

static void leaf_count(struct explain *explain, double weight, const double *outputs)
{
    const uint32_t width = peek_width(explain->image, explain->tree);
    double *means = explain->means + peek_output(explain->image, explain->tree);

    for (uint32_t k = 0; explain->counting && k < width; k++)
        means[k] += weight * outputs[k];
}

/* Reads the next nodes of the tree. */
static size_t piece_read(struct explain *explain)
{
    struct pending from;
    struct peek node;
    size_t n = 0;

    while (n < PIECE && explain->depth > 0) {
        from = explain->stack[--explain->depth];
        peek_node(explain->image, explain->tree, from.place, &node);
        way_follow(explain, from.level, &node);
        explain->numbers[n] = node.number;
        explain->nodes[n] = (struct shap_node){
            .share = from.share,
            .threshold = node.threshold,
            .leaf = node.split             ? NULL
                    : node.outputs != NULL ? node.outputs
                                           : &explain->numbers[n],
            .words = node.words,
            .n_words = node.n_words,
            .column = node.column,
            .feature = node.feature,
            .level = from.level,
            .nan_left = node.nan_left,
        };
        n++;
        if (node.split)
            children_push(explain, &from, &node);
        else
            leaf_count(explain, from.weight, peek_outputs(&node));
    }
    return n;
}

/* Some of the rows, and where their contributions go. */
struct block {
    size_t n, columns;
    const double *margins;
    const uint32_t *which;
    uint32_t outputs; /* of the forest */
    uint32_t count;   /* of them explained for each row */
    double *out;
    size_t stride; /* n_features + 1 */
};

/* One row through the tree, or a piece of it, for those of its outputs that are asked. */
static void row_add(struct explain *explain, const struct block *block, size_t n, size_t r,
                    const struct shap_row *lot)
{
    struct shap_row row = *lot;

    row.values = explain->values + r * block->columns;
    row.phi += r * block->count * block->stride;
    shap_add(explain->shap, explain->nodes, n, &row);
}

/* A row through the tree, which is in the list, or is read in pieces from its root. */
static void row_explain(struct explain *explain, const struct block *block, size_t n, size_t r,
                        const struct shap_row *lot)
{
    shap_begin(explain->shap, explain->most);
    if (n > 0) {
        row_add(explain, block, n, r, lot);
        return;
    }
    tree_begin(explain, explain->tree, false);
    while ((n = piece_read(explain)) > 0)
        row_add(explain, block, n, r, lot);
}

/*
 * All rows through the tree, whose leaves have `width` numbers that add to the outputs from
 * `output` on.  n is 0 where the tree is not in the list.
 */
static void rows_explain(struct explain *explain, const struct block *block, size_t n,
                         uint32_t output, uint32_t width)
{
    struct shap_row lot = {.stride = block->stride};
    uint32_t from;

    for (size_t r = 0; r < block->n; r++) {
        if (block->which != NULL) {
            from = block->which[r] - output; /* wraps where it is less */
            lot.first = from;
            lot.width = 1;
            lot.phi = block->out;
            if (from < width)
                row_explain(explain, block, n, r, &lot);
            continue;
        }
        for (from = 0; from < width; from += SHAP_WIDTH) {
            lot.first = from;
            lot.width = width - from < SHAP_WIDTH ? width - from : SHAP_WIDTH;
            lot.phi = block->out + (output + from) * block->stride;
            row_explain(explain, block, n, r, &lot);
        }
    }
}

/* Adds a tree to the contributions of a block's rows. */
static enum result tree_explain(struct explain *explain, const struct block *block,
                                uint32_t tree, bool counting, struct reason *why)
{
    const uint32_t output = peek_output(explain->image, tree);
    const uint32_t width = peek_width(explain->image, tree);
    size_t n;

    tree_begin(explain, tree, counting);
    n = piece_read(explain);
    if (explain->depth > 0)
        n = 0;
    while (explain->depth > 0) /* to its end, for its means and the most features */
        piece_read(explain);
    if (explain->most > SHAP_MAX_PLAYERS)
        return reason_set(why, RESULT_TOO_BIG,
                          "a leaf of tree %u depends on %u features; explained are up to %u",
                          (unsigned)tree, (unsigned)explain->most, (unsigned)SHAP_MAX_PLAYERS);
    rows_explain(explain, block, n, output, width);
    return RESULT_OK;
}

/*
 * Sums become means, and the bias is put behind them: the mean of the trees, or where the
 * forest adds in float32 what is left of the margin, which is nearly that.
 */
static void block_finish(const struct explain *explain, const struct block *block)
{
    const struct spec *spec = image_spec(explain->image);
    const double *base = image_base(explain->image);
    const bool mean = spec->fold == SPEC_FOLD_MEAN || spec->fold == SPEC_FOLD_MEAN_THEN_BASE;
    const bool first = spec->fold == SPEC_FOLD_SUM || spec->fold == SPEC_FOLD_MEAN;
    const double divisor = mean ? spec->divisor : 1;
    const size_t features = block->stride - 1;

    for (size_t r = 0; r < block->n; r++)
        for (uint32_t k = 0; k < block->count; k++) {
            uint32_t output = block->which != NULL ? block->which[r] : k;
            double *phi = block->out + (r * block->count + k) * block->stride, sum = 0;

            for (size_t f = 0; f < features; f++)
                sum += phi[f] /= divisor;
            phi[features] = first ? (base[output] + explain->means[output]) / divisor
                                  : explain->means[output] / divisor + base[output];
            if (explain->rounded)
                phi[features] = block->margins[r * block->outputs + output] - sum;
        }
}

static enum result block_explain(struct explain *explain, const struct block *block,
                                 bool counting, struct reason *why)
{
    const uint32_t trees = image_n_trees(explain->image);
    enum result result = RESULT_OK;

    memset(block->out, 0, block->n * block->count * block->stride * sizeof(*block->out));
    for (uint32_t t = 0; t < trees && result == RESULT_OK; t++)
        result = tree_explain(explain, block, t, counting, why);
    if (result == RESULT_OK && explain->any_split && !explain->any_cover)
        result = reason_set(why, RESULT_INVALID,
                            "it does not tell how many training rows came to the nodes of its "
                            "trees");
    if (result == RESULT_OK)
        block_finish(explain, block);
    return result;
}

enum result explain_rows(struct explain *explain, const struct explain_rows *what, double *out,
                         struct reason *why)
{
    const size_t features = image_n_features(explain->image);
    const uint32_t outputs = image_n_outputs(explain->image);
    const size_t columns = image_n_columns(explain->image);
    struct block block = {.columns = columns,
                          .outputs = outputs,
                          .count = what->which != NULL ? 1 : outputs,
                          .stride = features + 1};
    enum result result = RESULT_OK;

    memset(explain->means, 0, outputs * sizeof(*explain->means));
    for (size_t at = 0; at < what->n && result == RESULT_OK; at += block.n) {
        block.n = what->n - at < explain->block ? what->n - at : explain->block;
        block.margins = what->margins + at * outputs;
        block.which = what->which != NULL ? what->which + at : NULL;
        block.out = out + at * block.count * block.stride;
        for (size_t r = 0; r < block.n; r++)
            for (uint32_t c = 0; c < columns; c++)
                explain->values[r * columns + c] =
                    peek_value(explain->image, c, what->rows + (at + r) * features);
        result = block_explain(explain, &block, at == 0, why);
    }
    return result;
}
