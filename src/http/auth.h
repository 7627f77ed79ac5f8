/*
 * auth.h: who calls.
 */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include <stdbool.h>

#include "http/reply.h"
#include "http/request.h"

/* Whether the request comes with a credential, be it one that holds or not. */
bool auth_is_given(const struct service *service);

/*
 * Fills request->caller from X-API-Key or Authorization: Bearer.  False with the
 * refusal written: one 401 for every credential that does not hold, or 503 when that
 * could not be found out.
 */
bool auth_caller(struct service *service, struct request *request, struct reply *reply);

/* The one 401 for a credential that is missing or does not hold. */
void auth_refuse(struct reply *reply);

/*
 * Whether the caller may come from where it does and use the route, the request's own.
 * False with the 403 written: the address is judged before the scope.
 */
bool auth_may_enter(const struct request *request, struct reply *reply);

/*
 * For home->may_change: whether the caller still may what it was let in for, asked of the
 * database if anything was changed since.  RESULT_DENIED with request->lapsed set; then the
 * refusal is written by auth_refuse_lapsed(), once the handler is done.
 */
enum result auth_still_may(struct service *service, struct request *request,
                           struct reason *why);
void auth_refuse_lapsed(struct service *service, struct request *request, struct reply *reply);

/*
 * Whether the caller may use a model of this name, there being one or not: a name that
 * its list does not have is refused before anyone looks whether it exists.  False with
 * the 403 written.
 */
bool auth_may_use(const struct request *request, const char *model, size_t len,
                  struct reply *reply);

#endif
