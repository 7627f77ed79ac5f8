/*
 * table.c: reading a table to train on.
 *
 * Columns grow together while the file is read once.  The target is kept as text until
 * its last cell is read, since only then is it known what it is.
 */
#include "forest/table.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/num.h"
#include "base/utf8.h"
#include "forest/cells.h"
#include "forest/digest.h"
#include "forest/text_model.h"

/* The reading under way. */
struct reading {
    const char *path;
    struct csv *csv;
    struct table *table;
    size_t target;         /* its column in the file */
    const char *text_name; /* of the texts' column, or NULL */
    size_t text;           /* that column in the file */
    size_t cap_rows;       /* that the columns have room for */

    /* The target's cells. */
    struct buf texts;    /* each with a NUL behind it */
    size_t *offsets;     /* n_rows: where in the texts */
    double *numbers;     /* n_rows: 0 for a text that is none */
    size_t n_numbers;    /* how many are numbers */
    uint64_t first_text; /* the line of the first that is none, 0 if there is none */
    bool whole;          /* all numbers are whole */
};

static enum result out_of_memory(const struct reading *reading, struct reason *why)
{
    reason_set(why, RESULT_NOMEM, "%s: out of memory after %zu rows", reading->path,
               reading->table->n_rows);
    return RESULT_NOMEM;
}

static enum result no_such_column(const struct reading *reading, const char *wanted,
                                  struct reason *why)
{
    size_t i, len, used = 0, n = csv_cells(reading->csv);
    char columns[300] = "", name[80];

    for (i = 0; i < n && used < sizeof(columns); i++) {
        const char *text = cells_text(reading->csv, i, &len);

        utf8_quote(name, sizeof(name), text, len);
        used += (size_t)snprintf(columns + used, sizeof(columns) - used, "%s%s",
                                 i > 0 ? ", " : "", name);
    }
    utf8_quote(name, sizeof(name), wanted, strlen(wanted));
    return reason_set(why, RESULT_INVALID, "%s: no column \"%s\"; the columns are: %s%s",
                      reading->path, name, columns, used >= sizeof(columns) ? "..." : "");
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Refuses a name that two columns have. */
static enum result refuse_twins(const struct reading *reading, char **names, size_t n,
                                struct reason *why)
{
    size_t i;

    qsort(names, n, sizeof(*names), compare_texts);
    for (i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0) {
            char name[80];

            utf8_quote(name, sizeof(name), names[i], strlen(names[i]));
            return reason_set(why, RESULT_INVALID, "%s:%llu: two columns have the name \"%s\"",
                              reading->path, (unsigned long long)csv_line(reading->csv), name);
        }
    return RESULT_OK;
}

/* The columns' names; the one that is the target's is set apart. */
static enum result take_names(struct reading *reading, const char *target, char **names,
                              struct reason *why)
{
    struct table *table = reading->table;
    size_t i, n = csv_cells(reading->csv);
    enum result result;

    reading->target = n;
    for (i = 0; i < n; i++) {
        char *name;

        if ((result = cells_name(reading->csv, i, &name, why)) != RESULT_OK)
            return result;
        names[i] = name;
        if (strcmp(name, target) == 0 && table->target == NULL) {
            reading->target = i;
            table->target = name;
        } else {
            table->columns[table->n_features++].name = name;
        }
    }
    return RESULT_OK;
}

static void drop_columns(struct table *table)
{
    uint32_t i;

    for (i = 0; i < table->n_features; i++)
        column_free(&table->columns[i]);
    free(table->columns);
    table->columns = NULL;
    table->n_features = 0;
}

/* Of a table of texts one column counts beside the target. */
static enum result find_texts(struct reading *reading, struct reason *why)
{
    struct table *table = reading->table;
    size_t i, len, wanted = strlen(reading->text_name), n = csv_cells(reading->csv);

    for (i = 0; i < n; i++) {
        const char *name = cells_text(reading->csv, i, &len);

        if (len == wanted && memcmp(name, reading->text_name, len) == 0)
            break;
    }
    if (i == n)
        return no_such_column(reading, reading->text_name, why);
    if (i == reading->target)
        return reason_set(why, RESULT_INVALID, "%s: the texts are the target", reading->path);
    drop_columns(table);
    reading->text = i;
    table->text = strdup(reading->text_name);
    return table->text != NULL ? RESULT_OK : out_of_memory(reading, why);
}

static enum result read_header(struct reading *reading, const char *target, struct reason *why)
{
    struct csv *csv = reading->csv;
    struct table *table = reading->table;
    char **names = NULL;
    enum result result = csv_next(csv, why);

