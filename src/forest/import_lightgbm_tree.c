/*
 * import_lightgbm_tree.c: one tree of LightGBM's text.
 *
 * The keys of a tree come in any order, so its numbers are gathered first, as many as
 * there are, and looked at together then: memory grows with what the file has, not with
 * what it promises.
 *
 * LightGBM drops values of |x| <= Z, its kZeroThreshold, from a row before any tree sees
 * them, so they are 0; and a node with missing type None takes NaN for 0.  With that,
 * `x <= t` is one of three comparisons of the value as it is:
 *
 *     t < -Z or t >= Z   x <= t            0 and all that counts as 0 are on one side anyway
 *     -Z <= t < 0        x <= just under -Z    0 goes right, and so does what counts as it
 *     0 <= t < Z         x <= Z                0 goes left, and so does what counts as it
 *
 * and NaN goes where 0 goes.  So no column has to be mended, but for missing type Zero,
 * where 0 and NaN alike take the default way.
 */
#include "forest/import_lightgbm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define ZERO_THRESHOLD ((double)1e-35F)

enum {
    MAX_LEAVES = IMPORT_MAX_NODES / 2,
    MAX_WORDS = 1 << 26, /* of a set: codes are ints */
    DECISION_CATEGORY = 1,
    DECISION_LEFT = 2, /* by default */
};

/* Bits 2 and 3 of a decision_type. */
enum missing {
    MISSING_NONE,
    MISSING_ZERO,
    MISSING_NAN,
    MISSING__MAX
};

/* What a key's numbers may be.  What is not finite is let pass where none of it counts. */
enum number {
    ANY,    /* inf and nan too */
    FINITE, /* no inf, no nan */
    LIMIT,  /* no nan */
    WHOLE,
};

static const struct {
    const char *key;
    enum number number;
    double min, max; /* of a whole number */
} arrays[LGB_ARRAY__MAX] = {
    [LGB_NUM_LEAVES] = {"num_leaves", WHOLE, 1, MAX_LEAVES},
    [LGB_NUM_CAT] = {"num_cat", WHOLE, 0, MAX_LEAVES},
    [LGB_SPLIT_FEATURE] = {"split_feature", WHOLE, 0, IMAGE_MAX_FEATURES - 1},
    [LGB_SPLIT_GAIN] = {"split_gain", ANY, 0, 0},
    [LGB_THRESHOLD] = {"threshold", LIMIT, 0, 0},
    [LGB_DECISION_TYPE] = {"decision_type", WHOLE, 0, 11},
    [LGB_LEFT_CHILD] = {"left_child", WHOLE, -MAX_LEAVES, MAX_LEAVES},
    [LGB_RIGHT_CHILD] = {"right_child", WHOLE, -MAX_LEAVES, MAX_LEAVES},
    [LGB_LEAF_VALUE] = {"leaf_value", FINITE, 0, 0},
    [LGB_LEAF_COUNT] = {"leaf_count", WHOLE, 0, INT32_MAX},
    [LGB_INTERNAL_COUNT] = {"internal_count", WHOLE, 0, INT32_MAX},
    [LGB_CAT_BOUNDARIES] = {"cat_boundaries", WHOLE, 0, INT32_MAX},
    [LGB_CAT_THRESHOLD] = {"cat_threshold", WHOLE, 0, UINT32_MAX},
    [LGB_IS_LINEAR] = {"is_linear", WHOLE, 0, 1},
    [LGB_LEAF_CONST] = {"leaf_const", FINITE, 0, 0},
    [LGB_NUM_FEATURES] = {"num_features", WHOLE, 0, IMAGE_MAX_FEATURES},
    [LGB_LEAF_FEATURES] = {"leaf_features", WHOLE, 0, IMAGE_MAX_FEATURES - 1},
    [LGB_LEAF_COEFF] = {"leaf_coeff", FINITE, 0, 0},
};

/* The tree at hand, as counts that have been looked at. */
struct shape {
    uint32_t n_leaves, n_splits, n_sets;
    bool linear;
    uint32_t tree; /* its number, for messages */
};

static bool may_be(enum lgb_array which, double value)
{
    switch (arrays[which].number) {
    case FINITE:
        return isfinite(value) != 0;
    case LIMIT:
        return isnan(value) == 0;
    case WHOLE:
        return value >= arrays[which].min && value <= arrays[which].max &&
               trunc(value) == value;
    default:
        return true;
    }
}

