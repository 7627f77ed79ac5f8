/*
 * field.c: the fields of a row, by a table of them, as texts and as CSV.
 */
#include "base/field.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/num.h"

/* Writes a number's value; false where the row has none. */
static bool number_print(char out[FIELD_VALUE_MAX], const struct field *field, const char *at)
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

static bool real_print(char out[FIELD_VALUE_MAX], const char *at)
{
    double number;

    memcpy(&number, at, sizeof(number));
    if (!isfinite(number))
        return false;
    num_print_double(out, number);
    return true;
}

const char *field_value(char out[FIELD_VALUE_MAX], const struct field *field, const void *row)
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

void field_csv_head(struct buf *text, const struct field *fields)
{
    for (const struct field *field = fields; field->name != NULL; field++) {
        if (field != fields)
            buf_putc(text, ',');
        csv_cell_put(text, field->name);
    }
}

void field_csv_row(struct buf *text, const struct field *fields, const void *row)
{
    char out[FIELD_VALUE_MAX];

    for (const struct field *field = fields; field->name != NULL; field++) {
        const char *value = field_value(out, field, row);

        if (field != fields)
            buf_putc(text, ',');
        if (value != NULL && field->kind == FIELD_TEXT)
            csv_words_put(text, value);
        else if (value != NULL)
            csv_cell_put(text, value);
    }
}
