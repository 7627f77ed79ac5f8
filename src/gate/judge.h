/*
 * judge.h: how good a model's answers were and how far its rows have drifted, of the rows that
 * are kept: by version, and by time.
 *
 * Sums are kept for each version and each day or week that has rows, and no rows, so memory is
 * bounded by JUDGE_PARTS.
 */
#ifndef GATE_JUDGE_H
#define GATE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_write.h"
#include "base/result.h"
#include "forest/drift.h"
#include "forest/predictor.h"
#include "forest/quality.h"
#include "gate/home.h"
#include "gate/keep.h"

enum {
    JUDGE_PARTS = 400
};

enum judge_by {
    JUDGE_BY_VERSION,
    JUDGE_BY_DAY,  /* of UTC */
    JUDGE_BY_WEEK, /* from Monday on */
    JUDGE_BY__MAX
};

/* A version of which rows are kept. */
struct judge_version {
    struct judge_version *next;
    int64_t version;
    struct image *image; /* NULL: deleted, or not the one that answered */
    struct predictor predictor;
};

/* A version, in a day or week or at all times. */
struct judge_part {
    const struct judge_version *version;
    int64_t begin_us; /* of the day or week; 0 of all times */
    uint64_t rows;
    uint64_t true_rows;       /* whose truth is known, of some target at least */
    struct quality **targets; /* one for each target of the image; NULL without an image */
    struct drift *drift;
};

struct judge {
    struct keep_filter filter;
    enum judge_by by;
    struct judge_version *versions;
    struct judge_part *parts; /* by version, and then by time */
    size_t n_parts;
    uint64_t rows;
    int64_t damaged; /* requests that did not open */
    bool cut;        /* there are more rows than were to be read */
};

/* "version", "day" or "week".  RESULT_INVALID, with what is allowed. */
enum result judge_by_read(const char *text, enum judge_by *out, struct reason *why);

/*
 * Reads the rows that fit the filter, at most so many (0: all), the oldest first.
 * RESULT_INVALID for a model that is not published; RESULT_TOO_BIG for more than JUDGE_PARTS
 * versions and times; what keep_rows() says.  judge_free() also after a failure.
 */
enum result judge_read(struct home *home, const struct keep_filter *filter, enum judge_by by,
                       uint64_t most, struct judge *out, struct reason *why);
void judge_free(struct judge *judge);

/* Writes it as one JSON object. */
void judge_write(struct json_writer *writer, const struct judge *judge);

#endif
