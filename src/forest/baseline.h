/*
 * baseline.h: how the values of features and answers were spread when a model was trained,
 * which is what later rows are held against (drift.h).
 *
 * A baseline is one block of bytes, a section of an image that may be missing:
 *
 *     struct baseline_head
 *     struct baseline_part  x n_features + n_answers
 *     uint64_t counts       x n_counts
 *     float edges           x n_edges
 *
 * A part is one distribution: of a feature, or of an answer.  Answers are, for each target in
 * its order: the class, where it has classes, and then each number of a row of answers
 * (output.h).  A text model has no parts for features, which are nothing that people know.
 *
 * Numbers are compared as float32, by which training knows them.
 */
#ifndef FOREST_BASELINE_H
#define FOREST_BASELINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum {
    BASELINE_BINS = 10,   /* most bins of a number */
    BASELINE_VALUES = 20, /* most values that are counted each */
};

enum baseline_kind {
    BASELINE_RANGES = 1, /* bin i: over edge i - 1, up to and with edge i */
    BASELINE_EACH = 2,   /* count i: equal to edge i; the last: any other value */
    BASELINE_KIND__MAX
};

struct baseline_head {
    uint64_t rows; /* that were looked at */
    uint32_t n_features, n_answers;
    uint32_t n_edges, n_counts;
};

/* It has n_edges + 1 counts, which with the missing are its rows: no more than the head's. */
struct baseline_part {
    uint32_t kind;
    uint32_t n_edges;
    uint32_t edges, counts; /* the first: those of the parts follow each other */
    uint64_t missing;
};

_Static_assert(sizeof(struct baseline_head) == 24, "the head has no padding");
_Static_assert(sizeof(struct baseline_part) == 24, "a part has no padding");

/* A block that was proved; head is NULL where there is none. */
struct baseline {
    const struct baseline_head *head;
    const struct baseline_part *parts;
    const uint64_t *counts;
    const float *edges;
};

/* How long a block is that has such a head. */
uint64_t baseline_length(const struct baseline_head *head);

/*
 * Proves that the block, aligned to 8, is what this header says, with all edges finite and in
 * order.  RESULT_OK: *out points into it.  RESULT_MALFORMED, RESULT_INVALID.
 */
enum result baseline_prove(const void *block, uint64_t len, struct baseline *out,
                           struct reason *why);

/* The slots of a part are its counts, and one more for what is missing. */
static inline uint32_t baseline_slots(const struct baseline_part *part)
{
    return part->n_edges + 2;
}

/* A number as it is compared: the nearest float32 that is finite, or NaN. */
float baseline_narrow(double value);

/* The slot of a value, NaN being missing. */
uint32_t baseline_slot(const struct baseline *baseline, const struct baseline_part *part,
                       double value);

/* How many rows are in a slot, and in all of them. */
uint64_t baseline_count(const struct baseline *baseline, const struct baseline_part *part,
                        uint32_t slot);
uint64_t baseline_rows(const struct baseline *baseline, const struct baseline_part *part);

#endif
