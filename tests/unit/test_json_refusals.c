/*
 * test_json_refusals.c: what RFC 8259 has no grammar for, or our bounds no room, is refused
 * with a line that says so.
 */
#include "json_help.h"

#include <time.h>

static void check_problem(const char *body, size_t len, const char *problem)
{
    assert_int_equal(help_read(body, len), JSON_BAD);
    assert_string_equal(json_problem(&reader), problem);
}

static void check_all_refused(const struct text *texts, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        help_refused(texts[i].bytes, texts[i].len, RESULT_MALFORMED);
}

static void what_is_no_value_is_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("")},
        {TEXT(" ")},
        {TEXT("\n\t\r ")},
        {TEXT("\0")},
        {TEXT("nul")},
        {TEXT("nulll")},
        {TEXT("tru")},
        {TEXT("True")},
        {TEXT("TRUE")},
        {TEXT("fals")},
        {TEXT("falsey")},
        {TEXT("undefined")},
        {TEXT("NaN")},
        {TEXT("nan")},
        {TEXT("Infinity")},
        {TEXT("-Infinity")},
        {TEXT("inf")},
        {TEXT("'a'")},
        {TEXT("a")},
        {TEXT("*")},
        {TEXT("\\u0031")},
        {TEXT("\xef\xbb\xbf")},
        {TEXT("\xef\xbb\xbf{}")},
        {TEXT("\xc3\xa5")},
        {TEXT("\xff")},
        {TEXT("\v1")},
        {TEXT("\f1")},
        {TEXT("\xc2\xa0"
              "1")},
        {TEXT("\xe2\x80\x83"
              "1")},
        {TEXT("\xe2\x81\xa0")},
        {TEXT("/* c */ 1")},
        {TEXT("// c\n1")},
        {TEXT("# c\n1")},
        {TEXT("<a>")},
        {TEXT("]")},
        {TEXT("}")},
        {TEXT(",")},
        {TEXT(":")},
        {TEXT("\0[1]")},
        {TEXT("\xff\xfe[\0]\0")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
}

static void what_is_behind_the_value_is_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("{}{}")},        {TEXT("1 2")},
        {TEXT("[]]")},         {TEXT("{}}")},
        {TEXT("[1],")},        {TEXT("\"\"x")},
        {TEXT("{}#")},         {TEXT("{}/**/")},
        {TEXT("1\0")},         {TEXT("[]\0")},
        {TEXT("nullx")},       {TEXT("true1")},
        {TEXT("{\"a\":1};")},  {TEXT("[1]\xef\xbb\xbf")},
        {TEXT("\"a\" \"b\"")}, {TEXT("[][]")},
        {TEXT("0 x")},         {TEXT("[]\v")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
}

static void broken_arrays_are_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("[")},     {TEXT("[1")},     {TEXT("[1,")},        {TEXT("[1,]")},
        {TEXT("[,1]")},  {TEXT("[,]")},    {TEXT("[1,,2]")},     {TEXT("[1,,]")},
        {TEXT("[1 2]")}, {TEXT("[1:2]")},  {TEXT("[1}")},        {TEXT("[\"a\":1]")},
        {TEXT("[1;2]")}, {TEXT("[*]")},    {TEXT("[a]")},        {TEXT("[\"\"")},
        {TEXT("[{}")},   {TEXT("[x")},     {TEXT("[1,\n1\n,1")}, {TEXT("[\v]")},
        {TEXT("[\f]")},  {TEXT("[1\0]")},  {TEXT("[][")},        {TEXT("[\xff]")},
        {TEXT("[true")}, {TEXT("[nul]")},  {TEXT("[1/*c*/]")},   {TEXT("[\xe2\x81\xa0]")},
        {TEXT("[(1)]")}, {TEXT("[3[4]]")}, {TEXT("[[]")},        {TEXT("[\"x\", truth]")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
}

