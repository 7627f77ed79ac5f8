/*
 * sessions.c: the rows of sessions, of invitations, and of logins that failed.
 */
#include "store/sessions.h"

#include <string.h>

#include "store/sql.h"
#include "store/tier_row.h"

/* As SESSION_COLUMNS in sql.c has them. */
enum session_column {
    SESSION_ID,
    SESSION_USER,
    SESSION_CREATED_AT,
    SESSION_EXPIRES_AT,
    SESSION_GENERATION,
    SESSION_USED_AT,
    SESSION_ADDRESS
};

/* As INVITATION_COLUMNS has them. */
enum invitation_column {
    INVITATION_ID,
    INVITATION_MAC,
    INVITATION_USERNAME,
    INVITATION_ROLE,
    INVITATION_MODELS,
    INVITATION_TIER,
    INVITATION_MADE_BY,
    INVITATION_CREATED_AT,
    INVITATION_EXPIRES_AT
};

enum result session_row_insert(struct db *db, const struct session_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_SESSION_INSERT, row->id, row->user, row->created_at,
                   row->expires_at, row->generation, row->used_at, row->address);
}

static enum result session_read(struct db *db, enum sql sql, struct session_row *row,
                                struct reason *why)
{
    memset(row, 0, sizeof(*row));
    row->created_at = sql_int(db, sql, SESSION_CREATED_AT);
    row->expires_at = sql_int(db, sql, SESSION_EXPIRES_AT);
    row->generation = sql_int(db, sql, SESSION_GENERATION);
    row->used_at = sql_int(db, sql, SESSION_USED_AT);
    if (sql_text(db, sql, SESSION_ID, row->id, sizeof(row->id)) == RESULT_OK &&
        sql_text(db, sql, SESSION_USER, row->user, sizeof(row->user)) == RESULT_OK &&
        sql_text(db, sql, SESSION_ADDRESS, row->address, sizeof(row->address)) == RESULT_OK)
        return RESULT_OK;
    return reason_set(why, RESULT_MALFORMED, "the database: the row of a session is damaged");
}

enum result session_row_get(struct db *db, const char *id, struct session_row *row,
                            struct reason *why)
{
    enum result result = sql_start(db, why, SQL_SESSION_GET, id);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_SESSION_GET);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no such session");
    if (result == RESULT_OK)
        result = session_read(db, SQL_SESSION_GET, row, why);
    sql_end(db, SQL_SESSION_GET);
    return result;
}

/* As SQL_SESSION_CALLER has them. */
enum caller_column {
    CALLER_EXPIRES_AT,
    CALLER_USER,
    CALLER_ROLE,
    CALLER_ACTIVE,
    CALLER_MODELS,
    CALLER_OF_TIER
};

static enum result caller_read(struct db *db, struct session_caller *row, struct reason *why)
{
    const enum sql sql = SQL_SESSION_CALLER;
    struct key_owner *user = &row->user;
    enum result tier;

    memset(row, 0, sizeof(*row));
    row->expires_at = sql_int(db, sql, CALLER_EXPIRES_AT);
    user->role =
        sql_int(db, sql, CALLER_ROLE) == USER_ROLE_ADMIN ? USER_ROLE_ADMIN : USER_ROLE_USER;
    user->active = sql_int(db, sql, CALLER_ACTIVE) != 0;
    if (sql_text(db, sql, CALLER_USER, user->id, sizeof(user->id)) != RESULT_OK ||
        sql_text(db, sql, CALLER_MODELS, user->models, sizeof(user->models)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED, "the database: the row of a user is damaged");
    tier = tier_row_read(db, sql, CALLER_OF_TIER, &row->of_tier);
    return tier == RESULT_OK
               ? RESULT_OK
               : reason_set(why, RESULT_MALFORMED,
                            "the tier of user %s is %s: make it with forestgate tier set",
                            user->id, tier == RESULT_MISSING ? "not there" : "damaged");
}

enum result session_caller_get(struct db *db, const char *id, struct session_caller *row,
                               struct reason *why)
{
    enum result result = sql_start(db, why, SQL_SESSION_CALLER, id);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_SESSION_CALLER);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no such session");
    if (result == RESULT_OK)
        result = caller_read(db, row, why);
    sql_end(db, SQL_SESSION_CALLER);
    return result;
}

