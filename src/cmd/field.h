/*
 * field.h: rows of the database as a table, as JSON or as CSV, by one table of fields.
 *
 * A field that a row has no value for is "-" in a table, null in JSON and nothing in CSV.
 */
#ifndef CMD_FIELD_H
#define CMD_FIELD_H

#include <stddef.h>

#include "cmd/cli.h"

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

struct field {
    const char *name; /* "mean_ms": so in JSON and CSV, and MEAN MS over a column */
    enum field_kind kind;
    int width; /* of its column; negative where it stands to the left */
    size_t at; /* where in the row */
};

/* One row alone, as a JSON object or as a line for each field. */
void field_row_print(struct buf *text, const struct field *fields, const void *row, bool json);

/* A list of such rows while it is printed, in the form that --json and --csv ask for. */
struct field_list {
    struct cli_list list;
    const struct field *fields; /* ends with a NULL name */
    bool csv;
};

/*
 * Begins a list.  columns are the fields of a table, fields those of JSON and CSV.
 * RESULT_INVALID if both forms are asked for.
 */
enum result field_list_start(struct field_list *list, const struct option_set *set,
                             const struct field *columns, const struct field *fields,
                             struct reason *why);

/* Adds a row.  False when the output has failed, and nothing more need be added. */
bool field_list_add(struct field_list *list, const void *row);

/* Whether it is a table, for people. */
bool field_list_is_table(const struct field_list *list);

/* Ends and prints it, as cli_list_end() does. */
int field_list_end(struct field_list *list, enum result result, const struct reason *why);

#endif