static enum result bad_number(struct lgb_text *text, enum lgb_array which)
{
    char quoted[48];

    utf8_quote(quoted, sizeof(quoted), text->word.data, text->word.len);
    return lgb_fail(text, RESULT_MALFORMED, 0, "%s has \"%s\", which cannot be there",
                    arrays[which].key, quoted);
}

/* Gathers the numbers of the rest of the line. */
static enum result read_numbers(struct lgb_import *import, enum lgb_array which)
{
    struct lgb_text *text = &import->text;
    struct lgb_numbers *to = &import->arrays[which];
    double value, *grown;
    size_t cap;

    if (to->line != 0)
        return lgb_fail(text, RESULT_MALFORMED, 0, "%s is there twice", arrays[which].key);
    to->line = text->line;
    while (lgb_word(text)) {
        if (!lgb_number(text->word.data, text->word.len, &value) || !may_be(which, value))
            return bad_number(text, which);
        if (to->n == to->cap) {
            cap = to->cap == 0 ? 64 : 2 * to->cap;
            grown = realloc(to->values, cap * sizeof(*grown));
            if (grown == NULL)
                return lgb_no_memory(text);
            to->values = grown;
            to->cap = cap;
        }
        to->values[to->n++] = value;
    }
    return text->result;
}

/* Reads the lines of the tree, up to the empty one. */
static enum result read_block(struct lgb_import *import)
{
    struct lgb_text *text = &import->text;
    enum lgb_array which;
    char sign;

    for (which = 0; which < LGB_ARRAY__MAX; which++)
        import->arrays[which].n = import->arrays[which].line = 0;
    while (lgb_next_line(text)) {
        sign = lgb_key(text);
        if (text->word.len == 0 && sign == 0)
            break;
        if (sign != '=' || strcmp(text->word.data, "Tree") == 0)
            return lgb_fail(text, RESULT_MALFORMED, 0,
                            "a tree has a key, a = and numbers on each line, and an empty "
                            "line behind it");
        for (which = 0; which < LGB_ARRAY__MAX; which++)
            if (strcmp(text->word.data, arrays[which].key) == 0)
                break;
        if (which < LGB_ARRAY__MAX && read_numbers(import, which) != RESULT_OK)
            break;
    }
    return text->result;
}

/* That a key is there with so many numbers, or is not there at all if it need not be. */
static enum result expect(struct lgb_import *import, enum lgb_array which, size_t n, bool need)
{
    const struct lgb_numbers *numbers = &import->arrays[which];

    if (numbers->line == 0 && need && n > 0)
        return lgb_fail(&import->text, RESULT_MALFORMED, 0, "the tree above has no %s",
                        arrays[which].key);
    if (numbers->line != 0 && numbers->n != n)
        return lgb_fail(&import->text, RESULT_MALFORMED, numbers->line,
                        "%s has %zu numbers where there are %zu", arrays[which].key, numbers->n,
                        n);
    return RESULT_OK;
}

static double number_of(const struct lgb_import *import, enum lgb_array which, size_t i)
{
    return i < import->arrays[which].n ? import->arrays[which].values[i] : 0;
}

/* All counts, so that what follows can rely on them. */
static enum result check_counts(struct lgb_import *import, struct shape *shape)
{
    static const struct {
        enum lgb_array which;
        bool leaves, need;
    } rows[] = {
        {LGB_LEAF_VALUE, true, true},       {LGB_SPLIT_FEATURE, false, true},
        {LGB_THRESHOLD, false, true},       {LGB_LEFT_CHILD, false, true},
        {LGB_RIGHT_CHILD, false, true},     {LGB_DECISION_TYPE, false, false},
        {LGB_SPLIT_GAIN, false, false},     {LGB_LEAF_COUNT, true, false},
        {LGB_INTERNAL_COUNT, false, false},
    };
    enum result result = expect(import, LGB_NUM_LEAVES, 1, true);
    size_t i;

