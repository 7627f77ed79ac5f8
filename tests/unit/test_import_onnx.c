/*
 * test_import_onnx.c: an ONNX forest answers as ONNX Runtime did, and what is not right in
 * a file, or would be answered in another way, is refused by its name.
 */
#include "import_help.h"

#define PATH "tests/fixtures/onnx/"

/* A model in the wire format: fields are appended, messages closed by their length. */
static void put_varint(struct buf *out, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        buf_putc(out, (char)(value | 0x80));
    buf_putc(out, (char)value);
}

static void put_int(struct buf *out, unsigned field, int64_t value)
{
    put_varint(out, (uint64_t)field << 3);
    put_varint(out, (uint64_t)value);
}

static void put_bytes(struct buf *out, unsigned field, const void *bytes, size_t len)
{
    put_varint(out, (uint64_t)field << 3 | 2);
    put_varint(out, len);
    buf_put(out, bytes, len);
}

static void put_text(struct buf *out, unsigned field, const char *text)
{
    put_bytes(out, field, text, strlen(text));
}

/* Closes a message into the one around it. */
static void put_message(struct buf *out, unsigned field, struct buf *message)
{
    put_bytes(out, field, message->data, message->len);
    buf_free(message);
}

/* An attribute as text: "i:name=1,2" whole numbers, "f:" floats, "s:" texts. */
static void put_attribute(struct buf *node, const char *text)
{
    struct buf attribute = {0};
    const char *at = strchr(text, '=') + 1;
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)(at - text - 3), text + 2);
    put_text(&attribute, 1, name);
    while (*at != '\0') {
        size_t len = strcspn(at, ",");
        char item[64];
        float number;

        snprintf(item, sizeof(item), "%.*s", (int)len, at);
        number = strtof(item, NULL);
        if (text[0] == 'i') {
            put_int(&attribute, 8, strtoll(item, NULL, 10));
        } else if (text[0] == 'n') {
            put_int(&attribute, 3, strtoll(item, NULL, 10));
        } else if (text[0] == 's') {
            put_text(&attribute, strcmp(name, "nodes_modes") == 0 ? 9 : 4, item);
        } else {
            put_varint(&attribute, 7 << 3 | 5);
            buf_put(&attribute, &number, 4);
        }
        at += len + (at[len] == ',');
    }
    put_message(node, 5, &attribute);
}

static void put_node(struct buf *graph, const char *op, const char *domain, const char *from,
                     const char *to, const char *const *attributes)
{
    struct buf node = {0};

    put_text(&node, 1, from);
    put_text(&node, 2, to);
    put_text(&node, 4, op);
    put_text(&node, 7, domain);
    for (; attributes != NULL && *attributes != NULL; attributes++)
        put_attribute(&node, *attributes);
    put_message(graph, 1, &node);
}

/* The input X, of a type, with 4 columns. */
static void put_input(struct buf *graph, const char *name, int type)
{
    struct buf input = {0}, what = {0}, tensor = {0}, shape = {0}, n = {0}, columns = {0};

    put_text(&n, 2, "N");
    put_int(&columns, 1, 4);
    put_message(&shape, 1, &n);
    put_message(&shape, 1, &columns);
    put_int(&tensor, 1, type);
    put_message(&tensor, 2, &shape);
    put_message(&what, 1, &tensor);
    put_text(&input, 1, name);
    put_message(&input, 2, &what);
    put_message(graph, 11, &input);
}

/* A regressor of one split: its attributes, of which `change` replaces the one of its name. */
static void put_regressor(struct buf *graph, const char *from, const char *change)
{
    static const char *const plain[] = {"i:nodes_treeids=0,0,0",
                                        "i:nodes_nodeids=0,1,2",
                                        "i:nodes_featureids=1,0,0",
                                        "s:nodes_modes=BRANCH_LEQ,LEAF,LEAF",
                                        "f:nodes_values=0.5,0,0",
                                        "i:nodes_truenodeids=1,0,0",
                                        "i:nodes_falsenodeids=2,0,0",
                                        "i:nodes_missing_value_tracks_true=0,0,0",
                                        "i:target_treeids=0,0",
                                        "i:target_nodeids=1,2",
                                        "i:target_ids=0,0",
                                        "f:target_weights=1,2",
                                        "n:n_targets=1",
                                        "s:aggregate_function=SUM",
                                        "s:post_transform=NONE",
                                        "f:base_values="};
    const char *attributes[sizeof(plain) / sizeof(plain[0]) + 1] = {0};
    size_t i, n = change == NULL ? 0 : (size_t)(strchr(change, '=') - change);

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        attributes[i] = n != 0 && strncmp(plain[i] + 1, change + 1, n) == 0 ? change : plain[i];
    put_node(graph, "TreeEnsembleRegressor", "ai.onnx.ml", from, "P", attributes);
}

