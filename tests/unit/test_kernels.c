/*
 * test_kernels.c: each kernel that runs on this machine gives, for forests of every kind
 * that a draft can hold, the bits and the leaves of the definition in draft.h; and so does
 * the cursor over an image's trees.
 */
#include "forest_help.h"

#include <float.h>
#include <math.h>

#include "forest/tree.h"
#include "forest/walk.h"
#include "oracle.h"

/* What a random forest is to be like. */
struct kind {
    const char *name;
    enum spec_compare compare;
    enum spec_sum sum;
    enum spec_fold fold;
    enum spec_category category;
    uint32_t n_features, n_outputs, n_trees, max_depth, max_nodes;
    bool mends, sets, nans, wide, linear, chain;
};

enum {
    ROWS = 150 /* a whole block of rows and some */
};

static double any_float(struct rng *rng)
{
    static const float special[] = {0,       -0.0F,    1e-45F,   -1e-45F, 1e-35F, -1e-35F,
                                    1e-38F,  FLT_MAX,  -FLT_MAX, 1,       0.1F,   3,
                                    FLT_MIN, -FLT_MIN, 2,        16777216};

    if (rng_below(rng, 4) == 0)
        return (double)special[rng_below(rng, sizeof(special) / sizeof(special[0]))];
    return (double)(float)((help_uniform(rng) - 0.5) * 8);
}

static double any_threshold(const struct kind *kind, struct rng *rng)
{
    double value = any_float(rng);

    if (rng_below(rng, 40) == 0)
        return rng_below(rng, 2) == 0 ? INFINITY : -INFINITY;
    if (kind->compare == SPEC_COMPARE_F32)
        return value;
    switch (rng_below(rng, 6)) {
    case 0:
        return nextafter(value, INFINITY);
    case 1:
        return nextafter(value, -INFINITY);
    case 2:
        return value * (1 + 1e-9);
    case 3:
        return value * 1e300;
    case 4:
        return value * 1e-300;
    default:
        return value;
    }
}

static void make_split(const struct kind *kind, const struct draft *draft,
                       struct draft_tree *tree, uint32_t at, struct rng *rng)
{
    struct draft_node *node = &tree->nodes[at];

    node->column = (uint32_t)rng_below(rng, draft->n_columns);
    node->threshold = any_threshold(kind, rng);
    node->nan_left = kind->nans && rng_below(rng, 2) == 0;
    if (kind->sets && rng_below(rng, 4) == 0)
        node->set = 1 + (uint32_t)rng_below(rng, tree->n_sets);
    node->left = tree->n_nodes++;
    node->right = tree->n_nodes++;
}

/* Depths are kept in the covers until the tree is whole. */
static void make_nodes(const struct kind *kind, const struct draft *draft,
                       struct draft_tree *tree, struct rng *rng)
{
    uint32_t at;

    tree->n_nodes = 1;
    for (at = 0; at < tree->n_nodes; at++) {
        struct draft_node *node = &tree->nodes[at];
        const double depth = node->cover;
        const bool ends = depth >= kind->max_depth || tree->n_nodes + 2 > kind->max_nodes ||
                          (kind->chain ? at % 2 == 1 : rng_below(rng, 8) == 0);

        if (ends) {
            node->leaf = (uint32_t)rng_below(rng, tree->n_leaves);
            node->id = at;
        } else {
            make_split(kind, draft, tree, at, rng);
            tree->nodes[node->left].cover = depth + 1;
            tree->nodes[node->right].cover = depth + 1;
        }
        node->cover = depth + 0.1;
    }
}

static void make_sets(struct draft_tree *tree, struct rng *rng)
{
    uint32_t i, w;

    tree->n_sets = 3;
    tree->sets = calloc(tree->n_sets, sizeof(*tree->sets));
    for (i = 0; i < tree->n_sets; i++) {
        tree->sets[i].n_words = i;
        tree->sets[i].words = calloc(i + 1, sizeof(uint32_t));
        for (w = 0; w < i; w++)
            tree->sets[i].words[w] = (uint32_t)rng_next(rng);
    }
}

