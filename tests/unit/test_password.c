/*
 * test_password.c: passwords that are refused, hashes that are nobody's, and slots.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <crypt.h>

#include "fixture.h"
#include "gate/password.h"

static struct home home;
static struct reason why;
static bool stale;

static const char right[] = "a bicycle for seven cats";

static int setup(void **state)
{
    (void)state;
    fixture_open(&home);
    home.config.password_cost = 1; /* the least work */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&home);
    return 0;
}

static enum result allowed(const char *password)
{
    return password_allowed(password, strlen(password), "annabelle@example.org", &why);
}

static enum result check_n(const char *hash, const char *password, size_t len)
{
    return password_check(&home, hash, password, len, &stale, &why);
}

static enum result check(const char *hash, const char *password)
{
    return check_n(hash, password, strlen(password));
}

static void hash_make(const char *password, size_t len, char out[USER_PASSWORD_MAX + 1])
{
    if (password_hash(&home, password, len, out, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

/* crypt(3) itself, as another program would call it. */
static void crypt_make(const char *prefix, unsigned long cost, const char *password,
                       char out[USER_PASSWORD_MAX + 1])
{
    static struct crypt_data data;
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    assert_non_null(
        crypt_gensalt_rn(prefix, cost, "0123456789abcdef", 16, setting, (int)sizeof(setting)));
    snprintf(out, USER_PASSWORD_MAX + 1, "%s", crypt_r(password, setting, &data));
    assert_true(out[0] == '$');
}

/* Characters of 1 or 4 bytes, none of them repeated soon. */
static size_t text_of(char *out, size_t characters, size_t bytes)
{
    char *at = out;

    for (size_t i = 0; i < characters; i++) {
        if (bytes == 4) {
            memcpy(at, "\xf0\x9f\x8c", 3);
            at += 3;
            *at++ = (char)(0x80 + (i * i + i / 7) % 64);
        } else {
            *at++ = (char)('!' + (i * i + i / 7) % 90);
        }
    }
    *at = '\0';
    return (size_t)(at - out);
}

static void a_length_below_12_and_over_256_is_refused(void **state)
{
    static const struct {
        size_t characters;
        enum result result;
    } cases[] = {{0, RESULT_INVALID},  {1, RESULT_INVALID}, {11, RESULT_INVALID},
                 {12, RESULT_OK},      {64, RESULT_OK},     {256, RESULT_OK},
                 {257, RESULT_INVALID}};
    char text[4 * 257 + 1];

    (void)state;
    for (size_t bytes = 1; bytes <= 4; bytes += 3)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            size_t len = text_of(text, cases[i].characters, bytes);

            if (password_allowed(text, len, NULL, &why) != cases[i].result)
                fail_msg("%zu characters of %zu bytes", cases[i].characters, bytes);
        }
}

static void nul_and_broken_utf8_and_a_megabyte_are_refused(void **state)
{
    char *large = malloc(1 << 20);

    (void)state;
    assert_int_equal(password_allowed("twelve\0twelve", 13, NULL, &why), RESULT_INVALID);
    assert_int_equal(allowed("twelve\xfftwelve"), RESULT_INVALID);
    memset(large, 'x', 1 << 20);
    assert_int_equal(password_allowed(large, 1 << 20, NULL, &why), RESULT_INVALID);
    free(large);
}

static void what_is_guessed_first_is_refused(void **state)
{
    static const char *const bad[] = {
        "password1234",
        "PassWord1234",
        "qwerty123456",
        "iloveyou1234",
        "123456789012",
        "012345678901",
        "987654321098",
        "abcdefghijkl",
        "ABCDEFGHIJKL",
        "zyxwvutsrqpo",
        "qwertyuiopas",
        "poiuytrewqlk",
        "1qaz2wsx3edc",
        "xyzabcdefghi",
        "aaaaaaaaaaaa",
        "121212121212",
        "abcabcabcabc",
        "123412341234",
        "ßßßßßßßßßßßß",
        "annabelle123",
        "123annabelle",
        "ANNABELLE!!!",
        "annabelle@example.org",
        "1annabelle@example.org",
        "annabelle\xc3\xa4\xc3\xa4\xc3\xa4",
        "forestgate2026!",
        "!1!Forest-Gate",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (allowed(bad[i]) != RESULT_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
        else if (strstr(why.text, bad[i]) != NULL)
            fail_msg("the reason tells \"%s\"", bad[i]);
}

static void no_rule_of_composition_stands_in_the_way(void **state)
{
    static const char *const good[] = {"bicycle cats",    "            x", "annabelle1234x",
                                       "zwölf Käfer!!",   "x9$Lq!27vB%k",  "135792468013",
                                       "forestgate cats!"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (allowed(good[i]) != RESULT_OK)
            fail_msg("\"%s\": %s", good[i], why.text);
}

static void nobody_and_a_wrong_password_are_denied(void **state)
{
    char hash[USER_PASSWORD_MAX + 1];

    (void)state;
    hash_make(right, strlen(right), hash);
    assert_int_equal(strncmp(hash, "$y$", 3), 0);
    assert_int_equal(check(hash, "another bicycle"), RESULT_DENIED);
    assert_int_equal(check(hash, ""), RESULT_DENIED);
    assert_int_equal(check(NULL, right), RESULT_DENIED);
    assert_int_equal(check("", right), RESULT_DENIED);
    assert_int_equal(check("", ""), RESULT_DENIED);
    assert_int_equal(check(hash, right), RESULT_OK);
    assert_false(stale);
}

static void a_prefix_or_more_of_a_password_is_denied(void **state)
{
    static const size_t lengths[] = {64, 100, 255, 256};
    char hash[USER_PASSWORD_MAX + 1], text[4 * 256 + 1];

    (void)state;
    for (size_t bytes = 1; bytes <= 4; bytes += 3)
        for (size_t i = 0; i < 4; i++) {
            size_t len = text_of(text, lengths[i], bytes);

            hash_make(text, len, hash);
            assert_int_equal(check_n(hash, text, len), RESULT_OK);
            assert_int_equal(check_n(hash, text, len - 1), RESULT_DENIED);
            assert_int_equal(check_n(hash, text, 72 < len ? 72 : 12), RESULT_DENIED);
            if (len > 511)
                assert_int_equal(check_n(hash, text, 511), RESULT_DENIED);
        }
    hash_make(right, strlen(right), hash);
    memcpy(text, right, sizeof(right));
    memcpy(text + sizeof(right), "more", 4);
    assert_int_equal(check_n(hash, text, sizeof(right) + 4), RESULT_DENIED); /* a NUL within */
}

static void a_megabyte_is_denied_for_a_hash_of_either_kind(void **state)
{
    char *large = calloc(1, 1 << 20), hash[USER_PASSWORD_MAX + 1];

    (void)state;
    memset(large, 'x', 1 << 20);
    crypt_make("$2b$", 4,
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
               hash);
    assert_int_equal(check_n(hash, large, 1 << 20), RESULT_DENIED);
    assert_int_equal(check_n(NULL, large, 1 << 20), RESULT_DENIED);
    free(large);
}

static void hashes_of_other_methods_are_nobodys(void **state)
{
    static const char *const prefixes[] = {"", "_", "$1$", "$5$", "$6$", "$7$", "$gy$"};
    static const char *const damaged[] = {"*0",      "*1",         "!",           "x",
                                          "$y$",     "$y$j75$",    "$y$j75$abc$", "$2b$04$",
                                          "$2b$31$", "$2x$04$abc", right};
    char hash[USER_PASSWORD_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        static struct crypt_data data;
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];

        assert_non_null(crypt_gensalt_rn(prefixes[i], 0, "0123456789abcdef", 16, setting,
                                         (int)sizeof(setting)));
        snprintf(hash, sizeof(hash), "%s", crypt_r(right, setting, &data));
        assert_false(password_hash_known(hash));
        if (check(hash, right) != RESULT_DENIED)
            fail_msg("%s was verified", hash);
    }
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
        if (password_hash_known(damaged[i]) || check(damaged[i], right) != RESULT_DENIED)
            fail_msg("%s was verified", damaged[i]);
    crypt_make("$2b$", 4, right, hash);
    memcpy(hash + 4, "16", 2); /* a minute for each try */
    assert_false(password_hash_known(hash));
    crypt_make("$y$", 1, right, hash);
    hash[4] = 'Z'; /* a gigabyte for each */
    assert_false(password_hash_known(hash));
}

static void a_bcrypt_hash_verifies_and_is_stale(void **state)
{
    static const char *const prefixes[] = {"$2a$", "$2b$", "$2y$"};
    char hash[USER_PASSWORD_MAX + 1];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        crypt_make(prefixes[i], 4, right, hash);
        assert_true(password_hash_known(hash));
        assert_int_equal(check(hash, "another bicycle"), RESULT_DENIED);
        assert_false(stale);
        assert_int_equal(check(hash, right), RESULT_OK);
        assert_true(stale);
    }
}

static void a_hash_of_a_lower_cost_is_stale_and_one_of_a_higher_is_not(void **state)
{
    char hash[USER_PASSWORD_MAX + 1];

    (void)state;
    home.config.password_cost = 2;
    hash_make(right, strlen(right), hash);
    assert_int_equal(check(hash, right), RESULT_OK);
    assert_false(stale);
    home.config.password_cost = 3;
    assert_int_equal(check(hash, right), RESULT_OK);
    assert_true(stale);
    home.config.password_cost = 1;
    assert_int_equal(check(hash, right), RESULT_OK);
    assert_false(stale);
}

/* Another process that is at its hash as long as the pipe is open. */
static pid_t hold(struct flock lock, int until)
{
    pid_t pid = fork();
    char byte;

    if (pid != 0)
        return pid;
    if (fcntl(open(HOME_HASHING, O_RDWR | O_CREAT, 0600), F_OFD_SETLK, &lock) != 0)
        _exit(1);
    _exit(write(until, "x", 1) == 1 && pause() == 0 && read(until, &byte, 1) == 0);
}

static pid_t hold_slot(off_t slot)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1};
    int ends[2];
    pid_t pid;
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid = hold(lock, ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void no_slot_free_is_busy_for_a_worker_until_its_holder_dies(void **state)
{
    pid_t first, second;

    (void)state;
    home.role = DB_WORKER;
    home.config.password_hashes = 2;
    first = hold_slot(0);
    assert_int_equal(check(NULL, right), RESULT_DENIED);
    second = hold_slot(1);
    assert_int_equal(check(NULL, right), RESULT_BUSY);
    home.role = DB_CLI;
    assert_int_equal(check(NULL, right), RESULT_DENIED);
    home.role = DB_WORKER;
    end(first);
    assert_int_equal(check(NULL, right), RESULT_DENIED);
    end(second);
}

static void of_two_workers_one_stays_free_for_predictions(void **state)
{
    pid_t first;

    (void)state;
    home.role = DB_WORKER;
    home.config.password_hashes = 64;
    home.config.workers = 2;
    first = hold_slot(0);
    assert_int_equal(check(NULL, right), RESULT_BUSY);
    home.config.workers = 3;
    assert_int_equal(check(NULL, right), RESULT_DENIED);
    end(first);
}

/* Pages of this process that are in memory. */
static long resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &pages), 2);
    fclose(file);
    return pages;
}

