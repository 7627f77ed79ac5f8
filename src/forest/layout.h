/*
 * layout.h: the bytes of an image, for those who write, prove, walk and read
 * one inside of forest/, and no one else.
 *
 *     struct layout_header
 *     struct layout_section  x n_sections, in the order of the sections
 *     the sections, each at a multiple of LAYOUT_ALIGN, with zeros between them
 *
 * All is little-endian and naturally aligned, so the structs below lie in the mapping
 * as they are.  Places are counted from the file's start or in elements; there is no
 * address.  A section of a tag that a reader does not know is passed over, unless it
 * is flagged as needed; a number of spec.h that it does not know is refused.
 */
#ifndef FOREST_LAYOUT_H
#define FOREST_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forest/baseline.h"
#include "forest/digest.h"
#include "forest/image.h"
#include "forest/text_model.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "images are mapped as they are, which needs a little-endian machine"
#endif

/* As PNG's signature: not text, and damaged by whatever changes line ends or bit 7. */
#define LAYOUT_MAGIC \
    "\x89"           \
    "FGM\r\n\x1a\n"

enum {
    LAYOUT_VERSION = 2,
    LAYOUT_ALIGN = 64,
    LAYOUT_MAX_SECTIONS = 64,
};

struct layout_header {
    uint8_t magic[8];
    uint8_t sha256[DIGEST_BYTES]; /* of all bytes after this field */
    uint32_t version;
    uint32_t n_sections;
    uint64_t size; /* of the file */
    uint64_t reserved;
};

enum {
    LAYOUT_SUMMED_FROM = 8 + DIGEST_BYTES
};

enum {
    LAYOUT_NEEDED = 1
}; /* flag: who does not know this section cannot read the image */

struct layout_section {
    uint32_t tag;
    uint32_t flags;
    uint64_t offset;
    uint64_t length;
};

#define LAYOUT_TAG(a, b, c, d) \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/*
 * The sections of this version, in their order in the file.  One without bytes is left out,
 * but for those marked + , which are always there.
 */
enum layout_part {
    LAYOUT_MODEL,    /* + one struct layout_model */
    LAYOUT_FACTS,    /* + one struct layout_facts */
    LAYOUT_FEATURES, /* + struct layout_feature x n_features */
    LAYOUT_INDEX,    /* + uint32_t x n_features: the features by name, byte order */
    LAYOUT_COLUMNS,  /* + struct layout_column x n_columns */
    LAYOUT_TARGETS,  /* + struct layout_target x n_targets */
    LAYOUT_LABELS,   /* struct layout_text x n_labels: of targets' classes, of categories */
    LAYOUT_TEXTS,    /* + UTF-8, each text with a NUL behind it */
    LAYOUT_TEXT,     /* what a text model knows of words: text_model.h */
    LAYOUT_BASE,     /* + double x n_outputs */
    LAYOUT_CUTS,     /* double x classes of the first target: their thresholds */
    LAYOUT_TREES,    /* + struct layout_tree x n_trees */
    LAYOUT_TILES,    /* + struct layout_tile x n_tiles */
    LAYOUT_EXACT,    /* double x n_splits: their thresholds; with SPEC_COMPARE_F64 */
    LAYOUT_SETS,     /* struct layout_set x n_sets */
    LAYOUT_WORDS,    /* uint32_t x n_words: the sets' bits */
    LAYOUT_LEAVES,   /* + float or double x n_leaves, or uint32_t: see enum layout_leaf */
    LAYOUT_ROWS,     /* double x n_rows: the numbers that LAYOUT_LEAVES_ROWS points at */
    LAYOUT_LINES,    /* struct layout_line x n_leaves */
    LAYOUT_TERMS,    /* struct layout_term x n_terms */
    LAYOUT_IDS,      /* + uint32_t x n_leaves: what the model's library calls them */
    LAYOUT_COVERS,   /* float or double x (n_splits + n_leaves), splits first */
    LAYOUT_BASELINE, /* baseline.h; not needed, for it answers nothing */
    LAYOUT__MAX
};

