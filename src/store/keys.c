/*
 * keys.c: the rows of API keys.
 */
#include "store/keys.h"

#include <string.h>

#include "base/text.h"
#include "store/tier_row.h"

/* As KEY_SELECT in sql.c has them. */
enum column {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_MAC,
    COLUMN_MODELS,
    COLUMN_CREATED_AT,
    COLUMN_EXPIRES_AT,
    COLUMN_REVOKED_AT,
    COLUMN_TIER,
    COLUMN_LIMITS,
    COLUMN_ADDRESSES,
    COLUMN_SCOPES,
    COLUMN_MAC_BEFORE,
    COLUMN_BEFORE_UNTIL,
    COLUMN_ROTATED_AT,
    COLUMN_USER,
    COLUMN_USER_ROLE,
    COLUMN_USER_ACTIVE,
    COLUMN_USER_MODELS,
    COLUMN_OF_TIER
};

static const struct {
    enum key_scope scope;
    const char *word;
} scope_words[] = {
    {KEY_SCOPE_PREDICT, "predict"}, {KEY_SCOPE_JOBS, "jobs"},       {KEY_SCOPE_READ, "read"},
    {KEY_SCOPE_ADMIN, "admin"},     {KEY_SCOPE_METRICS, "metrics"},
};

enum {
    SCOPES = sizeof(scope_words) / sizeof(scope_words[0])
};

static unsigned scope_of(const char *word, size_t len)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (strlen(scope_words[i].word) == len && memcmp(scope_words[i].word, word, len) == 0)
            return scope_words[i].scope;
    return KEY_SCOPE_NONE;
}

bool key_scopes_parse(const char *text, unsigned *out)
{
    unsigned scopes = 0;

    for (;;) {
        size_t len = strcspn(text, ",");
        unsigned scope = scope_of(text, len);

        if (scope == KEY_SCOPE_NONE)
            return false;
        scopes |= scope;
        if (text[len] == '\0')
            break;
        text += len + 1;
    }
    *out = scopes;
    return true;
}

void key_scopes_print(char out[KEY_SCOPES_MAX + 1], unsigned scopes)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < SCOPES; i++) {
        if ((scopes & scope_words[i].scope) == 0)
            continue;
        text_print(out + used, KEY_SCOPES_MAX + 1 - used, "%s%s", used > 0 ? "," : "",
                   scope_words[i].word);
        used += strlen(out + used);
    }
}

static bool texts_read(struct db *db, enum sql sql, struct key_row *row)
{
    const struct sql_text_to texts[] = {
        {COLUMN_ID, row->id, sizeof(row->id)},
        {COLUMN_NAME, row->name, sizeof(row->name)},
        {COLUMN_MODELS, row->models, sizeof(row->models)},
        {COLUMN_TIER, row->tier, sizeof(row->tier)},
        {COLUMN_LIMITS, row->limits, sizeof(row->limits)},
        {COLUMN_ADDRESSES, row->addresses, sizeof(row->addresses)},
        {COLUMN_USER, row->owner.id, sizeof(row->owner.id)},
        {COLUMN_USER_MODELS, row->owner.models, sizeof(row->owner.models)},
    };

    return sql_texts(db, sql, texts, sizeof(texts) / sizeof(texts[0])) == RESULT_OK;
}

static bool digests_read(struct db *db, enum sql sql, struct key_row *row)
{
    row->before_until = sql_int(db, sql, COLUMN_BEFORE_UNTIL);
    if (sql_blob(db, sql, COLUMN_MAC, row->mac, sizeof(row->mac)) != RESULT_OK)
        return false;
    return row->before_until == 0 || sql_blob(db, sql, COLUMN_MAC_BEFORE, row->mac_before,
                                              sizeof(row->mac_before)) == RESULT_OK;
}

static enum result row_read(struct db *db, enum sql sql, struct key_row *row,
                            struct reason *why)
{
    char scopes[KEY_SCOPES_MAX + 1];
    enum result tier;

    memset(row, 0, sizeof(*row));
    row->created_at = sql_int(db, sql, COLUMN_CREATED_AT);
    row->expires_at = sql_int(db, sql, COLUMN_EXPIRES_AT);
    row->revoked_at = sql_int(db, sql, COLUMN_REVOKED_AT);
    row->rotated_at = sql_int(db, sql, COLUMN_ROTATED_AT);
    row->owner.active =
        sql_int(db, sql, COLUMN_USER_ACTIVE) != 0; /* false of one who is gone */
    row->owner.role = sql_int(db, sql, COLUMN_USER_ROLE) == USER_ROLE_ADMIN ? USER_ROLE_ADMIN
                                                                            : USER_ROLE_USER;
    if (!texts_read(db, sql, row) || !digests_read(db, sql, row) ||
        sql_text(db, sql, COLUMN_SCOPES, scopes, sizeof(scopes)) != RESULT_OK ||
        !key_scopes_parse(scopes, &row->scopes))
        return reason_set(why, RESULT_MALFORMED,
                          "the database: the row of key %.12s is damaged", row->id);
    tier = tier_row_read(db, sql, COLUMN_OF_TIER, &row->of_tier);
    if (tier == RESULT_OK || (tier == RESULT_MISSING && row->revoked_at != 0))
        return RESULT_OK;
    return reason_set(why, RESULT_MALFORMED,
                      "the tier \"%s\" of key %s is %s: make it with forestgate tier set",
                      row->tier, row->id, tier == RESULT_MISSING ? "not there" : "damaged");
}

