/*
 * ledger_file.c: the ledger's file: how it is made, mapped and locked, and how what a dead
 * process has left is undone.
 */
#include "gate/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

/*
 * Bytes of the file, far behind its end, whose locks (of the open file, so that they end
 * with the process) say who does what.
 */
enum {
    LOCK_MAKE,  /* looks whether it must be made, and makes it */
    LOCK_USE,   /* shared by all who have it mapped */
    LOCK_DRAIN, /* drains */
    LOCK_SEATS  /* and from here on one byte for each seat */
};

#define LOCKS_AT ((off_t)1 << 40)

enum {
    WAIT_NS = 250000000, /* for the lock: a holder may have been stopped */
    SPINS = 200,
    PAGE = 4096,
};

static const char magic[8] = "fgledgr";

static enum result byte_lock(const struct ledger *ledger, int byte, short type, int command)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = LOCKS_AT + byte, .l_len = 1};
    int status;

    do
        status = fcntl(ledger->fd, command, &lock);
    while (status != 0 && errno == EINTR);
    return status == 0 ? RESULT_OK : RESULT_BUSY;
}

/* Whether another process has the byte. */
static bool byte_is_locked(const struct ledger *ledger, int byte)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKS_AT + byte, .l_len = 1};

    return fcntl(ledger->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* ---- the lock, and what a dead holder has left ---- */

void ledger_begin(struct ledger *ledger, uint32_t slot, uint32_t seat)
{
    struct ledger_header *header = ledger->header;
    struct ledger_undo *undo = &header->undo;

    undo->slot = slot;
    undo->seat = seat;
    if (slot != LEDGER_NONE)
        undo->slot_was = ledger->slots[slot];
    if (seat != LEDGER_NONE) {
        undo->seat_state = ledger->seats[seat].state;
        undo->seat_charged = ledger->seats[seat].charged;
    }
    undo->last = header->last;
    undo->open = header->open;
    LEDGER_STEP();
    undo->valid = 1;
    LEDGER_STEP();
}

void ledger_commit(struct ledger *ledger)
{
    LEDGER_STEP();
    ledger->header->undo.valid = 0;
    LEDGER_STEP();
}

void ledger_undo(struct ledger *ledger)
{
    struct ledger_header *header = ledger->header;
    const struct ledger_undo *undo = &header->undo;

    if (!undo->valid)
        return;
    if (undo->slot != LEDGER_NONE)
        ledger->slots[undo->slot] = undo->slot_was;
    LEDGER_STEP();
    if (undo->seat != LEDGER_NONE) {
        ledger->seats[undo->seat].state = undo->seat_state;
        ledger->seats[undo->seat].charged = undo->seat_charged;
    }
    LEDGER_STEP();
    header->last = undo->last;
    header->open = undo->open;
    ledger_commit(ledger);
}

void ledger_index_begin(struct ledger *ledger)
{
    ledger->header->rebuild++;
    LEDGER_STEP();
}

void ledger_index_end(struct ledger *ledger)
{
    LEDGER_STEP();
    ledger->header->rebuild--;
    LEDGER_STEP();
}

static void recover(struct ledger *ledger)
{
    ledger_undo(ledger);
    if (ledger->header->rebuild) {
        ledger_index_rebuild(ledger);
        LEDGER_STEP();
        ledger->header->rebuild = 0;
    }
}

/* First without a system call: the lock is held for a few hundred nanoseconds. */
static int mutex_take(pthread_mutex_t *mutex)
{
    struct timespec until;
    int error = EBUSY;

    for (int i = 0; i < SPINS && error == EBUSY; i++)
        error = pthread_mutex_trylock(mutex);
    if (error != EBUSY)
        return error;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
}

enum result ledger_lock(struct ledger *ledger, struct reason *why)
{
    struct ledger_header *header = ledger->header;
    int error = mutex_take(&header->mutex);
    uint64_t now;

    if (error == EOWNERDEAD) {
        recover(ledger);
        error = pthread_mutex_consistent(&header->mutex);
    }
    if (error != 0)
        return reason_set(why, RESULT_BUSY, "the ledger's lock was not to be had: %s",
                          strerror(error));
    LEDGER_STEP();
    now = ledger->clock.instant();
    if (now > header->now)
        header->now = now;
    return RESULT_OK;
}

void ledger_unlock(struct ledger *ledger)
{
    LEDGER_STEP();
    pthread_mutex_unlock(&ledger->header->mutex);
}

/* ---- seats ---- */

enum result ledger_sit(struct ledger *ledger, struct reason *why)
{
    enum result result;
    uint32_t seat = 0;

    while (seat < LEDGER_SEATS && !ledger_seat_seize(ledger, seat))
        seat++;
    if (seat == LEDGER_SEATS)
        return reason_set(why, RESULT_FULL,
                          "the ledger has no seat for one process more than %d", LEDGER_SEATS);
    LEDGER_STEP();
    result = ledger_lock(ledger, why);
    if (result != RESULT_OK) {
        ledger_seat_leave(ledger, seat);
        return result;
    }
    if (ledger->header->seats_high <= seat)
        ledger->header->seats_high = seat + 1;
    ledger_unlock(ledger);
    ledger->seat = seat; /* only now: a seat that nobody looks at is not to be used */
    return RESULT_OK;
}

bool ledger_seat_is_dead(const struct ledger *ledger, uint32_t seat)
{
    return !byte_is_locked(ledger, LOCK_SEATS + (int)seat);
}

bool ledger_seat_seize(struct ledger *ledger, uint32_t seat)
{
    return byte_lock(ledger, LOCK_SEATS + (int)seat, F_WRLCK, F_OFD_SETLK) == RESULT_OK;
}

void ledger_seat_leave(struct ledger *ledger, uint32_t seat)
{
    byte_lock(ledger, LOCK_SEATS + (int)seat, F_UNLCK, F_OFD_SETLK);
}

enum result ledger_drain_lock(struct ledger *ledger, struct reason *why)
{
    if (byte_lock(ledger, LOCK_DRAIN, F_WRLCK, F_OFD_SETLK) == RESULT_OK)
        return RESULT_OK;
    return reason_set(why, RESULT_BUSY, "another process brings the journal into the database");
}

bool ledger_drain_is_locked(const struct ledger *ledger)
{
    return byte_is_locked(ledger, LOCK_DRAIN);
}

void ledger_drain_unlock(struct ledger *ledger)
{
    byte_lock(ledger, LOCK_DRAIN, F_UNLCK, F_OFD_SETLK);
}

/* ---- the layout ---- */

static uint32_t power_of_two(int64_t most, uint32_t least)
{
    uint32_t value = least;

    while ((int64_t)value * 2 <= most)
        value *= 2;
    return value;
}

/*
 * A quarter is the journal's, an eighth the addresses', the rest the keys': half of that
 * their slots, half the rings of their windows.
 */
struct ledger_size ledger_size_for(int64_t bytes)
{
    return (struct ledger_size){
        .bytes = bytes,
        .journal = power_of_two(bytes / 4 / (int64_t)sizeof(struct ledger_record), 64),
        .addresses =
            power_of_two(bytes / 8 / (int64_t)sizeof(struct ledger_watched), LEDGER_WAYS),
    };
}

static uint64_t place(uint64_t *at, uint64_t bytes)
{
    uint64_t begin = *at;

    *at = (begin + bytes + PAGE - 1) / PAGE * PAGE;
    return begin;
}

static void layout_make(struct ledger_layout *layout, const struct ledger_size *size)
{
    uint64_t at = 0, rest;

    layout->journal = size->journal;
    layout->watched = size->addresses;
    place(&at, sizeof(struct ledger_header));
    layout->seats_at = place(&at, LEDGER_SEATS * sizeof(struct ledger_seat));
    layout->journal_at = place(&at, layout->journal * sizeof(struct ledger_record));
    layout->watched_at = place(&at, layout->watched * sizeof(struct ledger_watched));
    rest = (uint64_t)size->bytes > at + 16 * (uint64_t)PAGE ? (uint64_t)size->bytes - at
                                                            : 16 * (uint64_t)PAGE;
    layout->slots = (uint32_t)(rest / 2 / (sizeof(struct ledger_slot) + sizeof(uint32_t)));
    layout->units = (uint32_t)(rest / 2 / (LEDGER_UNIT_CELLS * sizeof(uint64_t)) / 64 * 64);
    layout->heads = power_of_two(layout->slots, 1);
    layout->heads_at = place(&at, layout->heads * sizeof(uint32_t));
    layout->slots_at = place(&at, layout->slots * sizeof(struct ledger_slot));
    layout->taken_at = place(&at, layout->units / 8);
    layout->rings_at =
        place(&at, (uint64_t)layout->units * LEDGER_UNIT_CELLS * sizeof(uint64_t));
    layout->bytes = at;
}

static uint32_t struct_bytes(void)
{
    return (uint32_t)(sizeof(struct ledger_header) * 31 + sizeof(struct ledger_seat) * 29 +
                      sizeof(struct ledger_slot) * 23 + sizeof(struct ledger_record) * 19 +
                      sizeof(struct ledger_watched) * 17 + sizeof(pthread_mutex_t));
}

/* ---- making and mapping ---- */

static void boot_id_read(char out[40])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, out, 36) : 0;

    out[got > 0 ? got : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

static void point_at(struct ledger *ledger, void *map)
{
    const struct ledger_layout *layout = &((struct ledger_header *)map)->layout;
    char *base = map;

    ledger->header = map;
    ledger->seats = (void *)(base + layout->seats_at);
    ledger->heads = (void *)(base + layout->heads_at);
    ledger->slots = (void *)(base + layout->slots_at);
    ledger->journal = (void *)(base + layout->journal_at);
    ledger->watched = (void *)(base + layout->watched_at);
    ledger->taken = (void *)(base + layout->taken_at);
    ledger->rings = (void *)(base + layout->rings_at);
}

static void unmap(struct ledger *ledger)
{
    if (ledger->header != NULL)
        munmap(ledger->header, ledger->header->layout.bytes);
    ledger->header = NULL;
}

static enum result map_bytes(struct ledger *ledger, const char *path, uint64_t bytes,
                             struct reason *why)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ledger->fd, 0);

    if (map == MAP_FAILED)
        return reason_errno(why, "%s", path);
    ledger->header = map;
    return RESULT_OK;
}

