/*
 * svg.h: pieces of a picture onto a buffer: a page that is legible in light and dark,
 * and texts that fit.
 *
 * What is made is well-formed XML whatever the texts hold, has no script and refers to
 * nothing outside of it.  Lengths are pixels; the buffer's error is the only one.
 */
#ifndef FOREST_SVG_H
#define FOREST_SVG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Begins the picture: its size, its title for readers that do not see it, its paper. */
void svg_begin(struct buf *out, double width, double height, const char *title);
void svg_end(struct buf *out);

/* A text, UTF-8 or nearly, as the content of an element or of an attribute. */
void svg_escape(struct buf *out, const char *text);

/* How wide a text is about, in a sans-serif font of that size. */
double svg_text_width(const char *text, double size);

enum svg_anchor {
    SVG_START,
    SVG_MIDDLE,
    SVG_END
};

/*
 * A text with its baseline at y, in the style of those classes ("big", "small", "bold",
 * "muted", "lit"; see svg.c); what is wider than room is cut and ends in an ellipsis.
 */
void svg_text(struct buf *out, double x, double y, enum svg_anchor anchor, const char *classes,
              double room, const char *text);

/* What is told when the pointer rests on the element that is open. */
void svg_tip(struct buf *out, const char *text);

/* The colour of class k, to be told from its neighbours on light and dark paper. */
void svg_class_colour(char out[32], uint32_t k);

/* The colour of a value between the least, 0, and the greatest, 1. */
void svg_value_colour(char out[32], double at);

/* A number in at most six digits, for reading. */
void svg_number(char out[32], double value);

#endif
