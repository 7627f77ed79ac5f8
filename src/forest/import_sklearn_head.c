/*
 * import_sklearn_head.c: the JSON that a file of model/export_sklearn.py begins with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "forest/import_sklearn.h"

/* The JSON ------------------------------------------------------------------------- */

/* What the reader of JSON says, if it has stopped, or else what was expected. */
static enum result refuse(struct sklearn *in, const char *what)
{
    if (json_result(&in->json) != RESULT_OK)
        return import_bytes_refuse(&in->bytes, json_result(&in->json), "the head: %s",
                                   json_problem(&in->json));
    return import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "the head, byte %zu: %s",
                               json_offset(&in->json), what);
}

/* The next token has to be that one. */
static enum result expect(struct sklearn *in, enum json_token token, const char *what)
{
    return json_next(&in->json) == token ? RESULT_OK : refuse(in, what);
}

/* The text of the token that was read, as a C string. */
static enum result copy_text(struct sklearn *in, char **out)
{
    size_t len;
    const char *text = json_text(&in->json, &len);

    if (len > IMAGE_MAX_NAME)
        return refuse(in, "a text is longer than 1024 bytes");
    if (memchr(text, '\0', len) != NULL)
        return refuse(in, "a text has a NUL in it");
    *out = strndup(text, len);
    return *out == NULL ? refuse(in, "no memory for a text") : RESULT_OK;
}

static enum result read_number(struct sklearn *in, double *out)
{
    enum result result = expect(in, JSON_NUMBER, "a number is expected");

    if (result == RESULT_OK)
        *out = json_number(&in->json);
    return result;
}

/* A whole number from 0 to max. */
static enum result read_count(struct sklearn *in, uint64_t max, uint64_t *out)
{
    enum result result = expect(in, JSON_NUMBER, "a whole number is expected");
    int64_t value;

    if (result != RESULT_OK)
        return result;
    if (!json_integer(&in->json, &value) || value < 0 || (uint64_t)value > max)
        return refuse(in, "a whole number within its bounds is expected");
    *out = (uint64_t)value;
    return RESULT_OK;
}

static enum result read_bool(struct sklearn *in, bool *out)
{
    enum json_token token = json_next(&in->json);

    *out = token == JSON_TRUE;
    return token == JSON_TRUE || token == JSON_FALSE ? RESULT_OK
                                                     : refuse(in, "true or false is expected");
}

/* A word and the number that it stands for; tables end with an empty word. */
struct word {
    const char *word;
    int value;
};

static enum result read_word(struct sklearn *in, const struct word *words, unsigned *out)
{
    enum result result = expect(in, JSON_STRING, "a word is expected");

    if (result != RESULT_OK)
        return result;
    for (; words->word != NULL; words++) {
        if (!json_text_is(&in->json, words->word))
            continue;
        *out = (unsigned)words->value;
        return RESULT_OK;
    }
    return refuse(in, "a word that is not known here");
}

enum result sklearn_grow(struct sklearn *in, void **list, size_t size, uint32_t *n,
                         uint32_t max)
{
    char *grown = *list;

    if (*n >= max)
        return import_bytes_refuse(&in->bytes, RESULT_TOO_BIG,
                                   "the head, byte %zu: more than %u in a list",
                                   json_offset(&in->json), (unsigned)max);
    if (*list == NULL || (*n & (*n - 1)) == 0) {
        grown = realloc(*list, size * (*n == 0 ? 1 : (size_t)*n * 2));
        if (grown == NULL)
            return import_bytes_refuse(&in->bytes, RESULT_NOMEM, "no memory for a list");
        *list = grown;
    }
    memset(grown + *n * size, 0, size);
    (*n)++;
    return RESULT_OK;
}

/* A list of texts. */
static enum result read_texts(struct sklearn *in, uint32_t max, char ***out, uint32_t *n)
{
    enum result result = expect(in, JSON_ARRAY, "a list of texts is expected");
    enum json_token token;
    void *list = NULL;

