/*
 * import_treelite.c: a checkpoint of Treelite 4 as a draft: its head, and the forest.
 *
 * Sources: Treelite's docs/serialization/v4.rst, and its GTIL as what a checkpoint
 * answers: values are compared in the type of the leaves, missing ones (NaN) go the
 * default way, trees are added in their order in that type, divided by how many they are
 * where the outputs are averaged, and the base scores, which are float64, added last.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "forest/import.h"
#include "forest/import_treelite.h"

enum {
    MAJOR = 4,
    FLOAT32 = 2, /* TypeInfo */
    FLOAT64 = 3,
    ATTRIBUTES_MAX = 1 << 26, /* bytes of JSON that is passed over */
};

static enum result invalid(const struct treelite *in, const char *what, long long value)
{
    return import_bytes_refuse(&in->bytes, RESULT_INVALID, "%s %lld is not one that is read",
                               what, value);
}

/* The model ------------------------------------------------------------------------- */

static enum result read_versions(struct treelite *in)
{
    int32_t version[3];
    uint8_t types[2];
    enum result result = tl_take(in, version, sizeof(version));

    if (result == RESULT_OK && version[0] != MAJOR)
        return import_bytes_refuse(
            &in->bytes, RESULT_INVALID,
            "a checkpoint of Treelite %d.%d; version %d is read: write it "
            "with Treelite %d",
            (int)version[0], (int)version[1], MAJOR, MAJOR);
    if (result == RESULT_OK)
        result = tl_take(in, types, sizeof(types));
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

    if ((result = tl_take(in, &in->n_trees, sizeof(in->n_trees))) != RESULT_OK ||
        (result = tl_take(in, &in->n_features, sizeof(in->n_features))) != RESULT_OK ||
        (result = tl_take(in, &task, sizeof(task))) != RESULT_OK ||
        (result = tl_take(in, &average, sizeof(average))) != RESULT_OK ||
        (result = tl_take(in, &in->n_targets, sizeof(in->n_targets))) != RESULT_OK)
        return result;
    if (in->n_trees == 0 || in->n_trees > IMAGE_MAX_TREES)
        return tl_malformed(in, "the number of trees", (long long)in->n_trees);
    if (in->n_features <= 0 || in->n_features > IMAGE_MAX_FEATURES)
        return tl_malformed(in, "the number of features", in->n_features);
    if (task >= TL_TASK__MAX)
        return invalid(in, "the task", task);
    if (in->n_targets <= 0 || in->n_targets > IMAGE_MAX_CLASSES)
        return tl_malformed(in, "the number of targets", in->n_targets);
    in->task = (enum tl_task)task;
    in->average = average;
    return RESULT_OK;
}

/* The classes of each target, and the shape of leaves. */
static enum result read_classes(struct treelite *in)
{
    enum result result = tl_array_take(in, 4, (uint64_t)in->n_targets, &in->n_classes);
    uint64_t t, sum = 0;

    if (result == RESULT_OK && in->n_classes.n != (uint64_t)in->n_targets)
        return tl_malformed(in, "the length of num_class", (long long)in->n_classes.n);
    for (t = 0; result == RESULT_OK && t < in->n_classes.n; t++) {
        int32_t n = tl_int_at(&in->n_classes, t);

        if (n <= 0 || n > IMAGE_MAX_CLASSES)
            return tl_malformed(in, "a number of classes", n);
        in->most_classes = n > in->most_classes ? n : in->most_classes;
        sum += (uint64_t)n;
    }
    if (result == RESULT_OK && sum > IMAGE_MAX_CLASSES)
        return tl_malformed(in, "the number of outputs", (long long)sum);
    in->draft->spec.n_outputs = (uint32_t)sum;
    if (result == RESULT_OK)
        result = tl_array_take(in, 4, 2, &in->shape);
    if (result == RESULT_OK && in->shape.n != 2)
        result = tl_malformed(in, "the length of leaf_vector_shape", (long long)in->shape.n);
    return result;
}

/* Which target and which class each tree is for; -1 is all of them. */
static enum result read_ids(struct treelite *in)
{
    enum result result = tl_array_take(in, 4, in->n_trees, &in->target_ids);
    uint64_t i;

