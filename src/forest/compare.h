/*
 * compare.h: two models on the same rows: where they differ, and by how much.
 *
 * The rows are read twice side by side, once for each model, so the models may look at other
 * columns, or at the same in another order, as long as the file has them all.  One row is held
 * at a time, and the first rows that differ, so memory does not grow with the file.
 */
#ifndef FOREST_COMPARE_H
#define FOREST_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_write.h"
#include "base/result.h"
#include "forest/predictor.h"
#include "forest/quality.h"
#include "forest/rows.h"

struct compare_model {
    const char *name; /* for messages */
    const struct image *image;
};

struct compare_options {
    struct compare_model models[2];
    const char *data;  /* the file, or what messages call the bytes */
    const char *bytes; /* what is read in its place, len bytes; NULL: the file is */
    size_t len;
    const char
        *target;    /* the column of what is true; NULL: the first model's, if there is one */
    uint64_t limit; /* rows that are kept of those that differ */
    uint64_t rows_most;       /* that are read; 0: all */
    struct rows_fault *fault; /* NULL, or what is told of a value that does not fit */
};

/* A row that differs.  Classes are the first model's. */
struct compare_row {
    uint64_t line; /* of an array, the row */
    uint32_t classes[2];
    double *answers[2]; /* compare.width numbers, in the order of the first model's classes */
    double apart;       /* the largest difference of these */
};

struct compare {
    struct predictor predictors[2];
    uint32_t n_classes; /* 0 for values */
    uint32_t width;     /* numbers of an answer */
    uint64_t rows, agree;
    double most, sum; /* differences: the largest, and all together */
    uint64_t most_line;
    struct quality *between; /* the second's classes, held against the first's; or NULL */

    struct compare_row *differ; /* the first ones */
    uint64_t n_differ;

    char target[80];           /* what is true by this column; "" if there is none */
    uint64_t told;             /* rows that have it */
    struct quality *truths[2]; /* how good each is by it; NULL without */
    uint64_t right[2];         /* of classes: rows in which this one alone is right */
};

/*
 * Compares.  RESULT_INVALID: the models do not fit each other (they answer different things,
 * know different classes, have several targets, or different features where the file has no
 * header), a file without rows, what rows_next() says; RESULT_TOO_BIG: more rows than
 * rows_most; RESULT_NOMEM and the like.
 * compare_free() also after a failure.
 */
enum result compare_run(struct compare *compare, const struct compare_options *options,
                        struct reason *why);
void compare_free(struct compare *compare);

/* What the numbers of an answer are: "probability", "score" or "value". */
const char *compare_number_name(const struct compare *compare);

/* By how much answers are apart on average. */
double compare_mean_apart(const struct compare *compare);

/* Writes all of a comparison that was made with these options, as one object. */
void compare_write(struct json_writer *writer, const struct compare_options *options,
                   const struct compare *compare);

#endif
