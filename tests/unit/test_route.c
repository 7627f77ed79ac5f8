/*
 * test_route.c: which row a path and a method come to, in a table made up here; and
 * whether the rows of the real one are whole.
 */
#include "front_help.h"

#include <ctype.h>
#include <stdio.h>

#include "base/json.h"
#include "http/openapi_inner.h"
#include "http/route.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void handle(struct service *service, struct request *request, struct reply *reply)
{
    (void)service;
    (void)request;
    (void)reply;
}

static const char *const kinds[] = {"a", "b", NULL};
static const struct form_field thing_fields[] = {
    {.name = "name",
     .type = FORM_TEXT,
     .required = true,
     .min = 1,
     .max = 9,
     .help = "Its name."},
    {.name = "secret", .type = FORM_SECRET, .required = true, .min = 12, .max = 256},
    {.name = "kind", .type = FORM_TEXT, .nullable = true, .choices = kinds},
    {.name = "models", .type = FORM_WORDS},
    {.name = "count", .type = FORM_INTEGER, .max = 5},
    {.name = "meta", .type = FORM_OBJECT},
};
static const struct form thing = {"Thing", thing_fields, COUNT(thing_fields), false};
static const struct form_field page_fields[] = {
    {.name = "limit", .type = FORM_INTEGER, .min = 1, .max = 100, .help = "How many."},
    {.name = "models", .type = FORM_WORDS},
};
static const struct form page = {"Page", page_fields, COUNT(page_fields), false};

enum {
    LIST,
    MAKE,
    ONE,
    CHANGE,
    GONE,
    ME,
    MY_KEY,
    VERSION,
    LATEST,
    TOKEN,
    IMAGE,
    MODEL,
};

static const struct route rows[] = {
    [LIST] = {REQUEST_GET, "/things", ROUTE_OWNER, handle, "list", .summary = "List",
              .query = &page, .scope = KEY_SCOPE_READ},
    [MAKE] = {REQUEST_POST, "/things", ROUTE_CALLER, handle, "make", .summary = "Make",
              .body = ROUTE_BODY_JSON, .form = &thing, .good = REPLY_CREATED},
    [ONE] = {REQUEST_GET, "/things/{id}", ROUTE_OPTIONAL, handle, "one", .summary = "One"},
    [CHANGE] = {REQUEST_PUT, "/things/{id}", ROUTE_CALLER, handle, "change",
                .summary = "Change"},
    [GONE] = {REQUEST_DELETE, "/things/{id}", ROUTE_LOGIN, handle, "gone", .summary = "Gone",
              .good = REPLY_NO_CONTENT},
    [ME] = {REQUEST_GET, "/things/me", ROUTE_CALLER, handle, "me", .summary = "Me"},
    [MY_KEY] = {REQUEST_POST, "/things/me/keys/{key}/rotate", ROUTE_CALLER, handle, "rotate",
                .summary = "Rotate"},
    [VERSION] = {REQUEST_GET, "/things/{name}/versions/{version}", ROUTE_CALLER, handle,
                 "version", .summary = "Version"},
    [LATEST] = {REQUEST_GET, "/things/{name}/versions/latest", ROUTE_CALLER, handle, "latest",
                .summary = "Latest"},
    [TOKEN] = {REQUEST_POST, "/token", ROUTE_OPEN, handle, "token", .summary = "Token",
               .body = ROUTE_BODY_OAUTH, .form = &page},
    [IMAGE] = {REQUEST_POST, "/image", ROUTE_CALLER, handle, "image", .summary = "Image",
               .body = ROUTE_BODY_IMAGE},
    [MODEL] = {REQUEST_GET, "/models/{name}", ROUTE_CALLER, handle, "model", .summary = "Model",
               .of_model = true},
};

static struct request request;
static struct reply reply;

static const struct route *find(enum request_method method, const char *path)
{
    memset(&request, 0, sizeof(request));
    request.method = method;
    strcpy(request.path, path);
    reply_start(&reply);
    return route_find_in(rows, COUNT(rows), &request, &reply);
}

static void assert_found(enum request_method method, const char *path, int row)
{
    const struct route *found = find(method, path);

    if (found != &rows[row])
        fail_msg("%s comes to %s", path, found != NULL ? found->operation : "nothing");
}

