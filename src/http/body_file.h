/*
 * body_file.h: the body of a request as a stream that is read while it comes, so that memory
 * does not grow with it.
 */
#ifndef HTTP_BODY_FILE_H
#define HTTP_BODY_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "http/reply.h"
#include "http/request.h"

struct body_file {
    struct service *service;
    int64_t length, limit, taken;
    bool over, broken; /* it is over the limit; it ended too early, or went on */
    FILE *file;
    struct spool *taken_in; /* NULL, or where it is read from: see body_file_take() */
    struct spool *copy;     /* NULL, or what is given all that is read */
};

/*
 * A slot for a body that may be long, unless the request has one; held until its answer is
 * out.  False with the refusal written.
 */
bool body_file_slot(struct service *service, struct request *request, struct reply *reply);

/*
 * Takes all of the body in, where it has to be known before it is worked at; from then on that
 * is what body_file_open() opens.  The spool is the caller's, until the end of the request.
 * False with the refusal written.
 */
bool body_file_take(struct service *service, struct request *request, struct spool *spool,
                    struct reply *reply);

/*
 * Opens request->file, which stays where it is until its end.  A front that sends nothing for
 * as long as bulk_stall is given up.  False for want of memory, with the refusal written.
 */
bool body_file_open(struct service *service, const struct request *request,
                    struct body_file *body, struct reply *reply);

/*
 * Whether the body is at fault for a stream that could not be read to its end; then the
 * refusal is written: 413, or 400 for one that is not as long as announced.
 */
bool body_file_refuse(const struct body_file *body, struct reply *reply);

void body_file_close(struct body_file *body);

#endif
