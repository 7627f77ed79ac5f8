/*
 * test_image.c: bytes that are not an image are refused, whoever made them: damaged
 * ones by their checksum, crafted ones, whose checksum is right, by the proof.
 */
#include "forest_help.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "forest/layout.h"
#include "forest/walk.h"

/*
 * The forest of these tests.  Tree 0: tile 0 has a split at place 0 (b <= 0.5), exits 0 to 7
 * to a leaf, and one at place 2 (a <= 2) with two leaves.  Tree 1: tile 1, a leaf.
 */
static struct draft_node first[] = {
    {.threshold = 0.5F, .column = 1, .left = 1, .right = 2, .cover = 8},
    {.leaf = 0, .cover = 5},
    {.threshold = 2, .column = 0, .left = 3, .right = 4, .cover = 3},
    {.leaf = 1, .cover = 2},
    {.leaf = 2, .cover = 1},
};
static struct draft_node second[] = {{.leaf = 0, .cover = 8}};
static double first_leaves[] = {1, 0, 0.25, 0.75, 0, 1};
static double second_leaves[] = {1, 0};
static struct draft_tree trees[] = {
    {.nodes = first, .n_nodes = 5, .leaves = first_leaves, .n_leaves = 3, .width = 2},
    {.nodes = second, .n_nodes = 1, .leaves = second_leaves, .n_leaves = 1, .width = 2},
};
static struct draft_feature features[] = {
    {.name = (char[]){"b\xc3\xa4"},
     .type = IMAGE_REAL,
     .min = -1,
     .max = 1,
     .importance = 0.75},
    {.name = (char[]){"a"}, .type = IMAGE_INTEGER, .min = 0, .max = 9, .importance = 0.25},
};
static struct draft_column columns[] = {{0, DRAFT_KEEP}, {1, DRAFT_KEEP}};
static char *labels[] = {(char[]){"no"}, (char[]){"yes"}};
static struct draft_target target = {.labels = labels, .n_classes = 2};
static double base[] = {0, 0};

