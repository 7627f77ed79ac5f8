/*
 * text_train.c: the training of a text model.
 *
 * Threads take folds.  Each fold fills the rows of its own texts, so it does not matter
 * which thread does.
 */
#include "forest/text_train.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "forest/corpus.h"
#include "forest/pool.h"
#include "forest/text_model.h"
#include "forest/weights.h"

enum {
    COLUMNS = 128 /* buckets that are columns of their own */
};

const struct train_options text_train_defaults = {
    .trees = 200,
    .seed = 42,
    .min_samples_leaf = 5,
};

struct crossing {
    struct table *table;
    struct corpus corpus;
    struct corpus_choice choice;
    void *block; /* of all texts */
    size_t len;
    atomic_uint next;  /* fold; CORPUS_NO_FOLD stands for all texts */
    atomic_int failed; /* a result */
};

/* Fills the rows of the texts of one fold. */
static enum result fill_rows(struct crossing *crossing, unsigned fold, const void *block,
                             size_t block_len)
{
    struct table *table = crossing->table;
    struct text_scratch *scratch = text_scratch_new();
    double *row = calloc(table->n_features, sizeof(*row));
    struct text_model model;
    enum result result = RESULT_NOMEM;
    size_t i, len;
    uint32_t f;

    if (scratch != NULL && row != NULL)
        result = text_prove(block, block_len, &model, NULL);
    for (i = 0; i < table->n_rows && result == RESULT_OK; i++) {
        const char *text = table_text(table, i, &len);

        if (crossing->corpus.folds[i] != fold)
            continue;
        text_features(&model, scratch, text, len, row);
        for (f = 0; f < table->n_features; f++)
            table->columns[f].values[i] = (float)(row[f] + 0.0); /* never -0 */
    }
    text_scratch_free(scratch);
    free(row);
    return result;
}

static void learn_folds(void *arg)
{
    struct crossing *crossing = arg;
    enum result result = RESULT_OK;
    unsigned fold;

    while (result == RESULT_OK && atomic_load(&crossing->failed) == RESULT_OK &&
           (fold = atomic_fetch_add(&crossing->next, 1)) <= CORPUS_NO_FOLD) {
        void *block = NULL;
        size_t len = 0;

        result = weights_learn(&crossing->corpus, &crossing->choice, fold, &block, &len);
        if (result == RESULT_OK && fold == CORPUS_NO_FOLD) {
            crossing->block = block;
            crossing->len = len;
            continue;
        }
        if (result == RESULT_OK)
            result = fill_rows(crossing, fold, block, len);
        free(block);
    }
    if (result != RESULT_OK)
        atomic_store(&crossing->failed, (int)result);
}

/* The name of number i of a set: of a class, by its label if that is not too long. */
static char *name_of_set(const struct table *table, uint32_t set, uint32_t i)
{
    static const char *const kinds[TEXT_PER_SET] = {"score", "most", "least", "late"};
    const uint32_t class = text_sets(table->n_classes) == 1 ? 1 : set;
    const char *label = table->labels[class];
    char name[300];

    if (strlen(label) <= 200)
        text_print(name, sizeof(name), "<%s %s>", kinds[i], label);
    else
        text_print(name, sizeof(name), "<%s of class %u>", kinds[i], (unsigned)class);
    return strdup(name);
}

static char *name_of_count(uint32_t i)
{
    static const char *const names[TEXT_COUNT__MAX] = {
        [TEXT_COUNT_WORDS] = "<words>",       [TEXT_COUNT_KNOWN] = "<known>",
        [TEXT_COUNT_CAPITALS] = "<capitals>", [TEXT_COUNT_EXCLAIMED] = "<exclaimed>",
        [TEXT_COUNT_ASKED] = "<asked>",
    };

    return strdup(names[i]);
}

/* Makes room for the columns, each with its name. */
static enum result make_columns(struct crossing *crossing)
{
    struct table *table = crossing->table;
    const uint32_t sets = text_sets(table->n_classes) * TEXT_PER_SET;
    const uint32_t n = sets + TEXT_COUNT__MAX + crossing->choice.n;
    uint32_t i;

    if ((table->columns = calloc(n, sizeof(*table->columns))) == NULL)
        return RESULT_NOMEM;
    table->n_features = n;
    for (i = 0; i < n; i++) {
        struct table_column *column = &table->columns[i];

        if (i < sets)
            column->name = name_of_set(table, i / TEXT_PER_SET, i % TEXT_PER_SET);
        else if (i < sets + TEXT_COUNT__MAX)
            column->name = name_of_count(i - sets);
        else
            column->name = strdup(crossing->choice.names[i - sets - TEXT_COUNT__MAX]);
        column->values = calloc(table->n_rows, sizeof(*column->values));
        if (column->name == NULL || column->values == NULL)
            return RESULT_NOMEM;
    }
    return RESULT_OK;
}

static void describe_columns(struct table *table)
{
    uint32_t f;
    size_t i;

    for (f = 0; f < table->n_features; f++) {
        struct table_column *column = &table->columns[f];

        column->min = column->max = column->values[0];
        column->type = IMAGE_INTEGER;
        for (i = 0; i < table->n_rows; i++) {
            double value = column->values[i];

            column->min = value < column->min ? value : column->min;
            column->max = value > column->max ? value : column->max;
            if (value > floor(value))
                column->type = IMAGE_REAL;
        }
    }
}

static enum result check_table(const struct table *table, struct reason *why)
{
    if (table->task != SPEC_CLASSIFY)
        return reason_set(why, RESULT_INVALID,
                          "the target \"%.80s\" is a value: a text model tells classes",
                          table->target);
    if (text_sets(table->n_classes) > TEXT_MAX_SETS)
        return reason_set(why, RESULT_TOO_BIG,
                          "%u classes; a text model tells at most %d apart",
                          (unsigned)table->n_classes, TEXT_MAX_SETS);
    return RESULT_OK;
}

static unsigned count_threads(const struct train_options *options)
{
    long processors = options->threads != 0 ? options->threads : sysconf(_SC_NPROCESSORS_ONLN);

    if (processors < 1)
        return 1;
    return processors > CORPUS_NO_FOLD + 1 ? CORPUS_NO_FOLD + 1 : (unsigned)processors;
}

/* The columns of the table, and the block of all texts. */
static enum result cross(struct crossing *crossing, const struct train_options *options)
{
    enum result result = corpus_read(crossing->table, options->seed, &crossing->corpus);

    if (result == RESULT_OK)
        result = corpus_choose(&crossing->corpus, COLUMNS, &crossing->choice);
    if (result == RESULT_OK)
        result = make_columns(crossing);
    if (result == RESULT_OK) {
        pool_run(count_threads(options), learn_folds, crossing);
        result = (enum result)atomic_load(&crossing->failed);
    }
    if (result == RESULT_OK)
        describe_columns(crossing->table);
    corpus_free(&crossing->corpus);
    corpus_choice_free(&crossing->choice);
    return result;
}

enum result text_train(struct table *table, const struct train_options *options,
                       struct draft *out, struct reason *why)
{
    struct crossing crossing = {.table = table};
    enum result result = check_table(table, why);

    memset(out, 0, sizeof(*out));
    if (result != RESULT_OK)
        return result;
    if ((result = cross(&crossing, options)) != RESULT_OK)
        reason_set(why, result, "training on %zu texts: %s", table->n_rows,
                   result_text(result));
    else
        result = train_forest(table, options, out, why);
    if (result == RESULT_OK) {
        out->text = crossing.block;
        out->text_len = crossing.len;
    } else {
        free(crossing.block);
    }
    return result;
}