    if (result == RESULT_MISSING)
        return reason_set(why, RESULT_INVALID, "%s: no header and no rows", reading->path);
    if (result != RESULT_OK)
        return result;
    table->columns = calloc(csv_cells(csv), sizeof(*table->columns));
    names = calloc(csv_cells(csv), sizeof(*names));
    if (table->columns == NULL || names == NULL)
        result = out_of_memory(reading, why);
    else
        result = take_names(reading, target, names, why);
    if (result == RESULT_OK && table->target == NULL)
        result = no_such_column(reading, target, why);
    if (result == RESULT_OK)
        result = refuse_twins(reading, names, csv_cells(csv), why);
    if (result == RESULT_OK && reading->text_name != NULL) {
        free(names);
        result = find_texts(reading, why);
        return result == RESULT_OK ? csv_take_header(csv, why) : result;
    }
    if (result == RESULT_OK && table->n_features == 0)
        result = reason_set(why, RESULT_INVALID, "%s: no column but the target", reading->path);
    free(names);
    return result == RESULT_OK ? csv_take_header(csv, why) : result;
}

static bool grow_array(void **array, size_t size, size_t n)
{
    void *grown = realloc(*array, n * size);

    if (grown != NULL)
        *array = grown;
    return grown != NULL;
}

/* Makes room for another row in every column. */
static enum result make_room(struct reading *reading, struct reason *why)
{
    struct table *table = reading->table;
    size_t cap = reading->cap_rows == 0 ? 256 : reading->cap_rows * 2;
    bool grown = true;
    uint32_t i;

    if ((uint64_t)(table->n_rows + 1) * table->n_features > TABLE_MAX_CELLS)
        return reason_set(why, RESULT_TOO_BIG, "%s: over 2^31 cells, in %zu rows",
                          reading->path, table->n_rows);
    if (table->n_rows < reading->cap_rows)
        return RESULT_OK;
    for (i = 0; i < table->n_features && grown; i++)
        grown = grow_array((void **)&table->columns[i].values, sizeof(float), cap);
    if (grown && table->text != NULL)
        grown = grow_array((void **)&table->text_ends, sizeof(*table->text_ends), cap);
    if (!grown || !grow_array((void **)&reading->offsets, sizeof(*reading->offsets), cap) ||
        !grow_array((void **)&reading->numbers, sizeof(*reading->numbers), cap))
        return out_of_memory(reading, why);
    reading->cap_rows = cap;
    return RESULT_OK;
}

static bool is_whole(double value)
{
    return !(value < floor(value)) && !(value > floor(value));
}

/* A target that is to be a number must be one; another must be fit for a label. */
static enum result take_target(struct reading *reading, struct reason *why)
{
    size_t row = reading->table->n_rows;
    double number = 0;
    char *label;
    enum result result = cells_number(reading->csv, reading->target, &number, why);

    if (result == RESULT_OK) {
        reading->n_numbers++;
        reading->whole = reading->whole && is_whole(number);
    } else if (reading->table->task == SPEC_REGRESS) {
        return result;
    } else if (reading->first_text == 0) {
        reading->first_text = csv_line(reading->csv);
    }
    if ((result = cells_name(reading->csv, reading->target, &label, why)) != RESULT_OK)
        return result;
    reading->numbers[row] = number;
    reading->offsets[row] = reading->texts.len;
    buf_put(&reading->texts, label, strlen(label) + 1);
    free(label);
    return buf_failed(&reading->texts) ? out_of_memory(reading, why) : RESULT_OK;
}

static enum result take_text(const struct reading *reading, struct reason *why)
{
    struct table *table = reading->table;
    size_t len;
    const char *text = csv_cell(reading->csv, reading->text, &len);
    enum text_fault fault = text_check(&text, &len, NULL);

    if (len == 0)
        return csv_refuse_cell(reading->csv, reading->text, RESULT_INVALID, "is empty", why);
    if (fault == TEXT_TOO_SHORT) /* to learn from it will do */
        fault = text_has_word(text, len) ? TEXT_FITS : TEXT_NO_WORD;
    if (fault != TEXT_FITS)
        return csv_refuse_cell(reading->csv, reading->text, RESULT_INVALID,
                               text_fault_says(fault), why);
    buf_put(&table->texts, text, len);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): make_room() made it. */
    table->text_ends[table->n_rows] = table->texts.len;
    return buf_failed(&table->texts) ? out_of_memory(reading, why) : RESULT_OK;
}

