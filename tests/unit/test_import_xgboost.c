/*
 * import_xgboost(): models of the real library, and of other versions' form, against the
 * margins, leaves and answers that the library gives; and what is refused.
 *
 * tests/fixtures/xgboost/make.py says how the files were made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/csv.h"
#include "forest/import.h"
#include "forest/output.h"
#include "oracle.h"

#define FOLDER "tests/fixtures/xgboost/"

enum {
    ROWS_LEAST = 10 /* so that a file that was cut is no success */
};

static const struct import_options plain;

/* ---- what the library gives ---- */

struct expected {
    double *cells; /* n_rows x n_cells; an empty one is NaN */
    size_t n_rows, n_cells, features, margins, answers, leaves;
    char **names;
};

static size_t count_columns(struct csv *csv, const char *kind)
{
    size_t i, len, n = 0;

    for (i = 0; i < csv_cells(csv); i++)
        n += strncmp(csv_cell(csv, i, &len), kind, strlen(kind)) == 0;
    return n;
}

static struct expected expected_read(const char *path)
{
    struct expected expected = {0};
    FILE *file = fopen(path, "re");
    struct csv *csv = NULL;
    struct reason why;
    size_t i, len;

    if (file == NULL || csv_open_file(file, path, &csv, &why) != RESULT_OK ||
        csv_next(csv, &why) != RESULT_OK)
        fail_msg("%s cannot be read", path);
    expected.n_cells = csv_cells(csv);
    expected.margins = count_columns(csv, "margin");
    expected.answers = count_columns(csv, "answer");
    expected.leaves = count_columns(csv, "leaf");
    expected.features =
        expected.n_cells - expected.margins - expected.answers - expected.leaves;
    expected.names = calloc(expected.features, sizeof(*expected.names));
    for (i = 0; i < expected.features; i++)
        expected.names[i] = strdup(csv_cell(csv, i, &len));
    while (csv_next(csv, &why) == RESULT_OK) {
        expected.cells = realloc(expected.cells, (expected.n_rows + 1) * expected.n_cells *
                                                     sizeof(*expected.cells));
        for (i = 0; i < expected.n_cells; i++) {
            const char *cell = csv_cell(csv, i, &len);

            expected.cells[expected.n_rows * expected.n_cells + i] =
                len == 0 ? NAN : strtof(cell, NULL);
        }
        expected.n_rows++;
    }
    csv_close(csv);
    fclose(file);
    return expected;
}

static void expected_free(struct expected *expected)
{
    size_t i;

    for (i = 0; i < expected->features; i++)
        free(expected->names[i]);
    free(expected->names);
    free(expected->cells);
}

/* ---- one model against it ---- */

