/*
 * fuzz_image.c: any bytes as an image, under a right checksum.
 *
 * Magic, size and checksum are made right, so that the proof has to find what is wrong;
 * whatever it lets pass must be safe to read and to walk, and its predictions must be
 * what an image promises.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "forest/layout.h"
#include "forest/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(truth)                                                    \
    do {                                                                \
        if (!(truth)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #truth); \
            abort();                                                    \
        }                                                               \
    } while (0)

enum {
    ROWS = 4
};

static void make_right(uint8_t *bytes, size_t size)
{
    struct layout_header *header = (void *)bytes;

    if (size < sizeof(*header))
        return;
    memcpy(header->magic, LAYOUT_MAGIC, sizeof(header->magic));
    header->size = size;
    digest_of(bytes + LAYOUT_SUMMED_FROM, size - LAYOUT_SUMMED_FROM, header->sha256);
}

static void read_texts(const struct image *image)
{
    uint32_t i;

    for (i = 0; i < image_n_features(image); i++) {
        const char *name = image_feature_name(image, i);

        CHECK(utf8_valid(name, strlen(name)));
        CHECK(image_feature_find(image, name, strlen(name)) == (int)i);
        CHECK(image_feature_importance(image, i) >= 0);
    }
    for (i = 0; i < image_n_classes(image); i++)
        CHECK(utf8_valid(image_class_label(image, i), strlen(image_class_label(image, i))));
    CHECK(strlen(image_facts(image)->source) > 0);
}

static void walk(const struct image *image)
{
    static const double values[] = {0, -1e38, 1e38, 0.5, -0.0, 3, 1e-320};
    const size_t n = image_n_features(image), n_outputs = image_n_outputs(image);
    double *rows = calloc(ROWS * n, sizeof(*rows)),
           *out = calloc(ROWS * n_outputs, sizeof(*out));
    size_t i;

    CHECK(rows != NULL && out != NULL);
    for (i = 0; i < ROWS * n; i++)
        rows[i] = values[i * i % 7];
    for (unsigned k = 0; walk_kernel_name(k) != NULL; k++)
        if (walk_use(walk_kernel_name(k)))
            walk_predict(image, rows, ROWS, out);
    free(rows);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    struct image *image = NULL;
    struct reason why = {""};

    CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    make_right(bytes, size);
    if (image_prove(bytes, size, "t.fgm", &image, &why) == RESULT_OK) {
        read_texts(image);
        walk(image);
    } else {
        CHECK(strncmp(why.text, "t.fgm: ", 7) == 0);
    }
    image_close(image);
    free(bytes);
    return 0;
}
