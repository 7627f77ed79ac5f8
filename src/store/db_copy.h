/*
 * db_copy.h: a copy of a database while others write to it, in a file of its own.
 *
 * It is made in three parts since the file may be another user's than the database: the file is
 * opened by its name before the home is entered, filled in the home, and checked, again by its
 * name, after the home was left.
 */
#ifndef STORE_DB_COPY_H
#define STORE_DB_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

struct db_copy;

/* Told how far it is, in pages, or 0 of 0; false ends the work, with RESULT_FAILED. */
typedef bool db_copy_more(void *arg, uint64_t done, uint64_t total);

/*
 * Opens an empty file to be filled.  path and name, which stands for the file in messages,
 * stay the caller's and in place.
 */
enum result db_copy_open(const char *path, const char *name, struct db_copy **out,
                         struct reason *why);

/*
 * Copies the database as it is at one moment.  With WAL nobody waits for it.  Without, a
 * writer waits for a step of a few megabytes, and the copy begins anew after each change;
 * when that has happened three times writers wait until it is done, so that it ends.
 */
enum result db_copy_fill(struct db_copy *copy, struct db *from, db_copy_more *more, void *arg,
                         struct reason *why);

/* What is in a copy. */
struct db_copy_facts {
    int64_t keys, calls;
};

/*
 * Makes the copy one file without a WAL, and proves it: its pages, its indices, its schema.
 * RESULT_MALFORMED, RESULT_INVALID if it is not as it should be.  The bytes are not synced.
 */
enum result db_copy_check(struct db_copy *copy, db_copy_more *more, void *arg,
                          struct db_copy_facts *facts, struct reason *why);

/* Closes it, whatever happened; NULL is none.  Removes what stood beside path. */
void db_copy_close(struct db_copy *copy);

#endif