enum result session_row_list(struct db *db, const char *user,
                             void (*each)(void *arg, const struct session_row *row), void *arg,
                             struct reason *why)
{
    enum result result = sql_start(db, why, SQL_SESSION_LIST, user);
    struct session_row row;

    while (result == RESULT_OK && (result = sql_next(db, why, SQL_SESSION_LIST)) == RESULT_OK) {
        result = session_read(db, SQL_SESSION_LIST, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_SESSION_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* RESULT_MISSING if a statement that went well has changed nothing. */
static enum result changed(struct db *db, enum result result, const char *what,
                           struct reason *why)
{
    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_MISSING, "there is no such %s", what);
    return result;
}

enum result session_row_rotate(struct db *db, const char *id, int64_t generation, int64_t now,
                               struct reason *why)
{
    return changed(db, sql_run(db, why, SQL_SESSION_ROTATE, id, now, generation), "session",
                   why);
}

enum result session_row_end(struct db *db, const char *id, struct reason *why)
{
    return changed(db, sql_run(db, why, SQL_SESSION_END, id), "session", why);
}

enum result session_rows_end(struct db *db, const char *user, const char *but,
                             struct reason *why)
{
    return sql_run(db, why, SQL_SESSION_END_OF_USER, user, but);
}

enum result session_rows_expire(struct db *db, int64_t now, int64_t most, struct reason *why)
{
    return sql_run(db, why, SQL_SESSION_EXPIRE, now, most);
}

enum result session_rows_count(struct db *db, const char *user, int64_t *count,
                               struct reason *why)
{
    return sql_number(db, SQL_SESSION_COUNT, sql_start(db, why, SQL_SESSION_COUNT, user), count,
                      why);
}

enum result session_rows_keep(struct db *db, const char *user, int64_t keep, struct reason *why)
{
    return sql_run(db, why, SQL_SESSION_KEEP, user, keep);
}

enum result invitation_row_insert(struct db *db, const struct invitation_row *row,
                                  struct reason *why)
{
    return sql_run(db, why, SQL_INVITATION_INSERT, row->id, row->mac, sizeof(row->mac),
                   row->username, (int64_t)row->role, row->models, row->tier, row->made_by,
                   row->created_at, row->expires_at);
}

static bool invitation_texts(struct db *db, enum sql sql, struct invitation_row *row)
{
    const struct sql_text_to texts[] = {
        {INVITATION_ID, row->id, sizeof(row->id)},
        {INVITATION_USERNAME, row->username, sizeof(row->username)},
        {INVITATION_MODELS, row->models, sizeof(row->models)},
        {INVITATION_TIER, row->tier, sizeof(row->tier)},
        {INVITATION_MADE_BY, row->made_by, sizeof(row->made_by)},
    };

    return sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) == RESULT_OK;
}

static enum result invitation_read(struct db *db, enum sql sql, struct invitation_row *row,
                                   struct reason *why)
{
    int64_t role = sql_int(db, sql, INVITATION_ROLE);

    memset(row, 0, sizeof(*row));
    if (!invitation_texts(db, sql, row) || role < 0 || role >= USER_ROLE__MAX ||
        sql_blob(db, sql, INVITATION_MAC, row->mac, sizeof(row->mac)) != RESULT_OK)
        return reason_set(why, RESULT_MALFORMED,
                          "the database: the row of an invitation is damaged");
    row->role = (enum user_role)role;
    row->created_at = sql_int(db, sql, INVITATION_CREATED_AT);
    row->expires_at = sql_int(db, sql, INVITATION_EXPIRES_AT);
    return RESULT_OK;
}

enum result invitation_row_get(struct db *db, const char *id, struct invitation_row *row,
                               struct reason *why)
{
    enum result result = sql_start(db, why, SQL_INVITATION_GET, id);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_INVITATION_GET);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no invitation %.12s", id);
    if (result == RESULT_OK)
        result = invitation_read(db, SQL_INVITATION_GET, row, why);
    sql_end(db, SQL_INVITATION_GET);
    return result;
}

