/*
 * test_log.c: the access log: lines that no client can forge, and its rotation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/file.h"
#include "base/log.h"

static char path[64], old_path[80];
static struct buf text;

static int setup(void **state)
{
    int fd;

    (void)state;
    strcpy(path, "/tmp/forestgate-log.XXXXXX");
    fd = mkstemp(path);
    close(fd);
    snprintf(old_path, sizeof(old_path), "%s.1", path);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(old_path);
    buf_free(&text);
    return 0;
}

static const struct log_entry plain = {
    .wall_us = 1000000,
    .duration_ns = 1234567,
    .address = "127.0.0.1",
    .method = "POST",
    .path = "/predict",
    .request_id = "abc",
    .key = "fg_ab12...",
    .status = 200,
};

static const char *written(const char *from)
{
    buf_clear(&text, 0);
    assert_int_equal(file_read(from, 1 << 20, &text, NULL), RESULT_OK);
    return text.data;
}

static const char *line_of(enum config_log_format format, const struct log_entry *entry)
{
    struct log *log;

    assert_int_equal(log_open(path, format, &log, NULL), RESULT_OK);
    log_write(log, entry);
    log_close(log);
    return written(path);
}

static void nothing_a_client_sends_can_begin_a_line_or_a_field(void **state)
{
    struct log_entry entry = plain;
    const char *line;

    (void)state;
    entry.path = "/a b\r\n2026 info \"x\"\\ \x1b[31m\x7f\xff";
    entry.method = "GE T\n";
    line = line_of(CONFIG_LOG_TEXT, &entry);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_non_null(strstr(line, "/a\\x20b\\x0d\\x0a2026\\x20info\\x20\\x22x\\x22\\x5c\\x20"
                                 "\\x1b[31m\\x7f\\xff"));
    assert_non_null(strstr(line, "GE\\x20T\\x0a"));
}

static void a_long_path_is_cut(void **state)
{
    struct log_entry entry = plain;
    char *long_path = malloc(100001);

    (void)state;
    memset(long_path, '\n', 100000);
    long_path[100000] = '\0';
    entry.path = long_path;
    assert_true(strlen(line_of(CONFIG_LOG_TEXT, &entry)) < 4096);
    free(long_path);
}

static void a_line_has_every_field_in_order(void **state)
{
    (void)state;
    assert_string_equal(
        line_of(CONFIG_LOG_TEXT, &plain),
        "1970-01-01T00:00:01.000Z info 127.0.0.1 POST /predict 200 0.001234 abc "
        "fg_ab12...\n");
}

static void what_is_not_there_is_a_dash(void **state)
{
    struct log_entry entry = {.status = 400, .warning = true, .method = ""};

    (void)state;
    assert_string_equal(line_of(CONFIG_LOG_TEXT, &entry),
                        "1970-01-01T00:00:00.000Z warning - - - 400 0.000000 - -\n");
}

static void a_json_line_is_one_object_whatever_is_in_it(void **state)
{
    struct log_entry entry = plain;
    struct json_object *object, *member;

    (void)state;
    entry.path = "/\"\\\r\n\x01\xff";
    object = json_tokener_parse(line_of(CONFIG_LOG_JSON, &entry));
    assert_non_null(object);
    assert_true(json_object_object_get_ex(object, "path", &member));
    assert_non_null(strstr(json_object_get_string(member), "/\"\\\r\n\x01"));
    assert_true(json_object_object_get_ex(object, "duration", &member));
    assert_true(json_object_get_double(member) == 0.001234);
    json_object_put(object);
}

/* Every text that a client has a hand in, with all that could end a field or a line. */
static struct log_entry hostile(void)
{
    static const char evil[] = "/a\" 200 - \"-\" \"\\\r\n\x01\x1b[31m\x7f\xc3\x28'{}";
    struct log_entry entry = plain;

    entry.path = entry.method = entry.protocol = entry.agent = entry.address = evil;
    return entry;
}

static void a_combined_line_is_as_apache_has_it(void **state)
{
    struct log_entry entry = plain;

    (void)state;
    entry.protocol = "HTTP/1.1";
    entry.agent = "curl/7.88 (x)";
    entry.bytes = 57;
    assert_string_equal(line_of(CONFIG_LOG_COMBINED, &entry),
                        "127.0.0.1 - fg_ab12... [01/Jan/1970:00:00:01 +0000] "
                        "\"POST /predict HTTP/1.1\" 200 57 \"-\" \"curl/7.88 (x)\"\n");
}

