/*
 * rows.c: the rows of a CSV file, or of NumPy's array, for a model.
 */
#include "forest/rows.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/npy.h"
#include "base/text.h"
#include "base/utf8.h"
#include "forest/cells.h"
#include "forest/schema.h"
#include "forest/text_model.h"

#define NO_COLUMN SIZE_MAX

struct rows {
    struct csv *csv; /* NULL for an array, */
    struct npy *npy; /* and this NULL for CSV */
    const char *name;
    struct rows_fault *fault; /* or NULL */
    uint32_t n_features;
    struct schema schema;
    size_t *columns; /* the column of each feature, NO_COLUMN before it is found */
    bool headless;   /* the first row is one to predict, */
    bool at_hand;    /* and was read but not given out yet */

    const struct text_model *words; /* of a text model; then columns[0] has the texts */
    struct text_scratch *scratch;
};

/* Tells a fault in its parts; column 0 is none. */
static void fault_tell(const struct rows *rows, uint64_t line, size_t column,
                       const char *problem, const char *allowed)
{
    struct rows_fault *fault = rows->fault;
    const char *name = "";
    char quoted[72] = "";
    size_t len;

    if (fault == NULL)
        return;
    if (column > 0 && rows->csv != NULL)
        name = csv_name(rows->csv, column - 1);
    utf8_quote(quoted, sizeof(quoted), name, strlen(name));
    text_print(fault->field, sizeof(fault->field), "%s %llu",
               rows->csv != NULL ? "line" : "row", (unsigned long long)line);
    len = strlen(fault->field);
    if (column > 0)
        text_print(fault->field + len, sizeof(fault->field) - len,
                   *name != '\0' ? ", column %zu (%s)" : ", column %zu%s", column, quoted);
    text_print(fault->problem, sizeof(fault->problem), "%s", problem);
    text_print(fault->allowed, sizeof(fault->allowed), "%s", allowed);
}

/* Refuses cell i of the current row. */
static enum result cell_refuse(const struct rows *rows, size_t i, const char *problem,
                               const char *allowed, struct reason *why)
{
    char cell[64], text[sizeof(cell) + 96];
    size_t len;
    const char *bytes = csv_cell(rows->csv, i, &len);

    utf8_quote(cell, sizeof(cell), bytes, len);
    text_print(text, sizeof(text), "\"%s\" %s", cell, problem);
    fault_tell(rows, csv_cell_line(rows->csv, i), i + 1, text, allowed);
    return csv_refuse_cell(rows->csv, i, RESULT_INVALID, problem, why);
}

/* Looks for each feature's name in the first row; *found is how many are there. */
static enum result match_names(struct rows *rows, const struct image *image, uint32_t *found,
                               struct reason *why)
{
    size_t i, len, n = csv_cells(rows->csv);

    *found = 0;
    for (i = 0; i < rows->n_features; i++)
        rows->columns[i] = NO_COLUMN;
    for (i = 0; i < n; i++) {
        const char *text = cells_text(rows->csv, i, &len);
        int feature = image_feature_find(image, text, len);

        if (feature < 0)
            continue;
        if (rows->columns[feature] != NO_COLUMN)
            return cell_refuse(rows, i, "is the name of two columns",
                               "each feature's name once", why);
        rows->columns[feature] = i;
        ++*found;
    }
    return RESULT_OK;
}

/* What cell i holds, as the value of a feature. */
static enum schema_fault cell_take(const struct rows *rows, size_t i, uint32_t feature,
                                   double *out)
{
    size_t len;
    const char *text = cells_text(rows->csv, i, &len);

    return schema_take_cell(&rows->schema, feature, text, len, out);
}

static enum result refuse_cell(const struct rows *rows, size_t i, uint32_t feature,
                               enum schema_fault fault, struct reason *why)
{
    char allowed[256], text[400];

