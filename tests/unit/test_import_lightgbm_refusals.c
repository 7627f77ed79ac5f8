/*
 * test_import_lightgbm_refusals.c: what is no model of LightGBM is refused by the line and
 * the name of what is wrong.
 */
#include "lightgbm_help.h"

struct change {
    const char *from, *to;
    const char *why; /* behind "m.txt:" */
    enum result result;
};

static const struct change changes[] = {
    {"tree\n", "tres\n", "1: no text model of LightGBM: the first line is not \"tree\"", 0},
    {"v4", "v5", "2: version is \"v5\"; v2, v3 and v4 are known", RESULT_INVALID},
    {"v4", "v1", "2: version is \"v1\"; v2, v3 and v4 are known", RESULT_INVALID},
    {"version=v4\n", "", "11: the head above has no version", 0},
    {"feature_infos", "feature_info", "12: the head above has no feature_infos", 0},
    {"label_index=0", "num_class=1", "5: num_class is there twice", 0},
    {"iteration=1", "iteration=0", "12: the head above has no trees in a round", 0},
    {"iteration=1", "iteration=2",
     "7: objective: regression has one tree in a round, and num_tree_per_iteration is 2",
     RESULT_INVALID},
    {"num_class=1", "num_class=x", "3: num_class is \"x\"; it is a whole number from 0 to 4096",
     0},
    {"idx=1", "idx=65536",
     "6: max_feature_idx is \"65536\"; it is a whole number from 0 to 65535", 0},
    {"idx=1", "idx=2",
     "12: the head above has 2 feature_names and 2 feature_infos, and by max_feature_idx there "
     "are 3",
     0},
    {"=a b", "=a b c",
     "12: the head above has 3 feature_names and 2 feature_infos, and by max_feature_idx there "
     "are 2",
     0},
    {"[-1:2.5]", "[-1:2.5",
     "9: feature_infos: \"[-1:2.5\" is no range, no list of codes and not none", 0},
    {"1:0:-1:5", "1:0:a",
     "9: feature_infos: \"1:0:a\" is no range, no list of codes and not none", 0},
    {"1:0:-1:5", "1:", "9: feature_infos: \"1:\" is no range, no list of codes and not none",
     0},
    {"sizes=1 1", "sizes=1 x", "10: tree_sizes has a word that is no number", 0},
    {"sizes=1 1", "sizes=1 1 1", "42: there are 2 trees, and tree_sizes has 3", 0},
    {"objective=regression", "objective=multiclass num_class:3",
     "7: objective: num_class is 3, and num_tree_per_iteration is 1; they are the same, from 2 "
     "on",
     0},
    {"objective=regression", "objective=binary", "7: objective: binary has no sigmoid:", 0},
    {"objective=regression", "objective=binary sigmoid:-1",
     "7: objective: a bad number in the words behind the name", 0},
    {"objective=regression", "objective=binary sigmoid:1e999",
     "7: objective: a bad number in the words behind the name", 0},
    {"num_leaves=3", "num_leaves=4", "21: leaf_value has 3 numbers where there are 4", 0},
    {"num_leaves=3", "num_leaves=0", "13: num_leaves has \"0\", which cannot be there", 0},
    {"num_leaves=3", "num_leaves=1e9", "13: num_leaves has \"1e9\", which cannot be there", 0},
    {"num_leaves=3\n", "", "27: the tree above has no num_leaves", 0},
    {"num_cat=1\n", "", "27: the tree above has no num_cat", 0},
    {"split_feature=0 1", "split_feature=0 2",
     "15: split_feature: node 1 asks for feature 2 of 2", 0},
    {"split_feature=0 1", "split_feature=0 1.5",
     "15: split_feature has \"1.5\", which cannot be there", 0},
    {"threshold=0.5 0", "threshold=nan 0", "17: threshold has \"nan\", which cannot be there",
     0},
    {"threshold=0.5 0", "threshold=0.5 1",
     "17: threshold: node 1 asks for set 1 of the tree's 1", 0},
    {"threshold=0.5 0", "threshold=0.5 -1",
     "17: threshold: node 1 asks for set -1 of the tree's 1", 0},
    {"threshold=0.5 0", "threshold=0.5 0.5",
     "17: threshold: node 1 asks for set 0.5 of the tree's 1", 0},
    {"threshold=0.5 0", "threshold=0.5", "17: threshold has 1 numbers where there are 2", 0},
    {"threshold=0.5 0", "threshold=0.5 0x1", "17: threshold has \"0x1\", which cannot be there",
     0},
    {"threshold=0.5 0", "threshold=0,5 0", "17: threshold has \"0,5\", which cannot be there",
     0},
    {"threshold=0.5 0", "threshold=1e999 0",
     "17: threshold has \"1e999\", which cannot be there", 0},
    {"decision_type=2 9", "decision_type=2 12",
     "18: decision_type has \"12\", which cannot be there", 0},
    {"left_child=1 -1", "left_child=2 -1",
     "19: left_child: node 0 has the child 2, which there is not in a tree of 3 leaves", 0},
    {"left_child=1 -1", "left_child=1 0",
     "19: left_child: node 1 has the child 0, which there is not in a tree of 3 leaves", 0},
    {"right_child=-2 -3", "right_child=-2 -4",
     "20: right_child: node 1 has the child -4, which there is not in a tree of 3 leaves", 0},
    {"leaf_value=1 2 4", "leaf_value=1 inf 4",
     "21: leaf_value has \"inf\", which cannot be there", 0},
    {"leaf_value=1 2 4\n", "", "27: the tree above has no leaf_value", 0},
    {"leaf_value=1 2 4\n", "leaf_value=1 2 4\nleaf_value=1 2 4\n",
     "22: leaf_value is there twice", 0},
    {"cat_boundaries=0 1", "cat_boundaries=0 2",
     "24: cat_boundaries: set 0 is from 0 to 2 of the 1 words in cat_threshold", 0},
    {"cat_boundaries=0 1", "cat_boundaries=1 0",
     "24: cat_boundaries: set 0 is from 1 to 0 of the 1 words in cat_threshold", 0},
    {"cat_threshold=3", "cat_threshold=4294967296",
     "25: cat_threshold has \"4294967296\", which cannot be there", 0},
    {"num_features=1", "num_features=2", "38: leaf_features has 1 numbers where there are 2",
     0},
    {"leaf_features=0", "leaf_features=2", "38: leaf_features: there is no feature 2", 0},
    {"leaf_coeff=2", "leaf_coeff=nan", "39: leaf_coeff has \"nan\", which cannot be there", 0},
    {"leaf_const=8\n", "", "39: the tree above has no leaf_const", 0},
    {"shrinkage=1\n\n\n", "shrinkage=1\n",
     "28: a tree has a key, a = and numbers on each line, and an empty line behind it", 0},
    {"[[\"x\",2,true,4,5,6]]", "[[\"x\"]",
     "47: pandas_categorical: ',' or ']' is missing: the body ends at byte 6", 0},
    {"[[\"x\",2,true,4,5,6]]", "[[\"x\", null]]",
     "47: pandas_categorical: a category is a text, a number or a truth", 0},
    {"[[\"x\",2,true,4,5,6]]", "{}", "47: pandas_categorical: it is a list of lists, or null",
     0},
    {"a=1\n", "pandas_categorical:null\n", "47: pandas_categorical is there twice", 0},
};

