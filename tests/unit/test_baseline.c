/*
 * test_baseline.c: baselines that are none are refused, in every byte; those that are made of
 * rows are what another program makes of them (tests/fixtures/drift/make.py).
 */
#include "drift_help.h"

#include <math.h>

/* ---- blocks ---- */

#define CRAFT(name, ...)                          \
    static void name(struct help_baseline *block) \
    {                                             \
        __VA_ARGS__;                              \
    }

CRAFT(more_parts, block->head.n_answers = 4)
CRAFT(more_counts, block->head.n_counts = 13)
CRAFT(more_edges, block->head.n_edges = UINT32_MAX)
CRAFT(parts_that_run_over, block->head.n_features = UINT32_MAX; block->head.n_answers = 6)
CRAFT(kind_zero, block->parts[1].kind = 0)
CRAFT(kind_new, block->parts[1].kind = 3)
CRAFT(each_of_nothing, block->parts[1].n_edges = 0)
CRAFT(edges_many, block->parts[4].n_edges = BASELINE_BINS)
CRAFT(edges_of_another, block->parts[1].edges = 0)
CRAFT(counts_of_another, block->parts[1].counts = 0)
CRAFT(edges_too_many, block->parts[4].n_edges = 2)
CRAFT(edges_left_over, block->parts[4].n_edges = 0)
CRAFT(edge_nan, block->edges[1] = NAN)
CRAFT(edge_infinite, block->edges[2] = INFINITY)
CRAFT(edges_equal, block->edges[2] = 0)
CRAFT(edges_falling, block->edges[2] = -1)
CRAFT(count_too_great, block->counts[2] = 5)
CRAFT(counts_that_run_over, block->counts[2] = UINT64_MAX - 2)
CRAFT(missing_too_many, block->parts[0].missing = 3)
CRAFT(rows_none, memset(block->counts, 0, 5 * sizeof(uint64_t)); block->parts[0].missing = 0)
CRAFT(features_of_another, block->head.n_features = 3; block->head.n_answers = 2)
CRAFT(answers_of_another, block->head.n_features = 0; block->head.n_answers = 5)

static const struct {
    const char *reason;
    void (*spoil)(struct help_baseline *block);
} crafts[] = {
    {"its baseline has a wrong length", more_parts},
    {"its baseline has a wrong length", more_counts},
    {"its baseline has a wrong length", more_edges},
    {"its baseline has a wrong length", parts_that_run_over},
    {"part 1 of its baseline is of kind 0", kind_zero},
    {"part 1 of its baseline is of kind 3", kind_new},
    {"part 1 of its baseline is not there", each_of_nothing},
    {"part 4 of its baseline is not there", edges_many},
    {"part 1 of its baseline is not there", edges_of_another},
    {"part 1 of its baseline is not there", counts_of_another},
    {"part 4 of its baseline is not there", edges_too_many},
    {"its baseline has more numbers than parts", edges_left_over},
    {"the numbers of part 1 of its baseline are not right", edge_nan},
    {"the numbers of part 1 of its baseline are not right", edge_infinite},
    {"the numbers of part 1 of its baseline are not right", edges_equal},
    {"the numbers of part 1 of its baseline are not right", edges_falling},
    {"the numbers of part 1 of its baseline are not right", count_too_great},
    {"the numbers of part 1 of its baseline are not right", counts_that_run_over},
    {"the numbers of part 0 of its baseline are not right", missing_too_many},
    {"the numbers of part 0 of its baseline are not right", rows_none},
    {"its baseline is not that of such a model", features_of_another},
    {"its baseline is not that of such a model", answers_of_another},
};

static void refuses_a_crafted_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(crafts) / sizeof(crafts[0]); i++) {
        uint8_t *bytes = help_copy();
        char reason[100];

        crafts[i].spoil(help_part(bytes, LAYOUT_BASELINE));
        help_sum(bytes, help_image_len);
        snprintf(reason, sizeof(reason), "t.fgm: %s", crafts[i].reason);
        help_refused(bytes, help_image_len, reason);
        free(bytes);
    }
}

static void refuses_a_block_cut_short_at_every_length(void **state)
{
    struct baseline baseline;
    struct reason why;

    (void)state;
    for (size_t len = 0; len < HELP_BLOCK; len++) {
        uint64_t *block = malloc(len + 8);

        memcpy(block, &help_block, len);
        assert_int_equal(baseline_prove(block, len, &baseline, &why), RESULT_MALFORMED);
        free(block);
    }
    assert_int_equal(baseline_prove(&help_block, HELP_BLOCK, &baseline, &why), RESULT_OK);
    assert_int_equal(baseline_prove(&help_block, HELP_BLOCK + 4, &baseline, &why),
                     RESULT_MALFORMED);
}

