/*
 * cmd_model.c: forestgate model: train, show, check; the table of its verbs, of which the
 * others are in model_publish.c and model_list.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cli.h"
#include "cmd/model_import.h"
#include "cmd/model_bench.h"
#include "cmd/model_compare.h"
#include "cmd/model_draw.h"
#include "cmd/model_keep.h"
#include "cmd/model_list.h"
#include "cmd/model_publish.h"
#include "cmd/model_quality.h"
#include "cmd/progress.h"
#include "forest/baseline.h"
#include "forest/baseline_make.h"
#include "forest/describe.h"
#include "cmd/thresholds.h"
#include "forest/draft.h"
#include "forest/image.h"
#include "forest/table.h"
#include "forest/text_train.h"
#include "forest/train.h"
#include "gate/registry.h"
#include "http/show.h"

enum {
    BAR_WIDTH = 40,
    CATEGORIES_SHOWN = 20
};

static enum result task_read(const struct option_set *set, enum spec_task *task,
                             struct reason *why)
{
    const char *text = option_value(set, "--task");

    *task = 0;
    if (text == NULL)
        return RESULT_OK;
    if (strcmp(text, "classify") == 0)
        *task = SPEC_CLASSIFY;
    else if (strcmp(text, "regress") == 0)
        *task = SPEC_REGRESS;
    else
        return reason_set(why, RESULT_INVALID,
                          "--task: \"%.40s\" is not allowed; allowed: classify or regress",
                          text);
    return RESULT_OK;
}

static enum result train_options_read(const struct option_set *set,
                                      struct train_options *options, struct reason *why)
{
    unsigned long long trees = options->trees, seed = options->seed;
    unsigned long long features = options->max_features, depth = options->max_depth;
    unsigned long long leaf = options->min_samples_leaf, threads = options->threads;
    const struct {
        const char *name;
        unsigned long long min, max, *value;
    } numbers[] = {
        {"--trees", 1, 100000, &trees},
        {"--seed", 0, UINT64_MAX, &seed},
        {"--max-features", 1, IMAGE_MAX_FEATURES, &features},
        {"--max-depth", 1, UINT32_MAX, &depth},
        {"--min-samples-leaf", 1, UINT32_MAX, &leaf},
        {"--threads", 1, 1024, &threads},
    };
    enum result result = RESULT_OK;

    for (size_t i = 0; result == RESULT_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        result = option_u64(set, numbers[i].name, numbers[i].min, numbers[i].max,
                            numbers[i].value, why);
    options->trees = (uint32_t)trees;
    options->seed = seed;
    options->max_features = (uint32_t)features;
    options->max_depth = (uint32_t)depth;
    options->min_samples_leaf = (uint32_t)leaf;
    options->threads = (unsigned)threads;
    return result;
}

static void on_tree(void *arg, unsigned done, unsigned total)
{
    progress_draw(arg, done, total);
}

static int print_trained(const struct option_set *set, const struct draft *draft,
                         const char *path, double seconds)
{
    const struct image_facts *facts = &draft->facts;
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "file", path);
        json_member_string(&writer, "task", image_task_name(draft->spec.task));
        json_member_u64(&writer, "rows", facts->rows);
        json_member_u64(&writer, "features", draft->n_features);
        json_member_u64(&writer, "classes", draft->targets[0].n_classes);
        json_member_u64(&writer, "trees", draft->n_trees);
        json_member_u64(&writer, "seed", facts->seed);
        json_member_string(&writer, "metric", image_metric_name(facts->metric));
        json_member_double(&writer, "oob_score", facts->oob_score);
        json_write_object_end(&writer);
        return cli_print(&text);
    }
    buf_printf(&text, "%s: %u trees to %s, from %" PRIu64 " rows of %u features, in %.2f s",
               path, (unsigned)draft->n_trees, image_task_name(draft->spec.task), facts->rows,
               (unsigned)draft->n_features, seconds);
    if (facts->metric != IMAGE_NO_METRIC)
        buf_printf(&text, "\nout-of-bag %s %.4f", image_metric_name(facts->metric),
                   facts->oob_score);
    return cli_tell(set, &text);
}

/* The file of the data, which may stand alone or behind --csv; NULL without. */
static const char *train_file(const struct option_set *set)
{
    return set->operand_count > 0 ? set->operands[0] : option_value(set, "--csv");
}

