/*
 * csv.h: a strict, bounded, streaming reader of CSV (RFC 4180, as people have it).
 *
 * Taken: commas; quoted cells with "" for a quote and with newlines inside; LF or
 * CRLF; a UTF-8 byte order mark; blank lines, which are skipped; a last line
 * without its newline.  Refused, each by file, line and column: a quote that is not
 * closed, a quote inside a bare cell, anything but a comma or the line's end after a
 * closing quote, a carriage return alone, NUL, bytes that are not UTF-8, more or
 * fewer cells than the first row has, and what is over the bounds below.
 *
 * One row is held at a time, so memory is bounded whatever the file's length.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    CSV_MAX_CELLS = 65536,  /* cells in a row */
    CSV_MAX_ROW = 16 << 20, /* bytes of all cells of a row together */
};

struct csv;

/*
 * A reader of a stream (which stays the caller's to close, after the reader) or of
 * len bytes that stay in place, as name does, which stands for the file in messages.
 * RESULT_OK with *out, or RESULT_NOMEM.
 */
enum result csv_open_file(FILE *file, const char *name, struct csv **out, struct reason *why);
enum result csv_open_memory(const void *bytes, size_t len, const char *name, struct csv **out,
                            struct reason *why);
void csv_close(struct csv *csv);

/* Shows every byte that is read, in order and once, to a callback (for a checksum). */
void csv_watch(struct csv *csv, void (*watch)(void *arg, const void *bytes, size_t len),
               void *arg);

/*
 * The next row.  RESULT_OK: its cells are readable until the next call.
 * RESULT_MISSING: the end.  RESULT_MALFORMED, RESULT_TOO_BIG, RESULT_IO,
 * RESULT_NOMEM: refused, with the reason; the reader is of no more use.
 */
enum result csv_next(struct csv *csv, struct reason *why);

/*
 * Takes the row just read as the header: its names are in the messages from now on.
 * RESULT_OK or RESULT_NOMEM.
 */
enum result csv_take_header(struct csv *csv, struct reason *why);

/* The current row: how many cells, each cell (NUL behind its len bytes, no NUL within). */
size_t csv_cells(const struct csv *csv);
const char *csv_cell(const struct csv *csv, size_t i, size_t *len);

/* The line, counted from 1, on which the current row begins, and on which its cell i does. */
uint64_t csv_line(const struct csv *csv);
uint64_t csv_cell_line(const struct csv *csv, size_t i);

/* The header's name of column i; empty where no header was taken. */
const char *csv_name(const struct csv *csv, size_t i);

/*
 * Refuses cell i of the current row:
 *     rows.csv:17: column 3 (petal_length): "abc" is not a number
 * where "abc" is the cell, cut short if long, and what is said after it is `fault`.
 * Returns result.
 */
enum result csv_refuse_cell(const struct csv *csv, size_t i, enum result result,
                            const char *fault, struct reason *why);

/* Writes a cell, quoted where it has to be. */
void csv_cell_put(struct buf *text, const char *cell);

/*
 * The same of a text that may be anybody's: what a spreadsheet would take for a formula, by
 * its first character, has a ' before it (OWASP, "CSV Injection").
 */
void csv_words_put(struct buf *text, const char *words);

#endif
