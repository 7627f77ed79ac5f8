/*
 * tally.h: what is counted of each request: by whom it was answered, how, and how long it took.
 *
 * Nothing that a client sends becomes a name: a path that is no route is counted as none, and
 * a method that is not known as another.
 */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include "http/reply.h"
#include "http/request.h"

/* Opens the counters of the home. Where that cannot be it is logged, and nothing is counted. */
void tally_open(struct service *service);
void tally_close(struct service *service);

/* Counts an answer, before it goes out. */
void tally_request(struct service *service, const struct request *request,
                   const struct reply *reply, uint64_t duration_ns);

/* The parts of a series' name: method and path are cut from it; an empty path is of no route.
 */
void tally_name_parse(const char *name, char method[8], const char **path);

#endif
