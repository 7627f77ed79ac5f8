/*
 * db.c: the databases of a home, on SQLite.
 *
 * It and db_copy.c alone know the engine.  WAL where the file system can carry it (not over
 * a network, where its shared memory does not work), so that readers never wait for a
 * writer.
 */
#include "store/db.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/text.h"
#include "store/db_inner.h"
#include "store/sql.h"

enum {
    LOG_KEPT_BYTES = 16 << 20 /* of a log that was larger, while it is in use */
};

struct db {
    sqlite3 *handle; /* NULL: it could not be opened again, and is as if read-only */
    enum db_kind kind;
    enum db_role role;
    bool outlasts_power_cuts;
    bool keeps_files;
    bool lasting;                     /* the transaction under way does */
    sqlite3_stmt *prepared[SQL__MAX]; /* made at first use */
};

/* Not const: SQLite hands it to wait_for_lock() as what takes no const. */
static int busy_ms[DB_ROLE__MAX] = {[DB_WORKER] = 250, [DB_CLI] = 5000};

/* Magic numbers of statfs(2) for file systems over a network. */
static const long network_file_systems[] = {0x6969 /* NFS */, 0x517b /* SMB */,
                                            0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */};

/*
 * SQLite makes a name absolute and looks at every directory on the way, which a worker
 * may not be able to walk: see gate/home.h.  This VFS is the system's own, but takes a
 * name as it is; the working directory stays the home for as long as the database is
 * open.
 */
static int full_name_as_is(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    return text_copy(out, (size_t)size, name) ? SQLITE_OK : SQLITE_CANTOPEN;
}

const char *db_vfs_name(void)
{
    static sqlite3_vfs vfs;
    static const char name[] = "forestgate";

    if (vfs.zName == NULL) {
        vfs = *sqlite3_vfs_find(NULL);
        vfs.zName = name;
        vfs.pNext = NULL;
        vfs.xFullPathname = full_name_as_is;
        sqlite3_vfs_register(&vfs, 0);
    }
    return name;
}

enum result db_result_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return RESULT_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return RESULT_BUSY;
    case SQLITE_FULL:
        return RESULT_FULL;
    case SQLITE_READONLY:
        return RESULT_READONLY;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return RESULT_DENIED;
    case SQLITE_NOMEM:
        return RESULT_NOMEM;
    case SQLITE_CONSTRAINT:
        return RESULT_EXISTS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return RESULT_MALFORMED;
    case SQLITE_TOOBIG:
        return RESULT_TOO_BIG;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return RESULT_IO;
    default:
        return RESULT_FAILED;
    }
}

/* Of a constraint the general text alone: clients are told why there is a conflict. */
static enum result fail(sqlite3 *handle, int code, struct reason *why)
{
    bool plain = handle == NULL || (code & 0xff) == SQLITE_CONSTRAINT;
    const char *text = plain ? sqlite3_errstr(code) : sqlite3_errmsg(handle);

    return reason_set(why, db_result_of(code), "the database: %s", text);
}

struct sqlite3 *db_handle(struct db *db)
{
    return db->handle;
}

int db_busy_ms(const struct db *db)
{
    return busy_ms[db->role];
}

