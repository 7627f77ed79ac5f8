/*
 * draw_bars.c: what each feature matters, as bars, the longest first.
 */
#include "forest/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "forest/svg.h"

enum {
    MARGIN = 24,
    TOP = 84,
    ROW_H = 26,
    BAR_H = 16,
    BAR_W = 420,
    NAMES_MIN = 60,
    NAMES_MAX = 300,
    NUMBERS = 80, /* room for a value behind its bar */
};

struct order {
    double value;
    uint32_t feature;
};

static int compare_orders(const void *a, const void *b)
{
    const struct order *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return (x->feature > y->feature) - (x->feature < y->feature);
}

static void bar_put(const struct image *image, const struct draw_bars *what,
                    const struct order *at, double names, double y, double most,
                    struct buf *out)
{
    const double width = most > 0 ? BAR_W * at->value / most : 0, x = MARGIN + names + 12;
    char number[32];

    svg_number(number, at->value);
    if (what->shares)
        snprintf(number, sizeof(number), "%.*f%%", at->value < 0.001 ? 3 : 1, at->value * 100);
    buf_puts(out, "<g>");
    svg_tip(out, image_feature_name(image, at->feature));
    svg_text(out, MARGIN + names, y + 13, SVG_END, "", names,
             image_feature_name(image, at->feature));
    buf_printf(
        out,
        "<rect class=\"track\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"4\"/>"
        "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
        "rx=\"%.1f\"/>\n",
        x, y, BAR_W, BAR_H, x, y, width, BAR_H, fmin(4, width / 2));
    svg_text(out, x + BAR_W + 10, y + 13, SVG_START, "muted", NUMBERS, number);
    buf_puts(out, "</g>\n");
}

static void bars_put(const struct image *image, const struct draw_bars *what,
                     const struct order *order, uint32_t n, struct buf *out)
{
    const uint32_t all = image_n_features(image);
    double names = NAMES_MIN, width;
    char text[64];

    for (uint32_t i = 0; i < n; i++)
        names = fmax(names, svg_text_width(image_feature_name(image, order[i].feature), 13));
    names = fmin(names, NAMES_MAX);
    width = 2 * MARGIN + names + 12 + BAR_W + 10 + NUMBERS;
    svg_begin(out, width, TOP + (double)n * ROW_H + (n < all ? 24 : 0) + MARGIN / 2.0,
              what->name);
    svg_text(out, MARGIN, MARGIN + 14, SVG_START, "big bold", width - 2 * MARGIN, what->name);
    svg_text(out, MARGIN, MARGIN + 36, SVG_START, "muted", width - 2 * MARGIN, what->measure);
    for (uint32_t i = 0; i < n; i++)
        bar_put(image, what, &order[i], names, TOP + (double)i * ROW_H, order[0].value, out);
    if (n < all) {
        snprintf(text, sizeof(text), "and %u more features", (unsigned)(all - n));
        svg_text(out, MARGIN + names + 12, TOP + (double)n * ROW_H + 14, SVG_START, "muted",
                 BAR_W, text);
    }
    svg_end(out);
}

enum result draw_bars(const struct image *image, const struct draw_bars *what, struct buf *out,
                      struct reason *why)
{
    const uint32_t all = image_n_features(image);
    struct order *order = calloc(all, sizeof(*order));

    if (order == NULL)
        return reason_set(why, RESULT_NOMEM, "out of memory");
    for (uint32_t i = 0; i < all; i++)
        order[i] = (struct order){what->values[i], i};
    qsort(order, all, sizeof(*order), compare_orders);
    bars_put(image, what, order, what->most > 0 && what->most < all ? what->most : all, out);
    free(order);
    return buf_failed(out) ? reason_set(why, RESULT_NOMEM, "out of memory") : RESULT_OK;
}
