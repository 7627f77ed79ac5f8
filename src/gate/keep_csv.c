/*
 * keep_csv.c: what is kept of a model as CSV.
 */
#include "gate/keep_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/num.h"
#include "forest/predictor.h"
#include "gate/audit_change.h"
#include "gate/image_file.h"
#include "gate/registry.h"

enum {
    PIECE = 64 << 10,
    BUF_KEPT = 2 * PIECE
};

/* A version whose rows have come by. */
struct version {
    struct version *next;
    struct model_row row;
    struct image *image; /* NULL: there is none, or it has other columns */
    struct predictor predictor;
};

struct writing {
    struct home *home;
    enum keep_csv_kind kind;
    const struct image *first; /* whose columns they are */
    struct version *versions;
    struct buf text;
    enum result (*put)(void *arg, const void *bytes, size_t len, struct reason *why);
    void *arg;
    struct keep_csv_done *done;
    enum result result;
    struct reason *why;
};

static const char *const kind_names[KEEP_CSV_KIND__MAX] = {
    [KEEP_CSV_ALL] = "all",
    [KEEP_CSV_TRAINING] = "training",
};

enum result keep_csv_kind_read(const char *text, enum keep_csv_kind *out, struct reason *why)
{
    for (int i = 0; i < KEEP_CSV_KIND__MAX; i++)
        if (strcmp(text, kind_names[i]) == 0) {
            *out = (enum keep_csv_kind)i;
            return RESULT_OK;
        }
    return reason_set(why, RESULT_INVALID, "\"%.40s\" is not allowed; allowed: all or training",
                      text);
}

/* ---- versions ---- */

static bool targets_equal(const struct image *a, const struct image *b)
{
    if (image_n_targets(a) != image_n_targets(b))
        return false;
    for (uint32_t t = 0; t < image_n_targets(a); t++) {
        if (image_target_n_classes(a, t) != image_target_n_classes(b, t))
            return false;
        for (uint32_t k = 0; k < image_target_n_classes(a, t); k++)
            if (strcmp(image_target_label(a, t, k), image_target_label(b, t, k)) != 0)
                return false;
    }
    return true;
}

/* Whether two images have the same columns; what categories there are may differ. */
static bool columns_equal(const struct image *a, const struct image *b)
{
    if (image_n_features(a) != image_n_features(b) || image_task(a) != image_task(b))
        return false;
    for (uint32_t i = 0; i < image_n_features(a); i++)
        if (strcmp(image_feature_name(a, i), image_feature_name(b, i)) != 0)
            return false;
    return targets_equal(a, b);
}

/* Adds a version; its image is there only if its rows can be written. */
static struct version *version_add(struct writing *writing, const struct model_row *row)
{
    struct version *version = calloc(1, sizeof(*version));

    if (version == NULL)
        return NULL;
    version->next = writing->versions;
    writing->versions = version;
    version->row = *row;
    if (image_file_serve(row, &version->image, NULL) == RESULT_OK && writing->first != NULL &&
        !columns_equal(writing->first, version->image)) {
        image_close(version->image);
        version->image = NULL;
    }
    return version;
}

static void versions_free(struct version *version)
{
    struct version *next;

    for (; version != NULL; version = next) {
        next = version->next;
        predictor_close(&version->predictor);
        image_close(version->image);
        free(version);
    }
}

static struct version *version_of(struct writing *writing, const struct keep_row *row)
{
    struct model_row found;

    for (struct version *at = writing->versions; at != NULL; at = at->next)
        if (at->row.version == row->version)
            return at;
    if (registry_version_get(writing->home, row->model, row->version, &found, NULL) !=
        RESULT_OK)
        found.version = row->version; /* without an image, as one that is deleted */
    return version_add(writing, &found);
}

/* ---- the head ---- */

/* Whether a feature has this name. */
static bool is_feature(const struct image *image, const char *name)
{
    return image_feature_find(image, name, strlen(name)) >= 0;
}

/* A column beside the features, with _ before it as long as a feature is called so. */
static void name_put(struct writing *writing, const char *name)
{
    struct buf text = {0};

    buf_puts(&text, name);
    while (!buf_failed(&text) && is_feature(writing->first, text.data)) {
        struct buf longer = {0};

        buf_printf(&longer, "_%s", text.data);
        buf_free(&text);
        text = longer;
    }
    if (writing->text.len > 0)
        buf_putc(&writing->text, ',');
    if (buf_failed(&text))
        writing->text.failed = true;
    else
        csv_cell_put(&writing->text, text.data);
    buf_free(&text);
}

