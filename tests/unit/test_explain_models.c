/*
 * test_explain_models.c: explanations of other libraries' models: XGBoost's are those that
 * it gives itself (tests/fixtures/explain/make.py), and of every fixture of every importer
 * they are Shapley's values by their definition, worked out on the draft.
 */
#include "forest_help.h"

#include <glob.h>
#include <math.h>

#include "base/buf.h"
#include "base/file.h"
#include "forest/explain.h"
#include "forest/import.h"
#include "forest/walk.h"
#include "oracle.h"

enum {
    ROWS = 4,
    MOST_FEATURES = 10,
    MOST_STEPS = 40000000, /* of the definition, for one row */
};

/* A file's model. */
struct model {
    struct draft draft;
    struct image *image;
    void *bytes;
};

static enum result model_open(const char *path, struct model *model, struct reason *why)
{
    const struct import_options options = {0};
    const struct import_format *format;
    enum result result;
    size_t len;

    memset(model, 0, sizeof(*model));
    result = import_file(path, NULL, &options, &format, &model->draft, why);
    if (result == RESULT_OK)
        result = draft_pack(&model->draft, &model->bytes, &len, why);
    if (result == RESULT_OK)
        model->image = help_prove(model->bytes, len);
    return result;
}

static void model_close(struct model *model)
{
    image_close(model->image);
    free(model->bytes);
    draft_free(&model->draft);
}

static void assert_close(const char *path, const double *got, const double *expected, size_t n,
                         double off)
{
    double scale = 1;
    size_t i;

    for (i = 0; i < n; i++)
        scale = fmax(scale, fabs(expected[i]));
    for (i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= off * scale))
            fail_msg("%s: value %zu is %.17g where %.17g is right", path, i, got[i],
                     expected[i]);
}

/* ---- what XGBoost says ---- */

static void check_contribs(const char *name)
{
    char path[128];
    double row[64], margins[8], out[256], expected[256];
    struct buf told = {0};
    struct explain *explain;
    struct model model;
    struct reason why = {""};
    uint32_t counts[3], i;
    const char *at;
    size_t numbers, k;
    float one;

    snprintf(path, sizeof(path), "tests/fixtures/explain/%s.contribs", name);
    assert_int_equal(file_read(path, 1 << 20, &told, &why), RESULT_OK);
    snprintf(path, sizeof(path), "tests/fixtures/explain/%s.json", name);
    if (model_open(path, &model, &why) != RESULT_OK ||
        explain_new(model.image, &explain, &why) != RESULT_OK)
        fail_msg("%s: %s", path, why.text);
    memcpy(counts, told.data, sizeof(counts));
    at = told.data + sizeof(counts);
    assert_int_equal(counts[1], image_n_features(model.image));
    assert_int_equal(counts[2], image_n_outputs(model.image));
    numbers = (size_t)counts[2] * (counts[1] + 1);
    assert_int_equal(told.len, sizeof(counts) + counts[0] * (8 * counts[1] + 4 * numbers));
    assert_true(counts[0] >= 20);
    for (i = 0; i < counts[0]; i++) {
        memcpy(row, at, 8 * counts[1]);
        at += 8 * counts[1];
        for (k = 0; k < numbers; k++, at += 4) {
            memcpy(&one, at, 4);
            expected[k] = one;
        }
        walk_predict(model.image, row, 1, margins);
        assert_int_equal(
            explain_rows(explain, &(struct explain_rows){row, 1, margins, NULL}, out, &why),
            RESULT_OK);
        assert_close(path, out, expected, numbers, 1e-5);
    }
    explain_free(explain);
    model_close(&model);
    buf_free(&told);
}

static void are_what_xgboost_says_itself(void **state)
{
    (void)state;
    check_contribs("values");
    check_contribs("missing");
    check_contribs("classes");
    check_contribs("deep");
    check_contribs("dropped");
    check_contribs("parallel");
}

/* ---- the definition ---- */

static void expect(const struct draft *draft, const struct draft_tree *tree, uint32_t at,
                   const double *row, unsigned set, double weight, double *out)
{
    const struct draft_node *node = &tree->nodes[at];
    double left, sum, share;
    uint32_t k;

    if (node->left == 0) {
        for (k = 0; k < tree->width; k++)
            out[(tree->width == 1 ? tree->output : 0) + k] +=
                weight * tree->leaves[(size_t)node->leaf * tree->width + k];
    } else if (set >> draft->columns[node->column].feature & 1) {
        expect(draft, tree, oracle_goes_left(draft, tree, node, row) ? node->left : node->right,
               row, set, weight, out);
    } else {
        left = tree->nodes[node->left].cover;
        sum = left + tree->nodes[node->right].cover;
        share = sum > 0 ? left / sum : 0.5;
        expect(draft, tree, node->left, row, set, weight * share, out);
        expect(draft, tree, node->right, row, set, weight * (1 - share), out);
    }
}

/* What the forest answers while the features of the set are known. */
static void worth(const struct draft *draft, const double *row, unsigned set, double *out)
{
    const struct spec *spec = &draft->spec;
    uint32_t t, k;

    memset(out, 0, spec->n_outputs * sizeof(*out));
    for (t = 0; t < draft->n_trees; t++)
        expect(draft, &draft->trees[t], 0, row, set, 1, out);
    for (k = 0; k < spec->n_outputs; k++)
        if (spec->fold == SPEC_FOLD_MEAN)
            out[k] = (out[k] + draft->base[k]) / spec->divisor;
        else if (spec->fold == SPEC_FOLD_MEAN_THEN_BASE)
            out[k] = out[k] / spec->divisor + draft->base[k];
        else
            out[k] += draft->base[k];
}

