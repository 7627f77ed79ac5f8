/*
 * openapi_schemas.c: the components of the OpenAPI document: schemas, those of the forms
 * among them, headers, and the ways to come with a credential.
 */
#include <string.h>

#include "http/openapi_inner.h"

/* A member that is that of a prediction. */
#define LATER(member) \
    "\"" member "\":{\"$ref\":\"#/components/schemas/Predict/properties/" member "\"}"

/* What a job begins with, as members of its properties. */
#define JOB_BEGINNING                                                                          \
    "\"job_uuid\":{\"type\":\"string\",\"format\":\"uuid\"},"                                  \
    "\"status\":{\"enum\":[\"pending\",\"processing\",\"completed\",\"failed\",\"cancelled\"]" \
    "},"                                                                                       \
    "\"model\":{\"type\":\"string\"},"                                                         \
    "\"created_at\":{\"type\":\"string\",\"format\":\"date-time\"},"                           \
    "\"links\":{\"type\":\"object\",\"description\":\"Paths from the root of the service\","   \
    "\"properties\":{\"self\":{\"type\":\"string\"},\"result\":{\"type\":\"string\"}}}"
#define NULL_TIME "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"

/* Those that do not depend on the routes, as the members of an object. */
static const char schemas[] =
    "\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457 problem details\","
    "\"required\":[\"type\",\"title\",\"status\",\"error\",\"detail\",\"request_id\","
    "\"timestamp\"],\"properties\":{"
    "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"error\":{\"type\":\"string\"},"
    "\"error_description\":{\"type\":\"string\"},"
    "\"detail\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},"
    "\"timestamp\":{\"type\":\"string\",\"format\":\"date-time\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"field\",\"problem\",\"allowed\"],\"properties\":{"
    "\"field\":{\"type\":\"string\"},\"problem\":{\"type\":\"string\"},"
    "\"allowed\":{\"type\":\"string\"}}}},"
    "\"violated-policies\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}},"
    "\"Tokens\":{\"type\":\"object\",\"description\":\"RFC 6749, section 5.1\","
    "\"required\":[\"access_token\",\"token_type\",\"expires_in\",\"refresh_token\"],"
    "\"properties\":{\"access_token\":{\"type\":\"string\"},"
    "\"token_type\":{\"const\":\"bearer\"},\"expires_in\":{\"type\":\"integer\"},"
    "\"refresh_token\":{\"type\":\"string\",\"description\":\"Holds once\"}}},"
    "\"LoginTokens\":{\"type\":\"object\",\"required\":[\"token\",\"token_type\","
    "\"expires_in\",\"refresh_token\"],\"properties\":{\"token\":{\"type\":\"string\"},"
    "\"token_type\":{\"const\":\"bearer\"},\"expires_in\":{\"type\":\"integer\"},"
    "\"refresh_token\":{\"type\":\"string\",\"description\":\"Holds once\"}}},"
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
    "\"Feedback\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"request_id\":{\"type\":\"string\",\"description\":\"The X-Request-ID of the answer; of "
    "several with this id the newest\"},"
    "\"job_uuid\":{\"type\":\"string\"},"
    "\"row\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"Of a request of several "
    "rows: which one\"},"
    "\"truth\":{\"type\":[\"string\",\"number\",\"boolean\",\"array\",\"null\"],"
    "\"description\":\"The class's label or index, or the value; null where it is not known; "
    "without row of several rows a list, one for each; of several targets lists of them\"}},"
    "\"required\":[\"truth\"],"
    "\"oneOf\":[{\"required\":[\"request_id\"]},{\"required\":[\"job_uuid\"]}],"
    "\"examples\":[{\"request_id\":\"6f1c7a\",\"truth\":\"setosa\"}]},"
    "\"FeedbackDone\":{\"type\":\"object\",\"required\":[\"request_id\",\"model\",\"version\","
    "\"rows\",\"kept\",\"with_truth\"],\"properties\":{\"request_id\":{\"type\":\"string\"},"
    "\"job_uuid\":{\"type\":[\"string\",\"null\"]},\"model\":{\"type\":\"string\"},"
    "\"version\":{\"type\":\"integer\"},\"rows\":{\"type\":\"integer\"},"
    "\"kept\":{\"type\":\"integer\",\"description\":\"Of the rows: the first ones\"},"
    "\"with_truth\":{\"type\":\"integer\",\"description\":\"Of those, whose truth is "
    "known\"}}},"
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
    "\"model\":{\"type\":\"string\"},\"version\":{\"type\":\"integer\"}}},"
    "\"PredictLater\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":"
    "{" LATER("model") "," LATER("features") "," LATER("text") "," LATER("instances") "," LATER(
        "outputs") ","
                   "\"webhook_url\":{\"type\":[\"string\",\"null\"],\"format\":\"uri\","
                   "\"description\":\"Who is "
                   "told of the end, where a setting lets callers say so\"}},"
                   "\"oneOf\":[{\"required\":[\"features\"]},{\"required\":[\"text\"]},"
                   "{\"required\":[\"instances\"]}]},"
                   "\"JobTaken\":{\"type\":\"object\",\"required\":[\"job_uuid\",\"status\","
                   "\"model\","
                   "\"created_at\",\"links\"],\"properties\":{" JOB_BEGINNING "}},"
                   "\"Job\":{\"type\":\"object\",\"required\":[\"job_uuid\",\"status\","
                   "\"model\","
                   "\"version\",\"kind\",\"created_at\",\"started_at\",\"ended_at\",\"expires_"
                   "at\","
                   "\"attempts\",\"rows\",\"progress\",\"result_label\",\"result_score\","
                   "\"result_bytes\","
                   "\"result_type\",\"code\",\"reason\",\"links\"],\"properties\":"
                   "{" JOB_BEGINNING ","
                   "\"account\":{\"type\":\"string\",\"description\":\"Whose it is; to "
                   "administrators\"},"
                   "\"version\":{\"type\":[\"integer\",\"null\"],\"description\":\"That "
                   "answered\"},"
                   "\"kind\":{\"enum\":[\"json\",\"csv\",\"npy\"],\"description\":\"As what "
                   "the rows "
                   "came\"},"
                   "\"started_at\":" NULL_TIME ",\"ended_at\":" NULL_TIME
                   ",\"expires_at\":" NULL_TIME ","
                   "\"attempts\":{\"type\":\"integer\",\"description\":\"That came to an "
                   "end\"},"
                   "\"rows\":{\"type\":[\"integer\",\"null\"]},"
                   "\"progress\":{\"description\":\"Of one in "
                   "work\",\"type\":[\"object\",\"null\"],"
                   "\"properties\":{\"rows\":{\"type\":[\"integer\",\"null\"]},"
                   "\"rows_done\":{\"type\":\"integer\"},\"rows_per_s\":{\"type\":\"integer\"},"
                   "\"seconds_left\":{\"type\":[\"integer\",\"null\"]}}},"
                   "\"result_label\":{\"type\":[\"string\",\"null\"],\"description\":\"Of a "
                   "single row\"},"
                   "\"result_score\":{\"type\":[\"number\",\"null\"],\"description\":\"The "
                   "label's "
                   "probability, or the value\"},"
                   "\"result_bytes\":{\"type\":[\"integer\",\"null\"]},"
                   "\"result_type\":{\"type\":\"string\"},"
                   "\"code\":{\"type\":[\"integer\",\"null\"],\"description\":\"Of one that "
                   "failed the "
                   "status that the prediction would have had\"},"
                   "\"reason\":{\"type\":[\"string\",\"null\"],\"description\":\"Why it, or "
                   "its last "
                   "attempt, failed\"},"
                   "\"result\":{\"description\":\"What the prediction answers, of a job of "
                   "JSON that is "
                   "completed; not in "
                   "lists\",\"oneOf\":[{\"$ref\":\"#/components/schemas/Prediction\"},"
                   "{\"type\":\"null\"}]}}},"
                   "\"Jobs\":{\"type\":\"object\",\"required\":[\"jobs\",\"limit\",\"next\"],"
                   "\"properties\":{\"jobs\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/"
                   "components/schemas/"
                   "Job\"}},\"limit\":{\"type\":\"integer\"},\"next\":{\"type\":[\"string\","
                   "\"null\"],"
                   "\"description\":\"What to give as before for the next page\"}}}";

