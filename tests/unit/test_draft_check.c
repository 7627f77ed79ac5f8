/* draft_check(): what is no forest is refused with its place, and what is one is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "forest/draft.h"

/*
 * A root over a split over two leaves, and a leaf; the second split has a set.  Made anew
 * for each test, so that a test may spoil any part.
 */
struct made {
    struct draft draft;
    struct draft_feature features[2];
    struct draft_column columns[2];
    struct draft_target target;
    struct draft_tree tree;
    struct draft_node nodes[5];
    struct draft_set set;
    struct draft_linear linear[3];
    double leaves[3], base[1], weights[1];
    uint32_t words[1], used[1];
    char *labels[2], *values[2];
};

static struct made *make(void)
{
    struct made *made = calloc(1, sizeof(*made));

    made->features[0] =
        (struct draft_feature){.name = (char *)(uintptr_t) "a", .type = IMAGE_REAL};
    made->features[1] = (struct draft_feature){
        .name = (char *)(uintptr_t) "b", .type = IMAGE_CATEGORY, .n_values = 2};
    made->features[1].values = made->values;
    made->values[0] = (char *)(uintptr_t) "red";
    made->values[1] = (char *)(uintptr_t) "blue";
    made->labels[0] = (char *)(uintptr_t) "no";
    made->labels[1] = (char *)(uintptr_t) "yes";
    made->columns[0] = (struct draft_column){0, DRAFT_KEEP};
    made->columns[1] = (struct draft_column){1, DRAFT_UNKNOWN_TO_NAN};
    made->nodes[0] = (struct draft_node){.threshold = 0.5, .left = 1, .right = 2};
    made->nodes[1] = (struct draft_node){.column = 1, .left = 3, .right = 4, .set = 1};
    made->nodes[2] = (struct draft_node){.leaf = 0};
    made->nodes[3] = (struct draft_node){.leaf = 1};
    made->nodes[4] = (struct draft_node){.leaf = 2};
    made->leaves[0] = 1;
    made->leaves[1] = -0.5;
    made->words[0] = 2;
    made->set = (struct draft_set){made->words, 1};
    made->tree = (struct draft_tree){.nodes = made->nodes,
                                     .n_nodes = 5,
                                     .leaves = made->leaves,
                                     .n_leaves = 3,
                                     .width = 1,
                                     .sets = &made->set,
                                     .n_sets = 1};
    made->target = (struct draft_target){.labels = made->labels, .n_classes = 2};
    made->draft = (struct draft){.spec = {.task = SPEC_CLASSIFY,
                                          .compare = SPEC_COMPARE_F32,
                                          .sum = SPEC_SUM_F32,
                                          .fold = SPEC_FOLD_SUM,
                                          .transform = SPEC_SIGMOID_F32,
                                          .label = SPEC_LABEL_ABOVE_HALF,
                                          .category = SPEC_CATEGORY_SIGN,
                                          .n_outputs = 1,
                                          .divisor = 1,
                                          .parameter = 1},
                                 .n_features = 2,
                                 .n_columns = 2,
                                 .n_targets = 1,
                                 .n_trees = 1,
                                 .features = made->features,
                                 .columns = made->columns,
                                 .targets = &made->target,
                                 .trees = &made->tree,
                                 .base = made->base,
                                 .facts = {.source = "test"}};
    return made;
}

/* Checks the draft, frees it, and expects that part of the reason. */
static void refused(struct made *made, enum result expected, const char *part)
{
    struct reason why = {""};
    enum result result = draft_check(&made->draft, &why);

    free(made);
    if (result != expected || strstr(why.text, part) == NULL)
        fail_msg("%s: \"%s\", and not \"%s\"", result_text(result), why.text, part);
}

static void taken(struct made *made)
{
    struct reason why = {""};
    enum result result = draft_check(&made->draft, &why);

    free(made);
    if (result != RESULT_OK)
        fail_msg("refused: %s", why.text);
}

