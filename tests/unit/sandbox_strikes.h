/*
 * sandbox_strikes.h: what a process that was taken over tries, one function each, and what one
 * that was not has to be able to do.  A child calls one and ends as it says.
 */
#ifndef SANDBOX_STRIKES_H
#define SANDBOX_STRIKES_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "base/fence.h"
#include "base/file.h"
#include "base/filter.h"
#include "base/log.h"
#include "fixture.h"
#include "gate/sandbox.h"

/* How a child ends. */
enum {
    DONE = 42,    /* what it tried can be done */
    REFUSED = 43, /* the system call failed */
    OFF = 44,     /* this build has no sandbox */
    SICK = 45,    /* the test is broken */
    CONNECTIONS = 8
};

static struct home home;
static struct home own; /* a child's */
static char outside[] = "/tmp/forestgate-test-outside.XXXXXX";
static char program[4096];
static int from_parent; /* what another process's memory holds */

static int told(long status)
{
    return status < 0 ? REFUSED : DONE;
}

/* ---- what is tried ---- */

static int do_exec(void)
{
    execl("/bin/sh", "sh", "-c", "exit 42", (char *)NULL);
    return REFUSED;
}

static int do_execveat(void)
{
    char *const argv[] = {(char *)"sh", (char *)"-c", (char *)"exit 42", NULL};

    syscall(SYS_execveat, AT_FDCWD, "/bin/sh", argv, environ, 0);
    return REFUSED;
}

static int do_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return told(pid);
}

static int do_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0)
        _exit(0);
    return told(pid);
}

static void *idle(void *arg)
{
    return arg;
}

static int do_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, idle, NULL) != 0)
        return REFUSED;
    pthread_join(thread, NULL);
    return DONE;
}

static int do_socket_inet(void)
{
    return told(socket(AF_INET, SOCK_STREAM, 0));
}

