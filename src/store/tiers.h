/*
 * tiers.h: the rows of tiers.
 */
#ifndef STORE_TIERS_H
#define STORE_TIERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

enum {
    TIER_NAME_MAX = 32,
    TIER_LIMITS_MAX = 255,
};

/* What a call costs of the quotas. */
enum tier_price {
    TIER_PRICE_CALL, /* one */
    TIER_PRICE_ROW,  /* its rows */
    TIER_PRICE__MAX
};

struct tier_row {
    char name[TIER_NAME_MAX + 1];
    char limits[TIER_LIMITS_MAX + 1]; /* see gate/limits.h */
    enum tier_price price;
    bool shadow;  /* its limits are counted and reported, not enforced */
    int64_t keys; /* how many keys are of it that are not revoked; only listed */
};

/* "call" or "row". */
const char *tier_price_name(enum tier_price price);

/* The price of that word.  False, with *out as it was, if there is none. */
bool tier_price_parse(const char *word, enum tier_price *out);

/* RESULT_MISSING if there is none of this name. */
enum result tier_row_get(struct db *db, const char *name, struct tier_row *row,
                         struct reason *why);

/* Makes it, or gives the one of this name new values. */
enum result tier_row_set(struct db *db, const struct tier_row *row, struct reason *why);

/* Calls each for every tier, by name. */
enum result tier_row_list(struct db *db, void (*each)(void *arg, const struct tier_row *row),
                          void *arg, struct reason *why);

/* How many keys are of it that are not revoked. */
enum result tier_row_keys(struct db *db, const char *name, int64_t *keys, struct reason *why);

/* How many users are of it. */
enum result tier_row_users(struct db *db, const char *name, int64_t *users, struct reason *why);

/*
 * RESULT_MISSING if there is none; RESULT_EXISTS, with their number, if users are of it, or
 * keys that are not revoked.  In a transaction of the caller's.
 */
enum result tier_row_delete(struct db *db, const char *name, struct reason *why);

#endif