/* The tag of each part. */
extern const uint32_t layout_tags[LAYOUT__MAX];

/* What a leaf's element in LAYOUT_LEAVES is. */
enum layout_leaf {
    LAYOUT_LEAVES_F32 = 1,  /* its number; with SPEC_SUM_F32 */
    LAYOUT_LEAVES_F64 = 2,  /* its number */
    LAYOUT_LEAVES_ROWS = 3, /* uint32_t: where in the rows its numbers begin */
    LAYOUT_LEAVES__MAX
};

enum layout_cover {
    LAYOUT_COVERS_NONE = 0,
    LAYOUT_COVERS_F32 = 1,
    LAYOUT_COVERS_F64 = 2,
    LAYOUT_COVERS__MAX
};

struct layout_model {
    uint32_t task, compare, sum, fold, transform, label, category; /* as in spec.h */
    uint32_t n_outputs;
    double divisor, parameter, cut;
    uint32_t n_features, n_columns, n_targets, n_labels, n_trees;
    uint32_t n_tiles, n_splits, n_leaves;
    uint32_t n_sets;
    uint32_t depth; /* most splits on a way to a leaf */
    uint32_t leaf_format, cover_format;
    uint64_t n_words, n_rows, n_terms;
};

struct layout_text {
    uint32_t offset; /* in the texts */
    uint32_t length; /* without the NUL */
};

struct layout_feature {
    struct layout_text name;
    uint32_t type;     /* enum image_type */
    uint32_t missing;  /* 1: a value may be missing */
    uint32_t values;   /* the first of the names of its categories, in the labels */
    uint32_t n_values; /* 0 if they have none */
    double min, max;   /* min > max where they are not known */
    double importance;
};

struct layout_column {
    uint32_t feature;
    uint32_t mend; /* enum draft_mend */
};

struct layout_target {
    struct layout_text name; /* of length 0 where there is none */
    uint32_t labels;         /* the first of its classes */
    uint32_t n_classes;
};

struct layout_facts {
    int64_t date;
    uint64_t rows, seed, oob_rows;
    double oob_score;
    uint32_t trees, max_features, max_depth, min_samples_leaf;
    uint32_t metric; /* enum image_metric */
    uint32_t has_data_sha256;
    uint8_t data_sha256[DIGEST_BYTES];
    struct layout_text source;
};

/*
 * A tree is cut into tiles: a tile is the top LAYOUT_LEVELS levels of what is below its
 * first split.  Tile t is the first of tree t; the others of a tree are those from
 * tiles on up to where the next tree's begin, each behind the one that leads to it.
 */
struct layout_tree {
    uint32_t tiles;
    uint32_t output; /* the one that a number is added to */
    uint32_t width;  /* numbers of a leaf: 1, or n_outputs, which are added to all */
    uint32_t depth;
};

enum {
    LAYOUT_LEVELS = 4,
    LAYOUT_SPLITS = 15, /* places of a tile: the children of place p are 2p + 1 and 2p + 2 */
    LAYOUT_EXITS = 16,  /* ways out: exit e is place LAYOUT_SPLITS + e */
    LAYOUT_NEXT_TILE = 0x80,
    LAYOUT_RANK = 0x0f,
};

#define LAYOUT_TILE UINT32_C(0x80000000)

/*
 * Two cache lines.  A place without a split (a leaf stands above it, or the tile was cut
 * short) has NaN for a threshold, so that every value goes right there, and all exits
 * below it lead to the same.
 *
 * next[e] is LAYOUT_NEXT_TILE + the rank of the tile that exit e leads to, among those
 * of this tile, or the rank of the leaf.  So with n = next[e],
 *
 *     base[n >> 7] + n
 *
 * is the leaf's number, or LAYOUT_TILE + the tile's: base[0] is the first leaf, base[1]
 * is LAYOUT_TILE + the first tile - LAYOUT_NEXT_TILE.
 *
 * With SPEC_COMPARE_F64 the thresholds are rounded down to float32, and the exact ones
 * are in the section of that name; a row is rounded down too, so only equal ones leave a
 * doubt (see walk.c).  The splits of a tile have consecutive numbers, by place.
 */
