/*
 * draw_tree.c: a tree of a forest as a picture, from its root at the left to its leaves.
 *
 * Down to a bounded depth, and as deep as the row's way goes.  The whole tree is gone
 * through once, so that a card tells the mean of all leaves below it, drawn or not.  A
 * line is as wide as the share of the training rows that took it.
 */
#include "forest/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "forest/svg.h"
#include "forest/tree.h"

enum {
    MARGIN = 24,
    CARD = 196,   /* width */
    SPLIT_H = 56, /* heights */
    LEAF_H = 48,
    STUB_H = 30,
    GAP_X = 88,
    GAP_Y = 12,
    PAD = 10,
    STRIP_H = 5,
    WIDEST = 9,  /* line */
    LEGEND = 12, /* classes in it */
    MAX_NUMBERS = 8 << 20,
    NONE = -1,
};

enum kind {
    KIND_SPLIT,
    KIND_LEAF,
    KIND_STUB, /* a split whose sides are not drawn */
};

/* One card. */
struct card {
    enum kind kind;
    struct tree_node node;
    int64_t parent;
    uint32_t level;
    uint64_t hidden; /* splits and leaves below a stub */
    double share;    /* of the tree's training rows */
    double y;        /* of its middle */
    bool lit;        /* on the row's way */
    bool is_left;
};

struct pending {
    tree_place place;
    int64_t parent; /* the card above, or the stub that hides it */
    uint32_t level;
    double share;
    bool lit, hidden, is_left;
};

struct picture {
    const struct image *image;
    const struct draw_tree *what;
    uint32_t width; /* numbers of a leaf */
    struct card *cards;
    double *means;   /* width for each card */
    double *numbers; /* of a leaf */
    size_t n, cap;
    struct pending *stack;
    size_t depth;     /* of the stack */
    uint32_t levels;  /* drawn */
    double low, high; /* means of one number */
    double w, h, top;
    struct buf *out;
};

/* Whether a leaf's numbers are the shares of the classes. */
static bool has_fractions(const struct image *image)
{
    return image_spec(image)->transform == SPEC_FRACTIONS && image_n_targets(image) == 1 &&
           image_n_classes(image) == image_n_outputs(image);
}

static const char *category_name(const struct image *image, uint32_t feature, uint32_t code)
{
    return code < image_feature_n_values(image, feature)
               ? image_feature_value(image, feature, code)
               : NULL;
}

static enum result out_of_memory(struct reason *why)
{
    return reason_set(why, RESULT_NOMEM, "out of memory");
}

static enum result card_add(struct picture *picture, struct reason *why)
{
    size_t cap = picture->cap == 0 ? 64 : 2 * picture->cap;
    struct card *cards;
    double *means;

    if (picture->n < picture->cap)
        return RESULT_OK;
    if (cap * picture->width > MAX_NUMBERS)
        return reason_set(why, RESULT_TOO_BIG,
                          "that is too much for one picture: give less depth");
    cards = reallocarray(picture->cards, cap, sizeof(*cards));
    if (cards == NULL)
        return out_of_memory(why);
    picture->cards = cards;
    means = reallocarray(picture->means, cap * picture->width, sizeof(*means));
    if (means == NULL)
        return out_of_memory(why);
    picture->means = means;
    picture->cap = cap;
    return RESULT_OK;
}

static void push(struct picture *picture, const struct pending *pending)
{
    picture->stack[picture->depth++] = *pending;
}

/* Both sides of a split, the left one to be read first. */
static void sides_push(struct picture *picture, const struct pending *from,
                       const struct tree_node *node, int64_t parent, bool hidden)
{
    const double *row = picture->what->row;
    struct tree_node left, right;
    double sum, share;
    bool goes_left;

    tree_read(picture->image, node->left, &left);
    tree_read(picture->image, node->right, &right);
    sum = left.cover + right.cover;
    share = sum > 0 ? left.cover / sum : 0.5;
    goes_left = from->lit && tree_step(picture->image, from->place, row) == node->left;
    push(picture, &(struct pending){.place = node->right,
                                    .parent = parent,
                                    .level = from->level + 1,
                                    .share = from->share * (1 - share),
                                    .lit = from->lit && !goes_left,
                                    .hidden = hidden});
    push(picture, &(struct pending){.place = node->left,
                                    .parent = parent,
                                    .level = from->level + 1,
                                    .share = from->share * share,
                                    .lit = goes_left,
                                    .hidden = hidden,
                                    .is_left = true});
}

