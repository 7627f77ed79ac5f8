/*
 * jwk.c: keys for signing and sealing, each for exactly one algorithm.
 */
#include "gate/jwk.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/base64url.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/vault.h"
#include "gate/jwk_inner.h"

static const char *const algorithm_texts[JWK__MAX] = {
    [JWK_HS256] = "HS256",
    [JWK_RS256] = "RS256",
    [JWK_EDDSA] = "EdDSA",
    [JWK_A256GCM] = "A256GCM",
};

const char *jwk_algorithm_text(enum jwk_algorithm algorithm)
{
    return algorithm_texts[algorithm];
}

static struct jwk *jwk_new(enum jwk_algorithm algorithm, struct reason *why)
{
    struct jwk *key = calloc(1, sizeof(*key));

    if (key == NULL) {
        reason_set(why, RESULT_NOMEM, "no memory for a key");
        return NULL;
    }
    key->algorithm = algorithm;
    key->makes = true;
    key->checks = true;
    return key;
}

void jwk_free(struct jwk *key)
{
    if (key == NULL)
        return;
    secret_mac_free(key->mac);
    EVP_PKEY_free(key->pkey);
    EVP_MD_CTX_free(key->context);
    vault_free(key->secret, key->secret_len);
    free(key);
}

enum result jwk_from_secret(enum jwk_algorithm algorithm, const char *kid, const void *secret,
                            size_t len, struct jwk **out, struct reason *why)
{
    enum result result = RESULT_OK;
    struct jwk *key;

    *out = NULL;
    if (len < JWK_SECRET_MIN || len > JWK_SECRET_MAX ||
        (algorithm == JWK_A256GCM && len != JWK_AES_BYTES))
        return reason_set(why, RESULT_INVALID, "a secret for %s has %d to %d bytes",
                          jwk_algorithm_text(algorithm), JWK_SECRET_MIN,
                          algorithm == JWK_A256GCM ? JWK_AES_BYTES : JWK_SECRET_MAX);
    if (kid != NULL && strlen(kid) > JWK_KID_MAX)
        return reason_set(why, RESULT_INVALID, "a key's id has up to %d bytes", JWK_KID_MAX);
    key = jwk_new(algorithm, why);
    if (key == NULL)
        return RESULT_NOMEM;
    key->secret = vault_alloc(len);
    if (key->secret == NULL) {
        jwk_free(key);
        return reason_set(why, RESULT_NOMEM, "no memory for a key");
    }
    memcpy(key->secret, secret, len);
    key->secret_len = len;
    text_copy(key->kid, sizeof(key->kid), kid != NULL ? kid : "");
    if (algorithm == JWK_HS256)
        result = secret_mac_new(secret, len, &key->mac, why);
    if (result != RESULT_OK) {
        jwk_free(key);
        return result;
    }
    *out = key;
    return RESULT_OK;
}

/* The numbers of a public key as texts; those that its kind does not have are empty. */
struct public_texts {
    char n[BASE64URL_LEN(JWK_NUMBER_BYTES) + 1];
    char e[BASE64URL_LEN(JWK_NUMBER_BYTES) + 1];
    char x[BASE64URL_LEN(JWK_ED25519_BYTES) + 1];
};

static bool number_text(const EVP_PKEY *pkey, const char *name, char *out)
{
    uint8_t bytes[JWK_NUMBER_BYTES];
    BIGNUM *number = NULL;
    int len = 0;

    if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
        BN_num_bytes(number) <= JWK_NUMBER_BYTES)
        len = BN_bn2bin(number, bytes);
    BN_free(number);
    base64url_write(out, bytes, (size_t)len);
    out[BASE64URL_LEN((size_t)len)] = '\0';
    return len > 0;
}

static bool public_texts_read(const struct jwk *key, struct public_texts *texts)
{
    uint8_t bytes[JWK_ED25519_BYTES];
    size_t len = sizeof(bytes);

    memset(texts, 0, sizeof(*texts));
    if (key->algorithm == JWK_RS256)
        return number_text(key->pkey, OSSL_PKEY_PARAM_RSA_N, texts->n) &&
               number_text(key->pkey, OSSL_PKEY_PARAM_RSA_E, texts->e);
    if (EVP_PKEY_get_raw_public_key(key->pkey, bytes, &len) != 1 || len != sizeof(bytes))
        return false;
    base64url_write(texts->x, bytes, len);
    return true;
}

