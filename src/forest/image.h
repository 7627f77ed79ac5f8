/*
 * image.h: a forest as a file (.fgm) that workers map read-only and share.
 *
 * Opening proves everything that the walk and the accessors rely on: once there is
 * a struct image, nothing in it has to be checked again.  The bytes are laid out in
 * layout.h; they hold no address, are little-endian, carry a version, and a SHA-256
 * whose hex is the image's identity: equal data, options and seed give equal bytes.
 *
 * An image file is replaced by renaming another over it, never written in place:
 * a mapping stays whole for as long as it is open.
 */
#ifndef FOREST_IMAGE_H
#define FOREST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "forest/spec.h"

/* What the training values of a feature were. */
enum image_type {
    IMAGE_REAL = 1,
    IMAGE_INTEGER = 2,  /* every value was a whole number */
    IMAGE_BOOLEAN = 3,  /* 0 and 1 */
    IMAGE_CATEGORY = 4, /* codes 0, 1, 2 ..., perhaps with names */
    IMAGE_TYPE__MAX
};

/* What facts.oob_score measures. */
enum image_metric {
    IMAGE_NO_METRIC = 0, /* nothing was measured */
    IMAGE_ACCURACY = 1,  /* the share of rows whose class was right */
    IMAGE_R2 = 2,        /* the coefficient of determination */
};

/* Bounds that every image keeps. */
enum {
    IMAGE_MAX_FEATURES = 65536,
    IMAGE_MAX_COLUMNS = 65536, /* see struct draft_column */
    IMAGE_MAX_CLASSES = 4096,
    IMAGE_MAX_TREES = 1 << 20,
    IMAGE_MAX_NAME = 1024, /* bytes of a feature's name or of a class's label */
};

/* How the forest came to be.  A number that the source did not tell is 0. */
struct image_facts {
    const char *source; /* the format or program it came from: "forestgate-train" */
    int64_t date;       /* seconds since 1970, of the data or SOURCE_DATE_EPOCH */
    uint64_t rows;      /* rows trained on */
    uint64_t seed;
    uint32_t trees;        /* trees asked for */
    uint32_t max_features; /* features tried at a split */
    uint32_t max_depth;    /* 0 is no bound */
    uint32_t min_samples_leaf;
    enum image_metric metric;
    double oob_score;     /* by the metric, on out-of-bag rows; 0 if not measured */
    uint64_t oob_rows;    /* how many rows were out of some tree's bag */
    char data_sha256[65]; /* of the file trained on, in hex; "" if not told */
};

struct image;

/*
 * Maps and proves the file.  RESULT_OK with *out, to be given back with
 * image_close().  RESULT_MALFORMED: not an image, damaged, or an image that would
 * lead the walk astray; RESULT_INVALID: an image of a version or kind that this
 * program does not know; RESULT_MISSING, RESULT_DENIED, RESULT_IO, RESULT_NOMEM.
 * The reason begins with the path.
 */
enum result image_open(const char *path, struct image **out, struct reason *why);

/*
 * The same for a worker, in a time that does not grow with the forest: header, sizes and
 * schema are proved, and the checksum that the header names must be `sha256` (64 hex
 * digits), of an image that was proved when it was published.  Up to 4 MiB it is computed,
 * too; of a larger image what is in the trees is taken on trust, and no page of them read.
 */
enum result image_open_trusted(const char *path, const char *sha256, struct image **out,
                               struct reason *why);

/* As image_open() for an open file, which may be closed after; name stands for it in the
 * reason. */
enum result image_open_fd(int fd, const char *name, struct image **out, struct reason *why);

/*
 * The same for bytes in memory, which must be aligned to 8, and stay in place and
 * unchanged until image_close(), which does not free them.
 */
enum result image_prove(const void *bytes, size_t len, const char *name, struct image **out,
                        struct reason *why);

/* Unmaps; NULL is let pass. */
void image_close(struct image *image);

/* How the trees become an answer. */
const struct spec *image_spec(const struct image *image);

enum spec_task image_task(const struct image *image);
uint32_t image_n_features(const struct image *image);
uint32_t image_n_columns(const struct image *image); /* what trees look at: draft.h */
uint32_t image_n_outputs(const struct image *image); /* numbers per row from the walk */
uint32_t image_n_trees(const struct image *image);
uint64_t image_n_nodes(const struct image *image); /* splits and leaves of all trees */
uint32_t image_depth(const struct image *image);   /* most splits on a way to a leaf */
bool image_has_lines(const struct image *image);   /* some leaf is a linear function */
uint64_t image_size(const struct image *image);    /* bytes */

/* Target t < n_targets: its name, or NULL; its classes, 0 for a value; their labels. */
uint32_t image_n_targets(const struct image *image);
const char *image_target_name(const struct image *image, uint32_t t);
uint32_t image_target_n_classes(const struct image *image, uint32_t t);
const char *image_target_label(const struct image *image, uint32_t t, uint32_t k);

/* The same of the first target, which is the only one of most images. */
uint32_t image_n_classes(const struct image *image);

/* n_outputs numbers to begin with or to add; the classes' thresholds, or NULL (output.h). */
const double *image_base(const struct image *image);
const double *image_thresholds(const struct image *image);

/* Feature i < n_features: its name (UTF-8, not empty), and what training saw of it. */
const char *image_feature_name(const struct image *image, uint32_t i);
enum image_type image_feature_type(const struct image *image, uint32_t i);
bool image_feature_missing(const struct image *image, uint32_t i); /* a value may be missing */
double image_feature_min(const struct image *image, uint32_t i);   /* min > max: not known */
double image_feature_max(const struct image *image, uint32_t i);
double image_feature_importance(const struct image *image, uint32_t i); /* 0 or more */

/* The names of a feature's categories: the value of name k is k.  None is 0 names. */
uint32_t image_feature_n_values(const struct image *image, uint32_t i);
const char *image_feature_value(const struct image *image, uint32_t i, uint32_t k);

/* The number of a feature's category of that name (len bytes), or -1.  A binary search. */
int64_t image_feature_value_find(const struct image *image, uint32_t i, const char *name,
                                 size_t len);

/* The feature of that name (len bytes, no NUL needed), or -1.  A binary search. */
int image_feature_find(const struct image *image, const char *name, size_t len);

/* Class k < n_classes of the first target: its label (UTF-8, not empty). */
const char *image_class_label(const struct image *image, uint32_t k);

/* What a text model knows of words; NULL of another model. */
struct text_model;
const struct text_model *image_text(const struct image *image);

/* How training's rows were spread, where the image says so; else NULL. */
struct baseline;
const struct baseline *image_baseline(const struct image *image);

const struct image_facts *image_facts(const struct image *image);

/* The checksum in 64 hex digits: the image's identity. */
const char *image_sha256_hex(const struct image *image);

/* "classify" ...; "real", "integer", "boolean", "category"; "accuracy", "r2", "none". */
const char *image_task_name(enum spec_task task);
const char *image_type_name(enum image_type type);
const char *image_metric_name(enum image_metric metric);

#endif
