/*
 * test_listener.c: the listening socket: who is let in, how long a wait lasts, and its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/listener.h"

enum {
    WAIT_US = LISTENER_WAIT_MS * 1000
};

static struct sockaddr_storage own;
static socklen_t own_len;

/* A socket of a family that listens, on fd 0; where it is goes to own. */
static void listen_on(int family)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX}; /* bound by its family: a free name */
    struct sockaddr_in loopback = {.sin_family = AF_INET};
    int fd = socket(family, SOCK_STREAM, 0);

    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_UNIX)
        assert_int_equal(bind(fd, (void *)&here, sizeof(here.sun_family)), 0);
    else
        assert_int_equal(bind(fd, (void *)&loopback, sizeof(loopback)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    own_len = sizeof(own);
    assert_int_equal(getsockname(STDIN_FILENO, (void *)&own, &own_len), 0);
}

static int connect_to_own(void)
{
    int fd = socket(own.ss_family, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (void *)&own, own_len), 0);
    return fd;
}

static int64_t waited_us(uint64_t since_ns)
{
    return (int64_t)(clock_mono_ns() - since_ns) / 1000;
}

/* Microseconds until an end is waited for on a connection; 0: for ever. */
static int64_t limit_of(int fd)
{
    struct timeval limit;
    socklen_t len = sizeof(limit);

    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &len), 0);
    return limit.tv_sec * 1000000 + limit.tv_usec;
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("FCGI_WEB_SERVER_ADDRS");
    return 0;
}

static void addresses_that_are_none_stop_the_start(void **state)
{
    struct reason why;

    (void)state;
    listen_on(AF_INET);
    setenv("FCGI_WEB_SERVER_ADDRS", "127.0.0.1,here", 1);
    assert_int_equal(listener_open(&why), RESULT_INVALID);
    assert_non_null(strstr(why.text, "FCGI_WEB_SERVER_ADDRS"));
    assert_non_null(strstr(why.text, "here"));
}

static void another_address_than_the_fronts_is_turned_away(void **state)
{
    int client, fd;
    char byte;

    (void)state;
    listen_on(AF_INET);
    setenv("FCGI_WEB_SERVER_ADDRS", "127.0.0.2,10.0.0.1", 1);
    assert_int_equal(listener_open(NULL), RESULT_OK);
    client = connect_to_own();
    assert_int_equal(listener_accept(), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(read(client, &byte, 1), 0);
    close(client);
    setenv("FCGI_WEB_SERVER_ADDRS", "10.0.0.1,127.0.0.1", 1);
    assert_int_equal(listener_open(NULL), RESULT_OK);
    client = connect_to_own();
    fd = listener_accept();
    assert_true(fd >= 0);
    close(fd);
    close(client);
}

static void the_wait_ends_when_nothing_comes(void **state)
{
    static const int families[] = {AF_UNIX, AF_INET};
    uint64_t start;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        listen_on(families[i]);
        assert_int_equal(listener_open(NULL), RESULT_OK);
        start = clock_mono_ns();
        assert_int_equal(listener_accept(), -1);
        assert_int_equal(errno, EAGAIN);
        assert_in_range(waited_us(start), WAIT_US - 10000, 100 * WAIT_US);
    }
}

/* Also where it was made not to block, or this would be a loop that never rests. */
static void a_socket_that_does_not_block_is_waited_for_all_the_same(void **state)
{
    uint64_t start;

    (void)state;
    listen_on(AF_UNIX);
    assert_int_equal(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(listener_open(NULL), RESULT_OK);
    start = clock_mono_ns();
    assert_int_equal(listener_accept(), -1);
    assert_true(waited_us(start) >= WAIT_US - 10000);
}

static void a_connection_has_no_limit_and_goes_to_no_child(void **state)
{
    static const int families[] = {AF_UNIX, AF_INET};
    int client, fd, at_once = 0;
    socklen_t len = sizeof(at_once);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        listen_on(families[i]);
        assert_int_equal(listener_open(NULL), RESULT_OK);
        client = connect_to_own();
        fd = listener_accept();
        assert_true(fd >= 0);
        assert_int_equal(limit_of(fd), 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        if (families[i] == AF_INET)
            assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, &len), 0);
        close(fd);
        close(client);
    }
    assert_int_not_equal(at_once, 0);
}

static void a_kept_connection_is_waited_for_no_longer(void **state)
{
    int client, fd;

    (void)state;
    listen_on(AF_UNIX);
    assert_int_equal(listener_open(NULL), RESULT_OK);
    client = connect_to_own();
    fd = listener_accept();
    assert_int_equal(listener_wait(fd), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(client, "", 1), 1);
    assert_int_equal(listener_wait(fd), 0);
    close(client);
    close(fd);
}

static uint64_t stopped_ns;

static void on_alarm(int signal)
{
    (void)signal;
    stopped_ns = clock_mono_ns();
    listener_stop();
}

/* The last test, since there is no way back. */
static void a_stop_ends_the_wait_at_once_and_for_ever(void **state)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval soon = {.it_value = {.tv_usec = WAIT_US / 10}};
    int client;

    (void)state;
    listen_on(AF_UNIX);
    assert_int_equal(listener_open(NULL), RESULT_OK);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(listener_accept(), -1);
    assert_true(waited_us(stopped_ns) < WAIT_US / 2); /* from the stop on: it may come late */
    assert_true(listener_stopped());
    for (int i = 0; i < 2; i++) {
        assert_int_equal(listener_accept(), -1);
        assert_int_not_equal(errno, EAGAIN);
        client = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(listener_wait(client), -1);
        assert_int_not_equal(errno, EAGAIN);
        close(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(addresses_that_are_none_stop_the_start, teardown),
        cmocka_unit_test_teardown(another_address_than_the_fronts_is_turned_away, teardown),
        cmocka_unit_test(the_wait_ends_when_nothing_comes),
        cmocka_unit_test(a_socket_that_does_not_block_is_waited_for_all_the_same),
        cmocka_unit_test(a_connection_has_no_limit_and_goes_to_no_child),
        cmocka_unit_test(a_kept_connection_is_waited_for_no_longer),
        cmocka_unit_test(a_stop_ends_the_wait_at_once_and_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