static void no_row_is_404(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "things",
        "/thing",
        "/thingss",
        "/things/",
        "/things//",
        "/things/1/",
        "/things//versions/1",
        "/Things",
        "/things/me/keys//rotate",
        "/things/me/keys/1/2/rotate",
        "/things/1/versions",
        "/things/{id}/x",
        "//things",
        "/things/%31",
        "/things/.",
        "/things/..",
        "/things/../versions/1",
        "/things/me/",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        assert_null(find(REQUEST_GET, paths[i]));
        assert_int_equal(reply.status, REPLY_NOT_FOUND);
    }
}

static void path_that_was_cut_is_404(void **state)
{
    (void)state;
    memset(&request, 0, sizeof(request));
    strcpy(request.path, "/things");
    request.path_cut = true;
    reply_start(&reply);
    assert_null(route_find_in(rows, COUNT(rows), &request, &reply));
    assert_int_equal(reply.status, REPLY_NOT_FOUND);
}

static void variable_that_is_too_long_is_404(void **state)
{
    char path[REQUEST_VARIABLE_MAX + 32] = "/things/";
    size_t len = strlen(path);

    (void)state;
    memset(path + len, 'x', REQUEST_VARIABLE_MAX);
    assert_found(REQUEST_GET, path, ONE);
    assert_int_equal(strlen(request_variable(&request, "id", NULL)), REQUEST_VARIABLE_MAX);
    path[len + REQUEST_VARIABLE_MAX] = 'x';
    assert_null(find(REQUEST_GET, path));
    assert_int_equal(reply.status, REPLY_NOT_FOUND);
}

static void other_method_is_405_with_those_of_the_path(void **state)
{
    (void)state;
    assert_null(find(REQUEST_DELETE, "/things"));
    assert_int_equal(reply.status, REPLY_METHOD);
    assert_sent(&reply, "\r\nAllow: GET, HEAD, POST\r\n");
    assert_null(find(REQUEST_METHOD_OTHER, "/things/7"));
    assert_sent(&reply, "\r\nAllow: GET, HEAD, PUT, DELETE\r\n");
    assert_null(find(REQUEST_GET, "/token"));
    assert_sent(&reply, "\r\nAllow: POST\r\n");
}

static void literal_path_wins_whatever_its_methods(void **state)
{
    (void)state;
    assert_found(REQUEST_GET, "/things/me", ME);
    assert_found(REQUEST_GET, "/things/mee", ONE);
    assert_found(REQUEST_GET, "/things/m", ONE);
    assert_null(find(REQUEST_DELETE, "/things/me"));
    assert_int_equal(reply.status, REPLY_METHOD);
    assert_sent(&reply, "\r\nAllow: GET, HEAD\r\n");
    assert_found(REQUEST_GET, "/things/x/versions/latest", LATEST);
    assert_found(REQUEST_GET, "/things/x/versions/late", VERSION);
}

static void variables_have_their_texts(void **state)
{
    size_t len;

    (void)state;
    assert_found(REQUEST_GET, "/things/iris/versions/12", VERSION);
    assert_string_equal(request_variable(&request, "name", &len), "iris");
    assert_int_equal(len, 4);
    assert_string_equal(request_variable(&request, "version", &len), "12");
    assert_int_equal(len, 2);
    assert_string_equal(request_variable(&request, "id", &len), "");
    assert_int_equal(len, 0);
    assert_string_equal(request_variable(&request, "nam", NULL), "");
    assert_found(REQUEST_POST, "/things/me/keys/...b;c=@:/rotate", MY_KEY);
    assert_string_equal(request_variable(&request, "key", NULL), "...b;c=@:");
    assert_found(REQUEST_GET, "/things/{name}/versions/{version}", VERSION);
    assert_string_equal(request_variable(&request, "name", NULL), "{name}");
}

static void only_a_row_of_a_model_asks_one(void **state)
{
    (void)state;
    assert_found(REQUEST_GET, "/things/iris/versions/12", VERSION);
    assert_null(request.name);
    assert_found(REQUEST_GET, "/models/iris", MODEL);
    assert_string_equal(request.name, "iris");
    assert_int_equal(request.name_len, 4);
}

