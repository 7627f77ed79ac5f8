/*
 * input.c: the body of a prediction as rows of numbers, checked against the model.
 *
 * One pass over the body, in whatever order its members come.  All of it is read even
 * after a fault: what is not JSON is a 400, whatever else was wrong before.  A "model"
 * that comes after the rows and names another model than they were read for has the
 * body read again for that one.
 */
#include "http/input.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/walk.h"
#include "http/auth.h"
#include "http/input_state.h"

enum {
    OUTPUTS_MAX = 4 << 20, /* numbers in one answer */
    VALUES_KEPT = 8 << 10,
    NAMES_SHOWN = 20,
};

/* What a pass over the body came to. */
enum pass {
    PASS_DONE,
    PASS_MALFORMED,
    PASS_OTHER_MODEL, /* read it again for the model that it names */
};

enum result input_new(struct input **out, struct reason *why)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? RESULT_OK : reason_set(why, RESULT_NOMEM, "no memory for input");
}

void input_free(struct input *input)
{
    if (input == NULL)
        return;
    json_reader_free(&input->reader);
    free(input->values);
    free(input->seen);
    text_scratch_free(input->scratch);
    free(input);
}

bool input_fault_is_shown(struct input *input)
{
    if (input->faults < FAULTS_MAX)
        return true;
    input->faults++;
    return false;
}

