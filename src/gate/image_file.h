/*
 * image_file.h: where published images stand in a home.
 */
#ifndef GATE_IMAGE_FILE_H
#define GATE_IMAGE_FILE_H

#include "base/result.h"
#include "forest/image.h"
#include "store/models.h"

enum {
    IMAGE_FILE_MAX = MODEL_NAME_MAX + 64
};

/* The directory of a model's images, and the file of one version. */
void image_file_directory(const char *model, char out[IMAGE_FILE_MAX]);
void image_file_path(const struct model_row *row, char out[IMAGE_FILE_MAX]);

/* Maps and proves a version; RESULT_MALFORMED also if it is not the one published. */
enum result image_file_open(const struct model_row *row, struct image **out,
                            struct reason *why);

#endif
