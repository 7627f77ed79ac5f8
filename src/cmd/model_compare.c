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
};

static const char *label_of(const struct telling *telling, uint32_t k)
{
    return image_class_label(telling->options->models[0].image, k);
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
    buf_printf(text, "\n%s: apart by %.6g on average", compare_number_name(compare),
               compare_mean_apart(compare));
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
    const struct telling telling = {options, compare, text};

    if (option_given(set, "--json")) {
        compare_write(&writer, options, compare);
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
        result =
            reason_set(&why, RESULT_INVALID, "--data is needed: the rows, CSV or NumPy's .npy");
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