/* The same with what it is of: "prediction", or of several targets "prediction.price". */
static void name_of_put(struct writing *writing, const char *name, uint32_t t,
                        const char *label)
{
    const struct image *image = writing->first;
    const char *target = image_target_name(image, t);
    struct buf text = {0};

    buf_puts(&text, name);
    if (image_n_targets(image) > 1 && target != NULL)
        buf_printf(&text, ".%s", target);
    else if (image_n_targets(image) > 1)
        buf_printf(&text, ".target_%u", (unsigned)t);
    if (label != NULL)
        buf_printf(&text, ".%s", label);
    if (buf_failed(&text))
        writing->text.failed = true;
    else
        name_put(writing, text.data);
    buf_free(&text);
}

static void answer_names_put(struct writing *writing, const struct output *output)
{
    for (uint32_t t = 0; t < output->n_targets; t++)
        name_of_put(writing, output->classes[t] > 0 ? "label" : "value", t, NULL);
    for (uint32_t t = 0; t < output->n_targets; t++)
        for (uint32_t k = 0; k < output->classes[t]; k++)
            name_of_put(writing, output_has_probabilities(output) ? "probability" : "score", t,
                        image_target_label(writing->first, t, k));
}

static void head_put(struct writing *writing, const struct output *output)
{
    static const char *const last[] = {"at",         "model",    "version", "account",
                                       "request_id", "job_uuid", "row"};

    for (uint32_t i = 0; i < image_n_features(writing->first); i++) {
        if (i > 0)
            buf_putc(&writing->text, ',');
        csv_cell_put(&writing->text, image_feature_name(writing->first, i));
    }
    if (writing->kind == KEEP_CSV_ALL)
        answer_names_put(writing, output);
    for (uint32_t t = 0; t < output->n_targets; t++)
        name_of_put(writing, "truth", t, NULL);
    for (size_t i = 0; writing->kind == KEEP_CSV_ALL && i < sizeof(last) / sizeof(last[0]); i++)
        name_put(writing, last[i]);
    buf_putc(&writing->text, '\n');
}

/* ---- a row ---- */

/* A missing value is an empty cell. */
static void number_put(struct buf *text, double value)
{
    char number[NUM_DOUBLE_MAX];

    if (!isnan(value))
        buf_put(text, number, num_print_double(number, value));
}

static void feature_put(struct buf *text, const struct image *image, uint32_t i, double value)
{
    uint32_t names = image_feature_n_values(image, i);

    if (names > 0 && value >= 0 && value < names)
        csv_cell_put(text, image_feature_value(image, i, (uint32_t)value));
    else
        number_put(text, value);
}

/* The class's label or the value of a target; nothing where it is not known. */
static void target_put(struct buf *text, const struct image *image, uint32_t t, double value)
{
    uint32_t classes = image_target_n_classes(image, t);

    buf_putc(text, ',');
    if (classes > 0 && value >= 0 && value < classes)
        csv_cell_put(text, image_target_label(image, t, (uint32_t)value));
    else if (classes == 0)
        number_put(text, value);
}

static void answer_put(struct buf *text, const struct predictor *predictor,
                       const struct keep_row *row)
{
    const struct output *output = &predictor->output;

    for (uint32_t t = 0; t < output->n_targets; t++)
        if (output->classes[t] > 0)
            target_put(text, predictor->image, t,
                       predictor_class(predictor, row->margins, row->answers, t));
        else
            target_put(text, predictor->image, t, row->answers[output_begin(output, t)]);
    for (uint32_t t = 0; t < output->n_targets; t++)
        for (uint32_t k = 0; k < output->classes[t] && k < output_count(output, t); k++) {
            buf_putc(text, ',');
            number_put(text, row->answers[output_begin(output, t) + k]);
        }
}

static void facts_put(struct buf *text, const struct keep_row *row)
{
    char at[CLOCK_RFC3339_MAX];

    clock_rfc3339_us(at, row->at_us);
    buf_printf(text, ",%s,%s,%lld,%s,%s,%s,%lld", at, row->model, (long long)row->version,
               row->account, row->request_id, row->job_uuid, (long long)row->row);
}

static void line_put(struct writing *writing, const struct predictor *predictor,
                     const struct keep_row *row)
{
    struct buf *text = &writing->text;

    for (uint32_t i = 0; i < row->n_features; i++) {
        if (i > 0)
            buf_putc(text, ',');
        feature_put(text, predictor->image, i, row->features[i]);
    }
    if (writing->kind == KEEP_CSV_ALL)
        answer_put(text, predictor, row);
    for (uint32_t t = 0; t < row->n_targets; t++)
        target_put(text, predictor->image, t, row->truth != NULL ? row->truth[t] : NAN);
    if (writing->kind == KEEP_CSV_ALL)
        facts_put(text, row);
    buf_putc(text, '\n');
}

