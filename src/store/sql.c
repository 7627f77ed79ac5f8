/*
 * sql.c: the table of the statements for forestgate.db, and its schema; sql_work.c has those
 * for work.db.
 *
 * Times are seconds since 1970 UTC.  A column that may be without a value is NULL then.
 */
#include "store/sql.h"

enum {
    WORKER = 1U << DB_WORKER,
    CLI = 1U << DB_CLI,
    BOTH = WORKER | CLI,
    EITHER = BOTH | SQL_ANY_DATABASE,
};

/*
 * A key is read with its owner and its tier; one whose tier is not there is read, without it.
 * The tier of an owned key is its owner's, so that what counts together has the same limits.
 */
#define KEY_SELECT                                                                          \
    "SELECT k.id, k.name, k.mac, k.models, k.created_at, k.expires_at, k.revoked_at,"       \
    " k.tier, k.limits, k.addresses, k.scopes, k.mac_before, k.before_until, k.rotated_at," \
    " k.user, u.role, u.active, u.models, t.name, t.limits, t.price, t.shadow"              \
    " FROM key k LEFT JOIN user u ON u.id = k.user LEFT JOIN tier t"                        \
    " ON t.name = coalesce(u.tier, k.tier)"

/* What a list of keys asks; ?1 is in lower case, ?3 an enum key_state at ?4. */
#define KEY_FITS                                                         \
    " WHERE (?1 IS NULL OR instr(lower(k.name || ' ' || k.id), ?1) > 0)" \
    " AND (?2 IS NULL OR k.user = ?2) AND (?3 < 0 OR ?3 = CASE"          \
    " WHEN k.revoked_at IS NOT NULL THEN 2 WHEN k.expires_at <= ?4 THEN 1 ELSE 0 END)"

#define USER_COLUMNS                                                            \
    "id, username, first_name, last_name, country, role, active, models, tier," \
    " created_at, password_at, last_login_at"

/* What a list of users asks; ?1 is in lower case. */
#define USER_FITS                                                                      \
    " FROM user WHERE (?1 IS NULL OR instr(lower(username || ' ' || first_name || ' '" \
    " || last_name || ' ' || id), ?1) > 0) AND (?2 < 0 OR role = ?2)"                  \
    " AND (?3 < 0 OR active = ?3)"

#define SESSION_COLUMNS "id, user, created_at, expires_at, generation, used_at, address"

#define INVITATION_COLUMNS \
    "id, mac, username, role, models, tier, made_by, created_at, expires_at"

#define AUDIT_COLUMNS \
    "seq, at_us, actor, address, request_id, action, target, before, after, mac"

/* A version and its place: the numbers of the states are those of enum model_state. */
#define VERSION_SELECT                                                                        \
    "SELECT m.name, v.version, v.sha256, v.published_at, v.back, CASE v.version"              \
    " WHEN m.version THEN m.withdrawn * 4 WHEN m.canary THEN 1 WHEN m.shadow THEN 2"          \
    " ELSE 3 END AS state,"                                                                   \
    " m.share, m.by_key, m.keep_share, m.keep_days FROM model m JOIN version v ON v.model = " \
    "m.name"

#define CALL_COLUMNS                                                                    \
    "seq, request_id, started_us, duration_us, key, user, model, version, route, rows," \
    " charged, status, address, over"

/* What a list of calls asks, whatever index finds them. */
#define CALL_FITS                                                         \
    "seq BETWEEN ?1 AND ?2 AND started_us >= ?3 AND started_us < ?4"      \
    " AND status BETWEEN ?5 AND ?6 AND (?7 IS NULL OR user = ?7)"         \
    " AND (?8 IS NULL OR model = ?8) AND (?9 IS NULL OR request_id = ?9)" \
    " ORDER BY seq DESC LIMIT ?10"

/* The keys whose calls are a user's: its own id, which is the key of calls by token, too. */
#define KEYS_OF_USER(user) \
    "key IN (SELECT " user " UNION ALL SELECT id FROM key WHERE user = " user ")"

#define USAGE_COLUMNS \
    "key, day, model, calls, rows, charged, failed, over, duration_us, last_us"

