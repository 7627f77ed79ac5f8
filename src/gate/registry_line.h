/*
 * registry_line.h: a model with all its versions, and what becomes of them when one of them
 * is to do something else.
 *
 * The rules are few.  One version serves.  Beside it there is at most one canary and one
 * shadow, which take the same input and give the same output as the one that serves.  When
 * another version comes to serve, canary and shadow are retired.  Each version that has
 * served knows which one did before it: that is the way back, and it never leads in a
 * circle.
 */
#ifndef GATE_REGISTRY_LINE_H
#define GATE_REGISTRY_LINE_H

#include <stddef.h>

#include "base/result.h"
#include "forest/image.h"
#include "gate/registry.h"
#include "store/models.h"

struct line {
    const char *name;
    struct model_row *rows; /* in the order of their numbers */
    size_t count;           /* 0: no such model */
    struct model_places places;
    bool no_memory;
};

/*
 * Reads it.  What is read under the home's lock holds for as long as that.  line_free() also
 * after a failure; the name stays the caller's.
 */
enum result line_read(struct home *home, const char *name, struct line *line,
                      struct reason *why);
void line_free(struct line *line);

/* NULL if there is none of this number; line_need() says so, with those that there are. */
const struct model_row *line_find(const struct line *line, int64_t version);
enum result line_need(const struct line *line, int64_t version, const struct model_row **row,
                      struct reason *why);

/*
 * Whether an image may have this place: one that stands beside the serving version has to
 * have its task, its features by name and order, and its classes, or a client would need to
 * know which of the two it will be answered by.  RESULT_INVALID says what is different.
 */
enum result line_fits(const struct line *line, const struct image *image,
                      const struct registry_place *place, struct reason *why);

/*
 * What becomes of the places when a version gets one; and which versions have none then, in
 * *done.
 */
void line_move(struct model_places *places, int64_t version, const struct registry_place *place,
               struct registry_done *done);

/*
 * The version that is to be the way back from one that comes to serve: the one that serves
 * now, unless the way back from there leads over it; then its own stays.
 */
int64_t line_back(const struct line *line, int64_t version);

/* Writes, in the caller's transaction, that a version has a place. */
enum result line_place(struct home *home, const struct line *line, int64_t version,
                       const struct registry_place *place, struct registry_done *done,
                       struct reason *why);

#endif