    if (result == RESULT_OK)
        result = expect(import, LGB_NUM_CAT, 1, true);
    if (result == RESULT_OK)
        result = expect(import, LGB_IS_LINEAR, 1, false);
    shape->n_leaves = (uint32_t)number_of(import, LGB_NUM_LEAVES, 0);
    shape->n_splits = shape->n_leaves - 1;
    shape->n_sets = (uint32_t)number_of(import, LGB_NUM_CAT, 0);
    shape->linear = number_of(import, LGB_IS_LINEAR, 0) != 0;
    shape->tree = import->draft->n_trees;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && result == RESULT_OK; i++)
        result = expect(import, rows[i].which,
                        rows[i].leaves ? shape->n_leaves : shape->n_splits, rows[i].need);
    return result;
}

/*
 * The node of the draft that a child is: splits first, in their order, then leaves.  That
 * all of them make a tree is for draft_check() to see.
 */
static enum result find_child(struct lgb_import *import, const struct shape *shape,
                              enum lgb_array which, uint32_t split, uint32_t *node)
{
    const int64_t child = (int64_t)number_of(import, which, split);
    const int64_t at = child >= 0 ? child : (int64_t)shape->n_splits - 1 - child;

    if (child == 0 || child >= (int64_t)shape->n_splits || -child > (int64_t)shape->n_leaves)
        return lgb_fail(&import->text, RESULT_MALFORMED, import->arrays[which].line,
                        "%s: node %u has the child %lld, which there is not in a tree of %u "
                        "leaves",
                        arrays[which].key, (unsigned)split, (long long)child,
                        (unsigned)shape->n_leaves);
    *node = (uint32_t)at;
    return RESULT_OK;
}

/* The feature's column in which its zeros are missing, made when first asked for. */
static enum result zero_column(struct lgb_import *import, uint32_t feature, uint32_t *out)
{
    struct lgb_feature *of = &import->head.features[feature];
    struct draft *draft = import->draft;
    struct draft_column *grown;
    uint32_t cap;

    if (of->zero_column == 0) {
        if (draft->n_columns >= import->cap_columns) {
            cap = 2 * draft->n_columns;
            grown = realloc(draft->columns, cap * sizeof(*grown));
            if (grown == NULL)
                return lgb_no_memory(&import->text);
            draft->columns = grown;
            import->cap_columns = cap;
        }
        of->zero_column = draft->n_columns;
        draft->columns[draft->n_columns++] = (struct draft_column){feature, DRAFT_ZERO_TO_NAN};
    }
    *out = of->zero_column;
    return RESULT_OK;
}

/* See the head of this file. */
static double threshold_past_zero(double threshold)
{
    if (threshold < -ZERO_THRESHOLD || threshold >= ZERO_THRESHOLD)
        return threshold;
    return threshold < 0 ? nextafter(-ZERO_THRESHOLD, -INFINITY) : ZERO_THRESHOLD;
}

static enum result make_numeric(struct lgb_import *import, uint32_t split, unsigned decision,
                                struct draft_node *node)
{
    const double threshold = number_of(import, LGB_THRESHOLD, split);

    node->nan_left = (decision & DECISION_LEFT) != 0;
    node->threshold = threshold_past_zero(threshold);
    switch (decision >> 2) {
    case MISSING_ZERO:
        return zero_column(import, node->column, &node->column);
    case MISSING_NONE:
        node->nan_left = 0 <= threshold;
        return RESULT_OK;
    default:
        return RESULT_OK;
    }
}

/* A threshold is the number of a set here.  NaN goes right whatever the missing type is. */
static enum result make_category(struct lgb_import *import, const struct shape *shape,
                                 uint32_t split, struct draft_node *node)
{
    const double set = number_of(import, LGB_THRESHOLD, split);

    if (!(set >= 0 && set < shape->n_sets) || trunc(set) != set)
        return lgb_fail(&import->text, RESULT_MALFORMED, import->arrays[LGB_THRESHOLD].line,
                        "threshold: node %u asks for set %g of the tree's %u", (unsigned)split,
                        set, (unsigned)shape->n_sets);
    node->set = 1 + (uint32_t)set;
    return RESULT_OK;
}

