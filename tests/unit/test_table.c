/*
 * test_table.c: what a CSV file must be to train on, and to predict from, and how the
 * faults in it are told.
 */
#include "forest_help.h"

#include <math.h>
#include <fcntl.h>
#include <sys/stat.h>

static void check_refused(const char *text, const char *target, enum spec_task task,
                          enum result expected, const char *reason)
{
    struct table *table = NULL;
    struct reason why = {""};

    assert_int_equal(help_table(text, target, task, &table, &why), expected);
    assert_string_equal(why.text, reason);
    assert_null(table);
}

static struct table *take(const char *text, const char *target, enum spec_task task)
{
    struct table *table = NULL;
    struct reason why = {""};

    if (help_table(text, target, task, &table, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    return table;
}

static void refuses_a_bad_cell_by_line_and_column(void **state)
{
    (void)state;
    check_refused("a,petal_length,y\n1,2,x\n\n1,abc,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:4: column 2 (petal_length): \"abc\" is not a number");
    check_refused("a,y\n1,x\n,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 1 (a): \"\" is empty, must be a number");
    check_refused("a,y\nnan,x\n", "y", 0, RESULT_INVALID,
                  "t.csv:2: column 1 (a): \"nan\" is not a number");
    check_refused("a,y\n-inf,x\n", "y", 0, RESULT_INVALID,
                  "t.csv:2: column 1 (a): \"-inf\" is not a number");
    check_refused("a,y\n0x10,x\n", "y", 0, RESULT_INVALID,
                  "t.csv:2: column 1 (a): \"0x10\" is not a number");
    check_refused("a,y\n1e39,x\n", "y", 0, RESULT_INVALID,
                  "t.csv:2: column 1 (a): \"1e39\" is past the largest float32, 3.4028235e+38");
    check_refused(
        "a,y\n-1e999,x\n", "y", 0, RESULT_INVALID,
        "t.csv:2: column 1 (a): \"-1e999\" is past the largest float32, 3.4028235e+38");
    check_refused("a,y\n1 2,x\n", "y", 0, RESULT_INVALID,
                  "t.csv:2: column 1 (a): \"1 2\" is not a number");
}

static void refuses_a_column_that_changes_its_mind(void **state)
{
    char text[32768], *at = text;
    struct table *table = NULL;
    struct reason why;

    (void)state;
    check_refused("a,y\n1,x\nred,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 1 (a): \"red\" is not a number");
    check_refused("a,y\nred,x\n1,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 1 (a): \"1\" is a number, where the cells above are texts");
    check_refused("a,y\nred,x\n,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 1 (a): \"\" is empty");
    check_refused("a,y\ntrue,x\nred,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 1 (a): \"red\" is neither true nor false, as the cells "
                  "above");
    check_refused("a,y\nNA,x\nred,y\n", "y", 0, RESULT_INVALID,
                  "t.csv:2: column 1 (a): \"NA\" is not a number");
    at = stpcpy(at, "a,y\n");
    for (int i = 0; i < COLUMN_MAX_TEXTS + 1; i++)
        at += sprintf(at, "t%d,%d\n", i, i % 2);
    assert_int_equal(help_table(text, "y", 0, &table, &why), RESULT_TOO_BIG);
    assert_non_null(strstr(why.text, ":1026: column 1 (a): \"t1024\" is one text more"));
}

static void texts_are_categories_by_byte(void **state)
{
    static const char *const names[] = {"Zoo", "abc", "b", "\xc3\xa4"};
    static const float codes[] = {2, 0, 3, 2, 1, 0};
    struct table *table = take("a,y\nb,1\nZoo,2\n\xc3\xa4,1\n b ,2\nabc,2\nZoo,1\n", "y", 0);

    (void)state;
    assert_int_equal(table->columns[0].type, IMAGE_CATEGORY);
    assert_int_equal(table->columns[0].n_texts, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(table->columns[0].texts[i], names[i]);
    assert_memory_equal(table->columns[0].values, codes, sizeof(codes));
    table_free(table);
}

static void what_is_0_and_1_or_true_and_false_is_boolean(void **state)
{
    static const enum image_type types[] = {IMAGE_BOOLEAN, IMAGE_BOOLEAN, IMAGE_INTEGER,
                                            IMAGE_INTEGER, IMAGE_REAL,    IMAGE_BOOLEAN};
    struct table *table = take("a,b,c,d,e,f,y\n1,true,0,1,0,FALSE,1\n0,False,0,2,1,false,2\n"
                               "1,TRUE,0,0,0.5,false,2\n",
                               "y", 0);

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(table->columns[i].type, types[i]);
    assert_true(table->columns[1].values[0] == 1 && table->columns[1].values[1] == 0 &&
                table->columns[1].values[2] == 1);
    assert_true(table->columns[5].max == 0);
    table_free(table);
}

static void refuses_a_header_that_does_not_name_columns(void **state)
{
    (void)state;
    check_refused("a,,y\n1,2,x\n", "y", 0, RESULT_INVALID, "t.csv:1: column 2: \"\" is empty");
    check_refused("a,b,a ,y\n1,2,3,x\n", "y", 0, RESULT_INVALID,
                  "t.csv:1: two columns have the name \"a\"");
    check_refused("a,y,y\n1,2,3\n", "y", 0, RESULT_INVALID,
                  "t.csv:1: two columns have the name \"y\"");
    check_refused("\"a\nb\",y\n1,2\n", "y", 0, RESULT_INVALID,
                  "t.csv:1: column 1: \"a\\u000ab\" has a control character");
    check_refused("", "y", 0, RESULT_INVALID, "t.csv: no header and no rows");
}

static void refuses_a_target_that_is_not_there_and_lists_what_is(void **state)
{
    (void)state;
    check_refused("a,b,species\n1,2,x\n", "Species", 0, RESULT_INVALID,
                  "t.csv: no column \"Species\"; the columns are: a, b, species");
}

static void cuts_the_list_of_columns_when_it_is_long(void **state)
{
    char text[8192], *at = text;
    struct table *table = NULL;
    struct reason why;
    int i;

    (void)state;
    for (i = 0; i < 500; i++)
        at += sprintf(at, "column%d%s", i, i < 499 ? "," : "\n");
    assert_int_equal(help_table(text, "y", 0, &table, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "column0, column1, "));
    assert_string_equal(why.text + strlen(why.text) - 3, "...");
}

static void refuses_a_file_with_nothing_to_learn(void **state)
{
    (void)state;
    check_refused("a,y\n", "y", 0, RESULT_INVALID, "t.csv: a header and no rows");
    check_refused("y\n1\n2\n", "y", 0, RESULT_INVALID, "t.csv: no column but the target");
    check_refused("a,y\n1,x\n2,x\n", "y", 0, RESULT_INVALID,
                  "t.csv: the target \"y\" has one class only, \"x\"");
}

static void refuses_a_target_that_is_no_number_in_a_regression(void **state)
{
    (void)state;
    check_refused("a,y\n1,2\n2,x\n", "y", SPEC_REGRESS, RESULT_INVALID,
                  "t.csv:3: column 2 (y): \"x\" is not a number");
    check_refused("a,y\n1,2\n2,\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 2 (y): \"\" is empty");
}

static void refuses_to_guess_when_numbers_and_text_are_mixed(void **state)
{
    struct table *table;

    (void)state;
    check_refused("a,y\n1,2.5\n2,n/a\n", "y", 0, RESULT_INVALID,
                  "t.csv:3: column 2 (y): not a number, as other cells are; "
                  "if all are labels, the task is to classify");
    table = take("a,y\n1,2.5\n2,n/a\n", "y", SPEC_CLASSIFY);
    assert_int_equal(table->n_classes, 2);
    table_free(table);
}

static void refuses_more_classes_than_an_image_holds(void **state)
{
    char *text = malloc(200000), *at = text;
    int i;

    (void)state;
    at += sprintf(at, "a,y\n");
    for (i = 0; i <= IMAGE_MAX_CLASSES; i++)
        at += sprintf(at, "%d,%d.5\n", i, i);
    check_refused(text, "y", SPEC_CLASSIFY, RESULT_TOO_BIG,
                  "t.csv: the target \"y\" has 4097 classes, over 4096");
    free(text);
}

static void tells_of_a_file_that_is_not_there(void **state)
{
    struct table *table = NULL;
    struct reason why;

    (void)state;
    assert_int_equal(table_read("/nowhere/x.csv", "y", 0, &table, &why), RESULT_MISSING);
    assert_string_equal(why.text, "/nowhere/x.csv: No such file or directory");
    assert_int_not_equal(table_read("/", "y", 0, &table, &why), RESULT_OK);
}

static void reads_columns_in_order_whatever_the_targets_place(void **state)
{
    struct table *table = take("b,kind,a\n1,x,10\n 2.5 ,y,20\n-0,x,-30\n", "kind", 0);

    (void)state;
    assert_int_equal(table->n_rows, 3);
    assert_int_equal(table->n_features, 2);
    assert_string_equal(table->columns[0].name, "b");
    assert_string_equal(table->columns[1].name, "a");
    assert_true(table->columns[0].values[1] == 2.5f);
    assert_true(table->columns[1].values[2] == -30);
    assert_false(signbit(table->columns[0].values[2])); /* -0 is 0 */
    assert_true(table->columns[1].min == -30 && table->columns[1].max == 20);
    assert_int_equal(table->columns[0].type, IMAGE_REAL);
    assert_int_equal(table->columns[1].type, IMAGE_INTEGER);
    table_free(table);
}

static void sorts_labels_by_value_when_all_are_numbers(void **state)
{
    struct table *table = take("a,y\n0,10\n0,9\n0,9.0\n0,-1\n", "y", 0);

    (void)state;
    assert_int_equal(table->task, SPEC_CLASSIFY);
    assert_int_equal(table->n_classes, 3);
    assert_string_equal(table->labels[0], "-1");
    assert_string_equal(table->labels[1], "9"); /* as 9.0, and first */
    assert_string_equal(table->labels[2], "10");
    assert_int_equal(table->classes[0], 2);
    assert_int_equal(table->classes[1], 1);
    assert_int_equal(table->classes[2], 1);
    assert_int_equal(table->classes[3], 0);
    table_free(table);
}

static void sorts_labels_by_byte_when_one_is_text(void **state)
{
    struct table *table = take("a,y\n0,b\n0,10\n0,9\n0,B\n", "y", SPEC_CLASSIFY);

    (void)state;
    assert_string_equal(table->labels[0], "10");
    assert_string_equal(table->labels[1], "9");
    assert_string_equal(table->labels[2], "B");
    assert_string_equal(table->labels[3], "b");
    assert_int_equal(table->classes[0], 3);
    table_free(table);
}

static void tells_the_task_from_the_target(void **state)
{
    char text[1024], *at;
    struct table *table;
    int i, n;

    (void)state;
    for (n = TABLE_MAX_LABELS; n <= TABLE_MAX_LABELS + 1; n++) {
        at = text + sprintf(text, "a,y\n");
        for (i = 0; i < n; i++)
            at += sprintf(at, "1,%d\n", i);
        table = take(text, "y", 0);
        assert_int_equal(table->task, n <= TABLE_MAX_LABELS ? SPEC_CLASSIFY : SPEC_REGRESS);
        table_free(table);
    }
    table = take("a,y\n1,1\n1,2.5\n", "y", 0);
    assert_int_equal(table->task, SPEC_REGRESS);
    assert_true(table->values[1] == 2.5);
    assert_null(table->classes);
    table_free(table);
    table = take("a,y\n1,1\n1,2\n", "y", SPEC_REGRESS);
    assert_int_equal(table->task, SPEC_REGRESS);
    table_free(table);
}

static void knows_the_datas_checksum_and_date(void **state)
{
    struct table *table;

    (void)state;
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    table = take("a,y\n1,x\n2,z\n", "y", 0);
    assert_int_equal(table->date, 1700000000);
    assert_string_equal(table->sha256,
                        "5bf75d6a81d940b58bf7202acfca45bddf63cd76c4831fed003ebb346f48d1e4");
    table_free(table);
    setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
    check_refused("a,y\n1,x\n2,z\n", "y", 0, RESULT_INVALID,
                  "SOURCE_DATE_EPOCH: must be seconds since 1970");
    unsetenv("SOURCE_DATE_EPOCH");
}

static void takes_the_date_of_the_file(void **state)
{
    static const char text[] = "a,y\n1,x\n2,z\n";
    struct timespec times[2] = {{1600000000, 0}, {1600000000, 0}};
    struct table *table = NULL;
    struct reason why;
    char path[32];

    (void)state;
    help_write(path, text, strlen(text));
    unsetenv("SOURCE_DATE_EPOCH");
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(table_read(path, "y", 0, &table, &why), RESULT_OK);
    assert_int_equal(table->date, 1600000000);
    table_free(table);
    unlink(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_bad_cell_by_line_and_column),
        cmocka_unit_test(refuses_a_column_that_changes_its_mind),
        cmocka_unit_test(texts_are_categories_by_byte),
        cmocka_unit_test(what_is_0_and_1_or_true_and_false_is_boolean),
        cmocka_unit_test(refuses_a_header_that_does_not_name_columns),
        cmocka_unit_test(refuses_a_target_that_is_not_there_and_lists_what_is),
        cmocka_unit_test(cuts_the_list_of_columns_when_it_is_long),
        cmocka_unit_test(refuses_a_file_with_nothing_to_learn),
        cmocka_unit_test(refuses_a_target_that_is_no_number_in_a_regression),
        cmocka_unit_test(refuses_to_guess_when_numbers_and_text_are_mixed),
        cmocka_unit_test(refuses_more_classes_than_an_image_holds),
        cmocka_unit_test(tells_of_a_file_that_is_not_there),
        cmocka_unit_test(reads_columns_in_order_whatever_the_targets_place),
        cmocka_unit_test(sorts_labels_by_value_when_all_are_numbers),
        cmocka_unit_test(sorts_labels_by_byte_when_one_is_text),
        cmocka_unit_test(tells_the_task_from_the_target),
        cmocka_unit_test(knows_the_datas_checksum_and_date),
        cmocka_unit_test(takes_the_date_of_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
