/*
 * answer.h: predictions as members of a JSON object.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stddef.h>

#include "base/json_write.h"
#include "forest/image.h"

/*
 * One row: prediction, and for classes label and probabilities; of a text model score too,
 * which is the label's probability.
 */
void answer_single(struct json_writer *writer, const struct image *image, const double *row);

/* Many rows: predictions, labels, scores, probabilities, a list each. */
void answer_many(struct json_writer *writer, const struct image *image, const double *outputs,
                 size_t count);

#endif
