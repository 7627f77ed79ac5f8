/*
 * input_text.c: the texts in the body of a prediction.
 */
#include <string.h>

#include "forest/text_model.h"
#include "http/input_inner.h"

#define ALLOWED "a string of 10 to 5000 characters, of which one is a letter or digit"

/*
 * One text, its token just read, into the row, of the field of that name.  False only
 * after JSON_BAD.
 */
bool input_text_value(struct input *input, enum json_token token, double *row,
                      const char *field)
{
    enum text_fault found;
    const char *text;
    size_t len, chars;

    if (token == JSON_BAD)
        return false;
    if (token != JSON_STRING) {
        if (input_list_shows(&input->faults))
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
        text_features(image_text(input->image), input->scratch, text, len, row);
    else if (!input_list_shows(&input->faults))
        return true;
    else if (found == TEXT_NO_WORD)
        input_fault(input, field, ALLOWED, "%s", text_fault_says(found));
    else
        input_fault(input, field, ALLOWED, "%zu character%s without the space around them",
                    chars, chars == 1 ? "" : "s");
    return true;
}

bool input_text_named(const struct input *input)
{
    const struct text_model *words = image_text(input->image);
    const char *text;
    size_t len;

    if (json_text_is(&input->reader, "text"))
        return true;
    if (input->protocol == NULL || words == NULL)
        return false;
    text = json_text(&input->reader, &len);
    return len == words->head->name_len && memcmp(text, words->name, len) == 0;
}

/* The model takes a text, and this field is none. */
static void refuse_features(struct input *input, const char *field)
{
    if (input_list_shows(&input->faults))
        input_fault(input, field, "a text, as {\"text\": \"...\"}",
                    "the model %s takes a text, not features", input->model->row.name);
}

/* {"text": "..."}, behind its brace. */
static bool read_object(struct input *input, double *row, long at)
{
    char field[INPUT_FIELD_MAX];
    enum json_token token;
    bool has_text = false;

    while ((token = json_next(&input->reader)) == JSON_KEY) {
        if (!input_text_named(input)) {
            if (!input->is_frame && input_list_shows(&input->faults)) {
                input_field_print(input, field, at, "%s", "");
                input_fault(input, field, "{\"text\": \"...\"}",
                            "it has another member than text");
            }
            if (!json_skip(&input->reader))
                return false;
            continue;
        }
        has_text = true;
        input_field_print(input, field, at, ".text");
        if (!input_text_value(input, json_next(&input->reader), row, field))
            return false;
    }
    if (token == JSON_BAD)
        return false;
    if (!has_text && input_list_shows(&input->faults)) {
        input_field_print(input, field, at, ".text");
        input_fault(input, field, ALLOWED, "it is missing");
    }
    return true;
}

bool input_text_row(struct input *input, enum json_token token, double *row, long at)
{
    char field[INPUT_FIELD_MAX];

    if (token == JSON_OBJECT)
        return read_object(input, row, at);
    input_field_print(input, field, at, "%s", "");
    if (token != JSON_STRING && token != JSON_BAD) {
        refuse_features(input, field);
        return json_skip_rest(&input->reader, token);
    }
    return input_text_value(input, token, row, field);
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

bool input_text_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);
    double *row;

    input->has_text = input->wants_text = true;
    if (token == JSON_BAD)
        return false;
    if (input->image == NULL || image_text(input->image) == NULL ||
        (row = input_row_begin(input)) == NULL)
        return json_skip_rest(&input->reader, token);
    input->count++;
    return input_text_value(input, token, row, "text");
}

void input_text_check(struct input *input)
{
    bool texts = input->image != NULL && image_text(input->image) != NULL;

    if (input->has_features && texts)
        refuse_features(input, "features");
    else if (input->has_text && input->image != NULL && !texts)
        input_fault(input, "text", "features", "the model %s takes features, not a text",
                    input->model->row.name);
    else if (input->has_features || input->has_instances || input->has_text)
        return;
    else if (texts)
        input_fault(input, "text", "text for one, or instances for many", "it is missing");
    else
        input_fault(input, "features", "features for one row, or instances for many",
                    "it is missing");
}
