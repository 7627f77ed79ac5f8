/*
 * num.h: numbers from text and to text, the same on every machine and in every
 * locale, with every last bit right.
 *
 * Reading rounds to the nearest value, ties to even, however many digits there are.
 * Writing gives the shortest decimal that reads back to the same value and, of those,
 * the closest to it.  Nothing here allocates, and nothing looks at the locale.
 *
 * Sources: D. Lemire, "Number parsing at a gigabyte per second" (2021), with
 * N. Mushtak and D. Lemire, "Fast number parsing without fallback" (2023), for
 * reading; R. Giulietti, "The Schubfach way to render doubles" (2020) for writing.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* Room for any number below and the NUL behind it. */
#define NUM_DOUBLE_MAX 32
#define NUM_FLOAT_MAX  32

/*
 * The whole text as a number in JSON's grammar: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
 * False, with *out as it was, when it is anything else or so large that it would round
 * to infinity.  What is too small becomes a subnormal or zero of its sign.
 */
bool num_parse_double(const char *text, size_t len, double *out);

/*
 * The same in the grammar of CSV cells and of other programs' files: also a leading
 * +, leading zeros, ".5" and "5.".  No spaces, hexadecimal, inf or nan.
 */
bool num_parse_double_loose(const char *text, size_t len, double *out);

/*
 * The nearest float, rounded once from the decimal and not by way of a double (what
 * strtof gives), in the loose grammar.
 */
bool num_parse_float(const char *text, size_t len, float *out);

/*
 * The number in JSON's grammar that the text starts with, for readers of a stream:
 * RESULT_OK with its value, RESULT_TOO_BIG when it would round to infinity,
 * RESULT_MALFORMED when the text starts with none.  *used is how many bytes belong to
 * the number or, when malformed, were seen before the fault; if it is len, then more
 * text could change the answer.
 */
enum result num_scan_double(const char *text, size_t len, size_t *used, double *out);

/*
 * Numbers of a list that the text starts with, as num_scan_double() reads them, each but
 * the first behind a comma and at most one space, and before a comma or ].  Returns how
 * many were taken, at most `room`; *used is where the last one ends.  It stops early, at
 * whatever it is not made for: numbers of over 19 digits or with an exponent, other
 * spaces, the last bytes of the text.  So it is a quick way to begin with, and never the
 * only one.
 */
size_t num_scan_list(const char *text, size_t len, size_t *used, double *out, size_t room);

/*
 * Whole numbers of decimal digits alone (num_parse_i64 takes a - before them), the
 * whole text; leading zeros are fine.  False, with *out as it was, when the text is
 * anything else or does not fit.
 */
bool num_parse_u64(const char *text, size_t len, uint64_t *out);
bool num_parse_i64(const char *text, size_t len, int64_t *out);

/*
 * Writes the shortest decimal that reads back to the same bits, with a NUL behind it,
 * and returns its length: 0.97, 1, -0, 1e+22, 5e-324.  An exponent is used where
 * "%.17g" uses one (under 1e-4, from 1e17 on; for float as for "%.9g": from 1e9 on),
 * so it is valid JSON and never longer than that.  What is not finite is written as
 * inf, -inf and nan.
 */
size_t num_print_double(char out[NUM_DOUBLE_MAX], double value);
size_t num_print_float(char out[NUM_FLOAT_MAX], float value);

/* Writes the decimal digits, with a NUL behind them, and returns how many bytes. */
size_t num_print_u64(char out[NUM_DOUBLE_MAX], uint64_t value);
size_t num_print_i64(char out[NUM_DOUBLE_MAX], int64_t value);

#endif
