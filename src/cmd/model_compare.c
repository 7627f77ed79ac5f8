/*
 * model_compare.c: forestgate model compare: where two models differ, and by how much.
 */
#include "cmd/model_compare.h"

#include <inttypes.h>
#include <math.h>

#include "cmd/progress_file.h"
#include "forest/compare.h"

enum {
    ROWS_MOST = 100000 /* that are listed */
};

/* What is printed of a comparison. */
struct telling {
    const struct compare_options *options;
    const struct compare *compare;
    struct buf *text;
    struct json_writer *writer;
};

static const char *label_of(const struct telling *telling, uint32_t k)
{
    return image_class_label(telling->options->models[0].image, k);
}

/* What the numbers of an answer are. */
static const char *number_name(const struct telling *telling)
{
    const struct compare *compare = telling->compare;
    bool probable = true;

    if (compare->n_classes == 0)
        return "value";
    for (int i = 0; i < 2; i++)
        probable &= output_has_probabilities(&compare->predictors[i].output);
    return probable ? "probability" : "score";
}

static double mean_apart(const struct compare *compare)
{
    return compare->sum / (double)compare->rows;
}

/* ---- as JSON ---- */

static void json_models(const struct telling *telling)
{
    static const char *const keys[] = {"a", "b"};

    for (int i = 0; i < 2; i++) {
        const struct compare_model *model = &telling->options->models[i];

        json_write_key(telling->writer, keys[i]);
        json_write_object(telling->writer);
        json_member_string(telling->writer, "model", model->name);
        json_member_string(telling->writer, "sha256", image_sha256_hex(model->image));
        json_write_object_end(telling->writer);
    }
}

/* How often the one answered this class and the other that one; what never was is left out. */
static void json_confusion(const struct telling *telling)
{
    const struct quality *between = telling->compare->between;
    const uint32_t n = telling->compare->n_classes;

    if (between == NULL || !quality_has_confusion(between))
        return;
    json_write_key(telling->writer, "confusion");
    json_write_array(telling->writer);
    for (uint32_t at = 0; at < n * n; at++) {
        const uint64_t rows = quality_confusion(between, at / n, at % n);

        if (rows == 0)
            continue;
        json_write_object(telling->writer);
        json_member_string(telling->writer, "a", label_of(telling, at / n));
        json_member_string(telling->writer, "b", label_of(telling, at % n));
        json_member_u64(telling->writer, "rows", rows);
        json_write_object_end(telling->writer);
    }
    json_write_array_end(telling->writer);
}

static void json_answer(const struct telling *telling, const char *key,
                        const struct compare_row *row, int i)
{
    const struct compare *compare = telling->compare;

    json_write_key(telling->writer, key);
    json_write_object(telling->writer);
    if (compare->n_classes == 0)
        json_member_double(telling->writer, "value", row->answers[i][0]);
    else
        json_member_string(telling->writer, "label", label_of(telling, row->classes[i]));
    if (compare->n_classes != 0) {
        json_write_key(telling->writer, compare->width > 1 ? "probabilities" : "scores");
        json_write_array(telling->writer);
        for (uint32_t k = 0; k < compare->width; k++)
            json_write_double(telling->writer, row->answers[i][k]);
        json_write_array_end(telling->writer);
    }
    json_write_object_end(telling->writer);
}

static void json_rows(const struct telling *telling)
{
    json_write_key(telling->writer, "rows_that_differ");
    json_write_array(telling->writer);
    for (uint64_t i = 0; i < telling->compare->n_differ; i++) {
        const struct compare_row *row = &telling->compare->differ[i];

        json_write_object(telling->writer);
        json_member_u64(telling->writer, "line", row->line);
        json_answer(telling, "a", row, 0);
        json_answer(telling, "b", row, 1);
        json_member_double(telling->writer, "apart", row->apart);
        json_write_object_end(telling->writer);
    }
    json_write_array_end(telling->writer);
}

