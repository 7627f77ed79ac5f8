/*
 * quality.c: sums over rows, and the figures that are made of them.
 *
 * Each figure's definition stands where it is computed.
 */
#include "forest/quality.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "forest/output.h"

/* A sum and the rounding errors of all its additions. */
struct sum {
    double total, lost;
};

struct bin {
    uint64_t rows, right;
    struct sum predicted;
};

struct count {
    uint64_t truth, predicted, right;
};

struct quality {
    uint32_t n_classes;
    uint64_t rows;

    struct count *counts; /* n_classes */
    uint64_t *confusion;  /* n_classes x n_classes, by truth; or NULL */
    uint64_t right, probable;
    struct sum loss, brier;
    struct bin bins[QUALITY_BINS];

    struct sum error, distance, squares; /* of predicted - truth: itself, absolute, squared */
    struct sum truth, truth_squares;
    double least, greatest; /* truth */
};

/* ---- sums ---- */

static void sum_add(struct sum *sum, double number)
{
    const double total = sum->total + number;

    sum->lost += fabs(sum->total) >= fabs(number) ? (sum->total - total) + number
                                                  : (number - total) + sum->total;
    sum->total = total;
}

static void sum_add_square(struct sum *sum, double number)
{
    const double square = number * number;

    sum_add(sum, square);
    sum->lost += fma(number, number, -square); /* what the product lost */
}

static void sum_merge(struct sum *sum, const struct sum *other)
{
    sum_add(sum, other->total);
    sum->lost += other->lost;
}

static double sum_value(const struct sum *sum)
{
    return sum->total + sum->lost;
}

/* NaN where there is nothing to divide by, or the quotient is no finite number. */
static double mean_of(const struct sum *sum, uint64_t rows)
{
    const double mean = rows != 0 ? sum_value(sum) / (double)rows : NAN;

    return isfinite(mean) ? mean : NAN;
}

/* ---- rows ---- */

enum result quality_new(uint32_t n_classes, struct quality **out)
{
    struct quality *quality = calloc(1, sizeof(*quality));
    const bool confusion = n_classes != 0 && n_classes <= QUALITY_CONFUSION_MAX;

    if (quality == NULL)
        return RESULT_NOMEM;
    quality->n_classes = n_classes;
    quality->least = INFINITY;
    quality->greatest = -INFINITY;
    if (n_classes != 0)
        quality->counts = calloc(n_classes, sizeof(*quality->counts));
    if (confusion)
        quality->confusion = calloc((size_t)n_classes * n_classes, sizeof(*quality->confusion));
    if ((n_classes != 0 && quality->counts == NULL) ||
        (confusion && quality->confusion == NULL)) {
        quality_free(quality);
        return RESULT_NOMEM;
    }
    *out = quality;
    return RESULT_OK;
}

void quality_free(struct quality *quality)
{
    if (quality == NULL)
        return;
    free(quality->counts);
    free(quality->confusion);
    free(quality);
}

static bool are_probabilities(const double *probabilities, uint32_t n)
{
    uint32_t k;

    for (k = 0; k < n; k++)
        if (!(probabilities[k] >= 0 && probabilities[k] <= 1))
            return false;
    return true;
}

/* The edges are numpy's linspace(0, 1, 11), and so are their last places. */
static unsigned bin_of(double probability)
{
    unsigned b = 0;

    while (b < QUALITY_BINS - 1 && probability > (b + 1) * (1.0 / QUALITY_BINS))
        b++;
    return b;
}

static void add_to_bin(struct quality *quality, double probability, bool right)
{
    struct bin *bin = &quality->bins[bin_of(probability)];

    bin->rows++;
    bin->right += right;
    sum_add(&bin->predicted, probability);
}

/* -log of the probability of what was right, which is kept away from 0 and 1. */
static double loss_of(const double *probabilities, uint32_t n, uint32_t truth)
{
    double sum = 0, right = 0;
    uint32_t k;

    for (k = 0; k < n; k++) {
        const double p = fmin(fmax(probabilities[k], DBL_EPSILON), 1 - DBL_EPSILON);

        sum += p;
        if (k == truth)
            right = p;
    }
    return -log(right / sum);
}

