/*
 * filter.c: which system calls a process can still make.
 *
 * The lists name them for every architecture that libseccomp knows; what one does not have is
 * left out there.  The kernel remembers which calls pass whatever their arguments, so that
 * those on the first list cost next to nothing.
 */
#include "base/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>

enum {
    GIVEN_LAST = 2,          /* standard error */
    DESCRIPTORS_MOST = 1024, /* as many as any of them may have: gate/sandbox.c */
    SOCKET_TYPE = 0xf,       /* of what socket() takes, without its flags */
    KILL_PROCESS_LEVEL = 3,  /* of seccomp_api_get(): before it, a thread alone is ended */
    BINARY_TREE = 2
};

/* What each of them may, whatever the arguments. */
static const int needed[] = {
    /* bytes */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(preadv2),
    SCMP_SYS(pwritev2), SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(fadvise64), SCMP_SYS(fadvise64_64),
    SCMP_SYS(copy_file_range),
    /* descriptors */
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(flock), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64), SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6),
    SCMP_SYS(pselect6_time64),
    /* names, of which Landlock says where */
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat),
    SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(stat64),
    SCMP_SYS(lstat64), SCMP_SYS(fstat64), SCMP_SYS(fstatat64), SCMP_SYS(statfs),
    SCMP_SYS(fstatfs), SCMP_SYS(statfs64), SCMP_SYS(fstatfs64), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents), SCMP_SYS(getdents64),
    SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(umask), SCMP_SYS(utimensat),
    SCMP_SYS(utimensat_time64),
    /* memory */
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(msync), SCMP_SYS(brk),
    /* connections that were taken */
    SCMP_SYS(recvfrom), SCMP_SYS(recv), SCMP_SYS(recvmsg), SCMP_SYS(send), SCMP_SYS(sendto),
    SCMP_SYS(sendmsg), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
    /* waiting, and time */
    SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres), SCMP_SYS(clock_getres_time64), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(time), SCMP_SYS(times), SCMP_SYS(getrusage), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(restart_syscall),
    /* signals */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigtimedwait_time64),
    SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack),
    /* itself */
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getuid32), SCMP_SYS(geteuid32),
    SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(getrandom), SCMP_SYS(getrlimit),
    SCMP_SYS(ugetrlimit), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* What a worker may, and beside it a courier, who has none to take. */
static const int of_worker[] = {SCMP_SYS(accept), SCMP_SYS(accept4)};

static const int of_courier[] = {
    SCMP_SYS(connect),   SCMP_SYS(setsockopt),      SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),  SCMP_SYS(recvmmsg_time64), SCMP_SYS(pipe),
    SCMP_SYS(pipe2),     SCMP_SYS(eventfd2),        SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),      SCMP_SYS(epoll_pwait)};

/*
 * What nobody tries here but who has taken the process over, and so its end.  clone3() is not
 * among these: the C library asks for it first, and its flags lie where no filter looks.
 */
static const int deadly[] = {
    /* other programs and processes */
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp), SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_getfd), SCMP_SYS(setns), SCMP_SYS(unshare),
    /* who it is */
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid),
    SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
    SCMP_SYS(setgroups), SCMP_SYS(setuid32), SCMP_SYS(setgid32), SCMP_SYS(setreuid32),
    SCMP_SYS(setregid32), SCMP_SYS(setresuid32), SCMP_SYS(setresgid32), SCMP_SYS(setfsuid32),
    SCMP_SYS(setfsgid32), SCMP_SYS(setgroups32), SCMP_SYS(capset), SCMP_SYS(personality),
    /* the system */
    SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(move_mount),
    SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(open_by_handle_at), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
    SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd), SCMP_SYS(reboot), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(iopl),
    SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(syslog), SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
    SCMP_SYS(clock_settime64), SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_adjtime64), SCMP_SYS(stime),
    /* connections of its own */
    SCMP_SYS(listen)};

static const int deadly_but_to_couriers[] = {SCMP_SYS(socket), SCMP_SYS(socketpair),
                                             SCMP_SYS(connect), SCMP_SYS(bind)};

/*
 * What fcntl() may: flags and locks.  Not among them is who gets a signal, and which, when
 * there is something to read (F_SETOWN, F_SETSIG): that would be kill() by another name.
 */
static const int descriptor_commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
                                          F_SETLKW,
                                          /* the same for large files, on 32 bits */
                                          12, 13, 14, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};

/* What a mode must not have: who made a file for others could have them execute it as himself.
 */
