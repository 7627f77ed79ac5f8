/*
 * test_body.c: bodies and queries as a front gives them, what is refused first.
 */
#include "front_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/image_file.h"
#include "http/body.h"
#include "http/route.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct form_field fields[] = {
    {.name = "username", .type = FORM_TEXT, .required = true, .max = 20},
    {.name = "password", .type = FORM_SECRET, .required = true},
};
static const struct form_field page_fields[] = {
    {.name = "limit", .type = FORM_INTEGER, .min = 1, .max = 100},
    {.name = "search", .type = FORM_TEXT, .max = 10},
};
static const struct form plain = {"Plain", fields, COUNT(fields), false};
static const struct form oauth = {"OAuth", fields, COUNT(fields), true};
static const struct form page = {"Page", page_fields, COUNT(page_fields), false};

static const struct route none = {.body = ROUTE_BODY_NONE};
static const struct route json = {.body = ROUTE_BODY_JSON, .form = &plain};
static const struct route few = {.body = ROUTE_BODY_JSON, .form = &page};
static const struct route token = {.body = ROUTE_BODY_OAUTH, .form = &oauth};
static const struct route image = {.body = ROUTE_BODY_IMAGE};
static const struct route rows = {.body = ROUTE_BODY_ROWS};
static const struct route list = {.body = ROUTE_BODY_NONE, .query = &page};

static const char urlencoded[] = "application/x-www-form-urlencoded";
static const char good_json[] = "{\"username\":\"a\",\"password\":\"secret\"}";
static const char good_pairs[] = "username=a&password=secret";

static struct service service;
static struct request request;
static struct reply *const reply = &service.reply;
static char length_text[32];

/* A request with a body, its length told; to be changed, then sent(). */
static void given(const struct route *route, const char *type, const char *body, size_t len)
{
    body_release(&service, &request);
    front_start();
    memset(&request, 0, sizeof(request));
    request.route = route;
    request.image_fd = -1;
    reply_start(reply);
    snprintf(length_text, sizeof(length_text), "%zu", len);
    front.params[FCGI_CONTENT_LENGTH] = length_text;
    front.params[FCGI_CONTENT_TYPE] = type;
    front.body = body;
    front.len = len;
}

static bool post(const struct route *route, const char *type, const char *body)
{
    given(route, type, body, strlen(body));
    return body_read(&service, &request, reply);
}

static void assert_refused(bool taken, enum reply_status status)
{
    assert_false(taken);
    if (reply->status != status)
        fail_msg("%u: %s", reply_code(reply->status), reply->detail);
}

static bool ask(const struct route *route, const char *uri)
{
    given(route, NULL, "", 0);
    front.params[FCGI_URI] = uri;
    return body_query(&service, &request, reply);
}

/* ---- what is refused ---- */

static void type_that_the_route_does_not_take_is_415(void **state)
{
    (void)state;
    assert_refused(post(&json, urlencoded, good_pairs), REPLY_TYPE);
    assert_refused(post(&json, "application/octet-stream", good_json), REPLY_TYPE);
    assert_refused(post(&json, "application/json; charset=utf-16", good_json), REPLY_TYPE);
    assert_refused(post(&token, "multipart/form-data; boundary=x", good_pairs), REPLY_TYPE);
    assert_non_null(strstr(reply->detail, urlencoded));
    assert_refused(post(&token, "application/x-www-form-urlencoded; charset=latin1", "a"),
                   REPLY_TYPE);
    assert_refused(post(&token, "application/x-www-form-urlencodedx", "a"), REPLY_TYPE);
    assert_refused(post(&image, "application/json", "x"), REPLY_TYPE);
    assert_refused(post(&rows, "application/json", good_json), REPLY_TYPE);
    assert_refused(post(&image, "text/plain", "x"), REPLY_TYPE);
    assert_non_null(strstr(reply->detail, "application/octet-stream"));
    assert_int_equal(front.at, 0);
}

static void no_body_is_of_no_wrong_type(void **state)
{
    (void)state;
    assert_true(post(&few, urlencoded, ""));
    assert_true(post(&few, "text/plain", ""));
    assert_refused(post(&few, urlencoded, " "), REPLY_TYPE);
    assert_refused(post(&json, urlencoded, ""), REPLY_MALFORMED);
    assert_refused(post(&token, "text/plain", ""), REPLY_MALFORMED);
}