#define SERVED_COLUMNS \
    "model, version, status, bucket, calls, rows, charged, duration_us, last_us"

const struct sql_row sql_home_rows[SQL__HOME_MAX] = {
    [SQL_BEGIN] = {"BEGIN IMMEDIATE", "", EITHER},
    [SQL_BEGIN_READ] = {"BEGIN", "", EITHER},
    [SQL_COMMIT] = {"COMMIT", "", EITHER},
    [SQL_ROLLBACK] = {"ROLLBACK", "", EITHER},

    [SQL_KEY_INSERT] =
        {"INSERT INTO key (id, name, mac, models, created_at, expires_at,"
         " tier, limits, addresses, scopes, user) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         "ttbtiottttt", BOTH},
    [SQL_KEY_GET] = {KEY_SELECT " WHERE k.id = ?", "t", BOTH},
    [SQL_KEY_LIST] = {KEY_SELECT " ORDER BY k.created_at, k.id", "", BOTH},
    [SQL_KEY_FIND] = {KEY_SELECT KEY_FITS " ORDER BY k.created_at, k.id LIMIT ?5 OFFSET ?6",
                      "ttiiii", BOTH},
    [SQL_KEY_COUNT] = {"SELECT count(*) FROM key k" KEY_FITS, "ttii", BOTH},
    [SQL_KEY_UPDATE] = {"UPDATE key SET name = ?, models = ?, expires_at = ?, tier = ?,"
                        " limits = ?, addresses = ?, scopes = ? WHERE id = ?",
                        "ttottttt", BOTH},
    [SQL_KEY_REVOKE] = {"UPDATE key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                        "it", BOTH},
    [SQL_KEY_ROTATE] = {"UPDATE key SET mac = ?, mac_before = ?, before_until = ?,"
                        " rotated_at = ? WHERE id = ?",
                        "bboit", BOTH},
    [SQL_KEY_METADATA_SET] = {"UPDATE key SET metadata = ? WHERE id = ?", "tt", BOTH},
    [SQL_KEY_MORE] = {"SELECT k.metadata, (SELECT max(u.last_us) FROM usage u"
                      " WHERE u.key = k.id) FROM key k WHERE k.id = ?",
                      "t", BOTH},
    [SQL_KEY_LIST_OF_USER] = {KEY_SELECT " WHERE k.user = ? ORDER BY k.created_at, k.id", "t",
                              BOTH},
    [SQL_KEY_COUNT_OF_USER] = {"SELECT count(*) FROM key WHERE user = ?"
                               " AND revoked_at IS NULL",
                               "t", BOTH},
    [SQL_KEY_ANY_OF_USER] = {"SELECT EXISTS (SELECT 1 FROM key WHERE user = ?)", "s", BOTH},
    [SQL_KEY_TIER_OF_USER] = {"UPDATE key SET tier = ? WHERE user = ?", "tt", BOTH},
    [SQL_KEY_END_OF_USER] = {"UPDATE key SET revoked_at = coalesce(revoked_at, ?1),"
                             " name = '(deleted)', metadata = '{}', addresses = ''"
                             " WHERE user = ?2",
                             "it", BOTH},

    [SQL_USER_INSERT] = {"INSERT INTO user (" USER_COLUMNS ", password)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         "tttteiittiiot", BOTH},
    [SQL_USER_GET] = {"SELECT " USER_COLUMNS " FROM user WHERE id = ?", "t", BOTH},
    [SQL_USER_GET_BY_NAME] = {"SELECT " USER_COLUMNS " FROM user WHERE username = ?", "t",
                              BOTH},
    [SQL_USER_LIST] = {"SELECT " USER_COLUMNS USER_FITS
                       " ORDER BY created_at, id LIMIT ?4 OFFSET ?5",
                       "tiiii", BOTH},
    [SQL_USER_COUNT] = {"SELECT count(*)" USER_FITS, "tii", BOTH},
    [SQL_USER_UPDATE] = {"UPDATE user SET first_name = ?, last_name = ?, country = ?,"
                         " role = ?, active = ?, models = ?, tier = ? WHERE id = ?",
                         "tteiittt", BOTH},
    [SQL_USER_PASSWORD_SET] = {"UPDATE user SET password = ?, password_at = ? WHERE id = ?",
                               "tit", BOTH},
    [SQL_USER_PASSWORD_GET] = {"SELECT password FROM user WHERE id = ?", "t", BOTH},
    [SQL_USER_LOGIN_NOTE] = {"UPDATE user SET last_login_at = ? WHERE id = ?", "it", BOTH},
    [SQL_USER_DELETE] = {"DELETE FROM user WHERE id = ?", "t", BOTH},
    [SQL_USER_ADMINS] = {"SELECT count(*) FROM user WHERE role = 1 AND active = 1"
                         " AND id IS NOT ?",
                         "t", BOTH},
    [SQL_USER_WAITING] = {"SELECT count(*) FROM user WHERE active = 0"
                          " AND last_login_at IS NULL",
                          "", BOTH},

    [SQL_SESSION_INSERT] = {"INSERT INTO session (" SESSION_COLUMNS
                            ") VALUES (?, ?, ?, ?, ?, ?, ?)",
                            "ttiiiie", BOTH},
    [SQL_SESSION_GET] = {"SELECT " SESSION_COLUMNS " FROM session WHERE id = ?", "t", BOTH},
    [SQL_SESSION_CALLER] = {"SELECT s.expires_at, u.id, u.role, u.active, u.models,"
                            " t.name, t.limits, t.price, t.shadow FROM session s"
                            " JOIN user u ON u.id = s.user LEFT JOIN tier t ON t.name = u.tier"
                            " WHERE s.id = ?",
                            "t", BOTH},
    [SQL_SESSION_LIST] = {"SELECT " SESSION_COLUMNS " FROM session WHERE user = ?"
                          " ORDER BY created_at, id",
                          "t", BOTH},
    [SQL_SESSION_ROTATE] = {"UPDATE session SET generation = ?3 + 1, used_at = ?2"
                            " WHERE id = ?1 AND generation = ?3",
                            "tii", BOTH},
    [SQL_SESSION_END] = {"DELETE FROM session WHERE id = ?", "t", BOTH},
    [SQL_SESSION_END_OF_USER] = {"DELETE FROM session WHERE user = ? AND id IS NOT ?", "tt",
                                 BOTH},
    [SQL_SESSION_EXPIRE] = {"DELETE FROM session WHERE id IN (SELECT id FROM session"
                            " WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
                            "ii", BOTH},
    [SQL_SESSION_COUNT] = {"SELECT count(*) FROM session WHERE user = ?", "t", BOTH},
    [SQL_SESSION_KEEP] = {"DELETE FROM session WHERE id IN (SELECT id FROM session"
                          " WHERE user = ? ORDER BY created_at DESC, used_at DESC, id"
                          " LIMIT -1 OFFSET ?)",
                          "ti", BOTH},

    [SQL_INVITATION_INSERT] = {"INSERT INTO invitation (" INVITATION_COLUMNS
                               ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               "tbeitteii", BOTH},
    [SQL_INVITATION_GET] = {"SELECT " INVITATION_COLUMNS " FROM invitation WHERE id = ?", "t",
                            BOTH},
    [SQL_INVITATION_LIST] = {"SELECT " INVITATION_COLUMNS " FROM invitation"
                             " ORDER BY created_at, id",
                             "", BOTH},
    [SQL_INVITATION_DELETE] = {"DELETE FROM invitation WHERE id = ?", "t", BOTH},
    [SQL_INVITATION_EXPIRE] = {"DELETE FROM invitation WHERE expires_at <= ?", "i", BOTH},

    [SQL_ATTEMPT_GET] = {"SELECT failures, last_us, until_us FROM attempt WHERE subject = ?",
                         "b", BOTH},
    [SQL_ATTEMPT_SET] = {"INSERT INTO attempt (subject, failures, last_us, until_us)"
                         " VALUES (?, ?, ?, ?) ON CONFLICT (subject) DO UPDATE SET"
                         " failures = excluded.failures, last_us = excluded.last_us,"
                         " until_us = excluded.until_us",
                         "biii", BOTH},
    [SQL_ATTEMPT_DELETE] = {"DELETE FROM attempt WHERE subject = ?", "b", BOTH},
    [SQL_ATTEMPT_EXPIRE] = {"DELETE FROM attempt WHERE subject IN (SELECT subject FROM attempt"
                            " WHERE last_us < ? ORDER BY last_us LIMIT ?)",
                            "ii", BOTH},
    [SQL_ATTEMPT_COUNT] = {"SELECT count(*) FROM attempt", "", BOTH},
    [SQL_KNOWN_GET] = {"SELECT last_at FROM known WHERE user = ? AND address = ?", "tb", BOTH},
    [SQL_KNOWN_SET] = {"INSERT INTO known (user, address, last_at) VALUES (?, ?, ?)"
                       " ON CONFLICT (user, address) DO UPDATE SET last_at = excluded.last_at",
                       "tbi", BOTH},
    [SQL_KNOWN_EXPIRE] = {"DELETE FROM known WHERE user = ?1 AND (last_at < ?2 OR address IN"
                          " (SELECT address FROM known WHERE user = ?1"
                          " ORDER BY last_at DESC LIMIT -1 OFFSET ?3))",
                          "tii", BOTH},
    [SQL_KNOWN_FORGET] = {"DELETE FROM known WHERE user = ?", "t", BOTH},

    [SQL_AUDIT_LAST] = {"SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq DESC LIMIT 1", "",
                        BOTH},
    [SQL_AUDIT_GET] = {"SELECT " AUDIT_COLUMNS " FROM audit WHERE seq = ?", "i", BOTH},
    [SQL_AUDIT_INSERT] = {"INSERT INTO audit (" AUDIT_COLUMNS
                          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          "iitttttttb", BOTH},
    [SQL_AUDIT_LIST] = {"SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < ?1"
                        " AND (?2 IS NULL OR actor = ?2) AND (?3 IS NULL OR target = ?3)"
                        " AND (?4 IS NULL OR action = ?4 OR substr(action, 1,"
                        " length(?4) + 1) = ?4 || '.') AND at_us >= ?5 AND at_us < ?6"
                        " ORDER BY seq DESC LIMIT ?7",
                        "itttiii", BOTH},
    [SQL_AUDIT_WALK] = {"SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq", "", BOTH},

    [SQL_TIER_GET] = {"SELECT name, limits, price, shadow FROM tier WHERE name = ?", "t", BOTH},
    [SQL_TIER_SET] = {"INSERT INTO tier (name, limits, price, shadow) VALUES (?, ?, ?, ?)"
                      " ON CONFLICT (name) DO UPDATE SET limits = excluded.limits,"
                      " price = excluded.price, shadow = excluded.shadow",
                      "ttti", BOTH},
    [SQL_TIER_LIST] = {"SELECT t.name, t.limits, t.price, t.shadow, (SELECT count(*) FROM key k"
                       " WHERE k.tier = t.name AND k.revoked_at IS NULL)"
                       " FROM tier t ORDER BY t.name",
                       "", BOTH},
    [SQL_TIER_KEYS] = {"SELECT count(*) FROM key WHERE tier = ? AND revoked_at IS NULL", "t",
                       BOTH},
    [SQL_TIER_USERS] = {"SELECT count(*) FROM user WHERE tier = ?", "t", BOTH},
    [SQL_TIER_DELETE] = {"DELETE FROM tier WHERE name = ?", "t", BOTH},

    [SQL_MODEL_LIST] = {VERSION_SELECT " WHERE v.version IN (m.version, m.canary, m.shadow)"
                                       " ORDER BY m.id, state",
                        "", BOTH},
    [SQL_MODEL_VERSIONS] = {VERSION_SELECT " ORDER BY m.id, v.version", "", BOTH},
    [SQL_MODEL_VERSION_GET] = {VERSION_SELECT " WHERE m.name = ? AND v.version = ?", "ti",
                               BOTH},
    [SQL_MODEL_INSERT] = {"INSERT INTO model (name, version, last_version) VALUES (?, 0, 0)"
                          " ON CONFLICT (name) DO NOTHING",
                          "t", BOTH},
    [SQL_MODEL_VERSION_NEXT] = {"UPDATE model SET last_version = last_version + 1"
                                " WHERE name = ? RETURNING last_version",
                                "t", BOTH},
    [SQL_MODEL_VERSION_INSERT] = {"INSERT INTO version (model, version, sha256, published_at)"
                                  " VALUES (?, ?, ?, ?)",
                                  "titi", BOTH},
    [SQL_MODEL_VERSION_DELETE] = {"DELETE FROM version WHERE model = ? AND version = ?", "ti",
                                  BOTH},
    [SQL_MODEL_PLACES_SET] = {"UPDATE model SET version = ?, canary = ?, share = ?,"
                              " by_key = ?, shadow = ?, withdrawn = ? WHERE name = ?",
                              "ioiioit", BOTH},
    [SQL_MODEL_KEEP_SET] = {"UPDATE model SET keep_share = ?, keep_days = ? WHERE name = ?",
                            "iit", BOTH},
    [SQL_MODEL_BACK_SET] = {"UPDATE version SET back = ? WHERE model = ? AND version = ?",
                            "oti", BOTH},
    [SQL_MODEL_BACK_SKIP] = {"UPDATE version SET back = (SELECT w.back FROM version w"
                             " WHERE w.model = ?1 AND w.version = ?2)"
                             " WHERE model = ?1 AND back = ?2",
                             "ti", BOTH},
    [SQL_COMPARED_ADD] = {"INSERT INTO compared SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
                          " FROM version WHERE model = ?1 AND version = ?2"
                          " ON CONFLICT (model, version, against) DO UPDATE SET"
                          " rows = rows + excluded.rows, agreed = agreed + excluded.agreed,"
                          " apart = apart + excluded.apart, most = max(most, excluded.most)",
                          "tiiiidd", BOTH},
    [SQL_COMPARED_LIST] = {"SELECT against, rows, agreed, apart, most FROM compared"
                           " WHERE model = ? AND version = ? ORDER BY against",
                           "ti", BOTH},
    [SQL_COMPARED_DELETE] = {"DELETE FROM compared WHERE model = ?1"
                             " AND (version = ?2 OR against = ?2)",
                             "ti", BOTH},

    [SQL_CALL_INSERT] = {"INSERT INTO call (" CALL_COLUMNS
                         ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         "isiiseeosiiiee", BOTH},
    [SQL_CALL_LIST] = {"SELECT " CALL_COLUMNS " FROM call WHERE " CALL_FITS, "iiiiiisssi",
                       BOTH},
    [SQL_CALL_LIST_OF_KEY] = {"SELECT " CALL_COLUMNS " FROM call INDEXED BY call_key"
                              " WHERE " SQL_CALL_BLOCK " = ?11 AND key = ?12 AND " CALL_FITS,
                              "iiiiiisssiis", BOTH},
    [SQL_CALL_LIST_OF_USER] = {"SELECT " CALL_COLUMNS " FROM call INDEXED BY call_key"
                               " WHERE " SQL_CALL_BLOCK
                               " = ?11 AND " KEYS_OF_USER("?7") " AND " CALL_FITS,
                               "iiiiiisssii", BOTH},
    [SQL_CALL_HIGHEST] = {"SELECT seq FROM call WHERE seq BETWEEN ? AND ?"
                          " ORDER BY seq DESC LIMIT 1",
                          "ii", BOTH},
    [SQL_CALL_SEQS] = {"SELECT (SELECT seq FROM call ORDER BY seq LIMIT 1),"
                       " (SELECT seq FROM call ORDER BY seq DESC LIMIT 1)",
                       "", BOTH},
    [SQL_CALL_STARTS] = {"SELECT started_us FROM call INDEXED BY call_key"
                         " WHERE " SQL_CALL_BLOCK " = ? AND key = ? AND started_us > ?"
                         " AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT ?",
                         "isiiii", BOTH},
    [SQL_CALL_STARTS_OF_USER] = {"SELECT started_us FROM call INDEXED BY call_key"
                                 " WHERE " SQL_CALL_BLOCK " = ?1 AND " KEYS_OF_USER(
                                     "?2") " AND started_us > ?3 AND seq BETWEEN ?4 AND ?5"
                                           " ORDER BY seq DESC LIMIT ?6",
                                 "isiiii", BOTH},
    [SQL_CALL_OLDEST] = {"SELECT seq, started_us FROM call ORDER BY seq LIMIT ?", "i", BOTH},
    [SQL_CALL_EXPIRE] = {"DELETE FROM call WHERE seq <= ?", "i", BOTH},
    [SQL_CALL_DAY_NOTE] = {"INSERT INTO call_day (day, first_seq) VALUES (?, ?)"
                           " ON CONFLICT (day) DO UPDATE SET first_seq = excluded.first_seq"
                           " WHERE excluded.first_seq < first_seq",
                           "ii", BOTH},
    [SQL_CALL_DAY_SEQ] = {"SELECT coalesce(min(first_seq), 9223372036854775807) FROM call_day"
                          " WHERE day >= ?",
                          "i", BOTH},
    [SQL_DRAINED_GET] = {"SELECT seq FROM drained", "", BOTH},
    [SQL_DRAINED_TOUCH] = {"UPDATE drained SET seq = seq - 1", "", BOTH},
    [SQL_DRAINED_SET] = {"UPDATE drained SET seq = ?1 WHERE seq <= ?1", "i", BOTH},

    [SQL_USAGE_ADD] = {"INSERT INTO usage (" USAGE_COLUMNS
                       ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                       " ON CONFLICT (key, day, model) DO UPDATE SET"
                       " calls = calls + excluded.calls, rows = rows + excluded.rows,"
                       " charged = charged + excluded.charged,"
                       " failed = failed + excluded.failed, over = over + excluded.over,"
                       " duration_us = duration_us + excluded.duration_us,"
                       " last_us = max(last_us, excluded.last_us)",
                       "sisiiiiiii", BOTH},
    [SQL_USAGE_CHARGED] = {"SELECT (SELECT coalesce(sum(charged), 0) FROM usage"
                           " WHERE key = ?1 AND day BETWEEN ?2 AND ?3)"
                           " + (SELECT coalesce(sum(u.charged), 0) FROM key k"
                           " JOIN usage u ON u.key = k.id"
                           " WHERE k.user = ?1 AND u.day BETWEEN ?2 AND ?3)",
                           "sii", BOTH},
    [SQL_USAGE_LIST] = {"SELECT " USAGE_COLUMNS " FROM usage"
                        " WHERE (key, day, model) > (?1, ?2, ?3) AND key <= ?4"
                        " AND day BETWEEN ?5 AND ?6 AND (?7 IS NULL OR model = ?7)"
                        " ORDER BY key, day, model LIMIT ?8",
                        "sissiisi", BOTH},
    [SQL_USAGE_LIST_OF_USER] =
        {"SELECT " USAGE_COLUMNS " FROM usage"
         " WHERE " KEYS_OF_USER("?9") " AND (key, day, model)"
                                      " > (?1, ?2, ?3) AND key <= ?4 AND day BETWEEN ?5 AND ?6"
                                      " AND (?7 IS NULL OR model = ?7)"
                                      " ORDER BY key, day, model LIMIT ?8",
         "sissiisis", BOTH},
    [SQL_SERVED_ADD] = {"INSERT INTO served (" SERVED_COLUMNS
                        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT (model, version, status, bucket) DO UPDATE SET"
                        " calls = calls + excluded.calls, rows = rows + excluded.rows,"
                        " charged = charged + excluded.charged,"
                        " duration_us = duration_us + excluded.duration_us,"
                        " last_us = max(last_us, excluded.last_us)",
                        "siiiiiiii", BOTH},
    [SQL_SERVED_LIST] = {"SELECT " SERVED_COLUMNS " FROM served"
                         " ORDER BY model, version, status, bucket",
                         "", BOTH},
    [SQL_TALLY_GET] =
        {"SELECT coalesce(sum(calls), 0), coalesce(sum(iif(status >= 400, calls, 0)), 0),"
         " coalesce(sum(rows), 0), coalesce(sum(duration_us), 0),"
         " coalesce(sum(iif(status >= 400, duration_us, 0)), 0),"
         " coalesce(max(last_us), 0) FROM served WHERE model = ? AND version = ?",
         "ti", BOTH},
    [SQL_CHECK_ALL] = {"PRAGMA integrity_check(1)", "", CLI | SQL_ANY_DATABASE},
    [SQL_CHECK_QUICK] = {"PRAGMA quick_check(1)", "", CLI | SQL_ANY_DATABASE},
    [SQL_CHECK_REFERENCES] = {"PRAGMA foreign_key_check", "", CLI | SQL_ANY_DATABASE},
    [SQL_CHECK_JOURNAL] = {"PRAGMA journal_mode", "", CLI | SQL_ANY_DATABASE},
    [SQL_CHECK_NEWEST] = {"SELECT coalesce(max(us), 0) FROM ("
                          "SELECT max(created_at) * 1000000 AS us FROM key UNION ALL "
                          "SELECT max(published_at) * 1000000 FROM version UNION ALL "
                          "SELECT max(last_us) FROM usage UNION ALL "
                          "SELECT * FROM (SELECT started_us FROM call ORDER BY seq DESC"
                          " LIMIT 1))",
                          "", CLI},
};

static const char *const home_scripts[] = {
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
    "CREATE INDEX call_key ON call (" SQL_CALL_BLOCK ", key, started_us);"
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
    /* 3: what share of the calls a version has, and the way back from it */
    "ALTER TABLE model ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;" /* ever given */
    "ALTER TABLE model ADD COLUMN canary INTEGER;"
    "ALTER TABLE model ADD COLUMN share INTEGER NOT NULL DEFAULT 0;" /* its, of 10000 */
    "ALTER TABLE model ADD COLUMN by_key INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE model ADD COLUMN shadow INTEGER;"
    "UPDATE model SET last_version ="
    " coalesce((SELECT max(version) FROM version WHERE model = name), 0);"
    "ALTER TABLE version ADD COLUMN back INTEGER;" /* a rollback from here leads there */
    "UPDATE version SET back = (SELECT max(w.version) FROM version w"
    " WHERE w.model = version.model AND w.version < version.version);"
    "CREATE TABLE compared (" /* what a shadow would have answered, with what was */
    " model TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " against INTEGER NOT NULL," /* the version that answered */
    " rows INTEGER NOT NULL,"
    " agreed INTEGER NOT NULL," /* rows of the same class, or value */
    " apart REAL NOT NULL,"     /* sum over the rows of the largest difference of a number */
    " most REAL NOT NULL,"      /* the largest of all */
    " PRIMARY KEY (model, version, against)"
    ") STRICT, WITHOUT ROWID;",
    /* 4: people: accounts, sessions, invitations, what logins failed, the audit trail */
    "CREATE TABLE user ("
    " id TEXT PRIMARY KEY,"           /* random; what the call log names the user by */
    " username TEXT NOT NULL UNIQUE," /* an e-mail address, in lower case */
    " first_name TEXT NOT NULL,"
    " last_name TEXT NOT NULL,"
    " country TEXT,"
    " role INTEGER NOT NULL," /* enum user_role */
    " active INTEGER NOT NULL,"
    " models TEXT NOT NULL," /* '*', names separated by commas, or '' for none */
    " tier TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " password_at INTEGER NOT NULL,"
    " last_login_at INTEGER,"
    " password TEXT NOT NULL" /* as crypt(5) has it */
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX user_tier ON user (tier);"
    "ALTER TABLE key ADD COLUMN user TEXT;" /* whose it is; NULL: nobody's */
    "CREATE INDEX key_user ON key (user) WHERE user IS NOT NULL;"
    "CREATE TABLE session ("
    " id TEXT PRIMARY KEY,"
    " user TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL,"
    " generation INTEGER NOT NULL," /* of the refresh token that holds */
    " used_at INTEGER NOT NULL,"
    " address TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX session_user ON session (user);"
    "CREATE INDEX session_expires ON session (expires_at);"
    "CREATE TABLE invitation ("
    " id TEXT PRIMARY KEY,"
    " mac BLOB NOT NULL,"
    " username TEXT," /* whom it is for; NULL: whoever has it */
    " role INTEGER NOT NULL,"
    " models TEXT NOT NULL,"
    " tier TEXT NOT NULL,"
    " made_by TEXT," /* as audit.actor */
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE attempt ("     /* logins that failed */
    " subject BLOB PRIMARY KEY," /* a digest of an account, an address or both */
    " failures INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL,"
    " until_us INTEGER NOT NULL" /* none is looked at before that */
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX attempt_last ON attempt (last_us);"
    "CREATE TABLE known (" /* where a user has logged in from */
    " user TEXT NOT NULL,"
    " address BLOB NOT NULL," /* a digest */
    " last_at INTEGER NOT NULL,"
    " PRIMARY KEY (user, address)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit ("
    " seq INTEGER PRIMARY KEY," /* without a gap */
    " at_us INTEGER NOT NULL,"
    " actor TEXT NOT NULL," /* user:ID, key:ID, cli:NAME */
    " address TEXT NOT NULL,"
    " request_id TEXT NOT NULL,"
    " action TEXT NOT NULL," /* user.update */
    " target TEXT NOT NULL," /* user:ID */
    " before TEXT NOT NULL," /* JSON objects of what has changed */
    " after TEXT NOT NULL,"
    " mac BLOB NOT NULL" /* HMAC over the row and the mac of the row before */
    ") STRICT;"
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN"
    " SELECT raise(ABORT, 'the audit trail is only added to'); END;"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN"
    " SELECT raise(ABORT, 'the audit trail is only added to'); END;",
    /* 5: what is kept of predictions */
    ("ALTER TABLE model ADD COLUMN keep_share INTEGER NOT NULL DEFAULT 0;" /* of 10000 */
     "ALTER TABLE model ADD COLUMN keep_days INTEGER NOT NULL DEFAULT 30;"),
    /* 6: models that are withdrawn; sums over all calls, by what answered them and how, with a
       bucket of base/histogram.h */
    ("ALTER TABLE model ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;"
     "CREATE TABLE served ("
     " model TEXT NOT NULL," /* '' for none, as 0 */
     " version INTEGER NOT NULL,"
     " status INTEGER NOT NULL,"
     " bucket INTEGER NOT NULL,"
     " calls INTEGER NOT NULL,"
     " rows INTEGER NOT NULL,"
     " charged INTEGER NOT NULL,"
     " duration_us INTEGER NOT NULL,"
     " last_us INTEGER NOT NULL,"
     " PRIMARY KEY (model, version, status, bucket)"
     ") STRICT, WITHOUT ROWID;"
     "INSERT INTO served SELECT coalesce(model, ''), coalesce(version, 0), status, CASE"
     " WHEN duration_us <= 50 THEN 0 WHEN duration_us <= 100 THEN 1"
     " WHEN duration_us <= 250 THEN 2 WHEN duration_us <= 500 THEN 3"
     " WHEN duration_us <= 1000 THEN 4 WHEN duration_us <= 2500 THEN 5"
     " WHEN duration_us <= 5000 THEN 6 WHEN duration_us <= 10000 THEN 7"
     " WHEN duration_us <= 25000 THEN 8 WHEN duration_us <= 50000 THEN 9"
     " WHEN duration_us <= 75000 THEN 10 WHEN duration_us <= 100000 THEN 11"
     " WHEN duration_us <= 250000 THEN 12 WHEN duration_us <= 500000 THEN 13"
     " WHEN duration_us <= 750000 THEN 14 WHEN duration_us <= 1000000 THEN 15"
     " WHEN duration_us <= 2500000 THEN 16 WHEN duration_us <= 5000000 THEN 17"
     " WHEN duration_us <= 7500000 THEN 18 WHEN duration_us <= 10000000 THEN 19"
     " ELSE 20 END AS bucket, count(*), sum(rows), sum(charged), sum(duration_us),"
     " max(started_us) FROM call GROUP BY 1, 2, 3, 4;"),
};

const struct sql_schema sql_schemas[DB_KIND__MAX] = {
    [DB_HOME] = {home_scripts, sizeof(home_scripts) / sizeof(home_scripts[0])},
    [DB_WORK] = {sql_work_scripts, SQL_WORK_SCRIPTS},
};
