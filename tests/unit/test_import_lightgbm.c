/*
 * test_import_lightgbm.c: LightGBM's models give LightGBM's margins, bit for bit.
 *
 * The truth is what tests/fixtures/lightgbm/reference.py makes of the same files by the
 * format's definition, and, where they are at hand, real models with the predictions of
 * the LightGBM that trained them: in $MODELS or beside the checkout.
 */
#include "lightgbm_help.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "forest/walk.h"
#include "oracle.h"

#define FIXTURES "tests/fixtures/lightgbm/"

enum {
    MOST = 32 /* values in a line of these files */
};

static void import_path(const char *path, struct draft *draft)
{
    struct reason why = {""};
    FILE *file = fopen(path, "r");

    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    memset(draft, 0, sizeof(*draft));
    if (import_lightgbm(file, path, &help_as_it_is, draft, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    fclose(file);
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

/* ---- from the file to the walk ---- */

/* A model as a draft and as an image, and the rows that it has seen. */
struct walked {
    struct draft draft;
    void *bytes;
    struct image *image;
    double *rows, *margins; /* n of them, as the oracle has it */
    size_t n;
};

static void walked_open(struct walked *walked, const char *path)
{
    struct reason why = {""};
    size_t len = 0;

    memset(walked, 0, sizeof(*walked));
    import_path(path, &walked->draft);
    if (draft_check(&walked->draft, &why) != RESULT_OK ||
        draft_pack(&walked->draft, &walked->bytes, &len, &why) != RESULT_OK)
        fail_msg("%s: %s", path, why.text);
    walked->image = help_prove(walked->bytes, len);
}

/* Takes a row, with the oracle's margins of it. */
static void walked_add(struct walked *walked, const double *row, const double *margins)
{
    const size_t width = walked->draft.n_features, outputs = walked->draft.spec.n_outputs;

    walked->rows = realloc(walked->rows, (walked->n + 1) * width * sizeof(double));
    walked->margins = realloc(walked->margins, (walked->n + 1) * outputs * sizeof(double));
    assert_true(walked->rows != NULL && walked->margins != NULL);
    memcpy(walked->rows + walked->n * width, row, width * sizeof(*row));
    memcpy(walked->margins + walked->n++ * outputs, margins, outputs * sizeof(*margins));
}

static void check_leaves(const struct walked *walked, const char *name)
{
    const uint32_t n_trees = walked->draft.n_trees;
    uint32_t *ids = calloc(walked->n * n_trees, sizeof(*ids));
    uint32_t *expected = calloc(n_trees, sizeof(*expected));
    size_t i;

    assert_true(ids != NULL && expected != NULL);
    walk_leaves(walked->image, walked->rows, walked->n, ids);
    for (i = 0; i < walked->n; i++) {
        oracle_leaves(&walked->draft, walked->rows + i * walked->draft.n_features, expected);
        if (memcmp(ids + i * n_trees, expected, n_trees * sizeof(*ids)) != 0)
            fail_msg("%s: row %zu: other leaves", name, i + 1);
    }
    free(expected);
    free(ids);
}

/* All rows at once and each alone, with every kernel that runs here. */
static void check_kernels(const struct walked *walked, const char *name)
{
    const uint32_t outputs = walked->draft.spec.n_outputs;
    const char *kernel, *used = walk_used();
    double *out = calloc(walked->n * outputs, sizeof(*out)), one[MOST];
    unsigned k;
    size_t i;

    assert_non_null(out);
    for (k = 0; (kernel = walk_kernel_name(k)) != NULL; k++) {
        if (!walk_use(kernel))
            continue;
        walk_predict(walked->image, walked->rows, walked->n, out);
        for (i = 0; i < walked->n; i++) {
            const double *margins = walked->margins + i * outputs;

            walk_predict(walked->image, walked->rows + i * walked->draft.n_features, 1, one);
            if (!all_same(out + i * outputs, margins, outputs) ||
                !all_same(one, margins, outputs))
                fail_msg("%s: row %zu: %s walks to %a and %a, not to %a ...", name, i + 1,
                         kernel, out[i * outputs], one[0], margins[0]);
        }
    }
    assert_true(walk_use(used));
    free(out);
}

/* That the walk is right for all rows that were taken; gives all back. */
static void walked_close(struct walked *walked, const char *name)
{
    assert_true(walked->n > 0);
    check_kernels(walked, name);
    check_leaves(walked, name);
    image_close(walked->image);
    draft_free(&walked->draft);
    free(walked->bytes);
    free(walked->rows);
    free(walked->margins);
}

/* ---- against the definition ---- */

static void check_fixture(const char *name)
{
    char path[128];
    double row[MOST], expected[MOST], margins[MOST];
    struct walked walked;
    const struct spec *spec = &walked.draft.spec;
    FILE *rows, *truth;
    uint32_t n;

    snprintf(path, sizeof(path), FIXTURES "%s.txt", name);
    walked_open(&walked, path);
    snprintf(path, sizeof(path), FIXTURES "%s.rows", name);
    rows = fopen(path, "r");
    snprintf(path, sizeof(path), FIXTURES "%s.expected", name);
    truth = fopen(path, "r");
    assert_true(rows != NULL && truth != NULL);
    while ((n = next_row(rows, row)) != 0) {
        assert_int_equal(n, walked.draft.n_features);
        assert_int_equal(next_row(truth, expected), 2 * spec->n_outputs);
        oracle_margins(&walked.draft, row, margins);
        walked_add(&walked, row, margins);
        if (!all_same(margins, expected, spec->n_outputs))
            fail_msg("%s: row %zu: %a ... is not %a ...", name, walked.n, margins[0],
                     expected[0]);
        if (!become(spec, margins, expected + spec->n_outputs))
            fail_msg("%s: row %zu: these margins do not become those answers", name, walked.n);
    }
    fclose(rows);
    fclose(truth);
    walked_close(&walked, name);
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
    const char *at = getenv("MODELS");

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
    struct walked walked;
    FILE *rows, *answered;
    uint32_t n;

    snprintf(path, sizeof(path), "%s/%s", folder, real->model);
    walked_open(&walked, path);
    snprintf(path, sizeof(path), "%s/%s", folder, real->rows);
    rows = fopen(path, "r");
    snprintf(path, sizeof(path), "%s/%s", folder, real->truth);
    answered = fopen(path, "r");
    assert_true(rows != NULL && answered != NULL);
    while ((n = next_real_row(real, rows, row)) != 0) {
        assert_int_equal(n, walked.draft.n_features);
        assert_int_equal(next_row(answered, truth), walked.draft.spec.n_outputs);
        oracle_margins(&walked.draft, row, margins);
        walked_add(&walked, row, margins);
        if (!is_printed(real, &walked.draft.spec, margins, truth))
            fail_msg("%s: row %zu is not %.17g ...", real->model, walked.n, truth[0]);
    }
    fclose(rows);
    fclose(answered);
    walked_close(&walked, real->model);
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

/* ---- one small model, and what is changed in it ---- */

/* The model as it is, or with one change, checked. */
static void import_whole(const char *from, const char *to, struct draft *draft)
{
    char *text = help_changed(from, to);
    struct reason why = {""};

    if (help_import(text, strlen(text), draft, &why) != RESULT_OK ||
        draft_check(draft, &why) != RESULT_OK)
        fail_msg("\"%s\" for \"%s\": %s", to, from, why.text);
    free(text);
}

static void says_what_the_file_says_of_features(void **state)
{
    static const char *const names[] = {"x", "2", "True", "4", "5", "6"};
    struct draft draft;
    uint32_t i;

    (void)state;
    import_whole("", "", &draft);
    assert_int_equal(draft.n_features, 2);
    assert_string_equal(draft.features[0].name, "a");
    assert_int_equal(draft.features[0].type, IMAGE_REAL);
    assert_true(draft.features[0].min == -1 && draft.features[0].max == 2.5);
    assert_true(draft.features[0].importance == 0.75);
    assert_false(draft.features[0].missing);
    assert_string_equal(draft.features[1].name, "b");
    assert_int_equal(draft.features[1].type, IMAGE_CATEGORY);
    assert_true(draft.features[1].importance == 0.25);
    assert_true(draft.features[1].missing);
    assert_int_equal(draft.features[1].n_values, 6);
    for (i = 0; i < 6; i++)
        assert_string_equal(draft.features[1].values[i], names[i]);
    draft_free(&draft);
}

/* A list that is too short for a code, or one too many, cannot be told to be a feature's. */
static void leaves_codes_without_names_where_lists_do_not_fit(void **state)
{
    static const char *const lists[] = {"[[\"x\",\"y\"]]", "[[1,2,3,4,5,6],[1,2]]", "null",
                                        "[[]]", "[]"};
    struct draft draft;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        import_whole("[[\"x\",2,true,4,5,6]]", lists[i], &draft);
        assert_int_equal(draft.features[1].type, IMAGE_CATEGORY);
        assert_int_equal(draft.features[1].n_values, 0);
        assert_true(draft.features[1].min == 0 && draft.features[1].max == 5);
        draft_free(&draft);
    }
}

static void lets_be_missing_what_no_tree_looks_at(void **state)
{
    struct draft draft;

    (void)state;
    import_whole("split_feature=0 1", "split_feature=1 1", &draft);
    assert_true(draft.features[0].missing);
    draft_free(&draft);
    import_whole("decision_type=2 9", "decision_type=10 1", &draft);
    assert_true(draft.features[0].missing);
    assert_false(draft.features[1].missing);
    draft_free(&draft);
}

static void keeps_counts_and_the_numbers_of_leaves(void **state)
{
    static const double covers[] = {60, 40, 10, 20, 30};
    const struct draft_tree *tree;
    struct draft draft;
    uint32_t i;

    (void)state;
    import_whole("", "", &draft);
    tree = &draft.trees[0];
    assert_int_equal(tree->n_nodes, 5);
    for (i = 0; i < 5; i++)
        assert_true(tree->nodes[i].cover == covers[i]);
    for (i = 0; i < 3; i++)
        assert_int_equal(tree->nodes[2 + i].id, i);
    assert_int_equal(tree->nodes[0].left, 1);
    assert_int_equal(tree->nodes[0].right, 3);
    assert_int_equal(tree->nodes[1].left, 2);
    assert_int_equal(tree->nodes[1].right, 4);
    draft_free(&draft);
    import_whole("internal_count=60 40\n", "", &draft); /* half of them is of no use */
    for (i = 0; i < 5; i++)
        assert_true(draft.trees[0].nodes[i].cover == 0);
    draft_free(&draft);
}

/* But for missing type Zero the columns are the features; see import_lightgbm_tree.c. */
static void makes_a_column_of_its_own_where_zero_is_missing(void **state)
{
    struct draft draft;

    (void)state;
    import_whole("decision_type=2 9", "decision_type=10 9", &draft);
    assert_int_equal(draft.n_columns, 2);
    assert_int_equal(draft.columns[0].mend, DRAFT_KEEP);
    assert_int_equal(draft.columns[1].mend, DRAFT_KEEP);
    draft_free(&draft);
    import_whole("decision_type=2 9", "decision_type=6 9", &draft);
    assert_int_equal(draft.n_columns, 3);
    assert_int_equal(draft.columns[2].feature, 0);
    assert_int_equal(draft.columns[2].mend, DRAFT_ZERO_TO_NAN);
    assert_int_equal(draft.trees[0].nodes[0].column, 2);
    draft_free(&draft);
}

static void takes_inf_and_nan_where_nothing_depends_on_them(void **state)
{
    struct draft draft;

    (void)state;
    import_whole("split_gain=3 1", "split_gain=inf -nan", &draft);
    assert_true(draft.features[0].importance == 0);
    draft_free(&draft);
    import_whole("[-1:2.5]", "[-inf:inf]", &draft);
    assert_true(draft.features[0].min > draft.features[0].max);
    draft_free(&draft);
    import_whole("threshold=0.5", "threshold=inf", &draft);
    assert_true(draft.trees[0].nodes[0].threshold == INFINITY);
    draft_free(&draft);
}

/* ---- objectives ---- */

static void knows_every_objective(void **state)
{
    static const struct {
        const char *line;
        enum spec_task task;
        enum spec_transform transform;
        double parameter;
    } rows[] = {
        {"objective=regression\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=regression_l2\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=regression sqrt\n", SPEC_REGRESS, SPEC_SIGNED_SQUARE, 1},
        {"objective=regression_l1\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=regression_l1 sqrt\n", SPEC_REGRESS, SPEC_SIGNED_SQUARE, 1},
        {"objective=huber\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=huber sqrt\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=fair sqrt\n", SPEC_REGRESS, SPEC_SIGNED_SQUARE, 1},
        {"objective=quantile\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=mape\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=poisson\n", SPEC_REGRESS, SPEC_EXP_F64, 1},
        {"objective=gamma\n", SPEC_REGRESS, SPEC_EXP_F64, 1},
        {"objective=tweedie\n", SPEC_REGRESS, SPEC_EXP_F64, 1},
        {"objective=cross_entropy\n", SPEC_REGRESS, SPEC_SIGMOID_F64, 1},
        {"objective=xentropy\n", SPEC_REGRESS, SPEC_SIGMOID_F64, 1},
        {"objective=cross_entropy_lambda\n", SPEC_REGRESS, SPEC_LOG1P_EXP, 1},
        {"objective=xentlambda\n", SPEC_REGRESS, SPEC_LOG1P_EXP, 1},
        {"objective=lambdarank\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=rank_xendcg\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=custom\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=a_new_one sigmoid:2\n", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"", SPEC_REGRESS, SPEC_IDENTITY, 1},
        {"objective=binary sigmoid:1\n", SPEC_CLASSIFY, SPEC_SIGMOID_F64, 1},
        {"objective=binary sigmoid:0.7\n", SPEC_CLASSIFY, SPEC_SIGMOID_F64, 0.7},
        {"objective=binary sigmoid:1.7\n", SPEC_CLASSIFY, SPEC_SIGMOID_F64, 1.7},
        {"objective=binary sigmoid:2.5e-05\n", SPEC_CLASSIFY, SPEC_SIGMOID_F64, 2.5e-05},
        {"objective=binary sigmoid:1.5e+06\n", SPEC_CLASSIFY, SPEC_SIGMOID_F64, 1.5e+06},
    };
    struct draft draft;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        import_whole("objective=regression\n", rows[i].line, &draft);
        if (draft.spec.task != rows[i].task || draft.spec.transform != rows[i].transform ||
            draft.spec.parameter != rows[i].parameter)
            fail_msg("%s: task %d, transform %d, parameter %.17g", rows[i].line,
                     draft.spec.task, draft.spec.transform, draft.spec.parameter);
        assert_int_equal(draft.targets[0].n_classes, rows[i].task == SPEC_CLASSIFY ? 2 : 0);
        draft_free(&draft);
    }
}

/*
 * LightGBM reads the sigmoid with a parser of its own, whose last bit may be another than
 * the nearest: 9.34567 is 9 + 34567 / 100000 to it.
 */
static void reads_the_sigmoid_as_lightgbm_does(void **state)
{
    struct draft draft;
    char line[64];
    unsigned i, others = 0;

    (void)state;
    for (i = 100001; i < 102000; i += 7) {
        const double theirs = 3 + i / 1e6;

        snprintf(line, sizeof(line), "objective=binary sigmoid:3.%06u\n", i);
        import_whole("objective=regression\n", line, &draft);
        assert_true(draft.spec.parameter == theirs);
        others += theirs != strtod(strchr(line, ':') + 1, NULL);
        draft_free(&draft);
    }
    assert_true(others > 0);
}

/* What is found is told, and what the user ought to know first. */
static void tells_what_it_found(void **state)
{
    static const struct {
        const char *name, *version, *objective, *note;
    } rows[] = {
        {"categories", "v3", "regression", ""},
        {"codes", "v2", "regression", "pandas_categorical does not fit"},
        {"own", "v4", "", "the objective is none of LightGBM's own"},
        {"forest", "v3", "multiclass num_class:3", "the margin is the mean"},
        {"forest_223", "v2", "binary sigmoid:1", "the margin is the mean"},
        {"forest_old", "v2", "binary sigmoid:1", "its leaves are predictions"},
        {"binary", "v2", "binary sigmoid:1.7", ""},
    };
    struct import_found found;
    const struct import_options options = {.found = &found};
    char path[128];
    struct draft draft;
    struct reason why = {""};
    FILE *file;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&found, 0, sizeof(found));
        memset(&draft, 0, sizeof(draft));
        snprintf(path, sizeof(path), FIXTURES "%s.txt", rows[i].name);
        file = fopen(path, "r");
        assert_non_null(file);
        assert_int_equal(import_lightgbm(file, path, &options, &draft, &why), RESULT_OK);
        assert_string_equal(found.format, "LightGBM text");
        assert_string_equal(found.version, rows[i].version);
        assert_string_equal(found.objective, rows[i].objective);
        assert_non_null(strstr(found.note, rows[i].note));
        assert_int_equal(found.note[0] == '\0', rows[i].note[0] == '\0');
        assert_string_equal(draft.facts.source, "lightgbm");
        draft_free(&draft);
        fclose(file);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_margins_of_the_definition),
        cmocka_unit_test(gives_the_predictions_of_lightgbm),
        cmocka_unit_test(says_what_the_file_says_of_features),
        cmocka_unit_test(leaves_codes_without_names_where_lists_do_not_fit),
        cmocka_unit_test(lets_be_missing_what_no_tree_looks_at),
        cmocka_unit_test(keeps_counts_and_the_numbers_of_leaves),
        cmocka_unit_test(makes_a_column_of_its_own_where_zero_is_missing),
        cmocka_unit_test(takes_inf_and_nan_where_nothing_depends_on_them),
        cmocka_unit_test(knows_every_objective),
        cmocka_unit_test(reads_the_sigmoid_as_lightgbm_does),
        cmocka_unit_test(tells_what_it_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
