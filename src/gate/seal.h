/*
 * seal.h: sealing what is confidential, so that its owner alone gets it opened.
 *
 * The keys are in one file of the home, a JSON Web Key Set with the newest first, so that any
 * JOSE client that is given it opens what was sealed.  What is sealed says whom it is for; a
 * fresh random nonce each time, so one key is good for 2^32 of them: rotate it before.
 */
#ifndef GATE_SEAL_H
#define GATE_SEAL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/result.h"

struct seal;

/* Makes the file with one new key, mode 0600; one that exists is kept. */
enum result seal_file_make(const char *path, struct reason *why);

/* Puts a new key in front; what the old ones sealed still opens. */
enum result seal_file_rotate(const char *path, struct reason *why);

/*
 * Reads the keys.  RESULT_DENIED, with the command that mends it, if others than the file's
 * owner may read it; RESULT_INVALID if there is no key in it that seals.
 */
enum result seal_open(const char *path, struct seal **out, struct reason *why);
void seal_close(struct seal *seal);

/* Reads the keys anew if the file was replaced; after a failure there are none. */
enum result seal_refresh(struct seal *seal, struct reason *why);

/* Appends the JWE of data for its owner: 1 to JOSE_OWNER_MAX bytes of UTF-8. */
enum result seal_wrap(struct seal *seal, const char *owner, const char *data, size_t len,
                      struct buf *out, struct reason *why);

/*
 * Appends what was sealed for this very owner; RESULT_DENIED for anything else, always with
 * the same reason.  A key that is not known is looked for in the file once.
 */
enum result seal_unwrap(struct seal *seal, const char *owner, const char *text, size_t len,
                        struct buf *out, struct reason *why);

#endif
