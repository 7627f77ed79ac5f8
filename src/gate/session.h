/*
 * session.h: from a login to a logout.
 *
 * A session is a row of the database; an access token names it, and holds no longer than it.
 * Refresh tokens are
 *
 *     fgr_<session>_<generation>_<HMAC-SHA-256 over what is before it, under a key of the home>
 *
 * of 22, 10 and 43 characters, and each holds once: using it makes the next generation.  One
 * that is used again was stolen, or its successor was, so the session ends (RFC 9700, section
 * 4.14.2).
 */
#ifndef GATE_SESSION_H
#define GATE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "gate/home.h"
#include "store/sessions.h"

enum {
    SESSION_REFRESH_MAX = 127,
    SESSION_COUNT_MAX = 100 /* of a user */
};

/*
 * Begins a session of a user who has proved to be that one, by the password of this hash.  It
 * lasts session_lifetime; a user has at most SESSION_COUNT_MAX, of which the oldest give way.
 * RESULT_DENIED if the user is gone, not active or has another password by now.
 */
enum result session_begin(struct home *home, const char *user, const char *hash,
                          const char *address, struct session_row *row,
                          char refresh[SESSION_REFRESH_MAX + 1], struct reason *why);

/*
 * Trades a refresh token for the next one.  RESULT_DENIED, one answer, for whatever does not
 * hold; if it was used before the session has ended from the return on.
 */
enum result session_refresh(struct home *home, const char *text, size_t len,
                            struct session_row *row, char refresh[SESSION_REFRESH_MAX + 1],
                            struct reason *why);

/* Ends a session, or all of a user's: in every worker from the return on. */
enum result session_end(struct home *home, const char *id, struct reason *why);
enum result session_end_all(struct home *home, const char *user, struct reason *why);

#endif
