/*
 * keep_box.h: the sealing of what is kept: AES-256-GCM (NIST SP 800-38D) under keys that are
 * used for few texts each.
 *
 * A key is the digest of a purpose and a random salt under the home's secret, so no nonce has
 * to be random: with one salt each number is used once.  Who seals sees to that.
 */
#ifndef GATE_KEEP_BOX_H
#define GATE_KEEP_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"

enum {
    KEEP_SALT_BYTES = 16,
    KEEP_TAG_BYTES = 16
};

/* What is sealed.  One that was sealed for another purpose does not open. */
enum keep_purpose {
    KEEP_FOR_LOT,
    KEEP_FOR_ROWS,
    KEEP_FOR_TRUTH,
    KEEP_PURPOSE__MAX
};

struct keep_box;

enum result keep_box_new(const struct home *home, struct keep_box **out, struct reason *why);
void keep_box_free(struct keep_box *box);

/* Which key and nonce, and the bytes beside that have to be the same when it is opened. */
struct keep_seal {
    enum keep_purpose purpose;
    const uint8_t *salt; /* KEEP_SALT_BYTES */
    uint32_t number;
    const void *about;
    size_t about_len;
};

/* Seals from `in` to `out`, which may be the same; false if libcrypto could not. */
bool keep_box_seal(struct keep_box *box, const struct keep_seal *seal, const void *in,
                   void *out, size_t len, uint8_t tag[KEEP_TAG_BYTES]);

/* Opens it; false if anything of it is not as it was sealed, and then `out` is wiped. */
bool keep_box_open(struct keep_box *box, const struct keep_seal *seal, const void *in,
                   void *out, size_t len, const uint8_t tag[KEEP_TAG_BYTES]);

#endif
