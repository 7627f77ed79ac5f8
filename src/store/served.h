/*
 * served.h: sums over all calls there ever were, by what answered them and how.
 *
 * They are written in the transaction that writes the rows of the calls, so they are those of
 * the call log to the last one, and outlast its rows.  They began with the schema that has
 * them, with what the log had then.
 */
#ifndef STORE_SERVED_H
#define STORE_SERVED_H

#include <stdint.h>

#include "base/histogram.h"
#include "base/result.h"
#include "store/calls.h"
#include "store/db.h"

/* The calls of one model, version and status that took as long as one bucket says. */
struct served_row {
    char model[MODEL_NAME_MAX + 1]; /* empty where the calls had come to none */
    int64_t version;                /* 0 for none */
    int64_t status;
    int64_t bucket; /* of base/histogram.h */
    int64_t calls, rows, charged, duration_us;
    int64_t last_us; /* the latest started_us */
};

/* Adds these numbers to those that are there. */
enum result served_row_add(struct db *db, const struct served_row *row, struct reason *why);

/* Calls each for all of them, by model, version, status and bucket. */
enum result served_row_list(struct db *db,
                            void (*each)(void *arg, const struct served_row *row), void *arg,
                            struct reason *why);

#endif
