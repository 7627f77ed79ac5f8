/*
 * user.h: people: who they are, what they may, and how that is changed.
 *
 * A user is named by an e-mail address, in lower case, and in logs by a random id.  What a
 * user may: use these models, within the limits of this tier, which all of the user's keys
 * and logins share; and with the role admin, administer.  Who is not active may nothing.
 *
 * Every change is a change of the home: it counts in every worker from the return on, and has
 * a row in the audit trail.  Somebody who is not active any more, is deleted, or gets another
 * password is logged out everywhere.
 */
#ifndef GATE_USER_H
#define GATE_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "gate/home.h"
#include "gate/key.h"
#include "store/sessions.h"
#include "store/users.h"

/* What can be said of a user; each as a text. */
enum user_part {
    USER_PART_USERNAME, /* an e-mail address; only of a new one */
    USER_PART_FIRST_NAME,
    USER_PART_LAST_NAME,
    USER_PART_COUNTRY,
    USER_PART_ROLE,   /* "user" or "admin" */
    USER_PART_ACTIVE, /* "true" or "false" */
    USER_PART_MODELS, /* "*", published models separated by commas, or empty for none */
    USER_PART_TIER,   /* one that there is */
    USER_PART__MAX
};

/* What somebody wants of a user; NULL where nothing is said. */
struct user_wish {
    const char *parts[USER_PART__MAX];
};

/* The name of a part in JSON: "username", "is_active". */
const char *user_part_name(enum user_part part);

/*
 * Reads a username, into lower case: an e-mail address of at most 254 ASCII characters, a
 * dot-atom of RFC 5322 before its one @, and behind it a domain with a dot, or localhost.
 * False for anything else.
 */
bool user_name_read(const char *text, size_t len, char out[USER_USERNAME_MAX + 1]);

/* "user", "admin"; and back: false if it is none. */
const char *user_role_name(enum user_role role);
bool user_role_parse(const char *text, enum user_role *out);

/* The new user's rights if nothing is said. */
#define USER_DEFAULT_TIER "standard"

/*
 * Makes a user with a password, active or not as the wish says (default: active).  What is
 * wrong is RESULT_INVALID or RESULT_TOO_BIG, with *part the part that it is of, or
 * USER_PART__MAX for the password; RESULT_EXISTS if the username is taken.
 */
enum result user_create(struct home *home, const struct user_wish *wish, const char *password,
                        size_t password_len, struct user_row *row, enum user_part *part,
                        struct reason *why);

/* The same with a hash that was brought along from elsewhere; see password_hash_known(). */
enum result user_bring(struct home *home, const struct user_wish *wish, const char *hash,
                       struct user_row *row, enum user_part *part, struct reason *why);

/*
 * Whether what is given may be said of a user, read-only; with home NULL as far as can be told
 * without one.  What is wrong as user_create().
 */
enum result user_wish_check(struct home *home, const struct user_wish *wish,
                            enum user_part *part, struct reason *why);

/*
 * Changes what is given of a user.  As user_create(); RESULT_MISSING if there is none;
 * RESULT_EXISTS if it would leave no active administrator where there was one, unless
 * forced.
 */
enum result user_set(struct home *home, const char *id, const struct user_wish *wish,
                     bool forced, struct user_row *row, enum user_part *part,
                     struct reason *why);

/*
 * Gives a user another password, and ends all sessions but `but` (NULL: all).  As
 * user_create().  Whoever calls has proved the old one, in the session `but`, or is the
 * administrator.  RESULT_MISSING if there is no such user, or that session has ended.
 */
enum result user_password_change(struct home *home, const char *id, const char *password,
                                 size_t password_len, const char *but, struct reason *why);

/* Deletes a user with keys and sessions; the call log keeps the id.  As user_set(). */
enum result user_delete(struct home *home, const char *id, bool forced, struct reason *why);

/* Finds a user by what a person says: a username or an id. */
enum result user_find(struct home *home, const char *name, struct user_row *row,
                      struct reason *why);

/*
 * Invitations: fgi_<id>_<secret>_<check>, as a key has its parts.  Whoever has one makes an
 * account that is active at once, with these rights, once, within its time.
 */
enum {
    INVITATION_TEXT_LEN = KEY_TEXT_LEN + 1,
    INVITATION_SECONDS_MIN = 60,
    INVITATION_SECONDS_MAX = 365 * 86400,
    INVITATION_SECONDS_SETUP = 30 * 60, /* what a setup link has */
};

/* What an invitation gives; models and tier as for a user. */
struct invitation_wish {
    const char *username;             /* whom it is for; NULL: whoever has it */
    const char *role, *models, *tier; /* NULL: user, none, standard */
    int64_t seconds;                  /* how long it holds */
    bool setup; /* for the first administrator: refused, RESULT_EXISTS, if there is one, and the
                   setup invitations before it end */
};

enum result invitation_create(struct home *home, const struct invitation_wish *wish,
                              char text[INVITATION_TEXT_LEN + 1], struct invitation_row *row,
                              struct reason *why);
enum result invitation_revoke(struct home *home, const char *id, struct reason *why);

/*
 * Makes the account: the wish's names and username, the invitation's rights.  RESULT_DENIED
 * for an invitation that does not hold, one answer for all reasons.  Else as user_create().
 */
enum result invitation_accept(struct home *home, const char *text, size_t len,
                              const struct user_wish *wish, const char *password,
                              size_t password_len, struct user_row *row, enum user_part *part,
                              struct reason *why);

#endif
