/*
 * body.h: the body of a request, taken in under its route's limits.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>

#include "http/reply.h"
#include "http/request.h"

/*
 * Reads the body into service->body.  False with the refusal written: headers that do not
 * say one thing about it (400: a length and a transfer coding, or a length that is no
 * number), its type (415), its size (413, from the announced length before a byte is
 * read), or a body that is shorter or longer than announced (400).
 */
bool body_read(struct service *service, const struct request *request, struct reply *reply);

/* Gives the memory of a large body back. */
void body_release(struct service *service);

#endif
