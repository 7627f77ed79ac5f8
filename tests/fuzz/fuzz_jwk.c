/*
 * fuzz_jwk.c: any text as a JSON Web Key, as a set of them, and as a key in PEM.
 *
 * The first byte says which.  A key that is read can do something, signs what it verifies, has
 * as its public part what is read as the same key again, and is no weaker than it has to be; a
 * refusal has a reason.
 */
#include "fuzz.h"

#include "gate/jwk.h"

/* What is signed verifies, and with a bit changed it does not. */
static void check_signs(const struct jwk *key)
{
    uint8_t signature[JWK_SIGNATURE_MAX];
    size_t len;

    if (jwk_algorithm(key) == JWK_A256GCM || !jwk_makes(key) ||
        jwk_sign(key, "data", 4, signature, &len, NULL) != RESULT_OK)
        return;
    CHECK(len >= 32 && len <= sizeof(signature));
    if (!jwk_checks(key))
        return;
    CHECK(jwk_verify(key, "data", 4, signature, len));
    CHECK(!jwk_verify(key, "date", 4, signature, len));
    signature[0] ^= 1;
    CHECK(!jwk_verify(key, "data", 4, signature, len));
}

static void check_key(struct jwk *key)
{
    struct buf json = {0};
    struct jwk *again;
    size_t len;

    CHECK(jwk_makes(key) || jwk_checks(key));
    CHECK(strlen(jwk_id(key)) <= JWK_KID_MAX);
    if (jwk_secret(key, &len) != NULL)
        CHECK(len >= JWK_SECRET_MIN && len <= JWK_SECRET_MAX);
    if (jwk_write_public(key, &json, NULL) == RESULT_OK) {
        CHECK(jwk_algorithm(key) == JWK_RS256 || jwk_algorithm(key) == JWK_EDDSA);
        CHECK(jwk_from_json(json.data, json.len, &again, NULL) == RESULT_OK);
        CHECK(jwk_algorithm(again) == jwk_algorithm(key));
        CHECK(strcmp(jwk_id(again), jwk_id(key)) == 0);
        CHECK(!jwk_makes(again));
        jwk_free(again);
    }
    check_signs(key);
    buf_free(&json);
}

static void check_json(const char *text, size_t len)
{
    struct reason why = {{0}};
    struct jwk *key = NULL;

    if (jwk_from_json(text, len, &key, &why) == RESULT_OK)
        check_key(key);
    else
        CHECK(why.text[0] != '\0');
    jwk_free(key);
}

static void check_set(const char *text, size_t len)
{
    struct reason why = {{0}};
    struct jwk_set set;

    if (jwk_set_from_json(text, len, &set, &why) == RESULT_OK)
        CHECK(set.count > 0 && set.count + set.skipped <= JWK_SET_MAX);
    else
        CHECK(why.text[0] != '\0');
    for (size_t i = 0; i < set.count; i++)
        check_key(set.keys[i]);
    jwk_set_free(&set);
}

static void check_pem(const char *text, size_t len)
{
    static const enum jwk_algorithm algorithms[] = {JWK_RS256, JWK_EDDSA};
    struct jwk *key;

    for (size_t i = 0; i < 2; i++) {
        struct reason why = {{0}};

        key = NULL;
        if (jwk_from_pem(algorithms[i], text, len, &key, &why) == RESULT_OK) {
            CHECK(jwk_algorithm(key) == algorithms[i] && jwk_id(key)[0] != '\0');
            check_key(key);
        } else {
            CHECK(why.text[0] != '\0');
        }
        jwk_free(key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_part *const parts[] = {check_json, check_set, check_pem};

    fuzz_parts(parts, sizeof(parts) / sizeof(parts[0]), data, size);
    return 0;
}