void input_fault(struct input *input, const char *field, const char *allowed,
                 const char *format, ...)
{
    char problem[256];
    va_list args;

    va_start(args, format);
    text_print_list(problem, sizeof(problem), format, args);
    va_end(args);
    if (input->faults == 0)
        text_print(input->first, sizeof(input->first), "%s: %s.", field, problem);
    input->faults++;
    json_write_object(&input->error_writer);
    json_member_string(&input->error_writer, "field", field);
    json_member_string(&input->error_writer, "problem", problem);
    json_member_string(&input->error_writer, "allowed", allowed);
    json_write_object_end(&input->error_writer);
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

void input_field(char out[FIELD_MAX], long row, const char *format, ...)
{
    va_list args;
    int len;

    if (row == SINGLE)
        len = snprintf(out, FIELD_MAX, "features");
    else
        len = snprintf(out, FIELD_MAX, "instances[%ld]", row);
    va_start(args, format);
    text_print_list(out + len, (size_t)(FIELD_MAX - len), format, args);
    va_end(args);
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

double *input_row_begin(struct input *input)
{
    size_t width = image_n_features(input->image);
    size_t at = input->faults == 0 ? input->count : 0;
    size_t need = (at + 1) * width, cap = input->values_cap;
    double *more;

    if (input->count >= input->rows_limit) {
        input->too_many = true;
        return NULL;
    }
    if (need > cap) {
        cap = cap * 2 > need ? cap * 2 : need;
        more = realloc(input->values, cap * sizeof(*more));
        if (more == NULL) {
            input->no_memory = true;
            return NULL;
        }
        input->values = more;
        input->values_cap = cap;
    }
    return input->values + at * width;
}

/* A value that is none for the model. */
static void value_fault(struct input *input, enum json_token token, long row, const char *name,
                        uint32_t position)
{
    static const char allowed[] = "a number from -3.4e38 to 3.4e38";
    char field[FIELD_MAX];

    if (!input_fault_is_shown(input))
        return;
    if (name != NULL)
        input_field(field, row, ".%s", name);
    else
        input_field(field, row, "[%u]", (unsigned)position);
    if (token == JSON_NUMBER)
        input_fault(input, field, allowed, "too large for the model's numbers");
    else
        input_fault(input, field, allowed, "%s where a number is needed",
                    input_token_name(token));
}

/* One number of a row, its token just read. */
static void value_read(struct input *input, enum json_token token, double *to, long row,
                       const char *name, uint32_t position)
{
    if (token == JSON_NUMBER && walk_value_fits(json_number(&input->reader))) {
        *to = json_number(&input->reader);
        return;
    }
    value_fault(input, token, row, name, position);
    json_skip_rest(&input->reader, token);
}

/*
 * As many numbers of a row as can be taken at once, from one on; returns how many there
 * are now.
 */
static uint32_t numbers_read(struct input *input, double *values, uint32_t from, long row)
{
    uint32_t width = image_n_features(input->image);
    uint32_t count = from + (uint32_t)json_numbers(&input->reader, values + from, width - from);

    for (uint32_t i = from; i < count; i++)
        if (!walk_value_fits(values[i]))
            value_fault(input, JSON_NUMBER, row, NULL, i);
    return count;
}

/* [5.1, 3.5, ...], behind its bracket. */
static bool row_by_position(struct input *input, double *values, long row)
{
    uint32_t width = image_n_features(input->image), count = 0;
    char field[FIELD_MAX], allowed[64];
    enum json_token token;
    double waste;

    count = numbers_read(input, values, 0, row);
    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        if (count < width)
            value_read(input, token, &values[count], row, NULL, count);
        else if (token != JSON_NUMBER) {
            value_read(input, token, &waste, row, NULL, count);
        }
        count++;
        if (count < width)
            count = numbers_read(input, values, count, row);
    }
    if (count != width && input_fault_is_shown(input)) {
        input_field(field, row, "%s", "");
        snprintf(allowed, sizeof(allowed), "%u numbers", (unsigned)width);
        input_fault(input, field, allowed, "%u value%s where the model %s has %u features",
                    (unsigned)count, count == 1 ? "" : "s", input->model->row.name,
                    (unsigned)width);
    }
    return true;
}

static bool seen_begin(struct input *input, uint32_t width)
{
    uint32_t *more;

    if (width > input->seen_cap) {
        more = realloc(input->seen, width * sizeof(*more));
        if (more == NULL) {
            input->no_memory = true;
            return false;
        }
        input->seen = more;
        input->seen_cap = width;
        input->mark = 0;
    }
    if (input->mark == 0 || input->mark == UINT32_MAX) {
        memset(input->seen, 0, input->seen_cap * sizeof(*input->seen));
        input->mark = 0;
    }
    input->mark++;
    return true;
}

static bool unknown_name(struct input *input, long row)
{
    char allowed[512], shown[SHOWN_MAX], field[FIELD_MAX];
    const char *text;
    size_t len;

    if (row != SINGLE && json_text_is(&input->reader, "text"))
        input->wants_text = true;
    if (!input_fault_is_shown(input))
        return json_skip(&input->reader);
    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    names_print(input->image, allowed, sizeof(allowed));
    input_field(field, row, ".%s", shown);
    input_fault(input, field, allowed, "the model has no such feature");
    return json_skip(&input->reader);
}

/* {"sepal_length": 5.1, ...}, behind its brace. */
static bool row_by_name(struct input *input, double *values, long row)
{
    const struct image *image = input->image;
    uint32_t width = image_n_features(image), named = 0;
    char field[FIELD_MAX];
    enum json_token token;
    const char *text;
    size_t len;
    int feature;

    if (!seen_begin(input, width))
        return json_skip_rest(&input->reader, JSON_OBJECT);
    while ((token = json_next(&input->reader)) == JSON_KEY) {
        text = json_text(&input->reader, &len);
        feature = image_feature_find(image, text, len);
        if (feature < 0) {
            if (!unknown_name(input, row))
                return false;
            continue;
        }
        input->seen[feature] = input->mark;
        named++;
        token = json_next(&input->reader);
        if (token == JSON_BAD)
            return false;
        value_read(input, token, &values[feature], row,
                   image_feature_name(image, (uint32_t)feature), 0);
    }
    if (token == JSON_BAD)
        return false;
    for (uint32_t i = 0; named < width && i < width; i++)
        if (input->seen[i] != input->mark) {
            if (!input_fault_is_shown(input))
                break;
            input_field(field, row, ".%s", image_feature_name(image, i));
            input_fault(input, field, "a number", "the feature is missing");
        }
    return true;
}

/* One row of features, its first token just read. */
static bool row_of_features(struct input *input, enum json_token token, double *values,
                            long row)
{
    char field[FIELD_MAX], allowed[64];

    if (token == JSON_ARRAY)
        return row_by_position(input, values, row);
    if (token == JSON_OBJECT)
        return row_by_name(input, values, row);
    if (token == JSON_STRING && row != SINGLE)
        input->wants_text = true;
    if (input_fault_is_shown(input)) {
        input_field(field, row, "%s", "");
        snprintf(allowed, sizeof(allowed), "an array of %u numbers, or an object by name",
                 (unsigned)image_n_features(input->image));
        input_fault(input, field, allowed, "%s where a row is needed", input_token_name(token));
    }
    return token != JSON_BAD;
}

/* One row, its first token just read.  False only after JSON_BAD. */
static bool row_read(struct input *input, enum json_token token, long row)
{
    double *values = input->image != NULL ? input_row_begin(input) : NULL;
    bool good;

    if (input->image == NULL)
        return input_text_seek(input, token);
    if (values == NULL)
        return json_skip_rest(&input->reader, token);
    if (image_words(input->image) != NULL)
        good = input_text_row(input, token, values, row);
    else
        good = row_of_features(input, token, values, row);
    input->count++;
    return good;
}

static bool features_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);

    input->has_features = true;
    if (token == JSON_BAD)
        return false;
    if (input->image == NULL || image_words(input->image) != NULL)
        return json_skip_rest(&input->reader, token);
    return row_read(input, token, SINGLE);
}

