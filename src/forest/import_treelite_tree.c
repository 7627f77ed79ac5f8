/*
 * import_treelite_tree.c: one tree of a checkpoint.
 *
 * A tree is a row of arrays, most with an item for each node.  A draft has one comparison,
 * value <= threshold, and sets of categories: what compares otherwise is that with the next
 * lower number, or with the children changed.
 */
#include <math.h>
#include <stdlib.h>

#include "forest/import.h"
#include "forest/import_treelite.h"

enum {
    CATEGORY_MAX = 1 << 24, /* a float32 holds no greater whole number for sure */
    WORDS_MAX = 1 << 24,    /* of all sets */
    SPARSE_MAX = 64,        /* outputs for each number of a leaf */
};

enum node_type {
    LEAF = 0,
    NUMERICAL = 1,
    CATEGORICAL = 2
};

enum operator{
    OP_NONE = 0,
    OP_EQ = 1,
    OP_LT = 2,
    OP_LE = 3,
    OP_GT = 4,
    OP_GE = 5
};

/* A tree's arrays, in the order of the file; the numbers are its leaf or threshold type's. */
enum part {
    NODE_TYPE,
    LEFT,
    RIGHT,
    FEATURE,
    DEFAULT_LEFT,
    LEAF_VALUE,
    THRESHOLD,
    OPERATOR,
    SET_RIGHT,
    VECTOR,
    VECTOR_BEGIN,
    VECTOR_END,
    CATEGORY,
    CATEGORY_BEGIN,
    CATEGORY_END,
    COUNT,
    COUNT_THERE,
    HESSIAN,
    HESSIAN_THERE,
    GAIN,
    GAIN_THERE,
    PART__MAX
};

enum {
    SIZE_OF_TYPE = 0, /* 4 or 8 bytes, by the model */
    MANY = 0,         /* as many items as it says */
    EACH = 1,         /* one for each node */
    EACH_OR_NONE = 2,
};

static const struct {
    const char *name;
    uint8_t size, items;
} parts[PART__MAX] = {
    [NODE_TYPE] = {"node_type", 1, EACH},
    [LEFT] = {"cleft", 4, EACH},
    [RIGHT] = {"cright", 4, EACH},
    [FEATURE] = {"split_index", 4, EACH},
    [DEFAULT_LEFT] = {"default_left", 1, EACH},
    [LEAF_VALUE] = {"leaf_value", SIZE_OF_TYPE, EACH},
    [THRESHOLD] = {"threshold", SIZE_OF_TYPE, EACH},
    [OPERATOR] = {"cmp", 1, EACH},
    [SET_RIGHT] = {"category_list_right_child", 1, EACH},
    [VECTOR] = {"leaf_vector", SIZE_OF_TYPE, MANY},
    [VECTOR_BEGIN] = {"leaf_vector_begin", 8, EACH},
    [VECTOR_END] = {"leaf_vector_end", 8, EACH},
    [CATEGORY] = {"category_list", 4, MANY},
    [CATEGORY_BEGIN] = {"category_list_begin", 8, EACH},
    [CATEGORY_END] = {"category_list_end", 8, EACH},
    [COUNT] = {"data_count", 8, EACH_OR_NONE},
    [COUNT_THERE] = {"data_count_present", 1, EACH_OR_NONE},
    [HESSIAN] = {"sum_hess", 8, EACH_OR_NONE},
    [HESSIAN_THERE] = {"sum_hess_present", 1, EACH_OR_NONE},
    [GAIN] = {"gain", 8, EACH_OR_NONE},
    [GAIN_THERE] = {"gain_present", 1, EACH_OR_NONE},
};

struct source {
    struct tl_array parts[PART__MAX];
    uint32_t n_nodes;
    uint64_t categories_left; /* in the list, of no node so far: each has its own */
};

static double number_at(const struct treelite *in, const struct tl_array *array, uint64_t i)
{
    return in->f32 ? (double)((const float *)array->items)[i]
                   : ((const double *)array->items)[i];
}

static uint64_t u64_at(const struct tl_array *array, uint64_t i)
{
    return ((const uint64_t *)array->items)[i];
}

static uint8_t byte_at(const struct tl_array *array, uint64_t i)
{
    return ((const uint8_t *)array->items)[i];
}