/* The needed options of training.  RESULT_INVALID names the one that is missing. */
static enum result train_arguments(const struct option_set *set, struct train_options *options,
                                   enum spec_task *task, struct reason *why)
{
    static const struct {
        const char *name, *what;
    } needed[] = {{"--target", "the column to predict"},
                  {"-o", "the image to write, such as iris.fgm"}};
    enum result result;

    if (train_file(set) == NULL)
        return reason_set(why, RESULT_INVALID, "--csv is needed: the data, a CSV file");
    if (set->operand_count > 0 && option_given(set, "--csv"))
        return reason_set(why, RESULT_INVALID, "the data is given twice, as %.80s and by --csv",
                          set->operands[0]);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (option_value(set, needed[i].name) == NULL)
            return reason_set(why, RESULT_INVALID, "%s is needed: %s", needed[i].name,
                              needed[i].what);
    result = task_read(set, task, why);
    if (result == RESULT_OK)
        result = train_options_read(set, options, why);
    if (result == RESULT_OK && *task == SPEC_REGRESS && option_given(set, "--text"))
        result =
            reason_set(why, RESULT_INVALID, "--text: a text model tells classes, not values");
    return result;
}

/* Reads the data and trains on it: on one column of texts, or on all columns of numbers. */
static enum result train(const struct option_set *set, const struct train_options *options,
                         enum spec_task task, struct table **table, struct draft *draft,
                         struct reason *why)
{
    const char *path = train_file(set), *target = option_value(set, "--target");
    const char *text = option_value(set, "--text");
    enum result result;

    if (text != NULL)
        result = table_read_texts(path, target, text, table, why);
    else
        result = table_read(path, target, task, table, why);
    if (result == RESULT_OK && text != NULL)
        result = text_train(*table, options, draft, why);
    else if (result == RESULT_OK)
        result = train_forest(*table, options, draft, why);
    return result;
}

/* What the draft gets beside its trees, and then the file. */
static enum result train_write(const struct option_set *set, const struct table *table,
                               const struct oob_sample *sample, struct draft *draft,
                               struct reason *why)
{
    enum result result = thresholds_take(set, draft, why);

    if (result == RESULT_OK && baseline_of_table(table, sample, draft) != RESULT_OK)
        result = reason_set(why, RESULT_NOMEM, "out of memory");
    if (result == RESULT_OK)
        result = draft_write(draft, option_value(set, "-o"), why);
    return result;
}

static int run_train(const struct option_set *set)
{
    struct train_options options =
        option_given(set, "--text") ? text_train_defaults : train_defaults;
    struct oob_sample sample = {.n = 0};
    struct progress progress;
    struct table *table = NULL;
    struct draft draft = {0};
    enum spec_task task = 0;
    enum result result;
    struct reason why;
    int status;

    if (train_arguments(set, &options, &task, &why) != RESULT_OK)
        return cli_misuse(&why);
    progress_start(&progress, "training", "trees");
    options.progress = on_tree;
    options.arg = &progress;
    options.sample = &sample;
    result = train(set, &options, task, &table, &draft, &why);
    progress_end(&progress);
    if (result == RESULT_OK)
        result = train_write(set, table, &sample, &draft, &why);
    status = result == RESULT_OK
                 ? print_trained(set, &draft, option_value(set, "-o"),
                                 (double)(clock_mono_ns() - progress.start_ns) * 1e-9)
                 : cli_fail(&why);
    oob_sample_free(&sample);
    draft_free(&draft);
    table_free(table);
    return status;
}

/* A number of a column; "-" where it is not known. */
static void column_number_put(struct buf *text, double number, bool known)
{
    if (known)
        buf_printf(text, " %12g", number);
    else
        buf_printf(text, " %12s", "-");
}

