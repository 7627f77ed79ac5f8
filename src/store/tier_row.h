/*
 * tier_row.h: the columns of a tier, which are read alone and with a key; for the verbs of
 * this floor alone.
 */
#ifndef STORE_TIER_ROW_H
#define STORE_TIER_ROW_H

#include "base/result.h"
#include "store/sql.h"
#include "store/tiers.h"

/*
 * Reads name, limits, price and shadow from four columns of the row at hand.
 * RESULT_MISSING if they are of no tier; RESULT_MALFORMED if they cannot be one's.
 */
enum result tier_row_read(struct db *db, enum sql sql, int first, struct tier_row *row);

#endif