    while (result == RESULT_OK && (token = json_next(&in->json)) != JSON_ARRAY_END) {
        if (token != JSON_STRING) {
            result = refuse(in, "a text is expected");
            break;
        }
        result = sklearn_grow(in, &list, sizeof(**out), n, max);
        *out = list;
        if (result == RESULT_OK)
            result = copy_text(in, &(*out)[*n - 1]);
    }
    return result;
}

/* What an object may have, and who reads it; `into` is the object's own. */
struct member {
    const char *name;
    enum result (*read)(struct sklearn *in, void *into);
    bool needed;
};

/* The members of an object whose { was read. */
static enum result read_members(struct sklearn *in, const struct member *members, void *into)
{
    enum result result = RESULT_OK;
    enum json_token token;
    unsigned seen = 0, i;

    while (result == RESULT_OK && (token = json_next(&in->json)) != JSON_OBJECT_END) {
        if (token != JSON_KEY)
            return refuse(in, "a member is expected");
        for (i = 0; members[i].name != NULL; i++)
            if (json_text_is(&in->json, members[i].name))
                break;
        if (members[i].name == NULL)
            return refuse(in, "a member that is not known here");
        seen |= 1U << i;
        result = members[i].read(in, into);
    }
    for (i = 0; result == RESULT_OK && members[i].name != NULL; i++)
        if (members[i].needed && (seen >> i & 1) == 0)
            result = import_bytes_refuse(&in->bytes, RESULT_MALFORMED, "the head has no \"%s\"",
                                         members[i].name);
    return result;
}

/* A list of objects; begin() makes room for one more and says where. */
static enum result read_objects(struct sklearn *in, const struct member *members,
                                enum result (*begin)(struct sklearn *in, void **into))
{
    enum result result = expect(in, JSON_ARRAY, "a list is expected");
    enum json_token token;
    void *into;

    while (result == RESULT_OK && (token = json_next(&in->json)) != JSON_ARRAY_END) {
        if (token != JSON_OBJECT)
            return refuse(in, "an object is expected");
        result = begin(in, &into);
        if (result == RESULT_OK)
            result = read_members(in, members, into);
    }
    return result;
}

/* Features ------------------------------------------------------------------------- */

static enum result feature_name(struct sklearn *in, void *feature)
{
    enum result result = expect(in, JSON_STRING, "a name is expected");

    return result == RESULT_OK ? copy_text(in, &((struct draft_feature *)feature)->name)
                               : result;
}

static enum result feature_missing(struct sklearn *in, void *feature)
{
    return read_bool(in, &((struct draft_feature *)feature)->missing);
}

static enum result feature_importance(struct sklearn *in, void *feature)
{
    return read_number(in, &((struct draft_feature *)feature)->importance);
}

static enum result feature_type(struct sklearn *in, void *feature)
{
    static const struct word words[] = {
        {"real", IMAGE_REAL}, {"integer", IMAGE_INTEGER}, {"category", IMAGE_CATEGORY}, {0}};
    unsigned type = 0;
    enum result result = read_word(in, words, &type);

    ((struct draft_feature *)feature)->type = (enum image_type)type;
    return result;
}

static enum result feature_values(struct sklearn *in, void *into)
{
    struct draft_feature *feature = into;

    return read_texts(in, SKLEARN_VALUES_MAX, &feature->values, &feature->n_values);
}

static enum result begin_feature(struct sklearn *in, void **into)
{
    void *list = in->draft->features;
    enum result result = sklearn_grow(in, &list, sizeof(*in->draft->features),
                                      &in->draft->n_features, IMAGE_MAX_FEATURES);

    in->draft->features = list;
    if (result == RESULT_OK) {
        struct draft_feature *feature = &in->draft->features[in->draft->n_features - 1];

        feature->min = 1; /* above max: the library does not keep what it saw */
        *into = feature;
    }
    return result;
}

static enum result read_features(struct sklearn *in, void *into)
{
    static const struct member members[] = {{"name", feature_name, true},
                                            {"missing", feature_missing, true},
                                            {"importance", feature_importance, false},
                                            {"type", feature_type, true},
                                            {"values", feature_values, false},
                                            {0}};

