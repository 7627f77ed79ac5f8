/*
 * form.c: the values of a form as they are taken, and what is wrong with them.
 *
 * The texts stand in one buffer that has room for all of them from the start on, so that
 * no copy of a secret is left behind where it would have grown.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_compact.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/utf8.h"
#include "http/form_inner.h"

enum {
    STORE_KEPT = 16 << 10,
    NAME_SHOWN_MAX = 96
};

/* Whole numbers up to here are exact as doubles. */
static const double exact_max = 9007199254740992.0;

void form_start(struct form_data *data, const struct form *form, size_t len)
{
    form_release(data);
    memset(data->values, 0, sizeof(data->values));
    data->form = form;
    data->fault_count = 0;
    buf_reserve(&data->store, len + form->count + 1);
}

int form_find(const struct form *form, const char *name, size_t len)
{
    for (size_t i = 0; i < form->count; i++)
        if (strlen(form->fields[i].name) == len && memcmp(form->fields[i].name, name, len) == 0)
            return (int)i;
    return FORM_NONE;
}

/* ---- what a field takes, in words ---- */

static void list_print(char *out, size_t size, const char *const *words)
{
    for (size_t len = 0; *words != NULL && len < size; words++) {
        text_print(out + len, size - len, "%s%s", len > 0 ? ", " : "", *words);
        len += strlen(out + len);
    }
}

static void text_allowed(const struct form_field *field, char *out, size_t size)
{
    if (field->min > 0 && field->max > 0)
        text_print(out, size, "a text of %lld to %lld characters", (long long)field->min,
                   (long long)field->max);
    else if (field->max > 0)
        text_print(out, size, "a text of up to %lld characters", (long long)field->max);
    else if (field->min > 0)
        text_print(out, size, "a text of at least %lld characters", (long long)field->min);
    else
        text_print(out, size, "a text");
}

static void number_allowed(const struct form_field *field, char *out, size_t size)
{
    const char *kind = field->type == FORM_INTEGER ? "a whole number" : "a number";

    if (field->min == 0 && field->max == 0)
        text_print(out, size, "%s", kind);
    else
        text_print(out, size, "%s from %lld to %lld", kind, (long long)field->min,
                   (long long)field->max);
}

static void type_allowed(const struct form_field *field, char *out, size_t size)
{
    switch (field->type) {
    case FORM_TEXT:
    case FORM_SECRET:
        text_allowed(field, out, size);
        break;
    case FORM_INTEGER:
    case FORM_NUMBER:
        number_allowed(field, out, size);
        break;
    case FORM_BOOL:
        text_print(out, size, "true or false");
        break;
    case FORM_WORDS:
        text_print(out, size, "words with commas between them, or a list of them");
        break;
    case FORM_OBJECT:
        text_print(out, size, "a JSON object");
        break;
    case FORM_TIME:
        text_print(out, size, "a date or a time such as 2026-01-31T12:00:00Z");
        break;
    case FORM_TYPE__MAX:
        break;
    }
}

void form_print_allowed(const struct form_field *field, char *out, size_t size)
{
    size_t len;

    if (field->choices != NULL) {
        text_print(out, size, field->type == FORM_WORDS ? "any of: " : "one of: ");
        len = strlen(out);
        list_print(out + len, size - len, field->choices);
    } else {
        type_allowed(field, out, size);
    }
    len = strlen(out);
    if (field->nullable)
        text_print(out + len, size - len, ", or null");
}

void form_print_allowed_of(const struct form *form, const char *name, char *out, size_t size)
{
    int i = form_find(form, name, strlen(name));

    out[0] = '\0';
    if (i != FORM_NONE)
        form_print_allowed(&form->fields[i], out, size);
}

/* ---- faults ---- */

static void fault_add(struct form_data *data, const char *field, const char *allowed,
                      const char *format, va_list args) __attribute__((format(printf, 4, 0)));
static void fault_add(struct form_data *data, const char *field, const char *allowed,
                      const char *format, va_list args)
{
    struct form_fault *fault;

    if (data->fault_count++ >= FORM_FAULTS_MAX)
        return;
    fault = &data->faults[data->fault_count - 1];
    text_copy(fault->field, sizeof(fault->field), field);
    text_copy(fault->allowed, sizeof(fault->allowed), allowed);
    text_print_list(fault->problem, sizeof(fault->problem), format, args);
}

