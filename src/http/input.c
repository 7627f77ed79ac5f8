/*
 * input.c: the body of a prediction as rows of numbers, checked against the model.
 *
 * One pass over the body, in whatever order its members come.  All of it is read even
 * after a fault: what is not JSON is a 400, whatever else was wrong before.  A "model"
 * that comes after the rows and names another model than they were read for has the
 * body read again for that one.
 */
#include "http/input.h"

#include <stdlib.h>
#include <string.h>

#include "forest/explain.h"
#include "forest/text_model.h"
#include "http/auth.h"
#include "http/input_inner.h"
#include "http/path_model.h"
#include "http/route.h"
#include "http/sealed.h"

enum {
    VALUES_MAX = 4 << 20, /* numbers of the rows of a body that is smaller than that */
    VALUES_KEPT = 8 << 10
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
    schema_free(&input->schema);
    buf_free(&input->warned);
    buf_free(&input->url);
    free(input->values);
    free(input->seen);
    free(input->split.features);
    text_scratch_free(input->scratch);
    free(input);
}

const struct model *input_choose(const struct request *request, const struct model *model)
{
    if (model == NULL)
        return NULL;
    return registry_choose(model, request->caller.account, request->id);
}

bool input_explains(const struct request *request)
{
    const struct protocol *protocol = request->route->protocol;

    return request->route->body == ROUTE_BODY_EXPLAIN ||
           (protocol != NULL && protocol->explains);
}

static ssize_t large_fill(void *context, char *to, size_t room)
{
    struct input *input = context;
    ssize_t got = spool_read(input->large, input->large_at, to, room);

    if (got > 0)
        input->large_at += (uint64_t)got;
    return got;
}

static void pass_start(struct input *input, const struct request *request)
{
    input->large = request->large;
    input->large_at = 0;
    input->reader.nan_is_null = input->protocol != NULL; /* as their own servers read it */
    if (request->large != NULL)
        json_reader_start_stream(&input->reader, large_fill, input);
    else
        json_reader_start(&input->reader, request->body->data, request->body->len);
    input_list_start(&input->faults, input->faults.json);
    input_list_start(&input->warnings, &input->warned);
    input->count = 0;
    input->outputs = 0;
    input->has_features = input->has_instances = input->has_text = false;
    input->has_outputs = input->wants_text = false;
    buf_clear(&input->url, SIZE_MAX);
    input->all_classes = false;
    input->no_memory = input->too_many = input->forbidden = false;
    input_protocol_start(input);
}

/* Whether each number of the answer has a label beside it. */
static bool is_labelled(const struct input *input)
{
    return input->protocol != NULL &&
           (input->frame.item == ANSWER_PAIRS || input->frame.item == ANSWER_SCORED);
}

/* Numbers in the answer to one row. */
static size_t numbers_per_row(const struct input *input)
{
    size_t numbers =
        (size_t)image_n_outputs(input->image) * (is_labelled(input) ? INPUT_LABELLED : 1);
    size_t leaves = (input->outputs & INPUT_LEAVES) != 0 ? image_n_trees(input->image) : 0;
    size_t margins =
        (input->outputs & INPUT_MARGIN) != 0 ? image_spec(input->image)->n_outputs : 0;

    return numbers + margins + leaves;
}

/* What was asked for has to be there, and to fit an answer. */
static void check_outputs(struct input *input)
{
    const enum spec_task task = image_task(input->image);

    if (!input->has_outputs && input->protocol == NULL)
        input->outputs = INPUT_LABEL | INPUT_PROBABILITIES;
    else if (task == SPEC_REGRESS && input->protocol == NULL &&
             (input->outputs & (INPUT_LABEL | INPUT_PROBABILITIES)) != 0)
        input_fault(input, "outputs", "margin, leaves",
                    "the model %s has values and no classes", input->model->row.name);
    if (!(input->unbounded && input->looking) &&
        input->count > INPUT_OUTPUTS_MAX / numbers_per_row(input))
        input_fault(input, input->list, "fewer rows at once, or fewer outputs",
                    "the answer would be over %d numbers", INPUT_OUTPUTS_MAX);
}

