/*
 * ledger_file.h: the bytes of the ledger and the lock around them; for the ledger's own
 * files alone.
 *
 * Everything is written under the lock, and most of it between ledger_begin() and
 * ledger_commit(): until the commit the header holds what was there before, and whoever
 * takes the lock from a dead holder puts that back.  The index (chains, free list, used
 * units of the rings) is not put back but made anew from the slots, if its holder died
 * while changing it.
 *
 * Only the order in which one process writes matters, since what a killed one has written
 * is all there: barriers are for the compiler.
 */
#ifndef GATE_LEDGER_FILE_H
#define GATE_LEDGER_FILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "gate/ledger.h"
#include "gate/window.h"

/*
 * Stands wherever a process may be killed with a difference: what is written before it is
 * there before what is written after it.  A test that includes these files kills at each.
 */
#ifndef LEDGER_STEP
#define LEDGER_STEP() atomic_signal_fence(memory_order_seq_cst)
#endif

enum {
    LEDGER_NONE = 0xffffffff,
    LEDGER_SEATS = 1024,
    LEDGER_UNIT_CELLS = 8, /* instants in one unit of a ring */
    LEDGER_WAYS = 8,       /* addresses in one set */
    LEDGER_ADDRESS_CELLS = 128,
    LEDGER_BOOT_MAX = 40,
    LEDGER_SECOND_NS = 1000000000,
    LEDGER_STATUS_DIED = 500, /* of a call whose process died */
};

/* Whole seconds that are not less than so many nanoseconds; at least one. */
static inline int64_t ledger_seconds_up(uint64_t ns)
{
    return ns == 0 ? 1 : (int64_t)((ns + LEDGER_SECOND_NS - 1) / LEDGER_SECOND_NS);
}

/*
 * Instants here are counted from so long before the machine's start: calls that are
 * remembered from before it, and are in a window still, have one as well.
 */
#define LEDGER_PAST_NS ((uint64_t)RATE_SECONDS_MAX * 1000000000)

/*
 * Bytes of the file, far behind its end, whose locks (of the open file, so that they end
 * with the process) say who does what.
 */
enum ledger_lock_byte {
    LEDGER_LOCK_MAKE,  /* looks whether it must be made, and makes it */
    LEDGER_LOCK_USE,   /* shared by all who have it mapped */
    LEDGER_LOCK_DRAIN, /* drains */
    LEDGER_LOCK_SEATS  /* and from here on one byte for each seat */
};

/* What is known of one key.  Free slots have state 0 and are chained by next too. */
struct ledger_slot {
    uint32_t state;
    uint32_t next;
    char key[KEY_ID_LEN + 4];
    uint64_t epoch; /* of the limits */
    int64_t day;
    struct clock_month month; /* in which day lies */
    int64_t day_charged, month_charged;
    struct limits limits;
    uint32_t windows;                 /* as many as limits has rates, in their order */
    uint32_t rings[LIMITS_RATES_MAX]; /* first unit of each ring */
    uint32_t doubt; /* 1: what was charged is to be asked for before the next call */
    struct window window[LIMITS_RATES_MAX];
};

enum ledger_slot_state {
    LEDGER_SLOT_FREE,
    LEDGER_SLOT_USED
};

struct ledger_seat {
    uint32_t state;
    int64_t charged;
    uint64_t since; /* instant of the admission */
    uint64_t check; /* over the call, which stays as it was admitted */
    struct call_row call;
    char over[CALL_OVER_MAX + 1]; /* the call's, which a charge may add */
};

enum ledger_seat_state {
    LEDGER_SEAT_IDLE,
    LEDGER_SEAT_OPEN
};

struct ledger_record {
    struct call_row call;
    uint64_t check; /* over the call: tells a torn one after a power cut */
};

struct ledger_watched {
    uint32_t used; /* 0: free; else 1 + enum ledger_watch */
    uint8_t prefix[16];
    struct rate rate;
    uint64_t last; /* instant of its last request */
    struct window window;
    uint64_t ring[LEDGER_ADDRESS_CELLS];
};

/* What was there before ledger_begin(). */
struct ledger_undo {
    uint32_t valid;
    uint32_t slot, seat; /* LEDGER_NONE: was not touched */
    uint32_t seat_state;
    uint32_t open;
    int64_t seq; /* of the record that is changed; 0: none was touched */
    int64_t seat_charged;
    int64_t last;
    struct ledger_slot slot_was;
    struct ledger_record record_was;
};

/* Where things are in the file, and how many. */
struct ledger_layout {
    uint64_t bytes;
    uint64_t seats_at, heads_at, slots_at, journal_at, watched_at, taken_at, rings_at;
    uint32_t heads;   /* a power of two */
    uint32_t slots;   /* */
    uint32_t journal; /* a power of two */
    uint32_t watched; /* a power of two, LEDGER_WAYS at least */
    uint32_t units;   /* of the rings; a multiple of 64 */
};

