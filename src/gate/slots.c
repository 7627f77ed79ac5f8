/*
 * slots.c: work of which only a few processes of a home may do some at once.
 */
#include "gate/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum result slots_take(const struct home *home, const char *file, int64_t slots,
                       const char *busy, int *slot, struct reason *why)
{
    int64_t workers = home->config.workers;
    enum result result;

    *slot = -1;
    if (home->role == DB_CLI)
        return RESULT_OK;
    if (workers >= 2 && slots >= workers)
        slots = workers - 1;
    *slot = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*slot < 0)
        return reason_errno(why, "%s", file);
    for (int64_t i = 0; i < slots; i++) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1};

        if (fcntl(*slot, F_OFD_SETLK, &lock) == 0)
            return RESULT_OK;
        if (errno != EAGAIN && errno != EACCES)
            break;
    }
    result = errno != EAGAIN && errno != EACCES ? reason_errno(why, "locking %s", file)
                                                : reason_set(why, RESULT_BUSY, "%s", busy);
    close(*slot);
    *slot = -1;
    return result;
}

void slots_give(int slot)
{
    if (slot >= 0)
        close(slot);
}
