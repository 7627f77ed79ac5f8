/*
 * url.h: URLs of http and https, as strictly as they are written.
 *
 * What is read here is also read by the library that goes there.  So nothing is allowed that
 * two readers could take for two things: no name and password, no fragment, no blanks,
 * backslashes or other bytes that a URL cannot have, no numbers that are addresses in
 * unusual forms (0x7f.1, 2130706433).
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

enum {
    URL_MAX = 1023,
    URL_HOST_MAX = 253
};

struct url {
    bool tls;                    /* https */
    char host[URL_HOST_MAX + 1]; /* in lower case; an address of IPv6 without brackets */
    bool is_addr;                /* the host is an address, */
    struct addr addr;            /* which is this one */
    unsigned port;               /* as it is said, or the scheme's */
};

/* Reads one.  NULL if it is one; else what it must not be, for a message. */
const char *url_parse(const char *text, size_t len, struct url *out);

/*
 * Whether this is an origin exactly as a browser says it (RFC 6454, section 6.2): scheme and
 * host in lower case, the port only where it is not the scheme's, and nothing behind.
 */
bool url_is_origin(const char *text, size_t len);

/* Whether this is a host as a request names it, in lower case, without a port. */
bool url_is_host(const char *text, size_t len);

#endif
