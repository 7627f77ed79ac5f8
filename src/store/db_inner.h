/*
 * db_inner.h: what db.c and db_copy.c share of the engine.  Codes are SQLite's.
 */
#ifndef STORE_DB_INNER_H
#define STORE_DB_INNER_H

#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

struct sqlite3;

/* The name of the VFS that takes a path as it is, and looks at no directory on the way. */
const char *db_vfs_name(void);

/* What a code means. */
enum result db_result_of(int code);

/* The connection's own; NULL if the database could not be opened again. */
struct sqlite3 *db_handle(struct db *db);

/* Most milliseconds that the connection waits for a lock. */
int db_busy_ms(const struct db *db);

/* Has it wait so long again, where something else was set. */
void db_wait_as_usual(struct db *db);

/* The number that a statement gives in its first row; left as it is without one. */
int db_number_of(struct sqlite3 *handle, const char *sql, int64_t *number);

/* Whether a database, called path in the reason, has this program's schema. */
enum result db_schema_check(struct sqlite3 *handle, enum db_kind kind, const char *path,
                            struct reason *why);

#endif
