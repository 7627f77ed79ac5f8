/*
 * csv.c: CSV, one row at a time.
 *
 * A state machine takes the bytes in runs, so a row may be cut anywhere by the reads.
 * The cells of a row lie one after another in one buffer, a NUL behind each; their
 * number and the buffer's size are bounded, and the buffer serves every row.
 */
#include "base/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum {
    CHUNK = 65536
};

enum state {
    START,  /* at the beginning of a cell */
    BARE,   /* in a cell without quotes */
    QUOTED, /* between quotes */
    CLOSED, /* behind a quote that closes, or is the first of two */
    RETURN, /* behind a carriage return outside quotes */
    DONE,   /* the line has ended */
};

/* Where a cell of the current row is. */
struct cell {
    size_t offset, len; /* in the row's bytes */
    uint64_t line;      /* on which it begins */
};

struct csv {
    FILE *file; /* NULL when the bytes are in memory */
    const char *name;
    const unsigned char *bytes; /* those at hand: up to len, taken up to at */
    size_t len, at;
    unsigned char *chunk; /* what a file is read into */
    bool begun;           /* the byte order mark is looked for no more */
    void (*watch)(void *arg, const void *bytes, size_t len);
    void *watch_arg;

    uint64_t line;    /* of the byte at hand */
    enum state state; /* of the row at hand */
    bool quoted;      /* the cell at hand has quotes */
    struct buf row;   /* the bytes of the cells, a NUL behind each */
    struct cell *cells;
    size_t n_cells, cap_cells; /* the last is the one at hand, until the row is done */
    size_t expected;           /* cells of the first row, 0 before it */

    struct buf header; /* the names, a NUL behind each */
    size_t *names;     /* where each begins in it; NULL without a header */
};

static enum result out_of_memory(const struct csv *csv, struct reason *why)
{
    return reason_set(why, RESULT_NOMEM, "%s:%llu: out of memory", csv->name,
                      (unsigned long long)csv->line);
}

/* Refuses cell i for a fault that is told whole. */
static enum result refuse(const struct csv *csv, size_t i, enum result result,
                          const char *fault, struct reason *why)
{
    const char *name = csv_name(csv, i);
    char quoted[72];

    utf8_quote(quoted, sizeof(quoted), name, strlen(name));
    return reason_set(why, result,
                      *name != '\0' ? "%s:%llu: column %zu (%s): %s"
                                    : "%s:%llu: column %zu%s: %s",
                      csv->name, (unsigned long long)csv->cells[i].line, i + 1, quoted, fault);
}

enum result csv_refuse_cell(const struct csv *csv, size_t i, enum result result,
                            const char *fault, struct reason *why)
{
    char cell[64], text[sizeof(cell) + 128];

    utf8_quote(cell, sizeof(cell), csv_cell(csv, i, NULL), csv->cells[i].len);
    snprintf(text, sizeof(text), "\"%s\" %s", cell, fault);
    return refuse(csv, i, result, text, why);
}

static enum result begin_cell(struct csv *csv, struct reason *why)
{
    if (csv->n_cells == CSV_MAX_CELLS)
        return reason_set(why, RESULT_TOO_BIG, "%s:%llu: over %d cells in a row", csv->name,
                          (unsigned long long)csv->line, CSV_MAX_CELLS);
    if (csv->n_cells == csv->cap_cells) {
        size_t cap = csv->cap_cells == 0 ? 64 : csv->cap_cells * 2;
        struct cell *cells = realloc(csv->cells, cap * sizeof(*cells));

        if (cells == NULL)
            return out_of_memory(csv, why);
        csv->cells = cells;
        csv->cap_cells = cap;
    }
    csv->cells[csv->n_cells++] = (struct cell){csv->row.len, 0, csv->line};
    csv->quoted = false;
    csv->state = START;
    return RESULT_OK;
}

/* Puts bytes into the cell at hand. */
static enum result put(struct csv *csv, const void *bytes, size_t len, struct reason *why)
{
    if (len > CSV_MAX_ROW - csv->row.len)
        return refuse(csv, csv->n_cells - 1, RESULT_TOO_BIG,
                      csv->quoted ? "the row is over 16 MiB: is this quote never closed?"
                                  : "the row is over 16 MiB",
                      why);
    buf_put(&csv->row, bytes, len);
    return buf_failed(&csv->row) ? out_of_memory(csv, why) : RESULT_OK;
}

static enum result end_cell(struct csv *csv, struct reason *why)
{
    struct cell *cell = &csv->cells[csv->n_cells - 1];

    cell->len = csv->row.len - cell->offset;
    if (cell->len != 0 && !utf8_valid(csv->row.data + cell->offset, cell->len))
        return refuse(csv, csv->n_cells - 1, RESULT_MALFORMED, "not UTF-8", why);
    return put(csv, "", 1, why);
}

