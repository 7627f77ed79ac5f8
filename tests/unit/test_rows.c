/*
 * test_rows.c: which columns of a file are taken for a model's features.
 */
#include "forest_help.h"

#include "forest/rows.h"

static void *bytes;
static struct image *image; /* of the features a, "b c" and 7, in that order */

static int make_image(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = NULL;
    struct reason why;
    size_t len = 0;

    (void)state;
    options.trees = 2;
    assert_int_equal(help_table("a,b c,7,y\n1,2,3,u\n4,5,6,v\n", "y", 0, &table, &why),
                     RESULT_OK);
    bytes = help_train(table, &options, &len);
    image = help_prove(bytes, len);
    table_free(table);
    return 0;
}

static int drop_image(void **state)
{
    (void)state;
    image_close(image);
    free(bytes);
    return 0;
}

/* Writes the rows that are read down, a line each, then how it ended. */
static void check(const char *text, const char *expected)
{
    char *copy = strdup(text), out[512] = "";
    FILE *file = fmemopen(copy, strlen(text), "r");
    struct reason why = {""};
    struct rows *rows = NULL;
    enum result result;
    double row[3];
    size_t used = 0;

    assert_non_null(file);
    result = rows_open(file, "t.csv", image, NULL, &rows, &why);
    while (result == RESULT_OK && (result = rows_next(rows, row, &why)) == RESULT_OK)
        used += (size_t)snprintf(out + used, sizeof(out) - used, "%llu: %g %g %g\n",
                                 (unsigned long long)rows_line(rows), row[0], row[1], row[2]);
    if (result != RESULT_MISSING)
        snprintf(out + used, sizeof(out) - used, "%s", why.text);
    assert_string_equal(out, expected);
    rows_close(rows);
    fclose(file);
    free(copy);
}

static void refuses_a_header_that_lacks_a_feature(void **state)
{
    (void)state;
    check("a,b,7\n1,2,3\n", "t.csv:1: no column \"b c\", which the model needs");
}

static void refuses_a_feature_that_is_there_twice(void **state)
{
    (void)state;
    check("a,b c,7,a\n1,2,3,4\n", "t.csv:1: column 4 (a): \"a\" is the name of two columns");
}

static void refuses_another_count_of_columns_without_a_header(void **state)
{
    (void)state;
    check("1,2\n", "t.csv:1: no header, and 2 columns where the model has 3 features");
    check("1,2,3,4\n", "t.csv:1: no header, and 4 columns where the model has 3 features");
}

static void refuses_a_bad_cell_of_a_feature_alone(void **state)
{
    (void)state;
    check("7,y,b c,a\n3,?,2,1\n3,?,2,x\n",
          "2: 1 2 3\nt.csv:3: column 4 (a): \"x\" is not a whole number");
    check("1,2,3\n1,2,1e39\n",
          "1: 1 2 3\nt.csv:2: column 3: \"1e39\" is past the largest float32, 3.4028235e+38");
    check(
        "1,2,3\n1,2,\n",
        "1: 1 2 3\nt.csv:2: column 3: \"\" is a missing value, which training never saw here");
}

static void refuses_an_empty_file(void **state)
{
    (void)state;
    check("\n", "t.csv: no header and no rows");
}

static void finds_features_by_name_in_any_order(void **state)
{
    (void)state;
    check("y,7, b c,extra,a\nu,3,2,text,1\n,6,5,,4\n", "2: 1 2 3\n3: 4 5 6\n");
}

static void takes_columns_by_position_without_a_header(void **state)
{
    (void)state;
    check("1,2,3\n4,5,6\n", "1: 1 2 3\n2: 4 5 6\n");
    check("7,8,9\n", "1: 7 8 9\n"); /* one feature's name is a number: still no header */
}

static void takes_a_header_without_rows_as_no_rows(void **state)
{
    (void)state;
    check("a,b c,7\n", "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_header_that_lacks_a_feature),
        cmocka_unit_test(refuses_a_feature_that_is_there_twice),
        cmocka_unit_test(refuses_another_count_of_columns_without_a_header),
        cmocka_unit_test(refuses_a_bad_cell_of_a_feature_alone),
        cmocka_unit_test(refuses_an_empty_file),
        cmocka_unit_test(finds_features_by_name_in_any_order),
        cmocka_unit_test(takes_columns_by_position_without_a_header),
        cmocka_unit_test(takes_a_header_without_rows_as_no_rows),
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