static enum result node_refuse(const struct treelite *in, uint32_t node, const char *what)
{
    return import_bytes_refuse(&in->bytes, RESULT_INVALID, "node %u: %s", (unsigned)node, what);
}

/* Reads the arrays of a tree; those that are there have an item for each node. */
static enum result read_source(struct treelite *in, struct source *source)
{
    enum result result;
    int32_t n_nodes;
    uint8_t categorical;
    unsigned i;

    if ((result = tl_take(in, &n_nodes, sizeof(n_nodes))) != RESULT_OK ||
        (result = tl_take(in, &categorical, sizeof(categorical))) != RESULT_OK)
        return result;
    if (n_nodes <= 0 || n_nodes > IMPORT_MAX_NODES)
        return tl_malformed(in, "the number of nodes", n_nodes);
    source->n_nodes = (uint32_t)n_nodes;
    for (i = 0; i < PART__MAX && result == RESULT_OK; i++) {
        size_t size = parts[i].size != SIZE_OF_TYPE ? parts[i].size : in->f32 ? 4 : 8;
        uint64_t max = parts[i].items == MANY ? UINT32_MAX : source->n_nodes, n;

        result = tl_array_take(in, size, max, &source->parts[i]);
        n = source->parts[i].n;
        if (result == RESULT_OK && parts[i].items != MANY && n != source->n_nodes &&
            (parts[i].items == EACH || n != 0))
            result = import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                         "%s has %llu items for %u nodes", parts[i].name,
                                         (unsigned long long)n, (unsigned)source->n_nodes);
    }
    if (result == RESULT_OK)
        result = tl_fields_skip(in);
    return result == RESULT_OK ? tl_fields_skip(in) : result;
}

/* Hessians as the weights of the training rows, else their counts, else nothing. */
static double cover_of(const struct source *source, uint32_t i)
{
    const struct tl_array *parts_of = source->parts;

    if (parts_of[HESSIAN].n != 0 && parts_of[HESSIAN_THERE].n != 0 &&
        byte_at(&parts_of[HESSIAN_THERE], i) != 0)
        return ((const double *)parts_of[HESSIAN].items)[i];
    if (parts_of[COUNT].n != 0 && parts_of[COUNT_THERE].n != 0 &&
        byte_at(&parts_of[COUNT_THERE], i) != 0)
        return (double)u64_at(&parts_of[COUNT], i);
    return 0;
}

static void change_children(struct draft_node *node)
{
    uint32_t left = node->left;

    node->left = node->right;
    node->right = left;
    node->nan_left = !node->nan_left;
}

/* value < t, value > t and value >= t as <=; the next lower number is of the leaves' type. */
static enum result set_threshold(const struct treelite *in, const struct source *source,
                                 uint32_t i, struct draft_node *node)
{
    double t = number_at(in, &source->parts[THRESHOLD], i);
    double below = in->f32 ? (double)nextafterf((float)t, -INFINITY) : nextafter(t, -INFINITY);
    const uint8_t op = byte_at(&source->parts[OPERATOR], i);

    if (op == OP_EQ)
        return node_refuse(in, i, "a comparison with == has no place here");
    if (op < OP_LT || op > OP_GE)
        return node_refuse(in, i, "its comparison is not known");
    if (isnan(t) || (op != OP_LE && op != OP_GT && t == -INFINITY))
        return node_refuse(in, i, "its threshold is no number that anything is compared with");
    node->threshold = op == OP_LT || op == OP_GE ? below : t;
    if (op == OP_GT || op == OP_GE)
        change_children(node);
    return RESULT_OK;
}

/* Makes room for one more set of that many words. */
static struct draft_set *add_set(struct treelite *in, struct draft_tree *tree, uint32_t n_words)
{
    struct draft_set *sets = tree->sets;

    if ((tree->n_sets & (tree->n_sets - 1)) == 0)
        sets = realloc(sets, (tree->n_sets == 0 ? 1 : (size_t)tree->n_sets * 2) *
                                 sizeof(*tree->sets));
    if (sets == NULL)
        return NULL;
    tree->sets = sets;
    sets[tree->n_sets].n_words = n_words;
    sets[tree->n_sets].words = calloc((size_t)n_words + 1, sizeof(*sets->words));
    if (sets[tree->n_sets].words == NULL)
        return NULL;
    in->n_words += n_words + (uint64_t)1;
    return &sets[tree->n_sets++];
}

