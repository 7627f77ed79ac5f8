/*
 * test_jwe.c: sealed texts: what is none, and that every bit of them counts.
 */
#include "jose_help.h"

#include "gate/jwe.h"

/* What python3-jwcrypto has sealed under K for ann: plain, and compressed. */
#define K "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"
#define PLAIN                                                                              \
    "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIiwgImtpZCI6ICJhIiwgInN1YiI6ICJhbm4ifQ..9M76" \
    "zeLQNV3jT8Kr.kGUZLjSY-w.Ag7PiUU3fUpNnu8YrPE4FA"
#define COMPRESSED                                                                          \
    "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIiwgInppcCI6ICJERUYiLCAia2lkIjogImEiLCAic3ViI" \
    "jogImFubiJ9..cNV-qZediUlgWbmz.1A-HuXYs.9Cp9lCVGvTQGHBOqtmih8w"

static struct jwk *key;

static int setup(void **state)
{
    (void)state;
    must(jwk_from_json(
        "{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"kid\":\"a\",\"k\":\"" K "\"}",
        strlen("{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"kid\":\"a\",\"k\":\"" K "\"}"), &key,
        &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jwk_free(key);
    return 0;
}

static enum result open_with(const struct jwk *with, const char *text, size_t len,
                             struct buf *out)
{
    struct jwe jwe;
    enum result result = jwe_read(text, len, &jwe, &why);

    return result == RESULT_OK ? jwe_decrypt(&jwe, with, out, &why) : result;
}

static void refused(const char *text, size_t len)
{
    struct buf out = {0};

    if (open_with(key, text, len, &out) != RESULT_DENIED)
        fail_msg("was opened: %.200s", text);
    assert_string_equal(why.text, "the sealed text is not valid");
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

/* Any header, sealed as it should be. */
static void header_refused(const char *header)
{
    uint8_t iv[12] = {1}, tag[16], sealed[4];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    struct buf text = {0};
    size_t len;
    int put;

    base64url_put(&text, header, strlen(header));
    assert_int_equal(
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, jwk_secret(key, &len), iv), 1);
    assert_int_equal(
        EVP_EncryptUpdate(context, NULL, &put, (uint8_t *)text.data, (int)text.len), 1);
    assert_int_equal(EVP_EncryptUpdate(context, sealed, &put, (const uint8_t *)"data", 4), 1);
    assert_int_equal(EVP_EncryptFinal_ex(context, sealed + 4, &put), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
    EVP_CIPHER_CTX_free(context);
    buf_puts(&text, "..");
    base64url_put(&text, iv, sizeof(iv));
    buf_putc(&text, '.');
    base64url_put(&text, sealed, 4);
    buf_putc(&text, '.');
    base64url_put(&text, tag, sizeof(tag));
    refused(text.data, text.len);
    buf_free(&text);
}

static void what_another_program_has_sealed_opens(void **state)
{
    struct buf out = {0};
    struct jwe jwe;

    (void)state;
    must(jwe_read(PLAIN, strlen(PLAIN), &jwe, &why));
    assert_string_equal(jwe.kid, "a");
    assert_string_equal(jwe.owner, "ann");
    must(jwe_decrypt(&jwe, key, &out, &why));
    assert_string_equal(out.data, "{\"a\":1}");
    buf_free(&out);
}

static void a_compressed_text_is_refused(void **state)
{
    (void)state;
    refused(COMPRESSED, strlen(COMPRESSED));
}

static void every_bit_counts(void **state)
{
    char text[sizeof(PLAIN)];

    (void)state;
    for (size_t bit = 0; bit < 8 * strlen(PLAIN); bit++) {
        memcpy(text, PLAIN, sizeof(PLAIN));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        refused(text, strlen(PLAIN));
    }
}

static void a_text_that_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(PLAIN); len++)
        refused(PLAIN, len);
    refused(PLAIN ".", strlen(PLAIN) + 1);
    refused(PLAIN "=", strlen(PLAIN) + 1);
    refused(PLAIN "\n", strlen(PLAIN) + 1);
    refused(PLAIN "AA", strlen(PLAIN) + 2);
    refused(PLAIN "\0", strlen(PLAIN) + 1);
}

static void a_header_of_another_algorithm_is_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"dir\"}",
        "{\"enc\":\"A256GCM\"}",
        "{\"alg\":\"DIR\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"none\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483647,\"enc\":\"A256GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"a256gcm\"}",
        "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"A128CBC-HS256\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"crit\":[\"sub\"]}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":1}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"sub\":[\"ann\"]}",
        "[\"dir\",\"A256GCM\"]",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}x",
        "",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++)
        header_refused(headers[i]);
}

