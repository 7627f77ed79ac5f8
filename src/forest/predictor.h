/*
 * predictor.h: an image as it is asked: the walk, what is made of its margins, and what
 * the numbers are called.
 */
#ifndef FOREST_PREDICTOR_H
#define FOREST_PREDICTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/image.h"
#include "forest/output.h"

/* Of one image, which outlives it.  Not to be copied. */
struct predictor {
    const struct image *image;
    struct output output;
    uint32_t *counts; /* each target's classes; the usual one target's are in few */
    uint32_t few[4];
};

/* RESULT_NOMEM.  predictor_close() also after a failure. */
enum result predictor_open(struct predictor *predictor, const struct image *image);
void predictor_close(struct predictor *predictor);

/* Numbers in a row of answers, and in one of margins. */
uint32_t predictor_width(const struct predictor *predictor);
uint32_t predictor_margins(const struct predictor *predictor);

/*
 * n rows of features: margins takes predictor_margins() numbers a row, answers
 * predictor_width(), by output.h.
 */
void predictor_rows(const struct predictor *predictor, const double *rows, size_t n,
                    double *margins, double *answers);

/* The class of target t of one row, and its label. */
uint32_t predictor_class(const struct predictor *predictor, const double *margins,
                         const double *answers, uint32_t target);
const char *predictor_label(const struct predictor *predictor, const double *margins,
                            const double *answers, uint32_t target);

#endif
