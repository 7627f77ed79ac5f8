/*
 * oracle.c: what a draft's forest answers, straight from the words of draft.h and spec.h.
 *
 * It shares no code with the walk on purpose, also where a few lines are alike
 * (src/forest/exact.h): a fault in one is then not a fault in both.
 */
#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double mended(const struct draft *draft, const struct draft_column *column,
                     const double *row)
{
    double value = row[column->feature];
    const bool tiny = fabs(value) <= (double)1e-35F;

    switch (column->mend) {
    case DRAFT_TINY_TO_ZERO:
        return tiny ? 0 : value;
    case DRAFT_NAN_TO_ZERO:
        return tiny || isnan(value) ? 0 : value;
    case DRAFT_ZERO_TO_NAN:
        return tiny ? NAN : value;
    case DRAFT_UNKNOWN_TO_NAN:
        return value >= 0 && value < draft->features[column->feature].n_values ? value : NAN;
    default:
        return value;
    }
}

static bool in_set(const struct draft_set *set, enum spec_category category, double value)
{
    uint32_t code;

    if (category == SPEC_CATEGORY_SIGN ? value < 0 : value <= -1)
        return false;
    if (value >= 32.0 * set->n_words)
        return false;
    code = (uint32_t)value;
    return code / 32 < set->n_words && (set->words[code / 32] >> code % 32 & 1) != 0;
}

bool oracle_goes_left(const struct draft *draft, const struct draft_tree *tree,
                      const struct draft_node *node, const double *row)
{
    double value = mended(draft, &draft->columns[node->column], row);

    if (isnan(value))
        return node->nan_left;
    if (draft->spec.compare == SPEC_COMPARE_F32)
        value = (float)value;
    if (node->set != 0)
        return in_set(&tree->sets[node->set - 1], draft->spec.category, value);
    return value <= node->threshold;
}

static const struct draft_node *leaf_of(const struct draft *draft,
                                        const struct draft_tree *tree, const double *row)
{
    const struct draft_node *node = tree->nodes;

    while (node->left != 0)
        node =
            tree->nodes + (oracle_goes_left(draft, tree, node, row) ? node->left : node->right);
    return node;
}

static double linear_value(const struct draft_tree *tree, uint32_t leaf, const double *row)
{
    const struct draft_linear *linear = &tree->linear[leaf];
    double value = linear->constant;
    uint32_t i;

    for (i = 0; i < linear->n; i++) {
        const double x = row[linear->features[i]];

        if (isnan(x))
            return tree->leaves[leaf];
        value += linear->weights[i] * (fabs(x) <= (double)1e-35F ? 0 : x);
    }
    return value;
}

static void fold(const struct spec *spec, double *out, double value)
{
    if (spec->fold == SPEC_FOLD_MIN)
        *out = fmin(*out, value);
    else if (spec->fold == SPEC_FOLD_MAX)
        *out = fmax(*out, value);
    else if (spec->sum == SPEC_SUM_F32)
        *out = (float)*out + (float)value;
    else
        *out += value;
}

static void add_tree(const struct draft *draft, const struct draft_tree *tree,
                     const double *row, double *out)
{
    const struct draft_node *leaf = leaf_of(draft, tree, row);
    const double *values = tree->leaves + (size_t)leaf->leaf * tree->width;
    uint32_t k;

    if (tree->linear != NULL) {
        fold(&draft->spec, &out[tree->output], linear_value(tree, leaf->leaf, row));
    } else if (tree->width == 1 && draft->spec.n_outputs != 1) {
        fold(&draft->spec, &out[tree->output], values[0]);
    } else {
        for (k = 0; k < tree->width; k++)
            fold(&draft->spec, &out[k], values[k]);
    }
}

static double finish(const struct spec *spec, double value, double base)
{
    const bool f32 = spec->sum == SPEC_SUM_F32;

    if (spec->fold == SPEC_FOLD_MEAN || spec->fold == SPEC_FOLD_MEAN_THEN_BASE)
        value = f32 ? (float)value / (float)spec->divisor : value / spec->divisor;
    if (spec->fold >= SPEC_FOLD_SUM_THEN_BASE)
        value = f32 ? (float)(value + base) : value + base;
    return value;
}

void oracle_margins(const struct draft *draft, const double *row, double *out)
{
    const struct spec *spec = &draft->spec;
    uint32_t k, t;

    for (k = 0; k < spec->n_outputs; k++) {
        out[k] = spec->fold <= SPEC_FOLD_MEAN ? draft->base[k] : 0;
        if (spec->fold == SPEC_FOLD_MIN)
            out[k] = INFINITY;
        if (spec->fold == SPEC_FOLD_MAX)
            out[k] = -INFINITY;
    }
    for (t = 0; t < draft->n_trees; t++)
        add_tree(draft, &draft->trees[t], row, out);
    for (k = 0; k < spec->n_outputs; k++)
        out[k] = finish(spec, out[k], draft->base[k]);
}

void oracle_leaves(const struct draft *draft, const double *row, uint32_t *ids)
{
    uint32_t t;

    for (t = 0; t < draft->n_trees; t++)
        ids[t] = leaf_of(draft, &draft->trees[t], row)->id;
}

static uint32_t depth_below(const struct draft_tree *tree, uint32_t at)
{
    const struct draft_node *node = &tree->nodes[at];
    uint32_t left, right;

    if (node->left == 0)
        return 0;
    left = depth_below(tree, node->left);
    right = depth_below(tree, node->right);
    return 1 + (left > right ? left : right);
}

uint32_t oracle_depth(const struct draft_tree *tree)
{
    return depth_below(tree, 0);
}
