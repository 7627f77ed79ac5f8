/*
 * handle_models.c: the published models, as their callers see them.
 */
#include <string.h>

#include "base/json_write.h"
#include "forest/describe.h"
#include "forest/explain.h"
#include "forest/schema.h"
#include "http/auth.h"
#include "http/examples_kept.h"
#include "http/handlers.h"
#include "http/show.h"

/* The members that the list and the single model share. */
static void summary_write(struct json_writer *writer, const struct service *service,
                          const struct model *model)
{
    json_member_string(writer, "name", model->row.name);
    json_member_i64(writer, "version", model->row.version);
    json_member_bool(writer, "default",
                     model == registry_default(service->registry) ||
                         model == registry_default_text(service->registry));
    json_member_string(writer, "state", model->image != NULL ? "ready" : "unavailable");
    show_time(writer, "published_at", model->row.published_at);
}

void handle_models(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);

    json_write_object(&writer);
    json_write_key(&writer, "models");
    json_write_array(&writer);
    for (size_t i = 0; i < registry_count(service->registry); i++) {
        const struct model *model = registry_at(service->registry, i);

        if (!key_models_have(request->caller.models, model->row.name, strlen(model->row.name)))
            continue;
        json_write_object(&writer);
        summary_write(&writer, service, model);
        if (model->image != NULL)
            json_member_string(&writer, "task", image_task_name(image_task(model->image)));
        json_write_object_end(&writer);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

void handle_model_names(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);

    json_write_object(&writer);
    json_write_key(&writer, "models");
    json_write_array(&writer);
    for (size_t i = 0; i < registry_count(service->registry); i++) {
        const char *name = registry_at(service->registry, i)->row.name;

        if (key_models_have(request->caller.models, name, strlen(name)))
            json_write_string(&writer, name);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

void handle_model(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);
    const struct model *model =
        registry_find(service->registry, request->name, request->name_len);
    struct schema_body body = {.max_rows = (uint64_t)service->home.config.predict_rows_limit};

    if (model == NULL) {
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such model. GET /models lists the ones that there are.");
        return;
    }
    body.model_name = model->row.name;
    json_write_object(&writer);
    summary_write(&writer, service, model);
    if (model->image != NULL) {
        describe_image(&writer, model->image);
        json_member_bool(&writer, "explainable", explain_can(model->image));
        examples_kept_write(&service->examples, &writer, model->image);
        json_write_key(&writer, "schema");
        schema_write(&writer, model->image, &body);
    }
    json_write_object_end(&writer);
}
