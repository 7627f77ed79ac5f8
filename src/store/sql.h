/*
 * sql.h: every statement of the house, for the verbs of this floor alone.
 *
 * All SQL stands in one table (sql.c), is prepared once a connection, and has every
 * bind checked.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

enum sql {
    SQL_BEGIN,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_KEY_INSERT,
    SQL_KEY_GET,
    SQL_KEY_LIST,
    SQL_KEY_FIND,
    SQL_KEY_COUNT,
    SQL_KEY_UPDATE,
    SQL_KEY_REVOKE,
    SQL_KEY_ROTATE,
    SQL_KEY_METADATA_SET,
    SQL_KEY_MORE,
    SQL_KEY_LIST_OF_USER,
    SQL_KEY_COUNT_OF_USER,
    SQL_KEY_ANY_OF_USER,
    SQL_KEY_TIER_OF_USER,
    SQL_KEY_END_OF_USER,
    SQL_USER_INSERT,
    SQL_USER_GET,
    SQL_USER_GET_BY_NAME,
    SQL_USER_LIST,
    SQL_USER_COUNT,
    SQL_USER_UPDATE,
    SQL_USER_PASSWORD_SET,
    SQL_USER_PASSWORD_GET,
    SQL_USER_LOGIN_NOTE,
    SQL_USER_DELETE,
    SQL_USER_ADMINS,
    SQL_USER_WAITING,
    SQL_SESSION_INSERT,
    SQL_SESSION_GET,
    SQL_SESSION_CALLER,
    SQL_SESSION_LIST,
    SQL_SESSION_ROTATE,
    SQL_SESSION_END,
    SQL_SESSION_END_OF_USER,
    SQL_SESSION_EXPIRE,
    SQL_SESSION_COUNT,
    SQL_SESSION_KEEP,
    SQL_INVITATION_INSERT,
    SQL_INVITATION_GET,
    SQL_INVITATION_LIST,
    SQL_INVITATION_DELETE,
    SQL_INVITATION_EXPIRE,
    SQL_ATTEMPT_GET,
    SQL_ATTEMPT_SET,
    SQL_ATTEMPT_DELETE,
    SQL_ATTEMPT_EXPIRE,
    SQL_ATTEMPT_COUNT,
    SQL_KNOWN_GET,
    SQL_KNOWN_SET,
    SQL_KNOWN_EXPIRE,
    SQL_KNOWN_FORGET,
    SQL_AUDIT_LAST,
    SQL_AUDIT_GET,
    SQL_AUDIT_INSERT,
    SQL_AUDIT_LIST,
    SQL_AUDIT_WALK,
    SQL_TIER_GET,
    SQL_TIER_SET,
    SQL_TIER_LIST,
    SQL_TIER_KEYS,
    SQL_TIER_USERS,
    SQL_TIER_DELETE,
    SQL_MODEL_LIST,
    SQL_MODEL_VERSIONS,
    SQL_MODEL_VERSION_GET,
    SQL_MODEL_INSERT,
    SQL_MODEL_VERSION_NEXT,
    SQL_MODEL_VERSION_INSERT,
    SQL_MODEL_VERSION_DELETE,
    SQL_MODEL_PLACES_SET,
    SQL_MODEL_KEEP_SET,
    SQL_MODEL_BACK_SET,
    SQL_MODEL_BACK_SKIP,
    SQL_COMPARED_ADD,
    SQL_COMPARED_LIST,
    SQL_COMPARED_DELETE,
    SQL_CALL_INSERT,
    SQL_CALL_LIST,
    SQL_CALL_LIST_OF_KEY,
    SQL_CALL_LIST_OF_USER,
    SQL_CALL_HIGHEST,
    SQL_CALL_SEQS,
    SQL_CALL_STARTS,
    SQL_CALL_STARTS_OF_USER,
    SQL_CALL_OLDEST,
    SQL_CALL_EXPIRE,
    SQL_CALL_DAY_NOTE,
    SQL_CALL_DAY_SEQ,
    SQL_DRAINED_GET,
    SQL_DRAINED_TOUCH, /* SQL_DRAINED_SET has to follow in the transaction */
    SQL_DRAINED_SET,
    SQL_USAGE_ADD,
    SQL_USAGE_CHARGED,
    SQL_USAGE_LIST,
    SQL_USAGE_LIST_OF_USER,
    SQL_SERVED_ADD,
    SQL_SERVED_LIST,
    SQL_TALLY_GET,
    SQL_CHECK_ALL,
    SQL_CHECK_QUICK,
    SQL_CHECK_REFERENCES,
    SQL_CHECK_JOURNAL,
    SQL_CHECK_NEWEST,
    SQL__HOME_MAX,

    /* of work.db, in sql_work.c */
    SQL_JOB_INSERT = SQL__HOME_MAX,
    SQL_JOB_GET,
    SQL_JOB_BODY,
    SQL_JOB_RESULT,
    SQL_JOB_LIST,
    SQL_JOB_LIST_OF,
    SQL_JOB_ACCOUNT_NEXT,
    SQL_JOB_CLAIM,
    SQL_JOB_DUE_NEXT,
    SQL_JOB_DUE_MEND,
    SQL_JOB_CLAIMS,
    SQL_JOB_HAND_BACK,
    SQL_JOB_HELD,
    SQL_JOB_END,
    SQL_JOB_RETRY,
    SQL_JOB_PROGRESS,
    SQL_JOB_CANCEL,
    SQL_JOB_FORGET,
    SQL_JOB_EXPIRED,
    SQL_JOB_DELETE,
    SQL_JOB_TOTAL,
    SQL_JOB_RUNNING,
    SQL_JOB_ENDED_LIST,
    SQL_HOOK_OPERATOR,
    SQL_HOOK_OPERATOR_SET,
    SQL_HOOK_OPERATOR_DELETE,
    SQL_HOOK_DUE_NEXT,
    SQL_HOOK_TURN_NEXT,
    SQL_HOOK_DUE,
    SQL_HOOK_BEGIN,
    SQL_HOOK_RETRY,
    SQL_HOOK_END,
    SQL_HOOK_SWEEP,
    SQL_HOOK_RECOVER,
    SQL_HOOK_DUE_MEND,
    SQL_HOOK_LIST,
    SQL_HOOK_FORGET,
    SQL_HOOK_EMPTY,
    SQL_REPLAY_FIND,
    SQL_REPLAY_INSERT,
    SQL_REPLAY_CLAIM,
    SQL_REPLAY_END,
    SQL_REPLAY_OLD,
    SQL_REPLAY_OLDEST,
    SQL_REPLAY_IS,
    SQL_REPLAY_DELETE,
    SQL_REPLAY_FORGET,
    SQL_REPLAY_TOTAL,
    SQL_KEPT_INSERT,
    SQL_KEPT_LIST,
    SQL_KEPT_FIND,
    SQL_KEPT_FIND_JOB,
    SQL_KEPT_PARTS,
    SQL_KEPT_TRUTH_SET,
    SQL_KEPT_EXPIRE,
    SQL_KEPT_MODEL_NEXT,
    SQL_KEPT_FORGET,
    SQL_KEPT_DELETE,
    SQL_KEPT_GONE_SET,
    SQL_KEPT_GONE_GET,
    SQL_KEPT_TOTAL_GET,
    SQL_KEPT_TOTAL_ADD,
    SQL_KEPT_TOTAL_DELETE,
    SQL_KEPT_FILE_GET,
    SQL_KEPT_FILE_SET,
    SQL_KEPT_FILE_FORGET,
    SQL__MAX
};

