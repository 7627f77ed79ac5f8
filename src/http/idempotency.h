/*
 * idempotency.h: requests that are sent again under the same key (the header Idempotency-Key,
 * draft-ietf-httpapi-idempotency-key-header-07): the same answer once more, charged once.
 *
 * It goes round the handler of a route whose row says so; to the others the header means
 * nothing.  Without the header request->keyed is NULL, and that is all that is looked at.
 *
 *     limits -> read -> body -> begin -> handler -> end -> settled
 *
 * The answer is kept before the call is settled: who is killed in between has an answer that
 * was not charged, never one that is charged twice.
 */
#ifndef HTTP_IDEMPOTENCY_H
#define HTTP_IDEMPOTENCY_H

#include <stdbool.h>

#include "http/reply.h"
#include "http/request.h"

struct keyed;
void keyed_free(struct keyed *keyed);

/*
 * After the refusal of a call by its limits: whether it was refused by quotas alone and an
 * answer is kept under its key, which costs nothing.  Then the call is in hand without a
 * charge and the refusal gone.
 */
bool idempotency_admit(struct service *service, struct request *request, struct reply *reply);

/* Reads the header.  False with the refusal written: 400, it is no key, or there are two. */
bool idempotency_read(struct service *service, struct request *request, struct reply *reply);

/*
 * Behind the body: false if the handler is not to be asked, with the answer of before written,
 * or the refusal: 409 while another process makes the answer, 422 if the key was used for
 * another request, 503 if it cannot be found out.
 */
bool idempotency_begin(struct service *service, struct request *request, struct reply *reply);

/*
 * Behind the handler: keeps the answer, or frees the key where it is one that may be another
 * the next time.  What cannot be kept becomes a refusal: an answer that was not kept would be
 * charged again.
 */
void idempotency_end(struct service *service, struct request *request, struct reply *reply);

/*
 * Keeps the answer within the transaction of work.db that does what was asked for, where there
 * is a key: so there is neither without the other.  Its result is to be that transaction's.
 */
enum result idempotency_keep(struct request *request, struct reply *reply, struct reason *why);

/* Between requests: deletes some of what has expired, once a second at most. */
void idempotency_tend(struct service *service, int64_t second);

#endif
