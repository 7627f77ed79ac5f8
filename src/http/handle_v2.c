/*
 * handle_v2.c: the Open Inference Protocol, version 2: what the server is and what models it
 * has.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "base/num.h"
#include "http/handlers.h"
#include "http/path_model.h"
#include "http/v2.h"

static const char platform[] = "forestgate_forest";

/* ---- the server ---- */

void handle_v2_server(struct service *service, struct request *request, struct reply *reply)
{
    static const char *const extensions[] = {"binary_tensor_data",  "classification",
                                             "model_configuration", "model_repository",
                                             "parameters",          "statistics"};
    struct json_writer writer = json_writer_on(&reply->body);

    (void)request;
    json_write_object(&writer);
    json_member_string(&writer, "name", service->home.config.v2_server_name);
    json_member_string(&writer, "version", FORESTGATE_VERSION);
    json_write_key(&writer, "extensions");
    json_write_array(&writer);
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        json_write_string(&writer, extensions[i]);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

static void truths_write(struct reply *reply, bool ready)
{
    struct json_writer writer = json_writer_on(&reply->body);

    json_write_object(&writer);
    json_member_bool(&writer, "live", true);
    if (ready)
        json_member_bool(&writer, "ready", true);
    json_write_object_end(&writer);
}

/* No model is looked at: a process that answers lives. */
void handle_v2_live(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    (void)request;
    truths_write(reply, false);
}

/*
 * Ready: it is known what is served, and one of the models can be asked, if there are any.  One
 * that cannot be loaded says so itself (.../models/M/ready), and is no reason to have no client
 * sent here.
 */
void handle_v2_ready(struct service *service, struct request *request, struct reply *reply)
{
    struct reason why;
    enum result result = registry_refresh(service->registry, &why);
    size_t count = result == RESULT_OK ? registry_count(service->registry) : 0, loaded = 0;

    (void)request;
    for (size_t i = 0; i < count; i++)
        loaded += registry_at(service->registry, i)->image != NULL;
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    else if (count > 0 && loaded == 0)
        reply_refuse(reply, REPLY_UNAVAILABLE, "No published model can be served now.");
    else
        truths_write(reply, true);
}

/* ---- models ---- */

void v2_refuse_unknown(const struct request *request, struct reply *reply)
{
    const char *version = request_variable(request, "version", NULL);

    if (version[0] == '\0')
        reply_refuse(reply, REPLY_NOT_FOUND, "Request for unknown model: '%.*s' is not found",
                     (int)request->name_len, request->name);
    else
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "Request for unknown model: '%.*s' version %s is not found",
                     (int)request->name_len, request->name, version);
}

/* What the path names, with or without an image; NULL with the refusal written. */
static const struct model *model_find(struct service *service, const struct request *request,
                                      struct reply *reply)
{
    const struct model *model;
    struct reason why;
    enum result result = path_model_look(service, request, &model, &why);

    if (result == RESULT_MISSING)
        v2_refuse_unknown(request, reply);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK ? model : NULL;
}

const struct model *v2_model(struct service *service, const struct request *request,
                             struct reply *reply)
{
    const struct model *model = model_find(service, request, reply);

    if (model == NULL)
        return NULL;
    if (!path_model_has_version(request))
        model = registry_choose(model, request->caller.account, request->id);
    return path_model_serves(model, reply) ? model : NULL;
}

void handle_v2_model_ready(struct service *service, struct request *request,
                           struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    const struct model *model = model_find(service, request, reply);

    if (model == NULL || !path_model_serves(model, reply))
        return;
    json_write_object(&writer);
    json_member_string(&writer, "name", model->row.name);
    json_member_bool(&writer, "ready", true);
    json_write_object_end(&writer);
}

/* ---- what a model takes and gives ---- */

/* A tensor as it is told of: its rows come first, and are as many as are sent. */
struct told {
    const char *name;
    enum v2_type type;
    int64_t columns; /* 0: it has but one dimension */
};

/*
 * A model of numbers takes one tensor, one with names of categories a tensor for each feature,
 * one of texts one of those.
 */
static size_t inputs_count(const struct image *image)
{
    if (image_text(image) != NULL)
        return 1;
    for (uint32_t i = 0; i < image_n_features(image); i++)
        if (image_feature_n_values(image, i) > 0)
            return image_n_features(image);
    return 1;
}

static struct told input_at(const struct image *image, size_t count, uint32_t i)
{
    if (image_text(image) != NULL)
        return (struct told){"text", V2_BYTES, 0};
    if (count == 1 && image_feature_n_values(image, 0) == 0)
        return (struct told){"input", v2_type_of(image), image_n_features(image)};
    return (struct told){image_feature_name(image, i),
                         image_feature_n_values(image, i) > 0 ? V2_BYTES : v2_type_of(image),
                         0};
}

/* The outputs that the model has: the second where it has probabilities. */
static size_t outputs_list(const struct predictor *predictor, struct told out[V2_NAME__MAX])
{
    const struct output *output = &predictor->output;
    bool classes = output->classes[0] > 0;
    size_t n = 0;

    out[n++] = (struct told){"predict", classes ? V2_INT64 : V2_FP64,
                             output->n_targets > 1 ? output->n_targets : 0};
    if (classes && output_has_probabilities(output))
        out[n++] = (struct told){"predict_proba", V2_FP64, predictor_width(predictor)};
    return n;
}

