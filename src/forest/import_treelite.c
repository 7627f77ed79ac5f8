/*
 * import_treelite.c: a checkpoint of Treelite 4 as a draft.
 *
 * Sources: Treelite's docs/serialization/v4.rst, and its GTIL as what a checkpoint
 * answers: values are compared in the type of the leaves, missing ones (NaN) go the
 * default way, trees are added in their order in that type, divided by how many they are
 * where the outputs are averaged, and the base scores, which are float64, added last.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "forest/import.h"
#include "forest/import_bytes.h"

enum {
    MAJOR = 4,
    FLOAT32 = 2, /* TypeInfo */
    FLOAT64 = 3,
    NAME_MAX_BYTES = 256,     /* of a postprocessor */
    ATTRIBUTES_MAX = 1 << 26, /* bytes of JSON that is passed over */
    CATEGORY_MAX = 1 << 24,   /* a float32 holds no greater whole number for sure */
    WORDS_MAX = 1 << 24,      /* of all sets */
    SPARSE_MAX = 64,          /* outputs for each number of a leaf */
    FIELDS_MAX = 1 << 10,     /* optional fields, which later versions may have */
};

enum task {
    BINARY = 0,
    REGRESSOR = 1,
    MULTI = 2,
    RANKING = 3,
    ISOLATION = 4,
    TASK__MAX
};

enum node_type {
    LEAF = 0,
    NUMERICAL = 1,
    CATEGORICAL = 2
};

enum operator{
    OP_NONE = 0,
    OP_EQ = 1,
    OP_LT = 2,
    OP_LE = 3,
    OP_GT = 4,
    OP_GE = 5
};

/* An array of the file: its length, and its items. */
struct array {
    void *items;
    uint64_t n;
};

/* The import under way. */
struct treelite {
    struct import_bytes bytes;
    struct draft *draft;
    struct import_found *found; /* or NULL */
    bool f32;
    enum task task;
    uint64_t n_trees, n_words;
    int32_t n_features, n_targets, most_classes;
    uint32_t average; /* trees that each output has, or 0 where they are not averaged */
    struct array n_classes, shape, target_ids, class_ids, base;
};

/* A tree's arrays, in the order of the file; the numbers are its leaf or threshold type's. */
enum part {
    NODE_TYPE,
    LEFT,
    RIGHT,
    FEATURE,
    DEFAULT_LEFT,
    LEAF_VALUE,
    THRESHOLD,
    OPERATOR,
    SET_RIGHT,
    VECTOR,
    VECTOR_BEGIN,
    VECTOR_END,
    CATEGORY,
    CATEGORY_BEGIN,
    CATEGORY_END,
    COUNT,
    COUNT_THERE,
    HESSIAN,
    HESSIAN_THERE,
    GAIN,
    GAIN_THERE,
    PART__MAX
};

enum {
    SIZE_OF_TYPE = 0, /* 4 or 8 bytes, by the model */
    MANY = 0,         /* as many items as it says */
    EACH = 1,         /* one for each node */
    EACH_OR_NONE = 2,
};

static const struct {
    const char *name;
    uint8_t size, items;
} parts[PART__MAX] = {
    [NODE_TYPE] = {"node_type", 1, EACH},
    [LEFT] = {"cleft", 4, EACH},
    [RIGHT] = {"cright", 4, EACH},
    [FEATURE] = {"split_index", 4, EACH},
    [DEFAULT_LEFT] = {"default_left", 1, EACH},
    [LEAF_VALUE] = {"leaf_value", SIZE_OF_TYPE, EACH},
    [THRESHOLD] = {"threshold", SIZE_OF_TYPE, EACH},
    [OPERATOR] = {"cmp", 1, EACH},
    [SET_RIGHT] = {"category_list_right_child", 1, EACH},
    [VECTOR] = {"leaf_vector", SIZE_OF_TYPE, MANY},
    [VECTOR_BEGIN] = {"leaf_vector_begin", 8, EACH},
    [VECTOR_END] = {"leaf_vector_end", 8, EACH},
    [CATEGORY] = {"category_list", 4, MANY},
    [CATEGORY_BEGIN] = {"category_list_begin", 8, EACH},
    [CATEGORY_END] = {"category_list_end", 8, EACH},
    [COUNT] = {"data_count", 8, EACH_OR_NONE},
    [COUNT_THERE] = {"data_count_present", 1, EACH_OR_NONE},
    [HESSIAN] = {"sum_hess", 8, EACH_OR_NONE},
    [HESSIAN_THERE] = {"sum_hess_present", 1, EACH_OR_NONE},
    [GAIN] = {"gain", 8, EACH_OR_NONE},
    [GAIN_THERE] = {"gain_present", 1, EACH_OR_NONE},
};

