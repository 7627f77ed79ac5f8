/*
 * fence.c: which files a process can still open, by Landlock.
 *
 * There is no library for it and the headers are older than the kernels, so what is handed to
 * the kernel is written out here, by landlock(7) and linux/landlock.h of Linux 6.12.
 */
#include "base/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

enum {
    ASK_VERSION = 1 << 0,
    RULE_BENEATH = 1
};

/* Bits of what is done to files. */
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    OF_ANY_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    BIND_TCP = 1 << 0,
    CONNECT_TCP = 1 << 1,
    ABSTRACT_SOCKETS = 1 << 0,
    SIGNALS = 1 << 1
};

/* What a kernel is handed; an older one is handed less of it. */
struct ruleset {
    uint64_t files;
    uint64_t network; /* since FENCE_NETWORK */
    uint64_t scopes;  /* since FENCE_SIGNALS */
};

struct rule_beneath {
    uint64_t files;
    int32_t fd;
} __attribute__((packed));

static uint64_t files_of(int version)
{
    uint64_t files = REFER - 1;

    if (version >= FENCE_MOVES)
        files |= REFER;
    if (version >= FENCE_CUTS)
        files |= TRUNCATE;
    if (version >= FENCE_DEVICES)
        files |= IOCTL_DEV;
    return files;
}

static size_t size_of(int version)
{
    if (version >= FENCE_SIGNALS)
        return sizeof(struct ruleset);
    return version >= FENCE_NETWORK ? offsetof(struct ruleset, scopes)
                                    : offsetof(struct ruleset, network);
}

int fence_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

    return version > 0 ? (int)version : FENCE_NONE;
}

enum result fence_begin(const struct fence_plan *plan, struct fence *fence, struct reason *why)
{
    struct ruleset ruleset = {
        .network = (plan->connects ? 0 : CONNECT_TCP) | BIND_TCP,
        .scopes = (plan->signals ? 0 : SIGNALS) | ABSTRACT_SOCKETS,
    };

    fence->version = fence_version();
    fence->fd = -1;
    if (fence->version == FENCE_NONE)
        return reason_set(why, RESULT_MISSING, "this kernel has no Landlock, or it is off");
    ruleset.files = fence->files = files_of(fence->version);
    fence->fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size_of(fence->version), 0);
    return fence->fd >= 0 ? RESULT_OK : reason_errno(why, "Landlock");
}

static uint64_t bits_of(unsigned rights)
{
    static const struct {
        unsigned right;
        uint64_t bits;
    } table[] = {
        {FENCE_READ, READ_FILE | READ_DIR},
        {FENCE_WRITE, WRITE_FILE},
        {FENCE_CUT, TRUNCATE},
        {FENCE_MAKE, MAKE_REG},
        {FENCE_REMOVE, REMOVE_FILE},
        {FENCE_DIRS, MAKE_DIR | REMOVE_DIR},
        {FENCE_MOVE, REFER},
    };
    uint64_t bits = 0;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if ((rights & table[i].right) != 0)
            bits |= table[i].bits;
    return bits;
}

enum result fence_allow(struct fence *fence, const char *path, unsigned rights,
                        struct reason *why)
{
    struct rule_beneath rule = {.files = bits_of(rights) & fence->files};
    enum result result = RESULT_OK;
    struct stat st;

    rule.fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.fd < 0 || fstat(rule.fd, &st) != 0) {
        reason_errno(why, "%s", path);
        result = RESULT_MISSING;
    } else {
        if (!S_ISDIR(st.st_mode))
            rule.files &= OF_ANY_FILE;
        if (syscall(SYS_landlock_add_rule, fence->fd, RULE_BENEATH, &rule, 0) != 0)
            result = reason_errno(why, "Landlock: %s", path);
    }
    if (rule.fd >= 0)
        close(rule.fd);
    return result;
}

enum result fence_close(struct fence *fence, struct reason *why)
{
    enum result result = RESULT_OK;

    if (syscall(SYS_landlock_restrict_self, fence->fd, 0) != 0)
        result = reason_errno(why, "Landlock");
    fence_drop(fence);
    return result;
}

void fence_drop(struct fence *fence)
{
    if (fence->fd >= 0)
        close(fence->fd);
    fence->fd = -1;
}
