/*
 * limit.h: limits as a client sees them: the fields RateLimit-Policy and RateLimit, and the
 * refusal 429 with Retry-After.
 *
 * By draft-ietf-httpapi-ratelimit-headers-10; the refusal is its problem type
 * quota-exceeded, with the names of the policies.
 */
#ifndef HTTP_LIMIT_H
#define HTTP_LIMIT_H

#include <stdbool.h>

#include "gate/ledger.h"
#include "http/reply.h"
#include "http/request.h"

/*
 * Counts the request for its address, if a setting says so: for all that it sends, or for
 * what it sends without an accepted credential.  False with the refusal written.
 */
bool limit_address(struct service *service, struct request *request, enum ledger_watch watch,
                   struct reply *reply);

/* Refuses a call of a key that is over a limit. */
void limit_refuse(const struct request *request, struct reply *reply);

/*
 * Adds the fields of a metered call.  A shadow limit is not the client's business, and
 * nothing is said of a key without limits.
 */
void limit_headers(const struct request *request, struct reply *reply);

#endif
