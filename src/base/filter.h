/*
 * filter.h: which system calls a process can still make, by seccomp (seccomp(2)).
 *
 * A list of what is needed.  What is not on it fails as in a kernel that does not know it, so
 * that a newer C library goes another way; what only an intruder would try ends the process
 * by SIGSYS.  Memory cannot be made executable.
 */
#ifndef BASE_FILTER_H
#define BASE_FILTER_H

#include <stdbool.h>

#include "base/result.h"

enum filter_kind {
    FILTER_WORKER,  /* serves on a socket that it was given; no thread, no process */
    FILTER_RUNNER,  /* has no socket; may end, by SIGKILL, a runner that stands still */
    FILTER_COURIER, /* connects, with the threads and libraries that names are looked up with */
    FILTER__MAX
};

/* Whether the kernel has it. */
bool filter_is_there(void);

/*
 * From here on.  RESULT_MISSING: the kernel has no such filters.  The process can have no new
 * privileges before, and has one thread; what it has of a limit by its number is its own.
 */
enum result filter_enter(enum filter_kind kind, struct reason *why);

#endif