/* Hands on what there is. */
static bool flush(struct writing *writing)
{
    if (buf_failed(&writing->text))
        writing->result = reason_set(writing->why, RESULT_NOMEM, "no memory for the rows");
    else if (writing->text.len > 0)
        writing->result =
            writing->put(writing->arg, writing->text.data, writing->text.len, writing->why);
    buf_clear(&writing->text, BUF_KEPT);
    return writing->result == RESULT_OK;
}

/* Whether the numbers of a row are those of an image. */
static bool row_fits(const struct predictor *predictor, const struct keep_row *row)
{
    return row->n_features == image_n_features(predictor->image) &&
           row->n_margins == predictor_margins(predictor) &&
           row->n_answers == predictor_width(predictor) &&
           row->n_targets == predictor->output.n_targets;
}

/* Of a row to train on all targets are known. */
static bool is_wanted(const struct writing *writing, const struct keep_row *row)
{
    if (writing->kind == KEEP_CSV_ALL)
        return true;
    for (uint32_t t = 0; t < row->n_targets; t++)
        if (row->truth == NULL || isnan(row->truth[t]))
            return false;
    return true;
}

static bool row_put(void *arg, const struct keep_row *row)
{
    struct writing *writing = arg;
    struct version *version = version_of(writing, row);

    if (version == NULL) {
        writing->result = reason_set(writing->why, RESULT_NOMEM, "no memory for the rows");
        return false;
    }
    if (!is_wanted(writing, row))
        return true;
    if (version->image != NULL && version->predictor.image == NULL &&
        predictor_open(&version->predictor, version->image) != RESULT_OK) {
        writing->result = reason_set(writing->why, RESULT_NOMEM, "no memory for the rows");
        return false;
    }
    if (version->image == NULL || !row_fits(&version->predictor, row)) {
        writing->done->others++;
        return true;
    }
    line_put(writing, &version->predictor, row);
    writing->done->rows++;
    return writing->text.len < PIECE || flush(writing);
}

/* ---- all of it ---- */

/* Who takes rows out of a home is in the trail before they are out. */
static enum result audit(struct home *home, const struct keep_filter *filter,
                         enum keep_csv_kind kind, struct reason *why)
{
    struct audit_change change = audit_change_of(AUDIT_CHANGED);
    enum result result = home_change_begin(home, why);

    if (result != RESULT_OK)
        return result;
    audit_about_text(&change, "columns", kind_names[kind]);
    audit_about_number(&change, "version", filter->version);
    result = audit_change_add(home, &change, "model.export", "model", filter->model, why);
    return home_change_end(home, result, why);
}

static enum result write_all(struct writing *writing, const struct keep_filter *filter,
                             const struct model_row *row, struct reason *why)
{
    struct version *first = version_add(writing, row);
    struct keep_read read = {0};
    enum result result;

    if (first == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the rows");
    if (first->image == NULL)
        return reason_set(why, RESULT_MISSING, "the image of %s %lld cannot be read", row->name,
                          (long long)row->version);
    writing->first = first->image;
    if (predictor_open(&first->predictor, first->image) != RESULT_OK)
        return reason_set(why, RESULT_NOMEM, "no memory for the rows");
    result = audit(writing->home, filter, writing->kind, why);
    if (result != RESULT_OK)
        return result;
    head_put(writing, &first->predictor.output);
    result = keep_rows(writing->home, filter, row_put, writing, &read, why);
    writing->done->damaged = read.damaged;
    if (result == RESULT_OK && writing->result == RESULT_OK)
        flush(writing);
    return result == RESULT_OK ? writing->result : result;
}

enum result
keep_csv_write(struct home *home, const struct keep_filter *filter, enum keep_csv_kind kind,
               enum result (*put)(void *arg, const void *bytes, size_t len, struct reason *why),
               void *arg, struct keep_csv_done *done, struct reason *why)
{
    struct writing writing = {
        .home = home, .kind = kind, .put = put, .arg = arg, .done = done, .why = why};
    struct keep_filter wanted = *filter;
    struct model_row row;
    enum result result;

    memset(done, 0, sizeof(*done));
    wanted.with_truth = filter->with_truth || kind == KEEP_CSV_TRAINING;
    result = registry_version_get(home, filter->model, filter->version, &row, why);
    if (result == RESULT_OK)
        result = write_all(&writing, &wanted, &row, why);
    versions_free(writing.versions);
    buf_free(&writing.text);
    return result;
}