static void body_over_the_limit_is_413_unread(void **state)
{
    const int64_t limit = service.home.config.body_limit;
    char *body = malloc((size_t)limit + 2);
    size_t end = sizeof(good_json) - 1;

    (void)state;
    assert_non_null(body);
    memset(body, ' ', (size_t)limit + 2);
    memcpy(body, good_json, end);
    given(&json, NULL, body, (size_t)limit + 1);
    assert_refused(body_read(&service, &request, reply), REPLY_TOO_LARGE);
    assert_int_equal(front.at, 0);
    given(&json, NULL, body, (size_t)limit + 2);
    front.params[FCGI_CONTENT_LENGTH] = NULL;
    assert_refused(body_read(&service, &request, reply), REPLY_TOO_LARGE);
    assert_int_equal(front.at, limit + 1);
    given(&json, NULL, body, (size_t)limit);
    assert_true(body_read(&service, &request, reply));
    given(&none, NULL, body, (size_t)limit + 1);
    assert_refused(body_read(&service, &request, reply), REPLY_TOO_LARGE);
    free(body);
}

static void length_that_lies_is_400(void **state)
{
    static const struct route *const routes[] = {&json, &token, &image};

    (void)state;
    for (size_t i = 0; i < COUNT(routes); i++) {
        given(routes[i], NULL, good_json, sizeof(good_json) - 1);
        front.len--;
        assert_refused(body_read(&service, &request, reply), REPLY_MALFORMED);
        given(routes[i], NULL, good_json, sizeof(good_json) - 2);
        front.len++;
        assert_refused(body_read(&service, &request, reply), REPLY_MALFORMED);
        given(routes[i], NULL, good_json, sizeof(good_json) - 1);
        front.params[FCGI_TRANSFER_ENCODING] = "chunked";
        assert_refused(body_read(&service, &request, reply), REPLY_MALFORMED);
        given(routes[i], NULL, good_json, sizeof(good_json) - 1);
        front.doubled[FCGI_CONTENT_LENGTH] = true;
        assert_refused(body_read(&service, &request, reply), REPLY_MALFORMED);
    }
}

static void json_that_does_not_fit_is_422_with_every_field(void **state)
{
    (void)state;
    assert_refused(post(&json, NULL, "{\"role\":\"admin\",\"username\":7}"),
                   REPLY_UNPROCESSABLE);
    assert_sent(reply, "\"detail\":\"role: unknown.\",\"errors\":["
                       "{\"field\":\"role\",\"problem\":\"unknown\",\"allowed\":"
                       "\"one of: username, password\"},"
                       "{\"field\":\"username\",\"problem\":\"it is a number\",\"allowed\":"
                       "\"a text of up to 20 characters\"},"
                       "{\"field\":\"password\",\"problem\":\"it is missing\",\"allowed\":"
                       "\"a text\"}]");
}

static void what_is_no_json_is_400(void **state)
{
    (void)state;
    assert_refused(post(&json, NULL, ""), REPLY_MALFORMED);
    assert_refused(post(&json, NULL, "{"), REPLY_MALFORMED);
    assert_refused(post(&json, NULL, "{\"role\":1,\"role\":1}"), REPLY_MALFORMED);
    assert_non_null(strstr(reply->detail, "repeated key"));
    assert_int_equal(reply->errors.len, 0);
    assert_refused(post(&token, "application/json", good_pairs), REPLY_MALFORMED);
    assert_null(reply->word);
}

static void oauth_form_is_refused_in_oauths_words(void **state)
{
    (void)state;
    assert_refused(post(&token, urlencoded, "username=a&scope=x"), REPLY_MALFORMED);
    assert_sent(reply, "\"error\":\"invalid_request\",\"error_description\":"
                       "\"password: it is missing.\"");
    assert_refused(post(&token, urlencoded, "username=a&password=&scope="), REPLY_MALFORMED);
    assert_sent(reply, "password: it is missing");
    assert_refused(post(&token, urlencoded, "username=%zz"), REPLY_MALFORMED);
    assert_sent(reply, "\"error\":\"invalid_request\"");
    assert_refused(post(&token, NULL, "{\"username\":\"a\"}"), REPLY_UNPROCESSABLE);
    assert_sent(reply, "\"error\":\"unprocessable_content\"");
}

