/*
 * train.c: from a table to a forest.
 *
 * Threads take trees by number.  Nothing that a tree depends on passes between them,
 * and what is summed over trees is summed in their order when all are grown.
 */
#include "forest/train.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forest/baseline_make.h"
#include "forest/grow.h"
#include "forest/oob.h"
#include "forest/pool.h"
#include "forest/ranks.h"

const struct train_options train_defaults = {
    .trees = 100,
    .seed = 42,
    .min_samples_leaf = 1,
};

/* What the threads share; the lock guards what is below it. */
struct training {
    const struct train_options *options;
    struct grow_plan plan;
    struct draft_tree *trees;
    double *importances; /* trees x n_features */
    uint8_t *bags;       /* trees x GROW_BAG_BYTES */
    pthread_mutex_t lock;
    uint32_t next, done;
    enum result result;
};

static enum result check_options(const struct train_options *options, const struct table *table,
                                 struct reason *why)
{
    if (options->trees < 1 || options->trees > IMAGE_MAX_TREES)
        return reason_set(why, RESULT_INVALID, "trees is %u, must be 1 to %d", options->trees,
                          IMAGE_MAX_TREES);
    if (options->max_features > table->n_features)
        return reason_set(why, RESULT_INVALID, "max-features is %u, but there are %u features",
                          options->max_features, table->n_features);
    if (options->min_samples_leaf < 1)
        return reason_set(why, RESULT_INVALID, "min-samples-leaf is 0, must be 1 or more");
    if (options->threads > POOL_MAX_THREADS)
        return reason_set(why, RESULT_INVALID, "threads is %u, must be at most %d",
                          options->threads, POOL_MAX_THREADS);
    return RESULT_OK;
}

/* scikit-learn's defaults: max(1, floor(sqrt(n))) for classes, n for values. */
static uint32_t features_per_split(const struct train_options *options,
                                   const struct table *table)
{
    uint32_t root = 1;

    if (options->max_features != 0)
        return options->max_features;
    if (table->task == SPEC_REGRESS)
        return table->n_features;
    while ((uint64_t)(root + 1) * (root + 1) <= table->n_features)
        root++;
    return root;
}

static unsigned count_threads(const struct train_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (options->threads != 0)
        return options->threads;
    if (processors < 1)
        return 1;
    return processors > POOL_MAX_THREADS ? POOL_MAX_THREADS : (unsigned)processors;
}

static double mean_of(const double *values, size_t n)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

static enum result grow_one(struct training *training, struct grower *grower, uint32_t tree)
{
    const struct table *table = training->plan.table;

    return grower_grow(grower, rng_stream(training->options->seed, tree),
                       &training->trees[tree],
                       training->importances + (size_t)tree * table->n_features,
                       training->bags + tree * GROW_BAG_BYTES(table->n_rows));
}

/* Grows tree after tree until there is none left or one failed. */
static void grow_trees(void *arg)
{
    struct training *training = arg;
    const struct train_options *options = training->options;
    struct grower *grower;
    enum result result = grower_open(&training->plan, &grower);

    pthread_mutex_lock(&training->lock);
    while (result == RESULT_OK && training->result == RESULT_OK &&
           training->next < options->trees) {
        uint32_t tree = training->next++;

        pthread_mutex_unlock(&training->lock);
        result = grow_one(training, grower, tree);
        pthread_mutex_lock(&training->lock);
        training->done++;
        if (result == RESULT_OK && options->progress != NULL)
            options->progress(options->arg, training->done, options->trees);
    }
    if (result != RESULT_OK)
        training->result = result;
    pthread_mutex_unlock(&training->lock);
    grower_close(grower);
}

/*
 * The mean over the trees that split at all, made to sum to 1, as scikit-learn's
 * feature_importances_.
 */
static void average_importances(const struct training *training, struct draft *draft)
{
    uint32_t t, f, n = draft->n_features;
    double sum = 0;

    for (t = 0; t < draft->n_trees; t++)
        for (f = 0; f < n; f++)
            draft->features[f].importance += training->importances[(size_t)t * n + f];
    for (f = 0; f < n; f++)
        sum += draft->features[f].importance;
    for (f = 0; f < n && sum > 0; f++)
        draft->features[f].importance /= sum;
}

static enum result copy_values(const struct table_column *column, struct draft_feature *feature)
{
    if (column->n_texts == 0)
        return RESULT_OK;
    feature->values = calloc(column->n_texts, sizeof(*feature->values));
    if (feature->values == NULL)
        return RESULT_NOMEM;
    feature->n_values = column->n_texts;
    for (uint32_t i = 0; i < column->n_texts; i++)
        if ((feature->values[i] = strdup(column->texts[i])) == NULL)
            return RESULT_NOMEM;
    return RESULT_OK;
}

static enum result copy_schema(const struct table *table, struct draft *draft)
{
    uint32_t i;

