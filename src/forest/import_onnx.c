/*
 * import_onnx.c: an ONNX model that is one forest, as a draft.
 *
 * One TreeEnsembleClassifier or TreeEnsembleRegressor (ai.onnx.ml 1 to 4) or TreeEnsemble
 * (5), with what converters put around it: Cast, Identity, ZipMap, ArgMax.  Every other
 * node is refused by its name, for it would change what is answered.
 *
 * The operators' pages leave much open; what they do not say is as ONNX Runtime has it:
 * a classifier of two classes whose weights are all for class 0 has one margin, which is
 * of the second class, and its label is by 0.5 if no weight is negative, and else by 0;
 * base values are added last; trees in the order of the file.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/import.h"
#include "forest/import_onnx.h"

/* What a named value of the graph is. */
enum kind {
    NONE = 0,
    ROWS,   /* the rows, as they are or cast */
    SCORES, /* what the trees make of them */
    LABELS, /* the class of each */
    OTHER
};

/* The import under way. */
struct onnx {
    struct import_bytes bytes;
    struct draft *draft;
    struct onnx_graph graph;
    struct onnx_forest forest;
    const struct onnx_node *trees;
    enum onnx_type given, type; /* of the input, and as it comes to the trees */
    int64_t columns;
    bool argmax; /* an ArgMax looks at the scores */
};

static enum result refuse(const struct onnx *in, enum result result, const char *what)
{
    return import_bytes_refuse(&in->bytes, result, "%s: %s",
                               in->trees == NULL ? "the graph" : in->trees->op.text, what);
}

/* The graph --------------------------------------------------------------------------- */

struct value {
    const char *name;
    enum kind kind;
};

/* Cast of the rows: to float32 it is what the comparison does; other types are not exact. */
static enum result cast_rows(struct onnx *in, const struct onnx_node *node)
{
    const struct onnx_attribute *to = onnx_attribute_find(node, "to");
    int64_t type = to == NULL ? 0 : to->i;

    if (type == ONNX_DOUBLE && in->type == ONNX_FLOAT)
        return refuse(in, RESULT_INVALID, "a Cast of rows from float to double");
    if (type != ONNX_FLOAT && type != ONNX_DOUBLE && type != (int64_t)in->type)
        return refuse(in, RESULT_INVALID, "a Cast of rows to another type than float");
    in->type = (enum onnx_type)type;
    return RESULT_OK;
}

/* What comes out of a node that is not the trees. */
static enum result pass_node(struct onnx *in, const struct onnx_node *node, enum kind kind,
                             enum kind *out)
{
    const struct onnx_attribute *last = onnx_attribute_find(node, "select_last_index");
    const struct onnx_attribute *axis = onnx_attribute_find(node, "axis");

    *out = kind;
    if (strcmp(node->op.text, "Identity") == 0)
        return RESULT_OK;
    if (strcmp(node->op.text, "Cast") == 0)
        return kind == ROWS ? cast_rows(in, node) : RESULT_OK;
    if (strcmp(node->op.text, "ZipMap") == 0 && kind == SCORES) {
        *out = OTHER;
        return RESULT_OK;
    }
    if (strcmp(node->op.text, "ArgMax") == 0 && kind == SCORES &&
        (last == NULL || last->i == 0) && axis != NULL && (axis->i == 1 || axis->i == -1)) {
        in->argmax = true;
        *out = LABELS;
        return RESULT_OK;
    }
    return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                               "the graph: the node %.60s is none that may stand %s the trees",
                               node->op.text, kind == ROWS ? "before" : "behind");
}

static enum kind kind_of(const struct value *values, uint32_t n, const char *name)
{
    uint32_t i;

    for (i = 0; i < n; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].kind;
    return NONE;
}

static bool is_trees(const struct onnx_node *node)
{
    return strncmp(node->op.text, "TreeEnsemble", 12) == 0;
}

/* The trees' node: once, with the rows as its input. */
static enum result find_trees(struct onnx *in, const struct onnx_node *node, enum kind kind)
{
    if (in->trees != NULL)
        return refuse(in, RESULT_INVALID, "more than one node of trees");
    in->trees = node;
    if (kind != ROWS)
        return refuse(in, RESULT_INVALID, "its input is not the graph's");
    if (strcmp(node->domain.text, "ai.onnx.ml") != 0)
        return refuse(in, RESULT_INVALID, "it is not of ai.onnx.ml");
    return RESULT_OK;
}

/* Follows the rows through the nodes, which stand in the order in which they run. */
static enum result read_graph(struct onnx *in)
{
    struct value values[ONNX_NODES_MAX * ONNX_PORTS_MAX + 1];
    enum result result = RESULT_OK;
    uint32_t n = 0, i, k;
    enum kind out = NONE;

