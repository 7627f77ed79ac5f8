/*
 * me.h: what callers are told of themselves, as pieces of JSON that several answers have.
 */
#ifndef HTTP_ME_H
#define HTTP_ME_H

#include <stdbool.h>

#include "base/json_write.h"
#include "base/result.h"
#include "http/reply.h"
#include "http/request.h"
#include "store/calls.h"
#include "store/users.h"

/* Refuses whoever was deleted, or logged out, since the credential was looked at. */
void me_refuse_gone(struct reply *reply);

/* The row of the user who calls.  False with the refusal written, among that of no user. */
bool me_user_read(struct service *service, const struct request *request, struct user_row *row,
                  struct reply *reply);

/*
 * A member "keys": a user's, oldest first, with those that are revoked or without them; or of
 * a caller without user the key that was sent, if one was.
 */
enum result me_keys_write(struct service *service, const struct request *request, bool revoked,
                          struct json_writer *writer, struct reason *why);

/* A member "limits": how they stand; empty for a caller without, or who need not know. */
enum result me_limits_write(struct service *service, const struct caller *caller,
                            struct json_writer *writer, struct reason *why);

/* What the calls of this caller are found by. */
struct call_filter me_calls(const struct caller *caller);

/* What sums are of, beside a day. */
enum me_usage_by {
    ME_USAGE_BY_MODEL, /* over all keys */
    ME_USAGE_BY_KEY    /* over all models; calls by token are of the user's id */
};

/* A member "usage": the sums that fit, by day and model or key, oldest first. */
enum result me_usage_write(struct service *service, const struct call_filter *filter,
                           enum me_usage_by by, struct json_writer *writer, struct reason *why);

/*
 * Of a time in a query the microseconds, or so many days before now if it is not given; never
 * 0, which a filter would take for none.
 */
int64_t me_time(const struct request *request, const char *name, int64_t days_ago);

/*
 * Refuses by a result of something that was asked for: RESULT_INVALID and RESULT_TOO_BIG are a
 * fault of the field, if the route's form has it, and RESULT_EXISTS is a conflict told in the
 * reason's words; else as reply_refuse_result().
 */
void me_refuse(const struct request *request, struct reply *reply, enum result result,
               const char *field, const struct reason *why);

#endif
