/*
 * field.c: rows of the database as a table, as JSON or as CSV, by one table of fields.
 */
#include "cmd/field.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/json_compact.h"
#include "base/num.h"
#include "base/text.h"

enum {
    VALUE_MAX = 128
};

/* Whether JSON has a field of the kind as a number. */
static const bool is_number[FIELD_KIND__MAX] = {
    [FIELD_NUMBER] = true, [FIELD_SERIAL] = true, [FIELD_MS] = true, [FIELD_REAL] = true};

/* Writes a number's value; false where the row has none. */
static bool number_print(char out[VALUE_MAX], const struct field *field, const char *at)
{
    int64_t number = 0;

    memcpy(&number, at, sizeof(number));
    switch (field->kind) {
    case FIELD_MS:
        num_print_double(out, (double)number / 1000);
        return true;
    case FIELD_TIME:
        clock_rfc3339_us(out, number);
        return true;
    case FIELD_WHEN:
        clock_rfc3339_us(out, number);
        return number != 0;
    case FIELD_DAY:
        clock_date(out, number);
        return strcmp(out, "-") != 0;
    default: /* FIELD_NUMBER and FIELD_SERIAL */
        num_print_i64(out, number);
        return field->kind != FIELD_SERIAL || number != 0;
    }
}

static bool real_print(char out[VALUE_MAX], const char *at)
{
    double number;

    memcpy(&number, at, sizeof(number));
    if (!isfinite(number))
        return false;
    num_print_double(out, number);
    return true;
}

/* A field's value, in the row or in out; NULL where the row has none. */
static const char *value_print(char out[VALUE_MAX], const struct field *field, const void *row)
{
    const char *at = (const char *)row + field->at;

    if (field->kind == FIELD_TEXT)
        return at[0] != '\0' ? at : NULL;
    if (field->kind == FIELD_JSON)
        return at[0] != '\0' && strcmp(at, "{}") != 0 ? at : NULL;
    if (field->kind == FIELD_REAL)
        return real_print(out, at) ? out : NULL;
    return number_print(out, field, at) ? out : NULL;
}

/* What is not an object after all is told as the text that it is. */
static void object_add(struct json_writer *writer, const char *value)
{
    struct buf compact = {0};

    if (value == NULL)
        json_write_raw(writer, "{}", 2);
    else if (json_compact_object(value, strlen(value), &compact, NULL) == RESULT_OK &&
             !buf_failed(&compact))
        json_write_raw(writer, compact.data, compact.len);
    else
        json_write_string(writer, value);
    buf_free(&compact);
}

static void json_add(struct json_writer *writer, const struct field *field, const char *value)
{
    json_write_key(writer, field->name);
    if (field->kind == FIELD_JSON)
        object_add(writer, value);
    else if (value != NULL && is_number[field->kind])
        json_write_raw(writer, value, strlen(value));
    else
        json_write_string(writer, value);
}

static void csv_add(struct buf *text, const char *value)
{
    if (value != NULL)
        csv_cell_put(text, value);
}

static void spaces_put(struct buf *text, size_t count)
{
    char *out = buf_reserve(text, count);

    if (out == NULL)
        return;
    memset(out, ' ', count);
    buf_advance(text, count);
}

/* A terminal would obey control characters, which only one who has the database can write. */
static void printable_put(struct buf *text, const char *value)
{
    for (; *value != '\0'; value++) {
        bool control = (unsigned char)*value < ' ' || *value == 0x7f;

        buf_put(text, control ? "?" : value, 1);
    }
}

/* The last column is not filled up. */
static void column_add(struct buf *text, const struct field *field, const char *value)
{
    size_t len, width = (size_t)(field->width < 0 ? -field->width : field->width);
    bool last = field[1].name == NULL;

    if (value == NULL)
        value = "-";
    len = strlen(value);
    if (field->width > 0 && len < width)
        spaces_put(text, width - len);
    printable_put(text, value);
    if (field->width < 0 && len < width && !last)
        spaces_put(text, width - len);
    if (!last)
        buf_puts(text, "  ");
}

/* Names are of a to z and _. */
static void column_head_add(struct buf *text, const struct field *field)
{
    char head[VALUE_MAX];

    text_copy(head, sizeof(head), field->name);
    for (char *at = head; *at != '\0'; at++)
        *at = (char)(*at == '_' ? ' ' : *at - 'a' + 'A');
    column_add(text, field, head);
}

bool field_list_is_table(const struct field_list *list)
{
    return !list->list.json && !list->csv;
}

/* What stands before a field's value. */
static void comma_add(struct field_list *list, const struct field *field)
{
    if (list->csv && field != list->fields)
        buf_putc(&list->list.text, ',');
}

void field_row_print(struct buf *text, const struct field *fields, const void *row, bool json)
{
    struct json_writer writer = json_writer_on(text);
    char out[VALUE_MAX];

    if (json)
        json_write_object(&writer);
    for (const struct field *field = fields; field->name != NULL; field++) {
        const char *value = value_print(out, field, row);

        if (json) {
            json_add(&writer, field, value);
            continue;
        }
        buf_printf(text, "%s%-14s", field == fields ? "" : "\n", field->name);
        printable_put(text, value != NULL ? value : "-");
    }
    if (json)
        json_write_object_end(&writer);
}

enum result field_list_start(struct field_list *list, const struct option_set *set,
                             const struct field *columns, const struct field *fields,
                             struct reason *why)
{
    memset(list, 0, sizeof(*list));
    list->csv = option_given(set, "--csv");
    if (list->csv && option_given(set, "--json"))
        return reason_set(why, RESULT_INVALID,
                          "--json and --csv are given; allowed: one of them");
    cli_list_start(&list->list, set, "");
    list->fields = field_list_is_table(list) ? columns : fields;
    if (list->list.json)
        return RESULT_OK;
    for (const struct field *field = list->fields; field->name != NULL; field++) {
        comma_add(list, field);
        if (list->csv)
            csv_add(&list->list.text, field->name);
        else
            column_head_add(&list->list.text, field);
    }
    return RESULT_OK;
}

bool field_list_add(struct field_list *list, const void *row)
{
    struct buf *text = &list->list.text;
    char out[VALUE_MAX];

    if (list->list.json)
        json_write_object(&list->list.writer);
    else
        buf_putc(text, '\n');
    for (const struct field *field = list->fields; field->name != NULL; field++) {
        const char *value = value_print(out, field, row);

        comma_add(list, field);
        if (list->list.json)
            json_add(&list->list.writer, field, value);
        else if (list->csv)
            csv_add(text, value);
        else
            column_add(text, field, value);
    }
    if (list->list.json)
        json_write_object_end(&list->list.writer);
    return cli_list_flush(&list->list);
}

int field_list_end(struct field_list *list, enum result result, const struct reason *why)
{
    return cli_list_end(&list->list, result, why);
}
