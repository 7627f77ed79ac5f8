/*
 * test_form.c: forms, what is refused first: as JSON, urlencoded, and as a query.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/form.h"

enum field {
    NAME,
    PASSWORD,
    ACTIVE,
    LIMIT,
    SHARE,
    MODELS,
    ROLES,
    META,
    SINCE,
    FIELDS
};

static const char *const colours[] = {"red", "green", NULL};

static const struct form_field fields[FIELDS] = {
    [NAME] = {.name = "name", .type = FORM_TEXT, .nullable = true, .min = 2, .max = 5},
    [PASSWORD] = {.name = "password", .type = FORM_SECRET, .required = true, .min = 3},
    [ACTIVE] = {.name = "active", .type = FORM_BOOL},
    [LIMIT] = {.name = "limit", .type = FORM_INTEGER, .min = -5, .max = 100},
    [SHARE] = {.name = "share", .type = FORM_NUMBER, .min = 0, .max = 1},
    [MODELS] = {.name = "models", .type = FORM_WORDS, .max = 12},
    [ROLES] = {.name = "colour", .type = FORM_WORDS, .choices = colours},
    [META] = {.name = "meta", .type = FORM_OBJECT},
    [SINCE] = {.name = "since", .type = FORM_TIME},
};
static const struct form form = {.name = "Thing", .fields = fields, .count = FIELDS};

static const struct form_field few[] = {
    {.name = "kind", .type = FORM_TEXT, .choices = colours},
    {.name = "count", .type = FORM_INTEGER},
    {.name = "note", .type = FORM_TEXT},
    {.name = "at", .type = FORM_TIME, .nullable = true},
};
static const struct form optional = {.name = "Few", .fields = few, .count = 4};
static const struct form oauth = {.name = "Few", .fields = few, .count = 4, .oauth = true};

/* A bound that is no double. */
static const struct form_field big[] = {
    {.name = "big", .type = FORM_INTEGER, .max = 9007199254740993},
};
static const struct form wide = {.name = "Wide", .fields = big, .count = 1};

typedef enum result (*reader)(struct form_data *data, const struct form *form, const char *text,
                              size_t len, struct reason *why);

static struct form_data data;
static struct reason why;

/* From memory of just that size, so that a sanitizer sees a byte too far. */
static enum result read_n(reader read, const struct form *of, const char *text, size_t len)
{
    char *copy = malloc(len + (len == 0));
    enum result result;

    assert_non_null(copy);
    memcpy(copy, text, len);
    result = read(&data, of, copy, len, &why);
    free(copy);
    return result;
}

static enum result json(const struct form *of, const char *text)
{
    return read_n(form_read_json, of, text, strlen(text));
}

static enum result pairs(const struct form *of, const char *text)
{
    return read_n(form_read_urlencoded, of, text, strlen(text));
}

static enum result query(const struct form *of, const char *text)
{
    return read_n(form_read_query, of, text, strlen(text));
}

/* The one fault that there is. */
static void assert_fault(enum result result, const char *field, const char *problem,
                         const char *allowed)
{
    assert_int_equal(result, RESULT_INVALID);
    assert_int_equal(data.fault_count, 1);
    assert_string_equal(data.faults[0].field, field);
    assert_string_equal(data.faults[0].problem, problem);
    assert_string_equal(data.faults[0].allowed, allowed);
}

static void assert_malformed(enum result result, const char *part)
{
    assert_int_equal(result, RESULT_MALFORMED);
    if (strstr(why.text, part) == NULL)
        fail_msg("\"%s\" has no \"%s\"", why.text, part);
}

static void assert_text(int i, const char *text)
{
    assert_true(data.values[i].given);
    assert_false(data.values[i].null);
    assert_non_null(data.values[i].text);
    assert_string_equal(data.values[i].text, text);
    assert_int_equal(data.values[i].len, strlen(text));
}

/* ---- what is refused ---- */

