/*
 * layout.h: the bytes of an image, for those who write, prove and walk one (draft.c,
 * image.c, prove.c, walk.c) and no one else.
 *
 *     struct layout_header
 *     struct layout_section  x n_sections, in the order of the sections
 *     the sections, each at a multiple of LAYOUT_ALIGN, with zeros between them
 *
 * All is little-endian and naturally aligned, so the structs below lie in the mapping
 * as they are.  Places are counted from the file's start or in elements; there is no
 * address.  A section of a tag that a reader does not know is passed over, unless it
 * is flagged as needed; a node format, rule or output that it does not know is refused.
 * So another kind of tree gets another number here, not another version.
 */
#ifndef FOREST_LAYOUT_H
#define FOREST_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

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
    LAYOUT_VERSION = 1,
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

/* The sections of this version, in their order in the file. */
enum layout_part {
    LAYOUT_MODEL,    /* one struct layout_model */
    LAYOUT_FACTS,    /* one struct layout_facts */
    LAYOUT_FEATURES, /* struct layout_feature x n_features */
    LAYOUT_INDEX,    /* uint32_t x n_features: the features by name, byte order */
    LAYOUT_CLASSES,  /* struct layout_text x n_classes; absent for a regression */
    LAYOUT_TEXTS,    /* UTF-8, each text with a NUL behind it */
    LAYOUT_TREES,    /* struct layout_tree x n_trees */
    LAYOUT_NODES,    /* struct layout_node x n_slots */
    LAYOUT_LEAVES,   /* double x n_leaves x n_outputs */
    LAYOUT_COVERS,   /* double x n_slots: the weight of training rows at each node */
    LAYOUT_WORDS,    /* of a text model alone: the block of text_model.h */
    LAYOUT__MAX
};

/* The tag of each part. */
extern const uint32_t layout_tags[LAYOUT__MAX];

enum {
    LAYOUT_NODES_PAIRED = 1
}; /* node_format: struct layout_node */
enum {
    LAYOUT_RULE_F32_LE = 1
}; /* rule: left when (float)value <= threshold */
enum {
    LAYOUT_OUTPUT_MEAN = 1
}; /* output: the mean of the trees' leaves */

struct layout_model {
    uint32_t task; /* enum spec_task */
    uint32_t node_format;
    uint32_t rule;
    uint32_t output;
    uint32_t n_features;
    uint32_t n_classes;
    uint32_t n_outputs;
    uint32_t n_trees;
    uint64_t n_slots;
    uint32_t n_leaves;
    uint32_t depth;
    uint32_t feature_bits; /* of a link, see struct layout_node */
    uint32_t reserved;
};

struct layout_text {
    uint32_t offset; /* in the texts */
    uint32_t length; /* without the NUL */
};

struct layout_feature {
    struct layout_text name;
    uint32_t type; /* enum image_type */
    uint32_t reserved;
    double min, max, importance;
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

/* A tree's slots: from begin to the begin of the next tree (or n_slots). */
struct layout_tree {
    uint64_t begin;
};

/*
 * The slots of a tree are numbered from 0.  Slot 0 is empty (zeros), slot 1 the root;
 * the children of a split are slots 2p and 2p + 1, p being its pair, 1 or more.  So a
 * tree with n leaves has 2n slots, begins on 16 bytes, and both children of a split are
 * in one cache line.
 *
 *     split   link = pair << feature_bits | feature, threshold
 *     leaf    link = 0, leaf: the row of its outputs in the leaves
 *
 * Many leaves may have one row of outputs: most leaves of a deep forest are pure.
 */
struct layout_node {
    union {
        float threshold;
        uint32_t leaf;
    };
    uint32_t link;
};

_Static_assert(sizeof(struct layout_header) == 64, "the header has no padding");
_Static_assert(sizeof(struct layout_section) == 24, "a section has no padding");
_Static_assert(sizeof(struct layout_model) == 56, "the model has no padding");
_Static_assert(sizeof(struct layout_feature) == 40, "a feature has no padding");
_Static_assert(sizeof(struct layout_facts) == 104, "the facts have no padding");
_Static_assert(sizeof(struct layout_node) == 8, "a node has no padding");

/* An open image: where its parts are, once proved. */
struct image {
    const uint8_t *bytes;
    size_t len;
    const uint8_t *parts[LAYOUT__MAX]; /* NULL if absent */
    uint64_t lengths[LAYOUT__MAX];
    const struct layout_model *model;
    const struct layout_feature *features;
    const uint32_t *index;
    const struct layout_text *classes;
    const char *texts;
    const struct layout_tree *trees;
    const struct layout_node *nodes;
    const double *leaves;
    const double *covers;
    struct text_model words; /* head is NULL where there are none */
    struct image_facts facts;
    char hex[DIGEST_HEX];
    struct spec spec;
    void *mapping; /* to be unmapped, or NULL */
};

/* One past the last slot of tree t. */
static inline uint64_t layout_tree_end(const struct image *image, uint32_t t)
{
    return t + 1 < image->model->n_trees ? image->trees[t + 1].begin : image->model->n_slots;
}

/*
 * Finds the parts of image->bytes and proves all that walk.c and image.c rely on.
 * RESULT_OK: every member but mapping is filled.
 */
enum result prove_image(struct image *image, const char *name, struct reason *why);

#endif