struct source {
    struct array parts[PART__MAX];
    uint32_t n_nodes;
    uint64_t categories_left; /* in the list, of no node so far: each has its own */
};

/* Small things ---------------------------------------------------------------------- */

static enum result take(struct treelite *in, void *to, size_t size)
{
    return import_bytes_take(&in->bytes, to, size);
}

static enum result invalid(const struct treelite *in, const char *what, long long value)
{
    return import_bytes_refuse(&in->bytes, RESULT_INVALID, "%s %lld is not one that is read",
                               what, value);
}

static enum result malformed(const struct treelite *in, const char *what, long long value)
{
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "%s is %lld", what, value);
}

/* A length, and that many items. */
static enum result take_array(struct treelite *in, size_t size, uint64_t max,
                              struct array *array)
{
    enum result result = take(in, &array->n, sizeof(array->n));

    if (result == RESULT_OK && array->n > max)
        result = import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                     "an array of %llu items; at most %llu are allowed here",
                                     (unsigned long long)array->n, (unsigned long long)max);
    if (result == RESULT_OK)
        result = import_bytes_array(&in->bytes, size, array->n, &array->items);
    return result;
}

static int32_t int_at(const struct array *array, uint64_t i)
{
    return ((const int32_t *)array->items)[i];
}

/* A text that is passed over. */
static enum result skip_text(struct treelite *in, uint64_t max)
{
    uint64_t len = 0;
    enum result result = take(in, &len, sizeof(len));

    if (result == RESULT_OK && len > max)
        result = import_bytes_refuse(&in->bytes, RESULT_TOO_BIG, "a text of %llu bytes",
                                     (unsigned long long)len);
    return result == RESULT_OK ? import_bytes_skip(&in->bytes, len) : result;
}

/* What later versions may add, told by name and size. */
static enum result skip_fields(struct treelite *in)
{
    int32_t n = 0, i;
    uint64_t size[2];
    enum result result = take(in, &n, sizeof(n));

    if (result == RESULT_OK && (n < 0 || n > FIELDS_MAX))
        result = malformed(in, "the number of optional fields", n);
    for (i = 0; i < n && result == RESULT_OK; i++) {
        result = skip_text(in, NAME_MAX_BYTES);
        if (result == RESULT_OK)
            result = take(in, size, sizeof(size));
        if (result == RESULT_OK && size[0] != 0 && size[1] > UINT64_MAX / size[0])
            result = malformed(in, "the size of an optional field", -1);
        if (result == RESULT_OK)
            result = import_bytes_skip(&in->bytes, size[0] * size[1]);
    }
    return result;
}

/* The model ------------------------------------------------------------------------- */

static enum result read_versions(struct treelite *in)
{
    int32_t version[3];
    uint8_t types[2];
    enum result result = take(in, version, sizeof(version));

    if (result == RESULT_OK && version[0] != MAJOR)
        return import_bytes_refuse(
            &in->bytes, RESULT_INVALID,
            "a checkpoint of Treelite %d.%d; version %d is read: write it "
            "with Treelite %d",
            (int)version[0], (int)version[1], MAJOR, MAJOR);
    if (result == RESULT_OK)
        result = take(in, types, sizeof(types));
    if (result != RESULT_OK)
        return result;
    if (in->found != NULL) {
        text_print(in->found->format, sizeof(in->found->format), "Treelite checkpoint");
        text_print(in->found->version, sizeof(in->found->version), "%d.%d.%d", (int)version[0],
                   (int)version[1], (int)version[2]);
    }
    if (types[0] != types[1] || (types[0] != FLOAT32 && types[0] != FLOAT64))
        return invalid(in, "the type of thresholds and leaves", types[0] << 8 | types[1]);
    in->f32 = types[0] == FLOAT32;
    in->draft->spec.compare = in->f32 ? SPEC_COMPARE_F32 : SPEC_COMPARE_F64;
    in->draft->spec.sum = in->f32 ? SPEC_SUM_F32 : SPEC_SUM_F64;
    return RESULT_OK;
}

static enum result read_counts(struct treelite *in)
{
    uint8_t task, average;
    enum result result;

