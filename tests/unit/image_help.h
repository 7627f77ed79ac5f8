/*
 * image_help.h: what the tests of images share: a small forest as the bytes of an image, a
 * copy of them to spoil, and that spoilt ones are refused.
 */
#ifndef IMAGE_HELP_H
#define IMAGE_HELP_H

#include "forest_help.h"

#include "forest/layout.h"
#include "forest/walk.h"

/*
 * The forest of these tests.  Tree 0: tile 0 has a split at place 0 (b <= 0.5), exits 0 to 7
 * to a leaf, and one at place 2 (a <= 2) with two leaves.  Tree 1: tile 1, a leaf.
 */
static struct draft_node help_first[] = {
    {.threshold = 0.5F, .column = 1, .left = 1, .right = 2, .cover = 8},
    {.leaf = 0, .cover = 5},
    {.threshold = 2, .column = 0, .left = 3, .right = 4, .cover = 3},
    {.leaf = 1, .cover = 2},
    {.leaf = 2, .cover = 1},
};
static struct draft_node help_second[] = {{.leaf = 0, .cover = 8}};
static double help_first_leaves[] = {1, 0, 0.25, 0.75, 0, 1};
static double help_second_leaves[] = {1, 0};
static struct draft_tree help_trees[] = {
    {.nodes = help_first, .n_nodes = 5, .leaves = help_first_leaves, .n_leaves = 3, .width = 2},
    {.nodes = help_second,
     .n_nodes = 1,
     .leaves = help_second_leaves,
     .n_leaves = 1,
     .width = 2},
};
static struct draft_feature help_features[] = {
    {.name = (char[]){"b\xc3\xa4"},
     .type = IMAGE_REAL,
     .min = -1,
     .max = 1,
     .importance = 0.75},
    {.name = (char[]){"a"}, .type = IMAGE_INTEGER, .min = 0, .max = 9, .importance = 0.25},
};
static struct draft_column help_columns[] = {{0, DRAFT_KEEP}, {1, DRAFT_KEEP}};
static char *help_labels[] = {(char[]){"no"}, (char[]){"yes"}};
static struct draft_target help_target = {.labels = help_labels, .n_classes = 2};
static double help_base[] = {0, 0};

static struct draft help_draft = {
    .spec = {.task = SPEC_CLASSIFY,
             .compare = SPEC_COMPARE_F32,
             .sum = SPEC_SUM_F64,
             .fold = SPEC_FOLD_MEAN,
             .transform = SPEC_FRACTIONS,
             .label = SPEC_LABEL_ARGMAX,
             .category = SPEC_CATEGORY_SIGN,
             .n_outputs = 2,
             .divisor = 2,
             .parameter = 1},
    .n_features = 2,
    .n_columns = 2,
    .n_targets = 1,
    .n_trees = 2,
    .features = help_features,
    .columns = help_columns,
    .targets = &help_target,
    .trees = help_trees,
    .base = help_base,
    .facts = {.source = "test",
              .date = 1700000000,
              .rows = 8,
              .seed = UINT64_MAX,
              .trees = 2,
              .max_features = 1,
              .min_samples_leaf = 1,
              .metric = IMAGE_ACCURACY,
              .oob_score = 0.875,
              .oob_rows = 7,
              .data_sha256 = "00112233445566778899aabbccddeeff"
                             "00112233445566778899aabbccddeeff"},
};

/* Its image, between help_pack() and help_drop(). */
static uint8_t *help_image;
static size_t help_image_len;

static inline int help_pack(void **state)
{
    struct reason why = {""};
    void *bytes = NULL;

    (void)state;
    if (draft_pack(&help_draft, &bytes, &help_image_len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    help_image = bytes;
    return 0;
}

static inline int help_drop(void **state)
{
    (void)state;
    free(help_image);
    return 0;
}

/* A copy to spoil. */
static inline uint8_t *help_copy(void)
{
    uint8_t *bytes = malloc(help_image_len);

    memcpy(bytes, help_image, help_image_len);
    return bytes;
}

/* Makes the checksum right, so that only the proof is left to find the fault. */
static inline void help_sum(uint8_t *bytes, size_t len)
{
    struct layout_header *header = (void *)bytes;

    digest_of(bytes + LAYOUT_SUMMED_FROM, len - LAYOUT_SUMMED_FROM, header->sha256);
}

static inline struct layout_section *help_section(uint8_t *bytes, enum layout_part part)
{
    struct layout_section *sections = (void *)(bytes + sizeof(struct layout_header));

    while (sections->tag != layout_tags[part])
        sections++;
    return sections;
}

static inline void *help_part(uint8_t *bytes, enum layout_part which)
{
    return bytes + help_section(bytes, which)->offset;
}

static inline void help_refused(const uint8_t *bytes, size_t len, const char *reason)
{
    struct image *image = NULL;
    struct reason why = {""};

    assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
    assert_string_equal(why.text, reason);
    assert_null(image);
}

/* Bytes that happen to be an image must be safe to walk and to read. */
static inline void help_use(const struct image *image)
{
    double *row = calloc(image_n_features(image), sizeof(*row));
    double *out = calloc(image_n_outputs(image), sizeof(*out));
    size_t total = 0;
    uint32_t i;

    for (i = 0; i < image_n_features(image); i++) {
        row[i] = i % 2 == 0 ? 1e30 : -1;
        total += strlen(image_feature_name(image, i));
        assert_int_equal(image_feature_find(image, image_feature_name(image, i),
                                            strlen(image_feature_name(image, i))),
                         i);
    }
    for (i = 0; i < image_n_classes(image); i++)
        total += strlen(image_class_label(image, i));
    assert_true(total > 0);
    walk_predict(image, row, 1, out);
    free(row);
    free(out);
}

#endif
