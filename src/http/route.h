/*
 * route.h: the routes.  One const table says for each what it takes and who may; the
 * pipeline, the refusals 404 and 405, the welcome and /openapi.json all read it.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/reply.h"
#include "http/request.h"

enum route_credential {
    ROUTE_OPEN, /* none is asked for */
    ROUTE_KEY,  /* an API key */
};

/* What body a route takes. */
enum route_body {
    ROUTE_BODY_NONE,
    ROUTE_BODY_PREDICT, /* JSON, up to predict_body_limit */
    ROUTE_BODY_EXPLAIN, /* the same, with "classes" */
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows are for people to read. */
struct route {
    enum request_method method;
    const char *path; /* one segment may be {name} */
    enum route_credential credential;
    enum key_scope scope; /* that the key must have */
    enum route_body body;
    bool metered;   /* counts by the caller's limits, and has a row in the call log */
    bool uncounted; /* for no address */
    void (*handle)(struct service *service, struct request *request, struct reply *reply);
    const char *operation; /* the name in /openapi.json */
    const char *summary;
};

size_t route_count(void);
const struct route *route_at(size_t i);

/*
 * Finds the route of a request and what stands for its {name}.  NULL without one, with
 * the refusal written: 404, or 405 with Allow.
 */
const struct route *route_find(struct request *request, struct reply *reply);

#endif
