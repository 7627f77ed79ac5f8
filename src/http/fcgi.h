/*
 * fcgi.h: one connection to the front, as FastCGI or as plain CGI.
 *
 * The only room that knows libfcgi.  A worker has one connection and serves one request
 * at a time: accept, read, write, finish.
 */
#ifndef HTTP_FCGI_H
#define HTTP_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/result.h"

/* What is asked of the front's parameters; the table in fcgi.c has their CGI names. */
enum fcgi_param {
    FCGI_METHOD,
    FCGI_URI, /* as the client sent it, with the query */
    FCGI_PATH_INFO,
    FCGI_CONTENT_TYPE,
    FCGI_CONTENT_LENGTH,
    FCGI_ADDRESS,
    FCGI_DOCUMENT_ROOT, /* what the front serves, */
    FCGI_CONTEXT_ROOT,  /* and Apache at this path */
    FCGI_ACCEPT,
    FCGI_API_KEY,
    FCGI_AUTHORIZATION,
    FCGI_FORWARDED_FOR,
    FCGI_PREFER,
    FCGI_IDEMPOTENCY_KEY,
    FCGI_IF_NONE_MATCH,
    FCGI_REQUEST_ID,
    FCGI_TRACE_PARENT,
    FCGI_TRACE_STATE,
    FCGI_TRANSFER_ENCODING,
    FCGI_CONTENT_ENCODING,
    FCGI_JSON_LENGTH, /* how much of a body with tensors is JSON:
                         Inference-Header-Content-Length */
    FCGI_PROTOCOL,
    FCGI_USER_AGENT,
    FCGI_PARAM__MAX
};

struct fcgi;

/* Whether this process was started as plain CGI: fd 0 is no listening socket. */
bool fcgi_is_cgi(void);

enum result fcgi_new(struct fcgi **out, struct reason *why);
void fcgi_free(struct fcgi *fcgi);

enum fcgi_next {
    FCGI_NEXT_REQUEST,
    FCGI_NEXT_IDLE, /* nothing came for half a second: time for what is due without it */
    FCGI_NEXT_END,  /* nothing more comes; if nobody asked for it (fcgi_stopped()), why was
                       logged */
};

/* Waits for the next request. */
enum fcgi_next fcgi_accept(struct fcgi *fcgi);

/* A parameter of the request, or NULL; until fcgi_finish(). */
const char *fcgi_param(const struct fcgi *fcgi, enum fcgi_param param);

/*
 * Whether the front gave it more than once: two headers whose names differ by - and _
 * become one parameter, and a client could shadow the right one.
 */
bool fcgi_param_doubled(const struct fcgi *fcgi, enum fcgi_param param);

/*
 * Whether any header has a control character, which no client means to send (RFC 9110, section
 * 5.5): lighttpd and Apache refuse such a request, and nginx lets it pass.
 */
bool fcgi_has_control(const struct fcgi *fcgi);

/*
 * Reads up to len bytes of the body; fewer only at its end.  Under plain CGI no more is
 * read than Content-Length says.
 */
size_t fcgi_read(struct fcgi *fcgi, char *to, size_t len);

/* Whether the body ended early: the front hung up, or sent nothing for too long. */
bool fcgi_is_broken(const struct fcgi *fcgi);

/*
 * From now on, for this request, gives up on a front that sends nothing, or takes nothing, for
 * so many seconds: the body is then at its end, broken, and no more of the answer is taken.
 */
void fcgi_set_patience(struct fcgi *fcgi, int64_t seconds);

/* Writes a part of the answer.  False where the front takes no more of it. */
bool fcgi_write(struct fcgi *fcgi, const char *bytes, size_t len);

/*
 * Reads the rest of a refused body, for half a minute and up to 64 MiB more than the largest
 * that any route takes, so that a front that sends all before it reads does not take the
 * refusal for a fault, and the end of the stream, which on a connection that is kept would be
 * taken for the next request; then ends this one. A small answer goes out here, in one write
 * with the end of the request: a second write would wake the front twice.
 */
void fcgi_finish(struct fcgi *fcgi, int64_t largest);

/*
 * Has fcgi_accept() give up, now and from now on; a request in hand is finished.  May
 * be called in a signal handler.
 */
void fcgi_stop(void);
bool fcgi_stopped(void);

#endif
