/*
 * keys.h: the rows of API keys.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

enum {
    KEY_ID_LEN = 12,
    KEY_NAME_MAX = 128,
    KEY_MODELS_MAX = 1024,
    KEY_MAC_BYTES = 32,
};

/* Times are seconds since 1970 UTC; 0 where there is none. */
struct key_row {
    char id[KEY_ID_LEN + 1];
    char name[KEY_NAME_MAX + 1];
    uint8_t mac[KEY_MAC_BYTES];
    char models[KEY_MODELS_MAX + 1]; /* "*", or names separated by commas */
    int64_t created_at, expires_at, revoked_at;
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
