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
#include "forest/walk.h"

enum {
    BLOCK = 256
}; /* rows that go down a tree one after another, while it is in cache */

struct oob {
    const struct table *table;
    const struct draft *draft;
    const uint8_t *bags;
    double *predictions; /* of each row: a class or a value; NAN if in all bags */
    atomic_size_t next;  /* row */
    atomic_bool failed;  /* for want of memory */
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

static void predict_block(struct oob *oob, size_t begin, size_t end, double *votes)
{
    const uint32_t n = oob->draft->spec.n_outputs;
    uint32_t t, voters[BLOCK] = {0};
    size_t i;

    memset(votes, 0, (end - begin) * n * sizeof(*votes));
    for (t = 0; t < oob->draft->n_trees; t++)
        vote(oob, t, begin, end, votes, voters);
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

enum result oob_measure(const struct table *table, const uint8_t *bags, unsigned threads,
                        struct draft *draft)
{
    struct oob oob = {.table = table, .draft = draft, .bags = bags};

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
