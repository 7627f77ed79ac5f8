/*
 * test_json.c: what RFC 8259 has no grammar for, or our bounds no room, is refused with a
 * line that says so; everything else is read, in memory and in pieces alike.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A text with its length, so that it may hold a NUL. */
#define TEXT(text) text, sizeof(text) - 1

static struct json_reader reader;

/* A body that comes in pieces: the first of one size, the others of another. */
struct pieces {
    const char *at;
    size_t left;
    size_t first;
    size_t others;
    bool over;
};

static ssize_t fill_piece(void *context, char *to, size_t room)
{
    struct pieces *pieces = context;
    size_t len = pieces->first != 0 ? pieces->first : pieces->others;

    assert_false(pieces->over); /* not asked again after the end */
    assert_true(room > 0);
    pieces->first = 0;
    if (len > room)
        len = room;
    if (len > pieces->left)
        len = pieces->left;
    memcpy(to, pieces->at, len);
    pieces->at += len;
    pieces->left -= len;
    pieces->over = len == 0;
    return (ssize_t)len;
}

/* Everything that the reader tells until the end, as bytes to compare. */
static enum json_token read_all(struct buf *out)
{
    enum json_token token;
    const char *text;
    double number;
    size_t len;

    do {
        token = json_next(&reader);
        buf_printf(out, "\n%d at %zu in %u: ", token, json_offset(&reader),
                   json_depth(&reader));
        if (token == JSON_KEY || token == JSON_STRING || token == JSON_NUMBER) {
            text = json_text(&reader, &len);
            buf_put(out, text, len);
        }
        if (token == JSON_NUMBER) {
            number = json_number(&reader);
            buf_put(out, &number, sizeof(number));
        }
        if (token == JSON_BAD)
            buf_printf(out, "%d %s", json_result(&reader), json_problem(&reader));
    } while (token != JSON_END && token != JSON_BAD);
    return token;
}

static enum json_token read_body(const char *body, size_t len)
{
    enum json_token token;

    json_reader_start(&reader, body, len);
    do {
        token = json_next(&reader);
    } while (token != JSON_END && token != JSON_BAD);
    return token;
}

static void check_taken(const char *body, size_t len)
{
    if (read_body(body, len) != JSON_END)
        fail_msg("refused: %s: %s", body, json_problem(&reader));
    assert_int_equal(json_result(&reader), RESULT_OK);
    assert_string_equal(json_problem(&reader), "");
}

static void check_refused(const char *body, size_t len, enum result result)
{
    size_t i;

    if (read_body(body, len) != JSON_BAD)
        fail_msg("taken: %.200s", body);
    assert_int_equal(json_result(&reader), result);
    assert_true(strlen(json_problem(&reader)) > 0);
    for (i = 0; json_problem(&reader)[i] != '\0'; i++)
        assert_true((unsigned char)json_problem(&reader)[i] >= 0x20);
    assert_int_equal(json_next(&reader), JSON_BAD); /* and stays so */
}

static void check_problem(const char *body, size_t len, const char *problem)
{
    assert_int_equal(read_body(body, len), JSON_BAD);
    assert_string_equal(json_problem(&reader), problem);
}

/* The only value of a body is this string. */
static void check_string(const char *body, size_t body_len, const char *expected, size_t len)
{
    const char *text;
    size_t text_len;

    json_reader_start(&reader, body, body_len);
    if (json_next(&reader) != JSON_STRING)
        fail_msg("%s: %s", body, json_problem(&reader));
    text = json_text(&reader, &text_len);
    assert_int_equal(text_len, len);
    assert_memory_equal(text, expected, len);
    assert_int_equal(json_next(&reader), JSON_END);
}

struct text {
    const char *bytes;
    size_t len;
};

