/*
 * metered.h: a call that counts, from its admission to its row in the call log.
 */
#ifndef HTTP_METERED_H
#define HTTP_METERED_H

#include <stdbool.h>

#include "http/reply.h"
#include "http/request.h"

/*
 * The row of the call log as it begins: of a call by token it has the account in the place of
 * the key, and names an outside caller as it does a user.
 */
void metered_call(const struct request *request, struct call_row *call);

/* Takes the call in hand under the caller's limits.  False with the refusal written. */
bool metered_begin(struct service *service, struct request *request, struct reply *reply);

/* The same for a call that may cost nothing; what it costs after all is paid later. */
bool metered_begin_free(struct service *service, struct request *request, struct reply *reply);
bool metered_pay(struct service *service, struct request *request, struct reply *reply);

/*
 * Says what the call is about, once that is known, and charges its rows where its tier does;
 * again, with more rows in all, where they come step by step.  False with the refusal written.
 */
bool metered_rows(struct service *service, struct request *request, const struct model *model,
                  size_t rows, struct reply *reply);

/*
 * Ends the call as its reply says, an answer of before without a charge, before that goes out:
 * who is killed later has answered a call that was counted, who is killed earlier has answered
 * none.  Where it cannot be ended the reply becomes a refusal.
 */
void metered_end(struct service *service, struct request *request, struct reply *reply);

#endif
