/*
 * input_rows.c: the rows of a body, by position or by name, as the model's schema takes them.
 *
 * Numbers by position are the way of every large body: they are taken many at once, and
 * one question is asked of all; only where that fails is each looked at.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/input_inner.h"

/* Which row of values the next one is. */
static size_t place_of_row(const struct input *input)
{
    if (input->take != NULL)
        return input->in_block;
    return input->looking || input->faults.count > 0 ? 0 : input->count;
}

void input_block_end(struct input *input)
{
    if (input->take != NULL && input->in_block > 0 && !input->stopped)
        input->stopped = !input->take(input->take_arg, input->values, input->in_block);
    input->in_block = 0;
}

void input_row_end(struct input *input)
{
    input->count++;
    if (input->take != NULL && ++input->in_block == input->block_rows)
        input_block_end(input);
}

bool input_room(struct input *input, size_t rows)
{
    size_t need = rows * image_n_features(input->image), cap = input->values_cap;
    double *more;

    if (need <= cap)
        return true;
    cap = cap * 2 > need ? cap * 2 : need;
    more = realloc(input->values, cap * sizeof(*more));
    if (more == NULL) {
        input->no_memory = true;
        return false;
    }
    input->values = more;
    input->values_cap = cap;
    return true;
}

double *input_row_begin(struct input *input)
{
    size_t at = place_of_row(input);

    if (input->stopped)
        return NULL;
    if (input->count >= input->rows_limit) {
        input->too_many = true;
        return NULL;
    }
    return input_room(input, at + 1) ? input->values + at * image_n_features(input->image)
                                     : NULL;
}

/* A value that was taken. */
static void value_taken(struct input *input, double value, long row, uint32_t i, bool by_name)
{
    if (schema_is_outside(&input->schema, i, value))
        input_warn_range(input, value, row, i, by_name);
}

/* A text, as the value of a feature. */
static enum schema_fault text_take(const struct input *input, uint32_t i, double *to)
{
    const char *text;
    size_t len;

    text = json_text(&input->reader, &len);
    if (!input->as_cells)
        return schema_take_text(&input->schema, i, text, len, to);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    for (; len > 0 && (*text == ' ' || *text == '\t'); len--)
        text++;
    return schema_take_cell(&input->schema, i, text, len, to);
}

bool input_array_skip(struct input *input, enum json_token token)
{
    if (token == JSON_ARRAY_END)
        return true;
    return json_skip_rest(&input->reader, token) && json_skip_rest(&input->reader, JSON_ARRAY);
}

/* [value], behind its bracket: a tensor of one number, as other servers' clients send it. */
static void tensor_read(struct input *input, double *to, long row, uint32_t i)
{
    enum json_token token = json_next(&input->reader);

    if (token != JSON_ARRAY && token != JSON_ARRAY_END && token != JSON_BAD) {
        input_value_read(input, token, to, row, i, true);
        token = json_next(&input->reader);
        if (token == JSON_ARRAY_END)
            return;
    }
    input_fault_value(input, SCHEMA_KIND, JSON_ARRAY, row, i, true);
    input_array_skip(input, token);
}

void input_value_read(struct input *input, enum json_token token, double *to, long row,
                      uint32_t i, bool by_name)
{
    enum schema_fault fault = SCHEMA_KIND;

    *to = 0;
    if (token == JSON_ARRAY && by_name && input->protocol != NULL) {
        tensor_read(input, to, row, i);
        return;
    }
    switch (token) {
    case JSON_NUMBER:
        fault = schema_take_number(&input->schema, i, json_number(&input->reader), to);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        fault = schema_take_truth(&input->schema, i, token == JSON_TRUE, to);
        break;
    case JSON_STRING:
        fault = text_take(input, i, to);
        break;
    case JSON_NULL:
        fault = schema_take_missing(&input->schema, i, to);
        break;
    default:
        break;
    }
    if (fault == SCHEMA_FITS)
        value_taken(input, *to, row, i, by_name);
    else
        input_fault_value(input, fault, token, row, i, by_name);
    json_skip_rest(&input->reader, token);
}

/*
 * As many numbers of a row as can be taken at once, from one on; returns how many there
 * are now.
 */
static uint32_t numbers_read(struct input *input, double *values, uint32_t from, long row)
{
    uint32_t width = input->schema.n_features, count;
    enum schema_fault fault;
    double value;

    count = (uint32_t)json_numbers(&input->reader, values + from, width - from);
    if (schema_takes_all(&input->schema, from, values + from, count))
        return from + count;
    for (uint32_t i = from; i < from + count; i++) {
        fault = schema_take_number(&input->schema, i, values[i], &value);
        if (fault == SCHEMA_FITS)
            value_taken(input, value, row, i, false);
        else
            input_fault_value(input, fault, JSON_NUMBER, row, i, false);
    }
    return from + count;
}

static void count_fault(struct input *input, uint32_t count, long row)
{
    uint32_t width = input->schema.n_features;
    char field[INPUT_FIELD_MAX], allowed[64];

    if (count == width || !input_list_shows(&input->faults))
        return;
    input_field_print(input, field, row, "%s", "");
    snprintf(allowed, sizeof(allowed), "%u %s", (unsigned)width,
             input->schema.only_numbers ? "numbers" : "values");
    input_fault(input, field, allowed, "%u value%s where the model %s has %u features",
                (unsigned)count, count == 1 ? "" : "s", input->model->row.name,
                (unsigned)width);
}

