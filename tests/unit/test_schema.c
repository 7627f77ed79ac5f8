/*
 * test_schema.c: what a model takes as the value of each feature, in bodies and in files,
 * and in which words it says so.
 */
#include "forest_help.h"

#include <float.h>
#include <math.h>

#include "forest/rows.h"
#include "forest/schema.h"
#include "forest/walk.h"

enum {
    REAL,
    INTEGER,
    BOOLEAN,
    NAMED,
    CODES,
    GAPS,
    WIDTH
};

static char *values[] = {(char[]){"south"}, (char[]){"north"}, (char[]){"1"}};
static struct draft_feature features[] = {
    [REAL] = {.name = (char[]){"real"}, .type = IMAGE_REAL, .min = -1, .max = 2.5},
    [INTEGER] = {.name = (char[]){"integer"}, .type = IMAGE_INTEGER, .min = 0, .max = 9},
    [BOOLEAN] = {.name = (char[]){"boolean"}, .type = IMAGE_BOOLEAN, .min = 0, .max = 1},
    [NAMED] = {.name = (char[]){"named"},
               .type = IMAGE_CATEGORY,
               .min = 0,
               .max = 2,
               .values = values,
               .n_values = 3},
    [CODES] = {.name = (char[]){"codes"}, .type = IMAGE_CATEGORY, .min = 1, .max = 0},
    [GAPS] =
        {.name = (char[]){"gaps"}, .type = IMAGE_REAL, .min = 1, .max = 0, .missing = true},
};
static struct draft_node node = {.cover = 1};
static double leaf = 7, base = 0;
static struct draft_tree tree = {
    .nodes = &node, .n_nodes = 1, .leaves = &leaf, .n_leaves = 1, .width = 1};
static struct draft_column columns[WIDTH] = {{0, DRAFT_KEEP}, {1, DRAFT_KEEP}, {2, DRAFT_KEEP},
                                             {3, DRAFT_KEEP}, {4, DRAFT_KEEP}, {5, DRAFT_KEEP}};
static struct draft_target target;
static struct draft draft = {
    .spec = {.task = SPEC_REGRESS,
             .compare = SPEC_COMPARE_F32,
             .sum = SPEC_SUM_F64,
             .fold = SPEC_FOLD_SUM,
             .transform = SPEC_IDENTITY,
             .label = SPEC_LABEL_ARGMAX,
             .category = SPEC_CATEGORY_SIGN,
             .n_outputs = 1,
             .divisor = 1,
             .parameter = 1},
    .n_features = WIDTH,
    .n_columns = WIDTH,
    .n_targets = 1,
    .n_trees = 1,
    .features = features,
    .columns = columns,
    .targets = &target,
    .trees = &tree,
    .base = &base,
    .facts = {.source = "test"},
};

static void *bytes;
static struct image *image;
static struct schema schema;

