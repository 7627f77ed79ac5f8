/*
 * input_columns.c: rows that come column by column, or whose values are in the order of columns
 * that a data frame has.
 *
 * Columns are put together to rows in memory, so there are only as many as are held there
 * (rows_held), however large the body may be.  Each feature has to be there: a column that is
 * not would be missing in every row, and is rather a name that was mistyped.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/text_model.h"
#include "http/input_inner.h"

enum {
    COLUMNS_MAX = 65536,
    ALLOWED_MAX = 256
};

/* The feature by the key or string just read, of a text model 0 for its text; -1: none. */
static int feature_find(struct input *input)
{
    const char *text;
    size_t len;

    if (image_text(input->image) != NULL)
        return input_text_named(input) ? 0 : -1;
    text = json_text(&input->reader, &len);
    return image_feature_find(input->image, text, len);
}

/* How many columns of a model's there have to be. */
static uint32_t columns_needed(const struct input *input)
{
    return image_text(input->image) != NULL ? 1 : image_n_features(input->image);
}

static const char *column_name(const struct input *input, uint32_t i)
{
    return image_text(input->image) != NULL ? "text" : image_feature_name(input->image, i);
}

/* The columns that were not there. */
static void unseen_fault(struct input *input, const char *list)
{
    char field[INPUT_FIELD_MAX], allowed[ALLOWED_MAX];

    for (uint32_t i = 0; i < columns_needed(input); i++) {
        if (input->seen[i] == input->mark)
            continue;
        if (!input_list_shows(&input->faults))
            return;
        text_print(field, sizeof(field), "%s.%s", list, column_name(input, i));
        text_copy(allowed, sizeof(allowed), "a text for each row");
        if (image_text(input->image) == NULL)
            schema_print_allowed(&input->schema, i, allowed, sizeof(allowed));
        input_fault(input, field, allowed, "the column is missing");
    }
}

/* ---- columns ---- */

/* Where row `row` is held; NULL where it is not: then there are too many, or no memory. */
static double *cell_row(struct input *input, long row, bool first)
{
    if ((size_t)row >= input->rows_held) {
        input->too_many = true;
        return NULL;
    }
    if (first && !input_room(input, (size_t)row + 1))
        return NULL;
    if (!first && (size_t)row >= input->count)
        return NULL;
    return input->values + (size_t)row * image_n_features(input->image);
}

/* One value of a column, its token just read. */
static bool cell_read(struct input *input, enum json_token token, double *values, long row,
                      uint32_t feature)
{
    char field[INPUT_FIELD_MAX];

    if (values == NULL)
        return json_skip_rest(&input->reader, token);
    if (image_text(input->image) != NULL) {
        text_print(field, sizeof(field), "%s.text[%ld]", input->list, row);
        return input_text_value(input, token, values, field);
    }
    input_value_read(input, token, &values[feature], row, feature, true);
    return true;
}

/* Each column has as many values as the first one. */
static void length_check(struct input *input, long rows, uint32_t feature)
{
    char field[INPUT_FIELD_MAX];

    if ((size_t)rows == input->count || input->too_many || !input_list_shows(&input->faults))
        return;
    text_print(field, sizeof(field), "%s.%s", input->list, column_name(input, feature));
    input_fault(input, field, "columns of one length",
                "%ld value%s where another column has %zu", rows, rows == 1 ? "" : "s",
                input->count);
}

/* The values of a feature, the key just read.  The first column says how many rows there are.
 */
static bool column_read(struct input *input, uint32_t feature, bool first)
{
    enum json_token token = json_next(&input->reader);
    char field[INPUT_FIELD_MAX];
    long row = 0;

    if (token != JSON_ARRAY) {
        text_print(field, sizeof(field), "%s.%s", input->list, column_name(input, feature));
        input_fault(input, field, "an array of values", "%s where an array is needed",
                    input_token_name(token));
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    }
    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        if (!cell_read(input, token, cell_row(input, row, first), row, feature))
            return false;
        row++;
    }
    if (first)
        input->count = (size_t)row;
    length_check(input, row, feature);
    return true;
}

/*
 * A member that is no feature's, the key just read: if it may be, a tensor of its own name that
 * has all of the rows, and *rows says so; else a fault.
 */
static bool other_read(struct input *input, const char *list, bool may_be, bool *rows)
{
    char name[INPUT_FIELD_MAX], shown[INPUT_SHOWN_MAX];
    enum json_token token;
    const char *text;
    size_t len;

    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    text_print(name, sizeof(name), "%s.%s", list, shown);
    if (json_text_is(&input->reader, "text"))
        input->wants_text = true;
    token = json_next(&input->reader);
    if (!may_be || token != JSON_ARRAY) {
        input_fault_unknown(input, name);
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    }
    token = json_next(&input->reader);
    if (token != JSON_ARRAY && token != JSON_OBJECT) {
        input_fault_unknown(input, name);
        return input_array_skip(input, token);
    }
    *rows = true;
    text_copy(input->list, sizeof(input->list), name);
    return input_rows_rest(input, token);
}

