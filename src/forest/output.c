/*
 * output.c: from margins to answers.
 *
 * One function for each transform, over the margins of one target.  Invariants: a float
 * is computed in float (FLT_EVAL_METHOD is 0 on every machine that this is built for,
 * and -ffp-contract=off holds), nothing is put in another order than the library's.
 */
#include "forest/output.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

_Static_assert(FLT_EVAL_METHOD == 0, "floats are computed in float, doubles in double");

/* n margins in, n answers out. */
typedef void transform_run(const struct spec *spec, const double *in, uint32_t n, double *out);

static void identity_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = in[i];
}

/* XGBoost, common/math.h: the bound keeps expf() from overflowing. */
static float sigmoid_f32(float x)
{
    return 1.0F / (expf(fminf(-x, 88.7F)) + 1.0F + 1e-16F);
}

static void sigmoid_f32_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = sigmoid_f32((float)in[i]);
}

static void sigmoid_f64_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = 1.0 / (1.0 + exp(-spec->parameter * in[i]));
}

/* Treelite, gtil/postprocessor.cc; so are those of its name below. */
static void sigmoid_plain_run(const struct spec *spec, const double *in, uint32_t n,
                              double *out)
{
    float a = (float)spec->parameter;

    for (uint32_t i = 0; i < n; i++)
        out[i] = 1.0F / (1.0F + expf(-a * (float)in[i]));
}

/* XGBoost, common/math.h: the powers are floats, their sum a double that is rounded. */
static void softmax_f32_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    float most = (float)in[0];
    double sum = 0;

    (void)spec;
    for (uint32_t i = 1; i < n; i++)
        most = fmaxf((float)in[i], most);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = expf((float)in[i] - most);
        sum += out[i];
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] = (float)out[i] / (float)sum;
}

static double greatest(const double *values, uint32_t n)
{
    double most = values[0];

    for (uint32_t i = 1; i < n; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

/* LightGBM, utils/common.h: summed from the first to the last. */
static void softmax_f64_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    double most = greatest(in, n), sum = 0;

    (void)spec;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = exp(in[i] - most);
        sum += out[i];
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] /= sum;
}

static void softmax_treelite_run(const struct spec *spec, const double *in, uint32_t n,
                                 double *out)
{
    float most = (float)greatest(in, n);
    double sum = 0;

    (void)spec;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (float)exp(in[i] - (double)most);
        sum += out[i];
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] /= (double)(float)sum;
}

enum {
    NUMPY_LANES = 8,
    NUMPY_BLOCK = 128,
    HALVES_MAX = 16 /* of a row of 4096 numbers five are open at once */
};

/* numpy's sum of at most NUMPY_BLOCK numbers: eight sums side by side, then the rest. */
static double numpy_sum_block(const double *values, uint32_t n)
{
    double lanes[NUMPY_LANES], sum = 0;
    uint32_t i, k;

    if (n < NUMPY_LANES) {
        for (i = 0; i < n; i++)
            sum += values[i];
        return sum;
    }
    for (k = 0; k < NUMPY_LANES; k++)
        lanes[k] = values[k];
    for (i = NUMPY_LANES; i + NUMPY_LANES <= n; i += NUMPY_LANES)
        for (k = 0; k < NUMPY_LANES; k++)
            lanes[k] += values[i + k];
    sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
          ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < n; i++)
        sum += values[i];
    return sum;
}

/*
 * numpy's sum of a row: more than a block is halved, at a multiple of NUMPY_LANES, and
 * the sums of the halves are added.  The halves to come are kept on a stack; `sums`
 * holds what was summed, with how deep in the halving each is.
 */