static enum result make_split(struct lgb_import *import, const struct shape *shape,
                              uint32_t split, struct draft_node *node)
{
    const uint32_t feature = (uint32_t)number_of(import, LGB_SPLIT_FEATURE, split);
    const unsigned decision = (unsigned)number_of(import, LGB_DECISION_TYPE, split);
    const double gain = number_of(import, LGB_SPLIT_GAIN, split);
    struct lgb_feature *of;
    enum result result;

    if (feature >= import->head.n_features)
        return lgb_fail(&import->text, RESULT_MALFORMED, import->arrays[LGB_SPLIT_FEATURE].line,
                        "split_feature: node %u asks for feature %u of %u", (unsigned)split,
                        (unsigned)feature, (unsigned)import->head.n_features);
    of = &import->head.features[feature];
    of->split = true;
    of->missing = of->missing || decision >> 2 != MISSING_NONE;
    if (gain > 0 && isfinite(gain))
        of->gain += gain;
    node->column = feature;
    node->cover = number_of(import, LGB_INTERNAL_COUNT, split);
    result = find_child(import, shape, LGB_LEFT_CHILD, split, &node->left);
    if (result == RESULT_OK)
        result = find_child(import, shape, LGB_RIGHT_CHILD, split, &node->right);
    if (result != RESULT_OK)
        return result;
    if ((decision & DECISION_CATEGORY) != 0)
        return make_category(import, shape, split, node);
    return make_numeric(import, split, decision, node);
}

static enum result make_nodes(struct lgb_import *import, const struct shape *shape,
                              struct draft_tree *tree)
{
    const bool counted = import->arrays[LGB_LEAF_COUNT].line != 0 &&
                         (import->arrays[LGB_INTERNAL_COUNT].line != 0 || shape->n_splits == 0);
    enum result result = RESULT_OK;
    uint32_t i;

    tree->n_leaves = shape->n_leaves;
    tree->n_nodes = shape->n_splits + shape->n_leaves;
    tree->nodes = calloc(tree->n_nodes, sizeof(*tree->nodes));
    tree->leaves = calloc(tree->n_leaves, sizeof(*tree->leaves));
    if (tree->nodes == NULL || tree->leaves == NULL)
        return lgb_no_memory(&import->text);
    for (i = 0; i < shape->n_splits && result == RESULT_OK; i++) {
        result = make_split(import, shape, i, &tree->nodes[i]);
        if (!counted)
            tree->nodes[i].cover = 0;
    }
    for (i = 0; i < shape->n_leaves; i++) {
        tree->leaves[i] = number_of(import, LGB_LEAF_VALUE, i);
        tree->nodes[shape->n_splits + i].leaf = i;
        tree->nodes[shape->n_splits + i].id = i;
        if (counted)
            tree->nodes[shape->n_splits + i].cover = number_of(import, LGB_LEAF_COUNT, i);
        import->least = fmin(import->least, tree->leaves[i]);
        import->most = fmax(import->most, tree->leaves[i]);
    }
    return result;
}

/* Set i is the words from boundary i up to the next. */
static enum result make_sets(struct lgb_import *import, const struct shape *shape,
                             struct draft_tree *tree)
{
    const struct lgb_numbers *ends = &import->arrays[LGB_CAT_BOUNDARIES];
    const struct lgb_numbers *words = &import->arrays[LGB_CAT_THRESHOLD];
    enum result result = expect(import, LGB_CAT_BOUNDARIES, shape->n_sets + (size_t)1, true);
    uint32_t i, w;

    if (result != RESULT_OK)
        return result;
    tree->sets = calloc(shape->n_sets, sizeof(*tree->sets));
    if (tree->sets == NULL)
        return lgb_no_memory(&import->text);
    tree->n_sets = shape->n_sets;
    for (i = 0; i < shape->n_sets; i++) {
        const double begin = ends->values[i], end = ends->values[i + 1];
        struct draft_set *set = &tree->sets[i];

        if (end < begin || end > (double)words->n || end - begin > MAX_WORDS)
            return lgb_fail(&import->text, RESULT_MALFORMED, ends->line,
                            "cat_boundaries: set %u is from %g to %g of the %zu words in "
                            "cat_threshold",
                            (unsigned)i, begin, end, words->n);
        set->words = calloc((size_t)(end - begin) + 1, sizeof(*set->words));
        if (set->words == NULL)
            return lgb_no_memory(&import->text);
        set->n_words = (uint32_t)(end - begin);
        for (w = 0; w < set->n_words; w++)
            set->words[w] = (uint32_t)words->values[(size_t)begin + w];
    }
    return RESULT_OK;
}

