/*
 * baseline.c: the proof of a baseline, and where a value belongs in it.
 */
#include "forest/baseline.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

uint64_t baseline_length(const struct baseline_head *head)
{
    const uint64_t n_parts = (uint64_t)head->n_features + head->n_answers;

    return sizeof(*head) + n_parts * sizeof(struct baseline_part) +
           head->n_counts * sizeof(uint64_t) + head->n_edges * sizeof(float);
}

static bool kind_is_right(const struct baseline_part *part)
{
    if (part->kind == BASELINE_RANGES)
        return part->n_edges < BASELINE_BINS;
    return part->n_edges >= 1 && part->n_edges <= BASELINE_VALUES;
}

static bool edges_are_right(const struct baseline *baseline, const struct baseline_part *part)
{
    const float *edges = baseline->edges + part->edges;
    uint32_t i;

    for (i = 0; i < part->n_edges; i++)
        if (!isfinite(edges[i]) || (i > 0 && !(edges[i - 1] < edges[i])))
            return false;
    return true;
}

/* There is a row, and no more than there are in all; so no sum of counts runs over. */
static bool counts_are_right(const struct baseline *baseline, const struct baseline_part *part)
{
    uint64_t left = baseline->head->rows;
    uint32_t i;

    for (i = 0; i < baseline_slots(part); i++) {
        const uint64_t count = baseline_count(baseline, part, i);

        if (count > left)
            return false;
        left -= count;
    }
    return left < baseline->head->rows;
}

static enum result prove_parts(const struct baseline *baseline, struct reason *why)
{
    const struct baseline_head *head = baseline->head;
    const uint32_t n = head->n_features + head->n_answers;
    uint64_t edges = 0, counts = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        const struct baseline_part *part = &baseline->parts[i];

        if (part->kind < 1 || part->kind >= BASELINE_KIND__MAX)
            return reason_set(why, RESULT_INVALID, "part %u of its baseline is of kind %u", i,
                              part->kind);
        if (!kind_is_right(part) || part->edges != edges || part->counts != counts)
            return reason_set(why, RESULT_MALFORMED, "part %u of its baseline is not there", i);
        edges += part->n_edges;
        counts += part->n_edges + 1;
        if (edges > head->n_edges || counts > head->n_counts)
            return reason_set(why, RESULT_MALFORMED, "part %u of its baseline is not there", i);
        if (!edges_are_right(baseline, part) || !counts_are_right(baseline, part))
            return reason_set(why, RESULT_MALFORMED,
                              "the numbers of part %u of its baseline are not right", i);
    }
    if (edges != head->n_edges || counts != head->n_counts)
        return reason_set(why, RESULT_MALFORMED, "its baseline has more numbers than parts");
    return RESULT_OK;
}

enum result baseline_prove(const void *block, uint64_t len, struct baseline *out,
                           struct reason *why)
{
    const struct baseline_head *head = block;
    struct baseline baseline = {.head = head};
    enum result result;

    if (len < sizeof(*head) || baseline_length(head) != len ||
        (uint64_t)head->n_features + head->n_answers > UINT32_MAX)
        return reason_set(why, RESULT_MALFORMED, "its baseline has a wrong length");
    baseline.parts = (const void *)(head + 1);
    baseline.counts = (const void *)(baseline.parts + head->n_features + head->n_answers);
    baseline.edges = (const void *)(baseline.counts + head->n_counts);
    result = prove_parts(&baseline, why);
    if (result == RESULT_OK)
        *out = baseline;
    return result;
}

float baseline_narrow(double value)
{
    if (isnan(value))
        return NAN;
    return (float)fmax(-(double)FLT_MAX, fmin((double)FLT_MAX, value));
}

uint32_t baseline_slot(const struct baseline *baseline, const struct baseline_part *part,
                       double value)
{
    const float *edges = baseline->edges + part->edges, narrow = baseline_narrow(value);
    uint32_t slot = 0;

    if (isnan(value))
        return part->n_edges + 1;
    if (part->kind == BASELINE_RANGES)
        while (slot < part->n_edges && narrow > edges[slot])
            slot++;
    else
        while (slot < part->n_edges && (narrow < edges[slot] || narrow > edges[slot]))
            slot++;
    return slot;
}

uint64_t baseline_count(const struct baseline *baseline, const struct baseline_part *part,
                        uint32_t slot)
{
    return slot <= part->n_edges ? baseline->counts[part->counts + slot] : part->missing;
}

uint64_t baseline_rows(const struct baseline *baseline, const struct baseline_part *part)
{
    uint64_t rows = 0;
    uint32_t i;

    for (i = 0; i < baseline_slots(part); i++)
        rows += baseline_count(baseline, part, i);
    return rows;
}
