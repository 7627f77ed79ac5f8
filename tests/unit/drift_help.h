/*
 * drift_help.h: what the tests of baselines and of drift share: an image that was trained on
 * the rows of tests/fixtures/drift, what make.py there says of them, and a small image with a
 * baseline that was written by hand.
 */
#ifndef DRIFT_HELP_H
#define DRIFT_HELP_H

#include "image_help.h"

#include <json-c/json.h>

#include "forest/baseline_make.h"
#include "forest/rows.h"

static struct json_object *help_said; /* of drift.json */
static struct image *help_trained;
static void *help_trained_bytes;

static inline struct json_object *help_member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (!json_object_object_get_ex(object, name, &value))
        fail_msg("no member %s", name);
    return value;
}

static inline double help_number(struct json_object *array, size_t i)
{
    return json_object_get_double(json_object_array_get_idx(array, i));
}

/* Grows a forest on the table and gives it a baseline; its image is to be closed and freed. */
static inline struct image *help_grow(const struct table *table, void **bytes)
{
    struct oob_sample sample = {.n = 0};
    struct train_options options = train_defaults;
    struct image *image = NULL;
    struct draft draft;
    struct reason why = {""};
    size_t len = 0;

    options.trees = 20;
    options.sample = &sample;
    assert_int_equal(train_forest(table, &options, &draft, &why), RESULT_OK);
    assert_int_equal(baseline_of_table(table, &sample, &draft), RESULT_OK);
    if (draft_pack(&draft, bytes, &len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_int_equal(image_prove(*bytes, len, "t.fgm", &image, &why), RESULT_OK);
    oob_sample_free(&sample);
    draft_free(&draft);
    return image;
}

static inline int help_train_image(void **state)
{
    struct table *table = NULL;
    struct reason why = {""};

    (void)state;
    if (table_read("tests/fixtures/drift/train.csv", "y", 0, &table, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    help_trained = help_grow(table, &help_trained_bytes);
    table_free(table);
    help_said = json_object_from_file("tests/fixtures/drift/drift.json");
    assert_non_null(help_said);
    return 0;
}

static inline int help_drop_image(void **state)
{
    (void)state;
    image_close(help_trained);
    free(help_trained_bytes);
    json_object_put(help_said);
    return 0;
}

/*
 * A baseline for help_draft, of 8 rows: feature 0 in two ranges, feature 1 with two values,
 * the class, and both probabilities.
 */
struct help_baseline {
    struct baseline_head head;
    struct baseline_part parts[5];
    uint64_t counts[12];
    float edges[7];
    uint32_t end;
};

static struct help_baseline help_block = {
    .head = {.rows = 8, .n_features = 2, .n_answers = 3, .n_edges = 7, .n_counts = 12},
    .parts = {{BASELINE_RANGES, 1, 0, 0, 2},
              {BASELINE_EACH, 2, 1, 2, 0},
              {BASELINE_EACH, 2, 3, 5, 0},
              {BASELINE_RANGES, 1, 5, 8, 0},
              {BASELINE_RANGES, 1, 6, 10, 0}},
    .counts = {3, 3, 4, 3, 1, 5, 3, 0, 4, 4, 5, 2},
    .edges = {0.5F, 0, 2, 0, 1, 0.25F, 0.75F},
};

enum {
    HELP_BLOCK = sizeof(struct help_baseline) - sizeof(uint32_t)
};

static inline int help_pack_with_baseline(void **state)
{
    int failed;

    help_draft.baseline = &help_block;
    help_draft.baseline_len = HELP_BLOCK;
    failed = help_pack(state);
    help_draft.baseline = NULL;
    return failed;
}

#endif
