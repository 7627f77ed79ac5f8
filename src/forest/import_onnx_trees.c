/*
 * import_onnx_trees.c: the trees of an ONNX forest as those of a draft.
 *
 * A draft has one comparison, value <= threshold.  <, > and >= are that with the next
 * lower number or with the children changed.  == t is two of them: t is what is <= t and
 * not <= the next lower number; so what comes behind "no" is there twice.  A chain of
 * them, as converters make of a set of categories, would double with each: what the
 * splits above have decided already is not asked again, so it grows by one each time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/import.h"
#include "forest/import_onnx.h"

enum {
    NOBODY = UINT32_MAX,
    GROWTH_MAX = 64,       /* nodes of the draft for each node of the file, */
    GROWTH_FREE = 1 << 16, /* and these in any case */
    LOOKS_MAX = 1024,      /* splits looked at above those with == for each node of the file, */
    LOOKS_FREE = 1 << 26,  /* and these in any case */
    SPARSE_MAX = 64,       /* outputs for each weight */
};

/* What has to be put at a place of the draft's tree. */
struct item {
    uint32_t split, member, parent;
    bool left;
};

/* One tree under way. */
struct build {
    struct import_bytes *bytes;
    struct onnx_forest *forest;
    struct draft *draft;
    struct draft_tree *tree;
    uint32_t room;     /* of the tree's nodes and of parents */
    uint32_t *parents; /* of each node of the draft's tree */
    struct item *items;
    uint32_t n_items, room_items;
    uint64_t left;  /* nodes that may still be made in all trees */
    uint64_t looks; /* splits that may still be looked at */
};

static enum result no_memory(const struct build *build)
{
    return import_bytes_refuse(build->bytes, RESULT_NOMEM, "no memory for trees");
}

static enum result push(struct build *build, uint32_t split, uint32_t member, uint32_t parent,
                        bool left)
{
    if (build->n_items == build->room_items) {
        uint32_t room = build->room_items == 0 ? 64 : build->room_items * 2;
        struct item *items = realloc(build->items, room * sizeof(*items));

        if (items == NULL)
            return no_memory(build);
        build->items = items;
        build->room_items = room;
    }
    build->items[build->n_items++] = (struct item){split, member, parent, left};
    return RESULT_OK;
}

/* Room for one more node of the tree, and for its parent. */
static enum result grow(struct build *build)
{
    const uint32_t room = build->room == 0 ? 64 : build->room * 2;
    struct draft_node *nodes;
    uint32_t *parents;

    if (build->tree->n_nodes < build->room)
        return RESULT_OK;
    nodes = realloc(build->tree->nodes, room * sizeof(*nodes));
    if (nodes == NULL)
        return no_memory(build);
    build->tree->nodes = nodes;
    parents = realloc(build->parents, room * sizeof(*parents));
    if (parents == NULL)
        return no_memory(build);
    build->parents = parents;
    build->room = room;
    return RESULT_OK;
}

/* A new node at an item's place; its number in *at. */
static enum result add_node(struct build *build, const struct item *item,
                            struct draft_node node, uint32_t *at)
{
    struct draft_tree *tree = build->tree;

    if (build->left == 0)
        return import_bytes_refuse(build->bytes, RESULT_TOO_BIG,
                                   "its comparisons with == make too many nodes");
    build->left--;
    if (grow(build) != RESULT_OK)
        return RESULT_NOMEM;
    *at = tree->n_nodes++;
    tree->nodes[*at] = node;
    build->parents[*at] = item->parent;
    if (item->parent != NOBODY && item->left)
        tree->nodes[item->parent].left = *at;
    else if (item->parent != NOBODY)
        tree->nodes[item->parent].right = *at;
    return RESULT_OK;
}

static double next_below(const struct build *build, double value)
{
    return build->forest->f32 ? (double)nextafterf((float)value, -INFINITY)
                              : nextafter(value, -INFINITY);
}