static void told_write(struct json_writer *writer, const struct told *told)
{
    json_write_object(writer);
    json_member_string(writer, "name", told->name);
    json_member_string(writer, "datatype", v2_type_name(told->type));
    json_write_key(writer, "shape");
    json_write_array(writer);
    json_write_i64(writer, -1);
    if (told->columns > 0)
        json_write_i64(writer, told->columns);
    json_write_array_end(writer);
    json_write_object_end(writer);
}

/* The same for a configuration: TYPE_FP32, and the dimensions behind that of the rows. */
static void configured_write(struct json_writer *writer, const struct told *told)
{
    char type[16] = "TYPE_";

    strncat(type, told->type == V2_BYTES ? "STRING" : v2_type_name(told->type),
            sizeof(type) - sizeof("TYPE_"));
    json_write_object(writer);
    json_member_string(writer, "name", told->name);
    json_member_string(writer, "data_type", type);
    json_write_key(writer, "dims");
    json_write_array(writer);
    json_write_i64(writer, told->columns > 0 ? told->columns : 1);
    json_write_array_end(writer);
    json_write_object_end(writer);
}

static void list_write(struct json_writer *writer, const char *inputs, const char *outputs,
                       const struct predictor *predictor,
                       void (*write)(struct json_writer *writer, const struct told *told))
{
    const struct image *image = predictor->image;
    size_t count = inputs_count(image);
    struct told told[V2_NAME__MAX];

    json_write_key(writer, inputs);
    json_write_array(writer);
    for (size_t i = 0; i < count; i++) {
        const struct told input = input_at(image, count, (uint32_t)i);

        write(writer, &input);
    }
    json_write_array_end(writer);
    count = outputs_list(predictor, told);
    json_write_key(writer, outputs);
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        write(writer, &told[i]);
    json_write_array_end(writer);
}

/* What no member of the protocol tells: texts, as its properties are. */
static void properties_write(struct json_writer *writer, const struct image *image)
{
    struct buf names = {0};
    struct json_writer list = json_writer_on(&names);

    json_write_array(&list);
    for (uint32_t i = 0; image_text(image) == NULL && i < image_n_features(image); i++)
        json_write_string(&list, image_feature_name(image, i));
    json_write_array_end(&list);
    json_write_key(writer, "properties");
    json_write_object(writer);
    json_member_string(writer, "task", image_task_name(image_task(image)));
    if (image_text(image) == NULL && !buf_failed(&names))
        json_member_string(writer, "features", names.data);
    json_member_string(writer, "sha256", image_sha256_hex(image));
    json_write_object_end(writer);
    if (buf_failed(&names))
        writer->buf->failed = true;
    buf_free(&names);
}

static void version_text(char out[NUM_DOUBLE_MAX], const struct model *model)
{
    num_print_i64(out, model->row.version);
}

/* The versions that answer, or the one that the path names. */
static void versions_write(struct json_writer *writer, const struct request *request,
                           const struct model *model)
{
    char version[NUM_DOUBLE_MAX];

    version_text(version, model);
    json_write_key(writer, "versions");
    json_write_array(writer);
    json_write_string(writer, version);
    if (!path_model_has_version(request) && model->canary != NULL) {
        version_text(version, model->canary);
        json_write_string(writer, version);
    }
    json_write_array_end(writer);
}

/* The model that is told of, as it is asked.  False with the refusal written. */
static bool told_open(struct service *service, const struct request *request,
                      const struct model **model, struct predictor *predictor,
                      struct reply *reply)
{
    *model = model_find(service, request, reply);
    if (*model == NULL || !path_model_serves(*model, reply))
        return false;
    if (predictor_open(predictor, (*model)->image) == RESULT_OK)
        return true;
    reply_refuse_memory(reply);
    return false;
}

void handle_v2_model(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct predictor predictor;
    const struct model *model;

    if (!told_open(service, request, &model, &predictor, reply))
        return;
    json_write_object(&writer);
    json_member_string(&writer, "name", model->row.name);
    versions_write(&writer, request, model);
    json_member_string(&writer, "platform", platform);
    list_write(&writer, "inputs", "outputs", &predictor, told_write);
    properties_write(&writer, model->image);
    json_write_object_end(&writer);
    predictor_close(&predictor);
}

void handle_v2_config(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    struct predictor predictor;
    const struct model *model;

    if (!told_open(service, request, &model, &predictor, reply))
        return;
    json_write_object(&writer);
    json_member_string(&writer, "name", model->row.name);
    json_member_string(&writer, "platform", platform);
    json_member_string(&writer, "backend", "forestgate");
    json_member_i64(&writer, "max_batch_size", service->home.config.predict_rows_limit);
    list_write(&writer, "input", "output", &predictor, configured_write);
    json_write_object_end(&writer);
    predictor_close(&predictor);
}