    (void)into;
    return read_objects(in, members, begin_feature);
}

/* Targets -------------------------------------------------------------------------- */

static enum result target_name(struct sklearn *in, void *target)
{
    enum json_token token = json_next(&in->json);

    if (token == JSON_STRING)
        return copy_text(in, &((struct draft_target *)target)->name);
    return token == JSON_NULL ? RESULT_OK : refuse(in, "a name or null is expected");
}

static enum result target_classes(struct sklearn *in, void *into)
{
    struct draft_target *target = into;

    return read_texts(in, IMAGE_MAX_CLASSES, &target->labels, &target->n_classes);
}

static enum result begin_target(struct sklearn *in, void **into)
{
    void *list = in->draft->targets;
    enum result result = sklearn_grow(in, &list, sizeof(*in->draft->targets),
                                      &in->draft->n_targets, IMAGE_MAX_CLASSES);

    in->draft->targets = list;
    if (result == RESULT_OK)
        *into = &in->draft->targets[in->draft->n_targets - 1];
    return result;
}

static enum result read_targets(struct sklearn *in, void *into)
{
    static const struct member members[] = {
        {"name", target_name, true}, {"classes", target_classes, true}, {0}};

    (void)into;
    return read_objects(in, members, begin_target);
}

/* Facts ---------------------------------------------------------------------------- */

static enum result read_fact(struct sklearn *in, uint32_t *out)
{
    uint64_t value = 0;
    enum result result = read_count(in, UINT32_MAX, &value);

    *out = (uint32_t)value;
    return result;
}

static enum result fact_trees(struct sklearn *in, void *facts)
{
    return read_fact(in, &((struct image_facts *)facts)->trees);
}

static enum result fact_depth(struct sklearn *in, void *facts)
{
    return read_fact(in, &((struct image_facts *)facts)->max_depth);
}

static enum result fact_leaf(struct sklearn *in, void *facts)
{
    return read_fact(in, &((struct image_facts *)facts)->min_samples_leaf);
}

static enum result fact_features(struct sklearn *in, void *facts)
{
    return read_fact(in, &((struct image_facts *)facts)->max_features);
}

static enum result fact_seed(struct sklearn *in, void *facts)
{
    return read_count(in, UINT32_MAX, &((struct image_facts *)facts)->seed);
}

static enum result fact_rows(struct sklearn *in, void *facts)
{
    return read_count(in, INT64_MAX, &((struct image_facts *)facts)->rows);
}

static enum result read_facts(struct sklearn *in, void *into)
{
    static const struct member members[] = {{"trees", fact_trees, false},
                                            {"max_depth", fact_depth, false},
                                            {"min_samples_leaf", fact_leaf, false},
                                            {"max_features", fact_features, false},
                                            {"seed", fact_seed, false},
                                            {"rows", fact_rows, false},
                                            {0}};
    enum result result = expect(in, JSON_OBJECT, "an object is expected");

    (void)into;
    return result == RESULT_OK ? read_members(in, members, &in->draft->facts) : result;
}

/* The head ------------------------------------------------------------------------- */

/* "scikit-learn 1.2.1 RandomForestClassifier", for people. */
static enum result read_source(struct sklearn *in, void *into)
{
    enum result result = expect(in, JSON_STRING, "a text is expected");
    char text[160];
    const char *source;
    size_t len;

    (void)into;
    if (result != RESULT_OK || in->found == NULL)
        return result;
    source = json_text(&in->json, &len);
    utf8_quote(text, sizeof(text), source, len);
    if (sscanf(text, "%47s %31s %63s", in->found->format, in->found->version,
               in->found->objective) != 3)
        text_print(in->found->format, sizeof(in->found->format), "%s", text);
    return RESULT_OK;
}

static enum result read_task(struct sklearn *in, void *into)
{
    static const struct word words[] = {
        {"classify", SPEC_CLASSIFY}, {"regress", SPEC_REGRESS}, {"anomaly", SPEC_ANOMALY}, {0}};

