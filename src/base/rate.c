/*
 * rate.c: so many in so long.
 */
#include "base/rate.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

enum {
    SECONDS_SHOWN = 120
};

bool rate_parse(const char *text, struct rate *out)
{
    const char *slash = strchr(text, '/');
    int64_t seconds;
    uint64_t count;

    if (slash == NULL || !num_parse_u64(text, (size_t)(slash - text), &count))
        return false;
    if (!clock_duration_parse(slash + 1, &seconds))
        return false;
    if (count < 1 || count > RATE_COUNT_MAX || seconds < 1 || seconds > RATE_SECONDS_MAX)
        return false;
    out->count = (int64_t)count;
    out->seconds = seconds;
    return true;
}

void rate_window_print(char out[RATE_TEXT_MAX], int64_t seconds)
{
    static const struct {
        int64_t seconds;
        char unit;
    } units[] = {{604800, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}};
    char unit = 's';

    for (size_t i = 0; seconds > SECONDS_SHOWN && i < sizeof(units) / sizeof(units[0]); i++)
        if (seconds % units[i].seconds == 0) {
            seconds /= units[i].seconds;
            unit = units[i].unit;
            break;
        }
    snprintf(out, RATE_TEXT_MAX, "%" PRId64 "%c", seconds, unit);
}

void rate_print(char out[RATE_TEXT_MAX], const struct rate *rate)
{
    char window[RATE_TEXT_MAX];

    rate_window_print(window, rate->seconds);
    snprintf(out, RATE_TEXT_MAX, "%" PRId64 "/%.12s", rate->count, window);
}
