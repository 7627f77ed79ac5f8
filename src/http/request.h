/*
 * request.h: one request on its way through the rooms, and what a worker has at hand.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/log.h"
#include "gate/counters.h"
#include "gate/home.h"
#include "gate/caller.h"
#include "gate/key.h"
#include "gate/keeper.h"
#include "gate/keyring.h"
#include "gate/ledger.h"
#include "gate/meter.h"
#include "gate/registry.h"
#include "gate/shadow.h"
#include "http/fcgi.h"
#include "http/form.h"
#include "http/reply.h"
#include "http/trace.h"

enum {
    REQUEST_ID_MAX = 64,
    REQUEST_PATH_MAX = 1024,
    REQUEST_MOUNT_MAX = 255,
    PLACE_ROOTS = 2,
    REQUEST_VARIABLES = 2,     /* of a path */
    REQUEST_VARIABLE_MAX = 128 /* bytes of what stands for one: no name or id is as long */
};

enum request_method {
    REQUEST_GET,
    REQUEST_POST,
    REQUEST_PUT,
    REQUEST_DELETE,
    REQUEST_METHOD_OTHER,
    REQUEST_METHOD__MAX
};

struct route;

/* A variable of the route's path. */
struct request_variable {
    const char *name; /* in the route's path, name_len long; NULL: there are no more */
    size_t name_len;
    char text[REQUEST_VARIABLE_MAX + 1];
    size_t len;
};

struct request {
    enum request_method method;
    bool head; /* a HEAD, served as a GET without its body */
    char path[REQUEST_PATH_MAX + 1];
    char mount[REQUEST_MOUNT_MAX + 1]; /* what stands before the path where the service is
                                          mounted below one: "/api"; else empty */
    bool path_cut;                     /* it was longer, and is no route */
    const struct route *route;         /* after routing */
    struct request_variable variables[REQUEST_VARIABLES];
    const char *name; /* of the model that the path asks, name_len long; NULL: none */
    size_t name_len;
    char id[REQUEST_ID_MAX + 1];
    struct trace trace;
    char address[ADDR_TEXT_MAX]; /* of the client, as far as it can be believed, or empty */
    struct addr from;            /* the same; zero if it is empty */
    int64_t wall_us;
    uint64_t start_ns;
    struct caller caller; /* after authentication */
    bool refused_credential;
    bool lapsed;  /* the caller may no more, which showed in the midst of a change */
    bool later;   /* what is asked is to be made as a job: see prefer.h */
    bool metered; /* a call in hand: see metered.h */
    struct ledger_verdict verdict; /* of its limits */
    const struct model *model;     /* that is asked, and how many rows */
    size_t rows;
    const struct model *judged_by; /* whose schema a refusal of the body may tell of; or NULL */
    const struct buf *body;
    const struct spool *large;     /* the body of a prediction that is over BODY_LARGE, in its
                                      place; else NULL */
    const struct form_data *form;  /* of the body, for a route with a form */
    const struct form_data *query; /* of the query, for a route with a table of it */
    struct keyed *keyed; /* for a request with an Idempotency-Key: see idempotency.h */
    struct {
        bool yes; /* its answer is one of before */
        const char *model;
        int64_t version;
    } replayed;
    int image_fd; /* the body of a ROUTE_BODY_IMAGE, from its start; else -1 */
    struct {
        const char *type; /* one of body.h's; NULL: the body is no such file */
        int64_t length;   /* announced; -1: not */
        int64_t limit;
        struct spool *spool; /* where it was taken in already; else NULL */
    } file;                  /* a body that is a file of rows, and is still to be read */
    int slot;                /* of gate/slots.h, held until the answer is out; else -1 */
};

struct examples_kept;
struct inflate;
struct input;
struct keyed;
struct seal;

/* What the front said last of what it serves: see place.h. */
struct place {
    char roots[PLACE_ROOTS][256];
    bool looked, served; /* the home is in one of them */
};

/* What a worker has: opened once, used by one request at a time. */
struct service {
    struct home home;
    struct place place;
    struct tokens *tokens;
    struct keyring *keyring;
    struct meter *meter;
    struct registry *registry;
    struct shadow *shadow;
    struct keeper *keeper;
    struct log *log;
    struct counters *counters; /* NULL: they could not be opened */
    size_t *series;            /* see tally.h */
    struct fcgi *fcgi;
    struct input *input;
    struct examples_kept *examples; /* NULL before the first ones */
    struct seal *seal;
    struct keyed *keyed; /* NULL until it is asked for */
    uint64_t seal_epoch; /* under which its keys were looked at */
    uint64_t opened_ns;
    struct buf body;
    struct inflate *unpacked; /* what the body is unpacked by; NULL: it is not packed */
    struct spool large;
    struct form_data form, query;
    struct reply reply;
    int64_t looked_second; /* when the home was last looked at */
};

/* Reads method, path, id, address and times from what the front says. */
void request_start(struct request *request, const struct service *service);

/*
 * What stands for a variable of the route's path, "id" for {id}: not empty, a NUL behind it,
 * REQUEST_VARIABLE_MAX bytes at most, as it came, with no % in it.  len may be NULL.  A name
 * that the path does not have has the empty text.
 */
const char *request_variable(const struct request *request, const char *name, size_t *len);

/*
 * A path of this service, /jobs/1, as a client of this request has to ask for it: for links and
 * for Location.  Cut short at size.
 */
void request_link(const struct request *request, char *out, size_t size, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* "GET" and so on. */
const char *request_method_name(enum request_method method);

#endif
