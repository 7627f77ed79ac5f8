/*
 * histogram.h: the bounds by which durations are counted, one set for all that is.
 *
 * They are those of OpenTelemetry's http.server.request.duration with some below them, since a
 * prediction takes tens of microseconds; so what is shown beside other services has their
 * bounds, too.  They never change: sums by them are stored.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_BOUNDS = 20,
    HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1 /* the last is of what is over all bounds */
};

struct histogram_bound {
    int64_t us;
    const char *seconds; /* the same, as it is shown */
};

extern const struct histogram_bound histogram_bounds[HISTOGRAM_BOUNDS];

/* The bucket of a duration: the first whose bound is not below it. */
size_t histogram_bucket(uint64_t ns);

#endif