static void broken_objects_are_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("{")},
        {TEXT("{]")},
        {TEXT("{,}")},
        {TEXT("{\"a\"")},
        {TEXT("{\"a\":")},
        {TEXT("{\"a\":1")},
        {TEXT("{\"a\":1,")},
        {TEXT("{\"a\":1,}")},
        {TEXT("{\"a\":1,,}")},
        {TEXT("{\"a\"}")},
        {TEXT("{\"a\":}")},
        {TEXT("{:1}")},
        {TEXT("{\"a\" 1}")},
        {TEXT("{\"a\",1}")},
        {TEXT("{\"a\"::1}")},
        {TEXT("{a:1}")},
        {TEXT("{'a':1}")},
        {TEXT("{1:1}")},
        {TEXT("{null:1}")},
        {TEXT("{[]:1}")},
        {TEXT("{{}:1}")},
        {TEXT("{\"a\":1 \"b\":2}")},
        {TEXT("{\"a\":1]")},
        {TEXT("{\"a\":1;\"b\":2}")},
        {TEXT("{\"a\":1/**/}")},
        {TEXT("{\"a\":1,,\"b\":2}")},
        {TEXT("{\"a\":\"a")},
        {TEXT("{\"a")},
        {TEXT("{\"a\":1 a}")},
        {TEXT("{\"a\":1=2}")},
        {TEXT("{\"a\"=1}")},
        {TEXT("{**}")},
        {TEXT("{\"\\ud800\":1}")},
        {TEXT("{\"\xff\":1}")},
        {TEXT("{\"a\":1,a\":2}")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
}

static void broken_numbers_are_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("-")},
        {TEXT("+1")},
        {TEXT("++1")},
        {TEXT("-+1")},
        {TEXT("--1")},
        {TEXT("01")},
        {TEXT("-01")},
        {TEXT("00")},
        {TEXT("0123")},
        {TEXT(".5")},
        {TEXT("-.5")},
        {TEXT("5.")},
        {TEXT("5.e1")},
        {TEXT("-1.")},
        {TEXT("1e")},
        {TEXT("1e+")},
        {TEXT("1e-")},
        {TEXT("1E")},
        {TEXT("0.e1")},
        {TEXT("0.3e")},
        {TEXT("0.3e+")},
        {TEXT("1eE2")},
        {TEXT("1e2.5")},
        {TEXT("1.2.3")},
        {TEXT("0x1F")},
        {TEXT("0b1")},
        {TEXT("1_000")},
        {TEXT("1,000.5x")},
        {TEXT("1a")},
        {TEXT("-a")},
        {TEXT("1.5f")},
        {TEXT("9.e+")},
        {TEXT("1+2")},
        {TEXT("1-2")},
        {TEXT("-NaN")},
        {TEXT("-Infinity")},
        {TEXT("1 000")},
        {TEXT("[-]")},
        {TEXT("[1e]")},
        {TEXT("[2.]")},
        {TEXT("[-2.]")},
        {TEXT("[0e]")},
        {TEXT("[1.0e]")},
        {TEXT("[-1x]")},
        {TEXT("\xef\xbc\x91")},
        {TEXT("1\xef\xbc\x91")},
        {TEXT("[123\xe5]")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
}

static void numbers_that_would_be_infinite_are_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("1e999")},
        {TEXT("[-1e999]")},
        {TEXT("1e309")},
        {TEXT("[123123e100000]")},
        {TEXT("[0.4e00669999999999999999999999999999999999999999999999999999999999999999]")},
        {TEXT("{\"a\":1.8e308}")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
    check_problem(TEXT("[1,1e999]"), "a number that is too large at byte 3");
}

