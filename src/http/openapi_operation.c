/*
 * openapi_operation.c: what a row of the table of routes says of itself, and its operation in
 * the OpenAPI document.
 */
#include <stdio.h>
#include <string.h>

#include "http/body.h"
#include "http/handlers.h"
#include "http/openapi_inner.h"

#define HEADER(name) "\"" name "\":{\"$ref\":\"#/components/headers/" name "\"}"

/* ---- what a row says ---- */

static const struct openapi_tag tags[] = {
    {"Predictions", "/predict", "Rows in, answers out"},
    {"Predictions", "/models", NULL},
    {"Predictions", "/feedback", NULL},
    {"Jobs", "/jobs", "Predictions that are taken now and fetched later"},
    {"Account", "/users/me", "What users see and change of their own"},
    {"Account", "/protected", NULL},
    {"Account", "/secure-data", NULL},
    {"Account", "/decrypt", NULL},
    {"Login", "/auth", "Registering, logging in and out"},
    {"Login", "/login", NULL},
    {"Administration", "/admin/",
     "Users, keys, tiers, models and the call log; for administrators, and for keys with the "
     "scope admin"},
    {"Open Inference Protocol", "/v2",
     "For clients of the protocol's version 2 (KServe, Triton)"},
    {"TensorFlow Serving", "/v1",
     "For clients of TensorFlow Serving and of KServe's version 1"},
    {"MLflow and SageMaker", "/invocations", "For clients of MLflow and Amazon SageMaker"},
    {"MLflow and SageMaker", "/ping", NULL},
    {"MLflow and SageMaker", "/endpoints", NULL},
    {"MLflow and SageMaker", "/version", NULL},
    {"Hugging Face", "/hf", "For clients of Hugging Face's inference of tables"},
    {"Pages", "/ui", "What is for people with a browser"},
    {"Pages", "/account", NULL},
    {"Pages", "/admin", NULL},
    {"Pages", "/setup", NULL},
    {"Pages", "/docs", NULL},
    {"Pages", "/redoc", NULL},
    {"Service", "/", "What this is and how it is"},
};

size_t openapi_tag_count(void)
{
    return sizeof(tags) / sizeof(tags[0]);
}

const struct openapi_tag *openapi_tag_at(size_t i)
{
    return &tags[i];
}

/* The first row of a tag has its words. */
const struct openapi_tag *openapi_tag_of(const struct route *route)
{
    size_t i = 0, first = 0;

    while (strncmp(route->path, tags[i].path, strlen(tags[i].path)) != 0)
        i++;
    while (strcmp(tags[first].name, tags[i].name) != 0)
        first++;
    return &tags[first];
}

/* Whether it is a file that browsers keep by its entity tag. */
static bool is_kept(const struct route *route)
{
    return route->handle == handle_page || route->handle == handle_welcome ||
           route->handle == handle_docs;
}

/* Whether one of its good answers may be of a type. */
static bool has_type(const struct route *route, const char *type)
{
    for (size_t i = 0; i < openapi_answer_count(); i++)
        if (openapi_answer_is_of(openapi_answer_at(i), route) &&
            strcmp(openapi_answer_at(i)->type, type) == 0)
            return true;
    return false;
}

bool openapi_refuses(const struct route *route, enum reply_status status)
{
    const bool form = route->form != NULL || route->query != NULL;
    const bool body = route->body != ROUTE_BODY_NONE, open = route->credential == ROUTE_OPEN;
    const bool secret = route->form != NULL && form_has_secret(route->form);

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
    case REPLY_UNPROCESSABLE: /* also of Accept, where there is nothing to seal */
        return body || form || has_type(route, "application/jose");
    case REPLY_TYPE:
        return body;
    case REPLY_LIMITED:
        return !route->uncounted;
    case REPLY_MALFORMED: /* also of headers, whatever is asked */
    case REPLY_TOO_LARGE: /* also of a body that a route has no use for */
    case REPLY_INTERNAL:
    case REPLY_UNAVAILABLE:
        return true;
    default:
        return false;
    }
}