struct ledger_header {
    /* These stay where they are in all versions to come: whether calls would be lost. */
    char magic[8];
    uint32_t version;
    uint32_t struct_bytes; /* a sum over the sizes of the structs here: another build differs */
    int64_t last, drained;
    uint32_t open;

    char boot[LEDGER_BOOT_MAX]; /* the start of the machine that it is of */
    struct ledger_size size;    /* what the layout was made from */
    struct ledger_layout layout;
    uint64_t address_seed;

    pthread_mutex_t mutex;
    uint64_t now;        /* the latest instant that was read under the lock */
    uint64_t born;       /* the instant at which it was made, */
    uint64_t epoch;      /* the newest that was seen */
    uint64_t epoch_seen; /* and the instant of that */

    uint64_t drained_at, refused_at;
    uint32_t seats_high, slots_high; /* all that were ever used are below */
    uint32_t free_slot;
    uint32_t slot_hand, unit_hand; /* where to look first for what can go */
    uint32_t rebuild;              /* how deep in changes of the index its holder is */
    struct ledger_undo undo;
};

struct ledger {
    int fd;
    uint64_t mapped; /* bytes */
    char boot[LEDGER_BOOT_MAX];
    uint32_t seat; /* this process's, LEDGER_NONE before it has one */
    bool in_hand;  /* this process has a call in it */
    struct ledger_clock clock;
    struct ledger_header *header;
    struct ledger_seat *seats;
    uint32_t *heads;
    struct ledger_slot *slots;
    struct ledger_record *journal;
    struct ledger_watched *watched;
    uint64_t *taken; /* a bit for each unit */
    uint64_t *rings;
};

/* Locks or unlocks (F_RDLCK, F_WRLCK, F_UNLCK) a byte; false: another has it, or errno. */
bool ledger_byte_lock(const struct ledger *ledger, int byte, short type);

/* Takes the lock, undoes what a dead holder left, and reads the clock: never back. */
enum result ledger_lock(struct ledger *ledger, struct reason *why);
void ledger_unlock(struct ledger *ledger);

/*
 * Around a change of a slot, a seat (either may be LEDGER_NONE), the record of a call (0:
 * none; a new one needs none, being behind last), last and open.
 */
void ledger_begin(struct ledger *ledger, uint32_t slot, uint32_t seat, int64_t seq);
void ledger_commit(struct ledger *ledger);

/* Takes back what was changed since ledger_begin(). */
void ledger_undo(struct ledger *ledger);

/* Around a change of the index. */
void ledger_index_begin(struct ledger *ledger);
void ledger_index_end(struct ledger *ledger);

/*
 * Seats: gives this process one, if it has none; takes one whose process is dead, for which
 * only one comes, or of which there was none (false: its process lives), and gives it back.
 */
enum result ledger_sit(struct ledger *ledger, struct reason *why);
bool ledger_seat_seize(struct ledger *ledger, uint32_t seat);
void ledger_seat_leave(struct ledger *ledger, uint32_t seat);

/* Whether these bytes begin a ledger that this program understands, of a file so long. */
bool ledger_header_is_ours(const struct ledger_header *header, uint64_t bytes);

uint64_t ledger_record_check(const struct call_row *call);

static inline struct ledger_record *ledger_record_at(const struct ledger *ledger, int64_t seq)
{
    return &ledger->journal[(uint64_t)seq & (ledger->header->layout.journal - 1)];
}

/* ---- ledger_slots.c, all under the lock ---- */

/* The slot of a key, or LEDGER_NONE. */
uint32_t ledger_slot_find(const struct ledger *ledger, const char *key);

/* A new slot for a key, with nothing counted; LEDGER_NONE: all are in use. */
uint32_t ledger_slot_make(struct ledger *ledger, const char *key);

/* Whether a slot has a window for each rate. */
bool ledger_slot_has_spans(const struct ledger_slot *slot, const struct limits *limits);

/*
 * Gives a slot the limits of an account.  A window of a span that it had is carried over,
 * another filled from what is known, which may be NULL if there is none.  RESULT_FULL: no
 * room for a ring, nothing was changed.
 */
enum result ledger_slot_limit(struct ledger *ledger, uint32_t at,
                              const struct ledger_account *account,
                              const struct ledger_known *known, struct reason *why);

static inline uint64_t *ledger_ring(const struct ledger *ledger, const struct ledger_slot *slot,
                                    size_t i)
{
    return ledger->rings + (size_t)slot->rings[i] * LEDGER_UNIT_CELLS;
}

/* Makes the index anew from the slots. */
void ledger_index_rebuild(struct ledger *ledger);

#endif
