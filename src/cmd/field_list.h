/*
 * field_list.h: a list of rows while it is printed: as a table, as JSON or as CSV, by a table
 * of fields (base/field.h).
 *
 * A field that a row has no value for is "-" in a table, null in JSON and nothing in CSV.
 */
#ifndef CMD_FIELD_LIST_H
#define CMD_FIELD_LIST_H

#include "base/field.h"
#include "cmd/cli.h"

/* One row alone: as members of a JSON object, or as a line for each field. */
void field_members_write(struct json_writer *writer, const struct field *fields,
                         const void *row);
void field_lines_print(struct buf *text, const struct field *fields, const void *row);

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
