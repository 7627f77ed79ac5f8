/*
 * import.c: which format a file is of, and what is alike in all of them.
 *
 * A format is told by content and never by a file's name.  What is no format of ours but
 * known is answered with what to do instead.
 */
#include "forest/import.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEAD_BYTES = 4096 /* how much of a file is looked at to tell its format */
};

static bool has(const unsigned char *head, size_t len, const char *text)
{
    return memmem(head, len, text, strlen(text)) != NULL;
}

static bool starts(const unsigned char *head, size_t len, const char *bytes, size_t n)
{
    return len >= n && memcmp(head, bytes, n) == 0;
}

/* The first byte that is no white space. */
static unsigned char first_sign(const unsigned char *head, size_t len)
{
    size_t i = 0;

    while (i < len && (head[i] == ' ' || head[i] == '\t' || head[i] == '\r' || head[i] == '\n'))
        i++;
    return i < len ? head[i] : 0;
}

/* An object with a member "learner", in JSON or UBJSON. */
static bool is_xgboost(const unsigned char *head, size_t len)
{
    return first_sign(head, len) == '{' && has(head, len, "learner");
}

static bool is_lightgbm(const unsigned char *head, size_t len)
{
    return starts(head, len, "tree\n", 5) || starts(head, len, "tree\r\n", 6);
}

/* The major version first: 4, in 32 bits. */
static bool is_treelite(const unsigned char *head, size_t len)
{
    return starts(head, len, "\4\0\0", 4);
}

static bool is_sklearn(const unsigned char *head, size_t len)
{
    return starts(head, len,
                  "\x89"
                  "FGS\r\n\x1a\n",
                  8);
}

/* A ModelProto: its first field is ir_version, a small number; it has ai.onnx.ml. */
static bool is_onnx(const unsigned char *head, size_t len)
{
    return len > 2 && head[0] == 0x08 && head[1] < 0x80 && has(head, len, "TreeEnsemble");
}

const struct import_format import_formats[] = {
    {"xgboost", "XGBoost JSON or UBJSON", import_xgboost, is_xgboost},
    {"lightgbm", "LightGBM text", import_lightgbm, is_lightgbm},
    {"treelite", "treelite checkpoint", import_treelite, is_treelite},
    {"onnx", "ONNX", import_onnx, is_onnx},
    {"sklearn", "what model/export_sklearn.py writes", import_sklearn, is_sklearn},
    {0},
};

/* What people have instead of a model that can be read, and what to do then. */
static bool is_pickle(const unsigned char *head, size_t len)
{
    return len > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5;
}

static bool is_compressed(const unsigned char *head, size_t len)
{
    return starts(head, len, "\x1f\x8b", 2) || starts(head, len, "PK\3\4", 4) ||
           starts(head, len, "BZh", 3) ||
           starts(head, len,
                  "\xfd"
                  "7zXZ",
                  5) ||
           starts(head, len, "\x28\xb5\x2f\xfd", 4);
}

/* XGBoost's binary model: 136 bytes of parameters, then the objective's name. */
static bool is_xgboost_binary(const unsigned char *head, size_t len)
{
    static const char *const objectives[] = {
        "reg:", "binary:", "multi:", "rank:", "count:", "survival:"};
    size_t i;

    if (starts(head, len, "binf", 4) || starts(head, len, "CONFIG-offset:", 14))
        return true;
    for (i = 0; i < sizeof(objectives) / sizeof(objectives[0]); i++)
        if (len > 160 && head[0] != '{' &&
            memcmp(head + 144, objectives[i], strlen(objectives[i])) == 0)
            return true;
    return false;
}

static bool is_xgboost_dump(const unsigned char *head, size_t len)
{
    return (first_sign(head, len) == '[' && has(head, len, "\"nodeid\"")) ||
           starts(head, len, "booster[0]:", 11);
}

static bool is_lightgbm_dump(const unsigned char *head, size_t len)
{
    return first_sign(head, len) == '{' && has(head, len, "\"name\"") &&
           has(head, len, "\"tree\"");
}

static bool is_image(const unsigned char *head, size_t len)
{
    return starts(head, len,
                  "\x89"
                  "FGM",
                  4) ||
           starts(head, len, "FGM", 3);
}

static bool is_pmml(const unsigned char *head, size_t len)
{
    return first_sign(head, len) == '<' && has(head, len, "PMML");
}

static const struct {
    bool (*detect)(const unsigned char *head, size_t len);
    const char *advice;
} strangers[] = {
    {is_pickle, "a pickle; it can run any program and is never read: write the model with "
                "the library's own save_model(), or with model/export_sklearn.py"},
    {is_compressed, "compressed; unpack it first"},
    {is_xgboost_binary, "XGBoost's old binary format; load it with XGBoost 1.0 to 3.0 and "
                        "write it with save_model(\"model.ubj\")"},
    {is_xgboost_dump, "a dump of trees, which lacks what a model is; write it with XGBoost's "
                      "save_model(\"model.json\")"},
    {is_lightgbm_dump, "LightGBM's JSON dump; write it with save_model(\"model.txt\")"},
    {is_image, "an image already; there is nothing to import"},
    {is_pmml, "PMML, which is not read"},
};