static enum result mutex_make(pthread_mutex_t *mutex, struct reason *why)
{
    pthread_mutexattr_t kind;
    int error = pthread_mutexattr_init(&kind);

    if (error == 0) {
        pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
        error = pthread_mutex_init(mutex, &kind);
        pthread_mutexattr_destroy(&kind);
    }
    return error == 0
               ? RESULT_OK
               : reason_set(why, RESULT_FAILED, "the ledger's lock: %s", strerror(error));
}

/*
 * Makes it anew in place.  The magic goes in last, so that one who dies in it leaves what
 * is made anew again.  Every block is allocated: a page of a hole on a full disk would end
 * the process that touches it.
 */
static enum result make(struct ledger *ledger, const char *path, const struct ledger_size *size,
                        int64_t last, struct reason *why)
{
    struct ledger_layout layout;
    struct ledger_header *header;
    enum result result;
    int error;

    layout_make(&layout, size);
    if (ftruncate(ledger->fd, 0) != 0)
        return reason_errno(why, "%s", path);
    LEDGER_STEP();
    error = posix_fallocate(ledger->fd, 0, (off_t)layout.bytes);
    if (error != 0) {
        errno = error;
        return reason_errno(why, "%s: %llu bytes for the ledger", path,
                            (unsigned long long)layout.bytes);
    }
    result = map_bytes(ledger, path, layout.bytes, why);
    header = ledger->header;
    if (header == NULL)
        return result;
    LEDGER_STEP();
    header->version = 1;
    header->struct_bytes = struct_bytes();
    header->layout = layout;
    header->last = header->drained = last;
    header->free_slot = LEDGER_NONE;
    boot_id_read(header->boot);
    secret_random(&header->address_seed, sizeof(header->address_seed));
    result = mutex_make(&header->mutex, why);
    point_at(ledger, header);
    header->now = header->born = header->epoch_seen = ledger->clock.instant();
    memset(ledger->heads, 0xff, layout.heads * sizeof(uint32_t));
    LEDGER_STEP();
    if (result == RESULT_OK)
        memcpy(header->magic, magic, sizeof(magic));
    return result;
}

