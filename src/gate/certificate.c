/*
 * certificate.c: a certificate for localhost (RFC 5280), signed with its own key.
 */
#include "gate/certificate.h"

#include <time.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"

enum {
    DAY = 86400,
    VALID_DAYS = 825, /* more is not taken by every client */
    RENEW_DAYS = 30,
    SERIAL_BYTES = 16,
    PEM_MAX = 64 << 10
};

static enum result openssl_failed(struct reason *why)
{
    return reason_set(why, RESULT_FAILED, "the certificate for localhost could not be made");
}

static bool extension_add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    bool added;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool serial_set(X509 *certificate)
{
    uint8_t bytes[SERIAL_BYTES];
    BIGNUM *number;
    bool set;

    secret_random(bytes, sizeof(bytes));
    bytes[0] &= 0x7f; /* a serial number is positive */
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    set = number != NULL &&
          BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static bool certificate_fill(X509 *certificate, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    return X509_set_version(certificate, X509_VERSION_3) == 1 && serial_set(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)VALID_DAYS * DAY) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"localhost", -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           X509_set_pubkey(certificate, key) == 1 &&
           extension_add(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           extension_add(certificate, NID_key_usage, "critical,digitalSignature") &&
           extension_add(certificate, NID_ext_key_usage, "serverAuth") &&
           extension_add(certificate, NID_subject_alt_name,
                         "DNS:localhost,IP:127.0.0.1,IP:::1") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

static enum result pem_write(const char *path, BIO *bio, struct reason *why)
{
    char *text;
    long len = BIO_get_mem_data(bio, &text);

    return len > 0 ? file_write_atomic(path, text, (size_t)len, 0600, why)
                   : openssl_failed(why);
}

/* The key first: a certificate without its key would be taken for whole. */
static enum result both_write(const char *path, const char *key_path, X509 *certificate,
                              EVP_PKEY *key, struct reason *why)
{
    BIO *secret = BIO_new(BIO_s_secmem()), *open = BIO_new(BIO_s_mem());
    enum result result = RESULT_FAILED;

    if (secret != NULL && open != NULL &&
        PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(open, certificate) == 1)
        result = pem_write(key_path, secret, why);
    else
        openssl_failed(why);
    if (result == RESULT_OK)
        result = pem_write(path, open, why);
    BIO_free_all(secret);
    BIO_free_all(open);
    return result;
}

/* What is in a file of PEM, to be freed; NULL for what could not be read. */
static BIO *pem_open(const char *path, struct buf *text)
{
    struct reason why;

    return file_read(path, PEM_MAX, text, &why) == RESULT_OK
               ? BIO_new_mem_buf(text->data, (int)text->len)
               : NULL;
}

/* A key that is locked is none for a front that starts by itself; nobody is asked. */
static int no_password(char *out, int size, int writing, void *arg) /* NOLINT: OpenSSL's */
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static EVP_PKEY *key_read(const char *path)
{
    struct buf text = {0};
    BIO *bio = pem_open(path, &text);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free_all(bio);
    secret_buf_free(&text);
    return key;
}

static X509 *certificate_read(const char *path)
{
    struct buf text = {0};
    BIO *bio = pem_open(path, &text);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free_all(bio);
    buf_free(&text);
    return certificate;
}

static bool both_are_good(const char *path, const char *key_path)
{
    EVP_PKEY *key = key_read(key_path);
    X509 *certificate = certificate_read(path);
    time_t later = time(NULL) + (time_t)RENEW_DAYS * DAY;
    bool good = key != NULL && certificate != NULL &&
                X509_check_private_key(certificate, key) == 1 &&
                X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
                X509_cmp_time(X509_get0_notAfter(certificate), &later) > 0;

    EVP_PKEY_free(key);
    X509_free(certificate);
    return good;
}

enum result certificate_make(const char *certificate, const char *key, struct reason *why)
{
    enum result result = RESULT_FAILED;
    EVP_PKEY *pair;
    X509 *made;

    if (both_are_good(certificate, key))
        return RESULT_OK;
    pair = EVP_EC_gen("P-256");
    made = X509_new();
    if (pair != NULL && made != NULL && certificate_fill(made, pair))
        result = both_write(certificate, key, made, pair, why);
    else
        openssl_failed(why);
    X509_free(made);
    EVP_PKEY_free(pair);
    return result;
}