    draft->n_features = table->n_features;
    draft->features = calloc(table->n_features, sizeof(*draft->features));
    if (draft->features == NULL || draft_columns_make(draft) != RESULT_OK)
        return RESULT_NOMEM;
    for (i = 0; i < table->n_features; i++) {
        const struct table_column *column = &table->columns[i];
        struct draft_feature *feature = &draft->features[i];

        feature->type = column->type;
        feature->min = column->min;
        feature->max = column->max;
        if ((feature->name = strdup(column->name)) == NULL ||
            copy_values(column, feature) != RESULT_OK)
            return RESULT_NOMEM;
    }
    return RESULT_OK;
}

/* One target, of classes or of values, from the mean of the trees: as scikit-learn's. */
static enum result copy_target(const struct table *table, uint32_t trees, struct draft *draft)
{
    const bool classify = table->task == SPEC_CLASSIFY;
    struct draft_target *target = calloc(1, sizeof(*target));
    uint32_t i;

    draft->spec = (struct spec){
        .task = table->task,
        .compare = SPEC_COMPARE_F32,
        .sum = SPEC_SUM_F64,
        .fold = SPEC_FOLD_MEAN,
        .transform = classify ? SPEC_FRACTIONS : SPEC_IDENTITY,
        .label = SPEC_LABEL_ARGMAX,
        .category = SPEC_CATEGORY_SIGN,
        .n_outputs = classify ? table->n_classes : 1,
        .divisor = trees,
        .parameter = 1,
    };
    draft->base = calloc(draft->spec.n_outputs, sizeof(*draft->base));
    draft->targets = target;
    draft->n_targets = target != NULL;
    if (target == NULL || draft->base == NULL || (target->name = strdup(table->target)) == NULL)
        return RESULT_NOMEM;
    if (!classify)
        return RESULT_OK;
    target->labels = calloc(table->n_classes, sizeof(*target->labels));
    if (target->labels == NULL)
        return RESULT_NOMEM;
    target->n_classes = table->n_classes;
    for (i = 0; i < table->n_classes; i++)
        if ((target->labels[i] = strdup(table->labels[i])) == NULL)
            return RESULT_NOMEM;
    return RESULT_OK;
}

static void note_facts(const struct training *training, struct image_facts *facts)
{
    const struct table *table = training->plan.table;

    facts->source = "forestgate-train";
    facts->date = table->date;
    facts->rows = table->n_rows;
    facts->seed = training->options->seed;
    facts->trees = training->options->trees;
    facts->max_features = training->plan.max_features;
    facts->max_depth = training->plan.max_depth;
    facts->min_samples_leaf = training->plan.min_samples_leaf;
    memcpy(facts->data_sha256, table->sha256, sizeof(facts->data_sha256));
}

/* Grows all trees into the draft and measures them. */
static enum result run(struct training *training, struct draft *draft)
{
    const struct table *table = training->plan.table;
    size_t trees = training->options->trees;
    unsigned threads = count_threads(training->options);
    struct oob_sample *sample = training->options->sample;

    draft->trees = calloc(trees, sizeof(*draft->trees));
    training->trees = draft->trees;
    training->importances = reallocarray(NULL, trees, table->n_features * sizeof(double));
    training->bags = reallocarray(NULL, trees, GROW_BAG_BYTES(table->n_rows));
    if (draft->trees == NULL || training->importances == NULL || training->bags == NULL)
        return RESULT_NOMEM;
    draft->n_trees = training->options->trees;
    pool_run(threads, grow_trees, training);
    if (training->result != RESULT_OK)
        return training->result;
    average_importances(training, draft);
    if (sample != NULL &&
        oob_sample_choose(sample, table->n_rows, baseline_sample_size(draft->spec.n_outputs),
                          draft->spec.n_outputs, training->options->seed) != RESULT_OK)
        return RESULT_NOMEM;
    return oob_measure(table, training->bags, threads, draft, sample);
}

enum result train_forest(const struct table *table, const struct train_options *options,
                         struct draft *out, struct reason *why)
{
    struct training training = {.options = options, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct ranks *ranks = NULL;
    enum result result = check_options(options, table, why);

    memset(out, 0, sizeof(*out));
    if (result != RESULT_OK)
        return result;
    training.plan.table = table;
    training.plan.max_features = features_per_split(options, table);
    training.plan.max_depth = options->max_depth;
    training.plan.min_samples_leaf = options->min_samples_leaf;
    if (table->task == SPEC_REGRESS)
        training.plan.mean = mean_of(table->values, table->n_rows);
    if ((result = copy_schema(table, out)) != RESULT_OK ||
        (result = copy_target(table, options->trees, out)) != RESULT_OK)
        goto out;
    note_facts(&training, &out->facts);
    if ((result = ranks_make(table, &ranks)) != RESULT_OK)
        goto out;
    training.plan.ranks = ranks;
    result = run(&training, out);
out:
    if (result != RESULT_OK) {
        reason_set(why, result, "training on %zu rows of %u features: %s", table->n_rows,
                   table->n_features, result_text(result));
        draft_free(out);
    }
    ranks_free(ranks, table->n_features);
    free(training.importances);
    free(training.bags);
    return result;
}