static void add_probabilities(struct quality *quality, const double *probabilities,
                              uint32_t truth)
{
    const uint32_t n = quality->n_classes;
    const bool two = n == 2;
    uint32_t k;

    quality->probable++;
    sum_add(&quality->loss, loss_of(probabilities, n, truth));
    for (k = two; k < n; k++)
        sum_add_square(&quality->brier, probabilities[k] - (k == truth));
    k = two ? 1 : output_argmax(probabilities, n);
    add_to_bin(quality, probabilities[k], k == truth);
}

void quality_add_class(struct quality *quality, uint32_t predicted, const double *probabilities,
                       uint32_t truth)
{
    quality->rows++;
    quality->counts[truth].truth++;
    quality->counts[predicted].predicted++;
    quality->counts[truth].right += truth == predicted;
    quality->right += truth == predicted;
    if (quality->confusion != NULL)
        quality->confusion[(size_t)truth * quality->n_classes + predicted]++;
    if (probabilities != NULL && are_probabilities(probabilities, quality->n_classes))
        add_probabilities(quality, probabilities, truth);
}

void quality_add_value(struct quality *quality, double predicted, double truth)
{
    const double error = predicted - truth;

    quality->rows++;
    sum_add(&quality->error, error);
    sum_add(&quality->distance, fabs(error));
    sum_add_square(&quality->squares, error);
    sum_add(&quality->truth, truth);
    sum_add_square(&quality->truth_squares, truth);
    quality->least = fmin(quality->least, truth);
    quality->greatest = fmax(quality->greatest, truth);
}

static void merge_counts(struct quality *quality, const struct quality *other)
{
    const size_t n = quality->n_classes;
    size_t i;

    for (i = 0; i < n; i++) {
        quality->counts[i].truth += other->counts[i].truth;
        quality->counts[i].predicted += other->counts[i].predicted;
        quality->counts[i].right += other->counts[i].right;
    }
    for (i = 0; i < n * n && quality->confusion != NULL; i++)
        quality->confusion[i] += other->confusion[i];
    for (i = 0; i < QUALITY_BINS; i++) {
        quality->bins[i].rows += other->bins[i].rows;
        quality->bins[i].right += other->bins[i].right;
        sum_merge(&quality->bins[i].predicted, &other->bins[i].predicted);
    }
}

void quality_merge(struct quality *quality, const struct quality *other)
{
    quality->rows += other->rows;
    quality->right += other->right;
    quality->probable += other->probable;
    merge_counts(quality, other);
    sum_merge(&quality->loss, &other->loss);
    sum_merge(&quality->brier, &other->brier);
    sum_merge(&quality->error, &other->error);
    sum_merge(&quality->distance, &other->distance);
    sum_merge(&quality->squares, &other->squares);
    sum_merge(&quality->truth, &other->truth);
    sum_merge(&quality->truth_squares, &other->truth_squares);
    quality->least = fmin(quality->least, other->least);
    quality->greatest = fmax(quality->greatest, other->greatest);
}

/* ---- figures ---- */

static double quotient(uint64_t part, uint64_t of)
{
    return of != 0 ? (double)part / (double)of : 0;
}

void quality_class_read(const struct quality *quality, uint32_t k, struct quality_class *out)
{
    const struct count *count = &quality->counts[k];

    out->truth = count->truth;
    out->predicted = count->predicted;
    out->right = count->right;
    out->precision = quotient(count->right, count->predicted);
    out->recall = quotient(count->right, count->truth);
    /* The harmonic mean of the two, without what cancels out. */
    out->f1 = quotient(2 * count->right, count->predicted + count->truth);
}

