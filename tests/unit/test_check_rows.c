/*
 * test_check_rows.c: rows that a model gives to be tried with are taken by it, differ, come
 * to several leaves, miss a value where one may be missing, and are the same each time.
 */
#include "forest_help.h"

#include <math.h>

#include "forest/check_rows.h"
#include "forest/schema.h"
#include "forest/text_train.h"
#include "forest/walk.h"

static double *rows_of(const struct image *image, size_t *count)
{
    double *rows = NULL;

    assert_int_equal(check_rows_make(image, &rows, count), RESULT_OK);
    assert_true(*count >= 8 && *count <= CHECK_ROWS_MAX);
    return rows;
}

static struct image *image_of(const struct draft *draft, void **bytes)
{
    struct reason why = {""};
    size_t len;

    if (draft_pack(draft, bytes, &len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return help_prove(*bytes, len);
}

/* Each value is one that the schema takes. */
static void check_taken(const struct image *image, const double *rows, size_t count)
{
    const uint32_t n = image_n_features(image);
    struct schema schema = {0};
    double out;

    assert_int_equal(schema_read(&schema, image), RESULT_OK);
    for (size_t i = 0; i < count * n; i++) {
        const uint32_t f = (uint32_t)(i % n);
        enum schema_fault fault = isnan(rows[i]) ? schema_take_missing(&schema, f, &out)
                                                 : schema_take_code(&schema, f, rows[i], &out);

        if (fault != SCHEMA_FITS || schema_is_outside(&schema, f, rows[i]))
            fail_msg("%s: %g: %s", image_feature_name(image, f), rows[i],
                     schema_fault_text(fault));
    }
    schema_free(&schema);
}

static size_t rows_different(const double *rows, size_t count, size_t n)
{
    size_t different = 0;

    for (size_t i = 0; i < count; i++) {
        size_t j = 0;

        while (j < i && memcmp(rows + i * n, rows + j * n, n * sizeof(*rows)) != 0)
            j++;
        different += j == i;
    }
    return different;
}

static size_t leaves_of_first_tree(const struct image *image, const double *rows, size_t count)
{
    const uint32_t trees = image_n_trees(image);
    uint32_t *ids = calloc(count * trees, sizeof(*ids));
    size_t different = 0;

    walk_leaves(image, rows, count, ids);
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;

        while (j < i && ids[i * trees] != ids[j * trees])
            j++;
        different += j == i;
    }
    free(ids);
    return different;
}

static void rows_are_taken_differ_and_come_to_several_leaves(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(3, 300, 4, 3);
    size_t len, count, again;
    double *rows, *same;
    void *bytes;
    struct image *image;

    (void)state;
    options.trees = 3;
    bytes = help_train(table, &options, &len);
    image = help_prove(bytes, len);
    rows = rows_of(image, &count);
    same = rows_of(image, &again);
    check_taken(image, rows, count);
    assert_int_equal(count, CHECK_ROWS_MAX);
    assert_int_equal(rows_different(rows, count, 4), count);
    assert_true(leaves_of_first_tree(image, rows, count) > 3);
    assert_int_equal(again, count);
    assert_memory_equal(rows, same, count * 4 * sizeof(*rows));
    free(rows);
    free(same);
    image_close(image);
    free(bytes);
    table_free(table);
}

/* ---- features of each kind, and of no known range ---- */

static struct draft_node nodes[] = {
    {.threshold = 40, .column = 0, .left = 1, .right = 2},
    {.threshold = -7, .column = 4, .left = 3, .right = 4},
    {.threshold = 60, .column = 0, .left = 5, .right = 6},
    {.leaf = 0, .id = 3},
    {.leaf = 1, .id = 4},
    {.leaf = 2, .id = 5},
    {.leaf = 3, .id = 6},
};
static double leaves[] = {1, 2, 3, 4};
static struct draft_tree tree = {
    .nodes = nodes, .n_nodes = 7, .leaves = leaves, .n_leaves = 4, .width = 1};
static struct draft_feature features[] = {
    {.name = (char[]){"unknown"}, .type = IMAGE_REAL, .min = 1, .max = 0},
    {.name = (char[]){"count"}, .type = IMAGE_INTEGER, .min = 3, .max = 5},
    {.name = (char[]){"flag"}, .type = IMAGE_BOOLEAN, .min = 0, .max = 1},
    {.name = (char[]){"place"},
     .type = IMAGE_CATEGORY,
     .min = 0,
     .max = 2,
     .values = (char *[]){(char[]){"east"}, (char[]){"north"}, (char[]){"south"}},
     .n_values = 3},
    {.name = (char[]){"hole"}, .type = IMAGE_REAL, .min = -10, .max = 10, .missing = true},
    {.name = (char[]){"whole"}, .type = IMAGE_INTEGER, .min = 1, .max = 0, .missing = true},
};
static struct draft_column columns[] = {{0, DRAFT_KEEP}, {1, DRAFT_KEEP}, {2, DRAFT_KEEP},
                                        {3, DRAFT_KEEP}, {4, DRAFT_KEEP}, {5, DRAFT_KEEP}};
static struct draft_target target = {.n_classes = 0};
static double base[] = {0};
static struct draft mixed = {
    .spec = {.task = SPEC_REGRESS,
             .compare = SPEC_COMPARE_F32,
             .sum = SPEC_SUM_F64,
             .fold = SPEC_FOLD_MEAN,
             .transform = SPEC_IDENTITY,
             .label = SPEC_LABEL_ARGMAX,
             .category = SPEC_CATEGORY_SIGN,
             .n_outputs = 1,
             .divisor = 1,
             .parameter = 1},
    .n_features = 6,
    .n_columns = 6,
    .n_targets = 1,
    .n_trees = 1,
    .features = features,
    .columns = columns,
    .targets = &target,
    .trees = &tree,
    .base = base,
    .facts = {.source = "test", .date = 1700000000, .rows = 8, .trees = 1},
};

/* How many of the rows have each kind of value. */
static size_t how_many(const double *rows, size_t count, uint32_t feature, double value)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        double at = rows[i * mixed.n_features + feature];

