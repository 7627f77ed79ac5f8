/*
 * sessions.h: the rows of sessions, of invitations, and of logins that failed.
 */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "store/db.h"
#include "store/users.h"

enum {
    SESSION_ID_LEN = 22, /* 128 random bits in base64url */
    INVITATION_ACTOR_MAX = 63,
    ATTEMPT_SUBJECT_BYTES = 16,
};

/* From a login to a logout.  Times are seconds since 1970 UTC. */
struct session_row {
    char id[SESSION_ID_LEN + 1];
    char user[USER_ID_LEN + 1];
    int64_t created_at, expires_at, used_at;
    int64_t generation; /* of the refresh token that holds; older ones were used */
    char address[ADDR_TEXT_MAX];
};

enum result session_row_insert(struct db *db, const struct session_row *row,
                               struct reason *why);

/* RESULT_MISSING if there is none, which is also one that has ended. */
enum result session_row_get(struct db *db, const char *id, struct session_row *row,
                            struct reason *why);
enum result session_row_list(struct db *db, const char *user,
                             void (*each)(void *arg, const struct session_row *row), void *arg,
                             struct reason *why);

/* What a call with a token of a session asks: whose it is, and what that one may. */
struct session_caller {
    int64_t expires_at;
    struct key_owner user;
    struct tier_row of_tier; /* the user's */
};

/*
 * RESULT_MISSING if there is no such session or no such user; RESULT_MALFORMED if what is
 * stored cannot be, among that a tier that is not there.
 */
enum result session_caller_get(struct db *db, const char *id, struct session_caller *row,
                               struct reason *why);

/* To the next generation; RESULT_MISSING if it is of another than this one by now. */
enum result session_row_rotate(struct db *db, const char *id, int64_t generation, int64_t now,
                               struct reason *why);

/* RESULT_MISSING if there is none. */
enum result session_row_end(struct db *db, const char *id, struct reason *why);

/* Ends all of a user's sessions but one; NULL: all. */
enum result session_rows_end(struct db *db, const char *user, const char *but,
                             struct reason *why);
/* Deletes at most `most` that have ended by themselves. */
enum result session_rows_expire(struct db *db, int64_t now, int64_t most, struct reason *why);

/* How many a user has; and ends all but the `keep` that began last. */
enum result session_rows_count(struct db *db, const char *user, int64_t *count,
                               struct reason *why);
enum result session_rows_keep(struct db *db, const char *user, int64_t keep,
                              struct reason *why);

/* What lets somebody make an account with these rights, once. */
struct invitation_row {
    char id[KEY_ID_LEN + 1];
    uint8_t mac[KEY_MAC_BYTES];
    char username[USER_USERNAME_MAX + 1]; /* whom it is for; empty: whoever has it */
    enum user_role role;
    char models[KEY_MODELS_MAX + 1];
    char tier[TIER_NAME_MAX + 1];
    char made_by[INVITATION_ACTOR_MAX + 1]; /* an audit's actor */
    int64_t created_at, expires_at;
};

enum result invitation_row_insert(struct db *db, const struct invitation_row *row,
                                  struct reason *why);
enum result invitation_row_get(struct db *db, const char *id, struct invitation_row *row,
                               struct reason *why);
enum result invitation_row_list(struct db *db,
                                void (*each)(void *arg, const struct invitation_row *row),
                                void *arg, struct reason *why);
enum result invitation_row_delete(struct db *db, const char *id, struct reason *why);
enum result invitation_rows_expire(struct db *db, int64_t now, struct reason *why);

/* The logins that failed of one subject: an account, an address, or both. */
struct attempt_row {
    uint8_t subject[ATTEMPT_SUBJECT_BYTES];
    int64_t failures;
    int64_t last_us, until_us; /* wall times; none is looked at before until_us */
};

/* All zero but the subject if there is none. */
enum result attempt_row_get(struct db *db, const uint8_t subject[ATTEMPT_SUBJECT_BYTES],
                            struct attempt_row *row, struct reason *why);
enum result attempt_row_set(struct db *db, const struct attempt_row *row, struct reason *why);
enum result attempt_row_delete(struct db *db, const uint8_t subject[ATTEMPT_SUBJECT_BYTES],
                               struct reason *why);

/* Deletes at most `most` that were last before before_us, the oldest. */
enum result attempt_rows_expire(struct db *db, int64_t before_us, int64_t most,
                                struct reason *why);

/* How many there are. */
enum result attempt_rows_count(struct db *db, int64_t *count, struct reason *why);

/* Whether a user has logged in from an address, by its digest, since that time. */
enum result known_row_get(struct db *db, const char *user,
                          const uint8_t address[ATTEMPT_SUBJECT_BYTES], int64_t since,
                          bool *known, struct reason *why);

/* Notes that it did; the latest `keep` since that time are kept. */
enum result known_row_set(struct db *db, const char *user,
                          const uint8_t address[ATTEMPT_SUBJECT_BYTES], int64_t now,
                          int64_t since, int64_t keep, struct reason *why);

#endif
