/*
 * jwk_read.c: JSON Web Keys and sets of them (RFC 7517, RFC 7518 section 6, RFC 8037).
 *
 * A key of which anything is wrong is not used, and the rest of its set is.
 */
#include <stddef.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/base64url.h"
#include "base/json.h"
#include "gate/jwk_inner.h"

enum {
    NUMBER_CHARS = BASE64URL_LEN(JWK_NUMBER_BYTES),
    SECRET_CHARS = BASE64URL_LEN(JWK_SECRET_MAX)
};

/* What a key may be used for, as bits. */
enum {
    OP_SIGN = 1,
    OP_VERIFY = 2,
    OP_ENCRYPT = 4,
    OP_DECRYPT = 8
};

/* The members of one key that count here, as they were written; "" for none. */
struct members {
    char kty[8], alg[16], use[8], crv[16];
    char kid[JWK_KID_MAX + 1];
    char k[SECRET_CHARS + 1];
    char n[NUMBER_CHARS + 1], e[NUMBER_CHARS + 1], x[64];
    bool has_ops;
    unsigned ops;
    bool bad; /* one of them is of another type, or longer than any key here has it */
};

#define MEMBER(name)                                                               \
    {                                                                              \
#name, offsetof(struct members, name), sizeof(((struct members *)0)->name) \
    }

static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {
    MEMBER(kty), MEMBER(alg), MEMBER(use), MEMBER(crv), MEMBER(kid),
    MEMBER(k),   MEMBER(n),   MEMBER(e),   MEMBER(x),
};

static const struct {
    const char *name;
    unsigned op;
} ops[] = {
    {"sign", OP_SIGN},
    {"verify", OP_VERIFY},
    {"encrypt", OP_ENCRYPT},
    {"decrypt", OP_DECRYPT},
};

/* What a key has to be for each algorithm, and what the algorithm does with it. */
static const struct {
    const char *kty, *crv;
    const char *use;
    enum jwk_algorithm algorithm;
    unsigned makes, checks;
    bool without_alg; /* also where the key does not say its algorithm */
} kinds[] = {
    {"oct", "", "sig", JWK_HS256, OP_SIGN, OP_VERIFY, true},
    {"oct", "", "enc", JWK_A256GCM, OP_ENCRYPT, OP_DECRYPT, false},
    {"RSA", "", "sig", JWK_RS256, OP_SIGN, OP_VERIFY, true},
    {"OKP", "Ed25519", "sig", JWK_EDDSA, OP_SIGN, OP_VERIFY, true},
};

/* The string that was just read, into one of the members. */
static void take_text(const struct json_reader *reader, struct members *members, size_t row)
{
    char *to = (char *)members + texts[row].offset;
    size_t len;
    const char *text = json_text(reader, &len);

    if (len >= texts[row].size || len == 0 || memchr(text, '\0', len) != NULL) {
        members->bad = true;
        return;
    }
    memcpy(to, text, len);
    to[len] = '\0';
}

/* The value of key_ops, which comes next; false when it is not JSON. */
static bool take_ops(struct json_reader *reader, struct members *members)
{
    enum json_token token = json_next(reader);

    members->has_ops = true;
    if (token != JSON_ARRAY) {
        members->bad = true;
        return json_skip_rest(reader, token);
    }
    while ((token = json_next(reader)) != JSON_ARRAY_END) {
        if (token == JSON_BAD)
            return false;
        if (token != JSON_STRING) {
            members->bad = true;
            if (!json_skip_rest(reader, token))
                return false;
            continue;
        }
        for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
            if (json_text_is(reader, ops[i].name))
                members->ops |= ops[i].op;
    }
    return true;
}

