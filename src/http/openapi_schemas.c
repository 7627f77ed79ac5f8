/*
 * openapi_schemas.c: the components of the OpenAPI document: schemas, those of the forms
 * and of the caller's models among them, answers, headers, and the ways to come with a
 * credential.
 */
#include <stdio.h>
#include <string.h>

#include "forest/schema.h"
#include "gate/registry.h"
#include "http/openapi_inner.h"

#define HEADER(name) "\"" name "\":{\"$ref\":\"#/components/headers/" name "\"}"
#define REF(name)    "{\"$ref\":\"#/components/schemas/" name "\"}"

#define MODEL_SCHEMA "#/components/schemas/Predict."

enum {
    MODEL_SCHEMA_MAX = sizeof(MODEL_SCHEMA) + MODEL_NAME_MAX
};

/* JSON reads best as it is. */
/* clang-format off */

#define CLOSED "\"type\":\"object\",\"additionalProperties\":false,\"properties\":"

/* One of them, and no other. */
#define ONE_OF_ROWS \
    "\"oneOf\":[{\"required\":[\"features\"]},{\"required\":[\"text\"]}," \
    "{\"required\":[\"instances\"]}]"

/* What a body of a prediction has, as the members of properties. */
#define PREDICT_MEMBERS \
    "\"model\":{\"type\":\"string\"}," \
    "\"features\":" REF("Row") ",\"text\":" REF("Text") "," \
    "\"instances\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":[" \
    REF("Row") "," REF("Text") ",{\"required\":[\"text\"]," CLOSED \
    "{\"text\":" REF("Text") "}}]}}," \
    "\"outputs\":{\"type\":\"array\",\"description\":\"What is answered beside the prediction\"," \
    "\"default\":[\"label\",\"probabilities\"],\"items\":{\"enum\":[\"label\"," \
    "\"probabilities\",\"margin\",\"leaves\"]}}"

/* The bodies that are no forms, as the members of an object. */
static const char requests[] =
    "\"Row\":{\"description\":\"The features of one row, by position or by name; the member "
    "schema of GET /models/{name} says which values each takes\",\"oneOf\":["
    "{\"type\":\"array\",\"items\":" REF("Value") "},"
    "{\"type\":\"object\",\"additionalProperties\":" REF("Value") "}]},"
    "\"Value\":{\"description\":\"A number; true or false; a category's name; null where it is "
    "missing\",\"type\":[\"number\",\"boolean\",\"string\",\"null\"]},"
    "\"Text\":{\"type\":\"string\",\"minLength\":10,\"maxLength\":5000,\"description\":\"For a "
    "model that takes texts: characters without the space around them, with a letter or digit "
    "among them\"},"
    "\"PredictLater\":{" CLOSED "{" PREDICT_MEMBERS ","
    "\"webhook_url\":{\"type\":[\"string\",\"null\"],\"format\":\"uri\",\"description\":\"Who is "
    "told of the end, where a setting lets callers say so\"}}," ONE_OF_ROWS "},"
    "\"Explain\":{" CLOSED "{\"model\":{\"type\":\"string\"},"
    "\"features\":" REF("Row") ",\"text\":" REF("Text") ","
    "\"instances\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":["
    REF("Row") "," REF("Text") ",{\"required\":[\"text\"]," CLOSED
    "{\"text\":" REF("Text") "}}]}},"
    "\"classes\":{\"enum\":[\"predicted\",\"all\"],\"default\":\"predicted\",\"description\":"
    "\"Which classes to explain\"}}," ONE_OF_ROWS "},"
    "\"Feedback\":{" CLOSED "{"
    "\"request_id\":{\"type\":\"string\",\"description\":\"The X-Request-ID of the answer; of "
    "several with this id the newest\"},"
    "\"job_uuid\":{\"type\":\"string\"},"
    "\"row\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"Of a request of several rows: "
    "which one\"},"
    "\"truth\":{\"type\":[\"string\",\"number\",\"boolean\",\"array\",\"null\"],\"items\":{},"
    "\"description\":\"The class's label or index, or the value; null where it is not known; "
    "without row of several rows a list, one for each; of several targets lists of them\"}},"
    "\"required\":[\"truth\"],"
    "\"oneOf\":[{\"required\":[\"request_id\"]},{\"required\":[\"job_uuid\"]}]},"
    "\"V2Infer\":{\"type\":\"object\",\"required\":[\"inputs\"],\"properties\":{"
    "\"id\":{\"type\":\"string\"},\"parameters\":{\"type\":\"object\"},"
    "\"inputs\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"object\",\"required\":["
    "\"name\",\"shape\",\"datatype\"],\"properties\":{\"name\":{\"type\":\"string\"},"
    "\"shape\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},"
    "\"datatype\":{\"type\":\"string\"},\"parameters\":{\"type\":\"object\"},"
    "\"data\":{\"type\":\"array\",\"items\":{},\"description\":\"Flat or nested; or bytes behind "
    "the JSON, binary_data_size of them\"}}}},"
    "\"outputs\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\"],"
    "\"properties\":{\"name\":{\"enum\":[\"predict\",\"predict_proba\"]},"
    "\"parameters\":{\"type\":\"object\",\"description\":\"classification: so many classes, "
    "the likeliest first; binary_data\"}}}}}}";

/* What a member of a body in another server's protocol is. */
static const char *const protocol_parts[] = {
    [PROTOCOL_ROWS] = "{\"type\":\"array\",\"items\":{\"anyOf\":[" REF("Row") "," REF("Text")
        ",{\"type\":\"object\"}]}}",
    [PROTOCOL_RECORDS] = "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}",
    [PROTOCOL_TENSOR] = "{\"anyOf\":[{\"type\":\"array\",\"items\":{}},{\"type\":\"object\","
        "\"description\":\"A list of values for each feature\"}]}",
    [PROTOCOL_SPLIT] = "{\"type\":\"object\",\"required\":[\"data\"],\"properties\":{"
        "\"columns\":{\"type\":\"array\",\"items\":{}},\"index\":{\"type\":\"array\",\"items\":{}},"
        "\"data\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{}}}}}",
    [PROTOCOL_TABLE] = "{\"anyOf\":[{\"type\":\"object\",\"description\":\"data: a list of texts "
        "for each feature\"},{\"type\":\"string\"},{\"type\":\"array\",\"items\":"
        "{\"type\":\"string\"}}]}",
    [PROTOCOL_SIGNATURE] = "{\"type\":\"string\",\"description\":\"" PROTOCOL_SIGNATURES "\"}",
    [PROTOCOL_PARAMETERS] = "{\"type\":[\"object\",\"null\"],\"description\":\"output: one of "
        PROTOCOL_OUTPUTS "\"}",
    [PROTOCOL_PASSED] = "{\"description\":\"Passed over\"}",
};

static const char any_predict[] = "{" CLOSED "{" PREDICT_MEMBERS "}," ONE_OF_ROWS "}";

#define TEXT_HEADER(words) \
    "{\"description\":\"" words "\",\"schema\":{\"type\":\"string\"}"

static const char headers[] =
    "{\"Retry-After\":{\"description\":\"Seconds, after which it is worth to ask again\","
    "\"schema\":{\"type\":\"integer\",\"minimum\":0}},"
    "\"RateLimit\":" TEXT_HEADER("What each policy leaves (r) and when there is more (t, seconds);"
        " draft-ietf-httpapi-ratelimit-headers") ","
    "\"example\":\"\\\"60s\\\";r=99;t=60, \\\"day\\\";r=9999;t=3600\"},"
    "\"RateLimit-Policy\":" TEXT_HEADER("The limits of the key, unless it has none") ","
    "\"example\":\"\\\"60s\\\";q=100;w=60, \\\"day\\\";q=10000;w=86400\"},"
    "\"Location\":{\"description\":\"The job\",\"schema\":{\"type\":\"string\",\"format\":"
    "\"uri-reference\"}},"
    "\"Idempotency-Replayed\":" TEXT_HEADER("true: this is the answer of before, to the request "
        "with the same Idempotency-Key, and is not charged.") "},"
    "\"WWW-Authenticate\":" TEXT_HEADER("How to come with a credential (RFC 6750)") "},"
    "\"X-Request-ID\":" TEXT_HEADER("Of this answer, as logs have it: the client's own, if it "
        "gave one") "},"
    "\"ETag\":" TEXT_HEADER("Another when the file is; for If-None-Match") "}}";

static const char parameters[] =
    "{\"Prefer\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"respond-async: have it "
    "made as a job, for which a key needs the scope jobs too\",\"schema\":{\"type\":\"string\"}},"
    "\"Idempotency-Key\":{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":false,"
    "\"description\":\"Made up by the client, and the same when it sends the request again: "
    "then it has the answer of before, with Idempotency-Replayed, and is not charged once "
    "more. The same key with another request is a 422, and a 409 while the first is being "
    "served.\",\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":512}}}";

