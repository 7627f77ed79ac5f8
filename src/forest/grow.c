/*
 * grow.c: growing one tree.
 *
 * The rows of the bag stand in one array.  A node is a stretch of it; a split moves
 * those that go left to the stretch's front, in their order, so that rows stay
 * ascending within a node and the columns are read forward.  Nodes wait on a stack and
 * the left child is taken first, so children have higher numbers than their parent and
 * a left child mostly follows it.
 */
#include "forest/grow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/split.h"

#define NO_FEATURE UINT32_MAX
#define NO_LEAF    UINT32_MAX

/* A node that waits to be grown. */
struct pending {
    uint32_t node; /* its number in the tree */
    uint32_t depth;
    uint32_t parent_feature; /* NO_FEATURE for the root */
    uint32_t begin, end;     /* its stretch of the samples */
};

struct grower {
    const struct grow_plan *plan;
    uint32_t n_outputs;
    struct splitter splitter;
    struct sample *samples, *aside; /* the bag; and room for those that go right */
    uint32_t *weights;              /* how often each row was drawn */
    double *centred;                /* values: (value - mean) * weight of each row */
    uint32_t *features;             /* all of them, in the order of the last draws */
    uint64_t *counts;               /* classes: the weight in each, of the node at hand */
    uint32_t *pure_leaf;            /* classes: the leaf of each alone, NO_LEAF before one */
    struct pending *stack;
    size_t n_stack, cap_stack;
    struct draft_tree tree; /* the one that grows */
    size_t cap_nodes, cap_leaves;
    double *importances;
    struct rng rng;
};

/* The node at hand. */
struct node {
    struct node_rows rows;
    double impurity; /* Gini, or variance */
    double value;    /* values: the weighted mean */
    uint32_t only;   /* classes: the last class that has weight */
    bool pure;       /* one class, or one value */
};

/* Makes room in an array for need elements. */
static enum result make_room(void **array, size_t size, size_t need, size_t *cap)
{
    size_t more = *cap < 64 ? 64 : *cap * 2;
    void *grown;

    if (need <= *cap)
        return RESULT_OK;
    grown = more > SIZE_MAX / size ? NULL : realloc(*array, more * size);
    if (grown == NULL)
        return RESULT_NOMEM;
    *array = grown;
    *cap = more;
    return RESULT_OK;
}

/* What stands for a row of the bag while the tree grows. */
static struct sample sample_of(struct grower *grower, uint32_t row, uint32_t weight)
{
    const struct table *table = grower->plan->table;

    if (table->task == SPEC_CLASSIFY)
        return (struct sample){row, table->classes[row] << 16 | weight};
    grower->centred[row] = (table->values[row] - grower->plan->mean) * weight;
    return (struct sample){row, row};
}

/* Draws n rows out of n, with replacement, and lists them; returns how many there are. */
static uint32_t draw_bag(struct grower *grower, uint8_t *bag)
{
    const struct table *table = grower->plan->table;
    uint32_t i, n = 0, rows = (uint32_t)table->n_rows;

    memset(bag, 0, GROW_BAG_BYTES(table->n_rows));
    memset(grower->weights, 0, rows * sizeof(*grower->weights));
    for (i = 0; i < rows; i++)
        grower->weights[rng_below(&grower->rng, rows)]++;
    for (i = 0; i < rows; i++) {
        uint32_t weight = grower->weights[i];

        if (weight == 0)
            continue;
        bag[i / 8] |= (uint8_t)(1 << i % 8);
        grower->samples[n++] = sample_of(grower, i, weight);
    }
    return n;
}

