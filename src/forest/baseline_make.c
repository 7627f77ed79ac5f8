/*
 * baseline_make.c: a sample of rows, and a part for each of its columns.
 *
 * The sample depends on the rows' order and number alone, and so do the bytes.
 */
#include "forest/baseline_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "forest/baseline.h"
#include "forest/output.h"
#include "forest/predictor.h"
#include "forest/rng.h"
#include "forest/rows.h"

enum {
    SAMPLE_NUMBERS = 1 << 25 /* of all rows together */
};

/* A baseline while its parts come. */
struct making {
    struct baseline_head head;
    struct buf parts, counts, edges;
};

/* A value of a sorted column, and how many rows have it. */
struct run {
    float value;
    uint64_t count;
};

/* ---- one part ---- */

static int compare_floats(const void *a, const void *b)
{
    const float left = *(const float *)a, right = *(const float *)b;

    return (left > right) - (left < right);
}

static int by_value(const void *a, const void *b)
{
    return compare_floats(&((const struct run *)a)->value, &((const struct run *)b)->value);
}

/* Moves what is not missing to the front, in order; returns how many there are. */
static size_t sort_values(float *values, size_t n)
{
    size_t i, there = 0;

    for (i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[there++] = values[i];
    qsort(values, there, sizeof(*values), compare_floats);
    return there;
}

static size_t run_length(const float *values, size_t n)
{
    size_t len = 1;

    while (len < n && !(values[len] > values[0]))
        len++;
    return len;
}

/*
 * The most frequent values, at most `most`, in their order; of equally frequent ones the
 * first.  Returns how many there are; *all is how many there would be without a bound.
 */
static uint32_t frequent(const float *values, size_t n, uint32_t most, struct run *out,
                         size_t *all)
{
    uint32_t found = 0, least;
    size_t i, len;

    *all = 0;
    for (i = 0; i < n; i += len, *all += 1) {
        len = run_length(values + i, n - i);
        least = 0;
        for (uint32_t k = 1; k < found; k++)
            if (out[k].count < out[least].count ||
                (out[k].count == out[least].count && out[k].value > out[least].value))
                least = k;
        if (found < most)
            least = found++;
        else if (len <= out[least].count)
            continue;
        out[least] = (struct run){values[i] + 0.0F, len}; /* never -0 */
    }
    qsort(out, found, sizeof(*out), by_value);
    return found;
}

static void put_count(struct making *making, uint64_t count)
{
    buf_put(&making->counts, &count, sizeof(count));
    making->head.n_counts++;
}

static void put_edge(struct making *making, float edge)
{
    buf_put(&making->edges, &edge, sizeof(edge));
    making->head.n_edges++;
}

static void put_each(struct making *making, const struct run *runs, uint32_t n_runs, size_t n)
{
    uint64_t others = n;

    for (uint32_t k = 0; k < n_runs; k++) {
        put_edge(making, runs[k].value);
        put_count(making, runs[k].count);
        others -= runs[k].count;
    }
    put_count(making, others);
}

/* Cuts sorted values at their deciles; behind the last cut there is a value. */
static void put_ranges(struct making *making, const float *values, size_t n)
{
    size_t begin = 0;

    for (unsigned i = 1; i < BASELINE_BINS && n > 0; i++) {
        const float edge = values[(i * n + BASELINE_BINS - 1) / BASELINE_BINS - 1];
        size_t end = begin;

        while (end < n && values[end] <= edge)
            end++;
        if (end == begin || end == n)
            continue;
        put_edge(making, edge + 0.0F);
        put_count(making, end - begin);
        begin = end;
    }
    put_count(making, n - begin);
}

/* A part of n > 0 values, which are sorted; NaN is a missing one. */
static void put_part(struct making *making, float *values, size_t n, bool category)
{
    struct baseline_part part = {.edges = making->head.n_edges,
                                 .counts = making->head.n_counts};
    const size_t there = sort_values(values, n);
    struct run runs[BASELINE_VALUES];
    size_t all;
    uint32_t n_runs =
        frequent(values, there, category ? BASELINE_VALUES : BASELINE_BINS, runs, &all);
    const bool each = n_runs != 0 && (category || all == n_runs);

    if (each)
        put_each(making, runs, n_runs, there);
    else
        put_ranges(making, values, there);
    part.kind = each ? BASELINE_EACH : BASELINE_RANGES;
    part.n_edges = making->head.n_edges - part.edges;
    part.missing = n - there;
    buf_put(&making->parts, &part, sizeof(part));
}

/* Puts the block together, in memory of the draft's. */
static enum result making_end(struct making *making, struct draft *draft)
{
    const uint64_t len = baseline_length(&making->head);
    struct buf block = {0};

    buf_put(&block, &making->head, sizeof(making->head));
    buf_put(&block, making->parts.data, making->parts.len);
    buf_put(&block, making->counts.data, making->counts.len);
    buf_put(&block, making->edges.data, making->edges.len);
    if (buf_failed(&making->parts) || buf_failed(&making->counts) ||
        buf_failed(&making->edges) || buf_failed(&block) || block.len != len) {
        buf_free(&block);
        return RESULT_NOMEM;
    }
    free(draft->baseline);
    draft->baseline = block.data;
    draft->baseline_len = block.len;
    return RESULT_OK;
}

static void making_free(struct making *making)
{
    buf_free(&making->parts);
    buf_free(&making->counts);
    buf_free(&making->edges);
}

size_t baseline_sample_size(size_t width)
{
    return width <= SAMPLE_NUMBERS / BASELINE_SAMPLE ? BASELINE_SAMPLE : SAMPLE_NUMBERS / width;
}

/* ---- of a table ---- */

static bool is_category(const struct draft *draft, uint32_t feature)
{
    return draft->features[feature].type == IMAGE_CATEGORY;
}

static void put_features(struct making *making, const struct table *table,
                         const struct oob_sample *sample, const struct draft *draft,
                         float *column)
{
    for (uint32_t f = 0; f < table->n_features; f++) {
        for (size_t i = 0; i < sample->n; i++)
            column[i] = table->columns[f].values[sample->rows[i]];
        put_part(making, column, sample->n, is_category(draft, f));
    }
    making->head.n_features = table->n_features;
}

/*
 * The answers that trees gave to rows that they had not seen, a column at a time; margins are
 * answers, as training makes forests.  A row that all trees have seen has none.
 */
static void put_answers(struct making *making, const struct oob_sample *sample,
                        const struct draft *draft, float *column)
{
    const struct output output = {.spec = &draft->spec,
                                  .classes = &draft->targets[0].n_classes,
                                  .n_targets = 1,
                                  .thresholds = draft->thresholds};
    const uint32_t width = draft->spec.n_outputs, n_classes = draft->targets[0].n_classes;

    for (uint32_t k = n_classes != 0 ? 0 : 1; k <= width; k++) {
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++) {
            const double *answers = sample->answers + i * width;

            if (isnan(answers[0]))
                continue;
            column[n++] = k > 0 ? (float)answers[k - 1]
                                : (float)output_class(&output, answers, answers, 0);
        }
        if (n == 0)
            return;
        put_part(making, column, n, k == 0);
        making->head.n_answers++;
    }
}

