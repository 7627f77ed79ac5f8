/*
 * input_fault.c: what is wrong with the rows of a body, field by field.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/utf8.h"
#include "http/input_inner.h"

enum {
    NAMES_SHOWN = 20,
    ALLOWED_MAX = 512,
    RANGE_MAX = 80
};

void input_list_start(struct input_list *list, struct buf *json)
{
    buf_clear(json, SIZE_MAX);
    *list = (struct input_list){json, json_writer_on(json), 0};
}

bool input_list_shows(struct input_list *list)
{
    if (list->count < INPUT_FAULTS_MAX)
        return true;
    list->count++;
    return false;
}

static void list_add(struct input_list *list, const char *field, const char *problem,
                     const char *allowed)
{
    list->count++;
    json_write_object(&list->writer);
    json_member_string(&list->writer, "field", field);
    json_member_string(&list->writer, "problem", problem);
    json_member_string(&list->writer, "allowed", allowed);
    json_write_object_end(&list->writer);
}

void input_fault(struct input *input, const char *field, const char *allowed,
                 const char *format, ...)
{
    char problem[256];
    va_list args;

    va_start(args, format);
    text_print_list(problem, sizeof(problem), format, args);
    va_end(args);
    if (input->faults.count == 0)
        text_print(input->first, sizeof(input->first), "%s%s%s.", field,
                   field[0] != '\0' ? ": " : "", problem);
    list_add(&input->faults, field, problem, allowed);
}

const char *input_token_name(enum json_token token)
{
    switch (token) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_NUMBER:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    default:
        return "something else";
    }
}

void input_field_print(const struct input *input, char out[INPUT_FIELD_MAX], long row,
                       const char *format, ...)
{
    va_list args;
    size_t len;

    if (row == INPUT_SINGLE)
        text_copy(out, INPUT_FIELD_MAX, "features");
    else
        text_print(out, INPUT_FIELD_MAX, "%s[%ld]", input->list, row);
    len = strlen(out);
    va_start(args, format);
    text_print_list(out + len, INPUT_FIELD_MAX - len, format, args);
    va_end(args);
}

/* A feature's value in a row. */
static void value_print(const struct input *input, char field[INPUT_FIELD_MAX], long row,
                        uint32_t i, bool by_name)
{
    if (input->by_column)
        text_print(field, INPUT_FIELD_MAX, "%s.%s[%ld]", input->list,
                   image_feature_name(input->image, i), row);
    else if (by_name)
        input_field_print(input, field, row, ".%s", image_feature_name(input->image, i));
    else
        input_field_print(input, field, row, "[%u]", (unsigned)i);
}

/* What a feature's value has to be, in a few words. */
static const char *kind_name(const struct schema_feature *feature)
{
    if (feature->named)
        return "a category's name";
    switch (feature->type) {
    case IMAGE_BOOLEAN:
        return "true or false";
    case IMAGE_INTEGER:
        return "a whole number";
    default:
        return "a number";
    }
}

void input_fault_value(struct input *input, enum schema_fault fault, enum json_token token,
                       long row, uint32_t i, bool by_name)
{
    char field[INPUT_FIELD_MAX], allowed[ALLOWED_MAX];

    if (!input_list_shows(&input->faults))
        return;
    value_print(input, field, row, i, by_name);
    schema_print_allowed(&input->schema, i, allowed, sizeof(allowed));
    if (fault == SCHEMA_KIND)
        input_fault(input, field, allowed, "%s where %s is needed", input_token_name(token),
                    kind_name(&input->schema.features[i]));
    else if (fault == SCHEMA_MISSING)
        input_fault(input, field, allowed,
                    "null where %s is needed; training saw no missing value here",
                    kind_name(&input->schema.features[i]));
    else
        input_fault(input, field, allowed, "%s", schema_fault_text(fault));
}

void input_warn_range(struct input *input, double value, long row, uint32_t i, bool by_name)
{
    char field[INPUT_FIELD_MAX], range[RANGE_MAX], number[NUM_DOUBLE_MAX], problem[128];

    if (!input_list_shows(&input->warnings))
        return;
    value_print(input, field, row, i, by_name);
    schema_print_range(&input->schema, i, range, sizeof(range));
    num_print_double(number, value);
    snprintf(problem, sizeof(problem), "%s is outside of what training saw", number);
    list_add(&input->warnings, field, problem, range);
}

static void names_print(const struct image *image, char *out, size_t size)
{
    uint32_t count = image_n_features(image);
    size_t len;

    len = (size_t)snprintf(out, size, "one of: ");
    for (uint32_t i = 0; i < count && i < NAMES_SHOWN && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? "" : ", ",
                                image_feature_name(image, i));
    if (count > NAMES_SHOWN && len < size)
        snprintf(out + len, size - len, ", ... (%u in all)", (unsigned)count);
}

void input_fault_unknown(struct input *input, const char *field)
{
    char allowed[ALLOWED_MAX] = "text";

    if (!input_list_shows(&input->faults))
        return;
    if (image_text(input->image) == NULL)
        names_print(input->image, allowed, sizeof(allowed));
    input_fault(input, field, allowed, "the model has no such feature");
}

void input_fault_name(struct input *input, long row)
{
    char shown[INPUT_SHOWN_MAX], field[INPUT_FIELD_MAX];
    const char *text;
    size_t len;

    if (!input_list_shows(&input->faults))
        return;
    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    input_field_print(input, field, row, ".%s", shown);
    input_fault_unknown(input, field);
}