static void put_model(struct buf *out, struct buf *graph)
{
    put_int(out, 1, 8);
    put_message(out, 7, graph);
}

static void expect(const struct buf *model, const char *what, const char *reason)
{
    struct reason why;
    const char *said = help_import_bytes(import_onnx, model->data, model->len, &why);

    if (reason[0] == '\0' ? said[0] != '\0' : strstr(said, reason) == NULL)
        fail_msg("%s: \"%s\", and not \"%s\"", what, said, reason);
}

static void refused(const char *change, const char *reason)
{
    struct buf model = {0}, graph = {0};

    put_input(&graph, "X", 1);
    put_regressor(&graph, "X", change);
    put_model(&model, &graph);
    expect(&model, change, reason);
    buf_free(&model);
}

static void refuses_trees_that_are_not_right(void **state)
{
    (void)state;
    refused("i:nodes_treeids=0,0,0", "");
    refused("i:nodes_nodeids=0,1,1", "its number is another's too");
    refused("i:nodes_nodeids=", "it has no nodes");
    refused("i:nodes_featureids=1,0", "nodes_featureids has 2 numbers, not 3");
    refused("i:nodes_featureids=4,0,0", "node 0: its feature is not one of the input's");
    refused("i:nodes_featureids=-1,0,0", "node 0: its feature is not one of the input's");
    refused("s:nodes_modes=BRANCH_LEQ,LEAF", "nodes_modes has not one text for each node");
    refused("s:nodes_modes=BRANCH_WHY,LEAF,LEAF", "node 0: its mode is not known");
    refused("s:nodes_modes=BRANCH_LEQ,BRANCH_LEQ,LEAF", "a weight of what is no leaf");
    refused("f:nodes_values=nan,0,0", "node 0: its value is no number to compare with");
    refused("i:nodes_truenodeids=7,0,0", "node 0: its child is not there");
    refused("i:nodes_truenodeids=0,0,0",
            "node 0: its child 0 is another's child too, or a root");
    refused("i:nodes_missing_value_tracks_true=0,0", "has 2 numbers, not 3");
    refused("i:target_nodeids=1,3", "a weight of a node that is not there");
    refused("i:target_nodeids=1,1", "two weights for one output");
    refused("i:target_ids=0,1", "a weight for an output that is not there");
    refused("i:target_ids=", "its leaves have no weights");
    refused("f:target_weights=1,inf", "a weight that is not finite");
    refused("n:n_targets=0", "n_targets is not from 1 to 4096");
    refused("n:n_targets=5000", "n_targets is not from 1 to 4096");
    refused("s:aggregate_function=MEDIAN", "its aggregate_function is not known");
    refused("s:post_transform=LOGISTIC", "the post_transform LOGISTIC is not understood alike");
    refused("f:base_values=1,2", "2 base_values for 1 outputs");
    refused("f:base_values=nan", "a base value is not finite");
}

/* A node before the trees, or behind them. */
static void refused_node(const char *op, bool before, const char *attribute, int type,
                         const char *reason)
{
    const char *const attributes[] = {attribute, NULL};
    struct buf model = {0}, graph = {0};

    put_input(&graph, "X", type);
    if (before)
        put_node(&graph, op, "", "X", "Y", attributes);
    put_regressor(&graph, before ? "Y" : "X", NULL);
    if (!before)
        put_node(&graph, op, "", "P", "Q", attributes);
    put_model(&model, &graph);
    expect(&model, op, reason);
    buf_free(&model);
}

