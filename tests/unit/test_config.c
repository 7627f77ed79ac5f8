/*
 * test_config.c: settings: what is refused, where it says so, and what goes first.
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

#include "base/clock.h"
#include "base/config.h"

static char path[64];

static int setup(void **state)
{
    int fd;

    (void)state;
    strcpy(path, "/tmp/forestgate-config.XXXXXX");
    fd = mkstemp(path);
    close(fd);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static enum result load(const char *text, struct config *config, struct reason *why)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    config_defaults(config);
    return config_load_file(config, path, why);
}

/* Loads a file that must be refused, its reason having each of these in it. */
static void refused(const char *text, const char *const *parts)
{
    struct config config;
    struct reason why = {{0}};

    if (load(text, &config, &why) == RESULT_OK)
        fail_msg("was taken: %s", text);
    for (; *parts != NULL; parts++)
        if (strstr(why.text, *parts) == NULL)
            fail_msg("\"%s\" is not in: %s", *parts, why.text);
}

static void a_bad_file_is_refused_by_line_with_what_is_allowed(void **state)
{
    char line[80], long_line[400];

    (void)state;
    snprintf(line, sizeof(line), "%s:2:", path);
    refused("# fine\nworkres = 3\n",
            (const char *[]){line, "workres", "workers", "config example", NULL});
    refused("\nworkers = -1\n", (const char *[]){line, "workers", "from 0 to 1024", NULL});
    refused("\nworkers = 1025\n", (const char *[]){line, "1025", "from 0 to 1024", NULL});
    refused("\nworkers = 4x\n", (const char *[]){line, "4x", NULL});
    refused("\nworkers =\n", (const char *[]){line, "whole number", NULL});
    refused("\nbody_limit = 1\n", (const char *[]){line, "from 1K to 1G", NULL});
    refused("\nbody_limit = 99999999999999999999G\n", (const char *[]){line, NULL});
    refused("\nlog_format = xml\n", (const char *[]){line, "text or json", NULL});
    refused("\ntrusted_proxies = 10.0.0.0/33\n", (const char *[]){line, "10.0.0.0/33", NULL});
    refused("\ndefault_model = ../x\n", (const char *[]){line, "empty or a name", NULL});
    refused("\n[server]\n workers = 2\n", (const char *[]){"[server]", "no sections", NULL});
    refused("workers = 2\nworkers = 3\n", (const char *[]){line, "twice", NULL});
    refused("workers = 2\n 3\n", (const char *[]){line, "twice", NULL});
    refused("\njust words\n", (const char *[]){line, "name = value", NULL});
    memset(long_line, 'x', sizeof(long_line));
    memcpy(long_line, "\nworkers = 1", 12);
    long_line[sizeof(long_line) - 1] = '\0';
    refused(long_line, (const char *[]){line, "characters", NULL});
}

static void settings_of_tokens_are_refused_by_line_as_well(void **state)
{
    char line[80];

    (void)state;
    snprintf(line, sizeof(line), "%s:2:", path);
    refused("\ntoken_algorithm = none\n", (const char *[]){line, "HS256 or EdDSA", NULL});
    refused("\ntoken_lifetime = 59s\n", (const char *[]){line, "from 1m to 1d", NULL});
    refused("\ntoken_lifetime = off\n", (const char *[]){line, "from 1m to 1d", NULL});
    refused("\nsession_lifetime = 366d\n", (const char *[]){line, "from 1h to 365d", NULL});
    refused("\ntoken_issuer =\n", (const char *[]){line, "1 to 255", NULL});
    refused("\ntoken_issuer = a b\n", (const char *[]){line, "without blanks", NULL});
    refused("\njwks_user_roles = a b\n", (const char *[]){line, "separated by commas", NULL});
    refused("\njwks_user_roles = a,,b\n", (const char *[]){line, "separated by commas", NULL});
}