    if ((result = take(in, &in->n_trees, sizeof(in->n_trees))) != RESULT_OK ||
        (result = take(in, &in->n_features, sizeof(in->n_features))) != RESULT_OK ||
        (result = take(in, &task, sizeof(task))) != RESULT_OK ||
        (result = take(in, &average, sizeof(average))) != RESULT_OK ||
        (result = take(in, &in->n_targets, sizeof(in->n_targets))) != RESULT_OK)
        return result;
    if (in->n_trees == 0 || in->n_trees > IMAGE_MAX_TREES)
        return malformed(in, "the number of trees", (long long)in->n_trees);
    if (in->n_features <= 0 || in->n_features > IMAGE_MAX_FEATURES)
        return malformed(in, "the number of features", in->n_features);
    if (task >= TASK__MAX)
        return invalid(in, "the task", task);
    if (in->n_targets <= 0 || in->n_targets > IMAGE_MAX_CLASSES)
        return malformed(in, "the number of targets", in->n_targets);
    in->task = (enum task)task;
    in->average = average;
    return RESULT_OK;
}

/* The classes of each target, and the shape of leaves. */
static enum result read_classes(struct treelite *in)
{
    enum result result = take_array(in, 4, (uint64_t)in->n_targets, &in->n_classes);
    uint64_t t, sum = 0;

    if (result == RESULT_OK && in->n_classes.n != (uint64_t)in->n_targets)
        return malformed(in, "the length of num_class", (long long)in->n_classes.n);
    for (t = 0; result == RESULT_OK && t < in->n_classes.n; t++) {
        int32_t n = int_at(&in->n_classes, t);

        if (n <= 0 || n > IMAGE_MAX_CLASSES)
            return malformed(in, "a number of classes", n);
        in->most_classes = n > in->most_classes ? n : in->most_classes;
        sum += (uint64_t)n;
    }
    if (result == RESULT_OK && sum > IMAGE_MAX_CLASSES)
        return malformed(in, "the number of outputs", (long long)sum);
    in->draft->spec.n_outputs = (uint32_t)sum;
    if (result == RESULT_OK)
        result = take_array(in, 4, 2, &in->shape);
    if (result == RESULT_OK && in->shape.n != 2)
        result = malformed(in, "the length of leaf_vector_shape", (long long)in->shape.n);
    return result;
}

/* Which target and which class each tree is for; -1 is all of them. */
static enum result read_ids(struct treelite *in)
{
    enum result result = take_array(in, 4, in->n_trees, &in->target_ids);
    uint64_t i;

    if (result == RESULT_OK)
        result = take_array(in, 4, in->n_trees, &in->class_ids);
    if (result == RESULT_OK &&
        (in->target_ids.n != in->n_trees || in->class_ids.n != in->n_trees))
        return malformed(in, "the length of target_id or class_id", (long long)in->class_ids.n);
    for (i = 0; result == RESULT_OK && i < in->n_trees; i++) {
        int32_t t = int_at(&in->target_ids, i), c = int_at(&in->class_ids, i), k;

        if (t < -1 || t >= in->n_targets)
            return malformed(in, "a target_id", t);
        for (k = 0; k < in->n_targets; k++)
            if ((t == -1 || t == k) && (c < -1 || c >= int_at(&in->n_classes, (uint64_t)k)))
                return malformed(in, "a class_id", c);
    }
    return result;
}

/* Whether a tree gives a number to that output. */
static bool tree_has(const struct treelite *in, uint64_t tree, int32_t target, int32_t class)
{
    int32_t t = int_at(&in->target_ids, tree), c = int_at(&in->class_ids, tree);

    return (t == -1 || t == target) && (c == -1 || c == class);
}

/* Averages divide each output by its own trees; here by one number for all of them. */
static enum result count_trees(struct treelite *in)
{
    uint32_t *counts = calloc(in->draft->spec.n_outputs, sizeof(*counts)), k = 0;
    enum result result = RESULT_OK;
    int32_t t, c;
    uint64_t i;

    if (counts == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory");
    for (t = 0; t < in->n_targets; t++)
        for (c = 0; c < int_at(&in->n_classes, (uint64_t)t); c++, k++)
            for (i = 0; i < in->n_trees; i++)
                counts[k] += tree_has(in, i, t, c);
    in->average = counts[0];
    for (k = 1; k < in->draft->spec.n_outputs && result == RESULT_OK; k++)
        if (counts[k] != counts[0])
            result = import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                         "averages over %u and over %u trees in one model",
                                         (unsigned)counts[0], (unsigned)counts[k]);
    if (in->average == 0)
        result = malformed(in, "the number of trees of an output", 0);
    free(counts);
    return result;
}

