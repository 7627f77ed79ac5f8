/* contributions.c: what each feature adds, as columns of a file. */
#include "forest/contributions.h"

#include <stdlib.h>

#include "base/csv.h"
#include "base/num.h"
#include "forest/explain.h"

struct contributions {
    const struct image *image;
    struct explain *explain;
    double *numbers; /* of a block */
    enum result result;
    struct reason why;
};

uint32_t contributions_width(const struct image *image)
{
    return image_n_outputs(image) * (image_n_features(image) + 1);
}

/* How many outputs a target has: as many as classes, but two classes may share one. */
static uint32_t outputs_of(const struct image *image, uint32_t target)
{
    uint32_t each = 0, n = image_target_n_classes(image, target);

    for (uint32_t t = 0; t < image_n_targets(image); t++)
        each += image_target_n_classes(image, t) > 0 ? image_target_n_classes(image, t) : 1;
    return n == 0 || (n == 2 && each != image_n_outputs(image)) ? 1 : n;
}

/* Of several targets: "price:", "target_1:", and with classes "kind.red:". */
static void output_name_put(const struct image *image, uint32_t output, struct buf *whole)
{
    uint32_t t = 0, k = output;

    for (; t + 1 < image_n_targets(image) && k >= outputs_of(image, t); t++)
        k -= outputs_of(image, t);
    if (image_target_name(image, t) != NULL)
        buf_puts(whole, image_target_name(image, t));
    else
        buf_printf(whole, "target_%u", (unsigned)t);
    if (outputs_of(image, t) > 1)
        buf_printf(whole, ".%s", image_target_label(image, t, k));
    buf_putc(whole, ':');
}

static void name_put(const struct image *image, uint32_t output, const char *name,
                     struct buf *whole, struct buf *text)
{
    buf_clear(whole, SIZE_MAX);
    if (image_n_outputs(image) > 1 && image_n_classes(image) == image_n_outputs(image))
        buf_printf(whole, "%s:", image_class_label(image, output));
    else if (image_n_outputs(image) > 1)
        output_name_put(image, output, whole);
    buf_puts(whole, name);
    csv_cell_put(text, buf_failed(whole) ? name : whole->data);
}

void contributions_header_put(const struct image *image, struct buf *text)
{
    const uint32_t features = image_n_features(image);
    struct buf whole = {0};

    for (uint32_t k = 0; k < image_n_outputs(image); k++)
        for (uint32_t f = 0; f <= features; f++) {
            if (k > 0 || f > 0)
                buf_putc(text, ',');
            name_put(image, k, f < features ? image_feature_name(image, f) : "bias", &whole,
                     text);
        }
    buf_free(&whole);
}

enum result contributions_new(const struct image *image, size_t rows,
                              struct contributions **out, struct reason *why)
{
    struct contributions *all = calloc(1, sizeof(*all));
    enum result result;

    *out = all;
    if (all == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    all->image = image;
    all->numbers = reallocarray(NULL, rows, contributions_width(image) * sizeof(double));
    result = all->numbers != NULL ? explain_new(image, &all->explain, why)
                                  : reason_set(why, RESULT_NOMEM, "out of memory");
    return result;
}

void contributions_free(struct contributions *contributions)
{
    if (contributions == NULL)
        return;
    explain_free(contributions->explain);
    free(contributions->numbers);
    free(contributions);
}

static void row_put(const double *numbers, uint32_t width, struct buf *text)
{
    char number[NUM_DOUBLE_MAX];

    for (uint32_t i = 0; i < width; i++) {
        if (i > 0)
            buf_putc(text, ',');
        buf_put(text, number, num_print_double(number, numbers[i]));
    }
    buf_putc(text, '\n');
}

void contributions_put(struct contributions *contributions, const double *rows, size_t n,
                       const double *margins, bool binary, struct buf *text)
{
    const uint32_t width = contributions_width(contributions->image);
    const struct explain_rows what = {rows, n, margins, NULL};

    contributions->result = explain_rows(contributions->explain, &what, contributions->numbers,
                                         &contributions->why);
    if (contributions->result != RESULT_OK)
        return;
    if (binary)
        buf_put(text, contributions->numbers, n * width * sizeof(double));
    for (size_t i = 0; i < n && !binary; i++)
        row_put(contributions->numbers + i * width, width, text);
}

enum result contributions_result(const struct contributions *contributions, struct reason *why)
{
    if (contributions->result != RESULT_OK)
        reason_set(why, contributions->result, "the model cannot be explained: %s",
                   contributions->why.text);
    return contributions->result;
}
