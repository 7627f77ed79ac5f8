/*
 * keys.h: the rows of API keys.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"
#include "store/tiers.h"

enum {
    KEY_ID_LEN = 12,
    KEY_NAME_MAX = 128,
    KEY_MODELS_MAX = 1024,
    KEY_MAC_BYTES = 32,
    KEY_LIMITS_MAX = 255,
    KEY_ADDRESSES_MAX = 1023,
    KEY_METADATA_MAX = 4096,
    KEY_SCOPES_MAX = 63, /* characters of all of them as words */
};

/*
 * What a key may be used for; bits.  In the database and in the CLI they are words
 * separated by commas.
 */
enum key_scope {
    KEY_SCOPE_NONE = 0,
    KEY_SCOPE_PREDICT = 1,
    KEY_SCOPE_JOBS = 2,
    KEY_SCOPE_READ = 4,
    KEY_SCOPE_ADMIN = 8,
    KEY_SCOPE_METRICS = 16,
};

/* Reads "predict,read".  False, with *out as it was, for no word and one that is unknown. */
bool key_scopes_parse(const char *text, unsigned *out);

/* Writes the words, in the order of their bits. */
void key_scopes_print(char out[KEY_SCOPES_MAX + 1], unsigned scopes);

enum {
    USER_ID_LEN = KEY_ID_LEN /* so that a user can be counted where a key is */
};

enum user_role {
    USER_ROLE_USER,
    USER_ROLE_ADMIN,
    USER_ROLE__MAX
};

/* Of a key's owner, what bears on the key. */
struct key_owner {
    char id[USER_ID_LEN + 1]; /* empty: nobody */
    enum user_role role;
    bool active;
    char models[KEY_MODELS_MAX + 1]; /* as the key's own; the key has what both have */
};

/* Times are seconds since 1970 UTC; 0 where there is none. */
struct key_row {
    char id[KEY_ID_LEN + 1];
    char name[KEY_NAME_MAX + 1];
    uint8_t mac[KEY_MAC_BYTES];
    uint8_t mac_before[KEY_MAC_BYTES]; /* of the secret before the last rotation, */
    int64_t before_until;              /* which holds until then */
    char models[KEY_MODELS_MAX + 1];   /* "*", or names separated by commas */
    char tier[TIER_NAME_MAX + 1];
    char limits[KEY_LIMITS_MAX + 1];       /* over the tier's; empty for none of its own */
    char addresses[KEY_ADDRESSES_MAX + 1]; /* ranges that it may come from; empty: any */
    unsigned scopes;                       /* bits of enum key_scope */
    int64_t created_at, expires_at, revoked_at, rotated_at;
    struct key_owner owner;  /* its id is written with a new key, the rest is read with it */
    struct tier_row of_tier; /* read with the key, not written */
};

/* A new one: neither revoked nor rotated. */
enum result key_row_insert(struct db *db, const struct key_row *row, struct reason *why);

/*
 * RESULT_MISSING if there is none with this id; RESULT_MALFORMED if what is stored cannot
 * be, among that a tier that is not there, unless the key is revoked: its tier may go.  id
 * may be the row's own.
 */
enum result key_row_get(struct db *db, const char *id, struct key_row *row, struct reason *why);

enum key_state {
    KEY_ACTIVE,
    KEY_EXPIRED,
    KEY_REVOKED,
    KEY_STATE__MAX
};

/* Which to list. */
struct key_filter {
    const char *search; /* in name or id, in lower case; NULL: any */
    const char *user;   /* whose, by id; NULL: any */
    int state;          /* an enum key_state at this time; -1: any */
    int64_t now;
    int64_t limit, offset;
};

/* Calls each for those that fit, oldest first; *total is how many fit without a limit. */
enum result key_row_find(struct db *db, const struct key_filter *filter,
                         void (*each)(void *arg, const struct key_row *row), void *arg,
                         int64_t *total, struct reason *why);

/* Calls each for every key, oldest first. */
enum result key_row_list(struct db *db, void (*each)(void *arg, const struct key_row *row),
                         void *arg, struct reason *why);

/* The same for every key of a user. */
enum result key_row_list_of(struct db *db, const char *user,
                            void (*each)(void *arg, const struct key_row *row), void *arg,
                            struct reason *why);

/* How many keys a user has that are not revoked. */
enum result key_count_of(struct db *db, const char *user, int64_t *count, struct reason *why);

/* Writes the name, models, tier, limits, addresses, scopes and expiry of the one of this id. */
enum result key_row_update(struct db *db, const struct key_row *row, struct reason *why);

/*
 * Writes the digests and the times of a rotation; without before_until no secret before
 * is kept.
 */
enum result key_row_rotate(struct db *db, const struct key_row *row, struct reason *why);

/* RESULT_MISSING if there is no key with this id that is not revoked already. */
enum result key_row_revoke(struct db *db, const char *id, int64_t when, struct reason *why);

/* What a worker has no use for. */
struct key_more {
    char metadata[KEY_METADATA_MAX + 1]; /* a JSON object, compact */
    int64_t last_us;                     /* when its latest call began; 0 for none */
};

/* RESULT_MISSING if there is none with this id; may be asked within key_row_list(). */
enum result key_more_get(struct db *db, const char *id, struct key_more *more,
                         struct reason *why);
enum result key_metadata_set(struct db *db, const char *id, const char *metadata,
                             struct reason *why);

#endif