/* The mean of the classes' F1: each alike, and each by the rows that are of it. */
static void read_f1(const struct quality *quality, struct quality_figures *figures)
{
    struct sum macro = {0}, weighted = {0};
    uint64_t classes = 0;
    uint32_t k;

    for (k = 0; k < quality->n_classes; k++) {
        struct quality_class class;

        quality_class_read(quality, k, &class);
        classes += class.truth + class.predicted != 0;
        sum_add(&macro, class.f1);
        sum_add(&weighted, class.f1 * (double)class.truth);
    }
    figures->f1_macro = mean_of(&macro, classes);
    figures->f1_weighted = mean_of(&weighted, quality->rows);
    figures->f1_micro = figures->accuracy; /* each row is once right or once wrong */
}

void quality_bin_read(const struct quality *quality, unsigned b, struct quality_bin *out)
{
    const struct bin *bin = &quality->bins[b];

    out->rows = bin->rows;
    out->predicted = mean_of(&bin->predicted, bin->rows);
    out->observed = bin->rows != 0 ? quotient(bin->right, bin->rows) : NAN;
}

/* The mean of |predicted - observed| over the bins, each by its rows. */
static double read_ece(const struct quality *quality)
{
    struct sum sum = {0};
    unsigned b;

    for (b = 0; b < QUALITY_BINS; b++) {
        struct quality_bin bin;

        quality_bin_read(quality, b, &bin);
        if (bin.rows != 0)
            sum_add(&sum, fabs(bin.predicted - bin.observed) * (double)bin.rows);
    }
    return mean_of(&sum, quality->probable);
}

static void read_classes(const struct quality *quality, struct quality_figures *figures)
{
    figures->right = quality->right;
    figures->accuracy = quality->rows != 0 ? quotient(quality->right, quality->rows) : NAN;
    read_f1(quality, figures);
    figures->probable = quality->probable;
    figures->log_loss = mean_of(&quality->loss, quality->probable);
    figures->brier = mean_of(&quality->brier, quality->probable);
    figures->ece = read_ece(quality);
}

/*
 * The sum of (truth - its mean)^2, as the sum of squares less sum^2 / rows, each in two
 * doubles, so that what is left is good though both are much greater.
 */
static double spread_of(const struct quality *quality)
{
    const double rows = (double)quality->rows;
    const double sum = sum_value(&quality->truth);
    const double rest = (quality->truth.total - sum) + quality->truth.lost;
    const double square = sum * sum, square_rest = fma(sum, sum, -square) + 2 * sum * rest;
    const double share = square / rows;
    const double share_rest = (fma(-share, rows, square) + square_rest) / rows;
    struct sum spread = quality->truth_squares;

    sum_add(&spread, -share);
    spread.lost -= share_rest;
    return sum_value(&spread);
}

/* 1 - the sum of (truth - predicted)^2 / the sum of (truth - its mean)^2. */
static double read_r2(const struct quality *quality)
{
    const double left = sum_value(&quality->squares);
    double r2;

    if (quality->rows < 2)
        return NAN;
    if (quality->least < quality->greatest)
        r2 = 1 - left / spread_of(quality);
    else
        r2 = left > 0 ? 0 : 1;
    return isfinite(r2) && isfinite(left) ? r2 : NAN;
}

void quality_read(const struct quality *quality, struct quality_figures *figures)
{
    *figures = (struct quality_figures){
        .rows = quality->rows,
        .accuracy = NAN,
        .f1_macro = NAN,
        .f1_micro = NAN,
        .f1_weighted = NAN,
        .log_loss = NAN,
        .brier = NAN,
        .ece = NAN,
        .r2 = NAN,
        .mae = NAN,
        .rmse = NAN,
        .bias = NAN,
    };
    if (quality->n_classes != 0) {
        read_classes(quality, figures);
        return;
    }
    figures->r2 = read_r2(quality);
    figures->mae = mean_of(&quality->distance, quality->rows);
    figures->rmse = sqrt(mean_of(&quality->squares, quality->rows));
    figures->bias = mean_of(&quality->error, quality->rows);
}

bool quality_has_confusion(const struct quality *quality)
{
    return quality->confusion != NULL;
}

uint64_t quality_confusion(const struct quality *quality, uint32_t truth, uint32_t predicted)
{
    return quality->confusion[(size_t)truth * quality->n_classes + predicted];
}
