/*
 * body_inner.h: what the two ways to take a body in share: body.c into memory, body_image.c
 * into a file.  No one else includes it.
 */
#ifndef HTTP_BODY_INNER_H
#define HTTP_BODY_INNER_H

#include <stdint.h>

#include "http/body.h"

/* The refusals of a body over its limit, and of one of another length than announced. */
void body_refuse_size(struct reply *reply, int64_t limit);
void body_refuse_length(struct reply *reply);

/*
 * Takes a body of that length (-1: not announced) into a file of the home that has no name,
 * request->image_fd, to be read from its start.  False with the refusal written.
 */
bool body_image_take(struct service *service, struct request *request, int64_t length,
                     int64_t limit, struct reply *reply);

#endif
