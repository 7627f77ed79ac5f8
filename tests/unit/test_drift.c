/*
 * test_drift.c: nothing is told of too few rows or without a baseline; else the index is what
 * another program makes of the same rows (tests/fixtures/drift/make.py).
 */
#include "drift_help.h"

#include <math.h>

#include "forest/drift.h"

static void check_part(const struct drift *drift, uint32_t i, const char *rows)
{
    const char *name = image_feature_name(help_trained, i);
    struct json_object *said =
        help_member(help_member(help_member(help_said, name), "first"), rows);
    const double psi = json_object_get_double(help_member(said, "psi")),
                 chance = json_object_get_double(help_member(said, "chance"));
    const char *word = json_object_get_string(help_member(said, "word"));
    struct drift_part part;
    char called[80];

    drift_read(drift, i, &part);
    drift_print_name(drift, &part, called, sizeof(called));
    assert_string_equal(called, name);
    if (fabs(part.psi - psi) > 1e-12 || fabs(part.chance - chance) > 1e-12 ||
        strcmp(drift_word_text(part.word), word) != 0)
        fail_msg("%s of %s rows: %.15g (%.15g) is %s, must be %.15g (%.15g), %s", name, rows,
                 part.psi, part.chance, drift_word_text(part.word), psi, chance, word);
}

/* Of the first 99, the first 100 and all 400 rows. */
static void the_index_is_that_of_another_program(void **state)
{
    FILE *file = fopen("tests/fixtures/drift/now.csv", "re");
    struct predictor predictor;
    struct drift *drift = NULL;
    struct rows *rows = NULL;
    struct reason why = {""};
    double row[8];

    (void)state;
    assert_non_null(file);
    assert_int_equal(predictor_open(&predictor, help_trained), RESULT_OK);
    assert_int_equal(drift_new(&predictor, &drift), RESULT_OK);
    assert_int_equal(drift_parts(drift), 9);
    if (rows_open(file, "now.csv", help_trained, NULL, &rows, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    for (unsigned n = 1; n <= 400; n++) {
        assert_int_equal(rows_next(rows, row, &why), RESULT_OK);
        drift_add_row(drift, row);
        for (uint32_t i = 0; i < 8 && (n == 99 || n == 100 || n == 400); i++)
            check_part(drift, i, n == 99 ? "99" : n == 100 ? "100" : "400");
    }
    assert_int_equal(rows_next(rows, row, &why), RESULT_MISSING);
    rows_close(rows);
    drift_free(drift);
    predictor_close(&predictor);
    fclose(file);
}

/* An image of help_draft, opened; with a baseline or without. */
static struct image *open_small(bool baseline, struct predictor *predictor)
{
    struct image *image = NULL;
    struct reason why = {""};

    assert_int_equal(baseline ? help_pack_with_baseline(NULL) : help_pack(NULL), 0);
    assert_int_equal(image_prove(help_image, help_image_len, "t.fgm", &image, &why), RESULT_OK);
    assert_int_equal(predictor_open(predictor, image), RESULT_OK);
    return image;
}

static void close_small(struct image *image, struct predictor *predictor)
{
    predictor_close(predictor);
    image_close(image);
    free(help_image);
}

static void nothing_is_told_without_a_baseline(void **state)
{
    struct predictor predictor;
    struct image *image = open_small(false, &predictor);
    struct drift *drift = NULL;
    struct drift_part part;
    const uint32_t class = 1;

    (void)state;
    assert_int_equal(drift_new(&predictor, &drift), RESULT_OK);
    assert_int_equal(drift_parts(drift), 5);
    for (int i = 0; i < 200; i++) {
        drift_add_row(drift, (double[]){0, NAN});
        drift_add_answer(drift, &class, (double[]){0.25, 0.75});
    }
    for (uint32_t i = 0; i < 5; i++) {
        drift_read(drift, i, &part);
        assert_int_equal(part.word, DRIFT_NO_BASELINE);
        assert_string_equal(drift_word_text(part.word), "no baseline");
        assert_int_equal(part.rows, 200);
        assert_true(isnan(part.psi) && isnan(part.chance));
    }
    drift_free(drift);
    close_small(image, &predictor);
}

static void nothing_is_told_of_no_rows(void **state)
{
    struct predictor predictor;
    struct image *image = open_small(true, &predictor);
    struct drift *drift = NULL;
    struct drift_part part;

    (void)state;
    assert_int_equal(drift_new(&predictor, &drift), RESULT_OK);
    for (uint32_t i = 0; i < drift_parts(drift); i++) {
        drift_read(drift, i, &part);
        assert_int_equal(part.rows, 0);
        assert_int_equal(part.word, DRIFT_TOO_FEW);
        assert_true(isnan(part.psi));
    }
    drift_free(drift);
    close_small(image, &predictor);
}

static double index_of(const double *e, const double *a, size_t n)
{
    double psi = 0;

    for (size_t i = 0; i < n; i++)
        psi += (fmax(a[i], 1e-4) - fmax(e[i], 1e-4)) * log(fmax(a[i], 1e-4) / fmax(e[i], 1e-4));
    return psi;
}

/* 1000 rows: of feature 0 half missing and half over 0.5, all answered "yes" with 0.75. */
static void missing_values_and_answers_have_their_slots(void **state)
{
    static const char *const names[] = {"b\xc3\xa4", "a", "class", "probability of no",
                                        "probability of yes"};
    const double e0[] = {3.0 / 8, 3.0 / 8, 2.0 / 8}, a0[] = {0, 0.5, 0.5};
    const double e2[] = {5.0 / 8, 3.0 / 8, 0}, a2[] = {0, 1, 0};
    const double e4[] = {5.0 / 7, 2.0 / 7}, a4[] = {1, 0};
    struct predictor predictor;
    struct image *image = open_small(true, &predictor);
    struct drift *drift = NULL;
    struct drift_part part;
    const uint32_t class = 1;
    char name[80];

    (void)state;
    assert_int_equal(drift_new(&predictor, &drift), RESULT_OK);
    for (int i = 0; i < 1000; i++) {
        drift_add_row(drift, (double[]){i % 2 == 0 ? NAN : 0.75, 0});
        drift_add_answer(drift, &class, (double[]){0.25, 0.75});
    }
    for (uint32_t i = 0; i < 5; i++) {
        drift_read(drift, i, &part);
        drift_print_name(drift, &part, name, sizeof(name));
        assert_string_equal(name, names[i]);
        assert_int_equal(part.kind, i < 2    ? DRIFT_FEATURE
                                    : i == 2 ? DRIFT_CLASS
                                             : DRIFT_NUMBER);
        if (i == 0)
            assert_true(fabs(part.psi - index_of(e0, a0, 3)) <= 1e-12);
        if (i == 2)
            assert_true(fabs(part.psi - index_of(e2, a2, 3)) <= 1e-12);
        if (i == 4)
            assert_true(fabs(part.psi - index_of(e4, a4, 2)) <= 1e-12);
    }
    drift_free(drift);
    close_small(image, &predictor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_without_a_baseline),
        cmocka_unit_test(nothing_is_told_of_no_rows),
        cmocka_unit_test(missing_values_and_answers_have_their_slots),
        cmocka_unit_test(the_index_is_that_of_another_program),
    };

    help_features[0].missing = true;
    return cmocka_run_group_tests(tests, help_train_image, help_drop_image);
}
