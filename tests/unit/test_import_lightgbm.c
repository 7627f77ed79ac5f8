/*
 * test_import_lightgbm.c: LightGBM's models give LightGBM's margins, bit for bit.
 *
 * The truth is what tests/fixtures/lightgbm/reference.py makes of the same files by the
 * format's definition, and, where they are at hand, real models with the predictions of
 * the LightGBM that trained them: in $FORESTGATE_MODELS or beside the checkout.
 */
#include "forest_help.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "forest/import.h"
#include "oracle.h"

#define FIXTURES "tests/fixtures/lightgbm/"

enum {
    MOST = 32 /* values in a line of these files */
};

static const struct import_options as_it_is;

/* Imports a text as "m.txt". */
static enum result import(const char *text, size_t len, const struct import_options *options,
                          struct draft *draft, struct reason *why)
{
    FILE *file = fmemopen((void *)text, len, "r");
    enum result result;

    assert_non_null(file);
    memset(draft, 0, sizeof(*draft));
    result = import_lightgbm(file, "m.txt", options, draft, why);
    fclose(file);
    return result;
}

static void import_path(const char *path, struct draft *draft)
{
    struct reason why = {""};
    FILE *file = fopen(path, "r");

    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    memset(draft, 0, sizeof(*draft));
    if (import_lightgbm(file, path, &as_it_is, draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    fclose(file);
}

/* The whole of a file, with a NUL behind it. */
static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    assert_true(getdelim(&text, &size, '\0', file) >= 0);
    fclose(file);
    return text;
}

/* The numbers of the next line, as strtod() has them; 0 at the end. */
static uint32_t next_row(FILE *file, double *values)
{
    char line[4096], *at = line, *end;
    uint32_t n = 0;

    if (fgets(line, sizeof(line), file) == NULL)
        return 0;
    for (; n < MOST; at = end) {
        values[n] = strtod(at, &end);
        if (end == at)
            break;
        n++;
    }
    return n;
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof(a)) == 0;
}

/*
 * What spec.h says that the margins become, with the exponential of output `moved` being
 * the next double towards `to`: C libraries round it one way or the other.
 */
static void answer_moved(const struct spec *spec, const double *margins, uint32_t moved,
                         double to, double *out)
{
    const bool softmax = spec->transform == SPEC_SOFTMAX_F64;
    double most = margins[0], sum = 0, power;
    uint32_t k;

    for (k = 0; k < spec->n_outputs; k++)
        most = fmax(most, margins[k]);
    for (k = 0; k < spec->n_outputs; k++) {
        const double x = margins[k];
        const bool sigmoid =
            spec->transform == SPEC_SIGMOID_F64 || spec->transform == SPEC_SIGMOIDS_F64;

        power = exp(softmax ? x - most : (sigmoid ? -spec->parameter * x : x));
        power = k == moved ? nextafter(power, to) : power;
        if (sigmoid)
            out[k] = 1 / (1 + power);
        else if (softmax || spec->transform == SPEC_EXP_F64)
            out[k] = power;
        else if (spec->transform == SPEC_LOG1P_EXP)
            out[k] = log1p(power);
        else
            out[k] = spec->transform == SPEC_SIGNED_SQUARE ? ((x > 0) - (x < 0)) * x * x : x;
        sum += out[k];
    }
    for (k = 0; k < spec->n_outputs && softmax; k++)
        out[k] /= sum;
}

static bool all_same(const double *a, const double *b, uint32_t n)
{
    uint32_t k;

    for (k = 0; k < n; k++)
        if (!same(a[k], b[k]))
            return false;
    return true;
}

/* Whether the answers are what the margins become, but for the last bit of one exp(). */
static bool become(const struct spec *spec, const double *margins, const double *answers)
{
    double out[MOST];
    uint32_t k;

    for (k = 0; k <= spec->n_outputs; k++) {
        answer_moved(spec, margins, k, INFINITY, out);
        if (all_same(out, answers, spec->n_outputs))
            return true;
        answer_moved(spec, margins, k, -INFINITY, out);
        if (all_same(out, answers, spec->n_outputs))
            return true;
    }
    return false;
}

/* ---- against the definition ---- */

static void check_fixture(const char *name)
{
    char path[128];
    double row[MOST], expected[MOST], margins[MOST];
    struct draft draft;
    FILE *rows, *truth;
    uint32_t n, k, lines = 0;

    snprintf(path, sizeof(path), FIXTURES "%s.txt", name);
    import_path(path, &draft);
    snprintf(path, sizeof(path), FIXTURES "%s.rows", name);
    rows = fopen(path, "r");
    snprintf(path, sizeof(path), FIXTURES "%s.expected", name);
    truth = fopen(path, "r");
    assert_true(rows != NULL && truth != NULL);
    while ((n = next_row(rows, row)) != 0) {
        lines++;
        assert_int_equal(n, draft.n_features);
        assert_int_equal(next_row(truth, expected), 2 * draft.spec.n_outputs);
        oracle_margins(&draft, row, margins);
        for (k = 0; k < draft.spec.n_outputs; k++)
            if (!same(margins[k], expected[k]))
                fail_msg("%s: row %u, output %u: %a is not %a", name, lines, k, margins[k],
                         expected[k]);
        if (!become(&draft.spec, margins, expected + draft.spec.n_outputs))
            fail_msg("%s: row %u: these margins do not become those answers", name, lines);
    }
    assert_true(lines > 0);
    fclose(rows);
    fclose(truth);
    draft_free(&draft);
}

