/*
 * test_explain.c: explanations of whole forests are Shapley's values by their definition,
 * worked out here on the draft, and sum to the margins.
 */
#include "forest_help.h"

#include <math.h>

#include "forest/explain.h"
#include "forest/walk.h"
#include "oracle.h"

/* A forest, its image and an explanation of it. */
struct made {
    struct draft draft;
    void *bytes;
    struct image *image;
    struct explain *explain;
};

static void make(struct made *made, uint32_t trees, size_t rows, uint32_t features,
                 uint32_t classes)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(trees + classes, rows, features, classes);
    struct reason why = {""};
    size_t len = 0;

    options.trees = trees;
    memset(made, 0, sizeof(*made));
    if (train_forest(table, &options, &made->draft, &why) != RESULT_OK ||
        draft_pack(&made->draft, &made->bytes, &len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    made->image = help_prove(made->bytes, len);
    if (explain_new(made->image, &made->explain, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    table_free(table);
}

static void unmake(struct made *made)
{
    explain_free(made->explain);
    image_close(made->image);
    free(made->bytes);
    draft_free(&made->draft);
}

/* What a tree answers while only the features of the set are known. */
static void expect(const struct draft *draft, const struct draft_tree *tree, uint32_t at,
                   const double *row, unsigned set, double weight, double *out)
{
    const struct draft_node *node = &tree->nodes[at];
    double left, right;
    uint32_t k;

    if (node->left == 0) {
        for (k = 0; k < tree->width; k++)
            out[tree->output + k] +=
                weight * tree->leaves[(size_t)node->leaf * tree->width + k];
    } else if (set >> node->column & 1) {
        expect(draft, tree,
               (float)row[node->column] <= node->threshold ? node->left : node->right, row, set,
               weight, out);
    } else {
        left = tree->nodes[node->left].cover;
        right = tree->nodes[node->right].cover;
        expect(draft, tree, node->left, row, set, weight * left / (left + right), out);
        expect(draft, tree, node->right, row, set, weight * right / (left + right), out);
    }
}

/* Shapley's formula; out is n_outputs x (d + 1), the answer while nothing is known last. */
static void define(const struct draft *draft, const double *row, double *out)
{
    const uint32_t d = draft->n_features, outputs = draft->spec.n_outputs;
    double *worth = calloc(((size_t)1 << d) * outputs, sizeof(*worth));
    unsigned set, f, k, t;

    memset(out, 0, (size_t)outputs * (d + 1) * sizeof(*out));
    for (set = 0; set < 1U << d; set++)
        for (t = 0; t < draft->n_trees; t++)
            expect(draft, &draft->trees[t], 0, row, set, 1 / draft->spec.divisor,
                   worth + (size_t)set * outputs);
    for (set = 0; set < 1U << d; set++)
        for (f = 0; f < d; f++)
            for (k = 0; !(set >> f & 1) && k < outputs; k++) {
                int size = __builtin_popcount(set);
                double gain = worth[(size_t)(set | 1U << f) * outputs + k] -
                              worth[(size_t)set * outputs + k];

                out[k * (d + 1) + f] +=
                    gain * tgamma(size + 1) * tgamma((int)d - size) / tgamma(d + 1);
            }
    for (k = 0; k < outputs; k++)
        out[k * (d + 1) + d] = worth[k];
    free(worth);
}

static void rows_make(struct rng *rng, double *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rows[i] = rng_below(rng, 2) ? rng_below(rng, 8) : 1000 * help_uniform(rng);
}

static void assert_close(const double *got, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-12 * (1 + fabs(expected[i]))))
            fail_msg("value %zu is %.17g where %.17g is right", i, got[i], expected[i]);
}

static void check_sums(const struct made *made, const double *row, const double *margins,
                       const double *out)
{
    const uint32_t outputs = made->draft.spec.n_outputs, width = made->draft.n_features + 1;
    double *right = calloc(outputs, sizeof(*right)), sum;

    oracle_margins(&made->draft, row, right);
    assert_memory_equal(margins, right, outputs * sizeof(*right));
    for (uint32_t k = 0; k < outputs; k++) {
        sum = 0;
        for (uint32_t f = 0; f < width; f++)
            sum += out[k * width + f];
        assert_close(&sum, &right[k], 1);
    }
    free(right);
}

static void check(uint32_t trees, size_t table_rows, uint32_t features, uint32_t classes,
                  size_t n)
{
    struct made made;
    struct reason why = {""};
    struct rng rng = {features};
    double *rows, *out, *margins, *expected;
    size_t each;

    make(&made, trees, table_rows, features, classes);
    each = (size_t)made.draft.spec.n_outputs * (features + 1);
    rows = calloc(n * features, sizeof(*rows));
    out = calloc(n * each, sizeof(*out));
    margins = calloc(n * made.draft.spec.n_outputs, sizeof(*margins));
    expected = calloc(each, sizeof(*expected));
    rows_make(&rng, rows, n * features);
    walk_predict(made.image, rows, n, margins);
    if (explain_rows(made.explain, &(struct explain_rows){rows, n, margins, NULL}, out, &why) !=
        RESULT_OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < n; i++) {
        check_sums(&made, rows + i * features, margins + i * made.draft.spec.n_outputs,
                   out + i * each);
        if (i % (n / 2) != 0) /* the definition takes its time */
            continue;
        define(&made.draft, rows + i * features, expected);
        assert_close(out + i * each, expected, each);
    }
    unmake(&made);
    free(rows);
    free(out);
    free(margins);
    free(expected);
}

static void equal_the_definition(void **state)
{
    (void)state;
    check(5, 100, 5, 0, 4);
    check(5, 100, 4, 2, 4);
    check(4, 100, 6, 3, 4);
    check(2, 200, 11, 0, 2);
    check(3, 100, 1, 2, 4);
}

static void many_outputs_are_done_in_lots(void **state)
{
    (void)state;
    check(3, 200, 5, 8, 4);
    check(3, 200, 5, 9, 4);
    check(3, 300, 4, 21, 4);
}

static void many_rows_are_done_in_blocks(void **state)
{
    (void)state;
    check(3, 100, 4, 2, 200);
}

static void large_trees_are_read_in_pieces(void **state)
{
    (void)state;
    check(2, 14000, 5, 0, 2);
}

static void one_output_of_each_row_is_explained_as_all_are(void **state)
{
    enum {
        FEATURES = 5,
        CLASSES = 11,
        WIDTH = FEATURES + 1,
        ROWS = 70
    };
    double rows[ROWS * FEATURES], margins[ROWS * CLASSES], all[ROWS * CLASSES * WIDTH],
        some[ROWS * WIDTH];
    struct explain_rows what = {rows, ROWS, margins, NULL};
    uint32_t which[ROWS];
    struct reason why;
    struct rng rng = {1};
    struct made made;

    (void)state;
    for (unsigned large = 0; large < 2; large++) {
        make(&made, 4, large ? 16000 : 300, FEATURES, CLASSES);
        assert_int_equal(made.draft.trees[0].n_nodes > 8192, large);
        rows_make(&rng, rows, ROWS * FEATURES);
        walk_predict(made.image, rows, ROWS, margins);
        what.which = NULL;
        assert_int_equal(explain_rows(made.explain, &what, all, &why), RESULT_OK);
        for (uint32_t i = 0; i < ROWS; i++)
            which[i] = rng_below(&rng, CLASSES);
        what.which = which;
        assert_int_equal(explain_rows(made.explain, &what, some, &why), RESULT_OK);
        for (size_t i = 0; i < ROWS; i++)
            assert_close(some + i * WIDTH, all + (i * CLASSES + which[i]) * WIDTH, WIDTH);
        unmake(&made);
    }
}

static void refuses_a_forest_without_covers(void **state)
{
    struct made made;
    struct reason why = {""};
    double row[3] = {0}, margin = 0, out[4];
    size_t len;

    (void)state;
    make(&made, 2, 50, 3, 0);
    explain_free(made.explain);
    image_close(made.image);
    free(made.bytes);
    for (uint32_t t = 0; t < made.draft.n_trees; t++)
        for (uint32_t i = 0; i < made.draft.trees[t].n_nodes; i++)
            made.draft.trees[t].nodes[i].cover = 0;
    assert_int_equal(draft_pack(&made.draft, &made.bytes, &len, &why), RESULT_OK);
    made.image = help_prove(made.bytes, len);
    assert_int_equal(explain_new(made.image, &made.explain, &why), RESULT_OK);
    assert_int_equal(
        explain_rows(made.explain, &(struct explain_rows){row, 1, &margin, NULL}, out, &why),
        RESULT_INVALID);
    assert_non_null(strstr(why.text, "it does not tell how many training rows came"));
    unmake(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_forest_without_covers),
        cmocka_unit_test(equal_the_definition),
        cmocka_unit_test(many_outputs_are_done_in_lots),
        cmocka_unit_test(many_rows_are_done_in_blocks),
        cmocka_unit_test(large_trees_are_read_in_pieces),
        cmocka_unit_test(one_output_of_each_row_is_explained_as_all_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