/* ---- the operations of these rows ---- */

static void assert_described(int row, const char *part)
{
    struct json_reader reader = {0};
    struct buf out = {0};
    struct json_writer writer = json_writer_on(&out);
    enum json_token token;

    json_write_object(&writer);
    openapi_operation(&writer, &rows[row]);
    json_write_object_end(&writer);
    json_reader_start(&reader, out.data, out.len);
    while ((token = json_next(&reader)) != JSON_END)
        assert_int_not_equal(token, JSON_BAD);
    json_reader_free(&reader);
    if (strstr(out.data, part) == NULL)
        fail_msg("there is no %s in %s", part, out.data);
    buf_free(&out);
}

static void operation_has_its_method_and_its_good_answer(void **state)
{
    (void)state;
    assert_described(LIST, "{\"get\":{");
    assert_described(CHANGE, "{\"put\":{");
    assert_described(GONE, "{\"delete\":{");
    assert_described(LIST, "\"responses\":{\"200\":{\"description\":\"OK\",\"content\":{");
    assert_described(MAKE, "\"201\":{\"description\":\"Created\",\"content\":{");
    assert_described(GONE, "\"204\":{\"description\":\"No Content\"}");
    assert_described(MAKE, "\"409\":{\"$ref\":\"#/components/responses/409\"}");
}

static void operation_has_its_variables_and_query(void **state)
{
    (void)state;
    assert_described(VERSION, "\"parameters\":[{\"name\":\"name\",\"in\":\"path\",\"required\":"
                              "true,\"description\":\"The model\",\"schema\":{\"type\":"
                              "\"string\",\"minLength\":1,\"maxLength\":128},\"example\":"
                              "\"iris\"},{\"name\":\"version\",\"in\":\"path\",");
    assert_described(LIST, "\"parameters\":[{\"name\":\"limit\",\"in\":\"query\",\"required\":"
                           "false,\"description\":\"How "
                           "many.\",\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":"
                           "100,\"description\":\"How many.\"}},{\"name\":\"models\",\"in\":"
                           "\"query\",\"required\":false,\"schema\":{\"type\":\"string\"}}]");
}

static void operation_has_its_body(void **state)
{
    (void)state;
    assert_described(MAKE, "\"requestBody\":{\"required\":true,\"content\":{"
                           "\"application/json\":{\"schema\":{\"$ref\":"
                           "\"#/components/schemas/Thing\"}}}}");
    assert_described(TOKEN, "\"requestBody\":{\"required\":false,\"content\":{"
                            "\"application/json\":{\"schema\":{\"$ref\":"
                            "\"#/components/schemas/Page\"}");
    assert_described(TOKEN, "\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":"
                            "\"#/components/schemas/Page\"}}");
    assert_described(IMAGE, "\"requestBody\":{\"required\":true,\"content\":{"
                            "\"application/octet-stream\":{}}}");
}

static void operation_says_who_may(void **state)
{
    const char *const login = openapi_has_login() ? ",{\"login\":[]}" : "";
    char text[256];

    (void)state;
    snprintf(text, sizeof(text),
             "\"security\":[{\"key\":[\"read\"]},{\"bearer\":[\"read\"]}%s]", login);
    assert_described(LIST, text);
    snprintf(text, sizeof(text), "\"security\":[{\"key\":[]},{\"bearer\":[]}%s,{}]", login);
    assert_described(ONE, text);
    snprintf(text, sizeof(text), "\"security\":[{\"bearer\":[]}%s]", login);
    assert_described(GONE, text);
    assert_described(TOKEN, "\"security\":[]");
    assert_described(GONE, "\"description\":\"For users who have logged in");
}

static void form_is_a_schema(void **state)
{
    struct buf out = {0};
    struct json_writer writer = json_writer_on(&out);

    (void)state;
    openapi_form(&writer, &thing);
    assert_string_equal(out.data,
                        "{\"type\":\"object\",\"additionalProperties\":false,"
                        "\"required\":[\"name\",\"secret\"],\"properties\":{"
                        "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,"
                        "\"description\":\"Its name.\"},"
                        "\"secret\":{\"type\":\"string\",\"minLength\":12,\"maxLength\":256,"
                        "\"format\":\"password\",\"writeOnly\":true},"
                        "\"kind\":{\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"b\",null]},"
                        "\"models\":{\"oneOf\":[{\"type\":\"string\"},"
                        "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]},"
                        "\"count\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":5},"
                        "\"meta\":{\"type\":\"object\"}}}");
    buf_free(&out);
}