static void feature_line_put(struct buf *text, const struct image *image, uint32_t i,
                             double most)
{
    const double low = image_feature_min(image, i), high = image_feature_max(image, i),
                 importance = image_feature_importance(image, i);
    const bool ranged = low <= high && image_feature_n_values(image, i) == 0;
    int bar = most > 0 ? (int)(importance / most * BAR_WIDTH + 0.5) : 0;

    buf_printf(text, "\n%-24s %-8s", image_feature_name(image, i),
               image_type_name(image_feature_type(image, i)));
    column_number_put(text, low, ranged);
    column_number_put(text, high, ranged);
    buf_printf(text, "  %-7s", image_feature_missing(image, i) ? "allowed" : "no");
    if (most > 0)
        buf_printf(text, "  %6.4f ", importance);
    else
        buf_puts(text, "  -");
    while (bar-- > 0)
        buf_putc(text, '#');
}

/* One line for each feature; a model that tells no importances has none, not 0. */
static void features_put(struct buf *text, const struct image *image)
{
    double most = 0;

    for (uint32_t i = 0; i < image_n_features(image); i++)
        if (image_feature_importance(image, i) > most)
            most = image_feature_importance(image, i);
    buf_printf(text, "\n\n%-24s %-8s %12s %12s  %-7s  importance", "feature", "type", "min",
               "max", "missing");
    for (uint32_t i = 0; i < image_n_features(image); i++)
        feature_line_put(text, image, i, most);
}

/* What the categories are called, as many as a line is good for. */
static void categories_put(struct buf *text, const struct image *image)
{
    for (uint32_t i = 0; i < image_n_features(image); i++) {
        const uint32_t n = image_feature_n_values(image, i);

        if (n > 0)
            buf_printf(text, "\n%s is one of:", image_feature_name(image, i));
        for (uint32_t k = 0; k < n && k < CATEGORIES_SHOWN; k++)
            buf_printf(text, "%s %s", k == 0 ? "" : ",", image_feature_value(image, i, k));
        if (n > CATEGORIES_SHOWN)
            buf_printf(text, ", ... (%u in all)", (unsigned)n);
    }
}

/* "classes 0 setosa, 1 versicolor", with the target's number or name where there are several.
 */
static void targets_put(struct buf *text, const struct image *image)
{
    const uint32_t n_targets = image_n_targets(image);

    for (uint32_t t = 0; t < n_targets; t++) {
        const uint32_t n = image_target_n_classes(image, t);

        if (n_targets > 1 && image_target_name(image, t) != NULL)
            buf_printf(text, "\ntarget %u %s%s", (unsigned)t, image_target_name(image, t),
                       n > 0 ? ":" : "");
        else if (n_targets > 1)
            buf_printf(text, "\ntarget %u%s", (unsigned)t, n > 0 ? ":" : "");
        if (n > 0)
            buf_puts(text, n_targets > 1 ? " classes" : "\nclasses");
        for (uint32_t k = 0; k < n; k++)
            buf_printf(text, "%s %u %s", k == 0 ? "" : ",", (unsigned)k,
                       image_target_label(image, t, k));
    }
}

/* Of an imported model nobody knows the training's rows. */
static void training_put(struct buf *text, const struct image_facts *facts)
{
    char date[20];

    buf_printf(text, "from %s", facts->source);
    cli_time_print(date, facts->date);
    if (facts->rows > 0)
        buf_printf(text, ": %" PRIu64 " rows, seed %" PRIu64 ", data of %s", facts->rows,
                   facts->seed, date);
    if (facts->metric != IMAGE_NO_METRIC)
        buf_printf(text, "\nout-of-bag %s %.4f on %" PRIu64 " rows",
                   image_metric_name(facts->metric), facts->oob_score, facts->oob_rows);
}

/* How many rows drift is told by; a model without any says so. */
static void baseline_put(struct buf *text, const struct image *image)
{
    const struct baseline *baseline = image_baseline(image);

    if (baseline == NULL)
        buf_puts(text, "\nno baseline: drift cannot be told");
    else
        buf_printf(text, "\nbaseline of %" PRIu64 " rows, which drift is told by",
                   baseline->head->rows);
}