static void mean_add(struct picture *picture, int64_t card, double share, const double *numbers)
{
    double *means = picture->means + (size_t)card * picture->width;

    for (uint32_t k = 0; k < picture->width; k++)
        means[k] += share * numbers[k];
}

/* One node of the tree: a card of its own, or part of what a stub hides. */
static enum result node_take(struct picture *picture, const struct pending *from,
                             struct reason *why)
{
    int64_t card = from->parent;
    enum result result;
    struct tree_node node;

    tree_read(picture->image, from->place, &node);
    if (!from->hidden) {
        if ((result = card_add(picture, why)) != RESULT_OK)
            return result;
        if (picture->cards == NULL || picture->means == NULL) /* which no analyser knows */
            return RESULT_FAILED;
        card = (int64_t)picture->n++;
        memset(picture->means + (size_t)card * picture->width, 0,
               picture->width * sizeof(*picture->means));
        picture->cards[card] = (struct card){
            .kind = node.leaf                                           ? KIND_LEAF
                    : from->level >= picture->what->depth && !from->lit ? KIND_STUB
                                                                        : KIND_SPLIT,
            .node = node,
            .parent = from->parent,
            .level = from->level,
            .share = from->share,
            .lit = from->lit,
            .is_left = from->is_left};
        if (from->level > picture->levels)
            picture->levels = from->level;
    } else {
        picture->cards[card].hidden++;
    }
    if (node.leaf) {
        tree_values(picture->image, picture->what->tree, node.number, picture->numbers);
        mean_add(picture, card, from->share, picture->numbers);
    } else {
        sides_push(picture, from, &node, card,
                   from->hidden || picture->cards[card].kind == KIND_STUB);
    }
    return RESULT_OK;
}

/* From what was added up to means, from the last card to the first. */
static void means_make(struct picture *picture)
{
    const uint32_t width = picture->width;

    for (size_t i = picture->n; i-- > 0;) {
        const struct card *card = &picture->cards[i];
        double *means = picture->means + i * width;

        if (card->parent != NONE)
            mean_add(picture, card->parent, 1, means);
        for (uint32_t k = 0; k < width && card->share > 0; k++)
            means[k] /= card->share;
        if (!(card->share > 0) && card->kind == KIND_LEAF)
            tree_values(picture->image, picture->what->tree, card->node.number, means);
    }
    picture->low = INFINITY;
    picture->high = -INFINITY;
    for (size_t i = 0; i < picture->n; i++) {
        picture->low = fmin(picture->low, picture->means[i * width]);
        picture->high = fmax(picture->high, picture->means[i * width]);
    }
}

static enum result cards_make(struct picture *picture, struct reason *why)
{
    enum result result = RESULT_OK;
    struct pending from;

    picture->stack = calloc((size_t)image_depth(picture->image) + 2, sizeof(*picture->stack));
    picture->numbers = calloc(picture->width, sizeof(*picture->numbers));
    if (picture->stack == NULL || picture->numbers == NULL)
        return out_of_memory(why);
    push(picture, &(struct pending){.place = tree_root(picture->image, picture->what->tree),
                                    .parent = NONE,
                                    .share = 1,
                                    .lit = picture->what->row != NULL});
    while (picture->depth > 0 && result == RESULT_OK) {
        from = picture->stack[--picture->depth];
        result = node_take(picture, &from, why);
    }
    if (result == RESULT_OK)
        means_make(picture);
    return result;
}

static double card_height(const struct card *card)
{
    static const double heights[] = {SPLIT_H, LEAF_H, STUB_H};

    return heights[card->kind];
}

static double card_x(const struct card *card)
{
    return MARGIN + (double)card->level * (CARD + GAP_X);
}

