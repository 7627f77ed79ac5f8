/*
 * keyring.h: whom a worker knows.
 *
 * The keys and sessions that it remembers with all that they may, so that a call with a known
 * key or token asks the database nothing; emptied whenever the epoch tells that something
 * changed.  So whoever is revoked, logged out, disabled or demoted is that at the next
 * request.
 */
#ifndef GATE_KEYRING_H
#define GATE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "gate/caller.h"
#include "gate/home.h"

struct keyring;
struct tokens;

/* tokens, which tokens are checked with, may be NULL: then none holds. */
enum result keyring_new(struct home *home, struct tokens *tokens, struct keyring **out,
                        struct reason *why);
void keyring_free(struct keyring *ring);

/*
 * Who holds this key.  now is seconds since 1970.  RESULT_DENIED, one answer for a key
 * that is malformed, unknown, expired, revoked or rotated away, or whose owner is gone or
 * not active; any other result is the database's, RESULT_MALFORMED for one that does not say
 * what the key may, and the caller is not admitted.
 *
 * The scope admin of an owned key counts while the owner is an administrator.
 */
enum result keyring_check(struct keyring *ring, const char *text, size_t len, int64_t now,
                          struct caller *out, struct reason *why);

/*
 * Who has this access token.  As keyring_check(): RESULT_DENIED also for one whose session
 * has ended or whose user is not active.  A user has the scopes predict, jobs and read, an
 * administrator admin too.
 */
enum result keyring_check_token(struct keyring *ring, const char *text, size_t len, int64_t now,
                                struct caller *out, struct reason *why);

#endif