struct layout_tile {
    float threshold[LAYOUT_EXITS]; /* the last is NaN; of a split by a set its number */
    uint16_t column[LAYOUT_SPLITS];
    uint16_t present; /* bit p: there is a split at place p */
    uint8_t next[LAYOUT_EXITS];
    uint32_t base[2];
    uint16_t nan_left; /* bit p: NaN goes left there */
    uint16_t by_set;   /* bit p: by a set of categories */
    uint32_t splits;   /* the number of the first */
};

struct layout_set {
    uint64_t words; /* the first */
    uint32_t n_words;
    uint32_t reserved;
};

/* A leaf that is a linear function (see draft.h), or none. */
struct layout_line {
    double constant;
    uint64_t terms; /* the first */
    uint32_t n_terms;
    uint32_t there; /* 0: the leaf is a number */
};

struct layout_term {
    double weight;
    uint32_t feature;
    uint32_t reserved;
};

_Static_assert(sizeof(struct layout_header) == 64, "the header has no padding");
_Static_assert(sizeof(struct layout_section) == 24, "a section has no padding");
_Static_assert(sizeof(struct layout_model) == 128, "the model has no padding");
_Static_assert(sizeof(struct layout_feature) == 48, "a feature has no padding");
_Static_assert(sizeof(struct layout_facts) == 104, "the facts have no padding");
_Static_assert(sizeof(struct layout_tile) == 128, "a tile is two cache lines");
_Static_assert(sizeof(struct layout_line) == 24, "a line has no padding");
_Static_assert(sizeof(struct layout_term) == 16, "a term has no padding");

/* An open image: where its parts are, once proved. */
struct image {
    const uint8_t *bytes;
    size_t len;
    const uint8_t *parts[LAYOUT__MAX]; /* NULL if absent */
    uint64_t lengths[LAYOUT__MAX];
    const struct layout_model *model;
    const struct layout_feature *features;
    const uint32_t *index;
    const struct layout_column *columns;
    const struct layout_target *targets;
    const struct layout_text *labels;
    const char *texts;
    struct text_model text;   /* of nothing where text.head is NULL */
    struct baseline baseline; /* of nothing where baseline.head is NULL */
    const double *base;
    const double *cuts; /* or NULL */
    const struct layout_tree *trees;
    const struct layout_tile *tiles;
    const double *exact;
    const struct layout_set *sets;
    const uint32_t *words;
    const void *leaves;
    const double *rows;
    const struct layout_line *lines; /* or NULL */
    const struct layout_term *terms;
    const uint32_t *ids;
    const void *covers;
    bool mends;   /* some column is not its feature as it is */
    bool by_sets; /* some split is by a set */
    struct spec spec;
    struct image_facts facts;
    char hex[DIGEST_HEX];
    uint32_t *ranked; /* each feature's values by name, byte order; NULL if none has any */
    void *mapping;    /* to be unmapped, or NULL */
};

/* One past the last tile of tree t; its first is tile t, the others from trees[t].tiles on. */
static inline uint32_t layout_tiles_end(const struct image *image, uint32_t t)
{
    return t + 1 < image->model->n_trees ? image->trees[t + 1].tiles : image->model->n_tiles;
}

/* How long each part has to be, by the model's counts; those of LAYOUT_TEXTS,
 * LAYOUT_TEXT and LAYOUT_BASELINE are not known. */
void layout_lengths(const struct layout_model *model, uint32_t n_cuts, bool lines,
                    uint64_t lengths[LAYOUT__MAX]);

/*
 * What prove.c proves: that the file is whole, and all but what is in the trees' sections.
 * RESULT_OK: every member but mapping is filled.  With `expected` (64 hex digits) the
 * checksum is compared with that, and of a large image not computed, so that no page of the
 * trees is read.
 */
enum result prove_image(struct image *image, const char *expected, const char *name,
                        struct reason *why);

/* And that: prove_trees.c.  After it the walk cannot leave the file. */
enum result prove_trees(const struct image *image, const char *name, struct reason *why);

#endif