static void broken_strings_are_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("\"")},
        {TEXT("\"a")},
        {TEXT("\"\\")},
        {TEXT("\"\\\"")},
        {TEXT("\"\\u\"")},
        {TEXT("\"\\u1\"")},
        {TEXT("\"\\u12\"")},
        {TEXT("\"\\u123\"")},
        {TEXT("\"\\u12")},
        {TEXT("\"\\u00g0\"")},
        {TEXT("\"\\uqqqq\"")},
        {TEXT("\"\\U0041\"")},
        {TEXT("\"\\a\"")},
        {TEXT("\"\\x41\"")},
        {TEXT("\"\\0\"")},
        {TEXT("\"\\'\"")},
        {TEXT("\"\\ \"")},
        {TEXT("\"\\\n\"")},
        {TEXT("\"\\\t\"")},
        {TEXT("\"\\\0\"")},
        {TEXT("\"\\\xc3\xa9\"")},
        {TEXT("\"\\\xff\"")},
        {TEXT("\"\\u+041\"")},
        {TEXT("\"\\u 041\"")},
        {TEXT("\"\t\"")},
        {TEXT("\"\n\"")},
        {TEXT("\"\r\"")},
        {TEXT("\"\0\"")},
        {TEXT("\"a\x1f\"")},
        {TEXT("\"\x01\"")},
        {TEXT("\"12345678\x1f\"")},
        {TEXT("\"\\ud800\"")},
        {TEXT("\"\\udbff\"")},
        {TEXT("\"\\udc00\"")},
        {TEXT("\"\\udfff\"")},
        {TEXT("\"\\ud800x\"")},
        {TEXT("\"\\ud800\\n\"")},
        {TEXT("\"\\ud800\\ud800\"")},
        {TEXT("\"\\ud800\\u0041\"")},
        {TEXT("\"\\udc00\\ud800\"")},
        {TEXT("\"\\udc00\\udc00\"")},
        {TEXT("\"\\ud83d\\ude0\"")},
        {TEXT("\"\\ud83d\\\"")},
        {TEXT("\"\\ud83d\\u\"")},
        {TEXT("\"\\ud83d\\x\"")},
        {TEXT("\"\\ud83d\xf0\x9f\x98\x80\"")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
}

static void control_characters_are_refused_wherever_they_are(void **state)
{
    char body[32] = "\"abcdefghijklmnopqrstuvwxyz0123\"";
    char c, plain;
    size_t at;

    (void)state;
    help_taken(body, sizeof(body));
    for (at = 1; at < sizeof(body) - 1; at++) {
        plain = body[at];
        for (c = 0; c < 0x20; c++) {
            body[at] = c;
            help_refused(body, sizeof(body), RESULT_MALFORMED);
        }
        body[at] = '"';
        help_refused(body, sizeof(body), RESULT_MALFORMED);
        body[at] = plain;
    }
}

static void invalid_utf8_is_refused(void **state)
{
    static const struct text texts[] = {
        {TEXT("\"\x80\"")},
        {TEXT("\"\xbf\"")},
        {TEXT("\"\xc0\x80\"")},
        {TEXT("\"\xc0\xaf\"")},
        {TEXT("\"\xc1\xbf\"")},
        {TEXT("\"\xc3\"")},
        {TEXT("\"\xc3\x28\"")},
        {TEXT("\"\xe0\x80\x80\"")},
        {TEXT("\"\xe0\x9f\xbf\"")},
        {TEXT("\"\xe2\x82\"")},
        {TEXT("\"\xe2\x28\xa1\"")},
        {TEXT("\"\xed\xa0\x80\"")},
        {TEXT("\"\xed\xbf\xbf\"")},
        {TEXT("\"\xed\xa0\xbd\xed\xb8\x80\"")},
        {TEXT("\"\xf0\x80\x80\x80\"")},
        {TEXT("\"\xf0\x8f\xbf\xbf\"")},
        {TEXT("\"\xf0\x9f\x98\"")},
        {TEXT("\"\xf4\x90\x80\x80\"")},
        {TEXT("\"\xf5\x80\x80\x80\"")},
        {TEXT("\"\xf8\x88\x80\x80\x80\"")},
        {TEXT("\"\xfc\x83\xbf\xbf\xbf\xbf\"")},
        {TEXT("\"\xfe\"")},
        {TEXT("\"\xff\"")},
        {TEXT("\"12345678\x80\"")},
        {TEXT("\"\\n\xff\"")},
        {TEXT("[\"\xe9\"]")},
        {TEXT("{\"\xe9\":1}")},
    };

    (void)state;
    check_all_refused(texts, COUNT(texts));
    check_problem(TEXT("[\"ab\xff\"]"), "invalid UTF-8 in a string at byte 4");
}

