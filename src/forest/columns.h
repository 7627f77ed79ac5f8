/*
 * columns.h: what is written of each row that was predicted, as columns.
 *
 *     label          each target's label; a value where it has no classes
 *     probability    one for each class, in their order
 *     margin         what the trees sum to: one for each class, or a single one
 *     leaf           one for each tree: the leaf, as the model's library counts
 *     value          each target's value; an anomaly's score
 *     contributions  see contributions.h
 */
#ifndef FOREST_COLUMNS_H
#define FOREST_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/npy.h"
#include "base/result.h"
#include "forest/predictor.h"

enum columns_kind {
    COLUMNS_LABEL,
    COLUMNS_PROBABILITY,
    COLUMNS_MARGIN,
    COLUMNS_LEAF,
    COLUMNS_VALUE,
    COLUMNS_CONTRIBUTIONS,
    COLUMNS__MAX
};

/* The names, as an option's help has them. */
#define COLUMNS_NAMES "label, probability, margin, leaf, value or contributions"

/* By its name.  RESULT_INVALID, with what is allowed. */
enum result columns_kind_read(const char *text, enum columns_kind *out, struct reason *why);

struct columns {
    enum columns_kind kind;
    const struct predictor *predictor;
};

/* RESULT_INVALID if the model has no such output. */
enum result columns_check(const struct columns *columns, struct reason *why);

/* How many there are, and as what numbers an array has them (a label is its class). */
uint32_t columns_width(const struct columns *columns);
enum npy_kind columns_npy_kind(const struct columns *columns);

/* Their names, joined by commas. */
void columns_header_put(const struct columns *columns, struct buf *text);

/* One row's numbers: margins and answers of predictor_rows(), leaves of walk_leaves(). */
struct columns_row {
    const double *margins, *answers;
    const uint32_t *leaves; /* for COLUMNS_LEAF */
};

/* Appends a row, as a line of CSV or as numbers; not of contributions. */
void columns_row_put(const struct columns *columns, const struct columns_row *row, bool binary,
                     struct buf *text);

#endif