static void unknown_member_is_told_with_what_there_are(void **state)
{
    (void)state;
    assert_fault(json(&optional, "{\"role\":\"admin\"}"), "role", "unknown",
                 "one of: kind, count, note, at");
    assert_fault(json(&optional, "{\"Kind\":{\"a\":[1]}}"), "Kind", "unknown",
                 "one of: kind, count, note, at");
    assert_fault(json(&optional, "{\"a\\u000a\\u0000\":1}"), "a\\u000a\\u0000", "unknown",
                 "one of: kind, count, note, at");
    assert_fault(query(&optional, "role=admin"), "role", "unknown",
                 "one of: kind, count, note, at");
    assert_fault(pairs(&optional, "role"), "role", "unknown", "one of: kind, count, note, at");
    assert_fault(query(&optional, "kind=red&=1"), "", "unknown",
                 "one of: kind, count, note, at");
}

static void missing_member_is_told(void **state)
{
    static const char text[] = "a text of at least 3 characters";

    (void)state;
    assert_fault(json(&form, "{}"), "password", "it is missing", text);
    assert_fault(json(&form, "{\"name\":\"ab\"}"), "password", "it is missing", text);
    assert_fault(pairs(&form, ""), "password", "it is missing", text);
    assert_fault(query(&form, "&&name=ab&"), "password", "it is missing", text);
    assert_fault(json(&form, "{\"password\":null}"), "password", "it is null", text);
}

static void all_faults_are_told_at_once(void **state)
{
    (void)state;
    assert_int_equal(json(&form, "{\"name\":7,\"x\":1,\"limit\":1.5,\"active\":\"true\"}"),
                     RESULT_INVALID);
    assert_int_equal(data.fault_count, 5);
    assert_string_equal(data.faults[0].field, "name");
    assert_string_equal(data.faults[1].field, "x");
    assert_string_equal(data.faults[2].field, "limit");
    assert_string_equal(data.faults[3].field, "active");
    assert_string_equal(data.faults[4].field, "password");
    assert_string_equal(why.text, "name: it is a number");
}

static void faults_are_counted_beyond_those_that_are_told(void **state)
{
    char text[1024] = "a=1";

    (void)state;
    for (int i = 0; i < 99; i++)
        strcat(text, "&a=1");
    assert_int_equal(query(&optional, text), RESULT_INVALID);
    assert_int_equal(data.fault_count, 100);
}

static void wrong_type_is_told_for_each_type(void **state)
{
    static const struct {
        const char *text, *field, *problem;
    } cases[] = {
        {"{\"name\":true}", "name", "it is a boolean"},
        {"{\"name\":[\"ab\"]}", "name", "it is an array"},
        {"{\"name\":{\"a\":\"b\"}}", "name", "it is an object"},
        {"{\"active\":1}", "active", "it is a number"},
        {"{\"active\":\"true\"}", "active", "it is a string"},
        {"{\"active\":null}", "active", "it is null"},
        {"{\"limit\":\"7\"}", "limit", "it is a string"},
        {"{\"limit\":true}", "limit", "it is a boolean"},
        {"{\"share\":\"0.5\"}", "share", "it is a string"},
        {"{\"models\":7}", "models", "it is a number"},
        {"{\"models\":{\"a\":1}}", "models", "it is an object"},
        {"{\"models\":[\"a\",7,[\"b\"],\"\"]}", "models", "a number is in the list"},
        {"{\"meta\":[{}]}", "meta", "it is an array"},
        {"{\"meta\":\"{}\"}", "meta", "it is a string"},
        {"{\"since\":1760000000}", "since", "it is a number"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256] = "{\"password\":\"abc\",";

        strcat(text, cases[i].text + 1);
        assert_int_equal(json(&form, text), RESULT_INVALID);
        assert_int_equal(data.fault_count, 1);
        assert_string_equal(data.faults[0].field, cases[i].field);
        assert_string_equal(data.faults[0].problem, cases[i].problem);
    }
}

