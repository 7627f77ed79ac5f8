/*
 * image_file.c: where published images stand in a home.
 */
#include "gate/image_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void image_file_directory(const char *model, char out[IMAGE_FILE_MAX])
{
    snprintf(out, IMAGE_FILE_MAX, "models/%s", model);
}

void image_file_path(const struct model_row *row, char out[IMAGE_FILE_MAX])
{
    snprintf(out, IMAGE_FILE_MAX, "models/%s/%" PRId64 ".fgm", row->name, row->version);
}

enum result image_file_open(const struct model_row *row, struct image **out, struct reason *why)
{
    char path[IMAGE_FILE_MAX];
    enum result result;

    image_file_path(row, path);
    *out = NULL;
    result = image_open(path, out, why);
    if (result == RESULT_OK && strcmp(image_sha256_hex(*out), row->sha256) != 0) {
        image_close(*out);
        *out = NULL;
        result =
            reason_set(why, RESULT_MALFORMED, "%s: not the image that was published", path);
    }
    return result;
}

enum result image_file_serve(const struct model_row *row, struct image **out,
                             struct reason *why)
{
    char path[IMAGE_FILE_MAX];

    image_file_path(row, path);
    *out = NULL;
    return image_open_trusted(path, row->sha256, out, why);
}