/* clang-format on */

/* The ways with a credential; the last one where there are tokens. */
static const char scheme_key[] =
    "{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\",\"description\":\"An API "
    "key, fg_...\"}";
static const char scheme_bearer[] =
    "{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT or API key\","
    "\"description\":\"An access token, or an API key\"}";
static const char scheme_login[] =
    "{\"type\":\"oauth2\",\"description\":\"An access token for a password\",\"flows\":"
    "{\"password\":{\"tokenUrl\":\"auth/token\",\"refreshUrl\":\"auth/token\",\"scopes\":{}}}}";

void openapi_raw(struct json_writer *writer, const char *key, const char *json)
{
    json_write_key(writer, key);
    json_write_raw(writer, json, strlen(json));
}

bool openapi_has_login(void)
{
    for (size_t i = 0; i < route_count(); i++)
        if (strcmp(route_at(i)->path, "/auth/token") == 0)
            return true;
    return false;
}

/* ---- forms ---- */

static void type_write(struct json_writer *writer, const char *type, bool nullable)
{
    if (!nullable) {
        json_member_string(writer, "type", type);
        return;
    }
    json_write_key(writer, "type");
    json_write_array(writer);
    json_write_string(writer, type);
    json_write_string(writer, "null");
    json_write_array_end(writer);
}

