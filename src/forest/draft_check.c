/*
 * draft_check.c: that a draft is what draft.h says, before anything walks or packs it.
 *
 * What an importer has read is whatever somebody wrote, so nothing here follows an index
 * that was not looked at, and no function calls itself: a tree is walked with a stack
 * whose size is the tree's number of nodes.
 */
#include "forest/draft.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "forest/output.h"

/* The check under way. */
struct check {
    const struct draft *draft;
    struct reason *why;
    uint32_t *stack; /* nodes whose turn will come */
    uint8_t *seen;   /* by node: 1 once it is somebody's child, or the root */
};

static enum result refuse(const struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum result refuse(const struct check *check, const char *format, ...)
{
    char fault[256];
    va_list args;

    va_start(args, format);
    vsnprintf(fault, sizeof(fault), format, args);
    va_end(args);
    return reason_set(check->why, RESULT_MALFORMED, "%s", fault);
}

static enum result check_bound(const struct check *check, const char *what, uint32_t n,
                               uint32_t min, uint32_t max)
{
    if (n < min)
        return refuse(check, "there are no %s", what);
    if (n > max)
        return reason_set(check->why, RESULT_TOO_BIG, "%u %s; at most %u are allowed",
                          (unsigned)n, what, (unsigned)max);
    return RESULT_OK;
}

/* Texts that people and JSON read: not empty, UTF-8, without control characters. */
static bool text_is_right(const char *text)
{
    size_t len, i;

    if (text == NULL || text[0] == '\0')
        return false;
    len = strnlen(text, IMAGE_MAX_NAME + (size_t)1);
    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return len <= IMAGE_MAX_NAME && utf8_valid(text, len);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* That n texts are right and none of them is there twice; `what` is one of them. */
static enum result check_texts(const struct check *check, const char *what, char *const *texts,
                               uint32_t n)
{
    const char **sorted = malloc((n + (size_t)1) * sizeof(*sorted));
    enum result result = sorted == NULL ? RESULT_NOMEM : RESULT_OK;
    char quoted[80];
    uint32_t i;

    for (i = 0; i < n && result == RESULT_OK; i++) {
        sorted[i] = texts[i];
        if (!text_is_right(texts[i]))
            result = refuse(check,
                            "%s %u: not a text of 1 to %d bytes of UTF-8 without control "
                            "characters",
                            what, (unsigned)i, IMAGE_MAX_NAME);
    }
    if (result == RESULT_OK)
        qsort(sorted, n, sizeof(*sorted), compare_texts);
    for (i = 1; i < n && result == RESULT_OK; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) != 0)
            continue;
        utf8_quote(quoted, sizeof(quoted), sorted[i], strlen(sorted[i]));
        result = refuse(check, "%s \"%s\" is there twice", what, quoted);
    }
    free(sorted);
    return result;
}

static enum result check_feature(const struct check *check, uint32_t i)
{
    const struct draft_feature *feature = &check->draft->features[i];
    char what[48];

    if (feature->type < IMAGE_REAL || feature->type >= IMAGE_TYPE__MAX)
        return refuse(check, "feature %u: type %d is none", (unsigned)i, (int)feature->type);
    if (isnan(feature->min) || isnan(feature->max))
        return refuse(check, "feature %u: its range is not a number", (unsigned)i);
    if (!isfinite(feature->importance) || feature->importance < 0)
        return refuse(check, "feature %u: its importance is not finite and from 0 on",
                      (unsigned)i);
    if (feature->n_values == 0)
        return RESULT_OK;
    if (feature->type != IMAGE_CATEGORY || feature->values == NULL)
        return refuse(check, "feature %u: values without categories", (unsigned)i);
    snprintf(what, sizeof(what), "feature %u: value", (unsigned)i);
    return check_texts(check, what, feature->values, feature->n_values);
}

static enum result check_features(const struct check *check)
{
    const struct draft *draft = check->draft;
    enum result result;
    char **names;
    uint32_t i;

