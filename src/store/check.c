/*
 * check.c: whether a database is whole.
 */
#include "store/check.h"

#include <string.h>

#include "store/sql.h"

enum {
    FAULT_MAX = 400
};

enum result check_integrity(struct db *db, bool quick, struct reason *why)
{
    enum sql sql = quick ? SQL_CHECK_QUICK : SQL_CHECK_ALL;
    enum result result = sql_start(db, why, sql);
    char fault[FAULT_MAX];

    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK && sql_text(db, sql, 0, fault, sizeof(fault)) != RESULT_OK)
        result = reason_set(why, RESULT_MALFORMED, "the database: damaged in many places");
    else if (result == RESULT_OK && strcmp(fault, "ok") != 0)
        result = reason_set(why, RESULT_MALFORMED, "the database: %s", fault);
    sql_end(db, sql);
    return result;
}

enum result check_references(struct db *db, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_CHECK_REFERENCES);
    char from[64] = "", to[64] = "";

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_CHECK_REFERENCES);
    if (result == RESULT_OK) {
        sql_text(db, SQL_CHECK_REFERENCES, 0, from, sizeof(from));
        sql_text(db, SQL_CHECK_REFERENCES, 2, to, sizeof(to));
        result = reason_set(why, RESULT_MALFORMED,
                            "the database: a row of %s refers to one of %s that is not there",
                            from, to);
    } else if (result == RESULT_MISSING) {
        result = RESULT_OK;
    }
    sql_end(db, SQL_CHECK_REFERENCES);
    return result;
}

enum result check_journal(struct db *db, char out[CHECK_JOURNAL_MAX], struct reason *why)
{
    enum result result = sql_start(db, why, SQL_CHECK_JOURNAL);

    out[0] = '\0';
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_CHECK_JOURNAL);
    if (result == RESULT_OK)
        result = sql_text(db, SQL_CHECK_JOURNAL, 0, out, CHECK_JOURNAL_MAX);
    sql_end(db, SQL_CHECK_JOURNAL);
    return result;
}

enum result check_newest(struct db *db, int64_t *out, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_CHECK_NEWEST);

    *out = 0;
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_CHECK_NEWEST);
    if (result == RESULT_OK)
        *out = sql_int(db, SQL_CHECK_NEWEST, 0);
    sql_end(db, SQL_CHECK_NEWEST);
    return result;
}