const char *openapi_body_schema(const struct route *route)
{
    switch (route->body) {
    case ROUTE_BODY_PREDICT:
        if (route->of_model)
            return "PredictWith";
        return route->defers == ROUTE_DEFERS_ALWAYS ? "PredictLater" : "Predict";
    case ROUTE_BODY_ROW:
        return "PredictWith";
    case ROUTE_BODY_EXPLAIN:
        return "Explain";
    case ROUTE_BODY_FEEDBACK:
        return "Feedback";
    case ROUTE_BODY_TENSORS:
        return "V2Infer";
    default:
        if (route->protocol != NULL)
            return route->protocol->name;
        return route->form != NULL ? route->form->name : NULL;
    }
}

void openapi_body_types(const struct route *route, const char *types[OPENAPI_BODY_TYPES])
{
    size_t n = 0;

    if (route->body == ROUTE_BODY_IMAGE)
        types[n++] = "application/octet-stream";
    else if (route->body != ROUTE_BODY_NONE && route->body != ROUTE_BODY_ROWS)
        types[n++] = "application/json";
    if (route->body == ROUTE_BODY_TENSORS)
        types[n++] = "application/octet-stream";
    if (route->body == ROUTE_BODY_OAUTH)
        types[n++] = "application/x-www-form-urlencoded";
    if (route->body == ROUTE_BODY_ROWS || route->bulk != NULL) {
        types[n++] = body_csv;
        if (route->body != ROUTE_BODY_FRAME)
            types[n++] = body_npy;
    }
    types[n] = NULL;
}

bool openapi_body_needed(const struct route *route)
{
    return route->form == NULL || openapi_form_needed(route->form);
}

/* The variables of paths: the first row whose path and name fit. */
static const struct {
    const char *path, *name, *words, *example;
} variables[] = {
    {"/admin/tiers/", "name", "The tier", "gold"},
    {"", "name", "The model", "iris"},
    {"/admin/keys/", "id", "The key's id", "Zx3kP0aBcD9e"},
    {"/users/me/keys/", "id", "The key's id", "Zx3kP0aBcD9e"},
    {"/users/me/sessions/", "id", "The session's id", "6UiQ1lnZdRhFovMV6DJUIQ"},
    {"/admin/users/", "id", "The user's id", "8iVHUfqtbum1"},
    {"/admin/invitations/", "id", "The invitation's id", "0QIGvNkZjCdY"},
    {"/jobs/", "id", "The job's job_uuid", "01a2025e-ac36-7be9-b018-0ea4b79c425e"},
    {"/admin/models/", "version", "The number of the version", "3"},
    {"", "version", "The number of the version", "1"},
    {"/docs/", "file", "The file's name", "swagger-ui.css"},
    {"", "file", "The file's name", "style.css"},
    {"", "", "", "it"},
};

static size_t variable_find(const struct route *route, const char *name, size_t len)
{
    const size_t last = sizeof(variables) / sizeof(variables[0]) - 1;
    size_t i = 0;

    while (i < last &&
           (strncmp(route->path, variables[i].path, strlen(variables[i].path)) != 0 ||
            strlen(variables[i].name) != len || strncmp(variables[i].name, name, len) != 0))
        i++;
    return i;
}

const char *openapi_variable_words(const struct route *route, const char *name, size_t len)
{
    return variables[variable_find(route, name, len)].words;
}

const char *openapi_variable_example(const struct route *route, const char *name, size_t len)
{
    return variables[variable_find(route, name, len)].example;
}

void openapi_credential_print(char out[OPENAPI_WORDS_MAX], const struct route *route)
{
    static const char *const words[ROUTE_CREDENTIAL__MAX] = {
        [ROUTE_OPEN] = "",
        [ROUTE_OPTIONAL] = "A key or a token is not needed, but has to be valid.",
        [ROUTE_CALLER] = "",
        [ROUTE_OWNER] = "For users: a token, or a key that has an owner.",
        [ROUTE_LOGIN] = "For users who have logged in: a token, and not a key.",
    };
    char scope[KEY_SCOPES_MAX + 1];
    const char *who = words[route->credential];

    key_scopes_print(scope, (unsigned)route->scope);
    snprintf(out, OPENAPI_WORDS_MAX, "%s%s%s%s%s", who,
             who[0] != '\0' && scope[0] != '\0' ? " " : "",
             scope[0] != '\0' ? "The key needs the scope " : "", scope,
             scope[0] != '\0' ? "." : "");
}