    result = check_bound(check, "features", draft->n_features, 1, IMAGE_MAX_FEATURES);
    if (result == RESULT_OK && draft->features == NULL)
        result = refuse(check, "there are no features");
    for (i = 0; i < draft->n_features && result == RESULT_OK; i++)
        result = check_feature(check, i);
    if (result != RESULT_OK)
        return result;
    names = malloc((draft->n_features + (size_t)1) * sizeof(*names));
    if (names == NULL)
        return RESULT_NOMEM;
    for (i = 0; i < draft->n_features; i++)
        names[i] = draft->features[i].name;
    result = check_texts(check, "feature name", names, draft->n_features);
    free(names);
    return result;
}

static enum result check_columns(const struct check *check)
{
    const struct draft *draft = check->draft;
    enum result result;
    uint32_t i;

    /* Every way to mend a feature may be wanted of every one. */
    result = check_bound(check, "columns", draft->n_columns, 1,
                         (uint32_t)DRAFT_MEND__MAX * IMAGE_MAX_FEATURES);
    if (result == RESULT_OK && draft->columns == NULL)
        result = refuse(check, "there are no columns");
    for (i = 0; i < draft->n_columns && result == RESULT_OK; i++) {
        const struct draft_column *column = &draft->columns[i];

        if (column->feature >= draft->n_features)
            result = refuse(check, "column %u: feature %u of %u", (unsigned)i,
                            (unsigned)column->feature, (unsigned)draft->n_features);
        else if (column->mend < DRAFT_KEEP || column->mend >= DRAFT_MEND__MAX)
            result =
                refuse(check, "column %u: mend %d is none", (unsigned)i, (int)column->mend);
        else if (column->mend == DRAFT_UNKNOWN_TO_NAN &&
                 draft->features[column->feature].type != IMAGE_CATEGORY)
            result = refuse(check, "column %u: its feature has no categories", (unsigned)i);
    }
    return result;
}

static enum result check_enums(const struct check *check)
{
    const struct spec *spec = &check->draft->spec;
    const struct {
        const char *name;
        unsigned value, end;
    } enums[] = {
        {"task", spec->task, SPEC_TASK__MAX},
        {"compare", spec->compare, SPEC_COMPARE__MAX},
        {"sum", spec->sum, SPEC_SUM__MAX},
        {"fold", spec->fold, SPEC_FOLD__MAX},
        {"transform", spec->transform, SPEC_TRANSFORM__MAX},
        {"label", spec->label, SPEC_LABEL__MAX},
        {"category", spec->category, SPEC_CATEGORY__MAX},
    };
    size_t i;

    for (i = 0; i < sizeof(enums) / sizeof(enums[0]); i++)
        if (enums[i].value < 1 || enums[i].value >= enums[i].end)
            return refuse(check, "spec: %s %u is none", enums[i].name, enums[i].value);
    return RESULT_OK;
}

static enum result check_spec(const struct check *check)
{
    const struct draft *draft = check->draft;
    const struct spec *spec = &draft->spec;
    const bool mean = spec->fold == SPEC_FOLD_MEAN || spec->fold == SPEC_FOLD_MEAN_THEN_BASE;
    const bool first = spec->sum == SPEC_SUM_F32 && spec->fold <= SPEC_FOLD_MEAN;
    enum result result = check_enums(check);
    uint32_t k;

    if (result == RESULT_OK)
        result = check_bound(check, "outputs", spec->n_outputs, 1, IMAGE_MAX_CLASSES);
    if (result != RESULT_OK)
        return result;
    if (!isfinite(spec->divisor) || !isfinite(spec->parameter) || !isfinite(spec->cut))
        return refuse(check, "spec: a number is not finite");
    if (mean && !(spec->divisor > 0))
        return refuse(check, "spec: a mean by a divisor that is not over 0");
    if (draft->base == NULL)
        return refuse(check, "spec: there is no base");
    for (k = 0; k < spec->n_outputs; k++)
        if (!isfinite(draft->base[k]) ||
            (first && (double)(float)draft->base[k] != draft->base[k]))
            return refuse(check, "base %u: %.17g is not a finite number of the sum's precision",
                          (unsigned)k, draft->base[k]);
    return RESULT_OK;
}

