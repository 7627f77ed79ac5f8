/*
 * test_train.c: forests of data whose best trees are known; the options hold; the bytes
 * depend on data, options and seed alone; what is said of a forest is true of it.
 */
#include "forest_help.h"

#include <math.h>

#include "oracle.h"
#include "forest/walk.h"

static struct table *table_of(const char *text, enum spec_task task)
{
    struct table *table = NULL;
    struct reason why = {""};

    if (help_table(text, "y", task, &table, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return table;
}

static void train(const struct table *table, const struct train_options *options,
                  struct draft *draft)
{
    struct reason why = {""};

    if (train_forest(table, options, draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static void check_refused(const struct train_options *options, const char *reason)
{
    struct table *table = help_random_table(1, 20, 4, 2);
    struct reason why = {""};
    struct draft draft;

    assert_int_equal(train_forest(table, options, &draft, &why), RESULT_INVALID);
    assert_string_equal(why.text, reason);
    table_free(table);
}

static void refuses_options_out_of_their_bounds(void **state)
{
    struct train_options options = train_defaults;

    (void)state;
    options.trees = 0;
    check_refused(&options, "trees is 0, must be 1 to 1048576");
    options = train_defaults;
    options.max_features = 5;
    check_refused(&options, "max-features is 5, but there are 4 features");
    options = train_defaults;
    options.min_samples_leaf = 0;
    check_refused(&options, "min-samples-leaf is 0, must be 1 or more");
    options = train_defaults;
    options.threads = 257;
    check_refused(&options, "threads is 257, must be at most 256");
}

/* Two heaps that every bag splits in one place: by hand, b <= 2. */
static void splits_in_the_middle_between_two_heaps(void **state)
{
    char text[2048], *at = text + sprintf(text, "same,b,y\n");
    struct table *table;
    struct draft draft;
    uint32_t i;

    (void)state;
    for (i = 0; i < 100; i++)
        at += sprintf(at, "5,%d,%s\n", i % 2 == 0 ? 1 : 3, i % 2 == 0 ? "no" : "yes");
    table = table_of(text, 0);
    train(table, &train_defaults, &draft);
    for (i = 0; i < draft.n_trees; i++) {
        const struct draft_tree *tree = &draft.trees[i];

        assert_int_equal(tree->n_nodes, 3);
        assert_int_equal(oracle_depth(tree), 1);
        assert_int_equal(tree->nodes[0].column, 1); /* the constant one is never it */
        assert_true(tree->nodes[0].threshold == 2);
        assert_true(tree->leaves[(size_t)2 * tree->nodes[1].leaf] == 1);
        assert_true(tree->leaves[(size_t)2 * tree->nodes[2].leaf + 1] == 1);
        assert_true(tree->nodes[0].cover == 100);
        assert_true(tree->nodes[1].cover + tree->nodes[2].cover == 100);
    }
    assert_true(draft.features[0].importance == 0);
    assert_true(draft.features[1].importance == 1);
    assert_int_equal(draft.facts.metric, IMAGE_ACCURACY);
    assert_true(draft.facts.oob_score == 1);
    assert_int_equal(draft.facts.oob_rows, 100);
    assert_int_equal(draft.facts.max_features, 1);
    draft_free(&draft);
    table_free(table);
}

/* No split of y = a xor b lowers the impurity much at first; the trees must go on. */
static void splits_on_though_the_first_split_gains_nothing(void **state)
{
    char text[2048], *at = text + sprintf(text, "a,b,y\n");
    static const double rows[] = {0, 0, 0, 1, 1, 0, 1, 1};
    struct image *image;
    struct table *table;
    double out[8];
    void *bytes;
    size_t i, len;

    (void)state;
    for (i = 0; i < 200; i++)
        at += sprintf(at, "%zu,%zu,%zu\n", i & 1, i >> 1 & 1, (i ^ i >> 1) & 1);
    table = table_of(text, 0);
    bytes = help_train(table, &train_defaults, &len);
    image = help_prove(bytes, len);
    walk_predict(image, rows, 4, out);
    assert_true(out[0] == 1 && out[3] == 1 && out[5] == 1 && out[6] == 1);
    assert_int_equal(image_depth(image), 2);
    image_close(image);
    free(bytes);
    table_free(table);
}

static void makes_one_leaf_of_what_cannot_be_split(void **state)
{
    struct table *table = table_of("a,y\n7,u\n7,v\n7,u\n7,u\n", 0);
    struct draft draft;
    uint32_t i;

    (void)state;
    train(table, &train_defaults, &draft);
    for (i = 0; i < draft.n_trees; i++) {
        assert_int_equal(draft.trees[i].n_nodes, 1);
        assert_true(draft.trees[i].leaves[0] + draft.trees[i].leaves[1] == 1);
        assert_true(fmod(draft.trees[i].leaves[0] * 4, 1) == 0); /* 4 rows were drawn */
    }
    assert_true(draft.features[0].importance == 0);
    draft_free(&draft);
    table_free(table);
}

static void gives_the_means_of_steps(void **state)
{
    char text[4096], *at = text + sprintf(text, "a,y\n");
    static const double rows[] = {0, 10, 20}, steps[] = {-1.5, 0.1, 1e6};
    struct image *image;
    struct table *table;
    double out[3];
    void *bytes;
    size_t i, len;

    (void)state;
    for (i = 0; i < 150; i++)
        at += sprintf(at, "%zu,%.17g\n", i % 3 * 10, steps[i % 3]);
    table = table_of(text, SPEC_REGRESS);
    bytes = help_train(table, &train_defaults, &len);
    image = help_prove(bytes, len);
    walk_predict(image, rows, 3, out);
    for (i = 0; i < 3; i++)
        assert_true(fabs(out[i] - steps[i]) <= 1e-12 * fabs(steps[i]));
    assert_int_equal(image_n_classes(image), 0);
    assert_int_equal(image_facts(image)->metric, IMAGE_R2);
    assert_true(image_facts(image)->oob_score > 1 - 1e-12);
    image_close(image);
    free(bytes);
    table_free(table);
}

/* Goes over the leaves of a forest: how deep, and how many rows of the table are there. */
static void check_leaves(const struct table *table, const struct draft *draft,
                         uint32_t max_depth, double min_cover)
{
    uint32_t t, i;

    for (t = 0; t < draft->n_trees; t++) {
        const struct draft_tree *tree = &draft->trees[t];

        assert_true(oracle_depth(tree) <= max_depth);
        assert_true(tree->nodes[0].cover == (double)table->n_rows);
        for (i = 0; i < tree->n_nodes; i++) {
            const struct draft_node *node = &tree->nodes[i];

            if (node->left == 0)
                assert_true(node->cover >= min_cover);
            else
                assert_true(node->cover ==
                            tree->nodes[node->left].cover + tree->nodes[node->right].cover);
        }
    }
}

static void keeps_to_depth_and_leaf_size(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(1, 500, 6, 3);
    struct draft draft;

    (void)state;
    options.max_depth = 3;
    train(table, &options, &draft);
    assert_int_equal(oracle_depth(&draft.trees[0]), 3);
    check_leaves(table, &draft, 3, 1);
    draft_free(&draft);
    options.max_depth = 0;
    options.min_samples_leaf = 20;
    train(table, &options, &draft);
    check_leaves(table, &draft, 500, 20);
    draft_free(&draft);
    table_free(table);
}

/* Without bounds each leaf is of one class, or of rows that no feature tells apart. */
static void grows_until_leaves_are_pure(void **state)
{
    struct table *table = help_random_table(2, 500, 6, 3);
    struct draft draft;
    uint32_t t, i;

    (void)state;
    train(table, &train_defaults, &draft);
    for (t = 0; t < draft.n_trees; t++)
        for (i = 0; i < draft.trees[t].n_leaves * 3; i++)
            assert_true(draft.trees[t].leaves[i] == 0 || draft.trees[t].leaves[i] == 1);
    draft_free(&draft);
    table_free(table);
}

static void check_same_bytes(uint32_t n_classes)
{
    static const unsigned threads[] = {1, 2, 4, 33};
    struct train_options options = train_defaults;
    struct table *table = help_random_table(3, 400, 7, n_classes);
    void *first = NULL, *bytes;
    size_t i, first_len = 0, len;

    options.trees = 30;
    for (i = 0; i < 4; i++) {
        options.threads = threads[i];
        bytes = help_train(table, &options, &len);
        if (i == 0) {
            first = bytes;
            first_len = len;
            continue;
        }
        assert_int_equal(len, first_len);
        assert_memory_equal(bytes, first, len);
        free(bytes);
    }
    options.seed++;
    bytes = help_train(table, &options, &len);
    assert_false(len == first_len && memcmp(bytes, first, len) == 0);
    free(bytes);
    free(first);
    table_free(table);
}

static void makes_the_same_bytes_with_any_number_of_threads(void **state)
{
    (void)state;
    check_same_bytes(2);
    check_same_bytes(5);
    check_same_bytes(0);
}

/* Whether row is in the bag of tree t: its stream begins with the bag's n draws. */
static bool in_bag(uint64_t seed, uint32_t t, uint32_t n, uint32_t row)
{
    struct rng rng = rng_stream(seed, t);
    bool found = false;
    uint32_t i;

    for (i = 0; i < n; i++)
        found = rng_below(&rng, n) == row || found;
    return found;
}

/* The row's prediction by the trees that did not see it; false if all did. */
static bool predict_oob(const struct table *table, const struct draft *draft, uint32_t row,
                        double *out)
{
    uint32_t t, k, voters = 0;

    memset(out, 0, draft->spec.n_outputs * sizeof(*out));
    for (t = 0; t < draft->n_trees; t++) {
        const struct draft_node *nodes = draft->trees[t].nodes;
        uint32_t i = 0;

        if (in_bag(draft->facts.seed, t, (uint32_t)table->n_rows, row))
            continue;
        while (nodes[i].left != 0)
            i = nodes[i].left +
                !(table->columns[nodes[i].column].values[row] <= nodes[i].threshold);
        for (k = 0; k < draft->spec.n_outputs; k++)
            out[k] += draft->trees[t].leaves[nodes[i].leaf * draft->spec.n_outputs + k];
        voters++;
    }
    for (k = 0; k < draft->spec.n_outputs; k++)
        out[k] /= voters;
    return voters != 0;
}

static void scores_rows_by_the_trees_that_did_not_see_them(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(4, 120, 5, 3);
    struct draft draft;
    uint32_t row, right = 0, rows = 0;
    double out[3];

    (void)state;
    options.trees = 4; /* so few that some rows are in every bag */
    train(table, &options, &draft);
    for (row = 0; row < 120; row++)
        if (predict_oob(table, &draft, row, out)) {
            rows++;
            right += walk_argmax(out, 3) == table->classes[row];
        }
    assert_in_range(rows, 60, 119);
    assert_int_equal(draft.facts.oob_rows, rows);
    assert_true(draft.facts.oob_score == (double)right / rows);
    draft_free(&draft);
    table_free(table);
}

static void scores_a_regression_by_r2(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(5, 120, 5, 0);
    double p[120] = {0}, mean = 0, total = 0, left = 0;
    struct draft draft;
    uint32_t row, rows = 0;

    (void)state;
    options.trees = 4;
    train(table, &options, &draft);
    for (row = 0; row < 120; row++) {
        if (!predict_oob(table, &draft, row, &p[row]))
            p[row] = NAN;
        else if (++rows > 0)
            mean += table->values[row];
    }
    mean /= rows;
    for (row = 0; row < 120; row++)
        if (!isnan(p[row])) {
            total += (table->values[row] - mean) * (table->values[row] - mean);
            left += (table->values[row] - p[row]) * (table->values[row] - p[row]);
        }
    assert_int_equal(draft.facts.oob_rows, rows);
    assert_true(fabs(draft.facts.oob_score - (1 - left / total)) < 1e-12);
    assert_true(draft.facts.oob_score > 0.5);
    draft_free(&draft);
    table_free(table);
}

static void finds_the_features_that_matter(void **state)
{
    struct table *table = help_random_table(6, 400, 6, 0); /* y = 10 a + f5 + noise */
    struct draft draft;
    double sum = 0;
    uint32_t i;

    (void)state;
    train(table, &train_defaults, &draft);
    for (i = 0; i < 6; i++)
        sum += draft.features[i].importance;
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(draft.features[5].importance > 0.9);
    assert_true(draft.features[1].importance < 0.05);
    draft_free(&draft);
    table_free(table);
}

/* Weight times Gini impurity of a node's class weights. */
static double impurity_of(const double counts[3])
{
    double weight = counts[0] + counts[1] + counts[2], sum = 0;
    int k;

    for (k = 0; k < 3; k++)
        sum += counts[k] * (1 - counts[k] / weight);
    return sum;
}

/* Adds the shares of one tree, by the definition: from its leaves up. */
static void add_importances(const struct draft_tree *tree, double *importances, uint32_t n)
{
    double(*counts)[3] = calloc(tree->n_nodes, sizeof(*counts)), *shares, sum = 0;
    uint32_t i, k;

    shares = calloc(n, sizeof(*shares));
    for (i = tree->n_nodes; i-- > 0;) {
        const struct draft_node *node = &tree->nodes[i];

        for (k = 0; k < 3; k++)
            counts[i][k] = node->left == 0
                               ? node->cover * tree->leaves[(size_t)node->leaf * 3 + k]
                               : counts[node->left][k] + counts[node->left + 1][k];
        if (node->left != 0)
            shares[node->column] += impurity_of(counts[i]) - impurity_of(counts[node->left]) -
                                    impurity_of(counts[node->left + 1]);
    }
    for (i = 0; i < n; i++)
        sum += shares[i];
    for (i = 0; i < n; i++)
        importances[i] += shares[i] / sum;
    free(counts);
    free(shares);
}

static void shares_importance_by_the_impurity_lowered(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(8, 300, 5, 3);
    double expected[5] = {0};
    struct draft draft;
    uint32_t i;

    (void)state;
    options.trees = 10;
    options.min_samples_leaf = 3; /* so that leaves are not all pure */
    train(table, &options, &draft);
    for (i = 0; i < 10; i++)
        add_importances(&draft.trees[i], expected, 5);
    for (i = 0; i < 5; i++)
        assert_true(fabs(draft.features[i].importance - expected[i] / 10) < 1e-9);
    draft_free(&draft);
    table_free(table);
}

static unsigned calls;

static void count_calls(void *arg, unsigned done, unsigned total)
{
    calls++;
    assert_int_equal(done, calls);
    assert_int_equal(total, 30);
    assert_ptr_equal(arg, &calls);
}

static void tells_of_every_tree_once(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(7, 100, 4, 2);
    struct draft draft;

    (void)state;
    options.trees = 30;
    options.threads = 4;
    options.progress = count_calls;
    options.arg = &calls;
    train(table, &options, &draft);
    assert_int_equal(calls, 30);
    draft_free(&draft);
    table_free(table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_options_out_of_their_bounds),
        cmocka_unit_test(splits_in_the_middle_between_two_heaps),
        cmocka_unit_test(splits_on_though_the_first_split_gains_nothing),
        cmocka_unit_test(makes_one_leaf_of_what_cannot_be_split),
        cmocka_unit_test(gives_the_means_of_steps),
        cmocka_unit_test(keeps_to_depth_and_leaf_size),
        cmocka_unit_test(grows_until_leaves_are_pure),
        cmocka_unit_test(makes_the_same_bytes_with_any_number_of_threads),
        cmocka_unit_test(scores_rows_by_the_trees_that_did_not_see_them),
        cmocka_unit_test(scores_a_regression_by_r2),
        cmocka_unit_test(finds_the_features_that_matter),
        cmocka_unit_test(shares_importance_by_the_impurity_lowered),
        cmocka_unit_test(tells_of_every_tree_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
