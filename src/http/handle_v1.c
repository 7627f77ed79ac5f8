/*
 * handle_v1.c: the published models as clients of KServe v1 and of TensorFlow Serving look for
 * them.  Predictions are handle_predict()'s, as of all protocols.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json_write.h"
#include "forest/output.h"
#include "forest/text_model.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/path_model.h"

enum {
    NUMBER_MAX = 24
};

/* A version as TensorFlow Serving tells of it; one that could not be loaded is told of not. */
static void version_write(struct json_writer *writer, const struct model *model)
{
    char number[NUMBER_MAX];

    if (model == NULL || model->image == NULL)
        return;
    snprintf(number, sizeof(number), "%" PRId64, (int64_t)model->row.version);
    json_write_object(writer);
    json_member_string(writer, "version", number);
    json_member_string(writer, "state", "AVAILABLE");
    json_write_key(writer, "status");
    json_write_object(writer);
    json_member_string(writer, "error_code", "OK");
    json_member_string(writer, "error_message", "");
    json_write_object_end(writer);
    json_write_object_end(writer);
}

/* The model that is looked at, which can be asked.  False with the refusal written. */
static bool model_find(struct service *service, const struct request *request,
                       struct reply *reply, const struct model **model)
{
    return path_model_find(service, request, reply, model) && path_model_serves(*model, reply);
}

/* KServe's clients look for ready, TensorFlow Serving's for the status of each version. */
void handle_v1_model(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    const struct model *model;

    if (!model_find(service, request, reply, &model))
        return;
    json_write_object(&writer);
    json_member_string(&writer, "name", model->row.name);
    json_member_bool(&writer, "ready", true);
    json_write_key(&writer, "model_version_status");
    json_write_array(&writer);
    version_write(&writer, model);
    if (!path_model_has_version(request)) {
        version_write(&writer, model->canary);
        version_write(&writer, model->shadow);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

/* ---- signatures ---- */

/* A tensor of so many rows as there are, with so many numbers each; 0: with one. */
static void tensor_write(struct json_writer *writer, const char *name, const char *type,
                         uint32_t width)
{
    char number[NUMBER_MAX];

    json_write_key(writer, name);
    json_write_object(writer);
    json_member_string(writer, "dtype", type);
    json_write_key(writer, "tensor_shape");
    json_write_object(writer);
    json_write_key(writer, "dim");
    json_write_array(writer);
    for (int dim = 0; dim < (width > 0 ? 2 : 1); dim++) {
        snprintf(number, sizeof(number), "%" PRId64, dim == 0 ? -1 : (int64_t)width);
        json_write_object(writer);
        json_member_string(writer, "size", number);
        json_member_string(writer, "name", "");
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    json_member_bool(writer, "unknown_rank", false);
    json_write_object_end(writer);
    json_member_string(writer, "name", name);
    json_write_object_end(writer);
}

static const char *feature_type(const struct image *image, uint32_t i)
{
    if (image_feature_n_values(image, i) > 0)
        return "DT_STRING";
    switch (image_feature_type(image, i)) {
    case IMAGE_BOOLEAN:
        return "DT_BOOL";
    case IMAGE_INTEGER:
    case IMAGE_CATEGORY:
        return "DT_INT64";
    default:
        return "DT_DOUBLE";
    }
}

static void inputs_write(struct json_writer *writer, const struct image *image)
{
    json_write_key(writer, "inputs");
    json_write_object(writer);
    if (image_text(image) != NULL)
        tensor_write(writer, "text", "DT_STRING", 0);
    else
        for (uint32_t i = 0; i < image_n_features(image); i++)
            tensor_write(writer, image_feature_name(image, i), feature_type(image, i), 0);
    json_write_object_end(writer);
}

static void signature_write(struct json_writer *writer, const struct image *image,
                            const char *name, bool probabilities)
{
    const uint32_t targets = image_n_targets(image);
    const bool classes = image_task(image) != SPEC_REGRESS;

    json_write_key(writer, name);
    json_write_object(writer);
    inputs_write(writer, image);
    json_write_key(writer, "outputs");
    json_write_object(writer);
    if (probabilities)
        tensor_write(writer, "predict_proba", "DT_DOUBLE", image_n_classes(image));
    else
        tensor_write(writer, "predict", classes ? "DT_INT64" : "DT_DOUBLE",
                     targets > 1 ? targets : 0);
    json_write_object_end(writer);
    json_member_string(writer, "method_name", "tensorflow/serving/predict");
    json_write_object_end(writer);
}

void handle_v1_metadata(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    const struct model *model;
    char number[NUMBER_MAX];

    if (!model_find(service, request, reply, &model))
        return;
    snprintf(number, sizeof(number), "%" PRId64, (int64_t)model->row.version);
    json_write_object(&writer);
    json_write_key(&writer, "model_spec");
    json_write_object(&writer);
    json_member_string(&writer, "name", model->row.name);
    json_member_string(&writer, "signature_name", "");
    json_member_string(&writer, "version", number);
    json_write_object_end(&writer);
    json_write_key(&writer, "metadata");
    json_write_object(&writer);
    json_write_key(&writer, "signature_def");
    json_write_object(&writer);
    json_write_key(&writer, "signature_def");
    json_write_object(&writer);
    signature_write(&writer, model->image, "serving_default", false);
    signature_write(&writer, model->image, "predict", false);
    if (answer_has(model->image, ANSWER_PAIRS))
        signature_write(&writer, model->image, "predict_proba", true);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}
