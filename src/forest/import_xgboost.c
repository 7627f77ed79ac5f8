/*
 * import_xgboost.c: models of XGBoost, JSON and UBJSON, as versions 1.0 to 3.x save them.
 *
 * A margin is a float32 sum that begins with the base margin and adds the leaves in the
 * order of the file; up to 1.2 (with DART up to 1.3) the leaves were added first and the
 * base last.
 *
 * The members of an object come in any order, trees before the numbers that say what they
 * are; so all is read first, and put together at the end.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "forest/import.h"
#include "forest/import_xgboost.h"

enum {
    BASES_MAX = IMAGE_MAX_CLASSES
};

/* ---- the small members ---- */

bool xgb_fail(struct xgb_import *import, enum result result, const char *what)
{
    xgb_refuse(&import->reader, result, "%s", what);
    return false;
}

bool xgb_no_memory(struct xgb_import *import)
{
    return xgb_fail(import, RESULT_NOMEM, "out of memory");
}

static bool read_number_text(struct xgb_reader *reader, int64_t max, int64_t *out)
{
    if (!xgb_read_text(reader))
        return false;
    if (num_parse_i64(reader->text.data, reader->text.len, out) && *out >= 0 && *out <= max)
        return true;
    xgb_bad(reader, "not the text of a whole number in its range");
    return false;
}

static bool read_n_features(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, UINT32_MAX, &((struct xgb_import *)arg)->n_features);
}

static bool read_n_classes(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, IMAGE_MAX_CLASSES, &((struct xgb_import *)arg)->n_classes);
}

static bool read_n_targets(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, IMAGE_MAX_CLASSES, &((struct xgb_import *)arg)->n_targets);
}

static bool read_n_parallel(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, INT32_MAX, &((struct xgb_import *)arg)->n_parallel);
}

static bool base_add(struct xgb_import *import, const char *text, size_t len)
{
    struct xgb_floats *bases = &import->bases;
    float *more;

    if (bases->n >= BASES_MAX)
        return xgb_fail(import, RESULT_TOO_BIG, "too many base scores");
    more = realloc(bases->values, (bases->n + 1) * sizeof(*more));
    if (more == NULL)
        return xgb_no_memory(import);
    bases->values = more;
    if (!num_parse_float(text, len, &more[bases->n++]))
        return xgb_fail(import, RESULT_MALFORMED, "not the text of numbers");
    return true;
}

/* "5E-1"; since 3.1 "[5E-1]", or one for each output "[-3.9E-2,1.9E-1]". */
static bool read_base(struct xgb_reader *reader, void *arg)
{
    struct xgb_import *import = arg;
    const char *at;
    size_t len;

    if (!xgb_read_text(reader))
        return false;
    at = reader->text.data;
    len = reader->text.len;
    if (len < 2 || at[0] != '[')
        return base_add(import, at, len);
    if (at[len - 1] != ']')
        return xgb_fail(import, RESULT_MALFORMED, "not the text of numbers");
    for (at++, len -= 2;; at++, len--) {
        size_t part = strcspn(at, ",]");

        if (!base_add(import, at, part))
            return false;
        at += part;
        len -= part;
        if (len == 0)
            return true;
        if (*at != ',')
            return xgb_fail(import, RESULT_MALFORMED, "not the text of numbers");
    }
}

