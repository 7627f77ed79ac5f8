/*
 * post.h: many POSTs at a time, to servers that nobody has reason to trust.
 *
 * What is connected to is an address that hook_address_refused() lets pass, whatever name led
 * there and however often its answer changes: the address is looked at that the socket goes
 * to.  No redirect, no proxy, no cookie, no credential; TLS is verified; every wait is
 * bounded, and of an answer little more than the status is read.
 */
#ifndef CMD_POST_H
#define CMD_POST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/result.h"

enum {
    POST_TIMEOUT_S = 15,
    POST_CONNECT_S = 5,
    POST_ANSWER_MAX = 4 << 10, /* bytes of a body that are read; the rest is not waited for */
    POST_HEADERS_MAX = 6,
    POST_PROBLEM_MAX = 128,
};

struct posts;

/* allowed outlives it: the special addresses that may be connected to. */
enum result posts_open(const struct addr_list *allowed, struct posts **out, struct reason *why);
/* Breaks off what is under way, of which nothing is told any more. */
void posts_close(struct posts *posts);

struct post_ask {
    const char *url;
    const char *headers[POST_HEADERS_MAX]; /* "name: value"; NULL for none */
    const void *body;                      /* JSON; copied */
    size_t len;
};

/* What came of it. */
struct post_answer {
    long status;                    /* 0: no answer */
    char problem[POST_PROBLEM_MAX]; /* in a few words; "" if there was an answer */
};

/*
 * Begins one.  posts_run() calls ended, once, from which another may be begun.  If it could not
 * be begun nothing is called.
 */
enum result posts_begin(struct posts *posts, const struct post_ask *ask,
                        void (*ended)(void *arg, const struct post_answer *answer), void *arg,
                        struct reason *why);

/* Goes on with all of them, and waits at most so long for something to go on with. */
void posts_run(struct posts *posts, int timeout_ms);

#endif
