/*
 * time_option.h: an option that says when.
 */
#ifndef CMD_TIME_OPTION_H
#define CMD_TIME_OPTION_H

#include <stdint.h>

#include "base/result.h"
#include "cmd/option.h"

/*
 * A time in microseconds since 1970 as an option: RFC 3339, or a duration that is so long
 * ago.  0 if it is not given; a filter would take 0 for that, so a time of 0 becomes the
 * microsecond after it.  RESULT_INVALID says what is allowed.
 */
enum result time_option_read(const struct option_set *set, const char *name, int64_t *us,
                             struct reason *why);

#endif