    schema_print_allowed(&rows->schema, feature, allowed, sizeof(allowed));
    switch (fault) {
    case SCHEMA_MISSING:
        snprintf(text, sizeof(text), "is a missing value, which training never saw here");
        break;
    case SCHEMA_LARGE:
        snprintf(text, sizeof(text), "is past the largest float32, 3.4028235e+38");
        break;
    default:
        snprintf(text, sizeof(text), "is not %s", allowed);
        break;
    }
    return cell_refuse(rows, i, text, allowed, why);
}

/* Whether the first row can be one to predict: it has a value for each feature. */
static bool row_is_values(const struct rows *rows)
{
    double value;

    if (csv_cells(rows->csv) != rows->n_features)
        return false;
    for (uint32_t i = 0; i < rows->n_features; i++)
        if (cell_take(rows, i, i, &value) != SCHEMA_FITS)
            return false;
    return true;
}

static bool row_is_numbers(const struct csv *csv)
{
    size_t i;
    double number;

    for (i = 0; i < csv_cells(csv); i++)
        if (cells_number(csv, i, &number, NULL) != RESULT_OK)
            return false;
    return true;
}

/*
 * Refuses a first row that names no feature, but has as many cells as there are features:
 * more likely a row with a cell that does not fit than a header that has other names.
 */
static enum result refuse_first_row(const struct rows *rows, struct reason *why)
{
    enum schema_fault fault = SCHEMA_FITS;
    double value;
    uint32_t i = 0;

    while (i < rows->n_features && (fault = cell_take(rows, i, i, &value)) == SCHEMA_FITS)
        i++;
    return refuse_cell(rows, i, i, fault, why);
}

/* Whether the first row has more cells that are values than others. */
static bool row_is_mostly_values(const struct rows *rows)
{
    uint32_t fit = 0;
    double value;

    if (csv_cells(rows->csv) != rows->n_features)
        return false;
    for (uint32_t i = 0; i < rows->n_features; i++)
        fit += cell_take(rows, i, i, &value) == SCHEMA_FITS;
    return fit < rows->n_features && fit > rows->n_features / 2;
}

/* No column of that name, which is printable. */
static void column_lacks(const struct rows *rows, const char *name)
{
    char problem[112];

    text_print(problem, sizeof(problem), "there is no column \"%s\"", name);
    fault_tell(rows, csv_line(rows->csv), 0, problem,
               "a column for each feature, found by its name");
}

static enum result refuse_missing(const struct rows *rows, const struct image *image,
                                  struct reason *why)
{
    char name[80];
    uint32_t i = 0;

    while (rows->columns[i] != NO_COLUMN)
        i++;
    utf8_quote(name, sizeof(name), image_feature_name(image, i),
               strlen(image_feature_name(image, i)));
    column_lacks(rows, name);
    return reason_set(why, RESULT_INVALID, "%s:%llu: no column \"%s\", which the model needs",
                      rows->name, (unsigned long long)csv_line(rows->csv), name);
}

/* So many columns where there are other features. */
static void width_tell(const struct rows *rows, uint64_t line, uint64_t columns)
{
    char problem[80], allowed[64];

    text_print(problem, sizeof(problem), "%llu columns where the model has %u features",
               (unsigned long long)columns, (unsigned)rows->n_features);
    text_print(allowed, sizeof(allowed), "%u columns, or a header that names the features",
               (unsigned)rows->n_features);
    fault_tell(rows, line, 0, problem, allowed);
}

/* Finds the features in the first row, or takes the columns by position. */
static enum result match_columns(struct rows *rows, const struct image *image,
                                 struct reason *why)
{
    uint32_t found, i;
    bool numbers = row_is_numbers(rows->csv) || row_is_values(rows);
    enum result result = numbers ? RESULT_OK : csv_take_header(rows->csv, why);