static void wrong_text_is_told_for_each_type(void **state)
{
    static const struct {
        const char *text, *field, *problem;
    } cases[] = {
        {"active=1", "active", "it is neither true nor false"},
        {"active=True", "active", "it is neither true nor false"},
        {"active=", "active", "it is neither true nor false"},
        {"limit=", "limit", "it is no number"},
        {"limit=+7", "limit", "it is no number"},
        {"limit=7%00", "limit", "it is no number"},
        {"limit=0x10", "limit", "it is no number"},
        {"limit=1.5", "limit", "it is not whole"},
        {"limit=101", "limit", "it is out of range"},
        {"limit=99999999999999999999", "limit", "it is out of range"},
        {"share=nan", "share", "it is no number"},
        {"share=1e999", "share", "it is no number"},
        {"share=1.01", "share", "it is out of range"},
        {"meta=%5B%5D", "meta", "it is no JSON object"},
        {"meta=%7B", "meta", "it is no JSON object"},
        {"since=yesterday", "since", "it is no time"},
        {"since=2026-02-30", "since", "it is no time"},
        {"name=a", "name", "it is too short"},
        {"name=", "name", "it is empty"},
        {"name=abcdef", "name", "it is too long"},
        {"name=ab%00c", "name", "it has a NUL in it"},
        {"models=a,,b", "models", "it has an empty word"},
        {"models=a,", "models", "it has an empty word"},
        {"models=,", "models", "it has an empty word"},
        {"models=a,b%00", "models", "it has a NUL in it"},
        {"models=abcdefg,hijklmn", "models", "it is too long"},
        {"colour=red,blue", "colour", "a word is none of those"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256] = "password=abc&";

        strcat(text, cases[i].text);
        for (int kind = 0; kind < 2; kind++) {
            assert_int_equal(kind == 0 ? pairs(&form, text) : query(&form, text),
                             RESULT_INVALID);
            assert_int_equal(data.fault_count, 1);
            assert_string_equal(data.faults[0].field, cases[i].field);
            assert_string_equal(data.faults[0].problem, cases[i].problem);
        }
    }
}

static void number_out_of_range_or_not_whole_is_told(void **state)
{
    static const char allowed[] = "a whole number from -5 to 100";

    (void)state;
    assert_fault(json(&form, "{\"password\":\"abc\",\"limit\":-6}"), "limit",
                 "it is out of range", allowed);
    assert_fault(json(&form, "{\"password\":\"abc\",\"limit\":101}"), "limit",
                 "it is out of range", allowed);
    assert_fault(json(&form, "{\"password\":\"abc\",\"limit\":0.5}"), "limit",
                 "it is not whole", allowed);
    assert_fault(json(&form, "{\"password\":\"abc\",\"share\":-1e-9}"), "share",
                 "it is out of range", "a number from 0 to 1");
    assert_fault(json(&optional, "{\"count\":1e19}"), "count", "it is out of range",
                 "a whole number");
    assert_fault(query(&wide, "big=9007199254740994"), "big", "it is out of range",
                 "a whole number from 0 to 9007199254740993");
    assert_int_equal(query(&wide, "big=9007199254740993"), RESULT_OK);
    assert_fault(json(&optional, "{\"count\":9223372036854775808}"), "count",
                 "it is out of range", "a whole number");
}

static void text_is_counted_in_characters(void **state)
{
    static const char allowed[] = "a text of 2 to 5 characters, or null";

    (void)state;
    assert_fault(json(&form, "{\"password\":\"abc\",\"name\":\"\xc3\xa4\"}"), "name",
                 "it is too short", allowed);
    assert_fault(json(&form, "{\"password\":\"abc\",\"name\":\"abcdef\"}"), "name",
                 "it is too long", allowed);
    assert_int_equal(json(&form, "{\"password\":\"abc\",\"name\":\"\xf0\x9f\x98\x80\xc3\xa4"
                                 "\\u00e4\\ud83d\\ude00x\"}"),
                     RESULT_OK);
    assert_text(NAME, "\xf0\x9f\x98\x80\xc3\xa4\xc3\xa4\xf0\x9f\x98\x80x");
}

