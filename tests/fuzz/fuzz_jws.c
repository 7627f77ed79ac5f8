/*
 * fuzz_jws.c: any text as a signed one, and as what is signed.
 *
 * The first byte says which.  Three things hold:
 *
 * - A text that verifies is the one text of its parts: written again it is the same.
 * - Signed with the right key, any header and payload either is refused or says what it says;
 *   one whose alg is not the key's is refused.
 * - Claims that are read are within their bounds, and end in a NUL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "base/base64url.h"
#include "base/utf8.h"
#include "gate/jose.h"
#include "gate/jws.h"
#include "gate/token_claims.h"

static struct jwk_set keys;
static struct jws jws;

/* Only a canonical text can verify; whoever changes a bit of it has another. */
static void check_text(const char *text, size_t len)
{
    struct jose_part parts[3];
    uint8_t bytes[JWS_MAX];
    char again[JWS_MAX + 4];
    size_t got;

    if (jws_verify(&keys, text, len, &jws, NULL) != RESULT_OK)
        return;
    CHECK(jose_split(text, len, parts, 3));
    for (size_t i = 0; i < 3; i++) {
        CHECK(base64url_read(parts[i].text, parts[i].len, bytes, sizeof(bytes), &got));
        base64url_write(again, bytes, got);
        CHECK(BASE64URL_LEN(got) == parts[i].len);
        CHECK(memcmp(again, parts[i].text, parts[i].len) == 0);
    }
}

/* The text is a header, a zero byte and a payload. */
static void check_signed(const char *text, size_t len)
{
    const char *zero = memchr(text, '\0', len);
    size_t header_len = zero != NULL ? (size_t)(zero - text) : len;
    const char *payload = text + header_len + (zero != NULL);
    size_t payload_len = len - header_len - (zero != NULL), signature_len;
    uint8_t signature[JWK_SIGNATURE_MAX];
    struct jose_header header;
    struct buf out = {0};

    base64url_put(&out, text, header_len);
    buf_putc(&out, '.');
    base64url_put(&out, payload, payload_len);
    CHECK(jwk_sign(keys.keys[0], out.data, out.len, signature, &signature_len, NULL) ==
          RESULT_OK);
    buf_putc(&out, '.');
    base64url_put(&out, signature, signature_len);
    if (jws_verify(&keys, out.data, out.len, &jws, NULL) == RESULT_OK) {
        struct jose_part part = {out.data, BASE64URL_LEN(header_len)};

        CHECK(jws.len == payload_len && memcmp(jws.payload, payload, payload_len) == 0);
        CHECK(jose_header_read(&part, &header) && strcmp(header.alg, "HS256") == 0);
        CHECK(header.kid[0] == '\0' || strcmp(header.kid, jwk_id(keys.keys[0])) == 0);
        CHECK(strcmp(header.typ, jws.type) == 0);
    }
    buf_free(&out);
}

static void check_claims(const char *text, size_t len)
{
    const struct claims_wish wish = {
        .audience = "a", .role_claim = "r.s", .admin_roles = "b,c", .user_roles = "d"};
    struct claims claims;

    if (!claims_read(text, len, &wish, &claims))
        return;
    CHECK(strlen(claims.iss) <= CONFIG_TEXT_MAX && strlen(claims.sub) <= CONFIG_TEXT_MAX);
    CHECK(strlen(claims.email) <= TOKEN_NAME_MAX);
    CHECK(utf8_valid(claims.email, strlen(claims.email)));
    CHECK(utf8_valid(claims.shown_sub, strlen(claims.shown_sub)));
    for (size_t i = 0; i < CLAIM_TIME__MAX; i++)
        CHECK(claims.times[i].given || (!claims.times[i].whole && claims.times[i].value == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_part *const parts[] = {check_text, check_signed, check_claims};

    if (keys.count == 0) {
        struct jwk *key;

        CHECK(jwk_from_secret(JWK_HS256, "k", "0123456789abcdef0123456789abcdef", 32, &key,
                              NULL) == RESULT_OK);
        CHECK(jwk_set_add(&keys, key, NULL) == RESULT_OK);
    }
    fuzz_parts(parts, sizeof(parts) / sizeof(parts[0]), data, size);
    return 0;
}