enum result invitation_row_list(struct db *db,
                                void (*each)(void *arg, const struct invitation_row *row),
                                void *arg, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_INVITATION_LIST);
    struct invitation_row row;

    while (result == RESULT_OK &&
           (result = sql_next(db, why, SQL_INVITATION_LIST)) == RESULT_OK) {
        result = invitation_read(db, SQL_INVITATION_LIST, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, SQL_INVITATION_LIST);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result invitation_row_delete(struct db *db, const char *id, struct reason *why)
{
    return changed(db, sql_run(db, why, SQL_INVITATION_DELETE, id), "invitation", why);
}

enum result invitation_rows_expire(struct db *db, int64_t now, struct reason *why)
{
    return sql_run(db, why, SQL_INVITATION_EXPIRE, now);
}

enum result attempt_row_get(struct db *db, const uint8_t subject[ATTEMPT_SUBJECT_BYTES],
                            struct attempt_row *row, struct reason *why)
{
    enum result result =
        sql_start(db, why, SQL_ATTEMPT_GET, subject, (size_t)ATTEMPT_SUBJECT_BYTES);

    memset(row, 0, sizeof(*row));
    memcpy(row->subject, subject, sizeof(row->subject));
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_ATTEMPT_GET);
    if (result == RESULT_OK) {
        row->failures = sql_int(db, SQL_ATTEMPT_GET, 0);
        row->last_us = sql_int(db, SQL_ATTEMPT_GET, 1);
        row->until_us = sql_int(db, SQL_ATTEMPT_GET, 2);
    }
    sql_end(db, SQL_ATTEMPT_GET);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result attempt_row_set(struct db *db, const struct attempt_row *row, struct reason *why)
{
    return sql_run(db, why, SQL_ATTEMPT_SET, row->subject, sizeof(row->subject), row->failures,
                   row->last_us, row->until_us);
}

enum result attempt_row_delete(struct db *db, const uint8_t subject[ATTEMPT_SUBJECT_BYTES],
                               struct reason *why)
{
    return sql_run(db, why, SQL_ATTEMPT_DELETE, subject, (size_t)ATTEMPT_SUBJECT_BYTES);
}

enum result attempt_rows_expire(struct db *db, int64_t before_us, int64_t most,
                                struct reason *why)
{
    return sql_run(db, why, SQL_ATTEMPT_EXPIRE, before_us, most);
}

enum result attempt_rows_count(struct db *db, int64_t *count, struct reason *why)
{
    return sql_number(db, SQL_ATTEMPT_COUNT, sql_start(db, why, SQL_ATTEMPT_COUNT), count, why);
}

enum result known_row_get(struct db *db, const char *user,
                          const uint8_t address[ATTEMPT_SUBJECT_BYTES], int64_t since,
                          bool *known, struct reason *why)
{
    enum result result =
        sql_start(db, why, SQL_KNOWN_GET, user, address, (size_t)ATTEMPT_SUBJECT_BYTES);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_KNOWN_GET);
    *known = result == RESULT_OK && sql_int(db, SQL_KNOWN_GET, 0) >= since;
    sql_end(db, SQL_KNOWN_GET);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result known_row_set(struct db *db, const char *user,
                          const uint8_t address[ATTEMPT_SUBJECT_BYTES], int64_t now,
                          int64_t since, int64_t keep, struct reason *why)
{
    enum result result =
        sql_run(db, why, SQL_KNOWN_SET, user, address, (size_t)ATTEMPT_SUBJECT_BYTES, now);

    if (result == RESULT_OK)
        result = sql_run(db, why, SQL_KNOWN_EXPIRE, user, since, keep);
    return result;
}
