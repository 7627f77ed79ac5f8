/*
 * process.c: what the processes that serve have in common.
 */
#include "cmd/process.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "gate/sandbox.h"

#ifndef SYS_close_range
#define SYS_close_range 436 /* everywhere, since Linux 5.9 */
#endif

enum {
    CLOSED_MOST = 4096 /* one by one, where the kernel does not close them all at once */
};

void process_close_others(void)
{
    if (syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0) == 0)
        return;
    for (int fd = STDERR_FILENO + 1; fd < CLOSED_MOST; fd++)
        close(fd);
}

static void on_hup(int signal)
{
    (void)signal;
    log_reopen();
}

void process_signals(void (*on_stop)(int signal))
{
    static const int stops[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    sigset_t blocked;

    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
        sigaction(stops[i], &action, NULL);
    action.sa_handler = on_hup;
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
    sigemptyset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

void process_shut_memory(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

enum result process_try_sandbox(const struct home *home, bool tells, struct reason *why)
{
    struct reason lack;
    enum result result = sandbox_try(home, &lack, why);

    if (result == RESULT_OK && tells && lack.text[0] != '\0')
        log_message("the sandbox is not whole: %s", lack.text);
    return result;
}
