/*
 * input.h: the body of a prediction as rows of numbers, checked against the model: in our own
 * form, or as clients of other model servers write it (protocol.h).
 */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "http/reply.h"
#include "http/request.h"

struct image;
struct input;
struct answer_frame;

enum result input_new(struct input **out, struct reason *why);
void input_free(struct input *input);

enum {
    INPUT_OUTPUTS_MAX = 4 << 20,   /* numbers in one answer */
    INPUT_LABELLED = 4,            /* so many of those is one with a name beside it */
    INPUT_EXPLAINED_MAX = 50 << 20 /* explain_cost() of the rows of a call, if over one */
};

/* What is answered beside the prediction. */
enum input_output {
    INPUT_LABEL = 1,
    INPUT_PROBABILITIES = 2,
    INPUT_MARGIN = 4,
    INPUT_LEAVES = 8,
};

/* What was asked, valid until the next input_read(). */
struct input_rows {
    const struct model *model;
    const double *values; /* count rows of the model's features, row by row */
    size_t count;
    unsigned outputs;           /* of enum input_output; label and probabilities by default */
    const struct buf *warnings; /* objects, as the body of a JSON array; perhaps none */
    const struct buf *url;      /* "webhook_url" of POST /jobs, as it was sent; empty: none */
    bool in_blocks;             /* values has no rows yet: input_blocks() gives them out */
    bool single;                /* asked with "features" or "text": answered as one */
    bool all_classes;           /* asked with "classes": "all" */
    const struct answer_frame *frame; /* how another server's protocol has it; or NULL */
};

/*
 * Reads {"features":[...]} or {"features":{"name":...}}, or {"instances":[...]} of such
 * rows; of a text model {"text":"..."} or {"instances":["...",{"text":"..."}]}; with "model"
 * beside it where the path names none, and "outputs", or
 * where the route explains "classes", and where it makes jobs "webhook_url"; or where the route
 * has a protocol, that.  Values are what
 * forest/schema.h takes; NaN stands for a missing one.  False with the refusal written: 400 for
 * what is not JSON, 422 with every field at fault, 403 for a model that the key lacks, 503 if
 * no model is there to ask.
 */
bool input_read(struct service *service, struct request *request, struct reply *reply,
                struct input_rows *out);

/* Takes some rows, one behind the other.  False: no more are wanted. */
typedef bool input_take(void *arg, const double *values, size_t rows);

/*
 * Gives out the rows of a large body, so many at once, by reading it again.  False where that
 * could not be, with the refusal written, or where take() wanted no more.
 */
bool input_blocks(struct service *service, const struct request *request, struct reply *reply,
                  size_t rows_at_once, input_take *take, void *arg);

/*
 * How many rows a model may be asked at once: as set, and so that an answer of so many numbers
 * to each stays within what a worker can hold, as do the rows.  At least one.
 */
size_t input_rows_limit(const struct service *service, const struct image *image,
                        size_t numbers, size_t body_len);

/* Refuses what needs the default model when there is none: 503. */
void input_refuse_default(const struct service *service, struct reply *reply);

/* Gives the memory of a large body's rows back. */
void input_release(struct input *input);

#endif
