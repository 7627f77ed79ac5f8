/*
 * login.h: a login by username and password, from the throttle to the session.
 *
 * Whoever tries learns of an account only what the right password opens: for an unknown user
 * and for a wrong password the same is done, in the same order, with one hash each.
 */
#ifndef GATE_LOGIN_H
#define GATE_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "gate/home.h"
#include "gate/session.h"
#include "store/users.h"

/* What somebody says. */
struct login_try {
    const char *username, *password;
    size_t password_len;
    struct addr from;            /* zero if nobody knows */
    char address[ADDR_TEXT_MAX]; /* the same as text, or empty */
    bool proof_alone;            /* of who is logged in: no session begins */
};

enum login_verdict {
    LOGIN_RIGHT,
    LOGIN_WRONG,    /* no such user, or not the password */
    LOGIN_EARLY,    /* nobody has looked: too many have failed */
    LOGIN_INACTIVE, /* right, but the account may nothing */
};

struct login_done {
    enum login_verdict verdict;
    int64_t wait_s; /* LOGIN_EARLY: from when on it will be looked at */
    struct session_row session;
    char refresh[SESSION_REFRESH_MAX + 1]; /* for the caller to wipe */
};

/*
 * RESULT_OK: there is a verdict, and with LOGIN_RIGHT a session, begun by home->actor, who is
 * the user from then on.  RESULT_BUSY: too many passwords are looked at; nothing was counted.
 * With any other result nobody is let in.
 */
enum result login_password(struct home *home, const struct login_try *tried,
                           struct login_done *done, struct reason *why);

#endif