/* The members that make the key, in the order of RFC 7638, section 3. */
static void write_numbers(struct json_writer *writer, const struct jwk *key,
                          const struct public_texts *texts)
{
    if (key->algorithm == JWK_RS256) {
        json_member_string(writer, "e", texts->e);
        json_member_string(writer, "kty", "RSA");
        json_member_string(writer, "n", texts->n);
    } else {
        json_member_string(writer, "crv", "Ed25519");
        json_member_string(writer, "kty", "OKP");
        json_member_string(writer, "x", texts->x);
    }
}

/* Names a key by its thumbprint: base64url of SHA-256 of its members (RFC 7638). */
static enum result name_by_thumbprint(struct jwk *key, struct reason *why)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct public_texts texts;
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    enum result result = RESULT_FAILED;
    unsigned len = 0;

    if (public_texts_read(key, &texts)) {
        json_write_object(&writer);
        write_numbers(&writer, key, &texts);
        json_write_object_end(&writer);
        if (!buf_failed(&text) &&
            EVP_Digest(text.data, text.len, digest, &len, EVP_sha256(), NULL) == 1) {
            base64url_write(key->kid, digest, len);
            result = RESULT_OK;
        }
    }
    buf_free(&text);
    if (result != RESULT_OK)
        reason_set(why, result, "the key has no thumbprint");
    return result;
}

/* RSA: odd, without small factors, a sound exponent; RESULT_INVALID if not. */
static enum result rsa_check(EVP_PKEY *pkey, struct reason *why)
{
    EVP_PKEY_CTX *context;
    int bits = EVP_PKEY_get_bits(pkey);
    bool sound;

    if (bits < JWK_RSA_BITS_MIN || bits > JWK_RSA_BITS_MAX)
        return reason_set(why, RESULT_INVALID, "an RSA key has %d to %d bits, this one has %d",
                          JWK_RSA_BITS_MIN, JWK_RSA_BITS_MAX, bits);
    context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    sound = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return sound ? RESULT_OK
                 : reason_set(why, RESULT_INVALID, "the RSA key is not sound in itself");
}

enum result jwk_from_pkey(enum jwk_algorithm algorithm, EVP_PKEY *pkey, bool is_private,
                          struct jwk **out, struct reason *why)
{
    const char *kind = algorithm == JWK_RS256 ? "RSA" : "ED25519";
    enum result result;
    struct jwk *key;

    *out = NULL;
    if (pkey == NULL || !EVP_PKEY_is_a(pkey, kind)) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        return reason_set(why, RESULT_INVALID, "it is no %s key%s", kind,
                          pkey == NULL ? " in PEM without a passphrase" : "");
    }
    key = jwk_new(algorithm, why);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return RESULT_NOMEM;
    }
    key->pkey = pkey;
    key->makes = is_private;
    key->context = EVP_MD_CTX_new();
    result =
        key->context != NULL ? RESULT_OK : reason_set(why, RESULT_NOMEM, "no memory for a key");
    if (result == RESULT_OK && algorithm == JWK_RS256)
        result = rsa_check(pkey, why);
    if (result == RESULT_OK)
        result = name_by_thumbprint(key, why);
    if (result != RESULT_OK) {
        jwk_free(key);
        return result;
    }
    *out = key;
    return RESULT_OK;
}

