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

#include "forest/shap.h"
#include "forest/tree.h"

enum {
    PIECE = 8192,            /* nodes at once */
    PIECE_NUMBERS = 1 << 15, /* of their leaves, or those of one leaf */
    BLOCK_ROWS = 64,         /* rows at once */
};

/* A node that is still to be listed. */
struct pending {
    struct tree_node node;
    uint32_t level;
    double share;  /* of its parent's rows */
    double weight; /* of the tree's rows */
};

struct explain {
    const struct image *image;
    const struct spec *spec;
    struct shap *shap;
    struct shap_node *nodes; /* a piece */
    double *numbers;         /* of its leaves */
    size_t n_numbers;        /* room for them */
    double *means;           /* of the outputs */

    /* of the tree at hand */
    uint32_t tree, width;
    bool counting; /* its leaves into the means */
    struct pending *stack;
    uint32_t depth;         /* of the stack */
    uint32_t *way, *uses;   /* features of the splits above; how often each is there */
    uint32_t length;        /* of the way */
    uint32_t players, most; /* different features on it, and the most so far */
    bool any_split, any_cover, any_line; /* of all trees so far */
};

static enum result explain_alloc(struct explain *explain, struct reason *why)
{
    const struct image *image = explain->image;
    const size_t depth = (size_t)image_depth(image) + 2, outputs = image_n_outputs(image);

    explain->n_numbers = outputs > PIECE_NUMBERS ? outputs : PIECE_NUMBERS;
    explain->nodes = calloc(PIECE, sizeof(*explain->nodes));
    explain->numbers = calloc(explain->n_numbers, sizeof(*explain->numbers));
    explain->means = calloc(outputs, sizeof(*explain->means));
    explain->stack = calloc(depth, sizeof(*explain->stack));
    explain->way = calloc(depth, sizeof(*explain->way));
    explain->uses = calloc(image_n_features(image), sizeof(*explain->uses));
    if (explain->nodes == NULL || explain->numbers == NULL || explain->means == NULL ||
        explain->stack == NULL || explain->way == NULL || explain->uses == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    return RESULT_OK;
}

/* What adds up can be explained. */
static enum result kind_check(const struct image *image, struct reason *why)
{
    const enum spec_fold fold = image_spec(image)->fold;

    if (fold == SPEC_FOLD_MIN || fold == SPEC_FOLD_MAX)
        return reason_set(why, RESULT_INVALID,
                          "it answers the %s of its trees, and not their sum",
                          fold == SPEC_FOLD_MIN ? "least" : "greatest");
    return RESULT_OK;
}

enum result explain_new(const struct image *image, struct explain **out, struct reason *why)
{
    struct explain *explain = calloc(1, sizeof(*explain));
    enum result result;

    *out = NULL;
    if (explain == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    explain->image = image;
    explain->spec = image_spec(image);
    result = kind_check(image, why);
    if (result == RESULT_OK)
        result = shap_new(image_depth(image), image_n_features(image), explain->spec,
                          &explain->shap, why);
    if (result == RESULT_OK)
        result = explain_alloc(explain, why);
    if (result == RESULT_OK)
        *out = explain;
    else
        explain_free(explain);
    return result;
}

bool explain_can(const struct image *image)
{
    const enum spec_fold fold = image_spec(image)->fold;

    return fold != SPEC_FOLD_MIN && fold != SPEC_FOLD_MAX && tree_has_covers(image) &&
           !image_has_lines(image);
}

uint64_t explain_cost(const struct image *image, bool all)
{
    const uint32_t trees = image_n_trees(image);
    uint64_t blocks = shap_blocks(image_depth(image), image_n_features(image));
    uint32_t width = 1;

    for (uint32_t t = 0; all && t < trees && width == 1; t++) /* else it is n_outputs */
        width = tree_width(image, t);
    return image_n_nodes(image) * blocks * (1 + width / 2); /* outputs go together */
}

void explain_free(struct explain *explain)
{
    if (explain == NULL)
        return;
    shap_free(explain->shap);
    free(explain->nodes);
    free(explain->numbers);
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
    explain->width = tree_width(explain->image, tree);
    while (explain->length > 0)
        explain->uses[explain->way[--explain->length]] = 0;
    explain->players = explain->most = 0;
    explain->depth = 1;
    explain->stack[0].level = 0;
    explain->stack[0].share = explain->stack[0].weight = 1;
    tree_read(explain->image, tree_root(explain->image, tree), &explain->stack[0].node);
}

/* Keeps count of the different features above a node, and of its own. */
static void way_follow(struct explain *explain, uint32_t level, const struct tree_node *node)
{
    while (explain->length > level)
        if (--explain->uses[explain->way[--explain->length]] == 0)
            explain->players--;
    if (node->leaf)
        return;
    explain->way[explain->length++] = node->feature;
    if (explain->uses[node->feature]++ == 0)
        explain->players++;
    if (explain->players > explain->most)
        explain->most = explain->players;
}

/* The left side on top.  Where no training row came both are taken to be as frequent. */
static void sides_push(struct explain *explain, const struct pending *from)
{
    struct pending *right = &explain->stack[explain->depth], *left = right + 1;
    double sum;

    tree_read(explain->image, from->node.right, &right->node);
    tree_read(explain->image, from->node.left, &left->node);
    sum = left->node.cover + right->node.cover;
    left->level = right->level = from->level + 1;
    left->share = sum > 0 ? left->node.cover / sum : 0.5;
    right->share = sum > 0 ? right->node.cover / sum : 0.5;
    left->weight = from->weight * left->share;
    right->weight = from->weight * right->share;
    explain->depth += 2;
    explain->any_split = true;
    explain->any_cover = explain->any_cover || sum > 0;
}

static void leaf_count(struct explain *explain, double weight, const double *numbers)
{
    double *means = explain->means + tree_output(explain->image, explain->tree);

    for (uint32_t k = 0; explain->counting && k < explain->width; k++)
        means[k] += weight * numbers[k];
}

static void node_list(const struct explain *explain, const struct pending *from,
                      struct shap_node *out)
{
    const struct tree_node *node = &from->node;