static bool read_model_param(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"base_score", read_base},
                                                {"num_class", read_n_classes},
                                                {"num_feature", read_n_features},
                                                {"num_target", read_n_targets},
                                                {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_objective_name(struct xgb_reader *reader, void *arg)
{
    struct xgb_import *import = arg;

    if (!xgb_read_text(reader))
        return false;
    import->objective = xgb_objective_find(reader->text.data);
    if (import->objective != NULL)
        return true;
    xgb_refuse(reader, RESULT_INVALID, "the objective %.60s has no transform that is known",
               reader->text.data);
    return false;
}

static bool read_objective(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"name", read_objective_name}, {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_best_iteration(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, INT32_MAX, &((struct xgb_import *)arg)->best_iteration);
}

static bool read_attributes(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"best_iteration", read_best_iteration}, {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_version(struct xgb_reader *reader, void *arg)
{
    struct xgb_import *import = arg;
    int i;

    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    for (i = 0; i < 3; i++)
        if (!xgb_read_integer(reader, 0, INT32_MAX, &import->version[i]))
            return false;
    if (xgb_next(reader) == XGB_ARRAY_END)
        return true;
    xgb_bad(reader, "not a version of three numbers");
    return false;
}

static bool read_names(struct xgb_reader *reader, void *arg)
{
    (void)reader;
    return xgb_read_names(arg, &((struct xgb_import *)arg)->names);
}

static bool read_types(struct xgb_reader *reader, void *arg)
{
    (void)reader;
    return xgb_read_names(arg, &((struct xgb_import *)arg)->types);
}

/* ---- the trees ---- */

static struct draft_tree *tree_add(struct xgb_import *import)
{
    struct draft *draft = import->draft;
    struct draft_tree *more;
    uint32_t room;

    if (draft->n_trees == IMAGE_MAX_TREES) {
        xgb_fail(import, RESULT_TOO_BIG, "too many trees");
        return NULL;
    }
    if (draft->n_trees == import->trees_room) {
        room = import->trees_room * 2 + 16;
        more = realloc(draft->trees, room * sizeof(*more));
        if (more == NULL) {
            xgb_no_memory(import);
            return NULL;
        }
        draft->trees = more;
        import->trees_room = room;
    }
    more = &draft->trees[draft->n_trees++];
    memset(more, 0, sizeof(*more));
    return more;
}

/* Adds what the splits of the tree just read gained to their features. */
static bool count_gains(struct xgb_import *import, const struct draft_tree *made)
{
    const struct xgb_tree *tree = &import->tree;
    uint32_t i, column;
    double *more;

    for (i = 0; i < made->n_nodes && tree->gains.n != 0; i++) {
        column = made->nodes[i].column;
        if (!xgb_tree_is_split(tree, i) || column >= IMAGE_MAX_FEATURES ||
            !isfinite(tree->gains.values[i]) || tree->gains.values[i] < 0)
            continue;
        if (column >= import->n_gains) {
            more = realloc(import->gains, (column + (size_t)1) * sizeof(*more));
            if (more == NULL)
                return xgb_no_memory(import);
            import->gains = more;
            while (import->n_gains <= column)
                more[import->n_gains++] = 0;
        }
        import->gains[column] += tree->gains.values[i];
    }
    return true;
}

static bool read_trees(struct xgb_reader *reader, void *arg)
{
    struct xgb_import *import = arg;
    struct draft_tree *tree;

    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    while (xgb_more(reader)) {
        tree = tree_add(import);
        if (tree == NULL || !xgb_tree_read(reader, &import->tree, tree) ||
            !count_gains(import, tree))
            return false;
        if (import->tree.id >= 0 && import->tree.id != import->draft->n_trees - 1)
            return xgb_fail(import, RESULT_MALFORMED, "a tree whose id is not its place");
    }
    return reader->result == RESULT_OK;
}

static bool read_tree_info(struct xgb_reader *reader, void *arg)
{
    return xgb_read_integers(reader, &((struct xgb_import *)arg)->tree_info);
}

static bool read_iterations(struct xgb_reader *reader, void *arg)
{
    return xgb_read_integers(reader, &((struct xgb_import *)arg)->iterations);
}

static bool read_drops(struct xgb_reader *reader, void *arg)
{
    return xgb_read_floats(reader, &((struct xgb_import *)arg)->drops);
}

static bool read_gbtree_param(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"num_parallel_tree", read_n_parallel}, {0}};

    return xgb_read_object(reader, members, arg);
}

/* ---- the objects ---- */

/* What gblinear has in the place of trees. */
static bool read_linear(struct xgb_reader *reader, void *arg)
{
    ((struct xgb_import *)arg)->linear = true;
    xgb_skip(reader);
    return reader->result == RESULT_OK;
}

static bool read_model(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"cats", xgb_read_categories},
                                                {"gbtree_model_param", read_gbtree_param},
                                                {"iteration_indptr", read_iterations},
                                                {"tree_info", read_tree_info},
                                                {"trees", read_trees},
                                                {"weight_drop", read_drops},
                                                {"weights", read_linear},
                                                {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_booster_name(struct xgb_reader *reader, void *arg)
{
    struct xgb_import *import = arg;

    if (!xgb_read_text(reader))
        return false;
    text_copy(import->booster, sizeof(import->booster), reader->text.data);
    if (strcmp(import->booster, "gbtree") == 0 || strcmp(import->booster, "dart") == 0)
        return true;
    xgb_refuse(reader, RESULT_INVALID, "the booster %.30s has no trees", import->booster);
    return false;
}

/* In the object of DART the trees are one floor down, and it has a name of its own. */
static bool read_inner(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"model", read_model}, {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_booster(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"gbtree", read_inner},
                                                {"model", read_model},
                                                {"name", read_booster_name},
                                                {"weight_drop", read_drops},
                                                {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_learner(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"attributes", read_attributes},
                                                {"feature_names", read_names},
                                                {"feature_types", read_types},
                                                {"gradient_booster", read_booster},
                                                {"learner_model_param", read_model_param},
                                                {"objective", read_objective},
                                                {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_all(struct xgb_import *import)
{
    static const struct xgb_member members[] = {
        {"learner", read_learner}, {"version", read_version}, {0}};

    if (!xgb_read_object(&import->reader, members, import))
        return false;
    return xgb_next(&import->reader) == XGB_END;
}

static void import_free(struct xgb_import *import)
{
    struct draft rest = {.features = import->categories, .n_features = import->n_categories};

    draft_free(&rest);
    xgb_names_free(&import->names);
    xgb_names_free(&import->types);
    free(import->gains);
    free(import->tree_info.values);
    free(import->iterations.values);
    free(import->drops.values);
    free(import->bases.values);
    xgb_tree_free(&import->tree);
    xgb_reader_free(&import->reader);
    free(import);
}

enum result import_xgboost(FILE *file, const char *name, const struct import_options *options,
                           struct draft *draft, struct reason *why)
{
    struct xgb_import *import = calloc(1, sizeof(*import));
    enum result result;

    if (import == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    xgb_reader_start(&import->reader, file, name, why);
    import->options = options;
    import->draft = draft;
    import->version[0] = import->n_features = import->best_iteration = -1;
    import->n_parallel = 1;
    if (read_all(import))
        xgb_put_together(import);
    result = import->reader.result;
    import_free(import);
    return result;
}
