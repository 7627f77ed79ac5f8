/*
 * image_file.h: where published images stand in a home.
 */
#ifndef GATE_IMAGE_FILE_H
#define GATE_IMAGE_FILE_H

#include "base/result.h"
#include "forest/image.h"
#include "store/models.h"

/*
 * Where an image is written, to be moved to its place when it is proved: a worker may write
 * there, and in no directory of a model. No model has that name.
 */
#define IMAGE_INCOMING "models/.incoming"

enum {
    IMAGE_FILE_MAX = MODEL_NAME_MAX + 64
};

/* The directory of a model's images, and the file of one version. */
void image_file_directory(const char *model, char out[IMAGE_FILE_MAX]);
void image_file_path(const struct model_row *row, char out[IMAGE_FILE_MAX]);

/* Maps and proves a version; RESULT_MALFORMED also if it is not the one published. */
enum result image_file_open(const struct model_row *row, struct image **out,
                            struct reason *why);

/*
 * The same for a worker, at once, whatever the image's size: its trees were proved when it
 * was published, and are taken on trust (image_open_trusted()).
 */
enum result image_file_serve(const struct model_row *row, struct image **out,
                             struct reason *why);

#endif
