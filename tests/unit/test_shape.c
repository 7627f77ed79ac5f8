/*
 * test_shape.c: the notation of answers, what is none of it first, as JSON Schema and as HTML;
 * and that the tables of the OpenAPI document are of it, and whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/openapi_inner.h"

static void what_is_not_of_the_notation_is_found(void **state)
{
    static const char *const wrong[] = {
        "",       "{",        "{}",        "{a}",        "{a:}",     "{a: int", "[int",
        "[]",     "int |",    "| int",     "int int",    "'text",    "{a int}", "{a: int,}",
        "number", "{a: txt}", "[integer]", "int (words", "{?: int}", "int)",    "{a: int} | b"};
    size_t at;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (shape_is_valid(wrong[i], &at))
            fail_msg("it is taken: %s", wrong[i]);
}

static void assert_schema(const char *shape, const char *schema)
{
    struct buf out = {0};
    struct json_writer writer = json_writer_on(&out);
    size_t at;

    if (!shape_is_valid(shape, &at))
        fail_msg("from %zu on: %s", at, shape);
    shape_write_schema(&writer, shape);
    assert_string_equal(out.data, schema);
    buf_free(&out);
}

static void each_kind_has_its_schema(void **state)
{
    (void)state;
    assert_schema("text", "{\"type\":\"string\"}");
    assert_schema("int | null", "{\"type\":[\"integer\",\"null\"]}");
    assert_schema("time | null", "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}");
    assert_schema("any", "{}");
    assert_schema("bytes (some)", "{\"description\":\"some\"}");
    assert_schema("'a'", "{\"enum\":[\"a\"],\"type\":\"string\"}");
    assert_schema("'a, b' | 'c' | null",
                  "{\"enum\":[\"a, b\",\"c\",null],\"type\":[\"string\",\"null\"]}");
    assert_schema("Key", "{\"$ref\":\"#/components/schemas/Key\"}");
    assert_schema("Key | null (its key)",
                  "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Key\"},{\"type\":\"null\"}],"
                  "\"description\":\"its key\"}");
}

static void lists_and_objects_nest(void **state)
{
    (void)state;
    assert_schema("[num | [num]]",
                  "{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"number\"},"
                  "{\"type\":\"array\",\"items\":{\"type\":\"number\"}}]}}");
    assert_schema("{a: int (one), b?: {*: bool}, c: 'x'} (all)",
                  "{\"type\":\"object\",\"required\":[\"a\",\"c\"],\"properties\":{"
                  "\"a\":{\"type\":\"integer\",\"description\":\"one\"},"
                  "\"b\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}},"
                  "\"c\":{\"enum\":[\"x\"],\"type\":\"string\"}},\"description\":\"all\"}");
    assert_schema("{violated-policies?: [text]}",
                  "{\"type\":\"object\",\"properties\":{\"violated-policies\":{\"type\":"
                  "\"array\",\"items\":{\"type\":\"string\"}}}}");
}

static void html_has_no_sign_of_a_text_as_it_is(void **state)
{
    struct buf out = {0};

    (void)state;
    shape_write_html(&out, "{a: [Key | null] ('1' & <2>), b?: 'x\"y'}");
    assert_string_equal(out.data,
                        "object<ul>\n"
                        "<li><code>a</code> list of <a href=\"#shape-Key\">Key</a> or null: "
                        "&#39;1&#39; &amp; &lt;2&gt;</li>\n"
                        "<li><code>b</code> <i>may be missing</i> <code>x&quot;y</code></li>\n"
                        "</ul>");
    buf_free(&out);
}

/* ---- the tables ---- */

static void assert_valid(const char *of, const char *shape)
{
    size_t at;

    if (!shape_is_valid(shape, &at))
        fail_msg("%s, from %zu on: %s", of, at, shape + at);
}

static void every_shape_in_the_tables_is_of_the_notation(void **state)
{
    (void)state;
    for (size_t i = 0; i < openapi_answer_count(); i++)
        assert_valid(openapi_answer_at(i)->operation, openapi_answer_at(i)->shape);
    for (size_t i = 0; i < openapi_shape_count(); i++)
        assert_valid(openapi_shape_at(i)->name, openapi_shape_at(i)->shape);
}

static bool has_answer(const struct route *route)
{
    for (size_t i = 0; i < openapi_answer_count(); i++)
        if (openapi_answer_is_of(openapi_answer_at(i), route))
            return true;
    return false;
}

/* To add a route, add a row to openapi_answers.c. */
static void every_operation_says_what_it_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count(); i++)
        if (route_at(i)->good != REPLY_NO_CONTENT && !has_answer(route_at(i)))
            fail_msg("src/http/openapi_answers.c has no row for %s", route_at(i)->operation);
}

static void every_answer_is_of_an_operation(void **state)
{
    (void)state;
    for (size_t i = 0; i < openapi_answer_count(); i++) {
        bool found = false;

        for (size_t j = 0; j < route_count() && !found; j++)
            found = openapi_answer_is_of(openapi_answer_at(i), route_at(j)) &&
                    route_at(j)->good != REPLY_NO_CONTENT;
        if (!found)
            fail_msg("nothing answers %s", openapi_answer_at(i)->operation);
    }
}

/* A body of JSON is shown on the reference page. */
static void every_body_has_an_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count(); i++) {
        const struct route *route = route_at(i);
        const struct openapi_example *example = openapi_example_of(route->operation);

        if (openapi_body_schema(route) != NULL && route->body != ROUTE_BODY_NONE &&
            (example == NULL || example->request == NULL))
            fail_msg("src/http/openapi_examples.c has no request of %s", route->operation);
        /* It stands in single quotes there. */
        if (example != NULL && example->request != NULL)
            assert_null(strchr(example->request, '\''));
    }
}

static void every_variable_of_a_path_is_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count(); i++) {
        const char *at = strchr(route_at(i)->path, '{');

        for (; at != NULL; at = strchr(at, '{')) {
            size_t len = strcspn(++at, "}");

            if (openapi_variable_words(route_at(i), at, len)[0] == '\0')
                fail_msg("src/http/openapi_operation.c does not say what %s of %s is", at,
                         route_at(i)->path);
        }
    }
}

static void one_version_of_a_model_answers_as_the_model(void **state)
{
    (void)state;
    assert_true(openapi_is_called("v2Model", "v2Model"));
    assert_true(openapi_is_called("v2ModelVersion", "v2Model"));
    assert_true(openapi_is_called("v2ModelVersionReady", "v2ModelReady"));
    assert_false(openapi_is_called("v2ModelReady", "v2Model"));
    assert_false(openapi_is_called("v2Model", "v2ModelReady"));
    assert_false(openapi_is_called("v2ModelVersions", "v2Model"));
    assert_false(openapi_is_called("model", "models"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_of_the_notation_is_found),
        cmocka_unit_test(each_kind_has_its_schema),
        cmocka_unit_test(lists_and_objects_nest),
        cmocka_unit_test(html_has_no_sign_of_a_text_as_it_is),
        cmocka_unit_test(every_shape_in_the_tables_is_of_the_notation),
        cmocka_unit_test(every_operation_says_what_it_answers),
        cmocka_unit_test(every_answer_is_of_an_operation),
        cmocka_unit_test(every_body_has_an_example),
        cmocka_unit_test(every_variable_of_a_path_is_described),
        cmocka_unit_test(one_version_of_a_model_answers_as_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
