/*
 * doctor_http.h: one HTTP request at a time, for a check.
 *
 * It goes to the one address that was given and nowhere else: no proxy, whatever the
 * environment says, no redirect followed, http and https alone, every wait bounded.
 */
#ifndef CMD_DOCTOR_HTTP_H
#define CMD_DOCTOR_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

struct http;

/*
 * url is http or https with a host and perhaps a port and a path, below which every
 * request goes; RESULT_INVALID for anything else.
 */
enum result http_new(const char *url, struct http **out, struct reason *why);
void http_free(struct http *http);

enum {
    HTTP_HEADERS_MAX = 4
};

/* What is asked: a GET, or with a body_len over 0 a POST. */
struct http_ask {
    const char *method;                    /* NULL for one of those */
    const char *path;                      /* behind the URL, with its / */
    const char *headers[HTTP_HEADERS_MAX]; /* "Name: value"; NULL for none */
    uint64_t body_len;                     /* of a body that ends in no JSON */
};

/* What came; kept until the next request. */
struct http_answer {
    long status;
    struct buf header; /* the lines, as they came */
    struct buf body;
};

/*
 * Asks and waits.  RESULT_OK if there was any answer, whatever its status; RESULT_BUSY if
 * http_stop() came in between; RESULT_DENIED if there is TLS with a certificate that is not
 * believed: the roots are the system's, or those of the file that CURL_CA_BUNDLE names, and
 * RESULT_INVALID if that cannot be read.
 */
enum result http_request(struct http *http, const struct http_ask *ask,
                         struct http_answer *answer, struct reason *why);
void http_answer_free(struct http_answer *answer);

/* ---- for those who carry it: doctor_http_curl.c and doctor_http_program.c ---- */

enum {
    HTTP_CONNECT_WAIT_S = 5,
    HTTP_WAIT_S = 20,
    HTTP_BODY_WAIT_S = 120, /* of a question that has a body */
    HTTP_ANSWER_MAX = 1 << 20
};

/*
 * For those who carry a body: bytes of one of len in all, from the place at on, which is at
 * most len; JSON but for its last byte.  Returns how many there were, size at most.
 */
size_t http_body_bytes(char *to, size_t size, uint64_t at, uint64_t len);

/* A header's value without the spaces around it; "" if it is not there. */
const char *http_header(const struct http_answer *answer, const char *name, char out[256]);

/* How many lines of the header have this name. */
size_t http_header_count(const struct http_answer *answer, const char *name);

/*
 * A member of the body's one object that is a string or a number, as text; false, and "",
 * if there is none or the body is no JSON.
 */
bool http_member(const struct http_answer *answer, const char *name, char out[256]);

/* When the server says that it answered, in seconds since 1970; -1 if it does not. */
int64_t http_date(const struct http_answer *answer);

/* Ends what is asked, and whatever would be asked after; for a signal handler. */
void http_stop(void);
bool http_stopped(void);

#endif
