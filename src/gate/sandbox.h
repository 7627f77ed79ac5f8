/*
 * sandbox.h: what a process of a home can still do, once all that it needs is open.
 *
 * Whoever takes such a process over by its input finds: no other program, process or socket;
 * the home to read, of which only the changing places are written; images that are mapped, and
 * settings, as they are. It is the process's own doing and holds under any front. What the
 * kernel cannot do is done without, and said, unless the setting `sandbox` requires it.
 */
#ifndef GATE_SANDBOX_H
#define GATE_SANDBOX_H

#include <stdbool.h>

#include "base/result.h"

struct home;

enum sandbox_kind {
    SANDBOX_WORKER,  /* serves requests */
    SANDBOX_CGI,     /* answers the one that it was begun for */
    SANDBOX_RUNNER,  /* works jobs off */
    SANDBOX_COURIER, /* sends webhooks: it connects, and reads what that needs of the system */
    SANDBOX__MAX
};

/* What a process has of it. All false and zero before it has entered. */
struct sandbox_state {
    bool
        off; /* by the setting, or in a build with a sanitizer that it would be in the way of */
    bool calls;      /* system calls are filtered */
    bool files;      /* files are fenced in, */
    bool whole_home; /* though all of the home may be written: its database has no WAL */
    int landlock;    /* the version of the kernel's; 0: none */
};

/*
 * Looks, before any process is begun, at what can be had. *lack is what cannot, in words for
 * a log, or empty; RESULT_DENIED, with that as the reason, if it is required. Of a home that is
 * not open its database's file is read: no connection to it may be open here by another way.
 */
enum result sandbox_try(const struct home *home, struct reason *lack, struct reason *why);

/* Whether it is not even tried: by the setting, or in a build that has a sanitizer in its way.
 */
bool sandbox_is_off(const struct home *home);

/*
 * Enters it, for good; after a fork(), when the home is open, with one thread. Opens what
 * could not be opened later. Fails only where all of it is required. A home that was entered
 * and not opened is for who looks how it is.
 */
enum result sandbox_enter(struct home *home, enum sandbox_kind kind, struct reason *why);

const struct sandbox_state *sandbox_state(void);

/*
 * Whether a file that this process was let at has become another, which it was not, or one has
 * come or gone, which is logged: who is started anew gets at it, or makes it. A system call or
 * two for each.
 */
bool sandbox_is_stale(void);

#endif
