/*
 * jwe.h: sealed bytes in JWE compact serialisation (RFC 7516), with `dir` and A256GCM alone.
 *
 * Whatever does not hold is RESULT_DENIED, always with the same reason.
 */
#ifndef GATE_JWE_H
#define GATE_JWE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "gate/jose.h"
#include "gate/jwk.h"

enum {
    JWE_MAX = 64 << 20,    /* bytes of a whole text */
    JWE_HEADER_MAX = 1024, /* bytes of its header */
    JWE_IV_BYTES = 12,
    JWE_TAG_BYTES = 16
};

/* The parts of a text, which stays the caller's; nothing of it is proved until jwe_decrypt().
 */
struct jwe {
    struct jose_part header, sealed; /* as written */
    uint8_t iv[JWE_IV_BYTES], tag[JWE_TAG_BYTES];
    char kid[JWK_KID_MAX + 1];      /* "" for none */
    char owner[JOSE_OWNER_MAX + 1]; /* sub; "" for none */
};

/*
 * Appends the data, sealed under a key that may; its header says alg, enc, the key's id, the
 * content type and the owner; of the last two each may be NULL.
 */
enum result jwe_encrypt(const struct jwk *key, const char *type, const char *owner,
                        const void *data, size_t len, struct buf *out, struct reason *why);

/* Takes a text apart and checks its form. */
enum result jwe_read(const char *text, size_t len, struct jwe *out, struct reason *why);

/* Appends what was sealed, once all of it is proved. */
enum result jwe_decrypt(const struct jwe *jwe, const struct jwk *key, struct buf *out,
                        struct reason *why);

#endif
