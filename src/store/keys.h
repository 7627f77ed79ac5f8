/*
 * keys.h: the rows of API keys.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

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
};

/*
 * What a key may be used for; bits.  In the database and in the CLI they are words
 * separated by commas.
 */
enum key_scope {
    KEY_SCOPE_PREDICT = 1,
    KEY_SCOPE_JOBS = 2,
    KEY_SCOPE_READ = 4,
    KEY_SCOPE_ADMIN = 8,
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
    struct tier_row of_tier; /* read with the key, not written */
};

enum result key_row_insert(struct db *db, const struct key_row *row, struct reason *why);

/* RESULT_MISSING if there is none with this id. */
enum result key_row_get(struct db *db, const char *id, struct key_row *row, struct reason *why);

/* Calls each for every key, oldest first. */
enum result key_row_list(struct db *db, void (*each)(void *arg, const struct key_row *row),
                         void *arg, struct reason *why);

/* RESULT_MISSING if there is no key with this id that is not revoked already. */
enum result key_row_revoke(struct db *db, const char *id, int64_t when, struct reason *why);

#endif
