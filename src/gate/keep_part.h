/*
 * keep_part.h: the numbers of a part of a kept request, and its truth, as they stand sealed in
 * the database.
 *
 * All that its row says in clear, but for its id and what is known, is sealed with the numbers:
 * they open under that row alone.
 */
#ifndef GATE_KEEP_PART_H
#define GATE_KEEP_PART_H

#include "base/buf.h"
#include "gate/keep_box.h"
#include "store/kept.h"

/* What is sealed under one salt: begun with {0}, a new salt comes with the first. */
struct keep_sealing {
    uint8_t salt[KEEP_SALT_BYTES];
    uint32_t number;
};

/* Puts the sealed bytes in the place of what `out` has; false for want of memory and the like.
 */
bool keep_part_seal(struct keep_box *box, struct keep_sealing *sealing,
                    enum keep_purpose purpose, const struct kept_row *row, const void *numbers,
                    size_t len, struct buf *out);

/*
 * Opens them to `out`, aligned for doubles, in the place of what it has: exactly `expected`
 * bytes.  RESULT_MALFORMED if they are not as they were sealed.
 */
enum result keep_part_open(struct keep_box *box, enum keep_purpose purpose,
                           const struct kept_row *row, const void *sealed, size_t len,
                           size_t expected, struct buf *out);

#endif
