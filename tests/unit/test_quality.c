/*
 * test_quality.c: figures of quality, held to what scikit-learn says of the same rows
 * (tests/fixtures/quality/make.py), and what their sums have to keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "forest/quality.h"

static struct json_object *cases;

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value;
}

static const char *name_of(struct json_object *one)
{
    return json_object_get_string(member(one, "name"));
}

static uint32_t classes_of(struct json_object *one)
{
    return (uint32_t)json_object_get_int(member(one, "n_classes"));
}

static size_t rows_of(struct json_object *one)
{
    return json_object_array_length(member(one, "truth"));
}

/* 1e-12, of what is greater than 1 in proportion; null is NaN. */
static void check_number(struct json_object *one, const char *what,
                         struct json_object *expected, double got)
{
    const double number = json_object_get_double(expected);

    if (expected == NULL ? isnan(got) : fabs(got - number) <= 1e-12 * fmax(1, fabs(number)))
        return;
    fail_msg("%s: %s is %.17g, scikit-learn says %s", name_of(one), what, got,
             json_object_get_string(expected));
}

static void check_count(struct json_object *one, const char *what, struct json_object *expected,
                        uint64_t got)
{
    if (json_object_get_uint64(expected) != got)
        fail_msg("%s: %s is %llu, scikit-learn says %s", name_of(one), what,
                 (unsigned long long)got, json_object_get_string(expected));
}

static struct json_object *at(struct json_object *array, size_t i)
{
    return json_object_array_get_idx(array, i);
}

static uint32_t class_at(struct json_object *one, const char *name, size_t i)
{
    return (uint32_t)json_object_get_int(at(member(one, name), i));
}

static void add_row(struct quality *quality, struct json_object *one, size_t i)
{
    struct json_object *probabilities = member(one, "probabilities");
    const uint32_t n = classes_of(one);
    double p[512];
    uint32_t k;

    if (n == 0) {
        quality_add_value(quality, json_object_get_double(at(member(one, "predicted"), i)),
                          json_object_get_double(at(member(one, "truth"), i)));
        return;
    }
    for (k = 0; k < n && probabilities != NULL; k++)
        p[k] = json_object_get_double(at(at(probabilities, i), k));
    quality_add_class(quality, class_at(one, "predicted", i), probabilities != NULL ? p : NULL,
                      class_at(one, "truth", i));
}

static void add_rows(struct quality *quality, struct json_object *one, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        add_row(quality, one, i);
}

static struct quality *make(uint32_t n_classes)
{
    struct quality *quality = NULL;

    assert_int_equal(quality_new(n_classes, &quality), RESULT_OK);
    return quality;
}

static void check_each_class(struct json_object *one, const struct quality *quality)
{
    struct json_object *figures = member(one, "figures");
    const uint32_t n = classes_of(one);

    for (uint32_t k = 0; k < n; k++) {
        struct quality_class class;

        quality_class_read(quality, k, &class);
        check_number(one, "precision", at(member(figures, "precision"), k), class.precision);
        check_number(one, "recall", at(member(figures, "recall"), k), class.recall);
        check_number(one, "f1", at(member(figures, "f1"), k), class.f1);
        check_count(one, "truth", at(member(figures, "truth"), k), class.truth);
        check_count(one, "predicted", at(member(figures, "predicted"), k), class.predicted);
        for (uint32_t j = 0; j < n && quality_has_confusion(quality); j++)
            check_count(one, "confusion", at(at(member(figures, "confusion"), k), j),
                        quality_confusion(quality, k, j));
    }
}

static void check_probabilities(struct json_object *one, const struct quality *quality,
                                const struct quality_figures *got)
{
    struct json_object *figures = member(one, "figures"), *bins = member(figures, "bins");

    check_number(one, "log_loss", member(figures, "log_loss"), got->log_loss);
    check_number(one, "brier", member(figures, "brier"), got->brier);
    check_number(one, "ece", member(figures, "ece"), got->ece);
    assert_int_equal(got->probable, bins != NULL ? rows_of(one) : 0);
    for (unsigned b = 0; b < QUALITY_BINS && bins != NULL; b++) {
        struct quality_bin bin;

        quality_bin_read(quality, b, &bin);
        check_count(one, "rows of a bin", member(at(bins, b), "rows"), bin.rows);
        check_number(one, "predicted of a bin", member(at(bins, b), "predicted"),
                     bin.predicted);
        check_number(one, "observed of a bin", member(at(bins, b), "observed"), bin.observed);
    }
}

