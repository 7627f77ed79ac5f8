/*
 * sql.c: the table of all statements, and the schema.
 *
 * Times are seconds since 1970 UTC.  A column that may be without a value is NULL then.
 */
#include "store/sql.h"

enum {
    WORKER = 1U << DB_WORKER,
    CLI = 1U << DB_CLI,
    BOTH = WORKER | CLI,
};

#define KEY_COLUMNS "id, name, mac, models, created_at, expires_at, revoked_at"

const struct sql_row sql_rows[SQL__MAX] = {
    [SQL_BEGIN] = {"BEGIN IMMEDIATE", "", BOTH},
    [SQL_COMMIT] = {"COMMIT", "", BOTH},
    [SQL_ROLLBACK] = {"ROLLBACK", "", BOTH},

    [SQL_KEY_INSERT] = {"INSERT INTO key (" KEY_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)",
                        "ttbtioo", CLI},
    [SQL_KEY_GET] = {"SELECT " KEY_COLUMNS " FROM key WHERE id = ?", "t", BOTH},
    [SQL_KEY_LIST] = {"SELECT " KEY_COLUMNS " FROM key ORDER BY created_at, id", "", CLI},
    [SQL_KEY_REVOKE] = {"UPDATE key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                        "it", CLI},

    [SQL_MODEL_LIST] = {"SELECT m.name, v.version, v.sha256, v.published_at"
                        " FROM model m JOIN version v ON v.model = m.name AND"
                        " v.version = m.version ORDER BY m.id",
                        "", BOTH},
    [SQL_MODEL_INSERT] = {"INSERT INTO model (name, version) VALUES (?, 0)"
                          " ON CONFLICT (name) DO NOTHING",
                          "t", CLI},
    [SQL_MODEL_VERSION_NEXT] = {"SELECT coalesce(max(version), 0) + 1 FROM version"
                                " WHERE model = ?",
                                "t", CLI},
    [SQL_MODEL_VERSION_INSERT] = {"INSERT INTO version (model, version, sha256, published_at)"
                                  " VALUES (?, ?, ?, ?)",
                                  "titi", CLI},
    [SQL_MODEL_VERSION_SET] = {"UPDATE model SET version = ? WHERE name = ?", "it", CLI},

    [SQL_CHECK_ALL] = {"PRAGMA integrity_check(1)", "", CLI},
    [SQL_CHECK_QUICK] = {"PRAGMA quick_check(1)", "", CLI},
    [SQL_CHECK_REFERENCES] = {"PRAGMA foreign_key_check", "", CLI},
    [SQL_CHECK_JOURNAL] = {"PRAGMA journal_mode", "", CLI},
    [SQL_CHECK_NEWEST] = {"SELECT coalesce(max(us), 0) FROM ("
                          "SELECT max(created_at) * 1000000 AS us FROM key UNION ALL "
                          "SELECT max(published_at) * 1000000 FROM version UNION ALL "
                          "SELECT max(last_us) FROM usage UNION ALL "
                          "SELECT * FROM (SELECT started_us FROM call ORDER BY seq DESC"
                          " LIMIT 1))",
                          "", CLI},
    [SQL_CHECK_VERSIONS] = {"SELECT v.model, v.version, v.sha256, v.published_at,"
                            " m.version = v.version FROM version v"
                            " JOIN model m ON m.name = v.model ORDER BY m.id, v.version",
                            "", CLI},
};

const char *const sql_migrations[] = {
    /* 1: keys and models */
    "CREATE TABLE key ("
    " id TEXT PRIMARY KEY,"  /* the public part of the key */
    " name TEXT NOT NULL,"   /* what its maker calls it */
    " mac BLOB NOT NULL,"    /* HMAC-SHA-256 of the whole key */
    " models TEXT NOT NULL," /* '*', or names separated by commas */
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER,"
    " revoked_at INTEGER"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE model ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT," /* in the order of first publication */
    " name TEXT NOT NULL UNIQUE,"
    " version INTEGER NOT NULL" /* the one that is served */
    ") STRICT;"
    "CREATE TABLE version ("
    " model TEXT NOT NULL REFERENCES model (name),"
    " version INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL,"
    " published_at INTEGER NOT NULL,"
    " PRIMARY KEY (model, version)"
    ") STRICT, WITHOUT ROWID;",
    /* 2: tiers, the life of a key, the call log */
    "CREATE TABLE tier ("
    " name TEXT PRIMARY KEY,"
    " limits TEXT NOT NULL," /* 5/60s,100/day: gate/limits.h */
    " price TEXT NOT NULL CHECK (price IN ('call', 'row')),"
    " shadow INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO tier VALUES"
    " ('free', '5/60s,100/day', 'call', 0),"
    " ('standard', '100/60s,10000/day', 'call', 0),"
    " ('premium', '1000/60s', 'call', 0),"
    " ('unlimited', '', 'call', 0);"
    "ALTER TABLE key ADD COLUMN tier TEXT NOT NULL DEFAULT 'standard';"
    "ALTER TABLE key ADD COLUMN limits TEXT NOT NULL DEFAULT '';"    /* over the tier's */
    "ALTER TABLE key ADD COLUMN addresses TEXT NOT NULL DEFAULT '';" /* empty: any */
    "ALTER TABLE key ADD COLUMN scopes TEXT NOT NULL DEFAULT 'predict,jobs,read';"
    "ALTER TABLE key ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';" /* a JSON object */
    "ALTER TABLE key ADD COLUMN mac_before BLOB;"                     /* until before_until */
    "ALTER TABLE key ADD COLUMN before_until INTEGER;"
    "ALTER TABLE key ADD COLUMN rotated_at INTEGER;"
    "CREATE INDEX key_tier ON key (tier);"
    "CREATE TABLE call ("
    " seq INTEGER PRIMARY KEY," /* the ledger's number */
    " request_id TEXT NOT NULL,"
    " started_us INTEGER NOT NULL," /* microseconds since 1970 */
    " duration_us INTEGER NOT NULL,"
    " key TEXT NOT NULL,"
    " user TEXT,"
    " model TEXT,"
    " version INTEGER,"
    " route TEXT NOT NULL,"
    " rows INTEGER NOT NULL,"
    " charged INTEGER NOT NULL,"
    " status INTEGER NOT NULL,"
    " address TEXT,"
    " over TEXT"
    ") STRICT;"
    "CREATE INDEX call_key ON call (key, seq);"
    "CREATE TABLE usage (" /* sums over call, which outlast its rows */
    " key TEXT NOT NULL,"
    " day INTEGER NOT NULL," /* since 1970-01-01 UTC */
    " model TEXT NOT NULL,"
    " calls INTEGER NOT NULL,"
    " rows INTEGER NOT NULL,"
    " charged INTEGER NOT NULL,"
    " failed INTEGER NOT NULL,"
    " over INTEGER NOT NULL,"
    " duration_us INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL,"
    " PRIMARY KEY (key, day, model)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE call_day (" /* where to begin looking for the calls of a day */
    " day INTEGER PRIMARY KEY,"
    " first_seq INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE drained (" /* how far the ledger's journal is in the database */
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " seq INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO drained VALUES (1, 0);",
};

const int sql_schema = sizeof(sql_migrations) / sizeof(sql_migrations[0]);
