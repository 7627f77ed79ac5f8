/*
 * fuzz_csv.c: any bytes as CSV.
 *
 * What is read from memory must be what is read from a stream; every cell must be
 * UTF-8 without NUL; and a row that is written back, all in quotes, must be read as the
 * same cells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/buf.h"
#include "base/csv.h"
#include "base/utf8.h"

static void put_quoted(struct buf *out, const char *cell, size_t len)
{
    size_t i;

    buf_putc(out, '"');
    for (i = 0; i < len; i++) {
        if (cell[i] == '"')
            buf_putc(out, '"');
        buf_putc(out, cell[i]);
    }
    buf_putc(out, '"');
}

/* Reads all, closes, and writes what was read in quotes; returns how it ended. */
static enum result read_all(struct csv *csv, struct buf *out)
{
    struct reason why;
    enum result result;
    uint64_t line = 0;
    size_t i, len;

    while ((result = csv_next(csv, &why)) == RESULT_OK) {
        CHECK(csv_line(csv) > line && csv_cells(csv) > 0);
        line = csv_line(csv);
        for (i = 0; i < csv_cells(csv); i++) {
            const char *cell = csv_cell(csv, i, &len);

            CHECK(strlen(cell) == len && utf8_valid(cell, len));
            CHECK(csv_refuse_cell(csv, i, RESULT_INVALID, "is bad", &why) == RESULT_INVALID);
            if (i > 0)
                buf_putc(out, ',');
            put_quoted(out, cell, len);
        }
        buf_puts(out, "\r\n");
    }
    CHECK(result == RESULT_MISSING || strncmp(why.text, "t.csv:", 6) == 0);
    csv_close(csv);
    return result;
}

static void check_same(const struct buf *a, const struct buf *b)
{
    CHECK(a->len == b->len);
    CHECK(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first = {0}, second = {0};
    struct reason why;
    struct csv *csv;
    enum result result;
    FILE *file;

    CHECK(csv_open_memory(data, size, "t.csv", &csv, &why) == RESULT_OK);
    result = read_all(csv, &first);
    if (size > 0) {
        file = fmemopen((void *)data, size, "r");
        CHECK(file != NULL && csv_open_file(file, "t.csv", &csv, &why) == RESULT_OK);
        CHECK(read_all(csv, &second) == result);
        check_same(&first, &second);
        fclose(file);
        buf_free(&second);
    }
    CHECK(csv_open_memory(first.data, first.len, "t.csv", &csv, &why) == RESULT_OK);
    CHECK(read_all(csv, &second) == RESULT_MISSING);
    check_same(&first, &second);
    buf_free(&first);
    buf_free(&second);
    return 0;
}