static enum result read_text_row(struct reading *reading, struct reason *why)
{
    enum result result = make_room(reading, why);

    if (result == RESULT_OK && (result = take_target(reading, why)) == RESULT_OK)
        result = take_text(reading, why);
    if (result == RESULT_OK)
        reading->table->n_rows++;
    return result;
}

static enum result read_row(struct reading *reading, struct reason *why)
{
    struct table *table = reading->table;
    enum result result = make_room(reading, why);
    size_t i, n = csv_cells(reading->csv);

    for (i = 0; i < n && result == RESULT_OK; i++)
        if (i == reading->target)
            result = take_target(reading, why);
        else
            result = column_take(&table->columns[i - (i > reading->target)], reading->csv, i,
                                 table->n_rows, why);
    if (result == RESULT_OK)
        table->n_rows++;
    return result;
}

static enum result read_rows(struct reading *reading, struct reason *why)
{
    enum result result;

    reading->whole = true;
    while ((result = csv_next(reading->csv, why)) == RESULT_OK)
        if ((result = reading->text_name != NULL ? read_text_row(reading, why)
                                                 : read_row(reading, why)) != RESULT_OK)
            return result;
    if (result != RESULT_MISSING)
        return result;
    if (reading->table->n_rows == 0)
        return reason_set(why, RESULT_INVALID, "%s: a header and no rows", reading->path);
    for (uint32_t i = 0; i < reading->table->n_features; i++)
        column_finish(&reading->table->columns[i], reading->table->n_rows);
    return RESULT_OK;
}

static const char *target_text(const struct reading *reading, uint32_t row)
{
    return reading->texts.data + reading->offsets[row];
}

/* Whether two rows are of one class: as numbers if all targets are, else as texts. */
static int compare_targets(const struct reading *reading, uint32_t a, uint32_t b)
{
    double x = reading->numbers[a], y = reading->numbers[b];

    if (reading->first_text != 0)
        return strcmp(target_text(reading, a), target_text(reading, b));
    return (x > y) - (x < y);
}

/* In the order of the classes, then of the rows. */
static int compare_rows(const void *a, const void *b, void *reading)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = compare_targets(reading, x, y);

    return order != 0 ? order : (x > y) - (x < y);
}

/* The rows in the order of their classes, from malloc; NULL for want of memory. */
static uint32_t *sort_rows(struct reading *reading)
{
    size_t i, n = reading->table->n_rows;
    uint32_t *rows = malloc(n * sizeof(*rows));

    if (rows == NULL)
        return NULL;
    for (i = 0; i < n; i++)
        rows[i] = (uint32_t)i;
    qsort_r(rows, n, sizeof(*rows), compare_rows, reading);
    return rows;
}

static size_t count_classes(const struct reading *reading, const uint32_t *rows)
{
    size_t i, n = 1;

    for (i = 1; i < reading->table->n_rows; i++)
        n += compare_targets(reading, rows[i - 1], rows[i]) != 0;
    return n;
}

static enum result make_classes(const struct reading *reading, const uint32_t *rows,
                                size_t n_classes, struct reason *why)
{
    struct table *table = reading->table;
    uint32_t k = 0;
    size_t i;

    if (n_classes < 2)
        return reason_set(why, RESULT_INVALID,
                          "%s: the target \"%s\" has one class only, \"%s\"", reading->path,
                          table->target, target_text(reading, 0));
    if (n_classes > IMAGE_MAX_CLASSES)
        return reason_set(why, RESULT_TOO_BIG, "%s: the target \"%s\" has %zu classes, over %d",
                          reading->path, table->target, n_classes, IMAGE_MAX_CLASSES);
    table->classes = malloc(table->n_rows * sizeof(*table->classes));
    table->labels = calloc(n_classes, sizeof(*table->labels));
    if (table->classes == NULL || table->labels == NULL)
        return out_of_memory(reading, why);
    table->n_classes = (uint32_t)n_classes;
    for (i = 0; i < table->n_rows; i++) {
        k += i > 0 && compare_targets(reading, rows[i - 1], rows[i]) != 0;
        table->classes[rows[i]] = k;
        if (table->labels[k] == NULL &&
            (table->labels[k] = strdup(target_text(reading, rows[i]))) == NULL)
            return out_of_memory(reading, why);
    }
    return RESULT_OK;
}

static enum spec_task guess_task(const struct reading *reading, size_t n_classes)
{
    if (reading->first_text != 0)
        return SPEC_CLASSIFY;
    return reading->whole && n_classes <= TABLE_MAX_LABELS ? SPEC_CLASSIFY : SPEC_REGRESS;
}

