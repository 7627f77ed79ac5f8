/*
 * import_onnx_newer.c: TreeEnsemble, of ai.onnx.ml 5.
 *
 * Splits and leaves are numbered by themselves, each leaf has one weight, and a split may
 * ask whether a value is one of a set.
 */
#include <math.h>
#include <stdlib.h>

#include "forest/import_onnx.h"

/* The nodes of ai.onnx.ml 5. */
struct newer {
    const int64_t *features, *yes, *no, *yes_leaf, *no_leaf, *modes, *targets, *roots, *tracks;
    const double *splits, *weights, *members;
    uint64_t n, n_leaves, n_roots, n_members;
};

static enum result find_newer(const struct onnx *in, struct newer *newer)
{
    const struct onnx_attribute *features = onnx_find(in, "nodes_featureids");
    const struct onnx_attribute *targets = onnx_find(in, "leaf_targetids");
    const struct onnx_attribute *roots = onnx_find(in, "tree_roots");
    const struct onnx_attribute *tracks = onnx_find(in, "nodes_missing_value_tracks_true");
    const struct onnx_attribute *members;
    enum result result;

    newer->n = features == NULL ? 0 : features->ints.n;
    newer->n_leaves = targets == NULL ? 0 : targets->ints.n;
    newer->n_roots = roots == NULL ? 0 : roots->ints.n;
    if (newer->n == 0 || newer->n_leaves == 0 || newer->n_roots == 0 ||
        newer->n + newer->n_leaves >= UINT32_MAX || newer->n_roots > IMAGE_MAX_TREES)
        return onnx_refuse(in, RESULT_MALFORMED, "it has no nodes, no leaves or no roots");
    if ((result = onnx_ints_need(in, "nodes_featureids", newer->n, &newer->features)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_truenodeids", newer->n, &newer->yes)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_falsenodeids", newer->n, &newer->no)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_trueleafs", newer->n, &newer->yes_leaf)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_falseleafs", newer->n, &newer->no_leaf)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_modes", newer->n, &newer->modes)) != RESULT_OK ||
        (result = onnx_ints_need(in, "leaf_targetids", newer->n_leaves, &newer->targets)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "tree_roots", newer->n_roots, &newer->roots)) !=
            RESULT_OK ||
        (result = onnx_numbers_need(in, "nodes_splits", newer->n, &newer->splits)) !=
            RESULT_OK ||
        (result = onnx_numbers_need(in, "leaf_weights", newer->n_leaves, &newer->weights)) !=
            RESULT_OK ||
        (result = onnx_numbers_find(in, "membership_values", &members)) != RESULT_OK)
        return result;
    newer->n_members = members == NULL ? 0 : members->numbers.n;
    newer->members = members == NULL ? NULL : members->numbers.items;
    if (tracks != NULL && tracks->ints.n != 0)
        result =
            onnx_ints_need(in, "nodes_missing_value_tracks_true", newer->n, &newer->tracks);
    return result;
}

/* The child of a node as a number of the splits, behind which the leaves stand. */
static bool child_of(const struct newer *newer, int64_t child, int64_t leaf, uint32_t *out)
{
    uint64_t n = leaf != 0 ? newer->n_leaves : newer->n;

    *out = (uint32_t)((leaf != 0 ? newer->n : 0) + (uint64_t)child);
    return child >= 0 && (uint64_t)child < n;
}

/* A membership's values up to the NaN that ends them. */
static enum result read_members(struct onnx *in, const struct newer *newer, uint64_t i,
                                uint64_t *at, struct onnx_split *split)
{
    split->member = (uint32_t)*at;
    while (*at < newer->n_members && !isnan(newer->members[*at])) {
        if (!isfinite(newer->members[*at]))
            return onnx_node_refuse(in, i, "a value of its set is not finite");
        in->forest.members[*at] = newer->members[*at];
        ++*at;
        split->n_members++;
    }
    if (*at >= newer->n_members && split->n_members == 0)
        return onnx_node_refuse(in, i, "its set has no values");
    ++*at; /* the NaN, or the end */
    return RESULT_OK;
}

static enum result read_newer_nodes(struct onnx *in, const struct newer *newer)
{
    struct onnx_forest *forest = &in->forest;
    enum result result = RESULT_OK;
    uint64_t i, member = 0;

