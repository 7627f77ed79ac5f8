/*
 * bulk_ask.h: what a request with a file of rows asks for: which model, what of it, and as
 * what.
 */
#ifndef HTTP_BULK_ASK_H
#define HTTP_BULK_ASK_H

#include <stdbool.h>

#include "base/result.h"
#include "forest/columns.h"
#include "forest/predictor.h"
#include "forest/rows.h"
#include "http/answer.h"
#include "http/reply.h"
#include "http/request.h"

struct bulk_ask {
    const struct model *model; /* the version that answers this request */
    struct predictor predictor;
    enum columns_kind kind; /* what is answered for each row, */
    const char *output;     /* and its name; valid as long as the request's query */
    bool npy;               /* as an array; else as CSV */
    bool framed;            /* as another server's protocol has it, in this frame: */
    struct answer_frame frame;
    bool lines; /* as lines of CSV, and not as JSON */
};

/*
 * Reads it, and takes one of the places for bodies that may be long, request->slot.  False with
 * the refusal written.  For bulk_ask_close() also then.
 */
bool bulk_ask_read(struct service *service, struct request *request, struct reply *reply,
                   struct bulk_ask *ask);
void bulk_ask_close(struct bulk_ask *ask);

/*
 * Refuses rows by what came of reading them, where it is neither the body's length nor refused
 * already; fault is what rows_open() was given.
 */
void bulk_ask_refuse(const struct request *request, struct reply *reply,
                     const struct rows_fault *fault, enum result result,
                     const struct reason *why);

#endif
