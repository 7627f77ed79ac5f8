/*
 * users.c: the rows of users.
 */
#include "store/users.h"

#include <string.h>

#include "store/sql.h"

/* As USER_COLUMNS in sql.c has them. */
enum column {
    COLUMN_ID,
    COLUMN_USERNAME,
    COLUMN_FIRST_NAME,
    COLUMN_LAST_NAME,
    COLUMN_COUNTRY,
    COLUMN_ROLE,
    COLUMN_ACTIVE,
    COLUMN_MODELS,
    COLUMN_TIER,
    COLUMN_CREATED_AT,
    COLUMN_PASSWORD_AT,
    COLUMN_LAST_LOGIN_AT
};

static enum result row_read(struct db *db, enum sql sql, struct user_row *row,
                            struct reason *why)
{
    const struct sql_text_to texts[] = {
        {COLUMN_ID, row->id, sizeof(row->id)},
        {COLUMN_USERNAME, row->username, sizeof(row->username)},
        {COLUMN_FIRST_NAME, row->first_name, sizeof(row->first_name)},
        {COLUMN_LAST_NAME, row->last_name, sizeof(row->last_name)},
        {COLUMN_COUNTRY, row->country, sizeof(row->country)},
        {COLUMN_MODELS, row->models, sizeof(row->models)},
        {COLUMN_TIER, row->tier, sizeof(row->tier)},
    };
    int64_t role = sql_int(db, sql, COLUMN_ROLE);

    memset(row, 0, sizeof(*row));
    if (sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: the row of a user is damaged");
    if (role < 0 || role >= USER_ROLE__MAX)
        return reason_set(why, RESULT_MALFORMED, "the database: the role of user %s is none",
                          row->id);
    row->role = (enum user_role)role;
    row->active = sql_int(db, sql, COLUMN_ACTIVE) != 0;
    row->created_at = sql_int(db, sql, COLUMN_CREATED_AT);
    row->password_at = sql_int(db, sql, COLUMN_PASSWORD_AT);
    row->last_login_at = sql_int(db, sql, COLUMN_LAST_LOGIN_AT);
    return RESULT_OK;
}

enum result user_row_insert(struct db *db, const struct user_row *row, const char *password,
                            struct reason *why)
{
    return sql_run(db, why, SQL_USER_INSERT, row->id, row->username, row->first_name,
                   row->last_name, row->country, (int64_t)row->role, (int64_t)row->active,
                   row->models, row->tier, row->created_at, row->password_at,
                   row->last_login_at, password);
}

static enum result get(struct db *db, enum sql sql, const char *by, struct user_row *row,
                       struct reason *why)
{
    enum result result = sql_start(db, why, sql, by);

    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no user %.254s", by);
    if (result == RESULT_OK) /* from here on `by` may be gone: it may be the row's own */
        result = row_read(db, sql, row, why);
    else
        memset(row, 0, sizeof(*row));
    sql_end(db, sql);
    return result;
}

enum result user_row_get(struct db *db, const char *id, struct user_row *row,
                         struct reason *why)
{
    return get(db, SQL_USER_GET, id, row, why);
}

enum result user_row_find(struct db *db, const char *username, struct user_row *row,
                          struct reason *why)
{
    return get(db, SQL_USER_GET_BY_NAME, username, row, why);
}

enum result user_row_list(struct db *db, const struct user_filter *filter,
                          void (*each)(void *arg, const struct user_row *row), void *arg,
                          int64_t *total, struct reason *why)
{
    struct user_row row;
    enum result result;

    result = sql_start(db, why, SQL_USER_COUNT, filter->search, (int64_t)filter->role,
                       (int64_t)filter->active);
    result = sql_number(db, SQL_USER_COUNT, result, total, why);
    if (result != RESULT_OK)
        return result;
    result = sql_start(db, why, SQL_USER_LIST, filter->search, (int64_t)filter->role,
                       (int64_t)filter->active, filter->limit, filter->offset);
    while (result == RESULT_OK && (result = sql_next(db, why, SQL_USER_LIST)) == RESULT_OK) {
        result = row_read(db, SQL_USER_LIST, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_USER_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result user_row_update(struct db *db, const struct user_row *row, struct reason *why)
{
    enum result result;

    result = sql_run(db, why, SQL_USER_UPDATE, row->first_name, row->last_name, row->country,
                     (int64_t)row->role, (int64_t)row->active, row->models, row->tier, row->id);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_KEY_TIER_OF_USER, row->tier, row->id);
    return result;
}

enum result user_row_delete(struct db *db, const char *id, int64_t now, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_KEY_END_OF_USER, now, id);

    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_SESSION_END_OF_USER, id, (const char *)NULL);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_KNOWN_FORGET, id);
    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_USER_DELETE, id);
    if (result == RESULT_OK && sql_changes(db) == 0)
        result = reason_set(why, RESULT_MISSING, "there is no user %s", id);
    return result;
}

enum result user_password_get(struct db *db, const char *id, char out[USER_PASSWORD_MAX + 1],
                              struct reason *why)
{
    enum result result = sql_start(db, why, SQL_USER_PASSWORD_GET, id);

    out[0] = '\0';
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_USER_PASSWORD_GET);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no user %s", id);
    if (result == RESULT_OK &&
        sql_text(db, SQL_USER_PASSWORD_GET, 0, out, USER_PASSWORD_MAX + 1) != RESULT_OK)
        result = reason_set(why, RESULT_MALFORMED,
                            "the database: the password of user %s is "
                            "damaged",
                            id);
    sql_end(db, SQL_USER_PASSWORD_GET);
    return result;
}

enum result user_password_set(struct db *db, const char *id, const char *password, int64_t now,
                              struct reason *why)
{
    return sql_run(db, why, SQL_USER_PASSWORD_SET, password, now, id);
}

enum result user_login_note(struct db *db, const char *id, int64_t now, struct reason *why)
{
    return sql_run(db, why, SQL_USER_LOGIN_NOTE, now, id);
}

enum result user_admins(struct db *db, const char *but, int64_t *count, struct reason *why)
{
    return sql_number(db, SQL_USER_ADMINS, sql_start(db, why, SQL_USER_ADMINS, but), count,
                      why);
}

enum result user_waiting(struct db *db, int64_t *count, struct reason *why)
{
    return sql_number(db, SQL_USER_WAITING, sql_start(db, why, SQL_USER_WAITING), count, why);
}
