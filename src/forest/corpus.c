/*
 * corpus.c: texts as buckets, and which buckets tell most.
 */
#include "forest/corpus.h"

#include <stdlib.h>
#include <string.h>

#include "forest/rng.h"

enum {
    LEAST_TEXTS = 3
};

struct reading {
    struct corpus *corpus;
    size_t cap;
    uint64_t *seen; /* a bit for each bucket of the row */
    bool failed;
};

static uint32_t bucket_of(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - CORPUS_BITS));
}

static void take_gram(void *arg, const struct gram *gram)
{
    struct reading *reading = arg;
    struct corpus *corpus = reading->corpus;
    uint32_t bucket = bucket_of(gram->hash);
    size_t *end = &corpus->begins[corpus->table->n_rows]; /* the last one counts them all */

    if (reading->failed || (reading->seen[bucket / 64] >> bucket % 64 & 1) != 0)
        return;
    if (*end == reading->cap) {
        size_t cap = reading->cap == 0 ? 1 << 16 : reading->cap * 2;
        uint32_t *grown = reallocarray(corpus->grams, cap, sizeof(*grown));

        if (grown == NULL) {
            reading->failed = true;
            return;
        }
        corpus->grams = grown;
        reading->cap = cap;
    }
    reading->seen[bucket / 64] |= UINT64_C(1) << bucket % 64;
    corpus->grams[(*end)++] = bucket | (gram->kind == GRAM_PAIR ? CORPUS_PAIR : 0);
}

