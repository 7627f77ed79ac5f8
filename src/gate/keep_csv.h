/*
 * keep_csv.h: what is kept of a model as CSV, to look at or to train on.
 *
 * Each version's rows are named by its own image: features by name, categories and classes by
 * theirs.  All rows of a file have the columns of one version; rows of versions with other
 * features or classes are passed over and counted, and so are those of versions whose image was
 * deleted.
 */
#ifndef GATE_KEEP_CSV_H
#define GATE_KEEP_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "gate/keep.h"

enum keep_csv_kind {
    KEEP_CSV_ALL,      /* the features, what was answered, the truth, when and to whom */
    KEEP_CSV_TRAINING, /* the features and the truth, of rows that have one: for model train */
    KEEP_CSV_KIND__MAX
};

/* By its name, "all" or "training".  RESULT_INVALID, with what is allowed. */
enum result keep_csv_kind_read(const char *text, enum keep_csv_kind *out, struct reason *why);

/* What was written. */
struct keep_csv_done {
    int64_t rows;
    int64_t others;  /* rows of versions with other columns, or without an image */
    int64_t damaged; /* requests that did not open */
};

/*
 * Writes the header line and a line for each row that fits the filter to `put`, piece by piece;
 * a put() that is not RESULT_OK ends it with that.  The columns are those of the filter's
 * version, or of the one that serves.  It is noted in the audit trail before anything is
 * written, and not done if it cannot be.  RESULT_INVALID for a model or version that is not
 * there.
 */
enum result
keep_csv_write(struct home *home, const struct keep_filter *filter, enum keep_csv_kind kind,
               enum result (*put)(void *arg, const void *bytes, size_t len, struct reason *why),
               void *arg, struct keep_csv_done *done, struct reason *why);

#endif
