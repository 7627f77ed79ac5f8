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
#include "forest/walk.h"
#include "oracle.h"

#define FIXTURES "tests/fixtures/lightgbm/"

enum {
    MOST = 32 /* values in a line of these files */
};

static const struct import_options as_it_is;

/* Imports a text as "m.txt". */
static enum result import(const char *text, size_t len, struct draft *draft, struct reason *why)
{
    FILE *file = fmemopen((void *)text, len, "r");
    enum result result;

    assert_non_null(file);
    memset(draft, 0, sizeof(*draft));
    result = import_lightgbm(file, "m.txt", &as_it_is, draft, why);
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
    size_t len;

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

static const char whole[] = "tree\n"                                       /* 1 */
                            "version=v4\n"                                 /* 2 */
                            "num_class=1\n"                                /* 3 */
                            "num_tree_per_iteration=1\n"                   /* 4 */
                            "label_index=0\n"                              /* 5 */
                            "max_feature_idx=1\n"                          /* 6 */
                            "objective=regression\n"                       /* 7 */
                            "feature_names=a b\n"                          /* 8 */
                            "feature_infos=[-1:2.5] 1:0:-1:5\n"            /* 9 */
                            "tree_sizes=1 1\n"                             /* 10 */
                            "\n"                                           /* 11 */
                            "Tree=0\n"                                     /* 12 */
                            "num_leaves=3\n"                               /* 13 */
                            "num_cat=1\n"                                  /* 14 */
                            "split_feature=0 1\n"                          /* 15 */
                            "split_gain=3 1\n"                             /* 16 */
                            "threshold=0.5 0\n"                            /* 17 */
                            "decision_type=2 9\n"                          /* 18 */
                            "left_child=1 -1\n"                            /* 19 */
                            "right_child=-2 -3\n"                          /* 20 */
                            "leaf_value=1 2 4\n"                           /* 21 */
                            "leaf_count=10 20 30\n"                        /* 22 */
                            "internal_count=60 40\n"                       /* 23 */
                            "cat_boundaries=0 1\n"                         /* 24 */
                            "cat_threshold=3\n"                            /* 25 */
                            "is_linear=0\n"                                /* 26 */
                            "shrinkage=1\n"                                /* 27 */
                            "\n\n"                                         /* 28 */
                            "Tree=1\n"                                     /* 30 */
                            "num_leaves=1\n"                               /* 31 */
                            "num_cat=0\n"                                  /* 32 */
                            "leaf_value=0.25\n"                            /* 33 */
                            "leaf_count=60\n"                              /* 34 */
                            "is_linear=1\n"                                /* 35 */
                            "leaf_const=8\n"                               /* 36 */
                            "num_features=1\n"                             /* 37 */
                            "leaf_features=0  \n"                          /* 38 */
                            "leaf_coeff=2  \n"                             /* 39 */
                            "\n\n"                                         /* 40 */
                            "end of trees\n"                               /* 42 */
                            "\n"                                           /* 43 */
                            "feature_importances:\n"                       /* 44 */
                            "a=1\n"                                        /* 45 */
                            "\n"                                           /* 46 */
                            "pandas_categorical:[[\"x\",2,true,4,5,6]]\n"; /* 47 */

/* The model with one text in the place of another, which must be there; to be freed. */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(whole, from);
    char *text;

    if (at == NULL)
        fail_msg("\"%s\" is not in the model", from);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from)) >
                0);
    return text;
}

struct change {
    const char *from, *to;
    const char *why; /* behind "m.txt:" */
    enum result result;
};

/* Whether the change is refused for its reason; says how it was taken if not. */
static bool is_refused(const struct change *change)
{
    const enum result expected =
        change->result != RESULT_OK ? change->result : RESULT_MALFORMED;
    char *text = changed(change->from, change->to);
    struct draft draft;
    struct reason why = {"m.txt: taken"};
    const enum result result = import(text, strlen(text), &draft, &why);
    const bool right = result == expected && strncmp(why.text, "m.txt:", 6) == 0 &&
                       strcmp(why.text + 6, change->why) == 0;

    if (!right)
        print_error("\"%s\" for \"%s\": %s: \"%s\"\n", change->to, change->from,
                    result_text(result), why.text);
    draft_free(&draft);
    free(text);
    return right;
}

