/*
 * jobs.c: the rows of jobs, in work.db.
 */
#include "store/jobs.h"

#include <math.h>
#include <string.h>

#include "store/sql.h"

/* As JOB_COLUMNS in sql_work.c has them. */
enum job_column {
    JOB_ID,
    JOB_UUID,
    JOB_ACCOUNT,
    JOB_KEY,
    JOB_USER,
    JOB_REQUEST_ID,
    JOB_ADDRESS,
    JOB_MODEL,
    JOB_VERSION,
    JOB_KIND,
    JOB_RESULT_KIND,
    JOB_OUTPUT,
    JOB_URL,
    JOB_STATUS,
    JOB_ATTEMPTS,
    JOB_DUE_NS,
    JOB_CLAIM,
    JOB_BODY_BYTES,
    JOB_BODY_IN_FILE,
    JOB_RESULT_BYTES,
    JOB_RESULT_TRY,
    JOB_ROWS,
    JOB_ROWS_DONE,
    JOB_CREATED_US,
    JOB_STARTED_US,
    JOB_ENDED_US,
    JOB_CODE,
    JOB_LABEL,
    JOB_SCORE,
    JOB_REASON,
    JOB_BODY, /* of SQL_JOB_CLAIM alone */
};

const char *job_status_name(enum job_status status)
{
    static const char *const names[JOB_STATUS__MAX] = {
        [JOB_PENDING] = "pending",     [JOB_PROCESSING] = "processing",
        [JOB_COMPLETED] = "completed", [JOB_FAILED] = "failed",
        [JOB_CANCELLED] = "cancelled",
    };

    return names[status];
}

static void numbers_read(struct db *db, enum sql sql, struct job_row *row)
{
    row->id = sql_int(db, sql, JOB_ID);
    row->version = sql_int(db, sql, JOB_VERSION);
    row->attempts = sql_int(db, sql, JOB_ATTEMPTS);
    row->due_ns = sql_int(db, sql, JOB_DUE_NS);
    row->claim = sql_int(db, sql, JOB_CLAIM);
    row->body_bytes = sql_int(db, sql, JOB_BODY_BYTES);
    row->body_in_file = sql_int(db, sql, JOB_BODY_IN_FILE) != 0;
    row->result_bytes = sql_int(db, sql, JOB_RESULT_BYTES);
    row->result_try = sql_int(db, sql, JOB_RESULT_TRY);
    row->rows = sql_int(db, sql, JOB_ROWS);
    row->rows_done = sql_int(db, sql, JOB_ROWS_DONE);
    row->created_us = sql_int(db, sql, JOB_CREATED_US);
    row->started_us = sql_int(db, sql, JOB_STARTED_US);
    row->ended_us = sql_int(db, sql, JOB_ENDED_US);
    row->code = sql_int(db, sql, JOB_CODE);
    row->has_score = !sql_is_null(db, sql, JOB_SCORE);
    row->score = sql_double(db, sql, JOB_SCORE);
}

/* A number that has to be one of an enum's. */
static bool choice_read(struct db *db, enum sql sql, int column, int max, int *out)
{
    int64_t number = sql_int(db, sql, column);

    *out = number >= 0 && number < max ? (int)number : 0;
    return number == *out;
}

static enum result row_read(struct db *db, enum sql sql, struct job_row *row,
                            struct reason *why)
{
    int status, kind, result_kind;

    memset(row, 0, sizeof(*row));
    const struct sql_text_to texts[] = {
        {JOB_UUID, row->uuid, sizeof(row->uuid)},
        {JOB_ACCOUNT, row->account, sizeof(row->account)},
        {JOB_KEY, row->key, sizeof(row->key)},
        {JOB_USER, row->user, sizeof(row->user)},
        {JOB_REQUEST_ID, row->request_id, sizeof(row->request_id)},
        {JOB_ADDRESS, row->address, sizeof(row->address)},
        {JOB_MODEL, row->model, sizeof(row->model)},
        {JOB_OUTPUT, row->output, sizeof(row->output)},
        {JOB_URL, row->url, sizeof(row->url)},
        {JOB_LABEL, row->label, sizeof(row->label)},
        {JOB_REASON, row->reason, sizeof(row->reason)},
    };

    numbers_read(db, sql, row);
    if (!choice_read(db, sql, JOB_STATUS, JOB_STATUS__MAX, &status) ||
        !choice_read(db, sql, JOB_KIND, JOB_KIND__MAX, &kind) ||
        !choice_read(db, sql, JOB_RESULT_KIND, JOB_KIND__MAX, &result_kind) ||
        sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: the row of job %lld is damaged",
                          (long long)row->id);
    row->status = (enum job_status)status;
    row->kind = (enum job_kind)kind;
    row->result_kind = (enum job_kind)result_kind;
    return RESULT_OK;
}

