/*
 * column.c: one feature's column of a table, as its cells come.
 *
 * A text is known by its number, in the order in which the texts first came; order[]
 * has these numbers sorted by text, to find one by halving.  column_finish() renumbers.
 */
#include "forest/column.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "forest/cells.h"

/* What other programs write where a value is missing, or is no number. */
static const char *const no_values[] = {"nan",      "na",   "n/a",  "inf",
                                        "infinity", "null", "none", "nil"};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

/* A text that can be a category, and is not a number that went wrong. */
static bool is_text(const char *text, size_t len)
{
    if (len == 0 || !is_letter(text[0]))
        return false;
    for (size_t k = 0; k < sizeof(no_values) / sizeof(no_values[0]); k++)
        if (strlen(no_values[k]) == len && strncasecmp(text, no_values[k], len) == 0)
            return false;
    return true;
}

/* 1, 0, or -1 for what is neither true nor false. */
static int truth_of(const char *text, size_t len)
{
    if (len == 4 && strncasecmp(text, "true", len) == 0)
        return 1;
    return len == 5 && strncasecmp(text, "false", len) == 0 ? 0 : -1;
}

static enum column_kind kind_of(const struct csv *csv, size_t i)
{
    size_t len;
    const char *text = cells_text(csv, i, &len);

    if (truth_of(text, len) >= 0)
        return COLUMN_TRUTHS;
    return is_text(text, len) ? COLUMN_TEXTS : COLUMN_NUMBERS;
}

static enum result take_number(const struct csv *csv, size_t i, double *value,
                               struct reason *why)
{
    enum result result = cells_number(csv, i, value, why);

    *value += 0.0; /* -0 becomes 0, which it is equal to */
    return result;
}

static enum result take_truth(const struct csv *csv, size_t i, double *value,
                              struct reason *why)
{
    size_t len;
    const char *text = cells_text(csv, i, &len);
    int truth = truth_of(text, len);

    if (truth < 0)
        return csv_refuse_cell(csv, i, RESULT_INVALID,
                               "is neither true nor false, as the cells above", why);
    *value = truth;
    return RESULT_OK;
}

/* Where in order[] the text is, or would be. */
static uint32_t text_place(const struct table_column *column, const char *text, bool *found)
{
    uint32_t low = 0, high = column->n_texts;

    *found = false;
    while (low < high && !*found) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(text, column->texts[column->order[middle]]);

        *found = order == 0;
        if (order <= 0)
            high = middle;
        else
            low = middle + 1;
    }
    return *found ? high : low;
}

static bool texts_start(struct table_column *column)
{
    if (column->texts == NULL) {
        column->texts = calloc(COLUMN_MAX_TEXTS, sizeof(*column->texts));
        column->order = calloc(COLUMN_MAX_TEXTS, sizeof(*column->order));
    }
    return column->texts != NULL && column->order != NULL;
}

/* Puts a new text, which is the column's from then on, at its place. */
static void text_add(struct table_column *column, char *text, uint32_t place)
{
    memmove(column->order + place + 1, column->order + place,
            (column->n_texts - place) * sizeof(*column->order));
    column->order[place] = column->n_texts;
    column->texts[column->n_texts++] = text;
}

static enum result take_text(struct table_column *column, const struct csv *csv, size_t i,
                             double *value, struct reason *why)
{
    char *text = NULL;
    double number;
    uint32_t place;
    bool found;
    enum result result;

    if (cells_number(csv, i, &number, NULL) == RESULT_OK)
        return csv_refuse_cell(csv, i, RESULT_INVALID,
                               "is a number, where the cells above are texts", why);
    if (!texts_start(column))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if ((result = cells_name(csv, i, &text, why)) != RESULT_OK)
        return result;
    place = text_place(column, text, &found);
    if (found)
        *value = column->order[place];
    else if (column->n_texts == COLUMN_MAX_TEXTS)
        result = csv_refuse_cell(csv, i, RESULT_TOO_BIG,
                                 "is one text more than the 1024 that are taken for categories",
                                 why);
    else
        *value = column->n_texts;
    if (!found && result == RESULT_OK)
        text_add(column, text, place);
    else
        free(text);
    return result;
}

static bool is_whole(double value)
{
    return !(value < floor(value)) && !(value > floor(value));
}

enum result column_take(struct table_column *column, const struct csv *csv, size_t i,
                        size_t row, struct reason *why)
{
    double value = 0;
    enum result result;

    if (column->kind == COLUMN_EMPTY) {
        column->kind = kind_of(csv, i);
        column->type = IMAGE_INTEGER;
        column->min = INFINITY;
        column->max = -INFINITY;
    }
    if (column->kind == COLUMN_NUMBERS)
        result = take_number(csv, i, &value, why);
    else if (column->kind == COLUMN_TRUTHS)
        result = take_truth(csv, i, &value, why);
    else
        result = take_text(column, csv, i, &value, why);
    if (result != RESULT_OK)
        return result;
    column->values[row] = (float)value;
    column->min = fmin(column->min, value);
    column->max = fmax(column->max, value);
    if (!is_whole(value))
        column->type = IMAGE_REAL;
    return RESULT_OK;
}

/* Gives the texts their numbers by byte: order[rank] becomes the old number's rank. */
static void texts_sort(struct table_column *column, size_t n_rows)
{
    char *sorted[COLUMN_MAX_TEXTS] = {NULL};
    uint32_t ranks[COLUMN_MAX_TEXTS] = {0};

    for (uint32_t rank = 0; rank < column->n_texts; rank++) {
        sorted[rank] = column->texts[column->order[rank]];
        ranks[column->order[rank]] = rank;
    }
    memcpy(column->texts, sorted, column->n_texts * sizeof(*sorted));
    for (size_t row = 0; row < n_rows; row++)
        column->values[row] = (float)ranks[(uint32_t)column->values[row]];
}

void column_finish(struct table_column *column, size_t n_rows)
{
    if (column->kind == COLUMN_TEXTS) {
        column->type = IMAGE_CATEGORY;
        texts_sort(column, n_rows);
    } else if (column->kind == COLUMN_TRUTHS ||
               (column->type == IMAGE_INTEGER && !(column->min < 0) && !(column->max > 1) &&
                column->min < column->max)) {
        column->type = IMAGE_BOOLEAN;
    }
    free(column->order);
    column->order = NULL;
}

void column_free(struct table_column *column)
{
    for (uint32_t i = 0; i < column->n_texts; i++)
        free(column->texts[i]);
    free(column->texts);
    free(column->order);
    free(column->name);
    free(column->values);
}