static void refuses_by_line_and_name(void **state)
{
    static const struct change changes[] = {
        {"tree\n", "tres\n", "1: no text model of LightGBM: the first line is not \"tree\"", 0},
        {"v4", "v5", "2: version is \"v5\"; v2, v3 and v4 are known", RESULT_INVALID},
        {"v4", "v1", "2: version is \"v1\"; v2, v3 and v4 are known", RESULT_INVALID},
        {"version=v4\n", "", "11: the head above has no version", 0},
        {"feature_infos", "feature_info", "12: the head above has no feature_infos", 0},
        {"label_index=0", "num_class=1", "5: num_class is there twice", 0},
        {"iteration=1", "iteration=0", "12: the head above has no trees in a round", 0},
        {"iteration=1", "iteration=2",
         "7: objective: regression has one tree in a round, and num_tree_per_iteration is 2",
         RESULT_INVALID},
        {"num_class=1", "num_class=x",
         "3: num_class is \"x\"; it is a whole number from 0 to 4096", 0},
        {"idx=1", "idx=65536",
         "6: max_feature_idx is \"65536\"; it is a whole number from 0 to "
         "65535",
         0},
        {"idx=1", "idx=2",
         "12: the head above has 2 feature_names and 2 feature_infos, and by "
         "max_feature_idx there are 3",
         0},
        {"=a b", "=a b c",
         "12: the head above has 3 feature_names and 2 feature_infos, and by "
         "max_feature_idx there are 2",
         0},
        {"[-1:2.5]", "[-1:2.5",
         "9: feature_infos: \"[-1:2.5\" is no range, no list of codes and "
         "not none",
         0},
        {"1:0:-1:5", "1:0:a",
         "9: feature_infos: \"1:0:a\" is no range, no list of codes and not "
         "none",
         0},
        {"1:0:-1:5",
         "1:", "9: feature_infos: \"1:\" is no range, no list of codes and not none", 0},
        {"sizes=1 1", "sizes=1 x", "10: tree_sizes has a word that is no number", 0},
        {"sizes=1 1", "sizes=1 1 1", "42: there are 2 trees, and tree_sizes has 3", 0},
        {"objective=regression", "objective=multiclass num_class:3",
         "7: objective: num_class is 3, and num_tree_per_iteration is 1; they are the same, "
         "from "
         "2 on",
         0},
        {"objective=regression", "objective=binary", "7: objective: binary has no sigmoid:", 0},
        {"objective=regression", "objective=binary sigmoid:-1",
         "7: objective: a bad number in the words behind the name", 0},
        {"objective=regression", "objective=binary sigmoid:1e999",
         "7: objective: a bad number in the words behind the name", 0},
        {"num_leaves=3", "num_leaves=4", "21: leaf_value has 3 numbers where there are 4", 0},
        {"num_leaves=3", "num_leaves=0", "13: num_leaves has \"0\", which cannot be there", 0},
        {"num_leaves=3", "num_leaves=1e9", "13: num_leaves has \"1e9\", which cannot be there",
         0},
        {"num_leaves=3\n", "", "27: the tree above has no num_leaves", 0},
        {"num_cat=1\n", "", "27: the tree above has no num_cat", 0},
        {"split_feature=0 1", "split_feature=0 2",
         "15: split_feature: node 1 asks for feature 2 "
         "of 2",
         0},
        {"split_feature=0 1", "split_feature=0 1.5",
         "15: split_feature has \"1.5\", which cannot be there", 0},
        {"threshold=0.5 0", "threshold=nan 0",
         "17: threshold has \"nan\", which cannot be there", 0},
        {"threshold=0.5 0", "threshold=0.5 1",
         "17: threshold: node 1 asks for set 1 of the "
         "tree's 1",
         0},
        {"threshold=0.5 0", "threshold=0.5 -1",
         "17: threshold: node 1 asks for set -1 of the "
         "tree's 1",
         0},
        {"threshold=0.5 0", "threshold=0.5 0.5",
         "17: threshold: node 1 asks for set 0.5 of the "
         "tree's 1",
         0},
        {"threshold=0.5 0", "threshold=0.5", "17: threshold has 1 numbers where there are 2",
         0},
        {"threshold=0.5 0", "threshold=0.5 0x1",
         "17: threshold has \"0x1\", which cannot be "
         "there",
         0},
        {"threshold=0.5 0", "threshold=0,5 0",
         "17: threshold has \"0,5\", which cannot be there", 0},
        {"threshold=0.5 0", "threshold=1e999 0",
         "17: threshold has \"1e999\", which cannot be "
         "there",
         0},
        {"decision_type=2 9", "decision_type=2 12",
         "18: decision_type has \"12\", which cannot be there", 0},
        {"left_child=1 -1", "left_child=2 -1",
         "19: left_child: node 0 has the child 2, which "
         "there is not in a tree of 3 leaves",
         0},
        {"left_child=1 -1", "left_child=1 0",
         "19: left_child: node 1 has the child 0, which "
         "there is not in a tree of 3 leaves",
         0},
        {"right_child=-2 -3", "right_child=-2 -4",
         "20: right_child: node 1 has the child -4, "
         "which there is not in a tree of 3 leaves",
         0},
        {"leaf_value=1 2 4", "leaf_value=1 inf 4",
         "21: leaf_value has \"inf\", which cannot be "
         "there",
         0},
        {"leaf_value=1 2 4\n", "", "27: the tree above has no leaf_value", 0},
        {"leaf_value=1 2 4\n", "leaf_value=1 2 4\nleaf_value=1 2 4\n",
         "22: leaf_value is there twice", 0},
        {"cat_boundaries=0 1", "cat_boundaries=0 2",
         "24: cat_boundaries: set 0 is from 0 to 2 of "
         "the 1 words in cat_threshold",
         0},
        {"cat_boundaries=0 1", "cat_boundaries=1 0",
         "24: cat_boundaries: set 0 is from 1 to 0 of "
         "the 1 words in cat_threshold",
         0},
        {"cat_threshold=3", "cat_threshold=4294967296",
         "25: cat_threshold has \"4294967296\", which cannot be there", 0},
        {"num_features=1", "num_features=2",
         "38: leaf_features has 1 numbers where there are 2", 0},
        {"leaf_features=0", "leaf_features=2", "38: leaf_features: there is no feature 2", 0},
        {"leaf_coeff=2", "leaf_coeff=nan", "39: leaf_coeff has \"nan\", which cannot be there",
         0},
        {"leaf_const=8\n", "", "39: the tree above has no leaf_const", 0},
        {"shrinkage=1\n\n\n", "shrinkage=1\n",
         "28: a tree has a key, a = and numbers on each line, and an empty line behind it", 0},
        {"[[\"x\",2,true,4,5,6]]", "[[\"x\"]",
         "47: pandas_categorical: ',' or ']' is missing: the body ends at byte 6", 0},
        {"[[\"x\",2,true,4,5,6]]", "[[\"x\", null]]",
         "47: pandas_categorical: a category is a text, a number or a truth", 0},
        {"[[\"x\",2,true,4,5,6]]", "{}",
         "47: pandas_categorical: it is a list of lists, or null", 0},
        {"a=1\n", "pandas_categorical:null\n", "47: pandas_categorical is there twice", 0},
    };
    size_t i, wrong = 0;

    (void)state;
    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        wrong += !is_refused(&changes[i]);
    assert_int_equal(wrong, 0);
}

