/*
 * openapi.c: the interface as an OpenAPI 3.1 document, made from the table of routes.
 */
#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "http/handlers.h"
#include "http/route.h"

/* The schemas that do not depend on the routes. */
static const char schemas[] =
    "{\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457 problem details\","
    "\"required\":[\"type\",\"title\",\"status\",\"error\",\"detail\",\"request_id\","
    "\"timestamp\"],\"properties\":{"
    "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"error\":{\"type\":\"string\"},"
    "\"detail\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},"
    "\"timestamp\":{\"type\":\"string\",\"format\":\"date-time\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"field\",\"problem\",\"allowed\"],\"properties\":{"
    "\"field\":{\"type\":\"string\"},\"problem\":{\"type\":\"string\"},"
    "\"allowed\":{\"type\":\"string\"}}}},"
    "\"violated-policies\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}},"
    "\"Row\":{\"description\":\"The features of one row, by position or by name; the member "
    "schema of GET /models/{name} says which values each takes\","
    "\"oneOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Value\"}},"
    "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/components/schemas/"
    "Value\"}}]},"
    "\"Value\":{\"description\":\"A number; true or false; a category's name; null where it "
    "is missing\",\"type\":[\"number\",\"boolean\",\"string\",\"null\"]},"
    "\"Warning\":{\"type\":\"object\",\"required\":[\"field\",\"problem\",\"allowed\"],"
    "\"properties\":{\"field\":{\"type\":\"string\"},\"problem\":{\"type\":\"string\"},"
    "\"allowed\":{\"type\":\"string\"}}},"
    "\"Predict\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"model\":{\"type\":\"string\"},\"features\":{\"$ref\":\"#/components/schemas/Row\"},"
    "\"text\":{\"$ref\":\"#/components/schemas/Text\"},"
    "\"instances\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":["
    "{\"$ref\":\"#/components/schemas/Row\"},{\"$ref\":\"#/components/schemas/Text\"},"
    "{\"type\":\"object\",\"required\":[\"text\"],\"additionalProperties\":false,"
    "\"properties\":{\"text\":{\"$ref\":\"#/components/schemas/Text\"}}}]}},"
    "\"outputs\":{\"type\":\"array\",\"description\":\"What is answered beside the "
    "prediction\","
    "\"default\":[\"label\",\"probabilities\"],\"items\":{\"enum\":[\"label\","
    "\"probabilities\","
    "\"margin\",\"leaves\"]}}},"
    "\"oneOf\":[{\"required\":[\"features\"]},{\"required\":[\"text\"]},"
    "{\"required\":[\"instances\"]}],"
    "\"examples\":[{\"features\":[5.1,3.5,1.4,0.2]},{\"text\":\"What a lovely day\"}]},"
    "\"Text\":{\"type\":\"string\",\"minLength\":10,\"maxLength\":5000,"
    "\"description\":\"For a model that takes texts: characters without the space around "
    "them, with a letter or digit among them\"},"
    "\"Explain\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"model\":{\"type\":\"string\"},\"features\":{\"$ref\":\"#/components/schemas/Row\"},"
    "\"instances\":{\"type\":\"array\",\"minItems\":1,"
    "\"items\":{\"$ref\":\"#/components/schemas/Row\"}},"
    "\"classes\":{\"enum\":[\"predicted\",\"all\"],\"default\":\"predicted\","
    "\"description\":\"Which classes to explain\"}},"
    "\"oneOf\":[{\"required\":[\"features\"]},{\"required\":[\"instances\"]}],"
    "\"examples\":[{\"features\":[5.1,3.5,1.4,0.2]}]},"
    "\"Explanation\":{\"description\":\"The prediction, and how its margin comes about: bias "
    "and contributions sum to the margin\",\"allOf\":[{\"$ref\":\"#/components/schemas/"
    "Prediction\"},{\"type\":\"object\",\"properties\":{"
    "\"class\":{\"type\":\"integer\",\"description\":\"The class that is explained\"},"
    "\"margin\":{\"type\":\"number\"},"
    "\"bias\":{\"type\":\"number\",\"description\":\"The mean over the training rows\"},"
    "\"contributions\":{\"description\":\"What each feature adds: by name, or for instances a "
    "list for each, in the order of features\",\"type\":[\"object\",\"array\"]},"
    "\"explanations\":{\"type\":\"array\",\"description\":\"The four above for each class or "
    "value, where all are explained\",\"items\":{\"type\":\"object\"}},"
    "\"features\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"classes\":{\"type\":\"array\"},\"margins\":{\"type\":\"array\"},"
    "\"biases\":{\"type\":\"array\"}}}]},"
    "\"Prediction\":{\"type\":\"object\",\"required\":[\"model\",\"version\"],\"properties\":{"
    "\"prediction\":{\"type\":[\"number\",\"array\"],\"description\":\"The class index, or the "
    "value; a list where the model has several targets, as for label and probabilities\"},"
    "\"label\":{\"type\":[\"string\",\"array\"]},"
    "\"probabilities\":{\"type\":\"array\",\"description\":\"In the order of the classes; a "
    "list of such for instances\"},"
    "\"score\":{\"type\":\"number\",\"description\":\"Of an anomaly\"},"
    "\"margin\":{\"type\":[\"number\",\"array\"],\"description\":\"What the trees sum to\"},"
    "\"leaves\":{\"type\":\"array\",\"description\":\"The leaf of each tree\"},"
    "\"predictions\":{\"type\":\"array\"},\"labels\":{\"type\":\"array\"},"
    "\"scores\":{\"type\":\"array\"},\"margins\":{\"type\":\"array\"},"
    "\"targets\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"warnings\":{\"type\":\"array\",\"maxItems\":20,\"description\":\"Values outside of what "
    "training saw\",\"items\":{\"$ref\":\"#/components/schemas/Warning\"}},"
    "\"model\":{\"type\":\"string\"},\"version\":{\"type\":\"integer\"}}}}";

static const char schemes[] =
    "{\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"},"
    "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}";

