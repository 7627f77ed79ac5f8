/*
 * import_xgboost_tree.c: one tree of an XGBoost model as a draft's tree.
 *
 * XGBoost sends a value left where value < condition, so the draft's threshold is the next
 * float below.  At a split by category it sends left what is NOT in the set, which is the
 * draft's split with its children changed over.  A missing value takes the default child.
 * Nodes that pruning removed stay in the arrays, where nothing leads to them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "forest/import.h"
#include "forest/import_xgboost.h"

enum {
    NO_CHILD = -1,
    REMOVED = 0x7fffffff,    /* split_indices of a node that pruning removed */
    CATEGORY_MAX = 1 << 24,  /* categories are under it: XGBoost's OutOfRangeCat() */
    SET_WORDS_MAX = 1 << 26, /* of all sets of a model: a quarter of a gigabyte */
    WIDTH_MAX = IMAGE_MAX_CLASSES,
};

/* A whole number written as a text, as dmlc's parameters are. */
static bool read_number_text(struct xgb_reader *reader, int64_t *out)
{
    if (!xgb_read_text(reader))
        return false;
    if (num_parse_i64(reader->text.data, reader->text.len, out))
        return true;
    xgb_bad(reader, "not the text of a whole number");
    return false;
}

static bool read_nodes_number(struct xgb_reader *reader, void *tree)
{
    return read_number_text(reader, &((struct xgb_tree *)tree)->n_nodes);
}

static bool read_width(struct xgb_reader *reader, void *tree)
{
    int64_t width;

    if (!read_number_text(reader, &width))
        return false;
    if (width < 0 || width > WIDTH_MAX) {
        xgb_refuse(reader, RESULT_TOO_BIG, "leaves of %lld numbers", (long long)width);
        return false;
    }
    ((struct xgb_tree *)tree)->width = width == 0 ? 1 : width;
    return true;
}

static bool read_param(struct xgb_reader *reader, void *tree)
{
    static const struct xgb_member members[] = {
        {"num_nodes", read_nodes_number}, {"size_leaf_vector", read_width}, {0}};

    return xgb_read_object(reader, members, tree);
}

static bool read_id(struct xgb_reader *reader, void *tree)
{
    return xgb_read_integer(reader, 0, INT32_MAX, &((struct xgb_tree *)tree)->id);
}

/* One reader for each array, since a member's reader knows nothing but the tree. */
#define READ_INTEGERS(field)                                                 \
    static bool read_##field(struct xgb_reader *reader, void *tree)          \
    {                                                                        \
        return xgb_read_integers(reader, &((struct xgb_tree *)tree)->field); \
    }
#define READ_FLOATS(field)                                                 \
    static bool read_##field(struct xgb_reader *reader, void *tree)        \
    {                                                                      \
        return xgb_read_floats(reader, &((struct xgb_tree *)tree)->field); \
    }

READ_INTEGERS(lefts)
READ_INTEGERS(rights)
READ_INTEGERS(columns)
READ_INTEGERS(default_left)
READ_INTEGERS(split_type)
READ_INTEGERS(categories)
READ_INTEGERS(category_nodes)
READ_INTEGERS(category_begins)
READ_INTEGERS(category_counts)
READ_FLOATS(conditions)
READ_FLOATS(weights)
READ_FLOATS(leaf_weights)
READ_FLOATS(covers)
READ_FLOATS(gains)

static const struct xgb_member tree_members[] = {
    {"id", read_id},
    {"tree_param", read_param},
    {"left_children", read_lefts},
    {"right_children", read_rights},
    {"split_indices", read_columns},
    {"split_conditions", read_conditions},
    {"default_left", read_default_left},
    {"split_type", read_split_type},
    {"categories", read_categories},
    {"categories_nodes", read_category_nodes},
    {"categories_segments", read_category_begins},
    {"categories_sizes", read_category_counts},
    {"base_weights", read_weights},
    {"leaf_weights", read_leaf_weights},
    {"sum_hessian", read_covers},
    {"loss_changes", read_gains},
    {0},
};

static void tree_clear(struct xgb_tree *tree)
{
    struct xgb_integers *integers[] = {
        &tree->lefts,          &tree->rights,          &tree->columns,
        &tree->default_left,   &tree->split_type,      &tree->categories,
        &tree->category_nodes, &tree->category_begins, &tree->category_counts};
    struct xgb_floats *floats[] = {&tree->conditions, &tree->weights, &tree->leaf_weights,
                                   &tree->covers, &tree->gains};
    size_t i;

    for (i = 0; i < sizeof(integers) / sizeof(integers[0]); i++)
        integers[i]->n = 0;
    for (i = 0; i < sizeof(floats) / sizeof(floats[0]); i++)
        floats[i]->n = 0;
    tree->id = tree->n_nodes = -1;
    tree->width = 1;
}