enum {
    SPECIAL_BITS = 07000,
    EXECUTE_BITS = 0111,
    OTHERS_BITS = 077
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* A filter that is being made; its error is sticky. */
struct making {
    scmp_filter_ctx filter;
    uint32_t death;
    int error; /* 0, or as errno has it, negative */
};

static void keep_error(struct making *making, int error)
{
    if (making->error == 0)
        making->error = error;
}

static void rules_add(struct making *making, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; making->error == 0 && i < count; i++)
        keep_error(making, seccomp_rule_add(making->filter, action, calls[i], 0));
}

/* One call, where an argument has these bits of a mask. */
static void rule_masked(struct making *making, uint32_t action, int call, unsigned argument,
                        uint64_t mask, uint64_t bits)
{
    struct scmp_arg_cmp compare = SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, bits);

    keep_error(making, seccomp_rule_add_array(making->filter, action, call, 1, &compare));
}

static void rule_equal(struct making *making, int call, unsigned argument, uint64_t value)
{
    rule_masked(making, SCMP_ACT_ALLOW, call, argument, UINT32_MAX, value);
}

/* Memory is written to or executed; a courier's libraries are read from files as executable. */
static void memory_rules(struct making *making, enum filter_kind kind)
{
    static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};
    uint64_t mask = kind == FILTER_COURIER ? PROT_EXEC | PROT_WRITE : PROT_EXEC;

    for (size_t i = 0; i < COUNT(maps); i++) {
        rule_masked(making, SCMP_ACT_ALLOW, maps[i], 2, PROT_EXEC, 0);
        if (kind == FILTER_COURIER)
            rule_masked(making, SCMP_ACT_ALLOW, maps[i], 2, mask, PROT_EXEC);
        rule_masked(making, SCMP_ACT_ERRNO(EPERM), maps[i], 2, mask, mask);
    }
    rule_masked(making, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
    rule_masked(making, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 2, PROT_EXEC, PROT_EXEC);
}

/*
 * Nothing that Landlock lets be made or changed is more than its owner's: no program that takes
 * his place (set-user-ID), and no home that others may enter.
 */
static void mode_rules(struct making *making)
{
    static const struct {
        int call;
        unsigned argument;
        uint64_t never;
    } modes[] = {
        {SCMP_SYS(open), 2, SPECIAL_BITS | EXECUTE_BITS},
        {SCMP_SYS(openat), 3, SPECIAL_BITS | EXECUTE_BITS},
        {SCMP_SYS(mkdir), 1, SPECIAL_BITS | OTHERS_BITS},
        {SCMP_SYS(mkdirat), 2, SPECIAL_BITS | OTHERS_BITS},
        {SCMP_SYS(fchmod), 1, SPECIAL_BITS | EXECUTE_BITS | OTHERS_BITS},
    };

    for (size_t i = 0; i < COUNT(modes); i++)
        rule_masked(making, SCMP_ACT_ALLOW, modes[i].call, modes[i].argument, modes[i].never,
                    0);
}

/* A call on a descriptor, but for the three that it was started with. */
static void rule_not_given(struct making *making, int call)
{
    rule_equal(making, call, 0, GIVEN_LAST + 1);
    for (uint64_t bit = GIVEN_LAST + 2; bit < DESCRIPTORS_MOST; bit <<= 1)
        rule_masked(making, SCMP_ACT_ALLOW, call, 0, bit, bit);
}

/*
 * The socket that workers share outlives each of them, and so would what was done to it, and
 * standard error may be the front's log.  They have no other numbers, as they are not
 * duplicated.
 */
static void given_rules(struct making *making)
{
    static const int calls[] = {SCMP_SYS(shutdown), SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64),
                                SCMP_SYS(dup),      SCMP_SYS(dup2),      SCMP_SYS(dup3)};

    for (size_t i = 0; i < COUNT(calls); i++)
        rule_not_given(making, calls[i]);
}

/* Of a connection that was taken, how long it may be silent, and that nothing waits for more.
 */
static void option_rules(struct making *making)
{
    static const struct {
        uint64_t level, option;
    } options[] = {
        {SOL_SOCKET, SO_RCVTIMEO}, {SOL_SOCKET, SO_SNDTIMEO}, {IPPROTO_TCP, TCP_NODELAY}};

    for (size_t i = 0; i < COUNT(options); i++) {
        const struct scmp_arg_cmp is[] = {
            SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, UINT32_MAX, options[i].level),
            SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, UINT32_MAX, options[i].option)};

        keep_error(making, seccomp_rule_add_array(making->filter, SCMP_ACT_ALLOW,
                                                  SCMP_SYS(setsockopt), COUNT(is), is));
    }
}