/* One target's labels; *outputs grows by how many numbers it may have: least and most. */
static enum result check_target(const struct check *check, uint32_t i, uint32_t *least,
                                uint32_t *most)
{
    const struct draft *draft = check->draft;
    const struct draft_target *target = &draft->targets[i];
    const bool classes = draft->spec.task != SPEC_REGRESS;
    enum result result;
    char what[48];

    if (target->name != NULL && !text_is_right(target->name))
        return refuse(check, "target %u: its name is not right", (unsigned)i);
    if (!classes && target->n_classes != 0)
        return refuse(check, "target %u: a value with classes", (unsigned)i);
    snprintf(what, sizeof(what), "target %u: classes", (unsigned)i);
    result = check_bound(check, what, target->n_classes, classes, IMAGE_MAX_CLASSES);
    if (result != RESULT_OK)
        return result;
    if (draft->spec.task == SPEC_ANOMALY && target->n_classes != 2)
        return refuse(check, "target %u: outlier and inlier are 2 classes", (unsigned)i);
    if (!output_label_fits(&draft->spec, target->n_classes))
        return refuse(check, "target %u: its classes do not fit the rule of labels",
                      (unsigned)i);
    if (classes && target->labels == NULL)
        return refuse(check, "target %u: its classes have no labels", (unsigned)i);
    *least += target->n_classes <= 2 ? 1 : target->n_classes;
    *most += target->n_classes == 0 || draft->spec.task == SPEC_ANOMALY ? 1 : target->n_classes;
    snprintf(what, sizeof(what), "target %u: label", (unsigned)i);
    return check_texts(check, what, target->labels, target->n_classes);
}

static enum result check_targets(const struct check *check)
{
    const struct draft *draft = check->draft;
    uint32_t i, least = 0, most = 0;
    enum result result;

    result = check_bound(check, "targets", draft->n_targets, 1, IMAGE_MAX_CLASSES);
    if (result == RESULT_OK && draft->targets == NULL)
        result = refuse(check, "there are no targets");
    for (i = 0; i < draft->n_targets && result == RESULT_OK; i++)
        result = check_target(check, i, &least, &most);
    if (result != RESULT_OK)
        return result;
    if (draft->spec.n_outputs != least && draft->spec.n_outputs != most)
        return refuse(check, "spec: %u outputs do not fit the targets",
                      (unsigned)draft->spec.n_outputs);
    if (draft->thresholds != NULL && draft->spec.task == SPEC_ANOMALY)
        return refuse(check, "spec: thresholds, where there are no probabilities");
    for (i = 0; draft->thresholds != NULL && i < draft->targets[0].n_classes; i++)
        if (!isfinite(draft->thresholds[i]))
            return refuse(check, "threshold %u of the classes is not finite", (unsigned)i);
    return RESULT_OK;
}

