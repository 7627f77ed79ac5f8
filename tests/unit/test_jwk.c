/*
 * test_jwk.c: keys: which are none here, and what a key may be used for.
 */
#include "jose_help.h"

/* RFC 8037, appendix A.1 and A.3. */
#define ED_X          "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D          "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define ED_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

/* RFC 7638, section 3.1. */
#define RSA_N                                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_" \
    "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhA"  \
    "I4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

#define K32 "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"
#define K31 "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLg"

static enum result read_key(const char *json, struct jwk **key)
{
    return jwk_from_json(json, strlen(json), key, &why);
}

static struct jwk *must_read(const char *json)
{
    struct jwk *key;

    if (read_key(json, &key) != RESULT_OK)
        fail_msg("%s: %s", json, why.text);
    return key;
}

static void keys_that_cannot_be_used_here_are_refused(void **state)
{
    static const char *const keys[] = {
        "{}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"OCT\",\"k\":\"" K32 "\"}",
        "{\"kty\":[\"oct\"],\"k\":\"" K32 "\"}",
        "{\"kty\":\"oct\"}",
        "{\"kty\":\"oct\",\"k\":\"\"}",
        "{\"kty\":\"oct\",\"k\":\"" K31 "\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "=\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"HS384\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"hs256\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"none\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"RS256\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":null}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"kid\":7}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"kid\":\"a\\u0000b\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "AA\",\"alg\":\"A256GCM\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"PS256\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"HS256\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}",   /* 1 */
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}", /* even */
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "+\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"" K32 "\",\"e\":\"AQAB\"}", /* 250 bits */
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" K31 "\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct jwk *key;

        if (read_key(keys[i], &key) != RESULT_INVALID)
            fail_msg("not refused as it should be: %s", keys[i]);
        assert_null(key);
    }
}

static void what_is_no_one_json_object_is_malformed(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "\"oct\"",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\"} x",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",\"kty\":\"oct\"}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\",}",
        "{\"kty\":\"oct\",\"k\":\"" K32 "\"",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct jwk *key;

        if (read_key(texts[i], &key) != RESULT_MALFORMED)
            fail_msg("not malformed: %s", texts[i]);
        assert_null(key);
    }
}

static void a_key_for_another_use_is_refused(void **state)
{
    static const char *const uses[] = {
        "\"use\":\"enc\"",
        "\"use\":\"SIG\"",
        "\"use\":\"signature\"",
        "\"use\":1",
        "\"key_ops\":[]",
        "\"key_ops\":\"verify\"",
        "\"key_ops\":[\"encrypt\",\"decrypt\"]",
        "\"key_ops\":[\"VERIFY\"]",
        "\"key_ops\":[\"verify\",1]",
        "\"use\":\"sig\",\"key_ops\":[\"wrapKey\"]",
    };
    char json[512];

    (void)state;
    for (size_t i = 0; i < COUNT(uses); i++) {
        struct jwk *key;

        snprintf(json, sizeof(json), "{\"kty\":\"oct\",\"k\":\"" K32 "\",%s}", uses[i]);
        if (read_key(json, &key) != RESULT_INVALID)
            fail_msg("was taken: %s", json);
    }
}

static void a_key_does_only_what_its_key_ops_say(void **state)
{
    struct jwk *key =
        must_read("{\"kty\":\"oct\",\"k\":\"" K32 "\",\"key_ops\":[\"sign\",\"wrapKey\"]}");
    uint8_t signature[JWK_SIGNATURE_MAX];
    size_t len;

    (void)state;
    must(jwk_sign(key, "text", 4, signature, &len, &why));
    assert_false(jwk_checks(key));
    assert_false(jwk_verify(key, "text", 4, signature, len));
    jwk_free(key);
    key = must_read("{\"kty\":\"oct\",\"k\":\"" K32
                    "\",\"key_ops\":[\"verify\"],\"use\":\"sig\"}");
    assert_true(jwk_verify(key, "text", 4, signature, len));
    assert_int_equal(jwk_sign(key, "text", 4, signature, &len, &why), RESULT_INVALID);
    jwk_free(key);
}

static void a_key_without_alg_gets_the_only_one_that_it_can_have(void **state)
{
    static const struct {
        const char *json;
        enum jwk_algorithm algorithm;
    } rows[] = {
        {"{\"kty\":\"oct\",\"k\":\"" K32 "\"}", JWK_HS256},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", JWK_RS256},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}", JWK_EDDSA},
        {"{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"A256GCM\",\"use\":\"enc\"}",
         JWK_A256GCM},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jwk *key = must_read(rows[i].json);

        assert_int_equal(jwk_algorithm(key), rows[i].algorithm);
        assert_string_equal(jwk_id(key), "");
        jwk_free(key);
    }
}