/* Of an answer that counts, as far as the key has limits. */
#define LIMIT_HEADERS                                              \
    "\"RateLimit\":{\"$ref\":\"#/components/headers/RateLimit\"}," \
    "\"RateLimit-Policy\":{\"$ref\":\"#/components/headers/RateLimit-Policy\"}"

static const char headers[] =
    "{\"Retry-After\":{\"description\":\"Seconds, after which it is worth to ask again\","
    "\"schema\":{\"type\":\"integer\"}},"
    "\"RateLimit\":{\"description\":\"What each policy leaves (r) and when there is more "
    "(t, seconds); draft-ietf-httpapi-ratelimit-headers\",\"schema\":{\"type\":\"string\"},"
    "\"example\":\"\\\"60s\\\";r=99;t=60, \\\"day\\\";r=9999;t=3600\"},"
    "\"RateLimit-Policy\":{\"description\":\"The limits of the key, unless it has none\","
    "\"schema\":{\"type\":\"string\"},"
    "\"example\":\"\\\"60s\\\";q=100;w=60, \\\"day\\\";q=10000;w=86400\"}}";

static void raw(struct json_writer *writer, const char *key, const char *json)
{
    json_write_key(writer, key);
    json_write_raw(writer, json, strlen(json));
}

static void good_response(struct json_writer *writer, const struct route *route)
{
    json_write_key(writer, "200");
    json_write_object(writer);
    json_member_string(writer, "description", route->summary);
    if (route->metered)
        raw(writer, "headers", "{" LIMIT_HEADERS "}");
    if (route->body == ROUTE_BODY_EXPLAIN)
        raw(writer, "content",
            "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
            "Explanation\"}}}");
    else if (route->body == ROUTE_BODY_PREDICT)
        raw(writer, "content",
            "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
            "Prediction\"}}}");
    else if (strcmp(route->path, "/style.css") == 0)
        raw(writer, "content", "{\"text/css\":{\"schema\":{\"type\":\"string\"}}}");
    else
        raw(writer, "content", "{\"application/json\":{\"schema\":{\"type\":\"object\"}}}");
    json_write_object_end(writer);
}

static void problem_response(struct json_writer *writer, enum reply_status status)
{
    char code[4] = {0};
    unsigned number = reply_code(status);

    for (int i = 2; i >= 0; i--, number /= 10)
        code[i] = (char)('0' + number % 10);
    json_write_key(writer, code);
    json_write_object(writer);
    json_member_string(writer, "description", reply_title(status));
    if (status == REPLY_LIMITED || status == REPLY_UNAVAILABLE)
        raw(writer, "headers",
            status == REPLY_LIMITED
                ? "{\"Retry-After\":{\"$ref\":\"#/components/headers/"
                  "Retry-After\"}," LIMIT_HEADERS "}"
                : "{\"Retry-After\":{\"$ref\":\"#/components/headers/Retry-After\"}}");
    raw(writer, "content",
        "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
        "Problem\"}}}");
    json_write_object_end(writer);
}

