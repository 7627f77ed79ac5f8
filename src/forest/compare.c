/*
 * compare.c: two models on the same rows.
 */
#include "forest/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "base/text.h"
#include "forest/rows.h"

/* One of the two while rows go by. */
struct side {
    FILE *file;
    struct rows *rows;
    double *row, *margins, *answers;
};

struct comparing {
    struct compare *out;
    const struct compare_options *options;
    struct side sides[2];
    uint32_t *class_of; /* the second's classes by the first's numbers */
    double *ordered;    /* the second's answers in the first's order */
    size_t target;      /* column of the first's rows */
    uint64_t room;      /* for rows that differ */
};

static const struct image *image_of(const struct comparing *comparing, int i)
{
    return comparing->options->models[i].image;
}

static const char *name_of(const struct comparing *comparing, int i)
{
    return comparing->options->models[i].name;
}

/* ---- whether they fit each other ---- */

static enum result check_tasks(const struct comparing *comparing, struct reason *why)
{
    const enum spec_task tasks[] = {image_task(image_of(comparing, 0)),
                                    image_task(image_of(comparing, 1))};

    for (int i = 0; i < 2; i++)
        if (image_n_targets(image_of(comparing, i)) != 1)
            return reason_set(
                why, RESULT_INVALID, "%.80s has %u targets; models of one are compared",
                name_of(comparing, i), (unsigned)image_n_targets(image_of(comparing, i)));
    if (tasks[0] != tasks[1])
        return reason_set(why, RESULT_INVALID,
                          "%.80s and %.80s do not answer the same: one is to %s, one to %s",
                          name_of(comparing, 0), name_of(comparing, 1),
                          image_task_name(tasks[0]), image_task_name(tasks[1]));
    return RESULT_OK;
}

/* The number of a label among an image's classes, or n_classes. */
static uint32_t find_label(const struct image *image, const char *label, size_t len)
{
    uint32_t k = 0;

    while (k < image_n_classes(image) && (strlen(image_class_label(image, k)) != len ||
                                          memcmp(image_class_label(image, k), label, len) != 0))
        k++;
    return k;
}

/* Fills class_of.  The same labels, in any order. */
static enum result match_classes(struct comparing *comparing, struct reason *why)
{
    const uint32_t n = image_n_classes(image_of(comparing, 0));

    comparing->class_of = calloc((size_t)n + 1, sizeof(*comparing->class_of));
    if (comparing->class_of == NULL)
        return RESULT_NOMEM;
    for (int i = 0; i < 2; i++) {
        const struct image *image = image_of(comparing, i), *other = image_of(comparing, 1 - i);

        for (uint32_t k = 0; k < image_n_classes(image); k++) {
            const char *label = image_class_label(image, k);
            const uint32_t found = find_label(other, label, strlen(label));

            if (found == image_n_classes(other))
                return reason_set(why, RESULT_INVALID,
                                  "the classes do not fit: %.80s has \"%.80s\", %.80s has not",
                                  name_of(comparing, i), label, name_of(comparing, 1 - i));
            if (i == 1)
                comparing->class_of[k] = found;
        }
    }
    return RESULT_OK;
}

/* Without a header columns are features by their place. */
static enum result check_places(const struct comparing *comparing, struct reason *why)
{
    const struct image *a = image_of(comparing, 0), *b = image_of(comparing, 1);

    const bool header = rows_have_header(comparing->sides[0].rows);

    if (header != rows_have_header(comparing->sides[1].rows))
        return reason_set(why, RESULT_INVALID,
                          "%.80s: its first line is a header for %.80s and a row for %.80s",
                          comparing->options->data, name_of(comparing, header ? 0 : 1),
                          name_of(comparing, header ? 1 : 0));
    if (header || image_text(a) != NULL || image_text(b) != NULL)
        return RESULT_OK;
    for (uint32_t i = 0; i < image_n_features(a) && i < image_n_features(b); i++)
        if (strcmp(image_feature_name(a, i), image_feature_name(b, i)) != 0)
            return reason_set(
                why, RESULT_INVALID,
                "%.80s has no header, by which columns were found, and feature %u "
                "is \"%.80s\" in %.80s and \"%.80s\" in %.80s",
                comparing->options->data, (unsigned)i + 1, image_feature_name(a, i),
                name_of(comparing, 0), image_feature_name(b, i), name_of(comparing, 1));
    return RESULT_OK;
}

/* ---- files and room ---- */

/* The rows as a stream; NULL with errno. */
static FILE *data_open(const struct compare_options *options)
{
    if (options->bytes == NULL)
        return fopen(options->data, "re");
    return fmemopen((void *)options->bytes, options->len, "r");
}

static enum result side_open(struct comparing *comparing, int i, struct reason *why)
{
    const struct image *image = image_of(comparing, i);
    const char *path = comparing->options->data;
    struct predictor *predictor = &comparing->out->predictors[i];
    struct side *side = &comparing->sides[i];
    enum result result;
    struct reason said;