/* How many weights the leaves have together, checked against what is there. */
static enum result check_linear(struct lgb_import *import, const struct shape *shape)
{
    enum result result = expect(import, LGB_LEAF_CONST, shape->n_leaves, true);
    double total = 0;
    uint32_t i;

    if (result == RESULT_OK)
        result = expect(import, LGB_NUM_FEATURES, shape->n_leaves, true);
    for (i = 0; i < shape->n_leaves; i++)
        total += number_of(import, LGB_NUM_FEATURES, i);
    if (result == RESULT_OK)
        result = expect(import, LGB_LEAF_FEATURES, (size_t)total, true);
    if (result == RESULT_OK)
        result = expect(import, LGB_LEAF_COEFF, (size_t)total, true);
    return result;
}

static enum result make_linear_leaf(struct lgb_import *import, size_t at,
                                    struct draft_linear *linear)
{
    uint32_t i;

    linear->weights = calloc(linear->n + (size_t)1, sizeof(*linear->weights));
    linear->features = calloc(linear->n + (size_t)1, sizeof(*linear->features));
    if (linear->weights == NULL || linear->features == NULL)
        return lgb_no_memory(&import->text);
    for (i = 0; i < linear->n; i++) {
        linear->weights[i] = number_of(import, LGB_LEAF_COEFF, at + i);
        linear->features[i] = (uint32_t)number_of(import, LGB_LEAF_FEATURES, at + i);
        if (linear->features[i] >= import->head.n_features)
            return lgb_fail(
                &import->text, RESULT_MALFORMED, import->arrays[LGB_LEAF_FEATURES].line,
                "leaf_features: there is no feature %u", (unsigned)linear->features[i]);
    }
    return RESULT_OK;
}

static enum result make_linear(struct lgb_import *import, const struct shape *shape,
                               struct draft_tree *tree)
{
    enum result result = check_linear(import, shape);
    size_t at = 0;
    uint32_t i;

    if (result != RESULT_OK)
        return result;
    tree->linear = calloc(shape->n_leaves, sizeof(*tree->linear));
    if (tree->linear == NULL)
        return lgb_no_memory(&import->text);
    for (i = 0; i < shape->n_leaves && result == RESULT_OK; i++) {
        tree->linear[i].constant = number_of(import, LGB_LEAF_CONST, i);
        tree->linear[i].n = (uint32_t)number_of(import, LGB_NUM_FEATURES, i);
        result = make_linear_leaf(import, at, &tree->linear[i]);
        at += tree->linear[i].n;
    }
    return result;
}

/* A place for one more tree, which is the draft's at once, so that it is freed with it. */
static struct draft_tree *add_tree(struct lgb_import *import)
{
    struct draft *draft = import->draft;
    struct draft_tree *grown = draft->trees;
    uint32_t cap;

    if (draft->n_trees == import->cap_trees) {
        cap = import->cap_trees == 0 ? 64 : 2 * import->cap_trees;
        grown = realloc(draft->trees, cap * sizeof(*grown));
        if (grown == NULL) {
            lgb_no_memory(&import->text);
            return NULL;
        }
        draft->trees = grown;
        import->cap_trees = cap;
    }
    grown += draft->n_trees;
    *grown = (struct draft_tree){.width = 1, .output = draft->n_trees % import->head.per_round};
    draft->n_trees++;
    return grown;
}

enum result lgb_tree_read(struct lgb_import *import)
{
    struct shape shape = {0};
    struct draft_tree *tree;
    enum result result;

    if (import->draft->n_trees == IMAGE_MAX_TREES)
        return lgb_fail(&import->text, RESULT_TOO_BIG, 0, "over %d trees", IMAGE_MAX_TREES);
    result = read_block(import);
    if (result == RESULT_OK)
        result = check_counts(import, &shape);
    if (result != RESULT_OK)
        return result;
    tree = add_tree(import);
    if (tree == NULL)
        return import->text.result;
    result = make_nodes(import, &shape, tree);
    if (result == RESULT_OK && shape.n_sets > 0)
        result = make_sets(import, &shape, tree);
    if (result == RESULT_OK && shape.linear)
        result = make_linear(import, &shape, tree);
    return result;
}
