/*
 * input_protocol.c: the body of a prediction as clients of other model servers write it.
 *
 * Which members a body has is in the table of its protocol (protocol.h); here is how each kind
 * of them is read.  Rows go the way of all rows (input_rows.c), columns are put together to
 * such (input_columns.c).  There is exactly one member with rows.
 */
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/text_model.h"
#include "http/input_inner.h"

enum {
    NAMES_MAX = 160
};

void input_protocol_start(struct input *input)
{
    text_copy(input->list, sizeof(input->list), "instances");
    input->is_frame = input->by_split = input->by_column = input->as_cells = false;
    input->wants_again = false;
    input->lists = 0;
    input->asked_by = NULL;
    memset(&input->frame, 0, sizeof(input->frame));
    if (input->protocol != NULL && input->asked_output != NULL &&
        protocol_output(input->asked_output, strlen(input->asked_output), &input->frame.item))
        input->asked_by = "output";
}

static bool has_rows(enum protocol_part part)
{
    return part < PROTOCOL_SIGNATURE;
}

/* The names of the members that there may be, or of those with rows alone. */
static void names_print(const struct protocol *protocol, bool of_rows, char out[NAMES_MAX])
{
    out[0] = '\0';
    for (size_t i = 0; i < PROTOCOL_MEMBERS && protocol->members[i].name != NULL; i++)
        if (!of_rows || has_rows(protocol->members[i].part)) {
            size_t len = strlen(out);

            text_print(out + len, NAMES_MAX - len, "%s%s", len > 0 ? ", " : "",
                       protocol->members[i].name);
        }
}

/* Something that is not what it has to be, its token just read. */
static bool refuse(struct input *input, enum json_token token, const char *field,
                   const char *allowed)
{
    input_fault(input, field, allowed, "%s is none", input_token_name(token));
    return token != JSON_BAD && json_skip_rest(&input->reader, token);
}

/* ---- what is answered ---- */

/* A word that says it, the token just read. */
static bool output_read(struct input *input, enum json_token token, const char *field,
                        const char *allowed,
                        bool (*find)(const char *name, size_t len, enum answer_item *item))
{
    char shown[INPUT_SHOWN_MAX];
    const char *text;
    size_t len;

    if (token != JSON_STRING)
        return refuse(input, token, field, allowed);
    text = json_text(&input->reader, &len);
    if (find(text, len, &input->frame.item)) {
        input->asked_by = field;
        return true;
    }
    utf8_quote(shown, sizeof(shown), text, len);
    input_fault(input, field, allowed, "there is no \"%s\"", shown);
    return true;
}

/* "output", or where it explains "classes"; what else there is means nothing to us. */
static bool parameters_read(struct input *input, const char *name)
{
    static const char outputs[] = "one of: " PROTOCOL_OUTPUTS;
    enum json_token token = json_next(&input->reader);
    char field[INPUT_FIELD_MAX];
    bool good = true;

    if (token == JSON_NULL)
        return true;
    if (token != JSON_OBJECT)
        return refuse(input, token, name, "an object");
    while (good && (token = json_next(&input->reader)) == JSON_KEY) {
        if (!input->protocol->explains && json_text_is(&input->reader, "output")) {
            text_print(field, sizeof(field), "%s.output", name);
            good =
                output_read(input, json_next(&input->reader), field, outputs, protocol_output);
            input->asked_by = input->asked_by != NULL ? name : NULL;
        } else if (input->protocol->explains && json_text_is(&input->reader, "classes")) {
            text_print(field, sizeof(field), "%s.classes", name);
            good = input_classes_read(input, field);
        } else {
            good = json_skip(&input->reader);
        }
    }
    return good && token != JSON_BAD;
}

/* ---- rows ---- */

/* {"columns": [...], "data": [[...], ...]}, behind its brace. */
static bool split_members(struct input *input, const char *name)
{
    char columns[INPUT_FIELD_MAX], data[INPUT_FIELD_MAX];
    bool has_columns = false, has_data = false, good = true;
    enum json_token token;

    text_print(columns, sizeof(columns), "%s.columns", name);
    text_print(data, sizeof(data), "%s.data", name);
    while (good && (token = json_next(&input->reader)) == JSON_KEY) {
        if (json_text_is(&input->reader, "columns")) {
            has_columns = true;
            good = input->split.image == input->image ? json_skip(&input->reader)
                                                      : input_split_columns(input, columns);
        } else if (json_text_is(&input->reader, "data")) {
            has_data = true;
            input->wants_again = input->split.image != input->image;
            good = input->wants_again ? json_skip(&input->reader)
                                      : input_rows_read(input, json_next(&input->reader), data);
        } else {
            good = json_skip(&input->reader); /* "index" and the like */
        }
    }
    if (!good || token == JSON_BAD)
        return false;
    if (!has_data)
        input_fault(input, data, "an array of rows", "it is missing");
    if (!has_columns && input->wants_again)
        input_split_unnamed(input);
    return true;
}

static bool split_read(struct input *input, const char *name)
{
    enum json_token token = json_next(&input->reader);

    input->by_split = true;
    if (token != JSON_OBJECT)
        return refuse(input, token, name, "an object of columns and data");
    if (input->image == NULL)
        return json_skip_rest(&input->reader, token);
    return split_members(input, name);
}

