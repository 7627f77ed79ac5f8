/*
 * test_registry.c: publishing, and what a worker has of it.
 */
#include "registry_help.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum result publish_bytes(const char *name, const char *bytes, size_t len)
{
    const struct registry_place place = {.state = MODEL_SERVING};
    struct registry_done done;
    enum result result;
    FILE *file = fopen("given.fgm", "w+");

    fwrite(bytes, 1, len, file);
    fflush(file);
    result = registry_publish(&home, name, fileno(file), "given.fgm", &place, &done, &why);
    fclose(file);
    unlink("given.fgm");
    return result;
}

static void names_that_could_be_paths_are_refused(void **state)
{
    static const char *const bad[] = {"",   ".",  "..", "../x", "a/b", "A",
                                      ".a", "-a", "_a", "a b",  "a%",  "\xc3\xa9"};
    char name[80];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (registry_name_valid(bad[i]))
            fail_msg("\"%s\" was taken", bad[i]);
    memset(name, 'a', sizeof(name));
    name[65] = '\0';
    assert_false(registry_name_valid(name));
    name[64] = '\0';
    assert_true(registry_name_valid(name));
    assert_true(registry_name_valid("iris-2.v_1"));
}

static void a_file_that_is_no_image_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(publish_bytes("iris", "junk", 4), RESULT_MALFORMED);
    assert_non_null(strstr(why.text, "given.fgm"));
    assert_int_equal(publish_bytes("iris", "", 0), RESULT_MALFORMED);
    assert_null(help_find("iris"));
    assert_int_equal(fixture_publish(&home, "iris", 1), 1);
    assert_int_equal(publish_bytes("iris", "junk", 4), RESULT_MALFORMED);
    assert_int_equal(help_find("iris")->row.version, 1);
}

static void the_next_version_is_served_at_once(void **state)
{
    const struct model *model;

    (void)state;
    assert_null(help_find("iris"));
    assert_int_equal(fixture_publish(&home, "iris", 1), 1);
    model = help_find("iris");
    assert_non_null(model->image);
    assert_int_equal(model->row.version, 1);
    assert_int_equal(fixture_publish(&home, "iris", 2), 2);
    model = help_find("iris");
    assert_int_equal(model->row.version, 2);
    assert_string_equal(image_sha256_hex(model->image), model->row.sha256);
}

static void the_first_published_is_the_default_unless_set(void **state)
{
    (void)state;
    assert_null(registry_default(registry));
    fixture_publish(&home, "zebra", 1);
    fixture_publish(&home, "ant", 2);
    fixture_publish(&home, "zebra", 3);
    help_find("ant");
    assert_string_equal(registry_default(registry)->row.name, "zebra");
    strcpy(home.config.default_model, "ant");
    assert_string_equal(registry_default(registry)->row.name, "ant");
    strcpy(home.config.default_model, "gone");
    assert_null(registry_default(registry));
}

static void an_image_of_another_model_in_its_place_is_not_served(void **state)
{
    (void)state;
    fixture_publish(&home, "iris", 1);
    fixture_publish(&home, "other", 2);
    assert_int_equal(rename("models/other/1.fgm", "models/iris/1.fgm"), 0);
    assert_null(help_find("iris")->image);
    assert_null(help_find("other")->image);
}

static void a_model_that_stays_keeps_its_mapping(void **state)
{
    const struct image *image;

    (void)state;
    fixture_publish(&home, "iris", 1);
    image = help_find("iris")->image;
    fixture_publish(&home, "other", 2);
    assert_ptr_equal(help_find("iris")->image, image);
}

static void a_published_image_is_not_changed_by_its_source(void **state)
{
    struct stat st;

    (void)state;
    fixture_publish(&home, "iris", 1);
    assert_int_equal(stat("models/iris/1.fgm", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    assert_int_equal(st.st_nlink, 1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, help_setup, help_teardown)
    const struct CMUnitTest tests[] = {
        EACH(names_that_could_be_paths_are_refused),
        EACH(a_file_that_is_no_image_changes_nothing),
        EACH(the_next_version_is_served_at_once),
        EACH(the_first_published_is_the_default_unless_set),
        EACH(an_image_of_another_model_in_its_place_is_not_served),
        EACH(a_model_that_stays_keeps_its_mapping),
        EACH(a_published_image_is_not_changed_by_its_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
