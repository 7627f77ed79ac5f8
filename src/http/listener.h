/*
 * listener.h: the listening socket that whoever started this process put on fd 0.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>

#include "base/result.h"

/* How long a wait for the front may last until listener_accept() says that nothing came. */
enum {
    LISTENER_WAIT_MS = 500
};

/*
 * Makes fd 0 ready for listener_accept().  FCGI_WEB_SERVER_ADDRS in the environment, if
 * it is not empty, is the list of addresses that may connect over TCP, as FastCGI's
 * specification has it (section 3.2); RESULT_INVALID if it is not one.
 */
enum result listener_open(struct reason *why);

/*
 * Waits for a connection and returns its descriptor; -1 with errno EAGAIN if none came
 * for LISTENER_WAIT_MS, or one that is not to be had; with another errno if none can come
 * any more.
 */
int listener_accept(void);

/* As listener_accept(), for the next request on a connection that is kept: 0 if one came. */
int listener_wait(int connection);

/*
 * Has both fail, now and from now on, in this process alone.  May be called in a signal
 * handler.
 */
void listener_stop(void);
bool listener_stopped(void);

#endif
