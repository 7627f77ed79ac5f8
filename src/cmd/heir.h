/*
 * heir.h: who goes on when a master is killed.
 *
 * The workers are told by the kernel.  One of them starts a new master from the same
 * program, which has the same listening socket on fd 0 and so all that waits there; then
 * they finish what is in their hands and end.  A master that goes on for a dead one is
 * nobody's child who could stop it, so it ends by itself when the front does.
 */
#ifndef CMD_HEIR_H
#define CMD_HEIR_H

#include <stdbool.h>

/*
 * In a master, before it forks: remembers how the program was called, and who the front
 * is: the parent, or for a master that goes on the one that was handed down.  Without
 * memory or without pidfd_open(2) nobody goes on, or ends with the front; nothing else
 * changes.
 */
void heir_prepare(int argc, char **argv);

/* In a worker that was just forked, SIGUSR2 still blocked: has it go on for the master. */
void heir_watch_master(void);

/* In a master: whether it goes on for another, and the front has ended. */
bool heir_front_ended(void);

/* Whether heir_front_ended() is to be asked now and then. */
bool heir_has_front(void);

#endif