    (void)into;
    return read_word(in, words, &in->draft->spec.task);
}

static enum result read_compare(struct sklearn *in, void *into)
{
    static const struct word words[] = {
        {"f32", SPEC_COMPARE_F32}, {"f64", SPEC_COMPARE_F64}, {0}};

    (void)into;
    return read_word(in, words, &in->draft->spec.compare);
}

static enum result read_fold(struct sklearn *in, void *into)
{
    static const struct word words[] = {{"sum", SPEC_FOLD_SUM}, {"mean", SPEC_FOLD_MEAN}, {0}};

    (void)into;
    return read_word(in, words, &in->draft->spec.fold);
}

static enum result read_divisor(struct sklearn *in, void *into)
{
    (void)into;
    return read_number(in, &in->draft->spec.divisor);
}

static enum result read_transform(struct sklearn *in, void *into)
{
    static const struct word words[] = {
        {"identity", SPEC_IDENTITY},       {"fractions", SPEC_FRACTIONS},
        {"sigmoid", SPEC_SIGMOID_F64},     {"softmax", SPEC_SOFTMAX_F64},
        {"logsumexp", SPEC_LOGSUMEXP_F64}, {"exp", SPEC_EXP_F64},
        {"isolation", SPEC_ISOLATION},     {0}};

    (void)into;
    return read_word(in, words, &in->draft->spec.transform);
}

static enum result read_parameter(struct sklearn *in, void *into)
{
    (void)into;
    return read_number(in, &in->draft->spec.parameter);
}

static enum result read_label(struct sklearn *in, void *into)
{
    static const struct word words[] = {{"argmax", SPEC_LABEL_ARGMAX},
                                        {"margin_argmax", SPEC_LABEL_MARGIN_ARGMAX},
                                        {"margin_above", SPEC_LABEL_MARGIN_ABOVE},
                                        {"margin_from", SPEC_LABEL_MARGIN_FROM},
                                        {0}};

    (void)into;
    return read_word(in, words, &in->draft->spec.label);
}

static enum result read_cut(struct sklearn *in, void *into)
{
    (void)into;
    return read_number(in, &in->draft->spec.cut);
}

static enum result read_base(struct sklearn *in, void *into)
{
    enum result result = expect(in, JSON_ARRAY, "a list of numbers is expected");
    struct draft *draft = in->draft;
    enum json_token token;
    void *list = NULL;

    (void)into;
    while (result == RESULT_OK && (token = json_next(&in->json)) != JSON_ARRAY_END) {
        if (token != JSON_NUMBER)
            return refuse(in, "a number is expected");
        result = sklearn_grow(in, &list, sizeof(*draft->base), &draft->spec.n_outputs,
                              IMAGE_MAX_CLASSES);
        draft->base = list;
        if (result == RESULT_OK)
            draft->base[draft->spec.n_outputs - 1] = json_number(&in->json);
    }
    return result;
}

static enum result read_n_trees(struct sklearn *in, void *n_trees)
{
    return read_count(in, IMAGE_MAX_TREES, n_trees);
}

enum result sklearn_head_read(struct sklearn *in, uint64_t *n_trees)
{
    static const struct member members[] = {{"source", read_source, true},
                                            {"task", read_task, true},
                                            {"compare", read_compare, true},
                                            {"fold", read_fold, true},
                                            {"divisor", read_divisor, true},
                                            {"transform", read_transform, true},
                                            {"parameter", read_parameter, true},
                                            {"label", read_label, true},
                                            {"cut", read_cut, true},
                                            {"base", read_base, true},
                                            {"features", read_features, true},
                                            {"targets", read_targets, true},
                                            {"trees", read_n_trees, true},
                                            {"facts", read_facts, false},
                                            {0}};
    enum result result = expect(in, JSON_OBJECT, "an object is expected");

    if (result == RESULT_OK)
        result = read_members(in, members, n_trees);
    return result == RESULT_OK ? expect(in, JSON_END, "something stands behind it") : result;
}
