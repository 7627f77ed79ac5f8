/*
 * describe.c: what an image is, as the members of a JSON object.
 */
#include "forest/describe.h"

#include "base/clock.h"

static void string_member(struct json_writer *writer, const char *key, const char *text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

static void u64_member(struct json_writer *writer, const char *key, uint64_t value)
{
    json_write_key(writer, key);
    json_write_u64(writer, value);
}

static void double_member(struct json_writer *writer, const char *key, double value)
{
    json_write_key(writer, key);
    json_write_double(writer, value);
}

static void features_member(struct json_writer *writer, const struct image *image)
{
    json_write_key(writer, "features");
    json_write_array(writer);
    for (uint32_t i = 0; i < image_n_features(image); i++) {
        json_write_object(writer);
        string_member(writer, "name", image_feature_name(image, i));
        string_member(writer, "type", image_type_name(image_feature_type(image, i)));
        double_member(writer, "min", image_feature_min(image, i));
        double_member(writer, "max", image_feature_max(image, i));
        double_member(writer, "importance", image_feature_importance(image, i));
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void classes_member(struct json_writer *writer, const struct image *image)
{
    json_write_key(writer, "classes");
    json_write_array(writer);
    for (uint32_t k = 0; k < image_n_classes(image); k++)
        json_write_string(writer, image_class_label(image, k));
    json_write_array_end(writer);
}

static void training_member(struct json_writer *writer, const struct image_facts *facts)
{
    char date[CLOCK_RFC3339_MAX];

    clock_rfc3339(date, facts->date * 1000000);
    json_write_key(writer, "training");
    json_write_object(writer);
    string_member(writer, "source", facts->source);
    string_member(writer, "date", date);
    string_member(writer, "data_sha256", facts->data_sha256);
    u64_member(writer, "rows", facts->rows);
    u64_member(writer, "seed", facts->seed);
    u64_member(writer, "max_features", facts->max_features);
    u64_member(writer, "max_depth", facts->max_depth);
    u64_member(writer, "min_samples_leaf", facts->min_samples_leaf);
    string_member(writer, "metric", image_metric_name(facts->metric));
    double_member(writer, "oob_score", facts->oob_score);
    u64_member(writer, "oob_rows", facts->oob_rows);
    json_write_object_end(writer);
}

void describe_image(struct json_writer *writer, const struct image *image)
{
    string_member(writer, "task", image_task_name(image_task(image)));
    u64_member(writer, "trees", image_n_trees(image));
    u64_member(writer, "nodes", image_n_nodes(image));
    u64_member(writer, "depth", image_depth(image));
    u64_member(writer, "bytes", image_size(image));
    string_member(writer, "sha256", image_sha256_hex(image));
    features_member(writer, image);
    if (image_task(image) == IMAGE_CLASSIFY)
        classes_member(writer, image);
    training_member(writer, image_facts(image));
}