static void image_put(struct buf *text, const struct image *image)
{
    buf_printf(text, "%s by %u trees of %" PRIu64 " nodes, depth %u, %" PRIu64 " bytes\n",
               image_task_name(image_task(image)), (unsigned)image_n_trees(image),
               image_n_nodes(image), (unsigned)image_depth(image), image_size(image));
    training_put(text, image_facts(image));
    baseline_put(text, image);
    buf_printf(text, "\nsha256 %s", image_sha256_hex(image));
    targets_put(text, image);
    features_put(text, image);
    categories_put(text, image);
}

/* Of a published model how much is kept of what it is asked. */
static void keep_line_put(struct buf *text, const struct model_row *row)
{
    char share[REGISTRY_SHARE_TEXT];

    if (row->version == 0 || row->keep_share == 0)
        return;
    registry_share_print(share, row->keep_share);
    buf_printf(text, "\nkeeps %s of the requests for %" PRId64 " days", share, row->keep_days);
}

static int run_show(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    struct image *image = NULL;
    struct model_row row = {.version = 0};
    struct reason why;

    if (cli_image_open(set, set->operands[0], &row, &image, &why) != RESULT_OK)
        return cli_fail(&why);
    if (option_given(set, "--json")) {
        json_write_object(&writer);
        describe_image(&writer, image);
        if (row.version != 0)
            show_keep(&writer, &row);
        json_write_object_end(&writer);
    } else {
        image_put(&text, image);
        keep_line_put(&text, &row);
    }
    image_close(image);
    return cli_print(&text);
}

static int run_check(const struct option_set *set)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);
    struct image *image = NULL;
    struct model_row row;
    struct reason why;

    if (cli_image_open(set, set->operands[0], &row, &image, &why) != RESULT_OK)
        return cli_fail(&why);
    if (option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "state", "good");
        json_member_string(&writer, "sha256", image_sha256_hex(image));
        json_write_object_end(&writer);
    } else {
        buf_printf(&text, "%s is good: %s", set->operands[0], image_sha256_hex(image));
    }
    image_close(image);
    return cli_tell(set, &text);
}

