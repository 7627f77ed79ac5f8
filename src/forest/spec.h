/*
 * spec.h: how trees become an answer: what a draft and an image say alike.
 *
 * The libraries that train forests differ in what they compare, in which precision and
 * order they add, and in what they make of the sum.  An importer translates the first
 * part into one form (see draft.h) and names the others here, one enumerator for each
 * way that some library has, so that the answer has that library's bits.
 *
 * Numbers of enumerators are written into images: they are never given out anew.
 */
#ifndef FOREST_SPEC_H
#define FOREST_SPEC_H

#include <stdbool.h>
#include <stdint.h>

enum spec_task {
    SPEC_CLASSIFY = 1,
    SPEC_REGRESS = 2, /* values; rankings too */
    SPEC_ANOMALY = 3, /* class 0 is an outlier, class 1 an inlier; see SPEC_ISOLATION */
    SPEC_TASK__MAX
};

/* What is compared: a value goes left when it is <= the threshold. */
enum spec_compare {
    SPEC_COMPARE_F32 = 1, /* (float)value, to nearest; thresholds are float32 */
    SPEC_COMPARE_F64 = 2,
    SPEC_COMPARE__MAX
};

/* In what precision outputs are added, tree after tree; float32 outputs are kept as doubles. */
enum spec_sum {
    SPEC_SUM_F32 = 1,
    SPEC_SUM_F64 = 2,
    SPEC_SUM__MAX
};

/*
 * What is done with an output's numbers from all trees.  The base is where it begins, or
 * is added last: then in float64, the sum being rounded to the sum's precision after it.
 */
enum spec_fold {
    SPEC_FOLD_SUM = 1,  /* base + first + second ... */
    SPEC_FOLD_MEAN = 2, /* (base + first + second ...) / divisor, in the sum's precision */
    SPEC_FOLD_SUM_THEN_BASE = 3,  /* (first + second ...) + base: ONNX Runtime, Treelite */
    SPEC_FOLD_MEAN_THEN_BASE = 4, /* (first + second ...) / divisor + base */
    SPEC_FOLD_MIN = 5,            /* the least, + base */
    SPEC_FOLD_MAX = 6,            /* the greatest, + base */
    SPEC_FOLD__MAX
};

/*
 * From margins (the folded outputs) to probabilities or values.  F32 and F64 say in what
 * precision the C library's expf() or exp() is called.  a is spec.parameter.
 *
 * Treelite's softmax of float64: t = (float)exp(x - (float)max), then the float64 quotient
 * of t and (float)(their sum in float64).
 */
enum spec_transform {
    SPEC_IDENTITY = 1,
    SPEC_FRACTIONS = 2,     /* the margins are the classes' probabilities */
    SPEC_SIGMOID_F32 = 3,   /* XGBoost: 1 / (1 + expf(min(-x, 88.7)) + 1e-16) */
    SPEC_SIGMOID_F64 = 4,   /* LightGBM, scikit-learn: 1 / (1 + exp(-a x)); a = 1 or given */
    SPEC_SIGMOIDS_F64 = 5,  /* one against all: the same for each class, not normalised */
    SPEC_SOFTMAX_F32 = 6,   /* XGBoost: expf(x - max), summed in double */
    SPEC_SOFTMAX_F64 = 7,   /* LightGBM: exp(x - max) / sum */
    SPEC_LOGSUMEXP_F64 = 8, /* scikit-learn's GradientBoosting: exp(x - logsumexp(x)) */
    SPEC_EXP_F32 = 9,
    SPEC_EXP_F64 = 10,
    SPEC_HINGE = 11,         /* XGBoost binary:hinge: 1 where x > 0 */
    SPEC_LOG1P_EXP = 12,     /* LightGBM cross_entropy_lambda: log1p(exp(x)) */
    SPEC_SIGNED_SQUARE = 13, /* LightGBM with reg_sqrt: sign(x) x^2 */
    SPEC_ISOLATION = 14,     /* scikit-learn: score = -2^(-x / a) */
    SPEC_LOGISTIC_ONNX = 15, /* ONNX Runtime's, float32 */
    SPEC_SOFTMAX_ONNX = 16,
    SPEC_SOFTMAX_ZERO_ONNX = 17,
    SPEC_PROBIT_ONNX = 18,
    SPEC_SIGMOID_PLAIN_F32 = 19,  /* Treelite: 1 / (1 + expf(-a x)), all in float32 */
    SPEC_SIGMOIDS_PLAIN_F32 = 20, /* the same for each class, not normalised */
    SPEC_SOFTMAX_TREELITE = 21,   /* of float64 margins, see above */
    SPEC_EXP2_F64 = 22,           /* Treelite's isolation forests: exp2(-x / a), a value */
    SPEC_COMPLEMENT_F32 = 23,     /* ONNX Runtime: the margin is p of the second class */
    SPEC_COMPLEMENT_F64 = 24,     /* LightGBM's forests before 2.2.3: p of the second class */
    SPEC_SOFTMAX_NUMPY = 25, /* scikit-learn's HistGradientBoosting: numpy's order of sums */
    SPEC_TRANSFORM__MAX
};

/* Which class is answered, where no thresholds are given. */
enum spec_label {
    SPEC_LABEL_ARGMAX = 1,        /* the first greatest probability */
    SPEC_LABEL_ABOVE_HALF = 2,    /* of two classes, the second where its p > 0.5 */
    SPEC_LABEL_MARGIN_ABOVE = 3,  /* of two classes, the second where the margin > cut */
    SPEC_LABEL_MARGIN_FROM = 4,   /* ... where the margin >= cut */
    SPEC_LABEL_MARGIN_ARGMAX = 5, /* the first greatest margin */
    SPEC_LABEL__MAX
};

/* How a value is looked up in a set of categories; in all of them NaN takes the default. */
enum spec_category {
    SPEC_CATEGORY_TRUNCATE = 1, /* LightGBM: (int)value; -0.5 is category 0 */
    SPEC_CATEGORY_SIGN = 2,     /* XGBoost: values under 0 are in no set; then truncated */
    SPEC_CATEGORY__MAX
};

/*
 * One target is the usual.  A forest of several targets answers each of them: values for
 * a regression, a class of its own list for a classification.
 *
 * n_outputs is how many numbers a row has before the transform: one for each target of a
 * regression; for a target with classes one for each class, or a single margin for two
 * classes (SPEC_SIGMOID_*, SPEC_HINGE, SPEC_LOGISTIC_ONNX, SPEC_COMPLEMENT_*), or the
 * anomaly's path length.
 */
struct spec {
    enum spec_task task;
    enum spec_compare compare;
    enum spec_sum sum;
    enum spec_fold fold;
    enum spec_transform transform;
    enum spec_label label;
    enum spec_category category;
    uint32_t n_outputs;
    double divisor;   /* of a mean */
    double parameter; /* of the transform */
    double cut;       /* of the label */
};

#endif
