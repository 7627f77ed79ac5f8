/*
 * seal.c: sealing what is confidential, so that its owner alone gets it opened.
 */
#include "gate/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/utf8.h"
#include "gate/jwe.h"

enum {
    FILE_MAX = 256 << 10,
    KID_BYTES = 9,
    PATH_LEN_MAX = 255
};

struct seal {
    char path[PATH_LEN_MAX + 1];
    struct file_stamp stamp; /* of the file that the keys are from */
    struct jwk_set keys;
};

/* The same for whatever it was: who seals learns nothing from who opens. */
static enum result denied(struct reason *why)
{
    return reason_set(why, RESULT_DENIED, "it was not sealed for this owner, or was changed");
}

/* A new key as a JWK. */
static void put_key(struct buf *out)
{
    uint8_t kid[KID_BYTES], key[SECRET_BYTES];
    char kid_text[BASE64URL_LEN(KID_BYTES) + 1] = "";
    char key_text[BASE64URL_LEN(SECRET_BYTES) + 1] = "";
    struct json_writer writer = json_writer_on(out);

    secret_random(kid, sizeof(kid));
    secret_random(key, sizeof(key));
    base64url_write(kid_text, kid, sizeof(kid));
    base64url_write(key_text, key, sizeof(key));
    json_write_object(&writer);
    json_member_string(&writer, "kty", "oct");
    json_member_string(&writer, "kid", kid_text);
    json_member_string(&writer, "use", "enc");
    json_member_string(&writer, "alg", jwk_algorithm_text(JWK_A256GCM));
    json_member_string(&writer, "k", key_text);
    json_write_object_end(&writer);
    secret_wipe(key, sizeof(key));
    secret_wipe(key_text, sizeof(key_text));
}

/* Writes the file and overwrites the buffer. */
static enum result write_keys(const char *path, struct buf *text, struct reason *why)
{
    enum result result;

    if (buf_failed(text))
        result = reason_set(why, RESULT_NOMEM, "%s: out of memory", path);
    else
        result = file_write_atomic(path, text->data, text->len, 0600, why);
    secret_buf_free(text);
    return result;
}

enum result seal_file_make(const char *path, struct reason *why)
{
    struct buf text = {0};

    if (access(path, F_OK) == 0)
        return RESULT_OK;
    buf_reserve(&text, 1024); /* at once, so that no copy is left where it has grown */
    buf_puts(&text, "{\"keys\":[");
    put_key(&text);
    buf_puts(&text, "]}\n");
    return write_keys(path, &text, why);
}

/* Reads the file's text and its keys; the caller frees both, also after a failure. */
static enum result load(const char *path, struct buf *text, struct jwk_set *keys,
                        struct reason *why)
{
    struct reason inner = {""};
    enum result result;

    *keys = (struct jwk_set){0};
    result = secret_file_load(path, FILE_MAX, text, why);
    if (result == RESULT_OK) {
        result = jwk_set_from_json(text->data, text->len, keys, &inner);
        if (result != RESULT_OK)
            reason_set(why, result, "%s: %s", path, inner.text);
    }
    return result;
}

/* Where the array of the keys begins, behind its [; the text is known to be a JWK Set. */
static size_t array_begin(const struct buf *text)
{
    struct json_reader reader = {0};
    size_t begin = 0;

    json_reader_start(&reader, text->data, text->len);
    json_next(&reader);
    while (begin == 0 && json_next(&reader) == JSON_KEY) {
        if (json_text_is(&reader, "keys") && json_next(&reader) == JSON_ARRAY)
            begin = json_offset(&reader) + 1;
        else
            json_skip(&reader);
    }
    json_reader_free(&reader);
    return begin;
}

/* All else in the file stays as it is, byte for byte. */
enum result seal_file_rotate(const char *path, struct reason *why)
{
    struct buf before = {0}, after = {0};
    struct jwk_set keys;
    enum result result;
    size_t begin;

