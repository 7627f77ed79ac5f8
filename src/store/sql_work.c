/*
 * sql_work.c: the table of the statements for work.db, and its schema.
 *
 * Times are microseconds since 1970 UTC, but for due_ns: see jobs.h.  A column that may be
 * without a value is NULL then.
 */
#include "store/sql.h"

enum {
    WORKER = 1U << DB_WORKER,
    CLI = 1U << DB_CLI,
    BOTH = WORKER | CLI,
};

/* The row of a statement in the table of this database. */
#define AT(sql) ((sql)-SQL__HOME_MAX)

#define JOB_COLUMNS                                                                          \
    "id, uuid, account, key, user, request_id, address, model, version, kind, result_kind,"  \
    " output, url, status, attempts, due_ns, claim, body_bytes, body_in_file, result_bytes," \
    " result_try, rows, rows_done, created_us, started_us, ended_us, code, label, score, "   \
    "reason"

/* The numbers of enum job_status; the partial indices have them, too. */
#define JOB_WAITS "status = 0"
#define JOB_RUNS  "status = 1"
#define JOB_ENDED "status >= 2"

#define JOB_FITS                                                              \
    " AND (?2 IS NULL OR model = ?2) AND (?3 < 0 OR status = ?3) AND id < ?4" \
    " ORDER BY id DESC LIMIT ?5"

