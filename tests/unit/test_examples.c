/*
 * test_examples.c: the rows that a model tells to try it with are taken by it for what they
 * are called, lie within what training saw, and are the same each time; of every fixture of
 * every importer, and of a forest with a baseline.
 */
#include "drift_help.h"

#include <glob.h>
#include <math.h>

#include "base/buf.h"
#include "forest/examples.h"
#include "forest/import.h"
#include "forest/predictor.h"
#include "http/examples_kept.h"

static struct json_object *examples_of(const struct image *image, struct buf *text)
{
    struct json_writer writer = json_writer_on(text);
    struct json_object *all;

    json_write_object(&writer);
    examples_write(&writer, image);
    json_write_object_end(&writer);
    assert_false(buf_failed(text));
    buf_put(text, "", 1);
    all = json_tokener_parse((const char *)text->data);
    assert_non_null(all);
    return all;
}

/* One value as the walk takes it, which is checked against what the image tells. */
static double value_of(const struct image *image, uint32_t f, struct json_object *value)
{
    const double min = image_feature_min(image, f), max = image_feature_max(image, f);
    double number = json_object_get_double(value);
    const char *name;

    if (image_feature_n_values(image, f) != 0) {
        assert_int_equal(json_object_get_type(value), json_type_string);
        name = json_object_get_string(value);
        number = (double)image_feature_value_find(image, f, name, strlen(name));
        assert_true(number >= 0);
        return number;
    }
    assert_true(isfinite(number));
    if (image_feature_type(image, f) == IMAGE_BOOLEAN)
        assert_int_equal(json_object_get_type(value), json_type_boolean);
    else if (min <= max)
        assert_true(number >= min - fabs(min) * 1e-6 && number <= max + fabs(max) * 1e-6);
    if (image_feature_type(image, f) == IMAGE_INTEGER)
        assert_true(number == floor(number));
    return number;
}

/* What the model calls it: the class of its first target. */
static const char *label_of(const struct image *image, struct json_object *features)
{
    struct predictor predictor;
    double *row = calloc(image_n_features(image), sizeof(*row)), *margins, *answers;
    const char *label;

    assert_int_equal(json_object_array_length(features), image_n_features(image));
    for (uint32_t f = 0; f < image_n_features(image); f++)
        row[f] = value_of(image, f, json_object_array_get_idx(features, f));
    assert_int_equal(predictor_open(&predictor, image), RESULT_OK);
    margins = calloc(predictor_margins(&predictor), sizeof(*margins));
    answers = calloc(predictor_width(&predictor), sizeof(*answers));
    predictor_rows(&predictor, row, 1, margins, answers);
    label = image_n_classes(image) != 0 ? predictor_label(&predictor, margins, answers, 0) : "";
    predictor_close(&predictor);
    free(row);
    free(margins);
    free(answers);
    return label;
}

static struct examples_kept *kept;

/* The same from what a worker keeps: made, and then kept. */
static void same_when_kept(const struct image *image, const char *wanted)
{
    for (int i = 0; i < 2; i++) {
        struct buf text = {0};
        struct json_writer writer = json_writer_on(&text);

        json_write_object(&writer);
        examples_kept_write(&kept, &writer, image);
        json_write_object_end(&writer);
        assert_false(buf_failed(&text));
        assert_string_equal(text.data, wanted);
        buf_free(&text);
    }
}

static void check(const char *name, const struct image *image)
{
    struct buf text = {0}, again = {0};
    struct json_object *all = examples_of(image, &text), *list = help_member(all, "examples");
    const size_t n = json_object_array_length(list);

    if (n < 1 || n > EXAMPLES_MAX)
        fail_msg("%s: %zu examples", name, n);
    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const char *called = json_object_get_string(help_member(one, "name"));
        const char *label = label_of(image, help_member(one, "features"));

        if (image_n_classes(image) != 0 && strcmp(label, called) != 0)
            fail_msg("%s: what is called %s is a %s", name, called, label);
    }
    json_object_put(examples_of(image, &again));
    assert_string_equal((const char *)text.data, (const char *)again.data);
    same_when_kept(image, (const char *)text.data);
    json_object_put(all);
    buf_free(&text);
    buf_free(&again);
}

static void of_a_trained_forest(void **state)
{
    (void)state;
    check("trained", help_trained);
}

static void each_import_has_them(const char *path)
{
    const struct import_options options = {0};
    const struct import_format *format;
    struct draft draft = {.n_trees = 0};
    struct image *image = NULL;
    struct reason why = {""};
    void *bytes = NULL;
    size_t len = 0;

    if (import_file(path, NULL, &options, &format, &draft, &why) != RESULT_OK) {
        assert_non_null(strstr(path, "refused"));
        return;
    }
    assert_int_equal(draft_pack(&draft, &bytes, &len, &why), RESULT_OK);
    assert_int_equal(image_prove(bytes, len, path, &image, &why), RESULT_OK);
    check(path, image);
    image_close(image);
    free(bytes);
    draft_free(&draft);
}

static void of_every_import(void **state)
{
    static const char *const patterns[] = {
        "tests/fixtures/xgboost/*.json", "tests/fixtures/xgboost/*.ubj",
        "tests/fixtures/lightgbm/*.txt", "tests/fixtures/sklearn/*.fgs",
        "tests/fixtures/treelite/*.tl",  "tests/fixtures/onnx/*.onnx",
    };
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        glob_t found;

        assert_int_equal(glob(patterns[i], 0, NULL, &found), 0);
        for (size_t k = 0; k < found.gl_pathc; k++)
            each_import_has_them(found.gl_pathv[k]);
        count += found.gl_pathc;
        globfree(&found);
    }
    assert_true(count > 80);
    examples_kept_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_a_trained_forest, help_train_image, help_drop_image),
        cmocka_unit_test(of_every_import),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