/* How many bytes from the one at hand on are a cell's own. */
static size_t run_length(const struct csv *csv)
{
    const unsigned char *c = csv->bytes + csv->at, *end = csv->bytes + csv->len;

    if (csv->state == QUOTED)
        while (c < end && *c != '"' && *c != '\n' && *c != '\0')
            c++;
    else
        while (c < end && *c != ',' && *c != '\n' && *c != '\r' && *c != '"' && *c != '\0')
            c++;
    return (size_t)(c - (csv->bytes + csv->at));
}

/* A byte that means something, outside quotes. */
static enum result take_mark(struct csv *csv, char c, struct reason *why)
{
    size_t last = csv->n_cells - 1;
    enum result result;

    switch (c) {
    case '"':
        if (csv->state == BARE)
            return refuse(csv, last, RESULT_MALFORMED,
                          "a quote within a cell that does not begin with one", why);
        if (csv->state == CLOSED && (result = put(csv, "\"", 1, why)) != RESULT_OK)
            return result;
        csv->quoted = true;
        csv->state = QUOTED;
        return RESULT_OK;
    case ',':
        result = end_cell(csv, why);
        return result == RESULT_OK ? begin_cell(csv, why) : result;
    case '\r':
        csv->state = RETURN;
        return RESULT_OK;
    case '\n':
        csv->state = DONE;
        csv->line++;
        return end_cell(csv, why);
    default:
        return refuse(csv, last, RESULT_MALFORMED, "a NUL byte", why);
    }
}

/* A byte between quotes that is not simply the cell's. */
static enum result take_quoted(struct csv *csv, char c, struct reason *why)
{
    if (c == '\0')
        return refuse(csv, csv->n_cells - 1, RESULT_MALFORMED, "a NUL byte", why);
    if (c == '\n') {
        csv->line++;
        return put(csv, "\n", 1, why);
    }
    csv->state = CLOSED;
    return RESULT_OK;
}

/* Takes a run of a cell's bytes, or one byte that means something. */
static enum result take(struct csv *csv, struct reason *why)
{
    size_t run = run_length(csv);
    const unsigned char *bytes = csv->bytes + csv->at;

    if (csv->state == RETURN && *bytes != '\n')
        return refuse(csv, csv->n_cells - 1, RESULT_MALFORMED,
                      "a carriage return without a line feed", why);
    if (csv->state == CLOSED && run > 0)
        return refuse(csv, csv->n_cells - 1, RESULT_MALFORMED,
                      "bytes between the closing quote and the comma", why);
    if (run > 0) {
        csv->at += run;
        csv->state = csv->state == START ? BARE : csv->state;
        return put(csv, bytes, run, why);
    }
    csv->at++;
    return csv->state == QUOTED ? take_quoted(csv, (char)*bytes, why)
                                : take_mark(csv, (char)*bytes, why);
}

/* Passes over a UTF-8 byte order mark, and knows one of UTF-16. */
static enum result take_order_mark(struct csv *csv, struct reason *why)
{
    csv->begun = true;
    if (csv->len >= 3 && memcmp(csv->bytes, "\xef\xbb\xbf", 3) == 0)
        csv->at = 3;
    if (csv->len >= 2 &&
        (memcmp(csv->bytes, "\xff\xfe", 2) == 0 || memcmp(csv->bytes, "\xfe\xff", 2) == 0))
        return reason_set(why, RESULT_MALFORMED, "%s:1: is UTF-16; save it as UTF-8",
                          csv->name);
    return RESULT_OK;
}

/* Makes at least one byte be at hand; RESULT_MISSING at the end. */
static enum result read_more(struct csv *csv, struct reason *why)
{
    enum result result;

    if (csv->begun && csv->file == NULL)
        return RESULT_MISSING;
    if (csv->file != NULL) {
        csv->len = fread(csv->chunk, 1, CHUNK, csv->file);
        csv->at = 0;
        if (ferror(csv->file))
            return reason_errno(why, "%s: reading it", csv->name);
    }
    if (csv->watch != NULL && csv->len > 0)
        csv->watch(csv->watch_arg, csv->bytes, csv->len);
    if (!csv->begun && (result = take_order_mark(csv, why)) != RESULT_OK)
        return result;
    return csv->at < csv->len ? RESULT_OK : RESULT_MISSING;
}

/* The bytes have ended within a row, or before one. */
static enum result take_end(struct csv *csv, struct reason *why)
{
    if (csv->state == QUOTED)
        return refuse(csv, csv->n_cells - 1, RESULT_MALFORMED, "a quote that is not closed",
                      why);
    if (csv->state == RETURN)
        return refuse(csv, csv->n_cells - 1, RESULT_MALFORMED,
                      "a carriage return without a line feed", why);
    if (csv->n_cells == 1 && csv->state == START)
        return RESULT_MISSING;
    csv->state = DONE;
    return end_cell(csv, why);
}