static void parts_of_another_length_are_refused(void **state)
{
    static const char head[] = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0";
    static const char *const rests[] = {
        ".AA.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA", /* a key in it */
        "..AAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA",    /* 11 bytes of nonce */
        "..AAAAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA", /* 13 */
        "...AA.AAAAAAAAAAAAAAAAAAAAAA",                   /* none */
        "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAA",     /* 15 bytes of tag */
        "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAAA",  /* 17 */
        "..AAAAAAAAAAAAAAAA.AA.",                         /* none */
        "..AAAAAAAAAAAAAAAA.A.AAAAAAAAAAAAAAAAAAAAAA",    /* no base64url */
        "..AAAAAAAAAAAAAAAA.AB.AAAAAAAAAAAAAAAAAAAAAA",
        "..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA", /* the right form, and nobody's */
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT(rests); i++) {
        snprintf(text, sizeof(text), "%s%s", head, rests[i]);
        refused(text, strlen(text));
    }
}

static void a_json_serialisation_is_refused(void **state)
{
    static const char text[] =
        "{\"protected\":"
        "\"eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIiwgImtpZCI6ICJhIiwgInN1YiI6IC"
        "Jhbm4ifQ\",\"iv\":\"9M76zeLQNV3jT8Kr\",\"ciphertext\":\"kGUZLjSY-w\",\"tag\":"
        "\"Ag7PiUU3fU"
        "pNnu8YrPE4FA\"}";

    (void)state;
    refused(text, strlen(text));
}

static void a_key_for_another_use_opens_and_seals_nothing(void **state)
{
    static const char *const keys[] = {
        "{\"kty\":\"oct\",\"k\":\"" K "\"}",
        "{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"key_ops\":[\"encrypt\"],\"k\":\"" K "\"}",
    };
    struct buf out = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct jwk *other;

        must(jwk_from_json(keys[i], strlen(keys[i]), &other, &why));
        assert_int_equal(open_with(other, PLAIN, strlen(PLAIN), &out), RESULT_DENIED);
        assert_int_equal(jwe_encrypt(other, NULL, NULL, "x", 1, &out, &why),
                         i == 0 ? RESULT_INVALID : RESULT_OK);
        jwk_free(other);
    }
    buf_free(&out);
}

static void what_is_sealed_opens_and_never_looks_the_same_twice(void **state)
{
    struct buf texts[2] = {{0}}, out = {0};
    static char data[100000];

    (void)state;
    memset(data, 'x', sizeof(data));
    for (size_t len = 0; len <= sizeof(data);
         len = len < 40 ? len + 1 : len + sizeof(data) - 40) {
        for (int i = 0; i < 2; i++) {
            buf_clear(&texts[i], SIZE_MAX);
            must(jwe_encrypt(key, "json", "ann", data, len, &texts[i], &why));
        }
        assert_int_equal(texts[0].len, texts[1].len);
        assert_memory_not_equal(texts[0].data, texts[1].data, texts[0].len);
        buf_clear(&out, SIZE_MAX);
        buf_puts(&out, "before");
        must(open_with(key, texts[0].data, texts[0].len, &out));
        assert_int_equal(out.len, 6 + len);
        assert_memory_equal(out.data, "before", 6);
        assert_memory_equal(out.data + 6, data, len);
    }
    buf_free(&texts[0]);
    buf_free(&texts[1]);
    buf_free(&out);
}

static void an_owner_is_escaped_and_one_too_long_is_not_sealed_for(void **state)
{
    static const char owner[] = "a\"b\\\n\xc3\xa4";
    struct buf text = {0};
    char longest[2000];
    struct jwe jwe;

    (void)state;
    must(jwe_encrypt(key, NULL, owner, "x", 1, &text, &why));
    must(jwe_read(text.data, text.len, &jwe, &why));
    assert_string_equal(jwe.owner, owner);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(jwe_encrypt(key, NULL, longest, "x", 1, &text, &why), RESULT_TOO_BIG);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_program_has_sealed_opens),
        cmocka_unit_test(a_compressed_text_is_refused),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(a_text_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(a_header_of_another_algorithm_is_refused),
        cmocka_unit_test(parts_of_another_length_are_refused),
        cmocka_unit_test(a_json_serialisation_is_refused),
        cmocka_unit_test(a_key_for_another_use_opens_and_seals_nothing),
        cmocka_unit_test(what_is_sealed_opens_and_never_looks_the_same_twice),
        cmocka_unit_test(an_owner_is_escaped_and_one_too_long_is_not_sealed_for),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
