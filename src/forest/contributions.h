/*
 * contributions.h: forestgate predict --output contributions: what each feature adds to the
 * margins of a block of rows, as columns.
 */
#ifndef FOREST_CONTRIBUTIONS_H
#define FOREST_CONTRIBUTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "forest/image.h"

/* Columns of a row: for each margin one for each feature, and its bias. */
uint32_t contributions_width(const struct image *image);

/*
 * Appends their names, joined by commas: "petal_width", ..., "bias"; with several margins
 * each name begins with whose it is: "setosa:petal_width".
 */
void contributions_header_put(const struct image *image, struct buf *text);

/* What explains a block, in any thread. */
struct contributions;

/* For blocks of so many rows at most.  What explain_new() says, RESULT_NOMEM. */
enum result contributions_new(const struct image *image, size_t rows,
                              struct contributions **out, struct reason *why);
void contributions_free(struct contributions *contributions);

/*
 * Appends n rows to the text, as lines of CSV or as doubles.  What went wrong, if anything,
 * is told by contributions_result(); then nothing was appended.
 */
void contributions_put(struct contributions *contributions, const double *rows, size_t n,
                       const double *margins, bool binary, struct buf *text);
enum result contributions_result(const struct contributions *contributions, struct reason *why);

#endif
