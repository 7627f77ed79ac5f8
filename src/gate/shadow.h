/*
 * shadow.h: what a shadow would have answered, compared with what was answered.
 *
 * The shadow is asked after the answer has gone out, so nobody waits for it, but for the
 * worker's next request.  It is asked about the first rows of a call alone, so that a large
 * one does not take twice its time.  What was compared is summed up in memory and written
 * once a second; a worker that is killed takes its last second with it, for these are
 * figures to judge a version by and no bill.
 */
#ifndef GATE_SHADOW_H
#define GATE_SHADOW_H

#include <stdbool.h>
#include <stddef.h>

#include "forest/predictor.h"
#include "gate/home.h"
#include "gate/registry.h"

enum {
    SHADOW_ROWS = 256,     /* of one call, at most */
    SHADOW_NUMBERS = 4096, /* that those are answered with, at most */
};

struct shadow;

enum result shadow_new(struct home *home, struct shadow **out, struct reason *why);

/* Writes what is left, as far as that can be done, and frees. */
void shadow_free(struct shadow *shadow);

/*
 * Notes the answer of a version to the first rows of a call, if it has a shadow:
 * predictor_rows()'s margins and answers.  All is copied but the model, which stays in place
 * until shadow_compare().
 */
void shadow_note(struct shadow *shadow, const struct model *model, const double *values,
                 size_t count, const struct predictor *predictor, const double *margins,
                 const double *answers);

/* Once the answer is out: asks the shadow and compares; or forgets the answer, if not given. */
void shadow_compare(struct shadow *shadow, bool given);

/* Between requests: writes what is due. */
void shadow_tend(struct shadow *shadow);

#endif
