/*
 * db.h: the databases of a home.
 *
 * One connection to each a process, never carried over a fork(): SQLite's locks would be lost.
 * No type of the engine shows here; the verbs on keys and models are in keys.h and
 * models.h.  Every wait for a lock is bounded, and ends in RESULT_BUSY.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct db;

/*
 * Which of them.  What is large or changes with every job is not in the one that calls are
 * counted and users changed in: its lock and its log stay small.
 */
enum db_kind {
    DB_HOME, /* forestgate.db: keys, users, tiers, models, calls */
    DB_WORK, /* work.db: jobs and what belongs to them, answers that may be asked for again,
                predictions that are kept */
    DB_KIND__MAX
};

/* Who opens it: that decides what may be run and how long a lock is waited for. */
enum db_role {
    DB_WORKER, /* a request waits at most 0.25 s */
    DB_CLI,    /* a person waits at most 5 s; what is committed outlasts a power cut */
    DB_ROLE__MAX
};

/* Whether a file is on a file system over a network, where there is no WAL. */
bool db_on_network(const char *path);

/* The number of this program's schema, which every database that it has opened is of. */
int db_schema(enum db_kind kind);

/* Makes or upgrades the database at path to this program's schema. */
enum result db_migrate(const char *path, enum db_kind kind, struct reason *why);

/*
 * Opens it.  RESULT_MISSING if it is not there, RESULT_INVALID if its schema is
 * another than this program's (the reason says what to run).
 */
enum result db_open(const char *path, enum db_kind kind, enum db_role role, struct db **out,
                    struct reason *why);
void db_close(struct db *db);

/*
 * Opens it anew: what was read-only when it was opened stays so for a connection.  After a
 * failure all that is asked of it is RESULT_READONLY, until it was opened again.
 */
enum result db_reopen(struct db *db, const char *path, struct reason *why);

/* Has each commit wait until it is on the disk, also those that db_begin() began. */
enum result db_outlast_power_cuts(struct db *db, struct reason *why);

/*
 * The files beside the database, its log and the index of that, stay when this connection is
 * the last to end: for a process that may not take files away (gate/sandbox.h).
 */
void db_keep_files(struct db *db);

/*
 * Where this process's connections put what is too much for memory, in files that have no name
 * by the time they are written; for a process that may write nowhere else.
 */
void db_temporary_files_in(const char *directory);

/* Whether it is in WAL mode; false also where that cannot be found out. */
bool db_has_log(struct db *db);

/*
 * One transaction of check and change.  db_begin() takes the write lock at once, so
 * that what was read in it still holds at the commit.  After a failed commit nothing
 * was changed.
 */
enum result db_begin(struct db *db, struct reason *why);
enum result db_commit(struct db *db, struct reason *why);
void db_rollback(struct db *db);

/* As db_begin(), of what outlasts a power cut once it is committed, whoever commits it. */
enum result db_begin_lasting(struct db *db, struct reason *why);

/* Whether a transaction is under way that does. */
bool db_is_lasting(const struct db *db);

/* Whether its file was removed or replaced under the connection.  One system call. */
bool db_is_orphan(struct db *db);

/* Whether it takes no write, and may by now if it is opened again: see db_reopen(). */
bool db_is_read_only(struct db *db);

/* What is read between them is of one moment.  db_read_end() follows also a failure to read. */
enum result db_read_begin(struct db *db, struct reason *why);
void db_read_end(struct db *db);

#endif
