/*
 * process.h: what the processes that serve have in common: workers, runners, the courier.
 */
#ifndef CMD_PROCESS_H
#define CMD_PROCESS_H

#include <stdbool.h>

#include "base/result.h"
#include "gate/home.h"

/*
 * Closes what was open beside standard input, output and error, before anything else is opened:
 * who starts a process may have forgotten something of his own, a pipe on which he takes
 * commands perhaps, and no sandbox shuts what is open already.
 */
void process_close_others(void);

/*
 * Takes the signals: on_stop for SIGTERM, SIGINT and SIGUSR1; SIGHUP opens the log anew; a
 * broken pipe and a file at its limit are errors of write().  With SA_RESTART, so that what is
 * in hand is read and answered whole.  A master has them blocked until here.
 */
void process_signals(void (*on_stop)(int signal));

/*
 * Whether the sandbox that these processes will enter can be had as the settings ask for it,
 * before any of them is begun. With tells, what it lacks is said in the log, once.
 */
enum result process_try_sandbox(const struct home *home, bool tells, struct reason *why);

/* Neither a core dump nor another process of this user gets at the secrets in memory. */
void process_shut_memory(void);

#endif
