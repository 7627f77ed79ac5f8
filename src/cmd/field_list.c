/*
 * field_list.c: a list of rows while it is printed, as a table, as JSON or as CSV.
 */
#include "cmd/field_list.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/json_compact.h"
#include "base/text.h"

enum {
    HEAD_MAX = 64
};

/* Whether JSON has a field of the kind as a number. */
static const bool is_number[FIELD_KIND__MAX] = {
    [FIELD_NUMBER] = true, [FIELD_SERIAL] = true, [FIELD_MS] = true, [FIELD_REAL] = true};

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
    char head[HEAD_MAX];

    text_copy(head, sizeof(head), field->name);
    for (char *at = head; *at != '\0'; at++)
        *at = (char)(*at == '_' ? ' ' : *at - 'a' + 'A');
    column_add(text, field, head);
}

bool field_list_is_table(const struct field_list *list)
{
    return !list->list.json && !list->csv;
}

void field_members_write(struct json_writer *writer, const struct field *fields,
                         const void *row)
{
    char out[FIELD_VALUE_MAX];

    for (const struct field *field = fields; field->name != NULL; field++)
        json_add(writer, field, field_value(out, field, row));
}

void field_lines_print(struct buf *text, const struct field *fields, const void *row)
{
    char out[FIELD_VALUE_MAX];

    for (const struct field *field = fields; field->name != NULL; field++) {
        const char *value = field_value(out, field, row);

        buf_printf(text, "%s%-14s", field == fields ? "" : "\n", field->name);
        printable_put(text, value != NULL ? value : "-");
    }
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
    if (list->csv)
        field_csv_head(&list->list.text, list->fields);
    for (const struct field *field = list->fields; !list->csv && field->name != NULL; field++)
        column_head_add(&list->list.text, field);
    return RESULT_OK;
}

bool field_list_add(struct field_list *list, const void *row)
{
    struct buf *text = &list->list.text;
    char out[FIELD_VALUE_MAX];

    if (list->list.json) {
        json_write_object(&list->list.writer);
        field_members_write(&list->list.writer, list->fields, row);
        json_write_object_end(&list->list.writer);
        return cli_list_flush(&list->list);
    }
    buf_putc(text, '\n');
    if (list->csv)
        field_csv_row(text, list->fields, row);
    for (const struct field *field = list->fields; !list->csv && field->name != NULL; field++)
        column_add(text, field, field_value(out, field, row));
    return cli_list_flush(&list->list);
}

int field_list_end(struct field_list *list, enum result result, const struct reason *why)
{
    return cli_list_end(&list->list, result, why);
}
