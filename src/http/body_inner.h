/*
 * body_inner.h: what the ways to take a body in share: body.c into memory, body_image.c into a
 * file, body_file.c as it comes, body_packed.c what was packed.  No one else includes it.
 */
#ifndef HTTP_BODY_INNER_H
#define HTTP_BODY_INNER_H

#include <stdint.h>

#include "http/body.h"
#include "http/route.h"

/* The refusals of a body over its limit, and of one of another length than announced. */
void body_refuse_size(struct reply *reply, int64_t limit);
void body_refuse_length(struct reply *reply);

/*
 * Takes a body of that length (-1: not announced) into a file of the home that has no name,
 * request->image_fd, to be read from its start.  False with the refusal written.
 */
bool body_image_take(struct service *service, struct request *request, int64_t length,
                     int64_t limit, struct reply *reply);

/* ---- body_packed.c ---- */

/*
 * Begins to unpack, where the body is packed by gzip or deflate (RFC 9110, section 8.4.1).
 * False with the refusal written: 415, with what is taken (RFC 7694), or 503.
 */
bool body_coding_read(struct service *service, enum route_body body, int64_t length,
                      struct reply *reply);

/* Up to `room` bytes of the body as it was before it was packed; fewer only at its end. */
size_t body_bytes(struct service *service, char *to, size_t room);

bool body_is_packed(const struct service *service);

/* Whether what came so far is not packed as it was said to be; with its refusal: 400. */
bool body_is_damaged(const struct service *service);
bool body_packed_refuse(const struct service *service, struct reply *reply);

/* Gives back what it was unpacked by. */
void body_packed_end(struct service *service);

#endif
