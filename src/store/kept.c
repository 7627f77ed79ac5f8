/*
 * kept.c: the rows of predictions that are kept, in work.db.
 */
#include "store/kept.h"

#include <string.h>

#include "store/sql.h"

/* The columns of a part, in every statement that reads one. */
enum column {
    COLUMN_ID,
    COLUMN_AT_US,
    COLUMN_ACCOUNT,
    COLUMN_REQUEST_ID,
    COLUMN_JOB_UUID,
    COLUMN_MODEL,
    COLUMN_VERSION,
    COLUMN_OF_ROWS,
    COLUMN_FIRST,
    COLUMN_ROWS,
    COLUMN_N_FEATURES,
    COLUMN_N_MARGINS,
    COLUMN_N_ANSWERS,
    COLUMN_N_TARGETS,
    COLUMN_KNOWN,
    COLUMN_SEALED,
    COLUMN_TRUTH
};

static enum result row_read(struct db *db, enum sql sql, struct kept_row *row,
                            struct reason *why)
{
    memset(row, 0, sizeof(*row));
    const struct sql_text_to texts[] = {
        {COLUMN_ACCOUNT, row->account, sizeof(row->account)},
        {COLUMN_REQUEST_ID, row->request_id, sizeof(row->request_id)},
        {COLUMN_JOB_UUID, row->job_uuid, sizeof(row->job_uuid)},
        {COLUMN_MODEL, row->model, sizeof(row->model)},
    };

    row->id = sql_int(db, sql, COLUMN_ID);
    row->at_us = sql_int(db, sql, COLUMN_AT_US);
    row->version = sql_int(db, sql, COLUMN_VERSION);
    row->of_rows = sql_int(db, sql, COLUMN_OF_ROWS);
    row->first = sql_int(db, sql, COLUMN_FIRST);
    row->rows = sql_int(db, sql, COLUMN_ROWS);
    row->n_features = (uint32_t)sql_int(db, sql, COLUMN_N_FEATURES);
    row->n_margins = (uint32_t)sql_int(db, sql, COLUMN_N_MARGINS);
    row->n_answers = (uint32_t)sql_int(db, sql, COLUMN_N_ANSWERS);
    row->n_targets = (uint32_t)sql_int(db, sql, COLUMN_N_TARGETS);
    row->known = sql_int(db, sql, COLUMN_KNOWN);
    if (sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED,
                          "the database: row %lld of what is kept is damaged",
                          (long long)row->id);
    return RESULT_OK;
}

enum result kept_row_insert(struct db *db, struct kept_row *row, const void *sealed, size_t len,
                            struct reason *why)
{
    enum result result = sql_run(
        db, why, SQL_KEPT_INSERT, row->at_us, row->account, row->request_id, row->job_uuid,
        row->model, row->version, row->of_rows, row->first, row->rows, (int64_t)row->n_features,
        (int64_t)row->n_margins, (int64_t)row->n_answers, (int64_t)row->n_targets, sealed, len);

    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_EXISTS, "the job is kept already");
    if (result == RESULT_OK)
        row->id = sql_inserted(db);
    return result;
}

/* Each part that a statement, which was started with this result, gives. */
static enum result list(struct db *db, enum sql sql, enum result result,
                        bool (*each)(void *arg, const struct kept_part *part), void *arg,
                        struct reason *why)
{
    struct kept_part part;
    bool more = true;

