/*
 * listener.c: the listening socket that whoever started this process put on fd 0.
 *
 * The time limit of the wait is a property of the socket, so that it costs no system call
 * of its own.  Connections over TCP inherit it, and must not have it: there it would be a
 * limit on a slow front.
 *
 * Stopping without a race: between a look at a flag and accept() a signal would go unseen
 * until the wait is over.  So listener_stop() also puts /dev/null in the place of the
 * socket; the accept() that follows fails at once.
 */
#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/addr.h"

enum {
    LISTEN_FD = 0
};

static const struct timeval wait_limit = {.tv_usec = LISTENER_WAIT_MS * 1000L};
static const struct timeval no_limit;

static bool over_tcp;
static struct addr_list peers; /* who may connect over TCP; empty: everybody */
static int null_fd = -1;
static volatile sig_atomic_t stopping;

static enum result peers_read(struct reason *why)
{
    const char *text = getenv("FCGI_WEB_SERVER_ADDRS");
    struct reason fault;

    memset(&peers, 0, sizeof(peers));
    if (text == NULL || addr_list_parse(text, &peers, &fault) == RESULT_OK)
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID, "FCGI_WEB_SERVER_ADDRS: %s", fault.text);
}

enum result listener_open(struct reason *why)
{
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof(own);
    int flags = fcntl(LISTEN_FD, F_GETFL);

    if (null_fd < 0)
        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0)
        return reason_errno(why, "/dev/null");
    /* One that does not block, as some supervisors pass on, would have us run in circles. */
    if (flags < 0 || fcntl(LISTEN_FD, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        getsockname(LISTEN_FD, (struct sockaddr *)&own, &len) != 0 ||
        setsockopt(LISTEN_FD, SOL_SOCKET, SO_RCVTIMEO, &wait_limit, sizeof(wait_limit)) != 0)
        return reason_errno(why, "the listening socket");
    over_tcp = own.ss_family == AF_INET || own.ss_family == AF_INET6;
    return peers_read(why);
}

static bool peer_is_allowed(const struct sockaddr_storage *peer)
{
    struct addr addr;

    return peers.count == 0 || (addr_of_socket(peer, &addr) && addr_list_has(&peers, &addr));
}

static int accept_tcp(void)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    int fd = accept4(LISTEN_FD, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC), now = 1;

    if (fd < 0)
        return -1;
    /* What is written here is written whole, so the kernel need not wait for more. */
    if (peer_is_allowed(&peer) &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &no_limit, sizeof(no_limit)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof(now)) == 0)
        return fd;
    close(fd);
    errno = EAGAIN;
    return -1;
}

/* What accept() may say of a connection that broke before it was taken: see accept(2). */
static bool was_broken(int error)
{
    static const int errors[] = {ECONNABORTED, ECONNRESET,  EPROTO,    ETIMEDOUT,
                                 ENETDOWN,     ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
                                 ENONET,       ENOPROTOOPT, EINTR};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (error == errors[i])
            return true;
    return false;
}

int listener_accept(void)
{
    int fd;

    errno = ENOTSOCK;
    if (stopping != 0)
        return -1;
    fd = over_tcp ? accept_tcp() : accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && was_broken(errno))
        errno = EAGAIN;
    return fd;
}

int listener_wait(int connection)
{
    struct pollfd next = {.fd = connection, .events = POLLIN};

    errno = ENOTSOCK;
    if (stopping != 0)
        return -1;
    if (poll(&next, 1, LISTENER_WAIT_MS) > 0)
        return 0;
    errno = EAGAIN;
    return -1;
}

bool listener_stopped(void)
{
    return stopping != 0;
}

void listener_stop(void)
{
    int error = errno;

    stopping = 1;
    if (null_fd >= 0) /* never under plain CGI, where fd 0 is the body */
        dup2(null_fd, LISTEN_FD);
    errno = error;
}
