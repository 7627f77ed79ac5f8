/*
 * openapi.c: the interface as an OpenAPI 3.1 document, made from the table of routes.
 */
#include <stdio.h>
#include <string.h>

#include "http/handlers.h"
#include "http/body.h"
#include "http/openapi_inner.h"

/* Of an answer that counts, as far as the key has limits. */
#define LIMIT_HEADERS                                              \
    "\"RateLimit\":{\"$ref\":\"#/components/headers/RateLimit\"}," \
    "\"RateLimit-Policy\":{\"$ref\":\"#/components/headers/RateLimit-Policy\"}"

/* Of an answer that a job was taken. */
#define JOB_HEADERS                                                              \
    "\"Location\":{\"description\":\"The job\",\"schema\":{\"type\":\"string\"," \
    "\"format\":\"uri-reference\"}},"                                            \
    "\"Retry-After\":{\"$ref\":\"#/components/headers/Retry-After\"}"

/* Of an answer that may be one of before. */
#define REPLAYED_HEADER                                                                       \
    "\"Idempotency-Replayed\":{\"description\":\"true: this is the answer of before, to the " \
    "request with the same Idempotency-Key, and is not charged.\","                           \
    "\"schema\":{\"type\":\"string\",\"const\":\"true\"}}"

#define SCHEMA(name) "{\"schema\":{\"$ref\":\"#/components/schemas/" name "\"}}"

/* Of predictions, which are sealed for who asks for that. */
#define SEALED_CONTENT(name)         \
    "{\"application/json\":" SCHEMA( \
        name) ","                    \
              "\"application/jose\":{\"schema\":{\"type\":\"string\"}}}"

/* What has happened over time: a list of steps, and these members beside it. */
#define TREND_CONTENT(list, members, required, more)                                           \
    "{\"application/json\":{\"schema\":{\"type\":\"object\",\"required\":[\"" list             \
    "\",\"step_seconds\",\"since\",\"until\",\"calls\",\"complete_from\"],\"properties\":{"    \
    "\"" list "\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"at\","    \
    "\"calls\"," required                                                                      \
    "],\"properties\":{\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"calls\":"       \
    "{\"type\":\"integer\"}," members "}}}," more "\"step_seconds\":{\"type\":\"integer\"},"   \
    "\"since\":{\"type\":\"string\",\"format\":\"date-time\"},\"until\":{\"type\":\"string\"," \
    "\"format\":\"date-time\"},\"calls\":{\"type\":\"integer\",\"description\":\"How many "    \
    "were read\"},"                                                                            \
    "\"complete_from\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\","              \
    "\"description\":"                                                                         \
    "\"From this step on all were read; null: in every step\"}}}}}"
#define MILLISECONDS "{\"type\":[\"number\",\"null\"]}"

#define CALLS_CONTENT                                           \
    "{\"application/json\":{\"schema\":{\"type\":\"object\"}}," \
    "\"text/csv\":{\"schema\":{\"type\":\"string\"}}}"

/* And of files of rows, which are answered with such, or by what Accept says. */
#define ROWS_CONTENT "\"text/csv\":{},\"application/x-npy\":{}"

/* ---- answers ---- */

static void code_print(char out[4], enum reply_status status)
{
    snprintf(out, 4, "%03u", reply_code(status) % 1000);
}

