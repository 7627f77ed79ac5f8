/*
 * import_onnx_output.c: what becomes of the sums of an ONNX forest, and what it is called.
 *
 * The base, the transform and the label by the operator's texts; the names of features,
 * targets and classes.  Here a forest of either age becomes a draft.
 *
 * The operators' pages leave much open; what they do not say is as ONNX Runtime has it:
 * a classifier of two classes whose weights are all for class 0 has one margin, which is
 * of the second class, and its label is by 0.5 if no weight is negative, and else by 0;
 * base values are added last; trees in the order of the file.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/import.h"
#include "forest/import_onnx.h"

/* Base values: none, or one for each output. */
static enum result read_base(struct onnx *in)
{
    struct draft *draft = in->draft;
    const struct onnx_attribute *base;
    enum result result = onnx_numbers_find(in, "base_values", &base);
    const uint64_t n = base == NULL ? 0 : base->numbers.n;
    bool zero = true;
    uint32_t k;

    if (result == RESULT_OK && n != 0 && n != draft->spec.n_outputs)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "%s: %llu base_values for %u outputs", in->trees->op.text,
                                   (unsigned long long)n, (unsigned)draft->spec.n_outputs);
    draft->base = calloc(draft->spec.n_outputs, sizeof(*draft->base));
    if (draft->base == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory");
    for (k = 0; k < n && result == RESULT_OK; k++) {
        draft->base[k] = ((const double *)base->numbers.items)[k];
        if (!isfinite(draft->base[k]))
            return onnx_refuse(in, RESULT_MALFORMED, "a base value is not finite");
        zero = zero && draft->base[k] == 0;
    }
    if (!zero && draft->spec.fold == SPEC_FOLD_SUM)
        draft->spec.fold = SPEC_FOLD_SUM_THEN_BASE;
    else if (!zero && draft->spec.fold == SPEC_FOLD_MEAN)
        draft->spec.fold = SPEC_FOLD_MEAN_THEN_BASE;
    for (k = 0; zero && k < draft->spec.n_outputs; k++)
        draft->base[k] = 0; /* of either sign */
    return result;
}

/* Names ------------------------------------------------------------------------------- */

static enum result name_features(struct onnx *in)
{
    struct draft *draft = in->draft;
    uint64_t n = in->columns > 0 ? (uint64_t)in->columns : 0;
    uint32_t i;

    for (i = 0; i < in->forest.n_splits && in->columns == 0; i++)
        if (in->forest.splits[i].mode != ONNX_LEAF && in->forest.splits[i].feature >= n)
            n = in->forest.splits[i].feature + (uint64_t)1;
    n = n == 0 ? 1 : n;
    if (in->columns < 0 || n > IMAGE_MAX_FEATURES)
        return onnx_refuse(in, RESULT_TOO_BIG, "the input has too many columns");
    draft->features = calloc(n, sizeof(*draft->features));
    if (draft->features == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for features");
    draft->n_features = (uint32_t)n;
    for (i = 0; i < n; i++) {
        draft->features[i] = (struct draft_feature){.name = import_number_name("f", i),
                                                    .type = IMAGE_REAL,
                                                    .min = 1,
                                                    .missing = in->given == ONNX_FLOAT ||
                                                               in->given == ONNX_DOUBLE};
        if (draft->features[i].name == NULL)
            return onnx_refuse(in, RESULT_NOMEM, "no memory for features");
    }
    return draft_columns_make(draft);
}

/* n targets, or one with n classes whose labels are in the file, or 0, 1, 2 ... */
static enum result make_targets(struct onnx *in, uint32_t n_targets, uint32_t n_classes)
{
    const struct onnx_attribute *strings = onnx_find(in, "classlabels_strings");
    const struct onnx_attribute *numbers = onnx_find(in, "classlabels_int64s");
    struct draft *draft = in->draft;
    struct draft_target *target;
    const char *text = strings == NULL ? NULL : strings->strings.data;
    uint32_t c;

    draft->targets = calloc(n_targets, sizeof(*draft->targets));
    if (draft->targets == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for targets");
    draft->n_targets = n_targets;
    if (n_classes == 0)
        return RESULT_OK;
    target = draft->targets;
    target->labels = calloc(n_classes, sizeof(*target->labels));
    if (target->labels == NULL)
        return onnx_refuse(in, RESULT_NOMEM, "no memory for classes");
    target->n_classes = n_classes;
    for (c = 0; c < n_classes; c++) {
        if (strings != NULL && strings->n_strings == n_classes) {
            target->labels[c] = strdup(text);
            text += strlen(text) + 1;
        } else {
            bool told = numbers != NULL && numbers->ints.n == n_classes;

            target->labels[c] = import_number_name(
                "", told ? ((const int64_t *)numbers->ints.items)[c] : (int64_t)c);
        }
        if (target->labels[c] == NULL)
            return onnx_refuse(in, RESULT_NOMEM, "no memory for classes");
    }
    return RESULT_OK;
}

/* Classes ----------------------------------------------------------------------------- */

static enum result refuse_post(const struct onnx *in, const char *post)
{
    return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                               "%s: the post_transform %.40s is not understood alike by all "
                               "runtimes here",
                               in->trees->op.text, post);
}

static bool is_positive(const struct onnx *in)
{
    bool positive = true;
    uint32_t i;

    for (i = 0; i < in->forest.n_weights; i++)
        positive = positive && in->forest.weights[i].value >= 0;
    return positive;
}

/* Sums that nothing is made of are probabilities if they may be, or else scores. */
static enum spec_transform plain_scores(const struct onnx *in)
{
    return is_positive(in) ? SPEC_FRACTIONS : SPEC_IDENTITY;
}

/* Two classes with all weights for class 0: the margin of the second. */
static enum result set_two(struct onnx *in, const char *post)
{
    struct spec *spec = &in->draft->spec;
    const bool positive = is_positive(in);
    uint32_t i;