/* Whether what is there is a ledger that this program understands: maps it then. */
static bool is_ours(struct ledger *ledger, const char *path)
{
    struct stat st;

    if (fstat(ledger->fd, &st) != 0 || (size_t)st.st_size < sizeof(struct ledger_header) ||
        map_bytes(ledger, path, (uint64_t)st.st_size, NULL) != RESULT_OK ||
        ledger->header == NULL)
        return false;
    if (memcmp(ledger->header->magic, magic, sizeof(magic)) == 0 &&
        ledger->header->version == 1 && ledger->header->struct_bytes == struct_bytes() &&
        ledger->header->layout.bytes == (uint64_t)st.st_size) {
        point_at(ledger, ledger->header);
        return true;
    }
    munmap(ledger->header, (size_t)st.st_size);
    ledger->header = NULL;
    return false;
}

static bool is_of_this_boot(const struct ledger *ledger)
{
    char boot[40];

    boot_id_read(boot);
    return strcmp(boot, ledger->header->boot) == 0;
}

/* Whether it was made for another size: told by what the size would be laid out as. */
static bool is_of_size(const struct ledger *ledger, const struct ledger_size *size)
{
    struct ledger_layout layout;

    memset(&layout, 0, sizeof(layout));
    layout_make(&layout, size);
    return layout.bytes == ledger->header->layout.bytes;
}

