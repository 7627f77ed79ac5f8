/*
 * check_rows.c: rows to try a model with.
 *
 * The range of a feature is cut into as many parts as there are rows, and each row has its own
 * part of each feature, in an order that differs from feature to feature (a Latin hypercube).
 */
#include "forest/check_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest/rng.h"
#include "forest/schema.h"
#include "forest/text_model.h"
#include "forest/tree.h"

enum {
    NUMBERS_MAX = 1 << 20, /* of all rows; IMAGE_MAX_FEATURES leaves 16 rows */
    MISSING_EVERY = 8,
    SPLITS_MAX = 1 << 16 /* that are looked at for what the trees compare with */
};

/* Long and short, in several tones and with words of many subjects. */
static const char *const sentences[] = {
    "A wonderful film, and the best two hours that I have spent this year.",
    "It was dull from the first minute to the last; I want my money back!",
    "The parcel came on Tuesday, two days late, and one corner was damaged.",
    "Please send me the invoice for order number 4711 once more. Thank you.",
    "WHY DOES NOBODY ANSWER THE PHONE?! I have been waiting for an hour!!!",
    "The committee meets on 3 March at nine o'clock in the old town hall.",
    "Not bad, not good either: some fine acting, but the story goes nowhere.",
    "Click here now to win a free prize, limited offer, only today!!!",
    "The patient had a fever for three days and was given plenty of water.",
    "I love how quiet it is, although the battery could last a little longer.",
    "Rain in the morning, clearing later, with light winds from the west.",
    "Terrible service, cold food, rude staff. We shall never come back.",
    "The team won the second half, but it was too late to win the match.",
    "Shares fell by four per cent after the bank had lowered its forecast.",
    "Thanks a lot for your quick help, it works perfectly now!",
    "0123456789 and a few letters, so that this is a text at all.",
};

/* From where to where the values of a feature go. */
struct range {
    double low, high;
};

/* Takes in what the splits of a tree compare with; *left is how many more are looked at. */
static void tree_take(const struct image *image, uint32_t tree, tree_place *stack,
                      struct range *ranges, size_t *left)
{
    struct tree_node node;
    size_t depth = 1;

    stack[0] = tree_root(image, tree);
    while (depth > 0 && *left > 0) {
        tree_read(image, stack[--depth], &node);
        --*left;
        if (node.leaf)
            continue;
        if (!node.by_set && isfinite(node.threshold)) {
            struct range *range = &ranges[node.feature];

            range->low = fmin(range->low, node.threshold);
            range->high = fmax(range->high, node.threshold);
        }
        stack[depth++] = node.right;
        stack[depth++] = node.left;
    }
}

/* Whether training said what the values were; a boolean and a name say it themselves. */
static bool range_is_known(const struct image *image, uint32_t i)
{
    return image_feature_type(image, i) == IMAGE_BOOLEAN ||
           image_feature_n_values(image, i) != 0 ||
           image_feature_min(image, i) <= image_feature_max(image, i);
}

/* Fills the ranges by the splits, wider by a half on both sides; 0 to 1 without a split. */
static enum result ranges_by_splits(const struct image *image, struct range *ranges)
{
    tree_place *stack = calloc((size_t)image_depth(image) + 2, sizeof(*stack));
    size_t left = SPLITS_MAX;

    if (stack == NULL)
        return RESULT_NOMEM;
    for (uint32_t i = 0; i < image_n_features(image); i++)
        ranges[i] = (struct range){INFINITY, -INFINITY};
    for (uint32_t t = 0; t < image_n_trees(image) && left > 0; t++)
        tree_take(image, t, stack, ranges, &left);
    for (uint32_t i = 0; i < image_n_features(image); i++) {
        struct range *range = &ranges[i];
        double more = range->high > range->low ? (range->high - range->low) / 2
                                               : fmax(1, fabs(range->low));

        if (range->low > range->high)
            *range = (struct range){0, 1};
        else if (isfinite(range->low - more) && isfinite(range->high + more))
            *range = (struct range){range->low - more, range->high + more};
    }
    free(stack);
    return RESULT_OK;
}

