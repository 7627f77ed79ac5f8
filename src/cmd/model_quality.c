/*
 * model_quality.c: forestgate model quality: how good a model's kept answers were, and how far
 * its rows have drifted, in words.
 */
#include "cmd/model_quality.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "cmd/time_option.h"
#include "gate/judge.h"

enum {
    CLASSES_SHOWN = 30
};

/* "iris, version 3, from 2026-01-05 on: " */
static void head_put(struct buf *text, const struct judge *judge, const struct judge_part *part)
{
    char begin[CLOCK_RFC3339_MAX];

    buf_printf(text, "%s, version %" PRId64, judge->filter.model, part->version->version);
    if (judge->by != JUDGE_BY_VERSION) {
        clock_rfc3339(begin, part->begin_us);
        buf_printf(text, ", %s %.10s", judge->by == JUDGE_BY_DAY ? "on" : "week of", begin);
    }
    buf_puts(text, ": ");
}

static void figure_put(struct buf *text, const char *name, double figure)
{
    if (!isnan(figure))
        buf_printf(text, ", %s %.4g", name, figure);
}

static void classes_put(struct buf *text, const struct image *image, uint32_t t,
                        const struct quality *quality)
{
    const uint32_t n = image_target_n_classes(image, t);

    buf_printf(text, "\n  %-20s %8s %9s %9s %9s %9s", "class", "rows", "answered", "precision",
               "recall", "F1");
    for (uint32_t k = 0; k < n && k < CLASSES_SHOWN; k++) {
        struct quality_class class;

        quality_class_read(quality, k, &class);
        buf_printf(text, "\n  %-20s %8" PRIu64 " %9" PRIu64 " %9.4f %9.4f %9.4f",
                   image_target_label(image, t, k), class.truth, class.predicted,
                   class.precision, class.recall, class.f1);
    }
    if (n > CLASSES_SHOWN)
        buf_printf(text, "\n  and %u more; --json has all", (unsigned)(n - CLASSES_SHOWN));
}

/* "accuracy 0.93 over 412 of 1000 rows that have their truth", and what else there is. */
static void target_put(struct buf *text, const struct judge_part *part, uint32_t t)
{
    const struct image *image = part->version->image;
    const bool classes = image_target_n_classes(image, t) != 0;
    struct quality_figures figures;

    quality_read(part->targets[t], &figures);
    if (image_n_targets(image) > 1 && image_target_name(image, t) != NULL)
        buf_printf(text, "\n  %s: ", image_target_name(image, t));
    else if (image_n_targets(image) > 1)
        buf_printf(text, "\n  target %u: ", (unsigned)t);
    if (figures.rows == 0) {
        buf_printf(text, "none of %" PRIu64 " rows has its truth", part->rows);
        return;
    }
    if (classes)
        buf_printf(text, "accuracy %.4g", figures.accuracy);
    else if (!isnan(figures.r2))
        buf_printf(text, "R2 %.4g", figures.r2);
    else
        buf_printf(text, "MAE %.4g", figures.mae);
    buf_printf(text, " over %" PRIu64 " of %" PRIu64 " rows that have their truth",
               figures.rows, part->rows);
    if (classes) {
        buf_printf(text, "\n  F1 %.4g macro, %.4g weighted", figures.f1_macro,
                   figures.f1_weighted);
        figure_put(text, "log loss", figures.log_loss);
        figure_put(text, "Brier score", figures.brier);
        figure_put(text, "calibration off by", figures.ece);
        classes_put(text, image, t, part->targets[t]);
    } else {
        buf_printf(text, "\n  MAE %.4g, RMSE %.4g, bias %.4g", figures.mae, figures.rmse,
                   figures.bias);
    }
}

/* A line for each part that is not stable, and how many of each word there are. */
static void drift_put(struct buf *text, const struct drift *drift)
{
    uint32_t counts[DRIFT_WORD__MAX] = {0};
    char name[2 * IMAGE_MAX_NAME + 64];

    for (uint32_t i = 0; i < drift_parts(drift); i++) {
        struct drift_part part;

        drift_read(drift, i, &part);
        counts[part.word]++;
        if (part.word != DRIFT_SHIFTED && part.word != DRIFT_DRIFTED)
            continue;
        drift_print_name(drift, &part, name, sizeof(name));
        buf_printf(text, "\n  %-28s %s: PSI %.3g", name, drift_word_text(part.word), part.psi);
    }
    buf_puts(text, "\n  against training:");
    for (int i = 0, n = 0; i < DRIFT_WORD__MAX; i++)
        if (counts[i] != 0)
            buf_printf(text, "%s %u %s", n++ == 0 ? "" : ",", (unsigned)counts[i],
                       drift_word_text((enum drift_word)i));
    buf_puts(text, " of features and answers");
}

static void part_put(struct buf *text, const struct judge *judge, const struct judge_part *part)
{
    const struct image *image = part->version->image;

    head_put(text, judge, part);
    if (image == NULL) {
        buf_printf(text, "%" PRIu64 " rows, of which nothing can be told: its image is gone",
                   part->rows);
        return;
    }
    for (uint32_t t = 0; t < image_n_targets(image); t++)
        target_put(text, part, t);
    drift_put(text, part->drift);
}

static void judge_put(struct buf *text, const struct judge *judge)
{
    if (judge->n_parts == 0)
        buf_printf(text, "%s: nothing is kept; see forestgate model keep", judge->filter.model);
    for (size_t i = 0; i < judge->n_parts; i++) {
        if (i > 0)
            buf_puts(text, "\n\n");
        part_put(text, judge, &judge->parts[i]);
    }
    if (judge->damaged > 0)
        buf_printf(text, "\n%" PRId64 " requests could not be opened", judge->damaged);
}

static enum result arguments(const struct option_set *set, struct keep_filter *filter,
                             enum judge_by *by, struct reason *why)
{
    unsigned long long version = 0;
    struct reason of;
    enum result result = option_u64(set, "--version", 1, INT64_MAX, &version, why);

    *filter = (struct keep_filter){.model = set->operands[0], .version = (int64_t)version};
    if (result == RESULT_OK)
        result = time_option_read(set, "--since", &filter->since_us, why);
    if (result == RESULT_OK)
        result = time_option_read(set, "--until", &filter->until_us, why);
    if (result == RESULT_OK &&
        (result = judge_by_read(option_value(set, "--by"), by, &of)) != RESULT_OK)
        reason_set(why, result, "--by: %s", of.text);
    return result;
}

int model_quality_run(const struct option_set *set)
{
    struct judge judge = {.n_parts = 0};
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    struct keep_filter filter;
    enum judge_by by;
    enum result result;
    struct reason why;
    struct home home;

    if (arguments(set, &filter, &by, &why) != RESULT_OK)
        return cli_misuse(&why);
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = judge_read(&home, &filter, by, 0, &judge, &why);
    if (result == RESULT_OK && option_given(set, "--json"))
        judge_write(&writer, &judge);
    else if (result == RESULT_OK)
        judge_put(&text, &judge);
    judge_free(&judge);
    return cli_home_end(&home, cli_answer(&text, result, &why));
}

const struct option_row model_quality_options[] = {
    {"--version", "N", "of this version alone", NULL},
    {"--since", "TIME", "from then on: RFC 3339, or so long ago, such as 7d", NULL},
    {"--until", "TIME", "before then", NULL},
    {"--by", "version|day|week", "what one line is of", "version"},
    CLI_COMMON_OPTIONS,
};