enum result key_row_insert(struct db *db, const struct key_row *row, struct reason *why)
{
    char scopes[KEY_SCOPES_MAX + 1];

    key_scopes_print(scopes, row->scopes);
    return sql_run(db, why, SQL_KEY_INSERT, row->id, row->name, row->mac, sizeof(row->mac),
                   row->models, row->created_at, row->expires_at, row->tier, row->limits,
                   row->addresses, scopes, row->owner.id[0] != '\0' ? row->owner.id : NULL);
}

enum result key_row_get(struct db *db, const char *id, struct key_row *row, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_KEY_GET, id);

    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_KEY_GET);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no key %s", id);
    if (result == RESULT_OK) /* from here on id may be gone: it may be the row's own */
        result = row_read(db, SQL_KEY_GET, row, why);
    else
        memset(row, 0, sizeof(*row));
    sql_end(db, SQL_KEY_GET);
    return result;
}

/* Hands out the rows of a statement that was started with this result. */
static enum result list(struct db *db, enum sql sql, enum result result,
                        void (*each)(void *arg, const struct key_row *row), void *arg,
                        struct reason *why)
{
    struct key_row row;

    while (result == RESULT_OK && (result = sql_next(db, why, sql)) == RESULT_OK) {
        result = row_read(db, sql, &row, why);
        if (result == RESULT_OK)
            each(arg, &row);
    }
    sql_end(db, sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

enum result key_row_list(struct db *db, void (*each)(void *arg, const struct key_row *row),
                         void *arg, struct reason *why)
{
    return list(db, SQL_KEY_LIST, sql_start(db, why, SQL_KEY_LIST), each, arg, why);
}

enum result key_row_find(struct db *db, const struct key_filter *filter,
                         void (*each)(void *arg, const struct key_row *row), void *arg,
                         int64_t *total, struct reason *why)
{
    enum result result = sql_start(db, why, SQL_KEY_COUNT, filter->search, filter->user,
                                   (int64_t)filter->state, filter->now);

    result = sql_number(db, SQL_KEY_COUNT, result, total, why);
    if (result != RESULT_OK)
        return result;
    result = sql_start(db, why, SQL_KEY_FIND, filter->search, filter->user,
                       (int64_t)filter->state, filter->now, filter->limit, filter->offset);
    return list(db, SQL_KEY_FIND, result, each, arg, why);
}

enum result key_row_list_of(struct db *db, const char *user,
                            void (*each)(void *arg, const struct key_row *row), void *arg,
                            struct reason *why)
{
    return list(db, SQL_KEY_LIST_OF_USER, sql_start(db, why, SQL_KEY_LIST_OF_USER, user), each,
                arg, why);
}

enum result key_count_of(struct db *db, const char *user, int64_t *count, struct reason *why)
{
    return sql_number(db, SQL_KEY_COUNT_OF_USER,
                      sql_start(db, why, SQL_KEY_COUNT_OF_USER, user), count, why);
}

enum result key_row_update(struct db *db, const struct key_row *row, struct reason *why)
{
    char scopes[KEY_SCOPES_MAX + 1];

    key_scopes_print(scopes, row->scopes);
    return sql_run(db, why, SQL_KEY_UPDATE, row->name, row->models, row->expires_at, row->tier,
                   row->limits, row->addresses, scopes, row->id);
}

enum result key_row_rotate(struct db *db, const struct key_row *row, struct reason *why)
{
    bool kept = row->before_until != 0;

    return sql_run(db, why, SQL_KEY_ROTATE, row->mac, sizeof(row->mac),
                   kept ? row->mac_before : NULL, kept ? sizeof(row->mac_before) : (size_t)0,
                   row->before_until, row->rotated_at, row->id);
}

enum result key_row_revoke(struct db *db, const char *id, int64_t when, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_KEY_REVOKE, when, id);

    if (result == RESULT_OK && sql_changes(db) == 0)
        return reason_set(why, RESULT_MISSING, "there is no key %s that is not revoked", id);
    return result;
}

enum result key_more_get(struct db *db, const char *id, struct key_more *more,
                         struct reason *why)
{
    enum result result;

    memset(more, 0, sizeof(*more));
    result = sql_start(db, why, SQL_KEY_MORE, id);
    if (result == RESULT_OK)
        result = sql_next(db, why, SQL_KEY_MORE);
    if (result == RESULT_MISSING)
        reason_set(why, result, "there is no key %s", id);
    if (result == RESULT_OK &&
        sql_text(db, SQL_KEY_MORE, 0, more->metadata, sizeof(more->metadata)) != RESULT_OK)
        result = reason_set(why, RESULT_MALFORMED,
                            "the database: the metadata of key %.12s is damaged", id);
    if (result == RESULT_OK)
        more->last_us = sql_int(db, SQL_KEY_MORE, 1);
    sql_end(db, SQL_KEY_MORE);
    return result;
}

enum result key_metadata_set(struct db *db, const char *id, const char *metadata,
                             struct reason *why)
{
    return sql_run(db, why, SQL_KEY_METADATA_SET, metadata, id);
}
