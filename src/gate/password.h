/*
 * password.h: passwords: what is allowed, how they are kept, and how many are hashed at once.
 *
 * They are kept as yescrypt hashes in the form of crypt(5), made by libxcrypt, which costs
 * 16 MiB and some tens of milliseconds each.  So only a few processes of a home may hash at
 * once: slots.h.
 */
#ifndef GATE_PASSWORD_H
#define GATE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "gate/home.h"
#include "store/users.h"

enum {
    PASSWORD_MIN = 12, /* characters */
    PASSWORD_MAX = 256
};

/*
 * Whether a text may become a user's password: 12 to 256 characters of UTF-8 without NUL, not
 * one of the commonest, nor made of little but the username or this service's name.
 * RESULT_INVALID says what is wrong and allowed, never what it was.
 */
enum result password_allowed(const char *password, size_t len, const char *username,
                             struct reason *why);

/* Whether a hash that was brought along is of a kind and cost that is verified here. */
bool password_hash_known(const char *hash);

/* Hashes it for the database.  RESULT_BUSY: too many at once, try again. */
enum result password_hash(struct home *home, const char *password, size_t len,
                          char out[USER_PASSWORD_MAX + 1], struct reason *why);

/*
 * Whether it is the password of this hash.  hash NULL or empty: there is no such user, and the
 * same work is done for nothing: RESULT_DENIED, as for a wrong one.  *stale: it is right, and
 * the hash is of an older kind or cost and should be made anew.
 */
enum result password_check(struct home *home, const char *hash, const char *password,
                           size_t len, bool *stale, struct reason *why);

#endif