static const struct option_row train_option_rows[] = {
    {"--csv", "FILE", "the data: a header line, then one row a line", NULL},
    {"--target", "COLUMN", "the column to predict", NULL},
    {"-o", "FILE", "the image to write", NULL},
    {"--task", "classify|regress", "what to learn; else told by the target", NULL},
    {"--text", "COLUMN", "learn from the texts of this column alone", NULL},
    THRESHOLDS_OPTION,
    {"--trees", "N", "how many trees; else 100, or 200 of texts", NULL},
    {"--seed", "N", "the same data, options and seed give the same image", "42"},
    {"--max-features", "N", "features tried at a split; else sqrt of all, or all to regress",
     NULL},
    {"--max-depth", "N", "no deeper; else without bound", NULL},
    {"--min-samples-leaf", "N", "rows in a leaf at least; else 1, or 5 of texts", NULL},
    {"--threads", "N", "at once; else one for each processor", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row bench_options[] = {
    {"--in", "FILE", "the rows, CSV or NumPy's .npy", NULL},
    CLI_COMMON_OPTIONS,
};

static const struct option_row plain_options[] = {CLI_COMMON_OPTIONS};

const struct cli_command cmd_model_commands[] = {
    {"model", "train", "[FILE]", 1, train_option_rows, run_train,
     "train a random forest from a CSV file",
     "  forestgate model train --csv iris.csv --target species -o iris.fgm\n"
     "  forestgate model train --csv houses.csv --target price --task regress --seed 7 \\\n"
     "    -o houses.fgm\n"
     "  forestgate model train sentiment.csv --target sentiment --text text -o "
     "sentiment.fgm\n"},
    {"model", "import", "FILE", 1, model_import_options, model_import_run,
     "make an image of another library's model",
     "  forestgate model import model.json -o model.fgm\n"
     "  forestgate model import model.ubj --classes no,yes --best-iteration -o model.fgm\n"},
    {"model", "show", "NAME|FILE", 1, plain_options, run_show,
     "show what an image is: facts, features, classes",
     "  forestgate model show iris.fgm\n  forestgate model show iris --home var\n"},
    {"model", "check", "NAME|FILE", 1, plain_options, run_check, "prove that an image is whole",
     "  forestgate model check iris.fgm\n"},
    {"model", "draw", "NAME|FILE", 1, model_draw_options, model_draw_run,
     "draw a tree as SVG, with the way of a row lit",
     "  forestgate model draw iris.fgm --tree 3 -o tree.svg\n"
     "  forestgate model draw iris --row 5.1,3.5,1.4,0.2 -o tree.svg\n"
     "  forestgate model draw iris --in rows.csv --line 7 --depth 6 -o tree.svg\n"},
    {"model", "importances", "NAME|FILE", 1, model_importances_options, model_importances_run,
     "draw as SVG how much each feature matters",
     "  forestgate model importances iris -o bars.svg\n"
     "  forestgate model importances iris --in rows.csv -o bars.svg\n"},
    {"model", "bench", "NAME|FILE", 1, bench_options, model_bench_run,
     "measure how fast a model's trees are walked here, in one thread",
     "  forestgate model bench iris.fgm --in rows.npy\n"},
    {"model", "compare", "A B", 2, model_compare_options, model_compare_run,
     "show where two models differ on the rows of a file",
     "  forestgate model compare iris better.fgm --data rows.csv\n"
     "  forestgate model compare iris:2 iris:3 --data rows.csv --limit 100 --json\n"},
    {"model", "publish", "NAME FILE", 2, model_publish_options, model_publish,
     "publish an image as the next version; prints its number",
     "  forestgate model publish iris iris.fgm --home var\n"
     "  forestgate model publish iris better.fgm --canary 10%\n"
     "  forestgate model publish iris bold.fgm --shadow\n"},
    {"model", "promote", "NAME", 1, model_promote_options, model_promote,
     "have the canary or shadow serve, or give it another share",
     "  forestgate model promote iris --canary 50%\n"
     "  forestgate model promote iris\n"},
    {"model", "rollback", "NAME", 1, model_rollback_options, model_rollback,
     "go back to the version that served before; prints its number",
     "  forestgate model rollback iris\n"
     "  forestgate model rollback iris --to 3\n"},
    {"model", "retire", "NAME", 1, model_retire_options, model_retire,
     "end a canary or a shadow", "  forestgate model retire iris\n"},
    {"model", "withdraw", "NAME", 1, model_withdraw_options, model_withdraw,
     "have no version answer any more; all are kept", "  forestgate model withdraw iris\n"},
    {"model", "restore", "NAME", 1, model_restore_options, model_restore,
     "have a model that is withdrawn serve again", "  forestgate model restore iris\n"},
    {"model", "delete", "NAME", 1, model_delete_options, model_delete,
     "delete retired versions; prints their numbers",
     "  forestgate model delete iris --version 2\n"
     "  forestgate model delete iris --keep 5\n"},
    {"model", "quality", "NAME", 1, model_quality_options, model_quality_run,
     "tell how good a model has been, and how far its rows have drifted",
     "  forestgate model quality iris --since 30d\n"
     "  forestgate model quality iris --by week --json\n"},
    {"model", "keep", "NAME", 1, model_keep_options, model_keep,
     "have a share of what a model is asked be kept, or nothing any more",
     "  forestgate model keep iris --rate 10% --days 30\n"
     "  forestgate model keep iris --off\n"},
    {"model", "kept", "NAME", 1, model_kept_options, model_kept,
     "write what is kept of a model as CSV, or delete it",
     "  forestgate model kept iris --out kept.csv\n"
     "  forestgate model kept iris --columns training --out more.csv\n"
     "  forestgate model kept iris --delete\n"},
    {"model", "list", "", 0, model_list_options, model_list,
     "list the published models, each version and what it does",
     "  forestgate model list --home var\n"},
    {0},
};