/* Cut anywhere before the line behind the trees it is not whole, and says so. */
static void refuses_it_cut_short(void **state)
{
    const size_t end = (size_t)(strstr(whole, "end of trees") - whole);
    struct draft draft;
    struct reason why;
    size_t len;

    (void)state;
    for (len = 1; len <= end; len++) {
        if (import(whole, len, &draft, &why) == RESULT_OK)
            fail_msg("%zu bytes were taken", len);
        assert_memory_equal(why.text, "m.txt:", 6);
        draft_free(&draft);
    }
}

static void refuses_a_text_without_end(void **state)
{
    const size_t len = IMPORT_MAX_TEXT + 100;
    char *text = malloc(len);
    struct draft draft;
    struct reason why;

    (void)state;
    memset(text, 'a', len);
    memcpy(text, "tree\nversion=v4\nfeature_names=", 30);
    assert_int_equal(import(text, len, &draft, &why), RESULT_TOO_BIG);
    assert_string_equal(why.text, "m.txt:3: a text of over 1048576 bytes");
    draft_free(&draft);
    memcpy(text, "tree\nversion=v4\nmax_feature_idx=", 32); /* keys and numbers too */
    assert_int_equal(import(text, len, &draft, &why), RESULT_TOO_BIG);
    draft_free(&draft);
    free(text);
}

static void refuses_a_nul(void **state)
{
    char text[sizeof(whole)];
    struct draft draft;
    struct reason why;

    (void)state;
    memcpy(text, whole, sizeof(text));
    *strstr(text, "a b") = '\0';
    assert_int_equal(import(text, sizeof(text) - 1, &draft, &why), RESULT_MALFORMED);
    assert_string_equal(why.text, "m.txt:8: there is a NUL byte: this is no text");
    draft_free(&draft);
}

/* A node with two parents, or a circle, is left to draft_check(), which every import ends with.
 */
static void leaves_what_is_no_tree_to_the_check_of_drafts(void **state)
{
    char *text = changed("right_child=-2 -3", "right_child=-1 -3");
    struct draft draft;
    struct reason why = {""};

    (void)state;
    assert_int_equal(import(text, strlen(text), &draft, &why), RESULT_OK);
    assert_int_equal(draft_check(&draft, &why), RESULT_MALFORMED);
    draft_free(&draft);
    free(text);
}

/* The model as it is, or with one change, checked. */
static void import_whole(const char *from, const char *to, struct draft *draft)
{
    char *text = changed(from, to);
    struct reason why = {""};

    if (import(text, strlen(text), draft, &why) != RESULT_OK ||
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

/* Version 2 says too little of a forest whose leaves could be either. */
static void refuses_a_forest_of_which_nobody_can_tell_what_its_leaves_are(void **state)
{
    static const char from[] = "v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
                               "max_feature_idx=1\nobjective=regression\n";
    char *text = changed(from, "v2\naverage_output\nnum_class=1\nlabel_index=0\n"
                               "max_feature_idx=1\nobjective=poisson\n");
    struct draft draft;
    struct reason why;

    (void)state;
    assert_int_equal(import(text, strlen(text), &draft, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "m.txt:7: a random forest of LightGBM 2.2 whose leaves"));
    draft_free(&draft);
    free(text);
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
        cmocka_unit_test(refuses_by_line_and_name),
        cmocka_unit_test(refuses_it_cut_short),
        cmocka_unit_test(refuses_a_text_without_end),
        cmocka_unit_test(refuses_a_nul),
        cmocka_unit_test(leaves_what_is_no_tree_to_the_check_of_drafts),
        cmocka_unit_test(refuses_a_forest_of_which_nobody_can_tell_what_its_leaves_are),
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
