/*
 * keys.c: the rows of API keys.
 */
#include "store/keys.h"

#include <string.h>

#include "store/sql.h"

enum column {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_MAC,
    COLUMN_MODELS,
    COLUMN_CREATED_AT,
    COLUMN_EXPIRES_AT,
    COLUMN_REVOKED_AT
};

static enum result row_read(struct db *db, enum sql sql, struct key_row *row,
                            struct reason *why)
{
    if (sql_text(db, sql, COLUMN_ID, row->id, sizeof(row->id)) != RESULT_OK ||
        sql_text(db, sql, COLUMN_NAME, row->name, sizeof(row->name)) != RESULT_OK ||
        sql_text(db, sql, COLUMN_MODELS, row->models, sizeof(row->models)) != RESULT_OK ||
        sql_blob(db, sql, COLUMN_MAC, row->mac, sizeof(row->mac)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: a key's row is damaged");
    row->created_at = sql_int(db, sql, COLUMN_CREATED_AT);
    row->expires_at = sql_int(db, sql, COLUMN_EXPIRES_AT);
    row->revoked_at = sql_int(db, sql, COLUMN_REVOKED_AT);
    return RESULT_OK;
}

enum result key_row_insert(struct db *db, const struct key_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_KEY_INSERT, row->id, row->name, row->mac, sizeof(row->mac),
                   row->models, row->created_at, row->expires_at, row->revoked_at);
}

enum result key_row_get(struct db *db, const char *id, struct key_row *row, struct reason *why)
{
    enum result result;

    memset(row, 0, sizeof(*row));
    result = sql_start(db, why, SQL_KEY_GET, id);
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_KEY_GET);
    if (result == RESULT_OK)
        result = row_read(db, SQL_KEY_GET, row, why);
    else if (result == RESULT_MISSING)
        reason_set(why, result, "there is no key %s", id);
    sql_end(db, SQL_KEY_GET);
    return result;
}

enum result key_row_list(struct db *db, void (*each)(void *arg, const struct key_row *row),
                         void *arg, struct reason *why)
{
    struct key_row row;
    enum result result;

    result = sql_start(db, why, SQL_KEY_LIST);
    while (result == RESULT_OK && (result = sql_next(db, why, SQL_KEY_LIST)) == RESULT_OK) {
        result = row_read(db, SQL_KEY_LIST, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_KEY_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result key_row_revoke(struct db *db, const char *id, int64_t when, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_KEY_REVOKE, when, id);

    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_MISSING, "there is no key %s that is not revoked", id);
    return result;
}