static void repeated_keys_are_refused_at_any_depth(void **state)
{
    static const struct text refused[] = {
        {TEXT("{\"a\":1,\"a\":1}")},
        {TEXT("{\"\":1,\"\":1}")},
        {TEXT("{\"a\":1,\"b\":2,\"a\":3}")},
        {TEXT("{\"a\":1,\"\\u0061\":2}")},
        {TEXT("{\"\\u00e9\":1,\"\xc3\xa9\":2}")},
        {TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}")},
        {TEXT("{\"\\/\":1,\"/\":2}")},
        {TEXT("[[{\"x\":[{\"a\":{},\"a\":{}}]}]]")},
        {TEXT("{\"a\":{\"b\":1},\"c\":{\"b\":{\"b\":1,\"b\":2}}}")},
        {TEXT("{\"a\":{\"a\":{\"a\":1}},\"a\":1}")},
        {TEXT("{\"a\\u0000\":1,\"a\\u0000\":1}")},
    };
    static const struct text taken[] = {
        {TEXT("{\"a\":{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]}}}")},
        {TEXT("[{\"a\":1},{\"a\":2}]")},
        {TEXT("{\"a\":1,\"A\":2,\"a \":3,\"\":4,\"aa\":5}")},
        {TEXT("{\"a\\u0000b\":1,\"a\\u0000c\":2,\"a\":3}")},
        {TEXT("{\"x\":{\"b\":1},\"b\":2}")},
    };
    size_t i;

    (void)state;
    check_all_refused(refused, COUNT(refused));
    for (i = 0; i < COUNT(taken); i++)
        help_taken(taken[i].bytes, taken[i].len);
    check_problem(TEXT("{\"f\":0,    \"f\":1}"), "repeated key \"f\" at byte 11");
}

/* Objects of up to 100 keys within objects of up to 100, each large enough for the table. */
static void repeated_keys_are_seen_in_large_objects_within_each_other(void **state)
{
    struct buf inner = {0}, outer = {0};
    int size, again;

    (void)state;
    for (size = 1; size < 100; size += 7) {
        buf_clear(&inner, SIZE_MAX);
        buf_puts(&inner, "{");
        help_put_members(&inner, 0, size, "{\"k0\":{\"k0\":0}}");
        buf_puts(&inner, "}");
        for (again = -1; again < size; again += 5) {
            buf_clear(&outer, SIZE_MAX);
            buf_puts(&outer, "[{");
            help_put_members(&outer, 0, size, inner.data);
            if (again >= 0)
                buf_printf(&outer, ",\"k%d\":0", again);
            buf_puts(&outer, "}]");
            if (again < 0)
                help_taken(outer.data, outer.len);
            else
                help_refused(outer.data, outer.len, RESULT_MALFORMED);
        }
    }
    buf_free(&inner);
    buf_free(&outer);
}

/*
 * 100,000 keys of "Aa" and "BB", which all have one hash under the hash that multiplies
 * by 31: compared with each other they would take 5 * 10^9 steps.
 */
static void keys_that_collide_elsewhere_take_no_time(void **state)
{
    enum {
        KEYS = 100000,
        PAIRS = 17
    };
    struct buf body = {0};
    clock_t begin = clock();
    int i, pair;

    (void)state;
    buf_putc(&body, '{');
    for (i = 0; i <= KEYS; i++) {
        buf_puts(&body, i != 0 ? ",\"" : "\"");
        for (pair = 0; pair < PAIRS; pair++) /* the last is the first again */
            buf_puts(&body, (i % KEYS >> pair & 1) != 0 ? "BB" : "Aa");
        buf_puts(&body, "\":0");
    }
    buf_putc(&body, '}');
    help_refused(body.data, body.len, RESULT_MALFORMED);
    assert_non_null(strstr(json_problem(&reader), "repeated key"));
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 3);
    buf_free(&body);
}

