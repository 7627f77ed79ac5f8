/*
 * test_walk.c: the walk gives what going down each tree, one node at a time, gives, to
 * the last bit.
 */
#include "forest_help.h"

#include <float.h>
#include <math.h>

#include "forest/walk.h"
#include "oracle.h"

/* A threshold of the forest, its float32 neighbours, what rounds to them, or anything. */
static double value_near(const struct draft *draft, struct rng *rng)
{
    const struct draft_tree *tree = &draft->trees[rng_below(rng, draft->n_trees)];
    float t = (float)tree->nodes[rng_below(rng, tree->n_nodes)].threshold;
    static const double others[] = {0, -0.0, 1e-320, FLT_MAX, -FLT_MAX, 1e-46, 500, -1};

    switch (rng_below(rng, 6)) {
    case 0:
        return t;
    case 1:
        return nextafterf(t, INFINITY);
    case 2:
        return nextafter((double)t, INFINITY); /* above it, but not once it is a float32 */
    case 3:
        return nextafterf(t, -INFINITY);
    case 4:
        return others[rng_below(rng, 8)];
    default:
        return help_uniform(rng) * 1000;
    }
}

static void check_forest(uint32_t n_trees, uint32_t n_features, uint32_t n_classes)
{
    enum {
        ROWS = 300
    };
    struct train_options options = train_defaults;
    struct table *table = help_random_table(n_trees, 200, n_features, n_classes);
    uint32_t n_outputs = n_classes == 0 ? 1 : n_classes;
    double *rows = calloc((size_t)ROWS * n_features, sizeof(*rows));
    double *out = calloc((size_t)ROWS * n_outputs, sizeof(*out));
    double *expected = calloc(n_outputs, sizeof(*expected));
    struct rng rng = {n_features};
    struct image *image;
    struct draft draft;
    struct reason why;
    void *bytes;
    size_t i, len;

    options.trees = n_trees;
    assert_int_equal(train_forest(table, &options, &draft, &why), RESULT_OK);
    assert_int_equal(draft_pack(&draft, &bytes, &len, &why), RESULT_OK);
    image = help_prove(bytes, len);
    for (i = 0; i < (size_t)ROWS * n_features; i++)
        rows[i] = value_near(&draft, &rng);
    walk_predict(image, rows, ROWS, out);
    for (i = 0; i < ROWS; i++) {
        oracle_margins(&draft, rows + i * n_features, expected);
        assert_memory_equal(out + i * n_outputs, expected, n_outputs * sizeof(*out));
        walk_predict(image, rows + i * n_features, 1, out + i * n_outputs);
        assert_memory_equal(out + i * n_outputs, expected, n_outputs * sizeof(*out));
    }
    image_close(image);
    free(bytes);
    draft_free(&draft);
    table_free(table);
    free(rows);
    free(out);
    free(expected);
}

static void equals_the_definition_for_any_number_of_trees(void **state)
{
    uint32_t trees;

    (void)state;
    for (trees = 1; trees <= 33; trees++)
        check_forest(trees, 5, 2);
}

static void equals_the_definition_for_any_shape(void **state)
{
    (void)state;
    check_forest(10, 1, 2); /* no bits for the feature in a link */
    check_forest(10, 2, 3);
    check_forest(10, 17, 9);
    check_forest(10, 64, 2);
    check_forest(10, 5, 0);
    check_forest(3, 1, 0);
}

static void rounds_values_to_float32_before_it_compares(void **state)
{
    struct draft_node nodes[] = {
        {.threshold = 0.1F, .left = 1, .right = 2}, {.leaf = 0}, {.leaf = 1}};
    double leaves[] = {-1, 1}, row, out;
    struct draft_tree tree = {
        .nodes = nodes, .n_nodes = 3, .leaves = leaves, .n_leaves = 2, .width = 1};
    struct draft_column column = {0, DRAFT_KEEP};
    struct draft_target target = {0};
    struct draft_feature feature = {.name = (char[]){"x"}, .type = IMAGE_REAL};
    double base = 0;
    struct draft draft = {.spec = {.task = SPEC_REGRESS,
                                   .compare = SPEC_COMPARE_F32,
                                   .sum = SPEC_SUM_F64,
                                   .fold = SPEC_FOLD_MEAN,
                                   .transform = SPEC_IDENTITY,
                                   .label = SPEC_LABEL_ARGMAX,
                                   .category = SPEC_CATEGORY_SIGN,
                                   .n_outputs = 1,
                                   .divisor = 1,
                                   .parameter = 1},
                          .n_features = 1,
                          .n_columns = 1,
                          .n_targets = 1,
                          .n_trees = 1,
                          .features = &feature,
                          .columns = &column,
                          .targets = &target,
                          .trees = &tree,
                          .base = &base,
                          .facts = {.source = "test"}};
    struct image *image;
    struct reason why;
    void *bytes;
    size_t len;

    (void)state;
    assert_int_equal(draft_pack(&draft, &bytes, &len, &why), RESULT_OK);
    image = help_prove(bytes, len);
    row = 0.1F + 1e-10; /* above the threshold as a float64, equal to it as a float32 */
    assert_true(row > 0.1F);
    walk_predict(image, &row, 1, &out);
    assert_true(out == -1);
    row = nextafterf(0.1F, 1);
    walk_predict(image, &row, 1, &out);
    assert_true(out == 1);
    image_close(image);
    free(bytes);
}

static void knows_which_values_a_float32_holds(void **state)
{
    (void)state;
    assert_false(walk_value_fits(NAN));
    assert_false(walk_value_fits(INFINITY));
    assert_false(walk_value_fits(-INFINITY));
    assert_false(walk_value_fits(3.4028236e38)); /* rounds to infinity */
    assert_false(walk_value_fits(-1e300));
    assert_true(walk_value_fits(3.4028235e38)); /* rounds to FLT_MAX */
    assert_true(walk_value_fits(-FLT_MAX));
    assert_true(walk_value_fits(5e-324));
}

static void takes_the_first_of_equal_greatest(void **state)
{
    static const double values[] = {0.2, 0.4, 0.4, 0};

    (void)state;
    assert_int_equal(walk_argmax(values, 4), 1);
    assert_int_equal(walk_argmax(values, 1), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_definition_for_any_number_of_trees),
        cmocka_unit_test(equals_the_definition_for_any_shape),
        cmocka_unit_test(rounds_values_to_float32_before_it_compares),
        cmocka_unit_test(knows_which_values_a_float32_holds),
        cmocka_unit_test(takes_the_first_of_equal_greatest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
