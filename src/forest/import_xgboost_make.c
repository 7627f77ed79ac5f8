/*
 * import_xgboost_make.c: from what an XGBoost model says to a draft.
 *
 * What differs between versions of the library is decided here, by the version in the
 * file, which is the one that wrote it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "forest/import_xgboost.h"

static const struct xgb_objective objectives[] = {
    {"reg:squarederror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:linear", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:squaredlogerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:pseudohubererror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:absoluteerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:quantileerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:expectileerror", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"reg:logistic", SPEC_REGRESS, SPEC_SIGMOID_F32, SPEC_LABEL_ARGMAX, XGB_LINK_LOGIT},
    {"reg:gamma", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, XGB_LINK_LOG},
    {"reg:tweedie", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, XGB_LINK_LOG},
    {"count:poisson", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, XGB_LINK_LOG},
    {"survival:cox", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, XGB_LINK_LOG},
    {"survival:aft", SPEC_REGRESS, SPEC_EXP_F32, SPEC_LABEL_ARGMAX, XGB_LINK_LOG},
    {"rank:pairwise", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"rank:ndcg", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"rank:map", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"binary:logistic", SPEC_CLASSIFY, SPEC_SIGMOID_F32, SPEC_LABEL_ABOVE_HALF, XGB_LINK_LOGIT},
    /* Its answer is the margin, which no class's number could be. */
    {"binary:logitraw", SPEC_REGRESS, SPEC_IDENTITY, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"binary:hinge", SPEC_CLASSIFY, SPEC_HINGE, SPEC_LABEL_MARGIN_ABOVE, XGB_LINK_NONE},
    {"multi:softmax", SPEC_CLASSIFY, SPEC_SOFTMAX_F32, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
    {"multi:softprob", SPEC_CLASSIFY, SPEC_SOFTMAX_F32, SPEC_LABEL_ARGMAX, XGB_LINK_NONE},
};

const struct xgb_objective *xgb_objective_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(objectives) / sizeof(objectives[0]); i++)
        if (strcmp(objectives[i].name, name) == 0)
            return &objectives[i];
    return NULL;
}

/* Whether the library that wrote the file is older; one that does not say is new. */
static bool is_before(const struct xgb_import *import, int64_t major, int64_t minor,
                      int64_t patch)
{
    const int64_t *version = import->version;

    if (version[0] < 0 || version[0] != major)
        return version[0] >= 0 && version[0] < major;
    return version[1] < minor || (version[1] == minor && version[2] < patch);
}

static bool is_dart(const struct xgb_import *import)
{
    return import->drops.n != 0 || strcmp(import->booster, "dart") == 0;
}

static uint32_t n_outputs(const struct xgb_import *import)
{
    int64_t n = import->n_classes > import->n_targets ? import->n_classes : import->n_targets;

    return n > 1 ? (uint32_t)n : 1;
}

/* That all that is needed was there, and what contradicts itself or cannot be said. */
static bool check_parts(struct xgb_import *import)
{
    const struct xgb_objective *objective = import->objective;
    const bool multi = objective != NULL && objective->transform == SPEC_SOFTMAX_F32;

    if (import->linear)
        return xgb_fail(import, RESULT_INVALID, "the booster gblinear has no trees");
    if (objective == NULL || import->n_features < 0 || import->bases.n == 0 ||
        import->booster[0] == '\0')
        return xgb_fail(import, RESULT_MALFORMED,
                        "no objective, num_feature, base_score or booster's name in it");
    if (import->n_features > IMAGE_MAX_FEATURES)
        return xgb_fail(import, RESULT_TOO_BIG, "too many features");
    if (multi && import->n_targets > 1)
        return xgb_fail(import, RESULT_INVALID, "several targets of several classes each");
    if (n_outputs(import) > 1 &&
        ((strcmp(objective->name, "reg:quantileerror") == 0 && !is_before(import, 3, 4, 0)) ||
         strcmp(objective->name, "reg:expectileerror") == 0))
        return xgb_fail(import, RESULT_INVALID,
                        "several quantiles or expectiles that XGBoost puts in order");
    if (import->bases.n != 1 && import->bases.n != n_outputs(import))
        return xgb_fail(import, RESULT_MALFORMED, "base_score does not fit the outputs");
    if ((import->names.n != 0 && import->names.n != import->n_features) ||
        (import->types.n != 0 && import->types.n != import->n_features) ||
        import->n_categories > import->n_features)
        return xgb_fail(import, RESULT_MALFORMED,
                        "num_feature is not how many names there are");
    return true;
}

