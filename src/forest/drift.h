/*
 * drift.h: how far rows are from those that a model was trained on, feature by feature and
 * answer by answer.
 *
 * The measure is the population stability index (N. Siddiqi, "Credit Risk Scorecards", 2006):
 * the sum over a baseline's slots of (a - e) ln(a / e), e being the share of training's rows
 * and a that of these.  A share under DRIFT_LEAST counts as that, so that an empty slot is no
 * infinity.  The words are his: under 0.1 stable, up to 0.25 shifted, over that drifted.
 *
 * Few rows make an index of chance alone: where it is no more than that, and not stable either,
 * the rows are too few to tell.
 */
#ifndef FOREST_DRIFT_H
#define FOREST_DRIFT_H

#include <stdint.h>

#include "base/result.h"
#include "forest/predictor.h"

#define DRIFT_LEAST 1e-4
enum {
    DRIFT_ROWS = 100 /* with fewer nothing is told */
};

enum drift_word {
    DRIFT_STABLE,
    DRIFT_SHIFTED,
    DRIFT_DRIFTED,
    DRIFT_TOO_FEW,
    DRIFT_NO_BASELINE, /* the model does not say how training's rows were spread */
    DRIFT_WORD__MAX
};

/* What a part is of. */
enum drift_kind {
    DRIFT_FEATURE,
    DRIFT_CLASS,  /* the class that was answered */
    DRIFT_NUMBER, /* a number of the answer: a class's probability, a value, a score */
};

struct drift;

/* For the model of a predictor, which outlives it, with or without a baseline.  RESULT_NOMEM.
 */
enum result drift_new(const struct predictor *predictor, struct drift **out);

/* NULL is let pass. */
void drift_free(struct drift *drift);

/* Adds the features of a row, as rows.h has them. */
void drift_add_row(struct drift *drift, const double *row);

/* Adds an answer: a class for each target that has classes, and a row of answers (output.h). */
void drift_add_answer(struct drift *drift, const uint32_t *classes, const double *answers);

/*
 * Features, of another model than one of texts, and then answers: for each target its class, if
 * it has classes, and its numbers.
 */
uint32_t drift_parts(const struct drift *drift);

struct drift_part {
    enum drift_kind kind;
    uint32_t feature;       /* of a feature */
    uint32_t target, class; /* of an answer; a value has class 0 */
    uint64_t rows;
    double psi;    /* NaN without rows or baseline */
    double chance; /* what it may well be by chance: 19 times of 20 it is less */
    enum drift_word word;
};

void drift_read(const struct drift *drift, uint32_t part, struct drift_part *out);

/* What a part is called: "petal length", "class", "probability of setosa", "value". */
void drift_print_name(const struct drift *drift, const struct drift_part *part, char *out,
                      size_t size);

/* "stable", "shifted", "drifted", "too few rows", "no baseline". */
const char *drift_word_text(enum drift_word word);

#endif
