/*
 * test_shap.c: the contributions are the Shapley values by their definition: the mean,
 * over all orders of the features, of what each changes when it becomes known.
 */
#include "forest_help.h"

#include <math.h>

#include "forest/quadrature.h"
#include "forest/shap.h"

enum {
    NODES = 4096,
    PLAYERS = 12,
    OUTPUTS = 3
};

/* A tree as the test makes it, in preorder; right[i] is where the right side of i begins. */
struct grown {
    struct shap_node nodes[NODES];
    uint32_t right[NODES];
    double leaves[NODES][OUTPUTS];
    uint32_t words[NODES];
    uint32_t n, players;
};

/* Grows a tree of random splits; half of the ways end early, some shares are 0 or 1. */
static void grow(struct grown *tree, struct rng *rng, uint32_t level, uint32_t depth,
                 double share)
{
    const uint32_t at = tree->n++;
    struct shap_node *node = &tree->nodes[at];
    double left;
    uint32_t k;

    assert_true(at < NODES);
    *node = (struct shap_node){.share = share, .level = level};
    if (level == depth || (level > 1 && rng_below(rng, 4) == 0) || tree->n > NODES / 2) {
        node->leaf = tree->leaves[at];
        for (k = 0; k < OUTPUTS; k++)
            tree->leaves[at][k] = help_uniform(rng) * 20 - 10;
        return;
    }
    node->feature = rng_below(rng, tree->players);
    node->mend = DRAFT_KEEP;
    node->threshold = help_uniform(rng);
    node->nan_left = rng_below(rng, 2);
    if (rng_below(rng, 4) == 0) {
        tree->words[at] = (uint32_t)rng_next(rng);
        node->words = &tree->words[at];
        node->n_words = 1;
    }
    left = rng_below(rng, 8) == 0 ? (double)rng_below(rng, 2) : help_uniform(rng);
    grow(tree, rng, level + 1, depth, left);
    tree->right[at] = tree->n;
    grow(tree, rng, level + 1, depth, 1 - left);
}

static bool goes_left(const struct shap_node *node, const double *values)
{
    double value = values[node->feature];

    if (isnan(value))
        return node->nan_left;
    if (node->words != NULL)
        return value >= 0 && value < 32 && (*node->words >> (unsigned)value & 1) != 0;
    return value <= node->threshold;
}

/* What the tree answers while the features of the set are known. */
static void expect(const struct grown *tree, uint32_t at, const double *values, unsigned set,
                   double weight, double *out)
{
    const struct shap_node *node = &tree->nodes[at];
    uint32_t right = tree->right[at], k;

    if (node->leaf != NULL) {
        for (k = 0; k < OUTPUTS; k++)
            out[k] += weight * node->leaf[k];
    } else if (set >> node->feature & 1) {
        expect(tree, goes_left(node, values) ? at + 1 : right, values, set, weight, out);
    } else {
        expect(tree, at + 1, values, set, weight * tree->nodes[at + 1].share, out);
        expect(tree, right, values, set, weight * tree->nodes[right].share, out);
    }
}

/* Shapley's formula over all sets: |S|! (d - |S| - 1)! / d! for each. */
static void define(const struct grown *tree, const double *values, double *phi)
{
    const uint32_t d = tree->players;
    double(*worth)[OUTPUTS] = calloc((size_t)1 << d, sizeof(*worth));
    unsigned set, f, k;

    memset(phi, 0, d * OUTPUTS * sizeof(*phi));
    for (set = 0; set < 1U << d; set++)
        expect(tree, 0, values, set, 1, worth[set]);
    for (set = 0; set < 1U << d; set++)
        for (f = 0; f < d; f++)
            for (k = 0; !(set >> f & 1) && k < OUTPUTS; k++) {
                int size = __builtin_popcount(set);

                phi[k * d + f] += (worth[set | 1U << f][k] - worth[set][k]) * tgamma(size + 1) *
                                  tgamma((int)d - size) / tgamma(d + 1);
            }
    free(worth);
}

static const struct spec spec = {.compare = SPEC_COMPARE_F64, .category = SPEC_CATEGORY_SIGN};

static struct shap *shap_for(uint32_t levels, uint32_t features)
{
    struct reason why = {""};
    struct shap *shap = NULL;

    if (shap_new(levels, features, &spec, &shap, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return shap;
}

static void assert_close(const double *got, const double *expected, size_t n, double off)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= off))
            fail_msg("value %zu is %.17g where %.17g is right", i, got[i], expected[i]);
}