    while (result == RESULT_OK && more && (result = sql_next(db, why, sql)) == RESULT_OK &&
           (result = row_read(db, sql, &part.row, why)) == RESULT_OK) {
        part.sealed = sql_bytes(db, sql, COLUMN_SEALED, &part.sealed_len);
        part.truth = sql_bytes(db, sql, COLUMN_TRUTH, &part.truth_len);
        more = each(arg, &part);
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result kept_row_list(struct db *db, const struct kept_filter *filter,
                          bool (*each)(void *arg, const struct kept_part *part), void *arg,
                          struct reason *why)
{
    int64_t until = filter->until_us != 0 ? filter->until_us : INT64_MAX;
    enum result result =
        sql_start(db, why, SQL_KEPT_LIST, filter->model, filter->version, filter->account,
                  filter->since_us, until, (int64_t)filter->with_truth);

    return list(db, SQL_KEPT_LIST, result, each, arg, why);
}

enum result kept_row_find(struct db *db, const char *account, const char *request_id,
                          const char *job_uuid, struct kept_row *row, struct reason *why)
{
    enum sql sql = job_uuid != NULL ? SQL_KEPT_FIND_JOB : SQL_KEPT_FIND;
    enum result result =
        sql_start(db, why, sql, job_uuid != NULL ? job_uuid : request_id, account);

    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        result = row_read(db, sql, row, why);
    else if (result == RESULT_MISSING)
        reason_set(why, result, "nothing is kept of that request");
    sql_end(db, sql);
    return result;
}

enum result kept_part_list(struct db *db, const struct kept_row *first,
                           bool (*each)(void *arg, const struct kept_part *part), void *arg,
                           struct reason *why)
{
    enum result result = sql_start(db, why, SQL_KEPT_PARTS, first->request_id, first->account,
                                   first->at_us, first->model, first->version, first->job_uuid);

    return list(db, SQL_KEPT_PARTS, result, each, arg, why);
}

enum result kept_truth_set(struct db *db, int64_t id, const void *truth, size_t len,
                           int64_t known, struct reason *why)
{
    return sql_run(db, why, SQL_KEPT_TRUTH_SET, id, truth, len, known);
}

enum result kept_rows_expire(struct db *db, const char *model, int64_t before_us, int64_t most,
                             int64_t *deleted, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_KEPT_EXPIRE, model, before_us, most);

    *deleted = result == RESULT_OK ? sql_changes(db) : 0;
    return result;
}

enum result kept_model_next(struct db *db, const char *after, char model[MODEL_NAME_MAX + 1],
                            struct reason *why)
{
    const enum sql sql = SQL_KEPT_MODEL_NEXT;
    enum result result = sql_start(db, why, sql, after);

    model[0] = '\0';
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK && sql_text(db, sql, 0, model, MODEL_NAME_MAX + 1) != RESULT_OK)
        result = reason_set(why, RESULT_MALFORMED, "the database: a model's name is damaged");
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result kept_gone_set(struct db *db, const char *account, int64_t until_us,
                          struct reason *why)
{
    return sql_run(db, why, SQL_KEPT_GONE_SET, account, until_us);
}

enum result kept_rows_forget(struct db *db, const char *account, int64_t most, int64_t *deleted,
                             struct reason *why)
{
    enum result result = sql_run(db, why, SQL_KEPT_FORGET, account, most);

    *deleted = result == RESULT_OK ? sql_changes(db) : 0;
    return result;
}

enum result kept_rows_delete(struct db *db, const char *model, int64_t version,
                             struct reason *why)
{
    enum result result = sql_run(db, why, SQL_KEPT_DELETE, model, version);

    if (result == RESULT_OK && version == 0)
        result = sql_run(db, why, SQL_KEPT_TOTAL_DELETE, model);
    return result;
}

enum result kept_forgotten(struct db *db, const char *account, int64_t *until_us,
                           struct reason *why)
{
    const enum sql sql = SQL_KEPT_GONE_GET;
    enum result result = sql_start(db, why, sql, account);

    *until_us = INT64_MIN;
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        *until_us = sql_int(db, sql, 0);
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result kept_total_get(struct db *db, const char *model, struct kept_total *total,
                           struct reason *why)
{
    const enum sql sql = SQL_KEPT_TOTAL_GET;
    enum result result = sql_start(db, why, sql, model);

    memset(total, 0, sizeof(*total));
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        *total =
            (struct kept_total){sql_int(db, sql, 0), sql_int(db, sql, 1), sql_int(db, sql, 2),
                                sql_int(db, sql, 3), sql_int(db, sql, 4), sql_int(db, sql, 5)};
    sql_end(db, sql);
    return result;
}

enum result kept_total_add(struct db *db, const char *model, const struct kept_total *total,
                           struct reason *why)
{
    return sql_run(db, why, SQL_KEPT_TOTAL_ADD, model, total->requests, total->rows,
                   total->bytes, total->known_requests, total->lost, total->damaged);
}

enum result kept_file_get(struct db *db, const char *name, int64_t *offset, int64_t *number,
                          struct reason *why)
{
    const enum sql sql = SQL_KEPT_FILE_GET;
    enum result result = sql_start(db, why, sql, name);

    *offset = *number = 0;
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK) {
        *offset = sql_int(db, sql, 0);
        *number = sql_int(db, sql, 1);
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result kept_file_set(struct db *db, const char *name, int64_t offset, int64_t number,
                          struct reason *why)
{
    return sql_run(db, why, SQL_KEPT_FILE_SET, name, offset, number);
}

enum result kept_file_forget(struct db *db, const char *name, struct reason *why)
{
    return sql_run(db, why, SQL_KEPT_FILE_FORGET, name);
}
