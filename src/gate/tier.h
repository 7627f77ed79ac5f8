/*
 * tier.h: tiers: named sets of limits that users and keys have.
 *
 * A change of a tier is a change of the home: every worker counts by it from the return
 * on.
 */
#ifndef GATE_TIER_H
#define GATE_TIER_H

#include <stdbool.h>

#include "base/result.h"
#include "gate/home.h"
#include "gate/limits.h"
#include "store/tiers.h"

/* Whether a name can be a tier's: 1 to 32 of a-z 0-9 _ - and no _ - first. */
bool tier_name_valid(const char *name);

/* RESULT_INVALID, with what is allowed, for a name that cannot be. */
enum result tier_name_refuse(const char *name, struct reason *why);

/* RESULT_INVALID, with what there is, if there is no tier of this name. */
enum result tier_find(struct home *home, const char *name, struct tier_row *row,
                      struct reason *why);

/* The limits that a tier's row says.  RESULT_MALFORMED if they are none. */
enum result tier_limits(const struct tier_row *row, struct limits *out, struct reason *why);

/*
 * Makes a tier, or gives the one of this name new values.  Its limits are written as
 * limits_print() does.  RESULT_INVALID for a name or for limits that are not allowed.
 */
enum result tier_set(struct home *home, const struct tier_row *row, struct reason *why);

/*
 * RESULT_INVALID if there is none; RESULT_EXISTS, with their number and what to do, while
 * users are of it, or keys that are not revoked.
 */
enum result tier_delete(struct home *home, const char *name, struct reason *why);

#endif