/* Spoils one thing, and has it refused as malformed. */
#define REFUSED(spoil, part)                     \
    do {                                         \
        struct made *made = make();              \
        spoil;                                   \
        refused(made, RESULT_MALFORMED, (part)); \
    } while (0)

static void a_child_that_is_none_is_refused(void **state)
{
    (void)state;
    REFUSED(made->nodes[1].right = 5, "tree 0, node 1: child 5 of 5");
    REFUSED(made->nodes[1].left = UINT32_MAX, "tree 0, node 1: child 4294967295");
}

static void what_is_no_tree_is_refused(void **state)
{
    (void)state;
    REFUSED(made->nodes[1].right = 0, "node 1: its child 0 is another's");
    REFUSED(made->nodes[1].right = 1, "node 1: its child 1 is another's");
    REFUSED(made->nodes[1].right = 3, "node 1: its child 3 is another's");
    REFUSED(made->nodes[1].right = 2, "its child 2 is another's");
    REFUSED(made->nodes[0].left = 0, "node 0: its child 0 is another's");
    REFUSED(made->tree.n_nodes = 0, "tree 0: it has no nodes");
}

static void a_split_on_what_is_not_there_is_refused(void **state)
{
    (void)state;
    REFUSED(made->nodes[0].column = 2, "node 0: column 2 of 2");
    REFUSED(made->nodes[0].threshold = NAN, "node 0: its threshold is not a number");
    REFUSED(made->nodes[0].threshold = 0.1, "node 0: its threshold 0.1");
    REFUSED(made->nodes[1].set = 2, "node 1: set 1 of 1");
    REFUSED(made->set.words = NULL, "tree 0: set 0 is not there");
    REFUSED(made->tree.sets = NULL, "tree 0: set 0 is not there");
}

static void a_leaf_that_is_not_there_or_not_finite_is_refused(void **state)
{
    (void)state;
    REFUSED(made->nodes[4].leaf = 3, "node 4: leaf 3 of 3");
    REFUSED(made->leaves[2] = INFINITY, "tree 0, leaf 2");
    REFUSED(made->leaves[1] = 0.1, "tree 0, leaf 1: 0.1");
    REFUSED(made->nodes[2].cover = NAN, "node 2: its cover");
    REFUSED(made->nodes[2].cover = -1, "node 2: its cover");
    REFUSED(made->tree.width = 2, "leaves of 2 numbers, for 1 outputs");
    REFUSED(made->tree.output = 1, "output 1 of 1");
    REFUSED(made->base[0] = 0.1, "base 0");
}

static void a_linear_leaf_of_no_feature_is_refused(void **state)
{
    (void)state;
    REFUSED(made->tree.linear = made->linear; made->linear[1].n = 1, "leaf 1: its weights");
    REFUSED(made->tree.linear = made->linear; made->linear[1].n = 1; made->used[0] = 2;
            made->linear[1].features = made->used;
            made->linear[1].weights = made->weights, "leaf 1: a weight");
    REFUSED(made->tree.linear = made->linear; made->linear[2].constant = NAN, "leaf 2");
}

static void names_that_are_none_or_twice_there_are_refused(void **state)
{
    (void)state;
    REFUSED(made->features[1].name = made->features[0].name,
            "feature name \"a\" is there twice");
    REFUSED(made->features[1].name = NULL, "feature name 1");
    REFUSED(made->features[1].name = (char *)(uintptr_t) "", "feature name 1");
    REFUSED(made->features[1].name = (char *)(uintptr_t) "\xff", "feature name 1");
    REFUSED(made->features[1].name = (char *)(uintptr_t) "x\ny", "feature name 1");
    REFUSED(made->labels[1] = made->labels[0], "label \"no\" is there twice");
    REFUSED(made->labels[0] = NULL, "label 0");
    REFUSED(made->values[1] = made->values[0], "feature 1: value \"red\" is there twice");
    REFUSED(made->features[1].type = IMAGE_REAL, "feature 1: values without categories");
    REFUSED(made->draft.facts.source = NULL, "where it comes from");
}

