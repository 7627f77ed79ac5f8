/*
 * column.h: one feature's column of a table, as its cells come.
 *
 * The first cell says what all others must be: numbers; true or false, in any case; or
 * texts, which are categories.  So a number that is mistyped is refused, and does not
 * make a column of categories.  Numbers that are all 0 or 1, and not all the same, are
 * booleans too.
 */
#ifndef FOREST_COLUMN_H
#define FOREST_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include "base/csv.h"
#include "base/result.h"
#include "forest/image.h"

enum {
    COLUMN_MAX_TEXTS = 1024, /* different texts that are taken for categories */
};

enum column_kind {
    COLUMN_EMPTY, /* no cell yet */
    COLUMN_NUMBERS,
    COLUMN_TRUTHS,
    COLUMN_TEXTS,
};

struct table_column {
    char *name;
    float *values;   /* n_rows, rounded to float32 as scikit-learn does; never -0 */
    double min, max; /* before rounding */
    enum image_type type;
    char **texts; /* of categories, n_texts, by byte: the value of text i is i */
    uint32_t n_texts;

    enum column_kind kind;
    uint32_t *order; /* while cells come: the texts' numbers in the order of the texts */
};

/*
 * Takes cell i as the value of the row; values has room for it.  RESULT_INVALID: it is
 * not what the cells before it are, or fit for none of them; RESULT_TOO_BIG: one text too
 * many; RESULT_NOMEM.
 */
enum result column_take(struct table_column *column, const struct csv *csv, size_t i,
                        size_t row, struct reason *why);

/* After the last cell: type and range, and the texts in their order. */
void column_finish(struct table_column *column, size_t n_rows);

void column_free(struct table_column *column);

#endif
