/*
 * oob.h: how good a forest is on the rows that its trees did not see.
 */
#ifndef FOREST_OOB_H
#define FOREST_OOB_H

#include <stdint.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/table.h"

/*
 * Predicts each row by the trees that do not have it in their bag (bags holds
 * GROW_BAG_BYTES for each tree), in the trees' order, and fills draft->facts' metric,
 * oob_score and oob_rows: the accuracy, or R2 = 1 - sum (y - p)^2 / sum (y - mean y)^2,
 * over the rows that are out of some bag.  The metric is IMAGE_NO_METRIC if no row is,
 * or if R2 is not defined.  RESULT_OK or RESULT_NOMEM.
 */
enum result oob_measure(const struct table *table, const uint8_t *bags, unsigned threads,
                        struct draft *draft);

#endif
