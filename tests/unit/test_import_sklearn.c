/*
 * test_import_sklearn.c: what export_sklearn.py wrote answers as scikit-learn did, and
 * what is not right in such a file is refused with its place.
 */
#include <math.h>

#include "import_help.h"

#include "forest/digest.h"

#define PATH "tests/fixtures/sklearn/"

/* A file in parts: its head may be changed, and it is put together anew with its sum. */
struct parts {
    struct buf head, trees;
    uint32_t version;
};

static void take_apart(struct parts *parts, const char *path)
{
    struct buf all = {0};
    struct reason why = {""};
    uint32_t len;

    memset(parts, 0, sizeof(*parts));
    if (file_read(path, 1 << 24, &all, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    memcpy(&parts->version, all.data + 8, 4);
    memcpy(&len, all.data + 12, 4);
    buf_put(&parts->head, all.data + 16, len);
    buf_put(&parts->trees, all.data + 16 + len, all.len - 16 - len - DIGEST_BYTES);
    buf_free(&all);
}

static void put_together(const struct parts *parts, struct buf *out)
{
    uint32_t len = (uint32_t)parts->head.len;
    uint8_t sum[DIGEST_BYTES];

    buf_clear(out, SIZE_MAX);
    buf_put(out,
            "\x89"
            "FGS\r\n\x1a\n",
            8);
    buf_put(out, &parts->version, 4);
    buf_put(out, &len, 4);
    buf_put(out, parts->head.data, parts->head.len);
    buf_put(out, parts->trees.data, parts->trees.len);
    assert_int_equal(digest_of(out->data, out->len, sum), RESULT_OK);
    buf_put(out, sum, sizeof(sum));
}

/* The file with one text of its head replaced. */
static void refused_head(const char *from, const char *to, const char *reason)
{
    struct parts parts;
    struct buf changed = {0}, all = {0};
    struct reason why;
    const char *at;

    take_apart(&parts, PATH "hist_encoded.fgs");
    at = strstr(parts.head.data, from);
    assert_non_null(at);
    buf_put(&changed, parts.head.data, (size_t)(at - parts.head.data));
    buf_puts(&changed, to);
    buf_puts(&changed, at + strlen(from));
    buf_free(&parts.head);
    parts.head = changed;
    put_together(&parts, &all);
    if (strstr(help_import_bytes(import_sklearn, all.data, all.len, &why), reason) == NULL)
        fail_msg("\"%s\" -> \"%s\": \"%s\", and not \"%s\"", from, to, why.text, reason);
    buf_free(&parts.head);
    buf_free(&parts.trees);
    buf_free(&all);
}

static void refuses_a_head_that_is_not_right(void **state)
{
    (void)state;
    refused_head("\"task\"", "\"tusk\"", "t: byte ");
    refused_head("\"task\"", "\"tusk\"", "the head, byte ");
    refused_head("\"task\"", "\"tusk\"", "a member that is not known here");
    refused_head("\"regress\"", "\"guess\"", "a word that is not known here");
    refused_head("\"regress\"", "1", "a word is expected");
    refused_head("\"cut\": 0.0, ", "", "the head has no \"cut\"");
    refused_head("\"cut\": 0.0", "\"cut\": 0.0, \"cut\": 0.0", "repeated key \"cut\"");
    refused_head("\"cut\": 0.0", "\"cut\": 1e999", "the head: ");
    refused_head("\"cut\": 0.0", "\"cut\": true", "a number is expected");
    refused_head("\"trees\": 5}", "\"trees\": 5.5}", "a whole number");
    refused_head("\"trees\": 5}", "\"trees\": 2000000}", "a whole number within its bounds");
    refused_head("\"trees\": 5}", "\"trees\": 5} ]", "the head: ");
    refused_head("\"x0\"", "\"\\u0000\"", "a text has a NUL in it");
    refused_head("\"x0\"", "\"x1\"", "feature name \"x1\" is there twice");
    refused_head("\"blue\"", "\"red\"", "value \"red\" is there twice");
    refused_head("\"base\": [", "\"base\": [1, ", "spec: 2 outputs do not fit the targets");
}

static void refuses_other_files(void **state)
{
    struct parts parts;
    struct buf all = {0};
    struct reason why;
    size_t i;

    (void)state;
    take_apart(&parts, PATH "forest_two.fgs");
    put_together(&parts, &all);
    assert_string_equal(help_import_bytes(import_sklearn, all.data, all.len, &why), "");
    for (i = 1; i < all.len; i += i < 600 ? 7 : 97)
        assert_non_null(
            strstr(help_import_bytes(import_sklearn, all.data, i, &why), "t: byte "));
    all.data[all.len - 1] ^= 1;
    assert_non_null(strstr(help_import_bytes(import_sklearn, all.data, all.len, &why),
                           "the checksum is another: the file is damaged"));
    all.data[all.len - 1] ^= 1;
    buf_putc(&all, '\n');
    assert_non_null(strstr(help_import_bytes(import_sklearn, all.data, all.len, &why),
                           "something stands behind the end of the model"));
    parts.version = 2;
    put_together(&parts, &all);
    assert_non_null(strstr(help_import_bytes(import_sklearn, all.data, all.len, &why),
                           "version 2 of the format; this program reads version 1"));
    all.data[0] = '\x80'; /* as a pickle begins */
    assert_non_null(strstr(help_import_bytes(import_sklearn, all.data, all.len, &why),
                           "not a file of export_sklearn.py"));
    buf_free(&parts.head);
    buf_free(&parts.trees);
    buf_free(&all);
}

/* Four bytes of the first tree replaced. */
static void refused_tree(size_t offset, uint32_t value, const char *reason)
{
    struct parts parts;
    struct buf all = {0};
    struct reason why;

    take_apart(&parts, PATH "hist_encoded.fgs");
    memcpy(parts.trees.data + offset, &value, 4);
    put_together(&parts, &all);
    if (strstr(help_import_bytes(import_sklearn, all.data, all.len, &why), reason) == NULL)
        fail_msg("%zu = %u: \"%s\", and not \"%s\"", offset, value, why.text, reason);
    buf_free(&parts.head);
    buf_free(&parts.trees);
    buf_free(&all);
}

static void refuses_a_tree_that_is_not_right(void **state)
{
    const size_t root = 20;

    (void)state;
    refused_tree(0, 0, "tree 0: 0 nodes");
    refused_tree(0, UINT32_MAX, "tree 0: 4294967295 nodes");
    refused_tree(0, 1 << 29, "the file ends here");
    refused_tree(4, 1 << 20, "tree 0: 15 nodes, 1048576 leaves");
    refused_tree(12, 0, "leaves of 0 numbers");
    refused_tree(16, 9, "tree 0: output 9 of 1");
    refused_tree(root + 16, 77, "tree 0, node 0: column 77 of 4");
    refused_tree(root + 20, 99, "tree 0, node 0: child 99 of 15 nodes");
    refused_tree(root + 32, 99, "tree 0, node 0: set 98 of");
}

static void keeps_what_the_model_says_of_itself(void **state)
{
    struct draft draft;

    (void)state;
    help_import(import_sklearn, PATH "forest_classes.fgs", &draft);
    assert_string_equal(draft.facts.source, "scikit-learn");
    assert_int_equal(draft.facts.trees, 5);
    assert_int_equal(draft.facts.max_depth, 5);
    assert_int_equal(draft.facts.seed, 3);
    assert_string_equal(draft.features[4].name, "e");
    assert_false(draft.features[4].missing);
    assert_true(draft.features[0].importance > 0);
    assert_true(draft.features[0].min > draft.features[0].max);
    assert_string_equal(draft.targets[0].labels[2], "cicada");
    assert_true(draft.trees[0].nodes[0].cover > 100);
    draft_free(&draft);
    help_import(import_sklearn, PATH "forest_two.fgs", &draft);
    assert_string_equal(draft.targets[0].labels[1], "True");
    draft_free(&draft);
    help_import(import_sklearn, PATH "forest_outputs.fgs", &draft);
    assert_int_equal(draft.n_targets, 2);
    assert_string_equal(draft.targets[0].labels[1], "7");
    draft_free(&draft);
    help_import(import_sklearn, PATH "hist_encoded.fgs", &draft);
    assert_int_equal(draft.features[1].type, IMAGE_CATEGORY);
    assert_string_equal(draft.features[1].values[2], "red");
    assert_int_equal(draft.features[3].type, IMAGE_INTEGER);
    assert_true(draft.features[0].missing);
    draft_free(&draft);
}

static void answers_as_scikit_learn(void **state)
{
    static const struct {
        const char *name;
        unsigned ulps; /* of the answers; numpy's exp(), log() and 2 ** x are its own */
    } fixtures[] = {
        {"forest_classes", 0}, {"forest_two", 0},     {"forest_outputs", 0},
        {"forest_values", 0},  {"forest_missing", 0}, {"extra_classes", 0},
        {"extra_outputs", 0},  {"tree_classes", 0},   {"tree_values", 0},
        {"tree_leaf", 0},      {"gradient_two", 0},   {"gradient_exponential", 0},
        {"gradient_four", 0},  {"gradient_huber", 0}, {"gradient_quantile", 0},
        {"gradient_zero", 0},  {"hist_two", 0},       {"hist_three", 0},
        {"hist_values", 0},    {"hist_plain", 0},     {"hist_poisson", 0},
        {"hist_encoded", 0},   {"isolation", 0},      {"isolation_subset", 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
        help_fixture(import_sklearn, "sklearn", fixtures[i].name, "fgs", fixtures[i].ulps);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(refuses_a_head_that_is_not_right),
        cmocka_unit_test(refuses_a_tree_that_is_not_right),
        cmocka_unit_test(keeps_what_the_model_says_of_itself),
        cmocka_unit_test(answers_as_scikit_learn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