static void make(enum spec_compare compare)
{
    struct reason why;
    size_t len;

    draft.spec.compare = compare;
    if (draft_pack(&draft, &bytes, &len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    image = help_prove(bytes, len);
    assert_int_equal(schema_read(&schema, image), RESULT_OK);
    assert_int_equal(schema.n_features, WIDTH);
}

static void drop(void)
{
    schema_free(&schema);
    image_close(image);
    free(bytes);
}

static void check_number(uint32_t i, double number, enum schema_fault expected)
{
    double out = NAN;
    enum schema_fault fault = schema_take_number(&schema, i, number, &out);

    if (fault != expected)
        fail_msg("feature %u, %g: %s", (unsigned)i, number, schema_fault_text(fault));
    if (fault == SCHEMA_FITS)
        assert_memory_equal(&out, &number, sizeof(out));
}

static void numbers_are_refused_by_type(void **state)
{
    (void)state;
    make(SPEC_COMPARE_F32);
    check_number(REAL, 1e39, SCHEMA_LARGE);
    check_number(REAL, -0x1.ffffffp+127, SCHEMA_LARGE);
    check_number(REAL, nextafter(0x1.ffffffp+127, 0), SCHEMA_FITS);
    assert_true(walk_value_fits(nextafter(0x1.ffffffp+127, 0)));
    assert_false(walk_value_fits(0x1.ffffffp+127));
    check_number(REAL, -0.0, SCHEMA_FITS);
    check_number(REAL, 5e-324, SCHEMA_FITS);
    check_number(INTEGER, 0.5, SCHEMA_FRACTION);
    check_number(INTEGER, -1 - 0x1p-52, SCHEMA_FRACTION);
    check_number(INTEGER, 1e300, SCHEMA_LARGE);
    check_number(INTEGER, -12, SCHEMA_FITS);
    check_number(INTEGER, 1e20, SCHEMA_FITS);
    check_number(BOOLEAN, 2, SCHEMA_TRUTH);
    check_number(BOOLEAN, 0.5, SCHEMA_TRUTH);
    check_number(BOOLEAN, -1, SCHEMA_TRUTH);
    check_number(BOOLEAN, -0.0, SCHEMA_FITS);
    check_number(BOOLEAN, 1, SCHEMA_FITS);
    check_number(NAMED, 0, SCHEMA_KIND);
    check_number(CODES, -3.7, SCHEMA_FITS); /* the library's own rule holds */
    check_number(GAPS, 3, SCHEMA_FITS);
    drop();
}

static void a_double_is_as_large_as_it_can_be_where_doubles_are_compared(void **state)
{
    char allowed[64];

    (void)state;
    make(SPEC_COMPARE_F64);
    check_number(REAL, DBL_MAX, SCHEMA_FITS);
    check_number(GAPS, -DBL_MAX, SCHEMA_FITS);
    check_number(INTEGER, DBL_MAX, SCHEMA_FITS);
    schema_print_allowed(&schema, REAL, allowed, sizeof(allowed));
    assert_string_equal(allowed, "a number");
    drop();
}

/* Each feature has its own, in whatever order. */
static void every_category_is_found_among_many(void **state)
{
    enum {
        MANY = 500
    };
    struct draft_feature kept = features[CODES];
    char names[MANY][16], *list[MANY];
    double out;

    (void)state;
    for (unsigned k = 0; k < MANY; k++) {
        snprintf(names[k], sizeof(names[k]), "c%u", k * 7 % MANY);
        list[k] = names[k];
    }
    features[CODES].values = list;
    features[CODES].n_values = MANY;
    make(SPEC_COMPARE_F32);
    features[CODES] = kept;
    for (unsigned k = 0; k < MANY; k++) {
        assert_int_equal(schema_take_text(&schema, CODES, names[k], strlen(names[k]), &out),
                         SCHEMA_FITS);
        assert_true(out == k);
    }
    assert_int_equal(schema_take_text(&schema, CODES, "c500", 4, &out), SCHEMA_UNKNOWN);
    assert_int_equal(schema_take_text(&schema, CODES, "north", 5, &out), SCHEMA_UNKNOWN);
    assert_int_equal(schema_take_text(&schema, NAMED, "north", 5, &out), SCHEMA_FITS);
    assert_true(out == 1);
    drop();
}

static void texts_and_truth_values_go_where_they_belong(void **state)
{
    static const struct {
        uint32_t feature;
        const char *text;
        enum schema_fault fault;
        double value;
    } texts[] = {
        {NAMED, "south", SCHEMA_FITS, 0},     {NAMED, "north", SCHEMA_FITS, 1},
        {NAMED, "1", SCHEMA_FITS, 2},         {NAMED, "nort", SCHEMA_UNKNOWN, 0},
        {NAMED, "northh", SCHEMA_UNKNOWN, 0}, {NAMED, "", SCHEMA_UNKNOWN, 0},
        {NAMED, "North", SCHEMA_UNKNOWN, 0},  {REAL, "1", SCHEMA_KIND, 0},
        {CODES, "south", SCHEMA_KIND, 0},     {BOOLEAN, "true", SCHEMA_KIND, 0},
    };
    double out;

    (void)state;
    make(SPEC_COMPARE_F32);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        enum schema_fault fault = schema_take_text(&schema, texts[i].feature, texts[i].text,
                                                   strlen(texts[i].text), &out);

        if (fault != texts[i].fault || (fault == SCHEMA_FITS && out != texts[i].value))
            fail_msg("\"%s\" for feature %u", texts[i].text, (unsigned)texts[i].feature);
    }
    assert_int_equal(schema_take_text(&schema, NAMED, "south\0", 6, &out), SCHEMA_UNKNOWN);
    for (uint32_t i = 0; i < WIDTH; i++)
        assert_int_equal(schema_take_truth(&schema, i, true, &out),
                         i == BOOLEAN ? SCHEMA_FITS : SCHEMA_KIND);
    assert_int_equal(schema_take_code(&schema, NAMED, 2, &out), SCHEMA_FITS);
    assert_int_equal(schema_take_code(&schema, NAMED, 3, &out), SCHEMA_UNKNOWN);
    assert_int_equal(schema_take_code(&schema, NAMED, 0.5, &out), SCHEMA_UNKNOWN);
    assert_int_equal(schema_take_code(&schema, NAMED, -1, &out), SCHEMA_UNKNOWN);
    drop();
}

static void a_cell_is_a_value_in_text(void **state)
{
    static const struct {
        uint32_t feature;
        const char *text;
        enum schema_fault fault;
        double value;
    } cells[] = {
        {REAL, "red", SCHEMA_KIND, 0},     {REAL, "1.5x", SCHEMA_KIND, 0},
        {REAL, "1e999", SCHEMA_LARGE, 0},  {REAL, "inf", SCHEMA_LARGE, 0},
        {REAL, "-Inf", SCHEMA_LARGE, 0},   {REAL, "true", SCHEMA_KIND, 0},
        {REAL, "", SCHEMA_MISSING, 0},     {REAL, "NaN", SCHEMA_MISSING, 0},
        {REAL, "-", SCHEMA_KIND, 0},       {INTEGER, "1.5", SCHEMA_FRACTION, 0},
        {BOOLEAN, "2", SCHEMA_TRUTH, 0},   {NAMED, "west", SCHEMA_UNKNOWN, 0},
        {NAMED, "", SCHEMA_MISSING, 0},    {REAL, "1.5", SCHEMA_FITS, 1.5},
        {REAL, "-2e0", SCHEMA_FITS, -2},   {INTEGER, "7", SCHEMA_FITS, 7},
        {BOOLEAN, "True", SCHEMA_FITS, 1}, {BOOLEAN, "false", SCHEMA_FITS, 0},
        {BOOLEAN, "1", SCHEMA_FITS, 1},    {NAMED, "north", SCHEMA_FITS, 1},
        {NAMED, "1", SCHEMA_FITS, 2},
    };
    double out;

    (void)state;
    make(SPEC_COMPARE_F32);
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        enum schema_fault fault = schema_take_cell(&schema, cells[i].feature, cells[i].text,
                                                   strlen(cells[i].text), &out);

        if (fault != cells[i].fault || (fault == SCHEMA_FITS && out != cells[i].value))
            fail_msg("\"%s\" for feature %u: %s", cells[i].text, (unsigned)cells[i].feature,
                     schema_fault_text(fault));
    }
    assert_int_equal(schema_take_cell(&schema, GAPS, "nan", 3, &out), SCHEMA_FITS);
    assert_true(isnan(out));
    assert_int_equal(schema_take_cell(&schema, REAL, "1.5x", 3, &out), SCHEMA_FITS);
    drop();
}