    if (in->graph.n_inputs != 1)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "the graph has %u inputs; all columns have to come as one",
                                   (unsigned)in->graph.n_inputs);
    in->given = in->type = in->graph.inputs[0].type;
    in->columns = in->graph.inputs[0].columns;
    values[n++] = (struct value){in->graph.inputs[0].name.text, ROWS};
    for (i = 0; i < in->graph.n_nodes && result == RESULT_OK; i++) {
        const struct onnx_node *node = &in->graph.nodes[i];
        const bool trees = is_trees(node);
        enum kind kind = node->n_inputs == 1 ? kind_of(values, n, node->inputs[0].text) : NONE;

        result = trees ? find_trees(in, node, kind) : pass_node(in, node, kind, &out);
        for (k = 0; k < node->n_outputs && result == RESULT_OK; k++) {
            bool labels = trees && node->n_outputs > 1 && k == 0;

            values[n++] = (struct value){node->outputs[k].text, !trees   ? out
                                                                : labels ? LABELS
                                                                         : SCORES};
        }
    }
    if (result == RESULT_OK && in->trees == NULL)
        result = refuse(in, RESULT_INVALID, "there is no TreeEnsemble in it");
    return result;
}

/* Attributes -------------------------------------------------------------------------- */

static const struct onnx_attribute *find(const struct onnx *in, const char *name)
{
    return onnx_attribute_find(in->trees, name);
}

/* The attribute, which has to have n whole numbers. */
static enum result need_ints(const struct onnx *in, const char *name, uint64_t n,
                             const int64_t **out)
{
    const struct onnx_attribute *attribute = find(in, name);

    *out = attribute == NULL ? NULL : attribute->ints.items;
    if ((attribute == NULL ? 0 : attribute->ints.n) == n)
        return RESULT_OK;
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                               "%s: %s has %llu numbers, not %llu", in->trees->op.text, name,
                               (unsigned long long)(attribute == NULL ? 0 : attribute->ints.n),
                               (unsigned long long)n);
}

/*
 * Numbers: `name`, or NAME_as_tensor.  Where values are compared as float64 both are
 * taken; where as float32, floats alone.
 */
static enum result find_numbers(const struct onnx *in, const char *name,
                                const struct onnx_attribute **out)
{
    char tensor[64];
    const struct onnx_attribute *plain = find(in, name), *other;

    snprintf(tensor, sizeof(tensor), "%s_as_tensor", name);
    other = find(in, tensor);
    *out = plain != NULL && plain->numbers.n != 0 ? plain : other != NULL ? other : plain;
    if (*out != NULL && (*out)->type == ONNX_DOUBLE && in->forest.f32)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "%s: %s is of doubles, and the rows are of floats",
                                   in->trees->op.text, name);
    return RESULT_OK;
}

static enum result need_numbers(const struct onnx *in, const char *name, uint64_t n,
                                const double **out)
{
    const struct onnx_attribute *found;
    enum result result = find_numbers(in, name, &found);
    uint64_t have = found == NULL ? 0 : found->numbers.n;

    *out = found == NULL ? NULL : found->numbers.items;
    if (result != RESULT_OK || have == n)
        return result;
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                               "%s: %s has %llu numbers, not %llu", in->trees->op.text, name,
                               (unsigned long long)have, (unsigned long long)n);
}

/* A text attribute; absent it is `other`. */
static const char *text_of(const struct onnx *in, const char *name, const char *other)
{
    const struct onnx_attribute *attribute = find(in, name);

    return attribute == NULL || attribute->n_strings == 0 ? other : attribute->strings.data;
}

static enum result node_refuse(const struct onnx *in, uint64_t node, const char *what)
{
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "%s, node %llu: %s",
                               in->trees->op.text, (unsigned long long)node, what);
}

/* A split's threshold and feature, in either form of the operator. */
static enum result check_split(const struct onnx *in, uint64_t i,
                               const struct onnx_split *split, int64_t feature)
{
    if (feature < 0 || feature >= IMAGE_MAX_FEATURES ||
        (in->columns != 0 && feature >= in->columns))
        return node_refuse(in, i, "its feature is not one of the input's");
    if (split->mode != ONNX_MEMBER &&
        (isnan(split->value) ||
         (split->mode != ONNX_LEQ && split->mode != ONNX_GT && !isfinite(split->value))))
        return node_refuse(in, i, "its value is no number to compare with");
    return RESULT_OK;
}

/* ai.onnx.ml 1 to 4 ------------------------------------------------------------------- */

/* A node by tree and number. */
struct key {
    int64_t tree, node;
    uint32_t at;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* The nodes of the older operators. */
struct older {
    const int64_t *trees, *nodes, *features, *yes, *no, *tracks;
    const double *values;
    struct key *keys;
    uint64_t n;
};

static bool key_find(const struct older *older, int64_t tree, int64_t node, uint32_t *at)
{
    const struct key key = {tree, node, 0};
    const struct key *found = bsearch(&key, older->keys, older->n, sizeof(key), compare_keys);

    if (found != NULL)
        *at = found->at;
    return found != NULL;
}

static bool mode_of(const char *text, uint8_t *mode)
{
    static const char *const modes[] = {"BRANCH_LEQ",    "BRANCH_LT", "BRANCH_GTE",
                                        "BRANCH_GT",     "BRANCH_EQ", "BRANCH_NEQ",
                                        "BRANCH_MEMBER", "LEAF"};

    for (*mode = 0; *mode < 8; ++*mode)
        if (strcmp(text, modes[*mode]) == 0)
            return *mode != ONNX_MEMBER;
    return false;
}

static enum result find_older(const struct onnx *in, struct older *older)
{
    const struct onnx_attribute *ids = find(in, "nodes_nodeids");
    const struct onnx_attribute *tracks = find(in, "nodes_missing_value_tracks_true");
    enum result result;
    uint64_t i;