static void settings_of_the_front_are_refused_by_line_as_well(void **state)
{
    char line[80];

    (void)state;
    snprintf(line, sizeof(line), "%s:2:", path);
    refused("\nhttp_port = 65536\n", (const char *[]){line, "from 0 to 65535", NULL});
    refused("\nhttps_port = -1\n", (const char *[]){line, "from 0 to 65535", NULL});
    refused("\nfront_address = localhost\n", (const char *[]){line, "* or an address", NULL});
    refused("\nfront_address = [::1]\n", (const char *[]){line, "* or an address", NULL});
    refused("\nfront_address =\n", (const char *[]){line, "* or an address", NULL});
    refused("\nhosts = example.org:80\n", (const char *[]){line, "without a port", NULL});
    refused("\nhosts = a, b\"c\n", (const char *[]){line, "b\"c", NULL});
    refused("\nhosts = *\n", (const char *[]){line, "separated by commas", NULL});
    refused("\ncors_origins = *\n", (const char *[]){line, "as browsers say them", NULL});
    refused("\ncors_origins = null\n", (const char *[]){line, "null", NULL});
    refused("\ncors_origins = https://a/, https://b\n", (const char *[]){line, NULL});
    refused("\ncors_origins = https://a:443\n", (const char *[]){line, NULL});
    refused("\ntls_certificate = tls/crt\n", (const char *[]){line, "a whole path", NULL});
    refused("\ntls_key = /a\"b\n", (const char *[]){line, "a whole path", NULL});
    refused("\ntls_key = /a$b\n", (const char *[]){line, "none of", NULL});
    refused("\nhsts = 23h\n", (const char *[]){line, "1d to 730d", NULL});
    refused("\nhsts = yes\n", (const char *[]){line, "off", NULL});
}

static void settings_of_the_front_are_kept_as_requests_say_them(void **state)
{
    struct config config;
    struct reason why = {{0}};

    (void)state;
    if (load("front_address = ::1\nhttp_port = 0\nhttps_port = 8443\nhsts = off\n"
             "hosts = api.example.org , [::1],\n  localhost\n"
             "cors_origins = https://app.example.org,\n  http://localhost:3000\n"
             "tls_certificate = /etc/ssl/a b.pem\n",
             &config, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_string_equal(config.front_address, "::1");
    assert_int_equal(config.http_port, 0);
    assert_int_equal(config.https_port, 8443);
    assert_int_equal(config.hsts, 0);
    assert_string_equal(config.hosts, "api.example.org,[::1],localhost");
    assert_string_equal(config.cors_origins, "https://app.example.org,http://localhost:3000");
    assert_string_equal(config.tls_certificate, "/etc/ssl/a b.pem");
    assert_int_equal(load("hosts =\ncors_origins =\n", &config, &why), RESULT_OK);
    assert_string_equal(config.hosts, "");
    assert_string_equal(config.front_address, "*");
    assert_int_equal(config.hsts, 365 * 86400);
}

static void a_file_in_a_setting_never_leads_out_of_the_home(void **state)
{
    static const char *const names[] = {
        "/etc/key",       "..",   "../key", "a/../key", "a/..", "./../key",
        "a/b/../../../c", "a\tb", "a\x7f",
    };
    static const char *const good[] = {"", "key", "secrets/key.pem", "..key", "a/..b", "a.."};
    struct config config;
    char text[128];
    struct reason why;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), "token_key = %s\n", names[i]);
        refused(text, (const char *[]){"within the home", NULL});
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), "token_key = %s\n", good[i]);
        assert_int_equal(load(text, &config, &why), RESULT_OK);
        assert_string_equal(config.token_key, good[i]);
    }
}

static void words_are_kept_with_one_comma_between(void **state)
{
    struct config config;
    struct reason why;

    (void)state;
    assert_int_equal(load("jwks_user_roles = staff ,  a:b,\n  https://x/y ,z\n"
                          "jwks_admin_roles =\ntoken_lifetime = 90s\n",
                          &config, &why),
                     RESULT_OK);
    assert_string_equal(config.jwks_user_roles, "staff,a:b,https://x/y,z");
    assert_string_equal(config.jwks_admin_roles, "");
    assert_string_equal(config.jwks_models, "*");
    assert_int_equal(config.token_lifetime, 90);
}