static void a_missing_value_is_taken_where_training_saw_one(void **state)
{
    double out;

    (void)state;
    make(SPEC_COMPARE_F32);
    for (uint32_t i = 0; i < WIDTH; i++) {
        out = 0;
        assert_int_equal(schema_take_missing(&schema, i, &out),
                         i == GAPS ? SCHEMA_FITS : SCHEMA_MISSING);
        assert_true(isnan(out));
    }
    drop();
}

static void all_at_once_says_no_where_one_would(void **state)
{
    double row[] = {0, 0, 0};

    (void)state;
    make(SPEC_COMPARE_F32);
    assert_true(schema_takes_all(&schema, REAL, row, 3));
    assert_true(schema_takes_all(&schema, INTEGER, row, 2));
    assert_false(schema_takes_all(&schema, NAMED, row, 1));
    assert_true(schema_takes_all(&schema, CODES, row, 2));
    assert_true(schema_takes_all(&schema, GAPS, row, 0));
    row[0] = 2.6; /* taken, but outside of its range */
    assert_false(schema_takes_all(&schema, REAL, row, 3));
    assert_true(schema_is_outside(&schema, REAL, 2.6) &&
                !schema_is_outside(&schema, REAL, 2.5) &&
                schema_is_outside(&schema, REAL, -1.5));
    assert_false(schema_is_outside(&schema, GAPS, 1e30) ||
                 schema_is_outside(&schema, BOOLEAN, 1));
    row[0] = 0;
    row[1] = 0.5;
    assert_false(schema_takes_all(&schema, REAL, row, 3));
    row[1] = 1;
    row[2] = 2;
    assert_false(schema_takes_all(&schema, REAL, row, 3));
    drop();
}