static void gives_the_margins_of_the_definition(void **state)
{
    static const char *const names[] = {
        "missing", "mixed",  "categories", "codes",  "multiclass", "ova",
        "binary",  "forest", "forest_old", "linear", "forest_223", "forest_old_classes",
        "own",     "stumps", "sqrt",       "lambda", "xentropy",   "tweedie",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_fixture(names[i]);
}

/* ---- against LightGBM ---- */

/* Where the real models are, or NULL. */
static const char *real_models(void)
{
    const char *at = getenv("FORESTGATE_MODELS");

    if (at == NULL)
        at = "../shared/models/lightgbm";
    return access(at, R_OK) == 0 ? at : NULL;
}

/* How the numbers of a real model's rows and predictions are written. */
struct real {
    const char *model, *rows, *truth;
    bool label;   /* the rows begin with one */
    bool pairs;   /* the rows are "label 0:value 1:value" */
    bool margins; /* the truth is margins */
    bool places;  /* the truth has 18 places behind the point, not 17 digits or more */
};

static uint32_t next_real_row(const struct real *real, FILE *file, double *row)
{
    char line[4096], *at = line, *end;
    double all[MOST];
    uint32_t n;

    if (!real->pairs) {
        n = next_row(file, all);
        n -= n > 0 && real->label;
        memcpy(row, all + real->label, n * sizeof(*row));
        return n;
    }
    if (fgets(line, sizeof(line), file) == NULL)
        return 0;
    strtod(line, &at);
    for (n = 0; (at = strchr(at, ':')) != NULL && n < MOST; at = end)
        row[n++] = strtod(at + 1, &end);
    return n;
}

/* Whether a row's predictions are what was printed. */
static bool is_printed(const struct real *real, const struct spec *spec, const double *margins,
                       const double *truth)
{
    char ours[64], theirs[64];

    if (real->places) {
        snprintf(ours, sizeof(ours), "%.18f", margins[0]);
        snprintf(theirs, sizeof(theirs), "%.18f", truth[0]);
        return strcmp(ours, theirs) == 0;
    }
    return real->margins ? all_same(margins, truth, spec->n_outputs)
                         : become(spec, margins, truth);
}

static void check_real(const char *folder, const struct real *real)
{
    char path[512];
    double row[MOST], truth[MOST], margins[MOST];
    struct draft draft;
    struct reason why = {""};
    FILE *rows, *answered;
    uint32_t n, lines = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, real->model);
    import_path(path, &draft);
    assert_int_equal(draft_check(&draft, &why), RESULT_OK);
    snprintf(path, sizeof(path), "%s/%s", folder, real->rows);
    rows = fopen(path, "r");
    snprintf(path, sizeof(path), "%s/%s", folder, real->truth);
    answered = fopen(path, "r");
    assert_true(rows != NULL && answered != NULL);
    while ((n = next_real_row(real, rows, row)) != 0) {
        lines++;
        assert_int_equal(n, draft.n_features);
        assert_int_equal(next_row(answered, truth), draft.spec.n_outputs);
        oracle_margins(&draft, row, margins);
        if (!is_printed(real, &draft.spec, margins, truth))
            fail_msg("%s: row %u is not %.17g ...", real->model, lines, truth[0]);
    }
    assert_true(lines > 0);
    fclose(rows);
    fclose(answered);
    draft_free(&draft);
}

/*
 * All were printed with as many digits as tell doubles apart, but those with 18 places:
 * there the same places have to come out.
 */
static void gives_the_predictions_of_lightgbm(void **state)
{
    static const struct real reals[] = {
        {.model = "lg_rf_iris.model",
         .rows = "iris_test.libsvm",
         .truth = "lg_rf_iris_true_predictions.txt",
         .pairs = true},
        {.model = "lgmulticlass.model",
         .rows = "multiclass_test.tsv",
         .truth = "lgmulticlass_true_raw_predictions.txt",
         .label = true,
         .margins = true},
        {.model = "lgmulticlass.model",
         .rows = "multiclass_test.tsv",
         .truth = "lgmulticlass_true_predictions.txt",
         .label = true},
        {.model = "lg_dart_breast_cancer.model",
         .rows = "breast_cancer_test.tsv",
         .truth = "lg_dart_breast_cancer_true_predictions.txt"},
        {.model = "genlin_fmtp_tweedie_PurePremium.model",
         .rows = "genlin_fmtp_tweedie_PurePremium_features.tsv",
         .truth = "genlin_fmtp_tweedie_PurePremium_true_predictions.txt"},
        {.model = "toy_categorical_model.txt",
         .rows = "toy_categorical.test",
         .truth = "toy_categorical.test.pred",
         .pairs = true,
         .places = true},
    };
    const char *folder = real_models();
    size_t i;

    (void)state;
    if (folder == NULL) {
        print_message("the real models are not at hand\n");
        skip();
    }
    for (i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
        check_real(folder, &reals[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_margins_of_the_definition),
        cmocka_unit_test(gives_the_predictions_of_lightgbm),
    };

    (void)slurp;
    (void)import;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