    if (predictor_open(predictor, image) != RESULT_OK)
        return RESULT_NOMEM;
    side->row = calloc(image_n_features(image), sizeof(double));
    side->margins = calloc(predictor_margins(predictor), sizeof(double));
    side->answers = calloc(predictor_width(predictor), sizeof(double));
    if (side->row == NULL || side->margins == NULL || side->answers == NULL)
        return RESULT_NOMEM;
    if ((side->file = data_open(comparing->options)) == NULL)
        return reason_errno(why, "%s", path);
    result = rows_open(side->file, path, image, comparing->options->fault, &side->rows, &said);
    if (result == RESULT_OK || result == RESULT_NOMEM)
        return result;
    return reason_set(why, result, "%s (read for %.80s)", said.text, name_of(comparing, i));
}

static enum result find_target(struct comparing *comparing, struct reason *why)
{
    const char *given = comparing->options->target,
               *name = given != NULL ? given : image_target_name(image_of(comparing, 0), 0);
    struct compare *out = comparing->out;

    if (name == NULL || !rows_column(comparing->sides[0].rows, name, &comparing->target))
        return given == NULL ? RESULT_OK
                             : reason_set(why, RESULT_INVALID, "%s: no column \"%.80s\"",
                                          comparing->options->data, given);
    text_copy(out->target, sizeof(out->target), name);
    if (quality_new(out->n_classes, &out->truths[0]) != RESULT_OK)
        return RESULT_NOMEM;
    return quality_new(out->n_classes, &out->truths[1]);
}

static enum result comparing_open(struct comparing *comparing, struct reason *why)
{
    struct compare *out = comparing->out;
    enum result result = check_tasks(comparing, why);

    if (result == RESULT_OK && comparing->options->bytes == NULL &&
        file_is_special(comparing->options->data))
        result = reason_set(why, RESULT_INVALID,
                            "%s: not a regular file, as is needed to read it for both models",
                            comparing->options->data);
    if (result == RESULT_OK)
        result = match_classes(comparing, why);
    for (int i = 0; i < 2 && result == RESULT_OK; i++)
        result = side_open(comparing, i, why);
    if (result == RESULT_OK)
        result = check_places(comparing, why);
    if (result != RESULT_OK)
        return result;
    out->n_classes = image_n_classes(image_of(comparing, 0));
    out->width = predictor_width(&out->predictors[0]);
    comparing->ordered = calloc(out->width, sizeof(double));
    if (comparing->ordered == NULL ||
        (out->n_classes != 0 && quality_new(out->n_classes, &out->between) != RESULT_OK))
        return RESULT_NOMEM;
    return find_target(comparing, why);
}

static void comparing_close(struct comparing *comparing)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &comparing->sides[i];

        rows_close(side->rows);
        if (side->file != NULL)
            fclose(side->file);
        free(side->row);
        free(side->margins);
        free(side->answers);
    }
    free(comparing->class_of);
    free(comparing->ordered);
}

/* ---- rows ---- */

/* Keeps a row that differs, if there is to be one more. */
static enum result keep(struct comparing *comparing, const struct compare_row *row)
{
    struct compare *out = comparing->out;
    const uint64_t room = comparing->room == 0 ? 16 : 2 * comparing->room;
    struct compare_row *more;
    struct compare_row *kept;

    if (out->n_differ >= comparing->options->limit)
        return RESULT_OK;
    if (out->n_differ == comparing->room) {
        more = reallocarray(out->differ, room, sizeof(*more));
        if (more == NULL)
            return RESULT_NOMEM;
        out->differ = more;
        comparing->room = room;
    }
    kept = &out->differ[out->n_differ];
    *kept = *row;
    kept->answers[0] = calloc((size_t)2 * out->width, sizeof(double));
    if (kept->answers[0] == NULL)
        return RESULT_NOMEM;
    kept->answers[1] = kept->answers[0] + out->width;
    memcpy(kept->answers[0], row->answers[0], out->width * sizeof(double));
    memcpy(kept->answers[1], row->answers[1], out->width * sizeof(double));
    out->n_differ++;
    return RESULT_OK;
}

/* A class as it is written: its label, or a number that is equal to it. */
static uint32_t read_class(const struct image *image, const char *text, size_t len)
{
    const uint32_t n = image_n_classes(image), found = find_label(image, text, len);
    double number, label;
    uint32_t k = 0;

    if (found != n || !num_parse_double_loose(text, len, &number))
        return found;
    for (; k < n; k++) {
        const char *other = image_class_label(image, k);

        if (num_parse_double_loose(other, strlen(other), &label) && !(label < number) &&
            !(label > number))
            break;
    }
    return k;
}

static enum result add_true_class(struct comparing *comparing, const struct compare_row *row,
                                  const char *text, size_t len, struct reason *why)
{
    struct compare *out = comparing->out;
    const uint32_t truth = read_class(image_of(comparing, 0), text, len);
    const bool probable = output_has_probabilities(&out->predictors[0].output) &&
                          output_has_probabilities(&out->predictors[1].output);

    if (truth == out->n_classes)
        return rows_cell_refuse(comparing->sides[0].rows, comparing->target,
                                "is no class of the models", why);
    for (int i = 0; i < 2; i++) {
        quality_add_class(out->truths[i], row->classes[i], probable ? row->answers[i] : NULL,
                          truth);
        out->right[i] += row->classes[i] == truth && row->classes[1 - i] != truth;
    }
    return RESULT_OK;
}

