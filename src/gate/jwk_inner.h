/*
 * jwk_inner.h: what a key is made of; a part of jwk.c and jwk_read.c.
 */
#ifndef GATE_JWK_INNER_H
#define GATE_JWK_INNER_H

#include <openssl/evp.h>

#include "base/secret.h"
#include "gate/jwk.h"

enum {
    JWK_RSA_BITS_MIN = 2048,
    JWK_RSA_BITS_MAX = 8192,
    JWK_NUMBER_BYTES = JWK_RSA_BITS_MAX / 8,
    JWK_ED25519_BYTES = 32,
    JWK_AES_BYTES = 32
};

struct jwk {
    enum jwk_algorithm algorithm;
    char kid[JWK_KID_MAX + 1];
    bool makes, checks;
    uint8_t *secret; /* in the vault; NULL for a key of libcrypto's */
    size_t secret_len;
    struct secret_mac *mac; /* HS256 */
    EVP_PKEY *pkey;         /* RS256, EdDSA */
    EVP_MD_CTX *context;
};

/*
 * A key of libcrypto's, which is the jwk's from then on, also after a failure; NULL is one
 * that could not be read.
 */
enum result jwk_from_pkey(enum jwk_algorithm algorithm, EVP_PKEY *pkey, bool is_private,
                          struct jwk **out, struct reason *why);

#endif
