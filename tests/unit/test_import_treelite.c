/*
 * test_import_treelite.c: a checkpoint answers as Treelite's GTIL defines it, and what is
 * not right in one, or has no place in a draft, is refused with its place.
 */
#include "import_help.h"

#define PATH "tests/fixtures/treelite/"

/* Places in leaf.tl, which has one target, one class, one tree of one node. */
enum {
    AT_VERSION = 0,
    AT_TYPES = 12,
    AT_TREES = 14,
    AT_FEATURES = 22,
    AT_TASK = 26,
    AT_TARGETS = 28,
    AT_CLASSES = 32,
    AT_SHAPE = AT_CLASSES + 12,
    AT_TARGET_IDS = AT_SHAPE + 16,
    AT_CLASS_IDS = AT_TARGET_IDS + 12,
    AT_POST = AT_CLASS_IDS + 12,
    AT_BASE = AT_POST + 8 + 8 + 8, /* "identity", two floats */
    AT_ATTRIBUTES = AT_BASE + 16,
    AT_FIELDS = AT_ATTRIBUTES + 10,
    AT_NODES = AT_FIELDS + 4,
    AT_NODE_TYPE = AT_NODES + 5,
};

static void read_model(const char *name, struct buf *all)
{
    struct reason why = {""};

    buf_clear(all, SIZE_MAX);
    if (file_read(name, 1 << 20, all, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

/* leaf.tl with some bytes changed. */
static void refused(size_t at, const void *bytes, size_t len, const char *reason)
{
    struct buf all = {0};
    struct reason why;

    read_model(PATH "leaf.tl", &all);
    assert_true(at + len <= all.len);
    memcpy(all.data + at, bytes, len);
    if (strstr(help_import_bytes(import_treelite, all.data, all.len, &why), reason) == NULL)
        fail_msg("byte %zu: \"%s\", and not \"%s\"", at, why.text, reason);
    buf_free(&all);
}

static void refused_i32(size_t at, int32_t value, const char *reason)
{
    refused(at, &value, sizeof(value), reason);
}

static void refused_u64(size_t at, uint64_t value, const char *reason)
{
    refused(at, &value, sizeof(value), reason);
}

static void refuses_a_head_that_is_not_right(void **state)
{
    (void)state;
    refused_i32(AT_VERSION, 3, "t: byte 12: a checkpoint of Treelite 3.1; version 4 is read");
    refused(AT_TYPES, "\3\2", 2, "the type of thresholds and leaves");
    refused(AT_TYPES, "\1\1", 2, "the type of thresholds and leaves");
    refused_u64(AT_TREES, 0, "the number of trees is 0");
    refused_u64(AT_TREES, UINT64_MAX, "the number of trees is -1");
    refused_u64(AT_TREES, 2, "the length of target_id or class_id");
    refused_i32(AT_FEATURES, 0, "the number of features is 0");
    refused_i32(AT_FEATURES, INT32_MAX, "the number of features is 2147483647");
    refused(AT_TASK, "\5", 1, "the task 5 is not one that is read");
    refused_i32(AT_TARGETS, -1, "the number of targets is -1");
    refused_u64(AT_CLASSES, 2, "an array of 2 items; at most 1 are allowed here");
    refused_u64(AT_CLASSES, 0, "the length of num_class is 0");
    refused_i32(AT_CLASSES + 8, 5000, "a number of classes is 5000");
    refused_i32(AT_CLASSES + 8, 2, "the postprocessor \"identity\" for task 1 and 2 classes");
    refused_i32(AT_TARGET_IDS + 8, 1, "a target_id is 1");
    refused_i32(AT_CLASS_IDS + 8, 1, "a class_id is 1");
    refused(AT_POST + 8, "identify", 8,
            "the postprocessor \"identify\" of float64 is not one that is read");
    refused(AT_POST + 8, "softmax\0", 8, "for task 1 and 1 classes");
    refused(AT_TYPES, "\2\2", 2, "t: byte ");
    refused_u64(AT_ATTRIBUTES, UINT64_MAX, "a text of 18446744073709551615 bytes");
    refused_i32(AT_FIELDS, -1, "the number of optional fields is -1");
    refused_i32(AT_FIELDS, 1, "a text of ");
}

static void refuses_a_tree_that_is_not_right(void **state)
{
    (void)state;
    refused_i32(AT_NODES, 0, "tree 0: the number of nodes is 0");
    refused_i32(AT_NODES, 2, "tree 0: node_type has 1 items for 2 nodes");
    refused_u64(AT_NODE_TYPE, UINT64_C(1) << 40, "an array of 1099511627776 items");
    refused(AT_NODE_TYPE + 8, "\1", 1, "tree 0: node 0: feature -1 of 4");
    refused(AT_NODE_TYPE + 8, "\3", 1, "tree 0: node 0: its type is not known");
    refused_i32(AT_TARGET_IDS + 8, -1, "node 0: its leaf does not have the model's shape");
}

/* A split of operators64.tl: the first byte of an array is where its length is over. */
static size_t array_at(const struct buf *all, unsigned part, uint64_t *n)
{
    static const unsigned sizes[] = {1, 4, 4, 4, 1, 8, 8, 1, 1};
    size_t at = AT_FIELDS + 4 + 5; /* the same head as leaf.tl's, but for more trees */
    unsigned i;

    at += 2 * 4 * 7; /* eight ids of targets and of classes */
    for (i = 0;; i++) {
        memcpy(n, all->data + at, 8);
        if (i == part)
            return at + 8;
        at += 8 + *n * sizes[i];
    }
}

static void refuses_what_cannot_be_compared(void **state)
{
    const double nan_value = NAN;
    struct buf all = {0};
    struct reason why;
    uint64_t n;
    size_t at;

    (void)state;
    read_model(PATH "operators64.tl", &all);
    at = array_at(&all, 7, &n);
    all.data[at] = 1;
    assert_non_null(strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                           "tree 0: node 0: a comparison with == has no place here"));
    all.data[at] = 6;
    assert_non_null(strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                           "node 0: its comparison is not known"));
    all.data[at] = 3;
    memcpy(all.data + array_at(&all, 6, &n), &nan_value, sizeof(nan_value));
    assert_non_null(strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                           "node 0: its threshold is no number"));
    buf_free(&all);
}

