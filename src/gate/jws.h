/*
 * jws.h: signed texts in JWS compact serialisation (RFC 7515).
 *
 * Whatever does not hold is RESULT_DENIED, with nothing of the text in the reason.  A
 * header's alg has to be the key's own, byte for byte; its kid only tells which of the
 * configured keys to take; jwk, jku, x5u and x5c are never looked at.
 */
#ifndef GATE_JWS_H
#define GATE_JWS_H

#include <stddef.h>

#include "base/base64url.h"
#include "base/buf.h"
#include "base/result.h"
#include "gate/jwk.h"

enum {
    JWS_MAX = 8192, /* bytes of a whole text */
    JWS_TYPE_MAX = 32,
    JWS_PAYLOAD_MAX = BASE64URL_BYTES(JWS_MAX)
};

/* What was signed. */
struct jws {
    char type[JWS_TYPE_MAX + 1]; /* typ as it was written; "" for none or one that is longer */
    size_t len;
    char payload[JWS_PAYLOAD_MAX];
};

/*
 * Appends the payload, signed; type may be NULL.  RESULT_TOO_BIG for more than JWS_MAX in
 * all.
 */
enum result jws_sign(const struct jwk *key, const char *type, const void *payload, size_t len,
                     struct buf *out, struct reason *why);

/* Verifies with the keys of a set that may. */
enum result jws_verify(const struct jwk_set *keys, const char *text, size_t len,
                       struct jws *out, struct reason *why);

#endif
