/*
 * import_sklearn.h: what the files of the scikit-learn importer share, and no one else uses.
 *
 *     import_sklearn.c       the file: its frame, trees, checksum
 *     import_sklearn_head.c  the JSON that it begins with
 */
#ifndef FOREST_IMPORT_SKLEARN_H
#define FOREST_IMPORT_SKLEARN_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "forest/import.h"
#include "forest/import_bytes.h"

enum {
    SKLEARN_VALUES_MAX = 65536 /* categories of a feature */
};

/* The import under way. */
struct sklearn {
    struct import_bytes bytes;
    struct draft *draft;
    struct json_reader json;
    struct import_found *found; /* or NULL */
};

/* All of the head, whose reader was started; n_trees is how many it says there are. */
enum result sklearn_head_read(struct sklearn *in, uint64_t *n_trees);

/*
 * Room for one more item of a list whose count is *n: doubled when it is a power of two.
 * The new item is zeros, and counted.  RESULT_TOO_BIG for more than max.
 */
enum result sklearn_grow(struct sklearn *in, void **list, size_t size, uint32_t *n,
                         uint32_t max);

#endif