/* ---- the real table ---- */

/*
 * Whole segments, each a variable or a word, and at the end perhaps a verb behind a variable;
 * two variables at most, of different names.
 */
static bool is_clean_path(const char *path)
{
    unsigned variables = 0;

    if (strcmp(path, "/") == 0)
        return true;
    while (*path == '/') {
        bool variable = *++path == '{';
        size_t len = strspn(path += variable, "abcdefghijklmnopqrstuvwxyz_-.0123456789");

        variables += variable;
        if (len == 0 || (variable && path[len] != '}'))
            return false;
        path += len + variable;
    }
    if (*path == ':' && path[-1] == '}')
        path += 1 + strspn(path + 1, "abcdefghijklmnopqrstuvwxyz");
    return *path == '\0' && variables <= ROUTE_VARIABLES;
}

static void check_forms(const struct route *row)
{
    bool needs = row->body == ROUTE_BODY_JSON || row->body == ROUTE_BODY_OAUTH ||
                 row->body == ROUTE_BODY_SEALED;

    assert_int_equal(row->form != NULL, needs);
    for (int which = 0; which < 2; which++) {
        const struct form *form = which == 0 ? row->form : row->query;

        if (form == NULL)
            continue;
        assert_true(form->count <= FORM_FIELDS_MAX);
        assert_true(which == 0 || !form_has_secret(form)); /* no secret in a URL */
        for (size_t i = 0; i < form->count; i++) {
            assert_non_null(form->fields[i].name);
            assert_true(form->fields[i].type < FORM_TYPE__MAX);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(form->fields[i].name, form->fields[j].name);
        }
    }
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count(); i++) {
        const struct route *row = route_at(i);

        if (!is_clean_path(row->path))
            fail_msg("%s is no path", row->path);
        assert_true(row->method < REQUEST_METHOD_OTHER);
        assert_true(row->credential < ROUTE_CREDENTIAL__MAX);
        assert_non_null(row->handle);
        assert_true(islower((unsigned char)row->operation[0]));
        assert_true(strlen(row->summary) > 0);
        assert_true(reply_is_good(row->good));
        assert_true(!row->of_model || strstr(row->path, "/{name}") != NULL);
        check_forms(row);
    }
}

/* Whether two paths are the same but for the names of their variables. */
static bool is_same_shape(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        if (*a == '{') {
            a += strcspn(a, "}");
            b += strcspn(b, "}");
        }
        a++;
        b++;
    }
    return *a == *b;
}

/* Forms of one name would be one schema. */
static void no_two_rows_are_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count(); i++) {
        for (size_t j = 0; j < i; j++) {
            const struct route *a = route_at(i), *b = route_at(j);

            assert_string_not_equal(a->operation, b->operation);
            assert_true(strcmp(a->path, b->path) == 0 || !is_same_shape(a->path, b->path));
            assert_false(a->method == b->method && strcmp(a->path, b->path) == 0);
            if (a->form != NULL && b->form != NULL && a->form != b->form)
                assert_string_not_equal(a->form->name, b->form->name);
        }
    }
}

static int end(void **state)
{
    (void)state;
    reply_free(&reply);
    buf_free(&front.sent);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_row_is_404),
        cmocka_unit_test(path_that_was_cut_is_404),
        cmocka_unit_test(variable_that_is_too_long_is_404),
        cmocka_unit_test(other_method_is_405_with_those_of_the_path),
        cmocka_unit_test(literal_path_wins_whatever_its_methods),
        cmocka_unit_test(variables_have_their_texts),
        cmocka_unit_test(only_a_row_of_a_model_asks_one),
        cmocka_unit_test(operation_has_its_method_and_its_good_answer),
        cmocka_unit_test(operation_has_its_variables_and_query),
        cmocka_unit_test(operation_has_its_body),
        cmocka_unit_test(operation_says_who_may),
        cmocka_unit_test(form_is_a_schema),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(no_two_rows_are_alike),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