static void nul_in_a_text_is_told(void **state)
{
    (void)state;
    assert_fault(json(&form, "{\"password\":\"abc\\u0000def\"}"), "password",
                 "it has a NUL in it", "a text of at least 3 characters");
    assert_fault(json(&form, "{\"password\":\"abc\",\"models\":[\"a\\u0000\"]}"), "models",
                 "it has a NUL in it", "words with commas between them, or a list of them");
    assert_fault(json(&form, "{\"password\":\"abc\",\"since\":\"2026-01-01\\u0000\"}"), "since",
                 "it has a NUL in it", "a date or a time such as 2026-01-31T12:00:00Z");
}

static void choice_is_one_of_those(void **state)
{
    (void)state;
    assert_fault(json(&optional, "{\"kind\":\"blue\"}"), "kind", "it is none of those",
                 "one of: red, green");
    assert_fault(json(&optional, "{\"kind\":\"re\"}"), "kind", "it is none of those",
                 "one of: red, green");
    assert_fault(json(&optional, "{\"kind\":\"\"}"), "kind", "it is none of those",
                 "one of: red, green");
    assert_fault(json(&form, "{\"password\":\"abc\",\"colour\":[\"red\",\"blue\"]}"), "colour",
                 "a word is none of those", "any of: red, green");
    assert_fault(json(&form, "{\"password\":\"abc\",\"models\":[\"a,b\"]}"), "models",
                 "a word has a comma in it",
                 "words with commas between them, or a list of them");
}

static void secret_stands_in_no_fault(void **state)
{
    (void)state;
    assert_int_equal(json(&form, "{\"password\":\"hu\"}"), RESULT_INVALID);
    assert_null(strstr(data.faults[0].problem, "hu"));
    assert_null(strstr(why.text, "hu"));
}

static void body_that_is_no_object_is_told(void **state)
{
    (void)state;
    assert_fault(json(&optional, "[1,{\"a\":2}]"), "", "the body is an array", "an object");
    assert_fault(json(&optional, "null"), "", "the body is null", "an object");
    assert_fault(json(&optional, "\"kind\""), "", "the body is a string", "an object");
}