    *out = (struct shap_node){
        .share = from->share,
        .threshold = node->threshold,
        .words = node->by_set ? node->words : NULL,
        .n_words = node->n_words,
        .feature = node->feature,
        .level = from->level,
        .mend = (uint8_t)node->mend,
        .nan_left = node->nan_left,
    };
    if (node->mend == DRAFT_UNKNOWN_TO_NAN)
        out->known = image_feature_n_values(explain->image, node->feature);
}

/* Lists the next nodes of the tree. */
static size_t piece_read(struct explain *explain)
{
    double *numbers = explain->numbers, *end = numbers + explain->n_numbers;
    struct pending from;
    size_t n = 0;

    while (n < PIECE && explain->depth > 0 && numbers + explain->width <= end) {
        from = explain->stack[--explain->depth];
        way_follow(explain, from.level, &from.node);
        node_list(explain, &from, &explain->nodes[n]);
        if (from.node.leaf) {
            tree_values(explain->image, explain->tree, from.node.number, numbers);
            leaf_count(explain, from.weight, numbers);
            explain->any_line |= tree_is_line(explain->image, from.node.number);
            explain->nodes[n].leaf = numbers;
            numbers += explain->width;
        } else {
            sides_push(explain, &from);
        }
        n++;
    }
    return n;
}

/* Some of the rows, and where their contributions go. */
struct block {
    size_t n, features;
    const double *rows;
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

    row.values = block->rows + r * block->features;
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
    if (explain->any_line)
        return reason_set(why, RESULT_INVALID,
                          "its leaves are linear functions, for which that is not defined");
    rows_explain(explain, block, n, tree_output(explain->image, tree), explain->width);
    return RESULT_OK;
}

/* What the forest answers for nobody in particular. */
static double mean_of(const struct explain *explain, uint32_t output)
{
    const struct spec *spec = explain->spec;
    const double sum = explain->means[output], base = image_base(explain->image)[output];

    if (spec->fold == SPEC_FOLD_MEAN)
        return (base + sum) / spec->divisor;
    return base + (spec->fold == SPEC_FOLD_MEAN_THEN_BASE ? sum / spec->divisor : sum);
}

/*
 * Sums become means, and the bias is put behind them: the mean of the trees, or where the
 * forest adds in float32 what is left of the margin, which is nearly that.
 */
static void block_finish(const struct explain *explain, const struct block *block)
{
    const struct spec *spec = explain->spec;
    const bool mean = spec->fold == SPEC_FOLD_MEAN || spec->fold == SPEC_FOLD_MEAN_THEN_BASE;
    const size_t features = block->stride - 1;

    for (size_t r = 0; r < block->n; r++)
        for (uint32_t k = 0; k < block->count; k++) {
            uint32_t output = block->which != NULL ? block->which[r] : k;
            double *phi = block->out + (r * block->count + k) * block->stride, sum = 0;

            for (size_t f = 0; f < features; f++)
                sum += mean ? (phi[f] /= spec->divisor) : phi[f];
            phi[features] = mean_of(explain, output);
            if (spec->sum == SPEC_SUM_F32)
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
    struct block block = {.features = features,
                          .outputs = outputs,
                          .count = what->which != NULL ? 1 : outputs,
                          .stride = features + 1};
    enum result result = RESULT_OK;

    memset(explain->means, 0, outputs * sizeof(*explain->means));
    for (size_t at = 0; at < what->n && result == RESULT_OK; at += block.n) {
        block.n = what->n - at < BLOCK_ROWS ? what->n - at : BLOCK_ROWS;
        block.margins = what->margins + at * outputs;
        block.which = what->which != NULL ? what->which + at : NULL;
        block.out = out + at * block.count * block.stride;
        block.rows = what->rows + at * features;
        result = block_explain(explain, &block, at == 0, why);
    }
    return result;
}