static void nesting_is_bounded(void **state)
{
    struct buf body = {0};

    (void)state;
    help_put_times(&body, "[", JSON_DEPTH_MAX);
    help_put_times(&body, "]", JSON_DEPTH_MAX);
    help_taken(body.data, body.len);
    buf_clear(&body, SIZE_MAX);
    help_put_times(&body, "{\"a\":", JSON_DEPTH_MAX);
    buf_puts(&body, "0");
    help_put_times(&body, "}", JSON_DEPTH_MAX);
    help_taken(body.data, body.len);
    buf_clear(&body, SIZE_MAX);
    help_put_times(&body, "[", JSON_DEPTH_MAX + 1);
    help_put_times(&body, "]", JSON_DEPTH_MAX + 1);
    check_problem(body.data, body.len, "nested too deep at byte 64");
    buf_clear(&body, SIZE_MAX);
    help_put_times(&body, "[", 100000);
    help_refused(body.data, body.len, RESULT_MALFORMED);
    buf_clear(&body, SIZE_MAX);
    help_put_times(&body, "{\"a\":[", 100000);
    help_refused(body.data, body.len, RESULT_MALFORMED);
    buf_free(&body);
}

static void lengths_are_bounded(void **state)
{
    struct buf body = {0};

    (void)state;
    help_put_times(&body, "1", 300);
    buf_puts(&body, ".");
    help_put_times(&body, "1", JSON_NUMBER_MAX - 301);
    help_taken(body.data, body.len);
    buf_puts(&body, "1");
    help_refused(body.data, body.len, RESULT_TOO_BIG);
    help_put_times(&body, "1", 100000);
    help_refused(body.data, body.len, RESULT_TOO_BIG);

    buf_clear(&body, SIZE_MAX);
    buf_puts(&body, "\"");
    help_put_times(&body, "x", JSON_STRING_DEFAULT);
    buf_puts(&body, "\"");
    help_taken(body.data, body.len);
    body.data[body.len - 1] = 'x';
    buf_puts(&body, "\"");
    help_refused(body.data, body.len, RESULT_TOO_BIG);
    buf_clear(&body, SIZE_MAX);
    buf_puts(&body, "[\"");
    help_put_times(&body, "\\u0041", JSON_STRING_DEFAULT);
    buf_puts(&body, "\"]");
    help_taken(body.data, body.len);
    body.len -= 2;
    buf_puts(&body, "\\n\"]");
    help_refused(body.data, body.len, RESULT_TOO_BIG);
    buf_free(&body);
}

static void the_bound_of_strings_can_be_set(void **state)
{
    (void)state;
    reader.string_max = 4;
    help_taken(TEXT("{\"abcd\":\"\\u0061\\u0062\\u0063\\u0064\"}"));
    help_refused(TEXT("\"abcde\""), RESULT_TOO_BIG);
    help_refused(TEXT("\"\\u0061bcde\""), RESULT_TOO_BIG);
    help_refused(TEXT("{\"abcde\":1}"), RESULT_TOO_BIG);
    help_refused(TEXT("\"abc\\u00e9\""), RESULT_TOO_BIG);
    json_reader_free(&reader);
    help_refused(TEXT("\"abcde\""), RESULT_TOO_BIG);
    reader.string_max = 0;
    help_taken(TEXT("\"abcde\""));
}

static void keys_of_open_objects_are_bounded(void **state)
{
    struct buf body = {0}, key = {0};
    size_t i;

    (void)state;
    buf_puts(&body, "{");
    help_put_members(&body, 0, JSON_KEYS_MAX, "{}");
    help_refused(body.data, body.len, RESULT_MALFORMED); /* taken, but for the end */
    assert_non_null(strstr(json_problem(&reader), "missing"));
    buf_puts(&body, ",\"one more\":0}");
    help_refused(body.data, body.len, RESULT_TOO_BIG);

    help_put_times(&key, "x", 60000);
    buf_clear(&body, SIZE_MAX);
    buf_puts(&body, "[{");
    for (i = 0; i < 70; i++)
        buf_printf(&body, "%s\"%zu%s\":0", i != 0 ? "," : "", i, key.data);
    buf_puts(&body, "}]");
    help_refused(body.data, body.len, RESULT_TOO_BIG);

    buf_clear(&body, SIZE_MAX); /* but not those of closed ones */
    buf_puts(&body, "[");
    for (i = 0; i < 100; i++)
        buf_printf(&body, "%s{\"%s\":0}", i != 0 ? "," : "", key.data);
    buf_puts(&body, "]");
    help_taken(body.data, body.len);
    buf_free(&body);
    buf_free(&key);
}