/* libcrypto would ask for a passphrase at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)writing;
    (void)arg;
    if (size > 0)
        out[0] = '\0';
    return -1;
}

enum result jwk_from_pem(enum jwk_algorithm algorithm, const char *pem, size_t len,
                         struct jwk **out, struct reason *why)
{
    BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
    EVP_PKEY *pkey = NULL;
    bool is_private;

    *out = NULL;
    if (bio == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a key");
    pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    is_private = pkey != NULL;
    if (pkey == NULL && BIO_reset(bio) == 1)
        pkey = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return jwk_from_pkey(algorithm, pkey, is_private, out, why);
}

enum jwk_algorithm jwk_algorithm(const struct jwk *key)
{
    return key->algorithm;
}

const char *jwk_id(const struct jwk *key)
{
    return key->kid;
}

bool jwk_makes(const struct jwk *key)
{
    return key->makes;
}

bool jwk_checks(const struct jwk *key)
{
    return key->checks;
}

const uint8_t *jwk_secret(const struct jwk *key, size_t *len)
{
    *len = key->secret_len;
    return key->secret_len > 0 ? key->secret : NULL;
}

enum result jwk_write_public(const struct jwk *key, struct buf *out, struct reason *why)
{
    struct json_writer writer = json_writer_on(out);
    struct public_texts texts;

    if (key->pkey == NULL || !public_texts_read(key, &texts))
        return reason_set(why, RESULT_INVALID, "the key has no public part");
    json_write_object(&writer);
    write_numbers(&writer, key, &texts);
    json_member_string(&writer, "use", "sig");
    json_member_string(&writer, "alg", jwk_algorithm_text(key->algorithm));
    if (key->kid[0] != '\0')
        json_member_string(&writer, "kid", key->kid);
    json_write_object_end(&writer);
    return buf_failed(out) ? reason_set(why, RESULT_NOMEM, "no memory for a key") : RESULT_OK;
}

/* The digest that is made before libcrypto's signature; Ed25519 has its own within. */
static const EVP_MD *digest_of(const struct jwk *key)
{
    return key->algorithm == JWK_RS256 ? EVP_sha256() : NULL;
}

enum result jwk_sign(const struct jwk *key, const void *data, size_t data_len,
                     uint8_t out[JWK_SIGNATURE_MAX], size_t *len, struct reason *why)
{
    bool good = false;

    *len = JWK_SIGNATURE_MAX;
    if (!key->makes || key->algorithm == JWK_A256GCM)
        return reason_set(why, RESULT_INVALID, "the key is not for signing");
    if (key->algorithm == JWK_HS256) {
        *len = SECRET_MAC_BYTES;
        good = secret_mac_digest(key->mac, data, data_len, out) == RESULT_OK;
    } else {
        EVP_MD_CTX_reset(key->context);
        good = EVP_DigestSignInit(key->context, NULL, digest_of(key), NULL, key->pkey) == 1 &&
               EVP_DigestSign(key->context, out, len, data, data_len) == 1;
        ERR_clear_error();
    }
    return good ? RESULT_OK : reason_set(why, RESULT_FAILED, "libcrypto could not sign");
}

bool jwk_verify(const struct jwk *key, const void *data, size_t data_len,
                const uint8_t *signature, size_t len)
{
    uint8_t digest[SECRET_MAC_BYTES];
    bool good;

    if (!key->checks || key->algorithm == JWK_A256GCM)
        return false;
    if (key->algorithm == JWK_HS256)
        return len == SECRET_MAC_BYTES &&
               secret_mac_digest(key->mac, data, data_len, digest) == RESULT_OK &&
               secret_equal(digest, signature, SECRET_MAC_BYTES);
    if (len != (size_t)EVP_PKEY_get_size(key->pkey))
        return false; /* RFC 8017, section 8.2.2, step 1; 64 bytes for Ed25519 */
    EVP_MD_CTX_reset(key->context);
    good = EVP_DigestVerifyInit(key->context, NULL, digest_of(key), NULL, key->pkey) == 1 &&
           EVP_DigestVerify(key->context, signature, len, data, data_len) == 1;
    ERR_clear_error();
    return good;
}

enum result jwk_set_add(struct jwk_set *set, struct jwk *key, struct reason *why)
{
    enum result result = RESULT_TOO_BIG;
    struct jwk **keys = NULL;

    if (set->count < JWK_SET_MAX) {
        keys = realloc(set->keys, (set->count + 1) * sizeof(struct jwk *));
        result = RESULT_NOMEM;
    }
    if (keys == NULL) {
        jwk_free(key);
        return reason_set(why, result, "a set has up to %d keys", JWK_SET_MAX);
    }
    set->keys = keys;
    set->keys[set->count++] = key;
    return RESULT_OK;
}

void jwk_set_free(struct jwk_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        jwk_free(set->keys[i]);
    free(set->keys);
    *set = (struct jwk_set){0};
}