/* What may only be said when all of the body has been seen. */
static void check_whole(struct input *input)
{
    if (input->protocol != NULL)
        input_protocol_check(input);
    if (input->image != NULL)
        check_outputs(input);
    if (input->protocol != NULL)
        ; /* its members have their own rule */
    else if (input->has_features + input->has_instances + input->has_text > 1)
        input_fault(input, input->has_instances ? "instances" : "text",
                    "features, text or instances, not both", "%s there already",
                    input->has_features ? "features are" : "a text is");
    else
        input_text_check(input);
    if (input->too_many)
        input_fault(input, input->list, "fewer rows at once", "over the limit of %zu rows",
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
    input->model = input_choose(request, model);
    return true;
}

static enum input_pass pass_over(struct service *service, const struct request *request,
                                 struct input *input)
{
    struct json_reader *reader = &input->reader;
    enum json_token token;
    enum input_pass pass;

    pass_start(input, request);
    token = json_next(reader);
    if (token != JSON_OBJECT) {
        if (token == JSON_BAD || !json_skip_rest(reader, token) ||
            json_next(reader) != JSON_END)
            return INPUT_PASS_MALFORMED;
        input_fault(input, "",
                    input->protocol != NULL ? "an object"
                                            : "an object such as {\"features\": [...]}",
                    "the body is %s", input_token_name(token));
        return INPUT_PASS_DONE;
    }
    while ((token = json_next(reader)) == JSON_KEY) {
        if (input->protocol == NULL)
            pass = input_native_member(service, request, input);
        else
            pass = input_protocol_member(input) ? INPUT_PASS_DONE : INPUT_PASS_MALFORMED;
        if (pass != INPUT_PASS_DONE)
            return pass;
    }
    if (token == JSON_BAD || json_next(reader) != JSON_END)
        return INPUT_PASS_MALFORMED;
    if (turns_to_texts(service, request, input))
        return INPUT_PASS_OTHER_MODEL;
    if (input->wants_again && input->faults.count == 0 && !input->no_memory)
        return INPUT_PASS_AGAIN;
    check_whole(input);
    return INPUT_PASS_DONE;
}

static void refuse_malformed(struct input *input, struct reply *reply)
{
    buf_clear(input->faults.json, SIZE_MAX);
    switch (json_result(&input->reader)) {
    case RESULT_NOMEM:
    case RESULT_FAILED:
        reply_refuse_memory(reply);
        break;
    case RESULT_IO: /* a large body's file */
        reply_refuse(reply, REPLY_UNAVAILABLE, "The body could not be read again. Try again.");
        break;
    default:
        reply_refuse(reply, REPLY_MALFORMED, "The body is not JSON that is taken here: %s.",
                     json_problem(&input->reader));
    }
}

/*
 * The model that the path names, or the default one if there is one.  False with the refusal
 * written.
 */
static bool first_model(struct service *service, const struct request *request,
                        struct reply *reply, const struct model **model)
{
    if (request->name == NULL)
        *model = registry_default(service->registry);
    else if (!path_model_find(service, request, reply, model))
        return false;
    if (!path_model_has_version(request))
        *model = input_choose(request, *model);
    return true;
}

/*
 * A row by name has all of its numbers however few of them the body has, so those are bounded
 * too, at what no body of rows by position comes to.
 */
size_t input_rows_limit(const struct service *service, const struct image *image,
                        size_t numbers, size_t body_len)
{
    size_t limit = (size_t)service->home.config.predict_rows_limit;
    size_t values = body_len > VALUES_MAX ? body_len : VALUES_MAX;
    size_t most = INPUT_OUTPUTS_MAX / numbers;

    if (most > values / image_n_features(image))
        most = values / image_n_features(image);
    if (most == 0)
        most = 1;
    return limit < most ? limit : most;
}

/* The same; explanations within about a second, for a row goes through all of the forest. */
static size_t rows_limit(const struct service *service, const struct request *request,
                         const struct image *image, bool unbounded)
{
    size_t limit, most;

    if (image == NULL || unbounded)
        return (size_t)service->home.config.predict_rows_limit;
    limit = input_rows_limit(service, image, image_n_outputs(image), request->body->len);
    if (!input_explains(request))
        return limit;
    most = INPUT_EXPLAINED_MAX / explain_cost(image, false);
    if (most == 0)
        most = 1;
    return limit < most ? limit : most;
}

/* Reads the body for that model, or for the one that it names. */
static enum input_pass passes(struct service *service, const struct request *request,
                              struct input *input)
{
    enum input_pass pass;

    do {
        const struct model *model = input->model;

        input->image = NULL;
        input->looking = request->large != NULL; /* columns are held after all */
        if (model != NULL &&
            key_models_have(request->caller.models, model->row.name, strlen(model->row.name)))
            input->image = model->image;
        input->no_memory =
            input->image != NULL && schema_read(&input->schema, input->image) != RESULT_OK;
        if (input->no_memory) {
            input->forbidden = false;
            return INPUT_PASS_DONE;
        }
        input->rows_limit = rows_limit(service, request, input->image, input->unbounded);
        input->rows_held = rows_limit(service, request, input->image, false);
        pass = pass_over(service, request, input);
    } while (pass == INPUT_PASS_OTHER_MODEL || pass == INPUT_PASS_AGAIN);
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

    if (input->forbidden) { /* the refusal is written, and is of no field */
        buf_clear(input->faults.json, SIZE_MAX);
        return false;
    }
    if (model != NULL &&
        !auth_may_use(request, model->row.name, strlen(model->row.name), reply))
        return false;
    if (input->no_memory)
        reply_refuse_memory(reply);
    else if (input->faults.count > 0)
        reply_refuse(reply, REPLY_UNPROCESSABLE, "%s", input->first);
    else if (model == NULL && input->wants_text)
        refuse_default_text(service, reply);
    else if (model == NULL)
        input_refuse_default(service, reply);
    else
        return path_model_serves(model, reply);
    return false;
}

void input_release(struct input *input)
{
    if (input->values_cap > VALUES_KEPT) {
        free(input->values);
        input->values = NULL;
        input->values_cap = 0;
    }
    if (input->schema.cap > VALUES_KEPT)
        schema_free(&input->schema);
    if (input->split.cap > VALUES_KEPT) {
        free(input->split.features);
        input->split = (struct input_split){0};
    }
    if (input->seen_cap > VALUES_KEPT) {
        free(input->seen);
        input->seen = NULL;
        input->seen_cap = 0;
    }
}

bool input_blocks(struct service *service, const struct request *request, struct reply *reply,
                  size_t rows_at_once, input_take *take, void *arg)
{
    struct input *input = service->input;
    enum input_pass pass;

    input->take = take;
    input->take_arg = arg;
    input->block_rows = rows_at_once;
    input->in_block = 0;
    pass = pass_over(service, request, input);
    input_block_end(input);
    input->take = NULL;
    if (pass == INPUT_PASS_MALFORMED)
        refuse_malformed(input, reply);
    else if (input->no_memory)
        reply_refuse_memory(reply);
    return pass == INPUT_PASS_DONE && !input->no_memory && !input->stopped;
}

bool input_read(struct service *service, struct request *request, struct reply *reply,
                struct input_rows *out)
{
    struct input *input = service->input;

    input->unbounded = request->large != NULL && !sealed_is_wanted(service, "application/json");
    input->stopped = false;
    input->protocol = request->route->protocol;
    input->split.image = NULL;
    input->faults.json = &reply->errors;
    input->asked_output = form_value(request->query, "output")->text;
    input->fixed = request->name != NULL;
    if (!first_model(service, request, reply, &input->model))
        return false;
    if (passes(service, request, input) == INPUT_PASS_MALFORMED) {
        refuse_malformed(input, reply);
        return false;
    }
    request->judged_by = input->model;
    if (!acceptable(service, request, reply))
        return false;
    *out = (struct input_rows){.model = input->model,
                               .values = input->values,
                               .count = input->count,
                               .outputs = input->outputs,
                               .warnings = &input->warned,
                               .url = &input->url,
                               .in_blocks = input->looking &&
                                            (input->has_instances || input->protocol != NULL),
                               .single = !input->has_instances && input->protocol == NULL,
                               .frame = input->protocol != NULL ? &input->frame : NULL,
                               .all_classes = input->all_classes};
    return true;
}
