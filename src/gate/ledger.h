/*
 * ledger.h: what counts calls: the windows and quotas of every key, the calls that are in
 * hand, and the journal of those that have ended and are not in the database yet.
 *
 * It is one file of the home that every process maps shared, of a fixed size and with its
 * blocks allocated, so that no full disk is met while it is used.  All of it is changed
 * under one lock that the kernel gives back when its holder dies; the next one to take it
 * undoes what was half done.  So each verb below has happened or has not, whoever is
 * killed when.  doc/ledger.md is its state machine.
 *
 *     admit --> (charge) --> settle --> journal --> database    (gate/journal.h)
 *       |
 *       +-- its process dies: settled by another, as failed and not charged
 *
 * A process has one call in hand at a time, in a seat of its own; the seat is held by a lock
 * on a byte of the file, which tells everybody whether the process lives.
 *
 * Instants are of clock_boot_ns(), which nobody can set; days and months are of the wall
 * clock, in UTC.
 */
#ifndef GATE_LEDGER_H
#define GATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/rate.h"
#include "base/result.h"
#include "gate/limits.h"
#include "store/calls.h"

struct ledger;

/* The two clocks that it goes by; tests have their own. */
struct ledger_clock {
    uint64_t (*instant)(void);
    int64_t (*wall_us)(void);
};

/* How the file is laid out; what an existing file has stays while anybody uses it. */
struct ledger_size {
    int64_t bytes;      /* of all of it, about; LEDGER_BYTES_MIN to LEDGER_BYTES_MAX */
    uint32_t journal;   /* calls that may wait for the database */
    uint32_t addresses; /* that are watched at a time */
};

#define LEDGER_BYTES_MIN INT64_C(4194304)
#define LEDGER_BYTES_MAX INT64_C(4294967296)

/* The size for this many bytes in all. */
struct ledger_size ledger_size_for(int64_t bytes);

/* What opening asks of the database. */
struct ledger_database {
    /* The highest number that is in it. */
    enum result (*drained)(void *arg, int64_t *seq, struct reason *why);
    /* Takes in calls, by their numbers, of a ledger that is to be made anew. */
    enum result (*rescue)(void *arg, const struct call_row *calls, size_t count,
                          struct reason *why);
    void *arg;
};

/*
 * Maps the ledger at path, or makes it.  To be called after fork(): seats and the drain's
 * lock are of the open file, which a child would share.
 *
 * One that an earlier start of the machine left is made anew, since an end without notice
 * may have torn it; what its journal and its seats still hold goes to the database first.
 * So is one of another size, or one that was put back or whose database was, if nobody uses
 * it.  RESULT_BUSY: it is another version's and in use or has calls, or another process has
 * been making it for ten seconds.
 */
enum result ledger_open(const char *path, const struct ledger_size *size,
                        const struct ledger_database *database, struct ledger **out,
                        struct reason *why);
void ledger_close(struct ledger *ledger);

/* Has it go by other clocks. */
void ledger_set_clock(struct ledger *ledger, const struct ledger_clock *clock);

/* Whether the file was removed or replaced while it was mapped.  One system call. */
bool ledger_is_orphan(const struct ledger *ledger);

/* Who is counted, and under what limits. */
struct ledger_account {
    const char *key; /* its id: of a key without owner the key's, else the user's */
    const struct limits *limits;
    bool shadow;    /* over them is noted and let through */
    uint64_t epoch; /* under which the limits were read: older ones give way to newer */
};

/* How one limit stands. */
struct ledger_standing {
    struct limit limit;
    int64_t window_s;  /* of a month: this one's */
    int64_t remaining; /* after the call, if it was admitted */
    int64_t reset_s;   /* whole seconds until more remain, at least 1 */
};

struct ledger_verdict {
    size_t count;
    struct ledger_standing standings[LIMITS_MAX]; /* in the order of the account's limits */
    unsigned exceeded;                            /* bits: which refuse, or in shadow would */
    int64_t retry_s; /* after so many seconds none of them does; 0 if none refuses */
    bool never;      /* the charge is over a whole quota: no waiting helps */
};

/* What the database has to say before a key can be counted. */
struct ledger_need {
    int64_t day;
    struct clock_month month;
    bool history; /* of the windows too: the calls after a wall time */
    int64_t after_us;
};

struct ledger_known {
    int64_t up_to; /* the highest number in the database when this was read */
    int64_t day_charged, month_charged;
    const int64_t *starts; /* wall times of the latest calls, newest first */
    size_t start_count;
    bool cut; /* there were more */
};

