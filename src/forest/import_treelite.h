/*
 * import_treelite.h: what the files of the Treelite importer share, and no one else uses.
 *
 *     import_treelite.c        the head of a checkpoint, and the forest
 *     import_treelite_bytes.c  its arrays, and what is passed over
 *     import_treelite_tree.c   one tree
 */
#ifndef FOREST_IMPORT_TREELITE_H
#define FOREST_IMPORT_TREELITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forest/draft.h"
#include "forest/import.h"
#include "forest/import_bytes.h"

enum {
    TL_NAME_MAX = 256 /* bytes of the name of a postprocessor, or of a field */
};

enum tl_task {
    TL_BINARY = 0,
    TL_REGRESSOR = 1,
    TL_MULTI = 2,
    TL_RANKING = 3,
    TL_ISOLATION = 4,
    TL_TASK__MAX
};

/* An array of the file: its length, and its items. */
struct tl_array {
    void *items;
    uint64_t n;
};

/* The import under way. */
struct treelite {
    struct import_bytes bytes;
    struct draft *draft;
    struct import_found *found; /* or NULL */
    bool f32;
    enum tl_task task;
    uint64_t n_trees, n_words; /* words: of all sets so far */
    int32_t n_features, n_targets, most_classes;
    uint32_t average; /* trees that each output has, or 0 where they are not averaged */
    struct tl_array n_classes, shape, target_ids, class_ids, base;
};

static inline enum result tl_take(struct treelite *in, void *to, size_t size)
{
    return import_bytes_take(&in->bytes, to, size);
}

/* RESULT_MALFORMED, for a number that cannot be. */
static inline enum result tl_malformed(const struct treelite *in, const char *what,
                                       long long value)
{
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "%s is %lld", what, value);
}

static inline int32_t tl_int_at(const struct tl_array *array, uint64_t i)
{
    return ((const int32_t *)array->items)[i];
}

/* Whether a tree gives a number to that output. */
static inline bool tl_tree_has(const struct treelite *in, uint64_t tree, int32_t target,
                               int32_t class)
{
    int32_t t = tl_int_at(&in->target_ids, tree), c = tl_int_at(&in->class_ids, tree);

    return (t == -1 || t == target) && (c == -1 || c == class);
}

/*
 * A length, and that many items of size bytes, which the caller frees also after a
 * failure.  RESULT_TOO_BIG: more than max.
 */
enum result tl_array_take(struct treelite *in, size_t size, uint64_t max,
                          struct tl_array *array);

/* Passes over a text; RESULT_TOO_BIG if it has more than max bytes. */
enum result tl_text_skip(struct treelite *in, uint64_t max);

/* Passes over what later versions may add, told by name and size. */
enum result tl_fields_skip(struct treelite *in);

/* Reads tree t, which is the next in the file; *tree is empty, and the draft's. */
enum result tl_tree_read(struct treelite *in, uint32_t t, struct draft_tree *tree);

#endif
