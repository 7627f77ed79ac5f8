/*
 * test_image_crafted.c: crafted images, whose checksum is right, are refused by the proof,
 * each for its fault.
 */
#include "image_help.h"

#include <math.h>

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
#define MODEL   ((struct layout_model *)help_part(bytes, LAYOUT_MODEL))
#define FACTS   ((struct layout_facts *)help_part(bytes, LAYOUT_FACTS))
#define FEATURE ((struct layout_feature *)help_part(bytes, LAYOUT_FEATURES))
#define INDEX   ((uint32_t *)help_part(bytes, LAYOUT_INDEX))
#define COLUMN  ((struct layout_column *)help_part(bytes, LAYOUT_COLUMNS))
#define TARGET  ((struct layout_target *)help_part(bytes, LAYOUT_TARGETS))
#define LABEL   ((struct layout_text *)help_part(bytes, LAYOUT_LABELS))
#define TEXTS   ((char *)help_part(bytes, LAYOUT_TEXTS))
#define BASE    ((double *)help_part(bytes, LAYOUT_BASE))
#define TREE    ((struct layout_tree *)help_part(bytes, LAYOUT_TREES))
#define TILE    ((struct layout_tile *)help_part(bytes, LAYOUT_TILES))
#define LEAF    ((uint32_t *)help_part(bytes, LAYOUT_LEAVES))
#define ROW     ((double *)help_part(bytes, LAYOUT_ROWS))
#define COVER   ((float *)help_part(bytes, LAYOUT_COVERS))

/* NOLINTBEGIN(readability-non-const-parameter): they do write, by way of the names above. */
CRAFT(older_version, HEADER->version = 1)
CRAFT(newer_version, HEADER->version = 3)
CRAFT(other_size, HEADER->size++)
CRAFT(many_sections, HEADER->n_sections = 65)
CRAFT(section_outside, help_section(bytes, LAYOUT_COVERS)->length += 64)
CRAFT(section_far_away, help_section(bytes, LAYOUT_COVERS)->offset = UINT64_MAX - 63)
CRAFT(section_over_another, help_section(bytes, LAYOUT_FACTS)->offset -= 64)
CRAFT(section_not_aligned, help_section(bytes, LAYOUT_COVERS)->offset += 8)
CRAFT(section_twice, help_section(bytes, LAYOUT_COVERS)->tag = layout_tags[LAYOUT_LEAVES])
CRAFT(section_unknown, help_section(bytes, LAYOUT_COVERS)->tag = LAYOUT_TAG('N', 'E', 'W', '!'))
CRAFT(section_gone, struct layout_section *covers = help_section(bytes, LAYOUT_COVERS);
      covers->tag = LAYOUT_TAG('N', 'E', 'W', '!'); covers->flags = 0)
CRAFT(bytes_behind, help_section(bytes, LAYOUT_COVERS)->length -= 8)
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
CRAFT(values_of_another, FEATURE[0].type = FEATURE[1].type = IMAGE_CATEGORY;
      FEATURE[0].n_values = 2; FEATURE[1].values = 1; FEATURE[1].n_values = 1)
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
    {"the categories of feature 1 are not there", values_of_another},
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
        uint8_t *bytes = help_copy();

        crafts[i].spoil(bytes);
        help_sum(bytes, help_image_len);
        snprintf(reason, sizeof(reason), "t.fgm: %s", crafts[i].reason);
        help_refused(bytes, help_image_len, reason);
        free(bytes);
    }
}

/* A copy with one more section, an empty one, which comes first; help_image_len + 64 bytes. */
static uint8_t *copy_with_section(uint32_t tag)
{
    const uint32_t n = ((const struct layout_header *)(const void *)help_image)->n_sections;
    uint8_t *bytes = aligned_alloc(64, (help_image_len + 127) / 64 * 64);
    struct layout_header *header = (void *)bytes;
    struct layout_section *sections = (void *)(header + 1);
    const size_t table = sizeof(*header) + n * sizeof(*sections);
    uint32_t i;

    /* All moves up by 64 bytes to make room for the new one's entry. */
    memset(bytes, 0, help_image_len + 64);
    memcpy(bytes, help_image, table);
    memcpy(bytes + table + 64, help_image + table, help_image_len - table);
    memmove(sections + 1, sections, n * sizeof(*sections));
    for (i = 1; i <= n; i++)
        sections[i].offset += 64;
    sections[0] = (struct layout_section){tag, 0, sections[1].offset, 0};
    header->n_sections++;
    header->size = help_image_len + 64;
    help_sum(bytes, header->size);
    return bytes;
}

static void passes_over_a_section_that_is_not_needed(void **state)
{
    uint8_t *bytes = copy_with_section(LAYOUT_TAG('N', 'E', 'W', '!'));
    struct image *image = help_prove(bytes, help_image_len + 64);

    (void)state;
    help_use(image);
    image_close(image);
    free(bytes);
}

/* It would be taken for covers, and read past its end. */
static void refuses_covers_without_bytes(void **state)
{
    uint8_t *bytes = copy_with_section(LAYOUT_TAG('N', 'E', 'W', '!'));
    struct layout_section *unknown = (void *)(bytes + sizeof(struct layout_header));
    struct layout_section *covers = help_section(bytes, LAYOUT_COVERS);

    (void)state;
    MODEL->cover_format = LAYOUT_COVERS_NONE;
    covers->tag = unknown->tag;
    covers->flags = 0;
    unknown->tag = layout_tags[LAYOUT_COVERS];
    help_sum(bytes, help_image_len + 64);
    help_refused(bytes, help_image_len + 64, "t.fgm: section COVR is empty");
    free(bytes);
}

/* Leaves may not share the terms of their lines, which would make a row cost any time. */
static void refuses_lines_that_share_their_terms(void **state)
{
    static double weights[] = {1, 2}, constants[] = {1, 0, 0.25};
    static uint32_t used[] = {0, 1};
    struct draft_linear lines[3] = {{0}};
    struct draft_tree tree = help_draft.trees[0];
    struct draft linear = help_draft;
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
    line = help_part(bytes, LAYOUT_LINES);
    line[1].terms = 0;
    help_sum(bytes, len);
    help_refused(bytes, len, "t.fgm: tree 0, leaf 1: its line is not right");
    free(made);
}

/* Exact thresholds, of which the tile has the float32 below. */
static void refuses_an_exact_threshold_that_its_tile_does_not_have(void **state)
{
    static const float there[] = {-INFINITY, 0.25F, 1, INFINITY};
    struct draft exact = help_draft;
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
        help_sum(bytes, len);
        help_refused(bytes, len,
                     "t.fgm: tree 0, tile 0, split 0: its exact threshold is another");
    }
    free(made);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_every_crafted_image_for_its_fault),
        cmocka_unit_test(passes_over_a_section_that_is_not_needed),
        cmocka_unit_test(refuses_covers_without_bytes),
        cmocka_unit_test(refuses_lines_that_share_their_terms),
        cmocka_unit_test(refuses_an_exact_threshold_that_its_tile_does_not_have),
    };

    return cmocka_run_group_tests(tests, help_pack, help_drop);
}