/*
 * The margin that a base score stands for, in XGBoost's own float32.  Since 3.2 a
 * probability of 0 or 1 is moved inside; before it was refused.
 */
static float margin_of(enum xgb_link link, float base)
{
    const float eps = 1e-6F;

    switch (link) {
    case XGB_LINK_LOGIT:
        base = base < eps ? eps : base;
        base = base > 1.0F - eps ? 1.0F - eps : base;
        return -logf(1.0F / base - 1.0F);
    case XGB_LINK_LOG:
        return logf(base);
    default:
        return base;
    }
}

static bool make_base(struct xgb_import *import)
{
    const uint32_t n = n_outputs(import);
    enum xgb_link link = import->objective->link;
    uint32_t k;

    if (strcmp(import->objective->name, "binary:logitraw") == 0 && is_before(import, 1, 4, 0))
        link = XGB_LINK_LOGIT;
    import->draft->base = calloc(n, sizeof(*import->draft->base));
    if (import->draft->base == NULL)
        return xgb_no_memory(import);
    for (k = 0; k < n; k++) {
        const float base = import->bases.values[import->bases.n == 1 ? 0 : k];

        if (!isfinite(base) || (link == XGB_LINK_LOGIT && !(base >= 0 && base <= 1)) ||
            (link == XGB_LINK_LOG && !(base > 0)))
            return xgb_fail(import, RESULT_MALFORMED,
                            "base_score is not of the objective's range");
        import->draft->base[k] = margin_of(link, base);
    }
    return true;
}

static void make_spec(struct xgb_import *import)
{
    const struct xgb_objective *objective = import->objective;
    const bool late = is_before(import, 1, is_dart(import) ? 4 : 3, 0);

    import->draft->spec = (struct spec){
        .task = objective->task,
        .compare = SPEC_COMPARE_F32,
        .sum = SPEC_SUM_F32,
        .fold = late ? SPEC_FOLD_SUM_THEN_BASE : SPEC_FOLD_SUM,
        .transform = objective->transform,
        .label = objective->label,
        .category = is_before(import, 1, 6, 0) ? SPEC_CATEGORY_TRUNCATE : SPEC_CATEGORY_SIGN,
        .n_outputs = n_outputs(import),
        .divisor = 1,
        .parameter = 1,
    };
    import->draft->facts.source = "xgboost";
    import->draft->facts.trees = import->draft->n_trees;
}

/* How many trees there are up to the best iteration, that one included. */
static uint64_t count_best(const struct xgb_import *import)
{
    const struct draft *draft = import->draft;
    const uint64_t next = (uint64_t)import->best_iteration + 1;
    const bool vector = draft->n_trees != 0 && draft->trees[0].width > 1;

    if (import->best_iteration < 0)
        return 0;
    if (import->iterations.n == 0)
        return next * (uint64_t)import->n_parallel * (vector ? 1 : n_outputs(import));
    return next < import->iterations.n ? (uint64_t)import->iterations.values[next] : UINT64_MAX;
}