static void choices_write(struct json_writer *writer, const struct form_field *field,
                          bool nullable)
{
    if (field->choices == NULL)
        return;
    json_write_key(writer, "enum");
    json_write_array(writer);
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        json_write_string(writer, *choice);
    if (nullable)
        json_write_null(writer);
    json_write_array_end(writer);
}

static void bounds_write(struct json_writer *writer, const struct form_field *field,
                         const char *min, const char *max)
{
    bool number = field->type == FORM_INTEGER || field->type == FORM_NUMBER;

    if (field->min == 0 && field->max == 0)
        return;
    if (number || field->min > 0)
        json_member_i64(writer, min, field->min);
    if (number || field->max > 0)
        json_member_i64(writer, max, field->max);
}

static void text_write(struct json_writer *writer, const struct form_field *field)
{
    type_write(writer, "string", field->nullable);
    bounds_write(writer, field, "minLength", "maxLength");
    choices_write(writer, field, field->nullable);
    if (field->type == FORM_SECRET) {
        json_member_string(writer, "format", "password");
        json_member_bool(writer, "writeOnly", true);
    }
}

/* A text with commas, or where JSON is written a list too. */
static void words_write(struct json_writer *writer, const struct form_field *field, bool list)
{
    if (!list) {
        type_write(writer, "string", field->nullable);
        return;
    }
    json_write_key(writer, "oneOf");
    json_write_array(writer);
    json_write_object(writer);
    type_write(writer, "string", field->nullable);
    json_write_object_end(writer);
    json_write_object(writer);
    json_member_string(writer, "type", "array");
    json_write_key(writer, "items");
    json_write_object(writer);
    json_member_string(writer, "type", "string");
    choices_write(writer, field, false);
    json_write_object_end(writer);
    json_write_object_end(writer);
    json_write_array_end(writer);
}

void openapi_field(struct json_writer *writer, const struct form_field *field, bool json)
{
    json_write_object(writer);
    switch (field->type) {
    case FORM_TEXT:
    case FORM_SECRET:
        text_write(writer, field);
        break;
    case FORM_BOOL:
        type_write(writer, "boolean", field->nullable);
        break;
    case FORM_INTEGER:
    case FORM_NUMBER:
        type_write(writer, field->type == FORM_INTEGER ? "integer" : "number", field->nullable);
        bounds_write(writer, field, "minimum", "maximum");
        break;
    case FORM_WORDS:
        words_write(writer, field, json);
        break;
    case FORM_OBJECT:
        type_write(writer, json ? "object" : "string", field->nullable);
        break;
    case FORM_TIME:
        type_write(writer, "string", field->nullable);
        json_member_string(writer, "format", "date-time");
        break;
    case FORM_TYPE__MAX:
        break;
    }
    if (field->help != NULL)
        json_member_string(writer, "description", field->help);
    json_write_object_end(writer);
}