enum result job_row_insert(struct db *db, struct job_row *row, const void *body, size_t len,
                           struct reason *why)
{
    enum result result = sql_run(
        db, why, SQL_JOB_INSERT, row->uuid, row->account, row->key, row->user, row->request_id,
        row->address, row->model, (int64_t)row->kind, (int64_t)row->result_kind, row->output,
        row->url, row->body_bytes, (int64_t)row->body_in_file, row->rows, row->created_us,
        row->trace, row->body_in_file ? NULL : body, row->body_in_file ? (size_t)0 : len);

    if (result == RESULT_OK)
        row->id = sql_inserted(db);
    return result;
}

static enum result row_of(struct db *db, enum sql sql, enum result result, struct job_row *row,
                          struct reason *why)
{
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        result = row_read(db, sql, row, why);
    else if (result == RESULT_MISSING)
        reason_set(why, result, "there is no such job");
    sql_end(db, sql);
    return result;
}

enum result job_row_get(struct db *db, const char *uuid, struct job_row *row,
                        struct reason *why)
{
    return row_of(db, SQL_JOB_GET, sql_start(db, why, SQL_JOB_GET, uuid), row, why);
}

enum result job_row_held(struct db *db, int64_t id, int64_t claim, struct job_row *row,
                         struct reason *why)
{
    return row_of(db, SQL_JOB_HELD, sql_start(db, why, SQL_JOB_HELD, id, claim), row, why);
}

static enum result bytes_get(struct db *db, enum sql sql, int64_t id, struct buf *out,
                             struct reason *why)
{
    enum result result = sql_start(db, why, sql, id);
    const void *bytes;
    size_t len;

    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK) {
        bytes = sql_bytes(db, sql, 0, &len);
        if (len > 0)
            buf_put(out, bytes, len);
        if (buf_failed(out))
            result = reason_set(why, RESULT_NOMEM, "no memory for a job");
    } else if (result == RESULT_MISSING) {
        reason_set(why, result, "there is no such job");
    }
    sql_end(db, sql);
    return result;
}

enum result job_body_get(struct db *db, int64_t id, struct buf *out, struct reason *why)
{
    return bytes_get(db, SQL_JOB_BODY, id, out, why);
}

enum result job_result_get(struct db *db, int64_t id, struct buf *out, struct reason *why)
{
    return bytes_get(db, SQL_JOB_RESULT, id, out, why);
}

enum result job_row_list(struct db *db, const struct job_filter *filter,
                         bool (*each)(void *arg, const struct job_row *row), void *arg,
                         struct reason *why)
{
    enum sql sql = filter->account != NULL ? SQL_JOB_LIST_OF : SQL_JOB_LIST;
    int64_t status = filter->status == JOB_STATUS__MAX ? -1 : (int64_t)filter->status;
    int64_t before = filter->before_id > 0 ? filter->before_id : INT64_MAX;
    int64_t limit = filter->limit > 0 ? filter->limit : -1;
    enum result result =
        sql_start(db, why, sql, filter->account, filter->model, status, before, limit);
    struct job_row row;
    bool more = true;

    while (result == RESULT_OK && more && (result = sql_next(db, why, sql)) == RESULT_OK &&
           (result = row_read(db, sql, &row, why)) == RESULT_OK)
        more = each(arg, &row);
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result job_account_next(struct db *db, const char *after, char account[KEY_ID_LEN + 1],
                             struct reason *why)
{
    const enum sql sql = SQL_JOB_ACCOUNT_NEXT;
    enum result result = sql_start(db, why, sql, after);

