/*
 * models.h: the rows of published models and their versions.
 */
#ifndef STORE_MODELS_H
#define STORE_MODELS_H

#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

enum {
    MODEL_NAME_MAX = 64,
    MODEL_SHA256_HEX = 64
};

/* A model at the version that is served. */
struct model_row {
    char name[MODEL_NAME_MAX + 1];
    int64_t version;
    char sha256[MODEL_SHA256_HEX + 1]; /* of the image, in hexadecimal */
    int64_t published_at;              /* seconds since 1970 UTC */
};

/* Calls each for every model, in the order in which they were first published. */
enum result model_row_list(struct db *db, void (*each)(void *arg, const struct model_row *row),
                           void *arg, struct reason *why);

/* The number that the next version of this model gets; 1 for a new name. */
enum result model_row_next_version(struct db *db, const char *name, int64_t *version,
                                   struct reason *why);

/* Adds a version and makes it the one that is served.  In a transaction of the caller's. */
enum result model_row_publish(struct db *db, const struct model_row *row, struct reason *why);

#endif