static void check_figures(struct json_object *one, const struct quality *quality)
{
    struct json_object *figures = member(one, "figures");
    struct quality_figures got;

    quality_read(quality, &got);
    assert_int_equal(got.rows, rows_of(one));
    check_number(one, "accuracy", member(figures, "accuracy"), got.accuracy);
    check_number(one, "f1_macro", member(figures, "f1_macro"), got.f1_macro);
    check_number(one, "f1_micro", member(figures, "f1_micro"), got.f1_micro);
    check_number(one, "f1_weighted", member(figures, "f1_weighted"), got.f1_weighted);
    check_number(one, "r2", member(figures, "r2"), got.r2);
    check_number(one, "mae", member(figures, "mae"), got.mae);
    check_number(one, "rmse", member(figures, "rmse"), got.rmse);
    check_number(one, "bias", member(figures, "bias"), got.bias);
    if (classes_of(one) == 0)
        return;
    check_each_class(one, quality);
    check_probabilities(one, quality, &got);
}

static size_t n_cases(void)
{
    return json_object_array_length(cases);
}

static void figures_are_those_of_scikit_learn(void **state)
{
    (void)state;
    assert_true(n_cases() >= 25);
    for (size_t i = 0; i < n_cases(); i++) {
        struct json_object *one = at(cases, i);
        struct quality *quality = make(classes_of(one));

        add_rows(quality, one, 0, rows_of(one));
        check_figures(one, quality);
        quality_free(quality);
    }
}

static void parts_that_are_merged_are_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_cases(); i++) {
        struct json_object *one = at(cases, i);
        const size_t n = rows_of(one);
        struct quality *whole = make(classes_of(one)), *part = make(classes_of(one)),
                       *none = make(classes_of(one));

        add_rows(whole, one, 0, n / 3);
        add_rows(part, one, n / 3, n);
        quality_merge(whole, part);
        quality_merge(whole, none);
        check_figures(one, whole);
        quality_merge(none, whole);
        check_figures(one, none);
        quality_free(whole);
        quality_free(part);
        quality_free(none);
    }
}

static void no_probabilities_are_counted_where_one_is_none(void **state)
{
    static const double bad[][2] = {{NAN, 0.5}, {-0.1, 1}, {0, 1.1}, {INFINITY, 0}};
    struct quality *quality = make(2);
    struct quality_figures figures;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        quality_add_class(quality, 1, bad[i], 1);
    quality_read(quality, &figures);
    assert_int_equal(figures.rows, 4);
    assert_int_equal(figures.probable, 0);
    assert_true(figures.accuracy == 1);
    assert_true(isnan(figures.log_loss) && isnan(figures.brier) && isnan(figures.ece));
    quality_free(quality);
}

/* A plain sum of doubles would have 0.125 for each 0.1. */
static void many_rows_lose_nothing(void **state)
{
    struct quality *quality = make(0);
    struct quality_figures figures;

    (void)state;
    quality_add_value(quality, 1e15, 0);
    for (int i = 0; i < 1000000; i++)
        quality_add_value(quality, 0.1, 0);
    quality_add_value(quality, -1e15, 0);
    quality_read(quality, &figures);
    assert_true(fabs(figures.bias - 100000.0 / 1000002) <= 1e-12);
    quality_free(quality);
}

/* One value far off, and the spread of the others is still what it was. */
static void a_value_far_off_hides_no_spread(void **state)
{
    struct quality *quality = make(0);
    struct quality_figures figures;

    (void)state;
    for (int i = 0; i < 1000; i++)
        quality_add_value(quality, 1e10, 1e10 + i % 2);
    quality_read(quality, &figures);
    assert_true(fabs(figures.r2 - -1) <= 1e-12); /* 500 / 250 too much */
    quality_free(quality);
}

static void what_is_too_great_for_a_number_is_not_told(void **state)
{
    struct quality *quality = make(0);
    struct quality_figures figures;

    (void)state;
    quality_add_value(quality, -1e308, 1e308);
    quality_add_value(quality, 1e308, -1e308);
    quality_read(quality, &figures);
    assert_true(isnan(figures.r2) && isnan(figures.rmse) && isnan(figures.mae));
    quality_free(quality);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_probabilities_are_counted_where_one_is_none),
        cmocka_unit_test(what_is_too_great_for_a_number_is_not_told),
        cmocka_unit_test(figures_are_those_of_scikit_learn),
        cmocka_unit_test(parts_that_are_merged_are_the_whole),
        cmocka_unit_test(many_rows_lose_nothing),
        cmocka_unit_test(a_value_far_off_hides_no_spread),
    };
    int failed;

    cases = json_object_from_file("tests/fixtures/quality/quality.json");
    if (cases == NULL)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_object_put(cases);
    return failed;
}