/* By the text's bytes, so that a text that is there twice cannot tell of itself. */
static uint8_t fold_of(const char *text, size_t len, uint64_t seed)
{
    uint64_t state = seed;
    size_t i;

    for (i = 0; i < len; i++)
        state = (state ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    struct rng rng = rng_stream(seed, state);
    return (uint8_t)rng_below(&rng, CORPUS_FOLDS);
}

static void read_row(struct reading *reading, size_t row)
{
    struct corpus *corpus = reading->corpus;
    const struct table *table = corpus->table;
    struct gram_counts counts;
    size_t len, i;
    const char *text = table_text(table, row, &len);

    corpus->begins[row] = corpus->begins[table->n_rows];
    corpus->folds[row] = fold_of(text, len, corpus->seed);
    grams_each(text, len, corpus->seed, take_gram, reading, &counts);
    for (i = corpus->begins[row]; i < corpus->begins[table->n_rows]; i++)
        reading->seen[(corpus->grams[i] & CORPUS_BUCKET_MASK) / 64] = 0;
}

enum result corpus_read(const struct table *table, uint64_t seed, struct corpus *out)
{
    struct reading reading = {.corpus = out};
    size_t row;

    memset(out, 0, sizeof(*out));
    out->table = table;
    out->seed = seed;
    out->begins = calloc(table->n_rows + 1, sizeof(*out->begins));
    out->folds = calloc(table->n_rows, sizeof(*out->folds));
    reading.seen = calloc(CORPUS_BUCKETS / 64, sizeof(*reading.seen));
    reading.failed = out->begins == NULL || out->folds == NULL || reading.seen == NULL;
    for (row = 0; row < table->n_rows && !reading.failed; row++)
        read_row(&reading, row);
    free(reading.seen);
    if (reading.failed)
        corpus_free(out);
    return reading.failed ? RESULT_NOMEM : RESULT_OK;
}

void corpus_free(struct corpus *corpus)
{
    free(corpus->begins);
    free(corpus->grams);
    free(corpus->folds);
    memset(corpus, 0, sizeof(*corpus));
}

/* A bucket that may be chosen. */
struct candidate {
    double chi2;
    uint32_t bucket;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->chi2 > y->chi2 || x->chi2 < y->chi2)
        return x->chi2 > y->chi2 ? -1 : 1;
    return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

static double chi2_of(const uint32_t *seen, const uint32_t *rows, uint32_t n_classes,
                      size_t n_rows)
{
    double all = 0, sum = 0;
    uint32_t k;

    for (k = 0; k < n_classes; k++)
        all += seen[k];
    if (all < LEAST_TEXTS)
        return 0;
    for (k = 0; k < n_classes; k++) {
        double expected = all * rows[k] / (double)n_rows;

        sum += (seen[k] - expected) * (seen[k] - expected) / expected;
    }
    return sum;
}

/* Counts, then sorts the buckets; *n is how many have a chi-square above 0. */
static enum result rank_buckets(const struct corpus *corpus, struct candidate *candidates,
                                uint32_t *n)
{
    const struct table *table = corpus->table;
    const uint32_t n_classes = table->n_classes;
    uint32_t *seen = calloc((size_t)CORPUS_BUCKETS * n_classes, sizeof(*seen));
    uint32_t *rows = calloc(n_classes, sizeof(*rows)), b;
    enum result result = seen == NULL || rows == NULL ? RESULT_NOMEM : RESULT_OK;
    size_t row, i;

    *n = 0;
    for (row = 0; row < table->n_rows && result == RESULT_OK; row++) {
        rows[table->classes[row]]++;
        for (i = corpus->begins[row]; i < corpus->begins[row + 1]; i++)
            seen[(size_t)(corpus->grams[i] & CORPUS_BUCKET_MASK) * n_classes +
                 table->classes[row]]++;
    }
    for (b = 0; b < CORPUS_BUCKETS && result == RESULT_OK; b++) {
        double chi2 = chi2_of(seen + (size_t)b * n_classes, rows, n_classes, table->n_rows);

        if (chi2 > 0)
            candidates[(*n)++] = (struct candidate){chi2, b};
    }
    if (result == RESULT_OK)
        qsort(candidates, *n, sizeof(*candidates), compare_candidates);
    free(seen);
    free(rows);
    return result;
}

struct naming {
    struct corpus_choice *choice;
    bool failed;
};

static void name_gram(void *arg, const struct gram *gram)
{
    struct naming *naming = arg;
    uint32_t column = naming->choice->column_of[bucket_of(gram->hash)];
    char name[GRAM_NAME_MAX];

    if (column == 0 || naming->choice->names[column - 1] != NULL)
        return;
    gram_name(gram, name);
    naming->choice->names[column - 1] = strdup(name);
    naming->failed = naming->failed || naming->choice->names[column - 1] == NULL;
}

static enum result name_all(const struct corpus *corpus, struct corpus_choice *choice)
{
    struct naming naming = {.choice = choice};
    struct gram_counts counts;
    size_t row, len;

    for (row = 0; row < corpus->table->n_rows; row++) {
        const char *text = table_text(corpus->table, row, &len);

        grams_each(text, len, corpus->seed, name_gram, &naming, &counts);
    }
    return naming.failed ? RESULT_NOMEM : RESULT_OK;
}

enum result corpus_choose(const struct corpus *corpus, uint32_t most, struct corpus_choice *out)
{
    struct candidate *candidates = calloc(CORPUS_BUCKETS, sizeof(*candidates));
    enum result result = RESULT_NOMEM;
    uint32_t i, n;

    memset(out, 0, sizeof(*out));
    out->column_of = calloc(CORPUS_BUCKETS, sizeof(*out->column_of));
    out->names = calloc((size_t)most + 1, sizeof(*out->names));
    if (candidates != NULL && out->column_of != NULL && out->names != NULL)
        result = rank_buckets(corpus, candidates, &n);
    if (result == RESULT_OK) {
        out->n = n < most ? n : most;
        for (i = 0; i < out->n; i++)
            out->column_of[candidates[i].bucket] = i + 1;
        result = name_all(corpus, out);
    }
    free(candidates);
    if (result != RESULT_OK)
        corpus_choice_free(out);
    return result;
}

void corpus_choice_free(struct corpus_choice *choice)
{
    uint32_t i;

    for (i = 0; i < choice->n && choice->names != NULL; i++)
        free(choice->names[i]);
    free(choice->names);
    free(choice->column_of);
    memset(choice, 0, sizeof(*choice));
}
