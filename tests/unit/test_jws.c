/*
 * test_jws.c: signed texts: what is none, and which key is taken.
 */
#include "jose_help.h"

#include "gate/jws.h"

#define HS "{\"alg\":\"HS256\"}"

static uint8_t secret[32] = "0123456789abcdefghijklmnopqrstu";
static struct jwk_set keys;
static struct jws jws;

static int setup(void **state)
{
    (void)state;
    must(jwk_set_add(&keys, key_of_secret(secret, sizeof(secret)), &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jwk_set_free(&keys);
    return 0;
}

static enum result verify(const char *text)
{
    return jws_verify(&keys, text, strlen(text), &jws, &why);
}

static void refused(const char *text)
{
    if (verify(text) != RESULT_DENIED)
        fail_msg("was taken: %.200s", text);
    assert_string_equal(why.text, "the signed text is not valid");
}

static void taken(const char *text)
{
    if (verify(text) != RESULT_OK)
        fail_msg("was refused: %.200s", text);
}

static void a_text_of_another_number_of_parts_is_refused(void **state)
{
    static const char *const texts[] = {"", ".", "..", "...", "....", "a.b", "a.b.c.d.e", "x"};
    const char *good = forge(keys.keys[0], HS, "x");
    char text[1024];

    (void)state;
    taken(good);
    for (size_t i = 0; i < COUNT(texts); i++)
        refused(texts[i]);
    snprintf(text, sizeof(text), "%s.", good);
    refused(text);
    snprintf(text, sizeof(text), ".%s", good);
    refused(text);
    snprintf(text, sizeof(text), "%s.AA.AA", good);
    refused(text);
    *strrchr(strcpy(text, good), '.') = '\0';
    refused(text);
}

/* Each of them properly signed. */
static void a_header_that_is_no_strict_object_is_refused(void **state)
{
    static const char *const headers[] = {
        "",
        "null",
        "[]",
        "\"HS256\"",
        "{}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\"",
        "{\"alg\":\"HS256\",}",
        "{\"alg\":\"HS256\"} ,",
        "{\"alg\":\"HS256\"}{}",
        "{'alg':'HS256'}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"none\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"al\\u0067\":\"none\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"typ\":\"at+jwt\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"HS256\"]}",
        "{\"alg\":{\"alg\":\"HS256\"}}",
        "{\"Alg\":\"HS256\"}",
        "{\"alg\":\"HS256\\u0000\"}",
        "{\"alg\":\"HS256\",\"typ\":7}",
        "{\"alg\":\"HS256\",\"typ\":\"\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\\u0000\"}",
        "{\"alg\":\"HS256\",\"x\":\"\xff\"}",
        "\xef\xbb\xbf{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"x\":1e400}",
    };

    (void)state;
    taken(forge(keys.keys[0], "{\"x\":[{\"alg\":\"none\"}],\"\\u0061lg\":\"HS256\"}", "x"));
    for (size_t i = 0; i < COUNT(headers); i++)
        refused(forge(keys.keys[0], headers[i], "x"));
}

static void a_header_that_asks_for_something_critical_is_refused(void **state)
{
    static const char *const members[] = {
        "\"crit\":[]",
        "\"crit\":[\"exp\"],\"exp\":1",
        "\"crit\":[\"b64\"],\"b64\":false",
        "\"crit\":null",
        "\"b64\":true",
        "\"b64\":false",
        "\"zip\":\"DEF\"",
        "\"enc\":\"A256GCM\"",
        "\"cri\\u0074\":[\"x\"]",
    };
    char header[256];

    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"HS256\",%s}", members[i]);
        refused(forge(keys.keys[0], header, "x"));
    }
}

