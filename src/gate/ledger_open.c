/*
 * ledger_open.c: the ledger's file: how it is laid out, made and mapped, and what of an
 * older one goes to the database first.
 *
 * A file of this start of the machine is trusted as far as its layout is proved, since all
 * that can have happened to it is that processes died.  Of any other only the calls count
 * that carry their own proof: a power cut may have written any page of it and not another.
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

#include "base/secret.h"
#include "base/text.h"

enum {
    VERSION = 2,
    PAGE = 4096,
    JOURNAL_MIN = 4,
    POLL_NS = 1000000, /* between looks whether another is done with making it */
    POLLS = 10000,
};

static const char magic[8] = "fgledgr";

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
    const uint64_t least = 16 * (uint64_t)PAGE;
    uint64_t at = 0, rest;

    memset(layout, 0, sizeof(*layout)); /* two are compared as bytes */
    layout->journal = size->journal;
    layout->watched = size->addresses;
    place(&at, sizeof(struct ledger_header));
    layout->seats_at = place(&at, LEDGER_SEATS * sizeof(struct ledger_seat));
    layout->journal_at = place(&at, layout->journal * sizeof(struct ledger_record));
    layout->watched_at = place(&at, layout->watched * sizeof(struct ledger_watched));
    rest = (uint64_t)size->bytes > at + least ? (uint64_t)size->bytes - at : least;
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

static bool is_size(const struct ledger_size *size)
{
    return size->bytes > 0 && size->bytes <= LEDGER_BYTES_MAX && size->journal >= JOURNAL_MIN &&
           (size->journal & (size->journal - 1)) == 0 && size->addresses >= LEDGER_WAYS &&
           (size->addresses & (size->addresses - 1)) == 0;
}

static uint32_t struct_bytes(void)
{
    return (uint32_t)(sizeof(struct ledger_header) * 31 + sizeof(struct ledger_seat) * 29 +
                      sizeof(struct ledger_slot) * 23 + sizeof(struct ledger_record) * 19 +
                      sizeof(struct ledger_watched) * 17 + sizeof(pthread_mutex_t));
}

/* ---- making and mapping ---- */

/* Which start of the machine this is. */
static enum result boot_read(char out[LEDGER_BOOT_MAX], struct reason *why)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return reason_errno(why, "%s", path);
    got = read(fd, out, LEDGER_BOOT_MAX - 1);
    close(fd);
    if (got <= 0)
        return reason_set(why, RESULT_FAILED, "%s: it is empty", path);
    out[got] = '\0';
    return RESULT_OK;
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
        munmap(ledger->header, ledger->mapped);
    ledger->header = NULL;
}

static enum result map_bytes(struct ledger *ledger, const char *path, uint64_t bytes,
                             struct reason *why)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ledger->fd, 0);

    if (map == MAP_FAILED)
        return reason_errno(why, "%s", path);
    ledger->header = map;
    ledger->mapped = bytes;
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
 * Gives the file all its blocks, and zeros: a page of a hole on a full disk would end the
 * process that touches it.  A disk that is too full is left as it was found.
 */
static enum result allocate(const struct ledger *ledger, const char *path, uint64_t bytes,
                            struct reason *why)
{
    int error;

    if (ftruncate(ledger->fd, 0) != 0)
        return reason_errno(why, "%s", path);
    LEDGER_STEP();
    do
        error = posix_fallocate(ledger->fd, 0, (off_t)bytes);
    while (error == EINTR);
    if (error == 0)
        return RESULT_OK;
    if (ftruncate(ledger->fd, 0) != 0)
        return reason_errno(why, "%s", path);
    errno = error;
    return reason_errno(why, "%s: %llu bytes for the ledger", path, (unsigned long long)bytes);
}

/*
 * Makes it anew in place, with last the number of the last call.  The magic goes in last, so
 * that one who dies in it leaves what is made anew again.
 */
