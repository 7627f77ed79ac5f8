/*
 * describe.c: what an image is, as the members of a JSON object.
 */
#include "forest/describe.h"

#include <math.h>

#include "base/clock.h"
#include "forest/baseline.h"

/* The range that training saw; null where that is not known. */
static void range_members(struct json_writer *writer, double min, double max)
{
    bool known = min <= max;

    json_member_double(writer, "min", known ? min : NAN);
    json_member_double(writer, "max", known ? max : NAN);
}

static void feature_write(struct json_writer *writer, const struct image *image, uint32_t i)
{
    uint32_t n_values = image_feature_n_values(image, i);

    json_write_object(writer);
    json_member_string(writer, "name", image_feature_name(image, i));
    json_member_string(writer, "type", image_type_name(image_feature_type(image, i)));
    if (n_values != 0) {
        json_write_key(writer, "values");
        json_write_array(writer);
        for (uint32_t k = 0; k < n_values; k++)
            json_write_string(writer, image_feature_value(image, i, k));
        json_write_array_end(writer);
    }
    range_members(writer, image_feature_min(image, i), image_feature_max(image, i));
    json_member_bool(writer, "missing", image_feature_missing(image, i));
    json_member_double(writer, "importance", image_feature_importance(image, i));
    json_write_object_end(writer);
}

static void features_member(struct json_writer *writer, const struct image *image)
{
    json_write_key(writer, "features");
    json_write_array(writer);
    for (uint32_t i = 0; i < image_n_features(image); i++)
        feature_write(writer, image, i);
    json_write_array_end(writer);
}

static void classes_member(struct json_writer *writer, const struct image *image, uint32_t t)
{
    json_write_key(writer, "classes");
    json_write_array(writer);
    for (uint32_t k = 0; k < image_target_n_classes(image, t); k++)
        json_write_string(writer, image_target_label(image, t, k));
    json_write_array_end(writer);
}

static void thresholds_member(struct json_writer *writer, const struct image *image)
{
    const double *thresholds = image_thresholds(image);

    if (thresholds == NULL)
        return;
    json_write_key(writer, "thresholds");
    json_write_array(writer);
    for (uint32_t k = 0; k < image_target_n_classes(image, 0); k++)
        json_write_double(writer, thresholds[k]);
    json_write_array_end(writer);
}

/* Of a model with several: each with its name, if it has one, and its classes. */
static void targets_member(struct json_writer *writer, const struct image *image)
{
    if (image_n_targets(image) == 1)
        return;
    json_write_key(writer, "targets");
    json_write_array(writer);
    for (uint32_t t = 0; t < image_n_targets(image); t++) {
        json_write_object(writer);
        json_member_string(writer, "name", image_target_name(image, t));
        if (image_target_n_classes(image, t) != 0)
            classes_member(writer, image, t);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

/* What an imported model's file does not tell is null. */
static void training_member(struct json_writer *writer, const struct image_facts *facts)
{
    const bool scored = facts->metric != IMAGE_NO_METRIC;
    char date[CLOCK_RFC3339_MAX];

    clock_rfc3339(date, facts->date * 1000000);
    json_write_key(writer, "training");
    json_write_object(writer);
    json_member_string(writer, "source", facts->source);
    json_member_string(writer, "date", facts->date != 0 ? date : NULL);
    json_member_string(writer, "data_sha256",
                       facts->data_sha256[0] != '\0' ? facts->data_sha256 : NULL);
    json_member_u64(writer, "rows", facts->rows);
    json_member_u64(writer, "seed", facts->seed);
    json_member_u64(writer, "max_features", facts->max_features);
    json_member_u64(writer, "max_depth", facts->max_depth);
    json_member_u64(writer, "min_samples_leaf", facts->min_samples_leaf);
    json_member_string(writer, "metric", scored ? image_metric_name(facts->metric) : NULL);
    json_member_double(writer, "oob_score", scored ? facts->oob_score : NAN);
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
    if (image_n_targets(image) == 1 && image_target_n_classes(image, 0) != 0)
        classes_member(writer, image, 0);
    thresholds_member(writer, image);
    targets_member(writer, image);
    training_member(writer, image_facts(image));
    json_member_u64(writer, "baseline_rows",
                    image_baseline(image) != NULL ? image_baseline(image)->head->rows : 0);
}