    older->n = ids == NULL ? 0 : ids->ints.n;
    if (older->n == 0 || older->n >= UINT32_MAX)
        return refuse(in, RESULT_MALFORMED, "it has no nodes");
    if ((result = need_ints(in, "nodes_nodeids", older->n, &older->nodes)) != RESULT_OK ||
        (result = need_ints(in, "nodes_treeids", older->n, &older->trees)) != RESULT_OK ||
        (result = need_ints(in, "nodes_featureids", older->n, &older->features)) != RESULT_OK ||
        (result = need_ints(in, "nodes_truenodeids", older->n, &older->yes)) != RESULT_OK ||
        (result = need_ints(in, "nodes_falsenodeids", older->n, &older->no)) != RESULT_OK ||
        (result = need_numbers(in, "nodes_values", older->n, &older->values)) != RESULT_OK)
        return result;
    if (tracks != NULL && tracks->ints.n != 0 &&
        (result = need_ints(in, "nodes_missing_value_tracks_true", older->n, &older->tracks)) !=
            RESULT_OK)
        return result;
    older->keys = calloc(older->n, sizeof(*older->keys));
    if (older->keys == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for nodes");
    for (i = 0; i < older->n; i++)
        older->keys[i] = (struct key){older->trees[i], older->nodes[i], (uint32_t)i};
    qsort(older->keys, older->n, sizeof(*older->keys), compare_keys);
    for (i = 1; i < older->n; i++)
        if (compare_keys(&older->keys[i - 1], &older->keys[i]) == 0)
            return node_refuse(in, older->keys[i].at, "its number is another's too");
    return RESULT_OK;
}

/* The splits and leaves, in the order of the file; a tree's first node is its root. */
static enum result read_older_nodes(struct onnx *in, const struct older *older)
{
    const struct onnx_attribute *modes = find(in, "nodes_modes");
    struct onnx_forest *forest = &in->forest;
    enum result result = RESULT_OK;
    const char *mode;
    uint64_t i;

    if (modes == NULL || modes->n_strings != older->n)
        return refuse(in, RESULT_MALFORMED, "nodes_modes has not one text for each node");
    forest->splits = calloc(older->n, sizeof(*forest->splits));
    forest->roots = calloc(older->n, sizeof(*forest->roots));
    if (forest->splits == NULL || forest->roots == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for nodes");
    forest->n_splits = (uint32_t)older->n;
    mode = modes->strings.data;
    for (i = 0; i < older->n && result == RESULT_OK; i++, mode += strlen(mode) + 1) {
        struct onnx_split *split = &forest->splits[i];

        if (i == 0 || older->trees[i] != older->trees[i - 1])
            forest->roots[forest->n_roots++] = (uint32_t)i;
        if (!mode_of(mode, &split->mode))
            return node_refuse(in, i, "its mode is not known");
        split->id = (uint32_t)older->nodes[i];
        if (split->mode == ONNX_LEAF)
            continue;
        split->feature = (uint32_t)older->features[i];
        split->value = older->values[i];
        split->nan_true = older->tracks != NULL && older->tracks[i] != 0;
        result = check_split(in, i, split, older->features[i]);
        if (result == RESULT_OK &&
            (!key_find(older, older->trees[i], older->yes[i], &split->yes) ||
             !key_find(older, older->trees[i], older->no[i], &split->no)))
            result = node_refuse(in, i, "its child is not there");
    }
    return result;
}

static int compare_weights(const void *a, const void *b)
{
    const struct onnx_weight *x = a, *y = b;

    if (x->split != y->split)
        return x->split < y->split ? -1 : 1;
    return x->output < y->output ? -1 : x->output > y->output;
}

/* Sorts the weights by leaf, and tells each leaf where its own are. */
static enum result place_weights(struct onnx *in)
{
    struct onnx_forest *forest = &in->forest;
    uint32_t i;

