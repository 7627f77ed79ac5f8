/*
 * rows.h: the rows of a file as a model wants them, one at a time.
 *
 * The file is CSV or an array of NumPy's (npy.h), told by its first byte.  An array's
 * columns are the model's features in their order.  In CSV
 * columns are found by the header's names, in any order; other columns (the target,
 * say) are ignored, whatever they hold.  A file is taken to have no header when its
 * first row does not hold every feature's name but holds numbers only, or a value for
 * each feature; then it must have exactly one column for each, in the model's order.
 *
 * Values are what schema.h takes.  An empty cell, or "nan", is a missing value, as is NaN
 * in an array, where a category that has names is given by its number.
 *
 * A text model has its row made of the column that has the name which the texts had in
 * training; a file that has no such column, and only one, is taken to have no header.
 */
#ifndef FOREST_ROWS_H
#define FOREST_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/result.h"
#include "forest/image.h"

struct rows;

/* A value that does not fit the model, or a column that is not there, in the file's terms. */
struct rows_fault {
    char field[160];   /* "line 17, column 3 (petal_length)"; of an array "row 17, column 3";
                          empty: nothing was told */
    char problem[160]; /* what was wrong */
    char allowed[256];
};

/*
 * Reads the first row.  The stream stays the caller's, as does the image; both outlive
 * the rows.  RESULT_OK with *out; RESULT_INVALID: columns are missing (named) or
 * repeated, or the count is wrong; what csv_next() refuses; a file without a row is
 * RESULT_INVALID too.
 * fault may be NULL; else it outlives the rows, and after RESULT_INVALID of a value or a column
 * tells the same as the reason in its parts.
 */
enum result rows_open(FILE *file, const char *name, const struct image *image,
                      struct rows_fault *fault, struct rows **out, struct reason *why);

/*
 * Fills row with n_features numbers, each fit for the walk; NaN is a missing one.  RESULT_OK;
 * RESULT_MISSING at the end; else refused with the reason, by line and column.
 */
enum result rows_next(struct rows *rows, double *row, struct reason *why);

/* How many rows there are in all, where the file says so (an array), else 0. */
uint64_t rows_total(const struct rows *rows);

/* The line, counted from 1, on which the last row began; of an array, the row. */
uint64_t rows_line(const struct rows *rows);

/* Whether the first row named the columns. */
bool rows_have_header(const struct rows *rows);

/*
 * Where a column is that the header has by this name, a feature's or another.  False if there
 * is none, or no header, or if two have the name.
 */
bool rows_column(const struct rows *rows, const char *name, size_t *column);

/* Its cell in the last row, without the space around it; no NUL behind its len bytes. */
const char *rows_cell(const struct rows *rows, size_t column, size_t *len);

/* Refuses that cell, as rows_next() does: RESULT_INVALID. */
enum result rows_cell_refuse(const struct rows *rows, size_t column, const char *fault,
                             struct reason *why);

void rows_close(struct rows *rows);

#endif