static const char headers[] =
    "{\"Retry-After\":{\"description\":\"Seconds, after which it is worth to ask again\","
    "\"schema\":{\"type\":\"integer\"}},"
    "\"RateLimit\":{\"description\":\"What each policy leaves (r) and when there is more "
    "(t, seconds); draft-ietf-httpapi-ratelimit-headers\",\"schema\":{\"type\":\"string\"},"
    "\"example\":\"\\\"60s\\\";r=99;t=60, \\\"day\\\";r=9999;t=3600\"},"
    "\"RateLimit-Policy\":{\"description\":\"The limits of the key, unless it has none\","
    "\"schema\":{\"type\":\"string\"},"
    "\"example\":\"\\\"60s\\\";q=100;w=60, \\\"day\\\";q=10000;w=86400\"}}";

/* The ways with a credential; the last one where there are tokens. */
static const char scheme_key[] =
    "{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"}";
static const char scheme_bearer[] =
    "{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT or API key\"}";
static const char scheme_login[] = "{\"type\":\"oauth2\",\"flows\":{\"password\":{"
                                   "\"tokenUrl\":\"auth/token\",\"scopes\":{}}}}";

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

/* Of each form once, however many routes have it. */
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

void openapi_components(struct json_writer *writer)
{
    json_write_key(writer, "components");
    json_write_object(writer);
    json_write_key(writer, "schemas");
    json_write_object(writer);
    json_write_raw(writer, schemas, sizeof(schemas) - 1);
    forms_write(writer);
    json_write_object_end(writer);
    openapi_raw(writer, "headers", headers);
    json_write_key(writer, "securitySchemes");
    json_write_object(writer);
    openapi_raw(writer, "key", scheme_key);
    openapi_raw(writer, "bearer", scheme_bearer);
    if (openapi_has_login())
        openapi_raw(writer, "login", scheme_login);
    json_write_object_end(writer);
    json_write_object_end(writer);
}
