/*
 * model_import.c: forestgate model import: another library's model as an image.
 *
 * The file is read, checked and packed in memory, and what was found is told; the image
 * is written last, so that a file that could not be imported leaves nothing.
 */
#include "cmd/model_import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cli.h"
#include "cmd/progress_file.h"
#include "cmd/model_verify.h"
#include "cmd/thresholds.h"
#include "forest/baseline_make.h"
#include "forest/draft.h"
#include "forest/import.h"

enum {
    NAMES_SHOWN = 8 /* features and classes that are named, where people read */
};

/* One import. */
struct job {
    const struct option_set *set;
    const char *path, *image;
    struct import_options options;
    struct import_found found;
    const struct import_format *format;
    struct draft draft;
    struct verify_report report; /* rows is 0 if nothing was verified */
};

/* How a transform is told to people; MARGIN stands for an output. */
static const char *const transform_texts[SPEC_TRANSFORM__MAX] = {
    [SPEC_FRACTIONS] = "the classes' shares",
    [SPEC_SIGMOID_F32] = "sigmoid, in float32",
    [SPEC_SIGMOID_F64] = "sigmoid",
    [SPEC_SIGMOIDS_F64] = "a sigmoid for each class, not normalised",
    [SPEC_SOFTMAX_F32] = "softmax, in float32",
    [SPEC_SOFTMAX_F64] = "softmax",
    [SPEC_LOGSUMEXP_F64] = "softmax, by logsumexp",
    [SPEC_EXP_F32] = "exp, in float32",
    [SPEC_EXP_F64] = "exp",
    [SPEC_HINGE] = "1 where the sum is over 0",
    [SPEC_LOG1P_EXP] = "log(1 + exp(sum))",
    [SPEC_SIGNED_SQUARE] = "the square, with the sign",
    [SPEC_ISOLATION] = "-2^(-length / c)",
    [SPEC_LOGISTIC_ONNX] = "logistic, as ONNX Runtime has it",
    [SPEC_SOFTMAX_ONNX] = "softmax, as ONNX Runtime has it",
    [SPEC_SOFTMAX_ZERO_ONNX] = "softmax of what is not 0, as ONNX Runtime has it",
    [SPEC_PROBIT_ONNX] = "probit, as ONNX Runtime has it",
    [SPEC_SIGMOID_PLAIN_F32] = "sigmoid, in float32",
    [SPEC_SIGMOIDS_PLAIN_F32] = "a sigmoid for each class, in float32, not normalised",
    [SPEC_SOFTMAX_TREELITE] = "softmax, rounded to float32 on the way as Treelite does",
    [SPEC_EXP2_F64] = "2^(-length / c)",
    [SPEC_COMPLEMENT_F32] = "the sum is the second class's share, in float32",
    [SPEC_COMPLEMENT_F64] = "the sum is the second class's share",
    [SPEC_SOFTMAX_NUMPY] = "softmax, as numpy has it",
};

static const char *const task_texts[SPEC_TASK__MAX] = {
    [SPEC_CLASSIFY] = "classify",
    [SPEC_REGRESS] = "regress",
    [SPEC_ANOMALY] = "tell anomalies",
};

/* What the answer is where the trees' fold is not transformed. */
static const char *const fold_texts[SPEC_FOLD__MAX] = {
    [SPEC_FOLD_SUM] = "the sum itself",
    [SPEC_FOLD_MEAN] = "the mean of the trees",
    [SPEC_FOLD_SUM_THEN_BASE] = "the sum itself",
    [SPEC_FOLD_MEAN_THEN_BASE] = "the mean of the trees",
    [SPEC_FOLD_MIN] = "the least of the trees",
    [SPEC_FOLD_MAX] = "the greatest of the trees",
};

static const char *answer_text(const struct spec *spec)
{
    return spec->transform == SPEC_IDENTITY ? fold_texts[spec->fold]
                                            : transform_texts[spec->transform];
}

