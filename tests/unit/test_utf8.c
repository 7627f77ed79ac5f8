/*
 * test_utf8.c: exactly the texts of RFC 3629 are valid, and quoted texts are harmless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

#define TEXT(text) text, sizeof(text) - 1

static void check_quoted(const char *text, size_t len, size_t size, const char *expected)
{
    char out[64];
    size_t written = utf8_quote(out, size, text, len);

    assert_string_equal(out, expected);
    assert_int_equal(written, strlen(expected));
    assert_true(written < size);
}

/* All sequences of up to three bytes, against what encoding all characters gives. */
static void only_what_an_encoder_writes_is_valid(void **state)
{
    static unsigned char valid[1 << 24]; /* by bytes, the length if valid */
    unsigned char bytes[4];
    char out[4];
    uint32_t code, i;
    size_t len;

    (void)state;
    for (code = 0; code < 0x10000; code++) {
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        len = utf8_encode(out, code);
        memset(bytes, 0, sizeof(bytes));
        memcpy(bytes, out, len);
        valid[bytes[0] << 16 | bytes[1] << 8 | bytes[2]] = (unsigned char)len;
    }
    for (i = 0x800000; i < 1 << 24; i++) {
        bytes[0] = (unsigned char)(i >> 16);
        bytes[1] = (unsigned char)(i >> 8);
        bytes[2] = (unsigned char)i;
        len = bytes[2] != 0 ? 3 : bytes[1] != 0 ? 2 : 1;
        if (utf8_decode((char *)bytes, len, &code) == len && len > 1) {
            if (valid[i] != len)
                fail_msg("%06x is taken", i);
        } else if (valid[i] == len) {
            fail_msg("%06x is refused", i);
        }
    }
}

static void four_bytes_reach_from_10000_to_10ffff(void **state)
{
    static const char *const invalid[] = {
        "\xf0\x8f\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",     "\xf0\x9f\x98x",    "\xf0\x9f\xc0\x80", "\xf8\x88\x80\x80\x80",
    };
    uint32_t code, back;
    char out[4];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        assert_int_equal(utf8_valid_prefix(invalid[i], strlen(invalid[i])), 0);
    for (code = 0x10000; code <= 0x10ffff; code++) {
        assert_int_equal(utf8_encode(out, code), 4);
        assert_int_equal(utf8_decode(out, 3, &back), 0);
        assert_int_equal(utf8_decode(out, 4, &back), 4);
        assert_int_equal(back, code);
    }
}

static void what_is_no_character_is_written_as_a_replacement(void **state)
{
    static const uint32_t codes[] = {0xd800, 0xdfff, 0x110000, UINT32_MAX};
    char out[4];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_int_equal(utf8_encode(out, codes[i]), 3);
        assert_memory_equal(out, "\xef\xbf\xbd", 3);
    }
}

static void the_valid_prefix_ends_at_the_first_fault_wherever_it_is(void **state)
{
    char text[40];
    size_t at, len;

    (void)state;
    for (len = 1; len <= sizeof(text); len++) {
        memset(text, 'a', len);
        assert_int_equal(utf8_valid_prefix(text, len), len);
        assert_true(utf8_valid(text, len));
        for (at = 0; at < len; at++) {
            text[at] = '\xff';
            assert_int_equal(utf8_valid_prefix(text, len), at);
            assert_false(utf8_valid(text, len));
            text[at] = '\xc3'; /* a character that lacks its end */
            assert_int_equal(utf8_valid_prefix(text, len), at);
            text[at] = 'a';
        }
    }
    assert_true(utf8_valid("", 0));
    assert_int_equal(utf8_valid_prefix(TEXT("\xc3\xa9"
                                            "a\xe2\x82\xac\xe2\x82")),
                     6);
}

static void quoted_texts_do_nothing_to_a_line(void **state)
{
    (void)state;
    check_quoted(TEXT("plain"), 64, "plain");
    check_quoted(TEXT(""), 64, "");
    check_quoted(TEXT("caf\xc3\xa9 \xf0\x9f\x98\x80"), 64, "caf\xc3\xa9 \xf0\x9f\x98\x80");
    check_quoted(TEXT("a\n\r\x1b[31m\x7f\0"), 64, "a\\u000a\\u000d\\u001b[31m\\u007f\\u0000");
    check_quoted(TEXT("\"\\"), 64, "\\\"\\\\");
    check_quoted(TEXT("\xff\xc3"), 64, "\\xff\\xc3");
    check_quoted(TEXT("\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf"), 64,
                 "\\u0085\\u2028\\u202e\\ufeff");
    check_quoted(TEXT("\xf3\xa0\x80\x81"), 64, "\\udb40\\udc01");
}

static void quoted_texts_are_cut_between_characters(void **state)
{
    (void)state;
    check_quoted(TEXT("123456789012345"), 16, "123456789012345");
    check_quoted(TEXT("1234567890123456"), 16, "123456789012...");
    check_quoted(TEXT("12345678901\xe2\x82\xac"
                      "345678"),
                 16, "12345678901...");
    check_quoted(TEXT("1234567\n\n\n"), 16, "1234567...");
    check_quoted(TEXT("\xf3\xa0\x80\x81\xf3\xa0\x80\x81"), 16, "\\udb40\\udc01...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_an_encoder_writes_is_valid),
        cmocka_unit_test(four_bytes_reach_from_10000_to_10ffff),
        cmocka_unit_test(what_is_no_character_is_written_as_a_replacement),
        cmocka_unit_test(the_valid_prefix_ends_at_the_first_fault_wherever_it_is),
        cmocka_unit_test(quoted_texts_do_nothing_to_a_line),
        cmocka_unit_test(quoted_texts_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
