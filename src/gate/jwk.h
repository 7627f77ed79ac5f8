/*
 * jwk.h: keys for signing and sealing (RFC 7517), each for exactly one algorithm.
 *
 * The algorithm is the key's and never a token's choice: it is settled when the key is
 * read, by whoever configured it.  A key is read from raw bytes, from PEM or from a JSON Web
 * Key; what a JWK says of its use is kept to.
 */
#ifndef GATE_JWK_H
#define GATE_JWK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum jwk_algorithm {
    JWK_HS256,   /* HMAC with SHA-256: a secret of at least 32 bytes */
    JWK_RS256,   /* RSA PKCS#1 v1.5 with SHA-256: at least 2048 bits */
    JWK_EDDSA,   /* with Ed25519 */
    JWK_A256GCM, /* AES-256-GCM, used directly: a secret of 32 bytes */
    JWK__MAX
};

enum {
    JWK_KID_MAX = 128,   /* bytes of a key's id */
    JWK_SECRET_MIN = 32, /* bytes of a secret */
    JWK_SECRET_MAX = 1024,
    JWK_SIGNATURE_MAX = 1024, /* bytes: RSA of 8192 bits */
    JWK_SET_MAX = 1000        /* keys in a set */
};

struct jwk;

/* What tokens call the algorithm: "HS256"; never NULL. */
const char *jwk_algorithm_text(enum jwk_algorithm algorithm);

/*
 * A key from a secret's bytes, for HS256 or A256GCM, which are copied; the id may be NULL for
 * none.  RESULT_INVALID for a secret that is too short or too long.
 */
enum result jwk_from_secret(enum jwk_algorithm algorithm, const char *kid, const void *secret,
                            size_t len, struct jwk **out, struct reason *why);

/*
 * A key for RS256 or EdDSA from the first private or public key in PEM; its id is its
 * thumbprint (RFC 7638).  RESULT_INVALID for a key of another kind, one that is too weak,
 * and for one that a passphrase protects.
 */
enum result jwk_from_pem(enum jwk_algorithm algorithm, const char *pem, size_t len,
                         struct jwk **out, struct reason *why);

/*
 * A key from one JWK; of RSA and OKP keys the public part alone is read.  Members that are
 * not known are let pass.  RESULT_MALFORMED if it is no JSON object, RESULT_INVALID if it is
 * none that can be used here.
 */
enum result jwk_from_json(const char *text, size_t len, struct jwk **out, struct reason *why);

void jwk_free(struct jwk *key);

enum jwk_algorithm jwk_algorithm(const struct jwk *key);

/* Its id, "" for none. */
const char *jwk_id(const struct jwk *key);

/* Whether it may sign or seal, and whether it may verify or open. */
bool jwk_makes(const struct jwk *key);
bool jwk_checks(const struct jwk *key);

/* The bytes of an HS256 or A256GCM key; NULL for others. */
const uint8_t *jwk_secret(const struct jwk *key, size_t *len);

/* Appends an RS256 or EdDSA key's public part as a JWK. */
enum result jwk_write_public(const struct jwk *key, struct buf *out, struct reason *why);

/* Signs; *len is how many bytes the signature has. */
enum result jwk_sign(const struct jwk *key, const void *data, size_t data_len,
                     uint8_t out[JWK_SIGNATURE_MAX], size_t *len, struct reason *why);

/* Whether this is the key's signature of the data. */
bool jwk_verify(const struct jwk *key, const void *data, size_t data_len,
                const uint8_t *signature, size_t len);

/*
 * Keys in their order.  The set is the caller's to free, also after a failure; {0} is an
 * empty one.
 */
struct jwk_set {
    struct jwk **keys;
    size_t count;
    size_t symmetric; /* keys with kty oct that were in the file, usable or not */
    size_t skipped;   /* keys that cannot be used here */
};

/*
 * Reads a JWK Set.  A key that cannot be used here is skipped.  RESULT_MALFORMED if it is no
 * JWK Set, RESULT_TOO_BIG over JWK_SET_MAX keys, RESULT_INVALID if none can be used.
 */
enum result jwk_set_from_json(const char *text, size_t len, struct jwk_set *out,
                              struct reason *why);

/* Appends a key, which is the set's from then on; it is freed if that fails. */
enum result jwk_set_add(struct jwk_set *set, struct jwk *key, struct reason *why);

void jwk_set_free(struct jwk_set *set);

#endif