static enum result refuse_node(const struct check *check, uint32_t t, uint32_t n,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum result refuse_node(const struct check *check, uint32_t t, uint32_t n,
                               const char *format, ...)
{
    char fault[200];
    va_list args;

    va_start(args, format);
    vsnprintf(fault, sizeof(fault), format, args);
    va_end(args);
    return refuse(check, "tree %u, node %u: %s", (unsigned)t, (unsigned)n, fault);
}

/* What a split compares; its children are looked at where they are followed. */
static enum result check_split(const struct check *check, uint32_t t, uint32_t n)
{
    const struct draft_tree *tree = &check->draft->trees[t];
    const struct draft_node *node = &tree->nodes[n];

    if (node->column >= check->draft->n_columns)
        return refuse_node(check, t, n, "column %u of %u", (unsigned)node->column,
                           (unsigned)check->draft->n_columns);
    if (node->set > tree->n_sets)
        return refuse_node(check, t, n, "set %u of %u", (unsigned)node->set - 1,
                           (unsigned)tree->n_sets);
    if (node->set != 0)
        return RESULT_OK;
    if (isnan(node->threshold))
        return refuse_node(check, t, n, "its threshold is not a number");
    if (check->draft->spec.compare == SPEC_COMPARE_F32 && isfinite(node->threshold) &&
        (double)(float)node->threshold != node->threshold)
        return refuse_node(check, t, n, "its threshold %.17g is not a float32",
                           node->threshold);
    return RESULT_OK;
}

static enum result check_leaf(const struct check *check, uint32_t t, uint32_t n)
{
    const struct draft_tree *tree = &check->draft->trees[t];
    const struct draft_node *node = &tree->nodes[n];

    if (node->leaf >= tree->n_leaves)
        return refuse_node(check, t, n, "leaf %u of %u", (unsigned)node->leaf,
                           (unsigned)tree->n_leaves);
    return RESULT_OK;
}

/* Puts a node's child on the stack, which has room for every node once. */
static enum result follow(const struct check *check, uint32_t t, uint32_t n, uint32_t child,
                          uint32_t *height)
{
    if (child >= check->draft->trees[t].n_nodes)
        return refuse_node(check, t, n, "child %u of %u nodes", (unsigned)child,
                           (unsigned)check->draft->trees[t].n_nodes);
    if (check->seen[child])
        return refuse_node(check, t, n, "its child %u is another's child too, or the root",
                           (unsigned)child);
    check->seen[child] = 1;
    check->stack[(*height)++] = child;
    return RESULT_OK;
}

/* Everything that can be reached from the root. */
static enum result check_nodes(const struct check *check, uint32_t t)
{
    const struct draft_tree *tree = &check->draft->trees[t];
    uint32_t height = 0, n;
    enum result result = RESULT_OK;

    memset(check->seen, 0, tree->n_nodes);
    check->seen[0] = 1;
    check->stack[height++] = 0;
    while (height != 0 && result == RESULT_OK) {
        const struct draft_node *node = &tree->nodes[n = check->stack[--height]];

        if (!isfinite(node->cover) || node->cover < 0) {
            result = refuse_node(check, t, n, "its cover is not finite and from 0 on");
        } else if (node->left == 0 && node->right == 0) {
            result = check_leaf(check, t, n);
        } else {
            result = check_split(check, t, n);
            if (result == RESULT_OK)
                result = follow(check, t, n, node->right, &height);
            if (result == RESULT_OK)
                result = follow(check, t, n, node->left, &height);
        }
    }
    return result;
}

static enum result check_leaves(const struct check *check, uint32_t t)
{
    const struct draft_tree *tree = &check->draft->trees[t];
    const bool f32 = check->draft->spec.sum == SPEC_SUM_F32 && tree->linear == NULL;
    uint64_t i;

    for (i = 0; i < (uint64_t)tree->n_leaves * tree->width; i++) {
        double value = tree->leaves[i];

        if (!isfinite(value) || (f32 && (double)(float)value != value))
            return refuse(check,
                          "tree %u, leaf %u: %.17g is not a finite number of the sum's "
                          "precision",
                          (unsigned)t, (unsigned)(i / tree->width), value);
    }
    return RESULT_OK;
}

static enum result check_linear(const struct check *check, uint32_t t)
{
    const struct draft_tree *tree = &check->draft->trees[t];
    uint32_t i, k;

    for (i = 0; i < tree->n_leaves; i++) {
        const struct draft_linear *linear = &tree->linear[i];
        bool right = isfinite(linear->constant);

        if (linear->n != 0 && (linear->weights == NULL || linear->features == NULL))
            return refuse(check, "tree %u, leaf %u: its weights are not there", (unsigned)t,
                          (unsigned)i);
        for (k = 0; k < linear->n && right; k++)
            right =
                isfinite(linear->weights[k]) && linear->features[k] < check->draft->n_features;
        if (!right)
            return refuse(check, "tree %u, leaf %u: a weight is not finite or of no feature",
                          (unsigned)t, (unsigned)i);
    }
    return RESULT_OK;
}

static enum result check_tree(const struct check *check, uint32_t t)
{
    const struct draft_tree *tree = &check->draft->trees[t];
    const uint32_t n_outputs = check->draft->spec.n_outputs;
    enum result result;
    uint32_t i;

    if (tree->n_nodes == 0 || tree->nodes == NULL || tree->n_leaves == 0 ||
        tree->leaves == NULL)
        return refuse(check, "tree %u: it has no nodes or no leaves", (unsigned)t);
    if (tree->width != 1 && tree->width != n_outputs)
        return refuse(check, "tree %u: leaves of %u numbers, for %u outputs", (unsigned)t,
                      (unsigned)tree->width, (unsigned)n_outputs);
    if (tree->width == 1 && tree->output >= n_outputs)
        return refuse(check, "tree %u: output %u of %u", (unsigned)t, (unsigned)tree->output,
                      (unsigned)n_outputs);
    if (tree->linear != NULL && tree->width != 1)
        return refuse(check, "tree %u: linear leaves of several numbers", (unsigned)t);
    for (i = 0; i < tree->n_sets; i++)
        if (tree->sets == NULL || (tree->sets[i].n_words != 0 && tree->sets[i].words == NULL))
            return refuse(check, "tree %u: set %u is not there", (unsigned)t, (unsigned)i);
    result = check_nodes(check, t);
    if (result == RESULT_OK)
        result = check_leaves(check, t);
    if (result == RESULT_OK && tree->linear != NULL)
        result = check_linear(check, t);
    return result;
}

static enum result check_trees(struct check *check)
{
    const struct draft *draft = check->draft;
    uint32_t t, most = 0;
    enum result result;

    result = check_bound(check, "trees", draft->n_trees, 1, IMAGE_MAX_TREES);
    if (result == RESULT_OK && draft->trees == NULL)
        result = refuse(check, "there are no trees");
    if (result != RESULT_OK)
        return result;
    for (t = 0; t < draft->n_trees; t++)
        most = draft->trees[t].n_nodes > most ? draft->trees[t].n_nodes : most;
    check->stack = malloc((most + (size_t)1) * sizeof(*check->stack));
    check->seen = malloc(most + (size_t)1);
    if (check->stack == NULL || check->seen == NULL)
        result = RESULT_NOMEM;
    for (t = 0; t < draft->n_trees && result == RESULT_OK; t++)
        result = check_tree(check, t);
    free(check->stack);
    free(check->seen);
    return result;
}

enum result draft_check(const struct draft *draft, struct reason *why)
{
    struct check check = {.draft = draft, .why = why};
    enum result result;

    if ((result = check_features(&check)) == RESULT_OK &&
        (result = check_columns(&check)) == RESULT_OK &&
        (result = check_spec(&check)) == RESULT_OK &&
        (result = check_targets(&check)) == RESULT_OK)
        result = check_trees(&check);
    if (result == RESULT_OK && !text_is_right(draft->facts.source))
        result = refuse(&check, "it does not say where it comes from");
    if (result == RESULT_NOMEM)
        reason_set(why, result, "to check the forest: %s", result_text(result));
    return result;
}

/* Each node's depth, from the root on, by the order in which a stack gives them. */
static uint32_t tree_depth(const struct draft_tree *tree, uint32_t *stack, uint32_t *depths)
{
    uint32_t height = 0, most = 0;

    stack[height++] = 0;
    depths[0] = 0;
    while (height != 0) {
        const uint32_t n = stack[--height];
        const struct draft_node *node = &tree->nodes[n];

        most = depths[n] > most ? depths[n] : most;
        if (node->left == 0)
            continue;
        depths[node->left] = depths[node->right] = depths[n] + 1;
        stack[height++] = node->left;
        stack[height++] = node->right;
    }
    return most;
}

enum result draft_depth(const struct draft *draft, uint32_t *depth)
{
    uint32_t t, most = 0, deep, *stack, *depths;
    enum result result = RESULT_NOMEM;

    for (t = 0; t < draft->n_trees; t++)
        most = draft->trees[t].n_nodes > most ? draft->trees[t].n_nodes : most;
    stack = calloc(most + (size_t)1, sizeof(*stack));
    depths = calloc(most + (size_t)1, sizeof(*depths));
    if (stack != NULL && depths != NULL) {
        *depth = 0;
        for (t = 0; t < draft->n_trees; t++) {
            deep = tree_depth(&draft->trees[t], stack, depths);
            *depth = deep > *depth ? deep : *depth;
        }
        result = RESULT_OK;
    }
    free(stack);
    free(depths);
    return result;
}
