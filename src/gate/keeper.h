/*
 * keeper.h: what a process that answers keeps of its answers: see keep.h for the rest of the
 * way.
 *
 * For each request whose rows are answered keeper_begin(), keeper_rows() as often as rows are,
 * and once it is known what became of the answer keeper_end().  What is kept is gathered in
 * memory and written in lots, after the answer has gone out; nothing of this waits for a lock,
 * and nothing of it fails: what cannot be kept is counted.
 */
#ifndef GATE_KEEPER_H
#define GATE_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forest/predictor.h"
#include "gate/home.h"
#include "gate/registry.h"

struct keeper;

enum result keeper_new(struct home *home, struct keeper **out, struct reason *why);

/* Writes what is left, as far as that can be done, and frees. */
void keeper_free(struct keeper *keeper);

/* Whose request it is; "" for no job.  The texts are copied. */
struct keeper_of {
    const char *account, *request_id, *job_uuid;
    int64_t at_us;
};

/* Whether it is to be kept; if not, the two below do nothing for it. */
bool keeper_begin(struct keeper *keeper, const struct model *model, const struct keeper_of *of);

/* The next rows of the request, and what predictor_rows() said of them; all is copied. */
void keeper_rows(struct keeper *keeper, const struct predictor *predictor,
                 const double *features, size_t n, const double *margins,
                 const double *answers);

/* The request has ended; if it was not answered well, it is as if it had not been. */
void keeper_end(struct keeper *keeper, bool given);

/*
 * Between requests: writes what is there, if nothing was written just before; and at once,
 * before what is kept is read.
 */
void keeper_tend(struct keeper *keeper);
void keeper_flush(struct keeper *keeper);

/* When there is nothing else to do: writes what is there, and a part of keep_tend(). */
void keeper_idle(struct keeper *keeper);

#endif
