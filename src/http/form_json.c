/*
 * form_json.c: a form sent as a JSON object.
 */
#include "base/json.h"
#include "http/form_inner.h"

/* What stands where something else is needed. */
static const char *const token_names[JSON_TOKEN__MAX] = {
    [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
    [JSON_NUMBER] = "a number",  [JSON_TRUE] = "a boolean", [JSON_FALSE] = "a boolean",
    [JSON_NULL] = "null",        [JSON_BAD] = "no JSON",    [JSON_END] = "nothing",
};

/* A form that is read. */
struct reading {
    struct form_data *data;
    struct json_reader reader;
    const char *text;
};

/* Whether a value of a type may begin with this token. */
static bool token_fits(enum form_type type, enum json_token token)
{
    switch (token) {
    case JSON_NULL:
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        return type == FORM_BOOL;
    case JSON_NUMBER:
        return type == FORM_INTEGER || type == FORM_NUMBER;
    case JSON_STRING:
        return type == FORM_TEXT || type == FORM_SECRET || type == FORM_WORDS ||
               type == FORM_TIME;
    case JSON_ARRAY:
        return type == FORM_WORDS;
    case JSON_OBJECT:
        return type == FORM_OBJECT;
    default:
        return false;
    }
}

static void string_take(struct reading *at, int i)
{
    size_t len;
    const char *text = json_text(&at->reader, &len);

    form_take_text(at->data, i, text, len);
    if (at->data->form->fields[i].type == FORM_SECRET)
        json_text_wipe(&at->reader);
}

static void number_take(struct reading *at, int i)
{
    int64_t integer;
    bool whole = json_integer(&at->reader, &integer);

    form_take_number(at->data, i, whole ? &integer : NULL, json_number(&at->reader));
}

/* False after JSON_BAD. */
static bool words_take(struct reading *at, int i)
{
    enum json_token token;
    bool good = true;
    const char *text;
    size_t len;

    form_words_begin(at->data, i);
    while ((token = json_next(&at->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        if (token == JSON_STRING && good) {
            text = json_text(&at->reader, &len);
            good = form_words_add(at->data, i, text, len);
        } else if (token != JSON_STRING) {
            if (good)
                form_fault_field(at->data, i, "%s is in the list", token_names[token]);
            good = false;
            if (!json_skip_rest(&at->reader, token))
                return false;
        }
    }
    if (good)
        form_words_end(at->data, i);
    return true;
}

/* False after JSON_BAD. */
static bool object_take(struct reading *at, int i)
{
    size_t from = json_offset(&at->reader);

    if (!json_skip_rest(&at->reader, JSON_OBJECT))
        return false;
    form_take_object(at->data, i, at->text + from, json_offset(&at->reader) + 1 - from);
    return true;
}

/* The value of field i.  False after JSON_BAD. */
static bool value_read(struct reading *at, int i)
{
    enum json_token token = json_next(&at->reader);

    if (token == JSON_BAD)
        return false;
    if (!token_fits(at->data->form->fields[i].type, token)) {
        form_fault_field(at->data, i, "it is %s", token_names[token]);
        return json_skip_rest(&at->reader, token);
    }
    switch (token) {
    case JSON_NULL:
        form_take_null(at->data, i);
        return true;
    case JSON_NUMBER:
        number_take(at, i);
        return true;
    case JSON_STRING:
        string_take(at, i);
        return true;
    case JSON_ARRAY:
        return words_take(at, i);
    case JSON_OBJECT:
        return object_take(at, i);
    default:
        form_take_truth(at->data, i, token == JSON_TRUE);
        return true;
    }
}

/* False after JSON_BAD. */
static bool members_read(struct reading *at)
{
    enum json_token token;
    const char *name;
    size_t len;
    bool good;
    int i;

    while ((token = json_next(&at->reader)) == JSON_KEY) {
        name = json_text(&at->reader, &len);
        i = form_find(at->data->form, name, len);
        if (i == FORM_NONE) {
            form_fault_unknown(at->data, name, len);
            good = json_skip(&at->reader);
        } else {
            good = value_read(at, i);
        }
        if (!good)
            return false;
    }
    return token != JSON_BAD && json_next(&at->reader) == JSON_END;
}

/* False after JSON_BAD. */
static bool body_read(struct reading *at)
{
    enum json_token token = json_next(&at->reader);

    if (token == JSON_OBJECT)
        return members_read(at);
    if (token == JSON_BAD || !json_skip_rest(&at->reader, token) ||
        json_next(&at->reader) != JSON_END)
        return false;
    form_fault_add(at->data, "", "an object", "the body is %s", token_names[token]);
    return true;
}

enum result form_read_json(struct form_data *data, const struct form *form, const char *text,
                           size_t len, struct reason *why)
{
    struct reading at = {.data = data, .text = text};
    enum result result;
    bool needed = false;

    form_start(data, form, len);
    for (size_t i = 0; i < form->count; i++)
        needed = needed || form->fields[i].required;
    if (len == 0 && !needed)
        return form_end(data, why);
    at.reader.string_max = len; /* what is here already is its own bound */
    json_reader_start(&at.reader, text, len);
    if (body_read(&at))
        result = form_end(data, why);
    else
        result = reason_set(why, json_result(&at.reader), "%s", json_problem(&at.reader));
    json_reader_free(&at.reader);
    return result;
}