static void random_values(struct rng *rng, double *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        values[i] = help_uniform(rng) * 1.2 - 0.1;
        if (rng_below(rng, 3) == 0)
            values[i] = rng_below(rng, 40);
        else if (rng_below(rng, 6) == 0)
            values[i] = NAN;
    }
}

/* Trees of one shape against the definition, all outputs at once and one alone. */
static void check(uint32_t players, uint32_t depth, uint32_t trees)
{
    struct grown *tree = malloc(sizeof(*tree));
    double values[PLAYERS], phi[PLAYERS * OUTPUTS], expected[PLAYERS * OUTPUTS];
    struct shap *shap = shap_for(depth, players);
    struct rng rng = {players * 100 + depth};

    for (uint32_t t = 0; t < trees; t++) {
        memset(tree, 0, sizeof(*tree));
        tree->players = players;
        grow(tree, &rng, 0, depth, 1);
        random_values(&rng, values, players);
        define(tree, values, expected);
        memset(phi, 0, sizeof(phi));
        shap_begin(shap, depth < players ? depth : players);
        shap_add(shap, tree->nodes, tree->n,
                 &(struct shap_row){
                     .values = values, .width = OUTPUTS, .phi = phi, .stride = players});
        assert_close(phi, expected, (size_t)players * OUTPUTS, 1e-12);
        for (uint32_t width = 1; width < OUTPUTS; width++) {
            memset(phi, 0, sizeof(phi));
            shap_begin(shap, depth < players ? depth : players);
            shap_add(shap, tree->nodes, tree->n,
                     &(struct shap_row){
                         .values = values, .width = width, .phi = phi, .stride = players});
            assert_close(phi, expected, (size_t)players * width, 1e-12);
        }
    }
    shap_free(shap);
    free(tree);
}

static void equal_the_definition_for_few_features(void **state)
{
    (void)state;
    check(1, 0, 3);
    check(1, 5, 40);
    check(2, 6, 40);
    check(3, 8, 40);
    check(5, 5, 40);
}

static void equal_the_definition_for_twelve_features(void **state)
{
    (void)state;
    check(9, 9, 8);
    check(12, 7, 8);
    check(12, 16, 2);
}

static void ways_with_many_features_need_more_points_and_get_them(void **state)
{
    enum {
        LEVELS = 200
    };
    struct shap_node nodes[2 * LEVELS + 1];
    double values[LEVELS], phi[LEVELS] = {0}, sum = 0, expected = 0;
    const double one = 1, zero = 0;
    struct shap *shap = shap_for(LEVELS, LEVELS);
    uint32_t i;

    (void)state;
    /* A chain: at each level a feature of its own; only the row's way ends in 1. */
    for (i = 0; i < LEVELS; i++) {
        nodes[i] = (struct shap_node){.share = i == 0 ? 1 : 0.5,
                                      .mend = DRAFT_KEEP,
                                      .threshold = 0.5,
                                      .feature = i,
                                      .level = i};
        nodes[2 * LEVELS - i] = (struct shap_node){.share = 0.5, .leaf = &zero, .level = i + 1};
    }
    nodes[LEVELS] = (struct shap_node){.share = 0.5, .leaf = &one, .level = LEVELS};
    memset(values, 0, sizeof(values));
    shap_begin(shap, LEVELS);
    shap_add(shap, nodes, 2 * LEVELS + 1,
             &(struct shap_row){.values = values, .width = 1, .phi = phi, .stride = LEVELS});
    /* All features are alike, and together they make 1 of 2^-200. */
    expected = 1.0 / LEVELS;
    for (i = 0; i < LEVELS; i++) {
        sum += phi[i];
        if (!(fabs(phi[i] - expected) < 1e-15))
            fail_msg("feature %u has %.17g", i, phi[i]);
    }
    assert_true(fabs(sum - 1) < 1e-12);
    shap_free(shap);
}

