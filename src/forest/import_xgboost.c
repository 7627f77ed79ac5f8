/*
 * import_xgboost.c: models of XGBoost, JSON and UBJSON, as versions 1.0 to 3.x save them.
 *
 * A margin is a float32 sum that begins with the base margin and adds the leaves in the
 * order of the file; up to 1.2 (with DART up to 1.3) the leaves were added first and the
 * base last.  What differs between versions is decided by the version in the file, which
 * is the library that wrote it.
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
    NAME_LIST_MAX = IMAGE_MAX_FEATURES,
    BASES_MAX = IMAGE_MAX_CLASSES,
};

/* From base_score, which is a prediction, to a margin. */
enum link {
    LINK_NONE,
    LINK_LOGIT,
    LINK_LOG
};

/* What an objective says about the answer. */
struct objective {
    const char *name;
    enum spec_task task;
    enum spec_transform transform;
    enum spec_label label;
    enum link link;
};

static const struct objective objectives[] = {
    {"reg:squarederror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:linear", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:squaredlogerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:pseudohubererror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:absoluteerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:quantileerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:expectileerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"reg:logistic", SPEC_REGRESS, SPEC_SIGMOID_F32, SPEC_LABEL_ARGMAX, LINK_LOGIT},
    {"reg:gamma", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, LINK_LOG},
    {"reg:tweedie", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, LINK_LOG},
    {"count:poisson", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, LINK_LOG},
    {"survival:cox", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, LINK_LOG},
    {"survival:aft", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, LINK_LOG},
    {"rank:pairwise", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"rank:ndcg", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"rank:map", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"binary:logistic", SPEC_CLASSIFY, SPEC_SIGMOID_F32, SPEC_LABEL_ABOVE_HALF, LINK_LOGIT},
    /* Its answer is the margin, which no class's number could be. */
    {"binary:logitraw", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"binary:hinge", SPEC_CLASSIFY, SPEC_HINGE, SPEC_LABEL_MARGIN_ABOVE, LINK_NONE},
    {"multi:softmax", SPEC_CLASSIFY, SPEC_SOFTMAX_F32, SPEC_LABEL_ARGMAX, LINK_NONE},
    {"multi:softprob", SPEC_CLASSIFY, SPEC_SOFTMAX_F32, SPEC_LABEL_ARGMAX, LINK_NONE},
};

struct name_list {
    char **names;
    uint32_t n;
};

/* The categories of a feature (3.1): texts, or numbers. */
struct categories {
    struct xgb_integers values, offsets;
    bool texts;
};

/* An import under way. */
struct import {
    struct xgb_reader reader;
    const struct import_options *options;
    struct draft *draft;
    struct xgb_tree tree;
    uint32_t trees_room;
    double *gains; /* by feature, n_gains of them: what its splits gained */
    uint32_t n_gains;
    struct name_list names, types;
    struct draft_feature *categories; /* values by feature, n_categories of them */
    uint32_t n_categories;
    struct xgb_integers tree_info, iterations;
    struct xgb_floats drops, bases;
    int64_t version[3], n_features, n_classes, n_targets, n_parallel, best_iteration;
    const struct objective *objective;
    char booster[32];
    bool linear;
};

/* ---- the small members ---- */

static bool refuse(struct import *import, enum result result, const char *what)
{
    xgb_refuse(&import->reader, result, "%s", what);
    return false;
}

static bool out_of_memory(struct import *import)
{
    return refuse(import, RESULT_NOMEM, "out of memory");
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
    return read_number_text(reader, UINT32_MAX, &((struct import *)arg)->n_features);
}

static bool read_n_classes(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, IMAGE_MAX_CLASSES, &((struct import *)arg)->n_classes);
}

static bool read_n_targets(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, IMAGE_MAX_CLASSES, &((struct import *)arg)->n_targets);
}

static bool read_n_parallel(struct xgb_reader *reader, void *arg)
{
    return read_number_text(reader, INT32_MAX, &((struct import *)arg)->n_parallel);
}

static bool base_add(struct import *import, const char *text, size_t len)
{
    struct xgb_floats *bases = &import->bases;
    float *more;

    if (bases->n >= BASES_MAX)
        return refuse(import, RESULT_TOO_BIG, "too many base scores");
    more = realloc(bases->values, (bases->n + 1) * sizeof(*more));
    if (more == NULL)
        return out_of_memory(import);
    bases->values = more;
    if (!num_parse_float(text, len, &more[bases->n++]))
        return refuse(import, RESULT_MALFORMED, "not the text of numbers");
    return true;
}