/* [5.1, 3.5, ...], behind its bracket.  What is too much is counted and passed over. */
static bool row_by_position(struct input *input, double *values, long row)
{
    uint32_t width = input->schema.n_features, count = 0;
    enum json_token token;

    count = numbers_read(input, values, 0, row);
    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        if (count < width)
            input_value_read(input, token, &values[count], row, count, false);
        else if (!json_skip_rest(&input->reader, token))
            return false;
        count++;
        if (count < width)
            count = numbers_read(input, values, count, row);
    }
    count_fault(input, count, row);
    return true;
}

bool input_seen_begin(struct input *input, uint32_t width)
{
    uint32_t *more;

    if (width > input->seen_cap) {
        more = realloc(input->seen, width * sizeof(*more));
        if (more == NULL) {
            input->no_memory = true;
            return false;
        }
        input->seen = more;
        input->seen_cap = width;
        input->mark = 0;
    }
    if (input->mark == 0 || input->mark == UINT32_MAX) {
        memset(input->seen, 0, input->seen_cap * sizeof(*input->seen));
        input->mark = 0;
    }
    input->mark++;
    return true;
}

/* The features that a row by name did not name: missing, if they may be. */
static void unnamed_fill(struct input *input, double *values, long row)
{
    char field[INPUT_FIELD_MAX], allowed[256];

    for (uint32_t i = 0; i < input->schema.n_features; i++) {
        if (input->seen[i] == input->mark ||
            (schema_take_missing(&input->schema, i, &values[i]) == SCHEMA_FITS &&
             !input->is_frame))
            continue;
        if (!input_list_shows(&input->faults))
            break;
        input_field_print(input, field, row, ".%s", image_feature_name(input->image, i));
        schema_print_allowed(&input->schema, i, allowed, sizeof(allowed));
        input_fault(input, field, allowed, "the feature is missing");
    }
}

/* {"sepal_length": 5.1, ...}, behind its brace. */
static bool row_by_name(struct input *input, double *values, long row)
{
    uint32_t width = input->schema.n_features, named = 0;
    enum json_token token;
    const char *text;
    size_t len;
    int feature;

    if (!input_seen_begin(input, width))
        return json_skip_rest(&input->reader, JSON_OBJECT);
    while ((token = json_next(&input->reader)) == JSON_KEY) {
        text = json_text(&input->reader, &len);
        feature = image_feature_find(input->image, text, len);
        if (feature < 0) {
            if (row != INPUT_SINGLE && json_text_is(&input->reader, "text"))
                input->wants_text = true;
            if (!input->is_frame)
                input_fault_name(input, row);
            if (!json_skip(&input->reader))
                return false;
            continue;
        }
        input->seen[feature] = input->mark;
        named++;
        token = json_next(&input->reader);
        if (token == JSON_BAD)
            return false;
        input_value_read(input, token, &values[feature], row, (uint32_t)feature, true);
    }
    if (token == JSON_BAD)
        return false;
    if (named < width)
        unnamed_fill(input, values, row);
    return true;
}

/* What is no row at all. */
static void row_fault(struct input *input, enum json_token token, long row)
{
    char field[INPUT_FIELD_MAX], allowed[64];

    if (token == JSON_STRING && row != INPUT_SINGLE)
        input->wants_text = true;
    if (!input_list_shows(&input->faults))
        return;
    input_field_print(input, field, row, "%s", "");
    snprintf(allowed, sizeof(allowed), "an array of %u %s, or an object by name",
             (unsigned)input->schema.n_features,
             input->schema.only_numbers ? "numbers" : "values");
    input_fault(input, field, allowed, "%s where a row is needed", input_token_name(token));
}

bool input_row_read(struct input *input, enum json_token token, long row)
{
    double *values = input->image != NULL ? input_row_begin(input) : NULL;
    bool good = token != JSON_BAD;

    if (input->image == NULL)
        return input_text_seek(input, token);
    if (values == NULL)
        return json_skip_rest(&input->reader, token);
    if (token == JSON_ARRAY && input->by_split && !input->split.in_order)
        good = input_split_row(input, values, row);
    else if (image_text(input->image) != NULL)
        good = input_text_row(input, token, values, row);
    else if (token == JSON_ARRAY)
        good = row_by_position(input, values, row);
    else if (token == JSON_OBJECT)
        good = row_by_name(input, values, row);
    else
        row_fault(input, token, row);
    input_row_end(input);
    return good;
}

bool input_rows_rest(struct input *input, enum json_token token)
{
    long row = 0;

    for (; token != JSON_ARRAY_END; token = json_next(&input->reader)) {
        if (token == JSON_BAD || !input_row_read(input, token, row))
            return false;
        row++;
    }
    if (row == 0)
        input_fault(input, input->list, "at least one row", "it is empty");
    return true;
}

bool input_rows_read(struct input *input, enum json_token token, const char *list)
{
    text_copy(input->list, sizeof(input->list), list);
    if (token != JSON_ARRAY) {
        input_fault(input, list, "an array of rows", "%s where an array is needed",
                    input_token_name(token));
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    }
    return input_rows_rest(input, json_next(&input->reader));
}