static void descriptor_rules(struct making *making)
{
    given_rules(making);
    for (size_t i = 0; i < COUNT(descriptor_commands); i++) {
        rule_equal(making, SCMP_SYS(fcntl), 1, (uint64_t)descriptor_commands[i]);
        rule_equal(making, SCMP_SYS(fcntl64), 1, (uint64_t)descriptor_commands[i]);
    }
    rule_equal(making, SCMP_SYS(fallocate), 1, 0); /* room alone: no byte that is there goes */
}

/* Itself may be asked and ended, and nobody else. */
static void own_rules(struct making *making)
{
    const struct scmp_arg_cmp asks[] = {SCMP_A0(SCMP_CMP_EQ, 0, 0), SCMP_A2(SCMP_CMP_EQ, 0, 0)};

    rule_equal(making, SCMP_SYS(tgkill), 0, (uint32_t)getpid());
    keep_error(making, seccomp_rule_add_array(making->filter, SCMP_ACT_ALLOW,
                                              SCMP_SYS(prlimit64), COUNT(asks), asks));
    rule_equal(making, SCMP_SYS(ioctl), 1, TCGETS); /* isatty(), which stdio asks */
}

/*
 * Out to the network, and to no program of this machine that listens at a path: the workers'
 * own socket, where it would be believed about addresses, or that of whoever starts programs
 * for this user.  A pair of streams is connected to itself and leads nowhere.
 */
static void courier_rules(struct making *making)
{
    static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};

    rules_add(making, SCMP_ACT_ALLOW, of_courier, COUNT(of_courier));
    for (size_t i = 0; i < COUNT(families); i++)
        rule_equal(making, SCMP_SYS(socket), 0, (uint64_t)families[i]);
    rule_masked(making, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SOCKET_TYPE, SOCK_STREAM);
    rule_equal(making, SCMP_SYS(ioctl), 1, FIONBIO);
    rule_equal(making, SCMP_SYS(ioctl), 1, FIONREAD);
    /* The C library binds the netlink socket that it asks for addresses with. */
    rules_add(making, SCMP_ACT_ALLOW, (const int[]){SCMP_SYS(bind)}, 1);
    rule_masked(making, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
    rule_masked(making, making->death, SCMP_SYS(clone), 0, CLONE_THREAD, 0);
}

static void kind_rules(struct making *making, enum filter_kind kind)
{
    if (kind == FILTER_COURIER) {
        courier_rules(making);
        return;
    }
    rules_add(making, making->death, deadly_but_to_couriers, COUNT(deadly_but_to_couriers));
    rules_add(making, making->death, (const int[]){SCMP_SYS(clone)}, 1);
    option_rules(making);
    if (kind == FILTER_WORKER) {
        rules_add(making, SCMP_ACT_ALLOW, of_worker, COUNT(of_worker));
        return;
    }
    rules_add(making, SCMP_ACT_ALLOW, (const int[]){SCMP_SYS(pidfd_open)}, 1);
    rule_equal(making, SCMP_SYS(pidfd_send_signal), 1, SIGKILL);
}

static void filter_make(struct making *making, enum filter_kind kind)
{
    keep_error(making,
               seccomp_attr_set(making->filter, SCMP_FLTATR_ACT_BADARCH, making->death));
    keep_error(making, seccomp_attr_set(making->filter, SCMP_FLTATR_CTL_NNP, 0));
    keep_error(making, seccomp_attr_set(making->filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE));
    rules_add(making, SCMP_ACT_ALLOW, needed, COUNT(needed));
    rules_add(making, making->death, deadly, COUNT(deadly));
    kind_rules(making, kind);
    mode_rules(making);
    descriptor_rules(making);
    memory_rules(making, kind);
    own_rules(making);
}

bool filter_is_there(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

enum result filter_enter(enum filter_kind kind, struct reason *why)
{
    struct making making = {.death = SCMP_ACT_KILL_PROCESS};

    if (!filter_is_there())
        return reason_set(why, RESULT_MISSING, "this kernel does not filter system calls");
    if (seccomp_api_get() < KILL_PROCESS_LEVEL)
        making.death = SCMP_ACT_KILL_THREAD;
    making.filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (making.filter == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for a filter of system calls");
    filter_make(&making, kind);
    if (making.error == 0)
        keep_error(&making, seccomp_load(making.filter));
    seccomp_release(making.filter);
    if (making.error == 0)
        return RESULT_OK;
    return reason_set(why, RESULT_FAILED, "system calls are not filtered: %s",
                      strerror(-making.error));
}
