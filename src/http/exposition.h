/*
 * exposition.h: metrics as text, for whoever scrapes them: Prometheus' format 0.0.4 and
 * OpenMetrics 1.0, which differ in little.
 *
 *     exposition_family(&out, EXPOSITION_COUNTER, "calls_total", "Calls");
 *     exposition_u64(&out, "", 7, EXPOSITION_LABELS({"model", "iris"}));
 *
 * Families must not be mixed: all samples of one come after its own line.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef HTTP_EXPOSITION_H
#define HTTP_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"

enum exposition_type {
    EXPOSITION_COUNTER, /* whose name ends in _total */
    EXPOSITION_GAUGE,
    EXPOSITION_HISTOGRAM,
    EXPOSITION_TYPE__MAX
};

struct exposition {
    struct buf *buf;
    bool open_metrics;
    const char *name; /* of the family at hand */
};

/* Begins a family; names are constants. */
void exposition_family(struct exposition *out, enum exposition_type type, const char *name,
                       const char *help);

/* Labels of a sample, the last one without a name; texts are escaped as they have to be. */
struct exposition_label {
    const char *name, *text;
};

#define EXPOSITION_LABELS(...) ((const struct exposition_label[]){__VA_ARGS__, {NULL, NULL}})

/* One sample, of the family's name and suffix.  labels: NULL for none. */
void exposition_u64(struct exposition *out, const char *suffix, uint64_t value,
                    const struct exposition_label *labels);
void exposition_seconds(struct exposition *out, const char *suffix, uint64_t ns,
                        const struct exposition_label *labels);

/* All samples of a histogram: how many fell into each bucket, and what they come to. */
struct exposition_histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t sum_ns;
};

/* With two labels. */
void exposition_histogram(struct exposition *out, const struct exposition_histogram *histogram,
                          const struct exposition_label labels[2]);

void exposition_end(struct exposition *out);

#endif
