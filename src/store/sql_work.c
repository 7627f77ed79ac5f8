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

#define KEPT_COLUMNS                                                                  \
    "id, at_us, account, request_id, job_uuid, model, version, of_rows, first, rows," \
    " n_features, n_margins, n_answers, n_targets, known"
#define HOOK_COLUMNS                                                                    \
    "id, job, uuid, account, model, version, status, code, rows, label, score, reason," \
    " created_us, ended_us, url, state, attempts, due_ns, answer, problem, told_us, trace"

/* The numbers of enum hook_state. */
#define HOOK_WAITS "state = 0"
#define HOOK_RUNS  "state = 1"

const struct sql_row sql_work_rows[SQL__MAX - SQL__HOME_MAX] = {
    [AT(SQL_JOB_INSERT)] =
        {"INSERT INTO job (uuid, account, key, user, request_id, address, model, kind,"
         " result_kind, output, url, body_bytes, body_in_file, rows, created_us, trace,"
         " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         "sssesesiieeiiiieB", BOTH},
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
                            " result_bytes = 0, label = NULL, score = NULL,"
                            " url = NULL, ended_us = 0"
                            " WHERE id IN (SELECT id FROM job WHERE account = ?1 AND id > ?2"
                            " ORDER BY id LIMIT ?3) RETURNING " JOB_COLUMNS,
                            "tii", BOTH},
    [AT(SQL_JOB_EXPIRED)] = {"SELECT " JOB_COLUMNS " FROM job INDEXED BY job_ended"
                             " WHERE " JOB_ENDED " AND ended_us < ? ORDER BY ended_us LIMIT ?",
                             "ii", BOTH},
    [AT(SQL_JOB_DELETE)] = {"DELETE FROM job WHERE id = ?", "i", BOTH},
    [AT(SQL_JOB_TOTAL)] = {"SELECT jobs, open, bytes FROM job_total WHERE account = ?", "t",
                           BOTH},

    [AT(SQL_JOB_RUNNING)] = {"SELECT count(*) FROM job INDEXED BY job_claim WHERE " JOB_RUNS,
                             "", BOTH},
    [AT(SQL_JOB_ENDED_LIST)] = {"SELECT model, status, jobs, rows FROM job_ends"
                                " ORDER BY model, status",
                                "", BOTH},
    [AT(SQL_HOOK_OPERATOR)] = {"SELECT count(*) FROM hook_operator", "", BOTH},
    [AT(SQL_HOOK_OPERATOR_SET)] = {"INSERT OR IGNORE INTO hook_operator VALUES (1)", "", BOTH},
    [AT(SQL_HOOK_OPERATOR_DELETE)] = {"DELETE FROM hook_operator", "", BOTH},
    [AT(SQL_HOOK_DUE_NEXT)] = {"SELECT coalesce(min(due_ns), 9223372036854775807) FROM hook"
                               " INDEXED BY hook_due WHERE " HOOK_WAITS,
                               "", BOTH},
    [AT(SQL_HOOK_TURN_NEXT)] = {"SELECT turn FROM hook INDEXED BY hook_turn WHERE " HOOK_WAITS
                                " AND turn > ? ORDER BY turn LIMIT 1",
                                "t", BOTH},
    [AT(SQL_HOOK_DUE)] = {"SELECT " HOOK_COLUMNS " FROM hook INDEXED BY hook_turn"
                          " WHERE " HOOK_WAITS " AND turn = ? AND due_ns <= ?"
                          " ORDER BY due_ns, id LIMIT ?",
                          "tii", BOTH},
    [AT(SQL_HOOK_BEGIN)] = {"UPDATE hook SET state = 1, attempts = attempts + 1 WHERE id = ?"
                            " AND " HOOK_WAITS,
                            "i", BOTH},
    [AT(SQL_HOOK_RETRY)] = {"UPDATE hook SET state = 0, due_ns = ?2, answer = ?3, problem = ?4"
                            " WHERE id = ?1 AND " HOOK_RUNS,
                            "iioe", BOTH},
    [AT(SQL_HOOK_END)] = {"UPDATE hook SET state = ?2, answer = ?3, problem = ?4, told_us = ?5"
                          " WHERE id = ?1 AND state < 2",
                          "iioeo", BOTH},
    [AT(SQL_HOOK_SWEEP)] = {"DELETE FROM hook WHERE id = ? AND state >= 2"
                            " AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = hook.job)",
                            "i", BOTH},
    [AT(SQL_HOOK_RECOVER)] = {"UPDATE hook SET state = 0, due_ns = ?, problem ="
                              " 'it was under way when the courier died' WHERE " HOOK_RUNS,
                              "i", BOTH},
    [AT(SQL_HOOK_DUE_MEND)] = {"UPDATE hook SET due_ns = 0 WHERE " HOOK_WAITS " AND due_ns > ?",
                               "i", BOTH},
    [AT(SQL_HOOK_LIST)] = {"SELECT " HOOK_COLUMNS " FROM hook WHERE job = ? ORDER BY id", "i",
                           BOTH},
    [AT(SQL_HOOK_FORGET)] = {"DELETE FROM hook WHERE account = ? AND url IS NOT NULL", "t",
                             BOTH},
    [AT(SQL_HOOK_EMPTY)] = {"UPDATE hook SET label = NULL, score = NULL WHERE account = ?", "t",
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
    [AT(SQL_REPLAY_IS)] = {"SELECT count(*) FROM replay WHERE id = ?", "i", BOTH},
    [AT(SQL_REPLAY_DELETE)] = {"DELETE FROM replay WHERE id = ? AND at_us = ?", "ii", BOTH},
    [AT(SQL_REPLAY_FORGET)] = {"UPDATE replay SET at_us = 0, bytes = 0, body = NULL"
                               " WHERE account = ?",
                               "t", BOTH},
    [AT(SQL_REPLAY_TOTAL)] = {"SELECT bytes FROM replay_total WHERE account = ?", "t", BOTH},

    [AT(SQL_KEPT_INSERT)] =
        {"INSERT INTO kept (at_us, account, request_id, job_uuid, model, version, of_rows,"
         " first, rows, n_features, n_margins, n_answers, n_targets, sealed)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
         " ON CONFLICT (job_uuid, first) WHERE job_uuid IS NOT NULL DO NOTHING",
         "issesiiiiiiiiB", BOTH},
    [AT(SQL_KEPT_LIST)] = {"SELECT " KEPT_COLUMNS ", sealed, truth FROM kept"
                           " INDEXED BY kept_model WHERE model = ?1"
                           " AND (?2 = 0 OR version = ?2) AND (?3 IS NULL OR account = ?3)"
                           " AND at_us >= ?4 AND at_us < ?5 AND (?6 = 0 OR known > 0)"
                           " ORDER BY at_us, id",
                           "titiii", BOTH},
    [AT(SQL_KEPT_FIND)] = {"SELECT " KEPT_COLUMNS " FROM kept WHERE request_id = ?1"
                           " AND (?2 IS NULL OR account = ?2)"
                           " ORDER BY at_us DESC, account, first LIMIT 1",
                           "tt", BOTH},
    [AT(SQL_KEPT_FIND_JOB)] = {"SELECT " KEPT_COLUMNS " FROM kept WHERE job_uuid = ?1"
                               " AND (?2 IS NULL OR account = ?2)"
                               " ORDER BY at_us DESC, first LIMIT 1",
                               "tt", BOTH},
    [AT(SQL_KEPT_PARTS)] = {"SELECT " KEPT_COLUMNS ", sealed, truth FROM kept"
                            " WHERE request_id = ? AND account = ? AND at_us = ?"
                            " AND model = ? AND version = ? AND job_uuid IS ? ORDER BY first",
                            "ttitie", BOTH},
    [AT(SQL_KEPT_TRUTH_SET)] = {"UPDATE kept SET truth = ?2, known = ?3 WHERE id = ?1", "ibi",
                                BOTH},
    [AT(SQL_KEPT_EXPIRE)] = {"DELETE FROM kept WHERE id IN (SELECT id FROM kept"
                             " INDEXED BY kept_model WHERE model = ? AND at_us < ?"
                             " ORDER BY at_us LIMIT ?)",
                             "tii", BOTH},
    [AT(SQL_KEPT_MODEL_NEXT)] = {"SELECT model FROM kept INDEXED BY kept_model"
                                 " WHERE model > ? ORDER BY model LIMIT 1",
                                 "t", BOTH},
    [AT(SQL_KEPT_FORGET)] = {"DELETE FROM kept WHERE id IN (SELECT id FROM kept"
                             " INDEXED BY kept_account WHERE account = ? LIMIT ?)",
                             "ti", BOTH},
    [AT(SQL_KEPT_DELETE)] = {"DELETE FROM kept WHERE model = ?1 AND (?2 = 0 OR version = ?2)",
                             "ti", BOTH},
    [AT(SQL_KEPT_GONE_SET)] = {"INSERT INTO kept_gone VALUES (?, ?) ON CONFLICT (account)"
                               " DO UPDATE SET until_us = excluded.until_us",
                               "ti", BOTH},
    [AT(SQL_KEPT_GONE_GET)] = {"SELECT until_us FROM kept_gone WHERE account = ?", "t", BOTH},
    [AT(SQL_KEPT_TOTAL_GET)] = {"SELECT total(requests), total(rows), total(bytes),"
                                " total(known), total(lost), total(damaged) FROM kept_total"
                                " WHERE ?1 IS NULL OR model = ?1",
                                "t", BOTH},
    [AT(SQL_KEPT_TOTAL_ADD)] = {"INSERT INTO kept_total VALUES (?, ?, ?, ?, ?, ?, ?)"
                                " ON CONFLICT (model) DO UPDATE SET"
                                " requests = requests + excluded.requests,"
                                " rows = rows + excluded.rows, bytes = bytes + excluded.bytes,"
                                " known = known + excluded.known,"
                                " lost = lost + excluded.lost,"
                                " damaged = damaged + excluded.damaged",
                                "tiiiiii", BOTH},
    [AT(SQL_KEPT_TOTAL_DELETE)] = {"DELETE FROM kept_total WHERE model IN (?, '')", "t", BOTH},
    [AT(SQL_KEPT_FILE_GET)] = {"SELECT offset, number FROM kept_file WHERE name = ?", "t",
                               BOTH},
    [AT(SQL_KEPT_FILE_SET)] = {"INSERT INTO kept_file VALUES (?, ?, ?) ON CONFLICT (name)"
                               " DO UPDATE SET offset = excluded.offset,"
                               " number = excluded.number",
                               "tii", BOTH},
    [AT(SQL_KEPT_FILE_FORGET)] = {"DELETE FROM kept_file WHERE name = ?", "t", BOTH},
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

/*
 * Whoever ends a job has its end told, in the same transaction: to the URL that came with the
 * job, and to the operator's where a row of hook_operator says that there is one.
 */
#define HOOK_INSERT                                                                     \
    " INSERT INTO hook (job, uuid, account, model, version, status, code, rows, label," \
    " score, reason, created_us, ended_us, url, turn)"

#define HOOK_INSERT_TRACED                                                              \
    " INSERT INTO hook (job, uuid, account, model, version, status, code, rows, label," \
    " score, reason, created_us, ended_us, url, turn, trace)"

#define HOOK_OF_JOB                                                                \
    "new.id, new.uuid, new.account, new.model, new.version, new.status, new.code," \
    " new.rows, new.label, new.score, new.reason, new.created_us, new.ended_us"

/* What an account's kept answers take, by triggers as well; a row counts for something, too. */
#define REPLAY_BYTES(row) "(512 + " row ".bytes)"

#define REPLAY_TOTAL_ADD(row, bytes)                                \
    " INSERT INTO replay_total VALUES (" row ".account, " bytes ")" \
    " ON CONFLICT (account) DO UPDATE SET bytes = bytes + excluded.bytes;"

/*
 * Predictions that are kept.  Their sums are added to by who inserts, once for many rows; what
 * is deleted is taken off by a trigger.  The bytes are those that are sealed.
 */
#define KEPT_BYTES(row) "(length(" row ".sealed) + coalesce(length(" row ".truth), 0))"

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
    "CREATE TABLE hook ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " job INTEGER NOT NULL," /* which may be gone before its end was told; so: */
    " uuid TEXT NOT NULL,"
    " account TEXT NOT NULL,"
    " model TEXT NOT NULL,"
    " version INTEGER,"
    " status INTEGER NOT NULL," /* enum job_status */
    " code INTEGER,"
    " rows INTEGER NOT NULL,"
    " label TEXT,"
    " score REAL,"
    " reason TEXT,"
    " created_us INTEGER NOT NULL,"
    " ended_us INTEGER NOT NULL,"
    " url TEXT," /* NULL: the operator's */
    " turn TEXT NOT NULL," /* accounts take turns, and the operator is one: * */
    " state INTEGER NOT NULL DEFAULT 0," /* enum hook_state */
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " due_ns INTEGER NOT NULL DEFAULT 0,"
    " answer INTEGER,"
    " problem TEXT,"
    " told_us INTEGER"
    ") STRICT;"
    "CREATE INDEX hook_turn ON hook (turn, due_ns) WHERE " HOOK_WAITS ";"
    "CREATE INDEX hook_due ON hook (due_ns) WHERE " HOOK_WAITS ";"
    "CREATE INDEX hook_runs ON hook (id) WHERE " HOOK_RUNS ";"
    "CREATE INDEX hook_job ON hook (job);"
    "CREATE INDEX hook_account ON hook (account);"
    "CREATE TABLE hook_operator (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;"
    "CREATE TRIGGER job_told AFTER UPDATE OF status ON job"
    " WHEN old.status < 2 AND new.status >= 2 BEGIN"
    HOOK_INSERT " SELECT " HOOK_OF_JOB ", NULL, '*' FROM hook_operator;"
    HOOK_INSERT " SELECT " HOOK_OF_JOB ", new.url, new.account WHERE new.url IS NOT NULL;"
    " END;"
    "CREATE TRIGGER job_untold AFTER DELETE ON job BEGIN"
    " DELETE FROM hook WHERE job = old.id AND state >= 2;"
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
    " END;"
    "CREATE TABLE kept ("
    " id INTEGER PRIMARY KEY,"
    " at_us INTEGER NOT NULL,"
    " account TEXT NOT NULL,"
    " request_id TEXT NOT NULL,"
    " job_uuid TEXT,"
    " model TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " of_rows INTEGER NOT NULL,"
    " first INTEGER NOT NULL,"
    " rows INTEGER NOT NULL,"
    " n_features INTEGER NOT NULL,"
    " n_margins INTEGER NOT NULL,"
    " n_answers INTEGER NOT NULL,"
    " n_targets INTEGER NOT NULL,"
    " known INTEGER NOT NULL DEFAULT 0," /* rows whose truth was told */
    " sealed BLOB NOT NULL,"
    " truth BLOB"
    ") STRICT;"
    "CREATE INDEX kept_request ON kept (request_id);"
    "CREATE UNIQUE INDEX kept_job ON kept (job_uuid, first) WHERE job_uuid IS NOT NULL;"
    "CREATE INDEX kept_model ON kept (model, at_us);"
    "CREATE INDEX kept_account ON kept (account);"
    "CREATE TABLE kept_total ("
    " model TEXT PRIMARY KEY,"
    " requests INTEGER NOT NULL,"
    " rows INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " known INTEGER NOT NULL,"
    " lost INTEGER NOT NULL,"
    " damaged INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER kept_told AFTER UPDATE OF truth, known ON kept BEGIN"
    " UPDATE kept_total SET"
    " known = known + (new.first = 0 AND new.known > 0) - (old.first = 0 AND old.known > 0),"
    " bytes = bytes + " KEPT_BYTES("new") " - " KEPT_BYTES("old")
    " WHERE model = new.model; END;"
    "CREATE TRIGGER kept_deleted AFTER DELETE ON kept BEGIN"
    " UPDATE kept_total SET requests = requests - (old.first = 0), rows = rows - old.rows,"
    " known = known - (old.first = 0 AND old.known > 0), bytes = bytes - " KEPT_BYTES("old")
    " WHERE model = old.model; END;"
    "CREATE TABLE kept_gone (" /* accounts that are no more: what they asked until then is none */
    " account TEXT PRIMARY KEY,"
    " until_us INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE kept_file (" /* how far a file of lots was brought in */
    " name TEXT PRIMARY KEY,"
    " offset INTEGER NOT NULL,"
    " number INTEGER NOT NULL" /* of the lot that is there */
    ") STRICT, WITHOUT ROWID;",
    "CREATE TABLE job_ends (" /* all that ever ended, kept by whoever ends them */
    " model TEXT NOT NULL,"
    " status INTEGER NOT NULL,"
    " jobs INTEGER NOT NULL,"
    " rows INTEGER NOT NULL,"
    " PRIMARY KEY (model, status)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO job_ends SELECT model, status, count(*), sum(rows) FROM job"
    " WHERE " JOB_ENDED " GROUP BY 1, 2;"
    "CREATE TRIGGER job_ends_added AFTER UPDATE OF status ON job"
    " WHEN old.status < 2 AND new.status >= 2 BEGIN"
    " INSERT INTO job_ends VALUES (new.model, new.status, 1, new.rows)"
    " ON CONFLICT (model, status) DO UPDATE SET jobs = jobs + 1, rows = rows + excluded.rows;"
    " END;"
    "ALTER TABLE job ADD COLUMN trace TEXT;"
    "ALTER TABLE hook ADD COLUMN trace TEXT;"
    "DROP TRIGGER job_told;"
    "CREATE TRIGGER job_told AFTER UPDATE OF status ON job"
    " WHEN old.status < 2 AND new.status >= 2 BEGIN"
    HOOK_INSERT_TRACED " SELECT " HOOK_OF_JOB ", NULL, '*', new.trace FROM hook_operator;"
    HOOK_INSERT_TRACED " SELECT " HOOK_OF_JOB ", new.url, new.account, new.trace"
    " WHERE new.url IS NOT NULL;"
    " END;",
};
/* clang-format on */
