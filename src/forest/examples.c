/*
 * examples.c: draws rows, asks the model about each, and for a class takes of each feature
 * the median of the draws, each counting for as much as the model takes it for that class.
 *
 * A worker does this while somebody waits, so the draws times the trees are bounded.
 */
#include "forest/examples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "forest/baseline.h"
#include "forest/predictor.h"
#include "forest/rng.h"
#include "forest/tree.h"

enum {
    DRAWS = 128,            /* most rows that are drawn */
    DRAWS_ENOUGH = 16,      /* with fewer there is but one example */
    WALKS = 1 << 15,        /* most draws times trees */
    NUMBERS = 1 << 18,      /* most draws times features */
    TREES_LOOKED_AT = 32,   /* for thresholds, */
    STEPS_LOOKED_AT = 4096, /* so many splits in all */
};

/* What is known of a feature's values. */
struct spread {
    double min, max;
    double step;  /* to whose multiples a value is rounded; 0: as it is */
    bool guessed; /* the image does not tell it */
};

struct drawn {
    const struct image *image;
    struct predictor predictor;
    uint32_t n_features, width;
    size_t n;
    struct spread *spreads;
    double *rows, *answers, *margins; /* n x n_features, width, and predictor_margins() */
    double *weights, *row;            /* n, and n_features */
    struct weighed *column;           /* n */
};

struct weighed {
    double value, weight;
};

/* ---- how values are spread ---- */

