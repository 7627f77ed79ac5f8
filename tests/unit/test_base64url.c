/*
 * test_base64url.c: base64url: one text for each byte string, and nothing else is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"

static void refused(const char *text, size_t len)
{
    uint8_t out[64];
    size_t got = 99;

    if (base64url_read(text, len, out, sizeof(out), &got))
        fail_msg("was taken: %s", text);
    assert_int_equal(got, 0);
}

static void what_another_writer_could_give_is_refused(void **state)
{
    static const char *const texts[] = {
        "Zg==",  "Zm8=",      "Zm9v====", "Zg=",  "=",    "Z",
        "Zm9vY", "Zm9vYmFyZ",                                        /* padding, 1 mod 4 */
        "Zm 9",  " Zm9",      "Zm9v ",    "Zm\n", "\tZm", "Zm9\r",   /* blanks */
        "+w",    "/w",        "-w.",      "Zm9?", "Zm*v", "Zm9\x80", /* another alphabet */
        "Zh",    "Zv",        "Z_",       "Zm9",  "Zm-",  "AB",
        "AAB", /* bits behind the end */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refused(texts[i], strlen(texts[i]));
    refused("Zm\0v", 4);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
    uint8_t out[3] = {0};
    size_t got;

    (void)state;
    assert_true(base64url_read("Zm9v", 4, out, 3, &got));
    assert_int_equal(got, 3);
    assert_false(base64url_read("Zm9v", 4, out, 2, &got));
    assert_false(base64url_read("Zm9vYg", 6, out, 3, &got));
    assert_true(base64url_read("", 0, out, 0, &got));
    assert_int_equal(got, 0);
}

/* RFC 4648, section 10, without its padding. */
static void the_examples_of_the_rfc_hold(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"fooba", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "-_-_"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct buf out = {0};
        uint8_t bytes[16];
        size_t got;

        base64url_put(&out, pairs[i][0], strlen(pairs[i][0]));
        assert_int_equal(out.len, strlen(pairs[i][1]));
        assert_int_equal(out.len, BASE64URL_LEN(strlen(pairs[i][0])));
        assert_memory_equal(out.data != NULL ? out.data : "", pairs[i][1], out.len);
        assert_true(
            base64url_read(pairs[i][1], strlen(pairs[i][1]), bytes, sizeof(bytes), &got));
        assert_int_equal(got, strlen(pairs[i][0]));
        assert_memory_equal(bytes, pairs[i][0], got);
        buf_free(&out);
    }
}

/* All texts of up to three characters: what is read is what is written. */
static void a_text_that_is_read_is_the_one_that_is_written(void **state)
{
    size_t taken[4] = {0};

    (void)state;
    for (uint32_t code = 0; code < 1u << 24; code += 1) {
        char text[3] = {(char)code, (char)(code >> 8), (char)(code >> 16)};
        size_t len = code < 1u << 8 ? 1 : code < 1u << 16 ? 2 : 3, got;
        uint8_t bytes[3];
        char again[4];

        if (!base64url_read(text, len, bytes, sizeof(bytes), &got))
            continue;
        taken[len]++;
        base64url_write(again, bytes, got);
        assert_int_equal(BASE64URL_LEN(got), len);
        assert_memory_equal(again, text, len);
    }
    assert_int_equal(taken[1], 0);
    assert_int_equal(taken[2], 256);
    assert_int_equal(taken[3], 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_writer_could_give_is_refused),
        cmocka_unit_test(more_than_there_is_room_for_is_refused),
        cmocka_unit_test(the_examples_of_the_rfc_hold),
        cmocka_unit_test(a_text_that_is_read_is_the_one_that_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
