/*
 * oob.h: how good a forest is on the rows that its trees did not see.
 */
#ifndef FOREST_OOB_H
#define FOREST_OOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/table.h"

/*
 * Some rows of a table, and what is answered for them by the trees that do not have them in
 * their bag: NaN for a row that all of them have.  Zeroed where nothing was chosen.
 */
struct oob_sample {
    size_t n;
    size_t *rows;    /* rising */
    double *answers; /* n x spec.n_outputs */
};

/*
 * Chooses at most `most` of n_rows, each set of as many being as likely as another, and makes
 * room for their answers.  RESULT_NOMEM; oob_sample_free() also after a failure.
 */
enum result oob_sample_choose(struct oob_sample *sample, size_t n_rows, size_t most,
                              uint32_t n_outputs, uint64_t seed);
void oob_sample_free(struct oob_sample *sample);

/*
 * Predicts each row by the trees that do not have it in their bag (bags holds
 * GROW_BAG_BYTES for each tree), in the trees' order, and fills draft->facts' metric,
 * oob_score and oob_rows: the accuracy, or R2 = 1 - sum (y - p)^2 / sum (y - mean y)^2,
 * over the rows that are out of some bag.  The metric is IMAGE_NO_METRIC if no row is,
 * or if R2 is not defined.  Fills the answers of the sample, if it is not NULL.  RESULT_OK or
 * RESULT_NOMEM.
 */
enum result oob_measure(const struct table *table, const uint8_t *bags, unsigned threads,
                        struct draft *draft, struct oob_sample *sample);

#endif
