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

/* What a file tells of itself beside the forest, for people; "" where it tells nothing. */
struct import_found {
    char format[48];    /* "XGBoost JSON" */
    char version[32];   /* of the library or format that wrote it: "1.7.4" */
    char objective[64]; /* as the library calls it: "binary:logistic" */
    char note[256];     /* what whoever imports it ought to know */
};

struct import_options {
    char **features; /* n_features names that replace the file's, or NULL */
    uint32_t n_features;
    char **classes; /* n_classes labels that replace the file's, or NULL */
    uint32_t n_classes;
    bool best_iteration; /* only the trees up to the best iteration that the file tells */
    struct import_found *found; /* to be filled in, or NULL */
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

/* One row for each format. */
struct import_format {
    const char *name;  /* as --from has it */
    const char *title; /* for people */
    import_read *read; /* NULL: this program does not read it yet */
    /* Whether a file that begins with these bytes is of the format. */
    bool (*detect)(const unsigned char *head, size_t len);
};

/* The formats; ends with a NULL name. */
extern const struct import_format import_formats[];

/*
 * Reads a file of the format that `from` names, or that its first bytes tell if from is
 * NULL or "auto"; *format is set to it.  The names of the options are put in, and the draft
 * is checked (draft_check).  RESULT_MISSING, RESULT_DENIED: the file cannot be opened;
 * RESULT_INVALID: no format that is read (the reason says what to do instead), or names
 * that are too many or too few; else as import_read.
 */
enum result import_file(const char *path, const char *from,
                        const struct import_options *options,
                        const struct import_format **format, struct draft *draft,
                        struct reason *why);

/* A name made of a number, "f0" or "0", that the caller frees; NULL if there is no memory. */
char *import_number_name(const char *before, int64_t number);

/*
 * Gives feature i a name of its own where the file has none: "f0", as XGBoost does.
 * RESULT_NOMEM.
 */
enum result import_name_feature(struct draft *draft, uint32_t i);

#endif