/* Frees the trees that the option leaves out. */
static bool cut_trees(struct xgb_import *import)
{
    struct draft *draft = import->draft;
    const uint64_t n = import->best_trees = count_best(import);
    struct draft rest = {0};

    if (!import->options->best_iteration)
        return true;
    if (import->best_iteration < 0)
        return xgb_fail(import, RESULT_INVALID, "it tells no best iteration");
    if (n == 0 || n > draft->n_trees)
        return xgb_fail(import, RESULT_MALFORMED, "the best iteration is past the trees");
    rest.n_trees = draft->n_trees - (uint32_t)n;
    rest.trees = malloc((rest.n_trees + (size_t)1) * sizeof(*rest.trees));
    if (rest.trees == NULL)
        return xgb_no_memory(import);
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

/*
 * From 1.6.0 to 1.7.2 a category past a node's last word of bits took the default child.
 * Where that is XGBoost's left one it is so anyway.  Else the split is said the other way
 * round: left is what is within those words and not in XGBoost's set.
 */
static void default_unknown(struct draft_tree *tree)
{
    uint32_t i, w, left;

    for (i = 0; i < tree->n_nodes; i++) {
        struct draft_node *node = &tree->nodes[i];

        if (node->set == 0 || !node->nan_left)
            continue;
        for (w = 0; w < tree->sets[node->set - 1].n_words; w++)
            tree->sets[node->set - 1].words[w] = ~tree->sets[node->set - 1].words[w];
        left = node->left;
        node->left = node->right;
        node->right = left;
        node->nan_left = false;
    }
}

static bool finish_trees(struct xgb_import *import)
{
    struct draft *draft = import->draft;
    const bool plus_zero = !is_before(import, 1, 4, 0) && is_before(import, 3, 3, 0);
    const bool unknown = !is_before(import, 1, 6, 0) && is_before(import, 1, 7, 3);
    uint32_t t;

    if (import->tree_info.n != draft->n_trees ||
        (is_dart(import) && import->drops.n != draft->n_trees))
        return xgb_fail(import, RESULT_MALFORMED,
                        "tree_info or weight_drop is not one number for each tree");
    for (t = 0; t < draft->n_trees; t++) {
        const int64_t output = import->tree_info.values[t];

        draft->trees[t].output =
            output >= 0 && output < UINT32_MAX ? (uint32_t)output : UINT32_MAX;
        if (unknown)
            default_unknown(&draft->trees[t]);
        if (is_dart(import))
            weigh_tree(&draft->trees[t], import->drops.values[t], plus_zero);
    }
    return cut_trees(import);
}

static enum image_type type_of(const struct xgb_import *import, uint32_t i)
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

static bool make_feature(struct xgb_import *import, uint32_t i, double gains)
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
        return xgb_no_memory(import);
    }
    if (i < import->n_categories && import->categories[i].n_values != 0) {
        feature->type = IMAGE_CATEGORY;
        feature->values = import->categories[i].values;
        feature->n_values = import->categories[i].n_values;
        import->categories[i] = (struct draft_feature){0};
    }
    return true;
}

static bool make_features(struct xgb_import *import)
{
    struct draft *draft = import->draft;
    const uint32_t n = (uint32_t)import->n_features;
    double gains = 0;
    uint32_t i;

    for (i = 0; i < import->n_gains && i < n; i++)
        gains += import->gains[i];
    draft->features = calloc(n + (size_t)1, sizeof(*draft->features));
    if (draft->features == NULL)
        return xgb_no_memory(import);
    draft->n_features = n;
    for (i = 0; i < n; i++)
        if (!make_feature(import, i, isfinite(gains) ? gains : 0))
            return false;
    if (draft_columns_make(draft) != RESULT_OK)
        return xgb_no_memory(import);
    mark_categories(draft);
    return true;
}

static bool label_classes(struct xgb_import *import, struct draft_target *target, uint32_t n)
{
    char number[NUM_DOUBLE_MAX];
    uint32_t k;

    target->labels = calloc(n, sizeof(*target->labels));
    if (target->labels == NULL)
        return xgb_no_memory(import);
    target->n_classes = n;
    for (k = 0; k < n; k++) {
        num_print_u64(number, k);
        target->labels[k] = strdup(number);
        if (target->labels[k] == NULL)
            return xgb_no_memory(import);
    }
    return true;
}

/* With several classes there is one target; else each output is one, of two classes or none. */
static bool make_targets(struct xgb_import *import)
{
    struct draft *draft = import->draft;
    const bool multi = draft->spec.transform == SPEC_SOFTMAX_F32;
    const uint32_t n = multi ? 1 : draft->spec.n_outputs;
    uint32_t i;

    draft->targets = calloc(n, sizeof(*draft->targets));
    if (draft->targets == NULL)
        return xgb_no_memory(import);
    draft->n_targets = n;
    for (i = 0; i < n && draft->spec.task == SPEC_CLASSIFY; i++)
        if (!label_classes(import, &draft->targets[i], multi ? draft->spec.n_outputs : 2))
            return false;
    return true;
}

static void tell_found(const struct xgb_import *import)
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
    if (import->best_trees != 0 && import->best_trees < import->draft->n_trees)
        text_print(found->note, sizeof(found->note),
                   "all trees are taken, as Booster.predict() does; the wrapper for "
                   "scikit-learn stops at iteration %d: --best-iteration",
                   (int)import->best_iteration);
    else if (strcmp(import->objective->name, "binary:logitraw") == 0)
        text_print(found->note, sizeof(found->note),
                   "the answer is the margin, as XGBoost's own: class 1 is over 0");
}

bool xgb_put_together(struct xgb_import *import)
{
    if (!check_parts(import) || !make_base(import))
        return false;
    make_spec(import);
    if (!finish_trees(import) || !make_features(import) || !make_targets(import))
        return false;
    tell_found(import);
    return true;
}
