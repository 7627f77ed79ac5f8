/*
 * users.h: the rows of users.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"
#include "store/keys.h"

enum {
    USER_USERNAME_MAX = 254, /* RFC 5321, section 4.5.3.1.3, without the angle brackets */
    USER_PERSON_NAME_MAX = 400,
    USER_COUNTRY_MAX = 256,
    USER_PASSWORD_MAX = 383, /* a hash, as CRYPT_OUTPUT_SIZE has it */
};

/* Times are seconds since 1970 UTC; 0 where there is none. */
struct user_row {
    char id[USER_ID_LEN + 1];
    char username[USER_USERNAME_MAX + 1]; /* an e-mail address, in lower case */
    char first_name[USER_PERSON_NAME_MAX + 1];
    char last_name[USER_PERSON_NAME_MAX + 1];
    char country[USER_COUNTRY_MAX + 1]; /* empty for none */
    enum user_role role;
    bool active;
    char models[KEY_MODELS_MAX + 1]; /* "*", names separated by commas, or empty for none */
    char tier[TIER_NAME_MAX + 1];
    int64_t created_at, password_at, last_login_at;
};

/* A new one; RESULT_EXISTS if there is one of this username. */
enum result user_row_insert(struct db *db, const struct user_row *row, const char *password,
                            struct reason *why);

/* RESULT_MISSING if there is none of this id or username.  The key may be the row's own. */
enum result user_row_get(struct db *db, const char *id, struct user_row *row,
                         struct reason *why);
enum result user_row_find(struct db *db, const char *username, struct user_row *row,
                          struct reason *why);

/* Which to list. */
struct user_filter {
    const char *search; /* in username, names or id, in lower case; NULL: any */
    int role;           /* -1: any */
    int active;         /* -1: any */
    int64_t limit, offset;
};

/* Calls each for those that fit, oldest first; *total is how many fit without a limit. */
enum result user_row_list(struct db *db, const struct user_filter *filter,
                          void (*each)(void *arg, const struct user_row *row), void *arg,
                          int64_t *total, struct reason *why);

/* Writes names, country, role, active, models and tier, and the tier of the user's keys. */
enum result user_row_update(struct db *db, const struct user_row *row, struct reason *why);

/* Deletes a user, with sessions; keys are revoked for good and keep nothing personal. */
enum result user_row_delete(struct db *db, const char *id, int64_t now, struct reason *why);

/* The hash of a user's password, as crypt(5) has it. */
enum result user_password_get(struct db *db, const char *id, char out[USER_PASSWORD_MAX + 1],
                              struct reason *why);
enum result user_password_set(struct db *db, const char *id, const char *password, int64_t now,
                              struct reason *why);

enum result user_login_note(struct db *db, const char *id, int64_t now, struct reason *why);

/* How many active administrators there are but this one; NULL: in all. */
enum result user_admins(struct db *db, const char *but, int64_t *count, struct reason *why);

/* How many have registered and were never let in. */
enum result user_waiting(struct db *db, int64_t *count, struct reason *why);

#endif