const struct sql_row sql_work_rows[SQL__MAX - SQL__HOME_MAX] = {
    [AT(SQL_JOB_INSERT)] =
        {"INSERT INTO job (uuid, account, key, user, request_id, address, model, kind,"
         " result_kind, output, url, body_bytes, body_in_file, rows, created_us, body)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         "sssesesiieeiiiiB", BOTH},
    [AT(SQL_JOB_GET)] = {"SELECT " JOB_COLUMNS " FROM job WHERE uuid = ?", "t", BOTH},
    [AT(SQL_JOB_BODY)] = {"SELECT body FROM job WHERE id = ?", "i", BOTH},
    [AT(SQL_JOB_RESULT)] = {"SELECT result FROM job WHERE id = ?", "i", BOTH},
    [AT(SQL_JOB_LIST)] = {"SELECT " JOB_COLUMNS " FROM job WHERE ?1 IS NULL" JOB_FITS, "ttiii",
                          BOTH},
    [AT(SQL_JOB_LIST_OF)] = {"SELECT " JOB_COLUMNS " FROM job WHERE account = ?1" JOB_FITS,
                             "ttiii", BOTH},

    [AT(SQL_JOB_ACCOUNT_NEXT)] = {"SELECT account FROM job WHERE " JOB_WAITS
                                  " AND account > ? ORDER BY account LIMIT 1",
                                  "t", BOTH},
    [AT(SQL_JOB_CLAIM)] = {"UPDATE job SET status = 1, claim = ?1,"
                           " started_us = coalesce(started_us, ?2) WHERE id IN"
                           " (SELECT id FROM job WHERE " JOB_WAITS
                           " AND account = ?3 AND due_ns <= ?4 ORDER BY due_ns, id LIMIT ?5)"
                           " RETURNING " JOB_COLUMNS ", body",
                           "iitii", BOTH},
    [AT(SQL_JOB_DUE_NEXT)] = {"SELECT coalesce(min(due_ns), 9223372036854775807) FROM job"
                              " INDEXED BY job_due WHERE " JOB_WAITS,
                              "", BOTH},
    [AT(SQL_JOB_DUE_MEND)] = {"UPDATE job SET due_ns = 0 WHERE " JOB_WAITS " AND due_ns > ?",
                              "i", BOTH},
    [AT(SQL_JOB_CLAIMS)] = {"SELECT DISTINCT claim FROM job INDEXED BY job_claim"
                            " WHERE " JOB_RUNS,
                            "", BOTH},
    [AT(SQL_JOB_HAND_BACK)] = {"UPDATE job SET status = 0, claim = NULL WHERE " JOB_RUNS
                               " AND claim = ? AND id <> ?",
                               "ii", BOTH},
    [AT(SQL_JOB_HELD)] = {"SELECT " JOB_COLUMNS " FROM job WHERE id = ? AND " JOB_RUNS
                          " AND claim = ?",
                          "ii", BOTH},
    [AT(SQL_JOB_END)] = {"UPDATE job SET status = ?3, attempts = ?4, claim = NULL,"
                         " version = ?5, body = NULL, body_bytes = 0, result = ?6,"
                         " result_bytes = ?7, result_try = ?8, rows = ?9, rows_done = ?10,"
                         " ended_us = ?11, code = ?12, label = ?13, score = ?14, reason = ?15"
                         " WHERE id = ?1 AND " JOB_RUNS " AND claim = ?2",
                         "iiiioBiiiiiiede", BOTH},
    [AT(SQL_JOB_RETRY)] = {"UPDATE job SET status = 0, claim = NULL, attempts = ?3,"
                           " due_ns = ?4, reason = ?5, rows_done = 0"
                           " WHERE id = ?1 AND " JOB_RUNS " AND claim = ?2",
                           "iiiie", BOTH},
    [AT(SQL_JOB_PROGRESS)] = {"UPDATE job SET rows = ?3, rows_done = ?4"
                              " WHERE id = ?1 AND " JOB_RUNS " AND claim = ?2",
                              "iiii", BOTH},

    [AT(SQL_JOB_CANCEL)] = {"UPDATE job SET status = 4, claim = NULL, body = NULL,"
                            " body_bytes = 0, ended_us = ?2 WHERE uuid = ?1 AND status < 2",
                            "ti", BOTH},
    [AT(SQL_JOB_FORGET)] = {"UPDATE job SET status = CASE WHEN status < 2 THEN 4 ELSE status"
                            " END, claim = NULL, body = NULL, body_bytes = 0, result = NULL,"
                            " result_bytes = 0, label = NULL, score = NULL, ended_us = 0"
                            " WHERE id IN (SELECT id FROM job WHERE account = ?1 AND id > ?2"
                            " ORDER BY id LIMIT ?3) RETURNING " JOB_COLUMNS,
                            "tii", BOTH},
    [AT(SQL_JOB_EXPIRED)] = {"SELECT " JOB_COLUMNS " FROM job INDEXED BY job_ended"
                             " WHERE " JOB_ENDED " AND ended_us < ? ORDER BY ended_us LIMIT ?",
                             "ii", BOTH},
    [AT(SQL_JOB_DELETE)] = {"DELETE FROM job WHERE id = ?", "i", BOTH},
    [AT(SQL_JOB_TOTAL)] = {"SELECT jobs, open, bytes FROM job_total WHERE account = ?", "t",
                           BOTH},

    [AT(SQL_REPLAY_FIND)] = {"SELECT id, fingerprint, claim, at_us, status, version, bytes,"
                             " in_file, model, type, headers, body FROM replay"
                             " WHERE account = ? AND digest = ?",
                             "tb", BOTH},
    [AT(SQL_REPLAY_INSERT)] = {"INSERT INTO replay (account, digest, fingerprint, claim, at_us)"
                               " VALUES (?, ?, ?, ?, ?)",
                               "tbbii", BOTH},
    [AT(SQL_REPLAY_CLAIM)] = {"UPDATE replay SET fingerprint = ?2, claim = ?3, at_us = ?4,"
                              " status = NULL, model = NULL, version = NULL, type = NULL,"
                              " headers = NULL, bytes = 0, in_file = 0, body = NULL"
                              " WHERE id = ?1",
                              "ibii", BOTH},
    [AT(SQL_REPLAY_END)] = {"UPDATE replay SET claim = NULL, status = ?3, version = ?4,"
                            " bytes = ?5, in_file = ?6, model = ?7, type = ?8, headers = ?9,"
                            " body = ?10 WHERE id = ?1 AND claim = ?2",
                            "iiiiiieesB", BOTH},
    [AT(SQL_REPLAY_OLD)] = {"SELECT id, claim, in_file, at_us FROM replay WHERE at_us < ?"
                            " ORDER BY at_us LIMIT ?",
                            "ii", BOTH},
    [AT(SQL_REPLAY_OLDEST)] = {"SELECT at_us FROM replay INDEXED BY replay_at"
                               " WHERE account = ? ORDER BY at_us LIMIT 1",
                               "t", BOTH},
    [AT(SQL_REPLAY_DELETE)] = {"DELETE FROM replay WHERE id = ? AND at_us = ?", "ii", BOTH},
    [AT(SQL_REPLAY_FORGET)] = {"UPDATE replay SET at_us = 0, bytes = 0, body = NULL"
                               " WHERE account = ?",
                               "t", BOTH},
    [AT(SQL_REPLAY_TOTAL)] = {"SELECT bytes FROM replay_total WHERE account = ?", "t", BOTH},
};

/*
 * Sums over jobs, kept by triggers: nobody can forget to, and who asks need not count a
 * million rows.  The account '' is all of them.
 */
#define JOB_TOTAL_ADD(account, jobs, open, bytes)                                \
    " INSERT INTO job_total VALUES (" account ", " jobs ", " open ", " bytes ")" \
    " ON CONFLICT (account) DO UPDATE SET jobs = jobs + excluded.jobs,"          \
    " open = open + excluded.open, bytes = bytes + excluded.bytes;"

#define JOB_TOTALS_ADD(account, jobs, open, bytes) \
    JOB_TOTAL_ADD(account, jobs, open, bytes) JOB_TOTAL_ADD("''", jobs, open, bytes)

#define JOB_BYTES(row) "(" row ".body_bytes + " row ".result_bytes)"

/* What an account's kept answers take, by triggers as well; a row counts for something, too. */
#define REPLAY_BYTES(row) "(512 + " row ".bytes)"

#define REPLAY_TOTAL_ADD(row, bytes)                                \
    " INSERT INTO replay_total VALUES (" row ".account, " bytes ")" \
    " ON CONFLICT (account) DO UPDATE SET bytes = bytes + excluded.bytes;"

/* clang-format off */
const char *const sql_work_scripts[SQL_WORK_SCRIPTS] = {
    "CREATE TABLE job ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " uuid TEXT NOT NULL UNIQUE," /* begins with the time: the index grows at its end */
    " account TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " user TEXT,"
    " request_id TEXT NOT NULL,"
    " address TEXT,"
    " model TEXT NOT NULL,"
    " version INTEGER,"
    " kind INTEGER NOT NULL," /* enum job_kind */
    " result_kind INTEGER NOT NULL,"
    " output TEXT,"
    " url TEXT,"
    " status INTEGER NOT NULL DEFAULT 0," /* enum job_status */
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " due_ns INTEGER NOT NULL DEFAULT 0,"
    " claim INTEGER,"
    " body_bytes INTEGER NOT NULL,"
    " body_in_file INTEGER NOT NULL,"
    " result_bytes INTEGER NOT NULL DEFAULT 0,"
    " result_try INTEGER NOT NULL DEFAULT 0,"
    " rows INTEGER NOT NULL DEFAULT 0,"
    " rows_done INTEGER NOT NULL DEFAULT 0,"
    " created_us INTEGER NOT NULL,"
    " started_us INTEGER,"
    " ended_us INTEGER,"
    " code INTEGER,"
    " label TEXT,"
    " score REAL,"
    " reason TEXT,"
    " body BLOB," /* the last two, so that the others are read without them */
    " result BLOB"
    ") STRICT;"
    "CREATE INDEX job_account ON job (account);" /* and id, as in every index */
    "CREATE INDEX job_waiting ON job (account, due_ns) WHERE " JOB_WAITS ";"
    "CREATE INDEX job_due ON job (due_ns) WHERE " JOB_WAITS ";"
    "CREATE INDEX job_claim ON job (claim) WHERE " JOB_RUNS ";"
    "CREATE INDEX job_ended ON job (ended_us) WHERE " JOB_ENDED ";"
    "CREATE TABLE job_total ("
    " account TEXT PRIMARY KEY,"
    " jobs INTEGER NOT NULL,"
    " open INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER job_added AFTER INSERT ON job BEGIN"
    JOB_TOTALS_ADD("new.account", "1", "new.status < 2", JOB_BYTES("new"))
    " END;"
    "CREATE TRIGGER job_changed AFTER UPDATE OF status, body_bytes, result_bytes ON job"
    " WHEN (old.status < 2) <> (new.status < 2)"
    " OR " JOB_BYTES("old") " <> " JOB_BYTES("new") " BEGIN"
    JOB_TOTALS_ADD("new.account", "0", "(new.status < 2) - (old.status < 2)",
                   JOB_BYTES("new") " - " JOB_BYTES("old"))
    " END;"
    "CREATE TRIGGER job_deleted AFTER DELETE ON job BEGIN"
    JOB_TOTALS_ADD("old.account", "-1", "-(old.status < 2)", "-" JOB_BYTES("old"))
    " DELETE FROM job_total WHERE account = old.account AND jobs = 0;"
    " END;"
    "CREATE TABLE replay ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT," /* never given twice: seats tell what they hold */
    " account TEXT NOT NULL,"
    " digest BLOB NOT NULL," /* of the client's key */
    " fingerprint BLOB NOT NULL," /* of the request */
    " claim INTEGER," /* the seat that has it in hand; NULL: it has ended */
    " at_us INTEGER NOT NULL," /* when it was claimed */
    " status INTEGER," /* of the answer, as all that follows */
    " version INTEGER,"
    " bytes INTEGER NOT NULL DEFAULT 0,"
    " in_file INTEGER NOT NULL DEFAULT 0,"
    " model TEXT,"
    " type TEXT,"
    " headers TEXT,"
    " body BLOB,"
    " UNIQUE (account, digest)"
    ") STRICT;"
    "CREATE INDEX replay_at ON replay (at_us);"
    "CREATE TABLE replay_total ("
    " account TEXT PRIMARY KEY,"
    " bytes INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER replay_added AFTER INSERT ON replay BEGIN"
    REPLAY_TOTAL_ADD("new", REPLAY_BYTES("new"))
    " END;"
    "CREATE TRIGGER replay_changed AFTER UPDATE OF bytes ON replay"
    " WHEN old.bytes <> new.bytes BEGIN"
    REPLAY_TOTAL_ADD("new", "new.bytes - old.bytes")
    " END;"
    "CREATE TRIGGER replay_deleted AFTER DELETE ON replay BEGIN"
    REPLAY_TOTAL_ADD("old", "-" REPLAY_BYTES("old"))
    " DELETE FROM replay_total WHERE account = old.account AND bytes <= 0;"
    " END;",
};
/* clang-format on */