static void import(const char *path, const struct import_options *options, struct draft *draft)
{
    FILE *file = fopen(path, "re");
    struct reason why = {""};
    uint32_t most;

    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    if (import_xgboost(file, path, options, draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    fclose(file);
    if (draft_check(draft, &why) != RESULT_OK || draft_depth(draft, &most) != RESULT_OK)
        fail_msg("%s: %s", path, why.text);
}

/* How many floats lie between two. */
static uint32_t ulps(float a, float b)
{
    int32_t x, y;

    memcpy(&x, &a, sizeof(x));
    memcpy(&y, &b, sizeof(y));
    if (a == b)
        return 0;
    if ((x < 0) != (y < 0))
        return UINT32_MAX;
    return x > y ? (uint32_t)(x - y) : (uint32_t)(y - x);
}

static void check_margins(const char *path, const struct draft *draft, const double *row,
                          const double *margins, size_t line)
{
    double got[64] = {0};
    uint32_t k;

    oracle_margins(draft, row, got);
    for (k = 0; k < draft->spec.n_outputs; k++)
        if (memcmp(&got[k], &margins[k], sizeof(got[k])) != 0)
            fail_msg("%s, row %zu, margin %u: %.9g, and not %.9g", path, line, (unsigned)k,
                     got[k], margins[k]);
}

static void check_leaves(const char *path, const struct draft *draft, const double *row,
                         const double *leaves, size_t line)
{
    uint32_t *ids = calloc(draft->n_trees, sizeof(*ids)), t;

    oracle_leaves(draft, row, ids);
    for (t = 0; t < draft->n_trees; t++)
        if (ids[t] != leaves[t])
            fail_msg("%s, row %zu, tree %u: leaf %u, and not %g", path, line, (unsigned)t,
                     (unsigned)ids[t], leaves[t]);
    free(ids);
}

/*
 * The library answers a value, the second class's probability, all classes' or a class, by
 * how many numbers there are.
 */
static void check_answers(const char *path, const struct draft *draft, const double *margins,
                          const double *answers, size_t n, size_t line)
{
    const uint32_t classes[8] = {draft->targets[0].n_classes, classes[0], classes[0],
                                 classes[0]};
    const struct output output = {
        .spec = &draft->spec, .classes = classes, .n_targets = draft->n_targets};
    double got[64] = {0};
    size_t i;

    output_rows(&output, margins, 1, got);
    for (i = 0; i < n; i++) {
        double answer = got[i];

        if (classes[0] == 2 && draft->spec.n_outputs == n)
            answer = got[2 * i + 1];
        else if (classes[0] > n)
            answer = output_class(&output, margins, got, 0);
        if (ulps((float)answer, (float)answers[i]) > 1)
            fail_msg("%s, row %zu, answer %zu: %.9g, and not %.9g", path, line, i, answer,
                     answers[i]);
    }
}

static void check_rows(const char *path, const struct draft *draft,
                       const struct expected *expected)
{
    size_t i;

    assert_int_equal(expected->features, draft->n_features);
    assert_int_equal(expected->margins, draft->spec.n_outputs);
    assert_int_equal(expected->leaves, draft->n_trees);
    assert_true(expected->n_rows >= ROWS_LEAST && expected->margins <= 64);
    for (i = 0; i < expected->features; i++)
        assert_string_equal(draft->features[i].name, expected->names[i]);
    for (i = 0; i < expected->n_rows; i++) {
        const double *row = expected->cells + i * expected->n_cells;
        const double *margins = row + expected->features;
        const double *answers = margins + expected->margins;

        check_leaves(path, draft, row, answers + expected->answers, i + 2);
        check_margins(path, draft, row, margins, i + 2);
        check_answers(path, draft, margins, answers, expected->answers, i + 2);
    }
}

static void model_equals(const char *model, const char *rows,
                         const struct import_options *options)
{
    struct expected expected = expected_read(rows);
    struct draft draft = {0};

    import(model, options, &draft);
    check_rows(model, &draft, &expected);
    draft_free(&draft);
    expected_free(&expected);
}

static void equals(const char *const *names, size_t n)
{
    char model[96], rows[96];
    size_t i;

    for (i = 0; i < n; i++) {
        snprintf(model, sizeof(model), FOLDER "%s", names[i]);
        snprintf(rows, sizeof(rows), FOLDER "%.*s.csv", (int)strcspn(names[i], "."), names[i]);
        model_equals(model, rows, &plain);
    }
}

#define EQUALS(...)                                       \
    do {                                                  \
        static const char *const names[] = {__VA_ARGS__}; \
        equals(names, sizeof(names) / sizeof(names[0]));  \
    } while (0)

static void every_objective_has_the_librarys_margins_and_answers(void **state)
{
    (void)state;
    EQUALS("reg_squarederror.json", "reg_squaredlogerror.json", "reg_pseudohubererror.json",
           "reg_absoluteerror.json", "reg_logistic.json", "reg_gamma.json", "reg_tweedie.json",
           "count_poisson.json", "survival_cox.json", "survival_aft.json",
           "binary_logistic.json", "binary_logitraw.json", "binary_hinge.json",
           "rank_pairwise.json", "rank_ndcg.json", "rank_map.json", "multi_softmax.ubj",
           "multi_softprob.ubj");
}

static void every_shape_of_forest_has_the_librarys_margins(void **state)
{
    (void)state;
    EQUALS("parallel.json", "empty_class.json", "deep.ubj", "one_leaf.json", "pruned.json",
           "lossguide.ubj", "targets.ubj", "labels.json", "named.ubj");
}

static void a_tree_that_was_dropped_weighs_less(void **state)
{
    (void)state;
    EQUALS("dart.json", "dart_classes.ubj");
}

static void thresholds_may_be_subnormal_or_near_the_greatest_float(void **state)
{
    (void)state;
    EQUALS("subnormal.json");
}

static void splits_by_category_go_the_librarys_way(void **state)
{
    (void)state;
    EQUALS("category.json", "category_binary.ubj");
}

static void other_versions_forms_are_read(void **state)
{
    (void)state;
    EQUALS("v2_0.json", "v2_0_parallel.json", "v3_1.json", "v3_1_cats.json", "v3_3_dart.json",
           "v2_1_vector.json", "v3_2_vector.json");
}

static void before_1_3_the_base_was_added_last(void **state)
{
    (void)state;
    EQUALS("old_1_0.json", "old_1_0_dart.json");
}

static void before_1_7_3_unknown_categories_took_the_default_or_were_truncated(void **state)
{
    (void)state;
    EQUALS("old_1_7_1_category.json", "old_1_5_category.json");
}

static void the_best_iteration_counts_if_it_is_asked_for(void **state)
{
    struct import_found found = {.note = ""};
    const struct import_options best = {.best_iteration = true, .found = &found};
    const struct import_options all = {.found = &found};
    struct draft draft = {0};

    (void)state;
    model_equals(FOLDER "stopped.json", FOLDER "stopped.csv", &plain);
    model_equals(FOLDER "stopped.json", FOLDER "stopped_best.csv", &best);
    assert_string_equal(found.note, "");
    import(FOLDER "stopped.json", &all, &draft);
    assert_non_null(strstr(found.note, "--best-iteration"));
    draft_free(&draft);
}

static void what_was_found_is_told(void **state)
{
    struct import_found found = {.note = ""};
    const struct import_options options = {.found = &found};
    struct draft draft = {0};

    (void)state;
    import(FOLDER "named.ubj", &options, &draft);
    assert_string_equal(found.format, "XGBoost UBJSON");
    assert_string_equal(found.version, "1.7.4");
    assert_string_equal(found.objective, "reg:squarederror");
    assert_int_equal(draft.features[0].type, IMAGE_INTEGER);
    assert_int_equal(draft.features[1].type, IMAGE_REAL);
    assert_int_equal(draft.features[2].type, IMAGE_BOOLEAN);
    assert_true(draft.features[0].importance > 0);
    draft_free(&draft);
    import(FOLDER "v3_1_cats.json", &options, &draft);
    assert_int_equal(draft.features[0].type, IMAGE_CATEGORY);
    assert_int_equal(draft.features[0].n_values, 40);
    assert_string_equal(draft.features[0].values[7], "city 7 \xc3\xbc");
    assert_int_equal(draft.features[1].n_values, 4);
    assert_string_equal(draft.features[1].values[3], "-5");
    assert_int_equal(draft.features[2].n_values, 0);
    draft_free(&draft);
}

/* ---- refusals ---- */

static char *text_of(const char *path, size_t *len)
{
    enum {
        ROOM = 1 << 18
    };
    FILE *file = fopen(path, "re");
    char *text = malloc(ROOM);

    if (file == NULL || text == NULL)
        fail_msg("%s cannot be read", path);
    *len = fread(text, 1, ROOM - 1, file);
    text[*len] = '\0';
    fclose(file);
    return text;
}

static enum result import_bytes(const void *bytes, size_t len, struct reason *why)
{
    FILE *file = fmemopen((void *)(uintptr_t)bytes, len, "re");
    struct draft draft = {0};
    enum result result;

    why->text[0] = '\0';
    result = import_xgboost(file, "model", &plain, &draft, why);
    if (result == RESULT_OK)
        result = draft_check(&draft, why);
    draft_free(&draft);
    fclose(file);
    return result;
}

/* A model with its first `from` replaced is refused so. */
static void refused_of(const char *path, const char *from, const char *to, enum result expected,
                       const char *part)
{
    size_t len;
    char *text = text_of(path, &len), *at = strstr(text, from), *bad;
    struct reason why;
    enum result result;
    int size;

    if (at == NULL)
        fail_msg("there is no %s in the model", from);
    size = asprintf(&bad, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    result = import_bytes(bad, (size_t)size, &why);
    if (result != expected || strstr(why.text, part) == NULL)
        fail_msg("%s to %s: %s, \"%s\", and not %s", from, to, result_text(result), why.text,
                 part);
    free(bad);
    free(text);
}

static void refused(const char *from, const char *to, enum result expected, const char *part)
{
    refused_of(FOLDER "binary_logistic.json", from, to, expected, part);
}

/* A list that all splits share would be gone through for each of them. */
static void categories_that_splits_share_are_refused(void **state)
{
    (void)state;
    refused_of(FOLDER "category.json",
               "\"categories_segments\":[0,21,38],\"categories_sizes\":[21,17,6]",
               "\"categories_segments\":[0,0,0],\"categories_sizes\":[21,21,21]",
               RESULT_MALFORMED, "are not in the list of categories");
}

static void what_a_forest_cannot_hold_is_refused_by_its_name(void **state)
{
    struct reason why;
    size_t len;
    char *text = text_of(FOLDER "refused_gblinear.json", &len);

    (void)state;
    assert_int_equal(import_bytes(text, len, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "gblinear"));
    free(text);
    refused("\"binary:logistic\"", "\"my:own\"", RESULT_INVALID, "the objective my:own");
    refused("\"name\":\"gbtree\"", "\"name\":\"gbforest\"", RESULT_INVALID, "gbforest");
}

static void what_is_not_as_it_should_be_is_refused_with_its_place(void **state)
{
    (void)state;
    refused("\"split_conditions\":[", "\"split_conditions\":[true,", RESULT_MALFORMED,
            "learner.gradient_booster.model.trees[0].split_conditions[0]: not a number");
    refused("\"left_children\":[", "\"left_children\":[1.5,", RESULT_MALFORMED,
            "trees[0].left_children[0]: not a whole number");
    refused("\"split_conditions\":[", "\"split_conditions\":[1,", RESULT_MALFORMED,
            "trees[0]: split_conditions has");
    refused("\"sum_hessian\":[", "\"sum_hessian\":[1],\"was\":[", RESULT_MALFORMED,
            "trees[0]: sum_hessian has 1");
    refused("\"left_children\":[1", "\"left_children\":[0", RESULT_MALFORMED, "node 0");
    refused("\"left_children\":[1", "\"left_children\":[2", RESULT_MALFORMED, "node 0");
    refused("\"left_children\":[1", "\"left_children\":[9999", RESULT_MALFORMED,
            "tree 0, node 0: child 9999");
    refused("\"split_indices\":[", "\"split_indices\":[77,", RESULT_MALFORMED, "split_indices");
    refused("\"split_conditions\":[", "\"split_conditions\":[NaN],\"was\":[", RESULT_MALFORMED,
            "split_conditions");
    refused("\"num_feature\":\"6\",\"num_target\"", "\"num_feature\":\"1\",\"num_target\"",
            RESULT_MALFORMED, "column");
    refused("\"num_feature\":\"6\",\"num_target\"", "\"num_feature\":\"0\",\"num_target\"",
            RESULT_MALFORMED, "no features");
    refused("\"num_feature\":\"6\",\"num_target\"", "\"num_feature\":\"-6\",\"num_target\"",
            RESULT_MALFORMED, "num_feature");
    refused("\"num_feature\":\"6\",\"num_target\"",
            "\"num_feature\":\"4000000000\",\"num_target\"", RESULT_TOO_BIG, "features");
    refused("\"num_target\":\"1\"", "\"num_target\":\"2\"", RESULT_OK, "");
    refused("\"base_score\":\"", "\"base_score\":\"x", RESULT_MALFORMED, "base_score");
    refused("\"base_score\":\"", "\"base_score\":\"-", RESULT_MALFORMED, "base_score");
    refused("\"base_score\":\"", "\"base_score\":\"[1E-1,2E-1]\",\"b\":\"", RESULT_MALFORMED,
            "base_score");
    refused("\"tree_info\":[", "\"tree_info\":[0,", RESULT_MALFORMED, "tree_info");
    refused("\"tree_info\":[0", "\"tree_info\":[1", RESULT_MALFORMED, "tree 0: output 1");
    refused("\"id\":0", "\"id\":1", RESULT_MALFORMED, "id");
    refused("\"id\":0", "\"id\":0,\"id\":0", RESULT_MALFORMED, "twice");
    refused("\"num_nodes\":\"", "\"num_nodes\":\"1", RESULT_MALFORMED, "said to have");
    refused("\"categories\":[]", "\"categories\":[1]", RESULT_OK, "");
    refused("\"categories_nodes\":[]", "\"categories_nodes\":[0]", RESULT_MALFORMED,
            "categories_segments");
    refused("\"split_type\":[0", "\"split_type\":[1", RESULT_MALFORMED,
            "node 0: a split by no");
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    refused("{", "[", RESULT_MALFORMED, "neither JSON nor UBJSON");
    refused("\"attributes\":", "\"attributes\"", RESULT_MALFORMED, "no colon");
    refused("\"tree_info\":[0,", "\"tree_info\":[0 ", RESULT_MALFORMED, "no comma");
    refused("\"tree_info\":[0,", "\"tree_info\":[0-,", RESULT_MALFORMED, "no number");
    refused("\"tree_info\":[0,", "\"tree_info\":[nul,", RESULT_MALFORMED, "no value");
    refused("\"tree_info\":[", "\"tree_info\":{", RESULT_MALFORMED, "not an array");
    refused("\"version\":[1,7,4]}", "\"version\":[1,7,4]}}", RESULT_MALFORMED, "behind");
    refused("\"version\":[1,7,4]}", "\"version\":[1,7,4]", RESULT_MALFORMED, "too early");
    refused("\"version\":[1,7,4]}", "\"version\":[1,7]}", RESULT_MALFORMED, "version");
    refused("\"attributes\":{", "\"\\q\":{", RESULT_MALFORMED, "escape");
    refused("\"attributes\":{",
            "\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            RESULT_MALFORMED, "too deep");
}

/* Every beginning of a model is refused, and nothing leaks or is read past its end. */
static void a_file_that_ends_too_early_is_refused(void **state)
{
    static const char *const models[] = {FOLDER "one_leaf.json", FOLDER "multi_softmax.ubj"};
    struct reason why;
    char *text;
    size_t i, len, n;

    (void)state;
    for (i = 0; i < 2; i++) {
        text = text_of(models[i], &len);
        assert_int_equal(import_bytes(text, len, &why), RESULT_OK);
        for (n = 1; n < len; n += n < 300 ? 1 : 97)
            if (import_bytes(text, n, &why) != RESULT_MALFORMED)
                fail_msg("%s, %zu bytes: \"%s\"", models[i], n, why.text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_forest_cannot_hold_is_refused_by_its_name),
        cmocka_unit_test(what_is_not_as_it_should_be_is_refused_with_its_place),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(a_file_that_ends_too_early_is_refused),
        cmocka_unit_test(every_objective_has_the_librarys_margins_and_answers),
        cmocka_unit_test(every_shape_of_forest_has_the_librarys_margins),
        cmocka_unit_test(a_tree_that_was_dropped_weighs_less),
        cmocka_unit_test(thresholds_may_be_subnormal_or_near_the_greatest_float),
        cmocka_unit_test(categories_that_splits_share_are_refused),
        cmocka_unit_test(splits_by_category_go_the_librarys_way),
        cmocka_unit_test(other_versions_forms_are_read),
        cmocka_unit_test(before_1_3_the_base_was_added_last),
        cmocka_unit_test(before_1_7_3_unknown_categories_took_the_default_or_were_truncated),
        cmocka_unit_test(the_best_iteration_counts_if_it_is_asked_for),
        cmocka_unit_test(what_was_found_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
