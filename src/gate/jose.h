/*
 * jose.h: what signed and sealed texts in compact serialisation have in common: parts with
 * dots between, the first of them a header.
 *
 * A header is one strict JSON object: no repeated member, no byte behind it.  One with crit,
 * b64 or zip is refused, since nothing that those ask for is done here.  Members that are not
 * known are let pass and never looked at: jwk, jku, x5u and x5c among them.
 */
#ifndef GATE_JOSE_H
#define GATE_JOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/jwk.h"

enum {
    JOSE_HEADER_MAX = 8192, /* characters of a header */
    JOSE_WORD_MAX = 32,     /* bytes of its alg, enc and typ */
    JOSE_OWNER_MAX = 128    /* bytes of its sub */
};

/* A part of a text, as it is written. */
struct jose_part {
    const char *text;
    size_t len;
};

/* What a header says; "" for what it does not. */
struct jose_header {
    char alg[JOSE_WORD_MAX + 1], enc[JOSE_WORD_MAX + 1], typ[JOSE_WORD_MAX + 1];
    char kid[JWK_KID_MAX + 1];
    char sub[JOSE_OWNER_MAX + 1];
};

/* Whether the text is exactly count parts; each may be empty. */
bool jose_split(const char *text, size_t len, struct jose_part *parts, size_t count);

/*
 * Reads a header.  False for one that is refused; so is one with a member of the above that
 * is no string, is empty, has a NUL in it or is longer than any can be.
 */
bool jose_header_read(const struct jose_part *part, struct jose_header *out);

/* Whether a header's kid lets this key be tried: it is the key's, or one of the two has none.
 */
bool jose_kid_allows(const struct jose_header *header, const struct jwk *key);

#endif