static enum result finish_target(struct reading *reading, struct reason *why)
{
    struct table *table = reading->table;
    enum result result = RESULT_OK;
    uint32_t *rows = NULL;
    size_t n_classes;

    if (table->task == 0 && reading->first_text != 0 && reading->n_numbers != 0)
        return reason_set(why, RESULT_INVALID,
                          "%s:%llu: column %zu (%s): not a number, as other cells are; "
                          "if all are labels, the task is to classify",
                          reading->path, (unsigned long long)reading->first_text,
                          reading->target + 1, table->target);
    if (table->task != SPEC_REGRESS) {
        if ((rows = sort_rows(reading)) == NULL)
            return out_of_memory(reading, why);
        n_classes = count_classes(reading, rows);
        if (table->task == 0)
            table->task = guess_task(reading, n_classes);
        if (table->task == SPEC_CLASSIFY)
            result = make_classes(reading, rows, n_classes, why);
    }
    if (table->task == SPEC_REGRESS) {
        table->values = reading->numbers;
        reading->numbers = NULL;
    }
    free(rows);
    return result;
}

static enum result find_date(FILE *file, struct reading *reading, struct reason *why)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    struct stat st;

    if (epoch != NULL && !num_parse_i64(epoch, strlen(epoch), &reading->table->date))
        return reason_set(why, RESULT_INVALID, "SOURCE_DATE_EPOCH: must be seconds since 1970");
    if (epoch != NULL)
        return RESULT_OK;
    if (fstat(fileno(file), &st) != 0)
        return reason_errno(why, "%s", reading->path);
    reading->table->date = st.st_mtime;
    return RESULT_OK;
}

static void add_to_digest(void *digest, const void *bytes, size_t len)
{
    digest_add(digest, bytes, len);
}

/* Reads the open file from its first byte to its last. */
static enum result read_file(FILE *file, struct reading *reading, const char *target,
                             struct reason *why)
{
    struct digest *digest = digest_open();
    uint8_t sum[DIGEST_BYTES];
    enum result result;

    if (digest == NULL)
        return out_of_memory(reading, why);
    if ((result = find_date(file, reading, why)) != RESULT_OK ||
        (result = csv_open_file(file, reading->path, &reading->csv, why)) != RESULT_OK)
        goto out;
    csv_watch(reading->csv, add_to_digest, digest);
    if ((result = read_header(reading, target, why)) != RESULT_OK ||
        (result = read_rows(reading, why)) != RESULT_OK ||
        (result = finish_target(reading, why)) != RESULT_OK)
        goto out;
    if ((result = digest_finish(digest, sum)) != RESULT_OK)
        reason_set(why, result, "%s: SHA-256 failed", reading->path);
    else
        digest_to_hex(sum, reading->table->sha256);
out:
    csv_close(reading->csv);
    digest_close(digest);
    return result;
}

static enum result read_path(struct reading *reading, const char *target, enum spec_task task,
                             struct table **out, struct reason *why)
{
    const char *path = reading->path;
    struct table *table = calloc(1, sizeof(*table));
    FILE *file = NULL;
    enum result result;

    if (table == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", path);
    table->task = task;
    reading->table = table;
    file = fopen(path, "re");
    result =
        file != NULL ? read_file(file, reading, target, why) : reason_errno(why, "%s", path);
    if (result == RESULT_OK) {
        *out = table;
        table = NULL;
    }
    if (file != NULL)
        fclose(file);
    buf_free(&reading->texts);
    free(reading->offsets);
    free(reading->numbers);
    table_free(table);
    return result;
}

enum result table_read(const char *path, const char *target, enum spec_task task,
                       struct table **out, struct reason *why)
{
    struct reading reading = {.path = path};

    return read_path(&reading, target, task, out, why);
}

enum result table_read_texts(const char *path, const char *target, const char *text,
                             struct table **out, struct reason *why)
{
    struct reading reading = {.path = path, .text_name = text};

    return read_path(&reading, target, SPEC_CLASSIFY, out, why);
}

void table_free(struct table *table)
{
    uint32_t i;

    if (table == NULL)
        return;
    drop_columns(table);
    for (i = 0; i < table->n_classes; i++)
        free(table->labels[i]);
    free(table->target);
    free(table->labels);
    free(table->classes);
    free(table->values);
    free(table->text);
    free(table->text_ends);
    buf_free(&table->texts);
    free(table);
}
