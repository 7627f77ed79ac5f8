/*
 * secret.h: random bytes, keyed digests, and the handling of secrets in memory.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    SECRET_MAC_BYTES = 32,
    SECRET_BYTES = 32
};

/*
 * Random bytes from the kernel, fit for keys.  Ends the process if the kernel has
 * none to give: nothing that follows could be trusted.
 */
void secret_random(void *out, size_t len);

/*
 * Random bytes for names that must be unique and need not be secret (request ids):
 * from a pool that is filled from the kernel, one call for many.
 */
void secret_random_pooled(void *out, size_t len);

/* Overwrites a secret; the compiler cannot leave it out. */
void secret_wipe(void *bytes, size_t len);

/* Whether two byte strings of one length are equal, in a time that tells nothing. */
bool secret_equal(const void *a, const void *b, size_t len);

/*
 * HMAC-SHA-256 (RFC 2104) under one key, which is kept in the vault, and its context too:
 * making one for each digest would cost ten times the digest.  Not shared between threads.
 */
struct secret_mac;

enum result secret_mac_new(const void *key, size_t len, struct secret_mac **out,
                           struct reason *why);
enum result secret_mac_digest(struct secret_mac *mac, const void *data, size_t len,
                              uint8_t out[SECRET_MAC_BYTES]);
void secret_mac_free(struct secret_mac *mac);

/*
 * The same under a key of its own, for one purpose: the digest of a label, which nothing else
 * under the first key may be.
 */
enum result secret_mac_derive(struct secret_mac *from, const void *label, size_t len,
                              struct secret_mac **out, struct reason *why);

/*
 * Reads a secret file of exactly SECRET_BYTES.  RESULT_DENIED, with the command that
 * mends it, if others than its owner may read it; RESULT_INVALID if it has another
 * length; RESULT_MISSING if it is not there.
 */
enum result secret_file_read(const char *path, uint8_t out[SECRET_BYTES], struct reason *why);

/*
 * Appends a file of 1 to max bytes that is as secret; RESULT_DENIED as above, RESULT_INVALID
 * for another length.  The caller wipes it: secret_buf_free().
 */
enum result secret_file_load(const char *path, size_t max, struct buf *out, struct reason *why);

/* Overwrites what is in the buffer and frees it. */
void secret_buf_free(struct buf *buf);

/* Makes a secret file with new random bytes, mode 0600; one that exists is kept. */
enum result secret_file_make(const char *path, struct reason *why);

/* The same in the place of one that exists: readers have the old one or the new one. */
enum result secret_file_replace(const char *path, struct reason *why);

#endif