/* Whether the change is refused for its reason; says how it was taken if not. */
static bool is_refused(const struct change *change)
{
    const enum result expected =
        change->result != RESULT_OK ? change->result : RESULT_MALFORMED;
    char *text = help_changed(change->from, change->to);
    struct draft draft;
    struct reason why = {"m.txt: taken"};
    const enum result result = help_import(text, strlen(text), &draft, &why);
    const bool right = result == expected && strncmp(why.text, "m.txt:", 6) == 0 &&
                       strcmp(why.text + 6, change->why) == 0;

    if (!right)
        print_error("\"%s\" for \"%s\": %s: \"%s\"\n", change->to, change->from,
                    result_text(result), why.text);
    draft_free(&draft);
    free(text);
    return right;
}

static void refuses_by_line_and_name(void **state)
{
    size_t i, wrong = 0;

    (void)state;
    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        wrong += !is_refused(&changes[i]);
    assert_int_equal(wrong, 0);
}

/* Cut anywhere before the line behind the trees it is not whole, and says so. */
static void refuses_it_cut_short(void **state)
{
    const size_t end = (size_t)(strstr(help_whole, "end of trees") - help_whole);
    struct draft draft;
    struct reason why;
    size_t len;

    (void)state;
    for (len = 1; len <= end; len++) {
        if (help_import(help_whole, len, &draft, &why) == RESULT_OK)
            fail_msg("%zu bytes were taken", len);
        assert_memory_equal(why.text, "m.txt:", 6);
        draft_free(&draft);
    }
}