enum result baseline_of_table(const struct table *table, const struct oob_sample *sample,
                              struct draft *draft)
{
    struct making making = {.head = {.rows = sample->n}};
    float *column = malloc(sample->n * sizeof(*column));
    enum result result = RESULT_NOMEM;

    if (column == NULL)
        return RESULT_NOMEM;
    if (draft->text == NULL)
        put_features(&making, table, sample, draft, column);
    put_answers(&making, sample, draft, column);
    result = making.head.n_features + making.head.n_answers == 0 ? RESULT_OK
                                                                 : making_end(&making, draft);
    making_free(&making);
    free(column);
    return result;
}

/* ---- of the rows of a file ---- */

/* A sample of rows that come one after another, each of `width` numbers. */
struct sample {
    struct predictor predictor;
    uint32_t n_features; /* that are kept: none of a text model's */
    size_t width, size, n;
    float *numbers; /* size x width */
    double *row, *margins, *answers;
};

/* Where the numbers of row number `at` go: J. Vitter's algorithm R (1985).  NULL: nowhere. */
static float *sample_place(struct sample *sample, uint64_t at, struct rng *rng)
{
    uint64_t place = at;

    if (at < sample->size)
        sample->n++;
    else
        place = rng_next(rng) % (at + 1);
    return place < sample->size ? sample->numbers + place * sample->width : NULL;
}