/* What ends a way stands below what ends the way before; a split between its sides. */
static void cards_place(struct picture *picture)
{
    double y = picture->top;

    for (size_t i = 0; i < picture->n; i++) {
        struct card *card = &picture->cards[i];

        card->y = 0;
        if (card->kind == KIND_SPLIT)
            continue;
        card->y = y + card_height(card) / 2;
        y += card_height(card) + GAP_Y;
    }
    for (size_t i = picture->n; i-- > 1;)
        picture->cards[picture->cards[i].parent].y += picture->cards[i].y / 2;
    picture->w = 2 * MARGIN + CARD + (double)picture->levels * (CARD + GAP_X);
    picture->h = fmax(y, picture->cards[0].y + SPLIT_H / 2.0) - GAP_Y + MARGIN;
}

/* "150 rows", or their weight where it is no number of rows. */
static void cover_print(char out[48], double cover)
{
    if (cover == floor(cover) && cover < 1e15)
        snprintf(out, 48, "%.0f row%s", cover, cover == 1 ? "" : "s");
    else
        snprintf(out, 48, "weight %.3g", cover);
}

/* The class with the greatest share. */
static uint32_t greatest(const double *means, uint32_t n)
{
    uint32_t best = 0;

    for (uint32_t k = 1; k < n; k++)
        if (means[k] > means[best])
            best = k;
    return best;
}

static void percent_print(char out[32], double share)
{
    snprintf(out, 32, share < 0.0995 || share > 0.9995 ? "%.3g%%" : "%.1f%%", share * 100);
}

/* What a card answers: "setosa" and "97.1%", or a value. */
static void answer_print(const struct picture *picture, size_t i, char *text, size_t size,
                         char share[32])
{
    const double *means = picture->means + i * picture->width;
    char number[32];
    uint32_t best;

    share[0] = '\0';
    if (has_fractions(picture->image)) {
        best = greatest(means, picture->width);
        text_print(text, size, "%s", image_class_label(picture->image, best));
        percent_print(share, means[best]);
        return;
    }
    text[0] = '\0';
    for (uint32_t k = 0; k < picture->width && k < 6; k++) {
        svg_number(number, means[k]);
        snprintf(text + strlen(text), size - strlen(text), "%s%s", k == 0 ? "" : ", ", number);
    }
}

static void answer_colour(const struct picture *picture, size_t i, char out[32])
{
    const double *means = picture->means + i * picture->width;
    const double range = picture->high - picture->low;

    if (has_fractions(picture->image))
        svg_class_colour(out, greatest(means, picture->width));
    else
        svg_value_colour(out, range > 0 ? (means[0] - picture->low) / range : 0.5);
}

/* The classes' shares as one strip, or a value as a mark on a line from least to greatest. */
static void strip_put(struct picture *picture, size_t i, double x, double y, double width)
{
    const double *means = picture->means + i * picture->width;
    char colour[32];
    double at = x, part;

    if (!has_fractions(picture->image)) {
        answer_colour(picture, i, colour);
        part = picture->high > picture->low
                   ? (means[0] - picture->low) / (picture->high - picture->low)
                   : 0.5;
        buf_printf(picture->out,
                   "<line class=\"line\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                   "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n",
                   x, x + width, y + 2.5, y + 2.5, x + 4 + part * (width - 8), y + 2.5, colour);
        return;
    }
    for (uint32_t k = 0; k < picture->width; k++) {
        part = width * means[k];
        if (part < 0.3)
            continue;
        svg_class_colour(colour, k);
        buf_printf(picture->out,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n",
                   at, y, part, STRIP_H, colour);
        at += part;
    }
}

/* A line from a card to one of its sides, and what is answered that way. */
static void edge_put(struct picture *picture, const struct card *card)
{
    const struct card *above = &picture->cards[card->parent];
    const double x1 = card_x(above) + CARD, x2 = card_x(card), bend = GAP_X * 0.55;
    const bool dim = picture->what->row != NULL && !card->lit;

    buf_printf(picture->out,
               "<path class=\"%s\" stroke-width=\"%.1f\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f "
               "%.1f %.1f\"/>\n",
               card->lit ? "litedge"
               : dim     ? "edge dim"
                         : "edge",
               fmax(1.5, WIDEST * sqrt(card->share)), x1, above->y, x1 + bend, above->y,
               x2 - bend, card->y, x2, card->y);
}

