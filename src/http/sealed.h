/*
 * sealed.h: answers that are sealed for the caller's account.
 */
#ifndef HTTP_SEALED_H
#define HTTP_SEALED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/result.h"
#include "http/reply.h"
#include "http/request.h"

/* Seals and opens by the keys as they are now.  As seal_wrap() and seal_unwrap(). */
enum result sealed_wrap(struct service *service, const struct request *request,
                        const struct buf *data, struct buf *out, struct reason *why);
enum result sealed_unwrap(struct service *service, const struct request *request,
                          const char *text, size_t len, struct buf *out, struct reason *why);

/* Whether there is a key to seal with. */
bool sealed_ready(struct service *service);

/* Whether the client asks for a sealed answer, and not rather for one of this type. */
bool sealed_is_wanted(const struct service *service, const char *rather);

/*
 * Seals the body of an answer that went well, if the client asked for that: application/jose
 * in Accept, and JSON not rather.  A refusal stays as it is.
 */
void sealed_answer(struct service *service, const struct request *request, struct reply *reply);

#endif
