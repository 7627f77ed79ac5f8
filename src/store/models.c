/*
 * models.c: the rows of published models and their versions.
 */
#include "store/models.h"

#include <string.h>

#include "store/sql.h"

/* The columns of a version, in both lists. */
enum column {
    COLUMN_NAME,
    COLUMN_VERSION,
    COLUMN_SHA256,
    COLUMN_PUBLISHED_AT,
    COLUMN_BACK,
    COLUMN_STATE,
    COLUMN_SHARE,
    COLUMN_BY_KEY,
    COLUMN_KEEP_SHARE,
    COLUMN_KEEP_DAYS
};

const char *model_state_name(enum model_state state)
{
    static const char *const names[MODEL_STATE__MAX] = {
        [MODEL_SERVING] = "serving", [MODEL_CANARY] = "canary",       [MODEL_SHADOW] = "shadow",
        [MODEL_RETIRED] = "retired", [MODEL_WITHDRAWN] = "withdrawn",
    };

    return names[state];
}

static enum result row_read(struct db *db, enum sql sql, struct model_row *row,
                            struct reason *why)
{
    memset(row, 0, sizeof(*row));
    if (sql_text(db, sql, COLUMN_NAME, row->name, sizeof(row->name)) != RESULT_OK ||
        sql_text(db, sql, COLUMN_SHA256, row->sha256, sizeof(row->sha256)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: a model's row is damaged");
    row->version = sql_int(db, sql, COLUMN_VERSION);
    row->published_at = sql_int(db, sql, COLUMN_PUBLISHED_AT);
    row->back = sql_int(db, sql, COLUMN_BACK);
    row->state = (enum model_state)sql_int(db, sql, COLUMN_STATE);
    row->keep_share = sql_int(db, sql, COLUMN_KEEP_SHARE);
    row->keep_days = sql_int(db, sql, COLUMN_KEEP_DAYS);
    if (row->state == MODEL_CANARY) {
        row->share = sql_int(db, sql, COLUMN_SHARE);
        row->by_key = sql_int(db, sql, COLUMN_BY_KEY) != 0;
    }
    return RESULT_OK;
}

static enum result list(struct db *db, enum sql sql,
                        void (*each)(void *arg, const struct model_row *row), void *arg,
                        struct reason *why)
{
    struct model_row row;
    enum result result;

    result = sql_start(db, why, sql);
    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK) {
        result = row_read(db, sql, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result model_row_list(struct db *db, void (*each)(void *arg, const struct model_row *row),
                           void *arg, struct reason *why)
{
    return list(db, SQL_MODEL_LIST, each, arg, why);
}

enum result model_version_list(struct db *db,
                               void (*each)(void *arg, const struct model_row *row), void *arg,
                               struct reason *why)
{
    return list(db, SQL_MODEL_VERSIONS, each, arg, why);
}

enum result model_version_get(struct db *db, const char *name, int64_t version,
                              struct model_row *row, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_MODEL_VERSION_GET, name, version);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_MODEL_VERSION_GET);
    if (result == RESULT_OK)
        result = row_read(db, SQL_MODEL_VERSION_GET, row, why);
    sql_end(db, SQL_MODEL_VERSION_GET);
    return result;
}

static enum result next_version(struct db *db, struct model_row *row, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_MODEL_VERSION_NEXT, row->name);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_MODEL_VERSION_NEXT);
    if (result == RESULT_OK)
        row->version = sql_int(db, SQL_MODEL_VERSION_NEXT, 0);
    sql_end(db, SQL_MODEL_VERSION_NEXT);
    return result;
}

enum result model_row_add(struct db *db, struct model_row *row, struct reason *why)
{
    enum result result;

    result = sql_run(db, why, SQL_MODEL_INSERT, row->name);
    if (result == RESULT_OK)
        result = next_version(db, row, why);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_MODEL_VERSION_INSERT, row->name, row->version,
                         row->sha256, row->published_at);
    return result;
}

enum result model_places_set(struct db *db, const char *name, const struct model_places *places,
                             struct reason *why)
{
    return sql_run(db, why, SQL_MODEL_PLACES_SET, places->serving, places->canary,
                   places->share, (int64_t)places->by_key, places->shadow,
                   (int64_t)places->withdrawn, name);
}

enum result model_back_set(struct db *db, const char *name, int64_t version, int64_t back,
                           struct reason *why)
{
    return sql_run(db, why, SQL_MODEL_BACK_SET, back, name, version);
}

enum result model_version_delete(struct db *db, const char *name, int64_t version,
                                 struct reason *why)
{
    enum result result = sql_run(db, why, SQL_MODEL_BACK_SKIP, name, version);

    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_COMPARED_DELETE, name, version);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_MODEL_VERSION_DELETE, name, version);
    return result;
}

enum result model_keep_set(struct db *db, const char *name, int64_t share, int64_t days,
                           struct reason *why)
{
    return sql_run(db, why, SQL_MODEL_KEEP_SET, share, days, name);
}

enum result model_compared_add(struct db *db, const char *name,
                               const struct model_compared *compared, struct reason *why)
{
    return sql_run(db, why, SQL_COMPARED_ADD, name, compared->version, compared->against,
                   compared->rows, compared->agreed, compared->apart, compared->most);
}

enum result model_compared_list(struct db *db, const char *name, int64_t version,
                                void (*each)(void *arg, const struct model_compared *compared),
                                void *arg, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_COMPARED_LIST, name, version);

    while (result == RESULT_OK &&
           (result = sql_next(db, why, SQL_COMPARED_LIST)) == RESULT_OK) {
        const struct model_compared compared = {
            .version = version,
            .against = sql_int(db, SQL_COMPARED_LIST, 0),
            .rows = sql_int(db, SQL_COMPARED_LIST, 1),
            .agreed = sql_int(db, SQL_COMPARED_LIST, 2),
            .apart = sql_double(db, SQL_COMPARED_LIST, 3),
            .most = sql_double(db, SQL_COMPARED_LIST, 4),
        };

        each(arg, &compared);
    }
    sql_end(db, SQL_COMPARED_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}