/* "text": one row of a text model. */
static bool text_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);
    double *values;

    input->has_text = input->wants_text = true;
    if (token == JSON_BAD)
        return false;
    if (input->image == NULL || image_words(input->image) == NULL)
        return json_skip_rest(&input->reader, token);
    if ((values = input_row_begin(input)) == NULL)
        return json_skip_rest(&input->reader, token);
    input->count++;
    return input_text_read(input, token, values, "text");
}

static bool instances_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);
    long row = 0;

    input->has_instances = true;
    if (token != JSON_ARRAY) {
        input_fault(input, "instances", "an array of rows", "%s where an array is needed",
                    input_token_name(token));
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    }
    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD || !row_read(input, token, row))
            return false;
        row++;
    }
    if (row == 0)
        input_fault(input, "instances", "at least one row", "it is empty");
    return true;
}

/* The version of a model that this request is answered by; NULL for none. */
static const struct model *choose(const struct request *request, const struct model *model)
{
    if (model == NULL)
        return NULL;
    return registry_choose(model, request->caller.key_id, request->id);
}

/* "model": a name.  PASS_OTHER_MODEL if the rows are to be read for it. */
static enum pass model_read(struct service *service, const struct request *request,
                            struct input *input)
{
    enum json_token token = json_next(&input->reader);
    const struct model *model = NULL;
    char shown[SHOWN_MAX];
    const char *text;
    size_t len;

    if (token == JSON_BAD)
        return PASS_MALFORMED;
    if (token != JSON_STRING) {
        input_fault(input, "model", "the name of a model", "%s where a string is needed",
                    input_token_name(token));
        return json_skip_rest(&input->reader, token) ? PASS_DONE : PASS_MALFORMED;
    }
    text = json_text(&input->reader, &len);
    if (request->name == NULL && !auth_may_use(request, text, len, &service->reply)) {
        input->forbidden = true;
        return PASS_DONE;
    }
    model = choose(request, registry_find(service->registry, text, len));
    if (model != NULL)
        input->fixed = true;
    if (model != NULL && model == input->model)
        return PASS_DONE;
    utf8_quote(shown, sizeof(shown), text, len);
    if (request->name != NULL) {
        input_fault(input, "model", "the name in the path, or nothing",
                    "\"%s\" is not the model of this path", shown);
        return PASS_DONE;
    }
    if (model == NULL) {
        input_fault(input, "model", "a name that GET /models lists", "there is no model \"%s\"",
                    shown);
        return PASS_DONE;
    }
    input->model = model;
    return PASS_OTHER_MODEL;
}