    if (result == RESULT_OK)
        result = tl_array_take(in, 4, in->n_trees, &in->class_ids);
    if (result == RESULT_OK &&
        (in->target_ids.n != in->n_trees || in->class_ids.n != in->n_trees))
        return tl_malformed(in, "the length of target_id or class_id",
                            (long long)in->class_ids.n);
    for (i = 0; result == RESULT_OK && i < in->n_trees; i++) {
        int32_t t = tl_int_at(&in->target_ids, i), c = tl_int_at(&in->class_ids, i), k;

        if (t < -1 || t >= in->n_targets)
            return tl_malformed(in, "a target_id", t);
        for (k = 0; k < in->n_targets; k++)
            if ((t == -1 || t == k) && (c < -1 || c >= tl_int_at(&in->n_classes, (uint64_t)k)))
                return tl_malformed(in, "a class_id", c);
    }
    return result;
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
        for (c = 0; c < tl_int_at(&in->n_classes, (uint64_t)t); c++, k++)
            for (i = 0; i < in->n_trees; i++)
                counts[k] += tl_tree_has(in, i, t, c);
    in->average = counts[0];
    for (k = 1; k < in->draft->spec.n_outputs && result == RESULT_OK; k++)
        if (counts[k] != counts[0])
            result = import_bytes_refuse(&in->bytes, RESULT_INVALID,
                                         "averages over %u and over %u trees in one model",
                                         (unsigned)counts[0], (unsigned)counts[k]);
    if (in->average == 0)
        result = tl_malformed(in, "the number of trees of an output", 0);
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
    if (in->task == TL_MULTI) {
        spec->task = SPEC_CLASSIFY;
        return posts[post].many;
    }
    if (in->most_classes != 1 || posts[post].many)
        return false;
    /* A sum that is not made a probability is answered as the value that it is. */
    if (in->task == TL_BINARY && posts[post].binary != 0) {
        spec->task = SPEC_CLASSIFY;
        spec->label = posts[post].binary;
        return true;
    }
    return posts[post].binary == 0;
}

static enum result read_post(struct treelite *in)
{
    struct tl_array name = {0};
    enum result result = tl_array_take(in, 1, TL_NAME_MAX, &name);
    float parameters[2] = {1, 1};
    size_t i = 0;

    if (result == RESULT_OK)
        result = tl_take(in, parameters, sizeof(parameters));
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
    enum result result = tl_array_take(in, 8, n, &in->base);
    bool zero = true;
    uint32_t k = 0;
    int32_t t, c;

    if (result == RESULT_OK && in->base.n != n)
        return tl_malformed(in, "the length of base_scores", (long long)in->base.n);
    if (result == RESULT_OK &&
        (draft->base = calloc(draft->spec.n_outputs, sizeof(*draft->base))) == NULL)
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory");
    for (t = 0; result == RESULT_OK && t < in->n_targets; t++)
        for (c = 0; c < tl_int_at(&in->n_classes, (uint64_t)t); c++, k++) {
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

static bool name_features(struct treelite *in)
{
    struct draft *draft = in->draft;
    uint32_t i;

    draft->features = calloc((size_t)in->n_features, sizeof(*draft->features));
    if (draft->features == NULL)
        return false;
    draft->n_features = (uint32_t)in->n_features;
    for (i = 0; i < draft->n_features; i++) {
        draft->features[i] = (struct draft_feature){
            .name = import_number_name("f", i), .type = IMAGE_REAL, .min = 1, .missing = true};
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

        n = in->task == TL_BINARY ? 2 : (uint32_t)tl_int_at(&in->n_classes, t);
        target->labels = calloc(n, sizeof(*target->labels));
        if (target->labels == NULL)
            return false;
        target->n_classes = n;
        for (c = 0; c < n; c++)
            if ((target->labels[c] = import_number_name("", c)) == NULL)
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
        (result = tl_text_skip(in, ATTRIBUTES_MAX)) != RESULT_OK ||
        (result = tl_fields_skip(in)) != RESULT_OK)
        return result;
    if (!name_features(in) || !name_targets(in))
        return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for names");
    return RESULT_OK;
}

/* The forest ------------------------------------------------------------------------ */

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
        result = tl_tree_read(in, draft->n_trees - 1, &draft->trees[draft->n_trees - 1]);
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
