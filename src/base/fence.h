/*
 * fence.h: which files a process can still open, by Landlock (landlock(7)).
 *
 * What is open stays open.  A fence is made of the places that are left, and closed for good.
 * Each kernel can keep out some of what another can; what it cannot is said, and not tried.
 */
#ifndef BASE_FENCE_H
#define BASE_FENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

/* What is allowed in a place: a file, or a directory with all that is below it. */
enum fence_right {
    FENCE_READ = 1 << 0,   /* files read and directories listed */
    FENCE_WRITE = 1 << 1,  /* files written, */
    FENCE_CUT = 1 << 2,    /* and cut short */
    FENCE_MAKE = 1 << 3,   /* files made, */
    FENCE_REMOVE = 1 << 4, /* and taken away, which a new name does, too */
    FENCE_DIRS = 1 << 5,   /* directories made and taken away */
    FENCE_MOVE =
        1 << 6 /* files moved from or to another directory, with no more allowed there */
};

/* What the kernel can keep out, by the version of its Landlock. */
enum fence_version {
    FENCE_NONE = 0,
    FENCE_FILES = 1,
    FENCE_MOVES = 2,   /* before it nothing is moved from a directory to another */
    FENCE_CUTS = 3,    /* before it what may be read may be cut short */
    FENCE_NETWORK = 4, /* TCP */
    FENCE_DEVICES = 5,
    FENCE_SIGNALS = 6
};

struct fence {
    int fd;
    int version;
    uint64_t files; /* what is kept out unless it is allowed */
};

/* What else is kept out, as far as the kernel can. */
struct fence_plan {
    bool connects; /* TCP connections are made */
    bool signals;  /* signals go to processes outside */
};

/* The version of the kernel's Landlock; FENCE_NONE where there is none, or it is off. */
int fence_version(void);

/* Begins one; RESULT_MISSING: there is no Landlock.  For fence_close() or fence_drop(). */
enum result fence_begin(const struct fence_plan *plan, struct fence *fence, struct reason *why);

/*
 * Leaves what is at a path, links followed.  RESULT_MISSING: there is nothing, or nothing that
 * can be reached, and the fence keeps it out even if that changes.
 */
enum result fence_allow(struct fence *fence, const char *path, unsigned rights,
                        struct reason *why);

/* Shuts the process in, and all that it may start.  It can have no new privileges before. */
enum result fence_close(struct fence *fence, struct reason *why);
void fence_drop(struct fence *fence);

#endif