    qsort(forest->weights, forest->n_weights, sizeof(*forest->weights), compare_weights);
    for (i = 0; i < forest->n_weights; i++) {
        struct onnx_weight *weight = &forest->weights[i];
        struct onnx_split *leaf = &forest->splits[weight->split];

        if (leaf->mode != ONNX_LEAF)
            return node_refuse(in, weight->split, "a weight of what is no leaf");
        if (!isfinite(weight->value))
            return node_refuse(in, weight->split, "a weight that is not finite");
        if (leaf->n_weights++ == 0)
            leaf->weight = i;
        else if (weight[-1].output == weight->output)
            return node_refuse(in, weight->split, "two weights for one output");
    }
    return RESULT_OK;
}

/* The weights of the leaves; kind is "class" or "target". */
static enum result read_older_weights(struct onnx *in, const struct older *older,
                                      const char *kind)
{
    const int64_t *trees, *nodes, *ids;
    const struct onnx_attribute *attribute;
    char names[4][32];
    const double *weights;
    enum result result;
    uint64_t i, n;

    snprintf(names[0], sizeof(names[0]), "%s_ids", kind);
    snprintf(names[1], sizeof(names[1]), "%s_treeids", kind);
    snprintf(names[2], sizeof(names[2]), "%s_nodeids", kind);
    snprintf(names[3], sizeof(names[3]), "%s_weights", kind);
    attribute = find(in, names[0]);
    n = attribute == NULL ? 0 : attribute->ints.n;
    if (n == 0 || n >= UINT32_MAX)
        return refuse(in, RESULT_MALFORMED, "its leaves have no weights");
    if ((result = need_ints(in, names[0], n, &ids)) != RESULT_OK ||
        (result = need_ints(in, names[1], n, &trees)) != RESULT_OK ||
        (result = need_ints(in, names[2], n, &nodes)) != RESULT_OK ||
        (result = need_numbers(in, names[3], n, &weights)) != RESULT_OK)
        return result;
    in->forest.weights = calloc(n, sizeof(*in->forest.weights));
    if (in->forest.weights == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for weights");
    in->forest.n_weights = (uint32_t)n;
    for (i = 0; i < n; i++) {
        struct onnx_weight *weight = &in->forest.weights[i];

        if (!key_find(older, trees[i], nodes[i], &weight->split))
            return node_refuse(in, (uint64_t)nodes[i], "a weight of a node that is not there");
        if (ids[i] < 0 || ids[i] >= in->draft->spec.n_outputs)
            return refuse(in, RESULT_MALFORMED, "a weight for an output that is not there");
        weight->output = (uint32_t)ids[i];
        weight->value = weights[i];
    }
    return place_weights(in);
}

static enum result read_older(struct onnx *in, const char *kind)
{
    struct older older = {0};
    enum result result;

    if ((result = find_older(in, &older)) == RESULT_OK &&
        (result = read_older_nodes(in, &older)) == RESULT_OK)
        result = read_older_weights(in, &older, kind);
    free(older.keys);
    return result;
}

/* Base values: none, or one for each output. */
static enum result read_base(struct onnx *in)
{
    struct draft *draft = in->draft;
    const struct onnx_attribute *base;
    enum result result = find_numbers(in, "base_values", &base);
    const uint64_t n = base == NULL ? 0 : base->numbers.n;
    bool zero = true;
    uint32_t k;

    if (result == RESULT_OK && n != 0 && n != draft->spec.n_outputs)
        return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                   "%s: %llu base_values for %u outputs", in->trees->op.text,
                                   (unsigned long long)n, (unsigned)draft->spec.n_outputs);
    draft->base = calloc(draft->spec.n_outputs, sizeof(*draft->base));
    if (draft->base == NULL)
        return refuse(in, RESULT_NOMEM, "no memory");
    for (k = 0; k < n && result == RESULT_OK; k++) {
        draft->base[k] = ((const double *)base->numbers.items)[k];
        if (!isfinite(draft->base[k]))
            return refuse(in, RESULT_MALFORMED, "a base value is not finite");
        zero = zero && draft->base[k] == 0;
    }
    if (!zero && draft->spec.fold == SPEC_FOLD_SUM)
        draft->spec.fold = SPEC_FOLD_SUM_THEN_BASE;
    else if (!zero && draft->spec.fold == SPEC_FOLD_MEAN)
        draft->spec.fold = SPEC_FOLD_MEAN_THEN_BASE;
    for (k = 0; zero && k < draft->spec.n_outputs; k++)
        draft->base[k] = 0; /* of either sign */
    return result;
}

/* Names ------------------------------------------------------------------------------- */

static char *number_text(const char *before, long long i)
{
    char *text = NULL;

    return asprintf(&text, "%s%lld", before, i) < 0 ? NULL : text;
}

static enum result name_features(struct onnx *in)
{
    struct draft *draft = in->draft;
    uint64_t n = in->columns > 0 ? (uint64_t)in->columns : 0;
    uint32_t i;

