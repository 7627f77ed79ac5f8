/*
 * digest.c: SHA-256 by libcrypto, with a sticky error.
 */
#include "forest/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct digest {
    EVP_MD_CTX *context;
    bool failed;
};

struct digest *digest_open(void)
{
    struct digest *digest = calloc(1, sizeof(*digest));

    if (digest == NULL)
        return NULL;
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL ||
        EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        digest_close(digest);
        return NULL;
    }
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t len)
{
    if (EVP_DigestUpdate(digest->context, bytes, len) != 1)
        digest->failed = true;
}

enum result digest_finish(struct digest *digest, uint8_t out[DIGEST_BYTES])
{
    if (EVP_DigestFinal_ex(digest->context, out, NULL) != 1)
        digest->failed = true;
    return digest->failed ? RESULT_FAILED : RESULT_OK;
}

void digest_close(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

enum result digest_of(const void *bytes, size_t len, uint8_t out[DIGEST_BYTES])
{
    return EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) == 1 ? RESULT_OK
                                                                      : RESULT_FAILED;
}

static const char digits[] = "0123456789abcdef";

void digest_to_hex(const uint8_t bytes[DIGEST_BYTES], char out[DIGEST_HEX])
{
    size_t i;

    for (i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[DIGEST_HEX - 1] = '\0';
}

bool digest_from_hex(const char *hex, uint8_t out[DIGEST_BYTES])
{
    size_t i;

    memset(out, 0, DIGEST_BYTES);
    if (strlen(hex) != DIGEST_HEX - 1 || strspn(hex, digits) != DIGEST_HEX - 1)
        return false;
    for (i = 0; i < DIGEST_BYTES; i++)
        out[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                           (strchr(digits, hex[2 * i + 1]) - digits));
    return true;
}