/* How sums become answers ------------------------------------------------------------ */

/* The transform of each postprocessor by the type of leaves; 0: not in that type. */
static const struct {
    const char *name;
    unsigned f32, f64;
    enum spec_label binary; /* the label of two classes with one margin; 0: none */
    bool alpha, ratio;      /* whether it has that parameter */
    bool many;              /* for several classes */
} posts[] = {
    {"identity", SPEC_IDENTITY, SPEC_IDENTITY, 0, false, false, false},
    {"identity_multiclass", SPEC_FRACTIONS, SPEC_FRACTIONS, 0, false, false, true},
    {"signed_square", 0, SPEC_SIGNED_SQUARE, 0, false, false, false},
    {"hinge", SPEC_HINGE, SPEC_HINGE, SPEC_LABEL_MARGIN_ABOVE, false, false, false},
    {"sigmoid", SPEC_SIGMOID_PLAIN_F32, SPEC_SIGMOID_F64, SPEC_LABEL_ABOVE_HALF, true, false,
     false},
    {"exponential", SPEC_EXP_F32, SPEC_EXP_F64, 0, false, false, false},
    {"exponential_standard_ratio", 0, SPEC_EXP2_F64, 0, false, true, false},
    {"logarithm_one_plus_exp", 0, SPEC_LOG1P_EXP, 0, false, false, false},
    {"softmax", SPEC_SOFTMAX_F32, SPEC_SOFTMAX_TREELITE, 0, false, false, true},
    {"multiclass_ova", SPEC_SIGMOIDS_PLAIN_F32, SPEC_SIGMOIDS_F64, 0, true, false, true},
    {0},
};

/* Whether the task and the postprocessor at `post` are of one mind, and what they make. */
static bool set_task(struct treelite *in, size_t post)
{
    struct spec *spec = &in->draft->spec;

    spec->task = SPEC_REGRESS;
    spec->label = SPEC_LABEL_ARGMAX;
    if (in->task == MULTI) {
        spec->task = SPEC_CLASSIFY;
        return posts[post].many;
    }
    if (in->most_classes != 1 || posts[post].many)
        return false;
    /* A sum that is not made a probability is answered as the value that it is. */
    if (in->task == BINARY && posts[post].binary != 0) {
        spec->task = SPEC_CLASSIFY;
        spec->label = posts[post].binary;
        return true;
    }
    return posts[post].binary == 0;
}

static enum result read_post(struct treelite *in)
{
    struct array name = {0};
    enum result result = take_array(in, 1, NAME_MAX_BYTES, &name);
    float parameters[2] = {1, 1};
    size_t i = 0;

    if (result == RESULT_OK)
        result = take(in, parameters, sizeof(parameters));
    while (result == RESULT_OK && posts[i].name != NULL &&
           strcmp(posts[i].name, name.items) != 0)
        i++;
    if (result == RESULT_OK) {
        struct spec *spec = &in->draft->spec;
        unsigned transform = posts[i].name == NULL ? 0 : in->f32 ? posts[i].f32 : posts[i].f64;

        spec->transform = (enum spec_transform)transform;
        if (in->found != NULL && posts[i].name != NULL)
            text_print(in->found->objective, sizeof(in->found->objective), "%s", posts[i].name);
        spec->parameter = posts[i].ratio   ? (double)parameters[1]
                          : posts[i].alpha ? (double)parameters[0]
                                           : 1;
        if (transform == 0)
            result =
                import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                    "the postprocessor \"%.40s\" of %s is not one that "
                                    "is read",
                                    (const char *)name.items, in->f32 ? "float32" : "float64");
        else if (!set_task(in, i))
            result = import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                         "the postprocessor \"%s\" for task %d and %d classes",
                                         posts[i].name, (int)in->task, (int)in->most_classes);
    }
    free(name.items);
    return result;
}

/* The base scores, without those that only fill up; where all are 0 they change nothing. */
static enum result read_base(struct treelite *in)
{
    const uint64_t n = (uint64_t)in->n_targets * (uint64_t)in->most_classes;
    struct draft *draft = in->draft;
    enum result result = take_array(in, 8, n, &in->base);
    bool zero = true;
    uint32_t k = 0;
    int32_t t, c;