static void make_lines(const struct kind *kind, struct draft_tree *tree, struct rng *rng)
{
    uint32_t i, k;

    tree->linear = calloc(tree->n_leaves, sizeof(*tree->linear));
    for (i = 0; i < tree->n_leaves; i++) {
        struct draft_linear *line = &tree->linear[i];

        line->constant = help_uniform(rng);
        line->n = i % 3;
        line->weights = calloc(line->n + 1, sizeof(*line->weights));
        line->features = calloc(line->n + 1, sizeof(*line->features));
        for (k = 0; k < line->n; k++) {
            line->weights[k] = help_uniform(rng) - 0.5;
            line->features[k] = (uint32_t)rng_below(rng, kind->n_features);
        }
    }
}

static void make_tree(const struct kind *kind, const struct draft *draft, uint32_t t,
                      struct draft_tree *tree, struct rng *rng)
{
    uint32_t i;

    tree->nodes = calloc(kind->max_nodes + 1, sizeof(*tree->nodes));
    tree->n_leaves = 1 + (uint32_t)rng_below(rng, 20);
    tree->width = kind->wide && t % 3 != 2 ? kind->n_outputs : 1;
    tree->output = tree->width == 1 ? t % kind->n_outputs : 0;
    tree->leaves = calloc((size_t)tree->n_leaves * tree->width, sizeof(*tree->leaves));
    for (i = 0; i < tree->n_leaves * tree->width; i++)
        tree->leaves[i] = kind->sum == SPEC_SUM_F32 ? (double)(float)(help_uniform(rng) - 0.5)
                                                    : help_uniform(rng) - 0.5;
    if (kind->sets)
        make_sets(tree, rng);
    if (kind->linear && tree->width == 1 && t % 2 == 0)
        make_lines(kind, tree, rng);
    make_nodes(kind, draft, tree, rng);
}

static char *name_of(const char *what, uint32_t i)
{
    char text[32];

    snprintf(text, sizeof(text), "%s%u", what, (unsigned)i);
    return strdup(text);
}

static void make_schema(const struct kind *kind, struct draft *draft, struct rng *rng)
{
    uint32_t i, k;

    draft->n_features = kind->n_features;
    draft->features = calloc(kind->n_features, sizeof(*draft->features));
    for (i = 0; i < kind->n_features; i++) {
        struct draft_feature *feature = &draft->features[i];

        feature->name = name_of("f", i);
        feature->type = kind->sets ? IMAGE_CATEGORY : IMAGE_REAL;
        feature->missing = kind->nans;
        feature->min = 1; /* and max 0: not known */
        if (!kind->sets || i % 2 == 0)
            continue;
        feature->n_values = 3;
        feature->values = calloc(3, sizeof(*feature->values));
        for (k = 0; k < 3; k++)
            feature->values[k] = name_of("v", k);
    }
    if (!kind->mends) {
        assert_int_equal(draft_columns_make(draft), RESULT_OK);
        return;
    }
    draft->n_columns = 2 * kind->n_features;
    draft->columns = calloc(draft->n_columns, sizeof(*draft->columns));
    for (i = 0; i < draft->n_columns; i++) {
        draft->columns[i].feature = i / 2;
        draft->columns[i].mend = (enum draft_mend)(
            1 + rng_below(rng, kind->sets ? DRAFT_MEND__MAX - 1 : DRAFT_ZERO_TO_NAN));
    }
}