/* "5E-1"; since 3.1 "[5E-1]", or one for each output "[-3.9E-2,1.9E-1]". */
static bool read_base(struct xgb_reader *reader, void *arg)
{
    struct import *import = arg;
    const char *at;
    size_t len;

    if (!xgb_read_text(reader))
        return false;
    at = reader->text.data;
    len = reader->text.len;
    if (len < 2 || at[0] != '[')
        return base_add(import, at, len);
    if (at[len - 1] != ']')
        return refuse(import, RESULT_MALFORMED, "not the text of numbers");
    for (at++, len -= 2;; at++, len--) {
        size_t part = strcspn(at, ",]");

        if (!base_add(import, at, part))
            return false;
        at += part;
        len -= part;
        if (len == 0)
            return true;
        if (*at != ',')
            return refuse(import, RESULT_MALFORMED, "not the text of numbers");
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
    struct import *import = arg;
    size_t i;

    if (!xgb_read_text(reader))
        return false;
    for (i = 0; i < sizeof(objectives) / sizeof(objectives[0]); i++)
        if (strcmp(objectives[i].name, reader->text.data) == 0)
            import->objective = &objectives[i];
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
    return read_number_text(reader, INT32_MAX, &((struct import *)arg)->best_iteration);
}

static bool read_attributes(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"best_iteration", read_best_iteration}, {0}};

    return xgb_read_object(reader, members, arg);
}

static bool read_version(struct xgb_reader *reader, void *arg)
{
    struct import *import = arg;
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

static bool read_name_list(struct import *import, struct name_list *list)
{
    struct xgb_reader *reader = &import->reader;
    enum xgb_token token;
    char **more;

    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    while ((token = xgb_next(reader)) == XGB_STRING) {
        if (list->n == NAME_LIST_MAX)
            return refuse(import, RESULT_TOO_BIG, "too many names");
        if (strlen(reader->text.data) != reader->text.len)
            return refuse(import, RESULT_MALFORMED, "a name with a NUL in it");
        more = realloc(list->names, (list->n + (size_t)1) * sizeof(*more));
        if (more == NULL)
            return out_of_memory(import);
        list->names = more;
        more[list->n] = strdup(reader->text.data);
        if (more[list->n++] == NULL)
            return out_of_memory(import);
    }
    if (token != XGB_ARRAY_END)
        xgb_bad(reader, "not a text");
    return token == XGB_ARRAY_END;
}

static bool read_names(struct xgb_reader *reader, void *arg)
{
    (void)reader;
    return read_name_list(arg, &((struct import *)arg)->names);
}

static bool read_types(struct xgb_reader *reader, void *arg)
{
    (void)reader;
    return read_name_list(arg, &((struct import *)arg)->types);
}

/* ---- the trees ---- */

static struct draft_tree *tree_add(struct import *import)
{
    struct draft *draft = import->draft;
    struct draft_tree *more;
    uint32_t room;

    if (draft->n_trees == IMAGE_MAX_TREES) {
        refuse(import, RESULT_TOO_BIG, "too many trees");
        return NULL;
    }
    if (draft->n_trees == import->trees_room) {
        room = import->trees_room * 2 + 16;
        more = realloc(draft->trees, room * sizeof(*more));
        if (more == NULL) {
            out_of_memory(import);
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
static bool count_gains(struct import *import, const struct draft_tree *made)
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
                return out_of_memory(import);
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
    struct import *import = arg;
    struct draft_tree *tree;

    if (!xgb_enter(reader, XGB_ARRAY))
        return false;
    while (xgb_more(reader)) {
        tree = tree_add(import);
        if (tree == NULL || !xgb_tree_read(reader, &import->tree, tree) ||
            !count_gains(import, tree))
            return false;
        if (import->tree.id >= 0 && import->tree.id != import->draft->n_trees - 1)
            return refuse(import, RESULT_MALFORMED, "a tree whose id is not its place");
    }
    return reader->result == RESULT_OK;
}

static bool read_tree_info(struct xgb_reader *reader, void *arg)
{
    return xgb_read_integers(reader, &((struct import *)arg)->tree_info);
}

static bool read_iterations(struct xgb_reader *reader, void *arg)
{
    return xgb_read_integers(reader, &((struct import *)arg)->iterations);
}

static bool read_drops(struct xgb_reader *reader, void *arg)
{
    return xgb_read_floats(reader, &((struct import *)arg)->drops);
}

static bool read_gbtree_param(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"num_parallel_tree", read_n_parallel}, {0}};

    return xgb_read_object(reader, members, arg);
}

/* ---- the names of categories (3.1) ---- */

static bool read_category_values(struct xgb_reader *reader, void *arg)
{
    return xgb_read_integers(reader, &((struct categories *)arg)->values);
}

static bool read_category_offsets(struct xgb_reader *reader, void *arg)
{
    struct categories *categories = arg;

    categories->texts = true;
    return xgb_read_integers(reader, &categories->offsets);
}

/* Category i: its bytes of the list, or its number as text.  NULL if there is none. */
static char *category_name(const struct categories *categories, size_t i)
{
    const int64_t *offsets = categories->offsets.values;
    char number[NUM_DOUBLE_MAX], *name;
    size_t k, len;

    if (!categories->texts) {
        num_print_i64(number, categories->values.values[i]);
        return strdup(number);
    }
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i] ||
        (uint64_t)offsets[i + 1] > categories->values.n ||
        offsets[i + 1] - offsets[i] > IMAGE_MAX_NAME)
        return NULL;
    len = (size_t)(offsets[i + 1] - offsets[i]);
    name = malloc(len + 1);
    for (k = 0; k < len && name != NULL; k++)
        name[k] = (char)categories->values.values[(size_t)offsets[i] + k];
    if (name != NULL)
        name[len] = '\0';
    return name;
}

