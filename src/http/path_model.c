/*
 * path_model.c: the model that a path names, and perhaps its version.
 */
#include "http/path_model.h"

#include <inttypes.h>

#include "base/num.h"

bool path_model_has_version(const struct request *request)
{
    size_t len;

    request_variable(request, "version", &len);
    return len > 0;
}

static void refuse_model(struct reply *reply)
{
    reply_refuse(reply, REPLY_NOT_FOUND,
                 "There is no such model. GET /models lists the ones that there are.");
}

/* The version of a model that is served. */
static bool version_find(struct service *service, const struct request *request,
                         struct reply *reply, const struct model **model)
{
    enum result result = RESULT_MISSING;
    struct reason why;
    const char *text;
    int64_t version;
    size_t len;

    text = request_variable(request, "version", &len);
    if (text[0] >= '1' && text[0] <= '9' && num_parse_i64(text, len, &version))
        result = registry_version(service->registry, request->name, request->name_len, version,
                                  model, &why);
    if (result == RESULT_MISSING)
        reply_refuse(reply, REPLY_NOT_FOUND, "The model %.*s has no such version.",
                     (int)request->name_len, request->name);
    else if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
    return result == RESULT_OK;
}

bool path_model_find(struct service *service, const struct request *request,
                     struct reply *reply, const struct model **model)
{
    *model = registry_find(service->registry, request->name, request->name_len);
    if (*model == NULL)
        refuse_model(reply);
    if (*model == NULL || !path_model_has_version(request))
        return *model != NULL;
    return version_find(service, request, reply, model);
}
