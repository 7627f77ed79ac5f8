/*
 * test_split.c: the best split is the best by definition: impurities of every split of
 * random nodes, computed one by one.
 */
#include "forest_help.h"

#include <math.h>

#include "forest/ranks.h"
#include "forest/split.h"

enum {
    MAX_ROWS = 200,
    MAX_CLASSES = 7
};

/* A node, and one feature of it. */
struct scene {
    size_t n, min_leaf;
    uint32_t n_classes; /* 0: values */
    uint16_t ranks[MAX_ROWS];
    uint32_t weights[MAX_ROWS], classes[MAX_ROWS];
    double values[MAX_ROWS], weighted[MAX_ROWS];
};

static void make_scene(struct scene *scene, struct rng *rng, uint32_t n_classes)
{
    uint32_t n_ranks = rng_below(rng, 2) != 0 ? 4 : 65536;
    size_t i;

    scene->n = 2 + rng_below(rng, MAX_ROWS - 1);
    scene->min_leaf = 1 + rng_below(rng, 3);
    scene->n_classes = n_classes;
    for (i = 0; i < scene->n; i++) {
        scene->ranks[i] = (uint16_t)rng_below(rng, n_ranks);
        scene->weights[i] = 1 + rng_below(rng, 4);
        scene->classes[i] = n_classes != 0 ? rng_below(rng, n_classes) : 0;
        scene->values[i] = help_uniform(rng) * 100 - 50 + scene->ranks[i] * 1e-3;
        scene->weighted[i] = scene->values[i] * scene->weights[i];
    }
}

/* W I of the rows on one side of a rank: I is Gini impurity, or the variance. */
static double impurity_of(const struct scene *scene, uint32_t rank, bool left, size_t *rows)
{
    double classes[MAX_CLASSES] = {0}, weight = 0, mean = 0, sum = 0;
    size_t i;

    *rows = 0;
    for (i = 0; i < scene->n; i++)
        if ((scene->ranks[i] <= rank) == left) {
            ++*rows;
            weight += scene->weights[i];
            mean += scene->weighted[i];
            classes[scene->classes[i]] += scene->weights[i];
        }
    mean /= weight;
    for (i = 0; i < scene->n_classes; i++)
        sum += classes[i] / weight * (1 - classes[i] / weight) * weight;
    for (i = 0; i < scene->n && scene->n_classes == 0; i++)
        if ((scene->ranks[i] <= rank) == left)
            sum += scene->weights[i] * (scene->values[i] - mean) * (scene->values[i] - mean);
    return sum;
}

/* What the split at that rank leaves; infinite if it is none that is allowed. */
static double left_by(const struct scene *scene, uint32_t rank)
{
    size_t on_left, on_right;
    double sum = impurity_of(scene, rank, true, &on_left);

    if (on_left == scene->n)
        return INFINITY;
    sum += impurity_of(scene, rank, false, &on_right);
    return on_left < scene->min_leaf || on_right < scene->min_leaf ? INFINITY : sum;
}

static void split_scene(const struct scene *scene, struct split *best)
{
    struct ranks ranks = {.narrow = (uint16_t *)scene->ranks};
    struct sample samples[MAX_ROWS];
    uint64_t counts[MAX_CLASSES] = {0};
    struct node_rows node = {.samples = samples, .n = scene->n, .counts = counts};
    struct splitter splitter;
    size_t i;

    assert_int_equal(splitter_open(&splitter, scene->n, scene->n_classes, scene->min_leaf),
                     RESULT_OK);
    splitter.weights = scene->weights;
    splitter.values = scene->weighted;
    for (i = 0; i < scene->n; i++) {
        samples[i].row = (uint32_t)i;
        samples[i].load =
            scene->n_classes != 0 ? scene->classes[i] << 16 | scene->weights[i] : (uint32_t)i;
        counts[scene->classes[i]] += scene->weights[i];
        node.weight += scene->weights[i];
        node.sum += scene->weighted[i];
    }
    splitter_try(&splitter, &node, 3, &ranks, best);
    splitter_close(&splitter);
}

static void check_scene(const struct scene *scene)
{
    struct split best = {.feature = UINT32_MAX, .score = -1};
    double least = INFINITY, left;
    size_t i;

    split_scene(scene, &best);
    for (i = 0; i < scene->n; i++) {
        left = left_by(scene, scene->ranks[i]);
        least = left < least ? left : least;
    }
    assert_int_equal(best.feature, isinf(least) ? UINT32_MAX : 3);
    if (isinf(least))
        return;
    assert_true(left_by(scene, best.left) <= least * (1 + 1e-9) + 1e-9);
    for (i = 0; i < scene->n; i++) /* the two ranks are in the node, and none between them */
        assert_true(scene->ranks[i] <= best.left || scene->ranks[i] >= best.right);
}

static void finds_the_least_impurity_of_two_classes(void **state)
{
    struct rng rng = {1};
    struct scene scene;
    int i;

    (void)state;
    for (i = 0; i < 500; i++) {
        make_scene(&scene, &rng, 2);
        check_scene(&scene);
    }
}

static void finds_the_least_impurity_of_many_classes(void **state)
{
    struct rng rng = {2};
    struct scene scene;
    int i;

    (void)state;
    for (i = 0; i < 500; i++) {
        make_scene(&scene, &rng, 3 + rng_below(&rng, MAX_CLASSES - 2));
        check_scene(&scene);
    }
}

static void finds_the_least_variance(void **state)
{
    struct rng rng = {3};
    struct scene scene;
    int i;

    (void)state;
    for (i = 0; i < 500; i++) {
        make_scene(&scene, &rng, 0);
        check_scene(&scene);
    }
}

static void leaves_a_better_split_of_another_feature_alone(void **state)
{
    struct split best = {.feature = 1, .left = 8, .right = 9, .score = 1e300};
    struct rng rng = {4};
    struct scene scene;

    (void)state;
    make_scene(&scene, &rng, 2);
    split_scene(&scene, &best);
    assert_int_equal(best.feature, 1);
    assert_int_equal(best.left, 8);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_least_impurity_of_two_classes),
        cmocka_unit_test(finds_the_least_impurity_of_many_classes),
        cmocka_unit_test(finds_the_least_variance),
        cmocka_unit_test(leaves_a_better_split_of_another_feature_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