static void a_combined_line_has_its_nine_fields_whatever_is_in_them(void **state)
{
    struct log_entry entry = {.status = 400}, evil = hostile();
    const char *line;
    size_t quotes = 0;

    (void)state;
    assert_string_equal(line_of(CONFIG_LOG_COMBINED, &entry),
                        "- - - [01/Jan/1970:00:00:00 +0000] \"- - -\" 400 - \"-\" \"-\"\n");
    unlink(path);
    line = line_of(CONFIG_LOG_COMBINED, &evil);
    for (const char *at = line; *at != '\0'; at++) {
        quotes += *at == '"';
        assert_true((*at >= ' ' && *at <= '~') || (*at == '\n' && at[1] == '\0'));
    }
    assert_int_equal(quotes, 6);
    assert_null(strstr(line, "\\\""));
}

static void an_ecs_line_is_one_object_that_begins_as_the_schema_wants_it(void **state)
{
    static const char *const members[] = {"@timestamp",
                                          "log.level",
                                          "message",
                                          "ecs.version",
                                          "event.duration",
                                          "client.ip",
                                          "source.ip",
                                          "url.path",
                                          "http.request.method",
                                          "http.request.id",
                                          "trace.id",
                                          "span.id",
                                          "http.response.status_code"};
    struct log_entry entry = hostile();
    struct json_object *object, *member;
    const char *line;

    (void)state;
    entry.trace_id = "0af7651916cd43dd8448eb211c80319c";
    entry.span_id = "b7ad6b7169203331";
    line = line_of(CONFIG_LOG_ECS, &entry);
    assert_int_equal(strncmp(line,
                             "{\"@timestamp\":\"1970-01-01T00:00:01.000Z\",\"log.level\":"
                             "\"info\",\"message\":",
                             70),
                     0);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    object = json_tokener_parse(line);
    assert_non_null(object);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        assert_true(json_object_object_get_ex(object, members[i], &member));
    assert_true(json_object_object_get_ex(object, "event.duration", &member));
    assert_int_equal(json_object_get_int64(member), 1234567);
    json_object_put(object);
}

static void a_trace_is_in_every_format_that_has_room_and_in_no_line_of_none(void **state)
{
    struct log_entry entry = plain;

    (void)state;
    assert_null(strstr(line_of(CONFIG_LOG_JSON, &entry), "trace"));
    assert_null(strstr(line_of(CONFIG_LOG_TEXT, &entry), "trace"));
    assert_null(strstr(line_of(CONFIG_LOG_ECS, &entry), "trace"));
    unlink(path);
    entry.trace_id = "0af7651916cd43dd8448eb211c80319c";
    entry.span_id = "b7ad6b7169203331";
    assert_non_null(strstr(line_of(CONFIG_LOG_TEXT, &entry),
                           " fg_ab12... trace=0af7651916cd43dd8448eb211c80319c\n"));
    unlink(path);
    assert_non_null(strstr(line_of(CONFIG_LOG_JSON, &entry),
                           ",\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"span_id\":"));
}

static void a_renamed_log_is_begun_anew_within_a_second(void **state)
{
    struct log_entry entry = plain;
    struct log *log;

    (void)state;
    assert_int_equal(log_open(path, CONFIG_LOG_TEXT, &log, NULL), RESULT_OK);
    log_write(log, &entry);
    assert_int_equal(rename(path, old_path), 0);
    entry.wall_us += 1000000;
    entry.request_id = "second";
    log_write(log, &entry);
    log_close(log);
    assert_null(strstr(written(old_path), "second"));
    assert_non_null(strstr(written(path), "second"));
}

static void a_reopened_log_is_begun_anew_at_once(void **state)
{
    struct log_entry entry = plain;
    struct log *log;

    (void)state;
    assert_int_equal(log_open(path, CONFIG_LOG_TEXT, &log, NULL), RESULT_OK);
    log_write(log, &entry);
    assert_int_equal(rename(path, old_path), 0);
    log_reopen();
    entry.request_id = "second";
    log_write(log, &entry);
    log_close(log);
    assert_non_null(strstr(written(path), "second"));
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(nothing_a_client_sends_can_begin_a_line_or_a_field),
        EACH(a_long_path_is_cut),
        EACH(a_line_has_every_field_in_order),
        EACH(what_is_not_there_is_a_dash),
        EACH(a_json_line_is_one_object_whatever_is_in_it),
        EACH(a_combined_line_is_as_apache_has_it),
        EACH(a_combined_line_has_its_nine_fields_whatever_is_in_them),
        EACH(an_ecs_line_is_one_object_that_begins_as_the_schema_wants_it),
        EACH(a_trace_is_in_every_format_that_has_room_and_in_no_line_of_none),
        EACH(a_renamed_log_is_begun_anew_within_a_second),
        EACH(a_reopened_log_is_begun_anew_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