static void refuses_nodes_that_change_what_is_answered(void **state)
{
    (void)state;
    refused_node("Cast", true, "n:to=1", 11, "");
    refused_node("Cast", true, "n:to=11", 1, "a Cast of rows from float to double");
    refused_node("Cast", true, "n:to=7", 1, "a Cast of rows to another type than float");
    refused_node("Identity", true, NULL, 1, "");
    refused_node("Scaler", true, NULL, 1, "the node Scaler is none that may stand before");
    refused_node("ZipMap", true, NULL, 1, "the node ZipMap is none that may stand before");
    refused_node("Identity", false, NULL, 1, "");
    refused_node("Exp", false, NULL, 1, "the node Exp is none that may stand behind");
    refused_node("ArgMax", false, "n:axis=0", 1, "the node ArgMax is none");
    refused_node("ArgMax", false, "n:axis=1", 1, "an ArgMax of one value");
    refused_node("TreeEnsembleRegressor", false, NULL, 1, "more than one node of trees");
    refused_node("Identity", true, NULL, 8, "rows that are not numbers");
}

static void refuses_graphs_that_are_no_forest(void **state)
{
    struct buf model = {0}, graph = {0};

    (void)state;
    put_input(&graph, "X", 1);
    put_model(&model, &graph);
    expect(&model, "no trees", "there is no TreeEnsemble in it");
    buf_clear(&model, 0);
    put_input(&graph, "X", 1);
    put_input(&graph, "Y", 1);
    put_regressor(&graph, "X", NULL);
    put_model(&model, &graph);
    expect(&model, "two inputs", "the graph has 2 inputs; all columns have to come as one");
    buf_clear(&model, 0);
    put_input(&graph, "X", 1);
    put_regressor(&graph, "Z", NULL);
    put_model(&model, &graph);
    expect(&model, "another input", "its input is not the graph's");
    buf_clear(&model, 0);
    put_int(&model, 1, 8);
    expect(&model, "no graph", "there is no graph: not an ONNX model");
    buf_free(&model);
}

static void refuses_bytes_that_are_no_messages(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *reason;
    } wrong[] = {{"\x80", 1, "the file ends here"},
                 {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, "more than 64 bits"},
                 {"\x07", 1, "this is no field of an ONNX file"},
                 {"\x00\x00", 2, "this is no field of an ONNX file"},
                 {"\x3a\x05\x0a", 3, "the file ends here"},
                 {"\x3a\x02\x0a\x05", 4, "a field goes past the end of its message"},
                 {"\x12\x05xx", 4, "the file ends here"},
                 {"\x3a\x00\x3a\x00", 4, "a second graph"}};
    struct buf whole = {0};
    struct reason why = {""};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (strstr(help_import_bytes(import_onnx, wrong[i].bytes, wrong[i].len, &why),
                   wrong[i].reason) == NULL)
            fail_msg("%zu: \"%s\", and not \"%s\"", i, why.text, wrong[i].reason);
    assert_int_equal(file_read(PATH "newer.onnx", 1 << 20, &whole, &why), RESULT_OK);
    for (i = 1; i < whole.len - 40; i += 13)
        assert_string_not_equal(help_import_bytes(import_onnx, whole.data, i, &why), "");
    buf_free(&whole);
}

/* A chain of == on one feature, each with the rest of the chain behind "no". */
static void put_chain(struct buf *model, unsigned links)
{
    struct buf graph = {0}, lists[8] = {{0}}, node = {0};
    static const char *const names[] = {
        "i:nodes_treeids=",      "i:nodes_nodeids=", "i:nodes_featureids=",
        "s:nodes_modes=",        "f:nodes_values=",  "i:nodes_truenodeids=",
        "i:nodes_falsenodeids=", "i:target_nodeids="};
    unsigned i, k;

    for (k = 0; k < 8; k++)
        buf_puts(&lists[k], names[k]);
    for (i = 0; i < 2 * links + 1; i++) { /* split i, its leaf links + 1 + i; the last no */
        buf_printf(&lists[0], "0,");
        buf_printf(&lists[1], "%u,", i);
        buf_printf(&lists[2], "0,");
        buf_printf(&lists[3], i < links ? "BRANCH_EQ," : "LEAF,");
        buf_printf(&lists[4], "%u,", i % links);
        buf_printf(&lists[5], "%u,", i < links ? links + 1 + i : 0);
        buf_printf(&lists[6], "%u,", i < links ? i + 1 : 0);
        if (i >= links)
            buf_printf(&lists[7], "%u,", i);
    }
    put_text(&node, 1, "X");
    put_text(&node, 2, "P");
    put_text(&node, 4, "TreeEnsembleRegressor");
    put_text(&node, 7, "ai.onnx.ml");
    for (k = 0; k < 8; k++)
        put_attribute(&node, lists[k].data);
    for (k = 0; k < 3; k++) {
        static const char *const rest[] = {
            "i:target_treeids=", "i:target_ids=", "f:target_weights="};

        buf_clear(&lists[0], SIZE_MAX);
        buf_puts(&lists[0], rest[k]);
        for (i = 0; i < links + 1; i++)
            buf_printf(&lists[0], "%u,", k == 2 ? i : 0);
        put_attribute(&node, lists[0].data);
    }
    put_input(&graph, "X", 1);
    put_message(&graph, 1, &node);
    put_model(model, &graph);
    for (k = 0; k < 8; k++)
        buf_free(&lists[k]);
}