/* What a good answer has for a body, by its operation. */
static const struct {
    const char *operation, *content;
} contents[] = {
    {"style", "{\"text/css\":{\"schema\":{\"type\":\"string\"}}}"},
    {"setup", "{\"text/html\":{\"schema\":{\"type\":\"string\"}}}"},
    {"setupScript", "{\"text/javascript\":{\"schema\":{\"type\":\"string\"}}}"},
    {"token", "{\"application/json\":" SCHEMA("Tokens") "}"},
    {"myCalls", CALLS_CONTENT},
    {"listCalls", CALLS_CONTENT},
    {"getLatency",
     TREND_CONTENT("latency",
                   "\"mean_ms\":" MILLISECONDS ",\"p50_ms\":" MILLISECONDS
                   ",\"p90_ms\":" MILLISECONDS ",\"p99_ms\":" MILLISECONDS
                   ",\"max_ms\":" MILLISECONDS,
                   "\"mean_ms\",\"p50_ms\",\"p90_ms\",\"p99_ms\",\"max_ms\"", "")},
    {"getOutcomes",
     TREND_CONTENT("outcomes",
                   "\"counts\":{\"type\":\"object\",\"additionalProperties\":"
                   "{\"type\":\"integer\"}},\"others\":{\"type\":\"integer\"}",
                   "\"counts\",\"others\"",
                   "\"by\":{\"enum\":[\"status\",\"class\",\"model\",\"key\"]},"
                   "\"names\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},")},
    {"login", "{\"application/json\":" SCHEMA("LoginTokens") "}"},
    {"listJobs", "{\"application/json\":" SCHEMA("Jobs") "}"},
    {"getJob", SEALED_CONTENT("Job")},
    {"getJobResult",
     "{\"application/json\":" SCHEMA(
         "Prediction") ","
                       "\"application/jose\":{\"schema\":{\"type\":\"string\"}},"
                       "\"text/csv\":{},\"application/x-npy\":{}}"},
    {"feedback", "{\"application/json\":" SCHEMA("FeedbackDone") "}"},
    {"metrics", "{\"text/plain\":{\"schema\":{\"type\":\"string\"}},"
                "\"application/openmetrics-text\":{\"schema\":{\"type\":\"string\"}}}"},
    {"draw", "{\"image/svg+xml\":{\"schema\":{\"type\":\"string\"}}}"},
    {"exportKept", "{\"text/csv\":{\"schema\":{\"type\":\"string\"}}}"},
};

static const char *good_content(const struct route *route, enum reply_status status)
{
    if (status == REPLY_ACCEPTED)
        return "{\"application/json\":" SCHEMA("JobTaken") "}";
    if (route->body == ROUTE_BODY_EXPLAIN)
        return SEALED_CONTENT("Explanation");
    if (route->body == ROUTE_BODY_PREDICT)
        return "{\"application/json\":" SCHEMA(
            "Prediction") ",\"application/"
                          "jose\":{\"schema\":{\"type\":\"string\"}}," ROWS_CONTENT "}";
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
        if (strcmp(route->operation, contents[i].operation) == 0)
            return contents[i].content;
    return "{\"application/json\":{\"schema\":{\"type\":\"object\"}}}";
}

static void good_response(struct json_writer *writer, const struct route *route,
                          enum reply_status status)
{
    char code[4];

    code_print(code, status);
    json_write_key(writer, code);
    json_write_object(writer);
    json_member_string(writer, "description", route->summary);
    if (status == REPLY_ACCEPTED)
        openapi_raw(writer, "headers",
                    "{" JOB_HEADERS "," LIMIT_HEADERS "," REPLAYED_HEADER "}");
    else if (route->metered)
        openapi_raw(writer, "headers",
                    route->replays ? "{" LIMIT_HEADERS "," REPLAYED_HEADER "}"
                                   : "{" LIMIT_HEADERS "}");
    if (status != REPLY_NO_CONTENT)
        openapi_raw(writer, "content", good_content(route, status));
    json_write_object_end(writer);
}

static void problem_response(struct json_writer *writer, enum reply_status status)
{
    char code[4];

    code_print(code, status);
    json_write_key(writer, code);
    json_write_object(writer);
    json_member_string(writer, "description", reply_title(status));
    if (status == REPLY_LIMITED || status == REPLY_UNAVAILABLE)
        openapi_raw(writer, "headers",
                    status == REPLY_LIMITED
                        ? "{\"Retry-After\":{\"$ref\":\"#/components/headers/"
                          "Retry-After\"}," LIMIT_HEADERS "}"
                        : "{\"Retry-After\":{\"$ref\":\"#/components/headers/"
                          "Retry-After\"}}");
    openapi_raw(writer, "content", "{\"application/problem+json\":" SCHEMA("Problem") "}");
    json_write_object_end(writer);
}

/* Whether a route can refuse with a status: what its row has it look at. */
static bool refuses(const struct route *route, enum reply_status status)
{
    bool form = route->form != NULL || route->query != NULL;
    bool body = route->body != ROUTE_BODY_NONE, open = route->credential == ROUTE_OPEN;
    bool secret = route->form != NULL && form_has_secret(route->form);

    switch (status) {
    case REPLY_UNAUTHORIZED: /* also of a password that logs in */
        return !open || (secret && route->good != REPLY_CREATED);
    case REPLY_FORBIDDEN: /* also of who may not register, or is not active */
        return !open || secret;
    case REPLY_NOT_FOUND:
        return route->body == ROUTE_BODY_FEEDBACK || strchr(route->path, '{') != NULL;
    case REPLY_CONFLICT:
        return route->replays || (route->method != REQUEST_GET && !route->metered &&
                                  (!open || route->good == REPLY_CREATED));
    case REPLY_MALFORMED:
    case REPLY_UNPROCESSABLE:
        return body || form;
    case REPLY_TOO_LARGE:
    case REPLY_TYPE:
        return body;
    case REPLY_LIMITED:
        return !route->uncounted;
    case REPLY_UNAVAILABLE:
        return strcmp(route->path, "/health") != 0 && strcmp(route->path, "/health/live") != 0;
    default:
        return false;
    }
}