void xgb_tree_free(struct xgb_tree *tree)
{
    free(tree->lefts.values);
    free(tree->rights.values);
    free(tree->columns.values);
    free(tree->default_left.values);
    free(tree->split_type.values);
    free(tree->categories.values);
    free(tree->category_nodes.values);
    free(tree->category_begins.values);
    free(tree->category_counts.values);
    free(tree->conditions.values);
    free(tree->weights.values);
    free(tree->leaf_weights.values);
    free(tree->covers.values);
    free(tree->gains.values);
}

static size_t count_leaves(const struct xgb_tree *tree)
{
    size_t i, n = 0;

    for (i = 0; i < tree->lefts.n; i++)
        n += tree->lefts.values[i] == NO_CHILD;
    return n;
}

/*
 * That every array has as many elements as there are nodes, or is not there where it may.
 * Since 3.2 leaves of several numbers have them in leaf_weights, and base_weights is of no
 * matter.
 */
static bool check_lengths(struct xgb_reader *reader, const struct xgb_tree *tree)
{
    const size_t n = tree->lefts.n, width = (size_t)tree->width, leaves = count_leaves(tree);
    const bool owned = width > 1 && tree->leaf_weights.n != 0;
    const struct {
        const char *name;
        size_t n, expected;
        bool needed;
    } arrays[] = {
        {"right_children", tree->rights.n, n, true},
        {"split_indices", tree->columns.n, n, true},
        {"split_conditions", tree->conditions.n, n, true},
        {"default_left", tree->default_left.n, n, true},
        {"split_type", tree->split_type.n, n, false},
        {"sum_hessian", tree->covers.n, n, false},
        {"loss_changes", tree->gains.n, n, false},
        {"base_weights", owned ? 0 : tree->weights.n, owned ? 0 : n * width, width > 1},
        {"leaf_weights", tree->leaf_weights.n, leaves * width, owned},
        {"categories_segments", tree->category_begins.n, tree->category_nodes.n, true},
        {"categories_sizes", tree->category_counts.n, tree->category_nodes.n, true},
    };
    size_t i;

    if (n == 0 || (tree->n_nodes >= 0 && (uint64_t)tree->n_nodes != n)) {
        xgb_refuse(reader, RESULT_MALFORMED, "a tree of %zu nodes that is said to have %lld", n,
                   (long long)tree->n_nodes);
        return false;
    }
    for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        if (arrays[i].n == arrays[i].expected || (arrays[i].n == 0 && !arrays[i].needed))
            continue;
        xgb_refuse(reader, RESULT_MALFORMED, "%s has %zu elements, and not %zu", arrays[i].name,
                   arrays[i].n, arrays[i].expected);
        return false;
    }
    return true;
}

static bool is_leaf(const struct xgb_tree *tree, size_t i)
{
    return tree->lefts.values[i] == NO_CHILD;
}

static bool is_removed(const struct xgb_tree *tree, size_t i)
{
    return tree->columns.values[i] == REMOVED;
}

bool xgb_tree_is_split(const struct xgb_tree *tree, size_t i)
{
    return !is_leaf(tree, i) && !is_removed(tree, i);
}

/* A child's number, or one that is none, for draft_check() to name. */
static uint32_t child_of(int64_t child)
{
    return child > 0 && child < UINT32_MAX ? (uint32_t)child : UINT32_MAX;
}

/* The numbers of a leaf of several: where they are depends on the version (3.2). */
static const float *leaf_numbers(struct xgb_reader *reader, const struct xgb_tree *tree,
                                 size_t i)
{
    const size_t width = (size_t)tree->width;
    uint64_t row;

    if (width == 1)
        return tree->conditions.values + i;
    if (tree->leaf_weights.n == 0)
        return tree->weights.values + i * width;
    row = (uint64_t)tree->rights.values[i];
    if (row < tree->leaf_weights.n / width)
        return tree->leaf_weights.values + row * width;
    xgb_refuse(reader, RESULT_MALFORMED, "node %zu: its leaf is not in leaf_weights", i);
    return NULL;
}

static bool make_leaf(struct xgb_reader *reader, const struct xgb_tree *tree,
                      struct draft_tree *out, size_t i)
{
    const float *numbers = leaf_numbers(reader, tree, i);
    size_t k;

    if (numbers == NULL)
        return false;
    for (k = 0; k < out->width; k++)
        out->leaves[(size_t)out->n_leaves * out->width + k] = numbers[k];
    out->nodes[i].leaf = out->n_leaves++;
    out->nodes[i].id = (uint32_t)i;
    return true;
}

static void make_split(const struct xgb_tree *tree, struct draft_node *node, size_t i)
{
    const int64_t column = tree->columns.values[i];

    node->column = column >= 0 && column < UINT32_MAX ? (uint32_t)column : UINT32_MAX;
    node->left = child_of(tree->lefts.values[i]);
    node->right = child_of(tree->rights.values[i]);
    node->nan_left = tree->default_left.values[i] != 0;
    node->threshold = nextafterf(tree->conditions.values[i], -INFINITY);
}

static bool make_nodes(struct xgb_reader *reader, const struct xgb_tree *tree,
                       struct draft_tree *out)
{
    uint32_t i;

