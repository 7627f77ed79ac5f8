/*
 * import_onnx_older.c: TreeEnsembleClassifier and TreeEnsembleRegressor, of ai.onnx.ml 1 to 4.
 *
 * A node is told by its tree and its number, and so is the leaf of a weight, of which it
 * may have several.  A tree begins where the trees' numbers change; its first node is its
 * root.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forest/import_onnx.h"

/* A node by tree and number. */
struct key {
    int64_t tree, node;
    uint32_t at;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* The nodes of the older operators. */
struct older {
    const int64_t *trees, *nodes, *features, *yes, *no, *tracks;
    const double *values;
    struct key *keys;
    uint64_t n;
};

static bool key_find(const struct older *older, int64_t tree, int64_t node, uint32_t *at)
{
    const struct key key = {tree, node, 0};
    const struct key *found = bsearch(&key, older->keys, older->n, sizeof(key), compare_keys);

    if (found != NULL)
        *at = found->at;
    return found != NULL;
}

static bool mode_of(const char *text, uint8_t *mode)
{
    static const char *const modes[] = {"BRANCH_LEQ",    "BRANCH_LT", "BRANCH_GTE",
                                        "BRANCH_GT",     "BRANCH_EQ", "BRANCH_NEQ",
                                        "BRANCH_MEMBER", "LEAF"};

    for (*mode = 0; *mode < 8; ++*mode)
        if (strcmp(text, modes[*mode]) == 0)
            return *mode != ONNX_MEMBER;
    return false;
}

static enum result find_older(const struct onnx *in, struct older *older)
{
    const struct onnx_attribute *ids = onnx_find(in, "nodes_nodeids");
    const struct onnx_attribute *tracks = onnx_find(in, "nodes_missing_value_tracks_true");
    enum result result;
    uint64_t i;

    older->n = ids == NULL ? 0 : ids->ints.n;
    if (older->n == 0 || older->n >= UINT32_MAX)
        return onnx_refuse(in, RESULT_MALFORMED, "it has no nodes");
    if ((result = onnx_ints_need(in, "nodes_nodeids", older->n, &older->nodes)) != RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_treeids", older->n, &older->trees)) != RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_featureids", older->n, &older->features)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_truenodeids", older->n, &older->yes)) !=
            RESULT_OK ||
        (result = onnx_ints_need(in, "nodes_falsenodeids", older->n, &older->no)) !=
            RESULT_OK ||
        (result = onnx_numbers_need(in, "nodes_values", older->n, &older->values)) != RESULT_OK)
        return result;
    if (tracks != NULL && tracks->ints.n != 0 &&
        (result = onnx_ints_need(in, "nodes_missing_value_tracks_true", older->n,
                                 &older->tracks)) != RESULT_OK)
        return result;
    older->keys = calloc(older->n, sizeof(*older->keys));
    if (older->keys == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for nodes");
    for (i = 0; i < older->n; i++)
        older->keys[i] = (struct key){older->trees[i], older->nodes[i], (uint32_t)i};
    qsort(older->keys, older->n, sizeof(*older->keys), compare_keys);
    for (i = 1; i < older->n; i++)
        if (compare_keys(&older->keys[i - 1], &older->keys[i]) == 0)
            return onnx_node_refuse(in, older->keys[i].at, "its number is another's too");
    return RESULT_OK;
}

/* The splits and leaves, in the order of the file; a tree's first node is its root. */
static enum result read_older_nodes(struct onnx *in, const struct older *older)
{
    const struct onnx_attribute *modes = onnx_find(in, "nodes_modes");
    struct onnx_forest *forest = &in->forest;
    enum result result = RESULT_OK;
    const char *mode;
    uint64_t i;

    if (modes == NULL || modes->n_strings != older->n)
        return onnx_refuse(in, RESULT_MALFORMED, "nodes_modes has not one text for each node");
    forest->splits = calloc(older->n, sizeof(*forest->splits));
    forest->roots = calloc(older->n, sizeof(*forest->roots));
    if (forest->splits == NULL || forest->roots == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for nodes");
    forest->n_splits = (uint32_t)older->n;
    mode = modes->strings.data;
    for (i = 0; i < older->n && result == RESULT_OK; i++, mode += strlen(mode) + 1) {
        struct onnx_split *split = &forest->splits[i];

        if (i == 0 || older->trees[i] != older->trees[i - 1])
            forest->roots[forest->n_roots++] = (uint32_t)i;
        if (!mode_of(mode, &split->mode))
            return onnx_node_refuse(in, i, "its mode is not known");
        split->id = (uint32_t)older->nodes[i];
        if (split->mode == ONNX_LEAF)
            continue;
        split->feature = (uint32_t)older->features[i];
        split->value = older->values[i];
        split->nan_true = older->tracks != NULL && older->tracks[i] != 0;
        result = onnx_split_check(in, i, split, older->features[i]);
        if (result == RESULT_OK &&
            (!key_find(older, older->trees[i], older->yes[i], &split->yes) ||
             !key_find(older, older->trees[i], older->no[i], &split->no)))
            result = onnx_node_refuse(in, i, "its child is not there");
    }
    return result;
}

static int compare_weights(const void *a, const void *b)
{
    const struct onnx_weight *x = a, *y = b;

    if (x->split != y->split)
        return x->split < y->split ? -1 : 1;
    return x->output < y->output ? -1 : x->output > y->output;
}

/* Sorts the weights by leaf, and tells each leaf where its own are. */
static enum result place_weights(struct onnx *in)
{
    struct onnx_forest *forest = &in->forest;
    uint32_t i;