bool input_columns_read(struct input *input, const char *list)
{
    bool rows = false, first = true, good = true;
    enum json_token token = JSON_OBJECT;

    if (input->image == NULL || !input_seen_begin(input, columns_needed(input)))
        return json_skip_rest(&input->reader, JSON_OBJECT);
    text_copy(input->list, sizeof(input->list), list);
    while (good && (token = json_next(&input->reader)) == JSON_KEY) {
        const int feature = rows ? -1 : feature_find(input);

        if (feature < 0) {
            good = other_read(input, list, first && !rows, &rows);
            continue;
        }
        input->seen[feature] = input->mark;
        input->by_column = true;
        input->looking = false; /* they are held, so that is where they are taken from */
        good = column_read(input, (uint32_t)feature, first);
        first = false;
    }
    if (!good || token == JSON_BAD)
        return false;
    if (!rows)
        unseen_fault(input, list);
    if (!rows && input->count == 0 && input->faults.count == 0)
        input_fault(input, list, "at least one row", "it is empty");
    return true;
}

/* ---- the columns of a data frame ---- */

static bool split_room(struct input_split *split)
{
    size_t cap = split->cap > 0 ? split->cap * 2 : 64;
    int32_t *more;

    if (split->count < split->cap)
        return true;
    more = realloc(split->features, cap * sizeof(*more));
    if (more == NULL)
        return false;
    split->features = more;
    split->cap = cap;
    return true;
}

/* The feature that a column's name or number stands for, its token just read; -1: none. */
static int column_find(struct input *input, enum json_token token)
{
    const char *text;
    int64_t number;
    size_t len;
    int feature;

    if (token == JSON_STRING)
        return feature_find(input);
    if (token != JSON_NUMBER || !json_integer(&input->reader, &number))
        return -1;
    text = json_text(&input->reader, &len);
    feature =
        image_text(input->image) != NULL ? -1 : image_feature_find(input->image, text, len);
    if (feature < 0 && number >= 0 && number < columns_needed(input))
        feature = (int)number;
    return feature;
}

/* Column `at` of the frame, its token just read. */
static void column_note(struct input *input, enum json_token token, const char *field)
{
    struct input_split *split = &input->split;
    char name[INPUT_FIELD_MAX];
    int feature = column_find(input, token);

    if (token == JSON_STRING && json_text_is(&input->reader, "text"))
        input->wants_text = true;
    if (split->count >= COLUMNS_MAX) {
        input->too_many = true;
        return;
    }
    if (!split_room(split)) {
        input->no_memory = true;
        return;
    }
    if (feature >= 0 && input->seen[feature] == input->mark &&
        input_list_shows(&input->faults)) {
        text_print(name, sizeof(name), "%s[%zu]", field, split->count);
        input_fault(input, name, "each feature once", "\"%s\" is the name of two columns",
                    column_name(input, (uint32_t)feature));
    }
    if (feature >= 0)
        input->seen[feature] = input->mark;
    split->features[split->count++] = feature;
}

/* Whether the columns are the features in their order, whose rows are read the quick way. */
static bool is_in_order(const struct input *input)
{
    const struct input_split *split = &input->split;
    size_t at = 0;

    if (image_text(input->image) != NULL || split->count != image_n_features(input->image))
        return false;
    while (at < split->count && split->features[at] == (int32_t)at)
        at++;
    return at == split->count;
}

bool input_split_columns(struct input *input, const char *field)
{
    struct input_split *split = &input->split;
    enum json_token token = json_next(&input->reader);

    split->count = 0;
    split->in_order = false;
    if (token != JSON_ARRAY) {
        input_fault(input, field, "an array of names", "%s where an array is needed",
                    input_token_name(token));
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    }
    if (!input_seen_begin(input, columns_needed(input)))
        return json_skip_rest(&input->reader, token);
    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        column_note(input, token, field);
        if (!json_skip_rest(&input->reader, token))
            return false;
    }
    unseen_fault(input, field);
    split->image = input->image;
    split->in_order = is_in_order(input);
    return true;
}

void input_split_unnamed(struct input *input)
{
    struct input_split *split = &input->split;

    split->count = 0;
    split->image = input->image;
    split->in_order = image_text(input->image) == NULL;
    if (split->in_order)
        return;
    input->no_memory = !split_room(split);
    if (!input->no_memory)
        split->features[split->count++] = 0;
}

static void width_fault(struct input *input, size_t values, size_t columns, long row)
{
    char field[INPUT_FIELD_MAX];

    if (values == columns || !input_list_shows(&input->faults))
        return;
    input_field_print(input, field, row, "%s", "");
    input_fault(input, field, "a value for each column",
                "%zu value%s where there are %zu columns", values, values == 1 ? "" : "s",
                columns);
}

bool input_split_row(struct input *input, double *values, long row)
{
    const struct input_split *split = &input->split;
    char field[INPUT_FIELD_MAX];
    enum json_token token;
    size_t at = 0;

    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        int32_t feature = at < split->count ? split->features[at] : -1;

        if (token == JSON_BAD)
            return false;
        if (feature < 0) {
            if (!json_skip_rest(&input->reader, token))
                return false;
        } else if (image_text(input->image) == NULL) {
            input_value_read(input, token, &values[feature], row, (uint32_t)feature, true);
        } else {
            input_field_print(input, field, row, ".text");
            if (!input_text_value(input, token, values, field))
                return false;
        }
        at++;
    }
    width_fault(input, at, split->count, row);
    return true;
}
