/*
 * hooks.c: the rows of what has to be told of jobs that ended, in work.db.
 */
#include "store/hooks.h"

#include <string.h>

#include "store/sql.h"

/* As HOOK_COLUMNS in sql_work.c has them. */
enum hook_column {
    HOOK_ID,
    HOOK_JOB,
    HOOK_UUID,
    HOOK_ACCOUNT,
    HOOK_MODEL,
    HOOK_VERSION,
    HOOK_STATUS,
    HOOK_CODE,
    HOOK_ROWS,
    HOOK_LABEL,
    HOOK_SCORE,
    HOOK_REASON,
    HOOK_CREATED_US,
    HOOK_ENDED_US,
    HOOK_URL,
    HOOK_STATE,
    HOOK_ATTEMPTS,
    HOOK_DUE_NS,
    HOOK_ANSWER,
    HOOK_PROBLEM,
    HOOK_TOLD_US,
    HOOK_TRACE,
};

const char *hook_state_name(enum hook_state state)
{
    static const char *const names[HOOK_STATE__MAX] = {
        [HOOK_WAITING] = "waiting",
        [HOOK_UNDER_WAY] = "under way",
        [HOOK_TOLD] = "told",
        [HOOK_GIVEN_UP] = "given up",
    };

    return names[state];
}

static void numbers_read(struct db *db, enum sql sql, struct hook_row *row)
{
    row->id = sql_int(db, sql, HOOK_ID);
    row->job = sql_int(db, sql, HOOK_JOB);
    row->version = sql_int(db, sql, HOOK_VERSION);
    row->code = sql_int(db, sql, HOOK_CODE);
    row->rows = sql_int(db, sql, HOOK_ROWS);
    row->has_score = !sql_is_null(db, sql, HOOK_SCORE);
    row->score = sql_double(db, sql, HOOK_SCORE);
    row->created_us = sql_int(db, sql, HOOK_CREATED_US);
    row->ended_us = sql_int(db, sql, HOOK_ENDED_US);
    row->attempts = sql_int(db, sql, HOOK_ATTEMPTS);
    row->due_ns = sql_int(db, sql, HOOK_DUE_NS);
    row->answer = sql_int(db, sql, HOOK_ANSWER);
    row->told_us = sql_int(db, sql, HOOK_TOLD_US);
}

static enum result row_read(struct db *db, enum sql sql, struct hook_row *row,
                            struct reason *why)
{
    int64_t status = sql_int(db, sql, HOOK_STATUS), state = sql_int(db, sql, HOOK_STATE);

    memset(row, 0, sizeof(*row));
    const struct sql_text_to texts[] = {
        {HOOK_UUID, row->uuid, sizeof(row->uuid)},
        {HOOK_ACCOUNT, row->account, sizeof(row->account)},
        {HOOK_MODEL, row->model, sizeof(row->model)},
        {HOOK_LABEL, row->label, sizeof(row->label)},
        {HOOK_REASON, row->reason, sizeof(row->reason)},
        {HOOK_URL, row->url, sizeof(row->url)},
        {HOOK_PROBLEM, row->problem, sizeof(row->problem)},
        {HOOK_TRACE, row->trace, sizeof(row->trace)},
    };

    numbers_read(db, sql, row);
    if (status < 0 || status >= JOB_STATUS__MAX || state < 0 || state >= HOOK_STATE__MAX ||
        sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED,
                          "the database: the row of webhook %lld is damaged",
                          (long long)row->id);
    row->status = (enum job_status)status;
    row->state = (enum hook_state)state;
    return RESULT_OK;
}

/* Looks first, so that no lock is taken where nothing is to be changed. */
enum result hook_operator_set(struct db *db, bool wanted, struct reason *why)
{
    int64_t count = 0;
    enum result result =
        sql_number(db, SQL_HOOK_OPERATOR, sql_start(db, why, SQL_HOOK_OPERATOR), &count, why);

    if (result != RESULT_OK || wanted == (count != 0))
        return result;
    return sql_run(db, why, wanted ? SQL_HOOK_OPERATOR_SET : SQL_HOOK_OPERATOR_DELETE);
}

enum result hook_due_next(struct db *db, int64_t *due_ns, struct reason *why)
{
    return sql_number(db, SQL_HOOK_DUE_NEXT, sql_start(db, why, SQL_HOOK_DUE_NEXT), due_ns,
                      why);
}

enum result hook_turn_next(struct db *db, const char *after, char turn[HOOK_TURN_MAX + 1],
                           struct reason *why)
{
    const enum sql sql = SQL_HOOK_TURN_NEXT;
    enum result result = sql_start(db, why, sql, after);

    turn[0] = '\0';
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK && sql_text(db, sql, 0, turn, HOOK_TURN_MAX + 1) != RESULT_OK)
        result =
            reason_set(why, RESULT_MALFORMED, "the database: the row of a webhook is damaged");
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

static enum result rows_read(struct db *db, enum sql sql, enum result result,
                             void (*each)(void *arg, const struct hook_row *row), void *arg,
                             struct reason *why)
{
    struct hook_row row;

    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK &&
           (result = row_read(db, sql, &row, why)) == RESULT_OK)
        each(arg, &row);
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result hook_rows_due(struct db *db, const char *turn, int64_t now_ns, int64_t most,
                          void (*each)(void *arg, const struct hook_row *row), void *arg,
                          struct reason *why)
{
    return rows_read(db, SQL_HOOK_DUE, sql_start(db, why, SQL_HOOK_DUE, turn, now_ns, most),
                     each, arg, why);
}

enum result hook_rows_of_job(struct db *db, int64_t job,
                             void (*each)(void *arg, const struct hook_row *row), void *arg,
                             struct reason *why)
{
    return rows_read(db, SQL_HOOK_LIST, sql_start(db, why, SQL_HOOK_LIST, job), each, arg, why);
}

enum result hook_row_begin(struct db *db, int64_t id, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_HOOK_BEGIN, id);

    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_MISSING, "the webhook waits no more");
    return result;
}

enum result hook_row_retry(struct db *db, const struct hook_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_HOOK_RETRY, row->id, row->due_ns, row->answer, row->problem);
}

enum result hook_row_end(struct db *db, const struct hook_row *row, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_HOOK_END, row->id, (int64_t)row->state,
                                 row->answer, row->problem, row->told_us);

    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_HOOK_SWEEP, row->id);
    return result;
}

enum result hook_rows_recover(struct db *db, int64_t due_ns, struct reason *why)
{
    return sql_run(db, why, SQL_HOOK_RECOVER, due_ns);
}

enum result hook_due_mend(struct db *db, int64_t latest_ns, struct reason *why)
{
    return sql_run(db, why, SQL_HOOK_DUE_MEND, latest_ns);
}

enum result hook_rows_forget(struct db *db, const char *account, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_HOOK_FORGET, account);

    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_HOOK_EMPTY, account);
    return result;
}