/* Adds a copy of a name.  RESULT_INVALID for an empty one, RESULT_TOO_BIG, RESULT_NOMEM. */
static enum result name_add(char ***names, uint32_t *n, const char *option, const char *text,
                            size_t len, struct reason *why)
{
    char **more;

    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return reason_set(why, RESULT_INVALID, "%s: name %u is empty", option, (unsigned)*n);
    if (*n >= IMAGE_MAX_FEATURES)
        return reason_set(why, RESULT_TOO_BIG, "%s: over %d names", option, IMAGE_MAX_FEATURES);
    more = realloc(*names, (*n + (size_t)1) * sizeof(**names));
    if (more == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    *names = more;
    more[*n] = strndup(text, len);
    if (more[*n] == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    *n += 1;
    return RESULT_OK;
}

static enum result names_from_file(const char *option, const char *path, char ***names,
                                   uint32_t *n, struct reason *why)
{
    FILE *file = fopen(path, "re");
    enum result result = RESULT_OK;
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    if (file == NULL)
        return reason_errno(why, "%s: %s", option, path);
    while (result == RESULT_OK && (len = getline(&line, &room, file)) >= 0) {
        if (len > 0 && line[len - 1] == '\n')
            len--;
        result = name_add(names, n, option, line, (size_t)len, why);
    }
    if (result == RESULT_OK && ferror(file))
        result = reason_errno(why, "%s: %s", option, path);
    free(line);
    fclose(file);
    return result;
}

/* "a,b,c", or "@file" with one name a line.  An option that was not given stays NULL. */
static enum result names_read(const struct option_set *set, const char *option, char ***names,
                              uint32_t *n, struct reason *why)
{
    const char *text = option_value(set, option);
    enum result result;
    size_t len;

    if (text == NULL)
        return RESULT_OK;
    if (text[0] == '@')
        return names_from_file(option, text + 1, names, n, why);
    for (;; text += len + 1) {
        len = strcspn(text, ",");
        result = name_add(names, n, option, text, len, why);
        if (result != RESULT_OK || text[len] == '\0')
            return result;
    }
}

static uint64_t count_nodes(const struct draft *draft)
{
    uint64_t n = 0;
    uint32_t t;

    for (t = 0; t < draft->n_trees; t++)
        n += draft->trees[t].n_nodes;
    return n;
}

/* How many features may be missing. */
static uint32_t count_missing(const struct draft *draft)
{
    uint32_t i, n = 0;

    for (i = 0; i < draft->n_features; i++)
        n += draft->features[i].missing;
    return n;
}

static uint32_t count_sets(const struct draft *draft)
{
    uint32_t t, n = 0;

    for (t = 0; t < draft->n_trees; t++)
        n += draft->trees[t].n_sets;
    return n;
}

static void tell_names(struct buf *text, char **names, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n && i < NAMES_SHOWN; i++)
        buf_printf(text, "%s%s", i == 0 ? " (" : ", ", names[i]);
    if (n != 0)
        buf_puts(text, n > NAMES_SHOWN ? ", ...)" : ")");
}

static void tell_features(struct buf *text, const struct draft *draft)
{
    uint32_t i;

    buf_printf(text, "\nfeatures  %u", (unsigned)draft->n_features);
    for (i = 0; i < draft->n_features && i < NAMES_SHOWN; i++)
        buf_printf(text, "%s%s", i == 0 ? " (" : ", ", draft->features[i].name);
    buf_puts(text, draft->n_features > NAMES_SHOWN ? ", ...)" : ")");
    buf_printf(text, "\nmissing   allowed in %u of them", (unsigned)count_missing(draft));
}

static void tell_targets(struct buf *text, const struct draft *draft)
{
    uint32_t i;

    for (i = 0; i < draft->n_targets; i++) {
        const struct draft_target *target = &draft->targets[i];

        if (target->n_classes == 0)
            continue;
        buf_printf(text, "\nclasses   %u", (unsigned)target->n_classes);
        tell_names(text, target->labels, target->n_classes);
    }
    if (draft->n_targets > 1)
        buf_printf(text, "\ntargets   %u", (unsigned)draft->n_targets);
}

static void tell_report(struct buf *text, const struct verify_report *report)
{
    if (report->rows == 0) {
        buf_puts(text,
                 "\nverified  no; --verify ROWS EXPECTED compares with the library's answers");
        return;
    }
    buf_printf(text,
               "\nverified  %" PRIu64 " of %" PRIu64 " rows have the expected %s to the bit",
               report->equal, report->rows, report->what);
    if (report->worst_row != 0)
        buf_printf(text, "; row %" PRIu64 " is furthest off, by %.0f ulp", report->worst_row,
                   report->worst);
}

static void tell_text(struct buf *text, const struct job *job, uint32_t depth)
{
    const struct draft *draft = &job->draft;
    const struct import_found *found = &job->found;

    buf_printf(text, "%s: from %s", job->image, found->format);
    if (found->version[0] != '\0')
        buf_printf(text, " %s", found->version);
    if (found->objective[0] != '\0')
        buf_printf(text, ", %s", found->objective);
    buf_printf(text, ", to %s", task_texts[draft->spec.task]);
    buf_printf(text, "\ntrees     %u of %" PRIu64 " nodes, depth %u", (unsigned)draft->n_trees,
               count_nodes(draft), (unsigned)depth);
    if (count_sets(draft) != 0)
        buf_printf(text, ", %u splits by category", (unsigned)count_sets(draft));
    tell_features(text, draft);
    tell_targets(text, draft);
    buf_printf(text, "\nanswer    %s", answer_text(&draft->spec));
    if (found->note[0] != '\0')
        buf_printf(text, "\nnote      %s", found->note);
    tell_report(text, &job->report);
}

static void tell_json_names(struct json_writer *writer, const struct draft *draft)
{
    uint32_t i, k;

    json_write_key(writer, "features");
    json_write_array(writer);
    for (i = 0; i < draft->n_features; i++)
        json_write_string(writer, draft->features[i].name);
    json_write_array_end(writer);
    json_write_key(writer, "targets");
    json_write_array(writer);
    for (i = 0; i < draft->n_targets; i++) {
        json_write_object(writer);
        json_member_string(writer, "name", draft->targets[i].name);
        json_write_key(writer, "classes");
        json_write_array(writer);
        for (k = 0; k < draft->targets[i].n_classes; k++)
            json_write_string(writer, draft->targets[i].labels[k]);
        json_write_array_end(writer);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void member_if_told(struct json_writer *writer, const char *key, const char *text)
{
    json_member_string(writer, key, text[0] != '\0' ? text : NULL);
}

static void tell_json_report(struct json_writer *writer, const struct verify_report *report)
{
    if (report->rows == 0)
        return;
    json_write_key(writer, "verified");
    json_write_object(writer);
    json_member_string(writer, "what", report->what);
    json_member_u64(writer, "rows", report->rows);
    json_member_u64(writer, "equal", report->equal);
    json_member_double(writer, "worst_ulp", report->worst);
    json_member_u64(writer, "worst_row", report->worst_row);
    json_write_object_end(writer);
}

static void tell_json(struct json_writer *writer, const struct job *job, uint32_t depth)
{
    const struct draft *draft = &job->draft;
    const struct import_found *found = &job->found;

    json_write_object(writer);
    json_member_string(writer, "file", job->image);
    json_member_string(writer, "from", job->format->name);
    json_member_string(writer, "format", found->format);
    member_if_told(writer, "version", found->version);
    member_if_told(writer, "objective", found->objective);
    json_member_string(writer, "task", image_task_name(draft->spec.task));
    json_member_string(writer, "answer", answer_text(&draft->spec));
    json_member_u64(writer, "trees", draft->n_trees);
    json_member_u64(writer, "nodes", count_nodes(draft));
    json_member_u64(writer, "depth", depth);
    json_member_u64(writer, "splits_by_category", count_sets(draft));
    json_member_u64(writer, "features_with_missing", count_missing(draft));
    tell_json_names(writer, draft);
    member_if_told(writer, "note", found->note);
    tell_json_report(writer, &job->report);
    json_write_object_end(writer);
}

static int tell(const struct job *job, uint32_t depth)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(job->set, "--json"))
        tell_json(&writer, job, depth);
    else
        tell_text(&text, job, depth);
    return cli_tell(job->set, &text);
}

static enum result names_all(struct job *job, struct reason *why)
{
    enum result result = names_read(job->set, "--features", &job->options.features,
                                    &job->options.n_features, why);

    if (result == RESULT_OK)
        result = names_read(job->set, "--classes", &job->options.classes,
                            &job->options.n_classes, why);
    return result;
}

/* The rows of --verify, answered by the image that is to be. */
static enum result verify_bytes(struct job *job, const void *bytes, size_t len,
                                struct reason *why)
{
    const char *rows = option_value_at(job->set, "--verify", 0);
    struct image *image = NULL;
    enum result result;

    if (rows == NULL)
        return RESULT_OK;
    result = image_prove(bytes, len, job->image, &image, why);
    if (result == RESULT_OK)
        result = model_verify(&job->draft, image, rows,
                              option_value_at(job->set, "--verify", 1), &job->report, why);
    image_close(image);
    return result;
}

/* Gives the draft a baseline, of what it answers to rows as training's. */
static enum result baseline_take(struct job *job, struct reason *why)
{
    const char *path = option_value(job->set, "--data");
    struct image *image = NULL;
    FILE *file = NULL;
    void *bytes = NULL;
    size_t len = 0;
    enum result result;

    if (path == NULL)
        return RESULT_OK;
    if ((file = fopen(path, "re")) == NULL)
        return reason_errno(why, "%s", path);
    result = draft_pack(&job->draft, &bytes, &len, why);
    if (result == RESULT_OK)
        result = image_prove(bytes, len, job->image, &image, why);
    if (result == RESULT_OK)
        result = baseline_of_rows(image, file, path, &job->draft, why);
    image_close(image);
    free(bytes);
    fclose(file);
    return result;
}

/* Packs, verifies, writes.  An image that is further off than its library's is not written. */
static enum result image_make(struct job *job, struct reason *why)
{
    void *bytes = NULL;
    size_t len = 0;
    enum result result = draft_pack(&job->draft, &bytes, &len, why);

    if (result == RESULT_OK)
        result = verify_bytes(job, bytes, len, why);
    if (result == RESULT_OK && job->report.worst <= job->report.allowed)
        result = file_write_atomic(job->image, bytes, len, 0644, why);
    free(bytes);
    return result;
}

static enum result import_all(struct job *job, uint32_t *depth, struct reason *why)
{
    enum result result;

    job->options.best_iteration = option_given(job->set, "--best-iteration");
    job->options.found = &job->found;
    result = import_file(job->path, option_value(job->set, "--from"), &job->options,
                         &job->format, &job->draft, why);
    if (result == RESULT_OK && job->found.format[0] == '\0')
        snprintf(job->found.format, sizeof(job->found.format), "%s", job->format->title);
    if (result == RESULT_OK)
        result = draft_depth(&job->draft, depth);
    if (result == RESULT_NOMEM)
        return reason_set(why, result, "%s: %s", job->path, result_text(result));
    if (result == RESULT_OK)
        result = thresholds_take(job->set, &job->draft, why);
    if (result == RESULT_OK)
        result = baseline_take(job, why);
    if (result == RESULT_OK)
        result = image_make(job, why);
    return result;
}

static void job_free(struct job *job)
{
    uint32_t i;

    for (i = 0; i < job->options.n_features; i++)
        free(job->options.features[i]);
    for (i = 0; i < job->options.n_classes; i++)
        free(job->options.classes[i]);
    free(job->options.features);
    free(job->options.classes);
    draft_free(&job->draft);
}

int model_import_run(const struct option_set *set)
{
    struct job job = {.set = set,
                      .path = set->operands[0],
                      .image = option_value(set, "-o"),
                      .format = import_formats};
    enum result result;
    struct reason why;
    struct progress_file progress;
    uint32_t depth = 0;
    int status;

    if (job.image == NULL) {
        reason_set(&why, RESULT_INVALID, "-o is needed: the image to write, such as model.fgm");
        return cli_misuse(&why);
    }
    result = names_all(&job, &why);
    progress_file_start(&progress, "importing", job.path);
    if (result == RESULT_OK)
        result = import_all(&job, &depth, &why);
    progress_file_end(&progress);
    status = result == RESULT_OK ? tell(&job, depth) : cli_fail(&why);
    if (status == CLI_DONE && job.report.worst > job.report.allowed) {
        reason_set(&why, RESULT_INVALID,
                   "%s is not written: it is not what was expected. Are the rows written "
                   "with all their digits (17, %%.17g), also where they were float32?",
                   job.image);
        status = cli_fail(&why);
    }
    job_free(&job);
    return status;
}

const struct option_row model_import_options[] = {
    {"--from", "auto|xgboost|lightgbm|treelite|onnx|sklearn", "the format of the file", "auto"},
    {"-o", "FILE", "the image to write", NULL},
    {"--features", "NAMES", "names for the features: a,b,c or @file with one a line", NULL},
    {"--classes", "NAMES", "labels for the classes, in their order", NULL},
    THRESHOLDS_OPTION,
    {"--data", "FILE", "rows as training's, CSV or .npy, for drift to be told by", NULL},
    {"--best-iteration", NULL, "only the trees up to the best iteration of the training", NULL},
    {"--verify", "ROWS EXPECTED", "predict the rows of a CSV file and compare", NULL},
    CLI_COMMON_OPTIONS,
};