static void what_is_allowed_is_said_in_words(void **state)
{
    static const char *const expected[WIDTH] = {
        "a number from -3.4e38 to 3.4e38",
        "a whole number",
        "true or false, or 1 or 0",
        "one of: south, north, 1",
        "the number of a category",
        "a number from -3.4e38 to 3.4e38; null where it is missing",
    };
    char text[128], shorter[20];

    (void)state;
    make(SPEC_COMPARE_F32);
    for (uint32_t i = 0; i < WIDTH; i++) {
        schema_print_allowed(&schema, i, text, sizeof(text));
        assert_string_equal(text, expected[i]);
        schema_print_allowed(&schema, i, shorter, sizeof(shorter));
        assert_true(strlen(shorter) < sizeof(shorter));
    }
    schema_print_range(&schema, REAL, text, sizeof(text));
    assert_string_equal(text, "-1 to 2.5");
    drop();
}

/* Rows of a file, or what was wrong with them. */
static void check_file(const char *text, const char *expected)
{
    char *copy = strdup(text), out[512] = "";
    FILE *file = fmemopen(copy, strlen(text), "r");
    struct reason why = {""};
    struct rows *rows = NULL;
    double row[WIDTH];
    size_t used = 0;
    enum result result;

    assert_non_null(file);
    result = rows_open(file, "t.csv", image, NULL, &rows, &why);
    while (result == RESULT_OK && (result = rows_next(rows, row, &why)) == RESULT_OK)
        for (int i = 0; i < WIDTH; i++)
            used += (size_t)snprintf(out + used, sizeof(out) - used, "%g%c", row[i],
                                     i + 1 < WIDTH ? ' ' : '\n');
    if (result != RESULT_MISSING)
        snprintf(out + used, sizeof(out) - used, "%s", why.text);
    assert_string_equal(out, expected);
    rows_close(rows);
    fclose(file);
    free(copy);
}

static void files_go_by_the_same_rules(void **state)
{
    (void)state;
    make(SPEC_COMPARE_F32);
    check_file("gaps,codes,named,boolean,integer,real\n,7,north,TRUE,3,0.5\n"
               "NaN,2,1,0,-1,+.5\n",
               "0.5 3 1 1 7 nan\n0.5 -1 0 2 2 nan\n");
    check_file("1,2,false,south,0,5\n", "1 2 0 0 0 5\n"); /* no header: a value for each */
    check_file("1,2,false,south,0,\n", "1 2 0 0 0 nan\n");
    check_file("1,2,false,east,0,5\n", /* a row all the same, though one value does not fit */
               "t.csv:1: column 4 (east): \"east\" is not one of: south, north, 1");
    check_file("a,b,c,d,e,f\n", "t.csv:1: no column \"real\", which the model needs");
    check_file("real,integer,boolean,named,codes,gaps\n1,2,0,east,0,1\n",
               "t.csv:2: column 4 (named): \"east\" is not one of: south, north, 1");
    check_file("real,integer,boolean,named,codes,gaps\n1,2.5,0,south,0,1\n",
               "t.csv:2: column 2 (integer): \"2.5\" is not a whole number");
    check_file("real,integer,boolean,named,codes,gaps\n1,2,yes,south,0,1\n",
               "t.csv:2: column 3 (boolean): \"yes\" is not true or false, or 1 or 0");
    check_file("real,integer,boolean,named,codes,gaps\n,2,0,south,0,1\n",
               "t.csv:2: column 1 (real): \"\" is a missing value, which training never saw "
               "here");
    check_file("real,integer,boolean,named,codes,gaps\ninf,2,0,south,0,1\n",
               "t.csv:2: column 1 (real): \"inf\" is past the largest float32, 3.4028235e+38");
    drop();
    make(SPEC_COMPARE_F64);
    check_file("real,integer,boolean,named,codes,gaps\n-inf,2,0,south,0,1e300\n",
               "-inf 2 0 0 0 1e+300\n");
    drop();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_refused_by_type),
        cmocka_unit_test(a_double_is_as_large_as_it_can_be_where_doubles_are_compared),
        cmocka_unit_test(every_category_is_found_among_many),
        cmocka_unit_test(texts_and_truth_values_go_where_they_belong),
        cmocka_unit_test(a_cell_is_a_value_in_text),
        cmocka_unit_test(a_missing_value_is_taken_where_training_saw_one),
        cmocka_unit_test(all_at_once_says_no_where_one_would),
        cmocka_unit_test(what_is_allowed_is_said_in_words),
        cmocka_unit_test(files_go_by_the_same_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
