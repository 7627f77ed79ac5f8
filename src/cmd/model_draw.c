/*
 * model_draw.c: forestgate model draw, importances: pictures of a model as SVG.
 *
 * What is drawn is what the image holds.  Where it tells no importances, how many of the
 * training rows were asked about a feature stands in their place, and the picture says so.
 */
#include "cmd/model_draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "forest/asked.h"
#include "forest/draw.h"
#include "forest/explain.h"
#include "forest/rows.h"
#include "forest/walk.h"

enum {
    TITLE_MAX = IMAGE_MAX_NAME
};

const struct option_row model_draw_options[] = {
    {"--tree", "N", "which of the trees, counted from 0", "0"},
    {"--depth", "D", "how deep to draw; what is deeper is drawn as one", "4"},
    {"--row", "V,V,...", "light the way of this row: one value for each feature", NULL},
    {"--in", "FILE", "light the way of a row of this CSV file", NULL},
    {"--line", "K", "of --in: which row, counted from 1 without the header", "1"},
    {"-o", "FILE", "the SVG to write; else standard output", NULL},
    CLI_COMMON_OPTIONS,
};

const struct option_row model_importances_options[] = {
    {"--in", "FILE", "measure on the rows of this CSV file what each feature adds", NULL},
    {"--all", NULL, "draw all features, and not the first 30 alone", NULL},
    {"-o", "FILE", "the SVG to write; else standard output", NULL},
    CLI_COMMON_OPTIONS,
};

/* A model, and the rows to look at where there are any. */
struct subject {
    struct image *image;
    FILE *in;
    const char *in_name;
    char title[TITLE_MAX + 1];
};

/* "iris 3", or a file's name without where it is. */
static void title_make(struct subject *subject, const char *operand,
                       const struct model_row *row)
{
    const char *slash = strrchr(operand, '/');

    if (row->name[0] != '\0')
        text_print(subject->title, sizeof(subject->title), "%s %lld", row->name,
                   (long long)row->version);
    else
        text_copy(subject->title, sizeof(subject->title), slash != NULL ? slash + 1 : operand);
}

/* Rows of the user's own are opened before the home is entered. */
static enum result subject_open(struct subject *subject, const struct option_set *set,
                                struct reason *why)
{
    const char *text = NULL;
    struct model_row row;
    enum result result;

    subject->in_name = option_value(set, "--in");
    if (subject->in_name != NULL) {
        subject->in = fopen(subject->in_name, "re");
        if (subject->in == NULL)
            return reason_errno(why, "%s", subject->in_name);
    } else if (set->rows == model_draw_options) {
        text = option_value(set, "--row");
    }
    if (text != NULL) {
        subject->in_name = "--row";
        subject->in = fmemopen((void *)text, strlen(text), "r");
        if (subject->in == NULL)
            return reason_set(why, RESULT_INVALID, "--row: there are no values in it");
    }
    result = cli_image_open(set, set->operands[0], &row, &subject->image, why);
    if (result == RESULT_OK)
        title_make(subject, set->operands[0], &row);
    return result;
}

static void subject_close(struct subject *subject)
{
    if (subject->in != NULL)
        fclose(subject->in);
    image_close(subject->image);
}

/* Row number `line` of the rows, counted from 1. */
static enum result row_read(const struct subject *subject, unsigned long long line, double *row,
                            struct reason *why)
{
    struct rows *rows = NULL;
    unsigned long long at = 0;
    enum result result;

    result = rows_open(subject->in, subject->in_name, subject->image, NULL, &rows, why);
    while (result == RESULT_OK && at < line) {
        result = rows_next(rows, row, why);
        at += result == RESULT_OK;
    }
    rows_close(rows);
    if (result == RESULT_MISSING)
        return reason_set(why, RESULT_INVALID, "%s: there is no row %llu; it has %llu",
                          subject->in_name, line, at);
    return result;
}

/* Writes the picture where the options say, and frees it. */
static int picture_write(const struct option_set *set, struct buf *svg, enum result result,
                         struct reason *why)
{
    const char *path = option_value(set, "-o");

    if (result == RESULT_OK && path != NULL)
        result = file_write_atomic(path, svg->data, svg->len, 0644, why);
    else if (result == RESULT_OK &&
             (fwrite(svg->data, 1, svg->len, stdout) != svg->len || fflush(stdout) != 0))
        result = reason_errno(why, "standard output");
    buf_free(svg);
    return result == RESULT_OK ? CLI_DONE : cli_fail(why);
}

