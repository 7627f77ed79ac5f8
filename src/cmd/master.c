/*
 * master.c: a process that keeps workers alive and serves nothing itself.
 *
 * All signals are blocked and taken one by one with sigtimedwait(), so no handler runs
 * and nothing is missed between looking and waiting.
 */
#include "cmd/master.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/listen.h"

enum {
    SHORT_LIFE_S = 1,
    STOP_PATIENCE_S = 30
};

#define NEVER UINT64_MAX

static const uint64_t second_ns = 1000000000;

struct worker {
    pid_t pid;       /* 0: none */
    uint64_t due_ns; /* when to start the next, if there is none */
    uint64_t born_ns;
};

struct master {
    struct worker *workers;
    int count;
    int (*work)(void *arg, int place);
    void *arg;
    bool runs_out;      /* who has ended is not replaced */
    bool failed;        /* one of them gave up */
    uint64_t waited_ns; /* that the clock did not show: see now_ns() */
    sigset_t signals;
};

/*
 * The monotonic clock.  Where even that stands still, what was waited for passes all the same,
 * or nobody who died young would ever be replaced.
 */
static uint64_t now_ns(const struct master *master)
{
    return clock_mono_ns() + master->waited_ns;
}

/* See master_look(). */
static struct {
    void (*call)(void *arg);
    void *arg;
} look;

void master_look(void (*call)(void *arg), void *arg)
{
    look.call = call;
    look.arg = arg;
}

static void worker_start(struct master *master, int place)
{
    struct worker *worker = &master->workers[place];
    pid_t parent = getpid();

    worker->born_ns = now_ns(master);
    worker->pid = fork();
    if (worker->pid < 0) {
        log_message("a worker could not be started: %s", strerror(errno));
        worker->pid = 0;
        worker->due_ns = worker->born_ns + second_ns;
    }
    if (worker->pid != 0)
        return;
    free(master->workers);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* held back until the worker has its handlers */
    if (getppid() != parent)          /* the master died before it could be told */
        _exit(EXIT_FAILURE);
    exit(master->work(master->arg, place));
}

/* Starts what is due; returns when the next will be, 0 if none is waited for. */
static uint64_t workers_start(struct master *master)
{
    uint64_t now = now_ns(master), next = 0;

    for (int i = 0; i < master->count; i++) {
        struct worker *worker = &master->workers[i];

        if (worker->pid == 0 && worker->due_ns <= now)
            worker_start(master, i);
        if (worker->pid == 0 && worker->due_ns != NEVER && (next == 0 || worker->due_ns < next))
            next = worker->due_ns;
    }
    return next;
}

static void tell_end(pid_t pid, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        log_message("worker %d was ended by its sandbox: it tried a system call that none "
                    "makes (SIGSYS)",
                    (int)pid);
    else if (WIFSIGNALED(status))
        log_message("worker %d was ended by signal %d", (int)pid, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        log_message("worker %d ended with status %d", (int)pid, WEXITSTATUS(status));
}

static void workers_reap(struct master *master, bool stopping)
{
    uint64_t now = now_ns(master);
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < master->count; i++) {
            struct worker *worker = &master->workers[i];

            if (worker->pid != pid)
                continue;
            if (!stopping)
                tell_end(pid, status);
            worker->pid = 0;
            worker->due_ns =
                now - worker->born_ns < SHORT_LIFE_S * second_ns ? now + second_ns : now;
            if (master->runs_out && WIFEXITED(status)) {
                worker->due_ns = NEVER;
                master->failed = master->failed || WEXITSTATUS(status) != EXIT_SUCCESS;
            }
        }
}

static int workers_signal(const struct master *master, int signal)
{
    int living = 0;

    for (int i = 0; i < master->count; i++)
        if (master->workers[i].pid != 0) {
            kill(master->workers[i].pid, signal);
            living++;
        }
    return living;
}

