/*
 * check.h: whether a database is whole, for who looks after it.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

enum {
    CHECK_JOURNAL_MAX = 16
};

/*
 * Reads all of the database: RESULT_MALFORMED with the first fault.  quick leaves out that
 * indexes agree with their tables, which takes longest.
 */
enum result check_integrity(struct db *db, bool quick, struct reason *why);

/* RESULT_MALFORMED with the first row that refers to one that is not there. */
enum result check_references(struct db *db, struct reason *why);

/* How changes are kept until they are in the file: "wal", "delete", ... */
enum result check_journal(struct db *db, char out[CHECK_JOURNAL_MAX], struct reason *why);

/* The latest time of any row, in microseconds since 1970 UTC; 0 if there is none. */
enum result check_newest(struct db *db, int64_t *out, struct reason *why);

#endif