static void make_draft(const struct kind *kind, struct draft *draft, struct rng *rng)
{
    uint32_t i;

    memset(draft, 0, sizeof(*draft));
    draft->spec = (struct spec){.task = SPEC_REGRESS,
                                .compare = kind->compare,
                                .sum = kind->sum,
                                .fold = kind->fold,
                                .transform = SPEC_IDENTITY,
                                .label = SPEC_LABEL_ARGMAX,
                                .category = kind->category,
                                .n_outputs = kind->n_outputs,
                                .divisor = 3,
                                .parameter = 1};
    draft->facts.source = "test";
    make_schema(kind, draft, rng);
    draft->n_targets = kind->n_outputs;
    draft->targets = calloc(kind->n_outputs, sizeof(*draft->targets));
    draft->base = calloc(kind->n_outputs, sizeof(*draft->base));
    for (i = 0; i < kind->n_outputs; i++) {
        draft->base[i] = (double)(float)help_uniform(rng);
        draft->targets[i].name = i % 2 == 0 ? name_of("t", i) : NULL;
    }
    draft->n_trees = kind->n_trees;
    draft->trees = calloc(kind->n_trees, sizeof(*draft->trees));
    for (i = 0; i < kind->n_trees; i++)
        make_tree(kind, draft, i, &draft->trees[i], rng);
}

/* A threshold of the forest, what is next to it, or anything. */
static double any_value(const struct kind *kind, const struct draft *draft, struct rng *rng)
{
    const struct draft_tree *tree = &draft->trees[rng_below(rng, draft->n_trees)];
    const double t = tree->nodes[rng_below(rng, tree->n_nodes)].threshold;

    switch (rng_below(rng, 12)) {
    case 0:
        return t;
    case 1:
        return nextafter(t, INFINITY);
    case 2:
        return nextafter(t, -INFINITY);
    case 3:
        return (double)(float)t;
    case 4:
        return (double)nextafterf((float)t, INFINITY);
    case 5:
        return kind->nans ? (double)NAN : 0;
    case 6:
        return rng_below(rng, 2) == 0 ? INFINITY : -INFINITY;
    case 7:
        return (double)rng_below(rng, 70) - 3;
    case 8:
        return t * 1e-300;
    case 9:
        return (double)rng_below(rng, 70) - 2.5;
    default:
        return any_float(rng);
    }
}

/* Some rows are of float32 values without a NaN, so that all ways of a kernel are gone. */
static void make_rows(const struct kind *kind, const struct draft *draft, double *rows,
                      bool plain, struct rng *rng)
{
    uint32_t i;

    for (i = 0; i < ROWS * kind->n_features; i++)
        rows[i] = plain ? any_float(rng) : any_value(kind, draft, rng);
}

static void check_rows(const struct kind *kind, const struct draft *draft,
                       const struct image *image, const double *rows)
{
    double *expected = calloc((size_t)ROWS * kind->n_outputs, sizeof(*expected));
    double *out = calloc((size_t)ROWS * kind->n_outputs, sizeof(*out));
    uint32_t *ids = calloc((size_t)2 * ROWS * kind->n_trees, sizeof(*ids));
    uint32_t *found = ids + (size_t)ROWS * kind->n_trees, i, k;
    const size_t row_bytes = kind->n_outputs * sizeof(*out);

    for (i = 0; i < ROWS; i++) {
        oracle_margins(draft, rows + (size_t)i * kind->n_features,
                       expected + (size_t)i * kind->n_outputs);
        oracle_leaves(draft, rows + (size_t)i * kind->n_features,
                      ids + (size_t)i * kind->n_trees);
    }
    for (k = 0; walk_kernel_name(k) != NULL; k++) {
        if (!walk_use(walk_kernel_name(k)))
            continue;
        walk_predict(image, rows, ROWS, out);
        if (memcmp(out, expected, ROWS * row_bytes) != 0)
            fail_msg("%s: kernel %s, block of rows", kind->name, walk_used());
        walk_leaves(image, rows, ROWS, found);
        if (memcmp(found, ids, ROWS * kind->n_trees * sizeof(*ids)) != 0)
            fail_msg("%s: kernel %s, leaves of a block", kind->name, walk_used());
        memset(out, 0, ROWS * row_bytes);
        for (i = 0; i < ROWS; i++)
            walk_predict(image, rows + (size_t)i * kind->n_features, 1,
                         out + (size_t)i * kind->n_outputs);
        if (memcmp(out, expected, ROWS * row_bytes) != 0)
            fail_msg("%s: kernel %s, single row", kind->name, walk_used());
        for (i = 0; i < ROWS; i++)
            walk_leaves(image, rows + (size_t)i * kind->n_features, 1,
                        found + (size_t)i * kind->n_trees);
        if (memcmp(found, ids, ROWS * kind->n_trees * sizeof(*ids)) != 0)
            fail_msg("%s: kernel %s, leaves of a row", kind->name, walk_used());
    }
    free(expected);
    free(out);
    free(ids);
}