    if (result == RESULT_OK)
        result = match_names(rows, image, &found, why);
    if (result != RESULT_OK || found == rows->n_features)
        return result;
    if (!numbers && found == 0 && row_is_mostly_values(rows))
        return refuse_first_row(rows, why);
    if (!numbers)
        return refuse_missing(rows, image, why);
    if (csv_cells(rows->csv) != rows->n_features) {
        width_tell(rows, csv_line(rows->csv), csv_cells(rows->csv));
        return reason_set(why, RESULT_INVALID,
                          "%s:%llu: no header, and %zu columns where the model has %u features",
                          rows->name, (unsigned long long)csv_line(rows->csv),
                          csv_cells(rows->csv), rows->n_features);
    }
    for (i = 0; i < rows->n_features; i++)
        rows->columns[i] = i;
    rows->headless = true;
    rows->at_hand = true;
    return RESULT_OK;
}

/* Finds the texts by the name of their column; a file of one column may have none. */
static enum result match_texts(struct rows *rows, struct reason *why)
{
    const struct text_model *words = rows->words;
    size_t i, len, n = csv_cells(rows->csv);
    char name[80];

    for (i = 0; i < n; i++) {
        const char *text = cells_text(rows->csv, i, &len);

        if (len == words->head->name_len && memcmp(text, words->name, len) == 0)
            break;
    }
    rows->columns[0] = i < n ? i : 0;
    rows->headless = rows->at_hand = i == n;
    if (i < n)
        return csv_take_header(rows->csv, why);
    if (n == 1)
        return RESULT_OK;
    utf8_quote(name, sizeof(name), words->name, words->head->name_len);
    column_lacks(rows, name);
    return reason_set(why, RESULT_INVALID, "%s:%llu: no column \"%s\", which the model reads",
                      rows->name, (unsigned long long)csv_line(rows->csv), name);
}

static enum result open_csv(struct rows *rows, FILE *file, const struct image *image,
                            struct reason *why)
{
    enum result result = csv_open_file(file, rows->name, &rows->csv, why);

    if (result == RESULT_OK)
        result = csv_next(rows->csv, why);
    if (result == RESULT_MISSING)
        result = reason_set(why, RESULT_INVALID, "%s: no header and no rows", rows->name);
    if (result == RESULT_OK)
        result = rows->words != NULL ? match_texts(rows, why) : match_columns(rows, image, why);
    return result;
}

static enum result open_npy(struct rows *rows, FILE *file, struct reason *why)
{
    enum result result = npy_open(file, rows->name, &rows->npy, why);

    rows->headless = true;
    if (result == RESULT_OK && rows->words != NULL) {
        fault_tell(rows, 1, 0, "numbers, where the model reads texts", "CSV with the texts");
        return reason_set(why, RESULT_INVALID,
                          "%s: numbers, where the model reads texts: a CSV file is needed",
                          rows->name);
    }
    if (result == RESULT_OK && npy_columns(rows->npy) != rows->n_features) {
        width_tell(rows, 1, npy_columns(rows->npy));
        result = reason_set(why, RESULT_INVALID,
                            "%s: %llu columns, where the model has %u features", rows->name,
                            (unsigned long long)npy_columns(rows->npy), rows->n_features);
    }
    return result;
}

enum result rows_open(FILE *file, const char *name, const struct image *image,
                      struct rows_fault *fault, struct rows **out, struct reason *why)
{
    struct rows *rows = calloc(1, sizeof(*rows));
    enum result result = RESULT_NOMEM;
    int first = getc(file);

    if (first != EOF)
        ungetc(first, file);
    if (fault != NULL)
        fault->field[0] = '\0';
    if (rows != NULL) {
        rows->name = name;
        rows->fault = fault;
        rows->n_features = image_n_features(image);
        rows->columns = calloc(rows->n_features, sizeof(*rows->columns));
        if ((rows->words = image_text(image)) != NULL)
            rows->scratch = text_scratch_new();
    }
    if (rows == NULL || rows->columns == NULL ||
        (rows->words != NULL && rows->scratch == NULL) ||
        schema_read(&rows->schema, image) != RESULT_OK)
        reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    else if (first == (unsigned char)NPY_MAGIC[0]) /* which no UTF-8 begins with */
        result = open_npy(rows, file, why);
    else
        result = open_csv(rows, file, image, why);
    if (result != RESULT_OK) {
        rows_close(rows);
        rows = NULL;
    }
    *out = rows;
    return result;
}

