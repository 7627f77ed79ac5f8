/*
 * exact.h: one decision of one split, by the definition in draft.h: what the walk falls
 * back on where its vectors leave a doubt, and what a tree's cursor answers with.
 *
 * Inline, so that the portable walk is as fast as it can be.
 */
#ifndef FOREST_EXACT_H
#define FOREST_EXACT_H

#include <math.h>
#include <string.h>

#include "forest/draft.h"
#include "forest/layout.h"

/* What LightGBM takes for 0: 1e-35f, as the double it is. */
#define EXACT_TINY ((double)1e-35F)

/* A value as its column has it; known: how many values its feature has. */
static inline double exact_mend(enum draft_mend mend, double known, double value)
{
    const bool tiny = fabs(value) <= EXACT_TINY;

    switch (mend) {
    case DRAFT_TINY_TO_ZERO:
        return tiny ? 0 : value;
    case DRAFT_NAN_TO_ZERO:
        return tiny || isnan(value) ? 0 : value;
    case DRAFT_ZERO_TO_NAN:
        return tiny ? NAN : value;
    case DRAFT_UNKNOWN_TO_NAN:
        return value >= 0 && value < known ? value : NAN;
    default:
        return value;
    }
}

/* The value of a column in a row of features. */
static inline double exact_value(const struct image *image, uint32_t column, const double *row)
{
    const struct layout_column *as = &image->columns[column];

    return image->mends
               ? exact_mend(as->mend, image->features[as->feature].n_values, row[as->feature])
               : row[column];
}

/* Whether a value, which is not NaN, is in a set of categories; see enum spec_category. */
static inline bool exact_in_set(const struct image *image, uint32_t number, double value)
{
    const struct layout_set *set = &image->sets[number];
    uint64_t code; /* a set may have more words than 32 bits have categories */

    if (image->spec.category == SPEC_CATEGORY_SIGN ? value < 0 : value <= -1)
        return false;
    if (value >= 32.0 * set->n_words)
        return false;
    code = (uint64_t)value; /* of -0.5 too: 0, which an empty set has not */
    return code / 32 < set->n_words &&
           (image->words[set->words + code / 32] >> code % 32 & 1) != 0;
}

/* The number of the split at a place of a tile. */
static inline uint32_t exact_split(const struct layout_tile *tile, unsigned place)
{
    return tile->splits + (uint32_t)__builtin_popcount(tile->present & ((1U << place) - 1));
}

/* Whether a row goes right at a place of a tile; at one without a split it does. */
static inline bool exact_right(const struct image *image, const struct layout_tile *tile,
                               unsigned place, const double *row)
{
    double value;
    uint32_t set;

    if ((tile->present >> place & 1) == 0)
        return true;
    value = exact_value(image, tile->column[place], row);
    if (isnan(value))
        return (tile->nan_left >> place & 1) == 0;
    if (image->spec.compare == SPEC_COMPARE_F32)
        value = (double)(float)value;
    if ((tile->by_set >> place & 1) != 0) {
        memcpy(&set, &tile->threshold[place], sizeof(set));
        return !exact_in_set(image, set, value);
    }
    if (image->spec.compare == SPEC_COMPARE_F32)
        return !((float)value <= tile->threshold[place]);
    return !(value <= image->exact[exact_split(tile, place)]);
}

/* The exit by which a row leaves a tile. */
static inline unsigned exact_exit(const struct image *image, const struct layout_tile *tile,
                                  const double *row)
{
    unsigned place = 0;

    while (place < LAYOUT_SPLITS)
        place = 2 * place + 1 + exact_right(image, tile, place, row);
    return place - LAYOUT_SPLITS;
}

/* What an exit leads to: a leaf's number, or LAYOUT_TILE + a tile's. */
static inline uint32_t exact_next(const struct layout_tile *tile, unsigned e)
{
    const uint32_t next = tile->next[e];

    return tile->base[next >> 7] + next;
}

/* A linear leaf of a row; see struct draft_linear.  The leaf's own number is `number`. */
static inline double exact_line(const struct image *image, const struct layout_line *line,
                                const double *row, double number)
{
    double value = line->constant;
    uint32_t i;

    for (i = 0; i < line->n_terms; i++) {
        const struct layout_term *term = &image->terms[line->terms + i];
        const double x = row[term->feature];

        if (isnan(x))
            return number;
        value += term->weight * (fabs(x) <= EXACT_TINY ? 0 : x);
    }
    return value;
}

#endif