    for (i = 0; i < in->forest.n_splits && in->columns == 0; i++)
        if (in->forest.splits[i].mode != ONNX_LEAF && in->forest.splits[i].feature >= n)
            n = in->forest.splits[i].feature + (uint64_t)1;
    n = n == 0 ? 1 : n;
    if (in->columns < 0 || n > IMAGE_MAX_FEATURES)
        return refuse(in, RESULT_TOO_BIG, "the input has too many columns");
    draft->features = calloc(n, sizeof(*draft->features));
    if (draft->features == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for features");
    draft->n_features = (uint32_t)n;
    for (i = 0; i < n; i++) {
        draft->features[i] = (struct draft_feature){.name = number_text("f", i),
                                                    .type = IMAGE_REAL,
                                                    .min = 1,
                                                    .missing = in->given == ONNX_FLOAT ||
                                                               in->given == ONNX_DOUBLE};
        if (draft->features[i].name == NULL)
            return refuse(in, RESULT_NOMEM, "no memory for features");
    }
    return draft_columns_make(draft);
}

/* n targets, or one with n classes whose labels are in the file, or 0, 1, 2 ... */
static enum result make_targets(struct onnx *in, uint32_t n_targets, uint32_t n_classes)
{
    const struct onnx_attribute *strings = find(in, "classlabels_strings");
    const struct onnx_attribute *numbers = find(in, "classlabels_int64s");
    struct draft *draft = in->draft;
    struct draft_target *target;
    const char *text = strings == NULL ? NULL : strings->strings.data;
    uint32_t c;