static void chains_of_equal_grow_by_one_node_each(void **state)
{
    enum {
        LINKS = 300
    };
    const struct import_options options = {0};
    struct buf model = {0};
    struct draft draft = {0};
    double row[4] = {0}, out;
    struct reason why = {""};
    FILE *file;

    (void)state;
    put_chain(&model, LINKS);
    file = fmemopen(model.data, model.len, "rb");
    if (import_onnx(file, "t", &options, &draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_int_equal(draft_check(&draft, &why), RESULT_OK);
    assert_in_range(draft.trees[0].n_nodes, 4 * LINKS, 4 * LINKS + 1);
    for (unsigned i = 0; i < LINKS; i++) {
        row[0] = i;
        oracle_margins(&draft, row, &out);
        assert_true(out == i + 1);
        row[0] = i + 0.5;
        oracle_margins(&draft, row, &out);
        assert_true(out == 0);
    }
    draft_free(&draft);
    fclose(file);
    buf_free(&model);
}

/* Each looks at all above it, which would take hours for some megabytes. */
static void chains_of_equal_that_are_too_deep_are_refused(void **state)
{
    const struct import_options options = {0};
    struct buf model = {0};
    struct draft draft = {0};
    struct reason why = {""};
    FILE *file;

    (void)state;
    put_chain(&model, 40000);
    file = fmemopen(model.data, model.len, "rb");
    assert_int_equal(import_onnx(file, "t", &options, &draft, &why), RESULT_TOO_BIG);
    assert_non_null(strstr(why.text, "stand too deep below others"));
    draft_free(&draft);
    fclose(file);
    buf_free(&model);
}

/* A leaf of a tree with == may be there in several places, under one id. */
static void answers_as_onnx_runtime(void **state)
{
    static const struct {
        const char *name;
        unsigned ulps;
    } fixtures[] = {
        {"sum", 0},          {"base", 0},         {"average", 0},       {"min", 0},
        {"max", 0},          {"targets", 0},      {"equal", 0},         {"chain", 0},
        {"double", 0},       {"whole", 0},        {"cast", 0},          {"two", 0},
        {"two_logistic", 1}, {"two_positive", 1}, {"two_scores", 0},    {"many", 0},
        {"many_softmax", 1}, {"many_zero", 1},    {"many_logistic", 1}, {"newer", 0},
        {"newer_double", 0}, {"newer_argmax", 0}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
        help_fixture(import_onnx, "onnx", fixtures[i].name, "onnx", fixtures[i].ulps);
}

static void keeps_the_names_of_classes(void **state)
{
    struct draft draft;

    (void)state;
    help_import(import_onnx, PATH "two.onnx", &draft);
    assert_string_equal(draft.targets[0].labels[1], "yes");
    assert_string_equal(draft.facts.source, "onnx");
    draft_free(&draft);
    help_import(import_onnx, PATH "many.onnx", &draft);
    assert_string_equal(draft.targets[0].labels[1], "-1");
    draft_free(&draft);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bytes_that_are_no_messages),
        cmocka_unit_test(refuses_graphs_that_are_no_forest),
        cmocka_unit_test(refuses_nodes_that_change_what_is_answered),
        cmocka_unit_test(refuses_trees_that_are_not_right),
        cmocka_unit_test(chains_of_equal_grow_by_one_node_each),
        cmocka_unit_test(chains_of_equal_that_are_too_deep_are_refused),
        cmocka_unit_test(keeps_the_names_of_classes),
        cmocka_unit_test(answers_as_onnx_runtime),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
