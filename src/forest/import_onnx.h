/*
 * import_onnx.h: an ONNX file in memory, for those who make a draft of it
 * (import_onnx.c, import_onnx_wire.c, import_onnx_trees.c) and no one else.
 */
#ifndef FOREST_IMPORT_ONNX_H
#define FOREST_IMPORT_ONNX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "forest/draft.h"
#include "forest/import_bytes.h"

enum {
    ONNX_NAME_MAX = 128, /* bytes of a name; a longer one is cut */
    ONNX_NODES_MAX = 64,
    ONNX_ATTRIBUTES_MAX = 64, /* of a node */
    ONNX_PORTS_MAX = 8,       /* inputs, and outputs, of a node or of the graph */
    ONNX_NUMBER_BYTES = 8,    /* of a number in memory, whole or not */
};

/* TensorProto.DataType */
enum onnx_type {
    ONNX_NO_TYPE = 0,
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_STRING = 8,
    ONNX_DOUBLE = 11,
};

struct onnx_name {
    char text[ONNX_NAME_MAX];
};

/* Numbers of one kind, ONNX_NUMBER_BYTES each. */
struct onnx_list {
    void *items;
    uint64_t n, room;
};

/*
 * What an attribute holds, whichever of it is there.  Numbers of tensors and of `floats`
 * are in `numbers`, and type says which they were; of tensors of whole numbers in `ints`.
 */
struct onnx_attribute {
    struct onnx_name name;
    int64_t i;
    bool has_i;
    enum onnx_type type;
    struct onnx_list ints, numbers; /* of int64_t, and of double */
    struct buf strings;             /* n_strings, each with a NUL behind it */
    uint64_t n_strings;
};

struct onnx_node {
    struct onnx_name op, domain, inputs[ONNX_PORTS_MAX], outputs[ONNX_PORTS_MAX];
    uint32_t n_inputs, n_outputs, n_attributes;
    struct onnx_attribute *attributes;
};

struct onnx_input {
    struct onnx_name name;
    enum onnx_type type;
    int64_t columns; /* of the second dimension, or 0 if it is not told */
};

struct onnx_graph {
    struct onnx_node *nodes;
    uint32_t n_nodes, n_inputs;
    struct onnx_input inputs[ONNX_PORTS_MAX];
};

/* Reads all of a ModelProto.  *graph is empty before, and to be freed also after a failure. */
enum result onnx_graph_read(struct import_bytes *in, struct onnx_graph *graph);
void onnx_graph_free(struct onnx_graph *graph);

/* The attribute of that name, or NULL. */
const struct onnx_attribute *onnx_attribute_find(const struct onnx_node *node,
                                                 const char *name);

/* How a node of a tree compares. */
enum onnx_mode {
    ONNX_LEQ = 0,
    ONNX_LT = 1,
    ONNX_GTE = 2,
    ONNX_GT = 3,
    ONNX_EQ = 4,
    ONNX_NEQ = 5,
    ONNX_MEMBER = 6,
    ONNX_LEAF = 7
};

/* A split or a leaf of a forest, in whichever way the file had it. */
struct onnx_split {
    double value;
    uint32_t feature;
    uint32_t yes, no;           /* splits and leaves by number; the test is true or not */
    uint32_t member, n_members; /* ONNX_MEMBER: where its values begin */
    uint32_t id;                /* of a leaf: what the file calls it */
    uint32_t weight, n_weights; /* of a leaf: where its weights begin */
    uint8_t mode;               /* enum onnx_mode */
    bool nan_true;              /* a missing value passes the test */
};

struct onnx_weight {
    uint32_t split, output;
    double value;
};

struct onnx_forest {
    struct onnx_split *splits;
    struct onnx_weight *weights; /* in the order of their leaves */
    double *members;
    uint32_t *roots;
    uint32_t n_splits, n_weights, n_members, n_roots;
    bool f32;
    bool scored[IMAGE_MAX_CLASSES]; /* outputs that a tree has a number for in every leaf */
};

void onnx_forest_free(struct onnx_forest *forest);

/* Makes draft->trees of the forest, and says what is scored; spec and columns are set. */
enum result onnx_trees_make(struct import_bytes *bytes, struct onnx_forest *forest,
                            struct draft *draft);

#endif
