/*
 * import_xgboost.h: what the parts of XGBoost's importer share: a reader of its two
 * syntaxes behind one interface, and one tree.
 *
 * Sources: XGBoost's own src/common/json.cc (both syntaxes as it writes and reads them),
 * src/learner.cc, src/gbm/gbtree_model.cc, src/tree/tree_model.cc and src/objective/, of
 * every version from 1.0 to 3.4.
 */
#ifndef FOREST_IMPORT_XGBOOST_H
#define FOREST_IMPORT_XGBOOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/result.h"
#include "forest/draft.h"
#include "forest/import.h"

enum {
    XGB_DEPTH_MAX = 32,    /* objects and arrays that are open at once */
    XGB_WINDOW = 64 << 10, /* bytes that are read at once */
    XGB_NUMBER_MAX = 512,  /* characters of a number */
    XGB_MEMBER_SHOWN = 40, /* bytes of a member's name in a message */
};

enum xgb_token {
    XGB_OBJECT,
    XGB_OBJECT_END,
    XGB_ARRAY,
    XGB_ARRAY_END,
    XGB_KEY,
    XGB_STRING,
    XGB_INTEGER, /* integer, and the nearest float in real */
    XGB_REAL,    /* real, perhaps infinite or NaN */
    XGB_TRUE,
    XGB_FALSE,
    XGB_NULL,
    XGB_END, /* of the file, behind the one value */
    XGB_BAD, /* refused: result and reason are set; comes again if asked */
};

/* An object or array that is open. */
struct xgb_frame {
    bool object;
    enum {
        XGB_FIRST, /* a member, an element or the end comes next */
        XGB_AFTER, /* JSON: a comma or the end */
        XGB_VALUE  /* of an object: the value of the key that was read */
    } state;
    bool counted;   /* UBJSON: it ends after `left` more elements */
    char type;      /* UBJSON: of all elements, or 0 */
    uint64_t left;  /* elements to come */
    uint64_t index; /* elements begun */
    char key[XGB_MEMBER_SHOWN];
};

/*
 * A reader of JSON as XGBoost writes it (with NaN and Infinity), or of its kind of UBJSON
 * (big-endian; arrays with a type or a count).  Bounded: one window, one text and the
 * frames, whatever comes.
 */
struct xgb_reader {
    FILE *file;
    const char *name;
    struct reason *why;
    enum result result;
    bool ubjson, begun;
    unsigned depth;
    size_t at, end;  /* in the window */
    uint64_t passed; /* bytes before the window */
    int64_t integer;
    float real;
    struct buf text; /* of a key or string, unescaped, with a NUL behind it */
    struct xgb_frame frames[XGB_DEPTH_MAX];
    unsigned char window[XGB_WINDOW];
};

/* Begins; the first bytes tell the syntax.  The reader has to be zeroed before. */
void xgb_reader_start(struct xgb_reader *reader, FILE *file, const char *name,
                      struct reason *why);
void xgb_reader_free(struct xgb_reader *reader);

enum xgb_token xgb_next(struct xgb_reader *reader);

/* Goes past the value that comes next, or past the rest of one whose first token came. */
void xgb_skip(struct xgb_reader *reader);
void xgb_skip_rest(struct xgb_reader *reader, enum xgb_token first);

