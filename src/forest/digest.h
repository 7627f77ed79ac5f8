/*
 * digest.h: SHA-256, for the identity of images and of the data that they come from.
 */
#ifndef FOREST_DIGEST_H
#define FOREST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum {
    DIGEST_BYTES = 32,
    DIGEST_HEX = 65, /* with the NUL */
};

struct digest;

/* NULL if there is no memory or libcrypto has no SHA-256. */
struct digest *digest_open(void);
void digest_add(struct digest *digest, const void *bytes, size_t len);

/* The sum of all that was added; RESULT_FAILED if libcrypto failed at any time. */
enum result digest_finish(struct digest *digest, uint8_t out[DIGEST_BYTES]);
void digest_close(struct digest *digest);

/* All in one. */
enum result digest_of(const void *bytes, size_t len, uint8_t out[DIGEST_BYTES]);

void digest_to_hex(const uint8_t bytes[DIGEST_BYTES], char out[DIGEST_HEX]);

/* False, with zeros in out, when the text is not 64 lower-case hex digits. */
bool digest_from_hex(const char *hex, uint8_t out[DIGEST_BYTES]);

#endif
