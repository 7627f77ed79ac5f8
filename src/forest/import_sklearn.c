/*
 * import_sklearn.c: what model/export_sklearn.py writes, as a draft.
 *
 * The format is told at the head of that script.  The script has done what depends on
 * scikit-learn and its versions; here the file is only taken apart.  draft_check() looks
 * at the trees that come out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forest/import_sklearn.h"

enum {
    VERSION = 1,
    HEAD_MAX = 1 << 28, /* bytes: 65536 features, each with hundreds of categories */
    PIECE = 256,        /* nodes that are read at a time */
};

static const uint8_t magic[8] = {0x89, 'F', 'G', 'S', '\r', '\n', 0x1a, '\n'};

/* A node as it lies in the file. */
struct file_node {
    double threshold, cover;
    uint32_t feature, left, right, leaf, set, nan_left;
};
_Static_assert(sizeof(struct file_node) == 40, "a node has no padding");

static enum result read_head(struct sklearn *in, uint64_t *n_trees)
{
    struct {
        uint8_t magic[8];
        uint32_t version, length;
    } begin;
    enum result result = import_bytes_take(&in->bytes, &begin, sizeof(begin));
    void *text = NULL;

    if (result != RESULT_OK)
        return result;
    if (memcmp(begin.magic, magic, sizeof(magic)) != 0)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                   "not a file of export_sklearn.py");
    if (begin.version != VERSION)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "version %u of the format; this program reads version %d",
                                   (unsigned)begin.version, VERSION);
    if (begin.length > HEAD_MAX)
        return import_bytes_refuse(&in->bytes, RESULT_TOO_BIG, "a head of %u bytes",
                                   (unsigned)begin.length);
    result = import_bytes_array(&in->bytes, 1, begin.length, &text);
    if (result == RESULT_OK) {
        json_reader_start(&in->json, text, begin.length);
        result = sklearn_head_read(in, n_trees);
    }
    free(text);
    return result;
}

/* Trees ---------------------------------------------------------------------------- */

/* Makes room for n more nodes. */
static enum result grow_nodes(struct sklearn *in, struct draft_tree *tree, uint32_t n,
                              uint32_t *room)
{
    struct draft_node *grown;

    if (tree->nodes != NULL && tree->n_nodes + n <= *room)
        return RESULT_OK;
    *room = *room == 0 ? n : *room * 2;
    grown = realloc(tree->nodes, ((size_t)*room + 1) * sizeof(*grown));
    if (grown == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for nodes");
    tree->nodes = grown;
    return RESULT_OK;
}

/* The nodes of a tree: in pieces, so that memory is asked for as they come. */
static enum result read_nodes(struct sklearn *in, struct draft_tree *tree, uint32_t n)
{
    struct file_node piece[PIECE];
    enum result result = RESULT_OK;
    uint32_t i, take, room = 0;

    while (tree->n_nodes < n && result == RESULT_OK) {
        take = n - tree->n_nodes;
        if (take > PIECE)
            take = PIECE;
        result = import_bytes_take(&in->bytes, piece, take * sizeof(*piece));
        if (result == RESULT_OK)
            result = grow_nodes(in, tree, take, &room);
        if (result != RESULT_OK)
            break;
        for (i = 0; i < take; i++, tree->n_nodes++)
            tree->nodes[tree->n_nodes] =
                (struct draft_node){.threshold = piece[i].threshold,
                                    .cover = piece[i].cover,
                                    .column = piece[i].feature,
                                    .left = piece[i].left,
                                    .right = piece[i].right,
                                    .leaf = piece[i].leaf,
                                    .id = tree->n_nodes,
                                    .set = piece[i].set,
                                    .nan_left = piece[i].nan_left != 0};
    }
    return result;
}

static enum result read_sets(struct sklearn *in, struct draft_tree *tree, uint32_t n)
{
    enum result result = RESULT_OK;
    void *list = NULL, *words;

    while (tree->n_sets < n && result == RESULT_OK) {
        struct draft_set set = {0};

        result = import_bytes_take(&in->bytes, &set.n_words, sizeof(set.n_words));
        if (result == RESULT_OK && set.n_words > SKLEARN_VALUES_MAX / 32)
            result = import_bytes_refuse(&in->bytes, RESULT_TOO_BIG, "a set of %u words",
                                         (unsigned)set.n_words);
        if (result == RESULT_OK)
            result = sklearn_grow(in, &list, sizeof(*tree->sets), &tree->n_sets, n);
        tree->sets = list;
        if (result == RESULT_OK) {
            result = import_bytes_array(&in->bytes, sizeof(uint32_t), set.n_words, &words);
            set.words = words;
            tree->sets[tree->n_sets - 1] = set;
        }
    }
    return result;
}

static enum result read_tree(struct sklearn *in, uint32_t t, struct draft_tree *tree)
{
    struct {
        uint32_t n_nodes, n_leaves, n_sets, width, output;
    } begin;
    enum result result;
    void *leaves;

    import_bytes_place(&in->bytes, "tree %u", (unsigned)t);
    result = import_bytes_take(&in->bytes, &begin, sizeof(begin));
    if (result != RESULT_OK)
        return result;
    if (begin.n_nodes == 0 || begin.n_nodes > IMPORT_MAX_NODES ||
        begin.n_leaves > begin.n_nodes || begin.n_sets > begin.n_nodes || begin.width == 0 ||
        begin.width > IMAGE_MAX_CLASSES)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                   "%u nodes, %u leaves of %u numbers, %u sets",
                                   (unsigned)begin.n_nodes, (unsigned)begin.n_leaves,
                                   (unsigned)begin.width, (unsigned)begin.n_sets);
    tree->width = begin.width;
    tree->output = begin.output;
    result = read_nodes(in, tree, begin.n_nodes);
    if (result != RESULT_OK)
        return result;
    result = import_bytes_array(&in->bytes, sizeof(double),
                                (uint64_t)begin.n_leaves * begin.width, &leaves);
    tree->leaves = leaves;
    tree->n_leaves = begin.n_leaves;
    return result == RESULT_OK ? read_sets(in, tree, begin.n_sets) : result;
}