/* Down one tree by the cursor: each node is the draft's. */
static void check_way(const struct draft *draft, const struct image *image, uint32_t t,
                      const double *row)
{
    const struct draft_tree *tree = &draft->trees[t];
    const struct draft_node *node = tree->nodes;
    tree_place place = tree_root(image, t);
    struct tree_node read;

    for (tree_read(image, place, &read); !read.leaf; tree_read(image, place, &read)) {
        const tree_place next = tree_step(image, place, row);

        assert_int_not_equal(node->left, 0);
        assert_int_equal(read.column, node->column);
        assert_int_equal(read.feature, draft->columns[node->column].feature);
        assert_int_equal(read.nan_left, node->nan_left);
        assert_int_equal(read.by_set, node->set != 0);
        if (node->set == 0)
            assert_true(read.threshold == node->threshold);
        else
            assert_int_equal(read.n_words, tree->sets[node->set - 1].n_words);
        assert_true(read.cover == node->cover);
        assert_true(next == read.left || next == read.right);
        node = tree->nodes + (next == read.left ? node->left : node->right);
        place = next;
    }
    assert_int_equal(node->left, 0);
    assert_int_equal(read.id, node->id);
    assert_true(read.cover == node->cover);
}

static void check_trees(const struct kind *kind, const struct draft *draft,
                        const struct image *image, const double *rows)
{
    uint32_t *ids = calloc(kind->n_trees, sizeof(*ids)), t;
    double *out = calloc(kind->n_outputs, sizeof(*out));

    oracle_leaves(draft, rows, ids);
    for (t = 0; t < kind->n_trees; t++) {
        tree_place place = tree_root(image, t);
        struct tree_node node;

        check_way(draft, image, t, rows);
        for (tree_read(image, place, &node); !node.leaf; tree_read(image, place, &node))
            place = tree_step(image, place, rows);
        assert_int_equal(node.id, ids[t]);
        assert_int_equal(tree_width(image, t), draft->trees[t].width);
        assert_int_equal(tree_depth(image, t), oracle_depth(&draft->trees[t]));
        tree_values(image, t, node.number, out);
        assert_memory_equal(out,
                            draft->trees[t].leaves +
                                (size_t)draft->trees[t].nodes[ids[t]].leaf *
                                    draft->trees[t].width,
                            draft->trees[t].width * sizeof(*out));
    }
    free(ids);
    free(out);
}

static void check_kind(const struct kind *kind, uint64_t seed)
{
    struct rng rng = {seed};
    double *rows = calloc((size_t)ROWS * kind->n_features, sizeof(*rows));
    struct image *image;
    struct draft draft;
    struct reason why = {""};
    void *bytes = NULL;
    size_t len = 0;

    make_draft(kind, &draft, &rng);
    if (draft_pack(&draft, &bytes, &len, &why) != RESULT_OK)
        fail_msg("%s: %s", kind->name, why.text);
    image = help_prove(bytes, len);
    make_rows(kind, &draft, rows, false, &rng);
    check_rows(kind, &draft, image, rows);
    check_trees(kind, &draft, image, rows);
    make_rows(kind, &draft, rows, true, &rng);
    check_rows(kind, &draft, image, rows);
    image_close(image);
    free(bytes);
    draft_free(&draft);
    free(rows);
}

#define F32 SPEC_COMPARE_F32, SPEC_SUM_F32
#define F64 SPEC_COMPARE_F64, SPEC_SUM_F64
#define MIX SPEC_COMPARE_F32, SPEC_SUM_F64