/* What to do instead, or NULL if it is nothing that is known. */
static const char *advice_on(const unsigned char *head, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        if (strangers[i].detect(head, len))
            return strangers[i].advice;
    return len == 0 ? "the file is empty" : NULL;
}

static enum result refuse_stranger(const char *path, const char *advice, struct reason *why)
{
    if (advice != NULL)
        return reason_set(why, RESULT_INVALID, "%s: %s", path, advice);
    return reason_set(why, RESULT_INVALID,
                      "%s: no model format that is known; if it is one of xgboost, lightgbm, "
                      "treelite, onnx, sklearn, say so with --from",
                      path);
}

/* The row that was asked for, or that the first bytes tell. */
static enum result format_find(FILE *file, const char *path, const char *from,
                               const struct import_format **format, struct reason *why)
{
    const bool asked = from != NULL && strcmp(from, "auto") != 0;
    const struct import_format *row = import_formats;
    const char *advice = NULL;
    unsigned char head[HEAD_BYTES];
    size_t len = fread(head, 1, sizeof(head), file);

    if (ferror(file) || fseeko(file, 0, SEEK_SET) != 0)
        return reason_errno(why, "%s", path);
    for (; row->name != NULL; row++)
        if (asked ? strcmp(from, row->name) == 0 : row->detect(head, len))
            break;
    if (row->name == NULL && asked)
        return reason_set(why, RESULT_INVALID, "--from: \"%.40s\" is not a format", from);
    if (row->name == NULL || !row->detect(head, len))
        advice = advice_on(head, len);
    if (row->name == NULL || advice != NULL)
        return refuse_stranger(path, advice, why);
    if (row->read == NULL)
        return reason_set(why, RESULT_INVALID, "%s: %s, which this program does not read yet",
                          path, row->title);
    *format = row;
    return RESULT_OK;
}

static enum result copy_name(char **name, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        return RESULT_NOMEM;
    free(*name);
    *name = copy;
    return RESULT_OK;
}

/* Puts names in the place of the file's, which must be as many. */
static enum result put_names(const struct import_options *options, struct draft *draft,
                             struct reason *why)
{
    enum result result = RESULT_OK;
    uint32_t i, k;

    if (options->features != NULL && options->n_features != draft->n_features)
        return reason_set(why, RESULT_INVALID, "--features: %u names for %u features",
                          (unsigned)options->n_features, (unsigned)draft->n_features);
    for (i = 0; options->features != NULL && i < draft->n_features && result == RESULT_OK; i++)
        result = copy_name(&draft->features[i].name, options->features[i]);
    for (k = 0; options->classes != NULL && k < draft->n_targets; k++) {
        struct draft_target *target = &draft->targets[k];

        if (target->n_classes != options->n_classes)
            return reason_set(why, RESULT_INVALID, "--classes: %u labels for %u classes",
                              (unsigned)options->n_classes, (unsigned)target->n_classes);
        for (i = 0; i < target->n_classes && result == RESULT_OK; i++)
            result = copy_name(&target->labels[i], options->classes[i]);
    }
    return result;
}

enum result import_file(const char *path, const char *from,
                        const struct import_options *options,
                        const struct import_format **format, struct draft *draft,
                        struct reason *why)
{
    FILE *file = fopen(path, "re");
    enum result result;
    struct reason fault;

    if (file == NULL)
        return reason_errno(why, "%s", path);
    result = format_find(file, path, from, format, why);
    if (result == RESULT_OK)
        result = (*format)->read(file, path, options, draft, why);
    fclose(file);
    if (result != RESULT_OK)
        return result;
    result = put_names(options, draft, &fault);
    if (result == RESULT_OK)
        result = draft_check(draft, &fault);
    if (result == RESULT_NOMEM)
        return reason_set(why, result, "%s: %s", path, result_text(result));
    if (result != RESULT_OK)
        return reason_set(why, result, "%s: %.400s", path, fault.text);
    return RESULT_OK;
}

char *import_number_name(const char *before, int64_t number)
{
    char *name = NULL;

    return asprintf(&name, "%s%lld", before, (long long)number) < 0 ? NULL : name;
}

enum result import_name_feature(struct draft *draft, uint32_t i)
{
    char *name = import_number_name("f", i);

    if (name == NULL)
        return RESULT_NOMEM;
    free(draft->features[i].name);
    draft->features[i].name = name;
    return RESULT_OK;
}
