/*
 * image.c: opening an image and reading what it says.
 *
 * A struct image exists only when prove.c has proved it, so nothing is checked here but
 * that an index is one of the image's own, which is the caller's to keep.
 */
#include "forest/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forest/layout.h"

/* From here on the kernel is asked to read and map an image in huge pages. */
static const size_t huge_from = (size_t)64 << 20;
static int compare_values(const void *a, const void *b, void *arg)
{
    const struct image *image = arg;
    const struct layout_text *left = &image->labels[*(const uint32_t *)a],
                             *right = &image->labels[*(const uint32_t *)b];

    return strcmp(image->texts + left->offset, image->texts + right->offset);
}

/* Puts the names of categories in order, for a body may ask for one in every two bytes. */
static enum result rank_values(struct image *image)
{
    uint32_t i, k, n = 0;

    for (i = 0; i < image->model->n_features; i++)
        n += image->features[i].n_values; /* which do not overlap */
    if (n == 0)
        return RESULT_OK;
    image->ranked = calloc(image->model->n_labels, sizeof(*image->ranked));
    if (image->ranked == NULL)
        return RESULT_NOMEM;
    for (i = 0; i < image->model->n_features; i++) {
        const struct layout_feature *feature = &image->features[i];

        for (k = 0; k < feature->n_values; k++)
            image->ranked[feature->values + k] = feature->values + k;
        if (feature->n_values != 0)
            qsort_r(image->ranked + feature->values, feature->n_values, sizeof(*image->ranked),
                    compare_values, image);
    }
    return RESULT_OK;
}

/* With `expected`, the checksum, the trees are taken on trust. */
static enum result open_bytes(const void *bytes, size_t len, const char *expected,
                              const char *name, struct image **out, struct reason *why)
{
    struct image *image = calloc(1, sizeof(*image));
    enum result result;

    if (image == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: %s", name, result_text(RESULT_NOMEM));
    image->bytes = bytes;
    image->len = len;
    result = prove_image(image, expected, name, why);
    if (result == RESULT_OK && expected == NULL)
        result = prove_trees(image, name, why);
    if (result == RESULT_OK && rank_values(image) != RESULT_OK)
        result = reason_set(why, RESULT_NOMEM, "%s: %s", name, result_text(RESULT_NOMEM));
    if (result == RESULT_OK)
        *out = image;
    else
        free(image);
    return result;
}

enum result image_prove(const void *bytes, size_t len, const char *name, struct image **out,
                        struct reason *why)
{
    return open_bytes(bytes, len, NULL, name, out, why);
}

static enum result open_file(int fd, const char *expected, const char *name, struct image **out,
                             struct reason *why)
{
    struct stat st;
    void *mapping;
    size_t len;
    enum result result;

    if (fstat(fd, &st) != 0)
        return reason_errno(why, "%s", name);
    if (!S_ISREG(st.st_mode))
        return reason_set(why, RESULT_MALFORMED, "%s: not a regular file", name);
    if (st.st_size == 0)
        return reason_set(why, RESULT_MALFORMED, "%s: the file is empty", name);
    len = (size_t)st.st_size;
    mapping = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED)
        return reason_errno(why, "%s: mapping it", name);
    if (len >= huge_from)
        (void)madvise(mapping, len, MADV_HUGEPAGE); /* a kernel without them says no */
    result = open_bytes(mapping, len, expected, name, out, why);
    if (result == RESULT_OK)
        (*out)->mapping = mapping;
    else
        munmap(mapping, len);
    return result;
}

enum result image_open_fd(int fd, const char *name, struct image **out, struct reason *why)
{
    return open_file(fd, NULL, name, out, why);
}

