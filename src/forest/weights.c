/*
 * weights.c: linear support vector machines over the buckets of texts.
 */
#include "forest/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/rng.h"

enum {
    MAX_ROUNDS = 100
};
#define COST    1.0  /* of a text on the wrong side */
#define SETTLED 0.01 /* the widest gap of gradients with which a round is the last */

/* What is learned from: some rows, and the entries that they have. */
struct lesson {
    const struct corpus *corpus;
    struct text_head head;
    uint32_t *entry_of; /* CORPUS_BUCKETS: counts of rows, then entry + 1, or 0 */
    uint32_t *rows;     /* those that are learned from */
    uint32_t *order;    /* the same, in the order of the round */
    uint32_t n_rows;
    float *idf;      /* n_entries */
    double *scales;  /* n_rows of the table: 1 / the length of the row */
    double *squares; /* the square of the row's length, as it is scaled, with the bias */
    double *alphas;  /* n_rows of the table */
    double *weights; /* n_entries, of the set being learned */
    double bias;
};

static double value_of(const struct lesson *lesson, uint32_t gram, uint32_t *entry)
{
    double idf;

    *entry = lesson->entry_of[gram & CORPUS_BUCKET_MASK] - 1;
    idf = lesson->idf[*entry];
    return (gram & CORPUS_PAIR) != 0 ? idf / 2 : idf;
}

static void count_rows(struct lesson *lesson, unsigned held_out)
{
    const struct corpus *corpus = lesson->corpus;
    size_t row, i;

    for (row = 0; row < corpus->table->n_rows; row++) {
        if (corpus->folds[row] == held_out)
            continue;
        lesson->rows[lesson->n_rows++] = (uint32_t)row;
        for (i = corpus->begins[row]; i < corpus->begins[row + 1]; i++)
            lesson->entry_of[corpus->grams[i] & CORPUS_BUCKET_MASK]++;
    }
}

/* From counts of rows to entries with their idf. */
static enum result make_entries(struct lesson *lesson)
{
    uint32_t b, n = 0;

    for (b = 0; b < CORPUS_BUCKETS; b++)
        n += lesson->entry_of[b] > 0;
    lesson->idf = calloc((size_t)n + 1, sizeof(*lesson->idf));
    lesson->weights = calloc((size_t)n + 1, sizeof(*lesson->weights));
    if (lesson->idf == NULL || lesson->weights == NULL)
        return RESULT_NOMEM;
    for (b = 0; b < CORPUS_BUCKETS; b++)
        if (lesson->entry_of[b] > 0) {
            double seen = lesson->entry_of[b];

            lesson->idf[lesson->head.n_entries++] =
                (float)(log((1 + (double)lesson->n_rows) / (1 + seen)) + 1);
            lesson->entry_of[b] = lesson->head.n_entries;
        }
    return RESULT_OK;
}

static void measure_rows(struct lesson *lesson)
{
    const struct corpus *corpus = lesson->corpus;
    uint32_t r, entry;
    size_t i;

    for (r = 0; r < lesson->n_rows; r++) {
        uint32_t row = lesson->rows[r];
        double sum = 0;

        for (i = corpus->begins[row]; i < corpus->begins[row + 1]; i++) {
            double value = value_of(lesson, corpus->grams[i], &entry);

            sum += value * value;
        }
        lesson->scales[row] = sum > 0 ? 1 / sqrt(sum) : 0;
        lesson->squares[row] = 1 + (sum > 0);
    }
}

/* The score of a row by the weights as they are. */
static double score_row(const struct lesson *lesson, uint32_t row)
{
    const struct corpus *corpus = lesson->corpus;
    double sum = 0;
    uint32_t entry;
    size_t i;

    for (i = corpus->begins[row]; i < corpus->begins[row + 1]; i++) {
        double value = value_of(lesson, corpus->grams[i], &entry);

        sum += value * lesson->weights[entry];
    }
    return lesson->bias + sum * lesson->scales[row];
}

static void move_weights(struct lesson *lesson, uint32_t row, double step)
{
    const struct corpus *corpus = lesson->corpus;
    uint32_t entry;
    size_t i;

    lesson->bias += step;
    step *= lesson->scales[row];
    for (i = corpus->begins[row]; i < corpus->begins[row + 1]; i++) {
        double value = value_of(lesson, corpus->grams[i], &entry);

        lesson->weights[entry] += step * value;
    }
}

/* One step on one row; returns its projected gradient before the step. */
static double learn_row(struct lesson *lesson, uint32_t row, double side)
{
    const double slack = 1 / (2 * COST);
    double *alpha = &lesson->alphas[row], old = *alpha;
    double gradient = side * score_row(lesson, row) - 1 + slack * old;

    if (!(old > 0) && gradient > 0)
        return 0;
    *alpha = old - gradient / (lesson->squares[row] + slack);
    *alpha = *alpha > 0 ? *alpha : 0;
    move_weights(lesson, row, (*alpha - old) * side);
    return gradient;
}

static void shuffle(struct rng *rng, uint32_t *items, uint32_t n)
{
    uint32_t i, k, item;

    for (i = n; i > 1; i--) {
        k = rng_below(rng, i);
        item = items[k];
        items[k] = items[i - 1];
        items[i - 1] = item;
    }
}

