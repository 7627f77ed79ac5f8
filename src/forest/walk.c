/*
 * walk.c: from rows to predictions: rows are made ready, a kernel finds the leaves, and
 * their numbers are added in the order of the trees.
 *
 * The compares are exact in either precision.  With SPEC_COMPARE_F32 a value is rounded to
 * the nearest float32, as the libraries do, and so was the threshold when the draft was
 * made.  With SPEC_COMPARE_F64 both are rounded down: where x <= t, also down(x) <=
 * down(t), and where down(x) < down(t), x < t; so only where both are equal, and x is no
 * float32 itself, the kernel has to look at the exact ones (it then is x <= t or not; if x
 * is a float32, x = down(t) <= t).
 */
#include "forest/walk.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "forest/exact.h"
#include "forest/walk_kernel.h"

enum {
    FEW_ROWS = 24,     /* fewer are walked one by one */
    FLOAT_OUTPUTS = 16 /* sums that are kept as float32 while they grow */
};

/* Beyond this an image is not in the caches, and tiles are asked for ahead. */
#define FAR_BYTES (UINT64_C(64) << 20)

static const struct walk_kernel *const kernels[] = {
#if WALK_X86
    &walk_avx512,
    &walk_avx2,
#endif
    &walk_portable,
};

enum {
    N_KERNELS = sizeof(kernels) / sizeof(kernels[0])
};

static _Atomic(const struct walk_kernel *) chosen;

static const struct walk_kernel *kernel(void)
{
    const struct walk_kernel *found = atomic_load_explicit(&chosen, memory_order_relaxed);
    unsigned i = 0;

    if (found != NULL)
        return found;
    while (!kernels[i]->runs()) /* NOLINT: the last runs everywhere */
        i++;
    atomic_store_explicit(&chosen, kernels[i], memory_order_relaxed);
    return kernels[i];
}

const char *walk_kernel_name(unsigned i)
{
    return i < N_KERNELS ? kernels[i]->name : NULL;
}

const char *walk_used(void)
{
    return kernel()->name;
}

bool walk_use(const char *name)
{
    unsigned i;

    for (i = 0; i < N_KERNELS; i++)
        if (strcmp(kernels[i]->name, name) == 0 && kernels[i]->runs()) {
            atomic_store_explicit(&chosen, kernels[i], memory_order_relaxed);
            return true;
        }
    return false;
}

bool walk_value_fits(double value)
{
    return isfinite((float)value);
}