static double numpy_sum(const double *values, uint32_t n)
{
    struct {
        const double *at;
        uint32_t n, depth;
    } open[HALVES_MAX];
    double sums[HALVES_MAX];
    uint32_t depths[HALVES_MAX], n_open = 1, n_sums = 0;

    open[0].at = values;
    open[0].n = n;
    open[0].depth = 0;
    while (n_open > 0) {
        const double *at = open[--n_open].at;
        uint32_t count = open[n_open].n, depth = open[n_open].depth;

        if (count > NUMPY_BLOCK) {
            uint32_t half = count / 2 / NUMPY_LANES * NUMPY_LANES;

            open[n_open].at = at + half;
            open[n_open].n = count - half;
            open[n_open++].depth = depth + 1;
            open[n_open].at = at;
            open[n_open].n = half;
            open[n_open++].depth = depth + 1;
            continue;
        }
        sums[n_sums] = numpy_sum_block(at, count);
        depths[n_sums++] = depth;
        for (; n_sums > 1 && depths[n_sums - 1] == depths[n_sums - 2]; n_sums--) {
            sums[n_sums - 2] += sums[n_sums - 1];
            depths[n_sums - 2]--;
        }
    }
    return sums[0];
}

/* scikit-learn, utils/extmath.py: HistGradientBoosting. */
static void softmax_numpy_run(const struct spec *spec, const double *in, uint32_t n,
                              double *out)
{
    double most = greatest(in, n), sum;

    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = exp(in[i] - most);
    sum = numpy_sum(out, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] /= sum;
}

/* scikit-learn's GradientBoosting, by SciPy's logsumexp. */
static void logsumexp_f64_run(const struct spec *spec, const double *in, uint32_t n,
                              double *out)
{
    double most = greatest(in, n), sum;

    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = exp(in[i] - most);
    sum = log(numpy_sum(out, n)) + most;
    for (uint32_t i = 0; i < n; i++)
        out[i] = exp(in[i] - sum);
}

static void exp_f32_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = expf((float)in[i]);
}

static void exp_f64_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = exp(in[i]);
}

static void exp2_f64_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = exp2(-in[i] / spec->parameter);
}

static void hinge_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = in[i] > 0 ? 1 : 0;
}

static void log1p_exp_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = log1p(exp(in[i]));
}

static void signed_square_run(const struct spec *spec, const double *in, uint32_t n,
                              double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = ((in[i] > 0) - (in[i] < 0)) * in[i] * in[i];
}

/* scikit-learn's score_samples(); a forest of single rows has no path length: 0 / 0 is 1. */
static void isolation_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    double length = spec->parameter;

    for (uint32_t i = 0; i < n; i++)
        out[i] = -pow(2.0, -(length > 0 ? in[i] / length : 1.0));
}

/* ONNX Runtime, ml/ml_common.h; so are those that follow. */
static float logistic_onnx(float x)
{
    float v = 1.0F / (1.0F + expf(-fabsf(x)));

    return x < 0 ? 1.0F - v : v;
}

static void logistic_onnx_run(const struct spec *spec, const double *in, uint32_t n,
                              double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = logistic_onnx((float)in[i]);
}

static void softmax_onnx_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    float most = (float)greatest(in, n), sum = 0;

    (void)spec;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = expf((float)in[i] - most);
        sum += (float)out[i];
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] = (float)out[i] / sum;
}