static void responses(struct json_writer *writer, const struct route *route)
{
    json_write_key(writer, "responses");
    json_write_object(writer);
    good_response(writer, route);
    if (route->credential != ROUTE_OPEN) {
        problem_response(writer, REPLY_UNAUTHORIZED);
        problem_response(writer, REPLY_FORBIDDEN);
    }
    if (!route->uncounted)
        problem_response(writer, REPLY_LIMITED);
    if (strcmp(route->path, "/health") != 0 && strcmp(route->path, "/health/live") != 0)
        problem_response(writer, REPLY_UNAVAILABLE);
    if (strchr(route->path, '{') != NULL)
        problem_response(writer, REPLY_NOT_FOUND);
    if (route->body != ROUTE_BODY_NONE) {
        problem_response(writer, REPLY_MALFORMED);
        problem_response(writer, REPLY_TOO_LARGE);
        problem_response(writer, REPLY_TYPE);
        problem_response(writer, REPLY_UNPROCESSABLE);
    }
    json_write_object_end(writer);
}

/* For what is no OAuth the names beside a scheme are roles that the credential needs. */
static void security(struct json_writer *writer, const struct route *route)
{
    static const char *const scheme_names[] = {"key", "bearer"};
    char scope[KEY_SCOPES_MAX + 1];

    key_scopes_print(scope, (unsigned)route->scope);
    json_write_key(writer, "security");
    json_write_array(writer);
    for (size_t i = 0; route->credential != ROUTE_OPEN && i < 2; i++) {
        json_write_object(writer);
        json_write_key(writer, scheme_names[i]);
        json_write_array(writer);
        json_write_string(writer, scope);
        json_write_array_end(writer);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

/* What of a key the route asks for, in words. */
static void scope_description(struct json_writer *writer, const struct route *route)
{
    char scope[KEY_SCOPES_MAX + 1], text[KEY_SCOPES_MAX + 64];

    key_scopes_print(scope, (unsigned)route->scope);
    snprintf(text, sizeof(text), "The key needs the scope %s.", scope);
    json_member_string(writer, "description", text);
}

static void operation(struct json_writer *writer, const struct route *route)
{
    json_write_key(writer, route->method == REQUEST_POST ? "post" : "get");
    json_write_object(writer);
    json_member_string(writer, "operationId", route->operation);
    json_member_string(writer, "summary", route->summary);
    if (route->credential != ROUTE_OPEN)
        scope_description(writer, route);
    security(writer, route);
    if (strchr(route->path, '{') != NULL)
        raw(writer, "parameters",
            "[{\"name\":\"name\",\"in\":\"path\",\"required\":true,"
            "\"schema\":{\"type\":\"string\"}}]");
    if (route->body == ROUTE_BODY_EXPLAIN)
        raw(writer, "requestBody",
            "{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
            "\"#/components/schemas/Explain\"}}}}");
    else if (route->body == ROUTE_BODY_PREDICT)
        raw(writer, "requestBody",
            "{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
            "\"#/components/schemas/Predict\"}}}}");
    responses(writer, route);
    json_write_object_end(writer);
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
                operation(writer, route_at(j));
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

void handle_openapi(struct service *service, struct request *request, struct reply *reply)
{
    struct json_writer writer = json_writer_on(&reply->body);

    (void)service;
    (void)request;
    json_write_object(&writer);
    json_member_string(&writer, "openapi", "3.1.0");
    json_write_key(&writer, "info");
    json_write_object(&writer);
    json_member_string(&writer, "title", "Forestgate");
    json_member_string(&writer, "version", FORESTGATE_VERSION);
    json_member_string(&writer, "description",
                       "Predictions of tree ensembles behind a key, counted and limited.");
    json_write_object_end(&writer);
    raw(&writer, "servers", "[{\"url\":\".\"}]");
    paths(&writer);
    json_write_key(&writer, "components");
    json_write_object(&writer);
    raw(&writer, "schemas", schemas);
    raw(&writer, "headers", headers);
    raw(&writer, "securitySchemes", schemes);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
}