/* What an answer is as a column of the sample. */
static void sample_fill(const struct sample *sample, float *out)
{
    const struct output *output = &sample->predictor.output;
    const double *answers = sample->answers;
    uint32_t t, k;

    predictor_rows(&sample->predictor, sample->row, 1, sample->margins, sample->answers);
    for (k = 0; k < sample->n_features; k++)
        *out++ = baseline_narrow(sample->row[k]);
    for (t = 0; t < output->n_targets; t++) {
        if (output->classes[t] != 0)
            *out++ =
                (float)predictor_class(&sample->predictor, sample->margins, sample->answers, t);
        for (k = 0; k < output_count(output, t); k++)
            *out++ = baseline_narrow(*answers++);
    }
}

static enum result sample_read(struct sample *sample, struct rows *rows, struct reason *why)
{
    struct rng rng = rng_stream(0, 0);
    enum result result;
    uint64_t at;

    for (at = 0; (result = rows_next(rows, sample->row, why)) == RESULT_OK; at++) {
        float *place = sample_place(sample, at, &rng);

        if (place != NULL)
            sample_fill(sample, place);
    }
    return result == RESULT_MISSING ? RESULT_OK : result;
}

static enum result sample_open(struct sample *sample, const struct image *image)
{
    const struct output *output = &sample->predictor.output;

    if (predictor_open(&sample->predictor, image) != RESULT_OK)
        return RESULT_NOMEM;
    sample->n_features = image_text(image) != NULL ? 0 : image_n_features(image);
    sample->width = (size_t)sample->n_features + predictor_width(&sample->predictor);
    for (uint32_t t = 0; t < output->n_targets; t++)
        sample->width += output->classes[t] != 0;
    sample->size = baseline_sample_size(sample->width);
    sample->numbers = malloc(sample->size * sample->width * sizeof(float));
    sample->row = calloc(image_n_features(image), sizeof(double));
    sample->margins = calloc(predictor_margins(&sample->predictor), sizeof(double));
    sample->answers = calloc(predictor_width(&sample->predictor), sizeof(double));
    return sample->numbers == NULL || sample->row == NULL || sample->margins == NULL ||
                   sample->answers == NULL
               ? RESULT_NOMEM
               : RESULT_OK;
}

static void sample_free(struct sample *sample)
{
    predictor_close(&sample->predictor);
    free(sample->numbers);
    free(sample->row);
    free(sample->margins);
    free(sample->answers);
}

static void sample_column_put(struct making *making, const struct sample *sample, size_t k,
                              bool category, float *column)
{
    for (size_t i = 0; i < sample->n; i++)
        column[i] = sample->numbers[i * sample->width + k];
    put_part(making, column, sample->n, category);
}

static enum result sample_make(const struct sample *sample, struct draft *draft)
{
    const struct output *output = &sample->predictor.output;
    struct making making = {.head = {.rows = sample->n, .n_features = sample->n_features}};
    float *column = malloc(sample->n * sizeof(*column));
    enum result result;
    size_t at = 0;

    if (column == NULL)
        return RESULT_NOMEM;
    for (; at < sample->n_features; at++)
        sample_column_put(&making, sample, at, is_category(draft, (uint32_t)at), column);
    for (uint32_t t = 0; t < output->n_targets; t++) {
        if (output->classes[t] != 0)
            sample_column_put(&making, sample, at++, true, column);
        for (uint32_t k = 0; k < output_count(output, t); k++)
            sample_column_put(&making, sample, at++, false, column);
    }
    making.head.n_answers = (uint32_t)at - sample->n_features;
    result = making_end(&making, draft);
    making_free(&making);
    free(column);
    return result;
}

enum result baseline_of_rows(const struct image *image, FILE *file, const char *name,
                             struct draft *draft, struct reason *why)
{
    struct sample sample = {.n = 0};
    struct rows *rows = NULL;
    enum result result = rows_open(file, name, image, NULL, &rows, why);

    if (result != RESULT_OK)
        return result;
    if ((result = sample_open(&sample, image)) == RESULT_OK)
        result = sample_read(&sample, rows, why);
    if (result == RESULT_OK && sample.n == 0)
        result = reason_set(why, RESULT_INVALID, "%s: no rows", name);
    else if (result == RESULT_OK)
        result = sample_make(&sample, draft);
    if (result == RESULT_NOMEM)
        reason_set(why, result, "%s: out of memory", name);
    sample_free(&sample);
    rows_close(rows);
    return result;
}
