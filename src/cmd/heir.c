/*
 * heir.c: who goes on when a master is killed.
 *
 * What runs in the signal handler is on the list of signal-safety(7), but for _Fork(),
 * which is made for it, and close_range(2), a system call.
 */
#include "cmd/heir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/fcgi.h"

/* Where a master that goes on finds the front: this descriptor, and a word that says so. */
enum {
    FRONT_FD = 3
};

static const char handed_down[] = "FORESTGATE_FRONT_FD";

static char **arguments;   /* of a master that goes on; NULL: nobody does */
static _Atomic int *taken; /* shared by the workers: one has started it */
static int front = -1;     /* the front's pidfd */
static bool watched;       /* this master goes on for a dead one, and ends with the front */

/* The same words, and the home as the working directory, where it was entered. */
static char **arguments_make(int argc, char **argv)
{
    static char home[] = "--home", here[] = ".";
    char **made = calloc((size_t)argc + 3, sizeof(*made));

    if (made == NULL)
        return NULL;
    memcpy(made, argv, (size_t)argc * sizeof(*made));
    made[argc] = home;
    made[argc + 1] = here;
    return made;
}

void heir_prepare(int argc, char **argv)
{
    void *shared;

    if (getenv(handed_down) != NULL) {
        front = fcntl(FRONT_FD, F_DUPFD_CLOEXEC, FRONT_FD + 1);
        close(FRONT_FD);
        /* One that has ended already was only who started it: spawn-fcgi does not stay. */
        watched = front >= 0 && !heir_front_ended();
    } else {
        front = (int)syscall(SYS_pidfd_open, getppid(), 0);
    }
    shared =
        mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (front < 0 || shared == MAP_FAILED || setenv(handed_down, "3", 1) != 0)
        return;
    taken = shared;
    arguments = arguments_make(argc, argv);
}

/* Becomes a new master; what else is open is the worker's own. */
static void go_on(void)
{
    if (dup2(front, FRONT_FD) < 0 || fcntl(FRONT_FD, F_SETFD, 0) < 0)
        _exit(EXIT_FAILURE);
    close_range(FRONT_FD + 1, ~0U, 0);
    execv("/proc/self/exe", arguments);
    _exit(EXIT_FAILURE);
}

static void on_orphaned(int signal)
{
    int error = errno;

    (void)signal;
    if (!fcgi_stopped() && atomic_exchange(taken, 1) == 0 && _Fork() == 0)
        go_on();
    fcgi_stop();
    errno = error;
}

void heir_watch_master(void)
{
    struct sigaction action = {.sa_handler = on_orphaned, .sa_flags = SA_RESTART};

    if (arguments == NULL) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        return;
    }
    sigaction(SIGUSR2, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
}

bool heir_has_front(void)
{
    return watched;
}

bool heir_front_ended(void)
{
    struct pollfd ended = {.fd = front, .events = POLLIN};

    return poll(&ended, 1, 0) != 0;
}