static void edge_label(struct picture *picture, const struct card *card)
{
    const struct card *above = &picture->cards[card->parent];
    const bool missing = above->node.nan_left == card->is_left &&
                         image_feature_missing(picture->image, above->node.feature);
    const double y = card->y + (card->is_left ? -7 - WIDEST * sqrt(card->share) / 4
                                              : 15 + WIDEST * sqrt(card->share) / 4);

    svg_text(picture->out, card_x(card) - 8, y, SVG_END,
             card->lit ? "small bold lit" : "small muted", GAP_X + PAD,
             card->is_left ? missing ? "yes, missing" : "yes"
             : missing     ? "no, missing"
                           : "no");
}

/* Whether a category goes left: it is in the set, or, where codes are compared, not above. */
static bool category_is_left(const struct tree_node *node, uint32_t code)
{
    if (node->by_set)
        return (node->words[code / 32] >> code % 32 & 1) != 0;
    return code <= node->threshold;
}

/* The categories that go left as "{north, south}", as many as there is room for. */
static void categories_print(const struct picture *picture, const struct tree_node *node,
                             char *text, size_t size)
{
    const uint32_t n = node->by_set ? 32 * node->n_words
                                    : image_feature_n_values(picture->image, node->feature);
    const char *name, *comma = "";
    char number[16];
    size_t len = 1;

    text_print(text, size, "{");
    for (uint32_t code = 0; code < n && len + 16 < size; code++) {
        if (!category_is_left(node, code))
            continue;
        snprintf(number, sizeof(number), "%u", (unsigned)code);
        name = category_name(picture->image, node->feature, code);
        text_print(text + len, size - len, "%s%s", comma, name != NULL ? name : number);
        len += strlen(text + len);
        comma = ", ";
    }
    text_print(text + len, size - len, len + 16 < size ? "}" : "...");
}

/* What a split asks: "<= 0.8", "in {north, south}"; exact is for reading it to the last
 * digit. */
static void question_print(const struct picture *picture, const struct tree_node *node,
                           bool exact, char *text, size_t size)
{
    char shown[1024], number[32];

    if (node->by_set || image_feature_n_values(picture->image, node->feature) > 0) {
        categories_print(picture, node, shown, sizeof(shown));
        text_print(text, size, "in %s", shown);
    } else if (exact) {
        text_print(text, size, "\xe2\x89\xa4 %.17g", node->threshold);
    } else {
        svg_number(number, node->threshold);
        text_print(text, size, "\xe2\x89\xa4 %s", number);
    }
}

/* The row's own value of the feature that is asked for. */
static void value_print(const struct picture *picture, const struct tree_node *node, char *text,
                        size_t size)
{
    const double value = picture->what->row[node->feature];
    const char *name = NULL;
    char number[32];

    if (value >= 0 && value < UINT32_MAX)
        name = category_name(picture->image, node->feature, (uint32_t)value);
    svg_number(number, value);
    text_print(text, size, "%s", isnan(value) ? "missing" : name != NULL ? name : number);
}

/* All that a card stands for, in words. */
static void card_tip(struct picture *picture, size_t i)
{
    const struct card *card = &picture->cards[i];
    char question[1200] = "", answer[IMAGE_MAX_NAME + 64], share[32], cover[48] = "", tip[4096];

    answer_print(picture, i, answer, sizeof(answer), share);
    if (card->node.cover > 0)
        cover_print(cover, card->node.cover);
    if (card->kind != KIND_LEAF)
        question_print(picture, &card->node, true, question, sizeof(question));
    text_print(tip, sizeof(tip), "%s%s%s%s%s%s%s%s",
               card->kind != KIND_LEAF ? image_feature_name(picture->image, card->node.feature)
                                       : "",
               card->kind != KIND_LEAF ? " " : "", question,
               card->kind != KIND_LEAF ? " \xc2\xb7 " : "", answer, share[0] != '\0' ? " " : "",
               share, cover[0] != '\0' ? " \xc2\xb7 " : "");
    text_print(tip + strlen(tip), sizeof(tip) - strlen(tip), "%s", cover);
    svg_tip(picture->out, tip);
}