static void add_up_to_the_answer_less_the_mean(void **state)
{
    struct grown *tree = malloc(sizeof(*tree));
    double values[64], phi[64], sum, known[OUTPUTS], unknown[OUTPUTS];
    struct rng rng = {7};
    struct shap *shap = shap_for(40, 30);

    (void)state;
    for (uint32_t t = 0; t < 50; t++) {
        memset(tree, 0, sizeof(*tree));
        memset(phi, 0, sizeof(phi));
        memset(known, 0, sizeof(known));
        memset(unknown, 0, sizeof(unknown));
        tree->players = 30;
        grow(tree, &rng, 0, 40, 1);
        random_values(&rng, values, 30);
        shap_begin(shap, 30);
        shap_add(shap, tree->nodes, tree->n,
                 &(struct shap_row){.values = values, .width = 1, .phi = phi, .stride = 30});
        sum = 0;
        for (uint32_t f = 0; f < 30; f++)
            sum += phi[f];
        expect(tree, 0, values, UINT32_MAX, 1, known);
        expect(tree, 0, values, 0, 1, unknown);
        assert_close(&sum, &(double){known[0] - unknown[0]}, 1, 1e-12);
    }
    shap_free(shap);
    free(tree);
}

static void a_tree_may_come_in_pieces(void **state)
{
    struct grown *tree = calloc(1, sizeof(*tree));
    double values[6], whole[6] = {0}, pieces[6] = {0};
    struct shap *shap = shap_for(10, 6);
    struct rng rng = {3};

    (void)state;
    tree->players = 6;
    grow(tree, &rng, 0, 10, 1);
    random_values(&rng, values, 6);
    shap_begin(shap, 6);
    shap_add(shap, tree->nodes, tree->n,
             &(struct shap_row){.values = values, .width = 1, .phi = whole, .stride = 6});
    shap_begin(shap, 6);
    for (uint32_t i = 0; i < tree->n; i += 3)
        shap_add(shap, tree->nodes + i, tree->n - i < 3 ? tree->n - i : 3,
                 &(struct shap_row){.values = values, .width = 1, .phi = pieces, .stride = 6});
    assert_true(tree->n > 20);
    assert_memory_equal(whole, pieces, sizeof(whole));
    shap_free(shap);
    free(tree);
}

static void columns_of_one_feature_are_one_player(void **state)
{
    /* Two splits on the feature, which is mended for one of them: it has all of the change. */
    const double a = 1, b = 2, c = 4;
    const struct shap_node nodes[] = {
        {.share = 1, .threshold = 0, .mend = DRAFT_KEEP, .feature = 0, .level = 0},
        {.share = 0.25, .leaf = &a, .level = 1},
        {.share = 0.75, .threshold = 0, .mend = DRAFT_NAN_TO_ZERO, .feature = 0, .level = 1},
        {.share = 0.5, .leaf = &b, .level = 2},
        {.share = 0.5, .leaf = &c, .level = 2},
    };
    const double values[] = {NAN, 1};
    double phi[2] = {0, 0};
    struct shap *shap = shap_for(2, 2);

    (void)state;
    shap_begin(shap, 1);
    shap_add(shap, nodes, 5,
             &(struct shap_row){.values = values, .width = 1, .phi = phi, .stride = 2});
    assert_close(phi, (double[]){2 - (0.25 * 1 + 0.375 * 2 + 0.375 * 4), 0}, 2, 1e-14);
    shap_free(shap);
}

static void the_rule_is_exact_for_powers(void **state)
{
    double t[128], weights[128];

    (void)state;
    for (unsigned n = 1; n <= 128; n++) {
        quadrature_make(n, t, weights);
        for (unsigned power = 0; power < 2 * n; power++) {
            double sum = 0;

            for (unsigned i = 0; i < n; i++)
                sum += weights[i] * pow(t[i], power);
            if (!(fabs(sum * (power + 1) - 1) < 1e-13))
                fail_msg("n %u, power %u: %.17g", n, power, sum);
        }
    }
}

static void refuses_trees_that_are_too_deep_for_its_memory(void **state)
{
    struct reason why = {""};
    struct shap *shap = NULL;

    (void)state;
    assert_int_equal(shap_new(100000000, 4, &spec, &shap, &why), RESULT_TOO_BIG);
    assert_null(shap);
    assert_string_equal(why.text, "the trees are too deep (100000000 splits) to explain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_trees_that_are_too_deep_for_its_memory),
        cmocka_unit_test(the_rule_is_exact_for_powers),
        cmocka_unit_test(equal_the_definition_for_few_features),
        cmocka_unit_test(equal_the_definition_for_twelve_features),
        cmocka_unit_test(add_up_to_the_answer_less_the_mean),
        cmocka_unit_test(ways_with_many_features_need_more_points_and_get_them),
        cmocka_unit_test(a_tree_may_come_in_pieces),
        cmocka_unit_test(columns_of_one_feature_are_one_player),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
