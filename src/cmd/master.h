/*
 * master.h: a process that keeps workers alive and serves nothing itself.
 *
 * The workers of a service accept on the one listening socket that they inherit.  So when one
 * dies, only the request in its hand is lost: what waits at the socket waits for the others.
 */
#ifndef CMD_MASTER_H
#define CMD_MASTER_H

#include <stdbool.h>

/*
 * Keeps count workers, each a child that runs work(arg, its place, from 0 on) with the signals
 * below still blocked and exits with what it returns, until SIGTERM, SIGINT or SIGUSR1; passes
 * SIGTERM and SIGHUP on.  A worker that dies is replaced at once, or after a second if it did
 * not live that long.  If the master is killed, its workers get SIGTERM from the kernel; to
 * start another is up to whoever started this one.  Ends with a failure, too, when its working
 * directory, which is the home, was deleted.  Returns the exit status of the program.
 */
int master_run(int count, int (*work)(void *arg, int place), void *arg);

/*
 * The same until each of them has ended by itself, with EXIT_SUCCESS: one that died is
 * replaced, one that gave up (another status) is not.  EXIT_FAILURE if one did.
 */
int master_run_out(int count, int (*work)(void *arg, int place), void *arg);

/* From now on every master does call(arg) about once a second; NULL: none does. */
void master_look(void (*call)(void *arg), void *arg);

/* Whether the last of them ended by a signal. */
bool master_was_stopped(void);

#endif
