/*
 * examples.h: rows to try a model with, made up from what its image says.
 *
 * No row of the training data is in an image, and none is told: a made-up row has for each
 * feature a value that is usual where the model answers what the example is called.  Its
 * values are drawn feature by feature, as the baseline says that they were spread (else over
 * their range, else about the thresholds of the trees), so that what belongs together in real
 * rows may not do so in these.
 */
#ifndef FOREST_EXAMPLES_H
#define FOREST_EXAMPLES_H

#include "base/json_write.h"
#include "forest/image.h"

enum {
    EXAMPLES_MAX = 6
};

/*
 * Writes the member examples, a list of {"name", "features"}, into the object that the writer
 * is in: for classes a row that the model takes for each, the first EXAMPLES_MAX of them; for
 * values "low", "middle" and "high"; of a model of very many trees or features a row that is
 * called "typical".  A text model has none.  Equal images have equal examples.  For want of
 * memory there are none.
 */
void examples_write(struct json_writer *writer, const struct image *image);

#endif
