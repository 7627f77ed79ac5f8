/*
 * seats.c: the processes that have something of the home in hand.
 *
 * A seat is taken by its lock first, then by its token; so no two processes ever write the
 * same one, and one whose lock is free has nobody, whatever stands in it.  Byte 0 of the file
 * is not a seat's lock but that of its making.
 */
#include "gate/seats.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"

enum {
    NOBODY = -1,
    NS_A_MS = 1000000
};

struct seat {
    _Atomic int64_t token; /* 0: nobody's */
    _Atomic int64_t holds;
    _Atomic uint64_t beats;
    _Atomic uint32_t kind;
    _Atomic int32_t pid;
    _Atomic uint64_t pids; /* whose number it is: the inode of the process's pid namespace */
};

/* The file.  All zero is an empty one. */
struct seats_file {
    _Atomic uint32_t bell;
    uint32_t unused[15];
    struct seat seats[SEATS_MAX];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the seats are shared between processes");

struct seats {
    struct seats_file *file;
    int fd;
    int own; /* the seat of this process, or NOBODY */
    int64_t token;
};

/*
 * Gives the file its size.  Its blocks are there before it is used: no full disk is met in
 * mapped memory.  Where a file system cannot do that at once it is done block by block, which
 * nobody is to see half way.
 */
static enum result file_fill(const struct seats *seats, const char *path, struct reason *why)
{
    struct flock making = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    enum result result = RESULT_OK;
    struct stat st;

    if (fcntl(seats->fd, F_OFD_SETLKW, &making) != 0 || fstat(seats->fd, &st) != 0)
        return reason_errno(why, "%s", path);
    if (st.st_size == 0 && (errno = posix_fallocate(seats->fd, 0, sizeof(*seats->file))) != 0)
        result = reason_errno(why, "%s", path);
    else if (st.st_size != 0 && st.st_size != sizeof(struct seats_file))
        result = reason_set(why, RESULT_MALFORMED, "%s: it must have %zu bytes", path,
                            sizeof(struct seats_file));
    making.l_type = F_UNLCK;
    fcntl(seats->fd, F_OFD_SETLK, &making);
    return result;
}

static enum result file_map(struct seats *seats, const char *path, struct reason *why)
{
    enum result result;
    struct stat st;
    void *map;

    seats->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (seats->fd < 0 || fstat(seats->fd, &st) != 0)
        return reason_errno(why, "%s", path);
    if (st.st_size != sizeof(struct seats_file) &&
        (result = file_fill(seats, path, why)) != RESULT_OK)
        return result;
    map = mmap(NULL, sizeof(*seats->file), PROT_READ | PROT_WRITE, MAP_SHARED, seats->fd, 0);
    if (map == MAP_FAILED)
        return reason_errno(why, "%s", path);
    seats->file = map;
    return RESULT_OK;
}

enum result seats_open(const char *path, struct seats **out, struct reason *why)
{
    struct seats *seats = calloc(1, sizeof(*seats));
    enum result result;

    *out = NULL;
    if (seats == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for %s", path);
    seats->own = NOBODY;
    result = file_map(seats, path, why);
    if (result == RESULT_OK)
        *out = seats;
    else
        seats_close(seats);
    return result;
}

static struct flock lock_of(int seat, short type)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = 1 + seat, .l_len = 1};
}

static bool lock_take(const struct seats *seats, int seat)
{
    struct flock lock = lock_of(seat, F_WRLCK);

    return fcntl(seats->fd, F_OFD_SETLK, &lock) == 0;
}

static void lock_give(const struct seats *seats, int seat)
{
    struct flock lock = lock_of(seat, F_UNLCK);

    fcntl(seats->fd, F_OFD_SETLK, &lock);
}