static const struct kind kinds[] = {
    {"xgboost", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 28, 1, 40, 8, 300, .nans = true},
    {"xgboost, 10 classes", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 40, 10, 50, 6, 100,
     .nans = true},
    {"xgboost, sets", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 9, 1, 30, 8, 200, .nans = true,
     .sets = true},
    {"xgboost, vector leaves", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 5, 3, 30, 8, 200,
     .wide = true, .nans = true},
    {"many outputs", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 5, 20, 50, 5, 50, .sets = false},
    {"lightgbm", F64, SPEC_FOLD_SUM, SPEC_CATEGORY_TRUNCATE, 28, 1, 40, 12, 61, .nans = true,
     .mends = true, .sets = true},
    {"lightgbm, linear leaves", F64, SPEC_FOLD_SUM, SPEC_CATEGORY_TRUNCATE, 6, 2, 20, 12, 61,
     .nans = true, .mends = true, .linear = true},
    {"lightgbm, numbers alone", F64, SPEC_FOLD_MEAN, SPEC_CATEGORY_TRUNCATE, 60, 1, 40, 12, 61,
     .sets = false},
    {"scikit-learn", MIX, SPEC_FOLD_MEAN, SPEC_CATEGORY_SIGN, 20, 3, 20, 40, 3000,
     .wide = true},
    {"linear leaves of float32", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 6, 1, 20, 12, 61,
     .linear = true},
    {"base last", F32, SPEC_FOLD_SUM_THEN_BASE, SPEC_CATEGORY_SIGN, 33, 2, 30, 8, 99,
     .sets = false},
    {"mean, base last", F64, SPEC_FOLD_MEAN_THEN_BASE, SPEC_CATEGORY_SIGN, 100, 2, 30, 8, 99,
     .nans = true},
    {"least", F32, SPEC_FOLD_MIN, SPEC_CATEGORY_SIGN, 8, 2, 30, 8, 99, .sets = false},
    {"greatest", F64, SPEC_FOLD_MAX, SPEC_CATEGORY_SIGN, 8, 2, 30, 8, 99, .sets = false},
    {"one feature", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 1, 1, 10, 9, 200, .sets = false},
    {"31, 32 columns", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 16, 1, 10, 9, 200, .nans = true,
     .mends = true},
    {"64 columns", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 64, 1, 10, 9, 200, .sets = false},
    {"65 columns", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 65, 1, 10, 9, 200, .nans = true},
    {"129 columns", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 129, 1, 10, 9, 200, .nans = true},
    {"257 columns", F64, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 257, 1, 10, 9, 200, .nans = true},
    {"5000 features", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 5000, 1, 10, 9, 200,
     .nans = true},
    {"one leaf each", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 3, 1, 10, 0, 1, .sets = false},
    {"one tree", F64, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 3, 1, 1, 4, 31, .sets = false},
    {"1100 trees", F32, SPEC_FOLD_SUM, SPEC_CATEGORY_SIGN, 12, 1, 1100, 5, 31, .nans = true},
    {"a deep chain", MIX, SPEC_FOLD_MEAN, SPEC_CATEGORY_SIGN, 3, 2, 3, 100000, 4001,
     .wide = true, .chain = true},
};

static void equals_the_definition(void **state)
{
    uint64_t seed;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (seed = 1; seed <= 4; seed++)
            check_kind(&kinds[i], seed);
}

static void refuses_a_kernel_that_there_is_not(void **state)
{
    const char *before = walk_used();

    (void)state;
    assert_false(walk_use("abacus"));
    assert_string_equal(walk_used(), before);
}

static void has_a_kernel_for_every_machine(void **state)
{
    (void)state;
    assert_true(walk_use("portable"));
    assert_string_equal(walk_used(), "portable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_kernel_that_there_is_not),
        cmocka_unit_test(has_a_kernel_for_every_machine),
        cmocka_unit_test(equals_the_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
