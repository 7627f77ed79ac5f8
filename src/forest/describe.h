/*
 * describe.h: what an image is, as the members of a JSON object: one description for
 * GET /models/NAME and for forestgate model show --json.
 */
#ifndef FOREST_DESCRIBE_H
#define FOREST_DESCRIBE_H

#include "base/json_write.h"
#include "forest/image.h"

/*
 * Writes task, trees, nodes, depth, bytes, sha256, features, classes (of a
 * classification; thresholds where it has any), targets (where there are several) and
 * training, into the object that the writer is in.
 */
void describe_image(struct json_writer *writer, const struct image *image);

#endif
