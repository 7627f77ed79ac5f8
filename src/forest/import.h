/*
 * import.h: other libraries' models as drafts.
 *
 * An importer translates exactly or refuses: what a format can hold and a draft cannot
 * is refused by its name.  It reads the file as a stream, keeps nothing of it but the
 * draft, and trusts nothing in it: counts are bounded before memory is asked for, an
 * index is looked at before it is used, and a message names the place (a path of
 * members, a line, an offset of bytes).
 */
#ifndef FOREST_IMPORT_H
#define FOREST_IMPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/result.h"
#include "forest/draft.h"

/* Bounds that every importer keeps beside those of image.h. */
enum {
    IMPORT_MAX_NODES = 1 << 30, /* of one tree; of all trees UINT32_MAX */
    IMPORT_MAX_TEXT = 1 << 20,  /* bytes of one text in a file */
};

struct import_options {
    char **features; /* n_features names that replace the file's, or NULL */
    uint32_t n_features;
    char **classes; /* n_classes labels that replace the file's, or NULL */
    uint32_t n_classes;
    bool best_iteration; /* only the trees up to the best iteration that the file tells */
};

/*
 * Fills *draft, which is empty before and to be freed with draft_free() also after a
 * failure.  RESULT_MALFORMED: the file is not what its format says; RESULT_INVALID: it
 * holds something that a draft cannot; RESULT_TOO_BIG, RESULT_IO, RESULT_NOMEM.  The
 * reason begins with the name and tells the place.
 */
typedef enum result import_read(FILE *file, const char *name,
                                const struct import_options *options, struct draft *draft,
                                struct reason *why);

import_read import_xgboost;  /* JSON and UBJSON, by the first bytes */
import_read import_lightgbm; /* text */
import_read import_treelite; /* checkpoints of version 4 */
import_read import_sklearn;  /* what model/export_sklearn.py writes */
import_read import_onnx;

#endif