static void responses(struct json_writer *writer, const struct route *route)
{
    json_write_key(writer, "responses");
    json_write_object(writer);
    good_response(writer, route, route->good);
    if (route->makes)
        good_response(writer, route, REPLY_CREATED);
    if (route->defers == ROUTE_DEFERS_PREFERRED)
        good_response(writer, route, REPLY_ACCEPTED);
    for (int status = 0; status < REPLY_STATUS__MAX; status++)
        if (refuses(route, (enum reply_status)status))
            problem_response(writer, (enum reply_status)status);
    json_write_object_end(writer);
}

/* ---- who may ---- */

/* One alternative; for what is no OAuth the names beside it are what the credential needs. */
static void scheme(struct json_writer *writer, const char *name, const char *scope)
{
    json_write_object(writer);
    json_write_key(writer, name);
    json_write_array(writer);
    if (scope[0] != '\0')
        json_write_string(writer, scope);
    json_write_array_end(writer);
    json_write_object_end(writer);
}

static void security(struct json_writer *writer, const struct route *route)
{
    char scope[KEY_SCOPES_MAX + 1];

    key_scopes_print(scope, (unsigned)route->scope);
    json_write_key(writer, "security");
    json_write_array(writer);
    if (route->credential != ROUTE_OPEN && route->credential != ROUTE_LOGIN)
        scheme(writer, "key", scope);
    if (route->credential != ROUTE_OPEN) {
        scheme(writer, "bearer", scope);
        if (openapi_has_login())
            scheme(writer, "login", "");
    }
    if (route->credential == ROUTE_OPTIONAL)
        json_write_raw(writer, "{}", 2);
    json_write_array_end(writer);
}

/* What of a credential the route asks for, in words. */
static void description(struct json_writer *writer, const struct route *route)
{
    static const char *const words[ROUTE_CREDENTIAL__MAX] = {
        [ROUTE_OPEN] = "",
        [ROUTE_OPTIONAL] = "A key or a token is not needed, but has to be valid.",
        [ROUTE_CALLER] = "",
        [ROUTE_OWNER] = "For users: a token, or a key that has an owner.",
        [ROUTE_LOGIN] = "For users who have logged in: a token, and not a key.",
    };
    char scope[KEY_SCOPES_MAX + 1], text[KEY_SCOPES_MAX + 128];
    const char *who = words[route->credential];

    key_scopes_print(scope, (unsigned)route->scope);
    snprintf(
        text, sizeof(text), "%s%s%s%s%s", who, who[0] != '\0' && scope[0] != '\0' ? " " : "",
        scope[0] != '\0' ? "The key needs the scope " : "", scope, scope[0] != '\0' ? "." : "");
    if (text[0] != '\0')
        json_member_string(writer, "description", text);
}

/* ---- what it takes ---- */

static void path_parameters(struct json_writer *writer, const char *path)
{
    for (path = strchr(path, '{'); path != NULL; path = strchr(path, '{')) {
        size_t len = strcspn(++path, "}");

        json_write_object(writer);
        json_write_key(writer, "name");
        json_write_string_n(writer, path, len);
        json_member_string(writer, "in", "path");
        json_member_bool(writer, "required", true);
        json_write_key(writer, "schema");
        json_write_object(writer);
        json_member_string(writer, "type", "string");
        json_member_u64(writer, "maxLength", REQUEST_VARIABLE_MAX);
        json_write_object_end(writer);
        json_write_object_end(writer);
    }
}

static void query_parameters(struct json_writer *writer, const struct form *query)
{
    for (size_t i = 0; query != NULL && i < query->count; i++) {
        const struct form_field *field = &query->fields[i];

        json_write_object(writer);
        json_member_string(writer, "name", field->name);
        json_member_string(writer, "in", "query");
        json_member_bool(writer, "required", field->required);
        json_write_key(writer, "schema");
        openapi_field(writer, field, false);
        json_write_object_end(writer);
    }
}

