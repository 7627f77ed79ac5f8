/*
 * slot.h: requests that keep a worker for long, of which only a few are served at once
 * (bulk_requests), so that others are not kept waiting by them.
 */
#ifndef HTTP_SLOT_H
#define HTTP_SLOT_H

#include <stdbool.h>

#include "http/reply.h"
#include "http/request.h"

/*
 * Takes a slot for the request, unless it has one; it is held until the answer is out.  False
 * with the refusal written, "Too many <what> just now."
 */
bool slot_take(struct service *service, struct request *request, const char *what,
               struct reply *reply);

#endif
