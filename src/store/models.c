/*
 * models.c: the rows of published models and their versions.
 */
#include "store/models.h"

#include <string.h>

#include "store/sql.h"

static enum result row_read(struct db *db, struct model_row *row, struct reason *why)
{
    memset(row, 0, sizeof(*row));
    if (sql_text(db, SQL_MODEL_LIST, 0, row->name, sizeof(row->name)) != RESULT_OK ||
        sql_text(db, SQL_MODEL_LIST, 2, row->sha256, sizeof(row->sha256)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: a model's row is damaged");
    row->version = sql_int(db, SQL_MODEL_LIST, 1);
    row->published_at = sql_int(db, SQL_MODEL_LIST, 3);
    return RESULT_OK;
}

enum result model_row_list(struct db *db, void (*each)(void *arg, const struct model_row *row),
                           void *arg, struct reason *why)
{
    struct model_row row;
    enum result result;

    result = sql_start(db, why, SQL_MODEL_LIST);
    while (result == RESULT_OK && (result = sql_next(db, why, SQL_MODEL_LIST)) == RESULT_OK) {
        result = row_read(db, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_MODEL_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result model_row_next_version(struct db *db, const char *name, int64_t *version,
                                   struct reason *why)
{
    enum result result = sql_start(db, why, SQL_MODEL_VERSION_NEXT, name);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_MODEL_VERSION_NEXT);
    if (result == RESULT_OK)
        *version = sql_int(db, SQL_MODEL_VERSION_NEXT, 0);
    sql_end(db, SQL_MODEL_VERSION_NEXT);
    return result;
}

enum result model_row_publish(struct db *db, const struct model_row *row, struct reason *why)
{
    enum result result;

    result = sql_run(db, why, SQL_MODEL_INSERT, row->name);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_MODEL_VERSION_INSERT, row->name, row->version,
                         row->sha256, row->published_at);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_MODEL_VERSION_SET, row->version, row->name);
    return result;
}