    if (result == RESULT_OK && in->base.n != n)
        return malformed(in, "the length of base_scores", (long long)in->base.n);
    if (result == RESULT_OK &&
        (draft->base = calloc(draft->spec.n_outputs, sizeof(*draft->base))) == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory");
    for (t = 0; result == RESULT_OK && t < in->n_targets; t++)
        for (c = 0; c < int_at(&in->n_classes, (uint64_t)t); c++, k++) {
            memcpy(&draft->base[k],
                   (const double *)in->base.items + (size_t)t * (size_t)in->most_classes +
                       (size_t)c,
                   sizeof(*draft->base));
            zero = zero && draft->base[k] == 0;
        }
    for (k = 0; zero && result == RESULT_OK && k < draft->spec.n_outputs; k++)
        draft->base[k] = 0; /* of either sign */
    draft->spec.divisor = in->average != 0 ? in->average : 1;
    if (in->average != 0)
        draft->spec.fold = zero ? SPEC_FOLD_MEAN : SPEC_FOLD_MEAN_THEN_BASE;
    else
        draft->spec.fold = zero ? SPEC_FOLD_SUM : SPEC_FOLD_SUM_THEN_BASE;
    return result;
}

/* Names, which a checkpoint does not have ---------------------------------------------- */

static char *number_name(const char *before, int32_t i)
{
    char *name = NULL;

    return asprintf(&name, "%s%d", before, (int)i) < 0 ? NULL : name;
}

static bool name_features(struct treelite *in)
{
    struct draft *draft = in->draft;
    uint32_t i;

    draft->features = calloc((size_t)in->n_features, sizeof(*draft->features));
    if (draft->features == NULL)
        return false;
    draft->n_features = (uint32_t)in->n_features;
    for (i = 0; i < draft->n_features; i++) {
        draft->features[i] = (struct draft_feature){.name = number_name("f", (int32_t)i),
                                                    .type = IMAGE_REAL,
                                                    .min = 1,
                                                    .missing = true};
        if (draft->features[i].name == NULL)
            return false;
    }
    return draft_columns_make(draft) == RESULT_OK;
}

/* Classes are 0, 1, 2 ...; a target with one margin has two of them, or is a value. */
static bool name_targets(struct treelite *in)
{
    struct draft *draft = in->draft;
    uint32_t t, c, n;

    draft->targets = calloc((size_t)in->n_targets, sizeof(*draft->targets));
    if (draft->targets == NULL)
        return false;
    draft->n_targets = (uint32_t)in->n_targets;
    for (t = 0; t < draft->n_targets && draft->spec.task == SPEC_CLASSIFY; t++) {
        struct draft_target *target = &draft->targets[t];

        n = in->task == BINARY ? 2 : (uint32_t)int_at(&in->n_classes, t);
        target->labels = calloc(n, sizeof(*target->labels));
        if (target->labels == NULL)
            return false;
        target->n_classes = n;
        for (c = 0; c < n; c++)
            if ((target->labels[c] = number_name("", (int32_t)c)) == NULL)
                return false;
    }
    return true;
}

static enum result read_head(struct treelite *in)
{
    enum result result;

    if ((result = read_versions(in)) != RESULT_OK || (result = read_counts(in)) != RESULT_OK ||
        (result = read_classes(in)) != RESULT_OK || (result = read_ids(in)) != RESULT_OK ||
        (in->average != 0 && (result = count_trees(in)) != RESULT_OK) ||
        (result = read_post(in)) != RESULT_OK || (result = read_base(in)) != RESULT_OK ||
        (result = skip_text(in, ATTRIBUTES_MAX)) != RESULT_OK ||
        (result = skip_fields(in)) != RESULT_OK)
        return result;
    if (!name_features(in) || !name_targets(in))
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for names");
    return RESULT_OK;
}

/* Trees ----------------------------------------------------------------------------- */

static double number_at(const struct treelite *in, const struct array *array, uint64_t i)
{
    return in->f32 ? (double)((const float *)array->items)[i]
                   : ((const double *)array->items)[i];
}

static uint64_t u64_at(const struct array *array, uint64_t i)
{
    return ((const uint64_t *)array->items)[i];
}

static uint8_t byte_at(const struct array *array, uint64_t i)
{
    return ((const uint8_t *)array->items)[i];
}

static enum result node_refuse(const struct treelite *in, uint32_t node, const char *what)
{
    return import_bytes_refuse(&in->bytes, RESULT_INVALID, "node %u: %s", (unsigned)node, what);
}

/* Reads the arrays of a tree; those that are there have an item for each node. */
static enum result read_source(struct treelite *in, struct source *source)
{
    enum result result;
    int32_t n_nodes;
    uint8_t categorical;
    unsigned i;