/* What is nearly zero takes no part: it stays what it is, made smaller. */
static void softmax_zero_onnx_run(const struct spec *spec, const double *in, uint32_t n,
                                  double *out)
{
    float most = (float)greatest(in, n), smaller = expf(-most), sum = 0;

    (void)spec;
    for (uint32_t i = 0; i < n; i++) {
        float x = (float)in[i];

        if (x > 0.0000001F || x < -0.0000001F) {
            out[i] = expf(x - most);
            sum += (float)out[i];
        } else {
            out[i] = x * smaller;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        out[i] = (float)out[i] / sum;
}

static float probit_onnx(float p)
{
    float x = 2.0F * p - 1.0F, sign = x < 0 ? -1.0F : 1.0F, ln, v, v2;

    ln = logf((1.0F - x) * (1.0F + x));
    v = 2.0F / (3.14159F * 0.147F) + 0.5F * ln;
    v2 = 1.0F / 0.147F * ln;
    return 1.41421356F * (sign * sqrtf(-v + sqrtf(v * v - v2)));
}

static void probit_onnx_run(const struct spec *spec, const double *in, uint32_t n, double *out)
{
    (void)spec;
    for (uint32_t i = 0; i < n; i++)
        out[i] = probit_onnx((float)in[i]);
}

/* How the first of two classes comes from the one margin of the second. */
enum other {
    OTHER_REST,   /* 1 - p, in the precision of p */
    OTHER_MIRROR, /* the same of -x: ONNX Runtime */
    OTHER_MINUS,  /* -x, as a score */
};

struct transform {
    transform_run *run;
    enum other other;
    bool f32;    /* 1 - p is rounded to float */
    bool scores; /* what it gives a class is no probability */
};

static const struct transform transforms[SPEC_TRANSFORM__MAX] = {
    [SPEC_IDENTITY] = {identity_run, OTHER_MINUS, false, true},
    [SPEC_FRACTIONS] = {identity_run, OTHER_REST, false, false},
    [SPEC_SIGMOID_F32] = {sigmoid_f32_run, OTHER_REST, true, false},
    [SPEC_SIGMOID_F64] = {sigmoid_f64_run, OTHER_REST, false, false},
    [SPEC_SIGMOIDS_F64] = {sigmoid_f64_run, OTHER_REST, false, false},
    [SPEC_SOFTMAX_F32] = {softmax_f32_run, OTHER_REST, true, false},
    [SPEC_SOFTMAX_F64] = {softmax_f64_run, OTHER_REST, false, false},
    [SPEC_LOGSUMEXP_F64] = {logsumexp_f64_run, OTHER_REST, false, false},
    [SPEC_EXP_F32] = {exp_f32_run, OTHER_REST, true, true},
    [SPEC_EXP_F64] = {exp_f64_run, OTHER_REST, false, true},
    [SPEC_HINGE] = {hinge_run, OTHER_REST, true, false},
    [SPEC_LOG1P_EXP] = {log1p_exp_run, OTHER_REST, false, true},
    [SPEC_SIGNED_SQUARE] = {signed_square_run, OTHER_REST, false, true},
    [SPEC_ISOLATION] = {isolation_run, OTHER_MINUS, false, true},
    [SPEC_LOGISTIC_ONNX] = {logistic_onnx_run, OTHER_MIRROR, true, false},
    [SPEC_SOFTMAX_ONNX] = {softmax_onnx_run, OTHER_REST, true, false},
    [SPEC_SOFTMAX_ZERO_ONNX] = {softmax_zero_onnx_run, OTHER_REST, true, false},
    [SPEC_PROBIT_ONNX] = {probit_onnx_run, OTHER_REST, true, true},
    [SPEC_SIGMOID_PLAIN_F32] = {sigmoid_plain_run, OTHER_REST, true, false},
    [SPEC_SIGMOIDS_PLAIN_F32] = {sigmoid_plain_run, OTHER_REST, true, false},
    [SPEC_SOFTMAX_TREELITE] = {softmax_treelite_run, OTHER_REST, false, false},
    [SPEC_EXP2_F64] = {exp2_f64_run, OTHER_REST, false, true},
    [SPEC_COMPLEMENT_F32] = {identity_run, OTHER_REST, true, false},
    [SPEC_COMPLEMENT_F64] = {identity_run, OTHER_REST, false, false},
    [SPEC_SOFTMAX_NUMPY] = {softmax_numpy_run, OTHER_REST, false, false},
};

static bool is_anomaly(const struct output *output)
{
    return output->spec->task == SPEC_ANOMALY;
}

uint32_t output_count(const struct output *output, uint32_t target)
{
    uint32_t classes = output->classes[target];

    return classes == 0 || is_anomaly(output) ? 1 : classes;
}

uint32_t output_begin(const struct output *output, uint32_t target)
{
    uint32_t begin = 0;

    for (uint32_t t = 0; t < target; t++)
        begin += output_count(output, t);
    return begin;
}

uint32_t output_width(const struct output *output)
{
    return output_begin(output, output->n_targets);
}

bool output_label_fits(const struct spec *spec, uint32_t n_classes)
{
    switch (spec->label) {
    case SPEC_LABEL_ABOVE_HALF:
        return n_classes != 1 && spec->task != SPEC_ANOMALY;
    case SPEC_LABEL_MARGIN_ABOVE:
    case SPEC_LABEL_MARGIN_FROM:
        return n_classes != 1;
    default:
        return true;
    }
}

/* Whether there is a margin for each class; else two classes have one. */
static bool margin_each(const struct output *output)
{
    return output_width(output) == output->spec->n_outputs;
}

static uint32_t margins_of(const struct output *output, uint32_t target, bool each)
{
    uint32_t count = output_count(output, target);

    return !each && count == 2 ? 1 : count;
}

uint32_t output_margins(const struct output *output, uint32_t target)
{
    return margins_of(output, target, margin_each(output));
}

uint32_t output_margins_begin(const struct output *output, uint32_t target)
{
    bool each = margin_each(output);
    uint32_t begin = 0;

    for (uint32_t t = 0; t < target; t++)
        begin += margins_of(output, t, each);
    return begin;
}

bool output_has_probabilities(const struct output *output)
{
    return output->spec->task == SPEC_CLASSIFY && !transforms[output->spec->transform].scores;
}

/* Two classes of one margin. */
static void pair_run(const struct output *output, double margin, double *out)
{
    const struct transform *transform = &transforms[output->spec->transform];
    double minus = -margin;

    transform->run(output->spec, &margin, 1, &out[1]);
    if (transform->other == OTHER_MIRROR)
        transform->run(output->spec, &minus, 1, &out[0]);
    else if (transform->other == OTHER_MINUS)
        out[0] = -out[1];
    else if (transform->f32 || output->spec->sum == SPEC_SUM_F32)
        out[0] = 1.0F - (float)out[1];
    else
        out[0] = 1.0 - out[1];
}

static void row_run(const struct output *output, const double *margins, double *out)
{
    const struct transform *transform = &transforms[output->spec->transform];
    bool each = margin_each(output);

    for (uint32_t t = 0; t < output->n_targets; t++) {
        uint32_t n = output_count(output, t), n_margins = margins_of(output, t, each);

        if (n_margins == n)
            transform->run(output->spec, margins, n, out);
        else
            pair_run(output, *margins, out);
        margins += n_margins;
        out += n;
    }
}

void output_rows(const struct output *output, const double *margins, size_t n, double *out)
{
    uint32_t width = output_width(output);

    for (size_t i = 0; i < n; i++)
        row_run(output, margins + i * output->spec->n_outputs, out + i * width);
}

uint32_t output_argmax(const double *values, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return (uint32_t)best;
}

static int rank_compare(const void *a, const void *b, void *arg)
{
    const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    const double *values = arg;

    if (values[one] < values[other] || values[one] > values[other])
        return values[one] > values[other] ? -1 : 1;
    return (one > other) - (one < other);
}

void output_rank(const double *values, uint32_t n, uint32_t *order)
{
    for (uint32_t k = 0; k < n; k++)
        order[k] = k;
    qsort_r(order, n, sizeof(*order), rank_compare, (void *)values);
}

/* p by a threshold; what has a threshold of 0 comes before all, unless it cannot be. */
static double scaled(double p, double threshold)
{
    if (threshold > 0)
        return p / threshold;
    return p > 0 ? INFINITY : 0;
}

static uint32_t class_by_thresholds(const struct output *output, const double *p)
{
    const double *thresholds = output->thresholds;
    uint32_t n = output->classes[0], best = 0;

    if (n == 2)
        return p[1] >= thresholds[1];
    for (uint32_t k = 1; k < n; k++)
        if (scaled(p[k], thresholds[k]) > scaled(p[best], thresholds[best]))
            best = k;
    return best;
}

uint32_t output_class(const struct output *output, const double *margins, const double *answers,
                      uint32_t target)
{
    const struct spec *spec = output->spec;
    const double *p = answers + output_begin(output, target);
    uint32_t n_margins = output_margins(output, target);
    /* of the second class; an anomaly's rule is on its score */
    double margin = is_anomaly(output)
                        ? p[0]
                        : margins[output_margins_begin(output, target) + (n_margins == 2)];

    if (target == 0 && output->thresholds != NULL)
        return class_by_thresholds(output, p);
    switch (spec->label) {
    case SPEC_LABEL_MARGIN_ARGMAX:
        return output_argmax(margins + output_margins_begin(output, target), n_margins);
    case SPEC_LABEL_ABOVE_HALF:
        return p[1] > 0.5;
    case SPEC_LABEL_MARGIN_ABOVE:
        return margin > spec->cut;
    case SPEC_LABEL_MARGIN_FROM:
        return margin >= spec->cut;
    default:
        return output_argmax(p, output_count(output, target));
    }
}
