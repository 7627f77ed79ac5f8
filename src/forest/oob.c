/*
 * oob.c: out-of-bag predictions.
 *
 * Threads take blocks of rows, and each row's votes are summed in the order of the
 * trees, so the score does not depend on the threads.
 */
#include "forest/oob.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "forest/grow.h"
#include "forest/pool.h"
#include "forest/rng.h"
#include "forest/walk.h"

enum {
    BLOCK = 256
}; /* rows that go down a tree one after another, while it is in cache */

struct oob {
    const struct table *table;
    const struct draft *draft;
    const uint8_t *bags;
    struct oob_sample *sample; /* or NULL */
    double *predictions;       /* of each row: a class or a value; NAN if in all bags */
    atomic_size_t next;        /* row */
    atomic_bool failed;        /* for want of memory */
};

static const double *leaf_of(const struct oob *oob, const struct draft_tree *tree, size_t row)
{
    const struct table_column *columns = oob->table->columns;
    const struct draft_node *node = tree->nodes;

    while (node->left != 0) {
        bool right = !(columns[node->column].values[row] <= node->threshold);

        node = tree->nodes + (right ? node->right : node->left);
    }
    return tree->leaves + (size_t)node->leaf * oob->draft->spec.n_outputs;
}

/* Adds the votes of one tree to rows begin to end: sums of outputs, and how many. */
static void vote(const struct oob *oob, uint32_t t, size_t begin, size_t end, double *votes,
                 uint32_t *voters)
{
    const uint8_t *bag = oob->bags + t * GROW_BAG_BYTES(oob->table->n_rows);
    const uint32_t n = oob->draft->spec.n_outputs;
    size_t row;
    uint32_t k;

    for (row = begin; row < end; row++) {
        const double *leaf;

        if (grow_bag_has(bag, row))
            continue;
        leaf = leaf_of(oob, &oob->draft->trees[t], row);
        for (k = 0; k < n; k++)
            votes[(row - begin) * n + k] += leaf[k];
        voters[row - begin]++;
    }
}

/* The place in the sample of the first of its rows that is not before `row`. */
static size_t sample_find(const struct oob_sample *sample, size_t row)
{
    size_t low = 0, high = sample->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (sample->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Keeps the answers of the block's rows that are in the sample. */
static void keep_answers(const struct oob *oob, size_t begin, size_t end, const double *votes,
                         const uint32_t *voters)
{
    const uint32_t n = oob->draft->spec.n_outputs;
    struct oob_sample *sample = oob->sample;

    for (size_t at = sample_find(sample, begin); at < sample->n && sample->rows[at] < end;
         at++) {
        const size_t i = sample->rows[at] - begin;

        for (uint32_t k = 0; k < n; k++)
            sample->answers[at * n + k] = voters[i] != 0 ? votes[i * n + k] / voters[i] : NAN;
    }
}

static void predict_block(struct oob *oob, size_t begin, size_t end, double *votes)
{
    const uint32_t n = oob->draft->spec.n_outputs;
    uint32_t t, voters[BLOCK] = {0};
    size_t i;

    memset(votes, 0, (end - begin) * n * sizeof(*votes));
    for (t = 0; t < oob->draft->n_trees; t++)
        vote(oob, t, begin, end, votes, voters);
    if (oob->sample != NULL)
        keep_answers(oob, begin, end, votes, voters);
    for (i = 0; i < end - begin; i++) {
        double *prediction = &oob->predictions[begin + i];

        if (voters[i] == 0)
            *prediction = NAN;
        else if (oob->table->task == SPEC_CLASSIFY)
            *prediction = (double)walk_argmax(votes + i * n, n);
        else
            *prediction = votes[i] / voters[i];
    }
}

static void predict_rows(void *arg)
{
    struct oob *oob = arg;
    size_t begin, end, n = oob->table->n_rows;
    double *votes = malloc((size_t)BLOCK * oob->draft->spec.n_outputs * sizeof(*votes));

    if (votes == NULL)
        atomic_store(&oob->failed, true);
    while (votes != NULL && (begin = atomic_fetch_add(&oob->next, BLOCK)) < n) {
        end = n - begin < BLOCK ? n : begin + BLOCK;
        predict_block(oob, begin, end, votes);
    }
    free(votes);
}

static void score_classes(const struct oob *oob, struct image_facts *facts)
{
    size_t row, right = 0;

    for (row = 0; row < oob->table->n_rows; row++)
        if (!isnan(oob->predictions[row])) {
            facts->oob_rows++;
            right += (uint32_t)oob->predictions[row] == oob->table->classes[row];
        }
    if (facts->oob_rows == 0)
        return;
    facts->metric = IMAGE_ACCURACY;
    facts->oob_score = (double)right / (double)facts->oob_rows;
}

static void score_values(const struct oob *oob, struct image_facts *facts)
{
    double mean = 0, total = 0, left = 0, d;
    size_t row;

    for (row = 0; row < oob->table->n_rows; row++)
        if (!isnan(oob->predictions[row])) {
            facts->oob_rows++;
            mean += oob->table->values[row];
        }
    mean /= (double)facts->oob_rows;
    for (row = 0; row < oob->table->n_rows; row++)
        if (!isnan(oob->predictions[row])) {
            d = oob->table->values[row] - mean;
            total += d * d;
            d = oob->table->values[row] - oob->predictions[row];
            left += d * d;
        }
    if (!(total > 0) || !isfinite(left / total))
        return;
    facts->metric = IMAGE_R2;
    facts->oob_score = 1 - left / total;
}

/* D. Knuth's algorithm S (The Art of Computer Programming, 3.4.2). */
static void choose(struct oob_sample *sample, size_t n_rows, size_t wanted, uint64_t seed)
{
    struct rng rng = rng_stream(seed, UINT64_MAX); /* which is no tree's */
    size_t row;

    for (row = 0; row < n_rows && sample->n < wanted; row++)
        if (rng_next(&rng) % (n_rows - row) < wanted - sample->n)
            sample->rows[sample->n++] = row;
}

enum result oob_sample_choose(struct oob_sample *sample, size_t n_rows, size_t most,
                              uint32_t n_outputs, uint64_t seed)
{
    const size_t wanted = n_rows < most ? n_rows : most;

    *sample = (struct oob_sample){.rows = calloc(wanted, sizeof(*sample->rows))};
    sample->answers = reallocarray(NULL, wanted, n_outputs * sizeof(*sample->answers));
    if (sample->rows == NULL || sample->answers == NULL)
        return RESULT_NOMEM;
    choose(sample, n_rows, wanted, seed);
    return RESULT_OK;
}

void oob_sample_free(struct oob_sample *sample)
{
    free(sample->rows);
    free(sample->answers);
    *sample = (struct oob_sample){.n = 0};
}

enum result oob_measure(const struct table *table, const uint8_t *bags, unsigned threads,
                        struct draft *draft, struct oob_sample *sample)
{
    struct oob oob = {.table = table, .draft = draft, .bags = bags, .sample = sample};

    oob.predictions = malloc(table->n_rows * sizeof(*oob.predictions));
    if (oob.predictions == NULL)
        return RESULT_NOMEM;
    pool_run(threads, predict_rows, &oob);
    if (atomic_load(&oob.failed)) {
        free(oob.predictions);
        return RESULT_NOMEM;
    }
    draft->facts.oob_rows = 0;
    if (table->task == SPEC_CLASSIFY)
        score_classes(&oob, &draft->facts);
    else
        score_values(&oob, &draft->facts);
    free(oob.predictions);
    return RESULT_OK;
}
