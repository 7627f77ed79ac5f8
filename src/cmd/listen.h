/*
 * listen.h: a listening socket of our own, in the place of the one on fd 0.
 *
 * The socket takes its path by rename(), whoever may still listen there: the workers of a
 * master that was killed do until they have finished what is in hand.  A front that makes
 * the socket itself and finds it answered by them would start nobody.
 */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include <stdbool.h>

#include "base/result.h"

/*
 * Listens at an absolute path, mode 0700 less the umask, and puts the socket on fd 0.  A
 * socket that has the path loses it; RESULT_EXISTS if it is another kind of file.
 */
enum result listen_open(const char *path, struct reason *why);

/* Whether listen_open() was called, so that listen_lost() is to be asked now and then. */
bool listen_is_ours(void);

/* Whether the path has gone or is another's by now: no front comes here any more. */
bool listen_lost(void);

#endif
