/*
 * input_text.c: the texts in the body of a prediction.
 */
#include <stdio.h>
#include <string.h>

#include "http/input_state.h"

#define ALLOWED "a string of 10 to 5000 characters, of which one is a letter or digit"

bool input_text_read(struct input *input, enum json_token token, double *row, const char *field)
{
    enum text_fault found;
    const char *text;
    size_t len, chars;

    if (token == JSON_BAD)
        return false;
    if (token != JSON_STRING) {
        if (input_fault_is_shown(input))
            input_fault(input, field, ALLOWED, "%s where a text is needed",
                        input_token_name(token));
        return json_skip_rest(&input->reader, token);
    }
    if (input->scratch == NULL && (input->scratch = text_scratch_new()) == NULL) {
        input->no_memory = true;
        return true;
    }
    text = json_text(&input->reader, &len);
    found = text_check(&text, &len, &chars);
    if (found == TEXT_FITS)
        text_features(image_words(input->image), input->scratch, text, len, row);
    else if (!input_fault_is_shown(input))
        return true;
    else if (found == TEXT_NO_WORD)
        input_fault(input, field, ALLOWED, "%s", text_fault_says(found));
    else
        input_fault(input, field, ALLOWED, "%zu character%s without the space around them",
                    chars, chars == 1 ? "" : "s");
    return true;
}

/* {"text": "..."}, behind its brace. */
static bool read_object(struct input *input, double *row, long at)
{
    char field[FIELD_MAX];
    enum json_token token;
    bool has_text = false;

    while ((token = json_next(&input->reader)) == JSON_KEY) {
        if (!json_text_is(&input->reader, "text")) {
            if (input_fault_is_shown(input)) {
                input_field(field, at, "%s", "");
                input_fault(input, field, "{\"text\": \"...\"}",
                            "it has another member than text");
            }
            if (!json_skip(&input->reader))
                return false;
            continue;
        }
        has_text = true;
        input_field(field, at, ".text");
        if (!input_text_read(input, json_next(&input->reader), row, field))
            return false;
    }
    if (token == JSON_BAD)
        return false;
    if (!has_text && input_fault_is_shown(input)) {
        input_field(field, at, ".text");
        input_fault(input, field, ALLOWED, "it is missing");
    }
    return true;
}

bool input_text_row(struct input *input, enum json_token token, double *row, long at)
{
    char field[FIELD_MAX];

    if (token == JSON_OBJECT)
        return read_object(input, row, at);
    input_field(field, at, "%s", "");
    if (token != JSON_STRING && token != JSON_BAD) {
        input_text_wanted(input, field);
        return json_skip_rest(&input->reader, token);
    }
    return input_text_read(input, token, row, field);
}

bool input_text_seek(struct input *input, enum json_token token)
{
    if (token == JSON_STRING)
        input->wants_text = true;
    if (token != JSON_OBJECT)
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    while ((token = json_next(&input->reader)) == JSON_KEY) {
        if (json_text_is(&input->reader, "text"))
            input->wants_text = true;
        if (!json_skip(&input->reader))
            return false;
    }
    return token != JSON_BAD;
}

void input_text_wanted(struct input *input, const char *field)
{
    if (input_fault_is_shown(input))
        input_fault(input, field, "a text, as {\"text\": \"...\"}",
                    "the model %s takes a text, not features", input->model->row.name);
}