/* ---- answers ---- */

static void code_print(char out[4], enum reply_status status)
{
    snprintf(out, 4, "%03u", reply_code(status) % 1000);
}

/* One type of a good answer's body. */
static void content(struct json_writer *writer, const struct route *route, const char *type,
                    const char *shape)
{
    const struct openapi_example *example = openapi_example_of(route->operation);

    json_write_key(writer, type);
    json_write_object(writer);
    json_write_key(writer, "schema");
    shape_write_schema(writer, shape);
    if (strcmp(type, "application/json") == 0 && example != NULL && example->answer != NULL)
        openapi_raw(writer, "example", example->answer);
    json_write_object_end(writer);
}

static void good_content(struct json_writer *writer, const struct route *route,
                         enum reply_status status)
{
    json_write_key(writer, "content");
    json_write_object(writer);
    for (size_t i = 0; i < openapi_answer_count(); i++) {
        const struct openapi_answer *answer = openapi_answer_at(i);

        if (openapi_answer_is_of(answer, route) &&
            (status != REPLY_ACCEPTED || route->defers == ROUTE_DEFERS_ALWAYS))
            content(writer, route, answer->type, answer->shape);
    }
    if (status == REPLY_ACCEPTED && route->defers == ROUTE_DEFERS_PREFERRED)
        openapi_raw(writer, "application/json",
                    "{\"schema\":{\"$ref\":\"#/components/schemas/JobTaken\"}}");
    json_write_object_end(writer);
}

static const char *good_headers(const struct route *route, enum reply_status status)
{
    if (status == REPLY_ACCEPTED)
        return "{" HEADER("Location") "," HEADER("Retry-After") "," HEADER(
            "RateLimit") "," HEADER("RateLimit-Policy") "," HEADER("Idempotency-Replayed") "}";
    if (is_kept(route))
        return "{" HEADER("ETag") "}";
    if (!route->metered)
        return NULL;
    return route->replays ? "{" HEADER("RateLimit") "," HEADER("RateLimit-Policy") "," HEADER(
                                "Idempotency-Replayed") "}"
                          : "{" HEADER("RateLimit") "," HEADER("RateLimit-Policy") "}";
}

static void good_response(struct json_writer *writer, const struct route *route,
                          enum reply_status status)
{
    const char *headers = good_headers(route, status);
    char code[4];

    code_print(code, status);
    json_write_key(writer, code);
    json_write_object(writer);
    json_member_string(writer, "description", reply_title(status));
    if (headers != NULL)
        openapi_raw(writer, "headers", headers);
    if (status != REPLY_NO_CONTENT && status != REPLY_NOT_MODIFIED)
        good_content(writer, route, status);
    json_write_object_end(writer);
}