        n += isnan(value) ? isnan(at) : at == value; /* NOLINT: the very value is meant */
    }
    return n;
}

static void every_kind_of_feature_has_all_its_kinds_of_values(void **state)
{
    size_t count;
    double *rows;
    void *bytes;
    struct image *image = image_of(&mixed, &bytes);

    (void)state;
    rows = rows_of(image, &count);
    check_taken(image, rows, count);
    assert_int_equal(how_many(rows, count, 1, 3) + how_many(rows, count, 1, 4) +
                         how_many(rows, count, 1, 5),
                     count);
    assert_true(how_many(rows, count, 1, 3) > 0 && how_many(rows, count, 1, 5) > 0);
    assert_int_equal(how_many(rows, count, 2, 0), count / 2);
    assert_int_equal(how_many(rows, count, 2, 1), count / 2);
    for (int k = 0; k < 3; k++)
        assert_true(how_many(rows, count, 3, k) >= count / 4);
    free(rows);
    image_close(image);
    free(bytes);
}

static void a_value_is_missing_in_one_row_of_eight_where_it_may_be(void **state)
{
    size_t count;
    double *rows;
    void *bytes;
    struct image *image = image_of(&mixed, &bytes);

    (void)state;
    rows = rows_of(image, &count);
    for (uint32_t i = 0; i < mixed.n_features; i++)
        assert_int_equal(how_many(rows, count, i, NAN), features[i].missing ? count / 8 : 0);
    free(rows);
    image_close(image);
    free(bytes);
}

static void a_range_that_is_not_known_is_taken_from_the_splits(void **state)
{
    size_t count;
    double *rows;
    void *bytes;
    struct image *image = image_of(&mixed, &bytes);

    (void)state;
    rows = rows_of(image, &count);
    assert_int_equal(leaves_of_first_tree(image, rows, count), 4);
    free(rows);
    image_close(image);
    free(bytes);
}

static void many_features_leave_fewer_rows(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(5, 20, 40000, 2);
    size_t len, count;
    double *rows;
    void *bytes;
    struct image *image;

    (void)state;
    options.trees = 1;
    bytes = help_train(table, &options, &len);
    image = help_prove(bytes, len);
    rows = rows_of(image, &count);
    assert_int_equal(count, 16);
    check_taken(image, rows, count);
    free(rows);
    image_close(image);
    free(bytes);
    table_free(table);
}

/* A text model of two classes. */
static struct draft text_draft(void)
{
    struct train_options options = text_train_defaults;
    struct buf csv = {0};
    struct reason why = {""};
    struct table *table = NULL;
    struct draft draft = {0};
    char path[32];

    buf_puts(&csv, "words,kind\n");
    for (int i = 0; i < 60; i++)
        buf_printf(&csv, "%s number %d,%s\n",
                   i % 2 ? "a wonderful film" : "terrible service and cold food", i,
                   i % 2 ? "good" : "bad");
    help_write(path, csv.data, csv.len);
    options.trees = 10;
    if (table_read_texts(path, "kind", "words", &table, &why) != RESULT_OK ||
        text_train(table, &options, &draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    unlink(path);
    buf_free(&csv);
    table_free(table);
    return draft;
}

static void a_text_model_reads_sentences_that_differ(void **state)
{
    struct draft draft = text_draft();
    size_t count;
    double *rows;
    void *bytes;
    struct image *image = image_of(&draft, &bytes);

    (void)state;
    rows = rows_of(image, &count);
    assert_true(rows_different(rows, count, image_n_features(image)) > count / 2);
    for (size_t i = 0; i < count * image_n_features(image); i++)
        assert_true(isfinite(rows[i]));
    free(rows);
    image_close(image);
    free(bytes);
    draft_free(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_taken_differ_and_come_to_several_leaves),
        cmocka_unit_test(every_kind_of_feature_has_all_its_kinds_of_values),
        cmocka_unit_test(a_value_is_missing_in_one_row_of_eight_where_it_may_be),
        cmocka_unit_test(a_range_that_is_not_known_is_taken_from_the_splits),
        cmocka_unit_test(many_features_leave_fewer_rows),
        cmocka_unit_test(a_text_model_reads_sentences_that_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
