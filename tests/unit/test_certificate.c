/*
 * test_certificate.c: the certificate for localhost: what is made, what stays and what does
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "gate/certificate.h"

enum {
    DAY = 86400,
    PEM_MAX = 8192
};

static char directory[64], path[80], key_path[80];

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/forestgate-certificate.XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/crt", directory);
    snprintf(key_path, sizeof(key_path), "%s/key", directory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(key_path);
    return rmdir(directory);
}

static void make(void)
{
    struct reason why = {{0}};

    if (certificate_make(path, key_path, &why) != RESULT_OK)
        fail_msg("%s", why.text);
}

static X509 *certificate_read(void)
{
    FILE *file = fopen(path, "r");
    X509 *certificate;

    assert_non_null(file);
    certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(certificate);
    return certificate;
}

static EVP_PKEY *key_read(void)
{
    FILE *file = fopen(key_path, "r");
    EVP_PKEY *key;

    assert_non_null(file);
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(key);
    return key;
}

/* What is in both files, to compare. */
static void both_read(char out[2 * PEM_MAX])
{
    struct buf text = {0};
    struct reason why;

    assert_int_equal(file_read(path, PEM_MAX, &text, &why), RESULT_OK);
    assert_int_equal(file_read(key_path, PEM_MAX, &text, &why), RESULT_OK);
    memcpy(out, text.data, text.len + 1);
    buf_free(&text);
}

/* Makes another of what is there, and says whether it was. */
static bool is_made_anew(void)
{
    static char before[2 * PEM_MAX], after[2 * PEM_MAX];
    X509 *certificate;
    EVP_PKEY *key;
    bool fits;

    both_read(before);
    make();
    both_read(after);
    certificate = certificate_read();
    key = key_read();
    fits = X509_check_private_key(certificate, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    assert_true(fits);
    return strcmp(before, after) != 0;
}

/* Gives the certificate other bounds, and signs it again. */
static void dates_set(long from, long to)
{
    X509 *certificate = certificate_read();
    EVP_PKEY *key = key_read();
    FILE *file;

    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), from));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), to));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void text_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void where_nothing_can_be_written_that_is_told(void **state)
{
    struct reason why = {{0}};

    (void)state;
    assert_int_not_equal(certificate_make("/proc/none/crt", "/proc/none/key", &why), RESULT_OK);
    assert_non_null(strstr(why.text, "/proc/none"));
}

static void one_that_ends_within_30_days_is_made_anew(void **state)
{
    (void)state;
    make();
    dates_set(-DAY, 31L * DAY);
    assert_false(is_made_anew());
    dates_set(-DAY, 29L * DAY);
    assert_true(is_made_anew());
    dates_set(-2L * DAY, -DAY);
    assert_true(is_made_anew());
    dates_set(DAY, 400L * DAY); /* made by a clock that was wrong */
    assert_true(is_made_anew());
}

static void one_without_its_key_is_made_anew(void **state)
{
    static char old[2 * PEM_MAX];
    struct buf key = {0};
    struct reason why;

    (void)state;
    make();
    both_read(old);
    assert_int_equal(file_read(key_path, PEM_MAX, &key, &why), RESULT_OK);
    unlink(path);
    make();
    text_write(key_path, key.data); /* of the one before */
    buf_free(&key);
    assert_true(is_made_anew());
    text_write(key_path, "no key");
    assert_true(is_made_anew());
    text_write(path, "");
    assert_true(is_made_anew());
    unlink(key_path);
    make();
    assert_false(is_made_anew());
}

static void what_is_made_is_for_localhost_and_the_owner_alone(void **state)
{
    X509 *certificate;
    struct stat st;
    time_t later = time(NULL) + 819L * DAY, too_late = time(NULL) + 821L * DAY;

    (void)state;
    umask(0);
    make();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(key_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    certificate = certificate_read();
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
    assert_int_equal(X509_check_host(certificate, "example.org", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ca(certificate), 0);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
    assert_true(X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0);
    assert_true(X509_cmp_time(X509_get0_notAfter(certificate), &later) > 0);
    assert_true(X509_cmp_time(X509_get0_notAfter(certificate), &too_late) < 0);
    X509_free(certificate);
    assert_false(is_made_anew());
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_can_be_written_that_is_told),
        EACH(one_that_ends_within_30_days_is_made_anew),
        EACH(one_without_its_key_is_made_anew),
        EACH(what_is_made_is_for_localhost_and_the_owner_alone),
    };

    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
