/*
 * body.h: the body of a request, taken in under its route's limits.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "http/reply.h"
#include "http/request.h"

enum {
    BODY_LARGE =
        256 << 10 /* bytes: from here on the body of a prediction is in request->large */
};

/* The types of bodies that are files of rows. */
extern const char body_csv[], body_npy[];

/*
 * Reads the body into service->body, and what the route has a form for into request->form;
 * the body of a ROUTE_BODY_IMAGE goes into a file without a name, request->image_fd.  A file of
 * rows is left where it is, told in request->file, for body_file.h; its query is in
 * request->query.  A prediction's JSON of BODY_LARGE and above is in request->large.  False
 * with the refusal written: headers that do not say one thing about it (400: a length and a
 * transfer coding, or a length that is no number), its type or coding (415), its size (413,
 * from the announced length before a byte is read, or of a packed body from what comes out of
 * it), a body that is shorter or longer than announced, or not of its format or coding (400),
 * or one that does not fit the form (422).
 */
bool body_read(struct service *service, struct request *request, struct reply *reply);

/*
 * Reads the query into request->query, where the route has a table of it.  False with the
 * refusal written: 400 or 422.
 */
bool body_query(struct service *service, struct request *request, struct reply *reply);

/* The bytes of the largest body that any route takes. */
int64_t body_largest(const struct config *config);

/* When there is nothing else to do: gives back what was kept for another large body. */
void body_idle(struct service *service);

/* Gives the memory of a large body back, wipes one with a secret, and closes a file. */
void body_release(struct service *service, struct request *request);

#endif