/* The categories of a node as a set.  A float32 over 2^24 is in no set, there as here. */
static enum result set_categories(struct treelite *in, struct source *source, uint32_t i,
                                  struct draft_tree *tree, struct draft_node *node)
{
    const uint64_t begin = u64_at(&source->parts[CATEGORY_BEGIN], i);
    const uint64_t end = u64_at(&source->parts[CATEGORY_END], i);
    const uint32_t *categories = source->parts[CATEGORY].items;
    struct draft_set *set;
    uint32_t most = 0;
    uint64_t k;

    if (begin > end || end > source->parts[CATEGORY].n || end - begin > source->categories_left)
        return node_refuse(in, i, "its categories are not there");
    source->categories_left -= end - begin;
    for (k = begin; k < end; k++) {
        if (categories[k] > CATEGORY_MAX)
            return node_refuse(in, i, "a category over 16777216");
        most = categories[k] > most ? categories[k] : most;
    }
    if (in->n_words + most / 32 > WORDS_MAX)
        return import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                   "node %u: the sets of categories take too much memory",
                                   (unsigned)i);
    set = add_set(in, tree, most / 32 + 1);
    if (set == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for categories");
    for (k = begin; k < end; k++)
        set->words[categories[k] / 32] |= UINT32_C(1) << categories[k] % 32;
    node->set = tree->n_sets;
    if (byte_at(&source->parts[SET_RIGHT], i) != 0)
        change_children(node);
    return RESULT_OK;
}

/* The child as the draft has it; node 0 is nobody's. */
static enum result child_of(struct treelite *in, const struct source *source, enum part side,
                            uint32_t i, uint32_t *out)
{
    int32_t child = tl_int_at(&source->parts[side], i);

    if (child <= 0 || (uint32_t)child >= source->n_nodes)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "node %u: its child is %d",
                                   (unsigned)i, (int)child);
    *out = (uint32_t)child;
    return RESULT_OK;
}

static enum result make_split(struct treelite *in, struct source *source, uint32_t i,
                              struct draft_tree *tree)
{
    struct draft_node *node = &tree->nodes[i];
    int32_t feature = tl_int_at(&source->parts[FEATURE], i);
    enum result result;

    if (feature < 0 || feature >= in->n_features)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "node %u: feature %d of %d",
                                   (unsigned)i, (int)feature, (int)in->n_features);
    node->column = (uint32_t)feature;
    node->nan_left = byte_at(&source->parts[DEFAULT_LEFT], i) != 0;
    if ((result = child_of(in, source, LEFT, i, &node->left)) != RESULT_OK ||
        (result = child_of(in, source, RIGHT, i, &node->right)) != RESULT_OK)
        return result;
    return byte_at(&source->parts[NODE_TYPE], i) == CATEGORICAL
               ? set_categories(in, source, i, tree, node)
               : set_threshold(in, source, i, node);
}

/* A leaf of one number for one output, or of all outputs' numbers, 0 where it has none. */
static enum result make_leaf(struct treelite *in, const struct source *source, uint32_t i,
                             uint32_t t, struct draft_tree *tree)
{
    const uint64_t begin = u64_at(&source->parts[VECTOR_BEGIN], i);
    const uint64_t end = u64_at(&source->parts[VECTOR_END], i);
    const int32_t target = tl_int_at(&in->target_ids, t), class = tl_int_at(&in->class_ids, t);
    const int32_t rows = tl_int_at(&in->shape, 0), columns = tl_int_at(&in->shape, 1);
    double *leaf = tree->leaves + (size_t)tree->nodes[i].leaf * tree->width;
    uint32_t k = 0;
    int32_t a, b;

    if (begin > end || end > source->parts[VECTOR].n)
        return node_refuse(in, i, "its leaf's numbers are not there");
    if (rows != (target == -1 ? in->n_targets : 1) ||
        columns != (class == -1 ? in->most_classes : 1) ||
        (begin == end ? rows * columns != 1 || target == -1 || class == -1
                      : end - begin != (uint64_t)rows * (uint64_t)columns))
        return node_refuse(in, i, "its leaf does not have the model's shape");
    if (tree->width == 1) {
        leaf[0] = begin == end ? number_at(in, &source->parts[LEAF_VALUE], i)
                               : number_at(in, &source->parts[VECTOR], begin);
        return RESULT_OK;
    }
    for (a = 0; a < in->n_targets; a++)
        for (b = 0; b < tl_int_at(&in->n_classes, (uint64_t)a); b++, k++)
            if (tl_tree_has(in, t, a, b))
                leaf[k] =
                    number_at(in, &source->parts[VECTOR],
                              begin + (uint64_t)(target == -1 ? a : 0) * (uint64_t)columns +
                                  (uint64_t)(class == -1 ? b : 0));
    return RESULT_OK;
}