/*
 * What is known of a feature's value at a place: lo < value <= hi, and whether it may be NaN.
 * It takes a look at each split above, until there are no looks left: put_equal() refuses.
 */
struct known {
    double lo, hi;
    bool nan;
};

static struct known known_at(struct build *build, const struct item *item, uint32_t feature)
{
    struct known known = {-INFINITY, INFINITY, true};
    uint32_t at = item->parent, below = NOBODY;
    bool left = item->left;

    for (; at != NOBODY && build->looks != 0; below = at, at = build->parents[at]) {
        const struct draft_node *node = &build->tree->nodes[at];

        build->looks--;
        if (below != NOBODY)
            left = node->left == below;
        if (node->column != feature)
            continue;
        known.nan = known.nan && node->nan_left == left;
        if (left && node->threshold < known.hi)
            known.hi = node->threshold;
        else if (!left && node->threshold > known.lo)
            known.lo = node->threshold;
    }
    return known;
}

/* A test for being equal: where a value goes that is, that is not, and that is missing. */
struct equal {
    double value;
    bool any; /* false: no value is equal */
    struct item yes, no;
    bool nan_yes;
};

static struct equal equal_of(const struct build *build, const struct item *item)
{
    const struct onnx_split *split = &build->forest->splits[item->split];
    struct equal equal = {.value = split->value,
                          .any = true,
                          .yes = {.split = split->yes},
                          .no = {.split = split->no},
                          .nan_yes = split->nan_true};

    if (split->mode == ONNX_NEQ) { /* a missing value is not equal to anything */
        equal.yes.split = split->no;
        equal.no.split = split->yes;
        equal.nan_yes = false;
    }
    if (split->mode != ONNX_MEMBER)
        return equal;
    equal.any = item->member < split->n_members;
    if (equal.any)
        equal.value = build->forest->members[split->member + item->member];
    if (item->member + 1 < split->n_members) {
        equal.no.split = item->split;
        equal.no.member = item->member + 1;
    }
    return equal;
}

static enum result push_item(struct build *build, const struct item *what, uint32_t parent,
                             bool left)
{
    return push(build, what->split, what->member, parent, left);
}

/* What is already decided goes on at once; but NaN may have to go the other way. */
static enum result put_decided(struct build *build, const struct item *item,
                               const struct equal *equal, bool yes, bool nan)
{
    const struct item *way = yes ? &equal->yes : &equal->no;
    struct draft_node node = {.threshold = INFINITY,
                              .column = build->forest->splits[item->split].feature};
    enum result result;
    uint32_t at;

    if (!nan || equal->nan_yes == yes)
        return push_item(build, way, item->parent, item->left);
    result = add_node(build, item, node, &at);
    if (result == RESULT_OK)
        result = push_item(build, way, at, true);
    return result == RESULT_OK ? push_item(build, yes ? &equal->no : &equal->yes, at, false)
                               : result;
}

/* == as one or two comparisons. */
static enum result put_equal(struct build *build, const struct item *item)
{
    const uint32_t feature = build->forest->splits[item->split].feature;
    const struct equal equal = equal_of(build, item);
    const struct known known = known_at(build, item, feature);
    const double below = next_below(build, equal.value);
    struct draft_node node = {.column = feature};
    struct item place = *item;
    enum result result = RESULT_OK;
    uint32_t at;