static void define(const struct draft *draft, const double *row, double *out)
{
    const uint32_t d = draft->n_features, outputs = draft->spec.n_outputs;
    double *worths = calloc(((size_t)1 << d) * outputs, sizeof(*worths));
    unsigned set, f, k;

    memset(out, 0, (size_t)outputs * (d + 1) * sizeof(*out));
    for (set = 0; set < 1U << d; set++)
        worth(draft, row, set, worths + (size_t)set * outputs);
    for (set = 0; set < 1U << d; set++)
        for (f = 0; f < d; f++)
            for (k = 0; !(set >> f & 1) && k < outputs; k++) {
                int size = __builtin_popcount(set);
                double gain = worths[(size_t)(set | 1U << f) * outputs + k] -
                              worths[(size_t)set * outputs + k];

                out[k * (d + 1) + f] +=
                    gain * tgamma(size + 1) * tgamma((int)d - size) / tgamma(d + 1);
            }
    for (k = 0; k < outputs; k++)
        out[k * (d + 1) + d] = worths[k];
    free(worths);
}

/* A value at or near a threshold, a category, what is missing, or anything. */
static double value_make(const struct draft *draft, struct rng *rng)
{
    const struct draft_tree *tree = &draft->trees[rng_below(rng, draft->n_trees)];
    double t = tree->nodes[rng_below(rng, tree->n_nodes)].threshold;
    static const double others[] = {0, 1e-36, -1e-36, 3, 7.5, -2};

    switch (rng_below(rng, 6)) {
    case 0:
        return t;
    case 1:
        return t + help_uniform(rng) - 0.5;
    case 2:
        return NAN;
    case 3:
        return others[rng_below(rng, 6)];
    case 4:
        return rng_below(rng, 40);
    default:
        return help_uniform(rng) * 4 - 2;
    }
}

static void check_rows(const char *path, const struct model *model, struct explain *explain)
{
    const uint32_t outputs = model->draft.spec.n_outputs, width = model->draft.n_features + 1;
    const bool rounded = model->draft.spec.sum == SPEC_SUM_F32;
    double row[MOST_FEATURES], *numbers = calloc(3 * (size_t)outputs * width, sizeof(double));
    double *out = numbers + (size_t)outputs * width, *margins = out + (size_t)outputs * width;
    struct reason why = {""};
    struct rng rng = {1};

    for (int i = 0; i < ROWS; i++) {
        for (uint32_t f = 0; f + 1 < width; f++)
            row[f] = value_make(&model->draft, &rng);
        walk_predict(model->image, row, 1, margins);
        if (explain_rows(explain, &(struct explain_rows){row, 1, margins, NULL}, out, &why) !=
            RESULT_OK)
            fail_msg("%s: %s", path, why.text);
        define(&model->draft, row, numbers);
        for (uint32_t k = 0; k < outputs; k++) {
            double sum = 0, *phi = out + (size_t)k * width;

            assert_close(path, phi, numbers + (size_t)k * width, width - 1, 1e-11);
            assert_close(path, phi + width - 1, numbers + (size_t)(k + 1) * width - 1, 1,
                         rounded ? 2e-5 : 1e-11);
            for (uint32_t f = 0; f < width; f++)
                sum += phi[f];
            assert_close(path, &sum, &margins[k], 1, 1e-12);
        }
    }
    free(numbers);
}

/* Whether a file's model was explained; what cannot be has to be told why. */
static bool check_file(const char *path)
{
    struct explain *explain = NULL;
    struct model model;
    struct reason why = {""};
    bool explained = false;
    size_t steps = 0;
    enum result result;

    result = model_open(path, &model, &why);
    if (result == RESULT_OK) {
        for (uint32_t t = 0; t < model.draft.n_trees; t++)
            steps += model.draft.trees[t].n_nodes;
        result = explain_new(model.image, &explain, &why);
        if (result == RESULT_OK && model.draft.n_features <= MOST_FEATURES &&
            steps << model.draft.n_features <= MOST_STEPS) {
            double row[MOST_FEATURES] = {0}, *all;

            all = calloc((size_t)model.draft.spec.n_outputs * (model.draft.n_features + 2),
                         sizeof(*all));
            result = explain_rows(explain, &(struct explain_rows){row, 1, all, NULL},
                                  all + model.draft.spec.n_outputs, &why);
            free(all);
            explained = result == RESULT_OK;
        }
        if (result != RESULT_OK && strstr(why.text, "linear functions") == NULL &&
            strstr(why.text, "how many training rows") == NULL &&
            strstr(why.text, "of its trees, and not their sum") == NULL)
            fail_msg("%s: %s", path, why.text);
        if (explained)
            check_rows(path, &model, explain);
    }
    explain_free(explain);
    model_close(&model);
    return explained;
}

static void check_folder(const char *pattern, unsigned least)
{
    unsigned explained = 0;
    glob_t found;
    size_t i;

    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (i = 0; i < found.gl_pathc; i++)
        explained += check_file(found.gl_pathv[i]);
    globfree(&found);
    if (explained < least)
        fail_msg("%s: %u were explained, and not %u", pattern, explained, least);
}

static void are_the_definitions_for_all_that_is_imported(void **state)
{
    (void)state;
    check_folder("tests/fixtures/xgboost/*.json", 10);
    check_folder("tests/fixtures/xgboost/*.ubj", 3);
    check_folder("tests/fixtures/lightgbm/*.txt", 10);
    check_folder("tests/fixtures/sklearn/*.fgs", 8);
    check_folder("tests/fixtures/treelite/*.tl", 5);
    check_folder("tests/fixtures/onnx/*.onnx", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_what_xgboost_says_itself),
        cmocka_unit_test(are_the_definitions_for_all_that_is_imported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