/* Waits for one of the signals, until a time of the monotonic clock (0: for ever). */
static int signal_wait(struct master *master, uint64_t until_ns)
{
    uint64_t now = now_ns(master), left;
    struct timespec timeout;
    int taken;

    if ((listen_is_ours() || look.call != NULL) &&
        (until_ns == 0 || until_ns > now + second_ns))
        until_ns = now + second_ns; /* to look whether the socket still has its path */
    left = until_ns > now ? until_ns - now : 0;
    timeout.tv_sec = (time_t)(left / second_ns);
    timeout.tv_nsec = (long)(left % second_ns);
    if (until_ns == 0)
        return sigwaitinfo(&master->signals, NULL);
    taken = sigtimedwait(&master->signals, NULL, &timeout);
    if (taken < 0 && errno == EAGAIN && now_ns(master) < until_ns)
        master->waited_ns += until_ns - now_ns(master);
    return taken;
}

/* Lets the workers finish what is in hand; those that do not are killed. */
static void workers_stop(struct master *master)
{
    uint64_t until = now_ns(master) + STOP_PATIENCE_S * second_ns;

    workers_signal(master, SIGTERM);
    workers_reap(master, true);
    while (workers_signal(master, 0) > 0 && now_ns(master) < until) {
        signal_wait(master, until);
        workers_reap(master, true);
    }
    workers_signal(master, SIGKILL);
}

/* Whether all have ended and none is to be started again. */
static bool all_done(const struct master *master)
{
    for (int i = 0; i < master->count; i++)
        if (master->workers[i].pid != 0 || master->workers[i].due_ns != NEVER)
            return false;
    return true;
}

static bool was_stopped;

bool master_was_stopped(void)
{
    return was_stopped;
}

static void signals_block(struct master *master)
{
    sigemptyset(&master->signals);
    sigaddset(&master->signals, SIGTERM);
    sigaddset(&master->signals, SIGINT);
    sigaddset(&master->signals, SIGUSR1); /* how FastCGI asks for an end */
    sigaddset(&master->signals, SIGHUP);
    sigaddset(&master->signals, SIGCHLD);
    signal(SIGCHLD, SIG_DFL); /* ignored, as who started us may have it, none is reaped */
    sigprocmask(SIG_BLOCK, &master->signals, NULL);
}

/*
 * Whether the directory that all of them are in was deleted.  Who is started there finds
 * nothing, be it put back under the same name or not; who started the master starts anew.
 */
static bool home_is_deleted(void)
{
    char path[PATH_MAX];

    return getcwd(path, sizeof(path)) == NULL && errno == ENOENT;
}

/* Whether there is nothing to keep workers for; says why. */
static bool is_useless(struct master *master)
{
    if (listen_is_ours() && listen_lost()) {
        log_message("the socket's path is another's or gone: nobody comes here any more");
        return true;
    }
    if (home_is_deleted()) {
        log_message("the home was deleted: there is nothing to do here any more");
        master->failed = true;
        return true;
    }
    return false;
}

static int run(struct master *master)
{
    int taken;

    master->workers = calloc((size_t)master->count, sizeof(*master->workers));
    if (master->workers == NULL) {
        log_message("out of memory");
        return EXIT_FAILURE;
    }
    signals_block(master);
    was_stopped = false;
    while (!was_stopped && !all_done(master)) {
        taken = signal_wait(master, workers_start(master));
        was_stopped = taken == SIGTERM || taken == SIGINT || taken == SIGUSR1;
        if (taken == SIGHUP)
            workers_signal(master, SIGHUP);
        workers_reap(master, false);
        if (look.call != NULL)
            look.call(look.arg);
        if (!was_stopped && is_useless(master))
            break;
    }
    workers_stop(master);
    free(master->workers);
    return master->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int master_run(int count, int (*work)(void *arg, int place), void *arg)
{
    struct master master = {.count = count, .work = work, .arg = arg};

    return run(&master);
}

int master_run_out(int count, int (*work)(void *arg, int place), void *arg)
{
    struct master master = {.count = count, .work = work, .arg = arg, .runs_out = true};

    return run(&master);
}
