/*
 * epoch.c: one counter, shared by every process of a home.
 */
#include "gate/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the counter is shared between processes");

struct epoch {
    _Atomic uint64_t *number;
    uint64_t mine; /* the odd number of the last change that was begun here */
    int fd;
};

enum result epoch_make(const char *path, struct reason *why)
{
    /* Above every number that a file before this one has had: see gate/ledger.h. */
    const uint64_t first = (uint64_t)clock_wall_us() & ~UINT64_C(1);

    if (access(path, F_OK) == 0)
        return RESULT_OK;
    return file_write_atomic(path, &first, sizeof(first), 0600, why);
}

enum result epoch_open(const char *path, bool change, struct epoch **out, struct reason *why)
{
    int protection = change ? PROT_READ | PROT_WRITE : PROT_READ;
    enum result result = RESULT_OK;
    struct epoch *epoch = NULL;
    void *map = MAP_FAILED;
    struct stat st;
    int fd;

    *out = NULL;
    fd = open(path, (change ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0)
        return reason_errno(why, "%s", path);
    if (fstat(fd, &st) != 0 || st.st_size != sizeof(uint64_t))
        result = reason_set(why, RESULT_MALFORMED, "%s: it must have %zu bytes", path,
                            sizeof(uint64_t));
    else if ((map = mmap(NULL, sizeof(uint64_t), protection, MAP_SHARED, fd, 0)) == MAP_FAILED)
        result = reason_errno(why, "%s", path);
    else if ((epoch = calloc(1, sizeof(*epoch))) == NULL)
        result = reason_set(why, RESULT_NOMEM, "no memory for %s", path);
    if (epoch != NULL) {
        epoch->number = map;
        epoch->fd = fd;
    } else {
        if (map != MAP_FAILED)
            munmap(map, sizeof(uint64_t));
        close(fd);
    }
    *out = epoch;
    return result;
}

void epoch_close(struct epoch *epoch)
{
    if (epoch == NULL)
        return;
    munmap((void *)epoch->number, sizeof(uint64_t));
    close(epoch->fd);
    free(epoch);
}

uint64_t epoch_read(const struct epoch *epoch)
{
    return atomic_load_explicit(epoch->number, memory_order_acquire);
}

bool epoch_is_settled(uint64_t number)
{
    return (number & 1) == 0;
}

void epoch_begin(struct epoch *epoch)
{
    epoch->mine = (atomic_load(epoch->number) + 1) | 1;
    atomic_store(epoch->number, epoch->mine);
}

void epoch_end(struct epoch *epoch)
{
    uint64_t mine = epoch->mine;

    atomic_compare_exchange_strong(epoch->number, &mine, mine + 1);
}

bool epoch_is_orphan(const struct epoch *epoch)
{
    struct stat st;

    return fstat(epoch->fd, &st) != 0 || st.st_nlink == 0;
}
