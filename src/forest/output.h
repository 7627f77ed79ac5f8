/*
 * output.h: from margins to answers: probabilities, values, and which class is meant.
 *
 * Each transform runs the operations of the library that trained the forest, in its
 * order and precision (spec.h names them), so that the answer has that library's bits
 * where it calls the C library's functions.  numpy does so too, but has an exp of its own
 * on processors with AVX-512, by which the last places differ.
 */
#ifndef FOREST_OUTPUT_H
#define FOREST_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forest/spec.h"

/*
 * How the outputs of a forest are read.  Target t has classes[t] classes, or is a value
 * where that is 0.  A target with classes has one margin for each of them, or, if there
 * are two, one margin for the second: spec.n_outputs is the sum of the ones or of the
 * others.  An anomaly has one, its path length.
 *
 * With thresholds, one for each class of the first target, that target's class is by
 * them: of two classes the second where its p >= thresholds[1], else the first; of more
 * the one with the greatest p / threshold, the first of equals, as in Spark ML.  They
 * are 0 or more, and at most one is 0: that class is taken wherever its p is not 0.
 */
struct output {
    const struct spec *spec;
    const uint32_t *classes;
    uint32_t n_targets;
    const double *thresholds; /* or NULL */
};

/*
 * Numbers in a row of answers: for each target one a class, or its value; an anomaly's
 * score alone.
 */
uint32_t output_width(const struct output *output);

/* Where target t begins, in a row of answers and in a row of margins. */
uint32_t output_begin(const struct output *output, uint32_t target);
uint32_t output_margins_begin(const struct output *output, uint32_t target);

/*
 * How many numbers target t has in a row of answers and in a row of margins.
 */
uint32_t output_count(const struct output *output, uint32_t target);
uint32_t output_margins(const struct output *output, uint32_t target);

/* Whether a target of so many classes has all that the rule of labels looks at. */
bool output_label_fits(const struct spec *spec, uint32_t n_classes);

/* Whether a class's number is a probability, and not a score that sums to nothing. */
bool output_has_probabilities(const struct output *output);

/*
 * The answers of n rows: margins has spec.n_outputs numbers a row, out takes
 * output_width() a row.  They do not overlap.  No allocation, no errors.
 */
void output_rows(const struct output *output, const double *margins, size_t n, double *out);

/* The class of target t in one row of margins and its answers. */
uint32_t output_class(const struct output *output, const double *margins, const double *answers,
                      uint32_t target);

/* The first greatest of n >= 1 numbers, as numpy's argmax. */
uint32_t output_argmax(const double *values, size_t n);

/* The places of n numbers by their size, the greatest first, equals in their order. */
void output_rank(const double *values, uint32_t n, uint32_t *order);

#endif
