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

static enum result row_read(struct db *db, enum sql sql, struct audit_row *row,
                            struct reason *why)
{
    const struct {
        enum column column;
        char *to;
        size_t size;
    } texts[] = {
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
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (sql_text(db, sql, (int)texts[i].column, texts[i].to, texts[i].size) != RESULT_OK)
            return reason_set(why, RESULT_MALFORMED, "row %lld of the audit trail is damaged",
                              (long long)row->seq);
    if (sql_blob(db, sql, COLUMN_MAC, row->mac, sizeof(row->mac)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "row %lld of the audit trail is damaged",
                          (long long)row->seq);
    return RESULT_OK;
}

enum result audit_row_last(struct db *db, struct audit_row *row, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_AUDIT_LAST);

    memset(row, 0, sizeof(*row));
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_AUDIT_LAST);
    if (result == RESULT_OK)
        result = row_read(db, SQL_AUDIT_LAST, row, why);
    sql_end(db, SQL_AUDIT_LAST);
    return result;
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
        result = row_read(db, SQL_AUDIT_LIST, &row, why);
        if (result == RESULT_OK)
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
        result = row_read(db, SQL_AUDIT_WALK, &row, why);
        if (result == RESULT_OK)
            more = each(arg, &row);
    }
    sql_end(db, SQL_AUDIT_WALK);
    return result == RESULT_MISSING ? RESULT_OK : result;
}