    if ((result = take(in, &n_nodes, sizeof(n_nodes))) != RESULT_OK ||
        (result = take(in, &categorical, sizeof(categorical))) != RESULT_OK)
        return result;
    if (n_nodes <= 0 || n_nodes > IMPORT_MAX_NODES)
        return malformed(in, "the number of nodes", n_nodes);
    source->n_nodes = (uint32_t)n_nodes;
    for (i = 0; i < PART__MAX && result == RESULT_OK; i++) {
        size_t size = parts[i].size != SIZE_OF_TYPE ? parts[i].size : in->f32 ? 4 : 8;
        uint64_t max = parts[i].items == MANY ? UINT32_MAX : source->n_nodes, n;

        result = take_array(in, size, max, &source->parts[i]);
        n = source->parts[i].n;
        if (result == RESULT_OK && parts[i].items != MANY && n != source->n_nodes &&
            (parts[i].items == EACH || n != 0))
            result = import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                         "%s has %llu items for %u nodes", parts[i].name,
                                         (unsigned long long)n, (unsigned)source->n_nodes);
    }
    if (result == RESULT_OK)
        result = skip_fields(in);
    return result == RESULT_OK ? skip_fields(in) : result;
}

/* Hessians as the weights of the training rows, else their counts, else nothing. */
static double cover_of(const struct source *source, uint32_t i)
{
    const struct array *parts_of = source->parts;

    if (parts_of[HESSIAN].n != 0 && parts_of[HESSIAN_THERE].n != 0 &&
        byte_at(&parts_of[HESSIAN_THERE], i) != 0)
        return ((const double *)parts_of[HESSIAN].items)[i];
    if (parts_of[COUNT].n != 0 && parts_of[COUNT_THERE].n != 0 &&
        byte_at(&parts_of[COUNT_THERE], i) != 0)
        return (double)u64_at(&parts_of[COUNT], i);
    return 0;
}

static void change_children(struct draft_node *node)
{
    uint32_t left = node->left;

    node->left = node->right;
    node->right = left;
    node->nan_left = !node->nan_left;
}

/* value < t, value > t and value >= t as <=; the next lower number is of the leaves' type. */
static enum result set_threshold(const struct treelite *in, const struct source *source,
                                 uint32_t i, struct draft_node *node)
{
    double t = number_at(in, &source->parts[THRESHOLD], i);
    double below = in->f32 ? (double)nextafterf((float)t, -INFINITY) : nextafter(t, -INFINITY);
    const uint8_t op = byte_at(&source->parts[OPERATOR], i);

    if (op == OP_EQ)
        return node_refuse(in, i, "a comparison with == has no place here");
    if (op < OP_LT || op > OP_GE)
        return node_refuse(in, i, "its comparison is not known");
    if (isnan(t) || (op != OP_LE && op != OP_GT && t == -INFINITY))
        return node_refuse(in, i, "its threshold is no number that anything is compared with");
    node->threshold = op == OP_LT || op == OP_GE ? below : t;
    if (op == OP_GT || op == OP_GE)
        change_children(node);
    return RESULT_OK;
}

/* Makes room for one more set of that many words. */
static struct draft_set *add_set(struct treelite *in, struct draft_tree *tree, uint32_t n_words)
{
    struct draft_set *sets = tree->sets;

    if ((tree->n_sets & (tree->n_sets - 1)) == 0)
        sets = realloc(sets, (tree->n_sets == 0 ? 1 : (size_t)tree->n_sets * 2) *
                                 sizeof(*tree->sets));
    if (sets == NULL)
        return NULL;
    tree->sets = sets;
    sets[tree->n_sets].n_words = n_words;
    sets[tree->n_sets].words = calloc((size_t)n_words + 1, sizeof(*sets->words));
    if (sets[tree->n_sets].words == NULL)
        return NULL;
    in->n_words += n_words + (uint64_t)1;
    return &sets[tree->n_sets++];
}

/* The categories of a node as a set.  A float32 over 2^24 is in no set, there as here. */
static enum result set_categories(struct treelite *in, struct source *source, uint32_t i,
                                  struct draft_tree *tree, struct draft_node *node)
{
    const uint64_t begin = u64_at(&source->parts[CATEGORY_BEGIN], i);
    const uint64_t end = u64_at(&source->parts[CATEGORY_END], i);
    const uint32_t *categories = source->parts[CATEGORY].items;
    struct draft_set *set;
    uint32_t most = 0;
    uint64_t k;

