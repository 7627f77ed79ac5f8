/*
 * answer.h: predictions as members of a JSON object.
 *
 * One row is answered with single values, many with a list for each kind of value, in
 * the order of the rows:
 *
 *     one row         many rows       of each target
 *     prediction      predictions     the class's index, or the value
 *     label           labels          the class's label
 *     probabilities   probabilities   of the classes, in their order
 *     score           scores          of an anomaly; of a text, its label's probability
 *     margin          margins         what the trees sum to, one number or a list
 *     leaves          leaves          the leaf of each tree, as the model's library counts
 *
 * Where a model has several targets each of the first four is a list over them, and
 * `targets` has their names, if they have any.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stddef.h>

#include "base/json_write.h"
#include "forest/predictor.h"

/* The numbers of rows, as predictor_rows() and walk_leaves() fill them. */
struct answer {
    const struct predictor *predictor;
    const double *margins, *answers;
    const uint32_t *leaves; /* or NULL */
    size_t count;
    unsigned outputs; /* of enum input_output */
};

void answer_single(struct json_writer *writer, const struct answer *answer);
void answer_many(struct json_writer *writer, const struct answer *answer);

/* What every answer ends with: warnings, the model and its version, the object's end. */
struct input_rows;
void answer_end(struct json_writer *writer, const struct input_rows *rows);

#endif
