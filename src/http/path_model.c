/*
 * path_model.c: the model that a path names, and perhaps its version.
 */
#include "http/path_model.h"

#include "base/num.h"

bool path_model_has_version(const struct request *request)
{
    size_t len;

    request_variable(request, "version", &len);
    return len > 0;
}

bool path_model_version(const struct request *request, int64_t *version)
{
    size_t len;
    const char *text = request_variable(request, "version", &len);

    *version = 0;
    return len == 0 || (text[0] >= '1' && text[0] <= '9' && num_parse_i64(text, len, version));
}

enum result path_model_look(struct service *service, const struct request *request,
                            const struct model **model, struct reason *why)
{
    int64_t version;

    *model = NULL;
    if (!path_model_version(request, &version))
        return RESULT_MISSING;
    if (version > 0)
        return registry_version(service->registry, request->name, request->name_len, version,
                                model, why);
    *model = registry_find(service->registry, request->name, request->name_len);
    return *model != NULL ? RESULT_OK : RESULT_MISSING;
}

bool path_model_find(struct service *service, const struct request *request,
                     struct reply *reply, const struct model **model)
{
    struct reason why;
    enum result result = path_model_look(service, request, model, &why);

    if (result != RESULT_OK && result != RESULT_MISSING)
        reply_refuse_result(reply, result, &why);
    else if (registry_find(service->registry, request->name, request->name_len) == NULL)
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such model. GET /models lists the ones that there are.");
    else if (result == RESULT_MISSING)
        reply_refuse(reply, REPLY_NOT_FOUND, "The model %.*s has no such version.",
                     (int)request->name_len, request->name);
    return result == RESULT_OK;
}

bool path_model_serves(const struct model *model, struct reply *reply)
{
    if (model->image != NULL)
        return true;
    reply_refuse(reply, REPLY_UNAVAILABLE, "The model %s cannot be served now.",
                 model->row.name);
    return false;
}