static enum result make(struct ledger *ledger, const char *path, const struct ledger_size *size,
                        int64_t last, struct reason *why)
{
    struct ledger_layout layout;
    struct ledger_header *header;
    enum result result;

    layout_make(&layout, size);
    result = allocate(ledger, path, layout.bytes, why);
    LEDGER_STEP();
    if (result == RESULT_OK)
        result = map_bytes(ledger, path, layout.bytes, why);
    header = ledger->header;
    if (result != RESULT_OK || header == NULL)
        return result;
    header->version = VERSION;
    header->struct_bytes = struct_bytes();
    header->size = *size;
    header->layout = layout;
    header->last = header->drained = last;
    header->free_slot = LEDGER_NONE;
    memcpy(header->boot, ledger->boot, sizeof(header->boot));
    secret_random(&header->address_seed, sizeof(header->address_seed));
    LEDGER_STEP();
    result = mutex_make(&header->mutex, why);
    point_at(ledger, header);
    header->now = header->born = header->epoch_seen = ledger_instant(ledger);
    memset(ledger->heads, 0xff, layout.heads * sizeof(uint32_t));
    LEDGER_STEP();
    if (result == RESULT_OK)
        memcpy(header->magic, magic, sizeof(magic));
    LEDGER_STEP();
    return result;
}

/* Whether the layout is the one that its size makes, and the whole of the file. */
static bool is_proved(const struct ledger_header *header, uint64_t bytes)
{
    struct ledger_layout layout;

    if (!is_size(&header->size))
        return false;
    layout_make(&layout, &header->size);
    return layout.bytes == bytes &&
           /* NOLINTNEXTLINE: it was zeroed when it was made, its padding with it */
           memcmp(&layout, &header->layout, sizeof(layout)) == 0;
}

bool ledger_header_is_ours(const struct ledger_header *header, uint64_t bytes)
{
    return memcmp(header->magic, magic, sizeof(magic)) == 0 && header->version == VERSION &&
           header->struct_bytes == struct_bytes() && is_proved(header, bytes);
}

/*
 * Maps what is there, if it is a ledger that this program understands.  RESULT_MISSING: it
 * is not, or there is none.  RESULT_BUSY: it is another version's and calls would be lost.
 */
static enum result map_ours(struct ledger *ledger, const char *path, struct reason *why)
{
    const struct ledger_header *header;
    enum result result;
    struct stat st;

    if (fstat(ledger->fd, &st) != 0)
        return reason_errno(why, "%s", path);
    if ((size_t)st.st_size < sizeof(*header))
        return RESULT_MISSING;
    result = map_bytes(ledger, path, (uint64_t)st.st_size, why);
    if (result != RESULT_OK)
        return result;
    header = ledger->header;
    result = RESULT_MISSING;
    if (memcmp(header->magic, magic, sizeof(magic)) == 0 && header->version == VERSION &&
        header->struct_bytes == struct_bytes())
        result = is_proved(header, ledger->mapped) ? RESULT_OK : RESULT_MISSING;
    else if (memcmp(header->magic, magic, sizeof(magic)) == 0 &&
             (header->last != header->drained || header->open != 0))
        result = reason_set(why, RESULT_BUSY,
                            "%s is another version's and has calls that are not in the "
                            "database: end all workers, start that version once more and end "
                            "it, or remove the file and lose them",
                            path);
    if (result == RESULT_OK)
        point_at(ledger, ledger->header);
    else
        unmap(ledger);
    return result;
}

/* ---- what an older one still holds ---- */

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

struct rescued {
    struct call_row *calls;
    size_t count;
};