void form_fault_add(struct form_data *data, const char *field, const char *allowed,
                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault_add(data, field, allowed, format, args);
    va_end(args);
}

void form_fault_field(struct form_data *data, int i, const char *format, ...)
{
    const struct form_field *field = &data->form->fields[i];
    char allowed[sizeof(data->faults[0].allowed)];
    va_list args;

    data->values[i].given = true;
    form_print_allowed(field, allowed, sizeof(allowed));
    va_start(args, format);
    fault_add(data, field->name, allowed, format, args);
    va_end(args);
}

void form_fault_unknown(struct form_data *data, const char *name, size_t len)
{
    char shown[NAME_SHOWN_MAX], allowed[sizeof(data->faults[0].allowed)];
    const char *names[FORM_FIELDS_MAX + 1] = {NULL};

    for (size_t i = 0; i < data->form->count; i++)
        names[i] = data->form->fields[i].name;
    text_print(allowed, sizeof(allowed), names[0] != NULL ? "one of: " : "none");
    list_print(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), names);
    utf8_quote(shown, sizeof(shown), name, len);
    form_fault_add(data, shown, allowed, "unknown");
}

/* ---- values ---- */

/* Whether a number is within bounds, of which there are none where both are 0. */
static bool fits(const struct form_field *field, const int64_t *integer, double number)
{
    if (field->min == 0 && field->max == 0)
        return true;
    if (integer != NULL)
        return *integer >= field->min && *integer <= field->max;
    return number >= (double)field->min && number <= (double)field->max;
}

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static bool is_choice(const struct form_field *field, const char *text, size_t len)
{
    const char *const *choice = field->choices;

    while (choice != NULL && *choice != NULL &&
           (strlen(*choice) != len || memcmp(*choice, text, len) != 0))
        choice++;
    return choice == NULL || *choice != NULL;
}

/* What is wrong with a text's length or bytes, or NULL. */
static const char *text_problem(const struct form_field *field, const char *text, size_t len)
{
    size_t count = characters(text, len);

    if (memchr(text, '\0', len) != NULL)
        return "it has a NUL in it";
    if (field->min > 0 && count < (uint64_t)field->min)
        return count == 0 ? "it is empty" : "it is too short";
    if (field->max > 0 && count > (uint64_t)field->max)
        return "it is too long";
    return NULL;
}

/* Ends the text of a value that begins at its place. */
static void keep(struct form_data *data, int i)
{
    struct form_value *value = &data->values[i];

    value->len = data->store.len - data->places[i];
    value->text = ""; /* until form_end(), when no text moves any more */
    buf_putc(&data->store, '\0');
}

void form_take_null(struct form_data *data, int i)
{
    data->values[i].given = true;
    if (data->form->fields[i].nullable)
        data->values[i].null = true;
    else
        form_fault_field(data, i, "it is null");
}

void form_take_truth(struct form_data *data, int i, bool truth)
{
    data->values[i].given = true;
    data->values[i].truth = truth;
}

void form_take_number(struct form_data *data, int i, const int64_t *integer, double number)
{
    const struct form_field *field = &data->form->fields[i];
    struct form_value *value = &data->values[i];
    bool whole = integer != NULL || (fabs(number) <= exact_max && number == floor(number));

    value->given = true;
    value->number = number;
    if (field->type == FORM_INTEGER && number != floor(number))
        form_fault_field(data, i, "it is not whole");
    else if (!fits(field, integer, number) || (field->type == FORM_INTEGER && !whole))
        form_fault_field(data, i, "it is out of range");
    else if (field->type == FORM_INTEGER)
        value->integer = integer != NULL ? *integer : (int64_t)number;
}

static void take_time(struct form_data *data, int i)
{
    if (!buf_failed(&data->store) &&
        !clock_rfc3339_parse(data->store.data + data->places[i], &data->values[i].integer))
        form_fault_field(data, i, "it is no time");
}

/* Takes the blanks around a text away. */
static void trim(const char **text, size_t *len)
{
    while (*len > 0 && ((*text)[0] == ' ' || (*text)[0] == '\t')) {
        ++*text;
        --*len;
    }
    while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        --*len;
}

