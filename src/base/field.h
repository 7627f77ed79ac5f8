/*
 * field.h: the fields of a row, by a table of them, as texts and as CSV.
 */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include <stddef.h>

#include "base/buf.h"

enum {
    FIELD_VALUE_MAX = 128
};

enum field_kind {
    FIELD_TEXT,   /* char[], none when empty */
    FIELD_JSON,   /* the same, a JSON object; none for {}, which JSON has nevertheless */
    FIELD_NUMBER, /* int64_t, as the kinds below */
    FIELD_SERIAL, /* a number from 1 on, none when 0 */
    FIELD_MS,     /* microseconds, as milliseconds */
    FIELD_TIME,   /* microseconds since 1970 UTC, as RFC 3339 */
    FIELD_WHEN,   /* the same, none when 0 */
    FIELD_DAY,    /* days since 1970 UTC, as a date */
    FIELD_REAL,   /* double, none when NaN */
    FIELD_KIND__MAX
};

/* One of a table, which ends with a NULL name. */
struct field {
    const char *name; /* "mean_ms": so in JSON and CSV, and MEAN MS over a column */
    enum field_kind kind;
    int width; /* of its column; negative where it stands to the left */
    size_t at; /* where in the row */
};

/* A field's value, in the row or in out; NULL where the row has none. */
const char *field_value(char out[FIELD_VALUE_MAX], const struct field *field, const void *row);

/*
 * A line of CSV, without its end: the names, and the values of a row.  What is a text may be
 * anybody's: see csv_words_put().
 */
void field_csv_head(struct buf *text, const struct field *fields);
void field_csv_row(struct buf *text, const struct field *fields, const void *row)
    __attribute__((nonnull));

#endif
