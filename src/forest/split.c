/*
 * split.c: scoring the splits of a node by one feature.
 *
 * The node's rows are sorted by the feature's rank and passed over once, left to right,
 * with running sums; every place where the rank changes is a split.  All splits of a
 * node have the same parent, so the impurity that a split leaves is lowest where the
 * sum of squares between the children is greatest:
 *
 *     values        (SL W - S WL)^2 / (WL WR)            S sums of values, W of weights
 *     two classes   the same, the value being the class, 0 or 1
 *     classes       sum_k L_k^2 / WL + sum_k R_k^2 / WR   L_k, R_k weight in class k
 *
 * Fractions are compared by cross products: the best is rarely beaten, and a division
 * at each row would be most of the work.  Class sums are integers and exact.
 */
#include "forest/split.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "forest/sort.h"

/* The best place so far of one feature, its score as a fraction. */
struct place {
    size_t at; /* rows that go left */
    double num, den;
};

static inline void place_take(struct place *best, size_t at, double num, double den)
{
    if (num * best->den > best->num * den) {
        best->at = at;
        best->num = num;
        best->den = den;
    }
}

static inline bool same_rank(const uint64_t *key)
{
    return key[0] >> 32 == key[1] >> 32;
}

static void score_two(const struct splitter *splitter, const struct node_rows *node,
                      const uint64_t *keys, struct place *best)
{
    int64_t all = (int64_t)node->weight, ones = (int64_t)node->counts[1];
    int64_t weight = 0, sum = 0;
    size_t i, last = node->n - splitter->min_leaf;

    for (i = 0; i < last; i++) {
        uint32_t load = (uint32_t)keys[i], w = sample_weight(load);
        double d;

        weight += w;
        sum += sample_class(load) != 0 ? w : 0;
        if (same_rank(&keys[i]) || i + 1 < splitter->min_leaf)
            continue;
        d = (double)(sum * all - ones * weight);
        place_take(best, i + 1, d * d, (double)(weight * (all - weight)));
    }
}

static void score_classes(const struct splitter *splitter, const struct node_rows *node,
                          const uint64_t *keys, struct place *best)
{
    uint64_t weight = 0, left = 0, right = 0; /* left, right: sums of squares */
    size_t i, last = node->n - splitter->min_leaf;

    for (i = 0; i < splitter->n_classes; i++) {
        splitter->left[i] = 0;
        right += node->counts[i] * node->counts[i];
    }
    for (i = 0; i < last; i++) {
        uint32_t load = (uint32_t)keys[i], k = sample_class(load);
        uint64_t w = sample_weight(load), before = splitter->left[k];
        double wl, wr;

        weight += w;
        left += w * (2 * before + w);
        right -= w * (2 * (node->counts[k] - before) - w);
        splitter->left[k] = before + w;
        if (same_rank(&keys[i]) || i + 1 < splitter->min_leaf)
            continue;
        wl = (double)weight;
        wr = (double)(node->weight - weight);
        place_take(best, i + 1, (double)left * wr + (double)right * wl, wl * wr);
    }
}

static void score_values(const struct splitter *splitter, const struct node_rows *node,
                         const uint64_t *keys, struct place *best)
{
    double all = (double)node->weight, weight = 0, sum = 0;
    size_t i, last = node->n - splitter->min_leaf;

    for (i = 0; i < last; i++) {
        uint32_t row = (uint32_t)keys[i];
        double d;

        weight += splitter->weights[row];
        sum += splitter->values[row];
        if (same_rank(&keys[i]) || i + 1 < splitter->min_leaf)
            continue;
        d = sum * all - node->sum * weight;
        place_take(best, i + 1, d * d, weight * (all - weight));
    }
}

/* A key for each row of the node, and the range of their ranks. */
static void gather_keys(const struct node_rows *node, const struct ranks *ranks, uint64_t *keys,
                        uint32_t *low, uint32_t *high)
{
    uint32_t min = UINT32_MAX, max = 0;
    size_t i;

    for (i = 0; i < node->n; i++) {
        uint32_t rank = ranks_at(ranks, node->samples[i].row);

        min = rank < min ? rank : min;
        max = rank > max ? rank : max;
        keys[i] = (uint64_t)rank << 32 | node->samples[i].load;
    }
    *low = min;
    *high = max;
}

void splitter_try(struct splitter *splitter, const struct node_rows *node, uint32_t feature,
                  const struct ranks *ranks, struct split *best)
{
    struct place place = {0, -1, 1};
    const uint64_t *keys;
    uint32_t low, high;

    gather_keys(node, ranks, splitter->keys, &low, &high);
    if (low == high || node->n < 2 * splitter->min_leaf)
        return;
    keys = sort_keys(splitter->keys, splitter->spare, splitter->counts, node->n, low, high);
    if (splitter->n_classes == 0)
        score_values(splitter, node, keys, &place);
    else if (splitter->n_classes == 2)
        score_two(splitter, node, keys, &place);
    else
        score_classes(splitter, node, keys, &place);
    if (place.at != 0 && place.num / place.den > best->score) {
        best->feature = feature;
        best->left = (uint32_t)(keys[place.at - 1] >> 32);
        best->right = (uint32_t)(keys[place.at] >> 32);
        best->score = place.num / place.den;
    }
}

enum result splitter_open(struct splitter *splitter, size_t n, uint32_t n_classes,
                          size_t min_leaf)
{
    memset(splitter, 0, sizeof(*splitter));
    splitter->n_classes = n_classes;
    splitter->min_leaf = min_leaf;
    splitter->keys = malloc(n * sizeof(*splitter->keys));
    splitter->spare = malloc(n * sizeof(*splitter->spare));
    splitter->counts = malloc(SORT_COUNTS(n) * sizeof(*splitter->counts));
    splitter->left = calloc((size_t)n_classes + 1, sizeof(*splitter->left));
    if (splitter->keys != NULL && splitter->spare != NULL && splitter->counts != NULL &&
        splitter->left != NULL)
        return RESULT_OK;
    splitter_close(splitter);
    return RESULT_NOMEM;
}

void splitter_close(struct splitter *splitter)
{
    free(splitter->keys);
    free(splitter->spare);
    free(splitter->counts);
    free(splitter->left);
    memset(splitter, 0, sizeof(*splitter));
}