    result = load(path, &before, &keys, why);
    if (result == RESULT_OK && keys.count + keys.skipped >= JWK_SET_MAX)
        result = reason_set(why, RESULT_TOO_BIG,
                            "%s: it has %d keys already; take old ones out", path, JWK_SET_MAX);
    if (result == RESULT_OK) {
        begin = array_begin(&before);
        buf_reserve(&after, before.len + 1024);
        buf_put(&after, before.data, begin);
        put_key(&after);
        buf_puts(&after, ",\n");
        buf_put(&after, before.data + begin, before.len - begin);
        result = write_keys(path, &after, why);
    }
    secret_buf_free(&before);
    jwk_set_free(&keys);
    return result;
}

/* The newest key that seals, NULL for none. */
static const struct jwk *key_newest(const struct seal *seal)
{
    for (size_t i = 0; i < seal->keys.count; i++)
        if (jwk_algorithm(seal->keys.keys[i]) == JWK_A256GCM && jwk_makes(seal->keys.keys[i]))
            return seal->keys.keys[i];
    return NULL;
}

static enum result read_keys(struct seal *seal, struct reason *why)
{
    struct file_stamp stamp = file_stamp_take(seal->path);
    struct buf text = {0};
    enum result result;

    jwk_set_free(&seal->keys);
    seal->stamp = (struct file_stamp){0};
    result = load(seal->path, &text, &seal->keys, why);
    secret_buf_free(&text);
    if (result == RESULT_OK && key_newest(seal) == NULL)
        result = reason_set(why, RESULT_INVALID, "%s: no key in it is for sealing (A256GCM)",
                            seal->path);
    if (result == RESULT_OK)
        seal->stamp = stamp;
    else
        jwk_set_free(&seal->keys);
    return result;
}

enum result seal_open(const char *path, struct seal **out, struct reason *why)
{
    struct seal *seal = calloc(1, sizeof(*seal));
    enum result result;

    *out = NULL;
    if (seal == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", path);
    if (text_copy(seal->path, sizeof(seal->path), path))
        result = read_keys(seal, why);
    else
        result = reason_set(why, RESULT_TOO_BIG, "%s: the path is too long", path);
    if (result == RESULT_OK)
        *out = seal;
    else
        seal_close(seal);
    return result;
}

void seal_close(struct seal *seal)
{
    if (seal == NULL)
        return;
    jwk_set_free(&seal->keys);
    free(seal);
}

enum result seal_refresh(struct seal *seal, struct reason *why)
{
    struct file_stamp now = file_stamp_take(seal->path);

    if (seal->keys.count > 0 && file_stamp_same(&now, &seal->stamp))
        return RESULT_OK;
    return read_keys(seal, why);
}

enum result seal_wrap(struct seal *seal, const char *owner, const char *data, size_t len,
                      struct buf *out, struct reason *why)
{
    const struct jwk *key = key_newest(seal);
    size_t owner_len = strlen(owner);

    if (key == NULL)
        return reason_set(why, RESULT_FAILED, "there is no key to seal with");
    if (owner_len == 0 || owner_len > JOSE_OWNER_MAX || !utf8_valid(owner, owner_len))
        return reason_set(why, RESULT_INVALID, "an owner has 1 to %d bytes", JOSE_OWNER_MAX);
    return jwe_encrypt(key, "json", owner, data, len, out, why);
}

/* The key that the text names. */
static const struct jwk *key_named(const struct seal *seal, const char *kid)
{
    for (size_t i = 0; i < seal->keys.count; i++)
        if (strcmp(jwk_id(seal->keys.keys[i]), kid) == 0 &&
            jwk_algorithm(seal->keys.keys[i]) == JWK_A256GCM)
            return seal->keys.keys[i];
    return NULL;
}

enum result seal_unwrap(struct seal *seal, const char *owner, const char *text, size_t len,
                        struct buf *out, struct reason *why)
{
    const struct jwk *key;
    enum result result;
    struct jwe jwe;

    if (jwe_read(text, len, &jwe, NULL) != RESULT_OK || jwe.kid[0] == '\0' ||
        jwe.owner[0] == '\0' || strcmp(jwe.owner, owner) != 0)
        return denied(why);
    key = key_named(seal, jwe.kid);
    if (key == NULL) {
        result = seal_refresh(seal, why);
        if (result != RESULT_OK)
            return result;
        key = key_named(seal, jwe.kid);
    }
    if (key == NULL)
        return denied(why);
    result = jwe_decrypt(&jwe, key, out, why);
    return result == RESULT_DENIED ? denied(why) : result;
}
