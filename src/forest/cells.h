/*
 * cells.h: the cells of a CSV file as names, labels and numbers: what training and
 * prediction take alike.  Spaces and tabs around a cell's text do not count.
 */
#ifndef FOREST_CELLS_H
#define FOREST_CELLS_H

#include <stddef.h>

#include "base/csv.h"
#include "base/result.h"

/* The text of cell i without the space around it; no NUL behind its len bytes. */
const char *cells_text(const struct csv *csv, size_t i, size_t *len);

/*
 * The text as a name or a label in memory of its own.  RESULT_INVALID if it is empty,
 * over IMAGE_MAX_NAME bytes or has a control character; RESULT_NOMEM.
 */
enum result cells_name(const struct csv *csv, size_t i, char **out, struct reason *why);

/*
 * The text as a number that is fit for the walk.  RESULT_INVALID if it is empty, not a
 * decimal number (NaN and infinity are none), or past the largest float32.
 */
enum result cells_number(const struct csv *csv, size_t i, double *out, struct reason *why);

#endif
