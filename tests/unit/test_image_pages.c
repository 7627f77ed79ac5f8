/*
 * test_image_pages.c: which pages of an image a process has: of one that it takes on trust
 * few, and of one that others have none of its own.
 *
 * The file is written page by page, so that it lies in small pages, whose mapping shows
 * what was looked at (and up to 64 KB around it, as Linux maps them).
 */
#include "forest_help.h"

#include <stdbool.h>
#include <sys/wait.h>

#include "forest/layout.h"
#include "forest/walk.h"

enum {
    PAGE = 4096,
    FEATURES = 5,
    TREES = 60,
    SAMPLES = 3000,
    LEAST_KB = 3000 /* of the image, for the shares below to say something */
};

static char path[32];
static long image_kb;

static int write_image(void **state)
{
    struct train_options options = train_defaults;
    struct table *table = help_random_table(7, SAMPLES, FEATURES, 0);
    size_t len, at;
    uint8_t *bytes;
    FILE *file;

    (void)state;
    options.trees = TREES;
    options.threads = 1;
    bytes = help_train(table, &options, &len);
    help_write(path, "", 0);
    file = fopen(path, "w");
    setvbuf(file, NULL, _IONBF, 0);
    for (at = 0; at < len; at += PAGE)
        assert_int_equal(fwrite(bytes + at, len - at < PAGE ? len - at : PAGE, 1, file), 1);
    fclose(file);
    image_kb = (long)(len / 1024);
    assert_true(image_kb > LEAST_KB);
    free(bytes);
    table_free(table);
    return 0;
}

static int remove_image(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

/* A field of the mapping of an image, in kB. */
static long mapping_kb(const struct image *image, const char *field)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    unsigned long from;
    char line[4096], dash;
    long found = -1, kb;
    bool inside = false;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%lx%c", &from, &dash) == 2 && dash == '-')
            inside = from == (unsigned long)(uintptr_t)image->bytes;
        else if (inside && strncmp(line, field, strlen(field)) == 0 &&
                 sscanf(line + strlen(field), ": %ld", &kb) == 1)
            found = kb;
    }
    fclose(file);
    assert_true(found >= 0);
    return found;
}

static void reads_no_page_of_the_trees_on_trust(void **state)
{
    struct image *image = NULL;
    struct reason why;
    char sha256[DIGEST_HEX];

    (void)state;
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    assert_true(mapping_kb(image, "Rss") > image_kb * 9 / 10);
    strcpy(sha256, image_sha256_hex(image));
    image_close(image);
    assert_int_equal(image_open_trusted(path, sha256, &image, &why), RESULT_OK);
    assert_true(mapping_kb(image, "Rss") < image_kb / 10);
    image_close(image);
}

/* In a child: whether it has the image, all of it, and nothing of that for itself. */
static int look_as_second(void)
{
    struct image *image = NULL;
    struct reason why;
    long rss;

    if (image_open(path, &image, &why) != RESULT_OK)
        return 1;
    rss = mapping_kb(image, "Rss");
    if (rss < image_kb * 9 / 10)
        return 2;
    if (mapping_kb(image, "Private_Clean") + mapping_kb(image, "Private_Dirty") > rss / 10)
        return 3;
    return mapping_kb(image, "Pss") > rss * 6 / 10 ? 4 : 0;
}

static void is_one_copy_for_all_processes(void **state)
{
    struct image *image = NULL;
    struct reason why;
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(image_open(path, &image, &why), RESULT_OK);
    assert_true(mapping_kb(image, "Pss") > image_kb * 9 / 10); /* alone it has all of it */
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(look_as_second());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    image_close(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_no_page_of_the_trees_on_trust),
        cmocka_unit_test(is_one_copy_for_all_processes),
    };

    return cmocka_run_group_tests(tests, write_image, remove_image);
}
