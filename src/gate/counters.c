/*
 * counters.c: how many requests were answered and how, counted by all workers together.
 *
 * What a series is named is written once, under a lock on byte 0 of the file, before its state
 * says that it is there.  A process's place is told by a lock on a byte of its own, which the
 * kernel gives back when it dies; so one whose lock is free has nobody, whatever stands in it.
 */
#include "gate/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NOBODY = -1,
    NAMED = 64, /* room for enum counter and what it may grow by */
    STATUSES = 96,
    OPEN_TRIES = 16,
    LOCK_TRIES = 200,
    OTHERS = 0
};

/* A change of what stands here changes this, too. */
static const char magic[8] = "fgcnt\0\0\1";

/* The statuses that have a number of their own: from each first one on so many. */
static const struct {
    unsigned first, count;
} ranges[] = {{200, 16}, {300, 16}, {400, 52}, {500, 12}};

struct series {
    _Atomic uint32_t used;
    char name[COUNTERS_NAME_MAX + 1];
    uint32_t unused;
    _Atomic uint64_t statuses[STATUSES];
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_ns;
    uint64_t spare[24 - HISTOGRAM_BUCKETS - 1];
};

struct place {
    _Alignas(64) _Atomic uint32_t busy; /* a line of the cache for each */
};

struct counters_file {
    char magic[8];
    uint64_t bytes;
    _Atomic uint64_t named[NAMED];
    struct series series[COUNTERS_SERIES_MAX];
    struct place places[COUNTERS_PLACES];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the numbers are shared between processes");
_Static_assert((int)COUNTER__MAX <= (int)NAMED, "there is room for all");

struct counters {
    struct counters_file *file;
    int fd;
    int place; /* or NOBODY */
};

/* ---- the file ---- */

/* Byte 0 is of who makes something, and 1 + N of place N. */
static bool byte_lock(const struct counters *counters, int byte, short type, int command)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(counters->fd, command, &lock) == 0;
}

/*
 * The lock of who makes something, which is held for a moment only; whoever was stopped with it
 * in hand keeps nobody waiting for ever.
 */
