/*
 * predict.h: predictions of the rows of a JSON body, as JSON: what POST /predict answers and
 * what a job's result is.
 */
#ifndef HTTP_PREDICT_H
#define HTTP_PREDICT_H

#include <stdbool.h>

#include "http/answer.h"
#include "http/input.h"
#include "http/reply.h"

/*
 * Predicts the rows and writes the answer as the reply's body.  look(), if it is not NULL, is
 * called with the numbers before.  False with the refusal written: 503, for want of memory.
 */
bool predict_answer(const struct input_rows *rows,
                    void (*look)(void *arg, const struct answer *answer), void *arg,
                    struct reply *reply);

/* Tells of the answer which model and version it is of, where the body does not: a header. */
void predict_head(const struct model *model, struct reply *reply);

#endif
