/*
 * fuzz_rows.c: any bytes as a file of rows for a model, as CSV or as an array.
 *
 * A row that is taken is one that the model's walk takes and the schema allows, is read alike
 * the second time, and has its line; what is refused has a reason, and the same in its parts.
 */
#include "home_fuzz.h"

#include <math.h>

#include "base/utf8.h"
#include "forest/rows.h"
#include "forest/walk.h"

enum {
    SIZE,
    ROOMS,
    GARDEN,
    PLACE,
    WIDTH
};

static struct image *image;

static void check_row(const struct rows *rows, const double *row)
{
    double out[2];
    size_t column, len;

    for (int i = 0; i < WIDTH; i++)
        CHECK(walk_value_fits(row[i]));
    CHECK(isnan(row[GARDEN]) || row[GARDEN] == 0 || row[GARDEN] == 1);
    CHECK(isnan(row[PLACE]) || row[PLACE] == 0 || row[PLACE] == 1 || row[PLACE] == 2);
    CHECK(rows_line(rows) >= 1);
    walk_predict(image, row, 1, out);
    if (rows_column(rows, "note", &column)) {
        const char *cell = rows_cell(rows, column, &len);

        CHECK(rows_have_header(rows) && utf8_valid(cell, len));
    }
}

/* Reads all of it and notes the values. */
static enum result read_all(const uint8_t *data, size_t size, struct buf *values)
{
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "r");
    struct rows_fault fault = {"", "", ""};
    struct reason why = {{0}};
    struct rows *rows = NULL;
    enum result result;
    double row[WIDTH];

    CHECK(file != NULL);
    result = rows_open(file, "fuzz", image, &fault, &rows, &why);
    while (result == RESULT_OK && (result = rows_next(rows, row, &why)) == RESULT_OK) {
        check_row(rows, row);
        buf_put(values, row, sizeof(row));
    }
    CHECK(result == RESULT_MISSING || why.text[0] != '\0');
    CHECK(utf8_valid(fault.field, strlen(fault.field)));
    CHECK(utf8_valid(fault.problem, strlen(fault.problem)));
    rows_close(rows);
    fclose(file);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first = {0}, second = {0};
    enum result result;

    if (image == NULL)
        image = home_fuzz_map();
    if (size == 0)
        return 0;
    result = read_all(data, size, &first);
    CHECK(read_all(data, size, &second) == result);
    CHECK(first.len == second.len &&
          (first.len == 0 || memcmp(first.data, second.data, first.len) == 0));
    buf_free(&first);
    buf_free(&second);
    return 0;
}