static void the_memory_of_a_hash_is_given_back(void **state)
{
    const long megabytes = 8L * 1024 * 1024 / sysconf(_SC_PAGESIZE);
    char hash[USER_PASSWORD_MAX + 1];
    long before = resident();

    (void)state;
    home.config.password_cost = 5; /* 16 MB */
    hash_make(right, strlen(right), hash);
    assert_int_equal(check(hash, right), RESULT_OK);
    assert_true(resident() < before + megabytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_below_12_and_over_256_is_refused),
        cmocka_unit_test(nul_and_broken_utf8_and_a_megabyte_are_refused),
        cmocka_unit_test(what_is_guessed_first_is_refused),
        cmocka_unit_test(no_rule_of_composition_stands_in_the_way),
        cmocka_unit_test_setup_teardown(nobody_and_a_wrong_password_are_denied, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_prefix_or_more_of_a_password_is_denied, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_megabyte_is_denied_for_a_hash_of_either_kind, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(hashes_of_other_methods_are_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bcrypt_hash_verifies_and_is_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_hash_of_a_lower_cost_is_stale_and_one_of_a_higher_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(no_slot_free_is_busy_for_a_worker_until_its_holder_dies,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(of_two_workers_one_stays_free_for_predictions, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_memory_of_a_hash_is_given_back, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
