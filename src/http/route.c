/*
 * route.c: the table of routes.  To add one, add a row and its handler.
 */
#include "http/route.h"

#include <string.h>

#include "http/handlers.h"

static const struct route routes[] = {
    {REQUEST_GET, "/", ROUTE_OPEN, KEY_SCOPE_NONE, ROUTE_BODY_NONE, false, false,
     handle_welcome, "welcome", "What this is, and its routes; a page for a browser"},
    {REQUEST_GET, "/health", ROUTE_OPEN, KEY_SCOPE_NONE, ROUTE_BODY_NONE, false, true,
     handle_health, "health", "Whether the service is well"},
    {REQUEST_GET, "/health/live", ROUTE_OPEN, KEY_SCOPE_NONE, ROUTE_BODY_NONE, false, true,
     handle_live, "live", "Whether the process answers"},
    {REQUEST_GET, "/health/ready", ROUTE_OPEN, KEY_SCOPE_NONE, ROUTE_BODY_NONE, false, true,
     handle_ready, "ready", "Whether predictions can be served"},
    {REQUEST_GET, "/openapi.json", ROUTE_OPEN, KEY_SCOPE_NONE, ROUTE_BODY_NONE, false, false,
     handle_openapi, "openapi", "This interface as OpenAPI 3.1"},
    {REQUEST_GET, "/style.css", ROUTE_OPEN, KEY_SCOPE_NONE, ROUTE_BODY_NONE, false, false,
     handle_style, "style", "The style sheet of the pages"},
    {REQUEST_POST, "/predict", ROUTE_KEY, KEY_SCOPE_PREDICT, ROUTE_BODY_PREDICT, true, false,
     handle_predict, "predict",
     "Predict with the default model, or the one that the body names"},
    {REQUEST_GET, "/models", ROUTE_KEY, KEY_SCOPE_READ, ROUTE_BODY_NONE, false, false,
     handle_models, "models", "The published models that the key may use"},
    {REQUEST_GET, "/models/{name}", ROUTE_KEY, KEY_SCOPE_READ, ROUTE_BODY_NONE, false, false,
     handle_model, "model", "One model: its features, classes and facts"},
    {REQUEST_POST, "/models/{name}/predict", ROUTE_KEY, KEY_SCOPE_PREDICT, ROUTE_BODY_PREDICT,
     true, false, handle_predict, "predictWith", "Predict with this model"},
    {REQUEST_POST, "/models/{name}/explain", ROUTE_KEY, KEY_SCOPE_PREDICT, ROUTE_BODY_EXPLAIN,
     true, false, handle_explain, "explain",
     "Predict with this model, and tell what each feature adds"},
};

size_t route_count(void)
{
    return sizeof(routes) / sizeof(routes[0]);
}

const struct route *route_at(size_t i)
{
    return &routes[i];
}

/* Whether a path is of the pattern, and the segment that stands for {name}. */
static bool matches(const char *pattern, const char *path, const char **name, size_t *name_len)
{
    static const char variable[] = "{name}";

    *name = NULL;
    *name_len = 0;
    while (*pattern != '\0') {
        if (*pattern == '{') {
            *name = path;
            *name_len = strcspn(path, "/");
            if (*name_len == 0)
                return false;
            path += *name_len;
            pattern += sizeof(variable) - 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static void allow_add(struct buf *allow, enum request_method method)
{
    if (allow->len > 0)
        buf_puts(allow, ", ");
    buf_puts(allow, request_method_name(method));
    if (method == REQUEST_GET)
        buf_puts(allow, ", HEAD");
}

const struct route *route_find(struct request *request, struct reply *reply)
{
    struct buf allow = {0};
    const char *name;
    size_t name_len;

    for (size_t i = 0; !request->path_cut && i < route_count(); i++) {
        if (!matches(routes[i].path, request->path, &name, &name_len))
            continue;
        if (routes[i].method == request->method) {
            request->name = name;
            request->name_len = name_len;
            buf_free(&allow);
            return &routes[i];
        }
        allow_add(&allow, routes[i].method);
    }
    if (allow.len > 0) {
        reply_refuse(reply, REPLY_METHOD, "This path takes %s.", allow.data);
        reply_header(reply, "Allow", allow.data);
    } else {
        reply_refuse(reply, REPLY_NOT_FOUND,
                     "There is no such path. GET / lists the ones that there are.");
    }
    buf_free(&allow);
    return NULL;
}
