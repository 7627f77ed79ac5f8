/*
 * counters.h: how many requests were answered and how, counted by all workers of a home
 * together.
 *
 * It is one file of the home that every worker maps; each number is added to in one atomic
 * step, so it is exact over all workers, and kill -9 at any instant takes nothing back.  A
 * request is counted before its answer goes out: whoever has an answer was counted, and who
 * was killed between the two is counted once too often and no more.
 *
 * Numbers never go back while the file is there.  It is made where it is missing, and anew,
 * from nothing, where it is damaged or of another layout; a power cut may take back what the
 * system had not written.  What has to be right to the last call, for a bill, is in the ledger
 * and the call log, and not here.
 *
 * Each verb takes NULL for counters that could not be opened, and does nothing.
 */
#ifndef GATE_COUNTERS_H
#define GATE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/result.h"

enum {
    COUNTERS_NAME_MAX = 119,
    COUNTERS_SERIES_MAX = 256, /* the first is of all that no room was left for */
    COUNTERS_PLACES = 1024
};

/* Numbers with a meaning of their own.  New ones go to the end: the file has them by number. */
enum counter {
    COUNTER_NONE,
    COUNTER_STARTS, /* of workers */
    COUNTER_REFUSED_CREDENTIAL,
    COUNTER_REFUSED_LOGIN,        /* a wrong password, or a session that has ended */
    COUNTER_REFUSED_THROTTLE,     /* too many of those */
    COUNTER_REFUSED_ADDRESS_RATE, /* the rate of an address */
    COUNTER_REFUSED_ADDRESS,      /* that the key may not be used from */
    COUNTER_REFUSED_KIND,         /* of credential */
    COUNTER_REFUSED_SCOPE,        /* or role */
    COUNTER_REFUSED_MODEL,        /* that may not be used */
    COUNTER_REFUSED_RIGHT,        /* any other */
    COUNTER_REFUSED_RATE,
    COUNTER_REFUSED_QUOTA,
    COUNTER_REFUSED_JOBS,    /* the limits of the queue */
    COUNTER_REFUSED_STORAGE, /* of answers that are kept */
    COUNTER__MAX
};

struct counters;

/* After fork(): the process's place is a lock of the open file, which a child would share. */
enum result counters_open(const char *path, struct counters **out, struct reason *why);

/*
 * The same for who shows them and counts nothing: what is there is only read, and is no
 * worker's place.  RESULT_MISSING: there is none, or none that this program reads.
 */
enum result counters_look(const char *path, struct counters **out, struct reason *why);
void counters_close(struct counters *counters);

/* Whether the file was removed or replaced under it.  One system call. */
bool counters_is_orphan(const struct counters *counters);

void counters_add(struct counters *counters, enum counter counter);

/*
 * The series of this name, which is made where there is none: for whoever counts into it often
 * to keep.  0, that of all the others, for a name that is too long, and where there is no room.
 */
size_t counters_series(struct counters *counters, const char *name);

/* Counts an answer of this status, which took so long. */
void counters_request(struct counters *counters, size_t series, unsigned status, uint64_t ns);

/* Whether this worker has a request in hand. */
void counters_busy(struct counters *counters, bool busy);

/* ---- for who shows them ---- */

uint64_t counters_value(const struct counters *counters, enum counter counter);

/* The workers that live, and those of them that have a request in hand. */
void counters_workers(const struct counters *counters, unsigned *workers, unsigned *busy);

/* The name of a series; NULL where there is none any more; empty: of all the others. */
const char *counters_series_name(const struct counters *counters, size_t series);

/* The status and the number of the answers that are the at-th; false behind the last. */
bool counters_status(const struct counters *counters, size_t series, size_t at,
                     unsigned *status, uint64_t *count);
uint64_t counters_bucket(const struct counters *counters, size_t series, size_t bucket);
uint64_t counters_sum_ns(const struct counters *counters, size_t series);

#endif
