/*
 * import_lightgbm.h: what the files of the LightGBM importer share, and no one else uses.
 *
 *     import_lightgbm.c            the file: head, trees, what stands behind them
 *     import_lightgbm_text.c       lines, words and numbers, as a stream
 *     import_lightgbm_tree.c       one tree
 *     import_lightgbm_objective.c  what becomes of the sums
 *     import_lightgbm_pandas.c     names of categories
 *
 * The format is that of LightGBM's text models, versions v2 to v4, as its Tree::ToString,
 * Tree::Tree, GBDT::SaveModelToString and GBDT::LoadModelFromString write and read them.
 */
#ifndef FOREST_IMPORT_LIGHTGBM_H
#define FOREST_IMPORT_LIGHTGBM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/result.h"
#include "forest/draft.h"
#include "forest/import.h"

/*
 * The file, a line at a time.  A line may be as long as it likes: its words are taken out
 * of it one by one.  The first failure is kept in result, and nothing is read after it.
 */
struct lgb_text {
    FILE *file;
    const char *name;
    struct reason *why;
    enum result result;
    uint64_t line; /* of the byte at hand, from 1; 0 before the first */
    bool ended;    /* the file is over */
    unsigned char *chunk;
    size_t at, len;
    struct buf word; /* the last word, a NUL behind it */
};

/* RESULT_OK, or RESULT_NOMEM; to be closed either way.  file and name are the caller's. */
enum result lgb_open(struct lgb_text *text, FILE *file, const char *name, struct reason *why);
void lgb_close(struct lgb_text *text);

/* Goes to the line after this one, or to the first; false at the end or after a failure. */
bool lgb_next_line(struct lgb_text *text);

/*
 * What stands before the first = or :, or before the line's end: in text->word, of which
 * no more is kept than a key may have.  Returns the sign, which is read too, or 0.
 */
char lgb_key(struct lgb_text *text);

/*
 * The next word between spaces, in text->word, without a NUL in it; false at the line's
 * end, and after a failure: RESULT_TOO_BIG, RESULT_MALFORMED.
 */
bool lgb_word(struct lgb_text *text);

/* The rest of the line, spaces and all, in text->word; false after a failure. */
bool lgb_rest(struct lgb_text *text);

/* The next byte of the line, or -1 at its end and after a failure. */
int lgb_byte(struct lgb_text *text);

/* A number as LightGBM writes one: also inf and nan.  False, and *out as it was, if not. */
bool lgb_number(const char *word, size_t len, double *out);

/* The one word that is the rest of the line as a whole number of at most most. */
enum result lgb_count(struct lgb_text *text, const char *key, uint64_t most, uint64_t *out);

/* Fails with "NAME:LINE: ...", line 0 being the line at hand; returns the result. */
enum result lgb_fail(struct lgb_text *text, enum result result, uint64_t line,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
enum result lgb_no_memory(struct lgb_text *text);

/* What feature_infos says. */
enum lgb_kind {
    LGB_NONE,     /* the feature was of no use to training */
    LGB_NUMBER,   /* [min:max] */
    LGB_CATEGORY, /* codes */
};

/* A feature while the file is read. */
struct lgb_feature {
    char *name;
    double min, max; /* of the codes, if those are what it has; min > max if not known */
    double gain;     /* the sum over all splits by it */
    enum lgb_kind kind;
    bool split;           /* some node looks at it */
    bool missing;         /* some node says that training has seen missing values */
    uint32_t zero_column; /* 0, or the column in which its zeros are missing */
};

/* What the file's head says. */
struct lgb_head {
    unsigned version;    /* 2, 3 or 4 */
    uint32_t n_classes;  /* num_class */
    uint32_t per_round;  /* num_tree_per_iteration, at least 1 */
    uint32_t n_features; /* max_feature_idx + 1 */
    uint32_t n_names, n_infos, cap_features;
    struct lgb_feature *features;
    char objective[256]; /* "" if there is none */
    uint64_t objective_line;
    bool average; /* average_output */
    bool sized;   /* tree_sizes is there, */
    uint64_t n_sizes;
};

/* The numbers behind the keys of a tree; each is read for as many as there are. */
enum lgb_array {
    LGB_NUM_LEAVES,
    LGB_NUM_CAT,
    LGB_SPLIT_FEATURE,
    LGB_SPLIT_GAIN,
    LGB_THRESHOLD,
    LGB_DECISION_TYPE,
    LGB_LEFT_CHILD,
    LGB_RIGHT_CHILD,
    LGB_LEAF_VALUE,
    LGB_LEAF_COUNT,
    LGB_INTERNAL_COUNT,
    LGB_CAT_BOUNDARIES,
    LGB_CAT_THRESHOLD,
    LGB_IS_LINEAR,
    LGB_LEAF_CONST,
    LGB_NUM_FEATURES,
    LGB_LEAF_FEATURES,
    LGB_LEAF_COEFF,
    LGB_ARRAY__MAX
};

struct lgb_numbers {
    double *values;
    size_t n, cap;
    uint64_t line; /* on which they stand; 0: not there */
};

/* The names of one categorical column of pandas, or the lists that such names come in. */
struct lgb_names {
    char **values;
    uint32_t n, cap;
};

/* The import under way. */
struct lgb_import {
    struct lgb_text text;
    struct lgb_head head;
    struct draft *draft;
    struct import_found *found; /* or NULL */
    uint32_t cap_trees, cap_columns;
    struct lgb_numbers arrays[LGB_ARRAY__MAX]; /* of the tree at hand */
    double least, most;                        /* of all leaves */
    bool refit_decay;        /* the parameters name refit_decay_rate, so it is 2.2.0 or later */
    bool own_objective;      /* the objective's transform is not known */
    bool predictions;        /* the leaves of an old forest are predictions */
    bool unnamed;            /* there are names of categories, and no telling whose */
    bool parameters;         /* there are parameters, with an end */
    struct lgb_names *lists; /* n_lists: what pandas_categorical has */
    uint32_t n_lists, cap_lists;
};

/*
 * Reads the tree that begins on the line after "Tree=", up to the empty line behind it,
 * and adds it to the draft, whose columns are there.
 */
enum result lgb_tree_read(struct lgb_import *import);

/* Fills the draft's spec, targets and base from the head; all trees have been read. */
enum result lgb_objective_apply(struct lgb_import *import);

/* Reads the lists behind "pandas_categorical:". */
enum result lgb_pandas_read(struct lgb_import *import);

/*
 * Gives the draft's categorical features their names.  The lists are of the categorical
 * columns, in their order, but do not say which those are; where they do not fit the
 * features, these have codes without names.
 */
enum result lgb_pandas_apply(struct lgb_import *import);
void lgb_pandas_free(struct lgb_import *import);

#endif