static void query_that_does_not_fit_is_422_and_a_bad_one_400(void **state)
{
    (void)state;
    assert_refused(ask(&list, "/things?x=1&limit=0"), REPLY_UNPROCESSABLE);
    assert_sent(reply, "\"errors\":[{\"field\":\"x\",\"problem\":\"unknown\",\"allowed\":"
                       "\"one of: limit, search\"},{\"field\":\"limit\",\"problem\":"
                       "\"it is out of range\",\"allowed\":"
                       "\"a whole number from 1 to 100\"}]");
    assert_refused(ask(&list, "/things?limit=1&limit=1"), REPLY_MALFORMED);
    assert_refused(ask(&list, "/things?search=%"), REPLY_MALFORMED);
    assert_refused(ask(&list, "/things?search=%ff"), REPLY_MALFORMED);
    assert_refused(ask(&list, "/things?limit=1?"), REPLY_UNPROCESSABLE);
}

static void no_secret_of_a_refused_body_stays(void **state)
{
    (void)state;
    assert_refused(post(&json, NULL, "{\"password\":\"correct horse\"}"), REPLY_UNPROCESSABLE);
    assert_null(strstr(front_sent(reply), "horse"));
    body_release(&service, &request);
    assert_null(memmem(service.body.data, service.body.cap, "horse", 5));
    assert_null(memmem(service.form.store.data, service.form.store.cap, "horse", 5));
}

/* ---- what is taken ---- */

static void form_is_taken_in_both_of_its_types(void **state)
{
    static const char *const types[] = {
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded ; charset=UTF-8",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        assert_true(post(&token, types[i], good_pairs));
        assert_string_equal(form_value(request.form, "password")->text, "secret");
    }
    assert_true(post(&token, "application/json", good_json));
    assert_string_equal(form_value(request.form, "username")->text, "a");
    assert_true(post(&json, NULL, good_json));
    assert_string_equal(form_value(request.form, "username")->text, "a");
    given(&json, "", good_json, sizeof(good_json) - 1);
    front.params[FCGI_CONTENT_LENGTH] = NULL;
    assert_true(body_read(&service, &request, reply));
    assert_string_equal(form_value(request.form, "username")->text, "a");
}

static void body_may_be_empty_where_nothing_is_needed(void **state)
{
    (void)state;
    assert_true(post(&few, "application/json", ""));
    assert_false(form_value(request.form, "limit")->given);
    given(&few, NULL, "", 0);
    front.params[FCGI_CONTENT_LENGTH] = NULL;
    assert_true(body_read(&service, &request, reply));
    assert_true(post(&few, NULL, "{\"limit\":7}"));
    assert_int_equal(form_value(request.form, "limit")->integer, 7);
}

static void body_of_a_route_without_one_is_passed_over(void **state)
{
    (void)state;
    assert_true(post(&none, "text/plain", "anything"));
    assert_int_equal(front.at, 0);
    assert_null(request.form);
}

static void secret_is_wiped_at_the_end(void **state)
{
    (void)state;
    assert_true(post(&json, NULL, "{\"username\":\"a\",\"password\":\"correct \\u0068orse\"}"));
    assert_string_equal(form_value(request.form, "password")->text, "correct horse");
    body_release(&service, &request);
    assert_null(memmem(service.body.data, service.body.cap, "correct", 7));
    assert_null(memmem(service.form.store.data, service.form.store.cap, "correct", 7));
    assert_true(post(&token, urlencoded, "username=a&password=correct+horse"));
    body_release(&service, &request);
    assert_null(memmem(service.body.data, service.body.cap, "correct", 7));
    assert_null(memmem(service.form.store.data, service.form.store.cap, "correct", 7));
}

static void query_is_read_where_there_is_a_table(void **state)
{
    (void)state;
    assert_true(ask(&list, "/things?search=a+%C3%A4&limit=20"));
    assert_string_equal(form_value(request.query, "search")->text, "a \xc3\xa4");
    assert_int_equal(form_value(request.query, "limit")->integer, 20);
    assert_true(ask(&list, "/things"));
    assert_false(form_value(request.query, "limit")->given);
    assert_true(ask(&list, "/things?"));
    assert_true(ask(&list, NULL));
    assert_true(ask(&none, "/things?x=%&limit=0"));
    assert_null(request.query);
}

/* Of a route that is of rows alone they are in memory, as large as a prediction may be. */
static void rows_of_a_route_that_reads_them_whole_are_in_memory(void **state)
{
    const int64_t limit = service.home.config.predict_body_limit;

    (void)state;
    assert_true(post(&rows, "text/csv; charset=utf-8", "a,b\n1,2\n"));
    assert_int_equal(service.body.len, 8);
    assert_memory_equal(service.body.data, "a,b\n1,2\n", 8);
    assert_true(post(&rows, "application/x-npy", "x"));
    assert_null(request.file.type);
    service.home.config.predict_body_limit = 7;
    assert_refused(post(&rows, "text/csv", "a,b\n1,2\n"), REPLY_TOO_LARGE);
    assert_int_equal(front.at, 0);
    service.home.config.predict_body_limit = limit;
}

