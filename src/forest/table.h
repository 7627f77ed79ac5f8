/*
 * table.h: a CSV file as a table to train on.
 *
 * Every column but the target is a feature, of numbers, of true and false, or of texts
 * (column.h).  A cell that is empty, NaN or infinite is refused (there are no missing
 * values yet), and so is a number past the largest float32.  Messages name file, line
 * and column.
 */
#ifndef FOREST_TABLE_H
#define FOREST_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "forest/column.h"
#include "forest/image.h"
#include "forest/spec.h"

/*
 * Bounds.  With at most 2^31 cells a feature's number and a node's place in its tree
 * always fit the 32 bits that layout.h has for them.
 */
#define TABLE_MAX_CELLS (UINT64_C(1) << 31)
enum {
    TABLE_MAX_LABELS = 32, /* most distinct whole numbers that are taken for classes */
};

struct table {
    enum spec_task task;
    size_t n_rows;
    uint32_t n_features;
    struct table_column *columns; /* n_features, in the file's order */
    char *target;                 /* name of the target's column */
    uint32_t n_classes;           /* 0 for a regression */
    char **labels;     /* n_classes, sorted: by value if all are numbers, else by byte */
    uint32_t *classes; /* n_rows class indices; NULL for a regression */
    double *values;    /* n_rows target values; NULL for a classification */
    int64_t date;      /* SOURCE_DATE_EPOCH, else the file's time of change */
    char sha256[65];   /* of the file's bytes, in hex */

    /* A table of texts has no features yet, but one text for each row. */
    char *text;        /* name of the texts' column; NULL for a table of numbers */
    struct buf texts;  /* the texts, one behind the other */
    size_t *text_ends; /* n_rows: where each ends */
};

/*
 * Reads the file.  target names the column to learn.  task 0 is told by the target:
 * text is classes; whole numbers with at most TABLE_MAX_LABELS distinct values are
 * classes; other numbers are a regression; numbers with some text among them are
 * refused (task SPEC_CLASSIFY takes them).  Numbers that are equal are one class
 * ("1" and "1.0"), under the spelling that comes first.
 *
 * RESULT_OK: *out is to be given back with table_free().  RESULT_MALFORMED,
 * RESULT_INVALID, RESULT_TOO_BIG: what csv_next() refuses; no header, an empty or
 * repeated name in it, no such target (the reason lists the columns), no rows, no
 * features, a single class, a bad cell, too many cells.  RESULT_MISSING and the like:
 * the file could not be read.
 */
enum result table_read(const char *path, const char *target, enum spec_task task,
                       struct table **out, struct reason *why);

/*
 * Reads the column of that name as texts, instead; other columns than the target do not
 * count, whatever they hold.  A text has at least one letter or digit, and at most
 * TEXT_MAX_CHARS characters; here it may be shorter than one that is asked about.
 */
enum result table_read_texts(const char *path, const char *target, const char *text,
                             struct table **out, struct reason *why);

/* The text of a row of a table of texts, without space around it; no NUL behind it. */
static inline const char *table_text(const struct table *table, size_t row, size_t *len)
{
    size_t begin = row > 0 ? table->text_ends[row - 1] : 0;

    *len = table->text_ends[row] - begin;
    return table->texts.data + begin;
}

void table_free(struct table *table);

#endif
