/*
 * test_json_write.c: whatever is written is JSON, valid UTF-8 and on one line.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/json_write.h"
#include "base/utf8.h"

#define TEXT(text) text, sizeof(text) - 1

static struct buf buf;
static struct json_writer writer;

static int setup(void **state)
{
    (void)state;
    buf_free(&buf);
    buf.limit = 0;
    writer = json_writer_on(&buf);
    return 0;
}

static void check(const char *expected)
{
    assert_false(buf_failed(&buf));
    assert_int_equal(buf.len, strlen(expected));
    assert_string_equal(buf.data, expected);
    buf_clear(&buf, SIZE_MAX);
    writer = json_writer_on(&buf);
}

static void check_string(const char *text, size_t len, const char *expected)
{
    json_write_string_n(&writer, text, len);
    check(expected);
}

static void invalid_utf8_is_replaced(void **state)
{
    (void)state;
    check_string(TEXT("a\xff"
                      "b"),
                 "\"a\xef\xbf\xbd"
                 "b\"");
    check_string(TEXT("\xc3"), "\"\xef\xbf\xbd\"");
    check_string(TEXT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_string(TEXT("\xf0\x9f\x98"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_string(TEXT("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    json_write_object(&writer);
    json_write_key_n(&writer, "\x80", 1);
    json_write_null(&writer);
    json_write_object_end(&writer);
    check("{\"\xef\xbf\xbd\":null}");
}

static void what_could_break_a_line_or_a_string_is_escaped(void **state)
{
    (void)state;
    check_string(TEXT("say \"a\\b\"/c"), "\"say \\\"a\\\\b\\\"/c\"");
    check_string(TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    check_string(TEXT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"");
    check_string(TEXT("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"");
    check_string(TEXT("<a href='x'>&</a>"), "\"<a href='x'>&</a>\"");
    check_string(TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
                 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void numbers_without_a_value_in_json_are_null(void **state)
{
    (void)state;
    json_write_array(&writer);
    json_write_double(&writer, NAN);
    json_write_double(&writer, INFINITY);
    json_write_double(&writer, -INFINITY);
    json_write_float(&writer, NAN);
    json_write_float(&writer, -INFINITY);
    json_write_string(&writer, NULL);
    json_write_array_end(&writer);
    check("[null,null,null,null,null,null]");
}

static void a_full_buffer_stays_failed_and_is_not_written_over(void **state)
{
    size_t limit;

    (void)state;
    for (limit = 1; limit < 30; limit++) {
        buf_free(&buf);
        buf.limit = limit;
        writer = json_writer_on(&buf);
        json_write_object(&writer);
        json_write_key(&writer, "key\n");
        json_write_double(&writer, 0.123456789);
        json_write_key(&writer, "k");
        json_write_bool(&writer, false);
        json_write_object_end(&writer);
        assert_true(buf_failed(&buf));
        assert_true(buf.len <= limit);
    }
}

static void commas_and_colons_come_by_themselves(void **state)
{
    (void)state;
    json_write_object(&writer);
    json_write_key(&writer, "empty");
    json_write_object(&writer);
    json_write_object_end(&writer);
    json_write_key(&writer, "list");
    json_write_array(&writer);
    json_write_array(&writer);
    json_write_array_end(&writer);
    json_write_object(&writer);
    json_write_key(&writer, "a\"b");
    json_write_string(&writer, "\n");
    json_write_key(&writer, "");
    json_write_string(&writer, "");
    json_write_object_end(&writer);
    json_write_bool(&writer, true);
    json_write_bool(&writer, false);
    json_write_null(&writer);
    json_write_raw(&writer, "{\"raw\":1}", 9);
    json_write_string(&writer, "x");
    json_write_array_end(&writer);
    json_write_key(&writer, "last");
    json_write_u64(&writer, 0);
    json_write_object_end(&writer);
    check("{\"empty\":{},\"list\":[[],{\"a\\\"b\":\"\\n\",\"\":\"\"},true,false,null,"
          "{\"raw\":1},\"x\"],\"last\":0}");
}

static void numbers_are_short_and_exact(void **state)
{
    (void)state;
    json_write_array(&writer);
    json_write_double(&writer, 0.97);
    json_write_double(&writer, 1);
    json_write_double(&writer, -0.0);
    json_write_double(&writer, 1e300);
    json_write_float(&writer, 0.1F);
    json_write_u64(&writer, UINT64_MAX);
    json_write_i64(&writer, INT64_MIN);
    json_write_i64(&writer, 42);
    json_write_array_end(&writer);
    check("[0.97,1,-0,1e+300,0.1,18446744073709551615,-9223372036854775808,42]");
}

/* Any bytes: what is written is read back, and what was valid comes back as it was. */
static void any_bytes_make_a_string_that_reads_back(void **state)
{
    struct json_reader reader = {0};
    uint64_t random = 88172645463325252;
    char bytes[24];
    const char *text;
    size_t len, i, n;

    (void)state;
    for (n = 0; n < 100000; n++) {
        for (i = 0; i < sizeof(bytes); i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[i] = n % 2 != 0 ? (char)random : (char)(random % 0x80);
        }
        json_write_string_n(&writer, bytes, n % sizeof(bytes));
        json_reader_start(&reader, buf.data, buf.len);
        assert_int_equal(json_next(&reader), JSON_STRING);
        text = json_text(&reader, &len);
        if (utf8_valid(bytes, n % sizeof(bytes))) {
            assert_int_equal(len, n % sizeof(bytes));
            assert_memory_equal(text, bytes, len);
        }
        assert_int_equal(json_next(&reader), JSON_END);
        buf_clear(&buf, SIZE_MAX);
        writer = json_writer_on(&buf);
    }
    json_reader_free(&reader);
}

static int free_buf(void **state)
{
    (void)state;
    buf_free(&buf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(invalid_utf8_is_replaced, setup),
        cmocka_unit_test_setup(what_could_break_a_line_or_a_string_is_escaped, setup),
        cmocka_unit_test_setup(numbers_without_a_value_in_json_are_null, setup),
        cmocka_unit_test_setup(a_full_buffer_stays_failed_and_is_not_written_over, setup),
        cmocka_unit_test_setup(commas_and_colons_come_by_themselves, setup),
        cmocka_unit_test_setup(numbers_are_short_and_exact, setup),
        cmocka_unit_test_setup(any_bytes_make_a_string_that_reads_back, setup),
    };

    return cmocka_run_group_tests(tests, NULL, free_buf);
}