    for (i = 0; i < in->forest.n_weights; i++)
        if (in->forest.weights[i].output != 0)
            return onnx_refuse(
                in, RESULT_INVALID,
                "of two classes, weights for the second, where ONNX Runtime's label "
                "is not by the greater; convert it with one weight in a leaf");
    spec->label = SPEC_LABEL_MARGIN_ABOVE;
    spec->cut = positive ? 0.5 : 0;
    if (strcmp(post, "LOGISTIC") == 0)
        spec->transform = SPEC_LOGISTIC_ONNX;
    else if (strcmp(post, "NONE") == 0 && positive)
        spec->transform = in->forest.f32 ? SPEC_COMPLEMENT_F32 : SPEC_COMPLEMENT_F64;
    else if (strcmp(post, "NONE") == 0)
        spec->transform = SPEC_IDENTITY; /* scores: -margin and margin */
    else
        return refuse_post(in, post);
    return RESULT_OK;
}

static enum result set_many(struct onnx *in, const char *post)
{
    struct spec *spec = &in->draft->spec;

    spec->label = SPEC_LABEL_MARGIN_ARGMAX;
    if (strcmp(post, "NONE") == 0)
        spec->transform = plain_scores(in);
    else if (strcmp(post, "SOFTMAX") == 0)
        spec->transform = in->forest.f32 ? SPEC_SOFTMAX_ONNX : SPEC_SOFTMAX_F64;
    else if (strcmp(post, "SOFTMAX_ZERO") == 0 && in->forest.f32)
        spec->transform = SPEC_SOFTMAX_ZERO_ONNX;
    else if (strcmp(post, "LOGISTIC") == 0)
        spec->transform = SPEC_LOGISTIC_ONNX;
    else
        return refuse_post(in, post);
    return RESULT_OK;
}

/*
 * ONNX Runtime takes no class for the greatest that no leaf gave a number to, unless there
 * are base values.  That makes no difference where each class has a tree of which every
 * leaf has a number for it.
 */
static enum result check_scored(const struct onnx *in)
{
    const struct onnx_attribute *base;
    uint32_t k;

    if (onnx_numbers_find(in, "base_values", &base) == RESULT_OK && base != NULL &&
        base->numbers.n != 0)
        return RESULT_OK;
    for (k = 0; k < in->draft->spec.n_outputs; k++)
        if (!in->forest.scored[k])
            return onnx_refuse(
                in, RESULT_INVALID,
                "a class may be without a score, which ONNX Runtime leaves out of "
                "the label");
    return RESULT_OK;
}

enum result onnx_classes_finish(struct onnx *in, uint32_t n, const char *post)
{
    enum result result = n == 2 ? set_two(in, post) : set_many(in, post);

    if (result != RESULT_OK)
        return result;
    in->draft->spec.n_outputs = n == 2 ? 1 : n;
    if ((result = read_base(in)) != RESULT_OK ||
        (result = make_targets(in, 1, n)) != RESULT_OK ||
        (result = name_features(in)) != RESULT_OK ||
        (result = onnx_trees_make(&in->bytes, &in->forest, in->draft)) != RESULT_OK)
        return result;
    return n > 2 ? check_scored(in) : RESULT_OK;
}

/* Values ------------------------------------------------------------------------------ */

const struct onnx_fold onnx_folds[ONNX_FOLDS] = {{"AVERAGE", SPEC_FOLD_MEAN},
                                                 {"SUM", SPEC_FOLD_SUM},
                                                 {"MIN", SPEC_FOLD_MIN},
                                                 {"MAX", SPEC_FOLD_MAX}};

/* Values, or the scores of classes where an ArgMax comes behind them. */
static enum result set_values(struct onnx *in, uint32_t n, const char *post)
{
    struct spec *spec = &in->draft->spec;

    if (strcmp(post, "NONE") != 0)
        return refuse_post(in, post);
    if (n == 1 && in->argmax)
        return onnx_refuse(in, RESULT_INVALID, "an ArgMax of one value");
    spec->task = in->argmax ? SPEC_CLASSIFY : SPEC_REGRESS;
    spec->transform = in->argmax ? plain_scores(in) : SPEC_IDENTITY;
    spec->label = SPEC_LABEL_MARGIN_ARGMAX;
    return in->argmax ? make_targets(in, 1, n) : make_targets(in, n, 0);
}

enum result onnx_targets_read(struct onnx *in)
{
    const struct onnx_attribute *n = onnx_find(in, "n_targets");
    int64_t value = n == NULL || !n->has_i ? 1 : n->i;

    if (value < 1 || value > IMAGE_MAX_CLASSES)
        return onnx_refuse(in, RESULT_INVALID, "n_targets is not from 1 to 4096");
    in->draft->spec.n_outputs = (uint32_t)value;
    return RESULT_OK;
}

enum result onnx_values_finish(struct onnx *in, const char *post)
{
    enum result result;

    in->draft->spec.divisor = in->forest.n_roots;
    if ((result = set_values(in, in->draft->spec.n_outputs, post)) != RESULT_OK ||
        (result = read_base(in)) != RESULT_OK || (result = name_features(in)) != RESULT_OK)
        return result;
    return onnx_trees_make(&in->bytes, &in->forest, in->draft);
}
