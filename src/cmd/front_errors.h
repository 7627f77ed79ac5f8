/*
 * front_errors.h: what a front answers itself, as JSON bodies of problem details (RFC 9457).
 */
#ifndef CMD_FRONT_ERRORS_H
#define CMD_FRONT_ERRORS_H

#include <stddef.h>

#include "base/result.h"

enum {
    FRONT_ERRORS_MAX = 32,
    FRONT_ERROR_BODY_MAX = 400
};

struct front_error {
    char status[4];
    char body[FRONT_ERROR_BODY_MAX]; /* one line, without its end */
};

/*
 * Reads the table etc/errors.tsv, which has at most FRONT_ERRORS_MAX rows.  RESULT_MALFORMED
 * for another.
 */
enum result front_errors_read(const char *table, struct front_error *out, size_t *count,
                              struct reason *why);

#endif
