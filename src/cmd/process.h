/*
 * process.h: what the processes that serve have in common: workers, runners, the courier.
 */
#ifndef CMD_PROCESS_H
#define CMD_PROCESS_H

/*
 * Takes the signals: on_stop for SIGTERM, SIGINT and SIGUSR1; SIGHUP opens the log anew; a
 * broken pipe and a file at its limit are errors of write().  With SA_RESTART, so that what is
 * in hand is read and answered whole.  A master has them blocked until here.
 */
void process_signals(void (*on_stop)(int signal));

/* Neither a core dump nor another process of this user gets at the secrets in memory. */
void process_shut_memory(void);

#endif