static enum result numbers_read(const struct option_set *set, struct draw_tree *what,
                                unsigned long long *line, struct reason *why)
{
    unsigned long long tree = 0, depth = 0;
    enum result result;

    result = option_u64(set, "--tree", 0, IMAGE_MAX_TREES, &tree, why);
    if (result == RESULT_OK)
        result = option_u64(set, "--depth", 0, DRAW_MAX_DEPTH, &depth, why);
    if (result == RESULT_OK)
        result = option_u64(set, "--line", 1, UINT64_MAX, line, why);
    if (result == RESULT_OK && option_given(set, "--row") && option_given(set, "--in"))
        result = reason_set(why, RESULT_INVALID, "--row and --in: one of them is enough");
    if (result == RESULT_OK && option_given(set, "--line") && !option_given(set, "--in"))
        result = reason_set(why, RESULT_INVALID, "--line is of --in, which is not there");
    what->tree = (uint32_t)tree;
    what->depth = (uint32_t)depth;
    return result;
}

int model_draw_run(const struct option_set *set)
{
    struct subject subject = {0};
    struct draw_tree what = {0};
    unsigned long long line = 1;
    struct buf svg = {0};
    double *row = NULL;
    enum result result;
    struct reason why;
    int status;

    if (numbers_read(set, &what, &line, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = subject_open(&subject, set, &why);
    what.name = subject.title;
    if (result == RESULT_OK && subject.in != NULL) {
        what.row = row = calloc(image_n_features(subject.image), sizeof(*row));
        result = row == NULL ? reason_set(&why, RESULT_NOMEM, "out of memory")
                             : row_read(&subject, line, row, &why);
    }
    if (result == RESULT_OK)
        result = draw_tree(subject.image, &what, &svg, &why);
    status = picture_write(set, &svg, result, &why);
    subject_close(&subject);
    free(row);
    return status;
}

/* The mean of |contribution| over all rows and outputs, into values. */
static enum result contributions_measure(const struct subject *subject, double *values,
                                         size_t *count, struct reason *why)
{
    const uint32_t features = image_n_features(subject->image);
    const uint32_t outputs = image_n_outputs(subject->image);
    double *row = calloc(features, sizeof(*row));
    double *margins = calloc(outputs, sizeof(*margins));
    double *out = calloc((size_t)outputs * (features + 1), sizeof(*out));
    struct explain *explain = NULL;
    struct rows *rows = NULL;
    enum result result;

    *count = 0;
    if (row == NULL || margins == NULL || out == NULL) {
        reason_set(why, RESULT_NOMEM, "out of memory");
        result = RESULT_NOMEM;
    } else {
        result = explain_new(subject->image, &explain, why);
    }
    if (result == RESULT_OK)
        result = rows_open(subject->in, subject->in_name, subject->image, NULL, &rows, why);
    while (result == RESULT_OK && (result = rows_next(rows, row, why)) == RESULT_OK) {
        walk_predict(subject->image, row, 1, margins);
        result = explain_rows(explain, &(struct explain_rows){row, 1, margins, NULL}, out, why);
        for (uint32_t k = 0; k < outputs; k++)
            for (uint32_t f = 0; f < features; f++)
                values[f] += fabs(out[(size_t)k * (features + 1) + f]);
        *count += 1;
    }
    for (uint32_t f = 0; f<features && * count> 0; f++)
        values[f] /= (double)*count;
    rows_close(rows);
    explain_free(explain);
    free(row);
    free(margins);
    free(out);
    return result == RESULT_MISSING ? RESULT_OK : result;
}

/* What the image tells, or else what its trees show; measure says which. */
static void stored_measure(const struct image *image, double *values, char measure[128],
                           bool *shares)
{
    const char *how = NULL;
    double sum = 0;

    for (uint32_t f = 0; f < image_n_features(image); f++)
        sum += values[f] = image_feature_importance(image, f);
    if (sum > 0)
        how = "importance, as the model was trained";
    else
        how = asked_features(image, values)
                  ? "share of the questions that the training rows were asked"
                  : "share of the splits, for the model tells no importances";
    *shares = true;
    text_copy(measure, 128, how);
}

int model_importances_run(const struct option_set *set)
{
    struct subject subject = {0};
    struct draw_bars what = {.most = option_given(set, "--all") ? 0 : 30};
    enum result result;
    double *values = NULL;
    struct buf svg = {0};
    char measure[128];
    struct reason why;
    size_t count = 0;
    int status;

    result = subject_open(&subject, set, &why);
    if (result == RESULT_OK) {
        values = calloc(image_n_features(subject.image), sizeof(*values));
        if (values == NULL)
            result = reason_set(&why, RESULT_NOMEM, "out of memory");
    }
    if (result == RESULT_OK && subject.in != NULL) {
        result = contributions_measure(&subject, values, &count, &why);
        text_print(measure, sizeof(measure), "mean |contribution| to the margin, over %zu rows",
                   count);
    } else if (result == RESULT_OK) {
        stored_measure(subject.image, values, measure, &what.shares);
    }
    what.name = subject.title;
    what.measure = measure;
    what.values = values;
    if (result == RESULT_OK)
        result = draw_bars(subject.image, &what, &svg, &why);
    status = picture_write(set, &svg, result, &why);
    subject_close(&subject);
    free(values);
    return status;
}