static enum result read_trees(struct sklearn *in, uint32_t n)
{
    enum result result = RESULT_OK;
    void *list = NULL;

    while (in->draft->n_trees < n && result == RESULT_OK) {
        result = sklearn_grow(in, &list, sizeof(*in->draft->trees), &in->draft->n_trees, n);
        in->draft->trees = list;
        if (result == RESULT_OK)
            result = read_tree(in, in->draft->n_trees - 1,
                               &in->draft->trees[in->draft->n_trees - 1]);
    }
    import_bytes_place(&in->bytes, "%s", "");
    return result;
}

/* The checksum of all before it, and nothing after it. */
static enum result read_end(struct sklearn *in)
{
    uint8_t sum[DIGEST_BYTES], told[DIGEST_BYTES];
    enum result result = digest_finish(in->bytes.digest, sum);

    digest_close(in->bytes.digest);
    in->bytes.digest = NULL;
    if (result != RESULT_OK)
        return import_bytes_refuse(&in->bytes, result, "the checksum could not be made");
    result = import_bytes_take(&in->bytes, told, sizeof(told));
    if (result == RESULT_OK && memcmp(sum, told, sizeof(sum)) != 0)
        result = import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                     "the checksum is another: the file is damaged");
    return result == RESULT_OK ? import_bytes_end(&in->bytes) : result;
}

enum result import_sklearn(FILE *file, const char *name, const struct import_options *options,
                           struct draft *draft, struct reason *why)
{
    struct sklearn in = {.bytes = {.file = file, .name = name, .why = why},
                         .draft = draft,
                         .found = options->found};
    enum result result;
    uint64_t n_trees = 0;

    draft->facts.source = "scikit-learn";
    draft->spec.sum = SPEC_SUM_F64;
    draft->spec.category = SPEC_CATEGORY_SIGN;
    in.bytes.digest = digest_open();
    if (in.bytes.digest == NULL)
        result = import_bytes_refuse(&in.bytes, RESULT_NOMEM, "no memory for its checksum");
    else
        result = read_head(&in, &n_trees);
    if (result == RESULT_OK)
        result = draft_columns_make(draft);
    if (result == RESULT_OK)
        result = read_trees(&in, (uint32_t)n_trees);
    if (result == RESULT_OK)
        result = read_end(&in);
    digest_close(in.bytes.digest);
    json_reader_free(&in.json);
    return result;
}