static enum result ranges_read(const struct image *image, struct range *ranges)
{
    const uint32_t n = image_n_features(image);
    enum result result = RESULT_OK;
    uint32_t i = 0;

    while (i < n && range_is_known(image, i))
        i++;
    if (i < n)
        result = ranges_by_splits(image, ranges);
    for (i = 0; i < n && result == RESULT_OK; i++)
        if (range_is_known(image, i))
            ranges[i] =
                (struct range){image_feature_min(image, i), image_feature_max(image, i)};
    return result;
}

/* The value at a place from 0 to 1 of what a feature can be; 0 if that is none it takes. */
static double value_at(const struct schema *schema, uint32_t i, struct range range, double at)
{
    const uint32_t names = image_feature_n_values(schema->image, i);
    double value = range.low * (1 - at) + range.high * at, taken;

    if (names != 0)
        value = floor(at * names);
    else if (schema->features[i].type == IMAGE_BOOLEAN)
        value = at < 0.5 ? 0 : 1;
    else if (schema->features[i].type != IMAGE_REAL)
        value =
            fmin(fmax(rint(value), ceil(range.low)), fmax(floor(range.high), ceil(range.low)));
    if (schema->features[i].type == IMAGE_CATEGORY && names == 0)
        value = fmax(value, 0);
    return schema_take_code(schema, i, value, &taken) == SCHEMA_FITS ? taken : 0;
}

/* One feature in all rows; count is a power of two, so an odd step comes to each part once. */
static void feature_fill(const struct schema *schema, uint32_t i, struct range range,
                         double *rows, size_t count)
{
    struct rng rng = rng_stream(0, i);
    const size_t step = 2 * (size_t)rng_below(&rng, (uint32_t)count / 2) + 1;
    const size_t first = rng_below(&rng, (uint32_t)count);

    for (size_t row = 0; row < count; row++) {
        double at = ((double)((first + step * row) % count) + 0.5) / (double)count;
        double *value = &rows[row * schema->n_features + i];

        if (schema->features[i].missing && (row + i) % MISSING_EVERY == MISSING_EVERY - 1)
            *value = NAN;
        else
            *value = value_at(schema, i, range, at);
    }
}

static enum result numbers_fill(const struct image *image, double *rows, size_t count)
{
    const uint32_t n = image_n_features(image);
    struct range *ranges = calloc(n, sizeof(*ranges));
    struct schema schema = {0};
    enum result result = RESULT_NOMEM;

    if (ranges != NULL)
        result = ranges_read(image, ranges);
    if (result == RESULT_OK)
        result = schema_read(&schema, image);
    for (uint32_t i = 0; i < n && result == RESULT_OK; i++)
        feature_fill(&schema, i, ranges[i], rows, count);
    schema_free(&schema);
    free(ranges);
    return result;
}

static enum result texts_fill(const struct image *image, double *rows, size_t count)
{
    struct text_scratch *scratch = text_scratch_new();

    for (size_t i = 0; i < count && scratch != NULL; i++)
        text_features(image_text(image), scratch, sentences[i], strlen(sentences[i]),
                      rows + i * image_n_features(image));
    text_scratch_free(scratch);
    return scratch != NULL ? RESULT_OK : RESULT_NOMEM;
}

enum result check_rows_make(const struct image *image, double **rows, size_t *count)
{
    const bool texts = image_text(image) != NULL;
    enum result result = RESULT_NOMEM;

    *count = texts ? sizeof(sentences) / sizeof(sentences[0]) : CHECK_ROWS_MAX;
    while (!texts && *count * image_n_features(image) > NUMBERS_MAX)
        *count /= 2;
    *rows = reallocarray(NULL, *count, image_n_features(image) * sizeof(**rows));
    if (*rows != NULL)
        result = texts ? texts_fill(image, *rows, *count) : numbers_fill(image, *rows, *count);
    if (result != RESULT_OK) {
        free(*rows);
        *rows = NULL;
    }
    return result;
}
