/*
 * import_onnx.h: what the files of the ONNX importer share, and no one else uses.
 *
 *     import_onnx.c             the graph round the forest
 *     import_onnx_wire.c        from bytes to a graph
 *     import_onnx_attributes.c  what the forest's node says
 *     import_onnx_older.c       its operators of ai.onnx.ml 1 to 4
 *     import_onnx_newer.c       that of 5
 *     import_onnx_output.c      what becomes of the sums, and names
 *     import_onnx_trees.c       from a forest to the trees of a draft
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

/* The import under way; the forest is filled in by the operator's reader. */
struct onnx {
    struct import_bytes bytes;
    struct draft *draft;
    struct onnx_graph graph;
    struct onnx_forest forest;
    const struct onnx_node *trees; /* or NULL before it is found */
    enum onnx_type given, type;    /* of the input, and as it comes to the trees */
    int64_t columns;
    bool argmax; /* an ArgMax looks at the scores */
};

/*
 * Writes the reason, which names the operator, or the graph before there is one.  Here,
 * so that compilers see that the result is none but that.
 */
static inline enum result onnx_refuse(const struct onnx *in, enum result result,
                                      const char *what)
{
    return import_bytes_refuse(&in->bytes, result, "%s: %s",
                               in->trees == NULL ? "the graph" : in->trees->op.text, what);
}

/* RESULT_MALFORMED, and the reason with the number of a tree's node. */
static inline enum result onnx_node_refuse(const struct onnx *in, uint64_t node,
                                           const char *what)
{
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "%s, node %llu: %s",
                               in->trees->op.text, (unsigned long long)node, what);
}

/* The attribute of the trees' node, or NULL. */
const struct onnx_attribute *onnx_find(const struct onnx *in, const char *name);

/* A text attribute; absent it is `other`. */
const char *onnx_text_find(const struct onnx *in, const char *name, const char *other);

/* The attribute, which has to have n whole numbers: else RESULT_MALFORMED. */
enum result onnx_ints_need(const struct onnx *in, const char *name, uint64_t n,
                           const int64_t **out);

/*
 * Numbers: `name`, or NAME_as_tensor, or NULL.  Where values are compared as float64 both
 * floats and doubles are taken; where as float32, doubles are RESULT_INVALID.
 */
enum result onnx_numbers_find(const struct onnx *in, const char *name,
                              const struct onnx_attribute **out);

/* The same where n have to be there: else RESULT_MALFORMED. */
enum result onnx_numbers_need(const struct onnx *in, const char *name, uint64_t n,
                              const double **out);

/* Whether a split's value and feature, as the file has it, can be; i is the node's number. */
enum result onnx_split_check(const struct onnx *in, uint64_t i, const struct onnx_split *split,
                             int64_t feature);

/*
 * One for each operator: reads the forest, and makes the draft.  The rows' type, compare
 * and sum are set before.
 */
enum result onnx_classifier_read(struct onnx *in);
enum result onnx_regressor_read(struct onnx *in);
enum result onnx_ensemble_read(struct onnx *in);

enum {
    ONNX_FOLDS = 4
};

/* aggregate_function: the older operators have the text, the newer one the place. */
extern const struct onnx_fold {
    const char *name;
    enum spec_fold fold;
} onnx_folds[ONNX_FOLDS];

/* n_targets as the number of outputs. */
enum result onnx_targets_read(struct onnx *in);

/*
 * The draft of a forest that is read, of n classes or of as many values as there are
 * outputs: transform, label, base, names and trees.  RESULT_INVALID: a post_transform, or
 * weights, whose answers would not be the same everywhere.
 */
enum result onnx_classes_finish(struct onnx *in, uint32_t n, const char *post);
enum result onnx_values_finish(struct onnx *in, const char *post);

#endif