/* Rows, or an object of columns. */
static bool tensor_read(struct input *input, enum json_token token, const char *name)
{
    if (token == JSON_OBJECT)
        return input_columns_read(input, name);
    return input_rows_read(input, token, name);
}

/* Hugging Face's {"data": {...}}; of a text model a text, or an array of texts. */
static bool table_read(struct input *input, const char *name)
{
    enum json_token token = json_next(&input->reader);
    bool has_data = false, good = true;
    char data[INPUT_FIELD_MAX];

    input->as_cells = true;
    if (token == JSON_STRING) {
        text_copy(input->list, sizeof(input->list), name);
        return input_row_read(input, token, 0);
    }
    if (token != JSON_OBJECT)
        return input_rows_read(input, token, name);
    text_print(data, sizeof(data), "%s.data", name);
    while (good && (token = json_next(&input->reader)) == JSON_KEY) {
        if (json_text_is(&input->reader, "data")) {
            has_data = true;
            good = tensor_read(input, json_next(&input->reader), data);
        } else {
            good = json_skip(&input->reader);
        }
    }
    if (good && token != JSON_BAD && !has_data)
        input_fault(input, data, "an object with a list for each feature", "it is missing");
    return good && token != JSON_BAD;
}

/* ---- all of it ---- */

/* A second member with rows; false for the first one. */
static bool is_second(struct input *input, const char *name)
{
    char allowed[NAMES_MAX + 16], names[NAMES_MAX];

    if (input->lists++ == 0)
        return false;
    names_print(input->protocol, true, names);
    text_print(allowed, sizeof(allowed), "exactly one of: %s", names);
    input_fault(input, name, allowed, "there are rows already");
    return true;
}

static bool part_read(struct input *input, const struct protocol_member *member)
{
    if (has_rows(member->part)) {
        if (is_second(input, member->name))
            return json_skip(&input->reader);
        input->frame.key = member->answered;
    }
    switch (member->part) {
    case PROTOCOL_ROWS:
    case PROTOCOL_RECORDS:
        input->is_frame = member->part == PROTOCOL_RECORDS;
        return input_rows_read(input, json_next(&input->reader), member->name);
    case PROTOCOL_TENSOR:
        return tensor_read(input, json_next(&input->reader), member->name);
    case PROTOCOL_SPLIT:
        return split_read(input, member->name);
    case PROTOCOL_TABLE:
        return table_read(input, member->name);
    case PROTOCOL_SIGNATURE:
        return output_read(input, json_next(&input->reader), member->name,
                           "one of: " PROTOCOL_SIGNATURES, protocol_signature);
    case PROTOCOL_PARAMETERS:
        return parameters_read(input, member->name);
    default:
        return json_skip(&input->reader);
    }
}

bool input_protocol_member(struct input *input)
{
    const struct protocol *protocol = input->protocol;
    char shown[INPUT_SHOWN_MAX], names[NAMES_MAX];
    const char *text;
    size_t len;

    for (size_t i = 0; i < PROTOCOL_MEMBERS && protocol->members[i].name != NULL; i++)
        if (json_text_is(&input->reader, protocol->members[i].name))
            return part_read(input, &protocol->members[i]);
    if (!input_list_shows(&input->faults))
        return json_skip(&input->reader);
    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    names_print(protocol, false, names);
    input_fault(input, shown, names, "there is no such member");
    return json_skip(&input->reader);
}

/* What is answered has to be there. */
static void check_item(struct input *input)
{
    const struct protocol *protocol = input->protocol;
    const char *name = input->model->row.name;
    const char *field = input->asked_by != NULL ? input->asked_by : protocol->members[0].name;

    if (input->asked_by == NULL)
        input->frame.item = image_text(input->image) != NULL ? protocol->texts : protocol->item;
    if (protocol->values && image_task(input->image) != SPEC_REGRESS)
        input_fault(input, field, "a model of values, or classify", "the model %s has classes",
                    name);
    else if (!answer_has(input->image, input->frame.item) && protocol->item == ANSWER_PAIRS)
        input_fault(input, field, "a model of classes, or predict",
                    "the model %s has no classes with probabilities", name);
    else if (!answer_has(input->image, input->frame.item))
        input_fault(input, field, "an output that the model has",
                    "the model %s has no such output", name);
    input->outputs = INPUT_LABEL | INPUT_PROBABILITIES;
    if (input->frame.item == ANSWER_MARGIN)
        input->outputs = INPUT_MARGIN;
    if (input->frame.item == ANSWER_LEAVES)
        input->outputs = INPUT_LEAVES;
}

void input_protocol_check(struct input *input)
{
    char allowed[NAMES_MAX + 16], names[NAMES_MAX];

    if (input->lists == 0) {
        names_print(input->protocol, true, names);
        text_print(allowed, sizeof(allowed), "exactly one of: %s", names);
        input_fault(input, input->protocol->members[0].name, allowed, "it is missing");
    }
    if (input->image != NULL)
        check_item(input);
}