static void a_column_of_no_feature_is_refused(void **state)
{
    (void)state;
    REFUSED(made->columns[1].feature = 2, "column 1: feature 2 of 2");
    REFUSED(made->columns[1].mend = DRAFT_MEND__MAX, "column 1: mend");
    REFUSED(made->columns[0].mend = DRAFT_UNKNOWN_TO_NAN, "column 0: its feature has no");
}

static void a_spec_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    REFUSED(made->draft.spec.task = 0, "task 0");
    REFUSED(made->draft.spec.transform = SPEC_TRANSFORM__MAX, "transform");
    REFUSED(made->draft.spec.task = SPEC_REGRESS, "a value with classes");
    REFUSED(made->target.n_classes = 0, "there are no target 0: classes");
    REFUSED(made->draft.spec.fold = SPEC_FOLD_MEAN; made->draft.spec.divisor = 0, "divisor");
    REFUSED(made->draft.spec.parameter = NAN, "not finite");
    REFUSED(made->draft.spec.n_outputs = 0, "there are no outputs");
    REFUSED(made->draft.n_targets = 0, "there are no targets");
    REFUSED(made->draft.n_trees = 0, "there are no trees");
    REFUSED(made->draft.n_features = 0, "there are no features");
}

static void what_is_over_a_bound_is_too_big(void **state)
{
    struct made *made = make();

    (void)state;
    made->draft.n_features = IMAGE_MAX_FEATURES + 1;
    refused(made, RESULT_TOO_BIG, "65537 features");
    made = make();
    made->draft.n_trees = IMAGE_MAX_TREES + 1;
    refused(made, RESULT_TOO_BIG, "trees");
    made = make();
    made->target.n_classes = IMAGE_MAX_CLASSES + 1;
    refused(made, RESULT_TOO_BIG, "classes");
}

static void a_forest_is_taken(void **state)
{
    struct made *made = make();

    (void)state;
    taken(made);
    made = make(); /* one leaf alone; the other nodes cannot be reached and are no matter */
    made->nodes[0] = made->nodes[2];
    made->nodes[1].right = 77;
    taken(made);
    made = make(); /* thresholds may be infinite, and float64 where they are compared so */
    made->nodes[0].threshold = -INFINITY;
    taken(made);
    made = make();
    made->draft.spec.compare = SPEC_COMPARE_F64;
    made->nodes[0].threshold = 0.1;
    taken(made);
}

static void a_tree_that_is_one_long_way_needs_no_deep_stack(void **state)
{
    enum {
        DEPTH = 1 << 20
    };
    struct made *made = make();
    struct draft_node *nodes = calloc(2 * DEPTH + 1, sizeof(*nodes));
    uint32_t i;

    (void)state;
    for (i = 0; i < DEPTH; i++) {
        nodes[2 * i].left = 2 * i + 1;
        nodes[2 * i].right = 2 * i + 2;
    }
    made->tree.nodes = nodes;
    made->tree.n_nodes = 2 * DEPTH + 1;
    taken(made);
    free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_is_none_is_refused),
        cmocka_unit_test(what_is_no_tree_is_refused),
        cmocka_unit_test(a_split_on_what_is_not_there_is_refused),
        cmocka_unit_test(a_leaf_that_is_not_there_or_not_finite_is_refused),
        cmocka_unit_test(a_linear_leaf_of_no_feature_is_refused),
        cmocka_unit_test(names_that_are_none_or_twice_there_are_refused),
        cmocka_unit_test(a_column_of_no_feature_is_refused),
        cmocka_unit_test(a_spec_that_contradicts_itself_is_refused),
        cmocka_unit_test(what_is_over_a_bound_is_too_big),
        cmocka_unit_test(a_forest_is_taken),
        cmocka_unit_test(a_tree_that_is_one_long_way_needs_no_deep_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