bool openapi_form_needed(const struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        if (form->fields[i].required)
            return true;
    return false;
}

void openapi_form(struct json_writer *writer, const struct form *form)
{
    json_write_object(writer);
    json_member_string(writer, "type", "object");
    json_member_bool(writer, "additionalProperties", form->oauth);
    if (openapi_form_needed(form)) {
        json_write_key(writer, "required");
        json_write_array(writer);
        for (size_t i = 0; i < form->count; i++)
            if (form->fields[i].required)
                json_write_string(writer, form->fields[i].name);
        json_write_array_end(writer);
    }
    json_write_key(writer, "properties");
    json_write_object(writer);
    for (size_t i = 0; i < form->count; i++) {
        json_write_key(writer, form->fields[i].name);
        openapi_field(writer, &form->fields[i], true);
    }
    json_write_object_end(writer);
    json_write_object_end(writer);
}

/* ---- components ---- */

/* Of each form of a body once, however many routes have it. */
static void forms_write(struct json_writer *writer)
{
    for (size_t i = 0; i < route_count(); i++) {
        const struct form *form = route_at(i)->form;
        bool first = form != NULL;

        for (size_t j = 0; j < i && first; j++)
            first = route_at(j)->form != form;
        if (!first)
            continue;
        json_write_key(writer, form->name);
        openapi_form(writer, form);
    }
}

static void protocol_write(struct json_writer *writer, const struct protocol *protocol)
{
    json_write_key(writer, protocol->name);
    json_write_object(writer);
    json_member_string(writer, "type", "object");
    json_write_key(writer, "properties");
    json_write_object(writer);
    for (size_t i = 0; i < PROTOCOL_MEMBERS && protocol->members[i].name != NULL; i++)
        openapi_raw(writer, protocol->members[i].name,
                    protocol_parts[protocol->members[i].part]);
    json_write_object_end(writer);
    json_write_object_end(writer);
}

/* Of each protocol once. */
static void protocols_write(struct json_writer *writer)
{
    for (size_t i = 0; i < route_count(); i++) {
        const struct protocol *protocol = route_at(i)->protocol;
        bool first = protocol != NULL;

        for (size_t j = 0; j < i && first; j++)
            first = route_at(j)->protocol != protocol;
        if (first)
            protocol_write(writer, protocol);
    }
}

/* The model of this place, if the caller may use it and it can be asked; else NULL. */
static const struct model *model_at(const struct service *service,
                                    const struct request *request, size_t i)
{
    const struct model *model = registry_at(service->registry, i);
    const char *name = model->row.name;

    return model->image != NULL && key_models_have(request->caller.models, name, strlen(name))
               ? model
               : NULL;
}

static bool has_models(const struct service *service, const struct request *request)
{
    bool any = false;

    if (service == NULL || request->caller.account[0] == '\0')
        return false;
    for (size_t i = 0; i < registry_count(service->registry) && !any; i++)
        any = model_at(service, request, i) != NULL;
    return any;
}

/* The place of the schema of what a model takes. */
static void model_place_print(char out[MODEL_SCHEMA_MAX], const struct model *model)
{
    snprintf(out, MODEL_SCHEMA_MAX, MODEL_SCHEMA "%s", model->row.name);
}

static void reference_write(struct json_writer *writer, const char *place)
{
    json_write_object(writer);
    json_member_string(writer, "$ref", place);
    json_write_object_end(writer);
}

/* One of the models; where it is not the default one has to say so in the body. */
static void choice_write(struct json_writer *writer, const struct service *service,
                         const struct model *model, bool named)
{
    const bool chosen = named || model == registry_default(service->registry) ||
                        model == registry_default_text(service->registry);
    char place[MODEL_SCHEMA_MAX];

    model_place_print(place, model);
    if (chosen) {
        reference_write(writer, place);
        return;
    }
    json_write_object(writer);
    json_write_key(writer, "allOf");
    json_write_array(writer);
    reference_write(writer, place);
    json_write_raw(writer, "{\"required\":[\"model\"]}", 22);
    json_write_array_end(writer);
    json_write_object_end(writer);
}