static void refuses_children_that_make_no_tree(void **state)
{
    static const struct {
        int32_t child;
        const char *reason;
    } wrong[] = {{0, "node 0: its child is 0"},
                 {-1, "node 0: its child is -1"},
                 {1000000, "node 0: its child is 1000000"},
                 {2, "tree 0, node 0: its child 2 is another's child too"}};
    struct buf all = {0};
    struct reason why;
    uint64_t n;
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        read_model(PATH "operators64.tl", &all);
        memcpy(all.data + array_at(&all, 1, &n), &wrong[i].child, 4);
        if (strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                   wrong[i].reason) == NULL)
            fail_msg("\"%s\", and not \"%s\"", why.text, wrong[i].reason);
    }
    buf_free(&all);
}

/* A list that all splits share would be gone through for each of them. */
static void refuses_categories_that_two_splits_share(void **state)
{
    enum { /* of the first tree of categories32.tl, whose node 4 has all four categories */
        AT_TYPE = 191,
        AT_LIST = 887,
        AT_END = 1039
    };
    static const uint32_t list[] = {2, 31, 32, 1000};
    const uint64_t end = 4;
    struct buf all = {0};
    struct reason why;

    (void)state;
    read_model(PATH "categories32.tl", &all);
    assert_memory_equal(all.data + AT_LIST, list, sizeof(list));
    all.data[AT_TYPE] = 2;
    memcpy(all.data + AT_END, &end, sizeof(end));
    assert_non_null(strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                           "tree 0: node 4: its categories are not there"));
    buf_free(&all);
}

static void refuses_a_file_that_is_cut_or_goes_on(void **state)
{
    struct buf all = {0};
    struct reason why;
    size_t i;

    (void)state;
    read_model(PATH "leaf.tl", &all);
    for (i = 1; i < all.len; i++)
        assert_non_null(strstr(help_import_bytes(import_treelite, all.data, i, &why),
                               "the file ends here"));
    assert_string_equal(help_import_bytes(import_treelite, all.data, all.len, &why), "");
    buf_putc(&all, 0);
    assert_non_null(strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                           "something stands behind the end of the model"));
    buf_free(&all);
}

static void refuses_averages_over_different_numbers_of_trees(void **state)
{
    struct buf all = {0};
    struct reason why;

    (void)state;
    read_model(PATH "turns.tl", &all);
    all.data[AT_TASK + 1] = 1;
    assert_string_equal(help_import_bytes(import_treelite, all.data, all.len, &why), "");
    memset(all.data + AT_SHAPE + 4 + 16 + 8, 0, 4 * 6); /* all trees for the first target */
    assert_non_null(strstr(help_import_bytes(import_treelite, all.data, all.len, &why),
                           "averages over 6 and over 0 trees in one model"));
    buf_free(&all);
}

static void takes_hessians_or_counts_as_covers(void **state)
{
    struct draft draft;

    (void)state;
    help_import(import_treelite, PATH "operators.tl", &draft);
    assert_true(draft.trees[0].nodes[0].cover == 250);
    assert_string_equal(draft.facts.source, "treelite");
    draft_free(&draft);
    help_import(import_treelite, PATH "operators64.tl", &draft);
    assert_true(draft.trees[0].nodes[0].cover == 1000);
    draft_free(&draft);
}

static void answers_as_treelite(void **state)
{
    static const char *const names[] = {
        "binary",     "operators",    "operators64", "poisson",   "hinge", "ova",     "softmax",
        "categories", "categories32", "sigmoid64",   "square",    "log1p", "average", "forest",
        "outputs",    "values",       "turns",       "isolation", "leaf"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        help_fixture(import_treelite, "treelite", names[i], "tl", 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_head_that_is_not_right),
        cmocka_unit_test(refuses_a_tree_that_is_not_right),
        cmocka_unit_test(refuses_what_cannot_be_compared),
        cmocka_unit_test(refuses_children_that_make_no_tree),
        cmocka_unit_test(refuses_categories_that_two_splits_share),
        cmocka_unit_test(refuses_a_file_that_is_cut_or_goes_on),
        cmocka_unit_test(refuses_averages_over_different_numbers_of_trees),
        cmocka_unit_test(takes_hessians_or_counts_as_covers),
        cmocka_unit_test(answers_as_treelite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