void form_words_begin(struct form_data *data, int i)
{
    data->values[i].given = true;
    data->places[i] = data->store.len;
}

bool form_words_add(struct form_data *data, int i, const char *word, size_t len)
{
    trim(&word, &len);
    if (len == 0)
        form_fault_field(data, i, "it has an empty word");
    else if (memchr(word, '\0', len) != NULL)
        form_fault_field(data, i, "it has a NUL in it");
    else if (memchr(word, ',', len) != NULL)
        form_fault_field(data, i, "a word has a comma in it");
    else if (!is_choice(&data->form->fields[i], word, len))
        form_fault_field(data, i, "a word is none of those");
    else {
        if (data->store.len > data->places[i])
            buf_putc(&data->store, ',');
        buf_put(&data->store, word, len);
        return true;
    }
    return false;
}

void form_words_end(struct form_data *data, int i)
{
    const char *problem;

    if (buf_failed(&data->store))
        return;
    problem = text_problem(&data->form->fields[i], data->store.data + data->places[i],
                           data->store.len - data->places[i]);
    if (problem != NULL)
        form_fault_field(data, i, "%s", problem);
    else
        keep(data, i);
}

/* Words with commas between them; a text of blanks has none. */
static void take_words(struct form_data *data, int i, const char *text, size_t len)
{
    bool good = true;

    form_words_begin(data, i);
    trim(&text, &len);
    for (bool more = len > 0; more && good;) {
        const char *comma = memchr(text, ',', len);
        size_t word = comma != NULL ? (size_t)(comma - text) : len;

        good = form_words_add(data, i, text, word);
        more = comma != NULL;
        text += word + more;
        len -= word + more;
    }
    if (good)
        form_words_end(data, i);
}

void form_take_text(struct form_data *data, int i, const char *text, size_t len)
{
    const struct form_field *field = &data->form->fields[i];
    const char *problem;

    if (field->type == FORM_WORDS) {
        take_words(data, i, text, len);
        return;
    }
    problem = text_problem(field, text, len);
    if (problem != NULL) {
        form_fault_field(data, i, "%s", problem);
    } else if (!is_choice(field, text, len)) {
        form_fault_field(data, i, "it is none of those");
    } else {
        data->values[i].given = true;
        data->places[i] = data->store.len;
        buf_put(&data->store, text, len);
        keep(data, i);
        if (field->type == FORM_TIME)
            take_time(data, i);
    }
}

void form_take_object(struct form_data *data, int i, const char *text, size_t len)
{
    enum result result;

    data->values[i].given = true;
    data->places[i] = data->store.len;
    result = json_compact_object(text, len, &data->store, NULL);
    if (result == RESULT_OK)
        keep(data, i);
    else if (result == RESULT_NOMEM)
        data->store.failed = true;
    else
        form_fault_field(data, i, "it is no JSON object");
}

enum result form_end(struct form_data *data, struct reason *why)
{
    const struct form *form = data->form;

    for (size_t i = 0; i < form->count; i++)
        if (form->fields[i].required && !data->values[i].given)
            form_fault_field(data, (int)i, "it is missing");
    if (buf_failed(&data->store))
        return reason_set(why, RESULT_NOMEM, "out of memory");
    if (data->fault_count > 0)
        return reason_set(why, RESULT_INVALID, "%s: %s", data->faults[0].field,
                          data->faults[0].problem);
    for (size_t i = 0; i < form->count; i++)
        if (data->values[i].text != NULL)
            data->values[i].text = data->store.data + data->places[i];
    return RESULT_OK;
}

const struct form_value *form_value(const struct form_data *data, const char *name)
{
    static const struct form_value nothing = {.given = false};
    int i = FORM_NONE;

    if (data != NULL && data->form != NULL)
        i = form_find(data->form, name, strlen(name));
    return i != FORM_NONE ? &data->values[i] : &nothing;
}

bool form_has_secret(const struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        if (form->fields[i].type == FORM_SECRET)
            return true;
    return false;
}

void form_release(struct form_data *data)
{
    if (data->form != NULL && form_has_secret(data->form) && data->store.data != NULL)
        secret_wipe(data->store.data, data->store.cap);
    data->form = NULL;
    buf_clear(&data->store, STORE_KEPT);
}

void form_free(struct form_data *data)
{
    form_release(data);
    buf_free(&data->store);
}