/* Between 0 and 1. */
static double rng_share(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

static void spread_widen(struct spread *spread, double value)
{
    spread->min = fmin(spread->min, value);
    spread->max = fmax(spread->max, value);
}

/* Where no range is told: what the first trees compare with, by ways drawn through them. */
static void spreads_of_trees(struct drawn *drawn)
{
    const uint32_t n_trees = image_n_trees(drawn->image);
    struct rng rng = rng_stream(1, 0);
    struct tree_node node;
    unsigned steps = 0;

    for (uint32_t i = 0; i < n_trees * 8 && i < TREES_LOOKED_AT * 8; i++) {
        tree_place place = tree_root(drawn->image, i % n_trees);

        for (; steps < STEPS_LOOKED_AT; steps++) {
            tree_read(drawn->image, place, &node);
            if (node.leaf)
                break;
            if (!node.by_set && drawn->spreads[node.feature].guessed &&
                isfinite(node.threshold))
                spread_widen(&drawn->spreads[node.feature], node.threshold);
            place = rng_next(&rng) >> 63 ? node.left : node.right;
        }
    }
}

/* Two digits of the range are told: "5.8", "120". */
static double step_of(const struct spread *spread, enum image_type type)
{
    const double range = spread->max - spread->min;
    const double step = range > 0 && isfinite(range) ? pow(10, floor(log10(range)) - 1) : 0;

    if (type == IMAGE_BOOLEAN || type == IMAGE_CATEGORY)
        return 1;
    return type == IMAGE_INTEGER ? fmax(1, step / 10) : step;
}

static void spreads_make(struct drawn *drawn)
{
    const struct image *image = drawn->image;
    bool unknown = false;

    for (uint32_t f = 0; f < drawn->n_features; f++) {
        const uint32_t n_values = image_feature_n_values(image, f);
        const double min = image_feature_min(image, f), max = image_feature_max(image, f);

        if (n_values != 0)
            drawn->spreads[f] = (struct spread){0, n_values - 1, 1, false};
        else if (min <= max)
            drawn->spreads[f] = (struct spread){min, max, 0, false};
        else
            drawn->spreads[f] = (struct spread){INFINITY, -INFINITY, 0, true};
        unknown = unknown || drawn->spreads[f].guessed;
    }
    if (unknown)
        spreads_of_trees(drawn);
    for (uint32_t f = 0; f < drawn->n_features; f++) {
        struct spread *spread = &drawn->spreads[f];

        if (spread->min > spread->max) /* no tree asks for it */
            spread->min = spread->max = 0;
        if (image_feature_type(image, f) != IMAGE_REAL) {
            spread->min = ceil(spread->min);
            spread->max = fmax(spread->min, floor(spread->max));
        }
        spread->step = step_of(spread, image_feature_type(image, f));
    }
}

/* ---- draws ---- */

/* The least number of digits that give the same float32: 0.1, not 0.10000000149011612. */
static double float_shorten(double value)
{
    char text[40];

    for (int digits = 6; digits < 10; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if ((float)strtod(text, NULL) == (float)value)
            return strtod(text, NULL);
    }
    return value;
}

static double value_round(const struct spread *spread, double value)
{
    if (spread->step > 0)
        value = spread->step * nearbyint(value / spread->step);
    value = fmin(fmax(value, spread->min), spread->max);
    return float_shorten(value + 0.0); /* never -0 */
}

/* Evenly between the two, as the feature's values are told. */
static double draw_even(const struct spread *spread, double low, double high, struct rng *rng)
{
    const double share = rng_share(rng);

    return value_round(spread, low * (1 - share) + high * share);
}

/* Of the rows that have a value that the baseline counts, one. */
static double draw_value(const struct drawn *drawn, uint32_t feature, struct rng *rng)
{
    const struct baseline *baseline = image_baseline(drawn->image);
    const struct spread *spread = &drawn->spreads[feature];
    const struct baseline_part *part;
    const float *edges;
    uint64_t at, rows = 0;
    uint32_t slot, slots;

    if (baseline == NULL || feature >= baseline->head->n_features)
        return draw_even(spread, spread->min, spread->max, rng);
    part = &baseline->parts[feature];
    edges = baseline->edges + part->edges;
    slots = part->kind == BASELINE_EACH ? part->n_edges : part->n_edges + 1;
    for (slot = 0; slot < slots; slot++)
        rows += baseline_count(baseline, part, slot);
    if (rows == 0)
        return draw_even(spread, spread->min, spread->max, rng);
    at = rng_next(rng) % rows;
    for (slot = 0; at >= baseline_count(baseline, part, slot); slot++)
        at -= baseline_count(baseline, part, slot);
    if (part->kind == BASELINE_EACH) /* which may be of no category that the image names */
        return fmin(fmax(float_shorten(edges[slot]), spread->min), spread->max);
    return draw_even(spread, fmax(spread->min, slot > 0 ? edges[slot - 1] : -INFINITY),
                     fmin(spread->max, slot < part->n_edges ? edges[slot] : INFINITY), rng);
}

static void draw_rows(struct drawn *drawn)
{
    struct rng rng = rng_stream(0, 0);

    for (size_t i = 0; i < drawn->n; i++)
        for (uint32_t f = 0; f < drawn->n_features; f++)
            drawn->rows[i * drawn->n_features + f] = draw_value(drawn, f, &rng);
    predictor_rows(&drawn->predictor, drawn->rows, drawn->n, drawn->margins, drawn->answers);
}

/* ---- from draws to a row ---- */

static int by_value(const void *a, const void *b)
{
    const struct weighed *left = a, *right = b;

    return (left->value > right->value) - (left->value < right->value);
}

/* The value that has half of the weight up to it; of a category the one with most of it. */
static double middle_of(struct weighed *column, size_t n, bool category)
{
    double all = 0, below = 0, most = -1, best = column[0].value;

    qsort(column, n, sizeof(*column), by_value);
    for (size_t i = 0; i < n; i++)
        all += column[i].weight;
    for (size_t i = 0, end; category && i < n; i = end) {
        double weight = 0;

        for (end = i; end < n && column[end].value <= column[i].value; end++)
            weight += column[end].weight;
        if (weight > most) {
            most = weight;
            best = column[i].value;
        }
    }
    for (size_t i = 0; !category && i < n && below <= all / 2; i++) {
        below += column[i].weight;
        best = column[i].value;
    }
    return best;
}

/* Fills drawn->row from the weights. */
static void row_make(struct drawn *drawn)
{
    for (uint32_t f = 0; f < drawn->n_features; f++) {
        const enum image_type type = image_feature_type(drawn->image, f);

        for (size_t i = 0; i < drawn->n; i++)
            drawn->column[i] =
                (struct weighed){drawn->rows[i * drawn->n_features + f], drawn->weights[i]};
        drawn->row[f] = middle_of(drawn->column, drawn->n,
                                  type == IMAGE_CATEGORY || type == IMAGE_BOOLEAN ||
                                      image_feature_n_values(drawn->image, f) != 0);
    }
}

static void row_write(const struct drawn *drawn, struct json_writer *writer, const char *name,
                      const double *row)
{
    json_write_object(writer);
    json_member_string(writer, "name", name);
    json_write_key(writer, "features");
    json_write_array(writer);
    for (uint32_t f = 0; f < drawn->n_features; f++) {
        if (image_feature_n_values(drawn->image, f) != 0)
            json_write_string(writer, image_feature_value(drawn->image, f, (uint32_t)row[f]));
        else if (image_feature_type(drawn->image, f) == IMAGE_BOOLEAN)
            json_write_bool(writer, row[f] > 0);
        else
            json_write_double(writer, row[f]);
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
}

/* ---- classes ---- */

static uint32_t class_of_draw(const struct drawn *drawn, size_t i)
{
    return predictor_class(&drawn->predictor,
                           drawn->margins + i * predictor_margins(&drawn->predictor),
                           drawn->answers + i * drawn->width, 0);
}

/* The class of drawn->row, by way of room for its margins and answers. */
static uint32_t class_of_row(struct drawn *drawn, double *margins, double *answers)
{
    predictor_rows(&drawn->predictor, drawn->row, 1, margins, answers);
    return predictor_class(&drawn->predictor, margins, answers, 0);
}

/*
 * A row that the model takes for the class: the medians, or where those are another's the draw
 * that it takes for it the most.  False: no draw was of it.
 */
static void class_write(struct drawn *drawn, struct json_writer *writer, uint32_t class,
                        double *margins, double *answers)
{
    const uint32_t answers_of_it = output_count(&drawn->predictor.output, 0);
    const double *row = drawn->row;
    double best = -1;

    for (size_t i = 0; i < drawn->n; i++) {
        const double share =
            class < answers_of_it ? drawn->answers[i * drawn->width + class] : 1;
        const bool is_it = class_of_draw(drawn, i) == class;

        drawn->weights[i] = is_it && share > 0 ? share * share : 0;
        if (is_it && drawn->weights[i] > best) {
            best = drawn->weights[i];
            row = drawn->rows + i * drawn->n_features;
        }
    }
    if (best < 0)
        return;
    row_make(drawn);
    if (class_of_row(drawn, margins, answers) == class)
        row = drawn->row;
    row_write(drawn, writer, image_class_label(drawn->image, class), row);
}

static void classes_write(struct drawn *drawn, struct json_writer *writer)
{
    const uint32_t n_classes = image_n_classes(drawn->image);
    double *margins = calloc(predictor_margins(&drawn->predictor), sizeof(*margins));
    double *answers = calloc(drawn->width, sizeof(*answers));

    for (uint32_t k = 0;
         margins != NULL && answers != NULL && k < n_classes && k < EXAMPLES_MAX; k++)
        class_write(drawn, writer, k, margins, answers);
    free(margins);
    free(answers);
}

/* ---- values ---- */

/* How many draws have a lesser answer. */
static size_t rank_of(const struct drawn *drawn, size_t i)
{
    const double value = drawn->answers[i * drawn->width];
    size_t rank = 0;

    for (size_t k = 0; k < drawn->n; k++) {
        const double other = drawn->answers[k * drawn->width];

        rank += other < value || (other <= value && k < i);
    }
    return rank;
}

/* Of the fifths of the draws by their answers the first, the third and the last. */
static void values_write(struct drawn *drawn, struct json_writer *writer)
{
    static const struct {
        const char *name;
        size_t fifth;
    } parts[] = {{"low", 0}, {"middle", 2}, {"high", 4}};

    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        for (size_t i = 0; i < drawn->n; i++)
            drawn->weights[i] = rank_of(drawn, i) * 5 / drawn->n == parts[part].fifth;
        row_make(drawn);
        row_write(drawn, writer, parts[part].name, drawn->row);
    }
}

static void typical_write(struct drawn *drawn, struct json_writer *writer)
{
    for (uint32_t f = 0; f < drawn->n_features; f++)
        drawn->row[f] = value_round(&drawn->spreads[f],
                                    drawn->spreads[f].min / 2 + drawn->spreads[f].max / 2);
    row_write(drawn, writer, "typical", drawn->row);
}

/* ---- all ---- */

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t draws_of(const struct image *image)
{
    const size_t walks = (size_t)WALKS / ((size_t)image_n_trees(image) + 1);
    const size_t numbers = (size_t)NUMBERS / image_n_features(image);
    const size_t n = lesser(DRAWS, lesser(walks, numbers));

    return n >= DRAWS_ENOUGH ? n : 0;
}

static bool drawn_open(struct drawn *drawn, const struct image *image)
{
    size_t n;

    drawn->image = image;
    drawn->n_features = image_n_features(image);
    drawn->n = draws_of(image);
    n = drawn->n != 0 ? drawn->n : 1;
    if (predictor_open(&drawn->predictor, image) != RESULT_OK)
        return false;
    drawn->width = predictor_width(&drawn->predictor);
    drawn->spreads = calloc(drawn->n_features, sizeof(*drawn->spreads));
    drawn->rows = calloc(n * drawn->n_features, sizeof(*drawn->rows));
    drawn->answers = calloc(n * drawn->width, sizeof(*drawn->answers));
    drawn->margins = calloc(n * predictor_margins(&drawn->predictor), sizeof(*drawn->margins));
    drawn->weights = calloc(n, sizeof(*drawn->weights));
    drawn->row = calloc(drawn->n_features, sizeof(*drawn->row));
    drawn->column = calloc(n, sizeof(*drawn->column));
    return drawn->spreads != NULL && drawn->rows != NULL && drawn->answers != NULL &&
           drawn->margins != NULL && drawn->weights != NULL && drawn->row != NULL &&
           drawn->column != NULL;
}

static void drawn_close(struct drawn *drawn)
{
    predictor_close(&drawn->predictor);
    free(drawn->spreads);
    free(drawn->rows);
    free(drawn->answers);
    free(drawn->margins);
    free(drawn->weights);
    free(drawn->row);
    free(drawn->column);
}

static void rows_write(struct drawn *drawn, struct json_writer *writer)
{
    spreads_make(drawn);
    if (drawn->n == 0) {
        typical_write(drawn, writer);
        return;
    }
    draw_rows(drawn);
    if (image_n_classes(drawn->image) != 0)
        classes_write(drawn, writer);
    else
        values_write(drawn, writer);
}

void examples_write(struct json_writer *writer, const struct image *image)
{
    struct drawn drawn = {.n = 0};

    json_write_key(writer, "examples");
    json_write_array(writer);
    if (image_text(image) == NULL && image_n_features(image) != 0) {
        if (drawn_open(&drawn, image))
            rows_write(&drawn, writer);
        drawn_close(&drawn);
    }
    json_write_array_end(writer);
}