static void a_problem_says_what_and_where_in_one_safe_line(void **state)
{
    struct buf body = {0};

    (void)state;
    check_problem(TEXT("{\"features\":1,\"features\":2}"),
                  "repeated key \"features\" at byte 14");
    check_problem(TEXT(""), "the body is empty: it ends at byte 0");
    check_problem(NULL, 0, "the body is empty: it ends at byte 0");
    check_problem(TEXT("[1,2"), "',' or ']' is missing: the body ends at byte 4");
    check_problem(TEXT("{\"a\":1]"), "',' or '}' is due, not \"]\", at byte 6");
    check_problem(TEXT("{a:1}"), "a key is due, not \"a\", at byte 1");
    check_problem(TEXT("{\"a\" 1}"), "':' is due, not \"1\", at byte 5");
    check_problem(TEXT("[NaN]"), "a value is due, not \"N\", at byte 1");
    check_problem(TEXT("[1,\n\x01]"), "a value is due, not \"\\u0001\", at byte 4");
    check_problem(TEXT("\xef\xbb\xbf{}"), "a value is due, not \"\\xef\", at byte 0");
    check_problem(TEXT("{} {}"), "something behind the value at byte 3");
    check_problem(TEXT("[\"a\nb\"]"), "a control character in a string at byte 3");
    check_problem(TEXT("[\"a\\qb\"]"), "a bad escape in a string at byte 3");
    check_problem(TEXT("[\"abc"), "a string without an end at byte 1");
    check_problem(TEXT("[1a]"), "not a number in JSON's form at byte 1");
    check_problem(TEXT("[01]"), "not a number in JSON's form at byte 1");
    check_problem(TEXT("{\"\\n\\\"\\u2028\":1,\"\\n\\\"\\u2028\":1}"),
                  "repeated key \"\\u000a\\\"\\u2028\" at byte 16");
    buf_puts(&body, "{\"");
    help_put_times(&body, "\xf0\x9f\x98\x80", 1000);
    buf_puts(&body, "\":1,\"");
    help_put_times(&body, "\xf0\x9f\x98\x80", 1000);
    buf_puts(&body, "\":1}");
    help_refused(body.data, body.len, RESULT_MALFORMED);
    assert_true(strlen(json_problem(&reader)) < JSON_PROBLEM_MAX);
    assert_non_null(strstr(json_problem(&reader), "\xf0\x9f\x98\x80...\" at byte 4006"));
    buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_value_is_refused),
        cmocka_unit_test(what_is_behind_the_value_is_refused),
        cmocka_unit_test(broken_arrays_are_refused),
        cmocka_unit_test(broken_objects_are_refused),
        cmocka_unit_test(broken_numbers_are_refused),
        cmocka_unit_test(numbers_that_would_be_infinite_are_refused),
        cmocka_unit_test(broken_strings_are_refused),
        cmocka_unit_test(control_characters_are_refused_wherever_they_are),
        cmocka_unit_test(invalid_utf8_is_refused),
        cmocka_unit_test(repeated_keys_are_refused_at_any_depth),
        cmocka_unit_test(repeated_keys_are_seen_in_large_objects_within_each_other),
        cmocka_unit_test(keys_that_collide_elsewhere_take_no_time),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(the_bound_of_strings_can_be_set),
        cmocka_unit_test(keys_of_open_objects_are_bounded),
        cmocka_unit_test(a_problem_says_what_and_where_in_one_safe_line),
    };

    return cmocka_run_group_tests(tests, NULL, help_free_reader);
}