/* The figures of both, and how often one alone was right. */
static void json_truth(const struct telling *telling)
{
    static const char *const keys[] = {"a", "b"};
    const struct compare *compare = telling->compare;
    struct json_writer *writer = telling->writer;
    struct quality_figures figures;

    if (compare->truths[0] == NULL)
        return;
    json_write_key(writer, "truth");
    json_write_object(writer);
    json_member_string(writer, "target", compare->target);
    json_member_u64(writer, "rows", compare->told);
    for (int i = 0; i < 2; i++) {
        quality_read(compare->truths[i], &figures);
        json_write_key(writer, keys[i]);
        json_write_object(writer);
        if (compare->n_classes != 0) {
            json_member_double(writer, "accuracy", figures.accuracy);
            json_member_double(writer, "f1_macro", figures.f1_macro);
            json_member_double(writer, "log_loss", figures.log_loss);
            json_member_u64(writer, "right_alone", compare->right[i]);
        } else {
            json_member_double(writer, "r2", figures.r2);
            json_member_double(writer, "mae", figures.mae);
            json_member_double(writer, "rmse", figures.rmse);
        }
        json_write_object_end(writer);
    }
    json_write_object_end(writer);
}

static void tell_json(const struct telling *telling)
{
    const struct compare *compare = telling->compare;
    struct json_writer *writer = telling->writer;

    json_write_object(writer);
    json_models(telling);
    json_member_u64(writer, "rows", compare->rows);
    json_member_u64(writer, "agree", compare->agree);
    json_member_u64(writer, "differ", compare->rows - compare->agree);
    json_member_string(writer, "compared", number_name(telling));
    json_member_double(writer, "apart_most", compare->most);
    json_member_double(writer, "apart_mean", mean_apart(compare));
    json_confusion(telling);
    json_truth(telling);
    json_rows(telling);
    json_write_object_end(writer);
}

/* ---- as text ---- */

static void text_sums(const struct telling *telling)
{
    const struct compare *compare = telling->compare;
    const uint64_t differ = compare->rows - compare->agree;
    struct buf *text = telling->text;

    buf_printf(text, "A is %s\nB is %s\n", telling->options->models[0].name,
               telling->options->models[1].name);
    buf_printf(text, "%" PRIu64 " rows: %" PRIu64 " agree, %" PRIu64 " differ (%.3g%%)",
               compare->rows, compare->agree, differ,
               100.0 * (double)differ / (double)compare->rows);
    buf_printf(text, "\n%s: apart by %.6g on average", number_name(telling),
               mean_apart(compare));
    if (compare->most > 0)
        buf_printf(text, ", at most by %.6g (line %" PRIu64 ")", compare->most,
                   compare->most_line);
}

/* Which classes they differ in, in the order of the first's. */
static void text_confusion(const struct telling *telling)
{
    const struct quality *between = telling->compare->between;
    const uint32_t n = telling->compare->n_classes;

    if (between == NULL || !quality_has_confusion(between))
        return;
    for (uint32_t at = 0; at < n * n; at++) {
        const uint64_t rows = quality_confusion(between, at / n, at % n);

        if (rows != 0 && at / n != at % n)
            buf_printf(telling->text, "\n%8" PRIu64 " %s: A says %s, B says %s", rows,
                       rows == 1 ? "row" : "rows", label_of(telling, at / n),
                       label_of(telling, at % n));
    }
}

static void figure_put(struct buf *text, const char *name, double a, double b)
{
    if (isnan(a) || isnan(b))
        return;
    buf_printf(text, "\n%-12s %12.6g %12.6g", name, a, b);
}