/* The member whose name was just read. */
static bool take_member(struct json_reader *reader, struct members *members)
{
    const size_t count = sizeof(texts) / sizeof(texts[0]);
    enum json_token token;
    size_t row = 0;

    if (json_text_is(reader, "key_ops"))
        return take_ops(reader, members);
    while (row < count && !json_text_is(reader, texts[row].name))
        row++;
    if (row == count)
        return json_skip(reader);
    token = json_next(reader);
    if (token == JSON_STRING)
        take_text(reader, members, row);
    else
        members->bad = true;
    return json_skip_rest(reader, token);
}

/* An object whose { was just read, to its end. */
static bool take_members(struct json_reader *reader, struct members *members)
{
    enum json_token token;

    memset(members, 0, sizeof(*members));
    while ((token = json_next(reader)) == JSON_KEY)
        if (!take_member(reader, members))
            return false;
    return token == JSON_OBJECT_END;
}

static EVP_PKEY *pkey_of_params(OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;

    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static BIGNUM *number_of(const char *text)
{
    uint8_t bytes[JWK_NUMBER_BYTES];
    size_t len;

    if (!base64url_read(text, strlen(text), bytes, sizeof(bytes), &len) || len == 0)
        return NULL;
    return BN_bin2bn(bytes, (int)len, NULL);
}

/* NULL if the numbers are none. */
static EVP_PKEY *pkey_of_rsa(const struct members *members)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = number_of(members->n), *e = number_of(members->e);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;

    if (builder != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    if (params != NULL)
        pkey = pkey_of_params(params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return pkey;
}

static EVP_PKEY *pkey_of_ed25519(const struct members *members)
{
    uint8_t bytes[JWK_ED25519_BYTES];
    size_t len;

    if (!base64url_read(members->x, strlen(members->x), bytes, sizeof(bytes), &len) ||
        len != sizeof(bytes))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, len);
}

static enum result secret_of(enum jwk_algorithm algorithm, const struct members *members,
                             struct jwk **out, struct reason *why)
{
    uint8_t secret[JWK_SECRET_MAX];
    enum result result;
    size_t len;

    if (base64url_read(members->k, strlen(members->k), secret, sizeof(secret), &len))
        result = jwk_from_secret(algorithm, NULL, secret, len, out, why);
    else
        result = reason_set(why, RESULT_INVALID, "its k is not base64url");
    secret_wipe(secret, sizeof(secret));
    return result;
}

static enum result key_make(enum jwk_algorithm algorithm, const struct members *members,
                            struct jwk **out, struct reason *why)
{
    enum result result;

    if (algorithm == JWK_RS256)
        result = jwk_from_pkey(algorithm, pkey_of_rsa(members), false, out, why);
    else if (algorithm == JWK_EDDSA)
        result = jwk_from_pkey(algorithm, pkey_of_ed25519(members), false, out, why);
    else
        result = secret_of(algorithm, members, out, why);
    if (result == RESULT_OK)
        memcpy((*out)->kid, members->kid, sizeof(members->kid));
    return result;
}

/* RESULT_INVALID for a key that cannot be used here. */
static enum result key_of(const struct members *members, struct jwk **out, struct reason *why)
{
    enum result result;
    size_t row = 0;

    *out = NULL;
    while (row < sizeof(kinds) / sizeof(kinds[0]) &&
           (strcmp(members->kty, kinds[row].kty) != 0 ||
            (kinds[row].crv[0] != '\0' && strcmp(members->crv, kinds[row].crv) != 0) ||
            (members->alg[0] != '\0'
                 ? strcmp(members->alg, jwk_algorithm_text(kinds[row].algorithm)) != 0
                 : !kinds[row].without_alg)))
        row++;
    if (members->bad || row == sizeof(kinds) / sizeof(kinds[0]))
        return reason_set(why, RESULT_INVALID,
                          "the key is none for HS256, RS256, EdDSA with Ed25519 or A256GCM");
    if ((members->use[0] != '\0' && strcmp(members->use, kinds[row].use) != 0) ||
        (members->has_ops && (members->ops & (kinds[row].makes | kinds[row].checks)) == 0))
        return reason_set(why, RESULT_INVALID, "the key is for another use");
    result = key_make(kinds[row].algorithm, members, out, why);
    if (result == RESULT_OK && members->has_ops) {
        (*out)->makes = (*out)->makes && (members->ops & kinds[row].makes) != 0;
        (*out)->checks = (members->ops & kinds[row].checks) != 0;
    }
    return result;
}

static enum result not_json(const struct json_reader *reader, const char *what,
                            struct reason *why)
{
    const char *problem = json_problem(reader);

    return reason_set(why, RESULT_MALFORMED, "it is no %s%s%s", what,
                      problem[0] != '\0' ? ": " : "", problem);
}

enum result jwk_from_json(const char *text, size_t len, struct jwk **out, struct reason *why)
{
    struct json_reader reader = {0};
    struct members members;
    enum result result;

    *out = NULL;
    json_reader_start(&reader, text, len);
    if (json_next(&reader) == JSON_OBJECT && take_members(&reader, &members) &&
        json_next(&reader) == JSON_END)
        result = key_of(&members, out, why);
    else
        result = not_json(&reader, "JSON Web Key", why);
    secret_wipe(&members, sizeof(members));
    json_reader_free(&reader);
    return result;
}

/* One key of a set, whose { was just read. */
static enum result take_key(struct json_reader *reader, struct jwk_set *set, struct reason *why)
{
    enum result result = RESULT_OK;
    struct members members;
    struct jwk *key = NULL;

    if (set->count + set->skipped >= JWK_SET_MAX)
        return reason_set(why, RESULT_TOO_BIG, "over %d keys", JWK_SET_MAX);
    if (!take_members(reader, &members)) {
        result = not_json(reader, "JSON Web Key Set", why);
    } else {
        set->symmetric += strcmp(members.kty, "oct") == 0;
        result = key_of(&members, &key, NULL);
        if (result == RESULT_OK) {
            result = jwk_set_add(set, key, why);
        } else if (result == RESULT_INVALID) {
            set->skipped++;
            result = RESULT_OK;
        } else {
            reason_set(why, result, "a key could not be read: %s", result_text(result));
        }
    }
    secret_wipe(&members, sizeof(members));
    return result;
}

/* The value of `keys`, which comes next. */
static enum result take_keys(struct json_reader *reader, struct jwk_set *set,
                             struct reason *why)
{
    enum result result = RESULT_OK;
    enum json_token token;

    if (json_next(reader) != JSON_ARRAY)
        return not_json(reader, "JSON Web Key Set", why);
    while (result == RESULT_OK && (token = json_next(reader)) != JSON_ARRAY_END)
        result = token == JSON_OBJECT ? take_key(reader, set, why)
                                      : not_json(reader, "JSON Web Key Set", why);
    return result;
}

enum result jwk_set_from_json(const char *text, size_t len, struct jwk_set *out,
                              struct reason *why)
{
    struct json_reader reader = {0};
    enum result result = RESULT_OK;
    bool found = false;
    enum json_token token;

    *out = (struct jwk_set){0};
    json_reader_start(&reader, text, len);
    token = json_next(&reader);
    if (token == JSON_OBJECT) {
        while (result == RESULT_OK && (token = json_next(&reader)) == JSON_KEY) {
            if (json_text_is(&reader, "keys")) {
                found = true;
                result = take_keys(&reader, out, why);
            } else if (!json_skip(&reader)) {
                break;
            }
        }
    }
    if (result == RESULT_OK &&
        (token != JSON_OBJECT_END || !found || json_next(&reader) != JSON_END))
        result = not_json(&reader, "JSON Web Key Set", why);
    if (result == RESULT_OK && out->count == 0)
        result = reason_set(why, RESULT_INVALID,
                            "none of its %zu keys can be used here (HS256, RS256 of at least "
                            "%d bits, EdDSA with Ed25519)",
                            out->skipped, JWK_RSA_BITS_MIN);
    json_reader_free(&reader);
    return result;
}
