/*
 * jose_help.h: what the tests of signed and sealed texts share: keys, and texts with any
 * header, however wrong, that are signed as they should be.
 */
#ifndef JOSE_HELP_H
#define JOSE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/base64url.h"
#include "base/buf.h"
#include "gate/jwk.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct reason why;

static inline void must(enum result result)
{
    if (result != RESULT_OK)
        fail_msg("%s: %s", result_text(result), why.text);
}

/* An RSA key of so many bits, or for 0 an Ed25519 key, as PEM: private, and public. */
struct pem {
    char secret[8192], open[2048];
};

static inline void bio_text(BIO *bio, char *out, size_t size)
{
    int len = BIO_read(bio, out, (int)size - 1);

    assert_true(len > 0);
    out[len] = '\0';
    BIO_free(bio);
}

static inline void pem_make(int bits, struct pem *pem)
{
    EVP_PKEY *pkey =
        bits > 0 ? EVP_RSA_gen((unsigned)bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *secret = BIO_new(BIO_s_mem()), *open = BIO_new(BIO_s_mem());

    assert_non_null(pkey);
    assert_int_equal(PEM_write_bio_PrivateKey(secret, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_bio_PUBKEY(open, pkey), 1);
    bio_text(secret, pem->secret, sizeof(pem->secret));
    bio_text(open, pem->open, sizeof(pem->open));
    EVP_PKEY_free(pkey);
}

static inline struct jwk *key_of_pem(enum jwk_algorithm algorithm, const char *pem)
{
    struct jwk *key;

    must(jwk_from_pem(algorithm, pem, strlen(pem), &key, &why));
    return key;
}

static inline struct jwk *key_of_secret(const void *secret, size_t len)
{
    struct jwk *key;

    must(jwk_from_secret(JWK_HS256, NULL, secret, len, &key, &why));
    return key;
}

/*
 * Any header and payload, signed by a key; NULL leaves the signature empty.  The text is good
 * until the next but seven.
 */
static inline const char *forge(const struct jwk *key, const char *header, const char *payload)
{
    static char texts[8][65536];
    static unsigned turn;
    uint8_t signature[JWK_SIGNATURE_MAX];
    char *text = texts[turn++ % 8];
    struct buf out = {0};
    size_t len = 0;

    base64url_put(&out, header, strlen(header));
    buf_putc(&out, '.');
    base64url_put(&out, payload, strlen(payload));
    if (key != NULL)
        must(jwk_sign(key, out.data, out.len, signature, &len, &why));
    buf_putc(&out, '.');
    base64url_put(&out, signature, len);
    assert_false(buf_failed(&out));
    assert_true(out.len < sizeof(texts[0]));
    memcpy(text, out.data, out.len + 1);
    buf_free(&out);
    return text;
}

static inline void file_put(const char *path, const void *bytes, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

#endif