static int do_socket_unix(void)
{
    return told(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int do_socketpair(void)
{
    int pair[2];

    return told(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int do_pair_datagram(void)
{
    int pair[2];

    return told(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int listening = -1, connecting = -1, binding = -1, bound = -1;
static struct sockaddr_in there;

static int do_connect(void)
{
    int status = connect(connecting, (struct sockaddr *)&there, sizeof(there));

    return status != 0 && errno != EISCONN ? REFUSED : DONE; /* another child may have been */
}

static int do_bind(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};

    return told(bind(binding, (const struct sockaddr *)&any, sizeof(any)));
}

static int do_listen(void)
{
    return told(listen(bound, 1));
}

static int do_accept(void)
{
    return told(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
}

static int shared[2]; /* as the socket that a worker has as its standard input */

static int do_shutdown_given(void)
{
    return dup2(shared[0], STDIN_FILENO) < 0 ? SICK : told(shutdown(STDIN_FILENO, SHUT_RD));
}

static int do_duplicate_given(void)
{
    return dup2(shared[0], STDIN_FILENO) < 0 ? SICK : told(dup(STDIN_FILENO));
}

static int do_duplicate_given_otherwise(void)
{
    return told(fcntl(STDIN_FILENO, F_DUPFD, 64));
}

static int do_number_with_more(void)
{
    return dup2(shared[0], STDIN_FILENO) < 0
               ? SICK
               : told(syscall(SYS_shutdown, UINT64_C(1) << 32, SHUT_RD));
}

static int do_filter_given(void)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog nothing = {1, &all};

    return told(setsockopt(shared[1], SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof(nothing)));
}

static int do_answered(void)
{
    const struct timeval limit = {1, 0};

    return setsockopt(shared[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
                   setsockopt(shared[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
                   dup2(shared[0], STDIN_FILENO) == STDIN_FILENO &&
                   shutdown(shared[0], SHUT_WR) == 0
               ? DONE
               : REFUSED;
}

static int do_ptrace(void)
{
    return told(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int do_vm_read(void)
{
    int found = 0;
    struct iovec here = {&found, sizeof(found)}, far = {&from_parent, sizeof(from_parent)};

    return told(process_vm_readv(getppid(), &here, 1, &far, 1, 0));
}

static int do_vm_write(void)
{
    int found = 1;
    struct iovec here = {&found, sizeof(found)}, far = {&from_parent, sizeof(from_parent)};

    return told(process_vm_writev(getppid(), &here, 1, &far, 1, 0));
}

static int do_kill(void)
{
    return told(kill(getppid(), 0));
}

static int do_queue(void)
{
    return told(sigqueue(getppid(), 0, (union sigval){0}));
}

static int do_tgkill(void)
{
    return told(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

/* The kernel signals whom a descriptor belongs to when there is something to read. */
static int do_own_by(void)
{
    return told(fcntl(listening, F_SETOWN, getppid()));
}

static int do_own_by_signal(void)
{
    return told(fcntl(listening, F_SETSIG, SIGKILL));
}

static int do_own_by_ioctl(void)
{
    pid_t parent = getppid();

    return told(ioctl(listening, SIOCSPGRP, &parent));
}

static int do_limits(void)
{
    struct rlimit limit;

    return told(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit));
}

static int do_pidfd_signal(int signal)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);

    return pidfd < 0 ? REFUSED : told(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

static int do_pidfd(void)
{
    return do_pidfd_signal(0);
}

static int do_setuid(void)
{
    return told(setuid(getuid()));
}

static int do_unshare(void)
{
    return told(unshare(CLONE_FILES));
}

static int do_chroot(void)
{
    /* Nobody can, and who is root is told that it is not there. */
    return chroot("/nowhere") != 0 && (errno == ENOENT || errno == EPERM) ? DONE : SICK;
}

/* What is not there in each kernel, or not for each user, tells so: that is no SIGSYS. */
static int do_bpf(void)
{
    syscall(SYS_bpf, 0, NULL, 0);
    return DONE;
}

static int do_keyctl(void)
{
    syscall(SYS_keyctl, 0, 0, 0, 0, 0);
    return DONE;
}

static int do_io_uring(void)
{
    syscall(SYS_io_uring_setup, 1, NULL);
    return DONE;
}

static int do_userfaultfd(void)
{
    syscall(SYS_userfaultfd, 0);
    return DONE;
}

static int do_mount(void)
{
    syscall(SYS_mount, NULL, "/nowhere", NULL, 0, NULL);
    return DONE;
}

static int do_module(void)
{
    syscall(SYS_finit_module, -1, "", 0);
    return DONE;
}

static int do_memfd(void)
{
    return told(memfd_create("a", 0));
}

static int do_map_exec(void)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return map == MAP_FAILED ? REFUSED : DONE;
}

static int do_protect_exec(void)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return map == MAP_FAILED ? SICK : told(mprotect(map, 4096, PROT_READ | PROT_EXEC));
}

static int opened(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0 && errno != EACCES && errno != EXDEV && errno != ETXTBSY)
        perror(path);
    return fd >= 0 ? DONE : errno == EACCES ? REFUSED : errno == ETXTBSY ? DONE : SICK;
}

/* So that the next finds the home as it was. */
static int made_again(int how, const char *path)
{
    if (how == DONE)
        close(open(path, O_WRONLY | O_CREAT, 0600));
    return how;
}

static int removed_again(int how, const char *path)
{
    if (how == DONE)
        unlink(path);
    return how;
}

static int do_passwd(void)
{
    return opened("/etc/passwd", O_RDONLY);
}

static int do_beside(void)
{
    char path[64];

    snprintf(path, sizeof(path), "../%s", strrchr(outside, '/') + 1);
    return opened(path, O_RDONLY);
}

static int do_beside_write(void)
{
    return opened(outside, O_WRONLY);
}

static int do_list(void)
{
    return opened("..", O_RDONLY | O_DIRECTORY);
}

static int do_link_out(void)
{
    return opened("jobs/out", O_RDONLY);
}

static int do_program(void)
{
    return told(rename(program, program)); /* to write it is refused to all while it runs */
}

static int do_own_memory(void)
{
    return opened("/proc/self/mem", O_RDWR);
}

static int do_image_write(void)
{
    return opened("models/iris/1.fgm", O_WRONLY);
}

static int do_image_cut(void)
{
    return opened("models/iris/1.fgm", O_WRONLY | O_TRUNC);
}

static int do_image_make(void)
{
    return removed_again(opened("models/iris/9.fgm", O_WRONLY | O_CREAT), "models/iris/9.fgm");
}

static int do_image_back(void)
{
    return told(rename("models/iris/1.fgm", "models/.incoming/1.fgm")) == REFUSED
               ? REFUSED
               : told(rename("models/.incoming/1.fgm", "models/iris/1.fgm"));
}

static int do_image_link(void)
{
    return removed_again(told(link("models/iris/1.fgm", "jobs/image")), "jobs/image");
}

static int do_settings_write(void)
{
    return opened("forestgate.conf", O_WRONLY);
}

static int do_settings_remove(void)
{
    return made_again(told(unlink("forestgate.conf")), "forestgate.conf");
}

static int do_settings_replace(void)
{
    int how = told(rename("seats", "forestgate.conf"));

    return made_again(how, "seats");
}

static int do_settings_move(void)
{
    return opened("models/.incoming/conf", O_WRONLY | O_CREAT) == DONE
               ? told(rename("models/.incoming/conf", "forestgate.conf"))
               : SICK;
}

static int do_secret_write(void)
{
    return opened("secrets/key.secret", O_WRONLY);
}

static int do_secret_remove(void)
{
    return made_again(told(unlink("secrets/token.secret")), "secrets/token.secret");
}

static int do_make(void)
{
    return removed_again(opened("new", O_WRONLY | O_CREAT), "new");
}

static int do_special(void)
{
    return removed_again(told(mknod("jobs/pipe", S_IFIFO | 0600, 0)), "jobs/pipe");
}

static int do_symlink(void)
{
    return removed_again(told(symlink("/etc/passwd", "jobs/in")), "jobs/in");
}

static int do_log_cut(void)
{
    return opened("logs/access.log", O_WRONLY | O_TRUNC);
}

static int do_log_remove(void)
{
    return made_again(told(unlink("logs/access.log")), "logs/access.log");
}

static int do_error_cut(void)
{
    int fd = open("jobs/error", O_RDWR | O_CREAT, 0600), how = SICK;

    if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0)
        how = told(ftruncate(STDERR_FILENO, 0));
    return removed_again(how, "jobs/error");
}

/* Lines of the log taken away by what is no write and no cut. */
static int do_log_hole(void)
{
    int fd = open("logs/access.log", O_WRONLY);

    return fd < 0 ? SICK
                  : told(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
}

/* ---- what is left for other users of the machine ---- */

static int do_program_make(void)
{
    int fd = open("jobs/program", O_WRONLY | O_CREAT, 04711);

    return removed_again(told(fd), "jobs/program");
}

static int do_program_mode(void)
{
    int fd = open("jobs/program", O_WRONLY | O_CREAT, 0600);

    return fd < 0 ? SICK : removed_again(told(fchmod(fd, 04711)), "jobs/program");
}

static int do_home_mode(void)
{
    int fd = open(".", O_RDONLY | O_DIRECTORY), how = told(fchmod(fd, 0777));

    if (how == DONE)
        fchmod(fd, 0700);
    return fd < 0 ? SICK : how;
}

static int do_secret_mode(void)
{
    int fd = open("secrets/key.secret", O_RDONLY), how = told(fchmod(fd, 0604));

    if (how == DONE)
        fchmod(fd, 0600);
    return fd < 0 ? SICK : how;
}

static int do_shared_directory(void)
{
    int how = told(mkdir("models/open", 0777));

    if (how == DONE)
        rmdir("models/open");
    return how;
}

static int do_open_many(void)
{
    int fd = 0;

    for (int i = 0; i < 1000 && fd >= 0; i++)
        fd = open(".", O_PATH);
    return told(fd);
}

/* ---- what is done ---- */

static int do_jobs(void)
{
    char link[64];
    int fd = open("jobs", O_TMPFILE | O_RDWR, 0600);

    if (fd < 0 || write(fd, "x", 1) != 1)
        return REFUSED;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, link, AT_FDCWD, "jobs/named", AT_SYMLINK_FOLLOW) == 0 &&
                   opened("jobs/named", O_WRONLY | O_TRUNC) == DONE && unlink("jobs/named") == 0
               ? DONE
               : REFUSED;
}

static int do_publish(void)
{
    mkdir("models/other", 0700);
    return opened("models/.incoming/x", O_WRONLY | O_CREAT) == DONE &&
                   rename("models/.incoming/x", "models/other/1.fgm") == 0 &&
                   unlink("models/other/1.fgm") == 0 && rmdir("models/other") == 0
               ? DONE
               : REFUSED;
}

static int do_log(void)
{
    return unlink("logs/none") != 0 &&
                   opened("logs/access.log", O_WRONLY | O_APPEND | O_CREAT) == DONE &&
                   opened("logs/next.log", O_WRONLY | O_APPEND | O_CREAT) == DONE
               ? DONE
               : REFUSED;
}

static int do_read(void)
{
    return opened("forestgate.conf", O_RDONLY) == DONE &&
                   opened("secrets/token.secret", O_RDONLY) == DONE &&
                   opened("models/iris/1.fgm", O_RDONLY) == DONE
               ? DONE
               : REFUSED;
}

static int do_change(void)
{
    struct db *work;
    struct reason why;
    enum result result = home_work(&own, &work, &why);

    if (result == RESULT_OK)
        result = db_begin(work, &why);
    if (result == RESULT_OK)
        result = db_commit(work, &why);
    if (result == RESULT_OK)
        result = home_change_begin(&own, &why);
    if (result == RESULT_OK)
        result = home_change_end(&own, RESULT_OK, &why);
    home_close(&own);
    return result == RESULT_OK ? DONE : REFUSED;
}

static int do_place(void)
{
    return opened("lock", O_RDWR | O_CREAT) == DONE &&
                   opened("hashing", O_RDWR | O_CREAT) == DONE &&
                   opened("bulk", O_RDWR | O_CREAT) == DONE &&
                   opened("audit.head", O_RDWR) == DONE
               ? DONE
               : REFUSED;
}

static int do_kill_child(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);

    /* Not sent to the parent, but looked at: a descriptor that is none is found out last. */
    if (pidfd < 0)
        return REFUSED;
    syscall(SYS_pidfd_send_signal, -1, SIGKILL, NULL, 0);
    return errno == EBADF ? DONE : REFUSED;
}

static int do_abort(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    abort();
}

#endif
