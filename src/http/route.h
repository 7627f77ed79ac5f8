/*
 * route.h: the routes.  One const table says for each what it takes and who may; the
 * pipeline, the refusals 404 and 405, the welcome and /openapi.json all read it.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/form.h"
#include "http/protocol.h"
#include "http/reply.h"
#include "http/request.h"

enum route_credential {
    ROUTE_OPEN,     /* none is asked for */
    ROUTE_OPTIONAL, /* one that is given has to hold */
    ROUTE_CALLER,   /* an API key or an access token */
    ROUTE_OWNER,    /* the same, but of a user: a key that has no owner is refused (403) */
    ROUTE_LOGIN,    /* an access token: what a key must not do */
    ROUTE_CREDENTIAL__MAX
};

/* What body a route takes. */
enum route_body {
    ROUTE_BODY_NONE,
    ROUTE_BODY_PREDICT,  /* JSON, up to predict_body_limit */
    ROUTE_BODY_EXPLAIN,  /* the same, with "classes" */
    ROUTE_BODY_ROW,      /* the same, of one row */
    ROUTE_BODY_PROTOCOL, /* the same in the row's protocol */
    ROUTE_BODY_FRAME,    /* the same, or CSV of no more bytes */
    ROUTE_BODY_TENSORS,  /* the same, JSON with perhaps bytes behind it: see v2.h */
    ROUTE_BODY_FEEDBACK, /* JSON, up to the same: see feedback.h */
    ROUTE_BODY_JSON,     /* the row's form as JSON, up to body_limit */
    ROUTE_BODY_SEALED,   /* the same, up to what a prediction takes */
    ROUTE_BODY_OAUTH,    /* the row's form, urlencoded or as JSON, up to body_limit */
    ROUTE_BODY_IMAGE,    /* bytes up to image_body_limit, in a file: request->image_fd */
    ROUTE_BODY_ROWS,     /* CSV or an array, up to predict_body_limit */
    ROUTE_BODY__MAX
};

/* Whether what is asked is made later, as a job. */
enum route_defers {
    ROUTE_DEFERS_NOT,
    ROUTE_DEFERS_PREFERRED, /* where the client prefers that */
    ROUTE_DEFERS_ALWAYS,
};

enum {
    ROUTE_VARIABLES = REQUEST_VARIABLES
};

/*
 * What has no row's own word below is 0: no scope, no body, 200, neither metered nor of a
 * model.  The credential has none on purpose, and stands in every row.
 */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows are for people to read. */
struct route {
    enum request_method method;
    const char *path; /* segments may be variables, and the last one with a verb behind it:
                         /users/{id}, /v1/models/{name}:predict; ROUTE_VARIABLES at most */
    enum route_credential credential;
    void (*handle)(struct service *service, struct request *request, struct reply *reply);
    const char *operation; /* the name in /openapi.json */
    const char *summary;
    enum key_scope scope; /* that the key must have */
    enum route_body body;
    const struct form *form;         /* of a body of JSON or OAuth */
    const struct form *query;        /* NULL: a query is passed over */
    const struct protocol *protocol; /* of a body of rows; NULL: it is our own */
    const struct form
        *bulk; /* the query of a body that is a file of rows; NULL: none is taken */
    enum reply_status good; /* of what went well */
    bool makes;             /* answers 201 where there was nothing before */
    bool of_model; /* {name} is the model that is asked: the caller must be one who may */
    bool metered;  /* counts by the caller's limits, and has a row in the call log */
    enum route_defers defers;
    bool replays;   /* an Idempotency-Key has its answer kept */
    bool uncounted; /* for no address */
};

size_t route_count(void);
const struct route *route_at(size_t i);

/* How the lists of routes call a credential: "none", "optional", "key", "user", "login". */
const char *route_credential_name(enum route_credential credential);

/*
 * How refusals of a path are told: by what it begins with, so that a client of another server
 * reads those of paths that are no route, too.
 */
enum reply_dialect route_dialect(const char *path);

/*
 * Finds the route of a request and what stands for its variables.  Of two paths that fit
 * the one with a literal segment where the other has a variable is it, whatever methods it
 * takes.  NULL without one, with the refusal written: 404, also for a variable that is
 * longer than any can be, or 405 with Allow.
 */
const struct route *route_find(struct request *request, struct reply *reply);

/* The same in another table. */
const struct route *route_find_in(const struct route *rows, size_t count,
                                  struct request *request, struct reply *reply);

#endif