static void refuses_a_text_without_end(void **state)
{
    const size_t len = IMPORT_MAX_TEXT + 100;
    char *text = malloc(len);
    struct draft draft;
    struct reason why;

    (void)state;
    memset(text, 'a', len);
    memcpy(text, "tree\nversion=v4\nfeature_names=", 30);
    assert_int_equal(help_import(text, len, &draft, &why), RESULT_TOO_BIG);
    assert_string_equal(why.text, "m.txt:3: a text of over 1048576 bytes");
    draft_free(&draft);
    memcpy(text, "tree\nversion=v4\nmax_feature_idx=", 32); /* keys and numbers too */
    assert_int_equal(help_import(text, len, &draft, &why), RESULT_TOO_BIG);
    draft_free(&draft);
    free(text);
}

static void refuses_a_nul(void **state)
{
    char text[sizeof(help_whole)];
    struct draft draft;
    struct reason why;

    (void)state;
    memcpy(text, help_whole, sizeof(text));
    *strstr(text, "a b") = '\0';
    assert_int_equal(help_import(text, sizeof(text) - 1, &draft, &why), RESULT_MALFORMED);
    assert_string_equal(why.text, "m.txt:8: there is a NUL byte: this is no text");
    draft_free(&draft);
}

/* A node with two parents, or a circle, is left to draft_check(), which every import ends with.
 */
static void leaves_what_is_no_tree_to_the_check_of_drafts(void **state)
{
    char *text = help_changed("right_child=-2 -3", "right_child=-1 -3");
    struct draft draft;
    struct reason why = {""};

    (void)state;
    assert_int_equal(help_import(text, strlen(text), &draft, &why), RESULT_OK);
    assert_int_equal(draft_check(&draft, &why), RESULT_MALFORMED);
    draft_free(&draft);
    free(text);
}

/* Version 2 says too little of a forest whose leaves could be either. */
static void refuses_a_forest_of_which_nobody_can_tell_what_its_leaves_are(void **state)
{
    static const char from[] = "v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
                               "max_feature_idx=1\nobjective=regression\n";
    char *text = help_changed(from, "v2\naverage_output\nnum_class=1\nlabel_index=0\n"
                                    "max_feature_idx=1\nobjective=poisson\n");
    struct draft draft;
    struct reason why;

    (void)state;
    assert_int_equal(help_import(text, strlen(text), &draft, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "m.txt:7: a random forest of LightGBM 2.2 whose leaves"));
    draft_free(&draft);
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_by_line_and_name),
        cmocka_unit_test(refuses_it_cut_short),
        cmocka_unit_test(refuses_a_text_without_end),
        cmocka_unit_test(refuses_a_nul),
        cmocka_unit_test(leaves_what_is_no_tree_to_the_check_of_drafts),
        cmocka_unit_test(refuses_a_forest_of_which_nobody_can_tell_what_its_leaves_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