static void what_is_not_json_is_malformed_whatever_else_is_wrong(void **state)
{
    static const char *const texts[] = {
        "{",
        "{\"role\":1,\"kind\":7",
        "{\"kind\":\"red\"}x",
        "{\"kind\":\"red\",\"kind\":\"red\"}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "{\"x\":1,\"\\u0078\":1}",
        "{\"note\":\"\xff\"}",
        "{\"note\":\"\\ud800\"}",
        "{\"count\":01}",
        "{\"count\":NaN}",
        "{\"count\":1e999}",
        "{'kind':'red'}",
        "\xef\xbb\xbf{}",
        "[1",
        "[1]]",
        "kind=red",
        " ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_malformed(json(&optional, texts[i]), "at byte");
    assert_malformed(json(&form, ""), "");
    assert_malformed(json(&form, "{\"password\":\"abc\",\"meta\":{\"a\":1,\"a\":1}}"),
                     "repeated key");
}

static void bad_pairs_are_malformed(void **state)
{
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"kind=%", "hexadecimal"},
        {"kind=%4", "hexadecimal"},
        {"kind=%4x", "hexadecimal"},
        {"kind=%+1", "hexadecimal"},
        {"%zz=1", "hexadecimal"},
        {"role=1&kind=%g0", "hexadecimal"},
        {"other=%", "hexadecimal"},
        {"kind=%ff", "UTF-8"},
        {"kind=%c0%80", "UTF-8"},
        {"kind=%ed%a0%80", "UTF-8"},
        {"kind=\xff", "UTF-8"},
        {"%c3=1", "UTF-8"},
        {"%c3=%a4", "UTF-8"},
        {"kind=red&kind=red", "repeated name \"kind\""},
        {"kind=&kind=red", "repeated name \"kind\""},
        {"kind=red&note=a&%6bind=red", "repeated name \"kind\""},
        {"kind&kind", "repeated name \"kind\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_malformed(pairs(&optional, cases[i].text), cases[i].problem);
        assert_malformed(pairs(&oauth, cases[i].text), cases[i].problem);
        assert_malformed(query(&optional, cases[i].text), cases[i].problem);
    }
}

/* ---- what is taken ---- */

static void every_type_is_read_from_json(void **state)
{
    (void)state;
    assert_int_equal(
        json(&form, " {\"name\":\"\\u00e4b\\\"\",\"password\":\"s\\tcret\",\"active\":true,"
                    "\"limit\":-5,\"share\":0.25,\"models\":[\"a\",\" b \",\"*\"],"
                    "\"colour\":\"red , green\",\"meta\":{ \"a\" : [1, {\"b\":\"x y\"}] },"
                    "\"since\":\"2026-01-31T12:00:00.5+01:00\"} "),
        RESULT_OK);
    assert_text(NAME, "\xc3\xa4"
                      "b\"");
    assert_text(PASSWORD, "s\tcret");
    assert_true(data.values[ACTIVE].given && data.values[ACTIVE].truth);
    assert_int_equal(data.values[LIMIT].integer, -5);
    assert_true(data.values[LIMIT].number == -5);
    assert_true(data.values[SHARE].number == 0.25);
    assert_text(MODELS, "a,b,*");
    assert_text(ROLES, "red,green");
    assert_text(META, "{\"a\":[1,{\"b\":\"x y\"}]}");
    assert_text(SINCE, "2026-01-31T12:00:00.5+01:00");
    assert_int_equal(data.values[SINCE].integer, 1769857200500000);
}

static void every_type_is_read_from_pairs_and_from_a_query(void **state)
{
    static const char text[] =
        "name=a+%C3%A4&password=%26%3d%2b%25&active=false&limit=20&share=1e-1&"
        "models=a%2C+b&colour=&meta=%7b%22a%22%3a+1%7d&since=2026-01-31&";

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        assert_int_equal(kind == 0 ? pairs(&form, text) : query(&form, text), RESULT_OK);
        assert_text(NAME, "a \xc3\xa4");
        assert_text(PASSWORD, "&=+%");
        assert_true(data.values[ACTIVE].given && !data.values[ACTIVE].truth);
        assert_int_equal(data.values[LIMIT].integer, 20);
        assert_true(data.values[SHARE].number == 0.1);
        assert_text(MODELS, "a,b");
        assert_text(ROLES, "");
        assert_text(META, "{\"a\":1}");
        assert_int_equal(data.values[SINCE].integer, 1769817600000000);
    }
}

static void integers_are_exact_and_may_be_written_as_any_number(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"9007199254740993", 9007199254740993},
        {"20.0", 20},
        {"2e1", 20},
        {"-0", 0},
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(text, "{\"count\":");
        strcat(strcat(text, cases[i].text), "}");
        assert_int_equal(json(&optional, text), RESULT_OK);
        assert_true(data.values[1].integer == cases[i].value);
        strcat(strcpy(text, "count="), cases[i].text);
        assert_int_equal(query(&optional, text), RESULT_OK);
        assert_true(data.values[1].integer == cases[i].value);
    }
}

static void null_is_taken_where_the_table_says_so(void **state)
{
    (void)state;
    assert_int_equal(json(&form, "{\"password\":\"abc\",\"name\":null}"), RESULT_OK);
    assert_true(data.values[NAME].given);
    assert_true(data.values[NAME].null);
    assert_null(data.values[NAME].text);
    assert_int_equal(json(&optional, "{\"at\":null}"), RESULT_OK);
    assert_true(data.values[3].null);
}

static void nothing_at_all_is_an_empty_object_where_nothing_is_needed(void **state)
{
    (void)state;
    assert_int_equal(json(&optional, ""), RESULT_OK);
    assert_int_equal(pairs(&optional, ""), RESULT_OK);
    assert_int_equal(query(&optional, ""), RESULT_OK);
    for (size_t i = 0; i < optional.count; i++)
        assert_false(data.values[i].given);
}