static void box_put(struct picture *picture, const struct card *card, const char *class)
{
    buf_printf(picture->out,
               "<rect class=\"%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.0f\" "
               "rx=\"7\"/>\n",
               class, card->lit ? " litcard" : "", card_x(card),
               card->y - card_height(card) / 2, CARD, card_height(card));
}

static void split_put(struct picture *picture, size_t i)
{
    const struct card *card = &picture->cards[i];
    const double x = card_x(card) + PAD, right = card_x(card) + CARD - PAD;
    const double y = card->y - SPLIT_H / 2.0, room = CARD - 2 * PAD - 8;
    char text[256], side[256] = "";
    double used;

    box_put(picture, card, "card");
    svg_text(picture->out, x, y + 19, SVG_START, "bold", CARD - 2 * PAD,
             image_feature_name(picture->image, card->node.feature));
    question_print(picture, &card->node, false, text, sizeof(text));
    if (card->lit)
        value_print(picture, &card->node, side, sizeof(side));
    else if (card->node.cover > 0)
        cover_print(side, card->node.cover);
    used = fmax(room - svg_text_width(side, card->lit ? 14 : 11), room / 2);
    svg_text(picture->out, x, y + 37, SVG_START, "", used, text);
    used = fmin(used, svg_text_width(text, 13));
    svg_text(picture->out, right, y + 37, SVG_END, card->lit ? "bold lit" : "small muted",
             room - used, side);
    strip_put(picture, i, x, y + SPLIT_H - STRIP_H - 5, CARD - 2 * PAD);
}

static void leaf_put(struct picture *picture, size_t i)
{
    const struct card *card = &picture->cards[i];
    const double x = card_x(card) + PAD, right = card_x(card) + CARD - PAD;
    const double y = card->y - LEAF_H / 2.0;
    char text[IMAGE_MAX_NAME + 64], share[32], colour[32], side[48] = "";

    answer_print(picture, i, text, sizeof(text), share);
    answer_colour(picture, i, colour);
    if (share[0] == '\0' && card->node.cover > 0)
        cover_print(side, card->node.cover);
    if (svg_text_width(text, 14) + svg_text_width(side, 11) > CARD - 2 * PAD - 23)
        side[0] = '\0';
    box_put(picture, card, "leaf");
    buf_printf(picture->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", x + 5,
               y + 16.5, colour);
    svg_text(picture->out, x + 17, y + 21, SVG_START, card->lit ? "bold lit" : "bold",
             CARD - 2 * PAD - 17 - svg_text_width(share, 13) - svg_text_width(side, 11) - 6,
             text);
    svg_text(picture->out, right, y + 21, SVG_END, share[0] != '\0' ? "" : "small muted", CARD,
             share[0] != '\0' ? share : side);
    strip_put(picture, i, x, y + LEAF_H - STRIP_H - 9, CARD - 2 * PAD);
}

static void stub_put(struct picture *picture, size_t i)
{
    const struct card *card = &picture->cards[i];
    char text[64], colour[32], answer[IMAGE_MAX_NAME + 64], share[32];

    answer_colour(picture, i, colour);
    answer_print(picture, i, answer, sizeof(answer), share);
    snprintf(text, sizeof(text), "\xe2\x80\xa6 %llu nodes",
             (unsigned long long)card->hidden + 1);
    box_put(picture, card, "stub");
    buf_printf(picture->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n",
               card_x(card) + PAD + 5, card->y, colour);
    svg_text(picture->out, card_x(card) + PAD + 17, card->y + 4.5, SVG_START, "muted",
             CARD - 2 * PAD - 17, text);
    svg_text(picture->out, card_x(card) + CARD - PAD, card->y + 4.5, SVG_END, "small muted",
             CARD - 2 * PAD - 25 - svg_text_width(text, 13), share[0] != '\0' ? share : answer);
}

static void card_put(struct picture *picture, size_t i)
{
    static void (*const puts[])(struct picture *, size_t) = {split_put, leaf_put, stub_put};
    const struct card *card = &picture->cards[i];

    buf_puts(picture->out,
             picture->what->row != NULL && !card->lit ? "<g class=\"dim\">" : "<g>");
    card_tip(picture, i);
    puts[card->kind](picture, i);
    buf_puts(picture->out, "</g>\n");
}

