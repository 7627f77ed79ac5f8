/*
 * fuzz_form.c: any bytes as a form: the first says how it is sent.  Whatever comes, it is
 * refused with a problem or with faults that are texts, or it is values that the table
 * allows, the same ones read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/json.h"
#include "base/utf8.h"
#include "http/form.h"

static const char *const colours[] = {"red", "green", NULL};

static const struct form_field fields[] = {
    {.name = "n", .type = FORM_TEXT, .required = true, .nullable = true, .min = 2, .max = 5},
    {.name = "p", .type = FORM_SECRET},
    {.name = "b", .type = FORM_BOOL},
    {.name = "i", .type = FORM_INTEGER, .min = -5, .max = 100},
    {.name = "d", .type = FORM_NUMBER, .max = 1},
    {.name = "w", .type = FORM_WORDS, .max = 8},
    {.name = "c", .type = FORM_WORDS, .choices = colours},
    {.name = "k", .type = FORM_TEXT, .choices = colours},
    {.name = "o", .type = FORM_OBJECT},
    {.name = "t", .type = FORM_TIME, .nullable = true},
};
static const struct form form = {
    .name = "Fuzz", .fields = fields, .count = sizeof(fields) / sizeof(fields[0])};
static const struct form oauth = {.name = "Fuzz",
                                  .fields = fields,
                                  .count = sizeof(fields) / sizeof(fields[0]),
                                  .oauth = true};

static struct form_data data, again;

static size_t characters(const char *text, size_t len)
{
    size_t count = 0, step;
    uint32_t code;

    for (; len > 0; count++, text += step, len -= step)
        CHECK((step = utf8_decode(text, len, &code)) > 0 && code != 0);
    return count;
}

static bool is_colour(const char *text, size_t len)
{
    return (len == 3 && memcmp(text, "red", 3) == 0) ||
           (len == 5 && memcmp(text, "green", 5) == 0);
}

static void check_words(const struct form_field *field, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");

        CHECK(len > 0 && text[0] != ' ' && text[len - 1] != ' ');
        CHECK(field->choices == NULL || is_colour(text, len));
        text += len;
        CHECK(*text == '\0' || text[1] != '\0');
        text += *text == ',';
    }
}

static void check_object(const char *text, size_t len)
{
    struct json_reader reader = {0};
    enum json_token token;

    json_reader_start(&reader, text, len);
    CHECK(json_next(&reader) == JSON_OBJECT);
    while ((token = json_next(&reader)) != JSON_END)
        CHECK(token != JSON_BAD);
    json_reader_free(&reader);
}

static void check_text(const struct form_field *field, const struct form_value *value)
{
    size_t count = characters(value->text, value->len);

    CHECK(strlen(value->text) == value->len);
    if (field->type != FORM_OBJECT) {
        CHECK(count >= (size_t)field->min);
        CHECK(field->max == 0 || count <= (size_t)field->max);
    }
    if (field->type == FORM_WORDS)
        check_words(field, value->text);
    else if (field->type == FORM_OBJECT)
        check_object(value->text, value->len);
    else if (field->choices != NULL)
        CHECK(is_colour(value->text, value->len));
}

static void check_value(const struct form_field *field, const struct form_value *value)
{
    if (!value->given) {
        CHECK(!field->required && value->text == NULL);
    } else if (value->null) {
        CHECK(field->nullable && value->text == NULL);
    } else if (field->type == FORM_INTEGER || field->type == FORM_NUMBER) {
        CHECK(value->number >= (double)field->min && value->number <= (double)field->max);
        CHECK(field->type == FORM_NUMBER || value->number == (double)value->integer);
    } else if (field->type != FORM_BOOL) {
        CHECK(value->text != NULL);
        check_text(field, value);
    }
}

static void check_same(void)
{
    for (size_t i = 0; i < form.count; i++) {
        const struct form_value *a = &data.values[i], *b = &again.values[i];

        CHECK(a->given == b->given && a->null == b->null && a->truth == b->truth);
        CHECK(a->integer == b->integer && a->number == b->number && a->len == b->len);
        CHECK(a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
    }
}

static void check_faults(void)
{
    CHECK(data.fault_count > 0);
    for (size_t i = 0; i < data.fault_count && i < FORM_FAULTS_MAX; i++) {
        const struct form_fault *fault = &data.faults[i];

        CHECK(utf8_valid(fault->field, strlen(fault->field)));
        CHECK(fault->problem[0] != '\0' && fault->allowed[0] != '\0');
    }
}

static enum result read(struct form_data *into, int kind, const char *text, size_t len,
                        struct reason *why)
{
    switch (kind) {
    case 0:
        return form_read_json(into, &form, text, len, why);
    case 1:
        return form_read_urlencoded(into, &form, text, len, why);
    case 2:
        return form_read_urlencoded(into, &oauth, text, len, why);
    default:
        return form_read_query(into, &form, text, len, why);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reason why = {{0}};
    enum result result;
    const char *text;
    int kind;

    if (size == 0)
        return 0;
    kind = bytes[0] & 3;
    text = (const char *)bytes + 1;
    result = read(&data, kind, text, size - 1, &why);
    if (result == RESULT_OK) {
        for (size_t i = 0; i < form.count; i++)
            check_value(&fields[i], &data.values[i]);
        CHECK(read(&again, kind, text, size - 1, &why) == RESULT_OK);
        check_same();
    } else {
        CHECK(why.text[0] != '\0' && utf8_valid(why.text, strlen(why.text)));
        CHECK(result == RESULT_INVALID || result == RESULT_MALFORMED ||
              result == RESULT_TOO_BIG);
        if (result == RESULT_INVALID)
            check_faults();
    }
    form_free(&data);
    form_free(&again);
    return 0;
}