    if (begin > end || end > source->parts[CATEGORY].n || end - begin > source->categories_left)
        return node_refuse(in, i, "its categories are not there");
    source->categories_left -= end - begin;
    for (k = begin; k < end; k++) {
        if (categories[k] > CATEGORY_MAX)
            return node_refuse(in, i, "a category over 16777216");
        most = categories[k] > most ? categories[k] : most;
    }
    if (in->n_words + most / 32 > WORDS_MAX)
        return import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                   "node %u: the sets of categories take too much memory",
                                   (unsigned)i);
    set = add_set(in, tree, most / 32 + 1);
    if (set == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for categories");
    for (k = begin; k < end; k++)
        set->words[categories[k] / 32] |= UINT32_C(1) << categories[k] % 32;
    node->set = tree->n_sets;
    if (byte_at(&source->parts[SET_RIGHT], i) != 0)
        change_children(node);
    return RESULT_OK;
}

/* The child as the draft has it; node 0 is nobody's. */
static enum result child_of(struct treelite *in, const struct source *source, enum part side,
                            uint32_t i, uint32_t *out)
{
    int32_t child = int_at(&source->parts[side], i);

    if (child <= 0 || (uint32_t)child >= source->n_nodes)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "node %u: its child is %d",
                                   (unsigned)i, (int)child);
    *out = (uint32_t)child;
    return RESULT_OK;
}

static enum result make_split(struct treelite *in, struct source *source, uint32_t i,
                              struct draft_tree *tree)
{
    struct draft_node *node = &tree->nodes[i];
    int32_t feature = int_at(&source->parts[FEATURE], i);
    enum result result;

    if (feature < 0 || feature >= in->n_features)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "node %u: feature %d of %d",
                                   (unsigned)i, (int)feature, (int)in->n_features);
    node->column = (uint32_t)feature;
    node->nan_left = byte_at(&source->parts[DEFAULT_LEFT], i) != 0;
    if ((result = child_of(in, source, LEFT, i, &node->left)) != RESULT_OK ||
        (result = child_of(in, source, RIGHT, i, &node->right)) != RESULT_OK)
        return result;
    return byte_at(&source->parts[NODE_TYPE], i) == CATEGORICAL
               ? set_categories(in, source, i, tree, node)
               : set_threshold(in, source, i, node);
}

/* A leaf of one number for one output, or of all outputs' numbers, 0 where it has none. */
static enum result make_leaf(struct treelite *in, const struct source *source, uint32_t i,
                             uint32_t t, struct draft_tree *tree)
{
    const uint64_t begin = u64_at(&source->parts[VECTOR_BEGIN], i);
    const uint64_t end = u64_at(&source->parts[VECTOR_END], i);
    const int32_t target = int_at(&in->target_ids, t), class = int_at(&in->class_ids, t);
    const int32_t rows = int_at(&in->shape, 0), columns = int_at(&in->shape, 1);
    double *leaf = tree->leaves + (size_t)tree->nodes[i].leaf * tree->width;
    uint32_t k = 0;
    int32_t a, b;

    if (begin > end || end > source->parts[VECTOR].n)
        return node_refuse(in, i, "its leaf's numbers are not there");
    if (rows != (target == -1 ? in->n_targets : 1) ||
        columns != (class == -1 ? in->most_classes : 1) ||
        (begin == end ? rows * columns != 1 || target == -1 || class == -1
                      : end - begin != (uint64_t)rows * (uint64_t)columns))
        return node_refuse(in, i, "its leaf does not have the model's shape");
    if (tree->width == 1) {
        leaf[0] = begin == end ? number_at(in, &source->parts[LEAF_VALUE], i)
                               : number_at(in, &source->parts[VECTOR], begin);
        return RESULT_OK;
    }
    for (a = 0; a < in->n_targets; a++)
        for (b = 0; b < int_at(&in->n_classes, (uint64_t)a); b++, k++)
            if (tree_has(in, t, a, b))
                leaf[k] =
                    number_at(in, &source->parts[VECTOR],
                              begin + (uint64_t)(target == -1 ? a : 0) * (uint64_t)columns +
                                  (uint64_t)(class == -1 ? b : 0));
    return RESULT_OK;
}