/* Refuses what was read last: sets result and the reason, with the place, and stays so. */
void xgb_refuse(struct xgb_reader *reader, enum result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The value that comes next as what it has to be; false when it was refused. */
bool xgb_read_integer(struct xgb_reader *reader, int64_t min, int64_t max, int64_t *out);
bool xgb_read_text(struct xgb_reader *reader); /* in reader->text, without a NUL inside */
bool xgb_enter(struct xgb_reader *reader, enum xgb_token first); /* XGB_OBJECT, XGB_ARRAY */

/* In an array: whether another element comes; its end is read, and a refusal is none. */
bool xgb_more(struct xgb_reader *reader);

/* For import_xgboost_ubjson.c and import_xgboost_read.c alone. */
int xgb_peek(struct xgb_reader *reader); /* the next byte, or -1 at the end */
int xgb_take(struct xgb_reader *reader);
bool xgb_take_bytes(struct xgb_reader *reader, void *to, size_t n);
enum xgb_token xgb_bad(struct xgb_reader *reader, const char *what);
enum xgb_token xgb_push(struct xgb_reader *reader, bool object);
enum xgb_token xgb_pop(struct xgb_reader *reader);
enum xgb_token xgb_json_next(struct xgb_reader *reader);
enum xgb_token xgb_ubjson_next(struct xgb_reader *reader);

/* Arrays of a tree while it is read; kept from one tree to the next. */
struct xgb_floats {
    float *values;
    size_t n, room;
};
struct xgb_integers {
    int64_t *values;
    size_t n, room;
};

bool xgb_read_floats(struct xgb_reader *reader, struct xgb_floats *out);
bool xgb_read_integers(struct xgb_reader *reader, struct xgb_integers *out);

/* A member of an object: its name and what reads its value, false when it was refused. */
struct xgb_member {
    const char *name;
    bool (*read)(struct xgb_reader *reader, void *arg);
};

/*
 * Reads an object (its first token too) by a table of up to 32 members that ends with a
 * NULL name.  Others are passed over; one of the table that is there twice is refused.
 */
bool xgb_read_object(struct xgb_reader *reader, const struct xgb_member *members, void *arg);

/* One tree as the file has it. */
struct xgb_tree {
    struct xgb_integers lefts, rights, columns, default_left, split_type;
    struct xgb_integers categories, category_nodes, category_begins, category_counts;
    struct xgb_floats conditions, weights, leaf_weights, covers, gains;
    int64_t id, n_nodes, width; /* -1, -1 and 1 if they are not told */
    uint64_t set_words;         /* of all trees until now, which are bounded */
};

/*
 * Reads one tree and makes it a draft's; its `output` is left to the caller.  The order of
 * nodes, and so their ids, is the file's.
 */
bool xgb_tree_read(struct xgb_reader *reader, struct xgb_tree *tree, struct draft_tree *out);
void xgb_tree_free(struct xgb_tree *tree);

/* Whether node i of the tree just read is a split, not removed by pruning. */
bool xgb_tree_is_split(const struct xgb_tree *tree, size_t i);

/* From base_score, which is a prediction, to a margin. */
enum xgb_link {
    XGB_LINK_NONE,
    XGB_LINK_LOGIT,
    XGB_LINK_LOG
};

/* What an objective says about the answer. */
struct xgb_objective {
    const char *name;
    enum spec_task task;
    enum spec_transform transform;
    enum spec_label label;
    enum xgb_link link;
};

struct xgb_names {
    char **names;
    uint32_t n;
};

/* An import under way. */
struct xgb_import {
    struct xgb_reader reader;
    const struct import_options *options;
    struct draft *draft;
    struct xgb_tree tree;
    uint32_t trees_room;
    double *gains; /* by feature, n_gains of them: what its splits gained */
    uint32_t n_gains;
    struct xgb_names names, types;
    struct draft_feature *categories; /* values by feature, n_categories of them */
    uint32_t n_categories;
    struct xgb_integers tree_info, iterations;
    struct xgb_floats drops, bases;
    int64_t version[3], n_features, n_classes, n_targets, n_parallel, best_iteration;
    uint64_t best_trees; /* up to the best iteration; 0 if the file does not tell */
    const struct xgb_objective *objective;
    char booster[32];
    bool linear;
};

/* Refuse what was read last; they return false. */
bool xgb_fail(struct xgb_import *import, enum result result, const char *what);
bool xgb_no_memory(struct xgb_import *import);

/* An array of texts. */
bool xgb_read_names(struct xgb_import *import, struct xgb_names *names);
void xgb_names_free(struct xgb_names *names);

/* The names of categories; arg is the import. */
bool xgb_read_categories(struct xgb_reader *reader, void *arg);

/* The objective of that name, or NULL if it has no transform that is known. */
const struct xgb_objective *xgb_objective_find(const char *name);

/* Makes the draft, and fills in what was found, when all has been read. */
bool xgb_put_together(struct xgb_import *import);

#endif
