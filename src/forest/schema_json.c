/*
 * schema_json.c: what a model takes, as JSON Schema (draft 2020-12).
 *
 * Features are described once, as definitions f0, f1 ..., and rows refer to them twice:
 * by position and by name.
 */
#include "forest/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_MAX = 256
};

static void raw(struct json_writer *writer, const char *key, const char *json)
{
    json_write_key(writer, key);
    json_write_raw(writer, json, strlen(json));
}

/* A schema that is one of the definitions, wherever they stand. */
static void refer(struct json_writer *writer, const struct schema_body *body, const char *name)
{
    char path[AT_MAX];

    snprintf(path, sizeof(path), "%s/$defs/%s", body->at != NULL ? body->at : "#", name);
    json_write_object(writer);
    json_member_string(writer, "$ref", path);
    json_write_object_end(writer);
}

/* What the body's "outputs" may name. */
static void outputs_write(struct json_writer *writer, const struct image *image)
{
    if (image_task(image) == SPEC_REGRESS)
        raw(writer, "outputs",
            "{\"type\":\"array\",\"items\":{\"enum\":[\"margin\",\"leaves\"]}}");
    else
        raw(writer, "outputs",
            "{\"type\":\"array\",\"items\":{\"enum\":[\"label\",\"probabilities\",\"margin\","
            "\"leaves\"]}}");
}

static void members_write(struct json_writer *writer, const struct image *image,
                          const struct schema_body *body)
{
    const bool text = image_text(image) != NULL;

    json_write_key(writer, "properties");
    json_write_object(writer);
    json_write_key(writer, text ? "text" : "features");
    refer(writer, body, text ? "text" : "row");
    json_write_key(writer, "instances");
    json_write_object(writer);
    json_member_string(writer, "type", "array");
    json_write_key(writer, "items");
    refer(writer, body, "row");
    json_member_u64(writer, "minItems", 1);
    if (body->max_rows != 0)
        json_member_u64(writer, "maxItems", body->max_rows);
    json_write_object_end(writer);
    if (body->model_name != NULL) {
        json_write_key(writer, "model");
        json_write_object(writer);
        json_member_string(writer, "const", body->model_name);
        json_write_object_end(writer);
    }
    outputs_write(writer, image);
    json_write_object_end(writer);
}

static void values_write(struct json_writer *writer, const struct schema *schema, uint32_t i)
{
    json_write_key(writer, "enum");
    json_write_array(writer);
    for (uint32_t k = 0; k < image_feature_n_values(schema->image, i); k++)
        json_write_string(writer, image_feature_value(schema->image, i, k));
    if (schema->features[i].missing)
        json_write_null(writer);
    json_write_array_end(writer);
}

static void number_write(struct json_writer *writer, const struct schema_feature *feature)
{
    const char *type = feature->type == IMAGE_INTEGER ? "integer" : "number";

    json_write_key(writer, "type");
    if (feature->missing)
        json_write_array(writer);
    json_write_string(writer, type);
    if (feature->missing) {
        json_write_string(writer, "null");
        json_write_array_end(writer);
    }
    if (isfinite(feature->high)) {
        json_member_double(writer, "minimum", feature->low);
        json_member_double(writer, "maximum", feature->high);
    }
}

/* Definition fN. */
static void feature_write(struct json_writer *writer, const struct schema *schema, uint32_t i)
{
    const struct schema_feature *feature = &schema->features[i];
    char key[16], range[80];

    snprintf(key, sizeof(key), "f%u", (unsigned)i);
    json_write_key(writer, key);
    json_write_object(writer);
    json_member_string(writer, "title", image_feature_name(schema->image, i));
    if (feature->named)
        values_write(writer, schema, i);
    else if (feature->type == IMAGE_BOOLEAN)
        raw(writer, "enum", feature->missing ? "[true,false,1,0,null]" : "[true,false,1,0]");
    else
        number_write(writer, feature);
    if (isfinite(feature->min) && isfinite(feature->max)) {
        schema_print_range(schema, i, range, sizeof(range));
        json_member_string(writer, "description", range);
    }
    json_write_object_end(writer);
}

static void reference_write(struct json_writer *writer, const struct schema_body *body,
                            uint32_t i)
{
    char name[16];

    snprintf(name, sizeof(name), "f%u", (unsigned)i);
    refer(writer, body, name);
}