static void a_header_too_deep_or_a_text_too_long_is_refused(void **state)
{
    struct buf text = {0};

    (void)state;
    buf_puts(&text, "{\"alg\":\"HS256\",\"x\":");
    for (int i = 0; i < 100; i++)
        buf_putc(&text, '[');
    for (int i = 0; i < 100; i++)
        buf_putc(&text, ']');
    buf_putc(&text, '}');
    refused(forge(keys.keys[0], text.data, "x"));
    buf_clear(&text, SIZE_MAX);
    while (text.len < 6200)
        buf_putc(&text, 'x');
    while (strlen(forge(keys.keys[0], HS, text.data)) > JWS_MAX) /* down to JWS_MAX */
        text.data[--text.len] = '\0';
    taken(forge(keys.keys[0], HS, text.data));
    assert_int_equal(jws.len, text.len);
    buf_puts(&text, "xxx");
    refused(forge(keys.keys[0], HS, text.data));
    buf_free(&text);
}

static void kid_selects_among_the_keys_and_does_nothing_else(void **state)
{
    struct jwk_set set = {0};
    struct jwk *a, *b;
    const char *text;

    (void)state;
    must(jwk_from_secret(JWK_HS256, "a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32, &a, &why));
    must(jwk_from_secret(JWK_HS256, "b", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 32, &b, &why));
    must(jwk_set_add(&set, a, &why));
    must(jwk_set_add(&set, b, &why));
    text = forge(b, "{\"alg\":\"HS256\",\"kid\":\"b\"}", "x");
    assert_int_equal(jws_verify(&set, text, strlen(text), &jws, &why), RESULT_OK);
    text = forge(b, HS, "x");
    assert_int_equal(jws_verify(&set, text, strlen(text), &jws, &why), RESULT_OK);
    text = forge(b, "{\"alg\":\"HS256\",\"kid\":\"a\"}", "x");
    assert_int_equal(jws_verify(&set, text, strlen(text), &jws, &why), RESULT_DENIED);
    text = forge(b, "{\"alg\":\"HS256\",\"kid\":\"B\"}", "x");
    assert_int_equal(jws_verify(&set, text, strlen(text), &jws, &why), RESULT_DENIED);
    text = forge(b, "{\"alg\":\"HS256\",\"kid\":\"\"}", "x");
    assert_int_equal(jws_verify(&set, text, strlen(text), &jws, &why), RESULT_DENIED);
    jwk_set_free(&set);
}

/* RFC 8017, section 8.2.2: a signature is as long as the modulus, with leading zeros. */
static void an_rsa_signature_of_another_length_is_refused(void **state)
{
    struct jwk_set set = {0};
    uint8_t signature[JWK_SIGNATURE_MAX + 2];
    struct pem pem;
    size_t len;

    (void)state;
    pem_make(2048, &pem);
    must(jwk_set_add(&set, key_of_pem(JWK_RS256, pem.secret), &why));
    must(jwk_sign(set.keys[0], "x", 1, signature + 1, &len, &why));
    assert_int_equal(len, 256);
    signature[0] = 0;
    signature[257] = 0;
    assert_true(jwk_verify(set.keys[0], "x", 1, signature + 1, 256));
    assert_false(jwk_verify(set.keys[0], "x", 1, signature, 257));
    assert_false(jwk_verify(set.keys[0], "x", 1, signature + 1, 257));
    assert_false(jwk_verify(set.keys[0], "x", 1, signature + 1, 255));
    assert_false(jwk_verify(set.keys[0], "x", 1, signature + 1, 0));
    jwk_set_free(&set);
}

/* A key whose signature is of S + L, which verifies where S is not bounded (RFC 8032, 5.1.7).
 */
static void an_ed25519_signature_with_another_s_is_refused(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    uint8_t signature[JWK_SIGNATURE_MAX];
    unsigned carry = 0;
    struct jwk *key;
    struct pem pem;
    size_t len;

    (void)state;
    pem_make(0, &pem);
    key = key_of_pem(JWK_EDDSA, pem.secret);
    must(jwk_sign(key, "x", 1, signature, &len, &why));
    assert_int_equal(len, 64);
    assert_true(jwk_verify(key, "x", 1, signature, 64));
    for (size_t i = 0; i < 32; i++) {
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(jwk_verify(key, "x", 1, signature, 64));
    jwk_free(key);
}

static void an_empty_set_verifies_nothing(void **state)
{
    const struct jwk_set none = {0};
    const char *text = forge(keys.keys[0], HS, "x");

    (void)state;
    assert_int_equal(jws_verify(&none, text, strlen(text), &jws, &why), RESULT_DENIED);
}

static void what_is_signed_verifies_with_its_bytes_and_type(void **state)
{
    static const char payload[] = "a\0b\xff{}";
    struct buf text = {0};

    (void)state;
    for (size_t len = 0; len < sizeof(payload); len++) {
        must(jws_sign(keys.keys[0], len % 2 == 0 ? "at+jwt" : NULL, payload, len, &text, &why));
        must(jws_verify(&keys, text.data, text.len, &jws, &why));
        assert_int_equal(jws.len, len);
        assert_memory_equal(jws.payload, payload, len);
        assert_string_equal(jws.type, len % 2 == 0 ? "at+jwt" : "");
        buf_clear(&text, SIZE_MAX);
    }
    buf_free(&text);
}

static void what_would_be_too_long_is_not_signed(void **state)
{
    static const char payload[JWS_PAYLOAD_MAX + 1];
    struct buf text = {0};

    (void)state;
    assert_int_equal(jws_sign(keys.keys[0], NULL, payload, sizeof(payload), &text, &why),
                     RESULT_TOO_BIG);
    assert_int_equal(jws_sign(keys.keys[0], NULL, payload, JWS_PAYLOAD_MAX, &text, &why),
                     RESULT_TOO_BIG);
    buf_free(&text);
}

static void example_verifies(const char *jwk, const char *text, const char *payload)
{
    struct jwk_set set = {0};
    struct jwk *key;

    must(jwk_from_json(jwk, strlen(jwk), &key, &why));
    must(jwk_set_add(&set, key, &why));
    must(jws_verify(&set, text, strlen(text), &jws, &why));
    assert_int_equal(jws.len, strlen(payload));
    assert_memory_equal(jws.payload, payload, jws.len);
    jwk_set_free(&set);
}

static void the_examples_of_the_rfcs_verify(void **state)
{
    (void)state;
    example_verifies(/* RFC 7515, appendix A.1 */
                     "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
                     "1qS0gZH75aKtMN3Yj"
                     "0iPS4hcgUuTwjAzZr1Z9CAow\"}",
                     "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo"
                     "gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-"
                     "mB92K27uhbUJU1p1r_wW1gFWFOE"
                     "jXk",
                     "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                     "\"http://example.com/is_root\":true}");
    example_verifies(/* RFC 8037, appendix A.4 */
                     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
                     "7TyWQHOg7hcvPapiMlrwIaaPcHURo"
                     "\"}",
                     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_"
                     "MGCjP0JzlnLWG1PPOt7-09P"
                     "GcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
                     "Example of Ed25519 signing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_another_number_of_parts_is_refused),
        cmocka_unit_test(a_header_that_is_no_strict_object_is_refused),
        cmocka_unit_test(a_header_that_asks_for_something_critical_is_refused),
        cmocka_unit_test(a_header_too_deep_or_a_text_too_long_is_refused),
        cmocka_unit_test(kid_selects_among_the_keys_and_does_nothing_else),
        cmocka_unit_test(an_rsa_signature_of_another_length_is_refused),
        cmocka_unit_test(an_ed25519_signature_with_another_s_is_refused),
        cmocka_unit_test(an_empty_set_verifies_nothing),
        cmocka_unit_test(what_is_signed_verifies_with_its_bytes_and_type),
        cmocka_unit_test(what_would_be_too_long_is_not_signed),
        cmocka_unit_test(the_examples_of_the_rfcs_verify),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