static void text_truth(const struct telling *telling)
{
    const struct compare *compare = telling->compare;
    struct buf *text = telling->text;
    struct quality_figures a, b;

    if (compare->truths[0] == NULL)
        return;
    quality_read(compare->truths[0], &a);
    quality_read(compare->truths[1], &b);
    buf_printf(text, "\n\nby %s, in %" PRIu64 " of %" PRIu64 " rows\n%-12s %12s %12s",
               compare->target, compare->told, compare->rows, "", "A", "B");
    figure_put(text, "accuracy", a.accuracy, b.accuracy);
    figure_put(text, "F1 (macro)", a.f1_macro, b.f1_macro);
    figure_put(text, "log loss", a.log_loss, b.log_loss);
    figure_put(text, "R2", a.r2, b.r2);
    figure_put(text, "MAE", a.mae, b.mae);
    figure_put(text, "RMSE", a.rmse, b.rmse);
    if (compare->n_classes != 0)
        buf_printf(text, "\n%-12s %12" PRIu64 " %12" PRIu64, "right alone", compare->right[0],
                   compare->right[1]);
}

/* "versicolor 0.93", or a value alone. */
static void answer_put(const struct telling *telling, const struct compare_row *row, int i)
{
    const struct compare *compare = telling->compare;
    const uint32_t k = row->classes[i];

    if (compare->n_classes == 0)
        buf_printf(telling->text, "  %-28.17g", row->answers[i][0]);
    else
        buf_printf(telling->text, "  %-20s %-7.4f", label_of(telling, k),
                   row->answers[i][compare->width > 1 ? k : 0]);
}

static void text_rows(const struct telling *telling)
{
    const struct compare *compare = telling->compare;
    const uint64_t differ = compare->rows - compare->agree;

    if (compare->n_differ == 0)
        return;
    buf_printf(telling->text, "\n\n%8s  %-28s  %-28s  apart", "line", "A", "B");
    for (uint64_t i = 0; i < compare->n_differ; i++) {
        const struct compare_row *row = &compare->differ[i];

        buf_printf(telling->text, "\n%8" PRIu64, row->line);
        answer_put(telling, row, 0);
        answer_put(telling, row, 1);
        buf_printf(telling->text, "  %.6g", row->apart);
    }
    if (differ > compare->n_differ)
        buf_printf(telling->text, "\nand %" PRIu64 " more; --limit lists them",
                   differ - compare->n_differ);
}

static void tell(const struct option_set *set, const struct compare_options *options,
                 const struct compare *compare, struct buf *text)
{
    struct json_writer writer = json_writer_on(text);
    const struct telling telling = {options, compare, text, &writer};

    if (option_given(set, "--json")) {
        tell_json(&telling);
        return;
    }
    text_sums(&telling);
    text_confusion(&telling);
    text_truth(&telling);
    text_rows(&telling);
}

int model_compare_run(const struct option_set *set)
{
    struct compare_options options = {.data = option_value(set, "--data"),
                                      .target = option_value(set, "--target")};
    struct image *images[2] = {NULL, NULL};
    unsigned long long limit = 10;
    enum result result = RESULT_OK;
    struct compare compare = {.rows = 0};
    struct progress_file progress;
    struct buf text = {0};
    struct model_row row;
    struct reason why;

    if (options.data == NULL)
        result = reason_set(&why, RESULT_INVALID, "--data is needed; see --help");
    if (result == RESULT_OK)
        result = option_u64(set, "--limit", 0, ROWS_MOST, &limit, &why);
    if (result != RESULT_OK)
        return cli_misuse(&why);
    options.limit = limit;
    for (int i = 0; i < 2 && result == RESULT_OK; i++) {
        result = cli_image_open(set, set->operands[i], &row, &images[i], &why);
        options.models[i] = (struct compare_model){set->operands[i], images[i]};
    }
    if (result == RESULT_OK) {
        progress_file_start(&progress, "comparing", options.data);
        result = compare_run(&compare, &options, &why);
        progress_file_end(&progress);
        if (result == RESULT_OK)
            tell(set, &options, &compare, &text);
        compare_free(&compare);
    }
    image_close(images[0]);
    image_close(images[1]);
    return cli_answer(&text, result, &why);
}

const struct option_row model_compare_options[] = {
    {"--data", "FILE", "the rows, CSV or NumPy's .npy", NULL},
    {"--target", "COLUMN", "what is true; else the column that A was trained to predict", NULL},
    {"--limit", "N", "rows that are listed of those that differ", "10"},
    CLI_COMMON_OPTIONS,
};
