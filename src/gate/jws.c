/*
 * jws.c: signed texts in JWS compact serialisation.
 */
#include "gate/jws.h"

#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "gate/jose.h"

enum {
    PART_HEADER,
    PART_PAYLOAD,
    PART_SIGNATURE,
    PARTS
};

static enum result denied(struct reason *why)
{
    return reason_set(why, RESULT_DENIED, "the signed text is not valid");
}

static void put_header(struct buf *out, const struct jwk *key, const char *type,
                       struct buf *scratch)
{
    struct json_writer writer = json_writer_on(scratch);

    json_write_object(&writer);
    json_member_string(&writer, "alg", jwk_algorithm_text(jwk_algorithm(key)));
    if (type != NULL)
        json_member_string(&writer, "typ", type);
    if (jwk_id(key)[0] != '\0')
        json_member_string(&writer, "kid", jwk_id(key));
    json_write_object_end(&writer);
    base64url_put(out, scratch->data, scratch->len);
    out->failed = out->failed || buf_failed(scratch);
}

enum result jws_sign(const struct jwk *key, const char *type, const void *payload, size_t len,
                     struct buf *out, struct reason *why)
{
    uint8_t signature[JWK_SIGNATURE_MAX];
    struct buf scratch = {0};
    size_t before = out->len, signature_len;
    enum result result;

    if (len > JWS_PAYLOAD_MAX)
        return reason_set(why, RESULT_TOO_BIG, "over %d bytes to sign", JWS_PAYLOAD_MAX);
    put_header(out, key, type, &scratch);
    buf_putc(out, '.');
    base64url_put(out, payload, len);
    result = buf_failed(out) ? reason_set(why, RESULT_NOMEM, "no memory to sign") : RESULT_OK;
    if (result == RESULT_OK)
        result = jwk_sign(key, out->data + before, out->len - before, signature, &signature_len,
                          why);
    if (result == RESULT_OK) {
        buf_putc(out, '.');
        base64url_put(out, signature, signature_len);
        if (buf_failed(out))
            result = reason_set(why, RESULT_NOMEM, "no memory to sign");
        else if (out->len - before > JWS_MAX)
            result = reason_set(why, RESULT_TOO_BIG, "over %d bytes when signed", JWS_MAX);
    }
    buf_free(&scratch);
    return result;
}

/* Whether one of the keys that the header allows has made the signature. */
static bool any_verifies(const struct jwk_set *keys, const struct jose_header *header,
                         const struct jose_part parts[PARTS])
{
    const char *text = parts[PART_HEADER].text;
    size_t len = parts[PART_HEADER].len + 1 + parts[PART_PAYLOAD].len, signature_len;
    uint8_t signature[JWK_SIGNATURE_MAX];
    bool good = false;

    if (!base64url_read(parts[PART_SIGNATURE].text, parts[PART_SIGNATURE].len, signature,
                        sizeof(signature), &signature_len))
        return false;
    for (size_t i = 0; !good && i < keys->count; i++)
        good = strcmp(header->alg, jwk_algorithm_text(jwk_algorithm(keys->keys[i]))) == 0 &&
               jose_kid_allows(header, keys->keys[i]) &&
               jwk_verify(keys->keys[i], text, len, signature, signature_len);
    return good;
}

enum result jws_verify(const struct jwk_set *keys, const char *text, size_t len,
                       struct jws *out, struct reason *why)
{
    struct jose_part parts[PARTS];
    struct jose_header header;

    out->type[0] = '\0';
    out->len = 0;
    if (len > JWS_MAX || !jose_split(text, len, parts, PARTS) ||
        !jose_header_read(&parts[PART_HEADER], &header) || header.alg[0] == '\0' ||
        header.enc[0] != '\0' || !any_verifies(keys, &header, parts) ||
        !base64url_read(parts[PART_PAYLOAD].text, parts[PART_PAYLOAD].len, out->payload,
                        sizeof(out->payload), &out->len))
        return denied(why);
    text_copy(out->type, sizeof(out->type), header.typ);
    return RESULT_OK;
}
