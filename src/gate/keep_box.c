/*
 * keep_box.c: the sealing of what is kept.
 */
#include "gate/keep_box.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/secret.h"

enum {
    IV_BYTES = 12
};

struct keep_box {
    struct secret_mac *mac;
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *context; /* holds the key of: */
    uint8_t salt[KEEP_SALT_BYTES];
    enum keep_purpose purpose; /* KEEP_PURPOSE__MAX: none yet */
};

enum result keep_box_new(const struct home *home, struct keep_box **out, struct reason *why)
{
    struct keep_box *box = *out = calloc(1, sizeof(*box));
    enum result result;

    if (box == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for what is kept");
    box->purpose = KEEP_PURPOSE__MAX;
    box->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    box->context = EVP_CIPHER_CTX_new();
    result = home_mac_derive(home, "kept predictions", &box->mac, why);
    if (result == RESULT_OK && (box->cipher == NULL || box->context == NULL))
        result = reason_set(why, RESULT_FAILED, "libcrypto has no AES-256-GCM");
    if (result != RESULT_OK) {
        keep_box_free(box);
        *out = NULL;
    }
    return result;
}

void keep_box_free(struct keep_box *box)
{
    if (box == NULL)
        return;
    EVP_CIPHER_CTX_free(box->context);
    EVP_CIPHER_free(box->cipher);
    secret_mac_free(box->mac);
    free(box);
}

/* Has the context hold the key, and this nonce. */
static bool key_take(struct keep_box *box, const struct keep_seal *seal, bool seals)
{
    uint8_t text[1 + KEEP_SALT_BYTES], key[SECRET_MAC_BYTES], iv[IV_BYTES] = {0};
    bool good = true, same = box->purpose == seal->purpose &&
                             memcmp(box->salt, seal->salt, sizeof(box->salt)) == 0;

    text[0] = (uint8_t)seal->purpose;
    memcpy(text + 1, seal->salt, KEEP_SALT_BYTES);
    memcpy(iv, &seal->number, sizeof(seal->number));
    if (!same) {
        box->purpose = KEEP_PURPOSE__MAX;
        good = secret_mac_digest(box->mac, text, sizeof(text), key) == RESULT_OK;
    }
    good = good && EVP_CipherInit_ex2(box->context, same ? NULL : box->cipher,
                                      same ? NULL : key, iv, seals, NULL) == 1;
    secret_wipe(key, sizeof(key));
    if (good && !same) {
        memcpy(box->salt, seal->salt, sizeof(box->salt));
        box->purpose = seal->purpose;
    }
    return good;
}

static bool run(struct keep_box *box, const struct keep_seal *seal, bool seals, const void *in,
                void *out, size_t len, uint8_t tag[KEEP_TAG_BYTES])
{
    EVP_CIPHER_CTX *context = box->context;
    uint8_t end[KEEP_TAG_BYTES];
    int put = 0;
    bool good;

    good = len <= INT_MAX && key_take(box, seal, seals) &&
           EVP_CipherUpdate(context, NULL, &put, seal->about, (int)seal->about_len) == 1 &&
           (len == 0 || EVP_CipherUpdate(context, out, &put, in, (int)len) == 1) &&
           (seals ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, KEEP_TAG_BYTES, tag) == 1) &&
           EVP_CipherFinal_ex(context, end, &put) == 1 && put == 0 &&
           (!seals ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, KEEP_TAG_BYTES, tag) == 1);
    ERR_clear_error();
    return good;
}

bool keep_box_seal(struct keep_box *box, const struct keep_seal *seal, const void *in,
                   void *out, size_t len, uint8_t tag[KEEP_TAG_BYTES])
{
    return run(box, seal, true, in, out, len, tag);
}

bool keep_box_open(struct keep_box *box, const struct keep_seal *seal, const void *in,
                   void *out, size_t len, const uint8_t tag[KEEP_TAG_BYTES])
{
    uint8_t copy[KEEP_TAG_BYTES];

    memcpy(copy, tag, sizeof(copy));
    if (run(box, seal, false, in, out, len, copy))
        return true;
    secret_wipe(out, len);
    return false;
}