    if (build->looks == 0)
        return import_bytes_refuse(build->bytes, RESULT_TOO_BIG,
                                   "its comparisons with == stand too deep below others");
    if (!equal.any || equal.value > known.hi || equal.value <= known.lo)
        return put_decided(build, item, &equal, false, known.nan);
    if (known.hi <= equal.value && known.lo >= below)
        return put_decided(build, item, &equal, true, known.nan);
    if (known.hi > equal.value) {
        node.threshold = equal.value;
        node.nan_left = equal.nan_yes;
        result = add_node(build, &place, node, &at);
        if (result == RESULT_OK)
            result = push_item(build, &equal.no, at, false);
        place = (struct item){.parent = at, .left = true};
    }
    if (result != RESULT_OK || known.lo >= below)
        return result == RESULT_OK ? push_item(build, &equal.yes, place.parent, place.left)
                                   : result;
    node.threshold = below;
    node.nan_left = !equal.nan_yes;
    result = add_node(build, &place, node, &at);
    if (result == RESULT_OK)
        result = push_item(build, &equal.no, at, true);
    return result == RESULT_OK ? push_item(build, &equal.yes, at, false) : result;
}

/* The other comparisons, and leaves; the leaf's place in the file is told by `leaf` for now. */
static enum result put(struct build *build, const struct item *item)
{
    const struct onnx_split *split = &build->forest->splits[item->split];
    const bool lower = split->mode == ONNX_LT || split->mode == ONNX_GTE;
    const bool yes_left = split->mode == ONNX_LEQ || split->mode == ONNX_LT;
    struct draft_node node = {.id = split->id, .leaf = item->split};
    enum result result;
    uint32_t at;

    if (split->mode == ONNX_EQ || split->mode == ONNX_NEQ || split->mode == ONNX_MEMBER)
        return put_equal(build, item);
    if (split->mode != ONNX_LEAF) {
        node.column = split->feature;
        node.threshold = lower ? next_below(build, split->value) : split->value;
        node.nan_left = split->nan_true == yes_left;
    }
    result = add_node(build, item, node, &at);
    if (result != RESULT_OK || split->mode == ONNX_LEAF)
        return result;
    result = push(build, yes_left ? split->no : split->yes, 0, at, false);
    return result == RESULT_OK ? push(build, yes_left ? split->yes : split->no, 0, at, true)
                               : result;
}

/* Leaves ------------------------------------------------------------------------------ */

static bool is_leaf(const struct draft_node *node)
{
    return node->left == 0 && node->right == 0;
}

/*
 * How wide the leaves are: 1 if all of them have one number for one output.  Whoever
 * takes the least or the greatest can take no 0 for what is not there.
 */
static enum result set_width(const struct build *build)
{
    const struct onnx_forest *forest = build->forest;
    const uint32_t n_outputs = build->draft->spec.n_outputs;
    const bool sum =
        build->draft->spec.fold != SPEC_FOLD_MIN && build->draft->spec.fold != SPEC_FOLD_MAX;
    struct draft_tree *tree = build->tree;
    uint64_t n_weights = 0, n_leaves = 0;
    bool one = true, all = true;
    uint32_t i, output = NOBODY;

    for (i = 0; i < tree->n_nodes; i++) {
        const struct onnx_split *leaf = &forest->splits[tree->nodes[i].leaf];

        if (!is_leaf(&tree->nodes[i]))
            continue;
        n_leaves++;
        n_weights += leaf->n_weights;
        all = all && leaf->n_weights == n_outputs;
        one = one && leaf->n_weights == 1 &&
              (output == NOBODY || forest->weights[leaf->weight].output == output);
        if (leaf->n_weights != 0)
            output = forest->weights[leaf->weight].output;
    }
    for (i = 0; i < n_outputs; i++)
        build->forest->scored[i] = build->forest->scored[i] || all || (one && i == output);
    tree->width = one ? 1 : n_outputs;
    tree->output = one ? output : 0;
    if (!one && !all && (!sum || n_outputs == 1))
        return import_bytes_refuse(build->bytes, RESULT_INVALID,
                                   "a leaf has not one number for each output");
    if (!one && n_leaves * n_outputs > (n_weights + 1) * SPARSE_MAX)
        return import_bytes_refuse(build->bytes, RESULT_TOO_BIG,
                                   "leaves have few numbers for %u outputs",
                                   (unsigned)n_outputs);
    return RESULT_OK;
}

