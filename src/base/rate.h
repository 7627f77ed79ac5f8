/*
 * rate.h: so many in so long, as it is written in settings and limits: 100/60s.
 */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RATE_TEXT_MAX = 32,
    RATE_COUNT_MAX = 1000000000,
    RATE_SECONDS_MAX = 366 * 86400,
};

/* count of 0 is no rate: everything is let through. */
struct rate {
    int64_t count;   /* 1 to RATE_COUNT_MAX */
    int64_t seconds; /* 1 to RATE_SECONDS_MAX */
};

/* Reads "5/60s" or "100/1h"; units as in clock_duration_parse().  False, with *out as it was,
 * if it is neither. */
bool rate_parse(const char *text, struct rate *out);

/* Writes it in the form that rate_parse() reads, in the largest unit that fits evenly, seconds
 * up to 120 as seconds. */
void rate_print(char out[RATE_TEXT_MAX], const struct rate *rate);

/* Writes its window alone: "60s". */
void rate_window_print(char out[RATE_TEXT_MAX], int64_t seconds);

#endif
