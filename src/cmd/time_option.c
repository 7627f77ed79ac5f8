/*
 * time_option.c: an option that says when.
 */
#include "cmd/time_option.h"

#include <stddef.h>

#include "base/clock.h"

enum result time_option_read(const struct option_set *set, const char *name, int64_t *us,
                             struct reason *why)
{
    const char *text = option_value(set, name);
    int64_t ago;

    *us = 0;
    if (text == NULL)
        return RESULT_OK;
    if (clock_duration_parse(text, &ago))
        *us = clock_wall_us() - ago * 1000000;
    else if (!clock_rfc3339_parse(text, us))
        return reason_set(why, RESULT_INVALID,
                          "%s: \"%.40s\" is not allowed; allowed: a date (2026-11-21), a time "
                          "(2026-11-21T10:00:00Z), or how long ago (1h, 30d)",
                          name, text);
    if (*us == 0)
        *us = 1;
    return RESULT_OK;
}
