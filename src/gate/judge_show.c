/*
 * judge_show.c: what was judged, as JSON.
 */
#include "gate/judge.h"

#include <math.h>

#include "base/clock.h"

enum {
    NAME_ROOM = 2 * IMAGE_MAX_NAME + 64,
    MATRIX_MOST = 50 /* classes whose confusion is written */
};

static void time_member(struct json_writer *writer, const char *key, int64_t us)
{
    char text[CLOCK_RFC3339_MAX];

    clock_rfc3339(text, us);
    json_member_string(writer, key, us != 0 ? text : NULL);
}

static void calibration_member(struct json_writer *writer, const struct quality *quality,
                               const struct quality_figures *figures)
{
    json_write_key(writer, "calibration");
    json_write_object(writer);
    json_member_double(writer, "error", figures->ece);
    json_write_key(writer, "bins");
    json_write_array(writer);
    for (unsigned b = 0; b < QUALITY_BINS; b++) {
        struct quality_bin bin;

        quality_bin_read(quality, b, &bin);
        json_write_object(writer);
        json_member_double(writer, "from", (double)b / QUALITY_BINS);
        json_member_double(writer, "to", (double)(b + 1) / QUALITY_BINS);
        json_member_u64(writer, "rows", bin.rows);
        json_member_double(writer, "predicted", bin.predicted);
        json_member_double(writer, "observed", bin.observed);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
}

static void classes_member(struct json_writer *writer, const struct image *image, uint32_t t,
                           const struct quality *quality)
{
    json_write_key(writer, "classes");
    json_write_array(writer);
    for (uint32_t k = 0; k < image_target_n_classes(image, t); k++) {
        struct quality_class class;

        quality_class_read(quality, k, &class);
        json_write_object(writer);
        json_member_string(writer, "label", image_target_label(image, t, k));
        json_member_u64(writer, "rows", class.truth);
        json_member_u64(writer, "predicted", class.predicted);
        json_member_double(writer, "precision", class.precision);
        json_member_double(writer, "recall", class.recall);
        json_member_double(writer, "f1", class.f1);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

/* A row for each true class, and in it a number for each that was answered. */
static void confusion_member(struct json_writer *writer, uint32_t n,
                             const struct quality *quality)
{
    if (n > MATRIX_MOST)
        return;
    json_write_key(writer, "confusion");
    json_write_array(writer);
    for (uint32_t truth = 0; truth < n; truth++) {
        json_write_array(writer);
        for (uint32_t predicted = 0; predicted < n; predicted++)
            json_write_u64(writer, quality_confusion(quality, truth, predicted));
        json_write_array_end(writer);
    }
    json_write_array_end(writer);
}

static void quality_write(struct json_writer *writer, const struct image *image, uint32_t t,
                          const struct quality *quality)
{
    const uint32_t n_classes = image_target_n_classes(image, t);
    struct quality_figures figures;

    quality_read(quality, &figures);
    json_write_object(writer);
    json_member_string(writer, "target", image_target_name(image, t));
    json_member_u64(writer, "rows", figures.rows);
    if (n_classes == 0) {
        json_member_double(writer, "r2", figures.r2);
        json_member_double(writer, "mae", figures.mae);
        json_member_double(writer, "rmse", figures.rmse);
        json_member_double(writer, "bias", figures.bias);
        json_write_object_end(writer);
        return;
    }
    json_member_double(writer, "accuracy", figures.accuracy);
    json_member_double(writer, "f1_macro", figures.f1_macro);
    json_member_double(writer, "f1_micro", figures.f1_micro);
    json_member_double(writer, "f1_weighted", figures.f1_weighted);
    json_member_double(writer, "log_loss", figures.log_loss);
    json_member_double(writer, "brier", figures.brier);
    calibration_member(writer, quality, &figures);
    classes_member(writer, image, t, quality);
    confusion_member(writer, n_classes, quality);
    json_write_object_end(writer);
}

static void drift_part_write(struct json_writer *writer, const struct drift *drift,
                             const struct drift_part *part)
{
    char name[NAME_ROOM];

    drift_print_name(drift, part, name, sizeof(name));
    json_write_object(writer);
    json_member_string(writer, "name", name);
    json_member_string(writer, "state", drift_word_text(part->word));
    json_member_double(writer, "psi", part->psi);
    json_member_double(writer, "by_chance", part->chance);
    json_member_u64(writer, "rows", part->rows);
    json_write_object_end(writer);
}

/* The parts of one kind as a list: features, or what was answered. */
static void drift_list(struct json_writer *writer, const struct drift *drift, const char *key,
                       bool features)
{
    json_write_key(writer, key);
    json_write_array(writer);
    for (uint32_t i = 0; i < drift_parts(drift); i++) {
        struct drift_part part;

        drift_read(drift, i, &part);
        if ((part.kind == DRIFT_FEATURE) == features)
            drift_part_write(writer, drift, &part);
    }
    json_write_array_end(writer);
}

static void part_write(struct json_writer *writer, const struct judge_part *part)
{
    const struct image *image = part->version->image;

    json_write_object(writer);
    json_member_i64(writer, "version", part->version->version);
    if (part->begin_us != 0)
        time_member(writer, "begin", part->begin_us);
    json_member_u64(writer, "rows", part->rows);
    json_member_u64(writer, "rows_with_truth", part->true_rows);
    json_write_key(writer, "targets");
    json_write_array(writer);
    for (uint32_t t = 0; image != NULL && t < image_n_targets(image); t++)
        quality_write(writer, image, t, part->targets[t]);
    json_write_array_end(writer);
    if (part->drift != NULL) {
        json_write_key(writer, "drift");
        json_write_object(writer);
        drift_list(writer, part->drift, "features", true);
        drift_list(writer, part->drift, "answers", false);
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

void judge_write(struct json_writer *writer, const struct judge *judge)
{
    json_write_object(writer);
    json_member_string(writer, "model", judge->filter.model);
    time_member(writer, "since", judge->filter.since_us);
    time_member(writer, "until", judge->filter.until_us);
    json_member_u64(writer, "rows", judge->rows);
    json_member_bool(writer, "complete", !judge->cut && judge->damaged == 0);
    json_member_i64(writer, "damaged", judge->damaged);
    json_write_key(writer, "parts");
    json_write_array(writer);
    for (size_t i = 0; i < judge->n_parts; i++)
        part_write(writer, &judge->parts[i]);
    json_write_array_end(writer);
    json_write_object_end(writer);
}