static enum result next_of_npy(struct rows *rows, double *row, struct reason *why)
{
    enum result result = npy_next(rows->npy, row, why);
    char allowed[256];
    uint32_t i;

    for (i = 0; i < rows->n_features && result == RESULT_OK; i++) {
        enum schema_fault fault = isnan(row[i])
                                      ? schema_take_missing(&rows->schema, i, &row[i])
                                      : schema_take_code(&rows->schema, i, row[i], &row[i]);

        if (fault == SCHEMA_FITS)
            continue;
        schema_print_allowed(&rows->schema, i, allowed, sizeof(allowed));
        fault_tell(rows, npy_row(rows->npy), i + 1, schema_fault_text(fault), allowed);
        result = reason_set(why, RESULT_INVALID, "%s: row %llu, column %u: %s; allowed: %s",
                            rows->name, (unsigned long long)npy_row(rows->npy), i + 1,
                            schema_fault_text(fault), allowed);
    }
    return result;
}

static enum result read_text(struct rows *rows, double *row, struct reason *why)
{
    size_t len, column = rows->columns[0];
    const char *text = csv_cell(rows->csv, column, &len);
    enum text_fault fault = text_check(&text, &len, NULL);

    if (fault != TEXT_FITS)
        return cell_refuse(rows, column, text_fault_says(fault),
                           "a text of 10 to 5000 characters, of which one is a letter or digit",
                           why);
    text_features(rows->words, rows->scratch, text, len, row);
    return RESULT_OK;
}

enum result rows_next(struct rows *rows, double *row, struct reason *why)
{
    enum result result;
    uint32_t i;

    if (rows->npy != NULL)
        return next_of_npy(rows, row, why);
    result = rows->at_hand ? RESULT_OK : csv_next(rows->csv, why);
    rows->at_hand = false;
    if (rows->words != NULL)
        return result == RESULT_OK ? read_text(rows, row, why) : result;
    for (i = 0; i < rows->n_features && result == RESULT_OK; i++) {
        enum schema_fault fault = cell_take(rows, rows->columns[i], i, &row[i]);

        if (fault != SCHEMA_FITS)
            result = refuse_cell(rows, rows->columns[i], i, fault, why);
    }
    return result;
}

uint64_t rows_total(const struct rows *rows)
{
    return rows->npy != NULL ? npy_rows(rows->npy) : 0;
}

uint64_t rows_line(const struct rows *rows)
{
    return rows->npy != NULL ? npy_row(rows->npy) : csv_line(rows->csv);
}

bool rows_have_header(const struct rows *rows)
{
    return !rows->headless;
}

static bool is_called(const char *text, const char *name)
{
    const size_t len = strlen(name);

    text += strspn(text, " \t");
    return strncmp(text, name, len) == 0 && text[len + strspn(text + len, " \t")] == '\0';
}

bool rows_column(const struct rows *rows, const char *name, size_t *column)
{
    size_t found = 0;

    if (rows->headless)
        return false;
    for (size_t i = 0; i < csv_cells(rows->csv); i++)
        if (is_called(csv_name(rows->csv, i), name)) {
            *column = i;
            found++;
        }
    return found == 1;
}

const char *rows_cell(const struct rows *rows, size_t column, size_t *len)
{
    return cells_text(rows->csv, column, len);
}

enum result rows_cell_refuse(const struct rows *rows, size_t column, const char *fault,
                             struct reason *why)
{
    return csv_refuse_cell(rows->csv, column, RESULT_INVALID, fault, why);
}

void rows_close(struct rows *rows)
{
    if (rows == NULL)
        return;
    csv_close(rows->csv);
    npy_close(rows->npy);
    schema_free(&rows->schema);
    text_scratch_free(rows->scratch);
    free(rows->columns);
    free(rows);
}