/* The whole mixed into 64 bits, eight bytes at a time, as in MurmurHash2 (A. Appleby). */
uint64_t ledger_record_check(const struct call_row *call)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const char *bytes = (const char *)call;
    uint64_t hash = sizeof(*call) * m, word;

    _Static_assert(sizeof(*call) % sizeof(word) == 0, "a call is whole words");
    for (size_t i = 0; i < sizeof(*call); i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        word *= m;
        word ^= word >> 47;
        hash = (hash ^ word * m) * m;
    }
    return hash ^ hash >> 47;
}

static int by_number(const void *a, const void *b)
{
    const struct call_row *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Hands over the calls that the database does not have, whole ones only. */
static enum result rescue_all(const struct ledger *ledger, int64_t *drained,
                              const struct ledger_database *database, struct reason *why)
{
    uint32_t room = ledger->header->layout.journal;
    struct call_row *calls = malloc(room * sizeof(*calls));
    enum result result = RESULT_OK;
    size_t count = 0;

    if (calls == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the ledger's journal");
    for (uint32_t i = 0; i < room; i++) {
        const struct ledger_record *record = &ledger->journal[i];

        if (record->call.seq > *drained && record->call.seq % room == i &&
            record->check == ledger_record_check(&record->call))
            calls[count++] = record->call;
    }
    qsort(calls, count, sizeof(*calls), by_number);
    if (count > 0)
        result = database->rescue(database->arg, calls, count, why);
    if (result == RESULT_OK && count > 0)
        *drained = calls[count - 1].seq;
    free(calls);
    return result;
}

/*
 * Under the maker's lock.  It must be made anew if it is another machine's or an earlier
 * start's, and is if nobody uses it and it is ahead of the database, which was put back
 * then, or of another size.  Its drained is read before the database's, which is raised
 * first.
 */
static enum result look_or_make(struct ledger *ledger, const char *path,
                                const struct ledger_size *size,
                                const struct ledger_database *database, struct reason *why)
{
    bool ours = is_ours(ledger, path), broken = !ours || !is_of_this_boot(ledger), alone;
    int64_t ahead = ours ? __atomic_load_n(&ledger->header->drained, __ATOMIC_ACQUIRE) : 0;
    enum result result;
    int64_t drained;

    result = database->drained(database->arg, &drained, why);
    if (result != RESULT_OK || (!broken && ahead <= drained && is_of_size(ledger, size)))
        return result;
    alone = byte_lock(ledger, LOCK_USE, F_WRLCK, F_OFD_SETLK) == RESULT_OK;
    if (!alone && !broken)
        return RESULT_OK;
    if (!alone)
        return reason_set(why, RESULT_BUSY,
                          "%s is another version's and in use: end all workers first", path);
    /* Nobody else would settle what the dead have left in a file that is given up. */
    if (!broken && ahead <= drained)
        result = ledger_bury(ledger, 0, why);
    /* Of a database that was put back, the calls since then are not its own. */
    if (result == RESULT_OK && ours && ahead <= drained)
        result = rescue_all(ledger, &drained, database, why);
    unmap(ledger);
    return result == RESULT_OK ? make(ledger, path, size, drained, why) : result;
}

enum result ledger_open(const char *path, const struct ledger_size *size,
                        const struct ledger_database *database, struct ledger **out,
                        struct reason *why)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    enum result result;

    *out = NULL;
    if (ledger == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the ledger");
    ledger->seat = LEDGER_NONE;
    ledger->clock = (struct ledger_clock){clock_boot_ns, clock_wall_us};
    ledger->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->fd < 0)
        result = reason_errno(why, "%s", path);
    else if (byte_lock(ledger, LOCK_MAKE, F_WRLCK, F_OFD_SETLKW) != RESULT_OK)
        result = reason_errno(why, "%s: its lock", path);
    else
        result = look_or_make(ledger, path, size, database, why);
    if (result == RESULT_OK && byte_lock(ledger, LOCK_USE, F_RDLCK, F_OFD_SETLK) != RESULT_OK)
        result = reason_errno(why, "%s: its lock", path);
    if (ledger->fd >= 0)
        byte_lock(ledger, LOCK_MAKE, F_UNLCK, F_OFD_SETLK);
    if (result != RESULT_OK) {
        ledger_close(ledger);
        return result;
    }
    *out = ledger;
    return RESULT_OK;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    unmap(ledger);
    if (ledger->fd >= 0)
        close(ledger->fd);
    free(ledger);
}

void ledger_set_clock(struct ledger *ledger, const struct ledger_clock *clock)
{
    ledger->clock = *clock;
}

bool ledger_is_orphan(const struct ledger *ledger)
{
    struct stat st;

    return fstat(ledger->fd, &st) != 0 || st.st_nlink == 0;
}
