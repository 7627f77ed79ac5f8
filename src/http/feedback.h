/*
 * feedback.h: a body of POST /feedback: which request, and what was true of it.
 *
 *     {"request_id": "...", "truth": "setosa"}               of a request of one row
 *     {"request_id": "...", "truth": ["setosa", null, 2]}    of one of several
 *     {"job_uuid": "...", "row": 7, "truth": "setosa"}       of one row of it
 *
 * What a truth may be depends on the model, which is known by the request, whose id may stand
 * behind it: so it is read into values first.
 */
#ifndef HTTP_FEEDBACK_H
#define HTTP_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/result.h"
#include "forest/image.h"
#include "http/reply.h"

enum feedback_kind {
    FEEDBACK_NULL, /* it is not known */
    FEEDBACK_NUMBER,
    FEEDBACK_TEXT, /* true and false are texts, too */
    FEEDBACK_LIST, /* its elements follow, and the elements of those */
    FEEDBACK_KIND__MAX
};

/* As small as can be: a body of millions of values has as many of these. */
struct feedback_value {
    uint8_t kind;  /* enum feedback_kind */
    uint32_t next; /* the value behind this one and its elements */
    union {
        double number;
        struct {
            uint32_t text, len; /* within texts */
        };
        uint32_t count; /* of a list: its elements */
    };
};

/* Zeroed before feedback_read(); feedback_free() follows, whatever happened. */
struct feedback {
    char request_id[65],
        job_uuid[65]; /* empty: not given; what is longer is none that there is */
    bool has_request_id, has_job_uuid, has_row, has_truth;
    int64_t row;
    struct feedback_value *values; /* the truth: the first is all of it */
    size_t count, cap;
    struct buf texts;
    bool no_memory;
};

/*
 * Reads it.  False with the refusal written: 400 for what is not JSON, 422 with every field at
 * fault.
 */
bool feedback_read(struct feedback *feedback, const char *text, size_t len,
                   struct reply *reply);
void feedback_free(struct feedback *feedback);

/* Which rows of a request it is about. */
struct feedback_rows {
    int64_t first, count;
    double *truth; /* count times the image's targets, as struct keep_row has it; to be freed */
};

/*
 * The truth as the numbers of a model, of a request of so many rows.  False with the refusal
 * written: 422 with what is allowed.
 */
bool feedback_take(const struct feedback *feedback, const struct image *image, int64_t rows,
                   struct feedback_rows *out, struct reply *reply);

#endif
