/*
 * test_bulk.c: rows in, predictions out: who may end it and when, what is told of a fault, and
 * that what is written does not depend on blocks and threads.
 */
#include "forest_help.h"

#include "base/buf.h"
#include "base/npy.h"
#include "forest/bulk.h"

enum {
    MANY = 20000 /* rows, several blocks */
};

static void *bytes;
static struct image *image; /* of the features a, b, c */
static struct predictor predictor;

static int make_image(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = NULL;
    struct reason why;
    size_t len = 0;

    (void)state;
    options.trees = 3;
    assert_int_equal(
        help_table("a,b,c,y\n1,2,3,u\n4,5,6,v\n2,2,2,u\n9,8,7,v\n", "y", 0, &table, &why),
        RESULT_OK);
    bytes = help_train(table, &options, &len);
    image = help_prove(bytes, len);
    table_free(table);
    return predictor_open(&predictor, image) != RESULT_OK;
}

static int drop_image(void **state)
{
    (void)state;
    predictor_close(&predictor);
    image_close(image);
    free(bytes);
    return 0;
}

/* What a test is told, and where it wants an end. */
struct told {
    struct buf out;
    uint64_t asked, looked, written, total; /* rows */
    unsigned asks;
    uint64_t end_at;  /* rows from which on go_on() says no; 0: never */
    unsigned end_put; /* puts from which on put() fails; 0: never */
    unsigned puts;
};

static enum result go_on(void *arg, const struct bulk_state *state, struct reason *why)
{
    struct told *told = arg;

    assert_true(state->read > told->asked);
    assert_true(told->looked <= told->asked); /* nothing is predicted before it was asked */
    told->asked = state->read;
    told->total = state->total;
    told->asks++;
    if (told->end_at > 0 && state->read >= told->end_at)
        return reason_set(why, RESULT_DENIED, "no more");
    return RESULT_OK;
}

static enum result look(void *arg, const struct bulk_block *block, struct reason *why)
{
    struct told *told = arg;

    (void)why;
    assert_true(block->rows > 0);
    told->looked += block->rows;
    assert_true(told->looked <= told->asked);
    return RESULT_OK;
}

static enum result put(void *arg, const void *data, size_t len, struct reason *why)
{
    struct told *told = arg;

    if (told->end_put > 0 && ++told->puts >= told->end_put)
        return reason_set(why, RESULT_FULL, "full");
    buf_put(&told->out, data, len);
    return RESULT_OK;
}

static enum result put_head(void *arg, const void *data, size_t len, struct reason *why)
{
    struct told *told = arg;

    (void)why;
    assert_true(len <= told->out.len);
    memcpy(told->out.data, data, len);
    return RESULT_OK;
}

static void written(void *arg, const struct bulk_state *state)
{
    struct told *told = arg;

    told->written = state->written;
}

/* Runs a text of CSV through. */
static enum result run(const char *text, unsigned threads, bool npy, struct told *told,
                       struct rows_fault *fault, uint64_t *rows, struct reason *why)
{
    char *copy = strdup(text);
    FILE *file = fmemopen(copy, strlen(text), "r");
    struct bulk_plan plan = {
        .in = file,
        .name = "t.csv",
        .predictor = &predictor,
        .kind = COLUMNS_PROBABILITY,
        .npy = npy,
        .threads = threads,
        .fault = fault,
        .arg = told,
        .go_on = go_on,
        .look = look,
        .put = put,
        .put_head = put_head,
        .written = written,
    };
    enum result result;

    assert_non_null(file);
    result = bulk_run(&plan, rows, why);
    fclose(file);
    free(copy);
    return result;
}

/* So many rows behind a header. */
static char *many_rows(unsigned n, const char *last)
{
    struct buf text = {0};

    buf_puts(&text, "c,a,b\n");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&text, "%u,%u,%u\n", i % 7, i % 11, i % 5);
    buf_puts(&text, last);
    return text.data;
}