    account[0] = '\0';
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK && sql_text(db, sql, 0, account, KEY_ID_LEN + 1) != RESULT_OK)
        result = reason_set(why, RESULT_MALFORMED, "the database: the row of a job is damaged");
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result job_rows_claim(struct db *db, const char *account, int64_t claim, int64_t now_ns,
                           int64_t now_us, int64_t most,
                           void (*each)(void *arg, const struct job_row *row, const void *body,
                                        size_t len),
                           void *arg, struct reason *why)
{
    const enum sql sql = SQL_JOB_CLAIM;
    enum result result = sql_start(db, why, sql, claim, now_us, account, now_ns, most);
    struct job_row row;
    const void *body;
    size_t len;

    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK &&
           (result = row_read(db, sql, &row, why)) == RESULT_OK) {
        body = sql_bytes(db, sql, JOB_BODY, &len);
        each(arg, &row, body, len);
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result job_due_next(struct db *db, int64_t *due_ns, struct reason *why)
{
    return sql_number(db, SQL_JOB_DUE_NEXT, sql_start(db, why, SQL_JOB_DUE_NEXT), due_ns, why);
}

enum result job_due_mend(struct db *db, int64_t latest_ns, struct reason *why)
{
    return sql_run(db, why, SQL_JOB_DUE_MEND, latest_ns);
}

enum result job_claims_list(struct db *db, void (*each)(void *arg, int64_t claim), void *arg,
                            struct reason *why)
{
    const enum sql sql = SQL_JOB_CLAIMS;
    enum result result = sql_start(db, why, sql);

    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK)
        each(arg, sql_int(db, sql, 0));
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result job_rows_hand_back(struct db *db, int64_t claim, int64_t but, struct reason *why)
{
    return sql_run(db, why, SQL_JOB_HAND_BACK, claim, but);
}

/* Of a change of one job, which was not there to be changed if no row was. */
static enum result changed(struct db *db, enum result result, struct reason *why)
{
    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_MISSING, "the job is in work here no more");
    return result;
}

enum result job_row_end(struct db *db, int64_t claim, const struct job_row *row,
                        const void *result_bytes, size_t len, struct reason *why)
{
    enum result result = sql_run(
        db, why, SQL_JOB_END, row->id, claim, (int64_t)row->status, row->attempts, row->version,
        row->result_try > 0 ? NULL : result_bytes, row->result_try > 0 ? (size_t)0 : len,
        row->result_bytes, row->result_try, row->rows, row->rows_done, row->ended_us, row->code,
        row->label, row->has_score ? row->score : NAN, row->reason);

    return changed(db, result, why);
}

enum result job_row_retry(struct db *db, int64_t claim, const struct job_row *row,
                          struct reason *why)
{
    return changed(db,
                   sql_run(db, why, SQL_JOB_RETRY, row->id, claim, row->attempts, row->due_ns,
                           row->reason),
                   why);
}

enum result job_row_progress(struct db *db, int64_t id, int64_t claim, int64_t rows,
                             int64_t rows_done, struct reason *why)
{
    return changed(db, sql_run(db, why, SQL_JOB_PROGRESS, id, claim, rows, rows_done), why);
}

enum result job_row_cancel(struct db *db, const char *uuid, int64_t now_us, struct reason *why)
{
    return changed(db, sql_run(db, why, SQL_JOB_CANCEL, uuid, now_us), why);
}

/* Calls each for the rows that a statement gives, which was started with this result. */
static enum result rows_each(struct db *db, enum sql sql, enum result result,
                             void (*each)(void *arg, const struct job_row *row), void *arg,
                             struct reason *why)
{
    struct job_row row;

    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK &&
           (result = row_read(db, sql, &row, why)) == RESULT_OK)
        each(arg, &row);
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result job_rows_forget(struct db *db, const char *account, int64_t after, int64_t most,
                            void (*each)(void *arg, const struct job_row *row), void *arg,
                            struct reason *why)
{
    const enum sql sql = SQL_JOB_FORGET;

    return rows_each(db, sql, sql_start(db, why, sql, account, after, most), each, arg, why);
}

enum result job_rows_expired(struct db *db, int64_t before_us, int64_t most,
                             void (*each)(void *arg, const struct job_row *row), void *arg,
                             struct reason *why)
{
    const enum sql sql = SQL_JOB_EXPIRED;

    return rows_each(db, sql, sql_start(db, why, sql, before_us, most), each, arg, why);
}

enum result job_row_delete(struct db *db, int64_t id, struct reason *why)
{
    return sql_run(db, why, SQL_JOB_DELETE, id);
}

enum result job_total_get(struct db *db, const char *account, struct job_total *total,
                          struct reason *why)
{
    const enum sql sql = SQL_JOB_TOTAL;
    enum result result = sql_start(db, why, sql, account != NULL ? account : "");

    memset(total, 0, sizeof(*total));
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        *total =
            (struct job_total){sql_int(db, sql, 0), sql_int(db, sql, 1), sql_int(db, sql, 2)};
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result job_running(struct db *db, int64_t *jobs, struct reason *why)
{
    return sql_number(db, SQL_JOB_RUNNING, sql_start(db, why, SQL_JOB_RUNNING), jobs, why);
}

enum result job_ends_list(struct db *db, void (*each)(void *arg, const struct job_ends *ends),
                          void *arg, struct reason *why)
{
    const enum sql sql = SQL_JOB_ENDED_LIST;
    enum result result = sql_start(db, why, sql);
    struct job_ends ends;

    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK) {
        result = sql_text(db, sql, 0, ends.model, sizeof(ends.model));
        ends.status = (enum job_status)sql_int(db, sql, 1);
        ends.jobs = sql_int(db, sql, 2);
        ends.rows = sql_int(db, sql, 3);
        if (result == RESULT_OK && ends.status < JOB_STATUS__MAX)
            each(arg, &ends);
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}
