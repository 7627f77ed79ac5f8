/*
 * db_copy.c: a copy of a database, in a file of its own, while others write to it.
 */
#include "store/db_copy.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/db_inner.h"

struct db_copy {
    sqlite3 *handle;
    const char *path, *name;
};

enum {
    COPY_PAGES = 1024, /* of a step */
    COPY_RESTARTS = 3, /* then it holds the lock to its end */
    COPY_LOOK = 100000 /* instructions of the engine between looks at whether to go on */
};

static enum result copy_fail(struct db_copy *copy, int code, struct reason *why)
{
    if (code == SQLITE_INTERRUPT)
        return reason_set(why, RESULT_FAILED, "%s: stopped", copy->name);
    return reason_set(why, db_result_of(code), "%s: %s", copy->name,
                      copy->handle != NULL ? sqlite3_errmsg(copy->handle)
                                           : sqlite3_errstr(code));
}

/*
 * Without a journal, and with its lock held from here on, the engine has no more to do with
 * the file's name, which would mean another file in the home.
 */
enum result db_copy_open(const char *path, const char *name, struct db_copy **out,
                         struct reason *why)
{
    enum result result;
    struct db_copy *copy;
    int code;

    *out = NULL;
    copy = calloc(1, sizeof(*copy));
    if (copy == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    copy->path = path;
    copy->name = name;
    code = sqlite3_open_v2(path, &copy->handle, SQLITE_OPEN_READWRITE, db_vfs_name());
    if (code == SQLITE_OK)
        code = sqlite3_exec(copy->handle,
                            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
                            "PRAGMA synchronous = OFF; BEGIN EXCLUSIVE; COMMIT;",
                            NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        result = copy_fail(copy, code, why);
        db_copy_close(copy);
        return result;
    }
    *out = copy;
    return RESULT_OK;
}

/* Begins to read: until the transaction ends, all that is read is of one moment. */
static int snapshot_take(sqlite3 *handle)
{
    int code = sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL);
    int64_t schema = 0;

    return code == SQLITE_OK ? db_number_of(handle, "PRAGMA user_version", &schema) : code;
}

static bool has_wal(sqlite3 *handle)
{
    int64_t is = 0;

    return db_number_of(handle, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is) ==
               SQLITE_OK &&
           is == 1;
}

static int copy_steps(sqlite3_backup *backup, sqlite3 *from, db_copy_more *more, void *arg)
{
    int code = has_wal(from) ? snapshot_take(from) : SQLITE_OK;
    int left = -1, restarts = 0, total;

    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(backup, COPY_PAGES);
        total = sqlite3_backup_pagecount(backup);
        restarts += left >= 0 && sqlite3_backup_remaining(backup) >= left;
        left = sqlite3_backup_remaining(backup);
        if (code != SQLITE_DONE && !more(arg, (uint64_t)(total - left), (uint64_t)total))
            code = SQLITE_INTERRUPT;
        if (code == SQLITE_OK && restarts == COPY_RESTARTS && sqlite3_get_autocommit(from))
            code = snapshot_take(from);
    }
    return code;
}

/* Tells how far it is, and asks whether to go on, while it waits and while it checks. */
struct copy_look {
    db_copy_more *more;
    void *arg;
    int waits; /* most milliseconds for a lock */
};

/*
 * A writer that goes on and on leaves the database free for moments only: one who looks ten
 * times a second, as the engine does by itself, may not meet one of them.
 */
static int copy_wait(void *arg, int tries)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    const struct copy_look *look = arg;

    nanosleep(&moment, NULL);
    return tries < look->waits && look->more(look->arg, 0, 0);
}

static int copy_look(void *arg)
{
    const struct copy_look *look = arg;

    return !look->more(look->arg, 0, 0);
}

enum result db_copy_fill(struct db_copy *copy, struct db *from, db_copy_more *more, void *arg,
                         struct reason *why)
{
    struct copy_look look = {more, arg, db_busy_ms(from)};
    sqlite3 *handle = db_handle(from);
    sqlite3_backup *backup;
    int code, finished;

    backup = sqlite3_backup_init(copy->handle, "main", handle, "main");
    if (backup == NULL)
        return copy_fail(copy, sqlite3_errcode(copy->handle), why);
    sqlite3_busy_handler(handle, copy_wait, &look);
    code = copy_steps(backup, handle, more, arg);
    finished = sqlite3_backup_finish(backup);
    if (!sqlite3_get_autocommit(handle))
        sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
    db_wait_as_usual(from);
    if (code == SQLITE_DONE)
        code = finished;
    return code == SQLITE_OK ? RESULT_OK : copy_fail(copy, code, why);
}

/* The first that is wrong with the pages or the indices. */
static enum result copy_prove(struct db_copy *copy, struct reason *why)
{
    enum result result = RESULT_OK;
    sqlite3_stmt *statement = NULL;
    const char *text;
    int code;

    code = sqlite3_prepare_v2(copy->handle, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        text = (const char *)sqlite3_column_text(statement, 0);
        if (text == NULL || strcmp(text, "ok") != 0)
            result = reason_set(why, RESULT_MALFORMED, "%s: the copy is damaged: %s",
                                copy->name, text != NULL ? text : "?");
    } else {
        result = copy_fail(copy, code, why);
    }
    sqlite3_finalize(statement);
    return result;
}

/* The copied first page says WAL, which would want two more files beside the one. */
static int copy_reopen(struct db_copy *copy)
{
    int code;

    sqlite3_close(copy->handle);
    code = sqlite3_open_v2(copy->path, &copy->handle, SQLITE_OPEN_READWRITE, db_vfs_name());
    if (code == SQLITE_OK)
        code = sqlite3_exec(copy->handle,
                            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF;"
                            "PRAGMA journal_mode = DELETE;",
                            NULL, NULL, NULL);
    return code;
}

enum result db_copy_check(struct db_copy *copy, db_copy_more *more, void *arg,
                          struct db_copy_facts *facts, struct reason *why)
{
    struct copy_look look = {.more = more, .arg = arg};
    int64_t plain = 0;
    enum result result;
    int code;

    code = copy_reopen(copy);
    sqlite3_progress_handler(copy->handle, COPY_LOOK, copy_look, &look);
    if (code == SQLITE_OK)
        code = db_number_of(copy->handle,
                            "SELECT journal_mode = 'delete' FROM pragma_journal_mode", &plain);
    if (code != SQLITE_OK)
        return copy_fail(copy, code, why);
    if (plain != 1)
        return reason_set(why, RESULT_FAILED, "%s: its journal could not be ended", copy->name);
    result = copy_prove(copy, why);
    if (result == RESULT_OK)
        result = db_schema_check(copy->handle, DB_HOME, copy->name, why);
    if (result != RESULT_OK)
        return result;
    code = db_number_of(copy->handle, "SELECT count(*) FROM key", &facts->keys);
    if (code == SQLITE_OK)
        code = db_number_of(copy->handle, "SELECT count(*) FROM call", &facts->calls);
    return code == SQLITE_OK ? RESULT_OK : copy_fail(copy, code, why);
}

void db_copy_close(struct db_copy *copy)
{
    static const char *const beside[] = {"-journal", "-wal", "-shm"};
    char path[PATH_MAX];

    if (copy == NULL)
        return;
    sqlite3_close(copy->handle);
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        if (snprintf(path, sizeof(path), "%s%s", copy->path, beside[i]) < (int)sizeof(path))
            unlink(path);
    free(copy);
}
