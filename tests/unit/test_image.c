/*
 * test_image.c: bytes that are not an image are refused, damaged ones by their checksum, and
 * what is one says what was put in.
 */
#include "image_help.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void refuses_it_cut_short_at_every_length(void **state)
{
    size_t len;

    (void)state;
    for (len = 0; len < help_image_len; len++) {
        uint8_t *bytes = malloc(len + 1); /* so that a read past the end is found */
        struct image *image = NULL;
        struct reason why;

        memcpy(bytes, help_image, len);
        assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
        if (len >= sizeof(struct layout_header)) {
            ((struct layout_header *)(void *)bytes)->size = len;
            help_sum(bytes, len);
            assert_int_not_equal(image_prove(bytes, len, "t.fgm", &image, &why), RESULT_OK);
        }
        free(bytes);
    }
}

static void refuses_it_with_any_bit_flipped(void **state)
{
    uint8_t *bytes = help_copy();
    struct image *image = NULL;
    struct reason why;
    size_t bit;

    (void)state;
    for (bit = 0; bit < help_image_len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(image_prove(bytes, help_image_len, "t.fgm", &image, &why),
                             RESULT_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(bytes);
}

static void survives_any_bit_flipped_under_a_right_checksum(void **state)
{
    uint8_t *bytes = help_copy();
    struct image *image = NULL;
    struct reason why;
    size_t bit, proved = 0;

    (void)state;
    for (bit = (size_t)LAYOUT_SUMMED_FROM * 8; bit < help_image_len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        help_sum(bytes, help_image_len);
        if (image_prove(bytes, help_image_len, "t.fgm", &image, &why) == RESULT_OK) {
            help_use(image);
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
    help_refused((const uint8_t *)"", 0, "t.fgm: the file is empty");
    help_refused(
        (const uint8_t *)"species,sepal_length", 20,
        "t.fgm: not a model image (.fgm); forestgate model import makes one of another "
        "library's model");
    help_refused(help_image, 20, "t.fgm: cut short within its header");
}

static void says_what_was_put_in(void **state)
{
    struct image *image = help_prove(help_image, help_image_len);
    const struct image_facts *facts = image_facts(image);

    (void)state;
    assert_int_equal(image_task(image), SPEC_CLASSIFY);
    assert_int_equal(image_n_features(image), 2);
    assert_int_equal(image_n_classes(image), 2);
    assert_int_equal(image_n_outputs(image), 2);
    assert_int_equal(image_n_trees(image), 2);
    assert_int_equal(image_n_nodes(image), 6);
    assert_int_equal(image_depth(image), 2);
    assert_int_equal(image_size(image), help_image_len);
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
    assert_string_equal(facts->data_sha256, help_draft.facts.data_sha256);
    assert_int_equal(strlen(image_sha256_hex(image)), 64);
    image_close(image);
}

static void finds_features_by_the_whole_name(void **state)
{
    struct image *image = help_prove(help_image, help_image_len);

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
    struct draft alike = help_draft;
    struct image *image;
    struct reason why;
    void *bytes = NULL;
    size_t len = 0;
    int i;

    (void)state;
    for (i = 0; i < 5; i++) {
        five[i] = help_draft.features[0];
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
    assert_int_equal(((struct layout_model *)help_part(help_image, LAYOUT_MODEL))->n_leaves, 4);
    assert_int_equal(((struct layout_model *)help_part(help_image, LAYOUT_MODEL))->n_rows,
                     3 * 2);
}

static void refuses_a_draft_that_no_image_holds(void **state)
{
    struct draft bad = help_draft;
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
    assert_int_equal(draft_write(&help_draft, path, &why), RESULT_OK);
    assert_int_equal(image_open_trusted(path, other, &image, &why), RESULT_MALFORMED);
    assert_null(image);
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    strcpy(sum_hex, image_sha256_hex(image));
    image_close(image);
    image = NULL;
    assert_int_equal(image_open_trusted(path, sum_hex, &image, &why), RESULT_OK);
    help_use(image);
    image_close(image);
    image = NULL;
    /* Its schema is proved all the same. */
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "\1", 1, (off_t)help_image_len), 1);
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
    assert_int_equal(draft_write(&help_draft, path, &why), RESULT_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(st.st_size, help_image_len);
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    help_use(image);
    image_close(image);
}

static void leaves_the_old_file_when_the_disk_is_full(void **state)
{
    struct rlimit before, small;
    struct image *image = NULL;
    struct reason why;

    (void)state;
    assert_int_equal(draft_write(&help_draft, path, &why), RESULT_OK);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 512;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(draft_write(&help_draft, path, &why), RESULT_FULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    image_close(image);
}

static void tells_of_a_place_that_cannot_be_written(void **state)
{
    struct reason why;

    (void)state;
    assert_int_equal(draft_write(&help_draft, "/nowhere/m.fgm", &why), RESULT_MISSING);
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
        TEST_IN_FOLDER(trusts_only_the_image_that_was_expected),
        cmocka_unit_test(refuses_a_draft_that_no_image_holds),
        TEST_IN_FOLDER(refuses_to_open_what_is_no_file_of_an_image),
        TEST_IN_FOLDER(leaves_the_old_file_when_the_disk_is_full),
        TEST_IN_FOLDER(tells_of_a_place_that_cannot_be_written),
        TEST_IN_FOLDER(opens_what_it_writes),
        cmocka_unit_test(says_what_was_put_in),
        cmocka_unit_test(finds_features_by_the_whole_name),
        cmocka_unit_test(tells_names_apart_that_begin_alike),
        cmocka_unit_test(keeps_equal_rows_of_outputs_once),
    };

    return cmocka_run_group_tests(tests, help_pack, help_drop);
}