/* The output of a tree that has one, and how wide its leaves are. */
static void set_width(const struct treelite *in, uint32_t t, struct draft_tree *tree)
{
    const int32_t target = tl_int_at(&in->target_ids, t), class = tl_int_at(&in->class_ids, t);
    int32_t k;

    tree->width = in->draft->spec.n_outputs;
    if (target == -1 || class == -1)
        return;
    tree->width = 1;
    for (k = 0; k < target; k++)
        tree->output += (uint32_t)tl_int_at(&in->n_classes, (uint64_t)k);
    tree->output += (uint32_t) class;
}

/* Whether the numbers of the leaves can be there, before memory is asked for them. */
static enum result check_leaves(const struct treelite *in, const struct source *source,
                                const struct draft_tree *tree)
{
    const int64_t size = (int64_t)tl_int_at(&in->shape, 0) * tl_int_at(&in->shape, 1);

    if (tree->width == 1)
        return RESULT_OK;
    if (size <= 0 || tree->n_leaves > source->parts[VECTOR].n / (uint64_t)size)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                   "%llu numbers for %u leaves, %lld each",
                                   (unsigned long long)source->parts[VECTOR].n,
                                   (unsigned)tree->n_leaves, (long long)size);
    if (tree->width / (uint64_t)size > SPARSE_MAX)
        return import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                   "leaves have %lld numbers for %u outputs", (long long)size,
                                   (unsigned)tree->width);
    return RESULT_OK;
}

static enum result make_tree(struct treelite *in, struct source *source, uint32_t t,
                             struct draft_tree *tree)
{
    enum result result = RESULT_OK;
    uint32_t i;

    set_width(in, t, tree);
    for (i = 0; i < source->n_nodes; i++)
        tree->n_leaves += byte_at(&source->parts[NODE_TYPE], i) == LEAF;
    source->categories_left = source->parts[CATEGORY].n;
    result = check_leaves(in, source, tree);
    if (result != RESULT_OK)
        return result;
    tree->nodes = calloc((size_t)source->n_nodes + 1, sizeof(*tree->nodes));
    tree->leaves = calloc((size_t)tree->n_leaves + 1, tree->width * sizeof(*tree->leaves));
    if (tree->nodes == NULL || tree->leaves == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for a tree");
    tree->n_nodes = source->n_nodes;
    tree->n_leaves = 0;
    for (i = 0; i < tree->n_nodes && result == RESULT_OK; i++) {
        tree->nodes[i].cover = cover_of(source, i);
        tree->nodes[i].id = i;
        switch (byte_at(&source->parts[NODE_TYPE], i)) {
        case LEAF:
            tree->nodes[i].leaf = tree->n_leaves++;
            result = make_leaf(in, source, i, t, tree);
            break;
        case NUMERICAL:
        case CATEGORICAL:
            result = make_split(in, source, i, tree);
            break;
        default:
            result = node_refuse(in, i, "its type is not known");
        }
    }
    return result;
}

enum result tl_tree_read(struct treelite *in, uint32_t t, struct draft_tree *tree)
{
    struct source source = {0};
    enum result result;
    unsigned i;

    import_bytes_place(&in->bytes, "tree %u", (unsigned)t);
    result = read_source(in, &source);
    if (result == RESULT_OK)
        result = make_tree(in, &source, t, tree);
    for (i = 0; i < PART__MAX; i++)
        free(source.parts[i].items);
    return result;
}
