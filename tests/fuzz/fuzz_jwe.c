/*
 * fuzz_jwe.c: any text as a sealed one, and any data and owner to be sealed.
 *
 * The first byte says which.  Three things hold:
 *
 * - A text that opens is canonical, and opens as the same again.
 * - Any header, with data properly sealed under it, opens only if it asks for dir and
 *   A256GCM and nothing else.
 * - What was sealed opens with its data and owner, and not with a byte of it changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "fuzz.h"
#include "base/base64url.h"
#include "base/utf8.h"
#include "gate/jwe.h"

static struct jwk *key;

static enum result open_text(const char *text, size_t len, struct jwe *jwe, struct buf *out)
{
    enum result result = jwe_read(text, len, jwe, NULL);

    return result == RESULT_OK ? jwe_decrypt(jwe, key, out, NULL) : result;
}

static void check_text(const char *text, size_t len)
{
    struct buf out = {0};
    struct jwe jwe;
    enum result result = open_text(text, len, &jwe, &out);

    CHECK(result == RESULT_OK || result == RESULT_DENIED);
    CHECK(result == RESULT_OK || out.len == 0);
    buf_free(&out);
}

/* The bytes are a header under which four bytes are sealed as they should be. */
static void check_header(const char *text, size_t len)
{
    uint8_t iv[12] = {1}, tag[16], sealed[4];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    struct buf whole = {0}, out = {0};
    struct jwe jwe;
    size_t secret_len;
    int put;

    base64url_put(&whole, text, len);
    if (whole.data == NULL)
        buf_puts(&whole, "");
    CHECK(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, jwk_secret(key, &secret_len),
                             iv) == 1);
    if (whole.len > 0)
        CHECK(EVP_EncryptUpdate(context, NULL, &put, (uint8_t *)whole.data, (int)whole.len) ==
              1);
    CHECK(EVP_EncryptUpdate(context, sealed, &put, (const uint8_t *)"data", 4) == 1);
    CHECK(EVP_EncryptFinal_ex(context, sealed + 4, &put) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
    EVP_CIPHER_CTX_free(context);
    buf_puts(&whole, "..");
    base64url_put(&whole, iv, sizeof(iv));
    buf_putc(&whole, '.');
    base64url_put(&whole, sealed, 4);
    buf_putc(&whole, '.');
    base64url_put(&whole, tag, sizeof(tag));
    if (open_text(whole.data, whole.len, &jwe, &out) == RESULT_OK) {
        struct jose_header header;

        CHECK(out.len == 4 && memcmp(out.data, "data", 4) == 0);
        CHECK(jose_header_read(&jwe.header, &header));
        CHECK(strcmp(header.alg, "dir") == 0 && strcmp(header.enc, "A256GCM") == 0);
        CHECK(strcmp(header.kid, jwe.kid) == 0 && strcmp(header.sub, jwe.owner) == 0);
    }
    buf_free(&whole);
    buf_free(&out);
}

/* The bytes are an owner, a zero byte and what is sealed for it. */
static void check_sealed(const char *text, size_t len)
{
    const char *zero = memchr(text, '\0', len);
    struct buf sealed = {0}, out = {0};
    struct jwe jwe;
    const char *payload;
    size_t payload_len;

    if (zero == NULL || zero == text || (size_t)(zero - text) > JOSE_OWNER_MAX ||
        !utf8_valid(text, (size_t)(zero - text)))
        return;
    payload = zero + 1;
    payload_len = len - (size_t)(payload - text);
    if (jwe_encrypt(key, "json", text, payload, payload_len, &sealed, NULL) == RESULT_OK) {
        CHECK(open_text(sealed.data, sealed.len, &jwe, &out) == RESULT_OK);
        CHECK(strcmp(jwe.owner, text) == 0);
        CHECK(out.len == payload_len && memcmp(out.data, payload, payload_len) == 0);
        buf_clear(&out, SIZE_MAX);
        sealed.data[payload_len % sealed.len] ^= 1;
        CHECK(open_text(sealed.data, sealed.len, &jwe, &out) == RESULT_DENIED);
        CHECK(out.len == 0);
    }
    buf_free(&sealed);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_part *const parts[] = {check_text, check_header, check_sealed};

    if (key == NULL)
        CHECK(jwk_from_secret(JWK_A256GCM, "k", "0123456789abcdef0123456789abcdef", 32, &key,
                              NULL) == RESULT_OK);
    fuzz_parts(parts, sizeof(parts) / sizeof(parts[0]), data, size);
    return 0;
}