static void who_is_asked_ends_it_before_more_is_predicted(void **state)
{
    struct told told = {.end_at = 5000};
    char *text = many_rows(MANY, "");
    struct reason why;
    uint64_t rows;

    (void)state;
    assert_int_equal(run(text, 1, false, &told, NULL, &rows, &why), RESULT_DENIED);
    assert_string_equal(why.text, "no more");
    assert_true(told.looked < 5000);
    buf_free(&told.out);
    free(text);
}

static void a_writer_that_is_full_ends_it(void **state)
{
    struct told told = {.end_put = 2};
    char *text = many_rows(MANY, "");
    struct reason why;
    uint64_t rows;

    (void)state;
    for (unsigned threads = 1; threads <= 2; threads++) {
        told.puts = 0;
        told.asked = told.looked = 0;
        assert_int_equal(run(text, threads, false, &told, NULL, &rows, &why), RESULT_FULL);
    }
    buf_free(&told.out);
    free(text);
}

static void a_value_that_does_not_fit_is_told_with_its_place(void **state)
{
    struct told told = {.asks = 0};
    char *text = many_rows(300, "1,x,3\n");
    struct rows_fault fault;
    struct reason why;
    uint64_t rows;

    (void)state;
    assert_int_equal(run(text, 1, false, &told, &fault, &rows, &why), RESULT_INVALID);
    assert_string_equal(fault.field, "line 302, column 2 (a)");
    assert_non_null(strstr(fault.problem, "\"x\" is not"));
    assert_non_null(strstr(why.text, "t.csv:302: column 2 (a): \"x\""));
    assert_int_equal(told.looked, 0);
    buf_free(&told.out);
    free(text);
}

static void a_column_that_lacks_and_a_row_that_is_no_csv_differ(void **state)
{
    struct told told = {.asks = 0};
    struct rows_fault fault;
    struct reason why;
    uint64_t rows;

    (void)state;
    assert_int_equal(run("a,b\n1,2\n", 1, false, &told, &fault, &rows, &why), RESULT_INVALID);
    assert_string_equal(fault.field, "line 1");
    assert_int_equal(run("a,b,c\n1,2\n", 1, false, &told, &fault, &rows, &why),
                     RESULT_MALFORMED);
    assert_string_equal(fault.field, "");
    buf_free(&told.out);
}

static void what_is_written_does_not_depend_on_the_threads(void **state)
{
    struct told one = {.asks = 0}, three = {.asks = 0};
    char *text = many_rows(MANY, "");
    struct reason why;
    uint64_t rows;

    (void)state;
    assert_int_equal(run(text, 1, false, &one, NULL, &rows, &why), RESULT_OK);
    assert_int_equal(rows, MANY);
    assert_int_equal(run(text, 3, false, &three, NULL, &rows, &why), RESULT_OK);
    assert_int_equal(rows, MANY);
    assert_true(one.asks > 1);
    assert_int_equal(one.asks, three.asks);
    assert_int_equal(one.looked, MANY);
    assert_int_equal(one.written, MANY);
    assert_int_equal(one.out.len, three.out.len);
    assert_memory_equal(one.out.data, three.out.data, one.out.len);
    buf_free(&one.out);
    buf_free(&three.out);
    free(text);
}

static void an_array_has_the_number_of_its_rows_at_its_head(void **state)
{
    struct told told = {.asks = 0};
    char *text = many_rows(MANY, "");
    struct reason why;
    uint64_t rows;

    (void)state;
    assert_int_equal(run(text, 1, true, &told, NULL, &rows, &why), RESULT_OK);
    assert_non_null(strstr(told.out.data + 10, "'shape': (20000, 2)"));
    assert_int_equal(told.out.len, NPY_WRITE_HEADER + MANY * 2 * sizeof(double));
    buf_free(&told.out);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_asked_ends_it_before_more_is_predicted),
        cmocka_unit_test(a_writer_that_is_full_ends_it),
        cmocka_unit_test(a_value_that_does_not_fit_is_told_with_its_place),
        cmocka_unit_test(a_column_that_lacks_and_a_row_that_is_no_csv_differ),
        cmocka_unit_test(what_is_written_does_not_depend_on_the_threads),
        cmocka_unit_test(an_array_has_the_number_of_its_rows_at_its_head),
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
