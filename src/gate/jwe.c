/*
 * jwe.c: sealed bytes in JWE compact serialisation, with `dir` and A256GCM alone.
 */
#include "gate/jwe.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/base64url.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "base/text.h"

enum {
    PART_HEADER,
    PART_KEY,
    PART_IV,
    PART_SEALED,
    PART_TAG,
    PARTS
};

/* Bytes that fit in a text of JWE_MAX, whatever its header. */
static const size_t data_max = ((size_t)JWE_MAX - (size_t)2 * JWE_HEADER_MAX) / 4 * 3;

static enum result denied(struct reason *why)
{
    return reason_set(why, RESULT_DENIED, "the sealed text is not valid");
}

static enum result no_memory(struct reason *why)
{
    return reason_set(why, RESULT_NOMEM, "no memory for a sealed text");
}

static enum result put_header(struct buf *out, const struct jwk *key, const char *type,
                              const char *owner, struct reason *why)
{
    struct buf header = {0};
    struct json_writer writer = json_writer_on(&header);
    enum result result = RESULT_OK;

    json_write_object(&writer);
    json_member_string(&writer, "alg", "dir");
    json_member_string(&writer, "enc", jwk_algorithm_text(JWK_A256GCM));
    if (jwk_id(key)[0] != '\0')
        json_member_string(&writer, "kid", jwk_id(key));
    if (type != NULL)
        json_member_string(&writer, "cty", type);
    if (owner != NULL)
        json_member_string(&writer, "sub", owner);
    json_write_object_end(&writer);
    base64url_put(out, header.data, header.len);
    if (buf_failed(&header) || buf_failed(out))
        result = no_memory(why);
    else if (BASE64URL_LEN(header.len) > JWE_HEADER_MAX)
        result = reason_set(why, RESULT_TOO_BIG, "the header is over %d bytes", JWE_HEADER_MAX);
    buf_free(&header);
    return result;
}

/* One run of AES-256-GCM; out may be in.  When it opens, false if the tag is another's. */
static bool run_gcm(bool seals, const uint8_t *key, const uint8_t *iv,
                    const struct jose_part *header, const uint8_t *in, size_t len, uint8_t *out,
                    uint8_t tag[JWE_TAG_BYTES])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int put = 0, end = 0;
    bool good;

    good = context != NULL &&
           EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, iv, seals) == 1 &&
           EVP_CipherUpdate(context, NULL, &put, (const uint8_t *)header->text,
                            (int)header->len) == 1 &&
           (len == 0 || EVP_CipherUpdate(context, out, &put, in, (int)len) == 1) &&
           (seals ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, JWE_TAG_BYTES, tag) == 1) &&
           EVP_CipherFinal_ex(context, out + len, &end) == 1 && end == 0 &&
           (!seals ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, JWE_TAG_BYTES, tag) == 1);
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return good;
}

/* The key's bytes, if it is one for this and may be used so. */
static const uint8_t *key_bytes(const struct jwk *key, bool may)
{
    size_t len;
    const uint8_t *bytes = jwk_secret(key, &len);

    return may && jwk_algorithm(key) == JWK_A256GCM ? bytes : NULL;
}

enum result jwe_encrypt(const struct jwk *key, const char *type, const char *owner,
                        const void *data, size_t len, struct buf *out, struct reason *why)
{
    const uint8_t *secret = key_bytes(key, jwk_makes(key));
    uint8_t iv[JWE_IV_BYTES], tag[JWE_TAG_BYTES];
    struct jose_part header;
    struct buf sealed = {0};
    size_t before = out->len;
    enum result result;
    uint8_t *room;

    if (secret == NULL)
        return reason_set(why, RESULT_INVALID, "the key is not for sealing");
    if (len > data_max)
        return reason_set(why, RESULT_TOO_BIG, "too much to seal at once");
    result = put_header(out, key, type, owner, why);
    if (result != RESULT_OK)
        return result;
    header = (struct jose_part){out->data + before, out->len - before};
    room = (uint8_t *)buf_reserve(&sealed, len);
    if (room == NULL)
        return no_memory(why);
    secret_random(iv, sizeof(iv));
    if (run_gcm(true, secret, iv, &header, data, len, room, tag)) {
        buf_puts(out, "..");
        base64url_put(out, iv, sizeof(iv));
        buf_putc(out, '.');
        base64url_put(out, room, len);
        buf_putc(out, '.');
        base64url_put(out, tag, sizeof(tag));
        result = buf_failed(out) ? no_memory(why) : RESULT_OK;
    } else {
        result = reason_set(why, RESULT_FAILED, "libcrypto could not seal");
    }
    buf_free(&sealed);
    return result;
}

static bool read_exact(const struct jose_part *part, uint8_t *out, size_t len)
{
    size_t got;

    return base64url_read(part->text, part->len, out, len, &got) && got == len;
}

enum result jwe_read(const char *text, size_t len, struct jwe *out, struct reason *why)
{
    struct jose_part parts[PARTS];
    struct jose_header header;

    memset(out, 0, sizeof(*out));
    if (len > JWE_MAX || !jose_split(text, len, parts, PARTS) ||
        parts[PART_HEADER].len > JWE_HEADER_MAX ||
        !jose_header_read(&parts[PART_HEADER], &header) || strcmp(header.alg, "dir") != 0 ||
        strcmp(header.enc, jwk_algorithm_text(JWK_A256GCM)) != 0 || parts[PART_KEY].len != 0 ||
        !read_exact(&parts[PART_IV], out->iv, sizeof(out->iv)) ||
        !read_exact(&parts[PART_TAG], out->tag, sizeof(out->tag)))
        return denied(why);
    out->header = parts[PART_HEADER];
    out->sealed = parts[PART_SEALED];
    text_copy(out->kid, sizeof(out->kid), header.kid);
    text_copy(out->owner, sizeof(out->owner), header.sub);
    return RESULT_OK;
}

enum result jwe_decrypt(const struct jwe *jwe, const struct jwk *key, struct buf *out,
                        struct reason *why)
{
    const uint8_t *secret = key_bytes(key, jwk_checks(key));
    size_t room = BASE64URL_BYTES(jwe->sealed.len), len;
    uint8_t tag[JWE_TAG_BYTES];
    uint8_t *bytes;

    if (secret == NULL)
        return denied(why);
    bytes = (uint8_t *)buf_reserve(out, room);
    if (bytes == NULL)
        return no_memory(why);
    memcpy(tag, jwe->tag, sizeof(tag));
    if (!base64url_read(jwe->sealed.text, jwe->sealed.len, bytes, room, &len) ||
        !run_gcm(false, secret, jwe->iv, &jwe->header, bytes, len, bytes, tag)) {
        secret_wipe(bytes, room); /* what came out was never proved */
        buf_advance(out, 0);
        return denied(why);
    }
    buf_advance(out, len);
    return RESULT_OK;
}