static void members_that_are_not_known_are_let_pass(void **state)
{
    struct jwk *key = must_read(
        "{\"x5c\":[\"AA\",\"BB\"],\"other\":{\"kty\":\"EC\"},\"kty\":\"OKP\","
        "\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"d\":\"" ED_D "\",\"kid\":\"\\u0061 b\"}");
    uint8_t signature[JWK_SIGNATURE_MAX];
    size_t len;

    (void)state;
    assert_string_equal(jwk_id(key), "a b");
    assert_false(jwk_makes(key)); /* the private part is not read */
    assert_int_equal(jwk_sign(key, "x", 1, signature, &len, &why), RESULT_INVALID);
    jwk_free(key);
}

static void a_set_skips_keys_that_cannot_be_used(void **state)
{
    static const char set_text[] =
        "{\"other\":[{}],\"keys\":["
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\",\"kid\":\"a\"},"
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"kid\":\"b\"},"
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"use\":\"enc\"},"
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"c\"},"
        "{\"kty\":\"oct\",\"k\":\"AA\"}]}";
    struct jwk_set set;

    (void)state;
    must(jwk_set_from_json(set_text, strlen(set_text), &set, &why));
    assert_int_equal(set.count, 2);
    assert_int_equal(set.skipped, 3);
    assert_int_equal(set.symmetric, 1);
    assert_string_equal(jwk_id(set.keys[0]), "b");
    assert_string_equal(jwk_id(set.keys[1]), "c");
    jwk_set_free(&set);
}

static void sets_of_nothing_that_can_be_used_are_refused(void **state)
{
    static const struct {
        const char *text;
        enum result result;
    } rows[] = {
        {"{\"keys\":[]}", RESULT_INVALID},
        {"{\"keys\":[{\"kty\":\"EC\"}]}", RESULT_INVALID},
        {"{}", RESULT_MALFORMED},
        {"", RESULT_MALFORMED},
        {"[{\"kty\":\"oct\",\"k\":\"" K32 "\"}]", RESULT_MALFORMED},
        {"{\"kty\":\"oct\",\"k\":\"" K32 "\"}", RESULT_MALFORMED},
        {"{\"keys\":{\"kty\":\"oct\",\"k\":\"" K32 "\"}}", RESULT_MALFORMED},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\"},7]}", RESULT_MALFORMED},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\"}]", RESULT_MALFORMED},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\"}]}]", RESULT_MALFORMED},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\"}],\"keys\":[]}", RESULT_MALFORMED},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\",\"k\":\"" K32 "\"}]}",
         RESULT_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jwk_set set;

        if (jwk_set_from_json(rows[i].text, strlen(rows[i].text), &set, &why) != rows[i].result)
            fail_msg("not %s: %s", result_text(rows[i].result), rows[i].text);
        jwk_set_free(&set);
    }
}

static void a_set_of_too_many_keys_is_refused(void **state)
{
    struct buf text = {0};
    struct jwk_set set;

    (void)state;
    buf_puts(&text, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\"}");
    for (int i = 0; i < JWK_SET_MAX; i++)
        buf_puts(&text, ",{\"kty\":\"EC\"}");
    buf_puts(&text, "]}");
    assert_int_equal(jwk_set_from_json(text.data, text.len, &set, &why), RESULT_TOO_BIG);
    jwk_set_free(&set);
    buf_free(&text);
}

static void secrets_that_are_too_short_or_too_long_are_refused(void **state)
{
    static const uint8_t secret[JWK_SECRET_MAX + 1];
    struct jwk *key;

    (void)state;
    for (size_t len = 0; len <= sizeof(secret); len += len == 40 ? 900 : 1) {
        bool good = len >= 32 && len <= JWK_SECRET_MAX;

        assert_int_equal(jwk_from_secret(JWK_HS256, NULL, secret, len, &key, &why),
                         good ? RESULT_OK : RESULT_INVALID);
        jwk_free(key);
        assert_int_equal(jwk_from_secret(JWK_A256GCM, NULL, secret, len, &key, &why),
                         len == 32 ? RESULT_OK : RESULT_INVALID);
        jwk_free(key);
    }
}

