/*
 * reply.h: the answer to a request; the one room that knows HTTP's statuses.
 *
 * Every refusal is one call to reply_refuse(), and all have the one body of the design:
 * RFC 9457 problem details with the members beside them that older clients look for.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "gate/counters.h"
#include "http/fcgi.h"
#include "http/spool.h"

enum reply_status {
    REPLY_OK,            /* 200 */
    REPLY_CREATED,       /* 201 */
    REPLY_ACCEPTED,      /* 202 */
    REPLY_NO_CONTENT,    /* 204: its body is not sent */
    REPLY_NOT_MODIFIED,  /* 304: the same */
    REPLY_MALFORMED,     /* 400 */
    REPLY_UNAUTHORIZED,  /* 401 */
    REPLY_FORBIDDEN,     /* 403 */
    REPLY_NOT_FOUND,     /* 404 */
    REPLY_METHOD,        /* 405 */
    REPLY_CONFLICT,      /* 409 */
    REPLY_TOO_LARGE,     /* 413 */
    REPLY_TYPE,          /* 415 */
    REPLY_UNPROCESSABLE, /* 422 */
    REPLY_LIMITED,       /* 429 */
    REPLY_INTERNAL,      /* 500 */
    REPLY_UNAVAILABLE,   /* 503 */
    REPLY_STATUS__MAX
};

/*
 * How a refusal is told.  Each has the members of the design; clients of other servers look for
 * theirs, which are beside them or in their place.
 */
enum reply_dialect {
    REPLY_NATIVE,
    REPLY_SENTENCE,    /* error is the detail, for people to read: OIP, KServe, TF Serving */
    REPLY_INVOCATIONS, /* the same, with error_code and message: MLflow, SageMaker */
    REPLY_DIALECT__MAX
};

struct reply {
    enum reply_status status;
    enum reply_dialect dialect;
    const char *type;   /* of the body; JSON at the start */
    const char *cache;  /* Cache-Control; no-store at the start */
    struct buf head;    /* all of the header, when it is sent */
    struct buf headers; /* further lines of it */
    struct buf body;
    struct spool spool; /* the body in the place of that, if it is spooled */
    bool spooled;
    char detail[512];    /* of a refusal */
    const char *word;    /* its member error, if that is not its status's */
    enum counter cause;  /* of a refusal: what it is counted as, if its status does not say */
    struct buf errors;   /* of a 422: the members of its errors array, as JSON */
    struct buf policies; /* of a 429: the names of what was exceeded, as JSON */
    bool written;        /* the body of a refusal is there as it is sent */
};

/* The number of a status and its phrase (RFC 9110, section 15). */
unsigned reply_code(enum reply_status status);
const char *reply_title(enum reply_status status);

/* The status of a number; false if no answer here has it. */
bool reply_status_of(int64_t code, enum reply_status *status);

/* Whether it is one of what went well. */
bool reply_is_good(enum reply_status status);

/* An empty 200 of JSON; buffers that grew large are given back. */
void reply_start(struct reply *reply);
void reply_free(struct reply *reply);

/* A header line.  The value is ours, never a client's. */
void reply_header(struct reply *reply, const char *name, const char *value);

/*
 * Where a body is written to that may be too large for memory, in the place of reply->body; of
 * a type that is a constant.  How it went is seen to when the reply is settled: what could not
 * be written is a refusal (503).  A refusal drops it.
 */
struct spool *reply_spool(struct reply *reply, const char *type);

/* Takes a spooled body into memory after all, for who needs it in one piece. */
void reply_unspool(struct reply *reply);

/* Makes it a refusal; the body and the header lines that were written before are dropped. */
void reply_refuse(struct reply *reply, enum reply_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Notes one field at fault and makes it a 422, whose detail is the first one.  The texts may
 * have a client's words in them.
 */
void reply_fault(struct reply *reply, const char *field, const char *problem,
                 const char *allowed);

/*
 * The member error of a refusal, just made, where a standard has words of its own
 * ("invalid_grant"); the detail is then its error_description too, as OAuth 2 has it.  The
 * word is a constant.
 */
void reply_error_word(struct reply *reply, const char *word);

/*
 * Makes it the refusal that a result stands for: 409 for RESULT_EXISTS.  Faults of ours are
 * logged with their reason, which may name paths, and told to the client without it.
 */
void reply_refuse_result(struct reply *reply, enum result result, const struct reason *why);

/* When to come again, for a refusal. */
void reply_retry_after(struct reply *reply, int64_t seconds);

/* The refusal for want of memory: 503. */
void reply_refuse_memory(struct reply *reply);

/*
 * Makes it a refusal if it could not be written, for want of memory or room; then its status
 * holds.
 */
void reply_settle(struct reply *reply);

/*
 * Writes the body of a refusal as it will be sent, for who wants to keep it; of what went well
 * it is there already.
 */
void reply_write(struct reply *reply, const char *request_id, int64_t wall_us);

/* What goes with every answer. */
struct reply_frame {
    const char *request_id;
    const char *trace; /* for traceresponse and traceparent; NULL: of none */
    int64_t wall_us;
    uint64_t duration_ns;
    bool head; /* the request was a HEAD: send no body */
};

/* The bytes of the body that is sent, unless the request is a HEAD. */
uint64_t reply_bytes(const struct reply *reply);

/* Sends it; what is in a file in pieces, and no further than the front takes them. */
void reply_send(struct reply *reply, struct fcgi *fcgi, const struct reply_frame *frame);

#endif
