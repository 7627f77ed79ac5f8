/*
 * served.c: sums over all calls there ever were.
 */
#include "store/served.h"

#include <string.h>

#include "store/sql.h"

enum served_column {
    SERVED_MODEL,
    SERVED_VERSION,
    SERVED_STATUS,
    SERVED_BUCKET,
    SERVED_CALLS,
    SERVED_ROWS,
    SERVED_CHARGED,
    SERVED_DURATION_US,
    SERVED_LAST_US
};

enum result served_row_add(struct db *db, const struct served_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_SERVED_ADD, row->model, row->version, row->status, row->bucket,
                   row->calls, row->rows, row->charged, row->duration_us, row->last_us);
}

static enum result served_read(struct db *db, struct served_row *row, struct reason *why)
{
    enum sql sql = SQL_SERVED_LIST;

    row->version = sql_int(db, sql, SERVED_VERSION);
    row->status = sql_int(db, sql, SERVED_STATUS);
    row->bucket = sql_int(db, sql, SERVED_BUCKET);
    row->calls = sql_int(db, sql, SERVED_CALLS);
    row->rows = sql_int(db, sql, SERVED_ROWS);
    row->charged = sql_int(db, sql, SERVED_CHARGED);
    row->duration_us = sql_int(db, sql, SERVED_DURATION_US);
    row->last_us = sql_int(db, sql, SERVED_LAST_US);
    if (sql_text(db, sql, SERVED_MODEL, row->model, sizeof(row->model)) != RESULT_OK ||
        row->bucket < 0 || row->bucket >= HISTOGRAM_BUCKETS)
        return reason_set(why, RESULT_MALFORMED, "the database: a sum of calls is damaged");
    return RESULT_OK;
}

enum result served_row_list(struct db *db,
                            void (*each)(void *arg, const struct served_row *row), void *arg,
                            struct reason *why)
{
    struct served_row row;
    enum result result = sql_start(db, why, SQL_SERVED_LIST);

    while (result == RESULT_OK && (result = sql_next(db, why, SQL_SERVED_LIST)) == RESULT_OK) {
        result = served_read(db, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_SERVED_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}
