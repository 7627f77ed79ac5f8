/*
 * audits.c: the rows of the audit trail.
 */
#include "store/audits.h"

#include <string.h>

#include "store/sql.h"

/* As AUDIT_COLUMNS in sql.c has them. */
enum column {
    COLUMN_SEQ,
    COLUMN_AT_US,
    COLUMN_ACTOR,
    COLUMN_ADDRESS,
    COLUMN_REQUEST_ID,
    COLUMN_ACTION,
    COLUMN_TARGET,
    COLUMN_BEFORE,
    COLUMN_AFTER,
    COLUMN_MAC
};

static void row_read(struct db *db, enum sql sql, struct audit_row *row)
{
    const struct sql_text_to texts[] = {
        {COLUMN_ACTOR, row->actor, sizeof(row->actor)},
        {COLUMN_ADDRESS, row->address, sizeof(row->address)},
        {COLUMN_REQUEST_ID, row->request_id, sizeof(row->request_id)},
        {COLUMN_ACTION, row->action, sizeof(row->action)},
        {COLUMN_TARGET, row->target, sizeof(row->target)},
        {COLUMN_BEFORE, row->before, sizeof(row->before)},
        {COLUMN_AFTER, row->after, sizeof(row->after)},
    };

    memset(row, 0, sizeof(*row));
    row->seq = sql_int(db, sql, COLUMN_SEQ);
    row->at_us = sql_int(db, sql, COLUMN_AT_US);
    if (sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK ||
        sql_blob(db, sql, COLUMN_MAC, row->mac, sizeof(row->mac)) != RESULT_OK)
        row->damaged = true;
}

/* The row of a statement that was started, if that went well. */
static enum result row_one(struct db *db, enum sql sql, enum result result,
                           struct audit_row *row, struct reason *why)
{
    memset(row, 0, sizeof(*row));
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        row_read(db, sql, row);
    sql_end(db, sql);
    return result;
}

enum result audit_row_last(struct db *db, struct audit_row *row, struct reason *why)
{
    return row_one(db, SQL_AUDIT_LAST, sql_start(db, why, SQL_AUDIT_LAST), row, why);
}

enum result audit_row_get(struct db *db, int64_t seq, struct audit_row *row, struct reason *why)
{
    return row_one(db, SQL_AUDIT_GET, sql_start(db, why, SQL_AUDIT_GET, seq), row, why);
}

enum result audit_row_insert(struct db *db, const struct audit_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_AUDIT_INSERT, row->seq, row->at_us, row->actor, row->address,
                   row->request_id, row->action, row->target, row->before, row->after, row->mac,
                   sizeof(row->mac));
}

enum result audit_row_list(struct db *db, const struct audit_filter *filter,
                           void (*each)(void *arg, const struct audit_row *row), void *arg,
                           struct reason *why)
{
    int64_t below = filter->before_seq != 0 ? filter->before_seq : INT64_MAX;
    int64_t until = filter->until_us != 0 ? filter->until_us : INT64_MAX;
    int64_t limit = filter->limit != 0 ? filter->limit : -1;
    struct audit_row row;
    enum result result;

    result = sql_start(db, why, SQL_AUDIT_LIST, below, filter->actor, filter->target,
                       filter->action, filter->since_us, until, limit);
    while (result == RESULT_OK && (result = sql_next(db, why, SQL_AUDIT_LIST)) == RESULT_OK) {
        row_read(db, SQL_AUDIT_LIST, &row);
        each(arg, &row);
    }
    sql_end(db, SQL_AUDIT_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result audit_row_walk(struct db *db, bool (*each)(void *arg, const struct audit_row *row),
                           void *arg, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_AUDIT_WALK);
    struct audit_row row;
    bool more = true;

    while (more && result == RESULT_OK &&
           (result = sql_next(db, why, SQL_AUDIT_WALK)) == RESULT_OK) {
        row_read(db, SQL_AUDIT_WALK, &row);
        more = each(arg, &row);
    }
    sql_end(db, SQL_AUDIT_WALK);
    return result == RESULT_MISSING ? RESULT_OK : result;
}
