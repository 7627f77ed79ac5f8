/*
 * openapi.c: the interface as an OpenAPI 3.1 document, made from the table of routes.
 *
 * The document is open, and models are not: who shows a credential finds the schemas of the
 * models that it may use in it, and anybody else those that hold for all.
 */
#include <string.h>

#include "http/handlers.h"
#include "http/openapi_inner.h"

static void info(struct json_writer *writer)
{
    json_write_key(writer, "info");
    json_write_object(writer);
    json_member_string(writer, "title", "Forestgate");
    json_member_string(writer, "version", FORESTGATE_VERSION);
    json_member_string(
        writer, "description",
        "Predictions of tree ensembles behind a key, counted and limited. A key goes into "
        "X-API-Key or Authorization: Bearer. Every refusal has the same body, whatever was "
        "asked (RFC 9457). Who asks for this document with a credential finds the models "
        "that it may use described in it.");
    openapi_raw(writer, "license", "{\"name\":\"MIT\",\"identifier\":\"MIT\"}");
    json_write_object_end(writer);
}

/* Those that a route has, once. */
static void tags(struct json_writer *writer)
{
    json_write_key(writer, "tags");
    json_write_array(writer);
    for (size_t i = 0; i < openapi_tag_count(); i++) {
        const struct openapi_tag *tag = openapi_tag_at(i);
        bool used = false;

        for (size_t j = 0; j < route_count() && !used; j++)
            used = openapi_tag_of(route_at(j)) == tag;
        if (!used)
            continue;
        json_write_object(writer);
        json_member_string(writer, "name", tag->name);
        json_member_string(writer, "description", tag->words);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

/* All methods of a path stand together, at the place of its first row. */
static void paths(struct json_writer *writer)
{
    json_write_key(writer, "paths");
    json_write_object(writer);
    for (size_t i = 0; i < route_count(); i++) {
        const char *path = route_at(i)->path;
        bool first = true;

        for (size_t j = 0; j < i && first; j++)
            first = strcmp(route_at(j)->path, path) != 0;
        if (!first)
            continue;
        json_write_key(writer, path);
        json_write_object(writer);
        for (size_t j = i; j < route_count(); j++)
            if (strcmp(route_at(j)->path, path) == 0)
                openapi_operation(writer, route_at(j));
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

void openapi_document(struct json_writer *writer, const struct service *service,
                      const struct request *request)
{
    json_write_object(writer);
    json_member_string(writer, "openapi", "3.1.0");
    info(writer);
    openapi_raw(writer, "servers", "[{\"url\":\".\"}]");
    tags(writer);
    paths(writer);
    openapi_components(writer, service, request);
    json_write_object_end(writer);
}

void handle_openapi(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);

    openapi_document(&writer, service, request);
}
