/*
 * check_rows.h: rows to try a model with that the model itself gives.
 *
 * Where training told the range of a feature, its values are spread over that range; where
 * it did not, around the numbers that the trees compare with.  So the rows differ and come to
 * many leaves, and all that is in them is what schema.h takes.  Where a feature may be
 * missing, it is in one row of eight.  A text model reads sentences that stand here.
 */
#ifndef FOREST_CHECK_ROWS_H
#define FOREST_CHECK_ROWS_H

#include <stddef.h>

#include "base/result.h"
#include "forest/image.h"

enum {
    CHECK_ROWS_MAX = 32
};

/*
 * Makes the rows, the same ones for the same image: *count of them, at least 8 and at most
 * CHECK_ROWS_MAX, each of image_n_features() numbers.  free() is the caller's.  RESULT_NOMEM.
 */
enum result check_rows_make(const struct image *image, double **rows, size_t *count);

#endif
