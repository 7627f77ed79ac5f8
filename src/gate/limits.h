/*
 * limits.h: what a tier or a key allows, as text and as values.
 *
 *     5/60s,100/day,2000/month
 *
 * A rate is so many calls in any so long; a quota so many in a UTC day or month.  The
 * same text stands in the database, in the CLI and in messages.
 */
#ifndef GATE_LIMITS_H
#define GATE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    LIMITS_MAX = 6, /* four rates, a day, a month */
    LIMITS_RATES_MAX = 4,
    LIMITS_TEXT_MAX = 256,
    LIMIT_NAME_MAX = 16,
};

enum limit_kind {
    LIMIT_RATE,
    LIMIT_DAY,
    LIMIT_MONTH,
    LIMIT_KIND__MAX
};

struct limit {
    enum limit_kind kind;
    int64_t count;   /* 1 to 1000000000 */
    int64_t seconds; /* of a rate's window; 0 of a quota */
};

/* Rates first, shortest window first, then day, then month; no two of one window. */
struct limits {
    size_t count;
    struct limit items[LIMITS_MAX];
};

/*
 * Reads a list separated by commas; empty is no limit at all.  RESULT_INVALID says which
 * item is wrong and what is allowed.
 */
enum result limits_parse(const char *text, struct limits *out, struct reason *why);

/* Writes the list in the form that limits_parse() reads. */
void limits_print(char out[LIMITS_TEXT_MAX], const struct limits *limits);

/* The two kinds of items that are given, and replaced, together. */
enum limits_part {
    LIMITS_RATES,
    LIMITS_QUOTAS,
    LIMITS_PART__MAX
};

/*
 * Reads a list in which only items of this part may be, and puts them in the place of
 * those that there are; an empty one takes them away.  RESULT_INVALID as limits_parse().
 */
enum result limits_replace(struct limits *limits, enum limits_part part, const char *text,
                           struct reason *why);

/*
 * A key's own limits over its tier's: a rate takes the place of all rates, a quota that of
 * the same period.
 */
void limits_override(struct limits *tier, const struct limits *own);

/*
 * What a limit is called in headers and messages: "60s", "day", "month".  Of two limits of
 * one list the names differ.
 */
void limit_name(char out[LIMIT_NAME_MAX], const struct limit *limit);

#endif
