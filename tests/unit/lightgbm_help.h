/*
 * lightgbm_help.h: what the tests of LightGBM's importer share: a text as a file to import,
 * and one small model with what is changed in it.
 */
#ifndef LIGHTGBM_HELP_H
#define LIGHTGBM_HELP_H

#include "forest_help.h"

#include "forest/import.h"

static const struct import_options help_as_it_is;

/* Imports a text as "m.txt". */
static inline enum result help_import(const char *text, size_t len, struct draft *draft,
                                      struct reason *why)
{
    FILE *file = fmemopen((void *)text, len, "r");
    enum result result;

    assert_non_null(file);
    memset(draft, 0, sizeof(*draft));
    result = import_lightgbm(file, "m.txt", &help_as_it_is, draft, why);
    fclose(file);
    return result;
}

/* A model to change, with the numbers of its lines. */
static const char help_whole[] = "tree\n"                                       /* 1 */
                                 "version=v4\n"                                 /* 2 */
                                 "num_class=1\n"                                /* 3 */
                                 "num_tree_per_iteration=1\n"                   /* 4 */
                                 "label_index=0\n"                              /* 5 */
                                 "max_feature_idx=1\n"                          /* 6 */
                                 "objective=regression\n"                       /* 7 */
                                 "feature_names=a b\n"                          /* 8 */
                                 "feature_infos=[-1:2.5] 1:0:-1:5\n"            /* 9 */
                                 "tree_sizes=1 1\n"                             /* 10 */
                                 "\n"                                           /* 11 */
                                 "Tree=0\n"                                     /* 12 */
                                 "num_leaves=3\n"                               /* 13 */
                                 "num_cat=1\n"                                  /* 14 */
                                 "split_feature=0 1\n"                          /* 15 */
                                 "split_gain=3 1\n"                             /* 16 */
                                 "threshold=0.5 0\n"                            /* 17 */
                                 "decision_type=2 9\n"                          /* 18 */
                                 "left_child=1 -1\n"                            /* 19 */
                                 "right_child=-2 -3\n"                          /* 20 */
                                 "leaf_value=1 2 4\n"                           /* 21 */
                                 "leaf_count=10 20 30\n"                        /* 22 */
                                 "internal_count=60 40\n"                       /* 23 */
                                 "cat_boundaries=0 1\n"                         /* 24 */
                                 "cat_threshold=3\n"                            /* 25 */
                                 "is_linear=0\n"                                /* 26 */
                                 "shrinkage=1\n"                                /* 27 */
                                 "\n\n"                                         /* 28 */
                                 "Tree=1\n"                                     /* 30 */
                                 "num_leaves=1\n"                               /* 31 */
                                 "num_cat=0\n"                                  /* 32 */
                                 "leaf_value=0.25\n"                            /* 33 */
                                 "leaf_count=60\n"                              /* 34 */
                                 "is_linear=1\n"                                /* 35 */
                                 "leaf_const=8\n"                               /* 36 */
                                 "num_features=1\n"                             /* 37 */
                                 "leaf_features=0  \n"                          /* 38 */
                                 "leaf_coeff=2  \n"                             /* 39 */
                                 "\n\n"                                         /* 40 */
                                 "end of trees\n"                               /* 42 */
                                 "\n"                                           /* 43 */
                                 "feature_importances:\n"                       /* 44 */
                                 "a=1\n"                                        /* 45 */
                                 "\n"                                           /* 46 */
                                 "pandas_categorical:[[\"x\",2,true,4,5,6]]\n"; /* 47 */

/* The model with one text in the place of another, which must be there; to be freed. */
static inline char *help_changed(const char *from, const char *to)
{
    const char *at = strstr(help_whole, from);
    char *text;

    if (at == NULL)
        fail_msg("\"%s\" is not in the model", from);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - help_whole), help_whole, to,
                         at + strlen(from)) > 0);
    return text;
}

#endif