/* Whether the row is a line of nothing but spaces. */
static bool is_blank(const struct csv *csv)
{
    return csv->n_cells == 1 && !csv->quoted &&
           strspn(csv->row.data, " \t") == csv->cells[0].len;
}

/* Reads a row, which may be blank. */
static enum result read_row(struct csv *csv, struct reason *why)
{
    enum result result;

    buf_clear(&csv->row, SIZE_MAX);
    csv->n_cells = 0;
    result = begin_cell(csv, why);
    while (result == RESULT_OK && csv->state != DONE) {
        result = csv->at < csv->len && csv->begun ? RESULT_OK : read_more(csv, why);
        if (result == RESULT_OK)
            result = take(csv, why);
        else if (result == RESULT_MISSING)
            return take_end(csv, why);
    }
    return result;
}

enum result csv_next(struct csv *csv, struct reason *why)
{
    enum result result;

    do
        result = read_row(csv, why);
    while (result == RESULT_OK && is_blank(csv));
    if (result != RESULT_OK)
        return result;
    if (csv->expected == 0)
        csv->expected = csv->n_cells;
    if (csv->n_cells != csv->expected)
        return reason_set(why, RESULT_MALFORMED, "%s:%llu: %zu cell%s, the first row has %zu",
                          csv->name, (unsigned long long)csv_line(csv), csv->n_cells,
                          csv->n_cells == 1 ? "" : "s", csv->expected);
    return RESULT_OK;
}

enum result csv_take_header(struct csv *csv, struct reason *why)
{
    size_t i;

    csv->names = calloc(csv->n_cells, sizeof(*csv->names));
    buf_put(&csv->header, csv->row.data, csv->row.len);
    if (csv->names == NULL || buf_failed(&csv->header))
        return out_of_memory(csv, why);
    for (i = 0; i < csv->n_cells; i++)
        csv->names[i] = csv->cells[i].offset;
    return RESULT_OK;
}

size_t csv_cells(const struct csv *csv)
{
    return csv->n_cells;
}

const char *csv_cell(const struct csv *csv, size_t i, size_t *len)
{
    if (len != NULL)
        *len = csv->cells[i].len;
    return csv->row.data + csv->cells[i].offset;
}

uint64_t csv_cell_line(const struct csv *csv, size_t i)
{
    return csv->cells[i].line;
}

const char *csv_name(const struct csv *csv, size_t i)
{
    return csv->names != NULL && i < csv->expected ? csv->header.data + csv->names[i] : "";
}

uint64_t csv_line(const struct csv *csv)
{
    return csv->cells[0].line;
}

static struct csv *new_csv(const char *name)
{
    struct csv *csv = calloc(1, sizeof(*csv));

    if (csv != NULL) {
        csv->name = name;
        csv->line = 1;
    }
    return csv;
}

enum result csv_open_file(FILE *file, const char *name, struct csv **out, struct reason *why)
{
    struct csv *csv = new_csv(name);

    if (csv != NULL && (csv->chunk = malloc(CHUNK)) == NULL) {
        free(csv);
        csv = NULL;
    }
    if (csv == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    csv->file = file;
    csv->bytes = csv->chunk;
    *out = csv;
    return RESULT_OK;
}

enum result csv_open_memory(const void *bytes, size_t len, const char *name, struct csv **out,
                            struct reason *why)
{
    struct csv *csv = new_csv(name);

    if (csv == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    csv->bytes = bytes;
    csv->len = len;
    *out = csv;
    return RESULT_OK;
}

void csv_watch(struct csv *csv, void (*watch)(void *arg, const void *bytes, size_t len),
               void *arg)
{
    csv->watch = watch;
    csv->watch_arg = arg;
}

void csv_close(struct csv *csv)
{
    if (csv == NULL)
        return;
    buf_free(&csv->row);
    buf_free(&csv->header);
    free(csv->cells);
    free(csv->names);
    free(csv->chunk);
    free(csv);
}

static void quoted_put(struct buf *text, const char *before, const char *cell)
{
    buf_putc(text, '"');
    buf_puts(text, before);
    for (; *cell != '\0'; cell++) {
        if (*cell == '"')
            buf_putc(text, '"');
        buf_putc(text, *cell);
    }
    buf_putc(text, '"');
}

void csv_cell_put(struct buf *text, const char *cell)
{
    if (strpbrk(cell, ",\"\r\n") == NULL)
        buf_puts(text, cell);
    else
        quoted_put(text, "", cell);
}

void csv_words_put(struct buf *text, const char *words)
{
    if (words[0] != '\0' && strchr("=+-@\t\r\n", words[0]) != NULL)
        quoted_put(text, "'", words);
    else
        csv_cell_put(text, words);
}