/* "tree 3 of 100 ..." */
static void heading_put(struct picture *picture)
{
    const struct image *image = picture->image;
    const struct card *root = &picture->cards[0];
    const double room = picture->w - 2 * MARGIN;
    const uint32_t classes = image_n_classes(image);
    char text[IMAGE_MAX_NAME + 256], cover[48] = "";

    svg_text(picture->out, MARGIN, MARGIN + 14, SVG_START, "big bold", room,
             picture->what->name);
    if (root->node.cover > 0)
        cover_print(cover, root->node.cover);
    text_print(text, sizeof(text), "tree %u of %u, numbered from 0%s%s%s%s",
               (unsigned)picture->what->tree, (unsigned)image_n_trees(image),
               cover[0] != '\0' ? " \xc2\xb7 " : "", cover,
               classes > 2 && !has_fractions(image) ? " \xc2\xb7 adds to " : "",
               classes > 2 && !has_fractions(image)
                   ? image_class_label(image, tree_output(image, picture->what->tree))
                   : "");
    svg_text(picture->out, MARGIN, MARGIN + 36, SVG_START, "muted", room, text);
}

/* The classes' colours; returns where it ends.  Measures alone where there is no out. */
static double legend_put(struct picture *picture, struct buf *out, double y)
{
    const uint32_t classes = has_fractions(picture->image) ? picture->width : 0;
    double x = MARGIN, width;
    char colour[32], text[64];

    for (uint32_t k = 0; k < classes && k <= LEGEND; k++) {
        const char *label = k < LEGEND ? image_class_label(picture->image, k) : text;

        snprintf(text, sizeof(text), "and %u more", (unsigned)(classes - LEGEND));
        width = 18 + fmin(svg_text_width(label, 13), CARD);
        if (x > MARGIN && x + width > picture->w - MARGIN) {
            x = MARGIN;
            y += 20;
        }
        if (out != NULL) {
            svg_class_colour(colour, k);
            if (k < LEGEND)
                buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n",
                           x + 5, y - 4.5, colour);
            svg_text(out, x + 16, y, SVG_START, "", CARD, label);
        }
        x += width + 18;
    }
    return classes > 0 ? y + 18 : y - 14;
}

static void picture_put(struct picture *picture)
{
    char title[IMAGE_MAX_NAME + 64];

    text_print(title, sizeof(title), "%s, tree %u", picture->what->name,
               (unsigned)picture->what->tree);
    svg_begin(picture->out, picture->w, picture->h, title);
    heading_put(picture);
    legend_put(picture, picture->out, MARGIN + 64);
    for (int lit = 0; lit < 2; lit++) /* what is lit lies above the rest */
        for (size_t i = 1; i < picture->n; i++)
            if (picture->cards[i].lit == (lit != 0))
                edge_put(picture, &picture->cards[i]);
    for (size_t i = 1; i < picture->n; i++)
        edge_label(picture, &picture->cards[i]);
    for (size_t i = 0; i < picture->n; i++)
        card_put(picture, i);
    svg_end(picture->out);
}

enum result draw_tree(const struct image *image, const struct draw_tree *what, struct buf *out,
                      struct reason *why)
{
    struct picture picture = {.image = image, .what = what, .out = out};
    enum result result;

    if (what->tree >= image_n_trees(image))
        return reason_set(why, RESULT_INVALID, "there is no tree %u; the last of them is %u",
                          (unsigned)what->tree, (unsigned)image_n_trees(image) - 1);
    picture.width = tree_width(image, what->tree);
    result = cards_make(&picture, why);
    if (result == RESULT_OK && picture.cards != NULL) {
        picture.w = 2 * MARGIN + CARD + (double)picture.levels * (CARD + GAP_X);
        picture.top = legend_put(&picture, NULL, MARGIN + 64);
        cards_place(&picture);
        picture_put(&picture);
        if (buf_failed(out))
            result = out_of_memory(why);
    }
    free(picture.cards);
    free(picture.means);
    free(picture.numbers);
    free(picture.stack);
    return result;
}