static int by_number(const void *a, const void *b)
{
    const struct call_row *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool is_whole(const struct ledger_record *record)
{
    return record->check == ledger_record_check(&record->call);
}

/* The calls that have ended and are not in the database, whole ones only, in their order. */
static void rescue_ended(const struct ledger *ledger, int64_t drained, struct rescued *out)
{
    const struct ledger_record *was = &ledger->header->undo.record_was;
    uint32_t room = ledger->header->layout.journal;

    for (uint32_t i = 0; i < room; i++) {
        const struct ledger_record *record = &ledger->journal[i];

        if (record->call.seq > drained && record->call.seq % room == i && is_whole(record))
            out->calls[out->count++] = record->call;
    }
    /* One who died while changing a call left it as it was elsewhere. */
    if (was->call.seq > drained && is_whole(was) &&
        !is_whole(ledger_record_at(ledger, was->call.seq)))
        out->calls[out->count++] = was->call;
    qsort(out->calls, out->count, sizeof(*out->calls), by_number);
}

static bool is_among(const struct rescued *calls, const struct call_row *call)
{
    for (size_t i = 0; i < calls->count; i++)
        if (calls->calls[i].started_us == call->started_us &&
            memcmp(calls->calls[i].key, call->key, sizeof(call->key)) == 0 &&
            strcmp(calls->calls[i].request_id, call->request_id) == 0)
            return true;
    return false;
}

/*
 * The calls that were in hand, as those of processes that died.  One may have ended, and its
 * record be whole, but not count yet.
 */
static void rescue_open(const struct ledger *ledger, int64_t last, struct rescued *out)
{
    for (uint32_t i = 0; i < LEDGER_SEATS; i++) {
        const struct ledger_seat *seat = &ledger->seats[i];
        struct call_row *call;

        if (seat->state != LEDGER_SEAT_OPEN ||
            seat->check != ledger_record_check(&seat->call) || is_among(out, &seat->call))
            continue;
        call = &out->calls[out->count++];
        *call = seat->call;
        memcpy(call->over, seat->over, sizeof(call->over));
        call->over[CALL_OVER_MAX] = '\0';
        call->seq = ++last;
        call->status = LEDGER_STATUS_DIED;
        call->charged = 0;
    }
}

/*
 * Hands over the calls that the database does not have.  If the database or the journal has
 * any from after what the header says, then this is a copy, or a power cut has kept pages of
 * different times, and calls that are in hand by one of them may have ended.
 */
static enum result rescue_all(const struct ledger *ledger, int64_t *drained,
                              const struct ledger_database *database, struct reason *why)
{
    size_t room = ledger->header->layout.journal + 1 + (size_t)LEDGER_SEATS;
    struct rescued all = {.calls = malloc(room * sizeof(*all.calls))};
    enum result result = RESULT_OK;
    int64_t last = *drained, its_last = ledger->header->last;

    if (all.calls == NULL)
        return reason_set(why, RESULT_NOMEM, "no memory for the ledger's journal");
    rescue_ended(ledger, *drained, &all);
    if (all.count > 0)
        last = all.calls[all.count - 1].seq;
    if (*drained <= its_last && last <= its_last + 1)
        rescue_open(ledger, last, &all);
    if (all.count > 0)
        result = database->rescue(database->arg, all.calls, all.count, why);
    if (result == RESULT_OK && all.count > 0)
        *drained = all.calls[all.count - 1].seq;
    free(all.calls);
    return result;
}

/* ---- opening ---- */

/* How the file that is there fits. */
enum fit {
    FIT_WELL,
    FIT_BADLY,   /* of another size */
    FIT_NOT,     /* of an earlier start of the machine, or another time than the database */
    FIT_NOT_READ /* none, torn, or another version's */
};

struct found {
    enum fit fit;
    bool ahead;      /* of the database, which was put back then */
    int64_t drained; /* of the database */
};

/*
 * Its drained is read before the database's, which is raised first, and its last after it:
 * so, but for one or the other having been put back, they are in this order.
 */
static enum result file_look(struct ledger *ledger, const char *path,
                             const struct ledger_size *size,
                             const struct ledger_database *database, struct found *found,
                             struct reason *why)
{
    enum result result = map_ours(ledger, path, why);
    const struct ledger_header *header = ledger->header;
    int64_t drained;

    *found = (struct found){.fit = FIT_NOT_READ};
    if (result != RESULT_OK && result != RESULT_MISSING)
        return result;
    if (header == NULL)
        return database->drained(database->arg, &found->drained, why);
    drained = __atomic_load_n(&header->drained, __ATOMIC_ACQUIRE);
    result = database->drained(database->arg, &found->drained, why);
    found->ahead = drained > found->drained;
    if (memcmp(header->boot, ledger->boot, sizeof(header->boot)) != 0 || found->ahead ||
        found->drained > __atomic_load_n(&header->last, __ATOMIC_ACQUIRE))
        found->fit = FIT_NOT;
    else if (memcmp(size, &header->size, sizeof(*size)) != 0)
        found->fit = FIT_BADLY;
    else
        found->fit = FIT_WELL;
    return result;
}

/* Under the maker's lock. */
static enum result look_or_make(struct ledger *ledger, const char *path,
                                const struct ledger_size *size,
                                const struct ledger_database *database, struct reason *why)
{
    struct found found;
    enum result result = file_look(ledger, path, size, database, &found, why);

    if (result != RESULT_OK || found.fit == FIT_WELL)
        return result;
    LEDGER_STEP();
    if (!ledger_byte_lock(ledger, LEDGER_LOCK_USE, F_WRLCK))
        return found.fit == FIT_BADLY
                   ? RESULT_OK
                   : reason_set(why, RESULT_BUSY,
                                "%s is another version's, machine's or database's, and in use: "
                                "end all workers first",
                                path);
    /* Of a database that was put back, the calls since then are not its own. */
    if (found.fit != FIT_NOT_READ && !found.ahead)
        result = rescue_all(ledger, &found.drained, database, why);
    LEDGER_STEP();
    unmap(ledger);
    return result == RESULT_OK ? make(ledger, path, size, found.drained, why) : result;
}

/* Waits for whoever makes it, who may write a whole journal to the database. */
static enum result maker_lock(const struct ledger *ledger, const char *path, struct reason *why)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};

    for (int i = 0; i < POLLS; i++) {
        if (ledger_byte_lock(ledger, LEDGER_LOCK_MAKE, F_WRLCK))
            return RESULT_OK;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return reason_errno(why, "%s: its lock", path);
        nanosleep(&pause, NULL);
    }
    return reason_set(why, RESULT_BUSY, "%s: another process is making it, or is stopped",
                      path);
}

static enum result open_file(struct ledger *ledger, const char *path,
                             const struct ledger_size *size,
                             const struct ledger_database *database, struct reason *why)
{
    enum result result = boot_read(ledger->boot, why);

    if (result != RESULT_OK)
        return result;
    if (!is_size(size))
        return reason_set(why, RESULT_INVALID, "%s: this is no size for a ledger", path);
    ledger->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->fd < 0)
        return reason_errno(why, "%s", path);
    result = maker_lock(ledger, path, why);
    LEDGER_STEP();
    if (result == RESULT_OK)
        result = look_or_make(ledger, path, size, database, why);
    LEDGER_STEP();
    if (result == RESULT_OK && !ledger_byte_lock(ledger, LEDGER_LOCK_USE, F_RDLCK))
        result = reason_errno(why, "%s: its lock", path);
    ledger_byte_lock(ledger, LEDGER_LOCK_MAKE, F_UNLCK);
    return result;
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
    ledger->fd = -1;
    ledger->seat = LEDGER_NONE;
    ledger->clock = (struct ledger_clock){clock_boot_ns, clock_wall_us};
    result = open_file(ledger, path, size, database, why);
    if (result == RESULT_OK)
        *out = ledger;
    else
        ledger_close(ledger);
    return result;
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