static bool categories_name(struct import *import, const struct categories *categories,
                            struct draft_feature *feature)
{
    size_t n = categories->texts ? categories->offsets.n : categories->values.n, i;

    n -= categories->texts && n != 0;
    if (n == 0)
        return true;
    feature->values = calloc(n, sizeof(*feature->values));
    if (feature->values == NULL)
        return out_of_memory(import);
    feature->n_values = (uint32_t)n;
    for (i = 0; i < n; i++) {
        feature->values[i] = category_name(categories, i);
        if (feature->values[i] == NULL)
            return refuse(import, RESULT_MALFORMED, "the name of a category is not there");
    }
    return true;
}

static bool read_encodings(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {
        {"offsets", read_category_offsets}, {"values", read_category_values}, {0}};
    struct import *import = arg;
    struct categories categories = {0};
    struct draft_feature *more;
    bool good = xgb_enter(reader, XGB_ARRAY);

    while (good && xgb_more(reader)) {
        categories.values.n = categories.offsets.n = 0;
        categories.texts = false;
        more = import->n_categories == IMAGE_MAX_FEATURES
                   ? NULL
                   : realloc(import->categories,
                             (import->n_categories + (size_t)1) * sizeof(*more));
        if (more == NULL) {
            good = refuse(import, RESULT_TOO_BIG, "too many features with categories");
            break;
        }
        import->categories = more;
        more += import->n_categories++;
        memset(more, 0, sizeof(*more));
        good = xgb_read_object(reader, members, &categories) &&
               categories_name(import, &categories, more);
    }
    free(categories.values.values);
    free(categories.offsets.values);
    return good && reader->result == RESULT_OK;
}

static bool read_categories(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"enc", read_encodings}, {0}};

    return xgb_read_object(reader, members, arg);
}

/* ---- the objects ---- */

/* What gblinear has in the place of trees. */
static bool read_linear(struct xgb_reader *reader, void *arg)
{
    ((struct import *)arg)->linear = true;
    xgb_skip(reader);
    return reader->result == RESULT_OK;
}