/*
 * Takes a call in hand, if all limits have room for it: each window counts one, each quota
 * counts charge.  call says who asks what; it is kept until ledger_settle(), and its
 * started_us and account are set here.
 *
 * RESULT_DENIED: over a limit, nothing was counted.  RESULT_MISSING: need says what
 * ledger_know() is to be told first.  RESULT_FULL: no room in the journal or for one key
 * more.  RESULT_BUSY: the lock was not to be had in time, or this process has a call in
 * hand.  In verdict is how the limits stand after it.
 */
enum result ledger_admit(struct ledger *ledger, const struct ledger_account *account,
                         const struct call_row *call, int64_t charge,
                         struct ledger_verdict *verdict, struct ledger_need *need,
                         struct reason *why);

/* Tells it what the database says of a key, as of up_to.  RESULT_MISSING: too old, read it
 * anew. */
enum result ledger_know(struct ledger *ledger, const struct ledger_account *account,
                        const struct ledger_need *need, const struct ledger_known *known,
                        struct reason *why);

/*
 * Charges the call in hand so much more, all or nothing: RESULT_DENIED with the verdict if a
 * quota has no room for it.  RESULT_BUSY also if its day is over.
 */
enum result ledger_charge(struct ledger *ledger, const struct ledger_account *account,
                          int64_t more, struct ledger_verdict *verdict, struct reason *why);

/* How a call ended. */
struct ledger_end {
    int64_t duration_us, version, rows, status;
    const char *model; /* or NULL */
    bool free;         /* it costs nothing, though it went well */
};

/*
 * Ends the call in hand: into the journal with it; a status of 400 and above, and one that is
 * free, gives the quotas their charge back, the windows keep it.  seq is its number.  After a
 * failure the call is still in hand, and is not to be answered.
 */
enum result ledger_settle(struct ledger *ledger, const struct ledger_end *end, int64_t *seq,
                          struct reason *why);

/*
 * Gives a call that was settled and is not in the database the status of a failure and its
 * charge back: for an answer that was not let out after all.  Only while the drain's lock
 * is held, and once the database was asked whether it has it, since a drain may have died
 * before ledger_drained(); if it has it and could not be asked, its row is what counts.
 * RESULT_MISSING: it is in the database.
 */
enum result ledger_amend(struct ledger *ledger, int64_t seq, int64_t status,
                         struct reason *why);

/* How the limits of a key stand, with nothing counted.  As ledger_admit(). */
enum result ledger_look(struct ledger *ledger, const struct ledger_account *account,
                        struct ledger_verdict *verdict, struct ledger_need *need,
                        struct reason *why);

/* What an address is counted for. */
enum ledger_watch {
    LEDGER_WATCH_STRANGERS, /* what it sends without an accepted credential */
    LEDGER_WATCH_ALL,
    LEDGER_WATCH__MAX
};

/*
 * Counts one request of an address (of IPv6: of its /64).  RESULT_DENIED: over the rate.
 * However many addresses come, the room is bounded: the one that was quiet for longest gives
 * way.  With a rate of 0 nothing is counted.
 */
enum result ledger_address(struct ledger *ledger, enum ledger_watch what,
                           const struct addr *address, const struct rate *rate,
                           struct ledger_verdict *verdict, struct reason *why);

/* ---- for gate/journal.c ---- */

/* How far things are; read without the lock, so each by itself. */
struct ledger_state {
    int64_t last;        /* the number of the last call that ended */
    int64_t drained;     /* all up to this one are in the database */
    uint64_t drained_at; /* the instant of the last drain that succeeded; 0: none did */
    uint64_t refused_at; /* and of the last that did not, if that was later; else 0 */
    uint32_t open;       /* calls in hand */
    uint32_t journal;    /* room of the journal */
};

void ledger_state(const struct ledger *ledger, struct ledger_state *out);

/* The instant now; for nothing but to be compared with those of the state. */
uint64_t ledger_instant(const struct ledger *ledger);

/*
 * The lock of whoever drains, without waiting: RESULT_BUSY if another has it.  It is the
 * process's: a death gives it back.
 */
enum result ledger_drain_lock(struct ledger *ledger, struct reason *why);
bool ledger_drain_is_locked(const struct ledger *ledger);
void ledger_drain_unlock(struct ledger *ledger);

/* Settles the calls of processes that have died, if they were begun so many ns ago. */
enum result ledger_bury(struct ledger *ledger, uint64_t age, struct reason *why);

/*
 * The calls (from, up to *last]: under the drain's lock they stay as they are until
 * ledger_drained().
 */
enum result ledger_pending(struct ledger *ledger, int64_t *from, int64_t *last,
                           struct reason *why);
const struct call_row *ledger_call(const struct ledger *ledger, int64_t seq);

/* All up to this number are in the database; or a drain has failed. */
enum {
    LEDGER_DRAIN_REFUSED = -1
};

enum result ledger_drained(struct ledger *ledger, int64_t seq, struct reason *why);

#endif