static void responses(struct json_writer *writer, const struct route *route)
{
    char code[4], reference[64];

    json_write_key(writer, "responses");
    json_write_object(writer);
    good_response(writer, route, route->good);
    if (route->makes)
        good_response(writer, route, REPLY_CREATED);
    if (route->defers == ROUTE_DEFERS_PREFERRED)
        good_response(writer, route, REPLY_ACCEPTED);
    if (is_kept(route))
        good_response(writer, route, REPLY_NOT_MODIFIED);
    for (int status = 0; status < REPLY_STATUS__MAX; status++) {
        if (!openapi_refuses(route, (enum reply_status)status))
            continue;
        code_print(code, (enum reply_status)status);
        snprintf(reference, sizeof(reference), "{\"$ref\":\"#/components/responses/%s\"}",
                 code);
        openapi_raw(writer, code, reference);
    }
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

/* ---- what it takes ---- */

static void path_parameters(struct json_writer *writer, const struct route *route)
{
    const char *path = route->path;

    for (path = strchr(path, '{'); path != NULL; path = strchr(path, '{')) {
        size_t len = strcspn(++path, "}");

        json_write_object(writer);
        json_write_key(writer, "name");
        json_write_string_n(writer, path, len);
        json_member_string(writer, "in", "path");
        json_member_bool(writer, "required", true);
        json_member_string(writer, "description", openapi_variable_words(route, path, len));
        json_write_key(writer, "schema");
        json_write_object(writer);
        json_member_string(writer, "type", "string");
        json_member_u64(writer, "minLength", 1);
        json_member_u64(writer, "maxLength", REQUEST_VARIABLE_MAX);
        json_write_object_end(writer);
        json_member_string(writer, "example", openapi_variable_example(route, path, len));
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
        if (field->help != NULL)
            json_member_string(writer, "description", field->help);
        json_write_key(writer, "schema");
        openapi_field(writer, field, false);
        json_write_object_end(writer);
    }
}

static void parameters(struct json_writer *writer, const struct route *route)
{
    static const char prefer[] = "{\"$ref\":\"#/components/parameters/Prefer\"}";
    static const char key[] = "{\"$ref\":\"#/components/parameters/Idempotency-Key\"}";

    if (strchr(route->path, '{') == NULL && route->query == NULL && route->bulk == NULL &&
        !route->replays && route->defers != ROUTE_DEFERS_PREFERRED)
        return;
    json_write_key(writer, "parameters");
    json_write_array(writer);
    path_parameters(writer, route);
    query_parameters(writer, route->query);
    if (route->bulk != route->query)
        query_parameters(writer, route->bulk);
    if (route->defers == ROUTE_DEFERS_PREFERRED)
        json_write_raw(writer, prefer, sizeof(prefer) - 1);
    if (route->replays)
        json_write_raw(writer, key, sizeof(key) - 1);
    json_write_array_end(writer);
}

/* The schema of a body of this type: bytes have none. */
static void body_content(struct json_writer *writer, const struct route *route,
                         const char *type)
{
    const struct openapi_example *example = openapi_example_of(route->operation);
    const bool json = strcmp(type, "application/json") == 0;
    const char *schema = openapi_body_schema(route);
    char reference[128];

    json_write_key(writer, type);
    json_write_object(writer);
    if (type == body_csv) {
        openapi_raw(writer, "schema", "{\"type\":\"string\"}");
    } else if (schema != NULL && type != body_npy &&
               strcmp(type, "application/octet-stream") != 0) {
        snprintf(reference, sizeof(reference), "{\"$ref\":\"#/components/schemas/%s\"}",
                 schema);
        openapi_raw(writer, "schema", reference);
    }
    if (json && example != NULL && example->request != NULL)
        openapi_raw(writer, "example", example->request);
    json_write_object_end(writer);
}

static void request_body(struct json_writer *writer, const struct route *route)
{
    const char *types[OPENAPI_BODY_TYPES];

    openapi_body_types(route, types);
    if (types[0] == NULL)
        return;
    json_write_key(writer, "requestBody");
    json_write_object(writer);
    json_member_bool(writer, "required", openapi_body_needed(route));
    json_write_key(writer, "content");
    json_write_object(writer);
    for (size_t i = 0; types[i] != NULL; i++)
        body_content(writer, route, types[i]);
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
    char words[OPENAPI_WORDS_MAX];

    json_write_key(writer, methods[route->method]);
    json_write_object(writer);
    json_write_key(writer, "tags");
    json_write_array(writer);
    json_write_string(writer, openapi_tag_of(route)->name);
    json_write_array_end(writer);
    json_member_string(writer, "operationId", route->operation);
    json_member_string(writer, "summary", route->summary);
    openapi_credential_print(words, route);
    json_member_string(writer, "description", words[0] != '\0' ? words : route->summary);
    security(writer, route);
    parameters(writer, route);
    request_body(writer, route);
    responses(writer, route);
    json_write_object_end(writer);
}