static bool make_lock(const struct counters *counters)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < LOCK_TRIES; i++) {
        if (byte_lock(counters, 0, F_WRLCK, F_OFD_SETLK))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Its blocks are there before it is used: no full disk is met in mapped memory. */
static enum result file_fill(const struct counters *counters, const char *path,
                             struct reason *why)
{
    const struct counters_file *none = NULL;
    uint64_t bytes = sizeof(*none);

    if ((errno = posix_fallocate(counters->fd, 0, (off_t)bytes)) != 0 ||
        pwrite(counters->fd, &bytes, sizeof(bytes), offsetof(struct counters_file, bytes)) !=
            sizeof(bytes) ||
        pwrite(counters->fd, magic, sizeof(magic), 0) != sizeof(magic))
        return reason_errno(why, "%s", path);
    return RESULT_OK;
}

/* Under the lock: whether it is one of these, of the layout of this program. */
static bool file_is_good(const struct counters *counters, const struct stat *st)
{
    char found[sizeof(magic)];

    return st->st_size == sizeof(struct counters_file) &&
           pread(counters->fd, found, sizeof(found), 0) == sizeof(found) &&
           memcmp(found, magic, sizeof(magic)) == 0;
}

/*
 * Opens it, or makes it.  One that is none is taken away and made anew: who has it mapped
 * finds it gone.  RESULT_BUSY: it is to be tried again.
 */
static enum result file_open(struct counters *counters, const char *path, struct reason *why)
{
    enum result result = RESULT_OK;
    struct stat st;

    counters->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (counters->fd < 0 || !make_lock(counters) || fstat(counters->fd, &st) != 0)
        return reason_errno(why, "%s", path);
    if (st.st_nlink == 0) { /* another has just taken it away */
        result = reason_set(why, RESULT_BUSY, "%s is being made anew", path);
    } else if (st.st_size == 0) {
        result = file_fill(counters, path, why);
    } else if (!file_is_good(counters, &st)) {
        result = unlink(path) == 0 ? reason_set(why, RESULT_BUSY, "%s was damaged", path)
                                   : reason_errno(why, "%s", path);
    }
    byte_lock(counters, 0, F_UNLCK, F_OFD_SETLK);
    return result;
}

static void place_take(struct counters *counters)
{
    for (int i = 0; i < COUNTERS_PLACES; i++)
        if (byte_lock(counters, 1 + i, F_WRLCK, F_OFD_SETLK)) {
            counters->place = i;
            atomic_store(&counters->file->places[i].busy, 0);
            return;
        }
}

static enum result file_map(struct counters *counters, const char *path, int protection,
                            struct reason *why)
{
    void *map = mmap(NULL, sizeof(*counters->file), protection, MAP_SHARED, counters->fd, 0);

    if (map == MAP_FAILED)
        return reason_errno(why, "%s", path);
    counters->file = map;
    return RESULT_OK;
}

enum result counters_open(const char *path, struct counters **out, struct reason *why)
{
    struct counters *counters = calloc(1, sizeof(*counters));
    enum result result = RESULT_BUSY;

    *out = NULL;
    if (counters == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for %s", path);
    counters->fd = counters->place = NOBODY;
    for (int i = 0; result == RESULT_BUSY && i < OPEN_TRIES; i++) {
        if (counters->fd >= 0)
            close(counters->fd);
        result = file_open(counters, path, why);
    }
    if (result == RESULT_OK)
        result = file_map(counters, path, PROT_READ | PROT_WRITE, why);
    if (result != RESULT_OK) {
        counters_close(counters);
        return result;
    }
    place_take(counters);
    *out = counters;
    return RESULT_OK;
}

enum result counters_look(const char *path, struct counters **out, struct reason *why)
{
    struct counters *counters = calloc(1, sizeof(*counters));
    enum result result = RESULT_OK;
    struct stat st;

    *out = NULL;
    if (counters == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for %s", path);
    counters->place = NOBODY;
    counters->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (counters->fd < 0 || fstat(counters->fd, &st) != 0)
        result = reason_errno(why, "%s", path);
    else if (!file_is_good(counters, &st))
        result = reason_set(why, RESULT_MISSING, "%s: another version's", path);
    else
        result = file_map(counters, path, PROT_READ, why);
    if (result == RESULT_OK)
        *out = counters;
    else
        counters_close(counters);
    return result;
}

void counters_close(struct counters *counters)
{
    if (counters == NULL)
        return;
    if (counters->file != NULL)
        munmap(counters->file, sizeof(*counters->file));
    if (counters->fd >= 0)
        close(counters->fd); /* gives its place back */
    free(counters);
}

bool counters_is_orphan(const struct counters *counters)
{
    struct stat st;

    return counters != NULL && (fstat(counters->fd, &st) != 0 || st.st_nlink == 0);
}

/* ---- counting ---- */

/* Nobody waits for a number of these: the order in which others see them is free. */
static void add(_Atomic uint64_t *number, uint64_t more)
{
    atomic_fetch_add_explicit(number, more, memory_order_relaxed);
}

static uint64_t read_of(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void counters_add(struct counters *counters, enum counter counter)
{
    if (counters != NULL)
        add(&counters->file->named[counter], 1);
}

/* The number of a status among those of a series; the last of its class for one without. */
static size_t status_at(unsigned status)
{
    size_t at = 0;

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (status < ranges[i].first + 100 || i + 1 == sizeof(ranges) / sizeof(ranges[0])) {
            unsigned past = status > ranges[i].first ? status - ranges[i].first : 0;

            return at + (past < ranges[i].count ? past : ranges[i].count - 1);
        }
        at += ranges[i].count;
    }
    return at;
}

static bool is_used(const struct series *series)
{
    return atomic_load_explicit(&series->used, memory_order_acquire) != 0;
}

/* The series of this name, or the first that is free, COUNTERS_SERIES_MAX if none is. */
static size_t series_find(const struct counters *counters, const char *name)
{
    size_t i = OTHERS + 1;

    while (i < COUNTERS_SERIES_MAX && is_used(&counters->file->series[i]) &&
           strcmp(counters->file->series[i].name, name) != 0)
        i++;
    return i;
}

size_t counters_series(struct counters *counters, const char *name)
{
    struct series *series;
    size_t at;

    if (counters == NULL || strlen(name) > COUNTERS_NAME_MAX)
        return OTHERS;
    at = series_find(counters, name);
    if (at < COUNTERS_SERIES_MAX && is_used(&counters->file->series[at]))
        return at;
    if (!make_lock(counters))
        return OTHERS;
    at = series_find(counters, name); /* another may have made it */
    if (at < COUNTERS_SERIES_MAX && !is_used(&counters->file->series[at])) {
        series = &counters->file->series[at];
        memset(series->name, 0, sizeof(series->name));
        memcpy(series->name, name, strlen(name));
        atomic_store_explicit(&series->used, 1, memory_order_release);
    }
    byte_lock(counters, 0, F_UNLCK, F_OFD_SETLK);
    return at < COUNTERS_SERIES_MAX ? at : OTHERS;
}

void counters_request(struct counters *counters, size_t series, unsigned status, uint64_t ns)
{
    struct series *of;

    if (counters == NULL)
        return;
    of = &counters->file->series[series];
    add(&of->sum_ns, ns);
    add(&of->buckets[histogram_bucket(ns)], 1);
    add(&of->statuses[status_at(status)], 1);
}

void counters_busy(struct counters *counters, bool busy)
{
    if (counters != NULL && counters->place != NOBODY)
        atomic_store_explicit(&counters->file->places[counters->place].busy, busy,
                              memory_order_relaxed);
}

/* ---- reading ---- */

uint64_t counters_value(const struct counters *counters, enum counter counter)
{
    return counters != NULL ? read_of(&counters->file->named[counter]) : 0;
}

/* A place from `from` to before `to` that another process has, NOBODY if none: any of several.
 */
static int place_taken(const struct counters *counters, int from, int to)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 + from, .l_len = to - from};

    if (from >= to || fcntl(counters->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return NOBODY;
    return lock.l_start - 1 > from ? (int)lock.l_start - 1 : from;
}

static void worker_count(const struct counters *counters, int place, unsigned *workers,
                         unsigned *busy)
{
    ++*workers;
    *busy += atomic_load(&counters->file->places[place].busy) != 0;
}

/*
 * The kernel tells any lock that is in the way, in the order in which they came, so those on
 * both sides of it are asked for: two system calls for each worker.
 */
static void workers_count(const struct counters *counters, int from, int to, unsigned *workers,
                          unsigned *busy)
{
    const int place = place_taken(counters, from, to);

    if (place == NOBODY)
        return;
    worker_count(counters, place, workers, busy);
    workers_count(counters, from, place, workers, busy);
    workers_count(counters, place + 1, to, workers, busy);
}

void counters_workers(const struct counters *counters, unsigned *workers, unsigned *busy)
{
    *workers = *busy = 0;
    if (counters == NULL)
        return;
    workers_count(counters, 0, COUNTERS_PLACES, workers, busy);
    if (counters->place != NOBODY)
        worker_count(counters, counters->place, workers, busy);
}

const char *counters_series_name(const struct counters *counters, size_t series)
{
    if (counters == NULL || series >= COUNTERS_SERIES_MAX)
        return NULL;
    if (series == OTHERS)
        return "";
    return is_used(&counters->file->series[series]) ? counters->file->series[series].name
                                                    : NULL;
}

bool counters_status(const struct counters *counters, size_t series, size_t at,
                     unsigned *status, uint64_t *count)
{
    size_t past = at;

    if (at >= STATUSES)
        return false;
    *status = 0;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (past < ranges[i].count) {
            *status = ranges[i].first + (unsigned)past;
            break;
        }
        past -= ranges[i].count;
    }
    *count = read_of(&counters->file->series[series].statuses[at]);
    return true;
}

uint64_t counters_bucket(const struct counters *counters, size_t series, size_t bucket)
{
    return read_of(&counters->file->series[series].buckets[bucket]);
}

uint64_t counters_sum_ns(const struct counters *counters, size_t series)
{
    return read_of(&counters->file->series[series].sum_ns);
}