/* Counts the node's classes: Gini impurity 1 - sum_k (c_k / W)^2. */
static void weigh_classes(struct grower *grower, struct node *node)
{
    uint32_t n_classes = grower->plan->table->n_classes;
    uint64_t squares = 0, weight = 0;
    size_t i;

    memset(grower->counts, 0, n_classes * sizeof(*grower->counts));
    for (i = 0; i < node->rows.n; i++) {
        uint32_t load = node->rows.samples[i].load;

        grower->counts[sample_class(load)] += sample_weight(load);
    }
    for (i = 0; i < n_classes; i++) {
        weight += grower->counts[i];
        squares += grower->counts[i] * grower->counts[i];
        if (grower->counts[i] != 0)
            node->only = (uint32_t)i;
    }
    node->rows.weight = weight;
    node->rows.counts = grower->counts;
    node->pure = grower->counts[node->only] == weight;
    node->impurity = 1 - (double)squares / ((double)weight * (double)weight);
}

/* The mean and the variance of the node's values, the latter about the mean. */
static void weigh_values(struct grower *grower, struct node *node)
{
    const double *values = grower->plan->table->values;
    double sum = 0, squares = 0, first = values[node->rows.samples[0].row];
    size_t i;

    node->pure = true;
    for (i = 0; i < node->rows.n; i++) {
        uint32_t row = node->rows.samples[i].row;

        node->rows.weight += grower->weights[row];
        node->rows.sum += grower->centred[row];
        sum += values[row] * grower->weights[row];
        node->pure = node->pure && !(values[row] < first) && !(values[row] > first);
    }
    node->value = node->pure ? first : sum / (double)node->rows.weight;
    for (i = 0; i < node->rows.n; i++) {
        uint32_t row = node->rows.samples[i].row;
        double d = values[row] - node->value;

        squares += d * d * grower->weights[row];
    }
    node->impurity = squares / (double)node->rows.weight;
}

static struct node weigh(struct grower *grower, const struct pending *pending)
{
    struct node node = {.rows = {.samples = grower->samples + pending->begin,
                                 .n = pending->end - pending->begin}};

    if (grower->plan->table->task == SPEC_CLASSIFY)
        weigh_classes(grower, &node);
    else
        weigh_values(grower, &node);
    return node;
}

/*
 * The best split over max_features features drawn without replacement, and over more
 * until one can be split at all, as scikit-learn draws them.
 */
static bool find_split(struct grower *grower, const struct node *node, struct split *best)
{
    uint32_t i, n = grower->plan->table->n_features;

    best->feature = NO_FEATURE;
    best->score = -1;
    for (i = 0; i < n; i++) {
        uint32_t j = i + rng_below(&grower->rng, n - i);
        uint32_t feature = grower->features[j];

        if (i >= grower->plan->max_features && best->feature != NO_FEATURE)
            break;
        grower->features[j] = grower->features[i];
        grower->features[i] = feature;
        splitter_try(&grower->splitter, &node->rows, feature, &grower->plan->ranks[feature],
                     best);
    }
    return best->feature != NO_FEATURE;
}

/* Moves those that go left to the front, each side in its order; returns their number. */
static uint32_t part_samples(struct grower *grower, const struct node_rows *rows,
                             const struct split *split)
{
    const struct ranks *ranks = &grower->plan->ranks[split->feature];
    size_t i, left = 0, right = 0;

    for (i = 0; i < rows->n; i++) {
        struct sample sample = rows->samples[i];
        bool goes_left = ranks_at(ranks, sample.row) <= split->left;

        rows->samples[left] = sample;
        grower->aside[right] = sample;
        left += goes_left;
        right += !goes_left;
    }
    memcpy(rows->samples + left, grower->aside, right * sizeof(*grower->aside));
    return (uint32_t)left;
}

/* A new row of leaves, unless the node is of one class that has one already. */
static enum result make_leaf(struct grower *grower, const struct node *node, uint32_t *leaf)
{
    struct draft_tree *tree = &grower->tree;
    bool one_class = node->pure && grower->pure_leaf != NULL;
    enum result result;
    double *row;
    uint32_t k;