static void every_setting_of_a_file_is_taken(void **state)
{
    struct config config;
    struct reason why = {{0}};
    struct addr addr;

    (void)state;
    if (load("workers = 3\nbody_limit=2K\npredict_body_limit = 1G\npredict_rows_limit = 7\n"
             "log_format = json ; as a comment\ndefault_model = iris\n"
             "trusted_proxies = 192.0.2.1,\n  10.0.0.0/8, ::1\n",
             &config, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_int_equal(config.workers, 3);
    assert_int_equal(config.body_limit, 2048);
    assert_int_equal(config.predict_body_limit, 1 << 30);
    assert_int_equal(config.predict_rows_limit, 7);
    assert_int_equal(config.log_format, CONFIG_LOG_JSON);
    assert_string_equal(config.default_model, "iris");
    assert_true(addr_parse("10.1.2.3", 8, &addr));
    assert_true(addr_list_has(&config.trusted_proxies, &addr));
}

static void the_environment_goes_before_the_file_and_is_as_strict(void **state)
{
    char path_[] = "PATH=/bin", home[] = "FORESTGATE_HOME=/x", nine[] = "FORESTGATE_WORKERS=9";
    char misspelt[] = "FORESTGATE_WORKRES=9", many[] = "FORESTGATE_WORKERS=many";
    char *good[] = {path_, home, nine, NULL};
    char *unknown[] = {misspelt, NULL}, *bad[] = {many, NULL};
    struct config config;
    struct reason why = {{0}};

    (void)state;
    assert_int_equal(load("workers = 3\n", &config, &why), RESULT_OK);
    assert_int_equal(config_load_environment(&config, good, &why), RESULT_OK);
    assert_int_equal(config.workers, 9);
    assert_int_equal(config_load_environment(&config, unknown, &why), RESULT_MISSING);
    assert_non_null(strstr(why.text, "FORESTGATE_WORKRES"));
    assert_int_equal(config_load_environment(&config, bad, &why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "FORESTGATE_WORKERS"));
    assert_int_equal(config.workers, 9);
}

static void the_example_with_its_comments_taken_away_is_the_defaults(void **state)
{
    struct buf example = {0}, text = {0};
    struct config config, defaults;
    struct reason why = {{0}};
    char *line;

    (void)state;
    config_print_example(&example);
    for (line = strtok(example.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (line[0] == '#' && line[1] != ' ') {
            buf_puts(&text, line + 1);
            buf_putc(&text, '\n');
        }
    config_defaults(&defaults);
    if (load(text.data, &config, &why) != RESULT_OK)
        fail_msg("%s", why.text);
    assert_memory_equal(&config, &defaults, sizeof(config));
    buf_free(&example);
    buf_free(&text);
}

static void a_file_that_is_not_there_sets_nothing(void **state)
{
    struct config config, defaults;

    (void)state;
    config_defaults(&config);
    config_defaults(&defaults);
    assert_int_equal(config_load_file(&config, "/nonexistent/forestgate.conf", NULL),
                     RESULT_OK);
    assert_memory_equal(&config, &defaults, sizeof(config));
}

static void durations_need_a_number_and_a_unit(void **state)
{
    static const char *const bad[] = {
        "",     "d",   "30",  "30x",          "-1d",
        "1.5h", "1d ", " 1d", "99999999999d", "18446744073709551615s",
        "30D"};
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (clock_duration_parse(bad[i], &seconds))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_true(clock_duration_parse("90s", &seconds) && seconds == 90);
    assert_true(clock_duration_parse("2w", &seconds) && seconds == 1209600);
}

static void times_are_written_as_rfc_3339_in_utc(void **state)
{
    char text[CLOCK_RFC3339_MAX];

    (void)state;
    assert_int_equal(clock_rfc3339(text, 0), 24);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_rfc3339(text, INT64_C(1709210096789123)); /* a leap day */
    assert_string_equal(text, "2024-02-29T12:34:56.789Z");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_bad_file_is_refused_by_line_with_what_is_allowed),
        EACH(settings_of_tokens_are_refused_by_line_as_well),
        EACH(settings_of_the_front_are_refused_by_line_as_well),
        EACH(settings_of_the_front_are_kept_as_requests_say_them),
        EACH(a_file_in_a_setting_never_leads_out_of_the_home),
        EACH(words_are_kept_with_one_comma_between),
        EACH(every_setting_of_a_file_is_taken),
        EACH(the_environment_goes_before_the_file_and_is_as_strict),
        EACH(the_example_with_its_comments_taken_away_is_the_defaults),
        EACH(a_file_that_is_not_there_sets_nothing),
        EACH(durations_need_a_number_and_a_unit),
        EACH(times_are_written_as_rfc_3339_in_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