static struct draft draft = {
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
    .features = features,
    .columns = columns,
    .targets = &target,
    .trees = trees,
    .base = base,
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

static uint8_t *good;
static size_t good_len;

static int pack(void **state)
{
    struct reason why = {""};
    void *bytes = NULL;

    (void)state;
    if (draft_pack(&draft, &bytes, &good_len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    good = bytes;
    return 0;
}

static int drop(void **state)
{
    (void)state;
    free(good);
    return 0;
}

/* A copy to spoil. */
static uint8_t *copy_good(void)
{
    uint8_t *bytes = malloc(good_len);

    memcpy(bytes, good, good_len);
    return bytes;
}

/* Makes the checksum right, so that only the proof is left to find the fault. */
static void sum(uint8_t *bytes, size_t len)
{
    struct layout_header *header = (void *)bytes;

    digest_of(bytes + LAYOUT_SUMMED_FROM, len - LAYOUT_SUMMED_FROM, header->sha256);
}

static struct layout_section *section(uint8_t *bytes, enum layout_part part)
{
    struct layout_section *sections = (void *)(bytes + sizeof(struct layout_header));

    while (sections->tag != layout_tags[part])
        sections++;
    return sections;
}

static void *part(uint8_t *bytes, enum layout_part which)
{
    return bytes + section(bytes, which)->offset;
}

static void check_refused(const uint8_t *bytes, size_t len, const char *reason)
{
    struct image *image = NULL;
    struct reason why = {""};

    assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
    assert_string_equal(why.text, reason);
    assert_null(image);
}

/* Bytes that happen to be an image must be safe to walk and to read. */
static void use(const struct image *image)
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

static void refuses_it_cut_short_at_every_length(void **state)
{
    size_t len;

    (void)state;
    for (len = 0; len < good_len; len++) {
        uint8_t *bytes = malloc(len + 1); /* so that a read past the end is found */
        struct image *image = NULL;
        struct reason why;

        memcpy(bytes, good, len);
        assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
        if (len >= sizeof(struct layout_header)) {
            ((struct layout_header *)(void *)bytes)->size = len;
            sum(bytes, len);
            assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
        }
        free(bytes);
    }
}

static void refuses_it_with_any_bit_flipped(void **state)
{
    uint8_t *bytes = copy_good();
    struct image *image = NULL;
    struct reason why;
    size_t bit;

    (void)state;
    for (bit = 0; bit < good_len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(image_prove(bytes, good_len, "t.fgm", &image, &why), RESULT_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(bytes);
}

static void survives_any_bit_flipped_under_a_right_checksum(void **state)
{
    uint8_t *bytes = copy_good();
    struct image *image = NULL;
    struct reason why;
    size_t bit, proved = 0;

    (void)state;
    for (bit = (size_t)LAYOUT_SUMMED_FROM * 8; bit < good_len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        sum(bytes, good_len);
        if (image_prove(bytes, good_len, "t.fgm", &image, &why) == RESULT_OK) {
            use(image);
            image_close(image);
            proved++;
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(proved > 0); /* the bits of a threshold, say: it is another, good image */
    free(bytes);
}

static void refuses_what_is_no_image(void **state)
{
    (void)state;
    check_refused((const uint8_t *)"", 0, "t.fgm: the file is empty");
    check_refused((const uint8_t *)"species,sepal_length", 20,
                  "t.fgm: not a model image (.fgm)");
    check_refused(good, 20, "t.fgm: cut short within its header");
}

/* One way to spoil an image, and what is said of it. */
struct craft {
    const char *reason;
    void (*spoil)(uint8_t *bytes);
};

#define CRAFT(name, ...)             \
    static void name(uint8_t *bytes) \
    {                                \
        __VA_ARGS__;                 \
    }

#define HEADER  ((struct layout_header *)(void *)bytes)
#define MODEL   ((struct layout_model *)part(bytes, LAYOUT_MODEL))
#define FACTS   ((struct layout_facts *)part(bytes, LAYOUT_FACTS))
#define FEATURE ((struct layout_feature *)part(bytes, LAYOUT_FEATURES))
#define INDEX   ((uint32_t *)part(bytes, LAYOUT_INDEX))
#define COLUMN  ((struct layout_column *)part(bytes, LAYOUT_COLUMNS))
#define TARGET  ((struct layout_target *)part(bytes, LAYOUT_TARGETS))
#define LABEL   ((struct layout_text *)part(bytes, LAYOUT_LABELS))
#define TEXTS   ((char *)part(bytes, LAYOUT_TEXTS))
#define BASE    ((double *)part(bytes, LAYOUT_BASE))
#define TREE    ((struct layout_tree *)part(bytes, LAYOUT_TREES))
#define TILE    ((struct layout_tile *)part(bytes, LAYOUT_TILES))
#define LEAF    ((uint32_t *)part(bytes, LAYOUT_LEAVES))
#define ROW     ((double *)part(bytes, LAYOUT_ROWS))
#define COVER   ((float *)part(bytes, LAYOUT_COVERS))

/* NOLINTBEGIN(readability-non-const-parameter): they do write, by way of the names above. */
CRAFT(older_version, HEADER->version = 1)
CRAFT(newer_version, HEADER->version = 3)
CRAFT(other_size, HEADER->size++)
CRAFT(many_sections, HEADER->n_sections = 65)
CRAFT(section_outside, section(bytes, LAYOUT_COVERS)->length += 64)
CRAFT(section_far_away, section(bytes, LAYOUT_COVERS)->offset = UINT64_MAX - 63)
CRAFT(section_over_another, section(bytes, LAYOUT_FACTS)->offset -= 64)
CRAFT(section_not_aligned, section(bytes, LAYOUT_COVERS)->offset += 8)
CRAFT(section_twice, section(bytes, LAYOUT_COVERS)->tag = layout_tags[LAYOUT_LEAVES])
CRAFT(section_unknown, section(bytes, LAYOUT_COVERS)->tag = LAYOUT_TAG('N', 'E', 'W', '!'))
CRAFT(section_gone, struct layout_section *covers = section(bytes, LAYOUT_COVERS);
      covers->tag = LAYOUT_TAG('N', 'E', 'W', '!'); covers->flags = 0)
CRAFT(bytes_behind, section(bytes, LAYOUT_COVERS)->length -= 8)
CRAFT(other_compare, MODEL->compare = 3)
CRAFT(other_fold, MODEL->fold = 0)
CRAFT(other_task, MODEL->task = 4)
CRAFT(other_leaves, MODEL->leaf_format = 4)
CRAFT(divisor_nan, MODEL->divisor = NAN)
CRAFT(divisor_zero, MODEL->divisor = 0)
CRAFT(no_features, MODEL->n_features = 0)
CRAFT(no_columns, MODEL->n_columns = 0)
CRAFT(no_trees, MODEL->n_trees = 0)
CRAFT(outputs_not_classes, MODEL->n_outputs = 3)
CRAFT(more_features, MODEL->n_features = 3)
CRAFT(more_tiles, MODEL->n_tiles = 3)
CRAFT(more_words, MODEL->n_words = UINT64_MAX / 4 + 1)
CRAFT(more_leaves, MODEL->n_leaves++)
CRAFT(name_outside, FEATURE[0].name.offset = UINT32_MAX)
CRAFT(name_long, FEATURE[0].name.length = UINT32_MAX)
CRAFT(name_empty, FEATURE[0].name.length = 0)
CRAFT(name_without_nul, FEATURE[0].name.length--)
CRAFT(name_not_utf8, TEXTS[FEATURE[0].name.offset + 2] = 'x')
CRAFT(name_with_control, TEXTS[FEATURE[1].name.offset] = '\x1b')
CRAFT(type_unknown, FEATURE[1].type = 9)
CRAFT(range_nan, FEATURE[1].min = NAN)
CRAFT(values_of_no_category, FEATURE[1].n_values = 1)
CRAFT(values_outside, FEATURE[1].type = IMAGE_CATEGORY; FEATURE[1].n_values = 3)
CRAFT(importance_negative, FEATURE[0].importance = -0.1)
CRAFT(importance_nan, FEATURE[0].importance = NAN)
CRAFT(index_outside, INDEX[0] = 2)
CRAFT(index_twice, INDEX[0] = INDEX[1])
CRAFT(index_unsorted, INDEX[0] = 0; INDEX[1] = 1)
CRAFT(label_empty, LABEL[1].length = 0)
CRAFT(column_of_no_feature, COLUMN[1].feature = 2)
CRAFT(mend_unknown, COLUMN[1].mend = 6)
CRAFT(classes_outside, TARGET[0].labels = 1)
CRAFT(classes_none, TARGET[0].n_classes = 0)
CRAFT(class_alone, TARGET[0].n_classes = 1; MODEL->label = SPEC_LABEL_ABOVE_HALF)
CRAFT(class_alone_by_margin, TARGET[0].n_classes = 1; MODEL->label = SPEC_LABEL_MARGIN_FROM)
CRAFT(anomaly_by_half, MODEL->task = SPEC_ANOMALY; MODEL->label = SPEC_LABEL_ABOVE_HALF)
CRAFT(base_nan, BASE[1] = NAN)
CRAFT(score_nan, FACTS->oob_score = NAN)
CRAFT(source_outside, FACTS->source.offset = UINT32_MAX)
CRAFT(tree_late, TREE[0].tiles = 1)
CRAFT(tree_outside, TREE[1].tiles = 1000)
CRAFT(tree_output, TREE[1].width = 1; TREE[1].output = 2)
CRAFT(tree_width, TREE[0].width = 3)
CRAFT(tree_past_the_outputs, TREE[0].output = 1)
CRAFT(tree_depth, TREE[0].depth = 1)
CRAFT(splits_late, TILE[0].splits = 1)
CRAFT(splits_sixteen, TILE[0].present |= 1 << 15)
CRAFT(split_alone, TILE[0].present |= 1 << 7; TILE[0].threshold[7] = 0)
CRAFT(split_gone, TILE[0].present &= (uint16_t)~4U)
CRAFT(splits_many, TILE[1].present = 1; TILE[1].threshold[0] = 0)
CRAFT(nan_left_of_none, TILE[0].nan_left = 2)
CRAFT(by_set_of_none, TILE[0].by_set = 2)
CRAFT(set_outside, TILE[0].by_set = 1)
CRAFT(empty_threshold, TILE[0].threshold[1] = 0)
CRAFT(empty_column, TILE[0].column[1] = 1)
CRAFT(last_threshold, TILE[0].threshold[15] = 0)
CRAFT(column_outside, TILE[0].column[2] = 2)
CRAFT(threshold_nan, TILE[0].threshold[0] = NAN)
CRAFT(exits_unlike, TILE[0].next[3] = 1)
CRAFT(exits_not_in_order, memset(TILE[0].next + 8, 2, 4); memset(TILE[0].next + 12, 1, 4))
CRAFT(exits_odd, memset(TILE[0].next, 0x20, 8))
CRAFT(leaves_late, TILE[1].base[0] = 2)
CRAFT(tiles_unused, TILE[0].base[1] = 5)
CRAFT(tile_none, memset(TILE[0].next, 0x80, 8); TILE[0].base[1] = 0)
CRAFT(cycle, memset(TILE[0].next, 0x80, 8); TILE[0].base[1] = LAYOUT_TILE - 0x80)
CRAFT(tile_of_another, memset(TILE[0].next, 0x80, 8); TILE[0].base[1] = LAYOUT_TILE + 1 - 0x80)
CRAFT(tile_outside, memset(TILE[0].next, 0x80, 8); TILE[0].base[1] = LAYOUT_TILE + 2 - 0x80)
CRAFT(leaf_outside, LEAF[3] = UINT32_MAX)
CRAFT(leaf_at_the_end, LEAF[3] = 5)
CRAFT(cover_nan, COVER[2] = NAN)
CRAFT(cover_negative, COVER[2] = -1)
CRAFT(depth_wrong, MODEL->depth = 1)
CRAFT(output_nan, ROW[3] = NAN)
/* NOLINTEND(readability-non-const-parameter) */

static const struct craft crafts[] = {
    {"an image of version 1; this program reads version 2", older_version},
    {"an image of version 3; this program reads version 2", newer_version},
    {"has 1752 bytes, its header says 1753", other_size},
    {"the table of sections is not in the file", many_sections},
    {"section COVR is not within the file", section_outside},
    {"section COVR is not within the file", section_far_away},
    {"section FACT is not within the file", section_over_another},
    {"section COVR is not within the file", section_not_aligned},
    {"section LEAF is there twice", section_twice},
    {"needs section NEW!, which this program does not know", section_unknown},
    {"section COVR has a length of 0, must be 24", section_gone},
    {"has bytes behind its last section", bytes_behind},
    {"a kind of forest that this program does not know", other_compare},
    {"a kind of forest that this program does not know", other_fold},
    {"a kind of forest that this program does not know", other_task},
    {"a kind of forest that this program does not know", other_leaves},
    {"a number of its kind is not finite", divisor_nan},
    {"a mean by a divisor that is not over 0", divisor_zero},
    {"0 features, must be 1 to 65536", no_features},
    {"0 columns, must be 1 to 65536", no_columns},
    {"0 trees, must be 1 to 1048576", no_trees},
    {"section BASE has a length of 16, must be 24", outputs_not_classes},
    {"section FEAT has a length of 96, must be 144", more_features},
    {"section TILE has a length of 256, must be 384", more_tiles},
    {"has more numbers than bytes", more_words},
    {"section LEAF has a length of 16, must be 20", more_leaves},
    {"the name of feature 0 is not right", name_outside},
    {"the name of feature 0 is not right", name_long},
    {"the name of feature 0 is not right", name_empty},
    {"the name of feature 0 is not right", name_without_nul},
    {"the name of feature 0 is not right", name_not_utf8},
    {"the name of feature 1 is not right", name_with_control},
    {"feature 1 is of unknown type 9", type_unknown},
    {"the range of feature 1 is not right", range_nan},
    {"the categories of feature 1 are not there", values_of_no_category},
    {"the categories of feature 1 are not there", values_outside},
    {"the importance of feature 0 is not finite and from 0 on", importance_negative},
    {"the importance of feature 0 is not finite and from 0 on", importance_nan},
    {"the index of names has no feature 2", index_outside},
    {"the index of names is not in order", index_twice},
    {"the index of names is not in order", index_unsorted},
    {"label 1 is not right", label_empty},
    {"column 1: feature 2 of 2", column_of_no_feature},
    {"column 1: mend 6 is none that is known", mend_unknown},
    {"the classes of target 0 are not right", classes_outside},
    {"the classes of target 0 are not right", classes_none},
    {"the classes of target 0 are not right", class_alone},
    {"the classes of target 0 are not right", class_alone_by_margin},
    {"the classes of target 0 are not right", anomaly_by_half},
    {"base 1 is not finite", base_nan},
    {"the training facts are not right", score_nan},
    {"the training facts are not right", source_outside},
    {"tree 0 is not within the tiles", tree_late},
    {"tree 0 is not within the tiles", tree_outside},
    {"tree 1: its outputs are not right", tree_output},
    {"tree 0: its outputs are not right", tree_width},
    {"tree 0: its outputs are not right", tree_past_the_outputs},
    {"tree 0: 2 deep, not 1", tree_depth},
    {"tree 0, tile 0: its splits are not those behind the ones before", splits_late},
    {"tree 0, tile 0: splits that are not there", splits_sixteen},
    {"tree 0, tile 0, split 7: no split leads to it", split_alone},
    {"tree 0, tile 0, split 2: a place without a split is not empty", split_gone},
    {"tree 1, tile 1: more splits than there are", splits_many},
    {"tree 0, tile 0: splits that are not there", nan_left_of_none},
    {"tree 0, tile 0: splits that are not there", by_set_of_none},
    {"tree 0, tile 0, split 0: its set is not there", set_outside},
    {"tree 0, tile 0, split 1: a place without a split is not empty", empty_threshold},
    {"tree 0, tile 0, split 1: a place without a split is not empty", empty_column},
    {"tree 0, tile 0: splits that are not there", last_threshold},
    {"tree 0, tile 0, split 2: its column is not there", column_outside},
    {"tree 0, tile 0, split 0: its threshold is not a number", threshold_nan},
    {"tree 0, tile 0: the exits below one leaf are not alike", exits_unlike},
    {"tree 0, tile 0: its leaves are not in order", exits_not_in_order},
    {"tree 0, tile 0: its leaves are not in order", exits_odd},
    {"tree 1, tile 1: its leaves are not those behind the ones before", leaves_late},
    {"tree 0, tile 0: tiles that no exit leads to", tiles_unused},
    {"tree 0, tile 0: a tile below it is none", tile_none},
    {"tree 0, tile 0: a tile below it is not behind it in its tree", cycle},
    {"tree 0, tile 0: a tile below it is not behind it in its tree", tile_of_another},
    {"tree 0, tile 0: a tile below it is not behind it in its tree", tile_outside},
    {"tree 1, leaf 3: its numbers are not there", leaf_outside},
    {"tree 1, leaf 3: its numbers are not there", leaf_at_the_end},
    {"cover 2 is not right", cover_nan},
    {"cover 2 is not right", cover_negative},
    {"is 2 deep, its header says 1", depth_wrong},
    {"number 3 is not finite", output_nan},
};

static void refuses_every_crafted_image_for_its_fault(void **state)
{
    char reason[256];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(crafts) / sizeof(crafts[0]); i++) {
        uint8_t *bytes = copy_good();

        crafts[i].spoil(bytes);
        sum(bytes, good_len);
        snprintf(reason, sizeof(reason), "t.fgm: %s", crafts[i].reason);
        check_refused(bytes, good_len, reason);
        free(bytes);
    }
}

/* A copy with one more section, an empty one, which comes first; good_len + 64 bytes. */
static uint8_t *copy_with_section(uint32_t tag)
{
    const uint32_t n = ((const struct layout_header *)(const void *)good)->n_sections;
    uint8_t *bytes = aligned_alloc(64, (good_len + 127) / 64 * 64);
    struct layout_header *header = (void *)bytes;
    struct layout_section *sections = (void *)(header + 1);
    const size_t table = sizeof(*header) + n * sizeof(*sections);
    uint32_t i;

    /* All moves up by 64 bytes to make room for the new one's entry. */
    memset(bytes, 0, good_len + 64);
    memcpy(bytes, good, table);
    memcpy(bytes + table + 64, good + table, good_len - table);
    memmove(sections + 1, sections, n * sizeof(*sections));
    for (i = 1; i <= n; i++)
        sections[i].offset += 64;
    sections[0] = (struct layout_section){tag, 0, sections[1].offset, 0};
    header->n_sections++;
    header->size = good_len + 64;
    sum(bytes, header->size);
    return bytes;
}

static void passes_over_a_section_that_is_not_needed(void **state)
{
    uint8_t *bytes = copy_with_section(LAYOUT_TAG('N', 'E', 'W', '!'));
    struct image *image = help_prove(bytes, good_len + 64);

    (void)state;
    use(image);
    image_close(image);
    free(bytes);
}

/* It would be taken for covers, and read past its end. */
static void refuses_covers_without_bytes(void **state)
{
    uint8_t *bytes = copy_with_section(LAYOUT_TAG('N', 'E', 'W', '!'));
    struct layout_section *unknown = (void *)(bytes + sizeof(struct layout_header));
    struct layout_section *covers = section(bytes, LAYOUT_COVERS);

    (void)state;
    MODEL->cover_format = LAYOUT_COVERS_NONE;
    covers->tag = unknown->tag;
    covers->flags = 0;
    unknown->tag = layout_tags[LAYOUT_COVERS];
    sum(bytes, good_len + 64);
    check_refused(bytes, good_len + 64, "t.fgm: section COVR is empty");
    free(bytes);
}

/* Leaves may not share the terms of their lines, which would make a row cost any time. */
static void refuses_lines_that_share_their_terms(void **state)
{
    static double weights[] = {1, 2}, constants[] = {1, 0, 0.25};
    static uint32_t used[] = {0, 1};
    struct draft_linear lines[3] = {{0}};
    struct draft_tree tree = trees[0];
    struct draft linear = draft;
    struct draft_target value = {0};
    struct layout_line *line;
    struct reason why;
    void *made = NULL;
    uint8_t *bytes;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        lines[i] =
            (struct draft_linear){.constant = 1, .n = 2, .features = used, .weights = weights};
    tree.leaves = constants;
    tree.width = 1;
    tree.linear = lines;
    linear.trees = &tree;
    linear.n_trees = 1;
    linear.targets = &value;
    linear.spec.task = SPEC_REGRESS;
    linear.spec.transform = SPEC_IDENTITY;
    linear.spec.n_outputs = 1;
    if (draft_pack(&linear, &made, &len, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    bytes = made;
    line = part(bytes, LAYOUT_LINES);
    line[1].terms = 0;
    sum(bytes, len);
    check_refused(bytes, len, "t.fgm: tree 0, leaf 1: its line is not right");
    free(made);
}

/* Exact thresholds, of which the tile has the float32 below. */
static void refuses_an_exact_threshold_that_its_tile_does_not_have(void **state)
{
    static const float there[] = {-INFINITY, 0.25F, 1, INFINITY};
    struct draft exact = draft;
    struct reason why;
    void *made = NULL;
    uint8_t *bytes;
    size_t len = 0;

    (void)state;
    exact.spec.compare = SPEC_COMPARE_F64;
    assert_int_equal(draft_pack(&exact, &made, &len, &why), RESULT_OK);
    bytes = made;
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        TILE[0].threshold[0] = there[i];
        sum(bytes, len);
        check_refused(bytes, len,
                      "t.fgm: tree 0, tile 0, split 0: its exact threshold is another");
    }
    free(made);
}

static void says_what_was_put_in(void **state)
{
    struct image *image = help_prove(good, good_len);
    const struct image_facts *facts = image_facts(image);

    (void)state;
    assert_int_equal(image_task(image), SPEC_CLASSIFY);
    assert_int_equal(image_n_features(image), 2);
    assert_int_equal(image_n_classes(image), 2);
    assert_int_equal(image_n_outputs(image), 2);
    assert_int_equal(image_n_trees(image), 2);
    assert_int_equal(image_n_nodes(image), 6);
    assert_int_equal(image_depth(image), 2);
    assert_int_equal(image_size(image), good_len);
    assert_string_equal(image_feature_name(image, 0), "b\xc3\xa4");
    assert_int_equal(image_feature_type(image, 1), IMAGE_INTEGER);
    assert_true(image_feature_min(image, 0) == -1 && image_feature_max(image, 1) == 9);
    assert_true(image_feature_importance(image, 0) == 0.75);
    assert_string_equal(image_class_label(image, 1), "yes");
    assert_string_equal(facts->source, "test");
    assert_int_equal(facts->date, 1700000000);
    assert_int_equal(facts->rows, 8);
    assert_true(facts->seed == UINT64_MAX);
    assert_int_equal(facts->trees, 2);
    assert_int_equal(facts->max_features, 1);
    assert_int_equal(facts->metric, IMAGE_ACCURACY);
    assert_true(facts->oob_score == 0.875);
    assert_int_equal(facts->oob_rows, 7);
    assert_string_equal(facts->data_sha256, draft.facts.data_sha256);
    assert_int_equal(strlen(image_sha256_hex(image)), 64);
    image_close(image);
}

static void finds_features_by_the_whole_name(void **state)
{
    struct image *image = help_prove(good, good_len);

    (void)state;
    assert_int_equal(image_feature_find(image, "a", 1), 1);
    assert_int_equal(image_feature_find(image, "b\xc3\xa4zz", 3), 0);
    assert_int_equal(image_feature_find(image, "b\xc3\xa4zz", 4), -1);
    assert_int_equal(image_feature_find(image, "b\xc3\xa4", 2), -1);
    assert_int_equal(image_feature_find(image, "", 0), -1);
    assert_int_equal(image_feature_find(image, "a\0", 2), -1);
    assert_int_equal(image_feature_find(image, "A", 1), -1);
    image_close(image);
}

static void tells_names_apart_that_begin_alike(void **state)
{
    static const char *const names[] = {"xyz", "x", "w", "xy", "xyzzy"};
    struct draft_feature five[5];
    struct draft alike = draft;
    struct image *image;
    struct reason why;
    void *bytes = NULL;
    size_t len = 0;
    int i;

    (void)state;
    for (i = 0; i < 5; i++) {
        five[i] = features[0];
        five[i].name = (char *)names[i];
    }
    alike.n_features = 5;
    alike.features = five;
    assert_int_equal(draft_pack(&alike, &bytes, &len, &why), RESULT_OK);
    image = help_prove(bytes, len);
    for (i = 0; i < 5; i++)
        assert_int_equal(image_feature_find(image, names[i], strlen(names[i])), i);
    assert_int_equal(image_feature_find(image, "xyzz", 4), -1);
    image_close(image);
    free(bytes);
}

static void keeps_equal_rows_of_outputs_once(void **state)
{
    (void)state;
    assert_int_equal(((struct layout_model *)part(good, LAYOUT_MODEL))->n_leaves, 4);
    assert_int_equal(((struct layout_model *)part(good, LAYOUT_MODEL))->n_rows, 3 * 2);
}

static void refuses_a_draft_that_no_image_holds(void **state)
{
    struct draft bad = draft;
    struct reason why;
    size_t len;
    void *bytes = NULL;

    (void)state;
    bad.n_features = IMAGE_MAX_FEATURES + 1;
    assert_int_equal(draft_pack(&bad, &bytes, &len, &why), RESULT_TOO_BIG);
    assert_string_equal(why.text, "65537 features; at most 65536 are allowed");
    assert_null(bytes);
}

/* A file in a directory of its own, so that what is left behind is seen. */
static char folder[32], path[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/forest.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/m.fgm", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* fails if a temporary file was left */
    return 0;
}

static void trusts_only_the_image_that_was_expected(void **state)
{
    static const char other[] = "00112233445566778899aabbccddeeff"
                                "00112233445566778899aabbccddeeff";
    struct image *image = NULL;
    struct reason why;
    char sum_hex[65];
    int fd;

    (void)state;
    assert_int_equal(draft_write(&draft, path, &why), RESULT_OK);
    assert_int_equal(image_open_trusted(path, other, &image, &why), RESULT_MALFORMED);
    assert_null(image);
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    strcpy(sum_hex, image_sha256_hex(image));
    image_close(image);
    image = NULL;
    assert_int_equal(image_open_trusted(path, sum_hex, &image, &why), RESULT_OK);
    use(image);
    image_close(image);
    image = NULL;
    /* Its schema is proved all the same. */
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "\1", 1, (off_t)good_len), 1);
    close(fd);
    assert_int_equal(image_open_trusted(path, sum_hex, &image, &why), RESULT_MALFORMED);
    assert_null(image);
}

static void opens_what_it_writes(void **state)
{
    struct image *image = NULL;
    struct reason why;
    struct stat st;

    (void)state;
    umask(077);
    assert_int_equal(draft_write(&draft, path, &why), RESULT_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(st.st_size, good_len);
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    use(image);
    image_close(image);
}

static void leaves_the_old_file_when_the_disk_is_full(void **state)
{
    struct rlimit before, small;
    struct image *image = NULL;
    struct reason why;

    (void)state;
    assert_int_equal(draft_write(&draft, path, &why), RESULT_OK);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 512;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(draft_write(&draft, path, &why), RESULT_FULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    image_close(image);
}

static void tells_of_a_place_that_cannot_be_written(void **state)
{
    struct reason why;

    (void)state;
    assert_int_equal(draft_write(&draft, "/nowhere/m.fgm", &why), RESULT_MISSING);
    assert_non_null(strstr(why.text, "/nowhere/m.fgm"));
}

static void refuses_to_open_what_is_no_file_of_an_image(void **state)
{
    struct image *image = NULL;
    struct reason why;
    int fd;

    (void)state;
    assert_int_equal(image_open(path, &image, &why), RESULT_MISSING);
    assert_non_null(strstr(why.text, "m.fgm: No such file or directory"));
    assert_int_equal(image_open(folder, &image, &why), RESULT_MALFORMED);
    assert_non_null(strstr(why.text, ": not a regular file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(image_open(path, &image, &why), RESULT_MALFORMED); /* and does not wait */
    unlink(path);
    fd = open(path, O_CREAT | O_RDONLY, 0600);
    assert_int_equal(image_open_fd(fd, "t.fgm", &image, &why), RESULT_MALFORMED);
    assert_string_equal(why.text, "t.fgm: the file is empty");
    close(fd);
    assert_null(image);
}

#define TEST_IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_it_cut_short_at_every_length),
        cmocka_unit_test(refuses_it_with_any_bit_flipped),
        cmocka_unit_test(survives_any_bit_flipped_under_a_right_checksum),
        cmocka_unit_test(refuses_what_is_no_image),
        cmocka_unit_test(refuses_every_crafted_image_for_its_fault),
        TEST_IN_FOLDER(trusts_only_the_image_that_was_expected),
        cmocka_unit_test(refuses_a_draft_that_no_image_holds),
        TEST_IN_FOLDER(refuses_to_open_what_is_no_file_of_an_image),
        TEST_IN_FOLDER(leaves_the_old_file_when_the_disk_is_full),
        TEST_IN_FOLDER(tells_of_a_place_that_cannot_be_written),
        TEST_IN_FOLDER(opens_what_it_writes),
        cmocka_unit_test(passes_over_a_section_that_is_not_needed),
        cmocka_unit_test(refuses_covers_without_bytes),
        cmocka_unit_test(refuses_lines_that_share_their_terms),
        cmocka_unit_test(refuses_an_exact_threshold_that_its_tile_does_not_have),
        cmocka_unit_test(says_what_was_put_in),
        cmocka_unit_test(finds_features_by_the_whole_name),
        cmocka_unit_test(tells_names_apart_that_begin_alike),
        cmocka_unit_test(keeps_equal_rows_of_outputs_once),
    };

    return cmocka_run_group_tests(tests, pack, drop);
}
