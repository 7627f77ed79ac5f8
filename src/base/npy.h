/*
 * npy.h: arrays of numbers in NumPy's file format, as a stream of rows.
 *
 * The format is numpy.lib.format's: "\x93NUMPY", a version (1.0, 2.0 or 3.0), the length
 * of a header, a header that is the literal of a Python dictionary with descr,
 * fortran_order and shape, padded with spaces, and the numbers.  Read are two-dimensional
 * arrays in C order of floats (2 does not, 4 and 8 bytes do), integers of 1 to 8 bytes and
 * booleans, of either byte order.  Objects, which hide a pickle, are refused as are all
 * others.  An integer that no float64 holds exactly is refused where it stands.
 */
#ifndef BASE_NPY_H
#define BASE_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/result.h"

#define NPY_MAGIC     "\x93NUMPY"
#define NPY_MAGIC_LEN 6

enum {
    NPY_MAX_HEADER = 1 << 16,
    NPY_MAX_COLUMNS = 1 << 20, /* far more than any model has features: a row is kept whole */
    NPY_WRITE_HEADER = 128,    /* bytes of the headers that npy_header_print() writes */
};

struct npy;

/*
 * Reads the header.  The stream stays the caller's, as does the name, which stands for it
 * in messages.  RESULT_OK with *out; RESULT_MALFORMED, RESULT_INVALID (an array of another
 * kind, said with what is allowed), RESULT_IO, RESULT_NOMEM.
 */
enum result npy_open(FILE *file, const char *name, struct npy **out, struct reason *why);
void npy_close(struct npy *npy);

uint64_t npy_rows(const struct npy *npy);
uint64_t npy_columns(const struct npy *npy);

/*
 * Fills row with the next npy_columns() numbers.  RESULT_OK; RESULT_MISSING behind the last
 * row; RESULT_MALFORMED: the file ends before its last row, or goes on after it;
 * RESULT_INVALID; RESULT_IO.
 */
enum result npy_next(struct npy *npy, double *row, struct reason *why);

/* How many rows npy_next() has given. */
uint64_t npy_row(const struct npy *npy);

/* What is written: '<f8' or '<i8'. */
enum npy_kind {
    NPY_F64,
    NPY_I64
};

/*
 * The header of an array of rows x columns such numbers, or of one dimension where columns
 * is 0; always of the same length.
 */
void npy_header_print(char out[NPY_WRITE_HEADER], enum npy_kind kind, uint64_t rows,
                      uint64_t columns);

#endif
