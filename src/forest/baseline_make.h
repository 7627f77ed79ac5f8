/*
 * baseline_make.h: from rows to a baseline.
 *
 * Of many rows a sample is looked at, BASELINE_SAMPLE at most, in which every row is as
 * likely as another.  A number that has few values has each of them counted, and so have the
 * most frequent categories; others are cut at their deciles (edge i is the least value that
 * i / 10 of the rows do not exceed), equal edges being one.
 */
#ifndef FOREST_BASELINE_MAKE_H
#define FOREST_BASELINE_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/result.h"
#include "forest/draft.h"
#include "forest/oob.h"
#include "forest/table.h"

enum {
    BASELINE_SAMPLE = 65536
};

/* How many rows a sample has of `width` numbers each, so that they fit in memory. */
size_t baseline_sample_size(size_t width);

/*
 * Gives the draft, which was grown on the table and has its thresholds, a baseline of the
 * sample's rows.  Its answers are those of the trees that did not see the row, since a forest
 * is surer of what it has learned than it will ever be again.  RESULT_OK, RESULT_NOMEM.
 */
enum result baseline_of_table(const struct table *table, const struct oob_sample *sample,
                              struct draft *draft);

/*
 * Gives the draft a baseline of the rows of a file, which rows.h reads, and of what the draft,
 * as `image`, answers them.  RESULT_INVALID for a file without rows, what rows_next() says,
 * RESULT_NOMEM.
 */
enum result baseline_of_rows(const struct image *image, FILE *file, const char *name,
                             struct draft *draft, struct reason *why);

#endif