static void check_all_refused(const struct text *texts, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        check_refused(texts[i].bytes, texts[i].len, RESULT_MALFORMED);
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
    check_taken(body, sizeof(body));
    for (at = 1; at < sizeof(body) - 1; at++) {
        plain = body[at];
        for (c = 0; c < 0x20; c++) {
            body[at] = c;
            check_refused(body, sizeof(body), RESULT_MALFORMED);
        }
        body[at] = '"';
        check_refused(body, sizeof(body), RESULT_MALFORMED);
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

static void good_documents_are_taken(void **state)
{
    static const struct text texts[] = {
        {TEXT("0")},
        {TEXT("-0")},
        {TEXT("-1")},
        {TEXT("10")},
        {TEXT("1.5")},
        {TEXT("0e1")},
        {TEXT("0e+1")},
        {TEXT("0E-01")},
        {TEXT("1e2")},
        {TEXT("1E+2")},
        {TEXT("-0.0")},
        {TEXT("-0e-0")},
        {TEXT("1.5e00007")},
        {TEXT("true")},
        {TEXT("false")},
        {TEXT("null")},
        {TEXT("\"\"")},
        {TEXT("\"a\"")},
        {TEXT("[]")},
        {TEXT("{}")},
        {TEXT(" \t\r\n[ \t\r\n] \t\r\n")},
        {TEXT(" { } ")},
        {TEXT("[[]]")},
        {TEXT("[{}]")},
        {TEXT("[1,2 ,3, 4]")},
        {TEXT("[null,true,false,\"\",0,[],{}]")},
        {TEXT("{\"a\":1}")},
        {TEXT("{ \"a\" : 1 , \"b\" : [ ] }")},
        {TEXT("{\"\":0}")},
        {TEXT("{\"a\":{},\"b\":{\"a\":1}}")},
        {TEXT("{\"a\\u0000b\":1,\"a\":2}")},
        {TEXT("\"\x7f\"")},
        {TEXT("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"")},
        {TEXT("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"")},
        {TEXT("\"\xef\xbb\xbf\"")},
        {TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\"")},
        {TEXT("\"/ \\/ [ ] { } , : // /* */ '\"")},
        {TEXT("[9007199254740993,18446744073709551616,1e308]")},
        {TEXT("123456789012345678901234567890123456789012345678901234567890")},
        /* left to the reader by the RFC; taken: too small becomes 0, and noncharacters */
        {TEXT("[123.456e-789,-1e-400,4.9e-325]")},
        {TEXT("\"\\uffff\\ufdd0\\udbff\\udfff\"")},
        {TEXT("\"\\u0000\\u001f\\u007f\"")},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(texts); i++)
        check_taken(texts[i].bytes, texts[i].len);
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
        check_taken(taken[i].bytes, taken[i].len);
    check_problem(TEXT("{\"f\":0,    \"f\":1}"), "repeated key \"f\" at byte 11");
}

/* Members of an object, "k<n>" each from first on; `nested` is the value of the middle one. */
static void put_members(struct buf *out, int first, int count, const char *nested)
{
    int i;

    for (i = first; i < first + count; i++)
        buf_printf(out, "%s\"k%d\":%s", i != first ? "," : "", i,
                   i == first + count / 2 ? nested : "0");
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
        put_members(&inner, 0, size, "{\"k0\":{\"k0\":0}}");
        buf_puts(&inner, "}");
        for (again = -1; again < size; again += 5) {
            buf_clear(&outer, SIZE_MAX);
            buf_puts(&outer, "[{");
            put_members(&outer, 0, size, inner.data);
            if (again >= 0)
                buf_printf(&outer, ",\"k%d\":0", again);
            buf_puts(&outer, "}]");
            if (again < 0)
                check_taken(outer.data, outer.len);
            else
                check_refused(outer.data, outer.len, RESULT_MALFORMED);
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
    check_refused(body.data, body.len, RESULT_MALFORMED);
    assert_non_null(strstr(json_problem(&reader), "repeated key"));
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 3);
    buf_free(&body);
}

static void put_times(struct buf *out, const char *text, size_t times)
{
    while (times-- > 0)
        buf_puts(out, text);
}

static void nesting_is_bounded(void **state)
{
    struct buf body = {0};

    (void)state;
    put_times(&body, "[", JSON_DEPTH_MAX);
    put_times(&body, "]", JSON_DEPTH_MAX);
    check_taken(body.data, body.len);
    buf_clear(&body, SIZE_MAX);
    put_times(&body, "{\"a\":", JSON_DEPTH_MAX);
    buf_puts(&body, "0");
    put_times(&body, "}", JSON_DEPTH_MAX);
    check_taken(body.data, body.len);
    buf_clear(&body, SIZE_MAX);
    put_times(&body, "[", JSON_DEPTH_MAX + 1);
    put_times(&body, "]", JSON_DEPTH_MAX + 1);
    check_problem(body.data, body.len, "nested too deep at byte 64");
    buf_clear(&body, SIZE_MAX);
    put_times(&body, "[", 100000);
    check_refused(body.data, body.len, RESULT_MALFORMED);
    buf_clear(&body, SIZE_MAX);
    put_times(&body, "{\"a\":[", 100000);
    check_refused(body.data, body.len, RESULT_MALFORMED);
    buf_free(&body);
}

static void lengths_are_bounded(void **state)
{
    struct buf body = {0};

    (void)state;
    put_times(&body, "1", 300);
    buf_puts(&body, ".");
    put_times(&body, "1", JSON_NUMBER_MAX - 301);
    check_taken(body.data, body.len);
    buf_puts(&body, "1");
    check_refused(body.data, body.len, RESULT_TOO_BIG);
    put_times(&body, "1", 100000);
    check_refused(body.data, body.len, RESULT_TOO_BIG);

    buf_clear(&body, SIZE_MAX);
    buf_puts(&body, "\"");
    put_times(&body, "x", JSON_STRING_DEFAULT);
    buf_puts(&body, "\"");
    check_taken(body.data, body.len);
    body.data[body.len - 1] = 'x';
    buf_puts(&body, "\"");
    check_refused(body.data, body.len, RESULT_TOO_BIG);
    buf_clear(&body, SIZE_MAX);
    buf_puts(&body, "[\"");
    put_times(&body, "\\u0041", JSON_STRING_DEFAULT);
    buf_puts(&body, "\"]");
    check_taken(body.data, body.len);
    body.len -= 2;
    buf_puts(&body, "\\n\"]");
    check_refused(body.data, body.len, RESULT_TOO_BIG);
    buf_free(&body);
}

static void the_bound_of_strings_can_be_set(void **state)
{
    (void)state;
    reader.string_max = 4;
    check_taken(TEXT("{\"abcd\":\"\\u0061\\u0062\\u0063\\u0064\"}"));
    check_refused(TEXT("\"abcde\""), RESULT_TOO_BIG);
    check_refused(TEXT("\"\\u0061bcde\""), RESULT_TOO_BIG);
    check_refused(TEXT("{\"abcde\":1}"), RESULT_TOO_BIG);
    check_refused(TEXT("\"abc\\u00e9\""), RESULT_TOO_BIG);
    json_reader_free(&reader);
    check_refused(TEXT("\"abcde\""), RESULT_TOO_BIG);
    reader.string_max = 0;
    check_taken(TEXT("\"abcde\""));
}

static void keys_of_open_objects_are_bounded(void **state)
{
    struct buf body = {0}, key = {0};
    size_t i;

    (void)state;
    buf_puts(&body, "{");
    put_members(&body, 0, JSON_KEYS_MAX, "{}");
    check_refused(body.data, body.len, RESULT_MALFORMED); /* taken, but for the end */
    assert_non_null(strstr(json_problem(&reader), "missing"));
    buf_puts(&body, ",\"one more\":0}");
    check_refused(body.data, body.len, RESULT_TOO_BIG);

    put_times(&key, "x", 60000);
    buf_clear(&body, SIZE_MAX);
    buf_puts(&body, "[{");
    for (i = 0; i < 70; i++)
        buf_printf(&body, "%s\"%zu%s\":0", i != 0 ? "," : "", i, key.data);
    buf_puts(&body, "}]");
    check_refused(body.data, body.len, RESULT_TOO_BIG);

    buf_clear(&body, SIZE_MAX); /* but not those of closed ones */
    buf_puts(&body, "[");
    for (i = 0; i < 100; i++)
        buf_printf(&body, "%s{\"%s\":0}", i != 0 ? "," : "", key.data);
    buf_puts(&body, "]");
    check_taken(body.data, body.len);
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
    put_times(&body, "\xf0\x9f\x98\x80", 1000);
    buf_puts(&body, "\":1,\"");
    put_times(&body, "\xf0\x9f\x98\x80", 1000);
    buf_puts(&body, "\":1}");
    check_refused(body.data, body.len, RESULT_MALFORMED);
    assert_true(strlen(json_problem(&reader)) < JSON_PROBLEM_MAX);
    assert_non_null(strstr(json_problem(&reader), "\xf0\x9f\x98\x80...\" at byte 4006"));
    buf_free(&body);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    check_string(TEXT("\"\""), TEXT(""));
    check_string(TEXT("\"plain text\""), TEXT("plain text"));
    check_string(TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t"));
    check_string(TEXT("\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\""),
                 TEXT("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    check_string(TEXT("\"a\\u0000b\""), TEXT("a\0b"));
    check_string(TEXT("\"\\\\u0041\""), TEXT("\\u0041"));
    check_string(TEXT("\"\\\\\\\\\""), TEXT("\\\\"));
    check_string(TEXT("\"\\ud800\\udc00\\udbff\\udfff\""),
                 TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    check_string(TEXT("\"\xc3\xa9\\n\xe2\x82\xac\""), TEXT("\xc3\xa9\n\xe2\x82\xac"));
    assert_int_equal(read_body(TEXT("\"key\"")), JSON_END);
    json_reader_start(&reader, TEXT("\"ke\\u0079\""));
    assert_int_equal(json_next(&reader), JSON_STRING);
    assert_true(json_text_is(&reader, "key"));
    assert_false(json_text_is(&reader, "ke"));
    assert_false(json_text_is(&reader, "keys"));
}

static void check_integer(const char *text, bool fits, int64_t expected)
{
    int64_t value = 7;

    json_reader_start(&reader, text, strlen(text));
    assert_int_equal(json_next(&reader), JSON_NUMBER);
    assert_int_equal(json_integer(&reader, &value), fits);
    assert_true(value == (fits ? expected : 7));
}

static void numbers_are_exact(void **state)
{
    const char *text;
    size_t len;

    (void)state;
    check_integer("0", true, 0);
    check_integer("-0", true, 0);
    check_integer("9007199254740993", true, 9007199254740993);
    check_integer("9223372036854775807", true, INT64_MAX);
    check_integer("-9223372036854775808", true, INT64_MIN);
    check_integer("9223372036854775808", false, 0);
    check_integer("1.0", false, 0);
    check_integer("1e2", false, 0);
    json_reader_start(&reader, TEXT("[5.1,-0,1E+2,0.1e-1]"));
    assert_int_equal(json_next(&reader), JSON_ARRAY);
    assert_int_equal(json_next(&reader), JSON_NUMBER);
    assert_true(json_number(&reader) == 5.1);
    assert_int_equal(json_next(&reader), JSON_NUMBER);
    assert_true(json_number(&reader) == 0 && signbit(json_number(&reader)));
    assert_int_equal(json_next(&reader), JSON_NUMBER);
    assert_true(json_number(&reader) == 100);
    text = json_text(&reader, &len);
    assert_int_equal(len, 4);
    assert_memory_equal(text, "1E+2", 4);
    assert_int_equal(json_next(&reader), JSON_NUMBER);
    assert_true(json_number(&reader) == 0.01);
    assert_int_equal(json_next(&reader), JSON_ARRAY_END);
    assert_int_equal(json_next(&reader), JSON_END);
    assert_int_equal(json_next(&reader), JSON_END);
}

static const struct text documents[] = {
    {TEXT("{\"features\":[5.1,3.5,1.4,0.2]}")},
    {TEXT(" {\"a\" : [ true , false , null ] , \"b\\u0020\" : {} } \n")},
    {TEXT("[\"\\\\\\\"\\ud83d\\ude00\xe2\x82\xac\xf0\x9f\x98\x80\",\"plain\",-12.5e-3,0,1e2]")},
    {TEXT("[123456789012345678901234567890.5,\"\",[[[]]],{\"\":{\"\":\"\"}}]")},
    {TEXT("{\"a\":1,\"\\u0061\":2}")},
    {TEXT("[\"\\ud83d\\u0041\"]")},
    {TEXT("[1,2,3e]")},
    {TEXT("[12.")},
    {TEXT("[tru]")},
    {TEXT("[\"\xe2\x82\"]")},
    {TEXT("[\"\\\xe2\x82\"]")},
    {TEXT("[1e999]")},
    {TEXT("[\"unfinished \\")},
    {TEXT("-")},
    {TEXT("12345")},
    {TEXT("nul")},
    {TEXT("\xef\xbb\xbf{}")},
    {TEXT("")},
    {TEXT("   ")},
    {TEXT("[1]]")},
};

/* In pieces it must be the same as in memory, to the offsets and the problem's text. */
static void check_split(const char *body, size_t len, size_t first, size_t others)
{
    struct pieces pieces = {body, len, first, others, false};
    struct buf whole = {0}, split = {0};

    json_reader_start(&reader, body, len);
    read_all(&whole);
    json_reader_start_stream(&reader, fill_piece, &pieces);
    read_all(&split);
    if (whole.len != split.len || memcmp(whole.data, split.data, whole.len) != 0)
        fail_msg("%.80s, split at %zu and every %zu: %s\nnot%s", body, first, others,
                 split.data, whole.data);
    buf_free(&whole);
    buf_free(&split);
}

/* Numbers many at once, from a body in memory: the tokens that come are the same. */
static void numbers_at_once_are_the_same_as_one_by_one(void **state)
{
    static const char body[] =
        "{\"a\":[[1.5, -2,3,0.1],[1, 2 ,3],[[4],5,6.25],[1e3,7],[null,8,\"x\",9],[]],"
        "\"b\":12345678901234567890123,\"padding\":\".........................................."
        "\"}";
    static const double expected[] = {1.5, -2, 3, 0.1, 1, 2, 3, 4, 5, 6.25, 1e3, 7, 8, 9};
    double values[32], some[2];
    size_t count = 0, got, at_once = 0;
    enum json_token token;

    (void)state;
    json_reader_start(&reader, TEXT(body));
    assert_int_equal(json_numbers(&reader, some, 2), 0);
    while ((token = json_next(&reader)) != JSON_END) {
        assert_int_not_equal(token, JSON_BAD);
        if (token == JSON_NUMBER && count < COUNT(expected))
            values[count++] = json_number(&reader);
        if (token == JSON_KEY)
            assert_int_equal(json_numbers(&reader, some, 2), 0);
        got = json_numbers(&reader, some, 2);
        at_once += got;
        for (size_t i = 0; i < got; i++)
            values[count++] = some[i];
    }
    assert_int_equal(count, COUNT(expected));
    assert_memory_equal(values, expected, sizeof(expected));
    assert_true(at_once >= 5); /* the quick way was taken */
    json_reader_start(&reader, TEXT("[1"));
    json_next(&reader);
    assert_int_equal(json_next(&reader), JSON_NUMBER);
    assert_int_equal(json_next(&reader), JSON_BAD);
    assert_int_equal(json_numbers(&reader, some, 2), 0);
}

static void where_a_stream_is_split_makes_no_difference(void **state)
{
    size_t i, at;

    (void)state;
    for (i = 0; i < COUNT(documents); i++) {
        for (at = 0; at <= documents[i].len; at++)
            check_split(documents[i].bytes, documents[i].len, at, SIZE_MAX);
        for (at = 1; at < 8; at++)
            check_split(documents[i].bytes, documents[i].len, 0, at);
    }
}

/* Spaces before it make the window end, and move, at every byte of the document. */
static void where_the_window_ends_makes_no_difference(void **state)
{
    enum {
        WINDOW = 16 << 10
    };
    struct buf body = {0};
    size_t i, before;

    (void)state;
    for (i = 0; i < COUNT(documents); i++) {
        for (before = WINDOW - documents[i].len - 1; before <= WINDOW; before++) {
            buf_clear(&body, SIZE_MAX);
            buf_printf(&body, "%*s", (int)before, "");
            buf_put(&body, documents[i].bytes, documents[i].len);
            check_split(body.data, body.len, 0, SIZE_MAX);
        }
    }
    buf_free(&body);
}

static void strings_longer_than_the_window_are_streamed(void **state)
{
    struct buf body = {0};
    size_t piece;

    (void)state;
    buf_puts(&body, "{\"a\":\"");
    put_times(&body, "text \\n\xe2\x82\xac ", 6000);
    buf_puts(&body, "\",\"b\":\"");
    put_times(&body, "\\u00e9", 20000);
    buf_puts(&body, "\",\"c\":[1,2,3]}");
    check_taken(body.data, body.len);
    for (piece = 997; piece < 100000; piece *= 3)
        check_split(body.data, body.len, 0, piece);

    buf_clear(&body, SIZE_MAX); /* one that never ends does not take memory for ever */
    buf_puts(&body, "[\"");
    put_times(&body, "0123456789", 200000);
    check_split(body.data, body.len, 0, 4096);
    assert_int_equal(json_result(&reader), RESULT_TOO_BIG);
    assert_true(reader.store_cap < 16 * JSON_STRING_DEFAULT);
    json_reader_start(&reader, TEXT("1"));
    assert_true(reader.store_cap <= JSON_STRING_DEFAULT); /* and is given back */
    buf_free(&body);
}

static ssize_t fill_broken(void *context, char *to, size_t room)
{
    int *calls = context;

    assert_true(room > 1);
    if (++*calls > 1)
        return -1;
    memcpy(to, "[1", 2);
    return 2;
}

static void a_stream_that_breaks_is_told_apart(void **state)
{
    int calls = 0;

    (void)state;
    json_reader_start_stream(&reader, fill_broken, &calls);
    assert_int_equal(json_next(&reader), JSON_ARRAY);
    assert_int_equal(json_next(&reader), JSON_BAD);
    assert_int_equal(json_result(&reader), RESULT_IO);
    assert_string_equal(json_problem(&reader), "the body could not be read on at byte 2");
    assert_int_equal(json_next(&reader), JSON_BAD);
    assert_int_equal(calls, 2);
}

static void skipping_checks_what_it_skips(void **state)
{
    (void)state;
    json_reader_start(&reader, TEXT("{\"a\":[1,{\"x\":[2]},3],\"b\":4,\"c\":\"d\"}"));
    assert_int_equal(json_next(&reader), JSON_OBJECT);
    assert_int_equal(json_next(&reader), JSON_KEY);
    assert_true(json_skip(&reader));
    assert_int_equal(json_next(&reader), JSON_KEY);
    assert_true(json_text_is(&reader, "b"));
    assert_true(json_skip(&reader));
    assert_int_equal(json_next(&reader), JSON_KEY);
    assert_int_equal(json_next(&reader), JSON_STRING);
    assert_true(json_skip_rest(&reader, JSON_STRING));
    assert_false(json_skip(&reader)); /* the object's end is no value */
    assert_int_equal(json_next(&reader), JSON_END);

    json_reader_start(&reader, TEXT("[[1,[]],{}]"));
    assert_int_equal(json_next(&reader), JSON_ARRAY);
    assert_int_equal(json_next(&reader), JSON_ARRAY);
    assert_true(json_skip_rest(&reader, JSON_ARRAY));
    assert_int_equal(json_depth(&reader), 1);
    assert_int_equal(json_next(&reader), JSON_OBJECT);
    assert_true(json_skip_rest(&reader, JSON_OBJECT));
    assert_int_equal(json_next(&reader), JSON_ARRAY_END);
    assert_int_equal(json_next(&reader), JSON_END);

    json_reader_start(&reader, TEXT("[{\"a\":[1,2,{\"b\":1,\"b\":2}]}]"));
    assert_false(json_skip(&reader));
    assert_int_equal(json_result(&reader), RESULT_MALFORMED);
}

static void a_reader_can_be_used_again_after_anything(void **state)
{
    struct buf body = {0};
    struct json_key *keys;
    char *bytes;
    size_t i;

    (void)state;
    buf_puts(&body, "{");
    put_members(&body, 0, 1000, "{}"); /* given up with a full table */
    check_refused(body.data, body.len, RESULT_MALFORMED);
    buf_puts(&body, "}");
    for (i = 0; i < 3; i++)
        check_taken(body.data, body.len);
    buf_free(&body);
    check_taken(documents[0].bytes, documents[0].len);
    keys = reader.keys.keys; /* an ordinary body allocates nothing any more */
    bytes = reader.keys.bytes;
    assert_non_null(keys);
    for (i = 0; i < 3; i++)
        check_taken(documents[0].bytes, documents[0].len);
    assert_ptr_equal(reader.keys.keys, keys);
    assert_ptr_equal(reader.keys.bytes, bytes);
    json_reader_free(&reader);
    json_reader_free(&reader);
    assert_null(reader.keys.keys);
}

static int free_reader(void **state)
{
    (void)state;
    json_reader_free(&reader);
    return 0;
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
        cmocka_unit_test(good_documents_are_taken),
        cmocka_unit_test(repeated_keys_are_refused_at_any_depth),
        cmocka_unit_test(repeated_keys_are_seen_in_large_objects_within_each_other),
        cmocka_unit_test(keys_that_collide_elsewhere_take_no_time),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(the_bound_of_strings_can_be_set),
        cmocka_unit_test(keys_of_open_objects_are_bounded),
        cmocka_unit_test(a_problem_says_what_and_where_in_one_safe_line),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(numbers_at_once_are_the_same_as_one_by_one),
        cmocka_unit_test(where_a_stream_is_split_makes_no_difference),
        cmocka_unit_test(where_the_window_ends_makes_no_difference),
        cmocka_unit_test(strings_longer_than_the_window_are_streamed),
        cmocka_unit_test(a_stream_that_breaks_is_told_apart),
        cmocka_unit_test(skipping_checks_what_it_skips),
        cmocka_unit_test(a_reader_can_be_used_again_after_anything),
    };

    return cmocka_run_group_tests(tests, NULL, free_reader);
}
