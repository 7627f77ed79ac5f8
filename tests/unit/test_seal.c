/*
 * test_seal.c: sealing for an owner, and the file of its keys.
 */
#include "jose_help.h"

#include <unistd.h>

#include "base/file.h"
#include "gate/jwe.h"
#include "gate/seal.h"

static char directory[64], path[96];
static struct seal *seal;

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/forestgate-seal.XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/seal.jwks", directory);
    must(seal_file_make(path, &why));
    must(seal_open(path, &seal, &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seal_close(seal);
    unlink(path);
    return rmdir(directory);
}

static void wrap(const char *owner, const char *data, struct buf *out)
{
    must(seal_wrap(seal, owner, data, strlen(data), out, &why));
}

static void denied(struct seal *by, const char *owner, const char *text, size_t len)
{
    struct buf out = {0};

    if (seal_unwrap(by, owner, text, len, &out, &why) != RESULT_DENIED)
        fail_msg("was opened for %s: %.200s", owner, text);
    assert_string_equal(why.text, "it was not sealed for this owner, or was changed");
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

static void opens(struct seal *by, const char *owner, const struct buf *text, const char *data)
{
    struct buf out = {0};

    must(seal_unwrap(by, owner, text->data, text->len, &out, &why));
    assert_string_equal(out.data, data);
    buf_free(&out);
}

static void what_was_sealed_for_another_is_denied_like_junk(void **state)
{
    struct buf text = {0};

    (void)state;
    wrap("ann", "data", &text);
    opens(seal, "ann", &text, "data");
    denied(seal, "bob", text.data, text.len);
    denied(seal, "an", text.data, text.len);
    denied(seal, "annn", text.data, text.len);
    denied(seal, "Ann", text.data, text.len);
    denied(seal, "", text.data, text.len);
    denied(seal, "ann", "junk", 4);
    denied(seal, "ann", "", 0);
    denied(seal, "ann", text.data, text.len - 1);
    buf_free(&text);
}

/* What names no owner, or was sealed under the very key for another use of it. */
static void a_text_without_an_owner_or_a_kid_is_denied(void **state)
{
    struct buf file = {0}, text = {0};
    struct jwk_set set;
    struct jwk *same;
    const uint8_t *bytes;
    size_t len;

    (void)state;
    must(file_read(path, 4096, &file, &why));
    must(jwk_set_from_json(file.data, file.len, &set, &why));
    must(jwe_encrypt(set.keys[0], "json", NULL, "x", 1, &text, &why));
    denied(seal, "ann", text.data, text.len);
    denied(seal, "", text.data, text.len);
    bytes = jwk_secret(set.keys[0], &len);
    must(jwk_from_secret(JWK_A256GCM, NULL, bytes, len, &same, &why));
    buf_clear(&text, SIZE_MAX);
    must(jwe_encrypt(same, "json", "ann", "x", 1, &text, &why));
    denied(seal, "ann", text.data, text.len);
    jwk_free(same);
    jwk_set_free(&set);
    buf_free(&file);
    buf_free(&text);
}

static void what_another_home_has_sealed_is_denied(void **state)
{
    struct buf text = {0};
    char other_path[96];
    struct seal *other;

    (void)state;
    snprintf(other_path, sizeof(other_path), "%s/other.jwks", directory);
    must(seal_file_make(other_path, &why));
    must(seal_open(other_path, &other, &why));
    wrap("ann", "data", &text);
    denied(other, "ann", text.data, text.len);
    seal_close(other);
    unlink(other_path);
    buf_free(&text);
}

static void owners_that_cannot_be_are_not_sealed_for(void **state)
{
    char longest[JOSE_OWNER_MAX + 2];
    struct buf out = {0};

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(seal_wrap(seal, "", "x", 1, &out, &why), RESULT_INVALID);
    assert_int_equal(seal_wrap(seal, "\xff", "x", 1, &out, &why), RESULT_INVALID);
    assert_int_equal(seal_wrap(seal, longest, "x", 1, &out, &why), RESULT_INVALID);
    longest[JOSE_OWNER_MAX] = '\0';
    wrap(longest, "data", &out);
    opens(seal, longest, &out, "data");
    buf_free(&out);
}

static void after_a_rotation_the_old_still_opens_and_the_new_is_used(void **state)
{
    struct buf before = {0}, after = {0};
    struct seal *stale;

    (void)state;
    must(seal_open(path, &stale, &why));
    wrap("ann", "old", &before);
    must(seal_file_rotate(path, &why));
    opens(seal, "ann", &before, "old");
    must(seal_refresh(seal, &why));
    wrap("ann", "new", &after);
    opens(seal, "ann", &before, "old");
    opens(seal, "ann", &after, "new");
    assert_memory_not_equal(before.data, after.data, 60); /* another kid in the header */
    opens(stale, "ann", &after, "new");                   /* it looks once into the file */
    seal_close(stale);
    buf_free(&before);
    buf_free(&after);
}

static void a_rotation_keeps_all_else_in_the_file_as_it_is(void **state)
{
    static const char text[] =
        "{ \"x\" : [1.50, {\"keys\":[]}],\n \"keys\" : [ {\"kty\":\"EC\"} , "
        "{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"kid\":\"old\",\"k\":"
        "\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\"}], \"y\": null }\n";
    struct buf after = {0};
    struct stat st;
    char *rest;

    (void)state;
    file_put(path, text, strlen(text), 0600);
    must(seal_file_rotate(path, &why));
    must(file_read(path, 4096, &after, &why));
    rest = strstr(after.data, "},\n {\"kty\":\"EC\"}");
    assert_non_null(rest);
    assert_string_equal(rest + 3, strstr(text, " {\"kty\":\"EC\"}"));
    assert_memory_equal(after.data, text, (size_t)(strstr(text, "[ {") + 1 - text));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    must(seal_refresh(seal, &why));
    buf_free(&after);
}

static void a_file_that_is_there_is_kept(void **state)
{
    struct buf before = {0}, after = {0};

    (void)state;
    must(file_read(path, 4096, &before, &why));
    must(seal_file_make(path, &why));
    must(file_read(path, 4096, &after, &why));
    assert_string_equal(before.data, after.data);
    buf_free(&before);
    buf_free(&after);
}

static void files_that_are_no_sealing_keys_are_refused(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        enum result result;
    } rows[] = {
        {"", 0600, RESULT_INVALID},
        {"{}", 0600, RESULT_MALFORMED},
        {"{\"keys\":[]}", 0600, RESULT_INVALID},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\"}]}",
         0600, RESULT_INVALID}, /* one for signing */
        {"{\"keys\":[{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"k\":\"AAAA\"}]}", 0600,
         RESULT_INVALID},
        {"{\"keys\":[{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"k\":"
         "\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\"}]}",
         0640, RESULT_DENIED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seal *other;

        file_put(path, rows[i].text, strlen(rows[i].text), rows[i].mode);
        if (seal_open(path, &other, &why) != rows[i].result)
            fail_msg("not %s: %s", result_text(rows[i].result), rows[i].text);
        assert_null(other);
        assert_non_null(strstr(why.text, path));
        if (rows[i].text[0] != '{' || rows[i].result == RESULT_MALFORMED)
            assert_int_equal(seal_file_rotate(path, &why), rows[i].result);
    }
    unlink(path);
    assert_int_equal(seal_file_rotate(path, &why), RESULT_MISSING);
}

static void while_the_file_cannot_be_read_nothing_is_sealed_or_opened(void **state)
{
    struct buf text = {0}, file = {0}, out = {0};

    (void)state;
    wrap("ann", "data", &text);
    must(file_read(path, 4096, &file, &why));
    file_put(path, "junk", 4, 0600);
    assert_int_equal(seal_refresh(seal, &why), RESULT_MALFORMED);
    assert_int_equal(seal_wrap(seal, "ann", "x", 1, &out, &why), RESULT_FAILED);
    assert_int_equal(seal_unwrap(seal, "ann", text.data, text.len, &out, &why),
                     RESULT_MALFORMED);
    assert_int_equal(out.len, 0);
    file_put(path, file.data, file.len, 0600);
    must(seal_refresh(seal, &why));
    opens(seal, "ann", &text, "data");
    buf_free(&text);
    buf_free(&file);
    buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_sealed_for_another_is_denied_like_junk),
        TEST(a_text_without_an_owner_or_a_kid_is_denied),
        TEST(what_another_home_has_sealed_is_denied),
        TEST(owners_that_cannot_be_are_not_sealed_for),
        TEST(after_a_rotation_the_old_still_opens_and_the_new_is_used),
        TEST(a_rotation_keeps_all_else_in_the_file_as_it_is),
        TEST(a_file_that_is_there_is_kept),
        TEST(files_that_are_no_sealing_keys_are_refused),
        TEST(while_the_file_cannot_be_read_nothing_is_sealed_or_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