/* What is true of this row, if it is told. */
static enum result add_truth(struct comparing *comparing, const struct compare_row *row,
                             struct reason *why)
{
    struct compare *out = comparing->out;
    const char *text;
    double truth;
    size_t len;

    if (out->truths[0] == NULL)
        return RESULT_OK;
    text = rows_cell(comparing->sides[0].rows, comparing->target, &len);
    if (len == 0)
        return RESULT_OK;
    out->told++;
    if (out->n_classes != 0)
        return add_true_class(comparing, row, text, len, why);
    if (!num_parse_double_loose(text, len, &truth))
        return rows_cell_refuse(comparing->sides[0].rows, comparing->target, "is not a number",
                                why);
    for (int i = 0; i < 2; i++)
        quality_add_value(out->truths[i], row->answers[i][0], truth);
    return RESULT_OK;
}

/* Both answers of the row at hand, in the first's terms. */
static void answer(struct comparing *comparing, struct compare_row *row)
{
    struct compare *out = comparing->out;
    const double *second = comparing->sides[1].answers;

    for (int i = 0; i < 2; i++) {
        struct side *side = &comparing->sides[i];

        predictor_rows(&out->predictors[i], side->row, 1, side->margins, side->answers);
        if (out->n_classes != 0)
            row->classes[i] =
                predictor_class(&out->predictors[i], side->margins, side->answers, 0);
    }
    if (out->n_classes != 0)
        row->classes[1] = comparing->class_of[row->classes[1]];
    for (uint32_t k = 0; k < out->width; k++)
        comparing->ordered[out->width == out->n_classes ? comparing->class_of[k] : k] =
            second[k];
    row->answers[0] = comparing->sides[0].answers;
    row->answers[1] = comparing->ordered;
    row->apart = 0;
    for (uint32_t k = 0; k < out->width; k++)
        row->apart = fmax(row->apart, fabs(row->answers[0][k] - row->answers[1][k]));
}

static enum result compare_row(struct comparing *comparing, struct reason *why)
{
    struct compare *out = comparing->out;
    struct compare_row row = {.line = rows_line(comparing->sides[0].rows)};
    bool agree;

    answer(comparing, &row);
    agree = out->n_classes != 0 ? row.classes[0] == row.classes[1] : !(row.apart > 0);
    out->rows++;
    out->agree += agree;
    out->sum += row.apart;
    if (row.apart > out->most) {
        out->most = row.apart;
        out->most_line = row.line;
    }
    if (out->between != NULL)
        quality_add_class(out->between, row.classes[1], NULL, row.classes[0]);
    if (!agree && keep(comparing, &row) != RESULT_OK)
        return RESULT_NOMEM;
    return add_truth(comparing, &row, why);
}

static enum result compare_rows(struct comparing *comparing, struct reason *why)
{
    const uint64_t most = comparing->options->rows_most;
    enum result first, second, result = RESULT_OK;

    while (result == RESULT_OK) {
        first = rows_next(comparing->sides[0].rows, comparing->sides[0].row, why);
        if (first != RESULT_OK && first != RESULT_MISSING)
            return first;
        second = rows_next(comparing->sides[1].rows, comparing->sides[1].row, why);
        if (second != RESULT_OK && second != RESULT_MISSING)
            return second;
        if (first != second)
            return reason_set(why, RESULT_INVALID, "%s: has changed while it was read",
                              comparing->options->data);
        if (first == RESULT_MISSING)
            break;
        if (most != 0 && comparing->out->rows == most)
            return reason_set(why, RESULT_TOO_BIG, "%s: more than %" PRIu64 " rows",
                              comparing->options->data, most);
        result = compare_row(comparing, why);
    }
    if (result == RESULT_OK && comparing->out->rows == 0)
        result = reason_set(why, RESULT_INVALID, "%s: no rows", comparing->options->data);
    return result;
}

enum result compare_run(struct compare *compare, const struct compare_options *options,
                        struct reason *why)
{
    struct comparing comparing = {.out = compare, .options = options};
    enum result result;

    memset(compare, 0, sizeof(*compare));
    result = comparing_open(&comparing, why);
    if (result == RESULT_OK)
        result = compare_rows(&comparing, why);
    if (result == RESULT_NOMEM)
        reason_set(why, result, "out of memory");
    comparing_close(&comparing);
    return result;
}

void compare_free(struct compare *compare)
{
    for (uint64_t i = 0; i < compare->n_differ; i++)
        free(compare->differ[i].answers[0]);
    free(compare->differ);
    quality_free(compare->between);
    for (int i = 0; i < 2; i++) {
        quality_free(compare->truths[i]);
        predictor_close(&compare->predictors[i]);
    }
}