static bool unknown_member(struct input *input)
{
    char shown[SHOWN_MAX];
    const char *text;
    size_t len;

    if (!input_fault_is_shown(input))
        return json_skip(&input->reader);
    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    input_fault(input, shown, "features, text, or instances, and model",
                "there is no such member");
    return json_skip(&input->reader);
}

static void pass_start(struct input *input, const struct request *request)
{
    json_reader_start(&input->reader, request->body->data, request->body->len);
    buf_clear(input->errors, SIZE_MAX);
    input->error_writer = json_writer_on(input->errors);
    input->faults = 0;
    input->count = 0;
    input->has_features = input->has_instances = input->has_text = false;
    input->wants_text = false;
    input->no_memory = input->too_many = input->forbidden = false;
}

/* Features for a model that takes a text, a text for one that takes features, or neither. */
static void check_kind(struct input *input)
{
    bool texts = input->image != NULL && image_words(input->image) != NULL;

    if (input->has_features && texts)
        input_text_wanted(input, "features");
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

/* What may only be said when all of the body has been seen. */
static void check_whole(struct input *input)
{
    if (input->has_features + input->has_instances + input->has_text > 1)
        input_fault(input, input->has_instances ? "instances" : "text",
                    "features, text or instances, not both", "%s there already",
                    input->has_features ? "features are" : "a text is");
    else
        check_kind(input);
    if (input->too_many)
        input_fault(input, "instances", "fewer rows at once", "over the limit of %zu rows",
                    input->rows_limit);
}

/* Once: a body with texts in which nobody named a model is for the one that takes them. */
static bool turns_to_texts(const struct service *service, const struct request *request,
                           struct input *input)
{
    const struct model *model;

    if (!input->wants_text || input->fixed)
        return false;
    model = registry_default_text(service->registry);
    if (model == input->model || (model == NULL && !input->has_text))
        return false;
    input->fixed = true;
    input->model = choose(request, model);
    return true;
}

static enum pass pass_over(struct service *service, const struct request *request,
                           struct input *input)
{
    struct json_reader *reader = &input->reader;
    enum json_token token;
    enum pass pass;
    bool good;

    pass_start(input, request);
    token = json_next(reader);
    if (token != JSON_OBJECT) {
        if (token == JSON_BAD || !json_skip_rest(reader, token) ||
            json_next(reader) != JSON_END)
            return PASS_MALFORMED;
        input_fault(input, "", "an object such as {\"features\": [...]}", "the body is %s",
                    input_token_name(token));
        return PASS_DONE;
    }
    while ((token = json_next(reader)) == JSON_KEY) {
        if (json_text_is(reader, "features")) {
            good = features_read(input);
        } else if (json_text_is(reader, "text")) {
            good = text_read(input);
        } else if (json_text_is(reader, "instances")) {
            good = instances_read(input);
        } else if (json_text_is(reader, "model")) {
            pass = model_read(service, request, input);
            if (pass == PASS_OTHER_MODEL)
                return pass;
            good = pass == PASS_DONE;
        } else {
            good = unknown_member(input);
        }
        if (!good)
            return PASS_MALFORMED;
    }
    if (token == JSON_BAD || json_next(reader) != JSON_END)
        return PASS_MALFORMED;
    if (turns_to_texts(service, request, input))
        return PASS_OTHER_MODEL;
    check_whole(input);
    return PASS_DONE;
}

static void refuse_malformed(struct input *input, struct reply *reply)
{
    buf_clear(input->errors, SIZE_MAX);
    switch (json_result(&input->reader)) {
    case RESULT_NOMEM:
    case RESULT_FAILED:
        reply_refuse_memory(reply);
        break;
    default:
        reply_refuse(reply, REPLY_MALFORMED, "The body is not JSON that is taken here: %s.",
                     json_problem(&input->reader));
    }
}

/* The model that the path names, or the default one if there is one. */
static const struct model *first_model(const struct service *service,
                                       const struct request *request)
{
    const struct model *model =
        request->name != NULL
            ? registry_find(service->registry, request->name, request->name_len)
            : registry_default(service->registry);

    return choose(request, model);
}

/* As set, and so that an answer stays within what a worker can hold. */
static size_t rows_limit(const struct service *service, const struct image *image)
{
    size_t limit = (size_t)service->home.config.predict_rows_limit;
    size_t most = image != NULL ? OUTPUTS_MAX / image_n_outputs(image) : limit;

    return limit < most ? limit : most;
}

/* Reads the body for that model, or for the one that it names. */
static enum pass passes(struct service *service, const struct request *request,
                        struct input *input)
{
    enum pass pass;

    do {
        const struct model *model = input->model;

        input->image = NULL;
        if (model != NULL &&
            key_models_have(request->caller.models, model->row.name, strlen(model->row.name)))
            input->image = model->image;
        input->rows_limit = rows_limit(service, input->image);
        pass = pass_over(service, request, input);
    } while (pass == PASS_OTHER_MODEL);
    return pass;
}

void input_refuse_default(const struct service *service, struct reply *reply)
{
    const char *chosen = service->home.config.default_model;

    if (chosen[0] == '\0')
        reply_refuse(reply, REPLY_UNAVAILABLE, "No model has been published yet.");
    else
        reply_refuse(reply, REPLY_UNAVAILABLE, "The default model %s is not published.",
                     chosen);
}

static void refuse_default_text(const struct service *service, struct reply *reply)
{
    const char *chosen = service->home.config.default_text_model;

    if (chosen[0] == '\0')
        reply_refuse(reply, REPLY_UNAVAILABLE,
                     "No model that takes texts has been published yet.");
    else
        reply_refuse(reply, REPLY_UNAVAILABLE, "The default text model %s is not published.",
                     chosen);
}

/* What is wrong with a body that is JSON.  False with the refusal written. */
static bool acceptable(const struct service *service, const struct request *request,
                       struct reply *reply)
{
    struct input *input = service->input;
    const struct model *model = input->model;

    if (input->forbidden) /* the refusal is written */
        return false;
    if (model != NULL &&
        !auth_may_use(request, model->row.name, strlen(model->row.name), reply))
        return false;
    if (input->no_memory)
        reply_refuse_memory(reply);
    else if (input->faults > 0)
        reply_refuse(reply, REPLY_UNPROCESSABLE, "%s", input->first);
    else if (model == NULL && input->wants_text)
        refuse_default_text(service, reply);
    else if (model == NULL)
        input_refuse_default(service, reply);
    else if (model->image == NULL)
        reply_refuse(reply, REPLY_UNAVAILABLE, "The model %s cannot be served now.",
                     model->row.name);
    else
        return true;
    return false;
}

void input_release(struct input *input)
{
    if (input->values_cap > VALUES_KEPT) {
        free(input->values);
        input->values = NULL;
        input->values_cap = 0;
    }
    if (input->seen_cap > VALUES_KEPT) {
        free(input->seen);
        input->seen = NULL;
        input->seen_cap = 0;
    }
}

bool input_read(struct service *service, const struct request *request, struct reply *reply,
                struct input_rows *out)
{
    struct input *input = service->input;
    input->errors = &reply->errors;
    input->model = first_model(service, request);
    input->fixed = request->name != NULL;
    if (input->model == NULL && request->name != NULL) {
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such model. GET /models lists the ones that there are.");
        return false;
    }
    if (passes(service, request, input) == PASS_MALFORMED) {
        refuse_malformed(input, reply);
        return false;
    }
    if (!acceptable(service, request, reply))
        return false;
    *out =
        (struct input_rows){input->model, input->values, input->count, !input->has_instances};
    return true;
}
