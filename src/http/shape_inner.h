/*
 * shape_inner.h: what shape.c and shape_html.c share: steps through the notation, which is
 * valid.  No one else includes it.
 */
#ifndef HTTP_SHAPE_INNER_H
#define HTTP_SHAPE_INNER_H

#include "http/shape.h"

enum {
    SHAPE_KINDS = 8,
    SHAPE_NO_KIND = -1
};

/* What the words for kinds stand for; any and bytes have no type. */
struct shape_kind {
    const char *word, *type, *format;
};

extern const struct shape_kind shape_kinds[SHAPE_KINDS];
extern const char shape_letters[]; /* of words and names */

const char *shape_blanks_skip(const char *at);

/* Behind one alternative, behind what a value is in words, and behind both. */
const char *shape_one_skip(const char *at);
const char *shape_words_skip(const char *at);
const char *shape_value_skip(const char *at);

/* Which kind a word stands for; SHAPE_NO_KIND where it is another. */
int shape_kind_of(const char *at);

#endif
