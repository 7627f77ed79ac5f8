/*
 * bulk.h: many rows in, their predictions out, in memory that does not grow with them: what
 * forestgate predict and POST /predict with a file do.
 *
 * Rows go through in blocks; threads predict and print, the calling thread reads and writes
 * (blocks.h), so what is written is the same for any number of threads.  Written is CSV, with a
 * header line if the input has one and one line a row; or an array of NumPy's.
 */
#ifndef FOREST_BULK_H
#define FOREST_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/result.h"
#include "forest/columns.h"
#include "forest/predictor.h"
#include "forest/rows.h"

/* How far it is. */
struct bulk_state {
    uint64_t read, written; /* rows */
    uint64_t total;         /* rows in all, where the input says so (an array), else 0 */
};

/* Rows that were predicted, as predictor_rows() has them. */
struct bulk_block {
    const double *values, *margins, *answers;
    const uint32_t *leaves; /* where they are asked for */
    size_t rows;
};

/*
 * What is done.  All callbacks but print() are called in the calling thread, with arg; one that
 * says anything but RESULT_OK ends the work, with that result.
 */
struct bulk_plan {
    FILE *in;
    const char *name; /* of the input, in messages */
    const struct predictor *predictor;
    enum columns_kind kind;
    bool npy;                 /* written is an array */
    unsigned threads;         /* 1: all is done in the calling thread */
    struct rows_fault *fault; /* NULL, or where a value that does not fit is told */
    void *arg;

    /*
     * Before each block is predicted: whether to go on, for who counts or cancels.  May be
     * NULL.
     */
    enum result (*go_on)(void *arg, const struct bulk_state *state, struct reason *why);

    /* Each block once it is predicted, in the order of the rows.  May be NULL. */
    enum result (*look)(void *arg, const struct bulk_block *block, struct reason *why);

    /*
     * NULL, or how the rows of a block are written, in the place of columns and their header;
     * called where the rows are predicted.
     */
    void (*print)(void *arg, const struct bulk_block *block, struct buf *text);

    /* Takes the next bytes of the output. */
    enum result (*put)(void *arg, const void *bytes, size_t len, struct reason *why);

    /* Takes the first bytes of an array anew, once the number of its rows is known. */
    enum result (*put_head)(void *arg, const void *bytes, size_t len, struct reason *why);

    /* After each block is written, for who shows it.  May be NULL. */
    void (*written)(void *arg, const struct bulk_state *state);
};

/* How many rows are done at once that have so many numbers in the answer. */
size_t bulk_rows_at_once(const struct predictor *predictor, size_t width);

/*
 * Does it; *rows is how many there were.  What rows_open() and rows_next() refuse, what
 * columns_check() does, RESULT_NOMEM, and what the callbacks say.  What was put before a
 * failure is of no use to anyone.
 */
enum result bulk_run(const struct bulk_plan *plan, uint64_t *rows, struct reason *why);

#endif