static enum result fill_leaves(const struct build *build)
{
    const struct onnx_forest *forest = build->forest;
    struct draft_tree *tree = build->tree;
    uint32_t i, k, n = 0;

    for (i = 0; i < tree->n_nodes; i++)
        n += is_leaf(&tree->nodes[i]);
    tree->leaves = calloc((size_t)n + 1, tree->width * sizeof(*tree->leaves));
    if (tree->leaves == NULL)
        return no_memory(build);
    for (i = 0; i < tree->n_nodes; i++) {
        const struct onnx_split *leaf = &forest->splits[tree->nodes[i].leaf];
        double *numbers = tree->leaves + (size_t)tree->n_leaves * tree->width;

        if (!is_leaf(&tree->nodes[i]))
            continue;
        for (k = leaf->weight; k < leaf->weight + leaf->n_weights; k++)
            numbers[tree->width == 1 ? 0 : forest->weights[k].output] =
                forest->weights[k].value;
        tree->nodes[i].leaf = tree->n_leaves++;
    }
    return RESULT_OK;
}

static enum result make_tree(struct build *build, uint32_t root)
{
    enum result result = push(build, root, 0, NOBODY, false);

    build->room = 0;
    free(build->parents);
    build->parents = NULL;
    while (result == RESULT_OK && build->n_items != 0) {
        const struct item item = build->items[--build->n_items];

        result = put(build, &item);
    }
    if (result == RESULT_OK)
        result = set_width(build);
    return result == RESULT_OK ? fill_leaves(build) : result;
}

/* No split may be the child of two, or the child of any if it is a root. */
static enum result check_parents(struct import_bytes *bytes, const struct onnx_forest *forest)
{
    uint8_t *seen = calloc(forest->n_splits, sizeof(*seen));
    enum result result = RESULT_OK;
    uint32_t i, k;

    if (seen == NULL)
        return import_bytes_refuse(bytes, RESULT_NOMEM, "no memory for trees");
    for (i = 0; i < forest->n_roots; i++)
        seen[forest->roots[i]] = 1;
    for (i = 0; i < forest->n_splits && result == RESULT_OK; i++) {
        const struct onnx_split *split = &forest->splits[i];
        const uint32_t children[2] = {split->yes, split->no};

        for (k = 0; k < 2 && split->mode != ONNX_LEAF; k++) {
            if (seen[children[k]] != 0 && forest->splits[children[k]].mode != ONNX_LEAF)
                result = import_bytes_refuse(bytes, RESULT_MALFORMED,
                                             "node %u: its child %u is another's child too, "
                                             "or a root",
                                             (unsigned)i, (unsigned)children[k]);
            seen[children[k]] = 1;
        }
    }
    free(seen);
    return result;
}

enum result onnx_trees_make(struct import_bytes *bytes, struct onnx_forest *forest,
                            struct draft *draft)
{
    struct build build = {.bytes = bytes,
                          .forest = forest,
                          .draft = draft,
                          .left = (uint64_t)forest->n_splits * GROWTH_MAX + GROWTH_FREE,
                          .looks = (uint64_t)forest->n_splits * LOOKS_MAX + LOOKS_FREE};
    enum result result = check_parents(bytes, forest);
    uint32_t t;

    if (result == RESULT_OK) {
        draft->trees = calloc(forest->n_roots, sizeof(*draft->trees));
        if (draft->trees == NULL)
            result = no_memory(&build);
    }
    for (t = 0; t < forest->n_roots && result == RESULT_OK; t++) {
        import_bytes_place(bytes, "tree %u", (unsigned)t);
        build.tree = &draft->trees[t];
        draft->n_trees = t + 1;
        result = make_tree(&build, forest->roots[t]);
    }
    free(build.parents);
    free(build.items);
    return result;
}

void onnx_forest_free(struct onnx_forest *forest)
{
    free(forest->splits);
    free(forest->weights);
    free(forest->members);
    free(forest->roots);
}
