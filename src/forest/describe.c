/*
 * describe.c: what an image is, as the members of a JSON object.
 */
#include "forest/describe.h"

#include "base/clock.h"

static void features_member(struct json_writer *writer, const struct image *image)
{
    json_write_key(writer, "features");
    json_write_array(writer);
    for (uint32_t i = 0; i < image_n_features(image); i++) {
        json_write_object(writer);
        json_member_string(writer, "name", image_feature_name(image, i));
        json_member_string(writer, "type", image_type_name(image_feature_type(image, i)));
        json_member_double(writer, "min", image_feature_min(image, i));
        json_member_double(writer, "max", image_feature_max(image, i));
        json_member_double(writer, "importance", image_feature_importance(image, i));
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
    json_member_string(writer, "source", facts->source);
    json_member_string(writer, "date", date);
    json_member_string(writer, "data_sha256", facts->data_sha256);
    json_member_u64(writer, "rows", facts->rows);
    json_member_u64(writer, "seed", facts->seed);
    json_member_u64(writer, "max_features", facts->max_features);
    json_member_u64(writer, "max_depth", facts->max_depth);
    json_member_u64(writer, "min_samples_leaf", facts->min_samples_leaf);
    json_member_string(writer, "metric", image_metric_name(facts->metric));
    json_member_double(writer, "oob_score", facts->oob_score);
    json_member_u64(writer, "oob_rows", facts->oob_rows);
    json_write_object_end(writer);
}

void describe_image(struct json_writer *writer, const struct image *image)
{
    json_member_string(writer, "task", image_task_name(image_task(image)));
    json_member_u64(writer, "trees", image_n_trees(image));
    json_member_u64(writer, "nodes", image_n_nodes(image));
    json_member_u64(writer, "depth", image_depth(image));
    json_member_u64(writer, "bytes", image_size(image));
    json_member_string(writer, "sha256", image_sha256_hex(image));
    json_member_string(writer, "input", image_text(image) != NULL ? "text" : "features");
    features_member(writer, image);
    if (image_task(image) == SPEC_CLASSIFY)
        classes_member(writer, image);
    training_member(writer, image_facts(image));
}