size_t walk_argmax(const double *values, size_t n)
{
    size_t i, best = 0;

    for (i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

/* ---- rows made ready ---- */

/* What was found of rows on the way. */
struct seen {
    bool nan, inexact;
};

static float round_down(double value)
{
    float rounded = (float)value;

    return (double)rounded > value ? nextafterf(rounded, -INFINITY) : rounded;
}

/* The columns of a row, each at a multiple of `stride` from the first. */
static void prepare(const struct image *image, const double *row, float *out, size_t stride,
                    struct seen *seen)
{
    const uint32_t n = image->model->n_columns;
    const bool f32 = image->spec.compare == SPEC_COMPARE_F32;
    bool nan = false, inexact = false;
    uint32_t i;

    for (i = 0; i < n; i++) {
        const double value = exact_value(image, i, row);
        const float rounded = f32 ? (float)value : round_down(value);

        out[i * stride] = rounded;
        nan |= isnan(value);
        inexact |= (double)rounded < value || (double)rounded > value;
    }
    seen->nan |= nan;
    seen->inexact |= inexact && !f32;
}

static uint32_t padded(uint32_t columns)
{
    return (columns + WALK_PAD - 1) / WALK_PAD * WALK_PAD;
}

/* ---- sums ---- */

static bool adds(const struct spec *spec)
{
    return spec->fold != SPEC_FOLD_MIN && spec->fold != SPEC_FOLD_MAX;
}

static double first_value(const struct image *image, uint32_t output)
{
    switch (image->spec.fold) {
    case SPEC_FOLD_SUM:
    case SPEC_FOLD_MEAN:
        return image->base[output];
    case SPEC_FOLD_MIN:
        return INFINITY;
    case SPEC_FOLD_MAX:
        return -INFINITY;
    default:
        return 0;
    }
}

static double last_value(const struct image *image, double value, uint32_t output)
{
    const struct spec *spec = &image->spec;
    const bool f32 = spec->sum == SPEC_SUM_F32;

    if (spec->fold == SPEC_FOLD_MEAN || spec->fold == SPEC_FOLD_MEAN_THEN_BASE)
        value = f32 ? (double)((float)value / (float)spec->divisor) : value / spec->divisor;
    if (spec->fold >= SPEC_FOLD_SUM_THEN_BASE)
        value =
            f32 ? (double)(float)(value + image->base[output]) : value + image->base[output];
    return value;
}

static void fold_number(const struct spec *spec, double *out, double number)
{
    if (spec->fold == SPEC_FOLD_MIN)
        *out = fmin(*out, number);
    else if (spec->fold == SPEC_FOLD_MAX)
        *out = fmax(*out, number);
    else if (spec->sum == SPEC_SUM_F32)
        *out = (double)((float)*out + (float)number);
    else
        *out += number;
}

/* The numbers of a leaf, of any kind, into a row's outputs. */
static void fold_leaf(const struct image *image, uint32_t t, uint32_t leaf, const double *row,
                      double *out)
{
    const struct layout_tree *tree = &image->trees[t];
    const struct layout_line *line = image->lines != NULL ? &image->lines[leaf] : NULL;
    const double *numbers, number = image->model->leaf_format == LAYOUT_LEAVES_F32
                                        ? (double)((const float *)image->leaves)[leaf]
                                        : 0;
    uint32_t k;

    if (image->model->leaf_format == LAYOUT_LEAVES_F32)
        numbers = &number;
    else if (image->model->leaf_format == LAYOUT_LEAVES_F64)
        numbers = (const double *)image->leaves + leaf;
    else
        numbers = image->rows + ((const uint32_t *)image->leaves)[leaf];
    if (line != NULL && line->there != 0)
        fold_number(&image->spec, &out[tree->output], exact_line(image, line, row, numbers[0]));
    else if (tree->width == 1)
        fold_number(&image->spec, &out[tree->output], numbers[0]);
    else
        for (k = 0; k < tree->width; k++) /* rows, never the one number above */
            fold_number(&image->spec, &out[k], numbers[k]); /* cppcheck-suppress objectIndex */
}

/* Whether sums grow as float32, in arrays of FLOAT_OUTPUTS. */
static bool sums_are_floats(const struct image *image)
{
    return image->model->leaf_format == LAYOUT_LEAVES_F32 && adds(&image->spec) &&
           image->model->n_outputs <= FLOAT_OUTPUTS;
}

/* Whether rows of float64 numbers are added, and nothing else. */
static bool sums_are_rows(const struct image *image)
{
    return image->model->leaf_format == LAYOUT_LEAVES_ROWS && adds(&image->spec) &&
           image->spec.sum == SPEC_SUM_F64 && image->lines == NULL;
}

static inline void add_row(const struct image *image, uint32_t t, uint32_t leaf, double *out)
{
    const struct layout_tree *tree = &image->trees[t];
    const double *numbers = image->rows + ((const uint32_t *)image->leaves)[leaf];
    uint32_t k;

    out += tree->output;
    for (k = 0; k < tree->width; k++)
        out[k] += numbers[k];
}

/* ---- one row ---- */

static void add_floats(const struct image *image, uint32_t first, uint32_t n,
                       const uint32_t *leaves, float *sums)
{
    const float *numbers = image->leaves;
    float sum = sums[0];
    uint32_t i;

    if (image->model->n_outputs == 1) {
        for (i = 0; i < n; i++)
            sum += numbers[leaves[i]];
        sums[0] = sum;
        return;
    }
    for (i = 0; i < n; i++)
        sums[image->trees[first + i].output] += numbers[leaves[i]];
}

static void add_leaves(const struct image *image, uint32_t first, uint32_t n,
                       const uint32_t *leaves, const double *row, double *out)
{
    uint32_t i;

    if (sums_are_rows(image))
        for (i = 0; i < n; i++)
            add_row(image, first + i, leaves[i], out);
    else
        for (i = 0; i < n; i++)
            fold_leaf(image, first + i, leaves[i], row, out);
}

/* A row too wide to be made ready: each split looks at the features. */
static void find_exactly(const struct image *image, const struct walk_row *row, uint32_t first,
                         uint32_t n, uint32_t *leaves)
{
    uint32_t i, next;

    for (i = 0; i < n; i++) {
        next = LAYOUT_TILE | (first + i);
        while ((next & LAYOUT_TILE) != 0) {
            const struct layout_tile *tile = walk_tile(image, next);

            next = exact_next(tile, exact_exit(image, tile, row->features));
        }
        leaves[i] = next;
    }
}

typedef void find_leaves(const struct image *image, const struct walk_row *row, uint32_t first,
                         uint32_t n, uint32_t *leaves);

/* Makes a row ready in `values`, WALK_COLUMNS of them; returns what finds its leaves. */
static find_leaves *begin_row(const struct image *image, const double *features, float *values,
                              struct walk_row *out)
{
    const uint32_t columns = image->model->n_columns;
    struct seen seen = {false, false};

    out->features = features;
    out->values = values;
    if (columns > WALK_COLUMNS)
        return find_exactly;
    prepare(image, features, values, 1, &seen);
    memset(values + columns, 0, (padded(columns) - columns) * sizeof(*values));
    out->inexact = seen.inexact;
    out->careful = seen.nan || seen.inexact || image->by_sets;
    out->far = image->len > FAR_BYTES;
    return kernel()->one;
}

static uint32_t trees_from(const struct image *image, uint32_t first)
{
    const uint32_t left = image->model->n_trees - first;

    return left < WALK_TREES ? left : WALK_TREES;
}

static void predict_row(const struct image *image, const double *features, double *out)
{
    const uint32_t n_outputs = image->model->n_outputs;
    const bool floats = sums_are_floats(image);
    float values[WALK_COLUMNS], sums[FLOAT_OUTPUTS] = {0};
    uint32_t leaves[WALK_TREES], first, k, n;
    struct walk_row row;
    find_leaves *find = begin_row(image, features, values, &row);

    for (k = 0; k < n_outputs; k++)
        out[k] = first_value(image, k);
    for (k = 0; floats && k < n_outputs; k++)
        sums[k] = (float)out[k];
    for (first = 0; first < image->model->n_trees; first += n) {
        n = trees_from(image, first);
        find(image, &row, first, n, leaves);
        if (floats)
            add_floats(image, first, n, leaves, sums);
        else
            add_leaves(image, first, n, leaves, features, out);
    }
    for (k = 0; k < n_outputs; k++)
        out[k] = last_value(image, floats ? (double)sums[k] : out[k], k);
}

/* ---- a block of rows ---- */

struct ready {
    _Alignas(64) float values[WALK_ROWS * WALK_BLOCK_COLUMNS];
    _Alignas(64) float columns[WALK_ROWS * WALK_BLOCK_COLUMNS];
};

static void begin_block(const struct image *image, const double *features, uint32_t n,
                        struct ready *ready, struct walk_block *out)
{
    const uint32_t columns = image->model->n_columns;
    struct seen seen = {false, false};
    uint32_t i, k;

    out->features = features;
    out->values = ready->values;
    out->columns = ready->columns;
    out->n = n;
    out->stride = columns <= 32 ? 32 : columns <= 64 ? 64 : padded(columns);
    for (i = 0; i < n; i++) {
        float *values = ready->values + (size_t)i * out->stride;

        prepare(image, features + (size_t)i * image->model->n_features, values, 1, &seen);
        for (k = columns; k < out->stride; k++)
            values[k] = 0;
        for (k = 0; k < columns; k++)
            ready->columns[(size_t)k * WALK_ROWS + i] = values[k];
    }
    for (k = 0; k < columns && n < WALK_ROWS; k++)
        memset(ready->columns + (size_t)k * WALK_ROWS + n, 0,
               (WALK_ROWS - n) * sizeof(*ready->columns));
    out->inexact = seen.inexact;
    out->careful = seen.nan || seen.inexact || image->by_sets;
}

static void add_block(const struct image *image, const struct walk_block *block, uint32_t t,
                      const uint32_t *leaves, float *sums, double *out)
{
    const uint32_t n_outputs = image->model->n_outputs;
    const float *numbers = image->leaves;
    uint32_t i;

    if (sums != NULL) {
        sums += (size_t)image->trees[t].output * WALK_ROWS;
        for (i = 0; i < block->n; i++)
            sums[i] += numbers[leaves[i]];
    } else if (sums_are_rows(image)) {
        for (i = 0; i < block->n; i++)
            add_row(image, t, leaves[i], out + (size_t)i * n_outputs);
    } else {
        for (i = 0; i < block->n; i++)
            fold_leaf(image, t, leaves[i],
                      block->features + (size_t)i * image->model->n_features,
                      out + (size_t)i * n_outputs);
    }
}

static void predict_block(const struct image *image, const double *features, uint32_t n,
                          double *out)
{
    const uint32_t n_outputs = image->model->n_outputs;
    const struct walk_kernel *used = kernel();
    float sums[FLOAT_OUTPUTS * WALK_ROWS], *floats = sums_are_floats(image) ? sums : NULL;
    uint32_t leaves[WALK_ROWS], t, i, k;
    struct walk_block block;
    struct ready ready;

    /* cppcheck-suppress ctuuninitvar; it is filled there */
    begin_block(image, features, n, &ready, &block);
    for (k = 0; k < n_outputs; k++)
        for (i = 0; i < n; i++) {
            out[(size_t)i * n_outputs + k] = first_value(image, k);
            if (floats != NULL)
                sums[k * WALK_ROWS + i] = (float)first_value(image, k);
        }
    for (t = 0; t < image->model->n_trees; t++) {
        used->many(image, &block, t, leaves);
        add_block(image, &block, t, leaves, floats, out);
    }
    for (k = 0; k < n_outputs; k++)
        for (i = 0; i < n; i++) {
            double *value = &out[(size_t)i * n_outputs + k];

            *value =
                last_value(image, floats != NULL ? (double)sums[k * WALK_ROWS + i] : *value, k);
        }
}

static bool is_block(const struct image *image, size_t n)
{
    return n >= FEW_ROWS && image->model->n_columns <= WALK_BLOCK_COLUMNS;
}

void walk_predict(const struct image *image, const double *rows, size_t n, double *out)
{
    uint32_t taken;

    for (; n != 0; n -= taken) {
        taken = !is_block(image, n) ? 1 : n < WALK_ROWS ? (uint32_t)n : WALK_ROWS;
        if (taken == 1)
            predict_row(image, rows, out);
        else
            predict_block(image, rows, taken, out);
        rows += (size_t)taken * image->model->n_features;
        out += (size_t)taken * image->model->n_outputs;
    }
}

/* ---- leaves ---- */

static void leaves_of_row(const struct image *image, const double *features, uint32_t *ids)
{
    float values[WALK_COLUMNS];
    uint32_t first, i, n;
    struct walk_row row;
    find_leaves *find = begin_row(image, features, values, &row);

    for (first = 0; first < image->model->n_trees; first += n) {
        n = trees_from(image, first);
        find(image, &row, first, n, ids + first);
    }
    for (i = 0; i < image->model->n_trees; i++)
        ids[i] = image->ids[ids[i]];
}

static void leaves_of_block(const struct image *image, const double *features, uint32_t n,
                            uint32_t *ids)
{
    const struct walk_kernel *used = kernel();
    const uint32_t n_trees = image->model->n_trees;
    uint32_t leaves[WALK_ROWS], t, i;
    struct walk_block block;
    struct ready ready;

    /* cppcheck-suppress ctuuninitvar; it is filled there */
    begin_block(image, features, n, &ready, &block);
    for (t = 0; t < n_trees; t++) {
        used->many(image, &block, t, leaves);
        for (i = 0; i < n; i++)
            ids[(size_t)i * n_trees + t] = image->ids[leaves[i]];
    }
}

void walk_leaves(const struct image *image, const double *rows, size_t n, uint32_t *ids)
{
    uint32_t taken;

    for (; n != 0; n -= taken) {
        taken = !is_block(image, n) ? 1 : n < WALK_ROWS ? (uint32_t)n : WALK_ROWS;
        if (taken == 1)
            leaves_of_row(image, rows, ids);
        else
            leaves_of_block(image, rows, taken, ids);
        rows += (size_t)taken * image->model->n_features;
        ids += (size_t)taken * image->model->n_trees;
    }
}