/* The output of a tree that has one, and how wide its leaves are. */
static void set_width(const struct treelite *in, uint32_t t, struct draft_tree *tree)
{
    const int32_t target = int_at(&in->target_ids, t), class = int_at(&in->class_ids, t);
    int32_t k;

    tree->width = in->draft->spec.n_outputs;
    if (target == -1 || class == -1)
        return;
    tree->width = 1;
    for (k = 0; k < target; k++)
        tree->output += (uint32_t)int_at(&in->n_classes, (uint64_t)k);
    tree->output += (uint32_t) class;
}

/* Whether the numbers of the leaves can be there, before memory is asked for them. */
static enum result check_leaves(const struct treelite *in, const struct source *source,
                                const struct draft_tree *tree)
{
    const int64_t size = (int64_t)int_at(&in->shape, 0) * int_at(&in->shape, 1);

    if (tree->width == 1)
        return RESULT_OK;
    if (size <= 0 || tree->n_leaves > source->parts[VECTOR].n / (uint64_t)size)
        return import_bytes_refuse(&in->bytes, RESULT_MALFORMED,
                                   "%llu numbers for %u leaves, %lld each",
                                   (unsigned long long)source->parts[VECTOR].n,
                                   (unsigned)tree->n_leaves, (long long)size);
    if (tree->width / (uint64_t)size > SPARSE_MAX)
        return import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                   "leaves have %lld numbers for %u outputs", (long long)size,
                                   (unsigned)tree->width);
    return RESULT_OK;
}

static enum result make_tree(struct treelite *in, struct source *source, uint32_t t,
                             struct draft_tree *tree)
{
    enum result result = RESULT_OK;
    uint32_t i;

    set_width(in, t, tree);
    for (i = 0; i < source->n_nodes; i++)
        tree->n_leaves += byte_at(&source->parts[NODE_TYPE], i) == LEAF;
    source->categories_left = source->parts[CATEGORY].n;
    result = check_leaves(in, source, tree);
    if (result != RESULT_OK)
        return result;
    tree->nodes = calloc((size_t)source->n_nodes + 1, sizeof(*tree->nodes));
    tree->leaves = calloc((size_t)tree->n_leaves + 1, tree->width * sizeof(*tree->leaves));
    if (tree->nodes == NULL || tree->leaves == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for a tree");
    tree->n_nodes = source->n_nodes;
    tree->n_leaves = 0;
    for (i = 0; i < tree->n_nodes && result == RESULT_OK; i++) {
        tree->nodes[i].cover = cover_of(source, i);
        tree->nodes[i].id = i;
        switch (byte_at(&source->parts[NODE_TYPE], i)) {
        case LEAF:
            tree->nodes[i].leaf = tree->n_leaves++;
            result = make_leaf(in, source, i, t, tree);
            break;
        case NUMERICAL:
        case CATEGORICAL:
            result = make_split(in, source, i, tree);
            break;
        default:
            result = node_refuse(in, i, "its type is not known");
        }
    }
    return result;
}

static enum result read_tree(struct treelite *in, uint32_t t, struct draft_tree *tree)
{
    struct source source = {0};
    enum result result;
    unsigned i;

    import_bytes_place(&in->bytes, "tree %u", (unsigned)t);
    result = read_source(in, &source);
    if (result == RESULT_OK)
        result = make_tree(in, &source, t, tree);
    for (i = 0; i < PART__MAX; i++)
        free(source.parts[i].items);
    return result;
}

static enum result read_trees(struct treelite *in)
{
    struct draft *draft = in->draft;
    enum result result = RESULT_OK;

    /* There were two ids for each tree, so their number is no empty word. */
    draft->trees = calloc(in->n_trees + 1, sizeof(*draft->trees));
    if (draft->trees == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for trees");
    while (draft->n_trees < in->n_trees && result == RESULT_OK) {
        draft->n_trees++;
        result = read_tree(in, draft->n_trees - 1, &draft->trees[draft->n_trees - 1]);
    }
    import_bytes_place(&in->bytes, "%s", "");
    return result == RESULT_OK ? import_bytes_end(&in->bytes) : result;
}

enum result import_treelite(FILE *file, const char *name, const struct import_options *options,
                            struct draft *draft, struct reason *why)
{
    struct treelite in = {.bytes = {.file = file, .name = name, .why = why},
                          .draft = draft,
                          .found = options->found};
    enum result result;

    draft->facts.source = "treelite";
    draft->spec.category = SPEC_CATEGORY_SIGN;
    result = read_head(&in);
    if (result == RESULT_OK)
        result = read_trees(&in);
    free(in.n_classes.items);
    free(in.shape.items);
    free(in.target_ids.items);
    free(in.class_ids.items);
    free(in.base.items);
    return result;
}