static void row_by_position(struct json_writer *writer, const struct schema *schema,
                            const struct schema_body *body)
{
    json_write_object(writer);
    json_member_string(writer, "type", "array");
    json_write_key(writer, "prefixItems");
    json_write_array(writer);
    for (uint32_t i = 0; i < schema->n_features; i++)
        reference_write(writer, body, i);
    json_write_array_end(writer);
    raw(writer, "items", "{}"); /* there are none behind those */
    json_member_u64(writer, "minItems", schema->n_features);
    json_member_u64(writer, "maxItems", schema->n_features);
    json_write_object_end(writer);
}

static void row_by_name(struct json_writer *writer, const struct schema *schema,
                        const struct schema_body *body)
{
    json_write_object(writer);
    json_member_string(writer, "type", "object");
    json_write_key(writer, "properties");
    json_write_object(writer);
    for (uint32_t i = 0; i < schema->n_features; i++) {
        json_write_key(writer, image_feature_name(schema->image, i));
        reference_write(writer, body, i);
    }
    json_write_object_end(writer);
    json_write_key(writer, "required");
    json_write_array(writer);
    for (uint32_t i = 0; i < schema->n_features; i++)
        if (!schema->features[i].missing)
            json_write_string(writer, image_feature_name(schema->image, i));
    json_write_array_end(writer);
    json_member_bool(writer, "additionalProperties", false);
    json_write_object_end(writer);
}

static void definitions_write(struct json_writer *writer, const struct schema *schema,
                              const struct schema_body *body)
{
    json_write_key(writer, "$defs");
    json_write_object(writer);
    json_write_key(writer, "row");
    json_write_object(writer);
    json_write_key(writer, "anyOf");
    json_write_array(writer);
    row_by_position(writer, schema, body);
    row_by_name(writer, schema, body);
    json_write_array_end(writer);
    json_write_object_end(writer);
    for (uint32_t i = 0; i < schema->n_features; i++)
        feature_write(writer, schema, i);
    json_write_object_end(writer);
}

/* A text and a row of it.  That a letter or digit is in it no pattern says everywhere. */
static void texts_write(struct json_writer *writer, const struct schema_body *body)
{
    json_write_key(writer, "$defs");
    json_write_object(writer);
    raw(writer, "text",
        "{\"type\":\"string\",\"pattern\":\"^\\\\s*\\\\S[\\\\s\\\\S]{8,4998}\\\\S\\\\s*$\","
        "\"description\":\"10 to 5000 characters without the space around them, with a letter "
        "or digit among them\"}");
    json_write_key(writer, "row");
    json_write_object(writer);
    json_write_key(writer, "anyOf");
    json_write_array(writer);
    refer(writer, body, "text");
    json_write_object(writer);
    raw(writer, "type", "\"object\"");
    json_write_key(writer, "properties");
    json_write_object(writer);
    json_write_key(writer, "text");
    refer(writer, body, "text");
    json_write_object_end(writer);
    raw(writer, "required", "[\"text\"]");
    json_member_bool(writer, "additionalProperties", false);
    json_write_object_end(writer);
    json_write_array_end(writer);
    json_write_object_end(writer);
    json_write_object_end(writer);
    raw(writer, "oneOf", "[{\"required\":[\"text\"]},{\"required\":[\"instances\"]}]");
}

static void features_write(struct json_writer *writer, const struct image *image,
                           const struct schema_body *body)
{
    struct schema schema = {0};

    raw(writer, "oneOf", "[{\"required\":[\"features\"]},{\"required\":[\"instances\"]}]");
    if (schema_read(&schema, image) == RESULT_OK)
        definitions_write(writer, &schema, body);
    else
        writer->buf->failed = true;
    schema_free(&schema);
}

void schema_write(struct json_writer *writer, const struct image *image,
                  const struct schema_body *body)
{
    json_write_object(writer);
    if (body->at == NULL)
        json_member_string(writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_member_string(writer, "type", "object");
    members_write(writer, image, body);
    json_member_bool(writer, "additionalProperties", false);
    if (image_text(image) != NULL)
        texts_write(writer, body);
    else
        features_write(writer, image, body);
    json_write_object_end(writer);
}