static void oauth_passes_over_what_it_does_not_know_and_what_is_empty(void **state)
{
    (void)state;
    assert_int_equal(pairs(&oauth, "scope=&client_id=a&client_id=b&kind=&count=&note=x"),
                     RESULT_OK);
    assert_false(data.values[0].given);
    assert_false(data.values[1].given);
    assert_text(2, "x");
    /* Not as JSON, and not in a query. */
    assert_int_equal(json(&oauth, "{\"client_id\":\"a\"}"), RESULT_INVALID);
    assert_int_equal(query(&oauth, "client_id=a"), RESULT_INVALID);
}

static void a_form_without_fields_takes_none(void **state)
{
    static const struct form none = {.name = "None"};

    (void)state;
    assert_int_equal(json(&none, "{}"), RESULT_OK);
    assert_fault(json(&none, "{\"a\":1}"), "a", "unknown", "none");
}

static void values_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(query(&optional, "note=x"), RESULT_OK);
    assert_string_equal(form_value(&data, "note")->text, "x");
    assert_false(form_value(&data, "kind")->given);
    assert_false(form_value(&data, "nothing")->given);
    assert_false(form_value(NULL, "note")->given);
    form_release(&data);
    assert_false(form_value(&data, "note")->given);
}

static void values_of_one_reading_are_gone_in_the_next(void **state)
{
    (void)state;
    assert_int_equal(query(&optional, "note=x&count=7&kind=red"), RESULT_OK);
    assert_int_equal(query(&optional, "count=8"), RESULT_OK);
    assert_false(data.values[0].given);
    assert_false(data.values[2].given);
    assert_int_equal(data.values[1].integer, 8);
}

static void secret_is_wiped_when_it_is_released(void **state)
{
    const char *place;

    (void)state;
    assert_int_equal(json(&form, "{\"password\":\"correct horse\"}"), RESULT_OK);
    place = data.values[PASSWORD].text;
    assert_int_equal(strlen(place), 13);
    form_release(&data);
    for (int i = 1; i < 13; i++) /* the buffer, which is kept, begins with a NUL */
        assert_int_equal(place[i], 0);
}

static void form_knows_whether_it_has_a_secret(void **state)
{
    (void)state;
    assert_true(form_has_secret(&form));
    assert_false(form_has_secret(&optional));
}

static int end(void **state)
{
    (void)state;
    form_free(&data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_member_is_told_with_what_there_are),
        cmocka_unit_test(missing_member_is_told),
        cmocka_unit_test(all_faults_are_told_at_once),
        cmocka_unit_test(faults_are_counted_beyond_those_that_are_told),
        cmocka_unit_test(wrong_type_is_told_for_each_type),
        cmocka_unit_test(wrong_text_is_told_for_each_type),
        cmocka_unit_test(number_out_of_range_or_not_whole_is_told),
        cmocka_unit_test(text_is_counted_in_characters),
        cmocka_unit_test(nul_in_a_text_is_told),
        cmocka_unit_test(choice_is_one_of_those),
        cmocka_unit_test(secret_stands_in_no_fault),
        cmocka_unit_test(body_that_is_no_object_is_told),
        cmocka_unit_test(what_is_not_json_is_malformed_whatever_else_is_wrong),
        cmocka_unit_test(bad_pairs_are_malformed),
        cmocka_unit_test(every_type_is_read_from_json),
        cmocka_unit_test(every_type_is_read_from_pairs_and_from_a_query),
        cmocka_unit_test(integers_are_exact_and_may_be_written_as_any_number),
        cmocka_unit_test(null_is_taken_where_the_table_says_so),
        cmocka_unit_test(nothing_at_all_is_an_empty_object_where_nothing_is_needed),
        cmocka_unit_test(oauth_passes_over_what_it_does_not_know_and_what_is_empty),
        cmocka_unit_test(a_form_without_fields_takes_none),
        cmocka_unit_test(values_are_found_by_name),
        cmocka_unit_test(values_of_one_reading_are_gone_in_the_next),
        cmocka_unit_test(secret_is_wiped_when_it_is_released),
        cmocka_unit_test(form_knows_whether_it_has_a_secret),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