/* Beside the bits of who may run a statement: it is one for either database. */
enum {
    SQL_ANY_DATABASE = 1 << 8
};

/* One statement: its text, what is bound in order, and who may run it. */
struct sql_row {
    const char *text;
    const char *binds; /* t text or NULL, i int64_t, o int64_t with 0 for NULL, d double,
                          b pointer and size_t, B the same, NULL for a null pointer, and the
                          bytes stay as they are until sql_end(); texts that are not copied and
                          stay as they are     until sql_end(): s text or NULL, e text that is
                          NULL when empty */
    unsigned roles;    /* bits of 1 << enum db_role, and SQL_ANY_DATABASE */
};

extern const struct sql_row sql_home_rows[SQL__HOME_MAX];
extern const struct sql_row sql_work_rows[SQL__MAX - SQL__HOME_MAX];

static inline const struct sql_row *sql_row_of(enum sql sql)
{
    return sql < SQL__HOME_MAX ? &sql_home_rows[sql] : &sql_work_rows[sql - SQL__HOME_MAX];
}

/* Of a kind of database, the scripts that make schema 1, 2, ... from the one before. */
struct sql_schema {
    const char *const *scripts;
    int count;
};

extern const struct sql_schema sql_schemas[DB_KIND__MAX];
extern const char *const sql_work_scripts[];
enum {
    SQL_WORK_SCRIPTS = 2
};

/*
 * The calls of a key are found by blocks of so many numbers: an index by block, key and
 * time grows at its end.  One by key alone would have a page for each key to change with
 * every thousand calls, which costs four times as much a call where there are many keys.
 */
#define SQL_CALL_BLOCK "seq >> 12"
enum {
    SQL_CALL_BLOCK_ROWS = 1 << 12
};

/* Runs a statement that gives no rows. */
enum result sql_run(struct db *db, struct reason *why, enum sql sql, ...);

/*
 * Starts a statement that gives rows; sql_next() is RESULT_OK for each and
 * RESULT_MISSING after the last; sql_end() always follows, whatever happened.
 */
enum result sql_start(struct db *db, struct reason *why, enum sql sql, ...);
enum result sql_next(struct db *db, struct reason *why, enum sql sql);
void sql_end(struct db *db, enum sql sql);

/* How many rows the last statement that was run changed, triggers aside, and the number of the
 * last one that was added. */
int64_t sql_changes(struct db *db);
int64_t sql_inserted(struct db *db);

/*
 * The number that a statement, which was started with this result, gives in its one row, and
 * ends it; 0 with any other result than RESULT_OK.  RESULT_MALFORMED without a row.
 */
enum result sql_number(struct db *db, enum sql sql, enum result result, int64_t *number,
                       struct reason *why);

/* Columns of the row at hand.  sql_text() copies; RESULT_TOO_BIG if it does not fit,
 * RESULT_MALFORMED for one with a NUL in it, of which only a part would be seen. */
int64_t sql_int(struct db *db, enum sql sql, int column);
double sql_double(struct db *db, enum sql sql, int column);
enum result sql_text(struct db *db, enum sql sql, int column, char *out, size_t size);
/* Copies several, all of them whatever becomes of one; the result is the first bad one's. */
struct sql_text_to {
    int column;
    char *to;
    size_t size;
};
enum result sql_texts(struct db *db, enum sql sql, const struct sql_text_to *texts,
                      size_t count);
enum result sql_blob(struct db *db, enum sql sql, int column, void *out, size_t len);
/* The bytes of a blob in place, until the next step; NULL and 0 for none. */
const void *sql_bytes(struct db *db, enum sql sql, int column, size_t *len);
/* Whether there is no value. */
bool sql_is_null(struct db *db, enum sql sql, int column);

#endif