bool db_on_network(const char *path)
{
    struct statfs fs;

    if (statfs(path, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof(network_file_systems) / sizeof(network_file_systems[0]); i++)
        if ((unsigned long)fs.f_type == (unsigned long)network_file_systems[i])
            return true;
    return false;
}

/*
 * Waits for a lock, n times before: densely at first, since most transactions take a
 * millisecond, so that who has one after the other leaves others their turn.  Time is what was
 * waited, whatever the clocks say.
 */
static int wait_for_lock(void *arg, int n)
{
    enum {
        DENSE = 40, /* waits of a millisecond, after which they are of some */
        LATER_MS = 5
    };
    const int *most_ms = arg;
    int waited_ms = n < DENSE ? n : DENSE + (n - DENSE) * LATER_MS;

    if (waited_ms >= *most_ms)
        return 0;
    sqlite3_sleep(n < DENSE ? 1 : LATER_MS);
    return 1;
}

static void wait_set(sqlite3 *handle, enum db_role role)
{
    sqlite3_busy_handler(handle, wait_for_lock, &busy_ms[role]);
}

void db_wait_as_usual(struct db *db)
{
    wait_set(db->handle, db->role);
}

/* Settings of a connection; small caches, since many workers each have one. */
static int configure(sqlite3 *handle, enum db_role role)
{
    static const char *const pragmas[DB_ROLE__MAX] = {
        [DB_WORKER] = "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;",
        [DB_CLI] = "PRAGMA synchronous = FULL;",
    };
    int code;

    wait_set(handle, role);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    code = sqlite3_exec(handle, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle, pragmas[role], NULL, NULL, NULL);
    return code;
}

int db_number_of(sqlite3 *handle, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int code;

    code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *number = sqlite3_column_int64(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

static int schema_of(sqlite3 *handle, int *schema)
{
    int64_t number = *schema;
    int code = db_number_of(handle, "PRAGMA user_version", &number);

    *schema = (int)number;
    return code;
}

int db_schema(enum db_kind kind)
{
    return sql_schemas[kind].count;
}

static int migrate_from(sqlite3 *handle, enum db_kind kind, int schema)
{
    char stamp[64];
    int code = SQLITE_OK;

    for (; code == SQLITE_OK && schema < db_schema(kind); schema++) {
        code = sqlite3_exec(handle, sql_schemas[kind].scripts[schema], NULL, NULL, NULL);
        snprintf(stamp, sizeof(stamp), "PRAGMA user_version = %d", schema + 1);
        if (code == SQLITE_OK)
            code = sqlite3_exec(handle, stamp, NULL, NULL, NULL);
    }
    return code;
}

static enum result too_new(const char *path, enum db_kind kind, int schema, struct reason *why)
{
    return reason_set(why, RESULT_INVALID,
                      "%s: its schema is %d and this program knows %d: use a newer program",
                      path, schema, db_schema(kind));
}

enum result db_migrate(const char *path, enum db_kind kind, struct reason *why)
{
    enum result result = RESULT_OK;
    sqlite3 *handle = NULL;
    mode_t mask = umask(077);
    int code, schema = 0;

    code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                           db_vfs_name());
    if (code == SQLITE_OK)
        code = configure(handle, DB_CLI);
    if (code == SQLITE_OK && !db_on_network(path))
        code = sqlite3_exec(handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = schema_of(handle, &schema);
    if (code == SQLITE_OK && schema > db_schema(kind))
        result = too_new(path, kind, schema, why);
    else if (code == SQLITE_OK)
        code = migrate_from(handle, kind, schema);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        result = fail(handle, code, why);
    sqlite3_close(handle);
    umask(mask);
    return result;
}

enum result db_schema_check(sqlite3 *handle, enum db_kind kind, const char *path,
                            struct reason *why)
{
    int schema = 0, code = schema_of(handle, &schema);

    if (code != SQLITE_OK)
        return fail(handle, code, why);
    if (schema > db_schema(kind))
        return too_new(path, kind, schema, why);
    if (schema < db_schema(kind))
        return reason_set(why, RESULT_INVALID,
                          "%s: its schema is %d and this program needs %d: run forestgate init",
                          path, schema, db_schema(kind));
    return RESULT_OK;
}

/* The log is then emptied at the end, or who comes next would read all of it. */
static void keep_files(struct db *db)
{
    char limit[64];
    int keep = 1;

    snprintf(limit, sizeof(limit), "PRAGMA journal_size_limit = %d", LOG_KEPT_BYTES);
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    sqlite3_exec(db->handle, limit, NULL, NULL, NULL);
}

void db_keep_files(struct db *db)
{
    db->keeps_files = true;
    if (db->handle != NULL)
        keep_files(db);
}

void db_temporary_files_in(const char *directory)
{
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = sqlite3_mprintf("%s", directory);
}

bool db_has_log(struct db *db)
{
    sqlite3_stmt *statement = NULL;
    bool has = false;

    if (db->handle != NULL &&
        sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_bytes(statement, 0) > 0)
        has = strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    sqlite3_finalize(statement);
    return has;
}

static enum result connect(struct db *db, const char *path, struct reason *why)
{
    enum result result = RESULT_OK;
    int code;

    code = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                           db_vfs_name());
    if (code == SQLITE_OK)
        code = configure(db->handle, db->role);
    if (code != SQLITE_OK)
        result = fail(db->handle, code, why);
    if (result == RESULT_OK && db->keeps_files)
        keep_files(db);
    if (result == RESULT_OK && db->outlasts_power_cuts)
        result = db_outlast_power_cuts(db, why);
    return result == RESULT_OK ? db_schema_check(db->handle, db->kind, path, why) : result;
}

static void disconnect(struct db *db)
{
    for (size_t i = 0; i < SQL__MAX; i++) {
        sqlite3_finalize(db->prepared[i]);
        db->prepared[i] = NULL;
    }
    sqlite3_close(db->handle);
    db->handle = NULL;
}

enum result db_open(const char *path, enum db_kind kind, enum db_role role, struct db **out,
                    struct reason *why)
{
    enum result result;
    struct db *db;
    struct stat st;

    *out = NULL;
    if (stat(path, &st) != 0)
        return reason_errno(why, "%s", path);
    db = calloc(1, sizeof(*db));
    if (db == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the database");
    db->kind = kind;
    db->role = role;
    result = connect(db, path, why);
    if (result != RESULT_OK) {
        db_close(db);
        return result;
    }
    *out = db;
    return RESULT_OK;
}

/* Closed first: SQLite shares what was opened read-only with a connection that comes later. */
enum result db_reopen(struct db *db, const char *path, struct reason *why)
{
    enum result result;

    disconnect(db);
    result = connect(db, path, why);
    if (result != RESULT_OK)
        disconnect(db);
    return result;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    disconnect(db);
    free(db);
}

/* One text; who binds it static keeps it in place until the bindings are cleared. */
static int bind_text(sqlite3_stmt *statement, int at, char kind, const char *text)
{
    if (kind == 'e' && text[0] == '\0')
        return sqlite3_bind_null(statement, at);
    return sqlite3_bind_text(statement, at, text, -1,
                             kind == 't' ? SQLITE_TRANSIENT : SQLITE_STATIC);
}

static enum result bind_all(struct db *db, sqlite3_stmt *statement, const char *binds,
                            va_list args, struct reason *why)
{
    int code = SQLITE_OK, at = 1;
    const void *bytes;
    int64_t number;

    if (sqlite3_bind_parameter_count(statement) != (int)strlen(binds))
        return reason_set(why, RESULT_FAILED, "a statement's binds do not match its text");
    for (; *binds != '\0' && code == SQLITE_OK; binds++, at++) {
        switch (*binds) {
        case 't':
        case 's':
        case 'e':
            code = bind_text(statement, at, *binds, va_arg(args, const char *));
            break;
        case 'b':
            bytes = va_arg(args, const void *);
            code = sqlite3_bind_blob64(statement, at, bytes, va_arg(args, size_t),
                                       SQLITE_TRANSIENT);
            break;
        case 'B':
            bytes = va_arg(args, const void *);
            code =
                sqlite3_bind_blob64(statement, at, bytes, va_arg(args, size_t), SQLITE_STATIC);
            break;
        case 'd':
            code = sqlite3_bind_double(statement, at, va_arg(args, double));
            break;
        default: /* 'i' and 'o' */
            number = va_arg(args, int64_t);
            code = *binds == 'o' && number == 0 ? sqlite3_bind_null(statement, at)
                                                : sqlite3_bind_int64(statement, at, number);
        }
    }
    return code == SQLITE_OK ? RESULT_OK : fail(db->handle, code, why);
}

/* Whether a statement is one for this connection. */
static bool may_run(const struct db *db, enum sql sql, const struct sql_row *row)
{
    enum db_kind kind = sql < SQL__HOME_MAX ? DB_HOME : DB_WORK;

    return (row->roles & 1U << db->role) != 0 &&
           (kind == db->kind || (row->roles & SQL_ANY_DATABASE) != 0);
}

static enum result start(struct db *db, struct reason *why, enum sql sql, va_list args)
{
    const struct sql_row *row = sql_row_of(sql);
    int code;

    if (!may_run(db, sql, row))
        return reason_set(why, RESULT_DENIED, "this program may not run statement %d",
                          (int)sql);
    if (db->handle == NULL)
        return reason_set(why, RESULT_READONLY, "the database could not be opened again");
    if (db->prepared[sql] == NULL) {
        code = sqlite3_prepare_v3(db->handle, row->text, -1, SQLITE_PREPARE_PERSISTENT,
                                  &db->prepared[sql], NULL);
        if (code != SQLITE_OK)
            return fail(db->handle, code, why);
    }
    return bind_all(db, db->prepared[sql], row->binds, args, why);
}

enum result sql_start(struct db *db, struct reason *why, enum sql sql, ...)
{
    enum result result;
    va_list args;

    va_start(args, sql);
    result = start(db, why, sql, args);
    va_end(args);
    return result;
}

enum result sql_next(struct db *db, struct reason *why, enum sql sql)
{
    int code = sqlite3_step(db->prepared[sql]);

    if (code == SQLITE_ROW)
        return RESULT_OK;
    if (code == SQLITE_DONE)
        return RESULT_MISSING;
    return fail(db->handle, code, why);
}

void sql_end(struct db *db, enum sql sql)
{
    if (db->prepared[sql] == NULL)
        return;
    sqlite3_reset(db->prepared[sql]);
    sqlite3_clear_bindings(db->prepared[sql]);
}

enum result sql_run(struct db *db, struct reason *why, enum sql sql, ...)
{
    enum result result;
    va_list args;

    va_start(args, sql);
    result = start(db, why, sql, args);
    va_end(args);
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    sql_end(db, sql);
    if (result == RESULT_OK) /* a row where none was expected */
        return reason_set(why, RESULT_FAILED, "statement %d gave a row", (int)sql);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

int64_t sql_int(struct db *db, enum sql sql, int column)
{
    return sqlite3_column_int64(db->prepared[sql], column);
}

enum result sql_number(struct db *db, enum sql sql, enum result result, int64_t *number,
                       struct reason *why)
{
    *number = 0;
    if (result == RESULT_OK)
        result = sql_next(db, why, sql);
    if (result == RESULT_OK)
        *number = sql_int(db, sql, 0);
    else if (result == RESULT_MISSING)
        result = reason_set(why, RESULT_MALFORMED, "the database: a row of its own is missing");
    sql_end(db, sql);
    return result;
}

double sql_double(struct db *db, enum sql sql, int column)
{
    return sqlite3_column_double(db->prepared[sql], column);
}

enum result sql_text(struct db *db, enum sql sql, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(db->prepared[sql], column);
    size_t len = (size_t)sqlite3_column_bytes(db->prepared[sql], column);

    out[0] = '\0';
    if (text == NULL)
        return RESULT_OK;
    if (len >= size)
        return RESULT_TOO_BIG;
    if (memchr(text, '\0', len) != NULL)
        return RESULT_MALFORMED;
    memcpy(out, text, len);
    out[len] = '\0';
    return RESULT_OK;
}

enum result sql_texts(struct db *db, enum sql sql, const struct sql_text_to *texts,
                      size_t count)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; i < count; i++) {
        enum result one = sql_text(db, sql, texts[i].column, texts[i].to, texts[i].size);

        if (result == RESULT_OK)
            result = one;
    }
    return result;
}

enum result sql_blob(struct db *db, enum sql sql, int column, void *out, size_t len)
{
    const void *blob = sqlite3_column_blob(db->prepared[sql], column);

    if (blob == NULL || (size_t)sqlite3_column_bytes(db->prepared[sql], column) != len)
        return RESULT_MALFORMED;
    memcpy(out, blob, len);
    return RESULT_OK;
}

const void *sql_bytes(struct db *db, enum sql sql, int column, size_t *len)
{
    const void *blob = sqlite3_column_blob(db->prepared[sql], column);

    *len = (size_t)sqlite3_column_bytes(db->prepared[sql], column);
    return blob;
}

bool sql_is_null(struct db *db, enum sql sql, int column)
{
    return sqlite3_column_type(db->prepared[sql], column) == SQLITE_NULL;
}

int64_t sql_changes(struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t sql_inserted(struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

static int synchronous_set(struct db *db, bool full)
{
    return sqlite3_exec(db->handle,
                        full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                        NULL, NULL, NULL);
}

/* Whether every commit of this connection is synced. */
static bool always_lasting(const struct db *db)
{
    return db->role == DB_CLI || db->outlasts_power_cuts;
}

enum result db_begin(struct db *db, struct reason *why)
{
    /* Of one that is read-only SQLite would begin a reader. */
    if (db->handle != NULL && sqlite3_db_readonly(db->handle, NULL) == 1)
        return reason_set(why, RESULT_READONLY, "the database is read-only");
    return sql_run(db, why, SQL_BEGIN);
}

/* After the transaction: within one SQLite lets nobody change how it is synced. */
static void lasting_end(struct db *db)
{
    if (db->lasting && db->handle != NULL && !always_lasting(db))
        synchronous_set(db, false);
    db->lasting = false;
}

enum result db_begin_lasting(struct db *db, struct reason *why)
{
    enum result result;
    int code;

    if (db->handle != NULL && !always_lasting(db) &&
        (code = synchronous_set(db, true)) != SQLITE_OK)
        return fail(db->handle, code, why);
    db->lasting = true;
    result = db_begin(db, why);
    if (result != RESULT_OK)
        lasting_end(db);
    return result;
}

bool db_is_lasting(const struct db *db)
{
    return db->lasting;
}

enum result db_commit(struct db *db, struct reason *why)
{
    enum result result = sql_run(db, why, SQL_COMMIT);

    if (result != RESULT_OK)
        db_rollback(db);
    else
        lasting_end(db);
    return result;
}

void db_rollback(struct db *db)
{
    if (db->handle != NULL && !sqlite3_get_autocommit(db->handle))
        sql_run(db, NULL, SQL_ROLLBACK);
    lasting_end(db);
}

enum result db_outlast_power_cuts(struct db *db, struct reason *why)
{
    int code = synchronous_set(db, true);

    db->outlasts_power_cuts = true;
    return code == SQLITE_OK ? RESULT_OK : fail(db->handle, code, why);
}

enum result db_read_begin(struct db *db, struct reason *why)
{
    return sql_run(db, why, SQL_BEGIN_READ);
}

void db_read_end(struct db *db)
{
    db_rollback(db);
}

bool db_is_orphan(struct db *db)
{
    int moved = 0;

    return db->handle != NULL &&
           sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
               SQLITE_OK &&
           moved != 0;
}

bool db_is_read_only(struct db *db)
{
    return db->handle == NULL || sqlite3_db_readonly(db->handle, "main") != 0;
}
