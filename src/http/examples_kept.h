/*
 * examples_kept.h: the example rows of the models that a worker was asked about last.
 *
 * Equal images have equal examples (forest/examples.h), and making them up walks through the
 * forest some ten thousand times; so they are made once for an image, whatever model it is of.
 */
#ifndef HTTP_EXAMPLES_KEPT_H
#define HTTP_EXAMPLES_KEPT_H

#include "base/json_write.h"
#include "forest/image.h"

struct examples_kept;

/*
 * examples_write(), with what is kept in *kept, which begins as NULL.  What is large, or finds
 * no memory, is made anew each time.
 */
void examples_kept_write(struct examples_kept **kept, struct json_writer *writer,
                         const struct image *image);
void examples_kept_free(struct examples_kept *kept);

#endif