static void pem_refused(enum jwk_algorithm algorithm, const char *pem)
{
    struct jwk *key;

    if (jwk_from_pem(algorithm, pem, strlen(pem), &key, &why) != RESULT_INVALID)
        fail_msg("was taken for %s: %s", jwk_algorithm_text(algorithm), pem);
    assert_null(key);
}

static void keys_in_pem_that_are_weak_or_of_another_kind_are_refused(void **state)
{
    struct pem weak, ed, strong;

    (void)state;
    pem_make(1024, &weak);
    pem_make(0, &ed);
    pem_make(2048, &strong);
    pem_refused(JWK_RS256, weak.secret);
    pem_refused(JWK_RS256, weak.open);
    pem_refused(JWK_RS256, ed.secret);
    pem_refused(JWK_EDDSA, strong.secret);
    pem_refused(JWK_EDDSA, strong.open);
    pem_refused(JWK_EDDSA, "");
    pem_refused(JWK_EDDSA, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
}

/* And nobody is asked for it: the test would hang at a terminal. */
static void a_key_that_a_passphrase_protects_is_refused(void **state)
{
    static const unsigned char phrase[] = "secret";
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_mem());
    char pem[2048];

    (void)state;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(),
                                                   (const char *)phrase, 6, NULL, NULL),
                     1);
    bio_text(bio, pem, sizeof(pem));
    EVP_PKEY_free(pkey);
    pem_refused(JWK_EDDSA, pem);
}

/* PKCS #8 of the private key of RFC 8037, whose JWK and thumbprint are known. */
static void a_public_key_is_written_as_a_jwk_and_reads_as_the_same(void **state)
{
    static const uint8_t head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                   0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    uint8_t der[sizeof(head) + 32];
    unsigned char lines[128];
    struct buf json = {0};
    struct jwk *key, *again;
    char pem[512];
    size_t got;

    (void)state;
    memcpy(der, head, sizeof(head));
    assert_true(base64url_read(ED_D, strlen(ED_D), der + sizeof(head), 32, &got));
    EVP_EncodeBlock(lines, der, sizeof(der));
    snprintf(pem, sizeof(pem), "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n",
             lines);
    key = key_of_pem(JWK_EDDSA, pem);
    assert_string_equal(jwk_id(key), ED_THUMBPRINT);
    must(jwk_write_public(key, &json, &why));
    assert_string_equal(json.data,
                        "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED_X
                        "\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"" ED_THUMBPRINT "\"}");
    again = must_read(json.data);
    assert_string_equal(jwk_id(again), ED_THUMBPRINT);
    jwk_free(key);
    jwk_free(again);
    buf_free(&json);
}

static void an_rsa_key_is_written_with_its_own_numbers(void **state)
{
    struct jwk *key =
        must_read("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"kid\":\"r\"}");
    struct buf json = {0};

    (void)state;
    must(jwk_write_public(key, &json, &why));
    assert_string_equal(json.data, "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" RSA_N
                                   "\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"r\"}");
    jwk_free(key);
    buf_free(&json);
}

static void a_secret_is_never_written_as_a_public_key(void **state)
{
    struct jwk *key = must_read("{\"kty\":\"oct\",\"k\":\"" K32 "\"}");
    struct buf json = {0};

    (void)state;
    assert_int_equal(jwk_write_public(key, &json, &why), RESULT_INVALID);
    assert_int_equal(json.len, 0);
    jwk_free(key);
    buf_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_cannot_be_used_here_are_refused),
        cmocka_unit_test(what_is_no_one_json_object_is_malformed),
        cmocka_unit_test(a_key_for_another_use_is_refused),
        cmocka_unit_test(a_key_does_only_what_its_key_ops_say),
        cmocka_unit_test(a_key_without_alg_gets_the_only_one_that_it_can_have),
        cmocka_unit_test(members_that_are_not_known_are_let_pass),
        cmocka_unit_test(a_set_skips_keys_that_cannot_be_used),
        cmocka_unit_test(sets_of_nothing_that_can_be_used_are_refused),
        cmocka_unit_test(a_set_of_too_many_keys_is_refused),
        cmocka_unit_test(secrets_that_are_too_short_or_too_long_are_refused),
        cmocka_unit_test(keys_in_pem_that_are_weak_or_of_another_kind_are_refused),
        cmocka_unit_test(a_key_that_a_passphrase_protects_is_refused),
        cmocka_unit_test(a_public_key_is_written_as_a_jwk_and_reads_as_the_same),
        cmocka_unit_test(an_rsa_key_is_written_with_its_own_numbers),
        cmocka_unit_test(a_secret_is_never_written_as_a_public_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