/* Learns the set of that class: its rows are on the side above 0. */
static void learn_set(struct lesson *lesson, uint32_t class, uint64_t seed)
{
    const uint32_t *classes = lesson->corpus->table->classes;
    struct rng rng = rng_stream(seed, class);
    uint32_t round, r;

    memset(lesson->weights, 0, lesson->head.n_entries * sizeof(*lesson->weights));
    memset(lesson->alphas, 0, lesson->corpus->table->n_rows * sizeof(*lesson->alphas));
    memcpy(lesson->order, lesson->rows, lesson->n_rows * sizeof(*lesson->order));
    lesson->bias = 0;
    for (round = 0; round < MAX_ROUNDS; round++) {
        double low = 0, high = 0;

        shuffle(&rng, lesson->order, lesson->n_rows);
        for (r = 0; r < lesson->n_rows; r++) {
            uint32_t row = lesson->order[r];
            double gradient = learn_row(lesson, row, classes[row] == class ? 1 : -1);

            low = gradient < low ? gradient : low;
            high = gradient > high ? gradient : high;
        }
        if (high - low < SETTLED)
            break;
    }
}

static void put_entries(const struct lesson *lesson, const struct corpus_choice *choice,
                        uint8_t *block, const struct text_parts *parts)
{
    uint64_t *bits = (void *)(block + parts->bits);
    uint32_t *ranks = (void *)(block + parts->ranks);
    struct text_entry *entries = (void *)(block + parts->entries);
    uint32_t b, known = 0;

    for (b = 0; b < CORPUS_BUCKETS; b++) {
        if (b % 64 == 0)
            ranks[b / 64] = known;
        if (lesson->entry_of[b] == 0)
            continue;
        bits[b / 64] |= UINT64_C(1) << b % 64;
        entries[known].idf = lesson->idf[known];
        entries[known].column = choice->column_of[b];
        known++;
    }
}

/* Learns set after set into the block. */
static void learn_sets(struct lesson *lesson, uint8_t *block, const struct text_parts *parts)
{
    float *weights = (void *)(block + parts->weights);
    float *biases = (void *)(block + parts->biases);
    const uint32_t n = lesson->head.n_sets;
    uint32_t set, i;

    for (set = 0; set < n; set++) {
        learn_set(lesson, n == 1 ? 1 : set, lesson->head.seed);
        for (i = 0; i < lesson->head.n_entries; i++)
            weights[(size_t)i * n + set] = (float)lesson->weights[i];
        biases[set] = (float)lesson->bias;
    }
}

static enum result make_block(struct lesson *lesson, const struct corpus_choice *choice,
                              void **block, size_t *len)
{
    struct text_parts parts;
    uint8_t *bytes;

    text_parts_place(&lesson->head, &parts);
    if ((bytes = calloc(1, parts.size)) == NULL)
        return RESULT_NOMEM;
    memcpy(bytes, &lesson->head, sizeof(lesson->head));
    memcpy(bytes + parts.name, lesson->corpus->table->text, lesson->head.name_len);
    put_entries(lesson, choice, bytes, &parts);
    learn_sets(lesson, bytes, &parts);
    *block = bytes;
    *len = parts.size;
    return RESULT_OK;
}

enum result weights_learn(const struct corpus *corpus, const struct corpus_choice *choice,
                          unsigned held_out, void **block, size_t *len)
{
    const size_t n_rows = corpus->table->n_rows;
    struct lesson lesson = {.corpus = corpus};
    enum result result = RESULT_NOMEM;

    lesson.head.grams = TEXT_GRAMS;
    lesson.head.bucket_bits = CORPUS_BITS;
    lesson.head.n_sets = text_sets(corpus->table->n_classes);
    lesson.head.n_columns = choice->n;
    lesson.head.seed = corpus->seed;
    lesson.head.name_len = (uint32_t)strlen(corpus->table->text);
    lesson.entry_of = calloc(CORPUS_BUCKETS, sizeof(*lesson.entry_of));
    lesson.rows = calloc(n_rows, sizeof(*lesson.rows));
    lesson.order = calloc(n_rows, sizeof(*lesson.order));
    lesson.scales = calloc(n_rows, sizeof(*lesson.scales));
    lesson.squares = calloc(n_rows, sizeof(*lesson.squares));
    lesson.alphas = calloc(n_rows, sizeof(*lesson.alphas));
    if (lesson.entry_of != NULL && lesson.rows != NULL && lesson.order != NULL &&
        lesson.scales != NULL && lesson.squares != NULL && lesson.alphas != NULL) {
        count_rows(&lesson, held_out);
        result = make_entries(&lesson);
    }
    if (result == RESULT_OK) {
        measure_rows(&lesson);
        result = make_block(&lesson, choice, block, len);
    }
    free(lesson.entry_of);
    free(lesson.rows);
    free(lesson.order);
    free(lesson.scales);
    free(lesson.squares);
    free(lesson.alphas);
    free(lesson.idf);
    free(lesson.weights);
    return result;
}