    if (one_class && grower->pure_leaf[node->only] != NO_LEAF) {
        *leaf = grower->pure_leaf[node->only];
        return RESULT_OK;
    }
    result = make_room((void **)&tree->leaves, grower->n_outputs * sizeof(*tree->leaves),
                       (size_t)tree->n_leaves + 1, &grower->cap_leaves);
    if (result != RESULT_OK)
        return result;
    *leaf = tree->n_leaves++;
    row = tree->leaves + (size_t)*leaf * grower->n_outputs;
    if (grower->plan->table->task == SPEC_REGRESS)
        row[0] = node->value;
    else
        for (k = 0; k < grower->n_outputs; k++)
            row[k] = (double)grower->counts[k] / (double)node->rows.weight;
    if (one_class)
        grower->pure_leaf[node->only] = *leaf;
    return RESULT_OK;
}

static enum result push(struct grower *grower, struct pending pending)
{
    enum result result = make_room((void **)&grower->stack, sizeof(*grower->stack),
                                   grower->n_stack + 1, &grower->cap_stack);

    if (result == RESULT_OK)
        grower->stack[grower->n_stack++] = pending;
    return result;
}

/* Splits the node: two new nodes in the tree, and on the stack, the left one on top. */
static enum result split_node(struct grower *grower, const struct pending *pending,
                              const struct node *node, const struct split *split)
{
    struct draft_tree *tree = &grower->tree;
    uint32_t left = tree->n_nodes, middle;
    enum result result = make_room((void **)&tree->nodes, sizeof(*tree->nodes),
                                   (size_t)tree->n_nodes + 2, &grower->cap_nodes);

    if (result != RESULT_OK)
        return result;
    tree->n_nodes += 2;
    memset(tree->nodes + left, 0, 2 * sizeof(*tree->nodes));
    tree->nodes[pending->node].column = split->feature;
    tree->nodes[pending->node].left = left;
    tree->nodes[pending->node].right = left + 1;
    tree->nodes[pending->node].threshold =
        ranks_threshold(&grower->plan->ranks[split->feature], split->left, split->right);
    middle = pending->begin + part_samples(grower, &node->rows, split);
    result = push(grower, (struct pending){left + 1, pending->depth + 1, split->feature, middle,
                                           pending->end});
    if (result == RESULT_OK)
        result = push(grower, (struct pending){left, pending->depth + 1, split->feature,
                                               pending->begin, middle});
    return result;
}

/*
 * Grows one node.  A split's lowering of impurity, W I - WL IL - WR IR, is credited to
 * its feature term by term: the first here, the others when the children are weighed.
 */
static enum result grow_node(struct grower *grower, const struct pending *pending)
{
    const struct grow_plan *plan = grower->plan;
    struct node node = weigh(grower, pending);
    double impurity = node.impurity * (double)node.rows.weight;
    struct draft_node *out = &grower->tree.nodes[pending->node];
    struct split split;

    out->cover = (double)node.rows.weight;
    if (pending->parent_feature != NO_FEATURE)
        grower->importances[pending->parent_feature] -= impurity;
    if (node.pure || (plan->max_depth != 0 && pending->depth >= plan->max_depth) ||
        node.rows.n < 2 * (size_t)plan->min_samples_leaf ||
        !find_split(grower, &node, &split)) {
        out->id = pending->node; /* as scikit-learn numbers leaves: by node */
        return make_leaf(grower, &node, &out->leaf);
    }
    grower->importances[split.feature] += impurity;
    return split_node(grower, pending, &node, &split);
}

/* Makes the importances of a tree shares that sum to 1, as scikit-learn does. */
static void share_importances(double *importances, uint32_t n)
{
    double sum = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        /* What is left of equal terms that rounded apart is nothing, not less. */
        importances[i] = importances[i] > 0 ? importances[i] : 0;
        sum += importances[i];
    }
    for (i = 0; i < n && sum > 0; i++)
        importances[i] /= sum;
}

/* Begins a tree with its root and the whole bag. */
static enum result begin_tree(struct grower *grower, uint8_t *bag)
{
    const struct table *table = grower->plan->table;
    enum result result;
    uint32_t i;