/* ---- images ---- */

static size_t names_in_models(void)
{
    struct stat st;

    assert_int_equal(stat(IMAGE_INCOMING, &st), 0);
    return rmdir(IMAGE_INCOMING) == 0 && rmdir("models") == 0 ? (size_t)mkdir("models", 0700)
                                                              : 1;
}

static void image_is_a_file_without_a_name(void **state)
{
    const size_t len = 3 * (64 << 10) + 7;
    char *body = malloc(len), *back = malloc(len + 1);

    (void)state;
    assert_true(body != NULL && back != NULL);
    for (size_t i = 0; i < len; i++)
        body[i] = (char)(i * 31 >> 3);
    for (int announced = 0; announced < 2; announced++) {
        given(&image, announced ? "application/octet-stream" : NULL, body, len);
        if (!announced)
            front.params[FCGI_CONTENT_LENGTH] = NULL;
        assert_true(body_read(&service, &request, reply));
        assert_int_equal(names_in_models(), 0);
        assert_int_equal(read(request.image_fd, back, len + 1), len);
        assert_memory_equal(back, body, len);
        assert_true(service.body.cap < len); /* never in memory */
    }
    body_release(&service, &request);
    assert_int_equal(request.image_fd, -1);
    free(body);
    free(back);
}

static void image_over_the_limit_is_413_and_leaves_nothing(void **state)
{
    static const char body[2048] = "x";
    const int64_t limit = service.home.config.image_body_limit;

    (void)state;
    service.home.config.image_body_limit = 1024;
    given(&image, NULL, body, 1025);
    assert_refused(body_read(&service, &request, reply), REPLY_TOO_LARGE);
    assert_int_equal(front.at, 0);
    given(&image, NULL, body, 1025);
    front.params[FCGI_CONTENT_LENGTH] = NULL;
    assert_refused(body_read(&service, &request, reply), REPLY_TOO_LARGE);
    given(&image, NULL, body, 1024);
    assert_true(body_read(&service, &request, reply));
    assert_int_equal(lseek(request.image_fd, 0, SEEK_END), 1024);
    body_release(&service, &request);
    assert_int_equal(names_in_models(), 0);
    service.home.config.image_body_limit = limit;
}

static void image_that_cannot_be_kept_is_503(void **state)
{
    (void)state;
    assert_int_equal(rmdir("models"), 0);
    assert_refused(post(&image, NULL, "x"), REPLY_UNAVAILABLE);
    assert_int_equal(mkdir("models", 0700), 0);
}

static char directory[] = "/tmp/forestgate-body.XXXXXX";

static int begin(void **state)
{
    (void)state;
    config_defaults(&service.home.config);
    request.image_fd = -1;
    return mkdtemp(directory) != NULL && chdir(directory) == 0 && mkdir("models", 0700) == 0
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    body_release(&service, &request);
    form_free(&service.form);
    form_free(&service.query);
    buf_free(&service.body);
    reply_free(reply);
    buf_free(&front.sent);
    return rmdir("models") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_that_the_route_does_not_take_is_415),
        cmocka_unit_test(no_body_is_of_no_wrong_type),
        cmocka_unit_test(body_over_the_limit_is_413_unread),
        cmocka_unit_test(length_that_lies_is_400),
        cmocka_unit_test(json_that_does_not_fit_is_422_with_every_field),
        cmocka_unit_test(what_is_no_json_is_400),
        cmocka_unit_test(oauth_form_is_refused_in_oauths_words),
        cmocka_unit_test(query_that_does_not_fit_is_422_and_a_bad_one_400),
        cmocka_unit_test(no_secret_of_a_refused_body_stays),
        cmocka_unit_test(form_is_taken_in_both_of_its_types),
        cmocka_unit_test(body_may_be_empty_where_nothing_is_needed),
        cmocka_unit_test(body_of_a_route_without_one_is_passed_over),
        cmocka_unit_test(secret_is_wiped_at_the_end),
        cmocka_unit_test(query_is_read_where_there_is_a_table),
        cmocka_unit_test(rows_of_a_route_that_reads_them_whole_are_in_memory),
        cmocka_unit_test(image_is_a_file_without_a_name),
        cmocka_unit_test(image_over_the_limit_is_413_and_leaves_nothing),
        cmocka_unit_test(image_that_cannot_be_kept_is_503),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
