/*
 * quality.h: how good answers were, once the truth about them is known.
 *
 * Rows come one at a time and nothing of them is kept but sums, so memory is bounded by the
 * number of classes.  Parts of the rows may be counted apart and merged.  The figures are
 * scikit-learn's on the same rows: sums are kept with their rounding errors (A. Neumaier,
 * "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974), so they do
 * not depend on how many rows there are, nor in which order.
 */
#ifndef FOREST_QUALITY_H
#define FOREST_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

enum {
    QUALITY_BINS = 10,           /* of predicted probabilities, of equal width */
    QUALITY_CONFUSION_MAX = 256, /* most classes whose confusion is counted */
};

struct quality;

/* For one target of so many classes, or of values where that is 0.  RESULT_NOMEM. */
enum result quality_new(uint32_t n_classes, struct quality **out);

/* NULL is let pass. */
void quality_free(struct quality *quality);

/*
 * A row: which class was answered and which was right, both less than n_classes, with each
 * class's probability, or NULL.  One that is not within 0 and 1 counts as none having been
 * given.
 */
void quality_add_class(struct quality *quality, uint32_t predicted, const double *probabilities,
                       uint32_t truth);

/* A row of a value, both finite. */
void quality_add_value(struct quality *quality, double predicted, double truth);

/* Adds what the other has counted, which is for as many classes. */
void quality_merge(struct quality *quality, const struct quality *other);

/*
 * The figures.  One that cannot be told, since there are no rows for it or it is no finite
 * number, is NaN.
 */
struct quality_figures {
    uint64_t rows;

    /* Of classes.  Only classes that were answered or right are in the mean of macro. */
    uint64_t right; /* rows whose class was */
    double accuracy, f1_macro, f1_micro, f1_weighted;
    uint64_t probable; /* rows with probabilities, which the following are about */
    double log_loss;   /* probabilities are kept 2^-52 from 0 and 1, and made to sum to 1 */
    double brier;      /* two classes: of the second; else summed over the classes */
    double ece;        /* expected calibration error, by the bins */

    /* Of values. */
    double r2; /* of 2 rows or more; constant truth: 1 if all was right, else 0 */
    double mae, rmse;
    double bias; /* the mean of predicted - truth */
};

void quality_read(const struct quality *quality, struct quality_figures *figures);

/* Of one class: 0 where nothing is divided by nothing, as scikit-learn's zero_division=0. */
struct quality_class {
    uint64_t truth, predicted, right; /* rows */
    double precision, recall, f1;
};

void quality_class_read(const struct quality *quality, uint32_t k, struct quality_class *out);

/*
 * Bin b < QUALITY_BINS of the reliability table: probabilities over b / 10 up to and with
 * (b + 1) / 10, the first also 0.  Of two classes the second's probability, and how often that
 * class was right; of more the greatest, and how often its class was.
 */
struct quality_bin {
    uint64_t rows;
    double predicted, observed; /* means; NaN without rows */
};

void quality_bin_read(const struct quality *quality, unsigned b, struct quality_bin *out);

/* Whether confusion is counted; how many rows of class `truth` were answered `predicted`. */
bool quality_has_confusion(const struct quality *quality);
uint64_t quality_confusion(const struct quality *quality, uint32_t truth, uint32_t predicted);

#endif