static enum result open_path(const char *path, const char *expected, struct image **out,
                             struct reason *why)
{
    /* Not to hang on a FIFO that has an image's name. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum result result;

    if (fd < 0)
        return reason_errno(why, "%s", path);
    result = open_file(fd, expected, path, out, why);
    close(fd);
    return result;
}

enum result image_open(const char *path, struct image **out, struct reason *why)
{
    return open_path(path, NULL, out, why);
}

enum result image_open_trusted(const char *path, const char *sha256, struct image **out,
                               struct reason *why)
{
    return open_path(path, sha256, out, why);
}

void image_close(struct image *image)
{
    if (image == NULL)
        return;
    if (image->mapping != NULL)
        munmap(image->mapping, image->len);
    free(image->ranked);
    free(image);
}

const struct spec *image_spec(const struct image *image)
{
    return &image->spec;
}

enum spec_task image_task(const struct image *image)
{
    return image->spec.task;
}

uint32_t image_n_targets(const struct image *image)
{
    return image->model->n_targets;
}

const char *image_target_name(const struct image *image, uint32_t t)
{
    const struct layout_text *name = &image->targets[t].name;

    return name->length != 0 ? image->texts + name->offset : NULL;
}

uint32_t image_target_n_classes(const struct image *image, uint32_t t)
{
    return image->targets[t].n_classes;
}

const char *image_target_label(const struct image *image, uint32_t t, uint32_t k)
{
    return image->texts + image->labels[image->targets[t].labels + k].offset;
}

const double *image_base(const struct image *image)
{
    return image->base;
}

const double *image_thresholds(const struct image *image)
{
    return image->cuts;
}

uint32_t image_n_features(const struct image *image)
{
    return image->model->n_features;
}

uint32_t image_n_classes(const struct image *image)
{
    return image->targets[0].n_classes;
}

uint32_t image_n_columns(const struct image *image)
{
    return image->model->n_columns;
}

uint32_t image_n_outputs(const struct image *image)
{
    return image->model->n_outputs;
}

uint32_t image_n_trees(const struct image *image)
{
    return image->model->n_trees;
}

uint64_t image_n_nodes(const struct image *image)
{
    return (uint64_t)image->model->n_splits + image->model->n_leaves;
}

uint32_t image_depth(const struct image *image)
{
    return image->model->depth;
}

bool image_has_lines(const struct image *image)
{
    return image->lines != NULL;
}

uint64_t image_size(const struct image *image)
{
    return image->len;
}

const char *image_feature_name(const struct image *image, uint32_t i)
{
    return image->texts + image->features[i].name.offset;
}

enum image_type image_feature_type(const struct image *image, uint32_t i)
{
    return (enum image_type)image->features[i].type;
}

bool image_feature_missing(const struct image *image, uint32_t i)
{
    return image->features[i].missing != 0;
}

uint32_t image_feature_n_values(const struct image *image, uint32_t i)
{
    return image->features[i].n_values;
}

const char *image_feature_value(const struct image *image, uint32_t i, uint32_t k)
{
    return image->texts + image->labels[image->features[i].values + k].offset;
}

double image_feature_min(const struct image *image, uint32_t i)
{
    return image->features[i].min;
}

double image_feature_max(const struct image *image, uint32_t i)
{
    return image->features[i].max;
}

double image_feature_importance(const struct image *image, uint32_t i)
{
    return image->features[i].importance;
}

/* As strcmp, for a name of len bytes that may hold a NUL and one of the image. */
static int compare_name(const char *name, size_t len, const char *text, size_t text_len)
{
    int order = memcmp(name, text, len < text_len ? len : text_len);

    if (order != 0 || len == text_len)
        return order;
    return len < text_len ? -1 : 1;
}

int image_feature_find(const struct image *image, const char *name, size_t len)
{
    uint32_t low = 0, high = image->model->n_features;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t feature = image->index[middle];
        const struct layout_text *text = &image->features[feature].name;
        int order = compare_name(name, len, image->texts + text->offset, text->length);

        if (order == 0)
            return (int)feature;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int64_t image_feature_value_find(const struct image *image, uint32_t i, const char *name,
                                 size_t len)
{
    const struct layout_feature *feature = &image->features[i];
    uint32_t low = 0, high = feature->n_values;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t label = image->ranked[feature->values + middle];
        const struct layout_text *text = &image->labels[label];
        int order = compare_name(name, len, image->texts + text->offset, text->length);

        if (order == 0)
            return label - feature->values;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

const char *image_class_label(const struct image *image, uint32_t k)
{
    return image_target_label(image, 0, k);
}

const struct text_model *image_text(const struct image *image)
{
    return image->text.head != NULL ? &image->text : NULL;
}

const struct baseline *image_baseline(const struct image *image)
{
    return image->baseline.head != NULL ? &image->baseline : NULL;
}

const struct image_facts *image_facts(const struct image *image)
{
    return &image->facts;
}

const char *image_sha256_hex(const struct image *image)
{
    return image->hex;
}

const char *image_task_name(enum spec_task task)
{
    if (task == SPEC_ANOMALY)
        return "anomaly";
    return task == SPEC_CLASSIFY ? "classify" : "regress";
}

const char *image_type_name(enum image_type type)
{
    static const char *const names[IMAGE_TYPE__MAX] = {
        [IMAGE_REAL] = "real",
        [IMAGE_INTEGER] = "integer",
        [IMAGE_BOOLEAN] = "boolean",
        [IMAGE_CATEGORY] = "category",
    };

    return names[type];
}

const char *image_metric_name(enum image_metric metric)
{
    if (metric == IMAGE_ACCURACY)
        return "accuracy";
    return metric == IMAGE_R2 ? "r2" : "none";
}