static void use(const struct baseline *baseline)
{
    static const double values[] = {NAN, -INFINITY, INFINITY, 1e300, 0, 0.5, 2, -1};
    const uint32_t n = baseline->head->n_features + baseline->head->n_answers;

    for (uint32_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
            const struct baseline_part *part = &baseline->parts[i];
            const uint32_t slot = baseline_slot(baseline, part, values[k]);

            assert_true(slot < baseline_slots(part));
            assert_true(baseline_count(baseline, part, slot) <= baseline_rows(baseline, part));
            assert_true(baseline_rows(baseline, part) <= baseline->head->rows);
        }
}

static void survives_any_bit_flipped_of_a_block(void **state)
{
    struct help_baseline block;
    struct baseline baseline;
    struct reason why;
    size_t proved = 0;

    (void)state;
    for (size_t bit = 0; bit < (size_t)HELP_BLOCK * 8; bit++) {
        block = help_block;
        ((uint8_t *)&block)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (baseline_prove(&block, HELP_BLOCK, &baseline, &why) == RESULT_OK) {
            use(&baseline);
            proved++;
        }
    }
    assert_true(proved > 0); /* of an edge, say */
}

static void refuses_an_image_cut_short_or_with_any_bit_flipped(void **state)
{
    uint8_t *bytes = help_copy();
    struct image *image = NULL;
    struct reason why;

    (void)state;
    for (size_t len = 0; len < help_image_len; len++)
        assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
    for (size_t bit = 0; bit < help_image_len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(image_prove(bytes, help_image_len, "t.fgm", &image, &why),
                             RESULT_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(bytes);
}

/* As of a program that has never heard of it. */
static void an_image_is_read_where_the_section_is_not_known(void **state)
{
    uint8_t *bytes = help_copy();
    struct image *image = NULL;
    struct reason why = {""};

    (void)state;
    help_section(bytes, LAYOUT_BASELINE)->tag = LAYOUT_TAG('N', 'E', 'W', '!');
    help_sum(bytes, help_image_len);
    if (image_prove(bytes, help_image_len, "t.fgm", &image, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_null(image_baseline(image));
    help_use(image);
    image_close(image);
    free(bytes);
}

/* ---- made of rows ---- */

static void check_part(const char *name, const struct baseline *baseline,
                       const struct baseline_part *part)
{
    struct json_object *said = help_member(help_said, name);
    struct json_object *edges = help_member(said, "edges"),
                       *counts = help_member(said, "counts");
    const char *kind = json_object_get_string(help_member(said, "kind"));

    if (part->kind != (strcmp(kind, "each") == 0 ? BASELINE_EACH : BASELINE_RANGES) ||
        part->n_edges != json_object_array_length(edges) || part->missing != 0)
        fail_msg("%s has %u edges, of kind %u", name, part->n_edges, part->kind);
    for (uint32_t i = 0; i <= part->n_edges; i++) {
        if (i < part->n_edges &&
            (double)baseline->edges[part->edges + i] != help_number(edges, i))
            fail_msg("%s: edge %u is %.9g", name, i, (double)baseline->edges[part->edges + i]);
        if ((double)baseline_count(baseline, part, i) != help_number(counts, i))
            fail_msg("%s: count %u is %llu", name, i,
                     (unsigned long long)baseline_count(baseline, part, i));
    }
}

static void features_are_cut_as_another_program_cuts_them(void **state)
{
    const struct baseline *baseline = image_baseline(help_trained);

    (void)state;
    assert_int_equal(baseline->head->rows, 600);
    assert_int_equal(baseline->head->n_features, 8);
    for (uint32_t i = 0; i < 8; i++)
        check_part(image_feature_name(help_trained, i), baseline, &baseline->parts[i]);
}

/* A class's share is that of trees that did not see the row: not every one is right. */
static void answers_are_those_of_trees_that_did_not_see_the_row(void **state)
{
    static const char text[] = "x,c\n1,a\n2,a\n3,b\n4,a\n5,b\n6,b\n7,b\n8,a\n9,b\n10,a\n";
    struct table *table = NULL;
    struct reason why = {""};
    struct image *image;
    const struct baseline *baseline;
    void *bytes;
    uint64_t rows;

    (void)state;
    assert_int_equal(help_table(text, "c", 0, &table, &why), RESULT_OK);
    image = help_grow(table, &bytes);
    baseline = image_baseline(image);
    assert_int_equal(baseline->head->n_answers, 3);
    rows = baseline_rows(baseline, &baseline->parts[1]);
    assert_int_equal(rows, image_facts(image)->oob_rows);
    assert_true(image_facts(image)->oob_score < 1);
    /* Of rows that were seen each probability would be on its own side of a half. */
    for (uint32_t k = 2; k <= 3; k++)
        assert_int_equal(baseline_rows(baseline, &baseline->parts[k]), rows);
    image_close(image);
    free(bytes);
    table_free(table);
}

static void a_baseline_depends_on_the_data_and_the_seed_alone(void **state)
{
    struct table *table = NULL;
    struct reason why = {""};
    struct image *image;
    void *bytes;

    (void)state;
    assert_int_equal(table_read("tests/fixtures/drift/train.csv", "y", 0, &table, &why),
                     RESULT_OK);
    image = help_grow(table, &bytes);
    assert_string_equal(image_sha256_hex(image), image_sha256_hex(help_trained));
    image_close(image);
    free(bytes);
    table_free(table);
}

static void more_rows_than_a_sample_has_are_chosen_from(void **state)
{
    struct oob_sample sample;
    size_t low = 0;

    (void)state;
    assert_int_equal(oob_sample_choose(&sample, 100000, 1000, 1, 7), RESULT_OK);
    assert_int_equal(sample.n, 1000);
    for (size_t i = 0; i < sample.n; i++) {
        assert_true(sample.rows[i] < 100000);
        assert_true(i == 0 || sample.rows[i - 1] < sample.rows[i]);
        low += sample.rows[i] < 50000;
    }
    assert_true(low > 400 && low < 600);
    oob_sample_free(&sample);
}

/* ---- of a file ---- */

static enum result of_file(const char *text, struct draft *draft, struct reason *why)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct image *image = NULL;
    enum result result;

    assert_non_null(file);
    assert_int_equal(image_prove(help_image, help_image_len, "t.fgm", &image, why), RESULT_OK);
    result = baseline_of_rows(image, file, "rows.csv", draft, why);
    image_close(image);
    fclose(file);
    return result;
}

static void refuses_a_file_without_rows(void **state)
{
    struct reason why = {""};

    (void)state;
    assert_int_equal(of_file("b\xc3\xa4,a\n", &help_draft, &why), RESULT_INVALID);
    assert_string_equal(why.text, "rows.csv: no rows");
    assert_null(help_draft.baseline);
    assert_int_equal(of_file("b\xc3\xa4,a\n1,x\n", &help_draft, &why), RESULT_INVALID);
    assert_null(help_draft.baseline);
}

static void counts_what_is_missing_and_what_is_answered(void **state)
{
    static const uint64_t expected[][4] = {
        {1, 1, 1}, {2, 2}, /* features: -1, 0, 1 and one missing; 0 and 2 twice */
        {4},               /* the class is always the first */
        {2, 2},    {2, 2}, /* its probability is 0.625 or 1 */
    };
    struct draft draft = help_draft;
    struct baseline baseline;
    struct reason why = {""};

    (void)state;
    assert_int_equal(of_file("a,b\xc3\xa4\n0,-1\n2,0\n0,\n2,1\n", &draft, &why), RESULT_OK);
    assert_int_equal(baseline_prove(draft.baseline, draft.baseline_len, &baseline, &why),
                     RESULT_OK);
    assert_int_equal(baseline.head->rows, 4);
    assert_int_equal(baseline.head->n_features, 2);
    assert_int_equal(baseline.head->n_answers, 3);
    assert_int_equal(baseline.parts[0].missing, 1);
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t k = 0; k <= baseline.parts[i].n_edges; k++)
            assert_int_equal(baseline_count(&baseline, &baseline.parts[i], k), expected[i][k]);
    free(draft.baseline);
}

int main(void)
{
    const struct CMUnitTest blocks[] = {
        cmocka_unit_test(refuses_a_crafted_block),
        cmocka_unit_test(refuses_a_block_cut_short_at_every_length),
        cmocka_unit_test(refuses_an_image_cut_short_or_with_any_bit_flipped),
        cmocka_unit_test(survives_any_bit_flipped_of_a_block),
        cmocka_unit_test(an_image_is_read_where_the_section_is_not_known),
        cmocka_unit_test(refuses_a_file_without_rows),
        cmocka_unit_test(counts_what_is_missing_and_what_is_answered),
    };
    const struct CMUnitTest made[] = {
        cmocka_unit_test(features_are_cut_as_another_program_cuts_them),
        cmocka_unit_test(answers_are_those_of_trees_that_did_not_see_the_row),
        cmocka_unit_test(a_baseline_depends_on_the_data_and_the_seed_alone),
        cmocka_unit_test(more_rows_than_a_sample_has_are_chosen_from),
    };
    int failed;

    help_features[0].missing = true;
    failed = cmocka_run_group_tests(blocks, help_pack_with_baseline, help_drop);
    return failed + cmocka_run_group_tests(made, help_train_image, help_drop_image);
}
