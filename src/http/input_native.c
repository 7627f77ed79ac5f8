/*
 * input_native.c: the body of a prediction in our own form, member by member.
 */
#include <string.h>

#include "base/utf8.h"
#include "forest/text_model.h"
#include "http/auth.h"
#include "http/input_inner.h"
#include "http/route.h"

static bool features_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);

    input->has_features = true;
    if (token == JSON_BAD)
        return false;
    if (input->image != NULL && image_text(input->image) != NULL)
        return json_skip_rest(&input->reader, token);
    return input_row_read(input, token, INPUT_SINGLE);
}

static bool instances_read(struct input *input)
{
    input->has_instances = true;
    return input_rows_read(input, json_next(&input->reader), "instances");
}

/* "model": a name.  INPUT_PASS_OTHER_MODEL if the rows are to be read for it. */
static enum input_pass model_read(struct service *service, const struct request *request,
                                  struct input *input)
{
    enum json_token token = json_next(&input->reader);
    const struct model *model = NULL;
    char shown[INPUT_SHOWN_MAX];
    const char *text;
    size_t len;

    if (token == JSON_BAD)
        return INPUT_PASS_MALFORMED;
    if (token != JSON_STRING) {
        input_fault(input, "model", "the name of a model", "%s where a string is needed",
                    input_token_name(token));
        return json_skip_rest(&input->reader, token) ? INPUT_PASS_DONE : INPUT_PASS_MALFORMED;
    }
    text = json_text(&input->reader, &len);
    if (request->name == NULL && !auth_may_use(request, text, len, &service->reply)) {
        input->forbidden = true;
        return INPUT_PASS_DONE;
    }
    model = input_choose(request, registry_find(service->registry, text, len));
    if (model != NULL)
        input->fixed = true;
    if (model != NULL && model == input->model)
        return INPUT_PASS_DONE;
    utf8_quote(shown, sizeof(shown), text, len);
    if (request->name != NULL) {
        input_fault(input, "model", "the name in the path, or nothing",
                    "\"%s\" is not the model of this path", shown);
        return INPUT_PASS_DONE;
    }
    if (model == NULL) {
        input_fault(input, "model", "a name that GET /models lists", "there is no model \"%s\"",
                    shown);
        return INPUT_PASS_DONE;
    }
    input->model = model;
    return INPUT_PASS_OTHER_MODEL;
}

static const char *const output_names[] = {"label", "probabilities", "margin", "leaves"};

enum {
    OUTPUT_NAMES = sizeof(output_names) / sizeof(output_names[0])
};

#define OUTPUTS_ALLOWED "a list of: label, probabilities, margin, leaves"

/* One of "outputs", its token just read. */
static void output_read(struct input *input, enum json_token token)
{
    char shown[INPUT_SHOWN_MAX];
    const char *text;
    size_t len;

    if (token == JSON_STRING)
        for (unsigned i = 0; i < OUTPUT_NAMES; i++)
            if (json_text_is(&input->reader, output_names[i])) {
                input->outputs |= 1U << i;
                return;
            }
    if (!input_list_shows(&input->faults))
        return;
    if (token != JSON_STRING) {
        input_fault(input, "outputs", OUTPUTS_ALLOWED, "%s where a string is needed",
                    input_token_name(token));
        return;
    }
    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    input_fault(input, "outputs", OUTPUTS_ALLOWED, "there is no output \"%s\"", shown);
}

/* "outputs": what is answered beside the prediction. */
static bool outputs_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);

    input->has_outputs = true;
    if (token != JSON_ARRAY) {
        input_fault(input, "outputs", OUTPUTS_ALLOWED, "%s where an array is needed",
                    input_token_name(token));
        return token != JSON_BAD && json_skip_rest(&input->reader, token);
    }
    while ((token = json_next(&input->reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        output_read(input, token);
        if (!json_skip_rest(&input->reader, token))
            return false;
    }
    return true;
}

bool input_classes_read(struct input *input, const char *field)
{
    enum json_token token = json_next(&input->reader);

    input->all_classes = token == JSON_STRING && json_text_is(&input->reader, "all");
    if (token == JSON_STRING &&
        (input->all_classes || json_text_is(&input->reader, "predicted")))
        return true;
    input_fault(input, field, "\"predicted\" or \"all\"", "%s is neither",
                input_token_name(token));
    return json_skip_rest(&input->reader, token);
}

/* "webhook_url": who is told of a job's end; null for nobody.  Whether it may be is not known.
 */
static bool url_read(struct input *input)
{
    enum json_token token = json_next(&input->reader);
    const char *text;
    size_t len;

    buf_clear(&input->url, SIZE_MAX);
    if (token == JSON_STRING) {
        text = json_text(&input->reader, &len);
        if (len > 0 && memchr(text, '\0', len) == NULL) {
            buf_put(&input->url, text, len);
            return true;
        }
    }
    if (token != JSON_NULL)
        input_fault(input, "webhook_url", "a URL", "%s is none", input_token_name(token));
    return token != JSON_BAD && json_skip_rest(&input->reader, token);
}

static bool unknown_member(struct input *input, const struct request *request)
{
    char shown[INPUT_SHOWN_MAX];
    const char *text;
    size_t len;

    if (!input_list_shows(&input->faults))
        return json_skip(&input->reader);
    text = json_text(&input->reader, &len);
    utf8_quote(shown, sizeof(shown), text, len);
    input_fault(input, shown,
                input_explains(request) ? "features, text, or instances, and model and classes"
                                        : "features, text, or instances, and model and outputs",
                "there is no such member");
    return json_skip(&input->reader);
}

enum input_pass input_native_member(struct service *service, const struct request *request,
                                    struct input *input)
{
    const struct json_reader *reader = &input->reader;
    const bool explains = input_explains(request);
    bool good;

    if (json_text_is(reader, "features"))
        good = features_read(input);
    else if (json_text_is(reader, "text"))
        good = input_text_read(input);
    else if (json_text_is(reader, "instances"))
        good = instances_read(input);
    else if (!explains && json_text_is(reader, "outputs"))
        good = outputs_read(input);
    else if (explains && json_text_is(reader, "classes"))
        good = input_classes_read(input, "classes");
    else if (request->route->defers == ROUTE_DEFERS_ALWAYS &&
             json_text_is(reader, "webhook_url"))
        good = url_read(input);
    else if (json_text_is(reader, "model"))
        return model_read(service, request, input);
    else
        good = unknown_member(input, request);
    return good ? INPUT_PASS_DONE : INPUT_PASS_MALFORMED;
}
