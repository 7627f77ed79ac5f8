/*
 * test_json.c: what is JSON is read, in memory and in pieces alike.
 */
#include "json_help.h"

#include <math.h>

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
        help_taken(texts[i].bytes, texts[i].len);
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
    assert_int_equal(help_read(TEXT("\"key\"")), JSON_END);
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
    help_put_times(&body, "text \\n\xe2\x82\xac ", 6000);
    buf_puts(&body, "\",\"b\":\"");
    help_put_times(&body, "\\u00e9", 20000);
    buf_puts(&body, "\",\"c\":[1,2,3]}");
    help_taken(body.data, body.len);
    for (piece = 997; piece < 100000; piece *= 3)
        check_split(body.data, body.len, 0, piece);

    buf_clear(&body, SIZE_MAX); /* one that never ends does not take memory for ever */
    buf_puts(&body, "[\"");
    help_put_times(&body, "0123456789", 200000);
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
    help_put_members(&body, 0, 1000, "{}"); /* given up with a full table */
    help_refused(body.data, body.len, RESULT_MALFORMED);
    buf_puts(&body, "}");
    for (i = 0; i < 3; i++)
        help_taken(body.data, body.len);
    buf_free(&body);
    help_taken(documents[0].bytes, documents[0].len);
    keys = reader.keys.keys; /* an ordinary body allocates nothing any more */
    bytes = reader.keys.bytes;
    assert_non_null(keys);
    for (i = 0; i < 3; i++)
        help_taken(documents[0].bytes, documents[0].len);
    assert_ptr_equal(reader.keys.keys, keys);
    assert_ptr_equal(reader.keys.bytes, bytes);
    json_reader_free(&reader);
    json_reader_free(&reader);
    assert_null(reader.keys.keys);
}

/* Only who asks for it has NaN read so, in that spelling, and numbers beside it as they are. */
static void not_a_number_is_null_for_who_asks(void **state)
{
    static const enum json_token wanted[] = {
        JSON_ARRAY, JSON_NULL, JSON_NUMBER, JSON_NULL, JSON_ARRAY_END, JSON_END,
    };
    static const char *const others[] = {"nan",  "NAN", "NaNs", "-NaN",    "Na",
                                         "NaN1", "[N]", "+NaN", "Infinity"};
    const char body[] = "[NaN, 1.5,NaN]";
    size_t i, at;

    (void)state;
    help_refused(TEXT("[NaN]"), RESULT_MALFORMED);
    reader.nan_is_null = true;
    json_reader_start(&reader, TEXT(body));
    for (i = 0; i < COUNT(wanted); i++)
        assert_int_equal(json_next(&reader), wanted[i]);
    for (at = 0; at < sizeof(body); at++)
        check_split(TEXT(body), at, 1);
    for (i = 0; i < COUNT(others); i++)
        help_refused(others[i], strlen(others[i]), RESULT_MALFORMED);
    json_reader_free(&reader);
    help_taken(TEXT("{\"NaN\":NaN}"));
    reader.nan_is_null = false;
    help_refused(TEXT("NaN"), RESULT_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents_are_taken),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(numbers_at_once_are_the_same_as_one_by_one),
        cmocka_unit_test(where_a_stream_is_split_makes_no_difference),
        cmocka_unit_test(where_the_window_ends_makes_no_difference),
        cmocka_unit_test(strings_longer_than_the_window_are_streamed),
        cmocka_unit_test(a_stream_that_breaks_is_told_apart),
        cmocka_unit_test(skipping_checks_what_it_skips),
        cmocka_unit_test(a_reader_can_be_used_again_after_anything),
        cmocka_unit_test(not_a_number_is_null_for_who_asks),
    };

    return cmocka_run_group_tests(tests, NULL, help_free_reader);
}
