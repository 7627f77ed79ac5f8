/*
 * models.h: the rows of published models and their versions.
 */
#ifndef STORE_MODELS_H
#define STORE_MODELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "store/db.h"

enum {
    MODEL_NAME_MAX = 64,
    MODEL_SHA256_HEX = 64,
    MODEL_SHARE_ALL = 10000, /* the share that is all calls */
};

/*
 * What a version does.  A model has one that serves, or would if it were not withdrawn, and at
 * most one canary and one shadow.
 */
enum model_state {
    MODEL_SERVING,   /* it answers what no canary does */
    MODEL_CANARY,    /* it answers a share of the calls */
    MODEL_SHADOW,    /* it is asked beside the serving one, and its answer is only compared */
    MODEL_RETIRED,   /* it is kept, to be gone back to */
    MODEL_WITHDRAWN, /* it would serve, but its model is withdrawn: nothing answers */
    MODEL_STATE__MAX
};

/* "serving", "canary", "shadow", "retired", "withdrawn". */
const char *model_state_name(enum model_state state);

/* A version of a model. */
struct model_row {
    char name[MODEL_NAME_MAX + 1];
    int64_t version;
    char sha256[MODEL_SHA256_HEX + 1]; /* of the image, in hexadecimal */
    int64_t published_at;              /* seconds since 1970 UTC */
    enum model_state state;
    int64_t share; /* of a canary: of MODEL_SHARE_ALL calls so many, 0 for other states */
    bool by_key;   /* of a canary: a key's calls are all its own or all not */
    int64_t back;  /* the version that served before it; 0 for none, or if it never served */

    /* of the model: how much of what its versions are asked is kept, and for how long */
    int64_t keep_share; /* of MODEL_SHARE_ALL requests so many; 0: nothing */
    int64_t keep_days;
};

/*
 * Calls each for the versions that workers need: of every model, in the order in which they
 * were first published, the serving one, then the canary and the shadow, if there are; of one
 * that is withdrawn the version that would serve.
 */
enum result model_row_list(struct db *db, void (*each)(void *arg, const struct model_row *row),
                           void *arg, struct reason *why);

/* The same for every version, in the order of their numbers. */
enum result model_version_list(struct db *db,
                               void (*each)(void *arg, const struct model_row *row), void *arg,
                               struct reason *why);

/* One of them.  RESULT_MISSING if there is no such version. */
enum result model_version_get(struct db *db, const char *name, int64_t version,
                              struct model_row *row, struct reason *why);

/*
 * Adds a version, with the next number, which no version of this model ever had, in
 * row->version; nothing serves it yet.  This and what follows: in a transaction of the
 * caller's.
 */
enum result model_row_add(struct db *db, struct model_row *row, struct reason *why);

/* Which versions of a model do what; 0 is none, but for the serving one. */
struct model_places {
    int64_t serving, canary, shadow;
    int64_t share; /* the canary's */
    bool by_key;
    bool withdrawn; /* the serving one does not; there is neither of the others */
};

enum result model_places_set(struct db *db, const char *name, const struct model_places *places,
                             struct reason *why);

/* Says which version a rollback from this one leads to; 0 for none. */
enum result model_back_set(struct db *db, const char *name, int64_t version, int64_t back,
                           struct reason *why);

/*
 * Deletes a version that does nothing, with what was compared of it; the way back over it
 * leads on to where it led.
 */
enum result model_version_delete(struct db *db, const char *name, int64_t version,
                                 struct reason *why);

/* How much of what a model is asked is kept, and for how many days. */
enum result model_keep_set(struct db *db, const char *name, int64_t share, int64_t days,
                           struct reason *why);

/* What was compared of a shadow with the version that answered. */
struct model_compared {
    int64_t version, against;
    int64_t rows;
    int64_t agreed; /* rows of the same class; of a regression, of the same value */
    double apart;   /* sum over the rows of the largest difference of a probability or value */
    double most;    /* the largest of all */
};

/* Adds to what is there; what a version that is no longer there has to add is let go. */
enum result model_compared_add(struct db *db, const char *name,
                               const struct model_compared *compared, struct reason *why);

/* Calls each for what was compared of a version, by the version that it was compared with. */
enum result model_compared_list(struct db *db, const char *name, int64_t version,
                                void (*each)(void *arg, const struct model_compared *compared),
                                void *arg, struct reason *why);

#endif