/* Whether a process has the lock; where that cannot be found out nobody is taken for dead. */
static bool lives(const struct seats *seats, int seat)
{
    struct flock lock = lock_of(seat, F_WRLCK);

    if (seat == seats->own)
        return true;
    return fcntl(seats->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

static void give_back(struct seats *seats)
{
    int64_t token = seats->token;

    if (seats->own == NOBODY)
        return;
    atomic_compare_exchange_strong(&seats->file->seats[seats->own].token, &token, 0);
    lock_give(seats, seats->own);
    seats->own = NOBODY;
    seats->token = 0;
}

void seats_close(struct seats *seats)
{
    if (seats == NULL)
        return;
    if (seats->file != NULL) {
        give_back(seats);
        munmap(seats->file, sizeof(*seats->file));
    }
    if (seats->fd >= 0)
        close(seats->fd);
    free(seats);
}

/* Whether a seat, whose lock is ours, has things that a dead runner left. */
static bool is_kept(const struct seat *seat)
{
    return atomic_load(&seat->token) != 0 && atomic_load(&seat->kind) == SEAT_RUNNER;
}

static int64_t token_new(void)
{
    int64_t token;

    do {
        secret_random(&token, sizeof(token));
        token &= INT64_MAX;
    } while (token == 0);
    return token;
}

/* 0 where that is not told. */
static uint64_t namespace_of_pids(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

enum result seats_take(struct seats *seats, enum seat_kind kind, struct reason *why)
{
    give_back(seats);
    for (int i = 0; i < SEATS_MAX; i++) {
        struct seat *seat = &seats->file->seats[i];

        if (is_kept(seat) || !lock_take(seats, i))
            continue;
        if (is_kept(seat)) { /* its process took it and died since it was looked at */
            lock_give(seats, i);
            continue;
        }
        atomic_store(&seat->token, 0);
        atomic_store(&seat->holds, 0);
        atomic_store(&seat->kind, kind);
        atomic_store(&seat->pid, getpid());
        atomic_store(&seat->pids, namespace_of_pids());
        seats->own = i;
        seats->token = token_new();
        atomic_store(&seat->token, seats->token);
        return RESULT_OK;
    }
    return reason_set(why, RESULT_FULL, "all %d seats are taken", SEATS_MAX);
}

int64_t seats_token(const struct seats *seats)
{
    return seats->token;
}

void seats_hold(struct seats *seats, int64_t what)
{
    if (seats->own != NOBODY)
        atomic_store(&seats->file->seats[seats->own].holds, what);
}

void seats_beat(struct seats *seats)
{
    if (seats->own != NOBODY)
        atomic_fetch_add(&seats->file->seats[seats->own].beats, 1);
}

/* False: it is nobody's. */
static bool view_of(const struct seats *seats, int i, struct seat_view *view)
{
    const struct seat *seat = &seats->file->seats[i];

    *view = (struct seat_view){
        .token = atomic_load(&seat->token),
        .kind = (enum seat_kind)atomic_load(&seat->kind),
        .beats = atomic_load(&seat->beats),
    };
    if (view->token == 0)
        return false;
    view->lives = lives(seats, i);
    view->holds = atomic_load(&seat->holds); /* after that: the dead change nothing */
    return atomic_load(&seat->token) == view->token;
}

bool seats_find(struct seats *seats, int64_t token, struct seat_view *view)
{
    for (int i = 0; i < SEATS_MAX; i++)
        if (atomic_load(&seats->file->seats[i].token) == token)
            return view_of(seats, i, view);
    return false;
}

void seats_each(struct seats *seats, void (*each)(void *arg, const struct seat_view *view),
                void *arg)
{
    struct seat_view view;

    for (int i = 0; i < SEATS_MAX; i++)
        if (view_of(seats, i, &view))
            each(arg, &view);
}

void seats_clear(struct seats *seats, int64_t token)
{
    for (int i = 0; i < SEATS_MAX; i++) {
        int64_t expected = token;

        atomic_compare_exchange_strong(&seats->file->seats[i].token, &expected, 0);
    }
}

bool seats_is_lost(const struct seats *seats)
{
    return seats->own != NOBODY &&
           atomic_load(&seats->file->seats[seats->own].token) != seats->token;
}

/*
 * The process is got hold of first and then looked at again: so its number, if it became
 * another's, is another's no more by the time it is used.
 */
static bool kill_at(const struct seats *seats, int i, int64_t token)
{
    const struct seat *seat = &seats->file->seats[i];
    uint64_t pids = atomic_load(&seat->pids);
    bool killed;
    int process;

    if (pids == 0 || pids != namespace_of_pids() || i == seats->own)
        return false;
    process = (int)syscall(SYS_pidfd_open, atomic_load(&seat->pid), 0);
    if (process < 0)
        return false;
    killed = atomic_load(&seat->token) == token && lives(seats, i) &&
             syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) == 0;
    close(process);
    return killed;
}

bool seats_kill(struct seats *seats, int64_t token)
{
    for (int i = 0; i < SEATS_MAX; i++)
        if (atomic_load(&seats->file->seats[i].token) == token)
            return kill_at(seats, i, token);
    return false;
}

uint32_t seats_bell(const struct seats *seats)
{
    return atomic_load(&seats->file->bell);
}

void seats_ring(struct seats *seats)
{
    atomic_fetch_add(&seats->file->bell, 1);
    syscall(SYS_futex, &seats->file->bell, FUTEX_WAKE, SEATS_MAX, NULL, NULL, 0);
}

bool seats_wait(struct seats *seats, uint32_t bell, int timeout_ms)
{
    const struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * (long)NS_A_MS};

    return syscall(SYS_futex, &seats->file->bell, FUTEX_WAIT, bell, &timeout, NULL, 0) == 0 ||
           errno != ETIMEDOUT;
}

bool seats_is_orphan(const struct seats *seats)
{
    struct stat st;

    return fstat(seats->fd, &st) != 0 || st.st_nlink == 0;
}