    memset(&grower->tree, 0, sizeof(grower->tree));
    grower->cap_nodes = 0;
    grower->cap_leaves = 0;
    grower->n_stack = 0;
    for (i = 0; i < table->n_features; i++)
        grower->features[i] = i;
    for (i = 0; i < table->n_classes; i++)
        grower->pure_leaf[i] = NO_LEAF;
    result = make_room((void **)&grower->tree.nodes, sizeof(*grower->tree.nodes), 1,
                       &grower->cap_nodes);
    if (result != RESULT_OK)
        return result;
    grower->tree.n_nodes = 1;
    grower->tree.width = grower->n_outputs;
    memset(grower->tree.nodes, 0, sizeof(*grower->tree.nodes));
    return push(grower, (struct pending){0, 0, NO_FEATURE, 0, draw_bag(grower, bag)});
}

enum result grower_grow(struct grower *grower, struct rng rng, struct draft_tree *tree,
                        double *importances, uint8_t *bag)
{
    uint32_t n_features = grower->plan->table->n_features;
    enum result result;

    memset(importances, 0, n_features * sizeof(*importances));
    grower->importances = importances;
    grower->rng = rng;
    result = begin_tree(grower, bag);
    while (result == RESULT_OK && grower->n_stack > 0) {
        struct pending pending = grower->stack[--grower->n_stack];

        result = grow_node(grower, &pending);
    }
    share_importances(importances, n_features);
    *tree = grower->tree;
    if (result != RESULT_OK) {
        free(tree->nodes);
        free(tree->leaves);
        memset(tree, 0, sizeof(*tree));
    }
    return result;
}

/* The arrays that only classes, or only values, need. */
static enum result open_task(struct grower *grower)
{
    const struct table *table = grower->plan->table;

    if (table->task == SPEC_REGRESS) {
        grower->n_outputs = 1;
        grower->centred = malloc(table->n_rows * sizeof(*grower->centred));
        grower->splitter.weights = grower->weights;
        grower->splitter.values = grower->centred;
        return grower->centred != NULL ? RESULT_OK : RESULT_NOMEM;
    }
    grower->n_outputs = table->n_classes;
    grower->counts = malloc(table->n_classes * sizeof(*grower->counts));
    grower->pure_leaf = malloc(table->n_classes * sizeof(*grower->pure_leaf));
    return grower->counts != NULL && grower->pure_leaf != NULL ? RESULT_OK : RESULT_NOMEM;
}

enum result grower_open(const struct grow_plan *plan, struct grower **out)
{
    const struct table *table = plan->table;
    struct grower *grower = calloc(1, sizeof(*grower));
    enum result result = RESULT_NOMEM;

    if (grower == NULL)
        return RESULT_NOMEM;
    grower->plan = plan;
    grower->samples = malloc(table->n_rows * sizeof(*grower->samples));
    grower->aside = malloc(table->n_rows * sizeof(*grower->aside));
    grower->weights = malloc(table->n_rows * sizeof(*grower->weights));
    grower->features = malloc(table->n_features * sizeof(*grower->features));
    if (grower->samples == NULL || grower->aside == NULL || grower->weights == NULL ||
        grower->features == NULL)
        goto out;
    result = splitter_open(&grower->splitter, table->n_rows, table->n_classes,
                           plan->min_samples_leaf);
    if (result == RESULT_OK)
        result = open_task(grower);
out:
    if (result != RESULT_OK) {
        grower_close(grower);
        grower = NULL;
    }
    *out = grower;
    return result;
}

void grower_close(struct grower *grower)
{
    if (grower == NULL)
        return;
    splitter_close(&grower->splitter);
    free(grower->samples);
    free(grower->aside);
    free(grower->weights);
    free(grower->centred);
    free(grower->features);
    free(grower->counts);
    free(grower->pure_leaf);
    free(grower->stack);
    free(grower);
}