    qsort(forest->weights, forest->n_weights, sizeof(*forest->weights), compare_weights);
    for (i = 0; i < forest->n_weights; i++) {
        struct onnx_weight *weight = &forest->weights[i];
        struct onnx_split *leaf = &forest->splits[weight->split];

        if (leaf->mode != ONNX_LEAF)
            return onnx_node_refuse(in, weight->split, "a weight of what is no leaf");
        if (!isfinite(weight->value))
            return onnx_node_refuse(in, weight->split, "a weight that is not finite");
        if (leaf->n_weights++ == 0)
            leaf->weight = i;
        else if (weight[-1].output == weight->output)
            return onnx_node_refuse(in, weight->split, "two weights for one output");
    }
    return RESULT_OK;
}

/* The weights of the leaves; kind is "class" or "target". */
static enum result read_older_weights(struct onnx *in, const struct older *older,
                                      const char *kind)
{
    const int64_t *trees, *nodes, *ids;
    const struct onnx_attribute *attribute;
    char names[4][32];
    const double *weights;
    enum result result;
    uint64_t i, n;

    snprintf(names[0], sizeof(names[0]), "%s_ids", kind);
    snprintf(names[1], sizeof(names[1]), "%s_treeids", kind);
    snprintf(names[2], sizeof(names[2]), "%s_nodeids", kind);
    snprintf(names[3], sizeof(names[3]), "%s_weights", kind);
    attribute = onnx_find(in, names[0]);
    n = attribute == NULL ? 0 : attribute->ints.n;
    if (n == 0 || n >= UINT32_MAX)
        return onnx_refuse(in, RESULT_MALFORMED, "its leaves have no weights");
    if ((result = onnx_ints_need(in, names[0], n, &ids)) != RESULT_OK ||
        (result = onnx_ints_need(in, names[1], n, &trees)) != RESULT_OK ||
        (result = onnx_ints_need(in, names[2], n, &nodes)) != RESULT_OK ||
        (result = onnx_numbers_need(in, names[3], n, &weights)) != RESULT_OK)
        return result;
    in->forest.weights = calloc(n, sizeof(*in->forest.weights));
    if (in->forest.weights == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for weights");
    in->forest.n_weights = (uint32_t)n;
    for (i = 0; i < n; i++) {
        struct onnx_weight *weight = &in->forest.weights[i];

        if (!key_find(older, trees[i], nodes[i], &weight->split))
            return onnx_node_refuse(in, (uint64_t)nodes[i],
                                    "a weight of a node that is not there");
        if (ids[i] < 0 || ids[i] >= in->draft->spec.n_outputs)
            return onnx_refuse(in, RESULT_MALFORMED,
                               "a weight for an output that is not there");
        weight->output = (uint32_t)ids[i];
        weight->value = weights[i];
    }
    return place_weights(in);
}

static enum result read_older(struct onnx *in, const char *kind)
{
    struct older older = {0};
    enum result result;

    if ((result = find_older(in, &older)) == RESULT_OK &&
        (result = read_older_nodes(in, &older)) == RESULT_OK)
        result = read_older_weights(in, &older, kind);
    free(older.keys);
    return result;
}

enum result onnx_classifier_read(struct onnx *in)
{
    const struct onnx_attribute *strings = onnx_find(in, "classlabels_strings");
    const struct onnx_attribute *numbers = onnx_find(in, "classlabels_int64s");
    const char *post = onnx_text_find(in, "post_transform", "NONE");
    struct spec *spec = &in->draft->spec;
    uint64_t n = strings != NULL && strings->n_strings != 0 ? strings->n_strings
                 : numbers != NULL                          ? numbers->ints.n
                                                            : 0;
    enum result result;

    if (n < 2 || n > IMAGE_MAX_CLASSES)
        return onnx_refuse(in, RESULT_INVALID, "it has not from 2 to 4096 classes");
    spec->task = SPEC_CLASSIFY;
    spec->fold = SPEC_FOLD_SUM;
    spec->n_outputs = n == 2 ? 2 : (uint32_t)n;
    result = read_older(in, "class");
    return result == RESULT_OK ? onnx_classes_finish(in, (uint32_t)n, post) : result;
}

enum result onnx_regressor_read(struct onnx *in)
{
    const char *fold = onnx_text_find(in, "aggregate_function", "SUM");
    enum result result = onnx_targets_read(in);
    size_t i;

    for (i = 0; i < ONNX_FOLDS; i++)
        if (strcmp(fold, onnx_folds[i].name) == 0)
            in->draft->spec.fold = onnx_folds[i].fold;
    if (result == RESULT_OK && in->draft->spec.fold == 0)
        result = onnx_refuse(in, RESULT_MALFORMED, "its aggregate_function is not known");
    if (result == RESULT_OK)
        result = read_older(in, "target");
    return result == RESULT_OK
               ? onnx_values_finish(in, onnx_text_find(in, "post_transform", "NONE"))
               : result;
}