static bool read_model(struct xgb_reader *reader, void *arg)
{
    static const struct xgb_member members[] = {{"cats", read_categories},
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
    struct import *import = arg;

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

static bool read_all(struct import *import)
{
    static const struct xgb_member members[] = {
        {"learner", read_learner}, {"version", read_version}, {0}};

    if (!xgb_read_object(&import->reader, members, import))
        return false;
    return xgb_next(&import->reader) == XGB_END;
}

/* ---- put together ---- */

/* Whether the library that wrote the file is older; one that does not say is new. */
static bool is_before(const struct import *import, int64_t major, int64_t minor)
{
    const int64_t *version = import->version;

    return version[0] >= 0 &&
           (version[0] < major || (version[0] == major && version[1] < minor));
}

static bool is_dart(const struct import *import)
{
    return import->drops.n != 0 || strcmp(import->booster, "dart") == 0;
}

static uint32_t n_outputs(const struct import *import)
{
    int64_t n = import->n_classes > import->n_targets ? import->n_classes : import->n_targets;

    return n > 1 ? (uint32_t)n : 1;
}

/* That all that is needed was there, and what contradicts itself or cannot be said. */
static bool check_parts(struct import *import)
{
    const struct objective *objective = import->objective;
    const bool multi = objective != NULL && objective->transform == SPEC_SOFTMAX_F32;

    if (import->linear)
        return refuse(import, RESULT_INVALID, "the booster gblinear has no trees");
    if (objective == NULL || import->n_features < 0 || import->bases.n == 0 ||
        import->booster[0] == '\0')
        return refuse(import, RESULT_MALFORMED,
                      "no objective, num_feature, base_score or booster's name in it");
    if (import->n_features > IMAGE_MAX_FEATURES)
        return refuse(import, RESULT_TOO_BIG, "too many features");
    if (multi && import->n_targets > 1)
        return refuse(import, RESULT_INVALID, "several targets of several classes each");
    if (n_outputs(import) > 1 &&
        ((strcmp(objective->name, "reg:quantileerror") == 0 && !is_before(import, 3, 4)) ||
         strcmp(objective->name, "reg:expectileerror") == 0))
        return refuse(import, RESULT_INVALID,
                      "several quantiles or expectiles that XGBoost puts in order");
    if (import->bases.n != 1 && import->bases.n != n_outputs(import))
        return refuse(import, RESULT_MALFORMED, "base_score does not fit the outputs");
    if ((import->names.n != 0 && import->names.n != import->n_features) ||
        (import->types.n != 0 && import->types.n != import->n_features) ||
        import->n_categories > import->n_features)
        return refuse(import, RESULT_MALFORMED, "num_feature is not how many names there are");
    return true;
}

/*
 * The margin that a base score stands for, in XGBoost's own float32.  Since 3.2 a
 * probability of 0 or 1 is moved inside; before it was refused.
 */
static float margin_of(enum link link, float base)
{
    const float eps = 1e-6F;

    switch (link) {
    case LINK_LOGIT:
        base = base < eps ? eps : base;
        base = base > 1.0F - eps ? 1.0F - eps : base;
        return -logf(1.0F / base - 1.0F);
    case LINK_LOG:
        return logf(base);
    default:
        return base;
    }
}

static bool make_base(struct import *import)
{
    const uint32_t n = n_outputs(import);
    enum link link = import->objective->link;
    uint32_t k;

    if (strcmp(import->objective->name, "binary:logitraw") == 0 && is_before(import, 1, 4))
        link = LINK_LOGIT;
    import->draft->base = calloc(n, sizeof(*import->draft->base));
    if (import->draft->base == NULL)
        return out_of_memory(import);
    for (k = 0; k < n; k++) {
        const float base = import->bases.values[import->bases.n == 1 ? 0 : k];

        if (!isfinite(base) || (link == LINK_LOGIT && !(base >= 0 && base <= 1)) ||
            (link == LINK_LOG && !(base > 0)))
            return refuse(import, RESULT_MALFORMED,
                          "base_score is not of the objective's range");
        import->draft->base[k] = margin_of(link, base);
    }
    return true;
}

static void make_spec(struct import *import)
{
    const struct objective *objective = import->objective;
    const bool late = is_before(import, 1, is_dart(import) ? 4 : 3);

    import->draft->spec = (struct spec){
        .task = objective->task,
        .compare = SPEC_COMPARE_F32,
        .sum = SPEC_SUM_F32,
        .fold = late ? SPEC_FOLD_SUM_THEN_BASE : SPEC_FOLD_SUM,
        .transform = objective->transform,
        .label = objective->label,
        .category = SPEC_CATEGORY_SIGN,
        .n_outputs = n_outputs(import),
        .divisor = 1,
        .parameter = 1,
    };
    import->draft->facts.source = "xgboost";
    import->draft->facts.trees = import->draft->n_trees;
}

/* How many trees the option leaves; the others are freed. */
static bool cut_trees(struct import *import)
{
    struct draft *draft = import->draft;
    const uint64_t next = (uint64_t)import->best_iteration + 1;
    const bool vector = draft->n_trees != 0 && draft->trees[0].width > 1;
    struct draft rest = {0};
    uint64_t n;

    if (!import->options->best_iteration)
        return true;
    if (import->best_iteration < 0)
        return refuse(import, RESULT_INVALID, "it tells no best iteration");
    if (import->iterations.n != 0)
        n = next < import->iterations.n ? (uint64_t)import->iterations.values[next]
                                        : UINT64_MAX;
    else
        n = next * (uint64_t)import->n_parallel * (vector ? 1 : n_outputs(import));
    if (n == 0 || n > draft->n_trees)
        return refuse(import, RESULT_MALFORMED, "the best iteration is past the trees");
    rest.n_trees = draft->n_trees - (uint32_t)n;
    rest.trees = malloc((rest.n_trees + (size_t)1) * sizeof(*rest.trees));
    if (rest.trees == NULL)
        return out_of_memory(import);
    memcpy(rest.trees, draft->trees + n, rest.n_trees * sizeof(*rest.trees));
    draft->n_trees = (uint32_t)n;
    draft_free(&rest);
    return true;
}

/* DART's weight of a tree, multiplied in float32; 1.4 to 3.2 added the leaf to 0 before. */
static void weigh_tree(struct draft_tree *tree, float weight, bool plus_zero)
{
    uint64_t i;

    for (i = 0; i < (uint64_t)tree->n_leaves * tree->width; i++) {
        float leaf = (float)tree->leaves[i];

        if (plus_zero)
            leaf += 0.0F;
        tree->leaves[i] = leaf * weight;
    }
}

static bool finish_trees(struct import *import)
{
    struct draft *draft = import->draft;
    const bool plus_zero = !is_before(import, 1, 4) && is_before(import, 3, 3);
    uint32_t t;

    if (import->tree_info.n != draft->n_trees ||
        (is_dart(import) && import->drops.n != draft->n_trees))
        return refuse(import, RESULT_MALFORMED,
                      "tree_info or weight_drop is not one number for each tree");
    for (t = 0; t < draft->n_trees; t++) {
        const int64_t output = import->tree_info.values[t];

        draft->trees[t].output =
            output >= 0 && output < UINT32_MAX ? (uint32_t)output : UINT32_MAX;
        if (is_dart(import))
            weigh_tree(&draft->trees[t], import->drops.values[t], plus_zero);
    }
    return cut_trees(import);
}

static enum image_type type_of(const struct import *import, uint32_t i)
{
    const char *type = i < import->types.n ? import->types.names[i] : "q";

    if (strcmp(type, "c") == 0)
        return IMAGE_CATEGORY;
    if (strcmp(type, "i") == 0)
        return IMAGE_BOOLEAN;
    return strcmp(type, "int") == 0 ? IMAGE_INTEGER : IMAGE_REAL;
}

/* Features that trees split by category are categories, whatever their types say. */
static void mark_categories(struct draft *draft)
{
    uint32_t t, i;

    for (t = 0; t < draft->n_trees; t++)
        for (i = 0; i < draft->trees[t].n_nodes; i++) {
            const struct draft_node *node = &draft->trees[t].nodes[i];

            if (node->set != 0 && node->column < draft->n_features)
                draft->features[node->column].type = IMAGE_CATEGORY;
        }
}

static bool make_feature(struct import *import, uint32_t i, double gains)
{
    struct draft_feature *feature = &import->draft->features[i];

    feature->type = type_of(import, i);
    feature->min = 1; /* not known */
    feature->max = 0;
    feature->missing = true;
    if (gains > 0 && i < import->n_gains)
        feature->importance = import->gains[i] / gains;
    if (i < import->names.n) {
        feature->name = import->names.names[i];
        import->names.names[i] = NULL;
    } else if (import_name_feature(import->draft, i) != RESULT_OK) {
        return out_of_memory(import);
    }
    if (i < import->n_categories && import->categories[i].n_values != 0) {
        feature->type = IMAGE_CATEGORY;
        feature->values = import->categories[i].values;
        feature->n_values = import->categories[i].n_values;
        import->categories[i] = (struct draft_feature){0};
    }
    return true;
}

static bool make_features(struct import *import)
{
    struct draft *draft = import->draft;
    const uint32_t n = (uint32_t)import->n_features;
    double gains = 0;
    uint32_t i;

    for (i = 0; i < import->n_gains && i < n; i++)
        gains += import->gains[i];
    draft->features = calloc(n + (size_t)1, sizeof(*draft->features));
    if (draft->features == NULL)
        return out_of_memory(import);
    draft->n_features = n;
    for (i = 0; i < n; i++)
        if (!make_feature(import, i, isfinite(gains) ? gains : 0))
            return false;
    if (draft_columns_make(draft) != RESULT_OK)
        return out_of_memory(import);
    mark_categories(draft);
    return true;
}

static bool label_classes(struct import *import, struct draft_target *target, uint32_t n)
{
    char number[NUM_DOUBLE_MAX];
    uint32_t k;

    target->labels = calloc(n, sizeof(*target->labels));
    if (target->labels == NULL)
        return out_of_memory(import);
    target->n_classes = n;
    for (k = 0; k < n; k++) {
        num_print_u64(number, k);
        target->labels[k] = strdup(number);
        if (target->labels[k] == NULL)
            return out_of_memory(import);
    }
    return true;
}

/* With several classes there is one target; else each output is one, of two classes or none. */
static bool make_targets(struct import *import)
{
    struct draft *draft = import->draft;
    const bool multi = draft->spec.transform == SPEC_SOFTMAX_F32;
    const uint32_t n = multi ? 1 : draft->spec.n_outputs;
    uint32_t i;

    draft->targets = calloc(n, sizeof(*draft->targets));
    if (draft->targets == NULL)
        return out_of_memory(import);
    draft->n_targets = n;
    for (i = 0; i < n && draft->spec.task == SPEC_CLASSIFY; i++)
        if (!label_classes(import, &draft->targets[i], multi ? draft->spec.n_outputs : 2))
            return false;
    return true;
}

static void tell_found(const struct import *import)
{
    struct import_found *found = import->options->found;

    if (found == NULL)
        return;
    text_print(found->format, sizeof(found->format), "XGBoost %s%s",
               import->reader.ubjson ? "UBJSON" : "JSON", is_dart(import) ? " (DART)" : "");
    if (import->version[0] >= 0)
        text_print(found->version, sizeof(found->version), "%d.%d.%d", (int)import->version[0],
                   (int)import->version[1], (int)import->version[2]);
    text_print(found->objective, sizeof(found->objective), "%s", import->objective->name);
    if (import->best_iteration >= 0 && !import->options->best_iteration)
        text_print(found->note, sizeof(found->note),
                   "all trees are taken, as Booster.predict() does; the wrapper for "
                   "scikit-learn stops at iteration %d: --best-iteration",
                   (int)import->best_iteration);
    else if (strcmp(import->objective->name, "binary:logitraw") == 0)
        text_print(found->note, sizeof(found->note),
                   "the answer is the margin, as XGBoost's own: class 1 is over 0");
}

static bool put_together(struct import *import)
{
    if (!check_parts(import) || !make_base(import))
        return false;
    make_spec(import);
    return finish_trees(import) && make_features(import) && make_targets(import);
}

static void names_free(struct name_list *list)
{
    uint32_t i;

    for (i = 0; i < list->n; i++)
        free(list->names[i]);
    free(list->names);
}

static void import_free(struct import *import)
{
    struct draft rest = {.features = import->categories, .n_features = import->n_categories};

    draft_free(&rest);
    names_free(&import->names);
    names_free(&import->types);
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
    struct import *import = calloc(1, sizeof(*import));
    enum result result;

    if (import == NULL)
        return reason_set(why, RESULT_NOMEM, "%s: out of memory", name);
    xgb_reader_start(&import->reader, file, name, why);
    import->options = options;
    import->draft = draft;
    import->version[0] = import->n_features = import->best_iteration = -1;
    import->n_parallel = 1;
    if (read_all(import) && put_together(import))
        tell_found(import);
    result = import->reader.result;
    import_free(import);
    return result;
}
