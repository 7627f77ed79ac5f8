/*
 * replays.c: the rows of answers that may be asked for again, in work.db.
 */
#include "store/replays.h"

#include <string.h>

#include "base/text.h"
#include "store/sql.h"

/* As SQL_REPLAY_FIND has them. */
enum column {
    COLUMN_ID,
    COLUMN_FINGERPRINT,
    COLUMN_CLAIM,
    COLUMN_AT_US,
    COLUMN_STATUS,
    COLUMN_VERSION,
    COLUMN_BYTES,
    COLUMN_IN_FILE,
    COLUMN_MODEL,
    COLUMN_TYPE,
    COLUMN_HEADERS,
    COLUMN_BODY
};

/* As SQL_REPLAY_OLD has them. */
enum old_column {
    OLD_ID,
    OLD_CLAIM,
    OLD_IN_FILE,
    OLD_AT_US
};

static enum result row_read(struct db *db, struct replay_row *row, struct reason *why)
{
    const enum sql sql = SQL_REPLAY_FIND;
    const struct sql_text_to texts[] = {
        {COLUMN_MODEL, row->model, sizeof(row->model)},
        {COLUMN_TYPE, row->type, sizeof(row->type)},
        {COLUMN_HEADERS, row->headers, sizeof(row->headers)},
    };

    row->id = sql_int(db, sql, COLUMN_ID);
    row->claim = sql_int(db, sql, COLUMN_CLAIM);
    row->at_us = sql_int(db, sql, COLUMN_AT_US);
    row->status = sql_int(db, sql, COLUMN_STATUS);
    row->version = sql_int(db, sql, COLUMN_VERSION);
    row->bytes = sql_int(db, sql, COLUMN_BYTES);
    row->in_file = sql_int(db, sql, COLUMN_IN_FILE) != 0;
    if (sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK ||
        sql_blob(db, sql, COLUMN_FINGERPRINT, row->fingerprint, sizeof(row->fingerprint)) !=
            RESULT_OK)
        return reason_set(why, RESULT_MALFORMED,
                          "the database: the row of kept answer %lld is damaged",
                          (long long)row->id);
    return RESULT_OK;
}

static enum result body_read(struct db *db, const struct replay_row *row, struct buf *body,
                             struct reason *why)
{
    const void *bytes;
    size_t len;

    if (row->claim != 0 || row->in_file)
        return RESULT_OK;
    bytes = sql_bytes(db, SQL_REPLAY_FIND, COLUMN_BODY, &len);
    if ((int64_t)len != row->bytes)
        return reason_set(why, RESULT_MALFORMED,
                          "the database: kept answer %lld is not as long as it was",
                          (long long)row->id);
    buf_put(body, bytes, len);
    return buf_failed(body) ? reason_set(why, RESULT_NOMEM, "out of memory") : RESULT_OK;
}

enum result replay_row_find(struct db *db, const char *account,
                            const uint8_t digest[REPLAY_DIGEST_BYTES], struct replay_row *row,
                            struct buf *body, struct reason *why)
{
    enum result result;

    memset(row, 0, sizeof(*row));
    text_copy(row->account, sizeof(row->account), account);
    memcpy(row->digest, digest, sizeof(row->digest));
    result = sql_start(db, why, SQL_REPLAY_FIND, row->account, digest, sizeof(row->digest));
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_REPLAY_FIND);
    if (result == RESULT_OK)
        result = row_read(db, row, why);
    if (result == RESULT_OK && body != NULL)
        result = body_read(db, row, body, why);
    sql_end(db, SQL_REPLAY_FIND);
    return result;
}

enum result replay_row_insert(struct db *db, struct replay_row *row, struct reason *why)
{
    enum result result =
        sql_run(db, why, SQL_REPLAY_INSERT, row->account, row->digest, sizeof(row->digest),
                row->fingerprint, sizeof(row->fingerprint), row->claim, row->at_us);

    if (result == RESULT_OK)
        row->id = sql_inserted(db);
    return result;
}

enum result replay_row_claim(struct db *db, const struct replay_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_REPLAY_CLAIM, row->id, row->fingerprint,
                   sizeof(row->fingerprint), row->claim, row->at_us);
}

enum result replay_row_end(struct db *db, const struct replay_row *row, const void *body,
                           size_t len, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_REPLAY_END, row->id, row->claim, row->status,
                                 row->version, row->bytes, (int64_t)row->in_file, row->model,
                                 row->type, row->headers, body, len);

    if (result == RESULT_OK && sql_changes(db) == 0)
        result = reason_set(why, RESULT_MISSING, "another has this answer in hand by now");
    return result;
}

enum result replay_row_old(struct db *db, int64_t before_us, int64_t most,
                           bool (*each)(void *arg, const struct replay_row *row), void *arg,
                           struct reason *why)
{
    enum result result = sql_start(db, why, SQL_REPLAY_OLD, before_us, most);
    struct replay_row row = {.id = 0};
    bool more = true;

    while (more && result == RESULT_OK &&
           (result = sql_next(db, why, SQL_REPLAY_OLD)) == RESULT_OK) {
        row.id = sql_int(db, SQL_REPLAY_OLD, OLD_ID);
        row.claim = sql_int(db, SQL_REPLAY_OLD, OLD_CLAIM);
        row.in_file = sql_int(db, SQL_REPLAY_OLD, OLD_IN_FILE) != 0;
        row.at_us = sql_int(db, SQL_REPLAY_OLD, OLD_AT_US);
        more = each(arg, &row);
    }
    sql_end(db, SQL_REPLAY_OLD);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result replay_row_delete(struct db *db, const struct replay_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_REPLAY_DELETE, row->id, row->at_us);
}

enum result replay_row_is(struct db *db, int64_t id, bool *is, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_REPLAY_IS, id);
    int64_t count = 0;

    result = sql_number(db, SQL_REPLAY_IS, result, &count, why);
    *is = count > 0;
    return result;
}

enum result replay_row_forget(struct db *db, const char *account, struct reason *why)
{
    return sql_run(db, why, SQL_REPLAY_FORGET, account);
}

/* The number of a row that may be missing, which is 0. */
static enum result number_of(struct db *db, enum sql sql, const char *account, int64_t *out,
                             struct reason *why)
{
    enum result result = sql_start(db, why, sql, account);

    *out = 0;
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        *out = sql_int(db, sql, 0);
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result replay_row_total(struct db *db, const char *account, int64_t *bytes,
                             struct reason *why)
{
    return number_of(db, SQL_REPLAY_TOTAL, account, bytes, why);
}

enum result replay_row_oldest(struct db *db, const char *account, int64_t *at_us,
                              struct reason *why)
{
    return number_of(db, SQL_REPLAY_OLDEST, account, at_us, why);
}