    for (i = 0; i < newer->n && result == RESULT_OK; i++) {
        struct onnx_split *split = &forest->splits[i];

        if (newer->modes[i] < 0 || newer->modes[i] > ONNX_MEMBER)
            return onnx_node_refuse(in, i, "its mode is not known");
        split->mode = (uint8_t)newer->modes[i];
        split->feature = (uint32_t)newer->features[i];
        split->value = newer->splits[i];
        split->nan_true = newer->tracks != NULL && newer->tracks[i] != 0;
        result = onnx_split_check(in, i, split, newer->features[i]);
        if (result == RESULT_OK &&
            (!child_of(newer, newer->yes[i], newer->yes_leaf[i], &split->yes) ||
             !child_of(newer, newer->no[i], newer->no_leaf[i], &split->no)))
            result = onnx_node_refuse(in, i, "its child is not there");
        if (result == RESULT_OK && split->mode == ONNX_MEMBER)
            result = read_members(in, newer, i, &member, split);
    }
    return result;
}

/* The leaves, each with one weight, and the roots. */
static enum result read_newer_leaves(struct onnx *in, const struct newer *newer)
{
    struct onnx_forest *forest = &in->forest;
    uint64_t i;

    for (i = 0; i < newer->n_leaves; i++) {
        struct onnx_split *leaf = &forest->splits[newer->n + i];

        leaf->mode = ONNX_LEAF;
        leaf->id = leaf->weight = (uint32_t)i;
        leaf->n_weights = 1;
        if (newer->targets[i] < 0 || newer->targets[i] >= in->draft->spec.n_outputs ||
            !isfinite(newer->weights[i]))
            return onnx_node_refuse(in, i, "a leaf's target or weight is not right");
        forest->weights[i] = (struct onnx_weight){
            (uint32_t)(newer->n + i), (uint32_t)newer->targets[i], newer->weights[i]};
    }
    for (i = 0; i < newer->n_roots; i++) {
        if (newer->roots[i] < 0 || (uint64_t)newer->roots[i] >= newer->n)
            return onnx_refuse(in, RESULT_MALFORMED, "a root is not there");
        forest->roots[i] = (uint32_t)newer->roots[i];
    }
    return RESULT_OK;
}

enum result onnx_ensemble_read(struct onnx *in)
{
    /* ONNX Runtime takes 1 for LOGISTIC and 2 for SOFTMAX. */
    static const char *const posts[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                        "PROBIT"};
    const struct onnx_attribute *fold = onnx_find(in, "aggregate_function");
    const struct onnx_attribute *post = onnx_find(in, "post_transform");
    struct onnx_forest *forest = &in->forest;
    enum result result = onnx_targets_read(in);
    struct newer newer = {0};

    if (result != RESULT_OK || (result = find_newer(in, &newer)) != RESULT_OK)
        return result;
    if ((fold != NULL && (fold->i < 0 || fold->i > 3)) ||
        (post != NULL && (post->i < 0 || post->i > 4)))
        return onnx_refuse(in, RESULT_MALFORMED,
                           "its aggregate_function or post_transform is not known");
    in->draft->spec.fold = onnx_folds[fold == NULL ? 1 : fold->i].fold;
    forest->splits = calloc(newer.n + newer.n_leaves, sizeof(*forest->splits));
    forest->weights = calloc(newer.n_leaves, sizeof(*forest->weights));
    forest->roots = calloc(newer.n_roots, sizeof(*forest->roots));
    forest->members = calloc(newer.n_members + 1, sizeof(*forest->members));
    if (forest->splits == NULL || forest->weights == NULL || forest->roots == NULL ||
        forest->members == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for nodes");
    forest->n_splits = (uint32_t)(newer.n + newer.n_leaves);
    forest->n_weights = (uint32_t)newer.n_leaves;
    forest->n_roots = (uint32_t)newer.n_roots;
    if ((result = read_newer_nodes(in, &newer)) != RESULT_OK ||
        (result = read_newer_leaves(in, &newer)) != RESULT_OK)
        return result;
    return onnx_values_finish(in, posts[post == NULL ? 0 : post->i]);
}
