/*
 * tiers.c: the rows of tiers.
 */
#include "store/tiers.h"

#include <inttypes.h>
#include <string.h>

#include "store/tier_row.h"

enum column {
    COLUMN_NAME,
    COLUMN_LIMITS,
    COLUMN_PRICE,
    COLUMN_SHADOW,
    COLUMN_KEYS
};

enum {
    PRICE_MAX = 7
};

static const char *const prices[TIER_PRICE__MAX] = {
    [TIER_PRICE_CALL] = "call",
    [TIER_PRICE_ROW] = "row",
};

const char *tier_price_name(enum tier_price price)
{
    return prices[price];
}

bool tier_price_parse(const char *word, enum tier_price *out)
{
    for (enum tier_price price = 0; price < TIER_PRICE__MAX; price++)
        if (strcmp(word, prices[price]) == 0) {
            *out = price;
            return true;
        }
    return false;
}

enum result tier_row_read(struct db *db, enum sql sql, int first, struct tier_row *row)
{
    char price[PRICE_MAX + 1];

    memset(row, 0, sizeof(*row));
    if (sql_text(db, sql, first + COLUMN_NAME, row->name, sizeof(row->name)) != RESULT_OK ||
        sql_text(db, sql, first + COLUMN_LIMITS, row->limits, sizeof(row->limits)) !=
            RESULT_OK ||
        sql_text(db, sql, first + COLUMN_PRICE, price, sizeof(price)) != RESULT_OK)
        return RESULT_MALFORMED;
    if (row->name[0] == '\0') /* a key's that is not there */
        return RESULT_MISSING;
    row->shadow = sql_int(db, sql, first + COLUMN_SHADOW) != 0;
    return tier_price_parse(price, &row->price) ? RESULT_OK : RESULT_MALFORMED;
}

static enum result row_read(struct db *db, enum sql sql, struct tier_row *row,
                            struct reason *why)
{
    if (tier_row_read(db, sql, 0, row) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: a tier's row is damaged");
    return RESULT_OK;
}

enum result tier_row_get(struct db *db, const char *name, struct tier_row *row,
                         struct reason *why)
{
    enum result result = sql_start(db, why, SQL_TIER_GET, name);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_TIER_GET);
    if (result == RESULT_OK)
        result = row_read(db, SQL_TIER_GET, row, why);
    else if (result == RESULT_MISSING)
        reason_set(why, result, "there is no tier \"%.40s\"", name);
    sql_end(db, SQL_TIER_GET);
    return result;
}

enum result tier_row_set(struct db *db, const struct tier_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_TIER_SET, row->name, row->limits, tier_price_name(row->price),
                   (int64_t)row->shadow);
}

enum result tier_row_list(struct db *db, void (*each)(void *arg, const struct tier_row *row),
                          void *arg, struct reason *why)
{
    struct tier_row row;
    enum result result;

    result = sql_start(db, why, SQL_TIER_LIST);
    while (result == RESULT_OK && (result = sql_next(db, why, SQL_TIER_LIST)) == RESULT_OK) {
        result = row_read(db, SQL_TIER_LIST, &row, why);
        row.keys = sql_int(db, SQL_TIER_LIST, COLUMN_KEYS);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_TIER_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result tier_row_keys(struct db *db, const char *name, int64_t *keys, struct reason *why)
{
    return sql_number(db, SQL_TIER_KEYS, sql_start(db, why, SQL_TIER_KEYS, name), keys, why);
}

enum result tier_row_users(struct db *db, const char *name, int64_t *users, struct reason *why)
{
    return sql_number(db, SQL_TIER_USERS, sql_start(db, why, SQL_TIER_USERS, name), users, why);
}

enum result tier_row_delete(struct db *db, const char *name, struct reason *why)
{
    enum result result;
    int64_t keys, users = 0;

    result = tier_row_keys(db, name, &keys, why);
    if (result == RESULT_OK)
        result = tier_row_users(db, name, &users, why);
    if (result == RESULT_OK && keys + users > 0)
        return reason_set(why, RESULT_EXISTS,
                          "%" PRId64 " keys and %" PRId64 " users are of the tier %s", keys,
                          users, name);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_TIER_DELETE, name);
    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_MISSING, "there is no tier \"%.40s\"", name);
    return result;
}