static const char prefer[] =
    "{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"respond-async: have it made as a "
    "job, for which a key needs the scope jobs too\",\"schema\":{\"type\":\"string\"}}";

/* A repetition under the same key is answered as the first was. */
static void key_parameter(struct json_writer *writer)
{
    json_write_object(writer);
    json_member_string(writer, "name", "Idempotency-Key");
    json_member_string(writer, "in", "header");
    json_member_bool(writer, "required", false);
    json_member_string(
        writer, "description",
        "Made up by the client, and the same when it sends the request again: "
        "then it has the answer of before, with Idempotency-Replayed, and is not "
        "charged once more. The same key with another request is a 422, and a "
        "409 while the first is being served.");
    openapi_raw(writer, "schema",
                "{\"type\":\"string\",\"minLength\":1,\"maxLength\":512,"
                "\"examples\":[\"\\\"8e03978e-40d5-43dd-bc93-6894a57f9324\\\"\"]}");
    json_write_object_end(writer);
}

static void parameters(struct json_writer *writer, const struct route *route)
{
    if (strchr(route->path, '{') == NULL && route->query == NULL && route->bulk == NULL &&
        !route->replays && route->defers != ROUTE_DEFERS_PREFERRED)
        return;
    json_write_key(writer, "parameters");
    json_write_array(writer);
    path_parameters(writer, route->path);
    query_parameters(writer, route->query);
    query_parameters(writer, route->bulk);
    if (route->defers == ROUTE_DEFERS_PREFERRED)
        json_write_raw(writer, prefer, sizeof(prefer) - 1);
    if (route->replays)
        key_parameter(writer);
    json_write_array_end(writer);
}

/* The schema of a body of this type. */
static void content(struct json_writer *writer, const char *type, const char *schema)
{
    char reference[128];

    json_write_key(writer, type);
    json_write_object(writer);
    if (schema != NULL) {
        snprintf(reference, sizeof(reference), "#/components/schemas/%s", schema);
        json_write_key(writer, "schema");
        json_write_object(writer);
        json_member_string(writer, "$ref", reference);
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

static void request_body(struct json_writer *writer, const struct route *route)
{
    static const char json[] = "application/json", octets[] = "application/octet-stream";
    const char *schema = route->form != NULL ? route->form->name : NULL;

    if (route->body == ROUTE_BODY_NONE)
        return;
    if (route->body == ROUTE_BODY_PREDICT)
        schema = route->defers == ROUTE_DEFERS_ALWAYS ? "PredictLater" : "Predict";
    if (route->body == ROUTE_BODY_EXPLAIN)
        schema = "Explain";
    if (route->body == ROUTE_BODY_ROW)
        schema = "Predict";
    if (route->body == ROUTE_BODY_FEEDBACK)
        schema = "Feedback";
    json_write_key(writer, "requestBody");
    json_write_object(writer);
    json_member_bool(writer, "required",
                     route->form == NULL || openapi_form_needed(route->form));
    json_write_key(writer, "content");
    json_write_object(writer);
    if (route->body == ROUTE_BODY_OAUTH)
        content(writer, "application/x-www-form-urlencoded", schema);
    if (route->body == ROUTE_BODY_TENSORS)
        content(writer, octets, NULL);
    if (route->body != ROUTE_BODY_ROWS)
        content(writer, route->body == ROUTE_BODY_IMAGE ? octets : json, schema);
    if (route->bulk != NULL || route->body == ROUTE_BODY_ROWS) {
        content(writer, body_csv, NULL);
        content(writer, body_npy, NULL);
    }
    json_write_object_end(writer);
    json_write_object_end(writer);
}

void openapi_operation(struct json_writer *writer, const struct route *route)
{
    static const char *const methods[REQUEST_METHOD_OTHER] = {
        [REQUEST_GET] = "get",
        [REQUEST_POST] = "post",
        [REQUEST_PUT] = "put",
        [REQUEST_DELETE] = "delete",
    };

    json_write_key(writer, methods[route->method]);
    json_write_object(writer);
    json_member_string(writer, "operationId", route->operation);
    json_member_string(writer, "summary", route->summary);
    description(writer, route);
    security(writer, route);
    parameters(writer, route);
    request_body(writer, route);
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
                openapi_operation(writer, route_at(j));
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
    openapi_raw(&writer, "servers", "[{\"url\":\".\"}]");
    paths(&writer);
    openapi_components(&writer);
    json_write_object_end(&writer);
}