    for (i = 0; i < out->n_nodes; i++) {
        struct draft_node *node = &out->nodes[i];
        const float cover = tree->covers.n != 0 ? tree->covers.values[i] : 0;

        node->cover = isfinite(cover) && cover > 0 ? cover : 0;
        if (is_removed(tree, i) && i != 0)
            continue;
        if (!is_leaf(tree, i))
            make_split(tree, node, i);
        else if (!make_leaf(reader, tree, out, i))
            return false;
    }
    return true;
}

/*
 * The categories of one node as a set; they are from `begin` on, and `count` of them. *left is
 * how many of the list no node has had: a list for all of them would be gone through for each.
 */
static bool make_set(struct xgb_reader *reader, struct xgb_tree *tree, struct draft_set *set,
                     uint64_t begin, uint64_t count, uint64_t *left)
{
    const int64_t *codes = tree->categories.values;
    int64_t most = 0;
    uint64_t j;

    if (count == 0 || begin > tree->categories.n || count > tree->categories.n - begin ||
        count > *left) {
        xgb_bad(reader, "a split's categories are not in the list of categories");
        return false;
    }
    *left -= count;
    for (j = begin; j < begin + count; j++) {
        if (codes[j] < 0 || codes[j] >= CATEGORY_MAX) {
            xgb_refuse(reader, RESULT_MALFORMED, "category %lld", (long long)codes[j]);
            return false;
        }
        most = codes[j] > most ? codes[j] : most;
    }
    set->n_words = (uint32_t)most / 32 + 1;
    tree->set_words += set->n_words;
    if (tree->set_words > SET_WORDS_MAX)
        xgb_refuse(reader, RESULT_TOO_BIG, "too many and too great categories");
    else if ((set->words = calloc(set->n_words, sizeof(*set->words))) == NULL)
        xgb_refuse(reader, RESULT_NOMEM, "out of memory");
    for (j = begin; j < begin + count && set->words != NULL; j++)
        set->words[codes[j] / 32] |= UINT32_C(1) << codes[j] % 32;
    return set->words != NULL;
}

/* Makes the node's split one by category. */
static void use_set(struct draft_node *node, uint32_t set)
{
    const uint32_t left = node->left;

    node->set = set + 1;
    node->left = node->right;
    node->right = left;
    node->nan_left = !node->nan_left;
    node->threshold = 0;
}

static bool make_sets(struct xgb_reader *reader, struct xgb_tree *tree, struct draft_tree *out)
{
    const size_t n = tree->category_nodes.n;
    uint64_t left = tree->categories.n;
    size_t i;

    if (n == 0)
        return true;
    out->sets = calloc(n, sizeof(*out->sets));
    if (out->sets == NULL) {
        xgb_refuse(reader, RESULT_NOMEM, "out of memory");
        return false;
    }
    out->n_sets = (uint32_t)n;
    for (i = 0; i < n; i++) {
        const int64_t node = tree->category_nodes.values[i];

        if (node < 0 || node >= out->n_nodes || out->nodes[node].set != 0 ||
            is_leaf(tree, (size_t)node) || tree->split_type.n == 0 ||
            tree->split_type.values[node] != 1) {
            xgb_refuse(reader, RESULT_MALFORMED, "categories of node %lld, no split by them",
                       (long long)node);
            return false;
        }
        if (!make_set(reader, tree, &out->sets[i], (uint64_t)tree->category_begins.values[i],
                      (uint64_t)tree->category_counts.values[i], &left))
            return false;
        use_set(&out->nodes[node], (uint32_t)i);
    }
    return true;
}

/* A split by category that has no categories, or one that is no number, is no split. */
static bool check_splits(struct xgb_reader *reader, const struct xgb_tree *tree,
                         const struct draft_tree *out)
{
    uint32_t i;

    for (i = 0; i < out->n_nodes; i++) {
        if (!xgb_tree_is_split(tree, i) || out->nodes[i].set != 0)
            continue;
        if (tree->split_type.n != 0 && tree->split_type.values[i] != 0) {
            xgb_refuse(reader, RESULT_MALFORMED, "node %u: a split by no categories",
                       (unsigned)i);
            return false;
        }
    }
    return true;
}

bool xgb_tree_read(struct xgb_reader *reader, struct xgb_tree *tree, struct draft_tree *out)
{
    size_t n;

    tree_clear(tree);
    if (!xgb_read_object(reader, tree_members, tree) || !check_lengths(reader, tree))
        return false;
    n = tree->lefts.n;
    out->n_nodes = (uint32_t)n;
    out->width = (uint32_t)tree->width;
    out->nodes = calloc(n, sizeof(*out->nodes));
    out->leaves = calloc(count_leaves(tree) + 1, out->width * sizeof(*out->leaves));
    if (out->nodes == NULL || out->leaves == NULL) {
        xgb_refuse(reader, RESULT_NOMEM, "out of memory");
        return false;
    }
    return make_nodes(reader, tree, out) && make_sets(reader, tree, out) &&
           check_splits(reader, tree, out);
}