    draft->targets = calloc(n_targets, sizeof(*draft->targets));
    if (draft->targets == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for targets");
    draft->n_targets = n_targets;
    if (n_classes == 0)
        return RESULT_OK;
    target = draft->targets;
    target->labels = calloc(n_classes, sizeof(*target->labels));
    if (target->labels == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for classes");
    target->n_classes = n_classes;
    for (c = 0; c < n_classes; c++) {
        if (strings != NULL && strings->n_strings == n_classes) {
            target->labels[c] = strdup(text);
            text += strlen(text) + 1;
        } else {
            bool told = numbers != NULL && numbers->ints.n == n_classes;

            target->labels[c] = number_text("", told ? ((const int64_t *)numbers->ints.items)[c]
                                                     : (long long)c);
        }
        if (target->labels[c] == NULL)
            return refuse(in, RESULT_NOMEM, "no memory for classes");
    }
    return RESULT_OK;
}

/* Classifiers ------------------------------------------------------------------------- */

static enum result refuse_post(const struct onnx *in, const char *post)
{
    return import_bytes_refuse(&in->bytes, RESULT_INVALID,
                               "%s: the post_transform %.40s is not understood alike by all "
                               "runtimes here",
                               in->trees->op.text, post);
}

static bool is_positive(const struct onnx *in)
{
    bool positive = true;
    uint32_t i;

    for (i = 0; i < in->forest.n_weights; i++)
        positive = positive && in->forest.weights[i].value >= 0;
    return positive;
}

/* Sums that nothing is made of are probabilities if they may be, or else scores. */
static enum spec_transform plain_scores(const struct onnx *in)
{
    return is_positive(in) ? SPEC_FRACTIONS : SPEC_IDENTITY;
}

/* Two classes with all weights for class 0: the margin of the second. */
static enum result set_two(struct onnx *in, const char *post)
{
    struct spec *spec = &in->draft->spec;
    const bool positive = is_positive(in);
    uint32_t i;

    for (i = 0; i < in->forest.n_weights; i++)
        if (in->forest.weights[i].output != 0)
            return refuse(in, RESULT_INVALID,
                          "of two classes, weights for the second, where ONNX Runtime's label "
                          "is not by the greater; convert it with one weight in a leaf");
    spec->label = SPEC_LABEL_MARGIN_ABOVE;
    spec->cut = positive ? 0.5 : 0;
    if (strcmp(post, "LOGISTIC") == 0)
        spec->transform = SPEC_LOGISTIC_ONNX;
    else if (strcmp(post, "NONE") == 0 && positive)
        spec->transform = in->forest.f32 ? SPEC_COMPLEMENT_F32 : SPEC_COMPLEMENT_F64;
    else if (strcmp(post, "NONE") == 0)
        spec->transform = SPEC_IDENTITY; /* scores: -margin and margin */
    else
        return refuse_post(in, post);
    return RESULT_OK;
}

static enum result set_many(struct onnx *in, const char *post)
{
    struct spec *spec = &in->draft->spec;

    spec->label = SPEC_LABEL_MARGIN_ARGMAX;
    if (strcmp(post, "NONE") == 0)
        spec->transform = plain_scores(in);
    else if (strcmp(post, "SOFTMAX") == 0)
        spec->transform = in->forest.f32 ? SPEC_SOFTMAX_ONNX : SPEC_SOFTMAX_F64;
    else if (strcmp(post, "SOFTMAX_ZERO") == 0 && in->forest.f32)
        spec->transform = SPEC_SOFTMAX_ZERO_ONNX;
    else if (strcmp(post, "LOGISTIC") == 0)
        spec->transform = SPEC_LOGISTIC_ONNX;
    else
        return refuse_post(in, post);
    return RESULT_OK;
}

/*
 * ONNX Runtime takes no class for the greatest that no leaf gave a number to, unless there
 * are base values.  That makes no difference where each class has a tree of which every
 * leaf has a number for it.
 */
static enum result check_scored(const struct onnx *in)
{
    const struct onnx_attribute *base;
    uint32_t k;

    if (find_numbers(in, "base_values", &base) == RESULT_OK && base != NULL &&
        base->numbers.n != 0)
        return RESULT_OK;
    for (k = 0; k < in->draft->spec.n_outputs; k++)
        if (!in->forest.scored[k])
            return refuse(in, RESULT_INVALID,
                          "a class may be without a score, which ONNX Runtime leaves out of "
                          "the label");
    return RESULT_OK;
}

static enum result read_classifier(struct onnx *in)
{
    const struct onnx_attribute *strings = find(in, "classlabels_strings");
    const struct onnx_attribute *numbers = find(in, "classlabels_int64s");
    const char *post = text_of(in, "post_transform", "NONE");
    struct spec *spec = &in->draft->spec;
    uint64_t n = strings != NULL && strings->n_strings != 0 ? strings->n_strings
                 : numbers != NULL                          ? numbers->ints.n
                                                            : 0;
    enum result result;

    if (n < 2 || n > IMAGE_MAX_CLASSES)
        return refuse(in, RESULT_INVALID, "it has not from 2 to 4096 classes");
    spec->task = SPEC_CLASSIFY;
    spec->fold = SPEC_FOLD_SUM;
    spec->n_outputs = n == 2 ? 2 : (uint32_t)n;
    if ((result = read_older(in, "class")) != RESULT_OK ||
        (result = n == 2 ? set_two(in, post) : set_many(in, post)) != RESULT_OK)
        return result;
    spec->n_outputs = n == 2 ? 1 : (uint32_t)n;
    if ((result = read_base(in)) != RESULT_OK ||
        (result = make_targets(in, 1, (uint32_t)n)) != RESULT_OK ||
        (result = name_features(in)) != RESULT_OK ||
        (result = onnx_trees_make(&in->bytes, &in->forest, in->draft)) != RESULT_OK)
        return result;
    return n > 2 ? check_scored(in) : RESULT_OK;
}

/* Regressors, and ai.onnx.ml 5 ----------------------------------------------------------- */

static const struct {
    const char *name;
    enum spec_fold fold;
} folds[] = {{"AVERAGE", SPEC_FOLD_MEAN},
             {"SUM", SPEC_FOLD_SUM},
             {"MIN", SPEC_FOLD_MIN},
             {"MAX", SPEC_FOLD_MAX}};

/* Values, or the scores of classes where an ArgMax comes behind them. */
static enum result set_values(struct onnx *in, uint32_t n, const char *post)
{
    struct spec *spec = &in->draft->spec;

    if (strcmp(post, "NONE") != 0)
        return refuse_post(in, post);
    if (n == 1 && in->argmax)
        return refuse(in, RESULT_INVALID, "an ArgMax of one value");
    spec->task = in->argmax ? SPEC_CLASSIFY : SPEC_REGRESS;
    spec->transform = in->argmax ? plain_scores(in) : SPEC_IDENTITY;
    spec->label = SPEC_LABEL_MARGIN_ARGMAX;
    return in->argmax ? make_targets(in, 1, n) : make_targets(in, n, 0);
}

static enum result read_n_targets(struct onnx *in)
{
    const struct onnx_attribute *n = find(in, "n_targets");
    int64_t value = n == NULL || !n->has_i ? 1 : n->i;

    if (value < 1 || value > IMAGE_MAX_CLASSES)
        return refuse(in, RESULT_INVALID, "n_targets is not from 1 to 4096");
    in->draft->spec.n_outputs = (uint32_t)value;
    return RESULT_OK;
}

static enum result finish_values(struct onnx *in, const char *post)
{
    enum result result;

    in->draft->spec.divisor = in->forest.n_roots;
    if ((result = set_values(in, in->draft->spec.n_outputs, post)) != RESULT_OK ||
        (result = read_base(in)) != RESULT_OK || (result = name_features(in)) != RESULT_OK)
        return result;
    return onnx_trees_make(&in->bytes, &in->forest, in->draft);
}

static enum result read_regressor(struct onnx *in)
{
    const char *fold = text_of(in, "aggregate_function", "SUM");
    enum result result = read_n_targets(in);
    size_t i;

    for (i = 0; i < 4; i++)
        if (strcmp(fold, folds[i].name) == 0)
            in->draft->spec.fold = folds[i].fold;
    if (result == RESULT_OK && in->draft->spec.fold == 0)
        result = refuse(in, RESULT_MALFORMED, "its aggregate_function is not known");
    if (result == RESULT_OK)
        result = read_older(in, "target");
    return result == RESULT_OK ? finish_values(in, text_of(in, "post_transform", "NONE"))
                               : result;
}

/* The nodes of ai.onnx.ml 5. */
struct newer {
    const int64_t *features, *yes, *no, *yes_leaf, *no_leaf, *modes, *targets, *roots, *tracks;
    const double *splits, *weights, *members;
    uint64_t n, n_leaves, n_roots, n_members;
};

static enum result find_newer(const struct onnx *in, struct newer *newer)
{
    const struct onnx_attribute *features = find(in, "nodes_featureids");
    const struct onnx_attribute *targets = find(in, "leaf_targetids");
    const struct onnx_attribute *roots = find(in, "tree_roots");
    const struct onnx_attribute *tracks = find(in, "nodes_missing_value_tracks_true");
    const struct onnx_attribute *members;
    enum result result;

    newer->n = features == NULL ? 0 : features->ints.n;
    newer->n_leaves = targets == NULL ? 0 : targets->ints.n;
    newer->n_roots = roots == NULL ? 0 : roots->ints.n;
    if (newer->n == 0 || newer->n_leaves == 0 || newer->n_roots == 0 ||
        newer->n + newer->n_leaves >= UINT32_MAX || newer->n_roots > IMAGE_MAX_TREES)
        return refuse(in, RESULT_MALFORMED, "it has no nodes, no leaves or no roots");
    if ((result = need_ints(in, "nodes_featureids", newer->n, &newer->features)) != RESULT_OK ||
        (result = need_ints(in, "nodes_truenodeids", newer->n, &newer->yes)) != RESULT_OK ||
        (result = need_ints(in, "nodes_falsenodeids", newer->n, &newer->no)) != RESULT_OK ||
        (result = need_ints(in, "nodes_trueleafs", newer->n, &newer->yes_leaf)) != RESULT_OK ||
        (result = need_ints(in, "nodes_falseleafs", newer->n, &newer->no_leaf)) != RESULT_OK ||
        (result = need_ints(in, "nodes_modes", newer->n, &newer->modes)) != RESULT_OK ||
        (result = need_ints(in, "leaf_targetids", newer->n_leaves, &newer->targets)) !=
            RESULT_OK ||
        (result = need_ints(in, "tree_roots", newer->n_roots, &newer->roots)) != RESULT_OK ||
        (result = need_numbers(in, "nodes_splits", newer->n, &newer->splits)) != RESULT_OK ||
        (result = need_numbers(in, "leaf_weights", newer->n_leaves, &newer->weights)) !=
            RESULT_OK ||
        (result = find_numbers(in, "membership_values", &members)) != RESULT_OK)
        return result;
    newer->n_members = members == NULL ? 0 : members->numbers.n;
    newer->members = members == NULL ? NULL : members->numbers.items;
    if (tracks != NULL && tracks->ints.n != 0)
        result = need_ints(in, "nodes_missing_value_tracks_true", newer->n, &newer->tracks);
    return result;
}

/* The child of a node as a number of the splits, behind which the leaves stand. */
static bool child_of(const struct newer *newer, int64_t child, int64_t leaf, uint32_t *out)
{
    uint64_t n = leaf != 0 ? newer->n_leaves : newer->n;

    *out = (uint32_t)((leaf != 0 ? newer->n : 0) + (uint64_t)child);
    return child >= 0 && (uint64_t)child < n;
}

/* A membership's values up to the NaN that ends them. */
static enum result read_members(struct onnx *in, const struct newer *newer, uint64_t i,
                                uint64_t *at, struct onnx_split *split)
{
    split->member = (uint32_t)*at;
    while (*at < newer->n_members && !isnan(newer->members[*at])) {
        if (!isfinite(newer->members[*at]))
            return node_refuse(in, i, "a value of its set is not finite");
        in->forest.members[*at] = newer->members[*at];
        ++*at;
        split->n_members++;
    }
    if (*at >= newer->n_members && split->n_members == 0)
        return node_refuse(in, i, "its set has no values");
    ++*at; /* the NaN, or the end */
    return RESULT_OK;
}

static enum result read_newer_nodes(struct onnx *in, const struct newer *newer)
{
    struct onnx_forest *forest = &in->forest;
    enum result result = RESULT_OK;
    uint64_t i, member = 0;

    for (i = 0; i < newer->n && result == RESULT_OK; i++) {
        struct onnx_split *split = &forest->splits[i];

        if (newer->modes[i] < 0 || newer->modes[i] > ONNX_MEMBER)
            return node_refuse(in, i, "its mode is not known");
        split->mode = (uint8_t)newer->modes[i];
        split->feature = (uint32_t)newer->features[i];
        split->value = newer->splits[i];
        split->nan_true = newer->tracks != NULL && newer->tracks[i] != 0;
        result = check_split(in, i, split, newer->features[i]);
        if (result == RESULT_OK &&
            (!child_of(newer, newer->yes[i], newer->yes_leaf[i], &split->yes) ||
             !child_of(newer, newer->no[i], newer->no_leaf[i], &split->no)))
            result = node_refuse(in, i, "its child is not there");
        if (result == RESULT_OK && split->mode == ONNX_MEMBER)
            result = read_members(in, newer, i, &member, split);
    }
    return result;
}

/* The leaves, each with one weight, and the roots. */
static enum result read_newer_leaves(struct onnx *in, const struct newer *newer)
{
    struct onnx_forest *forest = &in->forest;
    uint64_t i;

    for (i = 0; i < newer->n_leaves; i++) {
        struct onnx_split *leaf = &forest->splits[newer->n + i];

        leaf->mode = ONNX_LEAF;
        leaf->id = leaf->weight = (uint32_t)i;
        leaf->n_weights = 1;
        if (newer->targets[i] < 0 || newer->targets[i] >= in->draft->spec.n_outputs ||
            !isfinite(newer->weights[i]))
            return node_refuse(in, i, "a leaf's target or weight is not right");
        forest->weights[i] = (struct onnx_weight){
            (uint32_t)(newer->n + i), (uint32_t)newer->targets[i], newer->weights[i]};
    }
    for (i = 0; i < newer->n_roots; i++) {
        if (newer->roots[i] < 0 || (uint64_t)newer->roots[i] >= newer->n)
            return refuse(in, RESULT_MALFORMED, "a root is not there");
        forest->roots[i] = (uint32_t)newer->roots[i];
    }
    return RESULT_OK;
}

static enum result read_newer(struct onnx *in)
{
    /* ONNX Runtime takes 1 for LOGISTIC and 2 for SOFTMAX. */
    static const char *const posts[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                        "PROBIT"};
    const struct onnx_attribute *fold = find(in, "aggregate_function");
    const struct onnx_attribute *post = find(in, "post_transform");
    struct onnx_forest *forest = &in->forest;
    enum result result = read_n_targets(in);
    struct newer newer = {0};

    if (result != RESULT_OK || (result = find_newer(in, &newer)) != RESULT_OK)
        return result;
    if ((fold != NULL && (fold->i < 0 || fold->i > 3)) ||
        (post != NULL && (post->i < 0 || post->i > 4)))
        return refuse(in, RESULT_MALFORMED,
                      "its aggregate_function or post_transform is not known");
    in->draft->spec.fold = folds[fold == NULL ? 1 : fold->i].fold;
    forest->splits = calloc(newer.n + newer.n_leaves, sizeof(*forest->splits));
    forest->weights = calloc(newer.n_leaves, sizeof(*forest->weights));
    forest->roots = calloc(newer.n_roots, sizeof(*forest->roots));
    forest->members = calloc(newer.n_members + 1, sizeof(*forest->members));
    if (forest->splits == NULL || forest->weights == NULL || forest->roots == NULL ||
        forest->members == NULL)
        return refuse(in, RESULT_NOMEM, "no memory for nodes");
    forest->n_splits = (uint32_t)(newer.n + newer.n_leaves);
    forest->n_weights = (uint32_t)newer.n_leaves;
    forest->n_roots = (uint32_t)newer.n_roots;
    if ((result = read_newer_nodes(in, &newer)) != RESULT_OK ||
        (result = read_newer_leaves(in, &newer)) != RESULT_OK)
        return result;
    return finish_values(in, posts[post == NULL ? 0 : post->i]);
}

/* The model --------------------------------------------------------------------------- */

static const struct {
    const char *op;
    enum result (*read)(struct onnx *in);
} operators[] = {{"TreeEnsembleClassifier", read_classifier},
                 {"TreeEnsembleRegressor", read_regressor},
                 {"TreeEnsemble", read_newer}};

static enum result read_trees(struct onnx *in)
{
    struct spec *spec = &in->draft->spec;
    size_t i;

    if (in->type != ONNX_FLOAT && in->type != ONNX_DOUBLE && in->type != ONNX_INT64 &&
        in->type != ONNX_INT32)
        return refuse(in, RESULT_INVALID, "rows that are not numbers");
    in->forest.f32 = in->type != ONNX_DOUBLE;
    spec->compare = in->forest.f32 ? SPEC_COMPARE_F32 : SPEC_COMPARE_F64;
    spec->sum = in->forest.f32 ? SPEC_SUM_F32 : SPEC_SUM_F64;
    for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(in->trees->op.text, operators[i].op) == 0)
            return operators[i].read(in);
    return refuse(in, RESULT_INVALID, "an operator that is not known");
}

enum result import_onnx(FILE *file, const char *name, const struct import_options *options,
                        struct draft *draft, struct reason *why)
{
    struct onnx in = {.bytes = {.file = file, .name = name, .why = why}, .draft = draft};
    enum result result;

    draft->facts.source = "onnx";
    draft->spec.category = SPEC_CATEGORY_SIGN;
    draft->spec.divisor = draft->spec.parameter = 1;
    result = onnx_graph_read(&in.bytes, &in.graph);
    if (result == RESULT_OK)
        result = read_graph(&in);
    if (result == RESULT_OK && options->found != NULL) {
        text_print(options->found->format, sizeof(options->found->format), "ONNX");
        utf8_quote(options->found->objective, sizeof(options->found->objective),
                   in.trees->op.text, strlen(in.trees->op.text));
    }
    if (result == RESULT_OK)
        result = read_trees(&in);
    onnx_forest_free(&in.forest);
    onnx_graph_free(&in.graph);
    return result;
}