/* That a body is what one of the models takes; named: the path says which. */
static void choices_of_models(struct json_writer *writer, const struct service *service,
                              const struct request *request, bool named)
{
    json_write_object(writer);
    json_write_key(writer, "anyOf");
    json_write_array(writer);
    for (size_t i = 0; i < registry_count(service->registry); i++) {
        const struct model *model = model_at(service, request, i);

        if (model != NULL)
            choice_write(writer, service, model, named);
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
}

/* What each of the models takes. */
static void models_write(struct json_writer *writer, const struct service *service,
                         const struct request *request)
{
    for (size_t i = 0; i < registry_count(service->registry); i++) {
        const struct model *model = model_at(service, request, i);
        struct schema_body body = {.max_rows =
                                       (uint64_t)service->home.config.predict_rows_limit};
        char place[MODEL_SCHEMA_MAX];

        if (model == NULL)
            continue;
        model_place_print(place, model);
        body.model_name = model->row.name;
        body.at = place;
        json_write_key(writer, strrchr(place, '/') + 1);
        schema_write(writer, model->image, &body);
    }
}

/* What predictions take: of the caller's models, or of any. */
static void predict_write(struct json_writer *writer, const struct service *service,
                          const struct request *request)
{
    if (!has_models(service, request)) {
        openapi_raw(writer, "Predict", any_predict);
        openapi_raw(writer, "PredictWith", REF("Predict"));
        return;
    }
    json_write_key(writer, "Predict");
    choices_of_models(writer, service, request, false);
    json_write_key(writer, "PredictWith");
    choices_of_models(writer, service, request, true);
    models_write(writer, service, request);
}

static void schemas_write(struct json_writer *writer, const struct service *service,
                          const struct request *request)
{
    json_write_key(writer, "schemas");
    json_write_object(writer);
    json_write_raw(writer, requests, sizeof(requests) - 1);
    predict_write(writer, service, request);
    forms_write(writer);
    protocols_write(writer);
    for (size_t i = 0; i < openapi_shape_count(); i++) {
        json_write_key(writer, openapi_shape_at(i)->name);
        shape_write_schema(writer, openapi_shape_at(i)->shape);
    }
    json_write_object_end(writer);
}

/* The headers that a refusal has beside those of all. */
static const char *problem_headers(enum reply_status status)
{
    switch (status) {
    case REPLY_UNAUTHORIZED:
        return "{" HEADER("X-Request-ID") "," HEADER("WWW-Authenticate") "}";
    case REPLY_LIMITED:
        return "{" HEADER("X-Request-ID") "," HEADER("Retry-After") "," HEADER(
            "RateLimit") "," HEADER("RateLimit-Policy") "}";
    case REPLY_UNAVAILABLE:
        return "{" HEADER("X-Request-ID") "," HEADER("Retry-After") "}";
    default:
        return "{" HEADER("X-Request-ID") "}";
    }
}

/* Every refusal has one body; they stand here under their codes. */
static void problems_write(struct json_writer *writer)
{
    json_write_key(writer, "responses");
    json_write_object(writer);
    for (int i = REPLY_MALFORMED; i < REPLY_STATUS__MAX; i++) {
        const enum reply_status status = (enum reply_status)i;
        char code[8];

        if (status == REPLY_METHOD) /* no operation is refused for its method */
            continue;
        snprintf(code, sizeof(code), "%u", reply_code(status));
        json_write_key(writer, code);
        json_write_object(writer);
        json_member_string(writer, "description", reply_title(status));
        openapi_raw(writer, "headers", problem_headers(status));
        openapi_raw(writer, "content",
                    "{\"application/problem+json\":{\"schema\":" REF("Problem") "}}");
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

void openapi_components(struct json_writer *writer, const struct service *service,
                        const struct request *request)
{
    json_write_key(writer, "components");
    json_write_object(writer);
    schemas_write(writer, service, request);
    problems_write(writer);
    openapi_raw(writer, "headers", headers);
    openapi_raw(writer, "parameters", parameters);
    json_write_key(writer, "securitySchemes");
    json_write_object(writer);
    openapi_raw(writer, "key", scheme_key);
    openapi_raw(writer, "bearer", scheme_bearer);
    if (openapi_has_login())
        openapi_raw(writer, "login", scheme_login);
    json_write_object_end(writer);
    json_write_object_end(writer);
}
